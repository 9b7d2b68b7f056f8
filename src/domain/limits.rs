//! How many contacts a number, a campaign and a day may get, and what they may cost. Only the rules: what was contacted
//! before is not known here.

use std::fmt;
use std::num::NonZeroU32;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::domain::prices::Prices;
use crate::domain::unix_millis::UnixMillis;

/// The longest window of a limit.
const LONGEST: Duration = Duration::from_secs(366 * 24 * 3600);

/// The limits of a campaign.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ContactLimits {
    /// Contacts of one number, over all campaigns of the journal.
    pub per_recipient: Vec<RecipientLimit>,
    /// What becomes of a row whose number has had as many as it may get.
    pub over: OverLimit,
    /// Contacts of the campaign.
    pub contacts: Option<u64>,
    /// Contacts of the campaign in a day.
    pub per_day: Option<u64>,
    /// Where the day begins and ends; UTC where nothing says so.
    pub zone: Option<TimeZone>,
    /// What the contacts of the campaign may cost.
    pub cost: Option<Budget>,
}

/// What the contacts of a campaign may cost, and what each of them does.
#[derive(Debug, Clone, PartialEq)]
pub struct Budget {
    /// All of them together.
    pub most: f64,
    /// What one costs by the estimate.
    pub prices: Prices,
    /// Whether the account's prices are in the same currency. They then take the place of the estimate once they are known.
    pub takes_real_prices: bool,
}

/// So many contacts in any window of this length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecipientLimit {
    /// How many.
    pub most: NonZeroU32,
    /// How long the window is.
    pub within: Duration,
}

/// What becomes of a row whose number has had as many contacts as it may get.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OverLimit {
    /// It waits.
    #[default]
    Wait,
    /// It is left out.
    Suppress,
}

/// Which limit of a campaign leaves rows unsent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum LimitReached {
    /// Its contacts, at most so many.
    Contacts(u64),
    /// Its contacts of a day, at most so many, and when the day ends.
    PerDay(u64, UnixMillis),
    /// What it may cost.
    Cost(f64),
}

/// Displays as the definition has it.
impl fmt::Display for LimitReached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Contacts(most) => write!(f, "contacts = {most}"),
            Self::PerDay(most, _) => write!(f, "per_day = {most}"),
            Self::Cost(most) => write!(f, "cost = {most}"),
        }
    }
}

/// Rows that would wait if they were claimed now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HeldRows {
    /// Because their numbers have had as many contacts as they may get.
    pub too_often: u64,
    /// Because an earlier contact of their number and sender may be open.
    pub open: u64,
    /// Until when the last of them waits.
    pub until: Option<UnixMillis>,
}

impl OverLimit {
    /// The words of the definition.
    pub const NAMES: &'static [&'static str] = &["wait", "suppress"];
}

impl RecipientLimit {
    /// `3 in 7d`, the duration read by `duration`.
    #[must_use]
    pub fn parse(text: &str, duration: impl Fn(&str) -> Option<Duration>) -> Option<Self> {
        let (most, within) = text.split_once(" in ")?;
        let most = most.trim().parse().ok()?;
        let within = match within.trim().strip_suffix('d').map(str::parse::<u32>) {
            Some(Ok(days)) => Duration::from_secs(u64::from(days) * 24 * 3600),
            _ => duration(within.trim())?,
        };
        (within > Duration::ZERO && within <= LONGEST).then_some(Self { most, within })
    }
}

/// When a number that was contacted at these times may be contacted again; `None` where it may be now. A window ends as
/// long after its contact as it is.
#[must_use]
pub fn free_at(
    limits: &[RecipientLimit],
    contacts: &mut [UnixMillis],
    now: UnixMillis,
) -> Option<UnixMillis> {
    contacts.sort_unstable_by(|a, b| b.cmp(a));
    let over = |limit: &RecipientLimit| {
        let nth = contacts.get(limit.most.get() as usize - 1)?;
        Some(nth.plus(limit.within)).filter(|free| *free > now)
    };
    limits.iter().filter_map(over).max()
}

