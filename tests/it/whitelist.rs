//! The four-field rule as a property: whatever else a message holds, it does not reach the receiver.

use fhir::json::{self, Form, Limits};
use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};
use sluss::{
    config::{Mode, agreement},
    model::{Code, Decision, Fault, Format, HsaId, Partner, PartyKind},
    rulebook::{Rulebook, Source},
    stage::{
        decode::{self, Decoded},
        permit, translate,
        validate::{self, Rules},
    },
};
use std::sync::{Arc, LazyLock};

/// What a municipality may be sent a notice in.
const FORMATS: [Format; 4] = [Format::FhirJson, Format::FhirXml, Format::CaseJson, Format::CaseXml];

static RULEBOOK: LazyLock<Rulebook> = LazyLock::new(|| Rulebook::load(&Source::Embedded).unwrap());

pub(super) fn partner(id: &str, kind: PartyKind, format: Format) -> Partner {
    Partner {
        hsa_id: HsaId::parse(id).unwrap(),
        name: String::new(),
        kind,
        format,
        endpoint: String::new(),
        idempotent: true,
        handles_protected: true,
        timeout_s: 1,
        in_flight: 1,
        receipts: Vec::new(),
        hub: false,
        translate: Default::default(),
        acknowledgement: sluss::model::Acknowledgement::Original,
        reuses_control_ids: false,
    }
}

