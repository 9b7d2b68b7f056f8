//! Templates with filters and conditions, run by minijinja: strict, without loaders, functions or anything of the
//! machine it runs on.
//!
//! An empty cell is undefined there, so that `default` and `if` see it as missing.

use std::borrow::Cow;
use std::sync::Arc;

use minijinja::value::{Kwargs, Object, Rest, Value, ValueKind};
use minijinja::{
    Environment, ErrorKind, Output, State, UndefinedBehavior, filters, syntax::SyntaxConfig, tests,
};

use crate::domain::message::template::filters::{self as for_people, FilterInput};
use crate::domain::message::template::mistakes::{self, ExpressionContext, TextUse};
use crate::domain::message::template::{RenderError, column_name, names, truths};
use crate::domain::phone::mask::mask_text;
use crate::domain::table::header::fold;

/// The only template of an environment.
const NAME: &str = "text";

/// What a column's name that is no identifier is called inside.
pub(super) const ALIAS: &str = "__column_";

/// Instructions that one rendering may take.
const FUEL: u64 = 50_000;
/// Longest text that a filter takes or makes, in bytes.
const MOST_BYTES: usize = 4 * 1024 * 1024;
/// Longest text that a rendering may come to, in bytes.
const OUTPUT_BYTES: usize = 256 * 1024;
/// Names that are no columns.
const FUNCTIONS: [&str; 1] = ["loop"];

/// A compiled template.
#[derive(Debug, Clone)]
pub(super) struct Program {
    environment: Environment<'static>,
    text_use: TextUse,
    /// What the columns are called inside.
    variables: Arc<[String]>,
    /// A column that stands beside `and`, `or` or `not` as it is.
    operand: Option<String>,
    /// The columns of which it is asked whether they are true, by their place, and what they are called.
    truths: Vec<(usize, String)>,
}

/// One row's cells, as the template looks them up; empty ones are undefined.
#[derive(Debug)]
struct TemplateRow {
    variables: Arc<[String]>,
    cells: Vec<Option<Value>>,
}

impl Object for TemplateRow {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        let at = self.variables.iter().position(|variable| variable == key)?;
        self.cells.get(at)?.clone()
    }
}

impl Program {
    /// Compiles, and gives the columns as they are written. The error is in plain words.
    ///
    /// `is_column` says whether a text that could be an expression is the name of a column; `None` where the file is not known
    /// yet.
    pub(super) fn parse(
        text: &str,
        text_use: TextUse,
        is_column: Option<&dyn Fn(&str) -> bool>,
    ) -> Result<(Self, Vec<String>), String> {
        refuse_endless(text)?;
        let named = with_identifiers(text, is_column.unwrap_or(&|_| false), text_use);
        let written = |variable: &str| column_reference(alias(variable, &named.1));
        if let Some(mistake) =
            mistakes::find(&named.0, &ExpressionContext { text_use, is_column, written: &written })
        {
            return Err(mistake);
        }
        Self::compile(text, text_use, named)
    }

    /// The same of a source and the names in it, whatever mistakes its expressions have.
    fn compile(
        text: &str,
        text_use: TextUse,
        (source, aliases): (String, Vec<String>),
    ) -> Result<(Self, Vec<String>), String> {
        let names = names::names(&source);
        if names.grows {
            return Err(
                "its texts could become too long: they are put together from themselves too often".to_owned()
            );
        }
        if let Some(number) = names.number {
            return Err(format!(
                "{{{{ {number} }}}} is the number itself, and the same for everybody; a column of that name is column(\"{number}\")"
            ));
        }
        let mut environment = environment(text_use);
        environment.add_template_owned(NAME, source).map_err(|error| advised(text, &words(&error)))?;
        let template = environment.get_template(NAME).map_err(|error| words(&error))?;
        let mut variables: Vec<String> = template.undeclared_variables(false).into_iter().collect();
        variables.extend(names.columns);
        variables.retain(|variable| !FUNCTIONS.contains(&variable.as_str()));
        variables.sort();
        variables.dedup();
        let columns = variables.iter().map(|variable| alias(variable, &aliases).to_owned()).collect();
        let operand = names.operand.map(|operand| alias(&operand, &aliases).to_owned());
        let place = |name: &String| variables.iter().position(|variable| variable == name);
        let truths =
            names.truths.iter().filter_map(|name| Some((place(name)?, alias(name, &aliases).to_owned())));
        let truths = truths.collect();
        let program = Self { environment, text_use, variables: variables.into(), operand, truths };
        program.rehearse()?;
        Ok((program, columns))
    }

