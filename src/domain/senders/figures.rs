//! How a sender fares: its rows, how fast it is, its day, and whether it halted. Pure.

use std::time::Duration;

use serde::Serialize;

use crate::domain::delivery::state::State;
use crate::domain::delivery::tally::Tally;
use crate::domain::figures::{Grouped, PerSecond};
use crate::domain::foreign::ForeignText;
use crate::domain::unix_millis::UnixMillis;

/// Longest words of a service that are shown with a sender, in characters.
const LONGEST_WORDS: usize = 300;
/// A day to come, as long as most are.
const DAY: Duration = Duration::from_secs(86_400);

/// What a run says of a sender at a moment.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SenderBeat {
    /// Message parts per second, as asked by now; `None`: as many as the account's requests.
    pub asked: Option<f64>,
    /// Parts per second that left of late, while it had rows; `None` where too few left to tell.
    pub reached: Option<f64>,
    /// Requests that left in the run.
    pub messages: u64,
    /// Their message parts.
    pub parts: u64,
    /// The day that it is in, where its messages a day are limited.
    pub day: Option<SenderDay>,
    /// What the service said when it refused the sender for good; `None` where it did not.
    pub halted: Option<ForeignText>,
}

/// The day of a sender whose messages a day are limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SenderDay {
    /// Messages a day.
    pub most: u64,
    /// Messages so far, those that may have been sent included.
    pub sent: u64,
    /// When the next day begins.
    pub ends: UnixMillis,
}

/// How a sender of a campaign fares.
#[derive(Debug, Clone, PartialEq)]
pub struct SenderFigures {
    /// What it is called.
    pub name: String,
    /// Its rows by state.
    pub tally: Tally,
    /// What the latest run says of it; `None` where that knows nothing of it.
    pub beat: Option<SenderBeat>,
}

/// The sender whose rows take longest at what it may send, and how long; `None` where none of them is bounded.
#[must_use]
pub fn slowest(senders: &[SenderFigures], now: UnixMillis) -> Option<(&SenderFigures, Duration)> {
    let bounded = senders.iter().filter_map(|sender| Some((sender, sender.time_left(now)?)));
    bounded.max_by_key(|(_, left)| *left).filter(|(_, left)| !left.is_zero())
}

/// Rows of a sender by what is still to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SenderRows {
    /// Rows that are to be started, those with a request on its way included.
    pub to_start: u64,
    /// Rows that were started.
    pub started: u64,
    /// Rows that failed.
    pub failed: u64,
    /// Rows of which nobody knows whether they have a contact.
    pub in_doubt: u64,
}

impl SenderDay {
    /// Whether nothing more leaves on this day.
    #[must_use]
    pub fn is_full(&self, now: UnixMillis) -> bool {
        self.sent >= self.most && now < self.ends
    }

    /// `1,204 of 2,000 today`, `full today: 2,000 of 2,000 messages`; after its end nobody knows what has been sent since.
    /// `clock` says when the next day begins.
    #[must_use]
    pub fn words(&self, now: UnixMillis, clock: impl Fn(UnixMillis) -> String) -> String {
        let most = Grouped(self.most);
        if now >= self.ends {
            return format!("{most} messages a day");
        }
        let (sent, ends) = (Grouped(self.sent), clock(self.ends));
        if self.is_full(now) {
            format!("day full: {sent} of {most} messages, the next begins at {ends}")
        } else {
            format!("{sent} of {most} messages today, the next day begins at {ends}")
        }
    }
}

impl SenderFigures {
    /// Its rows. `going_on`: a run goes on, and rows whose requests are on their way are its own.
    #[must_use]
    pub fn rows(&self, going_on: bool) -> SenderRows {
        let attempting = self.tally[State::Attempting];
        let (on_their_way, left) = if going_on { (attempting, 0) } else { (0, attempting) };
        SenderRows {
            to_start: self.tally[State::Queued] + on_their_way,
            started: self.tally[State::Started],
            failed: self.tally[State::Failed],
            in_doubt: self.tally[State::Uncertain] + left,
        }
    }

    /// Why it halted, in the service's words; `None` where it did not.
    #[must_use]
    pub fn halted(&self) -> Option<String> {
        let halted = self.beat.as_ref()?.halted.as_ref()?;
        Some(halted.shown_up_to(LONGEST_WORDS).to_string())
    }

    /// How long its rows take at what it may send, by its rate and its days; `None` where it halted, or only the account
    /// bounds it.
    #[must_use]
    pub fn time_left(&self, now: UnixMillis) -> Option<Duration> {
        let beat = self.beat.as_ref().filter(|beat| beat.halted.is_none())?;
        let left = self.tally.unsettled();
        let parts = if beat.messages == 0 { 1.0 } else { float(beat.parts) / float(beat.messages) };
        let paced = |rows: u64| match beat.asked {
            Some(asked) => Duration::try_from_secs_f64(float(rows) * parts / asked).unwrap_or(Duration::MAX),
            None => Duration::ZERO,
        };
        let Some(day) = beat.day else { return beat.asked.map(|_| paced(left)) };
        let most = day.most.max(1);
        let (today, until) = if now < day.ends {
            (day.most.saturating_sub(day.sent), day.ends)
        } else {
            (most, now.plus(DAY))
        };
        if left <= today {
            return Some(paced(left));
        }
        let later = left - today;
        // The last of the days to come is not full; the others are.
        let (days, last) = ((later - 1) / most, (later - 1) % most + 1);
        let days = DAY.checked_mul(u32::try_from(days).unwrap_or(u32::MAX)).unwrap_or(Duration::MAX);
        Some(until.since(now).saturating_add(days).saturating_add(paced(last)))
    }

