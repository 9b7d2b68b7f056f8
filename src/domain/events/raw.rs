//! Records as they come: one shape with every member that any of the services has.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;

type RawText<'r> = Option<Cow<'r, str>>;

/// Every member that is read, of any form. Where a record has another type for one, it is not AWS's.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Raw<'r> {
    // EventBridge's envelope.
    #[serde(rename = "detail-type", borrow)]
    pub(super) detail_type: RawText<'r>,
    #[serde(borrow)]
    pub(super) source: RawText<'r>,
    #[serde(borrow)]
    pub(super) account: RawText<'r>,
    #[serde(borrow)]
    pub(super) region: RawText<'r>,
    #[serde(borrow)]
    pub(super) time: RawText<'r>,
    #[serde(borrow)]
    pub(super) detail: Option<Box<Raw<'r>>>,
    // Delivery events.
    #[serde(borrow)]
    pub(super) event_type: RawText<'r>,
    pub(super) event_timestamp: Option<f64>,
    pub(super) is_final: Option<bool>,
    #[serde(borrow)]
    pub(super) origination_phone_number: RawText<'r>,
    #[serde(borrow)]
    pub(super) destination_phone_number: RawText<'r>,
    #[serde(borrow)]
    pub(super) iso_country_code: RawText<'r>,
    #[serde(borrow)]
    pub(super) carrier_name: RawText<'r>,
    #[serde(borrow)]
    pub(super) message_id: RawText<'r>,
    pub(super) message_request_timestamp: Option<f64>,
    #[serde(borrow)]
    pub(super) message_status: RawText<'r>,
    #[serde(borrow)]
    pub(super) message_status_description: RawText<'r>,
    pub(super) total_message_parts: Option<u32>,
    pub(super) total_message_price: Option<f64>,
    pub(super) total_carrier_fee: Option<f64>,
    #[serde(borrow)]
    pub(super) context: Option<BTreeMap<Cow<'r, str>, Cow<'r, str>>>,
    // CloudTrail.
    #[serde(borrow)]
    pub(super) event_name: RawText<'r>,
    #[serde(borrow)]
    pub(super) event_source: RawText<'r>,
    #[serde(borrow)]
    pub(super) event_time: RawText<'r>,
    #[serde(rename = "awsRegion", borrow)]
    pub(super) trail_region: RawText<'r>,
    #[serde(borrow)]
    pub(super) recipient_account_id: RawText<'r>,
    #[serde(borrow)]
    pub(super) error_code: RawText<'r>,
    #[serde(borrow)]
    pub(super) request_parameters: Option<Parameters<'r>>,
    #[serde(borrow)]
    pub(super) response_elements: Option<Elements<'r>>,
    // Contact events.
    #[serde(borrow)]
    pub(super) contact_id: RawText<'r>,
    #[serde(borrow)]
    pub(super) channel: RawText<'r>,
    #[serde(borrow)]
    pub(super) instance_arn: RawText<'r>,
    #[serde(borrow)]
    pub(super) initiation_timestamp: RawText<'r>,
    #[serde(borrow)]
    pub(super) disconnect_timestamp: RawText<'r>,
    #[serde(borrow)]
    pub(super) disconnect_reason: RawText<'r>,
    pub(super) chat_metrics: Option<ChatMetrics>,
    // What wraps others: a log event, a notification, a queue's message, CloudTrail's list of events, files of each.
    #[serde(borrow)]
    pub(super) message: RawText<'r>,
    #[serde(rename = "Message", borrow)]
    pub(super) notification: RawText<'r>,
    #[serde(rename = "Body", borrow)]
    pub(super) body: RawText<'r>,
    #[serde(rename = "CloudTrailEvent", borrow)]
    pub(super) trail_event: RawText<'r>,
    #[serde(borrow)]
    pub(super) log_events: Option<Vec<Raw<'r>>>,
    #[serde(rename = "Records", borrow)]
    pub(super) records: Option<Vec<Raw<'r>>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Parameters<'r> {
    #[serde(borrow)]
    pub(super) destination_phone_number: RawText<'r>,
    #[serde(borrow)]
    pub(super) origination_identity: RawText<'r>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Elements<'r> {
    #[serde(borrow)]
    pub(super) message_id: RawText<'r>,
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
