//! What the service demands of a `StartOutboundChatContact`: the constraints of the service model, and those that its
//! documentation adds in prose. Whether instance, flow and number exist is checked here too.
//!
//! Lengths count characters, as the model's do; the limit on attributes counts UTF-8 bytes.

use std::collections::BTreeMap;

use super::refusal::Refusal;
use super::resources::Scene;
use super::start::{ChatMessage, Endpoint, SegmentValue, StartRequest, TemplatedMessage};

/// Bytes of all attribute keys and values together.
const ATTRIBUTES_MAX_BYTES: usize = 32_768;
/// Types that `Endpoint` knows.
const ENDPOINT_TYPES: [&str; 5] =
    ["TELEPHONE_NUMBER", "VOIP", "CONTACT_FLOW", "CONNECT_PHONENUMBER_ARN", "EMAIL_ADDRESS"];
/// Content types of chat messages.
const CONTENT_TYPES: [&str; 4] = [
    "text/plain",
    "text/markdown",
    "application/json",
    "application/vnd.amazonaws.connect.message.interactive.response",
];
/// The most characters of a message, by channel (administrator guide), and its most bytes (service model).
const SMS_MAX_CHARACTERS: usize = 1_024;
const WHATSAPP_MAX_CHARACTERS: usize = 4_096;
const CONTENT_MAX_BYTES: usize = 16_384;
/// A type that lists of supported types may have besides.
const INTERACTIVE: &str = "application/vnd.amazonaws.connect.message.interactive";

type Checked = Result<(), Refusal>;

/// What a valid request is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Valid<'a> {
    pub(super) instance_id: &'a str,
    pub(super) destination: &'a str,
}

/// Checks a request against the model and against what exists.
pub(super) fn validate<'a>(request: &'a StartRequest, scene: Scene<'_>) -> Result<Valid<'a>, Refusal> {
    let instance = required("InstanceId", request.instance_id.as_deref())?;
    let flow = required("ContactFlowId", request.contact_flow_id.as_deref())?;
    let source = required("SourceEndpoint", request.source_endpoint.as_ref())?;
    let destination = required("DestinationEndpoint", request.destination_endpoint.as_ref())?;
    let segments = required("SegmentAttributes", request.segment_attributes.as_ref())?;
    length("InstanceId", instance, 1, 100)?;
    length("ContactFlowId", flow, 0, 500)?;
    let source = endpoint("SourceEndpoint", source, "CONNECT_PHONENUMBER_ARN")?;
    let destination = endpoint("DestinationEndpoint", destination, "TELEPHONE_NUMBER")?;
    if !is_e164(destination) {
        return Err(Refusal::invalid("DestinationEndpoint Address is not a valid E.164 phone number."));
    }
    segment_attributes(segments)?;
    let sms = subtype(segments)? == "connect:SMS";
    options(request)?;
    messages(request, sms)?;
    let instance_id = scene.instance(instance)?;
    scene.flow(flow, instance_id)?;
    scene.source(source)?;
    Ok(Valid { instance_id, destination })
}

fn required<T>(member: &str, value: Option<T>) -> Result<T, Refusal> {
    value.ok_or_else(|| violated(member, "Member must not be null"))
}

fn violated(member: &str, constraint: &str) -> Refusal {
    Refusal::invalid(format!(
        "1 validation error detected: Value at '{member}' failed to satisfy constraint: {constraint}"
    ))
}

fn length(member: &str, text: &str, min: usize, max: usize) -> Checked {
    let count = text.chars().count();
    if count < min {
        let constraint = format!("Member must have length greater than or equal to {min}");
        return Err(violated(member, &constraint));
    }
    if count > max {
        return Err(violated(member, &format!("Member must have length less than or equal to {max}")));
    }
    Ok(())
}

fn optional(member: &str, text: Option<&str>, min: usize, max: usize) -> Checked {
    text.map_or(Ok(()), |text| length(member, text, min, max))
}

fn endpoint<'a>(member: &str, endpoint: &'a Endpoint, wanted: &str) -> Result<&'a str, Refusal> {
    let kind = required(&format!("{member}.Type"), endpoint.kind.as_deref())?;
    let address = required(&format!("{member}.Address"), endpoint.address.as_deref())?;
    if !ENDPOINT_TYPES.contains(&kind) {
        let constraint = format!("Member must satisfy enum value set: [{}]", ENDPOINT_TYPES.join(", "));
        return Err(violated(&format!("{member}.Type"), &constraint));
    }
    if kind != wanted {
        return Err(Refusal::invalid(format!("{member} only supports the type {wanted}.")));
    }
    length(&format!("{member}.Address"), address, 0, 256)?;
    Ok(address)
}

