//! All campaigns of a journal at one moment, for somebody who watches them: how each stands, and what all its runs did.

use std::path::Path;

use crate::app::status::Status;
use crate::domain::delivery::latency::Latencies;
use crate::domain::delivery::state::State;
use crate::domain::foreign::ForeignText;
use crate::domain::reasons::{self, Explained};
use crate::domain::unix_millis::UnixMillis;
use crate::journal::{Counters, Reader, ReasonCount};
use crate::report::ReportError;

/// Runs whose counters are added up, at most; a campaign that runs every hour has as many in a year.
const MOST_RUNS: u32 = 10_000;

/// A campaign among others.
#[derive(Debug, PartialEq)]
pub struct Overview {
    /// How it stands.
    pub status: Status,
    /// What all its runs did.
    pub total: Counters,
    /// How long the answers to all its requests took.
    pub latencies: Latencies,
}

/// A reason for which rows stand where they stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where, for which code, and how many.
    pub count: ReasonCount,
    /// In plain words.
    pub explained: Explained,
}

/// How each campaign of the journal stands, by name.
///
/// # Errors
/// Where the journal cannot be read.
pub fn read(journal: &Path, now: UnixMillis) -> Result<Vec<Overview>, ReportError> {
    let reader = Reader::open(journal)?;
    let snapshot = reader.snapshot()?;
    let campaigns = snapshot.campaigns()?;
    let overview = |campaign| {
        let status = Status::read(&snapshot, campaign, journal, now)?;
        let (mut total, mut latencies) = (Counters::default(), Latencies::default());
        for run in snapshot.runs(campaign.id, MOST_RUNS)? {
            total.started += run.counters.started;
            total.requests += run.counters.requests;
            total.throttled += run.counters.throttled;
            total.retried += run.counters.retried;
            latencies.add(&run.latencies);
        }
        Ok(Overview { status, total, latencies })
    };
    campaigns.iter().map(overview).collect()
}

/// What keeps rows of a campaign from being started, the most frequent first. Reads every row.
///
/// # Errors
/// Where the journal cannot be read, or has nothing of the campaign.
pub fn problems(journal: &Path, name: &str) -> Result<Vec<Problem>, ReportError> {
    let reader = Reader::open(journal)?;
    let snapshot = reader.snapshot()?;
    let campaign = snapshot.campaign(name)?;
    let mut counts = snapshot.reasons(campaign.id)?;
    counts.retain(|count| {
        let is_final =
            matches!(count.state, State::Failed | State::Rejected | State::Uncertain | State::Expired);
        is_final || (count.state == State::Queued && count.code.is_some())
    });
    counts.sort_by_key(|count| std::cmp::Reverse(count.rows));
    let explain = |count: ReasonCount| {
        let explained = reasons::reason(count.state, count.code.as_ref().map(ForeignText::raw));
        Problem { count, explained }
    };
    Ok(counts.into_iter().map(explain).collect())
}
