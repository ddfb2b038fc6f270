//! The transform `translate`: codes out of values, through tables, into what is wanted.
//!
//! Invariant: of a CodeableConcept the first coding counts that has a translation. Deliberately
//! absent: the tables themselves (see `crate::translate`).

use super::made::Made;
use super::{Few, Frame, Run, parts};
use crate::code::{TranslateCode, Wanted};
use crate::fault::Cause;
use crate::translate::{Query, Translation};
use fhir::{NodeRef, TypeId};
use smallvec::smallvec;
use std::rc::Rc;

/// System and code.
type Coded<'v> = (Option<&'v str>, &'v str);

impl<'t> Run<'t, '_> {
    pub(super) fn translate(
        &mut self,
        code: &'t TranslateCode,
        frame: &Frame<'t>,
    ) -> Result<Few<Made<'t>>, Cause> {
        let Some(value) = self.argument(&code.value, frame)? else { return Ok(smallvec![]) };
        let mut held: Few<(&str, Made<'t>)> = Few::new();
        for (name, argument) in &code.properties {
            if let Some(value) = self.argument(argument, frame)? {
                held.push((name, value));
            }
        }
        let first = |value| self.codes(value).into_iter().next();
        let properties: Few<(&str, Option<&str>, &str)> = held
            .iter()
            .filter_map(|(name, value)| first(value).map(|(system, text)| (*name, system, text)))
            .collect();
        let mut result = Err(Cause::new("unmapped-code", "there is no code to translate"));
        for (system, text) in self.codes(&value) {
            let query = Query { code: text, system, target: None, properties: &properties };
            result = code.table.translate(&query, &self.plan.code.tables);
            if result.is_ok() {
                break;
            }
        }
        Ok(self.wanted(result?, &code.wanted))
    }

    fn wanted(&self, found: Translation, wanted: &Wanted) -> Few<Made<'t>> {
        let ty = |name: &str| self.plan.definitions.type_id(name).unwrap_or(TypeId::NONE);
        let coding = |found: Translation| parts::Coding {
            system: found.system,
            code: found.code,
            display: found.display,
        };
        match wanted {
            Wanted::Code => smallvec![Made::owned(found.code, ty("code"))],
            Wanted::System => found.system.map(|s| Made::owned(s, ty("uri"))).into_iter().collect(),
            Wanted::Display => found.display.map(|d| Made::owned(d, ty("string"))).into_iter().collect(),
            Wanted::Coding => smallvec![Made::Parts(Rc::new(parts::coding(&coding(found))), ty("Coding"))],
            Wanted::CodeableConcept => {
                smallvec![Made::Parts(Rc::new(parts::concept(&coding(found))), ty("CodeableConcept"))]
            }
            Wanted::Product(property) => {
                let products = found.products.into_iter().filter(|p| p.property == *property);
                products.map(|p| Made::owned(p.value, ty("string"))).collect()
            }
        }
    }

    /// Systems and codes of a code, a Coding or a CodeableConcept.
    fn codes<'v>(&'v self, value: &'v Made<'t>) -> Few<Coded<'v>> {
        match value {
            Made::Node(node) => codes_of(*node),
            Made::Target(id) => codes_of(self.tree.at(*id)),
            Made::Parts(tree, _) => codes_of(tree.at(tree.root())),
            Made::Text(code, _) => smallvec![(None, &**code)],
        }
    }
}

fn codes_of(node: NodeRef<'_>) -> Few<Coded<'_>> {
    if let Some(code) = node.text() {
        return smallvec![(None, code)];
    }
    fn coding(n: NodeRef<'_>) -> Option<Coded<'_>> {
        Some((n.child_text("system"), n.child_text("code")?))
    }
    match coding(node) {
        Some(own) => smallvec![own],
        None => node.all("coding").filter_map(coding).collect(),
    }
}
