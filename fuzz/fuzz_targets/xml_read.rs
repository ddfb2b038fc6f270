//! Hostile bytes into the XML reader and the teller of events: no panic, and what is read is written and read
//! again alike.
#![no_main]

use fhir::json::{self, Form};
use fhir::xml::{Event, Limits, events, read, write};
use fhir::{Definitions, TypeId};
use libfuzzer_sys::fuzz_target;
use std::sync::OnceLock;

/// R4 with the municipal case message, whose type comes with them.
fn definitions() -> &'static (Definitions, TypeId) {
    static ALL: OnceLock<(Definitions, TypeId)> = OnceLock::new();
    ALL.get_or_init(|| {
        let model = include_bytes!("../../conformance/models/CaseMessage.json");
        let model = json::read(model, Form::Fhir, &Limits::default()).expect("our own model");
        let mut definitions = Definitions::r4().clone();
        let ty = definitions.load_logical(&model).expect("our own model");
        (definitions, ty)
    })
}

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits { max_bytes: 1 << 20, max_depth: 64, max_nodes: 100_000 };
    let mut depth = 0i64;
    let wide = Limits { max_nodes: usize::MAX, ..limits };
    let told = events(bytes, &wide, &mut |event, at| {
        assert!(at.start < at.end && at.end <= bytes.len());
        match event {
            Event::Start { name, .. } => depth += i64::from(!name.is_empty()),
            Event::Text(text) => assert!(depth > 0 && !text.is_empty()),
            Event::End => depth -= 1,
        }
        assert!((0..=64).contains(&depth));
    });
    assert!(told.is_err() || depth == 0);
    let (definitions, case) = definitions();
    for root in [None, Some(*case)] {
        match read(bytes, definitions, root, &limits) {
            Ok(tree) => {
                assert!(told.is_ok(), "what is read is well-formed");
                let once = write(&tree, definitions).expect("what we read, we write");
                let again = read(once.as_bytes(), definitions, root, &limits).expect("what we write, we read");
                assert_eq!(json::write(&tree, Form::Fhir), json::write(&again, Form::Fhir));
            }
            Err(found) => assert!(!found.is_empty()),
        }
    }
});
