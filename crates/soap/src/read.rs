//! The reader: frame and headers of an envelope, with the bytes of each part.
//!
//! Invariant: one Envelope, at most one Header before exactly one Body, one element in the body, at
//! most one logical address; text only inside headers and the body's element. What is not so is told
//! at once, each with its bytes. Deliberately absent: reading what the body's element holds.

use crate::{FaultCode, REGISTRY, SOAP, SOAP_12};
use fhir::{
    Finding,
    tree::Span,
    xml::{self, Attribute, Event, Limits},
};
use std::ops::Range;

/// At most this many findings are told.
const MOST: usize = 20;
/// Longest logical address, in bytes: an HSA-id has 31 characters.
const ADDRESS: usize = 256;
/// The actor whose headers everybody must take for their own (SOAP 1.1 §4.2.2).
const NEXT: &str = "http://schemas.xmlsoap.org/soap/actor/next";

/// One entry of the header.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Header {
    /// Its namespace.
    pub namespace: String,
    /// Its local name.
    pub name: String,
    /// Its bytes.
    pub at: Range<usize>,
}

/// The one element in the body.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Body {
    /// Its namespace.
    pub namespace: String,
    /// Its local name.
    pub name: String,
    /// Its bytes.
    pub at: Range<usize>,
}

impl Body {
    /// Is it a fault?
    pub fn is_fault(&self) -> bool {
        self.namespace == SOAP && self.name == "Fault"
    }
}

/// An envelope whose frame is in order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Opened {
    /// The receiver's logical address, and the bytes of its element.
    pub address: Option<(String, Range<usize>)>,
    /// The header's other entries. None of them has to be understood.
    pub others: Vec<Header>,
    /// What the body holds.
    pub body: Body,
}

impl Opened {
    /// The envelope with white space where the other headers stand: every byte keeps its place.
    pub fn without_others(&self, bytes: &[u8]) -> Vec<u8> {
        let mut out = bytes.to_vec();
        for header in &self.others {
            let own = out.get_mut(header.at.clone()).into_iter().flatten();
            own.filter(|b| !matches!(b, b'\n' | b'\r')).for_each(|b| *b = b' ');
        }
        out
    }
}

/// Opens an envelope.
///
/// # Errors
/// All findings: the XML reader's (`xml-…`), `soap-version`, `soap-envelope`, `soap-header`,
/// `soap-understand`, `soap-address`, `soap-body`.
pub fn open(bytes: &[u8], limits: &Limits) -> Result<Opened, Vec<Finding>> {
    let mut frame = Frame::default();
    let read = xml::events(bytes, limits, &mut |event, at| frame.take(&event, at));
    if let Err(fault) = read {
        return Err(vec![fault]);
    }
    if frame.findings.is_empty() && frame.body.is_none() {
        frame.tell(
            "soap-body",
            0..0,
            "the envelope has no body with an element in it; put the message into Body",
        );
    }
    match (frame.findings.is_empty(), frame.body) {
        (true, Some(body)) => Ok(Opened { address: frame.address, others: frame.others, body }),
        (_, _) => Err(frame.findings),
    }
}

/// The fault code that findings of [`open`] are answered with.
fn code_of(findings: &[Finding]) -> FaultCode {
    match findings.first().map(|f| f.code) {
        Some("soap-version") => FaultCode::VersionMismatch,
        Some("soap-understand") => FaultCode::MustUnderstand,
        _ => FaultCode::Client,
    }
}

impl FaultCode {
    /// The fault code that findings of [`open`] are answered with.
    pub fn of(findings: &[Finding]) -> FaultCode {
        code_of(findings)
    }
}

/// The text of the first element below the body's element that this path of local names leads to; an
/// empty path is the body's element itself. `None` too where it is no readable envelope.
pub fn value(bytes: &[u8], limits: &Limits, path: &[&str]) -> Option<String> {
    let (mut depth, mut right, mut found) = (0usize, 0usize, None::<String>);
    let mut done = false;
    let read = xml::events(bytes, limits, &mut |event, _| match event {
        Event::Start { namespace, name, .. } => {
            let wanted = match depth {
                0 => namespace == SOAP && name == "Envelope",
                1 => namespace == SOAP && name == "Body",
                2 => true,
                _ => path.get(depth - 3).is_some_and(|p| *p == name),
            };
            if wanted && right == depth {
                right = depth + 1;
            }
            depth += 1;
            if !done && found.is_none() && right == depth && depth == path.len() + 3 {
                found = Some(String::new());
            }
        }
        Event::Text(text) => {
            if let Some(value) = found.as_mut().filter(|_| !done && depth == path.len() + 3) {
                value.push_str(text);
            }
        }
        Event::End => {
            done |= found.is_some() && depth == path.len() + 3;
            depth = depth.saturating_sub(1);
            right = right.min(depth);
        }
    });
    read.ok()?;
    found.map(|text| text.trim().to_string())
}

/// Where the walk is.
#[derive(Default)]
struct Frame {
    depth: usize,
    /// What the open child of the envelope is.
    part: Part,
    seen_header: bool,
    seen_body: bool,
    /// Is the element told to be wrong, so that what is in it is passed over?
    lost: bool,
    open: Range<usize>,
    is_address: bool,
    text: String,
    address: Option<(String, Range<usize>)>,
    others: Vec<Header>,
    body: Option<Body>,
    findings: Vec<Finding>,
}

