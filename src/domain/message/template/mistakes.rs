//! What is wrong with an expression whatever the row says: a cell is text, so that beside a number it is neither more nor less,
//! two cells are compared and added letter by letter, and a truth or a list is no text to be sent.
//!
//! It is the engine's own tree that is looked at, so that brackets, `set`, `with`, loops and macros hide nothing.

mod kind;
mod rules;
mod written;

use kind::ExpressionKind;
use minijinja::Value;
use minijinja::machinery::ast::{
    BinOpKind, Call, CallArg, CompareOpKind, Expr, Filter, Macro, Stmt, UnaryOpKind,
};
use minijinja::machinery::parse;
use minijinja::value::ValueKind;

/// What a text is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TextUse {
    /// What it comes to goes out.
    Sent,
    /// It is asked whether it is true.
    Condition,
}

/// What is known where a text is looked at.
pub(super) struct ExpressionContext<'k> {
    /// What the text is for.
    pub(super) text_use: TextUse,
    /// Whether the recipients file has a column of a name; `None` where the file is not known yet.
    pub(super) is_column: Option<&'k dyn Fn(&str) -> bool>,
    /// The name of a column, in a form that an expression takes, by what it is called inside.
    pub(super) written: &'k dyn Fn(&str) -> String,
}

/// Most steps: macros that call macros multiply.
const STEPS: usize = 20_000;
/// How deep expressions and blocks are followed.
const DEPTH: usize = 80;

/// The first mistake of a text, in plain words.
pub(super) fn find(source: &str, known: &ExpressionContext<'_>) -> Option<String> {
    let tree = parse(source, "text", super::program::syntax()).ok()?;
    let mut walk =
        Walk { known, scope: Vec::new(), macros: Vec::new(), steps: 0, depth: 0, branches: 0, put: None };
    walk.statement(&tree).err().map(|mistake| mistake.message)
}

/// Something that is wrong for every row.
struct Mistake {
    message: String,
    /// The name of a column may look like this: `Date/time`.
    may_be_a_name: bool,
}

impl From<String> for Mistake {
    fn from(message: String) -> Self {
        Self { message, may_be_a_name: false }
    }
}

struct Walk<'w, 's> {
    known: &'w ExpressionContext<'w>,
    /// The template's own names, and what they have.
    scope: Vec<(&'s str, ExpressionKind)>,
    macros: Vec<(&'s str, &'w Macro<'s>)>,
    steps: usize,
    depth: usize,
    /// Branches around this statement: what is set there may be, or not.
    branches: usize,
    /// What was put into the text so far, where it is that of a block or of a macro.
    put: Option<ExpressionKind>,
}

impl<'w, 's> Walk<'w, 's> {
    fn statements(&mut self, statements: &'w [Stmt<'s>]) -> Result<(), Mistake> {
        statements.iter().try_for_each(|statement| self.statement(statement))
    }

    /// The statements with names that are gone behind them.
    fn scoped(&mut self, statements: &'w [Stmt<'s>], branches: usize) -> Result<(), Mistake> {
        let before = self.scope.len();
        self.branches += branches;
        let result = self.statements(statements);
        self.branches -= branches;
        if branches == 0 {
            self.scope.truncate(before);
        }
        result
    }

