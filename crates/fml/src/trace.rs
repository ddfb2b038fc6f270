//! What each rule did in one run.
//!
//! Invariant: places and reasons, no values: a trace can be shown to anyone who may see the map.
//! Deliberately absent: the texts of `log`, which are values (a count stands for them).

/// A run, rule by rule.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Trace {
    /// In the order of the run.
    pub steps: Vec<Step>,
}

/// One application of a rule, or the reason that there was none.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Step {
    /// Group and rule.
    pub rule: String,
    /// Where in the source; empty for a computed value.
    pub source: String,
    /// What was written, in the target.
    pub targets: Vec<String>,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of a rule.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// It ran.
    Ran,
    /// The source has no such element.
    NoSource,
    /// The element is there, but `where` was not true.
    Where,
    /// The list mode left it out.
    ListMode,
}
