//! What Amazon Connect is asked: instance, flow, number, active chats, and whether contacts can be found.

use std::time::Duration;

use aws_sdk_connect::types::{
    SearchContactsAdditionalTimeRange, SearchContactsAdditionalTimeRangeCriteria, SearchContactsMatchType,
    SearchContactsTimeRange, SearchContactsTimeRangeConditionType, SearchContactsTimeRangeType,
    SearchContactsTimestampCondition, SearchCriteria, SearchableContactAttributes,
    SearchableContactAttributesCriteria,
};
use aws_smithy_types::DateTime;

use super::{Account, Subject};
use crate::domain::account::facts::{Answer, FlowFacts, InstanceFacts, NumberFacts, Unanswered};

/// No chat lives longer: the longest `ChatDurationInMinutes`.
const LONGEST_CHAT: Duration = Duration::from_secs(10_080 * 60);

/// What is known of the instance and what is in it.
pub(super) struct InstanceAnswers {
    pub(super) instance: Answer<InstanceFacts>,
    pub(super) flow: Answer<FlowFacts>,
    pub(super) chats_now: Answer<u64>,
    pub(super) searchable: Answer<Option<bool>>,
}

impl Account {
    pub(super) async fn ask_instance(&self, subject: &Subject) -> InstanceAnswers {
        let (instance, flow, (chats_now, searchable)) =
            tokio::join!(self.instance(&subject.instance_id), self.flow(subject), async {
                let chats = self.chats_now(&subject.instance_id).await;
                (chats, self.searchable(subject).await)
            },);
        InstanceAnswers { instance, flow, chats_now, searchable }
    }

    async fn instance(&self, id: &str) -> Answer<InstanceFacts> {
        let asked = || self.connect.describe_instance().instance_id(id).send();
        let answer = self.question("connect:DescribeInstance", asked).await?;
        let instance = answer.instance.ok_or_else(empty)?;
        let status = instance.instance_status().map_or("", |status| status.as_str()).to_owned();
        Ok(InstanceFacts { arn: instance.arn.unwrap_or_default(), status })
    }

    async fn flow(&self, subject: &Subject) -> Answer<FlowFacts> {
        let Some(id) = &subject.flow_id else {
            return Err(Unanswered::Unknown("the flow differs from row to row".to_owned()));
        };
        match self.flow_of(&subject.instance_id, id).await {
            // One that was never published has content all the same.
            Err(Unanswered::Failed(words)) if words.starts_with("ContactFlowNotPublishedException") => {
                let saved = self.flow_of(&subject.instance_id, &format!("{id}:$SAVED")).await;
                let draft = |content| FlowFacts {
                    name: id.clone(),
                    state: "ACTIVE".to_owned(),
                    status: "SAVED".to_owned(),
                    kind: "CONTACT_FLOW".to_owned(),
                    content,
                };
                Ok(saved.map_or_else(
                    |_| draft(String::new()),
                    |flow| FlowFacts { status: "SAVED".to_owned(), ..flow },
                ))
            }
            answer => answer,
        }
    }

    async fn flow_of(&self, instance_id: &str, id: &str) -> Answer<FlowFacts> {
        let asked =
            || self.connect.describe_contact_flow().instance_id(instance_id).contact_flow_id(id).send();
        let answer = self.question("connect:DescribeContactFlow", asked).await?;
        let flow = answer.contact_flow.ok_or_else(empty)?;
        Ok(FlowFacts {
            state: flow.state().map_or("", |state| state.as_str()).to_owned(),
            status: flow.status().map_or("", |status| status.as_str()).to_owned(),
            kind: flow.r#type().map_or("", |kind| kind.as_str()).to_owned(),
            name: flow.name.unwrap_or_default(),
            content: flow.content.unwrap_or_default(),
        })
    }

