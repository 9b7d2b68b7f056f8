//! A journal that was lost, made anew from the recipients file, the definition and the account: a contact that carries
//! the client token of a row is that row's.
//!
//! Nothing is sent here. Until a rebuild has come to its end, a file beside the journal keeps every run from sending with it.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use uuid::Uuid;

use crate::app::accounts;
use crate::app::contact_search::ContactFinder;
use crate::app::error::Error;
use crate::app::open::OpenCampaign;
use crate::app::opt_outs;
use crate::app::options::SendOptions;
use crate::app::paths::CampaignPaths;
use crate::app::plan_file::PlanFile;
use crate::app::preconditions;
use crate::clock::Clock;
use crate::domain::account::contacts::SearchWindow;
use crate::domain::definition::Definition;
use crate::domain::delivery::doubt::CandidateContact;
use crate::domain::delivery::tally::Tally;
use crate::domain::figures::{Span, counted};
use crate::domain::foreign;
use crate::domain::next_step::NextStep;
use crate::domain::row::token::TokenSpace;
use crate::domain::unix_millis::UnixMillis;
use crate::journal::{Beside, CampaignId, Journal, PostgresAddress, SearchedInstance, TracedContact, beside};

/// What becomes of contacts that carry no client token and have numbers of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum UntracedRule {
    /// Nothing is rebuilt: a person says whose they are.
    #[default]
    Refuse,
    /// They are others'.
    Others,
}

/// How a journal is rebuilt.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RebuildOptions {
    /// When the campaign began, or before.
    pub since: UnixMillis,
    /// How late the account's index may be.
    pub index_delay: Duration,
    /// Requests per second to the account.
    pub rate: f64,
    /// What becomes of contacts without a client token.
    pub untraced: UntracedRule,
}

/// A journal that was rebuilt.
#[derive(Debug, Clone, PartialEq)]
pub struct RebuiltJournal {
    /// The campaign's name.
    pub campaign: String,
    /// In which time contacts were searched for.
    pub window: SearchWindow,
    /// Contacts that began from then on may be missing: the index may be so late.
    pub complete_until: UnixMillis,
    /// Contacts that began in this time.
    pub contacts: u64,
    /// Those that are the file's.
    pub found: u64,
    /// Contacts with a client token that is no row's.
    pub others: u64,
    /// Contacts without a client token.
    pub untraced: u64,
    /// The counts.
    pub tally: Tally,
}

/// What the account has.
struct AccountContacts {
    traced: HashMap<Uuid, TracedContact>,
    /// Numbers of contacts without a token.
    untraced: Vec<Option<String>>,
    all: u64,
}

/// Refuses a journal that is no file.
///
/// # Errors
/// Where it is one in PostgreSQL.
pub fn must_be_a_file(journal: &Path) -> Result<(), Error> {
    if !PostgresAddress::is_one(journal) {
        return Ok(());
    }
    let message = "a journal in PostgreSQL is not rebuilt in its place";
    let advice = "rebuild into a file, and copy that there with `campaign journal copy`; nothing was written";
    Err(Error::usage(message, advice.into()))
}

/// Rebuilds the journal. `tell` hears what takes long.
///
/// # Errors
/// Where the journal has the campaign already, its contacts carry no client tokens, or the account cannot be searched to the
/// end; where contacts without a token may be the campaign's; where the file cannot be read, or the journal cannot be written.
pub async fn rebuild(
    mut file: PlanFile,
    (definition, paths): (&Definition, &CampaignPaths),
    (options, send): (&RebuildOptions, &SendOptions),
    clock: &Clock,
    tell: &mut dyn FnMut(&str),
) -> Result<RebuiltJournal, Error> {
    let Some(trace) = &definition.trace else {
        let message = "the contacts of this campaign carry no client tokens, by which they would be known";
        return Err(Error::usage(
            message,
            "look for a copy of the journal: without it nobody knows who was contacted".into(),
        ));
    };
    let unfinished = Unfinished::of(&paths.journal);
    let goes_on = unfinished.is_there();
    if !goes_on && preconditions::before(paths, definition)?.is_some() {
        let message = format!("the journal {} has this campaign already", foreign::path(&paths.journal));
        return Err(Error::usage(message, "name a new journal, or go on with this one".into()));
    }
    let now = clock.now();
    let window = SearchWindow { from: options.since, until: now };
    // From the first byte of the journal on, whatever becomes of this process.
    unfinished.begin()?;
    let searched = async {
        let opened = OpenCampaign::open(send, definition, paths, clock, Duration::MAX);
        let open = Box::pin(opened).await?;
        let Some(account) = open.account.clone() else {
            return Err(Error::usage("a simulation has no account", "rebuild against the account".into()));
        };
        let mut known = AccountContacts { traced: HashMap::new(), untraced: Vec::new(), all: 0 };
        for (account, instance_id) in accounts::asked((&account, definition), &open.others) {
            let mut finder = ContactFinder::at(account, instance_id, options.rate);
            Box::pin(contacts(&mut finder, window, trace, (&mut known, tell))).await?;
        }
        Ok((open, known))
    };
    let (mut open, contacts) = match Box::pin(searched).await {
        Ok(searched) => searched,
        // No row was planned: there is nothing to be sent.
        Err(error) if !goes_on => {
            unfinished.end()?;
            return Err(error);
        }
        Err(error) => return Err(error),
    };
    let mut findings = file.findings(definition);
    file.plan(&mut open.journal, open.campaign, &mut findings)?;
    refuse_untraced(&open.journal, open.campaign, &contacts, options.untraced)?;
    let found = open.journal.settle_rebuilt(open.campaign, &instances(definition), &contacts.traced)?;
    let tally = open.journal.verified_tally(open.campaign)?;
    open.journal.close()?;
    unfinished.end()?;
    Ok(RebuiltJournal {
        campaign: definition.name.clone(),
        window,
        complete_until: now.minus(options.index_delay),
        contacts: contacts.all,
        found,
        others: contacts.traced.len() as u64 - found,
        untraced: contacts.untraced.len() as u64,
        tally,
    })
}

