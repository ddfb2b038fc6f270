//! The FHIR Mapping Language.
pub mod ast;
mod diagnostic;
mod fmt;
mod lex;
mod parse;

pub use diagnostic::{Diagnostic, Severity};
pub use fmt::format;
pub use parse::parse;
