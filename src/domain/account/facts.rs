//! What the account answered, question by question, and why a question has no answer.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A right that was missing, such as `connect:DescribeInstance`.
pub type Action = Cow<'static, str>;

/// Why a question has no answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Unanswered {
    /// The caller may not ask: the IAM action that is missing.
    Denied(Action),
    /// What was asked for does not exist.
    NotFound,
    /// The service refused several times to answer so soon.
    Throttled,
    /// The service does not take the credentials: its words.
    Credentials(String),
    /// No answer, or one that cannot be read: the words of it.
    Failed(String),
    /// It depends on another question that has no answer, or on something that the definition leaves open: which.
    Unknown(String),
}

impl Unanswered {
    /// Whether another time may bring an answer.
    fn may_be_answered(&self) -> bool {
        matches!(self, Self::Failed(_) | Self::Throttled)
    }
}

/// An answer, or why there is none.
pub type Answer<T> = Result<T, Unanswered>;

/// Whose credentials these are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The account, 12 digits.
    pub account: String,
    /// The ARN of the user or the role.
    pub arn: String,
}

/// The credentials.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CredentialFacts {
    /// Where they come from, such as `the profile dev (sso_session)`.
    pub source: String,
    /// Until when they are good; `None` for keys that do not expire.
    pub expire_in: Option<Duration>,
}

/// The instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstanceFacts {
    /// Its ARN.
    pub arn: String,
    /// `ACTIVE`, or what else it is.
    pub status: String,
}

/// The contact flow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlowFacts {
    /// Its name.
    pub name: String,
    /// `ACTIVE` or `ARCHIVED`.
    pub state: String,
    /// `PUBLISHED` or `SAVED`.
    pub status: String,
    /// `CONTACT_FLOW`, or another type.
    pub kind: String,
    /// The flow language, JSON.
    pub content: String,
}

/// The number, as Amazon Connect has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NumberFacts {
    /// `CLAIMED`, or what else it is.
    pub status: String,
    /// The instance or the traffic distribution group that it belongs to.
    pub target_arn: String,
    /// The same number in End User Messaging.
    pub source_arn: Option<String>,
}

/// The number, as End User Messaging has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SmsNumberFacts {
    /// `ACTIVE`, or what else it is.
    pub status: String,
    /// `SHORT_CODE`, `LONG_CODE`, `TOLL_FREE`, `TEN_DLC` or `SIMULATOR`.
    pub kind: String,
    /// Whether it can send SMS.
    pub can_send: bool,
    /// Whether it takes replies.
    pub two_way: bool,
    /// Whether somebody else than AWS keeps the opt-outs.
    pub self_managed_opt_outs: bool,
    /// The list that opt-outs go to.
    pub opt_out_list: String,
    /// The country that it is of, ISO 3166.
    pub country: String,
    /// Whether it sends to other countries too.
    pub international: bool,
    /// Message parts per second.
    pub parts_per_second: Option<u64>,
    /// Messages a day, by carrier.
    pub daily_caps: BTreeMap<String, u64>,
}

/// The account in End User Messaging.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessagingAccount {
    /// Whether it is out of the sandbox; `None` where that was not told.
    pub production: Option<bool>,
    /// The protect configuration that applies by default.
    pub protect_configuration: Option<String>,
}

/// The monthly limit for text messages, in USD.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpendLimit {
    /// What is in force.
    pub enforced: u64,
    /// How far it can be raised without asking AWS.
    pub most: u64,
}

/// The list of opt-outs behind the number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OptOutList {
    /// Its name.
    pub name: String,
    /// Numbers on it that were read.
    pub numbers: u64,
    /// Whether it has more.
    pub more: bool,
}

/// What is known of the number of one of several senders.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SourceFacts {
    /// Its ARN in Amazon Connect.
    pub source: String,
    /// The number.
    pub number: Answer<NumberFacts>,
    /// The number, where messages are sent from.
    pub sms_number: Answer<SmsNumberFacts>,
    /// The opt-outs.
    pub opt_outs: Answer<OptOutList>,
}

impl SourceFacts {
    /// Whether another time may bring answers that are missing now.
    #[must_use]
    pub fn has_gaps(&self) -> bool {
        let missing =
            [self.number.as_ref().err(), self.sms_number.as_ref().err(), self.opt_outs.as_ref().err()];
        missing.into_iter().flatten().any(Unanswered::may_be_answered)
    }

    /// Message parts per second, as the account tells them.
    #[must_use]
    pub fn parts_per_second(&self) -> Option<u64> {
        self.sms_number.as_ref().ok()?.parts_per_second.filter(|parts| *parts > 0)
    }
}

