//! Slicing: which slice a repetition belongs to, and whether the slices' cardinalities hold.
//!
//! Invariant: a repetition belongs to at most one slice, the first that fits; where the
//! discriminators cannot decide, that is told. Deliberately absent: reslicing (a slice named `a/b`
//! is treated as a slice of its own).

use super::children::Child;
use super::{Layers, Nodes, Run};
use crate::profile::{How, Rule, Slicing, Step};
use crate::terms::unversioned;
use crate::tree::NodeId;
use smallvec::smallvec;

impl<'a> Run<'a> {
    /// Sorts the children at `at` into the slices, gives them the slices' layers and counts.
    pub(super) fn slices(
        &mut self,
        node: NodeId,
        name: &str,
        slicing: &'a Slicing,
        at: &[usize],
        children: &mut [Child<'a>],
    ) {
        let mut counts = vec![0u32; slicing.slices.len()];
        let mut last_slice = 0;
        let mut unmatched = false;
        for &i in at {
            let found = self.slice_of(slicing, children[i].node);
            self.path.push((children[i].node, children[i].index));
            match found {
                Ok(Some(s)) => {
                    counts[s] += 1;
                    if unmatched && slicing.at_end {
                        self.error(
                            "slice",
                            children[i].node,
                            "stands after items that belong to no slice; move it before them".into(),
                        );
                    }
                    if s < last_slice && slicing.ordered {
                        self.error(
                            "slice",
                            children[i].node,
                            "out of order: the profile gives the slices in another order".into(),
                        );
                    }
                    last_slice = last_slice.max(s);
                    self.rule_types(&mut children[i], &slicing.slices[s].1);
                }
                Ok(None) => {
                    unmatched = true;
                    if slicing.closed {
                        let names: Vec<&str> = slicing.slices.iter().map(|(n, _)| &**n).collect();
                        let what =
                            format!("belongs to none of the slices allowed here: {}", names.join(", "));
                        self.error("slice", children[i].node, what);
                    }
                }
                Err(()) => {
                    self.unsure("slice", children[i].node, "the profile's slices cannot be told apart here")
                }
            }
            self.path.pop();
        }
        for ((slice, rule), n) in slicing.slices.iter().zip(counts) {
            if let Some(min) = rule.min.filter(|&m| n < m) {
                let near = self.nearest(slicing, rule, at, children);
                let what =
                    format!("the slice `{name}:{slice}` stands {n} times; at least {min} required{near}");
                self.error("cardinality", node, what);
            }
            if let Some(max) = rule.max.flatten().filter(|&m| n > m) {
                let what = format!("the slice `{name}:{slice}` stands {n} times; at most {max} allowed");
                self.error("cardinality", node, what);
            }
        }
    }

    /// Says what keeps a missing slice's only candidate out, as far as that is plain.
    fn nearest(&self, slicing: &Slicing, rule: &Rule, at: &[usize], children: &[Child<'a>]) -> &'static str {
        match (at.len(), slicing.discriminators.is_empty(), rule.decisive) {
            (0, _, _) => "; there is none at all",
            (_, false, true) => "; what is there differs in the discriminating element",
            _ if children.is_empty() => "",
            _ => "; what is there does not fit it",
        }
    }

    /// The slice that the node belongs to. `Err`: undecidable.
    fn slice_of(&mut self, slicing: &'a Slicing, node: NodeId) -> Result<Option<usize>, ()> {
        let mut undecided = false;
        for (i, (_, rule)) in slicing.slices.iter().enumerate() {
            match self.is_in(slicing, rule, node) {
                Some(true) => return Ok(Some(i)),
                Some(false) => {}
                None => undecided = true,
            }
        }
        if undecided { Err(()) } else { Ok(None) }
    }

    fn is_in(&mut self, slicing: &'a Slicing, rule: &'a Rule, node: NodeId) -> Option<bool> {
        if slicing.discriminators.is_empty() {
            return rule.decisive.then(|| self.fits(node, rule));
        }
        let mut all = Some(true);
        for (how, steps) in &slicing.discriminators {
            match self.discriminates(*how, steps, rule, node) {
                Some(true) => {}
                Some(false) => return Some(false),
                None => all = None,
            }
        }
        all
    }

    /// Does the node have what the slice demands at the end of the path?
    fn discriminates(&mut self, how: How, steps: &'a [Step], rule: &'a Rule, node: NodeId) -> Option<bool> {
        if how == How::Unknown || steps.contains(&Step::Unknown) {
            return None;
        }
        let rules = self.rules_at(rule, steps);
        let nodes = self.nodes_at(node, steps)?;
        match how {
            How::Exists => {
                let banned = rules.iter().any(|r| r.max == Some(Some(0)));
                let demanded = rules.iter().any(|r| r.min.unwrap_or(0) > 0);
                (banned || demanded).then_some(nodes.is_empty() == banned)
            }
            How::Value => {
                let decisive: Layers<'_> = rules.iter().copied().filter(|r| r.decisive).collect();
                if decisive.is_empty() {
                    return self.extension_url(rule, steps, &nodes);
                }
                Some(nodes.iter().any(|&n| decisive.iter().all(|r| self.fits(n, r))))
            }
            How::Type => {
                let types: Vec<_> = rules.iter().flat_map(|r| &r.types).map(|t| t.ty).collect();
                if steps.last() == Some(&Step::Resolve) {
                    return self.targets_fit(rule, steps, &nodes);
                }
                let definitions = &self.own.definitions;
                let fits = |n: &NodeId| types.iter().any(|&t| definitions.is_a(self.tree.type_of(*n), t));
                (!types.is_empty()).then(|| nodes.iter().any(fits))
            }
            How::Profile => {
                if steps.last() == Some(&Step::Resolve) {
                    return self.targets_fit(rule, steps, &nodes);
                }
                let urls: Vec<&'a str> =
                    rules.iter().flat_map(|r| &r.types).flat_map(|t| &t.profiles).map(|u| &**u).collect();
                self.any_conforms(&urls, &nodes)
            }
            How::Unknown => None,
        }
    }

    /// An extension slice is told by its profile's URL even where that fixes no `url`.
    fn extension_url(&self, rule: &Rule, steps: &[Step], nodes: &[NodeId]) -> Option<bool> {
        let by_url = matches!(steps, [Step::Child(name)] if &**name == "url");
        let urls: Vec<&str> = rule.types.iter().flat_map(|t| &t.profiles).map(|u| unversioned(u)).collect();
        let is = |n: &NodeId| self.tree.text(*n).is_some_and(|t| urls.contains(&t));
        (by_url && !urls.is_empty()).then(|| nodes.iter().any(is))
    }

    /// `resolve()` at the end: does what is referred to fit the reference's targets?
    fn targets_fit(&mut self, rule: &'a Rule, steps: &'a [Step], nodes: &[NodeId]) -> Option<bool> {
        let holders = self.rules_at(rule, &steps[..steps.len() - 1]);
        let urls: Vec<&'a str> =
            holders.iter().flat_map(|r| &r.types).flat_map(|t| &t.targets).map(|u| &**u).collect();
        self.any_conforms(&urls, nodes)
    }

    fn any_conforms(&mut self, urls: &[&'a str], nodes: &[NodeId]) -> Option<bool> {
        if urls.is_empty() {
            return None;
        }
        let mut verdict = Some(false);
        for &node in nodes {
            for url in urls {
                match self.is_target(node, url) {
                    Some(true) => return Some(true),
                    Some(false) => {}
                    None => verdict = None,
                }
            }
        }
        verdict
    }

    /// The rules that a slice and the profiles of its types state at the end of the path.
    fn rules_at(&self, rule: &'a Rule, steps: &[Step]) -> Layers<'a> {
        let mut rules: Layers<'a> = smallvec![rule];
        self.with_profiles(&mut rules);
        for step in steps {
            let mut next = Layers::new();
            for rule in rules {
                match step {
                    Step::Child(name) => next.extend(rule.child(name)),
                    Step::Extension(url) => next.extend(extension_rules(rule, url)),
                    Step::OfType(_) => next.push(rule),
                    Step::Resolve | Step::Unknown => {}
                }
            }
            rules = next;
            self.with_profiles(&mut rules);
        }
        rules
    }

    fn with_profiles(&self, rules: &mut Layers<'a>) {
        for i in 0..rules.len() {
            let named = rules[i].types.iter().flat_map(|t| &t.profiles).filter_map(|u| self.own.find(u));
            rules.extend(named.map(|p| &p.root));
        }
    }

    /// The nodes at the end of the path. `None`: a reference on the way leads out of the document.
    fn nodes_at(&self, node: NodeId, steps: &[Step]) -> Option<Nodes> {
        let mut nodes: Nodes = smallvec![node];
        for step in steps {
            let mut next = Nodes::new();
            for &n in &nodes {
                match step {
                    Step::Child(name) => next.extend(self.children_called(n, name)),
                    Step::Extension(url) => {
                        let is = |e: &NodeId| self.tree.child_text(*e, "url") == Some(url);
                        next.extend(self.children_called(n, "extension").into_iter().filter(is));
                    }
                    Step::OfType(ty) => {
                        let is = self.own.definitions.type_name(self.tree.type_of(n)) == &**ty;
                        next.extend(is.then_some(n));
                    }
                    Step::Resolve => next.push(self.resolve(n)?),
                    Step::Unknown => return None,
                }
            }
            nodes = next;
        }
        Some(nodes)
    }
}

/// The rules of the extension slices that a rule has for this URL.
fn extension_rules<'a>(rule: &'a Rule, url: &str) -> impl Iterator<Item = &'a Rule> {
    let slices = rule.child("extension").and_then(|e| e.slicing.as_ref());
    let names = move |r: &&Rule| r.types.iter().flat_map(|t| &t.profiles).any(|p| unversioned(p) == url);
    slices.into_iter().flat_map(|s| &s.slices).map(|(_, r)| r).filter(names)
}
