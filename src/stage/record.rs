//! Verdict → what goes on record about it.
//!
//! Invariant: ids, codes, counts and times only; element paths without values; never content.

use crate::{
    model::{Arrival, Decision, Event, EventKind, Fault, HsaId, Key},
    stage::permit::Permitted,
};
use jiff::Timestamp;
use serde_json::{Value, json};

/// The events of an accepted message: accepted, and how permission was decided.
pub fn accepted(id: &str, permitted: &Permitted, delivery: &str, now: Timestamp) -> Vec<Event> {
    let valid = permitted.valid();
    let envelope = valid.envelope();
    let event = |kind, party: &HsaId, detail: Value| Event {
        at: now,
        kind,
        message: Some(id.to_string()),
        delivery: Some(delivery.to_string()),
        party: Some(party.to_string()),
        code: None,
        detail: detail.to_string(),
    };
    let accepted = json!({
        "id": envelope.id, "event": envelope.event, "case": envelope.case,
        "sent": envelope.sent.to_string(), "occurred": envelope.occurred.to_string(),
        "to": envelope.receiver.as_str(), "removed": permitted.removed(),
    });
    let mut decided = json!({ "agreement": valid.agreement(), "reference": valid.rule().reference });
    match permitted.decision() {
        Decision::Pass { basis, evidence } => {
            decided["decision"] = json!("pass");
            decided["basis"] = json!(basis.word());
            decided["evidence"] = json!(evidence);
        }
        Decision::Hold(hold) => {
            decided["decision"] = json!("hold");
            decided["reason"] = json!(hold.word());
        }
        Decision::Stop { .. } => decided["decision"] = json!("stop"),
    }
    let kind =
        if matches!(permitted.decision(), Decision::Hold(_)) { EventKind::Held } else { EventKind::Decided };
    vec![event(EventKind::Accepted, &envelope.sender, accepted), event(kind, &envelope.receiver, decided)]
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
