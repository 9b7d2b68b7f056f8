//! The lanes of a run: which of them are open, and how far each is claimed.
//!
//! Hours are asked of the wall clock each time, so that a clock that was set, or a machine that slept, changes what is open at
//! the next look. What the calendar of a lane said last holds until its next change, so that a look costs a comparison.

use std::collections::HashMap;

use jiff::Timestamp;

use crate::domain::forecast::{AHEAD, RestLane};
use crate::domain::hours::Hours;
use crate::domain::hours::calendar::{AskedCalendar, Calendar, Opening};
use crate::domain::hours::schedule::Schedule;
use crate::domain::unix_millis::UnixMillis;
use crate::journal::{LaneCursor, LaneId, OpenLane, Pass, RowId, SenderId, Wake};

/// What was said of the present, and of a moment to come.
const PRESENT: usize = 0;
const TO_COME: usize = 1;
/// Lanes in one claim, at most: lanes of a few rows are claimed together, as each claim costs a commit.
const LANES_AT_ONCE: usize = 64;

/// How far a lane is claimed: first what earlier runs left in doubt, then what waits for its turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    Pass(Pass, RowId),
    /// Everything planned so far was claimed; the file is still being read.
    Waiting(RowId),
    Exhausted,
}

/// How far the rows of a lane are claimed that wait until a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Waiting {
    since: UnixMillis,
    after: RowId,
    /// When the next one may be claimed; `None` where none waits.
    next: Option<UnixMillis>,
    /// Whether it waits for a limit, or for an earlier contact to be over.
    limited: bool,
}

impl Waiting {
    const START: UnixMillis = UnixMillis::from_millis(i64::MIN);

    fn new(next: Option<UnixMillis>) -> Self {
        Self { since: Self::START, after: RowId::START, next, limited: false }
    }

    /// A row of the lane waits until then, for a limit or for its time.
    fn until(&mut self, at: UnixMillis, limited: bool) {
        if self.next.is_none_or(|next| at < next) {
            (self.next, self.limited) = (Some(at), limited);
        }
    }
}

/// All lanes.
#[derive(Debug)]
pub(super) struct Lanes {
    hours: Option<Hours>,
    schedule: Schedule,
    windows: bool,
    lanes: Vec<LaneState>,
    /// The senders that nothing leaves from now, and why.
    closed: HashMap<SenderId, ClosedSender>,
}

/// Why nothing leaves from a sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ClosedSender {
    /// Its day is full until then.
    Until(UnixMillis),
    /// The service refuses it, for the rest of the run.
    Halted,
}

#[derive(Debug)]
struct LaneState {
    id: Option<LaneId>,
    sender: Option<SenderId>,
    zones: Option<String>,
    times: Times,
    source: Source,
    waiting: Waiting,
    /// All of its rows wait until a moment, or it had none: that it was not looked into yet makes none of them ready.
    only_waits: bool,
    /// When the time of its first row is over, as far as known; before all others where that is to be found out.
    ends_at: Option<UnixMillis>,
    /// Rows that came back to wait until it opens, and until a moment of their own.
    held: Vec<(RowId, Option<UnixMillis>)>,
    /// Rows that are left, where that is known.
    rows: u64,
}

/// When a lane is open, besides the schedule.
#[derive(Debug)]
enum Times {
    Always,
    /// There are hours, and nothing says which of them are the rows'.
    Never,
    /// With what the calendar said last of the present, and of a moment to come.
    By(Box<Calendar>, [Option<(Timestamp, Opening)>; 2]),
}

/// What keeps all rows that are left from being claimed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AllClosed {
    /// When the first of them may be; `None`: not within a year.
    pub(super) opens_at: Option<UnixMillis>,
    /// The zones of the lane that opens first, and its rows as far as known.
    pub(super) first: Option<(String, u64)>,
    /// Whether that one waits for a limit or an earlier contact, and not for hours.
    pub(super) limited: bool,
    /// The sender of that lane, where it waits for its next day alone.
    pub(super) sender: Option<SenderId>,
    /// Whether none of them may be before the campaign is over, which it is then: they expire.
    pub(super) ends: bool,
}

