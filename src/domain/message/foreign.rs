//! Placeholders of other programs in a text that is to go out: `#NAME#`, `*|NAME|*`, `%%name%%`, `$name`, `{name}`, `name }}`.
//!
//! Marks that nothing else looks like are enough by themselves. Others need the name of a column between them, a word that
//! such names are made of, or a phrase such as `[Your name]`, perhaps with a default: `{name|there}`.

mod words;

use words::{ASKS, GREETINGS, NAMES, THINGS, WORDS};

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
    ("%{", "}"),
    ("{!", "}"),
    ("{$", "}"),
    ("{%", "%}"),
    ("<%", "%>"),
    ("<?", "?>"),
    ("<<", ">>"),
    ("[[", "]]"),
    ("[%", "%]"),
    ("{*", "*}"),
    ("${{", "}}"),
    ("$$", "$$"),
    ("##", "##"),
    ("@@", "@@"),
    ("［［", "］］"),
];

/// Pairs that need a name that is known.
const UNSURE: &[(&str, &str)] = &[
    ("&lt;", "&gt;"),
    ("$(", ")"),
    ("@(", ")"),
    ("%(", ")s"),
    ("%(", ")"),
    ("((", "))"),
    ("(:", ":)"),
    ("__", "__"),
    ("{", "}"),
    ("[", "]"),
    ("<", ">"),
    ("%", "%"),
    ("#", "#"),
    ("$", "$"),
    ("!", "!"),
    ("=", "="),
    ("&", ";"),
    ("&", "&"),
    ("*", "*"),
    (":", ":"),
    ("~", "~"),
    ("|", "|"),
    ("^", "^"),
    ("@", "@"),
    ("-", "-"),
    ("_", "_"),
    ("(", ")"),
    ("（", "）"),
    ("«", "»"),
    ("‹", "›"),
    ("｛", "｝"),
    ("［", "］"),
    ("＜", "＞"),
    ("〈", "〉"),
    ("《", "》"),
    ("【", "】"),
    ("〔", "〕"),
    ("「", "」"),
    ("『", "』"),
    ("❴", "❵"),
    ("⦃", "⦄"),
    ("⟨", "⟩"),
    ("⟦", "⟧"),
    ("＃", "＃"),
    ("％", "％"),
    ("＄", "＄"),
    ("＠", "＠"),
];

/// Of these, those that stand around ordinary words too: only the name of a column counts between them.
const ORDINARY: &[&str] = &["(", "（", "-", "_"];

/// Of these, those between which a phrase may stand: `[Insert name here]`.
const BRACKETS: &[&str] = &["[", "{", "<", "«", "‹", "((", "&lt;", "［", "＜", "【", "《", "〔", "｛"];

/// What names behind a single mark begin with.
const SINGLE: &[char] = &['$', '@', '%', ':', '\\', '#', '='];

/// Longest name that is looked for, in bytes.
const LONGEST: usize = 64;

/// The names that placeholders may have.
#[derive(Debug, Clone)]
pub struct Names(Vec<String>);

impl Names {
    /// Those of these columns, and the usual ones.
    #[must_use]
    pub fn new(columns: &[String]) -> Self {
        Self(columns.iter().map(|name| fold(name)).filter(|name| !name.is_empty()).collect())
    }

    fn knows(&self, part: &str) -> bool {
        let folded = fold(part);
        let word = folded.as_str();
        !folded.is_empty() && (self.0.contains(&folded) || NAMES.contains(&word) || WORDS.contains(&word))
    }

    fn is_column(&self, inner: &str) -> bool {
        inner.trim() == inner && self.0.contains(&fold(inner))
    }

    /// Whether it is a known name, with an object in front or a default or a form behind.
    fn has(&self, name: &str) -> bool {
        let name = name.trim_matches(|c: char| !c.is_alphanumeric());
        let cut = |c: char| matches!(c, '|' | ':' | '?' | '!' | '=' | ',' | '/');
        let head = name.split(cut).next().unwrap_or(name);
        self.knows(name) || self.knows(head) || head.split('.').any(|part| self.knows(part)) || {
            // `contact:name`
            name.split([':', '.']).any(|part| self.knows(part))
        }
    }

