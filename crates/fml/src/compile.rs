//! A map checked against its models and turned into code.
//!
//! Each group is compiled once per combination of input types, beginning with the entry group, so
//! that an untyped `target tgt` is still checked against what it is given. Groups that nothing calls
//! are compiled for their findings only. Invariants: a plan is only made when nothing was found;
//! the same finding is told once. Deliberately absent: running anything.

mod expression;
mod names;
mod reach;
mod rule;
mod source;
mod target;
mod unused;
mod value;

use crate::ast::{Group, Input, InputMode, Name, Place, Rule};
use crate::code::{Code, GroupCode, Slot};
use crate::diagnostic::{Diagnostic, Severity, Source};
use crate::library::{Library, Loaded};
use crate::model;
use crate::plan::Plan;
use fhir::{Definitions, TypeId};
use std::cell::OnceCell;
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

/// A group of the library: map and group.
type GroupPlace = (usize, usize);

/// Combinations of groups and types beyond which a map is refused.
const MOST_GROUPS: usize = 4096;

/// What a name stands for while rules are compiled.
#[derive(Clone, Debug)]
struct Variable {
    name: String,
    slot: Slot,
    mode: InputMode,
    ty: TypeId,
    /// The types it may have where `ty` is not known; none where nothing is known.
    types: Vec<TypeId>,
    /// Is it read from the result?
    result: bool,
}

/// What a group is given for an input.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
struct Given {
    ty: TypeId,
    /// An element of the result that is read as a source.
    result: bool,
}

pub(crate) struct Compiler<'l> {
    library: &'l Library,
    definitions: &'l Definitions,
    code: Code,
    found: Vec<Diagnostic>,
    known: HashMap<(GroupPlace, Vec<Given>), usize>,
    waiting: Vec<(usize, GroupPlace, Vec<Given>)>,
    /// Constants by map and name; nothing while one is being compiled.
    constants: HashMap<(usize, String), Option<usize>>,
    shares: Vec<String>,
    /// By map: it and all it imports, and the default groups among them.
    visible: Vec<OnceCell<Rc<[usize]>>>,
    defaults: HashMap<usize, Rc<[names::DefaultGroup]>>,
    /// Maps and concept maps that something in them was taken from.
    used_maps: BTreeSet<usize>,
    used_tables: BTreeSet<String>,
    /// Groups whose rules another group has taken over.
    extended: BTreeSet<GroupPlace>,
    /// The numbers of rules by where they stand in the library.
    labels: HashMap<*const Rule, usize>,
    // what is being compiled now
    map: usize,
    group: String,
    scope: Vec<Variable>,
    slots: usize,
    /// A group that nothing calls: types that only a call could tell are not missed.
    uncalled: bool,
}