/// When rows of a run may be requested at all.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Admittance {
    /// By the hours of their lanes; `None`: at any hour.
    pub hours: Option<Hours>,
    /// By the schedule of the campaign.
    pub schedule: Schedule,
    /// Whether the file may bring rows that wait until a moment, or whose time is over at one.
    pub windows: bool,
}

impl Lanes {
    /// `reading`: the file may bring more rows.
    pub(super) fn new(
        Admittance { hours, schedule, windows, .. }: Admittance,
        lanes: Vec<OpenLane>,
        reading: bool,
    ) -> Self {
        let mut all = Self { hours, schedule, windows, lanes: Vec::new(), closed: HashMap::new() };
        // Rows without a lane may come with the file; where there are hours, only what was planned without them has none.
        if all.hours.is_none() && lanes.first().is_none_or(|first| first.id.is_some()) {
            let (id, lane, sender, wakes_at, ends_at) = (None, None, None, None, None);
            all.add(OpenLane { id, lane, sender, rows: 0, waits: 0, wakes_at, ends_at }, Pass::InDoubt);
            all.lanes.last_mut().expect("it was just added").only_waits = true;
        }
        for lane in lanes {
            if lane.rows > 0 {
                all.add(lane, Pass::InDoubt);
            } else {
                all.add(lane, Pass::Queued);
                let empty = all.lanes.last_mut().expect("it was just added");
                empty.source = if reading { Source::Waiting(RowId::START) } else { Source::Exhausted };
            }
        }
        all
    }

    /// Nothing leaves from a sender any more, for a while or at all. What halted stays so.
    pub(super) fn close(&mut self, sender: SenderId, why: ClosedSender) {
        let known = self.closed.entry(sender).or_insert(why);
        if *known != ClosedSender::Halted {
            *known = why;
        }
        if why == ClosedSender::Halted {
            // They are in the journal, as they were before they were claimed.
            self.lanes
                .iter_mut()
                .filter(|lane| lane.sender == Some(sender))
                .for_each(|lane| lane.held.clear());
        }
    }

    /// A sender's day has room again.
    pub(super) fn reopen(&mut self, sender: SenderId) {
        if matches!(self.closed.get(&sender), Some(ClosedSender::Until(_))) {
            self.closed.remove(&sender);
        }
    }

    /// Whether a sender halted.
    pub(super) fn is_halted(&self, sender: SenderId) -> bool {
        self.closed.get(&sender) == Some(&ClosedSender::Halted)
    }

    /// Whether the sender of a lane halted.
    pub(super) fn lane_is_halted(&self, id: Option<LaneId>) -> bool {
        self.lanes.iter().any(|lane| lane.id == id && lane.is_halted(&self.closed))
    }

    /// Rows that are left of a sender, as far as known.
    pub(super) fn rows_of(&self, sender: Option<SenderId>) -> u64 {
        self.lanes.iter().filter(|lane| lane.sender == sender).map(|lane| lane.rows).sum()
    }

    /// What is left in each lane and its sender, and how many of these rows are in lanes that are closed.
    pub(super) fn rest(&mut self, now: UnixMillis) -> (Vec<(Option<SenderId>, RestLane)>, u64) {
        let Self { schedule, lanes, closed, .. } = self;
        let shut = !schedule.is_open(now);
        let mut closed_rows = 0;
        let rest = lanes.iter_mut().filter_map(|lane| {
            let rows = lane.rows + lane.held.len() as u64;
            let from = lane.from(closed, now).filter(|_| rows > 0)?;
            closed_rows += if shut || !lane.times.is_open(now) { rows } else { 0 };
            let from = lane.full_until(closed).map_or(from, |until| until.max(from));
            let rest = match &lane.times {
                Times::Always => RestLane { hours: None, rows, from },
                Times::Never => RestLane { hours: None, rows, from: UnixMillis::NEVER },
                Times::By(calendar, said) => {
                    let said = said[PRESENT].clone();
                    RestLane {
                        hours: Some(AskedCalendar::having_said((**calendar).clone(), said)),
                        rows,
                        from,
                    }
                }
            };
            Some((lane.sender, rest))
        });
        (rest.collect(), closed_rows)
    }