    /// `2.98/s of 3/s`: message parts per second of late, and as asked. Nothing where neither is known.
    #[must_use]
    pub fn speed(&self) -> Option<String> {
        let beat = self.beat.as_ref()?;
        match (beat.reached, beat.asked) {
            (Some(reached), Some(asked)) => {
                Some(format!("{} of {}", bare(reached.min(asked)), PerSecond(asked)))
            }
            (Some(reached), None) => Some(PerSecond(reached).to_string()),
            (None, Some(asked)) => Some(format!("– of {}", PerSecond(asked))),
            (None, None) => None,
        }
    }

    /// For programs.
    #[must_use]
    pub fn object(&self) -> SenderObject<'_> {
        let beat = self.beat.as_ref();
        let day = beat.and_then(|beat| beat.day);
        SenderObject {
            name: &self.name,
            tally: &self.tally,
            parts_per_second_asked: beat.and_then(|beat| beat.asked),
            parts_per_second: beat.and_then(|beat| beat.reached).map(|rate| (rate * 1000.0).round() / 1000.0),
            messages: beat.map(|beat| beat.messages),
            parts: beat.map(|beat| beat.parts),
            per_day: day.map(|day| day.most),
            sent_today: day.map(|day| day.sent),
            day_ends_at: day.map(|day| day.ends.to_string()),
            halted: beat.and_then(|beat| beat.halted.as_ref()).map(ForeignText::raw),
        }
    }
}

/// How a sender fares, for programs: `parts_per_second` and what follows are of the latest run.
#[derive(Debug, Clone, Serialize)]
pub struct SenderObject<'a> {
    name: &'a str,
    #[serde(flatten)]
    tally: &'a Tally,
    parts_per_second_asked: Option<f64>,
    parts_per_second: Option<f64>,
    messages: Option<u64>,
    parts: Option<u64>,
    per_day: Option<u64>,
    sent_today: Option<u64>,
    day_ends_at: Option<String>,
    halted: Option<&'a str>,
}

/// A pace without its unit, beside another one that has it.
fn bare(rate: f64) -> String {
    PerSecond(rate).to_string().trim_end_matches("/s").to_owned()
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
fn float(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures() -> SenderFigures {
        let mut tally = Tally::default();
        for (state, rows) in [(State::Queued, 700), (State::Attempting, 3), (State::Started, 200)] {
            tally[state] = rows;
        }
        let beat = SenderBeat { asked: Some(3.0), messages: 200, parts: 400, ..SenderBeat::default() };
        SenderFigures { name: "toll-free".to_owned(), tally, beat: Some(beat) }
    }

    #[test]
    fn requests_on_their_way_are_in_doubt_only_where_no_run_waits_for_them() {
        let figures = figures();
        let rows = |going_on| {
            let SenderRows { to_start, started, failed, in_doubt } = figures.rows(going_on);
            [to_start, started, failed, in_doubt]
        };
        assert_eq!((rows(true), rows(false)), ([703, 200, 0, 0], [700, 200, 0, 3]));
        // 703 rows of two parts at 3/s.
        assert_eq!(figures.time_left(UnixMillis::from_millis(0)).map(|time| time.as_secs()), Some(468));
    }

    #[test]
    fn a_day_that_is_full_is_waited_for() {
        let at = |hour: i64| UnixMillis::from_millis(hour * 3_600_000);
        let left = |most, sent, hour: i64| {
            let mut figures = figures();
            figures.beat.as_mut().unwrap().day = Some(SenderDay { most, sent, ends: at(20) });
            figures.time_left(at(hour)).map(|left| left.as_secs())
        };
        assert_eq!(left(2_000, 1_297, 10), Some(468), "they fit into the day");
        assert_eq!(left(1_000, 1_000, 10), Some(10 * 3_600 + 468), "all of them tomorrow");
        // 3 today, 300 on each of two days, and 100 on the third: 66 s.
        assert_eq!(left(300, 297, 10), Some((10 + 48) * 3_600 + 66));
        let mut halted = figures();
        halted.beat.as_mut().unwrap().halted = Some("gone".into());
        assert_eq!(halted.time_left(at(0)), None);
        assert_eq!(slowest(&[halted, figures()], at(0)).map(|(_, left)| left.as_secs()), Some(468));
    }

    #[test]
    fn speed_is_what_left_of_what_may() {
        let of = |reached, asked| {
            let beat = SenderBeat { reached, asked, ..SenderBeat::default() };
            SenderFigures { beat: Some(beat), ..figures() }.speed().unwrap_or_default()
        };
        let told = [(Some(2.981), Some(3.0)), (Some(2.0), None), (None, Some(0.5)), (None, None)];
        assert_eq!(told.map(|(reached, asked)| of(reached, asked)), ["2.98 of 3/s", "2/s", "– of 0.5/s", ""]);
        assert_eq!(of(Some(3.4), Some(3.0)), "3 of 3/s", "a burst is no pace");
    }

    #[test]
    fn a_day_says_what_is_left_of_it_and_nothing_after_its_end() {
        let at = |second: i64| UnixMillis::from_millis(second * 1_000);
        let day = SenderDay { most: 2_000, sent: 1_204, ends: at(100) };
        let clock = |_: UnixMillis| "08:00".to_owned();
        let words = [
            day.words(at(5), clock),
            SenderDay { sent: 2_000, ..day }.words(at(5), clock),
            SenderDay { sent: 2_000, ..day }.words(at(100), clock),
        ];
        assert_eq!(
            words,
            [
                "1,204 of 2,000 messages today, the next day begins at 08:00",
                "day full: 2,000 of 2,000 messages, the next begins at 08:00",
                "2,000 messages a day"
            ]
        );
    }
}
