//! The XML reader: one pass over the tokens, no recursion.
//!
//! Invariant: what it accepts is well-formed, known to the definitions, and in their order; every
//! node knows its bytes. A fault of shape is recorded and reading goes on, so that all of them are
//! told at once; a fault of syntax ends the reading. Values are taken as they are: whether a date is a
//! date is for validation to say, as with JSON. Deliberately absent: anything that looks beyond the
//! text (schema locations are passed over).

mod attributes;
mod element;
mod value;

use super::Limits;
use super::scope::Scope;
use super::token::{Fault, Tag, Token, Tokens};
use crate::definitions::Definitions;
use crate::finding::{Finding, place};
use crate::tree::{NodeId, Span, Tree, TypeId};
use std::ops::Range;

/// At most this many faults of shape are collected.
const MOST_FAULTS: usize = 100;
/// Offsets are 32 bits wide and decoded values are kept behind the source.
const MOST_BYTES: usize = 1 << 30;
/// Most attributes of one element: they are compared with each other.
pub(super) const MOST_ATTRIBUTES: usize = 128;

/// The bytes as text, if they are UTF-8 and not too many.
pub(super) fn text_of<'a>(bytes: &'a [u8], limits: &Limits) -> Result<&'a str, Finding> {
    let fault = |code, at: usize, message: &str| Finding::error(code, "$".into(), span(at..at), message);
    let most = limits.max_bytes.min(MOST_BYTES);
    if bytes.len() > most {
        let message =
            format!("the text has {} bytes, more than the {most} allowed; send less at a time", bytes.len());
        return Err(fault("xml-size", 0, &message));
    }
    let message = "not UTF-8 from here; send UTF-8";
    std::str::from_utf8(bytes).map_err(|e| fault("xml-encoding", e.valid_up_to(), message))
}

/// What stands inside an open element.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Inside {
    /// Elements, attributes and text of its type.
    Elements,
    /// One resource, whose node is the element's own.
    Resource { filled: bool },
    /// Markup that is kept as it is written.
    Markup,
    /// What was told to be wrong, or what lies inside markup: only well-formedness counts.
    Passed,
}

/// An open element.
struct Frame {
    node: NodeId,
    ty: TypeId,
    inside: Inside,
    /// Is it a primitive that has its value as text?
    as_text: bool,
    /// The namespace declarations before its tag.
    mark: usize,
    tag: Range<usize>,
    /// One more than the place in model order of its first child element; 0 before the first.
    first: u32,
    /// The same of the last one so far.
    rank: u32,
    /// The same of its last attribute.
    attribute: u32,
    text: Option<Box<value::Collected>>,
    stray_told: bool,
}

struct Reader<'a, 'd> {
    source: &'a str,
    definitions: &'d Definitions,
    limits: &'d Limits,
    root: Option<TypeId>,
    resource: TypeId,
    tree: Tree,
    scope: Scope<'a>,
    frames: Vec<Frame>,
    /// Declarations outside the markup being read that it relies on.
    outer: Vec<usize>,
    faults: Vec<Finding>,
}

/// Reads an XML document. `root` is the type of its root; `None`: a FHIR resource, or the document of
/// a logical model that its name and namespace tell. Every node gets its type.
///
/// # Errors
/// All faults found, in order of place: codes `xml-syntax`, `xml-encoding`, `xml-doctype`,
/// `xml-entity`, `xml-size`, `xml-depth`, `xml-nodes`, `xml-root`, `xml-namespace`, `xml-element`,
/// `xml-attribute`, `xml-text`, `xml-order`, `xml-repeated`, `xml-resource`, `xml-type`. Places and kinds
/// only, never values; [`crate::finding::position`] gives line and column of the span.
pub fn read(
    bytes: &[u8],
    definitions: &Definitions,
    root: Option<TypeId>,
    limits: &Limits,
) -> Result<Tree, Vec<Finding>> {
    let source = text_of(bytes, limits).map_err(|f| vec![f])?;
    let mut copy = String::with_capacity(source.len() + source.len() / 16 + 64);
    copy.push_str(source);
    let mut reader = Reader {
        source,
        definitions,
        limits,
        root,
        resource: definitions.type_id("Resource").unwrap_or(TypeId::NONE),
        tree: Tree::over(copy, "$"),
        scope: Scope::default(),
        frames: Vec::with_capacity(16),
        outer: Vec::new(),
        faults: Vec::new(),
    };
    if let Err(stop) = reader.document() {
        let place = reader.place();
        reader.faults.push(Finding::error(stop.code, place, span(stop.at..stop.at), stop.message));
    }
    if !reader.faults.is_empty() {
        reader.faults.sort_by_key(|f| f.span.start);
        return Err(reader.faults);
    }
    Ok(reader.tree)
}

