//! The world: what Amazon Connect does with a request, as a function of the request, the time and a seed.
//!
//! No I/O, no clock, no threads. A request goes through the service in this order: what stands in front of it, the
//! signature, the caller's rights, the request quota, the request's own validity, its client token, the active-chats
//! quota, the start of the contact, the answer. A fault strikes at its place in that order.

use std::time::Duration;

use bytes::Bytes;

use super::chance::Chance;
use super::chats::ActiveChats;
use super::clock::WorldTime;
use super::config::{LogDetail, WorldConfig};
use super::describe::describe;
use super::digest::Digest;
use super::fault::{Fault, Moment};
use super::log::Log;
use super::operation::Operation;
use super::plan::RequestFacts;
use super::records::{Contact, ContactId, Effect, Outcome, PayloadViolation, RequestRecord, uuid_from};
use super::refusal::Refusal;
use super::signature::Verifier;
use super::start::StartRequest;
use super::throttle::Bucket;
use super::tokens::Tokens;
use super::validate::validate;
use super::wire::{Answer, Delivery, Reaction, WireRequest};

/// How long a chat lives when its request does not say: 25 hours (API reference).
const DEFAULT_CHAT_LIFE: Duration = Duration::from_secs(25 * 3_600);

/// Amazon Connect as far as this project needs it.
#[derive(Debug)]
pub struct World {
    pub(super) config: WorldConfig,
    pub(super) verifier: Verifier,
    chance: Chance,
    pub(super) bucket: Option<Bucket>,
    tokens: Tokens,
    pub(super) chats: ActiveChats,
    pub(super) log: Log,
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
    fn stopped(stop: Stop) -> Self {
        let (outcome, delivery) = match stop {
            Stop::Refused(refusal) => (Outcome::Refused(refusal.code), Delivery::Answer(refusal.answer())),
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
            bucket: config.throttle.map(Bucket::new),
            tokens: Tokens::new(config.token_life),
            chats: ActiveChats::default(),
            log: Log::new(config.log),
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
            operation: Operation::of(request.method, request.target),
            client_token: None,
            destination: None,
            attempt: 1,
            body: Digest::of_bytes(&request.body),
            outcome: Outcome::Answered,
            effect: Effect::Nothing,
        };
        let settled = match record.operation {
            Operation::StartOutboundChatContact => self.start(request, &mut record, draw),
            _ => self
                .describe(now, request, &record.operation)
                .map_or_else(Settled::stopped, Settled::answered),
        };
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
            Err(stop) => Settled::stopped(stop),
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
        self.verifier.verify(start.wire, start.now)?;
        start.strike(Moment::Access)?;
        start.strike(Moment::Throttle)?;
        if self.bucket.as_mut().is_some_and(|bucket| !bucket.take(start.now)) {
            return Err(Refusal::throttling().into());
        }
        start.strike(Moment::Check)?;
        let request = start.body.as_ref().map_err(Clone::clone)?;
        let destination = validate(request, &self.config)?;
        let token = request.client_token.as_deref();
        if let Some(contact) = token.and_then(|token| self.tokens.contact(token, start.now)) {
            return Ok(Effect::Replayed(ContactId::nth(self.config.seed, contact)));
        }
        start.strike(Moment::Quota)?;
        if self.config.active_chats.is_some_and(|quota| self.chats.count(start.now) >= quota as usize) {
            return Err(Refusal::limit_exceeded().into());
        }
        Ok(Effect::Started(self.create(start, request, destination)))
    }

    fn create(&mut self, start: &Start<'_>, request: &StartRequest, destination: &str) -> ContactId {
        let ordinal = self.contacts;
        self.contacts += 1;
        let id = ContactId::nth(self.config.seed, ordinal);
        let asked = request
            .chat_duration_in_minutes
            .map(|minutes| Duration::from_secs(u64::from(minutes.unsigned_abs()) * 60));
        let life = self.config.contact_life.or(asked).unwrap_or(DEFAULT_CHAT_LIFE);
        let ends_at = start.now + life;
        self.chats.add(ends_at);
        if let Some(token) = &request.client_token {
            self.tokens.started(token, ordinal, start.now);
        }
        if self.config.log == LogDetail::Full {
            self.log.contact(Contact {
                id,
                client_token: request.client_token.clone(),
                destination: destination.to_owned(),
                created_at: start.now,
                ends_at,
                // A copy: what a door brings may be a part of a larger buffer.
                body: Bytes::copy_from_slice(&start.wire.body),
            });
        }
        id
    }

    fn describe(
        &mut self,
        now: WorldTime,
        wire: &WireRequest<'_>,
        operation: &Operation,
    ) -> Result<Answer, Stop> {
        if *operation == Operation::Unknown {
            return Err(Refusal::unknown_operation().into());
        }
        self.verifier.verify(wire, now)?;
        match self.config.faults.pick_access(now) {
            Some(fault) => Err(Stop::Faulted(fault)),
            None => Ok(describe(operation, now, &self.config, &self.log)?),
        }
    }
}
