//! What an expression comes to, as far as its form says.

use minijinja::Value;
use minijinja::machinery::ast::{CallArg, Expr};
use minijinja::value::ValueKind;

use super::text_of;

/// What an expression comes to.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum ExpressionKind {
    /// The text of a cell, perhaps cut or in other letters; that of a cell for some rows, and something else for others.
    Cell,
    /// A number or a date of a cell, written for people.
    Written,
    /// A text that is put together, and cells or numbers have a part in it.
    Glued,
    /// A date with the year first: of two, the later one is more.
    IsoDate,
    /// A text of the template's own; which, where it is the same for everybody.
    Text(Option<String>),
    /// A number, that may have a fraction.
    Number { fraction: bool },
    /// True or false.
    Truth,
    /// `none`.
    Nothing,
    /// Several of a kind.
    List(Box<Self>),
    /// Values by their names, as far as these stand in the template.
    Map(Vec<(Option<String>, Self)>),
    /// Any of these.
    Unknown,
}

impl ExpressionKind {
    /// That of a value that stands in the template.
    pub(super) fn of(value: &Value) -> Self {
        match value.kind() {
            ValueKind::String => Self::Text(text_of(value)),
            ValueKind::Number => Self::Number { fraction: !value.is_integer() },
            ValueKind::Bool => Self::Truth,
            ValueKind::None => Self::Nothing,
            _ => Self::Unknown,
        }
    }

    /// That of the value which a parameter of a macro has where none is given.
    pub(super) fn of_default(value: Option<&Expr<'_>>) -> Self {
        match value {
            Some(Expr::Const(constant)) => Self::of(&constant.value),
            _ => Self::Unknown,
        }
    }

    /// That of one of its items.
    pub(super) fn item(&self) -> Self {
        match self {
            Self::Cell | Self::Written | Self::Glued => self.clone(),
            Self::Text(_) => Self::Text(None),
            Self::List(item) => (**item).clone(),
            _ => Self::Unknown,
        }
    }

    /// That of a value which is one or the other: where one is the text of a cell, it is for some rows.
    pub(super) fn or(self, other: Self) -> Self {
        match (self, other) {
            (one, other) if one == other => one,
            (Self::Cell, _) | (_, Self::Cell) => Self::Cell,
            (Self::Text(_), Self::Text(_)) => Self::Text(None),
            (Self::Number { fraction: one }, Self::Number { fraction: other }) => {
                Self::Number { fraction: one || other }
            }
            (Self::Written, _) | (_, Self::Written) => Self::Written,
            (Self::Glued, _) | (_, Self::Glued) => Self::Glued,
            (Self::List(one), Self::List(other)) => Self::List(Box::new(one.or(*other))),
            _ => Self::Unknown,
        }
    }

    /// Whether it is text that came of a cell.
    pub(super) fn is_of_a_cell(&self) -> bool {
        matches!(self, Self::Cell | Self::Written)
    }

    /// Whether cells or numbers have a part in its text.
    pub(super) fn is_made_of_cells(&self) -> bool {
        self.is_of_a_cell() || *self == Self::Glued
    }

    /// What it is as a part of a text that is put together.
    pub(super) fn as_part(&self) -> Self {
        if self.is_made_of_cells() || self.is_number() { Self::Glued } else { Self::Text(None) }
    }

    /// What two parts make of a text.
    pub(super) fn beside(&self, other: &Self) -> Self {
        if self.as_part() == Self::Glued { Self::Glued } else { other.as_part() }
    }

    /// The value with a name.
    pub(super) fn named(&self, name: &str) -> Self {
        let Self::Map(values) = self else { return Self::Unknown };
        let value = values.iter().rev().find(|(known, _)| known.as_deref().is_none_or(|known| known == name));
        value.map_or(Self::Unknown, |(known, kind)| known.as_ref().map_or(Self::Unknown, |_| kind.clone()))
    }

    /// Whether it is surely text.
    pub(super) fn is_text(&self) -> bool {
        matches!(self, Self::Cell | Self::Written | Self::Glued | Self::IsoDate | Self::Text(_))
    }

    pub(super) fn is_number(&self) -> bool {
        matches!(self, Self::Number { .. })
    }

    pub(super) fn is_fraction(&self) -> bool {
        matches!(self, Self::Number { fraction: true })
    }
}

/// What a filter makes of a value.
pub(super) fn filtered(
    name: &str,
    base: ExpressionKind,
    arguments: &[CallArg<'_>],
    kinds: Vec<ExpressionKind>,
) -> ExpressionKind {
    match name {
        "int" | "length" => ExpressionKind::Number { fraction: false },
        "float" => ExpressionKind::Number { fraction: true },
        "round" | "abs" => {
            ExpressionKind::Number { fraction: !matches!(base, ExpressionKind::Number { fraction: false }) }
        }
        "number" | "currency" => ExpressionKind::Written,
        "date" if is_iso(arguments) => ExpressionKind::IsoDate,
        "date" => ExpressionKind::Written,
        "default" => kinds.into_iter().next().map_or(base.clone(), |instead| base.or(instead)),
        "first" | "last" => base.item(),
        "split" => ExpressionKind::List(Box::new(base.item())),
        "join" => kinds.iter().fold(base.item().as_part(), |text, kind| text.beside(kind)),
        "upper" | "lower" | "title" | "capitalize" | "trim" | "replace" | "truncate" | "urlencode" => {
            match base {
                ExpressionKind::Cell | ExpressionKind::Written => base,
                _ if name == "replace" => kinds.iter().fold(base.as_part(), |text, kind| text.beside(kind)),
                _ => base.as_part(),
            }
        }
        _ => ExpressionKind::Unknown,
    }
}

/// Whether the form of a date begins with the year.
fn is_iso(arguments: &[CallArg<'_>]) -> bool {
    arguments.iter().any(|argument| match argument {
        CallArg::Pos(Expr::Const(form)) | CallArg::Kwarg("format", Expr::Const(form)) => {
            form.value.as_str().is_some_and(|form| {
                form == "iso"
                    || (form.starts_with("%Y")
                        && !["%b", "%B", "%-", "%a", "%A", "%p"].iter().any(|part| form.contains(part)))
            })
        }
        _ => false,
    })
}

/// What the template knows of a loop.
pub(super) fn of_loop(attribute: &str) -> ExpressionKind {
    match attribute {
        "index" | "index0" | "revindex" | "revindex0" | "length" | "depth" | "depth0" => {
            ExpressionKind::Number { fraction: false }
        }
        "first" | "last" => ExpressionKind::Truth,
        _ => ExpressionKind::Unknown,
    }
}
