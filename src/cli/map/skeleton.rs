//! The text of a new map and of its first example, made from two models.
//!
//! Each element that the target requires is a rule behind slashes, with the source's elements whose
//! names are most alike. Invariant: what is not behind slashes is right whatever the message. Deliberately
//! absent: profiles; a message's own profile may require more.

use fhir::{Definitions, Kind, TypeId, definitions::Element};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// One side of a map.
pub struct Side {
    /// Its type.
    pub ty: TypeId,
    /// The type's address.
    pub url: String,
    /// The resources inside it, where it is a Bundle.
    pub resources: Vec<TypeId>,
}

/// Elements that are no one's own.
const EVERYWHERE: [&str; 8] =
    ["id", "extension", "modifierExtension", "meta", "implicitRules", "language", "text", "contained"];

/// Levels below a resource or a message that are looked at.
const DEEPEST: usize = 4;

/// An element below a variable.
struct Place {
    /// The variable.
    variable: String,
    /// The elements on the way, with their types.
    path: Vec<(String, TypeId)>,
}

impl Place {
    fn text(&self) -> String {
        let names: Vec<&str> = self.path.iter().map(|(name, _)| name.as_str()).collect();
        format!("{}.{}", self.variable, names.join("."))
    }

    fn last(&self) -> (&str, TypeId) {
        self.path.last().map_or(("", TypeId::NONE), |(name, ty)| (name, *ty))
    }
}

// ---- the map ----

/// The text of the map.
pub fn map(
    definitions: &Definitions,
    event: &str,
    direction: &str,
    source: &Side,
    target: &Side,
    shared: &[String],
) -> String {
    let name = |ty: TypeId| definitions.type_name(ty);
    let title = pascal(&format!("{event}-{direction}"));
    let mut text = format!(
        "// {event}, {direction}: say here what the message tells, and on what it rests.\n\
         map \"{}/StructureMap/{event}-{direction}\" = \"{title}\"\n\n",
        crate::rulebook::CANONICAL
    );
    for (side, mode) in [(source, "source"), (target, "target")] {
        text += &format!("uses \"{}\" alias {} as {mode}\n", side.url, name(side.ty));
        for &ty in &side.resources {
            text += &format!(
                "uses \"http://hl7.org/fhir/StructureDefinition/{0}\" alias {0} as {mode}\n",
                name(ty)
            );
        }
    }
    text.push('\n');
    if !shared.is_empty() {
        text += "// Groups that several maps use; import those that fit.\n";
        shared.iter().for_each(|url| text += &format!("// imports \"{url}\"\n"));
    }
    let (from, to) = (variable(name(source.ty)), variable(name(target.ty)));
    let to = if from == to { format!("{to}Made") } else { to };
    text += &format!(
        "\ngroup {}(source {from} : {}, target {to} : {}) {{\n",
        pascal(event),
        name(source.ty),
        name(target.ty)
    );
    text += &body(definitions, source, target, &from, &to);
    text += "}\n";
    // In the canonical form, if it is a map at all; if not, compiling it will tell.
    fml::parse(event, &text).map_or(text, |map| fml::format(&map))
}

/// What the rules are made from.
struct Draft<'a> {
    definitions: &'a Definitions,
    /// The source's variable.
    from: &'a str,
    /// The variables that source elements stand below, and their types.
    roots: Vec<(String, TypeId)>,
    /// Are the roots resources in entries?
    inside: bool,
    /// The source's elements with values.
    found: Vec<Place>,
}

