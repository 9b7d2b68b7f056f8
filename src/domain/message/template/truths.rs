//! Columns whose truth an expression asks for: `if vip`, `not vip`, `"x" if vip`, `vip and …`, `vip | default("x", true)`.
//!
//! A cell is text, and any text but none is true: `FALSE`, `0` and `no` are. That an expression asks is no mistake, for it may
//! want to know whether there is anything in the cell; what a cell says that means no is one.

use super::comparisons::{NUMBERS, is_column};
use super::names::{KEYWORDS, Token};

/// The columns, in their order, each once.
pub(super) fn asked(tokens: &[Token<'_>], local: &[&str]) -> Vec<String> {
    let aliases = aliases(tokens, local);
    let mut asked: Vec<String> = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let Token::Name(name) = token else { continue };
        if !is_value(&tokens[..at], &tokens[at + 1..]) {
            continue;
        }
        let meant = match is_column(name, local) {
            true => vec![*name],
            false => aliases.iter().filter(|(alias, _)| alias == name).map(|(_, column)| *column).collect(),
        };
        let new: Vec<&str> =
            meant.into_iter().filter(|column| !asked.iter().any(|known| known == column)).collect();
        if !new.is_empty() && becomes(&tokens[..at], &tokens[at + 1..]) == Becomes::Asked {
            asked.extend(new.into_iter().map(str::to_owned));
        }
    }
    asked
}

/// What becomes of a value in its expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Becomes {
    /// It is asked whether it is true.
    Asked,
    /// It is what the expression comes to, or may be.
    All,
    /// Another value is made of it.
    Other,
}

/// Whether a name between these tokens is that of a value, and not that of a filter, a test, a function or an argument.
fn is_value(before: &[Token<'_>], behind: &[Token<'_>]) -> bool {
    !matches!(
        before,
        [.., Token::Sign("|" | ".")]
            | [.., Token::Name("is" | "filter")]
            | [.., Token::Name("is"), Token::Name("not")]
    ) && !matches!(behind, [Token::Sign("(" | "="), ..])
}

/// What becomes of the value between these tokens.
fn becomes(mut before: &[Token<'_>], mut behind: &[Token<'_>]) -> Becomes {
    loop {
        if let [Token::Sign("|"), Token::Name(filter), rest @ ..] = behind {
            let (arguments, rest) = arguments(rest);
            match *filter {
                "default" if asks(arguments) => return Becomes::Asked,
                filter if NUMBERS.contains(&filter) => return Becomes::Other,
                _ => behind = rest,
            }
            continue;
        }
        let begins = matches!(
            before.last(),
            None | Some(
                Token::Open
                    | Token::Sign("(" | "[" | "{" | "=" | "," | ":")
                    | Token::Name("if" | "elif" | "and" | "or" | "not" | "else")
            )
        ) || begins_loop(before);
        match behind.first() {
            _ if !begins => return Becomes::Other,
            Some(Token::Name("and" | "or")) => return Becomes::Asked,
            None
            | Some(Token::Close | Token::Name("if" | "else") | Token::Sign(")" | "]" | "}" | "," | ":")) => {}
            Some(_) => return Becomes::Other,
        }
        if matches!(before.last(), Some(Token::Name("if" | "elif" | "not"))) {
            return Becomes::Asked;
        }
        // It may be what its brackets come to, and those may be asked.
        match enclosing(before) {
            Enclosing::Condition => return Becomes::Asked,
            Enclosing::Nothing => return Becomes::All,
            Enclosing::Brackets { at, items } => {
                let outer = &before[..at];
                let items = items || has_more(behind);
                behind = closed(behind);
                match (outer, behind) {
                    ([rest @ .., Token::Sign("|"), Token::Name("default")], _) => {
                        before = without_filtered(rest);
                    }
                    ([.., Token::Name(called)], _) if !KEYWORDS.contains(called) => return Becomes::Other,
                    // What is at a place is no item, and a list is none of its items until one is taken.
                    ([.., Token::Text(_) | Token::Sign(")" | "]")], _) => return Becomes::Other,
                    (_, [Token::Sign("["), rest @ ..]) if items => (before, behind) = (outer, closed(rest)),
                    (_, [Token::Sign("|"), ..]) if items => before = outer,
                    _ if items => return Becomes::Other,
                    _ => before = outer,
                }
            }
        }
    }
}

