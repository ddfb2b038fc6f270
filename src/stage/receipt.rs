//! The gateway's own receipt to the sender of a message: delivered, rejected, expired.
//!
//! Invariant: it tells the id of the message, a status and a time, and of the person the number and the marking alone
//! (domain §1 M21). It is written here in the canonical form, because no message comes before it; from there maps lead on.
//! A receipt is never made of a receipt. Deliberately absent: when one is owed, which the ledger knows.

use super::{permit::Facts, validate::stockholm};
use crate::model::{DeliveryState, Envelope, HsaId};
use jiff::{Timestamp, Unit};
use serde_json::{Value, json};

/// The event code of receipts.
pub const EVENT: &str = "receipt";

const EXTENSIONS: &str = "https://sluss.example/fhir/StructureDefinition/";
const CODES: &str = "https://sluss.example/fhir/CodeSystem/";
const HSA: &str = "urn:oid:1.2.752.129.2.1.4.1";

/// Who gives it, about what, and when.
pub struct Given<'a> {
    /// Its own id.
    pub id: &'a str,
    /// The gateway's logical address.
    pub from: &'a HsaId,
    /// The gateway's name.
    pub name: &'a str,
    /// What became of the message.
    pub state: DeliveryState,
    /// When.
    pub at: Timestamp,
    /// When it is written.
    pub now: Timestamp,
}

/// The facts of the receipt, from which permission is decided at each attempt.
pub fn facts(of: &Envelope, from: &HsaId) -> Facts {
    Facts {
        event: EVENT.into(),
        sender: from.to_string(),
        asserted: Some("duty".into()),
        reasoned: false,
        birth_date: None,
        ..Facts::of(of)
    }
}

/// The receipt of a message with this envelope, as a FHIR message.
pub fn message(of: &Envelope, facts: &Facts, given: &Given<'_>) -> Value {
    let (notice, child, unit) =
        (format!("{}.n", given.id), format!("{}.p", given.id), format!("{}.u", given.id));
    let entry = |id: &str, resource: Value| json!({ "fullUrl": url(id), "resource": resource });
    let rejected = given.state == DeliveryState::Rejected;
    let mut communication = json!({
        "resourceType": "Communication",
        "id": notice,
        "status": "completed",
        "category": [{ "coding": [{ "system": format!("{CODES}notice-kind"), "code": EVENT }] }],
        "subject": { "reference": url(&child) },
        "sent": moment(given.at),
        "sender": { "reference": url(&unit) },
        "reasonCode": [{ "coding": [{ "system": format!("{CODES}receipt-status"), "code": given.state.word() }] }],
    });
    if rejected {
        communication["extension"] =
            json!([{ "url": format!("{EXTENSIONS}receipt-reason"), "valueCode": "other" }]);
    }
    json!({
        "resourceType": "Bundle",
        "type": "message",
        "timestamp": moment(given.now),
        "entry": [
            entry(given.id, header(of, given, &notice)),
            entry(&notice, communication),
            entry(&child, patient(&child, facts)),
            entry(&unit, json!({
                "resourceType": "Organization",
                "id": unit,
                "identifier": [{ "system": HSA, "value": given.from.as_str() }],
                "name": given.name,
            })),
        ],
    })
}

fn header(of: &Envelope, given: &Given<'_>, notice: &str) -> Value {
    let own =
        |name: &str, kind: &str, text: &str| json!({ "url": format!("{EXTENSIONS}{name}"), kind: text });
    let mut extension =
        vec![own("case-id", "valueString", &of.case), own("event-time", "valueDateTime", &moment(given.at))];
    // What the sender of the message calls it, returned (domain §1).
    extension.extend(of.reference.as_deref().map(|text| own("sender-reference", "valueString", text)));
    let party = |id: &HsaId| json!({ "identifier": { "system": HSA, "value": id.as_str() } });
    json!({
        "resourceType": "MessageHeader",
        "id": given.id,
        "extension": extension,
        "eventCoding": { "system": format!("{CODES}event"), "code": EVENT },
        "destination": [{ "endpoint": format!("urn:hsa:{}", of.sender), "receiver": party(&of.sender) }],
        "sender": party(given.from),
        "source": { "name": given.name, "endpoint": format!("urn:hsa:{}", given.from) },
        "response": { "identifier": of.id, "code": "ok" },
        "focus": [{ "reference": url(notice) }],
    })
}

fn patient(id: &str, facts: &Facts) -> Value {
    let mut meta = json!({ "profile": ["http://hl7.se/fhir/ig/base/StructureDefinition/SEBasePatient"] });
    if facts.protected {
        meta["security"] = json!([
            { "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "DEMO" },
            { "system": "http://hl7.se/fhir/ig/base/CodeSystem/SecurityLabel", "code": "sekretessmarkering" },
        ]);
    }
    json!({
        "resourceType": "Patient",
        "id": id,
        "meta": meta,
        "identifier": [{ "system": facts.system, "value": facts.value }],
    })
}

fn url(id: &str) -> String {
    format!("https://sluss.example/fhir/receipt/{id}")
}

/// A moment in Swedish time, with its offset.
fn moment(at: Timestamp) -> String {
    let at = at.round(Unit::Millisecond).unwrap_or(at).to_zoned(stockholm());
    at.strftime("%Y-%m-%dT%H:%M:%S%.3f%:z").to_string()
}
