//! A SOAP envelope against the e-referral contract, or against schemas that were given, as another document in XML.
//!
//! Invariant: what is wrong with the text stands under format, what is wrong with the message under
//! profile. Deliberately absent: what a message says; the gateway asks that when it is sent.

use super::{Found, Heading, Kind, Report, Wanted, content, read};
use crate::{
    model::{Code, Finding},
    rulebook::{Body, Xsd},
};

/// Judges by these schemas.
pub(super) fn judge(bytes: &[u8], wanted: &Wanted<'_>, schemas: &Xsd, report: &mut Report) {
    let limits = read::limits(wanted.max_bytes);
    let found = match report.kind {
        Kind::Soap => schemas.check_soap(bytes, &limits),
        _ => schemas.check(bytes, &limits).map(|()| Body::Message(String::new())),
    };
    match found {
        Ok(Body::Message(element)) => {
            report.readable = true;
            report.profile = Some(element).filter(|element| !element.is_empty());
        }
        Ok(Body::Fault) => {
            report.readable = true;
            let what = "the envelope carries a fault, not a message: there is nothing to judge";
            report.add(Heading::Profile, [Finding::note(Code::Schema, what)]);
        }
        Err(found) => {
            let text = |f: &&fhir::Finding| f.code.starts_with("xml-") || f.code.starts_with("soap-");
            let (of_text, of_message): (Vec<_>, Vec<_>) = found.iter().partition(text);
            report.readable = of_text.is_empty();
            report.found.extend(told(of_text, Heading::Format, Code::NotXml, bytes));
            report.found.extend(told(of_message, Heading::Profile, Code::Schema, bytes));
        }
    }
}

fn told(found: Vec<&fhir::Finding>, heading: Heading, code: Code, bytes: &[u8]) -> Vec<Found> {
    let found: Vec<fhir::Finding> = found.into_iter().cloned().collect();
    let found = content::of_engine(&found, code, true, bytes);
    found.into_iter().map(|f| Found { heading, ..f }).collect()
}
