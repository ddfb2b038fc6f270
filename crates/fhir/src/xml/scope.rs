//! Namespaces in force: prefixes and what they are bound to, innermost last.
//!
//! Invariant: `xml` and `xmlns` cannot be bound anew, and a prefix is never bound to nothing
//! (Namespaces in XML 1.0 §2.2, §3). Deliberately absent: namespaces 1.1.

use super::name::split;
use super::token::{Fault, Tag};
use std::borrow::Cow;
use std::ops::Range;

const XML: &str = "http://www.w3.org/XML/1998/namespace";
const XMLNS: &str = "http://www.w3.org/2000/xmlns/";

/// Most declarations in force at once; each name is looked up among them.
const MOST: usize = 128;

/// An attribute that is no declaration.
pub(super) struct Named<'a> {
    pub prefix: &'a str,
    pub local: &'a str,
    /// The value, decoded.
    pub value: Cow<'a, str>,
    /// From its name to its last quote.
    pub span: Range<usize>,
    /// The value as written.
    pub raw: Range<usize>,
}

impl Named<'_> {
    /// Where the value stands in the source, if it stands there as it is.
    pub fn verbatim(&self) -> Option<Range<usize>> {
        matches!(self.value, Cow::Borrowed(_)).then(|| self.raw.clone())
    }
}

/// The declarations in force.
#[derive(Default)]
pub(super) struct Scope<'a> {
    bound: Vec<(&'a str, Cow<'a, str>)>,
}

impl<'a> Scope<'a> {
    /// How many declarations are in force; to return to later.
    pub fn mark(&self) -> usize {
        self.bound.len()
    }

    /// All declarations in force, innermost last.
    pub fn all(&self) -> &[(&'a str, Cow<'a, str>)] {
        &self.bound
    }

    /// Forgets what was declared since the mark.
    pub fn reset(&mut self, mark: usize) {
        self.bound.truncate(mark);
    }

    /// Declares what the tag declares, and gives its other attributes: no two of them are the same,
    /// whatever their prefixes are called, and every prefix is declared.
    pub fn enter(&mut self, tag: &Tag<'a>, most: usize) -> Result<Vec<Named<'a>>, Fault> {
        let mut out: Vec<Named<'a>> = Vec::new();
        for attribute in tag.attributes(most)? {
            let value = attribute.value()?;
            let at = attribute.span.start;
            let bound = match split(attribute.name) {
                Some(("", "xmlns")) => self.bind("", value),
                Some(("xmlns", prefix)) => self.bind(prefix, value),
                name => {
                    let (prefix, local) = name.unwrap_or_default();
                    let raw = attribute.at..attribute.at + attribute.raw.len();
                    out.push(Named { prefix, local, value, span: attribute.span, raw });
                    Ok(())
                }
            };
            bound.map_err(|message| Fault { code: "xml-namespace", at, message })?;
        }
        for (i, one) in out.iter().enumerate().filter(|(_, a)| !a.prefix.is_empty()) {
            let uri = self.resolve(one.prefix, one.span.start)?.1;
            let twin = |a: &Named<'_>| {
                !a.prefix.is_empty()
                    && a.local == one.local
                    && self.find(a.prefix).is_some_and(|f| f.1 == uri)
            };
            if out[..i].iter().any(twin) {
                let message = "an attribute stands twice in one tag under two prefixes; keep one";
                return Err(Fault { code: "xml-attribute", at: one.span.start, message });
            }
        }
        Ok(out)
    }

    /// As `find`; a prefix that is not declared is a fault at `at`.
    pub fn resolve(&self, prefix: &str, at: usize) -> Result<(Option<usize>, &str), Fault> {
        let message = "a prefix that is not declared; declare its namespace with xmlns";
        self.find(prefix).ok_or(Fault { code: "xml-namespace", at, message })
    }

    /// Declares a prefix; the empty one is the default.
    fn bind(&mut self, prefix: &'a str, uri: Cow<'a, str>) -> Result<(), &'static str> {
        match prefix {
            "xml" if uri == XML => return Ok(()),
            "xml" | "xmlns" => return Err("the prefixes `xml` and `xmlns` cannot be declared anew"),
            _ if uri == XML || uri == XMLNS => return Err("this namespace has its own prefix in XML"),
            "" => {}
            _ if uri.is_empty() => return Err("a prefix bound to no namespace; give it one"),
            _ => {}
        }
        if self.bound.len() >= MOST {
            return Err("too many namespace declarations in force; declare fewer");
        }
        self.bound.push((prefix, uri));
        Ok(())
    }

    /// The namespace of a prefix and which declaration says so. The default is none where nothing is
    /// declared; an undeclared prefix is `None`.
    pub fn find(&self, prefix: &str) -> Option<(Option<usize>, &str)> {
        if prefix == "xml" {
            return Some((None, XML));
        }
        match self.bound.iter().rposition(|(p, _)| *p == prefix) {
            Some(at) => Some((Some(at), &self.bound[at].1)),
            None => prefix.is_empty().then_some((None, "")),
        }
    }

    /// A declaration by its number.
    pub fn at(&self, number: usize) -> Option<(&'a str, &str)> {
        self.bound.get(number).map(|(prefix, uri)| (*prefix, &**uri))
    }
}