/// The rules: a block for each resource of the target, and in it and at the top the required elements,
/// each below the resource of the source that it fits best.
fn body(definitions: &Definitions, source: &Side, target: &Side, from: &str, to: &str) -> String {
    let roots: Vec<(String, TypeId)> = match source.resources.as_slice() {
        [] => vec![(from.to_string(), source.ty)],
        inner => inner.iter().map(|&ty| (variable(definitions.type_name(ty)), ty)).collect(),
    };
    let mut draft = Draft { definitions, from, roots, inside: !source.resources.is_empty(), found: vec![] };
    for (variable, ty) in &draft.roots {
        leaves(definitions, *ty, variable, &mut Vec::new(), &mut draft.found);
    }
    let mut text = draft.rules(&required(definitions, target.ty, to));
    for &ty in &target.resources {
        let name = definitions.type_name(ty);
        let variable = draft.free(&variable(name));
        text += &format!(
            "{from} -> {to}.entry as {variable}Entry, {variable}Entry.resource = create('{name}') as {variable} then {{\n"
        );
        text += &draft.rules(&required(definitions, ty, &variable));
        text += &format!("}} \"{}\";\n", kebab(&variable));
    }
    text
}

impl Draft<'_> {
    /// A name that no variable of the source has.
    fn free(&self, name: &str) -> String {
        let taken = name == self.from || self.roots.iter().any(|(v, _)| v == name);
        if taken { format!("{name}Made") } else { name.to_string() }
    }

    fn rules(&self, wanted: &[Place]) -> String {
        let rules: Vec<(String, String)> = wanted.iter().map(|target| self.rule(target)).collect();
        let below = |name: &str| -> String {
            rules.iter().filter(|(root, _)| root == name).map(|(_, lines)| lines.as_str()).collect()
        };
        let mut text = below("");
        if !self.inside {
            return text + &below(self.from);
        }
        text += &format!("{}.entry as entry then {{\n", self.from);
        for (variable, ty) in &self.roots {
            let name = self.definitions.type_name(*ty);
            text += &format!("entry.resource : {name} as {variable} then {{\n{}", below(variable));
            text += &format!("}} \"{}\";\n", kebab(variable));
        }
        text + "} \"entries\";\n"
    }

    /// A required element as a rule behind slashes, and the root that it belongs below, if any.
    fn rule(&self, target: &Place) -> (String, String) {
        let (name, ty) = target.last();
        let type_name = self.definitions.type_name(ty);
        let mut lines = format!("// {} ({type_name}) is required.\n", target.text());
        let near = if self.definitions.is_primitive(ty) { self.candidates(target) } else { vec![] };
        if near.len() > 1 {
            let others: Vec<String> = near.iter().skip(1).map(|p| p.text()).collect();
            lines += &format!("// It could also be {}.\n", others.join(" or "));
        }
        let (root, source, value) = match near.first() {
            Some(best) if type_name == "string" || self.definitions.type_name(best.last().1) == type_name => {
                (best.variable.clone(), format!("{} as value", best.text()), "value".to_string())
            }
            Some(best) => {
                let value = format!("cast(value, '{type_name}')");
                (best.variable.clone(), format!("{} as value", best.text()), value)
            }
            None if self.definitions.is_primitive(ty) => {
                (String::new(), self.from.to_string(), placeholder(type_name).to_string().replace('"', "'"))
            }
            None => (String::new(), self.from.to_string(), format!("create('{type_name}') as {name}")),
        };
        lines += &format!("// {source} -> {} \"{}\";\n", written(target, &value), rule_name(target, name));
        (root, lines)
    }

    /// The three elements of the source that are most like this one, if any is like it at all.
    fn candidates(&self, target: &Place) -> Vec<&Place> {
        let mut near: Vec<(u32, &Place)> = self
            .found
            .iter()
            .filter(|p| suits(self.definitions, p.last().1, target.last().1))
            .map(|p| (likeness(target, p), p))
            .filter(|(likeness, _)| *likeness >= LEAST)
            .collect();
        near.sort_by_key(|(likeness, p)| (std::cmp::Reverse(*likeness), p.path.len()));
        near.into_iter().take(3).map(|(_, p)| p).collect()
    }
}

