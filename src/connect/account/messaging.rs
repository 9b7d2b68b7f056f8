//! What End User Messaging is asked: the account and its limits, the number, the opt-outs.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_pinpointsmsvoicev2::types::{AccountAttributeName, NumberCapability, SpendLimitName};

use super::{Account, Subject};
use crate::domain::account::facts::{
    AccountFacts, Answer, MessagingAccount, NumberFacts, OptOutList, SmsNumberFacts, SourceFacts, SpendLimit,
    Unanswered,
};

/// What is known of the account.
pub(super) struct MessagingAnswers {
    pub(super) account: Answer<MessagingAccount>,
    pub(super) verified: Answer<BTreeSet<String>>,
    pub(super) spend: Answer<SpendLimit>,
    pub(super) countries: Answer<BTreeMap<String, String>>,
}

/// What is known of the number, in both services, and of the opt-outs behind it.
pub(super) type NumberAnswers = (Answer<NumberFacts>, Answer<SmsNumberFacts>, Answer<OptOutList>);

/// Why a service is asked nothing more: what kept it from answering before.
#[derive(Debug, Clone, Default)]
pub(super) struct Silence {
    pub(super) connect: Option<String>,
    pub(super) messaging: Option<String>,
}

impl Silence {
    /// What there is of it after everything else was asked.
    pub(super) fn after(known: &AccountFacts) -> Self {
        let connect = if known.connect_is_silent() { words(&known.instance) } else { None };
        Self { connect, messaging: words(&known.messaging) }
    }

    /// A number was asked about as well.
    pub(super) fn also_after(&mut self, facts: &SourceFacts) {
        self.connect = self.connect.take().or_else(|| words(&facts.number));
        let messaging = self.messaging.take().or_else(|| words(&facts.sms_number));
        self.messaging = messaging.or_else(|| words(&facts.opt_outs));
    }
}

/// What kept a service from answering.
fn words<T>(answer: &Answer<T>) -> Option<String> {
    match answer {
        Err(Unanswered::Failed(words)) => Some(words.clone()),
        _ => None,
    }
}

impl Account {
    pub(super) async fn ask_messaging(&self) -> MessagingAnswers {
        let (spend, (account, verified, countries)) = tokio::join!(self.spend_limit(), async {
            let account = self.messaging_account().await;
            let (verified, countries) = tokio::join!(self.verified(&account), self.countries(&account));
            (account, verified, countries)
        });
        MessagingAnswers { account, verified, spend, countries }
    }

    async fn messaging_account(&self) -> Answer<MessagingAccount> {
        let asked = || self.messaging.describe_account_attributes().send();
        let answer = self.question("sms-voice:DescribeAccountAttributes", asked).await?;
        let value = |name: &AccountAttributeName| {
            let found = answer.account_attributes().iter().find(|attribute| attribute.name() == name);
            found.map(|attribute| attribute.value().to_owned())
        };
        Ok(MessagingAccount {
            production: value(&AccountAttributeName::AccountTier).map(|tier| tier == "PRODUCTION"),
            protect_configuration: value(&AccountAttributeName::DefaultProtectConfigurationId),
        })
    }

    /// Whom a sandbox reaches. It has ten at most, so one page.
    async fn verified(&self, account: &Answer<MessagingAccount>) -> Answer<BTreeSet<String>> {
        match account {
            Ok(MessagingAccount { production: Some(true), .. }) => return Ok(BTreeSet::new()),
            Ok(_) => {}
            Err(_) => {
                let why = "whether the account is in the SMS sandbox is not known".to_owned();
                return Err(Unanswered::Unknown(why));
            }
        }
        let asked = || self.messaging.describe_verified_destination_numbers().send();
        let answer = self.question("sms-voice:DescribeVerifiedDestinationNumbers", asked).await?;
        let verified = answer.verified_destination_numbers().iter();
        let verified = verified.filter(|number| number.status().as_str() == "VERIFIED");
        Ok(verified.map(|number| number.destination_phone_number().to_owned()).collect())
    }

