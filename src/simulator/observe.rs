//! What tests and doors see of a [`World`], and what they can change while it runs.

use std::time::Duration;

use super::account::AccountConfig;
use super::clock::WorldTime;
use super::config::{Credential, Throttle};
use super::log::Stats;
use super::plan::FaultPlan;
use super::records::{Contact, ContactId, PayloadViolation, RequestRecord};
use super::signature::Verifier;
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
        self.buckets.clear();
    }

    /// The account, to be changed.
    pub fn account_mut(&mut self) -> &mut AccountConfig {
        &mut self.config.account
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
        self.verifier = Verifier::new(self.config.signatures, self.config.region.clone(), credentials)
            .expiring(self.config.credential_life);
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

    /// Requests whose token came before with other bytes; empty with [`Counts`](super::LogDetail::Counts), which only
    /// counts them.
    pub fn payload_violations(&self) -> &[PayloadViolation] {
        self.log.violations()
    }

    /// How many chats are active.
    pub fn active_chats(&mut self, now: WorldTime) -> usize {
        self.chats.values_mut().map(|chats| chats.count(now)).sum()
    }

    /// Counts of everything.
    pub fn stats(&self) -> Stats {
        self.log.stats()
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use bytes::Bytes;
    use serde_json::json;

    use super::super::config::{Latency, LogDetail, Signatures, WorldConfig};
    use super::super::fault::Fault;
    use super::super::wire::{Reaction, WireRequest};
    use super::*;

    fn world(config: WorldConfig) -> World {
        World::new(WorldConfig { signatures: Signatures::Ignored, ..config })
    }

    fn start(world: &mut World, now: u64, token: &str) -> Reaction {
        let id = "6f0e4c1a-0000-4000-8000-000000000001";
        let body = json!({
            "InstanceId": id,
            "ContactFlowId": id,
            "SourceEndpoint": {
                "Type": "CONNECT_PHONENUMBER_ARN",
                "Address": "arn:aws:connect:us-west-2:123456789012:phone-number/1",
            },
            "DestinationEndpoint": {"Type": "TELEPHONE_NUMBER", "Address": "+12025550100"},
            "SegmentAttributes": {"connect:Subtype": {"ValueString": "connect:SMS"}},
            "ClientToken": token,
        });
        let body = Bytes::from(body.to_string());
        let wire = WireRequest { method: "PUT", target: "/contact/outbound-chat", headers: Vec::new(), body };
        world.handle(WorldTime(now), &wire)
    }

    #[test]
    fn limits_change_while_the_world_runs() {
        let mut world = world(WorldConfig::default());
        let outcome = |world: &mut World, token| start(world, 0, token).record.outcome.to_string();
        assert_eq!(outcome(&mut world, "a"), "answered");
        world.set_throttle(Some(Throttle { rate: 1.0, burst: NonZeroU32::MIN }));
        assert_eq!(outcome(&mut world, "b"), "answered");
        assert_eq!(outcome(&mut world, "c"), "ThrottlingException");
        world.set_throttle(None);
        world.set_active_chats(Some(2));
        assert_eq!(world.active_chats(WorldTime(0)), 2);
        assert_eq!(outcome(&mut world, "c"), "LimitExceededException");
        world.set_active_chats(Some(3));
        world.set_contact_life(Some(Duration::from_millis(5)));
        assert_eq!(outcome(&mut world, "c"), "answered");
        assert_eq!(world.active_chats(WorldTime(5)), 2);
    }

    #[test]
    fn counts_alone_still_honour_tokens() {
        let mut world = world(WorldConfig { log: LogDetail::Counts, ..WorldConfig::default() });
        let contacts = ["a", "b", "a"].map(|token| start(&mut world, 0, token).record.effect.contact_id());
        assert_eq!(contacts[0], contacts[2]);
        assert_ne!(contacts[0], contacts[1]);
        assert_eq!((world.contacts().len(), world.requests().len()), (0, 0));
        let stats = world.stats();
        assert_eq!((stats.requests, stats.contacts, stats.replays), (3, 2, 1));
    }

    #[test]
    fn everything_follows_from_the_seed() {
        let latency = Latency { base: Duration::ZERO, jitter: Duration::from_millis(100) };
        let run = |seed| {
            let mut world = world(WorldConfig { seed, latency, ..WorldConfig::default() });
            world.faults_mut().chance(Fault::LostAnswer, 0.3).chance(Fault::Throttling, 0.3);
            let seen = (0..200).map(|n| {
                let reaction = start(&mut world, n, &(n / 2).to_string());
                (reaction.delay, reaction.record.outcome, reaction.record.effect, reaction.request_id)
            });
            seen.collect::<Vec<_>>()
        };
        assert_eq!(run(1), run(1));
        assert_ne!(run(1), run(2));
    }
}
