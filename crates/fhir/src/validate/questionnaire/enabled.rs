//! Is an item of a questionnaire to be asked, given the answers? (questionnaire.html, `enableWhen`)
//!
//! Where several items answer the same question, the nearest counts: first those around the item, then
//! those before it, then those behind it. Invariant: three outcomes; what cannot be compared is not
//! decided. Deliberately absent: conditions written in FHIRPath, which the caller's engine is asked about.

use super::super::order::compare;
use super::value_of;
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
}

impl<'a> Given<'a> {
    pub(super) fn of(response: NodeRef<'a>) -> Given<'a> {
        let mut all = Given { items: HashMap::new(), places: HashMap::new(), root: response };
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

    /// Is the item `form` to be asked in `container`, where `item` is given for it?
    pub(super) fn enabled(&self, form: NodeRef<'_>, container: NodeId, item: Option<NodeId>) -> Option<bool> {
        let all = form.child_text("enableBehavior") != Some("any");
        let mut conditions = form.all("enableWhen").peekable();
        if conditions.peek().is_none() {
            return Some(true);
        }
        // All: the first that fails decides. Any: the first that holds.
        let mut verdict = Some(all);
        for condition in conditions {
            match self.holds(condition, container, item) {
                Some(holds) if holds != all => return Some(!all),
                Some(_) => {}
                None => verdict = None,
            }
        }
        verdict
    }

    fn holds(&self, condition: NodeRef<'_>, container: NodeId, item: Option<NodeId>) -> Option<bool> {
        let expected = value_of(condition)?;
        let found = self.nearest(condition.child_text("question")?, container, item);
        let answers = found.into_iter().flat_map(|n| n.all("answer")).filter_map(value_of);
        let answers: Vec<(&str, NodeRef<'_>)> =
            answers.filter(|(_, value)| value.kind() != Kind::Null).collect();
        let any = |verdict: &dyn Fn((&str, NodeRef<'_>)) -> Option<bool>| {
            let verdicts: Vec<Option<bool>> = answers.iter().map(|a| verdict(*a)).collect();
            match verdicts.contains(&Some(true)) {
                true => Some(true),
                false => (!verdicts.contains(&None)).then_some(false),
            }
        };
        let ordered = |fits: fn(Ordering) -> bool| any(&|a| compare(a, expected).map(fits));
        match condition.child_text("operator")? {
            "exists" => Some(answers.is_empty() != (expected.1.text()? == "true")),
            "=" => any(&|a| equal(a, expected)),
            // What no answer at all means here, R4 does not say.
            "!=" if answers.is_empty() => None,
            "!=" => any(&|a| equal(a, expected)).map(|same| !same),
            ">" => ordered(Ordering::is_gt),
            "<" => ordered(Ordering::is_lt),
            ">=" => ordered(Ordering::is_ge),
            "<=" => ordered(Ordering::is_le),
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

/// Are the two values the same? `None`: not decidable here.
pub(super) fn equal(a: (&str, NodeRef<'_>), b: (&str, NodeRef<'_>)) -> Option<bool> {
    let parts = |n: NodeRef<'_>, names: [&str; 2]| names.map(|name| n.child_text(name).map(str::to_string));
    match (a.0, b.0) {
        ("Coding", "Coding") => {
            let names = ["system", "code"];
            let (x, y) = (parts(a.1, names), parts(b.1, names));
            match (&x[1], &y[1]) {
                (Some(_), Some(_)) => Some(x == y),
                _ => Some(a.1.child_text("display") == b.1.child_text("display") && x == y),
            }
        }
        // Two addresses may lead to the same resource.
        ("Reference", "Reference") => {
            (a.1.child_text("reference")? == b.1.child_text("reference")?).then_some(true)
        }
        ("Boolean", "Boolean") | ("String" | "Uri", "String" | "Uri") => Some(a.1.text()? == b.1.text()?),
        ("Attachment", "Attachment") => None,
        _ if a.0 == b.0 && a.1.text().is_some() && a.1.text() == b.1.text() => Some(true),
        _ => match compare(a, b) {
            Some(order) => Some(order.is_eq()),
            None => (a.0 != b.0).then_some(false),
        },
    }
}
