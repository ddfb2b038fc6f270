//! The maps of a rules folder, read once and compiled one by one: for the gateway, which compiles all,
//! and for tools, which need neither profiles nor schemas and seldom more than one map.
//!
//! Invariant: a map that another one's fault does not concern still compiles. Deliberately absent:
//! running maps (see `map`), watching files.

use super::files::{self, File, Source};
use super::hl7v2::Hl7v2;
use super::packages::{ConceptMap, Packages};
use super::{Map, problem, problem_at, resources, tree};
use crate::{
    config::Problem,
    model::{Code, Model},
};
use fhir::{Definitions, Tree};
use fml::{Diagnostic, Library};
use std::{path::Path, sync::Arc};

/// A map's name: its event and what it translates from and to.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct MapName {
    /// Event code of the catalogue.
    pub event: String,
    /// The model that it reads.
    pub from: Model,
    /// The model that it writes.
    pub to: Model,
    /// Its file, relative to the rules folder.
    pub path: String,
    /// Its address.
    pub url: String,
}

impl MapName {
    /// `fhir-case`
    pub fn direction(&self) -> String {
        format!("{}-{}", self.from.word(), self.to.word())
    }

    /// The folder it stands in, below `mappings/`: `admission-notice`, or `norrsken/admission-notice`.
    pub fn folder(&self) -> &str {
        let inner = self.path.strip_prefix("mappings/").unwrap_or(&self.path);
        inner.rsplit_once('/').map_or("", |(folder, _)| folder)
    }
}

/// Parts the two events in the folder's name of a map that makes one event's message of another's.
const BESIDE: &str = "-of-";

/// The folder of the map that makes the message `also` of one of `event`, in the canonical form.
pub fn beside(also: &str, event: &str) -> String {
    format!("{also}{BESIDE}{event}")
}

/// Maps that have been read.
pub struct Maps {
    definitions: Arc<Definitions>,
    hl7v2: Option<Arc<Hl7v2>>,
    library: Library,
    names: Vec<MapName>,
    models: Vec<Model>,
    problems: Vec<Problem>,
    of_packages: Vec<ConceptMap>,
}

/// The files that maps are made from.
pub fn is_wanted(path: &str) -> bool {
    let map = path.ends_with(".map") || path.ends_with(".conceptmap.json");
    path.starts_with("mappings/") && map || is_model(path)
}

/// Is it a logical model?
pub(super) fn is_model(path: &str) -> bool {
    path.starts_with("conformance/models/") && path.ends_with(".json") || model_word(path).is_some()
}

/// The foreign model that a file describes: `mappings/<word>/model.json`, or one of ours by its file's name.
pub(super) fn model_word(path: &str) -> Option<Model> {
    let own = path.strip_prefix("conformance/models/").and_then(|name| name.strip_suffix(".json"));
    let site = path.strip_prefix("mappings/").and_then(|name| name.strip_suffix("/model.json"));
    own.or(site).and_then(Model::from_word).filter(Model::is_foreign)
}

impl Maps {
    /// Reads the maps and logical models of a source and of a folder of packages, and nothing else.
    pub fn load(source: &Source, packages: Option<&Path>) -> Result<Maps, Vec<Problem>> {
        Maps::of(&files::chosen(source, &is_wanted)?, packages)
    }

    /// Reads the maps and logical models among these files and of a folder of packages.
    pub fn of(files: &[File], packages: Option<&Path>) -> Result<Maps, Vec<Problem>> {
        let mut problems = Vec::new();
        let models = files.iter().filter(|f| is_model(&f.path));
        let mut trees: Vec<Tree> =
            models.filter_map(|f| tree(f, &mut problems)).flat_map(resources).collect();
        let packages = match Packages::read(packages.as_slice(), &mut trees) {
            Ok(packages) => packages,
            Err(found) => {
                problems.extend(found);
                return Err(problems);
            }
        };
        let text = |tree: &Tree, name: &str| tree.child_text(tree.root(), name).map(str::to_string);
        let is_type = |tree: &&Tree| {
            text(tree, "resourceType").as_deref() == Some("StructureDefinition")
                && text(tree, "derivation").as_deref() != Some("constraint")
        };
        let mut definitions = Definitions::r4().clone();
        if let Err(found) = definitions.load_types(&trees.iter().filter(is_type).collect::<Vec<_>>()) {
            let ours = |f: &fhir::Finding| problem_at("conformance/models", f.to_string());
            problems.extend(found.iter().map(|f| packages.problem(f).unwrap_or_else(|| ours(f))));
        }
        match problems.is_empty() {
            true => Ok(Maps::over(files, packages.concept_maps, Arc::new(definitions))),
            false => Err(problems),
        }
    }

