//! Texts with placeholders: `Hi {{ first_name }}, see you {{ date | default("soon") }}.`
//!
//! Placeholders are strict: a cell that is empty, or nothing but spaces, is an error unless the template says what to do
//! then. Cells are put in without the spaces around them. Nothing is escaped: what comes out is a message, not HTML.
//! Most templates are fixed text and plain columns, and are rendered here; the rest of Jinja's syntax is [`program`]'s.

mod comparisons;
pub mod filters;
mod mistakes;
mod names;
mod program;
mod truths;

use mistakes::TextUse;
use program::Program;

use crate::domain::table::header::{Header, fold};
use crate::domain::table::visible;

/// A compiled text.
#[derive(Debug, Clone)]
pub struct Template {
    kind: TemplateKind,
    columns: Vec<String>,
    /// What a program was compiled from.
    source: String,
}

#[derive(Debug, Clone)]
enum TemplateKind {
    Fixed(String),
    Pieces(Vec<Piece>),
    Program(Box<Program>),
}

#[derive(Debug, Clone)]
enum Piece {
    Text(String),
    Column { column: usize, default: Option<String> },
}

/// A text that is not a template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct TemplateError {
    /// What is wrong, in plain words.
    pub message: String,
}

/// A row that a template cannot be rendered for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RenderError {
    /// These of [`Template::columns`] are needed and empty.
    Empty(Vec<usize>),
    /// The template's own expressions failed.
    Failed {
        /// That of [`Template::columns`] whose cell a filter does not take, where it is known.
        column: Option<usize>,
        /// Why.
        message: String,
    },
}

