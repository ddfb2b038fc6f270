//! What the cases are judged by: the core package, read once, and what each case brings.
//!
//! Invariant: a document that cannot be read has the reader's findings. Deliberately absent: settings
//! that our validator does not have.

use crate::cases::Case;
use crate::suite;
use fhir::{Definitions, Finding, Profiles, Severity, Tree, json, package, xml};
use fhirpath::Invariants;
use std::collections::{HashMap, HashSet};
use std::path::Path;

/// How the reference validator was set: an unknown extension is wrong, unless it is of one of the
/// domains that stand for examples.
pub fn unknown_extension(url: &str, _modifier: bool) -> Severity {
    // The last: definitions that it had and that are not beside the cases.
    let examples = ["example.org", "acme.com", "nema.org", "http://hl7.org/fhir/test/"];
    match examples.iter().any(|domain| url.contains(domain)) {
        true => Severity::Information,
        false => Severity::Error,
    }
}

/// The core package, loaded.
pub struct Core {
    shelf: Shelf,
    definitions: Definitions,
    /// Its profiles, which each case's own are loaded beside.
    structures: Vec<Tree>,
    alone: Rules,
}

/// Profiles, ready to judge by.
struct Rules {
    profiles: Profiles,
    invariants: Invariants,
}

impl Rules {
    fn of(definitions: &Definitions, trees: &[Tree]) -> Result<Rules, Vec<Finding>> {
        let profiles = Profiles::load(definitions, trees)?;
        let invariants = Invariants::of(&profiles, &[]);
        Ok(Rules { profiles, invariants })
    }

    /// As [`Rules::of`], but without the definitions that are refused: some of the suite's name elements
    /// that do not exist, which the reference validator passes over.
    fn sound(definitions: &Definitions, mut trees: Vec<Tree>) -> Result<Rules, String> {
        loop {
            let faults = match Rules::of(definitions, &trees) {
                Ok(rules) => return Ok(rules),
                Err(faults) => faults,
            };
            let before = trees.len();
            let refused = |t: &Tree| {
                let url = t.child_text(t.root(), "url").unwrap_or("(no url)");
                faults.iter().any(|f| f.place.split(' ').next() == Some(url))
            };
            trees.retain(|t| !refused(t));
            if trees.len() == before {
                return Err(told(&faults));
            }
        }
    }
}

fn told(faults: &[Finding]) -> String {
    faults.iter().map(|f| format!("{f}\n")).collect()
}

fn limits() -> json::Limits {
    json::Limits { max_bytes: 64 << 20, max_depth: 200, max_nodes: 10_000_000 }
}

/// Reads a file of the suite by its ending.
fn read(folder: &Path, file: &str) -> Result<Tree, Vec<Finding>> {
    let bytes = std::fs::read(folder.join(file)).unwrap_or_else(|e| panic!("{file}: {e}"));
    let definitions = Definitions::r4();
    if file.ends_with(".xml") {
        return xml::read(&bytes, definitions, None, &limits());
    }
    json::read(&bytes, json::Form::Fhir, &limits())
}

/// The profiles beside the cases, by URL. The reference validator fetched what a case names without
/// bringing it; so does this.
struct Shelf(HashMap<String, Tree>);

impl Shelf {
    fn read(folder: &Path) -> Shelf {
        let mut known = HashMap::new();
        for ending in [".json", ".xml"] {
            for (name, bytes) in suite::files(folder, ending) {
                let marked = bytes.windows(19).any(|w| w == b"StructureDefinition");
                let Some(tree) = marked.then(|| read(folder, &name).ok()).flatten() else { continue };
                let text = |name: &str| tree.child_text(tree.root(), name).unwrap_or_default().to_string();
                if text("resourceType") == "StructureDefinition" && text("derivation") == "constraint" {
                    known.entry(text("url")).or_insert(tree);
                }
            }
        }
        Shelf(known)
    }

