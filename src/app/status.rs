//! How a campaign stands at one moment, from one snapshot of its journal.

use std::path::Path;
use std::time::Duration;

use serde::Serialize;

use crate::domain::delivery::summary::{Summary, rounded};
use crate::domain::figures::per_second;
use crate::domain::forecast::{Outlook, RestAhead};
use crate::domain::foreign::ForeignText;
use crate::domain::senders::figures::{self, SenderFigures, SenderObject};
use crate::domain::unix_millis::UnixMillis;
use crate::journal::{self, Campaign, ControlRequest, DeliveryCounts, Holder, Reader, RunRecord, Snapshot};
use crate::report::{GoingRun, ReportError};

/// Where no lock tells: a run that gave no sign of life for this long is not going on any more. It gives one every 20 s.
const SILENCE: Duration = Duration::from_secs(60);
/// A row of a run that lasts may be in flight for so long, from its claim to the end of its first request, and is in no
/// doubt then.
const LONGEST_IN_FLIGHT: Duration = Duration::from_secs(120);
/// Runs and words of people that are shown, at most: the latest.
const SHOWN: u32 = 5;

/// How a campaign stands.
#[derive(Debug, PartialEq)]
pub struct Status {
    /// Its counts, and what the latest run did.
    pub summary: Summary,
    /// The latest runs, the newest first.
    pub runs: Vec<RunRecord>,
    /// Who holds the campaign.
    pub holder: Option<Holder>,
    /// Whether a process holds the campaign; `None` where nothing tells, as for a journal that was copied.
    pub running: Option<bool>,
    /// The pause that it is in: of a person, or of a gate.
    pub paused: Option<ControlRequest>,
    /// What was asked last, the newest first.
    pub asks: Vec<ControlRequest>,
    /// Until when the run waits for the active chats quota.
    pub quota_full_until: Option<UnixMillis>,
    /// Rows that wait until a moment to come, and the first of these moments.
    pub waiting: Option<(u64, UnixMillis)>,
    /// When numbers, keys and messages were removed, if they were.
    pub purged_at: Option<UnixMillis>,
    /// When the oldest of the rows in doubt came into doubt, where there are any.
    pub oldest_doubt: Option<UnixMillis>,
    /// What became of started contacts; `None` where no event is in the journal.
    pub deliveries: Option<DeliveryCounts>,
    /// How its senders fare, where they are several.
    pub senders: Vec<SenderFigures>,
    /// When it was read.
    pub now: UnixMillis,
}

/// What seems to become of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activity {
    /// It gave a sign of life this long ago.
    GoingOn(Duration),
    /// It did not say that it ended, and is not there any more; its last sign of life was this long ago.
    Silent(Duration),
    /// It ended this long ago.
    Ended(Duration),
}

