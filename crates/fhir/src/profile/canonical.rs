//! Resources, other than profiles and codes, that instances name by URL and are judged by.
//!
//! Invariant: conditions in FHIRPath are numbered with the invariants, so that an engine parses each once.
//! Deliberately absent: what a response is held to (`validate/questionnaire`).

use crate::definitions::Invariant;
use crate::tree::{NodeId, NodeRef, Tree};
use std::collections::HashMap;

/// The types of such resources.
pub(crate) const CANONICALS: [&str; 3] = ["Questionnaire", "Measure", "Library"];

/// One such resource.
#[derive(Debug)]
pub(crate) struct Canonical {
    pub(crate) tree: Tree,
    /// Of items that are asked on a condition in FHIRPath.
    pub(super) conditions: HashMap<NodeId, Invariant>,
}

impl Canonical {
    pub(super) fn of(tree: &Tree) -> Canonical {
        let mut conditions = HashMap::new();
        let mut work: Vec<NodeRef<'_>> = tree.at(tree.root()).all("item").collect();
        while let Some(item) = work.pop() {
            work.extend(item.all("item"));
            if let Some(expression) = condition(item).and_then(written) {
                conditions.insert(item.id, Invariant::new("enableWhen", true, expression));
            }
        }
        Canonical { tree: tree.clone(), conditions }
    }
}

/// The extension that holds an item's condition in FHIRPath: that of the guide on structured data capture,
/// or one of the countries' own that are older.
pub(crate) fn condition(item: NodeRef<'_>) -> Option<NodeRef<'_>> {
    item.all("extension").find(|e| {
        let url = e.child_text("url").unwrap_or_default();
        url.to_ascii_lowercase().contains("enablewhen")
    })
}

/// The text of an expression, where it is FHIRPath.
fn written(extension: NodeRef<'_>) -> Option<&str> {
    let Some(expression) = extension.child("valueExpression") else {
        return extension.child_text("valueString");
    };
    let fhirpath = expression.child_text("language") == Some("text/fhirpath");
    expression.child_text("expression").filter(|_| fhirpath)
}
