//! Maps, profiles and schemas: loaded, checked and compiled once, then only asked.
//!
//! Invariant: a rulebook that exists has no load error; every file it was made from is part of its
//! version. Deliberately absent: any file of a partner's message, any network.

mod files;

use crate::{
    config::Problem,
    model::{Code, Finding, Model},
};
use fhir::{
    Definitions, Profiles, Tree,
    json::{self, Form, Limits},
};
use fhirpath::Invariants;
pub use files::{File, Source, chosen, example_agreement, example_message};
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    path::Path,
    sync::Arc,
};

/// Root of our canonical URLs.
pub const CANONICAL: &str = "https://sluss.example/fhir";

/// Best practice of R4 that our messages do not follow on purpose: they carry no narrative, because a
/// text beside the data could say what the data may not (domain §4.1).
const NOT_OURS: [&str; 1] = ["dom-6"];

/// The compiled rules.
pub struct Rulebook {
    definitions: Arc<Definitions>,
    profiles: Profiles,
    invariants: Invariants,
    plans: HashMap<(String, Model, Model), Map>,
    case: CaseRules,
    foreign: Foreign,
    rivta: RivTaRules,
    details: Details,
    marks: Marks,
    routes: Routes,
    hl7v2: Option<hl7v2::Hl7v2>,
    version: String,
    editions: Vec<Edition>,
}

mod case;
pub mod check;
mod details;
pub mod envelope;
mod foreign;
pub mod hl7v2;
mod map;
mod maps;
mod marks;
mod packages;
mod rivta;
mod routing;
mod xsd;
use case::CaseRules;
use details::Details;
use foreign::Foreign;
pub use foreign::{Meaning, Noted};
pub use map::{Map, MapFault};
pub use maps::{MapName, Maps, beside, is_wanted};
pub use marks::{By, Marks, Row as MarkRow, Whose};
pub use packages::Edition;
use packages::{ConceptMap, Packages};
pub use rivta::RivTaRules;
pub use routing::{District, Routes};
pub use xsd::{Body, Xsd};

impl Rulebook {
    /// Loads everything; all problems at once.
    pub fn load(source: &Source) -> Result<Rulebook, Vec<Problem>> {
        Rulebook::load_with(source, None)
    }

    /// Loads everything, and what the FHIR packages of a folder add; all problems at once.
    pub fn load_with(source: &Source, packages: Option<&Path>) -> Result<Rulebook, Vec<Problem>> {
        Rulebook::load_from(source, packages.as_slice())
    }

    /// The same with any number of folders and package files.
    pub fn load_from(source: &Source, packages: &[&Path]) -> Result<Rulebook, Vec<Problem>> {
        let files = files::read(source)?;
        let mut problems = Vec::new();
        let mut trees = Vec::new();
        let folders = ["conformance/models/", "conformance/tables/", "conformance/profiles/"];
        let in_folders = folders.iter().flat_map(|folder| in_folder(&files, folder));
        let of_sites = files.iter().filter(|f| f.path.starts_with("mappings/") && maps::is_model(&f.path));
        for file in in_folders.chain(of_sites) {
            trees.extend(tree(file, &mut problems).into_iter().flat_map(resources));
        }
        let mut packages = match Packages::read(packages, &mut trees) {
            Ok(packages) => packages,
            Err(found) => {
                problems.extend(found);
                return Err(problems);
            }
        };
        let profiles = Profiles::load(Definitions::r4(), &trees).map_err(|found| {
            let ours = |f: &fhir::Finding| problem_at("conformance/profiles", f.to_string());
            found.iter().map(|f| packages.problem(f).unwrap_or_else(|| ours(f))).collect::<Vec<_>>()
        })?;
        let definitions = Arc::new(profiles.definitions().clone());
        let invariants = Invariants::of(&profiles, &NOT_OURS);
        let case = CaseRules::load(&files, &definitions).map_err(|found| problems.extend(found)).ok();
        let foreign = Foreign::load(&files, &trees, &definitions).map_err(|found| problems.extend(found));
        let rivta = RivTaRules::load(&files, &definitions).map_err(|found| problems.extend(found));
        let details = Details::load(&files, Definitions::r4()).map_err(|found| problems.extend(found));
        let hl7v2 = hl7v2::Hl7v2::of(&files, &definitions);
        let concept_maps = std::mem::take(&mut packages.concept_maps);
        let editions = packages.editions();
        let marks = Marks::load(&files, &mut problems);
        let routes = Routes::load(&files, Definitions::r4(), &mut problems);
        let plans = plans(&files, concept_maps, &definitions, &mut problems);
        match (case, foreign, rivta, details, problems.is_empty()) {
            (Some(case), Ok(foreign), Ok(rivta), Ok(details), true) => Ok(Rulebook {
                definitions,
                profiles,
                invariants,
                plans,
                case,
                foreign,
                rivta,
                details,
                marks,
                routes,
                hl7v2,
                version: files::version(
                    &files,
                    editions.iter().map(|e| (e.name.as_str(), e.sha256.as_str())),
                ),
                editions,
            }),
            _ => Err(problems),
        }
    }

