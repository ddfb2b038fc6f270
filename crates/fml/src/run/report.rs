//! The trace made of a record when the run has ended: places for nodes, reasons for what is missing.
//!
//! Invariant: one walk over each tree, so that the cost is that of their size. Deliberately absent:
//! anything that looks at a value; a text's presence is its shape.

use super::record::{Noted, Origin, Record};
use crate::code::{Code, RuleCode};
use crate::plan::Plan;
use crate::trace::{Found, How, Idle, Required, Role, Shape, Step, Trace, Use, Written};
use fhir::{Definitions, Kind, NodeId, NodeRef, Tree, TypeId};
use std::collections::{BTreeMap, HashMap};

/// Elements of a tree that are told.
const MOST_PLACES: usize = 100_000;

impl Record<'_> {
    /// The whole trace.
    pub fn report(self, plan: &Plan, result: Option<&Tree>) -> Trace {
        let definitions = &plan.definitions;
        let sources = places(definitions, self.source.tree);
        let targets = result.map(|tree| places(definitions, tree)).unwrap_or_default();
        let cut = self.cut || sources.cut || targets.cut;
        let mut trace = Trace { cut, ..Trace::default() };
        trace.source = found(definitions, &self, &sources);
        if let Some(tree) = result {
            trace.result = written(&self, tree, &targets, &sources);
            trace.required = required(definitions, tree, &targets);
        }
        trace.idle = idle(&plan.code, &self);
        let places = |nodes: &[NodeId], all: &Places| {
            nodes.iter().filter_map(|n| Some(all.get(*n)?.to_string())).collect::<Vec<_>>()
        };
        let step = |noted: &Noted| Step {
            rule: noted.rule,
            outer: noted.outer,
            sources: places(&noted.sources, &sources),
            targets: places(&noted.targets, &targets),
            outcome: noted.outcome,
        };
        trace.steps = self.steps.iter().map(step).collect();
        trace
    }
}

/// The nodes of a tree in its order, each with its path.
#[derive(Default)]
struct Places {
    cut: bool,
    all: Vec<(NodeId, String)>,
    by_node: HashMap<NodeId, usize>,
}

impl Places {
    fn get(&self, node: NodeId) -> Option<&str> {
        self.all.get(*self.by_node.get(&node)?).map(|(_, path)| path.as_str())
    }
}

/// All elements; `resourceType` is none.
fn places(definitions: &Definitions, tree: &Tree) -> Places {
    let mut places = Places::default();
    let root = tree.root();
    let mut work = vec![(root, fhir::finding::shown(tree.name(root)).to_string())];
    while let Some((node, path)) = work.pop() {
        if places.all.len() >= MOST_PLACES {
            places.cut = true;
            break;
        }
        let mut counts: HashMap<&str, usize> = HashMap::new();
        let first = work.len();
        for child in tree.children(node).filter(|c| is_element(tree.at(*c))) {
            let name = tree.name(child);
            let count = counts.entry(name).or_default();
            let index = if tree.is_list(child) { format!("[{count}]") } else { String::new() };
            *count += 1;
            let known = definitions.element(tree.type_of(node), name).is_some();
            let shown = if known { fhir::finding::shown(name) } else { "?" };
            work.push((child, format!("{path}.{shown}{index}")));
        }
        work[first..].reverse();
        places.by_node.insert(node, places.all.len());
        places.all.push((node, path));
    }
    places
}

fn is_element(node: NodeRef<'_>) -> bool {
    node.name() != "resourceType" && node.kind() != Kind::Empty
}

fn shape(node: NodeRef<'_>) -> Shape {
    match node.kind() {
        Kind::Object => Shape::Group,
        Kind::String => Shape::Text,
        Kind::Number => Shape::Number,
        Kind::Boolean => Shape::Boolean,
        Kind::Null | Kind::Empty => Shape::Empty,
    }
}

// ---- the source ----

fn found(definitions: &Definitions, record: &Record<'_>, places: &Places) -> Vec<Found> {
    let tree = record.source.tree;
    let quantity = definitions.type_id("Quantity").unwrap_or(TypeId::NONE);
    let mut all: Vec<Found> = Vec::with_capacity(places.all.len());
    // What took an element with all below it.
    let mut whole: Vec<Vec<Use>> = Vec::with_capacity(places.all.len());
    for (node, place) in &places.all {
        let parent = tree.parent(*node).and_then(|p| places.by_node.get(&p)).copied();
        let from = (*node, Use { rule: 0, role: Role::Source });
        let mut uses: Vec<Use> =
            record.uses.range(from..).take_while(|(n, _)| n == node).map(|(_, u)| *u).collect();
        let mut below: Vec<Use> = parent.and_then(|p| whole.get(p)).cloned().unwrap_or_default();
        uses.extend(&below);
        let taken = record.whole.range((*node, 0)..).take_while(|(n, _)| n == node);
        below.extend(taken.map(|&(_, rule)| Use { rule, role: Role::Value }));
        if definitions.is_a(tree.type_of(*node), quantity) {
            below.extend(uses.iter().filter(|u| u.role != Role::Source));
        }
        if let (true, Some(parent)) = (is_address(tree, *node), parent.and_then(|p| all.get(p))) {
            uses.extend(&parent.uses);
        }
        for list in [&mut uses, &mut below] {
            list.sort_unstable();
            list.dedup();
        }
        whole.push(below);
        let own = tree.type_of(*node);
        let element = match parent.and_then(|p: usize| all.get(p)) {
            Some(_) if definitions.is_resource(own) => definitions.type_name(own).to_string(),
            Some(parent) => {
                let last = place.rsplit('.').next().unwrap_or_default();
                format!("{}.{}", parent.element, last.split('[').next().unwrap_or_default())
            }
            None if own != TypeId::NONE => definitions.type_name(own).to_string(),
            None => place.clone(),
        };
        all.push(Found { place: place.clone(), element, shape: shape(tree.at(*node)), parent, uses });
    }
    all
}

