//! Compiled maps: one per event and pair of formats.
//!
//! Invariant: running is deterministic: the ids that a map makes are derived from the source, so the
//! same message is always translated to the same bytes. Deliberately absent: any field of a message.

use super::hl7v2::{self, Hl7v2};
use crate::model::Told;
use aws_lc_rs::digest;
use fhir::{
    Definitions, NodeRef, Tree,
    json::{self, Form, Limits},
    xml,
};
use fml::{Bounds, Inputs, Plan, Trace};
use std::{
    cell::{Cell, OnceCell},
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
    hl7v2: Option<Arc<Hl7v2>>,
}

impl Map {
    pub(super) fn new(plan: Plan, definitions: Arc<Definitions>, hl7v2: Option<Arc<Hl7v2>>) -> Map {
        Map { plan, definitions, hl7v2 }
    }

    /// The compiled map itself.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// What it was checked against.
    pub fn definitions(&self) -> &Definitions {
        &self.definitions
    }

    /// Reads a document in the form that the map translates from: JSON or, by its first sign, XML.
    pub fn read(&self, bytes: &[u8]) -> Result<Tree, Vec<fhir::Finding>> {
        if let Some(hl7v2) = self.hl7v2.as_ref().filter(|_| self.plan.source_type() == hl7v2::ROOT) {
            return hl7v2
                .read(bytes, Limits::default().max_bytes, None)
                .map_err(|found| found.iter().map(fhir::Finding::from).collect());
        }
        let form = self.form(self.plan.source_type());
        let first = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes).trim_ascii_start().first();
        if first != Some(&b'<') {
            return json::read(bytes, form, &Limits::default());
        }
        let foreign = self.definitions.type_id(self.plan.source_type()).filter(|_| form == Form::Plain);
        xml::read(bytes, &self.definitions, foreign, &Limits::default())
    }

    /// Is the document in the form that the map translates from?
    pub fn reads(&self, tree: &Tree) -> bool {
        let is_fhir = tree.child_text(tree.root(), "resourceType").is_some();
        is_fhir == (self.form(self.plan.source_type()) == Form::Fhir)
    }

    /// Writes a result in the form that the map translates to, one member a line.
    pub fn write(&self, tree: &Tree) -> String {
        if let Some(hl7v2) = self.hl7v2.as_ref().filter(|_| self.plan.target_type() == hl7v2::ROOT) {
            // For people: the line ends of the message itself show on no terminal.
            return match hl7v2.write(tree) {
                Ok(bytes) => String::from_utf8_lossy(&bytes).replace('\r', "\n"),
                Err(found) => found.iter().map(|f| format!("{}: {}\n", f.place, f.message)).collect(),
            };
        }
        let text = json::write_pretty(tree, self.form(self.plan.target_type()));
        text.trim_end().to_string() + "\n"
    }

    /// How files of what it writes end.
    pub fn ending(&self) -> &'static str {
        if self.hl7v2.is_some() && self.plan.target_type() == hl7v2::ROOT { "hl7" } else { "json" }
    }

    /// A result as it was written, for comparing; `None` if it is none.
    pub fn written(&self, text: &str) -> Option<serde_json::Value> {
        if self.ending() == "json" {
            return serde_json::from_str(text).ok();
        }
        let tree = self.hl7v2.as_ref()?.read(text.as_bytes(), Limits::default().max_bytes, None).ok()?;
        serde_json::from_str(&json::write(&tree, Form::Plain)).ok()
    }

    /// A foreign format has a logical model, and its own names.
    fn form(&self, ty: &str) -> Form {
        match self.definitions.type_id(ty) {
            Some(ty) if !self.definitions.is_resource(ty) => Form::Plain,
            _ => Form::Fhir,
        }
    }

    /// Gives the nodes of a source their types, which [`Map::run`] needs.
    pub fn annotate(&self, tree: &mut Tree) {
        match self.definitions.type_id(self.plan.source_type()) {
            Some(ty) if !self.definitions.is_resource(ty) => self.definitions.annotate_as(tree, ty),
            _ => self.definitions.annotate(tree),
        }
    }

    /// Translates an annotated tree, with ids derived from the source.
    pub fn run(&self, source: &Tree, told: &Told) -> Result<Tree, MapFault> {
        let seed = OnceCell::new();
        let count = Cell::new(0u64);
        self.run_with(source, told, &|| {
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
    pub fn run_counted(&self, tree: &Tree, told: &Told) -> Result<Tree, fml::MapFault> {
        let source = self.annotated(tree);
        let count = Cell::new(0u64);
        self.plan.run(source.at(source.root()), &inputs(&|| counted(&count), &told.pairs()))
    }

    /// The same, and how it came about.
    pub fn trace_counted(&self, tree: &Tree, told: &Told) -> (Result<Tree, fml::MapFault>, Trace) {
        let source = self.annotated(tree);
        let count = Cell::new(0u64);
        self.plan.trace(source.at(source.root()), &inputs(&|| counted(&count), &told.pairs()))
    }

    fn run_with(&self, source: &Tree, told: &Told, ids: &dyn Fn() -> String) -> Result<Tree, MapFault> {
        let root = NodeRef { tree: source, id: source.root() };
        self.plan.run(root, &inputs(ids, &told.pairs())).map_err(|fault| MapFault {
            message: format!("{} [{}, rule {} of {}]", fault.message, fault.code, fault.rule, fault.map),
            place: Some(fault.place).filter(|p| !p.is_empty()),
        })
    }

    fn annotated(&self, tree: &Tree) -> Tree {
        let mut source = tree.clone();
        self.annotate(&mut source);
        source
    }
}

/// No map may ask for the time, nor for anything else that is neither in the message nor told beside it.
fn inputs<'a>(ids: &'a dyn Fn() -> String, parameters: &'a [(&'a str, &'a str)]) -> Inputs<'a> {
    Inputs { ids, now: "", parameters, bounds: Bounds::default() }
}

fn counted(count: &Cell<u64>) -> String {
    count.set(count.get() + 1);
    format!("00000000-0000-4000-8000-{:012x}", count.get())
}

/// The hash of what the tree says, whether it was read or built.
fn seed_of(tree: &Tree) -> digest::Digest {
    match tree.source() {
        "" => digest::digest(&digest::SHA256, json::write(tree, Form::Fhir).as_bytes()),
        source => digest::digest(&digest::SHA256, source.as_bytes()),
    }
}
