//! What a run meets on its way, kept small for the report: throttled requests by second, pauses, and how long answers
//! took. Nothing depends on it; losing the last second of it loses a bar of a chart.

use rusqlite::{Connection, params};

use crate::domain::delivery::latency::Latencies;
use crate::domain::forecast::Heartbeat;
use crate::domain::senders::figures::SenderBeat;
use crate::domain::unix_millis::UnixMillis;
use crate::journal::error::JournalError;
use crate::journal::file::open::Reader;
use crate::journal::row::{CampaignId, RunId, SenderId, StampColumn};
use crate::journal::run::sender_figures;

/// What a run has met since it was last written down.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RunActivity {
    /// Throttled requests by second.
    pub throttled: Vec<(UnixMillis, u32)>,
    /// Pauses that began.
    pub pauses: Vec<PauseSpan>,
    /// How long answers took, since the run began.
    pub latencies: Latencies,
    /// How it fares now. Its own count and time are those of the run's counters, which are written with it.
    pub heartbeat: Option<Heartbeat>,
    /// How each of its senders fares now, where it has any.
    pub senders: Vec<(SenderId, SenderBeat)>,
}

/// Why a run sent nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PauseKind {
    /// The active chats quota was full.
    ActiveChats,
    /// A person, or a gate, had paused the campaign.
    Held,
    /// Hours, the schedule or earlier contacts kept every row waiting.
    Closed,
}

impl PauseKind {
    fn code(self) -> u8 {
        match self {
            Self::ActiveChats => 0,
            Self::Held => 1,
            Self::Closed => 2,
        }
    }

    fn of(code: u8) -> Self {
        match code {
            0 => Self::ActiveChats,
            1 => Self::Held,
            _ => Self::Closed,
        }
    }
}

/// A time in which a run sent nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PauseSpan {
    /// When it began.
    pub began_at: UnixMillis,
    /// When it was to end; the run may have ended before. [`UnixMillis::NEVER`] while nobody knows.
    pub ends_at: UnixMillis,
    /// Why.
    pub kind: PauseKind,
}

/// Writes it down, inside a transaction of the caller's.
pub(in crate::journal) fn write(
    connection: &Connection,
    run: RunId,
    activity: &RunActivity,
) -> rusqlite::Result<()> {
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
            .prepare_cached(
                "INSERT OR REPLACE INTO pause (run_id, began_at, ends_at, kind) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![
                run.0,
                StampColumn(pause.began_at),
                Some(pause.ends_at).filter(|ends_at| *ends_at != UnixMillis::NEVER).map(StampColumn),
                pause.kind.code()
            ])?;
    }
    let latencies = serde_json::to_string(activity.latencies.counts()).expect("integers always serialize");
    connection
        .prepare_cached("UPDATE run SET latencies = ?2 WHERE id = ?1")?
        .execute(params![run.0, latencies])?;
    if let Some(heartbeat) = &activity.heartbeat {
        write_heartbeat(connection, run, heartbeat)?;
    }
    sender_figures::write(connection, run, &activity.senders)?;
    Ok(())
}

fn write_heartbeat(connection: &Connection, run: RunId, heartbeat: &Heartbeat) -> rusqlite::Result<()> {
    let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    let active = heartbeat.active;
    connection
        .prepare_cached(
            "UPDATE run SET in_flight = ?2, pace = ?3, asked = ?4, burst = ?5, mark_at = ?6, mark = ?7, alive = ?8,
                 alive_most = ?9, alive_ms = ?10, credentials_end_at = ?11, closed_rows = ?12, opens_at = ?13, ends_at = ?14
             WHERE id = ?1",
        )?
        .execute(params![
            run.0,
            heartbeat.in_flight,
            heartbeat.rate,
            heartbeat.asked,
            heartbeat.burst,
            StampColumn(heartbeat.before.at),
            number(heartbeat.before.started),
            active.map(|active| number(active.alive)),
            active.map(|active| number(active.most)),
            active.map(|active| i64::try_from(active.life.as_millis()).unwrap_or(i64::MAX)),
            heartbeat.credentials_end.map(StampColumn),
            heartbeat.ahead.map(|ahead| number(ahead.closed_rows)),
            heartbeat.ahead.and_then(|ahead| ahead.opens_at).map(StampColumn),
            heartbeat.ahead.and_then(|ahead| ahead.ends_at).map(StampColumn),
        ])?;
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
        mut each: impl FnMut(UnixMillis, u64),
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

    /// Until when a run sends nothing because the active chats quota is full, as far as it has said; `None` where it has
    /// not.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub fn quota_full_until(&self, run: RunId) -> Result<Option<UnixMillis>, JournalError> {
        let sql = "SELECT max(ends_at) FROM pause WHERE run_id = ?1 AND kind = 0";
        let until: Option<StampColumn> =
            self.connection.prepare_cached(sql)?.query_row([run.0], |row| row.get(0))?;
        Ok(until.map(|StampColumn(until)| until))
    }

    /// Calls `each` with the pauses of the campaign's runs, each cut off where its run ended, in the order of their
    /// beginnings.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub fn each_pause(
        &self,
        campaign: CampaignId,
        mut each: impl FnMut(PauseSpan),
    ) -> Result<(), JournalError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT pause.began_at,
                 min(coalesce(pause.ends_at, 9e18), coalesce(run.ended_at, run.seen_at)), pause.kind
             FROM run JOIN pause ON pause.run_id = run.id WHERE run.campaign_id = ?1
             ORDER BY pause.began_at",
        )?;
        let mut rows = statement.query([campaign.0])?;
        while let Some(row) = rows.next()? {
            let (StampColumn(began_at), StampColumn(ends_at)) = (row.get(0)?, row.get(1)?);
            if began_at < ends_at {
                each(PauseSpan { began_at, ends_at, kind: PauseKind::of(row.get(2)?) });
            }
        }
        Ok(())
    }
}
