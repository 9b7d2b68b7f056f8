//! What an AWS account says after a contact was started: delivery events of End User Messaging, CloudTrail records of the
//! same messages, and contact events of Connect. Pure: bytes go in, typed events come out.
//!
//! The forms are those of the services' guides: EventBridge envelopes, the same fields at the top level (configuration
//! sets), CloudTrail records, and all of them wrapped as SNS, SQS and CloudWatch Logs do. Nothing is joined here.

pub mod contact;
pub mod counts;
pub mod join;
pub mod message;
mod raw;
mod read;
pub mod split;
pub mod status;
mod text;
pub mod told;
pub mod trail;

use std::fmt;

pub use contact::ContactEvent;
pub use counts::DeliveryCounts;
pub use message::MessageEvent;
pub use split::{Splitter, StreamPiece};
pub use status::Delivery;
pub use trail::SentRecord;

/// How deep one wrapping may be in another: a log event in a queue's message in a notification.
const WRAPPINGS: u8 = 4;

/// An event that concerns a message or a contact.
#[derive(Debug, Clone, PartialEq)]
pub enum AccountEvent {
    /// How the delivery of a message stands.
    Message(MessageEvent),
    /// That a message was sent, and to whom.
    Sent(SentRecord),
    /// What a contact does.
    Contact(ContactEvent),
}

impl AccountEvent {
    /// What it takes of memory, in bytes, but for what an allocator adds.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let length = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        size_of::<Self>()
            + match self {
                Self::Message(event) => {
                    let texts = [&event.description, &event.origination, &event.country, &event.carrier];
                    let texts = texts.into_iter().chain([&event.account, &event.region]).map(length);
                    let context = event.context.iter().map(|text| size_of::<String>() + text.len());
                    event.message_id.len() + event.status.len() + texts.chain(context).sum::<usize>()
                }
                Self::Sent(record) => {
                    let texts = [&record.origination, &record.account, &record.region];
                    record.message_id.len() + texts.into_iter().map(length).sum::<usize>()
                }
                Self::Contact(event) => {
                    event.contact_id.len()
                        + event.what.len()
                        + length(&event.end_reason)
                        + length(&event.instance)
                }
            }
    }
}

/// What a record holds besides events.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ParsedRecord {
    /// The events, in the record's order.
    pub events: Vec<AccountEvent>,
    /// Sound records of another kind: other services, other calls, voice messages.
    pub other: u64,
    /// What cannot be read although it claims to be an event.
    pub bad: Vec<Unreadable>,
}

/// Why a record is no event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unreadable {
    /// It is not JSON, or a member has another type than the services give it.
    NotJson(String),
    /// An event of a known kind lacks a member that it always has.
    Lacks(&'static str),
    /// A member's value cannot be what it says.
    Wrong {
        /// The member.
        member: &'static str,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Wrapped more often than any service does.
    TooDeep,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotJson(why) => write!(f, "not JSON as AWS writes it: {why}"),
            Self::Lacks(member) => write!(f, "an event without {member}"),
            Self::Wrong { member, why } => write!(f, "{member} {why}"),
            Self::TooDeep => f.write_str("wrapped too often"),
        }
    }
}

/// Reads one record: a JSON text with an event, or with several that are wrapped together.
#[must_use]
pub fn parse(record: &[u8]) -> ParsedRecord {
    let mut parsed = ParsedRecord::default();
    read::read(record, WRAPPINGS, &mut parsed);
    parsed
}

#[cfg(test)]
mod tests;