/// The instances in which the campaign may have sent.
fn instances(definition: &Definition) -> Vec<SearchedInstance> {
    let name = &definition.name;
    let parts = definition.by_instance().into_iter();
    let part = |part: Definition| SearchedInstance {
        tokens: TokenSpace::new(&part.connect.instance_id, name),
        sender: part.senders.into_iter().find(|sender| sender.account.is_some()),
    };
    parts.map(part).collect()
}

/// All contacts of the time in an instance, each looked at.
async fn contacts(
    finder: &mut ContactFinder<'_>,
    window: SearchWindow,
    trace: &str,
    (known, tell): (&mut AccountContacts, &mut dyn FnMut(&str)),
) -> Result<(), Error> {
    let listed = finder.all(window).await.map_err(|why| unsearched(&opt_outs::words(&why), window))?;
    let words = counted(listed.len() as u64, "contact", "contacts");
    let time = Span(finder.time_of(listed.len()));
    tell(&format!("{words} began in that time, and are looked at one by one: about {time}"));
    known.all += listed.len() as u64;
    for contact in listed {
        let CandidateContact { id, began_at, details } = finder.look(&contact).await;
        let Some(details) = details else {
            return Err(unsearched(&format!("the contact {id} could not be looked at"), window));
        };
        let token = details.attributes.get(trace).and_then(|token| Uuid::try_parse(token).ok());
        match token {
            // Of two with one token, which there should not be, the first is the row's.
            Some(token) => {
                let began_at = began_at.unwrap_or(window.from);
                known.traced.entry(token).or_insert(TracedContact { id, began_at });
            }
            None if !details.is_inbound => known.untraced.push(details.customer),
            None => {}
        }
    }
    Ok(())
}

fn unsearched(why: &str, window: SearchWindow) -> Error {
    let message = format!(
        "the account could not be searched to the end for contacts begun from {} to {}: {why}",
        window.from, window.until
    );
    Error::system(message, "nothing was written; allow what is missing, and rebuild again".into())
}

/// Refuses where contacts without a client token have numbers of rows that would be sent to.
fn refuse_untraced(
    journal: &Journal,
    campaign: CampaignId,
    contacts: &AccountContacts,
    rule: UntracedRule,
) -> Result<(), Error> {
    if rule == UntracedRule::Others {
        return Ok(());
    }
    let mut rows = 0;
    for number in &contacts.untraced {
        rows += u64::from(match number {
            Some(number) => journal.is_waiting_number(campaign, number)?,
            None => true,
        });
    }
    if rows == 0 {
        return Ok(());
    }
    let contacts = counted(rows, "contact carries", "contacts carry");
    let message = format!(
        "{contacts} no client token and may be of this campaign, from before its contacts carried any: their rows would be sent again"
    );
    Err(Error::usage(message, NextStep::UntracedContacts))
}

/// The file beside a journal whose rebuild has not come to its end.
pub(super) struct Unfinished(PathBuf);

impl Unfinished {
    pub(super) fn of(journal: &Path) -> Self {
        Self(beside(journal, Beside::Rebuild))
    }

    fn is_there(&self) -> bool {
        self.0.exists()
    }

    fn begin(&self) -> Result<(), Error> {
        let written = fs::File::create(&self.0).and_then(|file| file.sync_all());
        written.map_err(|error| self.failed(&error))
    }

    fn end(&self) -> Result<(), Error> {
        fs::remove_file(&self.0).map_err(|error| self.failed(&error))
    }

    fn failed(&self, error: &std::io::Error) -> Error {
        let message = format!("failed to write {}: {error}", foreign::path(&self.0));
        Error::system(message, "rebuild again where the journal's folder can be written".into())
    }

    /// Refuses to send with a journal that does not know yet who was contacted.
    ///
    /// # Errors
    /// Where its rebuild has not come to its end.
    pub(super) fn refuse(&self) -> Result<(), Error> {
        if !self.is_there() {
            return Ok(());
        }
        let message =
            "the rebuild of this journal has not come to its end: it does not know who was contacted";
        Err(Error::usage(message, NextStep::RebuildAgain))
    }
}
