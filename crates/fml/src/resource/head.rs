//! What stands before the first `uses`: address, name, metadata; to elements and back.
//!
//! Each line of metadata becomes the element that it names, in R4's order. Where the elements alone
//! would be read as other lines (another order, comments, lines without value), the lines themselves
//! go along in `map-head`. Invariant: `map-head` counts only while it says what the elements say, so
//! an element that was changed later wins. Deliberately absent: any look at groups.

use super::{OWN, own_text};
use crate::ast::{Literal, LiteralKind, Map, Metadata, Name};
use crate::fmt;
use crate::lexical::Form;
use crate::parse::{fragment, place};
use fhir::{Definitions, Kind, NodeRef, Tree, TypeId};

/// Elements that are no metadata, or stand in the map in another way.
const OTHER: [&str; 12] = [
    "resourceType",
    "url",
    "name",
    "meta",
    "text",
    "contained",
    "extension",
    "modifierExtension",
    "structure",
    "import",
    "const",
    "group",
];

/// Elements inside one another that metadata may name.
const DEEPEST: usize = 16;

/// A new StructureMap with the map's head.
pub(super) fn write(map: &Map) -> Tree {
    let mut tree = elements(map);
    let root = tree.root();
    if !same(&read_elements(tree.at(root)), map) {
        let head = fmt::head(map);
        let node = tree.add(root, "extension", true);
        tree.add_text(node, "url", false, &format!("{OWN}map-head"));
        tree.add_text(node, "valueString", false, &head);
    }
    tree
}

/// The head of a map, the rest of which is empty.
pub(super) fn read(root: NodeRef<'_>) -> Map {
    let plain = read_elements(root);
    let Some(told) = own_text(root, "map-head").and_then(fragment::head) else { return plain };
    let again = elements(&told);
    match same(&read_elements(again.at(again.root())), &plain) {
        true => Map { url: plain.url, name: plain.name, ..told },
        false => plain,
    }
}

fn same(a: &Map, b: &Map) -> bool {
    let heads = (&a.metadata, a.declared, &a.documentation) == (&b.metadata, b.declared, &b.documentation);
    heads && (&a.url, &a.name) == (&b.url, &b.name)
}

// ---- to elements ----

fn elements(map: &Map) -> Tree {
    let definitions = Definitions::r4();
    let mut tree = Tree::new("StructureMap");
    let root = tree.root();
    tree.add_text(root, "resourceType", false, "StructureMap");
    tree.add_text(root, "url", false, &map.url.text);
    if !map.name.text.is_empty() {
        tree.add_text(root, "name", false, &map.name.text);
    }
    for item in &map.metadata {
        if let Some(value) = &item.value {
            put(&mut tree, &item.path.text, value);
        }
    }
    if tree.child(root, "status").is_none() {
        tree.add_text(root, "status", false, "unknown");
    }
    if tree.child(root, "description").is_none() && !map.documentation.is_empty() {
        tree.add_text(root, "description", false, &map.documentation.join("\n"));
    }
    if let Some(ty) = definitions.type_id("StructureMap") {
        tree.sort_children(root, |tree, child| definitions.order(ty, tree.name(child)));
    }
    tree
}

/// A step of a path through the definitions.
struct Step {
    name: String,
    list: bool,
    ty: TypeId,
}

/// Writes a line of metadata as the element it names, where there is such an element and the value
/// is one of it.
fn put(tree: &mut Tree, path: &str, value: &Literal) -> Option<()> {
    let steps = steps(path)?;
    let definitions = Definitions::r4();
    let (last, way) = steps.split_last()?;
    let form = Form::of(definitions.type_name(last.ty));
    let kind = match value.kind {
        LiteralKind::Boolean => Kind::Boolean,
        LiteralKind::Integer | LiteralKind::Decimal => Kind::Number,
        LiteralKind::Text | LiteralKind::Markdown | LiteralKind::Moment => Kind::String,
    };
    if !definitions.is_primitive(last.ty) || form.kind() != kind || !form.allows(&value.text) {
        return None;
    }
    // Down the last repetitions; where the place is taken, the nearest that repeats gets a new one.
    let mut parents = vec![tree.root()];
    for step in way {
        let parent = *parents.last()?;
        let found = tree.children(parent).filter(|&c| tree.name(c) == step.name).last();
        parents.push(found.unwrap_or_else(|| tree.add(parent, &step.name, step.list)));
    }
    let mut parent = *parents.last()?;
    if !last.list && tree.child(parent, &last.name).is_some() {
        let from = way.iter().rposition(|step| step.list)?;
        parent = *parents.get(from)?;
        for step in way.get(from..)? {
            parent = tree.add(parent, &step.name, step.list);
        }
    }
    let node = tree.add(parent, &last.name, last.list);
    tree.set(node, form.kind(), &value.text);
    Some(())
}

fn steps(path: &str) -> Option<Vec<Step>> {
    let definitions = Definitions::r4();
    let mut ty = definitions.type_id("StructureMap")?;
    let mut steps = Vec::new();
    for name in path.split('.') {
        if steps.is_empty() && OTHER.contains(&name) || steps.len() >= DEEPEST {
            return None;
        }
        let element = definitions.element(ty, name)?;
        let list = element.repeats();
        ty = definitions.child_type(ty, name)?;
        steps.push(Step { name: name.to_string(), list, ty });
    }
    Some(steps)
}

// ---- from elements ----

fn read_elements(root: NodeRef<'_>) -> Map {
    let name = |child: &str| root.child(child).and_then(|node| named(node, node.text()?)).unwrap_or_default();
    let mut metadata = Vec::new();
    for child in root.children().filter(|c| !OTHER.contains(&c.name())) {
        if !(child.name() == "status" && child.text() == Some("unknown")) {
            lines(child, element_name(child), 1, &mut metadata);
        }
    }
    Map { metadata, url: name("url"), name: name("name"), declared: true, ..Map::default() }
}

fn named(node: NodeRef<'_>, text: &str) -> Option<Name> {
    let span = node.tree.span(node.id);
    Some(Name { text: text.to_string(), place: place(span.start as usize, span.end as usize) })
}

fn element_name(node: NodeRef<'_>) -> String {
    fmt::name(&Name { text: node.name().to_string(), ..Name::default() })
}

/// One line for each value at or below the node.
fn lines(node: NodeRef<'_>, path: String, depth: usize, out: &mut Vec<Metadata>) {
    if let Some(text) = node.text() {
        let name = named(node, &path).unwrap_or_default();
        let place = name.place;
        let value = Literal { kind: literal_kind(node.kind(), text), text: text.to_string(), place };
        out.push(Metadata { path: name, value: Some(value), documentation: vec![] });
        return;
    }
    let inner = |c: &NodeRef<'_>| !matches!(c.name(), "extension" | "modifierExtension") && depth < DEEPEST;
    for child in node.children().filter(inner) {
        lines(child, format!("{path}.{}", element_name(child)), depth + 1, out);
    }
}

fn literal_kind(kind: Kind, text: &str) -> LiteralKind {
    let digits = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    match kind {
        Kind::Boolean if matches!(text, "true" | "false") => LiteralKind::Boolean,
        Kind::Number if digits(unsigned) => LiteralKind::Integer,
        Kind::Number if unsigned.split_once('.').is_some_and(|(a, b)| digits(a) && digits(b)) => {
            LiteralKind::Decimal
        }
        _ if text.contains('\n') && text.trim() == text && !text.contains("\"\"\"") => LiteralKind::Markdown,
        _ => LiteralKind::Text,
    }
}
