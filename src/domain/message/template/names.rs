//! The words of a template's expressions: which of them name columns.
//!
//! The engine's own list of names misses those in slices, in arguments of filters and in blocks.

use super::{comparisons, truths};

/// A word or sign within `{{ }}` or `{% %}`.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token<'t> {
    Name(&'t str),
    Number(&'t str),
    Text(&'t str),
    Sign(&'t str),
    /// Where an expression or a block begins, and where it ends.
    Open,
    Close,
}

/// What the expressions of a template have in them.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Names {
    /// Names of columns, in their order, each once.
    pub(super) columns: Vec<String>,
    /// A number that stands alone between `{{` and `}}`, as other programs number their placeholders.
    pub(super) number: Option<String>,
    /// A column that stands beside `and`, `or`, `not` as it is.
    pub(super) operand: Option<String>,
    /// Columns of which it is asked whether they are true.
    pub(super) truths: Vec<String>,
    /// Whether texts could be put together from themselves without end.
    pub(super) grows: bool,
}

pub(super) const KEYWORDS: [&str; 37] = [
    "and",
    "or",
    "not",
    "in",
    "is",
    "if",
    "else",
    "elif",
    "endif",
    "for",
    "endfor",
    "set",
    "endset",
    "with",
    "endwith",
    "true",
    "false",
    "none",
    "True",
    "False",
    "None",
    "filter",
    "endfilter",
    "autoescape",
    "endautoescape",
    "block",
    "endblock",
    "macro",
    "endmacro",
    "call",
    "endcall",
    "raw",
    "endraw",
    "do",
    "recursive",
    "loop",
    "self",
];

pub(super) const COMPARISONS: [&str; 6] = ["<=", ">=", "==", "!=", "<", ">"];
/// How much longer than its cells a text may become by being put together from itself.
const GROWTH: u64 = 256;

/// Finds them.
pub(super) fn names(source: &str) -> Names {
    let tokens = tokens(source);
    let mut names = Names::default();
    let mut local = locals(&tokens);
    for at in 0..tokens.len() {
        let Token::Name(name) = tokens[at] else { continue };
        let before = at.checked_sub(1).map(|before| &tokens[before]);
        let is_before = |word: &str| matches!(before, Some(Token::Name(is) | Token::Sign(is)) if *is == word);
        if is_before("set")
            || is_before("for")
            || is_before("with")
            || is_before("macro")
            || is_before("block")
        {
            local.extend((!KEYWORDS.contains(&name)).then_some(name));
            continue;
        }
        if KEYWORDS.contains(&name) || is_before("|") || is_before(".") || local.contains(&name) {
            continue;
        }
        // A test: `is defined`, `is not undefined`; a filter of a block.
        if is_before("is")
            || is_before("filter")
            || (is_before("not") && at >= 2 && tokens[at - 2] == Token::Name("is"))
        {
            continue;
        }
        // An argument by name, the second name of `with`, or a function, of which the engine says whether it is there.
        if matches!(tokens.get(at + 1), Some(Token::Sign("=" | "("))) {
            continue;
        }
        if !names.columns.iter().any(|known| known == name) {
            names.columns.push(name.to_owned());
        }
    }
    names.truths = truths::asked(&tokens, &local);
    names.operand = comparisons::operand(&tokens, &local);
    names.number = tokens.windows(3).find_map(|window| match window {
        [Token::Open, Token::Number(number), Token::Close] => Some((*number).to_owned()),
        _ => None,
    });
    names.grows = growth(&tokens, &local) > GROWTH;
    names
}

/// Names that the template itself gives values to: `for a, b in`, `with a = 1, b = 2`, `macro f(a, b)`.
fn locals<'t>(tokens: &[Token<'t>]) -> Vec<&'t str> {
    let mut local = Vec::new();
    let (mut block, mut opened) = ("", false);
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::Open => (block, opened) = ("", true),
            Token::Name(word) if opened => (block, opened) = (word, false),
            Token::Name("in") if block == "for" => block = "",
            Token::Name(name) if matches!(block, "for" | "macro") => local.push(*name),
            Token::Name(name) if block == "with" && tokens.get(at + 1) == Some(&Token::Sign("=")) => {
                local.push(*name);
            }
            _ => opened = false,
        }
    }
    local
}

