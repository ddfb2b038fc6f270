//! `sluss validate` as people and scripts meet it: which format, which verdict, where, and never a value.

use crate::{
    packages::package,
    rules::examples::{self as messages, Example},
};
use fhir::json::{self, Form};
use serde_json::{Value, json};
use std::{
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    time::{Duration, Instant},
};
use tempfile::TempDir;

fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sluss"));
    command.arg("validate").args(args).env_remove("RUST_LOG").env("LC_ALL", "C");
    command
}

fn validate(args: &[&str]) -> Output {
    command(args).output().unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn result(output: &Output) -> Value {
    let value: Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {}", said(output)));
    assert_eq!(
        (value["schema"].as_str(), value["command"].as_str()),
        (Some("sluss.cli/1"), Some("validate"))
    );
    value["result"].clone()
}

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("conformance/examples")
}

fn example(path: &str) -> String {
    std::fs::read_to_string(examples().join(path)).unwrap()
}

/// Every example, valid and invalid, as event, name and message.
fn every() -> Vec<(String, String, Value)> {
    let mut all = Vec::new();
    for folder in messages::events(&examples()) {
        let event = folder.file_name().unwrap().to_str().unwrap().to_string();
        for file in std::fs::read_dir(&folder).unwrap().flatten() {
            let name = file.file_name().into_string().unwrap();
            if name.starts_with("case-") && name.ends_with(".json") {
                let value: Value = serde_json::from_slice(&std::fs::read(file.path()).unwrap()).unwrap();
                if value.is_object() {
                    all.push((event.clone(), name, value));
                }
            }
        }
        let of = |e: Example| (e.event, e.name, e.message);
        all.extend(messages::of(&folder).into_iter().map(of));
    }
    all
}

const ADMISSION: &str = "admission-notice/valid-1-four-fields.json";
const REQUEST: &str = "health-exam-request/case-valid-2-rich.json";

/// A folder of files, and their paths.
struct Files(TempDir);

impl Files {
    fn new() -> Files {
        Files(tempfile::tempdir().unwrap())
    }

    fn put(&self, name: &str, text: impl AsRef<[u8]>) -> String {
        let path = self.0.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().into()
    }
}

fn as_xml(text: &str) -> String {
    let tree = json::read(text.as_bytes(), Form::Fhir, &json::Limits::default()).unwrap();
    fhir::xml::write_pretty(&tree, fhir::Definitions::r4()).unwrap()
}

#[test]
fn each_format_is_known_by_its_content_and_told_with_what_is_read_here() {
    let files = Files::new();
    let bom = |text: String| [b"\xEF\xBB\xBF", text.as_bytes()].concat();
    let cases: [(&str, Vec<u8>, i32, &str, bool); 13] = [
        ("a.txt", example(ADMISSION).into(), 0, "fhir-r4-json", true),
        ("b.txt", as_xml(&example(ADMISSION)).into(), 0, "fhir-r4-xml", true),
        ("c.txt", example(REQUEST).into(), 0, "case-json", true),
        ("d.txt", bom(as_xml(&example(ADMISSION))), 0, "fhir-r4-xml", true),
        ("e.txt", bom(example(ADMISSION)), 1, "fhir-r4-json", false),
        ("f.json", "MSH|^~\\&|WARD|REG|SLUSS|X|20260101||ADT^A01|1|P|2.5\r".into(), 0, "hl7-v2", true),
        ("g.json", Vec::new(), 1, "empty", false),
        ("h.json", b"\xFF\xFE{\0}\0".to_vec(), 1, "utf-16", false),
        ("i.json", b"{\"id\":\"\xE5\"}".to_vec(), 1, "case-json", false),
        ("j.json", b"%PDF-1.7".to_vec(), 1, "other", false),
        ("k.json", "Dear colleague".into(), 1, "other", false),
        ("l.json", "<html/>".into(), 1, "xml", false),
        ("m.json", "{\"resourceType\":\"Bundle\",".into(), 1, "fhir-r4-json", false),
    ];
    for (name, text, exit, format, readable) in cases {
        let path = files.put(name, text);
        let output = validate(&["--json", &path]);
        let file = result(&output)["files"][0].clone();
        assert_eq!(code(&output), exit, "{name}: {file:#}");
        assert_eq!(
            (file["format"].as_str(), file["readable"].as_bool()),
            (Some(format), Some(readable)),
            "{name}"
        );
        let first = &file["findings"][0];
        if !readable {
            assert_eq!(
                (first["heading"].as_str(), first["severity"].as_str()),
                (Some("format"), Some("error"))
            );
            assert!(
                !first["message"].as_str().unwrap().is_empty()
                    && !first["remedy"].as_str().unwrap().is_empty()
            );
            assert!(said(&validate(&[&path])).contains("cannot be read"), "{name}");
        }
    }
    let told = said(&validate(&[&files.put("v2", "MSH|^~\\&|A|B\r")]));
    assert!(told.contains("no row of the model's table of events fits it"), "{told}");
    assert!(told.contains("at MSH-9"), "{told}");
    let place =
        result(&validate(&["--json", &files.put("latin", b"{\n \"id\": \"\xE5\"}")]))["files"][0]["findings"]
            [0]
        .clone();
    assert_eq!((place["line"].as_u64(), place["column"].as_u64()), (Some(2), Some(9)), "{place}");
}

