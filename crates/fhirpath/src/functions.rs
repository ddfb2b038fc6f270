//! The functions of the language: one table, one file per kind.
//!
//! Invariant: the parser has checked the number of arguments, so `args[0]` exists where one is
//! required. An argument that is a lambda is evaluated by its function, once per item; any other within
//! the frame of the call. Deliberately absent: overloading by type.

pub(crate) mod boundary;
pub(crate) mod convert;
pub(crate) mod encode;
pub(crate) mod existence;
pub(crate) mod filter;
pub(crate) mod math;
pub(crate) mod model;
pub(crate) mod pattern;
pub(crate) mod resolve;
pub(crate) mod text;

use crate::ast::{Id, Node};
use crate::error::EvalError;
use crate::eval::{Frame, Machine, Outcome};
use crate::value::{Coll, Value};
use smallvec::smallvec;
use std::borrow::Cow;

/// What a call is about.
#[derive(Clone, Copy)]
pub(crate) struct Call<'c, 't> {
    /// The call's node.
    pub id: Id,
    /// What stands before the dot.
    pub input: &'c [Value<'t>],
    pub args: &'c [Id],
    pub frame: Frame<'c, 't>,
}

type Run = for<'m, 'c, 'a, 't> fn(&'m Machine<'a, 't>, Call<'c, 't>) -> Outcome<'t>;

/// What a function can be called on, for the static check.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Takes {
    Any,
    /// One string (or what converts to it).
    Text,
    /// One number or quantity.
    Number,
    /// Booleans.
    Truth,
    /// Any collection, but its order must mean something.
    Ordered,
}

/// What a function results in, for the static check.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Gives {
    /// The input's type, same cardinality or less.
    Input,
    /// One item of the input's type.
    Item,
    /// One Boolean.
    Truth,
    Integer,
    Decimal,
    Text,
    Texts,
    /// A value of this system type.
    System(&'static str),
    /// What the argument gives.
    Argument,
    /// Input's and argument's types together.
    Both,
    /// The type named by the argument.
    Named,
    /// Children: order without meaning.
    Members,
    Anything,
}

/// A function of the language.
pub(crate) struct Builtin {
    pub name: &'static str,
    pub min: u8,
    pub max: u8,
    /// Are its arguments evaluated per item?
    pub lambda: bool,
    /// Is its first argument a regular expression?
    pub pattern: bool,
    pub takes: Takes,
    pub gives: Gives,
    pub run: Run,
}

impl std::fmt::Debug for Builtin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// A table entry for a function whose arguments are values.
const fn plain(name: &'static str, (min, max): (u8, u8), takes: Takes, gives: Gives, run: Run) -> Builtin {
    Builtin { name, min, max, lambda: false, pattern: false, takes, gives, run }
}

/// A table entry for a function whose arguments are lambdas.
const fn lambda(name: &'static str, (min, max): (u8, u8), gives: Gives, run: Run) -> Builtin {
    Builtin { name, min, max, lambda: true, pattern: false, takes: Takes::Any, gives, run }
}

/// The function of this name.
pub(crate) fn find(name: &str) -> Option<&'static Builtin> {
    let tables = [
        existence::TABLE,
        filter::TABLE,
        text::TABLE,
        encode::TABLE,
        math::TABLE,
        convert::TABLE,
        boundary::TABLE,
        model::TABLE,
    ];
    tables.into_iter().flatten().find(|f| f.name == name)
}

fn yes_no<'t>(answer: bool) -> Coll<'t> {
    smallvec![Value::Boolean(answer)]
}

impl<'t> Machine<'_, 't> {
    /// An argument's items.
    fn arg(&self, call: &Call<'_, 't>, n: usize) -> Outcome<'t> {
        match call.args.get(n) {
            Some(&id) => self.eval(id, call.frame),
            None => Ok(Coll::new()),
        }
    }

    /// An argument that must be one String; `None` if it is empty.
    fn text_arg<'m>(&'m self, call: &Call<'_, 't>, n: usize) -> Result<Option<Cow<'m, str>>, EvalError> {
        // The usual case: no copy.
        if let Some(Node::Literal(Value::String(text))) = call.args.get(n).map(|&id| self.program.node(id)) {
            return Ok(Some(Cow::Borrowed(text)));
        }
        match self.single(&self.arg(call, n)?)?.as_deref() {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(Cow::Owned(text.to_string()))),
            Some(_) => Err(EvalError::wrong("this argument must be a String")),
        }
    }

    /// An argument that must be one Integer.
    fn integer_arg(&self, call: &Call<'_, 't>, n: usize) -> Result<Option<i64>, EvalError> {
        if let Some(Node::Literal(Value::Integer(n))) = call.args.get(n).map(|&id| self.program.node(id)) {
            return Ok(Some(*n));
        }
        match self.single(&self.arg(call, n)?)?.as_deref() {
            None => Ok(None),
            Some(Value::Integer(n)) => Ok(Some(*n)),
            Some(_) => Err(EvalError::wrong("this argument must be an Integer")),
        }
    }
}
