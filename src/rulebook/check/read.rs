//! Bytes → tree, by the gateway's limits, and what is wrong with the text.
//!
//! Invariant: hostile bytes cost bounded memory and never a panic; all faults of shape come at once, each
//! with line and column. Deliberately absent: any leniency; what is read here is what the doors read.

use super::place;
use crate::model::{Code, Finding, Format};
use fhir::{
    Definitions, Tree,
    json::{self, Form, Limits},
    xml,
};

/// Deepest nesting of a message. FHIR resources of ours stay below 20.
const MAX_DEPTH: usize = 64;

/// What no document may go beyond.
pub(super) fn limits(max_bytes: usize) -> Limits {
    Limits { max_bytes, max_depth: MAX_DEPTH, max_nodes: 200_000 }
}

/// Reads JSON of a format. Errors: `SLUSS-IN-001` to `-004`.
pub fn json(bytes: &[u8], format: Format, max_bytes: usize) -> Result<Tree, Vec<Finding>> {
    let form = match format {
        Format::FhirJson => Form::Fhir,
        Format::CaseJson => Form::Plain,
    };
    json::read(bytes, form, &limits(max_bytes)).map_err(|found| told(&found, bytes, Code::NotJson))
}

/// Reads a FHIR resource in XML; every node has its type. Errors: `SLUSS-IN-001`, `-003`, `-013`.
pub fn fhir_xml(bytes: &[u8], definitions: &Definitions, max_bytes: usize) -> Result<Tree, Vec<Finding>> {
    xml::read(bytes, definitions, None, &limits(max_bytes)).map_err(|found| told(&found, bytes, Code::NotXml))
}

fn told(found: &[fhir::Finding], bytes: &[u8], otherwise: Code) -> Vec<Finding> {
    let finding = |f: &fhir::Finding| {
        let code = match f.code {
            "json-size" | "xml-size" => Code::TooLarge,
            "json-depth" | "json-nodes" | "xml-depth" | "xml-nodes" => Code::TooDeep,
            "json-duplicate-key" | "json-twin" => Code::DuplicateKey,
            _ => otherwise,
        };
        Finding::error(code, f.message.clone()).over(f.span.start as usize..f.span.end as usize)
    };
    let mut findings: Vec<Finding> = found.iter().map(finding).collect();
    place::number(&mut findings, bytes);
    findings
}