    /// The same with a site's own copy of the e-referral contract, which is part of the version then.
    ///
    /// # Errors
    /// What is wrong with the folder or its schemas.
    pub fn with_contract(mut self, folder: &Path) -> Result<Rulebook, Vec<Problem>> {
        self.rivta = self.rivta.published(folder)?;
        self.version = files::version(self.rivta.files(), [("rules", self.version.as_str())].into_iter());
        Ok(self)
    }

    /// The first twelve hexadecimal digits of the hash over all rule files and packages.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// What the choice of a receiver rests on.
    pub fn routes(&self) -> &Routes {
        &self.routes
    }

    /// The packages that were loaded beside our own rules.
    pub fn editions(&self) -> &[Edition] {
        &self.editions
    }

    /// The events that have a message profile, or a case message, sorted.
    pub fn events(&self) -> Vec<&str> {
        let urls = self.profiles.urls().into_iter();
        let own = urls.filter_map(|url| {
            url.strip_prefix(CANONICAL)?.strip_prefix("/StructureDefinition/")?.strip_suffix("-message")
        });
        // `sluss-message` is what the messages of all events have in common.
        let mut events: Vec<&str> = own.filter(|event| *event != "sluss").chain(self.case.events()).collect();
        events.sort_unstable();
        events.dedup();
        events
    }

    /// Is there such a profile, or such a type?
    pub fn knows_profile(&self, url: &str) -> bool {
        self.profiles.knows(url) || self.definitions.type_id(url).is_some()
    }

    /// The addresses of all profiles, sorted.
    pub fn profiles(&self) -> Vec<&str> {
        self.profiles.urls()
    }

    /// Every name that an element or a type of the definitions has: what may be shown of a message,
    /// because no value is among them.
    pub fn names(&self) -> HashSet<String> {
        let definitions = &self.definitions;
        let mut names: HashSet<String> = HashSet::new();
        for ty in definitions.types() {
            names.insert(definitions.type_name(ty).to_string());
            for element in definitions.elements(ty) {
                names.insert(element.name.to_string());
                let of = |t: &fhir::TypeId| {
                    let mut name = definitions.type_name(*t).to_string();
                    name.get_mut(..1).into_iter().for_each(str::make_ascii_uppercase);
                    format!("{}{name}", element.name)
                };
                names.extend(element.types.iter().filter(|_| element.choice).map(of));
            }
        }
        names
    }

    /// Is there a message profile for the event?
    pub fn knows_event(&self, event: &str) -> bool {
        self.profiles.knows(&profile_url(event))
    }

    /// Gives the nodes of a canonical message their types and checks it against its event's profile.
    pub fn check_profile(&self, tree: &mut Tree, event: &str) -> Vec<fhir::Finding> {
        self.check_as(tree, &profile_url(event))
    }

    /// Gives the nodes of a resource their types and checks it against a profile or a type, by URL.
    pub fn check_as(&self, tree: &mut Tree, profile: &str) -> Vec<fhir::Finding> {
        self.definitions.annotate(tree);
        self.profiles.validate_with(tree, profile, &|invariant, node| {
            self.invariants.holds(&self.definitions, invariant, node)
        })
    }

    /// Checks a case message in JSON against its schema and the invariants of its model. Values never
    /// appear in what is found.
    pub fn check_schema(&self, bytes: &[u8]) -> Vec<Finding> {
        self.case.json(bytes)
    }

