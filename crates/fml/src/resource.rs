//! A map as a StructureMap resource, both ways.
//!
//! R4 is written; R4 and R5 are read (`const`, parameters of dependents, `defaultValue` as text,
//! absent names and type modes). Invariants: a map that is written and read again is the same map;
//! what R4 has no element for goes into extensions, those of FHIR's cross-version packages where
//! there is one and [`OWN`] where there is none; nothing that is read is passed over in silence
//! except narratives, `meta` and foreign extensions. Deliberately absent: what maps mean (see
//! `compile`).

mod concepts;
mod head;
mod read;
mod read_rule;
mod write;
mod write_rule;

use crate::ast::{InputMode, Map, ModelMode, Name, SourceMode, TypeMode};
use crate::diagnostic::Diagnostic;
use crate::fmt;
use fhir::{NodeRef, Tree};

pub(crate) use read::read;

/// What our own extensions begin with.
///
/// `map-head`: the lines before the first `uses`, where the elements do not say them exactly.
/// `map-comment`: comments where there is no `documentation`. `map-closing`: comments before a
/// closing bracket. `map-block`: an empty block after `then`. `map-text`: a parameter as the text
/// form writes it, where `value[x]` cannot hold it. `map-prefix`: a prefix of an embedded concept map.
/// `map-contained`: points at an embedded concept map.
const OWN: &str = "https://sluss.example/fhir/StructureDefinition/";
const CONSTANT: &str = "http://hl7.org/fhir/5.0/StructureDefinition/extension-StructureMap.const";
const DEFAULT: &str =
    "http://hl7.org/fhir/5.0/StructureDefinition/extension-StructureMap.group.rule.source.defaultValue";
const ABSENT: &str = "http://hl7.org/fhir/StructureDefinition/data-absent-reason";

/// The variable that marks the short form `a.x -> b.y` in resources.
const SHORT_FORM: &str = "vvv";

/// Reads a StructureMap. All findings at once, each with its place in the resource.
///
/// A contained ConceptMap that says more than the text form can (displays, dependencies) is a
/// finding here; [`crate::Library::add_structure_map`] takes it.
pub fn from_resource(file: &str, tree: &Tree) -> Result<Map, Vec<Diagnostic>> {
    let resource = read(file, tree)?;
    match resource.beyond_text.is_empty() {
        true => Ok(resource.map),
        false => Err(resource.beyond_text),
    }
}

/// The map as an R4 StructureMap, its embedded concept maps contained in it.
///
/// Groups without rules and groups called without inputs are written so, though R4 wants one.
pub fn to_resource(map: &Map) -> Tree {
    write::write(map)
}

const MODEL_MODES: [(&str, ModelMode); 4] = [
    ("source", ModelMode::Source),
    ("queried", ModelMode::Queried),
    ("target", ModelMode::Target),
    ("produced", ModelMode::Produced),
];
const INPUT_MODES: [(&str, InputMode); 2] = [("source", InputMode::Source), ("target", InputMode::Target)];
const TYPE_MODES: [(&str, Option<TypeMode>); 3] =
    [("none", None), ("types", Some(TypeMode::Types)), ("type-and-types", Some(TypeMode::TypeAndTypes))];
const SOURCE_MODES: [(&str, SourceMode); 5] = [
    ("first", SourceMode::First),
    ("not_first", SourceMode::NotFirst),
    ("last", SourceMode::Last),
    ("not_last", SourceMode::NotLast),
    ("only_one", SourceMode::OnlyOne),
];

/// The code that stands for the value.
fn code_of<T: PartialEq>(codes: &[(&'static str, T)], value: &T) -> &'static str {
    codes.iter().find(|(_, v)| v == value).map_or("", |(code, _)| code)
}

/// Names with points between them, as `fragment::path` reads them.
fn path_text(path: &[Name]) -> String {
    path.iter().map(fmt::name).collect::<Vec<_>>().join(".")
}

/// The extension of this address.
fn extension<'t>(node: NodeRef<'t>, url: &str) -> Option<NodeRef<'t>> {
    node.all("extension").find(|e| e.child_text("url") == Some(url))
}

/// The extension's value, whatever its type.
fn extension_text<'t>(node: NodeRef<'t>, url: &str) -> Option<&'t str> {
    let found = extension(node, url)?;
    found.children().find(|c| c.name().starts_with("value")).and_then(NodeRef::text)
}

fn own_text<'t>(node: NodeRef<'t>, name: &str) -> Option<&'t str> {
    extension_text(node, &format!("{OWN}{name}"))
}
