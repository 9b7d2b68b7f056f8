//! Rows in doubt, searched for in the account: a contact that is found settles its row, and of an uncertain row without one it
//! is known that nobody was contacted.
//!
//! Nothing is sent here. A row that is neither found nor surely absent stays as it is.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use crate::app::contact_search::ContactFinder;
use crate::app::error::Error;
use crate::app::opt_outs;
use crate::clock::Clock;
use crate::connect::Account;
use crate::domain::account::contacts::{ContactSummary, SearchWindow};
use crate::domain::account::facts::Unanswered;
use crate::domain::delivery::doubt::{self, CandidateContact, DoubtfulRow, Whereabouts};
use crate::domain::figures::{Span, UtcTime, counted};
use crate::domain::foreign::shown;
use crate::domain::unix_millis::UnixMillis;
use crate::journal::{CampaignId, InDoubt, Journal};

/// What became of a row that was searched for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SearchOutcome {
    /// It is started, with this contact; others with its client token there should not be.
    Found {
        /// Its contact.
        contact_id: String,
        /// Further contacts with its client token.
        others: Vec<String>,
    },
    /// The account has no contact of it.
    NotThere,
    /// No contact of it was found, and its client token is young enough for the next run to ask again.
    AsksAgain,
    /// No contact of it was found, and the index may still be behind until then.
    TooEarly(UnixMillis),
    /// A contact may be its or another's: it carries no client token.
    Ambiguous,
    /// A contact that may be its could not be looked at.
    Unseen,
    /// The search did not come to its end.
    Unfinished,
}

/// A row that was searched for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchedRow {
    /// The row.
    pub row: InDoubt,
    /// What became of it.
    pub outcome: SearchOutcome,
}

/// What a search came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DoubtSearch {
    /// The rows, in order.
    pub rows: Vec<SearchedRow>,
    /// The times in which all contacts were looked through.
    pub windows: Vec<SearchWindow>,
    /// How late the index may be.
    pub index_delay: Duration,
    /// Contacts that were looked at one by one.
    pub looked_at: u64,
    /// Whether the instance can be searched by client tokens; `None` where it was not asked.
    pub is_searchable: Option<bool>,
    /// Why the search did not come to its end.
    pub unfinished: Option<String>,
}

impl DoubtSearch {
    /// Takes in what a search in another instance came to.
    fn add(&mut self, other: Self) {
        self.rows.extend(other.rows);
        self.windows.extend(other.windows);
        self.looked_at += other.looked_at;
        self.is_searchable = match (self.is_searchable, other.is_searchable) {
            (Some(this), Some(other)) => Some(this && other),
            (this, other) => this.or(other),
        };
        self.unfinished = self.unfinished.take().or(other.unfinished);
    }

    /// How many rows came to this.
    #[must_use]
    pub fn count(&self, of: impl Fn(&SearchOutcome) -> bool) -> u64 {
        self.rows.iter().filter(|row| of(&row.outcome)).count() as u64
    }
}

/// Who is asked about which campaign.
#[derive(Clone, Copy)]
pub struct DoubtSearcher<'a> {
    /// Who is asked.
    pub account: &'a Account,
    /// The instance, by id.
    pub instance_id: &'a str,
    /// The wall clock.
    pub clock: &'a Clock,
    /// How late the account's index may be.
    pub index_delay: Duration,
}

/// What a search has found out so far.
#[derive(Default)]
struct SearchCourse {
    contacts: Vec<CandidateContact>,
    looked_at: HashSet<String>,
    windows: Vec<SearchWindow>,
    is_searchable: Option<bool>,
    unfinished: Option<String>,
}

