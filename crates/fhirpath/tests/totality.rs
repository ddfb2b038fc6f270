//! No expression and no resource panics, overflows the stack or runs away.
//!
//! Invariant: whatever the text, `parse` answers; whatever parses is checked and evaluated on typed
//! and untyped trees within the step limit, and items that go by one at a time come to the same as
//! collections. Deliberately absent: what the answers are.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use fhir::json::{Form, Limits, read};
use fhir::{Definitions, Tree};
use fhirpath::{DateTime, Reason, Scope};
use proptest::prelude::*;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

#[allow(dead_code)] // the suite's own test needs more of it
#[path = "official/xml.rs"]
mod xml;

const PATIENT: &str = r##"{"resourceType":"Patient","id":"p1","active":true,"contained":[{"resourceType":
"Observation","id":"o1","valueQuantity":{"value":3.50,"unit":"kg","code":"kg"}}],"name":[{"use":"official",
"family":"Exempel","given":["Anna",null],"_given":[null,{"extension":[{"url":"u","valueCode":"x"}]}]},{"text":
"åäö 👩‍👧"}],"telecom":[{"system":"phone","value":"(03) 5555","rank":1}],"birthDate":"1974-12",
"deceasedDateTime":"2020-01-01T10:30:00+01:00","multipleBirthInteger":2,"generalPractitioner":[{"reference":
"#o1"}]}"##;

const FOREIGN: &str = r#"{"Ärende":{"nr":"2024-17","rader":[{"belopp":12.5,"antal":3,"klar":true,"tom":null},{"rader":[]}],"a":{"b":{}}}}"#;

/// A typed tree, an untyped one, and FHIR that nobody annotated.
fn trees() -> &'static [Tree; 3] {
    static TREES: OnceLock<[Tree; 3]> = OnceLock::new();
    TREES.get_or_init(|| {
        let limits = Limits::default();
        let bare = read(PATIENT.as_bytes(), Form::Fhir, &limits).unwrap();
        let mut typed = bare.clone();
        Definitions::r4().annotate(&mut typed);
        [typed, read(FOREIGN.as_bytes(), Form::Plain, &limits).unwrap(), bare]
    })
}

/// Everything that can be done with a text.
fn exercise(text: &str) {
    let Ok(expression) = fhirpath::parse(text) else { return };
    let definitions = Definitions::r4();
    let patient = definitions.type_id("Patient").unwrap();
    let strict = expression.check_strictly(definitions, patient, &[], &[]);
    assert!(expression.check(definitions, patient, &[]).iter().all(|p| strict.contains(p)), "{text}");
    for (i, tree) in trees().iter().enumerate() {
        let mut scope = Scope::new((i != 1).then_some(definitions));
        scope.step_limit = 20_000;
        scope.bare_variables = i == 1;
        scope.set_clock(DateTime::from_unix(1_795_000_000, 1, -300).unwrap());
        scope.set("x", vec![fhirpath::Value::Node(tree.at(tree.root())), fhirpath::Value::Integer(3)]);
        if let Err(error) = expression.evaluate(&scope, tree.at(tree.root())) {
            let shown = error.to_string();
            assert!(!shown.contains("Exempel") && !shown.contains("1974"), "a value in an error: {shown}");
        }
        let _ = expression.truth(&scope, tree.at(tree.root()));
    }
}

const ATOMS: [&str; 44] = [
    "name",
    "given",
    "Patient",
    "telecom.value",
    "$this",
    "$index",
    "$total",
    "%resource",
    "%x",
    "{}",
    "true",
    "0",
    "-1",
    "3.14",
    "9223372036854775807",
    "0.0000000000000000000000000001",
    "'a'",
    "''",
    "'åäö'",
    "'(a|b)*'",
    "@2015",
    "@2015-02-28",
    "@T10:30",
    "@2020-12-31T23:59:59.999Z",
    "@9999-12-31",
    "4 days",
    "1 'kg'",
    "2 years",
    "1.50",
    "descendants()",
    "children()",
    "birthDate",
    "deceased",
    "contained.value",
    "multipleBirth",
    "now()",
    "today()",
    "rader",
    "Ärende.rader.belopp",
    "generalPractitioner",
    "1 month",
    "2 'm/s2'",
    "x",
    "timeOfDay()",
];

