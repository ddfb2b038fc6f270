//! What a run did, as data: each value of the result back to its rule and its source, each place of
//! the source on to what used it, and each rule that did not run with the reason.
//!
//! Invariant: places and shapes, no values; a name that the model does not know is shown as `?`,
//! because a value may stand where a name should. So a trace can be shown to anyone who may see the
//! map. Deliberately absent: the texts of `log`, which are values; any file format of a trace.

use std::ops::Range;
use std::sync::Arc;

/// A rule as it is written; the same however often it was compiled.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RulePlace {
    /// The address of its map.
    pub map: Arc<str>,
    /// The file of its map, as it was named when it was added.
    pub file: Arc<str>,
    /// Its first line, from 1.
    pub line: usize,
    /// The bytes of that line that it fills.
    pub span: Range<usize>,
    /// Group and rule, such as `Main/"name"`.
    pub label: String,
    /// Is there a way to it from the group that the map starts with?
    pub called: bool,
}

/// A run, in both directions. Rules are indexes into [`crate::Plan::rules`].
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Trace {
    /// The applications of rules and what came to none, in the order of the run.
    pub steps: Vec<Step>,
    /// The elements of the result in its order. Empty if there is no result.
    pub result: Vec<Written>,
    /// The elements of the source in its order.
    pub source: Vec<Found>,
    /// The elements that the result's model requires where their parent is there.
    pub required: Vec<Required>,
    /// Rules that never came to be tried.
    pub idle: Vec<Idle>,
    /// Were there more steps or elements than are told?
    pub cut: bool,
}

/// One application of a rule, or the reason that there was none.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Step {
    /// The rule.
    pub rule: usize,
    /// The step that led to it.
    pub outer: Option<usize>,
    /// Where in the source: what the rule was applied to, or what it was not applied to and, if it
    /// found nothing, where it looked. Empty for computed values.
    pub sources: Vec<String>,
    /// The elements that it made or gave a value.
    pub targets: Vec<String>,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of a rule.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Outcome {
    /// It ran.
    Ran,
    /// The source has no such element.
    NoSource,
    /// The element is there, but of another type.
    Type,
    /// The element is there, but `where` was not true.
    Where,
    /// The list mode left it out.
    ListMode,
    /// The run ended here with a fault.
    Failed,
}

/// An element of the result.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Written {
    /// Where.
    pub place: String,
    /// What it is.
    pub shape: Shape,
    /// The step that gave it its value, or made it. None for the root.
    pub step: Option<usize>,
    /// How it came about.
    pub how: How,
    /// The places of the source that its value comes from.
    pub sources: Vec<String>,
}

/// What an element is, without its value.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Shape {
    /// Elements below it.
    Group,
    /// A text.
    Text,
    /// A number.
    Number,
    /// True or false.
    Boolean,
    /// Nothing, or extensions only.
    Empty,
}

/// How a value comes about.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum How {
    /// An element for others to stand in.
    Made,
    /// From the source as it is, perhaps in another form.
    Copied,
    /// By an expression or a transform.
    Computed,
    /// By a concept map.
    Translated,
    /// It stands in the map.
    Constant,
    /// A new id.
    NewId,
    /// From another part of the result.
    Result,
}

/// An element of the source.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Found {
    /// Where.
    pub place: String,
    /// The element of the model, from the resource or the root that it belongs to: the place without
    /// numbers, such as `Patient.name.given`.
    pub element: String,
    /// What it is.
    pub shape: Shape,
    /// What it stands in, as an index into [`Trace::source`].
    pub parent: Option<usize>,
    /// What used it. None of it or of anything below it: it was not read.
    pub uses: Vec<Use>,
}

/// A use of an element of the source.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Use {
    /// The rule.
    pub rule: usize,
    /// As what.
    pub role: Role,
}

/// What an element of the source was to a rule.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Role {
    /// The rule was applied to it.
    Source,
    /// It was looked at to decide: by `where`, `check`, `log`, a cardinality or a list mode, or on the
    /// way of an expression.
    Condition,
    /// A value was taken from it.
    Value,
}

/// An element that the model requires.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Required {
    /// The element that must have it.
    pub place: String,
    /// The type of that element.
    pub ty: String,
    /// What it must have.
    pub element: String,
    /// Has it?
    pub set: bool,
}

/// A rule that never came to be tried.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Idle {
    /// The rule.
    pub rule: usize,
    /// The rules that would have led to it, none of which ran. Empty: the run ended before it, or
    /// nothing calls its group.
    pub outer: Vec<usize>,
}

impl Trace {
    /// Whether an element of the source, or anything below it, was read; in the order of
    /// [`Trace::source`].
    pub fn read(&self) -> Vec<bool> {
        let mut read = vec![false; self.source.len()];
        for (index, found) in self.source.iter().enumerate().rev() {
            read[index] |= !found.uses.is_empty();
            if let (true, Some(parent)) = (read[index], found.parent) {
                read[parent] = true;
            }
        }
        read
    }

    /// The required elements that were not set.
    pub fn unset(&self) -> impl Iterator<Item = &Required> {
        self.required.iter().filter(|r| !r.set)
    }

    /// The elements of the source of which nothing was read, neither they nor anything below them:
    /// the topmost of each such part.
    pub fn unread(&self) -> Vec<&Found> {
        let read = self.read();
        let top = |found: &Found| found.parent.is_none_or(|parent| read[parent]);
        self.source.iter().enumerate().filter(|(i, f)| !read[*i] && top(f)).map(|(_, f)| f).collect()
    }
}
