//! What the cases are judged by: the core package, read once, and what each case brings.
//!
//! Invariant: a document that cannot be read has the reader's findings. Deliberately absent: settings
//! that our validator does not have.

use crate::cases::Case;
use fhir::{Definitions, Finding, Profiles, Tree, json, package, xml};
use fhirpath::Invariants;
use std::path::Path;

/// The core package, loaded.
pub struct Core {
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
    fn of(definitions: &Definitions, trees: &[Tree]) -> Result<Rules, String> {
        let profiles = Profiles::load(definitions, trees).map_err(|faults| told(&faults))?;
        let invariants = Invariants::of(&profiles, &[]);
        Ok(Rules { profiles, invariants })
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

impl Core {
    pub fn read(folder: &Path) -> Core {
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
        Core { definitions, structures, alone }
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
        let more = files.map(|file| read(folder, file).map_err(|f| format!("{file}: {}", told(&f))));
        let more: Vec<Tree> = more.collect::<Result<_, String>>()?;
        let url = profile.and(more.last()).and_then(|t| t.child_text(t.root(), "url")).map(str::to_string);
        let beside = |more| Rules::of(&self.definitions, &[self.structures.clone(), more].concat());
        let own = Some(more).filter(|more| !more.is_empty()).map(beside).transpose()?;
        let rules = own.as_ref().unwrap_or(&self.alone);
        let mut tree = match read(folder, &case.file) {
            Ok(tree) => tree,
            Err(findings) => return Ok(findings),
        };
        let definitions = rules.profiles.definitions();
        definitions.annotate(&mut tree);
        let url = url.unwrap_or_else(|| tree.name(tree.root()).to_string());
        Ok(rules.profiles.validate_with(&tree, &url, &|invariant, node| {
            rules.invariants.holds(definitions, invariant, node)
        }))
    }
}
