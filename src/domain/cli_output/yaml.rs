//! `--output yaml`, as version 2 of the AWS CLI prints it: block style, names in their order, a bare scalar as JSON.

use serde_json::Value;

/// The answer as YAML; nothing for an empty map.
pub(super) fn print(answer: &Value) -> String {
    let mut text = String::new();
    match answer {
        Value::Object(members) if members.is_empty() => {}
        Value::Object(_) | Value::Array(_) => block(answer, 0, &mut text),
        other => text = format!("{other}\n"),
    }
    text
}

fn block(value: &Value, indent: usize, text: &mut String) {
    let pad = " ".repeat(indent);
    match value {
        Value::Array(values) if values.is_empty() => text.push_str("[]\n"),
        Value::Object(members) if members.is_empty() => text.push_str("{}\n"),
        Value::Array(values) => {
            for (at, value) in values.iter().enumerate() {
                text.push_str(if at == 0 { "" } else { &pad });
                text.push_str("- ");
                block(value, indent + 2, text);
            }
        }
        Value::Object(members) => {
            for (at, (name, value)) in members.iter().enumerate() {
                text.push_str(if at == 0 { "" } else { &pad });
                text.push_str(&scalar(name));
                text.push(':');
                match value {
                    Value::Array(values) if !values.is_empty() => {
                        text.push_str(&format!("\n{pad}"));
                        block(value, indent, text);
                    }
                    Value::Object(members) if !members.is_empty() => {
                        text.push_str(&format!("\n{pad}  "));
                        block(value, indent + 2, text);
                    }
                    _ => {
                        text.push(' ');
                        block(value, indent, text);
                    }
                }
            }
        }
        Value::String(string) => text.push_str(&format!("{}\n", scalar(string))),
        other => text.push_str(&format!("{other}\n")),
    }
}

/// A string without quotes where it stays one, else in single quotes, and with escapes where it needs them.
fn scalar(text: &str) -> String {
    if text.chars().any(char::is_control) {
        return Value::from(text).to_string();
    }
    let plain = |c: char| c.is_alphanumeric() || "_-./@+=() ".contains(c);
    let begins = text.chars().next().is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '/' | '.'));
    let other_type = text.parse::<f64>().is_ok()
        || ["null", "true", "false", "yes", "no", "on", "off", "~"].contains(&text.to_lowercase().as_str())
        || text.bytes().all(|byte| byte.is_ascii_digit() || b"-_.:+xoabcdefABCDEF".contains(&byte))
            && looks_numeric(text);
    if begins && !other_type && !text.ends_with(' ') && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "''"))
}

/// Integers in other bases, with `_`, and dates.
fn looks_numeric(text: &str) -> bool {
    let date = text.len() == 10
        && text.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    date || text.starts_with("0x")
        || text.starts_with("0o")
        || text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_')
}