    /// Reads a case message in XML, and checks it against its XSD and the invariants of its model.
    ///
    /// # Errors
    /// All findings, with line and column; at least one.
    pub fn check_case_xml(&self, bytes: &[u8], max_bytes: usize) -> Result<Tree, Vec<Finding>> {
        self.case.xml(bytes, max_bytes)
    }

    /// Does the case message's schema know the event?
    pub fn knows_case_event(&self, event: &str) -> bool {
        self.case.knows_event(event)
    }

    /// The rules of RIV-TA messages.
    pub fn rivta(&self) -> &RivTaRules {
        &self.rivta
    }

    /// Codes, times, numbers and parties of a canonical message that its case is told; nothing else.
    pub fn details(&self, event: &str, tree: &Tree) -> BTreeMap<String, String> {
        // The types that a tree has may be of other definitions, or none.
        let mut tree = tree.clone();
        self.definitions.annotate(&mut tree);
        self.details.of(event, &tree, &self.definitions)
    }

    /// The same of a message that was checked against its profile, so that its nodes have their types.
    pub fn details_of_checked(&self, event: &str, tree: &Tree) -> BTreeMap<String, String> {
        self.details.of(event, tree, &self.definitions)
    }

    /// The definitions, with the logical models that were loaded.
    pub fn definitions(&self) -> &Definitions {
        &self.definitions
    }

    /// The compiled map of an event between two models.
    pub fn plan(&self, event: &str, from: Model, to: Model) -> Option<&Map> {
        self.plans.get(&(event.to_string(), from, to))
    }

    /// Which messages make what of the one that they name.
    pub fn marks(&self) -> &Marks {
        &self.marks
    }

    /// All compiled maps.
    pub fn maps(&self) -> impl Iterator<Item = (&(String, Model, Model), &Map)> {
        self.plans.iter()
    }

    /// Are there rules of this model?
    pub fn knows_model(&self, model: Model) -> bool {
        !model.is_foreign() || self.foreign.root(model).is_some()
    }

    /// What a message of a foreign model is; `None` if its table has no row for it.
    pub fn meaning(&self, tree: &Tree, model: Model) -> Option<Meaning> {
        self.foreign.meaning(tree, model, &self.definitions)
    }
}

/// Compiles every map that an event has.
fn plans(
    files: &[File],
    of_packages: Vec<ConceptMap>,
    definitions: &Arc<Definitions>,
    problems: &mut Vec<Problem>,
) -> HashMap<(String, Model, Model), Map> {
    let maps = Maps::over(files, of_packages, definitions.clone());
    problems.extend(maps.problems().iter().cloned());
    let mut plans = HashMap::new();
    if !problems.is_empty() {
        return plans;
    }
    for name in maps.names() {
        match maps.compile(&name.url) {
            Ok(map) => {
                plans.insert((name.event.clone(), name.from, name.to), map);
            }
            Err(found) => problems.extend(found),
        }
    }
    plans
}

fn profile_url(event: &str) -> String {
    format!("{CANONICAL}/StructureDefinition/{event}-message")
}

fn in_folder<'a>(files: &'a [File], folder: &'a str) -> impl Iterator<Item = &'a File> {
    files.iter().filter(move |f| f.path.starts_with(folder) && f.path.ends_with(".json"))
}

fn problem(file: &File, message: String) -> Problem {
    problem_at(&file.path, message)
}

fn problem_at(path: &str, message: String) -> Problem {
    Problem::of(path, Code::ConfigMap, message, Code::ConfigMap.entry().remedy.0)
}

/// A table is a Bundle of definitions; everything else stands alone.
fn resources(tree: Tree) -> Vec<Tree> {
    let root = tree.at(tree.root());
    if root.child_text("resourceType") != Some("Bundle") {
        return vec![tree];
    }
    let inner = root.all("entry").filter_map(|e| e.child("resource"));
    inner
        .map(|resource| {
            let mut own = Tree::new(resource.child_text("resourceType").unwrap_or("Resource"));
            let root = own.root();
            own.copy_into(root, resource);
            own
        })
        .collect()
}

fn tree(file: &File, problems: &mut Vec<Problem>) -> Option<Tree> {
    match json::read(file.text.as_bytes(), Form::Fhir, &Limits::default()) {
        Ok(tree) => Some(tree),
        Err(found) => {
            problems.extend(found.iter().map(|f| problem(file, f.to_string())));
            None
        }
    }
}
