//! What may not stand beside what, and how it is written right.

use minijinja::machinery::ast::{BinOpKind, CompareOpKind, Expr};

use super::kind::ExpressionKind;
use super::{Mistake, Walk};

/// An operand, and what it comes to.
type Operand<'a, 's> = (&'a Expr<'s>, &'a ExpressionKind);

impl<'s> Walk<'_, 's> {
    /// Two values that are compared.
    pub(super) fn compared(
        &self,
        sign: CompareOpKind,
        left: Operand<'_, 's>,
        right: Operand<'_, 's>,
    ) -> Result<ExpressionKind, Mistake> {
        let (sign, orders) = match sign {
            CompareOpKind::Eq => ("==", false),
            CompareOpKind::Ne => ("!=", false),
            CompareOpKind::Lt => ("<", true),
            CompareOpKind::Lte => ("<=", true),
            CompareOpKind::Gt => (">", true),
            CompareOpKind::Gte => (">=", true),
            CompareOpKind::In | CompareOpKind::NotIn => return self.looked_for(left, right),
        };
        let is = format!("{} {sign} {}", self.written(left.0), self.written(right.0));
        let sides = [left, right];
        if orders {
            self.lists_in_order(&is, left, right)?;
        }
        let cell = sides.iter().find(|side| is_of_cells(side.1, orders));
        let number = sides.iter().find(|side| counts(side.1, orders));
        if let (Some(cell), Some(number)) = (cell, number) {
            let float = is_float(number);
            let meant =
                [left, right].map(|side| match (is_of_cells(side.1, orders), counts(side.1, orders)) {
                    (true, _) => self.as_number(side, float),
                    (false, true) => unquoted(&self.written(side.0)),
                    (false, false) => self.written(side.0),
                });
            // A text beside a text is compared, if not as it was meant.
            let by_letter = cell.1 == &ExpressionKind::Glued && number.1.is_text();
            let subject = match cell.1 {
                ExpressionKind::Written => "a number that is written for people is text",
                ExpressionKind::Glued => "what is put together is text",
                _ => "a cell is text",
            };
            return Err(format!(
                "{subject}, so that `{is}` {}; compare it as a number: `{} {sign} {}`",
                if by_letter {
                    "is answered letter by letter, and 9 is more than 100"
                } else {
                    "is the same for everybody"
                },
                meant[0],
                meant[1]
            )
            .into());
        }
        let fixed_truth =
            |side: &&Operand<'_, 's>| matches!((side.0, side.1), (Expr::Const(_), ExpressionKind::Truth));
        if let (Some(cell), Some(truth)) = (cell, sides.iter().find(fixed_truth)) {
            let (cell, truth) = (self.written(cell.0), self.written(truth.0));
            return Err(format!(
                "a cell is text, so that `{is}` is the same for everybody; compare it with what the cell says: \
                 `{cell} {sign} \"{}\"`",
                truth.to_uppercase()
            )
            .into());
        }
        let in_order =
            |side: &Operand<'_, 's>| side.1.is_made_of_cells() || *side.1 == ExpressionKind::IsoDate;
        if orders && cell.is_some() && sides.iter().all(in_order) {
            let (a, b) = (self.base(left.0), self.base(right.0));
            return Err(format!(
                "cells are text, and compared letter by letter, so that 9 is more than 100 in `{is}`; compare numbers, \
                 `{a} | int {sign} {b} | int`, or dates, `{a} | date(\"iso\") {sign} {b} | date(\"iso\")`"
            )
            .into());
        }
        if left.1.is_number() && right.1.is_text() || left.1.is_text() && right.1.is_number() {
            return Err(format!(
                "a number is no text, so that `{is}` is the same for everybody; compare numbers with numbers, without quotes"
            )
            .into());
        }
        Ok(ExpressionKind::Truth)
    }

    /// Lists of which it is asked which is more: their items are compared, texts letter by letter.
    fn lists_in_order(&self, is: &str, left: Operand<'_, 's>, right: Operand<'_, 's>) -> Result<(), Mistake> {
        let (ExpressionKind::List(one), ExpressionKind::List(other)) = (left.1, right.1) else {
            return Ok(());
        };
        // Texts beside texts that are no numbers stand in the order of letters.
        let in_letters = |side: Operand<'_, 's>, item: &ExpressionKind| {
            matches!(item, ExpressionKind::Text(_)) && !items(side.0).iter().any(is_a_number)
        };
        let of_cells = one.is_made_of_cells() && !in_letters(right, other)
            || other.is_made_of_cells() && !in_letters(left, one);
        if !of_cells {
            return Ok(());
        }
        let cell = [left, right].into_iter().flat_map(|side| items(side.0)).find(|item| !is_fixed(item));
        let cell = cell.map_or_else(|| "points".to_owned(), |cell| self.base(cell));
        Err(format!(
            "cells are text, and compared letter by letter in lists too, so that 9 is more than 100 in `{is}`; compare numbers: \
             `{cell} | int`"
        )
        .into())
    }

    /// `value in list`: it is compared with each item.
    fn looked_for(&self, left: Operand<'_, 's>, right: Operand<'_, 's>) -> Result<ExpressionKind, Mistake> {
        for item in items(right.0) {
            if let Expr::Const(constant) = item {
                self.compared(CompareOpKind::Eq, left, (item, &ExpressionKind::of(&constant.value)))?;
            }
        }
        Ok(ExpressionKind::Truth)
    }

    /// `left ~ right`: texts that are put together.
    pub(super) fn glued(
        &self,
        left: Operand<'_, 's>,
        right: Operand<'_, 's>,
    ) -> Result<ExpressionKind, Mistake> {
        for side in [left, right] {
            self.printed(side.0, side.1)?;
            if side.1.is_fraction() {
                return Err(format!(
                    "`~` would write `{}` as programs write fractions; say how many digits it is to have: `{} | number(2)`",
                    self.written(side.0),
                    self.in_brackets(side.0)
                )
                .into());
            }
        }
        Ok(left.1.beside(right.1))
    }

    /// `left + right`
    pub(super) fn added(
        &self,
        whole: &Expr<'s>,
        left: Operand<'_, 's>,
        right: Operand<'_, 's>,
    ) -> Result<ExpressionKind, Mistake> {
        let glued = format!("{} ~ {}", self.written(left.0), self.written(right.0));
        let sum = |float| {
            let meant = [left, right].map(|side| match side.1.is_text() {
                true => self.as_number(side, float),
                false => self.written(side.0),
            });
            format!("{} + {}", meant[0], meant[1])
        };
        if left.1.is_of_a_cell() && right.1.is_of_a_cell() {
            return Err(Mistake {
                message: format!(
                    "a cell is text, so that `{}` puts one behind the other: of 9 and 100 it makes 9100; add numbers, `{}`, or put \
                     texts together with `{glued}`",
                    self.written(whole),
                    sum(false),
                ),
                may_be_a_name: true,
            });
        }
        match (left.1, right.1) {
            (one, other) if one.is_number() && other.is_number() => {
                Ok(ExpressionKind::Number { fraction: one.is_fraction() || other.is_fraction() })
            }
            (one, other) if one.is_number() && other.is_text() || one.is_text() && other.is_number() => {
                let message = format!(
                    "a cell is text, and no number is added to it in `{}`; make it a number, `{}`, or put texts together with \
                     `{glued}`",
                    self.written(whole),
                    sum(is_float(&left) || is_float(&right)),
                );
                Err(Mistake { message, may_be_a_name: true })
            }
            (one, other) if one.is_text() && other.is_text() => Ok(one.beside(other)),
            _ => Ok(ExpressionKind::Unknown),
        }
    }

    /// `left - right`, and the other signs that only numbers have.
    pub(super) fn counted(
        &self,
        whole: &Expr<'s>,
        sign: BinOpKind,
        left: Operand<'_, 's>,
        right: Operand<'_, 's>,
    ) -> Result<ExpressionKind, Mistake> {
        let sign = match sign {
            BinOpKind::Sub => "-",
            BinOpKind::Mul => "*",
            BinOpKind::Div => "/",
            BinOpKind::FloorDiv => "//",
            BinOpKind::Rem => "%",
            _ => "**",
        };
        // `"-" * 10` is a line.
        let repeats = sign == "*"
            && matches!(left.1, ExpressionKind::Text(_) | ExpressionKind::Glued)
            && !right.1.is_text();
        if !repeats && (left.1.is_text() || right.1.is_text()) {
            let float = is_float(&left) || is_float(&right);
            let meant = [left, right].map(|side| match side.1.is_text() {
                true => self.as_number(side, float),
                false => self.written(side.0),
            });
            let whole = self.written(whole);
            let is_name = matches!((left.0, right.0, sign), (Expr::Var(_), Expr::Var(_), "-" | "/"));
            let named = match is_name {
                true => format!("; a column of that name is column({whole:?})"),
                false => String::new(),
            };
            return Err(Mistake {
                message: format!(
                    "a cell is text, and cannot be counted with; make it a number: `{} {sign} {}`{named}",
                    meant[0], meant[1]
                ),
                may_be_a_name: matches!(sign, "-" | "/"),
            });
        }
        Ok(match (left.1, right.1) {
            _ if repeats => left.1.as_part(),
            (one, other) if one.is_number() && other.is_number() => {
                ExpressionKind::Number { fraction: sign == "/" || one.is_fraction() || other.is_fraction() }
            }
            _ => ExpressionKind::Unknown,
        })
    }

    /// `-value`
    pub(super) fn negated(&self, value: &Expr<'s>, kind: ExpressionKind) -> Result<ExpressionKind, Mistake> {
        if kind.is_text() {
            let meant = self.as_number((value, &kind), false);
            return Err(format!(
                "a cell is text, and cannot be counted with; make it a number: `-({meant})`"
            )
            .into());
        }
        Ok(kind)
    }

    /// An operand as a number.
    fn as_number(&self, side: Operand<'_, 's>, float: bool) -> String {
        format!("{} | {}", self.base(side.0), if float { "float" } else { "int" })
    }

    /// An operand without what writes it for people.
    fn base(&self, expression: &Expr<'s>) -> String {
        match expression {
            Expr::Filter(filter) if matches!(filter.name, "number" | "currency" | "date") => {
                filter.expr.as_ref().map_or_else(|| self.written(expression), |inner| self.base(inner))
            }
            _ => self.in_brackets(expression),
        }
    }
}

