//! Lays a differential (or a snapshot, read as one) over a profile's starting rules.
//!
//! Invariant: each ElementDefinition lands on exactly one rule, found by its id, or by path and
//! slice name where it has none. Deliberately absent: merging of a data type profile's own slices
//! into the element that uses it (the type's profile is applied beside instead).

use super::rule::{How, Rule, Slicing, Step, TypeRule, steps};
use super::{fault, limit};
use crate::definitions::{Definitions, logical};
use crate::finding::Finding;
use crate::terms::unversioned;
use crate::tree::{NodeRef, Tree, TypeId};
use std::collections::HashSet;

/// Parts of a path at most; R4's longest has seven. Bounds every walk over rules.
const DEEPEST: usize = 64;

/// One part of an element's id: `name` or `name:slice`.
type Token = (String, Option<String>);

/// Applies all elements of the StructureDefinition `root` to `rule`.
pub(super) fn differential(
    definitions: &Definitions,
    root: NodeRef<'_>,
    ty: TypeId,
    mut rule: Rule,
    faults: &mut Vec<Finding>,
) -> Rule {
    let (mut before, mut narrowed_here): (Vec<Token>, _) = (Vec::new(), HashSet::new());
    for node in logical::elements(root) {
        let tokens = tokens(node, &before);
        if tokens.len() > DEEPEST {
            faults.push(fault(node, "the path has more parts than any element has"));
            continue;
        }
        match descend(definitions, &mut rule, ty, &tokens[1.min(tokens.len())..], &mut narrowed_here) {
            Some(target) => {
                if let Err(message) = apply(definitions, target, node) {
                    faults.push(fault(node, message));
                }
            }
            None => faults.push(fault(node, "the path does not exist in the type it constrains")),
        }
        before = tokens;
    }
    rule
}

/// The element's place, from its id, or from its path and the place before it.
fn tokens(node: NodeRef<'_>, before: &[Token]) -> Vec<Token> {
    let split = |part: &str| match part.split_once(':') {
        Some((name, slice)) => (name.to_string(), Some(slice.to_string())),
        None => (part.to_string(), None),
    };
    let path = node.child_text("path").unwrap_or_default();
    let slice = node.child_text("sliceName");
    if let Some(id) = node.child_text("id") {
        let parts: Vec<Token> = id.split('.').map(split).collect();
        if parts.iter().map(|p| p.0.as_str()).eq(path.split('.')) {
            return parts;
        }
    }
    let mut parts: Vec<Token> = path.split('.').map(|p| (p.to_string(), None)).collect();
    let last = parts.len().saturating_sub(1);
    for (i, part) in parts.iter_mut().enumerate() {
        match before.get(i) {
            Some(b) if b.0 == part.0 && i < last => part.1.clone_from(&b.1),
            _ => break,
        }
    }
    if let (Some(part), Some(slice)) = (parts.last_mut(), slice) {
        part.1 = Some(slice.to_string());
    }
    parts
}

/// Finds or makes the rule that the tokens lead to. `None`: no such element.
fn descend<'r>(
    known: &Definitions,
    rule: &'r mut Rule,
    ty: TypeId,
    tokens: &[Token],
    narrowed_here: &mut HashSet<String>,
) -> Option<&'r mut Rule> {
    let mut rule = rule;
    let mut way = String::new();
    let mut ty = ty;
    for (name, slice) in tokens {
        let bare = name.strip_suffix("[x]").unwrap_or(name);
        let (mut child_name, mut slice) = (bare.to_string(), slice.clone());
        let mut next = TypeId::NONE;
        let (mut choice, mut shortcut) = (false, false);
        if ty != TypeId::NONE {
            let element = known.element(ty, bare)?;
            choice = element.choice;
            child_name = element.name.to_string();
            next = known.child_type(ty, bare).unwrap_or(TypeId::NONE);
            if choice && next != TypeId::NONE && slice.is_none() {
                slice = Some(bare.to_string());
                shortcut = true;
            }
            if let (true, Some(s)) = (choice, &slice) {
                next = known.choice_type(ty, s).unwrap_or(next);
            }
        }
        rule = rule.child_mut(&child_name);
        way = format!("{way}.{child_name}:{}", slice.as_deref().unwrap_or_default());
        if shortcut {
            let element = format!("{}.{child_name}", way.rsplit_once('.').map_or("", |(above, _)| above));
            shorten(rule, next, element, narrowed_here);
        }
        next = narrowed(known, rule, next);
        if let Some(slice) = slice {
            let default = || default_slicing(&child_name, choice);
            let mut parts = slice.split('/');
            let first = parts.next().unwrap_or_default();
            rule = rule.slicing.get_or_insert_with(default).slice_mut(first);
            // A slice of a slice is told apart by what it demands, until its slicing says how.
            for part in parts.filter(|_| !choice) {
                rule = rule.slicing.get_or_insert_with(Slicing::default).slice_mut(part);
            }
            if choice && next != TypeId::NONE && rule.types.is_empty() {
                rule.types.push(TypeRule { ty: next, profiles: Vec::new(), targets: Vec::new() });
            }
            next = narrowed(known, rule, next);
        }
        ty = next;
    }
    Some(rule)
}

