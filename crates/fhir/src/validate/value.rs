//! Values: fixed, pattern and bindings.
//!
//! Invariant: numbers are compared as written, as FHIR asks of fixed decimals; the order of members
//! never matters. Deliberately absent: any repetition of the compared values in findings.

use super::order::UCUM;
use super::{Nodes, Run};
use crate::definitions::{Binding, Element, Strength};
use crate::finding::Severity;
use crate::profile::Rule;
use crate::terms::unversioned;
use crate::tree::{Kind, NodeId, NodeRef, TypeId};

impl<'a> Run<'a> {
    /// Checks what the element's definition and the layers say of the node's value.
    pub(super) fn values(
        &mut self,
        node: NodeId,
        ty: TypeId,
        element: Option<&'a Element>,
        layers: &[&'a Rule],
    ) {
        let at = self.tree.at(node);
        for rule in layers {
            if let Some(fixed) = rule.fixed.as_ref().filter(|f| !equal(at, f.at(f.root()))) {
                let what = format!(
                    "the profile fixes this {}; write exactly the fixed value",
                    shape(fixed.at(fixed.root()))
                );
                self.error("fixed", node, what);
            }
            if let Some(pattern) = rule.pattern.as_ref().filter(|p| !contains(at, p.at(p.root()))) {
                let what = format!(
                    "lacks part of the {} that the profile's pattern demands",
                    shape(pattern.at(pattern.root()))
                );
                self.error("pattern", node, what);
            }
        }
        if !self.layers_only && (ty == self.own.types.coding || ty == self.own.types.quantity) {
            self.defined(node, ty);
        }
        let base = element.and_then(|e| e.binding.as_ref()).filter(|_| !self.layers_only);
        let mut done: Vec<&Binding> = Vec::new();
        for binding in layers.iter().filter_map(|r| r.binding.as_ref()).chain(base) {
            if binding.strength < Strength::Example && !done.contains(&binding) {
                done.push(binding);
                self.binding(node, ty, binding);
            }
        }
    }

    /// A code must be one of its system's, and a display one of the code's, where they are known. Where the
    /// system is not, bindings tell.
    fn defined(&mut self, node: NodeId, ty: TypeId) {
        let at = self.tree.at(node);
        let (Some(system), Some(code)) = (at.child_text("system"), at.child("code")) else { return };
        let Some(text) = code.text() else { return };
        let terms = self.own.definitions.terms();
        if terms.has_code(system, text) == Some(false) {
            let what = "the code system that is named has no such code; correct the code or the system";
            // The specification's own examples spell units of other systems than UCUM freely.
            let unit = ty == self.own.types.quantity && system != UCUM;
            let severity = if unit { Severity::Warning } else { Severity::Error };
            return self.tell("code", severity, code.id, what.into());
        }
        let Some(display) = at.child("display") else { return };
        if display.text().and_then(|d| terms.has_display(system, text, d)) == Some(false) {
            let what =
                "the display is none that the code system has for this code; see which of them is meant";
            self.tell("display", self.policy.display, display.id, what.into());
        }
    }

    fn binding(&mut self, node: NodeId, ty: TypeId, binding: &Binding) {
        let verdict = self.bound(node, ty, binding);
        match verdict {
            Some(true) => {}
            Some(false) => {
                let (severity, must) = match binding.strength {
                    Strength::Required => (Severity::Error, "use one of its codes"),
                    Strength::Extensible => (Severity::Warning, "use one of its codes unless none fits"),
                    _ => (Severity::Information, "its codes are preferred"),
                };
                let what = format!("the code is not in the value set {}; {must}", binding.value_set);
                self.tell("binding", severity, node, what);
            }
            None => {
                let what = format!("the value set {} is not known in full here", binding.value_set);
                match binding.strength {
                    Strength::Required => self.unsure("binding", node, &what),
                    _ => self.unsure_of_advice("binding", node, &what),
                }
            }
        }
    }

    /// Does one of the node's codes lie in the value set?
    pub(super) fn bound(&self, node: NodeId, ty: TypeId, binding: &Binding) -> Option<bool> {
        let types = &self.own.types;
        let definitions = &self.own.definitions;
        let at = self.tree.at(node);
        let one = |c: NodeRef<'_>| match (c.child_text("system"), c.child_text("code")) {
            (system, Some(code)) => {
                match self.in_set(&binding.value_set, Some(system.unwrap_or_default()), code) {
                    // A coding without a system says nothing that could be looked up.
                    Some(_) if system.is_none() => Some(false),
                    verdict => verdict,
                }
            }
            (_, None) => Some(false),
        };
        if ty == types.concept {
            // Text alone meets all but a required binding (terminologies.html §4.1.3).
            if at.child("coding").is_none() && binding.strength != Strength::Required {
                return Some(true);
            }
            some(at.all("coding").map(one))
        } else if ty == types.coding {
            one(at)
        } else if ty == types.quantity {
            if at.child("code").is_some() { one(at) } else { Some(true) }
        } else if types.coded.iter().any(|&t| definitions.is_a(ty, t)) {
            match at.text() {
                Some(code) => self.in_set(&binding.value_set, None, code),
                None => Some(true),
            }
        } else {
            // Other types of a choice have no codes (eld-11).
            Some(true)
        }
    }

