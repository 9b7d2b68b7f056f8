//! One `StartOutboundChatContact` request, at three stages that share one type.
//!
//! [`Request<T>`] is generic in its text: a template while it comes from the definition, a [`Leaf`] in the [`RequestTemplate`]
//! that the journal keeps once per plan, a `String` in the [`ContactRequest`] that goes out. Only the texts that
//! differ from row to row (the *slots*) are kept per row, so a journal of ten million rows stays small, and a row's
//! payload is still frozen in full: shape and slots never change once a row was attempted.
//!
//! Serializing a [`ContactRequest`] gives the body as the API takes it, members and map keys always in the same order.
//! This file does not validate; `limits` does.

use std::collections::BTreeMap;
use std::convert::Infallible;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::limits;

/// The members of `StartOutboundChatContact`, but for destination and client token, which belong to the row.
///
/// Source: the API reference of `StartOutboundChatContact`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request<T> {
    /// `InstanceId`: the bare id.
    pub instance_id: String,
    /// The same, where it depends on the row's sender.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sender_instance_id: Option<T>,
    /// `ContactFlowId`: the bare id.
    pub contact_flow_id: T,
    /// `SourceEndpoint.Address`: the Connect ARN of the phone number (or of the WhatsApp number).
    pub source: T,
    /// `SegmentAttributes`, `connect:Subtype` included.
    pub segment_attributes: BTreeMap<String, SegmentValue<T>>,
    /// `Attributes`: what the flow reads as `$.Attributes.NAME`.
    pub attributes: BTreeMap<String, T>,
    /// `ChatDurationInMinutes`: 60 to 10,080; the service's default is 25 hours.
    pub chat_duration_minutes: Option<u16>,
    /// `ParticipantDetails.DisplayName`. A text that renders empty leaves the member out.
    pub display_name: Option<T>,
    /// `InitialSystemMessage` or `InitialTemplatedSystemMessage`.
    pub message: Option<Message<T>>,
    /// `RelatedContactId`. A text that renders empty leaves the member out.
    pub related_contact_id: Option<T>,
    /// `SupportedMessagingContentTypes`; empty leaves the member out.
    pub supported_content_types: Vec<String>,
}

/// What the recipient is sent first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Message<T> {
    /// `InitialSystemMessage`.
    Text {
        /// `ContentType`, for SMS `text/plain`.
        content_type: String,
        /// `Content`.
        content: T,
    },
    /// `InitialTemplatedSystemMessage`: a message template of Amazon Q in Connect.
    Templated {
        /// `KnowledgeBaseId`: id or ARN.
        knowledge_base_id: String,
        /// `MessageTemplateId`: id or ARN.
        template_id: String,
        /// `TemplateAttributes.CustomAttributes`.
        attributes: BTreeMap<String, T>,
        /// `TemplateAttributes.CustomerProfileAttributes`: JSON as a string.
        customer_profile: Option<T>,
    },
}

/// A value of `SegmentAttributes`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum SegmentValue<T> {
    /// `ValueString`.
    String(T),
    /// `ValueInteger`.
    Integer(i32),
    /// `ValueMap`.
    Map(BTreeMap<String, SegmentValue<T>>),
    /// `ValueList` (only for attributes that the service defines).
    List(Vec<SegmentValue<T>>),
}

/// A text of a [`RequestTemplate`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Leaf {
    /// The same for every row.
    #[serde(rename = "f")]
    Fixed(String),
    /// The row's slot with this index.
    #[serde(rename = "s")]
    Slot(usize),
    /// The row's client token: the attribute by which its contact can be found. A row whose attributes leave no room for it has
    /// no such attribute.
    #[serde(rename = "t")]
    Token,
}

/// What all rows of one plan have in common; a row's slots fill it.
pub type RequestTemplate = Request<Leaf>;

/// Bytes of a client token as text.
const TOKEN_BYTES: usize = uuid::fmt::Hyphenated::LENGTH;

/// A row's slots do not fit the shape: a journal that someone edited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the row's payload has no text number {slot}")]
pub struct MissingSlot {
    /// The index that the shape asks for.
    pub slot: usize,
}

