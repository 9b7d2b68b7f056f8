//! What the AWS CLI prints of an answer: `--query`, then JSON, text, YAML or a table.
//!
//! Source: `awscli.formatter`, `awscli.text` and `awscli.table` of version 1.46; YAML as in version 2.

mod table;
mod text;
mod yaml;

use serde_json::Value;

/// `--output`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OutputForm {
    /// Indented by four.
    #[default]
    Json,
    /// Values with tabs between them.
    Text,
    /// A list or map a line.
    Yaml,
    /// Boxes of lines.
    Table,
}

impl OutputForm {
    /// The words of `--output`.
    pub const NAMES: [&'static str; 4] = ["json", "text", "yaml", "table"];

    /// The form with this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let at = Self::NAMES.iter().position(|known| *known == name)?;
        Some([Self::Json, Self::Text, Self::Yaml, Self::Table][at])
    }
}

/// A JMESPath expression.
#[derive(Debug, Clone)]
pub struct Query(jmespath::Expression<'static>);

/// Longest query, in bytes: each operator is a step deeper for who reads it.
const LONGEST: usize = 4_096;

/// What is wrong with a query, or came of one that does not fit the answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Bad value for --query {query}: {why}")]
pub struct BadQuery {
    query: String,
    why: String,
}

impl Query {
    /// Compiles an expression.
    ///
    /// # Errors
    /// [`BadQuery`].
    pub fn parse(text: &str) -> Result<Self, BadQuery> {
        let bad =
            |error: jmespath::JmespathError| BadQuery { query: text.to_owned(), why: error.to_string() };
        if text.len() > LONGEST {
            let why = format!("it has {} bytes; at most {LONGEST} are read", text.len());
            return Err(BadQuery { query: text.chars().take(40).collect(), why });
        }
        jmespath::compile(text).map(Self).map_err(bad)
    }

    /// What it finds in an answer.
    ///
    /// # Errors
    /// Where a function of it cannot be used with what the answer has.
    pub fn search(&self, answer: &Value) -> Result<Value, BadQuery> {
        let bad = |why: String| BadQuery { query: self.0.as_str().to_owned(), why };
        let found = self.0.search(answer).map_err(|error| bad(error.to_string()))?;
        serde_json::to_value(&*found).map_err(|error| bad(error.to_string()))
    }
}

/// How an answer is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Printing<'a> {
    /// The form.
    pub form: OutputForm,
    /// The title of a table: the operation.
    pub title: &'a str,
    /// The width of the terminal, for tables; 80 where there is none.
    pub width: usize,
    /// Whether a table has colours.
    pub colour: bool,
}

impl Printing<'_> {
    /// The answer as it is printed; empty where nothing is.
    #[must_use]
    pub fn print(&self, answer: &Value) -> String {
        match self.form {
            OutputForm::Json => json(answer),
            OutputForm::Text => text::print(answer),
            OutputForm::Yaml => yaml::print(answer),
            OutputForm::Table => table::print(answer, self),
        }
    }
}

/// As `json.dump(indent=4, ensure_ascii=False)`.
fn json(answer: &Value) -> String {
    use serde::Serialize as _;

    if answer.as_object().is_some_and(serde_json::Map::is_empty) {
        return String::new();
    }
    let mut bytes = Vec::new();
    let indent = serde_json::ser::PrettyFormatter::with_indent(b"    ");
    let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, indent);
    answer.serialize(&mut serializer).expect("JSON serializes");
    bytes.push(b'\n');
    String::from_utf8(bytes).expect("JSON is UTF-8")
}

/// Python's `str` of a scalar.
fn scalar(value: &Value) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn is_scalar(value: &Value) -> bool {
    !matches!(value, Value::Array(_) | Value::Object(_))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn printed(form: &str, answer: &Value) -> String {
        let form = OutputForm::parse(form).unwrap();
        Printing { form, title: "StartOutboundChatContact", width: 80, colour: false }.print(answer)
    }

    /// Expected texts printed by awscli 1.46.3 and, for YAML, ruamel.yaml's safe dumper.
    #[test]
    fn an_answer_in_each_form() {
        let answer = json!({"ContactId": "6f0e4c1a-0000-4000-8000-000000000001"});
        let all: String = OutputForm::NAMES.iter().map(|form| printed(form, &answer)).collect();
        insta::assert_snapshot!(all);
    }

    #[test]
    fn a_query_without_an_end_is_none() {
        assert!(Query::parse(&"!".repeat(50_000)).unwrap_err().to_string().contains("at most 4096"));
    }

    #[test]
    fn what_a_query_finds_in_each_form() {
        let answer = json!({"ContactId": "c-1"});
        let mut all = String::new();
        for query in [
            "ContactId",
            "[ContactId]",
            "{id: ContactId, n: length(ContactId)}",
            "[[ContactId, ContactId]]",
            "None",
            "[{a: ContactId, b: [ContactId]}, {c: `true`}]",
            "`{}`",
            "`\"yes\"`",
        ] {
            let found = Query::parse(query).unwrap().search(&answer).unwrap();
            for form in OutputForm::NAMES {
                all += &format!("--query {query} --output {form}\n{}", printed(form, &found));
            }
        }
        insta::assert_snapshot!(all);
        assert!(Query::parse("[").is_err());
        assert!(Query::parse("abs(ContactId)").unwrap().search(&answer).is_err());
    }
}
