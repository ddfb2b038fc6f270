//! What the choice of a receiver rests on (domain §6): `conformance/tables/routing.txt` and `municipalities.txt`, compiled.
//!
//! Invariant: no Rust line knows a field of a message; where the registered address stands is FHIRPath in the table. What
//! several addresses say differently is not said. Deliberately absent: who is a party for which municipality, which the
//! agreement says, and the order of the rules.

use super::{File, problem};
use crate::{
    config::Problem,
    model::{HsaId, Residence},
};
use fhir::{Definitions, Tree};
use fhirpath::{Expr, Scope, Value};
use std::collections::BTreeMap;

/// Where the tables stand.
const RULES: &str = "conformance/tables/routing.txt";
const NAMES: &str = "conformance/tables/municipalities.txt";

/// Longest text of an address that is looked at.
const LONGEST: usize = 64;

/// The tables.
#[derive(Debug, Default)]
pub struct Routes {
    residence: BTreeMap<String, Expr>,
    placements: BTreeMap<String, bool>,
    right: BTreeMap<String, Expr>,
    municipalities: BTreeMap<String, String>,
    boards: Vec<(String, String)>,
}

/// What a district's text names.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum District {
    /// A municipality of the table.
    Municipality(String),
    /// A board of it: code and name.
    Board(String, String),
    /// Certainly a municipality of another table.
    Elsewhere,
    /// Nothing that is known.
    Unknown,
}

impl Routes {
    /// Reads the tables of a set of rule files; a set without them knows no place.
    pub(super) fn load(files: &[File], definitions: &Definitions, problems: &mut Vec<Problem>) -> Routes {
        let mut routes = Routes::default();
        for file in files.iter().filter(|f| f.path == RULES || f.path == NAMES) {
            for (number, line) in (1..).zip(file.text.lines()) {
                let line = line.trim();
                if line.is_empty() || line.starts_with('#') {
                    continue;
                }
                if let Err(what) = routes.row(line, definitions) {
                    problems.push(problem(file, format!("line {number}: {what}")));
                }
            }
        }
        routes
    }

    fn row(&mut self, line: &str, definitions: &Definitions) -> Result<(), String> {
        let wrong = || "the row is none that the head of the table describes".to_string();
        let (left, right) = line.split_once('|').ok_or_else(wrong)?;
        let (kind, key) = left.trim().split_once(' ').ok_or_else(wrong)?;
        let (key, value) = (key.trim().to_string(), right.trim());
        match (kind, value) {
            ("residence", _) if ["district", "postal", "hidden"].contains(&key.as_str()) => {
                drop(self.residence.insert(key, path(value, definitions)?));
            }
            ("right", _) => drop(self.right.insert(key, path(value, definitions)?)),
            ("placement", "opens") => drop(self.placements.insert(key, true)),
            ("placement", "ends") => drop(self.placements.insert(key, false)),
            ("municipality", name) if is_code(&key) && !name.is_empty() => {
                self.municipalities.insert(key, name.to_string());
            }
            ("board", name) if self.municipalities.contains_key(&key) && !name.is_empty() => {
                self.boards.push((key, name.to_string()));
            }
            _ => return Err(wrong()),
        }
        Ok(())
    }

    /// What a message of the canonical form says of the registered address.
    pub fn residence(&self, canonical: &Tree) -> Residence {
        let texts = |word: &str| one_text(self.residence.get(word)?, canonical);
        // What cannot be evaluated is taken for hidden: a wrong address would be believed otherwise.
        let hidden = self.residence.get("hidden").is_none_or(|path| {
            let scope = Scope::new(Some(Definitions::r4()));
            path.truth(&scope, canonical.at(canonical.root())).ok().flatten() != Some(false)
        });
        Residence { district: texts("district"), postal: texts("postal"), hidden }
    }

    /// Who should have had the message that this one is about.
    pub fn right_receiver(&self, event: &str, canonical: &Tree) -> Option<HsaId> {
        HsaId::parse(&one_text(self.right.get(event)?, canonical)?)
    }

    /// Does this event open a placement (`true`), or end it? `None`: it is about none.
    pub fn placement(&self, event: &str) -> Option<bool> {
        self.placements.get(event).copied()
    }

    /// Is there such a municipality?
    pub fn knows(&self, code: &str) -> bool {
        self.municipalities.contains_key(code)
    }

    /// Is there such a board?
    pub fn knows_board(&self, code: &str, name: &str) -> bool {
        self.boards.iter().any(|(c, n)| c == code && n == name)
    }

