//! The lanes of a run: which of them are open, and how far each is claimed.
//!
//! Hours are asked of the wall clock each time, so that a clock that was set, or a machine that slept, changes what is open at
//! the next look. What the calendar of a lane said last holds until its next change, so that a look costs a comparison.

use jiff::Timestamp;

use crate::domain::hours::Hours;
use crate::domain::hours::calendar::{Calendar, Opening};
use crate::domain::unix_millis::UnixMillis;
use crate::journal::{LaneCursor, LaneId, OpenLane, Pass, RowId};

/// Lanes in one claim, at most: lanes of a few rows are claimed together, as each claim costs a commit.
const LANES_AT_ONCE: usize = 64;

/// How far a lane is claimed: first what earlier runs left in doubt, then what waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    Pass(Pass, RowId),
    /// Everything planned so far was claimed; the file is still being read.
    Waiting(RowId),
    Exhausted,
}

/// All lanes.
#[derive(Debug)]
pub(super) struct Lanes {
    hours: Option<Hours>,
    lanes: Vec<LaneState>,
}

#[derive(Debug)]
struct LaneState {
    id: Option<LaneId>,
    times: Times,
    source: Source,
    /// Rows that came back to wait until it opens.
    held: Vec<RowId>,
}

/// When a lane is open.
#[derive(Debug)]
enum Times {
    Always,
    /// There are hours, and nothing says which of them are the rows'.
    Never,
    By(Calendar, Option<(Timestamp, Opening)>),
}

/// What keeps all rows that are left from being claimed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct AllClosed {
    /// When the first lane opens; `None`: not within a year.
    pub(super) opens_at: Option<UnixMillis>,
}

