//! Ways to look at a tree: its children one by one, and a node together with its tree.
//!
//! Invariant: nothing printed here holds a value, because values may be person data. Deliberately
//! absent: anything that changes a tree.

use super::{Key, Kind, NodeId, Tree, TypeId, some};

/// Iterator over a node's children.
pub struct Children<'a> {
    tree: &'a Tree,
    next: u32,
}

impl<'a> Children<'a> {
    #[inline]
    pub(super) fn new(tree: &'a Tree, next: u32) -> Self {
        Children { tree, next }
    }
}

impl Iterator for Children<'_> {
    type Item = NodeId;

    #[inline]
    fn next(&mut self) -> Option<NodeId> {
        let id = some(self.next)?;
        self.next = self.tree.node(id).next;
        Some(id)
    }
}

/// Iterator over a node's children of one name.
pub struct Named<'a> {
    tree: &'a Tree,
    next: u32,
    key: &'a Key,
}

impl<'a> Named<'a> {
    #[inline]
    pub(super) fn new(tree: &'a Tree, next: u32, key: &'a Key) -> Self {
        Named { tree, next, key }
    }
}

impl Iterator for Named<'_> {
    type Item = NodeId;

    #[inline]
    fn next(&mut self) -> Option<NodeId> {
        // The hash decides for nearly all; going on costs one look at each node.
        while let Some(node) = self.tree.nodes.get(self.next as usize) {
            let id = NodeId(self.next);
            self.next = node.next;
            if node.hash == self.key.hash && self.tree.slice(node.name) == &*self.key.name {
                return Some(id);
            }
        }
        None
    }
}

/// A node and its tree, for passing around.
#[derive(Clone, Copy)]
pub struct NodeRef<'a> {
    /// The tree.
    pub tree: &'a Tree,
    /// The node.
    pub id: NodeId,
}

impl<'a> NodeRef<'a> {
    /// See [`Tree::name`].
    #[inline]
    pub fn name(self) -> &'a str {
        self.tree.name(self.id)
    }

    /// See [`Tree::text`].
    #[inline]
    pub fn text(self) -> Option<&'a str> {
        self.tree.text(self.id)
    }

    /// See [`Tree::kind`].
    #[inline]
    pub fn kind(self) -> Kind {
        self.tree.kind(self.id)
    }

    /// See [`Tree::children`].
    #[inline]
    pub fn children(self) -> impl Iterator<Item = NodeRef<'a>> {
        let tree = self.tree;
        tree.children(self.id).map(move |id| NodeRef { tree, id })
    }

    /// See [`Tree::parent`].
    #[inline]
    pub fn parent(self) -> Option<NodeRef<'a>> {
        self.tree.parent(self.id).map(|id| NodeRef { tree: self.tree, id })
    }

    /// The next sibling, whatever its name.
    #[inline]
    pub fn next(self) -> Option<NodeRef<'a>> {
        self.tree.next_of(self.id).map(|id| NodeRef { tree: self.tree, id })
    }

    /// The first child with this name.
    #[inline]
    pub fn child(self, name: &str) -> Option<NodeRef<'a>> {
        self.tree.child(self.id, name).map(|id| NodeRef { tree: self.tree, id })
    }

    /// The text of the first child with this name.
    #[inline]
    pub fn child_text(self, name: &str) -> Option<&'a str> {
        self.tree.child_text(self.id, name)
    }

    /// All children with this name.
    pub fn all(self, name: &str) -> impl Iterator<Item = NodeRef<'a>> {
        let key = Key::new(name);
        self.children().filter(move |c| c.tree.is_named(c.id, &key))
    }

    /// See [`Tree::path`].
    pub fn path(self) -> String {
        self.tree.path(self.id)
    }

    /// See [`Tree::type_of`].
    #[inline]
    pub fn type_of(self) -> TypeId {
        self.tree.type_of(self.id)
    }
}

impl std::fmt::Debug for Tree {
    /// The size only: a tree may hold person data.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Tree of {} nodes", self.nodes.len())
    }
}

impl PartialEq for NodeRef<'_> {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.tree, other.tree) && self.id == other.id
    }
}

impl std::fmt::Debug for NodeRef<'_> {
    /// The place only: values may be person data.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.path())
    }
}