#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum Part {
    #[default]
    Neither,
    Header,
    Body,
}

impl Frame {
    fn tell(&mut self, code: &'static str, at: Range<usize>, message: &str) {
        if self.findings.len() < MOST {
            let span = Span { start: at.start as u32, end: at.end as u32 };
            self.findings.push(Finding::error(code, "/Envelope".into(), span, message));
        }
    }

    fn take(&mut self, event: &Event<'_>, at: Range<usize>) {
        match event {
            Event::Start { namespace, name, attributes, .. } => {
                match self.depth {
                    0 => self.root(namespace, name, at),
                    1 => self.child(namespace, name, at),
                    2 => self.entry(namespace, name, attributes, at),
                    _ if self.is_address && self.part == Part::Header => {
                        self.tell("soap-address", at, "the logical address holds an element; it is a text");
                    }
                    _ => {}
                }
                self.depth += 1;
            }
            Event::Text(text) => self.words(text, at),
            Event::End => {
                self.depth = self.depth.saturating_sub(1);
                if self.depth == 2 {
                    self.close(at.end);
                }
            }
        }
    }

    fn root(&mut self, namespace: &str, name: &str, at: Range<usize>) {
        self.lost = true;
        match (namespace, name) {
            (SOAP, "Envelope") => self.lost = false,
            (SOAP_12, "Envelope") => self.tell(
                "soap-version",
                at,
                "the envelope is of SOAP 1.2; RIV-TA BP 2.1 has SOAP 1.1, send that",
            ),
            _ => self.tell("soap-envelope", at, "not a SOAP envelope; send Envelope of SOAP 1.1 with Body"),
        }
    }

    fn child(&mut self, namespace: &str, name: &str, at: Range<usize>) {
        self.part = Part::Neither;
        match (namespace, name) {
            _ if self.lost => {}
            (SOAP, "Header") if self.seen_body => {
                self.tell("soap-header", at, "the header stands after the body; put it first");
            }
            (SOAP, "Header") if self.seen_header => {
                self.tell("soap-header", at, "a second header; an envelope has one");
            }
            (SOAP, "Header") => (self.part, self.seen_header) = (Part::Header, true),
            (SOAP, "Body") if self.seen_body => {
                self.tell("soap-body", at, "a second body; an envelope has one");
            }
            (SOAP, "Body") => (self.part, self.seen_body) = (Part::Body, true),
            _ => self.tell(
                "soap-envelope",
                at,
                "the envelope holds something beside header and body; take it out",
            ),
        }
    }

    fn entry(&mut self, namespace: &str, name: &str, attributes: &[Attribute<'_>], at: Range<usize>) {
        self.open = at.clone();
        self.is_address = false;
        match self.part {
            Part::Neither => {}
            Part::Header if (namespace, name) == (REGISTRY, "LogicalAddress") => {
                self.is_address = true;
                self.text.clear();
                if self.address.is_some() {
                    self.tell("soap-address", at, "a second logical address; a message has one receiver");
                }
            }
            Part::Header => {
                let said = |wanted: &str| {
                    attributes
                        .iter()
                        .find(|a| a.namespace == SOAP && a.name == wanted)
                        .map(|a| a.value.trim())
                };
                let ours = said("actor").is_none_or(|actor| actor.is_empty() || actor == NEXT);
                if ours && said("mustUnderstand") == Some("1") {
                    let what = "a header must be understood that is not known here; take it out, or the mark";
                    self.tell("soap-understand", at.clone(), what);
                }
                self.others.push(Header { namespace: namespace.into(), name: name.into(), at });
            }
            Part::Body if self.body.is_some() => {
                self.tell("soap-body", at, "more than one element in the body; send one message at a time");
            }
            Part::Body => self.body = Some(Body { namespace: namespace.into(), name: name.into(), at }),
        }
    }

    fn words(&mut self, text: &str, at: Range<usize>) {
        let white = text.chars().all(|c| matches!(c, ' ' | '\t' | '\r' | '\n'));
        if self.depth <= 2 && !white && !self.lost {
            self.tell("soap-envelope", at, "text stands between the parts of the envelope; take it out");
        } else if self.depth == 3 && self.is_address && self.part == Part::Header {
            self.text.push_str(text);
        }
    }

    /// An entry ends.
    fn close(&mut self, end: usize) {
        let at = self.open.start..end;
        match self.part {
            Part::Header if self.is_address => {
                let text = self.text.trim();
                match text.is_empty() || text.len() > ADDRESS {
                    true => self.tell("soap-address", at, "the logical address is empty or too long"),
                    false if self.address.is_none() => self.address = Some((text.to_string(), at)),
                    false => {}
                }
            }
            Part::Header => {
                if let Some(last) = self.others.last_mut() {
                    last.at = at;
                }
            }
            Part::Body => {
                if let Some(body) = self.body.as_mut().filter(|b| b.at.start == at.start) {
                    body.at = at;
                }
            }
            Part::Neither => {}
        }
        self.is_address = false;
    }
}
