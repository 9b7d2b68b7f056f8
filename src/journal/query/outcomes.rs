//! What overviews read: of every row what became of it, without its cells and payload. Many times faster than the
//! records of [`Snapshot::each_record`], and in no particular order.

use std::collections::HashMap;

use rusqlite::Row;

use crate::domain::delivery::state::State;
use crate::domain::message::request::{Leaf, Message, RequestTemplate, SegmentValue};
use crate::domain::unix_millis::UnixMillis;
use crate::journal::error::JournalError;
use crate::journal::file::open::Reader;
use crate::journal::query::cells::Cells;
use crate::journal::query::shapes::shapes;
use crate::journal::query::snapshot::Snapshot;
use crate::journal::row::{CampaignId, StampColumn, StateColumn};

/// What became of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowOutcome<'r> {
    /// Its line in the file last read; `None` where it is not in it any more.
    pub line: Option<u64>,
    /// What makes it the same recipient; `None` where it was rejected.
    pub key: Option<&'r str>,
    /// E.164; `None` where it was rejected.
    pub destination: Option<&'r str>,
    /// Where it stands.
    pub state: State,
    /// The source endpoint's address; `None` where it was rejected.
    pub source: Option<&'r str>,
    /// The text that its contact was started with, where that is an SMS; `None` where the flow has it, or it was purged.
    pub message: Option<&'r str>,
    /// Requests made for it, over all runs.
    pub attempts: u32,
    /// The last refusal's or the rejection's code.
    pub code: Option<&'r str>,
    /// The same in words.
    pub reason: Option<&'r str>,
    /// When the first request left.
    pub first_attempt_at: Option<UnixMillis>,
    /// When its outcome was known.
    pub settled_at: Option<UnixMillis>,
}

impl Reader {
    /// What the requests of the campaign have in common, one for each definition and file that was planned, by id.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub fn shapes(&self, campaign: CampaignId) -> Result<Vec<(i64, RequestTemplate)>, JournalError> {
        shapes(&self.connection, campaign)
    }

    /// Where the source endpoint of each shape comes from.
    pub(in crate::journal) fn sources(
        &self,
        campaign: CampaignId,
    ) -> Result<HashMap<i64, Leaf>, JournalError> {
        Ok(self.shapes(campaign)?.into_iter().map(|(id, shape)| (id, shape.source)).collect())
    }
}

/// Where the texts of a shape come from that every outcome has.
struct ShapeLeaves {
    source: Leaf,
    message: Option<Leaf>,
}

impl Reader {
    fn leaves(&self, campaign: CampaignId) -> Result<HashMap<i64, ShapeLeaves>, JournalError> {
        let is_sms = |shape: &RequestTemplate| {
            let subtype = shape.segment_attributes.get("connect:Subtype");
            matches!(subtype, Some(SegmentValue::String(Leaf::Fixed(text))) if text == "connect:SMS")
        };
        let leaves = self.shapes(campaign)?.into_iter().map(|(id, shape)| {
            let message = match &shape.message {
                Some(Message::Text { content, .. }) if is_sms(&shape) => Some(content.clone()),
                _ => None,
            };
            (id, ShapeLeaves { source: shape.source, message })
        });
        Ok(leaves.collect())
    }
}

impl Snapshot<'_> {
    /// Calls `each` for every row. Constant memory.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub fn each_outcome(
        &self,
        campaign: CampaignId,
        mut each: impl FnMut(&RowOutcome<'_>),
    ) -> Result<(), JournalError> {
        let sources = self.leaves(campaign)?;
        let mut slots = Cells::default();
        let mut statement = self.connection.prepare_cached(
            "SELECT line, key, destination, state, shape_id, slots, attempts, code, reason, first_attempt_at,
                 settled_at, id
             FROM row WHERE campaign_id = ?1",
        )?;
        let mut rows = statement.query([campaign.0])?;
        while let Some(row) = rows.next()? {
            each(&read(row, &sources, &mut slots)?);
        }
        Ok(())
    }
}

fn read<'r>(
    row: &'r Row<'_>,
    leaves: &'r HashMap<i64, ShapeLeaves>,
    slots: &'r mut Cells,
) -> Result<RowOutcome<'r>, JournalError> {
    let unreadable = |error: &dyn std::error::Error| JournalError::Unreadable {
        row: row.get(11).unwrap_or(0),
        what: error.to_string(),
    };
    let text = |index: usize| row.get_ref(index)?.as_str_or_null().map_err(|error| unreadable(&error));
    let stamp = |index: usize| -> rusqlite::Result<Option<UnixMillis>> {
        Ok(row.get::<_, Option<StampColumn>>(index)?.map(|stamp| stamp.0))
    };
    let StateColumn(state) = row.get(3)?;
    let shape: Option<i64> = row.get(4)?;
    let leaves = shape.and_then(|shape| leaves.get(&shape));
    let texts = leaves
        .map(|leaves| (Some(&leaves.source), leaves.message.as_ref().filter(|_| state == State::Started)))
        .unwrap_or_default();
    if [texts.0, texts.1].into_iter().flatten().any(|leaf| matches!(leaf, Leaf::Slot(_))) {
        slots.read(text(5)?.unwrap_or("[]")).map_err(|error| unreadable(&error))?;
    }
    let slots = &*slots;
    let of = |leaf: Option<&'r Leaf>| match leaf? {
        Leaf::Fixed(text) => Some(text.as_str()),
        Leaf::Slot(slot) => slots.get(*slot),
        Leaf::Token => None,
    };
    let (source, message) = (of(texts.0), of(texts.1));
    Ok(RowOutcome {
        line: row.get::<_, Option<i64>>(0)?.and_then(|line| u64::try_from(line).ok()),
        key: text(1)?,
        destination: text(2)?,
        state,
        source,
        message,
        attempts: row.get(6)?,
        code: text(7)?,
        reason: text(8)?,
        first_attempt_at: stamp(9)?,
        settled_at: stamp(10)?,
    })
}
