//! The account that the world plays: who calls, what exists around the contacts, what is allowed.
//!
//! It can be written as TOML (`campaign simulator --account FILE`); what is left out is as in an account where everything is
//! in order.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

/// The account. `AccountConfig::default()` is one where everything is in order.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AccountConfig {
    /// The account, 12 digits: that of the caller, and of every ARN that the world makes.
    pub id: String,
    /// Whether ARNs of other accounts are refused.
    pub only: bool,
    /// The status of the instance.
    pub instance_status: String,
    /// Whether it is out of the SMS sandbox.
    pub production: bool,
    /// Whom the sandbox reaches.
    pub verified: BTreeSet<String>,
    /// The monthly limit for text messages that is in force, in USD.
    pub spend_limit: u32,
    /// How far it can be raised.
    pub max_spend_limit: u32,
    /// Rules of the default protect configuration, by country: `ALLOW`, `BLOCK`, `MONITOR`, `FILTER`.
    pub countries: BTreeMap<String, String>,
    /// Requests per second, as Service Quotas tells it.
    pub requests_per_second: f64,
    /// Active chats of the instance, as Service Quotas tells it.
    pub active_chats: f64,
    /// Chats that are active already.
    pub busy_chats: u32,
    /// Whether Service Quotas knows values of the account's own; otherwise only AWS's defaults.
    pub applied_quotas: bool,
    /// Numbers that opted out.
    pub opted_out: Vec<String>,
    /// Made-up numbers that opted out as well.
    pub opted_out_more: u32,
    /// Attributes that contacts can be searched by.
    pub searchable: BTreeSet<String>,
    /// IAM actions that the caller may not do, such as `connect:DescribeInstance`.
    pub denied: BTreeSet<String>,
    /// IAM actions that are always throttled.
    pub throttled: BTreeSet<String>,
    /// Whether the documented rates of the operations are kept.
    pub rates: bool,
    /// The flow.
    pub flow: FlowConfig,
    /// The number.
    pub number: NumberConfig,
}

/// The flow.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FlowConfig {
    /// `ACTIVE` or `ARCHIVED`.
    pub state: String,
    /// `PUBLISHED` or `SAVED`; `NEVER` for one that was never published.
    pub status: String,
    /// Its type.
    pub kind: String,
    /// The flow language.
    pub content: String,
}

/// The number.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NumberConfig {
    /// `CLAIMED`, `IN_PROGRESS` or `FAILED`.
    pub status: String,
    /// The instance that it belongs to; empty: the one that is asked about.
    pub instance_id: String,
    /// Whether End User Messaging has it.
    pub messaging: bool,
    /// Its status there.
    pub messaging_status: String,
    /// Its type there.
    pub kind: String,
    /// What it can send.
    pub capabilities: Vec<String>,
    /// Whether it takes replies.
    pub two_way: bool,
    /// Whether opt-outs are kept by somebody else than AWS.
    pub self_managed_opt_outs: bool,
    /// The list of opt-outs.
    pub opt_out_list: String,
    /// Message parts per second; 0 where that is not told.
    pub parts_per_second: u32,
    /// Messages a day, by carrier.
    pub daily_caps: BTreeMap<String, u32>,
}

/// A flow that sends nothing and hangs up.
const HANGS_UP: &str = r#"{"Version":"2019-10-30","StartAction":"end","Actions":[{"Identifier":"end","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}]}"#;

impl Default for AccountConfig {
    fn default() -> Self {
        Self {
            id: "123456789012".to_owned(),
            only: false,
            instance_status: "ACTIVE".to_owned(),
            production: true,
            verified: BTreeSet::new(),
            spend_limit: 10_000,
            max_spend_limit: 10_000,
            countries: BTreeMap::new(),
            requests_per_second: 2.0,
            active_chats: 500.0,
            busy_chats: 0,
            applied_quotas: true,
            opted_out: Vec::new(),
            opted_out_more: 0,
            searchable: BTreeSet::new(),
            denied: BTreeSet::new(),
            throttled: BTreeSet::new(),
            rates: false,
            flow: FlowConfig::default(),
            number: NumberConfig::default(),
        }
    }
}

