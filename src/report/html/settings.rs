//! Settings of the campaign and its runs, as the journal knows them.

use std::collections::BTreeSet;
use std::path::Path;

use serde::Serialize;

use super::wall_clock::WallClock;
use crate::domain::figures::{Grouped, PerSecond, Span, per_second};
use crate::domain::message::request::{Leaf, Message, RequestTemplate, SegmentValue};
use crate::domain::phone::mask::mask_text;
use crate::journal::{Campaign, ControlRequest, Origin, RunRecord};

/// Runs that are listed, at most: the newest.
pub(super) const MOST_RUNS: usize = 200;

#[derive(Debug, Serialize)]
pub(super) struct SettingRow {
    name: &'static str,
    values: Vec<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct RunLine {
    number: i64,
    began: String,
    ended: String,
    took: String,
    asked: String,
    achieved: String,
    requests: String,
    started: String,
    throttled: String,
    retried: String,
    pub(super) end: String,
    set: String,
    file: String,
    version: String,
}

/// The common part of a campaign's requests; nothing that differs from row to row, and no message.
pub(super) fn campaign(
    campaign: &Campaign,
    origin: &Origin,
    shapes: &[(i64, RequestTemplate)],
    clock: &WallClock,
) -> Vec<SettingRow> {
    let all = |of: &dyn Fn(&RequestTemplate) -> Option<String>| -> Vec<String> {
        shapes.iter().filter_map(|(_, shape)| of(shape)).collect::<BTreeSet<_>>().into_iter().collect()
    };
    let leaf = |leaf: &Leaf| match leaf {
        Leaf::Fixed(text) => text.clone(),
        Leaf::Slot(_) | Leaf::Token => "differs from row to row".to_owned(),
    };
    let names = |names: Vec<&String>| {
        (!names.is_empty()).then(|| names.into_iter().map(String::as_str).collect::<Vec<_>>().join(", "))
    };
    let rows = [
        ("begun", vec![format!("{} {}", clock.time(campaign.created_at), clock.name())]),
        (
            "purged",
            origin
                .purged_at
                .map(|at| {
                    format!("{} {}: numbers, keys and messages were removed", clock.time(at), clock.name())
                })
                .into_iter()
                .collect(),
        ),
        ("answered by", vec![origin.service.clone()]),
        ("instance", vec![origin.instance_id.clone()]),
        ("contact flow", all(&|shape| Some(leaf(&shape.contact_flow_id)))),
        ("source", all(&|shape| Some(leaf(&shape.source)))),
        ("channel", all(&channel)),
        ("key", vec![origin.key_column.clone().unwrap_or_else(|| "the number".to_owned())]),
        ("first message", all(&|shape| Some(message(shape)))),
        ("attributes", all(&|shape| names(shape.attributes.keys().collect()))),
        (
            "chat duration",
            all(&|shape| shape.chat_duration_minutes.map(|minutes| format!("{minutes} minutes"))),
        ),
    ];
    rows.into_iter()
        .filter(|(_, values)| !values.is_empty())
        .map(|(name, values)| SettingRow { name, values })
        .collect()
}

fn channel(shape: &RequestTemplate) -> Option<String> {
    match shape.segment_attributes.get("connect:Subtype")? {
        SegmentValue::String(Leaf::Fixed(channel)) => Some(channel.clone()),
        _ => None,
    }
}

fn message(shape: &RequestTemplate) -> String {
    match &shape.message {
        None => "none; the contact flow sends it".to_owned(),
        Some(Message::Text { content_type, .. }) => format!("text ({content_type})"),
        Some(Message::Templated { template_id, .. }) => format!("template {template_id}"),
    }
}

/// A control request, such as a pause.
#[derive(Debug, Serialize)]
pub(super) struct RequestLine {
    at: String,
    what: String,
    who: String,
    done: String,
}

/// What was asked last, at most as much as there are runs listed, in the order in which it was.
pub(super) fn asks(asks: &[ControlRequest], clock: &WallClock) -> Vec<RequestLine> {
    asks[asks.len().saturating_sub(MOST_RUNS)..]
        .iter()
        .map(|ask| RequestLine {
            at: clock.time(ask.at),
            what: ask.wish.to_string(),
            who: mask_text(ask.who.raw()),
            done: ask.taken.map_or_else(
                || "by no run".to_owned(),
                |taken| format!("{} by run {}", clock.time(taken.at), taken.run.number()),
            ),
        })
        .collect()
}

/// The newest runs, in the order in which they were.
pub(super) fn runs(runs: &[RunRecord], clock: &WallClock) -> Vec<RunLine> {
    runs[runs.len().saturating_sub(MOST_RUNS)..].iter().map(|record| run(record, clock)).collect()
}

fn run(run: &RunRecord, clock: &WallClock) -> RunLine {
    let elapsed = run.elapsed();
    let count = |count| Grouped(count).to_string();
    let end = match (run.exit, &run.reason, run.ended_at) {
        (_, Some(reason), _) => mask_text(reason.raw()),
        (Some(0), ..) => "finished".to_owned(),
        (Some(3), ..) => "finished; some rows are not started".to_owned(),
        (Some(exit), ..) => format!("exit code {exit}"),
        (None, _, None) => "goes on, or ended unexpectedly".to_owned(),
        (None, _, Some(_)) => String::new(),
    };
    let file = run.file.as_deref().map(Path::new).and_then(Path::file_name);
    RunLine {
        number: run.id.number(),
        began: clock.time(run.started_at),
        ended: run.ended_at.map(|at| clock.time(at)).unwrap_or_default(),
        took: Span(elapsed).to_string(),
        asked: run.rate.map_or_else(|| "auto".to_owned(), |rate| PerSecond(rate).to_string()),
        achieved: PerSecond(per_second(run.counters.requests, elapsed)).to_string(),
        requests: count(run.counters.requests),
        started: count(run.counters.started),
        throttled: count(run.counters.throttled),
        retried: count(run.counters.retried),
        end,
        set: run
            .settings
            .iter()
            .map(|(name, value)| format!("{name} {value}"))
            .collect::<Vec<_>>()
            .join(", "),
        file: file.map_or_else(|| "the journal alone".to_owned(), |name| mask_text(&name.to_string_lossy())),
        version: run.version.clone(),
    }
}
