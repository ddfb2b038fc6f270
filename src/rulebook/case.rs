//! The case message's rules: its JSON Schema or its XSD, and for both forms the invariants of its model.
//!
//! Invariants: one message has one verdict in both forms; all findings at once, none with a value.
//! What JSON Schema and XSD cannot say (what depends on another element, that a day exists) is asked of
//! the model, over the tree that both forms become. Deliberately absent: parties, agreements and
//! permission; and translating, which is the maps' matter.

mod schema;

use super::{File, Xsd, check::place, problem, problem_at};
use crate::{
    config::Problem,
    model::{Code, Finding},
};
use fhir::{
    Definitions, NodeId, Tree, TypeId, finding,
    json::{self, Form, Limits},
    primitive, xml,
};
use fhirpath::{Expr, Scope};
use schema::{Schema, schema_finding};
use serde_json::Value;
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

const SCHEMA: &str = "conformance/schemas/case-message.schema.json";
const XSD: &str = "conformance/schemas/case-message.xsd";
const MODEL: &str = "conformance/models/CaseMessage.json";

/// A message is shallow and small.
const LIMITS: Limits = Limits { max_bytes: 8 << 20, max_depth: 64, max_nodes: 200_000 };

/// More findings than this help nobody, and each costs a walk over siblings.
const MOST_FINDINGS: usize = 1000;

/// An invariant of the model.
struct Rule {
    key: String,
    /// English / Swedish.
    words: String,
    holds: Expr,
}

/// The compiled rules.
pub struct CaseRules {
    definitions: Arc<Definitions>,
    message: TypeId,
    schema: Schema,
    xsd: Xsd,
    rules: HashMap<TypeId, Vec<Rule>>,
}

impl CaseRules {
    /// Compiles what the files say of the case message; all problems at once. `definitions` have its model.
    pub fn load(files: &[File], definitions: &Arc<Definitions>) -> Result<CaseRules, Vec<Problem>> {
        let mut problems = Vec::new();
        let schema = Schema::load(files).map_err(|p| problems.push(p)).ok();
        let xsd = file(files, XSD).map_err(|p| vec![p]).and_then(|f| Xsd::compile(std::slice::from_ref(f)));
        let xsd = xsd.map_err(|p| problems.extend(p)).ok();
        let rules = rules(files, definitions).map_err(|p| problems.extend(p)).ok();
        let message = definitions.type_id("CaseMessage");
        if message.is_none() {
            problems.push(problem_at(MODEL, "the model of the case message is missing".into()));
        }
        match (schema, xsd, rules, message) {
            (Some(schema), Some(xsd), Some(rules), Some(message)) => {
                Ok(CaseRules { definitions: definitions.clone(), message, schema, xsd, rules })
            }
            _ => Err(problems),
        }
    }

    /// The events that the schema knows.
    pub fn events(&self) -> impl Iterator<Item = &str> {
        self.schema.events()
    }

    /// Is there something that the schema asks of the event's messages?
    pub fn knows_event(&self, event: &str) -> bool {
        self.schema.knows(event)
    }

    /// Checks a message in JSON. Places are JSON pointers.
    pub fn json(&self, bytes: &[u8]) -> Vec<Finding> {
        match json::read(bytes, Form::Plain, &LIMITS) {
            Ok(mut tree) => self.json_read(&mut tree, bytes),
            // What the reader refuses the doors refuse; here it only must not pass in silence.
            Err(found) => found.iter().map(|f| Finding::error(Code::NotJson, f.message.clone())).collect(),
        }
    }

