//! `campaign status`: how a campaign stands, also while it runs elsewhere. It only looks; the journal alone tells.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::time::Duration;

use clap::Args;
use serde::Serialize;

use super::Asked;
use crate::clock::Clock;
use crate::domain::figures::{Grouped, PerSecond, Span, time_left};
use crate::domain::stamp::Stamp;
use crate::domain::summary::Summary;
use crate::journal::{self, Campaign, Reader, RunRecord, Snapshot};
use crate::report::ReportError;

/// Where no lock tells: a run that gave no sign of life for this long is not going on any more. It gives one every 20 s.
const SILENCE: Duration = Duration::from_secs(60);

/// Arguments of `campaign status`: none but the shared ones.
#[derive(Debug, Clone, Default, Args)]
pub struct StatusArgs {}

/// Writes how the campaign stands to `out` (stdout).
///
/// # Errors
/// [`ReportError`].
pub fn run(
    StatusArgs {}: &StatusArgs,
    asked: &Asked<'_>,
    clock: &Clock,
    out: &mut impl Write,
) -> Result<(), ReportError> {
    let reader = Reader::open(asked.journal)?;
    let snapshot = reader.snapshot()?;
    let campaign = super::which(&snapshot, asked.campaign)?;
    let running = journal::is_running(asked.journal, &campaign.name);
    let status = Status::read(&snapshot, &campaign, running, clock.now())?;
    let told = if asked.json { status.write_json(out) } else { writeln!(out, "{}", status.text()) };
    match told.and_then(|()| out.flush()).map_err(ReportError::Stream) {
        Err(error) if error.is_broken_pipe() => Ok(()),
        result => result,
    }
}

/// How a campaign stands.
#[derive(Debug, PartialEq)]
struct Status {
    summary: Summary,
    latest: Option<RunRecord>,
    /// Whether a process holds the campaign; `None` where nothing tells, as for a journal that was copied.
    running: Option<bool>,
    /// When numbers, keys and messages were removed, if they were.
    purged_at: Option<Stamp>,
    now: Stamp,
}

/// What seems to become of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Activity {
    /// It gave a sign of life this long ago.
    GoingOn(Duration),
    /// It did not say that it ended, and is not there any more; its last sign of life was this long ago.
    Silent(Duration),
    /// It ended this long ago.
    Ended(Duration),
}

impl Status {
    fn read(
        snapshot: &Snapshot<'_>,
        campaign: &Campaign,
        running: Option<bool>,
        now: Stamp,
    ) -> Result<Self, ReportError> {
        let latest = snapshot.runs(campaign.id, 1)?.pop();
        let counters = latest.as_ref().map(|run| run.counters).unwrap_or_default();
        let summary = Summary {
            campaign: campaign.name.clone(),
            run: latest.as_ref().map(|run| run.id.number()),
            tally: snapshot.tally(campaign.id)?,
            requests: counters.requests,
            throttled: counters.throttled,
            retried: counters.retried,
            elapsed: latest.as_ref().map(RunRecord::elapsed).unwrap_or_default(),
            asked_rate: latest.as_ref().and_then(|run| run.rate),
            limited_by: None,
            exit: latest.as_ref().and_then(|run| run.exit),
        };
        Ok(Self { summary, latest, running, purged_at: snapshot.purged_at(campaign.id)?, now })
    }

    fn activity(&self, run: &RunRecord) -> Activity {
        let seen = self.now.since(run.seen_at);
        match run.ended_at {
            Some(ended_at) => Activity::Ended(self.now.since(ended_at)),
            None if self.running.unwrap_or(seen < SILENCE) => Activity::GoingOn(seen),
            None => Activity::Silent(seen),
        }
    }

    /// How long the rows that wait would take at the latest run's pace.
    fn time_left(&self) -> Option<Duration> {
        let run = self.latest.as_ref()?;
        time_left(self.summary.tally.unsettled(), run.counters.started, run.elapsed())
    }

    fn text(&self) -> String {
        let mut text = self.summary.text();
        text.push('\n');
        if let Some(at) = self.purged_at {
            // Writing to a string cannot fail.
            let _ = writeln!(
                text,
                "purged {} ago: numbers, keys and messages were removed",
                Span(self.now.since(at))
            );
        }
        let left = self.summary.tally.unsettled();
        let Some(run) = &self.latest else {
            text.push_str("never run");
            return text;
        };
        // Writing to a string cannot fail.
        let _ = match self.activity(run) {
            Activity::GoingOn(seen) => {
                write!(text, "going on: process {}, seen {} ago", run.pid, Span(seen))
            }
            Activity::Silent(seen) => write!(
                text,
                "stopped without a word: process {}, last seen {} ago; run again to go on",
                run.pid,
                Span(seen)
            ),
            Activity::Ended(ago) => {
                let _ = write!(text, "ended {} ago", Span(ago));
                run.exit.map_or(Ok(()), |exit| write!(text, " with exit code {exit}"))
            }
        };
        if let Some(reason) = &run.reason {
            let _ = write!(text, ": {reason}");
        }
        if left > 0 {
            let _ = write!(text, "\n{} left", Grouped(left));
            if let Some(time) = self.time_left() {
                let pace = PerSecond(crate::domain::figures::per_second(run.counters.started, run.elapsed()));
                let _ = write!(text, ", about {} at {pace}", Span(time));
            }
        }
        text
    }

    fn write_json(&self, out: &mut impl Write) -> io::Result<()> {
        let run = self.latest.as_ref();
        let activity = run.map(|run| self.activity(run));
        let object = Object {
            summary: &self.summary,
            running: matches!(activity, Some(Activity::GoingOn(_))),
            pid: run.map(|run| run.pid),
            rate: run.and_then(|run| run.rate),
            started_at: run.map(|run| run.started_at.to_string()),
            seen_at: run.map(|run| run.seen_at.to_string()),
            ended_at: run.and_then(|run| run.ended_at).map(|stamp| stamp.to_string()),
            reason: run.and_then(|run| run.reason.as_deref()),
            time_left_s: self.time_left().map(|time| time.as_secs()),
            purged_at: self.purged_at.map(|at| at.to_string()),
        };
        serde_json::to_writer(&mut *out, &object)?;
        writeln!(out)
    }
}

/// The documented result, and what else is known of the latest run.
#[derive(Serialize)]
struct Object<'a> {
    #[serde(flatten)]
    summary: &'a Summary,
    running: bool,
    pid: Option<u32>,
    rate: Option<f64>,
    started_at: Option<String>,
    seen_at: Option<String>,
    ended_at: Option<String>,
    reason: Option<&'a str>,
    time_left_s: Option<u64>,
    purged_at: Option<String>,
}
