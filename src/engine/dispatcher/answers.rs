//! What an answer leads to: classified and decided on elsewhere, carried out here.

use tokio::time::Instant;

use super::Dispatcher;
use crate::connect::Attempt;
use crate::domain::delivery::ending::Ending;
use crate::domain::delivery::refusal::{Refusal, RefusalKind};
use crate::domain::delivery::state::{Doubt, Event};
use crate::domain::delivery::verdict;
use crate::domain::delivery::verdict::{Situation, Verdict};
use crate::engine::commits::AfterCommit;
use crate::engine::events::{RefusedAttempt, RunEvent, attempted, masked, told};
use crate::engine::quota_pause::QuotaPause;
use crate::journal::Claimed;

impl Dispatcher<'_> {
    pub(super) fn on_answer(
        &mut self,
        row: &Claimed,
        instance: usize,
        left: Instant,
        Attempt { answer, request_id }: Attempt,
    ) {
        let throttled = answer.as_ref().is_err_and(|refusal| refusal.kind == RefusalKind::Throttled);
        let took = left.elapsed();
        let gate = &mut self.send_gate.instances[instance];
        gate.answered(took);
        self.send_gate.accounts[gate.account].pace.answered(left, throttled);
        self.metrics.answered(&answer, took, self.engine.clock.now());
        let sent = match &answer {
            Ok(_) => true,
            Err(refusal) => {
                let unknown = matches!(refusal.kind, RefusalKind::Unknown | RefusalKind::RepeatedContactId);
                unknown || row.earlier == Doubt::Earlier
            }
        };
        self.on_sender_answered(row, sent);
        match answer {
            Ok(contact_id) => {
                let was_paused = !self.sends_elsewhere();
                let gate = &mut self.send_gate.instances[instance];
                gate.outage.broken();
                gate.started();
                self.send_gate.accounts[gate.account].started();
                if gate.pause.started() && was_paused {
                    self.observer.on_event(&RunEvent::Resumed);
                }
                self.tries.remove(&row.id);
                let follows = self.observer.follows_attempts();
                let told = follows.then(|| Box::new(attempted(row, took, request_id)));
                self.settle(row, Event::Answered, Some(contact_id), None, AfterCommit::Started(told));
                self.spend();
            }
            Err(refusal) => {
                let told = told(row, &refusal, took, request_id);
                self.on_refusal((row, instance), refusal, told);
            }
        }
    }

    fn on_refusal(&mut self, (row, instance): (&Claimed, usize), refusal: Refusal, mut told: RefusedAttempt) {
        let attempts = self.tries.get(&row.id).copied().unwrap_or(0) + 1;
        let situation = Situation {
            kind: refusal.kind,
            attempts,
            earlier: row.earlier,
            token_age: self.engine.clock.now().since(row.doubt_at),
        };
        let verdict = verdict::decide(situation, self.engine.chance.f64());
        told.halts_sender = self.listen(&refusal, (row, instance));
        if matches!(refusal.kind, RefusalKind::Unknown | RefusalKind::RepeatedContactId) {
            self.send_gate.instances[instance].started();
        }
        let mut due = None;
        match verdict {
            Verdict::Retry(_, delay) => {
                self.tries.insert(row.id, attempts);
                told.retry_in = Some(delay);
                due = Some(Instant::now() + delay);
            }
            Verdict::Pause(_) => {
                // Not the row's fault: it is tried again first of all, and its attempts are not counted against it.
                due = Some(Instant::now());
                self.pause(instance);
            }
            Verdict::Halt(_) if self.halt_senders((row, instance), &refusal) => {
                self.tries.remove(&row.id);
                told.halts_sender = true;
            }
            Verdict::Halt(_) => self.end(Ending::Refused(masked(refusal.clone(), &row.frozen.destination))),
            Verdict::Settle(_) | Verdict::Leave(_) => {
                self.tries.remove(&row.id);
            }
        }
        self.returning += usize::from(due.is_some());
        self.settle(row, verdict.event(), None, Some(refusal), AfterCommit::Refused(told, due));
        if verdict.leaves_doubt() {
            self.spend();
        }
    }

    /// What a refusal says about everybody, not only about its row. Says whether senders halt for it.
    fn listen(&mut self, refusal: &Refusal, (row, instance): (&Claimed, usize)) -> bool {
        if refusal.kind == RefusalKind::Throttled {
            self.counters.throttled += 1;
        }
        if !self.send_gate.instances[instance].outage.listen(refusal.kind, self.began.elapsed()) {
            return false;
        }
        let halts = self.halt_instance(instance, (row, refusal));
        if !halts {
            self.end(Ending::Silent(masked(refusal.clone(), &row.frozen.destination)));
        }
        halts
    }

    /// The active chats quota of an instance is full: claimed rows go back to the queue, and a while later one request
    /// finds out.
    fn pause(&mut self, instance: usize) {
        let pause = &mut self.send_gate.instances[instance].pause;
        let Some(length) = pause.begin(Instant::now(), self.engine.chance.f64()) else {
            return;
        };
        let account = self.send_gate.instances[instance].account;
        self.send_gate.accounts[account].in_bursts();
        // While others are sent to, the campaign is not paused.
        if !self.sends_elsewhere() {
            self.metrics.paused(self.engine.clock.now(), length);
            self.observer.on_event(&RunEvent::Paused(length));
        }
        self.park(instance);
    }

    /// Whether an instance has rows left and, as far as is known, room for their contacts.
    fn sends_elsewhere(&self) -> bool {
        let mut gates = self.send_gate.instances.iter().enumerate();
        gates.any(|(at, gate)| gate.pause == QuotaPause::Off && gate.is_used && self.queue.has_rows(at))
    }

    /// Claims of rows whose instance has no room for their contacts are undone, until it may have.
    pub(super) fn park_paused(&mut self) {
        for instance in 0..self.send_gate.instances.len() {
            if self.send_gate.instances[instance].pause.is_on() {
                self.park(instance);
            }
        }
    }

    fn park(&mut self, instance: usize) {
        for row in self.queue.ready.take_of_instance(instance) {
            if self.ending.is_none() {
                self.queue.park(instance, row.id);
            }
            self.settle(&row, Event::GivenBack(row.earlier), None, None, AfterCommit::Nothing);
        }
    }

    /// Instances may have room again after a pause: their rows are claimed again.
    pub(super) fn look_for_room(&mut self, now: Instant) {
        for (instance, gate) in self.send_gate.instances.iter_mut().enumerate() {
            gate.pause.wake(now);
            if !gate.pause.is_on() {
                self.queue.unpark(instance);
            }
        }
    }
}
