//! Running a plan: groups, rules, the way of one source through them.
//!
//! Invariants: total, that is a whole tree or a fault; steps, depth and size are bounded; each
//! repetition of a source is tested by `where` on its own. Deliberately absent: name look-ups; a
//! variable is a slot of its group's frame.

mod concepts;
mod expression;
mod finish;
mod hooks;
mod made;
mod parts;
mod record;
mod report;
mod source;
mod target;
mod transform;

pub(crate) use expression::constant_scope;
pub(crate) use transform::DATE_UNITS;

use crate::code::{ArgumentCode, CallCode, Condition, GroupCode, RuleCode, SourceCode, Step, TargetCode};
use crate::fault::{Cause, MapFault};
use crate::plan::{Inputs, Plan};
use crate::trace::{Role, Trace};
use fhir::{Key, NodeId, NodeRef, Tree, TypeId};
use fhirpath::Scope;
use made::Made;
use record::Record;
use smallvec::{SmallVec, smallvec};
use std::sync::Arc;

/// What a slot holds.
#[derive(Clone, Debug)]
enum Bound<'t> {
    Nothing,
    /// A source's repetition, or a computed value.
    Value(Made<'t>),
    /// A node of the result.
    Target(NodeId),
}

type Frame<'t> = [Bound<'t>];

/// Values of which there are seldom more than two.
type Few<T> = SmallVec<[T; 2]>;

struct Run<'t, 'a> {
    plan: &'t Plan,
    inputs: &'a Inputs<'a>,
    /// Made when the first expression asks for it; many maps have none.
    scope: Option<Scope<'t>>,
    root: NodeRef<'t>,
    tree: Tree,
    /// The nodes made one by one, in that order, with their places among their siblings.
    built: Vec<(NodeId, u32)>,
    shared: Vec<(NodeId, usize, NodeId)>,
    constants: Vec<Option<Arc<[fhirpath::Value<'t>]>>>,
    steps: u64,
    depth: usize,
    // where it is, for faults
    rule: usize,
    place: NodeRef<'t>,
    /// Only for a trace. What is noted never changes what is done.
    record: Option<Box<Record<'t>>>,
}

/// Maps a source.
pub(crate) fn run(plan: &Plan, source: NodeRef<'_>, inputs: &Inputs<'_>) -> Result<Tree, MapFault> {
    start(plan, source, inputs, None).0
}

/// Maps a source and tells how.
pub(crate) fn trace(
    plan: &Plan,
    source: NodeRef<'_>,
    inputs: &Inputs<'_>,
) -> (Result<Tree, MapFault>, Trace) {
    let (result, record) = start(plan, source, inputs, Some(Box::new(Record::new(source))));
    let trace = record.map(|r| r.report(plan, result.as_ref().ok())).unwrap_or_default();
    (result, trace)
}

fn start<'t>(
    plan: &'t Plan,
    source: NodeRef<'t>,
    inputs: &Inputs<'_>,
    record: Option<Box<Record<'t>>>,
) -> (Result<Tree, MapFault>, Option<Box<Record<'t>>>) {
    let mut run = Run {
        plan,
        inputs,
        scope: None,
        root: source,
        tree: Tree::with_room(plan.target_type(), 64),
        built: Vec::with_capacity(32),
        shared: vec![],
        constants: plan.code.constants.iter().map(|c| c.fixed.clone()).collect(),
        steps: 0,
        depth: 0,
        rule: usize::MAX,
        place: source,
        record,
    };
    match run.whole() {
        Ok(()) => (Ok(run.tree), run.record),
        Err(cause) => {
            run.note_failure();
            (Err(run.fault(cause)), run.record)
        }
    }
}

