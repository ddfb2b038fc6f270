//! The maps that lead from a model to another: its own, or two by way of the case message.
//!
//! Invariant: a model has a map to and from the canonical form for an event, or one to and from the case
//! message, whose own maps carry it on; never a longer way. What is found on the way is led back to the
//! message through each map's trace. Deliberately absent: any field of any model.

use super::{content::translate, place, provenance};
use crate::{
    model::{Code, Finding, Format, Model, Told},
    rulebook::{Map, Rulebook},
};
use fhir::Tree;

impl Rulebook {
    /// The maps of an event between two models, in order. Error: `SLUSS-MAP-001`.
    fn way(&self, event: &str, from: Model, to: Model) -> Result<Vec<&Map>, Finding> {
        if let Some(map) = self.plan(event, from, to) {
            return Ok(vec![map]);
        }
        match (self.plan(event, from, Model::Case), self.plan(event, Model::Case, to)) {
            (Some(first), Some(second)) => Ok(vec![first, second]),
            _ => self.map(event, from, to).map(|map| vec![map]),
        }
    }

    /// The canonical form of a message. Error: `SLUSS-MAP-001`, at its place in the text received.
    pub fn canonical(
        &self,
        tree: &mut Tree,
        event: &str,
        from: Format,
        told: &Told,
    ) -> Result<Tree, Finding> {
        let way = self.way(event, from.model(), Model::Fhir)?;
        self.along(&way, tree, told).map_err(|mut fault| {
            self.in_own_words([&mut fault], tree, from);
            fault
        })
    }

    fn along(&self, way: &[&Map], tree: &mut Tree, told: &Told) -> Result<Tree, Finding> {
        let Some((first, rest)) = way.split_first() else { return Err(nothing()) };
        first.annotate(tree);
        let mut made = translate(first, tree, told)?;
        for map in rest {
            map.annotate(&mut made);
            made = translate(map, &made, told).map_err(|mut finding| {
                provenance::tell([&mut finding], first, tree, told, "case");
                place::locate([&mut finding], tree);
                finding
            })?;
        }
        Ok(made)
    }

    /// A message in canonical form, checked and so with its types, as one of another model. Error:
    /// `SLUSS-MAP-001`.
    pub fn rendered(&self, canonical: &Tree, event: &str, to: Model, told: &Told) -> Result<Tree, Finding> {
        let mut made: Option<Tree> = None;
        for map in self.way(event, Model::Fhir, to)? {
            let next = match &mut made {
                None => translate(map, canonical, told)?,
                Some(between) => {
                    map.annotate(between);
                    translate(map, between, told)?
                }
            };
            made = Some(next);
        }
        made.ok_or_else(nothing)
    }

    /// Findings on a canonical form are told by where in the message it was made from.
    pub fn lead_back<'f>(
        &self,
        findings: impl IntoIterator<Item = &'f mut Finding>,
        tree: &Tree,
        event: &str,
        from: Format,
        told: &Told,
    ) {
        let mut findings: Vec<&mut Finding> = findings.into_iter().collect();
        let Ok(way) = self.way(event, from.model(), Model::Fhir) else { return };
        match way.as_slice() {
            [first, second] => {
                let Ok(between) = first.run_counted(tree, told) else { return };
                provenance::tell(findings.iter_mut().map(|f| &mut **f), second, &between, told, "FHIR");
                provenance::tell(findings.iter_mut().map(|f| &mut **f), first, tree, told, "case");
            }
            [map] => provenance::tell(findings.iter_mut().map(|f| &mut **f), map, tree, told, "FHIR"),
            _ => return,
        }
        place::locate(findings.iter_mut().map(|f| &mut **f), tree);
        self.in_own_words(findings, tree, from);
    }
}

fn nothing() -> Finding {
    Finding::error(Code::Untranslatable, "there is no map to go by")
}