    /// What its text is for.
    pub(super) fn text_use(&self) -> TextUse {
        self.text_use
    }

    /// A column that stands beside `and`, `or` or `not` as it is, where it is true whatever it says.
    pub(super) fn operand(&self) -> Option<&str> {
        self.operand.as_deref()
    }

    /// Renders with a cell that is text, number and nothing, so that an unknown filter shows now and not in a row.
    fn rehearse(&self) -> Result<(), String> {
        for cell in [Some("1"), Some("a"), Some("2026-05-01"), None] {
            let cells = vec![cell.map(Value::from); self.variables.len()];
            if let Err(error) = self.run(cells)
                && matches!(
                    error.kind(),
                    ErrorKind::UnknownFilter
                        | ErrorKind::UnknownFunction
                        | ErrorKind::UnknownTest
                        | ErrorKind::UnknownMethod
                        | ErrorKind::MissingArgument
                        | ErrorKind::SyntaxError
                        | ErrorKind::TooManyArguments
                        | ErrorKind::TemplateNotFound
                        | ErrorKind::OutOfFuel
                )
            {
                return Err(words(&error));
            }
        }
        Ok(())
    }

    /// The text for one row; `cell` gives a trimmed cell by the index of its column.
    pub(super) fn render<'c>(&self, cell: impl Fn(usize) -> &'c str) -> Result<String, RenderError> {
        for (at, column) in &self.truths {
            let said = cell(*at);
            if truths::says_no(said) {
                let written = column_reference(column);
                return Err(RenderError::Failed {
                    column: None,
                    message: format!(
                        "{column} is {said:?}, and it asks whether {column} is true: every text is; compare it with what the cell \
                         says, as in `{written} == \"yes\"`, or where anything counts, write `{written} is defined`"
                    ),
                });
            }
        }
        let value = |at| Some(cell(at)).filter(|cell| !cell.is_empty()).map(Value::from);
        let cells: Vec<Option<Value>> = (0..self.variables.len()).map(value).collect();
        let failed = |message| RenderError::Failed { column: None, message };
        self.run(cells.clone()).map_err(|error| match error.kind() {
            ErrorKind::UndefinedError if cells.iter().all(Option::is_some) => {
                failed("it takes something of a cell that the cell does not have".to_owned())
            }
            ErrorKind::UndefinedError => RenderError::Empty(self.needed(&cells)),
            // Nothing was in a cell, and what came of it is no text.
            ErrorKind::BadSerialization if cells.iter().any(Option::is_none) => {
                RenderError::Empty(self.needed(&cells))
            }
            ErrorKind::OutOfFuel => failed("it takes too long, or its text becomes too long".to_owned()),
            // Some errors quote the value.
            _ => {
                let quoted = |at: &usize| for_people::is_of_cell(&error, cell(*at));
                let column = (0..self.variables.len()).find(quoted);
                RenderError::Failed { column, message: mask_text(&words(&error)) }
            }
        })
    }

    fn run(&self, cells: Vec<Option<Value>>) -> Result<String, minijinja::Error> {
        let row = Value::from_object(TemplateRow { variables: Arc::clone(&self.variables), cells });
        self.environment.get_template(NAME)?.render(row)
    }

    /// The empty cells without which the template fails, each tried with all others filled.
    fn needed(&self, cells: &[Option<Value>]) -> Vec<usize> {
        let empty: Vec<usize> = (0..cells.len()).filter(|at| cells[*at].is_none()).collect();
        let fails_without = |missing: &usize| {
            let fill = |(at, cell): (usize, &Option<Value>)| match cell {
                None if at != *missing => Some(Value::from("1")),
                cell => cell.clone(),
            };
            self.run(cells.iter().enumerate().map(fill).collect()).is_err_and(|error| {
                matches!(error.kind(), ErrorKind::UndefinedError | ErrorKind::BadSerialization)
            })
        };
        let needed: Vec<usize> = empty.iter().copied().filter(fails_without).collect();
        if needed.is_empty() { empty } else { needed }
    }
}

