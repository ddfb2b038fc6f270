//! RIV-TA messages: a SOAP envelope read into the contract's logical model, and written from it.
//!
//! Invariants: what is read has passed the contract's schema and what is written does too; days and
//! moments are FHIR's in the tree and the contract's on the wire; no value is in a finding.
//! Deliberately absent: which event a message is, and any field of one, which the maps know; and
//! elements of other namespaces than the contract's and ours, which the schema lets in: nothing would
//! carry them on, so the message is refused.

mod clock;

use super::{File, Xsd, check::place, problem_at};
use crate::{
    config::Problem,
    model::{Code, Finding},
};
use fhir::{Definitions, NodeId, Tree, TypeId, json::Limits, xml};
use std::{path::Path, sync::Arc};

/// Where our schemas of the contract stand.
const OURS: &str = "conformance/schemas/rivta/";
/// Where the schemas of our additions stand; they are there whoever's contract is used.
const ADDED: &str = "conformance/schemas/rivta-extension/";
/// The calls that are carried: a contract without one of them is not this contract.
const CARRIED: [&str; 3] = ["ProcessRequest", "ProcessRequestConfirmation", "ProcessRequestOutcome"];
const MODEL: &str = "conformance/models/rivta.json";
/// The types that hold a moment or a day, and in which attributes.
const TIMES: [(&str, &[&str], clock::Form); 3] = [
    ("RivTaTimeStampType", &["value"], clock::Form::Moment),
    ("RivTaDateType", &["value"], clock::Form::Day),
    ("RivTaTimeIntervalType", &["low", "high"], clock::Form::Day),
];

/// The contract's rules, compiled.
pub struct RivTaRules {
    definitions: Arc<Definitions>,
    message: TypeId,
    xsd: Xsd,
    /// The contract's files, for those who ask for them.
    contract: Vec<File>,
    /// The schemas of our additions.
    added: Vec<File>,
}

impl RivTaRules {
    /// Compiles our schemas of the contract.
    ///
    /// # Errors
    /// What is wrong with the schemas, or the model that is missing.
    pub fn load(files: &[File], definitions: &Arc<Definitions>) -> Result<RivTaRules, Vec<Problem>> {
        let under = |folder: &'static str| files.iter().filter(move |f| f.path.starts_with(folder));
        let short =
            |f: &File| File { path: f.path.trim_start_matches(OURS).to_string(), text: f.text.clone() };
        RivTaRules::of(under(OURS).map(short).collect(), under(ADDED).cloned().collect(), definitions)
    }

    /// The same with a site's own copy of the published contract instead of ours.
    ///
    /// # Errors
    /// What is wrong with the folder or its schemas.
    pub fn published(&self, folder: &Path) -> Result<RivTaRules, Vec<Problem>> {
        let contract = super::files::under(folder, &super::xsd::is_wanted)?;
        let lacking = |operation: &&str| {
            let name = format!("{operation}Responder_1.0.xsd");
            !contract.iter().any(|f| f.path.rsplit('/').next() == Some(name.as_str()))
        };
        let missing: Vec<&str> = CARRIED.into_iter().filter(lacking).collect();
        if !missing.is_empty() {
            let what = format!("the folder has no schema of {}", missing.join(", "));
            return Err(vec![problem_at(&folder.display().to_string(), what)]);
        }
        RivTaRules::of(contract, self.added.clone(), &self.definitions)
    }

    fn of(
        contract: Vec<File>,
        added: Vec<File>,
        definitions: &Arc<Definitions>,
    ) -> Result<RivTaRules, Vec<Problem>> {
        let schemas: Vec<File> = contract.iter().chain(&added).cloned().collect();
        let xsd = Xsd::compile(&schemas)?;
        let Some(message) = definitions.type_id("RivTa") else {
            return Err(vec![problem_at(MODEL, "the model of RIV-TA messages is missing".into())]);
        };
        Ok(RivTaRules { definitions: definitions.clone(), message, xsd, contract, added })
    }

    /// The contract's files.
    pub(super) fn files(&self) -> &[File] {
        &self.contract
    }

    /// The schemas of the contract.
    pub fn xsd(&self) -> &Xsd {
        &self.xsd
    }

    /// The text of a file of the contract, by its path in the package.
    pub fn file(&self, path: &str) -> Option<&str> {
        self.contract.iter().find(|f| f.path == path).map(|f| f.text.as_str())
    }

