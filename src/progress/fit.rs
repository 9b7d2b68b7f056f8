//! Words fitted into the columns of a terminal, and coloured where colours are wanted. Pure.

use console::{Style, measure_text_width, truncate_str};

/// How much attention a piece of text asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    Plain,
    /// Something to know of.
    Notable,
    /// Something that went wrong.
    Bad,
}

/// A piece of text that is not taken apart while it fits into a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    text: String,
    tone: Tone,
}

impl Part {
    pub(super) fn new(text: impl Into<String>, tone: Tone) -> Self {
        Self { text: text.into(), tone }
    }

    /// The text, at most so many columns of it.
    fn painted(&self, columns: usize, colours: bool) -> String {
        let text = truncate_str(&self.text, columns, "…");
        let style = match self.tone {
            Tone::Plain => return text.into_owned(),
            Tone::Notable => Style::new().yellow(),
            Tone::Bad => Style::new().red(),
        };
        if colours { style.force_styling(true).apply_to(text).to_string() } else { text.into_owned() }
    }
}

impl From<String> for Part {
    fn from(text: String) -> Self {
        Self::new(text, Tone::Plain)
    }
}

/// The parts, with commas between them, in as many lines as they take: none is wider than `columns`. A part that is
/// wider by itself is cut.
pub(super) fn lines(parts: &[Part], columns: usize, colours: bool) -> Vec<String> {
    let mut lines = Vec::new();
    let (mut line, mut width) = (String::new(), 0);
    for (index, part) in parts.iter().enumerate() {
        let comma = usize::from(index + 1 < parts.len());
        let own = measure_text_width(&part.text) + comma;
        if width > 0 && width + 1 + own > columns {
            lines.push(std::mem::take(&mut line));
            width = 0;
        }
        if width > 0 {
            line.push(' ');
            width += 1;
        }
        line.push_str(&part.painted(columns.saturating_sub(comma), colours));
        line.push_str(&",".repeat(comma.min(columns)));
        width += own.min(columns);
    }
    if width > 0 {
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parts(texts: &[&str]) -> Vec<Part> {
        texts.iter().map(|text| Part::from((*text).to_owned())).collect()
    }

    #[test]
    fn parts_stay_whole_where_they_fit() {
        let parts = parts(&["1.98/s (limit 2/s)", "limited by the file", "45 min left", "ends 23:41"]);
        assert_eq!(
            lines(&parts, 80, false),
            ["1.98/s (limit 2/s), limited by the file, 45 min left, ends 23:41"]
        );
        assert_eq!(
            lines(&parts, 41, false),
            ["1.98/s (limit 2/s), limited by the file,", "45 min left, ends 23:41"]
        );
        assert_eq!(lines(&parts, 12, false), ["1.98/s (li…,", "limited by…,", "45 min left,", "ends 23:41"]);
    }

    #[test]
    fn colours_take_no_room() {
        let parts = [Part::new("failed", Tone::Bad), Part::new("slow", Tone::Notable)];
        let expected = ["\u{1b}[31mfailed\u{1b}[0m, \u{1b}[33mslow\u{1b}[0m"];
        assert_eq!(lines(&parts, 12, true), expected);
        assert_eq!(lines(&parts, 12, false), ["failed, slow"]);
    }

    proptest! {
        /// Wide characters, marks and emoji count as many columns as a terminal gives them.
        #[test]
        fn no_line_is_wider_than_the_terminal(
            texts in prop::collection::vec("[ -~é你好🙂\u{301}]{1,60}", 1..8), columns in 3_usize..200,
        ) {
            let parts: Vec<Part> = texts.into_iter().map(Part::from).collect();
            for line in lines(&parts, columns, true) {
                prop_assert!(measure_text_width(&line) <= columns, "{line:?}");
            }
        }
    }
}
