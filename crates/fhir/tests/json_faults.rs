//! What the JSON reader refuses, how it says it, and how it keeps primitive extensions.
//!
//! Invariant: a fault names kind and place and never repeats a value. Deliberately absent: the
//! grammar itself (see json_suites).
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use fhir::json::{Form, Limits, read, write};
use fhir::position;

fn faults(text: &str, form: Form) -> Vec<String> {
    let limits = Limits { max_bytes: 200, max_depth: 5, max_nodes: 12 };
    let Err(faults) = read(text.as_bytes(), form, &limits) else { return Vec::new() };
    let one = |f: &fhir::Finding| {
        let p = position(text.as_bytes(), f.span.start);
        format!("{} {} {}:{}", f.code, f.place, p.line, p.column)
    };
    faults.iter().map(one).collect()
}

#[test]
fn all_faults_of_shape_are_told_at_once() {
    let text = "{\"a\":1,\n \"a\":2, \"b\":[[1]],\n \"c\":{\"é\":1,\"d\":1,\"d\":2}}";
    let want = ["json-duplicate-key $ 2:2", "json-nested-array $ 2:14", "json-duplicate-key $.c 3:19"];
    assert_eq!(faults(text, Form::Plain), want);
}

#[test]
fn slips_are_told_all_at_once_and_never_read() {
    let text = "{// x\n resourceType: \"P\",\n \"a\": [\"x\",],\n \"b\": [{\"c\": word \"d\": 1,}] /* y */}";
    let want = [
        "json-syntax P 1:2",
        "json-syntax P 2:2",
        "json-syntax P.a[0] 3:12",
        "json-syntax P.b[0] 4:14",
        "json-syntax P.b[0] 4:19",
        "json-syntax P.b[0] 4:26",
        "json-syntax P 4:29",
    ];
    assert_eq!(faults(text, Form::Fhir), want);
    for text in
        ["{\"a\":1}//", "{\"a\":1 /*}", "{a:1", "{,}", "{\"a\":[,]}", "{\"a\":'x'}", "{\"a\":1,,}", "/"]
    {
        assert!(!faults(text, Form::Plain).is_empty(), "{text}");
    }
    let many = read(format!("{{{}}}", "a ".repeat(40_000)).as_bytes(), Form::Plain, &Limits::default());
    assert!(many.unwrap_err().len() <= 101);
    let many =
        read(format!("{{\"a\": [{}]}}", "x,".repeat(40_000)).as_bytes(), Form::Plain, &Limits::default());
    assert!(many.unwrap_err().len() <= 101);
}

#[test]
fn names_that_differ_only_in_escapes_are_duplicates() {
    assert_eq!(faults(r#"{"a":1,"\u0061":2}"#, Form::Plain), ["json-duplicate-key $ 1:8"]);
    let many: Vec<String> = (0..60).map(|i| format!("\"k{i}\":0")).collect();
    let text = format!("{{{},\"k7\":1}}", many.join(","));
    let faults = read(text.as_bytes(), Form::Plain, &Limits::default()).unwrap_err();
    assert_eq!(faults.len(), 1);
    assert_eq!(faults[0].code, "json-duplicate-key");
}

#[test]
fn limits_and_encoding() {
    assert_eq!(
        faults("{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{}}}}}}", Form::Plain),
        ["json-depth $.a.a.a.a 1:26"]
    );
    assert_eq!(faults(&format!("{{\"a\":\"{}\"}}", "x".repeat(300)), Form::Plain), ["json-size $ 1:1"]);
    assert_eq!(faults("{\"a\":[1,1,1,1,1,1,1,1,1,1,1,1]}", Form::Plain), ["json-nodes $ 1:29"]);
    assert_eq!(faults("\u{FEFF}{}", Form::Plain), ["json-encoding $ 1:1"]);
    assert_eq!(faults("[1]", Form::Plain), ["json-root $ 1:1"]);
    assert_eq!(faults("{\"a\":\"\\ud800\"}", Form::Plain), ["json-syntax $ 1:7"]);
    assert_eq!(
        read(b"{\"a\":\"\xff\"}", Form::Plain, &Limits::default()).unwrap_err()[0].code,
        "json-encoding"
    );
}

#[test]
fn primitive_extensions_that_do_not_fit_are_refused() {
    for text in [
        r#"{"a":"x","_a":[{"id":"1"}]}"#,
        r#"{"a":["x"],"_a":[null,{"id":"1"}]}"#,
        r#"{"a":["x","y"],"_a":[{"id":"1"}]}"#,
        r#"{"_a":[{"id":"1"}],"a":["x","y"]}"#,
        r#"{"a":{"b":1},"_a":{"id":"1"}}"#,
        r#"{"_a":{"id":"1"},"a":{"b":1}}"#,
        r#"{"a":"x","_a":{}}"#,
        r#"{"a":["x"],"_a":[null]}"#,
        r#"{"a":"x","_a":"y"}"#,
        r#"{"_a":null}"#,
        r#"{"a":[],"_a":[{"id":"1"}]}"#,
    ] {
        let found = faults(text, Form::Fhir);
        assert!(found.len() == 1 && found[0].starts_with("json-twin"), "{text}: {found:?}");
    }
    assert_eq!(faults(r#"{"_a":1,"a":1}"#, Form::Plain), Vec::<String>::new());
}

#[test]
fn primitive_extensions_are_kept() {
    for text in [
        r#"{"a":"x","_a":{"id":"1"}}"#,
        r#"{"a":[null,"x"],"_a":[{"id":"1"},null]}"#,
        r#"{"_a":{"extension":[{"url":"u","valueCode":"c"}]},"b":[]}"#,
        r#"{"_a":[{"id":"1"},{"id":"2"}]}"#,
        r#"{"a":1.50,"b":-0.0e+1,"c":true,"_c":{"id":"1"},"d":null}"#,
    ] {
        let tree = read(text.as_bytes(), Form::Fhir, &Limits::default()).unwrap();
        assert_eq!(write(&tree, Form::Fhir), text);
    }
    let apart =
        read(br#"{"_a":[null,{"id":"1"}],"b":1,"a":["x","y"]}"#, Form::Fhir, &Limits::default()).unwrap();
    assert_eq!(write(&apart, Form::Fhir), r#"{"a":["x","y"],"_a":[null,{"id":"1"}],"b":1}"#);
}

#[test]
fn debug_output_holds_no_value() {
    let tree = read(br#"{"resourceType":"Patient","id":"secret"}"#, Form::Fhir, &Limits::default()).unwrap();
    assert_eq!(format!("{tree:?}"), "Tree of 3 nodes");
    assert_eq!(format!("{:?}", tree.at(tree.root())), "Patient");
}
