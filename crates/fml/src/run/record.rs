//! What a traced run notes while it goes.
//!
//! Invariant: what is noted never changes what is done; what is kept is bounded by the two trees, the
//! rules and [`MOST_STEPS`]. Deliberately absent: texts of places (see `report`) and values.

use super::made::Made;
use super::{Bound, Frame};
use crate::code::{ArgumentCode, CallCode, Condition, Function, RuleCode, Slot, ValueCode};
use crate::trace::{How, Outcome, Role, Use};
use fhir::{NodeId, NodeRef};
use fhirpath::Scope;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

/// Steps that are kept.
const MOST_STEPS: usize = 200_000;

/// Where a value comes from.
#[derive(Clone, Debug)]
pub(super) struct Origin {
    pub how: How,
    pub sources: Vec<NodeId>,
    /// Is all below the sources taken as well?
    pub whole: bool,
}

pub(super) struct Noted {
    pub rule: usize,
    pub outer: Option<usize>,
    pub sources: Vec<NodeId>,
    pub targets: Vec<NodeId>,
    pub outcome: Outcome,
}

/// Nodes of the source that expressions came to, each once.
#[derive(Default)]
struct Looked {
    nodes: Vec<NodeId>,
    seen: HashSet<NodeId>,
}

impl Looked {
    fn add(&mut self, node: NodeId) {
        if self.seen.insert(node) {
            self.nodes.push(node);
        }
    }
}

pub(super) struct Record<'t> {
    pub source: NodeRef<'t>,
    pub steps: Vec<Noted>,
    pub cut: bool,
    /// The step that made an element of the result.
    pub made: HashMap<NodeId, usize>,
    /// The step that gave it its value, and where that came from.
    pub values: HashMap<NodeId, (usize, Origin)>,
    pub uses: BTreeSet<(NodeId, Use)>,
    /// Taken with all below, by this rule.
    pub whole: BTreeSet<(NodeId, usize)>,
    /// The steps now running, the innermost last; nothing where the step was not kept.
    open: Vec<Option<usize>>,
    /// Where the value comes from that is being written, and what was looked at to choose it.
    pending: Option<(Origin, Vec<NodeId>)>,
    /// What a source came to before something chose among it.
    before: Vec<NodeId>,
    looked: Arc<Mutex<Looked>>,
    /// Where the computed values of variables come from, by frame and slot.
    variables: HashMap<(usize, Slot), Origin>,
}

/// A frame's own number while it lives.
pub(super) fn number(frame: &Frame<'_>) -> usize {
    frame.as_ptr() as usize
}

impl<'t> Record<'t> {
    pub fn new(source: NodeRef<'t>) -> Record<'t> {
        Record {
            source,
            steps: vec![],
            cut: false,
            made: HashMap::new(),
            values: HashMap::new(),
            uses: BTreeSet::new(),
            whole: BTreeSet::new(),
            open: vec![],
            pending: None,
            before: vec![],
            looked: Arc::default(),
            variables: HashMap::new(),
        }
    }

    /// Has the scope tell what its expressions come to.
    pub fn watch<'s>(&self, scope: &mut Scope<'s>)
    where
        't: 's,
    {
        let (tree, looked) = (self.source.tree, self.looked.clone());
        scope.watch(move |node| {
            if std::ptr::eq(node.tree, tree) {
                looked.lock().unwrap_or_else(PoisonError::into_inner).add(node.id);
            }
        });
    }

    fn push(&mut self, rule: usize, sources: Vec<NodeId>, outcome: Outcome) -> Option<usize> {
        if self.steps.len() >= MOST_STEPS {
            self.cut = true;
            return None;
        }
        let outer = self.current();
        self.steps.push(Noted { rule, outer, sources, targets: vec![], outcome });
        Some(self.steps.len() - 1)
    }

    fn current(&self) -> Option<usize> {
        self.open.last().copied().flatten()
    }

    fn own<'m>(&self, made: &'m Made<'t>) -> Option<NodeRef<'t>> {
        match made {
            Made::Node(node) if std::ptr::eq(node.tree, self.source.tree) => Some(*node),
            _ => None,
        }
    }

    fn look(&self, node: NodeId) {
        self.looked.lock().unwrap_or_else(PoisonError::into_inner).add(node);
    }

    #[cold]
    pub fn forget(&self) {
        *self.looked.lock().unwrap_or_else(PoisonError::into_inner) = Looked::default();
    }

    /// What was looked at since it was last forgotten; what only stands on the way is left out.
    fn looked(&self) -> Vec<NodeId> {
        let looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        let tree = self.source.tree;
        let mut above = HashSet::new();
        for &node in &looked.nodes {
            let mut at = tree.parent(node);
            while let Some(parent) = at.filter(|p| above.insert(*p)) {
                at = tree.parent(parent);
            }
        }
        looked.nodes.iter().filter(|n| !above.contains(n)).copied().collect()
    }