impl Template {
    /// Compiles.
    ///
    /// # Errors
    /// What is wrong with the syntax, or a filter, test or function that does not exist.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        if !["{{", "{%", "{#"].iter().any(|opening| text.contains(opening)) {
            return Ok(Self::fixed(text));
        }
        if let Some(template) = Self::plain(text)? {
            return Ok(template);
        }
        Self::program(text, TextUse::Sent, None)
    }

    /// Compiles a text that comes to `true` or `false`.
    ///
    /// # Errors
    /// What is wrong with it, as for [`parse`](Self::parse).
    pub(in crate::domain) fn parse_condition(text: &str) -> Result<Self, TemplateError> {
        match Self::plain(text)? {
            Some(template) if !template.columns.iter().any(|name| is_condition(name)) => Ok(template),
            _ => Self::program(text, TextUse::Condition, None),
        }
    }

    fn program(
        text: &str,
        text_use: TextUse,
        is_column: Option<&dyn Fn(&str) -> bool>,
    ) -> Result<Self, TemplateError> {
        let (program, columns) =
            Program::parse(text, text_use, is_column).map_err(|message| TemplateError { message })?;
        Ok(Self { kind: TemplateKind::Program(Box::new(program)), columns, source: text.to_owned() })
    }

    /// The same for a file with these columns: what could be an expression, as `{{ Date/time }}`, is a column where the file
    /// has it.
    ///
    /// # Errors
    /// What is wrong with an expression that is no column of the file.
    pub fn for_columns(&self, columns: &Header) -> Result<Self, TemplateError> {
        match &self.kind {
            TemplateKind::Program(program) => {
                let is_column = |name: &str| columns.find(name).is_ok();
                Self::program(&self.source, program.text_use(), Some(&is_column))
            }
            TemplateKind::Fixed(_) | TemplateKind::Pieces(_) => Ok(self.clone()),
        }
    }

    /// A text without placeholders, whatever it looks like.
    #[must_use]
    pub fn fixed(text: &str) -> Self {
        Self { kind: TemplateKind::Fixed(text.to_owned()), columns: Vec::new(), source: String::new() }
    }

    /// The column `name` as it is, empty where the cell is empty.
    #[must_use]
    pub fn column_or_empty(name: &str) -> Self {
        let piece = Piece::Column { column: 0, default: Some(String::new()) };
        Self {
            kind: TemplateKind::Pieces(vec![piece]),
            columns: vec![name.to_owned()],
            source: String::new(),
        }
    }

    /// The columns that it names, as they are written in it, each once.
    #[must_use]
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// A column that stands beside `and`, `or` or `not` as it is: it is true there whatever it says.
    pub(in crate::domain) fn operand(&self) -> Option<&str> {
        match &self.kind {
            TemplateKind::Program(program) => program.operand(),
            TemplateKind::Fixed(_) | TemplateKind::Pieces(_) => None,
        }
    }

    /// The pieces of it that are the same for every row.
    #[must_use]
    pub fn fixed_pieces(&self) -> Vec<&str> {
        match &self.kind {
            TemplateKind::Fixed(text) => vec![text],
            TemplateKind::Pieces(pieces) => {
                let texts = pieces.iter().filter_map(|piece| match piece {
                    Piece::Text(text) => Some(text.as_str()),
                    Piece::Column { .. } => None,
                });
                texts.collect()
            }
            TemplateKind::Program(_) => names::fixed_pieces(&self.source),
        }
    }

    /// The text if it is the same for every row.
    #[must_use]
    pub fn as_fixed(&self) -> Option<&str> {
        match &self.kind {
            TemplateKind::Fixed(text) => Some(text),
            TemplateKind::Pieces(_) | TemplateKind::Program(_) => None,
        }
    }

    /// The text for one row. `cell` gives the cell of one of [`columns`](Self::columns) by its index there.
    ///
    /// # Errors
    /// An empty cell that is needed, or an expression that fails.
    pub fn render<'c>(&self, cell: impl Fn(usize) -> &'c str) -> Result<String, RenderError> {
        match &self.kind {
            TemplateKind::Fixed(text) => Ok(text.clone()),
            TemplateKind::Pieces(pieces) => render_pieces(pieces, |column| visible::cell(cell(column))),
            TemplateKind::Program(program) => program.render(|column| visible::cell(cell(column))),
        }
    }

    /// The template if it is fixed text and plain columns only.
    fn plain(text: &str) -> Result<Option<Self>, TemplateError> {
        let mut pieces = Vec::new();
        let mut columns: Vec<String> = Vec::new();
        let mut rest = text;
        while let Some(start) = rest.find('{') {
            let Some(inner) = rest[start..].strip_prefix("{{") else {
                if rest[start..].starts_with("{%") || rest[start..].starts_with("{#") {
                    return Ok(None);
                }
                push_text(&mut pieces, &rest[..=start]);
                rest = &rest[start + 1..];
                continue;
            };
            push_text(&mut pieces, &rest[..start]);
            let Some(end) = inner.find("}}") else {
                return Err(TemplateError {
                    message: "a placeholder `{{` is never closed with `}}`".to_owned(),
                });
            };
            let Some((name, default)) = plain_placeholder(&inner[..end])? else { return Ok(None) };
            let column = columns.iter().position(|known| fold(known) == fold(name)).unwrap_or_else(|| {
                columns.push(name.to_owned());
                columns.len() - 1
            });
            pieces.push(Piece::Column { column, default });
            rest = &inner[end + 2..];
        }
        push_text(&mut pieces, rest);
        Ok(Some(Self { kind: TemplateKind::Pieces(pieces), columns, source: String::new() }))
    }
}

fn push_text(pieces: &mut Vec<Piece>, text: &str) {
    match pieces.last_mut() {
        _ if text.is_empty() => {}
        Some(Piece::Text(before)) => before.push_str(text),
        _ => pieces.push(Piece::Text(text.to_owned())),
    }
}

fn render_pieces<'c>(pieces: &[Piece], cell: impl Fn(usize) -> &'c str) -> Result<String, RenderError> {
    let mut text = String::with_capacity(64);
    let mut empty = Vec::new();
    for piece in pieces {
        match piece {
            Piece::Text(fixed) => text.push_str(fixed),
            Piece::Column { column, default } => match (cell(*column), default) {
                ("", Some(default)) => text.push_str(default),
                ("", None) if empty.contains(column) => {}
                ("", None) => empty.push(*column),
                (cell, _) => text.push_str(cell),
            },
        }
    }
    if empty.is_empty() { Ok(text) } else { Err(RenderError::Empty(empty)) }
}