impl<'l> Compiler<'l> {
    pub fn new(library: &'l Library) -> Compiler<'l> {
        Compiler {
            library,
            definitions: &library.definitions,
            code: Code::default(),
            found: Vec::new(),
            known: HashMap::new(),
            waiting: Vec::new(),
            constants: HashMap::new(),
            shares: Vec::new(),
            visible: library.maps.iter().map(|_| OnceCell::new()).collect(),
            defaults: HashMap::new(),
            used_maps: BTreeSet::new(),
            used_tables: BTreeSet::new(),
            extended: BTreeSet::new(),
            labels: HashMap::new(),
            map: 0,
            group: String::new(),
            scope: Vec::new(),
            slots: 0,
            uncalled: false,
        }
    }

    pub fn plan(mut self, url: &str) -> Result<Plan, Vec<Diagnostic>> {
        let Some(map) = self.library.maps.iter().position(|m| m.map.url.text == url) else {
            let source = Source::new(url, "");
            let error =
                source.error(Place::default(), "unknown-map", "the library has no map with this address");
            return Err(vec![error]);
        };
        self.map = map;
        self.check_header();
        let entry = self.entry();
        self.compile_waiting();
        self.compile_uncalled(map);
        self.check_unused(map);
        let own = &self.library.maps[map].source.file;
        self.found.sort_by(|a, b| {
            let key = |d: &Diagnostic| (d.file != *own, d.file.clone(), d.span.start);
            key(a).cmp(&key(b))
        });
        let (errors, warnings): (Vec<_>, Vec<_>) =
            self.found.into_iter().partition(|d| d.severity == Severity::Error);
        match (entry, errors.is_empty()) {
            (Some((source, target)), true) => {
                let definitions = self.library.definitions.clone();
                Ok(Plan::new(url, definitions, self.code, source, target, warnings))
            }
            _ => Err(errors),
        }
    }

    /// Starts with the first group that has one source and one target.
    fn entry(&mut self) -> Option<(TypeId, TypeId)> {
        let groups = &self.loaded().map.groups;
        let is_entry = |g: &Group| match g.inputs.as_slice() {
            [a, b] => a.mode == InputMode::Source && b.mode == InputMode::Target,
            _ => false,
        };
        let Some(index) = groups.iter().position(is_entry) else {
            let place = groups.first().map(|g| g.name.place).unwrap_or_default();
            self.error(
                place,
                "no-entry",
                "no group has exactly one source and one target, in this order",
                None,
            );
            return None;
        };
        let inputs = &groups[index].inputs;
        let source = self.entry_type(&inputs[0]);
        let target = self.entry_type(&inputs[1]);
        let (source, target) = (source?, target?);
        let given = [source, target].map(|ty| Given { ty, result: false });
        self.request((self.map, index), given.to_vec());
        Some((source, target))
    }

    /// The type of an entry group's input: its own, or that of the only structure with its mode.
    fn entry_type(&mut self, input: &'l Input) -> Option<TypeId> {
        if let Some(ty) = &input.ty {
            return self.type_of(ty);
        }
        let uses = &self.loaded().map.structures;
        let mut fitting = uses.iter().filter(|s| match input.mode {
            InputMode::Source => s.mode == crate::ast::ModelMode::Source,
            InputMode::Target => s.mode == crate::ast::ModelMode::Target,
        });
        match (fitting.next(), fitting.next()) {
            (Some(only), None) => self.type_at(&only.url.text, only.url.place),
            _ => {
                let message = format!("the type of `{}` is not known", input.name.text);
                self.error(input.name.place, "type-missing", message, Some("write `name : Type`"));
                None
            }
        }
    }

    fn compile_waiting(&mut self) {
        while let Some((index, place, given)) = self.waiting.pop() {
            let code = self.group_code(place, &given);
            self.code.groups[index] = code;
        }
    }

    /// The groups of this map that nothing called: their findings count, their code is dropped.
    fn compile_uncalled(&mut self, map: usize) {
        self.uncalled = true;
        for index in 0..self.library.maps[map].map.groups.len() {
            let called = self.known.keys().any(|(place, _)| *place == (map, index));
            if called || self.extended.contains(&(map, index)) {
                continue;
            }
            let group = &self.library.maps[map].map.groups[index];
            self.map = map;
            let given = |ty| Given { ty, result: false };
            let types = group.inputs.iter().map(|input| given(self.declared(input))).collect::<Vec<_>>();
            let message = match group.type_mode {
                None => format!("nothing calls the group `{}`", group.name.text),
                Some(_) => format!("no rule copies what `{}` is the default for", group.name.text),
            };
            self.warn(group.name.place, "uncalled-group", message, Some("call it, or take it out"));
            self.request((map, index), types);
            self.compile_waiting();
        }
    }

    fn declared(&mut self, input: &'l Input) -> TypeId {
        input.ty.as_ref().and_then(|ty| self.type_of(ty)).unwrap_or(TypeId::NONE)
    }

    /// The code's index of a group with these input types; compiled later if it is new.
    fn request(&mut self, place: GroupPlace, given: Vec<Given>) -> usize {
        let key = (place, given);
        if let Some(index) = self.known.get(&key) {
            return *index;
        }
        let index = self.code.groups.len();
        if index >= MOST_GROUPS {
            let name = &self.library.maps[place.0].map.groups[place.1].name;
            self.error(name.place, "too-many-groups", "the groups are called with too many types", None);
            return 0;
        }
        self.code.groups.push(GroupCode::default());
        self.known.insert(key.clone(), index);
        self.waiting.push((index, key.0, key.1));
        index
    }

    /// The rules of a group and, before them, of those it extends, in one frame.
    fn group_code(&mut self, place: GroupPlace, given: &[Given]) -> GroupCode {
        let chain = self.chain(place);
        self.slots = given.len();
        let mut rules = Vec::new();
        for ((map, index), slots) in chain {
            let group = &self.library.maps[map].map.groups[index];
            self.map = map;
            self.group = group.name.text.clone();
            self.scope.clear();
            for (input, slot) in group.inputs.iter().zip(slots) {
                let Some(given) = given.get(slot) else { continue };
                let declared = self.declared(input);
                let ty = if self.narrows(declared, given.ty) { declared } else { given.ty };
                let name = input.name.text.clone();
                let (mode, result) = (input.mode, given.result);
                self.scope.push(Variable { name, slot, mode, ty, types: vec![], result });
            }
            rules.extend(self.rules(&group.rules));
        }
        GroupCode { slots: self.slots, rules }
    }

    /// Is `declared` known and more exact than `given`?
    fn narrows(&self, declared: TypeId, given: TypeId) -> bool {
        declared != TypeId::NONE && (given == TypeId::NONE || self.definitions.is_a(declared, given))
    }

    /// The group with those it extends, the farthest first; and for the inputs of each, the slots of
    /// the group itself.
    fn chain(&mut self, place: GroupPlace) -> Vec<(GroupPlace, Vec<Slot>)> {
        let group_at = |p: GroupPlace| &self.library.maps[p.0].map.groups[p.1];
        let mut chain = vec![(place, (0..group_at(place).inputs.len()).collect::<Vec<Slot>>())];
        let mut at = place;
        while let Some(name) = &group_at(at).extends {
            self.map = at.0;
            let Some(next) = self.find_group(name) else { break };
            if chain.iter().any(|(p, _)| *p == next) {
                self.error(name.place, "extends-itself", "the group extends itself, by way of others", None);
                break;
            }
            let (own, extended) = (&group_at(at).inputs, &group_at(next).inputs);
            let Some(places) = self.inputs_of_extended(name, own, extended) else { break };
            let slots = chain.last().map(|(_, slots)| slots.as_slice()).unwrap_or_default();
            let slots = places.iter().filter_map(|&i| slots.get(i).copied()).collect();
            chain.push((next, slots));
            self.extended.insert(next);
            at = next;
        }
        chain.reverse();
        chain
    }

    /// Which of the group's inputs each input of the extended group is: the one of the same name, in
    /// any order; where no name fits, the one in the same place.
    fn inputs_of_extended(&mut self, name: &Name, own: &[Input], extended: &[Input]) -> Option<Vec<usize>> {
        let same = |e: &Input| own.iter().position(|o| o.name.text == e.name.text);
        let by_name: Vec<Option<usize>> = extended.iter().map(same).collect();
        let modes = |inputs: &[Input]| inputs.iter().map(|i| i.mode).collect::<Vec<_>>();
        let places: Option<Vec<usize>> = by_name.iter().copied().collect();
        let places = match places {
            Some(places) => places,
            None if by_name.iter().all(Option::is_none) && modes(own) == modes(extended) => {
                let message = "the two groups name their inputs differently";
                let remedy = "give them the same names; until then the first goes with the first";
                self.warn(name.place, "extends-other-names", message, Some(remedy));
                (0..own.len()).collect()
            }
            None => {
                let missing = extended.iter().zip(&by_name).find(|(_, p)| p.is_none()).map(|(e, _)| e);
                let missing = missing.map_or("", |e| e.name.text.as_str());
                let message = format!("the extended group has an input `{missing}`, which this one lacks");
                self.error(name.place, "extends-other-inputs", message, Some("add the input"));
                return None;
            }
        };
        for (input, &place) in extended.iter().zip(&places) {
            let other = own.get(place)?;
            if other.mode != input.mode {
                let message = format!("the two groups have `{}` in different modes", input.name.text);
                self.error(name.place, "extends-other-inputs", message, None);
                return None;
            }
        }
        Some(places)
    }

    // ---- findings ----

    fn loaded(&self) -> &'l Loaded {
        &self.library.maps[self.map]
    }

