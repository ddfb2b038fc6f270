//! Discriminators: what they look at, in the document and in the rules (profiling.html §5.1.0.13).
//!
//! Invariant: what cannot be decided here is `None`, never a guess. Deliberately absent: discriminators
//! outside the subset of FHIRPath that R4 allows.

use super::value::{contains, every, some};
use super::{Layers, Nodes, Run};
use crate::profile::{How, Rule, Slicing, Step};
use crate::terms::unversioned;
use crate::tree::{NodeId, NodeRef};
use smallvec::smallvec;

/// What one discriminator says of a node and a slice.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Said {
    Yes,
    No,
    /// The slice demands nothing there.
    Nothing,
    /// It cannot be told here.
    Unknown,
}

impl Said {
    fn of(yes: bool) -> Said {
        if yes { Said::Yes } else { Said::No }
    }

    fn told(verdict: Option<bool>) -> Said {
        verdict.map_or(Said::Unknown, Said::of)
    }
}

impl<'a> Run<'a> {
    /// Does the node have what the slice demands at the end of the path?
    pub(super) fn discriminates(
        &mut self,
        how: How,
        steps: &'a [Step],
        rule: &'a Rule,
        node: NodeId,
    ) -> Said {
        if how == How::Unknown || steps.contains(&Step::Unknown) {
            return Said::Unknown;
        }
        let rules = self.rules_at(rule, steps);
        let Some(nodes) = self.nodes_at(node, steps) else { return Said::Unknown };
        match how {
            How::Exists => {
                let banned = rules.iter().any(|r| r.max == Some(Some(0)));
                let demanded = rules.iter().any(|r| r.min.unwrap_or(0) > 0);
                match banned || demanded {
                    true => Said::of(nodes.is_empty() == banned),
                    false => Said::Nothing,
                }
            }
            How::Value => self.has_value(rule, steps, &rules, &nodes),
            How::Type => {
                let types: Vec<_> = rules.iter().flat_map(|r| &r.types).map(|t| t.ty).collect();
                if steps.last() == Some(&Step::Resolve) {
                    return self.targets_fit(rule, steps, &nodes);
                }
                let definitions = &self.own.definitions;
                let fits = |n: &NodeId| types.iter().any(|&t| definitions.is_a(self.tree.type_of(*n), t));
                if types.is_empty() { Said::Nothing } else { Said::of(nodes.iter().any(fits)) }
            }
            How::Profile => {
                if steps.last() == Some(&Step::Resolve) {
                    return self.targets_fit(rule, steps, &nodes);
                }
                let urls: Vec<&'a str> =
                    rules.iter().flat_map(|r| &r.types).flat_map(|t| &t.profiles).map(|u| &**u).collect();
                self.any_conforms(&urls, &nodes)
            }
            How::Unknown => Said::Unknown,
        }
    }

    /// By the rules at the end of the path, or else by a fixed or pattern value further up.
    fn has_value(&self, rule: &'a Rule, steps: &[Step], rules: &[&'a Rule], nodes: &[NodeId]) -> Said {
        let decisive: Layers<'_> = rules.iter().copied().filter(|r| r.decisive).collect();
        if !decisive.is_empty() {
            let fits = |&n: &NodeId| every(decisive.iter().map(|r| self.fits(n, r)));
            return Said::told(some(nodes.iter().map(fits)));
        }
        if let Some(by_url) = self.extension_url(rule, steps, nodes) {
            return Said::of(by_url);
        }
        for i in 0..steps.len() {
            let above = self.rules_at(rule, &steps[..i]);
            let stated = above.iter().flat_map(|r| [&r.fixed, &r.pattern]).flatten();
            let found = stated.filter_map(|tree| within(tree.at(tree.root()), &steps[i..])).next();
            if let Some(value) = found {
                return Said::of(nodes.iter().any(|&n| contains(self.tree.at(n), value)));
            }
        }
        Said::Nothing
    }

    /// An extension slice is told by its profile's URL even where that fixes no `url`.
    fn extension_url(&self, rule: &Rule, steps: &[Step], nodes: &[NodeId]) -> Option<bool> {
        let by_url = matches!(steps, [Step::Child(name)] if &**name == "url");
        let urls: Vec<&str> = rule.types.iter().flat_map(|t| &t.profiles).map(|u| unversioned(u)).collect();
        let is = |n: &NodeId| self.tree.text(*n).is_some_and(|t| urls.contains(&t));
        (by_url && !urls.is_empty()).then(|| nodes.iter().any(is))
    }

    /// `resolve()` at the end: does what is referred to fit the reference's targets?
    fn targets_fit(&mut self, rule: &'a Rule, steps: &'a [Step], nodes: &[NodeId]) -> Said {
        let holders = self.rules_at(rule, &steps[..steps.len() - 1]);
        let urls: Vec<&'a str> =
            holders.iter().flat_map(|r| &r.types).flat_map(|t| &t.targets).map(|u| &**u).collect();
        self.any_conforms(&urls, nodes)
    }

    fn any_conforms(&mut self, urls: &[&'a str], nodes: &[NodeId]) -> Said {
        if urls.is_empty() {
            return Said::Nothing;
        }
        let mut verdict = Said::No;
        for &node in nodes {
            for url in urls {
                match self.is_target(node, url) {
                    Some(true) => return Said::Yes,
                    Some(false) => {}
                    None => verdict = Said::Unknown,
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

/// The rules of the extension slices that a rule has for this URL, slices of slices too.
fn extension_rules<'a>(rule: &'a Rule, url: &str) -> Layers<'a> {
    let mut found = Layers::new();
    let mut open: Vec<&'a Slicing> =
        rule.child("extension").and_then(|e| e.slicing.as_ref()).into_iter().collect();
    while let Some(slicing) = open.pop() {
        for (_, rule) in &slicing.slices {
            if rule.types.iter().flat_map(|t| &t.profiles).any(|p| unversioned(p) == url) {
                found.push(rule);
            }
            open.extend(&rule.slicing);
        }
    }
    found
}

/// The part of a fixed or pattern value that the steps lead to.
fn within<'t>(value: NodeRef<'t>, steps: &[Step]) -> Option<NodeRef<'t>> {
    steps.iter().try_fold(value, |at, step| match step {
        Step::Child(name) => at.child(name),
        _ => None,
    })
}
