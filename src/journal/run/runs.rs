//! Runs: one record per execution, kept current while it goes on, so that others can see how it fares.

use std::time::Duration;

use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, params};
use serde::de::DeserializeOwned;

use crate::domain::delivery::bucket_history::BucketHistory;
use crate::domain::delivery::latency::Latencies;
use crate::domain::delivery::state::State;
use crate::domain::forecast::{ActiveBound, Heartbeat, Milestone, RestAhead};
use crate::domain::foreign::ForeignText;
use crate::domain::hours::terms::Terms;
use crate::domain::unix_millis::UnixMillis;
use crate::journal::error::JournalError;
use crate::journal::file::open::{Journal, Reader};
use crate::journal::row::{CampaignId, RunId, StampColumn};
use crate::journal::sql;

/// What is known when a run begins.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct NewRun {
    /// The recipients file; `None` where the run goes on from the journal alone.
    pub file: Option<String>,
    /// Requests per second, as asked; `None` where the run finds out itself.
    pub rate: Option<f64>,
    /// What else was set, for the report: names and values as people read them.
    pub settings: Vec<(String, String)>,
    /// The hours and the schedule that it keeps.
    pub terms: Terms,
}

/// What a run has done so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Contacts started.
    pub started: u64,
    /// Requests that left.
    pub requests: u64,
    /// Requests that were throttled.
    pub throttled: u64,
    /// Requests that were not a row's first one in this run.
    pub retried: u64,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunEnd {
    /// The exit code.
    pub exit: u8,
    /// Why, where it did not finish.
    pub reason: Option<String>,
}

/// A run as the journal has it.
#[derive(Debug, Clone, PartialEq)]
pub struct RunRecord {
    /// Its id.
    pub id: RunId,
    /// When it began.
    pub started_at: UnixMillis,
    /// Its last sign of life.
    pub seen_at: UnixMillis,
    /// When it ended; `None` while it goes on, or where it ended without saying so.
    pub ended_at: Option<UnixMillis>,
    /// Its process.
    pub pid: u32,
    /// The version of the program.
    pub version: String,
    /// The recipients file; `None` where it went on from the journal alone.
    pub file: Option<String>,
    /// What was set besides the rate.
    pub settings: Vec<(String, String)>,
    /// How long answers took.
    pub latencies: Latencies,
    /// Requests per second, as asked; `None` where the run found out itself.
    pub rate: Option<f64>,
    /// What it has done.
    pub counters: Counters,
    /// How it fared at its last sign of life; `None` where it gave none.
    pub heartbeat: Option<Heartbeat>,
    /// Its exit code.
    pub exit: Option<u8>,
    /// Why it did not finish.
    pub reason: Option<ForeignText>,
}

impl RunRecord {
    /// How long it took, or has taken so far.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.ended_at.unwrap_or(self.seen_at).since(self.started_at)
    }
}

impl Journal {
    /// Takes note that a run begins.
    ///
    /// # Errors
    /// Where the journal cannot be written.
    pub fn begin_run(
        &mut self,
        campaign: CampaignId,
        run: &NewRun,
        now: UnixMillis,
    ) -> Result<(RunId, BucketHistory), JournalError> {
        let past = self.past(campaign, now)?;
        let terms = run.terms.bind().then(|| run.terms.text());
        let tx = self.begin_write()?;
        if let Some(terms) = &terms {
            tx.execute("INSERT OR IGNORE INTO terms (terms) VALUES (?1)", [terms])?;
        }
        tx.execute(
            "INSERT INTO run (campaign_id, started_at, seen_at, pid, version, file, rate, settings, terms_id)
             VALUES (?1, ?2, ?2, ?3, ?4, ?5, ?6, ?7, (SELECT id FROM terms WHERE terms = ?8))",
            params![
                campaign.0,
                StampColumn(now),
                std::process::id(),
                env!("CARGO_PKG_VERSION"),
                run.file,
                run.rate,
                serde_json::to_string(&run.settings).expect("pairs of texts always serialize"),
                terms
            ],
        )?;
        let run = RunId(tx.last_insert_rowid());
        tx.commit()?;
        // A copy of the database alone that is made from now on knows that a run was going.
        self.checkpoint()?;
        Ok((run, past))
    }

