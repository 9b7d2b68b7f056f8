//! When a lane is open: at an instant, until when, and from when on again.
//!
//! Each rule is asked in each zone; open is what all of them are at once. A rule's state in a zone changes only where the
//! wall clock passes one of the rule's boundaries, or where the zone changes its clocks. So it is enough to look at those
//! instants, both of them where a time comes twice, and no civil time is ever taken for an instant by a guess.

use std::sync::Arc;

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp, ToSpan};

use super::Rule;
use super::schedule::Schedule;
use super::zones::Zones;
use crate::domain::unix_millis::UnixMillis;

/// The rule of what does not open again before a campaign ends.
pub const SCHEDULE_END: &str = "schedule.end";

/// How far it is looked ahead, in days: every weekday and every yearly day comes by then.
const HORIZON: i64 = 400;

/// The hours of one lane.
#[derive(Debug, Clone)]
pub struct Calendar {
    places: Vec<Place>,
    margin: SignedDuration,
}

/// A rule in a zone.
#[derive(Debug, Clone)]
struct Place {
    rule: Arc<Rule>,
    zone: TimeZone,
}

/// Whether a lane is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opening {
    /// It is, until then; `None` where it does not close within a year.
    Open {
        /// The first instant at which it is closed.
        closes_at: Option<Timestamp>,
        /// The rule that closes it then.
        rule: Option<String>,
    },
    /// It is not, until then; `None` where it does not open within a year.
    Closed {
        /// The first instant at which it is open.
        opens_at: Option<Timestamp>,
        /// The rule that keeps it closed longest.
        rule: String,
    },
}

impl Opening {
    /// Whether it is open.
    #[must_use]
    pub fn is_open(&self) -> bool {
        matches!(self, Self::Open { .. })
    }

    /// When this changes.
    #[must_use]
    pub fn until(&self) -> Option<Timestamp> {
        match self {
            Self::Open { closes_at, .. } => *closes_at,
            Self::Closed { opens_at, .. } => *opens_at,
        }
    }
}

/// A calendar, with what it said last: that holds until its next change, so that most questions cost a comparison.
#[derive(Debug, Clone)]
pub struct AskedCalendar {
    calendar: Calendar,
    said: Option<(Timestamp, Opening)>,
}

impl AskedCalendar {
    /// A calendar that was not asked yet.
    #[must_use]
    pub fn new(calendar: Calendar) -> Self {
        Self::having_said(calendar, None)
    }

    /// A calendar that said this of an instant before: of hours that never open, that is the walk through a year.
    #[must_use]
    pub fn having_said(calendar: Calendar, said: Option<(Timestamp, Opening)>) -> Self {
        Self { calendar, said }
    }

    /// What it says of an instant.
    pub fn at(&mut self, instant: Timestamp) -> &Opening {
        let holds = |(from, opening): &(Timestamp, Opening)| {
            *from <= instant && opening.until().is_none_or(|until| instant < until)
        };
        let said = self.said.take().filter(holds);
        &self.said.insert(said.unwrap_or_else(|| (instant, self.calendar.at(instant)))).1
    }
}

impl Calendar {
    pub(super) fn new(
        rules: impl IntoIterator<Item = Arc<Rule>>,
        zones: &Zones,
        margin: SignedDuration,
    ) -> Self {
        let zones: Vec<TimeZone> = zones.zones().collect();
        let in_zones = |rule: Arc<Rule>| {
            let place = move |zone: &TimeZone| Place { rule: Arc::clone(&rule), zone: zone.clone() };
            zones.iter().map(place).collect::<Vec<_>>()
        };
        Self { places: rules.into_iter().flat_map(in_zones).collect(), margin }
    }

