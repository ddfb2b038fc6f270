//! Codes: filters, expansions, hierarchies, and codes that their system does not have.
//!
//! Invariant: each answer is right, wrong or not known; the third is asked for by name. Deliberately
//! absent: the core package's own sets, which the suites ask about.
#![allow(clippy::unwrap_used, missing_docs)]

use fhir::json::{Form, Limits, read};
use fhir::{Definitions, Profiles, Severity, Tree};

fn tree(text: &str) -> Tree {
    let mut tree = read(text.as_bytes(), Form::Fhir, &Limits::default()).unwrap();
    Definitions::r4().annotate(&mut tree);
    tree
}

/// a > b > c, and d below both b and e, with properties.
const SYSTEM: &str = r#"{"resourceType": "CodeSystem", "url": "http://x.se/s", "status": "active", "content":
    "complete", "caseSensitive": true, "concept": [{"code": "a", "concept": [{"code": "b", "property": [{"code":
    "kind", "valueCode": "k"}], "concept": [{"code": "c"}]}]}, {"code": "e", "property": [{"code": "kind",
    "valueString": "l"}]}, {"code": "d", "property": [{"code": "parent", "valueCode": "b"}, {"code": "parent",
    "valueCode": "e"}]}]}"#;

fn set(include: &str) -> Tree {
    tree(&format!(
        r#"{{"resourceType": "ValueSet", "url": "http://x.se/v", "status": "active", "compose": {{"include":
        [{{"system": "http://x.se/s", {include}}}]}}}}"#
    ))
}

/// Of the codes a to e, those in the set; `None` where one of them is not decidable.
fn chosen(sets: &[Tree]) -> Option<String> {
    let all = [&[tree(SYSTEM)], sets].concat();
    let profiles = Profiles::load(Definitions::r4(), &all).unwrap();
    let terms = profiles.definitions().terms();
    let within = |code: &&str| terms.contains("http://x.se/v", Some("http://x.se/s"), code);
    let codes = ["a", "b", "c", "d", "e"];
    codes
        .iter()
        .map(|c| Some((c, within(c)?)))
        .collect::<Option<Vec<_>>>()
        .map(|all| all.into_iter().filter(|(_, within)| *within).map(|(code, _)| *code).collect())
}

#[test]
fn filters_select_by_place_and_property() {
    let filtered = |property: &str, op: &str, value: &str| {
        let one = format!(r#""filter": [{{"property": "{property}", "op": "{op}", "value": "{value}"}}]"#);
        chosen(&[set(&one)])
    };
    for (property, op, value, want) in [
        ("concept", "is-a", "b", Some("bcd")),
        ("concept", "descendent-of", "b", Some("cd")),
        ("concept", "is-not-a", "b", Some("ae")),
        ("concept", "generalizes", "d", Some("abde")),
        ("code", "in", "a, e", Some("ae")),
        ("concept", "not-in", "a,e", Some("bcd")),
        ("concept", "=", "c", Some("c")),
        ("kind", "=", "k", Some("b")),
        ("kind", "in", "k,l", Some("be")),
        ("kind", "not-in", "k", Some("acde")),
        ("kind", "exists", "true", Some("be")),
        ("kind", "exists", "false", Some("acd")),
        ("parent", "=", "e", Some("d")),
        ("concept", "regex", ".*", None),
    ] {
        assert_eq!(filtered(property, op, value).as_deref(), want, "{property} {op} {value}");
    }
    let both = r#""filter": [{"property": "concept", "op": "is-a", "value": "b"}, {"property": "concept", "op":
        "is-a", "value": "e"}]"#;
    assert_eq!(chosen(&[set(both)]).as_deref(), Some("d"));
}

#[test]
fn an_expansion_counts_where_nothing_is_composed() {
    let expanded = |total: &str| {
        tree(&format!(
            r#"{{"resourceType": "ValueSet", "url": "http://x.se/v", "status": "active", "expansion": {{"timestamp":
            "2020", {total} "contains": [{{"system": "http://x.se/s", "code": "a", "contains": [{{"system":
            "http://x.se/s", "code": "c"}}]}}, {{"system": "http://x.se/s", "code": "b", "abstract": true}}]}}}}"#
        ))
    };
    assert_eq!(chosen(&[expanded("")]).as_deref(), Some("ac"));
    assert_eq!(chosen(&[expanded(r#""total": 3,"#)]).as_deref(), Some("ac"));
    assert_eq!(chosen(&[expanded(r#""total": 9,"#)]), None);
}

#[test]
fn a_ring_of_parents_ends() {
    let ring = SYSTEM.replace(
        r#"{"code": "e", "property": ["#,
        r#"{"code": "e", "property": [{"code": "parent", "valueCode": "d"}, "#,
    );
    let is_a = set(r#""filter": [{"property": "concept", "op": "is-a", "value": "nothing"}]"#);
    let profiles = Profiles::load(Definitions::r4(), &[tree(&ring), is_a]).unwrap();
    let terms = profiles.definitions().terms();
    assert_eq!(terms.contains("http://x.se/v", Some("http://x.se/s"), "d"), Some(false));
}

#[test]
fn a_code_that_its_system_does_not_have_is_wrong() {
    let profiles = Profiles::load(Definitions::r4(), &[tree(SYSTEM)]).unwrap();
    let of = |system: &str, code: &str| {
        let text = format!(
            r#"{{"resourceType": "Basic", "code": {{"coding": [{{"system": "{system}", "code": "{code}"}}]}}}}"#
        );
        let found = profiles.validate(&tree(&text), "Basic");
        found
            .iter()
            .filter(|f| f.severity == Severity::Error)
            .map(|f| format!("{} {}", f.code, f.place))
            .collect::<Vec<_>>()
    };
    assert!(of("http://x.se/s", "c").is_empty());
    assert!(of("http://snomed.info/sct", "c").is_empty());
    assert_eq!(of("http://x.se/s", "z"), ["code Basic.code.coding[0].code"]);
    assert_eq!(of("urn:iso:std:iso:3166", "ZZ"), ["code Basic.code.coding[0].code"]);
}

#[test]
fn a_display_is_one_of_its_code() {
    let system = SYSTEM.replace(
        r#"{"code": "c"}"#,
        r#"{"code": "c", "display": "Next of kin", "designation": [{"language": "sv", "value": "Närstående"}]}"#,
    );
    let profiles = Profiles::load(Definitions::r4(), &[tree(&system)]).unwrap();
    let of = |code: &str, display: &str| {
        let text = format!(
            r#"{{"resourceType": "Basic", "code": {{"coding": [{{"system": "http://x.se/s", "code": "{code}",
            "display": "{display}"}}]}}}}"#
        );
        let found = profiles.validate(&tree(&text), "Basic");
        found.iter().map(|f| (f.code, f.severity, f.place.clone())).collect::<Vec<_>>()
    };
    for (code, display) in
        [("c", "Next of kin"), ("c", "next  OF kin"), ("c", "Närstående"), ("b", "anything")]
    {
        assert!(of(code, display).is_empty(), "{display}");
    }
    let place = "Basic.code.coding[0].display".to_string();
    assert_eq!(of("c", "Patient"), [("display", Severity::Warning, place)]);
}