/// Whether these tokens are `for name in`, and not a part of what is compared: `name in list`.
fn begins_loop(before: &[Token<'_>]) -> bool {
    let start = before.iter().rposition(|token| *token == Token::Open).unwrap_or_default();
    let [Token::Open, Token::Name("for"), names @ .., Token::Name("in")] = &before[start..] else {
        return false;
    };
    !names.contains(&Token::Name("in"))
}

/// What is around a value.
enum Enclosing {
    /// What an `if` asks.
    Condition,
    /// The brackets that open at this place; there may be several values within.
    Brackets { at: usize, items: bool },
    /// The whole expression.
    Nothing,
}

fn enclosing(before: &[Token<'_>]) -> Enclosing {
    let (mut depth, mut chosen, mut items) = (0_usize, 0_usize, false);
    for (at, token) in before.iter().enumerate().rev() {
        match token {
            Token::Sign(")" | "]" | "}") => depth += 1,
            Token::Sign("(" | "[" | "{") if depth > 0 => depth -= 1,
            _ if depth > 0 => {}
            Token::Sign(open @ ("(" | "[" | "{")) => {
                return Enclosing::Brackets { at, items: items || *open != "(" };
            }
            Token::Sign("," | ":") => items = true,
            // What comes before the `if` of this `else` is another choice.
            Token::Name("else") => chosen += 1,
            Token::Name("if") if chosen > 0 => chosen -= 1,
            Token::Name("if" | "elif") => return Enclosing::Condition,
            Token::Open | Token::Sign("=") => return Enclosing::Nothing,
            _ => {}
        }
    }
    Enclosing::Nothing
}

/// What is behind the brackets that close next.
fn closed<'a, 't>(behind: &'a [Token<'t>]) -> &'a [Token<'t>] {
    let mut depth = 0_usize;
    for (at, token) in behind.iter().enumerate() {
        match token {
            Token::Sign("(" | "[" | "{") => depth += 1,
            Token::Sign(")" | "]" | "}") if depth == 0 => return &behind[at + 1..],
            Token::Sign(")" | "]" | "}") => depth -= 1,
            _ => {}
        }
    }
    &[]
}

/// Whether another value comes before the brackets close.
fn has_more(behind: &[Token<'_>]) -> bool {
    let mut depth = 0_usize;
    for token in behind {
        match token {
            Token::Sign("(" | "[" | "{") => depth += 1,
            Token::Sign(")" | "]" | "}") if depth == 0 => return false,
            Token::Sign(")" | "]" | "}") => depth -= 1,
            Token::Sign(",") if depth == 0 => return true,
            _ => {}
        }
    }
    false
}

/// Words that stand between two operands, or before one.
const JOINS: [&str; 9] = ["and", "or", "not", "in", "is", "if", "else", "elif", "recursive"];

/// Without all that a filter is of: signs and tests bind tighter, as in `-(x) | default(y, true)` and `x is not defined |
/// default(y, true)`.
fn without_filtered<'a, 't>(tokens: &'a [Token<'t>]) -> &'a [Token<'t>] {
    let mut rest = without_operand(tokens);
    loop {
        rest = match rest {
            [outer @ .., Token::Sign("-")] => outer,
            [outer @ .., Token::Name("is")]
            | [outer @ .., Token::Name("is"), Token::Name("not")]
            | [outer @ .., Token::Name("is"), Token::Name("not"), Token::Name(_)]
            | [outer @ .., Token::Name("is"), Token::Name(_)] => without_operand(outer),
            _ => return rest,
        };
    }
}

