//! An HL7 v2 message against the rules of the event that it is.
//!
//! Invariant: it is judged as the gateway judges it: by its structure, by the table of events, and by its canonical
//! form, with places in HL7's words. Who sends and who receives is not the message's to say: for the check they are
//! what MSH names, where that is an HSA-id. Deliberately absent: batches, whose messages are judged one by one.

use super::{Document, Found, Heading, Report, Wanted, place};
use crate::{
    model::{Code, Finding, Format, Model, Told},
    rulebook::{Meaning, Rulebook, envelope},
};
use fhir::Tree;

/// A party that the message does not name.
const NOBODY: &str = "SE0000000000-OKANDPART";

/// What stands around a message on the wire is no part of it.
pub(super) fn unframed(bytes: &[u8]) -> &[u8] {
    let inner = bytes.strip_prefix(b"\x0b").unwrap_or(bytes);
    let inner = inner.strip_suffix(b"\r").filter(|b| b.ends_with(b"\x1c")).unwrap_or(inner);
    inner.strip_suffix(b"\x1c").unwrap_or(inner)
}

/// Several messages, with segments around them?
pub(super) fn is_batch(bytes: &[u8]) -> bool {
    let inner = unframed(bytes);
    inner.starts_with(b"FHS") || inner.starts_with(b"BHS")
}

pub(super) fn batch() -> Finding {
    let what = "it is a batch of HL7 v2; its messages are judged one by one, each from its own MSH";
    Finding::error(Code::NotHl7v2, what)
}

impl Rulebook {
    pub(super) fn hl7v2(&self, mut tree: Tree, bytes: &[u8], wanted: &Wanted<'_>, report: &mut Report) {
        if wanted.profile.is_some() {
            let what = "HL7 v2 is judged by its event; profiles are for FHIR";
            return report.add(Heading::Profile, [Finding::error(Code::UnknownForm, what)]);
        }
        let event = match (wanted.event, self.meaning(&tree, Model::Hl7v2)) {
            (Some(event), _) => event.to_string(),
            (None, Some(Meaning::Event(event))) => event,
            (None, Some(Meaning::Noted(noted))) => {
                let detail = format!("{} / {}", noted.words.0, noted.words.1);
                return report.add(Heading::Agreement, [Finding::note(Code::NotSentOn, detail).at("MSH-9")]);
            }
            (None, None) => {
                let what = "no row of the model's table of events fits it";
                let mut finding = Finding::error(Code::UnknownEvent, what).at("Hl7v2.MSH.type");
                place::locate([&mut finding], &tree);
                return report.add(Heading::Profile, [finding.at("MSH-9")]);
            }
        };
        let told = told(&tree, wanted);
        // The tree is over the decoded text; a set of single bytes has as many bytes as that has characters.
        let text = (tree.source().len() != bytes.len()).then(|| tree.source().to_string());
        report.event = Some(event.clone());
        report.profile = Some(crate::rulebook::profile_url(&event));
        match self.canonical(&mut tree, &event, Format::Hl7v2, &told) {
            Err(fault) => report.add(Heading::Profile, [fault]),
            Ok(canonical) => {
                self.own_rules(&canonical, Model::Fhir, wanted, report);
                self.lead_back(
                    report.found.iter_mut().map(|f| &mut f.finding),
                    &tree,
                    &event,
                    Format::Hl7v2,
                    &told,
                );
                let profile = envelope::event(&canonical, Model::Fhir).is_some();
                let document =
                    Document { tree, format: Format::Hl7v2, bytes, canonical: Some(canonical), told };
                let content = self.check_content(document, &event, profile);
                report.found.extend(content.found);
            }
        }
        if let Some(text) = text {
            let own = |at: usize| text.get(..at).map_or(at, |before| before.chars().count());
            let spans = report.found.iter_mut().filter_map(|f| f.finding.place.span.as_mut());
            spans.for_each(|span| *span = own(span.start)..own(span.end));
        }
        report.found.dedup_by(|a: &mut Found, b: &mut Found| a.finding.detail == b.finding.detail);
    }
}

/// What the map is told beside the message.
fn told(tree: &Tree, wanted: &Wanted<'_>) -> Told {
    let party = |field: &str| {
        let msh = tree.child(tree.root(), "MSH")?;
        let id = tree.child_text(tree.child(msh, field)?, "universalId")?;
        crate::model::HsaId::parse(id).map(|_| id.to_string())
    };
    let named = |field| party(field).unwrap_or_else(|| NOBODY.to_string());
    Told::of([
        ("sender".to_string(), named("sendingFacility")),
        ("receiver".to_string(), named("receivingFacility")),
        ("receivedAt".to_string(), wanted.now.to_string()),
    ])
}
