//! What programs read while a run goes on (`--json`): one JSON object per line, told apart by `message_type`. The last
//! line, the summary, is [`crate::domain::delivery::summary::Summary`]. `docs/events.schema.json` is their schema, and
//! tests hold real runs against it.

use std::borrow::Cow;
use std::fmt;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;

use super::problem::ShownProblem;
use super::view::Phase;
use super::words::Scene;
use crate::domain::delivery::summary::{Bottleneck, rounded};
use crate::domain::delivery::tally::Tally;
use crate::domain::events::DeliveryCounts;
use crate::domain::foreign;
use crate::domain::senders::figures::{SenderFigures, SenderObject};
use crate::engine::FirstOpening;

/// Where events go. Clones share it.
#[derive(Clone)]
pub struct Events(Arc<Mutex<dyn Write + Send>>);

impl Events {
    /// To stdout.
    #[must_use]
    pub fn stdout() -> Self {
        Self::to(io::stdout())
    }

    /// To `out`, line by line.
    pub fn to(out: impl Write + Send + 'static) -> Self {
        Self(Arc::new(Mutex::new(out)))
    }

    /// Writes one line, whole.
    fn write(&self, event: &impl Serialize) -> io::Result<()> {
        let line = serde_json::to_string(event)?;
        let line = format!("{}\n", foreign::inert_json(&line));
        let mut out = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        out.write_all(line.as_bytes())?;
        out.flush()
    }

    pub(super) fn status(&self, scene: &Scene<'_>) -> io::Result<()> {
        let (view, about) = (scene.view, scene.about);
        let left = match view.phase {
            Phase::Stopping(_) => None,
            _ if view.is_waiting() => None,
            _ => scene.time_left(),
        };
        self.write(&StatusEvent {
            message_type: "status",
            time: scene.wall.now().to_string(),
            campaign: &about.campaign,
            run: about.run,
            phase: if view.held_since().is_some() || view.waits_for_opt_outs() {
                "paused"
            } else {
                view.phase.name()
            },
            reason: match &view.phase {
                Phase::Sending | Phase::Full(..) | Phase::Closed(..) if view.held.is_some() => {
                    let who = view.held_for.as_ref().map_or("a person has paused the campaign", |why| &**why);
                    Some(format!("{who}; `campaign go` goes on").into())
                }
                Phase::Sending | Phase::Full(..) | Phase::Closed(..) if view.waits_for_opt_outs() => {
                    scene.opt_outs().map(Cow::Owned)
                }
                Phase::Sending => None,
                Phase::Full(..) => Some("the active chats quota is full".into()),
                Phase::Closed(.., FirstOpening::Hours(_)) => {
                    Some("the hours of all rows that are left are closed".into())
                }
                Phase::Closed(.., FirstOpening::None) => {
                    Some("the hours of all rows that are left do not open before the campaign's end".into())
                }
                Phase::Closed(.., FirstOpening::EarlierContacts) => {
                    Some("all rows that are left wait for earlier contacts with their numbers".into())
                }
                Phase::Closed(.., FirstOpening::SenderDay(name)) => Some(
                    format!("all rows that are left wait for the next day of a sender: {name} first").into(),
                ),
                Phase::Stopping(reason) => Some(Cow::Borrowed(&**reason)),
            },
            opens_at: match view.phase {
                Phase::Closed(_, until, _) => Some(until.to_string()),
                _ => None,
            },
            tally: &view.tally,
            requests: view.requests,
            throttled: view.throttled,
            retried: view.retried,
            in_flight: view.in_flight,
            active_chats: view.gauges.alive,
            max_active_chats: about.active.map(|(most, _)| most),
            asked_rate: scene.asked().map(rounded),
            allowed_rate: (view.gauges.rate > 0.0).then(|| rounded(view.gauges.rate)),
            rate: rounded(scene.speed.now()),
            achieved_rate: rounded(scene.speed.average()),
            limited_by: match view.phase {
                Phase::Stopping(_) | Phase::Closed(..) => None,
                _ if view.is_waiting() => None,
                Phase::Full(..) => Some(Bottleneck::ActiveChats.name()),
                Phase::Sending => scene.speed.limit(view).map(Bottleneck::name),
            },
            elapsed_s: rounded(scene.speed.elapsed().as_secs_f64()),
            time_left_s: left.map(|left| left.as_secs()),
            ends_at: left.map(|left| scene.wall.now().plus(left).to_string()),
            senders: view.senders.iter().map(SenderFigures::object).collect(),
            problems_left_out: view.unshown,
            deliveries: view.deliveries(),
        })
    }

    pub(super) fn problem(&self, problem: &ShownProblem) -> io::Result<()> {
        self.write(&ProblemEvent {
            message_type: "problem",
            time: problem.at.to_string(),
            line: problem.line,
            attempt: problem.attempt,
            outcome: problem.outcome.name(),
            code: problem.code.raw(),
            message: &problem.words(),
            retry_in_s: problem.retry_in.map(|delay| rounded(delay.as_secs_f64())),
        })
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Events")
    }
}

#[derive(Serialize)]
struct StatusEvent<'a> {
    message_type: &'static str,
    time: String,
    campaign: &'a str,
    run: i64,
    phase: &'static str,
    reason: Option<Cow<'a, str>>,
    /// When the first row that is left may be sent, while none may.
    opens_at: Option<String>,
    #[serde(flatten)]
    tally: &'a Tally,
    requests: u64,
    throttled: u64,
    retried: u64,
    in_flight: usize,
    active_chats: Option<usize>,
    max_active_chats: Option<u64>,
    asked_rate: Option<f64>,
    allowed_rate: Option<f64>,
    rate: f64,
    achieved_rate: f64,
    limited_by: Option<&'static str>,
    elapsed_s: f64,
    time_left_s: Option<u64>,
    ends_at: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    senders: Vec<SenderObject<'a>>,
    problems_left_out: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    deliveries: Option<DeliveryCounts>,
}

#[derive(Serialize)]
struct ProblemEvent<'a> {
    message_type: &'static str,
    time: String,
    line: Option<u64>,
    attempt: u32,
    outcome: &'static str,
    code: &'a str,
    message: &'a str,
    retry_in_s: Option<f64>,
}
