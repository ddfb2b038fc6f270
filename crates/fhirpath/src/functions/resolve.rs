//! `resolve()`: references to what is in the same tree.
//!
//! `#id` means a contained resource, anything else an entry of the Bundle that the reference stands
//! in (R4 bundle.html §2.36.4.1). Invariant: only this tree is searched; then the host function
//! `resolve`, if there is one, gets the items not found. Deliberately absent: reading anything from
//! elsewhere.

use super::Source;
use crate::error::Fail;
use crate::eval::{Machine, Operand, hand_on};
use crate::value::{Item, Next, Sink, Value};
use fhir::NodeRef;

pub(super) fn resolve<'t>(m: &Machine<'_, 't>, source: Source<'_, 't>, sink: Sink<'_, 't>) -> Next {
    source.each(m, &mut |item| {
        m.step(1)?;
        let found = match reference(&item) {
            Some(uri) => find(m, item.node(), uri)?,
            None => None,
        };
        tell(m, item.node(), "reference");
        if let Some(node) = found {
            // What it was found by.
            tell(m, Some(node), "id");
            tell(m, node.tree.parent(node.id).map(|entry| node.tree.at(entry)), "fullUrl");
            m.tell(node);
            return sink(Item::Owned(Value::Node(node)));
        }
        let asked = m.call_host("resolve", std::slice::from_ref(&*item), Vec::new());
        match m.placed(source.id, asked)? {
            Some(found) => hand_on(Operand::Own(found), sink),
            None => Ok(()),
        }
    })
}

/// Tells the watcher of a child that is read without a path.
fn tell<'t>(m: &Machine<'_, 't>, node: Option<NodeRef<'t>>, child: &str) {
    if m.scope.watcher.is_some()
        && let Some(child) = node.and_then(|n| n.child(child))
    {
        m.tell(child);
    }
}

/// The URI that a Reference, a uri element or a string holds.
fn reference<'v>(item: &'v Value<'_>) -> Option<&'v str> {
    match item {
        Value::Node(node) => node.text().or_else(|| node.child_text("reference")),
        Value::String(text) => Some(text),
        _ => None,
    }
}

fn find<'t>(m: &Machine<'_, 't>, from: Option<NodeRef<'t>>, uri: &str) -> Result<Option<NodeRef<'t>>, Fail> {
    let model = &m.scope.model;
    let Some(from) = from.or_else(|| m.input.iter().find_map(Value::node)) else { return Ok(None) };
    let container = model.root_of(model.resource_of(from));
    if let Some(id) = uri.strip_prefix('#') {
        if id.is_empty() {
            return Ok(Some(container));
        }
        for inner in container.children().filter(|c| c.name() == "contained") {
            m.step(1)?;
            if inner.child_text("id") == Some(id) {
                return Ok(Some(inner));
            }
        }
        return Ok(None);
    }
    let Some(bundle) = bundle_around(container) else { return Ok(None) };
    let uri = uri.split_once("/_history/").map_or(uri, |(before, _)| before);
    // A relative reference is meant relative to where its own entry lives.
    let own = bundle.1.and_then(|entry| entry.child_text("fullUrl"));
    let target = match own.and_then(|url| service_root(url)) {
        Some(root) if !uri.contains(':') => format!("{root}/{uri}"),
        _ => uri.to_string(),
    };
    let mut loose = None;
    for entry in bundle.0.children().filter(|c| c.name() == "entry") {
        m.step(1)?;
        let Some(resource) = entry.child("resource") else { continue };
        match entry.child_text("fullUrl") {
            Some(url) if url == target || url == uri => return Ok(Some(resource)),
            _ => {}
        }
        // Entries that say nothing better are known by type and id.
        let matches = uri.split_once('/').is_some_and(|(ty, id)| {
            let is =
                |t: &str| resource.child_text("resourceType") == Some(t) || type_name(m, resource) == Some(t);
            resource.child_text("id") == Some(id) && is(ty)
        });
        if matches && loose.is_none() {
            loose = Some(resource);
        }
    }
    Ok(loose)
}

fn type_name<'t>(m: &Machine<'_, 't>, node: NodeRef<'t>) -> Option<&'t str> {
    m.scope.model.type_info(&Value::Node(node)).map(|t| t.name)
}

/// The Bundle around a resource and the entry in it, if there are such.
fn bundle_around<'t>(resource: NodeRef<'t>) -> Option<(NodeRef<'t>, Option<NodeRef<'t>>)> {
    let mut entry = None;
    let mut at = resource;
    loop {
        if at.child("entry").is_some() && at.name() != "entry" {
            return Some((at, entry));
        }
        if at.name() == "entry" {
            entry = Some(at);
        }
        at = at.tree.at(at.tree.parent(at.id)?);
    }
}

/// What stands before `Type/id` in an absolute URL.
fn service_root(url: &str) -> Option<&str> {
    let (before, _) = url.rsplit_once('/')?;
    let (root, _) = before.rsplit_once('/')?;
    root.contains("://").then_some(root)
}
