//! What the world remembers: contacts, requests, and tokens that came with another payload.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use bytes::Bytes;
use serde::ser::{Serialize, SerializeMap, Serializer};
use uuid::Uuid;

use super::chance::Chance;
use super::clock::WorldTime;
use super::digest::Digest;
use super::fault::Fault;
use super::operation::Operation;
use super::start::StartRequest;

/// A contact's id: a lower-case, hyphenated UUID that follows from the world's seed and the contact's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContactId(Uuid);

impl ContactId {
    pub(super) fn nth(seed: u64, ordinal: u64) -> Self {
        Self(uuid_from(&mut Chance::at(seed, ordinal)))
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        Uuid::try_parse(text).ok().map(Self)
    }
}

impl fmt::Display for ContactId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_hyphenated().fmt(f)
    }
}

/// A version 4 UUID out of a seeded sequence.
pub(super) fn uuid_from(chance: &mut Chance) -> Uuid {
    let bytes = (u128::from(chance.next()) << 64 | u128::from(chance.next())).to_be_bytes();
    uuid::Builder::from_random_bytes(bytes).into_uuid()
}

/// A contact that was started.
#[derive(Debug, Clone)]
pub struct Contact {
    /// Its id.
    pub id: ContactId,
    /// The token of the request that started it.
    pub client_token: Option<String>,
    /// The customer's address, E.164.
    pub destination: String,
    /// When it started.
    pub created_at: WorldTime,
    /// When it is disconnected.
    pub ends_at: WorldTime,
    /// Whether `StopContact` ended it.
    pub stopped: bool,
    /// The instance, by id.
    pub instance_id: String,
    /// The attributes that it can be searched by: those that were searchable when it started.
    pub searchable: BTreeSet<String>,
    /// Why its message goes nowhere: `opted-out` or `sandbox`.
    pub undelivered: Option<&'static str>,
    /// The body of the request that started it.
    pub body: Bytes,
}

impl Contact {
    /// The request that started it, read anew from the body.
    pub fn request(&self) -> StartRequest {
        // Only a body that could be read has started a contact.
        StartRequest::read(&self.body).unwrap_or_default()
    }

    /// The contact attributes that the flow sees.
    pub fn attributes(&self) -> BTreeMap<String, String> {
        self.request().attributes.unwrap_or_default()
    }

    /// The text of the initial system message.
    pub fn message(&self) -> Option<String> {
        self.request().initial_system_message?.content
    }
}

impl Serialize for Contact {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("contact_id", &self.id.to_string())?;
        map.serialize_entry("client_token", &self.client_token)?;
        map.serialize_entry("destination", &self.destination)?;
        map.serialize_entry("created_at_ms", &self.created_at.0)?;
        map.serialize_entry("ends_at_ms", &self.ends_at.0)?;
        map.serialize_entry("undelivered", &self.undelivered)?;
        map.serialize_entry("request", &self.request())?;
        map.end()
    }
}

/// What the client got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The regular answer: 200.
    Answered,
    /// An error answer that the service's own rules gave; its code.
    Refused(&'static str),
    /// A planned fault.
    Faulted(Fault),
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answered => f.write_str("answered"),
            Self::Refused(code) => f.write_str(code),
            Self::Faulted(fault) => write!(f, "fault:{fault}"),
        }
    }
}

/// What the request did in the world, whether or not the client learnt of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Effect {
    /// Nothing.
    Nothing,
    /// It started this contact.
    Started(ContactId),
    /// Its token was known: it met the contact that an earlier request had started.
    Replayed(ContactId),
}

impl Effect {
    /// The contact that the request started or met.
    pub fn contact_id(self) -> Option<ContactId> {
        match self {
            Self::Nothing => None,
            Self::Started(id) | Self::Replayed(id) => Some(id),
        }
    }

    /// Its name in the log.
    pub fn name(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Started(_) => "started",
            Self::Replayed(_) => "replayed",
        }
    }
}

/// One request, as the log has it.
#[derive(Debug, Clone)]
pub struct RequestRecord {
    /// Its place among all requests, from 0.
    pub ordinal: u64,
    /// When it arrived.
    pub at: WorldTime,
    /// What it asked for.
    pub operation: Operation,
    /// Its client token, where its body could be read.
    pub client_token: Option<String>,
    /// Its destination, where its body could be read.
    pub destination: Option<String>,
    /// Its place among the requests with its client token, from 1.
    pub attempt: u32,
    /// The fingerprint of its body.
    pub body: Digest,
    /// What the client got.
    pub outcome: Outcome,
    /// What it did.
    pub effect: Effect,
}

impl Serialize for RequestRecord {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("ordinal", &self.ordinal)?;
        map.serialize_entry("at_ms", &self.at.0)?;
        map.serialize_entry("operation", self.operation.name())?;
        if let Operation::Unknown { asked } = &self.operation {
            map.serialize_entry("asked", asked)?;
        }
        map.serialize_entry("client_token", &self.client_token)?;
        map.serialize_entry("destination", &self.destination)?;
        map.serialize_entry("attempt", &self.attempt)?;
        map.serialize_entry("body", &self.body.to_string())?;
        map.serialize_entry("outcome", &self.outcome.to_string())?;
        map.serialize_entry("effect", self.effect.name())?;
        map.serialize_entry("contact_id", &self.effect.contact_id().map(|id| id.to_string()))?;
        map.end()
    }
}

/// How a later payload differs from the first one with the same token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Difference {
    /// Other bytes that mean the same: the order of members, spaces, escapes.
    Bytes,
    /// Another request.
    Content,
}

/// A client token that came again with another payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayloadViolation {
    /// The request that differs from the first one with its token.
    pub ordinal: u64,
    /// The token.
    pub client_token: String,
    /// How the payloads differ.
    pub difference: Difference,
}