    /// How long ago the contacts of an instance were started that may be alive when each lives for `life`, the oldest
    /// first: those of every campaign of the same service, and those of which nobody knows.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub fn ages_of_contacts(
        &self,
        campaign: CampaignId,
        instance_id: &str,
        life: Duration,
        now: UnixMillis,
    ) -> Result<Vec<Duration>, JournalError> {
        let since = StampColumn(now.minus(life));
        // Most runs begin long after the last one, and need not look at every row.
        let mut statement = self.connection.prepare(&format!(
            "SELECT at FROM (SELECT iif(state = {started}, settled_at, doubt_at) AS at FROM row
                 WHERE campaign_id IN (SELECT id FROM campaign WHERE service = (SELECT service FROM campaign WHERE id = ?1)
                     AND (instance_id = ?3 OR EXISTS (SELECT 1 FROM sender WHERE campaign_id = campaign.id AND sender.instance_id = ?3)))
                 AND state IN ({contacted}) AND EXISTS (SELECT 1 FROM run WHERE seen_at > ?2)
                 AND coalesce((SELECT sender.instance_id FROM sender WHERE sender.id = row.sender_id),
                     (SELECT campaign.instance_id FROM campaign WHERE campaign.id = row.campaign_id)) = ?3)
             WHERE at > ?2 ORDER BY at",
            started = State::Started.code(),
            contacted = sql::CONTACTED
        ))?;
        let starts = statement
            .query_map(params![campaign.0, since, instance_id], |row| row.get::<_, StampColumn>(0))?;
        Ok(starts.map(|start| start.map(|start| now.since(start.0))).collect::<Result<_, _>>()?)
    }

    /// How long the campaign has been quiet, as the end of its last run tells.
    fn past(&self, campaign: CampaignId, now: UnixMillis) -> Result<BucketHistory, JournalError> {
        let last: Option<Option<StampColumn>> = self
            .connection
            .query_row(
                "SELECT ended_at FROM run WHERE campaign_id = ?1 ORDER BY id DESC LIMIT 1",
                [campaign.0],
                |row| row.get(0),
            )
            .optional()?;
        Ok(match last {
            None => BucketHistory::Fresh,
            Some(Some(StampColumn(ended_at))) => BucketHistory::Quiet(now.since(ended_at)),
            Some(None) => BucketHistory::Unknown,
        })
    }

    /// Takes note that a run ended.
    ///
    /// # Errors
    /// Where the journal cannot be written.
    pub fn end_run(
        &mut self,
        run: RunId,
        counters: Counters,
        end: &RunEnd,
        now: UnixMillis,
    ) -> Result<(), JournalError> {
        let tx = self.begin_write()?;
        write_counters(&tx, run, counters, now)?;
        tx.execute(
            "UPDATE run SET ended_at = ?2, exit = ?3, reason = ?4 WHERE id = ?1",
            params![run.0, StampColumn(now), end.exit, end.reason],
        )?;
        tx.commit()?;
        Ok(())
    }
}

/// Keeps the record of a run current.
pub(in crate::journal) fn write_counters(
    connection: &Connection,
    run: RunId,
    counters: Counters,
    now: UnixMillis,
) -> rusqlite::Result<()> {
    let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    connection
        .prepare_cached(
            "UPDATE run SET seen_at = ?2, started = ?3, requests = ?4, throttled = ?5, retried = ?6 WHERE id = ?1",
        )?
        .execute(params![
            run.0,
            StampColumn(now),
            number(counters.started),
            number(counters.requests),
            number(counters.throttled),
            number(counters.retried)
        ])?;
    Ok(())
}