/// `msg.sender as sender, sender.hsaId = value`
fn written(target: &Place, value: &str) -> String {
    let mut at = target.variable.clone();
    let mut parts = Vec::new();
    for (index, (name, _)) in target.path.iter().enumerate() {
        if index + 1 == target.path.len() {
            parts.push(format!("{at}.{name} = {value}"));
        } else {
            parts.push(format!("{at}.{name} as {name}"));
            at = name.clone();
        }
    }
    parts.join(", ")
}

fn rule_name(target: &Place, last: &str) -> String {
    let before = target.path.len().checked_sub(2).and_then(|i| target.path.get(i));
    kebab(&before.map_or(last.to_string(), |(name, _)| format!("{name}-{last}")))
}

/// The required elements below a type in its order, down to those with a value or without required
/// parts.
fn required(definitions: &Definitions, ty: TypeId, variable: &str) -> Vec<Place> {
    let mut out = Vec::new();
    required_below(definitions, ty, variable, &mut Vec::new(), &mut out);
    out
}

fn required_below(
    definitions: &Definitions,
    ty: TypeId,
    variable: &str,
    path: &mut Vec<(String, TypeId)>,
    out: &mut Vec<Place>,
) {
    for element in definitions.elements(ty).filter(|e| e.min > 0) {
        let inner = element.types.first().copied().unwrap_or(TypeId::NONE);
        path.push((element.name.to_string(), inner));
        let has_parts = !definitions.is_primitive(inner) && definitions.elements(inner).any(|e| e.min > 0);
        if has_parts && path.len() < DEEPEST {
            required_below(definitions, inner, variable, path, out);
        } else {
            out.push(Place { variable: variable.to_string(), path: path.clone() });
        }
        path.pop();
    }
}

/// All elements with values below a type.
fn leaves(
    definitions: &Definitions,
    ty: TypeId,
    variable: &str,
    path: &mut Vec<(String, TypeId)>,
    out: &mut Vec<Place>,
) {
    let everywhere = |e: &Element| EVERYWHERE.contains(&&*e.name) && !(path.is_empty() && &*e.name == "id");
    for element in definitions.elements(ty).filter(|e| !everywhere(e)).collect::<Vec<_>>() {
        // A choice is written without its type, and is any of them.
        let inner = element.types.first().copied().unwrap_or(TypeId::NONE);
        path.push((element.name.to_string(), inner));
        if definitions.is_primitive(inner) {
            out.push(Place { variable: variable.to_string(), path: path.clone() });
        } else if path.len() < DEEPEST && !definitions.is_resource(inner) {
            leaves(definitions, inner, variable, path, out);
        }
        path.pop();
    }
}

// ---- likeness ----

/// A number is not made from a text without more ado, nor a truth value.
fn suits(definitions: &Definitions, from: TypeId, to: TypeId) -> bool {
    let (from, to) = (definitions.json_kind(from), definitions.json_kind(to));
    from == to || matches!(to, Kind::String | Kind::Object)
}

/// Elements that only carry the value of what they stand in.
const CARRIERS: [&str; 4] = ["value", "code", "text", "reference"];

/// How alike two elements must be to be proposed.
const LEAST: u32 = 55;

/// Of 100: most for the last names, the rest for the words that both paths share.
fn likeness(target: &Place, source: &Place) -> u32 {
    fn words<'p>(names: impl Iterator<Item = &'p String>) -> BTreeSet<String> {
        names.flat_map(|name| kebab(name).split('-').map(String::from).collect::<Vec<_>>()).collect()
    }
    let own = words(target.path.iter().map(|(name, _)| name));
    let other = words(std::iter::once(&source.variable).chain(source.path.iter().map(|(name, _)| name)));
    let shared = own.intersection(&other).count() as u32;
    let alike = |x: &str, y: &str| {
        let longest = x.chars().count().max(y.chars().count()).max(1) as u32;
        100 - 100 * distance(&x.to_lowercase(), &y.to_lowercase()).min(longest) / longest
    };
    let wanted = target.last().0;
    let mut last = alike(wanted, source.last().0);
    if let [.., (before, _), (carrier, _)] = source.path.as_slice()
        && CARRIERS.contains(&carrier.as_str())
    {
        last = last.max(alike(wanted, before) * 9 / 10);
    }
    last * 7 / 10 + 100 * shared / (own.len().max(1) as u32) * 3 / 10
}

