//! A document's events into the schema validator, and what it found back out.
//!
//! Invariant: a finding has the bytes of the element that it is about, XSD's own code, and words of
//! ours: the library's words hold values. What a schema expects is told by its own names. Deliberately
//! absent: reading XML (see `fhir::xml`).

use super::Body;
use fhir::{
    Finding,
    finding::shown,
    tree::Span,
    xml::{self, Attribute, Event, Limits},
};
use std::{borrow::Cow, cell::RefCell, ops::Range};
use xsd_schema::{
    SchemaSet,
    namespace::context::NamespaceContextSnapshot,
    validation::{
        InstancePath, SchemaValidator, ValidationError, ValidationFlags, ValidationRuntime, ValidationSink,
        ValidationWarning,
    },
};

const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";
const SOAP: [&str; 2] =
    ["http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope"];
/// At most this many findings are told.
const MOST: usize = 100;
/// At most this many names of what is expected are told.
const MOST_EXPECTED: usize = 8;

/// Errors as the library tells them, taken up after each event.
struct Heard<'s>(&'s RefCell<Vec<ValidationError>>);

impl ValidationSink for Heard<'_> {
    fn on_error(&mut self, error: ValidationError) {
        self.0.borrow_mut().push(error);
    }
    fn on_warning(&mut self, _: ValidationWarning) {}
}

/// One walk through one document.
struct Run<'a, 's> {
    schemas: &'a SchemaSet,
    runtime: ValidationRuntime<'a, Heard<'s>>,
    heard: &'s RefCell<Vec<ValidationError>>,
    /// Start tags of the open elements.
    open: Vec<Range<usize>>,
    /// Is it worth asking what is expected? Only where something was found missing or misplaced.
    ask: bool,
    expected: String,
    /// Elements whose children are told to be wrong: what follows from it is not told.
    lost: Vec<usize>,
    findings: Vec<Finding>,
}

/// Checks a document whose root is declared.
pub(super) fn document(schemas: &SchemaSet, bytes: &[u8], limits: &Limits) -> Result<(), Vec<Finding>> {
    walked(schemas, bytes, limits, &mut |run, event, at| run.take(&event, at))
}

/// Checks what stands in an envelope's body.
pub(super) fn envelope(schemas: &SchemaSet, bytes: &[u8], limits: &Limits) -> Result<Body, Vec<Finding>> {
    let mut frame = Frame::default();
    let checked = walked(schemas, bytes, limits, &mut |run, event, at| frame.take(run, event, at));
    let body = frame.body.take();
    checked.and_then(|()| body.ok_or_else(|| vec![soap("soap-body", 0..0, NO_BODY)]))
}

/// What cannot happen: the same files compiled before.
pub(super) fn broken() -> Finding {
    soap("xsd-schema", 0..0, "the schemas could not be compiled again; the document was not checked")
}