    async fn spend_limit(&self) -> Answer<SpendLimit> {
        let asked = || self.messaging.describe_spend_limits().send();
        let answer = self.question("sms-voice:DescribeSpendLimits", asked).await?;
        let text = SpendLimitName::TextMessageMonthlySpendLimit;
        let limit = answer.spend_limits().iter().find(|limit| *limit.name() == text);
        let limit = limit
            .ok_or_else(|| Unanswered::Failed("an answer without the limit for text messages".to_owned()))?;
        let dollars = |dollars: i64| u64::try_from(dollars).unwrap_or_default();
        Ok(SpendLimit { enforced: dollars(limit.enforced_limit()), most: dollars(limit.max_limit()) })
    }

    async fn countries(&self, account: &Answer<MessagingAccount>) -> Answer<BTreeMap<String, String>> {
        let id = match account {
            Ok(MessagingAccount { protect_configuration: Some(id), .. }) => id,
            Ok(_) => return Ok(BTreeMap::new()),
            Err(_) => {
                let why = "the account's protect configuration is not known".to_owned();
                return Err(Unanswered::Unknown(why));
            }
        };
        let asked = || {
            let rules = self.messaging.get_protect_configuration_country_rule_set();
            rules.protect_configuration_id(id).number_capability(NumberCapability::Sms).send()
        };
        let answer = self.question("sms-voice:GetProtectConfigurationCountryRuleSet", asked).await?;
        let rules = answer.country_rule_set().iter();
        Ok(rules
            .map(|(country, rule)| (country.clone(), rule.protect_status().as_str().to_owned()))
            .collect())
    }

    /// The number in Amazon Connect, the same in End User Messaging, and the opt-outs behind it. `silent` is why End User
    /// Messaging, or Amazon Connect, is not asked.
    pub(super) async fn ask_number(&self, subject: &Subject, silent: &Silence) -> NumberAnswers {
        let number = match &silent.connect {
            Some(words) => Err(Unanswered::Failed(words.clone())),
            None => self.number(subject).await,
        };
        let sms = match &number {
            Ok(NumberFacts { source_arn: Some(arn), .. }) => match &silent.messaging {
                Some(words) => Err(Unanswered::Failed(words.clone())),
                None => self.sms_number(arn).await,
            },
            Ok(_) => Err(Unanswered::NotFound),
            Err(Unanswered::Unknown(why)) => Err(Unanswered::Unknown(why.clone())),
            Err(_) => Err(Unanswered::Unknown("the number itself was not found out".to_owned())),
        };
        let list = match &sms {
            Ok(sms) => self.opt_outs(&sms.opt_out_list).await,
            Err(_) => Err(Unanswered::Unknown("the number's list is not known".to_owned())),
        };
        (number, sms, list)
    }

    pub(super) async fn sms_number(&self, arn: &str) -> Answer<SmsNumberFacts> {
        let asked = || self.messaging.describe_phone_numbers().phone_number_ids(arn).send();
        let answer = self.question("sms-voice:DescribePhoneNumbers", asked).await?;
        let number = answer.phone_numbers.and_then(|numbers| numbers.into_iter().next());
        let number = number.ok_or(Unanswered::NotFound)?;
        let limits = number.messaging_limits.as_ref();
        let positive = |number: i64| u64::try_from(number).unwrap_or_default();
        let rates = limits.and_then(|limits| limits.rate_limits()?.get("SMS").copied());
        let caps = limits.and_then(|limits| limits.daily_message_caps()).into_iter().flatten();
        Ok(SmsNumberFacts {
            status: number.status.as_str().to_owned(),
            kind: number.number_type.as_str().to_owned(),
            can_send: number.number_capabilities.contains(&NumberCapability::Sms),
            two_way: number.two_way_enabled,
            self_managed_opt_outs: number.self_managed_opt_outs_enabled,
            country: number.iso_country_code.clone(),
            international: number.international_sending_enabled,
            parts_per_second: rates.map(positive),
            daily_caps: caps.map(|(carrier, cap)| (carrier.clone(), positive(*cap))).collect(),
            opt_out_list: number.opt_out_list_name.clone(),
        })
    }

    /// The first page of a list.
    async fn opt_outs(&self, list: &str) -> Answer<OptOutList> {
        let asked =
            || self.messaging.describe_opted_out_numbers().opt_out_list_name(list).max_results(100).send();
        let answer = self.question("sms-voice:DescribeOptedOutNumbers", asked).await?;
        Ok(OptOutList {
            name: list.to_owned(),
            numbers: answer.opted_out_numbers().len() as u64,
            more: answer.next_token().is_some(),
        })
    }
}
