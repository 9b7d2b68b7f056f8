//! The json report: one object with the counts, why rows are what they are, and every run.

use std::io::Write;

use serde::Serialize;

use super::error::ReportError;
use super::jsonl_rows::ShownValue;
use crate::domain::delivery::summary::rounded;
use crate::domain::delivery::tally::Tally;
use crate::domain::events::DeliveryCounts;
use crate::domain::figures::per_second;
use crate::domain::foreign::{self, ForeignText};
use crate::domain::senders::figures::{SenderFigures, SenderObject};
use crate::domain::unix_millis::UnixMillis;
use crate::journal::{Campaign, ControlRequest, ReasonCount, RunRecord, Selection, Snapshot};

/// Writes the object on one line.
pub(super) fn write(
    snapshot: &Snapshot<'_>,
    campaign: &Campaign,
    out: &mut impl Write,
) -> Result<Tally, ReportError> {
    let reasons = snapshot.reasons(campaign.id)?;
    let mut counted = Tally::default();
    for reason in &reasons {
        counted[reason.state] += reason.rows;
    }
    super::balance(&counted, &snapshot.tally(campaign.id)?, &Selection::default())?;
    let mut runs = snapshot.runs(campaign.id, u32::MAX)?;
    runs.reverse();
    let mut asks = snapshot.asks(campaign.id, u32::MAX)?;
    asks.reverse();
    let senders = snapshot.sender_figures(campaign.id)?;
    let overview = Overview {
        campaign: &campaign.name,
        begun_at: ShownValue(campaign.created_at),
        purged_at: snapshot.purged_at(campaign.id)?.map(ShownValue),
        tally: counted,
        reasons: reasons.iter().filter_map(ReasonEntry::of).collect(),
        deliveries: Some(snapshot.deliveries(campaign.id)?).filter(DeliveryCounts::is_told),
        runs: runs.iter().map(RunEntry::of).collect(),
        senders: senders.iter().map(SenderFigures::object).collect(),
        steering: asks.iter().map(RequestEntry::of).collect(),
    };
    let text = serde_json::to_string(&overview).map_err(|error| ReportError::Stream(error.into()))?;
    out.write_all(foreign::inert_json(&text).as_bytes()).map_err(ReportError::Stream)?;
    out.write_all(b"\n").map_err(ReportError::Stream)?;
    Ok(counted)
}

#[derive(Serialize)]
struct Overview<'j> {
    campaign: &'j str,
    begun_at: ShownValue<UnixMillis>,
    #[serde(skip_serializing_if = "Option::is_none")]
    purged_at: Option<ShownValue<UnixMillis>>,
    #[serde(flatten)]
    tally: Tally,
    reasons: Vec<ReasonEntry<'j>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deliveries: Option<DeliveryCounts>,
    runs: Vec<RunEntry<'j>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    senders: Vec<SenderObject<'j>>,
    steering: Vec<RequestEntry<'j>>,
}

#[derive(Serialize)]
struct ReasonEntry<'j> {
    state: &'static str,
    code: &'j str,
    rows: u64,
}

impl<'j> ReasonEntry<'j> {
    fn of(count: &'j ReasonCount) -> Option<Self> {
        Some(Self { state: count.state.name(), code: count.code.as_ref()?.raw(), rows: count.rows })
    }
}

/// A control request, such as a pause.
#[derive(Serialize)]
struct RequestEntry<'j> {
    at: ShownValue<UnixMillis>,
    what: &'static str,
    rate: Option<f64>,
    burst: Option<u32>,
    who: &'j str,
    run: Option<i64>,
    done_at: Option<ShownValue<UnixMillis>>,
}

impl<'j> RequestEntry<'j> {
    fn of(ask: &'j ControlRequest) -> Self {
        let (rate, burst) = ask.wish.pace();
        Self {
            at: ShownValue(ask.at),
            what: ask.wish.name(),
            rate,
            burst: burst.map(std::num::NonZero::get),
            who: ask.who.raw(),
            run: ask.taken.map(|taken| taken.run.number()),
            done_at: ask.taken.map(|taken| ShownValue(taken.at)),
        }
    }
}

#[derive(Serialize)]
struct RunEntry<'j> {
    run: i64,
    started_at: ShownValue<UnixMillis>,
    seen_at: ShownValue<UnixMillis>,
    ended_at: Option<ShownValue<UnixMillis>>,
    rate: Option<f64>,
    started: u64,
    requests: u64,
    throttled: u64,
    retried: u64,
    elapsed_s: f64,
    achieved_rate: f64,
    exit: Option<u8>,
    reason: Option<&'j str>,
}

impl<'j> RunEntry<'j> {
    fn of(run: &'j RunRecord) -> Self {
        let elapsed = run.elapsed();
        Self {
            run: run.id.number(),
            started_at: ShownValue(run.started_at),
            seen_at: ShownValue(run.seen_at),
            ended_at: run.ended_at.map(ShownValue),
            rate: run.rate,
            started: run.counters.started,
            requests: run.counters.requests,
            throttled: run.counters.throttled,
            retried: run.counters.retried,
            elapsed_s: rounded(elapsed.as_secs_f64()),
            achieved_rate: rounded(per_second(run.counters.requests, elapsed)),
            exit: run.exit,
            reason: run.reason.as_ref().map(ForeignText::raw),
        }
    }
}
