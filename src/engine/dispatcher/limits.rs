//! What a run does as limits of its campaign are reached, and as places are given back.

use super::Dispatcher;
use crate::domain::delivery::ending::Ending;
use crate::domain::delivery::state::State;
use crate::domain::limits::LimitReached;
use crate::journal::LaneId;

impl Dispatcher<'_> {
    /// A claim left rows where they are, for a limit of the campaign is reached.
    pub(super) fn on_limited(&mut self, limited: Option<LimitReached>) {
        if let Some(reached) = limited {
            self.limited = Some((reached, false));
        }
    }

    /// A row has no contact after all: another one may have its place, and rows that wait for its number need not.
    pub(super) fn on_place_given_back(&mut self, lane: Option<LaneId>, state: State) {
        if !matches!(state, State::Failed | State::Queued | State::Withdrawn) {
            return;
        }
        if let Some((_, given_back)) = &mut self.limited {
            *given_back = true;
        }
        if state == State::Failed {
            self.queue.look_at_waiting(lane, self.engine.clock.now());
        }
    }

    /// Ends the run once a limit of the campaign leaves nothing to do. Rows whose requests are under way, or are tried again,
    /// had their places within it; only when they have outcomes is it known how many of them are kept.
    pub(super) fn look_for_limit(&mut self) {
        let Some((reached, given_back)) = self.limited else { return };
        let idle = self.ending.is_none()
            && self.in_flight.is_empty()
            && self.commits.is_empty()
            && self.retries.is_empty()
            && self.queue.is_idle();
        if !idle {
            return;
        }
        if given_back && self.queue.held() == 0 {
            self.limited = None;
            self.queue.look_again();
            return;
        }
        self.end(match (reached, self.engine.admittance.schedule.end) {
            (LimitReached::PerDay(most, until), Some(ends_at)) if ends_at <= until => {
                Ending::LastDayFull { most, ends_at }
            }
            _ => Ending::LimitReached(reached),
        });
    }
}
