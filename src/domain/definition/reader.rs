//! Takes settings out of a document by the table of keys, and takes note of everything that is wrong with them.
//!
//! A setting that is missing or wrong reads as an empty one, and the mistake is noted; the caller goes on and finds
//! the next mistakes, and the result is thrown away in the end.

use std::time::Duration;

use jiff::SignedDuration;

use super::document::{Node, TableEntry, Value};
use super::elsewhere::ELSEWHERE;
use super::hours::is_open_form;
use super::keys::{KEYS, Key, KeyKind, Need, TABLES};
use super::schedule::is_row_time;
use super::senders::{is_list_of_tables, senders_live_elsewhere};
use crate::domain::arn::ArnMistake;
use crate::domain::message::limits::{Breach, Limit, Member, Rules, Unit, segments_saved, settle};
use crate::domain::message::template::Template;
use crate::domain::problem::{Problem, Problems, SourceSpan};
use crate::domain::table::header::{fold, nearest};

use super::{RequestRate, Text};

/// Longest duration of a setting.
const LONGEST: Duration = Duration::from_secs(30 * 24 * 3600);

pub(super) struct Reader<'p> {
    root: Node,
    pub(super) problems: &'p mut Problems,
}

impl<'p> Reader<'p> {
    /// Checks names, types, ranges and presence of all keys at once.
    pub(super) fn new(root: Node, problems: &'p mut Problems) -> Self {
        let reader = Self { root, problems };
        let has_home = !senders_live_elsewhere(&reader.root);
        let must_be = |key: &Key| key.need == Need::Required || key.need == Need::OfHome && has_home;
        let unknown = unknown_keys(&reader.root, "");
        unknown.into_iter().for_each(|problem| reader.problems.push(problem));
        for key in KEYS {
            let (table, name) = key.path.rsplit_once('.').unwrap_or(("", key.path));
            let given = if table.is_empty() { Some(&reader.root) } else { reader.root.at(table) };
            match given.map(|given| (given, given.get(name))) {
                Some((_, Some(node))) if !fits(&node.value, key.kind) => {
                    let message = format!("`{}` must be {}", key.path, key.kind.words());
                    let hint = format!("such as `{}`", key.example());
                    reader.problems.push(Problem::new(node.place, message).hint(hint));
                }
                Some((Node { value: Value::Table(_), place }, None)) if must_be(key) => {
                    reader.problems.push(missing(key, *place));
                }
                None if must_be(key) && !table.contains('.') => {
                    reader.problems.push(missing(key, None));
                }
                _ => {}
            }
        }
        reader
    }

    pub(super) fn mistake(
        &mut self,
        place: Option<SourceSpan>,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.problems.push(Problem::new(place, message).hint(hint));
    }

    /// Takes note that a key is not there which must be, as things are.
    pub(super) fn missing(&mut self, path: &str) {
        let key = KEYS.iter().find(|key| key.path == path).expect("paths are those of the table of keys");
        let place = self.place(above(path));
        self.problems.push(missing(key, place));
    }

    /// The value at a path of the table of keys, or its default, if it is of its kind.
    pub(super) fn node(&self, path: &str) -> Option<Node> {
        let key = KEYS.iter().find(|key| key.path == path).expect("paths are those of the table of keys");
        match (self.root.at(path), key.need) {
            (Some(node), _) => fits(&node.value, key.kind).then(|| node.clone()),
            (None, Need::Default(default)) => Some(super::document::literal(default)),
            (None, _) => None,
        }
    }

    /// Whether a table or key is there.
    pub(super) fn place(&self, path: &str) -> Option<SourceSpan> {
        self.root.at(path).and_then(|node| node.place)
    }

    pub(super) fn has(&self, path: &str) -> bool {
        self.root.at(path).is_some()
    }

