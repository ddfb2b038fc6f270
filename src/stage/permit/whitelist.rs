//! Keeps what may reach a receiver and removes the rest, telling what was removed.
//!
//! Invariant: an element stays only if an expression of the list selects it, something above it or
//! something below it; the frame of the message Bundle stays; a resource with nothing left is removed
//! whole. An expression that cannot be evaluated selects nothing. Expressions are FHIRPath, evaluated
//! on each entry's resource. No value is ever part of a reported path.

use crate::model::path::ElementPath;
use fhir::{Definitions, NodeId, NodeRef, Tree, finding::place};
use fhirpath::{Scope, Value};

/// The resources of the Bundle, with their entries.
fn resources(tree: &Tree) -> Vec<(NodeId, NodeId)> {
    let entries = tree.children(tree.root()).filter(|n| tree.name(*n) == "entry");
    entries.filter_map(|entry| Some((entry, tree.child(entry, "resource")?))).collect()
}

/// The nodes below `resource` that an expression selects.
fn selected<'t>(tree: &'t Tree, resource: NodeId, list: &[ElementPath], scope: &Scope<'t>) -> Vec<NodeId> {
    let focus = NodeRef { tree, id: resource };
    let kind = tree.child_text(resource, "resourceType").unwrap_or_default();
    let ours = list.iter().filter(|path| path.concerns(kind));
    let values = ours.flat_map(|path| path.expression().evaluate(scope, focus).unwrap_or_default());
    let nodes = values.filter_map(|value| match value {
        Value::Node(node) if std::ptr::eq(node.tree, tree) => Some(node.id),
        _ => None,
    });
    nodes.filter(|node| above(tree, *node).any(|n| n == resource)).collect()
}

/// The nodes above a node, nearest first.
fn above(tree: &Tree, node: NodeId) -> impl Iterator<Item = NodeId> {
    std::iter::successors(tree.parent(node), |n| tree.parent(*n))
}

/// What stays of a node.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stays {
    Nothing,
    /// What leads to something that stays.
    Partly,
    Whole,
}

/// What stays of each node, by its place in the tree.
struct Marks(Vec<Stays>);

impl Marks {
    fn of(&self, node: NodeId) -> Stays {
        self.0.get(node.index()).copied().unwrap_or(Stays::Nothing)
    }

    /// Keeps a node, and of those above it what leads there.
    fn keep(&mut self, tree: &Tree, node: NodeId) {
        if let Some(mark) = self.0.get_mut(node.index()) {
            *mark = Stays::Whole;
        }
        for n in above(tree, node) {
            match self.0.get_mut(n.index()) {
                Some(mark) if *mark == Stays::Nothing => *mark = Stays::Partly,
                _ => break,
            }
        }
    }
}

/// Keeps what `list` selects. Returns the paths of what was removed.
pub fn keep(tree: &mut Tree, list: &[ElementPath]) -> Vec<String> {
    let mut doomed = frame(tree);
    let mut marks = Marks(vec![Stays::Nothing; tree.len()]);
    let scope = Scope::new(Some(Definitions::r4()));
    for (entry, resource) in resources(tree) {
        let whole = selected(tree, resource, list, &scope);
        if whole.is_empty() {
            doomed.push(entry);
            continue;
        }
        whole.iter().for_each(|node| marks.keep(tree, *node));
        visit(tree, resource, &marks, true, &mut doomed);
    }
    std::mem::drop(scope);
    remove(tree, doomed)
}

/// What stands in the Bundle beside the frame of a message.
fn frame(tree: &Tree) -> Vec<NodeId> {
    let mut doomed = Vec::new();
    for child in tree.children(tree.root()) {
        match tree.name(child) {
            "resourceType" | "id" | "type" | "timestamp" => doomed.extend(tree.children(child)),
            "entry" => {
                for inner in tree.children(child) {
                    match tree.name(inner) {
                        "resource" => {}
                        "fullUrl" => doomed.extend(tree.children(inner)),
                        _ => doomed.push(inner),
                    }
                }
            }
            _ => doomed.push(child),
        }
    }
    doomed
}

fn visit(tree: &Tree, node: NodeId, marks: &Marks, is_resource: bool, doomed: &mut Vec<NodeId>) {
    // The type and id of a resource and the url of an extension that is kept in part are names.
    let names: &[&str] = match (is_resource, tree.name(node)) {
        (true, _) => &["resourceType", "id"],
        (false, "extension" | "modifierExtension") => &["url"],
        _ => &[],
    };
    for child in tree.children(node) {
        match marks.of(child) {
            Stays::Whole => {}
            Stays::Partly => visit(tree, child, marks, false, doomed),
            Stays::Nothing if names.contains(&tree.name(child)) && tree.text(child).is_some() => {
                doomed.extend(tree.children(child));
            }
            Stays::Nothing => doomed.push(child),
        }
    }
}

