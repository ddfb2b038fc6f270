//! Building a tree: nodes and texts added, changed, moved, taken away.
//!
//! Invariant: as the tree's own; a text that is added is kept behind the source and never moved.
//! Deliberately absent: freeing what is detached, which goes with the tree.

use super::{Kind, NIL, NO_TEXT, Node, NodeId, NodeRef, Slice, Span, Tree, TypeId, hash};

impl Tree {
    /// Keeps a text in the buffer and tells where.
    pub(crate) fn keep(&mut self, s: &str) -> Span {
        let slice = self.store(s);
        Span { start: slice.start, end: slice.start + slice.len }
    }

    pub(super) fn store(&mut self, s: &str) -> Slice {
        let start = self.text.len() as u32;
        self.text.push_str(s);
        Slice { start, len: s.len() as u32 }
    }

    pub(super) fn push(&mut self, parent: u32, name: Slice, span: Span) -> NodeId {
        let hash = hash(self.slice(name));
        self.push_hashed(parent, name, hash, span)
    }

    fn push_hashed(&mut self, parent: u32, name: Slice, hash: u32, span: Span) -> NodeId {
        let id = self.nodes.len() as u32;
        self.nodes.push(Node {
            hash,
            name,
            value: NO_TEXT,
            span,
            parent,
            first: NIL,
            last: NIL,
            next: NIL,
            ty: TypeId::NONE,
            owner: TypeId::NONE,
            place: 0,
            kind: Kind::Object,
            list: false,
        });
        if parent != NIL {
            let last = self.nodes[parent as usize].last;
            match last {
                NIL => self.nodes[parent as usize].first = id,
                last => self.nodes[last as usize].next = id,
            }
            self.nodes[parent as usize].last = id;
        }
        NodeId(id)
    }

    /// Appends an empty object named `name` to `parent`. `list`: write it as a member of an array.
    pub fn add(&mut self, parent: NodeId, name: &str, list: bool) -> NodeId {
        let name = self.store(name);
        let id = self.push(parent.0, name, Span { start: 0, end: 0 });
        self.nodes[id.0 as usize].list = list;
        id
    }

    /// Appends a child whose name is the source text's bytes `name` (used by readers).
    pub(crate) fn add_sliced(&mut self, parent: NodeId, name: Span, list: bool, span: Span) -> NodeId {
        let hash = hash(self.text_at(name));
        self.add_hashed(parent, (name, hash), list, span)
    }

    /// The same, with the name's hash.
    pub(crate) fn add_hashed(
        &mut self,
        parent: NodeId,
        (name, hash): (Span, u32),
        list: bool,
        span: Span,
    ) -> NodeId {
        let slice = Slice { start: name.start, len: name.end - name.start };
        let id = self.push_hashed(parent.0, slice, hash, span);
        self.nodes[id.0 as usize].list = list;
        id
    }

    /// Gives the node a value.
    pub fn set(&mut self, id: NodeId, kind: Kind, text: &str) {
        let value = self.store(text);
        let node = &mut self.nodes[id.0 as usize];
        node.kind = kind;
        node.value = value;
    }

    /// Gives the node a value that is a slice of the source (used by readers).
    pub(crate) fn set_sliced(&mut self, id: NodeId, kind: Kind, value: Span) {
        let node = &mut self.nodes[id.0 as usize];
        node.kind = kind;
        node.value = Slice { start: value.start, len: value.end - value.start };
    }

    /// Marks a node's kind where it has no text (`Object`, `Null`, `Empty`).
    pub fn set_kind(&mut self, id: NodeId, kind: Kind) {
        self.nodes[id.0 as usize].kind = kind;
    }

    /// Sets the `list` mark.
    pub fn set_list(&mut self, id: NodeId, list: bool) {
        self.nodes[id.0 as usize].list = list;
    }

    /// Sets the type; called by annotation and by builders that know their model.
    pub fn set_type(&mut self, id: NodeId, ty: TypeId) {
        self.nodes[id.0 as usize].ty = ty;
    }

    pub(crate) fn set_element(&mut self, id: NodeId, owner: TypeId, place: u16) {
        let node = &mut self.nodes[id.0 as usize];
        (node.owner, node.place) = (owner, place);
    }

    /// Says where in the source a node stands; for readers.
    pub fn set_span(&mut self, id: NodeId, span: Span) {
        self.nodes[id.0 as usize].span = span;
    }

    /// Renames a node (a resource's root takes its type's name).
    pub fn rename(&mut self, id: NodeId, name: &str) {
        let slice = self.store(name);
        let hash = hash(name);
        let node = &mut self.nodes[id.0 as usize];
        node.name = slice;
        node.hash = hash;
    }

    /// Appends a child with a string value.
    pub fn add_text(&mut self, parent: NodeId, name: &str, list: bool, text: &str) -> NodeId {
        let id = self.add(parent, name, list);
        self.set(id, Kind::String, text);
        id
    }

    /// Detaches a node and all below it. The root cannot be detached.
    pub fn remove(&mut self, id: NodeId) {
        let parent = self.node(id).parent;
        if parent == NIL {
            return;
        }
        let after = self.node(id).next;
        let mut before = NIL;
        let mut at = self.nodes[parent as usize].first;
        while at != NIL && at != id.0 {
            before = at;
            at = self.nodes[at as usize].next;
        }
        match before {
            NIL => self.nodes[parent as usize].first = after,
            b => self.nodes[b as usize].next = after,
        }
        if self.nodes[parent as usize].last == id.0 {
            self.nodes[parent as usize].last = before;
        }
        let node = &mut self.nodes[id.0 as usize];
        node.parent = NIL;
        node.next = NIL;
    }

    /// Copies value and children of `from` (any tree) into `to`, keeping `to`'s own name and list
    /// mark. Source spans are not carried over.
    pub fn copy_into(&mut self, to: NodeId, from: NodeRef<'_>) {
        let mut work = vec![(to, from.id)];
        while let Some((to, at)) = work.pop() {
            let kind = from.tree.kind(at);
            match from.tree.text(at) {
                Some(text) => self.set(to, kind, text),
                None => self.set_kind(to, kind),
            }
            self.set_type(to, from.tree.type_of(at));
            let first = work.len();
            for child in from.tree.children(at) {
                let id = self.add(to, from.tree.name(child), from.tree.is_list(child));
                work.push((id, child));
            }
            work[first..].reverse();
        }
    }

    /// Puts each node's children in the order given by `rank` (stable); used to write a built tree
    /// in its model's order.
    pub fn sort_children(&mut self, id: NodeId, rank: impl Fn(&Tree, NodeId) -> u32) {
        let mut order: Vec<NodeId> = self.children(id).collect();
        order.sort_by_key(|&c| rank(self, c));
        let mut before = NIL;
        for c in &order {
            match before {
                NIL => self.nodes[id.0 as usize].first = c.0,
                b => self.nodes[b as usize].next = c.0,
            }
            self.nodes[c.0 as usize].next = NIL;
            before = c.0;
        }
        self.nodes[id.0 as usize].last = before;
    }
}
