//! Prints an invalid example as the whole message that its patch makes.
//!
//! `cargo run -p sluss-fhirpath --example patched -- discharge-ready no-time`; without a name it lists them.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, dead_code)]

#[path = "../tests/messages/examples.rs"]
mod examples;
#[path = "../tests/messages/patch.rs"]
mod patch;

use std::path::Path;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [event, rest @ ..] = &args[..] else { panic!("EVENT [NAME]") };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../conformance/examples").join(event);
    for example in examples::of(&folder) {
        match rest.first() {
            None => println!("{}", example.name),
            Some(name) if *name == example.name => {
                println!("{}", serde_json::to_string_pretty(&example.message).unwrap());
            }
            Some(_) => {}
        }
    }
}
