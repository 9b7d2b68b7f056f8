//! The hours and the schedule that a run keeps, as a text: written with the run, and read when somebody asks what held then.

use std::sync::Arc;

use jiff::SignedDuration;
use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};

use super::closing::{Closing, Holiday};
use super::schedule::Schedule;
use super::week::Week;
use super::{Hours, Jurisdiction, Rule};
use crate::domain::unix_millis::UnixMillis;

/// What a run keeps: hours, where there are any, and the schedule of the campaign.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Terms {
    /// The hours; `None`: any hour is open.
    pub hours: Option<Hours>,
    /// The schedule.
    pub schedule: Schedule,
}

#[derive(Serialize, Deserialize)]
struct TermsText {
    #[serde(skip_serializing_if = "Option::is_none")]
    rules: Option<Vec<RuleText>>,
    /// Seconds.
    #[serde(default)]
    margin: i64,
    /// Milliseconds since the Unix epoch, as the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    start: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<i64>,
}

#[derive(Serialize, Deserialize)]
struct RuleText {
    name: String,
    #[serde(rename = "for")]
    place: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    open: Option<Week>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    closed: Vec<(DateTimeText, DateTimeText)>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    holidays: Vec<Holiday>,
    #[serde(default)]
    observed: bool,
}

/// Local time, such as `2026-12-24T12:00:00`.
type DateTimeText = String;

impl Terms {
    /// Whether they forbid anything.
    #[must_use]
    pub fn bind(&self) -> bool {
        self.hours.is_some() || self.schedule != Schedule::default()
    }

    /// As JSON; equal terms are equal texts.
    #[must_use]
    pub fn text(&self) -> String {
        let rules =
            self.hours.as_ref().map(|hours| hours.rules.iter().map(|rule| RuleText::of(rule)).collect());
        let margin = self.hours.as_ref().map_or(0, |hours| hours.margin.as_secs());
        let Schedule { start, end } = self.schedule;
        let text = TermsText {
            rules,
            margin,
            start: start.map(UnixMillis::millis),
            end: end.map(UnixMillis::millis),
        };
        serde_json::to_string(&text).expect("texts and numbers always serialize")
    }

    /// The text of [`text`](Self::text) again; `None` where it is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let TermsText { rules, margin, start, end } = serde_json::from_str(text).ok()?;
        let rules: Option<Vec<Arc<Rule>>> = match rules {
            Some(rules) => {
                Some(rules.into_iter().map(|rule| rule.read().map(Arc::new)).collect::<Option<_>>()?)
            }
            None => None,
        };
        let margin = SignedDuration::from_secs(margin);
        let moment = |at: Option<i64>| at.map(UnixMillis::from_millis);
        Some(Self {
            hours: rules.map(|rules| Hours { rules, margin, default_zone: None }),
            schedule: Schedule { start: moment(start), end: moment(end) },
        })
    }
}

impl RuleText {
    fn of(rule: &Rule) -> Self {
        let closed = |closing: &Closing| (closing.begin.to_string(), closing.end.to_string());
        Self {
            name: rule.name.clone(),
            place: rule.jurisdiction.to_string(),
            open: rule.week.clone(),
            closed: rule.closings.iter().map(closed).collect(),
            holidays: rule.holidays.clone(),
            observed: rule.observed,
        }
    }

    fn read(self) -> Option<Rule> {
        let moment = |text: &str| text.parse::<DateTime>().ok();
        let closing =
            |(begin, end): &(String, String)| Some(Closing { begin: moment(begin)?, end: moment(end)? });
        Some(Rule {
            name: self.name,
            jurisdiction: Jurisdiction::parse(&self.place),
            week: self.open,
            closings: self.closed.iter().map(closing).collect::<Option<_>>()?,
            holidays: self.holidays,
            observed: self.observed,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::definition::rules;
    use crate::domain::hours::presets::PRESETS;

    #[test]
    fn what_is_written_is_what_is_read() {
        let mut all: Vec<Rule> = Vec::new();
        for (name, text) in PRESETS {
            all.extend(rules::parse(text, name, name).unwrap_or_else(|problems| panic!("{problems}")));
        }
        let own = "open = { mon = [\"22:00-02:00\", \"09:00-12:30\"], sun = [] }\n\
                   closed = [\"2026-12-25\", \"2026-12-24T12:00/2026-12-27T00:00\"]\n\
                   holidays = [\"05-mon-last\", \"easter+39\", \"easter-2\", \"11-thu-4+1\"]\nobserved = true\n";
        all.extend(rules::parse(own, "own", "own").unwrap_or_else(|problems| panic!("{problems}")));
        let hours = Hours {
            rules: all.into_iter().map(Arc::new).collect(),
            margin: SignedDuration::from_mins(5),
            default_zone: None,
        };
        let at = |millis| Some(UnixMillis::from_millis(millis));
        for terms in [
            Terms { hours: Some(hours), schedule: Schedule { start: at(5), end: at(-7) } },
            Terms { hours: Some(Hours::default()), schedule: Schedule::default() },
            Terms::default(),
        ] {
            assert_eq!(Terms::parse(&terms.text()), Some(terms));
        }
        assert!(!Terms::default().bind());
        for text in ["", "{", "[]", "{\"rules\": [{}]}"] {
            assert_eq!(Terms::parse(text), None, "{text}");
        }
    }
}
