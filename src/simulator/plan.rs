//! When something goes wrong: by script, by destination, by time window, or by chance.
//!
//! A request has at most one fault. The first of these that names one wins: the script, the faults for the next
//! requests, those for a destination, the phases, chance.

use std::collections::{HashMap, VecDeque};
use std::fmt;

use super::chance::Chance;
use super::clock::WorldTime;
use super::digest::Digest;
use super::fault::{Fault, Moment};

/// What is known of a request when its fault is chosen.
#[derive(Debug, Clone, Copy)]
pub struct RequestFacts<'a> {
    /// The request's place among all that the world has seen, from 0.
    pub ordinal: u64,
    /// When it arrived.
    pub at: WorldTime,
    /// Its client token, if its body could be read and has one.
    pub client_token: Option<&'a str>,
    /// Its destination address, if its body could be read and has one.
    pub destination: Option<&'a str>,
    /// Its place among the requests with this client token, from 1; 1 without a token.
    pub attempt: u32,
}

/// A time window in which every request has a fault. `AccessDenied` and `ExpiredToken` strike every operation, the
/// others `StartOutboundChatContact` only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Phase {
    /// Its first moment.
    pub from: WorldTime,
    /// The first moment after it.
    pub until: WorldTime,
    /// What happens to each request.
    pub fault: Fault,
}

type Script = Box<dyn FnMut(&RequestFacts<'_>) -> Option<Fault> + Send>;

/// When something goes wrong. The default plan: never.
#[derive(Default)]
pub struct FaultPlan {
    script: Option<Script>,
    next: VecDeque<Option<Fault>>,
    destinations: HashMap<String, Fault>,
    /// The share of the numbers that are refused for good.
    failing_numbers: f64,
    phases: Vec<Phase>,
    chances: Vec<(Fault, f64)>,
}

/// Faults by chance alone, as plain figures. The default: none.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FaultShares {
    /// The share of the requests that each strikes, from 0 to 1; together at most 1.
    pub chances: Vec<(Fault, f64)>,
    /// The share of the numbers that are refused for good, from 0 to 1.
    pub failing_numbers: f64,
}

impl FaultShares {
    /// The plan of these.
    #[must_use]
    pub fn plan(&self) -> FaultPlan {
        let mut plan = FaultPlan::default();
        for (fault, share) in &self.chances {
            plan.chance(*fault, *share);
        }
        plan.failing_numbers(self.failing_numbers);
        plan
    }
}