#[test]
fn exit_codes_are_0_valid_1_findings_2_usage_3_configuration() {
    let files = Files::new();
    let good = files.put("good.json", example(ADMISSION));
    let bad = files.put(
        "bad.json",
        example(ADMISSION).replace("\"resourceType\": \"Patient\"", "\"resourceType\": \"Basic\""),
    );
    let config = files.put("sluss.toml", "mode = \"tset\"\n");
    let package = files.put("broken.tgz", "not gzip");
    let none = files.0.path().join("none").to_str().unwrap().to_string();
    std::fs::create_dir(files.0.path().join("empty")).unwrap();
    let empty = files.0.path().join("empty").to_str().unwrap().to_string();
    let cases: [(&[&str], i32); 13] = [
        (&[&good], 0),
        (&[&good, &good], 0),
        (&[&good, &bad], 1),
        (&[&good, &none], 2),
        (&[&bad, &none], 2),
        (&[&empty], 2),
        (&[], 2),
        (&["--as", "no-such-event", &good], 2),
        (&["--profile", "http://example.org/none", &good], 2),
        (&["--as", "admission-notice", "--profile", "Bundle", &good], 2),
        (&["--package", &none, &good], 2),
        (&["--package", &package, &good], 3),
        (&["--config", &config, &good], 3),
    ];
    for (args, exit) in cases {
        let output = validate(args);
        assert_eq!(
            code(&output),
            exit,
            "{args:?}: {} {}",
            said(&output),
            String::from_utf8_lossy(&output.stderr)
        );
        if !args.is_empty() && !args.contains(&"Bundle") {
            let with_json = validate(&[args, &["--json"]].concat());
            assert_eq!(code(&with_json), exit);
            result(&with_json);
        }
    }
    let told = validate(&["--as", "admision-notice", &good]);
    assert!(String::from_utf8_lossy(&told.stderr).contains("one of "), "the known events are told");
    let both = validate(&[&bad, &none]);
    assert!(
        said(&both).contains("not valid") && String::from_utf8_lossy(&both.stderr).contains("none"),
        "all at once"
    );
}

#[test]
fn the_document_for_machines_says_verdict_rules_packages_and_what_is_not_proved() {
    let files = Files::new();
    let path = files.put(
        "m.json",
        example(ADMISSION).replace("\"plannedEndDate\"", "\"x\"").replace("M6-2026-0001", "å b"),
    );
    let document = result(&validate(&["--json", "--mode", "test", &path]));
    assert_eq!((document["valid"].as_bool(), document["mode"].as_str()), (Some(false), Some("test")));
    assert_eq!(document["rules"].as_str().unwrap().len(), 12);
    for word in ["parties", "certificate", "basis", "times", "duplicates", "protection", "truth"] {
        assert!(document["notProved"].as_array().unwrap().contains(&json!(word)), "{word}");
    }
    let file = &document["files"][0];
    assert_eq!(
        (file["event"].as_str(), file["format"].as_str()),
        (Some("admission-notice"), Some("fhir-r4-json"))
    );
    assert_eq!(file["agreementChecked"], json!(["number", "test-number"]));
    let summary = &document["summary"];
    assert_eq!(
        (summary["files"].as_u64(), summary["invalid"].as_u64(), summary["valid"].as_u64()),
        (Some(1), Some(1), Some(0))
    );
    let findings = file["findings"].as_array().unwrap();
    let errors = findings.iter().filter(|f| f["severity"] == "error").count() as u64;
    assert!(errors > 0 && summary["errors"] == errors);
    for finding in findings {
        for key in [
            "heading",
            "code",
            "rule",
            "severity",
            "notCheckable",
            "path",
            "line",
            "column",
            "message",
            "title",
            "remedy",
        ] {
            assert!(finding.get(key).is_some(), "{key} in {finding}");
        }
    }
    let id = findings.iter().find(|f| f["code"] == "SLUSS-IN-008").unwrap();
    assert_eq!(
        (id["heading"].as_str(), id["path"].as_str()),
        (Some("profile"), Some("Bundle.entry[0].resource.id"))
    );
}