type Step<'f> = &'f mut dyn FnMut(&mut Run<'_, '_>, Event<'_>, Range<usize>);

fn walked(schemas: &SchemaSet, bytes: &[u8], limits: &Limits, step: Step<'_>) -> Result<(), Vec<Finding>> {
    let validator = SchemaValidator::new(schemas, ValidationFlags::empty());
    let mut findings = walk(&validator, schemas, bytes, limits, false, step)?;
    if findings.iter().any(|f| f.code == CHILDREN) {
        findings = walk(&validator, schemas, bytes, limits, true, step)?;
    }
    if findings.is_empty() { Ok(()) } else { Err(findings) }
}

fn walk(
    validator: &SchemaValidator<'_>,
    schemas: &SchemaSet,
    bytes: &[u8],
    limits: &Limits,
    ask: bool,
    step: Step<'_>,
) -> Result<Vec<Finding>, Vec<Finding>> {
    let heard = RefCell::new(Vec::new());
    let runtime = validator.start_run(Heard(&heard));
    let (open, lost, findings) = (Vec::new(), Vec::new(), Vec::new());
    let mut run = Run { schemas, runtime, heard: &heard, open, ask, expected: String::new(), lost, findings };
    let read = xml::events(bytes, limits, &mut |event, at| step(&mut run, event, at));
    read.map_err(|fault| vec![fault])?;
    // References inside the document are judged when all of it is known.
    if let Err(error) = run.runtime.end_validation() {
        heard.borrow_mut().push(error);
    }
    run.hear(0..0, None);
    Ok(run.findings)
}

impl Run<'_, '_> {
    fn take(&mut self, event: &Event<'_>, at: Range<usize>) {
        match event {
            Event::Start { namespace, name, attributes, bound } => {
                self.foresee();
                let scope = self.scope(bound);
                let xsi = |wanted| {
                    let found = attributes.iter().find(|a| a.namespace == XSI && a.name == wanted);
                    found.map(|a: &Attribute<'_>| a.value)
                };
                self.runtime.validate_element(name, namespace, xsi("type"), xsi("nil"), &scope);
                let above = self.open.last().map(|tag| tag.start);
                self.hear(at.clone(), above);
                self.expected.clear();
                for one in *attributes {
                    self.runtime.validate_attribute(one.name, one.namespace, one.value);
                }
                self.runtime.validate_end_of_attributes();
                self.hear(at.clone(), above);
                self.open.push(at);
            }
            Event::Text(text) => {
                match text.chars().all(|c| matches!(c, ' ' | '\t' | '\r' | '\n')) {
                    true => self.runtime.validate_whitespace(text),
                    false => self.runtime.validate_text(text),
                }
                let own = self.open.last().cloned().unwrap_or(at);
                self.hear(own.clone(), Some(own.start));
            }
            Event::End => {
                self.foresee();
                self.runtime.validate_end_element();
                let own = self.open.pop().unwrap_or(at);
                self.hear(own.clone(), Some(own.start));
                self.expected.clear();
            }
        }
    }

    /// Prefixes, for values that are names.
    fn scope(&self, bound: &[(&str, Cow<'_, str>)]) -> NamespaceContextSnapshot {
        let mut scope = NamespaceContextSnapshot::default();
        let names = &self.schemas.name_table;
        // The innermost comes first and is found first.
        for (prefix, uri) in bound.iter().rev() {
            match prefix.is_empty() {
                false => scope.bindings.push((names.add(prefix), names.add(uri))),
                true if scope.default_ns.is_none() => scope.default_ns = Some(names.add(uri)),
                true => {}
            }
        }
        scope.default_ns = scope.default_ns.filter(|ns| !names.resolve_ref(*ns).is_empty());
        scope
    }

    /// Remembers what may stand here, in the schema's own words.
    fn foresee(&mut self) {
        if self.ask {
            let mut names: Vec<&str> = Vec::new();
            for one in self.runtime.get_expected_elements() {
                let name = self.schemas.name_table.resolve_ref(one.local_name);
                if !names.contains(&name) {
                    names.push(name);
                }
            }
            names.truncate(MOST_EXPECTED);
            self.expected = names.join(", ");
        }
    }

    /// Takes up what the library found at these bytes; `above` is the element whose children are judged.
    fn hear(&mut self, at: Range<usize>, above: Option<usize>) {
        for error in self.heard.borrow_mut().drain(..) {
            let lost = above.is_some_and(|start| self.lost.contains(&start));
            // After a wrong child the library knows neither the others nor what is in them.
            if self.findings.len() >= MOST || lost && matches!(error.constraint, CHILDREN | UNKNOWN) {
                continue;
            }
            let mut message = words(error.constraint).to_string();
            if error.constraint == CHILDREN {
                self.lost.extend(above);
                if !self.expected.is_empty() {
                    message = format!("{message}; may stand here: {}", self.expected);
                }
            }
            let place = error.instance_path().map_or_else(|| "/".into(), place);
            let span = Span { start: at.start as u32, end: at.end as u32 };
            // A value is told once: by the facet that it breaks, not also by the type that it has not.
            let here = |f: &Finding| f.span == span && f.place == place;
            let follows = error.constraint.starts_with("cvc-datatype-valid");
            if !self.findings.iter().any(|f| here(f) && (follows || f.code == error.constraint)) {
                self.findings.push(Finding::error(error.constraint, place, span, message));
            }
        }
    }
}

/// Where the walk is in an envelope.
#[derive(Default)]
struct Frame {
    depth: usize,
    in_body: bool,
    body: Option<Body>,
}

const NO_ENVELOPE: &str = "not a SOAP envelope; send soap:Envelope with soap:Body";
const NO_BODY: &str = "the envelope has no body with an element in it; put the message into soap:Body";
const ONE_ONLY: &str = "more than one element in the SOAP body; send one message at a time";

impl Frame {
    fn take(&mut self, run: &mut Run<'_, '_>, event: Event<'_>, at: Range<usize>) {
        match &event {
            Event::Start { namespace, name, .. } => {
                let soap_name = SOAP.contains(namespace);
                match self.depth {
                    0 => {
                        *self = Frame::default();
                        if !soap_name || *name != "Envelope" {
                            run.findings.push(soap("soap-envelope", at.clone(), NO_ENVELOPE));
                        }
                    }
                    1 => self.in_body = soap_name && *name == "Body",
                    2 if self.in_body => match self.body {
                        Some(_) => run.findings.push(soap("soap-body", at.clone(), ONE_ONLY)),
                        None if soap_name && *name == "Fault" => self.body = Some(Body::Fault),
                        None => self.body = Some(Body::Message((*name).to_string())),
                    },
                    _ => {}
                }
                self.depth += 1;
                self.pass(run, &event, at, self.depth);
            }
            Event::Text(_) => self.pass(run, &event, at, self.depth),
            Event::End => {
                self.pass(run, &event, at, self.depth);
                self.depth = self.depth.saturating_sub(1);
            }
        }
    }

    /// What is inside the body's message is the schema's matter.
    fn pass(&self, run: &mut Run<'_, '_>, event: &Event<'_>, at: Range<usize>, depth: usize) {
        if self.in_body && depth > 2 && matches!(self.body, Some(Body::Message(_))) {
            run.take(event, at);
        }
    }
}

fn soap(code: &'static str, at: Range<usize>, message: &str) -> Finding {
    Finding::error(code, "/".into(), Span { start: at.start as u32, end: at.end as u32 }, message)
}

/// A path of names, with numbers where one repeats.
fn place(path: &InstancePath) -> String {
    let mut out = String::new();
    for step in path.steps() {
        out.push_str(if step.position().is_some() { "/" } else { "/@" });
        out.push_str(shown(step.name().local_name()));
        if let Some(number) = step.position().filter(|n| *n > 1) {
            out.push_str(&format!("[{number}]"));
        }
    }
    out
}

/// XSD's code for children that are missing, misplaced or unknown.
const CHILDREN: &str = "cvc-complex-type.2.4";

/// XSD's code for an element that nothing declares.
const UNKNOWN: &str = "cvc-elt.1";

/// What a code of XSD means, and what to do (XML Schema 1.0 part 1, appendix C).
fn words(code: &str) -> &'static str {
    match code {
        CHILDREN => "an element is missing, is not known here, or stands in the wrong order",
        "cvc-complex-type.2.1" => "nothing may stand in this element; take its content out",
        "cvc-complex-type.2.3" => "text stands between the elements; take it out",
        "cvc-complex-type.3" | "cvc-complex-type.3.2.1" | "cvc-complex-type.3.2.2" => {
            "the schema knows no such attribute here; take it out"
        }
        "cvc-complex-type.4" => "an attribute that must be there is missing; add it",
        "cvc-pattern-valid" => "the value has not the form that the schema asks for",
        "cvc-enumeration-valid" => "the value is none of those that the schema lists",
        "cvc-length-valid" | "cvc-minLength-valid" => "the value is shorter than the schema allows",
        "cvc-maxLength-valid" => "the value is longer than the schema allows",
        UNKNOWN => "no schema declares this element; send one that a schema declares",
        "cvc-elt.3.1" | "cvc-elt.3.2.1" | "cvc-elt.3.2.2" => "the element may not be nil; give it content",
        "cvc-elt.5.2.2" | "cvc-elt.5.2.2.1" | "cvc-elt.5.2.2.2" | "cvc-attribute.4" => {
            "the value is another than the one that the schema fixes"
        }
        "cvc-elt.2" | "cvc-type.2" => "the element or its type is abstract; use one that stands for it",
        "cvc-elt.4.1" | "cvc-elt.4.2" | "cvc-elt.4.3" => "xsi:type names no type that may stand here",
        "cvc-id.1" => "a reference inside the document leads nowhere",
        "cvc-id.2" => "two elements have the same id",
        code if code.starts_with("cvc-identity-constraint") => "a key is missing, doubled, or leads nowhere",
        code if code.starts_with("cvc-min") || code.starts_with("cvc-max") => {
            "the value is outside the bounds that the schema sets"
        }
        code if code.starts_with("cvc-") => "the value is not of the type that the schema asks for",
        _ => "the schema could not be applied here; the document was not checked to its end",
    }
}
