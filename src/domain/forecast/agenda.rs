//! What is to be sent, by what it waits for, and the forecast of when that will be.
//!
//! Rows go as the engine takes them: of the open lanes, the one that ends soonest first; in a lane, rows whose own moment has
//! come before the others. Answers are taken to come at once, and every row to be started by its first request.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::course::{
    Conditions, Forecast, NamedRows, StartTimes, ZoneAccount, float, moment, timestamp, told,
};
use crate::domain::hours::calendar::{Calendar, Opening};
use crate::domain::hours::schedule::Window;
use crate::domain::hours::week::{Week, days};
use crate::domain::hours::{Hours, Lane, Rule};
use crate::domain::unix_millis::UnixMillis;

/// Times of rows are kept to a minute: rows of a minute wait for the same.
const MINUTE: i64 = 60_000;
/// ...to an hour, where they differ more than this.
const MINUTES_APART: usize = 50_000;
const HOUR: i64 = 60 * MINUTE;
/// Lines that are remembered to name those of rows that expire, over all rows.
const REMEMBERED: usize = 1_000_000;
/// Openings that are followed, at most: years of them.
const STEPS: usize = 1_000_000;
/// When a message disturbs nobody, where there are no hours to say so.
const DAYTIME: &str = "08:00-21:00";

/// The rows of a campaign that are to be sent to.
#[derive(Debug, Clone)]
pub struct Agenda {
    hours: Option<Hours>,
    conditions: Conditions,
    lanes: Vec<LaneAgenda>,
    ids: HashMap<Option<Lane>, usize>,
    /// Where rows wait for nothing but their turn, each one's moment is known when it is added.
    course: Option<StartTimes>,
    granularity: i64,
    groups: usize,
    remembered: usize,
    expired: NamedRows,
    never: NamedRows,
    night: NamedRows,
}

/// Rows of a lane that wait for the same.
#[derive(Debug, Clone, Default)]
struct Group {
    rows: u64,
    lines: Vec<u32>,
    /// Which group came first.
    order: usize,
}

/// From when to when rows may start.
type StartWindow = (i64, i64);

#[derive(Debug, Clone)]
struct LaneAgenda {
    account: ZoneAccount,
    times: Option<Calendar>,
    said: Option<(UnixMillis, Opening)>,
    groups: HashMap<StartWindow, Group>,
    /// The same by when they begin, and then in the order of the file: begin, order, end.
    turns: BTreeSet<(i64, usize, i64)>,
    /// The same by when they end: end, begin.
    ends: BTreeSet<StartWindow>,
}

impl Agenda {
    /// Nothing to be sent yet. `windows`: rows may have times of their own.
    #[must_use]
    pub fn new(hours: Option<Hours>, windows: bool, mut conditions: Conditions) -> Self {
        let begin = conditions.schedule.start.map_or(conditions.from, |start| start.max(conditions.from));
        conditions.from = begin;
        Self {
            course: (hours.is_none() && !windows).then(|| StartTimes::new(&conditions)),
            hours,
            conditions,
            lanes: Vec::new(),
            ids: HashMap::new(),
            granularity: MINUTE,
            groups: 0,
            remembered: 0,
            expired: NamedRows::default(),
            never: NamedRows::default(),
            night: NamedRows::default(),
        }
    }

    /// Whether hours or a schedule have any part in it.
    #[must_use]
    pub fn waits(&self) -> bool {
        let schedule = self.conditions.schedule;
        self.course.is_none() || schedule.start.is_some() || schedule.end.is_some()
    }

    /// Without its rows.
    #[must_use]
    pub fn cleared(&self) -> Self {
        let windows = self.hours.is_none() && self.course.is_none();
        Self::new(self.hours.clone(), windows, self.conditions)
    }

    /// A row that is to be sent to, in the order of the file.
    pub fn add(&mut self, line: Option<u64>, lane: Option<&Lane>, window: Window) {
        let id = self.lane(lane);
        if self.course.is_some() {
            self.add_at_once(line, id);
            return;
        }
        let lane = &mut self.lanes[id];
        let times = (
            window.not_before.map_or(i64::MIN, |at| up(at.millis(), self.granularity)),
            window
                .not_after
                .map_or(i64::MAX, |at| at.millis().div_euclid(self.granularity) * self.granularity),
        );
        let fresh = !lane.groups.contains_key(&times);
        let group = lane.groups.entry(times).or_default();
        if fresh {
            (group.order, self.groups) = (self.groups, self.groups + 1);
            lane.turns.insert((times.0, group.order, times.1));
            lane.ends.insert((times.1, times.0));
            if self.groups > MINUTES_APART {
                self.granularity = HOUR;
            }
        }
        group.rows += 1;
        if self.remembered < REMEMBERED
            && let Some(line) = line.and_then(|line| u32::try_from(line).ok())
        {
            self.remembered += 1;
            group.lines.push(line);
        }
    }

