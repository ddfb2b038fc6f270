//! Keeps what may reach a receiver and removes the rest, telling what was removed.
//!
//! Invariant: an element stays only if the list names it, something above it or something below it;
//! the frame of the message Bundle stays; a resource with nothing left is removed whole. Paths are
//! rooted at the type of each entry's resource, without indexes; `extension('url')` names one
//! extension. No value is ever part of a reported path.

use fhir::{NodeId, Tree, finding::place};

/// One step of a path: an element name, or an extension with its URL.
#[derive(PartialEq, Eq, Debug)]
struct Step<'a> {
    name: &'a str,
    url: Option<&'a str>,
}

/// Splits `Patient.extension('http://a.b/c').valueString` into steps; dots inside quotes do not part.
fn steps(path: &str) -> Vec<Step<'_>> {
    let mut out = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        let dot = rest.find('.').unwrap_or(rest.len());
        let open = rest.find("('").filter(|open| *open < dot);
        let (step, after) = match open {
            Some(open) => {
                let close = rest[open..].find("')").map_or(rest.len(), |i| open + i);
                let step = Step { name: &rest[..open], url: Some(&rest[open + 2..close]) };
                (step, rest.get(close + 2..).unwrap_or(""))
            }
            None => (Step { name: &rest[..dot], url: None }, &rest[dot..]),
        };
        out.push(step);
        rest = after.strip_prefix('.').unwrap_or(after);
    }
    out
}

fn matches(tree: &Tree, node: NodeId, step: &Step<'_>) -> bool {
    tree.name(node) == step.name && step.url.is_none_or(|url| tree.child_text(node, "url") == Some(url))
}

/// The resources of the Bundle, with their types.
fn resources(tree: &Tree) -> Vec<(NodeId, NodeId, String)> {
    let entries = tree.children(tree.root()).filter(|n| tree.name(*n) == "entry");
    entries
        .filter_map(|entry| {
            let resource = tree.child(entry, "resource")?;
            Some((entry, resource, tree.child_text(resource, "resourceType")?.to_string()))
        })
        .collect()
}

/// Keeps what `list` names. Returns the paths of what was removed.
pub fn keep(tree: &mut Tree, list: &[String]) -> Vec<String> {
    let list: Vec<Vec<Step<'_>>> = list.iter().map(|p| steps(p)).collect();
    let mut doomed = frame(tree);
    for (entry, resource, kind) in resources(tree) {
        let rules: Vec<&[Step<'_>]> =
            list.iter().filter(|s| s.first().is_some_and(|s| s.name == kind)).map(|s| &s[1..]).collect();
        if rules.is_empty() {
            doomed.push(entry);
            continue;
        }
        visit(tree, resource, &rules, true, &mut doomed);
    }
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

fn visit(tree: &Tree, node: NodeId, rules: &[&[Step<'_>]], is_resource: bool, doomed: &mut Vec<NodeId>) {
    for child in tree.children(node) {
        if is_resource && matches!(tree.name(child), "resourceType" | "id") && tree.text(child).is_some() {
            doomed.extend(tree.children(child));
            continue;
        }
        let deeper: Vec<&[Step<'_>]> = rules
            .iter()
            .filter(|rule| rule.first().is_some_and(|step| matches(tree, child, step)))
            .map(|rule| &rule[1..])
            .collect();
        if deeper.is_empty() {
            // The url of an extension that is kept in part is its name, not content.
            let names_extension = tree.name(child) == "url" && !is_resource && rules.iter().all(|r| !r.is_empty());
            match names_extension && is_extension(tree, node) {
                true => doomed.extend(tree.children(child)),
                false => doomed.push(child),
            }
        } else if deeper.iter().all(|rule| !rule.is_empty()) {
            visit(tree, child, &deeper, false, doomed);
        }
    }
}

fn is_extension(tree: &Tree, node: NodeId) -> bool {
    matches!(tree.name(node), "extension" | "modifierExtension")
}

/// Removes what `list` names. Returns the paths of what was removed.
pub fn drop(tree: &mut Tree, list: &[String]) -> Vec<String> {
    let list: Vec<Vec<Step<'_>>> = list.iter().map(|p| steps(p)).collect();
    let mut doomed = Vec::new();
    for (_, resource, kind) in resources(tree) {
        for rule in list.iter().filter(|s| s.first().is_some_and(|s| s.name == kind)) {
            let mut level = vec![resource];
            for step in &rule[1..] {
                let under = |n: &NodeId| tree.children(*n).filter(|c| matches(tree, *c, step)).collect::<Vec<_>>();
                level = level.iter().flat_map(under).collect();
            }
            doomed.extend(level.into_iter().filter(|n| *n != resource));
        }
    }
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
        json::read(text.as_bytes(), Form::Fhir, &Limits::default()).expect("test bundle")
    }

    #[test]
    fn only_what_is_named_stays_and_the_rest_is_told() {
        let mut tree = bundle(
            r#"{"resourceType":"Patient","id":"p","extension":[{"url":"http://a.b/keep","valueString":"K"},{"url":"http://a.b/go","valueString":"CANARY"}],"identifier":[{"system":"s","value":"v","assigner":{"display":"CANARY"}}],"name":[{"family":"F","_family":{"extension":[{"url":"u","valueString":"ok"}]}}],"telecom":[{"value":"CANARY"}]}"#,
        );
        let list = ["Patient.name", "Patient.identifier.value", "Patient.extension('http://a.b/keep')"];
        let removed = keep(&mut tree, &list.map(String::from));
        let out = json::write(&tree, Form::Fhir);
        assert!(!out.contains("CANARY") && out.contains(r#""value":"v""#) && out.contains("ok"), "{out}");
        assert_eq!(
            removed,
            [
                "Bundle.meta",
                "Bundle.entry[0].resource.extension[1]",
                "Bundle.entry[0].resource.identifier[0].system",
                "Bundle.entry[0].resource.identifier[0].assigner",
                "Bundle.entry[0].resource.telecom[0]"
            ]
        );
    }

    #[test]
    fn a_resource_with_nothing_named_goes_whole() {
        let mut tree = bundle(r#"{"resourceType":"Observation","id":"o","valueString":"CANARY"}"#);
        assert_eq!(keep(&mut tree, &["Patient.name".to_string()]), ["Bundle.meta", "Bundle.entry[0]"]);
    }

    #[test]
    fn an_extension_may_be_kept_in_part() {
        let mut tree = bundle(
            r#"{"resourceType":"Patient","extension":[{"url":"http://x.y/b","extension":[{"url":"code","valueCode":"c"},{"url":"reason","valueString":"CANARY"}]}]}"#,
        );
        keep(&mut tree, &["Patient.extension('http://x.y/b').extension('code')".to_string()]);
        let out = json::write(&tree, Form::Fhir);
        assert!(out.contains(r#""url":"http://x.y/b""#) && out.contains("valueCode") && !out.contains("CANARY"), "{out}");
    }
}