    /// Rows of senders that halted, as far as known.
    pub(super) fn halted_rows(&self) -> u64 {
        self.lanes.iter().filter(|lane| lane.is_halted(&self.closed)).map(|lane| lane.rows).sum()
    }

    /// The newest lane, behind which the file may bring others.
    pub(super) fn newest(&self) -> Option<LaneId> {
        self.lanes.iter().filter_map(|lane| lane.id).max()
    }

    /// Takes in lanes that the file has brought meanwhile. What is in doubt in them, this run has put there.
    pub(super) fn extend(&mut self, lanes: Vec<OpenLane>) {
        for lane in lanes {
            let id = lane.id;
            self.add(lane, Pass::Queued);
            if self.windows {
                self.wait(&Wake { lane: id, at: Waiting::START, limited: false });
                self.ends(id, Some(Waiting::START));
            }
        }
    }

    fn add(&mut self, OpenLane { id, lane, sender, rows, waits, wakes_at, ends_at }: OpenLane, pass: Pass) {
        if self.lanes.iter().any(|known| known.id == id) {
            return;
        }
        let zones = lane.as_ref().map(|lane| lane.zones.as_str().to_owned());
        let times = match (&self.hours, lane) {
            (None, _) => Times::Always,
            (Some(hours), Some(lane)) => Times::By(Box::new(hours.of(&lane)), [None, None]),
            (Some(_), None) => Times::Never,
        };
        let (source, waiting) = (Source::Pass(pass, RowId::START), Waiting::new(wakes_at));
        let (held, only_waits) = (Vec::new(), rows > 0 && waits == rows);
        self.lanes.push(LaneState {
            id,
            sender,
            zones,
            times,
            source,
            waiting,
            only_waits,
            ends_at,
            held,
            rows,
        });
    }

    fn get(&mut self, id: Option<LaneId>) -> Option<&mut LaneState> {
        self.lanes.iter_mut().find(|lane| lane.id == id)
    }

    /// Whether the campaign's own schedule is open.
    pub(super) fn schedule_is_open(&self, now: UnixMillis) -> bool {
        self.schedule.is_open(now)
    }

    /// Whether a lane is open.
    pub(super) fn is_open(&mut self, id: Option<LaneId>, now: UnixMillis) -> bool {
        let Self { schedule, lanes, closed, .. } = self;
        let lane = lanes.iter_mut().find(|lane| lane.id == id);
        schedule.is_open(now)
            && lane.is_some_and(|lane| lane.may_send(closed, now) && lane.times.is_open(now))
    }

