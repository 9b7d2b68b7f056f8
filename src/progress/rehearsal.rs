//! Progress of a rehearsal: it plays days in seconds, so the day that it has come to is what it shows.
//!
//! It writes from the engine's own task. A terminal that stands still holds nobody up: in virtual time, nothing is late.

use std::time::Duration;

use console::truncate_str;
use tokio::time::Instant;

use super::view::{Phase, View};
use super::{ProgressKind, Screen};
use crate::clock::Clock;
use crate::domain::figures::counted;
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
    /// Between two pictures.
    every: Duration,
    screen: Screen,
    next_at: UnixMillis,
}

impl RehearsalProgress {
    /// Begins to show progress of `campaign` on `screen`: a live view, or a line every `interval` by `watch`, with the
    /// time that `days` shows.
    #[must_use]
    pub fn new(
        kind: ProgressKind,
        interval: Duration,
        campaign: String,
        screen: &Screen,
        (days, watch): (&Clock, &Clock),
    ) -> Self {
        let mut next_at = watch.now();
        let every = match kind {
            ProgressKind::Bar => {
                screen.show_bar();
                DRAW_EVERY
            }
            ProgressKind::Lines | ProgressKind::Quiet => {
                next_at = next_at.plus(interval);
                interval
            }
        };
        Self {
            view: View::default(),
            campaign,
            days: days.clone(),
            watch: watch.clone(),
            kind,
            every,
            screen: screen.clone(),
            next_at,
        }
    }

    fn show(&self) {
        let share = self.view.share();
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
            self.next_at = now.plus(self.every);
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
