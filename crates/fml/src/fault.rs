//! What stops a mapping while it runs.
//!
//! Invariant: a fault names map, rule and place in the source, and never a value of the message.
//! Deliberately absent: partial results; a mapping that faults has no result.

use std::fmt;

/// Why a mapping has no result.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MapFault {
    /// The map's address.
    pub map: String,
    /// Group and rule, such as `Patient/"names"`.
    pub rule: String,
    /// Where in the source, such as `Patient.identifier[1]`.
    pub place: String,
    /// A stable short name of the kind of fault, such as `unmapped-code`.
    pub code: &'static str,
    /// What happened, without values.
    pub message: String,
}

impl fmt::Display for MapFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} (rule {} of {}, at {})", self.code, self.message, self.rule, self.map, self.place)
    }
}

impl std::error::Error for MapFault {}

/// A fault before it knows its rule and place.
#[derive(Debug)]
pub(crate) struct Cause {
    pub code: &'static str,
    pub message: String,
}

impl Cause {
    pub fn new(code: &'static str, message: impl Into<String>) -> Cause {
        Cause { code, message: message.into() }
    }
}