    /// Checks a message in JSON that was read from these bytes, and gives its nodes their types.
    pub fn json_read(&self, tree: &mut Tree, bytes: &[u8]) -> Vec<Finding> {
        let Ok(instance) = serde_json::from_slice::<Value>(bytes) else {
            return vec![Finding::error(Code::NotJson, "not JSON")];
        };
        let event = instance.get("event").and_then(Value::as_str).unwrap_or_default();
        let mut findings: Vec<Finding> = match self.schema.of(event) {
            Some(schema) => {
                let errors = schema.iter_errors(&instance).take(MOST_FINDINGS);
                errors.map(|e| schema_finding(&e, tree)).collect()
            }
            None => vec![
                Finding::error(Code::Schema, "the schema of the event could not be compiled").at("/event"),
            ],
        };
        self.definitions.annotate_as(tree, self.message);
        self.ask(tree, &mut findings, &pointer, &|_, finding| finding);
        findings
    }

    /// Reads a message in XML and checks it. Places are paths of elements, with line and column.
    ///
    /// # Errors
    /// All findings; at least one.
    pub fn xml(&self, bytes: &[u8], max_bytes: usize) -> Result<Tree, Vec<Finding>> {
        let mut findings = Vec::new();
        let limits = Limits { max_bytes: max_bytes.min(LIMITS.max_bytes), ..LIMITS };
        let read = self.xml_unnumbered(bytes, &limits, &mut findings);
        place::number(&mut findings, bytes);
        match read {
            Some(tree) if findings.is_empty() => Ok(tree),
            _ => Err(findings),
        }
    }

    /// Reads a message in XML as far as it can be read.
    fn xml_unnumbered(&self, bytes: &[u8], limits: &Limits, findings: &mut Vec<Finding>) -> Option<Tree> {
        if let Err(found) = self.xsd.check(bytes, limits) {
            findings.extend(found.iter().map(|f| told(f, &f.place)));
        }
        match xml::read(bytes, &self.definitions, Some(self.message), limits) {
            Ok(tree) => {
                self.ask_xml(&tree, findings);
                Some(tree)
            }
            // The XSD refuses what the model cannot hold; should it not, the reader's word is told.
            Err(found) if findings.is_empty() => {
                let own = |f: &fhir::Finding| f.place.replacen(ROOT, "/caseMessage", 1).replace('.', "/");
                findings.extend(found.iter().map(|f| told(f, &own(f))));
                None
            }
            Err(_) => None,
        }
    }

    /// The type of the message.
    pub fn message(&self) -> TypeId {
        self.message
    }

    /// Checks a message in XML that was read from these bytes. Places are paths of elements.
    pub fn xml_read(&self, tree: &Tree, bytes: &[u8]) -> Vec<Finding> {
        let mut findings = Vec::new();
        if let Err(found) = self.xsd.check(bytes, &LIMITS) {
            findings.extend(found.iter().map(|f| told(f, &f.place)));
        }
        self.ask_xml(tree, &mut findings);
        place::number(&mut findings, bytes);
        findings
    }

    fn ask_xml(&self, tree: &Tree, findings: &mut Vec<Finding>) {
        let span = |node| tree.span(node);
        self.ask(tree, findings, &path, &|node, f| {
            f.over(span(node).start as usize..span(node).end as usize)
        });
    }

    /// Asks the model about a typed tree; what is found already at a place is not told again of a value.
    fn ask(
        &self,
        tree: &Tree,
        findings: &mut Vec<Finding>,
        place: &dyn Fn(&Tree, NodeId) -> String,
        on: &dyn Fn(NodeId, Finding) -> Finding,
    ) {
        let scope = Scope::new(Some(&self.definitions));
        let known: HashSet<String> = findings.iter().filter_map(|f| f.place.path.clone()).collect();
        let mut open = vec![tree.root()];
        while let Some(node) = open.pop() {
            if findings.len() >= MOST_FINDINGS {
                let what = format!("{MOST_FINDINGS} findings or more; the rest is not shown");
                findings.push(Finding::error(Code::Schema, what));
                return;
            }
            let ty = tree.type_of(node);
            if self.definitions.is_primitive(ty) {
                let text = tree.text(node).unwrap_or_default();
                let Err(remedy) = primitive::check(self.definitions.type_name(ty), text) else { continue };
                let at = place(tree, node);
                if !known.contains(&at) {
                    findings.push(on(
                        node,
                        Finding::error(Code::Schema, format!("not a value of its type: {remedy}")).at(at),
                    ));
                }
                continue;
            }
            for rule in self.rules.get(&ty).into_iter().flatten() {
                let what = match rule.holds.truth(&scope, tree.at(node)) {
                    Ok(Some(true)) => continue,
                    Ok(_) => "does not hold",
                    Err(_) => "could not be evaluated here",
                };
                let words = format!("the rule {} {what}: {}", rule.key, rule.words);
                findings.push(on(node, Finding::error(Code::Schema, words).at(place(tree, node))));
            }
            let from = open.len();
            open.extend(tree.children(node));
            if let Some(children) = open.get_mut(from..) {
                children.reverse();
            }
        }
    }
}

