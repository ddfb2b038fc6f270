//! Evaluating the expressions inside rules.
//!
//! Invariant: an expression sees exactly the variables it mentions; one that reads the result so
//! far gives simple values only. Deliberately absent: parsing.

use super::made::Made;
use super::{Bound, Few, Frame, Run};
use crate::code::{ArgumentCode, ExpressionCode};
use crate::fault::Cause;
use crate::model;
use crate::plan::Plan;
use fhirpath::{EvalError, Reason, Scope, Value};

/// Host functions: `conformsTo` for the types themselves.
fn register<'t>(scope: &mut Scope<'t>, plan: &'t Plan) {
    let definitions = &plan.definitions;
    scope.register("conformsTo", move |call| {
        let url = call.args.first().and_then(|a| a.first()).and_then(Value::text).unwrap_or_default();
        let Some(wanted) = model::type_named(definitions, &url) else {
            return Err(EvalError::new(Reason::Host("conformsTo() knows types only, no profiles".into())));
        };
        let conforms = |v: &Value<'_>| v.node().is_some_and(|n| definitions.is_a(n.type_of(), wanted));
        Ok(vec![Value::Boolean(call.input.iter().all(conforms))])
    });
}

/// The scope of expressions that read nothing.
pub(crate) fn constant_scope<'t>() -> Scope<'t> {
    Scope::new(None)
}

/// The scope of a run, without variables.
pub(super) fn scope<'t>(plan: &'t Plan, now: &str) -> Scope<'t> {
    let mut scope = Scope::new(Some(&*plan.definitions));
    scope.bare_variables = true;
    if let Some(now) = fhirpath::DateTime::parse(now) {
        scope.set_clock(now);
    }
    register(&mut scope, plan);
    scope
}