impl<'a> Reader<'a, '_> {
    fn document(&mut self) -> Result<(), Fault> {
        let mut tokens = Tokens::new(self.source)?;
        loop {
            let (token, at) = tokens.next()?;
            match token {
                Token::Start(tag) => {
                    self.start(&tag, at.clone())?;
                    if tag.empty {
                        self.end(at.end)?;
                    }
                }
                Token::End => self.end(at.end)?,
                Token::Text(raw) => self.literal(raw, at),
                Token::Data(raw) => self.solid(raw, at, true),
                Token::Reference(name) => {
                    let c = super::text::reference(name, at.start)?;
                    self.solid(c.encode_utf8(&mut [0; 4]), at, false);
                }
                Token::Eof => return Ok(()),
            }
        }
    }

    fn start(&mut self, tag: &Tag<'a>, at: Range<usize>) -> Result<(), Fault> {
        if self.frames.len() >= self.limits.max_depth {
            return Err(Fault {
                code: "xml-depth",
                at: at.start,
                message: "nested deeper than allowed here",
            });
        }
        let mark = self.scope.mark();
        let attributes = self.enter(tag, at.start)?;
        let colon = usize::from(!tag.prefix.is_empty());
        let local = at.start + 1 + tag.prefix.len() + colon;
        let name = element::Name { prefix: tag.prefix, local: tag.local, at: local };
        let above = self.frames.last_mut().map(|f| {
            f.text.iter_mut().for_each(|t| t.close());
            f.inside
        });
        let mut frame = Frame {
            node: self.frames.last().map_or(self.tree.root(), |f| f.node),
            ty: TypeId::NONE,
            inside: Inside::Passed,
            as_text: false,
            mark,
            tag: at,
            first: 0,
            rank: 0,
            attribute: 0,
            text: None,
            stray_told: false,
        };
        match above {
            None => self.open_root(&mut frame, &name, &attributes)?,
            Some(Inside::Elements) => self.open_child(&mut frame, &name, &attributes)?,
            Some(Inside::Resource { filled }) => {
                self.open_resource(&mut frame, &name, &attributes, filled)?
            }
            Some(Inside::Markup | Inside::Passed) => {}
        }
        self.frames.push(frame);
        Ok(())
    }

    fn end(&mut self, at: usize) -> Result<(), Fault> {
        let Some(frame) = self.frames.pop() else { return Ok(()) };
        match frame.inside {
            Inside::Elements => {
                self.tree.set_span(frame.node, span(frame.tag.start..at));
                self.finish(&frame)?;
            }
            Inside::Resource { filled } => {
                self.tree.set_span(frame.node, span(frame.tag.start..at));
                if !filled {
                    let message = "no resource inside; put one element named by its type here";
                    self.shape("xml-resource", frame.tag.clone(), frame.node, message);
                }
            }
            Inside::Markup => {
                self.tree.set_span(frame.node, span(frame.tag.start..at));
                self.keep_markup(&frame, at);
            }
            Inside::Passed => {}
        }
        self.scope.reset(frame.mark);
        Ok(())
    }

    /// Adds a node; `name` stands at these bytes of the source.
    fn add(&mut self, parent: NodeId, name: Span, list: bool, at: Range<usize>) -> Result<NodeId, Fault> {
        self.room(at.start)?;
        Ok(self.tree.add_sliced(parent, name, list, span(at)))
    }

    /// Adds a node whose name XML writes differently or not at all.
    fn add_named(
        &mut self,
        parent: NodeId,
        name: &str,
        list: bool,
        at: Range<usize>,
    ) -> Result<NodeId, Fault> {
        self.room(at.start)?;
        let node = self.tree.add(parent, name, list);
        self.tree.set_span(node, span(at));
        Ok(node)
    }

    fn room(&self, at: usize) -> Result<(), Fault> {
        match self.tree.len() < self.limits.max_nodes {
            true => Ok(()),
            false => Err(Fault {
                code: "xml-nodes",
                at,
                message: "more elements than allowed; send less at a time",
            }),
        }
    }

    /// Records a fault; reading may go on.
    fn shape(&mut self, code: &'static str, at: Range<usize>, node: NodeId, message: &str) {
        if self.faults.len() < MOST_FAULTS {
            self.faults.push(Finding::error(code, place(&self.tree, node), span(at), message));
        }
    }

    fn place(&self) -> String {
        self.frames.last().map_or_else(|| "$".into(), |f| place(&self.tree, f.node))
    }
}

fn span(at: Range<usize>) -> Span {
    Span { start: at.start as u32, end: at.end as u32 }
}
