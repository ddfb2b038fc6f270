//! Findings: kept with their place, up to a number.
//!
//! Invariant: a place that the walk knows costs its depth. Deliberately absent: any value.

use super::{MOST_FINDINGS, Run};
use crate::finding::{Finding, Severity, shown};
use crate::tree::{NodeId, Span};

impl<'a> Run<'a> {
    pub(super) fn tell(&mut self, code: &'static str, severity: Severity, node: NodeId, message: String) {
        self.keep(code, severity, node, message, false);
    }

    pub(super) fn error(&mut self, code: &'static str, node: NodeId, message: String) {
        self.tell(code, Severity::Error, node, message);
    }

    /// Records what could not be checked and might be an error.
    pub(super) fn unsure(&mut self, code: &'static str, node: NodeId, message: &str) {
        self.doubts += 1;
        self.unsure_of_advice(code, node, message);
    }

    /// Records what could not be checked and would be no error.
    pub(super) fn unsure_of_advice(&mut self, code: &'static str, node: NodeId, message: &str) {
        self.keep(code, Severity::Information, node, message.to_string(), true);
    }

    pub(super) fn keep(
        &mut self,
        code: &'static str,
        severity: Severity,
        node: NodeId,
        message: String,
        not_checkable: bool,
    ) {
        // What is below an error must not crowd an error out, nor count as one; it decides no question.
        let below = severity != Severity::Error;
        if below && self.layers_only {
            return;
        }
        let errors = self.findings.len() - if self.layers_only { 0 } else { self.below };
        let before = if below { self.below } else { errors };
        if before > MOST_FINDINGS {
            return;
        }
        self.below += usize::from(below);
        if before < MOST_FINDINGS {
            // A finding that is only counted needs no place, which may cost a walk over siblings.
            let place = if self.placed { self.place(node) } else { String::new() };
            let span = self.tree.span(node);
            self.depths.push(self.path.len());
            self.findings.push(Finding { code, severity, place, span, message, not_checkable });
            return;
        }
        let what = if below { "findings below an error" } else { "errors" };
        let message = format!("more than {MOST_FINDINGS} {what}; the rest is not shown");
        let (place, span) = (String::new(), Span { start: u32::MAX, end: u32::MAX });
        let code = "too-many";
        self.depths.push(0);
        self.findings.push(Finding { code, severity, place, span, message, not_checkable: false });
    }

    /// The node's path: from the walk where the node is on it or just below, else from the tree.
    pub(super) fn place(&self, node: NodeId) -> String {
        let on = self.path.iter().rposition(|(n, _)| *n == node);
        let Some(last) = on else {
            return crate::finding::place(self.tree, node);
        };
        let mut out = String::new();
        for (n, index) in &self.path[..=last] {
            if !out.is_empty() {
                out.push('.');
            }
            out.push_str(shown(self.tree.name(*n)));
            if let Some(i) = index {
                out.push_str(&format!("[{i}]"));
            }
        }
        out
    }
}
