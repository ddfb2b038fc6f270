//! FHIR packages of others, from the configured folder: profiles, value sets, code systems, logical
//! models and concept maps.
//!
//! Invariant: no package changes what R4 or our own rules say, and two packages never say different
//! things under one address: which of two definitions holds is never left to the order of files.
//! Every package is part of the rulebook's version. Deliberately absent: fetching packages, and
//! choosing between versions.

use crate::{config::Problem, model::Code};
use aws_lc_rs::digest;
use fhir::{
    Definitions, Tree,
    json::{self, Form},
    package::{self, Limits, Package, Resource},
};
use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

/// The package whose types and value sets are in the binary; others may say more than it does.
const CORE: &str = "hl7.fhir.r4.core";

/// Which edition of a package is loaded.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Edition {
    /// The package's name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The SHA-256 of its file, hexadecimal.
    pub sha256: String,
}

/// A package file.
struct Source {
    path: PathBuf,
    edition: Edition,
    /// What it builds on and is not in the folder.
    missing: Vec<String>,
}

/// A concept map of a package.
pub struct ConceptMap {
    /// The file, as problems name it.
    pub path: PathBuf,
    /// What it says.
    pub tree: Tree,
    /// Its name inside the package.
    pub file: String,
}

impl ConceptMap {
    /// Its address.
    pub fn url(&self) -> Option<&str> {
        url(&self.tree)
    }
}

/// Where a definition of a package went.
enum Place {
    Tree(usize),
    ConceptMap(usize),
}

/// What is known by its address: of our own rules (`None`), or of a package and where it went.
type Known = HashMap<String, Option<(usize, Place)>>;

/// The packages of a folder, as far as they say something new.
#[derive(Default)]
pub struct Packages {
    sources: Vec<Source>,
    /// Which package an address comes from.
    origin: HashMap<String, usize>,
    /// Concept maps.
    pub concept_maps: Vec<ConceptMap>,
}

impl Packages {
    /// Reads every `.tgz` of these folders, and these files, and adds their definitions to `trees`, which
    /// holds our own. All problems at once.
    pub fn read(places: &[&Path], trees: &mut Vec<Tree>) -> Result<Packages, Vec<Problem>> {
        let mut problems = Vec::new();
        let mut opened = Vec::new();
        for place in places {
            let paths =
                if place.is_file() { vec![place.to_path_buf()] } else { archives(place, &mut problems) };
            for path in paths {
                opened.extend(open(path, &mut problems));
            }
        }
        repeated(&opened, &mut problems);
        // The core package comes last: where another says the same with more, the other holds.
        opened.sort_by_key(|(_, package)| package.name == CORE);
        let names: Vec<String> = opened.iter().map(|(_, p)| p.name.clone()).collect();
        let mut all = Packages::default();
        let mut known: Known = trees.iter().filter_map(url).map(|u| (u.to_string(), None)).collect();
        for (mut source, package) in opened {
            let absent = package.dependencies.iter().filter(|(name, _)| !names.contains(name));
            source.missing = absent.map(|(name, version)| format!("{name} {version}")).collect();
            all.sources.push(source);
            for resource in package.resources {
                all.take(resource, trees, &mut known, &mut problems);
            }
        }
        if problems.is_empty() { Ok(all) } else { Err(problems) }
    }

    /// Takes a definition of the last package, unless it is known already.
    fn take(
        &mut self,
        resource: Resource,
        trees: &mut Vec<Tree>,
        known: &mut Known,
        problems: &mut Vec<Problem>,
    ) {
        let Resource { file, tree } = resource;
        let Some(url) = url(&tree).map(str::to_string).filter(|_| !is_of_r4(&tree)) else { return };
        let here = self.sources.len().saturating_sub(1);
        let Some(own) = self.sources.get(here) else { return };
        match known.get(&url) {
            Some(None) => return,
            Some(Some(_)) if own.edition.name == CORE => return,
            Some(Some((other, place))) => {
                let said = match place {
                    Place::Tree(i) => trees.get(*i),
                    Place::ConceptMap(i) => self.concept_maps.get(*i).map(|m| &m.tree),
                };
                let text = |tree| json::write(tree, Form::Fhir);
                if said.map(text) != Some(text(&tree)) {
                    let other = self.sources.get(*other).map_or(Path::new(""), |s| &s.path).display();
                    let message = format!("{file}: `{url}` says something else in {other}");
                    let remedy = "keep one of the two packages, or versions of them that agree";
                    problems.push(Problem::of(&own.path, Code::ConfigReference, message, remedy));
                }
                return;
            }
            None => {}
        }
        let map = tree.name(tree.root()) == "ConceptMap";
        let place = if map { Place::ConceptMap(self.concept_maps.len()) } else { Place::Tree(trees.len()) };
        known.insert(url.clone(), Some((here, place)));
        self.origin.insert(url, here);
        match map {
            true => self.concept_maps.push(ConceptMap { path: own.path.clone(), tree, file }),
            false => trees.push(tree),
        }
    }

