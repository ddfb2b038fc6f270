//! Text to AST and back: every syntax form, the official parse-only files, and text that is no map.
//!
//! Invariant: text → AST → text → AST is equal, and no text makes the parser panic. Deliberately
//! absent: what maps mean (see `cases.rs` and `official.rs`).
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use proptest::prelude::*;

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
fn several_errors_are_reported_at_once() {
    let text = "map \"http://x\" = x\ngroup a(source s, target t) {\n  s.x - t.x;\n  s.y -> t.y = ;\n  s.z -> t.z;\n}\n";
    let errors = fml::parse("two.map", text).unwrap_err();
    assert_eq!(errors.iter().map(|e| (e.line(), e.column())).collect::<Vec<_>>(), [(3, 7), (4, 16)]);
    let shown = errors[0].to_string();
    assert!(shown.contains("two.map:3:7") && shown.contains("3 |   s.x - t.x;\n  |       ^"), "{shown}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_the_parser_panic(text in any::<String>()) {
        let _ = fml::parse("any.map", &text);
    }

    #[test]
    fn no_shuffle_of_words_makes_the_parser_panic(words in proptest::collection::vec(0usize..WORDS.len(), 0..60)) {
        let text: String = words.iter().map(|&w| WORDS[w]).collect();
        if let Ok(map) = fml::parse("shuffled.map", &text) {
            let printed = fml::format(&map);
            let again = fml::parse("shuffled.map", &printed);
            prop_assert_eq!(again.ok(), Some(map), "{}", printed);
        }
    }
}

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
