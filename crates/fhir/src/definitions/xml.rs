//! How types and elements stand in XML: names, namespaces, attributes, text.
//!
//! The facts are those of StructureDefinition itself: `ElementDefinition.representation`, and HL7's
//! extensions for namespace, XML name, default type and free order. Where nothing is said, an element
//! is an element in FHIR's namespace and a primitive has its value in the attribute `value`.
//!
//! Invariant: a name or namespace taken in here can be written in XML. Deliberately absent: choice
//! groups inside mixed content (the parts of a CDA address), and formats of dates.

use super::{Definitions, Element, Found, Type, TypeId, TypeKind};
use crate::tree::{NodeId, NodeRef, Tree, hash};
use crate::xml::{FHIR_NAMESPACE, TYPE_MARK, XHTML_NAMESPACE, is_nc_name, unwritable};

const NAMESPACE: [&str; 2] = [
    "http://hl7.org/fhir/StructureDefinition/elementdefinition-namespace",
    "http://hl7.org/fhir/tools/StructureDefinition/xml-namespace",
];
const NAME: [&str; 2] = [
    "http://hl7.org/fhir/StructureDefinition/elementdefinition-xml-name",
    "http://hl7.org/fhir/tools/StructureDefinition/xml-name",
];
const DEFAULT_TYPE: [&str; 1] = ["http://hl7.org/fhir/StructureDefinition/elementdefinition-defaulttype"];
/// Our own, on a whole logical model: its primitives have their values as text, not as attributes.
const VALUE_AS_TEXT: [&str; 1] = ["https://sluss.example/fhir/StructureDefinition/xml-value-as-text"];
const ANY_ORDER: [&str; 1] = ["http://hl7.org/fhir/StructureDefinition/structuredefinition-xml-no-order"];

/// The word that logical models use for "in no namespace", which a URI cannot say.
const NO_NAMESPACE: &str = "noNamespace";

/// What an element is in XML.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum XmlForm {
    /// An element.
    #[default]
    Element,
    /// An attribute of the element above.
    Attribute,
    /// The text of the element above. On a primitive type: its value is the text of its element.
    Text,
    /// An element that is kept as it is written (CDA narrative).
    Markup,
}

/// How an element (or a type, as the root of a document) stands in XML.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct XmlFacts {
    /// What it is.
    pub form: XmlForm,
    /// Its name, where that is not the model's.
    pub name: Option<Box<str>>,
    /// Its namespace; empty: in none. `None`: FHIR's for an element, none for an attribute.
    pub namespace: Option<Box<str>>,
    /// Is the value of a primitive its text, whatever its type says?
    pub value_as_text: bool,
    /// Does `xsi:type` tell its type?
    pub typed: bool,
    /// The type where `xsi:type` is missing.
    pub default_type: Option<TypeId>,
    /// Of a type: may its elements come in any order?
    pub any_order: bool,
}

/// An element found in a type, with its place in model order.
#[derive(Clone, Copy)]
pub(crate) struct Placed<'d> {
    pub element: &'d Element,
    /// The type that the name decides.
    pub ty: Option<TypeId>,
    pub rank: u32,
    owner: TypeId,
    place: u16,
}

impl Placed<'_> {
    /// Tells a node which element it is, and of which type.
    pub fn annotate(&self, tree: &mut Tree, node: NodeId, ty: TypeId) {
        tree.set_element(node, self.owner, self.place);
        tree.set_type(node, ty);
    }
}

impl Element {
    /// What it is in XML.
    pub fn xml_form(&self) -> XmlForm {
        self.xml.as_ref().map_or(XmlForm::Element, |facts| facts.form)
    }

    pub(crate) fn xml_name(&self) -> Option<&str> {
        self.xml.as_ref().and_then(|facts| facts.name.as_deref())
    }
}