    fn origin(&self, code: &ValueCode, value: &Made<'t>, frame: &Frame<'t>) -> Origin {
        let plain = |how| Origin { how, sources: vec![], whole: false };
        if let Some(node) = self.own(value) {
            return Origin { how: How::Copied, sources: vec![node.id], whole: true };
        }
        match (value, code) {
            (Made::Target(id), _) => {
                let sources = self.values.get(id).map(|(_, o)| o.sources.clone()).unwrap_or_default();
                Origin { how: How::Result, sources, whole: false }
            }
            (_, ValueCode::Variable(slot)) => {
                let known = self.variables.get(&(number(frame), *slot)).cloned();
                known.unwrap_or_else(|| plain(How::Constant))
            }
            (_, ValueCode::Literal(..)) => plain(How::Constant),
            (_, ValueCode::Call(Function::Uuid, _)) => plain(How::NewId),
            (_, ValueCode::Translate(..)) => {
                Origin { how: How::Translated, sources: self.looked(), whole: true }
            }
            (_, ValueCode::Call(Function::Reference, _)) => self.reference(),
            _ => match self.looked() {
                sources if sources.is_empty() => plain(How::Constant),
                sources => Origin { how: How::Computed, sources, whole: false },
            },
        }
    }

    /// A reference reads the id of what it refers to, or the address of its entry.
    fn reference(&self) -> Origin {
        let tree = self.source.tree;
        let mut sources = Vec::new();
        for node in self.looked() {
            let address = tree.parent(node).and_then(|entry| tree.child(entry, "fullUrl"));
            sources.extend(address.or_else(|| tree.child(node, "id")));
        }
        let how = if sources.is_empty() { How::Result } else { How::Computed };
        Origin { how, sources, whole: false }
    }

    #[cold]
    pub fn used(&mut self, rule: usize, nodes: &[NodeId], role: Role, whole: bool) {
        for &node in nodes {
            self.uses.insert((node, Use { rule, role }));
            if whole {
                self.whole.insert((node, rule));
            }
        }
    }
}

/// What is done when there is a record.
impl<'t> Record<'t> {
    #[cold]
    pub fn begin(&mut self, rule: &RuleCode, frame: &Frame<'t>) {
        let node = |slot: Slot| match &frame[slot] {
            Bound::Value(made) => self.own(made).map(|n| n.id),
            Bound::Nothing | Bound::Target(_) => None,
        };
        let sources = rule.sources.iter().filter_map(|s| node(s.bind)).collect();
        let step = self.push(rule.label, sources, Outcome::Ran);
        self.open.push(step);
    }

    #[cold]
    pub fn end(&mut self) {
        self.open.pop();
    }

    #[cold]
    pub fn skip(&mut self, rule: usize, item: &Made<'t>, outcome: Outcome) {
        let sources = self.own(item).map(|n| n.id).into_iter().collect();
        self.push(rule, sources, outcome);
    }

    /// What was being looked at, or written, is what it failed at.
    pub fn fail(&mut self, rule: usize, place: NodeId) {
        if let Some((origin, way)) = self.pending.take() {
            self.took(rule, &origin, way, origin.whole);
        }
        self.use_looked(rule, Role::Condition);
        let running = self.current().and_then(|i| self.steps.get_mut(i)).filter(|s| s.rule == rule);
        match running {
            Some(step) => step.outcome = Outcome::Failed,
            None if rule != usize::MAX => {
                self.push(rule, vec![place], Outcome::Failed);
            }
            None => {}
        }
    }

