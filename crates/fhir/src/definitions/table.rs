//! The compact table: what the definitions look like as text, written and read.
//!
//! One fact a line, fields separated by tabs. `T name kind parent [abstract]` opens a type; `E name
//! min max types` an element of it, types separated by spaces; below a type or an element stand `I
//! key e|w expression`, below an element `B strength value-set`, `G target…`, `P profile…` and `A`
//! (an attribute in XML). `C url code…` is a code system, `V url` a value set followed by its parts:
//! `+` or `-`, system or `-`, `*`, `?` or `=`, then codes, and `^ value-set…` for the part before it.
//!
//! Invariant: writing what was read gives the same text. Deliberately absent: error recovery; the
//! table is our own and a line that does not fit is passed over (a test proves that none is).

use super::{Binding, Definitions, Element, Invariant, Strength, TypeKind, XmlFacts, XmlForm};
use crate::terms::{Part, Pick, unversioned};
use crate::tree::hash;
use std::collections::BTreeSet;
use std::fmt::Write;

const CORE: &str = "http://hl7.org/fhir/StructureDefinition/";
const HEAD: &str = "sluss-definitions\t1";

/// Code systems with more codes than this are left out of the table.
const MOST_CODES: usize = 500;

/// A canonical URL with the core prefix written `~`.
fn short(url: &str) -> String {
    url.strip_prefix(CORE).map_or_else(|| url.to_string(), |rest| format!("~{rest}"))
}

fn long(url: &str) -> Box<str> {
    url.strip_prefix('~').map_or_else(|| url.into(), |rest| format!("{CORE}{rest}").into())
}

/// Reads a table.
pub(super) fn parse(text: &str) -> Definitions {
    let mut out = Definitions::default();
    let lines = || text.lines().filter_map(|l| l.split_once('\t'));
    for (_, rest) in lines().filter(|(mark, _)| *mark == "T") {
        let mut fields = rest.split('\t');
        if let (Some(name), Some(kind)) = (fields.next(), fields.next()) {
            out.add_type(name, kind_of(kind), None, false);
        }
    }
    let mut ty = None;
    let mut set = None;
    for (mark, rest) in lines() {
        let mut fields = rest.split('\t');
        match mark {
            "T" => {
                ty = fields.next().and_then(|name| out.type_id(name));
                let parent = fields.nth(1).and_then(|p| out.type_id(p));
                if let Some(own) = ty.and_then(|t| out.types.get_mut(t.0 as usize)) {
                    own.parent = parent;
                    own.abstract_type = fields.next().is_some();
                }
            }
            "E" => {
                let element = element(&out, fields);
                if let (Some(own), Some(element)) =
                    (ty.and_then(|t| out.types.get_mut(t.0 as usize)), element)
                {
                    own.elements.push(element);
                }
            }
            "I" | "B" | "G" | "P" | "A" => {
                if let Some(own) = ty.and_then(|t| out.types.get_mut(t.0 as usize)) {
                    add_fact(own, mark, fields);
                }
            }
            "C" => {
                if let Some(url) = fields.next() {
                    out.terms.put_system(url, fields.map(Into::into).collect());
                }
            }
            "V" => {
                set = fields.next();
                if let Some(url) = set {
                    out.terms.put_set(url, Vec::new());
                }
            }
            "+" | "-" | "^" => {
                if let Some(parts) = set.and_then(|url| out.terms.set_mut(url)) {
                    add_part(parts, mark, fields);
                }
            }
            _ => {}
        }
    }
    for ty in out.types().collect::<Vec<_>>() {
        out.index(ty);
    }
    out
}

fn kind_of(word: &str) -> TypeKind {
    match word {
        "p" => TypeKind::Primitive,
        "r" => TypeKind::Resource,
        "b" => TypeKind::Backbone,
        "l" => TypeKind::Logical,
        _ => TypeKind::Complex,
    }
}

fn element<'a>(known: &Definitions, mut fields: impl Iterator<Item = &'a str>) -> Option<Element> {
    let name = fields.next()?;
    let min = fields.next()?.parse().ok()?;
    let max = fields.next()?.parse().ok();
    let types = fields.next()?.split(' ').filter_map(|t| known.type_id(t)).collect();
    Some(Element {
        name: name.strip_suffix("[x]").unwrap_or(name).into(),
        hash: hash(name.strip_suffix("[x]").unwrap_or(name)),
        choice: name.ends_with("[x]"),
        types,
        targets: Vec::new(),
        profiles: Vec::new(),
        min,
        max,
        binding: None,
        invariants: Vec::new(),
        xml: None,
    })
}

fn add_fact<'a>(own: &mut super::Type, mark: &str, mut fields: impl Iterator<Item = &'a str>) {
    if mark == "I" {
        let (Some(key), Some(severity), Some(expression)) = (fields.next(), fields.next(), fields.next())
        else {
            return;
        };
        let fact = Invariant::new(key, severity == "e", expression);
        return match own.elements.last_mut() {
            Some(element) => element.invariants.push(fact),
            None => own.invariants.push(fact),
        };
    }
    let Some(element) = own.elements.last_mut() else { return };
    match mark {
        "B" => {
            let strength = fields.next().and_then(Strength::from_code);
            if let (Some(strength), Some(url)) = (strength, fields.next()) {
                element.binding = Some(Binding { strength, value_set: url.into() });
            }
        }
        "G" => element.targets = fields.map(long).collect(),
        "A" => element.xml = Some(Box::new(XmlFacts { form: XmlForm::Attribute, ..XmlFacts::default() })),
        _ => element.profiles = fields.map(long).collect(),
    }
}

