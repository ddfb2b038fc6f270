//! A document of any kind, element by element: for those who need what the reader proves of XML, and
//! have another model than ours (XSD, SOAP).
//!
//! Invariant: what is told is a well-formed document with all its namespaces declared, within the
//! limits, without a DTD; values are decoded. A fault ends it. Deliberately absent: a tree, and any
//! meaning of the names.

use super::Limits;
use super::read::{MOST_ATTRIBUTES, text_of};
use super::scope::Scope;
use super::text::{push_lines, reference};
use super::token::{Fault, Tag, Token, Tokens};
use crate::finding::Finding;
use crate::tree::Span;
use std::borrow::Cow;
use std::ops::Range;

/// An attribute that is no declaration.
pub struct Attribute<'e> {
    /// Empty: in none.
    pub namespace: &'e str,
    /// Without its prefix.
    pub name: &'e str,
    /// Decoded.
    pub value: &'e str,
}

/// What is met.
pub enum Event<'e> {
    /// An element begins.
    Start {
        /// Empty: in none.
        namespace: &'e str,
        /// Without its prefix.
        name: &'e str,
        /// In the order in which they are written.
        attributes: &'e [Attribute<'e>],
        /// Prefixes in force, innermost last; the empty one is the default.
        bound: &'e [(&'e str, Cow<'e, str>)],
    },
    /// All text up to the next tag.
    Text(&'e str),
    /// The innermost element ends.
    End,
}

/// Tells a document's events, each with its bytes, to `tell`.
///
/// # Errors
/// The one fault that ended it, coded as [`read`](super::read) has them, at `$`.
pub fn events(
    bytes: &[u8],
    limits: &Limits,
    tell: &mut dyn FnMut(Event<'_>, Range<usize>),
) -> Result<(), Finding> {
    let fault = |f: Fault| {
        let at = f.at as u32;
        Finding::error(f.code, "$".into(), Span { start: at, end: at }, f.message)
    };
    let source = text_of(bytes, limits)?;
    let mut walk = Walk { scope: Scope::default(), marks: Vec::new(), text: String::new(), from: 0, told: 0 };
    walk.document(source, limits, tell).map_err(fault)
}

struct Walk<'a> {
    scope: Scope<'a>,
    /// Of each open element, the declarations before it.
    marks: Vec<usize>,
    /// Text since the last tag, and where it began.
    text: String,
    from: usize,
    told: usize,
}

impl<'a> Walk<'a> {
    fn document(
        &mut self,
        source: &'a str,
        limits: &Limits,
        tell: &mut dyn FnMut(Event<'_>, Range<usize>),
    ) -> Result<(), Fault> {
        let mut tokens = Tokens::new(source)?;
        loop {
            let (token, at) = tokens.next()?;
            match token {
                Token::Start(tag) => {
                    self.flush(at.start, limits, tell)?;
                    self.start(&tag, at.clone(), limits, tell)?;
                    if tag.empty {
                        self.end(at, tell);
                    }
                }
                Token::End => {
                    self.flush(at.start, limits, tell)?;
                    self.end(at, tell);
                }
                Token::Text(raw) => {
                    self.begin(at.start);
                    push_lines(&mut self.text, raw);
                }
                Token::Data(raw) => {
                    self.begin(at.start);
                    push_lines(&mut self.text, raw);
                }
                Token::Reference(name) => {
                    self.begin(at.start);
                    self.text.push(reference(name, at.start)?);
                }
                Token::Eof => return Ok(()),
            }
        }
    }

    fn begin(&mut self, at: usize) {
        if self.text.is_empty() {
            self.from = at;
        }
    }

    fn flush(
        &mut self,
        end: usize,
        limits: &Limits,
        tell: &mut dyn FnMut(Event<'_>, Range<usize>),
    ) -> Result<(), Fault> {
        if !self.text.is_empty() {
            self.count(1, self.from, limits)?;
            tell(Event::Text(&self.text), self.from..end);
            self.text.clear();
        }
        Ok(())
    }

    fn start(
        &mut self,
        tag: &Tag<'a>,
        at: Range<usize>,
        limits: &Limits,
        tell: &mut dyn FnMut(Event<'_>, Range<usize>),
    ) -> Result<(), Fault> {
        if self.marks.len() >= limits.max_depth {
            return Err(Fault {
                code: "xml-depth",
                at: at.start,
                message: "nested deeper than allowed here",
            });
        }
        self.marks.push(self.scope.mark());
        let named = self.scope.enter(tag, MOST_ATTRIBUTES)?;
        self.count(1 + named.len(), at.start, limits)?;
        let mut attributes = Vec::with_capacity(named.len());
        for one in &named {
            // An attribute without a prefix is in no namespace (Namespaces in XML 1.0 §6.2).
            let namespace = match one.prefix {
                "" => "",
                prefix => self.scope.resolve(prefix, one.span.start)?.1,
            };
            attributes.push(Attribute { namespace, name: one.local, value: &one.value });
        }
        let (_, namespace) = self.scope.resolve(tag.prefix, at.start)?;
        let bound = self.scope.all();
        tell(Event::Start { namespace, name: tag.local, attributes: &attributes, bound }, at);
        Ok(())
    }

    fn end(&mut self, at: Range<usize>, tell: &mut dyn FnMut(Event<'_>, Range<usize>)) {
        tell(Event::End, at);
        self.scope.reset(self.marks.pop().unwrap_or_default());
    }

    fn count(&mut self, more: usize, at: usize, limits: &Limits) -> Result<(), Fault> {
        self.told += more;
        match self.told <= limits.max_nodes {
            true => Ok(()),
            false => Err(Fault {
                code: "xml-nodes",
                at,
                message: "more elements than allowed; send less at a time",
            }),
        }
    }
}
