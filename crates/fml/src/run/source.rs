//! The repetitions of a rule's source.
//!
//! The order of the clauses: elements, type, cardinality, `default`, `where`, `check`, `log`, list
//! mode. So `first` is the first for which `where` is true. Invariant: `where` and `check` see one
//! repetition at a time. Deliberately absent: anything written.

use super::made::Made;
use super::{Bound, Few, Frame, Run};
use crate::ast::SourceMode;
use crate::code::{Condition, SourceCode, Step};
use crate::fault::Cause;
use crate::trace::{Outcome, Role};
use fhir::{Key, Kind, NodeId, NodeRef};

impl<'t> Run<'t, '_> {
    /// What a source comes to.
    pub(super) fn found(
        &mut self,
        source: &'t SourceCode,
        frame: &mut Frame<'t>,
    ) -> Result<Few<Made<'t>>, Cause> {
        let mut items = Few::new();
        match (&frame[source.context], source.steps.as_slice()) {
            (Bound::Nothing, _) => {}
            (Bound::Target(id) | Bound::Value(Made::Target(id)), steps) => {
                self.walk_result(*id, steps, &mut items);
            }
            (Bound::Value(made), []) => items.push(made.clone()),
            (Bound::Value(Made::Node(node)), steps) => self.walk(*node, steps, &mut items),
            (Bound::Value(text @ Made::Text(..)), [Step::Value]) => items.push(text.clone()),
            (Bound::Value(Made::Text(..) | Made::Parts(..)), _) => {}
        }
        self.note_found(source, &items, frame);
        if let Some(ty) = source.ty {
            self.note_before(&items);
            items.retain(|item| self.plan.definitions.is_a(self.type_of(item), ty));
            self.note_left_out(&items, Outcome::Type);
        }
        if source.cardinality.is_some() {
            self.note_counted(&items);
            self.cardinality(source, items.len())?;
        }
        if let (true, Some(default)) = (items.is_empty(), &source.default) {
            let values = self.evaluate(default, None, frame)?;
            items.extend(values.into_iter().filter_map(|v| Made::of(v, &self.plan.primitives)));
            self.note_default(source, frame);
        }
        if let Some(condition) = &source.condition {
            let mut kept = Few::new();
            for item in items {
                frame[source.bind] = Bound::Value(item.clone());
                let kept_here = match (condition, &item) {
                    (Condition::Equals(key, text), Made::Node(node)) => super::equals(*node, key, text),
                    (Condition::Equals(..), _) => false,
                    (Condition::Expression(code), item) => self.is_true(code, item, frame)?,
                };
                self.note_condition(condition, &item);
                if kept_here {
                    kept.push(item);
                } else {
                    self.note_skip(&item, Outcome::Where);
                }
            }
            items = kept;
        }
        self.check(source, &items, frame)?;
        if let Some(mode) = source.mode {
            self.note_before(&items);
            if mode != SourceMode::First {
                self.note_counted(&items);
            }
            self.choose(source, &mut items)?;
            self.note_left_out(&items, Outcome::ListMode);
        }
        Ok(items)
    }

    /// The same over what was written so far.
    fn walk_result(&self, id: NodeId, steps: &[Step], out: &mut Few<Made<'t>>) {
        let mut found = Few::new();
        self.walk(self.tree.at(id), steps, &mut found);
        out.extend(found.into_iter().filter_map(|made| match made {
            Made::Node(node) => Some(Made::Target(node.id)),
            Made::Text(text, ty) => Some(Made::owned(text.into_owned(), ty)),
            Made::Parts(..) | Made::Target(_) => None,
        }));
    }

    pub(super) fn walk<'x>(&self, node: NodeRef<'x>, steps: &[Step], out: &mut Few<Made<'x>>) {
        let Some((step, rest)) = steps.split_first() else {
            out.push(Made::Node(node));
            return;
        };
        match step {
            Step::Named(key) => {
                for child in named(node, key) {
                    self.walk(child, rest, out);
                }
            }
            Step::Choice(keys) => {
                let chosen = |c: &NodeRef<'_>| present(*c) && keys.iter().any(|k| c.tree.is_named(c.id, k));
                for child in node.children().filter(chosen) {
                    self.walk(child, rest, out);
                }
            }
            Step::Open(key) => self.walk_open(node, key, rest, out),
            Step::Value => {
                if let (Some(text), true) = (node.text(), rest.is_empty()) {
                    out.push(Made::Text(text.into(), node.type_of()));
                }
            }
        }
    }

    fn walk_open<'x>(&self, node: NodeRef<'x>, key: &Key, rest: &[Step], out: &mut Few<Made<'x>>) {
        let definitions = &self.plan.definitions;
        let ty = node.type_of();
        if key.name() == "value" && definitions.is_primitive(ty) {
            if let (Some(text), true) = (node.text(), rest.is_empty()) {
                out.push(Made::Text(text.into(), ty));
            }
            return;
        }
        let choice = definitions.element(ty, key.name()).filter(|e| e.choice && *e.name == *key.name());
        for child in node.children().filter(|c| present(*c)) {
            let named = child.tree.is_named(child.id, key);
            let chosen = || {
                choice.is_some_and(|e| {
                    definitions.element(ty, child.name()).is_some_and(|o| std::ptr::eq(e, o))
                })
            };
            if named || chosen() {
                self.walk(child, rest, out);
            }
        }
    }

    fn cardinality(&self, source: &SourceCode, count: usize) -> Result<(), Cause> {
        let Some((min, max)) = source.cardinality else { return Ok(()) };
        if (count as u64) < u64::from(min) {
            let message = format!("the rule needs at least {min} of its source, there are {count}");
            return Err(Cause::new("cardinality", message));
        }
        match max {
            Some(max) if count as u64 > u64::from(max) => {
                let message = format!("the rule takes at most {max} of its source, there are {count}");
                Err(Cause::new("cardinality", message))
            }
            _ => Ok(()),
        }
    }

    fn check(
        &mut self,
        source: &'t SourceCode,
        items: &[Made<'t>],
        frame: &mut Frame<'t>,
    ) -> Result<(), Cause> {
        for item in items {
            if source.check.is_none() && source.log.is_none() {
                return Ok(());
            }
            frame[source.bind] = Bound::Value(item.clone());
            if let Made::Node(node) = item {
                self.place = *node;
                self.note_use(*node, Role::Condition);
            }
            if let Some(check) = &source.check
                && !self.is_true(check, item, frame)?
            {
                return Err(Cause::new("check-failed", "what the rule checks is not true"));
            }
            if let Some(log) = &source.log {
                self.evaluate(log, Some(item), frame)?;
            }
            self.note_looked(Role::Condition);
        }
        Ok(())
    }

    fn choose(&self, source: &SourceCode, items: &mut Few<Made<'t>>) -> Result<(), Cause> {
        match source.mode {
            _ if items.is_empty() => {}
            None => {}
            Some(SourceMode::First) => items.truncate(1),
            Some(SourceMode::NotFirst) => {
                items.remove(0);
            }
            Some(SourceMode::Last) => {
                items.drain(..items.len() - 1);
            }
            Some(SourceMode::NotLast) => {
                items.pop();
            }
            Some(SourceMode::OnlyOne) if items.len() > 1 => {
                let message = format!("the rule takes its source only once, there are {}", items.len());
                return Err(Cause::new("not-only-one", message));
            }
            Some(SourceMode::OnlyOne) => {}
        }
        Ok(())
    }
}

/// The children of this name that stand for something.
pub(super) fn named<'x, 'k>(
    node: NodeRef<'x>,
    key: &'k Key,
) -> impl Iterator<Item = NodeRef<'x>> + use<'x, 'k> {
    let tree = node.tree;
    tree.children(node.id)
        .filter(move |&id| tree.is_named(id, key))
        .map(move |id| NodeRef { tree, id })
        .filter(|c| present(*c))
}

/// JSON's `null` without extensions and an empty array are no repetitions.
fn present(node: NodeRef<'_>) -> bool {
    match node.kind() {
        Kind::Null => node.children().next().is_some(),
        Kind::Empty => false,
        _ => true,
    }
}