/// How the engine reads a text: as it is, with the line end behind it.
pub(super) fn syntax() -> SyntaxConfig {
    SyntaxConfig::builder().keep_trailing_newline(true).build().unwrap_or_default()
}

/// Puts what an expression comes to into the text.
fn put(
    text_use: TextUse,
    out: &mut Output,
    state: &mut State,
    value: &Value,
) -> Result<(), minijinja::Error> {
    // What is none of these has no text that people would want to read.
    match value.kind() {
        ValueKind::Undefined => {
            Err(minijinja::Error::new(ErrorKind::UndefinedError, "nothing is in the cell"))
        }
        ValueKind::Bool if text_use == TextUse::Sent => Err(minijinja::Error::new(
            ErrorKind::BadSerialization,
            "what comes of an expression is true or false, and no text: say what it is to read, as in `\"yes\" if …`",
        )),
        ValueKind::Number => {
            bounded(state, value)?;
            minijinja::escape_formatter(out, state, &for_people::tidy(value.clone())?)
        }
        ValueKind::String | ValueKind::Bool => {
            bounded(state, value)?;
            minijinja::escape_formatter(out, state, value)
        }
        other => {
            let message = format!("what comes of an expression is no text but a {other}");
            Err(minijinja::Error::new(ErrorKind::BadSerialization, message))
        }
    }
}

fn environment(text_use: TextUse) -> Environment<'static> {
    let mut environment = Environment::empty();
    environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    environment.set_syntax(syntax());
    environment.set_fuel(Some(FUEL));
    environment.set_formatter(move |out, state, value| put(text_use, out, state, value));
    environment.add_filter("default", filters::default);
    for (name, filter) in [
        ("upper", Value::from_function(filters::upper)),
        ("lower", Value::from_function(filters::lower)),
        ("title", Value::from_function(filters::title)),
        ("capitalize", Value::from_function(filters::capitalize)),
        ("trim", Value::from_function(filters::trim)),
        ("replace", Value::from_function(filters::replace)),
        ("round", Value::from_function(filters::round)),
        ("int", Value::from_function(filters::int)),
        ("float", Value::from_function(filters::float)),
        ("abs", Value::from_function(filters::abs)),
        ("length", Value::from_function(filters::length)),
        ("first", Value::from_function(filters::first)),
        ("last", Value::from_function(filters::last)),
        ("split", Value::from_function(filters::split)),
        ("join", Value::from_function(filters::join)),
        ("date", Value::from_function(for_people::date)),
        ("number", Value::from_function(for_people::number)),
        ("currency", Value::from_function(for_people::currency)),
        ("truncate", Value::from_function(for_people::truncate)),
        ("urlencode", Value::from_function(for_people::urlencode)),
    ] {
        environment.add_filter(name, move |state: &mut State, values: Rest<Value>, named: Kwargs| {
            let mut values = values.0;
            if named.args().next().is_some() {
                values.push(Value::from(named));
            }
            filled(&values)?;
            small(name, &values)?;
            match for_people::takes(name) {
                FilterInput::Text => {
                    values = values.into_iter().map(for_people::tidy).collect::<Result<_, _>>()?;
                }
                FilterInput::Number => for_people::is_countable(name, &values)?,
                FilterInput::Amount | FilterInput::Any => {}
            }
            filter.call(state, &values)
        });
    }
    environment.add_test("defined", tests::is_defined);
    environment.add_test("undefined", tests::is_undefined);
    environment.add_test("startingwith", tests::is_startingwith);
    environment.add_test("endingwith", tests::is_endingwith);
    environment
}

/// Refuses cells that are empty, in lists too: a filter would make something of nothing.
fn filled(values: &[Value]) -> Result<(), minijinja::Error> {
    let is_empty = |value: &Value| {
        let within = || value.try_iter().is_ok_and(|mut items| items.any(|item| item.is_undefined()));
        value.is_undefined() || (value.kind() == ValueKind::Seq && within())
    };
    if values.iter().any(is_empty) {
        return Err(minijinja::Error::new(ErrorKind::UndefinedError, "nothing is in the cell"));
    }
    Ok(())
}

