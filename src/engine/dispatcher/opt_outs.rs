//! What a run does as its copy of the account's opt-outs changes.

use super::Dispatcher;
use crate::domain::account::opt_outs::OptOutState;
use crate::domain::delivery::ending::Ending;
use crate::engine::OptOutProgress;
use crate::engine::events::RunEvent;

impl Dispatcher<'_> {
    /// Claimed rows go back where the copy is not good enough, or has numbers that their claim did not know of.
    pub(super) fn on_opt_outs(&mut self) {
        let OptOutProgress { state, added } = self.engine.opt_outs.borrow_and_update().clone();
        let held = self.send_gate.is_held();
        self.send_gate.wait_for_opt_outs(state.holds());
        if held && !self.send_gate.is_held() {
            self.send_gate.instances.iter_mut().for_each(|gate| gate.outage.interrupted());
        }
        if added != self.opted_out || self.send_gate.is_held() {
            self.opted_out = added;
            self.give_back();
        }
        if let OptOutState::Refused(why) = &state {
            self.end(Ending::OptOuts(why.clone()));
        }
        if state != OptOutState::NotRead(None) {
            self.observer.on_event(&RunEvent::OptOuts(state));
        }
    }
}
