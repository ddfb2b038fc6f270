//! Verdict → SOAP: the contract's own response, or a fault.
//!
//! Invariants: a call that breaks SOAP, the contract's schema or the caller's identity is a fault, as is
//! whatever is wrong with us; a call that is in order, and whose message may not be carried, is answered
//! with the contract's result `ERROR`. All findings either way, in English and Swedish; no value.
//! Deliberately absent: `logId` of what is not on record.

use crate::{
    model::{
        Actor, Answer, Code, Finding,
        arrival::{DOMAIN, Operation},
    },
    rulebook::Noted,
};
use soap::{Detail, FaultCode};

/// The namespace of our own elements in a fault.
const OURS: &str = "https://sluss.example/rivta/1";

/// Codes of what is wrong with a message whose call is in order, by how their ids begin.
const CONTENT: [&str; 6] = ["SLUSS-RTE", "SLUSS-PRM", "SLUSS-MAP", "SLUSS-DUP", "SLUSS-REF", "SLUSS-VAL"];

/// Taken; with notes it is `INFO`.
pub(super) fn accepted(operation: Operation, id: &str, notes: &[Finding]) -> Answer {
    match notes.is_empty() {
        true => result(operation, &[("resultCode", "OK"), ("logId", id)]),
        false => result(operation, &[("resultCode", "INFO"), ("logId", id), ("message", &lines(notes))]),
    }
}

/// On record, and going no further.
pub(super) fn noted(operation: Operation, id: &str, noted: &Noted) -> Answer {
    let words = format!("{} / {}", noted.words.0, noted.words.1);
    let code = Code::NotSentOn.entry().id;
    result(operation, &[("resultCode", "INFO"), ("logId", id), ("subCode", code), ("message", &words)])
}

/// Not taken.
pub(super) fn faulted(operation: Operation, findings: &[Finding], code: Code) -> Answer {
    let entry = code.entry();
    let content = CONTENT.iter().any(|start| entry.id.starts_with(start)) && code != Code::Schema;
    if content || matches!(code, Code::EnvelopeField | Code::UnknownEvent) {
        let kind = if entry.actor == Actor::Sender { "VALIDATION_ERROR" } else { "APPLICATION_ERROR" };
        let told = [
            ("resultCode", "ERROR"),
            ("errorCode", kind),
            ("subCode", entry.id),
            ("message", &lines(findings)),
        ];
        return result(operation, &told);
    }
    let text = format!("{}: {} / {}", entry.id, entry.title.0, entry.title.1);
    let details: Vec<Detail> = findings.iter().map(detail).collect();
    let body = soap::fault(fault_code(findings, code), &text, OURS, &details);
    answer(500, body)
}

fn fault_code(findings: &[Finding], code: Code) -> FaultCode {
    let says = |word: &str| findings.iter().any(|f| f.detail.ends_with(word));
    match code {
        Code::NotSoap if says("[soap-version]") => FaultCode::VersionMismatch,
        Code::NotSoap if says("[soap-understand]") => FaultCode::MustUnderstand,
        _ if code.entry().retry || code.entry().actor == Actor::Gateway => FaultCode::Server,
        _ => FaultCode::Client,
    }
}

fn detail(finding: &Finding) -> Detail {
    let entry = finding.code.entry();
    let place = &finding.place;
    Detail {
        code: entry.id.to_string(),
        text: format!(
            "{} / {}: {}. {} / {}",
            entry.title.0, entry.title.1, finding.detail, entry.remedy.0, entry.remedy.1
        ),
        path: place.path.clone(),
        position: place.line.zip(place.column),
    }
}

/// A finding a line, for the one text that a result has.
fn lines(findings: &[Finding]) -> String {
    let one = |f: &Finding| {
        let Detail { code, text, path, position } = detail(f);
        let path = path.map(|p| format!(" {p}")).unwrap_or_default();
        let position = position.map(|(line, column)| format!(" {line}:{column}")).unwrap_or_default();
        format!("{code}{position}{path}: {text}")
    };
    findings.iter().map(one).collect::<Vec<_>>().join("\n")
}

/// The contract's response with its result.
fn result(operation: Operation, told: &[(&str, &str)]) -> Answer {
    let mut inner = String::new();
    for (name, text) in told {
        inner.push_str(&format!("<core:{name}>{}</core:{name}>", soap::escaped(text)));
    }
    let (name, namespace) = (operation.word(), operation.namespace());
    let body = format!(
        "<{name}Response xmlns=\"{namespace}\" xmlns:core=\"{DOMAIN}:1\"><result>{inner}</result></{name}Response>"
    );
    answer(200, soap::wrap(None, &body))
}

fn answer(status: u16, body: String) -> Answer {
    Answer { status, content_type: soap::MEDIA_TYPE.into(), body: body.into_bytes() }
}