/// How many times a cell may be in a text at most: each variable that is set multiplies by how often it takes others, each
/// call of a macro by how often that uses what it is given.
fn growth(tokens: &[Token<'_>], local: &[&str]) -> u64 {
    let mut growth = 1_u64;
    let mut macros: Vec<(&str, u64)> = Vec::new();
    let mut blocks: Vec<&str> = Vec::new();
    let (mut block, mut uses, mut captured) = ("", 0_u64, 0_u64);
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::Open => (block, uses) = ("", 0),
            Token::Name(word) if block.is_empty() => {
                block = word;
                match *word {
                    "set"
                        if !tokens[at..]
                            .iter()
                            .take_while(|token| **token != Token::Close)
                            .any(|token| *token == Token::Sign("=")) =>
                    {
                        blocks.push("set");
                        captured = 0;
                    }
                    "macro" => {
                        if let Some(Token::Name(name)) = tokens.get(at + 1) {
                            macros.push((name, 0));
                            blocks.push("macro");
                        }
                    }
                    "endset" => growth = growth.saturating_mul(captured.max(1)),
                    _ => {}
                }
                if matches!(*word, "endset" | "endmacro") {
                    blocks.pop();
                } else if local.contains(word) {
                    captured += 1;
                    if blocks.last() == Some(&"macro")
                        && let Some(last) = macros.last_mut()
                    {
                        last.1 += 1;
                    }
                }
            }
            Token::Name(name) => {
                if let Some((_, times)) = macros.iter().find(|(known, _)| known == name)
                    && tokens.get(at + 1) == Some(&Token::Sign("("))
                    && block != "macro"
                {
                    growth = growth.saturating_mul((*times).max(1));
                }
                if local.contains(name) && block != "macro" {
                    uses += 1;
                    captured += 1;
                    if blocks.last() == Some(&"macro")
                        && let Some(last) = macros.last_mut()
                    {
                        last.1 += 1;
                    }
                }
            }
            // The name that is set is no use of it.
            Token::Close if block == "set" => growth = growth.saturating_mul(uses.saturating_sub(1).max(1)),
            _ => {}
        }
    }
    growth
}

fn tokens(source: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut rest = source;
    while let Some(start) = rest.find('{') {
        rest = &rest[start..];
        if let Some(length) = verbatim(rest) {
            rest = &rest[length..];
        } else if rest.starts_with("{{") || rest.starts_with("{%") {
            let close = if rest.starts_with("{{") { "}}" } else { "%}" };
            tokens.push(Token::Open);
            // The signs that cut blanks around a tag are no part of what is in it.
            let inner = rest[2..].strip_prefix(['-', '+']).unwrap_or(&rest[2..]);
            rest = expression(inner, close, &mut tokens);
            tokens.push(Token::Close);
        } else {
            rest = &rest[1..];
        }
    }
    tokens
}

/// What an expression has of another language, and how it is said here.
pub(super) fn other_language(source: &str) -> Option<&'static str> {
    let tokens = tokens(source);
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::Open => depth = 0,
            Token::Sign("(" | "[" | "{") => depth += 1,
            Token::Sign(")" | "]" | "}") => depth = depth.saturating_sub(1),
            Token::Name("AND" | "OR" | "NOT" | "And" | "Or" | "Not" | "IN" | "IS") => {
                return Some("`and`, `or`, `not`, `in` and `is` are written in small letters");
            }
            Token::Sign("&" | "|") if tokens.get(at + 1) == Some(token) => {
                return Some("write `and` for `&&`, `or` for `||`");
            }
            Token::Sign("!") => return Some("write `not` for `!`"),
            Token::Sign("<") if tokens.get(at + 1) == Some(&Token::Sign(">")) => {
                return Some("write `!=` for `<>`");
            }
            Token::Sign("=")
                if depth == 0
                    && !matches!(
                        tokens[..at]
                            .iter()
                            .rposition(|token| *token == Token::Open)
                            .map(|open| &tokens[open + 1..at]),
                        Some([Token::Name("set" | "with"), ..])
                    ) =>
            {
                return Some("`=` compares nothing: write `==`");
            }
            Token::Name("LIKE" | "like") => {
                return Some(
                    "there is no `like`: write `\"text\" in name`, or `name is startingwith(\"text\")`",
                );
            }
            _ => {}
        }
    }
    None
}

/// The length of a comment, or of a text that is written as it is, where one begins here.
pub(super) fn verbatim(text: &str) -> Option<usize> {
    let up_to =
        |from: usize, end: &str| text[from..].find(end).map_or(text.len(), |at| from + at + end.len());
    if text.starts_with("{#") {
        return Some(up_to(2, "#}"));
    }
    let tag = raw_tag(text, "raw")?;
    let end = text[tag..]
        .match_indices("{%")
        .find_map(|(at, _)| Some(tag + at + raw_tag(&text[tag + at..], "endraw")?));
    Some(end.unwrap_or(text.len()))
}

