//! Progress of a rehearsal: it plays days in seconds, so the day that it has come to is what it shows.
//!
//! It writes from the engine's own task. A terminal that stands still holds nobody up: in virtual time, nothing is late.

use std::time::Duration;

use console::truncate_str;
use tokio::time::Instant;

use super::view::{Phase, View};
use super::{ProgressKind, Screen};
use crate::clock::Clock;
use crate::domain::figures::{Grouped, counted};
use crate::domain::forecast::words::at;
use crate::domain::unix_millis::UnixMillis;
use crate::engine::{Observer, RunEvent};

/// How often the live view is drawn.
const DRAW_EVERY: Duration = Duration::from_millis(200);

/// Watches a rehearsal and shows how far it is. Dropped, it takes its view away.
#[derive(Debug)]
pub struct RehearsalProgress {
    view: View,
    campaign: String,
    /// The clock of the days that pass.
    days: Clock,
    /// The clock of whoever looks on.
    watch: Clock,
    kind: ProgressKind,
    /// Between two lines off a terminal.
    interval: Duration,
    screen: Screen,
    next_at: UnixMillis,
}

impl RehearsalProgress {
    /// Begins to show progress of `campaign` on `screen`: a live view, or a line every `interval` by `watch`, with the time that
    /// `days` shows.
    #[must_use]
    pub fn new(
        kind: ProgressKind,
        interval: Duration,
        campaign: String,
        screen: &Screen,
        (days, watch): (&Clock, &Clock),
    ) -> Self {
        if kind == ProgressKind::Bar {
            screen.show_bar();
        }
        Self {
            view: View::default(),
            campaign,
            days: days.clone(),
            watch: watch.clone(),
            kind,
            interval,
            screen: screen.clone(),
            next_at: watch.now().plus(if kind == ProgressKind::Bar { Duration::ZERO } else { interval }),
        }
    }

    fn show(&self) {
        let share = format!("{} of {}", Grouped(self.view.done()), Grouped(self.view.total()));
        let mut day = at(self.days.now());
        if let Phase::Closed(rows, until, _) = &self.view.phase {
            day.push_str(&format!(": {} until {}", counted(*rows, "row waits", "rows wait"), at(*until)));
        }
        match self.kind {
            ProgressKind::Bar => {
                let line = truncate_str(&day, self.screen.columns(), "…").into_owned();
                self.screen.draw(&self.campaign, &share, (self.view.done(), self.view.total()), &[line]);
            }
            ProgressKind::Lines => self.screen.line(&format!("rehearsing: {share}, {day}")),
            ProgressKind::Quiet => {}
        }
    }
}

impl Observer for RehearsalProgress {
    fn on_event(&mut self, event: &RunEvent) {
        self.view.on_event(event, Instant::now());
        let now = self.watch.now();
        if self.kind != ProgressKind::Quiet && now >= self.next_at {
            self.next_at = now.plus(if self.kind == ProgressKind::Bar { DRAW_EVERY } else { self.interval });
            self.show();
        }
    }
}

impl Drop for RehearsalProgress {
    fn drop(&mut self) {
        if self.kind == ProgressKind::Bar {
            self.screen.clear_bar();
        }
    }
}
