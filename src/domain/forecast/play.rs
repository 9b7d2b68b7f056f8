//! A campaign played before it begins: its rows, in the order in which the engine will claim them, each with the moment of its
//! request.
//!
//! It is the engine's own course without its waiting: rows are claimed about a second ahead, of the open lanes the one that ends
//! soonest first, of a lane those first that waited until a moment; what hours or times overtake between claim and permit goes
//! back and costs the permit. Answers are taken to come at once, and every row to be started by its first request.
//!
//! All lanes share one pace here. A sender is one more thing that a lane waits for, with a pace of its own: that pace belongs
//! where [`Performance::launch`] asks for the next permit.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::caps::{Caps, EarlierContacts, Leave, NumberBook};
use super::course::{Conditions, NamedRows, StartTimes, float, moment, timestamp};
use crate::domain::hours::calendar::{AskedCalendar, Calendar};
use crate::domain::limits::ContactLimits;
use crate::domain::unix_millis::UnixMillis;

/// No end: later than any.
const NEVER: i64 = i64::MAX;
/// Lanes that one claim looks into, at most.
const LANES_AT_ONCE: usize = 64;
/// Steps without a request that are followed, at most: years of openings and closings.
const STEPS: usize = 1_000_000;

/// What rows are alike in that have the same lane.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct RowKind {
    /// Where its recipient may be.
    pub(super) zone: usize,
    /// From then on it is not sent to.
    pub(super) end: i64,
    /// What its contact costs, where that is limited.
    pub(super) cost: f64,
}

/// Equal rows beside each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct EqualRows {
    kind: u32,
    /// The line of the only row; 0 where it is not known.
    line: u32,
    rows: u32,
    /// They wait for an earlier contact, or for a limit of their number.
    limited: bool,
}

/// The rows of a lane that have not had their turn.
#[derive(Debug, Clone)]
pub(super) struct LaneRows {
    /// `None`: at any hour. `Some(None)`: there are hours, and nothing says which of them are these rows'.
    hours: Option<Option<AskedCalendar>>,
    /// In the order of the file.
    queue: VecDeque<EqualRows>,
    /// Rows that wait until a moment, in its order.
    waiting: BTreeMap<i64, VecDeque<EqualRows>>,
    /// How many rows end when, of those whose time is over once.
    ends: BTreeMap<i64, u64>,
    /// When the first of them ends, as far as the last claim knew.
    known_end: Option<i64>,
    /// When the first row that waits may be claimed, as far as the last claim knew.
    next_wait: Option<i64>,
    /// Rows that were claimed, and wait until the lane opens.
    held: VecDeque<EqualRows>,
    /// Its place among the open lanes, if it is one of them.
    place: Option<i64>,
    /// When to look at it again.
    wake: Option<i64>,
}

impl LaneRows {
    pub(super) fn new(hours: Option<Option<Calendar>>) -> Self {
        Self {
            hours: hours.map(|hours| hours.map(AskedCalendar::new)),
            queue: VecDeque::new(),
            waiting: BTreeMap::new(),
            ends: BTreeMap::new(),
            known_end: None,
            next_wait: None,
            held: VecDeque::new(),
            place: None,
            wake: None,
        }
    }

    /// A run begins: what it knows of the lane.
    fn begin(&mut self, now: i64) {
        self.forget_ends(now);
        self.known_end = self.ends.first_key_value().map(|(end, _)| *end);
        self.next_wait = self.waiting.first_key_value().map(|(begin, _)| *begin);
    }

    fn is_empty(&self) -> bool {
        self.queue.is_empty() && self.waiting.is_empty() && self.held.is_empty()
    }

    /// A row, behind all others of its moment. Where it is not to be remembered by itself, it goes beside an equal one.
    pub(super) fn add(
        &mut self,
        begin: Option<i64>,
        end: i64,
        (kind, line): (u32, Option<u32>),
        single: bool,
    ) {
        if end != NEVER {
            *self.ends.entry(end).or_default() += 1;
        }
        let runs = match begin {
            Some(begin) => self.waiting.entry(begin).or_default(),
            None => &mut self.queue,
        };
        match runs.back_mut().filter(|last| !single && last.line == 0 && last.kind == kind) {
            Some(last) if last.rows < u32::MAX => last.rows += 1,
            _ => runs.push_back(EqualRows { kind, line: line.unwrap_or(0), rows: 1, limited: false }),
        }
    }