/// Places in a rich M6 where more can be said than the four fields, as JSON pointers to objects.
const PLACES: [(&str, &str, &str); 15] = [
    ("/entry/1/resource", "reasonCode", r#"[{"text":"CANARY"}]"#),
    ("/entry/1/resource", "type", r#"[{"text":"CANARY"}]"#),
    (
        "/entry/1/resource",
        "text",
        r#"{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">CANARY</div>"}"#,
    ),
    ("/entry/1/resource", "contained", r#"[{"resourceType":"Organization","id":"o","name":"CANARY"}]"#), // found by serviceProvider
    ("/entry/1/resource", "serviceType", r#"{"text":"CANARY"}"#),
    ("/entry/1/resource", "hospitalization", r#"{"dischargeDisposition":{"text":"CANARY"}}"#),
    ("/entry/2/resource", "telecom", r#"[{"system":"phone","value":"CANARY"}]"#),
    ("/entry/2/resource", "contact", r#"[{"name":{"text":"CANARY"}}]"#),
    ("/entry/2/resource", "generalPractitioner", r#"[{"display":"CANARY"}]"#),
    ("/entry/2/resource", "managingOrganization", r#"{"display":"CANARY"}"#),
    ("/entry/2/resource", "photo", r#"[{"title":"CANARY"}]"#),
    ("/entry/2/resource", "communication", r#"[{"language":{"text":"CANARY"}}]"#),
    ("/entry/0/resource", "reason", r#"{"text":"CANARY"}"#),
    ("/entry/0/resource", "author", r#"{"display":"CANARY"}"#),
    ("/entry/0/resource", "enterer", r#"{"display":"CANARY"}"#),
];

fn send(message: &Value, to: Format) -> (String, Vec<String>) {
    let carried = carried(message, to, sluss::rulebook::example_agreement());
    carried.unwrap_or_else(|f| panic!("{f}"))
}

/// What the receiver gets under an agreement, and what was removed.
fn carried(message: &Value, to: Format, agreement: &str) -> Result<(String, Vec<String>), Fault> {
    carried_by(&RULEBOOK, message, to, agreement)
}

fn carried_by(
    rulebook: &Rulebook,
    message: &Value,
    to: Format,
    agreement: &str,
) -> Result<(String, Vec<String>), Fault> {
    let bytes = message.to_string().into_bytes();
    let arrival = sluss::model::Arrival {
        bytes: bytes.clone(),
        channel: sluss::model::Channel::Fhir,
        format: Format::FhirJson,
        peer: sluss::model::Peer { hsa_id: None, serial: String::new() },
        at: Timestamp::now(),
    };
    let from = Arc::new(partner("SE2321009900-REG1", PartyKind::Region, Format::FhirJson));
    let Ok(Decoded::Message(decoded)) = decode::message(&arrival, &from, rulebook, 1 << 20) else {
        panic!("it is a message")
    };
    let receiver = partner("SE2120009911-SOC1", PartyKind::Municipality, to);
    let agreement = agreement::from_text("lan.toml", agreement).unwrap();
    let registry = sluss::registry::Registry::of(vec![(*from).clone(), receiver], vec![agreement]);
    let now = decoded.envelope.sent;
    let skew = jiff::SignedDuration::from_hours(1);
    let rules =
        Rules { registry: &registry, rulebook, mode: Mode::Test, skew, now, known: &Default::default() };
    let valid = validate::message(*decoded, from, &bytes, &rules)?;
    let facts = permit::Facts::of(valid.envelope());
    let decision = permit::decide(&facts, valid.rule(), valid.from(), valid.to(), Ok(&[]), now);
    assert!(matches!(decision, Decision::Pass { .. }));
    let permitted = permit::apply(valid, decision).unwrap();
    let rendered = translate::render(&permitted, &bytes, rulebook)?;
    Ok((String::from_utf8(rendered.body).unwrap(), permitted.removed().to_vec()))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_surplus_reaches_the_receiver_in_any_format(
        picked in prop::collection::vec(0..PLACES.len(), 1..PLACES.len()),
        to in 0..FORMATS.len(),
    ) {
        let mut message = sluss::conformance::message::example("admission-notice/valid-2-surplus.json");
        let patient = message.pointer_mut("/entry/2/resource").unwrap();
        patient["identifier"].as_array_mut().unwrap().push(json!({ "system": "urn:local", "value": "CANARY" }));
        patient["address"].as_array_mut().unwrap().push(json!({ "line": ["CANARY"], "city": "CANARY" }));
        let mut planted = std::collections::BTreeSet::new();
        for index in picked {
            let (place, field, content) = PLACES[index];
            message.pointer_mut(place).unwrap()[field] = serde_json::from_str(content).unwrap();
            planted.insert((place, field));
            if field == "contained" {
                message.pointer_mut(place).unwrap()["serviceProvider"] = json!({ "reference": "#o" });
            }
        }
        let (sent, removed) = send(&message, FORMATS[to]);
        prop_assert!(!sent.contains("CANARY"), "{sent}");
        for (place, field) in planted {
            let number = place.split('/').nth(2).unwrap();
            let told = removed.iter().any(|r| r.starts_with(&format!("Bundle.entry[{number}].resource.{field}")));
            prop_assert!(told, "{field} is not told in {removed:?}");
        }
    }
}

#[test]
fn a_protected_childs_address_reaches_nobody() {
    let mut message = sluss::conformance::message::example("admission-notice/valid-2-surplus.json");
    let patient = message.pointer_mut("/entry/2/resource").unwrap();
    patient["meta"]["security"] = json!([
        { "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "DEMO" },
        { "system": "http://hl7.se/fhir/ig/base/CodeSystem/SecurityLabel", "code": "skyddadFolkbokforing" }
    ]);
    for to in FORMATS {
        let (sent, removed) = send(&message, to);
        assert!(!sent.contains("Strandv") && !sent.contains("99212"), "{sent}");
        assert!(removed.iter().any(|r| r.contains("address")), "{removed:?}");
    }
}

#[test]
fn what_is_sent_in_fhir_is_still_a_message() {
    let message = sluss::conformance::message::example("admission-notice/valid-2-surplus.json");
    let (sent, _) = send(&message, Format::FhirJson);
    let tree = json::read(sent.as_bytes(), Form::Fhir, &Limits::default()).unwrap();
    let found = RULEBOOK.check_profile(&mut tree.clone(), "admission-notice");
    let errors: Vec<_> = found.iter().filter(|f| f.severity == fhir::Severity::Error).collect();
    assert!(errors.is_empty(), "{errors:?}");
}

/// A profile alone carries nothing: an event passes where an agreement has it, and to a receiver of
/// case messages only through a map.
#[test]
fn an_event_without_an_agreement_or_a_map_is_refused() {
    let message = sluss::conformance::message::example("annulment/valid-1-rich.json");
    let with = sluss::rulebook::example_agreement();
    let (plain, _) = with.split_once("\n[[event]]").unwrap();
    let plain = format!(
        "{plain}\n[[event]]\ncode = \"discharged\"\nfrom = \"region\"\nto = \"municipality\"\nbases = [\"duty\"]\n"
    );
    assert!(RULEBOOK.knows_event("annulment"));
    let codes =
        |told: Result<_, Fault>| told.unwrap_err().findings().iter().map(|f| f.code).collect::<Vec<_>>();
    assert!(codes(carried(&message, Format::FhirJson, &plain)).contains(&Code::UnknownEvent));
    // The same rules without the one map.
    let copy = tempfile::tempdir().unwrap();
    for part in ["mappings", "conformance"] {
        let from = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(part);
        let done = std::process::Command::new("cp").arg("-r").arg(from).arg(copy.path()).status().unwrap();
        assert!(done.success());
    }
    std::fs::remove_file(copy.path().join("mappings/annulment/fhir-case.map")).unwrap();
    let less = Rulebook::load(&Source::Folder(copy.path().into())).unwrap();
    assert_eq!(codes(carried_by(&less, &message, Format::CaseJson, with)), [Code::Untranslatable]);
    let (sent, removed) = carried(&message, Format::FhirJson, with).unwrap();
    assert!(sent.contains("wrong-content") && removed.is_empty(), "{removed:?}");
}
