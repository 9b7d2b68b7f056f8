//! Progress on stderr: a bar on a terminal, a plain line every few seconds elsewhere. It watches; losing it loses
//! nothing, and no phone number ever appears in it.
//!
//! [`Progress`] only folds what it is told and passes the picture on. Drawing is the business of a task of its own, on
//! a thread for blocking work, so that a terminal that stands still does not hold up a campaign.

mod painter;
mod problem;
mod screen;
mod view;

use std::io::IsTerminal;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;

pub use screen::{Screen, ScreenWriter};

use crate::engine::{Notice, Observer};
use painter::{Painter, Problems};
use view::View;

/// Problems that wait to be shown, at most; more are counted.
const PROBLEMS: usize = 64;
/// How long the end of a run waits for a terminal that stands still.
const LAST_WORD: Duration = Duration::from_secs(1);

/// How progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProgressKind {
    /// A bar that is drawn again and again.
    Bar,
    /// A line every few seconds.
    Lines,
    /// Nothing.
    Quiet,
}

impl ProgressKind {
    /// What suits stderr: a bar needs a terminal that can move its cursor.
    #[must_use]
    pub fn for_stderr(quiet: bool) -> Self {
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        match (quiet, std::io::stderr().is_terminal() && !dumb) {
            (true, _) => Self::Quiet,
            (false, true) => Self::Bar,
            (false, false) => Self::Lines,
        }
    }
}

/// Watches a run and shows how it fares.
#[derive(Debug)]
pub struct Progress {
    view: View,
    shown: Option<Shown>,
}

#[derive(Debug)]
struct Shown {
    views: watch::Sender<View>,
    problems: mpsc::Sender<String>,
    end: oneshot::Sender<()>,
    painter: JoinHandle<()>,
}

impl Progress {
    /// Begins to show progress on `screen`; lines come every `interval`. Must be called inside a tokio runtime, but for
    /// [`ProgressKind::Quiet`].
    #[must_use]
    pub fn new(kind: ProgressKind, interval: Duration, screen: &Screen) -> Self {
        let view = View::default();
        let shown = (kind != ProgressKind::Quiet).then(|| {
            let (views, latest) = watch::channel(view);
            let (problems, waiting) = mpsc::channel(PROBLEMS);
            let (end, ended) = oneshot::channel();
            let painter = Painter::new(kind, interval, screen.clone(), latest, Problems::new(waiting));
            Shown { views, problems, end, painter: tokio::spawn(painter.paint(ended)) }
        });
        Self { view, shown }
    }

    /// Shows what still waits to be shown and takes the bar away.
    pub async fn finish(self) {
        if let Some(Shown { end, painter, .. }) = self.shown {
            drop(end);
            // Progress that cannot be shown is no reason to keep a campaign from ending.
            let _ = tokio::time::timeout(LAST_WORD, painter).await;
        }
    }
}

/// The log of `-v`: what became of each attempt, numbers masked.
fn log(notice: &Notice) {
    match notice {
        Notice::Began(tally) => tracing::info!(unsettled = tally.unsettled(), "began"),
        Notice::Requested { .. } | Notice::Planned(_) => {}
        Notice::Moved { line, from, to } => tracing::info!(line, %from, %to, "row"),
        Notice::Refused(refused) => tracing::info!(
            line = refused.line,
            destination = refused.destination,
            attempt = refused.attempt,
            code = refused.code,
            message = refused.message,
            retry_in = refused.retry_in.map(|delay| delay.as_secs_f64()),
            "refused"
        ),
        Notice::Paused(length) => tracing::info!(seconds = length.as_secs_f64(), "paused, the quota is full"),
        Notice::Resumed => tracing::info!("resumed"),
        Notice::Held(since) => tracing::info!(%since, "paused by a person"),
        Notice::Released => tracing::info!("goes on"),
        Notice::Repaced { rate, burst } => tracing::info!(rate, burst, "another pace"),
        Notice::Draining { in_flight } => tracing::info!(in_flight, "draining"),
    }
}

impl Observer for Progress {
    fn see(&mut self, notice: &Notice) {
        log(notice);
        let Some(shown) = &self.shown else { return };
        self.view.see(notice, Instant::now());
        if let Notice::Refused(refused) = notice
            && let Some(words) = problem::words(refused)
            && shown.problems.try_send(words).is_err()
        {
            self.view.unshown += 1;
        }
        shown.views.send_replace(self.view);
    }
}

#[cfg(test)]
mod tests;
