//! Names that a Measure's criteria take from a library in CQL (FHIR R4 measure.html, clinical quality
//! language §7): is there such a definition?
//!
//! Invariant: only an expression that is nothing but a name is judged, and only where the one library that
//! it can come from is here as CQL. Deliberately absent: CQL itself; any other expression is told as not
//! checkable.

use super::Run;
use super::attachment::decoded;
use crate::tree::NodeRef;
use std::collections::HashSet;

/// The names that the libraries of a measure define.
pub(super) struct Names<'a> {
    /// By the library's name; nothing where a library is not here as CQL.
    libraries: Vec<Option<(&'a str, HashSet<String>)>>,
}

impl<'a> Names<'a> {
    /// Of the libraries that the measure names.
    pub(super) fn of(run: &Run<'a>, measure: NodeRef<'a>) -> Names<'a> {
        let own = run.own;
        let read = |canonical: NodeRef<'a>| {
            let library = own.canonical("Library", canonical.text()?)?;
            let text = |c: &NodeRef<'_>| c.child_text("contentType") == Some("text/cql");
            let data = library.all("content").find(text)?.child_text("data")?;
            let cql = String::from_utf8(decoded(data)?).ok()?;
            Some((library.child_text("name")?, defined(&cql)))
        };
        Names { libraries: measure.all("library").map(read).collect() }
    }

    /// Does the expression name something that is defined? `None`: not decidable here.
    pub(super) fn has(&self, expression: &str) -> Option<bool> {
        let (library, name) = match expression.split_once('.') {
            Some((library, name)) => (Some(library), name.trim_matches('"')),
            None => (None, expression.trim_matches('"')),
        };
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | ' ' | '-');
        let literal = matches!(name, "" | "true" | "false" | "null")
            || name.starts_with(|c: char| !c.is_ascii_alphabetic());
        if literal || !name.chars().all(plain) {
            return None;
        }
        let known = match (library, self.libraries.as_slice()) {
            (None, [Some((_, names))]) => names,
            (None, _) => return None,
            (Some(library), all) => &all.iter().flatten().find(|(name, _)| *name == library)?.1,
        };
        Some(known.contains(name))
    }
}

/// The names behind each `define` of a CQL text.
fn defined(cql: &str) -> HashSet<String> {
    let mut names = HashSet::new();
    for line in cql.lines() {
        let Some(mut rest) = line.trim_start().strip_prefix("define ") else { continue };
        for word in ["private ", "public ", "fluent ", "function "] {
            rest = rest.trim_start().strip_prefix(word).unwrap_or(rest);
        }
        let rest = rest.trim_start();
        let name = match rest.strip_prefix('"') {
            Some(quoted) => quoted.split('"').next().unwrap_or_default(),
            None => rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or_default(),
        };
        names.insert(name.to_string());
    }
    names
}

#[cfg(test)]
mod tests {
    use super::{Names, defined};

    #[test]
    fn names_are_found_where_they_are_defined() {
        let cql = "library X\ndefine \"Initial Population\":\n  true\n define private function Age(p Patient): 1\n// define no\ndefine B: 2";
        let names = Names { libraries: vec![Some(("X", defined(cql)))] };
        for (expression, want) in [
            ("Initial Population", Some(true)),
            ("\"Initial Population\"", Some(true)),
            ("X.Age", Some(true)),
            ("X.B", Some(true)),
            ("X.C", Some(false)),
            ("no", Some(false)),
            ("Y.B", None),
            ("B + 1", None),
            ("", None),
            ("true", None),
            ("1", None),
        ] {
            assert_eq!(names.has(expression), want, "{expression}");
        }
        assert_eq!(Names { libraries: vec![None] }.has("B"), None);
    }
}
