//! What a profile demands of one element, and of the elements and slices below it.
//!
//! Invariant: a rule only ever narrows what the base type allows; an absent field demands nothing.
//! Deliberately absent: where the rule came from (findings name the element, not the profile's line).

use crate::definitions::{Binding, Invariant, Strength};
use crate::tree::{Key, Tree, TypeId};

/// The demands on one element.
#[derive(Clone, Default, Debug)]
pub(crate) struct Rule {
    pub(crate) min: Option<u32>,
    /// `Some(None)` is `*`.
    pub(crate) max: Option<Option<u32>>,
    /// The types allowed; empty: as the base type says.
    pub(crate) types: Vec<TypeRule>,
    pub(crate) fixed: Option<Tree>,
    pub(crate) pattern: Option<Tree>,
    pub(crate) binding: Option<Binding>,
    pub(crate) invariants: Vec<Invariant>,
    /// Must it have a value of its own, unless it has one of these extensions?
    pub(crate) valued: Option<Vec<Box<str>>>,
    /// In characters.
    pub(crate) max_length: Option<u32>,
    pub(crate) children: Vec<(Key, Rule)>,
    pub(crate) slicing: Option<Slicing>,
    /// Does the rule or one below it say which values fit? Known once the rule is sealed.
    pub(crate) decisive: bool,
}

/// One allowed type, with what it must conform to and may point at.
#[derive(Clone, Debug)]
pub(crate) struct TypeRule {
    pub(crate) ty: TypeId,
    pub(crate) profiles: Vec<Box<str>>,
    pub(crate) targets: Vec<Box<str>>,
}

/// How the repetitions of an element are told apart.
#[derive(Clone, Default, Debug)]
pub(crate) struct Slicing {
    pub(crate) discriminators: Vec<(How, Vec<Step>)>,
    pub(crate) closed: bool,
    pub(crate) at_end: bool,
    pub(crate) ordered: bool,
    pub(crate) slices: Vec<(Box<str>, Rule)>,
}

/// What a discriminator looks at (FHIR R4 profiling.html §5.1.0.13).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum How {
    Value,
    Exists,
    Type,
    Profile,
    /// A kind that is not known; its slices cannot be told apart here.
    Unknown,
}

/// One step of a discriminator's path.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Step {
    Child(Box<str>),
    Extension(Box<str>),
    OfType(Box<str>),
    Resolve,
    /// Not in the allowed subset of FHIRPath.
    Unknown,
}

impl Rule {
    /// The rule for a child element, made when it is not there.
    pub(crate) fn child_mut(&mut self, name: &str) -> &mut Rule {
        let at = self.children.iter().position(|(n, _)| n.name() == name).unwrap_or_else(|| {
            self.children.push((Key::new(name), Rule::default()));
            self.children.len() - 1
        });
        &mut self.children[at].1
    }

    pub(crate) fn child(&self, name: &str) -> Option<&Rule> {
        self.children.iter().find(|(n, _)| n.name() == name).map(|(_, r)| r)
    }

    /// Are its slices the types of a choice?
    pub(crate) fn is_choice(&self) -> bool {
        self.slicing
            .as_ref()
            .is_some_and(|s| matches!(s.discriminators.as_slice(), [(How::Type, path)] if path.is_empty()))
    }

    /// Ends the making of a rule and of those below it, as deep as paths may be: numbers their
    /// invariants, and notes what is asked of them often.
    pub(crate) fn seal(&mut self, number: &mut impl FnMut(&mut Invariant)) {
        self.invariants.iter_mut().for_each(&mut *number);
        let required = |b: &Binding| b.strength == Strength::Required;
        self.decisive =
            self.fixed.is_some() || self.pattern.is_some() || self.binding.as_ref().is_some_and(required);
        let slices = self.slicing.iter_mut().flat_map(|s| s.slices.iter_mut().map(|(_, r)| r));
        for inner in self.children.iter_mut().map(|(_, r)| r).chain(slices) {
            inner.seal(number);
            self.decisive |= inner.decisive;
        }
    }
}

impl Slicing {
    /// The rule for a slice, made when it is not there.
    pub(crate) fn slice_mut(&mut self, name: &str) -> &mut Rule {
        let at = self.slices.iter().position(|(n, _)| &**n == name).unwrap_or_else(|| {
            self.slices.push((name.into(), Rule::default()));
            self.slices.len() - 1
        });
        &mut self.slices[at].1
    }
}

/// The steps of a discriminator's path. `$this` is no step at all.
pub(crate) fn steps(path: &str) -> Vec<Step> {
    let mut out = Vec::new();
    let mut rest = path.trim();
    while !rest.is_empty() {
        let end = if rest.starts_with("extension(") || rest.starts_with("ofType(") {
            rest.find(')').map_or(rest.len(), |i| i + 1)
        } else {
            rest.find('.').unwrap_or(rest.len())
        };
        let (word, after) = rest.split_at(end);
        rest = after.strip_prefix('.').unwrap_or(after);
        let inner = |name: &str| word.strip_prefix(name).and_then(|w| w.strip_suffix(')'));
        let step = match (inner("extension("), inner("ofType("), word) {
            (Some(url), _, _) => Step::Extension(url.trim_matches(['\'', '"']).into()),
            (_, Some(ty), _) => Step::OfType(ty.rsplit('.').next().unwrap_or(ty).into()),
            (_, _, "$this") => continue,
            (_, _, "resolve()") => Step::Resolve,
            (_, _, name) if name.bytes().all(|b| b.is_ascii_alphanumeric()) => Step::Child(name.into()),
            _ => Step::Unknown,
        };
        out.push(step);
    }
    out
}
