//! What the describe operations answer, for what the world knows.
//!
//! Where a list of the configuration is empty, everything well-formed exists, and is described with made-up values.

use std::time::Duration;

use serde_json::json;

use super::clock::WorldTime;
use super::config::WorldConfig;
use super::log::Log;
use super::operation::Operation;
use super::records::{Contact, ContactId};
use super::refusal::Refusal;
use super::resources::{bare, flow_exists, instance_exists, source_exists};
use super::wire::Answer;

const ACCOUNT: &str = "arn:aws:connect:us-west-2:123456789012";

/// Answers every operation but `StartOutboundChatContact`.
pub(super) fn describe(
    operation: &Operation,
    now: WorldTime,
    config: &WorldConfig,
    log: &Log,
) -> Result<Answer, Refusal> {
    match operation {
        Operation::DescribeContact { instance_id, contact_id } => {
            instance_exists(instance_id, config)?;
            let found = ContactId::parse(contact_id).and_then(|id| log.find(id));
            let contact =
                found.ok_or_else(|| Refusal::not_found(format!("Contact {contact_id} not found.")))?;
            Ok(self::contact(contact, now))
        }
        Operation::DescribeInstance { instance_id } => {
            instance_exists(instance_id, config)?;
            Ok(instance(bare(instance_id, ":instance/")))
        }
        Operation::DescribeContactFlow { instance_id, contact_flow_id } => {
            instance_exists(instance_id, config)?;
            flow_exists(contact_flow_id, config)?;
            Ok(flow(bare(instance_id, ":instance/"), bare(contact_flow_id, "/contact-flow/")))
        }
        Operation::DescribePhoneNumber { phone_number_id } => phone_number(phone_number_id, config),
        Operation::StartOutboundChatContact | Operation::Unknown => Err(Refusal::unknown_operation()),
    }
}

fn contact(contact: &Contact, now: WorldTime) -> Answer {
    let request = contact.request();
    let instance = bare(request.instance_id.as_deref().unwrap_or_default(), ":instance/");
    let mut described = json!({
        "Arn": format!("{ACCOUNT}:instance/{instance}/contact/{}", contact.id),
        "Id": contact.id.to_string(),
        "InitiationMethod": "API",
        "Channel": "CHAT",
        "InitiationTimestamp": epoch_seconds(contact.created_at),
        "ConnectedToSystemTimestamp": epoch_seconds(contact.created_at),
        "LastUpdateTimestamp": epoch_seconds(contact.ends_at.min(now)),
        "CustomerEndpoint": request.destination_endpoint,
        "SystemEndpoint": request.source_endpoint,
        "SegmentAttributes": request.segment_attributes,
        "Attributes": request.attributes.unwrap_or_default(),
        "ContactDetails": {},
    });
    if let Some(related) = &request.related_contact_id {
        described["RelatedContactId"] = json!(related);
    }
    if contact.ends_at <= now {
        described["DisconnectTimestamp"] = json!(epoch_seconds(contact.ends_at));
        described["DisconnectReason"] = json!(disconnect_reason(contact, request.chat_duration_in_minutes));
    }
    Answer::ok(&json!({ "Contact": described }))
}

/// A contact that was not left to expire was disconnected by its flow.
fn disconnect_reason(contact: &Contact, minutes: Option<i32>) -> &'static str {
    let minutes = minutes.map_or(25 * 60, i32::unsigned_abs);
    let expiry = contact.created_at + Duration::from_secs(u64::from(minutes) * 60);
    if contact.ends_at < expiry { "CONTACT_FLOW_DISCONNECT" } else { "EXPIRED" }
}

fn instance(id: &str) -> Answer {
    Answer::ok(&json!({"Instance": {
        "Id": id,
        "Arn": format!("{ACCOUNT}:instance/{id}"),
        "IdentityManagementType": "CONNECT_MANAGED",
        "InstanceAlias": "simulator",
        "CreatedTime": 1_577_836_800,
        "ServiceRole": "arn:aws:iam::123456789012:role/aws-service-role/connect.amazonaws.com/simulator",
        "InstanceStatus": "ACTIVE",
        "InboundCallsEnabled": true,
        "OutboundCallsEnabled": true,
        "InstanceAccessUrl": "https://simulator.my.connect.aws",
    }}))
}

fn flow(instance: &str, id: &str) -> Answer {
    Answer::ok(&json!({"ContactFlow": {
        "Id": id,
        "Arn": format!("{ACCOUNT}:instance/{instance}/contact-flow/{id}"),
        "Name": "Simulated flow",
        "Type": "CONTACT_FLOW",
        "State": "ACTIVE",
        "Status": "PUBLISHED",
        "Content": "{\"Version\":\"2019-10-30\",\"StartAction\":\"end\",\"Actions\":[{\"Identifier\":\"end\",\
                    \"Type\":\"DisconnectParticipant\",\"Parameters\":{},\"Transitions\":{}}]}",
    }}))
}

fn phone_number(id: &str, config: &WorldConfig) -> Result<Answer, Refusal> {
    let number = bare(id, ":phone-number/");
    let known = config.sources.iter().find(|arn| arn.ends_with(&format!("/{number}")));
    let arn = match known {
        Some(arn) => arn.clone(),
        None if id == number => format!("{ACCOUNT}:phone-number/{id}"),
        None => id.to_owned(),
    };
    source_exists(&arn, config)?;
    let instance = config.instance_ids.first().map_or("00000000-0000-4000-8000-000000000000", String::as_str);
    let instance = bare(instance, ":instance/");
    Ok(Answer::ok(&json!({"ClaimedPhoneNumberSummary": {
        "PhoneNumberId": number,
        "PhoneNumberArn": arn,
        "PhoneNumber": "+12025550199",
        "PhoneNumberCountryCode": "US",
        "PhoneNumberType": "DID",
        "TargetArn": format!("{ACCOUNT}:instance/{instance}"),
        "InstanceId": instance,
        "PhoneNumberStatus": {"Status": "CLAIMED"},
    }})))
}

/// A timestamp as restJson1 has it.
fn epoch_seconds(moment: WorldTime) -> f64 {
    moment.0 as f64 / 1000.0
}
