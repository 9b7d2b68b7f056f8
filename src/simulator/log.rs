//! The world's own log: what came, what it did, and counts of both.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

use super::clock::WorldTime;
use super::config::LogDetail;
use super::records::{Contact, ContactId, Effect, Outcome, PayloadViolation, RequestRecord};

/// Counts since the world began.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Stats {
    /// Requests of any operation.
    pub requests: u64,
    /// Requests by operation.
    pub operations: BTreeMap<&'static str, u64>,
    /// Contacts started.
    pub contacts: u64,
    /// Requests whose token was known.
    pub replays: u64,
    /// Requests by what the client got: `answered`, an error's code, or `fault:` and a name.
    pub outcomes: BTreeMap<String, u64>,
    /// Requests whose token was known with other bytes.
    pub payload_violations: u64,
}

/// The log.
#[derive(Debug, Default)]
pub(super) struct Log {
    detail: LogDetail,
    stats: Stats,
    outcomes: HashMap<Outcome, u64>,
    requests: Vec<RequestRecord>,
    contacts: Vec<Contact>,
    by_id: HashMap<ContactId, usize>,
    violations: Vec<PayloadViolation>,
}

impl Log {
    pub(super) fn new(detail: LogDetail) -> Self {
        Self { detail, ..Self::default() }
    }

    pub(super) fn is_full(&self) -> bool {
        self.detail == LogDetail::Full
    }

    pub(super) fn request(&mut self, record: &RequestRecord) {
        self.stats.requests += 1;
        *self.stats.operations.entry(record.operation.name()).or_default() += 1;
        *self.outcomes.entry(record.outcome).or_default() += 1;
        match record.effect {
            Effect::Nothing => {}
            Effect::Started(_) => self.stats.contacts += 1,
            Effect::Replayed(_) => self.stats.replays += 1,
        }
        if self.is_full() {
            self.requests.push(record.clone());
        }
    }

    pub(super) fn contact(&mut self, contact: Contact) {
        self.by_id.insert(contact.id, self.contacts.len());
        self.contacts.push(contact);
    }

    /// A contact ends before its time.
    pub(super) fn stop(&mut self, id: ContactId, now: WorldTime) {
        if let Some(contact) = self.by_id.get(&id).and_then(|index| self.contacts.get_mut(*index)) {
            contact.ends_at = now;
            contact.stopped = true;
        }
    }

    pub(super) fn violation(&mut self, violation: PayloadViolation) {
        self.stats.payload_violations += 1;
        if self.is_full() {
            self.violations.push(violation);
        }
    }

    pub(super) fn stats(&self) -> Stats {
        let outcomes = self.outcomes.iter().map(|(outcome, count)| (outcome.to_string(), *count));
        Stats { outcomes: outcomes.collect(), ..self.stats.clone() }
    }

    pub(super) fn requests(&self) -> &[RequestRecord] {
        &self.requests
    }

    pub(super) fn contacts(&self) -> &[Contact] {
        &self.contacts
    }

    pub(super) fn violations(&self) -> &[PayloadViolation] {
        &self.violations
    }

    pub(super) fn find(&self, id: ContactId) -> Option<&Contact> {
        self.by_id.get(&id).and_then(|index| self.contacts.get(*index))
    }
}
