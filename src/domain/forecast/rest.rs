//! When the rest of a campaign ends that keeps hours, while it runs: what a lane has left leaves at one speed while it is
//! open, the lane that closes first before the others.
//!
//! It is told with each heartbeat, so it goes from opening to opening and not from row to row as the forecast before a
//! run does.

use std::time::Duration;

use super::AHEAD;
use super::course::timestamp;
use crate::domain::hours::calendar::AskedCalendar;
use crate::domain::hours::schedule::Schedule;
use crate::domain::unix_millis::UnixMillis;

/// Openings and closings that are looked at, at most: those of a year in forty lanes.
const LOOKS: usize = 60_000;

/// Rows that wait for the same hours.
#[derive(Debug, Clone)]
pub struct RestLane {
    /// Their hours; `None`: at any hour.
    pub hours: Option<AskedCalendar>,
    /// How many are left.
    pub rows: u64,
    /// From when on any of them can be claimed.
    pub from: UnixMillis,
}

/// When the rest ends, at `speed` contacts per second from `now` on: its last contact, or the end of the schedule where that
/// comes first. `None` where nothing tells, or not within a year.
#[must_use]
pub fn ends_at(lanes: Vec<RestLane>, schedule: Schedule, now: UnixMillis, speed: f64) -> Option<UnixMillis> {
    let mut lanes: Vec<RestLane> = lanes.into_iter().filter(|lane| lane.rows > 0).collect();
    let mut left: Vec<f64> = lanes.iter().map(|lane| rows(lane.rows)).collect();
    let (mut at, last) = (schedule.next_open(now)?, now.plus(AHEAD));
    let mut looks = 0;
    while at < last {
        let mut open: Vec<(UnixMillis, usize)> = Vec::new();
        let mut next = schedule.end.map_or(last, |end| end.min(last));
        for (id, lane) in lanes.iter_mut().enumerate().filter(|(id, _)| left[*id] > 0.0) {
            looks += 1;
            let (is_open, until) = lane.at(at);
            next = next.min(until);
            if is_open {
                open.push((until, id));
            }
        }
        if looks > LOOKS {
            return None;
        }
        open.sort_unstable();
        let mut free = next.since(at).as_secs_f64() * speed;
        let mut sent = 0.0;
        for (_, id) in open {
            let takes = left[id].min(free);
            left[id] -= takes;
            (free, sent) = (free - takes, sent + takes);
        }
        if left.iter().all(|rows| *rows <= 0.0) {
            return Some(at.plus(Duration::try_from_secs_f64(sent / speed).ok()?));
        }
        if schedule.is_over(next) {
            return Some(next);
        }
        at = next;
    }
    None
}

impl RestLane {
    /// Whether anything of it can be claimed at a moment, and until when that stays so.
    fn at(&mut self, at: UnixMillis) -> (bool, UnixMillis) {
        if at < self.from {
            return (false, self.from);
        }
        let Some(hours) = &mut self.hours else { return (true, UnixMillis::NEVER) };
        let opening = hours.at(timestamp(at));
        let until =
            opening.until().map_or(UnixMillis::NEVER, |at| UnixMillis::from_millis(at.as_millisecond()));
        (opening.is_open(), until)
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
fn rows(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::domain::hours::week::{Week, days};
    use crate::domain::hours::zones::Zones;
    use crate::domain::hours::{Hours, Jurisdiction, Lane, Rule};

    /// Monday, 2026-03-02, 00:00Z: Sunday evening, seven, in New York.
    const MIDNIGHT: i64 = 1_772_409_600_000;

    fn after(hours: f64) -> UnixMillis {
        UnixMillis::from_millis(MIDNIGHT + (hours * 3_600_000.0) as i64)
    }

    /// So many rows of a zone that may be contacted from nine to eleven.
    fn lane(zone: &str, rows: u64) -> RestLane {
        let mut week = Week::default();
        for day in days("mon-sun").unwrap() {
            week.add(day, "09:00-11:00").unwrap();
        }
        let hours =
            Hours { rules: vec![Arc::new(Rule { week: Some(week), ..Rule::default() })], ..Hours::default() };
        let lane = Lane { zones: Zones::parse(zone).unwrap(), jurisdiction: Jurisdiction::default() };
        RestLane { hours: Some(AskedCalendar::new(hours.of(&lane))), rows, from: after(0.0) }
    }

    /// At ten an hour.
    fn end(lanes: Vec<RestLane>, schedule: Schedule) -> Option<UnixMillis> {
        ends_at(lanes, schedule, after(0.0), 10.0 / 3_600.0)
    }

    #[test]
    fn rows_leave_while_their_hours_are_open_and_those_that_close_first_go_first() {
        let always = Schedule::default();
        // New York is open from 14:00Z to 16:00Z, London from 9:00Z to 11:00Z.
        assert_eq!(end(vec![lane("America/New_York", 15)], always), Some(after(15.5)));
        assert_eq!(end(vec![lane("America/New_York", 25)], always), Some(after(38.5)), "the next day");
        let both = vec![lane("America/New_York", 15), lane("Europe/London", 25)];
        assert_eq!(end(both, always), Some(after(33.5)));
        // Berlin closes an hour before London: of the thirty in three hours, it has ten first, and ten more with London.
        let both = vec![lane("Europe/London", 10), lane("Europe/Berlin", 20)];
        assert_eq!(end(both, always), Some(after(11.0)));
        assert_eq!(end(vec![lane("Europe/London", 0)], always), Some(after(0.0)), "nothing is left");
    }

    #[test]
    fn a_schedule_and_moments_of_rows_come_besides() {
        let schedule =
            |start: Option<f64>, end: Option<f64>| Schedule { start: start.map(after), end: end.map(after) };
        let york = || vec![lane("America/New_York", 25)];
        assert_eq!(end(york(), schedule(Some(16.0), None)), Some(after(62.5)), "a day later");
        assert_eq!(end(york(), schedule(None, Some(20.0))), Some(after(20.0)), "some of them expire");
        let free = RestLane { hours: None, rows: 5, from: after(3.0) };
        assert_eq!(end(vec![free], Schedule::default()), Some(after(3.5)));
    }

    #[test]
    fn what_never_opens_has_no_end() {
        let hours = Hours {
            rules: vec![Arc::new(Rule { week: Some(Week::default()), ..Rule::default() })],
            ..Hours::default()
        };
        let nowhere =
            Lane { zones: Zones::parse("Europe/Paris").unwrap(), jurisdiction: Jurisdiction::default() };
        let shut =
            RestLane { hours: Some(AskedCalendar::new(hours.of(&nowhere))), rows: 1, from: after(0.0) };
        assert_eq!(end(vec![shut], Schedule::default()), None);
    }
}