/// What is before the operand that ends here: a name, a text, or brackets, with its filters.
fn without_operand<'a, 't>(tokens: &'a [Token<'t>]) -> &'a [Token<'t>] {
    let mut rest = tokens;
    loop {
        if let [.., Token::Sign(")" | "]")] = rest {
            let mut depth = 0_usize;
            let open = rest.iter().rposition(|token| {
                match token {
                    Token::Sign(")" | "]") => depth += 1,
                    Token::Sign("(" | "[") => depth -= 1,
                    _ => {}
                }
                depth == 0
            });
            rest = &rest[..open.unwrap_or_default()];
            // What is called, or taken an item of, belongs to it.
            let belongs = match rest.last() {
                Some(Token::Name(name)) => !JOINS.contains(name),
                Some(Token::Text(_) | Token::Sign(")" | "]")) => true,
                _ => false,
            };
            if !belongs {
                return rest;
            }
        }
        match rest {
            [outer @ .., Token::Sign("|" | "."), Token::Name(_)] => rest = outer,
            [outer @ .., _] => return outer,
            [] => return rest,
        }
    }
}

/// The tokens between the brackets of a call, and what is behind them.
fn arguments<'a, 't>(tokens: &'a [Token<'t>]) -> (&'a [Token<'t>], &'a [Token<'t>]) {
    if tokens.first() != Some(&Token::Sign("(")) {
        return (&[], tokens);
    }
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::Sign("(" | "[" | "{") => depth += 1,
            Token::Sign(")" | "]" | "}") => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return (&tokens[1..at], &tokens[at + 1..]);
        }
    }
    (&tokens[1..], &[])
}

/// Whether the arguments of `default` have it look at what is true: `default("x", true)`, `default("x", boolean=true)`.
fn asks(arguments: &[Token<'_>]) -> bool {
    matches!(arguments, [.., Token::Sign("," | "="), Token::Name("true" | "True") | Token::Number("1")])
}

/// Names of the template's own that may have the text of a column: name and column.
fn aliases<'t>(tokens: &[Token<'t>], local: &[&str]) -> Vec<(&'t str, &'t str)> {
    let mut aliases: Vec<(&str, &str)> = Vec::new();
    let mut macros: Vec<(&str, Vec<&str>)> = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let rest = &tokens[at + 1..];
        let end = rest.iter().position(|token| *token == Token::Close).unwrap_or(rest.len());
        let statement = &rest[..end];
        match (token, statement) {
            (Token::Open, [Token::Name("macro"), Token::Name(name), parameters @ ..]) => {
                let parameters = parameters.iter().filter_map(|token| match token {
                    Token::Name(name) => Some(*name),
                    _ => None,
                });
                macros.push((name, parameters.collect()));
            }
            // Any column of what the loop goes over.
            (Token::Open, [Token::Name("for"), Token::Name(name), Token::Name("in"), over @ ..]) => {
                aliases.extend(columns(over, local).map(|column| (*name, column)));
            }
            // `set name = value`, and each pair of `with`.
            (Token::Name(name), [Token::Sign("="), value @ ..]) if local.contains(name) => {
                let mut depth = 0_usize;
                let end = value.iter().position(|token| {
                    match token {
                        Token::Sign("(" | "[" | "{") => depth += 1,
                        Token::Sign(")" | "]" | "}") => depth = depth.saturating_sub(1),
                        _ => {}
                    }
                    depth == 0 && *token == Token::Sign(",")
                });
                let value = &value[..end.unwrap_or(value.len())];
                let found = value.iter().enumerate().filter_map(|(at, token)| {
                    let Token::Name(column) = token else { return None };
                    let (before, behind) = (&value[..at], &value[at + 1..]);
                    let is_it = is_value(before, behind) && is_column(column, local);
                    (is_it && becomes(before, behind) == Becomes::All).then_some((*name, *column))
                });
                aliases.extend(found.collect::<Vec<_>>());
            }
            (Token::Name(called), [Token::Sign("("), ..]) => {
                let Some((_, parameters)) = macros.iter().find(|(name, _)| name == called) else { continue };
                let (given, _) = arguments(statement);
                let given: Vec<&str> = columns(given, local).collect();
                aliases
                    .extend(parameters.iter().flat_map(|name| given.iter().map(|column| (*name, *column))));
            }
            _ => {}
        }
    }
    aliases
}

