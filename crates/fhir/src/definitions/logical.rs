//! Types from StructureDefinitions: the core package's own and logical models of foreign formats.
//!
//! Invariant: a definition that names an unknown type is refused whole, so no element is ever left
//! without its types. Deliberately absent: definitions that constrain (profiles): see `profile`.

use super::xml::Structure;
use super::{Binding, Definitions, Element, Invariant, Strength, TypeKind};
use crate::finding::{Finding, place};
use crate::terms::unversioned;
use crate::tree::{NodeRef, Tree, TypeId, hash};

const CORE: &str = "http://hl7.org/fhir/StructureDefinition/";

/// The type names that only say "a group of elements".
const GROUPS: [&str; 4] = ["BackboneElement", "Element", "Base", "BackboneType"];

impl Definitions {
    /// Adds a StructureDefinition of kind `logical` as a type, named by the root of its paths; it is
    /// also found by its canonical URL. Elements are taken from the differential, or else from the
    /// snapshot.
    ///
    /// # Errors
    /// Findings with code `definition` that point into the StructureDefinition.
    pub fn load_logical(&mut self, structure_definition: &Tree) -> Result<TypeId, Vec<Finding>> {
        let root = structure_definition.at(structure_definition.root());
        if root.child_text("kind") != Some("logical") {
            let what = "the StructureDefinition is not of kind `logical`; a profile is loaded as a profile";
            return Err(vec![fault(root, what)]);
        }
        self.load_types(&[structure_definition]).map(|ids| ids.first().copied().unwrap_or(TypeId::NONE))
    }

    /// Adds types that may name each other: specialisations of any kind, as the core package has
    /// them. Gives their ids in the same order.
    ///
    /// # Errors
    /// Findings with code `definition`; then nothing is added.
    pub fn load_types(&mut self, all: &[&Tree]) -> Result<Vec<TypeId>, Vec<Finding>> {
        if all.is_empty() {
            return Ok(Vec::new());
        }
        let mut next = self.clone();
        let mut faults = Vec::new();
        let mut ids = Vec::new();
        for tree in all {
            match next.declare(tree.at(tree.root())) {
                Ok(id) => ids.push(id),
                Err(f) => faults.push(f),
            }
        }
        if faults.is_empty() {
            all.iter().for_each(|tree| next.define(tree.at(tree.root()), &mut faults));
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        for ty in next.types().collect::<Vec<_>>() {
            next.index(ty);
        }
        *self = next;
        Ok(ids)
    }

    /// Names the type and the groups inside it.
    fn declare(&mut self, root: NodeRef<'_>) -> Result<TypeId, Finding> {
        let elements = elements(root);
        let name = elements.first().and_then(|e| e.child_text("path"));
        let Some(name) = name else { return Err(fault(root, "the StructureDefinition has no elements")) };
        let kind = match root.child_text("kind") {
            Some("primitive-type") => TypeKind::Primitive,
            Some("complex-type") => TypeKind::Complex,
            Some("resource") => TypeKind::Resource,
            Some("logical") => TypeKind::Logical,
            _ => return Err(fault(root, "the StructureDefinition has no known `kind`")),
        };
        let known = self.type_id(name).and_then(|id| self.kind(id));
        if kind == TypeKind::Logical && known.is_some_and(|k| k != TypeKind::Logical) {
            return Err(fault(
                root,
                "a logical model may not take the name of a FHIR type; rename the root of its paths",
            ));
        }
        let address = root.child_text("url").filter(|u| !u.starts_with(CORE));
        let same = address.and_then(|url| self.by_name.get(url)) == self.by_name.get(name);
        if kind == TypeKind::Logical && known.is_some() && address.is_some() && !same {
            let message = "another model already has this root of paths; give one of them another";
            return Err(fault(root, message));
        }
        let abstract_type = root.child_text("abstract") == Some("true");
        let id = self.add_type(name, kind, None, abstract_type);
        if let Some(url) = address {
            self.by_name.insert(url.into(), id);
        }
        self.set_root_facts(id, root, elements.first().copied()).map_err(|message| fault(root, &message))?;
        let inner = if kind == TypeKind::Logical { TypeKind::Logical } else { TypeKind::Backbone };
        for path in
            elements.iter().skip(1).filter(|e| is_group(**e, &elements)).filter_map(|e| e.child_text("path"))
        {
            let group = self.add_type(path, inner, None, false);
            self.set_group_facts(group, id);
        }
        Ok(id)
    }

    /// Fills in what `declare` named.
    fn define(&mut self, root: NodeRef<'_>, faults: &mut Vec<Finding>) {
        let parent = root.child_text("baseDefinition").and_then(|url| self.type_id(url));
        let elements = elements(root);
        let structure = Structure::of(root, elements.first().copied());
        for (i, node) in elements.into_iter().enumerate() {
            let Some(path) = node.child_text("path") else { continue };
            let invariants = invariants(node);
            if i == 0 {
                if let Some(id) = self.type_id(path) {
                    let own = &mut self.types[id.0 as usize];
                    (own.parent, own.invariants) = (parent, invariants);
                }
                continue;
            }
            let Some((above, name)) = path.rsplit_once('.') else { continue };
            let Some(owner) = self.type_id(above) else {
                faults.push(fault(node, "the element stands below one that has no elements of its own"));
                continue;
            };
            if self.is_primitive(owner) && name == "value" {
                self.set_value_form(owner, node);
            }
            let inherited = self
                .get(owner)
                .and_then(|t| t.parent)
                .and_then(|p| self.element(p, name.trim_end_matches("[x]")));
            // A snapshot repeats what is inherited; a model of ours may state it anew, more strictly.
            let anew = self.kind(owner) == Some(TypeKind::Logical);
            if self.is_primitive(owner) || (inherited.is_some() && !anew) {
                continue;
            }
            match self.make_element(node, path, name, structure) {
                Ok(mut element) => {
                    if let Some(group) = self.type_id(path) {
                        let logical = self.kind(group) == Some(TypeKind::Logical);
                        let code = node.all("type").next().and_then(|t| t.child_text("code"));
                        let parent = code.filter(|_| !logical).and_then(|c| self.type_id(c));
                        let own = &mut self.types[group.0 as usize];
                        (own.parent, own.invariants) = (parent, invariants);
                    } else {
                        element.invariants = invariants;
                    }
                    self.types[owner.0 as usize].elements.push(element);
                }
                Err(message) => faults.push(fault(node, &message)),
            }
        }
    }

    fn make_element(
        &self,
        node: NodeRef<'_>,
        path: &str,
        name: &str,
        structure: Structure<'_>,
    ) -> Result<Element, String> {
        let mut types = Vec::new();
        let mut targets = Vec::new();
        let mut profiles = Vec::new();
        if let Some(reference) = node.child_text("contentReference") {
            let path = reference.split_once('#').map_or(reference, |(_, path)| path);
            types.push(self.type_id(path).ok_or("contentReference points at no group of elements")?);
        } else if let Some(group) = self.type_id(path) {
            types.push(group);
        }
        let inner = !types.is_empty();
        for ty in node.all("type").filter(|_| !inner) {
            let code = ty.child_text("code").unwrap_or_default();
            let code = if code.starts_with("http://hl7.org/fhirpath/") { system_type(path) } else { code };
            let id = self
                .type_id(code)
                .ok_or("the element has a type that is not known; load its definition first")?;
            if !types.contains(&id) {
                types.push(id);
            }
            targets.extend(ty.all("targetProfile").filter_map(|t| t.text()).map(|t| unversioned(t).into()));
            profiles.extend(ty.all("profile").filter_map(|t| t.text()).map(|t| unversioned(t).into()));
        }
        if types.is_empty() {
            return Err("the element has no type".into());
        }
        let max = match node.child_text("max") {
            Some("*") | None => None,
            Some(n) => Some(n.parse().map_err(|_| "`max` is neither a number nor `*`")?),
        };
        let min = node.child_text("min").map_or(Ok(0), str::parse).map_err(|_| "`min` is not a number")?;
        let choice = name.ends_with("[x]");
        let name = name.trim_end_matches("[x]");
        Ok(Element {
            name: name.into(),
            hash: hash(name),
            choice,
            types,
            targets,
            profiles,
            min,
            max,
            binding: binding(node),
            invariants: Vec::new(),
            xml: self.element_facts(node, structure)?,
        })
    }
}

/// The FHIR type where the definitions name a FHIRPath system type. R4 gives `Resource.id` as
/// `string`, but the text of the specification (resource.html §2.26.3.1) says `id`.
fn system_type(path: &str) -> &'static str {
    match path {
        "Resource.id" => "id",
        "Extension.url" => "uri",
        _ => "string",
    }
}