impl FaultPlan {
    /// Asks `script` first, for every `StartOutboundChatContact`; `None` leaves the choice to the rest of the plan.
    pub fn script(
        &mut self,
        script: impl FnMut(&RequestFacts<'_>) -> Option<Fault> + Send + 'static,
    ) -> &mut Self {
        self.script = Some(Box::new(script));
        self
    }

    /// The next `count` requests (after those already planned) have this fault.
    pub fn next(&mut self, count: usize, fault: Fault) -> &mut Self {
        self.next.extend(std::iter::repeat_n(Some(fault), count));
        self
    }

    /// The next requests have these faults, in order; `None` is a request without any.
    pub fn sequence(&mut self, faults: impl IntoIterator<Item = Option<Fault>>) -> &mut Self {
        self.next.extend(faults);
        self
    }

    /// Every request for `destination` (E.164) has this fault.
    pub fn destination(&mut self, destination: impl Into<String>, fault: Fault) -> &mut Self {
        self.destinations.insert(destination.into(), fault);
        self
    }

    /// Every request for one of this share of the numbers is refused as invalid. Which numbers they are, follows from the
    /// numbers alone.
    pub fn failing_numbers(&mut self, share: f64) -> &mut Self {
        self.failing_numbers = share;
        self
    }

    /// Every request in a time window has a fault. Of two windows that overlap the first one added counts.
    pub fn phase(&mut self, phase: Phase) -> &mut Self {
        self.phases.push(phase);
        self
    }

    /// A request has this fault with this probability. Probabilities add up, as a request has one fault at most; a
    /// fault given again gets the new one.
    pub fn chance(&mut self, fault: Fault, probability: f64) -> &mut Self {
        self.chances.retain(|(known, _)| *known != fault);
        self.chances.push((fault, probability));
        self
    }

    /// Nothing goes wrong any more.
    pub fn clear(&mut self) -> &mut Self {
        *self = Self::default();
        self
    }

    /// The fault of a `StartOutboundChatContact`. `draw` is uniform in `0.0..1.0`.
    pub(super) fn pick(&mut self, facts: &RequestFacts<'_>, draw: f64) -> Option<Fault> {
        if let Some(fault) = self.script.as_mut().and_then(|script| script(facts)) {
            return Some(fault);
        }
        if let Some(planned) = self.next.pop_front() {
            return planned;
        }
        if let Some(fault) = facts.destination.and_then(|destination| self.destinations.get(destination)) {
            return Some(*fault);
        }
        if facts.destination.is_some_and(|destination| self.fails_for_good(destination)) {
            return Some(Fault::InvalidRequest);
        }
        self.phase_at(facts.at).or_else(|| self.by_chance(draw))
    }

    /// The fault of any other operation.
    pub(super) fn pick_access(&self, at: WorldTime) -> Option<Fault> {
        self.phase_at(at).filter(|fault| fault.moment() == Moment::Access)
    }

    fn fails_for_good(&self, destination: &str) -> bool {
        self.failing_numbers > 0.0
            && Chance::new(Digest::of_bytes(destination.as_bytes()).seed()).unit() < self.failing_numbers
    }

    fn phase_at(&self, at: WorldTime) -> Option<Fault> {
        self.phases.iter().find(|phase| phase.from <= at && at < phase.until).map(|phase| phase.fault)
    }

    fn by_chance(&self, draw: f64) -> Option<Fault> {
        let mut sum = 0.0;
        self.chances.iter().find_map(|(fault, probability)| {
            sum += probability;
            (draw < sum).then_some(*fault)
        })
    }
}

impl fmt::Debug for FaultPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FaultPlan")
            .field("script", &self.script.is_some())
            .field("next", &self.next)
            .field("destinations", &self.destinations.len())
            .field("phases", &self.phases)
            .field("chances", &self.chances)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(ordinal: u64, at: u64, destination: &str) -> RequestFacts<'_> {
        RequestFacts {
            ordinal,
            at: WorldTime(at),
            client_token: None,
            destination: Some(destination),
            attempt: 1,
        }
    }

    #[test]
    fn the_first_source_that_names_a_fault_wins() {
        let mut plan = FaultPlan::default();
        plan.script(|facts| (facts.ordinal == 0).then_some(Fault::Conflict))
            .next(1, Fault::Throttling)
            .destination("+1", Fault::InvalidRequest)
            .phase(Phase { from: WorldTime(10), until: WorldTime(20), fault: Fault::LimitExceeded })
            .chance(Fault::ResetBefore, 0.5);
        assert_eq!(plan.pick(&facts(0, 15, "+1"), 0.0), Some(Fault::Conflict));
        assert_eq!(plan.pick(&facts(1, 15, "+1"), 0.0), Some(Fault::Throttling));
        assert_eq!(plan.pick(&facts(2, 15, "+1"), 0.0), Some(Fault::InvalidRequest));
        assert_eq!(plan.pick(&facts(3, 10, "+2"), 0.0), Some(Fault::LimitExceeded));
        assert_eq!(plan.pick(&facts(4, 20, "+2"), 0.49), Some(Fault::ResetBefore));
        assert_eq!(plan.pick(&facts(5, 20, "+2"), 0.5), None);
    }

    #[test]
    fn a_number_that_fails_does_so_each_time() {
        let mut plan = FaultPlan::default();
        plan.failing_numbers(0.3);
        let numbers: Vec<String> = (0..1000).map(|n| format!("+1202555{n:04}")).collect();
        let failing = |plan: &mut FaultPlan| -> Vec<bool> {
            numbers.iter().map(|number| plan.pick(&facts(0, 0, number), 0.9).is_some()).collect()
        };
        let first = failing(&mut plan);
        assert_eq!(first, failing(&mut plan));
        let share = first.iter().filter(|fails| **fails).count();
        assert!((250..350).contains(&share), "{share} of 1,000");
    }

    #[test]
    fn a_sequence_can_leave_requests_alone() {
        let mut plan = FaultPlan::default();
        plan.sequence([None, Some(Fault::HangAfter)]).chance(Fault::ResetBefore, 1.0);
        assert_eq!(plan.pick(&facts(0, 0, "+1"), 0.0), None);
        assert_eq!(plan.pick(&facts(1, 0, "+1"), 0.0), Some(Fault::HangAfter));
        assert_eq!(plan.pick(&facts(2, 0, "+1"), 0.0), Some(Fault::ResetBefore));
    }

    #[test]
    fn other_operations_only_meet_access_faults() {
        let mut plan = FaultPlan::default();
        plan.phase(Phase { from: WorldTime(0), until: WorldTime(5), fault: Fault::LimitExceeded })
            .phase(Phase { from: WorldTime(5), until: WorldTime(9), fault: Fault::ExpiredToken });
        assert_eq!(plan.pick_access(WorldTime(1)), None);
        assert_eq!(plan.pick_access(WorldTime(5)), Some(Fault::ExpiredToken));
    }
}