    /// Reads the maps among these files over definitions that are there already, and the concept maps
    /// of packages that our own do not replace.
    pub(super) fn over(files: &[File], of_packages: Vec<ConceptMap>, definitions: Arc<Definitions>) -> Maps {
        let library = Library::new(definitions.clone());
        let models = files.iter().filter_map(|f| model_word(&f.path)).collect();
        let hl7v2 = Hl7v2::of(files, &definitions).map(Arc::new);
        let (names, problems) = (vec![], vec![]);
        let mut maps = Maps { definitions, hl7v2, library, names, models, problems, of_packages: vec![] };
        let mut own = Vec::new();
        for file in files.iter().filter(|f| f.path.starts_with("mappings/")) {
            own.extend(maps.read(file));
        }
        for map in of_packages.iter().filter(|map| !own.iter().any(|url| map.url() == Some(url))) {
            let found = maps.library.add_concept_map(&map.file, &map.tree).err().unwrap_or_default();
            maps.problems.extend(found.iter().map(|f| in_package(map, f)));
        }
        maps.names.sort();
        maps.of_packages = of_packages;
        maps
    }

    /// Reads the maps anew, when they have changed and the models and packages have not.
    pub fn again(self, files: &[File]) -> Maps {
        Maps::over(files, self.of_packages, self.definitions)
    }

    /// Takes in a file; gives the address of a concept map.
    fn read(&mut self, file: &File) -> Option<String> {
        if file.path.ends_with(".conceptmap.json") {
            let added =
                tree(file, &mut self.problems).map(|tree| self.library.add_concept_map(&file.path, &tree));
            return match added? {
                Ok(url) => Some(url),
                Err(found) => {
                    self.problems.extend(found.into_iter().map(diagnosed));
                    None
                }
            };
        }
        if file.path.ends_with(".map") {
            match self.library.add_map(&file.path, &file.text) {
                Ok(url) => {
                    let name = named(file, url, &self.models, &mut self.problems);
                    self.names.extend(name);
                }
                Err(found) => self.problems.extend(found.into_iter().map(diagnosed)),
            }
        }
        None
    }

    /// Takes in a map that stands elsewhere and gives its address.
    pub fn add(&mut self, file: &str, text: &str) -> Result<String, Vec<Problem>> {
        let added = self.library.add_map(file, text);
        added.map_err(|found| found.into_iter().map(diagnosed).collect())
    }

    /// What the maps are checked against.
    pub fn definitions(&self) -> &Arc<Definitions> {
        &self.definitions
    }

    /// The maps that events have, sorted; those that could not be read are not among them.
    pub fn names(&self) -> &[MapName] {
        &self.names
    }

    /// What could not be read. It does not concern maps that do not need it.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// Compiles the map with this address. What could not be read may be why it does not compile, and
    /// is told as well.
    pub fn compile(&self, url: &str) -> Result<Map, Vec<Problem>> {
        match self.library.compile(url) {
            Ok(plan) => Ok(Map::new(plan, self.definitions.clone(), self.hl7v2.clone())),
            Err(found) => {
                Err(self.problems.iter().cloned().chain(found.into_iter().map(diagnosed)).collect())
            }
        }
    }
}

/// Event and models out of a map's path; shared groups have none. Maps of a foreign model stand in its own
/// folder, so that a folder's example is read by one map alone.
fn named(file: &File, url: String, known: &[Model], problems: &mut Vec<Problem>) -> Option<MapName> {
    let rest = file.path.strip_prefix("mappings/")?;
    let (folder, name) = rest.rsplit_once('/')?;
    if folder.split('/').any(|part| part == "shared") {
        return None;
    }
    let (owner, event) = match folder.split_once('/') {
        Some((owner, event)) => (Model::from_word(owner), event),
        None => (None, folder),
    };
    let word =
        |w: &str| Model::from_word(w).filter(|m| !m.is_foreign() || known.contains(m) && owner == Some(*m));
    let models = name.strip_suffix(".map").and_then(|n| n.split_once('-'));
    let found = models.and_then(|(from, to)| Some((word(from)?, word(to)?)));
    let own = |(from, to): &(Model, Model)| owner.is_none() || [*from, *to].map(Some).contains(&owner);
    // A message that goes out beside another one is made of it in the canonical form.
    let beside = |from: Model| from == Model::Fhir && event.contains(BESIDE);
    let Some((from, to)) = found.filter(|(from, to)| (from != to || beside(*from)) && own(&(*from, *to)))
    else {
        let detail = "a map is mappings/<event>/<from>-<to>.map with `fhir` and `case`, or \
            mappings/<model>/<event>/<from>-<to>.map with that model, which has a model.json, and one of them";
        problems.push(problem(file, detail.into()));
        return None;
    };
    Some(MapName { event: event.to_string(), from, to, path: file.path.clone(), url })
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
