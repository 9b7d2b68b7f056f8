//! What is to be sent, by what it waits for, and the forecast of when that will be.
//!
//! Rows that wait for nothing but their turn get their moments as they are added. Of all others the agenda keeps the order, and
//! [`play`](super::play) goes through them as the engine will.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use super::caps::{EarlierContacts, NumberBook};
use super::course::{
    Conditions, Forecast, LiveTimes, NamedRows, SECOND, SenderCourse, StartTimes, ZoneAccount, told,
};
use super::lane_rows::{LaneRows, RowKind, is_open};
use super::play::{Performance, PlayRules, Played, PlayedRow};
use super::senders::ForeseenSender;
use super::started::StartedByCountry;
use crate::domain::hours::calendar::AskedCalendar;
use crate::domain::hours::schedule::Window;
use crate::domain::hours::week::{Week, days};
use crate::domain::hours::{Hours, Lane, Rule};
use crate::domain::limits::ContactLimits;
use crate::domain::phone::Region;
use crate::domain::senders::{InstancePace, Sender, parts};
use crate::domain::unix_millis::UnixMillis;

/// Times of rows are kept to the millisecond; to a minute, where they differ more than this...
const MOMENTS_APART: usize = 50_000;
const MINUTE: i64 = 60_000;
/// ...and to an hour, where their minutes differ more than this.
const MINUTES_APART: usize = 100_000;
const HOUR: i64 = 60 * MINUTE;
/// Rows that are kept one by one, in their order and with their lines. Behind them, equal ones of a lane are together.
const REMEMBERED: usize = 1_000_000;
/// When a message disturbs nobody, where there are no hours to say so.
const DAYTIME: &str = "08:00-21:00";

/// A row that is to be sent to.
#[derive(Debug, Clone, Copy, Default)]
pub struct AgendaRow<'a> {
    /// Its line, where it is in the file.
    pub line: Option<u64>,
    /// The hours that it waits for.
    pub lane: Option<&'a Lane>,
    /// Its own part of the schedule.
    pub window: Window,
    /// What its contact costs, where that is limited.
    pub cost: f64,
    /// The place of its sender, where the campaign has several.
    pub sender: Option<usize>,
    /// Its message, where the request has it.
    pub message: Option<&'a str>,
    /// The country of its number.
    pub region: Option<Region>,
}

/// What makes a kind another one: zone, sender, country and segments, end, and the bits of what it costs.
type KindId = (usize, usize, (Option<Region>, Option<u32>), i64, u64);

/// The rows of a campaign that are to be sent to.
#[derive(Debug, Clone)]
pub struct Agenda {
    hours: Option<Hours>,
    /// Rows may have times of their own.
    windows: bool,
    limits: ContactLimits,
    conditions: Conditions,
    /// When the run begins, which may be before the campaign may.
    began: UnixMillis,
    senders: Vec<ForeseenSender>,
    /// Contacts that the run starts, at most.
    most: Option<u64>,
    /// Where recipients may be, for the figures by zone and day, and to know night from day.
    zones: Vec<ZoneAgenda>,
    ids: HashMap<Option<Lane>, usize>,
    lane_ids: HashMap<(usize, usize), usize>,
    /// Where rows wait for nothing but their turn, each one's moment is known when it is added.
    course: Option<(StartTimes, LiveTimes)>,
    /// What rows are alike in, by number.
    kinds: Vec<RowKind>,
    kind_ids: HashMap<KindId, u32>,
    /// Rows by lane; where there are neither hours nor times of rows, all are in one.
    lanes: Vec<LaneRows>,
    granularity: i64,
    remembered: usize,
    numbers: NumberBook,
    earlier: EarlierContacts,
    expired: NamedRows,
    night: NamedRows,
    /// Of rows that wait for their turn alone, where the campaign may be over before.
    started: StartedByCountry,
}

#[derive(Debug, Clone)]
struct ZoneAgenda {
    account: ZoneAccount,
    /// Where there are no hours: those that tell day from night.
    daytime: Option<AskedCalendar>,
}

