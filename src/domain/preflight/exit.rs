//! What a run would exit with, before it begins.

use super::Preflight;
use crate::domain::delivery::ending::Exit;
use crate::domain::delivery::state::State;
use crate::domain::forecast::Forecast;

impl Preflight {
    /// What a run would exit with whose every request is answered with a contact. `no_wait`: it ends where all that is
    /// left waits.
    #[must_use]
    pub fn exit(&self, no_wait: bool) -> Exit {
        let tally = &self.facts.tally;
        let ends_early = |forecast: &Forecast| {
            let left = forecast.left.rows + forecast.never.rows > 0;
            left || forecast.ends_with_a_day || (no_wait && forecast.waits)
        };
        let without = [State::Rejected, State::Failed, State::Uncertain, State::Expired];
        let expires = |forecast: &Forecast| forecast.expired.rows > 0;
        if tally.unsettled() > self.to_send() || self.forecast().is_some_and(ends_early) {
            Exit::Limit
        } else if without.iter().any(|state| tally[*state] > 0) || self.forecast().is_some_and(expires) {
            Exit::Incomplete
        } else {
            Exit::Done
        }
    }
}