impl Status {
    /// How the campaign stands in this snapshot.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub fn read(
        snapshot: &Snapshot<'_>,
        campaign: &Campaign,
        journal: &Path,
        now: UnixMillis,
    ) -> Result<Self, ReportError> {
        let runs = snapshot.runs(campaign.id, SHOWN)?;
        let latest = runs.first();
        let counters = latest.map(|run| run.counters).unwrap_or_default();
        let summary = Summary {
            campaign: campaign.name.clone(),
            run: latest.map(|run| run.id.number()),
            tally: snapshot.tally(campaign.id)?,
            already_started: None,
            deliveries: None,
            requests: counters.requests,
            throttled: counters.throttled,
            retried: counters.retried,
            elapsed: latest.map(RunRecord::elapsed).unwrap_or_default(),
            // What was asked for last: people may have changed it.
            asked_rate: latest.and_then(|run| run.heartbeat.map_or(run.rate, |heartbeat| heartbeat.asked)),
            burst: latest.and_then(|run| run.heartbeat.map(|heartbeat| heartbeat.burst)),
            limited_by: None,
            goes_on_at: None,
            exit: latest.and_then(|run| run.exit),
        };
        let quota = latest.map(|run| snapshot.quota_full_until(run.id)).transpose()?.flatten();
        let mut status = Self {
            summary,
            holder: journal::holder(journal, &campaign.name),
            running: journal::is_running(journal, &campaign.name),
            paused: snapshot.paused(campaign.id)?,
            asks: snapshot.asks(campaign.id, SHOWN)?,
            quota_full_until: quota.filter(|until| *until > now),
            waiting: snapshot.waiting_rows(campaign.id, now)?,
            purged_at: snapshot.purged_at(campaign.id)?,
            oldest_doubt: None,
            deliveries: Some(snapshot.deliveries(campaign.id)?).filter(DeliveryCounts::any),
            senders: snapshot.sender_figures(campaign.id)?,
            runs,
            now,
        };
        let in_flight = if status.is_held() { LONGEST_IN_FLIGHT } else { Duration::ZERO };
        status.oldest_doubt = snapshot.oldest_doubt(campaign.id, now.minus(in_flight))?;
        Ok(status)
    }

    /// How the campaign of this name stands.
    ///
    /// # Errors
    /// Where the journal cannot be read, or has nothing of the campaign.
    pub fn of(journal: &Path, name: &str, now: UnixMillis) -> Result<Self, ReportError> {
        let reader = Reader::open(journal)?;
        let snapshot = reader.snapshot()?;
        let campaign = snapshot.campaign(name)?;
        Self::read(&snapshot, &campaign, journal, now)
    }

    /// What seems to become of the run.
    #[must_use]
    pub fn activity(&self, run: &RunRecord) -> Activity {
        let seen = self.now.since(run.seen_at);
        // Another process than the run's may hold the campaign: it has not begun to send.
        let held = self.running.map(|held| {
            held && self.holder.as_ref().is_none_or(|holder| holder.pid().is_none_or(|pid| pid == run.pid))
        });
        match run.ended_at {
            Some(ended_at) => Activity::Ended(self.now.since(ended_at)),
            None if held.unwrap_or(seen < SILENCE) => Activity::GoingOn(seen),
            None => Activity::Silent(seen),
        }
    }

    /// The run that goes on.
    pub fn going_on(&self) -> Option<&RunRecord> {
        self.runs.first().filter(|run| matches!(self.activity(run), Activity::GoingOn(_)))
    }

    /// The same, as a report has it.
    #[must_use]
    pub fn going_run(&self) -> Option<GoingRun> {
        self.going_on().map(|run| GoingRun {
            process: run.pid,
            began_at: run.started_at,
            ends_at: self.ends_at(),
            is_paused: self.paused.is_some(),
        })
    }

    /// Whether somebody works on it, be it that the file is still read.
    pub fn is_held(&self) -> bool {
        self.going_on().is_some() || self.running == Some(true)
    }

    /// Contacts per second: of late, where that was measured for long enough, else of the whole latest run.
    pub fn reached(&self) -> Option<f64> {
        let run = self.runs.first()?;
        // A run that began a moment ago and has given no figures: nothing is known.
        if run.heartbeat.is_none() && run.elapsed().is_zero() {
            return None;
        }
        let lately = run.heartbeat.and_then(|heartbeat| heartbeat.throughput());
        Some(lately.unwrap_or_else(|| per_second(run.counters.started, run.elapsed())))
    }

    /// What is before the campaign, as the latest run's last sign of life tells.
    fn outlook(&self) -> Option<Outlook> {
        let (run, left) = (self.runs.first()?, self.summary.tally.unsettled());
        Some(match run.heartbeat {
            Some(heartbeat) => heartbeat.outlook(left),
            // A run that has given none, as those of earlier versions: all of it.
            None => Outlook {
                left,
                reached: Some(per_second(run.counters.started, run.elapsed())),
                allowed: run.rate,
                burst: 0,
                active: None,
            },
        })
    }

    /// Contacts per second that may be expected.
    pub fn pace_to_come(&self) -> Option<f64> {
        self.outlook()?.speed()
    }

    /// What is ahead, where a run goes on whose pace alone does not tell.
    pub fn ahead(&self) -> Option<RestAhead> {
        self.going_on()?.heartbeat?.ahead.filter(|_| self.summary.tally.unsettled() > 0)
    }

    /// How long the rows that wait take, without those times in which nothing may be sent where no run goes on. It is what the
    /// live view of the run says.
    pub fn time_left(&self) -> Option<Duration> {
        let all = match self.ahead() {
            Some(hours) => hours.ends_at?.since(self.now),
            None => self.outlook()?.time_left()?,
        };
        Some(figures::slowest(&self.senders, self.now).map_or(all, |(_, longest)| all.max(longest)))
    }

    /// The sender that takes longer than all rows together seem to.
    pub fn longest_sender(&self) -> Option<&SenderFigures> {
        let (sender, longest) = figures::slowest(&self.senders, self.now)?;
        let all = self.outlook()?.time_left()?;
        (longest > all).then_some(sender)
    }

    /// When it ends, where it goes on and nothing keeps it from that.
    pub fn ends_at(&self) -> Option<UnixMillis> {
        (self.going_on().is_some() && self.paused.is_none())
            .then(|| self.time_left())?
            .map(|left| self.now.plus(left))
    }

    /// The result for programs.
    #[must_use]
    pub fn object(&self) -> Object<'_> {
        let (run, going_on) = (self.runs.first(), self.going_on());
        let heartbeat = going_on.and_then(|run| run.heartbeat);
        Object {
            summary: &self.summary,
            running: going_on.is_some(),
            pid: run.map(|run| run.pid),
            rate: run.and_then(|run| run.rate),
            started_at: run.map(|run| run.started_at.to_string()),
            seen_at: run.map(|run| run.seen_at.to_string()),
            ended_at: run.and_then(|run| run.ended_at).map(|stamp| stamp.to_string()),
            reason: run.and_then(|run| run.reason.as_ref()).map(ForeignText::raw),
            time_left_s: self.time_left().map(|time| time.as_secs()),
            ends_at: self.ends_at().map(|stamp| stamp.to_string()),
            in_flight: heartbeat.map(|heartbeat| heartbeat.in_flight),
            pace: heartbeat.map(|heartbeat| rounded(heartbeat.rate)),
            pace_asked: heartbeat.and_then(|heartbeat| heartbeat.asked),
            burst: heartbeat.map(|heartbeat| heartbeat.burst),
            started_per_minute: going_on.and_then(|_| self.reached()).map(|reached| rounded(reached * 60.0)),
            paused_at: self.paused.as_ref().map(|pause| pause.at.to_string()),
            paused_by: self.paused.as_ref().map(|pause| pause.who.raw()),
            quota_full_until: self.quota_full_until.map(|until| until.to_string()),
            closed: self.ahead().filter(|hours| hours.closed_rows > 0).map(|hours| ShownClosed {
                rows: hours.closed_rows,
                opens_at: hours.opens_at.map(|at| at.to_string()),
            }),
            waiting: self.waiting.map(|(rows, until)| ShownWaiting { rows, first_until: until.to_string() }),
            purged_at: self.purged_at.map(|at| at.to_string()),
            deliveries: self.deliveries,
            senders: self.senders.iter().map(SenderFigures::object).collect(),
            steering: self.asks.iter().rev().map(ShownRequest::of).collect(),
        }
    }
}