    /// The phone number of a source, as Amazon Connect has it.
    ///
    /// # Errors
    /// Why it is not known.
    pub async fn phone_number(&self, source: &str) -> Answer<String> {
        let asked = || self.connect.describe_phone_number().phone_number_id(source).send();
        let answer = self.question("connect:DescribePhoneNumber", asked).await?;
        Ok(answer.claimed_phone_number_summary.and_then(|number| number.phone_number).unwrap_or_default())
    }

    pub(super) async fn number(&self, subject: &Subject) -> Answer<NumberFacts> {
        let Some(source) = &subject.source else {
            return Err(Unanswered::Unknown("the number differs from row to row".to_owned()));
        };
        let asked = || self.connect.describe_phone_number().phone_number_id(source).send();
        let answer = self.question("connect:DescribePhoneNumber", asked).await?;
        let number = answer.claimed_phone_number_summary.ok_or_else(empty)?;
        let status = number.phone_number_status.as_ref().and_then(|status| status.status());
        Ok(NumberFacts {
            status: status.map_or("", |status| status.as_str()).to_owned(),
            target_arn: number.target_arn.unwrap_or_default(),
            source_arn: number.source_phone_number_arn,
        })
    }

    /// Chats that have not ended: started within the longest life of one, and without a disconnect.
    async fn chats_now(&self, instance_id: &str) -> Answer<u64> {
        let open = SearchContactsTimestampCondition::builder()
            .r#type(SearchContactsTimeRangeType::DisconnectTimestamp)
            .condition_type(SearchContactsTimeRangeConditionType::NotExists)
            .build();
        let criteria =
            SearchContactsAdditionalTimeRangeCriteria::builder().timestamp_condition(open.map_err(unbuilt)?);
        let ended = SearchContactsAdditionalTimeRange::builder()
            .criteria(criteria.build())
            .match_type(SearchContactsMatchType::MatchAll)
            .build()
            .map_err(unbuilt)?;
        let criteria = SearchCriteria::builder()
            .channels(aws_sdk_connect::types::Channel::Chat)
            .additional_time_range(ended)
            .build();
        self.search(instance_id, LONGEST_CHAT, criteria).await
    }

    /// Whether contacts can be searched by the attribute: the service refuses one that the instance does not index.
    async fn searchable(&self, subject: &Subject) -> Answer<Option<bool>> {
        let Some(attribute) = &subject.attribute else { return Ok(None) };
        let key =
            SearchableContactAttributesCriteria::builder().key(attribute).values("campaign-doctor").build();
        let attributes = SearchableContactAttributes::builder().criteria(key.map_err(unbuilt)?).build();
        let criteria =
            SearchCriteria::builder().searchable_contact_attributes(attributes.map_err(unbuilt)?).build();
        match self.search(&subject.instance_id, Duration::from_secs(3600), criteria).await {
            Ok(_) => Ok(Some(true)),
            Err(Unanswered::Failed(words)) if words.starts_with("Invalid") => Ok(Some(false)),
            Err(why) => Err(why),
        }
    }

    async fn search(&self, instance_id: &str, back: Duration, criteria: SearchCriteria) -> Answer<u64> {
        let now = self.service_date.now();
        let range = SearchContactsTimeRange::builder()
            .r#type(SearchContactsTimeRangeType::InitiationTimestamp)
            .start_time(DateTime::from(now - back))
            .end_time(DateTime::from(now))
            .build()
            .map_err(unbuilt)?;
        let asked = || {
            let search = self.connect.search_contacts().instance_id(instance_id).max_results(1);
            search.time_range(range.clone()).search_criteria(criteria.clone()).send()
        };
        let answer = self.question("connect:SearchContacts", asked).await?;
        let total = answer.total_count.and_then(|total| u64::try_from(total).ok());
        Ok(total.unwrap_or(answer.contacts.len() as u64))
    }
}

pub(super) fn empty() -> Unanswered {
    Unanswered::Failed("an empty answer".to_owned())
}

#[expect(clippy::needless_pass_by_value, reason = "`map_err` hands the error over")]
pub(super) fn unbuilt(error: aws_smithy_types::error::operation::BuildError) -> Unanswered {
    Unanswered::Failed(error.to_string())
}
