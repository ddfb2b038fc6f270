//! Text to AST and back: every syntax form, the official parse-only files, and text that is no map.
//!
//! Invariant: text → AST → text → AST is equal, and no text makes the parser panic. Deliberately
//! absent: what maps mean (see `cases.rs` and `official.rs`).
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod trees;

use proptest::prelude::*;
use std::sync::{Arc, OnceLock};

fn round_trip(name: &str, text: &str) -> String {
    let map = fml::parse(name, text).unwrap_or_else(|errors| {
        let shown: Vec<String> = errors.iter().map(ToString::to_string).collect();
        panic!("{}", shown.join("\n"))
    });
    let printed = fml::format(&map);
    let again = fml::parse(name, &printed).unwrap_or_else(|e| panic!("{printed}\n{}", e[0]));
    assert_eq!(map, again, "{printed}");
    assert_eq!(printed, fml::format(&again), "formatting is stable");
    printed
}

#[test]
fn every_form_survives_formatting() {
    let printed = round_trip("forms.map", include_str!("data/forms.map"));
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/forms.formatted.map");
    if std::env::var("SLUSS_BLESS").as_deref() == Ok("1") {
        std::fs::write(golden, &printed).unwrap();
    }
    assert_eq!(printed, std::fs::read_to_string(golden).unwrap());
}

#[test]
fn long_lines_break_inside_expressions_and_nowhere_else() {
    let long = "a.where(b = 'x and y' and c.exists()).empty() and d.where(e = 'it\\'s (').exists()";
    let chain = "a.replace('1', '2').replace('3', '4').replace('5', '6').replace('7', '8').replace('9', '0')";
    let text = format!(
        "map \"http://x\" = x\ngroup g(source s, target t) {{\n  // * kept\n  //\n  //   as it is\n  \
         s.x as v where ({long} and {long}) then {{ s -> t.y = ({chain}.replace('a', 'b')) \"and\"; }} \"x and y\";\n}}\n"
    );
    let printed = round_trip("long.map", &text);
    let lines: Vec<&str> = printed.lines().map(str::trim_start).collect();
    assert_eq!(lines[3..6], ["// * kept", "//", "//   as it is"], "{printed}");
    assert!(printed.lines().all(|l| l.len() <= 120), "{printed}");
    assert!(lines.iter().filter(|l| l.starts_with("and a.where(b")).count() == 1, "{printed}");
    assert!(lines.iter().any(|l| l.starts_with(".replace(")), "{printed}");
}

#[test]
fn several_errors_are_reported_at_once() {
    let text = "map \"http://x\" = x\ngroup a(source s, target t) {\n  s.x - t.x;\n  s.y -> t.y = ;\n  s.z -> t.z;\n}\n";
    let errors = fml::parse("two.map", text).unwrap_err();
    assert_eq!(errors.iter().map(|e| (e.line(), e.column())).collect::<Vec<_>>(), [(3, 7), (4, 16)]);
    let shown = errors[0].to_string();
    assert!(shown.contains("two.map:3:7") && shown.contains("3 |   s.x - t.x;\n  |       ^"), "{shown}");
}

fn definitions() -> Arc<fhir::Definitions> {
    static R4: OnceLock<Arc<fhir::Definitions>> = OnceLock::new();
    R4.get_or_init(|| Arc::new(fhir::Definitions::r4().clone())).clone()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_the_parser_panic(text in any::<String>()) {
        let _ = fml::parse("any.map", &text);
    }

    #[test]
    fn no_shuffle_of_words_makes_parser_or_compiler_panic(words in proptest::collection::vec(0usize..WORDS.len(), 0..60)) {
        let text: String = words.iter().map(|&w| WORDS[w]).collect();
        if let Ok(map) = fml::parse("shuffled.map", &text) {
            let printed = fml::format(&map);
            let again = fml::parse("shuffled.map", &printed);
            let stable = again.as_ref().map(fml::format);
            prop_assert_eq!(stable.ok(), Some(printed.clone()));
            prop_assert_eq!(again.ok(), Some(map.clone()), "{}", printed);
            let _ = fml::from_resource("shuffled.json", &fml::to_resource(&map));
            let mut library = fml::Library::new(definitions());
            if let Ok(url) = library.add_map("shuffled.map", &text) {
                let _ = library.compile(&url);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_rule_makes_compiler_or_engine_panic(words in proptest::collection::vec(0usize..RULE_WORDS.len(), 1..14)) {
        let rule: String = words.iter().map(|&w| RULE_WORDS[w]).collect();
        let text = format!("{HEAD}  src {rule};\n}}\ngroup h(source a, target b) {{}}\n");
        let mut library = fml::Library::new(definitions());
        if let Ok(url) = library.add_map("rule.map", &text) {
            match library.compile(&url) {
                Ok(plan) => {
                    let map = fml::parse("rule.map", &text).unwrap();
                    let again = fml::from_resource("rule.json", &fml::to_resource(&map));
                    prop_assert_eq!(again.ok(), Some(map), "{}", text);
                    let source = trees::read(PATIENT, fhir::json::Form::Fhir, None);
                    let _ = trees::run(&plan, &source);
                }
                Err(errors) => for error in errors {
                    prop_assert!(error.line() > 0 && error.to_string().contains("-->"));
                },
            }
        }
    }
}

const PATIENT: &str = r#"{"resourceType":"Patient","id":"1","gender":"male","multipleBirthInteger":2,
"name":[{"use":"x","family":"A","given":["B","C"]},{"family":"D"}],"contained":[{"resourceType":"Basic","id":"2"}]}"#;

const HEAD: &str =
    "map \"http://x\" = x\nlet k = 'v';\ngroup g(source src : Patient, target tgt : Patient) {\n";

const RULE_WORDS: &[&str] = &[
    ".name",
    ".value",
    ".gender",
    " as a",
    " as n",
    " where (use = 'x')",
    " where (",
    ")",
    " -> ",
    "tgt",
    "tgt.name",
    "a",
    ".family",
    " = a",
    " = 'x'",
    " = k",
    " = (a.given)",
    " = create('HumanName')",
    " = append(a, 'b')",
    ", ",
    " then ",
    "h(a, n)",
    "g(src, tgt)",
    " { src -> tgt.active = true; }",
    " first",
    " share s",
    ".multipleBirth",
    " : integer",
    " 1..1",
    " default (1)",
    " check a.b",
    "uuid() as u",
    " = translate(a, '#x', 'code')",
    " = cast(a, 'date')",
    " \"n\"",
    "\u{e5}",
    ".resource",
    ".contained",
    " = %p",
    " = reference(tgt)",
    " = evaluate(a, b)",
    "\n",
];

const WORDS: &[&str] = &[
    "map ",
    "\"http://x\"",
    " = ",
    "x",
    "\n",
    "uses ",
    " as source",
    "group ",
    "(source s, target t)",
    " {",
    "}",
    "s",
    "t",
    ".",
    "y",
    " -> ",
    ";",
    " where ",
    "(",
    ")",
    " then ",
    ",",
    " as ",
    "'a'",
    " 1..1",
    "// c\n",
    "/// ",
    "conceptmap ",
    "prefix ",
    "s:a - t:b",
    " share z",
    " default ",
    "\"n\"",
    " extends ",
    "<<types>>",
    "let ",
    "`q r`",
    "evaluate(",
    " first",
    "\u{e5}",
    "\\",
    "'",
    "@2020",
    "-1",
];
