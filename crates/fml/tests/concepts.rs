//! ConceptMap `translate` without a map: what led to the answer, and the table maps of the guide from
//! HL7 v2 to FHIR (folder `v2-to-fhir-ig` of the corpora).
//!
//! Invariant: every code of every table map translates as its table says. Deliberately absent:
//! `translate` inside maps (see `cases.rs`).
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod trees;

use fhir::Tree;
use fhir::json::Form;
use fml::ast::Equivalence;
use fml::{Query, Translator};
use std::path::Path;

fn guide(root: &Path) -> (Translator, Vec<Tree>, usize) {
    let mut translator = Translator::new();
    let (mut trees, mut total) = (Vec::new(), 0);
    let mut paths: Vec<_> =
        std::fs::read_dir(root.join("conceptmaps")).unwrap().map(|e| e.unwrap().path()).collect();
    paths.retain(|p| p.extension().is_some_and(|e| e == "json"));
    paths.sort();
    for path in paths {
        total += 1;
        let tree = trees::read(&std::fs::read_to_string(&path).unwrap(), Form::Fhir, None);
        match translator.add(&path.to_string_lossy(), &tree) {
            Ok(_) => trees.push(tree),
            Err(found) => println!("{}", found[0]),
        }
    }
    (translator, trees, total)
}

const MAPS: &str = "http://hl7.org/fhir/uv/v2mappings/ConceptMap/table-";
const V2: &str = "http://terminology.hl7.org/CodeSystem/v2-";

