//! The data types that transforms make: `c`, `cc`, `qty`, `id`, `cp`.
//!
//! Invariant: elements stand in FHIR's order. Deliberately absent: any check of codes.

use crate::lexical::Form;
use fhir::{Kind, NodeId, Tree};

/// System, code, display.
pub(super) struct Coding {
    pub system: Option<String>,
    pub code: String,
    pub display: Option<String>,
}

fn add_coding(tree: &mut Tree, to: NodeId, coding: &Coding) {
    if let Some(system) = &coding.system {
        tree.add_text(to, "system", false, system);
    }
    tree.add_text(to, "code", false, &coding.code);
    if let Some(display) = &coding.display {
        tree.add_text(to, "display", false, display);
    }
}

pub(super) fn coding(coding: &Coding) -> Tree {
    let mut tree = Tree::new("Coding");
    let root = tree.root();
    add_coding(&mut tree, root, coding);
    tree
}

pub(super) fn concept(coding: &Coding) -> Tree {
    let mut tree = Tree::new("CodeableConcept");
    let inner = tree.add(tree.root(), "coding", true);
    add_coding(&mut tree, inner, coding);
    tree
}

pub(super) fn text_concept(text: &str) -> Tree {
    let mut tree = Tree::new("CodeableConcept");
    tree.add_text(tree.root(), "text", false, text);
    tree
}

pub(super) fn identifier(system: &str, value: &str, ty: Option<&str>) -> Tree {
    let mut tree = Tree::new("Identifier");
    let root = tree.root();
    if let Some(code) = ty {
        let concept = tree.add(root, "type", false);
        let inner = tree.add(concept, "coding", true);
        let system = Some("http://terminology.hl7.org/CodeSystem/v2-0203".to_string());
        add_coding(&mut tree, inner, &Coding { system, code: code.to_string(), display: None });
    }
    tree.add_text(root, "system", false, system);
    tree.add_text(root, "value", false, value);
    tree
}

pub(super) fn contact_point(system: &str, value: &str) -> Tree {
    let mut tree = Tree::new("ContactPoint");
    let root = tree.root();
    tree.add_text(root, "system", false, system);
    tree.add_text(root, "value", false, value);
    tree
}

/// What a contact's value looks like.
pub(super) fn contact_system(value: &str) -> &'static str {
    match value {
        v if v.contains("://") => "url",
        v if v.contains('@') => "email",
        _ => "phone",
    }
}

/// `<5.4 mg`, `12`.
pub(super) fn quantity_of(text: &str) -> Option<Tree> {
    let text = text.trim();
    let comparators = ["<=", ">=", "<", ">"];
    let comparator = comparators.into_iter().find(|c| text.starts_with(c));
    let rest = text.get(comparator.map_or(0, str::len)..)?.trim_start();
    let end = rest.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == '-')).unwrap_or(rest.len());
    let (number, unit) = rest.split_at(end);
    let unit = Some(unit.trim()).filter(|u| !u.is_empty());
    build_quantity(number, comparator, unit, None, None)
}

pub(super) fn quantity(
    number: &str,
    unit: Option<&str>,
    system: Option<&str>,
    code: Option<&str>,
) -> Option<Tree> {
    build_quantity(number, None, unit, system, code)
}

fn build_quantity(
    number: &str,
    comparator: Option<&str>,
    unit: Option<&str>,
    system: Option<&str>,
    code: Option<&str>,
) -> Option<Tree> {
    if !Form::Decimal.allows(number) {
        return None;
    }
    let mut tree = Tree::new("Quantity");
    let root = tree.root();
    let value = tree.add(root, "value", false);
    tree.set(value, Kind::Number, number);
    for (name, text) in [("comparator", comparator), ("unit", unit), ("system", system), ("code", code)] {
        if let Some(text) = text {
            tree.add_text(root, name, false, text);
        }
    }
    Some(tree)
}