    fn lane(&mut self, lane: Option<&Lane>) -> usize {
        let key = lane.cloned();
        match self.ids.entry(key) {
            Entry::Occupied(entry) => *entry.get(),
            Entry::Vacant(entry) => {
                let id = self.lanes.len();
                let hours = self.hours.clone().unwrap_or_else(daytime);
                self.lanes.push(LaneAgenda {
                    account: ZoneAccount::new(lane),
                    times: lane.map(|lane| hours.of(lane)),
                    said: None,
                    groups: HashMap::new(),
                    turns: BTreeSet::new(),
                    ends: BTreeSet::new(),
                });
                *entry.insert(id)
            }
        }
    }

    /// Rows wait for their turn alone.
    fn add_at_once(&mut self, line: Option<u64>, id: usize) {
        let Some(course) = &mut self.course else { return };
        let lane = &mut self.lanes[id];
        let at = course.next(float(self.conditions.from.millis()));
        let now = moment(at);
        if self.conditions.schedule.is_over(now) {
            self.expired.add(line);
            lane.account.expire();
            return;
        }
        course.start(at);
        lane.account.start(now);
        if lane.times.is_some() && !lane.is_open(now) {
            self.night.add(line);
        }
    }

    /// When what was added will be sent.
    #[must_use]
    pub fn forecast(mut self) -> Forecast {
        if self.course.is_none() {
            self.play();
        }
        let Self { lanes, expired, never, night, .. } = self;
        Forecast { expired, never, night, ..told(lanes.into_iter().map(|lane| lane.account)) }
    }

    /// The campaign, from one opening or closing to the next.
    fn play(&mut self) {
        let mut course = StartTimes::new(&self.conditions);
        let mut now = self.conditions.from;
        for _ in 0..STEPS {
            if self.conditions.schedule.is_over(now) {
                break;
            }
            self.expire(now);
            let Some(next) = self.next_change(now) else {
                self.serve(&mut course, now, UnixMillis::NEVER);
                break;
            };
            let until = self.conditions.schedule.end.map_or(next, |end| end.min(next));
            self.serve(&mut course, now, until);
            now = until;
        }
        self.leave(now);
    }

    /// The next moment after `now` at which a lane opens or closes, or the time of a row comes or is over.
    fn next_change(&mut self, now: UnixMillis) -> Option<UnixMillis> {
        let mut next: Option<UnixMillis> = None;
        for lane in self.lanes.iter_mut().filter(|lane| !lane.groups.is_empty()) {
            let opening = if self.hours.is_some() { lane.changes_at(now) } else { None };
            let begin = lane.turns.range((now.millis() + 1, 0, i64::MIN)..).next().map(|turn| turn.0);
            let end = lane.first_end().filter(|end| *end != i64::MAX);
            let rows = begin.into_iter().chain(end).min();
            let soonest = opening.into_iter().chain(rows.map(UnixMillis::from_millis));
            next = next.into_iter().chain(soonest).filter(|at| *at > now).min();
        }
        next
    }

    /// Rows start from `now` on, until something changes.
    fn serve(&mut self, course: &mut StartTimes, now: UnixMillis, until: UnixMillis) {
        let by_hours = self.hours.is_some();
        let (mut at, end) = (float(now.millis()), float(until.millis()));
        while let Some(id) = self.next_lane(now) {
            let lane = &mut self.lanes[id];
            let Some(times) = lane.turn(now) else { return };
            let LaneAgenda { account, times: calendar, said, groups, .. } = lane;
            let Some(group) = groups.get_mut(&times) else { return };
            let before = group.rows;
            while group.rows > 0 {
                let next = course.next(at);
                if next >= end {
                    let started = usize::try_from(before - group.rows).unwrap_or(usize::MAX);
                    group.lines.drain(..started.min(group.lines.len()));
                    // The next row is claimed while its lane is open. Where that has closed by the time of its permit, the
                    // permit is lost.
                    if by_hours && !LaneAgenda::open(said, calendar.as_ref(), until) {
                        course.start(next);
                    }
                    return;
                }
                at = next;
                course.start(at);
                account.start(moment(at));
                if !by_hours && calendar.is_some() && !LaneAgenda::open(said, calendar.as_ref(), moment(at)) {
                    self.night.add(None);
                }
                group.rows -= 1;
            }
            lane.take(times);
        }
    }

