//! Well-formed XML, token by token: quick-xml finds where each piece ends, and here is decided
//! whether it may stand there.
//!
//! Invariant: what comes out is a well-formed document in UTF-8 with one root, every tag closed, and
//! without a DTD; offsets are those of the source. Deliberately absent: namespaces (see `scope`),
//! recovery after a fault, and comments and processing instructions, which are checked and passed over.

use super::name::{is_nc_name, is_white, unwritable};
use super::text;
use quick_xml::errors::{Error, IllFormedError, SyntaxError};
use quick_xml::events::Event;
use std::ops::Range;

const BOM: &str = "\u{FEFF}";

/// What ends the reading: code, offset, and what to do.
pub(super) struct Fault {
    pub code: &'static str,
    pub at: usize,
    pub message: &'static str,
}

/// One piece of a document.
pub(super) enum Token<'a> {
    Start(Tag<'a>),
    End,
    /// Literal text, line ends as written.
    Text(&'a str),
    /// The inside of a CDATA section.
    Data(&'a str),
    /// A reference, without `&` and `;`.
    Reference(&'a str),
    Eof,
}

/// A start tag.
#[derive(Clone, Copy)]
pub(super) struct Tag<'a> {
    /// Empty where there is none.
    pub prefix: &'a str,
    pub local: &'a str,
    /// Is it its own end?
    pub empty: bool,
    rest: &'a str,
    /// Where `rest` begins.
    at: usize,
}

/// One attribute as written.
#[derive(Clone)]
pub(super) struct Attribute<'a> {
    pub name: &'a str,
    /// Between the quotes.
    pub raw: &'a str,
    /// From the name to behind the last quote.
    pub span: Range<usize>,
    /// Where `raw` begins.
    pub at: usize,
}

/// The pieces of a source, in order.
pub(super) struct Tokens<'a> {
    source: &'a str,
    reader: quick_xml::Reader<&'a [u8]>,
    skipped: usize,
    depth: usize,
    rooted: bool,
}

type Read<'a> = Result<(Token<'a>, Range<usize>), Fault>;

fn fault<T>(code: &'static str, at: usize, message: &'static str) -> Result<T, Fault> {
    Err(Fault { code, at, message })
}

impl<'a> Tokens<'a> {
    /// Over a whole document.
    pub fn new(source: &'a str) -> Result<Tokens<'a>, Fault> {
        let skipped = if source.starts_with(BOM) { BOM.len() } else { 0 };
        let text = &source[skipped..];
        if text.starts_with(BOM) {
            return fault("xml-encoding", skipped, "a second byte order mark; send at most one");
        }
        if let Some(at) = unwritable(source) {
            return fault("xml-syntax", at, "a character that XML does not allow; leave it out");
        }
        let mut reader = quick_xml::Reader::from_str(text);
        reader.config_mut().check_comments = true;
        Ok(Tokens { source, reader, skipped, depth: 0, rooted: false })
    }

    fn position(&self) -> usize {
        self.skipped + self.reader.buffer_position() as usize
    }

    /// The next piece and where it stands.
    pub fn next(&mut self) -> Read<'a> {
        loop {
            let start = self.position();
            let event = self.reader.read_event();
            let span = start..self.position();
            let raw = self.source.get(span.clone()).unwrap_or_default();
            let inner = |before: usize, after: usize| {
                raw.get(before..raw.len().saturating_sub(after)).unwrap_or_default()
            };
            let token = match event.map_err(|e| explained(&e, start))? {
                Event::Start(_) => self.tag(inner(1, 1), start, false)?,
                Event::Empty(_) => self.tag(inner(1, 2), start, true)?,
                Event::End(_) => {
                    self.depth = self.depth.saturating_sub(1);
                    Token::End
                }
                Event::Text(_) => match self.text(raw, start)? {
                    Some(token) => token,
                    None => continue,
                },
                Event::CData(_) => self.inside(Token::Data(inner(9, 3)), start)?,
                Event::GeneralRef(_) => self.inside(Token::Reference(inner(1, 1)), start)?,
                Event::Comment(_) => continue,
                Event::PI(_) => {
                    instruction(inner(2, 2), start)?;
                    continue;
                }
                Event::Decl(_) => {
                    self.declaration(inner(5, 2), start)?;
                    continue;
                }
                Event::DocType(_) => return fault("xml-doctype", start, NO_DOCTYPE),
                Event::Eof => self.end(start)?,
            };
            return Ok((token, span));
        }
    }