/// Refuses texts that have grown without end, and those that a filter would make of them.
fn small(name: &str, values: &[Value]) -> Result<(), minijinja::Error> {
    let length = |value: Option<&Value>| value.and_then(|value| value.as_str()).map_or(0, str::len);
    let grown = match name {
        // As often as every character of the text.
        "replace" => (length(values.first()) + 1).saturating_mul(length(values.get(2))),
        "join" => {
            let items = values.first().and_then(Value::len).unwrap_or_default();
            items.saturating_mul(length(values.get(1)))
        }
        _ => 0,
    };
    let longest = values.iter().map(|value| length(Some(value))).max().unwrap_or_default();
    if longest.max(grown) > MOST_BYTES {
        return Err(minijinja::Error::new(ErrorKind::OutOfFuel, "the text becomes too long"));
    }
    Ok(())
}

/// Counts what was written so far: a text may not grow without end.
fn bounded(state: &mut State, value: &Value) -> Result<(), minijinja::Error> {
    const WRITTEN: &str = "written";
    let before = state.get_temp(WRITTEN).and_then(|bytes| bytes.as_usize()).unwrap_or_default();
    let written = before + value.as_str().map_or(32, str::len);
    state.set_temp(WRITTEN, Value::from(written));
    if written > OUTPUT_BYTES {
        return Err(minijinja::Error::new(ErrorKind::OutOfFuel, "the text becomes too long"));
    }
    Ok(())
}

/// Longest text, in bytes: no member of a request takes as much.
const LONGEST: usize = 65_536;
/// Longest expression, in bytes, and the most statements of a text: each operator and each branch is a step deeper for
/// who reads it.
const LONGEST_EXPRESSION: usize = 8_192;
const MOST_STATEMENTS: usize = 1_000;

/// Refuses what would take minutes to read, or more of the stack than there is.
fn refuse_endless(text: &str) -> Result<(), String> {
    if text.len() > LONGEST {
        return Err(format!("it has {} bytes; at most {LONGEST} are read", text.len()));
    }
    if text.matches("{%").count() > MOST_STATEMENTS {
        return Err(format!("it has more than {MOST_STATEMENTS} statements"));
    }
    let longest = [("{{", "}}"), ("{%", "%}")].into_iter().flat_map(|(begin, end)| {
        text.split(begin).skip(1).map(move |rest| rest.find(end).unwrap_or(rest.len()))
    });
    match longest.max() {
        Some(longest) if longest > LONGEST_EXPRESSION => {
            Err(format!("an expression in it has {longest} bytes; at most {LONGEST_EXPRESSION} are read"))
        }
        _ => Ok(()),
    }
}

/// The name of a column as it is written.
fn alias<'a>(variable: &'a str, aliases: &'a [String]) -> &'a str {
    let index = variable.strip_prefix(ALIAS).and_then(|index| index.parse::<usize>().ok());
    index.and_then(|index| aliases.get(index)).map_or(variable, String::as_str)
}

/// An error, with what to do where quotes are curly, or words and signs those of another language.
fn advised(text: &str, words: &str) -> String {
    if text.contains(['“', '”', '‘', '’', '„']) {
        return format!("{words}; an expression takes straight quotes only: \" or '");
    }
    match names::other_language(text) {
        Some(advice) => format!("{words}; {advice}"),
        None => words.to_owned(),
    }
}

/// Whether a text is an expression.
fn is_expression(text: &str) -> bool {
    environment(TextUse::Sent).compile_expression_owned(text.to_owned()).is_ok()
}

/// The column of `column("Amount ($)")`, and what is behind it.
fn called_column(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let inner = text.trim_start().strip_prefix("column")?.trim_start().strip_prefix('(')?.trim_start();
    let quote = inner.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let (written, rest) = inner.split_at(names::quoted(inner, quote));
    let name = written[1..].strip_suffix(quote)?;
    let behind = rest.trim_start().strip_prefix(')')?;
    Some((without_escapes(name), behind))
}

/// A text between quotes as it is meant: `a\"b` is `a"b`.
fn without_escapes(text: &str) -> Cow<'_, str> {
    if !text.contains('\\') {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(c) = characters.next() {
        let escaped = if c == '\\' { characters.next() } else { None };
        plain.push(match escaped {
            Some('n') => '\n',
            Some('t') => '\t',
            Some('r') => '\r',
            Some(other) => other,
            None => c,
        });
    }
    Cow::Owned(plain)
}

