//! The codes that filters of a value set select (FHIR R4 valueset.html, `compose.include.filter`).
//!
//! Invariant: asked only of code systems that are here in full; a filter that is not understood selects
//! "not known", never "none". Deliberately absent: `regex`, and the order of codes.

use super::{Concept, System};
use crate::tree::NodeRef;
use std::collections::HashSet;

impl System {
    /// The codes that all the filters select, sorted.
    pub(super) fn filtered(&self, filters: &[NodeRef<'_>]) -> Option<Vec<Box<str>>> {
        let mut chosen: Vec<Box<str>> = self.codes.keys().cloned().collect();
        for filter in filters {
            let (property, op) = (filter.child_text("property")?, filter.child_text("op")?);
            let value = filter.child_text("value")?;
            match matches!(property, "concept" | "code") {
                true => self.by_place(op, value, &mut chosen)?,
                false => self.by_property(property, op, value, &mut chosen)?,
            }
        }
        chosen.sort();
        Some(chosen)
    }

    /// Filters on the code itself and its place in the hierarchy.
    fn by_place(&self, op: &str, value: &str, chosen: &mut Vec<Box<str>>) -> Option<()> {
        let listed: HashSet<&str> = value.split(',').map(str::trim).collect();
        match op {
            "=" => chosen.retain(|c| **c == *value),
            "in" => chosen.retain(|c| listed.contains(&**c)),
            "not-in" => chosen.retain(|c| !listed.contains(&**c)),
            "is-a" => chosen.retain(|c| self.is_below(c, value)),
            "descendent-of" => chosen.retain(|c| **c != *value && self.is_below(c, value)),
            "is-not-a" => chosen.retain(|c| !self.is_below(c, value)),
            "generalizes" => chosen.retain(|c| self.is_below(value, c)),
            _ => return None,
        }
        Some(())
    }

    fn by_property(&self, name: &str, op: &str, value: &str, chosen: &mut Vec<Box<str>>) -> Option<()> {
        // What is no property here, and what no concept states, cannot be told from what is not known;
        // but a concept that does not say so can be chosen and is in use (codesystem-concept-properties).
        let unless = matches!(name, "notSelectable" | "inactive").then_some("false");
        let stated = |c: &Concept| c.properties.iter().any(|(n, _)| **n == *name);
        if name != "parent" && unless.is_none() && !self.codes.values().any(stated) {
            return None;
        }
        let listed: HashSet<&str> = value.split(',').map(str::trim).collect();
        let any = |code: &str, fits: &dyn Fn(&str) -> bool| {
            let Some(concept) = self.codes.get(code) else { return false };
            match name {
                "parent" => concept.above.iter().any(|a| fits(a)),
                _ if !stated(concept) && op != "exists" => unless.is_some_and(fits),
                _ => concept.properties.iter().any(|(n, v)| **n == *name && fits(v)),
            }
        };
        match op {
            "=" => chosen.retain(|c| any(c, &|v| v == value)),
            "in" => chosen.retain(|c| any(c, &|v| listed.contains(v))),
            "not-in" => chosen.retain(|c| !any(c, &|v| listed.contains(v))),
            "exists" => chosen.retain(|c| any(c, &|_| true) == (value == "true")),
            _ => return None,
        }
        Some(())
    }

    /// Is the code the one above, or under it? Each code is looked at once, however they are tied.
    fn is_below(&self, code: &str, above: &str) -> bool {
        if code == above {
            return true;
        }
        let (mut seen, mut work) = (HashSet::new(), vec![code]);
        while let Some(at) = work.pop() {
            let parents = self.codes.get(at).map(|c| c.above.as_slice()).unwrap_or_default();
            for parent in parents {
                if **parent == *above {
                    return true;
                }
                if seen.insert(&**parent) {
                    work.push(parent);
                }
            }
        }
        false
    }
}
