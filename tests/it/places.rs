//! Findings say where in the received text they are, to the sender, in the sender's own form.

use crate::{
    flows::admission,
    world::{GRANVIK, World},
};
use fhir::json::{self, Form};
use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};
use sluss::{
    config::Mode,
    conformance::message::{self, Fhir},
    model::{Code, Format, Told, fault::Severity},
    rulebook::{
        Rulebook, Source,
        check::{Document, Found, Wanted},
    },
};
use std::{path::Path, sync::LazyLock};

const LINE: &str = "http://hl7.org/fhir/StructureDefinition/operationoutcome-issue-line";
const COLUMN: &str = "http://hl7.org/fhir/StructureDefinition/operationoutcome-issue-col";

/// What stands at a line and column, both from 1 and counted in characters.
fn at(text: &str, line: u64, column: u64) -> String {
    let line = text.lines().nth(line as usize - 1).unwrap_or_default();
    line.chars().skip(column as usize - 1).collect()
}

/// Expression and text at the place of the first issue with this code.
fn issue(outcome: &Value, code: &str, text: &str) -> (String, String) {
    let issues = outcome["issue"].as_array().unwrap();
    let found = issues.iter().find(|i| i["details"]["coding"][0]["code"] == code);
    let found = found.unwrap_or_else(|| panic!("no {code} in {outcome}"));
    let number = |url: &str| {
        let extension = found["extension"].as_array().and_then(|all| all.iter().find(|e| e["url"] == url));
        extension.and_then(|e| e["valueInteger"].as_u64()).unwrap_or_else(|| panic!("{url} in {found}"))
    };
    (found["expression"][0].as_str().unwrap_or_default().into(), at(text, number(LINE), number(COLUMN)))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fhir_sender_reads_expression_line_and_column_of_each_finding() {
    let world = World::new().await;
    let mut message = Fhir(admission("m", "C-1", "SE5569999906-NONE"));
    message.0["timestamp"] = json!("2020-01-01T00:00:00Z");
    let patient = message.resource("Patient").unwrap();
    patient["identifier"][0]["value"] = json!("201204152398");
    patient["gender"] = json!("CANARY");
    let text = serde_json::to_string_pretty(&message.0).unwrap();
    let post = |text: String| world_post(&world, text);
    let outcome = post(text.clone()).await;
    for (code, expression, begins) in [
        ("SLUSS-VAL-001", "gender", "\"CANARY\""),
        ("SLUSS-VAL-003", "identifier[0].value", "\"201204152398\""),
        ("SLUSS-VAL-006", "Bundle.timestamp", "\"2020-01-01"),
        ("SLUSS-RTE-001", "destination[0].receiver.identifier.value", "\"SE5569999906-NONE\""),
    ] {
        let (place, found) = issue(&outcome, code, &text);
        assert!(place.ends_with(expression) && found.starts_with(begins), "{code} at {place}: {found}");
    }
    assert!(!outcome.to_string().contains("CANARY"));

    message.header()["id"] = json!("no id, but words");
    message.header()["extension"] = json!([]);
    let text = serde_json::to_string_pretty(&message.0).unwrap();
    let (place, found) = issue(&post(text.clone()).await, "SLUSS-IN-008", &text);
    assert_eq!(place, "Bundle.entry[0].resource.id");
    assert!(found.starts_with("\"no id, but words\""), "{found}");
    let broken = text.replace("\"no id, but words\",", "\"no id, but words\"");
    let (_, found) = issue(&post(broken.clone()).await, "SLUSS-IN-002", &broken);
    assert!(found.starts_with('"'), "where the comma is missing: {found}");
}

async fn world_post(world: &World, text: String) -> Value {
    let region = world.as_region();
    let reply = region.post("/fhir/$process-message", "application/fhir+json", text.into_bytes());
    reply.await.unwrap().json()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_sender_reads_pointer_line_and_column_of_each_finding() {
    let world = World::new().await;
    let mut body =
        message::fresh_case("health-exam-request/case-valid-2-rich.json", "c1", "C-1", Timestamp::now());
    body["receiver"]["hsaId"] = json!(GRANVIK);
    body["subject"]["personalNumber"] = json!("201010132388");
    body["examRequest"]["kind"] = json!("CANARY");
    body["examRequest"]["parts"][1] = json!("CANARY2");
    let text = serde_json::to_string_pretty(&body).unwrap();
    let sjoby = world.as_sjoby();
    let reply = sjoby.post("/case/v1/messages", "application/json", text.clone().into_bytes());
    let problem = reply.await.unwrap().json();
    let errors = problem["errors"].as_array().unwrap();
    for (code, pointer, begins) in [
        ("SLUSS-VAL-002", "/examRequest/kind", "\"CANARY\""),
        ("SLUSS-VAL-002", "/examRequest/parts/1", "\"CANARY2\""),
        ("SLUSS-VAL-003", "/subject/personalNumber", "\"201010132388\""),
    ] {
        let found = errors.iter().find(|e| e["code"] == code && e["pointer"] == pointer);
        let found = found.unwrap_or_else(|| panic!("{code} {pointer}: {problem:#}"));
        let here = at(&text, found["line"].as_u64().unwrap(), found["column"].as_u64().unwrap());
        assert!(here.starts_with(begins), "{pointer}: {here}");
    }
    assert!(!problem.to_string().contains("CANARY"));
}

/// The rules with a map changed.
fn with_map(map: &str, change: impl Fn(String) -> String) -> Rulebook {
    let dir = tempfile::tempdir().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for part in ["mappings", "conformance"] {
        copy(&root.join(part), &dir.path().join(part));
    }
    let map = dir.path().join("mappings").join(map);
    let text = std::fs::read_to_string(&map).unwrap();
    std::fs::write(map, change(text)).unwrap();
    let loaded = Rulebook::load(&Source::Folder(dir.path().into()));
    loaded.unwrap_or_else(|problems| panic!("{problems:#?}"))
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().flatten() {
        let target = to.join(entry.file_name());
        match entry.path().is_dir() {
            true => copy(&entry.path(), &target),
            false => std::fs::copy(entry.path(), target).map(|_| ()).unwrap(),
        }
    }
}

/// What is wrong with the canonical form of the rich example.
fn made(rulebook: &Rulebook) -> (String, Vec<Found>) {
    let text = message::example("health-exam-request/case-valid-2-rich.json");
    let text = serde_json::to_string_pretty(&text).unwrap();
    let tree = rulebook.read(text.as_bytes(), Format::CaseJson, 1 << 20).unwrap();
    let (bytes, told) = (text.as_bytes(), Told::default());
    let document = Document { tree, format: Format::CaseJson, bytes, canonical: None, told };
    let content = rulebook.check_content(document, "health-exam-request", false);
    (text, content.found)
}

#[test]
fn what_is_wrong_with_what_a_map_made_is_told_by_the_message_it_was_made_from() {
    let exam = "order.code = cc('https://sluss.example/fhir/CodeSystem/exam', kind)";
    let rulebook = with_map("shared/exam-to-fhir.map", |text| {
        assert!(text.contains(exam) && text.contains("placement.status = 'active'"));
        text.replace(exam, "order.code = cc('https://sluss.example/fhir/CodeSystem/exam-part', kind)")
            .replace("placement.status = 'active'", "placement.status = 'planned-by-nobody'")
    });
    let (text, found) = made(&rulebook);
    let errors: Vec<_> = found.iter().filter(|f| f.is_error()).map(|f| &f.finding).collect();
    assert!(!errors.is_empty());
    let of_kind = errors.iter().find(|f| f.place.path.as_deref() == Some("/examRequest/kind"));
    let of_kind = of_kind.unwrap_or_else(|| panic!("{errors:#?}"));
    let (line, column) = (of_kind.place.line.unwrap(), of_kind.place.column.unwrap());
    assert!(at(&text, line.into(), column.into()).starts_with("\"health-exam\""), "{of_kind:?}");
    assert!(of_kind.detail.contains("Bundle.entry[2].resource.code"), "{of_kind:?}");
    let constant = errors.iter().find(|f| f.detail.contains("resource.status"));
    let constant = constant.unwrap_or_else(|| panic!("{errors:#?}"));
    assert!(constant.detail.contains("no one place of the message leads to it"), "{constant:?}");
    assert!(!format!("{errors:?}").contains("planned-by-nobody"), "{errors:?}");
}

#[test]
fn a_case_message_in_xml_is_told_by_its_own_elements() {
    let exam = "order.code = cc('https://sluss.example/fhir/CodeSystem/exam', kind)";
    let rulebook = with_map("shared/exam-to-fhir.map", |text| {
        text.replace(exam, "order.code = cc('https://sluss.example/fhir/CodeSystem/exam-part', kind)")
    });
    let path = "conformance/examples/health-exam-request/case-valid-2-rich.xml";
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap();
    let report = rulebook.check(text.as_bytes(), &wanted());
    let errors: Vec<_> = report.found.iter().filter(|f| f.is_error()).map(|f| &f.finding).collect();
    let kind = errors.iter().find(|f| f.place.path.as_deref() == Some("/caseMessage/examRequest/kind"));
    let kind = kind.unwrap_or_else(|| panic!("{errors:#?}"));
    let (line, column) = (kind.place.line.unwrap(), kind.place.column.unwrap());
    assert!(at(&text, line.into(), column.into()).starts_with("<kind>health-exam"), "{kind:?}");
    let valid = RULES.check(text.as_bytes(), &wanted());
    assert!(valid.is_valid(), "{:#?}", valid.found);
}

fn wanted() -> Wanted<'static> {
    let now = Timestamp::now();
    Wanted { event: None, profile: None, mode: None, now, max_bytes: 1 << 20, schemas: None }
}

#[test]
fn a_fhir_message_that_its_map_refuses_is_warned_of_at_its_place() {
    let value = "ext.value : dateTime as value";
    let rulebook = with_map("shared/admission-to-case.map", |text| {
        assert!(text.contains(value));
        text.replace(value, &format!("{value} check (toString() = 'never')"))
    });
    let text =
        serde_json::to_string_pretty(&message::example("admission-notice/valid-1-four-fields.json")).unwrap();
    let report = rulebook.check(text.as_bytes(), &wanted());
    let found = report.found.iter().find(|f| f.finding.code == Code::Untranslatable);
    let finding = &found.unwrap_or_else(|| panic!("{:#?}", report.found)).finding;
    assert!(report.is_valid() && finding.severity == Severity::Warning, "{finding:?}");
    let (line, column) = (finding.place.line.unwrap(), finding.place.column.unwrap());
    let here = at(&text, line.into(), column.into());
    assert!(here.starts_with("\"20") || here.starts_with('{'), "{finding:?}: {here}");
    assert!(finding.place.path.as_ref().unwrap().contains("entry[1].resource.extension"), "{finding:?}");
}

static RULES: LazyLock<Rulebook> =
    LazyLock::new(|| Rulebook::load(&Source::Embedded).unwrap_or_else(|p| panic!("{p:?}")));

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]
    /// Whatever is done to a message, it is judged: no panic, places inside the text, lines that fit them.
    #[test]
    fn every_damage_is_judged(which in 0usize..4, at in 0.0..1.0f64, cut in 0usize..200, put in "[\\x00-\\x7Fåé{}\\[\\]\"<>]{0,6}") {
        let fhir = message::example("admission-notice/valid-3-protected.json").to_string();
        let case = message::example("health-exam-request/case-valid-2-rich.json").to_string();
        let read = |text: &str, form| json::read(text.as_bytes(), form, &json::Limits::default()).unwrap();
        let text = match which {
            0 => fhir,
            1 => case,
            2 => fhir::xml::write(&read(&fhir, Form::Fhir), fhir::Definitions::r4()).unwrap(),
            _ => format!("<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\">{fhir}</s:Envelope>"),
        };
        let mut bytes = text.into_bytes();
        let at = (at * bytes.len() as f64) as usize;
        let end = (at + cut).min(bytes.len());
        bytes.splice(at..end, put.into_bytes());
        let mode = Some(Mode::Test);
        let now = Timestamp::UNIX_EPOCH;
        let wanted = Wanted { event: None, profile: None, mode, now, max_bytes: 1 << 20, schemas: None };
        for found in RULES.check(&bytes, &wanted).found {
            let place = found.finding.place;
            if let Some(span) = place.span {
                prop_assert!(span.start <= span.end && span.end <= bytes.len());
                let own = fhir::position(&bytes, span.start as u32);
                prop_assert_eq!((Some(own.line), Some(own.column)), (place.line, place.column));
            }
        }
    }
}
