//! The world: what Amazon Connect does with a request, as a function of the request, the time and a seed.
//!
//! No I/O, no clock, no threads. A request goes through the service in this order: what stands in front of it, the
//! signature, the caller's rights, the request quota, the request's own validity, its client token, the active-chats
//! quota, the start of the contact, the answer. A fault strikes at its place in that order.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::time::Duration;

use bytes::Bytes;

use super::chance::Chance;
use super::chats::ActiveChats;
use super::clock::WorldTime;
use super::config::{LogDetail, Throttle, WorldConfig};
use super::describe::describe;
use super::digest::Digest;
use super::events::SoonFeed;
use super::fault::{Fault, Moment};
use super::log::Log;
use super::lookup;
use super::neighbours::{Question, Service};
use super::operation::Operation;
use super::plan::RequestFacts;
use super::queue::EventQueue;
use super::records::{Contact, ContactId, Effect, Outcome, PayloadViolation, RequestRecord, uuid_from};
use super::refusal::Refusal;
use super::resources::{Scene, bare};
use super::signature::{self, Verifier};
use super::start::StartRequest;
use super::throttle::Bucket;
use super::tokens::Tokens;
use super::validate::{Valid, validate};
use super::wire::{Answer, Delivery, Reaction, WireRequest};

/// How long a chat lives when its request does not say: 25 hours (API reference).
const DEFAULT_CHAT_LIFE: Duration = Duration::from_secs(25 * 3_600);

/// Amazon Connect as far as this project needs it.
#[derive(Debug)]
pub struct World {
    pub(super) config: WorldConfig,
    pub(super) verifier: Verifier,
    chance: Chance,
    /// The quota of contact requests, by Region.
    pub(super) buckets: HashMap<String, Bucket>,
    /// The rates of the other operations, by Region and operation.
    rates: HashMap<(String, &'static str), Bucket>,
    tokens: Tokens,
    /// The active chats, by instance.
    pub(super) chats: HashMap<String, ActiveChats>,
    pub(super) log: Log,
    asked_instance: Option<String>,
    queue: EventQueue,
    /// What is told of messages that have their words quickly.
    pub(super) soon: SoonFeed,
    requests: u64,
    contacts: u64,
}

/// What became of a request, before it is written down.
struct Settled {
    outcome: Outcome,
    effect: Effect,
    delivery: Delivery,
}

/// Why a request got no further.
enum Stop {
    Refused(Refusal),
    Faulted(Fault),
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl Settled {
    fn stopped(stop: Stop, service: Service) -> Self {
        let (outcome, delivery) = match stop {
            Stop::Refused(refusal) => {
                (Outcome::Refused(refusal.code), Delivery::Answer(service.error(&refusal)))
            }
            Stop::Faulted(fault) => (Outcome::Faulted(fault), fault.delivery(None)),
        };
        Self { outcome, effect: Effect::Nothing, delivery }
    }

    fn answered(answer: Answer) -> Self {
        Self { outcome: Outcome::Answered, effect: Effect::Nothing, delivery: Delivery::Answer(answer) }
    }

    /// The contact exists; the fault, if there is one, strikes the answer.
    fn committed(effect: Effect, fault: Option<Fault>) -> Self {
        let contact = effect.contact_id();
        match fault {
            Some(fault) => {
                Self { outcome: Outcome::Faulted(fault), effect, delivery: fault.delivery(contact) }
            }
            None => Self { effect, ..Self::answered(Answer::started(contact)) },
        }
    }
}

/// A `StartOutboundChatContact` on its way through the service.
struct Start<'a> {
    now: WorldTime,
    wire: &'a WireRequest<'a>,
    body: &'a Result<StartRequest, Refusal>,
    fault: Option<Fault>,
}

impl Start<'_> {
    fn strike(&self, moment: Moment) -> Result<(), Stop> {
        match self.fault {
            Some(fault) if fault.moment() == moment => Err(Stop::Faulted(fault)),
            _ => Ok(()),
        }
    }
}

impl World {
    /// A world in which nothing has happened yet.
    pub fn new(mut config: WorldConfig) -> Self {
        let credentials = std::mem::take(&mut config.credentials);
        Self {
            verifier: Verifier::new(config.signatures, config.region.clone(), &credentials)
                .expiring(config.credential_life),
            chance: Chance::new(config.seed),
            buckets: HashMap::new(),
            rates: HashMap::new(),
            tokens: Tokens::new(config.token_life),
            chats: HashMap::new(),
            log: Log::new(config.log),
            asked_instance: None,
            queue: EventQueue::default(),
            soon: SoonFeed::default(),
            requests: 0,
            contacts: 0,
            config,
        }
    }

