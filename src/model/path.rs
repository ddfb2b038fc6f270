//! An element path of an agreement: a FHIRPath expression that selects what it names.
//!
//! Invariant: parsed; compares and prints as its text.

use std::{fmt, sync::Arc};

/// A FHIRPath expression rooted at a resource type, e.g. `Patient.name.family`.
#[derive(Clone)]
pub struct ElementPath {
    expression: Arc<fhirpath::Expr>,
    root: Box<str>,
}

impl ElementPath {
    /// Parses; `None` if it is not FHIRPath.
    pub fn parse(text: &str) -> Option<ElementPath> {
        let root = text.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
        let expression = Arc::new(fhirpath::parse(text).ok()?);
        Some(ElementPath { expression, root: root.into() })
    }

    /// Can it select anything in a resource of this type? What does not begin with the name of a type
    /// may, as far as can be told without evaluating it.
    pub fn concerns(&self, resource_type: &str) -> bool {
        let names_a_type = self.root.starts_with(|c: char| c.is_ascii_uppercase());
        !names_a_type || &*self.root == resource_type
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