    /// `Your name`, `insert date here`; `FIRST_NAME`.
    fn is_phrase(&self, inner: &str) -> bool {
        let capitals = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit();
        let constant = inner.contains('_') && inner.chars().all(|c| c == '_' || capitals(c));
        let words: Vec<String> = inner
            .split(|c: char| !c.is_alphanumeric())
            .map(str::to_lowercase)
            .filter(|word| !word.is_empty())
            .collect();
        let thing = |word: &String| THINGS.contains(&word.as_str()) || self.knows(word);
        let filler = |word: &String| ASKS.contains(&word.as_str()) || thing(word);
        // `[TIME]`, `[XXX]`, `[Mr/Ms]`, `{MERGEFIELD name}`, and what a person was to fill in.
        let lone = words.len() == 1 && words.iter().any(thing);
        let field = inner.trim_start().starts_with("MERGEFIELD ");
        let crosses = inner.len() > 2 && inner.bytes().all(|byte| byte == b'X');
        constant
            || lone
            || field
            || crosses
            || ((2..=5).contains(&words.len()) && words.iter().any(thing) && words.iter().all(filler))
    }
}

/// Each mark in the text, as it is written.
#[must_use]
pub fn find<'t>(text: &'t str, names: &Names) -> Vec<&'t str> {
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

/// Bytes that a mark can begin with: 0xC2, 0xE2, 0xE3 and 0xEF begin brackets beyond ASCII.
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
            | b'!'
            | b'='
            | b'&'
            | b'\\'
            | b'-'
            | 0xC2
            | 0xE2
            | 0xE3
            | 0xEF
    )
}

fn at_mark<'t>(text: &'t str, at: usize, names: &Names) -> Option<&'t str> {
    let rest = &text[at..];
    // Asked of all pairs at each mark of each text: one byte decides nearly all of them.
    let first = rest.as_bytes().first();
    let begins = |(open, _): &&(&str, &str)| open.as_bytes().first() == first;
    for (open, close) in SURE.iter().filter(begins) {
        if let Some((written, _)) = pair(rest, open, close).filter(|(_, inner)| is_name(inner)) {
            return Some(written);
        }
    }
    // `a=name=b` of an address, `5:name:6`: these two are marks between words only.
    let inside = text[..at].chars().next_back().is_some_and(char::is_alphanumeric);
    for (open, close) in UNSURE.iter().filter(begins) {
        let known = |inner: &str| {
            let bracket = BRACKETS.contains(open);
            if ORDINARY.contains(open) || matches!(*close, "&" | "*") {
                return names.is_column(inner);
            }
            names.has(inner)
                || (*open == "{" && (is_index(inner) || is_identifier(inner)))
                || (bracket && names.is_phrase(inner))
        };
        let fits = |(_, inner): &(&str, &str)| {
            let between_words = matches!(*open, "=" | ":" | "!" | "&" | "|" | "~" | "^" | "-" | "_" | "*");
            let apart = !between_words || !(inside || inner.trim() != *inner);
            apart && is_value(inner) && known(inner)
        };
        // `*Date*: 5 May` is a word in bold.
        let is_bold = |written: &str| *open == "*" && rest[written.len()..].starts_with(':');
        if let Some((written, _)) =
            pair(rest, open, close).filter(fits).filter(|(written, _)| !is_bold(written))
        {
            return Some(written);
        }
    }
    if rest.starts_with("%@") {
        return Some(&rest[..2]);
    }
    if rest.starts_with("{}") && !text.starts_with(['{', '[']) {
        return Some(&rest[..2]);
    }
    single(text, at, names).or_else(|| stray(text, at))
}

/// What is written with these marks, and what is between them.
fn pair<'t>(rest: &'t str, open: &str, close: &str) -> Option<(&'t str, &'t str)> {
    let inner = rest.strip_prefix(open)?;
    let near = &inner[..inner.floor_char_boundary(LONGEST)];
    memchr::memchr(close.as_bytes()[0], near.as_bytes())?;
    let end = near.find(close)?;
    Some((&rest[..open.len() + end + close.len()], &inner[..end]))
}

/// Whether this could be the name of something: words of letters, digits and `_ . - | :`, with a letter or a digit.
fn is_name(inner: &str) -> bool {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | ' ' | '|' | ':' | '=' | '\'');
    let inner = inner.trim();
    !inner.is_empty() && inner.chars().all(plain) && inner.chars().any(char::is_alphanumeric)
}

