//! The official FHIRPath suite for R4, case by case.
//!
//! Invariant: a case passes, or is listed in `tests/exceptions.txt` with its reason; a listed case
//! that passes fails the run, so that the list stays true. Deliberately absent: copies of the suite;
//! it is read from the corpora folder (`SLUSS_CORPORA`), and where there is none the test says so.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod fhir_xml;
mod xml;

use fhir::{Definitions, Tree};
use fhirpath::{DateTime, Decimal, Scope, Value};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use xml::Element;

fn corpora() -> Option<PathBuf> {
    let default = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpora");
    let root = std::env::var_os("SLUSS_CORPORA").map_or(default, PathBuf::from);
    let suite = root.join("fhirpath-r4-official");
    if suite.is_dir() {
        return Some(suite);
    }
    assert!(std::env::var("CI").as_deref() != Ok("true"), "no corpora folder");
    println!("suite fhirpath-r4-official: passed over, no corpora folder");
    None
}

fn read_input(folder: &Path, name: &str) -> Result<Tree, String> {
    let text = std::fs::read_to_string(folder.join("input").join(name)).unwrap();
    let definitions = Definitions::r4();
    let mut tree = if name.ends_with(".json") {
        let (form, limits) = (fhir::json::Form::Fhir, fhir::json::Limits::default());
        let read = |text: &str| fhir::json::read(text.as_bytes(), form, &limits);
        read(&text)
            .or_else(|findings| match findings.iter().all(|f| f.code == "json-twin") {
                true => read(&mended(name, &text)),
                false => Err(findings),
            })
            .map_err(|findings| format!("the input is no FHIR: {}", findings[0].message))?
    } else {
        fhir_xml::read(&xml::parse(&text), definitions)
    };
    definitions.annotate(&mut tree);
    Ok(tree)
}

/// Fills `_name` up with null to the length of `name`, as R4 json.html 2.6.2.3 asks for. The reader
/// refuses anything else, and the suite asks about FHIRPath.
fn mended(name: &str, text: &str) -> String {
    fn fill(value: &mut serde_json::Value) {
        if let Some(members) = value.as_object_mut() {
            let lengths: Vec<(String, usize)> =
                members.iter().filter_map(|(k, v)| Some((format!("_{k}"), v.as_array()?.len()))).collect();
            for (twin, length) in lengths {
                if let Some(items) = members.get_mut(&twin).and_then(|v| v.as_array_mut()) {
                    items.resize(items.len().max(length), serde_json::Value::Null);
                }
            }
            members.values_mut().for_each(fill);
        }
        value.as_array_mut().into_iter().flatten().for_each(fill);
    }
    let mut value = serde_json::from_str(text).unwrap();
    fill(&mut value);
    println!("{name} is no FHIR JSON: read with null where it is missing");
    value.to_string()
}

struct Case<'x> {
    key: String,
    expression: String,
    invalid: Option<&'x str>,
    predicate: bool,
    ordered: bool,
    outputs: Vec<(Option<&'x str>, String)>,
    input: Option<&'x str>,
}

fn cases(suite: &Element) -> Vec<Case<'_>> {
    let mut out = Vec::new();
    for group in suite.children("group") {
        for test in group.children("test") {
            let expression = test.children("expression").next().unwrap();
            out.push(Case {
                key: format!("{}/{}", group.attribute("name").unwrap(), test.attribute("name").unwrap()),
                expression: expression.text.clone(),
                invalid: expression.attribute("invalid"),
                predicate: test.attribute("predicate") == Some("true"),
                ordered: test.attribute("ordered") != Some("false"),
                outputs: test.children("output").map(|o| (o.attribute("type"), o.text.clone())).collect(),
                input: test.attribute("inputfile"),
            });
        }
    }
    out
}

fn type_of(value: &Value<'_>) -> String {
    match value {
        Value::Node(node) => Definitions::r4().type_name(node.type_of()).to_string(),
        Value::Quantity(_) => "Quantity".to_string(),
        _ => {
            let name = value.system_type().unwrap();
            name[..1].to_lowercase() + &name[1..]
        }
    }
}

fn is_output(value: &Value<'_>, (ty, wanted): &(Option<&str>, String)) -> bool {
    let text = value.text().unwrap_or_default();
    if ty.is_some_and(|ty| ty != type_of(value)) {
        return false;
    }
    match value {
        Value::Decimal(d) => Decimal::parse(wanted) == Some(*d),
        Value::Quantity(_) | Value::String(_) | Value::Integer(_) | Value::Boolean(_) => text == *wanted,
        Value::Time(_) => wanted.strip_prefix("@T") == Some(&text),
        _ => wanted.strip_prefix('@').unwrap_or(wanted) == text,
    }
}

