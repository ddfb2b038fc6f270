//! Verdict → answer in the sender's own protocol.
//!
//! Invariant: a FHIR endpoint answers only with OperationOutcome, every other endpoint's fault is
//! `application/problem+json` (RFC 9457), but for SOAP, which has its own; all findings at once; never a value
//! from a message.

mod soap;

mod er7;

use crate::{
    model::{Answer, Channel, Code, Decision, Failure, Fault, Finding, Format, fault::Severity},
    rulebook::Noted,
    stage::permit::Permitted,
};
use fhir::{
    Definitions,
    json::{self, Form, Limits},
    xml,
};
use serde::Serialize;
use serde_json::{Value, json};
use std::borrow::Cow;

pub use crate::model::Lang;
pub use er7::Asked;

/// How a door's answers look.
#[derive(Clone, Copy, Debug)]
pub struct Style<'a> {
    /// Which door.
    pub channel: Channel,
    /// Which language.
    pub lang: Lang,
    /// What a FHIR resource is written in.
    pub syntax: Syntax,
    /// At the MLLP door: what is answered.
    pub asked: Option<&'a Asked<'a>>,
}

/// What an OperationOutcome is written in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Syntax {
    /// JSON.
    Json,
    /// XML.
    Xml,
}

/// The answer to an accepted message. `id`: the gateway's id of it; `notes`: what the sender should
/// know, among it what was removed.
pub fn accepted(
    style: Style<'_>,
    id: &str,
    sender_id: &str,
    reference: Option<&str>,
    notes: &[Finding],
) -> Answer {
    if let Some(asked) = style.asked {
        return asked.accepted(notes, style.lang);
    }
    match style.channel {
        Channel::Fhir => {
            let text = style.lang.pick(("accepted and stored", "mottaget och lagrat"));
            let told = format!("message {id}");
            let mut issues = vec![Issue::told(text, &told)];
            issues.extend(notes.iter().map(|n| Issue::of(n, style.lang)));
            outcome(style, 202, &issues)
        }
        Channel::Case | Channel::Mllp => {
            let mut body = json!({ "id": id, "message": sender_id, "state": "accepted" });
            if let Some(reference) = reference {
                body["senderReference"] = json!(reference);
            }
            if !notes.is_empty() {
                body["notes"] = notes.iter().map(|n| problem_row(n, style.lang)).collect();
            }
            Answer { status: 202, content_type: Format::CaseJson.media_type().into(), body: bytes(&body) }
        }
        Channel::Soap(operation) => soap::accepted(operation, id, notes),
    }
}

/// The answer to a consent that is on record.
pub fn registered(style: Style<'_>, reference: &str) -> Answer {
    let text = style.lang.pick(("consent registered", "samtycket är registrerat"));
    outcome(style, 201, &[Issue::told(text, reference)])
}

/// The answer to what is on record and goes no further. `id`: ours of it.
pub fn noted(style: Style<'_>, id: &str, noted: &Noted) -> Answer {
    let words = style.lang.pick((&noted.words.0, &noted.words.1));
    let finding = Finding::note(Code::NotSentOn, words);
    if let Some(asked) = style.asked {
        return asked.accepted(std::slice::from_ref(&finding), style.lang);
    }
    match style.channel {
        Channel::Fhir => outcome(style, 202, &[Issue::of(&finding, style.lang)]),
        Channel::Case | Channel::Mllp => {
            let row = problem_row(&finding, style.lang);
            let body = json!({ "id": id, "message": noted.id, "state": "noted", "notes": [row] });
            Answer { status: 202, content_type: Format::CaseJson.media_type().into(), body: bytes(&body) }
        }
        Channel::Soap(operation) => soap::noted(operation, id, noted),
    }
}

/// What the FHIR side can do (R4 CapabilityStatement).
pub fn capability(style: Style<'_>, name: &str, date: &str) -> Answer {
    let body = json!({
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": date,
        "kind": "instance",
        "implementation": { "description": name },
        "software": { "name": "Sluss", "version": env!("CARGO_PKG_VERSION") },
        "fhirVersion": "4.0.1",
        "format": [Format::FhirJson.media_type(), Format::FhirXml.media_type()],
        "rest": [{
            "mode": "server",
            "security": { "description": "mutual TLS with a function certificate that holds the party's HSA-id" },
            "resource": [{ "type": "Consent", "interaction": [{ "code": "create" }] }],
            "operation": [{
                "name": "process-message",
                "definition": "http://hl7.org/fhir/OperationDefinition/MessageHeader-process-message",
            }],
        }],
    });
    resource(style, 200, bytes(&body))
}

