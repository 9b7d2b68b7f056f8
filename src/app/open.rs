//! Opening a campaign to send it: the lock, the client, the journal.

use std::num::NonZeroU64;
use std::time::Duration;

use crate::app::accounts::{self, OtherInstance};
use crate::app::error::Error;
use crate::app::options::SendOptions;
use crate::app::paths::CampaignPaths;
use crate::app::preconditions;
use crate::app::service::settings;
use crate::app::simulated_deliveries;
use crate::clock::Clock;
use crate::connect::{Account, Client};
use crate::domain::definition::{Definition, EndpointUrl};
use crate::domain::delivery::control::Control;
use crate::domain::limits::ContactLimits;
use crate::domain::row::suppression::Suppression;
use crate::domain::table::header::fold;
use crate::domain::unix_millis::UnixMillis;
use crate::journal::{
    Admission, CampaignId, CampaignLock, ClaimLimits, Identity, IntegrityCheck, Journal, JournalError,
    Reader, Service,
};
use crate::simulator::{FaultShares, Latency, LogDetail, NUMBER, Simulator, WorldConfig, WorldTime};

/// How often who stands by looks whether a campaign is free.
const STANDBY_LOOKS_EVERY: Duration = Duration::from_secs(1);

/// The journal of a campaign, locked by this process, and the client that it is sent with.
pub struct OpenCampaign {
    pub(super) journal: Journal,
    pub(super) campaign: CampaignId,
    pub(super) client: Client,
    /// Who asks the account; `None` in a simulation.
    pub(super) account: Option<Account>,
    /// The instances that senders have of their own.
    pub(super) others: Vec<OtherInstance>,
    pub(super) service: Service,
    /// The account of a simulation.
    pub(super) simulator: Option<Simulator>,
    pub(super) examination: IntegrityCheck,
    pub(super) lock: CampaignLock,
}

impl OpenCampaign {
    /// Takes the campaign's lock, makes the client, and opens the journal. The first request waits at most `patience` for
    /// the check of the journal.
    ///
    /// # Errors
    /// Where another process holds the campaign, there are no credentials, or the journal cannot be opened.
    pub async fn open(
        options: &SendOptions,
        definition: &Definition,
        paths: &CampaignPaths,
        clock: &Clock,
        patience: Duration,
    ) -> Result<Self, Error> {
        let lock = take_lock(options, definition, paths, clock).await?;
        let settings = settings(definition, paths);
        if !options.simulate && settings.endpoint_url.is_none() {
            // Without credentials, they would be the only thing that is reported.
            preconditions::refuse_simulated(paths, definition)?;
        }
        let (client, account, simulator) = if options.simulate {
            // A world of its own for each run: contact ids of an earlier one do not come again.
            let runs = Reader::open(&paths.journal).and_then(|reader| reader.newest_run()).unwrap_or(0);
            let seed = options.seed.map(|seed| seed.wrapping_add(runs.unsigned_abs() << 32));
            let simulator = simulator(definition, clock, (seed, &options.faults));
            let client = Client::simulated(simulator.http_client(), ("test", "test"), &settings, clock);
            (client, None, Some(simulator))
        } else {
            let (client, account) = Client::connect_with_account(&settings, clock).await?;
            (client, Some(account), None)
        };
        let mut journal = Journal::open(&paths.journal)?;
        journal.hold(&lock);
        let service = match &simulator {
            Some(_) if options.rehearse => service_in_copy(&journal, definition)?,
            Some(_) => Service::Simulated,
            None if client.is_loopback() => Service::Loopback,
            None => Service::Aws,
        };
        let mut examination = journal.examine(&definition.name);
        journal.examined(&mut examination, patience).await?;
        let identity = Identity {
            name: definition.name.clone(),
            instance_id: definition.connect.instance_id.clone(),
            key_column: key_columns(&definition.recipients.key),
            service,
        };
        let campaign = match options.rehearse {
            true => rehearsed(&mut journal, &identity, paths, clock.now())?,
            false => journal.campaign(&identity, clock.now())?,
        };
        let others = accounts::others(definition, &Reader::open(&paths.journal)?, campaign)?;
        let others = match &simulator {
            Some(_) => others
                .into_iter()
                .map(|account| OtherInstance::simulated(account, definition, &client))
                .collect(),
            None => accounts::connect(others, (definition, paths), client.is_loopback(), clock).await?,
        };
        Ok(Self { journal, campaign, client, account, others, service, simulator, examination, lock })
    }

    /// Holds rows that wait already against the lists, and leaves out from here on who is on one of them.
    ///
    /// # Errors
    /// Where the journal cannot be read or written.
    pub(super) fn admit(
        &mut self,
        (definition, options): (&Definition, &SendOptions),
        suppression: Suppression,
        sample: Option<NonZeroU64>,
    ) -> Result<(), Error> {
        self.journal.sweep_suppressed(self.campaign, &suppression)?;
        let admitted = Admitted { suppression, sample, assumed_number: self.assumed_number() };
        admit((&mut self.journal, self.campaign), (definition, options), admitted)
    }

