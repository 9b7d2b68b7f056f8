//! Records as they come: one shape with every member that any of the services has.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Deref;

use serde::Deserialize;

/// A text of the record, copied only where it has an escape. (serde copies each `Option<Cow<str>>`.)
#[derive(Debug, Clone, Deserialize)]
#[serde(transparent)]
pub(super) struct RawText<'r>(#[serde(borrow)] Cow<'r, str>);

impl Deref for RawText<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl From<RawText<'_>> for String {
    fn from(text: RawText<'_>) -> Self {
        text.0.into_owned()
    }
}

/// Every member that is read, of any form. Where a record has another type for one, it is not AWS's.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Raw<'r> {
    // EventBridge's envelope.
    #[serde(rename = "detail-type", borrow)]
    pub(super) detail_type: Option<RawText<'r>>,
    #[serde(borrow)]
    pub(super) source: Option<RawText<'r>>,
    #[serde(borrow)]
    pub(super) account: Option<RawText<'r>>,
    #[serde(borrow)]
    pub(super) region: Option<RawText<'r>>,
    #[serde(borrow)]
    pub(super) time: Option<RawText<'r>>,
    #[serde(borrow)]
    pub(super) detail: Option<Box<Raw<'r>>>,
    // Delivery events.
    #[serde(borrow)]
    pub(super) event_type: Option<RawText<'r>>,
    pub(super) event_timestamp: Option<f64>,
    pub(super) is_final: Option<bool>,
    #[serde(borrow)]
    pub(super) origination_phone_number: Option<RawText<'r>>,
    #[serde(borrow)]
    pub(super) destination_phone_number: Option<RawText<'r>>,
    #[serde(borrow)]
    pub(super) iso_country_code: Option<RawText<'r>>,
    #[serde(borrow)]
    pub(super) carrier_name: Option<RawText<'r>>,
    #[serde(borrow)]
    pub(super) message_id: Option<RawText<'r>>,
    pub(super) message_request_timestamp: Option<f64>,
    #[serde(borrow)]
    pub(super) message_status: Option<RawText<'r>>,
    #[serde(borrow)]
    pub(super) message_status_description: Option<RawText<'r>>,
    pub(super) total_message_parts: Option<u32>,
    pub(super) total_message_price: Option<f64>,
    pub(super) total_carrier_fee: Option<f64>,
    #[serde(borrow)]
    pub(super) context: Option<BTreeMap<Cow<'r, str>, Cow<'r, str>>>,
    // CloudTrail.
    #[serde(borrow)]
    pub(super) event_name: Option<RawText<'r>>,
    #[serde(borrow)]
    pub(super) event_source: Option<RawText<'r>>,
    #[serde(borrow)]
    pub(super) event_time: Option<RawText<'r>>,
    #[serde(rename = "awsRegion", borrow)]
    pub(super) trail_region: Option<RawText<'r>>,
    #[serde(borrow)]
    pub(super) recipient_account_id: Option<RawText<'r>>,
    #[serde(borrow)]
    pub(super) error_code: Option<RawText<'r>>,
    #[serde(borrow)]
    pub(super) request_parameters: Option<Parameters<'r>>,
    #[serde(borrow)]
    pub(super) response_elements: Option<Elements<'r>>,
    // Contact events.
    #[serde(borrow)]
    pub(super) contact_id: Option<RawText<'r>>,
    #[serde(borrow)]
    pub(super) channel: Option<RawText<'r>>,
    #[serde(borrow)]
    pub(super) instance_arn: Option<RawText<'r>>,
    #[serde(borrow)]
    pub(super) initiation_timestamp: Option<RawText<'r>>,
    #[serde(borrow)]
    pub(super) disconnect_timestamp: Option<RawText<'r>>,
    #[serde(borrow)]
    pub(super) disconnect_reason: Option<RawText<'r>>,
    pub(super) chat_metrics: Option<ChatMetrics>,
    // What wraps others: a log event, a notification, a queue's message, CloudTrail's list of events, files of each.
    #[serde(borrow)]
    pub(super) message: Option<RawText<'r>>,
    #[serde(rename = "Message", borrow)]
    pub(super) notification: Option<RawText<'r>>,
    #[serde(rename = "Body", borrow)]
    pub(super) body: Option<RawText<'r>>,
    #[serde(rename = "CloudTrailEvent", borrow)]
    pub(super) trail_event: Option<RawText<'r>>,
    #[serde(borrow)]
    pub(super) log_events: Option<Vec<Raw<'r>>>,
    #[serde(rename = "Records", borrow)]
    pub(super) records: Option<Vec<Raw<'r>>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Parameters<'r> {
    #[serde(borrow)]
    pub(super) destination_phone_number: Option<RawText<'r>>,
    #[serde(borrow)]
    pub(super) origination_identity: Option<RawText<'r>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Elements<'r> {
    #[serde(borrow)]
    pub(super) message_id: Option<RawText<'r>>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct ChatMetrics {
    #[serde(rename = "customerMetrics", alias = "CustomerMetrics")]
    pub(super) customer_metrics: Option<CustomerMetrics>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct CustomerMetrics {
    #[serde(rename = "messagesSent", alias = "MessagesSent")]
    pub(super) messages_sent: Option<i64>,
}
