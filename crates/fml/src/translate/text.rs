//! A table from an embedded concept map.
//!
//! Invariant: every prefix is declared. Deliberately absent: displays and dependencies, which the
//! text form cannot say.

use super::{Table, TableGroup, Target, Unmapped, address};
use crate::ast::{self, Name};
use crate::diagnostic::{Diagnostic, Source};

/// The table; what is wrong with it is added to `found`.
pub(crate) fn embedded(
    url: &str,
    map: &ast::ConceptMap,
    source: &Source,
    found: &mut Vec<Diagnostic>,
) -> Table {
    let mut table = Table { url: url.to_string(), groups: vec![] };
    for (i, (prefix, _)) in map.prefixes.iter().enumerate() {
        if map.prefixes.iter().take(i).any(|(earlier, _)| earlier.text == prefix.text) {
            let message = format!("the concept map has a second prefix `{}`", prefix.text);
            found.push(source.error(prefix.place, "name-twice", message).with_remedy("rename one of them"));
        }
    }
    let mut system = |prefix: &Name| {
        let known = map.prefixes.iter().find(|(p, _)| p.text == prefix.text);
        if known.is_none() {
            let message = format!("the concept map has no prefix `{}`", prefix.text);
            let remedy = format!("add `prefix {} = \"…\"`", prefix.text);
            found.push(source.error(prefix.place, "unknown-prefix", message).with_remedy(remedy));
        }
        known.map(|(_, url)| url.text.clone())
    };
    for pair in &map.pairs {
        let from = system(&pair.source.0);
        let to = pair.target.as_ref().and_then(|(prefix, _)| system(prefix));
        let entry = table.group(from, to).codes.entry(pair.source.1.text.clone()).or_default();
        let code = pair.target.as_ref().map(|(_, code)| code.text.clone()).unwrap_or_default();
        entry.push(Target {
            code,
            display: None,
            equivalence: pair.equivalence,
            depends: vec![],
            products: vec![],
        });
    }
    for (prefix, mode) in &map.unmapped {
        let from = system(prefix);
        let index = table.groups.iter().position(|g| g.source == from).unwrap_or_else(|| {
            table.groups.push(TableGroup { source: from, ..TableGroup::default() });
            table.groups.len() - 1
        });
        table.groups[index].unmapped = match mode {
            ast::Unmapped::Provided => Unmapped::Provided,
            ast::Unmapped::Fixed(code) => Unmapped::Fixed(code.text.clone(), None),
            ast::Unmapped::Other(other) => Unmapped::Other(address(url, &other.text)),
        };
    }
    table
}
