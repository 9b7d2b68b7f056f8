//! When one contact after another starts, and what that comes to by zone and day.

use std::collections::{BTreeMap, HashMap, VecDeque};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::ActiveBound;
use crate::domain::hours::Lane;
use crate::domain::hours::schedule::Schedule;
use crate::domain::unix_millis::UnixMillis;

/// Lines of a kind that are named, at most.
const NAMED: usize = 20;
/// Moments of contacts are told to the second: nobody is to read of what the journal takes.
pub(super) const SECOND: i64 = 1_000;
/// A day is looked up once for the contacts of so many milliseconds.
const QUARTER: i64 = 15 * 60 * 1_000;

/// What contacts keep to, besides their own hours and times.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Conditions {
    /// When the run begins.
    pub from: UnixMillis,
    /// From when to when the campaign goes.
    pub schedule: Schedule,
    /// Contacts per second of an account, in the long run, where its senders state no other rate.
    pub rate: f64,
    /// Contacts that an account starts at once, before the rate counts, where its senders state no other number.
    pub burst: u64,
    /// The bound on contacts of an instance that are alive at once, where there is one.
    pub active: Option<ActiveBound>,
}

/// Rows, and the first lines of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NamedRows {
    /// How many.
    pub rows: u64,
    /// The lines of the first, as far as they are in the file.
    pub lines: Vec<u64>,
}

impl NamedRows {
    pub(super) fn add(&mut self, line: Option<u64>) {
        self.rows += 1;
        if self.lines.len() < NAMED {
            self.lines.extend(line);
        }
    }
}

/// The contacts of recipients who may be in the same zones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ZoneCourse {
    /// The zones; none where they are not known.
    pub zones: Vec<String>,
    /// When the first contact starts, and the last.
    pub between: Option<(UnixMillis, UnixMillis)>,
    /// Contacts by day, as the clock on the wall of the first zone has it (UTC where none is known).
    pub by_day: BTreeMap<Date, u64>,
    /// Rows whose time is over before their turn, or that never have one.
    pub expired: u64,
}

impl ZoneCourse {
    /// Contacts in all.
    #[must_use]
    pub fn contacts(&self) -> u64 {
        self.by_day.values().sum()
    }
}

/// The contacts of one sender.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SenderCourse {
    /// What it is called.
    pub name: String,
    /// Contacts that start.
    pub contacts: u64,
    /// Parts of their messages.
    pub parts: u64,
    /// When the first contact starts, and the last.
    pub between: Option<(UnixMillis, UnixMillis)>,
}

impl SenderCourse {
    pub(super) fn start(&mut self, parts: u32, at: UnixMillis) {
        (self.contacts, self.parts) = (self.contacts + 1, self.parts + u64::from(parts));
        self.between = Some(spanning(self.between, at));
    }
}

/// How a campaign will go.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Forecast {
    /// When the first contact starts, and the last; `None` where none does.
    pub between: Option<(UnixMillis, UnixMillis)>,
    /// By the zones of the recipients, most contacts first.
    pub by_zone: Vec<ZoneCourse>,
    /// By the senders, in the order of the definition; none where the campaign has one source for all.
    pub by_sender: Vec<SenderCourse>,
    /// Rows whose time, or the campaign's, is over before their turn.
    pub expired: NamedRows,
    /// Rows whose hours never open.
    pub never: NamedRows,
    /// Contacts between 21:00 and 8:00 of the recipient, where nothing keeps them from that.
    pub night: NamedRows,
    /// Rows that limits of the campaign leave unsent.
    pub left: NamedRows,
    /// Rows that are left out because their numbers have had as many contacts as they may get.
    pub left_out: NamedRows,
    /// Whether a run ends because its day is full, so that another one has to go on.
    pub ends_with_a_day: bool,
    /// Whether there is a time when all rows that are left wait: a run that does not wait ends then.
    pub waits: bool,
}