/// Searches for these rows, each in the instance that its request named: the first searcher is that of the campaign's own.
///
/// # Errors
/// As [`DoubtSearcher::search`].
pub(super) async fn search(
    searchers: &[DoubtSearcher<'_>],
    journal: &mut Journal,
    campaign: CampaignId,
    mut rows: Vec<InDoubt>,
    tell: &mut dyn FnMut(&str),
) -> Result<DoubtSearch, Error> {
    let home = searchers.first().map_or("", |searcher| searcher.instance_id);
    let index_delay = searchers.first().map_or(Duration::ZERO, |searcher| searcher.index_delay);
    let mut all = DoubtSearch { index_delay, ..DoubtSearch::default() };
    for searcher in searchers {
        let is_its = |row: &mut InDoubt| row.instance_id.as_deref().unwrap_or(home) == searcher.instance_id;
        let own: Vec<InDoubt> = rows.extract_if(.., is_its).collect();
        if !own.is_empty() {
            all.add(searcher.search(journal, campaign, own, tell).await?);
        }
    }
    if let Some(id) = rows.first().and_then(|row| row.instance_id.as_ref()) {
        let why = format!("no sender of the definition has the instance {} any more", shown(id));
        all.unfinished.get_or_insert(why);
    }
    all.rows.extend(rows.into_iter().map(|row| SearchedRow { row, outcome: SearchOutcome::Unfinished }));
    all.rows.sort_by_key(|row| row.row.id);
    Ok(all)
}

impl DoubtSearcher<'_> {
    /// Searches for these rows, and settles those whose contacts are found. `tell` hears what takes long.
    ///
    /// # Errors
    /// Where the journal cannot be read or written. That the account does not answer is no error: the result says so.
    pub async fn search(
        &self,
        journal: &mut Journal,
        campaign: CampaignId,
        rows: Vec<InDoubt>,
        tell: &mut dyn FnMut(&str),
    ) -> Result<DoubtSearch, Error> {
        // Contacts that begin meanwhile are none of these rows'.
        let now = self.clock.now();
        let mut finder = ContactFinder::new(self.account, self.instance_id);
        let mut course = SearchCourse::default();
        self.of_events(&mut course, &mut finder, journal, &rows).await?;
        let left = |course: &SearchCourse| -> Vec<DoubtfulRow> {
            let sought: Vec<DoubtfulRow> = rows.iter().map(|row| row.sought.clone()).collect();
            let known = doubt::whereabouts(&sought, &course.contacts);
            let open = sought.into_iter().zip(known);
            open.filter(|(_, known)| !matches!(known, Whereabouts::Found(..))).map(|(row, _)| row).collect()
        };
        let open = left(&course);
        self.by_token(&mut course, &mut finder, journal, (&open, now)).await?;
        let open = left(&course);
        self.by_time(&mut course, &mut finder, journal, (&open, now), tell).await?;
        let looked_at = course.looked_at.len() as u64;
        let rows = self.settle(journal, campaign, (rows, &course), now)?;
        let SearchCourse { windows, is_searchable, unfinished, .. } = course;
        let index_delay = self.index_delay;
        Ok(DoubtSearch { rows, windows, index_delay, looked_at, is_searchable, unfinished })
    }

    /// Contacts that the account's events told of, which no index delays.
    async fn of_events(
        &self,
        course: &mut SearchCourse,
        finder: &mut ContactFinder<'_>,
        journal: &Journal,
        rows: &[InDoubt],
    ) -> Result<(), Error> {
        for window in SearchWindow::merged(rows.iter().map(|row| row.sought.window).collect()) {
            for id in journal.contacts_without_row(self.instance_id, window)? {
                course.look(finder, journal, &ContactSummary { id, began_at: None }).await?;
            }
        }
        Ok(())
    }

    /// Contacts that carry the rows' client tokens, whenever they began.
    async fn by_token(
        &self,
        course: &mut SearchCourse,
        finder: &mut ContactFinder<'_>,
        journal: &Journal,
        (rows, now): (&[DoubtfulRow], UnixMillis),
    ) -> Result<(), Error> {
        let Some(from) = rows.iter().map(|row| row.window.from).min() else { return Ok(()) };
        let window = SearchWindow { from, until: now };
        let mut tokens: HashMap<&str, Vec<String>> = HashMap::new();
        for row in rows {
            if let Some(trace) = &row.trace {
                tokens.entry(trace).or_default().push(row.token.clone());
            }
        }
        for (attribute, tokens) in tokens {
            match finder.with_attribute(window, attribute, &tokens).await {
                Ok(Some(contacts)) => {
                    course.is_searchable = Some(true);
                    for contact in contacts {
                        course.look(finder, journal, &contact).await?;
                    }
                }
                Ok(None) => course.is_searchable = Some(false),
                // The search by time says whether the account answers at all.
                Err(_) => {}
            }
        }
        Ok(())
    }

    /// All contacts of the times in which the rows' can have begun: only they prove that there is none.
    async fn by_time(
        &self,
        course: &mut SearchCourse,
        finder: &mut ContactFinder<'_>,
        journal: &Journal,
        (rows, now): (&[DoubtfulRow], UnixMillis),
        tell: &mut dyn FnMut(&str),
    ) -> Result<(), Error> {
        let windows = rows.iter().map(|row| row.window).filter(|window| window.from <= now).collect();
        for window in SearchWindow::merged(windows) {
            let contacts = match finder.all(window).await {
                Ok(contacts) => contacts,
                Err(why) => return course.stop(&why),
            };
            let mut others = Vec::new();
            for contact in contacts {
                if !course.knows(&contact.id) && !journal.has_contact(&contact.id)? {
                    others.push(contact);
                }
            }
            if others.len() > MANY {
                let contacts = counted(others.len() as u64, "contact", "contacts");
                let time = Span(finder.time_of(others.len()));
                tell(&format!(
                    "{contacts} of that time are none of this journal's, and are looked at one by one: about {time}"
                ));
            }
            for contact in others {
                course.look(finder, journal, &contact).await?;
            }
            course.windows.push(window);
        }
        Ok(())
    }

    fn settle(
        &self,
        journal: &mut Journal,
        campaign: CampaignId,
        (rows, course): (Vec<InDoubt>, &SearchCourse),
        now: UnixMillis,
    ) -> Result<Vec<SearchedRow>, Error> {
        let sought: Vec<DoubtfulRow> = rows.iter().map(|row| row.sought.clone()).collect();
        let known = doubt::whereabouts(&sought, &course.contacts);
        let outcome = |row: &InDoubt, known: Whereabouts| match known {
            Whereabouts::Found(contact_id, others) => SearchOutcome::Found { contact_id, others },
            Whereabouts::Ambiguous => SearchOutcome::Ambiguous,
            Whereabouts::Unseen => SearchOutcome::Unseen,
            Whereabouts::None if !row.is_uncertain => SearchOutcome::AsksAgain,
            Whereabouts::None if course.unfinished.is_some() => SearchOutcome::Unfinished,
            Whereabouts::None => match doubt::indexed_at(row.sought.window, self.index_delay) {
                indexed_at if now < indexed_at => SearchOutcome::TooEarly(indexed_at),
                _ => SearchOutcome::NotThere,
            },
        };
        let mut rows: Vec<SearchedRow> = rows
            .into_iter()
            .zip(known)
            .map(|(row, known)| SearchedRow { outcome: outcome(&row, known), row })
            .collect();
        let found: Vec<_> = rows
            .iter()
            .filter_map(|row| match &row.outcome {
                SearchOutcome::Found { contact_id, .. } => Some((row.row.id, contact_id.clone())),
                _ => None,
            })
            .collect();
        if !found.is_empty() {
            let settled = journal.settle_found(campaign, &found, now)?;
            for row in &mut rows {
                // A contact that another row has by now is not this one's.
                if matches!(row.outcome, SearchOutcome::Found { .. }) && !settled.contains(&row.row.id) {
                    row.outcome = SearchOutcome::Ambiguous;
                }
            }
            journal.intake()?.join_again()?;
        }
        let absent = rows.iter().filter(|row| row.outcome == SearchOutcome::NotThere);
        let absent: Vec<_> = absent.map(|row| (row.row.id, self.absence(&row.row, now))).collect();
        journal.note_not_there(campaign, &absent)?;
        Ok(rows)
    }

    /// What was searched, in words.
    fn absence(&self, row: &InDoubt, now: UnixMillis) -> String {
        let SearchWindow { from, until } = row.sought.window;
        let delay = Span(self.index_delay);
        format!(
            "the account has no contact of it: those begun from {} to {} were searched at {}, with {delay} for the index",
            UtcTime(from),
            UtcTime(until),
            UtcTime(now)
        )
    }
}

/// Contacts that are looked at without a word.
const MANY: usize = 80;

impl SearchCourse {
    fn knows(&self, id: &str) -> bool {
        self.looked_at.contains(id)
    }

    /// Looks at a contact that no row has, once.
    async fn look(
        &mut self,
        finder: &mut ContactFinder<'_>,
        journal: &Journal,
        contact: &ContactSummary,
    ) -> Result<(), Error> {
        if !self.knows(&contact.id) && !journal.has_contact(&contact.id)? {
            self.looked_at.insert(contact.id.clone());
            self.contacts.push(finder.look(contact).await);
        }
        Ok(())
    }

    fn stop(&mut self, why: &Unanswered) -> Result<(), Error> {
        self.unfinished = Some(opt_outs::words(why));
        Ok(())
    }
}
