//! What the API and the carriers take of each text of a request, checked before anything is sent.
//!
//! Fixed texts are checked once, when the definition is read, the others in every row; both come through [`settle`].
//! Sources: the service model of `StartOutboundChatContact`, its API reference, and "SMS character limits" of AWS End
//! User Messaging (1,530 GSM-7 septets, 630 UCS-2 code units).

use std::borrow::Cow;
use std::fmt;

use crate::domain::arn;
use crate::domain::arn::{ArnMistake, Home};
use crate::domain::message::content::{CONTENT_BYTES, Channel, ContentType, MessageEncoding};
use crate::domain::message::gsm;
use crate::domain::message::segments::{Encoding, Segments};

/// Most UTF-8 bytes of all attributes of a contact, keys and values.
pub const ATTRIBUTES_BYTES: usize = 32_768;

/// A text of a request, under its name in the definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Member {
    /// `ContactFlowId`.
    Flow,
    /// `SourceEndpoint.Address`.
    Source,
    /// A `ValueString` of `SegmentAttributes`, by its path.
    Segment(String),
    /// A value of `Attributes`, by its key.
    Attribute(String),
    /// All of `Attributes`.
    Attributes,
    /// `ParticipantDetails.DisplayName`.
    DisplayName,
    /// `InitialSystemMessage.Content`.
    Message,
    /// A value of `TemplateAttributes.CustomAttributes`, by its key.
    TemplateAttribute(String),
    /// `TemplateAttributes.CustomerProfileAttributes`.
    CustomerProfile,
    /// `RelatedContactId`.
    RelatedContact,
    /// Whether the campaign is for a row. No part of a request.
    Where,
    /// When a row may start. No part of a request.
    NotBefore,
    /// Until when a row may start. No part of a request.
    NotAfter,
}

impl fmt::Display for Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flow => f.write_str("connect.contact_flow_id"),
            Self::Source => f.write_str("connect.source"),
            Self::Segment(path) => write!(f, "contact.segment_attributes.{path}"),
            Self::Attribute(key) => write!(f, "contact.attributes.{key}"),
            Self::Attributes => f.write_str("contact.attributes"),
            Self::DisplayName => f.write_str("contact.display_name"),
            Self::Message => f.write_str("contact.message"),
            Self::TemplateAttribute(key) => write!(f, "contact.templated_message.attributes.{key}"),
            Self::CustomerProfile => f.write_str("contact.templated_message.customer_profile"),
            Self::RelatedContact => f.write_str("contact.related_contact_id"),
            Self::Where => f.write_str("recipients.where"),
            Self::NotBefore => f.write_str("schedule.not_before"),
            Self::NotAfter => f.write_str("schedule.not_after"),
        }
    }
}

/// What a text is measured in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Unicode characters.
    Characters,
    /// UTF-8 bytes.
    AllBytes,
    /// UTF-8 bytes of names and values.
    Bytes,
    /// GSM-7 septets: `^ { } \ [ ] ~ | €` count twice.
    Septets,
    /// UTF-16 code units, with the first character that is not in GSM-7.
    CodeUnits(char),
}

/// A limit that a text breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Limit {
    /// Nothing in it.
    Empty,
    /// Too much in it.
    Length {
        /// What it has.
        length: usize,
        /// What it may have.
        limit: usize,
        /// Of what.
        unit: Unit,
    },
    /// It names the wrong thing.
    Arn(ArnMistake),
    /// It must be JSON and is not.
    NotJson,
}

/// A text that is not sent as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breach {
    /// Which text.
    pub member: Member,
    /// Which limit.
    pub limit: Limit,
}

