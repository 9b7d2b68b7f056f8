//! From `[pace]` to what the engine is given: the pace, and what else bounds a run.

use crate::domain::definition::{Definition, PerSecond, Rate, Share};
use crate::domain::past::Past;
use crate::domain::stamp::Stamp;
use crate::engine::{ActiveContacts, Bounds};
use crate::journal::{CampaignId, Journal, JournalError, Service, SharedPace};
use crate::pace::{Asked, Pace};

/// Requests per second, as asked; `None` where the service is to be asked.
pub(super) fn rate(definition: &Definition) -> Option<f64> {
    match definition.pace.rate {
        Rate::PerSecond(rate) => Some(rate.get()),
        Rate::Auto => None,
    }
}

/// The pace of a run.
pub(super) fn pace(definition: &Definition, past: Past) -> Pace {
    let burst = definition.pace.burst;
    match rate(definition) {
        Some(rate) => Pace::new(Asked { rate, burst }, past),
        None => Pace::unknown(Asked { rate: PerSecond::MOST, burst }, past),
    }
}

/// What else bounds it.
///
/// # Errors
/// Where the journal cannot be read.
pub(super) fn bounds(
    definition: &Definition,
    journal: &Journal,
    campaign: CampaignId,
    service: Service,
    now: Stamp,
) -> Result<Bounds, JournalError> {
    let pace = &definition.pace;
    let active = match pace.contact_life {
        None => None,
        Some(life) => Some(ActiveContacts {
            most: pace.max_active_contacts as usize,
            life,
            ages: journal.ages_of_contacts(campaign, life, now)?,
        }),
    };
    let shared = match (pace.share, rate(definition)) {
        (Share::Account, Some(rate)) => {
            Some(SharedPace { owner: owner(definition, service), rate, burst: pace.burst.get() })
        }
        _ => None,
    };
    Ok(Bounds { max_in_flight: pace.max_in_flight, active, shared })
}

/// What the quota of requests holds for: an account in a Region. Where no ARN tells the account, the instance stands for
/// it.
fn owner(definition: &Definition, service: Service) -> String {
    let connect = &definition.connect;
    let account = connect.account.as_ref().unwrap_or(&connect.instance_id);
    let region = connect.region.as_deref().unwrap_or_default();
    format!("{} {account} {region}", service.name())
}