/// Everything that was asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AccountFacts {
    /// Whose credentials these are.
    pub identity: Answer<Identity>,
    /// The credentials.
    pub credentials: CredentialFacts,
    /// The Region that is asked.
    pub region: String,
    /// How far this machine's clock is ahead of the service's, in seconds.
    pub clock_ahead: Answer<i64>,
    /// The instance.
    pub instance: Answer<InstanceFacts>,
    /// The flow.
    pub flow: Answer<FlowFacts>,
    /// The number.
    pub number: Answer<NumberFacts>,
    /// The number, where messages are sent from.
    pub sms_number: Answer<SmsNumberFacts>,
    /// The account.
    pub messaging: Answer<MessagingAccount>,
    /// Whom a sandbox reaches, E.164.
    pub verified: Answer<BTreeSet<String>>,
    /// The monthly limit.
    pub spend: Answer<SpendLimit>,
    /// What is done with messages to a country: `ALLOW`, `BLOCK`, `MONITOR`, `FILTER`.
    pub countries: Answer<BTreeMap<String, String>>,
    /// Requests per second, as the account has them.
    pub requests_quota: Answer<f64>,
    /// Active chats of the instance, as the account has them.
    pub chats_quota: Answer<f64>,
    /// Active chats of the instance now.
    pub chats_now: Answer<u64>,
    /// The opt-outs.
    pub opt_outs: Answer<OptOutList>,
    /// Whether contacts can be searched by the definition's first attribute; `None` where it sets none.
    pub searchable: Answer<Option<bool>>,
}

impl AccountFacts {
    /// Why questions have no answer.
    fn missing(&self) -> impl Iterator<Item = &Unanswered> {
        let missing = [
            self.identity.as_ref().err(),
            self.instance.as_ref().err(),
            self.flow.as_ref().err(),
            self.number.as_ref().err(),
            self.sms_number.as_ref().err(),
            self.messaging.as_ref().err(),
            self.verified.as_ref().err(),
            self.spend.as_ref().err(),
            self.countries.as_ref().err(),
            self.requests_quota.as_ref().err(),
            self.chats_quota.as_ref().err(),
            self.chats_now.as_ref().err(),
            self.opt_outs.as_ref().err(),
            self.searchable.as_ref().err(),
        ];
        missing.into_iter().flatten()
    }

    /// Whether another time may bring answers that are missing now.
    #[must_use]
    pub fn has_gaps(&self) -> bool {
        self.missing().any(Unanswered::may_be_answered)
    }

    /// The same answers with those about another number.
    #[must_use]
    pub fn with_source(&self, facts: &SourceFacts) -> Self {
        let SourceFacts { number, sms_number, opt_outs, .. } = facts.clone();
        Self { number, sms_number, opt_outs, ..self.clone() }
    }

    /// What is known of the number that was asked about with all else.
    #[must_use]
    pub fn of_source(&self, source: &str) -> SourceFacts {
        SourceFacts {
            source: source.to_owned(),
            number: self.number.clone(),
            sms_number: self.sms_number.clone(),
            opt_outs: self.opt_outs.clone(),
        }
    }

    /// Whether Amazon Connect answered no question, but for those that were not asked.
    #[must_use]
    pub fn connect_is_silent(&self) -> bool {
        fn silent<T>(answer: &Answer<T>) -> bool {
            matches!(answer, Err(Unanswered::Failed(_) | Unanswered::Unknown(_)))
        }
        matches!(self.instance, Err(Unanswered::Failed(_)))
            && silent(&self.flow)
            && silent(&self.number)
            && silent(&self.chats_now)
    }

    /// Whether none of the four services gave an answer.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        let silent = |why: Option<&Unanswered>| matches!(why, Some(Unanswered::Failed(_)));
        silent(self.identity.as_ref().err())
            && silent(self.instance.as_ref().err())
            && silent(self.messaging.as_ref().err())
            && silent(self.requests_quota.as_ref().err())
    }
}

/// What a campaign is about to do.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CampaignFacts {
    /// The instance, by id.
    pub instance_id: String,
    /// The account of the definition's ARNs.
    pub account: Option<String>,
    /// Requests per second; `None` where the definition leaves it open.
    pub rate: Option<f64>,
    /// Active contacts at once, at most.
    pub max_active_contacts: u32,
    /// How long a contact lives, as the definition says.
    pub contact_life: Option<Duration>,
    /// After what time Amazon Connect ends a chat.
    pub chat_duration: Option<Duration>,
    /// Whether the request has the message, so that the flow need not send it.
    pub has_message: bool,
    /// The first of the definition's attributes.
    pub attribute: Option<String>,
    /// What the recipients file comes to, where one was read.
    pub file: Option<FileFacts>,
    /// The sender whose number it is about, where the definition has several.
    pub sender: Option<SenderFacts>,
}

/// One of several senders, as the definition has it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SenderFacts {
    /// What it is called.
    pub name: String,
    /// Its message parts per second, where it has a rate of its own.
    pub parts_per_second: Option<f64>,
    /// Whether its number's own parts per second are its rate, where the definition states none.
    pub takes_number_rate: bool,
}

/// What a recipients file comes to.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FileFacts {
    /// Contacts to start.
    pub contacts: u64,
    /// The same by country, ISO 3166.
    pub countries: BTreeMap<String, u64>,
    /// The recipients, where there are few enough to compare them with a sandbox's.
    pub numbers: BTreeSet<String>,
    /// What the messages cost, where the definition has prices.
    pub cost: Option<f64>,
    /// Message parts of the longest message.
    pub longest: u64,
}
