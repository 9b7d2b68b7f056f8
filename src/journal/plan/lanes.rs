//! Lanes: what rows wait for besides their turn. Few of them, each written once for a campaign.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use crate::domain::delivery::state::State;
use crate::domain::hours::schedule::Window;
use crate::domain::hours::zones::Zones;
use crate::domain::hours::{Jurisdiction, Lane};
use crate::domain::unix_millis::UnixMillis;
use crate::journal::error::JournalError;
use crate::journal::file::open::{Journal, Reader};
use crate::journal::plan::existing::ExistingRecipient;
use crate::journal::plan::line::{Content, FileLine};
use crate::journal::row::{CampaignId, LaneId, SenderId, StampColumn};

/// The lanes that a plan has met, by their ids.
#[derive(Debug, Default)]
pub(in crate::journal) struct LaneIds(HashMap<(Option<Lane>, Option<SenderId>), LaneId>);

impl LaneIds {
    /// What was attempted keeps its payload; when it may be replayed, the file and the definition still say.
    pub(in crate::journal) fn follow(
        &mut self,
        tx: &Transaction<'_>,
        campaign: CampaignId,
        known: &ExistingRecipient,
        line: &FileLine,
    ) -> Result<(), JournalError> {
        let Content::Recipient { lane, window, .. } = &line.content else { return Ok(()) };
        // The source is part of the payload, and so the sender stays as well.
        let sender = known.sender.map(SenderId);
        let lane = self.id(tx, campaign, lane.as_ref(), sender)?.map(|lane| lane.0);
        // A request for it may be on its way, and the run that sent it knows it by its lane.
        if known.state == State::Attempting {
            return Ok(());
        }
        if known.lane != lane || known.window != *window {
            let Window { not_before, not_after } = window;
            tx.prepare_cached(
                "UPDATE row SET lane_id = ?2, not_after = ?4, waits_until = ?3, waits_for = iif(?3 IS NULL, NULL, 0) WHERE id = ?1",
            )?
            .execute(params![known.id, lane, not_before.map(StampColumn), not_after.map(StampColumn)])?;
        }
        Ok(())
    }

    /// The id of a lane, which is written where it is new.
    pub(in crate::journal) fn id(
        &mut self,
        tx: &Transaction<'_>,
        campaign: CampaignId,
        lane: Option<&Lane>,
        sender: Option<SenderId>,
    ) -> Result<Option<LaneId>, JournalError> {
        if lane.is_none() && sender.is_none() {
            return Ok(None);
        }
        let key = (lane.cloned(), sender);
        if let Some(id) = self.0.get(&key) {
            return Ok(Some(*id));
        }
        let (zones, jurisdiction) =
            lane.map_or(("", String::new()), |lane| (lane.zones.as_str(), lane.jurisdiction.to_string()));
        let of = sender.map_or(0, |sender| sender.0);
        let known = tx
            .query_row(
                "SELECT id FROM lane WHERE campaign_id = ?1 AND zones = ?2 AND jurisdiction = ?3 AND sender_id = ?4",
                params![campaign.0, zones, jurisdiction, of],
                |row| row.get(0),
            )
            .optional()?;
        let id = LaneId(match known {
            Some(id) => id,
            None => {
                tx.execute(
                    "INSERT INTO lane (campaign_id, zones, jurisdiction, sender_id) VALUES (?1, ?2, ?3, ?4)",
                    params![campaign.0, zones, jurisdiction, of],
                )?;
                tx.last_insert_rowid()
            }
        });
        self.0.insert(key, id);
        Ok(Some(id))
    }
}

/// A lane, and how many rows in it have no outcome yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenLane {
    /// Its id; `None` for rows that were planned without hours.
    pub id: Option<LaneId>,
    /// What it waits for; `None` for the same rows, and where this version does not know a zone of it.
    pub lane: Option<Lane>,
    /// Who sends to it; `None` where the campaign has one source for all.
    pub sender: Option<SenderId>,
    /// Rows that wait or are in doubt.
    pub rows: u64,
    /// Those of them that wait until a moment.
    pub waits: u64,
    /// When the first of the rows that wait until a moment may be claimed.
    pub wakes_at: Option<UnixMillis>,
    /// When the time of the first row is over, of those that wait.
    pub ends_at: Option<UnixMillis>,
}

impl Journal {
    /// The lanes of the campaign, in the order of their ids. Rows without a lane come first, where there are any.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub fn lanes(&self, campaign: CampaignId) -> Result<Vec<OpenLane>, JournalError> {
        lanes(&self.connection, campaign)
    }
}