/// What the XML engines found, in our words.
fn told(f: &fhir::Finding, path: &str) -> Finding {
    let code = match f.code {
        "xml-size" => Code::TooLarge,
        "xml-depth" | "xml-nodes" => Code::TooDeep,
        text if text.starts_with("xml-") => Code::NotXml,
        _ => Code::Schema,
    };
    let detail = format!("{} [{}]", f.message, f.code);
    Finding::error(code, detail).at(path).over(f.span.start as usize..f.span.end as usize)
}

/// How `place` calls the root of a message.
const ROOT: &str = "CaseMessage";

/// A JSON pointer.
fn pointer(tree: &Tree, node: NodeId) -> String {
    let whole = finding::place(tree, node).replace(['.', '['], "/").replace(']', "");
    match whole.split_once('/') {
        Some((_, inner)) => format!("/{inner}"),
        None => "/".into(),
    }
}

/// A path of elements, as the XSD's findings have them.
pub(super) fn path(tree: &Tree, node: NodeId) -> String {
    let mut out = String::from("/caseMessage");
    for part in finding::place(tree, node).split('.').skip(1) {
        let (name, number) = part.split_once('[').unwrap_or((part, ""));
        let number: usize = number.trim_end_matches(']').parse().unwrap_or(0);
        out.push('/');
        out.push_str(name);
        if number > 0 {
            out.push_str(&format!("[{}]", number + 1));
        }
    }
    out
}

fn file<'a>(files: &'a [File], path: &str) -> Result<&'a File, Problem> {
    let found = files.iter().find(|f| f.path == path);
    found.ok_or_else(|| problem_at(path, "a file that describes the case message is missing".into()))
}

/// The model's invariants, by the type that they are about.
fn rules(files: &[File], definitions: &Definitions) -> Result<HashMap<TypeId, Vec<Rule>>, Vec<Problem>> {
    let file = file(files, MODEL).map_err(|p| vec![p])?;
    let mut problems = Vec::new();
    let Some(model) = super::tree(file, &mut problems) else { return Err(problems) };
    let mut rules: HashMap<TypeId, Vec<Rule>> = HashMap::new();
    let differential = model.at(model.root()).child("differential");
    for element in differential.iter().flat_map(|d| d.all("element")) {
        let ty = element.child_text("path").and_then(|p| definitions.type_id(p));
        for constraint in element.all("constraint") {
            let text = |name| constraint.child_text(name).unwrap_or_default();
            match (ty, fhirpath::parse(text("expression"))) {
                (Some(ty), Ok(holds)) => {
                    let (key, words) = (text("key").to_string(), text("human").to_string());
                    rules.entry(ty).or_default().push(Rule { key, words, holds });
                }
                (None, _) => problems.push(problem(file, format!("{}: not about a group", text("key")))),
                (_, Err(fault)) => problems.push(problem(file, format!("{}: {fault}", text("key")))),
            }
        }
    }
    if problems.is_empty() { Ok(rules) } else { Err(problems) }
}
