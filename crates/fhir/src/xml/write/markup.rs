//! Markup that goes into the document as it is: narrative.
//!
//! Invariant: what is let through stands on its own (see `fragment`). Deliberately absent: XHTML's own
//! rules (see `narrative`), and any change to the text except white space around it.

use super::Writer;
use crate::tree::NodeId;
use crate::xml::fragment::walk;

impl Writer<'_, '_> {
    pub(super) fn markup(&mut self, node: NodeId, namespace: &str, name: &str) {
        let text = self.tree.text(node).unwrap_or_default().trim_matches([' ', '\t', '\n', '\r']);
        if self.tree.children(node).next().is_some() {
            return self.fault(
                "xml-markup",
                node,
                "markup has no id or extensions of its own in XML; take them out",
            );
        }
        match walk(text, namespace, name, &mut |_| Ok(())) {
            Ok(()) => self.out.push_str(text),
            Err(message) => self.fault("xml-markup", node, message),
        }
    }
}
