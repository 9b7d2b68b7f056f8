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

/// Where the lines of a text begin: finds any position and line of it without going through what comes before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineIndex<'t> {
    text: &'t str,
    starts: Vec<usize>,
    /// How many characters begin before each block of [`BLOCK`] bytes: a line may be as long as the file.
    before: Vec<usize>,
}

/// Bytes in which characters are counted for a position, at most.
const BLOCK: usize = 512;

impl<'t> LineIndex<'t> {
    /// The lines of `text`.
    #[must_use]
    pub fn new(text: &'t str) -> Self {
        let ends = memchr::memchr_iter(b'\n', text.as_bytes());
        let mut before = vec![0];
        for block in text.as_bytes().chunks(BLOCK) {
            before.push(before.last().unwrap_or(&0) + begun(block));
        }
        Self { text, starts: std::iter::once(0).chain(ends.map(|end| end + 1)).collect(), before }
    }

    /// How many characters begin before the byte `offset`.
    fn characters(&self, offset: usize) -> usize {
        let block = offset / BLOCK;
        self.before[block] + begun(&self.text.as_bytes()[block * BLOCK..offset])
    }

    /// The position of the byte `offset`; past the end means the end.
    #[must_use]
    pub fn span(&self, offset: usize) -> SourceSpan {
        let offset = self.text.floor_char_boundary(offset);
        let line = self.starts.partition_point(|start| *start <= offset);
        SourceSpan { line, column: self.characters(offset) - self.characters(self.starts[line - 1]) + 1 }
    }

    /// The text of a line, from 1, without its end; `None` where the text has fewer.
    #[must_use]
    pub fn line(&self, line: usize) -> Option<&'t str> {
        self.text[*self.starts.get(line.checked_sub(1)?)?..].lines().next()
    }
}

/// How many characters begin in these bytes of a text.
fn begun(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| (**byte & 0b1100_0000) != 0b1000_0000).count()
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
        let lines = LineIndex::new(&self.text);
        for (index, problem) in self.list.iter().take(MOST_SHOWN).enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            match problem.place {
                Some(place) => {
                    let message = mask_digits(&problem.message);
                    write!(f, "{}:{}:{}: {message}", self.file, place.line, place.column)?;
                    if let Some(line) = lines.line(place.line) {
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
        match self.list.len().saturating_sub(MOST_SHOWN) {
            0 => Ok(()),
            1 => write!(f, "\n{}: 1 more mistake", self.file),
            more => write!(f, "\n{}: {more} more mistakes", self.file),
        }
    }
}

impl std::error::Error for Problems {}

/// Mistakes that are shown; of a file with more, nearly all are one mistake made again and again.
const MOST_SHOWN: usize = 50;

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
        let text = "é = 1\nsecond = \"ü\" # x\r\n";
        let lines = LineIndex::new(text);
        for (needle, line, column) in [("é", 1, 1), ("= 1", 1, 3), ("second", 2, 1), ("# x", 2, 14)] {
            let offset = text.find(needle).unwrap();
            assert_eq!(lines.span(offset), SourceSpan { line, column }, "{needle}");
        }
        assert_eq!(lines.span(1), SourceSpan { line: 1, column: 1 }, "in the middle of a character");
        assert_eq!(lines.span(999), SourceSpan { line: 3, column: 1 }, "past the end");
        assert_eq!(
            (1..=4).map(|line| lines.line(line)).collect::<Vec<_>>(),
            [Some("é = 1"), Some("second = \"ü\" # x"), None, None]
        );
    }

    /// A list of thousands may be one line.
    #[test]
    fn places_in_a_long_line_are_those_of_counting_from_its_start() {
        let text = "first\n".to_owned() + &"aé€𝄞 ".repeat(400) + "\nlast ü";
        let lines = LineIndex::new(&text);
        for (offset, _) in text.char_indices().chain([(text.len(), ' ')]) {
            let before = &text[..offset];
            let line = before.matches('\n').count() + 1;
            let column = before.rsplit('\n').next().unwrap().chars().count() + 1;
            assert_eq!(lines.span(offset), SourceSpan { line, column }, "{offset}");
        }
    }

    #[test]
    fn of_very_many_mistakes_the_first_are_shown_and_the_others_counted() {
        let text = "a\n".repeat(60);
        let mut problems = Problems::new("c.toml", &text);
        for line in 1..=60 {
            problems.push(Problem::new(Some(SourceSpan { line, column: 1 }), "unknown"));
        }
        let shown = problems.or(|| ()).unwrap_err().to_string();
        assert!(shown.contains("c.toml:50:1: unknown") && !shown.contains("c.toml:51:1"), "{shown}");
        assert!(shown.ends_with("\nc.toml: 10 more mistakes"), "{shown}");
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