pub(in crate::journal) fn lanes(
    connection: &Connection,
    campaign: CampaignId,
) -> Result<Vec<OpenLane>, JournalError> {
    // What waits in lanes is counted in their index alone, what waits outside of them is the rest of the tally.
    let [queued, attempting] = [State::Queued, State::Attempting].map(State::code);
    let mut statement = connection.prepare_cached(&format!(
        "WITH laned AS (
             SELECT lane_id, sum(rows) AS rows, sum(waits) AS waits FROM (
                 SELECT lane_id, count(*) AS rows, 0 AS waits FROM row INDEXED BY row_lane
                 WHERE campaign_id = ?1 AND state = {queued} AND lane_id IS NOT NULL AND waits_until IS NULL GROUP BY lane_id
                 UNION ALL
                 SELECT lane_id, count(*), count(*) FROM row INDEXED BY row_waits
                 WHERE campaign_id = ?1 AND state = {queued} AND lane_id IS NOT NULL AND waits_until IS NOT NULL GROUP BY lane_id
             ) GROUP BY lane_id
         ), unsettled AS (
             SELECT lane_id, rows FROM laned
             UNION ALL
             SELECT NULL, rows - (SELECT coalesce(sum(rows), 0) FROM laned) FROM tally
             WHERE campaign_id = ?1 AND state = {queued}
             UNION ALL
             SELECT lane_id, count(*) FROM row INDEXED BY row_attempting
             WHERE campaign_id = ?1 AND state = {attempting} GROUP BY lane_id
         )
         SELECT NULL AS id, sum(rows) AS rows, NULL, NULL,
             (SELECT min(waits_until) FROM row INDEXED BY row_waits
              WHERE campaign_id = ?1 AND lane_id IS NULL AND state = {queued} AND waits_until IS NOT NULL),
             (SELECT min(not_after) FROM row INDEXED BY row_lane_ends
              WHERE campaign_id = ?1 AND lane_id IS NULL AND state = {queued} AND not_after IS NOT NULL),
             0,
             (SELECT count(*) FROM row INDEXED BY row_waits
              WHERE campaign_id = ?1 AND lane_id IS NULL AND state = {queued} AND waits_until IS NOT NULL)
         FROM unsettled WHERE lane_id IS NULL HAVING sum(rows) > 0
         UNION ALL
         SELECT id, coalesce((SELECT sum(rows) FROM unsettled WHERE lane_id = lane.id), 0), zones, jurisdiction,
             (SELECT min(waits_until) FROM row INDEXED BY row_waits
              WHERE campaign_id = ?1 AND lane_id = lane.id AND state = {queued} AND waits_until IS NOT NULL),
             (SELECT min(not_after) FROM row INDEXED BY row_lane_ends
              WHERE campaign_id = ?1 AND lane_id = lane.id AND state = {queued} AND not_after IS NOT NULL),
             sender_id, coalesce((SELECT waits FROM laned WHERE lane_id = lane.id), 0)
         FROM lane WHERE campaign_id = ?1
         ORDER BY id",
    ))?;
    let found = statement.query_map([campaign.0], open_lane)?;
    Ok(found.collect::<Result<_, _>>()?)
}

impl Reader {
    /// When the oldest of the rows in doubt came into doubt: the first request for it that may have started a contact.
    /// Those whose request is not older than `before` may be merely in flight, and are left out.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub fn oldest_doubt(
        &self,
        campaign: CampaignId,
        before: UnixMillis,
    ) -> Result<Option<UnixMillis>, JournalError> {
        // The condition on the state is the index's: only rows that were requested and have no outcome are looked at.
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT min(doubt_at) FROM row WHERE campaign_id = ?1 AND state = {} AND doubt_at <= ?2",
            State::Attempting.code()
        ))?;
        let oldest: Option<StampColumn> =
            statement.query_row(params![campaign.0, StampColumn(before)], |row| row.get(0))?;
        Ok(oldest.map(|stamp| stamp.0))
    }

    /// Rows that wait until a moment to come, whatever it is that they wait for: how many, and the first of these moments.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub fn waiting_rows(
        &self,
        campaign: CampaignId,
        now: UnixMillis,
    ) -> Result<Option<(u64, UnixMillis)>, JournalError> {
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT count(*), min(waits_until) FROM row INDEXED BY row_waits
             WHERE campaign_id = ?1 AND state = {} AND waits_until IS NOT NULL AND waits_until > ?2",
            State::Queued.code()
        ))?;
        let (rows, first): (i64, Option<StampColumn>) = statement
            .query_row(params![campaign.0, StampColumn(now)], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(first.map(|first| (rows.unsigned_abs(), first.0)))
    }
}

/// The lanes behind this one. How many rows they have is not counted: a plan under way has just added them.
pub(in crate::journal) fn new_lanes(
    connection: &Connection,
    campaign: CampaignId,
    after: Option<LaneId>,
) -> Result<Vec<OpenLane>, JournalError> {
    let mut statement = connection.prepare_cached(
        "SELECT id, 0, zones, jurisdiction, NULL, NULL, sender_id, 0 FROM lane WHERE campaign_id = ?1 AND id > ?2 ORDER BY id",
    )?;
    let found = statement.query_map([campaign.0, after.map_or(0, |lane| lane.0)], open_lane)?;
    Ok(found.collect::<Result<_, _>>()?)
}

fn open_lane(row: &Row<'_>) -> rusqlite::Result<OpenLane> {
    let (zones, jurisdiction): (Option<String>, Option<String>) = (row.get(2)?, row.get(3)?);
    let zones = zones.filter(|zones| !zones.is_empty()).and_then(|zones| Zones::parse(&zones));
    Ok(OpenLane {
        id: row.get::<_, Option<i64>>(0)?.map(LaneId),
        lane: zones.map(|zones| Lane {
            zones,
            jurisdiction: Jurisdiction::parse(&jurisdiction.unwrap_or_default()),
        }),
        sender: Some(row.get(6)?).filter(|sender| *sender != 0).map(SenderId),
        rows: row.get::<_, i64>(1)?.unsigned_abs(),
        waits: row.get::<_, i64>(7)?.unsigned_abs(),
        wakes_at: row.get::<_, Option<StampColumn>>(4)?.map(|stamp| stamp.0),
        ends_at: row.get::<_, Option<StampColumn>>(5)?.map(|stamp| stamp.0),
    })
}
