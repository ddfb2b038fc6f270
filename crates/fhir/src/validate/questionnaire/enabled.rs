//! Is an item of a questionnaire to be asked, given the answers? (questionnaire.html, `enableWhen`)
//!
//! Where several items answer the same question, the nearest counts: first those around the item, then
//! those before it, then those behind it. Invariant: three outcomes; what cannot be compared is not
//! decided, and an item's answers are gathered once. Deliberately absent: conditions written in FHIRPath,
//! which the caller's engine is asked about.

use super::question::{Condition, Question};
use super::value_of;
use super::values::{Effort, Values, cost};
use crate::tree::{Kind, NodeId, NodeRef};
use std::cmp::Ordering;
use std::collections::HashMap;

/// The items of a response by linkId and by place.
pub(super) struct Given<'a> {
    /// In document order, by linkId.
    items: HashMap<&'a str, Vec<(usize, NodeRef<'a>)>>,
    /// Of every item and answer: its number in document order, and the first number behind it.
    places: HashMap<NodeId, (usize, usize)>,
    root: NodeRef<'a>,
    /// Of items that conditions ask about: their answers.
    answers: HashMap<NodeId, Values<'a>>,
    /// For all that is compared in this response.
    pub(super) effort: Effort,
}

impl<'a> Given<'a> {
    pub(super) fn of(response: NodeRef<'a>) -> Given<'a> {
        let mut all = Given {
            items: HashMap::new(),
            places: HashMap::new(),
            root: response,
            answers: HashMap::new(),
            effort: Effort::new(),
        };
        // A node comes up twice: to be numbered, and when all inside it has been.
        let mut work = vec![(response, false)];
        let mut count = 0;
        while let Some((node, done)) = work.pop() {
            if done {
                all.places.entry(node.id).and_modify(|(_, end)| *end = count);
                continue;
            }
            all.places.insert(node.id, (count, count));
            if let Some(link) = node.child_text("linkId") {
                all.items.entry(link).or_default().push((count, node));
            }
            count += 1;
            work.push((node, true));
            let inner: Vec<NodeRef<'a>> =
                node.children().filter(|c| matches!(c.name(), "item" | "answer")).collect();
            work.extend(inner.into_iter().rev().map(|c| (c, false)));
        }
        all
    }

    /// Is the question to be asked in `container`, where `item` is given for it?
    pub(super) fn enabled(
        &mut self,
        question: &Question<'_>,
        container: NodeId,
        item: Option<NodeId>,
    ) -> Option<bool> {
        let all = question.all;
        if question.conditions.is_empty() {
            return Some(true);
        }
        // All: the first that fails decides. Any: the first that holds.
        let mut verdict = Some(all);
        for condition in &question.conditions {
            if !self.effort.spend(1) {
                return None;
            }
            match condition.as_ref().and_then(|c| self.holds(c, container, item)) {
                Some(holds) if holds != all => return Some(!all),
                Some(_) => {}
                None => verdict = None,
            }
        }
        verdict
    }

    fn holds(&mut self, condition: &Condition<'_>, container: NodeId, item: Option<NodeId>) -> Option<bool> {
        let expected = condition.expected;
        let found = self.nearest(condition.question, container, item);
        let gather = |item: NodeRef<'a>| {
            let values = item.all("answer").filter_map(value_of);
            Values::of(values.filter(|(_, value)| value.kind() != Kind::Null))
        };
        let none = Values::of(std::iter::empty());
        let answers = match found {
            Some(item) => self.answers.entry(item.id).or_insert_with(|| gather(item)),
            None => &none,
        };
        let effort = &mut self.effort;
        match condition.operator {
            "exists" => Some(answers.is_empty() != (expected.1.text()? == "true")),
            // What no answer at all means here, R4 does not say.
            "!=" if answers.is_empty() => None,
            "=" | "!=" if !effort.spend(cost(expected.1)) => None,
            "=" => answers.contains(expected, effort),
            "!=" => answers.contains(expected, effort).map(|same| !same),
            ">" => answers.ordered(expected, effort, Ordering::is_gt),
            "<" => answers.ordered(expected, effort, Ordering::is_lt),
            ">=" => answers.ordered(expected, effort, Ordering::is_ge),
            "<=" => answers.ordered(expected, effort, Ordering::is_le),
            _ => None,
        }
    }

    /// The item that answers the question `link`, seen from `item`, or from the end of `container`
    /// where nothing is given.
    fn nearest(&self, link: &str, container: NodeId, item: Option<NodeId>) -> Option<NodeRef<'a>> {
        let all = self.items.get(link)?;
        let own = item.or(Some(container)).and_then(|n| self.places.get(&n));
        let own = own.map_or(usize::MAX, |&(start, end)| if item.is_some() { start } else { end });
        let tree = self.root.tree;
        let mut around = Some(container);
        while let Some((node, &(start, end))) = around.and_then(|n| Some((n, self.places.get(&n)?))) {
            let first = all.partition_point(|(place, _)| *place < start);
            let behind = all.partition_point(|(place, _)| *place < own);
            let last = all.partition_point(|(place, _)| *place < end);
            if behind > first {
                return all.get(behind - 1).map(|(_, n)| *n);
            }
            let next = all.get(behind..last).unwrap_or_default().iter();
            if let Some((_, found)) = next.into_iter().find(|(place, _)| *place != own) {
                return Some(*found);
            }
            around = tree.parent(node).filter(|_| node != self.root.id);
        }
        None
    }
}