impl Lanes {
    /// `reading`: the file may bring more rows.
    pub(super) fn new(hours: Option<Hours>, lanes: Vec<OpenLane>, reading: bool) -> Self {
        let mut all = Self { hours, lanes: Vec::new() };
        // Rows without a lane may come with the file; where there are hours, only what was planned without them has none.
        if all.hours.is_none() && lanes.first().is_none_or(|first| first.id.is_some()) {
            all.add(OpenLane { id: None, lane: None, rows: 0 }, Pass::InDoubt);
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

    /// The newest lane, behind which the file may bring others.
    pub(super) fn newest(&self) -> Option<LaneId> {
        self.lanes.iter().filter_map(|lane| lane.id).max()
    }

    /// Takes in lanes that the file has brought meanwhile. What is in doubt in them, this run has put there.
    pub(super) fn extend(&mut self, lanes: Vec<OpenLane>) {
        lanes.into_iter().for_each(|lane| self.add(lane, Pass::Queued));
    }

    fn add(&mut self, OpenLane { id, lane, .. }: OpenLane, pass: Pass) {
        let times = match (&self.hours, lane) {
            (None, _) => Times::Always,
            (Some(hours), Some(lane)) => Times::By(hours.of(&lane), None),
            (Some(_), None) => Times::Never,
        };
        let source = Source::Pass(pass, RowId::START);
        self.lanes.push(LaneState { id, times, source, held: Vec::new() });
    }

    /// Whether a lane is open.
    pub(super) fn is_open(&mut self, id: Option<LaneId>, now: UnixMillis) -> bool {
        self.lanes.iter_mut().find(|lane| lane.id == id).is_some_and(|lane| lane.times.is_open(now))
    }

    /// The open lanes to claim from, as many as one claim takes: what is in doubt first, then what closes soonest.
    pub(super) fn next(&mut self, now: UnixMillis) -> Vec<LaneCursor> {
        let mut open: Vec<(bool, Timestamp, LaneCursor)> = self
            .lanes
            .iter_mut()
            .filter_map(|lane| match lane.source {
                Source::Pass(pass, after) if lane.times.is_open(now) => {
                    let closes = lane.times.closes_at().unwrap_or(Timestamp::MAX);
                    Some((pass == Pass::Queued, closes, LaneCursor { lane: lane.id, pass, after }))
                }
                _ => None,
            })
            .collect();
        // Stable: lanes that close at once keep the order in which the file has them.
        open.sort_by_key(|(queued, closes, _)| (*queued, *closes));
        open.into_iter().take(LANES_AT_ONCE).map(|(.., cursor)| cursor).collect()
    }

    pub(super) fn source(&mut self, id: Option<LaneId>) -> Option<&mut Source> {
        self.lanes.iter_mut().find(|lane| lane.id == id).map(|lane| &mut lane.source)
    }

    /// The file has more: lanes that waited for it look again.
    pub(super) fn read_on(&mut self) {
        for lane in &mut self.lanes {
            if let Source::Waiting(after) = lane.source {
                lane.source = Source::Pass(Pass::Queued, after);
            }
        }
    }

    /// Everything from the beginning.
    pub(super) fn sweep(&mut self) {
        for lane in &mut self.lanes {
            lane.source = Source::Pass(Pass::Queued, RowId::START);
        }
    }

    /// A row waits until its lane opens.
    pub(super) fn hold(&mut self, id: Option<LaneId>, row: RowId) {
        if let Some(lane) = self.lanes.iter_mut().find(|lane| lane.id == id) {
            lane.held.push(row);
        }
    }

    /// Rows that wait until their lanes open.
    pub(super) fn held(&self) -> usize {
        self.lanes.iter().map(|lane| lane.held.len()).sum()
    }

    /// The rows whose lanes are open by now.
    pub(super) fn release(&mut self, now: UnixMillis, due: &mut Vec<RowId>) {
        for lane in &mut self.lanes {
            if !lane.held.is_empty() && lane.times.is_open(now) {
                due.append(&mut lane.held);
            }
        }
    }

    pub(super) fn forget_held(&mut self) {
        self.lanes.iter_mut().for_each(|lane| lane.held.clear());
    }

    /// Whether a lane can only go on with the file.
    pub(super) fn waits_for_file(&self) -> bool {
        self.lanes.iter().any(|lane| matches!(lane.source, Source::Waiting(_)))
    }

    /// Whether every lane was claimed to its end, and no row waits for one to open.
    pub(super) fn is_exhausted(&self) -> bool {
        self.lanes.iter().all(|lane| lane.source == Source::Exhausted && lane.held.is_empty())
    }

    /// What keeps everything that is left waiting, where it is hours alone.
    pub(super) fn all_closed(&mut self, now: UnixMillis) -> Option<AllClosed> {
        let mut opens_at: Option<UnixMillis> = None;
        let mut any = false;
        for lane in &mut self.lanes {
            if lane.held.is_empty() && !matches!(lane.source, Source::Pass(..)) {
                continue;
            }
            if lane.times.is_open(now) {
                return None;
            }
            any = true;
            let opens = lane.times.opens_at().map(|at| UnixMillis::from_millis(at.as_millisecond()));
            opens_at = match (opens_at, opens) {
                (Some(known), Some(other)) => Some(known.min(other)),
                (known, other) => known.or(other),
            };
        }
        any.then_some(AllClosed { opens_at })
    }
}

impl Times {
    fn is_open(&mut self, now: UnixMillis) -> bool {
        let Self::By(calendar, said) = self else { return matches!(self, Self::Always) };
        let now = Timestamp::from_millisecond(now.millis()).unwrap_or(Timestamp::MAX);
        let holds = |(from, opening): &(Timestamp, Opening)| {
            *from <= now
                && opening.until().map_or(from.duration_since(now).as_hours().abs() < 24, |until| now < until)
        };
        if !said.as_ref().is_some_and(holds) {
            *said = Some((now, calendar.at(now)));
        }
        said.as_ref().is_some_and(|(_, opening)| opening.is_open())
    }

    fn closes_at(&self) -> Option<Timestamp> {
        match self {
            Self::By(_, Some((_, opening))) if opening.is_open() => opening.until(),
            _ => None,
        }
    }

    fn opens_at(&self) -> Option<Timestamp> {
        match self {
            Self::By(_, Some((_, opening))) if !opening.is_open() => opening.until(),
            _ => None,
        }
    }
}