fn distance(a: &str, b: &str) -> u32 {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<u32> = (0..=b.len() as u32).collect();
    for (i, x) in a.chars().enumerate() {
        let mut before = i as u32;
        let mut left = before + 1;
        for (cell, y) in row.iter_mut().skip(1).zip(&b) {
            let cost = (before + u32::from(x != *y)).min(left + 1).min(*cell + 1);
            before = *cell;
            left = cost;
            *cell = cost;
        }
        if let Some(first) = row.first_mut() {
            *first = i as u32 + 1;
        }
    }
    row.last().copied().unwrap_or(0)
}

// ---- names ----

/// `MessageHeader` → `messageHeader`
fn variable(ty: &str) -> String {
    let last = ty.rsplit(['.', '/']).next().unwrap_or(ty);
    let mut letters = last.chars();
    let first = letters.next().map(|c| c.to_ascii_lowercase());
    first.into_iter().chain(letters).collect()
}

/// `birthDate` → `birth-date`
fn kebab(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        if c.is_uppercase() && !out.is_empty() && !out.ends_with('-') {
            out.push('-');
        }
        out.extend(c.to_lowercase());
    }
    out
}

/// `bed-assigned` → `BedAssigned`
fn pascal(name: &str) -> String {
    let word = |word: &str| {
        let mut letters = word.chars();
        let first = letters.next().map(|c| c.to_ascii_uppercase());
        first.into_iter().chain(letters).collect::<String>()
    };
    let name: String = name.split('-').map(word).collect();
    if name.starts_with(|c: char| c.is_ascii_digit()) { format!("Event{name}") } else { name }
}

// ---- the example ----

/// The least that the model requires, with values that say nothing.
pub fn example(definitions: &Definitions, side: &Side) -> String {
    let mut value = least(definitions, side.ty, 0);
    if !side.resources.is_empty() {
        let entries = side.resources.iter().map(|&ty| json!({ "resource": least(definitions, ty, 0) }));
        value["entry"] = entries.collect();
    }
    format!("{value:#}\n")
}

fn least(definitions: &Definitions, ty: TypeId, depth: usize) -> Value {
    let mut members = Map::new();
    if definitions.is_resource(ty) {
        members.insert("resourceType".into(), json!(definitions.type_name(ty)));
    }
    for element in definitions.elements(ty).filter(|e| e.min > 0) {
        let inner = element.types.first().copied().unwrap_or(TypeId::NONE);
        let value = match definitions.is_primitive(inner) {
            true => placeholder(definitions.type_name(inner)),
            false if depth < DEEPEST => least(definitions, inner, depth + 1),
            false => continue,
        };
        let name = match element.choice {
            true => format!("{}{}", element.name, pascal(definitions.type_name(inner))),
            false => element.name.to_string(),
        };
        members.insert(name, if element.repeats() { json!([value]) } else { value });
    }
    Value::Object(members)
}

fn placeholder(ty: &str) -> Value {
    match ty {
        "boolean" => json!(true),
        "integer" | "positiveInt" | "unsignedInt" | "decimal" => json!(1),
        "date" => json!("2026-01-01"),
        "dateTime" | "instant" => json!("2026-01-01T00:00:00Z"),
        "time" => json!("00:00:00"),
        "code" => json!("code"),
        "base64Binary" => json!("AA=="),
        "oid" => json!("urn:oid:1.2.3"),
        "uuid" => json!("urn:uuid:00000000-0000-4000-8000-000000000000"),
        "uri" | "url" | "canonical" => json!("urn:example"),
        "id" => json!("id"),
        _ => json!("text"),
    }
}