    /// The path of the WSDL that has an operation.
    pub fn wsdl(&self, operation: &str) -> Option<&str> {
        let name = format!("/{operation}Interaction_1.0_RIVTABP21.wsdl");
        self.contract.iter().map(|f| f.path.as_str()).find(|path| format!("/{path}").ends_with(&name))
    }

    /// Reads an envelope; every node has its type.
    ///
    /// # Errors
    /// All findings, each with line and column; at least one.
    pub fn read(&self, bytes: &[u8], limits: &Limits) -> Result<Tree, Vec<Finding>> {
        let numbered = |mut found: Vec<Finding>| {
            place::number(&mut found, bytes);
            found
        };
        let opened = soap::open(bytes, limits).map_err(|found| numbered(told(&found)))?;
        self.xsd.check_soap(bytes, limits).map_err(|found| numbered(told(&found)))?;
        let plain = opened.without_others(bytes);
        let tree = xml::read(&plain, &self.definitions, Some(self.message), limits);
        let mut tree = tree.map_err(|found| numbered(told(&found)))?;
        let wrong = self.turn(&mut tree, &|form, text| form.read(text));
        let told = |&node: &NodeId| {
            let span = tree.span(node);
            let what = "no such day or time; write digits as the contract has them, by the clock of Europe/Stockholm";
            Finding::error(Code::Schema, what)
                .at(tree.path(node))
                .over(span.start as usize..span.end as usize)
        };
        let findings: Vec<Finding> = wrong.iter().map(told).collect();
        if findings.is_empty() { Ok(tree) } else { Err(numbered(findings)) }
    }

    /// Writes an envelope. Error: `SLUSS-MAP-001`, what the contract cannot hold.
    pub fn write(&self, tree: &Tree) -> Result<Vec<u8>, Finding> {
        let cannot = |what: String| {
            Finding::error(Code::Untranslatable, format!("the contract cannot hold it: {what}"))
        };
        let mut tree = tree.clone();
        self.definitions.annotate_as(&mut tree, self.message);
        let wrong = self.turn(&mut tree, &|form, text| form.write(text));
        if let Some(node) = wrong.first() {
            return Err(cannot(format!("at {} no moment with its offset, or no day", tree.path(*node))));
        }
        let first = |found: &[fhir::Finding]| found.first().map(ToString::to_string).unwrap_or_default();
        let text = xml::write(&tree, &self.definitions).map_err(|found| cannot(first(&found)))?;
        let limits = Limits { max_bytes: text.len(), ..Limits::default() };
        match self.xsd.check_soap(text.as_bytes(), &limits) {
            Ok(_) => Ok(text.into_bytes()),
            Err(found) => Err(cannot(first(&found))),
        }
    }

    /// Turns days and moments round in their places; the nodes that hold none.
    fn turn(&self, tree: &mut Tree, turn: &dyn Fn(clock::Form, &str) -> Option<String>) -> Vec<NodeId> {
        let (mut open, mut wrong, mut right) = (vec![tree.root()], Vec::new(), Vec::new());
        while let Some(node) = open.pop() {
            let name = self.definitions.type_name(tree.type_of(node));
            let times = TIMES.iter().find(|(ty, ..)| *ty == name);
            let Some((_, attributes, form)) = times else {
                open.extend(tree.children(node));
                continue;
            };
            for child in tree.children(node).filter(|c| attributes.contains(&tree.name(*c))) {
                match turn(*form, tree.text(child).unwrap_or_default()) {
                    Some(text) => right.push((child, text)),
                    None => wrong.push(child),
                }
            }
        }
        for (node, text) in right {
            tree.set(node, fhir::Kind::String, &text);
        }
        wrong
    }
}

/// Findings of the engines as the gateway tells them.
fn told(found: &[fhir::Finding]) -> Vec<Finding> {
    let one = |f: &fhir::Finding| {
        let code = match f.code {
            "xml-size" => Code::TooLarge,
            "xml-depth" | "xml-nodes" => Code::TooDeep,
            "xml-element" | "xml-attribute" | "xml-order" | "xml-repeated" | "xml-text" => Code::Schema,
            code if code.starts_with("xml-") => Code::NotXml,
            code if code.starts_with("soap-") => Code::NotSoap,
            _ => Code::Schema,
        };
        let finding = Finding::error(code, format!("{} [{}]", f.message, f.code));
        finding.at(f.place.clone()).over(f.span.start as usize..f.span.end as usize)
    };
    found.iter().map(one).collect()
}
