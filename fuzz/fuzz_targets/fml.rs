//! Hostile maps: no panic in parsing, compiling or formatting; what is formatted parses again.
#![no_main]

use fhir::Definitions;
use libfuzzer_sys::fuzz_target;
use std::sync::{Arc, LazyLock};

static R4: LazyLock<Arc<Definitions>> = LazyLock::new(|| Arc::new(Definitions::r4().clone()));

fuzz_target!(|text: &str| {
    let Ok(map) = fml::parse("fuzz.map", text) else { return };
    let formatted = fml::format(&map);
    assert!(fml::parse("again.map", &formatted).is_ok(), "what is formatted parses again");
    let mut library = fml::Library::new(R4.clone());
    if let Ok(url) = library.add_map("fuzz.map", text) {
        let _ = library.compile(&url);
    }
});
