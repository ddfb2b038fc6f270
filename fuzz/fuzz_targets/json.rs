//! Hostile bytes into the JSON reader: no panic, and what is read is written and read again alike.
#![no_main]

use fhir::json::{Form, Limits, read, write};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits { max_bytes: 1 << 20, max_depth: 64, max_nodes: 100_000 };
    for form in [Form::Plain, Form::Fhir] {
        match read(bytes, form, &limits) {
            Ok(tree) => {
                let once = write(&tree, form);
                let again = read(once.as_bytes(), form, &limits).expect("what we write, we read");
                assert_eq!(once, write(&again, form));
            }
            Err(found) => assert!(!found.is_empty()),
        }
    }
});