    /// A fault in a definition as a problem of the package that it is in, if it is in one.
    pub fn problem(&self, found: &fhir::Finding) -> Option<Problem> {
        let address = found.place.split(' ').next().unwrap_or_default();
        let source = self.sources.get(*self.origin.get(address)?)?;
        let remedy = match source.missing.is_empty() {
            true => "take the package out of the folder, or put a version there that loads".to_string(),
            false => {
                format!("put the packages that it builds on into the folder: {}", source.missing.join(", "))
            }
        };
        Some(Problem::of(&source.path, Code::ConfigMap, found.to_string(), &remedy))
    }

    /// Each package that was read.
    pub fn editions(&self) -> Vec<Edition> {
        self.sources.iter().map(|s| s.edition.clone()).collect()
    }
}

fn url(tree: &Tree) -> Option<&str> {
    tree.child_text(tree.root(), "url")
}

/// Does it define what R4 itself has? That is in the binary and not for a package to change.
fn is_of_r4(tree: &Tree) -> bool {
    let text = |name| tree.child_text(tree.root(), name);
    let (r4, address) = (Definitions::r4(), url(tree).unwrap_or_default());
    let own = address.starts_with("http://hl7.org/fhir/");
    match tree.name(tree.root()) {
        "ValueSet" => own && r4.terms().knows(address),
        "CodeSystem" => own && r4.terms().knows_system(address),
        "StructureDefinition"
            if text("derivation") != Some("constraint") && text("kind") != Some("logical") =>
        {
            text("type").is_some_and(|name| r4.type_id(name).is_some())
        }
        _ => false,
    }
}

fn archives(folder: &Path, problems: &mut Vec<Problem>) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = match std::fs::read_dir(folder) {
        Ok(entries) => entries.flatten().map(|e| e.path()).collect(),
        Err(_) => {
            let remedy = "`packages` names a folder with FHIR packages (.tgz)";
            problems.push(Problem::of(folder, Code::ConfigFile, "the folder cannot be read", remedy));
            Vec::new()
        }
    };
    paths.retain(|p| p.extension().is_some_and(|e| e == "tgz"));
    paths.sort();
    paths
}

fn open(path: PathBuf, problems: &mut Vec<Problem>) -> Option<(Source, Package)> {
    let limits = Limits::default();
    let size = std::fs::metadata(&path).map(|m| m.len()).unwrap_or_default();
    let bytes = match std::fs::read(&path) {
        Ok(bytes) if size <= limits.max_packed as u64 => bytes,
        Ok(_) => Vec::new(),
        Err(error) => {
            let message = format!("the package cannot be read: {}", error.kind());
            problems.push(Problem::of(path, Code::ConfigFile, message, "check the file and its permissions"));
            return None;
        }
    };
    let package = match package::read(&bytes, &limits) {
        Ok(package) => package,
        Err(found) => {
            let remedy = "fetch the package again, or take it out of the folder";
            problems.extend(found.iter().map(|f| Problem::of(&path, Code::ConfigMap, f.to_string(), remedy)));
            return None;
        }
    };
    let versions = &package.fhir_versions;
    if !versions.is_empty() && !versions.iter().any(|v| v.starts_with("4.0")) {
        let message = format!("{} is for FHIR {}, not for R4", package.name, versions.join(", "));
        let remedy = "use the package's edition for FHIR 4.0.1";
        problems.push(Problem::of(path, Code::ConfigMap, message, remedy));
        return None;
    }
    let digest = digest::digest(&digest::SHA256, &bytes);
    let sha256 = digest.as_ref().iter().map(|b| format!("{b:02x}")).collect();
    let edition = Edition { name: package.name.clone(), version: package.version.clone(), sha256 };
    Some((Source { path, edition, missing: Vec::new() }, package))
}

fn repeated(opened: &[(Source, Package)], problems: &mut Vec<Problem>) {
    for (i, (source, package)) in opened.iter().enumerate() {
        if let Some((first, other)) = opened[..i].iter().find(|(_, p)| p.name == package.name) {
            let (name, file) = (&package.name, first.path.display());
            let message = format!("{name} {} is here, and {} in {file}", package.version, other.version);
            problems.push(Problem::of(&source.path, Code::ConfigReference, message, "keep one version"));
        }
    }
}
