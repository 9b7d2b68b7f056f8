//! What each of several senders has to send, and how long it takes by its own rate and cap of a day.

use std::fmt::Write as _;
use std::time::Duration;

use serde_json::{Value, json};

use super::account_loads::{AccountLoad, InstanceLoad};
use super::limits::Limits;
use crate::domain::definition::Definition;
use crate::domain::figures::{Span, counted};
use crate::domain::forecast::{ForeseenSender, SenderCourse};
use crate::domain::foreign::shown;
use crate::domain::senders::{AccountGroups, InstancePace, PartRate, Sender, SenderAccount, parts};

/// Senders that are told one by one.
const TOLD: usize = 12;
const DAY: Duration = Duration::from_secs(24 * 3600);

/// The senders of a definition; none where it has one source.
#[derive(Debug, Clone)]
pub(super) struct SenderLoads(Vec<SenderLoad>);

#[derive(Debug, Clone)]
struct SenderLoad {
    name: String,
    account: Option<SenderAccount>,
    rate: Option<PartRate>,
    per_day: Option<u64>,
    contacts: u64,
    parts: u64,
    /// Contacts of its instance that may be alive, where it was asked.
    active_contacts: Option<u32>,
}

impl SenderLoads {
    pub(super) fn new(definition: &Definition) -> Self {
        let load = |sender: &Sender| SenderLoad {
            name: sender.name.clone(),
            account: sender.account.clone(),
            rate: sender.rate,
            per_day: sender.per_day.as_ref().map(|cap| cap.most),
            contacts: 0,
            parts: 0,
            active_contacts: None,
        };
        Self(definition.senders.iter().map(load).collect())
    }

    /// A contact of the sender with this index. What the flow sends by itself counts as one part.
    pub(super) fn add(&mut self, at: Option<usize>, message: Option<&str>) {
        if let Some(load) = at.and_then(|at| self.0.get_mut(at)) {
            load.contacts += 1;
            load.parts += u64::from(parts(message));
        }
    }

    /// What is known of the senders, those of the definition first: where those are whose rows are of earlier files.
    pub(super) fn know(&mut self, senders: &[ForeseenSender]) {
        for ForeseenSender { sender, .. } in senders.iter().skip(self.0.len()) {
            self.0.push(SenderLoad::bare(&sender.name, sender.account.clone()));
        }
    }

    /// The senders of the definition, with the rates of their numbers, and their accounts and instances were asked.
    pub(super) fn know_paces(&mut self, senders: &[Sender], paces: &[InstancePace]) {
        for (load, sender) in self.0.iter_mut().zip(senders) {
            load.rate = load.rate.or(sender.rate);
        }
        for load in &mut self.0 {
            load.active_contacts =
                load.account.as_mut().and_then(|account| InstancePace::give(paces, account));
        }
    }

    /// What each starts in the end, as the forecast has it: also of senders that only rows of earlier files have.
    pub(super) fn follow(&mut self, foreseen: &[SenderCourse]) {
        for (at, course) in foreseen.iter().enumerate() {
            if at == self.0.len() {
                self.0.push(SenderLoad::bare(&course.name, None));
            }
            (self.0[at].contacts, self.0[at].parts) = (course.contacts, course.parts);
        }
    }

    /// How long the slowest takes.
    pub(super) fn time(&self) -> Duration {
        self.0.iter().map(SenderLoad::time).max().unwrap_or_default()
    }

    fn groups(&self) -> AccountGroups {
        AccountGroups::of(self.0.iter().map(|load| load.account.as_ref()))
    }

