//! Amazon Connect as far as this project needs it, at the level of the wire: a [`World`] with two doors.
//!
//! The world is pure: requests and the time go in, answers come out, chance comes from a seed. The doors bring it the
//! bytes: [`Simulator::http_client`] is an in-process HTTP client for the AWS SDK (tests, `run --simulate`), and
//! [`Server`] is a loopback HTTP server for any other client (`campaign simulator`).
//!
//! It shares no code with the sender but the wire format, so that a mistake made there is not made here too. It is no
//! mock of one of our traits: the real SDK signs, sends and parses.

mod account;
mod body;
mod chance;
mod chats;
mod clock;
mod config;
mod connector;
mod describe;
mod digest;
mod events;
mod fault;
mod handle;
mod log;
mod lookup;
mod neighbours;
mod observe;
mod operation;
mod plan;
mod queue;
mod records;
mod refusal;
mod resources;
mod server;
mod signature;
mod start;
mod throttle;
mod tokens;
mod validate;
mod wire;
mod world;

pub use account::{AccountConfig, FlowConfig, NumberConfig};
pub use clock::{Clock, TokioClock, WorldTime};
pub use config::{Credential, Latency, LogDetail, Signatures, Throttle, WorldConfig};
pub use digest::Digest;
pub use events::{EventConfig, EventFeed, NUMBER, TextMessage, ToldEvent};
pub use fault::Fault;
pub use handle::Simulator;
pub use log::Stats;
pub use neighbours::Service;
pub use operation::Operation;
pub use plan::{FaultPlan, FaultShares, Phase, RequestFacts};
pub use records::{Contact, ContactId, Difference, Effect, Outcome, PayloadViolation, RequestRecord};
pub use server::{Server, ServerError};
pub use start::{
    ChatMessage, Endpoint, ParticipantDetails, SegmentValue, StartRequest, TemplateAttributes,
    TemplatedMessage,
};
pub use wire::{Answer, Delivery, Reaction, WireRequest};
pub use world::World;
