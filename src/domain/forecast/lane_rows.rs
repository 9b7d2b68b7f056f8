//! The rows of a lane, as a campaign is played before it begins: in the order of the file, those that wait by their
//! moments, and those that were claimed and wait for the lane to open.

use std::collections::{BTreeMap, HashMap, VecDeque};

use super::course::timestamp;
use crate::domain::hours::calendar::{AskedCalendar, Calendar};
use crate::domain::phone::Region;
use crate::domain::unix_millis::UnixMillis;

/// No end: later than any.
pub(super) const NEVER: i64 = i64::MAX;

/// What rows are alike in that have the same lane.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct RowKind {
    /// Where its recipient may be.
    pub(super) zone: usize,
    /// Its sender's place; 0 where the campaign has one source for all.
    pub(super) sender: usize,
    /// Parts of its message.
    pub(super) parts: u32,
    /// The country that it goes to, and the segments of its message where that is known.
    pub(super) message: (Option<Region>, Option<u32>),
    /// From then on it is not sent to.
    pub(super) end: i64,
    /// What its contact costs, where that is limited.
    pub(super) cost: f64,
}

/// Equal rows beside each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct EqualRows {
    pub(super) kind: u32,
    /// The line of the only row; 0 where it is not known.
    pub(super) line: u32,
    pub(super) rows: u32,
    /// They wait for an earlier contact, or for a limit of their number.
    pub(super) limited: bool,
}

impl EqualRows {
    /// Its place in the file: behind all others where it is not known.
    pub(super) fn place(self) -> u32 {
        if self.line == 0 { u32::MAX } else { self.line }
    }
}

/// What rows of a lane wait for together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Awaited {
    pub(super) lane: usize,
    pub(super) kind: u32,
    /// Their number, and the pair of it and their sender.
    pub(super) number: (usize, u32),
}

/// The rows of a lane that have not had their turn.
#[derive(Debug, Clone)]
pub(super) struct LaneRows {
    /// The place of its sender.
    pub(super) sender: usize,
    /// `None`: at any hour. `Some(None)`: there are hours, and nothing says which of them are these rows'.
    hours: Option<Option<AskedCalendar>>,
    /// In the order of the file.
    pub(super) queue: VecDeque<EqualRows>,
    /// Rows that wait until a moment, in its order.
    pub(super) waiting: BTreeMap<i64, VecDeque<EqualRows>>,
    /// How many rows end when, of those whose time is over once.
    pub(super) ends: BTreeMap<i64, u64>,
    /// When the first of them ends, as far as the last claim knew.
    pub(super) known_end: Option<i64>,
    /// When the first row that waits may be claimed, as far as the last claim knew.
    pub(super) next_wait: Option<i64>,
    /// Rows that were claimed, and wait until the lane opens.
    pub(super) held: VecDeque<EqualRows>,
    /// Rows that wait behind another one of their number, by its line: they have their turn once it had its own. A claim finds
    /// all of them to wait, whenever it finds that one to.
    behind: HashMap<u32, VecDeque<EqualRows>>,
    /// The moments that rows waited for which are claimed and have not left, by their lines.
    begun: HashMap<u32, i64>,
    /// Rows that are left of it, as far as the run knows.
    pub(super) rows: u64,
    /// Its place among the open lanes, if it is one of them.
    pub(super) place: Option<i64>,
    /// When to look at it again.
    pub(super) wake: Option<i64>,
}

impl LaneRows {
    pub(super) fn new(hours: Option<Option<Calendar>>, sender: usize) -> Self {
        Self {
            sender,
            hours: hours.map(|hours| hours.map(AskedCalendar::new)),
            queue: VecDeque::new(),
            waiting: BTreeMap::new(),
            ends: BTreeMap::new(),
            known_end: None,
            next_wait: None,
            held: VecDeque::new(),
            behind: HashMap::new(),
            begun: HashMap::new(),
            rows: 0,
            place: None,
            wake: None,
        }
    }

    /// A run begins: what it knows of the lane. Gives the rows whose time is over, which leave it.
    pub(super) fn begin(&mut self, now: i64, end: impl Fn(u32) -> i64) -> Vec<EqualRows> {
        let mut over = Vec::new();
        for runs in self.waiting.values_mut().chain([&mut self.queue]) {
            runs.retain(|run| {
                let is_over = end(run.kind) <= now;
                over.extend(is_over.then_some(*run));
                !is_over
            });
        }
        self.waiting.retain(|_, runs| !runs.is_empty());
        let behind: Vec<EqualRows> =
            over.iter().filter_map(|run| self.behind.remove(&run.line)).flatten().collect();
        over.extend(behind);
        self.forget_ends(now);
        self.known_end = self.ends.first_key_value().map(|(end, _)| *end);
        self.next_wait = self.waiting.first_key_value().map(|(begin, _)| *begin);
        let runs = self.queue.iter().chain(self.waiting.values().flatten()).chain(&self.held);
        let runs = runs.chain(self.behind.values().flatten());
        self.rows = runs.map(|run| u64::from(run.rows)).sum();
        over
    }

