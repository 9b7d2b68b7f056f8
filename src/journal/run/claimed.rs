//! What claims are asked for, and what they give.

use std::collections::HashMap;
use std::sync::Arc;

use rusqlite::Transaction;

use crate::domain::delivery::state::{Doubt, State};
use crate::domain::limits::LimitReached;
use crate::domain::message::body_template::BodyTemplate;
use crate::domain::unix_millis::UnixMillis;
use crate::journal::error::JournalError;
use crate::journal::row::{Frozen, LaneId, RowId, SenderId};

/// Which rows a claim looks through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pass {
    /// Rows whose outcome an earlier run left unknown.
    InDoubt,
    /// Rows that wait for their turn alone.
    Queued,
    /// Rows that waited until a moment which has come: those of this moment behind the cursor's row, and of later ones.
    Waited(UnixMillis),
}

/// A row whose attempt is durable: a request for it may leave.
#[derive(Debug, Clone)]
pub struct Claimed {
    /// The row.
    pub id: RowId,
    /// Its line in the file, where it is still in it.
    pub line: Option<u64>,
    /// Its lane; `None` where it was planned without hours.
    pub lane: Option<LaneId>,
    /// Its sender; `None` where the campaign has one source for all.
    pub sender: Option<SenderId>,
    /// The moment until which it waited.
    pub waited_until: Option<UnixMillis>,
    /// From then on it is not sent to.
    pub not_after: Option<UnixMillis>,
    /// What is sent.
    pub frozen: Frozen,
    /// Attempts over all runs, this one included.
    pub attempts: u32,
    /// Whether an earlier attempt may have started a contact.
    pub earlier: Doubt,
    /// The first attempt that may have started a contact: an earlier one, or this one.
    pub doubt_at: UnixMillis,
    /// When the request of this attempt left; `None` before that.
    pub requested_at: Option<UnixMillis>,
}

/// How far a lane is claimed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LaneCursor {
    /// The lane; `None`: rows that were planned without hours.
    pub lane: Option<LaneId>,
    /// The sender of the lane.
    pub sender: Option<SenderId>,
    /// Rows of this sender, at most, over all lanes of the claim.
    pub most: u32,
    /// The pass.
    pub pass: Pass,
    /// The row that the next one comes behind.
    pub after: RowId,
    /// Whether the claim is to say when the first row's time is over that it leaves.
    pub ends: bool,
}

/// Which rows a claim takes: at most `most`, of the first lane until it has no more, then of the second, and so on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimRequest {
    /// The lanes, each of them once.
    pub lanes: Vec<LaneCursor>,
    /// How many rows, over all lanes.
    pub most: u32,
}

impl ClaimRequest {
    /// Of rows that were planned without hours.
    #[must_use]
    pub fn new(pass: Pass, after: RowId, most: u32) -> Self {
        Self { lanes: vec![LaneCursor { lane: None, sender: None, most, pass, after, ends: false }], most }
    }
}

/// How many rows of each lane a claim still has room for: the claim itself and whoever asked for it count alike.
#[derive(Debug)]
pub struct ClaimRoom {
    left: usize,
    by_sender: HashMap<Option<SenderId>, usize>,
}

impl ClaimRoom {
    /// All of it.
    #[must_use]
    pub fn of(request: &ClaimRequest) -> Self {
        Self { left: request.most as usize, by_sender: HashMap::new() }
    }

    /// Whether there is none in any lane.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.left == 0
    }

    /// Rows that the lane may have.
    #[must_use]
    pub fn room(&self, cursor: &LaneCursor) -> usize {
        let taken = self.by_sender.get(&cursor.sender).copied().unwrap_or(0);
        self.left.min((cursor.most as usize).saturating_sub(taken))
    }

    /// The lane has so many.
    pub fn take(&mut self, cursor: &LaneCursor, rows: usize) {
        self.left -= rows;
        *self.by_sender.entry(cursor.sender).or_default() += rows;
    }
}

/// What a claim came to.
#[derive(Debug, Clone, Default)]
pub struct Claim {
    /// The rows, in order.
    pub rows: Vec<Claimed>,
    /// The lines of rows that waited and are on a suppression list now: they wait no more. `None` for one that is not in
    /// the file.
    pub suppressed: Vec<Option<u64>>,
    /// The lines of rows whose time is over: they wait no more.
    pub expired: Vec<Option<u64>>,
    /// When the first row of a lane that waits until a moment may be claimed, of lanes that were asked.
    pub wakes: Vec<Wake>,
    /// When the time of the first row of a lane is over that still waits, of lanes that were asked for it; `None` where no
    /// row's is.
    pub ends: Vec<(Option<LaneId>, Option<UnixMillis>)>,
    /// The claim ended in this lane, behind this row, and there are more: a limit left none, or it had put enough aside.
    pub stopped_at: Option<LaneCursor>,
    /// The campaign's own limit that left rows unclaimed.
    pub limited: Option<LimitReached>,
}

/// When a row of a lane may be claimed that waits until a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wake {
    /// The lane.
    pub lane: Option<LaneId>,
    /// When.
    pub at: UnixMillis,
    /// Whether it waits for a limit or an earlier contact, and not for its own time.
    pub limited: bool,
}

impl Claim {
    pub(in crate::journal) fn with(self, rows: Vec<(Claimed, State)>) -> Self {
        Self { rows: rows.into_iter().map(|row| row.0).collect(), ..self }
    }
}

/// The shapes of a campaign, read once.
#[derive(Debug, Default)]
pub(in crate::journal) struct Shapes(HashMap<i64, Arc<BodyTemplate>>);

impl Shapes {
    pub(in crate::journal) fn get(
        &mut self,
        tx: &Transaction<'_>,
        id: i64,
    ) -> Result<Arc<BodyTemplate>, JournalError> {
        if let Some(shape) = self.0.get(&id) {
            return Ok(Arc::clone(shape));
        }
        let text: String = tx
            .prepare_cached("SELECT request FROM shape WHERE id = ?1")?
            .query_row([id], |row| row.get(0))?;
        let shape = serde_json::from_str(&text)
            .map_err(|error| JournalError::Unreadable { row: id, what: format!("its request: {error}") })?;
        let shape = Arc::new(BodyTemplate::new(shape));
        self.0.insert(id, Arc::clone(&shape));
        Ok(shape)
    }
}
