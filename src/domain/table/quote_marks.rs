//! The marks that people put round what they quote, and programs round cells: `"Ann"`, `“Ann”`, `«Ann»`.

use crate::domain::table::visible::cell;

/// What quotes begin and end with, in the languages that have them.
const QUOTES: [(char, char); 17] = [
    ('"', '"'),
    ('“', '”'),
    ('“', '“'),
    ('”', '”'),
    ('„', '“'),
    ('„', '”'),
    ('«', '»'),
    ('»', '«'),
    ('‘', '’'),
    ('’', '’'),
    ('‚', '‘'),
    ('\'', '\''),
    ('`', '`'),
    ('`', '\''),
    ('`', '´'),
    ('´', '´'),
    ('＂', '＂'),
];

/// What is between the quotes of a cell that is in some, and has none of them within.
pub(crate) fn within_quotes(text: &str) -> Option<&str> {
    let text = cell(text);
    // Most cells begin with a letter or a digit.
    if text.as_bytes().first().is_none_or(|first| first.is_ascii_alphanumeric() || *first == b'+') {
        return None;
    }
    QUOTES.iter().find_map(|(begin, end)| {
        let within = text.strip_prefix(*begin)?.strip_suffix(*end)?;
        (!within.is_empty() && !within.contains([*begin, *end])).then_some(within)
    })
}

/// Whether a cell is in quotes, and has none of them within.
pub(crate) fn is_quoted(text: &str) -> bool {
    within_quotes(text).is_some()
}
