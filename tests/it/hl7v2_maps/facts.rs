//! The facts of 77 messages as another converter reads them: numbers, names, birth date, sex, visit and codes.
//!
//! The Bundles are not the published mapping: what of ours is not in them is a difference, what they add is theirs.
//! Where they differ stands in [`DIFFERENT`], by message and fact, with the reason; a line that no longer differs fails.

use super::{files, suite, told};
use serde_json::Value;
use sluss::rulebook::{Maps, Source};
use std::collections::BTreeSet;

/// Message, fact (or `*`), why.
const DIFFERENT: [(&str, &str, &str); 7] = [
    (
        "ADT-A27-01",
        "admitted",
        "PV1-44 ends with second 20, the Bundle with 19: it was made of another message",
    ),
    ("ADT-A41-01", "*", "a merge of accounts is told as a Linkage alone, without person and visit"),
    ("ADT-A41-02", "*", "as ADT-A41-01"),
    ("ADT-A45-01", "*", "a visit that is moved to another person is told without either person"),
    ("ADT-A45-02", "*", "as ADT-A45-01"),
    ("ADT-A47-02", "*", "a change of numbers is told as a Linkage alone, without the persons"),
    ("MDHHS-OML-O21-1", "diagnosis", "the diagnosis of an order is not told"),
];

type Fact = (&'static str, String);

fn resources<'v>(bundle: &'v Value, ty: &'v str) -> impl Iterator<Item = &'v Value> {
    let entries = bundle["entry"].as_array().into_iter().flatten();
    entries.map(|e| &e["resource"]).filter(move |r| r["resourceType"] == ty)
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_string).collect()
}

/// What a Bundle says, as facts that can be compared.
fn facts(bundle: &Value) -> BTreeSet<Fact> {
    let mut facts = BTreeSet::new();
    for patient in resources(bundle, "Patient") {
        for identifier in patient["identifier"].as_array().into_iter().flatten() {
            facts.extend(identifier["value"].as_str().map(|v| ("identifier", v.to_string())));
        }
        for name in patient["name"].as_array().into_iter().flatten() {
            facts.extend(name["family"].as_str().map(|family| ("family", family.to_string())));
            facts.extend(texts(&name["given"]).into_iter().map(|given| ("given", given)));
        }
        for (fact, member) in [("birth date", "birthDate"), ("sex", "gender")] {
            facts.extend(patient[member].as_str().map(|v| (fact, v.to_string())));
        }
    }
    for visit in resources(bundle, "Encounter") {
        facts.extend(visit["class"]["code"].as_str().map(|code| ("class", code.to_string())));
        for identifier in visit["identifier"].as_array().into_iter().flatten() {
            facts.extend(identifier["value"].as_str().map(|v| ("visit", v.to_string())));
        }
        // The other converter tells a moment in its own zone.
        let start = visit["period"]["start"].as_str();
        let moment = start.map(|s| s.parse::<jiff::Timestamp>().map_or(s.to_string(), |t| t.to_string()));
        facts.extend(moment.map(|m| ("admitted", m)));
    }
    for (ty, fact) in [("Condition", "diagnosis"), ("AllergyIntolerance", "allergy")] {
        for coding in resources(bundle, ty).flat_map(|r| r["code"]["coding"].as_array().into_iter().flatten())
        {
            facts.extend(coding["code"].as_str().map(|code| (fact, code.to_string())));
        }
    }
    facts
}

#[test]
fn what_we_read_of_a_message_is_what_another_converter_reads() {
    let Some(folder) = suite("hl7v2-microsoft") else { return };
    let maps = Maps::load(&Source::Embedded, None).unwrap_or_else(|p| panic!("{p:#?}"));
    let url = "https://sluss.example/fhir/StructureMap/hl7v2-record-to-fhir";
    let map = maps.compile(url).unwrap_or_else(|p| panic!("{p:#?}"));
    let (mut agree, mut total, mut compared) = (0, 0, 0);
    let mut wrong = Vec::new();
    let mut unused: BTreeSet<usize> = (0..DIFFERENT.len()).collect();
    for expected in files(&folder.join("expected-fhir"), ".json") {
        let name = expected.file_stem().unwrap().to_string_lossy().into_owned();
        let bytes = std::fs::read(folder.join("messages").join(format!("{name}.hl7"))).unwrap();
        let theirs = facts(&serde_json::from_slice(&std::fs::read(&expected).unwrap()).unwrap());
        let tree = map.read(&bytes).unwrap_or_else(|f| panic!("{name}: {f:#?}"));
        let made = map.run_counted(&tree, &told()).unwrap_or_else(|f| panic!("{name}: {f}"));
        let ours = facts(&serde_json::from_str(&map.write(&made)).unwrap());
        total += 1;
        compared += ours.len();
        let differing: BTreeSet<&str> = ours.difference(&theirs).map(|(fact, _)| *fact).collect();
        let known = |fact: &str| DIFFERENT.iter().position(|(m, f, _)| *m == name && [fact, "*"].contains(f));
        let listed: Vec<usize> = differing.iter().filter_map(|fact| known(fact)).collect();
        listed.iter().for_each(|line| {
            unused.remove(line);
        });
        if listed.len() < differing.len() {
            wrong.push(format!("{name}: {differing:?}: {:?}", ours.difference(&theirs).collect::<Vec<_>>()));
        } else if listed.is_empty() {
            agree += 1;
        }
    }
    let exceptions = DIFFERENT.len();
    println!(
        "suite hl7v2-microsoft-facts: {agree} of {total} ({compared} facts, {exceptions} exceptions listed)"
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(unused.is_empty(), "listed, and they agree: {unused:?}");
    assert_eq!(total, 77);
}