    /// The open lanes to claim from, as many as one claim takes: what is in doubt first, then what ends soonest, because
    /// the time of its first row is over or its hours are.
    ///
    /// `room` says how many rows of a sender may be claimed.
    pub(super) fn next(
        &mut self,
        now: UnixMillis,
        room: impl Fn(Option<SenderId>) -> usize,
    ) -> Vec<LaneCursor> {
        if !self.schedule.is_open(now) {
            return Vec::new();
        }
        let mut open: Vec<(bool, UnixMillis, LaneCursor)> = Vec::new();
        for lane in &mut self.lanes {
            let (pass, after) = match lane.source {
                Source::Pass(Pass::InDoubt, after) => (Pass::InDoubt, after),
                _ if lane.waiting.next.is_some_and(|next| next <= now) => {
                    (Pass::Waited(lane.waiting.since), lane.waiting.after)
                }
                Source::Pass(pass, after) => (pass, after),
                Source::Waiting(_) | Source::Exhausted => continue,
            };
            let most = u32::try_from(room(lane.sender)).unwrap_or(u32::MAX);
            if most > 0 && lane.may_send(&self.closed, now) && lane.times.is_open(now) {
                let closes = lane
                    .times
                    .closes_at()
                    .map_or(UnixMillis::NEVER, |at| UnixMillis::from_millis(at.as_millisecond()));
                let ends = lane.ends_at.map_or(closes, |ends| ends.min(closes));
                let (sender, ends_asked) = (lane.sender, lane.ends_at.is_some());
                let cursor = LaneCursor { lane: lane.id, sender, most, pass, after, ends: ends_asked };
                open.push((pass != Pass::InDoubt, ends, cursor));
            }
        }
        // Stable: lanes that end at once keep the order in which the file has them.
        open.sort_by_key(|(queued, ends, _)| (*queued, *ends));
        open.into_iter().take(LANES_AT_ONCE).map(|(.., cursor)| cursor).collect()
    }

    pub(super) fn source(&mut self, id: Option<LaneId>) -> Option<&mut Source> {
        self.get(id).map(|lane| &mut lane.source)
    }

    /// Rows of a lane were claimed that had waited until a moment; `last` is the last of them. Where there was `room` for
    /// more, no other one's moment has come.
    pub(super) fn waited(&mut self, id: Option<LaneId>, last: Option<(UnixMillis, RowId)>, room: bool) {
        let Some(lane) = self.get(id) else { return };
        if let Some((since, after)) = last {
            (lane.waiting.since, lane.waiting.after) = (since, after);
        }
        if room {
            lane.waiting.next = None;
        }
    }

    /// A row of a lane waits.
    pub(super) fn wait(&mut self, Wake { lane, at, limited }: &Wake) {
        if let Some(lane) = self.get(*lane) {
            lane.waiting.until(*at, *limited);
        }
    }

    /// Rows of a lane that waits may have become free.
    pub(super) fn look_at_waiting(&mut self, id: Option<LaneId>, now: UnixMillis) {
        if let Some(lane) = self.get(id)
            && lane.waiting.next.is_some()
        {
            lane.waiting.until(now, true);
        }
    }

    /// When the time of the first row of a lane is over.
    pub(super) fn ends(&mut self, id: Option<LaneId>, at: Option<UnixMillis>) {
        if let Some(lane) = self.get(id) {
            lane.ends_at = at;
        }
    }

    /// So many rows of a lane are claimed, or have left the queue.
    pub(super) fn taken(&mut self, id: Option<LaneId>, rows: u64) {
        if let Some(lane) = self.get(id) {
            lane.rows = lane.rows.saturating_sub(rows);
        }
    }

    /// The file has more: lanes that waited for it look again.
    pub(super) fn read_on(&mut self) {
        for lane in &mut self.lanes {
            lane.only_waits = false;
            if let Source::Waiting(after) = lane.source {
                lane.source = Source::Pass(Pass::Queued, after);
            }
            if self.windows {
                lane.waiting.until(Waiting::START, false);
                lane.ends_at = Some(Waiting::START);
            }
        }
    }

    /// Everything from the beginning.
    pub(super) fn sweep(&mut self) {
        for lane in &mut self.lanes {
            lane.only_waits = false;
            lane.source = Source::Pass(Pass::Queued, RowId::START);
            lane.waiting = Waiting::new(Some(Waiting::START));
            lane.ends_at = Some(Waiting::START);
        }
    }

    /// What waits in the journal from the beginning, behind what is in doubt.
    pub(super) fn look_again(&mut self) {
        for lane in &mut self.lanes {
            lane.only_waits = false;
            if !matches!(lane.source, Source::Pass(Pass::InDoubt, _)) {
                lane.source = Source::Pass(Pass::Queued, RowId::START);
            }
            lane.waiting = Waiting::new(Some(Waiting::START));
        }
    }