/// The answer to a fault.
pub fn refused(style: Style<'_>, fault: &Fault) -> Answer {
    faulted(style, fault.findings(), fault.code())
}

/// The answer when we could not do our work: nothing was stored.
pub fn failed(style: Style<'_>, failure: &Failure) -> Answer {
    let finding = Finding::error(failure.code(), "nothing was stored");
    faulted(style, std::slice::from_ref(&finding), failure.code())
}

fn faulted(style: Style<'_>, findings: &[Finding], code: Code) -> Answer {
    if let Some(asked) = style.asked {
        return asked.refused(findings, code, style.lang);
    }
    let status = code.entry().status;
    match style.channel {
        Channel::Fhir => {
            let issues: Vec<Issue<'_>> = findings.iter().map(|f| Issue::of(f, style.lang)).collect();
            outcome(style, status, &issues)
        }
        Channel::Case | Channel::Mllp => {
            let entry = code.entry();
            let errors: Vec<Value> = findings.iter().map(|f| problem_row(f, style.lang)).collect();
            let body = json!({
                "type": format!("https://sluss.example/faults/{}", entry.id),
                "title": style.lang.pick(entry.title),
                "status": status,
                "code": entry.id,
                "actor": entry.actor,
                "retryable": entry.retry,
                "remedy": style.lang.pick(entry.remedy),
                "errors": errors,
            });
            Answer { status, content_type: "application/problem+json".into(), body: bytes(&body) }
        }
        Channel::Soap(operation) => soap::faulted(operation, findings, code),
    }
}

/// R4 OperationOutcome.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Outcome<'a> {
    resource_type: &'static str,
    issue: &'a [Issue<'a>],
}

/// `OperationOutcome.issue`, with line and column where they are known.
#[derive(Serialize)]
struct Issue<'a> {
    severity: &'static str,
    code: &'static str,
    details: Details,
    diagnostics: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    extension: Vec<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expression: Option<[&'a str; 1]>,
}

#[derive(Serialize)]
struct Details {
    #[serde(skip_serializing_if = "Option::is_none")]
    coding: Option<[Coding; 1]>,
    text: Cow<'static, str>,
}

#[derive(Serialize)]
struct Coding {
    system: &'static str,
    code: &'static str,
    display: &'static str,
}

/// The standard extensions for line and column.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Number {
    url: &'static str,
    value_integer: u32,
}

const LINE: &str = "http://hl7.org/fhir/StructureDefinition/operationoutcome-issue-line";
const COLUMN: &str = "http://hl7.org/fhir/StructureDefinition/operationoutcome-issue-col";

impl<'a> Issue<'a> {
    /// What is well.
    fn told(text: &'static str, diagnostics: &'a str) -> Issue<'a> {
        Issue {
            severity: "information",
            code: "informational",
            details: Details { coding: None, text: text.into() },
            diagnostics,
            extension: Vec::new(),
            expression: None,
        }
    }

    fn of(finding: &'a Finding, lang: Lang) -> Issue<'a> {
        let entry = finding.code.entry();
        let system = "https://sluss.example/fhir/CodeSystem/fault";
        let place = &finding.place;
        let number = |url, n: Option<u32>| n.map(|value_integer| Number { url, value_integer });
        Issue {
            severity: finding.severity.word(),
            code: entry.issue,
            details: Details {
                coding: Some([Coding { system, code: entry.id, display: entry.title.0 }]),
                text: format!("{}. {}", lang.pick(entry.title), lang.pick(entry.remedy)).into(),
            },
            diagnostics: &finding.detail,
            extension: [number(LINE, place.line), number(COLUMN, place.column)]
                .into_iter()
                .flatten()
                .collect(),
            expression: place.path.as_deref().map(|path| [path]),
        }
    }
}