/// Table, its code system's number, code, and the code and end of the system it becomes; nothing
/// where the table says that there is none.
type Fact = (&'static str, &'static str, &'static str, Option<(&'static str, &'static str)>);

const FACTS: [Fact; 22] = [
    ("hl70001-to-administrative-gender", "0001", "F", Some(("female", "administrative-gender"))),
    ("hl70001-to-administrative-gender", "0001", "A", Some(("other", "administrative-gender"))),
    ("hl70002-to-v3-maritalstatus", "0002", "A", Some(("L", "v3-MaritalStatus"))),
    ("hl70004-to-v3-actcode", "0004", "E", Some(("EMER", "v3-ActCode"))),
    ("hl70004-to-v3-actcode", "0004", "R", Some(("R", "v2-0004"))),
    ("hl70006-to-v3-religiousaffiliation", "0006", "L", Some(("1028", "v3-ReligiousAffiliation"))),
    ("hl70052-to-diagnosis-role", "0052", "A", Some(("AD", "diagnosis-role"))),
    ("hl70052-to-diagnosis-role", "0052", "W", None),
    ("hl70062-to-v3-actreason", "0062", "02", Some(("TREAT", "v3-ActReason"))),
    ("hl70063-to-v3-rolecode", "0063", "GCH", Some(("GRNDCHILD", "v3-RoleCode"))),
    ("hl70085-to-observation-status", "0085", "D", Some(("entered-in-error", "observation-status"))),
    ("hl70119-to-request-status", "0119", "CR", Some(("revoked", "request-status"))),
    ("hl70127-to-allergy-intolerance-category", "0127", "AA", Some(("biologic", "category"))),
    ("hl70128-to-reaction-event-severity", "0128", "MO", Some(("moderate", "reaction-event-severity"))),
    ("hl70128-to-allergy-intolerance-criticality", "0128", "U", None),
    ("hl70165-to-sct", "0165", "CH", Some(("419747000", "http://snomed.info/sct"))),
    ("hl70200-to-name-use", "0200", "L", Some(("official", "name-use"))),
    ("hl70201-to-contact-point-use", "0201", "PRS", Some(("mobile", "contact-point-use"))),
    ("hl70202-to-contact-point-system", "0202", "BP", Some(("pager", "contact-point-system"))),
    ("hl70217-to-v3-actpriority", "0217", "2", Some(("UR", "v3-ActPriority"))),
    ("hl70278-to-appointmentstatus", "0278", "Started", Some(("checked-in", "appointmentstatus"))),
    ("hl70485-to-request-priority", "0485", "A", Some(("asap", "request-priority"))),
];

#[test]
fn the_guides_tables_translate_as_they_say() {
    let Some(root) = trees::suite("v2-to-fhir-ig") else { return };
    let (translator, trees, total) = guide(&root);
    println!("suite v2-to-fhir-ig concept maps: {} of {total}", trees.len());
    assert!(trees.len() == total && total == 263);
    for (table, system, code, wanted) in FACTS {
        let system = format!("{V2}{system}");
        let query = Query { code, system: Some(&system), ..Query::default() };
        match (translator.translate(&format!("{MAPS}{table}"), &query), wanted) {
            (Ok(found), Some((code, system))) => {
                let ends = found.system.as_deref().unwrap_or_default().ends_with(system);
                assert!(found.code == code && ends, "{table}: {found:?}");
                assert_eq!((found.equivalence, found.group), (Some(Equivalence::Equivalent), found.group));
                assert!(found.map.ends_with(table));
            }
            (Err(fault), None) => assert_eq!(fault.code, "unmapped-code", "{table}"),
            (found, _) => panic!("{table} {code}: {found:?}"),
        }
    }
    let (codes, right) = every_code(&translator, &trees);
    println!("suite v2-to-fhir-ig codes of the table maps: {right} of {codes}");
    assert!(right == codes && codes > 1000);
}

/// Every code of every table map, read from the resources by another way than the translator's.
fn every_code(translator: &Translator, trees: &[Tree]) -> (usize, usize) {
    let (mut codes, mut right) = (0, 0);
    for tree in trees {
        let root = tree.at(tree.root());
        let url = root.child_text("url").unwrap();
        if !url.starts_with(MAPS) {
            continue;
        }
        for group in root.all("group") {
            let system = group.child_text("source");
            for element in group.all("element") {
                let code = element.child_text("code").unwrap();
                let same = |g: &fhir::NodeRef<'_>| g.child_text("source") == system;
                let elements =
                    root.all("group").filter(same).flat_map(|g| g.all("element").collect::<Vec<_>>());
                let here = elements.filter(|e| e.child_text("code") == Some(code));
                let targets: Vec<_> = here.flat_map(|e| e.all("target").collect::<Vec<_>>()).collect();
                let depends = targets.iter().any(|t| t.child("dependsOn").is_some());
                let wanted: Vec<&str> = targets
                    .iter()
                    .filter(|t| t.child_text("equivalence") == Some("equivalent"))
                    .filter_map(|t| t.child_text("code"))
                    .collect();
                codes += 1;
                let query = Query { code, system, ..Query::default() };
                let fine = match translator.translate(url, &query) {
                    Ok(found) => wanted.contains(&found.code.as_str()),
                    Err(fault) => {
                        fault.code == if depends { "concept-depends" } else { "unmapped-code" }
                            && (depends || wanted.is_empty())
                    }
                };
                right += usize::from(fine);
                if !fine {
                    println!("{url} {code}");
                }
            }
        }
    }
    (codes, right)
}

const CHAIN: [&str; 2] = [
    r#"{"resourceType":"ConceptMap","url":"urn:cm:1","status":"active","group":[
    {"source":"urn:a","target":"urn:x","element":[{"code":"1","target":[
      {"code":"wide","equivalence":"wider"},{"code":"same","display":"Same","equivalence":"equal",
       "product":[{"property":"urn:p","system":"urn:q","value":"v","display":"V"}]},
      {"code":"here","equivalence":"equal","dependsOn":[{"property":"urn:d","value":"yes"}]}]}]},
    {"source":"urn:a","target":"urn:y","element":[{"code":"1","target":[{"code":"other","equivalence":"equivalent"}]}],
     "unmapped":{"mode":"other-map","url":"urn:cm:2"}}]}"#,
    r#"{"resourceType":"ConceptMap","url":"urn:cm:2","status":"active","group":[
    {"source":"urn:b","element":[{"code":"0","target":[{"equivalence":"unmatched"}]}]},
    {"source":"urn:a","target":"urn:z","element":[{"code":"2","target":[{"code":"two","equivalence":"narrower"}]}],
     "unmapped":{"mode":"fixed","code":"none","display":"None"}}]}"#,
];

