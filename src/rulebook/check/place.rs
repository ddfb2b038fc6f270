//! Where a finding is in the received text: from its path to bytes, line and column.
//!
//! Invariant: a place is never invented: a path that leads nowhere gives the deepest element on its way
//! that is there, and a tree that was not read from a text gives none. Deliberately absent: FHIRPath
//! beyond what our own findings write.

use crate::{model::Finding, rulebook::case};
use fhir::{Key, NodeId, Tree};

/// Gives findings without bytes those of the element that their path names, and all of them line and
/// column. One pass over the text.
pub fn locate<'f>(findings: impl IntoIterator<Item = &'f mut Finding>, tree: &Tree) {
    let mut findings: Vec<&mut Finding> = findings.into_iter().collect();
    let source = tree.source();
    if source.is_empty() {
        return;
    }
    for finding in &mut findings {
        if let (None, Some(path)) = (&finding.place.span, &finding.place.path) {
            let span = tree.span(node(tree, path));
            finding.place.span = Some(span.start as usize..span.end as usize);
        }
    }
    number(findings, source.as_bytes());
}

/// Gives findings that know their bytes line and column.
pub fn number<'f>(findings: impl IntoIterator<Item = &'f mut Finding>, source: &[u8]) {
    let mut placed: Vec<&mut Finding> =
        findings.into_iter().filter(|f| f.place.span.is_some() && f.place.line.is_none()).collect();
    let start = |f: &&mut Finding| f.place.span.as_ref().map_or(0, |s| s.start as u32);
    let offsets: Vec<u32> = placed.iter().map(start).collect();
    for (finding, at) in placed.iter_mut().zip(fhir::finding::positions(source, &offsets)) {
        (finding.place.line, finding.place.column) = (Some(at.line), Some(at.column));
    }
}

/// The deepest element on the way of a JSON pointer or of a path as findings write it.
pub fn node(tree: &Tree, path: &str) -> NodeId {
    match path.strip_prefix('/') {
        Some(pointer) => by_pointer(tree, pointer),
        None => by_path(tree, path),
    }
}

/// `$.parts[0].name` of a foreign tree as the pointer that its sender reads: `/parts/0/name`. The root of a message
/// in XML, and of HL7 v2, has its model's name. A place in a FHIR message is none.
pub fn pointer(place: &str) -> Option<String> {
    let root = place.split('.').next().filter(|root| *root != "Bundle")?;
    let rest = place.strip_prefix(root).filter(|rest| !rest.contains('?'))?;
    let mut out = String::new();
    for step in rest.split('.').skip(1) {
        let (name, index) = indexed(step);
        out.push('/');
        out.push_str(name);
        index.iter().for_each(|i| out.push_str(&format!("/{i}")));
    }
    Some(if out.is_empty() { "/".into() } else { out })
}

/// A pointer into a case message as its place in what a map made; nothing else is one. No element's name is a number.
pub fn in_case(pointer: &str) -> Option<String> {
    let steps = pointer.strip_prefix('/')?.split('/').filter(|step| !step.is_empty());
    let mut out = String::from("CaseMessage");
    for step in steps {
        match step.parse::<usize>() {
            Ok(index) => out.push_str(&format!("[{index}]")),
            Err(_) => out.extend([".", step]),
        }
    }
    Some(out)
}

/// A pointer as the path of elements that XML has; such a path stays as it is.
pub fn in_elements(finding: &mut Finding, tree: &Tree) {
    let is_pointer = |path: &mut String| path.starts_with('/') && !path.starts_with("/caseMessage");
    if let Some(pointer) = finding.place.path.take_if(is_pointer) {
        finding.place.path = Some(case::path(tree, node(tree, &pointer)));
    }
}

fn by_pointer(tree: &Tree, pointer: &str) -> NodeId {
    let mut at = tree.root();
    let mut steps = pointer.split('/').peekable();
    while let Some(step) = steps.next() {
        let key = Key::new(&step.replace("~1", "/").replace("~0", "~"));
        let Some(first) = tree.named(at, &key).next() else { break };
        let index = steps.peek().filter(|_| tree.is_list(first)).and_then(|i| i.parse::<usize>().ok());
        let Some(index) = index else {
            at = first;
            continue;
        };
        steps.next();
        let Some(item) = tree.named(at, &key).nth(index) else { break };
        at = item;
    }
    at
}

