//! From `[pace]` to what the engine is given: the pace, and what else bounds a run.

use crate::app::fetched::NotedFile;
use crate::app::options::SendOptions;
use crate::app::send::{Bounds, RunSettings};
use crate::domain::definition::{Definition, PaceShare, Rate, RequestRate};
use crate::domain::delivery::gate::{FailureGate, Fraction};
use crate::domain::delivery::shared_rate::SharedRate;
use crate::domain::delivery::undelivered::UndeliveredGate;
use crate::domain::figures::Span;
use crate::domain::hours::schedule::Schedule;
use crate::domain::unix_millis::UnixMillis;
use crate::engine::{ActiveContacts, Admittance};
use crate::journal::{CampaignId, Journal, JournalError, NewRun, Service};
use crate::pace::RateLimit;

/// Requests per second, as asked; `None` where the service is to be asked.
pub(super) fn rate(definition: &Definition) -> Option<f64> {
    match definition.pace.rate {
        Rate::PerSecond(rate) => Some(rate.get()),
        Rate::Auto => None,
    }
}

/// How a run is made, with what else `bounds` it.
pub(super) fn run_settings(
    (definition, options): (&Definition, &SendOptions),
    bounds: Bounds,
    file: Option<&NotedFile>,
    streams: bool,
) -> RunSettings {
    let (rate, burst) = (rate(definition), definition.pace.burst);
    RunSettings {
        name: definition.name.clone(),
        record: NewRun {
            file: file.map(|file| file.path.to_string_lossy().into_owned()),
            rate,
            settings: recorded(definition, options, streams)
                .into_iter()
                .chain(file.map(|file| file.known_by.clone()).unwrap_or_default())
                .collect(),
            ..NewRun::default()
        },
        limit: RateLimit { rate: rate.unwrap_or(RequestRate::MOST), burst },
        auto: rate.is_none(),
        bounds,
        senders: definition.senders.clone(),
        account: definition.home(),
        admittance: Admittance {
            hours: definition.hours.clone().filter(|_| options.keeps_hours()),
            schedule: if options.keeps_hours() { definition.schedule } else { Schedule::default() },
            windows: streams && definition.row_schedule.any(),
        },
        steady_clock: options.rehearse,
        no_wait: options.no_wait,
        most: options.limit,
        gate: FailureGate::new(share(definition.safety.max_failures)),
        // Nobody is there to let a simulation go on.
        undelivered: match options.simulate {
            true => UndeliveredGate::off(),
            false => UndeliveredGate::new(share(definition.deliveries.max_undelivered)),
        },
        chance: options.seed.map_or_else(fastrand::Rng::new, fastrand::Rng::with_seed),
        // With a file, its plan has done so already.
        retry_failed: options.retry_failed && file.is_none(),
        sampled: options.sample.is_some(),
    }
}

fn share(share: f64) -> Fraction {
    Fraction::from_percent(share * 100.0).expect("a resolved definition has shares between 0 and 1")
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
    now: UnixMillis,
) -> Result<Bounds, JournalError> {
    let pace = &definition.pace;
    let active = match pace.contact_life {
        None => None,
        Some(life) => Some(ActiveContacts {
            most: pace.max_active_contacts as usize,
            life,
            ages: journal.ages_of_contacts(campaign, &definition.connect.instance_id, life, now)?,
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
fn recorded(definition: &Definition, options: &SendOptions, streams: bool) -> Vec<(String, String)> {
    let (pace, safety) = (&definition.pace, &definition.safety);
    let percent = |share: f64| format!("{}%", share * 100.0);
    let mut told = vec![
        ("burst", pace.burst.to_string()),
        ("max_rejected", percent(safety.max_rejected)),
        ("max_failures", percent(safety.max_failures)),
    ];
    told.extend(
        definition
            .deliveries
            .queue
            .is_some()
            .then(|| ("max_undelivered", percent(definition.deliveries.max_undelivered))),
    );
    told.extend((pace.share == PaceShare::Account).then(|| ("share", "account".to_owned())));
    told.extend(pace.max_in_flight.map(|most| ("max_in_flight", most.to_string())));
    told.extend(pace.contact_life.map(|life| ("contact_life", Span(life).to_string())));
    told.extend(options.limit.map(|limit| ("limit", limit.to_string())));
    told.extend(options.retry_failed.then(|| ("retry_failed", "yes".to_owned())));
    told.extend(streams.then(|| ("stream", "yes".to_owned())));
    told.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// What the quota of requests holds for: an account in a Region. Where no ARN tells the account, the instance stands for
/// it.
pub(super) fn owner(definition: &Definition, service: Service) -> String {
    let connect = &definition.connect;
    let account = connect.account.as_ref().unwrap_or(&connect.instance_id);
    let region = connect.region.as_deref().unwrap_or_default();
    format!("{} {account} {region}", service.name())
}