    /// How many moments rows of it wait for.
    pub(super) fn beginnings(&self) -> usize {
        self.waiting.len()
    }

    fn is_open(&mut self, at: f64) -> bool {
        match &mut self.hours {
            None => true,
            Some(None) => false,
            Some(Some(calendar)) => is_open(calendar, at),
        }
    }

    /// When it opens or closes next.
    fn changes_at(&mut self, now: i64) -> Option<i64> {
        let Some(Some(calendar)) = &mut self.hours else { return None };
        Some(calendar.at(timestamp(UnixMillis::from_millis(now))).until()?.as_millisecond())
    }

    /// Rows whose time is over count no more.
    fn forget_ends(&mut self, now: i64) {
        while self.ends.first_key_value().is_some_and(|(end, _)| *end <= now) {
            self.ends.pop_first();
        }
    }

    fn claimed(&mut self, end: i64) {
        if let Some(rows) = self.ends.get_mut(&end) {
            *rows -= 1;
            if *rows == 0 {
                self.ends.remove(&end);
            }
        }
    }

    fn hold(&mut self, run: EqualRows, end: i64) {
        if end != NEVER {
            *self.ends.entry(end).or_default() += 1;
        }
        self.held.push_back(run);
    }

    /// The next row that waited until a moment which has come, in the order of moments; with its moment.
    fn next_waited(&mut self, now: i64) -> Option<(EqualRows, Option<i64>)> {
        let mut entry = self.waiting.first_entry().filter(|entry| *entry.key() <= now)?;
        let begin = *entry.key();
        let run = pop(entry.get_mut());
        if entry.get().is_empty() {
            entry.remove();
        }
        run.map(|run| (run, Some(begin)))
    }

    /// Whether a claim looks for rows that waited first.
    fn waited(&self, now: i64) -> bool {
        self.next_wait.is_some_and(|begin| begin <= now)
    }

    fn wait(&mut self, run: EqualRows, until: i64) {
        self.waiting.entry(until).or_default().push_back(EqualRows { limited: true, ..run });
        self.next_wait = Some(self.next_wait.map_or(until, |next| next.min(until)));
    }
}

/// Whether hours are open.
pub(super) fn is_open(calendar: &mut AskedCalendar, at: f64) -> bool {
    calendar.at(timestamp(UnixMillis::from_millis(floor(at)))).is_open()
}

/// One row from the front.
fn pop(runs: &mut VecDeque<EqualRows>) -> Option<EqualRows> {
    let first = runs.front_mut()?;
    let run = EqualRows { rows: 1, ..*first };
    first.rows -= 1;
    if first.rows == 0 {
        runs.pop_front();
    }
    Some(run)
}

/// A moment of the wall clock, which has milliseconds.
fn floor(at: f64) -> i64 {
    moment(at.floor()).millis()
}

/// What becomes of a row that a claim comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RowFate {
    Ready,
    PutAside,
    /// A limit of the campaign leaves it where it is.
    Left,
}

/// A row that had its turn, or never has one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct PlayedRow {
    /// What it is like.
    pub(super) kind: u32,
    /// Its line, where that is known.
    pub(super) line: Option<u64>,
    /// When its request leaves, in milliseconds; `None`: never.
    pub(super) at: Option<f64>,
}

/// Rows that had no turn.
#[derive(Debug, Default)]
pub(super) struct Played {
    /// Their time, or the campaign's, is over first.
    pub(super) expired: NamedRows,
    /// Their hours never open.
    pub(super) never: NamedRows,
    /// Limits leave them unsent.
    pub(super) left: NamedRows,
}

