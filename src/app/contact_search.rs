//! Contacts of the account, searched for and looked at, no faster than the service answers.

use std::collections::HashSet;
use std::num::NonZeroU32;
use std::time::Duration;

use crate::connect::{Account, ContactSearch, MOST_VALUES};
use crate::domain::account::contacts::{ContactDetails, ContactSummary, SearchWindow};
use crate::domain::account::facts::{Answer, Unanswered};
use crate::domain::delivery::bucket_history::BucketHistory;
use crate::domain::delivery::doubt::CandidateContact;
use crate::pace::{RateLimit, RateLimiter};

/// Requests per second: `SearchContacts`, `DescribeContact` and `GetContactAttributes` have ten each (Amazon Connect's service
/// quotas), of which some are left to others.
const RATE: f64 = 8.0;
const BURST: NonZeroU32 = NonZeroU32::new(5).expect("it is not 0");

/// Searches an instance. One request at a time.
pub(super) struct ContactFinder<'a> {
    account: &'a Account,
    instance_id: &'a str,
    pace: RateLimiter,
    /// Requests made.
    pub(super) requests: u64,
}

impl<'a> ContactFinder<'a> {
    pub(super) fn new(account: &'a Account, instance_id: &'a str) -> Self {
        Self::at(account, instance_id, RATE)
    }

    /// The same at another rate, in requests per second.
    pub(super) fn at(account: &'a Account, instance_id: &'a str, rate: f64) -> Self {
        let pace = RateLimiter::new(RateLimit { rate, burst: BURST }, BucketHistory::Fresh);
        Self { account, instance_id, pace, requests: 0 }
    }

    /// How long it takes to look at so many contacts, at least.
    pub(super) fn time_of(&self, contacts: usize) -> Duration {
        Duration::from_secs_f64(contacts as f64 / self.pace.rate())
    }

    async fn permit(&mut self) {
        self.pace.permit().await;
        self.requests += 1;
    }

    /// All contacts that began in this time, each once. An answer is the whole of them: where a page is missing, it is none.
    pub(super) async fn all(&mut self, window: SearchWindow) -> Answer<Vec<ContactSummary>> {
        self.pages(window, None).await
    }

    /// The contacts that began in this time with one of the values in an attribute. `Ok(None)`: the instance cannot be searched
    /// by it.
    pub(super) async fn with_attribute(
        &mut self,
        window: SearchWindow,
        attribute: &str,
        values: &[String],
    ) -> Answer<Option<Vec<ContactSummary>>> {
        let mut found = Vec::new();
        for values in values.chunks(MOST_VALUES) {
            match self.pages(window, Some((attribute, values))).await {
                Ok(contacts) => found.extend(contacts),
                Err(Unanswered::Failed(words)) if words.starts_with("Invalid") => return Ok(None),
                Err(why) => return Err(why),
            }
        }
        Ok(Some(found))
    }

    async fn pages(
        &mut self,
        window: SearchWindow,
        attribute: Option<(&str, &[String])>,
    ) -> Answer<Vec<ContactSummary>> {
        let (mut found, mut known) = (Vec::new(), HashSet::new());
        for window in window.parts() {
            let search = ContactSearch { instance_id: self.instance_id, window, attribute };
            let (mut next, mut listed) = (None::<String>, 0);
            loop {
                self.permit().await;
                let page = self.account.contacts(search, next.as_deref()).await?;
                listed += page.contacts.len() as u64;
                found.extend(page.contacts.into_iter().filter(|contact| known.insert(contact.id.clone())));
                match (page.next, page.total) {
                    (Some(token), _) if next.as_ref() != Some(&token) => next = Some(token),
                    (Some(_), _) => return Err(cut_short(listed, None)),
                    (None, Some(total)) if listed < total => return Err(cut_short(listed, Some(total))),
                    (None, _) => break,
                }
            }
        }
        Ok(found)
    }

    /// A contact with what it carries.
    pub(super) async fn look(&mut self, contact: &ContactSummary) -> CandidateContact {
        let details = self.details(&contact.id).await.ok();
        let began_at = contact.began_at.or(details.as_ref().and_then(|details| details.began_at));
        CandidateContact { id: contact.id.clone(), began_at, details }
    }

    /// Whether the account has a contact. No index delays this.
    pub(super) async fn has(&mut self, id: &str) -> Answer<bool> {
        self.permit().await;
        match self.account.contact(self.instance_id, id).await {
            Ok(_) => Ok(true),
            Err(Unanswered::NotFound) => Ok(false),
            Err(why) => Err(why),
        }
    }

    async fn details(&mut self, id: &str) -> Answer<ContactDetails> {
        self.permit().await;
        let mut details = self.account.contact(self.instance_id, id).await?;
        if details.attributes.is_empty() {
            self.permit().await;
            details.attributes = self.account.contact_attributes(self.instance_id, id).await?;
        }
        Ok(details)
    }
}

fn cut_short(listed: u64, total: Option<u64>) -> Unanswered {
    let of = total.map_or_else(String::new, |total| format!(" of {total}"));
    Unanswered::Failed(format!("the search ended after {listed}{of} contacts"))
}
