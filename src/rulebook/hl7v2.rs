//! HL7 v2 as a tree of its logical model, both ways.
//!
//! Invariants: which element has which number is read from the model (`alias`: `PID-3`, `CX.1`), so no line here
//! knows a field; what is read has the bytes that it came from; null (`""`) is a node of its own kind that maps take
//! for nothing. What the model does not name is in the tree under its number, as something that no map reads.
//! Deliberately absent: which segments a message must have, and what any of them means.

mod place;
mod read;
#[cfg(test)]
mod tests;
mod time;
mod write;

use super::File;
use fhir::{Definitions, Tree, TypeId};
use std::{collections::HashMap, sync::Arc};

/// The type that maps of HL7 v2 read or write.
pub const ROOT: &str = "Hl7v2";

/// A character set by the name that MSH-18 has for it.
pub fn charset(name: &str) -> Option<hl7v2::Charset> {
    hl7v2::Charset::named(name)
}

/// Where the models stand.
const MODELS: [&str; 2] = ["conformance/models/hl7v2.json", "conformance/models/hl7v2-types.json"];

/// How a segment that the model does not have is called.
const OTHER: &str = "segment";

/// What an element holds.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Holds {
    Text,
    Moment,
    Day,
    /// Components of a data type.
    Parts(String),
}

/// An element by its number.
#[derive(Clone, Debug)]
struct Part {
    number: u32,
    name: String,
    holds: Holds,
    many: bool,
}

/// The elements of a segment or of a data type.
#[derive(Clone, Default, Debug)]
struct Group {
    many: bool,
    parts: Vec<Part>,
    /// Segments that stand below this one.
    owns: Vec<String>,
}

impl Group {
    fn part(&self, number: u32) -> Option<&Part> {
        self.parts.iter().find(|p| p.number == number)
    }

    fn named(&self, name: &str) -> Option<&Part> {
        self.parts.iter().find(|p| p.name == name)
    }
}

/// The model, by segment and data type.
#[derive(Debug)]
pub struct Hl7v2 {
    definitions: Arc<Definitions>,
    root: TypeId,
    segments: HashMap<String, Group>,
    types: HashMap<String, Group>,
}

/// Why bytes are no message, or a tree is none. No values.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unread {
    /// A stable word.
    pub code: &'static str,
    /// `PID-3[2].1`
    pub place: String,
    /// Bytes of the message.
    pub span: std::ops::Range<usize>,
    /// What is wrong, and what to do now.
    pub message: String,
}

impl From<hl7v2::Fault> for Unread {
    fn from(fault: hl7v2::Fault) -> Unread {
        Unread {
            code: fault.code.id(),
            place: fault.place.to_string(),
            span: fault.span,
            message: format!("{}; {}", fault.what, fault.remedy),
        }
    }
}

impl From<&Unread> for fhir::Finding {
    fn from(unread: &Unread) -> fhir::Finding {
        let span = fhir::Span { start: unread.span.start as u32, end: unread.span.end as u32 };
        fhir::Finding::error(unread.code, unread.place.clone(), span, unread.message.clone())
    }
}

impl Hl7v2 {
    /// The model among these files, whose types the definitions have; `None` where it is not there.
    pub fn of(files: &[File], definitions: &Arc<Definitions>) -> Option<Hl7v2> {
        let root = definitions.type_id(ROOT)?;
        let (mut segments, mut types) = (HashMap::new(), HashMap::new());
        for path in MODELS {
            let file = files.iter().find(|f| f.path == path)?;
            let tree = super::tree(file, &mut Vec::new())?;
            for model in super::resources(tree) {
                group(&model, &mut segments, &mut types);
            }
        }
        Some(Hl7v2 { definitions: definitions.clone(), root, segments, types })
    }

    fn segment(&self, name: &str) -> Option<&Group> {
        self.segments.get(name).filter(|_| name != OTHER)
    }

    fn parts(&self, ty: &str) -> Option<&Group> {
        self.types.get(ty)
    }
}

/// Takes in the elements of a model, in the order in which they stand there.
fn group(model: &Tree, segments: &mut HashMap<String, Group>, types: &mut HashMap<String, Group>) {
    let root = model.at(model.root());
    let elements = root.child("differential").into_iter().flat_map(|d| d.all("element"));
    for element in elements {
        let Some(path) = element.child_text("path") else { continue };
        let many = element.child_text("max") == Some("*");
        let names: Vec<&str> = path.split('.').collect();
        let (group, name) = match names.as_slice() {
            [ROOT, segment] => {
                segments.entry(segment.to_string()).or_default().many = many;
                continue;
            }
            [ROOT, segment, name] => (segments.entry(segment.to_string()).or_default(), *name),
            [ty, name] => (types.entry(ty.to_string()).or_default(), *name),
            _ => continue,
        };
        let code = element.child("type").and_then(|t| t.child_text("code"));
        let number = element.child_text("alias").and_then(|alias| alias.rsplit(['-', '.']).next());
        match (number.and_then(|n| n.parse().ok()), code) {
            (Some(number), Some(code)) => {
                let holds = match code {
                    "string" => Holds::Text,
                    "dateTime" => Holds::Moment,
                    "date" => Holds::Day,
                    ty => Holds::Parts(ty.to_string()),
                };
                group.parts.push(Part { number, name: name.to_string(), holds, many });
            }
            _ if element.child("contentReference").is_some() => group.owns.push(name.to_string()),
            _ => {}
        }
    }
}
