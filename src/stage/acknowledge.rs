//! Verdict → answer in the sender's own protocol.
//!
//! Invariant: a FHIR endpoint answers only with OperationOutcome, every other endpoint's fault is
//! `application/problem+json` (RFC 9457); all findings at once; never a value from a message.

use crate::model::{Answer, Channel, Code, Failure, Fault, Finding, Format, fault::Severity};
use serde_json::{Value, json};

/// Language of the prose in an answer. Codes and keys are the same in both.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Lang {
    /// English.
    En,
    /// Swedish.
    Sv,
}

impl Lang {
    /// From an `Accept-Language` header: Swedish if it is named first or alone, else English.
    pub fn from_header(header: Option<&str>) -> Lang {
        let first = header.and_then(|h| h.split([',', ';']).next()).unwrap_or_default();
        if first.trim().to_ascii_lowercase().starts_with("sv") { Lang::Sv } else { Lang::En }
    }

    /// Picks one of (English, Swedish).
    pub fn pick(self, pair: (&'static str, &'static str)) -> &'static str {
        match self {
            Lang::En => pair.0,
            Lang::Sv => pair.1,
        }
    }
}

/// How a door's answers look.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Style {
    /// Which door.
    pub channel: Channel,
    /// Which language.
    pub lang: Lang,
}

/// The answer to an accepted message. `id`: the gateway's id of it; `notes`: what the sender should
/// know, among it what was removed.
pub fn accepted(
    style: Style,
    id: &str,
    sender_id: &str,
    reference: Option<&str>,
    notes: &[Finding],
) -> Answer {
    match style.channel {
        Channel::Fhir => {
            let text = style.lang.pick(("accepted and stored", "mottaget och lagrat"));
            let mut issues = vec![json!({
                "severity": "information",
                "code": "informational",
                "details": { "text": text },
                "diagnostics": format!("message {id}"),
            })];
            issues.extend(notes.iter().map(|n| issue(n, style.lang)));
            outcome(202, issues)
        }
        Channel::Case => {
            let mut body = json!({ "id": id, "message": sender_id, "state": "accepted" });
            if let Some(reference) = reference {
                body["senderReference"] = json!(reference);
            }
            if !notes.is_empty() {
                body["notes"] = notes.iter().map(|n| problem_row(n, style.lang)).collect();
            }
            Answer { status: 202, content_type: Format::CaseJson.media_type().into(), body: bytes(&body) }
        }
    }
}

/// The answer to a consent that is on record.
pub fn registered(style: Style, reference: &str) -> Answer {
    let text = style.lang.pick(("consent registered", "samtycket är registrerat"));
    outcome(
        201,
        vec![json!({
            "severity": "information",
            "code": "informational",
            "details": { "text": text },
            "diagnostics": reference,
        })],
    )
}

/// What the FHIR side can do (R4 CapabilityStatement).
pub fn capability(name: &str, date: &str) -> Answer {
    let body = json!({
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": date,
        "kind": "instance",
        "implementation": { "description": name },
        "software": { "name": "Sluss", "version": env!("CARGO_PKG_VERSION") },
        "fhirVersion": "4.0.1",
        "format": ["application/fhir+json"],
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
    Answer { status: 200, content_type: Format::FhirJson.media_type().into(), body: bytes(&body) }
}

/// The answer to a fault.
pub fn refused(style: Style, fault: &Fault) -> Answer {
    faulted(style, fault.findings(), fault.code())
}

/// The answer when we could not do our work: nothing was stored.
pub fn failed(style: Style, failure: &Failure) -> Answer {
    let finding = Finding::error(failure.code(), "nothing was stored");
    faulted(style, std::slice::from_ref(&finding), failure.code())
}

fn faulted(style: Style, findings: &[Finding], code: Code) -> Answer {
    let status = code.entry().status;
    match style.channel {
        Channel::Fhir => outcome(status, findings.iter().map(|f| issue(f, style.lang)).collect()),
        Channel::Case => {
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
    }
}

fn outcome(status: u16, issues: Vec<Value>) -> Answer {
    let body = json!({ "resourceType": "OperationOutcome", "issue": issues });
    Answer { status, content_type: Format::FhirJson.media_type().into(), body: bytes(&body) }
}

fn bytes(value: &Value) -> Vec<u8> {
    value.to_string().into_bytes()
}

/// One finding as `OperationOutcome.issue`, with line and column where they are known.
fn issue(finding: &Finding, lang: Lang) -> Value {
    let entry = finding.code.entry();
    let mut issue = json!({
        "severity": finding.severity.word(),
        "code": entry.issue,
        "details": {
            "coding": [{
                "system": "https://sluss.example/fhir/CodeSystem/fault",
                "code": entry.id,
                "display": entry.title.0,
            }],
            "text": format!("{}. {}", lang.pick(entry.title), lang.pick(entry.remedy)),
        },
        "diagnostics": finding.detail,
    });
    let lines = [("line", finding.place.line), ("col", finding.place.column)];
    let extensions: Vec<Value> = lines
        .iter()
        .filter_map(|(name, n)| {
            let url = format!("http://hl7.org/fhir/StructureDefinition/operationoutcome-issue-{name}");
            n.map(|n| json!({ "url": url, "valueInteger": n }))
        })
        .collect();
    if !extensions.is_empty() {
        issue["extension"] = Value::Array(extensions);
    }
    if let Some(path) = &finding.place.path {
        issue["expression"] = json!([path]);
    }
    issue
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
                let answer = refused(Style { channel, lang: Lang::from_header(header) }, &fault);
                let text = String::from_utf8_lossy(&answer.body).into_owned();
                assert!(text.contains(word) && text.contains("SLUSS-PRM-001"), "{text}");
                assert_eq!(answer.status, 403);
            }
        }
    }
}