impl<T> Request<T> {
    /// The same request with every text put through `f`, in a fixed order (that of the fields, maps by key).
    ///
    /// # Errors
    /// The first error of `f`.
    pub fn try_map<U, E>(&self, f: &mut impl FnMut(&T) -> Result<U, E>) -> Result<Request<U>, E> {
        Ok(Request {
            instance_id: self.instance_id.clone(),
            sender_instance_id: self.sender_instance_id.as_ref().map(&mut *f).transpose()?,
            contact_flow_id: f(&self.contact_flow_id)?,
            source: f(&self.source)?,
            segment_attributes: map_segments(&self.segment_attributes, f)?,
            attributes: map_texts(&self.attributes, f)?,
            chat_duration_minutes: self.chat_duration_minutes,
            display_name: self.display_name.as_ref().map(&mut *f).transpose()?,
            message: self.message.as_ref().map(|message| message.try_map(f)).transpose()?,
            related_contact_id: self.related_contact_id.as_ref().map(&mut *f).transpose()?,
            supported_content_types: self.supported_content_types.clone(),
        })
    }
}

impl<T> Message<T> {
    fn try_map<U, E>(&self, f: &mut impl FnMut(&T) -> Result<U, E>) -> Result<Message<U>, E> {
        Ok(match self {
            Self::Text { content_type, content } => {
                Message::Text { content_type: content_type.clone(), content: f(content)? }
            }
            Self::Templated { knowledge_base_id, template_id, attributes, customer_profile } => {
                Message::Templated {
                    knowledge_base_id: knowledge_base_id.clone(),
                    template_id: template_id.clone(),
                    attributes: map_texts(attributes, f)?,
                    customer_profile: customer_profile.as_ref().map(&mut *f).transpose()?,
                }
            }
        })
    }
}

impl<T> SegmentValue<T> {
    fn try_map<U, E>(&self, f: &mut impl FnMut(&T) -> Result<U, E>) -> Result<SegmentValue<U>, E> {
        Ok(match self {
            Self::String(text) => SegmentValue::String(f(text)?),
            Self::Integer(value) => SegmentValue::Integer(*value),
            Self::Map(values) => SegmentValue::Map(map_segments(values, f)?),
            Self::List(values) => {
                SegmentValue::List(values.iter().map(|value| value.try_map(f)).collect::<Result<_, E>>()?)
            }
        })
    }
}

fn map_texts<T, U, E>(
    texts: &BTreeMap<String, T>,
    f: &mut impl FnMut(&T) -> Result<U, E>,
) -> Result<BTreeMap<String, U>, E> {
    texts.iter().map(|(name, text)| Ok((name.clone(), f(text)?))).collect()
}

fn map_segments<T, U, E>(
    values: &BTreeMap<String, SegmentValue<T>>,
    f: &mut impl FnMut(&T) -> Result<U, E>,
) -> Result<BTreeMap<String, SegmentValue<U>>, E> {
    values.iter().map(|(name, value)| Ok((name.clone(), value.try_map(f)?))).collect()
}

impl RequestTemplate {
    /// A request with what each must have, and nothing else.
    #[must_use]
    pub fn plain(instance_id: &str, contact_flow_id: &str, source: Leaf) -> Self {
        Self {
            instance_id: instance_id.to_owned(),
            sender_instance_id: None,
            contact_flow_id: Leaf::Fixed(contact_flow_id.to_owned()),
            source,
            segment_attributes: BTreeMap::new(),
            attributes: BTreeMap::new(),
            chat_duration_minutes: None,
            display_name: None,
            message: None,
            related_contact_id: None,
            supported_content_types: Vec::new(),
        }
    }

    /// The text that a row with these slots is sent, if the request has one and not the flow.
    #[must_use]
    pub fn message_text<'s>(&'s self, slots: &'s [String]) -> Option<&'s str> {
        match &self.message {
            Some(Message::Text { content: Leaf::Fixed(text), .. }) => Some(text),
            Some(Message::Text { content: Leaf::Slot(slot), .. }) => slots.get(*slot).map(String::as_str),
            Some(Message::Text { content: Leaf::Token, .. } | Message::Templated { .. }) | None => None,
        }
    }

