//! A StructureMap to a map: the top of it, structures, imports, groups.
//!
//! Invariant: every name of the map knows its bytes in the resource. A tree that was built is written
//! out first, so that there is something to point at. Deliberately absent: rules (see `read_rule`).

use super::{CONSTANT, INPUT_MODES, MODEL_MODES, TYPE_MODES, concepts, extension_text, head, own_text};
use crate::ast::{Constant, Expression, Group, Import, Input, Map, Name, Place, Structure};
use crate::diagnostic::{Diagnostic, Source};
use crate::model;
use crate::parse::{fragment, place};
use crate::translate::Table;
use fhir::json::{Form, Limits};
use fhir::{NodeRef, Tree};
use std::sync::Arc;

/// What was read.
pub(crate) struct Resource {
    pub source: Source,
    pub map: Map,
    /// The contained concept maps by every address that a rule may use.
    pub tables: Vec<(String, Arc<Table>)>,
    /// What of them the text form cannot say.
    pub beyond_text: Vec<Diagnostic>,
}

pub(super) struct Reader {
    pub source: Source,
    pub found: Vec<Diagnostic>,
}

pub(crate) fn read(file: &str, tree: &Tree) -> Result<Resource, Vec<Diagnostic>> {
    let tree = match tree.source().is_empty() {
        false => Arc::new(tree.clone()),
        true => {
            let text = fhir::json::write_pretty(tree, Form::Fhir);
            let limits = Limits { max_bytes: usize::MAX, max_depth: usize::MAX, max_nodes: usize::MAX };
            match fhir::json::read(text.as_bytes(), Form::Fhir, &limits) {
                Ok(tree) => Arc::new(tree),
                Err(_) => {
                    let message = "the tree cannot be written as a resource";
                    return Err(vec![Source::new(file, "").error(
                        Place::default(),
                        "not-a-resource",
                        message,
                    )]);
                }
            }
        }
    };
    let mut reader = Reader { source: Source::over(file, tree.clone()), found: Vec::new() };
    let root = tree.at(tree.root());
    if root.child_text("resourceType") != Some("StructureMap") {
        reader.error(root, "not-a-structure-map", "the resource is no StructureMap", None);
        return Err(reader.found);
    }
    let mut map = reader.map(root);
    let mut tables = Vec::new();
    let mut beyond_text = Vec::new();
    for node in root.all("contained") {
        if let Some(read) = concepts::read(&mut reader, node, &map, &mut beyond_text) {
            map.concept_maps.push(read.map);
            tables.extend(read.addresses.into_iter().map(|address| (address, read.table.clone())));
        }
    }
    match reader.found.is_empty() {
        true => Ok(Resource { source: reader.source, map, tables, beyond_text }),
        false => Err(reader.found),
    }
}

/// Elements of a resource that a map has nothing to do with.
const RESOURCE: [&str; 8] =
    ["resourceType", "id", "meta", "language", "text", "contained", "extension", "implicitRules"];
const TOP: [&str; 20] = [
    "url",
    "identifier",
    "version",
    "versionAlgorithmString",
    "versionAlgorithmCoding",
    "name",
    "title",
    "status",
    "experimental",
    "date",
    "publisher",
    "contact",
    "description",
    "useContext",
    "jurisdiction",
    "purpose",
    "copyright",
    "copyrightLabel",
    "structure",
    "import",
];

impl Reader {
    // ---- findings ----

    pub fn error(
        &mut self,
        node: NodeRef<'_>,
        code: &'static str,
        message: impl Into<String>,
        remedy: Option<&str>,
    ) {
        let mut error = self.source.error(place_of(node), code, message);
        error.remedy = remedy.map(str::to_string);
        self.found.push(error);
    }

    /// Reports children that no element of the definition is.
    pub fn known(&mut self, node: NodeRef<'_>, names: &[&str]) {
        for child in node.children() {
            let name = child.name();
            if name == "modifierExtension" {
                let remedy = Some("the map means something else with it; use a map without it");
                self.error(child, "unsupported", "a modifier extension is not known here", remedy);
            } else if !names.contains(&name) && !matches!(name, "id" | "extension") {
                let all: Vec<String> = names.iter().map(|n| n.to_string()).collect();
                let remedy = model::nearest(name, &all).map(|n| format!("did you mean `{n}`?"));
                let message = format!("`{}` has no element `{}`", shown(node), shown(child));
                self.error(child, "unknown-element", message, remedy.as_deref());
            }
        }
    }

    // ---- values ----

    /// The only child of this name, as a name with its place. Nothing where it has no value.
    pub fn text(&mut self, node: NodeRef<'_>, name: &str) -> Option<Name> {
        let mut all = node.all(name);
        let first = all.next()?;
        if let Some(second) = all.next() {
            self.error(second, "second-value", format!("`{name}` takes one value"), None);
        }
        match first.text() {
            Some("") | None if first.child("extension").is_some() => None,
            Some(text) if !text.is_empty() => Some(Name { text: text.to_string(), place: place_of(first) }),
            _ => {
                self.error(first, "no-value", format!("`{name}` needs a value"), None);
                None
            }
        }
    }

    /// The same; its absence is a finding.
    pub fn need(&mut self, node: NodeRef<'_>, name: &str) -> Name {
        self.must_have(node, name);
        self.text(node, name).unwrap_or_default()
    }

    pub fn must_have(&mut self, node: NodeRef<'_>, name: &str) {
        if node.child(name).is_none() {
            self.error(node, "missing", format!("`{name}` is missing"), None);
        }
    }

