//! Rules that R4 states in words alone, by the type of the node.
//!
//! Invariant: a type without such rules costs a few comparisons of numbers. Deliberately absent: the
//! rules themselves (siblings of this file).

use super::{Run, attachment, questionnaire};
use crate::tree::{NodeId, TypeId};

impl<'a> Run<'a> {
    /// Checks what R4 says in words of a node of this type.
    pub(super) fn words(&mut self, node: NodeId, ty: TypeId) {
        let types = &self.own.types;
        if ty == types.attachment {
            attachment::size(self, node);
        } else if ty == types.response {
            questionnaire::response(self, node);
        } else if ty == types.questionnaire {
            questionnaire::form(self, node);
        }
    }
}