    /// The instance of a row with these slots, where that depends on its sender.
    #[must_use]
    pub fn sender_instance<'s>(&'s self, slots: &'s [String]) -> Option<&'s str> {
        match self.sender_instance_id.as_ref()? {
            Leaf::Fixed(id) => Some(id),
            Leaf::Slot(slot) => slots.get(*slot).map(String::as_str),
            Leaf::Token => None,
        }
    }

    /// The attribute that has the row's client token, if there is one.
    #[must_use]
    pub fn trace(&self) -> Option<&str> {
        self.attributes.iter().find_map(|(name, leaf)| (*leaf == Leaf::Token).then_some(name.as_str()))
    }

    /// Whether the attributes of a row with these slots leave room for its client token.
    #[must_use]
    pub fn has_room_for_trace(&self, slots: &[String]) -> bool {
        let length = |leaf: &Leaf| match leaf {
            Leaf::Fixed(text) => text.len(),
            Leaf::Slot(slot) => slots.get(*slot).map_or(0, String::len),
            Leaf::Token => TOKEN_BYTES,
        };
        let bytes = self.attributes.iter().map(|(name, leaf)| name.len() + length(leaf)).sum();
        limits::attributes_total(bytes).is_ok()
    }

    /// The request of one row.
    ///
    /// # Errors
    /// [`MissingSlot`] where the row has fewer slots than the shape asks for.
    pub fn fill(
        &self,
        slots: &[String],
        destination: &str,
        client_token: Uuid,
    ) -> Result<ContactRequest, MissingSlot> {
        let of = |leaf: &Leaf| match leaf {
            Leaf::Fixed(text) => Ok(text.clone()),
            Leaf::Slot(slot) => slots.get(*slot).cloned().ok_or(MissingSlot { slot: *slot }),
            Leaf::Token => Ok(client_token.to_string()),
        };
        let mut contact = self.try_fill(destination, client_token, of)?;
        if !self.has_room_for_trace(slots) {
            self.leave_out_trace(&mut contact);
        }
        Ok(contact)
    }

    /// Takes the client token out of the attributes.
    pub(in crate::domain) fn leave_out_trace(&self, contact: &mut ContactRequest) {
        contact.request.attributes.retain(|name, _| self.attributes.get(name) != Some(&Leaf::Token));
    }

    /// The request with the text that `of` gives for each leaf.
    pub(in crate::domain) fn fill_with(
        &self,
        destination: &str,
        client_token: Uuid,
        of: impl Fn(&Leaf) -> String,
    ) -> ContactRequest {
        let Ok(contact) = self.try_fill(destination, client_token, |leaf| Ok::<_, Infallible>(of(leaf)));
        contact
    }

    fn try_fill<E>(
        &self,
        destination: &str,
        client_token: Uuid,
        mut of: impl FnMut(&Leaf) -> Result<String, E>,
    ) -> Result<ContactRequest, E> {
        let mut request = self.try_map(&mut of)?;
        if let Some(own) = request.sender_instance_id.take() {
            request.instance_id = own;
        }
        request.display_name = request.display_name.filter(|text| !text.is_empty());
        request.related_contact_id = request.related_contact_id.filter(|text| !text.is_empty());
        Ok(ContactRequest { request, destination: destination.to_owned(), client_token })
    }
}

/// One row's request in full: what is sent, printed by a dry run, and kept frozen once attempted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContactRequest {
    /// All members but the two below.
    pub request: Request<String>,
    /// `DestinationEndpoint.Address`: E.164.
    pub destination: String,
    /// `ClientToken`.
    pub client_token: Uuid,
}

impl ContactRequest {
    /// The body as the API takes it: JSON, always the same bytes for the same request.
    #[must_use]
    pub fn body(&self) -> Vec<u8> {
        serde_json::to_vec(&wire::Body::from(self)).expect("strings and integers always serialize")
    }
}