impl Definitions {
    /// The element that an instance calls `name`, with its place in model order.
    pub(crate) fn ranked(&self, parent: TypeId, name: &str) -> Option<Placed<'_>> {
        let Found { element, ty, owner, place } = self.find(parent, name, hash(name))?;
        let inherited: usize = self.line(owner).skip(1).map(|(_, t)| t.elements.len()).sum();
        Some(Placed { element, ty, rank: (inherited + usize::from(place)) as u32, owner, place })
    }

    /// The element or attribute that XML calls `name` in `namespace`.
    pub(crate) fn in_xml(
        &self,
        parent: TypeId,
        namespace: &str,
        name: &str,
        attribute: bool,
    ) -> Option<Placed<'_>> {
        let fits = |found: &Placed<'_>| {
            (found.element.xml_form() == XmlForm::Attribute) == attribute
                && found.element.xml_form() != XmlForm::Text
                && self.xml_namespace(found.element) == namespace
        };
        let plain = self.ranked(parent, name).filter(|f| f.element.xml_name().is_none_or(|n| n == name));
        let renamed = || self.elements(parent).filter(|e| e.xml_name() == Some(name));
        plain.filter(fits).or_else(|| renamed().filter_map(|e| self.ranked(parent, &e.name)).find(fits))
    }

    /// The element that is the text of its parent's element.
    pub(crate) fn text_element(&self, parent: TypeId) -> Option<Placed<'_>> {
        let name = |e: &&Element| e.xml_form() == XmlForm::Text;
        self.elements(parent).find(name).and_then(|e| self.ranked(parent, &e.name))
    }

    /// The namespace of an element or attribute; empty: in none.
    pub(crate) fn xml_namespace<'d>(&self, element: &'d Element) -> &'d str {
        let facts = element.xml.as_ref();
        match facts.and_then(|f| f.namespace.as_deref()) {
            Some(namespace) => namespace,
            None if facts.is_some_and(|f| f.form == XmlForm::Attribute) => "",
            None if element.types.first().is_some_and(|&t| self.is_xhtml(t)) => XHTML_NAMESPACE,
            None => FHIR_NAMESPACE,
        }
    }

    /// Is the element kept as it is written?
    pub(crate) fn is_markup(&self, element: &Element, ty: TypeId) -> bool {
        element.xml_form() == XmlForm::Markup || (self.is_primitive(ty) && self.is_xhtml(ty))
    }

    fn is_xhtml(&self, ty: TypeId) -> bool {
        self.type_name(ty) == "xhtml"
    }

    /// Does a primitive of this type, as this element, have its value as the text of its element?
    pub(crate) fn is_text_primitive(&self, ty: TypeId, element: Option<&Element>) -> bool {
        let own = element.and_then(|e| e.xml.as_ref()).is_some_and(|f| f.value_as_text);
        own && self.is_primitive(ty) || self.facts(ty).is_some_and(|f| f.form == XmlForm::Text)
    }

    /// May white space at the ends of a value of this primitive type mean something?
    pub(crate) fn keeps_white_space(&self, ty: TypeId) -> bool {
        let known = |name: &str| match name {
            "string" | "markdown" | "xhtml" => Some(true),
            "code" | "id" => Some(false),
            _ => None,
        };
        self.line(ty).find_map(|(_, t)| known(&t.name)).unwrap_or(false)
    }

    /// May the elements of the type come in any order?
    pub(crate) fn any_order(&self, ty: TypeId) -> bool {
        self.facts(ty).is_some_and(|f| f.any_order)
    }

    /// The namespace and name of a document of this type.
    pub(crate) fn xml_root(&self, ty: TypeId) -> (&str, &str) {
        let facts = self.facts(ty);
        let namespace = facts.and_then(|f| f.namespace.as_deref()).unwrap_or(FHIR_NAMESPACE);
        (namespace, facts.and_then(|f| f.name.as_deref()).unwrap_or(self.type_name(ty)))
    }

    /// The logical model whose documents begin like this.
    pub(crate) fn logical_root(&self, namespace: &str, name: &str) -> Option<TypeId> {
        let whole =
            |t: &TypeId| self.kind(*t) == Some(TypeKind::Logical) && !self.type_name(*t).contains('.');
        self.types().filter(whole).find(|&t| self.xml_root(t) == (namespace, name))
    }

    /// The type of an element that `xsi:type` (here `name`) states, if the element allows it.
    pub(crate) fn stated_type(&self, element: &Element, name: &str) -> Option<TypeId> {
        let bears = |t: &TypeId| self.type_name(*t) == name || self.xml_type_name(*t) == name;
        let allowed = |t: &TypeId| element.types.iter().any(|&own| self.is_a(*t, own));
        let derived = || self.type_id(name).or_else(|| self.type_id(&name.replace('_', "-"))).filter(allowed);
        element.types.iter().copied().find(bears).or_else(derived)
    }

    /// What `xsi:type` calls the type. HL7's CDA models write `-` where CDA itself has `_`.
    pub(crate) fn xml_type_name(&self, ty: TypeId) -> String {
        let given = self.facts(ty).and_then(|f| f.name.as_deref());
        given.map_or_else(|| self.type_name(ty).replace('-', "_"), str::to_string)
    }

    /// The type that a node of this element has by what stands in it.
    pub(crate) fn marked_type(&self, element: &Element, node: NodeRef<'_>) -> Option<TypeId> {
        element.xml.as_ref().filter(|facts| facts.typed)?;
        self.stated_type(element, node.child_text(TYPE_MARK)?)
    }

    fn facts(&self, ty: TypeId) -> Option<&XmlFacts> {
        self.get(ty).and_then(|t| t.xml.as_deref())
    }

    /// Takes in what a StructureDefinition says of its documents.
    pub(super) fn set_root_facts(
        &mut self,
        ty: TypeId,
        root: NodeRef<'_>,
        first: Option<NodeRef<'_>>,
    ) -> Result<(), String> {
        let name = said(root, &NAME).or_else(|| said(first?, &NAME));
        let any_order = said(root, &ANY_ORDER) == Some("true");
        let namespace = structure_namespace(root, first).map(Into::into);
        let facts = XmlFacts { name: name.map(Into::into), namespace, any_order, ..XmlFacts::default() };
        let own = checked(facts)?;
        self.types[ty.0 as usize].xml = own;
        Ok(())
    }

    /// Lets a group inside a type follow the type's rule of order.
    pub(super) fn set_group_facts(&mut self, group: TypeId, whole: TypeId) {
        if self.any_order(whole) {
            self.types[group.0 as usize].xml =
                Some(Box::new(XmlFacts { any_order: true, ..XmlFacts::default() }));
        }
    }

    /// Takes in how a primitive type has its value.
    pub(super) fn set_value_form(&mut self, primitive: TypeId, value: NodeRef<'_>) {
        if form(value) == XmlForm::Text {
            let own: &mut Type = &mut self.types[primitive.0 as usize];
            own.xml.get_or_insert_default().form = XmlForm::Text;
        }
    }

    /// What an ElementDefinition says of its element in XML, in the definition that it stands in.
    pub(super) fn element_facts(
        &self,
        node: NodeRef<'_>,
        structure: Structure<'_>,
    ) -> Result<Option<Box<XmlFacts>>, String> {
        let form = form(node);
        let own = said(node, &NAMESPACE).map(|n| if n == NO_NAMESPACE { "" } else { n });
        let xhtml = node.child("type").is_some_and(|t| t.child_text("code") == Some("xhtml"));
        let inherits = form != XmlForm::Attribute && (form == XmlForm::Markup || !xhtml);
        let namespace = own.or(structure.namespace.filter(|_| inherits));
        let default_type = match said(node, &DEFAULT_TYPE) {
            Some(name) => {
                Some(self.type_id(name).ok_or("the default type is not known; load its definition first")?)
            }
            None => None,
        };
        checked(XmlFacts {
            form,
            value_as_text: structure.value_as_text && form == XmlForm::Element,
            name: said(node, &NAME).map(Into::into),
            namespace: namespace.map(Into::into),
            typed: representations(node).any(|r| r == "typeAttr"),
            default_type,
            any_order: false,
        })
    }
}

