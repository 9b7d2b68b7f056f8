//! Mistakes in what a user wrote, collected so that all of one file are told at once.
//!
//! A [`Problem`] is for people: where, what, and what to do. It stops the command; rows that are wrong have a
//! rejection of their own and stop nothing.

use std::fmt;

use crate::domain::phone::mask::mask_digits;

/// A position in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SourceSpan {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

impl SourceSpan {
    /// The position of the byte `offset` of `text`; past the end means the end.
    #[must_use]
    pub fn of(text: &str, offset: usize) -> Self {
        let before = &text[..text.floor_char_boundary(offset)];
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Self {
            line: before.bytes().filter(|byte| *byte == b'\n').count() + 1,
            column: before[start..].chars().count() + 1,
        }
    }
}

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where; `None` for what is missing from the file as a whole.
    pub place: Option<SourceSpan>,
    /// What is wrong, in lower case, without a full stop.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Problem {
    /// A mistake without a hint.
    #[must_use]
    pub fn new(place: Option<SourceSpan>, message: impl Into<String>) -> Self {
        Self { place, message: message.into(), hint: None }
    }

    /// The same with a hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// All mistakes of one file. Displays as users see it: one paragraph per mistake, in the order of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems {
    file: String,
    text: String,
    list: Vec<Problem>,
}

impl Problems {
    /// No mistakes yet in `text`, which was read from `file`.
    #[must_use]
    pub fn new(file: &str, text: &str) -> Self {
        Self { file: file.to_owned(), text: text.to_owned(), list: Vec::new() }
    }

    /// Takes note of a mistake.
    pub fn push(&mut self, problem: Problem) {
        self.list.push(problem);
    }

    /// The mistakes, in the order in which they were found.
    #[must_use]
    pub fn list(&self) -> &[Problem] {
        &self.list
    }

    /// `value` if there are no mistakes.
    ///
    /// # Errors
    /// The mistakes, in the order of the file.
    pub fn or<T>(self, value: impl FnOnce() -> T) -> Result<T, Self> {
        if self.list.is_empty() {
            return Ok(value());
        }
        Err(self.sorted())
    }

    /// The same in the order of the file, each once.
    #[must_use]
    pub(super) fn sorted(mut self) -> Self {
        self.list.sort_by_key(|problem| problem.place);
        self.list.dedup();
        self
    }

    /// Sees to it that a failure is never without a word.
    pub(super) fn push_if_empty(&mut self, message: &str) {
        if self.list.is_empty() {
            self.push(Problem::new(None, message));
        }
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown: Vec<&str> = Vec::new();
        for (index, problem) in self.list.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            match problem.place {
                Some(place) => {
                    let message = mask_digits(&problem.message);
                    write!(f, "{}:{}:{}: {message}", self.file, place.line, place.column)?;
                    if let Some(line) = self.text.lines().nth(place.line - 1) {
                        excerpt(f, place, line)?;
                    }
                }
                None => write!(f, "{}: {}", self.file, mask_digits(&problem.message))?,
            }
            if let Some(hint) = &problem.hint {
                let hint = not_again(hint, &mut shown);
                if !hint.is_empty() {
                    write!(f, "{HINT}{hint}")?;
                }
            }
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

/// What is wrong and what to do about it, told apart in the words of [`Problems`]: for those who take them in two places.
#[must_use]
pub fn parted(words: &str) -> (String, String) {
    let hint = |line: &str| line.strip_prefix(HINT.trim_start_matches('\n')).map(str::to_owned);
    let (hints, rest): (Vec<&str>, Vec<&str>) = words.lines().partition(|line| hint(line).is_some());
    let hints: Vec<String> = hints.into_iter().filter_map(hint).collect();
    (rest.join("\n"), hints.join("; "))
}

/// What a hint begins with.
const HINT: &str = "\n    hint: ";

/// The hint without the columns of the file, where they were shown before: once is enough.
fn not_again<'h>(hint: &'h str, shown: &mut Vec<&'h str>) -> &'h str {
    let Some(at) = hint.to_lowercase().find(COLUMNS) else { return hint };
    let (before, columns) = hint.split_at(at);
    let columns = &columns[COLUMNS.len()..];
    if shown.contains(&columns) {
        return before.trim_end();
    }
    shown.push(columns);
    hint
}

/// What the columns of the file are told with, in lower case.
const COLUMNS: &str = "the file has: ";

/// The source line with a caret below the column, cut to what a terminal shows. Tabs count as one column, as spaces.
fn excerpt(f: &mut fmt::Formatter<'_>, place: SourceSpan, line: &str) -> fmt::Result {
    const WIDTH: usize = 110;
    let skip = place.column.saturating_sub(WIDTH);
    let mut shown: String = line.replace('\t', " ").chars().skip(skip).take(WIDTH).collect();
    if line.chars().count() > skip + WIDTH {
        // Half an id could be anything, a phone number for one.
        shown.truncate(shown.trim_end_matches(|c: char| c.is_ascii_hexdigit() || c == '-').len());
        shown.push('…');
    }
    write!(f, "\n  {:>4} | {}", place.line, mask_digits(shown.trim_end()))?;
    write!(f, "\n       | {:>width$}", '^', width = place.column - skip)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_lines_and_characters() {
        let text = "é = 1\nsecond = \"ü\" # x\n";
        for (needle, line, column) in [("é", 1, 1), ("= 1", 1, 3), ("second", 2, 1), ("# x", 2, 14)] {
            let offset = text.find(needle).unwrap();
            assert_eq!(SourceSpan::of(text, offset), SourceSpan { line, column }, "{needle}");
        }
        assert_eq!(
            SourceSpan::of(text, 1),
            SourceSpan { line: 1, column: 1 },
            "in the middle of a character"
        );
        assert_eq!(SourceSpan::of(text, 999), SourceSpan { line: 3, column: 1 }, "past the end");
    }

    #[test]
    fn shows_the_line_with_a_caret_and_the_hint_in_the_order_of_the_file() {
        let text = "name = \"x\"\n\trate = \"fast\"\nonly = [\"+12025550104\"]\n";
        let mut problems = Problems::new("c.toml", text);
        let at = |line, column| Some(SourceSpan { line, column });
        problems.push(Problem::new(at(3, 9), "not a number"));
        problems.push(Problem::new(at(2, 9), "`rate` must be a number").hint("write 2.0"));
        problems.push(Problem::new(None, "`connect.source` is missing"));
        let shown = problems.or(|| ()).unwrap_err().to_string();
        let (wrong, hints) = parted(&shown);
        assert_eq!((hints.as_str(), wrong.contains("hint")), ("write 2.0", false), "{wrong}");
        assert_eq!(wrong.lines().count() + 1, shown.lines().count());
        insta::assert_snapshot!(shown, @r#"
        c.toml: `connect.source` is missing
        c.toml:2:9: `rate` must be a number
             2 |  rate = "fast"
               |         ^
            hint: write 2.0
        c.toml:3:9: not a number
             3 | only = ["+1********04"]
               |         ^
        "#);
    }
}