fn is_e164(address: &str) -> bool {
    let digits = address.strip_prefix('+').unwrap_or_default().as_bytes();
    matches!(digits, [b'1'..=b'9', rest @ ..] if (6..=14).contains(&rest.len()))
        && digits.iter().all(u8::is_ascii_digit)
}

fn is_name(key: &str) -> bool {
    key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

fn segment_attributes(segments: &BTreeMap<String, SegmentValue>) -> Checked {
    for (key, value) in segments {
        length("SegmentAttributes key", key, 1, 128)?;
        if !is_name(key.strip_prefix("connect:").unwrap_or(key)) {
            return Err(Refusal::invalid(format!(
                "SegmentAttributes key {key} has characters that are not allowed."
            )));
        }
        optional(key, value.value_string.as_deref(), 0, 1_024)?;
        optional(key, value.value_arn.as_deref(), 0, 1_024)?;
        value.value_map.as_ref().map_or(Ok(()), segment_attributes)?;
    }
    Ok(())
}

fn subtype(segments: &BTreeMap<String, SegmentValue>) -> Result<&str, Refusal> {
    let value = segments.get("connect:Subtype").and_then(|value| value.value_string.as_deref());
    match value {
        Some(value @ ("connect:SMS" | "connect:WhatsApp")) => Ok(value),
        _ => Err(Refusal::invalid(
            "SegmentAttributes must have connect:Subtype connect:SMS or connect:WhatsApp.",
        )),
    }
}

fn options(request: &StartRequest) -> Checked {
    if let Some(minutes) = request.chat_duration_in_minutes
        && !(60..=10_080).contains(&minutes)
    {
        return Err(violated("ChatDurationInMinutes", "Member must be between 60 and 10080"));
    }
    if let Some(details) = &request.participant_details {
        let name = required("ParticipantDetails.DisplayName", details.display_name.as_deref())?;
        length("ParticipantDetails.DisplayName", name, 1, 256)?;
    }
    optional("RelatedContactId", request.related_contact_id.as_deref(), 1, 256)?;
    optional("ClientToken", request.client_token.as_deref(), 0, 500)?;
    request.attributes.as_ref().map_or(Ok(()), attributes)?;
    request.supported_messaging_content_types.as_deref().map_or(Ok(()), supported_types)
}

fn attributes(attributes: &BTreeMap<String, String>) -> Checked {
    for (key, value) in attributes {
        length("Attributes key", key, 1, 32_767)?;
        length("Attributes value", value, 0, 32_767)?;
        if !is_name(key) {
            return Err(Refusal::invalid(format!(
                "Attributes key {key} has characters that are not allowed."
            )));
        }
    }
    let bytes: usize = attributes.iter().map(|(key, value)| key.len() + value.len()).sum();
    if bytes > ATTRIBUTES_MAX_BYTES {
        return Err(Refusal::invalid(format!(
            "Attributes have {bytes} bytes, more than {ATTRIBUTES_MAX_BYTES}."
        )));
    }
    Ok(())
}

fn supported_types(types: &[String]) -> Checked {
    for name in types {
        length("SupportedMessagingContentTypes", name, 1, 100)?;
        let known = name == INTERACTIVE || CONTENT_TYPES.contains(&name.as_str());
        if !known {
            return Err(Refusal::invalid(format!(
                "SupportedMessagingContentTypes has the unknown type {name}."
            )));
        }
    }
    if types.iter().any(|name| name == "text/plain") {
        Ok(())
    } else {
        Err(Refusal::invalid("SupportedMessagingContentTypes must contain text/plain."))
    }
}

fn messages(request: &StartRequest, sms: bool) -> Checked {
    match (&request.initial_system_message, &request.initial_templated_system_message) {
        (Some(_), Some(_)) => Err(Refusal::invalid(
            "InitialSystemMessage and InitialTemplatedSystemMessage exclude each other.",
        )),
        (Some(message), None) => plain_message(message, sms),
        (None, Some(message)) => templated_message(message),
        (None, None) => Ok(()),
    }
}

fn plain_message(message: &ChatMessage, sms: bool) -> Checked {
    let kind = required("InitialSystemMessage.ContentType", message.content_type.as_deref())?;
    let content = required("InitialSystemMessage.Content", message.content.as_deref())?;
    length("InitialSystemMessage.ContentType", kind, 1, 100)?;
    if !CONTENT_TYPES.contains(&kind) {
        return Err(Refusal::invalid(format!("InitialSystemMessage has the unknown content type {kind}.")));
    }
    if sms && kind != "text/plain" {
        return Err(Refusal::invalid("InitialSystemMessage of an SMS must be text/plain."));
    }
    if content.len() > CONTENT_MAX_BYTES {
        let constraint = format!("Member must have length less than or equal to {CONTENT_MAX_BYTES}");
        return Err(violated("InitialSystemMessage.Content", &constraint));
    }
    let most = if sms { SMS_MAX_CHARACTERS } else { WHATSAPP_MAX_CHARACTERS };
    length("InitialSystemMessage.Content", content, 1, most)
}

fn templated_message(message: &TemplatedMessage) -> Checked {
    let member = "InitialTemplatedSystemMessage";
    let base = required(&format!("{member}.KnowledgeBaseId"), message.knowledge_base_id.as_deref())?;
    let template = required(&format!("{member}.MessageTemplateId"), message.message_template_id.as_deref())?;
    let values = required(&format!("{member}.TemplateAttributes"), message.template_attributes.as_ref())?;
    length("KnowledgeBaseId", base, 1, 500)?;
    length("MessageTemplateId", template, 1, 500)?;
    values.custom_attributes.iter().flatten().try_for_each(|(key, value)| {
        length("CustomAttributes key", key, 1, 32_767)?;
        length("CustomAttributes value", value, 0, 32_767)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::config::WorldConfig;
    use super::*;

    const INSTANCE: &str = "6f0e4c1a-0000-4000-8000-000000000001";
    const SOURCE: &str =
        "arn:aws:connect:us-west-2:123456789012:phone-number/6f0e4c1a-0000-4000-8000-000000000003";

    fn minimal() -> Value {
        json!({
            "InstanceId": INSTANCE,
            "ContactFlowId": "6f0e4c1a-0000-4000-8000-000000000002",
            "SourceEndpoint": {"Type": "CONNECT_PHONENUMBER_ARN", "Address": SOURCE},
            "DestinationEndpoint": {"Type": "TELEPHONE_NUMBER", "Address": "+12025550100"},
            "SegmentAttributes": {"connect:Subtype": {"ValueString": "connect:SMS"}},
        })
    }

    fn scene(config: &WorldConfig) -> Scene<'_> {
        Scene { config, region: Some("us-west-2"), asked_instance: None }
    }

    fn checked(pointer: &str, value: Value) -> Result<(), String> {
        let mut body = minimal();
        let (parent, member) = pointer.rsplit_once('/').unwrap();
        body.pointer_mut(parent).unwrap()[member] = value;
        let request = serde_json::from_value(body).unwrap();
        let config = WorldConfig::default();
        validate(&request, scene(&config)).map(drop).map_err(|refusal| refusal.message.into_owned())
    }

    #[test]
    fn the_limits_themselves_pass() {
        for (pointer, value) in [
            ("/InstanceId", json!(format!("arn:aws:connect:us-west-2:123456789012:instance/{INSTANCE}"))),
            ("/ChatDurationInMinutes", json!(60)),
            ("/ChatDurationInMinutes", json!(10_080)),
            ("/ParticipantDetails", json!({"DisplayName": "é".repeat(256)})),
            ("/InitialSystemMessage", json!({"ContentType": "text/plain", "Content": "é".repeat(1_024)})),
            ("/SegmentAttributes/my-own_1", json!({"ValueMap": {"a": {"ValueInteger": 1}}})),
            ("/Attributes", json!({"a": "x".repeat(32_765), "b": "x"})),
            ("/SupportedMessagingContentTypes", json!(["text/markdown", "text/plain"])),
            ("/ClientToken", json!("x".repeat(500))),
            ("/RelatedContactId", json!("x".repeat(256))),
            ("/DestinationEndpoint/Address", json!("+123456789012345")),
        ] {
            assert_eq!(checked(pointer, value), Ok(()), "{pointer}");
        }
    }

    #[test]
    fn one_step_past_each_limit_is_refused() {
        let templated = json!({"KnowledgeBaseId": "k", "MessageTemplateId": "t"});
        for (pointer, value, part) in [
            ("/InstanceId", Value::Null, "'InstanceId'"),
            ("/InstanceId", json!("x".repeat(101)), "less than or equal to 100"),
            ("/InstanceId", json!("mine"), "no UUID"),
            ("/ContactFlowId", json!("x".repeat(501)), "less than or equal to 500"),
            ("/SourceEndpoint", Value::Null, "'SourceEndpoint'"),
            ("/SourceEndpoint/Type", json!("PIGEON"), "enum value set"),
            ("/SourceEndpoint/Type", json!("TELEPHONE_NUMBER"), "only supports"),
            ("/SourceEndpoint/Address", Value::Null, "'SourceEndpoint.Address'"),
            (
                "/SourceEndpoint/Address",
                json!(SOURCE.replace(":connect:", ":sms-voice:")),
                "End User Messaging",
            ),
            ("/SourceEndpoint/Address", json!("+12025550101"), "not the ARN"),
            ("/DestinationEndpoint/Type", Value::Null, "'DestinationEndpoint.Type'"),
            ("/DestinationEndpoint/Address", json!("12025550100"), "E.164"),
            ("/DestinationEndpoint/Address", json!("+02025550100"), "E.164"),
            ("/DestinationEndpoint/Address", json!("+12"), "E.164"),
            ("/DestinationEndpoint/Address", json!("+1234567890123456"), "E.164"),
            ("/DestinationEndpoint/Address", json!("x".repeat(257)), "equal to 256"),
            ("/SegmentAttributes", json!({}), "connect:Subtype"),
            ("/SegmentAttributes/connect:Subtype", json!({"ValueString": "connect:Fax"}), "connect:Subtype"),
            ("/SegmentAttributes/a b", json!({"ValueString": "x"}), "not allowed"),
            ("/SegmentAttributes/a", json!({"ValueString": "x".repeat(1_025)}), "equal to 1024"),
            ("/ChatDurationInMinutes", json!(59), "between 60"),
            ("/ChatDurationInMinutes", json!(10_081), "between 60"),
            ("/ParticipantDetails", json!({}), "DisplayName"),
            ("/ParticipantDetails", json!({"DisplayName": ""}), "equal to 1"),
            ("/InitialSystemMessage", json!({"ContentType": "text/plain"}), "Content"),
            ("/InitialSystemMessage", json!({"ContentType": "text/markdown", "Content": "x"}), "text/plain"),
            (
                "/InitialSystemMessage",
                json!({"ContentType": "text/html", "Content": "x"}),
                "unknown content type",
            ),
            (
                "/InitialSystemMessage",
                json!({"ContentType": "text/plain", "Content": "x".repeat(1_025)}),
                "equal to 1024",
            ),
            ("/InitialTemplatedSystemMessage", templated, "TemplateAttributes"),
            ("/Attributes", json!({"a b": "x"}), "not allowed"),
            ("/Attributes", json!({"": "x"}), "equal to 1"),
            ("/Attributes", json!({"a": "x".repeat(32_765), "b": "xx"}), "32769 bytes"),
            ("/SupportedMessagingContentTypes", json!(["text/markdown"]), "contain text/plain"),
            ("/SupportedMessagingContentTypes", json!(["text/plain", "text/html"]), "unknown type"),
            ("/ClientToken", json!("x".repeat(501)), "equal to 500"),
            ("/RelatedContactId", json!(""), "equal to 1"),
        ] {
            let message = checked(pointer, value).unwrap_err();
            assert!(message.contains(part), "{pointer}: {message}");
        }
    }

    #[test]
    fn what_does_not_exist_is_not_found() {
        let request: StartRequest = serde_json::from_value(minimal()).unwrap();
        let other = vec!["other".to_owned()];
        for config in [
            WorldConfig { instance_ids: other.clone(), ..WorldConfig::default() },
            WorldConfig { contact_flow_ids: other.clone(), ..WorldConfig::default() },
            WorldConfig { sources: other, ..WorldConfig::default() },
        ] {
            assert_eq!(validate(&request, scene(&config)).unwrap_err().code, "ResourceNotFoundException");
        }
        let config = WorldConfig { instance_ids: vec![INSTANCE.to_owned()], ..WorldConfig::default() };
        let valid = Valid { instance_id: INSTANCE, destination: "+12025550100" };
        assert_eq!(validate(&request, scene(&config)), Ok(valid));
    }

    #[test]
    fn the_two_kinds_of_message_exclude_each_other_and_whatsapp_takes_markdown() {
        let mut body = minimal();
        body["InitialSystemMessage"] = json!({"ContentType": "text/markdown", "Content": "*x*"});
        body["SegmentAttributes"] = json!({"connect:Subtype": {"ValueString": "connect:WhatsApp"}});
        let request = serde_json::from_value(body.clone()).unwrap();
        assert!(validate(&request, scene(&WorldConfig::default())).is_ok());
        body["InitialTemplatedSystemMessage"] =
            json!({"KnowledgeBaseId": "k", "MessageTemplateId": "t", "TemplateAttributes": {}});
        let request = serde_json::from_value(body).unwrap();
        let config = WorldConfig::default();
        let refusal = validate(&request, scene(&config)).unwrap_err();
        assert!(refusal.message.contains("exclude each other"), "{refusal:?}");
    }
}
