//! The maps, concept maps and models that a plan is made from.
//!
//! Invariant: what cannot be read is not taken in; a library never holds a broken map. Deliberately
//! absent: files and folders; the caller reads them.

use crate::ast::{Map, Name};
use crate::compile::Compiler;
use crate::diagnostic::{Diagnostic, Source};
use crate::plan::Plan;
use crate::resource;
use crate::translate::{self, Table, Translator};
use fhir::{Definitions, Tree};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Maps, concept maps and models.
pub struct Library {
    pub(crate) definitions: Arc<Definitions>,
    pub(crate) maps: Vec<Loaded>,
    pub(crate) translator: Translator,
}

/// A map with its text.
pub(crate) struct Loaded {
    pub source: Source,
    pub map: Map,
}

impl Library {
    /// An empty library over these definitions, which include the logical models of foreign formats.
    pub fn new(definitions: Arc<Definitions>) -> Library {
        Library { definitions, maps: Vec::new(), translator: Translator::new() }
    }

    /// Takes in a map and returns its address. All findings at once.
    pub fn add_map(&mut self, file: &str, text: &str) -> Result<String, Vec<Diagnostic>> {
        let map = crate::parse(file, text)?;
        let source = Source::new(file, text);
        let mut found = Vec::new();
        let mut tables = Vec::new();
        for concept_map in &map.concept_maps {
            let id = concept_map.url.text.trim_start_matches('#');
            let address = format!("{}#{id}", map.url.text);
            let table = translate::embedded(&address, concept_map, &source, &mut found);
            tables.push((address, Arc::new(table)));
        }
        self.add(source, map, tables, found)
    }

    /// Takes in a StructureMap resource (R4 or R5) and returns its address. It then behaves as the
    /// same map in text does.
    pub fn add_structure_map(&mut self, file: &str, tree: &Tree) -> Result<String, Vec<Diagnostic>> {
        let resource = resource::read(file, tree)?;
        let url = resource.map.url.text.clone();
        let address = |id: String| format!("{url}#{id}");
        let tables = resource.tables.into_iter().map(|(id, table)| (address(id), table)).collect();
        self.add(resource.source, resource.map, tables, vec![])
    }

    fn add(
        &mut self,
        source: Source,
        map: Map,
        tables: Vec<(String, Arc<Table>)>,
        mut found: Vec<Diagnostic>,
    ) -> Result<String, Vec<Diagnostic>> {
        let url = map.url.text.clone();
        if let Some(other) = self.maps.iter().find(|m| m.map.url.text == url) {
            let message = format!("the address is already that of {}", other.source.file);
            found.push(source.error(map.url.place, "map-twice", message));
        }
        twice(map.groups.iter().map(|g| &g.name), "group", &source, &mut found);
        twice(map.constants.iter().map(|c| &c.name), "constant", &source, &mut found);
        twice(map.concept_maps.iter().map(|c| &c.url), "concept map", &source, &mut found);
        if !found.is_empty() {
            return Err(found);
        }
        self.translator.tables.extend(tables);
        self.maps.push(Loaded { source, map });
        Ok(url)
    }

    /// Takes in a ConceptMap resource (R4, or R5's relationships) and returns its address.
    pub fn add_concept_map(&mut self, file: &str, tree: &Tree) -> Result<String, Vec<Diagnostic>> {
        self.translator.add(file, tree)
    }

    /// The concept maps, those embedded in maps as `map-address#id`.
    pub fn translator(&self) -> &Translator {
        &self.translator
    }

    /// Checks a map against its models and makes it ready to run. All findings at once.
    pub fn compile(&self, map_url: &str) -> Result<Plan, Vec<Diagnostic>> {
        Compiler::new(self).plan(map_url)
    }

    /// The addresses of the maps, in the order they were added.
    pub fn map_urls(&self) -> impl Iterator<Item = &str> {
        self.maps.iter().map(|m| m.map.url.text.as_str())
    }
}

/// Names that are given a second time.
fn twice<'m>(
    names: impl Iterator<Item = &'m Name>,
    what: &str,
    source: &Source,
    found: &mut Vec<Diagnostic>,
) {
    let mut seen = BTreeSet::new();
    for name in names {
        if !seen.insert(name.text.as_str()) {
            let message = format!("the map has a second {what} `{}`", name.text);
            found.push(source.error(name.place, "name-twice", message).with_remedy("rename one of them"));
        }
    }
}
