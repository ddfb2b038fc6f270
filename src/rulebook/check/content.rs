//! A message's content against the rules of its event: the format's own schema, then the canonical form
//! against its profile.
//!
//! Invariant: the gateway and every tool judge a message here and nowhere else; what is found is told
//! in terms of the text received. Deliberately absent: parties, times and permission.

use super::{Found, Heading, place};
use crate::{
    model::{Code, Finding, Format, Model, Told, fault::Severity},
    rulebook::{Map, Rulebook},
};
use fhir::Tree;

/// What a message says, and what is wrong with it.
pub struct Content {
    /// In canonical form; `None` where it could not be brought into it.
    pub canonical: Option<Tree>,
    /// What was found.
    pub found: Vec<Found>,
}

/// A message that has been read, to be judged.
pub struct Document<'a> {
    /// What was read.
    pub tree: Tree,
    /// From what.
    pub format: Format,
    /// The text itself.
    pub bytes: &'a [u8],
    /// The canonical form, where it was made already to find the envelope.
    pub canonical: Option<Tree>,
    /// What its map is told beside it.
    pub told: Told,
}

impl Rulebook {
    /// Judges a message as one of this event. With `unsure` also what could not be checked here is told.
    pub fn check_content(&self, document: Document<'_>, event: &str, unsure: bool) -> Content {
        let Document { mut tree, format, bytes, canonical, told } = document;
        if format.model() == Model::Fhir {
            let found = self.check_profile(&mut tree, event);
            let found = of_engine(&found, Code::Profile, unsure, tree.source().as_bytes());
            return Content { canonical: Some(tree), found };
        }
        let mut found = self.check_form(&mut tree, format, bytes, unsure);
        if found.iter().any(Found::is_error) {
            return Content { canonical: None, found };
        }
        let canonical = match canonical {
            Some(canonical) => Ok(canonical),
            None => self.canonical(&mut tree, event, format, &told),
        };
        let canonical = canonical.map(|mut canonical| {
            found.extend(self.check_canonical(&mut canonical, &tree, event, format, &told, unsure));
            canonical
        });
        let canonical = canonical.map_err(|fault| found.push(Found::of(Heading::Profile, fault))).ok();
        if format == Format::CaseXml {
            found.iter_mut().for_each(|f| place::in_elements(&mut f.finding, &tree));
        }
        Content { canonical, found }
    }

    /// A message of another form than the canonical one against what its own model and schema say.
    pub(super) fn check_form(
        &self,
        tree: &mut Tree,
        format: Format,
        bytes: &[u8],
        unsure: bool,
    ) -> Vec<Found> {
        let mut findings = match format {
            Format::CaseXml => self.case.xml_read(tree, bytes),
            Format::CaseJson => self.case.json_read(tree, bytes),
            // What a version or a site adds is no fault; what an event needs its profile asks.
            Format::Hl7v2 => return Vec::new(),
            _ => {
                let root = self.foreign.root(format.model()).map(|ty| self.definitions.type_name(ty));
                let found = root.map(|root| {
                    self.profiles.validate_with(tree, root, &|invariant, node| {
                        self.invariants.holds(&self.definitions, invariant, node)
                    })
                });
                let found = found.unwrap_or_default();
                return of_engine(&found, Code::Schema, unsure, tree.source().as_bytes());
            }
        };
        place::locate(&mut findings, tree);
        findings.into_iter().map(|f| Found::of(Heading::Profile, f)).collect()
    }

    /// Places as the senders of a format write them.
    pub(super) fn in_own_words<'f>(
        &self,
        found: impl IntoIterator<Item = &'f mut Finding>,
        tree: &Tree,
        format: Format,
    ) {
        if let (Format::Hl7v2, Some(model)) = (format, &self.hl7v2) {
            model.tell_places(found, tree);
        }
    }

    /// What is wrong with the canonical form: since the message itself passed, a defect of our map, or
    /// something that its own form does not ask for.
    pub(super) fn check_canonical(
        &self,
        canonical: &mut Tree,
        tree: &Tree,
        event: &str,
        from: Format,
        told: &Told,
        unsure: bool,
    ) -> Vec<Found> {
        let found = self.check_profile(canonical, event);
        // It was not read from a text: nothing in it has a place there.
        // HL7 v2 itself asks for nothing: what is missing its sender left out.
        let code = if from == Format::Hl7v2 { Code::Profile } else { Code::Untranslatable };
        let mut found = of_engine(&found, code, unsure, b"");
        // It costs a second run: for an answer only where the message is refused.
        if unsure && !found.is_empty() || found.iter().any(Found::is_error) {
            self.lead_back(found.iter_mut().map(|f| &mut f.finding), tree, event, from, told);
        }
        found
    }

    /// The compiled map of an event between two models. Error: `SLUSS-MAP-001`.
    pub fn map(&self, event: &str, from: Model, to: Model) -> Result<&Map, Finding> {
        self.plan(event, from, to).ok_or_else(|| {
            let detail = format!("there is no map for {event} from {} to {}", from.word(), to.word());
            Finding::error(Code::Untranslatable, detail)
        })
    }
}

/// Runs a map over an annotated tree. Error: `SLUSS-MAP-001`, at its place in the text received.
pub fn translate(map: &Map, tree: &Tree, told: &Told) -> Result<Tree, Finding> {
    map.run(tree, told).map_err(|fault| {
        let mut finding = Finding::error(Code::Untranslatable, fault.message);
        finding.place.path = fault.place.map(|place| place::pointer(&place).unwrap_or(place));
        place::locate([&mut finding], tree);
        finding
    })
}

/// What an engine found, with its place in the text received.
pub(super) fn of_engine(found: &[fhir::Finding], code: Code, unsure: bool, source: &[u8]) -> Vec<Found> {
    let told = found.iter().filter(|f| unsure || !f.not_checkable);
    let mut found: Vec<Found> = told.map(|f| of(f, code, source.len())).collect();
    place::number(found.iter_mut().map(|f| &mut f.finding), source);
    found
}

fn of(found: &fhir::Finding, code: Code, length: usize) -> Found {
    let severity = match found.severity {
        fhir::Severity::Error => Severity::Error,
        fhir::Severity::Warning => Severity::Warning,
        fhir::Severity::Information => Severity::Information,
    };
    let detail = format!("{} [{}]", found.message, found.code);
    let mut finding = Finding { severity, ..Finding::error(code, detail) };
    finding.place.path = Some(found.place.clone()).filter(|p| !p.is_empty());
    let (start, end) = (found.span.start as usize, found.span.end as usize);
    finding.place.span = Some(start..end).filter(|_| end > 0 && end <= length);
    Found {
        rule: Some(found.code),
        not_checkable: found.not_checkable,
        ..Found::of(Heading::Profile, finding)
    }
}
