//! Uncertain rows, what a search of the account says of them, and what a person decides.

use std::time::Duration;

use crate::app::accounts;
use crate::app::doubts::{self, DoubtSearch, DoubtSearcher, SearchOutcome, SearchedRow};
use crate::app::error::Error;
use crate::app::paths::{self, CampaignPaths};
use crate::app::service::settings;
use crate::clock::Clock;
use crate::connect::Account;
use crate::domain::definition::Definition;
use crate::domain::delivery::state::{Decision, State};
use crate::domain::figures::counted;
use crate::domain::foreign::ForeignText;
use crate::domain::next_step::{Advice, Command, Setting};
use crate::domain::unix_millis::UnixMillis;
use crate::journal::{Campaign, CampaignLock, InDoubt, Journal, Origin, Reader, Uncertain};

/// Which uncertain rows are decided on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChosenRows {
    /// Every one.
    pub all: bool,
    /// Those with these keys.
    pub keys: Vec<String>,
    /// Those at these lines of the file.
    pub lines: Vec<u64>,
}

impl ChosenRows {
    fn has(&self, key: &String, line: Option<u64>) -> bool {
        self.all || self.keys.contains(key) || line.is_some_and(|line| self.lines.contains(&line))
    }
}

/// How the account is searched for rows in doubt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchOptions {
    /// Which rows.
    pub chosen: ChosenRows,
    /// How late the account's index may be.
    pub index_delay: Duration,
    /// Rows that are not there are sent again.
    pub resend: bool,
}

/// What a search came to, and what was made of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResolvedDoubts {
    /// The campaign.
    pub campaign: Campaign,
    /// What was found.
    pub search: DoubtSearch,
    /// Rows that wait for the next run, because they are not there.
    pub resent: u64,
    /// Rows that are uncertain still.
    pub uncertain: u64,
}

/// Searches the account for rows in doubt, and settles what is found. `tell` hears what takes long.
///
/// # Errors
/// Where the journal cannot be read or written, another process holds the campaign, no client can be made, or the contacts are
/// not the account's.
pub async fn search(
    (place, definition): (&CampaignPaths, &Definition),
    options: &SearchOptions,
    clock: &Clock,
    tell: &mut dyn FnMut(&str),
) -> Result<ResolvedDoubts, Error> {
    let now = clock.now();
    let campaign = paths::which(&Reader::open(&place.journal)?, place.campaign.as_deref())?;
    let _lock = CampaignLock::take(&place.journal, &campaign.name, now)?;
    let account = Account::connect(&settings(definition, place), clock).await?;
    let mut journal = Journal::open(&place.journal)?;
    let reader = Reader::open(&place.journal)?;
    must_be_of(&account, definition, &reader.origin(campaign.id)?)?;
    let others = accounts::others(definition, &reader, campaign.id)?;
    let others = accounts::connect(others, (definition, place), account.is_loopback(), clock).await?;
    journal.expire(campaign.id, now)?;
    let mut rows = journal.in_doubt(campaign.id, now)?;
    rows.retain(|row| options.chosen.has(&row.key, row.line));
    // That there is no contact stays true: nothing was sent since.
    let (known, rows): (Vec<InDoubt>, Vec<InDoubt>) = rows.into_iter().partition(|row| row.is_not_there);
    let asked = accounts::asked((&account, definition), &others);
    let index_delay = options.index_delay;
    let searchers =
        asked.map(|(account, instance_id)| DoubtSearcher { account, instance_id, clock, index_delay });
    let searchers: Vec<DoubtSearcher<'_>> = searchers.collect();
    let mut search = doubts::search(&searchers, &mut journal, campaign.id, rows, tell).await?;
    let known = known.into_iter().map(|row| SearchedRow { row, outcome: SearchOutcome::NotThere });
    search.rows.extend(known);
    search.rows.sort_by_key(|row| row.row.id);
    let absent = search.rows.iter().filter(|row| row.outcome == SearchOutcome::NotThere);
    let absent: Vec<_> = absent.map(|row| row.row.id).filter(|_| options.resend).collect();
    journal.decide(campaign.id, &absent, Decision::Resend, None, clock.now())?;
    let uncertain = journal.verified_tally(campaign.id)?[State::Uncertain];
    journal.close()?;
    Ok(ResolvedDoubts { campaign, search, resent: absent.len() as u64, uncertain })
}

/// Refuses to look for contacts where they cannot be: everything would be missing there.
pub(super) fn must_be_of(account: &Account, definition: &Definition, origin: &Origin) -> Result<(), Error> {
    let instance = &definition.connect.instance_id;
    let is_asked = !origin.is_simulated && origin.is_real != account.is_loopback();
    let message = if origin.instance_id != *instance {
        format!(
            "the campaign's contacts are of the instance {}, and the definition names {instance}",
            origin.instance_id
        )
    } else if !is_asked {
        format!(
            "the campaign's contacts were started by {}, which is not what would be searched",
            origin.service
        )
    } else {
        return Ok(());
    };
    let advice =
        "search where they were started: with the definition, the endpoint and the credentials of the run";
    Err(Error::usage(message, advice.to_owned().into()))
}

/// The uncertain rows of a campaign, which is held while a person decides.
pub struct UncertainRows {
    /// The campaign.
    pub campaign: Campaign,
    /// The rows.
    pub rows: Vec<Uncertain>,
    journal: Journal,
    now: UnixMillis,
    _lock: CampaignLock,
}

impl UncertainRows {
    /// Those of the campaign, as of now.
    ///
    /// # Errors
    /// Where the journal cannot be read or written, or another process holds the campaign.
    pub fn open(place: &CampaignPaths, now: UnixMillis) -> Result<Self, Error> {
        let campaign = paths::which(&Reader::open(&place.journal)?, place.campaign.as_deref())?;
        let lock = CampaignLock::take(&place.journal, &campaign.name, now)?;
        let mut journal = Journal::open(&place.journal)?;
        journal.expire(campaign.id, now)?;
        let rows = journal.uncertain(campaign.id)?;
        Ok(Self { campaign, rows, journal, now, _lock: lock })
    }

    /// Writes the decision down for the chosen rows. Says how many they are.
    ///
    /// # Errors
    /// Where no row is chosen, several with one contact id, or one with that of another row, and where the journal cannot
    /// be written.
    pub fn decide(
        mut self,
        chosen: &ChosenRows,
        decision: Decision,
        contact_id: Option<&str>,
    ) -> Result<usize, Error> {
        let ids: Vec<_> =
            self.rows.iter().filter(|row| chosen.has(&row.key, row.line)).map(|row| row.id).collect();
        if ids.is_empty() {
            let advice = Advice::default().run(Command::Resolve).then(" lists those that are");
            return Err(Error::usage("none of these rows is uncertain", advice.into()));
        }
        if contact_id.is_some() && ids.len() > 1 {
            let advice = Advice::new("decide on one row at a time with ")
                .set(Setting::RowKey)
                .then(" or ")
                .set(Setting::RowLine)
                .then(", or leave the contact id out");
            let rows = counted(ids.len() as u64, "row", "rows");
            return Err(Error::usage(format!("one contact id cannot be that of {rows}"), advice.into()));
        }
        if let Some(id) = contact_id
            && self.journal.has_contact(id)?
        {
            let advice = "a contact is of one row: name the one that was found for this row, or leave the contact id out";
            return Err(Error::usage(
                format!("another row has the contact {}", ForeignText::from(id).shown_up_to(40)),
                advice.to_owned().into(),
            ));
        }
        self.journal.decide(self.campaign.id, &ids, decision, contact_id, self.now)?;
        Ok(ids.len())
    }
}