    /// One of the codes.
    pub fn code<T: Clone>(&mut self, node: NodeRef<'_>, name: &str, codes: &[(&str, T)]) -> Option<T> {
        let text = self.text(node, name)?;
        let found = codes.iter().find(|(code, _)| *code == text.text).map(|(_, value)| value.clone());
        if found.is_none() {
            let all: Vec<&str> = codes.iter().map(|(code, _)| *code).collect();
            let mut error = self.source.error(text.place, "unknown-code", format!("`{name}` is not known"));
            error.remedy = Some(format!("use one of {}", all.join(", ")));
            self.found.push(error);
        }
        found
    }

    pub fn expression(&mut self, node: NodeRef<'_>, name: &str) -> Option<Expression> {
        let written = self.text(node, name)?;
        self.expression_of(written)
    }

    pub fn expression_of(&mut self, written: Name) -> Option<Expression> {
        let found = fragment::expression(&written.text);
        if found.is_none() {
            let message = "the text is no FHIRPath expression: quotes, brackets or signs do not fit";
            self.found.push(self.source.error(written.place, "expression-syntax", message));
        }
        found.map(|text| Expression { text, place: written.place })
    }

    // ---- the map ----

    fn map(&mut self, root: NodeRef<'_>) -> Map {
        let names: Vec<&str> = RESOURCE.iter().chain(&TOP).chain(&["const", "group"]).copied().collect();
        self.known(root, &names);
        let mut map = head::read(root);
        if map.url.text.is_empty() {
            self.error(root, "map-without-url", "the map has no address", Some("give it a `url`"));
        }
        map.structures = root.all("structure").filter_map(|n| self.structure(n)).collect();
        for node in root.all("import") {
            if let Some(text) = node.text() {
                let url = Name { text: text.to_string(), place: place_of(node) };
                map.imports.push(Import { url, documentation: comments(own_text(node, "map-comment")) });
            }
        }
        map.constants = self.constants(root);
        map.closing = comments(own_text(root, "map-closing"));
        map.groups = root.all("group").map(|n| self.group(n)).collect();
        if map.groups.is_empty() {
            self.error(root, "map-without-group", "the map has no group", None);
        }
        map
    }

    fn structure(&mut self, node: NodeRef<'_>) -> Option<Structure> {
        self.known(node, &["url", "mode", "alias", "documentation"]);
        let url = self.need(node, "url");
        self.must_have(node, "mode");
        let alias = self.text(node, "alias");
        let documentation = comments(node.child_text("documentation"));
        Some(Structure { url, alias, mode: self.code(node, "mode", &MODEL_MODES)?, documentation })
    }

    /// R5's `const`, and its form as an extension in R4.
    fn constants(&mut self, root: NodeRef<'_>) -> Vec<Constant> {
        let mut out = Vec::new();
        for node in root.all("const") {
            self.known(node, &["name", "value"]);
            let name = self.need(node, "name");
            self.must_have(node, "value");
            if let Some(value) = self.expression(node, "value") {
                out.push(Constant { name, value, documentation: vec![] });
            }
        }
        for node in root.all("extension").filter(|e| e.child_text("url") == Some(CONSTANT)) {
            let part = |url: &str| {
                let text = extension_text(node, url)?;
                Some(Name { text: text.to_string(), place: place_of(node) })
            };
            let (Some(name), Some(value)) = (part("name"), part("value")) else {
                self.error(node, "missing", "a constant needs a name and a value", None);
                continue;
            };
            if let Some(value) = self.expression_of(value) {
                let documentation = comments(own_text(node, "map-comment"));
                out.push(Constant { name, value, documentation });
            }
        }
        out
    }

    fn group(&mut self, node: NodeRef<'_>) -> Group {
        self.known(node, &["name", "extends", "typeMode", "documentation", "input", "rule"]);
        let mut documentation = comments(node.child_text("documentation"));
        let mut inputs = Vec::new();
        for item in node.all("input") {
            self.known(item, &["name", "type", "mode", "documentation"]);
            let name = self.need(item, "name");
            self.must_have(item, "mode");
            let lines = comments(item.child_text("documentation"));
            documentation.extend(lines.iter().map(|line| format!("{}: {line}", name.text)));
            let ty = self.text(item, "type");
            if let Some(mode) = self.code(item, "mode", &INPUT_MODES) {
                inputs.push(Input { mode, name, ty });
            }
        }
        if inputs.is_empty() {
            self.error(node, "missing", "`input` is missing", None);
        }
        Group {
            name: self.need(node, "name"),
            inputs,
            extends: self.text(node, "extends"),
            type_mode: self.code(node, "typeMode", &TYPE_MODES).flatten(),
            rules: self.rules(node, 0),
            documentation,
            closing: comments(own_text(node, "map-closing")),
        }
    }
}

/// Lines as comments hold them: trimmed, none empty.
pub(super) fn comments(text: Option<&str>) -> Vec<String> {
    let line = |l: &str| l.trim().trim_start_matches("* ").to_string();
    text.unwrap_or_default().lines().map(line).filter(|l| !l.is_empty()).collect()
}

pub(super) fn place_of(node: NodeRef<'_>) -> Place {
    let span = node.tree.span(node.id);
    place(span.start as usize, span.end as usize)
}

fn shown(node: NodeRef<'_>) -> &str {
    fhir::finding::shown(node.name())
}
