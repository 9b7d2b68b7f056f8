//! When a recipient may be contacted: the zones that they may be in, and the rules that hold there.
//!
//! All of it is decided by the clock on the wall of a place at an instant, so that hours that the clocks skip do not
//! exist, and hours that they repeat are open, or closed, both times. Instants are arguments; no clock is read here.

pub mod calendar;
pub mod closing;
pub mod moment;
pub mod presets;
pub mod schedule;
pub mod states;
pub mod terms;
pub mod week;
pub mod zones;

use std::fmt;
use std::sync::Arc;

use jiff::SignedDuration;
use jiff::civil::DateTime;

use self::calendar::Calendar;
use self::closing::{Closing, Holiday};
use self::week::Week;
use self::zones::Zones;

/// The hours of a campaign.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Hours {
    /// What must be open: the definition's own hours first, then the presets. All of them at once.
    pub rules: Vec<Arc<Rule>>,
    /// How long before it closes no contact is started any more.
    pub margin: SignedDuration,
    /// The zones of a row of which none are known; without it such a row is rejected.
    pub default_zone: Option<Zones>,
}

/// Hours that one source demands: the definition, or a law.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rule {
    /// What it is called: `hours.open`, or the preset's name.
    pub name: String,
    /// Whom it is for.
    pub jurisdiction: Jurisdiction,
    /// When it is open; always where there is none.
    pub week: Option<Week>,
    /// Days and spans on which it is closed all the same.
    pub closings: Vec<Closing>,
    /// Days of every year on which it is closed.
    pub holidays: Vec<Holiday>,
    /// Whether holidays of a weekend close the working day beside it too.
    pub observed: bool,
}

impl Rule {
    /// Whether it is open while a clock on the wall shows this.
    #[must_use]
    pub fn is_open(&self, wall: DateTime) -> bool {
        self.week.as_ref().is_none_or(|week| week.is_open(wall.weekday(), wall.time()))
            && !self.closings.iter().any(|closing| closing.contains(wall))
            && !self.holidays.iter().any(|holiday| holiday.is_on(wall.date(), self.observed))
    }
}

/// Where something holds, or somebody is: a country (ISO 3166-1 alpha-2), and a state of it (its postal letters). What is
/// not known may be any.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, PartialOrd, Ord)]
pub struct Jurisdiction {
    /// The country.
    pub country: Option<String>,
    /// The state.
    pub state: Option<String>,
}

impl Jurisdiction {
    /// Whether what holds here may hold for somebody who is there: unless they are known to be elsewhere.
    #[must_use]
    pub fn may_cover(&self, there: &Self) -> bool {
        let meet = |ours: &Option<String>, theirs: &Option<String>| match (ours, theirs) {
            (Some(ours), Some(theirs)) => ours == theirs,
            _ => true,
        };
        if let (Some(ours), Some(theirs)) = (&self.country, &there.country)
            && country_of(theirs) == Some(ours)
        {
            // A territory is in none of the states, unless a rule names it as one.
            return self.state.as_ref().is_none_or(|state| state == theirs);
        }
        meet(&self.country, &there.country) && meet(&self.state, &there.state)
    }

    /// The text of [`Display`](fmt::Display) again.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let part = |part: &str| (!part.is_empty()).then(|| part.to_owned());
        let (country, state) = text.split_once('-').unwrap_or((text, ""));
        Self { country: part(country), state: part(state) }
    }
}

/// The country of a territory that has a code of its own in ISO 3166-1, and so numbers of its own region, and in which
/// the country's law holds: 47 U.S.C. 153(58) for the United States, the Constitution's article 73 for France's overseas
/// departments.
fn country_of(territory: &str) -> Option<&'static str> {
    match territory {
        "PR" | "GU" | "VI" | "AS" | "MP" | "UM" => Some("US"),
        "GP" | "MQ" | "GF" | "RE" | "YT" => Some("FR"),
        "CC" | "CX" | "NF" => Some("AU"),
        _ => None,
    }
}

/// `US-FL`, `FR`, or nothing.
impl fmt::Display for Jurisdiction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.country.as_deref().unwrap_or_default())?;
        self.state.as_ref().map_or(Ok(()), |state| write!(f, "-{state}"))
    }
}

/// What a row waits for besides its turn: the zones whose hours must be open, and whose rules. Rows of one lane are alike.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Lane {
    /// The zones that the recipient may be in.
    pub zones: Zones,
    /// Where the recipient is, as far as rules are concerned.
    pub jurisdiction: Jurisdiction,
}

impl Hours {
    /// The hours of a lane.
    #[must_use]
    pub fn of(&self, lane: &Lane) -> Calendar {
        let rules = self.rules.iter().filter(|rule| rule.jurisdiction.may_cover(&lane.jurisdiction));
        Calendar::new(rules.cloned(), &lane.zones, self.margin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_covers_whoever_is_not_known_to_be_elsewhere() {
        let place = Jurisdiction::parse;
        for (rule, person, covers) in [
            ("", "US-FL", true),
            ("US", "US-FL", true),
            ("US", "FR", false),
            ("US", "", true),
            ("US-FL", "US-FL", true),
            ("US-FL", "US-TX", false),
            ("US-FL", "US", true),
            ("US-FL", "", true),
            ("US-FL", "CA", false),
            ("US", "PR", true),
            ("US", "GU", true),
            ("US-FL", "PR", false),
            ("US-PR", "PR", true),
            ("FR", "RE", true),
            ("US", "RE", false),
            ("FR", "GB", false),
        ] {
            assert_eq!(place(rule).may_cover(&place(person)), covers, "{rule} {person}");
            assert_eq!(place(rule).to_string(), rule);
        }
    }
}