fn outcome(style: Style<'_>, status: u16, issue: &[Issue<'_>]) -> Answer {
    let outcome = Outcome { resource_type: "OperationOutcome", issue };
    // Texts and numbers only: writing them to memory does not fail.
    let body = serde_json::to_vec(&outcome).unwrap_or_default();
    resource(style, status, body)
}

/// A resource of ours, written as JSON, in what the caller reads.
fn resource(style: Style<'_>, status: u16, body: Vec<u8>) -> Answer {
    if style.syntax == Syntax::Xml
        && let Ok(tree) = json::read(&body, Form::Fhir, &Limits::default())
        && let Ok(text) = xml::write(&tree, Definitions::r4())
    {
        return Answer { status, content_type: Format::FhirXml.media_type().into(), body: text.into_bytes() };
    }
    Answer { status, content_type: Format::FhirJson.media_type().into(), body }
}

fn bytes(value: &Value) -> Vec<u8> {
    value.to_string().into_bytes()
}

fn problem_row(finding: &Finding, lang: Lang) -> Value {
    let entry = finding.code.entry();
    let mut row = json!({
        "code": entry.id,
        "severity": finding.severity.word(),
        "reason": lang.pick(entry.title),
        "detail": finding.detail,
    });
    if let Some(path) = &finding.place.path {
        row["pointer"] = json!(path);
    }
    if let (Some(line), Some(column)) = (finding.place.line, finding.place.column) {
        row["line"] = json!(line);
        row["column"] = json!(column);
    }
    row
}

/// The notes that an accepted message's sender gets: findings that do not stop it, what was removed,
/// and whether it is held.
pub fn notes(found: &[Finding], removed: &[String], held: Option<&str>) -> Vec<Finding> {
    let mut notes = found.to_vec();
    notes.retain(|n| n.severity != Severity::Information || n.code != Code::Profile);
    notes.extend(removed.iter().map(|path| {
        Finding { severity: Severity::Warning, ..Finding::note(Code::FieldsRemoved, "removed") }
            .at(path.clone())
    }));
    notes.extend(held.map(|reason| Finding::note(Code::HeldForDecision, reason)));
    notes
}

/// What the sender is told of a message that goes out beside its own: event, id and receiver, and its own notes.
pub fn beside(permitted: &Permitted) -> Vec<Finding> {
    let envelope = permitted.valid().envelope();
    let told = format!("{} {} to {}", envelope.event, envelope.id, envelope.receiver);
    let held = match permitted.decision() {
        Decision::Hold(hold) => Some(format!("{told}: {}", hold.word())),
        _ => None,
    };
    let mut all = vec![Finding::note(Code::SentBeside, told)];
    all.extend(notes(&[], permitted.removed(), held.as_deref()));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_follows_the_language_asked_for_and_codes_do_not() {
        let fault = Fault::of(Code::BasisMissing, "accepted: duty");
        for (header, word) in
            [(Some("sv-SE,sv;q=0.9"), "Grund saknas"), (Some("de"), "Basis missing"), (None, "Basis missing")]
        {
            for channel in [Channel::Fhir, Channel::Case] {
                let lang = Lang::from_header(header);
                let answer = refused(Style { channel, lang, syntax: Syntax::Json, asked: None }, &fault);
                let text = String::from_utf8_lossy(&answer.body).into_owned();
                assert!(text.contains(word) && text.contains("SLUSS-PRM-001"), "{text}");
                assert_eq!(answer.status, 403);
            }
        }
    }

    #[test]
    fn who_reads_xml_is_answered_in_xml() {
        let fault = Fault::of(Code::BasisMissing, "accepted: duty & < more");
        let style = Style { channel: Channel::Fhir, lang: Lang::En, syntax: Syntax::Xml, asked: None };
        let answer = refused(style, &fault);
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        assert_eq!(answer.content_type, "application/fhir+xml");
        assert!(text.contains("<OperationOutcome xmlns=\"http://hl7.org/fhir\">"), "{text}");
        assert!(text.contains("accepted: duty &amp; &lt; more"), "{text}");
        let capability = capability(style, "a gateway", "2026-01-01T00:00:00Z");
        assert!(String::from_utf8_lossy(&capability.body).contains("<CapabilityStatement "));
    }
}