    /// Of the open lanes that have a row whose moment has come, the one that ends first.
    fn next_lane(&mut self, now: UnixMillis) -> Option<usize> {
        let by_hours = self.hours.is_some();
        let mut first: Option<(i64, usize)> = None;
        for (id, lane) in self.lanes.iter_mut().enumerate() {
            if lane.turn(now).is_none() || (by_hours && !lane.is_open(now)) {
                continue;
            }
            let closes = if by_hours { lane.changes_at(now) } else { None };
            let ends = lane.first_end().unwrap_or(i64::MAX).min(closes.map_or(i64::MAX, UnixMillis::millis));
            if first.is_none_or(|(known, _)| ends < known) {
                first = Some((ends, id));
            }
        }
        first.map(|(_, id)| id)
    }

    /// Rows whose own time is over leave.
    fn expire(&mut self, now: UnixMillis) {
        for lane in &mut self.lanes {
            while let Some(times) = lane.ends.first().copied().filter(|(end, _)| *end <= now.millis()) {
                lane.leave((times.1, times.0), &mut self.expired);
            }
        }
    }

    /// The end: what is left has no turn, because the campaign is over or because its hours never open.
    fn leave(&mut self, now: UnixMillis) {
        let over = self.conditions.schedule.is_over(now);
        for lane in &mut self.lanes {
            while let Some((end, begin)) = lane.ends.first().copied() {
                lane.leave((begin, end), if over { &mut self.expired } else { &mut self.never });
            }
        }
        self.expired.lines.sort_unstable();
    }
}

impl LaneAgenda {
    fn is_open(&mut self, now: UnixMillis) -> bool {
        Self::open(&mut self.said, self.times.as_ref(), now)
    }

    fn open(said: &mut Option<(UnixMillis, Opening)>, times: Option<&Calendar>, now: UnixMillis) -> bool {
        Self::opening(said, times, now).is_some_and(Opening::is_open)
    }

    fn opening<'o>(
        said: &'o mut Option<(UnixMillis, Opening)>,
        times: Option<&Calendar>,
        now: UnixMillis,
    ) -> Option<&'o Opening> {
        let times = times?;
        let holds = |(from, opening): &(UnixMillis, Opening)| {
            *from <= now && opening.until().is_none_or(|until| timestamp(now) < until)
        };
        if !said.as_ref().is_some_and(holds) {
            *said = Some((now, times.at(timestamp(now))));
        }
        said.as_ref().map(|(_, opening)| opening)
    }

    /// Whose turn it is: of what waited until a moment the earliest, then what did not, in the order of the file.
    fn turn(&self, now: UnixMillis) -> Option<StartWindow> {
        let waited =
            self.turns.range((i64::MIN + 1, 0, i64::MIN)..=(now.millis(), usize::MAX, i64::MAX)).next();
        let turn = waited.or_else(|| self.turns.first().filter(|(begin, ..)| *begin == i64::MIN))?;
        Some((turn.0, turn.2))
    }

    fn first_end(&self) -> Option<i64> {
        self.ends.first().map(|(end, _)| *end)
    }

    fn take(&mut self, times: StartWindow) -> Option<Group> {
        let group = self.groups.remove(&times)?;
        self.turns.remove(&(times.0, group.order, times.1));
        self.ends.remove(&(times.1, times.0));
        Some(group)
    }

    /// When it opens or closes next.
    fn changes_at(&mut self, now: UnixMillis) -> Option<UnixMillis> {
        let until = Self::opening(&mut self.said, self.times.as_ref(), now)?.until()?;
        Some(UnixMillis::from_millis(until.as_millisecond()))
    }

    /// Rows that have no turn.
    fn leave(&mut self, times: StartWindow, to: &mut NamedRows) {
        let Some(group) = self.take(times) else { return };
        for at in 0..group.rows {
            let line = usize::try_from(at).ok().and_then(|at| group.lines.get(at));
            to.add(line.map(|line| u64::from(*line)));
            self.account.expire();
        }
    }
}

fn up(millis: i64, to: i64) -> i64 {
    millis.div_euclid(to) * to + if millis.rem_euclid(to) == 0 { 0 } else { to }
}

