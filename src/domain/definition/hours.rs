//! `[hours]`: when contacts may start. Presets are resolved here; rule files beside the definition by whoever read it,
//! with [`Definition::add_rules`].

use std::sync::Arc;

use jiff::SignedDuration;

use super::document::{Node, Value};
use super::reader::Reader;
use super::rules::{self, Report};
use super::{Definition, RuleFile};
use crate::domain::hours::presets::{PRESETS, preset};
use crate::domain::hours::zones::parse_zone;
use crate::domain::hours::{Hours, Rule};
use crate::domain::problem::{Problem, Problems};
use crate::domain::table::header::nearest;

/// What `hours.rules` calls a file: everything else is a preset.
const FILE_ENDING: &str = ".toml";

/// The hours, and the rule files that are still to be read; `None` without the table.
pub(super) fn resolve(reader: &mut Reader<'_>) -> (Option<Hours>, Vec<RuleFile>) {
    let mut files = Vec::new();
    if !reader.has("hours") {
        return (None, files);
    }
    let mut rules: Vec<Rule> = Vec::new();
    if let Some(node) = reader.node("hours.open") {
        let week = rules::week(&node, "hours.open", &mut report(reader));
        rules.push(Rule { name: "hours.open".to_owned(), week: Some(week), ..Rule::default() });
    }
    if let Some(node) = reader.node("hours.closed") {
        let closings = rules::closings(&node, "hours.closed", &mut report(reader));
        if !closings.is_empty() {
            rules.push(Rule { name: "hours.closed".to_owned(), closings, ..Rule::default() });
        }
    }
    for (name, place) in reader.texts("hours.rules") {
        match preset(&name) {
            _ if name.ends_with(FILE_ENDING) => files.push(RuleFile { path: name, place }),
            Some(text) => rules.extend(rules::parse(text, &name, &name).unwrap_or_default()),
            None => {
                let message = format!("`hours.rules` names no preset: {name:?}");
                reader.mistake(place, message, preset_hint(&name));
            }
        }
    }
    let default_zone = reader.text("hours.default_zone").and_then(|text| {
        let zone = parse_zone(&text);
        zone.map_err(|reason| {
            let place = reader.place("hours.default_zone");
            reader.mistake(place, format!("`hours.default_zone`: {reason}"), "such as America/New_York");
        })
        .ok()
    });
    let margin = reader.duration("hours.margin").and_then(|margin| SignedDuration::try_from(margin).ok());
    let rules = rules.into_iter().map(Arc::new).collect();
    (Some(Hours { rules, margin: margin.unwrap_or_default(), default_zone }), files)
}

fn report<'r>(reader: &'r mut Reader<'_>) -> impl FnMut(Report) + 'r {
    |report| reader.problems.push(Problem::new(report.place, report.message).hint(report.hint))
}

fn preset_hint(name: &str) -> String {
    let names = PRESETS.iter().map(|(known, _)| *known);
    match nearest(name, names.clone()) {
        Some(near) => {
            format!("did you mean `{near}`? A file beside the definition is named with its ending, .toml")
        }
        None => format!(
            "there are {}; or name a file beside the definition",
            names.collect::<Vec<_>>().join(", ")
        ),
    }
}

impl Definition {
    /// The files that `hours.rules` names, as the definition has them.
    pub fn rule_paths(&self) -> impl Iterator<Item = &str> {
        self.rule_files.iter().map(|file| file.path.as_str())
    }

    /// Reads the rule files that `hours.rules` names. `read` has a path as the definition has it.
    ///
    /// # Errors
    /// Files that cannot be read, and every mistake in one that can.
    pub fn add_rules(
        &mut self,
        mut read: impl FnMut(&str) -> Result<String, String>,
    ) -> Result<(), Problems> {
        let mut problems = self.origin.clone();
        for file in &self.rule_files {
            match read(&file.path) {
                Ok(text) => {
                    let rules = rules::parse(&text, &file.path, &file.path)?;
                    if let Some(hours) = &mut self.hours {
                        hours.rules.extend(rules.into_iter().map(Arc::new));
                    }
                }
                Err(error) => problems.push(
                    Problem::new(file.place, format!("`hours.rules`: failed to read {}: {error}", file.path))
                        .hint("paths are relative to the definition; a preset is named without .toml"),
                ),
            }
        }
        problems.or(|| ())
    }
}

/// Whether a value can be hours by weekday: spans for every day, or a table of days.
pub(super) fn is_open_form(value: &Value) -> bool {
    let spans = |value: &Value| match value {
        Value::Text(_) => true,
        Value::List(list) => list.iter().all(|node| matches!(node.value, Value::Text(_))),
        _ => false,
    };
    match value {
        Value::Table(entries) => entries.iter().all(|entry| spans(&entry.node.value)),
        value => spans(value),
    }
}

/// The spans of a text or of a list of texts.
pub(super) fn spans(node: &Node) -> Vec<(&str, Option<crate::domain::problem::SourceSpan>)> {
    match &node.value {
        Value::Text(text) => vec![(text.as_str(), node.place)],
        Value::List(list) => list.iter().flat_map(spans).collect(),
        _ => Vec::new(),
    }
}
