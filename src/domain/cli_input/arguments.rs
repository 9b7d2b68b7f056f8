//! The text of an option becomes a member of the request.
//!
//! Source: `awscli.argprocess` and the `BackCompatVisitor` of `awscli.shorthand`, version 1.46. Two of its accidents are
//! left out: a text file for a list is not taken apart into characters, and a value that is a URL is not fetched (version 2
//! does neither).

use serde_json::{Map, Value};

use super::shape::{Member, Shape};
use super::{LoadFile, file_of, is_python_space, shorthand};

/// What follows an option.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Argument {
    /// One word.
    One(String),
    /// Any number of words, for a list.
    Several(Vec<String>),
}

/// An option that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Error parsing parameter '{option}': {why}")]
pub struct ArgumentError {
    /// The option.
    pub option: String,
    /// What is wrong with its value.
    pub why: String,
}

/// The member's value.
///
/// # Errors
/// [`ArgumentError`].
pub fn member(member: &Member, argument: &Argument, load: LoadFile<'_>) -> Result<Value, ArgumentError> {
    value(member.shape, argument, load).map_err(|why| ArgumentError { option: member.option(), why })
}

fn value(shape: &Shape, argument: &Argument, load: LoadFile<'_>) -> Result<Value, String> {
    let text = match argument {
        Argument::One(text) => text,
        Argument::Several(list) => return several(list, load),
    };
    let text = match file_of(text) {
        Some(file) => file.text(load)?,
        None => text.clone(),
    };
    match shape {
        Shape::Text { .. } | Shape::Word(_) => Ok(Value::from(text)),
        Shape::Integer { .. } => integer(&text).map(Value::from),
        Shape::Structure(_) | Shape::Map(_) => complex(shape, &text, load),
        Shape::List(_) => several(&[text], load),
    }
}

fn several(list: &[String], load: LoadFile<'_>) -> Result<Value, String> {
    if let [only] = list {
        if let Some(file) = file_of(only) {
            return json(&file.text(load)?);
        }
        if only.trim_matches(is_python_space).starts_with('[') {
            return json(only);
        }
    }
    Ok(Value::from(list))
}

fn complex(shape: &Shape, text: &str, load: LoadFile<'_>) -> Result<Value, String> {
    let begin = text.trim_start_matches(is_python_space);
    if begin.starts_with('{') {
        return json(text);
    }
    if begin.starts_with('[') {
        return Err(format!("Invalid JSON:\n{text}"));
    }
    let members = shorthand::parse(text, load).map_err(|error| error.to_string())?;
    typed(Value::from(members), shape)
}

fn json(text: &str) -> Result<Value, String> {
    serde_json::from_str(text).map_err(|error| format!("Invalid JSON: {error}\nJSON received: {text}"))
}

/// Gives the strings of shorthand the types that the shape has. What does not fit is left for the validation.
fn typed(value: Value, shape: &Shape) -> Result<Value, String> {
    Ok(match (shape, value) {
        (Shape::Structure(members), Value::Object(values)) => {
            let typed_member = |(name, value): (String, Value)| {
                let value = match members.iter().find(|member| member.name == name) {
                    Some(member) => typed(value, member.shape)?,
                    None => value,
                };
                Ok((name, value))
            };
            Value::Object(values.into_iter().map(typed_member).collect::<Result<Map<_, _>, String>>()?)
        }
        (Shape::Map(inner), Value::Object(values)) => {
            let values = values.into_iter().map(|(name, value)| Ok((name, typed(value, inner)?)));
            Value::Object(values.collect::<Result<Map<_, _>, String>>()?)
        }
        (Shape::List(inner), Value::Array(values)) => {
            Value::Array(values.into_iter().map(|value| typed(value, inner)).collect::<Result<_, _>>()?)
        }
        // `foo=bar` where a list is wanted is a list of one; what is in it stays a string.
        (Shape::List(_), value) => Value::Array(vec![value]),
        (Shape::Integer { .. }, Value::String(text)) => Value::from(integer(&text)?),
        (Shape::Integer { .. }, _) => return Err("an integer is wanted, not a list or a map".to_owned()),
        (_, value) => value,
    })
}

/// Python's `int(text)`: spaces around it, a sign, and `_` between digits are taken.
fn integer(text: &str) -> Result<i64, String> {
    let wrong = || format!("{text:?} is not an integer");
    let trimmed = text.trim_matches(is_python_space);
    let digits = trimmed.strip_prefix(['+', '-']).unwrap_or(trimmed);
    let parts =
        digits.split('_').all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()));
    parts.then(|| trimmed.replace('_', "")).and_then(|digits| digits.parse().ok()).ok_or_else(wrong)
}

/// The members in the text of `--cli-input-json`.
///
/// # Errors
/// Where it is not JSON.
pub fn json_input(text: &str) -> Result<Value, String> {
    json(text)
}

