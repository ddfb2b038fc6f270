//! A case system's own format, added as a folder: the worked example of docs/dialects.md, carried both ways.

use crate::{
    flows,
    world::{GRANVIK, REGION, SJOBY, Setup, World, assert_fault},
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use sluss::{
    app,
    conformance::message,
    model::{Format, Model},
    rulebook::{Rulebook, Source},
};
use std::{
    path::{Path, PathBuf},
    sync::LazyLock,
};

const OWN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/examples/dialect");

static RULES: LazyLock<Rulebook> = LazyLock::new(|| {
    let source = Source::of(None, Some(Path::new(OWN)));
    Rulebook::load(&source).unwrap_or_else(|p| panic!("{p:#?}"))
});

/// The site's rules are ours and the folder; Granvik and Sjöby have Norrsken and hear from one region.
fn with_norrsken(dir: &Path) {
    change(dir, "sluss.toml", |text| format!("extra_rules = \"{OWN}\"\n{text}"));
    for partner in ["granvik", "sjoby"] {
        let file = format!("partners/{partner}.toml");
        change(dir, &file, |text| format!("{text}[translate]\nregion = \"{REGION}\"\n"));
    }
}

fn change(dir: &Path, file: &str, to: impl Fn(String) -> String) {
    let path = dir.join(file);
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(path, to(text)).unwrap();
}

fn norrsken() -> Setup {
    let speaks: &[(&str, &str)] = &[("granvik", "norrsken-xml"), ("sjoby", "norrsken-json")];
    Setup { speaks, edit: Some(with_norrsken), ..Setup::default() }
}

/// An example of the folder, with this id and of now.
fn fresh(example: &str, id: &str) -> Value {
    let path = PathBuf::from(OWN).join(format!("mappings/norrsken/{example}.in.json"));
    let mut own: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let now = Timestamp::now();
    own["lopnr"] = json!(id);
    own["skapad"] = json!(message::instant(now));
    own["handelse"] = json!(message::instant(now - SignedDuration::from_mins(1)));
    own
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_case_system_writes_reaches_a_region_as_fhir() {
    let world = World::with(norrsken()).await;
    let sjoby = world.as_sjoby();
    let sent = [
        ("health-exam-request/examples/01-rich", "n1", "health-exam-request"),
        ("health-exam-request/examples/02-protected", "n2", "health-exam-request"),
        ("placement-changed/examples/01-rich", "n3", "placement-changed"),
        ("placement-changed/examples/02-secret", "n4", "placement-changed"),
        ("admission-reply/examples/02-not-resident", "n5", "admission-reply"),
    ];
    for (example, id, event) in sent {
        let reply = sjoby.case(&fresh(example, id)).await.unwrap();
        assert_eq!(reply.status, 202, "{example}: {}", reply.json());
        world.until(id, "delivered").await;
        let got = world.region.effects().pop().unwrap();
        let mut tree = RULES.read(&got.body, Format::FhirJson, 1 << 20).unwrap();
        let found = RULES.check_profile(&mut tree, event);
        assert!(found.iter().all(|f| f.severity != fhir::Severity::Error), "{example}: {found:?}");
        let bundle: Value = serde_json::from_slice(&got.body).unwrap();
        let header = &bundle["entry"][0]["resource"];
        assert_eq!((header["id"].as_str(), header["eventCoding"]["code"].as_str()), (Some(id), Some(event)));
        assert_eq!(header["sender"]["identifier"]["value"], SJOBY);
    }
    let all: Vec<String> =
        world.region.effects().iter().map(|r| String::from_utf8(r.body.clone()).unwrap()).collect();
    assert!(all[0].contains("foster-home") && all[0].contains("Ekbacken 2"), "codes and stay: {}", all[0]);
    assert!(!all[3].contains("Ekbacken") && all[3].contains("guardian-1"), "secret: {}", all[3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_region_writes_reaches_the_case_system_in_its_own_words() {
    let world = World::with(norrsken()).await;
    let region = world.as_region();
    assert_eq!(region.fhir(&flows::ready("m11", "C-1")).await.unwrap().status, 202);
    assert_eq!(region.fhir(&flows::admission("m6a", "C-1", SJOBY)).await.unwrap().status, 202);
    assert_eq!(region.fhir(&flows::admission("m6b", "C-2", GRANVIK)).await.unwrap().status, 202);
    for id in ["m11", "m6a", "m6b"] {
        world.until(id, "delivered").await;
    }
    let got = world.sjoby.effects();
    let own: Vec<Value> = got.iter().map(|r| serde_json::from_slice(&r.body).unwrap()).collect();
    assert_eq!(
        (&own[0]["typ"], &own[0]["lopnr"], &own[0]["arende"]),
        (&json!("UTKLAR"), &json!("m11"), &json!("C-1"))
    );
    assert!(own[0]["utskrivningsklar"]["enhetId"].as_str().unwrap().starts_with("SE"), "{}", own[0]);
    assert_eq!((&own[1]["typ"], got[1].content_type.as_str()), (&json!("INSKR"), "application/json"));
    let child: Vec<&String> = own[1]["barn"].as_object().unwrap().keys().collect();
    assert_eq!(child, ["personnr", "fornamn", "efternamn", "gata", "postnr", "ort"], "four fields");
    // The same as XML: by the model alone.
    let xml = &world.granvik.effects()[0];
    let text = String::from_utf8(xml.body.clone()).unwrap();
    assert_eq!(xml.content_type, "application/xml");
    assert!(text.contains("<meddelande xmlns=\"https://norrsken.example/meddelande\">"), "{text}");
    assert!(text.contains("<typ>INSKR</typ>") && text.contains("<planeradUtskrivning>"), "{text}");
    let model = Model::from_word("norrsken").unwrap();
    assert!(
        RULES.knows_model(model)
            && RULES.read(&xml.body, Format::from_word("norrsken-xml").unwrap(), 1 << 20).is_ok()
    );
    // An event that the folder has no map for is refused to its sender, not lost.
    let estimate =
        message::Fhir::fresh("discharge-estimate-changed/valid-2-minimal.json", "m7", Timestamp::now());
    let reply = region.fhir(&estimate.to(SJOBY).0).await.unwrap();
    assert_fault(&reply, 422, "SLUSS-MAP-001");
}

#[tokio::test(flavor = "multi_thread")]
async fn its_xml_is_taken_and_its_faults_are_told_in_its_own_words() {
    let world = World::with(norrsken()).await;
    let sjoby = world.as_sjoby();
    let good = fresh("health-exam-request/examples/01-rich", "x0");
    let refused = |change: fn(&mut Value)| {
        let mut own = good.clone();
        change(&mut own);
        let sjoby = sjoby.clone();
        async move { sjoby.case(&own).await.unwrap().json() }
    };
    let reply = refused(|own| own["barn"]["personnr"] = json!("201204152398")).await;
    assert_eq!(
        (&reply["code"], &reply["errors"][0]["pointer"]),
        (&json!("SLUSS-VAL-003"), &json!("/barn/personnr")),
        "{reply}"
    );
    assert!(reply["errors"][0]["line"].is_u64(), "{reply}");
    let reply = refused(|own| own["placering"]["form"] = json!("TALT")).await;
    assert_eq!(reply["errors"][0]["pointer"], "/placering/form", "{reply}");
    // What only the canonical form asks for: led back through both maps.
    let reply = refused(|own| own["namndId"] = json!("SJOBY")).await;
    assert!(reply["errors"].to_string().contains("/namndId"), "{reply}");
    // Its own model's rules.
    let reply = refused(|own| own["okant"] = json!(1)).await;
    assert_eq!(reply["code"], "SLUSS-VAL-002", "{reply}");
    let reply = refused(|own| drop(own.as_object_mut().unwrap().remove("undersokning"))).await;
    assert!(reply.to_string().contains("nor-1"), "{reply}");
    let reply = refused(|own| own["barn"]["personnr"] = json!("120415-2399")).await;
    assert!(reply.to_string().contains("nor-3"), "{reply}");
    let mut own = good.clone();
    own["typ"] = json!("PING");
    own.as_object_mut().unwrap().retain(|name, _| !["undersokning", "placering"].contains(&name.as_str()));
    assert_fault(&sjoby.case(&own).await.unwrap(), 422, "SLUSS-IN-009");
    own["typ"] = json!("STATUS");
    let reply = sjoby.case(&own).await.unwrap().json();
    assert_eq!(reply["state"], "noted", "{reply}");
    assert!(world.region.effects().is_empty());

    let tree = RULES
        .read(good.to_string().as_bytes(), Format::from_word("norrsken-json").unwrap(), 1 << 20)
        .unwrap();
    let xml = RULES.write(&tree, Format::from_word("norrsken-xml").unwrap()).unwrap();
    let reply = sjoby.post("/case/v1/messages", "application/xml", xml).await.unwrap();
    assert_eq!(reply.status, 202, "{}", reply.json());
    world.until("x0", "delivered").await;
}

#[test]
fn its_examples_are_what_comes_out() {
    let run = std::process::Command::new(env!("CARGO_BIN_EXE_sluss"))
        .args(["map", "test", "--rules", OWN, "--json"])
        .output()
        .unwrap();
    let told: Value = serde_json::from_slice(&run.stdout).unwrap();
    assert!(run.status.success(), "{told:#}");
    let cases = told["result"]["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 12, "{told:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_adds_and_replaces_nothing_and_what_a_partner_must_tell_is_asked_for() {
    let world = World::with(norrsken()).await;
    let dir = world.state().parent().unwrap().to_path_buf();
    let problems = || app::load(&dir.join("sluss.toml")).err().unwrap_or_default();
    assert!(problems().is_empty());
    change(&dir, "partners/sjoby.toml", |text| text.replace("region = ", "regionen = "));
    let told = problems();
    assert!(told.iter().any(|p| p.message.contains("ask for region")), "{told:#?}");
    change(&dir, "partners/sjoby.toml", |text| text.replace("regionen = ", "region = "));
    let mine = dir.join("mine/mappings/admission-notice");
    std::fs::create_dir_all(&mine).unwrap();
    std::fs::write(mine.join("fhir-case.map"), "nothing").unwrap();
    change(&dir, "sluss.toml", |text| text.replace(OWN, "mine"));
    let told = problems();
    assert!(told.iter().any(|p| p.message.contains("of this name already")), "{told:#?}");
    change(&dir, "sluss.toml", |text| text.replace("\"mine\"", "\"nowhere\""));
    let told = problems();
    assert!(told.iter().any(|p| p.file.ends_with("nowhere/mappings")), "{told:#?}");
}
