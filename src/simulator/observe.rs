//! What tests and doors see of a [`World`], and what they can change while it runs.

use std::time::Duration;

use super::clock::UnixMillis;
use super::config::{Credential, Throttle};
use super::log::Stats;
use super::plan::FaultPlan;
use super::records::{Contact, ContactId, PayloadViolation, RequestRecord};
use super::signature::Verifier;
use super::throttle::Bucket;
use super::world::World;

/// Changes at run time.
impl World {
    /// What goes wrong from now on.
    pub fn faults_mut(&mut self) -> &mut FaultPlan {
        &mut self.config.faults
    }

    /// Another request quota, with a full bucket.
    pub fn set_throttle(&mut self, throttle: Option<Throttle>) {
        self.config.throttle = throttle;
        self.bucket = throttle.map(Bucket::new);
    }

    /// Another quota of active chats. Chats that are active stay so.
    pub fn set_active_chats(&mut self, quota: Option<u32>) {
        self.config.active_chats = quota;
    }

    /// Another life for contacts that start from now on.
    pub fn set_contact_life(&mut self, life: Option<Duration>) {
        self.config.contact_life = life;
    }

    /// Another list of access keys: credentials that are rotated or withdrawn.
    pub fn set_credentials(&mut self, credentials: &[Credential]) {
        self.verifier = Verifier::new(self.config.signatures, self.config.region.clone(), credentials);
    }
}

/// What the world has seen.
impl World {
    /// Every contact, in the order of their starts; empty with [`Counts`](super::LogDetail::Counts).
    pub fn contacts(&self) -> &[Contact] {
        self.log.contacts()
    }

    /// Every request, in the order of their arrivals; empty with [`Counts`](super::LogDetail::Counts).
    pub fn requests(&self) -> &[RequestRecord] {
        self.log.requests()
    }

    /// The contacts that this token has started: one, or more where it came again after its life. Empty with
    /// [`Counts`](super::LogDetail::Counts).
    pub fn contacts_by_token(&self, token: &str) -> Vec<&Contact> {
        self.contacts().iter().filter(|contact| contact.client_token.as_deref() == Some(token)).collect()
    }

    /// The contact of that id; `None` with [`Counts`](super::LogDetail::Counts).
    pub fn contact(&self, id: ContactId) -> Option<&Contact> {
        self.log.find(id)
    }

    /// Requests whose token came before with other bytes; empty with [`Counts`](super::LogDetail::Counts), which only counts them.
    pub fn payload_violations(&self) -> &[PayloadViolation] {
        self.log.violations()
    }

    /// How many chats are active.
    pub fn active_chats(&mut self, now: UnixMillis) -> usize {
        self.chats.count(now)
    }

    /// Counts of everything.
    pub fn stats(&self) -> Stats {
        self.log.stats()
    }
}
