//! Progress on stderr: a live view on a terminal, a plain line every few seconds elsewhere; and events on stdout for
//! programs (`--json`). It watches; losing it loses nothing, and no phone number ever appears in it.
//!
//! [`Progress`] only folds what it is told and passes the picture on. Showing it is the business of a task of its own, on
//! a thread for blocking work, so that a terminal that stands still does not hold up a campaign.

mod canvas;
mod colours;
mod event;
mod fit;
mod painter;
mod problem;
mod rehearsal;
mod screen;
mod senders;
mod speed;
mod view;
mod wall;
mod words;

use std::io::IsTerminal;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;

pub use event::Events;
pub use rehearsal::RehearsalProgress;
pub use screen::{Screen, ScreenWriter};
pub use senders::sender_table;

use crate::clock::Clock;
use crate::domain::delivery::state::State;
use crate::domain::delivery::summary::{Bottleneck, rounded};
use crate::engine::{Observer, RunEvent};
use painter::{Painter, PainterInput};
use problem::ShownProblem;
use view::View;
use wall::Wall;

/// Problems that wait to be shown, at most; more are counted.
const PROBLEMS: usize = 1_024;
/// How long the end of a run waits for a terminal that stands still.
const LAST_WORD: Duration = Duration::from_secs(1);

/// How progress is shown to people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProgressKind {
    /// A live view that is drawn again and again.
    Bar,
    /// A line every few seconds.
    Lines,
    /// Nothing.
    Quiet,
}

impl ProgressKind {
    /// What suits stderr: a live view needs a terminal that can move its cursor. `events` go to stdout; on one terminal
    /// with it, there is no room for both.
    #[must_use]
    pub fn for_stderr(quiet: bool, events: bool) -> Self {
        if quiet || (events && std::io::stdout().is_terminal()) {
            return Self::Quiet;
        }
        let can_move = colours::can_move(|name| std::env::var_os(name));
        if std::io::stderr().is_terminal() && can_move { Self::Bar } else { Self::Lines }
    }
}

/// What is known of a run before it begins.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct About {
    /// The campaign's name.
    pub campaign: String,
    /// The run's number.
    pub run: i64,
    /// Requests per second, as asked; `None` where the run finds out.
    pub asked_rate: Option<f64>,
    /// How many contacts may be alive at once, and how long each is, where that is known.
    pub active: Option<(u64, Duration)>,
}

/// Watches a run and shows how it fares.
#[derive(Debug)]
pub struct Progress {
    view: View,
    clock: Clock,
    shown: Option<PaintedProgress>,
}

#[derive(Debug)]
struct PaintedProgress {
    views: watch::Sender<View>,
    problems: mpsc::Sender<ShownProblem>,
    urgent: Arc<Notify>,
    end: oneshot::Sender<()>,
    painter: JoinHandle<()>,
}

impl Progress {
    /// Begins to show progress on `screen`, and to tell `events`; lines come every `interval`. Must be called inside a
    /// tokio runtime, but where nothing is to be shown.
    #[must_use]
    pub fn new(
        kind: ProgressKind,
        interval: Duration,
        events: Option<Events>,
        about: About,
        screen: &Screen,
        clock: &Clock,
    ) -> Self {
        Self::in_zone(kind, interval, events, about, screen, Wall::here(clock.clone()))
    }

    fn in_zone(
        kind: ProgressKind,
        interval: Duration,
        events: Option<Events>,
        about: About,
        screen: &Screen,
        wall: Wall,
    ) -> Self {
        let (view, clock) = (View::default(), wall.clock());
        let shown = (kind != ProgressKind::Quiet || events.is_some()).then(|| {
            let (views, latest) = watch::channel(view.clone());
            let (problems, waiting) = mpsc::channel(PROBLEMS);
            let (end, ended) = oneshot::channel();
            let urgent = Arc::new(Notify::new());
            let told = PainterInput { views: latest, problems: waiting, urgent: urgent.clone() };
            let painter = Painter::new(kind, interval, events, (screen.clone(), wall), about, told);
            PaintedProgress { views, problems, urgent, end, painter: tokio::spawn(painter.paint(ended)) }
        });
        Self { view, clock, shown }
    }