/// Whether this could be a name with what other programs write beside it: a default, a form, quotes.
fn is_value(inner: &str) -> bool {
    let alien = |c: char| matches!(c, '\n' | '\r' | '{' | '}' | '<' | '>' | '[' | ']');
    !inner.trim().is_empty() && !inner.contains(alien) && inner.chars().any(char::is_alphanumeric)
}

/// `{date}`: braces around one word are nobody's punctuation.
fn is_identifier(inner: &str) -> bool {
    let inner = inner.trim();
    inner.len() > 2
        && inner.starts_with(char::is_alphabetic)
        && inner.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '-'))
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
    // A file on a disk.
    if mark == '\\' && text[..at].ends_with(':') {
        return None;
    }
    // `=name` of a spreadsheet; beside other words it is a sum, or a part of an address.
    let is_known = if mark == '=' { names.is_column(name) } else { names.has(name) };
    (formats || (!name.is_empty() && is_known)).then_some(written)
}

/// Half of a pair of braces: `{{` with no end, `}}` with no beginning. Not in JSON.
fn stray(text: &str, at: usize) -> Option<&str> {
    let rest = &text[at..];
    if text.starts_with(['{', '[']) && text.ends_with(['}', ']']) {
        return None;
    }
    let half = rest.starts_with("{{") || (rest.starts_with("}}") && !text[..at].contains("{{"));
    half.then(|| &rest[..2])
}

/// Marks in the fixed pieces of a template; a single brace that touches a placeholder, as in `{{{ name }}}`, is one too.
#[must_use]
pub fn in_pieces<'t>(pieces: &[&'t str], names: &Names) -> Vec<&'t str> {
    let is_json = pieces.first().is_some_and(|first| first.starts_with(['{', '[']));
    let last = pieces.len().saturating_sub(1);
    let mut found = Vec::new();
    for (at, piece) in pieces.iter().enumerate() {
        found.extend(find(piece, names));
        found.extend(bare(piece, names, at == 0));
        if is_json || last == 0 {
            continue;
        }
        if at > 0 && piece.starts_with('}') {
            found.push(&piece[..1]);
        }
        if at < last && piece.ends_with('{') {
            found.push(&piece[piece.len() - 1..]);
        }
    }
    found
}