    /// A row waits until its lane opens, and until a moment of its own.
    pub(super) fn hold(&mut self, id: Option<LaneId>, row: RowId, from: Option<UnixMillis>) {
        if let Some(lane) = self.get(id) {
            lane.held.push((row, from));
        }
    }

    /// Rows that wait until their lanes open.
    pub(super) fn held(&self) -> usize {
        self.lanes.iter().map(|lane| lane.held.len()).sum()
    }

    /// The rows whose lanes are open by now.
    pub(super) fn release(&mut self, now: UnixMillis, due: &mut Vec<RowId>) {
        if !self.schedule.is_open(now) {
            return;
        }
        for lane in &mut self.lanes {
            if !lane.held.is_empty() && lane.may_send(&self.closed, now) && lane.times.is_open(now) {
                let is_due =
                    |(_, from): &mut (RowId, Option<UnixMillis>)| from.is_none_or(|from| from <= now);
                due.extend(lane.held.extract_if(.., is_due).map(|(row, _)| row));
            }
        }
    }

    /// Nothing that waits is to be claimed any more.
    pub(super) fn finish(&mut self) {
        self.forget_held();
        for lane in &mut self.lanes {
            (lane.source, lane.waiting) = (Source::Exhausted, Waiting::new(None));
        }
    }

    pub(super) fn forget_held(&mut self) {
        self.lanes.iter_mut().for_each(|lane| lane.held.clear());
    }

    /// Whether a lane can only go on with the file.
    pub(super) fn waits_for_file(&self) -> bool {
        self.lanes
            .iter()
            .any(|lane| !lane.is_halted(&self.closed) && matches!(lane.source, Source::Waiting(_)))
    }

    /// Whether every lane was claimed to its end, and no row waits for one to open or for a moment.
    pub(super) fn is_exhausted(&self) -> bool {
        self.lanes.iter().all(|lane| {
            lane.is_halted(&self.closed)
                || (lane.source == Source::Exhausted && lane.held.is_empty() && lane.waiting.next.is_none())
        })
    }

    /// What keeps everything that is left waiting, where it is hours, schedule and moments alone.
    pub(super) fn all_closed(&mut self, now: UnixMillis) -> Option<AllClosed> {
        let mut first = AllClosed { opens_at: None, first: None, limited: false, sender: None, ends: false };
        let mut any = false;
        let Self { schedule, lanes, closed, .. } = self;
        let too_late = schedule.start.map_or(now, |start| start.max(now)).plus(AHEAD);
        for lane in lanes {
            let Some(from) = lane.from(closed, now) else { continue };
            any = true;
            let full = lane.full_until(closed).filter(|until| *until > from);
            let Some(opens) = lane.opens(*schedule, full.unwrap_or(from), now) else { continue };
            if opens <= now {
                return None;
            }
            let limited = !lane.is_ready(now) && lane.waiting.limited;
            // An opening outside the schedule is none.
            if !schedule.is_over(opens)
                && (limited || opens < too_late)
                && first.opens_at.is_none_or(|known| opens < known)
            {
                let zones = lane.zones.clone().map(|zones| (zones, lane.rows));
                let sender = lane.sender.filter(|_| full == Some(opens));
                first = AllClosed { opens_at: Some(opens), first: zones, limited, sender, ends: false };
            }
        }
        if first.opens_at.is_none() && !self.schedule.is_over(now) {
            first.opens_at = self.schedule.end.filter(|end| *end < too_late);
            first.ends = first.opens_at.is_some();
        }
        any.then_some(first)
    }

    /// When the next lane opens, or the next row's moment comes, of what cannot be claimed now.
    pub(super) fn next_turn(&mut self, now: UnixMillis) -> Option<UnixMillis> {
        let Self { schedule, lanes, closed, .. } = self;
        let turns = lanes.iter_mut().filter_map(|lane| {
            let from = lane.from(closed, now)?;
            let full = lane.full_until(closed).filter(|until| *until > from);
            lane.opens(*schedule, full.unwrap_or(from), now)
        });
        turns.filter(|at| *at > now).min()
    }
}