    /// A variable is bound to the text of these nodes.
    pub fn bind_texts(&mut self, rule: usize, nodes: &[Made<'t>], key: (usize, Slot)) {
        let sources: Vec<NodeId> = nodes.iter().filter_map(|n| self.own(n)).map(|n| n.id).collect();
        self.used(rule, &sources, Role::Source, false);
        self.variables.insert(key, Origin { how: How::Copied, sources, whole: false });
    }

    #[cold]
    pub fn default(&mut self, rule: usize, key: (usize, Slot)) {
        let sources = self.looked();
        let how = if sources.is_empty() { How::Constant } else { How::Computed };
        self.used(rule, &sources, Role::Value, false);
        self.variables.insert(key, Origin { how, sources, whole: false });
        self.forget();
    }

    #[cold]
    pub fn counted(&mut self, rule: usize, items: &[Made<'t>]) {
        let nodes: Vec<NodeId> = items.iter().filter_map(|m| self.own(m)).map(|n| n.id).collect();
        self.used(rule, &nodes, Role::Condition, false);
    }

    #[cold]
    pub fn before_choice(&mut self, items: &[Made<'t>]) {
        self.before = items.iter().filter_map(|m| self.own(m)).map(|n| n.id).collect();
    }

    #[cold]
    pub fn after_choice(&mut self, rule: usize, kept: &[Made<'t>], outcome: Outcome) {
        let before = std::mem::take(&mut self.before);
        let still: HashSet<NodeId> = kept.iter().filter_map(|m| self.own(m)).map(|n| n.id).collect();
        for node in before.into_iter().filter(|n| !still.contains(n)) {
            self.push(rule, vec![node], outcome);
        }
    }

    #[cold]
    pub fn condition(&mut self, rule: usize, condition: &Condition, item: &Made<'t>) {
        if let (Condition::Equals(key, _), Some(node)) = (condition, self.own(item)) {
            node.tree.named(node.id, key).for_each(|child| self.look(child));
        }
        self.use_looked(rule, Role::Condition);
    }

    #[cold]
    pub fn use_looked(&mut self, rule: usize, role: Role) {
        let nodes = self.looked();
        self.used(rule, &nodes, role, false);
        self.forget();
    }

    #[cold]
    pub fn argument(&self, slot: Slot, frame: &Frame<'t>) {
        let Bound::Value(made) = &frame[slot] else { return };
        match self.own(made) {
            Some(node) => self.look(node.id),
            None => {
                let known = self.variables.get(&(number(frame), slot));
                known.iter().flat_map(|o| &o.sources).for_each(|n| self.look(*n));
            }
        }
    }

    /// `all` tells whether the result takes what is below a simple value as well.
    #[cold]
    pub fn begin_value(&mut self, code: &ValueCode, value: &Made<'t>, frame: &Frame<'t>, all: bool) {
        let mut origin = self.origin(code, value, frame);
        origin.whole &= all || !matches!(value, Made::Node(node) if node.text().is_some());
        self.pending = Some((origin, self.on_the_way(code)));
    }

    /// What an expression looked at to choose its value.
    fn on_the_way(&self, code: &ValueCode) -> Vec<NodeId> {
        match code {
            ValueCode::Variable(_) => vec![],
            _ => self.looked(),
        }
    }

    /// Notes what a value was taken from, and what was looked at besides.
    fn took(&mut self, rule: usize, origin: &Origin, mut way: Vec<NodeId>, whole: bool) {
        way.retain(|node| !origin.sources.contains(node));
        self.used(rule, &way, Role::Condition, false);
        self.used(rule, &origin.sources, Role::Value, whole);
    }

    #[cold]
    pub fn end_value(&mut self, rule: usize, made: Option<NodeId>) {
        let Some((origin, way)) = self.pending.take() else { return };
        self.took(rule, &origin, way, origin.whole);
        let Some(made) = made else { return };
        if let Some(step) = self.current() {
            self.values.insert(made, (step, origin));
        }
        self.written(made);
    }

    #[cold]
    pub fn written(&mut self, made: NodeId) {
        let Some(current) = self.current() else { return };
        self.made.entry(made).or_insert(current);
        let targets = self.steps.get_mut(current).map(|s| &mut s.targets);
        if let Some(targets) = targets.filter(|t| t.last() != Some(&made)) {
            targets.push(made);
        }
    }

    #[cold]
    pub fn variable(
        &mut self,
        rule: usize,
        code: &ValueCode,
        value: &Made<'t>,
        frame: &Frame<'t>,
        slot: Slot,
    ) {
        let origin = self.origin(code, value, frame);
        let way = self.on_the_way(code);
        self.took(rule, &origin, way, false);
        self.variables.insert((number(frame), slot), origin);
    }

    /// The arguments' origins go along into the group.
    #[cold]
    pub fn call(&mut self, rule: usize, call: &CallCode, outer: usize, inner: usize) {
        let sources = self.looked();
        self.use_looked(rule, Role::Value);
        for (slot, argument) in call.arguments.iter().enumerate() {
            let origin = match argument {
                ArgumentCode::Variable(from) => self.variables.get(&(outer, *from)).cloned(),
                ArgumentCode::Literal(..) => None,
                ArgumentCode::Expression(_) => {
                    Some(Origin { how: How::Computed, sources: sources.clone(), whole: false })
                }
            };
            if let Some(origin) = origin {
                self.variables.insert((inner, slot), origin);
            }
        }
    }

    #[cold]
    pub fn leave(&mut self, inner: usize) {
        self.variables.retain(|(frame, _), _| *frame != inner);
    }
}