#[test]
fn an_answer_tells_what_led_to_it() {
    let mut translator = Translator::new();
    for text in CHAIN {
        translator.add("chain.json", &trees::read(text, Form::Fhir, None)).unwrap();
    }
    assert_eq!(translator.urls().collect::<Vec<_>>(), ["urn:cm:1", "urn:cm:2"]);
    let ask = |code: &str, target, properties: &[(&str, Option<&str>, &str)]| {
        let query = Query { code, system: Some("urn:a"), target, properties };
        let all = translator.all("urn:cm:1", &query).unwrap();
        all.into_iter().map(|t| (t.code, t.map, t.group, t.equivalence)).collect::<Vec<_>>()
    };
    let one =
        |code: &str, map: &str, group, equivalence| (code.to_string(), map.to_string(), group, equivalence);
    assert_eq!(
        ask("1", None, &[]),
        [
            one("same", "urn:cm:1", 0, Some(Equivalence::Equal)),
            one("other", "urn:cm:1", 1, Some(Equivalence::Equivalent)),
            one("wide", "urn:cm:1", 0, Some(Equivalence::Wider)),
        ]
    );
    assert_eq!(ask("1", None, &[("urn:d", None, "yes")])[0].0, "here");
    assert_eq!(ask("1", Some("urn:y"), &[]), [one("other", "urn:cm:1", 1, Some(Equivalence::Equivalent))]);
    assert_eq!(ask("2", None, &[]), [one("two", "urn:cm:2", 1, Some(Equivalence::Narrower))]);
    assert_eq!(ask("3", None, &[]), [one("none", "urn:cm:2", 1, None)]);
    let query = Query { code: "1", system: Some("urn:a"), ..Query::default() };
    let products = translator.translate("urn:cm:1", &query).unwrap().products;
    assert_eq!((products[0].property.as_str(), products[0].value.as_str()), ("urn:p", "v"));
}

#[test]
fn a_refusal_says_why() {
    let mut translator = Translator::new();
    translator.add("two.json", &trees::read(CHAIN[1], Form::Fhir, None)).unwrap();
    let fault = |url: &str, code: &str, system| {
        let query = Query { code, system: Some(system), ..Query::default() };
        translator.translate(url, &query).unwrap_err()
    };
    assert_eq!(fault("urn:none", "2", "urn:a").code, "unknown-concept-map");
    let denied = fault("urn:cm:2", "0", "urn:b");
    assert_eq!(denied.to_string(), "unmapped-code: the concept map says that the code has no translation");
    assert_eq!(fault("urn:cm:2", "secret", "urn:c").code, "unmapped-code");
    assert!(!fault("urn:cm:2", "secret", "urn:c").to_string().contains("secret"));
    let twice = translator.add("two.json", &trees::read(CHAIN[1], Form::Fhir, None)).unwrap_err();
    assert_eq!(twice[0].code, "concept-map-twice");
}

/// The same tables inside a map.
#[test]
fn a_map_translates_by_the_guides_tables() {
    let Some(root) = trees::suite("v2-to-fhir-ig") else { return };
    let mut library = trees::library(&[]);
    for tree in guide(&root).1 {
        library.add_concept_map("guide", &tree).unwrap();
    }
    let text = format!(
        r#"map "http://sluss.test/v2" = "V2"
uses "http://hl7.org/fhir/StructureDefinition/Patient" alias Patient as source
uses "http://hl7.org/fhir/StructureDefinition/Patient" alias Patient as target
group Main(source src : Patient, target tgt : Patient) {{
  src.language as l -> tgt.gender = translate(l, '{MAPS}hl70001-to-administrative-gender', 'code'),
    tgt.maritalStatus = translate(l, '{MAPS}hl70002-to-v3-maritalstatus', 'CodeableConcept');
}}"#
    );
    let url = library.add_map("v2.map", &text).unwrap();
    let plan = library.compile(&url).unwrap_or_else(|e| panic!("{}", e[0]));
    let source = trees::read(r#"{"resourceType":"Patient","language":"M"}"#, Form::Fhir, None);
    let result = fhir::json::write(&trees::run(&plan, &source).unwrap(), Form::Fhir);
    let marital = r#"{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-MaritalStatus","code":"M","display":"Married"}]}"#;
    let wanted = format!(r#"{{"resourceType":"Patient","gender":"male","maritalStatus":{marital},"#);
    assert!(result.starts_with(&wanted[..wanted.len() - 1]), "{result}");
}
