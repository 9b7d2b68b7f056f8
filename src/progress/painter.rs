//! The task that shows: at its own pace, from the latest picture, on a thread where it may block.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio::time::{Instant, MissedTickBehavior};

use super::event::Events;
use super::fit::{self, Part, Tone};
use super::problem::{ShownProblem, ShownProblems};
use super::screen::Screen;
use super::speed::Speed;
use super::view::View;
use super::wall::Wall;
use super::words::Scene;
use super::{About, ProgressKind};
use crate::domain::figures::PerSecond;

/// The view is drawn five times a second: as often as an eye follows, and cheap over ssh. Events are as fresh.
const OFTEN: Duration = Duration::from_millis(200);
/// A status event comes this often.
const STATUS_EVERY: Duration = Duration::from_secs(1);
/// Kinds of problems shown in the view, and with one line off a terminal.
const IN_VIEW: usize = 3;
/// Senders shown in the view.
const SENDERS_IN_VIEW: usize = 5;
const AT_ONCE: usize = 5;

/// What the painter is told.
pub(super) struct PainterInput {
    pub(super) views: watch::Receiver<View>,
    pub(super) problems: mpsc::Receiver<ShownProblem>,
    /// Something that cannot wait for the next turn.
    pub(super) urgent: Arc<Notify>,
}

pub(super) struct Painter {
    kind: ProgressKind,
    every: Duration,
    screen: Screen,
    events: Option<Events>,
    about: About,
    wall: Wall,
    told: PainterInput,
    speed: Speed,
    problems: ShownProblems,
    /// Problems that there was no room for, as far as they were told of.
    unshown: u64,
    /// The picture of the last turn.
    before: View,
    line_at: Instant,
    status_at: Instant,
}

/// Why it is time to show something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    Regular,
    Urgent,
    Last,
}

impl Painter {
    pub(super) fn new(
        kind: ProgressKind,
        every: Duration,
        events: Option<Events>,
        (screen, wall): (Screen, Wall),
        about: About,
        told: PainterInput,
    ) -> Self {
        let now = Instant::now();
        Self {
            kind,
            every: every.max(OFTEN),
            screen,
            events,
            about,
            wall,
            told,
            speed: Speed::default(),
            problems: ShownProblems::default(),
            unshown: 0,
            before: View::default(),
            line_at: now + every.max(OFTEN),
            status_at: now,
        }
    }

    /// Shows until `ended` says so, or the one who watches is gone.
    pub(super) async fn paint(mut self, mut ended: oneshot::Receiver<()>) {
        if self.kind == ProgressKind::Bar {
            self.screen.show_bar();
        }
        let often = self.kind == ProgressKind::Bar || self.events.is_some();
        let every = if often { OFTEN } else { self.every };
        let mut ticks = tokio::time::interval_at(Instant::now() + every, every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let urgent = self.told.urgent.clone();
        loop {
            let turn = tokio::select! {
                biased;
                _ = &mut ended => Turn::Last,
                () = urgent.notified() => Turn::Urgent,
                _ = ticks.tick() => Turn::Regular,
            };
            let shown = tokio::task::spawn_blocking(move || {
                self.show(turn);
                self
            });
            match shown.await {
                Ok(same) if turn != Turn::Last => self = same,
                _ => return,
            }
        }
    }

    fn show(&mut self, turn: Turn) {
        let (view, now) = (self.told.views.borrow_and_update().clone(), Instant::now());
        self.speed.look(now, &view);
        if turn == Turn::Last && self.kind == ProgressKind::Bar {
            self.screen.clear_bar();
        }
        while let Ok(problem) = self.told.problems.try_recv() {
            self.tell(|events| events.problem(&problem));
            self.problems.add(problem);
        }
        if view.has_begun() && turn != Turn::Last {
            self.show_status(&view, now, turn);
        }
        match self.kind {
            ProgressKind::Quiet => {}
            ProgressKind::Bar if turn == Turn::Last => self.list_problems(&view),
            ProgressKind::Bar if view.has_begun() => self.draw(&view, now),
            ProgressKind::Bar => {}
            ProgressKind::Lines => self.lines(&view, now, turn),
        }
        self.before = view;
    }

    /// Writes events for programs, until the first write that fails.
    fn tell(&mut self, write: impl FnOnce(&Events) -> std::io::Result<()>) {
        if self.events.as_ref().is_some_and(|events| write(events).is_err()) {
            self.events = None;
        }
    }

    fn show_status(&mut self, view: &View, now: Instant, turn: Turn) {
        let Some(events) = self.events.clone() else { return };
        if turn == Turn::Urgent || now >= self.status_at {
            self.status_at = now + STATUS_EVERY;
            let written = events.status(&self.scene(view, now));
            self.tell(|_| written);
        }
    }

    fn scene<'a>(&'a self, view: &'a View, now: Instant) -> Scene<'a> {
        Scene { view, speed: &self.speed, about: &self.about, wall: &self.wall, now }
    }

    fn draw(&self, view: &View, now: Instant) {
        let (scene, columns, colours) = (self.scene(view, now), self.screen.columns(), self.screen.colours());
        let mut lines = Vec::with_capacity(8);
        for parts in [scene.phase(), scene.pace(), scene.counts()] {
            lines.extend(fit::lines(&parts, columns, colours));
        }
        for line in scene.senders(SENDERS_IN_VIEW) {
            lines.extend(fit::lines(&[line], columns, colours));
        }
        let problems = self.problems.last(IN_VIEW, |at| format!("{} ", self.wall.at(at)));
        for problem in problems {
            lines.extend(fit::lines(&[Part::new(problem, Tone::Bad)], columns, colours));
        }
        self.screen.draw(&self.about.campaign, &view.share(), (view.done(), view.total()), &lines);
    }

    fn lines(&mut self, view: &View, now: Instant, turn: Turn) {
        let changed = view.differs(&self.before);
        if turn == Turn::Last || now >= self.line_at {
            self.list_problems(view);
        }
        if turn == Turn::Last || !view.has_begun() {
            return;
        }
        let scene = self.scene(view, now);
        let colours = self.screen.colours();
        if now >= self.line_at {
            let mut parts = scene.phase();
            parts.extend(scene.pace());
            parts.extend(scene.counts());
            let details = fit::lines(&parts, usize::MAX, colours).concat();
            self.screen.line(&format!("{} ({} %): {details}", view.share(), view.percent()));
            self.line_at = now + self.every;
        } else if turn == Turn::Urgent && changed {
            let mut phase = scene.phase();
            if view.repaced != self.before.repaced {
                let words = match scene.asked() {
                    Some(rate) => format!("a person has changed the pace to {}", PerSecond(rate)),
                    None => "a person has changed the pace to what the service takes".to_owned(),
                };
                phase.insert(0, words.into());
            }
            if view.sender_repaced != self.before.sender_repaced {
                phase.extend(scene.sender_repaced().map(Part::from));
            }
            if phase.is_empty() {
                phase.push("sending goes on".to_owned().into());
            }
            self.screen.line(&fit::lines(&phase, usize::MAX, colours).concat());
        }
    }

    /// What stays on the screen of the problems that were met since the last time.
    fn list_problems(&mut self, view: &View) {
        let problems = std::mem::take(&mut self.problems);
        for problem in problems.last(AT_ONCE, |_| String::new()) {
            let line = fit::lines(&[Part::new(problem, Tone::Bad)], usize::MAX, self.screen.colours());
            self.screen.line(&line.concat());
        }
        let more = view.unshown - self.unshown;
        self.unshown = view.unshown;
        if more > 0 {
            self.screen.line(&format!("and {more} more: see the report"));
        }
    }
}