    /// What a text names: a code, or what begins with one; a name, in letters of any size.
    pub fn district(&self, text: &str) -> District {
        if text.bytes().all(|b| b.is_ascii_digit()) {
            let code = text.get(..4).filter(|_| matches!(text.len(), 4 | 6));
            return match code {
                Some(code) if self.knows(code) => District::Municipality(code.to_string()),
                Some(_) => District::Elsewhere,
                None => District::Unknown,
            };
        }
        let text = text.to_lowercase();
        let same = |name: &str| name.to_lowercase() == text;
        let municipality = self.municipalities.iter().find(|(_, name)| same(name));
        let board = || self.boards.iter().find(|(_, name)| same(name));
        match (municipality, board()) {
            (Some((code, _)), _) => District::Municipality(code.clone()),
            (None, Some((code, name))) => District::Board(code.clone(), name.clone()),
            (None, None) => District::Unknown,
        }
    }
}

fn path(text: &str, definitions: &Definitions) -> Result<Expr, String> {
    let path = fhirpath::parse(text).map_err(|error| error.to_string())?;
    let focus = definitions.type_id("Bundle").unwrap_or(fhir::TypeId::NONE);
    match path.check(definitions, focus, &[]).first() {
        Some(wrong) => Err(wrong.to_string()),
        None => Ok(path),
    }
}

/// The one text that an expression selects, however often it stands there.
fn one_text(path: &Expr, canonical: &Tree) -> Option<String> {
    let scope = Scope::new(Some(Definitions::r4()));
    let found = path.evaluate(&scope, canonical.at(canonical.root())).ok()?;
    let text = |value: &Value<'_>| match value {
        Value::Node(node) => node.text().map(|text| text.trim().to_string()),
        _ => None,
    };
    let mut texts: Vec<String> = found.iter().filter_map(text).collect();
    texts.sort_unstable();
    texts.dedup();
    let one = texts.pop().filter(|text| !text.is_empty() && text.len() <= LONGEST)?;
    texts.is_empty().then_some(one)
}

/// Four digits.
fn is_code(text: &str) -> bool {
    text.len() == 4 && text.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rulebook::{Source, example_message, files};
    use fhir::json::{self, Form, Limits};

    fn routes() -> Routes {
        let mut problems = Vec::new();
        let files = files::read(&Source::Embedded).unwrap_or_default();
        let routes = Routes::load(&files, Definitions::r4(), &mut problems);
        assert!(problems.is_empty(), "{problems:?}");
        routes
    }

    #[test]
    fn a_wrong_row_is_told_at_its_line() {
        for wrong in [
            "residence city | entry",
            "residence postal | entry.(",
            "residence postal | entry.nowhere",
            "placement x | stays",
            "municipality 18 | Stockholm",
            "municipality 0180 |",
            "board 0199 | Bromma",
            "board",
        ] {
            let mut problems = Vec::new();
            let files = [File { path: RULES.into(), text: format!("# head\n\n{wrong}\n") }];
            Routes::load(&files, Definitions::r4(), &mut problems);
            assert!(problems.len() == 1 && problems[0].message.contains("line 3"), "{wrong}: {problems:?}");
        }
    }

    #[test]
    fn the_county_is_whole_and_names_are_found_in_any_case() {
        let routes = routes();
        assert_eq!((routes.municipalities.len(), routes.boards.len()), (26, 11));
        let municipality = |code: &str| District::Municipality(code.into());
        for (text, found) in [
            ("0127", municipality("0127")),
            ("018009", municipality("0180")),
            ("BOTKYRKA", municipality("0127")),
            ("österåker", municipality("0117")),
            ("Hägersten-älvsjö", District::Board("0180".into(), "Hägersten-Älvsjö".into())),
            ("0380", District::Elsewhere),
            ("018", District::Unknown),
            ("Saltsjöbaden", District::Unknown),
        ] {
            assert_eq!(routes.district(text), found, "{text}");
        }
    }

    #[test]
    fn only_the_registered_address_is_read() {
        let routes = routes();
        let read = |text: &str| {
            let mut tree = json::read(text.as_bytes(), Form::Fhir, &Limits::default()).expect("JSON");
            Definitions::r4().annotate(&mut tree);
            routes.residence(&tree)
        };
        let text = example_message("admission-notice/valid-1-four-fields.json").expect("an example");
        let plain = read(text);
        assert_eq!((plain.postal.as_deref(), plain.district, plain.hidden), (Some("99101"), None, false));
        let stay = r#""address": [{ "postalCode": "11122", "district": "0180" }, "#;
        assert_eq!(read(&text.replace("\"address\": [", stay)).postal.as_deref(), Some("99101"));
        let moved = read(&text.replace("63381000052101", "63391000052104"));
        assert_eq!((moved.postal, moved.district), (None, None));
        let protected = example_message("admission-notice/valid-3-protected.json").expect("an example");
        assert!(!read(protected).hidden, "a marking alone says nothing of the address");
        assert!(read(&protected.replace("\"sekretessmarkering\"", "\"skyddadFolkbokforing\"")).hidden);
    }

    #[test]
    fn three_events_tell_of_a_placement() {
        let routes = routes();
        let told = ["placement-started", "placement-changed", "placement-ended", "discharged"];
        assert_eq!(told.map(|e| routes.placement(e)), [Some(true), Some(true), Some(false), None]);
    }
}
