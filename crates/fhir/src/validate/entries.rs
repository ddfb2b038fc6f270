//! The rules that hold across the entries of a Bundle.
//!
//! Invariant: each is one pass over the entries. Deliberately absent: what invariants of R4's own say of
//! a Bundle without looking across entries, which the engine is asked.

use super::Run;
use crate::tree::NodeId;
use std::collections::{HashMap, HashSet};

/// The rules of a Bundle, if `root` is one: bdl-7 (unique fullUrl), bdl-11 and bdl-12 (first entry).
pub(super) fn check(run: &mut Run<'_>, root: NodeId) {
    let tree = run.tree;
    let (kind, is_bundle) = (run.bundle(root).kind().to_string(), run.bundle(root).is_bundle());
    let kind = kind.as_str();
    if !is_bundle {
        return;
    }
    let entries: Vec<NodeId> = tree.children(root).filter(|&c| tree.name(c) == "entry").collect();
    let first = match kind {
        "message" => Some(("MessageHeader", "bdl-12")),
        "document" => Some(("Composition", "bdl-11")),
        _ => None,
    };
    if let Some((want, key)) = first {
        let is = entries
            .first()
            .and_then(|&e| tree.child(e, "resource"))
            .and_then(|r| tree.child_text(r, "resourceType"));
        if is != Some(want) {
            let what = format!("the first entry of a {kind} Bundle must be a {want} ({key})");
            match entries.first() {
                Some(&entry) => run.error_at_entry(entry, 0, what),
                None => run.error("bundle", root, what),
            }
        }
    }
    full_urls(run, &entries, kind == "history");
    relations(run, root);
    if kind == "document" {
        run.unlinked(root, &entries);
    }
}

/// Relations that lead to one page each (http.html §3.1.0.2.1.3).
const PAGES: [&str; 6] = ["self", "first", "previous", "prev", "next", "last"];

fn relations(run: &mut Run<'_>, root: NodeId) {
    let mut seen = HashSet::new();
    for link in run.tree.at(root).all("link") {
        let Some(relation) = link.child_text("relation").filter(|r| PAGES.contains(r)) else { continue };
        if !seen.insert(relation) {
            let what = "another link has this relation already; there is one page of each";
            run.error("bundle", link.id, what.into());
        }
    }
}

impl Run<'_> {
    pub(super) fn error_at_entry(&mut self, entry: NodeId, index: usize, what: String) {
        self.path.truncate(1);
        // The place of an entry further in is looked up.
        let near = self.tree.parent(entry) == Some(self.tree.root());
        self.path.extend(near.then_some((entry, Some(index as u32))));
        self.error("bundle", entry, what);
        self.path.truncate(1);
    }
}

/// Every fullUrl is absolute and, unless versions of one resource stand side by side, its own.
fn full_urls(run: &mut Run<'_>, entries: &[NodeId], history: bool) {
    let tree = run.tree;
    let mut seen = HashMap::new();
    for (i, &entry) in entries.iter().enumerate() {
        let Some(url) = tree.child_text(entry, "fullUrl") else { continue };
        if !url.contains(':') {
            let what = "the fullUrl is not absolute; write http(s)://…, urn:uuid:… or urn:oid:… (bundle.html §2.36.4)";
            run.error_at_entry(entry, i, what.into());
        } else if tree.child(entry, "resource").is_some_and(|r| elsewhere(run, r, url)) {
            let what = "the fullUrl is a server's address of another type or id than the resource has";
            run.error_at_entry(entry, i, what.into());
        }
        if history {
            continue;
        }
        let meta = tree.child(entry, "resource").and_then(|r| tree.child(r, "meta"));
        let version = meta.and_then(|m| tree.child_text(m, "versionId"));
        if let Some(earlier) = seen.insert((url, version), i) {
            let what = format!("has the same fullUrl as entry {earlier}; give each entry its own (bdl-7)");
            run.error_at_entry(entry, i, what);
        }
    }
}

/// Is the URL that of a resource on a server, `…/Type/id`, and not of this one?
fn elsewhere(run: &Run<'_>, resource: NodeId, url: &str) -> bool {
    let definitions = &run.own.definitions;
    let bare = url.split("/_history/").next().unwrap_or(url);
    let mut parts = bare.rsplit('/');
    let (Some(id), Some(ty)) = (parts.next(), parts.next()) else { return false };
    let named = |name| run.tree.child_text(resource, name);
    let typed = definitions.type_id(ty).is_some_and(|t| definitions.is_resource(t));
    url.starts_with("http")
        && typed
        && !id.is_empty()
        && (named("resourceType") != Some(ty) || named("id").is_some_and(|own| own != id))
}