/// The request's JSON, member by member in the order of the SDK's own serializer.
mod wire {
    use super::{BTreeMap, ContactRequest, Message, SegmentValue, Serialize, Uuid};

    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    pub(super) struct Body<'a> {
        #[serde(skip_serializing_if = "BTreeMap::is_empty")]
        attributes: &'a BTreeMap<String, String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        chat_duration_in_minutes: Option<u16>,
        #[serde(serialize_with = "as_text")]
        client_token: Uuid,
        contact_flow_id: &'a str,
        destination_endpoint: Endpoint<'a>,
        #[serde(skip_serializing_if = "Option::is_none")]
        initial_system_message: Option<ChatMessage<'a>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        initial_templated_system_message: Option<Templated<'a>>,
        instance_id: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        participant_details: Option<Participant<'a>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        related_contact_id: Option<&'a str>,
        segment_attributes: BTreeMap<&'a str, Segment<'a>>,
        source_endpoint: Endpoint<'a>,
        #[serde(skip_serializing_if = "<[String]>::is_empty")]
        supported_messaging_content_types: &'a [String],
    }

    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Endpoint<'a> {
        r#type: &'static str,
        address: &'a str,
    }

    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct ChatMessage<'a> {
        content_type: &'a str,
        content: &'a str,
    }

    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Templated<'a> {
        knowledge_base_id: &'a str,
        message_template_id: &'a str,
        template_attributes: TemplateAttributes<'a>,
    }

    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct TemplateAttributes<'a> {
        #[serde(skip_serializing_if = "BTreeMap::is_empty")]
        custom_attributes: &'a BTreeMap<String, String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        customer_profile_attributes: Option<&'a str>,
    }

    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Participant<'a> {
        display_name: &'a str,
    }

    #[derive(Serialize)]
    enum Segment<'a> {
        #[serde(rename = "ValueString")]
        String(&'a str),
        #[serde(rename = "ValueInteger")]
        Integer(i32),
        #[serde(rename = "ValueMap")]
        Map(BTreeMap<&'a str, Segment<'a>>),
        #[serde(rename = "ValueList")]
        List(Vec<Segment<'a>>),
    }

    fn as_text<S: serde::Serializer>(token: &Uuid, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(token)
    }

    impl<'a> From<&'a SegmentValue<String>> for Segment<'a> {
        fn from(value: &'a SegmentValue<String>) -> Self {
            match value {
                SegmentValue::String(text) => Self::String(text),
                SegmentValue::Integer(number) => Self::Integer(*number),
                SegmentValue::Map(values) => Self::Map(segments(values)),
                SegmentValue::List(values) => Self::List(values.iter().map(Self::from).collect()),
            }
        }
    }

    fn segments(values: &BTreeMap<String, SegmentValue<String>>) -> BTreeMap<&str, Segment<'_>> {
        values.iter().map(|(name, value)| (name.as_str(), Segment::from(value))).collect()
    }

    impl<'a> From<&'a ContactRequest> for Body<'a> {
        fn from(contact: &'a ContactRequest) -> Self {
            let request = &contact.request;
            let mut body = Self {
                attributes: &request.attributes,
                chat_duration_in_minutes: request.chat_duration_minutes,
                client_token: contact.client_token,
                contact_flow_id: &request.contact_flow_id,
                destination_endpoint: Endpoint { r#type: "TELEPHONE_NUMBER", address: &contact.destination },
                initial_system_message: None,
                initial_templated_system_message: None,
                instance_id: &request.instance_id,
                participant_details: request
                    .display_name
                    .as_deref()
                    .map(|name| Participant { display_name: name }),
                related_contact_id: request.related_contact_id.as_deref(),
                segment_attributes: segments(&request.segment_attributes),
                source_endpoint: Endpoint { r#type: "CONNECT_PHONENUMBER_ARN", address: &request.source },
                supported_messaging_content_types: &request.supported_content_types,
            };
            match &request.message {
                Some(Message::Text { content_type, content }) => {
                    body.initial_system_message = Some(ChatMessage { content_type, content });
                }
                Some(Message::Templated { knowledge_base_id, template_id, attributes, customer_profile }) => {
                    body.initial_templated_system_message = Some(Templated {
                        knowledge_base_id,
                        message_template_id: template_id,
                        template_attributes: TemplateAttributes {
                            custom_attributes: attributes,
                            customer_profile_attributes: customer_profile.as_deref(),
                        },
                    });
                }
                None => {}
            }
            body
        }
    }
}
