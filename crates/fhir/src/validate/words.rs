//! Rules that R4 states in words alone, by the type of the node.
//!
//! Invariant: a type without such rules costs a few comparisons of numbers. Deliberately absent: rules
//! that take more than a few lines (siblings of this file).

use super::{Run, attachment, definition, measure, questionnaire};
use crate::tree::{NodeId, TypeId};

impl<'a> Run<'a> {
    /// Checks what R4 says in words of a node of this type.
    pub(super) fn words(&mut self, node: NodeId, ty: TypeId) {
        let types = &self.own.types;
        if ty == types.attachment {
            return attachment::size(self, node);
        }
        if !self.own.definitions.is_resource(ty) {
            return;
        }
        match self.own.definitions.type_name(ty) {
            "QuestionnaireResponse" => questionnaire::response(self, node),
            "Questionnaire" => questionnaire::form(self, node),
            "MeasureReport" => measure::report(self, node),
            "Measure" => measure::measure(self, node),
            "StructureDefinition" => definition::structure(self, node),
            "SearchParameter" => self.composite(node),
            _ => {}
        }
    }

    /// A search parameter that joins others names at least two (FHIR R4 searchparameter.html).
    fn composite(&mut self, node: NodeId) {
        let at = self.tree.at(node);
        if at.child_text("type") == Some("composite") && at.all("component").count() < 2 {
            let what = "a search parameter of type composite names two components or more";
            self.error("definition", node, what.into());
        }
    }
}