impl Agenda {
    /// Nothing to be sent yet. `windows`: rows may have times of their own.
    #[must_use]
    pub fn new(
        hours: Option<Hours>,
        windows: bool,
        limits: ContactLimits,
        mut conditions: Conditions,
    ) -> Self {
        let began = conditions.from;
        conditions.from =
            conditions.schedule.start.map_or(conditions.from, |start| start.max(conditions.from));
        let capped = limits.contacts.is_some() || limits.per_day.is_some() || limits.cost.is_some();
        let at_once = hours.is_none() && !windows && !capped;
        let Conditions { from, rate, burst, active, .. } = conditions;
        Self {
            course: at_once.then(|| (StartTimes::new(from, rate, burst), LiveTimes::new(active, from))),
            hours,
            windows,
            limits,
            conditions,
            began,
            senders: Vec::new(),
            most: None,
            zones: Vec::new(),
            ids: HashMap::new(),
            lane_ids: HashMap::new(),
            kinds: Vec::new(),
            kind_ids: HashMap::new(),
            lanes: Vec::new(),
            granularity: 1,
            remembered: 0,
            numbers: NumberBook::default(),
            earlier: EarlierContacts::default(),
            expired: NamedRows::default(),
            night: NamedRows::default(),
            started: StartedByCountry::default(),
        }
    }

    /// With rows that may have numbers in common: each of them waits for the one before.
    #[must_use]
    pub fn sharing(mut self, numbers: NumberBook) -> Self {
        (self.course, self.numbers) = (None, numbers);
        self
    }

    /// Sent by these, each at its rate and within its day.
    #[must_use]
    pub fn sent_by(mut self, senders: Vec<ForeseenSender>) -> Self {
        if !senders.is_empty() {
            (self.course, self.senders) = (None, senders);
        }
        self
    }

    /// What is known of the senders, the ones that it has first.
    pub fn know(&mut self, senders: Vec<ForeseenSender>) {
        if !self.senders.is_empty() {
            self.senders = senders;
        }
    }

    /// The senders of the definition, with the rates of their numbers, and their accounts and instances were asked.
    pub fn know_paces(&mut self, senders: &[Sender], paces: &[InstancePace]) {
        for (foreseen, sender) in self.senders.iter_mut().zip(senders) {
            foreseen.sender.rate = foreseen.sender.rate.or(sender.rate);
        }
        self.senders.iter_mut().for_each(|foreseen| foreseen.know(paces));
    }

    /// The run ends with this many contacts.
    #[must_use]
    pub fn at_most(self, most: Option<u64>) -> Self {
        Self { most, ..self }
    }

    /// Whether the order of its rows is not that of the file alone: which are the first to be sent, only all of them tell.
    #[must_use]
    pub fn has_order(&self) -> bool {
        self.hours.is_some() || self.windows || !self.senders.is_empty()
    }

    /// Whether each row's moment was known when it was added, as it waits for nothing but its turn.
    #[must_use]
    pub fn is_at_once(&self) -> bool {
        self.course.is_some()
    }

    /// Whether hours, times, a limit of a day or earlier contacts have any part in it.
    #[must_use]
    pub fn waits(&self) -> bool {
        let schedule = self.conditions.schedule;
        let scheduled = self.windows || schedule.start.is_some() || schedule.end.is_some();
        let full_days = self.senders.iter().any(|foreseen| foreseen.sender.per_day.is_some());
        let limited = self.limits.per_day.is_some() || !self.numbers.is_empty();
        self.hours.is_some() || scheduled || limited || full_days
    }

    /// Without its rows.
    #[must_use]
    pub fn cleared(&self) -> Self {
        self.with(self.conditions)
    }

    /// The same at another pace, without its rows; `None` where the pace is the same.
    #[must_use]
    pub fn repaced(&self, Conditions { rate, burst, active, .. }: Conditions) -> Option<Self> {
        let conditions = Conditions { rate, burst, active, ..self.conditions };
        (conditions != self.conditions).then(|| self.with(conditions))
    }

    fn with(&self, conditions: Conditions) -> Self {
        let fresh = Self::new(self.hours.clone(), self.windows, self.limits.clone(), conditions);
        let course = fresh.course.clone().filter(|_| self.is_at_once());
        let (numbers, senders) = (self.numbers.clone(), self.senders.clone());
        Self { course, numbers, senders, began: self.began, most: self.most, earlier: self.earlier, ..fresh }
    }

    /// What is known of contacts that were made before.
    pub fn after(&mut self, earlier: EarlierContacts) {
        self.earlier = earlier;
    }

    /// A row has the number of an earlier one of the file.
    pub fn share(&mut self, line: u64, of: u64) {
        self.numbers.share(line, of);
    }

