//! The journal held against the account: contacts that the journal does not know, and rows whose contacts the account does not.
//!
//! Nothing is changed and nothing is sent. What follows from a difference, a person decides.

use std::collections::HashSet;
use std::time::Duration;

use uuid::Uuid;

use crate::app::accounts;
use crate::app::contact_search::ContactFinder;
use crate::app::error::Error;
use crate::app::opt_outs;
use crate::app::paths::{self, CampaignPaths};
use crate::app::resolve::must_be_of;
use crate::app::service::settings;
use crate::clock::Clock;
use crate::connect::Account;
use crate::domain::account::contacts::{ContactDetails, ContactSummary, SearchWindow};
use crate::domain::definition::Definition;
use crate::domain::delivery::doubt;
use crate::domain::delivery::state::State;
use crate::domain::figures::{Span, counted};
use crate::domain::unix_millis::UnixMillis;
use crate::journal::{CampaignId, Reader, StartedRow, TokenRow};

/// Contacts that are looked at without a word.
const MANY: usize = 80;
/// Of rows that were started a moment ago, and that no search finds yet, so many are looked at. More are left for later.
const MOST_YOUNG: usize = 1_000;

/// How the account is asked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ComparisonOptions {
    /// How late the account's index may be.
    pub index_delay: Duration,
    /// Requests per second to the account.
    pub rate: f64,
}

/// Whose contact it is that the journal does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stranger {
    /// It carries the client token of a row, which has another contact or none.
    OfRow,
    /// It carries the client token of a row in doubt, or has its number: the next run or a search settles it.
    InDoubt,
    /// It carries a client token of no row: another campaign's, or a lost journal's.
    OtherJournal,
    /// It carries no client token: another tool started it.
    OtherTool,
    /// A customer began it.
    Inbound,
    /// It could not be looked at.
    Unseen,
}

impl Stranger {
    /// All of them, the worst first.
    pub const ALL: [Self; 6] =
        [Self::OfRow, Self::InDoubt, Self::OtherJournal, Self::OtherTool, Self::Unseen, Self::Inbound];

    /// Its name in results.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::OfRow => "of-row",
            Self::InDoubt => "in-doubt",
            Self::OtherJournal => "other-journal",
            Self::OtherTool => "other-tool",
            Self::Inbound => "inbound",
            Self::Unseen => "unseen",
        }
    }
}

/// A contact that the journal does not know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownContact {
    /// Its id.
    pub id: String,
    /// When it began.
    pub began_at: Option<UnixMillis>,
    /// Whose it is.
    pub whose: Stranger,
    /// The line of the row whose token it carries, else of a recipient with its number.
    pub line: Option<u64>,
    /// Whether it reached a number of this campaign.
    pub is_to_recipient: bool,
    /// Whether it is from a number of this campaign; `None` where the account does not say.
    pub is_from_source: Option<bool>,
}

impl UnknownContact {
    /// Whether it is a reason to look: it is from this campaign's numbers, or to its recipients, or that is not known.
    #[must_use]
    pub fn is_of_concern(&self) -> bool {
        match self.whose {
            Stranger::OfRow | Stranger::InDoubt | Stranger::Unseen => true,
            Stranger::Inbound => false,
            Stranger::OtherJournal | Stranger::OtherTool => {
                self.is_to_recipient || self.is_from_source != Some(false)
            }
        }
    }
}

/// What a comparison came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountComparison {
    /// The campaign's name.
    pub campaign: String,
    /// The time whose contacts were compared; `None` where nothing was requested yet.
    pub window: Option<SearchWindow>,
    /// Contacts begun from then on may be missing in the account's index.
    pub indexed_until: UnixMillis,
    /// Contacts of the instance that began in this time.
    pub contacts: u64,
    /// Those that no row of the journal has.
    pub unknown: Vec<UnknownContact>,
    /// Started rows whose contacts the account does not have.
    pub missing: Vec<StartedRow>,
    /// Started rows whose contacts could not be looked at.
    pub unseen: Vec<StartedRow>,
    /// Started rows that the index does not have yet, too many to look at each.
    pub too_young: u64,
}

