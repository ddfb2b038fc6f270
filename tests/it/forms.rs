//! One message in its several forms: JSON and XML on both sides, and a model that only rules know.

use crate::world::{GRANVIK, REGION, SJOBY, Setup, World, assert_fault};
use fhir::xml;
use jiff::Timestamp;
use serde_json::Value;
use sluss::{
    conformance::{
        message::{self, Fhir},
        sender::Reply,
    },
    model::{Format, Model},
    rulebook::{Rulebook, Source},
};
use std::{path::Path, sync::LazyLock};

static RULES: LazyLock<Rulebook> = LazyLock::new(|| Rulebook::load(&Source::Embedded).unwrap());

const IN_XML: &[(&str, &str)] = &[("region", "fhir-r4-xml"), ("sjoby", "case-xml")];

/// The same message as XML.
fn as_xml(message: &Value, format: Format) -> Vec<u8> {
    let json = if format == Format::FhirXml { Format::FhirJson } else { Format::CaseJson };
    let mut tree = RULES.read(message.to_string().as_bytes(), json, 1 << 20).unwrap();
    match json.model() {
        Model::Fhir => RULES.definitions().annotate(&mut tree),
        _ => {
            let root = RULES.definitions().type_id("CaseMessage").unwrap();
            RULES.definitions().annotate_as(&mut tree, root);
        }
    }
    xml::write(&tree, RULES.definitions()).unwrap().into_bytes()
}

fn text(reply: &Reply) -> String {
    String::from_utf8(reply.body.clone()).unwrap()
}

fn admission(id: &str, to: &str) -> Value {
    Fhir::fresh("admission-notice/valid-2-surplus.json", id, Timestamp::now()).case("C-1").to(to).0
}

