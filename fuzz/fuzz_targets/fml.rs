//! Hostile maps: no panic in parsing, compiling or formatting; what is formatted is the same map.
#![no_main]

use fhir::Definitions;
use libfuzzer_sys::fuzz_target;
use std::sync::{Arc, LazyLock};

static R4: LazyLock<Arc<Definitions>> = LazyLock::new(|| Arc::new(Definitions::r4().clone()));

fuzz_target!(|text: &str| {
    let Ok(map) = fml::parse("fuzz.map", text) else { return };
    let formatted = fml::format(&map);
    let again = fml::parse("again.map", &formatted);
    assert_eq!(again.as_ref().ok(), Some(&map), "what is formatted is the same map");
    assert_eq!(again.map(|map| fml::format(&map)).ok(), Some(formatted), "formatting is stable");
    let _ = fml::from_resource("again.json", &fml::to_resource(&map));
    let mut library = fml::Library::new(R4.clone());
    if let Ok(url) = library.add_map("fuzz.map", text) {
        let _ = library.compile(&url);
    }
});
