//! Templates with filters and conditions, run by minijinja: strict, without loaders, functions or anything of the
//! machine it runs on.
//!
//! An empty cell is undefined there, so that `default` and `if` see it as missing.

use std::sync::Arc;

use minijinja::value::{Object, Value};
use minijinja::{Environment, ErrorKind, UndefinedBehavior, filters, syntax::SyntaxConfig, tests};

use crate::domain::message::template::{RenderError, column_name};
use crate::domain::phone::mask::mask_text;
use crate::domain::table::header::fold;

/// The only template of an environment.
const NAME: &str = "text";

/// What a column's name that is no identifier is called inside.
const ALIAS: &str = "__column_";

/// What a definition may use.
const FILTERS: &str = "; there are default, upper, lower, title, capitalize, trim, replace, round, int, float, abs, \
                       length, first, last, split, join";

/// A compiled template.
#[derive(Debug, Clone)]
pub(super) struct Program {
    environment: Environment<'static>,
    /// What the columns are called inside.
    variables: Arc<[String]>,
}

/// One row's cells, as the template looks them up; empty ones are undefined.
#[derive(Debug)]
struct Row {
    variables: Arc<[String]>,
    cells: Vec<Option<Value>>,
}

impl Object for Row {
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
    pub(super) fn parse(text: &str) -> Result<(Self, Vec<String>), String> {
        let (source, aliases) = with_identifiers(text);
        let mut environment = environment();
        environment.add_template_owned(NAME, source).map_err(|error| words(&error))?;
        let template = environment.get_template(NAME).map_err(|error| words(&error))?;
        let mut variables: Vec<String> = template.undeclared_variables(false).into_iter().collect();
        variables.sort();
        let columns = variables
            .iter()
            .map(|variable| {
                let alias = variable.strip_prefix(ALIAS).and_then(|index| index.parse::<usize>().ok());
                alias.and_then(|index| aliases.get(index)).unwrap_or(variable).clone()
            })
            .collect();
        let program = Self { environment, variables: variables.into() };
        program.rehearse()?;
        Ok((program, columns))
    }

    /// Renders with a cell that is text, number and nothing, so that an unknown filter shows now and not in a row.
    fn rehearse(&self) -> Result<(), String> {
        for cell in [Some("1"), Some("a"), None] {
            let cells = vec![cell.map(Value::from); self.variables.len()];
            if let Err(error) = self.run(cells)
                && matches!(
                    error.kind(),
                    ErrorKind::UnknownFilter
                        | ErrorKind::UnknownFunction
                        | ErrorKind::UnknownTest
                        | ErrorKind::UnknownMethod
                        | ErrorKind::MissingArgument
                        | ErrorKind::TooManyArguments
                        | ErrorKind::TemplateNotFound
                )
            {
                return Err(words(&error));
            }
        }
        Ok(())
    }

    /// The text for one row; `cell` gives a trimmed cell by the index of its column.
    pub(super) fn render<'c>(&self, cell: impl Fn(usize) -> &'c str) -> Result<String, RenderError> {
        let value = |at| Some(cell(at)).filter(|cell| !cell.is_empty()).map(Value::from);
        let cells: Vec<Option<Value>> = (0..self.variables.len()).map(value).collect();
        self.run(cells.clone()).map_err(|error| match error.kind() {
            ErrorKind::UndefinedError => RenderError::Empty(self.needed(&cells)),
            // Some errors quote the value.
            _ => RenderError::Failed(mask_text(&words(&error))),
        })
    }

    fn run(&self, cells: Vec<Option<Value>>) -> Result<String, minijinja::Error> {
        let row = Value::from_object(Row { variables: Arc::clone(&self.variables), cells });
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
            self.run(cells.iter().enumerate().map(fill).collect())
                .is_err_and(|error| error.kind() == ErrorKind::UndefinedError)
        };
        let needed: Vec<usize> = empty.iter().copied().filter(fails_without).collect();
        if needed.is_empty() { empty } else { needed }
    }
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::empty();
    environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    if let Ok(syntax) = SyntaxConfig::builder().keep_trailing_newline(true).build() {
        environment.set_syntax(syntax);
    }
    environment.add_filter("default", filters::default);
    environment.add_filter("upper", filters::upper);
    environment.add_filter("lower", filters::lower);
    environment.add_filter("title", filters::title);
    environment.add_filter("capitalize", filters::capitalize);
    environment.add_filter("trim", filters::trim);
    environment.add_filter("replace", filters::replace);
    environment.add_filter("round", filters::round);
    environment.add_filter("int", filters::int);
    environment.add_filter("float", filters::float);
    environment.add_filter("abs", filters::abs);
    environment.add_filter("length", filters::length);
    environment.add_filter("first", filters::first);
    environment.add_filter("last", filters::last);
    environment.add_filter("split", filters::split);
    environment.add_filter("join", filters::join);
    environment.add_test("defined", tests::is_defined);
    environment.add_test("undefined", tests::is_undefined);
    environment.add_test("startingwith", tests::is_startingwith);
    environment.add_test("endingwith", tests::is_endingwith);
    environment
}

/// The source with placeholders such as `{{ First Name | upper }}` under names that Jinja takes, and those names.
fn with_identifiers(text: &str) -> (String, Vec<String>) {
    let mut source = String::with_capacity(text.len());
    let mut aliases: Vec<String> = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("{{") {
        let (before, inner) = rest.split_at(start + 2);
        source.push_str(before);
        rest = inner;
        let head = &inner[..inner.find(['|', '}']).unwrap_or(inner.len())];
        let Some(name) = column_name(head).filter(|name| !is_identifier(name)) else { continue };
        let index = aliases.iter().position(|known| fold(known) == fold(name)).unwrap_or_else(|| {
            aliases.push(name.to_owned());
            aliases.len() - 1
        });
        source.push_str(&format!(" {ALIAS}{index} "));
        rest = &inner[head.len()..];
    }
    source.push_str(rest);
    (source, aliases)
}

fn is_identifier(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && !name.starts_with(|c: char| c.is_ascii_digit())
}

fn words(error: &minijinja::Error) -> String {
    let known = if error.kind() == ErrorKind::UnknownFilter { FILTERS } else { "" };
    match error.detail() {
        Some(detail) => format!("{}: {detail}{known}", error.kind()),
        None => error.kind().to_string(),
    }
}