/// `valueQuantity` for an element `value[x]` that the profile has not sliced leaves only the types that it
/// so names (profiling.html §5.1.0.14.2): published snapshots say it like this.
fn shorten(rule: &mut Rule, ty: TypeId, element: String, narrowed_here: &mut HashSet<String>) {
    let first = rule.types.is_empty() && rule.slicing.is_none() && narrowed_here.insert(element.clone());
    let here = first || narrowed_here.contains(&element);
    if here && !rule.types.iter().any(|t| t.ty == ty) {
        rule.types.push(TypeRule { ty, profiles: Vec::new(), targets: Vec::new() });
    }
}

/// The one type that a rule leaves, where it is narrower than what the model says.
fn narrowed(known: &Definitions, rule: &Rule, ty: TypeId) -> TypeId {
    match rule.types.as_slice() {
        [only] if ty == TypeId::NONE || known.is_a(only.ty, ty) => only.ty,
        _ => ty,
    }
}

/// How slices are told apart where nothing says it: extensions by url, choices by type
/// (profiling.html §5.1.0.14).
fn default_slicing(name: &str, choice: bool) -> Slicing {
    let by = match name {
        "extension" | "modifierExtension" => vec![(How::Value, vec![Step::Child("url".into())])],
        _ if choice => vec![(How::Type, Vec::new())],
        _ => Vec::new(),
    };
    Slicing { discriminators: by, ..Slicing::default() }
}

/// Takes over what one ElementDefinition says.
fn apply(known: &Definitions, rule: &mut Rule, node: NodeRef<'_>) -> Result<(), &'static str> {
    if let Some(min) = node.child_text("min") {
        rule.min = Some(min.parse().map_err(|_| "`min` is not a number")?);
    }
    match node.child_text("max") {
        Some("*") => rule.max = Some(None),
        Some(max) => rule.max = Some(Some(max.parse().map_err(|_| "`max` is neither a number nor `*`")?)),
        None => {}
    }
    if let Some(length) = node.child_text("maxLength") {
        rule.max_length = length.parse().ok();
    }
    let mut types: Vec<TypeRule> = Vec::new();
    for ty in node.all("type") {
        let code = ty.child_text("code").unwrap_or_default();
        if code.starts_with("http://hl7.org/fhirpath/") {
            continue;
        }
        let id = known.type_id(code).ok_or("a type that is not known")?;
        let urls =
            |name: &str| ty.all(name).filter_map(|p| p.text()).map(|p| Box::from(unversioned(p))).collect();
        types.push(TypeRule { ty: id, profiles: urls("profile"), targets: urls("targetProfile") });
    }
    if !types.is_empty() {
        rule.types = types;
    }
    for child in node.children() {
        let name = child.name();
        if name.starts_with("fixed") && name.len() > 5 {
            rule.fixed = Some(value(child));
        } else if name.starts_with("pattern") && name.len() > 7 {
            rule.pattern = Some(value(child));
        }
        rule.invariants.extend(limit::of(child));
        limit::valued(child, &mut rule.valued);
    }
    if let Some(binding) = logical::binding(node) {
        rule.binding = Some(binding);
    }
    let below = node.child_text("path").is_some_and(|path| path.contains('.'));
    for mut invariant in logical::invariants(node) {
        invariant.below = below;
        if !rule.invariants.iter().any(|i| i.key == invariant.key) {
            rule.invariants.push(invariant);
        }
    }
    if let Some(slicing) = node.child("slicing") {
        let slices = rule.slicing.take().map(|s| s.slices).unwrap_or_default();
        rule.slicing = Some(Slicing {
            discriminators: slicing.all("discriminator").map(discriminator).collect(),
            closed: slicing.child_text("rules") == Some("closed"),
            at_end: slicing.child_text("rules") == Some("openAtEnd"),
            ordered: slicing.child_text("ordered") == Some("true"),
            slices,
        });
    }
    Ok(())
}

fn discriminator(node: NodeRef<'_>) -> (How, Vec<Step>) {
    let how = match node.child_text("type") {
        Some("value" | "pattern") => How::Value,
        Some("exists") => How::Exists,
        Some("type") => How::Type,
        Some("profile") => How::Profile,
        _ => How::Unknown,
    };
    (how, steps(node.child_text("path").unwrap_or("$this")))
}

/// The fixed or pattern value as a tree of its own.
fn value(node: NodeRef<'_>) -> Tree {
    let mut tree = Tree::new("value");
    let root = tree.root();
    tree.copy_into(root, node);
    tree
}
