//! Verdict → what goes on record about it.
//!
//! Invariant: ids, codes, counts and times only; element paths without values; never content.

use crate::{
    model::{Arrival, Choice, Code, Decision, Event, EventKind, Fault, HsaId, Key},
    rulebook::Noted,
    stage::permit::Permitted,
};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;

/// Details of an accepted message.
#[derive(Serialize)]
struct Accepted<'a> {
    id: &'a str,
    event: &'a str,
    case: &'a str,
    sent: Timestamp,
    occurred: Timestamp,
    to: &'a str,
    removed: &'a [String],
    /// The message that it was made of.
    #[serde(skip_serializing_if = "Option::is_none")]
    of: Option<&'a str>,
    /// How the receiver was chosen, where the sender named none.
    #[serde(skip_serializing_if = "Option::is_none")]
    route: Option<&'a Choice>,
}

/// Details of a decision.
#[derive(Serialize)]
struct Decided<'a> {
    agreement: &'a str,
    reference: &'a str,
    #[serde(flatten)]
    decision: Verdict<'a>,
}

#[derive(Serialize)]
#[serde(tag = "decision", rename_all = "lowercase")]
enum Verdict<'a> {
    Pass { basis: &'static str, evidence: Option<&'a str> },
    Hold { reason: &'static str },
    Stop,
}

/// The events of an accepted message: accepted, and how permission was decided. `of`: the id of the message that it was
/// made of, if it goes out beside that one.
pub fn accepted(
    id: &str,
    permitted: &Permitted,
    delivery: &str,
    of: Option<&str>,
    now: Timestamp,
) -> Vec<Event> {
    let valid = permitted.valid();
    let envelope = valid.envelope();
    let event = |kind, party: &HsaId, detail: String| Event {
        at: now,
        kind,
        message: Some(id.to_string()),
        delivery: Some(delivery.to_string()),
        party: Some(party.to_string()),
        code: None,
        detail,
    };
    let accepted = Accepted {
        id: &envelope.id,
        event: &envelope.event,
        case: &envelope.case,
        sent: envelope.sent,
        occurred: envelope.occurred,
        to: envelope.receiver.as_str(),
        removed: permitted.removed(),
        of,
        route: valid.choice(),
    };
    let (kind, decided) = decided(permitted);
    vec![
        event(EventKind::Accepted, &envelope.sender, text(&accepted)),
        event(kind, &envelope.receiver, text(&decided)),
    ]
}

fn decided(permitted: &Permitted) -> (EventKind, Decided<'_>) {
    let valid = permitted.valid();
    let (kind, decision) = match permitted.decision() {
        Decision::Pass { basis, evidence } => {
            (EventKind::Decided, Verdict::Pass { basis: basis.word(), evidence: evidence.as_deref() })
        }
        Decision::Hold(hold) => (EventKind::Held, Verdict::Hold { reason: hold.word() }),
        Decision::Stop { .. } => (EventKind::Decided, Verdict::Stop),
    };
    (kind, Decided { agreement: valid.agreement(), reference: &valid.rule().reference, decision })
}

/// The event of a receipt of our own: about which message and delivery, and how that ended.
pub fn own_receipt(
    id: &str,
    delivery: &str,
    of: (&str, &str, &str),
    to: &HsaId,
    decision: &Decision,
    now: Timestamp,
) -> Event {
    let held = matches!(decision, Decision::Hold(_));
    let (message, ended, status) = of;
    Event {
        at: now,
        kind: if held { EventKind::Held } else { EventKind::Accepted },
        message: Some(id.to_string()),
        delivery: Some(delivery.to_string()),
        party: Some(to.to_string()),
        code: None,
        detail: json!({ "message": message, "delivery": ended, "receipt": status }).to_string(),
    }
}

/// Texts, numbers and times only: writing them to memory does not fail.
fn text(detail: &impl Serialize) -> String {
    serde_json::to_string(detail).unwrap_or_default()
}

/// The event of a refused arrival. `known`: the sender's message id, if it could be read.
pub fn refused(arrival: &Arrival, known: Option<&str>, fault: &Fault, now: Timestamp) -> Event {
    let findings: Vec<String> = fault.findings().iter().map(|f| f.code.to_string()).collect();
    let detail = json!({
        "id": known, "channel": arrival.channel.protocol(), "serial": arrival.peer.serial, "findings": findings,
    });
    Event {
        at: now,
        kind: EventKind::Refused,
        message: None,
        delivery: None,
        party: arrival.peer.hsa_id.as_ref().map(HsaId::to_string),
        code: Some(fault.code().to_string()),
        detail: detail.to_string(),
    }
}

/// The event of an arrival that goes no further. `id`: ours, told to the sender.
pub fn noted(arrival: &Arrival, id: &str, noted: &Noted, now: Timestamp) -> Event {
    let detail = json!({
        "noted": id, "id": noted.id, "case": noted.case, "reason": noted.words.0,
        "channel": arrival.channel.protocol(), "format": arrival.format.word(),
    });
    Event {
        at: now,
        kind: EventKind::Noted,
        message: None,
        delivery: None,
        party: arrival.peer.hsa_id.as_ref().map(HsaId::to_string),
        code: Some(Code::NotSentOn.to_string()),
        detail: detail.to_string(),
    }
}

/// The event of a repeat that got its first answer again.
pub fn repeated(key: &Key, now: Timestamp) -> Event {
    Event {
        at: now,
        kind: EventKind::Repeated,
        message: None,
        delivery: None,
        party: Some(key.sender.to_string()),
        code: None,
        detail: json!({ "id": key.message_id, "channel": key.protocol }).to_string(),
    }
}