impl Breach {
    /// A stable word for scripts.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match (&self.limit, &self.member) {
            (Limit::Empty, Member::Message) => "message-empty",
            (Limit::Empty, _) => "text-empty",
            (Limit::Length { .. }, Member::Message) => "message-too-long",
            (Limit::Length { .. }, Member::DisplayName) => "display-name-too-long",
            (Limit::Length { .. }, Member::Attribute(_)) => "attribute-too-long",
            (Limit::Length { .. }, Member::Attributes) => "attributes-too-long",
            (Limit::Length { .. }, _) => "text-too-long",
            (Limit::Arn(_), Member::Source) => "source-invalid",
            (Limit::Arn(_), _) => "flow-invalid",
            (Limit::NotJson, _) => "text-not-json",
        }
    }
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` {}", self.member, self.limit)
    }
}

/// What follows the name of the text.
impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("is empty"),
            Self::Arn(mistake) => mistake.fmt(f),
            Self::NotJson => f.write_str("is not JSON"),
            Self::Length { length, limit, unit } => match unit {
                Unit::Characters => write!(f, "has {length} characters; {limit} are the most"),
                Unit::AllBytes => write!(f, "has {length} bytes; {limit} are the most"),
                Unit::Bytes => write!(f, "has {length} bytes with its names; {limit} are the most"),
                Unit::Septets => {
                    write!(
                        f,
                        "has {length} GSM characters, ^ {{ }} \\ [ ] ~ | € counted twice; {limit} are the most"
                    )
                }
                Unit::CodeUnits(c) => write!(
                    f,
                    "has {length} characters; {limit} are the most for a text that is not all GSM-7, because of {c:?}"
                ),
            },
        }
    }
}

impl std::error::Error for Breach {}

/// What the limits of a campaign's texts depend on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// The channel.
    pub channel: Channel,
    /// The content type of the message.
    pub content_type: ContentType,
    /// What is done to the message first.
    pub encoding: MessageEncoding,
    /// The bare id of the instance, which flows must belong to.
    pub instance_id: String,
    /// The Region of the campaign, where it is known.
    pub region: Option<String>,
}

/// The text as it goes out: a flow's ARN as its bare id, a message in its encoding. Checked against its own limits.
///
/// # Errors
/// The first limit that it breaks.
pub fn settle<'t>(member: &Member, rules: &Rules, text: &'t str) -> Result<Cow<'t, str>, Breach> {
    settle_text(member, rules, text).map_err(|limit| Breach { member: member.clone(), limit })
}

fn settle_text<'t>(member: &Member, rules: &Rules, text: &'t str) -> Result<Cow<'t, str>, Limit> {
    match member {
        Member::Flow => {
            let (id, home) = arn::flow(text, &rules.instance_id).map_err(Limit::Arn)?;
            at_home(home.as_ref(), rules)?;
            at_most(500, &id).map(|()| Cow::Owned(id))
        }
        Member::Source => {
            let home = arn::phone_number(text).map_err(Limit::Arn)?;
            at_home(Some(&home), rules)?;
            at_most(256, text)
        }
        .map(|()| Cow::Borrowed(text)),
        Member::Message => message(rules, text),
        Member::CustomerProfile if !is_json(text) => Err(Limit::NotJson),
        Member::CustomerProfile | Member::Attributes => Ok(Cow::Borrowed(text)),
        Member::Segment(_) => at_most(1024, text).map(|()| Cow::Borrowed(text)),
        Member::Attribute(_) | Member::TemplateAttribute(_) => {
            at_most(32_767, text).map(|()| Cow::Borrowed(text))
        }
        Member::DisplayName
        | Member::RelatedContact
        | Member::NotBefore
        | Member::NotAfter
        | Member::Where => at_most(256, text).map(|()| Cow::Borrowed(text)),
    }
}

/// SMS segments that a message's encoding saved; 0 for all other texts.
#[must_use]
pub fn segments_saved(member: &Member, before: &str, after: &str) -> u32 {
    if *member != Member::Message || before == after {
        return 0;
    }
    let count = |text| Segments::of(text).count;
    u32::try_from(count(before).saturating_sub(count(after))).unwrap_or_default()
}

fn at_home(home: Option<&Home>, rules: &Rules) -> Result<(), Limit> {
    match (home, &rules.region) {
        (Some(home), Some(region)) if home.region != *region => {
            Err(Limit::Arn(ArnMistake::OtherRegion(home.region.clone(), region.clone())))
        }
        _ => Ok(()),
    }
}

fn at_most(limit: usize, text: &str) -> Result<(), Limit> {
    if text.len() <= limit {
        return Ok(());
    }
    let length = text.chars().count();
    if length <= limit { Ok(()) } else { Err(Limit::Length { length, limit, unit: Unit::Characters }) }
}

fn message<'t>(rules: &Rules, text: &'t str) -> Result<Cow<'t, str>, Limit> {
    let text = match rules.encoding {
        MessageEncoding::AsIs => Cow::Borrowed(text),
        MessageEncoding::Gsm => gsm::nearest(text),
    };
    if text.trim().is_empty() {
        return Err(Limit::Empty);
    }
    if let Some(limit) = rules.content_type.longest(rules.channel) {
        at_most(limit, &text)?;
    }
    if text.len() > CONTENT_BYTES {
        return Err(Limit::Length { length: text.len(), limit: CONTENT_BYTES, unit: Unit::AllBytes });
    }
    match rules.content_type {
        ContentType::Json | ContentType::InteractiveResponse if !is_json(&text) => {
            return Err(Limit::NotJson);
        }
        _ => {}
    }
    if rules.channel == Channel::Sms && text.len() > 630 {
        let Segments { encoding, units: length, forced_by, .. } = Segments::of(&text);
        let (limit, unit) = match (encoding, forced_by) {
            (Encoding::Ucs2, Some((c, _))) => (630, Unit::CodeUnits(c)),
            _ => (1530, Unit::Septets),
        };
        if length > limit {
            return Err(Limit::Length { length, limit, unit });
        }
    }
    Ok(text)
}

fn is_json(text: &str) -> bool {
    serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

/// Checks all attributes together: `bytes` of keys and values.
///
/// # Errors
/// More than [`ATTRIBUTES_BYTES`].
pub fn attributes_total(bytes: usize) -> Result<(), Breach> {
    if bytes <= ATTRIBUTES_BYTES {
        return Ok(());
    }
    let limit = Limit::Length { length: bytes, limit: ATTRIBUTES_BYTES, unit: Unit::Bytes };
    Err(Breach { member: Member::Attributes, limit })
}

/// Whether the API takes `key` in `Attributes`: letters and digits of ASCII, `-`, `_`.
#[must_use]
pub fn is_attribute_key(key: &str) -> bool {
    (1..=32_767).contains(&key.len())
        && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// Whether the API takes `key` in `SegmentAttributes`: as above, at most 128; a `:` only behind the service's own `connect`.
#[must_use]
pub fn is_segment_key(key: &str) -> bool {
    key.len() <= 128 && is_attribute_key(key.strip_prefix("connect:").unwrap_or(key))
}

/// Whether the API takes `key` in the attributes of a message template.
#[must_use]
pub fn is_template_key(key: &str) -> bool {
    (1..=32_767).contains(&key.chars().count())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules() -> Rules {
        Rules {
            channel: Channel::Sms,
            content_type: ContentType::Plain,
            encoding: MessageEncoding::AsIs,
            instance_id: "i-1".into(),
            region: Some("us-west-2".into()),
        }
    }

    fn told(member: &Member, rules: &Rules, text: &str) -> String {
        settle(member, rules, text)
            .map_or_else(|breach| format!("{}: {breach}", breach.code()), Cow::into_owned)
    }

    #[test]
    fn each_text_has_its_limits() {
        let rules = rules();
        for (member, at_limit, beyond, code) in [
            (Member::Message, "a".repeat(1024), "a".repeat(1025), "message-too-long"),
            (Member::Message, "ж".repeat(630), "ж".repeat(631), "message-too-long"),
            (Member::Message, "€".repeat(765), "€".repeat(766), "message-too-long"),
            (Member::Message, " x".into(), " \n".into(), "message-empty"),
            (Member::DisplayName, "é".repeat(256), "é".repeat(257), "display-name-too-long"),
            (Member::RelatedContact, "a".repeat(256), "a".repeat(257), "text-too-long"),
            (Member::Segment("a".into()), "a".repeat(1024), "a".repeat(1025), "text-too-long"),
            (Member::Attribute("a".into()), "é".repeat(32_767), "é".repeat(32_768), "attribute-too-long"),
            (Member::CustomerProfile, "{\"a\": 1}".into(), "{a: 1}".into(), "text-not-json"),
            (Member::Flow, "66666666-7777-8888-9999-000000000000".into(), "two words".into(), "flow-invalid"),
        ] {
            assert_eq!(settle(&member, &rules, &at_limit).as_deref(), Ok(at_limit.as_str()), "{member}");
            assert_eq!(settle(&member, &rules, &beyond).unwrap_err().code(), code, "{member}");
        }
        assert!(attributes_total(32_768).is_ok());
        assert_eq!(attributes_total(32_769).unwrap_err().code(), "attributes-too-long");
    }

    #[test]
    fn texts_go_out_as_the_api_wants_them() {
        let mut rules = rules();
        let arn = "arn:aws:connect:us-west-2:123456789012:instance/i-1/contact-flow/f-1";
        assert_eq!(told(&Member::Flow, &rules, arn), "f-1");
        rules.encoding = MessageEncoding::Gsm;
        assert_eq!(told(&Member::Message, &rules, "It’s “on”"), "It's \"on\"");
        assert_eq!(told(&Member::DisplayName, &rules, "It’s"), "It’s");
    }

    #[test]
    fn other_channels_and_types_have_other_limits() {
        let mut rules = Rules { channel: Channel::WhatsApp, ..rules() };
        assert!(settle(&Member::Message, &rules, &"ж".repeat(4096)).is_ok());
        assert_eq!(
            settle(&Member::Message, &rules, &"a".repeat(4097)).unwrap_err().code(),
            "message-too-long"
        );
        assert!(settle(&Member::Message, &rules, &"😀".repeat(4096)).is_ok(), "exactly all bytes");
        rules.content_type = ContentType::Json;
        let json = |length: usize| format!("\"{}\"", "a".repeat(length - 2));
        assert!(settle(&Member::Message, &rules, &json(16_384)).is_ok());
        assert_eq!(settle(&Member::Message, &rules, &json(16_385)).unwrap_err().code(), "message-too-long");
        assert_eq!(settle(&Member::Message, &rules, "hello").unwrap_err().code(), "text-not-json");
    }

    #[test]
    fn the_words() {
        let source = "arn:aws:connect:eu-west-2:123456789012:phone-number/1";
        let told = [
            told(&Member::Source, &rules(), source),
            told(&Member::Source, &rules(), &source.replace("connect", "sms-voice")),
            told(&Member::Message, &rules(), &("’".to_owned() + &"a".repeat(640))),
            told(&Member::Message, &rules(), &"[".repeat(1000)),
            told(&Member::DisplayName, &rules(), &"a".repeat(300)),
        ];
        insta::assert_snapshot!(told.join("\n"));
    }

    #[test]
    fn keys() {
        assert!(is_attribute_key("First_Name-2") && is_segment_key("connect:Subtype"));
        for key in ["", "first name", "größe", "a:b"] {
            assert!(!is_attribute_key(key), "{key}");
        }
        for key in [&"a".repeat(129), "a:b", "connect:", "connect:a:b", ""] {
            assert!(!is_segment_key(key), "{key}");
        }
        assert!(is_template_key("any key") && !is_template_key("") && !is_template_key(&"a".repeat(32_768)));
    }
}