fn columns<'a, 't>(tokens: &'a [Token<'t>], local: &'a [&str]) -> impl Iterator<Item = &'t str> {
    tokens.iter().enumerate().filter_map(|(at, token)| {
        let Token::Name(name) = token else { return None };
        (is_column(name, local) && is_value(&tokens[..at], &tokens[at + 1..])).then_some(*name)
    })
}

/// Whether a cell says that something is not so, in the languages of spreadsheets and of people who fill them in.
pub(super) fn says_no(cell: &str) -> bool {
    /// None of them is longer.
    const MOST: usize = 32;
    if cell.len() > MOST {
        return false;
    }
    let number = cell.trim_start_matches(['-', '+']).trim_end_matches('%').trim_end();
    if !number.is_empty() && number.contains('0') && number.chars().all(|c| matches!(c, '0' | '.' | ',')) {
        return true;
    }
    let word = cell.trim_matches(|c: char| {
        c.is_whitespace() || matches!(c, '.' | '!' | '"' | '\'' | '[' | ']' | '(' | ')')
    });
    NO.contains(&word.to_lowercase().as_str())
}

/// What people, spreadsheets, databases and forms write where something is not so.
#[rustfmt::skip]
const NO: &[&str] = &[
    // Spreadsheets' own value, by language.
    "false", "falsch", "faux", "falso", "fals", "falsk", "falskt", "usant", "onwaar", "fałsz", "nepravda", "hamis", "yanlış",
    "epätosi", "ложь", "хибність", "невярно", "ψευδες", "ψευδής", "lažno", "laž", "neresnično", "salah", "vale", "netiesa", "aplams",
    "false()", ".f.", "假", "偽", "거짓", "เท็จ", "sai", "خطأ", "שקר", "ग़लत", "गलत",
    // A word of people.
    "no", "n", "f", "nope", "not", "never", "nein", "nee", "nei", "nej", "non", "não", "nao", "nie", "ne", "nem", "nu", "ei", "nē",
    "hayır", "hayir", "нет", "не", "ні", "όχι", "tidak", "không", "hindi", "いいえ", "无", "無", "否", "不", "不是", "아니요", "아니오",
    "ไม่", "ไม่ใช่", "לא", "لا", "नहीं", "না", "இல்லை", "نه",
    // Forms and programs.
    "off", "disabled", "inactive", "unchecked", "unsubscribed", "opted out", "opt-out", "optout", "denied", "declined", "revoked",
    "✗", "✘", "×", "❌", "☐", "☒", "✕", "✖", "⬜", "🚫", "👎", "○", "-", "–", "—", "none", "null", "nil",
];

#[cfg(test)]
mod tests {
    use crate::domain::message::template::Template;
    use crate::domain::message::template::names::names;

