//! The invariants of R4 itself: every one parses, passes the static check, and holds on the
//! published examples, but for those listed.
//!
//! Invariant: an engine that is wrong about a function shows it here on real resources. Deliberately
//! absent: anything that needs terminology.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use fhir::definitions::Invariant;
use fhir::json::{Form, Limits, read};
use fhir::{Definitions, NodeId, Tree, TypeId};
use fhirpath::{DateTime, Expr, Scope, Value};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

/// Static problems that are the specification's own.
const LISTED: [(&str, &str); 2] = [
    ("cid-0 on ChargeItemDefinition", "the type has no element name"),
    ("ras-1 on decimal", "stated on a choice of decimal and Range, written for Range only"),
];

fn all(definitions: &Definitions) -> Vec<(TypeId, Invariant)> {
    let mut out = Vec::new();
    for ty in definitions.types() {
        out.extend(definitions.invariants(ty).map(|i| (ty, i.clone())));
        for element in definitions.elements(ty) {
            for one in &element.types {
                out.extend(element.invariants.iter().map(|i| (*one, i.clone())));
            }
        }
    }
    out
}

#[test]
fn every_invariant_passes_the_check() {
    let definitions = Definitions::r4();
    let mut problems = BTreeSet::new();
    let all = all(definitions);
    for (ty, invariant) in &all {
        let expression = fhirpath::parse(&invariant.expression).unwrap();
        for problem in expression.check(definitions, *ty, &[]) {
            let name = definitions.type_name(*ty);
            problems.insert(format!("{} on {name}: {problem}: {}", invariant.key, invariant.expression));
        }
    }
    println!("{} invariants, {} problems", all.len(), problems.len());
    let listed = |p: &String| LISTED.iter().any(|(key, _)| p.starts_with(key));
    let new: Vec<&String> = problems.iter().filter(|p| !listed(p)).collect();
    assert!(new.is_empty(), "{new:#?}");
}

fn examples() -> Option<Vec<PathBuf>> {
    let default = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpora");
    let root = std::env::var_os("SLUSS_CORPORA").map_or(default, PathBuf::from);
    let folder = root.join("fhir-r4-examples");
    if !folder.is_dir() {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "no corpora folder");
        println!("suite fhir-r4-examples: passed over, no corpora folder");
        return None;
    }
    let entries = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path());
    Some(entries.filter(|p| p.extension().is_some_and(|e| e == "json")).collect())
}

struct Compiled {
    expressions: HashMap<Box<str>, Expr>,
    tally: BTreeMap<String, usize>,
    asked: usize,
}

impl Compiled {
    fn ask<'t>(
        &mut self,
        scope: &Scope<'t>,
        tree: &'t Tree,
        node: NodeId,
        invariant: &Invariant,
        file: &str,
    ) {
        let expression = self.expressions.entry(invariant.expression.clone());
        let expression = expression.or_insert_with(|| fhirpath::parse(&invariant.expression).unwrap());
        self.asked += 1;
        let verdict = match expression.truth(scope, tree.at(node)) {
            // Nothing asked, nothing broken: ref-1 on a Reference without `reference`.
            Ok(Some(true) | None) => return,
            Ok(_) if !invariant.error => return,
            Ok(_) => "false".to_string(),
            Err(e) => e.to_string(),
        };
        *self.tally.entry(format!("{} {verdict} ({file})", invariant.key)).or_default() += 1;
    }
}

#[test]
fn the_published_examples_keep_the_invariants() {
    let Some(files) = examples() else { return };
    let definitions = Definitions::r4();
    let mut compiled = Compiled { expressions: HashMap::new(), tally: BTreeMap::new(), asked: 0 };
    for file in &files {
        let text = std::fs::read(file).unwrap();
        let Ok(mut tree) = read(&text, Form::Fhir, &Limits::default()) else { continue };
        definitions.annotate(&mut tree);
        let mut scope = Scope::new(Some(definitions));
        scope.set_clock(DateTime::from_unix(1_795_000_000, 0, 0).unwrap());
        scope.register("htmlChecks", |_| Ok(vec![Value::Boolean(true)]));
        scope.register("memberOf", |_| Ok(vec![Value::Boolean(true)]));
        let name = file.file_name().unwrap().to_string_lossy();
        let mut open = vec![tree.root()];
        while let Some(node) = open.pop() {
            open.extend(tree.children(node));
            for invariant in definitions.invariants(tree.type_of(node)) {
                compiled.ask(&scope, &tree, node, invariant, &name);
            }
            for invariant in definitions.element_of(&tree, node).iter().flat_map(|e| &e.invariants) {
                compiled.ask(&scope, &tree, node, invariant, &name);
            }
        }
    }
    println!("{} files, {} questions, {} broken", files.len(), compiled.asked, compiled.tally.len());
    assert!(compiled.tally.is_empty(), "{:#?}", compiled.tally);
}

/// A List that contains a Patient `p`, with `more` beside it, and `inner` in the Patient.
fn containing(more: &str, inner: &str) -> Tree {
    let text = format!(
        r#"{{"resourceType":"List","status":"current","mode":"working",
        "contained":[{{"resourceType":"Patient","id":"p"{inner}}}]{more}}}"#
    );
    read(text.as_bytes(), Form::Fhir, &Limits::default()).unwrap()
}

#[test]
fn what_validation_says_of_contained_resources_is_what_the_expressions_say() {
    let definitions = Definitions::r4();
    let profiles = fhir::Profiles::load(definitions, &[]).unwrap();
    let list = definitions.type_id("List").unwrap();
    let rule = definitions.invariants(list).find(|i| &*i.key == "dom-3").unwrap();
    let expression = fhirpath::parse(&rule.expression).unwrap();
    let cases = [
        ("", "", false),
        (r##","subject":{"reference":"#p"}"##, "", true),
        (r##","subject":{"reference":"#q"}"##, "", false),
        (r#","subject":{"reference":"p"}"#, "", false),
        (r##","identifier":[{"system":"#p"}]"##, "", true),
        (r##","meta":{"profile":["#p"]}"##, "", true),
        (r##","extension":[{"url":"http://a.example","valueUrl":"#p"}]"##, "", true),
        (r##","extension":[{"url":"http://a.example","valueString":"#p"}]"##, "", false),
        ("", r##","managingOrganization":{"reference":"#"}"##, true),
    ];
    for (more, inner, in_use) in cases {
        let mut tree = containing(more, inner);
        definitions.annotate(&mut tree);
        let scope = Scope::new(Some(definitions));
        let says = expression.truth(&scope, tree.at(tree.root())).unwrap();
        assert_eq!(says, Some(in_use), "the expression, of {more}{inner}");
        let found = profiles.validate_with(&tree, "List", &|_, _| Some(true));
        let told = found.iter().any(|f| f.code == "invariant" && f.message.contains("dom-3"));
        assert_eq!(told, !in_use, "validation, of {more}{inner}");
    }
}