impl AccountComparison {
    /// Whether journal and account agree, as far as this campaign goes.
    #[must_use]
    pub fn agrees(&self) -> bool {
        let rows = self.missing.len() + self.unseen.len();
        rows == 0 && self.too_young == 0 && !self.unknown.iter().any(UnknownContact::is_of_concern)
    }
}

/// Compares them. `tell` hears what takes long.
///
/// # Errors
/// Where the journal cannot be read, no client can be made, the contacts are not the account's, or it cannot be searched to the
/// end.
pub async fn compare(
    (place, definition): (&CampaignPaths, &Definition),
    options: ComparisonOptions,
    clock: &Clock,
    tell: &mut dyn FnMut(&str),
) -> Result<AccountComparison, Error> {
    let reader = Reader::open(&place.journal)?;
    let campaign = paths::which(&reader, place.campaign.as_deref())?;
    let account = Account::connect(&settings(definition, place), clock).await?;
    must_be_of(&account, definition, &reader.origin(campaign.id)?)?;
    let others = accounts::others(definition, &reader, campaign.id)?;
    let others = accounts::connect(others, (definition, place), account.is_loopback(), clock).await?;
    let now = clock.now();
    let indexed_until = now.minus(options.index_delay);
    let mut compared = AccountComparison {
        campaign: campaign.name.clone(),
        window: None,
        indexed_until,
        contacts: 0,
        unknown: Vec::new(),
        missing: Vec::new(),
        unseen: Vec::new(),
        too_young: 0,
    };
    let Some(sent) = reader.sending_time(campaign.id)? else { return Ok(compared) };
    let window = doubt::window(sent.first, sent.last.unwrap_or(now));
    let window = SearchWindow { until: window.until.min(now).max(window.from), ..window };
    compared.window = Some(window);
    for (account, instance_id) in accounts::asked((&account, definition), &others) {
        let mut finder = ContactFinder::at(account, instance_id, options.rate);
        let contacts = Box::pin(finder.all(window)).await.map_err(|why| {
            let message = format!("the account could not be searched to the end: {}", opt_outs::words(&why));
            Error::system(message, "allow what is missing, and compare again".into())
        })?;
        compared.contacts += contacts.len() as u64;
        let reader = &reader;
        let mut comparer = Comparer { reader, campaign: campaign.id, instance_id, definition, finder, tell };
        compared.unknown.extend(comparer.strangers(&contacts).await?);
        comparer.missing(&contacts, &mut compared).await?;
    }
    Ok(compared)
}

/// Compares the contacts of one instance.
struct Comparer<'a, 't> {
    reader: &'a Reader,
    campaign: CampaignId,
    instance_id: &'a str,
    definition: &'a Definition,
    finder: ContactFinder<'a>,
    tell: &'t mut dyn FnMut(&str),
}

impl Comparer<'_, '_> {
    fn tell(&mut self, contacts: usize, which: &str) {
        if contacts > MANY {
            let (all, time) =
                (counted(contacts as u64, "contact", "contacts"), self.finder.time_of(contacts));
            (self.tell)(&format!("{all} {which}, and are looked at one by one: about {}", Span(time)));
        }
    }

    /// Contacts that no row has. The journal is asked after the account, and a request leaves after its attempt is in the
    /// journal: so a contact of a run that sends meanwhile is a row's in doubt at worst.
    async fn strangers(&mut self, contacts: &[ContactSummary]) -> Result<Vec<UnknownContact>, Error> {
        let mut unknown = Vec::new();
        for contact in contacts {
            if !self.reader.knows_contact(&contact.id)? {
                unknown.push(contact);
            }
        }
        self.tell(unknown.len(), "are not in the journal");
        let mut looked_at = Vec::new();
        for contact in unknown {
            let details = self.finder.look(contact).await.details;
            let token = details.as_ref().and_then(|details| self.token(details));
            looked_at.push((contact, details, token));
        }
        let tokens: HashSet<Uuid> = looked_at.iter().filter_map(|(_, _, token)| *token).flatten().collect();
        let rows = self.reader.rows_with_tokens(self.campaign, &tokens)?;
        let sources = self.reader.source_addresses(self.campaign)?;
        let mut strangers = Vec::new();
        for (contact, details, token) in looked_at {
            let row = token.flatten().and_then(|token| rows.get(&token));
            // It was settled meanwhile.
            if row.is_some_and(|row| row.contact_id.as_ref() == Some(&contact.id)) {
                continue;
            }
            strangers.push(self.stranger(contact, details.as_ref(), (token, row), &sources)?);
        }
        Ok(strangers)
    }