    /// The number that all senders of a simulation have.
    pub(super) fn assumed_number(&self) -> Option<String> {
        self.simulator.as_ref().map(|_| NUMBER.to_owned())
    }
}

/// Takes the campaign's lock; whoever stands by waits for it.
async fn take_lock(
    options: &SendOptions,
    definition: &Definition,
    paths: &CampaignPaths,
    clock: &Clock,
) -> Result<CampaignLock, Error> {
    let mut waits = false;
    loop {
        match CampaignLock::take(&paths.journal, &definition.name, clock.now()) {
            Err(JournalError::Held(holder)) if options.standby => {
                if !std::mem::replace(&mut waits, true) {
                    tracing::warn!("standing by: {holder} runs \"{}\"", definition.name);
                }
                tokio::time::sleep(STANDBY_LOOKS_EVERY).await;
            }
            taken => return Ok(taken?),
        }
    }
}

/// Whom claims leave out, besides what the definition says.
pub(super) struct Admitted {
    pub(super) suppression: Suppression,
    pub(super) sample: Option<NonZeroU64>,
    pub(super) assumed_number: Option<String>,
}

/// Says to the journal what keeps a row from being claimed, from here on.
///
/// # Errors
/// Where the journal cannot be read or written.
pub(super) fn admit(
    (journal, campaign): (&mut Journal, CampaignId),
    (definition, options): (&Definition, &SendOptions),
    Admitted { suppression, sample, assumed_number }: Admitted,
) -> Result<(), Error> {
    let sample = match sample {
        Some(recipients) => journal.sample(campaign, recipients.get())?,
        None => None,
    };
    journal.set_contact_life(campaign, definition.pace.contact_life)?;
    let limits = claim_limits(definition, options);
    let not_in = journal.campaigns_named(&definition.recipients.by_campaigns.not_in)?;
    journal.admit(Admission { suppression, sample, not_in, limits, assumed_number, ..Admission::default() });
    Ok(())
}

/// The campaign in the copy of a journal, in which it is rehearsed. Nobody lets a rehearsal go on that a person or a gate has
/// paused: it is taken to go on at once.
fn rehearsed(
    journal: &mut Journal,
    identity: &Identity,
    paths: &CampaignPaths,
    now: UnixMillis,
) -> Result<CampaignId, Error> {
    let campaign = journal.rehearsed_campaign(identity, now)?;
    if Reader::open(&paths.journal)?.paused(campaign)?.is_some() {
        journal.ask(campaign, Control::Go, None, "the rehearsal", now)?;
    }
    Ok(campaign)
}

/// Who counts as answering a campaign in a copy of its journal: who did before, else who would, so that it keeps to the
/// contacts that a run would keep to.
pub(super) fn service_in_copy(journal: &Journal, definition: &Definition) -> Result<Service, Error> {
    let loopback = definition.connect.endpoint_url.as_ref().is_some_and(EndpointUrl::is_loopback);
    let would = if loopback { Service::Loopback } else { Service::Aws };
    Ok(journal.service_of(&definition.name)?.unwrap_or(would))
}

/// The columns of the key, as the journal has them.
pub(super) fn key_columns(names: &[String]) -> Option<String> {
    let names: Vec<String> = names.iter().map(|name| fold(name)).collect();
    (!names.is_empty()).then(|| names.join(", "))
}

/// What earlier contacts forbid. A simulation reaches nobody: no contact of it is waited for.
fn claim_limits(definition: &Definition, options: &SendOptions) -> ClaimLimits {
    let limits = definition.limits.clone();
    if options.keeps_hours() {
        return ClaimLimits { limits, one_open: true };
    }
    ClaimLimits { limits: ContactLimits { per_recipient: Vec::new(), ..limits }, one_open: false }
}

/// A world that knows the definition's instance, and answers as fast as a service nearby does.
fn simulator(
    definition: &Definition,
    clock: &Clock,
    (seed, faults): (Option<u64>, &FaultShares),
) -> Simulator {
    let clock = clock.clone();
    let config = WorldConfig {
        instance_ids: instance_ids(definition),
        // Ids differ from run to run, or a rehearsal's report would look as if people shared contacts.
        seed: seed.unwrap_or_else(|| fastrand::u64(..)),
        latency: Latency { base: Duration::from_millis(40), jitter: Duration::from_millis(20) },
        log: LogDetail::Counts,
        // A budget goes by the definition's prices, as the forecast does.
        events: simulated_deliveries::events(definition.limits.cost.is_none()),
        faults: faults.plan(),
        ..WorldConfig::default()
    };
    Simulator::new(config, move || WorldTime(u64::try_from(clock.now().millis()).unwrap_or(0)))
}

/// The instances that the campaign's requests name.
fn instance_ids(definition: &Definition) -> Vec<String> {
    let of_senders = definition.senders.iter().filter_map(|sender| sender.account.as_ref());
    let mut ids = vec![definition.connect.instance_id.clone()];
    for account in of_senders {
        if !ids.contains(&account.instance_id) {
            ids.push(account.instance_id.clone());
        }
    }
    ids
}
