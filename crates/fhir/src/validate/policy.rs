//! What R4 leaves to whoever validates.
//!
//! Invariant: a policy only ever says how bad a thing is, or that a document must be complete in
//! itself; no rule of R4 can be turned off. Deliberately absent: what a profile can state.

use crate::finding::Severity;

/// The choices of whoever validates.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    /// How bad an extension is whose definition is not loaded, by its URL and by whether it stands as a
    /// modifier extension. Below an error it is told as not checkable.
    pub unknown_extension: fn(&str, bool) -> Severity,
    /// Is there nothing but the document? Then a reference to a resource that it does not hold is wrong.
    pub complete: bool,
    /// Are absolute addresses in references those of FHIR servers? Then they end in a type of R4 and an id.
    pub rest: bool,
    /// How bad it is when a code bears the display of another, or one in a language that its system lacks.
    pub display: Severity,
    /// How bad it is when a text looks as if it had markup in it, which whoever shows it might run.
    pub markup: Severity,
}

impl Default for Policy {
    /// Unknown extensions are for information, as modifiers a warning; references may lead outside; markup
    /// in text and unknown displays are warnings.
    fn default() -> Policy {
        let unknown_extension = |_: &str, modifier: bool| match modifier {
            true => Severity::Warning,
            false => Severity::Information,
        };
        Policy {
            unknown_extension,
            complete: false,
            rest: false,
            display: Severity::Warning,
            markup: Severity::Warning,
        }
    }
}
