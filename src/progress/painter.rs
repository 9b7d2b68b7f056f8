//! The task that draws: at its own pace, from the latest picture, on a thread where it may block.

use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, MissedTickBehavior};

use super::ProgressKind;
use super::screen::Screen;
use super::view::{Pace, View};

/// A bar is drawn five times a second: as often as an eye follows, and cheap over ssh.
const BAR_EVERY: Duration = Duration::from_millis(200);
/// Problems shown with one drawing, at most; the rest is counted.
const AT_ONCE: usize = 5;

pub(super) struct Painter {
    kind: ProgressKind,
    every: Duration,
    screen: Screen,
    views: watch::Receiver<View>,
    problems: Problems,
    pace: Pace,
}

impl Painter {
    pub(super) fn new(
        kind: ProgressKind,
        interval: Duration,
        screen: Screen,
        views: watch::Receiver<View>,
        problems: Problems,
    ) -> Self {
        let every = if kind == ProgressKind::Bar { BAR_EVERY } else { interval.max(BAR_EVERY) };
        Self { kind, every, screen, views, problems, pace: Pace::default() }
    }

    /// Draws until `ended` says so, or the one who watches is gone.
    pub(super) async fn paint(mut self, mut ended: oneshot::Receiver<()>) {
        if self.kind == ProgressKind::Bar {
            self.screen.show_bar();
        }
        let mut ticks = tokio::time::interval_at(Instant::now() + self.every, self.every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let last = tokio::select! {
                _ = &mut ended => true,
                _ = ticks.tick() => false,
            };
            let drawn = tokio::task::spawn_blocking(move || {
                self.draw(last);
                self
            });
            match drawn.await {
                Ok(same) if !last => self = same,
                _ => return,
            }
        }
    }

    fn draw(&mut self, last: bool) {
        let view = *self.views.borrow_and_update();
        self.pace.look(Instant::now(), &view);
        if last {
            self.screen.clear_bar();
        }
        for line in self.problems.take(view.unshown) {
            self.screen.line(&line);
        }
        if last || !view.has_begun() {
            return;
        }
        match self.kind {
            ProgressKind::Bar => self.screen.draw(&view, &self.pace),
            ProgressKind::Lines => {
                self.screen.line(&format!("{}: {}", view.share(), view.details(&self.pace)));
            }
            ProgressKind::Quiet => {}
        }
    }
}

/// Problems on their way to the screen, never more at once than can be read.
pub(super) struct Problems {
    waiting: mpsc::Receiver<String>,
    /// Those that found the channel full, as far as they were told of.
    told: u64,
}

impl Problems {
    pub(super) fn new(waiting: mpsc::Receiver<String>) -> Self {
        Self { waiting, told: 0 }
    }

    /// What to show now; `unshown` counts all that ever found the channel full.
    fn take(&mut self, unshown: u64) -> Vec<String> {
        let mut lines: Vec<String> = std::iter::from_fn(|| self.waiting.try_recv().ok()).collect();
        let more = lines.len().saturating_sub(AT_ONCE) as u64 + unshown.saturating_sub(self.told);
        self.told = unshown;
        lines.truncate(AT_ONCE);
        if more > 0 {
            lines.push(format!("and {more} more like these: see the report"));
        }
        lines
    }
}
