//! A campaign played before it begins: its rows, in the order in which the engine will claim them, each with the moment of its
//! request.
//!
//! It is the engine's own course without its waiting: rows are claimed about a second ahead, of the open lanes the one
//! that ends soonest first, of a lane those first that waited until a moment; what hours or times overtake between claim
//! and permit goes back and costs the permit. Answers are taken to come at once, and every row to be started by its first
//! request.
//!
//! A sender is one more thing that a lane waits for: a row leaves with a permit of its account and the parts of its sender. Of
//! several accounts the one whose next permit comes first goes first, where a row of it can leave with that.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap, VecDeque};

use super::AHEAD;
use super::caps::{Caps, EarlierContacts, Leave, NumberBook};
use super::course::{Conditions, NamedRows};
use super::lane_rows::{Awaited, EqualRows, LaneRows, NEVER, RowKind, pop};
use super::senders::{ForeseenSender, SenderPaces};
use crate::domain::limits::ContactLimits;
use crate::domain::unix_millis::UnixMillis;

/// How long a claim takes, in milliseconds: the journal gathers what it commits for so long.
const COMMIT: i64 = 20;
/// Rows of one claim, at most.
const LARGEST_CLAIM: usize = 2_048;
/// Lanes that one claim looks into, at most.
const LANES_AT_ONCE: usize = 64;
/// Steps without a request that are followed, at most: years of openings and closings.
const STEPS: usize = 1_000_000;

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
    pub(super) at: Option<i64>,
}

/// Rows that had no turn.
#[derive(Debug, Default)]
pub(super) struct Played {
    /// Their time, or the campaign's, is over first.
    pub(super) expired: NamedRows,
    /// Their hours never open.
    pub(super) never: NamedRows,
    /// Limits of the campaign leave them unsent.
    pub(super) left: NamedRows,
    /// Their numbers have had as many contacts as they may get, and they do not wait for that.
    pub(super) left_out: NamedRows,
    /// Whether a run ends because its day is full.
    pub(super) ends_with_a_day: bool,
    /// Whether there is a time when all rows that are left wait.
    pub(super) waits: bool,
}

/// What a campaign that is played keeps to.
pub(super) struct PlayRules<'a> {
    pub(super) conditions: Conditions,
    pub(super) limits: &'a ContactLimits,
    /// When the run begins, which may be before the campaign may.
    pub(super) began: UnixMillis,
    pub(super) senders: &'a [ForeseenSender],
    /// Contacts that the run starts, at most.
    pub(super) most: Option<u64>,
}