    fn tag(&mut self, inner: &'a str, start: usize, empty: bool) -> Result<Token<'a>, Fault> {
        if self.depth == 0 && self.rooted {
            return fault("xml-syntax", start, "a second element beside the root; send one document only");
        }
        self.rooted = true;
        self.depth += usize::from(!empty);
        let white = |b: u8| matches!(b, b' ' | b'\t' | b'\n' | b'\r');
        let length = inner.bytes().position(white).unwrap_or(inner.len());
        let (name, rest) = inner.split_at(length);
        let Some((prefix, local)) = super::name::split(name) else {
            return fault("xml-syntax", start, "`<` must begin a tag with a name; write &lt; for the sign");
        };
        Ok(Token::Start(Tag { prefix, local, empty, rest, at: start + 1 + length }))
    }

    /// Literal text; outside the root only white space, which says nothing.
    fn text(&self, raw: &'a str, start: usize) -> Result<Option<Token<'a>>, Fault> {
        if self.depth > 0 {
            let close = raw.contains(']').then(|| raw.find("]]>")).flatten();
            return match close {
                Some(at) => fault("xml-syntax", start + at, "`]]>` in text; write ]]&gt;"),
                None => Ok(Some(Token::Text(raw))),
            };
        }
        if is_white(raw) {
            return Ok(None);
        }
        let at = start + raw.find(|c: char| !c.is_ascii_whitespace()).unwrap_or(0);
        let message = match self.rooted {
            true => "something follows the root element; send one document only",
            false => "the document does not begin with an element; send XML",
        };
        fault("xml-syntax", at, message)
    }

    fn inside(&self, token: Token<'a>, start: usize) -> Result<Token<'a>, Fault> {
        match self.depth {
            0 => fault("xml-syntax", start, "text outside the root element; send one document only"),
            _ => Ok(token),
        }
    }

    fn end(&self, at: usize) -> Result<Token<'a>, Fault> {
        match (self.depth, self.rooted) {
            (0, true) => Ok(Token::Eof),
            (0, false) => fault("xml-syntax", at, "no element in the document"),
            _ => fault("xml-syntax", at, "the text ends before its elements are closed"),
        }
    }

    /// `<?xml version="1.0" encoding="UTF-8"?>`, only at the very beginning.
    fn declaration(&self, inner: &'a str, start: usize) -> Result<(), Fault> {
        if start != self.skipped {
            return fault("xml-syntax", start, "the XML declaration stands only at the very beginning");
        }
        let mut known = ["version", "encoding", "standalone"].iter();
        let mut first = true;
        let tag = Tag { prefix: "", local: "xml", empty: true, rest: inner, at: start + 5 };
        for attribute in tag.attributes(3)? {
            let at = attribute.span.start;
            if !known.any(|k| *k == attribute.name) || (first && attribute.name != "version") {
                return fault(
                    "xml-syntax",
                    at,
                    "the XML declaration is version, encoding, standalone in this order",
                );
            }
            first = false;
            match (attribute.name, attribute.raw) {
                ("version", "1.0") | ("standalone", "yes" | "no") => {}
                ("encoding", name) if name.eq_ignore_ascii_case("utf-8") => {}
                ("encoding", _) => {
                    return fault("xml-encoding", at, "another encoding than UTF-8 is declared; send UTF-8");
                }
                _ => return fault("xml-syntax", at, "only XML version 1.0 is read; declare it"),
            }
        }
        match first {
            true => fault("xml-syntax", start, "the XML declaration has no version; write version=\"1.0\""),
            false => Ok(()),
        }
    }
}

fn instruction(inner: &str, start: usize) -> Result<(), Fault> {
    let target = inner.split([' ', '\t', '\n', '\r']).next().unwrap_or_default();
    match is_nc_name(target) && !target.eq_ignore_ascii_case("xml") {
        true => Ok(()),
        false => {
            fault("xml-syntax", start, "a processing instruction without a name of its own; leave it out")
        }
    }
}

impl<'a> Tag<'a> {
    /// The attributes in the order in which they are written; more than `most` are a fault.
    pub fn attributes(&self, most: usize) -> Result<Vec<Attribute<'a>>, Fault> {
        let mut out: Vec<Attribute<'a>> = Vec::new();
        let mut rest = self.rest;
        loop {
            let trimmed = rest.trim_start_matches([' ', '\t', '\n', '\r']);
            let start = self.at + self.rest.len() - trimmed.len();
            if trimmed.is_empty() {
                return Ok(out);
            }
            if trimmed.len() == rest.len() {
                return fault("xml-syntax", start, "white space is missing before an attribute");
            }
            let Some(equals) = trimmed.bytes().position(|b| b == b'=') else {
                return fault("xml-syntax", start, "an attribute without a value; write name=\"value\"");
            };
            let (name, value) = (&trimmed[..equals], &trimmed[equals + 1..]);
            let name = name.trim_end_matches([' ', '\t', '\n', '\r']);
            if super::name::split(name).is_none() {
                return fault("xml-syntax", start, "not a name that an attribute can have");
            }
            let value = value.trim_start_matches([' ', '\t', '\n', '\r']);
            let at = self.at + self.rest.len() - value.len() + 1;
            let quote = value.bytes().next().filter(|b| matches!(b, b'"' | b'\''));
            let end = quote.and_then(|q| value.bytes().skip(1).position(|b| b == q));
            let Some(end) = end else {
                return fault("xml-syntax", at - 1, "the value of an attribute stands in quotes");
            };
            let (raw, after) = (&value[1..=end], &value[end + 2..]);
            if out.iter().any(|a| a.name == name) {
                return fault("xml-attribute", start, "an attribute stands twice in one tag; keep one");
            }
            if out.len() >= most {
                return fault("xml-syntax", start, "more attributes in one tag than are read");
            }
            out.push(Attribute { name, raw, span: start..at + raw.len() + 1, at });
            rest = after;
        }
    }
}

impl<'a> Attribute<'a> {
    /// What the value means.
    pub fn value(&self) -> Result<std::borrow::Cow<'a, str>, Fault> {
        text::attribute(self.raw, self.at)
    }
}

