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

    /// Records what could not be checked.
    pub(super) fn unsure(&mut self, code: &'static str, node: NodeId, message: &str) {
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
        if self.findings.len() < MOST_FINDINGS {
            // A finding that is only counted needs no place, which may cost a walk over siblings.
            let place = if self.placed { self.place(node) } else { String::new() };
            let span = self.tree.span(node);
            self.depths.push(self.path.len());
            self.findings.push(Finding { code, severity, place, span, message, not_checkable });
        } else if self.findings.len() == MOST_FINDINGS {
            let message = format!("more than {MOST_FINDINGS} findings; the rest is not shown");
            let span = Span { start: u32::MAX, end: u32::MAX };
            self.depths.push(0);
            self.findings.push(Finding::error("too-many", String::new(), span, message));
        }
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