    #[test]
    fn columns_whose_truth_is_asked_are_found_in_every_form() {
        for (text, columns) in [
            ("{% if vip %}x{% endif %}", "vip"),
            ("{%- if (vip) -%}x{% elif gold | trim %}{% endif %}", "vip gold"),
            ("{{ 'x' if vip }}", "vip"),
            ("{{ 'x' if vip else name }}", "vip"),
            ("{{ name if not vip else 'x' }}", "vip"),
            ("{% if not vip %}{% endif %}", "vip"),
            ("{% if vip and tier == 'gold' or gold %}{% endif %}", "vip gold"),
            ("{{ (vip and 'x') or name }}", "vip"),
            ("{{ nickname or first_name }}", "nickname"),
            ("{{ vip | default('x', true) }}{{ gold | default('x', boolean=true) }}", "vip gold"),
            ("{% if vip | default('no') | lower %}{% endif %}", "vip"),
            ("{% if a | default(vip) %}{% endif %}", "a vip"),
            ("{% if -(a == 'x') | default(vip, true) %}{% endif %}", "vip"),
            ("{{ not a is not endingwith b | default(vip, true) }}", "b vip"),
            ("{{ not a is defined | default(vip, true) }}", "vip"),
            ("{% set v = vip %}{% if v %}{% endif %}", "vip"),
            ("{% set v = vip or gold %}{% if v %}{% endif %}", "vip gold"),
            ("{% with v = vip, w = name %}{% if v %}{{ w }}{% endif %}{% endwith %}", "vip"),
            ("{% macro f(v) %}{{ 'x' if v }}{% endmacro %}{{ f(vip) }}", "vip"),
            ("{% for v in [vip, gold] %}{% if v %}{% endif %}{% endfor %}", "vip gold"),
            ("{% if (vip if gold else name) %}{% endif %}", "vip gold name"),
            ("{{ 'x' if (vip, gold)[0] }}", "vip gold"),
            ("{% for v in vip or gold %}{{ v }}{% endfor %}", "vip"),
            ("{% if [vip, gold] | last %}{{ 'x' if {'k': a}['k'] }}{% endif %}", "vip gold a"),
        ] {
            let mut found = names(text).truths;
            found.sort();
            let mut wanted: Vec<&str> = columns.split_whitespace().collect();
            wanted.sort_unstable();
            assert_eq!(found, wanted, "{text}");
        }
        for text in [
            "{{ vip }}",
            "{% if vip == 'yes' %}{% endif %}",
            "{% if vip is defined and gold is not undefined %}{% endif %}",
            "{% if vip in ['yes', gold] %}{% endif %}",
            "{% if name | replace(vip, gold) == 'x' %}{% endif %}",
            "{% if [vip, gold] %}{{ 'x' if 'abc'[vip] }}{% endif %}",
            "{% if (vip | default('no')) == 'yes' %}{% endif %}",
            "{% if vip | default(gold) == 'yes' %}{% endif %}",
            "{% if points | int %}{{ n | length and 'x' }}{% endif %}",
            "{{ name if tier == 'gold' else vip }}",
            "{{ vip | default('x') }}{{ vip | default('x', false) }}",
            "{% set gold = tier == 'gold' %}{% if gold %}{% endif %}",
            "{% for v in vip %}{{ v }}{% endfor %}",
            "{% if vip ~ 'x' == 'yesx' %}{% endif %}",
        ] {
            assert_eq!(names(text).truths, Vec::<String>::new(), "{text}");
        }
    }

    /// A cell that says no is not taken for a yes; one that says anything else is what it was.
    #[test]
    fn a_cell_that_says_no_is_no_yes() {
        let template = Template::parse("Hi{% if vip %}, here is your gift{% endif %}").unwrap();
        for cell in [
            "FALSE",
            "false",
            "0",
            "0.00",
            "No",
            "nein",
            "NON",
            "n",
            "FALSCH",
            "нет",
            "いいえ",
            "-",
            "✗",
            " no ",
            "[ ]0",
            "0 %",
        ] {
            let said = template.render(|_| cell);
            assert_eq!(said.is_err(), cell != "[ ]0", "{cell}: {said:?}");
        }
        for (cell, text) in [
            ("yes", "Hi, here is your gift"),
            ("1", "Hi, here is your gift"),
            ("", "Hi"),
            ("100", "Hi, here is your gift"),
        ] {
            assert_eq!(template.render(|_| cell).as_deref(), Ok(text), "{cell}");
        }
        // Where it is shown or compared, a no is a text like any other.
        for text in ["{{ vip }}", "{% if vip == 'yes' %}x{% endif %}", "{% if vip is defined %}x{% endif %}"]
        {
            assert!(Template::parse(text).unwrap().render(|_| "no").is_ok(), "{text}");
        }
        let named = Template::parse("{{ 'x' if column(\"VIP?\") }}").unwrap().render(|_| "no").unwrap_err();
        assert!(format!("{named:?}").contains("column(\\\"VIP?\\\") == "), "{named:?}");
    }
}
