//! What people ask of a run from outside: signals of this process, and words that come through the journal.

use crate::domain::delivery::control::{NewPace, NewRate, Wish};
use crate::domain::delivery::ending::Ending;
use crate::domain::unix_millis::Stamp;
use crate::engine::Stop;
use crate::engine::notice::Notice;

use super::Flow;
use crate::journal::{Ask, Pulse, Taken};
use crate::pace::{Asked, Tempo};

impl Flow<'_> {
    pub(super) fn on_stop(&mut self) {
        let stop = *self.engine.stop.borrow_and_update();
        match stop {
            Stop::No => {}
            Stop::Drain(signal) => self.end(Ending::Interrupted(signal)),
            Stop::Now(signal) => {
                self.ending = Some(Ending::Interrupted(signal));
                self.abandon = true;
            }
        }
    }

    /// Somebody asked something through the journal: it is done at once, and whoever waits for that is told.
    pub(super) async fn on_asked(&mut self, ask: &Ask) {
        match ask.wish {
            Wish::Pause => self.hold(ask.at),
            Wish::Go => self.release(),
            Wish::Stop => self.end(Ending::Stopped),
            Wish::Pace(pace) => self.repace(pace),
        }
        let in_flight = u32::try_from(self.in_flight.len()).unwrap_or(u32::MAX);
        let taken = Taken { run: self.engine.run, at: self.engine.clock.now(), in_flight };
        self.engine.writer.taken(ask.id, taken).await;
        self.record().await;
    }

    /// No request leaves, and no row is claimed, until somebody lets the campaign go on.
    fn hold(&mut self, since: Stamp) {
        if self.brakes.hold() {
            self.chronicle.held(self.engine.clock.now());
            self.observer.see(&Notice::Held(since));
            self.give_back();
        }
    }

    fn release(&mut self) {
        if self.brakes.release() {
            self.silence.interrupted();
            let now = self.engine.clock.now();
            self.chronicle.released(now);
            self.chronicle.mark(now, self.counters.started);
            self.observer.see(&Notice::Released);
        }
    }

    fn repace(&mut self, new: NewPace) {
        let tempo = self.tempo(new);
        self.engine.pace.change(tempo);
        self.brakes.forget_permit();
        // What was claimed for a second of another pace would be attempted for longer than that.
        if self.queue.ready.len() > self.second() {
            self.give_back();
        }
        self.chronicle.mark(self.engine.clock.now(), self.counters.started);
        let (rate, burst) = told(tempo);
        self.observer.see(&Notice::Repaced { rate, burst });
    }

    /// What a new pace comes to. Where runs share one, it stays what their definitions say, and this run can only take less
    /// of it.
    fn tempo(&self, new: NewPace) -> Tempo {
        let (Tempo::Stated(now) | Tempo::Unknown(now)) = self.engine.pace.tempo();
        let burst = new.burst.unwrap_or(now.burst);
        let within = |rate: f64| match self.brakes.shared() {
            Some(shared) => Asked {
                rate: rate.min(shared.rate),
                burst: shared.burst.try_into().map_or(burst, |most| burst.min(most)),
            },
            None => Asked { rate, burst },
        };
        match new.rate {
            NewRate::PerSecond(rate) => Tempo::Stated(within(rate)),
            NewRate::Auto => Tempo::Unknown(within(f64::INFINITY)),
            NewRate::Default => self.began_with,
        }
    }

    /// How the run fares now, for whoever looks from elsewhere.
    pub(super) fn pulse(&mut self, now: Stamp) -> Pulse {
        let (asked, burst) = told(self.engine.pace.tempo());
        Pulse {
            in_flight: u32::try_from(self.in_flight.len()).unwrap_or(u32::MAX),
            rate: self.engine.pace.rate(),
            asked,
            burst,
            mark: self.chronicle.marked(now, self.counters.started),
        }
    }
}

/// A pace as it is told: the rate, `None` where the run finds it out, and the burst.
fn told(tempo: Tempo) -> (Option<f64>, u32) {
    match tempo {
        Tempo::Stated(asked) => (Some(asked.rate), asked.burst.get()),
        Tempo::Unknown(most) => (None, most.burst.get()),
    }
}
