//! A TOML document as a tree that knows where each value stands. Grammar only; what the values mean is not known here.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::domain::problem::{LineIndex, Problem, Problems, SourceSpan};
use crate::domain::table::visible::is_invisible;

/// A value and where it stands; defaults stand nowhere.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    pub(super) place: Option<SourceSpan>,
    pub(super) value: Value,
}

/// A TOML value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Text(String),
    Integer(i64),
    Number(f64),
    Flag(bool),
    List(Vec<Node>),
    Table(Vec<TableEntry>),
    /// A date, or a number that no machine word holds.
    Other,
}

/// A key with its value.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct TableEntry {
    pub(super) name: String,
    pub(super) place: Option<SourceSpan>,
    pub(super) node: Node,
}

impl Node {
    /// The node below `name`.
    pub(super) fn get(&self, name: &str) -> Option<&Self> {
        match &self.value {
            Value::Table(entries) => entries.iter().find(|entry| entry.name == name).map(|entry| &entry.node),
            _ => None,
        }
    }

    /// The same as JSON; what JSON does not have is null.
    pub(super) fn to_json(&self) -> serde_json::Value {
        match &self.value {
            Value::Text(text) => text.as_str().into(),
            Value::Integer(integer) => (*integer).into(),
            Value::Number(number) => (*number).into(),
            Value::Flag(flag) => (*flag).into(),
            Value::List(list) => list.iter().map(Self::to_json).collect(),
            Value::Table(entries) => {
                entries.iter().map(|entry| (entry.name.clone(), entry.node.to_json())).collect()
            }
            Value::Other => serde_json::Value::Null,
        }
    }

    /// The node at a path of names with dots.
    pub(super) fn at(&self, path: &str) -> Option<&Self> {
        path.split('.').try_fold(self, |node, name| node.get(name))
    }
}

/// Parses; every error of syntax goes to `problems`, and then there is no tree.
pub(super) fn parse(text: &str, problems: &mut Problems) -> Option<Node> {
    let (table, errors) = DeTable::parse_recoverable(text);
    let lines = LineIndex::new(text);
    let mut strange = Vec::new();
    for error in &errors {
        let place = error.span().map(|span| lines.span(span.start));
        if let Some((line, (column, c))) =
            place.and_then(|place| Some((place.line, strange_blank(lines.line(place.line)?)?)))
        {
            // One of them makes several errors of syntax, and there is rarely only one.
            if !strange.contains(&c) {
                strange.push(c);
                problems.push(blank_problem(c, Some(SourceSpan { line, column })));
            }
            continue;
        }
        let hint = syntax_hint(place.and_then(|place| lines.line(place.line)).unwrap_or_default());
        problems.push(Problem::new(place, format!("not TOML: {}", error.message())).hint(hint));
    }
    errors
        .is_empty()
        .then(|| Node { place: None, value: Value::Table(entries(table.get_ref(), Some(&lines))) })
}

/// The first character outside quotes that looks like a blank, or like nothing, and is none to TOML; and its column, from 1.
fn strange_blank(line: &str) -> Option<(usize, char)> {
    let mut quote = None;
    for (at, c) in line.chars().enumerate() {
        match (quote, c) {
            (None, '"' | '\'') => quote = Some(c),
            (Some(begin), _) if begin == c => quote = None,
            (None, '#') => return None,
            (None, _) if !c.is_ascii() && is_invisible(c) => return Some((at + 1, c)),
            _ => {}
        }
    }
    None
}

fn blank_problem(c: char, place: Option<SourceSpan>) -> Problem {
    let name = match c {
        '\u{a0}' | '\u{202f}' => "a no-break space",
        '\u{3000}' => "an ideographic space",
        '\u{feff}' => "a byte order mark within the text",
        c if c.is_whitespace() => "a space that is none of TOML's",
        _ => "a character that cannot be seen",
    };
    let message = format!("not TOML: {name} (U+{:04X}) outside of quotes", u32::from(c));
    Problem::new(place, message).hint(
        "put a plain blank in its place, here and wherever else it is: pages and word processors write it",
    )
}

fn syntax_hint(line: &str) -> &'static str {
    if line.contains(['“', '”', '‘', '’', '„']) {
        "TOML takes straight quotes only: \" or '"
    } else if is_with_comma(line) {
        "a number has a point and no comma: 2.5"
    } else if line.split('#').next().is_some_and(|line| line.trim_end().ends_with('%')) {
        "a share is in quotes: \"10%\""
    } else if line.contains('\\') {
        "a backslash has a meaning in \"double quotes\": put a path into 'single quotes'"
    } else {
        "strings are in quotes, tables in [brackets], and a key stands once; https://toml.io has the grammar"
    }
}

/// `rate = 2,5`, as many countries write a number.
fn is_with_comma(line: &str) -> bool {
    let value = line.split_once('=').map_or("", |(_, value)| value);
    let value = value.split('#').next().unwrap_or_default().trim();
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    value.split_once(',').is_some_and(|(whole, part)| digits(whole) && digits(part))
}

/// The tree of one literal of the table of keys.
pub(super) fn literal(text: &'static str) -> Node {
    let value = DeValue::parse(text).expect("the table of keys holds TOML, a test says");
    Node { place: None, value: self::value(value.get_ref(), None) }
}

fn entries(table: &DeTable<'_>, lines: Option<&LineIndex<'_>>) -> Vec<TableEntry> {
    let mut entries: Vec<TableEntry> = table
        .iter()
        .map(|(name, child)| TableEntry {
            name: name.get_ref().to_string(),
            place: place(name, lines),
            node: Node { place: place(child, lines), value: value(child.get_ref(), lines) },
        })
        .collect();
    entries.sort_by_key(|entry| entry.place);
    entries
}

fn place<T>(spanned: &Spanned<T>, lines: Option<&LineIndex<'_>>) -> Option<SourceSpan> {
    lines.map(|lines| lines.span(spanned.span().start))
}

fn value(value: &DeValue<'_>, lines: Option<&LineIndex<'_>>) -> Value {
    match value {
        DeValue::String(string) => Value::Text(string.to_string()),
        DeValue::Integer(integer) => {
            i64::from_str_radix(integer.as_str(), integer.radix()).map_or(Value::Other, Value::Integer)
        }
        DeValue::Float(float) => float.as_str().parse().map_or(Value::Other, Value::Number),
        DeValue::Boolean(flag) => Value::Flag(*flag),
        DeValue::Datetime(_) => Value::Other,
        DeValue::Array(list) => Value::List(
            list.iter()
                .map(|item| Node { place: place(item, lines), value: self::value(item.get_ref(), lines) })
                .collect(),
        ),
        DeValue::Table(table) => Value::Table(entries(table, lines)),
    }
}