    /// The client token that a contact carries; `Some(None)` where it is none of this program's.
    fn token(&self, details: &ContactDetails) -> Option<Option<Uuid>> {
        let trace = self.definition.trace.as_ref()?;
        details.attributes.get(trace).map(|token| Uuid::try_parse(token).ok())
    }

    fn stranger(
        &self,
        contact: &ContactSummary,
        details: Option<&ContactDetails>,
        (token, row): (Option<Option<Uuid>>, Option<&TokenRow>),
        sources: &HashSet<String>,
    ) -> Result<UnknownContact, Error> {
        let mut stranger = UnknownContact {
            id: contact.id.clone(),
            began_at: contact.began_at,
            whose: Stranger::Unseen,
            line: row.and_then(|row| row.line),
            is_to_recipient: row.is_some(),
            is_from_source: None,
        };
        let Some(details) = details else { return Ok(stranger) };
        stranger.began_at = contact.began_at.or(details.began_at);
        stranger.is_from_source = details.source.as_deref().and_then(|source| is_of(source, sources));
        stranger.whose = match row {
            Some(row) if row.contact_id.is_none() && row.state == State::Attempting => Stranger::InDoubt,
            Some(_) => Stranger::OfRow,
            None if token.is_some() => Stranger::OtherJournal,
            None if details.is_inbound => Stranger::Inbound,
            None => Stranger::OtherTool,
        };
        if let (None, Some(number)) = (row, &details.customer) {
            let recipient = self.reader.recipient_with(self.campaign, number)?;
            stranger.is_to_recipient = recipient.is_some();
            stranger.line = recipient.as_ref().and_then(|row| row.line);
            // A row whose contact carries no token: whether this is it, a search says.
            let may_be_its = recipient.is_some_and(|row| row.state == State::Attempting);
            if may_be_its && stranger.whose == Stranger::OtherTool {
                stranger.whose = Stranger::InDoubt;
            }
        }
        Ok(stranger)
    }

    /// Started rows whose contacts no search finds: they are asked for by id, which no index delays.
    async fn missing(
        &mut self,
        contacts: &[ContactSummary],
        compared: &mut AccountComparison,
    ) -> Result<(), Error> {
        let found: HashSet<&str> = contacts.iter().map(|contact| contact.id.as_str()).collect();
        let rows = self.reader.started_without(self.campaign, self.instance_id, &found)?;
        let is_young = |row: &StartedRow| row.settled_at.is_none_or(|at| at > compared.indexed_until);
        let (young, mut rows): (Vec<StartedRow>, Vec<StartedRow>) = rows.into_iter().partition(is_young);
        match young.len() <= MOST_YOUNG {
            true => rows.extend(young),
            false => compared.too_young += young.len() as u64,
        }
        self.tell(rows.len(), "of this campaign were not found by the search");
        for row in rows {
            match self.finder.has(&row.contact_id).await {
                Ok(true) => {}
                Ok(false) => compared.missing.push(row),
                Err(_) => compared.unseen.push(row),
            }
        }
        Ok(())
    }
}

/// Whether an address is one of these. An address of another form than those that are known says nothing.
fn is_of(address: &str, sources: &HashSet<String>) -> Option<bool> {
    if sources.contains(address) {
        return Some(true);
    }
    let is_arn = |address: &str| address.starts_with("arn:");
    sources.iter().any(|source| is_arn(source) == is_arn(address)).then_some(false)
}