const CALLS: [&str; 97] = [
    "where",
    "select",
    "all",
    "exists",
    "repeat",
    "aggregate",
    "iif",
    "sort",
    "trace",
    "single",
    "first",
    "last",
    "tail",
    "skip",
    "take",
    "intersect",
    "exclude",
    "union",
    "combine",
    "children",
    "descendants",
    "empty",
    "not",
    "allTrue",
    "anyTrue",
    "allFalse",
    "anyFalse",
    "subsetOf",
    "supersetOf",
    "count",
    "distinct",
    "isDistinct",
    "hasValue",
    "indexOf",
    "substring",
    "startsWith",
    "endsWith",
    "contains",
    "upper",
    "lower",
    "replace",
    "matches",
    "matchesFull",
    "replaceMatches",
    "length",
    "toChars",
    "trim",
    "split",
    "join",
    "encode",
    "decode",
    "escape",
    "unescape",
    "abs",
    "ceiling",
    "floor",
    "truncate",
    "round",
    "exp",
    "ln",
    "log",
    "power",
    "sqrt",
    "toInteger",
    "toDecimal",
    "toQuantity",
    "toDateTime",
    "lowBoundary",
    "highBoundary",
    "precision",
    "resolve",
    "type",
    "lastIndexOf",
    "comparable",
    "toBoolean",
    "toString",
    "toDate",
    "toTime",
    "convertsToBoolean",
    "convertsToInteger",
    "convertsToDecimal",
    "convertsToString",
    "convertsToDate",
    "convertsToDateTime",
    "convertsToTime",
    "convertsToQuantity",
    "extension",
    "getValue",
    "conformsTo",
    "memberOf",
    "subsumes",
    "subsumedBy",
    "htmlChecks",
    "checkModifiers",
    "elementDefinition",
    "slice",
    "unknown",
];

const OPERATORS: [&str; 22] = [
    "+", "-", "*", "/", "&", "|", "=", "!=", "~", "!~", "<", "<=", ">", ">=", "and", "or", "xor", "implies",
    "in", "contains", "div", "mod",
];

/// The call with as many of the arguments as the function takes.
fn called(on: &str, function: &str, args: &[String]) -> String {
    let tries = (0..=args.len()).rev().map(|n| format!("({on}).{function}({})", args[..n].join(", ")));
    tries.clone().find(|text| fhirpath::parse(text).is_ok()).unwrap_or_else(|| on.to_string())
}