/// The members in the text of `--cli-input-yaml`, which is YAML 1.2.
///
/// # Errors
/// Where it is not YAML.
pub fn yaml_input(text: &str) -> Result<Value, String> {
    serde_saphyr::from_str(text).map_err(|error| format!("Invalid YAML: {error}"))
}

/// The members of the options, and of `--cli-input-json` or `--cli-input-yaml` those that no option gave.
///
/// # Errors
/// Where the input is not an object.
pub fn merge(mut options: Map<String, Value>, input: Option<Value>) -> Result<Map<String, Value>, String> {
    match input {
        None => {}
        Some(Value::Object(members)) => {
            for (name, value) in members {
                options.entry(name).or_insert(value);
            }
        }
        Some(_) => return Err("the input is not an object with the members of the request".to_owned()),
    }
    Ok(options)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::cli_input::shape::members;

    fn read(name: &str, words: &[&str]) -> Result<Value, String> {
        let load = |path: &str| match path {
            "minutes" => Ok("90\n".to_owned()),
            "types" => Ok("[\"text/plain\"]".to_owned()),
            "end" => Ok("{\"Type\": \"a\"}".to_owned()),
            _ => Err(format!("Unable to load paramfile {path}")),
        };
        let found = members().iter().find(|member| member.name == name).unwrap();
        let argument = match (found.shape, words) {
            (Shape::List(_), _) => Argument::Several(words.iter().map(|word| (*word).to_owned()).collect()),
            (_, [word]) => Argument::One((*word).to_owned()),
            _ => panic!("one word"),
        };
        member(found, &argument, &load).map_err(|error| error.to_string())
    }

    #[test]
    fn each_type_is_read_in_each_form() {
        for (name, words, expected) in [
            ("InstanceId", &["i-1"][..], json!("i-1")),
            ("InstanceId", &["{\"a\": 1}"], json!("{\"a\": 1}")),
            ("ChatDurationInMinutes", &[" +1_440 "], json!(1440)),
            ("ChatDurationInMinutes", &["file://minutes"], json!(90)),
            ("SourceEndpoint", &["Type=a,Address=b"], json!({"Type": "a", "Address": "b"})),
            ("SourceEndpoint", &[" {\"Type\": \"a\"}"], json!({"Type": "a"})),
            ("SourceEndpoint", &["file://end"], json!({"Type": "a"})),
            ("Attributes", &["a=1,b=[x]"], json!({"a": "1", "b": ["x"]})),
            (
                "SegmentAttributes",
                &[
                    "a={ValueInteger=5},b={ValueMap={c={ValueList=[{ValueInteger=-1}]}}},d={ValueList={ValueInteger=2}}",
                ],
                json!({
                    "a": {"ValueInteger": 5},
                    "b": {"ValueMap": {"c": {"ValueList": [{"ValueInteger": -1}]}}},
                    "d": {"ValueList": [{"ValueInteger": "2"}]},
                }),
            ),
            ("SupportedMessagingContentTypes", &["a", "b"], json!(["a", "b"])),
            ("SupportedMessagingContentTypes", &[" [\"a\"]"], json!(["a"])),
            ("SupportedMessagingContentTypes", &["file://types"], json!(["text/plain"])),
            ("SupportedMessagingContentTypes", &[], json!([])),
        ] {
            assert_eq!(read(name, words), Ok(expected), "{name} {words:?}");
        }
    }

    #[test]
    fn what_cannot_be_read_names_its_option() {
        for (name, word, found) in [
            ("ChatDurationInMinutes", "soon", "--chat-duration-in-minutes': \"soon\" is not an integer"),
            ("ChatDurationInMinutes", "1__0", "is not an integer"),
            ("SourceEndpoint", "[]", "Invalid JSON"),
            ("SourceEndpoint", "{a}", "--source-endpoint': Invalid JSON: key must be a string"),
            ("SourceEndpoint", "Type", "Expected: '=', received: 'EOF'"),
            ("SegmentAttributes", "a={ValueInteger=x}", "\"x\" is not an integer"),
            ("InstanceId", "file://none", "Unable to load paramfile none"),
            ("InstanceId", "fileb://minutes", "write file://minutes"),
        ] {
            let error = read(name, &[word]).unwrap_err();
            assert!(error.contains(found), "{name} {word}: {error}");
        }
    }

    #[test]
    fn options_win_member_by_member() {
        let options = json!({"A": {"x": 1}}).as_object().cloned().unwrap();
        let merged = merge(options.clone(), Some(json!({"A": {"y": 2}, "B": 3}))).unwrap();
        assert_eq!(Value::from(merged), json!({"A": {"x": 1}, "B": 3}));
        assert!(merge(options, Some(json!([]))).is_err());
    }
}