    /// A row that is to be sent to, in the order of the file.
    pub fn add(&mut self, row: AgendaRow<'_>) {
        let AgendaRow { line, lane, window, cost, sender, message, region } = row;
        let sender = sender.filter(|at| *at < self.senders.len()).map_or(0, |at| at + 1);
        let zone = self.zone(lane);
        if self.course.is_some() {
            self.add_at_once(line, zone, (region, message));
            return;
        }
        let to = self.granularity;
        let begin = window.not_before.map(|at| up(at.millis(), to));
        let end = window.not_after.map_or(i64::MAX, |at| at.millis().div_euclid(to) * to);
        let segments = message.map(|message| parts(Some(message)));
        let parts = if self.senders.is_empty() { 1 } else { segments.unwrap_or(1) };
        let kind = self.kind(RowKind { zone, sender, parts, message: (region, segments), end, cost });
        // Rows with times of their own have lanes in the journal without hours, too, and are claimed by them.
        let in_lanes = self.hours.is_some() || self.windows;
        let id = self.lane(if in_lanes { zone } else { 0 }, sender, lane);
        let line = line.and_then(|line| u32::try_from(line).ok());
        let single = self.remembered < REMEMBERED;
        self.remembered += usize::from(single);
        self.lanes[id].add(begin, end, (kind, line.filter(|_| single)), single);
        self.coarsen();
    }

    /// Times that differ too much to be remembered one by one are rounded: a beginning up, an end down.
    fn coarsen(&mut self) {
        let apart = self.kinds.len() + self.lanes.iter().map(LaneRows::beginnings).sum::<usize>();
        if self.granularity < MINUTE && apart > MOMENTS_APART {
            self.granularity = MINUTE;
        } else if self.granularity < HOUR && apart > MINUTES_APART {
            self.granularity = HOUR;
        }
    }

    fn kind(&mut self, kind: RowKind) -> u32 {
        let next = u32::try_from(self.kinds.len()).unwrap_or(u32::MAX);
        *self
            .kind_ids
            .entry((kind.zone, kind.sender, kind.message, kind.end, kind.cost.to_bits()))
            .or_insert_with(|| {
                self.kinds.push(kind);
                next
            })
    }

    fn zone(&mut self, lane: Option<&Lane>) -> usize {
        match self.ids.entry(lane.cloned()) {
            Entry::Occupied(entry) => *entry.get(),
            Entry::Vacant(entry) => {
                let id = self.zones.len();
                let by_day = lane.filter(|_| self.hours.is_none()).map(|lane| daytime().of(lane));
                let daytime = by_day.map(AskedCalendar::new);
                self.zones.push(ZoneAgenda { account: ZoneAccount::new(lane), daytime });
                *entry.insert(id)
            }
        }
    }

    /// The rows that wait for the same hours and the same sender.
    fn lane(&mut self, zone: usize, sender: usize, lane: Option<&Lane>) -> usize {
        *self.lane_ids.entry((zone, sender)).or_insert_with(|| {
            // Where there are hours, nothing is known of a row without a zone: it never has its turn.
            let hours = self.hours.as_ref().map(|hours| lane.map(|lane| hours.of(lane)));
            self.lanes.push(LaneRows::new(hours, sender));
            self.lanes.len() - 1
        })
    }

    /// Rows wait for their turn alone.
    fn add_at_once(
        &mut self,
        line: Option<u64>,
        zone: usize,
        (region, message): (Option<Region>, Option<&str>),
    ) {
        let Some((pace, live)) = &mut self.course else { return };
        if let Some(most) = &mut self.most {
            if *most == 0 {
                return;
            }
            *most -= 1;
        }
        let zone = &mut self.zones[zone];
        let at = pace.next(live.room_at(self.conditions.from.millis()));
        let now = UnixMillis::from_millis(at);
        if self.conditions.schedule.is_over(now) {
            self.expired.add(line);
            zone.account.expire();
            return;
        }
        if self.conditions.schedule.end.is_some() {
            self.started.add(region, message.map(|message| parts(Some(message))), 1);
        }
        pace.give(at);
        live.start(at);
        zone.account.start(now);
        if zone.is_night(at) {
            self.night.add(line);
        }
    }

    /// When what was added will be sent.
    #[must_use]
    pub fn forecast(self) -> Forecast {
        self.forecast_with_messages().0
    }

