//! Rules in FHIRPath, and what can be said of the frequent ones without an engine.
//!
//! Invariant: what is plain is only ever that a rule holds; whatever else is asked of the engine.
//! Deliberately absent: evaluation.

/// A rule in FHIRPath.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Invariant {
    /// Its key, for example `pat-1`.
    pub key: Box<str>,
    /// True: breaking it is an error; false: a warning.
    pub error: bool,
    /// The FHIRPath expression that must be true.
    pub expression: Box<str>,
    /// Its place in [`crate::Profiles::invariants`], for engines that keep something for each;
    /// `u32::MAX` until profiles are loaded on top of the definitions.
    pub number: u32,
    /// Is it stated below the root of a profile? Where it is asked of a resource (`Bundle.entry.resource`),
    /// `%resource` is then the one around it, which the profile is about.
    pub below: bool,
    /// What can be said without the engine.
    pub(crate) quick: Quick,
}

/// What validation can say of an invariant at a glance.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Quick {
    /// Nothing: the engine is asked.
    Ask,
    /// The walk checks it by itself.
    ByHand,
    /// The walk looks whether all that is contained is of use.
    ContainedInUse,
    /// It holds where the node has no such child; else the engine is asked.
    Without(&'static str),
    /// It holds where the node has such a child; else the engine is asked.
    With(&'static str),
    /// It holds where this child's text does not have this in it; else the engine is asked.
    Unlike(&'static str, &'static str),
}

/// R4's invariants that every message meets at every turn, how they begin, and what makes them plain.
/// A rule of the same key that begins otherwise is somebody else's, and the engine is asked.
const QUICK: [(&str, &str, Quick); 12] = [
    ("ele-1", "hasValue() or (children().count() > id.count())", Quick::ByHand),
    ("ext-1", "extension.exists() != value.exists()", Quick::ByHand),
    ("bdl-7", "(type = 'history') or entry.where(fullUrl.exists())", Quick::ByHand),
    ("bdl-11", "type = 'document' implies entry.first().resource.is(Composition)", Quick::ByHand),
    ("bdl-12", "type = 'message' implies entry.first().resource.is(MessageHeader)", Quick::ByHand),
    ("bdl-5", "resource.exists() or ", Quick::With("resource")),
    ("bdl-8", "fullUrl.contains('/_history/').not()", Quick::Unlike("fullUrl", "/_history/")),
    ("dom-2", "contained.contained.empty()", Quick::Without("contained")),
    ("dom-3", "contained.where(", Quick::ContainedInUse),
    ("dom-4", "contained.meta.versionId.empty() and ", Quick::Without("contained")),
    ("dom-5", "contained.meta.security.empty()", Quick::Without("contained")),
    ("ref-1", "reference.startsWith('#').not() or ", Quick::ByHand),
];

impl Invariant {
    pub(crate) fn new(key: &str, error: bool, expression: &str) -> Invariant {
        let known = QUICK.iter().find(|(known, start, _)| *known == key && expression.starts_with(start));
        let quick = known.map_or(Quick::Ask, |(.., quick)| *quick);
        Invariant {
            key: key.into(),
            error,
            expression: expression.into(),
            number: u32::MAX,
            below: false,
            quick,
        }
    }
}
