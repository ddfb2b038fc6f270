//! Bundles: finding entries by URL, and the rules that hold across entries.
//!
//! Invariant: the index is built once, so every reference is one look-up. Deliberately absent: rules
//! of search sets and transactions, which are invariants of R4's own.

use super::Run;
use crate::profile::Profiles;
use crate::tree::{Key, NodeId, Tree};
use std::collections::HashMap;

/// The entries of the Bundle at the root, if it is one, and all contained resources.
pub(super) struct Index<'a> {
    bundle: bool,
    closed: bool,
    contained: HashMap<(NodeId, &'a str), NodeId>,
    by_url: HashMap<&'a str, NodeId>,
    by_id: HashMap<(&'a str, &'a str), NodeId>,
}

/// The elements on the way to a resource inside another (Bundle, Parameters).
const HOLDERS: [&str; 6] = ["entry", "resource", "response", "outcome", "parameter", "part"];

impl<'a> Index<'a> {
    pub(super) fn of(own: &Profiles, tree: &'a Tree) -> Index<'a> {
        let root = tree.root();
        let bundle = tree.type_of(root) == own.types.bundle;
        let kind = tree.child_text(root, "type").unwrap_or_default();
        let closed = bundle && matches!(kind, "message" | "document" | "transaction");
        let contained = HashMap::new();
        let mut index = Index { bundle, closed, contained, by_url: HashMap::new(), by_id: HashMap::new() };
        let key = Key::new("contained");
        let mut nodes = vec![root];
        while let Some(outer) = nodes.pop() {
            for inner in tree.named(outer, &key) {
                if let Some(id) = tree.child_text(inner, "id") {
                    index.contained.entry((outer, id)).or_insert(inner);
                }
            }
            // Resources stand only at the root and in entries; parameters nest deeper.
            nodes.extend(tree.children(outer).filter(|&c| HOLDERS.contains(&tree.name(c))));
        }
        for entry in tree.at(root).all("entry").filter(|_| bundle) {
            let Some(resource) = entry.child("resource") else { continue };
            if let Some(url) = entry.child_text("fullUrl") {
                index.by_url.entry(url).or_insert(resource.id);
            }
            if let (Some(ty), Some(id)) = (resource.child_text("resourceType"), resource.child_text("id")) {
                index.by_id.entry((ty, id)).or_insert(resource.id);
            }
        }
        index
    }

    /// The resource with this id that `outer` contains.
    pub(super) fn contained(&self, outer: NodeId, id: &str) -> Option<NodeId> {
        self.contained.get(&(outer, id)).copied()
    }

    pub(super) fn is_bundle(&self) -> bool {
        self.bundle
    }

    /// Is this a Bundle whose entries must be complete among themselves?
    pub(super) fn is_closed(&self) -> bool {
        self.closed
    }

    /// The entry's resource that `text`, standing at `node`, refers to (bundle.html §2.36.4).
    pub(super) fn resource(&self, run: &Run<'_>, node: NodeId, text: &str) -> Option<NodeId> {
        if !self.bundle {
            return None;
        }
        let text = text.split("/_history/").next().unwrap_or(text);
        if let Some(&found) = self.by_url.get(text) {
            return Some(found);
        }
        let (ty, id) = text.split_once('/').filter(|(_, id)| !id.contains('/') && !id.contains(':'))?;
        if let Some(url) = run.container(node).and_then(|c| own_url(run.tree, c)) {
            let end = url.rmatch_indices('/').nth(1).map_or(0, |(i, _)| i + 1);
            let absolute = format!("{}{text}", &url[..end]);
            if let Some(&found) = self.by_url.get(absolute.as_str()).filter(|_| end > 0) {
                return Some(found);
            }
        }
        self.by_id.get(&(ty, id)).copied()
    }
}

fn own_url(tree: &Tree, resource: NodeId) -> Option<&str> {
    let entry = tree.parent(resource)?;
    tree.child_text(entry, "fullUrl").filter(|u| u.starts_with("http"))
}

/// The rules of the Bundle at the root: bdl-7 (unique fullUrl), bdl-11 and bdl-12 (first entry).
pub(super) fn check(run: &mut Run<'_>) {
    let tree = run.tree;
    let root = tree.root();
    if !run.bundle.bundle {
        return;
    }
    let entries: Vec<NodeId> = tree.children(root).filter(|&c| tree.name(c) == "entry").collect();
    let kind = tree.child_text(root, "type").unwrap_or_default();
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
            let at = entries.first().copied().unwrap_or(root);
            let what = format!("the first entry of a {kind} Bundle must be a {want} ({key})");
            run.path.truncate(1);
            if at != root {
                run.path.push((at, Some(0)));
            }
            run.error("bundle", at, what);
            run.path.truncate(1);
        }
    }
    full_urls(run, &entries, kind == "history");
}

/// Every fullUrl is absolute and, unless versions of one resource stand side by side, its own.
fn full_urls(run: &mut Run<'_>, entries: &[NodeId], history: bool) {
    let tree = run.tree;
    let mut seen = HashMap::new();
    for (i, &entry) in entries.iter().enumerate() {
        let Some(url) = tree.child_text(entry, "fullUrl") else { continue };
        if !url.contains(':') {
            run.path.push((entry, Some(i as u32)));
            let what = "the fullUrl is not absolute; write http(s)://…, urn:uuid:… or urn:oid:… (bundle.html §2.36.4)";
            run.error("bundle", entry, what.into());
            run.path.pop();
        }
        if history {
            continue;
        }
        let meta = tree.child(entry, "resource").and_then(|r| tree.child(r, "meta"));
        let version = meta.and_then(|m| tree.child_text(m, "versionId"));
        if let Some(earlier) = seen.insert((url, version), i) {
            run.path.push((entry, Some(i as u32)));
            run.error(
                "bundle",
                entry,
                format!("has the same fullUrl as entry {earlier}; give each entry its own (bdl-7)"),
            );
            run.path.pop();
        }
    }
}