    /// The same, and what is sent with the contacts that start; the latter is empty where that is everything.
    #[must_use]
    pub fn forecast_with_messages(self) -> (Forecast, StartedByCountry) {
        let Self { hours, limits, conditions, began, senders, most, mut zones, kinds, lanes, .. } = self;
        let (numbers, earlier, mut night) = (self.numbers, self.earlier, self.night);
        let waits_to_begin = conditions.from > began;
        if self.course.is_some() {
            let (expired, waits) = (self.expired, waits_to_begin);
            let zones = told(zones.into_iter().map(|zone| zone.account));
            return (Forecast { expired, night, waits, ..zones }, self.started);
        }
        let by_hours = hours.is_some();
        let named = |foreseen: &ForeseenSender| SenderCourse {
            name: foreseen.sender.name.clone(),
            ..SenderCourse::default()
        };
        let mut by_sender: Vec<SenderCourse> = senders.iter().map(named).collect();
        let mut started_of = vec![0; kinds.len()];
        let told_of = |PlayedRow { kind: id, line, at }: PlayedRow| {
            let kind = kinds[id as usize];
            let zone = &mut zones[kind.zone];
            let Some(at) = at else { return zone.account.expire() };
            started_of[id as usize] += 1;
            let at = at.div_euclid(SECOND) * SECOND;
            zone.account.start(UnixMillis::from_millis(at));
            if let Some(course) = kind.sender.checked_sub(1).and_then(|sender| by_sender.get_mut(sender)) {
                course.start(kind.parts, UnixMillis::from_millis(at));
            }
            if !by_hours && zone.is_night(at) {
                night.add(line);
            }
        };
        let rules = PlayRules { conditions, limits: &limits, began, senders: &senders, most };
        let performance = Performance::new(rules, &kinds, lanes, (earlier, numbers), told_of);
        let Played { expired, never, left, left_out, ends_with_a_day, waits } = performance.play();
        let waits = waits || waits_to_begin;
        let zones = told(zones.into_iter().map(|zone| zone.account));
        let mut started = StartedByCountry::default();
        for (kind, contacts) in kinds.iter().zip(started_of) {
            started.add(kind.message.0, kind.message.1, contacts);
        }
        (
            Forecast { expired, never, night, left, left_out, by_sender, ends_with_a_day, waits, ..zones },
            started,
        )
    }
}

impl ZoneAgenda {
    /// Whether it is night where the recipient may be.
    fn is_night(&mut self, at: i64) -> bool {
        self.daytime.as_mut().is_some_and(|daytime| !is_open(daytime, at))
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
    use crate::domain::unix_millis::UnixMillis;

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

    fn row(line: u64, lane: Option<&Lane>, window: Window) -> AgendaRow<'_> {
        AgendaRow { line: Some(line), lane, window, ..AgendaRow::default() }
    }

