//! The tree that every format is read into and written from.
//!
//! One flat vector of nodes over one text buffer. A repetition of an element is a run of sibling
//! nodes with the same name, as in the FHIR data model; the `list` mark remembers that JSON wrote
//! (or shall write) an array. A FHIR primitive is one node that may have both a value and children
//! (`id`, `extension`).
//!
//! Invariants: node 0 is the root; `parent`, `first`, `last` and `next` always form one tree;
//! numbers keep the text they were written with; spans of nodes read from a source lie inside it.
//! Deliberately absent: removal that reuses slots (a detached node stays in the vector until the
//! tree is dropped) and any type inference (see the definitions).

mod view;

pub use view::{Children, Named, NodeRef};

/// Index of a node in its [`Tree`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct NodeId(pub(crate) u32);

impl NodeId {
    /// Its place among the nodes ever made in its tree: below [`Tree::len`].
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// Index of a type in the definitions that annotated the tree; `TypeId::NONE` before annotation.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct TypeId(pub u32);

impl TypeId {
    /// Not annotated, or not known to the definitions.
    pub const NONE: TypeId = TypeId(u32::MAX);
}

const NIL: u32 = u32::MAX;

/// Half-open byte range in the source text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

/// What a node holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Children only (or nothing yet).
    Object,
    /// A text value. Dates, codes and all FHIR primitives written as JSON strings are this.
    String,
    /// A number, kept as written.
    Number,
    /// `true` or `false`.
    Boolean,
    /// JSON `null` where it stands alone (a primitive known only by its children has it too).
    Null,
    /// An empty JSON array: no repetition, but written. FHIR forbids it; foreign JSON may have it.
    Empty,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Slice {
    start: u32,
    len: u32,
}

const NO_TEXT: Slice = Slice { start: NIL, len: 0 };

#[derive(Clone, Debug)]
struct Node {
    hash: u32,
    name: Slice,
    value: Slice,
    span: Span,
    parent: u32,
    first: u32,
    last: u32,
    next: u32,
    ty: TypeId,
    /// The element that annotation found: its place in the type that states it.
    owner: TypeId,
    place: u16,
    kind: Kind,
    list: bool,
}

/// An element name with its hash, made once and compared often.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Key {
    hash: u32,
    name: Box<str>,
}

impl Key {
    /// Prepares `name` for look-ups.
    pub fn new(name: &str) -> Key {
        Key { hash: hash(name), name: name.into() }
    }

    /// The name itself.
    #[inline]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The name's hash, as [`hash`] makes it.
    #[inline]
    pub(crate) fn hash(&self) -> u32 {
        self.hash
    }
}

/// FNV-1a: short names, no key needed because a hit is always confirmed by comparing the bytes.
pub(crate) fn hash(name: &str) -> u32 {
    name.bytes().fold(0x811c_9dc5, |h, b| (h ^ u32::from(b)).wrapping_mul(0x0100_0193))
}

/// A document as a tree of named nodes. See the module's head.
#[derive(Clone)]
pub struct Tree {
    text: String,
    source: u32,
    nodes: Vec<Node>,
}

impl Tree {
    /// A tree with one empty object as root. `name` is the root's name: for a FHIR resource the
    /// resource type, for a foreign document whatever its model calls it.
    pub fn new(name: &str) -> Tree {
        Tree::over(String::new(), name)
    }

    /// A tree over a source text whose nodes' values will mostly be slices of it.
    pub(crate) fn over(text: String, name: &str) -> Tree {
        let source = text.len() as u32;
        let mut tree = Tree { text, source, nodes: Vec::with_capacity(source as usize / 24 + 8) };
        let name = tree.store(name);
        tree.push(NIL, name, Span { start: 0, end: source });
        tree
    }

    /// The source text this tree was read from; empty for a built tree.
    pub fn source(&self) -> &str {
        self.text.get(..self.source as usize).unwrap_or_default()
    }

    /// The root node.
    pub fn root(&self) -> NodeId {
        NodeId(0)
    }

