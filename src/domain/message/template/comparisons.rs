//! Columns beside `and`, `or` and `not`: a cell is text, and by itself it is true whatever it says.

use super::names::{KEYWORDS, Token};

/// Filters that make a number of a text.
pub(super) const NUMBERS: [&str; 8] = ["int", "float", "abs", "round", "length", "count", "sum", "wordcount"];

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
