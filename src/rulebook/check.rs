//! One document against the rules: what it is, whether it can be read, whether it obeys the profile or schema of
//! its event, and what of the gateway's own rules it answers by itself.
//!
//! Invariant: gateway, command line and conformance runner judge here, so that one document has one
//! verdict; all findings at once, under three headings, none with a value. Deliberately absent: parties,
//! agreements, consents, times and duplicates, which only a gateway knows, and only at the time.

mod case;
mod content;
pub mod guess;
mod hl7v2;
mod identity;
pub mod place;
mod provenance;
pub mod read;
pub mod scan;
mod schema;
mod way;

use super::{Rulebook, Xsd, envelope};
use crate::{
    config::Mode,
    model::{Code, Finding, Format, Model, Told, fault::Severity},
};
pub use content::{Content, Document, translate};
use fhir::Tree;
pub use guess::Kind;
pub use identity::identifier;
use jiff::Timestamp;

/// What a finding is about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Heading {
    /// Is it readable?
    Format,
    /// Does it obey the profile or schema?
    Profile,
    /// Does it obey what the parties have agreed, as far as it tells by itself?
    Agreement,
}

impl Heading {
    /// All of them, in the order in which they are told.
    pub const ALL: [Heading; 3] = [Heading::Format, Heading::Profile, Heading::Agreement];

    /// A stable word.
    pub fn word(self) -> &'static str {
        match self {
            Heading::Format => "format",
            Heading::Profile => "profile",
            Heading::Agreement => "agreement",
        }
    }
}

/// A finding under its heading.
#[derive(Clone, Debug)]
pub struct Found {
    /// What it is about.
    pub heading: Heading,
    /// The kind of rule, where the engine names it, such as `cardinality`.
    pub rule: Option<&'static str>,
    /// The rule could not be checked here: neither right nor wrong is claimed.
    pub not_checkable: bool,
    /// What was found.
    pub finding: Finding,
}

impl Found {
    /// A finding that was checked.
    pub fn of(heading: Heading, finding: Finding) -> Found {
        Found { heading, rule: None, not_checkable: false, finding }
    }

    /// Does it make the document invalid?
    pub fn is_error(&self) -> bool {
        !self.not_checkable && self.finding.severity == Severity::Error
    }
}

/// What to judge a document by.
#[derive(Clone)]
pub struct Wanted<'a> {
    /// As this event's message; `None`: as its own event's.
    pub event: Option<&'a str>,
    /// Against this profile or type alone.
    pub profile: Option<&'a str>,
    /// Which numbers may be in it; `None`: any well-formed one.
    pub mode: Option<Mode>,
    /// The day that ages of numbers are counted from.
    pub now: Timestamp,
    /// Longest document.
    pub max_bytes: usize,
    /// The schemas of what SOAP envelopes and other XML carry.
    pub schemas: Option<&'a Xsd>,
}

/// What a message's own words answered of the gateway's rules.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Checked {
    /// The subject's number: system, shape and check digit.
    Number,
    /// That it is, or is not, a published test number.
    TestNumber(Mode),
}

/// The verdict on a document.
#[derive(Clone, Debug)]
pub struct Report {
    /// What it looks like.
    pub kind: Kind,
    /// The event that it was judged by.
    pub event: Option<String>,
    /// The profile or type that it was judged by.
    pub profile: Option<String>,
    /// Could it be read?
    pub readable: bool,
    /// Of the agreement rules, what was checked.
    pub checked: Vec<Checked>,
    /// What was found, by heading and place.
    pub found: Vec<Found>,
}

impl Report {
    fn of(kind: Kind) -> Report {
        let (found, checked) = (Vec::new(), Vec::new());
        Report { kind, event: None, profile: None, readable: false, checked, found }
    }

    /// No error under any heading.
    pub fn is_valid(&self) -> bool {
        !self.found.iter().any(Found::is_error)
    }

    fn add(&mut self, heading: Heading, findings: impl IntoIterator<Item = Finding>) {
        self.found.extend(findings.into_iter().map(|f| Found::of(heading, f)));
    }
}

impl Rulebook {
    /// Judges a document.
    pub fn check(&self, bytes: &[u8], wanted: &Wanted<'_>) -> Report {
        let kind = guess::kind(bytes);
        let mut report = Report::of(kind);
        let format = match kind {
            Kind::FhirJson => Ok(Format::FhirJson),
            Kind::FhirXml => Ok(Format::FhirXml),
            Kind::CaseJson => Ok(Format::CaseJson),
            Kind::Hl7v2 if hl7v2::is_batch(bytes) => Err(vec![hl7v2::batch()]),
            Kind::Hl7v2 => Ok(Format::Hl7v2),
            Kind::CaseXml => {
                self.case_xml(bytes, wanted, &mut report);
                return report;
            }
            Kind::Soap => {
                self.soap(bytes, wanted, &mut report);
                return report;
            }
            Kind::OtherXml if let Some(schemas) = wanted.schemas => {
                schema::judge(bytes, wanted, schemas, &mut report);
                return report;
            }
            _ => Err(vec![not_read(kind)]),
        };
        let bytes = if kind == Kind::Hl7v2 { hl7v2::unframed(bytes) } else { bytes };
        let read = format.and_then(|format| Ok((format, self.read(bytes, format, wanted.max_bytes)?)));
        match read {
            Err(findings) => report.add(Heading::Format, findings),
            Ok((format, tree)) => {
                report.readable = true;
                match format.model() {
                    Model::Fhir => self.fhir(tree, format, bytes, wanted, &mut report),
                    Model::Hl7v2 => self.hl7v2(tree, bytes, wanted, &mut report),
                    _ => self.case(tree, bytes, wanted, &mut report),
                }
            }
        }
        let start = |f: &Found| f.finding.place.span.as_ref().map(|s| s.start);
        report.found.sort_by_key(|f| (f.heading, start(f)));
        report
    }

