//! What each account has to send, and how long its requests take: those of several accounts leave beside each other.

use std::fmt::Write as _;
use std::time::Duration;

use serde_json::{Value, json};

use super::{LONGEST_LIFE, Preflight, Stall};
use crate::domain::figures::{PerSecond, Span, counted};
use crate::domain::forecast::{ActiveBound, Outlook};
use crate::domain::senders::SenderAccount;

/// What an account has to send.
#[derive(Debug)]
pub(super) struct AccountLoad {
    /// Which one; `None` where the campaign has one account.
    pub(super) account: Option<SenderAccount>,
    /// The pace of its requests.
    pub(super) rate: f64,
    /// Nobody stated the pace.
    pub(super) unknown: bool,
    pub(super) burst: u32,
    pub(super) contacts: u64,
    /// What its instances have of that.
    pub(super) instances: Vec<InstanceLoad>,
    /// How many contacts of an instance may be alive, where their life is stated.
    pub(super) active: Option<ActiveBound>,
}

/// What an instance has to start.
#[derive(Debug)]
pub(super) struct InstanceLoad {
    /// Its id; `None` where the campaign has one.
    pub(super) id: Option<String>,
    pub(super) contacts: u64,
    /// How many of its contacts may be alive, where it was asked.
    pub(super) active_contacts: Option<u32>,
}

impl AccountLoad {
    /// How long its requests take, with no more contacts alive than there may be.
    pub(super) fn time(&self) -> Duration {
        let requests = Outlook {
            left: self.contacts,
            reached: None,
            allowed: Some(self.rate),
            burst: self.burst.into(),
            active: None,
        };
        let held = self.instances.iter().map(|instance| {
            // The pace is told already: what is left is how long contacts have to wait for others to end.
            let (left, allowed) = (instance.contacts, Some(self.rate_of(instance)));
            let most = |active: ActiveBound| instance.active_contacts.map_or(active.most, u64::from);
            let active = self.active.map(|active| ActiveBound { most: most(active), ..active });
            Outlook { left, allowed, burst: left, active, ..requests }
        });
        let all = [requests].into_iter().chain(held.filter(|held| held.left > 0));
        all.map(|outlook| outlook.time_left().unwrap_or(Duration::MAX)).max().unwrap_or_default()
    }

    /// Its share of the account's requests.
    fn rate_of(&self, instance: &InstanceLoad) -> f64 {
        match self.instances.len() {
            1 => self.rate,
            _ => self.rate * instance.contacts as f64 / self.contacts.max(1) as f64,
        }
    }

    /// What it is called.
    pub(super) fn name(&self) -> String {
        self.account.as_ref().map_or_else(|| "the account".to_owned(), SenderAccount::name)
    }

    /// `account 123456789012 in us-west-2: 1,200 contacts, 10 min at 2/s`.
    pub(super) fn write(&self, text: &mut String) {
        let contacts = counted(self.contacts, "contact", "contacts");
        let _ = write!(
            text,
            "\n  {}: {contacts}, {} at {}",
            self.name(),
            Span(self.time()),
            PerSecond(self.rate)
        );
    }

    /// For scripts.
    pub(super) fn as_json(&self) -> Value {
        json!({
            "account": self.account.as_ref().and_then(|own| own.account.as_ref()),
            "instance_id": self.account.as_ref().map(|own| &own.instance_id),
            "region": self.account.as_ref().and_then(|own| own.region.as_ref()),
            "contacts": self.contacts,
            "requests_per_second": self.rate,
            "duration_s": self.time().as_secs_f64(),
        })
    }
}

impl Preflight {
    /// What each account has to send; one where the campaign has one for all.
    pub(super) fn account_loads(&self) -> Vec<AccountLoad> {
        let several = self.found.senders.accounts(&self.found.limits, self.will_start());
        if !several.is_empty() {
            return several;
        }
        let (limits, contacts) = (&self.found.limits, self.will_start());
        vec![AccountLoad {
            account: None,
            rate: limits.rate,
            unknown: limits.unknown,
            burst: limits.burst,
            contacts,
            instances: vec![InstanceLoad { id: None, contacts, active_contacts: None }],
            active: limits.active_bound(),
        }]
    }

    /// `6 min at 2/s`; of several accounts with the paces of all that have something to send.
    pub(super) fn write_pace(&self, text: &mut String) {
        let accounts = self.account_loads();
        let sending = || accounts.iter().filter(|load| load.contacts > 0 || accounts.len() == 1);
        let rate: f64 = sending().map(|load| load.rate).sum();
        let _ = write!(text, "\nduration: {} at {}", Span(self.duration()), PerSecond(rate));
        let unknown = sending().filter(|load| load.unknown).count();
        match sending().count() {
            0 => {}
            1 if unknown == 1 => {
                text.push_str(", what a new account has; the run finds out what yours takes");
            }
            1 => {}
            several => {
                let _ = write!(text, " over {several} accounts");
                if unknown > 0 {
                    let new = PerSecond(self.found.limits.rate);
                    let _ = write!(text, ",\n  {unknown} of them at {new}, what a new account has");
                    text.push_str("; the run finds out what it takes");
                }
            }
        }
    }

    /// Whether contacts that the flow does not disconnect use up the active chats of an instance before the end, and when
    /// the first of them is full.
    pub(super) fn stall(&self) -> Option<Stall> {
        let limits = &self.found.limits;
        let life = limits.contact_life.or(limits.chat_duration).unwrap_or(LONGEST_LIFE);
        let accounts = self.account_loads();
        let instances =
            accounts.iter().flat_map(|load| load.instances.iter().map(move |instance| (load, instance)));
        let stalls = instances.filter_map(|(load, instance)| {
            let rate = load.rate_of(instance);
            let quota = instance.active_contacts.unwrap_or(limits.active_contacts);
            let most = f64::from(quota);
            // Contacts alive at once: as many as start within a life.
            let alive = (rate * life.as_secs_f64()).min(instance.contacts as f64);
            (alive > most).then(|| Stall {
                life,
                after: Duration::from_secs_f64(most / rate),
                then: most / life.as_secs_f64(),
                is_stated: limits.contact_life.is_some(),
                instance: instance.id.clone(),
                quota,
            })
        });
        stalls.min_by_key(|stall| stall.after)
    }
}