impl<'t> Run<'t, '_> {
    fn whole(&mut self) -> Result<(), Cause> {
        let ty = self.root.type_of();
        if !self.plan.definitions.is_a(ty, self.plan.source) {
            return Err(Cause::new("wrong-source", format!("the source is no {}", self.plan.source_type())));
        }
        self.begin_root();
        if let Some(entry) = self.plan.code.groups.first() {
            let root = self.tree.root();
            let mut frame = self.frame(entry);
            frame[0] = Bound::Value(Made::Node(self.root));
            frame[1] = Bound::Target(root);
            self.group(entry, &mut frame)?;
        }
        self.finish();
        Ok(())
    }

    fn frame(&self, group: &GroupCode) -> SmallVec<[Bound<'t>; 8]> {
        smallvec![Bound::Nothing; group.slots.max(2)]
    }

    fn fault(&self, cause: Cause) -> MapFault {
        let rule = self.plan.code.rules.get(self.rule).map(|r| r.label.clone()).unwrap_or_default();
        MapFault {
            map: self.plan.url.clone(),
            rule,
            place: self.place.path(),
            code: cause.code,
            message: cause.message,
        }
    }

    fn group(&mut self, group: &'t GroupCode, frame: &mut Frame<'t>) -> Result<(), Cause> {
        self.rules(&group.rules, frame)
    }

    fn rules(&mut self, rules: &'t [RuleCode], frame: &mut Frame<'t>) -> Result<(), Cause> {
        for rule in rules {
            let (outer, place) = (self.rule, self.place);
            self.rule = rule.label;
            self.sources(rule, 0, frame)?;
            (self.rule, self.place) = (outer, place);
        }
        Ok(())
    }

    /// Binds the repetitions of the rule's sources from number `index` on, each with each.
    fn sources(&mut self, rule: &'t RuleCode, index: usize, frame: &mut Frame<'t>) -> Result<(), Cause> {
        let Some(source) = rule.sources.get(index) else {
            return self.fire(rule, frame);
        };
        self.depth += 1;
        if self.depth > self.inputs.bounds.depth {
            return Err(Cause::new("too-deep", "rules and groups call one another too deeply"));
        }
        if self.record.is_none() && source.is_plain() {
            self.plain_source(rule, index, source, frame)?;
        } else {
            self.any_source(rule, index, source, frame)?;
        }
        frame[source.bind] = Bound::Nothing;
        self.depth -= 1;
        Ok(())
    }

    /// The straight way: each repetition at once, without collecting them.
    fn plain_source(
        &mut self,
        rule: &'t RuleCode,
        index: usize,
        source: &'t SourceCode,
        frame: &mut Frame<'t>,
    ) -> Result<(), Cause> {
        let (Bound::Value(Made::Node(node)), [Step::Named(key)]) =
            (&frame[source.context], source.steps.as_slice())
        else {
            return Ok(());
        };
        for item in source::named(*node, key) {
            if let Some(Condition::Equals(key, text)) = &source.condition
                && !equals(item, key, text)
            {
                continue;
            }
            self.place = item;
            frame[source.bind] = Bound::Value(Made::Node(item));
            self.sources(rule, index + 1, frame)?;
            if source.mode.is_some() {
                break;
            }
        }
        Ok(())
    }

    fn any_source(
        &mut self,
        rule: &'t RuleCode,
        index: usize,
        source: &'t SourceCode,
        frame: &mut Frame<'t>,
    ) -> Result<(), Cause> {
        for item in self.found(source, frame)? {
            if let Made::Node(node) = &item {
                self.place = *node;
                self.note_use(*node, Role::Source);
            }
            frame[source.bind] = Bound::Value(item);
            self.sources(rule, index + 1, frame)?;
        }
        Ok(())
    }

    fn fire(&mut self, rule: &'t RuleCode, frame: &mut Frame<'t>) -> Result<(), Cause> {
        self.steps += 1;
        if self.steps > self.inputs.bounds.steps {
            return Err(Cause::new("too-many-steps", "the map applies too many rules"));
        }
        match self.record {
            Some(_) => self.apply_noted(rule, frame),
            None => self.apply::<false>(rule, frame),
        }
    }

    #[cold]
    fn apply_noted(&mut self, rule: &'t RuleCode, frame: &mut Frame<'t>) -> Result<(), Cause> {
        self.note_begin(rule, frame);
        self.apply::<true>(rule, frame)?;
        self.note_end();
        Ok(())
    }

    fn apply<const NOTED: bool>(&mut self, rule: &'t RuleCode, frame: &mut Frame<'t>) -> Result<(), Cause> {
        let (targets, calls) = self.parts(rule, frame);
        for target in targets {
            self.target::<NOTED>(target, frame)?;
        }
        for call in calls {
            self.call(call, frame)?;
        }
        if !rule.rules.is_empty() {
            self.rules(&rule.rules, frame)?;
        }
        Ok(())
    }

    /// What the rule does: the same always, or what the type of its source asks for.
    fn parts(&self, rule: &'t RuleCode, frame: &Frame<'t>) -> (&'t [TargetCode], &'t [CallCode]) {
        let bound = rule.sources.first().filter(|_| !rule.cases.is_empty()).map(|s| &frame[s.bind]);
        let ty = match bound {
            Some(Bound::Value(made)) => self.type_of(made),
            _ => return (&rule.targets, &rule.calls),
        };
        match rule.cases.iter().find(|case| case.ty == ty) {
            Some(case) => (&case.targets, &case.calls),
            None => (&rule.targets, &rule.calls),
        }
    }

    fn type_of(&self, made: &Made<'t>) -> TypeId {
        match made {
            Made::Node(node) => node.type_of(),
            Made::Text(_, ty) | Made::Parts(_, ty) => *ty,
            Made::Target(id) => self.tree.type_of(*id),
        }
    }

    fn call(&mut self, call: &'t CallCode, frame: &mut Frame<'t>) -> Result<(), Cause> {
        let Some(group) = self.plan.code.groups.get(call.group) else { return Ok(()) };
        let mut inner = self.frame(group);
        for (slot, argument) in call.arguments.iter().enumerate() {
            inner[slot] = match argument {
                ArgumentCode::Variable(from) => frame[*from].clone(),
                other => match self.argument(other, frame)? {
                    Some(made) => Bound::Value(made),
                    None => Bound::Nothing,
                },
            };
        }
        self.note_call(call, frame, &inner);
        self.group(group, &mut inner)?;
        self.note_return(&inner);
        Ok(())
    }
}

/// Is there one child of this name, with this text?
fn equals(item: NodeRef<'_>, key: &Key, text: &str) -> bool {
    let mut found = item.tree.named(item.id, key);
    match (found.next(), found.next()) {
        (Some(only), None) => item.tree.text(only) == Some(text),
        _ => false,
    }
}