fn representations<'a>(node: NodeRef<'a>) -> impl Iterator<Item = &'a str> {
    node.all("representation").filter_map(|r| r.text())
}

fn form(node: NodeRef<'_>) -> XmlForm {
    let forms = representations(node).filter_map(|r| match r {
        "xmlAttr" => Some(XmlForm::Attribute),
        "xmlText" => Some(XmlForm::Text),
        "cdaText" => Some(XmlForm::Markup),
        _ => None,
    });
    forms.last().unwrap_or_default()
}

/// The value of the first extension with one of these URLs.
fn said<'a>(node: NodeRef<'a>, urls: &[&str]) -> Option<&'a str> {
    let found = node.all("extension").find(|e| e.child_text("url").is_some_and(|u| urls.contains(&u)))?;
    found.children().find(|c| c.name().starts_with("value")).and_then(|v| v.text())
}

/// What a StructureDefinition says of all its elements.
#[derive(Clone, Copy)]
pub(super) struct Structure<'a> {
    namespace: Option<&'a str>,
    value_as_text: bool,
}

impl<'a> Structure<'a> {
    pub fn of(root: NodeRef<'a>, first: Option<NodeRef<'a>>) -> Structure<'a> {
        let value_as_text = said(root, &VALUE_AS_TEXT) == Some("true");
        Structure { namespace: structure_namespace(root, first), value_as_text }
    }
}

/// The namespace that a StructureDefinition gives its elements, said on itself or on its first element.
fn structure_namespace<'a>(root: NodeRef<'a>, first: Option<NodeRef<'a>>) -> Option<&'a str> {
    let said = said(root, &NAMESPACE).or_else(|| said(first?, &NAMESPACE))?;
    Some(if said == NO_NAMESPACE { "" } else { said })
}

/// The facts, unless they say nothing; an error where XML could not hold them.
fn checked(facts: XmlFacts) -> Result<Option<Box<XmlFacts>>, String> {
    if facts.name.as_deref().is_some_and(|n| !is_nc_name(n)) {
        return Err("the XML name is no name that XML allows".into());
    }
    if facts.namespace.as_deref().is_some_and(|n| unwritable(n).is_some()) {
        return Err("the XML namespace holds a character that XML cannot".into());
    }
    Ok((facts != XmlFacts::default()).then(|| Box::new(facts)))
}
