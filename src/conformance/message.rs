//! Messages of simulated partners: the project's examples, made fresh.
//!
//! Invariant: synthetic children on published test numbers only. A simulated partner knows its own
//! message format, as a real one does; the gateway does not.

use crate::rulebook::example_message;
use jiff::{SignedDuration, Timestamp, Unit, tz::TimeZone};
use serde_json::{Value, json};

const EXTENSIONS: &str = "https://sluss.example/fhir/StructureDefinition/";

/// An example of the project by its path, e.g. `admission-notice/valid-1-four-fields.json`; `null` if
/// there is none.
pub fn example(path: &str) -> Value {
    example_message(path).and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}

/// An instant as FHIR and the case message write it, in Swedish time.
pub fn instant(at: Timestamp) -> String {
    let zone = TimeZone::get("Europe/Stockholm").unwrap_or(TimeZone::UTC);
    let at = at.round(Unit::Millisecond).unwrap_or(at).to_zoned(zone);
    at.strftime("%Y-%m-%dT%H:%M:%S%.3f%:z").to_string()
}

/// A FHIR message Bundle under the pen.
#[derive(Clone, Debug)]
pub struct Fhir(pub Value);

impl Fhir {
    /// The example with this id, sent now about something a minute ago.
    pub fn fresh(path: &str, id: &str, now: Timestamp) -> Fhir {
        let mut message = Fhir(example(path));
        message.0["timestamp"] = json!(instant(now));
        message.header()["id"] = json!(id);
        let before = now.checked_sub(SignedDuration::from_mins(1)).unwrap_or(now);
        if let Some(notice) = message.resource("Communication") {
            notice["sent"] = json!(instant(before));
        }
        message.extension("event-time", "valueDateTime", &instant(before))
    }

    /// The MessageHeader.
    pub fn header(&mut self) -> &mut Value {
        &mut self.0["entry"][0]["resource"]
    }

    fn extension(mut self, name: &str, value: &str, text: &str) -> Fhir {
        let url = format!("{EXTENSIONS}{name}");
        let new = json!({ "url": url, value: text });
        let Some(list) = self.header()["extension"].as_array_mut() else { return self };
        match list.iter_mut().find(|e| e["url"] == url.as_str()) {
            Some(old) => *old = new,
            None => list.push(new),
        }
        self
    }

    /// With this case id.
    pub fn case(self, case: &str) -> Fhir {
        self.extension("case-id", "valueString", case)
    }

    /// About something that happened then.
    pub fn occurred(self, at: Timestamp) -> Fhir {
        self.extension("event-time", "valueDateTime", &instant(at))
    }

    /// About the child with this personal number.
    pub fn about(mut self, number: &str) -> Fhir {
        if let Some(patient) = self.resource("Patient") {
            patient["identifier"][0]["value"] = json!(number);
        }
        self
    }

    /// Referring to this message.
    pub fn refers_to(self, id: &str) -> Fhir {
        self.extension("refers-to", "valueString", id)
    }

    /// On this basis.
    pub fn basis(mut self, code: &str, reason: Option<&str>) -> Fhir {
        let url = format!("{EXTENSIONS}legal-basis");
        let mut parts = vec![json!({ "url": "code", "valueCode": code })];
        parts.extend(reason.map(|r| json!({ "url": "reason", "valueString": r })));
        if let Some(list) = self.header()["extension"].as_array_mut() {
            list.retain(|e| e["url"] != url.as_str());
            list.push(json!({ "extension": parts, "url": url }));
        }
        self
    }

    /// To this receiver.
    pub fn to(mut self, hsa_id: &str) -> Fhir {
        let destination = &mut self.header()["destination"][0];
        destination["endpoint"] = json!(format!("urn:hsa:{hsa_id}"));
        destination["receiver"]["identifier"]["value"] = json!(hsa_id);
        self
    }

    /// The first resource of a type.
    pub fn resource(&mut self, kind: &str) -> Option<&mut Value> {
        let entries = self.0["entry"].as_array_mut()?;
        entries.iter_mut().map(|e| &mut e["resource"]).find(|r| r["resourceType"] == kind)
    }
}

/// A case message example with this id and case, sent now about something a minute ago.
pub fn fresh_case(path: &str, id: &str, case: &str, now: Timestamp) -> Value {
    let mut message = example(path);
    let before = now.checked_sub(SignedDuration::from_mins(1)).unwrap_or(now);
    message["id"] = json!(id);
    message["case"] = json!(case);
    message["sentAt"] = json!(instant(now));
    message["occurredAt"] = json!(instant(before));
    message
}

/// An active FHIR Consent for one kind of information to one receiver.
pub fn consent(id: &str, number: &str, basis: &str, kind: &str, receiver: &str) -> Value {
    json!({
        "resourceType": "Consent",
        "id": id,
        "status": "active",
        "scope": { "coding": [{ "system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "patient-privacy" }] },
        "category": [{ "coding": [{ "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IDSCL" }] }],
        "patient": { "identifier": { "system": "http://electronichealth.se/identifier/personnummer", "value": number } },
        "policyRule": { "coding": [{ "system": "https://sluss.example/fhir/CodeSystem/legal-basis", "code": basis }] },
        "provision": {
            "type": "permit",
            "class": [{ "system": "https://sluss.example/fhir/CodeSystem/information-kind", "code": kind }],
            "actor": [{
                "role": { "coding": [{ "system": "http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "code": "IRCP" }] },
                "reference": { "identifier": { "system": "urn:oid:1.2.752.129.2.1.4.1", "value": receiver } },
            }],
        },
    })
}
