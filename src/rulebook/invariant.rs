//! Invariants of the profiles, evaluated by our FHIRPath engine.
//!
//! Invariant: an expression is parsed once; one that cannot be parsed or evaluated is "cannot tell",
//! never "holds".

use fhir::{Definitions, NodeRef, definitions::Invariant};
use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

/// Parsed expressions by their text.
#[derive(Default)]
pub struct Invariants {
    parsed: RwLock<HashMap<String, Arc<Option<fhirpath::Expr>>>>,
}

impl Invariants {
    /// Does the invariant hold at the node? `None`: cannot tell.
    pub fn holds(&self, definitions: &Definitions, invariant: &Invariant, node: NodeRef<'_>) -> Option<bool> {
        let parsed = self.expression(&invariant.expression);
        let expression = (*parsed).as_ref()?;
        let scope = fhirpath::Scope::new(Some(definitions));
        match expression.truth(&scope, node) {
            Ok(truth) => Some(truth.unwrap_or(false)),
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
