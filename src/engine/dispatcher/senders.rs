//! What happens to one sender alone: its day is full, or the service refuses it for good. The campaign goes on with others.

use std::time::Duration;

use super::Dispatcher;
use crate::domain::delivery::ending::{Ending, HaltedSender};
use crate::domain::delivery::refusal::{Refusal, RefusalKind};
use crate::domain::delivery::state::{Doubt, Event};
use crate::domain::senders::HaltRule;
use crate::domain::senders::figures::SenderBeat;
use crate::domain::unix_millis::UnixMillis;
use crate::engine::RunSender;
use crate::engine::commits::AfterCommit;
use crate::engine::events::{FirstOpening, RunEvent, masked};
use crate::engine::lanes::ClosedSender;
use crate::journal::{Claimed, LaneId, Reassigned, Reassignment, SenderId, WriterError};

impl Dispatcher<'_> {
    /// A request leaves: its sender has sent a message. Where that was the last one of its day, its rows wait for the next.
    pub(super) fn on_left(&mut self, row: &Claimed) {
        let counted = row.earlier == Doubt::Earlier;
        let full = self.queue.ready.left(row, counted, self.engine.clock.now());
        if let (Some(until), Some(sender)) = (full, row.sender) {
            self.queue.close_sender(sender, ClosedSender::Until(until));
            self.put_back(sender);
        }
    }

    /// An answer came. `sent`: its sender may have sent a message.
    pub(super) fn on_sender_answered(&mut self, row: &Claimed, sent: bool) {
        let has_room = self.queue.ready.answered(row.sender, sent, self.engine.clock.now());
        if let Some(sender) = row.sender.filter(|_| has_room) {
            self.queue.reopen_sender(sender);
        }
    }

    /// Nothing is left but rows of senders whose day is full.
    pub(super) fn day_is_full(&mut self, sender: SenderId, until: UnixMillis) {
        let run = self.engine.senders.iter().find(|run| run.id == sender);
        let name = run.map_or_else(String::new, |run| run.sender.name.clone());
        if self.engine.no_wait {
            self.end(Ending::SenderDay { name, until });
        } else {
            let first = FirstOpening::SenderDay(name);
            self.observer.on_event(&RunEvent::Closed { rows: self.unsettled, until, first });
        }
    }

    /// Claimed rows of a sender go back, and wait until it is open.
    fn put_back(&mut self, sender: SenderId) {
        for row in self.queue.ready.take_of(sender) {
            self.returning += 1;
            let then = AfterCommit::Hold(row.lane, None);
            self.settle(&row, Event::GivenBack(row.earlier), None, None, then);
        }
    }

    /// A refusal that halts the campaign may be of one number alone: that it does not exist (any more); or of one
    /// instance among several. Then these senders halt, while others can still send. Says whether they did.
    pub(super) fn halt_senders(&mut self, (row, instance): (&Claimed, usize), refusal: &Refusal) -> bool {
        let of_number = refusal.kind == RefusalKind::NotFound && !refusal.names_instance_or_flow();
        match row.sender {
            Some(sender) if of_number => self.halt(&[sender], (row, refusal)),
            Some(_) if refusal.kind != RefusalKind::RepeatedContactId => {
                self.halt_instance(instance, (row, refusal))
            }
            _ => false,
        }
    }

    /// Nothing is sent to an instance any more. Says whether there is another one.
    pub(super) fn halt_instance(&mut self, instance: usize, why: (&Claimed, &Refusal)) -> bool {
        let senders = self.queue.ready.senders_of(instance);
        let halts = self.halt(&senders, why);
        self.send_gate.instances[instance].is_used &= !halts;
        halts
    }

    fn halt(&mut self, senders: &[SenderId], (row, refusal): (&Claimed, &Refusal)) -> bool {
        let halting = |run: &RunSender| senders.contains(&run.id);
        let mut others = self.engine.senders.iter().filter(|run| !halting(run));
        if !others.any(|other| !self.queue.is_halted(other.id)) {
            return false;
        }
        let refusal = masked(refusal.clone(), &row.frozen.destination);
        for run in self.engine.senders.iter().filter(|run| halting(run)) {
            if self.queue.is_halted(run.id) {
                continue;
            }
            let name = run.sender.name.clone();
            self.reassigns |= run.sender.on_halt == HaltRule::Reassign;
            self.queue.close_sender(run.id, ClosedSender::Halted);
            self.halted.push(HaltedSender { name: name.clone(), refusal: refusal.clone() });
            self.observer.on_event(&RunEvent::SenderHalted { name, refusal: refusal.clone() });
        }
        self.give_back_halted();
        true
    }

    /// How each sender fares now.
    pub(super) fn sender_beats(&self, now: UnixMillis) -> Vec<(SenderId, SenderBeat)> {
        self.queue.ready.beats(now, |sender| {
            let run = self.engine.senders.iter().find(|run| run.id == sender)?;
            let halted = self.halted.iter().find(|halted| halted.name == run.sender.name)?;
            Some(halted.refusal.to_string().into())
        })
    }

    /// Claims of rows whose senders have halted are undone.
    pub(super) fn give_back_halted(&mut self) {
        if self.halted.is_empty() {
            return;
        }
        let all = self.engine.senders.iter().map(|run| run.id);
        let halted: Vec<SenderId> = all.filter(|sender| self.queue.is_halted(*sender)).collect();
        for sender in halted {
            for row in self.queue.ready.take_of(sender) {
                self.settle(&row, Event::GivenBack(row.earlier), None, None, AfterCommit::Nothing);
            }
        }
    }

    /// Rows of halted senders that were never attempted go to others, where the definition says so. Those that were
    /// claimed when their sender halted follow, when they are back.
    pub(super) async fn reassign(&mut self) -> Result<(), WriterError> {
        if !std::mem::take(&mut self.reassigns) || self.ending.is_some() {
            return Ok(());
        }
        let senders: Vec<_> = self.engine.senders.iter().map(|run| (run.id, run.sender.clone())).collect();
        let halted = senders.iter().filter(|(id, _)| self.queue.is_halted(*id));
        let halted: Vec<(SenderId, HaltRule)> = halted.map(|(id, sender)| (*id, sender.on_halt)).collect();
        // Each time a little later than the last: rows are claimed in the order of their moments.
        let at = self.engine.clock.now().max(self.reassigned_at.plus(Duration::from_millis(1)));
        self.reassigned_at = at;
        let mut moved = Reassigned::default();
        for (from, _) in halted.iter().filter(|(_, rule)| *rule == HaltRule::Reassign) {
            let halted = halted.iter().map(|(id, _)| *id).collect();
            let wanted = Reassignment { from: *from, senders: senders.clone(), halted };
            let Reassigned { rows, lanes } = self.engine.writer.reassign(wanted, at).await?;
            moved.rows += rows;
            moved.lanes.extend(lanes);
        }
        if moved.rows > 0 {
            let lanes = self.engine.writer.new_lanes(self.queue.newest_lane()).await?;
            self.queue.extend_lanes(lanes);
            self.queue.rows_come(&moved.lanes, at);
            self.observer.on_event(&RunEvent::Reassigned { rows: moved.rows });
        }
        Ok(())
    }

    /// A claim of a halted sender was undone: its row may go to another.
    pub(super) fn on_row_back(&mut self, lane: Option<LaneId>) {
        self.reassigns |= !self.halted.is_empty() && self.queue.lane_is_halted(lane);
    }
}
