//! The functions of the language: one table, one file per kind.
//!
//! Invariant: the parser has checked the number of arguments, so `args[0]` exists where one is
//! required. An argument that is a lambda is evaluated by its function, once per item; any other within
//! the frame of the call. What a function needs of its input (all of it, or one item after the other)
//! shows in its type, see [`Run`]. Deliberately absent: overloading by type.

pub(crate) mod boundary;
pub(crate) mod convert;
pub(crate) mod encode;
pub(crate) mod existence;
pub(crate) mod filter;
pub(crate) mod host;
pub(crate) mod math;
pub(crate) mod members;
pub(crate) mod model;
pub(crate) mod pattern;
pub(crate) mod resolve;
pub(crate) mod sort;
pub(crate) mod text;

use crate::ast::{Id, Node};
use crate::error::{Fail, wrong};
use crate::eval::{Frame, Input, Machine, Operand};
use crate::value::{Coll, Next, Sink, Value};
use std::borrow::Cow;

/// What a call is about, its input known.
#[derive(Clone, Copy)]
pub(crate) struct Call<'c, 't> {
    /// The call's node.
    pub id: Id,
    /// What stands before the dot.
    pub input: &'c [Value<'t>],
    pub args: &'c [Id],
    pub frame: &'c Frame<'c, 't>,
}

/// What a call is about, its input still to come.
#[derive(Clone, Copy)]
pub(crate) struct Source<'c, 't> {
    /// The call's node.
    pub id: Id,
    /// What stands before the dot.
    pub input: Input<'c, 't>,
    pub args: &'c [Id],
    pub frame: &'c Frame<'c, 't>,
}

impl<'c, 't> Source<'c, 't> {
    /// The call with nothing before it, to ask for its arguments.
    fn alone(&self) -> Call<'c, 't> {
        Call { id: self.id, input: &[], args: self.args, frame: self.frame }
    }

    /// Takes the items of the input one after the other.
    fn each(&self, m: &Machine<'_, 't>, sink: Sink<'_, 't>) -> Next {
        m.each_of(self.input, self.frame, sink)
    }
}

/// Yes, no, or neither.
pub(crate) type Answer = Result<Option<bool>, Fail>;
/// One value at most.
pub(crate) type Single<'t> = Result<Option<Value<'t>>, Fail>;
/// Any number of items.
pub(crate) type Outcome<'t> = Result<Coll<'t>, Fail>;

/// A function at work.
#[derive(Clone, Copy)]
pub(crate) enum Run {
    /// Knows all of its input, gives any number of items.
    Whole(for<'m, 'c, 'a, 't> fn(&'m Machine<'a, 't>, Call<'c, 't>) -> Outcome<'t>),
    /// Knows all of its input, gives one value at most.
    One(for<'m, 'c, 'a, 't> fn(&'m Machine<'a, 't>, Call<'c, 't>) -> Single<'t>),
    /// Takes its input item by item as far as it needs to, answers with a Boolean or nothing.
    Asks(for<'m, 'c, 'a, 't> fn(&'m Machine<'a, 't>, Source<'c, 't>) -> Answer),
    /// Takes its input item by item, gives one value at most.
    Folds(for<'m, 'c, 'a, 't> fn(&'m Machine<'a, 't>, Source<'c, 't>) -> Single<'t>),
    /// Takes its input item by item and hands items on.
    Passes(for<'m, 'c, 'a, 't> fn(&'m Machine<'a, 't>, Source<'c, 't>, Sink<'_, 't>) -> Next),
}

/// What a function can be called on, for the static check.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Takes {
    Any,
    /// One item of any kind.
    One,
    /// One string (or what converts to it).
    Text,
    /// One number or quantity.
    Number,
    /// Booleans.
    Truth,
    /// Any collection, but its order must mean something.
    Ordered,
}

/// What an argument must be, for the static check.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Wants {
    /// One String.
    Text,
    /// One Integer.
    Whole,
    /// One number.
    Number,
    /// A condition.
    Truth,
    /// One item of any kind.
    One,
    /// Anything.
    Any,
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
    /// Can only the host answer it?
    pub host: bool,
    pub takes: Takes,
    /// For the arguments in their order; those beyond are as the last.
    pub wants: &'static [Wants],
    pub gives: Gives,
    pub run: Run,
}

impl Builtin {
    /// The same, with arguments that must be something.
    const fn wanting(self, wants: &'static [Wants]) -> Builtin {
        Builtin { wants, ..self }
    }
}

impl std::fmt::Debug for Builtin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// A table entry for a function whose arguments are values.
const fn plain(name: &'static str, (min, max): (u8, u8), takes: Takes, gives: Gives, run: Run) -> Builtin {
    Builtin {
        name,
        min,
        max,
        lambda: false,
        pattern: false,
        host: false,
        takes,
        wants: &[Wants::Any],
        gives,
        run,
    }
}

/// A table entry for a function whose arguments are lambdas.
const fn lambda(name: &'static str, (min, max): (u8, u8), gives: Gives, run: Run) -> Builtin {
    Builtin { lambda: true, ..plain(name, (min, max), Takes::Any, gives, run) }
}

/// The function of this name.
pub(crate) fn find(name: &str) -> Option<&'static Builtin> {
    let tables = [
        existence::TABLE,
        filter::TABLE,
        members::TABLE,
        sort::TABLE,
        text::TABLE,
        encode::TABLE,
        math::TABLE,
        convert::TABLE,
        boundary::TABLE,
        model::TABLE,
        host::TABLE,
    ];
    tables.into_iter().flatten().find(|f| f.name == name)
}

fn yes_no<'t>(answer: bool) -> Single<'t> {
    Ok(Some(Value::Boolean(answer)))
}

fn integer<'t>(n: usize) -> Single<'t> {
    Ok(Some(Value::Integer(n as i64)))
}

impl<'t> Machine<'_, 't> {
    /// The items of argument number `n`; none if it was left out.
    fn arg<'f>(&'f self, call: &Call<'f, 't>, n: usize) -> Result<Operand<'f, 't>, Fail> {
        match call.args.get(n) {
            Some(&id) => self.operand(id, call.frame),
            None => Ok(Operand::Slice(&[])),
        }
    }

    /// An argument that must be one String; `None` if it is empty.
    fn text_arg<'m>(&'m self, call: &Call<'_, 't>, n: usize) -> Result<Option<Cow<'m, str>>, Fail> {
        // The usual case: no copy.
        if let Some(Node::Literal(Value::String(text))) = call.args.get(n).map(|&id| self.program.node(id)) {
            return Ok(Some(Cow::Borrowed(text)));
        }
        match self.single(&self.arg(call, n)?)?.map(Cow::into_owned) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(wrong("this argument must be a String")),
        }
    }

    /// An argument that must be one Integer.
    fn integer_arg(&self, call: &Call<'_, 't>, n: usize) -> Result<Option<i64>, Fail> {
        if let Some(Node::Literal(Value::Integer(n))) = call.args.get(n).map(|&id| self.program.node(id)) {
            return Ok(Some(*n));
        }
        match self.single(&self.arg(call, n)?)?.as_deref() {
            None => Ok(None),
            Some(Value::Integer(n)) => Ok(Some(*n)),
            Some(_) => Err(wrong("this argument must be an Integer")),
        }
    }
}