impl Reader {
    /// The number of the newest run of any campaign; 0: there was none.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub fn newest_run(&self) -> Result<i64, JournalError> {
        let newest: Option<i64> =
            self.connection.query_row("SELECT max(id) FROM run", [], |row| row.get(0))?;
        Ok(newest.unwrap_or(0))
    }

    /// Whether a run of any campaign goes on, or ended without saying so.
    pub(in crate::journal) fn has_open_run(&self) -> Result<bool, JournalError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM run WHERE ended_at IS NULL)";
        Ok(self.connection.query_row(sql, [], |row| row.get(0))?)
    }

    /// The runs of a campaign, the newest first, at most `most`.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub fn runs(&self, campaign: CampaignId, most: u32) -> Result<Vec<RunRecord>, JournalError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT id, started_at, seen_at, ended_at, pid, rate, started, requests, throttled, retried, exit, reason,
                 version, file, settings, latencies, in_flight, pace, asked, burst, mark_at, mark,
                 alive, alive_most, alive_ms, credentials_end_at, closed_rows, opens_at, ends_at
             FROM run WHERE campaign_id = ?1 ORDER BY id DESC LIMIT ?2",
        )?;
        let runs = statement.query_map(params![campaign.0, most], read_run)?.collect::<Result<_, _>>()?;
        Ok(runs)
    }
}

fn json<T: DeserializeOwned>(row: &rusqlite::Row<'_>, index: usize) -> rusqlite::Result<T> {
    let text = row.get_ref(index)?.as_str()?;
    serde_json::from_str(text)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(index, Type::Text, Box::new(error)))
}

fn read_run(row: &rusqlite::Row<'_>) -> rusqlite::Result<RunRecord> {
    let count = |index: usize| -> rusqlite::Result<u64> {
        row.get::<_, i64>(index).map(|count| u64::try_from(count).unwrap_or(0))
    };
    let (StampColumn(started_at), StampColumn(seen_at)) = (row.get(1)?, row.get(2)?);
    let counters =
        Counters { started: count(6)?, requests: count(7)?, throttled: count(8)?, retried: count(9)? };
    Ok(RunRecord {
        id: RunId(row.get(0)?),
        started_at,
        seen_at,
        ended_at: row.get::<_, Option<StampColumn>>(3)?.map(|stamp| stamp.0),
        pid: row.get(4)?,
        version: row.get(12)?,
        file: row.get(13)?,
        settings: json(row, 14)?,
        latencies: Latencies::of(&json::<Vec<u64>>(row, 15)?),
        rate: row.get(5)?,
        heartbeat: read_heartbeat(row, Milestone { at: seen_at, started: counters.started })?,
        counters,
        exit: row.get(10)?,
        reason: row.get::<_, Option<String>>(11)?.map(Into::into),
    })
}

fn read_heartbeat(row: &rusqlite::Row<'_>, now: Milestone) -> rusqlite::Result<Option<Heartbeat>> {
    let (Some(rate), Some(StampColumn(at))) = (row.get(17)?, row.get(20)?) else { return Ok(None) };
    let count = |count: i64| u64::try_from(count).unwrap_or(0);
    let stamp = |at| row.get::<_, Option<StampColumn>>(at).map(|stamp| stamp.map(|stamp| stamp.0));
    let active = match (row.get(22)?, row.get(23)?, row.get(24)?) {
        (Some(alive), Some(most), Some(life)) => Some(ActiveBound {
            alive: count(alive),
            most: count(most),
            life: Duration::from_millis(count(life)),
        }),
        _ => None,
    };
    Ok(Some(Heartbeat {
        now,
        before: Milestone { at, started: count(row.get(21)?) },
        in_flight: row.get(16)?,
        rate,
        asked: row.get(18)?,
        burst: row.get(19)?,
        active,
        credentials_end: stamp(25)?,
        ahead: match row.get(26)? {
            Some(rows) => {
                Some(RestAhead { closed_rows: count(rows), opens_at: stamp(27)?, ends_at: stamp(28)? })
            }
            None => None,
        },
    }))
}
