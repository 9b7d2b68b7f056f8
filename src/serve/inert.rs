//! Answers in JSON: the same values, with nothing in their text that acts on a terminal or turns a line around.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;

use crate::domain::foreign;

/// A JSON text as it may be sent. There is no other way to make one than from a value, so that no text from outside
/// reaches an answer as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct InertJson(Arc<str>);

impl From<&Value> for InertJson {
    fn from(value: &Value) -> Self {
        Self(foreign::inert_json(&value.to_string()).into())
    }
}

impl From<InertJson> for Bytes {
    fn from(json: InertJson) -> Self {
        Self::copy_from_slice(json.0.as_bytes())
    }
}

impl fmt::Display for InertJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_answer_is_one_line_of_the_same_values() {
        let value = json!({ "name": "a\n\u{202e}</script>\u{1b}[2J\u{9b}\u{2028}\"'" });
        let text = InertJson::from(&value).to_string();
        assert!(text.is_ascii() && !text.contains(|c: char| c.is_control()), "{text}");
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
    }
}
