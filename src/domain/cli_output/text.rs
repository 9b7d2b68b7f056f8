//! `--output text`: values with tabs between them, a line for each list or map. Source: `awscli.text`.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::{is_scalar, scalar};

/// The answer as lines.
pub(super) fn print(answer: &Value) -> String {
    let mut text = String::new();
    item(answer, None, None, &mut text);
    text
}

fn item(value: &Value, name: Option<&str>, keys: Option<&BTreeSet<&str>>, text: &mut String) {
    match value {
        Value::Object(members) => map(members, name, keys, text),
        Value::Array(values) => list(values, name, text),
        scalar_value => line(&[scalar(scalar_value)], text),
    }
}

fn list(values: &[Value], name: Option<&str>, text: &mut String) {
    if values.iter().any(Value::is_object) {
        let members = values.iter().filter_map(Value::as_object).flatten();
        let keys = members.filter(|(_, value)| is_scalar(value)).map(|(key, _)| key.as_str()).collect();
        for value in values {
            item(value, name, Some(&keys), text);
        }
        return;
    }
    let (scalars, others): (Vec<&Value>, Vec<&Value>) = values.iter().partition(|value| is_scalar(value));
    if !scalars.is_empty() {
        let cells: Vec<String> = scalars.into_iter().map(scalar).collect();
        match name {
            Some(name) => cells.iter().for_each(|cell| line(&[name.to_uppercase(), cell.clone()], text)),
            None => line(&cells, text),
        }
    }
    for other in others {
        item(other, name, None, text);
    }
}

fn map(members: &Map<String, Value>, name: Option<&str>, keys: Option<&BTreeSet<&str>>, text: &mut String) {
    let mut cells: Vec<String> = match keys {
        Some(keys) => keys.iter().map(|key| members.get(*key).map(scalar).unwrap_or_default()).collect(),
        None => members.values().filter(|value| is_scalar(value)).map(scalar).collect(),
    };
    if !cells.is_empty() {
        cells.splice(0..0, name.map(str::to_uppercase));
        line(&cells, text);
    }
    for (key, value) in members.iter().filter(|(key, value)| match keys {
        Some(keys) => !keys.contains(key.as_str()),
        None => !is_scalar(value),
    }) {
        item(value, Some(key), None, text);
    }
}

fn line(cells: &[String], text: &mut String) {
    text.push_str(&cells.join("\t"));
    text.push('\n');
}
