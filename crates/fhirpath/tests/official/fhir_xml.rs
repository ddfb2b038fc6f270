//! FHIR XML to a tree, as far as the suite's input files need it.
//!
//! Invariant: gives the tree that the same resource's JSON would give. Deliberately absent: checks.

use crate::xml::Element;
use fhir::{Definitions, Kind, NodeId, Tree, TypeId};

pub fn read(root: &Element, definitions: &Definitions) -> Tree {
    let mut tree = Tree::new(&root.name);
    let top = tree.root();
    resource(&mut tree, top, root, definitions);
    tree
}

fn resource(tree: &mut Tree, node: NodeId, element: &Element, definitions: &Definitions) {
    tree.add_text(node, "resourceType", false, &element.name);
    let ty = definitions.type_id(&element.name).unwrap();
    content(tree, node, ty, element, definitions);
}

fn content(tree: &mut Tree, node: NodeId, ty: TypeId, element: &Element, definitions: &Definitions) {
    for name in ["id", "url"] {
        if let Some(text) = element.attribute(name) {
            tree.add_text(node, name, false, text);
        }
    }
    for child in &element.children {
        let list = definitions.element(ty, &child.name).is_some_and(|e| e.repeats());
        let id = tree.add(node, &child.name, list);
        if child.name == "div" {
            tree.set(id, Kind::String, &format!("<div>{}</div>", child.inner));
            continue;
        }
        let ty = definitions.child_type(ty, &child.name).unwrap_or(TypeId::NONE);
        if definitions.is_resource(ty) || definitions.type_name(ty) == "Resource" {
            resource(tree, id, &child.children[0], definitions);
            continue;
        }
        match child.attribute("value") {
            Some(text) => tree.set(id, definitions.json_kind(ty), text),
            None if definitions.is_primitive(ty) => tree.set_kind(id, Kind::Null),
            None => {}
        }
        content(tree, id, ty, child, definitions);
    }
}
