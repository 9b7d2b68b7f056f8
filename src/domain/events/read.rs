//! What a record is, by its members, and what wraps it taken off.

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::domain::events::raw::Raw;
use crate::domain::events::{AccountEvent, ContactEvent, MessageEvent, ParsedRecord, SentRecord, Unreadable};

/// Bytes that a record of ours has at least: an event has an id and a word or a time, and what wraps one has more. A
/// packed file of half a megabyte may hold a hundred million records that are shorter, and reading them as ours takes a
/// minute.
const SHORTEST: usize = 40;

/// Reads a record into `parsed`, through at most so many wrappings.
pub(super) fn read(record: &[u8], wrappings: u8, parsed: &mut ParsedRecord) {
    if record.len() < SHORTEST && serde_json::from_slice::<IgnoredAny>(record).is_ok() {
        parsed.other += 1;
        return;
    }
    if is_deep(record) {
        return parsed.bad.push(Unreadable::TooDeep);
    }
    match serde_json::from_slice::<Raw<'_>>(record) {
        Ok(raw) => sort(raw, wrappings, parsed),
        Err(_) if is_of_others(record) => parsed.other += 1,
        Err(error) => parsed.bad.push(Unreadable::NotJson(error.to_string())),
    }
}

/// How deep AWS's records are at most, and more. What reads them takes stack for each level.
const DEEPEST: usize = 32;

/// Whether a text that may be JSON is nested deeper than [`DEEPEST`].
fn is_deep(record: &[u8]) -> bool {
    let (mut depth, mut in_string) = (0_usize, false);
    let mut bytes = record.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' if in_string => drop(bytes.next()),
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => depth += 1,
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEEPEST {
            return true;
        }
    }
    false
}

/// Events of other services may have members of our names and of other types.
fn is_of_others(record: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Kind {
        source: Option<serde_json::Value>,
        #[serde(rename = "eventSource")]
        event_source: Option<serde_json::Value>,
    }
    let Ok(kind) = serde_json::from_slice::<Kind>(record) else { return false };
    let named: Vec<_> = [&kind.source, &kind.event_source].into_iter().flatten().collect();
    let ours = ["aws.sms-voice", "aws.connect", "sms-voice.amazonaws.com"];
    !named.is_empty() && named.iter().all(|name| name.as_str().is_some_and(|name| !ours.contains(&name)))
}

/// What a record is, by its members.
fn sort(mut raw: Raw<'_>, wrappings: u8, parsed: &mut ParsedRecord) {
    let wrapped = [&raw.message, &raw.notification, &raw.body, &raw.trail_event].into_iter().flatten().next();
    if let Some(text) = wrapped.filter(|_| raw.message_status.is_none()) {
        return within(text, wrappings, parsed);
    }
    if let Some(list) = raw.records.take().or_else(|| raw.log_events.take()) {
        let Some(wrappings) = wrappings.checked_sub(1) else { return parsed.bad.push(Unreadable::TooDeep) };
        return list.into_iter().for_each(|raw| sort(raw, wrappings, parsed));
    }
    let event = match event(raw) {
        Ok(event) => event,
        Err(why) => return parsed.bad.push(why),
    };
    match event {
        Some(event) => parsed.events.push(event),
        None => parsed.other += 1,
    }
}

/// A text within a record is one itself, or a line of a log that says something else.
fn within(text: &str, wrappings: u8, parsed: &mut ParsedRecord) {
    let Some(wrappings) = wrappings.checked_sub(1) else { return parsed.bad.push(Unreadable::TooDeep) };
    let text = text.trim();
    if text.starts_with('{') { read(text.as_bytes(), wrappings, parsed) } else { parsed.other += 1 }
}

fn event(mut raw: Raw<'_>) -> Result<Option<AccountEvent>, Unreadable> {
    if let Some(detail) = raw.detail.take() {
        return match raw.source.as_deref() {
            _ if raw.detail_type.as_deref() == Some("AWS API Call via CloudTrail") => trail(*detail),
            Some("aws.sms-voice") if is_text(&detail) => message(*detail, Some(&raw)),
            Some("aws.connect") if raw.detail_type.as_deref().is_some_and(is_contact) => {
                contact(*detail, Some(&raw))
            }
            _ => Ok(None),
        };
    }
    if raw.message_status.is_some() && is_text(&raw) {
        message(raw, None)
    } else if raw.event_name.is_some() && raw.event_source.is_some() {
        trail(raw)
    } else if raw.contact_id.is_some() && raw.instance_arn.is_some() {
        contact(raw, None)
    } else {
        Ok(None)
    }
}

/// Voice and media messages have delivery events of the same form.
fn is_text(raw: &Raw<'_>) -> bool {
    raw.event_type.as_deref().is_none_or(|kind| kind.starts_with("TEXT_"))
}

/// Both names that the guide has for it.
fn is_contact(detail_type: &str) -> bool {
    matches!(detail_type, "Amazon Connect Contact Event" | "Contact Event" | "Connect Customer Contact Event")
        || detail_type == "Amazon Connect Customer Contact Event"
}

fn message(raw: Raw<'_>, envelope: Option<&Raw<'_>>) -> Result<Option<AccountEvent>, Unreadable> {
    MessageEvent::read(raw, envelope).map(|event| Some(AccountEvent::Message(event)))
}

fn contact(raw: Raw<'_>, envelope: Option<&Raw<'_>>) -> Result<Option<AccountEvent>, Unreadable> {
    Ok(ContactEvent::read(raw, envelope)?.map(AccountEvent::Contact))
}

fn trail(raw: Raw<'_>) -> Result<Option<AccountEvent>, Unreadable> {
    if raw.event_source.as_deref() != Some("sms-voice.amazonaws.com") {
        return Ok(None);
    }
    Ok(SentRecord::read(raw)?.map(AccountEvent::Sent))
}
