//! Compiled maps: one per event and pair of formats.
//!
//! Invariant: running is deterministic: the ids that a map makes are derived from the source, so the
//! same message is always translated to the same bytes. Deliberately absent: any field of a message.

use super::{files::File, packages::ConceptMap, problem, problem_at, tree};
use crate::{
    config::Problem,
    model::{Code, Format},
};
use aws_lc_rs::digest;
use fhir::{
    Definitions, NodeRef, Tree,
    json::{self, Form},
};
use fml::{Bounds, Diagnostic, Inputs, Library, Plan};
use std::{
    cell::{Cell, OnceCell},
    collections::HashMap,
    sync::Arc,
};

/// Why a message was not translated. No values.
#[derive(Clone, Debug)]
pub struct MapFault {
    /// What happened, and in which rule of which map.
    pub message: String,
    /// Where in the source.
    pub place: Option<String>,
}

/// A compiled map of an event between two formats.
pub struct Map {
    plan: Plan,
    definitions: Arc<Definitions>,
}

impl Map {
    /// Gives the nodes of a source their types, which [`Map::run`] needs.
    pub fn annotate(&self, tree: &mut Tree) {
        match self.definitions.type_id(self.plan.source_type()) {
            Some(ty) if !self.definitions.is_resource(ty) => self.definitions.annotate_as(tree, ty),
            _ => self.definitions.annotate(tree),
        }
    }

    /// Translates an annotated tree, with ids derived from the source.
    pub fn run(&self, source: &Tree) -> Result<Tree, MapFault> {
        let seed = OnceCell::new();
        let count = Cell::new(0u64);
        self.run_with(source, &|| {
            count.set(count.get() + 1);
            let mut hash = digest::Context::new(&digest::SHA256);
            hash.update(seed.get_or_init(|| seed_of(source)).as_ref());
            hash.update(&count.get().to_be_bytes());
            let hash = hash.finish();
            let mut bytes = [0; 16];
            bytes.copy_from_slice(&hash.as_ref()[..16]);
            // Version 8 of RFC 9562: bits of our own making.
            uuid::Builder::from_custom_bytes(bytes).into_uuid().to_string()
        })
    }

    /// Translates with counted ids, as golden examples have them.
    pub fn run_counted(&self, tree: &Tree) -> Result<Tree, MapFault> {
        let mut source = tree.clone();
        self.annotate(&mut source);
        let count = Cell::new(0u64);
        self.run_with(&source, &|| {
            count.set(count.get() + 1);
            format!("00000000-0000-4000-8000-{:012x}", count.get())
        })
    }

    fn run_with(&self, source: &Tree, ids: &dyn Fn() -> String) -> Result<Tree, MapFault> {
        let inputs = Inputs { ids, now: "", parameters: &[], bounds: Bounds::default() };
        let root = NodeRef { tree: source, id: source.root() };
        self.plan.run(root, &inputs).map_err(|fault| MapFault {
            message: format!("{} [{}, rule {} of {}]", fault.message, fault.code, fault.rule, fault.map),
            place: Some(fault.place).filter(|p| !p.is_empty()),
        })
    }
}

/// The hash of what the tree says, whether it was read or built.
fn seed_of(tree: &Tree) -> digest::Digest {
    match tree.source() {
        "" => digest::digest(&digest::SHA256, json::write(tree, Form::Fhir).as_bytes()),
        source => digest::digest(&digest::SHA256, source.as_bytes()),
    }
}

/// Compiles `mappings/<event>/<from>-<to>.map` with everything under `mappings/` and the concept maps
/// of packages that our own do not replace.
pub fn plans(
    files: &[File],
    of_packages: &[ConceptMap],
    definitions: &Arc<Definitions>,
    problems: &mut Vec<Problem>,
) -> HashMap<(String, Format, Format), Map> {
    let mut library = Library::new(definitions.clone());
    let mut wanted = Vec::new();
    let mut own = Vec::new();
    for file in files.iter().filter(|f| f.path.starts_with("mappings/")) {
        if file.path.ends_with(".conceptmap.json") {
            if let Some(tree) = tree(file, problems) {
                match library.add_concept_map(&file.path, &tree) {
                    Ok(url) => own.extend([url]),
                    Err(found) => problems.extend(found.into_iter().map(diagnosed)),
                }
            }
        } else if file.path.ends_with(".map") {
            match library.add_map(&file.path, &file.text) {
                Ok(url) => wanted.extend(between(file, problems).map(|key| (key, url))),
                Err(found) => problems.extend(found.into_iter().map(diagnosed)),
            }
        }
    }
    let ours = |map: &&ConceptMap| {
        map.tree.child_text(map.tree.root(), "url").is_some_and(|u| own.iter().any(|o| o == u))
    };
    for map in of_packages.iter().filter(|map| !ours(map)) {
        let found = library.add_concept_map(&map.file, &map.tree).err().unwrap_or_default();
        problems.extend(found.iter().map(|f| in_package(map, f)));
    }
    let mut plans = HashMap::new();
    if !problems.is_empty() {
        return plans;
    }
    for (key, url) in wanted {
        match library.compile(&url) {
            Ok(plan) => {
                plans.insert(key, Map { plan, definitions: definitions.clone() });
            }
            Err(found) => problems.extend(found.into_iter().map(diagnosed)),
        }
    }
    plans
}

/// Event and formats out of a map's path; shared groups have none.
fn between(file: &File, problems: &mut Vec<Problem>) -> Option<(String, Format, Format)> {
    let rest = file.path.strip_prefix("mappings/")?;
    let (event, name) = rest.split_once('/')?;
    if event == "shared" {
        return None;
    }
    let word = |w: &str| [Format::FhirJson, Format::CaseJson].into_iter().find(|f| f.map_word() == w);
    let formats = name.strip_suffix(".map").and_then(|n| n.split_once('-'));
    let formats = formats.and_then(|(from, to)| Some((word(from)?, word(to)?)));
    if formats.is_none() {
        problems.push(problem(file, "a map's file name is <from>-<to>.map with known formats".into()));
    }
    formats.map(|(from, to)| (event.to_string(), from, to))
}

/// A place inside a package has no line that anybody could open.
fn in_package(map: &ConceptMap, found: &Diagnostic) -> Problem {
    let remedy = "take the package out of the folder, or put a version there that loads";
    Problem::of(&map.path, Code::ConfigMap, format!("{}: {}", map.file, found.message), remedy)
}

fn diagnosed(found: Diagnostic) -> Problem {
    Problem {
        span: Some(found.span.clone()),
        line: Some(found.line()),
        code: Code::ConfigMap,
        remedy: found.remedy.clone().unwrap_or_else(|| "mend the map here".into()),
        ..problem_at(&found.file, found.message.clone())
    }
}
