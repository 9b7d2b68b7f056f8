//! What an expression takes a cell for: a cell is text, so that beside a number it is neither more nor less, and by itself it is
//! true whatever it says.

use super::names::{COMPARISONS, KEYWORDS, Token};

/// Signs that a text and a number make no sense with.
const COUNTS: [&str; 5] = ["*", "/", "//", "%", "**"];
/// Filters that make a number of a text.
pub(super) const NUMBERS: [&str; 8] = ["int", "float", "abs", "round", "length", "count", "sum", "wordcount"];

/// A column and a number that are compared as they are: column, sign, number. The same of a number in quotes, where it is asked
/// which of them is more.
pub(super) fn compared(tokens: &[Token<'_>], local: &[&str]) -> Option<(String, String, String)> {
    for (at, token) in tokens.iter().enumerate() {
        let Token::Sign(sign) = token else {
            if matches!(token, Token::Name("in"))
                && let [Token::Sign("[" | "("), Token::Number(number), ..] = &tokens[at + 1..]
                && !matches!(tokens[..at], [.., Token::Open, Token::Name("for"), Token::Name(_)])
                && let negated = usize::from(matches!(tokens[..at], [.., Token::Name("not")]))
                && let Some(column) = column_before(&tokens[..at - negated], local)
            {
                return Some((column.to_owned(), "==".to_owned(), (*number).to_owned()));
            }
            continue;
        };
        let orders = matches!(*sign, "<" | ">" | "<=" | ">=");
        if !COMPARISONS.contains(sign) && !COUNTS.contains(sign) {
            continue;
        }
        let number = |token: Option<&Token<'_>>| match token? {
            Token::Number(number) => Some((*number).to_owned()),
            Token::Name(word @ ("true" | "false" | "True" | "False")) if matches!(*sign, "==" | "!=") => {
                Some((*word).to_owned())
            }
            Token::Text(text) if orders && is_number(text) => Some((*text).to_owned()),
            _ => None,
        };
        let found = number(tokens.get(at + 1))
            .and_then(|number| Some((column_before(&tokens[..at], local)?, number)))
            .or_else(|| {
                let number = number(at.checked_sub(1).and_then(|before| tokens.get(before)))?;
                let counted = at >= 2
                    && matches!(tokens[at - 2], Token::Sign("|" | "." | "*" | "+" | "-" | "/" | "//" | "%"));
                Some((column_behind(&tokens[at + 1..], local).filter(|_| !counted)?, number))
            });
        if let Some((column, number)) = found {
            return Some((column.to_owned(), (*sign).to_owned(), number));
        }
    }
    None
}

fn is_number(text: &str) -> bool {
    let digits = text.trim().trim_start_matches(['-', '+']);
    digits.starts_with(|c: char| c.is_ascii_digit())
        && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}

/// The column that an operand is which ends here, where nothing makes a number of it: `n`, `(n)`, `n | trim`, `n | default(0)`.
fn column_before<'t>(tokens: &[Token<'t>], local: &[&str]) -> Option<&'t str> {
    let mut rest = tokens;
    loop {
        // The arguments of a filter.
        if let [before @ .., Token::Sign(")")] = rest {
            let mut depth = 1_usize;
            let open = before.iter().rposition(|token| {
                match token {
                    Token::Sign(")") => depth += 1,
                    Token::Sign("(") => depth -= 1,
                    _ => {}
                }
                depth == 0
            })?;
            if let [outer @ .., Token::Name(filter)] = &before[..open]
                && let [outer @ .., Token::Sign("|")] = outer
            {
                if NUMBERS.contains(filter) {
                    return None;
                }
                rest = outer;
                continue;
            }
            // Brackets around it.
            let inner = &before[open + 1..];
            let is_alone = !matches!(before[..open], [.., Token::Name(_)]);
            return column_before(inner, local).filter(|_| is_alone && is_one_operand(inner));
        }
        match rest {
            [outer @ .., Token::Sign("|"), Token::Name(filter)] => {
                if NUMBERS.contains(filter) {
                    return None;
                }
                rest = outer;
            }
            [.., Token::Sign("." | "*" | "+" | "-" | "/" | "//" | "%" | "~"), Token::Name(_)]
            | [.., Token::Name("is"), Token::Name(_)] => return None,
            [.., Token::Name(name)] => return is_column(name, local).then_some(name),
            _ => return None,
        }
    }
}

/// The column that an operand is which begins here: a filter behind it belongs to it.
fn column_behind<'t>(tokens: &[Token<'t>], local: &[&str]) -> Option<&'t str> {
    match tokens {
        [Token::Name(_), Token::Sign("|" | "." | "(" | "["), ..] => None,
        [Token::Name(name), ..] => is_column(name, local).then_some(name),
        _ => None,
    }
}