/// The documented result, and what else is known of the latest run and of what people asked.
#[derive(Serialize)]
pub struct Object<'a> {
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
    ends_at: Option<String>,
    in_flight: Option<u32>,
    pace: Option<f64>,
    pace_asked: Option<f64>,
    burst: Option<u32>,
    started_per_minute: Option<f64>,
    paused_at: Option<String>,
    paused_by: Option<&'a str>,
    quota_full_until: Option<String>,
    /// Rows whose hours are closed.
    closed: Option<ShownClosed>,
    waiting: Option<ShownWaiting>,
    purged_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deliveries: Option<DeliveryCounts>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    senders: Vec<SenderObject<'a>>,
    steering: Vec<ShownRequest<'a>>,
}

/// Rows whose hours are closed, and when the first of them open.
#[derive(Serialize)]
struct ShownClosed {
    rows: u64,
    opens_at: Option<String>,
}

/// Rows that wait until a moment to come.
#[derive(Serialize)]
struct ShownWaiting {
    rows: u64,
    first_until: String,
}

/// What somebody asked.
#[derive(Serialize)]
struct ShownRequest<'a> {
    at: String,
    what: String,
    who: &'a str,
    run: Option<i64>,
    done_at: Option<String>,
}

impl<'a> ShownRequest<'a> {
    fn of(ask: &'a ControlRequest) -> Self {
        Self {
            at: ask.at.to_string(),
            what: ask.wish.to_string(),
            who: ask.who.raw(),
            run: ask.taken.map(|taken| taken.run.number()),
            done_at: ask.taken.map(|taken| taken.at.to_string()),
        }
    }
}
