//! Running is total: whatever the message, a result or a fault; and the same again.
//!
//! Invariant: no tree makes a plan panic, the result of a run depends on its inputs only. Deliberately
//! absent: whether results are right (see `cases.rs`).
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod trees;

use fhir::json::Form;
use fhir::{Definitions, Kind, NodeId, Tree, TypeId};
use fml::{Bounds, Inputs, Plan};
use proptest::prelude::*;
use std::sync::OnceLock;

const MAP: &str = r##"map "http://sluss.test/total" = "Total"
uses "http://hl7.org/fhir/StructureDefinition/Patient" alias Patient as source
uses "http://hl7.org/fhir/StructureDefinition/Bundle" alias Bundle as target
conceptmap "#g" { prefix s = "a" prefix t = "b" s:male - t:M }
group Main(source src : Patient, target b : Bundle) {
  src -> b.entry as e, e.resource = create('Patient') as p, e.fullUrl = append('urn:uuid:', src) then {
    src.name as n where (given.exists()) -> p.name as t share a then Name(n, t);
    src.identifier only_one as i check (value.length() < 5) -> p.identifier = i;
    src.gender as g -> p.maritalStatus = translate(g, '#g', 'CodeableConcept');
    src.birthDate as d -> p.birthDate = dateOp(d, 'add', 3, 'months');
    src.extension as x -> p.extension as y, y.url = (x.url) then { x.value as v -> y.value = v; };
    src.multipleBirth as m -> p.active = cast(m, 'boolean');
    src.contained as c -> b.entry as f last, f.resource = c;
    src.generalPractitioner as r -> p.extension as y, y.url = 'u', y.value = r;
    src.telecom 0..3 as c -> p.telecom = cp(c), p.photo as q, q.title = truncate(c, 2);
    src.contact as c -> p.contact then { c.period as z -> p.name as t, t.period = z; };
    src -> p.id = (%resource.id), p.language = escape(src, 'json');
  };
}
group Name(source n : HumanName, target t : HumanName) {
  n.given as g -> t.given = (g & '!');
  n.family -> t.family;
  n -> t.text = evaluate(n, given.first() + family);
}
"##;

fn plan() -> &'static Plan {
    static PLAN: OnceLock<Plan> = OnceLock::new();
    PLAN.get_or_init(|| {
        let mut library = trees::library(&[]);
        let url = library.add_map("total.map", MAP).unwrap_or_else(|e| panic!("{}", e[0]));
        library.compile(&url).unwrap_or_else(|e| panic!("{}", e[0]))
    })
}

const NAMES: &[&str] = &[
    "name",
    "given",
    "family",
    "identifier",
    "value",
    "gender",
    "birthDate",
    "extension",
    "url",
    "valueString",
    "valueQuantity",
    "multipleBirthBoolean",
    "contained",
    "resourceType",
    "telecom",
    "contact",
    "period",
    "start",
    "id",
    "generalPractitioner",
    "reference",
    "x",
];
const TEXTS: &[&str] =
    &["", "male", "2020-02-30", "Patient", "A", "-1", "true", "\u{1f600}\u{0}", "urn:x", "1e999"];
const KINDS: &[Kind] = &[Kind::Object, Kind::String, Kind::Number, Kind::Boolean, Kind::Null, Kind::Empty];

/// Any tree at all: parents are earlier nodes.
fn tree(nodes: &[(usize, usize, usize, usize, bool)], wild: bool) -> Tree {
    let mut tree = Tree::new("Patient");
    let mut ids: Vec<NodeId> = vec![tree.root()];
    for &(parent, name, kind, text, list) in nodes {
        let id = tree.add(ids[parent % ids.len()], NAMES[name % NAMES.len()], list);
        match KINDS[kind % KINDS.len()] {
            kind @ (Kind::String | Kind::Number | Kind::Boolean) => {
                tree.set(id, kind, TEXTS[text % TEXTS.len()])
            }
            kind => tree.set_kind(id, kind),
        }
        ids.push(id);
    }
    let root = tree.root();
    let definitions = Definitions::r4();
    definitions.annotate_as(&mut tree, definitions.type_id("Patient").unwrap());
    if wild {
        for (i, id) in ids.iter().enumerate() {
            tree.set_type(*id, if i % 3 == 0 { TypeId::NONE } else { TypeId(i as u32 * 7) });
        }
        tree.set_type(root, definitions.type_id("Patient").unwrap());
    }
    tree
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_message_makes_a_plan_panic(
        nodes in proptest::collection::vec((0usize..40, 0usize..40, 0usize..6, 0usize..10, any::<bool>()), 0..60),
        wild in any::<bool>(),
    ) {
        let source = tree(&nodes, wild);
        let once = trees::run(plan(), &source).map(|t| fhir::json::write(&t, Form::Fhir));
        let again = trees::run(plan(), &source).map(|t| fhir::json::write(&t, Form::Fhir));
        prop_assert_eq!(once, again);
        trees::unread_is_unread(plan(), &source);
    }
}

/// StructureMaps: one that runs, and one with everything in it.
fn structure_maps() -> &'static [Tree; 2] {
    static MAP_TREES: OnceLock<[Tree; 2]> = OnceLock::new();
    let tree = |map: &fml::ast::Map| {
        let text = fhir::json::write(&fml::to_resource(map), Form::Fhir);
        fhir::json::read(text.as_bytes(), Form::Fhir, &fhir::json::Limits::default()).unwrap()
    };
    MAP_TREES.get_or_init(|| {
        let runs = fml::parse("total.map", MAP).unwrap();
        let forms = fml::parse("forms.map", include_str!("data/forms.map")).unwrap();
        let mut all = runs.clone();
        (all.metadata, all.imports, all.constants) = (forms.metadata, forms.imports, forms.constants);
        all.groups.extend(forms.groups.into_iter().take(1));
        [tree(&runs), tree(&all)]
    })
}