/// Whether there is nothing between the brackets but a column and its filters.
fn is_one_operand(tokens: &[Token<'_>]) -> bool {
    let joins = |token: &Token<'_>| match token {
        Token::Sign(sign) => {
            COMPARISONS.contains(sign) || matches!(*sign, "~" | "+" | "-" | "*" | "/" | "//" | "%" | ",")
        }
        Token::Name(name) => matches!(*name, "and" | "or" | "not" | "in" | "is" | "if" | "else"),
        _ => false,
    };
    !tokens.iter().any(joins)
}

/// A column that stands beside `and`, `or` or `not` as it is: it is true whatever it says.
pub(super) fn operand(tokens: &[Token<'_>], local: &[&str]) -> Option<String> {
    let joins = |token: Option<&Token<'_>>| matches!(token, Some(Token::Name("and" | "or" | "not")));
    tokens.iter().enumerate().find_map(|(at, token)| {
        let Token::Name(name) = token else { return None };
        let (mut before, mut behind) = (&tokens[..at], &tokens[at + 1..]);
        // Brackets around it, which are not those of a call.
        while let ([outer @ .., Token::Sign("(")], [Token::Sign(")"), rest @ ..]) = (before, behind)
            && !matches!(outer, [.., Token::Name(called)] if !KEYWORDS.contains(called))
        {
            (before, behind) = (outer, rest);
        }
        let begins = joins(before.last()) || matches!(before.last(), Some(Token::Open | Token::Sign("(")));
        let ends = joins(behind.first()) || matches!(behind.first(), Some(Token::Close | Token::Sign(")")));
        let is_looked_for = matches!(behind, [Token::Name("not"), Token::Name("in"), ..]);
        let is_test = matches!(before, [.., Token::Name("is"), Token::Name("not")]);
        let is_joined = joins(before.last()) || joins(behind.first());
        (begins && ends && is_joined && !is_looked_for && !is_test && is_column(name, local))
            .then(|| (*name).to_owned())
    })
}

pub(super) fn is_column(name: &str, local: &[&str]) -> bool {
    !KEYWORDS.contains(&name) && !local.contains(&name)
}

#[cfg(test)]
mod tests {
    use crate::domain::message::template::names::names;

    #[test]
    fn a_cell_is_not_compared_with_a_number() {
        for text in ["{% if points > 100 %}{% endif %}", "{{ 3 <= n }}", "{% if n == 1 %}{% endif %}"] {
            assert!(names(text).compared.is_some(), "{text}");
        }
        for text in [
            "{% if points | int > 100 %}{% endif %}",
            "{% if n == \"1\" %}{% endif %}",
            "{{ 9 < n | int }}",
            "{% for c in n %}{{ loop.index > 1 }}{% endfor %}",
            "{% set k = n | int %}{{ k > 3 }}",
            "points > 100",
        ] {
            assert_eq!(names(text).compared, None, "{text}");
        }
    }

    #[test]
    fn what_makes_no_number_of_a_cell_leaves_it_a_text() {
        for text in [
            "{% if points|default(0) > 100 %}{% endif %}",
            "{{ (n) == 3 }}",
            "{{ n | trim == 3 }}",
            "{{ n in [99] }}",
            "{% if n == true %}{% endif %}",
            "{{ False != n }}",
            "{{ n not in (1, 2, 3) }}",
            "{{ points > '100' }}",
            "{{ '5' < n }}",
            "{{ (n | default(0)) >= 2 }}",
        ] {
            assert!(names(text).compared.is_some(), "{text}");
        }
        for text in [
            "{{ n | default(0) | int > 2 }}",
            "{{ (n | int) == 3 }}",
            "{{ n | int(default=0) > 2 }}",
            "{{ n in ['a', 'b'] }}",
            "{{ day > '2026-01-01' }}",
            "{{ (a ~ b) == 'x' }}",
            "{{ n | length > 3 }}",
            "{% for c in [1, 2] %}{{ c }}{% endfor %}",
            "{{ range(3) }}",
        ] {
            assert_eq!(names(text).compared, None, "{text}");
        }
    }

    #[test]
    fn a_column_beside_and_or_not_is_found() {
        for (text, column) in [
            ("{{ consent and tier == 'gold' }}", Some("consent")),
            ("{{ tier == 'gold' and (consent) }}", Some("consent")),
            ("{{ not opted_out }}", Some("opted_out")),
            ("{{ vip == 'yes' or member }}", Some("member")),
            ("{{ consent }}", None),
            ("{{ consent == 'yes' and tier == 'gold' }}", None),
            ("{{ a not in ['x'] and not b in ['y'] }}", None),
            ("{{ a is defined and b is not defined }}", None),
            ("{{ not (a == 'x') }}", None),
            ("{{ a | lower == 'x' and not b | int > 3 }}", None),
        ] {
            assert_eq!(names(text).operand.as_deref(), column, "{text}");
        }
    }
}
