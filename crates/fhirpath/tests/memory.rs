//! The memory of an evaluation is bounded, whatever grows in it.
//!
//! Invariant: all that is ever allocated stays within a small multiple of the scope's limit, so what is
//! held at once does too. One test alone in its process, because the allocator counts for all threads.
//! Deliberately absent: time (see `totality`).
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use fhir::json::{Form, Limits, read};
use fhir::{Definitions, Tree};
use fhirpath::{Reason, Scope, Value, parse};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use std::alloc::System;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const LIMIT: usize = 1 << 20;

/// A resource with many elements, so that collections are large.
fn tree() -> Tree {
    let name = r#"{"family":"Exempel","given":["Anna","Maria","Karin"]}"#;
    let text = format!(r#"{{"resourceType":"Patient","name":[{}]}}"#, vec![name; 300].join(","));
    let mut tree = read(text.as_bytes(), Form::Fhir, &Limits::default()).unwrap();
    Definitions::r4().annotate(&mut tree);
    tree
}

#[test]
fn what_grows_ends_with_an_error() {
    let tree = tree();
    let texts = [
        format!("'aaaaaaaa'{}", ".select($this & $this)".repeat(60)),
        format!("%x{}", ".select($this & $this)".repeat(60)),
        format!("%x{}", ".select($this + $this + $this)".repeat(60)),
        format!("'a'{}", ".replace('a', 'aaaaaaaaaaaaaaaa')".repeat(30)),
        format!("'a'{}", ".replaceMatches('a', '$0$0$0$0$0$0$0$0')".repeat(30)),
        format!("'\"'{}", ".escape('json')".repeat(60)),
        format!("'a'{}", ".encode('hex')".repeat(60)),
        "descendants().select(%context.descendants()).combine(%context).tail().distinct()".to_string(),
        "descendants().select(%context.descendants()).last()".to_string(),
        "name.given.select(%context.name.given.select($this & '!')).sort().first()".to_string(),
        "1.repeat(iif($this < 1000000, $this + 1))".to_string(),
        "name.given.aggregate($total | %context.name.given.select($this & $index.toString()), {})"
            .to_string(),
        format!("name.given.join('-'){}", ".toChars().join('--')".repeat(40)),
        format!("name.given.join('-'){}", ".split('a').join('bbbb')".repeat(60)),
        "name.select(%context.name.given.select(upper())).select(%context.name.given).last()".to_string(),
        "name.select(%context.name.given.select(%context.name.given.first() & 'x')).isDistinct()".to_string(),
    ];
    for text in &texts {
        let expression = parse(text).unwrap();
        let mut scope = Scope::new(Some(Definitions::r4()));
        scope.memory_limit = LIMIT;
        scope.set("x", vec![Value::from("bbbbbbbb")]);
        let region = Region::new(ALLOCATOR);
        let found = expression.evaluate(&scope, tree.at(tree.root()));
        let spent = region.change();
        let reason = found.map(|found| found.len()).map_err(|e| e.reason);
        assert!(matches!(reason, Err(Reason::Memory | Reason::Steps)), "{text}: {reason:?}");
        // Reallocation counts a growing collection several times.
        let bytes = spent.bytes_allocated + spent.bytes_reallocated.unsigned_abs();
        assert!(bytes < 6 * LIMIT, "{text}: {bytes} bytes");
    }
    // What only passes by is not held: the same limit is far from being reached.
    let mut scope = Scope::new(Some(Definitions::r4()));
    scope.memory_limit = 4096;
    for text in [
        "descendants().select(%context.name).where(family = 'x').exists()",
        "name.given.all(length() > 3) and name.count() = 300",
        "'Anna' in name.given and descendants().where($this is HumanName).select(given).count() = 900",
    ] {
        let truth = parse(text).unwrap().truth(&scope, tree.at(tree.root()));
        assert!(truth.is_ok(), "{text}: {truth:?}");
    }
}
