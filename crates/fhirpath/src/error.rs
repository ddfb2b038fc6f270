//! What can go wrong: in an expression's text, in an evaluation, in a type check.
//!
//! Invariant: no message contains a value of a resource, only kinds, names from the expression's
//! own text, and offsets; resources are about persons and errors end up in logs. Deliberately
//! absent: recovery; an expression either parses or does not.

use std::fmt;

/// The text is no FHIRPath expression.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SyntaxError {
    /// Byte offset in the expression's text.
    pub offset: usize,
    /// What is wrong there.
    pub message: String,
}

impl SyntaxError {
    pub(crate) fn new(offset: usize, message: impl Into<String>) -> SyntaxError {
        SyntaxError { offset, message: message.into() }
    }
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (at offset {})", self.message, self.offset)
    }
}

impl std::error::Error for SyntaxError {}

/// An evaluation that has no result.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EvalError {
    /// Byte offset in the expression's text, once it is known.
    pub offset: Option<usize>,
    /// Why.
    pub reason: Reason,
}

/// Why an evaluation has no result.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Reason {
    /// One item was needed, there were several.
    Several,
    /// The operation is not defined for these kinds of values.
    WrongKind(&'static str),
    /// No variable of this name.
    UnknownVariable(String),
    /// Neither a function of the language nor one that the host registered.
    UnknownFunction(String),
    /// A function of the language that cannot be answered with what is known here, and that the host
    /// did not register.
    Unanswered(&'static str),
    /// `checkModifiers()` met a modifier extension that it was not told of.
    Modifier,
    /// No type of this name.
    UnknownType(String),
    /// A regular expression that is invalid, too large or uses what the engine does not offer.
    Pattern,
    /// `now()` and the like, and nobody said what time it is.
    NoClock,
    /// The evaluation was given up: too many steps.
    Steps,
    /// The evaluation was given up: too many items and texts at once.
    Memory,
    /// A host function refused.
    Host(String),
}

impl EvalError {
    /// An error without a place; the evaluator adds it.
    pub fn new(reason: Reason) -> EvalError {
        EvalError { offset: None, reason }
    }

    /// Says where, unless that is known.
    pub(crate) fn at(&mut self, offset: u32) {
        self.offset.get_or_insert(offset as usize);
    }
}

/// An error on its way through the evaluator: in a box, so that results stay small.
pub(crate) type Fail = Box<EvalError>;

pub(crate) fn fail(reason: Reason) -> Fail {
    Box::new(EvalError::new(reason))
}

/// The operation is not defined for these kinds of values.
pub(crate) fn wrong(what: &'static str) -> Fail {
    fail(Reason::WrongKind(what))
}

/// Why items stop being handed on.
pub(crate) enum Stop {
    /// Whoever takes them needs no more.
    Enough,
    /// There is no result.
    Failed(Fail),
}

impl From<Fail> for Stop {
    fn from(fail: Fail) -> Stop {
        Stop::Failed(fail)
    }
}

/// The end of handing items on: wanted no more is no failure.
pub(crate) fn ended(next: Result<(), Stop>) -> Result<(), Fail> {
    match next {
        Err(Stop::Failed(fail)) => Err(fail),
        _ => Ok(()),
    }
}

impl fmt::Display for EvalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.reason {
            Reason::Several => f.write_str("one item is needed here, there are several")?,
            Reason::WrongKind(what) => f.write_str(what)?,
            Reason::UnknownVariable(name) => write!(f, "no variable %{name}")?,
            Reason::UnknownFunction(name) => write!(f, "no function {name}()")?,
            Reason::Unanswered(name) => {
                write!(f, "{name}() cannot be decided with what is known here; the host has to register it")?;
            }
            Reason::Modifier => f.write_str("a modifier extension that the expression does not name")?,
            Reason::UnknownType(name) => write!(f, "no type {name}")?,
            Reason::Pattern => f.write_str("the regular expression cannot be used")?,
            Reason::NoClock => f.write_str("no clock was given")?,
            Reason::Steps => f.write_str("the evaluation takes too many steps")?,
            Reason::Memory => f.write_str("the evaluation takes too much memory")?,
            Reason::Host(message) => f.write_str(message)?,
        }
        match self.offset {
            Some(offset) => write!(f, " (at offset {offset})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for EvalError {}

/// Something that the static check found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TypeProblem {
    /// Byte offset in the expression's text.
    pub offset: usize,
    /// What is wrong there.
    pub message: String,
}

impl fmt::Display for TypeProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (at offset {})", self.message, self.offset)
    }
}
