//! A case message, in JSON or in XML, against the rules of its event.
//!
//! Invariant: both forms have one verdict. A message that no map translates is judged by its schema and
//! its model, and that its canonical form was not asked is told. Deliberately absent: the rules
//! themselves (see `rulebook::case`).

use super::{Document, Found, Heading, Report, Wanted, envelope, place, unknown_event};
use crate::{
    model::{Code, Finding, Format, Model, Told},
    rulebook::Rulebook,
};
use fhir::Tree;

impl Rulebook {
    /// In JSON.
    pub(super) fn case(&self, tree: Tree, bytes: &[u8], wanted: &Wanted<'_>, report: &mut Report) {
        self.case_in(tree, Format::CaseJson, bytes, wanted, report);
    }

    /// In XML.
    pub(super) fn case_xml(&self, bytes: &[u8], wanted: &Wanted<'_>, report: &mut Report) {
        if wanted.profile.is_some() {
            return report.add(Heading::Profile, [no_profile()]);
        }
        let tree = match self.check_case_xml(bytes, wanted.max_bytes) {
            Ok(tree) => tree,
            Err(findings) => {
                let of_message = |f: &Finding| f.code == Code::Schema;
                let (message, text): (Vec<_>, Vec<_>) = findings.into_iter().partition(of_message);
                report.readable = text.is_empty();
                report.add(Heading::Format, text);
                return report.add(Heading::Profile, message);
            }
        };
        report.readable = true;
        let shown = tree.clone();
        self.case_in(tree, Format::CaseXml, bytes, wanted, report);
        report.found.iter_mut().for_each(|found| place::in_elements(&mut found.finding, &shown));
    }

    fn case_in(
        &self,
        mut tree: Tree,
        format: Format,
        bytes: &[u8],
        wanted: &Wanted<'_>,
        report: &mut Report,
    ) {
        if wanted.profile.is_some() {
            return report.add(Heading::Profile, [no_profile()]);
        }
        let Some(event) = self.case_event(&tree, wanted, report) else {
            return report.found.extend(self.check_form(&mut tree, format, bytes, true));
        };
        match self.plan(&event, Model::Case, Model::Fhir) {
            Some(_) => {
                let document = Document { tree, format, bytes, canonical: None, told: Told::default() };
                report.found.extend(self.check_content(document, &event, true).found);
            }
            None => {
                report.found.extend(self.check_form(&mut tree, format, bytes, true));
                report.found.push(no_map());
            }
        }
        report.event = Some(event);
    }

    /// The event of a message, if it is one of ours; what stands against judging by it is told.
    fn case_event(&self, tree: &Tree, wanted: &Wanted<'_>, report: &mut Report) -> Option<String> {
        self.own_rules(tree, Model::Case, wanted, report);
        let own = envelope::event(tree, Model::Case).map(str::to_string);
        if wanted.event.is_some_and(|event| own.as_deref().is_some_and(|own| own != event)) {
            let what = "the message says another event than the one that it is judged by";
            let mut finding = Finding::error(Code::Schema, what).at("/event");
            place::locate([&mut finding], tree);
            report.add(Heading::Profile, [finding]);
        }
        let known = own.filter(|event| self.knows_case_event(event));
        if known.is_none() {
            report.add(Heading::Profile, [unknown_event(tree, Model::Case)]);
        }
        known
    }
}

fn no_profile() -> Finding {
    let what = "a profile is of FHIR; a case message is judged by its event's schema";
    Finding::error(Code::Schema, what).at("/")
}

fn no_map() -> Found {
    let what = "there is no map of this event to FHIR, so what the profile asks was not asked";
    Found { not_checkable: true, ..Found::of(Heading::Profile, Finding::note(Code::Untranslatable, what)) }
}
