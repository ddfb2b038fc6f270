//! The transform `translate`: codes out of values, through tables, into what is wanted.
//!
//! Invariant: of a CodeableConcept the first coding counts that has a translation. Deliberately
//! absent: the tables themselves (see `crate::translate`).

use super::made::Made;
use super::{Frame, Run, parts};
use crate::code::{TranslateCode, Wanted};
use crate::fault::Cause;
use crate::translate::{Query, Translation};
use fhir::{NodeRef, TypeId};
use std::rc::Rc;

/// A property's value: name, system, value.
type Given = (String, Option<String>, String);

impl<'t> Run<'t, '_> {
    pub(super) fn translate(
        &mut self,
        code: &'t TranslateCode,
        frame: &Frame<'t>,
    ) -> Result<Vec<Made<'t>>, Cause> {
        let Some(value) = self.argument(&code.value, frame)? else { return Ok(vec![]) };
        let mut given: Vec<Given> = Vec::with_capacity(code.properties.len());
        for (name, argument) in &code.properties {
            let Some(value) = self.argument(argument, frame)? else { continue };
            let (system, text) = match self.codes(&value).into_iter().next() {
                Some(found) => found,
                None => continue,
            };
            given.push((name.clone(), system, text));
        }
        let properties: Vec<(&str, Option<&str>, &str)> =
            given.iter().map(|(n, s, v)| (n.as_str(), s.as_deref(), v.as_str())).collect();
        let mut result = Err(Cause::new("unmapped-code", "there is no code to translate"));
        for (system, text) in self.codes(&value) {
            let query =
                Query { code: &text, system: system.as_deref(), target: None, properties: &properties };
            result = code.table.translate(&query, &self.plan.code.tables);
            if result.is_ok() {
                break;
            }
        }
        Ok(self.wanted(result?, &code.wanted))
    }

    fn wanted(&self, found: Translation, wanted: &Wanted) -> Vec<Made<'t>> {
        let ty = |name: &str| self.plan.definitions.type_id(name).unwrap_or(TypeId::NONE);
        let coding = |found: Translation| parts::Coding {
            system: found.system,
            code: found.code,
            display: found.display,
        };
        match wanted {
            Wanted::Code => vec![Made::owned(found.code, ty("code"))],
            Wanted::System => found.system.map(|s| Made::owned(s, ty("uri"))).into_iter().collect(),
            Wanted::Display => found.display.map(|d| Made::owned(d, ty("string"))).into_iter().collect(),
            Wanted::Coding => vec![Made::Parts(Rc::new(parts::coding(&coding(found))), ty("Coding"))],
            Wanted::CodeableConcept => {
                vec![Made::Parts(Rc::new(parts::concept(&coding(found))), ty("CodeableConcept"))]
            }
            Wanted::Product(property) => {
                let products = found.products.into_iter().filter(|p| p.property == *property);
                products.map(|p| Made::owned(p.value, ty("string"))).collect()
            }
        }
    }

    /// Systems and codes of a code, a Coding or a CodeableConcept.
    fn codes(&self, value: &Made<'t>) -> Vec<(Option<String>, String)> {
        match value {
            Made::Node(node) => codes_of(*node),
            Made::Target(id) => codes_of(self.tree.at(*id)),
            Made::Parts(tree, _) => codes_of(tree.at(tree.root())),
            Made::Text(code, _) => vec![(None, code.to_string())],
        }
    }
}

fn codes_of(node: NodeRef<'_>) -> Vec<(Option<String>, String)> {
    if let Some(code) = node.text() {
        return vec![(None, code.to_string())];
    }
    let coding = |n: NodeRef<'_>| {
        Some((n.child_text("system").map(str::to_string), n.child_text("code")?.to_string()))
    };
    match coding(node) {
        Some(own) => vec![own],
        None => node.all("coding").filter_map(coding).collect(),
    }
}
