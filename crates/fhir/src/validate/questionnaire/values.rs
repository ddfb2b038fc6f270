//! Many values, of which it is asked whether one is the same as, or before or behind, a given one.
//!
//! Invariant: values that are the same as soon as their texts are, which is nearly all, are found by
//! look-up; only numbers, times and quantities written otherwise are compared one by one, and that and
//! every other step whose number a sender can multiply is paid for from an `Effort`. What is then not
//! looked at is undecided. Deliberately absent: the order of values (`order`).

use super::super::order::compare;
use crate::tree::NodeRef;
use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};

/// A value with the name of its type.
pub(super) type Typed<'a> = (&'a str, NodeRef<'a>);

/// How much may still be compared in one response.
pub(super) struct Effort(usize);

impl Effort {
    /// Some tenths of a second; a response of thousands of answers to thousands of options is far below.
    pub(super) fn new() -> Effort {
        Effort(2_000_000)
    }

    /// Takes so much, if it is there.
    pub(super) fn spend(&mut self, cost: usize) -> bool {
        let left = self.0.checked_sub(cost);
        self.0 = left.unwrap_or(0);
        left.is_some()
    }
}

/// What it costs at most to look through the children of a value.
pub(super) fn cost(value: NodeRef<'_>) -> usize {
    1 + value.tree.spread(value.id) as usize
}

/// Two values of the same key are the same.
type Key<'a> = (&'a str, [Option<&'a str>; 3]);

fn key<'a>((ty, value): Typed<'a>) -> Option<Key<'a>> {
    match class(ty) {
        "Coding" => {
            let (system, code) = (value.child_text("system"), value.child_text("code"));
            let display = if code.is_none() { value.child_text("display") } else { None };
            Some(("Coding", [system, code, display]))
        }
        "Reference" => Some(("Reference", [Some(value.child_text("reference")?), None, None])),
        "Attachment" => None,
        "String" => Some(("String", [Some(value.text()?), None, None])),
        _ => Some((ty, [Some(value.text()?), None, None])),
    }
}

/// Types whose values may be the same. Values of different classes never are.
fn class(ty: &str) -> &str {
    match ty {
        "Integer" | "Decimal" | "PositiveInt" | "UnsignedInt" => "number",
        "Date" | "DateTime" | "Instant" => "moment",
        "Uri" => "String",
        _ => ty,
    }
}

/// The options of a question or the answers of an item.
pub(super) struct Values<'a> {
    all: Vec<Typed<'a>>,
    types: HashSet<&'a str>,
    keys: HashSet<Key<'a>>,
    /// By class.
    classes: HashMap<&'a str, Class<'a>>,
}

#[derive(Default)]
struct Class<'a> {
    values: Vec<Typed<'a>>,
    /// Has one of them no key?
    unkeyed: bool,
}

impl<'a> Values<'a> {
    pub(super) fn of(values: impl Iterator<Item = Typed<'a>>) -> Values<'a> {
        let all: Vec<Typed<'a>> = values.collect();
        let (mut keys, mut classes) = (HashSet::new(), HashMap::<&str, Class<'a>>::new());
        for &value in &all {
            let of_class = classes.entry(class(value.0)).or_default();
            of_class.values.push(value);
            match key(value) {
                Some(key) => _ = keys.insert(key),
                None => of_class.unkeyed = true,
            }
        }
        let types = all.iter().map(|(ty, _)| *ty).collect();
        Values { all, types, keys, classes }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Is one of this type among them?
    pub(super) fn has_type(&self, ty: &str) -> bool {
        self.types.contains(ty)
    }

    /// Is the value among them? `None`: not decidable here.
    pub(super) fn contains(&self, value: Typed<'_>, effort: &mut Effort) -> Option<bool> {
        let own = key(value);
        if own.is_some_and(|key| self.keys.contains(&key)) {
            return Some(true);
        }
        let Some(others) = self.classes.get(class(value.0)) else { return Some(false) };
        match class(value.0) {
            "Coding" | "Boolean" | "String" => (own.is_some() && !others.unkeyed).then_some(false),
            // Two addresses may lead to the same resource, two attachments hold the same.
            "Reference" | "Attachment" => None,
            _ => any(&others.values, value, effort, |a, b| match compare(a, b) {
                Some(order) => Some(order.is_eq()),
                None => (a.0 != b.0).then_some(false),
            }),
        }
    }

    /// Does one of them stand so to the value? `None`: not decidable here.
    pub(super) fn ordered(
        &self,
        value: Typed<'_>,
        effort: &mut Effort,
        fits: fn(Ordering) -> bool,
    ) -> Option<bool> {
        any(&self.all, value, effort, |a, b| compare(a, b).map(fits))
    }
}

/// True as soon as one is, undecided if one of the others is.
fn any(
    all: &[Typed<'_>],
    value: Typed<'_>,
    effort: &mut Effort,
    verdict: impl Fn(Typed<'_>, Typed<'_>) -> Option<bool>,
) -> Option<bool> {
    let mut outcome = Some(false);
    for &one in all {
        if !effort.spend(cost(one.1) + cost(value.1)) {
            return None;
        }
        match verdict(one, value) {
            Some(true) => return Some(true),
            Some(false) => {}
            None => outcome = None,
        }
    }
    outcome
}
