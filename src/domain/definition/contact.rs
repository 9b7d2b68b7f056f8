//! `[contact]`: the members of the request.

use std::collections::BTreeMap;

use super::document::{Node, TableEntry, Value};
use super::keys::KeyKind;
use super::reader::Reader;
use super::{Attributes, Text};
use crate::domain::arn::is_uuid;
use crate::domain::foreign::shown;
use crate::domain::message::content::{Channel, ContentType, MessageEncoding};
use crate::domain::message::limits::{Member, Rules, is_attribute_key, is_segment_key, is_template_key};
use crate::domain::message::request::{Message, Request, SegmentValue};
use crate::domain::message::template::Template;
use crate::domain::problem::Problem;
use crate::domain::senders::Sender;

/// The segment attribute that says what the channel is.
const SUBTYPE: &str = "connect:Subtype";

/// Characters of an attribute's name that contacts can be searched by (service model).
const LONGEST_TRACE: usize = 100;

/// Deepest nesting of segment attributes.
const DEEPEST: usize = 8;

/// The rules as far as they follow from `[contact]`.
pub(super) fn rules(reader: &mut Reader<'_>, rules: &mut Rules) {
    if reader.text("contact.encoding").as_deref() == Some("gsm") {
        rules.encoding = MessageEncoding::Gsm;
    }
    let Some(message) = reader.node("contact.message") else { return };
    let Some(node) = message.get("content_type") else { return };
    match &node.value {
        Value::Text(name) if ContentType::parse(name).is_some() => {
            rules.content_type = ContentType::parse(name).unwrap_or(rules.content_type);
            if rules.channel == Channel::Sms && rules.content_type != ContentType::Plain {
                let message =
                    format!("`contact.message.content_type` must be \"text/plain\" for SMS, not {name:?}");
                let hint = "leave it out, or set `channel = \"whatsapp\"` in [connect]";
                reader.mistake(node.place, message, hint);
            }
        }
        _ => {
            let words = KeyKind::OneOf(ContentType::NAMES).words();
            let message = format!("`contact.message.content_type` must be {words}");
            reader.mistake(node.place, message, "leave it out for text/plain");
        }
    }
}

/// Whether every column is an attribute.
pub(super) fn attributes_wanted(reader: &Reader<'_>) -> Attributes {
    match reader.node("contact.attributes") {
        Some(Node { value: Value::Text(_), .. }) => Attributes::AllColumns,
        _ => Attributes::Named,
    }
}

/// The attribute that carries a contact's client token; `None` where the definition wants none.
pub(super) fn trace(reader: &mut Reader<'_>) -> Option<String> {
    let Node { place, value: Value::Text(name) } = reader.node("contact.trace")? else { return None };
    if name.is_empty() {
        return None;
    }
    if !is_attribute_key(&name) || name.len() > LONGEST_TRACE {
        let message = format!("`contact.trace` is no name for an attribute: {}", shown(&name));
        let hint = "letters, digits, - and _, at most 100; false leaves the attribute out";
        reader.mistake(place, message, hint);
    }
    Some(name)
}

/// The request. Flow and source are empty where they are missing or wrong, and then that is noted.
pub(super) fn request(reader: &mut Reader<'_>, rules: &Rules, senders: &[Sender]) -> Request<Text> {
    let contact_flow_id = reader.template("connect.contact_flow_id", Member::Flow, rules);
    if let Some(id) = contact_flow_id.as_ref().and_then(|text| text.template.as_fixed())
        && !id.is_empty()
        && !is_uuid(id)
    {
        let place = reader.place("connect.contact_flow_id");
        let message = format!("`connect.contact_flow_id` cannot be the id of a flow: {}", shown(id));
        let hint = "an id is like 11111111-2222-3333-4444-555555555555; the flow's page shows its ARN under \"Show additional flow \
                    information\"";
        reader.mistake(place, message, hint);
    }
    // Each row has the source of its sender in the end; what needs only one takes the first.
    let first = senders.first().map(|sender| Text {
        member: Member::Source,
        template: Template::fixed(&sender.source),
        place: reader.place("senders"),
        saved_segments: 0,
    });
    let source = reader.template("connect.source", Member::Source, rules).or(first);
    let segment_attributes = segments(reader, rules);
    let attributes = texts(reader, "contact.attributes", rules, Member::Attribute, true);
    let display_name = reader.template("contact.display_name", Member::DisplayName, rules);
    let related_contact_id = reader.template("contact.related_contact_id", Member::RelatedContact, rules);
    let message = message(reader, rules);
    let supported_content_types = supported(reader);
    let minutes = reader.integer("contact.chat_duration_minutes");
    let empty = |member| Text { member, template: Template::fixed(""), place: None, saved_segments: 0 };
    Request {
        instance_id: rules.instance_id.clone(),
        sender_instance_id: None,
        contact_flow_id: contact_flow_id.unwrap_or_else(|| empty(Member::Flow)),
        source: source.unwrap_or_else(|| empty(Member::Source)),
        segment_attributes,
        attributes,
        chat_duration_minutes: minutes.and_then(|minutes| u16::try_from(minutes).ok()),
        display_name,
        message,
        related_contact_id,
        supported_content_types,
    }
}

