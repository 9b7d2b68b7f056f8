//! What a run meets on its way, kept small for the report: throttled requests by second, pauses, and how long answers
//! took. Nothing depends on it; losing the last second of it loses a bar of a chart.

use rusqlite::{Connection, params};

use super::error::JournalError;
use super::open::Reader;
use super::row::{CampaignId, StampColumn};
use super::runs::RunId;
use crate::domain::latency::Latencies;
use crate::domain::stamp::Stamp;

/// What a run has met since it was last written down.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Activity {
    /// Throttled requests by second.
    pub throttled: Vec<(Stamp, u32)>,
    /// Pauses that began.
    pub pauses: Vec<PauseSpan>,
    /// How long answers took, since the run began.
    pub latencies: Latencies,
}

/// A time in which a run sent nothing, because the active chats quota was full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PauseSpan {
    /// When it began.
    pub began_at: Stamp,
    /// When it was to end; the run may have ended before.
    pub ends_at: Stamp,
}

/// Writes it down, inside a transaction of the caller's.
pub(super) fn write(connection: &Connection, run: RunId, activity: &Activity) -> rusqlite::Result<()> {
    for (at, requests) in &activity.throttled {
        connection
            .prepare_cached(
                "INSERT INTO throttle (run_id, at, requests) VALUES (?1, ?2, ?3)
                 ON CONFLICT DO UPDATE SET requests = requests + excluded.requests",
            )?
            .execute(params![run.0, StampColumn(*at), requests])?;
    }
    for pause in &activity.pauses {
        connection
            .prepare_cached("INSERT OR REPLACE INTO pause (run_id, began_at, ends_at) VALUES (?1, ?2, ?3)")?
            .execute(params![run.0, StampColumn(pause.began_at), StampColumn(pause.ends_at)])?;
    }
    let latencies = serde_json::to_string(activity.latencies.counts()).expect("integers always serialize");
    connection
        .prepare_cached("UPDATE run SET latencies = ?2 WHERE id = ?1")?
        .execute(params![run.0, latencies])?;
    Ok(())
}

impl Reader {
    /// Calls `each` with the throttled requests of the campaign's runs, second by second. Constant memory.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub fn each_throttle(
        &self,
        campaign: CampaignId,
        mut each: impl FnMut(Stamp, u64),
    ) -> Result<(), JournalError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT throttle.at, throttle.requests FROM run JOIN throttle ON throttle.run_id = run.id
             WHERE run.campaign_id = ?1",
        )?;
        let mut rows = statement.query([campaign.0])?;
        while let Some(row) = rows.next()? {
            let StampColumn(at) = row.get(0)?;
            each(at, u64::from(row.get::<_, u32>(1)?));
        }
        Ok(())
    }

    /// Calls `each` with the pauses of the campaign's runs, each cut off where its run ended. Constant memory.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub fn each_pause(
        &self,
        campaign: CampaignId,
        mut each: impl FnMut(PauseSpan),
    ) -> Result<(), JournalError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT pause.began_at, min(pause.ends_at, coalesce(run.ended_at, run.seen_at))
             FROM run JOIN pause ON pause.run_id = run.id WHERE run.campaign_id = ?1",
        )?;
        let mut rows = statement.query([campaign.0])?;
        while let Some(row) = rows.next()? {
            let (StampColumn(began_at), StampColumn(ends_at)) = (row.get(0)?, row.get(1)?);
            if began_at < ends_at {
                each(PauseSpan { began_at, ends_at });
            }
        }
        Ok(())
    }
}
