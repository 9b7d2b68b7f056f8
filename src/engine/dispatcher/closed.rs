//! What a run does while everything that is left is closed.

use super::Dispatcher;
use crate::domain::delivery::ending::Ending;
use crate::engine::events::{FirstOpening, RunEvent};
use crate::engine::lanes::AllClosed;

impl Dispatcher<'_> {
    /// Takes note of when hours alone keep everything that is left waiting, and until when.
    pub(super) fn look_for_closed(&mut self) {
        let idle = self.ending.is_none()
            && !self.send_gate.is_held()
            && self.in_flight.is_empty()
            && self.commits.is_empty()
            && self.retries.is_empty();
        let closed = if idle { self.queue.all_closed(self.engine.clock.now()) } else { None };
        let over =
            self.expires_at.is_none() && self.engine.admittance.schedule.is_over(self.engine.clock.now());
        let is_shut = closed.is_some() || (idle && self.queue.is_shut(self.engine.clock.now()));
        if (is_shut && self.unsettled == 0) || (closed.is_some() && over) {
            // Nothing is left that an opening could bring: what waited has expired, or there was nothing.
            if self.closed.take().is_some() {
                self.metrics.closed(self.engine.clock.now(), false);
            }
            self.queue.finish();
            return;
        }
        if closed == self.closed {
            return;
        }
        let now = self.engine.clock.now();
        if closed.is_some() != self.closed.is_some() {
            self.metrics.closed(now, closed.is_some());
            // A time in which nothing could leave says nothing about how fast the rest goes.
            self.measure_anew(now);
        }
        self.record_now = true;
        self.closed.clone_from(&closed);
        match closed {
            // Nothing would ever wake it.
            Some(AllClosed { opens_at: None, .. }) => self.end(Ending::Closed { opens_at: None }),
            Some(AllClosed { opens_at: Some(until), sender: Some(sender), .. }) => {
                self.day_is_full(sender, until);
            }
            Some(AllClosed { opens_at: Some(until), limited: true, .. }) if self.engine.no_wait => {
                self.end(Ending::ContactedBefore { until });
            }
            Some(AllClosed { opens_at: Some(ends_at), ends: true, .. }) if self.engine.no_wait => {
                self.end(Ending::ClosedToTheEnd { ends_at });
            }
            Some(AllClosed { opens_at, .. }) if self.engine.no_wait => self.end(Ending::Closed { opens_at }),
            Some(AllClosed { opens_at: Some(until), first, limited, ends, .. }) => {
                let first = match (ends, limited) {
                    (true, _) => FirstOpening::None,
                    (_, true) => FirstOpening::EarlierContacts,
                    _ => FirstOpening::Hours(first),
                };
                self.observer.on_event(&RunEvent::Closed { rows: self.unsettled, until, first });
            }
            None => self.observer.on_event(&RunEvent::Opened),
        }
    }
}
