//! Invariants of the profiles, evaluated by our FHIRPath engine.
//!
//! Invariant: an expression is parsed once; one that cannot be parsed or evaluated is "cannot tell",
//! never "holds".

use fhir::{Definitions, NodeRef, definitions::Invariant};
use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

/// Invariants of R4 that say nothing about an element without the part that they are about: `ref-1`
/// speaks of `reference`, and a Reference by identifier has none (FHIR R4 references.html); `ras-2`
/// likewise of a probability that need not be a number.
const EMPTY_HOLDS: [&str; 2] = ["ref-1", "ras-2"];

/// Best practice of R4 that our messages do not follow on purpose: they carry no narrative, because a
/// text beside the data could say what the data may not (domain §4.1).
const NOT_OURS: [&str; 1] = ["dom-6"];

/// Parsed expressions by their text.
#[derive(Default)]
pub struct Invariants {
    parsed: RwLock<HashMap<String, Arc<Option<fhirpath::Expr>>>>,
}

impl Invariants {
    /// Does the invariant hold at the node? `None`: cannot tell.
    pub fn holds(&self, definitions: &Definitions, invariant: &Invariant, node: NodeRef<'_>) -> Option<bool> {
        if NOT_OURS.contains(&&*invariant.key) {
            return Some(true);
        }
        let parsed = self.expression(&invariant.expression);
        let expression = (*parsed).as_ref()?;
        let scope = fhirpath::Scope::new(Some(definitions));
        match expression.truth(&scope, node) {
            Ok(None) => Some(EMPTY_HOLDS.contains(&&*invariant.key)),
            Ok(Some(truth)) => Some(truth),
            Err(_) => None,
        }
    }

    fn expression(&self, text: &str) -> Arc<Option<fhirpath::Expr>> {
        let known = self.parsed.read().unwrap_or_else(PoisonError::into_inner).get(text).cloned();
        known.unwrap_or_else(|| {
            let parsed = Arc::new(fhirpath::parse(text).ok());
            let mut all = self.parsed.write().unwrap_or_else(PoisonError::into_inner);
            all.entry(text.to_string()).or_insert(parsed).clone()
        })
    }
}
