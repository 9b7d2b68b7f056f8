//! What a world is made of: its instances, limits, credentials, latency, faults and seed.

use std::num::NonZeroU32;
use std::time::Duration;

use super::account::AccountConfig;
use super::events::EventConfig;
use super::plan::FaultPlan;

/// The service's request quota: a token bucket of `burst` tokens that fills at `rate` tokens per second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Throttle {
    /// Requests per second; more than 0.
    pub rate: f64,
    /// Requests that may come at once after a pause.
    pub burst: NonZeroU32,
}

/// How long an answer takes: `base` and a uniform share of `jitter`. The request counts at its arrival.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Latency {
    /// The least time between request and answer.
    pub base: Duration,
    /// Up to this much more, drawn per request.
    pub jitter: Duration,
}

/// An access key that the world accepts.
#[derive(Clone, PartialEq, Eq)]
pub struct Credential {
    /// The access key id.
    pub id: String,
    /// The secret access key.
    pub secret: String,
    /// The only session token accepted with it; `None` takes any, and none.
    pub session_token: Option<String>,
}

impl Credential {
    /// The same, accepted with this session token only.
    #[must_use]
    pub fn with_session_token(self, token: impl Into<String>) -> Self {
        Self { session_token: Some(token.into()), ..self }
    }

    /// A long-term access key.
    pub fn new(id: impl Into<String>, secret: impl Into<String>) -> Self {
        Self { id: id.into(), secret: secret.into(), session_token: None }
    }
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credential").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Whether requests must be signed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Signatures {
    /// Signature Version 4 is checked, date and scope included.
    #[default]
    Verified,
    /// As `Verified`, but any date passes: for a sender whose wall clock is not the world's.
    VerifiedAtAnyDate,
    /// Nothing is checked.
    Ignored,
}

/// How much the world remembers of what it saw.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LogDetail {
    /// Every request and every contact, bodies included.
    #[default]
    Full,
    /// Counts only, and 40 bytes per client token: `DescribeContact` finds nothing.
    Counts,
}

/// What a world is made of. `WorldConfig::default()` is a permissive one: any instance, flow and number, no throttle,
/// no quota, no faults, no latency, credentials `test`/`test`, signatures verified, everything logged, seed 0.
#[derive(Debug)]
pub struct WorldConfig {
    /// Contact ids, latencies and faults follow from it.
    pub seed: u64,
    /// Instances that exist; empty: every UUID.
    pub instance_ids: Vec<String>,
    /// Flows that exist; empty: every UUID.
    pub contact_flow_ids: Vec<String>,
    /// Phone number ARNs that exist (`arn:aws:connect:REGION:ACCOUNT:phone-number/ID`); empty: every well-formed one.
    pub sources: Vec<String>,
    /// The request quota of `StartOutboundChatContact`; `None`: unlimited.
    pub throttle: Option<Throttle>,
    /// The quota of concurrent active chats; `None`: unlimited.
    pub active_chats: Option<u32>,
    /// How long a contact lives before the flow disconnects it; `None`: its `ChatDurationInMinutes`, else 25 hours.
    pub contact_life: Option<Duration>,
    /// How long a client token is honoured.
    pub token_life: Duration,
    /// How long answers take.
    pub latency: Latency,
    /// What goes wrong, and when.
    pub faults: FaultPlan,
    /// Access keys that are accepted.
    pub credentials: Vec<Credential>,
    /// How long an access key is accepted, counted from the first request that it signs; `None`: for ever. After that it is
    /// refused as temporary credentials past their time are (`ExpiredTokenException`).
    pub credential_life: Option<Duration>,
    /// Whether signatures are checked.
    pub signatures: Signatures,
    /// The only region that a signature may be scoped to; `None`: any that has a Region's form.
    pub region: Option<String>,
    /// The account, and what is in it besides contacts.
    pub account: AccountConfig,
    /// How the account tells of its messages.
    pub events: EventConfig,
    /// How much is remembered.
    pub log: LogDetail,
}

impl Default for WorldConfig {
    fn default() -> Self {
        Self {
            seed: 0,
            instance_ids: Vec::new(),
            contact_flow_ids: Vec::new(),
            sources: Vec::new(),
            throttle: None,
            active_chats: None,
            contact_life: None,
            token_life: Duration::from_secs(7 * 24 * 3_600),
            latency: Latency::default(),
            faults: FaultPlan::default(),
            credentials: vec![Credential::new("test", "test")],
            credential_life: None,
            signatures: Signatures::default(),
            region: None,
            account: AccountConfig::default(),
            events: EventConfig::default(),
            log: LogDetail::default(),
        }
    }
}