/// The address of an extension: it is read by whatever chose the extension.
fn is_address(tree: &Tree, node: NodeId) -> bool {
    let inside = |name: &str| matches!(name, "extension" | "modifierExtension");
    tree.name(node) == "url" && tree.parent(node).is_some_and(|p| inside(tree.name(p)))
}

// ---- the result ----

/// What an element has from the one it stands in.
#[derive(Clone)]
struct Given {
    step: Option<usize>,
    origin: Option<Origin>,
}

fn written(record: &Record<'_>, tree: &Tree, targets: &Places, sources: &Places) -> Vec<Written> {
    let mut given: Vec<Given> = Vec::with_capacity(targets.all.len());
    let mut out = Vec::with_capacity(targets.all.len());
    for (node, place) in &targets.all {
        let parent = tree.parent(*node).and_then(|p| targets.by_node.get(&p)).and_then(|i| given.get(*i));
        let own = match (record.values.get(node), record.made.get(node)) {
            (Some((step, origin)), _) => Given { step: Some(*step), origin: Some(origin.clone()) },
            (None, Some(step)) => Given { step: Some(*step), origin: None },
            (None, None) => {
                parent.map_or(Given { step: None, origin: None }, |p| inherited(record, tree, *node, p))
            }
        };
        let (how, from) = match &own.origin {
            Some(origin) => (origin.how, origin.sources.as_slice()),
            None => (How::Made, &[] as &[NodeId]),
        };
        out.push(Written {
            place: place.clone(),
            shape: shape(tree.at(*node)),
            step: own.step,
            how,
            sources: from.iter().filter_map(|n| Some(sources.get(*n)?.to_string())).collect(),
        });
        given.push(own);
    }
    out
}

/// An element that came with the one it stands in: of a copy, its own counterpart is known.
fn inherited(record: &Record<'_>, tree: &Tree, node: NodeId, parent: &Given) -> Given {
    let Some(origin) = &parent.origin else { return parent.clone() };
    let (How::Copied, [from]) = (origin.how, origin.sources.as_slice()) else { return parent.clone() };
    let name = tree.name(node);
    let same = |t: &Tree, c: &NodeId| t.name(*c) == name;
    let siblings = tree.parent(node).into_iter().flat_map(|p| tree.children(p));
    let before = siblings.take_while(|c| *c != node).filter(|c| same(tree, c)).count();
    let source = record.source.tree;
    let counterpart = source.children(*from).filter(|c| same(source, c)).nth(before);
    let sources = vec![counterpart.unwrap_or(*from)];
    Given { step: parent.step, origin: Some(Origin { how: How::Copied, sources, whole: true }) }
}

fn required(definitions: &Definitions, tree: &Tree, places: &Places) -> Vec<Required> {
    let mut out = Vec::new();
    for (node, place) in &places.all {
        let ty = tree.type_of(*node);
        if ty == TypeId::NONE || definitions.is_primitive(ty) {
            continue;
        }
        for element in definitions.elements(ty).filter(|e| e.min > 0) {
            let is =
                |c: NodeId| definitions.element(ty, tree.name(c)).is_some_and(|e| e.name == element.name);
            out.push(Required {
                place: place.clone(),
                ty: definitions.type_name(ty).to_string(),
                element: element.name.to_string(),
                set: tree.children(*node).any(is),
            });
        }
    }
    out
}

// ---- rules that were never tried ----

fn idle(code: &Code, record: &Record<'_>) -> Vec<Idle> {
    let mut tried = vec![false; code.rules.len()];
    for step in &record.steps {
        if let Some(tried) = tried.get_mut(step.rule) {
            *tried = true;
        }
    }
    let leads = leads(code);
    let untried = tried.iter().enumerate().filter(|(_, tried)| !**tried);
    untried.map(|(rule, _)| Idle { rule, outer: leads.get(&rule).cloned().unwrap_or_default() }).collect()
}

/// For each rule, the rules that lead to it: the one it stands in, or those that call its group.
fn leads(code: &Code) -> BTreeMap<usize, Vec<usize>> {
    let mut leads: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    let mut lead = |to: usize, from: usize| {
        let all = leads.entry(to).or_default();
        if from != to && !all.contains(&from) {
            all.push(from);
        }
    };
    let mut work: Vec<&RuleCode> = code.groups.iter().flat_map(|g| &g.rules).collect();
    while let Some(rule) = work.pop() {
        rule.rules.iter().for_each(|inner| lead(inner.label, rule.label));
        let calls = rule.calls.iter().chain(rule.cases.iter().flat_map(|case| &case.calls));
        for group in calls.filter_map(|c| code.groups.get(c.group)) {
            group.rules.iter().for_each(|inner| lead(inner.label, rule.label));
        }
        work.extend(&rule.rules);
    }
    leads
}