    /// A string that is not blank.
    pub(super) fn text(&mut self, path: &str) -> Option<String> {
        let node = self.node(path)?;
        match node.value {
            Value::Text(text) if text.trim().is_empty() => {
                self.mistake(node.place, format!("`{path}` is empty"), "fill it in, or leave the key out");
                None
            }
            Value::Text(text) => Some(text.trim().to_owned()),
            _ => None,
        }
    }

    pub(super) fn integer(&self, path: &str) -> Option<i64> {
        match self.node(path)?.value {
            Value::Integer(integer) => Some(integer),
            _ => None,
        }
    }

    pub(super) fn flag(&self, path: &str) -> bool {
        matches!(self.node(path), Some(Node { value: Value::Flag(true), .. }))
    }

    pub(super) fn texts(&self, path: &str) -> Vec<(String, Option<SourceSpan>)> {
        let Some(Node { value: Value::List(list), .. }) = self.node(path) else { return Vec::new() };
        let text = |node| match node {
            Node { place, value: Value::Text(text) } => Some((text, place)),
            _ => None,
        };
        list.into_iter().filter_map(text).collect()
    }

    pub(super) fn duration(&self, path: &str) -> Option<Duration> {
        match self.node(path)?.value {
            Value::Text(text) => parse_duration(&text),
            _ => None,
        }
    }

    pub(super) fn fraction(&self, path: &str) -> f64 {
        match self.node(path) {
            Some(Node { value: Value::Text(text), .. }) => parse_percent(&text).unwrap_or_default(),
            _ => 0.0,
        }
    }

    /// A text of the request at a path of the table of keys.
    pub(super) fn template(&mut self, path: &str, member: Member, rules: &Rules) -> Option<Text> {
        let node = self.node(path)?;
        self.compile(&node, member, rules)
    }

    /// A text of the request. What is the same for every row is checked here and now.
    pub(super) fn compile(&mut self, node: &Node, member: Member, rules: &Rules) -> Option<Text> {
        let Value::Text(text) = &node.value else {
            let hint = "put it in quotes: \"...\"";
            self.mistake(node.place, format!("`{member}` must be a string"), hint);
            return None;
        };
        let parsed = match member {
            Member::Where => Template::parse_condition(text),
            _ => Template::parse(text),
        };
        let template = match parsed {
            Ok(template) => template,
            Err(error) if member == Member::Where => {
                self.mistake(
                    node.place,
                    format!("`{member}` is no condition: {error}"),
                    super::selection::CONDITION,
                );
                return None;
            }
            Err(error) => {
                let hint = "`{{ first_name }}` puts in a column, `{{ first_name | default('there') }}` also where its \
                            cell is empty";
                self.mistake(node.place, format!("`{member}` is not a template: {error}"), hint);
                return None;
            }
        };
        let mut saved_segments = 0;
        let template = match template.as_fixed().map(|text| settle(&member, rules, text)) {
            None => template,
            Some(Ok(settled)) => {
                saved_segments = segments_saved(&member, text, &settled);
                Template::fixed(&settled)
            }
            Some(Err(breach)) => {
                self.problems.push(Problem::new(node.place, breach.to_string()).hint(breach_hint(&breach)));
                return None;
            }
        };
        Some(Text { member, template, place: node.place, saved_segments })
    }
}

/// A key that must be there, and is not.
fn missing(key: &Key, place: Option<SourceSpan>) -> Problem {
    let table = key.path.rsplit_once('.').map_or("", |(table, _)| table);
    let hint = format!("below [{table}]: `{}` ({})", key.example(), key.doc.trim_end_matches('.'));
    Problem::new(place, format!("`{}` is missing", key.path)).hint(hint)
}

