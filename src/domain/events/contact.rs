//! Contact events of Amazon Connect.

use crate::domain::events::Unreadable;
use crate::domain::events::raw::Raw;
use crate::domain::events::text::{cut, id, time};
use crate::domain::unix_millis::UnixMillis;

/// What a contact did. Members that later events know better are folded by who keeps them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContactEvent {
    /// The contact.
    pub contact_id: String,
    /// AWS's word for what happened: INITIATED, DISCONNECTED …
    pub what: String,
    /// When the contact began.
    pub initiated_at: Option<UnixMillis>,
    /// When it ended.
    pub ended_at: Option<UnixMillis>,
    /// AWS's word for why.
    pub end_reason: Option<String>,
    /// Whether the customer wrote; `None` where the event does not say.
    pub replied: Option<bool>,
    /// The instance's ARN.
    pub instance: Option<String>,
}

impl ContactEvent {
    /// `None` for contacts other than chats: voice calls and tasks are no campaign's.
    pub(super) fn read(raw: Raw<'_>, envelope: Option<&Raw<'_>>) -> Result<Option<Self>, Unreadable> {
        if raw.channel.as_deref().is_some_and(|channel| !channel.eq_ignore_ascii_case("CHAT")) {
            return Ok(None);
        }
        let what = cut(raw.event_type, 64).ok_or(Unreadable::Lacks("eventType"))?;
        let told_at = time(envelope.and_then(|envelope| envelope.time.as_deref()), "time")?;
        let ended = time(raw.disconnect_timestamp.as_deref(), "disconnectTimestamp")?;
        // The time of the event stands in where the contact's own is missing.
        let ended = ended.or(told_at.filter(|_| what == "DISCONNECTED"));
        let wrote = raw.chat_metrics.and_then(|metrics| metrics.customer_metrics);
        let wrote = wrote.and_then(|metrics| metrics.messages_sent).map(|messages| messages > 0);
        Ok(Some(Self {
            contact_id: id(raw.contact_id, "contactId")?.ok_or(Unreadable::Lacks("contactId"))?,
            what,
            initiated_at: time(raw.initiation_timestamp.as_deref(), "initiationTimestamp")?,
            ended_at: ended,
            end_reason: cut(raw.disconnect_reason, 64),
            replied: wrote,
            instance: cut(raw.instance_arn, 256),
        }))
    }
}