    /// What each account has of these contacts, in the order of the senders; none where all have one account and one instance.
    pub(super) fn accounts(&self, limits: &Limits, to_send: u64) -> Vec<AccountLoad> {
        let groups = self.groups();
        if groups.instances == 1 {
            return Vec::new();
        }
        let all: u64 = self.0.iter().map(|load| load.contacts).sum();
        // Where fewer are started than there are, nobody has said whose.
        let share = (to_send as f64 / all.max(1) as f64).min(1.0);
        let fresh = groups.accounts.into_iter().map(|group| AccountLoad {
            account: group.account,
            rate: group.rate.unwrap_or(limits.rate),
            unknown: group.rate.is_none() && limits.unknown,
            burst: group.burst.map_or(limits.burst, std::num::NonZeroU32::get),
            contacts: 0,
            instances: Vec::new(),
            active: limits.active_bound(),
        });
        let mut loads: Vec<AccountLoad> = fresh.collect();
        for (sender, place) in self.0.iter().zip(&groups.places) {
            let account = &mut loads[place.account];
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "no more than there are"
            )]
            let contacts = (sender.contacts as f64 * share).round() as u64;
            account.contacts += contacts;
            let id = sender.account.as_ref().map(|own| own.instance_id.clone());
            match account.instances.iter_mut().find(|known| known.id == id) {
                Some(known) => known.contacts += contacts,
                None => {
                    let active_contacts = sender.active_contacts;
                    account.instances.push(InstanceLoad { id, contacts, active_contacts });
                }
            }
        }
        loads
    }

    /// What each has, by its account where there are several, and what keeps the campaign longest: a sender where the
    /// requests of no account would, or one of several accounts.
    pub(super) fn write(&self, text: &mut String, accounts: &[AccountLoad]) {
        if self.0.is_empty() {
            return;
        }
        text.push_str("\nsenders:");
        let places = self.groups().places;
        let mut told = 0;
        for (at, account) in accounts.iter().enumerate() {
            let of = |place: usize| accounts.len() == 1 || places[place].account == at;
            let own = self.0.iter().enumerate().filter(|(place, load)| of(*place) && load.contacts > 0);
            let own: Vec<&SenderLoad> = own.map(|(_, load)| load).take(TOLD - told).collect();
            let indent = match accounts.len() {
                1 => "  ",
                _ if own.is_empty() => continue,
                _ => {
                    account.write(text);
                    "    "
                }
            };
            own.iter().for_each(|load| load.write(text, indent));
            told += own.len();
        }
        if let Some(more @ 1..) = self.0.len().checked_sub(TOLD) {
            let _ = write!(text, "\n  and {}", counted(more as u64, "sender more", "senders more"));
        }
        let slowest = self.0.iter().max_by_key(|load| load.time());
        let scarcest = accounts.iter().max_by_key(|load| load.time());
        let requests = scarcest.map(AccountLoad::time).unwrap_or_default();
        if let Some(slowest) = slowest.filter(|load| load.time() > requests) {
            let _ = write!(
                text,
                "\n  {} takes longest; a second number like it would halve that",
                shown(&slowest.name)
            );
        } else if let Some(scarcest) = scarcest.filter(|_| accounts.len() > 1 && !requests.is_zero()) {
            let _ = write!(
                text,
                "\n  {} takes longest: its requests are scarce,\n  and another number of it would not help; one of another \
                 account would",
                scarcest.name()
            );
        }
    }

    /// For scripts; `None` where the definition has one source.
    pub(super) fn as_json(&self) -> Option<Value> {
        let told = self.0.iter().map(|load| {
            let mut told = json!({
                "name": load.name,
                "contacts": load.contacts,
                "parts": load.parts,
                "duration_s": load.time().as_secs_f64(),
            });
            if let Some(own) = load.account.as_ref() {
                told["account"] = json!(own.account);
                told["instance_id"] = json!(own.instance_id);
                told["region"] = json!(own.region);
            }
            told
        });
        (!self.0.is_empty()).then(|| told.collect())
    }
}

impl SenderLoad {
    /// A sender that only rows of earlier files have.
    fn bare(name: &str, account: Option<SenderAccount>) -> Self {
        let (name, contacts, parts) = (name.to_owned(), 0, 0);
        Self { name, account, rate: None, per_day: None, contacts, parts, active_contacts: None }
    }

    fn write(&self, text: &mut String, indent: &str) {
        let _ = write!(
            text,
            "\n{indent}{}: {}, {}",
            shown(&self.name),
            counted(self.contacts, "contact", "contacts"),
            counted(self.parts, "part", "parts"),
        );
        if self.rate.is_some() || self.per_day.is_some() {
            let _ = write!(text, ", {}", Span(self.time()));
        }
        if let Some(rate) = self.rate {
            let _ = write!(text, " at {} parts per second", rate.per_second);
        }
        if let Some(most) = self.per_day {
            let _ = write!(text, ", at most {} a day", counted(most, "message", "messages"));
        }
    }

    fn time(&self) -> Duration {
        let by_rate = self.rate.map_or(Duration::ZERO, |rate| {
            let behind = self.parts.saturating_sub(u64::from(rate.burst.get()));
            Duration::try_from_secs_f64(behind as f64 / rate.per_second).unwrap_or(Duration::MAX)
        });
        let days = self.per_day.map_or(0, |most| self.contacts.saturating_sub(1) / most.max(1));
        by_rate.max(DAY.saturating_mul(u32::try_from(days).unwrap_or(u32::MAX)))
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;

    /// An account that takes so many seconds for 61 contacts at two a second.
    fn account(contacts: u64) -> AccountLoad {
        let instances = vec![InstanceLoad { id: None, contacts, active_contacts: None }];
        AccountLoad { account: None, rate: 2.0, unknown: false, burst: 0, contacts, instances, active: None }
    }

    #[test]
    fn the_slowest_sender_tells_how_long_a_campaign_takes() {
        let load = |name: &str, rate: f64, per_day| SenderLoad {
            name: name.to_owned(),
            account: None,
            rate: Some(PartRate::of(rate, NonZeroU32::new(1))),
            per_day,
            contacts: 0,
            parts: 0,
            active_contacts: None,
        };
        let mut loads = SenderLoads(vec![load("fast", 20.0, None), load("slow", 0.5, Some(100))]);
        for _ in 0..61 {
            loads.add(Some(0), Some("Hi"));
            loads.add(Some(1), Some(&"a".repeat(161)));
        }
        assert_eq!(
            (loads.0[0].time(), loads.0[1].time()),
            (Duration::from_secs(3), Duration::from_secs(242))
        );
        assert_eq!(loads.time(), Duration::from_secs(242));
        let mut text = String::new();
        loads.write(&mut text, &[account(60)]);
        assert!(text.starts_with("\nsenders:\n  fast: 61 contacts"), "{text}");
        assert!(text.contains("slow: 61 contacts, 122 parts, 4 min 2 s at 0.5 parts per second"), "{text}");
        assert!(text.ends_with("slow takes longest; a second number like it would halve that"), "{text}");
        for _ in 0..150 {
            loads.add(Some(1), None);
        }
        assert_eq!(loads.time(), 2 * DAY, "211 messages at 100 a day end on the third day");
    }
}