/// The source with placeholders such as `{{ First Name | upper }}` under names that Jinja takes, and those names.
fn with_identifiers(
    text: &str,
    is_column: &dyn Fn(&str) -> bool,
    text_use: TextUse,
) -> (String, Vec<String>) {
    let mut source = String::with_capacity(text.len());
    let mut aliases: Vec<String> = Vec::new();
    let mut name_of = |name: &str| {
        let index = aliases.iter().position(|known| fold(known) == fold(name)).unwrap_or_else(|| {
            aliases.push(name.to_owned());
            aliases.len() - 1
        });
        format!(" {ALIAS}{index} ")
    };
    let mut rest = text;
    while let Some(start) = rest.find('{') {
        let opened = &rest[start..];
        if let Some(length) = names::verbatim(opened) {
            source.push_str(&rest[..start + length]);
            rest = &rest[start + length..];
            continue;
        }
        let close = if opened.starts_with("{{") { "}}" } else { "%}" };
        if close == "%}" && !opened.starts_with("{%") {
            source.push_str(&rest[..=start]);
            rest = &opened[1..];
            continue;
        }
        let (before, inner) = rest.split_at(start + 2);
        source.push_str(before);
        let mut expression = inner;
        if close == "}}"
            && let Some((head, name)) = named_head(inner, is_column)
            // `vip = 'yes'` and `vip AND gold` are conditions before they are names.
            && (text_use == TextUse::Sent
                || is_column(name)
                || names::other_language(&format!("{{{{{name}}}}}")).is_none())
        {
            source.push_str(&name_of(name));
            expression = &inner[head..];
        }
        let behind = names::behind(expression, close);
        let within = &expression[..expression.len() - behind.len()];
        source.push_str(&with_called_columns(within, &mut name_of));
        rest = behind;
    }
    source.push_str(rest);
    (source, aliases)
}

/// The length of what begins an expression and is the name of a column that Jinja would not take, and the name.
fn named_head<'t>(inner: &'t str, is_column: &dyn Fn(&str) -> bool) -> Option<(usize, &'t str)> {
    let end = inner.find("}}").unwrap_or(inner.len());
    let head = &inner[..inner[..end].find('|').unwrap_or(end)];
    let plain = column_name(head).filter(|name| !is_identifier(name));
    let raw = Some(head.trim()).filter(|name| {
        let called = called_column(name).is_some();
        let marked = name.contains(['"', '\\', '“', '”', '‘', '’', '{']) && !is_column(name);
        !called
            && !name.is_empty()
            && (is_column(name) || !is_expression(&inner[..end]))
            && !marked
            && column_name(head).is_none()
            && !is_identifier(name)
            && !name.starts_with('-')
            && !name.ends_with('-')
            && (is_column(name) || (name.chars().any(|c| c != '\'') && !is_expression(name)))
    });
    plain.or(raw).map(|name| (head.len(), name))
}

/// An expression whose `column("...")` are variables: it names a column anywhere but in a text.
fn with_called_columns(expression: &str, name_of: &mut impl FnMut(&str) -> String) -> String {
    let mut called = String::with_capacity(expression.len());
    let mut rest = expression;
    while let Some(c) = rest.chars().next() {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        if c == '"' || c == '\'' {
            let (text, behind) = rest.split_at(names::quoted(rest, c));
            called.push_str(text);
            rest = behind;
        } else if let Some((name, behind)) = called_column(rest).filter(|_| !called.ends_with(is_word)) {
            called.push_str(&name_of(&name));
            rest = behind;
        } else {
            called.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    called
}

/// How an expression names a column.
pub(super) fn column_reference(name: &str) -> String {
    if is_identifier(name) { name.to_owned() } else { format!("column({name:?})") }
}

fn is_identifier(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && !name.starts_with(|c: char| c.is_ascii_digit())
}

fn words(error: &minijinja::Error) -> String {
    let known = match error.kind() {
        ErrorKind::UnknownFilter => {
            let names: Vec<&str> = for_people::FILTERS.iter().map(|filter| filter.name).collect();
            format!("; there are {}", names.join(", "))
        }
        _ => String::new(),
    };
    match error.detail() {
        // An argument of one of our filters, in plain words already.
        Some(detail) if error.kind() == ErrorKind::SyntaxError && for_people::is_ours(detail) => {
            detail.to_owned()
        }
        Some(detail) => format!("{}: {detail}{known}", error.kind()),
        None => error.kind().to_string(),
    }
}

#[cfg(test)]
mod recorded;