    #[test]
    fn contacts_wait_for_the_hours_of_their_zones_and_those_that_close_first_go_first() {
        let mut agenda = Agenda::new(Some(daytime()), false, ContactLimits::default(), conditions(10.0));
        for line in 0..200 {
            let zone = if line % 2 == 0 { "America/Los_Angeles" } else { "America/New_York" };
            agenda.add(row(line, Some(&lane(zone)), Window::default()));
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
        let mut agenda = Agenda::new(Some(daytime()), true, ContactLimits::default(), conditions(4.0));
        let york = lane("America/New_York");
        for line in 2..10 {
            agenda.add(row(line, Some(&york), window(None, Some(2))));
        }
        agenda.add(row(10, Some(&york), window(Some(5), None)));
        let forecast = agenda.forecast();
        assert_eq!(forecast.contacts(), 5, "four in the hour that is left, and one later");
        assert_eq!((forecast.expired.rows, forecast.expired.lines), (4, vec![6, 7, 8, 9]));
        assert_eq!(forecast.between, Some((after(1), after(5))));
    }

    #[test]
    fn a_campaign_ends_with_its_schedule_and_hours_that_never_open_have_no_end() {
        let schedule = Schedule { start: Some(after(2)), end: Some(after(3)) };
        let mut agenda =
            Agenda::new(None, false, ContactLimits::default(), Conditions { schedule, ..conditions(2.0) });
        (2..7).for_each(|line| agenda.add(row(line, None, Window::default())));
        let forecast = agenda.forecast();
        assert_eq!((forecast.contacts(), forecast.expired.lines), (2, vec![4, 5, 6]));
        let shut = Rule { week: Some(Week::default()), ..Rule::default() };
        let shut = Hours { rules: vec![Arc::new(shut)], ..Hours::default() };
        let mut agenda = Agenda::new(Some(shut), false, ContactLimits::default(), conditions(2.0));
        agenda.add(row(2, Some(&lane("Europe/Paris")), Window::default()));
        let forecast = agenda.forecast();
        assert_eq!((forecast.between, forecast.never.lines), (None, vec![2]));
    }

    /// A run that starts no more than so many a day leaves the others to the next day, and to the end of the campaign.
    #[test]
    fn what_a_limit_of_the_day_leaves_expires_where_the_campaign_ends_first() {
        let limits = ContactLimits { per_day: Some(7), ..ContactLimits::default() };
        let play = |end: Option<i64>, limits: &ContactLimits| {
            let schedule = Schedule { start: None, end: end.map(after) };
            let mut agenda =
                Agenda::new(None, false, limits.clone(), Conditions { schedule, ..conditions(60.0) });
            (2..22).for_each(|line| agenda.add(row(line, None, Window::default())));
            agenda.forecast()
        };
        // The days turn 12 and 36 hours after the beginning.
        for (end, contacts) in [(None, 20), (Some(36), 14), (Some(24), 14), (Some(12), 7), (Some(-1), 0)] {
            let told = play(end, &limits);
            let expired = 20 - contacts;
            assert_eq!(
                (told.contacts(), told.expired.rows, told.left.rows, told.ends_with_a_day),
                (contacts, expired, 0, contacts > 0),
                "{end:?}"
            );
        }
        let all = ContactLimits { contacts: Some(7), ..ContactLimits::default() };
        let told = play(Some(24), &all);
        assert_eq!((told.expired.rows, told.left.rows), (0, 13), "another limit would let them be sent");
    }

    /// What is claimed before midnight and leaves after it is a contact of the new day.
    #[test]
    fn no_day_has_more_contacts_than_its_limit() {
        for per_hour in [0.9, 1.7, 60.0, 3_600.0] {
            let limits = ContactLimits { per_day: Some(10), ..ContactLimits::default() };
            for minutes in 0..30 {
                let from = after(0).plus(std::time::Duration::from_secs(minutes * 97));
                let mut agenda =
                    Agenda::new(None, false, limits.clone(), Conditions { from, ..conditions(per_hour) });
                (2..60).for_each(|line| agenda.add(row(line, None, Window::default())));
                let days = agenda.forecast().by_day();
                assert!(days.values().all(|day| *day <= 10), "{per_hour} an hour from {from}: {days:?}");
            }
        }
    }

    /// Whichever of a number's rows has its turn, the next waits for its contact to be over.
    #[test]
    fn rows_of_one_number_start_one_after_another_in_the_order_of_the_file() {
        let mut book = NumberBook::new(Some(std::time::Duration::from_secs(3_600)));
        let numbers = [book.number(Vec::new()), book.number(Vec::new())];
        // A pair is told apart within its number.
        (2_u64..4_002).for_each(|line| book.line(line, numbers[(line % 2) as usize], 0));
        let schedule = Schedule { start: None, end: Some(after(1_500)) };
        let conditions = Conditions { schedule, ..conditions(36_000.0) };
        let mut agenda = Agenda::new(None, false, ContactLimits::default(), conditions).sharing(book);
        (2..4_002).for_each(|line| agenda.add(row(line, None, Window::default())));
        let forecast = agenda.forecast();
        // A number's next contact is claimed 20 ms and a permit after the one before has ended.
        assert_eq!(forecast.contacts(), 2 * 1_500);
        assert_eq!(forecast.expired.lines, (3_002..3_022).collect::<Vec<_>>(), "the last of the file");
        assert_eq!(forecast.expired.rows, 1_000);
    }

    #[test]
    fn without_hours_contacts_at_night_are_counted_where_the_recipient_is() {
        let mut agenda = Agenda::new(None, false, ContactLimits::default(), conditions(1.0));
        for line in 2..5 {
            // At seven, eight and nine in New York.
            agenda.add(row(line, Some(&lane("America/New_York")), Window::default()));
        }
        assert!(!agenda.waits());
        let forecast = agenda.forecast();
        assert_eq!((forecast.night.rows, forecast.night.lines), (1, vec![2]));
        assert_eq!(forecast.between, Some((after(0), after(2))));
    }
}