    /// The text that statements put together.
    fn text_of_body(&mut self, statements: &'w [Stmt<'s>]) -> Result<ExpressionKind, Mistake> {
        let outer = self.put.take();
        let result = self.scoped(statements, 0);
        let text = std::mem::replace(&mut self.put, outer);
        result.map(|()| text.unwrap_or(ExpressionKind::Text(None)))
    }

    fn statement(&mut self, statement: &'w Stmt<'s>) -> Result<(), Mistake> {
        if self.depth >= DEPTH || self.steps >= STEPS {
            return Ok(());
        }
        self.depth += 1;
        self.steps += 1;
        let result = self.inner_statement(statement);
        self.depth -= 1;
        result
    }

    fn inner_statement(&mut self, statement: &'w Stmt<'s>) -> Result<(), Mistake> {
        match statement {
            Stmt::Template(template) => self.statements(&template.children),
            Stmt::EmitExpr(emitted) => match self.emitted(&emitted.expr) {
                // The file may have a column of that name.
                Err(mistake) if mistake.may_be_a_name && self.known.is_column.is_none() => Ok(()),
                result => result,
            },
            Stmt::IfCond(condition) => {
                self.expression(&condition.expr)?;
                self.scoped(&condition.true_body, 1)?;
                self.scoped(&condition.false_body, 1)
            }
            Stmt::ForLoop(repeated) => {
                let item = self.expression(&repeated.iter)?.item();
                let before = self.scope.len();
                self.bind(&repeated.target, &item);
                if let Some(filter) = &repeated.filter_expr {
                    self.expression(filter)?;
                }
                self.scoped(&repeated.body, 0)?;
                self.scope.truncate(before);
                self.scoped(&repeated.else_body, 0)
            }
            Stmt::WithBlock(with) => {
                let before = self.scope.len();
                for (target, value) in &with.assignments {
                    let kind = self.expression(value)?;
                    self.bind(target, &kind);
                }
                self.scoped(&with.body, 0)?;
                self.scope.truncate(before);
                Ok(())
            }
            Stmt::Set(set) => {
                let kind = self.expression(&set.expr)?;
                self.set(&set.target, kind);
                Ok(())
            }
            Stmt::SetBlock(set) => {
                let text = self.text_of_body(&set.body)?;
                self.set(&set.target, text);
                Ok(())
            }
            Stmt::AutoEscape(block) => self.scoped(&block.body, 0),
            Stmt::FilterBlock(block) => {
                self.expression(&block.filter)?;
                self.scoped(&block.body, 0)
            }
            Stmt::Macro(declared) => {
                self.macros.push((declared.name, declared));
                Ok(())
            }
            Stmt::CallBlock(block) => self.call(&block.call).map(|_| ()),
            Stmt::Do(done) => self.call(&done.call).map(|_| ()),
            _ => Ok(()),
        }
    }

    /// Gives the names of a target a value, for `for` and `with`.
    fn bind(&mut self, target: &Expr<'s>, kind: &ExpressionKind) {
        match target {
            Expr::Var(name) => self.scope.push((name.id, kind.clone())),
            Expr::List(list) => list.items.iter().for_each(|name| self.bind(name, &kind.item())),
            Expr::Tuple(tuple) => tuple.items.iter().for_each(|name| self.bind(name, &kind.item())),
            _ => {}
        }
    }

    fn set(&mut self, target: &Expr<'s>, kind: ExpressionKind) {
        let Expr::Var(name) = target else { return self.bind(target, &kind) };
        let known = self.scope.iter_mut().rev().find(|(known, _)| *known == name.id);
        match known {
            // It may be either behind the branch.
            Some((_, before)) if self.branches > 0 => *before = before.clone().or(kind),
            Some((_, before)) => *before = kind,
            None => self.scope.push((name.id, kind)),
        }
    }

    /// An expression between `{{` and `}}`.
    fn emitted(&mut self, expression: &'w Expr<'s>) -> Result<(), Mistake> {
        let kind = self.expression(expression)?;
        self.put = Some(self.put.as_ref().map_or_else(|| kind.as_part(), |text| text.beside(&kind)));
        if self.known.text_use == TextUse::Condition {
            return Ok(());
        }
        if let Some(is_column) = self.known.is_column
            && let Some(text) = fixed_text(expression)
            && is_column(&text)
        {
            return Err(format!(
                "`{}` is the text itself, and the same for everybody; the column is {{{{ {} }}}}",
                self.written(expression),
                super::program::column_reference(&text)
            )
            .into());
        }
        self.printed(expression, &kind)
    }

    /// What is put into a text.
    fn printed(&self, expression: &Expr<'s>, kind: &ExpressionKind) -> Result<(), Mistake> {
        let written = self.written(expression);
        let message = match (kind, expression) {
            (ExpressionKind::Truth | ExpressionKind::Nothing, Expr::Const(_)) => {
                return Err(format!(
                    "`{written}` is no text, and the same for everybody; a column of that name is column({:?})",
                    written.to_lowercase()
                )
                .into());
            }
            (ExpressionKind::Truth, _) => format!(
                "`{written}` is true or false, and no text; say what it is to read: `\"yes\" if {written} else \"no\"`"
            ),
            (ExpressionKind::Nothing, _) => format!("`{written}` is nothing, and no text"),
            (ExpressionKind::List(_), _) => {
                format!("`{written}` is a list, and no text; put it together: `{written} | join(\", \")`")
            }
            _ => return Ok(()),
        };
        Err(Mistake { message, may_be_a_name: true })
    }

    fn expression(&mut self, expression: &'w Expr<'s>) -> Result<ExpressionKind, Mistake> {
        if self.depth >= DEPTH || self.steps >= STEPS {
            return Ok(ExpressionKind::Unknown);
        }
        self.depth += 1;
        self.steps += 1;
        let kind = self.inner_expression(expression);
        self.depth -= 1;
        kind
    }

    fn optional(&mut self, expression: Option<&'w Expr<'s>>) -> Result<(), Mistake> {
        expression.map_or(Ok(()), |expression| self.expression(expression).map(|_| ()))
    }

    fn inner_expression(&mut self, expression: &'w Expr<'s>) -> Result<ExpressionKind, Mistake> {
        Ok(match expression {
            Expr::Const(constant) => ExpressionKind::of(&constant.value),
            Expr::Var(name) => self.variable(name.id),
            Expr::UnaryOp(unary) => {
                let kind = self.expression(&unary.expr)?;
                match unary.op {
                    UnaryOpKind::Not => ExpressionKind::Truth,
                    UnaryOpKind::Neg => self.negated(&unary.expr, kind)?,
                }
            }
            Expr::BinOp(_) => self.chain(expression)?,
            Expr::Compare(compare) => {
                let (mut left, mut kind) = (&compare.expr, self.expression(&compare.expr)?);
                for step in &compare.ops {
                    let right = self.expression(&step.expr)?;
                    self.compared(step.op, (left, &kind), (&step.expr, &right))?;
                    (left, kind) = (&step.expr, right);
                }
                ExpressionKind::Truth
            }
            Expr::IfExpr(choice) => {
                self.expression(&choice.test_expr)?;
                let kind = self.expression(&choice.true_expr)?;
                match &choice.false_expr {
                    Some(other) => kind.or(self.expression(other)?),
                    None => kind,
                }
            }
            Expr::Filter(filter) => self.filter(filter)?,
            Expr::Test(test) => {
                self.expression(&test.expr)?;
                for argument in &test.args {
                    self.argument(argument)?;
                }
                ExpressionKind::Truth
            }
            Expr::GetAttr(attribute) => match &attribute.expr {
                Expr::Var(name) if name.id == "loop" => kind::of_loop(attribute.name),
                base => self.expression(base)?.named(attribute.name),
            },
            Expr::GetItem(item) => {
                self.expression(&item.subscript_expr)?;
                let base = self.expression(&item.expr)?;
                match (&base, &item.subscript_expr) {
                    (ExpressionKind::Map(_), Expr::Const(name)) => {
                        text_of(&name.value).map_or(ExpressionKind::Unknown, |name| base.named(&name))
                    }
                    _ => base.item(),
                }
            }
            Expr::Slice(slice) => {
                for bound in [&slice.start, &slice.stop, &slice.step] {
                    self.optional(bound.as_ref())?;
                }
                self.expression(&slice.expr)?
            }
            Expr::Call(call) => self.call(call)?,
            Expr::List(list) => self.list(&list.items)?,
            Expr::Tuple(tuple) => self.list(&tuple.items)?,
            Expr::Map(map) => {
                let mut values = Vec::new();
                for (key, value) in map.keys.iter().zip(&map.values) {
                    self.expression(key)?;
                    values.push((fixed_text(key), self.expression(value)?));
                }
                ExpressionKind::Map(values)
            }
        })
    }

    fn filter(&mut self, filter: &'w Filter<'s>) -> Result<ExpressionKind, Mistake> {
        let base = match &filter.expr {
            Some(base) => self.expression(base)?,
            None => ExpressionKind::Text(None),
        };
        let mut arguments = Vec::new();
        for argument in &filter.args {
            arguments.push(self.argument(argument)?);
        }
        Ok(kind::filtered(filter.name, base, &filter.args, arguments))
    }

    fn variable(&self, name: &str) -> ExpressionKind {
        match self.scope.iter().rev().find(|(known, _)| *known == name) {
            Some((_, kind)) => kind.clone(),
            None if matches!(name, "loop" | "self" | "caller") => ExpressionKind::Unknown,
            None if self.macros.iter().any(|(known, _)| *known == name) => ExpressionKind::Unknown,
            None => ExpressionKind::Cell,
        }
    }

    fn list(&mut self, items: &'w [Expr<'s>]) -> Result<ExpressionKind, Mistake> {
        let mut all: Option<ExpressionKind> = None;
        for item in items {
            let kind = self.expression(item)?;
            all = Some(match all {
                Some(all) => all.or(kind),
                None => kind,
            });
        }
        Ok(ExpressionKind::List(Box::new(all.unwrap_or(ExpressionKind::Unknown))))
    }

    fn argument(&mut self, argument: &'w CallArg<'s>) -> Result<ExpressionKind, Mistake> {
        match argument {
            CallArg::Pos(value)
            | CallArg::Kwarg(_, value)
            | CallArg::PosSplat(value)
            | CallArg::KwargSplat(value) => self.expression(value),
        }
    }

    fn call(&mut self, call: &'w Call<'s>) -> Result<ExpressionKind, Mistake> {
        let mut given = Vec::new();
        for argument in &call.args {
            let name = match argument {
                CallArg::Kwarg(name, _) => Some(*name),
                _ => None,
            };
            given.push((name, self.argument(argument)?));
        }
        let Expr::Var(called) = &call.expr else {
            self.expression(&call.expr)?;
            return Ok(ExpressionKind::Unknown);
        };
        if called.id == "column" {
            let name = call.args.first().map_or("name", |argument| match argument {
                CallArg::Pos(Expr::Var(name)) => name.id,
                _ => "name",
            });
            return Err(format!("`column` takes a name in quotes: column({name:?})").into());
        }
        let declared =
            self.macros.iter().rev().find(|(name, _)| *name == called.id).map(|(_, declared)| *declared);
        let Some(declared) = declared else { return Ok(ExpressionKind::Unknown) };
        let before = self.scope.len();
        let defaults = declared.args.len().saturating_sub(declared.defaults.len());
        for (at, parameter) in declared.args.iter().enumerate() {
            let Expr::Var(parameter) = parameter else { continue };
            let by_name = given.iter().find(|(name, _)| *name == Some(parameter.id));
            let by_place = given.get(at).filter(|(name, _)| name.is_none());
            let kind = match (by_name.or(by_place), at.checked_sub(defaults)) {
                (Some((_, kind)), _) => kind.clone(),
                (None, Some(default)) => ExpressionKind::of_default(declared.defaults.get(default)),
                (None, None) => ExpressionKind::Unknown,
            };
            self.scope.push((parameter.id, kind));
        }
        let text = self.text_of_body(&declared.body)?;
        self.scope.truncate(before);
        Ok(text)
    }

    /// Operators that follow each other, without a step deeper for each.
    fn chain(&mut self, expression: &'w Expr<'s>) -> Result<ExpressionKind, Mistake> {
        let (mut steps, mut first) = (Vec::new(), expression);
        while let Expr::BinOp(operation) = first {
            steps.push((first, operation));
            first = &operation.left;
        }
        let mut kind = self.expression(first)?;
        for (whole, operation) in steps.into_iter().rev() {
            let right = self.expression(&operation.right)?;
            let sides = ((&operation.left, &kind), (&operation.right, &right));
            kind = match operation.op {
                BinOpKind::ScAnd | BinOpKind::ScOr => kind.or(right),
                BinOpKind::Eq => self.compared(CompareOpKind::Eq, sides.0, sides.1)?,
                BinOpKind::Ne => self.compared(CompareOpKind::Ne, sides.0, sides.1)?,
                BinOpKind::Lt => self.compared(CompareOpKind::Lt, sides.0, sides.1)?,
                BinOpKind::Lte => self.compared(CompareOpKind::Lte, sides.0, sides.1)?,
                BinOpKind::Gt => self.compared(CompareOpKind::Gt, sides.0, sides.1)?,
                BinOpKind::Gte => self.compared(CompareOpKind::Gte, sides.0, sides.1)?,
                BinOpKind::In => self.compared(CompareOpKind::In, sides.0, sides.1)?,
                BinOpKind::Concat => self.glued(sides.0, sides.1)?,
                BinOpKind::Add => self.added(whole, sides.0, sides.1)?,
                counts => self.counted(whole, counts, sides.0, sides.1)?,
            };
        }
        Ok(kind)
    }
}

/// The text that an expression is, where no cell has a part in it.
fn fixed_text(expression: &Expr<'_>) -> Option<String> {
    match expression {
        Expr::Const(constant) => text_of(&constant.value),
        Expr::Filter(filter) => fixed_text(filter.expr.as_ref()?),
        _ => None,
    }
}

fn text_of(value: &Value) -> Option<String> {
    (value.kind() == ValueKind::String).then(|| value.to_string())
}

#[cfg(test)]
mod tests;
