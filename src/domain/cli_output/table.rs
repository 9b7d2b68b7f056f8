//! `--output table`. Source: `awscli.formatter.TableFormatter` and `awscli.table`, their ways with widths included.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::{Printing, is_scalar, scalar};

/// Spaces around a cell.
const PADDING: usize = 4;

#[derive(Debug, Default)]
struct TableSection {
    title: String,
    headers: Vec<String>,
    rows: Vec<Vec<String>>,
    indent: usize,
    widest: Vec<usize>,
}

/// The answer as a table; nothing where it is empty.
pub(super) fn print(answer: &Value, printing: &Printing<'_>) -> String {
    let mut sections = Vec::new();
    if !build(Some(printing.title), answer, 0, &mut sections) {
        return String::new();
    }
    render(sections, printing)
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Bool(true) => false,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(values) => values.is_empty(),
        Value::Object(members) => members.is_empty(),
    }
}

fn build(title: Option<&str>, value: &Value, indent: usize, sections: &mut Vec<TableSection>) -> bool {
    if is_empty(value) {
        return false;
    }
    if let Some(title) = title {
        sections.push(TableSection { title: title.to_owned(), indent, ..TableSection::default() });
    }
    match value {
        Value::Array(values) if values.first().is_some_and(Value::is_object) => {
            let maps: Vec<_> = values.iter().filter_map(Value::as_object).collect();
            list_of_maps(&maps, title.unwrap_or_default(), indent, sections);
        }
        Value::Array(values) => {
            for value in values {
                match value {
                    Value::Array(cells) if cells.iter().all(is_scalar) => {
                        row(cells.iter().map(scalar), sections);
                    }
                    Value::Array(_) | Value::Object(_) => drop(build(None, value, 0, sections)),
                    cell => row([scalar(cell)], sections),
                }
            }
        }
        Value::Object(members) => map(members, indent, sections),
        _ => {}
    }
    true
}

fn map(members: &Map<String, Value>, indent: usize, sections: &mut Vec<TableSection>) {
    let (scalars, others): (Vec<_>, Vec<_>) = members.iter().partition(|(_, value)| is_scalar(value));
    match scalars.as_slice() {
        [] => {}
        [(name, value)] => row([(*name).clone(), scalar(value)], sections),
        several => {
            header(several.iter().map(|(name, _)| (*name).clone()), sections);
            row(several.iter().map(|(_, value)| scalar(value)), sections);
        }
    }
    for (name, value) in others {
        build(Some(name), value, indent + 1, sections);
    }
}

fn list_of_maps(maps: &[&Map<String, Value>], title: &str, indent: usize, sections: &mut Vec<TableSection>) {
    let names = |wanted: bool| -> BTreeSet<&String> {
        let members = maps.iter().flat_map(|members| members.iter());
        members.filter(|(_, value)| is_scalar(value) == wanted).map(|(name, _)| name).collect()
    };
    let (headers, others) = (names(true), names(false));
    for (at, members) in maps.iter().enumerate() {
        if at > 0 && !others.is_empty() {
            sections.push(TableSection { title: title.to_owned(), indent, ..TableSection::default() });
        }
        if at == 0 || !others.is_empty() {
            header(headers.iter().map(|name| (*name).clone()), sections);
        }
        row(headers.iter().map(|name| members.get(*name).map(scalar).unwrap_or_default()), sections);
        for name in &others {
            if let Some(value) = members.get(*name) {
                build(Some(name), value, indent + 1, sections);
            }
        }
    }
}

fn header(names: impl IntoIterator<Item = String>, sections: &mut [TableSection]) {
    if let Some(section) = sections.last_mut() {
        section.headers = names.into_iter().collect();
        let headers = section.headers.clone();
        section.widen(&headers);
    }
}

fn row(cells: impl IntoIterator<Item = String>, sections: &mut [TableSection]) {
    if let Some(section) = sections.last_mut() {
        let cells: Vec<String> = cells.into_iter().collect();
        section.widen(&cells);
        section.rows.push(cells);
    }
}

fn width_of(text: &str) -> usize {
    console::measure_text_width(text)
}

impl TableSection {
    fn widen(&mut self, cells: &[String]) {
        self.widest.resize(self.widest.len().max(cells.len()), 0);
        for (widest, cell) in self.widest.iter_mut().zip(cells) {
            *widest = (*widest).max(width_of(cell));
        }
    }

