//! What names mean: types, structures, imports, groups.
//!
//! Invariant: a map's own groups come before imported ones, imports are followed in order and
//! through their own imports. Deliberately absent: fetching anything that the library lacks.

use super::{Compiler, GroupPlace, Variable};
use crate::ast::{InputMode, Name, Place, Structure, TypeMode};
use crate::code::{Choice, ElementCode};
use crate::model;
use fhir::TypeId;
use std::rc::Rc;

/// A default group: `<<types>>` or `<<type+>>`.
#[derive(Clone, Copy)]
pub(super) struct DefaultGroup {
    group: GroupPlace,
    mode: TypeMode,
    from: TypeId,
    to: TypeId,
}

impl<'l> Compiler<'l> {
    /// Findings in `uses` and `imports`, of this map and those it imports.
    pub(super) fn check_header(&mut self) {
        let start = self.map;
        for &map in self.visible(start).iter() {
            self.map = map;
            let loaded = self.loaded();
            for (i, structure) in loaded.map.structures.iter().enumerate() {
                self.type_at(&structure.url.text, structure.url.place);
                let Some(alias) = &structure.alias else { continue };
                let earlier = loaded.map.structures.iter().take(i);
                let same = |s: &&Structure| s.alias.as_ref().is_some_and(|a| a.text == alias.text);
                if earlier.filter(same).any(|s| s.url.text != structure.url.text) {
                    let message = format!("the map has a second alias `{}`", alias.text);
                    self.error(alias.place, "name-twice", message, Some("rename one of them"));
                }
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
            self.check_defaults();
        }
        self.map = start;
    }

    /// The map and all it imports, nearest first.
    pub(super) fn visible(&self, map: usize) -> Rc<[usize]> {
        let found = self.visible.get(map).map(|cell| cell.get_or_init(|| self.follow_imports(map).into()));
        found.cloned().unwrap_or_else(|| Rc::new([map]))
    }

    fn follow_imports(&self, map: usize) -> Vec<usize> {
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
        for &map in maps.iter() {
            let groups = &self.library.maps[map].map.groups;
            if let Some(index) = groups.iter().position(|g| g.name.text == name.text) {
                self.used_maps.insert(map);
                return Some((map, index));
            }
        }
        let names = |&m: &usize| self.library.maps[m].map.groups.iter().map(|g| g.name.text.clone());
        let all: Vec<String> = maps.iter().flat_map(names).collect();
        let message = format!("there is no group `{}`", name.text);
        self.unknown(name, "unknown-group", message, &all);
        None
    }

    pub(super) fn group_named(&self, name: &str) -> bool {
        let groups = |map: usize| self.library.maps[map].map.groups.iter();
        self.visible(self.map).iter().copied().flat_map(groups).any(|g| g.name.text == name)
    }

    /// The default groups that the current map sees: its own first, then those of its imports.
    fn default_groups(&mut self) -> Rc<[DefaultGroup]> {
        let here = self.map;
        if let Some(known) = self.defaults.get(&here) {
            return known.clone();
        }
        let mut out = Vec::new();
        for &map in self.visible(here).iter() {
            self.map = map;
            for (index, group) in self.library.maps[map].map.groups.iter().enumerate() {
                if let (Some(mode), [from, to]) = (group.type_mode, group.inputs.as_slice()) {
                    let (from, to) = (self.declared(from), self.declared(to));
                    out.push(DefaultGroup { group: (map, index), mode, from, to });
                }
            }
        }
        self.map = here;
        let out: Rc<[DefaultGroup]> = out.into();
        self.defaults.insert(here, out.clone());
        out
    }

    /// The types that some default group starts from and that the source may turn out to have.
    pub(super) fn default_types(&mut self, source: &Variable) -> Vec<TypeId> {
        let mut out: Vec<TypeId> = Vec::new();
        for default in self.default_groups().iter() {
            let below = source.ty != TypeId::NONE && self.definitions.is_a(default.from, source.ty);
            let possible = below || source.types.iter().any(|t| self.definitions.is_a(default.from, *t));
            if possible && default.from != TypeId::NONE && !out.contains(&default.from) {
                out.push(default.from);
            }
        }
        out
    }

    /// The default group that turns this type into what the element can hold, and what that then is.
    /// Where the element can be of several types, a `<<type+>>` group decides; else the same type.
    pub(super) fn default_for(
        &mut self,
        from: TypeId,
        element: &ElementCode,
    ) -> Option<(GroupPlace, Choice)> {
        let all: Vec<DefaultGroup> =
            self.default_groups().iter().filter(|d| d.from == from).copied().collect();
        let fixed = match element.choices.as_slice() {
            [only] if !self.definitions.is_abstract(only.ty) => Some(only.ty),
            _ => None,
        };
        let choice = |to: TypeId| {
            let found = element.choices.iter().find(|c| c.ty == to);
            let above = || element.choices.iter().find(|c| self.definitions.is_a(to, c.ty));
            let found = found.or_else(|| above().filter(|c| self.definitions.is_abstract(c.ty)))?;
            Some(Choice { key: found.key.clone(), ty: to, shape: model::shape(self.definitions, to) })
        };
        let open = |d: &&DefaultGroup| d.mode == TypeMode::TypeAndTypes || d.to == from;
        let fits = |d: &&DefaultGroup| fixed.map_or_else(|| open(d), |ty| d.to == ty);
        let plus = all.iter().filter(fits).filter(|d| fixed.is_some() || d.mode == TypeMode::TypeAndTypes);
        let found = plus.chain(all.iter().filter(fits)).find_map(|d| Some((d.group, choice(d.to)?)));
        self.used_maps.extend(found.iter().map(|(group, _)| group.0));
        found
    }

    pub(super) fn imports(&self, pattern: &str, map: usize) -> bool {
        matches(pattern, &self.library.maps[map].map.url.text)
    }

    /// Default groups that cannot be chosen: wrong inputs, or the same types as an earlier one.
    fn check_defaults(&mut self) {
        let mut seen: Vec<(TypeId, TypeId)> = Vec::new();
        for group in &self.loaded().map.groups {
            if group.type_mode.is_none() {
                continue;
            }
            let fine = match group.inputs.as_slice() {
                [a, b] => {
                    let modes = (a.mode, b.mode) == (InputMode::Source, InputMode::Target);
                    modes && a.ty.is_some() && b.ty.is_some()
                }
                _ => false,
            };
            if !fine {
                let message = "a default group has one source and one target, in this order, with types";
                self.error(group.name.place, "default-group-inputs", message, None);
                continue;
            }
            let types = (self.declared(&group.inputs[0]), self.declared(&group.inputs[1]));
            if seen.contains(&types) {
                let message =
                    format!("an earlier group is the default for the types of `{}`", group.name.text);
                let remedy = Some("take `<<…>>` off one of them");
                self.error(group.name.place, "default-twice", message, remedy);
            }
            seen.push(types);
        }
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