fn add_part<'a>(parts: &mut Vec<Part>, mark: &str, mut fields: impl Iterator<Item = &'a str>) {
    if mark == "^" {
        if let Some(part) = parts.last_mut() {
            part.sets = fields.map(Into::into).collect();
        }
        return;
    }
    let (Some(system), Some(pick)) = (fields.next(), fields.next()) else { return };
    let pick = match pick {
        "*" => Pick::All,
        "=" => Pick::Listed(fields.map(Into::into).collect()),
        _ => Pick::Unknown,
    };
    let system = (system != "-").then(|| system.into());
    parts.push(Part { exclude: mark == "-", system, pick, sets: Vec::new() });
}

impl Definitions {
    /// Writes the compact table. Value sets are included where a binding names them that is more than an
    /// example.
    pub fn to_table(&self) -> String {
        let mut out = format!("{HEAD}\n");
        let mut sets = BTreeSet::new();
        for own in &self.types {
            let kind = match own.kind {
                TypeKind::Primitive => "p",
                TypeKind::Complex => "c",
                TypeKind::Backbone => "b",
                TypeKind::Resource => "r",
                TypeKind::Logical => "l",
            };
            let parent = own.parent.map_or("-", |p| self.type_name(p));
            let _ = write!(out, "T\t{}\t{kind}\t{parent}", own.name);
            out.push_str(if own.abstract_type { "\ta\n" } else { "\n" });
            write_invariants(&mut out, &own.invariants);
            for element in &own.elements {
                self.write_element(&mut out, element);
                if let Some(binding) = element.binding.as_ref().filter(|b| b.strength < Strength::Example) {
                    sets.insert(binding.value_set.clone());
                }
            }
        }
        self.write_terms(&mut out, sets);
        out
    }

    fn write_element(&self, out: &mut String, element: &Element) {
        let x = if element.choice { "[x]" } else { "" };
        let max = element.max.map_or("*".to_string(), |m| m.to_string());
        let types: Vec<&str> = element.types.iter().map(|&t| self.type_name(t)).collect();
        let _ = writeln!(out, "E\t{}{x}\t{}\t{max}\t{}", element.name, element.min, types.join(" "));
        if let Some(binding) = &element.binding {
            let _ = writeln!(out, "B\t{}\t{}", binding.strength.code(), binding.value_set);
        }
        for (mark, urls) in [("G", &element.targets), ("P", &element.profiles)] {
            if !urls.is_empty() {
                let urls: Vec<String> = urls.iter().map(|u| short(u)).collect();
                let _ = writeln!(out, "{mark}\t{}", urls.join("\t"));
            }
        }
        if element.xml_form() == XmlForm::Attribute {
            out.push_str("A\t\n");
        }
        write_invariants(out, &element.invariants);
    }

    fn write_terms(&self, out: &mut String, mut open: BTreeSet<Box<str>>) {
        let mut systems = BTreeSet::new();
        let mut done = BTreeSet::new();
        while let Some(url) = open.pop_first() {
            let Some(parts) = self.terms.set(&url).filter(|_| done.insert(url.clone())) else { continue };
            let _ = writeln!(out, "V\t{}", unversioned(&url));
            for part in parts {
                let mark = if part.exclude { "-" } else { "+" };
                let _ = write!(out, "{mark}\t{}\t", part.system.as_deref().unwrap_or("-"));
                match &part.pick {
                    Pick::All => {
                        out.push('*');
                        systems.extend(part.system.clone());
                    }
                    Pick::Unknown => out.push('?'),
                    Pick::Listed(codes) => {
                        out.push_str("=\t");
                        out.push_str(&codes.join("\t"));
                    }
                }
                out.push('\n');
                if !part.sets.is_empty() {
                    let _ = writeln!(out, "^\t{}", part.sets.join("\t"));
                    open.extend(part.sets.iter().cloned());
                }
            }
        }
        for system in systems {
            if let Some(codes) = self.terms.codes(&system).filter(|c| c.len() <= MOST_CODES) {
                let _ = writeln!(out, "C\t{system}\t{}", codes.join("\t"));
            }
        }
    }
}

fn write_invariants(out: &mut String, invariants: &[Invariant]) {
    for i in invariants {
        let _ = writeln!(out, "I\t{}\t{}\t{}", i.key, if i.error { "e" } else { "w" }, i.expression);
    }
}

impl Strength {
    /// The code of `ElementDefinition.binding.strength`.
    pub fn code(self) -> &'static str {
        match self {
            Strength::Required => "required",
            Strength::Extensible => "extensible",
            Strength::Preferred => "preferred",
            Strength::Example => "example",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn the_embedded_table_is_written_as_it_was_read() {
        let table = include_str!("../../definitions/r4.table");
        assert!(parse(table).to_table() == table, "make the table anew with examples/make-definitions.rs");
    }
}