    /// A SOAP envelope: by the schemas that were given, or as the door takes it.
    fn soap(&self, bytes: &[u8], wanted: &Wanted<'_>, report: &mut Report) {
        schema::judge(bytes, wanted, wanted.schemas.unwrap_or(self.rivta.xsd()), report);
        let request = report.profile.as_ref().is_some_and(|name| !name.ends_with("Response"));
        if wanted.schemas.is_none() && request && report.is_valid() {
            let read = self.read(bytes, Format::RivTa, wanted.max_bytes);
            // Whoever asks how a referral stands asks another service.
            let asks = report.profile.as_ref().is_some_and(|name| name.starts_with("Get"));
            report.add(Heading::Profile, read.err().filter(|_| !asks).into_iter().flatten());
        }
    }

    fn fhir(&self, mut tree: Tree, format: Format, bytes: &[u8], wanted: &Wanted<'_>, report: &mut Report) {
        let event = match (wanted.profile, wanted.event) {
            (Some(url), _) => return self.against(&mut tree, url, report),
            (None, Some(event)) => Some(event.to_string()),
            (None, None) => envelope::event(&tree, Model::Fhir).map(str::to_string),
        };
        let Some(event) = event else {
            // A name that is no type may be a value put in the wrong place: it is not repeated.
            let named = tree.child_text(tree.root(), "resourceType");
            let known = named.filter(|name| self.definitions.type_id(name).is_some());
            let own = known.unwrap_or("Resource").to_string();
            return self.against(&mut tree, &own, report);
        };
        self.own_rules(&tree, Model::Fhir, wanted, report);
        if !self.knows_event(&event) {
            report.add(Heading::Profile, [unknown_event(&tree, Model::Fhir)]);
            return self.against(&mut tree, "Bundle", report);
        }
        report.profile = Some(super::profile_url(&event));
        let document = Document { tree, format, bytes, canonical: None, told: Told::default() };
        let content = self.check_content(document, &event, true);
        if let (Some(canonical), false) = (&content.canonical, content.found.iter().any(Found::is_error)) {
            report.add(Heading::Profile, self.untranslatable(canonical, &event));
        }
        report.found.extend(content.found);
        report.event = Some(event);
    }

    /// What stands in the way of a receiver of case messages. Others get the message as it is.
    fn untranslatable(&self, canonical: &Tree, event: &str) -> Option<Finding> {
        let map = self.plan(event, Model::Fhir, Model::Case)?;
        let fault = translate(map, canonical, &Told::default()).err()?;
        let detail = format!("{}; to a receiver of case messages it cannot be sent", fault.detail);
        Some(Finding { severity: Severity::Warning, detail, ..fault })
    }

    /// Against one profile or type, whatever the document is for.
    fn against(&self, tree: &mut Tree, url: &str, report: &mut Report) {
        let found = self.check_as(tree, url);
        report.found.extend(content::of_engine(&found, Code::Profile, true, tree.source().as_bytes()));
        report.profile = Some(url.to_string());
    }

    /// The envelope, and what the gateway's rules say of the message alone.
    fn own_rules(&self, tree: &Tree, model: Model, wanted: &Wanted<'_>, report: &mut Report) {
        if let Err(fault) = envelope::read(tree, model) {
            report.add(Heading::Profile, fault.findings().iter().cloned());
        }
        let Some(subject) = envelope::subject(tree, model) else { return };
        report.checked.push(Checked::Number);
        report.checked.extend(wanted.mode.map(Checked::TestNumber));
        let found = identifier(&subject.system, &subject.value, wanted.mode, wanted.now);
        if let Some(finding) = found {
            let mut finding = finding.at(envelope::place_of(envelope::Part::Subject, tree, model));
            place::locate([&mut finding], tree);
            report.add(Heading::Agreement, [finding]);
        }
    }
}

fn unknown_event(tree: &Tree, model: Model) -> Finding {
    let finding = Finding::error(Code::UnknownEvent, "the event code is not in the catalogue");
    let mut finding = finding.at(envelope::place_of(envelope::Part::Event, tree, model));
    place::locate([&mut finding], tree);
    finding
}

/// What stands in the way of reading a document of this kind.
fn not_read(kind: Kind) -> Finding {
    let detail = format!(
        "it looks like {}; what is read here is FHIR R4 and the case message, each in JSON or XML in UTF-8, HL7 v2, and SOAP",
        kind.looks()
    );
    Finding::error(Code::UnknownForm, detail)
}