fn message(reader: &mut Reader<'_>, rules: &Rules) -> Option<Message<Text>> {
    let templated = templated(reader, rules);
    let Some(node) = reader.node("contact.message") else { return templated };
    if templated.is_some() {
        let message = "`contact.message` and [contact.templated_message] exclude each other";
        reader.problems.push(Problem::new(node.place, message).hint("a contact begins with one of them"));
    }
    let content = match &node.value {
        Value::Table(entries) => {
            for TableEntry { name, place, .. } in entries {
                if name != "content" && name != "content_type" {
                    let problem = Problem::new(*place, format!("unknown key `{name}` in `contact.message`"));
                    reader.problems.push(problem.hint("it has content_type and content"));
                }
            }
            let Some(content) = node.get("content") else {
                let hint =
                    "`message = { content_type = \"text/plain\", content = \"...\" }`, or only the text";
                reader.mistake(node.place, "`contact.message.content` is missing", hint);
                return None;
            };
            reader.compile(content, Member::Message, rules)
        }
        _ => reader.compile(&node, Member::Message, rules),
    };
    let content_type = rules.content_type.name().to_owned();
    content.map(|content| Message::Text { content_type, content }).or(templated)
}

fn templated(reader: &mut Reader<'_>, rules: &Rules) -> Option<Message<Text>> {
    const TABLE: &str = "contact.templated_message";
    reader.has(TABLE).then_some(())?;
    let mut id = |path: &str| {
        let id = reader.text(path).unwrap_or_default();
        if id.chars().count() > 500 {
            let place = reader.place(path);
            let hint = "name it by its id or ARN";
            reader.mistake(place, format!("`{path}` has more than 500 characters"), hint);
        }
        id
    };
    let knowledge_base_id = id("contact.templated_message.knowledge_base_id");
    let template_id = id("contact.templated_message.template_id");
    let attributes =
        texts(reader, "contact.templated_message.attributes", rules, Member::TemplateAttribute, false);
    let path = "contact.templated_message.customer_profile";
    let customer_profile = reader.template(path, Member::CustomerProfile, rules);
    Some(Message::Templated { knowledge_base_id, template_id, attributes, customer_profile })
}

fn texts(
    reader: &mut Reader<'_>,
    path: &str,
    rules: &Rules,
    member: fn(String) -> Member,
    strict: bool,
) -> BTreeMap<String, Text> {
    let Some(Node { value: Value::Table(entries), .. }) = reader.node(path) else { return BTreeMap::new() };
    let mut texts = BTreeMap::new();
    for TableEntry { name, place, node } in entries {
        let (fits, hint) = match strict {
            true => (is_attribute_key(&name), "the API takes letters, digits, - and _, at most 32,767"),
            false => (is_template_key(&name), "the API takes 1 to 32,767 characters"),
        };
        if !fits {
            let message = format!("`{}` is no name for an attribute", shown(&name));
            reader.problems.push(Problem::new(place, message).hint(hint));
        }
        if let Some(text) = reader.compile(&node, member(name.clone()), rules) {
            texts.insert(name, text);
        }
    }
    texts
}

