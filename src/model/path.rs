//! An element path of an agreement: a FHIRPath expression that selects what it names.
//!
//! Invariant: parsed; compares and prints as its text.

use std::{fmt, sync::Arc};

/// A FHIRPath expression rooted at a resource type, e.g. `Patient.name.family`.
#[derive(Clone)]
pub struct ElementPath {
    expression: Arc<fhirpath::Expr>,
}

impl ElementPath {
    /// Parses; `None` if it is not FHIRPath.
    pub fn parse(text: &str) -> Option<ElementPath> {
        fhirpath::parse(text).ok().map(|e| ElementPath { expression: Arc::new(e) })
    }

    /// The expression.
    pub fn expression(&self) -> &fhirpath::Expr {
        &self.expression
    }
}

impl PartialEq for ElementPath {
    fn eq(&self, other: &ElementPath) -> bool {
        self.expression.text() == other.expression.text()
    }
}

impl fmt::Debug for ElementPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expression.text())
    }
}