impl<'t> Run<'t, '_> {
    pub(super) fn scope(&mut self) -> &mut Scope<'t> {
        let (plan, now) = (self.plan, self.inputs.now);
        let record = &self.record;
        self.scope.get_or_insert_with(|| {
            let mut scope = scope(plan, now);
            record.iter().for_each(|r| r.watch(&mut scope));
            scope
        })
    }

    /// All values of the expression.
    pub(super) fn evaluate(
        &mut self,
        code: &'t ExpressionCode,
        focus: Option<&Made<'t>>,
        frame: &Frame<'t>,
    ) -> Result<Few<Value<'t>>, Cause> {
        if code.reads_target {
            return self.evaluate_over_target(code, focus, frame);
        }
        let focus = focus.and_then(|made| made.value(&self.plan.primitives));
        let mark = self.enter(code, frame)?;
        let mut found = Few::new();
        let done = code.expression.evaluate_each(self.scope(), focus.as_slice(), |v| found.push(v));
        self.scope().rewind(mark);
        done.map(|()| found).map_err(cause)
    }

    /// Is the expression true? An error is a fault; nothing is not true.
    pub(super) fn is_true(
        &mut self,
        code: &'t ExpressionCode,
        focus: &Made<'t>,
        frame: &Frame<'t>,
    ) -> Result<bool, Cause> {
        if code.reads_target {
            let found = self.evaluate(code, Some(focus), frame)?;
            return Ok(matches!(found.as_slice(), [v] if !matches!(v, Value::Boolean(false))));
        }
        let Some(value) = focus.value(&self.plan.primitives) else { return Ok(false) };
        let mark = self.enter(code, frame)?;
        let truth = code.expression.truth_on(self.scope(), &[value]).map_err(cause);
        self.scope().rewind(mark);
        Ok(truth?.unwrap_or(false))
    }

    /// Sets what the expression mentions; to be undone with `rewind`.
    fn enter(&mut self, code: &'t ExpressionCode, frame: &Frame<'t>) -> Result<usize, Cause> {
        for (_, index) in &code.constants {
            self.constant(*index)?;
        }
        let mark = self.scope().mark();
        for (name, index) in &code.constants {
            let values = self.constants[*index].clone().unwrap_or_default();
            self.scope().set_shared(name, values);
        }
        for name in &code.parameters {
            let text = self.parameter(name)?;
            self.scope().set_one(name, Some(Value::String(text.into())));
        }
        for (name, slot) in &code.variables {
            let value = match &frame[*slot] {
                Bound::Value(made) => made.value(&self.plan.primitives),
                Bound::Nothing | Bound::Target(_) => None,
            };
            self.scope().set_one(name, value);
            self.note_argument(*slot, frame);
        }
        Ok(mark)
    }

    fn parameter(&self, name: &str) -> Result<String, Cause> {
        let found = self.inputs.parameters.iter().find(|(n, _)| *n == name);
        let missing = || Cause::new("parameter-missing", format!("the parameter `{name}` was not given"));
        found.map(|(_, text)| text.to_string()).ok_or_else(missing)
    }

    /// Evaluates a constant when it is first asked for.
    fn constant(&mut self, index: usize) -> Result<(), Cause> {
        if self.constants[index].is_none() {
            let code = &self.plan.code.constants[index];
            let root = Made::Node(self.root);
            let values = self.evaluate(code, Some(&root), &[])?;
            self.constants[index] = Some(values.into_iter().collect());
        }
        Ok(())
    }

    /// An expression that mentions what was written so far.
    fn evaluate_over_target(
        &mut self,
        code: &'t ExpressionCode,
        focus: Option<&Made<'t>>,
        frame: &Frame<'t>,
    ) -> Result<Few<Value<'t>>, Cause> {
        for (_, index) in &code.constants {
            self.constant(*index)?;
        }
        let plan = self.plan;
        let mut scope = scope(plan, self.inputs.now);
        self.record.iter().for_each(|r| r.watch(&mut scope));
        for (name, index) in &code.constants {
            scope.set_shared(name, self.constants[*index].clone().unwrap_or_default());
        }
        for name in &code.parameters {
            scope.set_one(name, Some(Value::String(self.parameter(name)?.into())));
        }
        for (name, slot) in &code.variables {
            let value = match &frame[*slot] {
                Bound::Target(id) | Bound::Value(Made::Target(id)) => Some(Value::Node(self.tree.at(*id))),
                Bound::Value(made) => made.value(&plan.primitives),
                Bound::Nothing => None,
            };
            scope.set_one(name, value);
            self.note_argument(*slot, frame);
        }
        let focus = match focus {
            Some(Made::Target(id)) => Some(Value::Node(self.tree.at(*id))),
            other => other.and_then(|made| made.value(&plan.primitives)),
        };
        let found = code.expression.evaluate_on(&scope, focus.as_slice()).map_err(cause)?;
        let simple = |v: Value<'_>| {
            let message = "an expression over the target must give a simple value";
            v.detached().ok_or_else(|| Cause::new("expression", message))
        };
        found.into_iter().map(simple).collect()
    }

    /// The value of an argument; nothing if there is none.
    pub(super) fn argument(
        &mut self,
        code: &'t ArgumentCode,
        frame: &Frame<'t>,
    ) -> Result<Option<Made<'t>>, Cause> {
        match code {
            ArgumentCode::Literal(text, kind) => {
                Ok(Some(Made::Text(text.as_str().into(), self.literal_type(text, *kind))))
            }
            ArgumentCode::Variable(slot) => {
                self.note_argument(*slot, frame);
                Ok(match &frame[*slot] {
                    Bound::Value(made) => Some(made.clone()),
                    Bound::Target(id) => Some(Made::Target(*id)),
                    Bound::Nothing => None,
                })
            }
            ArgumentCode::Expression(code) => {
                let found = self.evaluate(code, None, frame)?;
                self.only(found)
            }
        }
    }

    /// The only value; several are a fault.
    pub(super) fn only(&self, found: Few<Value<'t>>) -> Result<Option<Made<'t>>, Cause> {
        let mut values = found.into_iter();
        match (values.next(), values.next()) {
            (Some(one), None) => Ok(Made::of(one, &self.plan.primitives)),
            (None, _) => Ok(None),
            _ => Err(Cause::new("several-values", "the expression gives several values where one is needed")),
        }
    }
}

fn cause(error: EvalError) -> Cause {
    Cause::new("expression", error.to_string())
}