impl Default for FlowConfig {
    fn default() -> Self {
        Self {
            state: "ACTIVE".to_owned(),
            status: "PUBLISHED".to_owned(),
            kind: "CONTACT_FLOW".to_owned(),
            content: HANGS_UP.to_owned(),
        }
    }
}

impl Default for NumberConfig {
    fn default() -> Self {
        Self {
            status: "CLAIMED".to_owned(),
            instance_id: String::new(),
            messaging: true,
            messaging_status: "ACTIVE".to_owned(),
            kind: "SHORT_CODE".to_owned(),
            capabilities: vec!["SMS".to_owned()],
            two_way: true,
            self_managed_opt_outs: false,
            opt_out_list: "Default".to_owned(),
            parts_per_second: 100,
            daily_caps: BTreeMap::new(),
        }
    }
}

impl AccountConfig {
    /// Reads it from TOML.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        toml::from_str(text).map_err(|error| error.to_string())
    }

    /// How many numbers are on the list of opt-outs.
    pub(super) fn opted_out_count(&self) -> usize {
        self.opted_out.len() + self.opted_out_more as usize
    }

    /// The number at a place of the list of opt-outs.
    pub(super) fn opted_out_at(&self, place: usize) -> Option<String> {
        match self.opted_out.get(place) {
            Some(number) => Some(number.clone()),
            // Numbers that are kept for fiction, and then such as no country has.
            None if place < self.opted_out_count() => {
                Some(format!("+999{:08}", place - self.opted_out.len()))
            }
            None => None,
        }
    }

    pub(super) fn is_opted_out(&self, number: &str) -> bool {
        let made_up = number.strip_prefix("+999").filter(|digits| digits.len() == 8);
        let made_up = made_up.and_then(|digits| digits.parse::<u32>().ok());
        self.opted_out.iter().any(|known| known == number)
            || made_up.is_some_and(|place| place < self.opted_out_more)
    }

    /// Why a message to this number goes nowhere, though its contact starts.
    pub(super) fn undelivered(&self, number: &str) -> Option<&'static str> {
        if self.is_opted_out(number) {
            Some("opted-out")
        } else if !self.production && !self.verified.contains(number) {
            Some("sandbox")
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_written_as_what_is_not_in_order() {
        let account = AccountConfig::parse(
            "production = false\nverified = [\"+12025550101\"]\ndenied = [\"connect:DescribeInstance\"]\n\
             [flow]\nstatus = \"SAVED\"\n[number]\ntwo_way = false\n[countries]\nFR = \"BLOCK\"\n",
        )
        .unwrap();
        assert!(!account.production && !account.number.two_way);
        assert_eq!((account.flow.status.as_str(), account.flow.state.as_str()), ("SAVED", "ACTIVE"));
        assert_eq!(AccountConfig::parse(""), Ok(AccountConfig::default()));
        assert!(AccountConfig::parse("sandbox = true").unwrap_err().contains("sandbox"));
    }

    #[test]
    fn opt_outs_are_those_that_are_named_and_those_that_are_made_up() {
        let account = AccountConfig {
            opted_out: vec!["+12025550101".into()],
            opted_out_more: 2,
            ..AccountConfig::default()
        };
        let all: Vec<_> = (0..4).map(|place| account.opted_out_at(place)).collect();
        let number = |number: &str| Some(number.to_owned());
        assert_eq!(all, [number("+12025550101"), number("+99900000000"), number("+99900000001"), None]);
        assert!(all.iter().flatten().all(|number| account.undelivered(number) == Some("opted-out")));
        assert_eq!(account.undelivered("+99900000002"), None);
    }

    #[test]
    fn a_sandbox_reaches_verified_numbers() {
        let verified = BTreeSet::from(["+12025550101".to_owned()]);
        let account = AccountConfig { production: false, verified, ..AccountConfig::default() };
        assert_eq!(account.undelivered("+12025550101"), None);
        assert_eq!(account.undelivered("+12025550102"), Some("sandbox"));
    }
}