impl ContactLimits {
    /// When the day of this moment began, and when the next one does.
    #[must_use]
    pub fn day(&self, now: UnixMillis) -> (UnixMillis, UnixMillis) {
        let zone = self.zone.clone().unwrap_or(TimeZone::UTC);
        let now = Timestamp::from_millisecond(now.millis()).unwrap_or(Timestamp::UNIX_EPOCH).to_zoned(zone);
        let millis = |day: Result<jiff::Zoned, jiff::Error>| {
            day.map_or(UnixMillis::from_millis(i64::MAX), |day| {
                UnixMillis::from_millis(day.timestamp().as_millisecond())
            })
        };
        let tomorrow = now.tomorrow().and_then(|day| day.start_of_day());
        (millis(now.start_of_day()), millis(tomorrow))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn limit(text: &str) -> RecipientLimit {
        let hours =
            |text: &str| Some(Duration::from_secs(3600 * text.strip_suffix('h')?.parse::<u64>().ok()?));
        RecipientLimit::parse(text, hours).unwrap_or_else(|| panic!("{text}"))
    }

    fn at(hours: i64) -> UnixMillis {
        UnixMillis::from_millis(hours * 3_600_000)
    }

    #[test]
    fn limits_are_read_and_nonsense_is_not() {
        assert_eq!(limit("3 in 7d").within, Duration::from_secs(7 * 24 * 3600));
        assert_eq!(limit("1 in 24h").most.get(), 1);
        for text in ["", "1", "0 in 24h", "1 in 0h", "-1 in 2h", "1 in 400d", "1 per 24h", "x in 2h"] {
            let hours =
                |text: &str| Some(Duration::from_secs(3600 * text.strip_suffix('h')?.parse::<u64>().ok()?));
            assert_eq!(RecipientLimit::parse(text, hours), None, "{text}");
        }
    }

    #[test]
    fn the_strictest_limit_says_when_and_a_window_ends_with_its_length() {
        let limits = [limit("1 in 24h"), limit("3 in 7d")];
        assert_eq!(free_at(&limits, &mut [], at(0)), None);
        assert_eq!(free_at(&limits, &mut [at(0)], at(23)), Some(at(24)));
        assert_eq!(free_at(&limits, &mut [at(0)], at(24)), None);
        assert_eq!(free_at(&limits, &mut [at(50), at(0), at(25)], at(80)), Some(at(168)));
        assert_eq!(free_at(&limits, &mut [at(100)], at(0)), Some(at(124)), "a clock that was set back");
    }

    #[test]
    fn a_day_is_that_of_its_zone() {
        let zone = TimeZone::get("America/New_York").ok();
        let limits = ContactLimits { zone, ..ContactLimits::default() };
        // 2026-11-01 has 25 hours there.
        let (from, to) = limits.day(UnixMillis::from_millis(1_793_538_000_000));
        assert_eq!((to.millis() - from.millis()) / 3_600_000, 25);
        let (from, to) = ContactLimits::default().day(at(30));
        assert_eq!((from, to), (at(24), at(48)));
    }

    proptest! {
        /// Contacts that are only ever made when they are free: no window has more than it may.
        #[test]
        fn no_window_has_more_than_its_limit(steps in proptest::collection::vec(0_i64..40, 1..60)) {
            let limits = [limit("1 in 5h"), limit("3 in 24h")];
            let (mut now, mut made) = (0, Vec::new());
            for step in steps {
                now += step;
                if free_at(&limits, &mut made.clone(), at(now)).is_none() {
                    made.push(at(now));
                }
            }
            for limit in limits {
                for from in &made {
                    let inside = made.iter().filter(|at| **at >= *from && **at < from.plus(limit.within)).count();
                    prop_assert!(inside <= limit.most.get() as usize);
                }
            }
        }
    }
}