    pub(super) fn is_empty(&self) -> bool {
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

    pub(super) fn is_open(&mut self, at: i64) -> bool {
        match &mut self.hours {
            None => true,
            Some(None) => false,
            Some(Some(calendar)) => is_open(calendar, at),
        }
    }

    /// When it opens or closes next.
    pub(super) fn changes_at(&mut self, now: i64) -> Option<i64> {
        let Some(Some(calendar)) = &mut self.hours else { return None };
        Some(calendar.at(timestamp(UnixMillis::from_millis(now))).until()?.as_millisecond())
    }

    /// Rows whose time is over count no more.
    fn forget_ends(&mut self, now: i64) {
        while self.ends.first_key_value().is_some_and(|(end, _)| *end <= now) {
            self.ends.pop_first();
        }
    }

    /// A claim finds out when the first row ends, where any does.
    pub(super) fn look_at_ends(&mut self, now: i64) {
        if self.known_end.is_some() {
            self.forget_ends(now);
            self.known_end = self.ends.first_key_value().map(|(end, _)| *end);
        }
    }

    pub(super) fn claimed(&mut self, end: i64) {
        if let Some(rows) = self.ends.get_mut(&end) {
            *rows -= 1;
            if *rows == 0 {
                self.ends.remove(&end);
            }
        }
    }

    pub(super) fn hold(&mut self, run: EqualRows, end: i64) {
        if end != NEVER {
            *self.ends.entry(end).or_default() += 1;
        }
        self.held.push_back(run);
    }

    /// The next row that waited until a moment which has come, in the order of moments; with its moment.
    pub(super) fn next_waited(&mut self, now: i64) -> Option<(EqualRows, Option<i64>)> {
        let mut entry = self.waiting.first_entry().filter(|entry| *entry.key() <= now)?;
        let begin = *entry.key();
        let run = pop(entry.get_mut());
        if entry.get().is_empty() {
            entry.remove();
        }
        run.map(|run| (run, Some(begin)))
    }

    /// Whether a claim looks for rows that waited first.
    pub(super) fn waited(&self, now: i64) -> bool {
        self.next_wait.is_some_and(|begin| begin <= now)
    }

    /// A row waits for a limit, and no longer for a moment of its own.
    pub(super) fn wait(&mut self, run: EqualRows, until: i64) {
        self.begun.remove(&run.line);
        self.wait_until(EqualRows { limited: true, ..run }, until);
        self.next_wait = Some(self.next_wait.map_or(until, |next| next.min(until)));
    }

    /// A row waits behind another one of its number and kind, which comes before it in the file.
    pub(super) fn wait_behind(&mut self, first: u32, run: EqualRows) {
        self.begun.remove(&run.line);
        self.behind.entry(first).or_default().push_back(EqualRows { limited: true, ..run });
    }

    /// The row that others wait behind had its turn: the next of them waits in its place, and they behind that one. Gives
    /// its line.
    pub(super) fn move_up(&mut self, first: u32, now: i64) -> Option<u32> {
        let mut behind = self.behind.remove(&first)?;
        let next = behind.pop_front()?;
        if !behind.is_empty() {
            self.behind.insert(next.line, behind);
        }
        self.wait(next, now);
        Some(next.line)
    }

    /// Every row that is left, which leaves it.
    pub(super) fn take_all(&mut self) -> impl Iterator<Item = EqualRows> {
        let waiting = std::mem::take(&mut self.waiting).into_values().flatten();
        let behind = std::mem::take(&mut self.behind).into_values().flatten();
        self.held.drain(..).chain(self.queue.drain(..)).chain(waiting).chain(behind)
    }

    /// Rows of one moment are claimed in the order of the file, whenever each was found to wait.
    fn wait_until(&mut self, run: EqualRows, until: i64) {
        let moment = self.waiting.entry(until).or_default();
        let behind = moment.iter().rposition(|other| other.place() <= run.place()).map_or(0, |at| at + 1);
        moment.insert(behind, run);
    }

    /// A row is claimed that had waited for this moment.
    pub(super) fn begun(&mut self, run: EqualRows, begin: i64) {
        if run.line > 0 && !run.limited {
            self.begun.insert(run.line, begin);
        }
    }

    /// A row that was claimed has left.
    pub(super) fn left(&mut self, run: EqualRows) {
        self.begun.remove(&run.line);
    }

    /// Another run begins: what the one before had claimed and put aside is where it was, and what waited for a limit is in the
    /// order of the file again, whatever its own time.
    pub(super) fn begin_again(&mut self, due: impl Iterator<Item = EqualRows>) {
        let claimed: Vec<EqualRows> = self.held.drain(..).chain(due).collect();
        let mut back = Vec::new();
        for run in claimed {
            match self.begun.remove(&run.line) {
                Some(begin) => self.wait_until(run, begin),
                None => back.push(run),
            }
        }
        back.extend(std::mem::take(&mut self.behind).into_values().flatten());
        for runs in self.waiting.values_mut() {
            back.extend(runs.iter().filter(|run| run.limited));
            runs.retain(|run| !run.limited);
        }
        self.waiting.retain(|_, runs| !runs.is_empty());
        if !back.is_empty() {
            back.iter_mut().for_each(|run| run.limited = false);
            back.extend(self.queue.drain(..));
            back.sort_by_key(|run| run.place());
            self.queue = back.into();
        }
    }
}

/// Whether hours are open.
pub(super) fn is_open(calendar: &mut AskedCalendar, at: i64) -> bool {
    calendar.at(timestamp(UnixMillis::from_millis(at))).is_open()
}

/// One row from the front.
pub(super) fn pop(runs: &mut VecDeque<EqualRows>) -> Option<EqualRows> {
    let first = runs.front_mut()?;
    let run = EqualRows { rows: 1, ..*first };
    first.rows -= 1;
    if first.rows == 0 {
        runs.pop_front();
    }
    Some(run)
}