fn expression() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(&ATOMS[..]).prop_map(str::to_string);
    leaf.prop_recursive(5, 40, 4, |inner| {
        let call = (inner.clone(), prop::sample::select(&CALLS[..]), prop::collection::vec(inner.clone(), 3));
        prop_oneof![
            3 => call.prop_map(|(a, f, args)| called(&a, f, &args)),
            2 => (inner.clone(), prop::sample::select(&OPERATORS[..]), inner.clone())
                .prop_map(|(a, op, b)| format!("({a}) {op} ({b})")),
            1 => (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a})[{b}]")),
            1 => inner.clone().prop_map(|a| format!("-({a})")),
            1 => inner.clone().prop_map(|a| format!("({a}).ofType(Quantity) | ({a} as string)")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_answered(text in ".{0,60}") {
        exercise(&text);
    }

    #[test]
    fn any_row_of_tokens_is_answered(tokens in prop::collection::vec(
        prop_oneof![
            prop::sample::select(&ATOMS[..]),
            prop::sample::select(&CALLS[..]),
            prop::sample::select(&OPERATORS[..]),
            prop::sample::select(&["(", ")", "[", "]", ".", ",", "{", "}", "is", "as", "`", "'", "//", "/*", "@", "%"][..]),
        ], 0..25)) {
        exercise(&tokens.join(" "));
        exercise(&tokens.concat());
    }

    #[test]
    fn any_expression_is_answered(text in expression()) {
        exercise(&text);
    }

    #[test]
    fn one_at_a_time_or_all_at_once_is_the_same(text in expression()) {
        same_at_the_end_of_a_long_chain(&text);
    }

    #[test]
    fn official_expressions_are_answered_with_any_slip(
        which in any::<prop::sample::Index>(),
        other in any::<prop::sample::Index>(),
        slips in prop::collection::vec((any::<prop::sample::Index>(), 0usize..6, any::<char>()), 1..4),
    ) {
        let all = official();
        if !all.is_empty() {
            let (mut text, other) = (which.get(all).clone(), other.get(all));
            same_at_the_end_of_a_long_chain(&text);
            for (at, how, c) in slips {
                text = slipped(&text, at, how, c, other);
            }
            exercise(&text);
        }
    }
}

/// Behind so many functions that only hand items on, chains are walked in a loop.
fn same_at_the_end_of_a_long_chain(text: &str) {
    let long = format!("({text}){}", ".trace('x')".repeat(80));
    let (Ok(short), Ok(long)) = (fhirpath::parse(text), fhirpath::parse(&long)) else { return };
    for tree in trees() {
        let mut scope = Scope::new(Some(Definitions::r4()));
        scope.step_limit = 200_000;
        scope.set_clock(DateTime::from_unix(1_795_000_000, 1, -300).unwrap());
        scope.set("x", vec![fhirpath::Value::Node(tree.at(tree.root())), fhirpath::Value::Integer(3)]);
        let focus = tree.at(tree.root());
        // What stops early may not come to an error that lies further on.
        if let Ok(all) = long.evaluate(&scope, focus) {
            assert_eq!(short.evaluate(&scope, focus), Ok(all), "{text}");
        }
    }
}

/// The official suite's expressions, where it is there.
fn official() -> &'static [String] {
    static ALL: OnceLock<Vec<String>> = OnceLock::new();
    ALL.get_or_init(|| {
        let default = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpora");
        let root = std::env::var_os("SLUSS_CORPORA").map_or(default, PathBuf::from);
        let Ok(text) = std::fs::read_to_string(root.join("fhirpath-r4-official/tests-fhir-r4.xml")) else {
            assert!(std::env::var("CI").as_deref() != Ok("true"), "no corpora folder");
            println!("mutated official expressions: passed over, no corpora folder");
            return Vec::new();
        };
        let suite = xml::parse(&text);
        let tests = suite.children("group").flat_map(|g| g.children("test"));
        tests.flat_map(|t| t.children("expression")).map(|e| e.text.clone()).collect()
    })
}

/// The text with one slip: a character lost, doubled, changed or put in, a part lost, or a part of another.
fn slipped(text: &str, at: prop::sample::Index, how: usize, c: char, other: &str) -> String {
    let mut all: Vec<char> = text.chars().collect();
    if all.is_empty() {
        return c.to_string();
    }
    let at = at.index(all.len());
    match how {
        0 => drop(all.remove(at)),
        1 => all.insert(at, all[at]),
        2 => all[at] = c,
        3 => all.insert(at, c),
        4 => drop(all.drain(at..(at + 5).min(all.len()))),
        _ => drop(all.splice(at..at, other.chars().skip(at / 2).take(8))),
    }
    all.into_iter().collect()
}

#[test]
fn hostile_texts_are_answered() {
    let deep = [
        "(".repeat(100_000),
        "-".repeat(100_000) + "1",
        "a[".repeat(50_000),
        "iif(".repeat(40_000),
        format!("{}1{}", "(".repeat(5000), ")".repeat(5000)),
        format!("{}true{}", "true and (".repeat(90), ")".repeat(90)),
        format!("{}1{}", "select(".repeat(90), ")".repeat(90)),
    ];
    let long = [
        format!("a{}", ".b".repeat(60_000)),
        format!("1{}", " + 1".repeat(50_000)),
        format!("true{}", " and true".repeat(25_000)),
        format!("1{}", " | 1".repeat(20_000)),
        format!("a{}", "[0]".repeat(50_000)),
        format!("name{}", ".first()".repeat(20_000)),
        "x".repeat(1 << 20),
        "1".repeat(5000),
        format!("'a'{}", ".replace('', 'aaaaaaaaaaaaaaaaaaaa')".repeat(20)),
        format!("'a'{}", ".select($this + $this)".repeat(60)),
        "1.repeat($this + 1)".to_string(),
        "(1 | 2 | 3).aggregate($total | $total.select($this + 1), 1)".to_string(),
        "descendants().select(%context.descendants()).select(%context.descendants()).count()".to_string(),
        "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'.matches('(a+)+$b')".to_string(),
        "'a'.matches('((((a{1,100}){1,100}){1,100}){1,100})')".to_string(),
        format!("'{}'.replaceMatches('(a*)', '$1$1$1$1$1$1')", "a".repeat(10_000)),
        "1.power(1000000) + 10.power(40) * 99999999999.power(3)".to_string(),
        "@2015 + 999999999999999 years - 9223372036854775807 'ms' + 0.1 's'".to_string(),
        "9223372036854775807 + 1 - -9223372036854775807 div -1 mod 0".to_string(),
        "(-9223372036854775807 - 1) div -1 + (-9223372036854775807 - 1).abs()".to_string(),
        "1 '((((((((((((((((m))))))))))))))))' = 1 'm'".to_string(),
        "'x'.substring(9223372036854775807, 9223372036854775807) & 'å'.substring(1)".to_string(),
        "name.skip(9223372036854775807).take(-9223372036854775807)".to_string(),
        "170141183460469231731687303715884105727.5 * 170141183460469231731687303715884105727.5".to_string(),
    ];
    for text in deep.iter().chain(&long) {
        exercise(text);
    }
}

#[test]
fn a_runaway_is_stopped() {
    let tree = &trees()[0];
    let mut scope = Scope::new(Some(Definitions::r4()));
    scope.step_limit = 50_000;
    let expression = fhirpath::parse("1.repeat($this + 1)").unwrap();
    let error = expression.evaluate(&scope, tree.at(tree.root())).unwrap_err();
    assert_eq!(error.reason, Reason::Steps);
}
