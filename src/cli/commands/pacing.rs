//! From `[pace]` to what the engine is given: the pace, and what else bounds a run.

use crate::cli::commands::sending::Job;
use crate::domain::definition::{Definition, PaceShare, Rate, RequestRate};
use crate::domain::delivery::bucket_history::BucketHistory;
use crate::domain::delivery::shared_rate::SharedRate;
use crate::domain::figures::Span;
use crate::domain::unix_millis::UnixMillis;
use crate::engine::{ActiveContacts, Bounds};
use crate::journal::{CampaignId, Journal, JournalError, RunId, Service};
use crate::pace::{RateLimit, RateLimiter};
use crate::progress::About;

/// Requests per second, as asked; `None` where the service is to be asked.
pub(in crate::cli::commands) fn rate(definition: &Definition) -> Option<f64> {
    match definition.pace.rate {
        Rate::PerSecond(rate) => Some(rate.get()),
        Rate::Auto => None,
    }
}

/// The pace of a run.
pub(in crate::cli::commands) fn pace(definition: &Definition, past: BucketHistory) -> RateLimiter {
    let burst = definition.pace.burst;
    match rate(definition) {
        Some(rate) => RateLimiter::new(RateLimit { rate, burst }, past),
        None => RateLimiter::auto(RateLimit { rate: RequestRate::MOST, burst }, past),
    }
}

/// What progress tells of a run from its beginning.
pub(in crate::cli::commands) fn about(definition: &Definition, run: RunId) -> About {
    let pace = &definition.pace;
    About {
        campaign: definition.name.clone(),
        run: run.number(),
        asked_rate: rate(definition),
        active: pace.contact_life.map(|life| (pace.max_active_contacts.into(), life)),
    }
}

/// What else bounds it.
///
/// # Errors
/// Where the journal cannot be read.
pub(in crate::cli::commands) fn bounds(
    definition: &Definition,
    journal: &Journal,
    campaign: CampaignId,
    service: Service,
    now: UnixMillis,
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
        (PaceShare::Account, Some(rate)) => {
            Some(SharedRate { owner: owner(definition, service), rate, burst: pace.burst.get() })
        }
        _ => None,
    };
    Ok(Bounds { max_in_flight: pace.max_in_flight, active, shared })
}

/// What a report tells of how a run was set, besides its rate.
pub(in crate::cli::commands) fn told(job: &Job<'_>) -> Vec<(String, String)> {
    let (pace, safety) = (&job.definition.pace, &job.definition.safety);
    let percent = |share: f64| format!("{}%", share * 100.0);
    let mut told = vec![
        ("burst", pace.burst.to_string()),
        ("max_rejected", percent(safety.max_rejected)),
        ("max_failures", percent(safety.max_failures)),
    ];
    told.extend((pace.share == PaceShare::Account).then(|| ("share", "account".to_owned())));
    told.extend(pace.max_in_flight.map(|most| ("max_in_flight", most.to_string())));
    told.extend(pace.contact_life.map(|life| ("contact_life", Span(life).to_string())));
    told.extend(job.args.limit.map(|limit| ("--limit", limit.to_string())));
    told.extend(job.args.retry_failed.then(|| ("--retry-failed", "yes".to_owned())));
    told.extend(job.stream.is_some().then(|| ("--stream", "yes".to_owned())));
    told.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// What the quota of requests holds for: an account in a Region. Where no ARN tells the account, the instance stands for
/// it.
fn owner(definition: &Definition, service: Service) -> String {
    let connect = &definition.connect;
    let account = connect.account.as_ref().unwrap_or(&connect.instance_id);
    let region = connect.region.as_deref().unwrap_or_default();
    format!("{} {account} {region}", service.name())
}
