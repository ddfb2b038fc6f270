//! Finding resources inside the document: entries by address, parameters by type and id, contained ones.
//!
//! Invariant: the index is built once, so every reference is one look-up. Deliberately absent: what lies in
//! a Bundle further in, whose entries are not at these addresses (`bundles`).

use super::Run;
use crate::profile::Profiles;
use crate::tree::{Key, NodeId, Tree};
use std::collections::HashMap;

/// The resources of the document, by what refers to them.
pub(super) struct Index<'a> {
    bundle: bool,
    kind: &'a str,
    /// The resource of the first entry: MessageHeader or Composition.
    first: Option<NodeId>,
    contained: HashMap<(NodeId, &'a str), NodeId>,
    /// The first entry with the address, and whether there are other versions.
    by_url: HashMap<&'a str, (NodeId, bool)>,
    by_version: HashMap<(&'a str, &'a str), NodeId>,
    by_id: HashMap<(&'a str, &'a str), NodeId>,
}

/// What a reference leads to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Lead {
    /// This resource.
    To(NodeId),
    /// Several; this is the first.
    Several(NodeId),
    /// None, though a resource has the type and id: by the rules the reference leads elsewhere.
    Beside,
    /// None.
    Nowhere,
}

/// The elements on the way to a resource inside another (Bundle, Parameters).
const HOLDERS: [&str; 7] = ["contained", "entry", "resource", "response", "outcome", "parameter", "part"];

impl<'a> Index<'a> {
    /// Of this resource, without the Bundles inside it, which it notes as `inner`.
    pub(super) fn of(own: &Profiles, tree: &'a Tree, root: NodeId, inner: &mut Vec<NodeId>) -> Index<'a> {
        let bundle = tree.type_of(root) == own.types.bundle;
        let mut index = Index {
            bundle,
            kind: tree.child_text(root, "type").filter(|_| bundle).unwrap_or_default(),
            first: None,
            contained: HashMap::new(),
            by_url: HashMap::new(),
            by_version: HashMap::new(),
            by_id: HashMap::new(),
        };
        let key = Key::new("contained");
        let mut nodes = vec![root];
        while let Some(outer) = nodes.pop() {
            for part in tree.named(outer, &key) {
                if let Some(id) = tree.child_text(part, "id") {
                    index.contained.entry((outer, id)).or_insert(part);
                }
            }
            if !bundle && tree.name(outer) == "resource" {
                index.add_id(tree, outer);
            }
            if outer != root && tree.type_of(outer) == own.types.bundle {
                inner.push(outer);
                continue;
            }
            // Resources stand only at the root and in entries; parameters nest deeper.
            nodes.extend(tree.children(outer).filter(|&c| HOLDERS.contains(&tree.name(c))));
        }
        for entry in tree.at(root).all("entry").filter(|_| bundle) {
            if let Some(resource) = entry.child("resource") {
                index.add_entry(tree, entry.child_text("fullUrl"), resource.id);
            }
        }
        let first = tree.at(root).all("entry").next().filter(|_| bundle);
        index.first = first.and_then(|e| e.child("resource")).map(|r| r.id);
        index
    }

    fn add_entry(&mut self, tree: &'a Tree, url: Option<&'a str>, resource: NodeId) {
        if let Some(url) = url {
            let version_of = |r| tree.child(r, "meta").and_then(|m| tree.child_text(m, "versionId"));
            let version = version_of(resource);
            // The same version twice is told where it stands, not wherever it is referred to.
            let known = self.by_url.entry(url).or_insert((resource, false));
            known.1 |= version_of(known.0) != version;
            if let Some(version) = version {
                self.by_version.entry((url, version)).or_insert(resource);
            }
        }
        self.add_id(tree, resource);
    }

    /// Adds what a Bundle below finds by type and id, where this is no Bundle.
    pub(super) fn add_below(&mut self, inner: &Index<'a>) {
        for (key, resource) in inner.by_id.iter().filter(|_| !self.bundle) {
            self.by_id.entry(*key).or_insert(*resource);
        }
    }

    fn add_id(&mut self, tree: &'a Tree, resource: NodeId) {
        let named = |name| tree.child_text(resource, name);
        if let (Some(ty), Some(id)) = (named("resourceType"), named("id")) {
            self.by_id.entry((ty, id)).or_insert(resource);
        }
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
        matches!(self.kind, "message" | "document" | "transaction")
    }

    /// The Bundle's type; empty where the root is none.
    pub(super) fn kind(&self) -> &'a str {
        self.kind
    }

    /// The resource of the first entry.
    pub(super) fn first(&self) -> Option<NodeId> {
        self.first
    }

    /// The entry's resource with exactly this address.
    pub(super) fn at_url(&self, url: &str) -> Option<NodeId> {
        self.by_url.get(url).map(|(node, _)| *node)
    }

    /// Where `text`, standing at `node`, leads to (bundle.html §2.36.4.1).
    pub(super) fn lead(&self, run: &Run<'_>, node: NodeId, text: &str) -> Lead {
        let (text, version) = match text.split_once("/_history/") {
            Some((text, version)) => (text, Some(version)),
            None => (text, None),
        };
        let relative = text.split_once('/').filter(|(_, id)| !text.contains(':') && !id.contains('/'));
        let by_id = relative.and_then(|key| self.by_id.get(&key)).copied();
        if !self.bundle {
            return by_id.map_or(Lead::Nowhere, Lead::To);
        }
        let missed = by_id.map_or(Lead::Nowhere, |_| Lead::Beside);
        let own = || run.container(node).and_then(|c| full_url(run.tree, c));
        let absolute = match (relative, own()) {
            (None, _) => text.to_string(),
            // Nothing says where a resource without an address is; neither is it elsewhere.
            (Some(_), None) => return by_id.map_or(Lead::Nowhere, Lead::To),
            (Some((_, id)), Some(url)) => match based(url, text, id) {
                Some(absolute) => absolute,
                None => return missed,
            },
        };
        if let Some(version) = version {
            let found = self.by_version.get(&(absolute.as_str(), version));
            return found.map_or(missed, |&node| Lead::To(node));
        }
        match (self.by_url.get(absolute.as_str()), by_id) {
            (Some(&(node, true)), _) if self.kind != "history" => Lead::Several(node),
            (Some(&(node, _)), _) => Lead::To(node),
            (None, Some(node)) if full_url(run.tree, node).is_none() => Lead::To(node),
            (None, _) => missed,
        }
    }
}

/// The address of a relative reference inside the entry with this fullUrl: on the same server, or in
/// the same name space.
fn based(url: &str, text: &str, id: &str) -> Option<String> {
    if url.starts_with("http://") || url.starts_with("https://") {
        let end = url.rmatch_indices('/').nth(1).map(|(i, _)| i + 1)?;
        return Some(format!("{}{text}", &url[..end]));
    }
    let space = ["urn:uuid:", "urn:oid:"].into_iter().find(|space| url.starts_with(space))?;
    Some(format!("{space}{id}"))
}

/// The fullUrl of the entry that holds the resource.
pub(super) fn full_url(tree: &Tree, resource: NodeId) -> Option<&str> {
    let entry = tree.parent(resource)?;
    tree.child_text(entry, "fullUrl")
}
