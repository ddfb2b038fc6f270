//! The definitions of the messages, loaded as the gateway loads them, whole or one event's at a time.
//!
//! Invariant: terms are loaded once; a changed definition costs one event's profiles.

use super::examples::{Example, Expect};
use super::rules::Rule;
use fhir::definitions::Invariant;
use fhir::json::{Form, Limits, read};
use fhir::{Definitions, Finding, NodeRef, Profiles, Severity, Tree};
use fhirpath::{Expr, Scope};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

const OURS: &str = "https://sluss.example/fhir/StructureDefinition/";

/// Everything that is loaded once.
pub struct World {
    /// R4 with the code lists of ours and of HL7 Sweden.
    terms: Definitions,
    /// StructureDefinitions by address.
    pub structures: BTreeMap<String, Value>,
    trees: HashMap<String, Tree>,
    /// All profiles together.
    pub whole: Profiles,
    expressions: HashMap<Box<str>, Expr>,
    /// The definitions that each event's message is made of.
    parts: BTreeMap<String, BTreeSet<String>>,
}

pub fn tree(value: &Value) -> Tree {
    let text = value.to_string();
    read(text.as_bytes(), Form::Fhir, &Limits::default())
        .unwrap_or_else(|f| panic!("{}: {}", value["id"], f[0]))
}

/// Was it found?
pub fn is_there(found: &[Finding], expect: &Expect) -> bool {
    let fits =
        |f: &Finding| f.code == expect.code && f.place == expect.place && f.message.contains(&expect.word);
    found.iter().any(|f| f.severity != Severity::Information && fits(f))
}

pub fn has_errors(found: &[Finding]) -> bool {
    found.iter().any(|f| f.severity == Severity::Error)
}

impl World {
    pub fn load(conformance: &Path) -> World {
        let read = |path: &Path| -> Value {
            serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap_or_else(|e| panic!("{path:?}: {e}"))
        };
        let table = read(&conformance.join("tables/hl7se-base.json"));
        let foreign = table["entry"].as_array().unwrap().iter().map(|e| e["resource"].clone());
        let files = std::fs::read_dir(conformance.join("profiles")).unwrap().map(|e| e.unwrap().path());
        let all: Vec<Value> = foreign.chain(files.map(|f| read(&f))).collect();
        let (structures, others): (Vec<Value>, Vec<Value>) =
            all.into_iter().partition(|v| v["resourceType"] == "StructureDefinition");
        let others: Vec<Tree> = others.iter().map(tree).collect();
        let loaded = |from: &Definitions, trees: &[Tree]| {
            Profiles::load(from, trees).unwrap_or_else(|f| panic!("{}", f[0]))
        };
        let terms = loaded(Definitions::r4(), &others).definitions().clone();
        let whole = loaded(&terms, &structures.iter().map(tree).collect::<Vec<_>>());
        let parsed = |i: &Invariant| (i.expression.clone(), fhirpath::parse(&i.expression).unwrap());
        let mut world = World {
            terms,
            expressions: whole.invariants().iter().map(parsed).collect(),
            whole,
            trees: structures.iter().map(|s| (url(s), tree(s))).collect(),
            structures: structures.into_iter().map(|s| (url(&s), s)).collect(),
            parts: BTreeMap::new(),
        };
        let parts = world.events().into_iter().map(|e| (e.clone(), world.parts_of(&e))).collect();
        world.parts = parts;
        world
    }

    /// Events that have a message profile.
    pub fn events(&self) -> Vec<String> {
        let whole = self.structures.values().filter(|s| s["abstract"] != true && s["type"] == "Bundle");
        let event = |s: &Value| s["id"].as_str().unwrap().strip_suffix("-message").map(ToString::to_string);
        whole.filter(|s| url(s).starts_with(OURS)).filter_map(event).collect()
    }

    /// The definitions that an event's message is made of.
    pub fn parts(&self, event: &str) -> &BTreeSet<String> {
        &self.parts[event]
    }

    fn parts_of(&self, event: &str) -> BTreeSet<String> {
        let mut parts = BTreeSet::new();
        let mut waiting = vec![format!("{OURS}{event}-message")];
        while let Some(next) = waiting.pop() {
            if let Some(structure) = self.structures.get(&next)
                && parts.insert(next)
            {
                addresses(structure, &mut waiting);
            }
        }
        parts
    }

    /// Is the rule one of this event's, or of anything's where no event is named?
    pub fn concerns(&self, rule: &Rule, event: Option<&str>) -> bool {
        event.is_none_or(|event| self.parts(event).contains(&rule.definition))
    }

    /// One event's profiles with one definition changed; `None` where they do not load.
    pub fn with(&self, event: &str, changed: &Value) -> Option<Profiles> {
        let mut trees = vec![tree(changed)];
        let others = self.parts(event).iter().filter(|u| **u != url(changed));
        trees.extend(others.map(|u| self.trees[u].clone()));
        Profiles::load(&self.terms, &trees).ok()
    }

    /// What the profiles say of an example.
    pub fn findings(&self, profiles: &Profiles, example: &Example) -> Vec<Finding> {
        match self.read(example) {
            Ok(tree) => self.judge(profiles, &example.event, &tree),
            Err(found) => found,
        }
    }

    /// An example as a tree; types and code lists are the same whatever definition is changed.
    pub fn read(&self, example: &Example) -> Result<Tree, Vec<Finding>> {
        let text = example.message.to_string();
        let mut tree = read(text.as_bytes(), Form::Fhir, &Limits::default())?;
        self.terms.annotate(&mut tree);
        Ok(tree)
    }

    /// What the profiles say of an event's message.
    pub fn judge(&self, profiles: &Profiles, event: &str, tree: &Tree) -> Vec<Finding> {
        let profile = format!("{OURS}{event}-message");
        profiles.validate_with(tree, &profile, &|invariant, node| self.holds(invariant, node))
    }

    /// What R4 says of a definition.
    pub fn of_definition(&self, resource: &Value) -> Vec<Finding> {
        let mut tree = tree(resource);
        self.terms.annotate(&mut tree);
        let kind = resource["resourceType"].as_str().unwrap();
        let profile = format!("http://hl7.org/fhir/StructureDefinition/{kind}");
        self.whole.validate_with(&tree, &profile, &|invariant, node| self.holds(invariant, node))
    }

    /// As the gateway judges: messages have no narrative, and `ref-1` is about Reference.reference.
    fn holds(&self, invariant: &Invariant, node: NodeRef<'_>) -> Option<bool> {
        if &*invariant.key == "dom-6" {
            return Some(true);
        }
        let scope = Scope::new(Some(&self.terms));
        let truth = self.expressions.get(&invariant.expression)?.truth(&scope, node).ok()?;
        Some(truth.unwrap_or(&*invariant.key == "ref-1"))
    }
}

fn url(structure: &Value) -> String {
    structure["url"].as_str().unwrap().to_string()
}

/// Every address of a profile that a definition names.
fn addresses(value: &Value, out: &mut Vec<String>) {
    match value {
        Value::Object(parts) => {
            for (key, part) in parts {
                match (key.as_str(), part) {
                    ("baseDefinition", Value::String(url)) => out.push(url.clone()),
                    ("profile" | "targetProfile", Value::Array(urls)) => {
                        out.extend(urls.iter().filter_map(|u| u.as_str().map(ToString::to_string)));
                    }
                    _ => addresses(part, out),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|i| addresses(i, out)),
        _ => {}
    }
}
