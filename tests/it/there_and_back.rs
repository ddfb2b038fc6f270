//! What a message loses on its way to the other form and back: nothing but what stands in [`LOSSES`], each with its
//! reason. A listed loss that does not happen is wrong as well.

use serde_json::Value;
use sluss::{
    model::{Model, Told},
    rulebook::{Map, Rulebook, Source},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

const EVENTS: [&str; 15] = [
    "health-exam-request",
    "dental-exam-request",
    "medical-exam-order",
    "exam-status",
    "exam-statement",
    "admission-notice",
    "discharge-estimate-changed",
    "care-contact-appointed",
    "sip-call",
    "discharge-ready",
    "discharge-ready-withdrawn",
    "discharge-information",
    "discharged",
    "sis-patient-left",
    "open-compulsory-care",
];

/// The form that it begins in, the events (none: any), the beginning of a place, and why what stands there changes.
type Loss = (Model, &'static [&'static str], &'static str, &'static str);

/// Their moment is the event time of the FHIR form.
const MOMENTS: &[&str] = &[
    "discharge-ready",
    "discharge-ready-withdrawn",
    "discharged",
    "sis-patient-left",
    "open-compulsory-care",
];
/// Four fields and no more.
const FOUR: &[&str] = &["admission-notice", "discharge-estimate-changed"];
/// The registered address is not needed.
const UNADDRESSED: &[&str] = &[
    "exam-statement",
    "care-contact-appointed",
    "sip-call",
    "discharge-ready",
    "discharge-ready-withdrawn",
    "discharge-information",
    "discharged",
    "open-compulsory-care",
];
const M6: &[&str] = &["admission-notice"];
const BEYOND: &str = "beyond the four fields nothing is told (domain §1 M6, M7)";
const REASON: &str = "a reason in words is not told to a municipality (domain §4)";

const LOSSES: [Loss; 27] = [
    (Model::Case, &[], "/basis/reason", REASON),
    (Model::Case, &[], "/subject/protection", "the code none is no marking"),
    (Model::Case, FOUR, "/receiver/name", BEYOND),
    (Model::Case, &["exam-statement"], "/statement/domains/summary", "FHIR wants words of each domain"),
    (Model::Case, MOMENTS, "/occurredAt", "the moment of the notice is the event time of its FHIR form"),
    (Model::Fhir, &[], "/MessageHeader/extension/extension/url", REASON),
    (Model::Fhir, &[], "/MessageHeader/extension/extension/valueString", REASON),
    (Model::Fhir, &[], "/MessageHeader/source/endpoint", "the case message knows a party by its HSA-id"),
    (Model::Fhir, UNADDRESSED, "/Patient/address", "the registered address is not needed"),
    (Model::Fhir, &["care-contact-appointed"], "/Practitioner/telecom/use", "who answers does so at work"),
    (Model::Fhir, &[], "/Communication/category/coding/display", "codes come without their words"),
    (Model::Fhir, &["exam-statement"], "/Composition/type/coding/display", "codes come without their words"),
    (Model::Fhir, &["exam-statement"], "/Composition/section/title", "a part is known by its code"),
    (
        Model::Fhir,
        &["exam-statement"],
        "/Composition/section/text/div",
        "words lose their markup (domain §8)",
    ),
    (
        Model::Fhir,
        &["discharge-information"],
        "/Composition/date",
        "the time of the document is the event time",
    ),
    (Model::Fhir, &["discharged"], "/Patient/name/_given", "which name is used has no place of its own"),
    (Model::Fhir, &["discharged"], "/Patient/name/extension", "a middle name has no place of its own"),
    (Model::Fhir, FOUR, "/MessageHeader/destination/name", BEYOND),
    (Model::Fhir, FOUR, "/MessageHeader/source/name", BEYOND),
    (Model::Fhir, FOUR, "/Encounter/identifier", BEYOND),
    (Model::Fhir, FOUR, "/Encounter/period", BEYOND),
    (Model::Fhir, FOUR, "/Patient/birthDate", BEYOND),
    (Model::Fhir, M6, "/Encounter/reasonCode", BEYOND),
    (Model::Fhir, M6, "/Encounter/serviceProvider", BEYOND),
    (Model::Fhir, M6, "/Patient/gender", BEYOND),
    (Model::Fhir, M6, "/Patient/telecom", BEYOND),
    (Model::Fhir, M6, "/Organization", BEYOND),
];

