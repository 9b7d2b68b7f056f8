//! An expression as a person writes it, for what is told of it. The engine's tree says too little of where in the text it was.

use minijinja::machinery::ast::{BinOpKind, CallArg, CompareOpKind, Expr, Slice, UnaryOpKind};
use minijinja::value::ValueKind;

use super::Walk;

/// Longest expression that is shown, in bytes: a longer one is cut.
const LONGEST: usize = 200;

impl<'s> Walk<'_, 's> {
    /// The expression.
    pub(super) fn written(&self, expression: &Expr<'s>) -> String {
        let mut text = String::new();
        self.write(expression, &mut text);
        if let Some((at, _)) = text.char_indices().find(|(at, _)| *at >= LONGEST) {
            text.truncate(at);
            text.push('…');
        }
        text
    }

    /// An operand that a filter can stand behind.
    pub(super) fn in_brackets(&self, expression: &Expr<'s>) -> String {
        let mut text = String::new();
        self.write_operand(expression, &mut text);
        text
    }

    fn write_operand(&self, expression: &Expr<'s>, text: &mut String) {
        let is_several = matches!(
            expression,
            Expr::BinOp(_) | Expr::UnaryOp(_) | Expr::IfExpr(_) | Expr::Compare(_) | Expr::Test(_)
        );
        if is_several {
            text.push('(');
        }
        self.write(expression, text);
        if is_several {
            text.push(')');
        }
    }

    fn write(&self, expression: &Expr<'s>, text: &mut String) {
        if text.len() > LONGEST {
            return;
        }
        match expression {
            Expr::Var(name) => text.push_str(&(self.known.written)(name.id)),
            Expr::Const(constant) => match constant.value.kind() {
                ValueKind::String => text.push_str(&format!("{:?}", constant.value.to_string())),
                _ => text.push_str(&constant.value.to_string()),
            },
            Expr::UnaryOp(unary) => {
                text.push_str(match unary.op {
                    UnaryOpKind::Not => "not ",
                    UnaryOpKind::Neg => "-",
                });
                self.write_operand(&unary.expr, text);
            }
            Expr::BinOp(operation) => {
                self.write_side(&operation.left, text);
                text.push_str(&format!(" {} ", sign(operation.op)));
                self.write_side(&operation.right, text);
            }
            Expr::Compare(compare) => {
                self.write_side(&compare.expr, text);
                for step in &compare.ops {
                    text.push_str(&format!(" {} ", compared_by(step.op)));
                    self.write_side(&step.expr, text);
                }
            }
            Expr::IfExpr(choice) => {
                self.write_operand(&choice.true_expr, text);
                text.push_str(" if ");
                self.write(&choice.test_expr, text);
                if let Some(other) = &choice.false_expr {
                    text.push_str(" else ");
                    self.write(other, text);
                }
            }
            Expr::Filter(filter) => {
                if let Some(base) = &filter.expr {
                    self.write_operand(base, text);
                    text.push_str(" | ");
                }
                text.push_str(filter.name);
                self.write_arguments(&filter.args, text);
            }
            Expr::Test(test) => {
                self.write_operand(&test.expr, text);
                text.push_str(&format!(" is {}", test.name));
                self.write_arguments(&test.args, text);
            }
            Expr::GetAttr(attribute) => {
                self.write_operand(&attribute.expr, text);
                text.push_str(&format!(".{}", attribute.name));
            }
            Expr::GetItem(item) => {
                self.write_operand(&item.expr, text);
                self.write_within("[", std::slice::from_ref(&item.subscript_expr), "]", text);
            }
            Expr::Slice(slice) => self.write_slice(slice, text),
            Expr::Call(call) => {
                self.write(&call.expr, text);
                text.push('(');
                text.push_str(if call.args.is_empty() { ")" } else { "…)" });
            }
            Expr::List(list) => self.write_within("[", &list.items, "]", text),
            Expr::Tuple(tuple) => self.write_within("(", &tuple.items, ")", text),
            Expr::Map(_) => text.push_str("{…}"),
        }
    }

    fn write_slice(&self, slice: &Slice<'s>, text: &mut String) {
        self.write_operand(&slice.expr, text);
        text.push('[');
        slice.start.iter().for_each(|start| self.write(start, text));
        text.push(':');
        slice.stop.iter().for_each(|stop| self.write(stop, text));
        text.push(']');
    }

    /// One side of a sign: what binds as loosely stands in brackets.
    fn write_side(&self, side: &Expr<'s>, text: &mut String) {
        match side {
            Expr::UnaryOp(unary) if matches!(unary.op, UnaryOpKind::Neg) => self.write(side, text),
            _ => self.write_operand(side, text),
        }
    }

    fn write_within(&self, open: &str, items: &[Expr<'s>], close: &str, text: &mut String) {
        text.push_str(open);
        for (at, item) in items.iter().enumerate() {
            text.push_str(if at > 0 { ", " } else { "" });
            self.write(item, text);
        }
        text.push_str(close);
    }

    fn write_arguments(&self, arguments: &[CallArg<'s>], text: &mut String) {
        if arguments.is_empty() {
            return;
        }
        text.push('(');
        for (at, argument) in arguments.iter().enumerate() {
            text.push_str(if at > 0 { ", " } else { "" });
            match argument {
                CallArg::Kwarg(name, value) => {
                    text.push_str(&format!("{name}="));
                    self.write(value, text);
                }
                CallArg::Pos(value) | CallArg::PosSplat(value) | CallArg::KwargSplat(value) => {
                    self.write(value, text);
                }
            }
        }
        text.push(')');
    }
}

fn sign(operator: BinOpKind) -> &'static str {
    match operator {
        BinOpKind::Eq => "==",
        BinOpKind::Ne => "!=",
        BinOpKind::Lt => "<",
        BinOpKind::Lte => "<=",
        BinOpKind::Gt => ">",
        BinOpKind::Gte => ">=",
        BinOpKind::ScAnd => "and",
        BinOpKind::ScOr => "or",
        BinOpKind::Add => "+",
        BinOpKind::Sub => "-",
        BinOpKind::Mul => "*",
        BinOpKind::Div => "/",
        BinOpKind::FloorDiv => "//",
        BinOpKind::Rem => "%",
        BinOpKind::Pow => "**",
        BinOpKind::Concat => "~",
        BinOpKind::In => "in",
    }
}

fn compared_by(operator: CompareOpKind) -> &'static str {
    match operator {
        CompareOpKind::Eq => "==",
        CompareOpKind::Ne => "!=",
        CompareOpKind::Lt => "<",
        CompareOpKind::Lte => "<=",
        CompareOpKind::Gt => ">",
        CompareOpKind::Gte => ">=",
        CompareOpKind::In => "in",
        CompareOpKind::NotIn => "not in",
    }
}
