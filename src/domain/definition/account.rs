//! `[account]`: what the account is asked before and while a campaign is sent.

use super::document::Value;
use super::reader::Reader;
use crate::domain::account::opt_outs::{OptOutRule, OptOutSettings};

/// What the account is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountSettings {
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
    AccountSettings { opt_outs: OptOutSettings { rule, max_age } }
}