/// The leaves of a document with their places; a list's items have no numbers, so that order does not matter.
fn leaves(value: &Value, place: &str, out: &mut BTreeMap<(String, String), usize>) {
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(name, v)| leaves(v, &format!("{place}/{name}"), out));
        }
        Value::Array(items) => items.iter().for_each(|v| leaves(v, place, out)),
        leaf => *out.entry((place.to_string(), leaf.to_string())).or_default() += 1,
    }
}

/// A FHIR message by resource type, with references told by the type that they lead to: ids are new each time.
fn by_type(message: &Value) -> Value {
    let entries = message["entry"].as_array().unwrap();
    let kind = |e: &Value| e["resource"]["resourceType"].as_str().unwrap().to_string();
    let kinds: BTreeMap<String, String> =
        entries.iter().map(|e| (e["fullUrl"].as_str().unwrap().to_string(), kind(e))).collect();
    let mut told = serde_json::Map::from_iter([("timestamp".to_string(), message["timestamp"].clone())]);
    for entry in entries {
        let mut text = entry["resource"].to_string();
        kinds.iter().for_each(|(url, kind)| text = text.replace(url, kind));
        let mut resource: Value = serde_json::from_str(&text).unwrap();
        if kind(entry) != "MessageHeader" {
            resource.as_object_mut().unwrap().remove("id");
        }
        let list = told.entry(kind(entry)).or_insert_with(|| Value::Array(Vec::new()));
        list.as_array_mut().unwrap().push(resource);
    }
    Value::Object(told)
}

fn through(map: &Map, message: &Value) -> Value {
    let tree = map.read(message.to_string().as_bytes()).unwrap();
    serde_json::from_str(&map.write(&map.run_counted(&tree, &Told::default()).unwrap())).unwrap()
}

/// The places where two documents differ.
fn differences(before: &Value, after: &Value) -> BTreeSet<String> {
    let (mut one, mut other) = (BTreeMap::new(), BTreeMap::new());
    leaves(before, "", &mut one);
    leaves(after, "", &mut other);
    let differs = |a: &BTreeMap<_, usize>, b: &BTreeMap<_, usize>| -> Vec<String> {
        a.iter()
            .filter(|(leaf, n)| b.get(*leaf) != Some(n))
            .map(|((place, _), _): (&(String, String), _)| place.clone())
            .collect()
    };
    differs(&one, &other).into_iter().chain(differs(&other, &one)).collect()
}

#[test]
fn there_and_back_nothing_changes_but_what_is_listed() {
    let rules = Rulebook::load(&Source::Embedded).unwrap();
    let mut seen = BTreeSet::new();
    let (mut wrong, mut journeys) = (BTreeSet::new(), 0);
    for event in EVENTS {
        let to_fhir = rules.plan(event, Model::Case, Model::Fhir).unwrap();
        let to_case = rules.plan(event, Model::Fhir, Model::Case).unwrap();
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("conformance/examples").join(event);
        for file in std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()) {
            let name = file.file_name().unwrap().to_str().unwrap();
            let model = match name.ends_with(".json") {
                true if name.starts_with("case-valid-") => Model::Case,
                true if name.starts_with("valid-") => Model::Fhir,
                _ => continue,
            };
            journeys += 1;
            let before: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
            let places = match model {
                Model::Case => differences(&before, &through(to_case, &through(to_fhir, &before))),
                _ => differences(&by_type(&before), &by_type(&through(to_fhir, &through(to_case, &before)))),
            };
            for place in places {
                let fits = |(f, events, begins, _): &Loss| {
                    *f == model && (events.is_empty() || events.contains(&event)) && place.starts_with(begins)
                };
                match LOSSES.iter().position(fits) {
                    Some(row) => drop(seen.insert((row, if LOSSES[row].1.is_empty() { "" } else { event }))),
                    None => {
                        wrong.insert(format!("{model:?} {event} {place}"));
                    }
                }
            }
        }
    }
    let rows = LOSSES.iter().enumerate();
    let listed =
        rows.flat_map(
            |(row, l)| if l.1.is_empty() { vec![(row, "")] } else { l.1.iter().map(|e| (row, *e)).collect() },
        );
    let idle: Vec<_> =
        listed.filter(|row| !seen.contains(row)).map(|(row, event)| (LOSSES[row].2, event)).collect();
    let wrong: Vec<String> = wrong.into_iter().collect();
    assert!(wrong.is_empty() && idle.is_empty(), "not listed: {}\nidle: {idle:#?}", wrong.join("\n"));
    assert!(journeys >= 90, "{journeys}");
}