fn breach_hint(breach: &Breach) -> &'static str {
    match (&breach.limit, breach.code()) {
        (Limit::Arn(ArnMistake::OtherRegion(..)), _) => {
            "a campaign has one Region: that of its ARNs, where `connect.region` does not name it"
        }
        (_, "source-invalid") => {
            "the Connect ARN is on the number's page (Channels, Phone numbers), and in `aws connect list-phone-numbers-v2`"
        }
        (_, "flow-invalid") => "the flow's page shows its ARN under \"Show additional flow information\"",
        (Limit::Length { unit: Unit::CodeUnits(_), .. }, _) => {
            "shorten it, or replace such characters: `encoding = \"gsm\"` in [contact] does where it can"
        }
        (Limit::Length { .. }, _) => "shorten it",
        (Limit::NotJson, _) => "such as '{\"tier\": \"gold\"}', in single quotes",
        _ => "fill it in, or leave the key out",
    }
}

/// Unknown keys of a table of which it is said what may have been meant: more than are ever shown.
const MOST_EXPLAINED: usize = 200;

/// Keys that the table does not have, with what may have been meant.
fn unknown_keys(node: &Node, prefix: &str) -> Vec<Problem> {
    let Value::Table(entries) = &node.value else { return Vec::new() };
    let mut problems = Vec::new();
    for entry in entries {
        let path = if prefix.is_empty() { entry.name.clone() } else { format!("{prefix}.{}", entry.name) };
        if TABLES.iter().any(|(table, _)| *table == path) {
            match entry.node.value {
                Value::Table(_) => problems.extend(unknown_keys(&entry.node, &path)),
                _ => problems.push(
                    Problem::new(entry.place, format!("`{path}` must be a table"))
                        .hint(format!("put [{path}] on a line of its own, and its keys below it")),
                ),
            }
        } else if !KEYS.iter().any(|key| key.path == path) {
            let told = problems.len();
            problems.push(match told < MOST_EXPLAINED {
                true => unknown_key(entry, prefix),
                // What it is near to takes as long as reading a hundred keys, and nobody sees it.
                false => Problem::new(entry.place, format!("unknown key `{}`", entry.name)),
            });
        }
    }
    problems
}

fn unknown_key(entry: &TableEntry, table: &str) -> Problem {
    let (name, folded) = (&entry.name, fold(&entry.name));
    let place = if table.is_empty() { "at the top".to_owned() } else { format!("in [{table}]") };
    let problem = Problem::new(entry.place, format!("unknown key `{name}` {place}"));
    if let Some((_, elsewhere)) = ELSEWHERE.iter().find(|(known, _)| *known == folded) {
        return problem.hint(*elsewhere);
    }
    let all = || TABLES.iter().map(|(path, _)| *path).chain(KEYS.iter().map(|key| key.path));
    let here = all().filter(|path| above(path) == table);
    let last = |path: &'static str| path.rsplit('.').next().unwrap_or(path);
    if let Some(near) = nearest(name, here.map(last)) {
        return problem.hint(format!("did you mean `{near}`?"));
    }
    match all().find(|path| fold(last(path)) == folded) {
        Some(path) => problem.hint(match path.rsplit_once('.') {
            Some((table, key)) => format!("`{key}` belongs in [{table}]"),
            None => format!("`{path}` belongs at the top of the file, before the first table"),
        }),
        None => problem.hint(match all().filter(|path| above(path) == table).map(last).collect::<Vec<_>>() {
            names if table.is_empty() => format!("there are {}", names.join(", ")),
            names => format!("[{table}] has {}", names.join(", ")),
        }),
    }
}

/// The table that a path is in.
fn above(path: &str) -> &str {
    path.rsplit_once('.').map_or("", |(table, _)| table)
}

