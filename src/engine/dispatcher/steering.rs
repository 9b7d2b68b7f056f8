//! What people ask of a run from outside: signals of this process, and words that come through the journal.

use std::sync::Arc;

use crate::domain::delivery::control::{Control, NewAccountPace, NewPace, NewRate, NewSenderPace};
use crate::domain::delivery::ending::Ending;
use crate::domain::delivery::state::Event;
use crate::domain::forecast::{Heartbeat, Milestone};
use crate::domain::senders::PartRate;
use crate::domain::unix_millis::UnixMillis;
use crate::engine::Stop;
use crate::engine::accounts::AccountGate;
use crate::engine::commits::AfterCommit;
use crate::engine::events::RunEvent;

use super::Dispatcher;
use crate::journal::{Acknowledgement, ControlRequest};
use crate::pace::{PaceMode, RateLimit};

impl Dispatcher<'_> {
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

    /// Carries out a request that came through the journal, at once, and acknowledges it there.
    pub(super) async fn on_asked(&mut self, ask: &ControlRequest) {
        match &ask.wish {
            Control::Pause => self.hold(ask.at, ask.by_gate.then(|| ask.who.raw().into())),
            Control::Go => self.release(),
            Control::Stop => self.end(Ending::Stopped),
            Control::Pace(pace) => self.repace(*pace),
            Control::SenderPace(pace) => self.repace_sender(pace),
            Control::AccountPace(new) => self.repace_account(new),
        }
        let in_flight = u32::try_from(self.in_flight.len()).unwrap_or(u32::MAX);
        let taken = Acknowledgement { run: self.engine.run, at: self.engine.clock.now(), in_flight };
        self.engine.writer.taken(ask.id, taken).await;
        self.record().await;
    }

    /// Stops requests and claims until the campaign is resumed. `gate` is the reason of the gate that asks for it, if one does.
    pub(super) fn hold(&mut self, since: UnixMillis, gate: Option<Arc<str>>) {
        if self.send_gate.hold() {
            self.metrics.held(self.engine.clock.now());
            self.observer.on_event(&RunEvent::Held { since, gate });
            self.give_back();
        }
    }

    fn release(&mut self) {
        if self.send_gate.release() {
            self.engine.undelivered.forget();
            self.send_gate.instances.iter_mut().for_each(|gate| gate.outage.interrupted());
            let now = self.engine.clock.now();
            self.metrics.released(now);
            self.measure_anew(now);
            self.queue.ready.measure_anew();
            self.observer.on_event(&RunEvent::Released);
        }
    }

    fn repace(&mut self, new: NewPace) {
        // An account that states its own pace keeps it, where others follow that of the campaign.
        let (accounts, instances) = (&self.send_gate.accounts, &self.send_gate.instances);
        let mut used = instances.iter().filter(|gate| gate.is_used);
        let all_state = used.all(|gate| accounts[gate.account].states_pace);
        let follows = |at: &usize| all_state || !accounts[*at].states_pace;
        let following: Vec<usize> = (0..accounts.len()).filter(follows).collect();
        self.repace_accounts(&following, new);
    }

    /// Also one that states its own pace: a person has named it.
    fn repace_account(&mut self, NewAccountPace { name, pace }: &NewAccountPace) {
        let Some(run) = self.engine.senders.iter().find(|run| run.sender.name == *name) else { return };
        let instance = self.queue.ready.instance(Some(run.id));
        self.repace_accounts(&[self.send_gate.instances[instance].account], *pace);
    }

    fn repace_accounts(&mut self, accounts: &[usize], new: NewPace) {
        for at in accounts {
            let gate = &mut self.send_gate.accounts[*at];
            gate.change(tempo(gate, new));
        }
        // What was claimed for a second of another pace would be attempted for longer than that.
        let second: usize =
            (0..self.send_gate.instances.len()).map(|instance| self.send_gate.second(instance)).sum();
        if self.queue.ready.len() > second {
            self.give_back();
        }
        self.measure_anew(self.engine.clock.now());
        let (rate, burst) = self.send_gate.asked();
        self.observer.on_event(&RunEvent::Repaced { rate, burst });
    }

    fn repace_sender(&mut self, NewSenderPace { name, rate }: &NewSenderPace) {
        let Some(run) = self.engine.senders.iter().find(|run| run.sender.name == *name) else { return };
        let (id, stated) = (run.id, run.stated);
        let rate = rate.map(|rate| PartRate::changed(stated, rate)).or(stated);
        let second = self.send_gate.second(self.queue.ready.instance(Some(id)));
        if self.queue.ready.repace(id, rate, second) {
            // What was claimed for a second of another pace would be attempted for longer than that.
            for row in self.queue.ready.take_of(id) {
                self.queue.due.push(row.id);
                self.settle(&row, Event::GivenBack(row.earlier), None, None, AfterCommit::Nothing);
            }
        }
        let told = RunEvent::SenderRepaced { name: name.clone(), rate: rate.map(|rate| rate.per_second) };
        self.observer.on_event(&told);
    }

    /// What was reached so far says nothing about what is to come.
    pub(super) fn measure_anew(&mut self, now: UnixMillis) {
        self.metrics.measure_anew(self.milestone(now));
        self.send_gate.accounts.iter_mut().for_each(|gate| gate.measure_anew(now));
    }

    pub(super) fn milestone(&self, at: UnixMillis) -> Milestone {
        Milestone { at, started: self.counters.started }
    }

    /// How the run fares now.
    pub(super) fn heartbeat(&mut self, now: UnixMillis) -> Heartbeat {
        let now = self.milestone(now);
        let (asked, burst) = self.send_gate.asked();
        let mut heartbeat = Heartbeat {
            now,
            before: self.metrics.measured_since(now),
            in_flight: u32::try_from(self.in_flight.len()).unwrap_or(u32::MAX),
            rate: self.send_gate.rate(),
            asked,
            burst,
            active: self.send_gate.active_bound(),
            credentials_end: self.send_gate.credentials_end(),
            ahead: None,
        };
        heartbeat.ahead = self.ahead(heartbeat.now.at);
        heartbeat
    }
}

/// What a new pace comes to. Where runs share one, it stays what their definitions say, and this run can only take less of it.
fn tempo(gate: &AccountGate, new: NewPace) -> PaceMode {
    let (PaceMode::Stated(now) | PaceMode::Auto(now)) = gate.pace.tempo();
    let burst = new.burst.unwrap_or(now.burst);
    let within = |rate: f64| match gate.shared() {
        Some(shared) => RateLimit {
            rate: rate.min(shared.rate),
            burst: shared.burst.try_into().map_or(burst, |most| burst.min(most)),
        },
        None => RateLimit { rate, burst },
    };
    match new.rate {
        NewRate::PerSecond(rate) => PaceMode::Stated(within(rate)),
        NewRate::Auto => PaceMode::Auto(within(f64::INFINITY)),
        NewRate::Default => gate.began_with(),
    }
}
