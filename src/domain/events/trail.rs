//! CloudTrail's data events of SendTextMessage: they have the number of a message where its delivery events may not.

use crate::domain::events::Unreadable;
use crate::domain::events::raw::Raw;
use crate::domain::events::text::{ID, cut, id, time};
use crate::domain::phone::E164;
use crate::domain::unix_millis::UnixMillis;

/// That a message was sent, and to whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentRecord {
    /// End User Messaging's id of the message.
    pub message_id: String,
    /// The receiving number.
    pub destination: E164,
    /// What it was sent from: a number, an id or an ARN.
    pub origination: Option<String>,
    /// When it was asked for.
    pub at: UnixMillis,
    /// The account that sent it.
    pub account: Option<String>,
    /// The Region that sent it.
    pub region: Option<String>,
}

/// The call whose records are wanted.
const CALL: &str = "SendTextMessage";

impl SentRecord {
    /// `None` for a record of another call, of one that failed, or whose number CloudTrail hides.
    pub(super) fn read(raw: Raw<'_>) -> Result<Option<Self>, Unreadable> {
        if raw.event_name.as_deref() != Some(CALL) || raw.error_code.is_some() {
            return Ok(None);
        }
        let parameters = raw.request_parameters.unwrap_or_default();
        let number =
            parameters.destination_phone_number.ok_or(Unreadable::Lacks("destinationPhoneNumber"))?;
        let Some(destination) = E164::of_account(&number) else { return Ok(None) };
        let message_id = raw.response_elements.and_then(|elements| elements.message_id);
        Ok(Some(Self {
            message_id: id(message_id, "messageId")?.ok_or(Unreadable::Lacks("messageId"))?,
            destination,
            origination: cut(parameters.origination_identity, ID),
            at: time(raw.event_time.as_deref(), "eventTime")?.ok_or(Unreadable::Lacks("eventTime"))?,
            account: cut(raw.recipient_account_id, 12),
            region: cut(raw.trail_region, 32),
        }))
    }
}
