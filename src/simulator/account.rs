//! The account that the world plays: who calls, what exists around the contacts, what is allowed.
//!
//! It can be written as TOML (`campaign simulator --account FILE`); what is left out is as in an account where everything is
//! in order.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::clock::WorldTime;

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
    /// Numbers that opt out at a time, in the order in which they do.
    #[serde(skip)]
    pub opting_out: Vec<OptingOut>,
    /// Attributes that contacts can be searched by: those that start from then on.
    pub searchable: BTreeSet<String>,
    /// Seconds from a contact's start until searches find it.
    pub index_delay: u32,
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

/// A number that opts out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OptingOut {
    /// The number, E.164.
    pub number: String,
    /// When.
    pub at: WorldTime,
    /// Whether its owner did, and not the account.
    pub by_user: bool,
}

/// An entry of the list of opt-outs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) number: String,
    /// Seconds since the Unix epoch.
    pub(super) at: u64,
    pub(super) by_user: bool,
}

/// When those opted out that did so before everything else: 2026-01-01T00:00:00Z.
const LONG_AGO: u64 = 1_767_225_600;

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
    /// Its country, ISO 3166.
    pub country: String,
    /// Whether it sends to other countries too.
    pub international: bool,
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
            opting_out: Vec::new(),
            searchable: BTreeSet::new(),
            index_delay: 0,
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
            country: "US".to_owned(),
            international: true,
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

    /// The number opts out at a time.
    pub fn opt_out(&mut self, number: impl Into<String>, at: WorldTime) {
        self.opting_out.push(OptingOut { number: number.into(), at, by_user: true });
    }

    /// The numbers on the list of opt-outs from `place` on.
    pub(super) fn opted_out_from(&self, place: usize, now: WorldTime) -> impl Iterator<Item = Entry> {
        let long_ago = |number: String| Entry { number, at: LONG_AGO, by_user: true };
        let named = self.opted_out.iter().cloned().map(long_ago);
        // Numbers such as no country has.
        let made_up = (0..self.opted_out_more).map(move |place| long_ago(format!("+999{place:08}")));
        let later = self.opting_out.iter().filter(move |later| later.at <= now);
        let later = later.map(|later| Entry {
            number: later.number.clone(),
            at: later.at.0 / 1000,
            by_user: later.by_user,
        });
        named.chain(made_up).chain(later).skip(place)
    }

    /// The entry of a number on the list of opt-outs.
    pub(super) fn opted_out_as(&self, number: &str, now: WorldTime) -> Option<Entry> {
        let made_up = number.strip_prefix("+999").filter(|digits| digits.len() == 8);
        let made_up = made_up.and_then(|digits| digits.parse::<u32>().ok());
        let long_ago = self.opted_out.iter().any(|known| known == number)
            || made_up.is_some_and(|place| place < self.opted_out_more);
        if long_ago {
            return Some(Entry { number: number.to_owned(), at: LONG_AGO, by_user: true });
        }
        let later = self.opting_out.iter().find(|later| later.number == number && later.at <= now)?;
        Some(Entry { number: number.to_owned(), at: later.at.0 / 1000, by_user: later.by_user })
    }

    /// Why a message to this number goes nowhere, though its contact starts.
    pub(super) fn undelivered(&self, number: &str, now: WorldTime) -> Option<&'static str> {
        if self.opted_out_as(number, now).is_some() {
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
        let mut account = account;
        account.opt_out("+12025550102", WorldTime(5_000));
        let list = |now: u64| -> Vec<String> {
            account.opted_out_from(0, WorldTime(now)).map(|entry| entry.number).collect()
        };
        assert_eq!(list(4_999), ["+12025550101", "+99900000000", "+99900000001"]);
        assert_eq!(list(5_000)[3], "+12025550102");
        let undelivered = |number: &str, now: u64| account.undelivered(number, WorldTime(now));
        assert!(list(5_000).iter().all(|number| undelivered(number, 5_000) == Some("opted-out")));
        assert_eq!(undelivered("+12025550102", 4_999), None);
        assert_eq!(undelivered("+99900000002", 5_000), None);
    }

    #[test]
    fn a_sandbox_reaches_verified_numbers() {
        let verified = BTreeSet::from(["+12025550101".to_owned()]);
        let account = AccountConfig { production: false, verified, ..AccountConfig::default() };
        assert_eq!(account.undelivered("+12025550101", WorldTime(0)), None);
        assert_eq!(account.undelivered("+12025550102", WorldTime(0)), Some("sandbox"));
    }
}
