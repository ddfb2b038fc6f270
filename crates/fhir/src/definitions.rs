//! What FHIR R4 defines: types, their elements, cardinalities, bindings, invariants, codes.
//!
//! The facts come from `definitions/r4.table`, which `examples/make-definitions.rs` writes from the
//! published core package (`cargo run -p sluss-fhir --example make-definitions -- hl7.fhir.r4.core.tgz
//! > crates/fhir/definitions/r4.table`); logical models of foreign formats are added at run time.
//!
//! Invariants: a `TypeId` stays valid in every clone; every type named by an element exists.
//! Deliberately absent: profiles (see `profile`), prose, extensible and weaker value sets.

mod invariant;
pub(crate) mod logical;
mod names;
mod table;
mod xml;

pub(crate) use names::Found;
pub(crate) use xml::Placed;
pub use xml::{XmlFacts, XmlForm};

use crate::names::NameMap;
use crate::primitive::{Simple, simple};
pub use invariant::Invariant;
pub(crate) use invariant::Quick;

use crate::terms::{Terms, unversioned};
use crate::tree::{Key, Kind, NodeId, Tree, TypeId, hash};
use std::sync::OnceLock;

/// What kind of thing a type is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TypeKind {
    /// A FHIR primitive: one value, perhaps with id and extensions.
    Primitive,
    /// A FHIR data type with elements.
    Complex,
    /// A group of elements inside another type, named by its path (`Patient.contact`).
    Backbone,
    /// A resource.
    Resource,
    /// A foreign format described by a logical model, or a group inside it.
    Logical,
}

/// How strictly a coded element is tied to its value set (FHIR R4 terminologies.html §4.1.3).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Strength {
    /// Only codes of the value set.
    Required,
    /// Codes of the value set where one fits.
    Extensible,
    /// Encouraged.
    Preferred,
    /// For illustration.
    Example,
}

impl Strength {
    /// From the code of `ElementDefinition.binding.strength`.
    pub fn from_code(code: &str) -> Option<Strength> {
        match code {
            "required" => Some(Strength::Required),
            "extensible" => Some(Strength::Extensible),
            "preferred" => Some(Strength::Preferred),
            "example" => Some(Strength::Example),
            _ => None,
        }
    }
}

/// A tie between a coded element and a value set.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Binding {
    /// How strict.
    pub strength: Strength,
    /// Canonical URL of the value set, without version.
    pub value_set: Box<str>,
}

/// One element of a type.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Element {
    /// The name; for a choice element without the suffix (`value` for `value[x]`).
    pub name: Box<str>,
    /// The name's hash, to compare it with others quickly.
    pub(crate) hash: u32,
    /// Is it a choice of types (`[x]`)?
    pub choice: bool,
    /// The allowed types; backbone elements and content references have exactly one.
    pub types: Vec<TypeId>,
    /// Canonical URLs of what a Reference (or canonical) may point at; empty: anything.
    pub targets: Vec<Box<str>>,
    /// Profiles that the definitions themselves ask of a type (`SimpleQuantity`).
    pub profiles: Vec<Box<str>>,
    /// Fewest repetitions.
    pub min: u32,
    /// Most repetitions; `None` is `*`.
    pub max: Option<u32>,
    /// The tie to a value set.
    pub binding: Option<Binding>,
    /// Rules stated on this element alone (those of a backbone element stand on its type).
    pub invariants: Vec<Invariant>,
    /// How it stands in XML, where that is not as FHIR's own elements do.
    pub xml: Option<Box<XmlFacts>>,
}

impl Element {
    /// Is it written as an array in JSON?
    pub fn repeats(&self) -> bool {
        self.max != Some(1)
    }
}

#[derive(Clone)]
struct Type {
    name: Box<str>,
    kind: TypeKind,
    parent: Option<TypeId>,
    abstract_type: bool,
    elements: Vec<Element>,
    names: names::Names,
    /// One bit for each choice element by its name's hash, inherited ones too: what is not in here is
    /// no choice.
    choices: u64,
    simple: Option<Simple>,
    invariants: Vec<Invariant>,
    /// Is there an invariant, inherited ones too, that the walk does not check by itself?
    asks: bool,
    xml: Option<Box<XmlFacts>>,
}

/// The types known, and the codes of the value sets that required bindings name.
#[derive(Clone, Default)]
pub struct Definitions {
    types: Vec<Type>,
    by_name: NameMap<TypeId>,
    terms: Terms,
}

