//! FHIRPath over the [`fhir`] tree: parse once, evaluate often.
//!
//! [`parse`] turns a text into an [`Expr`]; [`Expr::evaluate`] asks it of a node within a
//! [`Scope`] (definitions, variables, host functions, the time, limits). The language is FHIRPath
//! N1 2.0 with what R4 adds, and those functions of later versions that the official R4 suite uses.
//!
//! Invariants: parsing and evaluation are total (an answer or an error, no panic, bounded steps, memory and
//! stack); errors never contain values; what is not in the scope does not influence the result.
//! Deliberately absent: terminology, profiles and network, which host functions bring; `Long` and
//! `defineVariable()`, which R4 does not have.

mod ask;
mod ast;
mod check;
mod compare;
mod error;
mod eval;
mod flow;
mod functions;
mod invariants;
mod lex;
mod model;
mod moment;
mod moment_math;
mod operators;
mod parse;
mod path;
mod quantity;
mod scope;
mod shape;
mod value;

pub use error::{EvalError, Reason, SyntaxError, TypeProblem};
pub use fhir::decimal::Decimal;
pub use invariants::Invariants;
pub use moment::{Date, DateTime, Time};
pub use quantity::{Calendar, Quantity, Unit};
pub use scope::{DEFAULT_MEMORY_LIMIT, DEFAULT_STEP_LIMIT, HostCall, HostFunction, Scope};
pub use value::{TypeInfo, Value};

use fhir::{Definitions, NodeRef, TypeId, decimal, ucum};

/// A parsed expression.
#[derive(Debug)]
pub struct Expr {
    program: ast::Program,
}

/// Parses an expression.
pub fn parse(text: &str) -> Result<Expr, SyntaxError> {
    parse::program(text).map(|program| Expr { program })
}

impl Expr {
    /// The text it was parsed from.
    pub fn text(&self) -> &str {
        &self.program.text
    }

    /// All items that the expression selects or calculates, starting from one node.
    pub fn evaluate<'t>(&self, scope: &Scope<'t>, focus: NodeRef<'t>) -> Result<Vec<Value<'t>>, EvalError> {
        self.evaluate_on(scope, &[Value::Node(focus)])
    }

    /// All items that the expression selects or calculates, starting from a collection.
    pub fn evaluate_on<'t>(
        &self,
        scope: &Scope<'t>,
        focus: &[Value<'t>],
    ) -> Result<Vec<Value<'t>>, EvalError> {
        eval::collect(&self.program, scope, focus)
    }

    /// As [`Expr::evaluate_on`], but each item is handed to `found` instead of being collected.
    pub fn evaluate_each<'t>(
        &self,
        scope: &Scope<'t>,
        focus: &[Value<'t>],
        mut found: impl FnMut(Value<'t>),
    ) -> Result<(), EvalError> {
        eval::hand_out(&self.program, scope, focus, &mut found)
    }

    /// The result as an invariant or a condition takes it: a Boolean as it is, any other single
    /// item as true, no item as nothing; several items are an error.
    pub fn truth<'t>(&self, scope: &Scope<'t>, focus: NodeRef<'t>) -> Result<Option<bool>, EvalError> {
        self.truth_on(scope, &[Value::Node(focus)])
    }

    /// [`Expr::truth`], starting from a collection.
    pub fn truth_on<'t>(&self, scope: &Scope<'t>, focus: &[Value<'t>]) -> Result<Option<bool>, EvalError> {
        eval::truth(&self.program, scope, focus)
    }

    /// The functions that only a host can answer, with where they stand: it must register them (see
    /// [`Scope::register`]).
    pub fn host_functions(&self) -> impl Iterator<Item = (&str, usize)> {
        self.program.nodes.iter().zip(&self.program.offsets).filter_map(|(node, &offset)| match node {
            ast::Node::Host { name, .. } => Some((&**name, offset as usize)),
            ast::Node::Call { function, .. } if function.host => Some((function.name, offset as usize)),
            _ => None,
        })
    }

    /// Checks names and types against definitions: everything found, in the order of the text.
    /// `variables` gives the types ([`TypeId::NONE`]: any) of the variables that the scope will
    /// have; with [`Scope::bare_variables`] in mind, they are known by their bare names too.
    pub fn check(
        &self,
        definitions: &Definitions,
        focus: TypeId,
        variables: &[(&str, TypeId)],
    ) -> Vec<TypeProblem> {
        check::program(&self.program, definitions, focus, variables, None)
    }

    /// [`Expr::check`], and what may go wrong with some resources: several items where one is needed,
    /// criteria that are no Booleans, functions that neither the language nor the host has.
    /// `functions` are those that the host registers.
    pub fn check_strictly(
        &self,
        definitions: &Definitions,
        focus: TypeId,
        variables: &[(&str, TypeId)],
        functions: &[&str],
    ) -> Vec<TypeProblem> {
        check::program(&self.program, definitions, focus, variables, Some(functions))
    }
}