impl Forecast {
    /// Contacts by day: that of each recipient.
    #[must_use]
    pub fn by_day(&self) -> BTreeMap<Date, u64> {
        let mut days = BTreeMap::new();
        for (day, contacts) in self.by_zone.iter().flat_map(|zone| &zone.by_day) {
            *days.entry(*day).or_default() += contacts;
        }
        days
    }

    /// Contacts in all.
    #[must_use]
    pub fn contacts(&self) -> u64 {
        self.by_zone.iter().map(ZoneCourse::contacts).sum()
    }
}

/// Nanoseconds of a millisecond.
const MILLI: i128 = 1_000_000;
/// The longest period between two contacts that is told from any longer one, in nanoseconds: thirty years.
const SLOWEST: f64 = 1e18;

/// The pace of an account: when the next contact may start. The run's own bucket, on a clock of whole milliseconds as its
/// timers have them.
#[derive(Debug, Clone)]
pub(super) struct StartTimes {
    /// What nanoseconds count from.
    from: i64,
    /// Nanoseconds between two contacts, in the long run.
    every: i128,
    /// Contacts that may start at once.
    burst: i128,
    /// When the next one would start if none had come early.
    turn: i128,
}

/// The contacts of an instance that are alive, where so many may be.
#[derive(Debug, Clone)]
pub(super) struct LiveTimes {
    active: Option<ActiveBound>,
    /// When those end that are alive.
    ends: VecDeque<i64>,
}

impl StartTimes {
    /// At so many contacts per second, of which so many may start at once.
    pub(super) fn new(from: UnixMillis, rate: f64, burst: u64) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "bounded")]
        let every = (1e9 / rate.max(f64::MIN_POSITIVE)).ceil().clamp(1.0, SLOWEST) as i128;
        Self { from: from.millis(), every, burst: i128::from(burst.max(1)), turn: 0 }
    }

    /// When the next contact could start, not before `at`.
    pub(super) fn next(&self, at: i64) -> i64 {
        let turn = self.turn - (self.burst - 1) * self.every;
        let turn = i64::try_from((turn + MILLI - 1).div_euclid(MILLI)).unwrap_or(i64::MAX);
        self.from.saturating_add(turn).max(at)
    }

    /// Another run begins, after it was quiet for so many milliseconds: it has whole permits of its burst at hand, as many as
    /// came by in that time.
    pub(super) fn begin_again(&mut self, at: i64, quiet: i64) {
        let at_hand = (i128::from(quiet.max(0)) * MILLI / self.every).min(self.burst);
        self.turn = self.nanos(at) + self.every * (self.burst - at_hand);
    }

    /// A permit is given, whether or not a contact starts.
    pub(super) fn give(&mut self, at: i64) {
        self.turn = self.turn.max(self.nanos(at)) + self.every;
    }

    fn nanos(&self, at: i64) -> i128 {
        (i128::from(at) - i128::from(self.from)) * MILLI
    }
}

impl LiveTimes {
    pub(super) fn new(active: Option<ActiveBound>, from: UnixMillis) -> Self {
        let ends = active.map_or_else(VecDeque::new, |active| {
            // What is alive ends one after the other: nothing tells when each of them began.
            let alive = active.alive.min(active.most);
            let life = i128::from(life(active));
            let end = |at: u64| i64::try_from(life * i128::from(at) / i128::from(alive)).unwrap_or(i64::MAX);
            (1..=alive).map(|at| from.millis().saturating_add(end(at))).collect()
        });
        Self { active, ends }
    }

    /// When there is room for one more, not before `at`.
    pub(super) fn room_at(&self, at: i64) -> i64 {
        match self.active {
            Some(active) if self.ends.len() as u64 >= active.most.max(1) => {
                self.ends.front().map_or(at, |end| at.max(*end))
            }
            _ => at,
        }
    }

    /// A contact starts.
    pub(super) fn start(&mut self, at: i64) {
        if let Some(active) = self.active {
            while self.ends.front().is_some_and(|end| *end <= at) {
                self.ends.pop_front();
            }
            self.ends.push_back(at.saturating_add(life(active)));
        }
    }
}