    /// Does what the service does with a request that arrives at `now`.
    pub fn handle(&mut self, now: WorldTime, request: &WireRequest<'_>) -> Reaction {
        let ordinal = self.requests;
        self.requests += 1;
        let (draw, delay) = (self.chance.unit(), self.latency());
        let mut record = RequestRecord {
            ordinal,
            at: now,
            operation: Operation::of(request),
            client_token: None,
            destination: None,
            attempt: 1,
            body: Digest::of_bytes(&request.body),
            outcome: Outcome::Answered,
            effect: Effect::Nothing,
        };
        let service = record.operation.service();
        let settled = match record.operation {
            Operation::StartOutboundChatContact => self.start(request, &mut record, draw),
            _ => self
                .other(now, request, &record.operation)
                .map_or_else(|stop| Settled::stopped(stop, service), Settled::answered),
        };
        let delay = delay + std::mem::take(&mut self.queue.wait);
        record.outcome = settled.outcome;
        record.effect = settled.effect;
        self.log.request(&record);
        let request_id = uuid_from(&mut Chance::at(!self.config.seed, ordinal)).to_string();
        Reaction { delay, delivery: settled.delivery, request_id, date: now + delay, record }
    }

    fn latency(&mut self) -> Duration {
        let latency = self.config.latency;
        latency.base + latency.jitter.mul_f64(self.chance.unit())
    }

    fn start(&mut self, wire: &WireRequest<'_>, record: &mut RequestRecord, draw: f64) -> Settled {
        let body = StartRequest::read(&wire.body);
        if let Ok(request) = &body {
            self.sight(request, record);
        }
        let facts = RequestFacts {
            ordinal: record.ordinal,
            at: record.at,
            client_token: record.client_token.as_deref(),
            destination: record.destination.as_deref(),
            attempt: record.attempt,
        };
        let fault = self.config.faults.pick(&facts, draw);
        let start = Start { now: record.at, wire, body: &body, fault };
        match self.commit(&start) {
            Ok(effect) => Settled::committed(effect, fault),
            Err(stop) => Settled::stopped(stop, Service::Connect),
        }
    }

    /// Notes a request's token and destination, and whether its payload is the one that came with the token before.
    fn sight(&mut self, request: &StartRequest, record: &mut RequestRecord) {
        record.destination = request.destination().map(str::to_owned);
        let Some(token) = &request.client_token else { return };
        let sighting = self.tokens.seen(token, record.body, Digest::of_value(request));
        record.attempt = sighting.attempt;
        record.client_token = Some(token.clone());
        if let Some(difference) = sighting.difference {
            let violation =
                PayloadViolation { ordinal: record.ordinal, client_token: token.clone(), difference };
            self.log.violation(violation);
        }
    }

    fn commit(&mut self, start: &Start<'_>) -> Result<Effect, Stop> {
        start.strike(Moment::Edge)?;
        self.verifier.verify(start.wire, Service::Connect, start.now)?;
        start.strike(Moment::Access)?;
        self.permit("connect:StartOutboundChatContact", "*")?;
        start.strike(Moment::Throttle)?;
        let region = signature::region(start.wire);
        if !self.takes(region, start.now) {
            return Err(Refusal::throttling().into());
        }
        start.strike(Moment::Check)?;
        let request = start.body.as_ref().map_err(Clone::clone)?;
        let scene = Scene { config: &self.config, region, asked_instance: None };
        let valid = validate(request, scene)?;
        let token = request.client_token.as_deref();
        if let Some(contact) = token.and_then(|token| self.tokens.contact(token, start.now)) {
            return Ok(Effect::Replayed(ContactId::nth(self.config.seed, contact)));
        }
        start.strike(Moment::Quota)?;
        let busy = self.config.account.busy_chats as usize;
        let active = self.chats.get_mut(valid.instance_id).map_or(0, |chats| chats.count(start.now)) + busy;
        if self.config.active_chats.is_some_and(|quota| active >= quota as usize) {
            return Err(Refusal::limit_exceeded().into());
        }
        Ok(Effect::Started(self.create(start, request, valid)))
    }

    /// Whether the caller may do this.
    fn permit(&self, action: &str, resource: &str) -> Result<(), Refusal> {
        let account = &self.config.account;
        if account.denied.contains(action) {
            return Err(Refusal::access_denied(&account.id, action, resource));
        }
        if account.throttled.contains(action) {
            return Err(Refusal::throttling());
        }
        Ok(())
    }

    /// Takes a token of the quota of contact requests, if there is one.
    fn takes(&mut self, region: Option<&str>, now: WorldTime) -> bool {
        let Some(throttle) = self.config.throttle else { return true };
        let region = region.unwrap_or_default();
        if let Some(bucket) = self.buckets.get_mut(region) {
            return bucket.take(now);
        }
        self.buckets.entry(region.to_owned()).or_insert_with(|| Bucket::new(throttle)).take(now)
    }