/// A campaign that is played.
pub(super) struct Performance<'a, F> {
    conditions: Conditions,
    caps: Caps<'a>,
    kinds: &'a [RowKind],
    lanes: Vec<LaneRows>,
    pace: StartTimes,
    /// Rows that are claimed ahead, at most.
    ahead: usize,
    ready: VecDeque<(usize, EqualRows)>,
    /// Rows to be claimed again, before any other.
    due: VecDeque<(usize, EqualRows)>,
    /// Lanes that are open and have rows, by their ends.
    open: BTreeSet<(i64, usize)>,
    /// Lanes that the run looks through for rows in doubt before anything else: there are none, and still that is a claim.
    fresh: Vec<usize>,
    wakes: BTreeSet<(i64, usize)>,
    /// Until when a limit of the campaign leaves no more rows.
    spent_until: Option<UnixMillis>,
    /// Whether a row has given its place back since.
    given_back: bool,
    /// When the run ended that the limit ended.
    ended_at: i64,
    played: Played,
    told: F,
}

impl<'a, F: FnMut(PlayedRow)> Performance<'a, F> {
    pub(super) fn new(
        (conditions, limits): (Conditions, &'a ContactLimits),
        kinds: &'a [RowKind],
        lanes: Vec<LaneRows>,
        earlier: (EarlierContacts, NumberBook),
        told: F,
    ) -> Self {
        Self {
            caps: Caps::new(limits, earlier, conditions.from),
            pace: StartTimes::new(&conditions),
            ahead: rows_ahead(conditions.rate),
            conditions,
            kinds,
            lanes,
            ready: VecDeque::new(),
            due: VecDeque::new(),
            open: BTreeSet::new(),
            fresh: Vec::new(),
            wakes: BTreeSet::new(),
            spent_until: None,
            given_back: false,
            ended_at: 0,
            played: Played::default(),
            told,
        }
    }

    /// The whole campaign. Each row is told, those without a turn as well.
    pub(super) fn play(mut self) -> Played {
        let mut now = self.conditions.from.millis();
        self.begin(now);
        let mut idle = 0;
        while idle < STEPS && !self.conditions.schedule.is_over(UnixMillis::from_millis(now)) {
            self.wake(now);
            self.claim(now);
            if self.ready.is_empty() && self.looks_again() {
                continue;
            }
            if self.ready.is_empty() {
                idle += 1;
                self.ended_at = now;
                match self.next_change(now) {
                    Some(next) => now = next,
                    None => break,
                }
                continue;
            }
            let at = self.pace.next(float(now));
            if self.conditions.schedule.is_over(UnixMillis::from_millis(floor(at))) {
                break;
            }
            self.launch(at);
            now = floor(at);
        }
        self.leave(now);
        self.played
    }

    /// A run begins.
    fn begin(&mut self, now: i64) {
        self.lanes.iter_mut().for_each(|lane| lane.begin(now));
        self.fresh = (0..self.lanes.len()).filter(|id| !self.lanes[*id].is_empty()).collect();
        (0..self.lanes.len()).for_each(|lane| self.refresh(lane, now));
    }

    /// A limit is reached, and a row has given its place back that does not wait for its lane: another one may have it.
    fn looks_again(&mut self) -> bool {
        let again =
            self.given_back && self.due.is_empty() && self.lanes.iter().all(|lane| lane.held.is_empty());
        let again = again && self.spent_until.is_some();
        if again {
            (self.spent_until, self.given_back) = (None, false);
            self.lanes
                .iter_mut()
                .filter(|lane| !lane.is_empty())
                .for_each(|lane| lane.next_wait = Some(i64::MIN));
        }
        again
    }

    /// When there may be something to claim.
    fn next_change(&self, now: i64) -> Option<i64> {
        let spent = self.spent_until.map(UnixMillis::millis);
        match spent {
            Some(NEVER) => None,
            Some(until) => Some(until),
            None => self.wakes.first().map(|(at, _)| (*at).max(now)),
        }
    }

    /// Lanes that opened or closed, or whose next row's moment has come.
    fn wake(&mut self, now: i64) {
        while let Some((_, lane)) = self.wakes.first().copied().filter(|(at, _)| *at <= now) {
            self.refresh(lane, now);
        }
        if self.spent_until.is_some_and(|until| until.millis() <= now) {
            (self.spent_until, self.given_back) = (None, false);
            self.pace.begin_again(float(now), float(now - self.ended_at));
            self.begin_again(now);
        }
    }

    /// Another run begins: what the one before had put aside is in the order of the file again.
    fn begin_again(&mut self, now: i64) {
        let due = std::mem::take(&mut self.due);
        for id in 0..self.lanes.len() {
            let lane = &mut self.lanes[id];
            let mut back: Vec<EqualRows> = lane.held.drain(..).collect();
            back.extend(due.iter().filter(|(of, _)| *of == id).map(|(_, run)| *run));
            for runs in lane.waiting.values_mut() {
                back.extend(runs.iter().filter(|run| run.limited));
                runs.retain(|run| !run.limited);
            }
            lane.waiting.retain(|_, runs| !runs.is_empty());
            if !back.is_empty() {
                back.iter_mut().for_each(|run| run.limited = false);
                back.extend(lane.queue.drain(..));
                back.sort_by_key(|run| if run.line == 0 { u32::MAX } else { run.line });
                lane.queue = back.into();
            }
        }
        self.begin(now);
    }

    /// Where a lane stands among the others now, and when that changes by itself.
    fn refresh(&mut self, id: usize, now: i64) {
        let lane = &mut self.lanes[id];
        let is_open = lane.is_open(float(now));
        if is_open {
            self.due.extend(lane.held.drain(..).map(|run| (id, run)));
        }
        let changes = lane.changes_at(now);
        let place = (is_open && (lane.waited(now) || !lane.queue.is_empty())).then(|| {
            let closes = changes.unwrap_or(NEVER);
            lane.known_end.map_or(closes, |end| end.min(closes))
        });
        if place != lane.place {
            lane.place.inspect(|ends| _ = self.open.remove(&(*ends, id)));
            place.inspect(|ends| _ = self.open.insert((*ends, id)));
            lane.place = place;
        }
        let wake = match is_open {
            true => changes.into_iter().chain(lane.next_wait.filter(|begin| *begin > now)).min(),
            false => changes,
        };
        let wake = wake.filter(|at| !lane.is_empty() && *at > now);
        if wake != lane.wake {
            lane.wake.inspect(|at| _ = self.wakes.remove(&(*at, id)));
            wake.inspect(|at| _ = self.wakes.insert((*at, id)));
            lane.wake = wake;
        }
    }

    /// Claims rows as the engine does: half of what it keeps ready at a time.
    fn claim(&mut self, now: i64) {
        while self.ready.len() <= self.ahead / 2 {
            let room = self.ahead - self.ready.len();
            if !self.due.is_empty() {
                for (lane, run) in self.due.drain(..room.min(self.due.len())).collect::<Vec<_>>() {
                    if self.take(lane, run, now) == RowFate::Left {
                        self.lanes[lane].queue.push_front(run);
                    }
                }
            } else if self.spent_until.is_some() || !self.claim_lanes(room, now) {
                return;
            }
        }
    }

    /// Of each open lane once, those that end soonest first. Says whether there was anything.
    fn claim_lanes(&mut self, mut room: usize, now: i64) -> bool {
        let lanes = &mut self.lanes;
        let mut seen: Vec<usize> = self.fresh.extract_if(.., |id| lanes[*id].is_open(float(now))).collect();
        while room > 0 && seen.len() < LANES_AT_ONCE && self.spent_until.is_none() {
            let Some(id) = self.open.iter().map(|(_, id)| *id).find(|id| !seen.contains(id)) else { break };
            seen.push(id);
            let waited = self.lanes[id].waited(now);
            while room > 0 && self.spent_until.is_none() {
                let lane = &mut self.lanes[id];
                let next =
                    if waited { lane.next_waited(now) } else { pop(&mut lane.queue).map(|run| (run, None)) };
                let Some((run, begin)) = next else { break };
                match self.take(id, run, now) {
                    RowFate::Ready => room -= 1,
                    RowFate::PutAside => {}
                    RowFate::Left => {
                        let lane = &mut self.lanes[id];
                        let runs =
                            begin.map_or(&mut lane.queue, |begin| lane.waiting.entry(begin).or_default());
                        runs.push_front(run);
                    }
                }
            }
            let lane = &mut self.lanes[id];
            if waited && room > 0 {
                lane.next_wait = lane.waiting.first_key_value().map(|(begin, _)| *begin);
            }
            if lane.known_end.is_some() {
                lane.forget_ends(now);
                lane.known_end = lane.ends.first_key_value().map(|(end, _)| *end);
            }
            self.refresh(id, now);
        }
        !seen.is_empty()
    }

    /// Claims a row, or puts it aside.
    fn take(&mut self, id: usize, run: EqualRows, now: i64) -> RowFate {
        let kind = self.kinds[run.kind as usize];
        if kind.end <= now {
            self.expire(run);
            return RowFate::PutAside;
        }
        let leave = self.caps.take(run.line, kind.cost, UnixMillis::from_millis(now));
        let lane = &mut self.lanes[id];
        match leave {
            Leave::Granted => {
                lane.claimed(kind.end);
                self.ready.push_back((id, run));
                return RowFate::Ready;
            }
            Leave::Held(until) => {
                lane.wait(run, until.millis());
            }
            Leave::LeftOut => {
                lane.claimed(kind.end);
                self.leave_out(run, |played| &mut played.left);
            }
            Leave::Spent(until) => {
                self.spent_until = Some(until);
                return RowFate::Left;
            }
        }
        RowFate::PutAside
    }

    /// A permit: the request of the next row leaves that is still open. Without one, the permit is lost.
    fn launch(&mut self, at: f64) {
        let now = floor(at);
        let mut touched = Vec::new();
        let mut left = false;
        while let Some((id, run)) = self.ready.pop_front() {
            let kind = self.kinds[run.kind as usize];
            let lane = &mut self.lanes[id];
            if kind.end <= now {
                self.caps.give_back(run.line, kind.cost);
                self.given_back |= self.spent_until.is_some();
                self.expire(run);
            } else if lane.is_open(at) {
                self.caps.started(run.line, UnixMillis::from_millis(now));
                (self.told)(PlayedRow { kind: run.kind, line: line(run), at: Some(at) });
                left = true;
                break;
            } else {
                self.caps.give_back(run.line, kind.cost);
                self.given_back |= self.spent_until.is_some();
                lane.hold(run, kind.end);
                touched.push(id);
            }
        }
        match left {
            true => self.pace.start(at),
            false => self.pace.lose(at),
        }
        touched.into_iter().for_each(|id| self.refresh(id, now));
    }

    fn expire(&mut self, run: EqualRows) {
        self.leave_out(run, |played| &mut played.expired);
    }

    fn leave_out(&mut self, run: EqualRows, to: impl Fn(&mut Played) -> &mut NamedRows) {
        for _ in 0..run.rows {
            to(&mut self.played).add(line(run));
            (self.told)(PlayedRow { kind: run.kind, line: line(run), at: None });
        }
    }

    /// The end: what is left has no turn, because a limit is reached, the campaign or its own time is over, or because its hours
    /// never open.
    fn leave(&mut self, now: i64) {
        let limited = self.spent_until.is_some();
        let ends = self.conditions.schedule.end.is_some();
        let mut left: Vec<EqualRows> =
            self.ready.drain(..).chain(self.due.drain(..)).map(|(_, run)| run).collect();
        for lane in &mut self.lanes {
            left.extend(lane.held.drain(..).chain(lane.queue.drain(..)));
            left.extend(std::mem::take(&mut lane.waiting).into_values().flatten());
        }
        for run in left {
            let end = self.kinds[run.kind as usize].end;
            match limited {
                _ if end <= now => self.expire(run),
                true => self.leave_out(run, |played| &mut played.left),
                false if ends || end != NEVER => self.expire(run),
                false => self.leave_out(run, |played| &mut played.never),
            }
        }
        for rows in [&mut self.played.expired, &mut self.played.never, &mut self.played.left] {
            rows.lines.sort_unstable();
        }
    }
}

fn line(run: EqualRows) -> Option<u64> {
    (run.line > 0).then(|| run.line.into())
}

/// How many requests leave in about a second: so many rows are claimed ahead.
fn rows_ahead(rate: f64) -> usize {
    const MOST: f64 = 2_048.0;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 1 and 2048")]
    let rows = rate.ceil().clamp(1.0, MOST) as usize;
    rows
}
