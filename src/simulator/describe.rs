//! What the describe operations answer, for what the world knows.
//!
//! Where a list of the configuration is empty, everything well-formed exists, and is described with made-up values.

use std::time::Duration;

use serde_json::{Value, json};

use super::clock::WorldTime;
use super::log::Log;
use super::operation::Operation;
use super::records::{Contact, ContactId};
use super::refusal::Refusal;
use super::resources::{Scene, bare};
use super::wire::Answer;

/// Answers the operations that describe one thing.
pub(super) fn describe(
    operation: &Operation,
    now: WorldTime,
    scene: Scene<'_>,
    log: &Log,
) -> Result<Answer, Refusal> {
    match operation {
        Operation::DescribeContact { instance_id, contact_id } => {
            let instance_id = scene.instance(instance_id)?;
            Ok(contact(find(log, instance_id, contact_id)?, now, scene))
        }
        Operation::DescribeInstance { instance_id } => Ok(instance(scene.instance(instance_id)?, scene)),
        Operation::DescribeContactFlow { instance_id, contact_flow_id } => {
            let instance_id = scene.instance(instance_id)?;
            let (id, saved) = match contact_flow_id.strip_suffix(":$SAVED") {
                Some(id) => (id, true),
                None => (contact_flow_id.as_str(), false),
            };
            scene.flow(id, instance_id)?;
            if scene.config.account.flow.status == "NEVER" && !saved {
                return Err(Refusal::flow_not_published());
            }
            Ok(flow(instance_id, bare(id, "/contact-flow/"), scene))
        }
        Operation::DescribePhoneNumber { phone_number_id } => phone_number(phone_number_id, scene),
        other => Err(Refusal::unknown_operation(other.name())),
    }
}

/// A contact of an instance.
pub(super) fn find<'l>(log: &'l Log, instance_id: &str, contact_id: &str) -> Result<&'l Contact, Refusal> {
    let found = ContactId::parse(contact_id).and_then(|id| log.find(id));
    let found = found.filter(|contact| contact.instance_id == instance_id);
    found.ok_or_else(|| Refusal::not_found(format!("Contact {contact_id} not found.")))
}

fn contact(contact: &Contact, now: WorldTime, scene: Scene<'_>) -> Answer {
    let request = contact.request();
    let instance = &contact.instance_id;
    let mut described = json!({
        "Arn": scene.arn(&format!("instance/{instance}/contact/{}", contact.id)),
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
pub(super) fn disconnect_reason(contact: &Contact, minutes: Option<i32>) -> &'static str {
    if contact.stopped {
        return "API";
    }
    let minutes = minutes.map_or(25 * 60, i32::unsigned_abs);
    let expiry = contact.created_at + Duration::from_secs(u64::from(minutes) * 60);
    if contact.ends_at < expiry { "CONTACT_FLOW_DISCONNECT" } else { "EXPIRED" }
}

/// An instance, as lists and descriptions have it.
pub(super) fn instance_summary(id: &str, scene: Scene<'_>) -> Value {
    let account = &scene.config.account;
    json!({
        "Id": id,
        "Arn": scene.arn(&format!("instance/{id}")),
        "IdentityManagementType": "CONNECT_MANAGED",
        "InstanceAlias": "simulator",
        "CreatedTime": 1_577_836_800,
        "ServiceRole": format!("arn:aws:iam::{}:role/aws-service-role/connect.amazonaws.com/simulator", account.id),
        "InstanceStatus": account.instance_status,
        "InboundCallsEnabled": true,
        "OutboundCallsEnabled": true,
        "InstanceAccessUrl": "https://simulator.my.connect.aws",
    })
}

fn instance(id: &str, scene: Scene<'_>) -> Answer {
    Answer::ok(&json!({ "Instance": instance_summary(id, scene) }))
}

fn flow(instance: &str, id: &str, scene: Scene<'_>) -> Answer {
    let flow = &scene.config.account.flow;
    Answer::ok(&json!({"ContactFlow": {
        "Id": id,
        "Arn": scene.arn(&format!("instance/{instance}/contact-flow/{id}")),
        "Name": "Simulated flow",
        "Type": flow.kind,
        "State": flow.state,
        "Status": if flow.status == "NEVER" { "SAVED" } else { &flow.status },
        "Content": flow.content,
    }}))
}

fn phone_number(id: &str, scene: Scene<'_>) -> Result<Answer, Refusal> {
    let number = bare(id, ":phone-number/");
    let known = scene.config.sources.iter().find(|arn| arn.ends_with(&format!("/{number}")));
    let arn = match known {
        Some(arn) => arn.clone(),
        None if id == number => scene.arn(&format!("phone-number/{id}")),
        None => id.to_owned(),
    };
    scene.source(&arn).map_err(|refusal| match refusal.status {
        400 => Refusal::invalid_parameter(refusal.message),
        _ => refusal,
    })?;
    let mut summary = number_summary(&arn, scene);
    summary["PhoneNumberStatus"] = json!({ "Status": scene.config.account.number.status });
    Ok(Answer::ok(&json!({ "ClaimedPhoneNumberSummary": summary })))
}

/// A number, as lists have it.
pub(super) fn number_summary(arn: &str, scene: Scene<'_>) -> Value {
    let number = &scene.config.account.number;
    let only = scene.config.instance_ids.first().map(|id| bare(id, ":instance/"));
    let instance = match number.instance_id.as_str() {
        "" => only.or(scene.asked_instance).unwrap_or("00000000-0000-4000-8000-000000000000"),
        other => other,
    };
    let id = bare(arn, ":phone-number/");
    let mut summary = json!({
        "PhoneNumberId": id,
        "PhoneNumberArn": arn,
        "PhoneNumber": super::events::NUMBER,
        "PhoneNumberCountryCode": "US",
        "PhoneNumberType": "DID",
        "TargetArn": scene.arn(&format!("instance/{instance}")),
        "InstanceId": instance,
    });
    if number.messaging {
        let source = scene.arn(&format!("phone-number/{id}")).replace(":connect:", ":sms-voice:");
        summary["SourcePhoneNumberArn"] = json!(source);
    }
    summary
}

/// A timestamp as restJson1 has it.
pub(super) fn epoch_seconds(moment: WorldTime) -> f64 {
    moment.0 as f64 / 1000.0
}
