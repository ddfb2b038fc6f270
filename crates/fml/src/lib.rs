//! The FHIR Mapping Language: parse, check, compile, run, trace.
//!
//! A [`Library`] takes in maps, as text or as StructureMaps, and concept maps; [`Library::compile`]
//! checks one map against its models and makes a [`Plan`], which maps any number of messages at once.
//! Source and target are trees of FHIR R4 or of a logical model. A [`Translator`] answers for concept
//! maps alone. `docs/mapping-language.md` lists the language.
//!
//! Invariants: running is total, a whole result or a [`MapFault`], within bounds of steps, depth and
//! size; the same inputs give the same result, byte for byte; no error contains a value of a message.
//! Deliberately absent: files, clocks, random numbers and network (the caller brings what a map may
//! use), and any knowledge of the gateway.

pub mod ast;
mod code;
mod compile;
mod diagnostic;
mod escape;
mod fault;
mod fmt;
mod lex;
mod lexical;
mod library;
mod model;
mod parse;
mod plan;
mod resource;
mod run;
mod trace;
mod translate;

pub use diagnostic::{Diagnostic, Severity};
pub use fault::MapFault;
pub use fmt::format;
pub use library::Library;
pub use parse::{comments, parse};
pub use plan::{Bounds, Inputs, Plan};
pub use resource::{from_resource, to_resource};
pub use trace::{Found, How, Idle, Outcome, Required, Role, RulePlace, Shape, Step, Trace, Use, Written};
pub use translate::{Product, Query, TranslateFault, Translation, Translator};