/// The first step is the root's own name. A step without a number stands for a single element only.
fn by_path(tree: &Tree, path: &str) -> NodeId {
    let mut at = tree.root();
    let mut rest = path.split_once('.').map_or("", |(_, rest)| rest);
    while !rest.is_empty() {
        let found = match rest.strip_prefix("extension('").and_then(|r| r.split_once("')")) {
            Some((url, after)) => {
                rest = after.strip_prefix('.').unwrap_or(after);
                let key = Key::new("extension");
                tree.named(at, &key).find(|&e| tree.child_text(e, "url") == Some(url))
            }
            None => {
                let (step, after) = rest.split_once('.').unwrap_or((rest, ""));
                rest = after;
                let (name, index) = indexed(step);
                let key = Key::new(name);
                let mut all = tree.named(at, &key);
                match index {
                    Some(index) => all.nth(index),
                    None => all.next().filter(|_| all.next().is_none()),
                }
            }
        };
        let Some(found) = found else { break };
        at = found;
    }
    at
}

/// `name[3]` → `name` and 3.
fn indexed(step: &str) -> (&str, Option<usize>) {
    let Some((name, index)) = step.strip_suffix(']').and_then(|s| s.split_once('[')) else {
        return (step, None);
    };
    (name, index.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use fhir::json::{self, Form, Limits};

    fn text_at(text: &str, form: Form, path: &str) -> String {
        let Ok(tree) = json::read(text.as_bytes(), form, &Limits::default()) else { return String::new() };
        let span = tree.span(node(&tree, path));
        text[span.start as usize..span.end as usize].to_string()
    }

    #[test]
    fn a_pointer_finds_its_value_and_what_is_missing_its_parent() {
        let text = r#"{"a":{"b":["x",{"c":1}],"d/e":2},"f":[]}"#;
        let cases = [
            ("/a/b/0", "\"x\""),
            ("/a/b/1/c", "1"),
            ("/a/b/7", r#"{"b":["x",{"c":1}],"d/e":2}"#),
            ("/a/d~1e", "2"),
            ("/a/none/at/all", r#"{"b":["x",{"c":1}],"d/e":2}"#),
            ("/f", "[]"),
            ("/", text),
        ];
        for (path, wanted) in cases {
            assert_eq!(text_at(text, Form::Plain, path), wanted, "{path}");
        }
    }

    #[test]
    fn a_path_finds_its_element_and_never_guesses_among_several() {
        let text = r#"{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Patient","id":"p",
            "extension":[{"url":"a.b/c","valueCode":"x"}]}},{"fullUrl":"u"}]}"#;
        let cases = [
            ("Bundle.entry[0].resource.id", "\"p\""),
            ("Bundle.entry[0].resource.extension('a.b/c').valueCode", "\"x\""),
            ("Bundle.entry[1]", r#"{"fullUrl":"u"}"#),
            ("Bundle.entry[1].resource.id", r#"{"fullUrl":"u"}"#),
        ];
        for (path, wanted) in cases {
            assert_eq!(text_at(text, Form::Fhir, path), wanted, "{path}");
        }
        assert_eq!(text_at(text, Form::Fhir, "Bundle.entry.resource.ofType(Patient)"), text);
        assert_eq!(text_at(text, Form::Fhir, "$this"), text);
    }

    #[test]
    fn a_place_of_a_foreign_tree_is_told_as_a_pointer() {
        assert_eq!(pointer("$.a.b[2].c").as_deref(), Some("/a/b/2/c"));
        assert_eq!(pointer("$").as_deref(), Some("/"));
        assert_eq!(pointer("CaseMessage.a[1]").as_deref(), Some("/a/1"));
        assert_eq!(pointer("$.?.c"), None);
        assert_eq!(pointer("Bundle.entry[0]"), None);
    }
}
