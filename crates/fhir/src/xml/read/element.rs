//! Which element of the model a tag is: roots, children, resources inside resources.
//!
//! Invariant: a tag that no definition knows is told once, with its place, and what is inside it is
//! passed over. Deliberately absent: cardinality beyond "at most one", which validation checks.

use super::{Frame, Inside, Reader, span};
use crate::definitions::{Placed, XmlForm};
use crate::finding::shown;
use crate::tree::{Kind, TypeId};
use crate::xml::scope::Named;
use crate::xml::token::Fault;
use crate::xml::{FHIR_NAMESPACE, TYPE_MARK, XSI_NAMESPACE};
use std::ops::Range;

/// The name of a tag.
pub(super) struct Name<'a> {
    pub prefix: &'a str,
    pub local: &'a str,
    /// Where the local part stands.
    pub at: usize,
}

impl Name<'_> {
    fn span(&self) -> Range<usize> {
        self.at..self.at + self.local.len()
    }
}

/// What a tag was found to be.
enum Known<'d> {
    As(Placed<'d>),
    Wrong { code: &'static str, message: String },
}

impl<'a, 'd> Reader<'a, 'd> {
    /// The namespace of a prefix that is known to be declared.
    fn namespace(&self, prefix: &str) -> &str {
        self.scope.find(prefix).map_or("", |(_, uri)| uri)
    }

    pub(super) fn open_root(
        &mut self,
        frame: &mut Frame,
        name: &Name<'a>,
        attributes: &[Named<'a>],
    ) -> Result<(), Fault> {
        let definitions = self.definitions;
        let namespace = self.namespace(name.prefix);
        let found = match self.root {
            Some(ty) => Some(ty).filter(|&t| definitions.xml_root(t) == (namespace, name.local)),
            None if namespace == FHIR_NAMESPACE => self.resource_named(name.local, self.resource),
            None => definitions.logical_root(namespace, name.local),
        };
        let Some(ty) = found else {
            let (code, message) = self.why_no_root(namespace, name.local);
            self.shape(code, name.span(), frame.node, &message);
            return Ok(());
        };
        self.tree.rename(frame.node, definitions.type_name(ty));
        (frame.ty, frame.inside) = (ty, Inside::Elements);
        self.tree.set_type(frame.node, ty);
        if definitions.is_resource(ty) {
            self.name_resource(frame, name)?;
        }
        self.take_attributes(frame, attributes, true)
    }

    fn why_no_root(&self, namespace: &str, local: &str) -> (&'static str, String) {
        let local = shown(local);
        let wanted = self.root.map(|ty| self.definitions.xml_root(ty));
        let wanted = wanted.unwrap_or((FHIR_NAMESPACE, "a resource type"));
        let same =
            wanted.1 == local || (self.root.is_none() && self.resource_named(local, self.resource).is_some());
        if same && namespace != wanted.0 {
            let message = format!("`{local}` stands in another namespace than {}", told(wanted.0));
            return ("xml-namespace", message);
        }
        let message = format!("the document is a `{local}`; here {} in {} is read", wanted.1, told(wanted.0));
        ("xml-root", message)
    }

    /// The resource type of this name, if there can be one and it may stand here.
    fn resource_named(&self, name: &str, allowed: TypeId) -> Option<TypeId> {
        let definitions = self.definitions;
        let ty = definitions.type_id(name)?;
        let good =
            definitions.is_resource(ty) && !definitions.is_abstract(ty) && definitions.is_a(ty, allowed);
        good.then_some(ty)
    }

    /// Gives a resource its `resourceType`, as it has in JSON.
    fn name_resource(&mut self, frame: &Frame, name: &Name<'a>) -> Result<(), Fault> {
        let node = self.add_named(frame.node, "resourceType", false, name.span())?;
        self.tree.set_sliced(node, Kind::String, span(name.span()));
        Ok(())
    }

    pub(super) fn open_resource(
        &mut self,
        frame: &mut Frame,
        name: &Name<'a>,
        attributes: &[Named<'a>],
        filled: bool,
    ) -> Result<(), Fault> {
        let allowed = self.frames.last().map_or(TypeId::NONE, |f| f.ty);
        if let Some(above) = self.frames.last_mut() {
            above.inside = Inside::Resource { filled: true };
        }
        if filled {
            let message = "a second resource in one element; repeat the element instead";
            self.shape("xml-resource", name.span(), frame.node, message);
            return Ok(());
        }
        let here = self.namespace(name.prefix) == FHIR_NAMESPACE;
        let Some(ty) = self.resource_named(name.local, allowed) else {
            let message = format!("`{}` is no resource that may stand here", shown(name.local));
            self.shape("xml-resource", name.span(), frame.node, &message);
            return Ok(());
        };
        if !here {
            let message = format!("a resource in another namespace than {FHIR_NAMESPACE}");
            self.shape("xml-namespace", name.span(), frame.node, &message);
            return Ok(());
        }
        (frame.ty, frame.inside) = (ty, Inside::Elements);
        self.tree.set_type(frame.node, ty);
        self.name_resource(frame, name)?;
        self.take_attributes(frame, attributes, false)
    }

    pub(super) fn open_child(
        &mut self,
        frame: &mut Frame,
        name: &Name<'a>,
        attributes: &[Named<'a>],
    ) -> Result<(), Fault> {
        let parent = self.frames.last().map_or(TypeId::NONE, |f| f.ty);
        let found = match self.known(parent, name) {
            Known::As(found) => found,
            Known::Wrong { code, message } => {
                self.shape(code, name.span(), frame.node, &message);
                return Ok(());
            }
        };
        self.check_order(parent, &found, name);
        let ty = match self.type_of(&found, attributes) {
            Ok(ty) => ty,
            Err(message) => {
                self.shape("xml-type", name.span(), frame.node, message);
                return Ok(());
            }
        };
        let list = found.element.repeats();
        let above = frame.node;
        frame.node = match found.element.xml_name() {
            None => self.add(above, span(name.span()), list, frame.tag.clone())?,
            Some(_) => self.add_named(above, &found.element.name, list, frame.tag.clone())?,
        };
        frame.ty = ty;
        frame.as_text = self.definitions.is_text_primitive(ty, Some(found.element));
        found.annotate(&mut self.tree, frame.node, ty);
        if self.definitions.is_markup(found.element, ty) {
            self.outer.clear();
            frame.inside = Inside::Markup;
            self.need(attributes, name.prefix, frame.mark);
            return Ok(());
        }
        let typed = found.element.xml.as_ref().is_some_and(|facts| facts.typed);
        if typed {
            let mark = self.add_named(frame.node, TYPE_MARK, false, name.span())?;
            self.tree.set(mark, Kind::String, &self.definitions.xml_type_name(ty));
        }
        frame.inside = match self.definitions.is_resource(ty) {
            true => Inside::Resource { filled: false },
            false => Inside::Elements,
        };
        self.take_attributes(frame, attributes, false)
    }

    fn known(&self, parent: TypeId, name: &Name<'a>) -> Known<'d> {
        let definitions = self.definitions;
        let namespace = self.namespace(name.prefix);
        if let Some(found) = definitions.in_xml(parent, namespace, name.local, false) {
            return Known::As(found);
        }
        let (local, owner) = (shown(name.local), definitions.type_name(parent));
        let near = definitions.ranked(parent, name.local);
        let (code, message) = match near.map(|f| (f.element.xml_form(), definitions.xml_namespace(f.element)))
        {
            Some((XmlForm::Attribute, _)) => {
                ("xml-element", format!("`{local}` is an attribute here, not an element"))
            }
            Some((XmlForm::Text, _)) => {
                ("xml-element", format!("`{local}` is the text of {owner}, not an element"))
            }
            Some((_, wanted)) if wanted != namespace => {
                ("xml-namespace", format!("`{local}` stands in another namespace than {}", told(wanted)))
            }
            _ => ("xml-element", format!("{owner} has no element `{local}`; take it out or mend its name")),
        };
        Known::Wrong { code, message }
    }

    /// Elements stand in model order, and one that does not repeat stands once (FHIR R4 xml.html).
    fn check_order(&mut self, parent: TypeId, found: &Placed<'_>, name: &Name<'_>) {
        let Some(above) = self.frames.last_mut() else { return };
        let (node, before, now) = (above.node, above.rank, found.rank + 1);
        above.rank = before.max(now);
        above.first = if above.first == 0 { now } else { above.first };
        if self.definitions.any_order(parent) {
            return;
        }
        let local = shown(name.local);
        if now < before {
            let message =
                format!("`{local}` stands behind elements that come after it; keep the model's order");
            self.shape("xml-order", name.span(), node, &message);
        } else if now == before && !found.element.repeats() {
            let message = format!("`{local}` stands twice where the model has one; keep one");
            self.shape("xml-repeated", name.span(), node, &message);
        }
    }

    /// The type of a child: by its name, or by `xsi:type` where the model says so.
    fn type_of(&self, found: &Placed<'d>, attributes: &[Named<'a>]) -> Result<TypeId, &'static str> {
        let Some(facts) = found.element.xml.as_ref().filter(|facts| facts.typed) else {
            return found.ty.ok_or("a choice without its type; write the name with it, such as valueString");
        };
        let is_type = |a: &&Named<'_>| a.local == "type" && self.namespace(a.prefix) == XSI_NAMESPACE;
        let Some(stated) = attributes.iter().find(is_type) else {
            let only = Some(&found.element.types).filter(|t| t.len() == 1).and_then(|t| t.first().copied());
            return facts.default_type.or(only).ok_or("several types may stand here; tell which by xsi:type");
        };
        let (prefix, local) = crate::xml::name::split(stated.value.trim()).unwrap_or_default();
        let bound = self.scope.find(prefix).is_some();
        let ty = self.definitions.stated_type(found.element, local).filter(|_| bound);
        ty.ok_or("xsi:type names no type that may stand here")
    }
}

/// A namespace as messages show it.
fn told(namespace: &str) -> &str {
    if namespace.is_empty() { "none" } else { namespace }
}
