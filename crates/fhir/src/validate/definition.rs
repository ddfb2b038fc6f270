//! StructureDefinitions as documents: do they define something that could be loaded?
//! (FHIR R4 structuredefinition.html §5.3, elementdefinition.html §2.27)
//!
//! Invariant: what loading would refuse is told here, at the element that it lies in. Deliberately
//! absent: whether the snapshot follows from the differential, and the order of elements.

use super::{Finding, MOST_FINDINGS, Run};
use crate::profile::{Step, steps};
use crate::terms::unversioned;
use crate::tree::{NodeId, NodeRef, TypeId};

/// What an element may be to be bound to a value set (eld-11), or a kind of it.
const BINDABLE: [&str; 6] = ["code", "Coding", "CodeableConcept", "Quantity", "string", "uri"];

/// A definition with more elements is not compiled: R4's largest have some 500.
const MOST_ELEMENTS: usize = 2000;

/// Checks the StructureDefinition at `node`.
pub(super) fn structure(run: &mut Run<'_>, node: NodeId) {
    let at = run.tree.at(node);
    let Some(ty) = at.child("type") else { return };
    let name = ty.text().unwrap_or_default();
    if at.child_text("derivation") == Some("specialization") {
        specialised(run, at, ty, name);
    }
    let root = name.rsplit('/').next().unwrap_or_default();
    let mut elements = Vec::new();
    for part in ["snapshot", "differential"] {
        elements.extend(at.child(part).into_iter().flat_map(|p| p.all("element")));
    }
    for element in &elements {
        let path = element.child_text("path").unwrap_or(root);
        if path.split('.').next() != Some(root) {
            let what = "the path does not begin with the type that the definition is about";
            run.error("definition", element.id, what.into());
        }
        bound(run, *element);
        sliced(run, *element, path);
    }
    if at.child_text("derivation") == Some("constraint") {
        compiled(run, at, elements.len());
    }
}

/// A type of one's own has an address for a name, and not its base's.
fn specialised(run: &mut Run<'_>, at: NodeRef<'_>, ty: NodeRef<'_>, name: &str) {
    if at.child_text("kind") == Some("logical")
        && !name.contains(':')
        && run.own.definitions.type_id(name).is_none()
    {
        let what = "R4 has no type of this name; name a type of your own by an absolute address";
        run.error("definition", ty.id, what.into());
    }
    if at.child_text("baseDefinition").map(unversioned) == Some(name) {
        let what = "the type is that of the base; a specialisation defines a type of its own";
        run.error("definition", ty.id, what.into());
    }
}

/// A binding needs a type that has codes (eld-11, whose expression holds of everything).
fn bound(run: &mut Run<'_>, element: NodeRef<'_>) {
    if element.child("binding").is_none() {
        return;
    }
    let definitions = &run.own.definitions;
    let ids = BINDABLE.map(|name| definitions.type_id(name).unwrap_or(TypeId::NONE));
    let mut codes = element.all("type").filter_map(|t| t.child_text("code")).peekable();
    let known = codes.peek().is_some();
    let coded =
        |code: &str| definitions.type_id(code).is_none_or(|t| ids.iter().any(|&b| definitions.is_a(t, b)));
    if known && !codes.any(coded) {
        let what = "is bound to a value set, but none of its types has codes (eld-11)";
        run.error("definition", element.id, what.into());
    }
}

/// What a discriminator looks at must be there.
fn sliced(run: &mut Run<'_>, element: NodeRef<'_>, path: &str) {
    let Some(slicing) = element.child("slicing") else { return };
    let mut types = element.all("type").filter_map(|t| t.child_text("code"));
    let own = match (types.next(), types.next()) {
        (Some(only), None) => run.own.definitions.type_id(only),
        (Some(_), Some(_)) => None,
        (None, _) => type_at(run, path),
    };
    for discriminator in slicing.all("discriminator") {
        let mut ty = own;
        for step in steps(discriminator.child_text("path").unwrap_or("$this")) {
            let (Some(holder), Step::Child(name)) = (ty, &step) else { break };
            let definitions = &run.own.definitions;
            if definitions.element(holder, name).is_none() {
                let what = "the discriminator's path names an element that the sliced one does not have";
                run.error("definition", discriminator.id, what.into());
                break;
            }
            ty = definitions.child_type(holder, name).filter(|&t| t != TypeId::NONE);
        }
    }
}

/// The type at a path, as R4 defines it.
fn type_at(run: &Run<'_>, path: &str) -> Option<TypeId> {
    let definitions = &run.own.definitions;
    let mut parts = path.split('.');
    let first = definitions.type_id(parts.next()?)?;
    let below = |ty: TypeId, name: &str| definitions.child_type(ty, name.trim_end_matches("[x]"));
    parts.try_fold(first, below).filter(|&ty| ty != TypeId::NONE)
}

/// Lays the differential over what it constrains, as loading does.
fn compiled(run: &mut Run<'_>, at: NodeRef<'_>, elements: usize) {
    if elements > MOST_ELEMENTS {
        let what = format!("has more than {MOST_ELEMENTS} elements; whether its paths exist was not checked");
        return run.unsure("definition", at.id, &what);
    }
    let Some(faults) = run.own.faults_of(at) else {
        let what = "the base definition is not loaded here; whether the paths exist was not checked";
        return run.unsure("definition", at.id, what);
    };
    // As many as are told of anything; each says which element it is about.
    for fault in faults.into_iter().take(MOST_FINDINGS.saturating_sub(run.findings.len())) {
        // Before the place stands the definition's URL, which is a value of this document.
        let place = fault.place.rsplit(' ').next().unwrap_or_default().to_string();
        run.depths.push(run.path.len());
        run.findings.push(Finding { place, ..fault });
    }
}