#[test]
fn the_caret_stands_under_the_text_that_the_finding_is_about_in_json_and_xml() {
    let files = Files::new();
    let wrong = ["201505202381", "201204152398"];
    let spoiled =
        |path: &str| example(path).replace("201505202380", wrong[0]).replace("201204152399", wrong[1]);
    let json = spoiled(ADMISSION);
    for (name, text, shown) in [
        ("m.json", json.clone(), "\"000000000000\""),
        ("m.xml", as_xml(&json), "<value value=\"000000000000\"/>"),
        ("case.json", spoiled(REQUEST), "\"000000000000\""),
        (
            "case.xml",
            spoiled(&REQUEST.replace(".json", ".xml")),
            "<personalNumber>000000000000</personalNumber>",
        ),
    ] {
        let path = files.put(name, &text);
        let output = validate(&[&path]);
        assert_eq!(code(&output), 1);
        let told = said(&output);
        let finding = told.split("error[SLUSS-VAL-003]").nth(1).unwrap_or_else(|| panic!("{name}: {told}"));
        let lines: Vec<&str> = finding.lines().collect();
        let caret = lines.iter().position(|l| l.contains('^')).unwrap();
        let (source, marks) = (lines[caret - 1], lines[caret]);
        let from = marks.chars().position(|c| c == '^').unwrap();
        let length = marks.chars().filter(|c| *c == '^').count();
        let under: String = source.chars().skip(from).take(length).collect();
        assert_eq!(under, shown, "{name}: {finding}");
        let line: usize = source.split('|').next().unwrap().trim().parse().unwrap();
        let own = text.lines().nth(line - 1).unwrap();
        let holds = |text: &str| wrong.iter().any(|number| text.contains(number));
        assert!(holds(own), "{name}: line {line} is {own}");
        assert!(finding.contains(&format!("{path}:{line}:")), "{finding}");
        assert!(!holds(&told), "{told}");
        assert!(holds(&said(&validate(&["--values", &path]))), "{name}");
    }
}

#[test]
fn a_failed_slice_names_the_nearest_candidate_and_what_it_lacks_in_a_note() {
    let files = Files::new();
    let text = example("exam-statement/valid-1-minimal.json").replace("\"physical\"", "\"CANARY\"");
    let path = files.put("m.json", text);
    let told = said(&validate(&[&path]));
    let title = told
        .lines()
        .find(|l| l.contains("`section:physical` stands 0 times"))
        .unwrap_or_else(|| panic!("{told}"));
    assert!(title.starts_with("error[SLUSS-VAL-001]") && !title.contains("nearest"), "{title}");
    let note = "= note: nearest is `Bundle.entry[1].resource.section[0]`, but [pattern]";
    assert!(told.contains(note) && !told.contains("CANARY"), "{told}");
}

#[test]
fn a_property_that_the_schema_does_not_know_is_pointed_at_itself() {
    let files = Files::new();
    let mut case: Value = serde_json::from_str(&example(REQUEST)).unwrap();
    case["examRequest"]["CANARY"] = json!({ "deep": "CANARY" });
    let path = files.put("m.json", serde_json::to_string_pretty(&case).unwrap());
    let told = said(&validate(&[&path]));
    let line = told.lines().position(|l| l.contains("\"xxxxxx\": {")).unwrap_or_else(|| panic!("{told}"));
    assert!(told.lines().nth(line + 1).unwrap().contains('^') && !told.contains("CANARY"), "{told}");
}