impl LaneState {
    /// Whether something of it can be claimed, hours and sender aside.
    fn is_ready(&self, now: UnixMillis) -> bool {
        // Behind the last that waited, the lane is to be looked into once, or nothing would ever wake it.
        let only_waits = self.only_waits && self.waiting.next.is_some();
        (matches!(self.source, Source::Pass(..)) && !only_waits)
            || self.held.iter().any(|(_, from)| from.is_none_or(|from| from <= now))
    }

    /// From when on something of it can be claimed, hours and full days aside; `None` where nothing is to be.
    fn from(&self, closed: &HashMap<SenderId, ClosedSender>, now: UnixMillis) -> Option<UnixMillis> {
        match (self.is_halted(closed), self.is_ready(now)) {
            (true, _) => None,
            (_, true) => Some(now),
            _ => {
                let held = self.held.iter().filter_map(|(_, from)| *from);
                Some(held.chain(self.waiting.next).min()?.max(now))
            }
        }
    }

    /// The first moment from `from` on at which it is open.
    fn opens(&mut self, schedule: Schedule, from: UnixMillis, now: UnixMillis) -> Option<UnixMillis> {
        let from = schedule.next_open(from)?;
        self.times.next_open(from, if from == now { PRESENT } else { TO_COME })
    }

    fn is_halted(&self, closed: &HashMap<SenderId, ClosedSender>) -> bool {
        self.sender.is_some_and(|sender| closed.get(&sender) == Some(&ClosedSender::Halted))
    }

    /// Until when its sender's day is full.
    fn full_until(&self, closed: &HashMap<SenderId, ClosedSender>) -> Option<UnixMillis> {
        match closed.get(&self.sender?)? {
            ClosedSender::Until(until) => Some(*until),
            ClosedSender::Halted => None,
        }
    }

    /// Whether its sender may send, hours aside.
    fn may_send(&self, closed: &HashMap<SenderId, ClosedSender>, now: UnixMillis) -> bool {
        !self.is_halted(closed) && self.full_until(closed).is_none_or(|until| until <= now)
    }
}

impl Times {
    fn is_open(&mut self, now: UnixMillis) -> bool {
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::By(..) => self.opening(now, PRESENT).is_some_and(Opening::is_open),
        }
    }

    /// What the calendar says of a moment; asked again only where that no longer holds.
    fn opening(&mut self, now: UnixMillis, at: usize) -> Option<&Opening> {
        let Self::By(calendar, said) = self else { return None };
        let said = &mut said[at];
        let now = timestamp(now);
        let holds = |(from, opening): &(Timestamp, Opening)| {
            *from <= now
                && opening.until().map_or(from.duration_since(now).as_hours().abs() < 24, |until| now < until)
        };
        if !said.as_ref().is_some_and(holds) {
            *said = Some((now, calendar.at(now)));
        }
        said.as_ref().map(|(_, opening)| opening)
    }

    /// The first moment from `from` on at which it is open, if there is one within a year.
    fn next_open(&mut self, from: UnixMillis, at: usize) -> Option<UnixMillis> {
        match self {
            Self::Always => Some(from),
            Self::Never => None,
            Self::By(..) => match self.opening(from, at)? {
                Opening::Open { .. } => Some(from),
                Opening::Closed { opens_at, .. } => {
                    opens_at.map(|at| UnixMillis::from_millis(at.as_millisecond()))
                }
            },
        }
    }

    fn closes_at(&self) -> Option<Timestamp> {
        match self {
            Self::By(_, [Some((_, opening)), _]) if opening.is_open() => opening.until(),
            _ => None,
        }
    }
}

fn timestamp(at: UnixMillis) -> Timestamp {
    Timestamp::from_millisecond(at.millis()).unwrap_or(Timestamp::MAX)
}