/// Removes what `list` selects. Returns the paths of what was removed.
pub fn drop(tree: &mut Tree, list: &[ElementPath]) -> Vec<String> {
    let scope = Scope::new(Some(Definitions::r4()));
    let doomed = resources(tree)
        .into_iter()
        .flat_map(|(_, resource)| selected(tree, resource, list, &scope))
        .collect();
    std::mem::drop(scope);
    remove(tree, doomed)
}

fn remove(tree: &mut Tree, doomed: Vec<NodeId>) -> Vec<String> {
    let mut paths: Vec<String> = doomed.iter().map(|n| place(tree, *n)).collect();
    for node in doomed {
        tree.remove(node);
    }
    paths.dedup();
    paths
}

#[cfg(test)]
mod tests {
    use super::*;
    use fhir::json::{self, Form, Limits};

    fn bundle(patient: &str) -> Tree {
        let text = format!(
            r#"{{"resourceType":"Bundle","type":"message","meta":{{"tag":[{{"code":"X"}}]}},"entry":[{{"fullUrl":"urn:uuid:1","resource":{patient}}}]}}"#
        );
        let mut tree = json::read(text.as_bytes(), Form::Fhir, &Limits::default()).expect("test bundle");
        Definitions::r4().annotate(&mut tree);
        tree
    }

    fn paths(list: &[&str]) -> Vec<ElementPath> {
        list.iter().map(|p| ElementPath::parse(p).expect("test path")).collect()
    }

    #[test]
    fn only_what_is_named_stays_and_the_rest_is_told() {
        let mut tree = bundle(
            r#"{"resourceType":"Patient","id":"p","extension":[{"url":"http://a.b/keep","valueString":"K"},{"url":"http://a.b/go","valueString":"CANARY"}],"identifier":[{"system":"s","value":"v","assigner":{"display":"CANARY"}},{"system":"t","value":"CANARY"}],"name":[{"family":"F","_family":{"extension":[{"url":"u","valueString":"ok"}]}}],"telecom":[{"value":"CANARY"}]}"#,
        );
        let list = [
            "Patient.name",
            "Patient.identifier.where(system = 's').value",
            "Patient.extension('http://a.b/keep')",
        ];
        let removed = keep(&mut tree, &paths(&list));
        let out = json::write(&tree, Form::Fhir);
        assert!(!out.contains("CANARY") && out.contains(r#""value":"v""#) && out.contains("ok"), "{out}");
        assert_eq!(
            removed,
            [
                "Bundle.meta",
                "Bundle.entry[0].resource.extension[1]",
                "Bundle.entry[0].resource.identifier[0].system",
                "Bundle.entry[0].resource.identifier[0].assigner",
                "Bundle.entry[0].resource.identifier[1]",
                "Bundle.entry[0].resource.telecom[0]"
            ]
        );
    }

    #[test]
    fn a_resource_with_nothing_named_goes_whole() {
        let mut tree = bundle(r#"{"resourceType":"Observation","id":"o","valueString":"CANARY"}"#);
        assert_eq!(keep(&mut tree, &paths(&["Patient.name"])), ["Bundle.meta", "Bundle.entry[0]"]);
    }

    #[test]
    fn an_extension_may_be_kept_in_part() {
        let mut tree = bundle(
            r#"{"resourceType":"Patient","extension":[{"url":"http://x.y/b","extension":[{"url":"code","valueCode":"c"},{"url":"reason","valueString":"CANARY"}]}]}"#,
        );
        keep(&mut tree, &paths(&["Patient.extension('http://x.y/b').extension('code')"]));
        let out = json::write(&tree, Form::Fhir);
        assert!(
            out.contains(r#""url":"http://x.y/b""#) && out.contains("valueCode") && !out.contains("CANARY"),
            "{out}"
        );
    }

    #[test]
    fn what_an_expression_calculates_or_finds_elsewhere_keeps_nothing() {
        let mut tree = bundle(r#"{"resourceType":"Patient","id":"p","telecom":[{"value":"CANARY"}]}"#);
        let removed =
            keep(&mut tree, &paths(&["%rootResource", "Patient", "'x'", "Patient.telecom.count()"]));
        assert_eq!(removed, ["Bundle.meta", "Bundle.entry[0]"]);
    }
}