    fn total_width(&self) -> usize {
        let cells: usize = self.widest.iter().map(|width| width + PADDING).sum();
        (cells + 2 + 2 * self.indent).max(width_of(&self.title) + 2 + 2 * self.indent)
    }

    /// The columns' widths, which add up to `most`.
    fn widths(&self, most: usize) -> Vec<usize> {
        let unscaled: Vec<usize> = self.widest.iter().map(|width| width + PADDING).collect();
        let sum: usize = unscaled.iter().sum();
        if sum == 0 {
            return unscaled;
        }
        // Python rounds halves to even.
        let scaled = |width: &usize| (*width as f64 * (most as f64 / sum as f64)).round_ties_even() as usize;
        let mut widths: Vec<usize> = unscaled.iter().map(scaled).collect();
        loop {
            let total: usize = widths.iter().sum();
            if total == most {
                return widths;
            }
            let count = widths.len();
            for at in 0..count.min(total.abs_diff(most)) {
                if total > most {
                    widths[at] = widths[at].saturating_sub(1);
                } else {
                    widths[count - 1 - at] += 1;
                }
            }
        }
    }

    /// One row becomes a column of names and a column of values.
    fn turned(self) -> Self {
        if self.rows.len() != 1 || self.headers.is_empty() {
            return self;
        }
        let mut turned = Self { title: self.title, indent: self.indent, ..Self::default() };
        for (name, cell) in self.headers.into_iter().zip(self.rows.into_iter().flatten()) {
            turned.widen(&[name.clone(), cell.clone()]);
            turned.rows.push(vec![name, cell]);
        }
        turned
    }

    fn render(&self, most: usize, printing: &Printing<'_>, text: &mut String) {
        let edge = if printing.colour { "\x1b[2m\x1b[33m|\x1b[0m" } else { "|" }.repeat(self.indent);
        let mut line = |line: &str| text.push_str(&format!("{edge}{line}{edge}\n"));
        let most = most - 2 * self.indent;
        if !self.title.is_empty() {
            line(&centred(&self.title, most, "|"));
            if self.headers.is_empty() && self.rows.is_empty() {
                line(&format!("+{}+", "-".repeat(most.saturating_sub(2))));
            }
        }
        let widths = self.widths(most);
        let rule: String = widths
            .iter()
            .enumerate()
            .map(|(at, width)| match at {
                0 => format!("+{}+", "-".repeat(width.saturating_sub(2))),
                _ => format!("{}+", "-".repeat(width.saturating_sub(1))),
            })
            .collect();
        if !self.headers.is_empty() {
            line(&rule);
            let cells = self.headers.iter().zip(&widths).enumerate();
            line(
                &cells
                    .map(|(at, (cell, width))| centred(cell, *width, if at == 0 { "|" } else { "" }))
                    .collect::<String>(),
            );
        }
        if !self.rows.is_empty() && !widths.is_empty() {
            line(&rule);
            for row in &self.rows {
                let cells = row.iter().zip(&widths).enumerate();
                line(
                    &cells
                        .map(|(at, (cell, width))| left(cell, *width, at == 0, printing.colour))
                        .collect::<String>(),
                );
            }
            line(&rule);
        }
    }
}

fn render(mut sections: Vec<TableSection>, printing: &Printing<'_>) -> String {
    let widest =
        |sections: &[TableSection]| sections.iter().map(TableSection::total_width).max().unwrap_or_default();
    let mut most = widest(&sections);
    if most > printing.width {
        sections = sections.into_iter().map(TableSection::turned).collect();
        most = widest(&sections);
    }
    let mut text = format!("{}\n", "-".repeat(most));
    for section in &sections {
        section.render(most, printing, &mut text);
    }
    text
}

fn centred(text: &str, length: usize, edge: &str) -> String {
    let width = width_of(text);
    let before = (length / 2).saturating_sub(width / 2 + 1);
    let after = length.saturating_sub(1 + edge.len() + before + width);
    format!("{edge}{}{text}{}|", " ".repeat(before), " ".repeat(after))
}

fn left(text: &str, length: usize, first: bool, colour: bool) -> String {
    let edge = if first { "|" } else { "" };
    let width = width_of(text);
    let padding = if width + 2 + edge.len() < length { 2 } else { 0 };
    let after = length.saturating_sub(edge.len() + padding + width + 1);
    let cell = if colour { format!("\x1b[1m\x1b[34m{text}\x1b[0m") } else { text.to_owned() };
    format!("{edge}{}{cell}{}|", " ".repeat(padding), " ".repeat(after))
}
