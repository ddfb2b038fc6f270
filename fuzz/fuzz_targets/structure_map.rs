//! Hostile StructureMaps: no panic in reading and compiling; what is read is the same map as text.
#![no_main]

use fhir::Definitions;
use fhir::json::{Form, Limits};
use libfuzzer_sys::fuzz_target;
use std::sync::{Arc, LazyLock};

static R4: LazyLock<Arc<Definitions>> = LazyLock::new(|| Arc::new(Definitions::r4().clone()));

fuzz_target!(|bytes: &[u8]| {
    let Ok(tree) = fhir::json::read(bytes, Form::Fhir, &Limits::default()) else { return };
    if let Ok(map) = fml::from_resource("fuzz.json", &tree) {
        let text = fml::format(&map);
        assert_eq!(fml::parse("fuzz.map", &text).ok().as_ref(), Some(&map), "the text says the same");
        let _ = fml::to_resource(&map);
    }
    let mut library = fml::Library::new(R4.clone());
    if let Ok(url) = library.add_structure_map("fuzz.json", &tree) {
        let _ = library.compile(&url);
    }
});
