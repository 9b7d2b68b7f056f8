//! Contacts, searched for by when they began and by an attribute, and looked at one by one. Each call is one request.

use aws_sdk_connect::types::{
    ContactInitiationMethod, SearchContactsTimeRange, SearchContactsTimeRangeType, SearchCriteria,
    SearchableContactAttributes, SearchableContactAttributesCriteria, Sort, SortOrder, SortableFieldName,
};
use aws_smithy_types::DateTime;

use super::Account;
use super::connect::{empty, unbuilt};
use crate::domain::account::contacts::{ContactDetails, ContactPage, ContactSummary, SearchWindow};
use crate::domain::account::facts::{Answer, Unanswered};
use crate::domain::unix_millis::UnixMillis;

/// Contacts of a page, at most (service model).
const PAGE: i32 = 100;
/// Values of an attribute that one search may name (service model).
pub const MOST_VALUES: usize = 20;

/// What is searched for.
#[derive(Debug, Clone, Copy)]
pub struct ContactSearch<'a> {
    /// The instance, by id.
    pub instance_id: &'a str,
    /// When the contacts began.
    pub window: SearchWindow,
    /// An attribute, and at most [`MOST_VALUES`] values of which contacts have one.
    pub attribute: Option<(&'a str, &'a [String])>,
}

impl Account {
    /// A page of the contacts that are searched for, the oldest first. `next` is that of the page before.
    ///
    /// # Errors
    /// Why there is no answer. An attribute that the instance does not index is [`Unanswered::Failed`] with words that
    /// begin with `Invalid`.
    pub async fn contacts(&self, search: ContactSearch<'_>, next: Option<&str>) -> Answer<ContactPage> {
        let at = |moment: UnixMillis| DateTime::from_millis(moment.millis());
        let range = SearchContactsTimeRange::builder()
            .r#type(SearchContactsTimeRangeType::InitiationTimestamp)
            .start_time(at(search.window.from))
            .end_time(at(search.window.until))
            .build()
            .map_err(unbuilt)?;
        let sort = Sort::builder()
            .field_name(SortableFieldName::InitiationTimestamp)
            .order(SortOrder::Ascending)
            .build()
            .map_err(unbuilt)?;
        let criteria = search.attribute.map(|(key, values)| by_attribute(key, values)).transpose()?;
        let asked = || {
            let asked = self.connect.search_contacts().instance_id(search.instance_id).max_results(PAGE);
            asked
                .time_range(range.clone())
                .sort(sort.clone())
                .set_search_criteria(criteria.clone())
                .set_next_token(next.map(str::to_owned))
                .send()
        };
        let answer = self.question("connect:SearchContacts", asked).await?;
        let summary = |contact: aws_sdk_connect::types::ContactSearchSummary| {
            let began_at = contact.initiation_timestamp.and_then(moment);
            Some(ContactSummary { id: contact.id?, began_at })
        };
        Ok(ContactPage {
            contacts: answer.contacts.into_iter().filter_map(summary).collect(),
            next: answer.next_token,
            total: answer.total_count.and_then(|total| u64::try_from(total).ok()),
        })
    }

    /// What a contact is.
    ///
    /// # Errors
    /// Why there is no answer.
    pub async fn contact(&self, instance_id: &str, id: &str) -> Answer<ContactDetails> {
        let asked = || self.connect.describe_contact().instance_id(instance_id).contact_id(id).send();
        let answer = self.question("connect:DescribeContact", asked).await?;
        let contact = answer.contact.ok_or_else(empty)?;
        Ok(ContactDetails {
            attributes: contact.attributes.unwrap_or_default().into_iter().collect(),
            customer: contact.customer_endpoint.and_then(|endpoint| endpoint.address),
            source: contact.system_endpoint.and_then(|endpoint| endpoint.address),
            is_inbound: contact.initiation_method == Some(ContactInitiationMethod::Inbound),
            began_at: contact.initiation_timestamp.and_then(moment),
        })
    }

    /// The attributes of a contact, where its description has none.
    ///
    /// # Errors
    /// Why there is no answer.
    pub async fn contact_attributes(
        &self,
        instance_id: &str,
        id: &str,
    ) -> Answer<std::collections::BTreeMap<String, String>> {
        let asked =
            || self.connect.get_contact_attributes().instance_id(instance_id).initial_contact_id(id).send();
        let answer = self.question("connect:GetContactAttributes", asked).await?;
        Ok(answer.attributes.unwrap_or_default().into_iter().collect())
    }
}

fn by_attribute(key: &str, values: &[String]) -> Result<SearchCriteria, Unanswered> {
    let key = SearchableContactAttributesCriteria::builder().key(key).set_values(Some(values.to_vec()));
    let attributes = SearchableContactAttributes::builder().criteria(key.build().map_err(unbuilt)?);
    let attributes = attributes.build().map_err(unbuilt)?;
    Ok(SearchCriteria::builder().searchable_contact_attributes(attributes).build())
}

fn moment(time: DateTime) -> Option<UnixMillis> {
    time.to_millis().ok().map(UnixMillis::from_millis)
}