/// The length of `{% word %}` at the beginning of a text.
fn raw_tag(text: &str, word: &str) -> Option<usize> {
    let inner = text.strip_prefix("{%")?;
    let end = inner.find("%}")?;
    let is_it = inner[..end].trim_matches(|c: char| c.is_whitespace() || matches!(c, '-' | '+')) == word;
    is_it.then_some(end + 4)
}

/// What stands outside of expressions, blocks and comments.
pub(super) fn fixed_pieces(source: &str) -> Vec<&str> {
    let (mut pieces, mut rest) = (Vec::new(), source);
    loop {
        let opening = ["{{", "{%", "{#"].iter().filter_map(|opening| rest.find(opening)).min();
        let Some(at) = opening else { break };
        pieces.push(&rest[..at]);
        if let Some(length) = verbatim(&rest[at..]) {
            // What is written as it is goes out, whatever it looks like.
            if rest[at..].starts_with("{%") {
                pieces.push(&rest[at..at + length]);
            }
            rest = &rest[at + length..];
            continue;
        }
        let close = match &rest[at..at + 2] {
            "{{" => "}}",
            _ => "%}",
        };
        rest = expression(&rest[at + 2..], close, &mut Vec::new());
    }
    pieces.push(rest);
    pieces.retain(|piece| !piece.is_empty());
    pieces
}

/// What is behind an expression and its `close`.
pub(super) fn behind<'t>(text: &'t str, close: &str) -> &'t str {
    expression(text, close, &mut Vec::new())
}

/// The tokens up to `close`, and what is behind it.
fn expression<'t>(mut rest: &'t str, close: &str, tokens: &mut Vec<Token<'t>>) -> &'t str {
    while let Some(c) = rest.chars().next() {
        if let Some(behind) = rest.strip_prefix(close) {
            return behind;
        }
        let length = if c == '"' || c == '\'' {
            let length = quoted(rest, c);
            tokens.push(Token::Text(rest[1..length].trim_end_matches(c)));
            length
        } else if c.is_alphabetic() || c == '_' {
            let length = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            tokens.push(Token::Name(&rest[..length]));
            length
        } else if c.is_ascii_digit() {
            let length =
                rest.find(|c: char| !c.is_ascii_digit() && c != '.' && c != '_').unwrap_or(rest.len());
            tokens.push(Token::Number(&rest[..length]));
            length
        } else {
            let cuts = matches!(c, '-' | '+') && rest[1..].starts_with(close);
            let two = rest.get(..2).filter(|two| COMPARISONS.contains(two) || matches!(*two, "//" | "**"));
            let length = two.map_or(c.len_utf8(), str::len);
            if !c.is_whitespace() && !cuts {
                tokens.push(Token::Sign(&rest[..length]));
            }
            length
        };
        rest = &rest[length..];
    }
    rest
}

/// The length of a text in quotes.
pub(super) fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            '\\' if !escaped => escaped = true,
            c if c == quote && !escaped => return at + c.len_utf8(),
            _ => escaped = false,
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_wherever_they_stand() {
        for (text, columns) in [
            ("{{ date[:3] }}", vec!["date"]),
            ("{{ \"x\"[a:b] }}", vec!["a", "b"]),
            ("{{ x | replace(from, to) }}", vec!["x", "from", "to"]),
            ("{% filter replace(f, 'x') %}a{% endfilter %}", vec!["f"]),
            ("{% autoescape x %}{% endautoescape %}", vec!["x"]),
            ("{% set x = b %}{{ x }}", vec!["b"]),
            ("{% for c in name %}{{ c }}{{ loop.index }}{% endfor %}", vec!["name"]),
            ("{{ a.b | default(c) }} {{ a is defined }} {{ a is not undefined }}", vec!["a", "c"]),
            ("{{ a | round(method=\"ceil\") }}", vec!["a"]),
            ("{% for a, b in c %}{{ a }}{{ b }}{{ d }}{% endfor %}", vec!["c", "d"]),
            ("{% with a = x, b = y %}{{ a ~ b }}{% endwith %}", vec!["x", "y"]),
            ("{% macro f(a, b) %}{{ a }}{{ c }}{% endmacro %}{{ f(d, e) }}", vec!["c", "d", "e"]),
            ("{% if a and not b or 'and c' %}{% endif %}{# d #} { e }", vec!["a", "b"]),
            ("{{ 'a\\'b' ~ Größe }}", vec!["Größe"]),
        ] {
            assert_eq!(names(text).columns, columns, "{text}");
        }
    }
}
