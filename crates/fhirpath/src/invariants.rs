//! The invariants of profiles, evaluated: what validation asks of an engine.
//!
//! Invariant: an expression is parsed once; one that cannot be parsed or evaluated is "cannot tell",
//! never "holds". Deliberately absent: the judgement of which invariants matter; the caller names those
//! that it does not follow.

use crate::{Expr, Scope};
use fhir::{Definitions, NodeRef, Profiles, definitions::Invariant};
use std::sync::OnceLock;

/// Invariants of R4 that say nothing about an element without the part that they are about: `ref-1`
/// speaks of `reference`, and a Reference by identifier has none (FHIR R4 references.html); `ras-2`
/// likewise of a probability that need not be a number.
const EMPTY_HOLDS: [&str; 2] = ["ref-1", "ras-2"];

/// Invariants of R4 that mean the whole text, though `matches()` looks for a part of it: those of names
/// and paths, how they begin and what they mean. Later editions anchor them.
const WHOLE: [(&str, &str); 2] = [
    ("name.matches('[A-Z]", "name.empty() or name.matchesFull('[A-Z]"),
    ("path.matches('[", "path.matchesFull('["),
];

/// What is known of one invariant.
struct Known {
    expression: Option<Expr>,
    /// What it says where its expression gives nothing.
    when_empty: bool,
    left_out: bool,
}

/// The invariants of loaded profiles, by number; each is parsed when it is first asked about.
pub struct Invariants {
    known: Vec<OnceLock<Known>>,
    left_out: &'static [&'static str],
}

impl Invariants {
    /// The invariants of `profiles`, but for those whose keys are in `left_out`: of them it is always
    /// said that they hold.
    pub fn of(profiles: &Profiles, left_out: &'static [&'static str]) -> Invariants {
        let known = std::iter::repeat_with(OnceLock::new).take(profiles.invariants().len()).collect();
        Invariants { known, left_out }
    }

    /// Does the invariant hold at the node? `None`: cannot tell.
    pub fn holds(&self, definitions: &Definitions, invariant: &Invariant, node: NodeRef<'_>) -> Option<bool> {
        let known = self.known.get(invariant.number as usize)?.get_or_init(|| self.learn(invariant));
        if known.left_out {
            return Some(true);
        }
        let mut scope = Scope::new(Some(definitions));
        if invariant.below && definitions.is_resource(node.type_of()) {
            let around = std::iter::successors(node.parent(), |n| n.parent());
            let mut around = around.filter(|n| definitions.is_resource(n.type_of()));
            around.next().into_iter().for_each(|n| scope.set_resource(n));
        }
        match known.expression.as_ref()?.truth(&scope, node) {
            Ok(truth) => Some(truth.unwrap_or(known.when_empty)),
            Err(_) => None,
        }
    }

    fn learn(&self, invariant: &Invariant) -> Known {
        let text = &*invariant.expression;
        let whole = WHOLE.iter().find_map(|(start, meant)| Some((meant, text.strip_prefix(start)?)));
        let meant = whole.map(|(meant, rest)| format!("{meant}{rest}"));
        Known {
            expression: crate::parse(meant.as_deref().unwrap_or(text)).ok(),
            when_empty: EMPTY_HOLDS.contains(&&*invariant.key),
            left_out: self.left_out.contains(&&*invariant.key),
        }
    }
}
