//! What names mean: types, structures, imports, groups.
//!
//! Invariant: a map's own groups come before imported ones, imports are followed in order and
//! through their own imports. Deliberately absent: fetching anything that the library lacks.

use super::{Compiler, GroupPlace};
use crate::ast::{Group, InputMode, Name, Place, TypeMode};
use crate::model;
use fhir::TypeId;

impl<'l> Compiler<'l> {
    /// Findings in `uses` and `imports`, of this map and those it imports.
    pub(super) fn check_header(&mut self) {
        let start = self.map;
        for map in self.visible(start) {
            self.map = map;
            let loaded = self.loaded();
            for structure in &loaded.map.structures {
                self.type_at(&structure.url.text, structure.url.place);
            }
            for import in &loaded.map.imports {
                let any = self.library.maps.iter().any(|m| matches(&import.url.text, &m.map.url.text));
                if !any {
                    let message = format!("no map of the library has the address `{}`", import.url.text);
                    self.error(
                        import.url.place,
                        "unknown-import",
                        message,
                        Some("add that map to the library"),
                    );
                }
            }
        }
        self.map = start;
    }

    /// The map and all it imports, nearest first.
    pub(super) fn visible(&self, map: usize) -> Vec<usize> {
        let mut seen = vec![map];
        let mut at = 0;
        while let Some(&next) = seen.get(at) {
            for import in &self.library.maps[next].map.imports {
                for (i, other) in self.library.maps.iter().enumerate() {
                    if !seen.contains(&i) && matches(&import.url.text, &other.map.url.text) {
                        seen.push(i);
                    }
                }
            }
            at += 1;
        }
        seen
    }

    /// The group of this name, seen from the current map.
    pub(super) fn find_group(&mut self, name: &Name) -> Option<GroupPlace> {
        let maps = self.visible(self.map);
        for &map in &maps {
            let groups = &self.library.maps[map].map.groups;
            if let Some(index) = groups.iter().position(|g| g.name.text == name.text) {
                return Some((map, index));
            }
        }
        let names = |&m: &usize| self.library.maps[m].map.groups.iter().map(|g| g.name.text.clone());
        let all: Vec<String> = maps.iter().flat_map(names).collect();
        let message = format!("there is no group `{}`", name.text);
        self.unknown(name, "unknown-group", message, &all);
        None
    }

    /// The group that is the default for these types. `target` may be unknown (`<<type+>>`).
    pub(super) fn default_group(&mut self, source: TypeId, target: TypeId) -> Option<GroupPlace> {
        let maps = self.visible(self.map);
        let here = self.map;
        let mut found = None;
        'maps: for map in maps {
            self.map = map;
            for (index, group) in self.library.maps[map].map.groups.iter().enumerate() {
                if self.is_default(group, source, target) {
                    found = Some((map, index));
                    break 'maps;
                }
            }
        }
        self.map = here;
        found
    }

    fn is_default(&mut self, group: &'l Group, source: TypeId, target: TypeId) -> bool {
        let Some(mode) = group.type_mode else { return false };
        let [from, to] = group.inputs.as_slice() else { return false };
        if (from.mode, to.mode) != (InputMode::Source, InputMode::Target) {
            return false;
        }
        let (from, to) = (self.declared(from), self.declared(to));
        from == source && (to == target || target == TypeId::NONE && mode == TypeMode::TypeAndTypes)
    }

    /// The type that the current map calls `name`: an alias of a structure, or a type's name.
    pub(super) fn type_of(&mut self, name: &Name) -> Option<TypeId> {
        let structures = &self.loaded().map.structures;
        let alias = structures.iter().find(|s| s.alias.as_ref().is_some_and(|a| a.text == name.text));
        let by_url = || structures.iter().find(|s| s.url.text.rsplit('/').next() == Some(name.text.as_str()));
        let text = alias.or_else(by_url).map_or(name.text.as_str(), |s| s.url.text.as_str());
        self.type_at(text, name.place)
    }

    pub(super) fn type_at(&mut self, text: &str, place: Place) -> Option<TypeId> {
        let found = model::type_named(self.definitions, text);
        if found.is_none() {
            let message = format!("there is no type `{text}`");
            let remedy = "load its logical model, or name a FHIR type";
            self.error(place, "unknown-type", message, Some(remedy));
        }
        found
    }
}

/// Does the address fit the pattern? `*` stands for any text.
fn matches(pattern: &str, url: &str) -> bool {
    let Some((head, tail)) = pattern.split_once('*') else { return pattern == url };
    let Some(mut rest) = url.strip_prefix(head) else { return false };
    let mut parts: Vec<&str> = tail.split('*').collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        match rest.find(part) {
            Some(i) => rest = &rest[i + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_star_stands_for_any_text() {
        assert!(matches("http://x/*3to4", "http://x/Patient3to4"));
        assert!(!matches("http://x/*3to4", "http://x/Patient4to3"));
        assert!(matches("*", "a") && matches("a*b*c", "a1b2c") && !matches("a", "ab"));
    }
}