    /// Is the code in the value set? `None`: not decidable here.
    pub(super) fn in_set(&self, set: &str, system: Option<&str>, code: &str) -> Option<bool> {
        let known = self.own.definitions.terms();
        known.contains(unversioned(set), system, code)
    }

    /// Does the node fit everything in the rule that tells slices apart? `None`: it cannot be told here.
    pub(super) fn fits(&self, node: NodeId, rule: &Rule) -> Option<bool> {
        let at = self.tree.at(node);
        if rule.fixed.as_ref().is_some_and(|f| !equal(at, f.at(f.root())))
            || rule.pattern.as_ref().is_some_and(|p| !contains(at, p.at(p.root())))
        {
            return Some(false);
        }
        let required = rule.binding.as_ref().filter(|b| b.strength == Strength::Required);
        let own = [
            required.map_or(Some(true), |b| self.bound(node, self.tree.type_of(node), b)),
            if rule.is_choice() { self.fits_choice(node, rule) } else { Some(true) },
        ];
        let parts = rule.children.iter().filter(|(_, r)| r.decisive);
        every(own.into_iter().chain(parts.map(|(name, child)| self.part_fits(node, name.name(), child))))
    }

    /// Do the children of this name fit the rule, one of them each slice that must be there?
    fn part_fits(&self, node: NodeId, name: &str, rule: &Rule) -> Option<bool> {
        let nodes = self.children_called(node, name);
        let one = |rule| some(nodes.iter().map(|&n| self.fits(n, rule)));
        let own = if nodes.is_empty() { Some(rule.min.unwrap_or(0) == 0) } else { one(rule) };
        let slices = rule.slicing.iter().flat_map(|s| &s.slices).filter(|(_, r)| r.min.unwrap_or(0) > 0);
        every(std::iter::once(own).chain(slices.map(|(_, r)| one(r))))
    }

    /// Does the node fit what a choice says of its type, and is its type the one demanded?
    fn fits_choice(&self, node: NodeId, rule: &Rule) -> Option<bool> {
        let ty = self.tree.type_of(node);
        let slices = rule.slicing.iter().flat_map(|s| &s.slices).map(|(_, r)| r).filter(|r| r.decisive);
        let (own, others): (Vec<_>, Vec<_>) =
            slices.partition(|r: &&Rule| r.types.iter().any(|t| self.own.definitions.is_a(ty, t.ty)));
        if own.is_empty() && others.iter().any(|r| r.min.unwrap_or(0) > 0) {
            return Some(false);
        }
        every(own.into_iter().map(|r| self.fits(node, r)))
    }

    /// The children that are instances of the element `name`, choices included.
    pub(super) fn children_called(&self, node: NodeId, name: &str) -> Nodes {
        let (tree, definitions) = (self.tree, &self.own.definitions);
        let called =
            |c: &NodeId| definitions.element_of(tree, *c).map_or(tree.name(*c) == name, |e| &*e.name == name);
        tree.children(node).filter(called).collect()
    }
}

/// Are all true? One that is false decides, whatever else cannot be told.
pub(super) fn every(verdicts: impl IntoIterator<Item = Option<bool>>) -> Option<bool> {
    some(verdicts.into_iter().map(|v| v.map(|v| !v))).map(|found| !found)
}

/// Is one true? One that is decides, whatever else cannot be told.
pub(super) fn some(verdicts: impl IntoIterator<Item = Option<bool>>) -> Option<bool> {
    let mut all = Some(false);
    for verdict in verdicts {
        match verdict {
            Some(true) => return Some(true),
            None => all = None,
            Some(false) => {}
        }
    }
    all
}

/// The kind of a fixed value in words.
fn shape(node: NodeRef<'_>) -> &'static str {
    match node.kind() {
        Kind::Object => "structure",
        _ => "value",
    }
}

fn same_value(a: NodeRef<'_>, b: NodeRef<'_>) -> bool {
    a.kind() == b.kind() && a.text() == b.text()
}

/// Deep equality, whatever the order of members; repetitions keep their order.
fn equal(a: NodeRef<'_>, b: NodeRef<'_>) -> bool {
    if !same_value(a, b) || a.children().count() != b.children().count() {
        return false;
    }
    let nth = |node: NodeRef<'_>, n: usize| {
        let name = node.children().nth(n).map(|c| c.name()).unwrap_or_default();
        node.children().take(n).filter(|c| c.name() == name).count()
    };
    a.children().enumerate().all(|(i, x)| b.all(x.name()).nth(nth(a, i)).is_some_and(|y| equal(x, y)))
}

/// Does `a` have all that `pattern` has? Repetitions may stand anywhere.
pub(super) fn contains(a: NodeRef<'_>, pattern: NodeRef<'_>) -> bool {
    same_value(a, pattern) && pattern.children().all(|p| a.all(p.name()).any(|x| contains(x, p)))
}
