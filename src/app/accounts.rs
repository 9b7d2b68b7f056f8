//! The instances and accounts of a campaign's senders besides its own: who sends to them, and how fast.

use crate::app::account_check::{AccountAnswers, AccountQuestions};
use crate::app::error::Error;
use crate::app::pacing;
use crate::app::paths::CampaignPaths;
use crate::app::routes::SenderInstance;
use crate::app::service::settings;
use crate::app::steering::no_sender;
use crate::clock::Clock;
use crate::connect::{Account, Client};
use crate::domain::definition::{Definition, RequestRate};
use crate::domain::foreign::shown;
use crate::domain::senders::{InstancePace, SenderAccount};
use crate::domain::unix_millis::UnixMillis;
use crate::journal::{CampaignId, Journal, JournalError, Reader, Service};
use crate::pace::RateLimit;

/// An instance that some of a campaign's senders have of their own.
pub(super) struct OtherInstance {
    /// Which, in which account.
    pub(super) account: SenderAccount,
    /// The campaign as far as it is sent from there.
    pub(super) definition: Box<Definition>,
    /// Where its requests go.
    pub(super) client: Client,
    /// Who asks its account; `None` in a simulation.
    pub(super) asks: Option<Account>,
    /// What that answered before the run.
    pub(super) answers: Option<Box<AccountAnswers>>,
}

impl OtherInstance {
    /// One in the world of a simulation.
    pub(super) fn simulated(account: SenderAccount, definition: &Definition, client: &Client) -> Self {
        let definition = Box::new(definition.of_instance(&account));
        Self { account, definition, client: client.clone(), asks: None, answers: None }
    }

    /// What is asked about its account; `None` where nothing is.
    pub(super) fn questions<'a>(
        &'a self,
        service: Service,
        clock: &'a Clock,
    ) -> Option<AccountQuestions<'a>> {
        let owner = pacing::owner(&self.definition, service);
        AccountQuestions::of(&self.definition, self.asks.as_ref()?, owner, clock)
    }

    /// Whether a sender of this instance has the source.
    pub(super) fn has_source(&self, source: &str) -> bool {
        self.definition.senders.iter().any(|sender| sender.source == source)
    }
}

/// The campaign as far as its own instance sends it; where it has none, as far as that of its first sender does.
#[must_use]
pub fn at_home(definition: Definition) -> Definition {
    let home = definition.home();
    let has_none = definition.connect.instance_id.is_empty();
    let own =
        definition.by_instance().into_iter().find(|part| has_none || part.home().is_same_instance(&home));
    own.unwrap_or(definition)
}

/// The campaign as far as the instance of the sender with this name sends it.
///
/// # Errors
/// Where it has no such sender.
pub fn of_sender(definition: &Definition, name: &str) -> Result<Definition, Error> {
    let has = |part: &Definition| part.senders.iter().any(|sender| sender.name == name);
    definition.by_instance().into_iter().find(has).ok_or_else(|| {
        let names: Vec<String> = definition.senders.iter().map(|sender| sender.name.clone()).collect();
        no_sender((&definition.name, name), &names, "it has one source for all: leave the sender out")
    })
}

/// Who is asked about which instance: the campaign's `own` first, where it has one.
pub(super) fn asked<'a>(
    own: (&'a Account, &'a Definition),
    others: &'a [OtherInstance],
) -> impl Iterator<Item = (&'a Account, &'a str)> {
    let (account, definition) = own;
    let others =
        others.iter().filter_map(|other| Some((other.asks.as_ref()?, other.account.instance_id.as_str())));
    let own = Some((account, definition.connect.instance_id.as_str()));
    own.filter(|(_, instance_id)| !instance_id.is_empty()).into_iter().chain(others)
}

/// The instances of senders besides the campaign's own, each once: those of the definition, and those that rows wait for.
///
/// # Errors
/// Where the journal cannot be read.
pub(super) fn others(
    definition: &Definition,
    journal: &Reader,
    campaign: CampaignId,
) -> Result<Vec<SenderAccount>, JournalError> {
    let home = definition.home();
    let mut others: Vec<SenderAccount> = Vec::new();
    let defined = definition.senders.iter().filter_map(|sender| sender.account.clone());
    for account in defined.chain(journal.sender_accounts(campaign)?) {
        if !account.is_same_instance(&home) && !others.iter().any(|other| other.is_same_instance(&account)) {
            others.push(account);
        }
    }
    Ok(others)
}

/// Clients for them.
///
/// # Errors
/// Where there are no credentials for one of them, or it would be sent to elsewhere than the campaign: one on this
/// machine, and one not.
pub(super) async fn connect(
    accounts: Vec<SenderAccount>,
    (definition, paths): (&Definition, &CampaignPaths),
    is_loopback: bool,
    clock: &Clock,
) -> Result<Vec<OtherInstance>, Error> {
    let mut instances = Vec::new();
    for account in accounts {
        let mut settings = settings(definition, paths);
        (settings.region, settings.profile) = (account.region.clone(), account.profile.clone());
        // In a box: loading credentials is a large future.
        let (client, asks) = Box::pin(Client::connect_with_account(&settings, clock)).await?;
        if client.is_loopback() != is_loopback {
            let message = format!(
                "the instance {} of a sender and that of [connect] are not of one kind: one of them is on this machine",
                shown(&account.instance_id)
            );
            let advice = "give the profile of each an endpoint_url on this machine, or none of them";
            return Err(Error::usage(message, advice.to_owned().into()));
        }
        let definition = Box::new(definition.of_instance(&account));
        instances.push(OtherInstance { account, definition, client, asks: Some(asks), answers: None });
    }
    Ok(instances)
}

/// How they are sent to, now that their accounts were asked. Those of the campaign's own account go by its pace.
pub(super) fn paces(definition: &Definition, others: &[OtherInstance]) -> Vec<InstancePace> {
    let home = definition.home();
    let pace = |other: &OtherInstance| InstancePace {
        account: other.account.clone(),
        rate: pacing::rate(&other.definition).filter(|_| !other.account.is_same_account(&home)),
        active_contacts: other.definition.pace.max_active_contacts,
    };
    others.iter().map(pace).collect()
}

/// How a run sends through them: as fast as the definition says of each account, or the account itself.
///
/// # Errors
/// Where the journal cannot be read.
pub(super) fn instances(
    others: &[OtherInstance],
    (journal, campaign): (&Journal, CampaignId),
    service: Service,
    now: UnixMillis,
) -> Result<Vec<SenderInstance>, JournalError> {
    let each = others.iter().map(|OtherInstance { account, client, definition, .. }| {
        let bounds = pacing::bounds(definition, journal, campaign, service, now)?;
        let rate = pacing::rate(definition);
        Ok(SenderInstance {
            account: account.clone(),
            client: client.clone(),
            limit: RateLimit { rate: rate.unwrap_or(RequestRate::MOST), burst: definition.pace.burst },
            auto: rate.is_none(),
            active: bounds.active,
            shared: bounds.shared,
        })
    });
    each.collect()
}
