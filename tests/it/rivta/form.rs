//! Envelopes into the contract's model and back.

use crate::xsd::{limits, suite};
use sluss::{
    model::Code,
    rulebook::{Rulebook, Source},
};
use std::sync::OnceLock;

pub fn rulebook() -> &'static Rulebook {
    static RULEBOOK: OnceLock<Rulebook> = OnceLock::new();
    RULEBOOK.get_or_init(again)
}

/// A rulebook of one's own.
pub fn again() -> Rulebook {
    Rulebook::load(&Source::Embedded).unwrap_or_else(|p| panic!("{p:#?}"))
}

/// Each official request that is valid, and valid ones made of those that are not.
#[test]
fn official_requests_are_read_into_the_model_and_written_again() {
    let Some(folder) = suite() else { return };
    let rules = rulebook().rivta();
    let mut read = 0;
    for name in ["ProcessRequest-01", "ProcessRequestConfirmation-01", "ProcessRequestOutcome-01"] {
        let text = std::fs::read_to_string(folder.join("resolved").join(format!("{name}.xml"))).unwrap();
        let good = text.replace(">urn<", ">urn:a1:b<");
        let tree = rules.read(good.as_bytes(), &limits()).unwrap_or_else(|f| panic!("{name}: {f:#?}"));
        let all = fhir::json::write(&tree, fhir::json::Form::Plain);
        assert!(all.contains("2014-10-11T00:00:00+02:00"), "{all}");
        let written = rules.write(&tree).unwrap_or_else(|f| panic!("{name}: {f:#?}"));
        let again = rules.read(&written, &limits()).unwrap();
        assert_eq!(fhir::json::write(&again, fhir::json::Form::Plain), all);
        // The samples break their own schema where they say `urn`.
        let refused = rules.read(text.as_bytes(), &limits());
        assert_eq!(refused.is_err(), text != good);
        if let Err(found) = refused {
            let here = |f: &sluss::model::Finding| {
                f.place.line > Some(100) && f.place.path.as_deref().is_some_and(|p| p.ends_with("/urn"))
            };
            assert!(found.iter().all(|f| f.code == Code::Schema) && found.iter().any(here), "{found:#?}");
        }
        read += 1;
    }
    assert_eq!(read, 3);
}

#[test]
fn what_the_contract_cannot_say_is_told_and_not_cut() {
    let Some(folder) = suite() else { return };
    let rules = rulebook().rivta();
    let text = std::fs::read_to_string(folder.join("resolved/ProcessRequestConfirmation-01.xml")).unwrap();
    // A day that does not exist passes the schema's pattern, and not the reader.
    let found =
        rules.read(text.replace("20141011000000", "20150229000000").as_bytes(), &limits()).unwrap_err();
    assert_eq!(found.len(), 1);
    assert_eq!(
        found[0].place.path.as_deref(),
        Some("RivTa.body.processRequestConfirmation.requestConfirmation.requestConfirmationTime.value")
    );
    assert!(found[0].place.line.is_some() && !found[0].detail.contains("2015"));
    // An element of another namespace passes the schema: it is refused, for nothing would carry it on.
    let more =
        text.replace("</urn2:requestConfirmation>", "<x xmlns='urn:x'>more</x></urn2:requestConfirmation>");
    let found = rules.read(more.as_bytes(), &limits()).unwrap_err();
    assert!(found[0].code == Code::Schema && found[0].place.line > Some(50), "{found:?}");
    // Another header is passed over, whatever it holds.
    let header =
        text.replace("<soapenv:Header>", "<soapenv:Header><h:trace xmlns:h='urn:h'><h:a/>1</h:trace>");
    assert!(rules.read(header.as_bytes(), &limits()).is_ok());
    // Ours where the contract lets others in.
    let ours = |status: &str| {
        let own = format!(
            "<s:status xmlns:s='https://sluss.example/rivta/1'>{status}</s:status></urn2:requestConfirmation>"
        );
        rules.read(text.replace("</urn2:requestConfirmation>", &own).as_bytes(), &limits())
    };
    assert!(ours("<s:exam>health-exam</s:exam><s:status>no-show</s:status>").is_ok());
    assert_eq!(ours("<s:exam>health-exam</s:exam>").unwrap_err()[0].code, Code::Schema);
    let tree = rules.read(text.as_bytes(), &limits()).unwrap();
    let mut long = tree.clone();
    let name = |t: &fhir::Tree| {
        let steps = ["body", "processRequestConfirmation", "requestConfirmation", "patient", "name"];
        steps.iter().fold(t.root(), |at, step| t.child(at, step).unwrap())
    };
    let at = name(&long);
    long.set(at, fhir::Kind::String, &"x".repeat(217));
    let refused = rules.write(&long).unwrap_err();
    assert_eq!(refused.code, Code::Untranslatable);
    assert!(refused.detail.contains("cvc-maxLength-valid") && !refused.detail.contains("xxx"), "{refused:?}");
}

/// Each golden example of the maps, as it stands on the wire: what they write passes the contract's schema and
/// reads back the same, and a statement of what is read is one of what may be sent.
#[test]
fn the_examples_of_the_maps_stand_on_the_wire() {
    let rules = rulebook().rivta();
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("mappings/rivta");
    let mut seen = 0;
    for event in std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path().join("examples")) {
        for path in std::fs::read_dir(event).into_iter().flatten().map(|e| e.unwrap().path()) {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let contract = name.ends_with(".json") && name.contains("-rivta-") == name.contains(".in.");
            if !contract {
                continue;
            }
            let text = std::fs::read(&path).unwrap();
            let form = fhir::json::Form::Plain;
            let tree = fhir::json::read(&text, form, &limits()).unwrap_or_else(|f| panic!("{name}: {f:?}"));
            let wire = rules.write(&tree).unwrap_or_else(|f| panic!("{}: {f:?}", path.display()));
            let again = rules.read(&wire, &limits()).unwrap_or_else(|f| panic!("{}: {f:?}", path.display()));
            let json = |tree: &fhir::Tree| -> serde_json::Value {
                serde_json::from_str(&fhir::json::write(tree, form)).unwrap()
            };
            assert_eq!(json(&again), json(&tree), "{}", path.display());
            seen += 1;
        }
    }
    assert!(seen > 40, "{seen}");
}