/// The binding that an ElementDefinition states.
pub(crate) fn binding(node: NodeRef<'_>) -> Option<Binding> {
    let binding = node.child("binding")?;
    let strength = binding.child_text("strength").and_then(Strength::from_code)?;
    let value_set = unversioned(binding.child_text("valueSet")?).into();
    Some(Binding { strength, value_set })
}

/// The invariants that an ElementDefinition states, with their expressions on one line.
pub(crate) fn invariants(node: NodeRef<'_>) -> Vec<Invariant> {
    let one = |c: NodeRef<'_>| {
        let expression = c.child_text("expression")?.replace(['\n', '\r', '\t'], " ");
        let error = c.child_text("severity") != Some("warning");
        Some(Invariant::new(c.child_text("key")?, error, expression.trim()))
    };
    node.all("constraint").filter_map(one).collect()
}

/// The elements of the differential, or of the snapshot where there is none.
pub(crate) fn elements<'a>(root: NodeRef<'a>) -> Vec<NodeRef<'a>> {
    let from =
        |name| root.child(name).map(|d| d.all("element").collect::<Vec<_>>()).filter(|e| !e.is_empty());
    from("differential").or_else(|| from("snapshot")).unwrap_or_default()
}

/// Has the element elements of its own here?
fn is_group(node: NodeRef<'_>, all: &[NodeRef<'_>]) -> bool {
    let code = node.all("type").next().and_then(|t| t.child_text("code")).unwrap_or("Element");
    let path = node.child_text("path").unwrap_or_default();
    let below = |e: &NodeRef<'_>| {
        e.child_text("path").and_then(|p| p.strip_prefix(path)).is_some_and(|r| r.starts_with('.'))
    };
    GROUPS.contains(&code.strip_prefix(CORE).unwrap_or(code)) && all.iter().any(below)
}

/// A fault in a definition, its place preceded by the definition's URL.
pub(crate) fn fault(node: NodeRef<'_>, message: &str) -> Finding {
    let tree = node.tree;
    let url = tree.child_text(tree.root(), "url").unwrap_or("(no url)");
    let at = format!("{url} {}", place(tree, node.id));
    Finding::error("definition", at, tree.span(node.id), message)
}