pub(super) fn fits(value: &Value, kind: KeyKind) -> bool {
    match (kind, value) {
        (KeyKind::Senders, value) => is_list_of_tables(value),
        (KeyKind::Text | KeyKind::Template | KeyKind::Message | KeyKind::Command, Value::Text(_)) => true,
        (KeyKind::OneOf(names), Value::Text(text)) => names.contains(&text.as_str()),
        (KeyKind::Integer { min, max }, Value::Integer(integer)) => (min..=max).contains(integer),
        (KeyKind::Flag, Value::Flag(_)) => true,
        (KeyKind::Duration, Value::Text(text)) => parse_duration(text).is_some(),
        (KeyKind::Percent, Value::Text(text)) => parse_percent(text).is_some(),
        (KeyKind::Texts, Value::List(list)) => list.iter().all(|node| matches!(node.value, Value::Text(_))),
        (KeyKind::Command, Value::List(list)) => list.iter().all(|node| matches!(node.value, Value::Text(_))),
        (KeyKind::Open, value) => is_open_form(value),
        (KeyKind::RowTime, value) => is_row_time(value),
        (KeyKind::Columns, Value::Text(_)) => true,
        (KeyKind::Columns, Value::List(list)) => {
            let named = |node: &Node| matches!(&node.value, Value::Text(text) if !text.trim().is_empty());
            !list.is_empty() && list.iter().all(named)
        }
        (KeyKind::Rate, Value::Text(text)) => text == "auto",
        (KeyKind::Rate, value) => number(value).and_then(RequestRate::new).is_some(),
        (KeyKind::AttributeName, Value::Text(_) | Value::Flag(false)) => true,
        (KeyKind::Attributes, Value::Text(text)) => text == "all",
        (
            KeyKind::Message | KeyKind::Templates | KeyKind::Attributes | KeyKind::Segments,
            Value::Table(_),
        ) => true,
        (KeyKind::Cost, Value::Table(entries)) => entries.iter().all(|entry| is_price(&entry.node.value)),
        (KeyKind::Cost, value) => is_price(value),
        (KeyKind::Amount, value) => number(value).is_some_and(|amount| amount > 0.0 && amount.is_finite()),
        _ => false,
    }
}

fn is_price(value: &Value) -> bool {
    number(value).is_some_and(|price| (0.0..=1000.0).contains(&price))
}

/// An integer or a float as a number.
pub(super) fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => Some(*number),
        Value::Integer(integer) => i32::try_from(*integer).ok().map(f64::from),
        _ => None,
    }
}

/// `30s`, `4m`, `1h30m`, `250ms`: above zero, at most 30 days.
pub(super) fn parse_duration(text: &str) -> Option<Duration> {
    let duration = Duration::try_from(text.parse::<SignedDuration>().ok()?).ok()?;
    (duration > Duration::ZERO && duration <= LONGEST).then_some(duration)
}

/// `10%` as 0.1: from 0 to 100.
fn parse_percent(text: &str) -> Option<f64> {
    let percent: f64 = text.trim().strip_suffix('%')?.trim_end().parse().ok()?;
    (0.0..=100.0).contains(&percent).then_some(percent / 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        for (text, millis) in
            [("30s", 30_000), ("4m", 240_000), ("1h30m", 5_400_000), ("250ms", 250), ("1h 5s", 3_605_000)]
        {
            assert_eq!(parse_duration(text), Some(Duration::from_millis(millis)), "{text}");
        }
        for text in ["", "30", "-5s", "0s", "forever", "31d", "999999999h"] {
            assert_eq!(parse_duration(text), None, "{text}");
        }
    }

    #[test]
    fn percentages() {
        assert_eq!(parse_percent("10%"), Some(0.1));
        assert_eq!(parse_percent("12.5 %"), Some(0.125));
        for text in ["10", "%", "-1%", "101%", "NaN%", "inf%"] {
            assert_eq!(parse_percent(text), None, "{text}");
        }
    }

    #[test]
    fn every_default_is_of_its_kind_and_every_table_has_keys() {
        let mut defaults = 0;
        for key in KEYS {
            if let Need::Default(default) = key.need {
                assert!(fits(&super::super::document::literal(default).value, key.kind), "{}", key.path);
                defaults += 1;
            }
            let table = key.path.rsplit_once('.').map(|(table, _)| table);
            assert!(
                table.is_none_or(|table| TABLES.iter().any(|(known, _)| *known == table)),
                "{}",
                key.path
            );
        }
        assert!(defaults > 10);
    }
}
