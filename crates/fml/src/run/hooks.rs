//! Where a run lets its record know.
//!
//! Each hook is one test while nobody traces; all work is the record's, out of the way of the run.
//! Invariant: a hook changes nothing but the record. Deliberately absent: conditions on what is worth
//! noting.

use super::made::Made;
use super::record::number;
use super::{Bound, Frame, Run};
use crate::code::{CallCode, Condition, RuleCode, Slot, SourceCode, Step, ValueCode};
use crate::trace::{Outcome, Role};
use fhir::{NodeId, NodeRef, TypeId};

impl<'t> Run<'t, '_> {
    #[inline]
    pub(super) fn note_begin(&mut self, rule: &RuleCode, frame: &Frame<'t>) {
        if let Some(record) = &mut self.record {
            record.begin(rule, frame);
        }
    }

    #[inline]
    pub(super) fn note_end(&mut self) {
        if let Some(record) = &mut self.record {
            record.end();
        }
    }

    /// The rule was not applied to this.
    #[inline]
    pub(super) fn note_skip(&mut self, item: &Made<'t>, outcome: Outcome) {
        if let Some(record) = &mut self.record {
            record.skip(self.rule, item, outcome);
        }
    }

    /// The run ends here: the rule that was running, or was about to, is the one that failed.
    pub(super) fn note_failure(&mut self) {
        if let Some(record) = &mut self.record {
            record.fail(self.rule, self.place.id);
        }
    }

    /// What the elements of a source led to, before anything chose among it.
    #[inline]
    pub(super) fn note_found(&mut self, source: &'t SourceCode, items: &[Made<'t>], frame: &Frame<'t>) {
        if self.record.is_some() {
            self.note_steps(source, items, frame);
        }
    }

    #[cold]
    fn note_steps(&mut self, source: &'t SourceCode, items: &[Made<'t>], frame: &Frame<'t>) {
        let start = match &frame[source.context] {
            Bound::Value(Made::Node(node)) => Some(*node),
            _ => None,
        };
        if items.is_empty() && source.default.is_none() {
            let start = start.map_or(Made::Text("".into(), TypeId::NONE), Made::Node);
            return self.note_skip(&start, Outcome::NoSource);
        }
        if let Some((Step::Value, steps)) = source.steps.split_last() {
            let mut nodes = super::Few::new();
            start.iter().for_each(|node| self.walk(*node, steps, &mut nodes));
            if let Some(record) = &mut self.record {
                record.bind_texts(self.rule, &nodes, (number(frame), source.bind));
            }
        }
    }

    /// The value that stands in for a source that is not there.
    #[inline]
    pub(super) fn note_default(&mut self, source: &SourceCode, frame: &Frame<'t>) {
        if let Some(record) = &mut self.record {
            record.default(self.rule, (number(frame), source.bind));
        }
    }

    /// That these are there decides something.
    #[inline]
    pub(super) fn note_counted(&mut self, items: &[Made<'t>]) {
        if let Some(record) = &mut self.record {
            record.counted(self.rule, items);
        }
    }

    /// Something will choose among these …
    #[inline]
    pub(super) fn note_before(&mut self, items: &[Made<'t>]) {
        if let Some(record) = &mut self.record {
            record.before_choice(items);
        }
    }

    /// … and left out those that are not among these.
    #[inline]
    pub(super) fn note_left_out(&mut self, kept: &[Made<'t>], outcome: Outcome) {
        if let Some(record) = &mut self.record {
            record.after_choice(self.rule, kept, outcome);
        }
    }

    #[inline]
    pub(super) fn note_use(&mut self, node: NodeRef<'t>, role: Role) {
        if let Some(record) = &mut self.record {
            record.used(self.rule, &[node.id], role, false);
        }
    }

    #[inline]
    pub(super) fn note_condition(&mut self, condition: &Condition, item: &Made<'t>) {
        if let Some(record) = &mut self.record {
            record.condition(self.rule, condition, item);
        }
    }

    /// What was looked at was looked at for this.
    #[inline]
    pub(super) fn note_looked(&mut self, role: Role) {
        if let Some(record) = &mut self.record {
            record.use_looked(self.rule, role);
        }
    }

    #[inline]
    pub(super) fn forget_looked(&self) {
        if let Some(record) = &self.record {
            record.forget();
        }
    }

    /// An argument of a transform, or a variable that an expression mentions.
    #[inline]
    pub(super) fn note_argument(&self, slot: Slot, frame: &Frame<'t>) {
        if let Some(record) = &self.record {
            record.argument(slot, frame);
        }
    }

    /// A value that is about to be written.
    #[inline]
    pub(super) fn note_origin(&mut self, code: &ValueCode, value: &Made<'t>, frame: &Frame<'t>) {
        if self.record.is_some() {
            let all = self.holds_extensions();
            self.record.iter_mut().for_each(|r| r.begin_value(code, value, frame, all));
        }
    }

    /// It was written; without `made` it was empty and is left out.
    #[inline]
    pub(super) fn note_value(&mut self, made: Option<NodeId>) {
        if let Some(record) = &mut self.record {
            record.end_value(self.rule, made);
        }
    }

    /// An element was made, or found again where there can be one only.
    #[inline]
    pub(super) fn note_written(&mut self, made: NodeId) {
        if let Some(record) = &mut self.record {
            record.written(made);
        }
    }

    /// A variable was given a computed value.
    #[inline]
    pub(super) fn note_variable(
        &mut self,
        code: &ValueCode,
        value: &Made<'t>,
        frame: &Frame<'t>,
        slot: Slot,
    ) {
        if let Some(record) = &mut self.record {
            record.variable(self.rule, code, value, frame, slot);
        }
    }

    #[inline]
    pub(super) fn note_call(&mut self, call: &CallCode, frame: &Frame<'t>, inner: &Frame<'t>) {
        if let Some(record) = &mut self.record {
            record.call(self.rule, call, number(frame), number(inner));
        }
    }

    #[inline]
    pub(super) fn note_return(&mut self, inner: &Frame<'t>) {
        if let Some(record) = &mut self.record {
            record.leave(number(inner));
        }
    }
}
