//! A contact request as the SDK's input.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_connect::operation::start_outbound_chat_contact::builders::StartOutboundChatContactFluentBuilder;
use aws_sdk_connect::types::{
    ChatMessage, Endpoint, EndpointType, ParticipantDetails, SegmentAttributeValue, TemplateAttributes,
    TemplatedMessageConfig,
};

use crate::domain::request::{ContactRequest, Message, SegmentValue};

/// The operation with every member of its input set.
pub(super) fn fill(
    operation: StartOutboundChatContactFluentBuilder,
    contact: &ContactRequest,
) -> StartOutboundChatContactFluentBuilder {
    let request = &contact.request;
    let endpoint = |kind, address: &str| Endpoint::builder().r#type(kind).address(address).build();
    let mut input = operation
        .source_endpoint(endpoint(EndpointType::ConnectPhonenumberArn, &request.source))
        .destination_endpoint(endpoint(EndpointType::TelephoneNumber, &contact.destination))
        .instance_id(&request.instance_id)
        .contact_flow_id(&request.contact_flow_id)
        .set_segment_attributes(Some(segments(&request.segment_attributes)))
        .set_attributes((!request.attributes.is_empty()).then(|| texts(&request.attributes)))
        .set_chat_duration_in_minutes(request.chat_duration_minutes.map(i32::from))
        .set_participant_details(request.display_name.as_ref().map(|name| {
            ParticipantDetails::builder().display_name(name).build().expect("the one required member is set")
        }))
        .set_related_contact_id(request.related_contact_id.clone())
        .set_supported_messaging_content_types(
            (!request.supported_content_types.is_empty()).then(|| request.supported_content_types.clone()),
        )
        .client_token(contact.client_token.to_string());
    match &request.message {
        Some(Message::Text { content_type, content }) => {
            let message = ChatMessage::builder().content_type(content_type).content(content).build();
            input = input.initial_system_message(message.expect("both required members are set"));
        }
        Some(Message::Templated { knowledge_base_id, template_id, attributes, customer_profile }) => {
            let attributes = TemplateAttributes::builder()
                .set_custom_attributes((!attributes.is_empty()).then(|| texts(attributes)))
                .set_customer_profile_attributes(customer_profile.clone())
                .build();
            let message = TemplatedMessageConfig::builder()
                .knowledge_base_id(knowledge_base_id)
                .message_template_id(template_id)
                .template_attributes(attributes)
                .build();
            input = input.initial_templated_system_message(message.expect("all required members are set"));
        }
        None => {}
    }
    input
}

fn texts(texts: &BTreeMap<String, String>) -> HashMap<String, String> {
    texts.iter().map(|(name, text)| (name.clone(), text.clone())).collect()
}

fn segments(values: &BTreeMap<String, SegmentValue<String>>) -> HashMap<String, SegmentAttributeValue> {
    values.iter().map(|(name, value)| (name.clone(), segment(value))).collect()
}

fn segment(value: &SegmentValue<String>) -> SegmentAttributeValue {
    let builder = SegmentAttributeValue::builder();
    match value {
        SegmentValue::String(text) => builder.value_string(text),
        SegmentValue::Integer(number) => builder.value_integer(*number),
        SegmentValue::Map(values) => builder.set_value_map(Some(segments(values))),
        SegmentValue::List(values) => builder.set_value_list(Some(values.iter().map(segment).collect())),
    }
    .build()
}