const WORDS: &[&str] = &[
    "",
    "src",
    "tgt",
    "vvv",
    "a.b",
    "`a",
    "first",
    "share",
    "create",
    "copy",
    "evaluate",
    "translate",
    "(",
    "'x'",
    "a ; b",
    "@2020",
    "0",
    "-1",
    "*",
    "1..2",
    "true",
    "types",
    "/// x",
    "\"\"\"",
    "\u{e5}",
    "#g",
    "name",
];

fn mutate(tree: &mut Tree, edits: &[(usize, usize, usize)]) {
    for &(node, what, word) in edits {
        let all: Vec<NodeId> = below(tree, tree.root());
        let id = all[node % all.len()];
        let word = WORDS[word % WORDS.len()];
        match what % 6 {
            0 => tree.remove(id),
            1 => tree.set(id, Kind::String, word),
            2 => tree.rename(id, NAMES_OF_MAPS[node % NAMES_OF_MAPS.len()]),
            3 => {
                tree.add_text(id, NAMES_OF_MAPS[node % NAMES_OF_MAPS.len()], node % 2 == 0, word);
            }
            4 => tree.set_kind(id, KINDS[word.len() % KINDS.len()]),
            _ => {
                // A copy of one element below another.
                let copy = tree.clone();
                let from = all[(node * 7 + 3) % all.len()];
                let made = tree.add(id, copy.name(from), true);
                tree.copy_into(made, copy.at(from));
            }
        }
    }
}

/// Around the first place where two maps differ.
fn first_difference(a: &fml::ast::Map, b: &fml::ast::Map) -> String {
    let (a, b) = (fml::format(a) + &bare(a), fml::format(b) + &bare(b));
    let at = a.chars().zip(b.chars()).take_while(|(x, y)| x == y).count();
    let part = |t: &str| t.chars().skip(at.saturating_sub(80)).take(160).collect::<String>();
    format!("{}\n---\n{}", part(&a), part(&b))
}

/// The map as Rust writes it, without places.
fn bare(map: &fml::ast::Map) -> String {
    let text = format!("{map:?}");
    text.split("place: Place {").map(|part| part.split_once('}').map_or(part, |(_, rest)| rest)).collect()
}

fn below(tree: &Tree, id: NodeId) -> Vec<NodeId> {
    let mut out = vec![id];
    let mut at = 0;
    while let Some(&next) = out.get(at) {
        out.extend(tree.children(next));
        at += 1;
    }
    out
}

const NAMES_OF_MAPS: &[&str] = &[
    "group",
    "rule",
    "source",
    "target",
    "dependent",
    "parameter",
    "variable",
    "element",
    "context",
    "valueId",
    "valueString",
    "valueInteger",
    "condition",
    "listMode",
    "transform",
    "extension",
    "contained",
    "type",
    "defaultValue",
    "defaultValueCoding",
    "const",
    "name",
    "url",
    "min",
    "max",
    "typeMode",
    "extends",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_structure_map_makes_reader_compiler_or_engine_panic(
        edits in proptest::collection::vec((0usize..4000, 0usize..6, 0usize..40), 0..8),
        all in any::<bool>(),
    ) {
        let mut resource = structure_maps()[usize::from(all)].clone();
        mutate(&mut resource, &edits);
        if let Ok(map) = fml::from_resource("mutated.json", &resource) {
            let text = fml::format(&map);
            let again = fml::parse("mutated.map", &text);
            let told = again.as_ref().err().map(|e| e[0].to_string());
            let again = again.unwrap_or_default();
            prop_assert!(again == map, "{}", told.unwrap_or_else(|| first_difference(&map, &again)));
        }
        let mut library = trees::library(&[]);
        match library.add_structure_map("mutated.json", &resource) {
            Err(found) => prop_assert!(found.iter().all(|d| d.path.is_some()), "{}", found[0]),
            Ok(url) => if let Ok(plan) = library.compile(&url) {
                let patient = trees::read("{\"resourceType\":\"Patient\",\"gender\":\"male\"}", Form::Fhir, None);
                let _ = trees::run(&plan, &patient);
            },
        }
    }
}

#[test]
fn a_run_is_bounded() {
    let text = r#"map "http://sluss.test/many" = "Many"
uses "http://hl7.org/fhir/StructureDefinition/Patient" alias Patient as source
uses "http://hl7.org/fhir/StructureDefinition/Patient" alias Patient as target
group Main(source src : Patient, target tgt : Patient) {
  src.name as a, src.name as b, src.name as c -> tgt.name as n, n.text = 'x';
}"#;
    let mut library = trees::library(&[]);
    let url = library.add_map("many.map", text).unwrap();
    let plan = library.compile(&url).unwrap();
    let names = vec!["{\"family\":\"A\"}"; 50].join(",");
    let source =
        trees::read(&format!("{{\"resourceType\":\"Patient\",\"name\":[{names}]}}"), Form::Fhir, None);
    let run = |bounds: Bounds| {
        let inputs = Inputs { ids: &String::new, now: "", parameters: &[], bounds };
        plan.run(source.at(source.root()), &inputs)
    };
    assert_eq!(run(Bounds { steps: 1000, ..Bounds::default() }).unwrap_err().code, "too-many-steps");
    assert_eq!(run(Bounds { nodes: 1000, ..Bounds::default() }).unwrap_err().code, "too-large");
    assert!(run(Bounds::default()).is_ok());
}
