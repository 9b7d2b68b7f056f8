//! The JSON Schema of a definition, from the table of keys: what editors complete and underline with.
//!
//! It knows the form of each key, not what keys must agree on; a definition that it takes may still have mistakes, one
//! that it refuses has. Draft 7, which is what editors of TOML read.

use serde_json::{Map, Value, json};

use super::RequestRate;
use super::document::literal;
use super::keys::{KEYS, Key, KeyKind, Need, TABLES};
use super::sender_keys::SENDER_KEYS;
use crate::domain::message::content::ContentType;

/// The schema.
#[must_use]
pub fn schema() -> Value {
    let mut root = table("", "A campaign: what each recipient of a CSV is sent, from where, and how fast.");
    root["$schema"] = json!("http://json-schema.org/draft-07/schema#");
    root["title"] = json!("campaign definition");
    // One number sends, or several do.
    root["oneOf"] = json!([
        { "required": ["senders"] },
        { "properties": { "connect": { "required": ["source"] } }, "not": { "required": ["senders"] } },
    ]);
    // Nothing is sent from an instance of [connect] where every sender has its own.
    root["anyOf"] = json!([
        { "required": ["connect"], "properties": { "connect": { "required": of_home().collect::<Vec<_>>() } } },
        { "required": ["senders"], "properties": { "senders": { "items": { "required": of_home().collect::<Vec<_>>() } } } },
    ]);
    // What a segment attribute may be, however deep.
    root["definitions"] = json!({
        "segment": {
            "anyOf": [
                { "type": "string" },
                { "type": "integer" },
                { "type": "array", "items": { "$ref": "#/definitions/segment" } },
                { "type": "object", "additionalProperties": { "$ref": "#/definitions/segment" } },
            ]
        }
    });
    root
}

fn table(path: &str, doc: &str) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for key in KEYS {
        let (above, name) = split(key.path);
        if above == path {
            properties.insert(name.to_owned(), of_key(key));
            required.extend((key.need == Need::Required).then_some(name));
        }
    }
    for (inner, doc) in TABLES {
        let (above, name) = split(inner);
        if above == path {
            let has_required =
                KEYS.iter().any(|key| split(key.path).0 == *inner && key.need == Need::Required);
            properties.insert(name.to_owned(), table(inner, doc));
            required.extend((has_required && above.is_empty()).then_some(name));
        }
    }
    let mut schema = json!({
        "type": "object",
        "description": doc,
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    });
    if path == "contact" {
        // A contact begins with one of them.
        schema["not"] = json!({ "required": ["message", "templated_message"] });
    }
    schema
}

/// What `[connect]` must have, or else each sender.
fn of_home() -> impl Iterator<Item = &'static str> {
    KEYS.iter().filter(|key| key.need == Need::OfHome).map(|key| split(key.path).1)
}

/// The tables below `[[senders]]`.
fn senders() -> Value {
    let keys = SENDER_KEYS.iter().map(|key| (split(key.path).1.to_owned(), of_key(key)));
    let required = SENDER_KEYS.iter().filter(|key| key.need == Need::Required).map(|key| split(key.path).1);
    json!({
        "type": "array",
        "minItems": 1,
        "items": {
            "type": "object",
            "properties": keys.collect::<Map<_, _>>(),
            "required": required.collect::<Vec<_>>(),
            "additionalProperties": false,
        },
    })
}

fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('.').unwrap_or(("", path))
}

fn of_key(key: &Key) -> Value {
    let mut schema = of_kind(key.kind);
    schema["description"] = json!(key.doc);
    if let Need::Default(default) = key.need {
        schema["default"] = literal(default).to_json();
    }
    schema
}

