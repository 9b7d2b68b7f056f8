//! Cells in quotes that are not the file's own: `“Ann”`, `"""Ann"""`, `«Ann»`. A program or an editor put them round
//! every cell, and a message would have them.
//!
//! One cell in quotes is what a person writes. All of a column are not, nor all of a row.

use super::SuspectRows;
use crate::domain::row::binding::Cells;
use crate::domain::table::quote_marks::is_quoted;
use crate::domain::table::visible::cell;

/// Whether all cells of a row that have anything are in quotes, and they are several.
pub(super) fn is_row_quoted<C: Cells + ?Sized>(cells: &C) -> bool {
    let mut filled = (0..cells.count()).map(|at| cell(cells.cell(at))).filter(|text| !text.is_empty());
    let (first, second) = (filled.next(), filled.next());
    second.is_some() && first.into_iter().chain(second).chain(filled).all(is_quoted)
}

/// A column that texts use.
#[derive(Debug, Clone, Default)]
pub(super) struct QuotedColumn {
    /// Rows that have anything in it.
    filled: u64,
    /// Those where it is in quotes.
    quoted: SuspectRows,
    /// Those where all else is in quotes too.
    with_others: SuspectRows,
    first: String,
}

impl QuotedColumn {
    pub(super) fn see(&mut self, text: &str, row_is_quoted: bool, line: u64) {
        let text = cell(text);
        if text.is_empty() {
            return;
        }
        self.filled += 1;
        if !is_quoted(text) {
            return;
        }
        if self.first.is_empty() {
            text.clone_into(&mut self.first);
        }
        self.quoted.add(line);
        if row_is_quoted {
            self.with_others.add(line);
        }
    }

    /// The rows that have quotes which belong to no text, and the first of their cells.
    pub(super) fn wrong(&self) -> Option<(&SuspectRows, &str)> {
        let all = self.filled > 1 && self.quoted.rows == self.filled;
        let rows = if all { &self.quoted } else { &self.with_others };
        (rows.rows > 0).then_some((rows, self.first.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::row::binding::Cells;

    struct Row<'a>(&'a [&'a str]);

    impl Cells for Row<'_> {
        fn count(&self) -> usize {
            self.0.len()
        }

        fn cell(&self, at: usize) -> &str {
            self.0[at]
        }
    }

    #[test]
    fn cells_in_quotes_are_told_from_cells_with_quotes() {
        for text in [
            "“Ann”",
            "\"Ann\"",
            "«Ann»",
            "„Ann“",
            "‘Ann Lee’",
            " ”Ann” ",
            "'Ann'",
            "»Ann«",
            "`Ann'",
            "\"+1 202\"",
        ] {
            assert!(is_quoted(text), "{text}");
        }
        for text in [
            "Ann",
            "“Ann” Lee",
            "Ann “The Boss”",
            "“Ann” and “Bob”",
            "\"",
            "\"\"",
            "'t Hooft",
            "",
            "’t Hart",
            "“Ann",
        ] {
            assert!(!is_quoted(text), "{text}");
        }
    }

    #[test]
    fn a_row_is_quoted_where_several_cells_are_and_no_other() {
        for (cells, is) in [
            (&["“1”", "“Ann”"][..], true),
            (&["“1”", "", "“Ann”"], true),
            (&["1", "“Ann”"], false),
            (&["“Ann”"], false),
            (&["", ""], false),
        ] {
            assert_eq!(is_row_quoted(&Row(cells)), is, "{cells:?}");
        }
    }

    #[test]
    fn a_column_is_wrong_where_all_of_it_is_quoted_or_the_rest_of_its_rows_is() {
        let wrong = |cells: &[(&str, bool)]| {
            let mut column = QuotedColumn::default();
            cells.iter().zip(2..).for_each(|((text, whole), line)| column.see(text, *whole, line));
            column.wrong().map(|(rows, first)| (rows.lines.clone(), first.to_owned()))
        };
        assert_eq!(
            wrong(&[("“Ann”", false), ("", false), ("“Bob”", false)]),
            Some((vec![2, 4], "“Ann”".to_owned()))
        );
        assert_eq!(wrong(&[("“Ann”", true)]), Some((vec![2], "“Ann”".to_owned())));
        assert_eq!(wrong(&[("“Ann”", false)]), None);
        assert_eq!(wrong(&[("“Ann”", false), ("Bob", false)]), None);
        assert_eq!(wrong(&[("Bob", false), ("“Ann”", true)]).map(|(lines, _)| lines), Some(vec![3]));
    }
}