const NO_DOCTYPE: &str = "a DOCTYPE or other declaration; take it out, documents here have none";

/// What quick-xml found, without the names that it tells.
fn explained(error: &Error, at: usize) -> Fault {
    let (code, message) = match error {
        Error::Syntax(SyntaxError::UnclosedDoctype | SyntaxError::InvalidBangMarkup) => {
            ("xml-doctype", NO_DOCTYPE)
        }
        Error::Syntax(SyntaxError::UnclosedComment) => ("xml-syntax", "a comment without an end"),
        Error::Syntax(SyntaxError::UnclosedCData) => ("xml-syntax", "a CDATA section without an end"),
        Error::Syntax(SyntaxError::UnclosedPI | SyntaxError::UnclosedXmlDecl) => {
            ("xml-syntax", "a processing instruction without an end")
        }
        Error::Syntax(_) => ("xml-syntax", "a tag without an end"),
        Error::IllFormed(IllFormedError::MissingDoctypeName) => ("xml-doctype", NO_DOCTYPE),
        Error::IllFormed(IllFormedError::UnmatchedEndTag(_)) => {
            ("xml-syntax", "an end tag that closes nothing")
        }
        Error::IllFormed(IllFormedError::MismatchedEndTag { .. }) => {
            ("xml-syntax", "an end tag with another name than the element that it should close")
        }
        Error::IllFormed(IllFormedError::DoubleHyphenInComment) => ("xml-syntax", "`--` inside a comment"),
        Error::IllFormed(IllFormedError::UnclosedReference) => {
            ("xml-syntax", "`&` without an end; write &amp;")
        }
        _ => ("xml-syntax", "not well-formed XML from here"),
    };
    Fault { code, at, message }
}