/// Every text of a message that says nothing about its form becomes a canary of its own.
fn with_canaries(value: &mut Value, key: &str, count: &mut usize) {
    match value {
        Value::Object(members) => {
            members.iter_mut().for_each(|(key, value)| with_canaries(value, key, count));
            members.insert("CANARYNAME 201204152399".into(), json!("CANARYVALUE"));
        }
        Value::Array(items) => items.iter_mut().for_each(|value| with_canaries(value, key, count)),
        Value::String(text) if !["resourceType", "type", "url", "event", "system"].contains(&key) => {
            *count += 1;
            *text = match *count % 3 {
                0 => "CANARY 201204152399 Nils Åkerman".into(),
                1 => format!("{text}CANARY"),
                _ => text.clone(),
            };
        }
        _ => {}
    }
}

/// Names, numbers, addresses and words that a message of the examples holds.
fn secrets(value: &Value, key: &str, out: &mut Vec<String>) {
    let told = [
        "family",
        "given",
        "personalNumber",
        "line",
        "lines",
        "phone",
        "email",
        "text",
        "div",
        "birthDate",
        "reason",
    ];
    // A reason is words in a basis, and elsewhere a code of ours.
    let code = |text: &str| key == "reason" && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
    match value {
        Value::Object(members) => members.iter().for_each(|(key, value)| secrets(value, key, out)),
        Value::Array(items) => items.iter().for_each(|value| secrets(value, key, out)),
        Value::String(text) if told.contains(&key) && text.len() > 3 && !code(text) => out.push(text.clone()),
        _ => {}
    }
}

#[test]
fn no_value_of_any_example_is_ever_shown() {
    let files = Files::new();
    let mut known = Vec::new();
    let mut all = 0;
    for (event, name, mut message) in every() {
        all += 1;
        secrets(&message, "", &mut known);
        let text = serde_json::to_string_pretty(&message).unwrap();
        files.put(&format!("{event}/plain-{name}.json"), &text);
        // Patched messages differ little from each other.
        if all % 3 != 0 && !name.contains("valid-1") {
            continue;
        }
        with_canaries(&mut message, "", &mut 0);
        files.put(&format!("{event}/canary-{name}.json"), serde_json::to_string_pretty(&message).unwrap());
        if !name.contains("valid-1") {
            continue;
        }
        // Broken in the middle, and in XML.
        let half: String = text.chars().take(text.chars().count() * 2 / 3).collect();
        files.put(&format!("{event}/half-{name}.json"), half);
        let tree = json::read(text.as_bytes(), Form::Fhir, &json::Limits::default()).unwrap();
        let xml = fhir::xml::write_pretty(&tree, fhir::Definitions::r4());
        if let (true, Ok(xml)) = (message["resourceType"].is_string(), xml) {
            files.put(&format!("{event}/xml-{name}.xml"), xml.replace(" value=\"", " value=\"CANARY "));
        }
    }
    assert!(all >= 100 && known.len() > 50, "{all} {}", known.len());
    known.sort();
    known.dedup();
    let folder = files.0.path().to_str().unwrap();
    for args in [vec!["--lang", "sv", "--mode", "production", folder], vec!["--json", folder]] {
        let output = validate(&args);
        assert_eq!(code(&output), 1);
        let told = format!("{}{}", said(&output), String::from_utf8_lossy(&output.stderr));
        // The files' own names are ours.
        let told = told.replace(folder, "").replace("/canary-", "/");
        for secret in known.iter().map(String::as_str).chain(["CANARY", "201204152399", "Åkerman"]) {
            let at = told.find(secret);
            assert!(
                at.is_none(),
                "{secret:?} in {:?}",
                at.and_then(|at| told.get(at.saturating_sub(200)..at + 40))
            );
        }
    }
}