    /// The same within a campaign's schedule, whose keys are its rules.
    #[must_use]
    pub fn at_within(&self, schedule: Schedule, instant: Timestamp) -> Opening {
        let stamp = |at: UnixMillis| Timestamp::from_millisecond(at.millis()).unwrap_or(Timestamp::MAX);
        let (start, end) = (schedule.start.map(stamp), schedule.end.map(stamp));
        let over = || Opening::Closed { opens_at: None, rule: SCHEDULE_END.to_owned() };
        if end.is_some_and(|end| end <= instant.max(start.unwrap_or(instant))) {
            return over();
        }
        if let Some(start) = start.filter(|start| instant < *start) {
            return match self.at_within(Schedule { start: None, ..schedule }, start) {
                Opening::Open { .. } => {
                    Opening::Closed { opens_at: Some(start), rule: "schedule.start".to_owned() }
                }
                closed @ Opening::Closed { .. } => closed,
            };
        }
        match (self.at(instant), end) {
            (Opening::Open { closes_at, .. }, Some(end)) if closes_at.is_none_or(|at| end < at) => {
                Opening::Open { closes_at: Some(end), rule: Some(SCHEDULE_END.to_owned()) }
            }
            (Opening::Closed { opens_at, .. }, Some(end)) if opens_at.is_none_or(|at| end <= at) => over(),
            (opening, _) => opening,
        }
    }

    /// Whether it is open at an instant, and until when that holds.
    #[must_use]
    pub fn at(&self, instant: Timestamp) -> Opening {
        let last = instant.checked_add((HORIZON * 24).hours()).unwrap_or(Timestamp::MAX);
        if self.places.iter().all(|place| place.is_open(instant)) {
            let (closes_at, rule) = self.closes(instant, last);
            match closes_at {
                Some(end) if self.ends_by(end, instant) => {
                    return self.opens(end, last, rule.unwrap_or_default());
                }
                Some(end) => return Opening::Open { closes_at: Some(self.less_margin(end)), rule },
                None => return Opening::Open { closes_at: None, rule: None },
            }
        }
        self.opens(instant, last, String::new())
    }

    /// From an instant at which all is open: when the first place closes.
    fn closes(&self, instant: Timestamp, last: Timestamp) -> (Option<Timestamp>, Option<String>) {
        let mut first: Option<(Timestamp, &Place)> = None;
        for place in &self.places {
            let limit = first.map_or(last, |(end, _)| end);
            if let Some(end) = place.changes(instant, limit).filter(|end| *end < limit) {
                first = Some((end, place));
            }
        }
        (first.map(|(end, _)| end), first.map(|(_, place)| place.rule.name.clone()))
    }

    /// The first instant from `from` on at which all is open and stays so for longer than the margin.
    fn opens(&self, from: Timestamp, last: Timestamp, blamed: String) -> Opening {
        let (mut at, mut rule) = (from, blamed);
        loop {
            let mut moved = false;
            for place in &self.places {
                if !place.is_open(at) {
                    rule.clone_from(&place.rule.name);
                    match place.changes(at, last) {
                        Some(next) => at = next,
                        None => return Opening::Closed { opens_at: None, rule },
                    }
                    moved = true;
                }
            }
            if moved {
                continue;
            }
            match self.closes(at, last) {
                (Some(end), closing) if self.ends_by(end, at) => {
                    rule = closing.unwrap_or_default();
                    at = end;
                }
                _ => return Opening::Closed { opens_at: Some(at), rule },
            }
        }
    }

    /// Whether, with the margin, what closes at `end` is closed at `at` already.
    fn ends_by(&self, end: Timestamp, at: Timestamp) -> bool {
        self.less_margin(end) <= at
    }

    fn less_margin(&self, end: Timestamp) -> Timestamp {
        end.checked_sub(self.margin).unwrap_or(Timestamp::MIN)
    }
}

impl Place {
    fn is_open(&self, instant: Timestamp) -> bool {
        self.rule.is_open(self.zone.to_datetime(instant))
    }

    /// The first instant after `instant` at which it is open if it is closed now, and the other way round; `None` where
    /// that is after `last`.
    fn changes(&self, instant: Timestamp, last: Timestamp) -> Option<Timestamp> {
        let now = self.is_open(instant);
        let mut at = instant;
        while at <= last {
            at = self.next_candidate(at)?;
            if self.is_open(at) != now {
                return (at <= last).then_some(at);
            }
        }
        None
    }