/// The column and the default of `{{ name }}` or `{{ name | default("text") }}`; `None` for any other expression.
fn plain_placeholder(inner: &str) -> Result<Option<(&str, Option<String>)>, TemplateError> {
    if inner.trim().is_empty() {
        return Err(TemplateError { message: "a placeholder `{{ }}` names no column".to_owned() });
    }
    let (name, filter) = match inner.split_once('|') {
        Some((name, filter)) => (name, Some(filter.trim())),
        None => (inner, None),
    };
    let Some(name) = column_name(name) else { return Ok(None) };
    let Some(filter) = filter else { return Ok(Some((name, None))) };
    let argument = filter
        .strip_prefix("default")
        .and_then(|rest| rest.trim().strip_prefix('(')?.strip_suffix(')'))
        .map(str::trim);
    let literal = argument.and_then(|text| {
        let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''))?;
        let literal = text.strip_prefix(quote)?.strip_suffix(quote)?;
        (!literal.contains([quote, '\\'])).then_some(literal)
    });
    Ok(literal.map(|literal| (name, Some(literal.to_owned()))))
}

/// The text as a column's name, which may have spaces and dashes in it: `First Name`, `e-mail`.
fn column_name(text: &str) -> Option<&str> {
    const WORDS: [&str; 12] =
        ["and", "or", "not", "in", "is", "if", "else", "true", "false", "none", "True", "False"];
    let name = text.trim();
    let plain = name.chars().all(|c| c.is_alphanumeric() || matches!(c, ' ' | '_' | '-'))
        && name.starts_with(|c: char| c.is_alphanumeric() || c == '_')
        && name.contains(|c: char| c.is_alphabetic() || c == '_')
        // `{{ name -}}` is Jinja's way to cut the space behind.
        && !text.ends_with('-')
        // `{{ 100 - points }}` counts; a column of that name is found once the file is known.
        && !name.split(" - ").any(|part| name.contains(" - ") && part.trim().bytes().all(|byte| byte.is_ascii_digit()))
        && !name.split([' ', '-']).any(|word| WORDS.contains(&word) || word == "None");
    plain.then_some(name)
}