#[test]
fn standard_input_and_folders_are_judged_and_the_last_line_says_it_all() {
    let mut child = command(&["-"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(example(ADMISSION).as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let told = said(&output);
    assert!(
        code(&output) == 0 && told.starts_with("<stdin>: fhir-r4-json, admission-notice: valid\n"),
        "{told}"
    );
    for words in
        ["format ", "profile ", "agreement rules ", "not checkable here", "Valid does not prove:", "rules "]
    {
        assert!(told.contains(words), "{words}: {told}");
    }
    let files = Files::new();
    files.put("b/c/deep.xml", as_xml(&example(ADMISSION)));
    files.put("a.json", example(REQUEST));
    files.put("b/broken.JSON", "{");
    files.put("b/notes.md", "no message");
    files.put(".hidden/x.json", "{");
    let output = validate(&[files.0.path().to_str().unwrap()]);
    let told = said(&output);
    let last = told.trim_end().lines().last().unwrap();
    assert_eq!(code(&output), 1);
    assert!(last.starts_with("3 files: 2 valid, 1 not valid, 0 not read · 1 error, "), "{last}");
    let order: Vec<usize> =
        ["a.json", "broken.JSON", "deep.xml"].iter().filter_map(|n| told.find(n)).collect();
    assert!(order.len() == 3 && order.is_sorted(), "{told}");
    let swedish = said(&validate(&["--lang", "sv", files.0.path().to_str().unwrap()]));
    for words in ["giltigt", "inte giltigt", "går inte att läsa", "Giltigt visar inte:", "3 filer: 2 giltigt"]
    {
        assert!(swedish.contains(words), "{words}: {swedish}");
    }
}

#[test]
fn many_findings_and_long_lines_stay_bounded() {
    let files = Files::new();
    let mut case: Value = serde_json::from_str(&example(REQUEST)).unwrap();
    case["examRequest"]["parts"] = (0..10_000).map(|i| json!(format!("CANARY{i}"))).collect();
    let mut bundle: Value = serde_json::from_str(&example(ADMISSION)).unwrap();
    let entries = bundle["entry"].as_array_mut().unwrap();
    let patient = entries.iter_mut().find(|e| e["resource"]["resourceType"] == "Patient").unwrap();
    patient["resource"]["contact"] = (0..10_000).map(|_| json!({ "gender": "CANARY" })).collect();
    let mut empty = case.clone();
    empty["examRequest"]["parts"] = (0..100_000).map(|_| json!("")).collect();
    for (name, value) in [("case.json", case), ("empty.json", empty), ("bundle.json", bundle)] {
        for text in [value.to_string(), serde_json::to_string_pretty(&value).unwrap()] {
            let path = files.put(name, &text);
            let began = Instant::now();
            let output = validate(&[&path]);
            assert!(began.elapsed() < Duration::from_secs(20), "{name}: {:?}", began.elapsed());
            assert_eq!(code(&output), 1);
            let told = said(&output);
            assert!(told.len() < 200_000, "{name}: {} bytes", told.len());
            assert!(told.contains("--json tells all") && !told.contains("CANARY"), "{name}");
            let findings =
                result(&validate(&["--json", &path]))["files"][0]["findings"].as_array().unwrap().len();
            assert!((1000..1100).contains(&findings), "{name}: {findings}");
        }
    }
    let long = files.put("long.json", format!("{{\"a\":\"{}\"}}", "x".repeat(3 << 20)));
    let file = result(&validate(&["--json", &long]))["files"][0].clone();
    assert_eq!(file["findings"][0]["code"], "SLUSS-IN-001", "the gateway's own limit");
    let path = files.put("escape.json", "{\"id\": \"\u{1B}[31m\u{202E}\", \"id\": 1}");
    let told = said(&validate(&["--values", &path]));
    assert!(!told.contains('\u{1B}') && !told.contains('\u{202E}'), "{told:?}");
}

#[test]
fn a_message_can_be_judged_as_another_event_and_any_resource_against_a_profile() {
    let files = Files::new();
    let admission = files.put("m.json", example(ADMISSION));
    let output = validate(&["--json", "--as", "discharge-ready", &admission]);
    let file = result(&output)["files"][0].clone();
    assert_eq!((code(&output), file["event"].as_str()), (1, Some("discharge-ready")));
    let request = files.put("c.json", example(REQUEST));
    let file = result(&validate(&["--json", "--as", "exam-statement", &request]))["files"][0].clone();
    let first = &file["findings"][0];
    assert_eq!(
        (first["path"].as_str(), first["code"].as_str()),
        (Some("/event"), Some("SLUSS-VAL-002")),
        "{file:#}"
    );
    let unknown = files
        .put("u.json", example(ADMISSION).replace("\"code\": \"admission-notice\"", "\"code\": \"CANARY\""));
    let output = validate(&[&unknown]);
    assert!(
        said(&output).contains("error[SLUSS-IN-009]") && !said(&output).contains("CANARY"),
        "{}",
        said(&output)
    );

    let child =
        files.put("p.json", json!({ "resourceType": "Patient", "birthDate": "2012-02-31" }).to_string());
    for args in [
        vec![child.as_str()],
        vec!["--profile", "Patient", &child],
        vec!["--profile", "http://hl7.org/fhir/StructureDefinition/Patient", &child],
    ] {
        let output = validate(&args);
        assert!(
            code(&output) == 1 && said(&output).contains("at Patient.birthDate"),
            "{args:?}: {}",
            said(&output)
        );
        assert!(said(&output).contains("agreement rules    not checked"), "{}", said(&output));
    }
    let url = "http://e/StructureDefinition/named-child";
    let profile = json!({ "resourceType": "StructureDefinition", "url": url, "status": "active", "abstract": false,
        "kind": "resource", "type": "Patient", "derivation": "constraint",
        "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Patient",
        "differential": { "element": [{ "path": "Patient" }, { "path": "Patient.name", "min": 1 }] } });
    let path = package(files.0.path(), "se.example.child", json!({}), &[profile]);
    let path = path.to_str().unwrap();
    let output = validate(&["--package", path, "--profile", url, &child, "--json"]);
    let document = result(&output);
    let package = &document["packages"][0];
    assert_eq!(
        (package["name"].as_str(), package["version"].as_str()),
        (Some("se.example.child"), Some("1.0.0"))
    );
    assert_eq!(package["sha256"].as_str().unwrap().len(), 64);
    let told = document["files"][0]["findings"].to_string();
    assert!(told.contains("name") && document["files"][0]["profile"] == url, "{told}");
    let told = said(&validate(&["--package", path, "--profile", url, &child]));
    assert!(told.contains("package se.example.child 1.0.0 sha256 "), "{told}");
}

#[test]
fn test_numbers_are_judged_by_the_mode_asked_for_or_configured() {
    let files = Files::new();
    let path = files.put("m.json", example(ADMISSION));
    let codes = |args: &[&str]| {
        let file = result(&validate(&[&["--json", &path], args].concat()))["files"][0].clone();
        let agreement =
            file["findings"].as_array().unwrap().iter().filter(|f| f["heading"] == "agreement").cloned();
        agreement.map(|f| f["code"].as_str().unwrap().to_string()).collect::<Vec<_>>()
    };
    assert_eq!(codes(&[]), [""; 0]);
    assert_eq!(codes(&["--mode", "test"]), [""; 0]);
    assert_eq!(codes(&["--mode", "production"]), ["SLUSS-VAL-005"]);
    for dir in ["partners", "agreements"] {
        std::fs::create_dir(files.0.path().join(dir)).unwrap();
    }
    files.put("partners/g.toml", "name = \"Granvik\"\nhsa_id = \"SE2120009903-SOC1\"\nkind = \"municipality\"\nformat = \"case-json\"\nendpoint = \"https://localhost:1/in\"\n");
    let text = |top: &str, listen: &str| {
        format!(
            "mode = \"production\"\nhsa_id = \"SE2321009900-SLUSS\"\nname = \"t\"\n{top}\n[listen]\n{listen}\n[tls]\ncertificate = \"s.pem\"\nkey = \"s.key\"\nclient_ca = \"ca.pem\"\n"
        )
    };
    let config = files.put("sluss.toml", text("", ""));
    assert_eq!(codes(&["--config", &config]), ["SLUSS-VAL-005"], "its mode");
    assert_eq!(codes(&["--config", &config, "--mode", "test"]), [""; 0]);
    let config = files.put("sluss.toml", text("", "max_body_bytes = 2000"));
    let file = result(&validate(&["--json", "--config", &config, &path]))["files"][0].clone();
    assert_eq!(file["findings"][0]["code"], "SLUSS-IN-001", "its limit");
}

#[test]
fn the_verdict_on_every_example_is_the_one_it_names() {
    let files = Files::new();
    let (mut valid, mut invalid, mut wrong) = (0, 0, Vec::new());
    for folder in messages::events(&examples()) {
        let all = messages::of(&folder);
        let event = folder.file_name().unwrap().to_str().unwrap().to_string();
        for (i, example) in all.iter().enumerate() {
            let text = serde_json::to_string_pretty(&example.message).unwrap();
            files.put(&format!("{event}/{i:03}.json"), text);
        }
        let cases = std::fs::read_dir(&folder).unwrap().flatten().map(|e| e.path());
        for case in cases.filter(|c| c.file_name().unwrap().to_str().unwrap().starts_with("case-valid-")) {
            files.put(
                &format!("{event}/{}", case.file_name().unwrap().to_str().unwrap()),
                std::fs::read(case).unwrap(),
            );
        }
        let own = files.0.path().join(&event);
        let document = result(&validate(&["--json", "--as", &event, own.to_str().unwrap()]));
        for file in document["files"].as_array().unwrap() {
            let name = Path::new(file["file"].as_str().unwrap()).file_stem().unwrap().to_str().unwrap();
            let expect = name.parse::<usize>().ok().map(|i| &all[i].expect).into_iter().flatten();
            let expect: Vec<_> = expect.collect();
            *if expect.is_empty() { &mut valid } else { &mut invalid } += 1;
            if expect.is_empty() && file["valid"] != true {
                wrong.push(format!("{event} {name}: {file:#}"));
            }
            for one in expect {
                let fits = |f: &Value| {
                    f["rule"] == one.code
                        && f["path"] == one.place
                        && f["line"].is_u64()
                        && f["message"].as_str().unwrap().contains(&one.word)
                };
                // Some rules only warn.
                match file["findings"].as_array().unwrap().iter().find(|f| fits(f)) {
                    Some(found) if found["severity"] != "error" || file["valid"] == false => {}
                    _ => wrong.push(format!("{event} {name}: {} at {}: {file:#}", one.code, one.place)),
                }
            }
        }
    }
    println!("validate: {valid} valid examples, {invalid} invalid ones with line and column");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(valid >= 200 && invalid >= 1000);
}

#[test]
fn a_soap_envelope_is_judged_by_the_schemas_that_are_given() {
    let files = Files::new();
    let schema = r#"<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:o" elementFormDefault="qualified">
      <xs:element name="order"><xs:complexType><xs:sequence><xs:element name="who" type="xs:string"/>
      <xs:element name="count" type="xs:positiveInteger"/></xs:sequence></xs:complexType></xs:element></xs:schema>"#;
    files.put("schemas/order.xsd", schema);
    let schemas = files.0.path().join("schemas").to_str().unwrap().to_string();
    let envelope = |body: &str| {
        format!(
            "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\">\n <s:Body>{body}</s:Body>\n</s:Envelope>"
        )
    };
    let order = |count: &str| {
        format!("<order xmlns=\"urn:o\">\n  <who>CANARY</who>\n  <count>{count}</count>\n</order>")
    };
    let fault = "<s:Fault><faultcode>s:Server</faultcode><faultstring>CANARY</faultstring></s:Fault>";
    for (text, exit, words) in [
        (envelope(&order("3")), 0, "urn:o"),
        (envelope(&order("CANARY")), 1, "error[SLUSS-VAL-002]"),
        (envelope(fault), 0, "carries a fault"),
        (envelope(""), 1, "error[SLUSS-IN-013]"),
        (envelope("<!DOCTYPE a><a/>"), 1, "error[SLUSS-IN-013]"),
        (order("3"), 0, "valid"),
    ] {
        let path = files.put("m.xml", &text);
        let output = validate(&["--xsd", &schemas, &path]);
        assert_eq!(code(&output), exit, "{text}: {}", said(&output));
        assert!(said(&output).contains(words) || words == "urn:o", "{words}: {}", said(&output));
        assert!(!said(&output).contains("CANARY"), "{}", said(&output));
    }
    let path = files.put("m.xml", envelope(&order("-CANARY")));
    let told = said(&validate(&["--xsd", &schemas, &path]));
    assert!(told.contains("m.xml:4:") && told.contains('^') && !told.contains("CANARY"), "{told}");
    // Without them it is judged by the e-referral contract, which does not know it.
    let output = validate(&[&path]);
    assert!(code(&output) == 1 && said(&output).contains("cvc-elt.1"), "{}", said(&output));
    assert_eq!(code(&validate(&["--xsd", "no/such/folder", &path])), 3);
}

#[test]
fn its_help_shows_examples_and_exit_codes() {
    let told = said(&validate(&["--help"]));
    assert!(told.contains("Examples:") && told.contains("Exit codes: 0 all valid"), "{told}");
}
