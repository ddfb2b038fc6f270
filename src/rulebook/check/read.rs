//! Bytes → tree, by the gateway's limits, and what is wrong with the text.
//!
//! Invariant: hostile bytes cost bounded memory and never a panic; all faults of shape come at once, each
//! with line and column. Deliberately absent: any leniency; what is read here is what the doors read.

use super::place;
use crate::{
    model::{Code, Finding, Format},
    rulebook::{
        Rulebook,
        hl7v2::{self, Unread},
    },
};
use fhir::{
    Definitions, Tree, TypeId,
    json::{self, Form, Limits},
    xml,
};

/// Deepest nesting of a message. FHIR resources of ours stay below 20.
const MAX_DEPTH: usize = 64;

/// What no document may go beyond.
pub(super) fn limits(max_bytes: usize) -> Limits {
    Limits { max_bytes, max_depth: MAX_DEPTH, max_nodes: 200_000 }
}

/// Reads JSON of a form. Errors: `SLUSS-IN-001` to `-004`.
pub fn json(bytes: &[u8], form: Form, max_bytes: usize) -> Result<Tree, Vec<Finding>> {
    json::read(bytes, form, &limits(max_bytes)).map_err(|found| told(&found, bytes, Code::NotJson))
}

/// Reads XML of a logical model, or FHIR; every node has its type. Errors: `SLUSS-IN-001`, `-003`, `-013`.
pub fn xml(
    bytes: &[u8],
    definitions: &Definitions,
    root: Option<TypeId>,
    max_bytes: usize,
) -> Result<Tree, Vec<Finding>> {
    xml::read(bytes, definitions, root, &limits(max_bytes)).map_err(|found| told(&found, bytes, Code::NotXml))
}

impl Rulebook {
    /// Reads a document of a format: the one place where the gateway does.
    ///
    /// # Errors
    /// All that is wrong with the text, each with its line and column.
    pub fn read(&self, bytes: &[u8], format: Format, max_bytes: usize) -> Result<Tree, Vec<Finding>> {
        self.read_in(bytes, format, max_bytes, None)
    }

    /// The same from a sender whose HL7 v2 may leave out its character set (MSH-18): then it is this one.
    ///
    /// # Errors
    /// As [`Rulebook::read`].
    pub fn read_in(
        &self,
        bytes: &[u8],
        format: Format,
        max_bytes: usize,
        charset: Option<&str>,
    ) -> Result<Tree, Vec<Finding>> {
        let root = || self.foreign.root(format.model()).ok_or_else(|| vec![no_model(format)]);
        match format {
            Format::FhirJson => json(bytes, Form::Fhir, max_bytes),
            Format::FhirXml => xml(bytes, &self.definitions, None, max_bytes),
            Format::CaseJson => json(bytes, Form::Plain, max_bytes),
            // What the reader refuses the schema tells better, and whole.
            Format::CaseXml => xml(bytes, &self.definitions, Some(self.case.message()), max_bytes)
                .map_err(|found| self.check_case_xml(bytes, max_bytes).err().unwrap_or(found)),
            Format::RivTa => self.rivta.read(bytes, &limits(max_bytes)),
            Format::Hl7v2 => match &self.hl7v2 {
                Some(model) => model
                    .read(bytes, max_bytes, charset.and_then(hl7v2::charset))
                    .map_err(|found| unread(&found, bytes)),
                None => Err(vec![no_model(format)]),
            },
            Format::DialectJson(_) => {
                let mut tree = json(bytes, Form::Plain, max_bytes)?;
                self.definitions.annotate_as(&mut tree, root()?);
                Ok(tree)
            }
            Format::DialectXml(_) => xml(bytes, &self.definitions, Some(root()?), max_bytes),
        }
    }

    /// Writes a document in a format. Error: `SLUSS-MAP-001`, what the format cannot hold.
    pub fn write(&self, tree: &Tree, format: Format) -> Result<Vec<u8>, Finding> {
        match format {
            Format::FhirJson => Ok(json::write(tree, Form::Fhir).into_bytes()),
            Format::CaseJson | Format::DialectJson(_) => Ok(json::write(tree, Form::Plain).into_bytes()),
            Format::RivTa => self.rivta.write(tree),
            Format::Hl7v2 => {
                let model = self.hl7v2.as_ref().ok_or_else(|| no_model(format))?;
                model.write(tree).map_err(|found| {
                    let told: Vec<String> =
                        found.iter().map(|f| format!("{}: {}", f.place, f.message)).collect();
                    let detail = format!("it cannot be written as HL7 v2: {}", told.join("; "));
                    Finding::error(Code::Untranslatable, detail)
                })
            }
            Format::FhirXml | Format::CaseXml | Format::DialectXml(_) => {
                xml::write(tree, &self.definitions).map(String::into_bytes).map_err(|found| {
                    let told = found.first().map(ToString::to_string).unwrap_or_default();
                    Finding::error(Code::Untranslatable, format!("it cannot be written as XML: {told}"))
                })
            }
        }
    }
}

fn no_model(format: Format) -> Finding {
    let detail = format!("the rules have no model for {}", format.word());
    Finding::error(Code::UnknownForm, detail)
}

/// What cannot be read of HL7 v2, at its place in HL7's words.
fn unread(found: &[Unread], bytes: &[u8]) -> Vec<Finding> {
    let finding = |f: &Unread| {
        let code = if f.code == "limit" { Code::TooLarge } else { Code::NotHl7v2 };
        Finding::error(code, format!("{} [{}]", f.message, f.code)).at(f.place.as_str()).over(f.span.clone())
    };
    let mut findings: Vec<Finding> = found.iter().map(finding).collect();
    place::number(&mut findings, bytes);
    findings
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