#[tokio::test(flavor = "multi_thread")]
async fn a_region_that_writes_xml_reaches_json_and_xml_and_reads_xml() {
    let world = World::with(Setup { speaks: IN_XML, ..Setup::default() }).await;
    let region = world.as_region();
    for (id, to) in [("x1", GRANVIK), ("x2", SJOBY)] {
        let body = as_xml(&admission(id, to), Format::FhirXml);
        let reply = region.post("/fhir/$process-message", "application/fhir+xml", body).await.unwrap();
        assert_eq!((reply.status, reply.content_type.as_str()), (202, "application/fhir+xml"));
        let told = text(&reply);
        assert!(told.starts_with("<?xml") && told.contains("SLUSS-PRM-002"), "what was removed: {told}");
        world.until(id, "delivered").await;
    }
    let (plain, other) = (&world.granvik.effects()[0], &world.sjoby.effects()[0]);
    assert_eq!(
        (plain.content_type.as_str(), other.content_type.as_str()),
        ("application/json", "application/xml")
    );
    assert_eq!(RULES.check_schema(&plain.body), [], "valid by the JSON Schema");
    let read =
        RULES.check_case_xml(&other.body, 1 << 20).unwrap_or_else(|f| panic!("valid by the XSD: {f:?}"));
    assert_eq!(read.child_text(read.root(), "event"), Some("admission-notice"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_message_in_xml_is_judged_as_in_json_and_reaches_a_region_that_reads_xml() {
    let world = World::with(Setup { speaks: IN_XML, ..Setup::default() }).await;
    let body =
        message::fresh_case("health-exam-request/case-valid-2-rich.json", "x3", "C-9", Timestamp::now());
    let good = as_xml(&body, Format::CaseXml);
    let sjoby = world.as_sjoby();
    let reply = sjoby.post("/case/v1/messages", "application/xml", good.clone()).await.unwrap();
    assert_eq!(reply.status, 202, "{}", text(&reply));
    world.until("x3", "delivered").await;
    let got = &world.region.effects()[0];
    assert_eq!(got.content_type, "application/fhir+xml");
    let mut tree = RULES.read(&got.body, Format::FhirXml, 1 << 20).unwrap();
    let found = RULES.check_profile(&mut tree, "health-exam-request");
    assert!(found.iter().all(|f| f.severity != fhir::Severity::Error), "{found:?}");
    // Faults stand where the sender wrote them: elements, line and column; the answer is problem details.
    let bad = String::from_utf8(good).unwrap().replace("<kind>health-exam", "<kind>wealth-exam");
    let bad = bad.replace(">x3<", ">x4<").replace(&format!(">{REGION}<"), ">SE2321009900-NONE<");
    let reply = sjoby.post("/case/v1/messages", "text/xml", bad.into_bytes()).await.unwrap();
    assert_eq!((reply.status, reply.content_type.as_str()), (422, "application/problem+json"));
    let errors = reply.json()["errors"].to_string();
    for told in
        ["SLUSS-RTE-001", "/caseMessage/receiver/hsaId", "SLUSS-VAL-002", "/caseMessage/examRequest/kind"]
    {
        assert!(errors.contains(told), "{told} is not told in {errors}");
    }
    assert!(errors.contains("\"line\""), "{errors}");
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_xml_is_refused_in_the_callers_own_form() {
    let world = World::new().await;
    let region = world.as_region();
    let post =
        |body: &'static [u8]| region.post("/fhir/$process-message", "application/fhir+xml", body.to_vec());
    for body in
        [b"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><Bundle>&b;</Bundle>".as_slice(), b"<a"]
    {
        let reply = post(body).await.unwrap();
        assert_eq!((reply.status, reply.content_type.as_str()), (400, "application/fhir+xml"));
        assert!(text(&reply).contains("SLUSS-IN-013"), "{}", text(&reply));
    }
    // Who asks for the other form gets it, whatever it wrote in.
    let reply = region.post("/fhir/$process-message", "text/plain", b"x".to_vec()).await.unwrap();
    assert_fault(&reply, 415, "SLUSS-IN-007");
}

/// A folder with the project's own rules and one model more.
fn with_tiny(dir: &Path) {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    let rules = dir.join("rules");
    std::fs::create_dir_all(rules.join("mappings/tiny/admission-notice")).unwrap();
    let link = |inner: &str| std::os::unix::fs::symlink(own.join(inner), rules.join(inner)).unwrap();
    link("conformance");
    for entry in std::fs::read_dir(own.join("mappings")).unwrap().flatten() {
        link(&format!("mappings/{}", entry.file_name().to_str().unwrap()));
    }
    let data = own.join("tests/data/tiny");
    for file in ["model.json", "events.toml", "admission-notice/tiny-fhir.map"] {
        std::fs::copy(data.join(file), rules.join("mappings/tiny").join(file)).unwrap();
    }
    let site = dir.join("sluss.toml");
    let text = std::fs::read_to_string(&site).unwrap();
    std::fs::write(&site, format!("rules = \"rules\"\n{text}")).unwrap();
    let partner = dir.join("partners/region.toml");
    let text = std::fs::read_to_string(&partner).unwrap();
    std::fs::write(&partner, format!("{text}[translate]\nboard = \"{GRANVIK}\"\n")).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_only_rules_know_is_read_by_its_map_and_noted_where_its_table_says() {
    let speaks: &[(&str, &str)] = &[("region", "tiny-json")];
    let world = World::with(Setup { speaks, edit: Some(with_tiny), ..Setup::default() }).await;
    let region = world.as_region();
    let now = Timestamp::now().to_string();
    let tiny = |kind: &str, id: &str, number: &str| {
        serde_json::json!({
            "id": id, "kind": kind, "visit": "V-1", "at": now, "number": number, "family": "Tolvansson", "given": "Tolvan",
            "street": "Storgatan 1", "town": "Granvik", "code": "123 45", "out": "2026-12-24",
        })
    };
    let reply = region.case(&tiny("in", "t1", "191212121212")).await.unwrap();
    assert_eq!(reply.status, 202, "{}", reply.json());
    world.until("t1", "delivered").await;
    let got: Value = serde_json::from_slice(&world.granvik.effects()[0].body).unwrap();
    assert_eq!((got["case"].as_str(), got["sender"]["hsaId"].as_str()), (Some("V-1"), Some(REGION)));
    assert_eq!(got["admission"]["estimatedDischarge"], "2026-12-24");
    // Noted: on record, nothing sent.
    let reply = region.case(&tiny("visit", "t2", "191212121212")).await.unwrap();
    assert_eq!((reply.status, reply.json()["state"].as_str()), (202, Some("noted")));
    assert!(reply.json()["notes"].to_string().contains("no doctor"), "{}", reply.json());
    // No row; and a fault is led back to the model's own element.
    assert_fault(&region.case(&tiny("??", "t3", "191212121212")).await.unwrap(), 422, "SLUSS-IN-009");
    let reply = region.case(&tiny("in", "t4", "191212121213")).await.unwrap();
    assert_eq!(reply.json()["errors"][0]["pointer"], "/number", "{}", reply.json());
    assert_eq!(world.granvik.effects().len(), 1);
}
