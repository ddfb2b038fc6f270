//! How long a map of fourteen rules takes: a Patient to a foreign message, with and without writing.
//!
//! Invariant: compiling and reading are outside; a round is the run alone, then the run with writing.
//! The best of many rounds is printed, because other work on the machine only ever adds. Deliberately
//! absent: statistics beyond that.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use fhir::Definitions;
use fhir::json::{Form, Limits, read, write};
use fml::{Bounds, Inputs, Library};
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

const PATIENT: &str = r#"{"resourceType":"Patient","id":"p1","active":true,
"identifier":[{"use":"usual","system":"urn:oid:1.2.3","value":"12345"},
{"system":"http://electronichealth.se/identifier/personnummer","value":"191212121212"}],
"name":[{"use":"official","family":"Exempel","given":["Anna","Maria"]},{"use":"usual","given":["Ann"]}],
"telecom":[{"system":"phone","value":"08-1","use":"home"},{"system":"email","value":"a@b.se"}],
"gender":"female","birthDate":"2012-12-12",
"address":[{"line":["Gatan 1"],"city":"Stockholm","postalCode":"111 22"}]}"#;

const MODEL: &str = r#"{"resourceType":"StructureDefinition","url":"http://sluss.test/StructureDefinition/Child",
"name":"Child","status":"active","kind":"logical","abstract":false,"type":"Child","differential":{"element":[
{"path":"Child"},{"path":"Child.id","max":"1","type":[{"code":"string"}]},
{"path":"Child.active","max":"1","type":[{"code":"boolean"}]},
{"path":"Child.personalNumber","max":"1","type":[{"code":"string"}]},
{"path":"Child.familyName","max":"1","type":[{"code":"string"}]},
{"path":"Child.givenNames","max":"*","type":[{"code":"string"}]},
{"path":"Child.gender","max":"1","type":[{"code":"code"}]},
{"path":"Child.birthDate","max":"1","type":[{"code":"date"}]},
{"path":"Child.address","max":"1","type":[{"code":"BackboneElement"}]},
{"path":"Child.address.street","max":"1","type":[{"code":"string"}]},
{"path":"Child.address.city","max":"1","type":[{"code":"string"}]},
{"path":"Child.address.postalCode","max":"1","type":[{"code":"string"}]},
{"path":"Child.phones","max":"*","type":[{"code":"string"}]}]}}"#;

const MAP: &str = r##"map "http://sluss.test/bench" = "Bench"
conceptmap "#kon" { prefix s = "http://hl7.org/fhir/administrative-gender" prefix t = "urn:kon"
  s:female == t:K  s:male == t:M }
uses "http://hl7.org/fhir/StructureDefinition/Patient" alias Patient as source
uses "http://sluss.test/StructureDefinition/Child" alias Child as target
group Main(source src : Patient, target tgt : Child) {
  src.id -> tgt.id;
  src.active -> tgt.active;
  src.identifier as i where (system = 'http://electronichealth.se/identifier/personnummer') then {
    i.value as v -> tgt.personalNumber = v;
  };
  src.name as n where (use = 'official') then {
    n.family -> tgt.familyName;
    n.given -> tgt.givenNames;
  };
  src.gender as g -> tgt.gender = translate(g, '#kon', 'code');
  src.birthDate -> tgt.birthDate;
  src.address first as a -> tgt.address as t then {
    a.line first as l -> t.street = l;
    a.city -> t.city;
    a.postalCode -> t.postalCode;
  };
  src.telecom as t where (system = 'phone') then {
    t.value as v -> tgt.phones = v;
  };
}"##;

fn best(mut work: impl FnMut()) -> f64 {
    let round = |work: &mut dyn FnMut()| {
        let start = Instant::now();
        for _ in 0..1000 {
            work();
        }
        start.elapsed().as_nanos() as f64 / 1e6
    };
    (0..200).map(|_| round(&mut work)).fold(f64::INFINITY, f64::min)
}

fn main() {
    let mut definitions = Definitions::r4().clone();
    let model = read(MODEL.as_bytes(), Form::Fhir, &Limits::default());
    let mut model = model.unwrap_or_else(|e| panic!("{e:?}"));
    definitions.annotate(&mut model);
    definitions.load_logical(&model).unwrap_or_else(|e| panic!("{e:?}"));
    let mut source = read(PATIENT.as_bytes(), Form::Fhir, &Limits::default()).unwrap();
    definitions.annotate(&mut source);
    let mut library = Library::new(Arc::new(definitions));
    let url = library.add_map("bench.map", MAP).unwrap_or_else(|e| panic!("{}", e[0]));
    let plan = library.compile(&url).unwrap_or_else(|e| panic!("{}", e[0]));
    let ids = String::new;
    let inputs =
        Inputs { ids: &ids, now: "2026-03-01T09:30:00Z", parameters: &[], bounds: Bounds::default() };
    let focus = source.at(source.root());
    let once = plan.run(focus, &inputs).unwrap_or_else(|e| panic!("{e}"));
    println!("{}", write(&once, Form::Plain));
    println!("run:           {:>7.3} µs", best(|| drop(black_box(plan.run(focus, &inputs)))));
    let both = best(|| drop(black_box(plan.run(focus, &inputs).map(|t| write(&t, Form::Plain)))));
    println!("run and write: {both:>7.3} µs (goal 5)");
}