    /// A node together with its tree.
    #[inline]
    pub fn at(&self, id: NodeId) -> NodeRef<'_> {
        NodeRef { tree: self, id }
    }

    /// How many nodes were ever made; an upper bound of the tree's size.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Never: there is always a root. Present because `len` is.
    pub fn is_empty(&self) -> bool {
        false
    }

    #[inline]
    fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0 as usize]
    }

    #[inline]
    fn slice(&self, s: Slice) -> &str {
        let start = s.start as usize;
        self.text.get(start..start + s.len as usize).unwrap_or_default()
    }

    /// The element's name as the instance has it (`valueQuantity`, not `value[x]`). The root of a
    /// FHIR resource is named by its type.
    #[inline]
    pub fn name(&self, id: NodeId) -> &str {
        self.slice(self.node(id).name)
    }

    /// What the node holds.
    #[inline]
    pub fn kind(&self, id: NodeId) -> Kind {
        self.node(id).kind
    }

    /// The primitive value as written (decimals and dates keep their text), if there is one.
    #[inline]
    pub fn text(&self, id: NodeId) -> Option<&str> {
        let node = self.node(id);
        (node.value != NO_TEXT).then(|| self.slice(node.value))
    }

    /// True if the element is (or shall be) written as a member of a JSON array.
    #[inline]
    pub fn is_list(&self, id: NodeId) -> bool {
        self.node(id).list
    }

    /// Where the node stands in the source; for a node that was built, an empty span at 0.
    pub fn span(&self, id: NodeId) -> Span {
        self.node(id).span
    }

    /// The type that annotation gave the node.
    #[inline]
    pub fn type_of(&self, id: NodeId) -> TypeId {
        self.node(id).ty
    }

    /// Where annotation found the node's element: the type that states it, and its place there.
    pub(crate) fn element_at(&self, id: NodeId) -> Option<(TypeId, u16)> {
        let node = self.node(id);
        (node.owner != TypeId::NONE).then_some((node.owner, node.place))
    }

    /// The parent, unless this is the root or detached.
    #[inline]
    pub fn parent(&self, id: NodeId) -> Option<NodeId> {
        some(self.node(id).parent)
    }

    /// All children in document order.
    #[inline]
    pub fn children(&self, id: NodeId) -> Children<'_> {
        Children::new(self, self.node(id).first)
    }

    /// The children with this name, in order.
    #[inline]
    pub fn named<'a>(&'a self, id: NodeId, key: &'a Key) -> Named<'a> {
        Named::new(self, self.node(id).first, key)
    }

    /// Does the node bear this name?
    #[inline]
    pub fn is_named(&self, id: NodeId, key: &Key) -> bool {
        let node = self.node(id);
        node.hash == key.hash && self.slice(node.name) == &*key.name
    }

    /// The first child with this name: convenient for single elements; hot paths use [`Key`].
    pub fn child(&self, id: NodeId, name: &str) -> Option<NodeId> {
        let hash = hash(name);
        self.children(id).find(|&c| self.node(c).hash == hash && self.name(c) == name)
    }

    /// The text of the first child with this name.
    pub fn child_text(&self, id: NodeId, name: &str) -> Option<&str> {
        self.child(id, name).and_then(|c| self.text(c))
    }

    /// Where a node is, as FHIR writes it: `Bundle.entry[0].resource.name[1].given[0]`. An index
    /// is printed where the element is a list.
    pub fn path(&self, id: NodeId) -> String {
        let mut parts = Vec::new();
        let mut at = Some(id);
        while let Some(n) = at {
            let parent = self.parent(n);
            let mut part = self.name(n).to_string();
            if let (true, Some(p)) = (self.is_list(n), parent) {
                let hash = self.node(n).hash;
                let before = self.children(p).take_while(|&c| c != n);
                let index = before.filter(|&c| self.node(c).hash == hash && self.name(c) == self.name(n));
                part.push_str(&format!("[{}]", index.count()));
            }
            parts.push(part);
            at = parent;
        }
        parts.reverse();
        parts.join(".")
    }

    /// A piece of the text buffer: of the source, or of what was decoded behind it.
    pub(crate) fn text_at(&self, span: Span) -> &str {
        self.text.get(span.start as usize..span.end as usize).unwrap_or_default()
    }

    /// The next sibling, whatever its name.
    #[inline]
    pub(crate) fn next_of(&self, id: NodeId) -> Option<NodeId> {
        some(self.node(id).next)
    }

    /// The hash of the node's name, as [`hash`] makes it.
    #[inline]
    pub(crate) fn name_hash(&self, id: NodeId) -> u32 {
        self.node(id).hash
    }

    // ---- building ----

    /// Keeps a text in the buffer and tells where.
    pub(crate) fn keep(&mut self, s: &str) -> Span {
        let slice = self.store(s);
        Span { start: slice.start, end: slice.start + slice.len }
    }

    fn store(&mut self, s: &str) -> Slice {
        let start = self.text.len() as u32;
        self.text.push_str(s);
        Slice { start, len: s.len() as u32 }
    }

    fn push(&mut self, parent: u32, name: Slice, span: Span) -> NodeId {
        let id = self.nodes.len() as u32;
        let hash = hash(self.slice(name));
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
        let slice = Slice { start: name.start, len: name.end - name.start };
        let id = self.push(parent.0, slice, span);
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

    pub(crate) fn set_span(&mut self, id: NodeId, span: Span) {
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

#[inline]
fn some(id: u32) -> Option<NodeId> {
    (id != NIL).then_some(NodeId(id))
}