impl Definitions {
    /// FHIR R4 (4.0.1), parsed once per process from the embedded table.
    pub fn r4() -> &'static Definitions {
        static R4: OnceLock<Definitions> = OnceLock::new();
        R4.get_or_init(|| table::parse(include_str!("../definitions/r4.table")))
    }

    /// The type of this name: `Patient`, `HumanName`, `Patient.contact`, `string`, or of this
    /// canonical URL.
    pub fn type_id(&self, name: &str) -> Option<TypeId> {
        let core = || unversioned(name).strip_prefix("http://hl7.org/fhir/StructureDefinition/");
        self.by_name.get(name).or_else(|| self.by_name.get(core()?)).copied()
    }

    /// The type's name; empty for [`TypeId::NONE`] and foreign ids.
    pub fn type_name(&self, ty: TypeId) -> &str {
        self.get(ty).map_or("", |t| &t.name)
    }

    /// The type's kind.
    pub fn kind(&self, ty: TypeId) -> Option<TypeKind> {
        self.get(ty).map(|t| t.kind)
    }

    /// The type that this one specialises.
    pub fn parent_type(&self, ty: TypeId) -> Option<TypeId> {
        self.get(ty).and_then(|t| t.parent)
    }

    /// Is `ty` the type `ancestor` or a specialisation of it?
    pub fn is_a(&self, ty: TypeId, ancestor: TypeId) -> bool {
        self.line(ty).any(|(id, _)| id == ancestor)
    }

    /// Is it a FHIR primitive type?
    pub fn is_primitive(&self, ty: TypeId) -> bool {
        self.kind(ty) == Some(TypeKind::Primitive)
    }

    /// Is it a resource type?
    pub fn is_resource(&self, ty: TypeId) -> bool {
        self.kind(ty) == Some(TypeKind::Resource)
    }

    /// Which simple value an element of this type has; nothing for a type with elements of its own,
    /// but for Quantity.
    #[inline]
    pub fn simple(&self, ty: TypeId) -> Option<Simple> {
        self.get(ty).and_then(|t| t.simple)
    }

    /// Is it a type of which there can be no instance (`Resource`, `Element`)?
    pub fn is_abstract(&self, ty: TypeId) -> bool {
        self.get(ty).is_some_and(|t| t.abstract_type)
    }

    /// All types, in the order of the table.
    pub fn types(&self) -> impl Iterator<Item = TypeId> {
        (0..self.types.len() as u32).map(TypeId)
    }

    /// The codes of the value sets known, for adding to.
    pub fn terms_mut(&mut self) -> &mut Terms {
        &mut self.terms
    }

    /// The codes of the value sets known.
    pub fn terms(&self) -> &Terms {
        &self.terms
    }

    /// The element of `parent` that an instance calls `name`: the name itself, a choice with its
    /// type (`valueQuantity`) or a choice without (`value`).
    pub fn element(&self, parent: TypeId, name: &str) -> Option<&Element> {
        self.find(parent, name, hash(name)).map(|found| found.element)
    }

    /// The type that the suffix of an instance name chooses (`valueQuantity` → `Quantity`); `None`
    /// when the element is no choice or the suffix is missing.
    pub fn choice_type(&self, parent: TypeId, instance_name: &str) -> Option<TypeId> {
        let found = self.find(parent, instance_name, hash(instance_name))?;
        found.ty.filter(|_| found.element.choice)
    }

    /// The type of the child that an instance calls `name`, where the name decides it. The type of
    /// a contained resource is `Resource`; only the instance knows better.
    pub fn child_type(&self, parent: TypeId, name: &str) -> Option<TypeId> {
        self.find(parent, name, hash(name)).and_then(|found| found.ty)
    }

    /// The elements of a type in model order, inherited ones first.
    pub fn elements(&self, parent: TypeId) -> impl Iterator<Item = &Element> {
        let own = self.get(parent);
        let mut line: Vec<(TypeId, &Type)> = self.line(parent).collect();
        line.reverse();
        line.into_iter().flat_map(move |(id, t)| {
            let hidden = move |e: &&Element| {
                id == parent || !own.is_some_and(|o| o.elements.iter().any(|x| x.name == e.name))
            };
            t.elements.iter().filter(hidden)
        })
    }

    /// The elements that every instance must have, inherited ones too, in no particular order.
    pub(crate) fn required(&self, parent: TypeId) -> impl Iterator<Item = &Element> {
        self.line(parent).flat_map(|(_, t)| t.elements.iter().filter(|e| e.min > 0))
    }

    /// The rank of a child in model order, for [`Tree::sort_children`]; `resourceType` is first,
    /// unknown names are last.
    pub fn order(&self, parent: TypeId, name: &str) -> u32 {
        if name == "resourceType" {
            return 0;
        }
        let Some(found) = self.element(parent, name) else { return u32::MAX };
        let rank = self.elements(parent).position(|e| std::ptr::eq(e, found));
        rank.map_or(u32::MAX, |r| r as u32 + 1)
    }

    /// The invariants stated on the type itself and on all it inherits from, nearest first.
    pub fn invariants(&self, ty: TypeId) -> impl Iterator<Item = &Invariant> {
        self.line(ty).flat_map(|(_, t)| t.invariants.iter())
    }

    /// Gives every node its type, from the root's `resourceType` down.
    pub fn annotate(&self, tree: &mut Tree) {
        let root = tree.root();
        let name = tree.child_text(root, "resourceType").unwrap_or_else(|| tree.name(root));
        let ty = self.type_id(name).unwrap_or(TypeId::NONE);
        self.annotate_as(tree, ty);
    }

    /// Gives every node its type, the root being of type `root`: for foreign documents.
    pub fn annotate_as(&self, tree: &mut Tree, root: TypeId) {
        let (top, resource_type) = (tree.root(), Key::new("resourceType"));
        tree.set_type(top, self.own_type(tree, top, root, &resource_type));
        for id in (0..tree.len() as u32).map(NodeId) {
            let Some(parent) = tree.parent(id) else { continue };
            let found = match tree.type_of(parent) {
                TypeId::NONE => None,
                parent => self.find(parent, tree.name(id), tree.name_hash(id)),
            };
            let (owner, place) = found.map_or((TypeId::NONE, 0), |f| (f.owner, f.place));
            let marked = found.and_then(|f| self.marked_type(f.element, tree.at(id)));
            let ty = marked.or(found.and_then(|f| f.ty)).unwrap_or(TypeId::NONE);
            tree.set_element(id, owner, place);
            tree.set_type(id, self.own_type(tree, id, ty, &resource_type));
        }
    }

    /// The type that a resource says it is, where that is a kind of the type expected.
    fn own_type(&self, tree: &Tree, id: NodeId, expected: TypeId, resource_type: &Key) -> TypeId {
        if !self.is_resource(expected) {
            return expected;
        }
        let named = tree.named(id, resource_type).next().and_then(|n| self.type_id(tree.text(n)?));
        named.filter(|&t| self.is_a(t, expected)).unwrap_or(expected)
    }

    /// The element that the node is an instance of, by its annotation.
    pub fn element_of(&self, tree: &Tree, node: NodeId) -> Option<&Element> {
        let name = tree.name(node);
        let annotated = tree.element_at(node).and_then(|(owner, place)| {
            let element = self.get(owner)?.elements.get(place as usize)?;
            // A tree may have been annotated by other definitions.
            name.starts_with(&*element.name).then_some(element)
        });
        annotated.or_else(|| {
            let parent = tree.type_of(tree.parent(node)?);
            self.find(parent, name, tree.name_hash(node)).map(|found| found.element)
        })
    }

    /// The JSON kind in which values of this primitive type are written.
    pub fn json_kind(&self, ty: TypeId) -> Kind {
        if !self.is_primitive(ty) {
            return Kind::Object;
        }
        let known = |name: &str| match name {
            "boolean" => Some(Kind::Boolean),
            "integer" | "decimal" => Some(Kind::Number),
            _ => None,
        };
        self.line(ty).find_map(|(_, t)| known(&t.name)).unwrap_or(Kind::String)
    }

    /// Does the type have invariants, inherited ones too, that validation must ask about?
    pub(crate) fn asks(&self, ty: TypeId) -> bool {
        self.get(ty).is_some_and(|t| t.asks)
    }

    /// Every invariant stated on a type or an element, to be numbered.
    pub(crate) fn all_invariants_mut(&mut self) -> impl Iterator<Item = &mut Invariant> {
        self.types.iter_mut().flat_map(|t| {
            t.invariants.iter_mut().chain(t.elements.iter_mut().flat_map(|e| e.invariants.iter_mut()))
        })
    }

    #[inline]
    fn get(&self, ty: TypeId) -> Option<&Type> {
        self.types.get(ty.0 as usize)
    }

    /// A type and what it inherits from, nearest first.
    fn line(&self, ty: TypeId) -> impl Iterator<Item = (TypeId, &Type)> {
        let first = self.get(ty).map(|t| (ty, t));
        std::iter::successors(first, |(_, t)| t.parent.and_then(|p| self.get(p).map(|t| (p, t))))
    }

    /// Adds a type, or gives the one of this name anew (without elements).
    fn add_type(
        &mut self,
        name: &str,
        kind: TypeKind,
        parent: Option<TypeId>,
        abstract_type: bool,
    ) -> TypeId {
        let fresh = Type {
            name: name.into(),
            kind,
            parent,
            abstract_type,
            elements: Vec::new(),
            names: names::Names::default(),
            choices: 0,
            simple: simple(name),
            invariants: Vec::new(),
            asks: false,
            xml: None,
        };
        if let Some(&id) = self.by_name.get(name) {
            self.types[id.0 as usize] = fresh;
            return id;
        }
        let id = TypeId(self.types.len() as u32);
        self.types.push(fresh);
        self.by_name.insert(name.into(), id);
        id
    }
}

impl std::fmt::Debug for Definitions {
    /// The size only; the whole is long.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Definitions of {} types", self.types.len())
    }
}
