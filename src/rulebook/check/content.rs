//! A message's content against the rules of its event: the format's own schema, then the canonical form
//! against its profile.
//!
//! Invariant: the gateway and every tool judge a message here and nowhere else; what is found is told
//! in terms of the text received. Deliberately absent: parties, times and permission.

use super::{Found, Heading, place, provenance};
use crate::{
    model::{Code, Finding, Format, fault::Severity},
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

impl Rulebook {
    /// Judges a message as one of this event. `bytes`: what `tree` was read from. With `unsure` also what
    /// could not be checked here is told.
    pub fn check_content(
        &self,
        mut tree: Tree,
        format: Format,
        event: &str,
        bytes: &[u8],
        unsure: bool,
    ) -> Content {
        if format == Format::FhirJson {
            let found = self.check_profile(&mut tree, event);
            let found = of_engine(&found, Code::Profile, unsure, tree.source().as_bytes());
            return Content { canonical: Some(tree), found };
        }
        let mut found = self.check_case(&mut tree, bytes);
        if found.iter().any(Found::is_error) {
            return Content { canonical: None, found };
        }
        match self.canonical(&mut tree, event, format, unsure) {
            Ok((canonical, more)) => {
                found.extend(more);
                Content { canonical: Some(canonical), found }
            }
            Err(fault) => {
                found.push(Found::of(Heading::Profile, fault));
                Content { canonical: None, found }
            }
        }
    }

    /// A case message against its schema and its model.
    pub(super) fn check_case(&self, tree: &mut Tree, bytes: &[u8]) -> Vec<Found> {
        let mut findings = self.case.json_read(tree, bytes);
        place::locate(&mut findings, tree);
        findings.into_iter().map(|f| Found::of(Heading::Profile, f)).collect()
    }

    /// The canonical form, and what is wrong with that: since the schema passed, a defect of our map.
    pub(super) fn canonical(
        &self,
        tree: &mut Tree,
        event: &str,
        from: Format,
        unsure: bool,
    ) -> Result<(Tree, Vec<Found>), Finding> {
        let map = self.map(event, from, Format::FhirJson)?;
        map.annotate(tree);
        let mut canonical = translate(map, tree)?;
        let found = self.check_profile(&mut canonical, event);
        // It was not read from a text: nothing in it has a place there.
        let mut found = of_engine(&found, Code::Untranslatable, unsure, b"");
        // It costs a second run: for an answer only where the message is refused.
        if unsure && !found.is_empty() || found.iter().any(Found::is_error) {
            provenance::tell(found.iter_mut().map(|f| &mut f.finding), map, tree);
            place::locate(found.iter_mut().map(|f| &mut f.finding), tree);
        }
        Ok((canonical, found))
    }

    /// The compiled map of an event between two formats. Error: `SLUSS-MAP-001`.
    pub fn map(&self, event: &str, from: Format, to: Format) -> Result<&Map, Finding> {
        self.plan(event, from, to).ok_or_else(|| {
            let detail = format!("there is no map for {event} from {} to {}", from.map_word(), to.map_word());
            Finding::error(Code::Untranslatable, detail)
        })
    }
}

/// Runs a map over an annotated tree. Error: `SLUSS-MAP-001`, at its place in the text received.
pub fn translate(map: &Map, tree: &Tree) -> Result<Tree, Finding> {
    map.run(tree).map_err(|fault| {
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
