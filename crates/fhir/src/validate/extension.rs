//! Extensions: is the definition known?
//!
//! Invariant: an unknown extension is always told of. Deliberately absent: its content, which the walk
//! checks by type.

use super::Run;
use crate::finding::Severity;
use crate::tree::NodeId;

impl<'a> Run<'a> {
    pub(super) fn unknown_extension(&mut self, node: NodeId) {
        let modifier = self.tree.name(node) == "modifierExtension";
        let severity = if modifier { Severity::Warning } else { Severity::Information };
        let what = "the extension's definition is not loaded here; its content was checked by type only";
        self.keep("extension", severity, node, what.into(), true);
    }
}