/// The items of a list that stands in the template.
fn items<'a, 's>(list: &'a Expr<'s>) -> &'a [Expr<'s>] {
    match list {
        Expr::List(list) => &list.items,
        Expr::Tuple(tuple) => &tuple.items,
        _ => &[],
    }
}

fn is_fixed(item: &Expr<'_>) -> bool {
    matches!(item, Expr::Const(_))
}

fn is_a_number(item: &Expr<'_>) -> bool {
    match item {
        Expr::Const(constant) => counts(&ExpressionKind::of(&constant.value), true),
        _ => false,
    }
}

/// Whether a value is a number, or a text that is one where it is asked which is more.
fn counts(kind: &ExpressionKind, orders: bool) -> bool {
    match kind {
        ExpressionKind::Number { .. } => true,
        ExpressionKind::Text(Some(text)) => orders && is_number(text),
        _ => false,
    }
}

/// Whether a value is the text of a cell, or one with cells in it where it is asked which is more.
fn is_of_cells(kind: &ExpressionKind, orders: bool) -> bool {
    kind.is_of_a_cell() || orders && kind.is_made_of_cells()
}

fn is_float(side: &Operand<'_, '_>) -> bool {
    match side.1 {
        ExpressionKind::Number { fraction } => *fraction,
        ExpressionKind::Text(Some(text)) => is_number(text) && text.contains('.'),
        _ => false,
    }
}

fn is_number(text: &str) -> bool {
    let digits = text.trim().trim_start_matches(['-', '+']);
    digits.starts_with(|c: char| c.is_ascii_digit())
        && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}

fn unquoted(text: &str) -> String {
    text.trim_matches(['"', '\'']).trim().to_owned()
}
