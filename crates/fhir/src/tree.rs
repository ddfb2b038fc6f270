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

mod build;
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

/// A hash of a short name, eight bytes at a time; no key is needed because a hit is always confirmed by
/// comparing the bytes.
#[inline]
pub(crate) fn hash(name: impl AsRef<[u8]>) -> u32 {
    const ODD: u64 = 0x9E37_79B9_7F4A_7C15;
    let bytes = name.as_ref();
    let eight =
        |at: usize| bytes.get(at..at + 8).and_then(|b| b.try_into().ok()).map_or(0, u64::from_le_bytes);
    let four =
        |at: usize| bytes.get(at..at + 4).and_then(|b| b.try_into().ok()).map_or(0, u32::from_le_bytes);
    let mix = |h: u64, word: u64| {
        let h = (h ^ word).wrapping_mul(ODD);
        h ^ (h >> 32)
    };
    let mut h = (bytes.len() as u64).wrapping_mul(ODD);
    // The last word may overlap the one before it: the length is in the hash already.
    match bytes.len() {
        0 => {}
        1..4 => {
            let parts = [bytes[0], bytes[bytes.len() / 2], bytes[bytes.len() - 1]].map(u64::from);
            h = mix(h, parts[0] | parts[1] << 8 | parts[2] << 16);
        }
        4..8 => h = mix(h, u64::from(four(0)) | u64::from(four(bytes.len() - 4)) << 32),
        length => {
            for at in (0..length - 8).step_by(8) {
                h = mix(h, eight(at));
            }
            h = mix(h, eight(length - 8));
        }
    }
    h as u32
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

    /// As [`Tree::new`], with room for about so many nodes: a builder that knows saves the growing.
    pub fn with_room(name: &str, nodes: usize) -> Tree {
        let mut tree =
            Tree { text: String::with_capacity(nodes * 16), source: 0, nodes: Vec::with_capacity(nodes) };
        let name = tree.store(name);
        tree.push(NIL, name, Span { start: 0, end: 0 });
        tree
    }

    /// A tree with one empty object as root over the text that a reader of another format makes it from; the reader
    /// says where each node stands in it ([`Tree::set_span`]).
    pub fn reading(source: String, name: &str) -> Tree {
        Tree::over(source, name)
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

    /// How far apart the first and the last child lie. Small for nearly all nodes; no node has more
    /// children than this and one, as long as nothing was moved.
    #[inline]
    pub fn spread(&self, id: NodeId) -> u32 {
        let node = self.node(id);
        node.last.saturating_sub(node.first)
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

    /// About how many bytes it takes to write the tree.
    pub(crate) fn written_size(&self) -> usize {
        let built = self.text.len() - self.source as usize + self.nodes.len() * 8;
        if self.source == 0 { built + 64 } else { self.source as usize + 64 }
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
}

#[inline]
fn some(id: u32) -> Option<NodeId> {
    (id != NIL).then_some(NodeId(id))
}