/// The hours that a campaign without any is measured by.
fn daytime() -> Hours {
    let mut week = Week::default();
    for day in days("mon-sun").unwrap_or_default() {
        let _ = week.add(day, DAYTIME);
    }
    Hours { rules: vec![Arc::new(Rule { week: Some(week), ..Rule::default() })], ..Hours::default() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::hours::Jurisdiction;
    use crate::domain::hours::schedule::Schedule;
    use crate::domain::hours::zones::Zones;

    const HOUR_MS: i64 = 3_600_000;

    /// Sunday, 2026-03-01, 12:00Z: seven in New York.
    const NOON: i64 = 1_772_366_400_000;

    fn after(hours: i64) -> UnixMillis {
        UnixMillis::from_millis(NOON + hours * HOUR_MS)
    }

    fn conditions(per_hour: f64) -> Conditions {
        let schedule = Schedule::default();
        Conditions { from: after(0), schedule, rate: per_hour / 3_600.0, burst: 1, active: None }
    }

    fn lane(zone: &str) -> Lane {
        Lane { zones: Zones::parse(zone).unwrap(), jurisdiction: Jurisdiction::default() }
    }

    fn window(begin: Option<i64>, end: Option<i64>) -> Window {
        Window { not_before: begin.map(after), not_after: end.map(after) }
    }

    #[test]
    fn contacts_wait_for_the_hours_of_their_zones_and_those_that_close_first_go_first() {
        let mut agenda = Agenda::new(Some(daytime()), false, conditions(10.0));
        for line in 0..200 {
            let zone = if line % 2 == 0 { "America/Los_Angeles" } else { "America/New_York" };
            agenda.add(Some(line), Some(&lane(zone)), Window::default());
        }
        assert!(agenda.waits());
        let forecast = agenda.forecast();
        // From 13:00Z on, ten an hour: the 13 hours to 21:00 in New York, and then three more in Los Angeles on this day.
        assert_eq!(forecast.between.map(|between| between.0), Some(after(1)));
        let by_zone: Vec<_> =
            forecast.by_zone.iter().map(|zone| (zone.zones[0].as_str(), zone.contacts())).collect();
        assert_eq!(by_zone, [("America/Los_Angeles", 100), ("America/New_York", 100)]);
        assert_eq!(
            forecast.by_zone[1].by_day.values().copied().collect::<Vec<_>>(),
            [100],
            "they close first"
        );
        assert_eq!(forecast.by_day().values().copied().collect::<Vec<_>>(), [160, 40]);
        assert_eq!((forecast.expired.rows, forecast.never.rows, forecast.night.rows), (0, 0, 0));
    }

    #[test]
    fn rows_whose_time_is_over_before_their_turn_are_named() {
        let mut agenda = Agenda::new(Some(daytime()), true, conditions(4.0));
        let york = lane("America/New_York");
        for line in 2..10 {
            agenda.add(Some(line), Some(&york), window(None, Some(2)));
        }
        agenda.add(Some(10), Some(&york), window(Some(5), None));
        let forecast = agenda.forecast();
        assert_eq!(forecast.contacts(), 5, "four in the hour that is left, and one later");
        assert_eq!((forecast.expired.rows, forecast.expired.lines), (4, vec![6, 7, 8, 9]));
        assert_eq!(forecast.between, Some((after(1), after(5))));
    }

    #[test]
    fn a_campaign_ends_with_its_schedule_and_hours_that_never_open_have_no_end() {
        let schedule = Schedule { start: Some(after(2)), end: Some(after(3)) };
        let mut agenda = Agenda::new(None, false, Conditions { schedule, ..conditions(2.0) });
        (2..7).for_each(|line| agenda.add(Some(line), None, Window::default()));
        let forecast = agenda.forecast();
        assert_eq!((forecast.contacts(), forecast.expired.lines), (2, vec![4, 5, 6]));
        let shut = Rule { week: Some(Week::default()), ..Rule::default() };
        let shut = Hours { rules: vec![Arc::new(shut)], ..Hours::default() };
        let mut agenda = Agenda::new(Some(shut), false, conditions(2.0));
        agenda.add(Some(2), Some(&lane("Europe/Paris")), Window::default());
        let forecast = agenda.forecast();
        assert_eq!((forecast.between, forecast.never.lines), (None, vec![2]));
    }

    #[test]
    fn without_hours_contacts_at_night_are_counted_where_the_recipient_is() {
        let mut agenda = Agenda::new(None, false, conditions(1.0));
        for line in 2..5 {
            // At seven, eight and nine in New York.
            agenda.add(Some(line), Some(&lane("America/New_York")), Window::default());
        }
        assert!(!agenda.waits());
        let forecast = agenda.forecast();
        assert_eq!((forecast.night.rows, forecast.night.lines), (1, vec![2]));
        assert_eq!(forecast.between, Some((after(0), after(2))));
    }
}