/// A campaign that is played.
pub(super) struct Performance<'a, F> {
    conditions: Conditions,
    caps: Caps<'a>,
    kinds: &'a [RowKind],
    lanes: Vec<LaneRows>,
    /// What is ready, by sender, and when their accounts have permits.
    senders: SenderPaces,
    /// What a claim took, and when that is durable.
    claiming: Option<(i64, Vec<(usize, EqualRows)>)>,
    claimed: Vec<(usize, EqualRows)>,
    /// The lanes of each sender.
    lanes_of: HashMap<usize, Vec<usize>>,
    /// Contacts that this run may still start, where it was asked for so many.
    most: Option<u64>,
    /// Rows to be claimed again, before any other.
    due: VecDeque<(usize, EqualRows)>,
    /// Lanes that are open and have rows, by their ends.
    open: BTreeSet<(i64, usize)>,
    /// Lanes that the run looks through for rows in doubt before anything else: there are none, and still that is a claim.
    fresh: Vec<usize>,
    wakes: BTreeSet<(i64, usize)>,
    /// Of rows that wait for the same: the line of the first of them, and until when.
    first_to_wait: HashMap<Awaited, (u32, UnixMillis)>,
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
        PlayRules { conditions, limits, began, senders, most }: PlayRules<'a>,
        kinds: &'a [RowKind],
        lanes: Vec<LaneRows>,
        earlier: (EarlierContacts, NumberBook),
        told: F,
    ) -> Self {
        let mut lanes_of: HashMap<usize, Vec<usize>> = HashMap::new();
        for (id, lane) in lanes.iter().enumerate() {
            lanes_of.entry(lane.sender).or_default().push(id);
        }
        Self {
            senders: SenderPaces::new(senders, &conditions, began),
            claiming: None,
            claimed: Vec::new(),
            lanes_of,
            most,
            caps: Caps::new(limits, earlier, conditions.from),
            conditions,
            kinds,
            lanes,
            due: VecDeque::new(),
            open: BTreeSet::new(),
            fresh: Vec::new(),
            wakes: BTreeSet::new(),
            first_to_wait: HashMap::new(),
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
            self.on_claimed(now);
            self.claim(now);
            let claimed_at = self.claiming.as_ref().map(|claim| claim.0);
            let next = self.senders.next(now);
            if let Some(turn) = self.next_turn(now)
                && next.is_some_and(|(next, _)| turn < next)
                && claimed_at.is_none_or(|claimed| turn < claimed)
            {
                now = turn;
                continue;
            }
            match (next, claimed_at) {
                (None, Some(claimed)) => now = claimed,
                (Some((next, _)), Some(claimed)) if claimed <= next => now = claimed,
                (Some((next, account)), _) => {
                    now = next;
                    if self.conditions.schedule.is_over(UnixMillis::from_millis(now)) {
                        break;
                    }
                    self.launch(account, now);
                    if self.most == Some(0) {
                        return self.played;
                    }
                }
                (None, None) if self.looks_again() => {}
                (None, None) => {
                    idle += 1;
                    self.ended_at = now;
                    self.played.ends_with_a_day |=
                        self.spent_until.is_some_and(|until| until != UnixMillis::NEVER);
                    match self.next_change(now) {
                        Some(next) => {
                            self.played.waits |= self.spent_until.is_none();
                            now = next;
                        }
                        None => break,
                    }
                }
            }
        }
        if self.most.is_none() || self.spent_until.is_none() {
            self.leave(now);
        }
        self.played
    }

    /// A run begins.
    fn begin(&mut self, now: i64) {
        let kinds = self.kinds;
        self.first_to_wait.clear();
        let over: Vec<EqualRows> =
            self.lanes.iter_mut().flat_map(|lane| lane.begin(now, |kind| kinds[kind as usize].end)).collect();
        over.into_iter().for_each(|run| self.expire(run));
        self.senders.wait(self.lanes.iter().map(|lane| (lane.sender, lane.rows)));
        self.fresh = (0..self.lanes.len()).filter(|id| !self.lanes[*id].is_empty()).collect();
        (0..self.lanes.len()).for_each(|lane| self.refresh(lane, now));
    }

    /// When a lane of another sender has its turn, while rows that are ready wait for theirs.
    fn next_turn(&self, now: i64) -> Option<i64> {
        let next = self.wakes.first().filter(|_| self.senders.are_several());
        next.map(|(at, _)| *at).filter(|at| *at > now)
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

    /// When there may be something to claim. A run of so many contacts ends where a limit of the campaign does.
    fn next_change(&self, now: i64) -> Option<i64> {
        let spent = self.spent_until.map(UnixMillis::millis);
        match spent {
            Some(NEVER) => None,
            Some(_) if self.most.is_some() => None,
            Some(until) => Some(until),
            None => self.wakes.first().map(|(at, _)| (*at).max(now)).filter(|_| self.is_waited_for(now)),
        }
    }

    /// Whether a run waits for a row that is left: not for one whose own time begins too far ahead. It does for limits of its
    /// number, however long that takes.
    fn is_waited_for(&self, now: i64) -> bool {
        let too_late = UnixMillis::from_millis(now).plus(AHEAD).millis();
        self.lanes.iter().any(|lane| {
            let first = lane.waiting.first_key_value();
            !lane.queue.is_empty()
                || !lane.held.is_empty()
                || first.is_some_and(|(at, runs)| *at < too_late || runs.iter().any(|run| run.limited))
        })
    }

    /// Lanes that opened or closed, or whose next row's moment has come.
    fn wake(&mut self, now: i64) {
        while let Some((_, lane)) = self.wakes.first().copied().filter(|(at, _)| *at <= now) {
            self.refresh(lane, now);
        }
        if self.spent_until.is_some_and(|until| until.millis() <= now) {
            (self.spent_until, self.given_back) = (None, false);
            self.senders.begin_again(now, now - self.ended_at);
            self.begin_again(now);
        }
    }

    /// Another run begins.
    fn begin_again(&mut self, now: i64) {
        let due = std::mem::take(&mut self.due);
        for (id, lane) in self.lanes.iter_mut().enumerate() {
            lane.begin_again(due.iter().filter(|(of, _)| *of == id).map(|(_, run)| *run));
        }
        self.begin(now);
    }

    /// Where a lane stands among the others now, and when that changes by itself.
    fn refresh(&mut self, id: usize, now: i64) {
        let lane = &mut self.lanes[id];
        let full_until = self.senders.closed_until(lane.sender, now);
        let is_open = full_until.is_none() && lane.is_open(now);
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
            false => changes.into_iter().chain(full_until).min(),
        };
        let wake = wake.filter(|at| !lane.is_empty() && *at > now);
        if wake != lane.wake {
            lane.wake.inspect(|at| _ = self.wakes.remove(&(*at, id)));
            wake.inspect(|at| _ = self.wakes.insert((*at, id)));
            lane.wake = wake;
        }
    }

    /// Claims rows as the engine does: half of what it keeps ready at a time, one claim after the other.
    fn claim(&mut self, now: i64) {
        let several = self.senders.are_several();
        if self.claiming.is_some() || (!several && !self.senders.is_low(0)) {
            return;
        }
        let room = if several { LARGEST_CLAIM } else { self.senders.room(0, now) };
        if !self.due.is_empty() {
            for (lane, run) in self.due.drain(..room.min(self.due.len())).collect::<Vec<_>>() {
                if self.take(lane, run, now) == RowFate::Left {
                    self.lanes[lane].queue.push_front(run);
                }
            }
        } else if self.spent_until.is_some() || !self.claim_lanes(room.min(self.allowance()), now) {
            return;
        }
        self.claiming = Some((now.saturating_add(COMMIT), std::mem::take(&mut self.claimed)));
    }

    /// What was claimed is ready once it is durable.
    fn on_claimed(&mut self, now: i64) {
        let Some((_, rows)) = self.claiming.take_if(|claim| claim.0 <= now) else { return };
        for (lane, run) in rows {
            let kind = self.kinds[run.kind as usize];
            self.senders.push(kind.sender, lane, run, kind);
        }
    }

    /// How many more rows the run may begin with.
    fn allowance(&self) -> usize {
        let Some(most) = self.most else { return usize::MAX };
        let held: usize = self.lanes.iter().map(|lane| lane.held.len()).sum();
        usize::try_from(most)
            .unwrap_or(usize::MAX)
            .saturating_sub(self.senders.ready() + self.due.len() + held)
    }

    /// The lanes of a claim: how many it looks into for rows in doubt, and then those that end soonest. `None` where no sender
    /// needs any.
    fn lanes_to_claim(&mut self, now: i64) -> Option<Vec<usize>> {
        let several = self.senders.are_several();
        let Self { lanes, senders, fresh, open, .. } = self;
        let has_room = |sender: usize| !several || senders.room(sender, now) > 0;
        let looked: Vec<usize> = fresh
            .iter()
            .copied()
            .filter(|id| {
                let lane = &mut lanes[*id];
                senders.closed_until(lane.sender, now).is_none() && has_room(lane.sender) && lane.is_open(now)
            })
            .collect();
        let claimed: Vec<usize> = open
            .iter()
            .map(|(_, id)| *id)
            .filter(|id| !looked.contains(id) && has_room(lanes[*id].sender))
            .take(LANES_AT_ONCE.saturating_sub(looked.len()))
            .collect();
        let mut all = looked.iter().chain(&claimed);
        if !all.any(|id| !several || senders.is_low(lanes[*id].sender)) {
            return None;
        }
        fresh.retain(|id| !looked.contains(id));
        for id in looked {
            self.lanes[id].look_at_ends(now);
            self.refresh(id, now);
        }
        Some(claimed)
    }

    /// Of each open lane once, those that end soonest first. Says whether there was anything.
    fn claim_lanes(&mut self, mut room: usize, now: i64) -> bool {
        if room == 0 {
            return false;
        }
        let several = self.senders.are_several();
        let Some(ids) = self.lanes_to_claim(now) else { return false };
        for id in ids {
            if room == 0 || self.spent_until.is_some() {
                break;
            }
            let sender = self.lanes[id].sender;
            let waited = self.lanes[id].waited(now);
            let taken = self.claimed.iter().filter(|(lane, _)| self.lanes[*lane].sender == sender).count();
            let own = self.senders.room(sender, now).saturating_sub(taken);
            let mut own = if several { own.min(room) } else { room };
            if own == 0 {
                continue;
            }
            while own > 0 && self.spent_until.is_none() {
                let lane = &mut self.lanes[id];
                let next =
                    if waited { lane.next_waited(now) } else { pop(&mut lane.queue).map(|run| (run, None)) };
                let Some((run, begin)) = next else { break };
                match self.take(id, run, now) {
                    RowFate::Ready => {
                        begin.inspect(|begin| self.lanes[id].begun(run, *begin));
                        (own, room) = (own - 1, room - 1);
                        self.senders.taken(sender);
                    }
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
            if waited && own > 0 {
                lane.next_wait = lane.waiting.first_key_value().map(|(begin, _)| *begin);
            }
            lane.look_at_ends(now);
            self.refresh(id, now);
        }
        true
    }

    /// Claims a row, or puts it aside.
    fn take(&mut self, id: usize, run: EqualRows, now: i64) -> RowFate {
        let kind = self.kinds[run.kind as usize];
        if kind.end <= now {
            self.expire(run);
            self.move_up(id, run, now);
            return RowFate::PutAside;
        }
        let leave = self.caps.take(run.line, kind.cost, UnixMillis::from_millis(now));
        let lane = &mut self.lanes[id];
        match leave {
            Leave::Granted => {
                lane.claimed(kind.end);
                self.claimed.push((id, run));
                self.move_up(id, run, now);
                return RowFate::Ready;
            }
            Leave::Held(until) => self.wait(id, run, until),
            Leave::LeftOut => {
                lane.claimed(kind.end);
                self.leave_out(run, |played| &mut played.left_out);
                self.move_up(id, run, now);
            }
            Leave::Spent(until) => {
                self.spent_until = Some(until);
                return RowFate::Left;
            }
        }
        RowFate::PutAside
    }

    /// A row waits for its number. Of equal ones with that number the first waits for all: they would be looked at again
    /// and again, each of them whenever one had its turn.
    fn wait(&mut self, id: usize, run: EqualRows, until: UnixMillis) {
        let lane = &mut self.lanes[id];
        let Some(number) = self.caps.number(run.line) else { return lane.wait(run, until.millis()) };
        let first = self
            .first_to_wait
            .entry(Awaited { lane: id, kind: run.kind, number })
            .or_insert((run.line, until));
        if first.0 < run.line && first.1 == until {
            return lane.wait_behind(first.0, run);
        }
        *first = (run.line, until);
        lane.wait(run, until.millis());
    }

    /// A row had its turn: if others of its number waited behind it, the next one's comes in the same claim.
    fn move_up(&mut self, id: usize, run: EqualRows, now: i64) {
        let Some(number) = self.caps.number(run.line) else { return };
        let Entry::Occupied(mut first) =
            self.first_to_wait.entry(Awaited { lane: id, kind: run.kind, number })
        else {
            return;
        };
        if first.get().0 != run.line {
            return;
        }
        match self.lanes[id].move_up(run.line, now) {
            Some(next) => *first.get_mut() = (next, UnixMillis::from_millis(now)),
            None => _ = first.remove(),
        }
    }

    /// A permit of an account: the request of its next row leaves that is still open. Without one, the permit is lost.
    fn launch(&mut self, account: usize, now: i64) {
        let mut touched = Vec::new();
        let mut left = None;
        while let Some((id, run)) = self.senders.pop(account, now) {
            let kind = self.kinds[run.kind as usize];
            let lane = &mut self.lanes[id];
            if kind.end <= now {
                self.caps.give_back(run.line, kind.cost, UnixMillis::from_millis(now));
                self.given_back |= self.spent_until.is_some();
                self.expire(run);
            } else if self.senders.closed_until(lane.sender, now).is_none() && lane.is_open(now) {
                lane.left(run);
                self.caps.started(run.line, UnixMillis::from_millis(now));
                (self.told)(PlayedRow { kind: run.kind, line: line(run), at: Some(now) });
                left = Some(kind);
                break;
            } else {
                self.put_back(id, run, now);
                touched.push(id);
            }
        }
        match left {
            Some(kind) => {
                self.most = self.most.map(|most| most.saturating_sub(1));
                if self.senders.left(kind.sender, kind.parts, now) {
                    self.close(kind.sender, now);
                }
            }
            None => self.senders.lose(account, now),
        }
        touched.into_iter().for_each(|id| self.refresh(id, now));
    }

    /// A row that was claimed waits until its lane opens.
    fn put_back(&mut self, id: usize, run: EqualRows, now: i64) {
        let kind = self.kinds[run.kind as usize];
        self.caps.give_back(run.line, kind.cost, UnixMillis::from_millis(now));
        self.given_back |= self.spent_until.is_some();
        self.lanes[id].hold(run, kind.end);
    }

    /// The day of a sender is full: its rows wait for the next.
    fn close(&mut self, sender: usize, now: i64) {
        for (id, run) in self.senders.take_of(sender) {
            self.put_back(id, run, now);
        }
        for id in self.lanes_of.get(&sender).cloned().unwrap_or_default() {
            self.refresh(id, now);
        }
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

    /// The end: what is left has no turn, because a limit is reached, the campaign or its own time is over, or because
    /// its hours never open.
    fn leave(&mut self, now: i64) {
        let limited = self.spent_until.is_some();
        let Conditions { schedule, .. } = self.conditions;
        let over = schedule.is_over(UnixMillis::from_millis(now));
        let ends = schedule.end.is_some_and(|end| end < UnixMillis::from_millis(now).plus(AHEAD));
        let mut left: Vec<EqualRows> =
            self.senders.take_all().into_iter().chain(self.due.drain(..)).map(|(_, run)| run).collect();
        left.extend(self.claiming.take().into_iter().flat_map(|claim| claim.1).map(|(_, run)| run));
        left.extend(self.lanes.iter_mut().flat_map(LaneRows::take_all));
        left.sort_by_key(|run| run.place());
        for run in left {
            let end = self.kinds[run.kind as usize].end;
            match limited {
                // What a limit leaves is left to another run: where the campaign is over, there is none.
                _ if over || end <= now => self.expire(run),
                true => self.leave_out(run, |played| &mut played.left),
                false if ends => self.expire(run),
                false => self.leave_out(run, |played| &mut played.never),
            }
        }
        let Played { expired, never, left, left_out, .. } = &mut self.played;
        for rows in [expired, never, left, left_out] {
            rows.lines.sort_unstable();
        }
    }
}

fn line(run: EqualRows) -> Option<u64> {
    (run.line > 0).then(|| run.line.into())
}
