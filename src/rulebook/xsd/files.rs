//! Where schemas come from: the files that were given, under addresses of their own.
//!
//! Invariant: every address begins with [`ROOT`], and what is not among the files is not found: no
//! disk and no network. A WSDL's schemas are documents of their own, with the namespaces that the WSDL
//! declares around them. Deliberately absent: anything else of a WSDL.

use super::super::{File, problem};
use crate::config::Problem;
use fhir::xml::{self, Event, Limits};
use std::{borrow::Cow, ops::Range, sync::Arc};
use xsd_schema::{EmbeddedLoader, SchemaError, SchemaLoader, SchemaResult};

/// What an address of ours begins with; no scheme that anything else answers.
pub(super) const ROOT: &str = "sluss:/";
const XS: &str = "http://www.w3.org/2001/XMLSchema";
/// A schema is larger than a message.
const LIMITS: Limits = Limits { max_bytes: 16 << 20, max_depth: 64, max_nodes: 1_000_000 };

/// The files, and what the library has of its own.
#[derive(Debug)]
pub(super) struct Given(pub Arc<[(String, String)]>);

impl SchemaLoader for Given {
    fn load(&self, location: &str) -> SchemaResult<String> {
        let own = EmbeddedLoader::new();
        if own.can_load(location) {
            return own.load(location);
        }
        let found = self.0.iter().find(|(address, _)| address == location);
        found
            .map(|(_, text)| text.clone())
            .ok_or_else(|| SchemaError::resolution("not among the files that were given"))
    }

    fn can_load(&self, _location: &str) -> bool {
        true
    }
}

/// The file that an address stands for.
pub(super) fn path(address: &str) -> &str {
    let path = address.strip_prefix(ROOT).unwrap_or(address);
    path.split_once('?').map_or(path, |(path, _)| path)
}

/// The files that schemas are made from.
pub(in crate::rulebook) fn is_wanted(path: &str) -> bool {
    path.ends_with(".xsd") || path.ends_with(".wsdl")
}

/// The schemas among the files with their addresses; all problems at once.
pub(super) fn addressed(files: &[File]) -> Result<Vec<(String, String)>, Vec<Problem>> {
    let mut out = Vec::new();
    let mut problems = Vec::new();
    for file in files.iter().filter(|f| is_wanted(&f.path)) {
        let wsdl = file.path.ends_with(".wsdl");
        match schemas(&file.text) {
            Err(found) => problems.push(problem(file, found.to_string())),
            Ok(_) if !wsdl => out.push((format!("{ROOT}{}", file.path), file.text.clone())),
            Ok(inner) => {
                let numbered = inner.into_iter().enumerate();
                out.extend(numbered.map(|(n, text)| (format!("{ROOT}{}?{n}", file.path), text)));
            }
        }
    }
    if problems.is_empty() { Ok(out) } else { Err(problems) }
}

/// The outermost schemas of a document, each able to stand alone.
fn schemas(text: &str) -> Result<Vec<String>, fhir::Finding> {
    let mut out = Vec::new();
    let (mut depth, mut open): (usize, Option<(usize, Range<usize>, String)>) = (0, None);
    xml::events(text.as_bytes(), &LIMITS, &mut |event, at| match event {
        Event::Start { namespace, name, bound, .. } => {
            if open.is_none() && (namespace, name) == (XS, "schema") {
                open = Some((depth, at.clone(), declarations(text.get(at).unwrap_or_default(), bound)));
            }
            depth += 1;
        }
        Event::Text(_) => {}
        Event::End => {
            depth = depth.saturating_sub(1);
            if let Some((_, tag, declared)) = open.take_if(|(at, ..)| *at == depth) {
                let whole = text.get(tag.start..at.end).unwrap_or_default();
                let name = whole.find(|c: char| c.is_ascii_whitespace() || c == '>' || c == '/');
                let (name, rest) = whole.split_at(name.unwrap_or(whole.len()));
                out.push(format!("{name}{declared}{rest}"));
            }
        }
    })?;
    Ok(out)
}

/// The declarations in force that the tag does not make itself, as attributes.
fn declarations(tag: &str, bound: &[(&str, Cow<'_, str>)]) -> String {
    let mut out = String::new();
    for (n, (prefix, uri)) in bound.iter().enumerate() {
        let name = if prefix.is_empty() { "xmlns".to_string() } else { format!("xmlns:{prefix}") };
        let inner = bound.get(n + 1..).unwrap_or_default().iter().any(|(p, _)| p == prefix);
        let own = tag.split_ascii_whitespace().any(|word| word.split('=').next() == Some(&name));
        if !inner && !own {
            let uri = uri.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
            out.push_str(&format!(" {name}=\"{uri}\""));
        }
    }
    out
}