/// Whether what could be the name of a column is a condition in words of another language: `vip AND gold`.
fn is_condition(name: &str) -> bool {
    names::other_language(&format!("{{{{{name}}}}}")).is_some()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn render(text: &str, cells: &[(&str, &str)]) -> Result<String, String> {
        let template = Template::parse(text).map_err(|error| error.to_string())?;
        let cell = |at: usize| {
            let name = fold(&template.columns()[at]);
            cells.iter().find(|(column, _)| fold(column) == name).map_or("", |(_, cell)| cell)
        };
        template.render(cell).map_err(|error| match error {
            RenderError::Empty(columns) => {
                columns.iter().map(|at| template.columns()[*at].as_str()).collect::<Vec<_>>().join("+")
            }
            RenderError::Failed { message, .. } => message,
        })
    }

    /// What would take more of the stack than there is, or minutes, is refused before it is read.
    #[test]
    fn texts_without_an_end_are_refused() {
        for (text, why) in [
            (format!("{{{{ {}1 }}}}", "1 ~ ".repeat(100_000)), "at most 65536"),
            (format!("{{{{ {}1 }}}}", "1~".repeat(20_000)), "at most 8192"),
            (format!("{{% if {}a %}}x{{% endif %}}", "not ".repeat(10_000)), "at most 8192"),
            (format!("{{% if a %}}{}x{{% endif %}}", "{% elif a %}".repeat(5_000)), "1000 statements"),
        ] {
            let refused = Template::parse(&text).unwrap_err().message;
            assert!(refused.contains(why), "{refused}");
        }
        assert!(Template::parse(&format!("{{{{ {}1 }}}}", "a ~ ".repeat(500))).is_ok());
    }

    /// Placeholders as WhatsApp and Twilio number them are no column's; what a cell does not have is not an empty cell.
    #[test]
    fn a_number_is_no_placeholder_and_what_a_cell_lacks_is_told() {
        let refused = Template::parse("Hi {{1}}, {{ 2 }}").unwrap_err().message;
        assert!(refused.contains("column(\"1\")"), "{refused}");
        assert!(Template::parse("{{ n | int + 1 }} {{ column(\"1\") }}").is_ok());
        let cells = [("first_name", "ann")];
        for text in ["{{ first_name[10] }}", "{{ first_name.first }}", "{{ (first_name | split(' '))[5] }}"] {
            let failed = render(text, &cells).unwrap_err();
            assert!(failed.contains("does not have"), "{text}: {failed}");
        }
        assert_eq!(render("{{ first_name ~ empty }}", &cells).unwrap_err(), "empty");
    }

    #[test]
    fn plain_and_programmed_placeholders() {
        let cells =
            [("first_name", " ann "), ("date", "May 5"), ("n", "3"), ("empty", ""), ("spaces", " \u{a0}")];
        for (text, rendered) in [
            ("Hi {{ first_name }}, {date} {{date}}.", "Hi ann, {date} May 5."),
            ("{{ First Name }} / {{ first-name }}", "ann / ann"),
            ("{{ First Name | upper }}", "ANN"),
            ("{{ first_name | title }} & <b>", "Ann & <b>"),
            ("{{ n | int + 1 }}", "4"),
            ("{{ empty | default(\"you\") }}", "you"),
            ("{{ spaces|default('') }}!", "!"),
            ("{{ empty | default(\"a\\\"b\") }}", "a\"b"),
            ("{{ empty | default(date) | upper }}", "MAY 5"),
            ("{% if empty %}a{% else %}b{% endif %}", "b"),
            ("{% if n == \"3\" %}three{% endif %}\n", "three\n"),
            ("a {{- n -}} b", "a3b"),
            ("{# note #}x", "x"),
        ] {
            assert_eq!(render(text, &cells).as_deref(), Ok(rendered), "{text}");
        }
    }

    #[test]
    fn an_empty_cell_that_is_needed_is_named() {
        let cells = [("a", ""), ("b", "  "), ("c", "c")];
        for (text, names) in [
            ("{{ a }}{{ c }}{{ a }}{{ b }}", "a+b"),
            ("{{ a | upper }} {{ b | default(\"\") }}", "a"),
            ("{{ b ~ (a | default(\"x\")) ~ c }}", "b"),
            ("{% if c %}{{ b }}{% endif %}{{ a | default(c) }}", "b"),
            ("{{ Größe | upper }}", "Größe"),
        ] {
            assert_eq!(render(text, &cells), Err(names.to_owned()), "{text}");
        }
    }

    #[test]
    fn names_the_columns_it_needs_once() {
        for (text, columns) in [
            ("fixed } {", vec![]),
            ("{{ b }}{{ a }}{{ B }}", vec!["b", "a"]),
            ("{% set x = b %}{{ x }}{{ a | upper }}{{ Größe m | lower }}", vec!["Größe m", "a", "b"]),
        ] {
            assert_eq!(Template::parse(text).unwrap().columns(), columns, "{text}");
        }
        assert_eq!(Template::parse("fixed } {").unwrap().as_fixed(), Some("fixed } {"));
    }

    #[test]
    fn mistakes_are_told_when_the_definition_is_read() {
        let mistakes = [
            "{{ a",
            "{{ }}",
            "{{ a | shout }}",
            "{% if a %}",
            "{{ a b c | }}",
            "{{ range(9) }}",
            "{% include 'x' %}",
        ];
        let told: Vec<String> =
            mistakes.iter().map(|text| format!("{text} -> {}", Template::parse(text).unwrap_err())).collect();
        insta::assert_snapshot!(told.join("\n"), @r"
        {{ a -> a placeholder `{{` is never closed with `}}`
        {{ }} -> a placeholder `{{ }}` names no column
        {{ a | shout }} -> unknown filter: filter shout is unknown; there are default, upper, lower, title, capitalize, trim, replace, truncate, urlencode, date, number, currency, int, float, round, abs, length, split, first, last, join
        {% if a %} -> syntax error: unexpected end of input, expected end of block
        {{ a b c | }} -> syntax error: unexpected end of variable block, expected identifier
        {{ range(9) }} -> unknown function: range is unknown
        {% include 'x' %} -> syntax error: unknown statement include
        ");
    }

    #[test]
    fn curly_quotes_are_told() {
        for text in [
            "{{ a | default(‘there’) }}",
            "{{ a | default(“there”) }}",
            "{% if a == “x” %}y{% endif %}",
            "{{ a | date(“long”) }}",
        ] {
            let told = Template::parse(text).unwrap_err().to_string();
            assert!(told.contains("straight quotes"), "{text}: {told}");
        }
    }

    #[test]
    fn texts_that_are_put_together_from_themselves_stay_bounded() {
        let doubled = "{% set x = a ~ a %}".to_owned() + &"{% set x = x ~ x %}".repeat(40) + "{{ x }}";
        let captured = "{% set x %}{{ a }}{% endset %}".to_owned()
            + &"{% set x %}{{ x }}{{ x }}{% endset %}".repeat(40)
            + "{{ x }}";
        let called = "{% macro f(x) %}{{ x }}{{ x }}{{ x }}{{ x }}{% endmacro %}{{ ".to_owned()
            + &"f(".repeat(12)
            + "a"
            + &")".repeat(12)
            + " }}";
        for text in [&doubled, &captured, &called] {
            let told = Template::parse(text).unwrap_err().to_string();
            assert!(told.contains("too long"), "{told}");
        }
        let cell = "x".repeat(60_000);
        for text in
            ["{{ a | replace('x', a) }}", "{{ a | split('x') | join(a) }}", "{{ a ~ a ~ a ~ a ~ a ~ a }}"]
        {
            let failed = Template::parse(text).unwrap().render(|_| &cell);
            assert!(matches!(failed, Err(RenderError::Failed { .. })), "{text}");
        }
        for text in [
            "{% set x = a ~ ' ' ~ a %}{{ x ~ x }}",
            "{% macro f(x) %}{{ x }}!{% endmacro %}{{ f(a) }}{{ f(a) }}",
        ] {
            assert!(Template::parse(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn cells_are_not_counted_with_as_they_are() {
        for text in ["{{ a * 2 }}", "{{ 2 * a }}", "{% if a >= 1.5 %}x{% endif %}"] {
            let told = Template::parse(text).unwrap_err().to_string();
            assert!(told.contains("a | "), "{text}: {told}");
        }
        for text in ["{{ a | int * 2 }}", "{{ (a | float) * 1.5 }}", "{{ a | length * 2 }}"] {
            assert!(Template::parse(text).is_ok(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(\\{\\{|\\}\\}|\\{%|%\\}|[a-z ~|\"é()-]|default|if|\\PC){0,30}") {
            if let Ok(template) = Template::parse(&text) {
                let _ = template.render(|_| "");
                let _ = template.render(|_| "é");
            }
        }

        #[test]
        fn fixed_texts_stay_as_they_are(text in "[^{]*") {
            let template = Template::parse(&text).unwrap();
            prop_assert_eq!(template.as_fixed(), Some(text.as_str()));
        }

        #[test]
        fn the_fast_way_and_jinja_agree(before in "[^{}#%]{0,5}", cell in "[^{}]{0,8}", after in "[^{}#%]{0,5}") {
            let text = format!("{before}{{{{ a | default(\"d\") }}}}{after}");
            let fast = Template::parse(&text).unwrap();
            let slow = Template::parse(&text.replace("a |", "(a) |")).unwrap();
            prop_assert!(matches!((&fast.kind, &slow.kind), (TemplateKind::Pieces(_), TemplateKind::Program(_))));
            prop_assert_eq!(fast.render(|_| &cell), slow.render(|_| &cell));
        }
    }
}