/// What is wrong with the outcome of a case, if anything.
fn problem(case: &Case<'_>, tree: &Tree) -> Option<String> {
    let definitions = Definitions::r4();
    let parsed = fhirpath::parse(&case.expression);
    let expression = match (&parsed, case.invalid) {
        (Err(_), Some(_)) => return None,
        (Err(e), None) => return Some(format!("does not parse: {e}")),
        (Ok(_), Some("syntax")) => return Some("should not parse".to_string()),
        (Ok(expression), _) => expression,
    };
    let mut scope = Scope::new(Some(definitions));
    scope.single_as = true;
    scope.set_clock(DateTime::from_unix(1_795_000_000, 250, 60).unwrap());
    let focus = tree.at(tree.root());
    let found = expression.evaluate(&scope, focus);
    if let Some(kind) = case.invalid {
        let checked = !expression.check(definitions, focus.type_of(), &[]).is_empty();
        let refused = checked || (kind == "execution" && found.is_err());
        return (!refused).then(|| format!("should be refused ({kind}), gives {found:?}"));
    }
    if case.predicate {
        let truth = expression.truth(&scope, focus);
        return (truth != Ok(Some(true))).then(|| format!("{truth:?}"));
    }
    let found = match found {
        Ok(found) => found,
        Err(e) => return Some(format!("fails: {e}")),
    };
    let shown = || {
        let all: Vec<String> = found.iter().map(|v| format!("{}:{:?}", type_of(v), v.text())).collect();
        Some(format!("gives {} instead of {:?}", all.join(" | "), case.outputs))
    };
    if found.len() != case.outputs.len() {
        return shown();
    }
    let mut open: Vec<_> = case.outputs.iter().collect();
    for value in &found {
        let at = if case.ordered { 0 } else { open.iter().position(|o| is_output(value, o)).unwrap_or(0) };
        if !is_output(value, open.remove(at)) {
            return shown();
        }
    }
    None
}

fn exceptions() -> BTreeMap<String, String> {
    let text = include_str!("../exceptions.txt");
    let lines = text.lines().filter(|l| !l.trim().is_empty() && !l.starts_with('#'));
    lines.map(|l| l.split_once(": ").unwrap()).map(|(k, r)| (k.to_string(), r.to_string())).collect()
}

#[test]
fn official_suite() {
    let Some(folder) = corpora() else { return };
    let text = std::fs::read_to_string(folder.join("tests-fhir-r4.xml")).unwrap();
    let suite = xml::parse(&text);
    let nothing = Ok(Tree::new("Nothing"));
    let mut inputs: HashMap<&str, Result<Tree, String>> = HashMap::new();
    let (mut failed, mut passed) = (BTreeMap::new(), 0);
    let cases = cases(&suite);
    for name in cases.iter().filter_map(|c| c.input) {
        inputs.entry(name).or_insert_with(|| read_input(&folder, name));
    }
    for case in &cases {
        let tree = case.input.map_or(&nothing, |name| &inputs[name]);
        let outcome = match tree {
            Ok(tree) => problem(case, tree),
            Err(why) => Some(why.clone()),
        };
        match outcome {
            None => passed += 1,
            Some(why) => {
                failed.insert(case.key.clone(), why);
            }
        }
    }
    let listed = exceptions();
    println!("suite fhirpath-r4-official: {passed} of {} ({} listed exceptions)", cases.len(), listed.len());
    for (key, why) in failed.iter().filter(|(key, _)| !listed.contains_key(*key)) {
        println!("  {key}: {why}");
    }
    let failed: BTreeSet<&String> = failed.keys().collect();
    let listed: BTreeSet<&String> = listed.keys().collect();
    assert!(
        failed == listed,
        "not listed: {:?}; listed but passing: {:?}",
        &failed - &listed,
        &listed - &failed
    );
}

/// The static check must not refuse what the suite considers right.
#[test]
fn no_false_alarms() {
    let Some(folder) = corpora() else { return };
    let text = std::fs::read_to_string(folder.join("tests-fhir-r4.xml")).unwrap();
    let suite = xml::parse(&text);
    let definitions = Definitions::r4();
    let mut alarms = Vec::new();
    for case in cases(&suite).iter().filter(|c| c.invalid.is_none()) {
        let Ok(expression) = fhirpath::parse(&case.expression) else { continue };
        let focus = case.input.and_then(|name| read_input(&folder, name).ok());
        let focus = focus.as_ref().map_or(fhir::TypeId::NONE, |t| t.type_of(t.root()));
        for problem in expression.check(definitions, focus, &[]) {
            alarms.push(format!("{}: {} -- {problem}", case.key, case.expression));
        }
    }
    println!("false alarms of the static check: {}", alarms.len());
    assert!(alarms.is_empty(), "{}", alarms.join("\n"));
}
