//! A map to a StructureMap: the top of it, structures, imports, groups.
//!
//! Invariant: the tree is R4, in R4's order. Deliberately absent: rules (see `write_rule`).

use super::{CONSTANT, INPUT_MODES, MODEL_MODES, OWN, TYPE_MODES, code_of};
use crate::ast::{Group, Map, Name};
use fhir::{Definitions, Kind, NodeId, Tree};

pub(super) struct Writer {
    pub tree: Tree,
}

pub(super) fn write(map: &Map) -> Tree {
    let mut writer = Writer { tree: super::head::write(map) };
    let root = writer.tree.root();
    for (i, concepts) in map.concept_maps.iter().enumerate() {
        writer.concept_map(root, concepts, i);
    }
    for constant in &map.constants {
        let node = writer.tree.add(root, "extension", true);
        writer.comments(node, "map-comment", &constant.documentation);
        writer.extension(node, "name", "valueId", Kind::String, &constant.name.text);
        writer.extension(node, "value", "valueString", Kind::String, &constant.value.text);
        writer.text(node, "url", CONSTANT);
    }
    writer.comments(root, "map-closing", &map.closing);
    for item in &map.structures {
        let node = writer.tree.add(root, "structure", true);
        writer.text(node, "url", &item.url.text);
        writer.text(node, "mode", code_of(&MODEL_MODES, &item.mode));
        writer.name(node, "alias", item.alias.as_ref());
        writer.documentation(node, &item.documentation);
    }
    for item in &map.imports {
        let node = writer.tree.add_text(root, "import", true, &item.url.text);
        writer.comments(node, "map-comment", &item.documentation);
    }
    for group in &map.groups {
        writer.group(root, group);
    }
    let definitions = Definitions::r4();
    if let Some(ty) = definitions.type_id("StructureMap") {
        writer.tree.sort_children(root, |tree, child| definitions.order(ty, tree.name(child)));
    }
    definitions.annotate(&mut writer.tree);
    writer.tree
}

impl Writer {
    pub fn text(&mut self, parent: NodeId, name: &str, text: &str) {
        self.tree.add_text(parent, name, false, text);
    }

    pub fn set(&mut self, parent: NodeId, name: &str, kind: Kind, text: &str) {
        let node = self.tree.add(parent, name, false);
        self.tree.set(node, kind, text);
    }

    pub fn name(&mut self, parent: NodeId, element: &str, name: Option<&Name>) {
        if let Some(name) = name {
            self.text(parent, element, &name.text);
        }
    }

    pub fn extension(&mut self, parent: NodeId, url: &str, element: &str, kind: Kind, text: &str) {
        let node = self.tree.add(parent, "extension", true);
        self.text(node, "url", url);
        self.set(node, element, kind, text);
    }

    /// One of our own extensions.
    pub fn own(&mut self, parent: NodeId, name: &str, kind: Kind, text: &str) {
        let element = if kind == Kind::Boolean { "valueBoolean" } else { "valueString" };
        self.extension(parent, &format!("{OWN}{name}"), element, kind, text);
    }

    pub fn comments(&mut self, parent: NodeId, name: &str, lines: &[String]) {
        if !lines.is_empty() {
            self.own(parent, name, Kind::String, &lines.join("\n"));
        }
    }

    pub fn documentation(&mut self, parent: NodeId, lines: &[String]) {
        if !lines.is_empty() {
            self.text(parent, "documentation", &lines.join("\n"));
        }
    }

    fn group(&mut self, root: NodeId, group: &Group) {
        let node = self.tree.add(root, "group", true);
        self.comments(node, "map-closing", &group.closing);
        self.text(node, "name", &group.name.text);
        self.name(node, "extends", group.extends.as_ref());
        self.text(node, "typeMode", code_of(&TYPE_MODES, &group.type_mode));
        self.documentation(node, &group.documentation);
        for input in &group.inputs {
            let item = self.tree.add(node, "input", true);
            self.text(item, "name", &input.name.text);
            self.name(item, "type", input.ty.as_ref());
            self.text(item, "mode", code_of(&INPUT_MODES, &input.mode));
        }
        for rule in &group.rules {
            self.rule(node, rule);
        }
    }
}