/// What stands for a name without any marks: `Dear NAME,`, `FIRST_NAME`, `Hi Name,`, and room that a person was to fill:
/// `____`, `XXXX`, `[   ]`. Only in texts of the definition: a cell may have such a word.
fn bare<'t>(piece: &'t str, names: &Names, is_first: bool) -> Vec<&'t str> {
    let mixed = piece.contains(char::is_lowercase);
    let mut found = Vec::new();
    let mut greeted = false;
    for (at, word) in piece.split_whitespace().enumerate() {
        let bare = word.trim_matches(|c: char| !c.is_alphanumeric() && c != '_');
        let folded = fold(bare);
        let is_name = NAMES.contains(&folded.as_str());
        let constant = bare.len() > 3 && bare.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
        let crosses = bare.len() > 2 && bare.bytes().all(|byte| byte == b'X');
        let line = bare.len() > 2 && bare.bytes().all(|byte| byte == b'_');
        let shouted = mixed && constant && (is_name || (bare.contains('_') && names.knows(bare)));
        // A word that the columns mark already is found by its marks.
        let unmarked = word.starts_with(bare);
        if line || (unmarked && (crosses || shouted || (greeted && is_name))) {
            found.push(bare);
        }
        greeted = is_first && at == 0 && GREETINGS.contains(&folded.as_str());
    }
    let dots = piece.find("........").map(|at| &piece[at..at + 8]);
    found.extend(dots);
    for (open, close) in [('[', ']'), ('{', '}')] {
        found.extend(piece.match_indices(open).find_map(|(at, _)| {
            let end = at + piece[at..].find(close)?;
            let inner = &piece[at + 1..end];
            (inner.len() > 1 && inner.bytes().all(|byte| byte == b' ')).then(|| &piece[at..=end])
        }));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Names {
        Names::new(&["phone".to_owned(), "First Name".to_owned(), "Termin".to_owned()])
    }

    #[test]
    fn placeholders_of_other_programs_are_found() {
        for (text, mark) in [
            ("Hi #NAME#", "#NAME#"),
            ("Hi *|FNAME|*, welcome", "*|FNAME|*"),
            ("Hi @contact.name", "@contact.name"),
            ("Hi %%name%%", "%%name%%"),
            ("Hi $name", "$name"),
            ("Hi :name:", ":name:"),
            ("Hi ｛｛ name ｝｝", "｛｛ name ｝｝"),
            ("Hi name }}", "}}"),
            ("Hi {{ name", "{{"),
            ("Hi {{ whatever }}", "{{ whatever }}"),
            ("Am {termin}.", "{termin}"),
            ("Hi [First Name]", "[First Name]"),
            ("Hi <<anything>>", "<<anything>>"),
            ("Hi ${user.first}", "${user.first}"),
            ("Hi {!Contact.FirstName}", "{!Contact.FirstName}"),
            ("Hi <%= name %>", "<%= name %>"),
            ("Hi %s, see you", "%s"),
            ("Hi {0}", "{0}"),
            ("Hi __NAME__", "__NAME__"),
            ("Hi %FIRST_NAME%", "%FIRST_NAME%"),
            ("Hi :first_name, see you", ":first_name"),
            ("Hi {first name|there}", "{first name|there}"),
            ("Hi {name!}", "{name!}"),
            ("Hi $$name$$", "$$name$$"),
            ("Hi %(name)s", "%(name)s"),
            ("Hi @(contact.name)", "@(contact.name)"),
            ("Hi ((name??there))", "((name??there))"),
            ("Hi [Your name],", "[Your name]"),
            ("Hi [Insert date here]", "[Insert date here]"),
            ("Hi [ORDER_NO]", "[ORDER_NO]"),
            ("Hi 【お名前】", "【お名前】"),
            ("Hi ［First Name］", "［First Name］"),
            ("Hi ＜name＞", "＜name＞"),
            ("Hi ‹name›", "‹name›"),
            ("Hi &lt;name&gt;", "&lt;name&gt;"),
            ("Hi !name!", "!name!"),
            ("Hi {date}", "{date}"),
            ("Hi *first_name*, see you", "*first_name*"),
            ("Hi &first_name&", "&first_name&"),
            ("Hi =first_name", "=first_name"),
            ("Hi {}", "{}"),
            ("Hi %{name}", "%{name}"),
            ("Hi [%name%]", "[%name%]"),
            ("Hi [Vorname]", "[Vorname]"),
            ("Hi {Имя}", "{Имя}"),
            ("Hi {{ name ｝｝", "{{"),
        ] {
            assert_eq!(find(text, &names()), [mark], "{text}");
        }
    }

    #[test]
    fn a_brace_beside_a_placeholder_is_a_mark() {
        let names = names();
        assert_eq!(in_pieces(&["Hi ", "}, see you"], &names), ["}"]);
        assert_eq!(in_pieces(&["Hi {", "."], &names), ["{"]);
        assert_eq!(in_pieces(&["{\"name\": ", "}"], &names), [""; 0]);
        assert_eq!(in_pieces(&["Hi ", " :}"], &names), [""; 0]);
    }

    #[test]
    fn ordinary_texts_have_no_placeholders() {
        for text in [
            "At 10:30:15 on 2026-05-01",
            "50% off, 20% more",
            "$5 or $10, @home, #1 of 2 #winning",
            "[STOP] to end <3 {x}",
            "user@example.com, https://example.com/a?b=c%20d&e=f#g",
            "Total: 5 | 6 | 7 ~ about ~ 8",
            "C:\\temp a_b__c (see below)",
            "ﾄﾛﾄ ，。：",
            "5 * 3 ** 2 ^ 4",
            "Great news! Name your price!",
            "{\"templateType\":\"ListPicker\",\"data\":{}}",
            "Tom & name; see below",
            "*first_name*: what you are called",
            "*big* news & more & still more, a=first_name",
            "[Acme] Your code is 1234 (valid <10 min>)",
            "D:\\name\\x",
            "a=b&name=c",
            "",
        ] {
            assert_eq!(find(text, &names()), [""; 0], "{text}");
        }
    }
}
