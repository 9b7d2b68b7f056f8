//! `[account]`: what the account is asked before and while a campaign is sent.

use super::document::Value;
use super::reader::Reader;
use crate::domain::account::opt_outs::{OptOutRule, OptOutSettings};

/// What becomes of the findings before a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountRule {
    /// They are told.
    Warn,
    /// A failed one keeps the run from sending.
    Refuse,
    /// The account is not asked.
    Off,
}

/// What the account is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountSettings {
    /// What becomes of the findings before a run.
    pub check: AccountRule,
    /// Whether its quotas count where the definition states none.
    pub quotas: bool,
    /// The opt-out lists behind the senders.
    pub opt_outs: OptOutSettings,
}

pub(super) fn resolve(reader: &Reader<'_>) -> AccountSettings {
    let rule = match reader.node("account.opt_outs").map(|node| node.value) {
        Some(Value::Flag(true)) => OptOutRule::Required,
        Some(Value::Flag(false)) => OptOutRule::Off,
        _ => OptOutRule::IfPossible,
    };
    let max_age = reader.duration("account.opt_outs_max_age").unwrap_or_default();
    let check = match reader.node("account.check").map(|node| node.value) {
        Some(Value::Text(word)) if word == "refuse" => AccountRule::Refuse,
        Some(Value::Text(word)) if word == "off" => AccountRule::Off,
        _ => AccountRule::Warn,
    };
    let quotas = reader.flag("account.quotas");
    AccountSettings { check, quotas, opt_outs: OptOutSettings { rule, max_age } }
}
