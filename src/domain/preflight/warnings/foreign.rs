//! Placeholders of other programs in a text that is to go out: `#NAME#`, `*|NAME|*`, `%%name%%`, `$name`, `{name}`, `name }}`.
//!
//! Marks that nothing else looks like are enough by themselves; others need the name of a column, or a word that such names
//! are made of, between them.

use crate::domain::table::header::fold;

/// Pairs that are enough with a name between them.
const SURE: &[(&str, &str)] = &[
    ("*|", "|*"),
    ("%%", "%%"),
    ("{{", "}}"),
    ("｛｛", "｝｝"),
    ("${", "}"),
    ("#{", "}"),
    ("@{", "}"),
    ("{!", "}"),
    ("{$", "}"),
    ("{%", "%}"),
    ("<%", "%>"),
    ("<<", ">>"),
    ("[[", "]]"),
];

/// Pairs that need a name that is known.
const UNSURE: &[(&str, &str)] = &[
    ("{", "}"),
    ("[", "]"),
    ("<", ">"),
    ("%", "%"),
    ("#", "#"),
    ("｛", "｝"),
    ("__", "__"),
    (":", ":"),
    ("«", "»"),
    ("((", "))"),
    ("~", "~"),
    ("|", "|"),
    ("^", "^"),
    ("@", "@"),
];

/// What names behind a single mark begin with.
const SINGLE: &[char] = &['$', '@', '%', ':'];

/// Longest name that is looked for, in bytes.
const LONGEST: usize = 64;

/// Words that names of placeholders are made of, whatever the columns are called.
const WORDS: &[&str] = &[
    "name",
    "firstname",
    "lastname",
    "fullname",
    "fname",
    "lname",
    "surname",
    "givenname",
    "vorname",
    "nachname",
    "prenom",
    "prénom",
    "nombre",
    "apellido",
    "nome",
    "email",
    "phone",
    "company",
    "customer",
    "customername",
    "contactname",
    "recipient",
    "username",
    "user",
    "amount",
    "link",
    "url",
];

/// The names that placeholders may have.
#[derive(Debug, Clone)]
pub(super) struct Names(Vec<String>);

impl Names {
    pub(super) fn new(columns: &[String]) -> Self {
        Self(columns.iter().map(|name| fold(name)).filter(|name| !name.is_empty()).collect())
    }

    fn has(&self, name: &str) -> bool {
        let known = |part: &str| {
            let folded = fold(part);
            !folded.is_empty() && (self.0.contains(&folded) || WORDS.contains(&folded.as_str()))
        };
        known(name) || name.split(['.', ':']).any(known)
    }
}

/// Each mark in the text, as it is written.
pub(super) fn find<'t>(text: &'t str, names: &Names) -> Vec<&'t str> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(at) = text.as_bytes()[from..].iter().position(|byte| is_mark(*byte)).map(|at| from + at) {
        if !text.is_char_boundary(at) {
            from = at + 1;
            continue;
        }
        match at_mark(text, at, names) {
            Some(written) => {
                found.push(written);
                from = at + written.len();
            }
            None => from = at + 1,
        }
    }
    found
}

/// Bytes that a mark can begin with: 0xEF begins a full-width brace, 0xC2 «.
fn is_mark(byte: u8) -> bool {
    matches!(
        byte,
        b'#' | b'*'
            | b'%'
            | b'{'
            | b'}'
            | b'$'
            | b'@'
            | b'<'
            | b'['
            | b'_'
            | b':'
            | b'('
            | b'~'
            | b'|'
            | b'^'
            | 0xEF
            | 0xC2
    )
}

fn at_mark<'t>(text: &'t str, at: usize, names: &Names) -> Option<&'t str> {
    let rest = &text[at..];
    for (open, close) in SURE {
        if let Some((written, _)) = pair(rest, open, close).filter(|(_, inner)| is_name(inner)) {
            return Some(written);
        }
    }
    for (open, close) in UNSURE {
        let known = |inner: &str| names.has(inner) || (*open == "{" && is_index(inner));
        if let Some((written, _)) =
            pair(rest, open, close).filter(|(_, inner)| is_name(inner) && known(inner))
        {
            return Some(written);
        }
    }
    single(text, at, names).or_else(|| stray(text, at))
}

/// What is written with these marks, and what is between them.
fn pair<'t>(rest: &'t str, open: &str, close: &str) -> Option<(&'t str, &'t str)> {
    let inner = rest.strip_prefix(open)?;
    let near = &inner[..inner.floor_char_boundary(LONGEST)];
    let end = near.find(close)?;
    Some((&rest[..open.len() + end + close.len()], &inner[..end]))
}

/// Whether this could be the name of something: words of letters, digits and `_ . - | :`, with a letter or a digit.
fn is_name(inner: &str) -> bool {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | ' ' | '|' | ':' | '=' | '\'');
    let inner = inner.trim();
    !inner.is_empty() && inner.chars().all(plain) && inner.chars().any(char::is_alphanumeric)
}

/// `{0}` of a format string.
fn is_index(inner: &str) -> bool {
    inner.len() <= 2 && inner.bytes().all(|byte| byte.is_ascii_digit())
}

/// `$name`, `@contact.name`, `:name`, and `%s` of a format string.
fn single<'t>(text: &'t str, at: usize, names: &Names) -> Option<&'t str> {
    let rest = &text[at..];
    let mark = rest.chars().next().filter(|c| SINGLE.contains(c))?;
    // An address or a time has something in front.
    if text[..at].chars().next_back().is_some_and(|c| c.is_alphanumeric() || c == mark) {
        return None;
    }
    let inner = &rest[mark.len_utf8()..];
    let end = inner.find(|c: char| !c.is_alphanumeric() && !matches!(c, '_' | '.')).unwrap_or(inner.len());
    let name = inner[..end].trim_end_matches('.');
    let written = &rest[..mark.len_utf8() + name.len()];
    let formats = mark == '%' && matches!(name, "s" | "d" | "1");
    (formats || (!name.is_empty() && names.has(name))).then_some(written)
}

/// Half of a pair of braces: `{{` with no end, `}}` with no beginning. With the word beside it.
fn stray(text: &str, at: usize) -> Option<&str> {
    let rest = &text[at..];
    let half = rest.starts_with("{{") || (rest.starts_with("}}") && !text[..at].contains("{{"));
    half.then(|| &rest[..2])
}
