//! What a campaign keeps to, as far as it tells how long a run takes.

use std::time::Duration;

use crate::domain::definition::{Definition, Rate};
use crate::domain::delivery::gate::Fraction;
use crate::domain::forecast::{ActiveBound, Conditions};
use crate::domain::hours::schedule::Schedule;
use crate::domain::unix_millis::UnixMillis;

/// What a campaign keeps to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) rate: f64,
    /// Nobody stated the rate; this is what a new account has.
    pub(super) unknown: bool,
    pub(super) burst: u32,
    pub(super) active_contacts: u32,
    pub(super) contact_life: Option<Duration>,
    pub(super) chat_duration: Option<Duration>,
    pub(super) max_rejected: Fraction,
}

impl Limits {
    pub(super) fn of(definition: &Definition) -> Self {
        let rate = match definition.pace.rate {
            Rate::PerSecond(rate) => rate.get(),
            Rate::Auto => 2.0,
        };
        let minutes = definition.request.chat_duration_minutes;
        Self {
            rate,
            unknown: definition.pace.rate == Rate::Auto,
            burst: definition.pace.burst.get(),
            active_contacts: definition.pace.max_active_contacts,
            contact_life: definition.pace.contact_life,
            chat_duration: minutes.map(|minutes| Duration::from_secs(u64::from(minutes) * 60)),
            max_rejected: Fraction::from_percent(definition.safety.max_rejected * 100.0)
                .expect("a resolved definition has shares between 0 and 1"),
        }
    }

    pub(super) fn conditions(&self, from: UnixMillis, schedule: Schedule) -> Conditions {
        let (rate, burst) = (self.rate, self.burst.into());
        Conditions { from, schedule, rate, burst, active: self.active_bound() }
    }

    pub(super) fn active_bound(&self) -> Option<ActiveBound> {
        let bound = |life| ActiveBound { most: self.active_contacts.into(), life, alive: 0 };
        self.contact_life.map(bound)
    }
}