fn of_kind(kind: KeyKind) -> Value {
    let texts = json!({ "type": "object", "additionalProperties": { "type": "string" } });
    match kind {
        KeyKind::Text => json!({ "type": "string", "minLength": 1 }),
        KeyKind::Template => json!({ "type": "string", "examples": ["{{ column }}"] }),
        KeyKind::OneOf(names) => json!({ "enum": names }),
        KeyKind::Integer { min, max } => json!({ "type": "integer", "minimum": min, "maximum": max }),
        KeyKind::Flag => json!({ "type": "boolean" }),
        KeyKind::Duration => json!({ "type": "string", "examples": ["30s", "4m", "1h30m"] }),
        KeyKind::Percent => {
            json!({ "type": "string", "pattern": "^\\s*[0-9]+(\\.[0-9]+)?\\s*%\\s*$", "examples": ["10%"] })
        }
        KeyKind::Texts => json!({ "type": "array", "items": { "type": "string" } }),
        KeyKind::Columns => json!({
            "anyOf": [
                { "type": "string", "minLength": 1 },
                { "type": "array", "items": { "type": "string", "minLength": 1 }, "minItems": 1 },
            ]
        }),
        KeyKind::Rate => json!({
            "anyOf": [
                { "type": "number", "minimum": RequestRate::LEAST, "maximum": RequestRate::MOST },
                { "const": "auto" },
            ]
        }),
        KeyKind::Amount => json!({ "type": "number", "exclusiveMinimum": 0 }),
        KeyKind::RowTime => json!({
            "anyOf": [
                { "type": "string", "examples": ["{{ visit_at }}"] },
                {
                    "type": "object",
                    "properties": {
                        "at": { "type": "string" },
                        "minus": { "type": "string", "examples": ["24h"] },
                        "plus": { "type": "string", "examples": ["1h"] },
                    },
                    "required": ["at"],
                    "additionalProperties": false,
                },
            ]
        }),
        KeyKind::Open => open_hours(),
        KeyKind::Command => json!({
            "anyOf": [
                { "type": "string", "minLength": 1 },
                { "type": "array", "items": { "type": "string" }, "minItems": 1 },
            ]
        }),
        KeyKind::Senders => senders(),
        KeyKind::Message => message(),
        KeyKind::Templates => texts,
        KeyKind::AttributeName => attribute_name(),
        KeyKind::Attributes => json!({ "anyOf": [{ "const": "all" }, texts] }),
        KeyKind::Segments => {
            json!({ "type": "object", "additionalProperties": { "$ref": "#/definitions/segment" } })
        }
        KeyKind::Cost => {
            let price = json!({ "type": "number", "minimum": 0, "maximum": 1000 });
            json!({
                "anyOf": [
                    price,
                    {
                        "type": "object",
                        "patternProperties": { "^[A-Za-z]{2}$": price },
                        "additionalProperties": false,
                    },
                ]
            })
        }
    }
}

/// Spans of a day, or of days of the week.
fn open_hours() -> Value {
    let spans = json!({
        "anyOf": [
            { "type": "string", "examples": ["09:00-20:00"] },
            { "type": "array", "items": { "type": "string" } },
        ]
    });
    let day = "(mon|tue|wed|thu|fri|sat|sun)";
    json!({
        "anyOf": [
            spans,
            {
                "type": "object",
                "patternProperties": { format!("^{day}(-{day})?$"): spans },
                "additionalProperties": false,
            },
        ]
    })
}

/// A text, or a text with its type.
fn attribute_name() -> Value {
    json!({
        "anyOf": [
            { "type": "string", "pattern": "^[A-Za-z0-9_-]{0,100}$" },
            { "const": false },
        ]
    })
}

fn message() -> Value {
    json!({
        "anyOf": [
            { "type": "string" },
            {
                "type": "object",
                "properties": {
                    "content_type": { "enum": ContentType::NAMES },
                    "content": { "type": "string" },
                },
                "required": ["content"],
                "additionalProperties": false,
            },
        ]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_in_the_schema_with_its_default_and_its_line() {
        let schema = schema();
        for key in KEYS {
            let pointer = format!("/properties/{}", key.path.replace('.', "/properties/"));
            let found = schema.pointer(&pointer).unwrap_or_else(|| panic!("{} is not in it", key.path));
            assert_eq!(found["description"], key.doc, "{}", key.path);
            assert_eq!(found.get("default").is_some(), matches!(key.need, Need::Default(_)), "{}", key.path);
            let (above, name) = split(key.path);
            let table = if above.is_empty() {
                String::new()
            } else {
                format!("/properties/{}", above.replace('.', "/properties/"))
            };
            let required = schema.pointer(&format!("{table}/required")).and_then(Value::as_array);
            let is_required = required.is_some_and(|required| required.contains(&json!(name)));
            assert_eq!(is_required, key.need == Need::Required, "{}", key.path);
        }
        let home = ["instance_id", "contact_flow_id"];
        assert_eq!(schema["required"], json!([]));
        assert_eq!(schema["anyOf"][0]["properties"]["connect"]["required"], json!(home));
        assert_eq!(schema["anyOf"][1]["properties"]["senders"]["items"]["required"], json!(home));
        let of_senders = schema["properties"]["senders"]["items"]["properties"].as_object().unwrap();
        assert!(home.iter().all(|key| of_senders.contains_key(*key)));
        assert_eq!(schema["properties"]["pace"]["properties"]["rate"]["default"], json!(2.0));
    }
}