    fn error(&mut self, place: Place, code: &'static str, message: impl Into<String>, remedy: Option<&str>) {
        let mut error = self.loaded().source.error(place, code, message);
        error.remedy = remedy.map(str::to_string);
        self.push(error);
    }

    fn warn(&mut self, place: Place, code: &'static str, message: impl Into<String>, remedy: Option<&str>) {
        let mut warning = self.loaded().source.warning(place, code, message);
        warning.remedy = remedy.map(str::to_string);
        self.push(warning);
    }

    fn has_errors(&self) -> bool {
        self.found.iter().any(|d| d.severity == Severity::Error)
    }

    fn push(&mut self, finding: Diagnostic) {
        let same =
            |d: &Diagnostic| d.file == finding.file && d.span == finding.span && d.code == finding.code;
        if !self.found.iter().any(same) {
            self.found.push(finding);
        }
    }

    /// "`x` …; did you mean `y`?"
    fn unknown(&mut self, name: &Name, code: &'static str, message: String, others: &[String]) {
        let remedy = model::nearest(&name.text, others).map(|n| format!("did you mean `{n}`?"));
        self.error(name.place, code, message, remedy.as_deref());
    }

    fn type_text(&self, ty: TypeId) -> String {
        match self.definitions.type_name(ty) {
            "" => "something of unknown type".to_string(),
            name => format!("`{name}`"),
        }
    }
}
