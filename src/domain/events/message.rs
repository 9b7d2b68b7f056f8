//! Delivery events of End User Messaging SMS.

use crate::domain::events::Unreadable;
use crate::domain::events::raw::Raw;
use crate::domain::events::status::Delivery;
use crate::domain::events::text::{ID, SENTENCE, cut, id, millis, time};
use crate::domain::phone::E164;
use crate::domain::unix_millis::UnixMillis;

/// How the delivery of a message stood at a moment.
#[derive(Debug, Clone, PartialEq)]
pub struct MessageEvent {
    /// End User Messaging's id of the message.
    pub message_id: String,
    /// When this was so.
    pub at: UnixMillis,
    /// Whether no more comes.
    pub is_final: bool,
    /// AWS's word for it.
    pub status: String,
    /// AWS's sentence, which may name the number.
    pub description: Option<String>,
    /// When the message was asked for.
    pub requested_at: Option<UnixMillis>,
    /// The sending number, or another identity such as a sender id.
    pub origination: Option<String>,
    /// The receiving number; real events may lack it.
    pub destination: Option<E164>,
    /// Country of the receiving number, ISO 3166-1 alpha-2.
    pub country: Option<String>,
    /// The carrier's name.
    pub carrier: Option<String>,
    /// Message parts that were billed.
    pub parts: Option<u32>,
    /// The price of all parts, in whatever unit it came.
    pub price: Option<f64>,
    /// The carrier's fee, in the same unit.
    pub carrier_fee: Option<f64>,
    /// The account that sent it; a configuration set's events do not say.
    pub account: Option<String>,
    /// The Region that sent it.
    pub region: Option<String>,
    /// Values of the request's context, among which a contact id may be.
    pub context: Vec<String>,
}

/// The most that a price or fee of one message can be, in whatever unit: real ones are far below 1. What is above is no
/// price, and would make a sum of all messages worth nothing.
const MOST_COST: f64 = 1e6;

/// Values of a context that are kept.
const CONTEXT: usize = 8;

impl MessageEvent {
    /// What it means for a row.
    #[must_use]
    pub fn delivery(&self) -> Delivery {
        Delivery::of(&self.status)
    }

    /// A value of the context that has the form of a contact id.
    #[must_use]
    pub fn contact_id(&self) -> Option<&str> {
        self.context.iter().map(String::as_str).find(|value| uuid::Uuid::try_parse(value).is_ok())
    }

    /// From the event's own members, and the envelope's where it came in one.
    pub(super) fn read(raw: Raw<'_>, envelope: Option<&Raw<'_>>) -> Result<Self, Unreadable> {
        let message_id = id(raw.message_id, "messageId")?.ok_or(Unreadable::Lacks("messageId"))?;
        let status = cut(raw.message_status, 64).ok_or(Unreadable::Lacks("messageStatus"))?;
        let sent_at = time(envelope.and_then(|envelope| envelope.time.as_deref()), "time")?;
        let at = millis(raw.event_timestamp, "eventTimestamp")?.or(sent_at);
        let at = at.ok_or(Unreadable::Lacks("eventTimestamp"))?;
        let context = raw.context.unwrap_or_default().into_values();
        Ok(Self {
            message_id,
            at,
            is_final: raw.is_final.unwrap_or(false),
            status,
            description: cut(raw.message_status_description, SENTENCE),
            requested_at: millis(raw.message_request_timestamp, "messageRequestTimestamp")?,
            origination: cut(raw.origination_phone_number, ID),
            destination: raw.destination_phone_number.as_deref().and_then(E164::of_account),
            country: cut(raw.iso_country_code, 2),
            carrier: cut(raw.carrier_name, 128),
            parts: raw.total_message_parts,
            price: raw.total_message_price.filter(|price| price.abs() <= MOST_COST),
            carrier_fee: raw.total_carrier_fee.filter(|fee| fee.abs() <= MOST_COST),
            account: cut(envelope.and_then(|envelope| envelope.account.clone()), 12),
            region: cut(envelope.and_then(|envelope| envelope.region.clone()), 32),
            context: context.filter(|value| value.len() <= ID).take(CONTEXT).map(Into::into).collect(),
        })
    }
}