    /// Adds the profiles that the instance names, and those that they name in turn.
    fn fetch(&self, tree: &Tree, more: &mut Vec<Tree>, known: impl Fn(&str) -> bool) {
        let url = |t: &Tree| t.child_text(t.root(), "url").unwrap_or_default().to_string();
        let mut had: HashSet<String> = more.iter().map(url).collect();
        let mut open: Vec<Tree> = [vec![tree.clone()], more.clone()].concat();
        while let Some(tree) = open.pop() {
            let mut nodes = vec![tree.root()];
            while let Some(node) = nodes.pop() {
                nodes.extend(tree.children(node));
                let names = ["url", "profile", "targetProfile"].contains(&tree.name(node));
                let Some(text) = tree.text(node).filter(|_| names) else { continue };
                let Some(found) = self.0.get(text).filter(|_| !known(text)) else { continue };
                if had.insert(text.to_string()) {
                    more.push(found.clone());
                    open.push(found.clone());
                }
            }
        }
    }
}

impl Core {
    pub fn read(folder: &Path, cases: &Path) -> Core {
        let bytes = std::fs::read(folder.join("hl7.fhir.r4.core.tgz")).unwrap();
        let package = package::read(&bytes, &package::Limits::default()).unwrap();
        let mut definitions = Definitions::r4().clone();
        let kind = |t: &Tree| t.child_text(t.root(), "resourceType").unwrap_or_default().to_string();
        let trees: Vec<Tree> = package.resources.into_iter().map(|r| r.tree).collect();
        for tree in trees.iter().filter(|t| kind(t) == "CodeSystem") {
            definitions.terms_mut().add_code_system(tree);
        }
        for tree in trees.iter().filter(|t| kind(t) == "ValueSet") {
            definitions.terms_mut().add_value_set(tree);
        }
        let constrains = |t: &Tree| t.child_text(t.root(), "derivation") == Some("constraint");
        let structures: Vec<Tree> =
            trees.into_iter().filter(|t| kind(t) == "StructureDefinition" && constrains(t)).collect();
        let alone = Rules::of(&definitions, &structures).unwrap();
        Core { shelf: Shelf::read(cases), definitions, structures, alone }
    }

    /// The errors about a resource in JSON, by its type, what it names itself and the default policy.
    pub fn errors(&self, text: &[u8]) -> Vec<Finding> {
        let mut tree = match json::read(text, json::Form::Fhir, &limits()) {
            Ok(tree) => tree,
            Err(findings) => return findings,
        };
        let Rules { profiles, invariants } = &self.alone;
        let definitions = profiles.definitions();
        definitions.annotate(&mut tree);
        let ty = tree.name(tree.root());
        let mut found = profiles
            .validate_with(&tree, ty, &|invariant, node| invariants.holds(definitions, invariant, node));
        found.retain(|f| f.severity == Severity::Error);
        found
    }

    /// All findings about the case's instance, judged by its type and what it names itself, or by the
    /// profile in the file `profile`. An error where the case's definitions are refused.
    pub fn judge(
        &self,
        folder: &Path,
        case: &Case,
        supporting: &[String],
        profile: Option<&str>,
    ) -> Result<Vec<Finding>, String> {
        let files = supporting.iter().map(String::as_str).chain(profile);
        // One that cannot be read is not loaded: what is judged by it is not checkable then.
        let mut more: Vec<Tree> = files.filter_map(|file| read(folder, file).ok()).collect();
        let named = profile.and_then(|file| read(folder, file).ok());
        let url = named.and_then(|t| t.child_text(t.root(), "url").map(str::to_string));
        let mut tree = match read(folder, &case.file) {
            Ok(tree) => tree,
            Err(findings) => return Ok(findings),
        };
        self.shelf.fetch(&tree, &mut more, |url| self.alone.profiles.knows(url));
        let beside = |more| Rules::sound(&self.definitions, [self.structures.clone(), more].concat());
        let own = Some(more).filter(|more| !more.is_empty()).map(beside).transpose()?;
        let rules = own.as_ref().unwrap_or(&self.alone);
        let definitions = rules.profiles.definitions();
        definitions.annotate(&mut tree);
        let url = url.unwrap_or_else(|| tree.name(tree.root()).to_string());
        Ok(rules.profiles.validate_by(&tree, &url, &case.policy, &|invariant, node| {
            rules.invariants.holds(definitions, invariant, node)
        }))
    }
}
