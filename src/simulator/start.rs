//! The body of `StartOutboundChatContact`, read as the service model names its members. Nothing is checked here.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use bytes::Bytes;
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::refusal::Refusal;

/// The members of `StartOutboundChatContact`. Every one may be missing; members that are not in the model are ignored.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[expect(missing_docs, reason = "the names are those of the service model")]
pub struct StartRequest {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact_flow_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "object")]
    pub source_endpoint: Option<Endpoint>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "object")]
    pub destination_endpoint: Option<Endpoint>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub segment_attributes: Option<BTreeMap<String, SegmentValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attributes: Option<BTreeMap<String, String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chat_duration_in_minutes: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "object")]
    pub participant_details: Option<ParticipantDetails>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "object")]
    pub initial_system_message: Option<ChatMessage>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "object")]
    pub initial_templated_system_message: Option<TemplatedMessage>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub related_contact_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub supported_messaging_content_types: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_token: Option<String>,
}

/// An `Endpoint` of the service model.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[expect(missing_docs, reason = "the names are those of the service model")]
pub struct Endpoint {
    #[serde(rename = "Type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

/// A `SegmentAttributeValue` of the service model.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[expect(missing_docs, reason = "the names are those of the service model")]
pub struct SegmentValue {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value_string: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value_map: Option<BTreeMap<String, SegmentValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value_integer: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value_list: Option<Vec<SegmentValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value_arn: Option<String>,
}

/// A `ParticipantDetails` of the service model.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[expect(missing_docs, reason = "the names are those of the service model")]
pub struct ParticipantDetails {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
}

/// A `ChatMessage` of the service model.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[expect(missing_docs, reason = "the names are those of the service model")]
pub struct ChatMessage {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
}

/// A `TemplatedMessageConfig` of the service model.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[expect(missing_docs, reason = "the names are those of the service model")]
pub struct TemplatedMessage {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub knowledge_base_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_template_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "object")]
    pub template_attributes: Option<TemplateAttributes>,
}

/// A `TemplateAttributes` of the service model.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[expect(missing_docs, reason = "the names are those of the service model")]
pub struct TemplateAttributes {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_attributes: Option<BTreeMap<String, String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_profile_attributes: Option<String>,
}

impl StartRequest {
    /// Reads a body. A body of another shape is a `SerializationException`, as AWS services answer it.
    pub(super) fn read(body: &Bytes) -> Result<Self, Refusal> {
        let mut json = serde_json::Deserializer::from_slice(body);
        let read = object(&mut json).and_then(|request| json.end().map(|()| request));
        match read {
            Ok(Some(request)) => Ok(request),
            Ok(None) => Err(Refusal::unreadable_body("the body is null")),
            Err(error) => Err(Refusal::unreadable_body(error.to_string())),
        }
    }

    /// The destination's address.
    pub fn destination(&self) -> Option<&str> {
        self.destination_endpoint.as_ref()?.address.as_deref()
    }
}

/// Reads a structure, or null. Serde's derived readers would take an array of the members' values as well.
fn object<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    struct ObjectVisitor<T>(PhantomData<T>);

    impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
        type Value = Option<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object or null")
        }

        fn visit_unit<E>(self) -> Result<Option<T>, E> {
            Ok(None)
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Option<T>, A::Error> {
            T::deserialize(MapAccessDeserializer::new(map)).map(Some)
        }
    }

    deserializer.deserialize_any(ObjectVisitor(PhantomData))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_members_are_ignored_and_other_types_refused() {
        let read = |text: &'static str| StartRequest::read(&Bytes::from_static(text.as_bytes()));
        assert_eq!(read(r#"{"New": 1, "ClientToken": null}"#).unwrap(), StartRequest::default());
        for body in [
            "",
            "[]",
            "{",
            "{} {}",
            "null",
            r#"{"SourceEndpoint": ["x", "y"]}"#,
            r#"{"InstanceId": 1}"#,
            r#"{"ChatDurationInMinutes": "60"}"#,
        ] {
            assert_eq!(read(body).unwrap_err().code, "SerializationException", "{body}");
        }
    }
}