    fn create(&mut self, start: &Start<'_>, request: &StartRequest, valid: Valid<'_>) -> ContactId {
        let ordinal = self.contacts;
        self.contacts += 1;
        let id = ContactId::nth(self.config.seed, ordinal);
        let asked = request
            .chat_duration_in_minutes
            .map(|minutes| Duration::from_secs(u64::from(minutes.unsigned_abs()) * 60));
        let life = self.config.contact_life.or(asked).unwrap_or(DEFAULT_CHAT_LIFE);
        let ends_at = start.now + life;
        match self.chats.get_mut(valid.instance_id) {
            Some(chats) => chats.add(ends_at),
            None => self.chats.entry(valid.instance_id.to_owned()).or_default().add(ends_at),
        }
        if let Some(token) = &request.client_token {
            self.tokens.started(token, ordinal, start.now);
        }
        let quick = self.config.events.quick;
        if self.config.log == LogDetail::Full || quick.is_some() {
            let contact = Contact {
                id,
                client_token: request.client_token.clone(),
                destination: valid.destination.to_owned(),
                instance_id: valid.instance_id.to_owned(),
                created_at: start.now,
                ends_at,
                stopped: false,
                searchable: self.config.account.searchable.clone(),
                undelivered: self.config.account.undelivered(valid.destination, start.now),
                // A copy: what a door brings may be a part of a larger buffer.
                body: Bytes::copy_from_slice(&start.wire.body),
            };
            if let Some(quick) = quick {
                self.tell_soon(&contact, quick);
            }
            if self.config.log == LogDetail::Full {
                self.log.contact(contact);
            }
        }
        id
    }

    /// The queue, with the events that have come until now.
    fn queued(&mut self, now: WorldTime, action: &str, wire: &WireRequest<'_>) -> Result<Answer, Refusal> {
        let body: serde_json::Value = serde_json::from_slice(&wire.body)
            .map_err(|_| Refusal::unreadable_body("The body is not a JSON object."))?;
        let mut queue = std::mem::take(&mut self.queue);
        queue.fill(|feed| self.news(feed, now));
        let answer = queue.answer(action, &body, now);
        self.queue = queue;
        Ok(Service::Sqs.json(200, &answer?))
    }

    /// Every operation but the start of a contact.
    fn other(
        &mut self,
        now: WorldTime,
        wire: &WireRequest<'_>,
        operation: &Operation,
    ) -> Result<Answer, Stop> {
        if let Operation::Unknown { asked } = operation {
            return Err(Refusal::unknown_operation(asked).into());
        }
        let service = operation.service();
        self.verifier.verify(wire, service, now)?;
        if let Some(fault) = self.config.faults.pick_access(now) {
            return Err(Stop::Faulted(fault));
        }
        let region = signature::region(wire);
        self.permit(&format!("{}:{}", service.signing_name(), operation.name()), "*")?;
        if self.config.account.rates && !self.in_rate(region, operation.name(), now) {
            return Err(Refusal::throttling().into());
        }
        if let Operation::Neighbour { action, service: Service::Sqs } = *operation {
            return Ok(self.queued(now, action, wire)?);
        }
        if let Operation::Neighbour { action, .. } = *operation {
            let region = region.unwrap_or("us-west-2");
            let question = Question { service, action, region, now, wire };
            return Ok(question.answer(&mut self.config.account)?);
        }
        if let Some(instance) = operation.instance_id() {
            self.asked_instance = Some(bare(instance, ":instance/").to_owned());
        }
        let asked_instance = self.asked_instance.as_deref();
        let scene = Scene { config: &self.config, region, asked_instance };
        if *operation == Operation::StopContact {
            let contact = lookup::to_stop(now, wire, scene, &self.log)?;
            self.log.stop(contact.id, now);
            if let Some(chats) = self.chats.get_mut(&contact.instance_id) {
                chats.remove(contact.ends_at);
            }
            return Ok(Answer::ok(&serde_json::json!({})));
        }
        if lookup::answers(operation) {
            return Ok(lookup::look_up(operation, now, wire, scene, &self.log)?);
        }
        Ok(describe(operation, now, scene, &self.log)?)
    }

    /// Whether an operation is asked for within its documented rate.
    fn in_rate(&mut self, region: Option<&str>, operation: &'static str, now: WorldTime) -> bool {
        let throttle = documented_rate(operation);
        let key = (region.unwrap_or_default().to_owned(), operation);
        self.rates.entry(key).or_insert_with(|| Bucket::new(throttle)).take(now)
    }
}

/// The rate and burst of an operation by default. Source: Amazon Connect's service quotas; the limits of End User Messaging.
fn documented_rate(operation: &str) -> Throttle {
    let (rate, burst) = match operation {
        "DescribeContact" | "GetContactAttributes" | "StopContact" => (10.0, 15),
        "SearchContacts" => (10.0, 30),
        "DescribeContactFlow"
        | "DescribePhoneNumber"
        | "ListPhoneNumbersV2"
        | "ListInstances"
        | "ListContactFlows" => (2.0, 5),
        "PutOptedOutNumber" | "GetCallerIdentity" | "GetServiceQuota" | "GetAWSDefaultServiceQuota" => {
            (10.0, 10)
        }
        _ => (1.0, 1),
    };
    Throttle { rate, burst: NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN) }
}