/// In milliseconds.
fn life(active: ActiveBound) -> i64 {
    i64::try_from(active.life.as_millis()).unwrap_or(i64::MAX)
}

/// What was told of each zone so far.
#[derive(Debug, Clone)]
pub(super) struct ZoneAccount {
    course: ZoneCourse,
    zone: TimeZone,
    /// The quarter of an hour last looked up, and its day. No zone changes its day within one.
    day: (i64, Date),
}

impl ZoneAccount {
    pub(super) fn new(lane: Option<&Lane>) -> Self {
        let zones = lane.map(|lane| lane.zones.names().map(str::to_owned).collect()).unwrap_or_default();
        let course = ZoneCourse { zones, between: None, by_day: BTreeMap::new(), expired: 0 };
        let zone = lane.and_then(|lane| lane.zones.zones().next()).unwrap_or(TimeZone::UTC);
        Self { course, zone, day: (i64::MIN, Date::ZERO) }
    }

    pub(super) fn start(&mut self, at: UnixMillis) {
        let at = UnixMillis::from_millis(at.millis().div_euclid(SECOND) * SECOND);
        let quarter = at.millis().div_euclid(QUARTER);
        if self.day.0 != quarter {
            self.day = (quarter, self.zone.to_datetime(timestamp(at)).date());
        }
        *self.course.by_day.entry(self.day.1).or_default() += 1;
        self.course.between = Some(spanning(self.course.between, at));
    }

    pub(super) fn expire(&mut self) {
        self.course.expired += 1;
    }
}

/// The course of a campaign as it went, contact by contact.
#[derive(Debug, Default)]
pub struct CourseBook(HashMap<Option<Lane>, ZoneAccount>);

impl CourseBook {
    /// A contact has started; `lane` says where its recipient may be.
    pub fn start(&mut self, lane: Option<&Lane>, at: UnixMillis) {
        self.0.entry(lane.cloned()).or_insert_with(|| ZoneAccount::new(lane)).start(at);
    }

    /// All of it, in the form of what was said of it before. Only what has started is known.
    #[must_use]
    pub fn course(self) -> Forecast {
        told(self.0.into_values())
    }
}

/// The forecast of these accounts.
pub(super) fn told(accounts: impl Iterator<Item = ZoneAccount>) -> Forecast {
    let mut zones: BTreeMap<Vec<String>, ZoneCourse> = BTreeMap::new();
    for ZoneAccount { course, .. } in accounts.filter(|account| account.course != empty(account)) {
        match zones.get_mut(&course.zones) {
            Some(known) => {
                known.expired += course.expired;
                for (day, contacts) in course.by_day {
                    *known.by_day.entry(day).or_default() += contacts;
                }
                for at in course.between.into_iter().flat_map(|(first, last)| [first, last]) {
                    known.between = Some(spanning(known.between, at));
                }
            }
            None => {
                zones.insert(course.zones.clone(), course);
            }
        }
    }
    let mut by_zone: Vec<ZoneCourse> = zones.into_values().collect();
    by_zone.sort_by_key(|zone| std::cmp::Reverse(zone.contacts()));
    let ends = by_zone.iter().filter_map(|zone| zone.between).flat_map(|(first, last)| [first, last]);
    let between = ends.fold(None, |between, at| Some(spanning(between, at)));
    Forecast { between, by_zone, ..Forecast::default() }
}

fn empty(account: &ZoneAccount) -> ZoneCourse {
    ZoneCourse { zones: account.course.zones.clone(), between: None, by_day: BTreeMap::new(), expired: 0 }
}

fn spanning(known: Option<(UnixMillis, UnixMillis)>, at: UnixMillis) -> (UnixMillis, UnixMillis) {
    known.map_or((at, at), |(first, last)| (first.min(at), last.max(at)))
}

pub(super) fn timestamp(at: UnixMillis) -> Timestamp {
    Timestamp::from_millisecond(at.millis()).unwrap_or(Timestamp::MAX)
}
