//! Invariants of the profiles, evaluated by our FHIRPath engine.
//!
//! Invariant: an expression is parsed once; one that cannot be parsed or evaluated is "cannot tell",
//! never "holds".

use fhir::{Definitions, NodeRef, definitions::Invariant};
use fhirpath::{Expr, Scope};
use std::sync::OnceLock;

/// Invariants of R4 that say nothing about an element without the part that they are about: `ref-1`
/// speaks of `reference`, and a Reference by identifier has none (FHIR R4 references.html); `ras-2`
/// likewise of a probability that need not be a number.
const EMPTY_HOLDS: [&str; 2] = ["ref-1", "ras-2"];

/// Best practice of R4 that our messages do not follow on purpose: they carry no narrative, because a
/// text beside the data could say what the data may not (domain §4.1).
const NOT_OURS: [&str; 1] = ["dom-6"];

/// What is known of one invariant.
struct Known {
    expression: Option<Expr>,
    /// What it says where its expression gives nothing.
    when_empty: bool,
    ours: bool,
}

/// The invariants of loaded profiles, by number; each is parsed when it is first asked about.
pub struct Invariants {
    known: Vec<OnceLock<Known>>,
}

impl Invariants {
    /// A place for each of `all` invariants.
    pub fn new(all: usize) -> Invariants {
        Invariants { known: std::iter::repeat_with(OnceLock::new).take(all).collect() }
    }

    /// Does the invariant hold at the node? `None`: cannot tell.
    pub fn holds(&self, definitions: &Definitions, invariant: &Invariant, node: NodeRef<'_>) -> Option<bool> {
        let known = self.known.get(invariant.number as usize)?.get_or_init(|| Known::of(invariant));
        if !known.ours {
            return Some(true);
        }
        let scope = Scope::new(Some(definitions));
        match known.expression.as_ref()?.truth(&scope, node) {
            Ok(truth) => Some(truth.unwrap_or(known.when_empty)),
            Err(_) => None,
        }
    }
}

impl Known {
    fn of(invariant: &Invariant) -> Known {
        Known {
            expression: fhirpath::parse(&invariant.expression).ok(),
            when_empty: EMPTY_HOLDS.contains(&&*invariant.key),
            ours: !NOT_OURS.contains(&&*invariant.key),
        }
    }
}