fn supported(reader: &mut Reader<'_>) -> Vec<String> {
    const PATH: &str = "contact.supported_content_types";
    let types = reader.texts(PATH);
    for (name, place) in &types {
        if !ContentType::SUPPORTED.contains(&name.as_str()) {
            let words = KeyKind::OneOf(ContentType::SUPPORTED).words();
            let message = format!("each of `{PATH}` must be {words}");
            reader.mistake(*place, message, "leave the key out to have what the flow needs");
        }
    }
    if !types.is_empty() && !types.iter().any(|(name, _)| name == "text/plain") {
        let place = reader.place(PATH);
        let message = format!("`{PATH}` must contain \"text/plain\"");
        reader.mistake(place, message, "add \"text/plain\" to the list, or leave the key out");
    }
    types.into_iter().map(|(name, _)| name).collect()
}

fn segments(reader: &mut Reader<'_>, rules: &Rules) -> BTreeMap<String, SegmentValue<Text>> {
    let mut values = BTreeMap::new();
    if let Some(Node { value: Value::Table(entries), .. }) = reader.node("contact.segment_attributes") {
        values = segment_map(reader, &entries, rules, "", 1);
        if let Some(entry) = entries.iter().find(|entry| entry.name == SUBTYPE)
            && entry.node.value != Value::Text(rules.channel.subtype().to_owned())
        {
            let problem =
                Problem::new(entry.node.place, format!("`{SUBTYPE}` contradicts `connect.channel`"));
            reader.problems.push(
                problem.hint(format!("leave it out; the channel makes it {}", rules.channel.subtype())),
            );
        }
    }
    let template = Template::fixed(rules.channel.subtype());
    let subtype =
        Text { member: Member::Segment(SUBTYPE.to_owned()), template, place: None, saved_segments: 0 };
    values.insert(SUBTYPE.to_owned(), SegmentValue::String(subtype));
    values
}

fn segment_map(
    reader: &mut Reader<'_>,
    entries: &[TableEntry],
    rules: &Rules,
    above: &str,
    depth: usize,
) -> BTreeMap<String, SegmentValue<Text>> {
    let mut values = BTreeMap::new();
    for TableEntry { name, place, node } in entries {
        if !is_segment_key(name) {
            let problem =
                Problem::new(*place, format!("`{}` is no name for a segment attribute", shown(name)));
            reader.problems.push(problem.hint("the API takes letters, digits, - and _, at most 128"));
        }
        let path = if above.is_empty() { name.clone() } else { format!("{above}.{name}") };
        if let Some(value) = segment(reader, node, rules, &path, depth) {
            values.insert(name.clone(), value);
        }
    }
    values
}

fn segment(
    reader: &mut Reader<'_>,
    node: &Node,
    rules: &Rules,
    path: &str,
    depth: usize,
) -> Option<SegmentValue<Text>> {
    if depth > DEEPEST {
        let message = format!("segment attributes are nested at most {DEEPEST} deep");
        reader.mistake(node.place, message, "lay what is deeper beside the rest");
        return None;
    }
    match &node.value {
        Value::Text(_) => {
            reader.compile(node, Member::Segment(path.to_owned()), rules).map(SegmentValue::String)
        }
        Value::Integer(integer) if i32::try_from(*integer).is_ok() => {
            i32::try_from(*integer).ok().map(SegmentValue::Integer)
        }
        Value::List(list) if list.is_empty() => {
            reader.mistake(
                node.place,
                format!("the segment attribute `{path}` is an empty list"),
                "put a value into it, or leave it out",
            );
            None
        }
        Value::Table(entries) if entries.is_empty() => {
            reader.mistake(
                node.place,
                format!("the segment attribute `{path}` is an empty table"),
                "put a value into it, or leave it out",
            );
            None
        }
        Value::Table(entries) => {
            Some(SegmentValue::Map(segment_map(reader, entries, rules, path, depth + 1)))
        }
        Value::List(list) => {
            let items = list.iter().enumerate();
            let values = items
                .filter_map(|(at, item)| segment(reader, item, rules, &format!("{path}.{at}"), depth + 1));
            Some(SegmentValue::List(values.collect()))
        }
        Value::Integer(_) | Value::Number(_) | Value::Flag(_) | Value::Other => {
            let message = format!(
                "the segment attribute `{path}` must be a string, an integer of 32 bits, a list or a table"
            );
            reader.mistake(node.place, message, "put it in quotes to send it as a text");
            None
        }
    }
}