    /// The first instant after `instant` at which the state may change.
    fn next_candidate(&self, instant: Timestamp) -> Option<Timestamp> {
        let mut next = self.zone.following(instant).next().map(|transition| transition.timestamp());
        let mut consider = |candidate: Timestamp| {
            if candidate > instant && next.is_none_or(|next| candidate < next) {
                next = Some(candidate);
            }
        };
        // The day before as well: clocks that are set back over midnight show it again.
        let mut date = self.zone.to_datetime(instant).date().yesterday().ok()?;
        for _ in 0..4 {
            for wall in self.boundaries(date) {
                self.instants(wall).into_iter().flatten().for_each(&mut consider);
            }
            date = date.tomorrow().ok()?;
        }
        next
    }

    /// The local times of a date at which the rule's state may change.
    fn boundaries(&self, date: Date) -> impl Iterator<Item = DateTime> {
        let week = self.rule.week.iter().flat_map(move |week| week.boundaries(date.weekday()));
        let ends = self.rule.closings.iter().flat_map(|closing| [closing.begin, closing.end]);
        std::iter::once(Time::midnight())
            .chain(week)
            .map(move |time| date.to_datetime(time))
            .chain(ends.filter(move |end| end.date() == date))
    }

    /// The instants at which the wall clock shows a time: none where it is skipped, two where it comes twice.
    fn instants(&self, wall: DateTime) -> [Option<Timestamp>; 2] {
        match self.zone.to_ambiguous_timestamp(wall).offset() {
            AmbiguousOffset::Unambiguous { offset } => [offset.to_timestamp(wall).ok(), None],
            AmbiguousOffset::Fold { before, after } => {
                [before.to_timestamp(wall).ok(), after.to_timestamp(wall).ok()]
            }
            AmbiguousOffset::Gap { .. } => [None, None],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::hours::closing::{Closing, Holiday};
    use crate::domain::hours::week::{Week, days};

    fn rule(spans: &[(&str, &str)]) -> Rule {
        let mut week = Week::default();
        for (names, span) in spans {
            days(names).unwrap().into_iter().for_each(|day| week.add(day, span).unwrap());
        }
        Rule { name: "own".to_owned(), week: Some(week), ..Rule::default() }
    }

    fn calendar(rules: Vec<Rule>, zones: &str, margin_minutes: i64) -> Calendar {
        let margin = SignedDuration::from_mins(margin_minutes);
        Calendar::new(rules.into_iter().map(Arc::new), &Zones::parse(zones).unwrap(), margin)
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn told(calendar: &Calendar, instant: &str) -> String {
        let shown = |end: Option<Timestamp>| end.map_or_else(|| "never".to_owned(), |end| end.to_string());
        match calendar.at(at(instant)) {
            Opening::Open { closes_at, .. } => format!("open until {}", shown(closes_at)),
            Opening::Closed { opens_at, rule } => format!("closed by {rule} until {}", shown(opens_at)),
        }
    }

    #[test]
    fn open_is_what_is_open_in_every_zone() {
        let both = calendar(vec![rule(&[("mon-sun", "08:00-21:00")])], "America/Chicago America/New_York", 0);
        // In January New York is at -5, Chicago at -6.
        for (instant, expected) in [
            ("2027-01-11T13:00:00Z", "closed by own until 2027-01-11T14:00:00Z"),
            ("2027-01-11T14:00:00Z", "open until 2027-01-12T02:00:00Z"),
            ("2027-01-12T01:59:59Z", "open until 2027-01-12T02:00:00Z"),
            ("2027-01-12T02:00:00Z", "closed by own until 2027-01-12T14:00:00Z"),
        ] {
            assert_eq!(told(&both, instant), expected, "{instant}");
        }
    }

    #[test]
    fn nothing_starts_within_the_margin() {
        let hours =
            calendar(vec![rule(&[("mon-fri", "09:00-17:00"), ("sat", "09:00-09:05")])], "Europe/Paris", 5);
        for (instant, expected) in [
            ("2027-01-15T15:54:59Z", "open until 2027-01-15T15:55:00Z"),
            // Saturday is too short for the margin.
            ("2027-01-15T15:55:00Z", "closed by own until 2027-01-18T08:00:00Z"),
            ("2027-01-16T08:01:00Z", "closed by own until 2027-01-18T08:00:00Z"),
        ] {
            assert_eq!(told(&hours, instant), expected, "{instant}");
        }
    }

    #[test]
    fn hours_that_the_clocks_repeat_are_open_both_times() {
        // On 2026-11-01 New York shows 1:00 to 2:00 twice, from 05:00Z and from 06:00Z on.
        let hours = calendar(vec![rule(&[("sun", "01:15-01:45")])], "America/New_York", 0);
        for (instant, expected) in [
            ("2026-11-01T05:00:00Z", "closed by own until 2026-11-01T05:15:00Z"),
            ("2026-11-01T05:15:00Z", "open until 2026-11-01T05:45:00Z"),
            ("2026-11-01T05:45:00Z", "closed by own until 2026-11-01T06:15:00Z"),
            ("2026-11-01T06:30:00Z", "open until 2026-11-01T06:45:00Z"),
            ("2026-11-01T06:45:00Z", "closed by own until 2026-11-08T06:15:00Z"),
        ] {
            assert_eq!(told(&hours, instant), expected, "{instant}");
        }
    }

    #[test]
    fn hours_that_the_clocks_skip_do_not_exist() {
        // On 2027-03-14 New York has no 2:00 to 3:00: it is 07:00Z at both ends.
        let within = calendar(vec![rule(&[("sun", "02:10-02:50")])], "America/New_York", 0);
        assert_eq!(told(&within, "2027-03-14T06:00:00Z"), "closed by own until 2027-03-21T06:10:00Z");
        let over = calendar(vec![rule(&[("sun", "02:30-04:00")])], "America/New_York", 0);
        assert_eq!(told(&over, "2027-03-14T06:59:59Z"), "closed by own until 2027-03-14T07:00:00Z");
        let until = calendar(vec![rule(&[("sun", "01:00-02:30")])], "America/New_York", 0);
        assert_eq!(told(&until, "2027-03-14T06:30:00Z"), "open until 2027-03-14T07:00:00Z");
        // Half an hour at Lord Howe, and at midnight in Beirut.
        let howe = calendar(vec![rule(&[("sun", "02:15-09:00")])], "Australia/Lord_Howe", 0);
        assert_eq!(told(&howe, "2026-10-03T15:00:00Z"), "closed by own until 2026-10-03T15:30:00Z");
        let beirut = calendar(vec![rule(&[("sun", "00:00-09:00")])], "Asia/Beirut", 0);
        assert_eq!(told(&beirut, "2027-03-27T21:00:00Z"), "closed by own until 2027-03-27T22:00:00Z");
    }

    #[test]
    fn closings_and_holidays_close_whatever_is_open() {
        let mut all = Rule { name: "own".to_owned(), ..Rule::default() };
        all.closings.push(Closing::parse("2026-12-24T12:00/2026-12-25T00:00").unwrap());
        all.holidays.push(Holiday::parse("12-25").unwrap());
        let hours = calendar(vec![all], "Europe/Berlin", 0);
        assert_eq!(told(&hours, "2026-12-24T10:59:59Z"), "open until 2026-12-24T11:00:00Z");
        assert_eq!(told(&hours, "2026-12-24T11:00:00Z"), "closed by own until 2026-12-25T23:00:00Z");
        assert_eq!(told(&hours, "2026-12-25T23:00:00Z"), "open until 2027-12-24T23:00:00Z");
    }

    #[test]
    fn a_schedule_narrows_hours() {
        let mornings = calendar(vec![rule(&[("mon-sun", "09:00-11:00")])], "America/New_York", 0);
        let stamp = |text: &str| UnixMillis::from_millis(at(text).as_millisecond());
        let told = |start: Option<&str>, end: Option<&str>, instant: &str| {
            let schedule = Schedule { start: start.map(stamp), end: end.map(stamp) };
            match mornings.at_within(schedule, at(instant)) {
                Opening::Open { closes_at, rule } => format!("open {closes_at:?} {rule:?}"),
                Opening::Closed { opens_at, rule } => format!("closed {opens_at:?} {rule}"),
            }
        };
        // Nine in New York is 14:00Z in winter.
        let (night, open, later) = ("2027-01-11T03:00:00Z", "2027-01-11T14:30:00Z", "2027-01-13T15:00:00Z");
        let own = told(None, None, open);
        assert_eq!(own, "open Some(2027-01-11T16:00:00Z) Some(\"own\")");
        assert_eq!(told(Some(night), Some(later), open), own, "hours are the narrower");
        assert_eq!(told(Some(later), None, open), "closed Some(2027-01-13T15:00:00Z) schedule.start");
        assert_eq!(told(Some("2027-01-12T22:00:00Z"), None, open), "closed Some(2027-01-13T14:00:00Z) own");
        assert_eq!(
            told(None, Some("2027-01-11T15:00:00Z"), open),
            "open Some(2027-01-11T15:00:00Z) Some(\"schedule.end\")"
        );
        for (start, end, instant) in [
            (None, Some(open), open),
            (None, Some("2027-01-11T14:00:00Z"), night),
            (Some(later), Some(open), night),
            (Some("2027-01-11T17:00:00Z"), Some("2027-01-12T14:00:00Z"), night),
        ] {
            assert_eq!(told(start, end, instant), "closed None schedule.end", "{start:?} {end:?} {instant}");
        }
    }

    #[test]
    fn rules_that_never_meet_never_open() {
        let morning = rule(&[("mon-sun", "08:00-10:00")]);
        let evening = Rule { name: "law".to_owned(), ..rule(&[("mon-sun", "18:00-20:00")]) };
        let never = calendar(vec![morning, evening], "America/Denver", 0);
        assert!(matches!(never.at(at("2027-01-11T13:00:00Z")), Opening::Closed { opens_at: None, .. }));
        let shut = calendar(vec![rule(&[])], "America/Denver", 0);
        assert_eq!(told(&shut, "2027-01-11T13:00:00Z"), "closed by own until never");
        let free = calendar(vec![], "America/Denver", 5);
        assert_eq!(told(&free, "2027-01-11T13:00:00Z"), "open until never");
    }

    /// Minute by minute over days on which clocks change on three continents: what `at` says is what the walls say.
    #[test]
    fn every_minute_of_days_on_which_clocks_change_is_as_the_walls_say() {
        let rules =
            || vec![rule(&[("mon-sat", "00:30-02:45"), ("sun", "01:20-23:10"), ("sun", "23:40-01:10")])];
        for (zones, from) in [
            ("America/New_York America/St_Johns", "2026-10-31T12:00:00Z"),
            ("America/Havana", "2027-03-13T12:00:00Z"),
            ("America/Havana", "2026-10-31T12:00:00Z"),
            ("Europe/Lisbon Atlantic/Azores", "2026-10-24T12:00:00Z"),
            ("Australia/Lord_Howe Australia/Sydney", "2027-04-03T00:00:00Z"),
            ("Africa/Cairo Asia/Beirut", "2026-10-29T00:00:00Z"),
        ] {
            let hours = calendar(rules(), zones, 0);
            let rule = rules().remove(0);
            let zones: Vec<TimeZone> = Zones::parse(zones).unwrap().zones().collect();
            let open = |instant| zones.iter().all(|zone| rule.is_open(zone.to_datetime(instant)));
            let mut expected: Option<Timestamp> = None;
            for minute in 0..48 * 60 {
                let instant = at(from) + minute.minutes();
                let opening = hours.at(instant);
                assert_eq!(opening.is_open(), open(instant), "{instant}");
                let until = opening.until().unwrap();
                assert!(
                    expected.is_none_or(|earlier| earlier == until || earlier == instant),
                    "{instant}: {until}"
                );
                assert_ne!(open(until), open(instant), "{instant}: it changes at {until}");
                expected = Some(until);
            }
        }
    }
}
