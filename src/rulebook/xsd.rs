//! XML bodies against XSDs: the schemas of a set of files, WSDLs' types among them, compiled and asked.
//!
//! Invariants: an import is only ever answered from the files that were given; text reaches the
//! library only after our own XML reader let it pass, so no DOCTYPE, entity, other encoding or depth
//! does; no value of a message is in a finding. Deliberately absent: hints in documents
//! (`xsi:schemaLocation` is passed over), and XSD 1.1.

mod drive;
mod files;

use super::File;
use crate::{config::Problem, model::Code};
use fhir::{Finding, xml::Limits};
use files::Given;
pub(super) use files::is_wanted;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use xsd_schema::{ResolverConfig, SchemaError, SchemaResolver, SchemaSet, SchemaSetBuilder, XsdVersion};

/// How much longer than after compilation the library's table of names may become: it keeps every
/// name that it met in a document.
const MOST_NAMES: usize = 1 << 20;

/// What a SOAP envelope turned out to hold.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Body {
    /// A message that follows its schema: its name, as the schema declares it.
    Message(String),
    /// A fault.
    Fault,
}

/// Compiled schemas.
pub struct Xsd {
    given: Arc<[(String, String)]>,
    /// Compiled sets that nobody uses now. A set is for one thread at a time.
    idle: Mutex<Vec<Set>>,
}

/// A compiled set, and how long its table of names was then.
struct Set {
    schemas: SchemaSet,
    names: usize,
}

impl Xsd {
    /// Compiles the schemas of a folder and its folders.
    ///
    /// # Errors
    /// As [`Xsd::compile`], and a folder that cannot be read.
    pub fn load(folder: &Path) -> Result<Xsd, Vec<Problem>> {
        Xsd::compile(&super::files::under(folder, &is_wanted)?)
    }

    /// Compiles the `.xsd` files and the types of the `.wsdl` files; all problems of the first file
    /// that has some.
    ///
    /// # Errors
    /// A file that is no schema, an import that no file answers, a schema that breaks XSD's rules.
    pub fn compile(files: &[File]) -> Result<Xsd, Vec<Problem>> {
        let given: Arc<[(String, String)]> = files::addressed(files)?.into();
        let set = compile(&given)?;
        Ok(Xsd { given, idle: Mutex::new(vec![set]) })
    }

    /// Checks a document whose root is an element that a schema declares.
    ///
    /// # Errors
    /// All findings: the reader's (`xml-…`), or the schema's by XSD's own codes (`cvc-…`).
    pub fn check(&self, bytes: &[u8], limits: &Limits) -> Result<(), Vec<Finding>> {
        self.with(|set| drive::document(&set.schemas, bytes, limits))
    }

    /// Checks what a SOAP 1.1 or 1.2 envelope carries: one element in its body, which a schema declares,
    /// or a fault.
    ///
    /// # Errors
    /// As [`Xsd::check`]; and `soap-…` where it is no envelope with one body.
    pub fn check_soap(&self, bytes: &[u8], limits: &Limits) -> Result<Body, Vec<Finding>> {
        self.with(|set| drive::envelope(&set.schemas, bytes, limits))
    }

    fn with<T>(&self, ask: impl FnOnce(&Set) -> Result<T, Vec<Finding>>) -> Result<T, Vec<Finding>> {
        let idle = || self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let free = idle().pop();
        let set = match free.map_or_else(|| compile(&self.given), Ok) {
            Ok(set) => set,
            Err(_) => return Err(vec![drive::broken()]),
        };
        let answer = ask(&set);
        if set.schemas.name_table.heap_bytes() < set.names.saturating_add(MOST_NAMES) {
            idle().push(set);
        }
        answer
    }
}

fn compile(given: &Arc<[(String, String)]>) -> Result<Set, Vec<Problem>> {
    let loader = Box::new(Given(given.clone()));
    let mut resolver = SchemaResolver::with_config_and_loader(ResolverConfig::default(), loader);
    // `xml:lang` and its like are the library's own.
    resolver.catalog_mut().add_xml_catalog();
    let mut builder = SchemaSetBuilder::with_resolver(resolver, XsdVersion::V1_0);
    for (address, text) in given.iter() {
        if !builder.is_loaded(address) {
            builder = builder.add_source(text, address).map_err(|e| vec![told(&e, address)])?;
        }
    }
    let schemas = builder.compile().map_err(|e| vec![told(&e, "")])?.into_schema_set();
    let missing: Vec<Problem> = schemas
        .directive_failures()
        .iter()
        .map(|f| {
            let at = f.location().map_or("", |l| l.base_uri.as_str());
            let what = f.schema_location().or(f.namespace()).unwrap_or("a schema");
            wrong(files::path(at), format!("`{what}` is imported and is not among the files"))
        })
        .collect();
    match missing.is_empty() {
        true => Ok(Set { names: schemas.name_table.heap_bytes(), schemas }),
        false => Err(missing),
    }
}

fn told(error: &SchemaError, address: &str) -> Problem {
    let at = error.location().map_or(address, |l| l.base_uri.as_str());
    wrong(files::path(at), error.to_string().replace(files::ROOT, ""))
}

fn wrong(path: &str, message: String) -> Problem {
    let remedy = "mend the schema, or put the file that is missing among the others";
    Problem::of(path, Code::ConfigMap, message, remedy)
}