    /// Shows what still waits to be shown and takes the view away.
    pub async fn finish(self) {
        if let Some(PaintedProgress { end, painter, .. }) = self.shown {
            drop(end);
            // Progress that cannot be shown is no reason to keep a campaign from ending.
            let _ = tokio::time::timeout(LAST_WORD, painter).await;
        }
    }
}

/// Longest words of a service in the log, in characters.
const LONGEST_LOGGED: usize = 300;

/// The log of `-v`: what became of each attempt, numbers masked.
fn log(event: &RunEvent) {
    match event {
        RunEvent::Began(tally) => tracing::info!(unsettled = tally.unsettled(), "began"),
        RunEvent::Requested { .. } | RunEvent::Planned(_) => {}
        RunEvent::Moved { line, from, to } => tracing::debug!(line, %from, %to, "row"),
        RunEvent::Answered(started) => tracing::info!(
            line = started.line,
            destination = started.destination,
            attempt = started.attempt,
            took_ms = started.took.as_millis() as u64,
            request_id = started.request_id.as_ref().map(|id| id.shown().to_string()),
            "started"
        ),
        RunEvent::Refused(refused) => tracing::info!(
            line = refused.line,
            destination = refused.destination,
            attempt = refused.attempt,
            took_ms = refused.took.as_millis() as u64,
            request_id = refused.request_id.as_ref().map(|id| id.shown().to_string()),
            code = refused.code.shown().to_string(),
            message = refused.message.shown_up_to(LONGEST_LOGGED).to_string(),
            retry_in_ms = refused.retry_in.map(|delay| delay.as_millis() as u64),
            "refused"
        ),
        RunEvent::Gauges(gauges) => {
            tracing::debug!(limit = gauges.limit.map(Bottleneck::name), rate = rounded(gauges.rate), "pace");
        }
        RunEvent::Heartbeat(heartbeat) => {
            tracing::debug!(
                started = heartbeat.now.started,
                throughput = heartbeat.throughput().map(rounded),
                "heartbeat"
            );
        }
        RunEvent::Senders(senders) => {
            for sender in &**senders {
                tracing::debug!(
                    sender = sender.name,
                    started = sender.tally[State::Started],
                    speed = sender.speed(),
                    "sender"
                );
            }
        }
        RunEvent::Paused(length) => {
            tracing::info!(ms = length.as_millis() as u64, "paused, the quota is full");
        }
        RunEvent::Resumed => tracing::info!("resumed"),
        RunEvent::Closed { rows, until, .. } => tracing::info!(rows, %until, "closed"),
        RunEvent::Opened => tracing::info!("open"),
        RunEvent::Held { since, gate: Some(why) } => tracing::info!(%since, %why, "paused by a gate"),
        RunEvent::Held { since, gate: None } => tracing::info!(%since, "paused by a person"),
        RunEvent::Told(more) => {
            tracing::debug!(delivered = more.delivered, undelivered = more.undelivered, "deliveries");
        }
        RunEvent::Undelivered(alarm) => tracing::info!(reason = %alarm, "too many messages do not arrive"),
        RunEvent::Released => tracing::info!("goes on"),
        RunEvent::OptOuts(state) => tracing::info!(?state, "opt-outs"),
        RunEvent::SenderHalted { name, refusal } => {
            tracing::info!(sender = name, code = refusal.code.shown().to_string(), "sender halted");
        }
        RunEvent::Reassigned { rows } => tracing::info!(rows, "rows go to other senders"),
        RunEvent::Repaced { rate, burst } => tracing::info!(rate, burst, "another pace"),
        RunEvent::SenderRepaced { name, rate } => {
            tracing::info!(sender = name, rate, "another pace of a sender");
        }
        RunEvent::Draining { in_flight, ending } => tracing::info!(in_flight, reason = %ending, "draining"),
    }
}

impl Observer for Progress {
    fn on_event(&mut self, event: &RunEvent) {
        log(event);
        let Some(shown) = &self.shown else { return };
        let urgent = self.view.on_event(event, Instant::now());
        if let RunEvent::Refused(refused) = event
            && let Some(problem) = ShownProblem::of(refused, self.clock.now())
            && shown.problems.try_send(problem).is_err()
        {
            self.view.unshown += 1;
        }
        shown.views.send_replace(self.view.clone());
        if urgent {
            shown.urgent.notify_one();
        }
    }

    fn follows_attempts(&self) -> bool {
        tracing::enabled!(tracing::Level::INFO)
    }
}

#[cfg(test)]
mod tests;
