//! Values: from attributes, from text, and markup that is kept as it is written.
//!
//! Invariant: a value that fits its type has the kind that JSON would give it; any other is kept as
//! text, for validation to tell. Deliberately absent: mixed content (text in two places between
//! elements), which is a fault.

use super::{Frame, Inside, Reader, span};
use crate::definitions::{Placed, TypeKind};
use crate::primitive;
use crate::tree::{Kind, NodeId, TypeId};
use crate::xml::name::is_white;
use crate::xml::text::{escape_attribute, push_lines};
use crate::xml::token::Fault;
use std::ops::Range;

const WHITE: [char; 4] = [' ', '\t', '\n', '\r'];

/// The text of one element.
pub(super) struct Collected {
    text: String,
    /// The part of it that is more than layout.
    solid: Option<Range<usize>>,
    /// Has an element begun behind that part?
    closed: bool,
    at: Range<usize>,
}

impl Collected {
    /// An element begins here.
    pub(super) fn close(&mut self) {
        self.closed = self.solid.is_some();
    }

    /// The text: with the white space around it, or only what is more than layout.
    fn part(&self, whole: bool) -> &str {
        let solid = || self.solid.clone().unwrap_or_default();
        if whole { &self.text } else { self.text.get(solid()).unwrap_or_default() }
    }
}

impl Reader<'_, '_> {
    /// Gives a node its value; `raw` is where it stands in the source, if it stands there as it is.
    pub(super) fn set_value(&mut self, node: NodeId, ty: TypeId, value: &str, raw: Option<Range<usize>>) {
        let kind = match self.definitions.json_kind(ty) {
            Kind::Number if primitive::check("decimal", value).is_ok() => Kind::Number,
            Kind::Boolean if primitive::check("boolean", value).is_ok() => Kind::Boolean,
            _ => Kind::String,
        };
        match raw {
            Some(at) => self.tree.set_sliced(node, kind, span(at)),
            None => self.tree.set(node, kind, value),
        }
    }

    /// Text as written between tags; white space may be layout.
    pub(super) fn literal(&mut self, raw: &str, at: Range<usize>) {
        let Some(frame) = self.frames.last() else { return };
        if is_white(raw) && self.definitions.kind(frame.ty) != Some(TypeKind::Logical) && !frame.as_text {
            return;
        }
        let solid = raw.trim_start_matches(WHITE);
        let before = raw.len() - solid.len();
        self.collect(raw, before..before + solid.trim_end_matches(WHITE).len(), at, true);
    }

    /// Text that is meant as it stands: CDATA, and references, whose line ends are not `written`.
    pub(super) fn solid(&mut self, raw: &str, at: Range<usize>, written: bool) {
        self.collect(raw, 0..raw.len(), at, written);
    }

    fn collect(&mut self, raw: &str, solid: Range<usize>, at: Range<usize>, written: bool) {
        let Some(frame) = self.frames.last_mut() else { return };
        let definitions = self.definitions;
        let bears = match frame.inside {
            Inside::Markup | Inside::Passed => return,
            Inside::Resource { .. } => false,
            Inside::Elements => {
                frame.text.is_some() || frame.as_text || definitions.text_element(frame.ty).is_some()
            }
        };
        let mixed = !solid.is_empty() && frame.text.as_ref().is_some_and(|t| t.closed);
        if (!bears && !solid.is_empty()) || mixed {
            let (node, told) = (frame.node, frame.stray_told);
            frame.stray_told = true;
            let message = match mixed {
                true => "text between elements in more than one place; no model here holds that",
                false => "text where only elements may stand; put it into an element or take it out",
            };
            if !told {
                self.shape("xml-text", at, node, message);
            }
            return;
        }
        if !bears {
            return;
        }
        let fresh =
            || Box::new(Collected { text: String::new(), solid: None, closed: false, at: at.clone() });
        let own = frame.text.get_or_insert_with(fresh);
        own.at.end = at.end;
        push_lines(&mut own.text, &raw[..solid.start]);
        let from = own.text.len();
        match written {
            true => push_lines(&mut own.text, &raw[solid.clone()]),
            false => own.text.push_str(&raw[solid.clone()]),
        }
        if !solid.is_empty() {
            let start = own.solid.as_ref().map_or(from, |s| s.start);
            own.solid = Some(start..own.text.len());
        }
        push_lines(&mut own.text, &raw[solid.end..]);
    }

    /// What is known of an element only at its end: its text, or that it has no value.
    pub(super) fn finish(&mut self, frame: &Frame) -> Result<(), Fault> {
        let (definitions, node, ty) = (self.definitions, frame.node, frame.ty);
        if frame.as_text {
            let whole = frame.rank == 0 && definitions.keeps_white_space(ty);
            let part = |text: &Collected| text.part(whole).to_string();
            let value = frame.text.as_deref().map(part).unwrap_or_default();
            self.set_value(node, ty, &value, None);
            return Ok(());
        }
        if definitions.is_primitive(ty) {
            if self.tree.text(node).is_none() {
                self.tree.set_kind(node, Kind::Null);
            }
            return Ok(());
        }
        let found = frame.text.as_ref().filter(|t| t.solid.is_some()).zip(definitions.text_element(ty));
        if let Some((text, found)) = found {
            self.finish_text(frame, text, &found)?;
        }
        // An attribute or a text may come later in the model than the first element.
        let late = |after: u32| after > 0 && (found.is_some() || (frame.attribute > after));
        if late(frame.first) || (found.is_some() && frame.attribute > 0) {
            self.tree.sort_children(node, |tree, child| match tree.name(child) {
                crate::xml::TYPE_MARK => 0,
                name => definitions.ranked(ty, name).map_or(u32::MAX, |f| f.rank + 1),
            });
        }
        Ok(())
    }

    fn finish_text(&mut self, frame: &Frame, text: &Collected, found: &Placed<'_>) -> Result<(), Fault> {
        let (element, ty) = (found.element, found.ty.unwrap_or(TypeId::NONE));
        let whole = frame.rank == 0 && self.definitions.keeps_white_space(ty);
        let node = self.add_named(frame.node, &element.name, element.repeats(), text.at.clone())?;
        found.annotate(&mut self.tree, node, ty);
        self.set_value(node, ty, text.part(whole), None);
        Ok(())
    }

    /// Keeps an element as it is written, with the namespace declarations that it had from outside.
    pub(super) fn keep_markup(&mut self, frame: &Frame, end: usize) {
        let at = frame.tag.start..end;
        if self.outer.is_empty() {
            self.tree.set_sliced(frame.node, Kind::String, span(at));
            return;
        }
        let source = self.source.get(at).unwrap_or_default();
        let name = source.find([' ', '\t', '\n', '\r', '/', '>']).unwrap_or(source.len());
        let mut whole = source[..name].to_string();
        let declaration = |&number: &usize| match number {
            super::attributes::UNDECLARED => Some(("", "")),
            _ => self.scope.at(number),
        };
        for (prefix, uri) in self.outer.iter().filter_map(declaration) {
            whole.push_str(if prefix.is_empty() { " xmlns" } else { " xmlns:" });
            whole.push_str(prefix);
            whole.push_str("=\"");
            escape_attribute(&mut whole, uri);
            whole.push('"');
        }
        whole.push_str(&source[name..]);
        self.tree.set(frame.node, Kind::String, &whole);
    }
}
