//! Slicing: which slice a repetition belongs to, and whether the slices' cardinalities hold.
//!
//! Invariant: a repetition belongs to at most one slice, the first that fits; where the
//! discriminators cannot decide, that is told, and nothing is said to be missing that may be there.
//! Deliberately absent: how a discriminator's path is followed (`discriminator`).

use super::Run;
use super::children::Child;
use super::discriminator::Said;
use crate::profile::{Rule, Slicing};
use crate::tree::NodeId;
use smallvec::SmallVec;

/// Indexes into the children of a node.
type Places = SmallVec<[usize; 8]>;

/// What is sliced: where, under which name, and by which other rules the element is held there.
#[derive(Clone, Copy)]
pub(super) struct Sliced<'s, 'a> {
    pub(super) node: NodeId,
    pub(super) name: &'s str,
    /// The rules that other layers have for the element; of use where they know its slices better.
    pub(super) others: &'s [&'a Rule],
}

impl<'a> Run<'a> {
    /// Sorts the children at `at` into the slices, gives them the slices' layers and counts.
    pub(super) fn slices(
        &mut self,
        of: Sliced<'_, 'a>,
        slicing: &'a Slicing,
        at: &[usize],
        children: &mut [Child<'a>],
    ) {
        let mut sorted: Vec<Places> = vec![Places::new(); slicing.slices.len()];
        let mut undecided = 0;
        let (mut last_slice, mut unmatched) = (0, false);
        for &i in at {
            let node = children[i].node;
            let found = self.slice_of(of, slicing, node);
            self.path.push((node, children[i].index));
            match found {
                Ok(Some(s)) => {
                    sorted[s].push(i);
                    if unmatched && slicing.at_end {
                        let what = "stands after items that belong to no slice; move it before them";
                        self.error("slice", node, what.into());
                    }
                    if s < last_slice && slicing.ordered {
                        let what = "out of order: the profile gives the slices in another order";
                        self.error("slice", node, what.into());
                    }
                    last_slice = last_slice.max(s);
                    self.rule_types(&mut children[i], &slicing.slices[s].1);
                }
                Ok(None) => {
                    unmatched = true;
                    if slicing.closed {
                        self.in_no_slice(slicing, &children[i]);
                    }
                }
                Err(()) => {
                    undecided += 1;
                    self.unsure("slice", node, "the profile's slices cannot be told apart here");
                }
            }
            self.path.pop();
        }
        for ((slice, rule), own) in slicing.slices.iter().zip(&sorted) {
            let name = format!("{}:{slice}", of.name);
            self.slice_count(of.node, &name, rule, own.len() as u32, undecided, (at, children));
            if let Some(inner) = rule.slicing.as_ref().filter(|s| !s.slices.is_empty() && !rule.is_choice()) {
                self.slices(Sliced { name: &name, others: &[], ..of }, inner, own, children);
            }
        }
    }

    fn in_no_slice(&mut self, slicing: &'a Slicing, child: &Child<'a>) {
        let names: Vec<&str> = slicing.slices.iter().map(|(n, _)| &**n).collect();
        let mut what = format!("belongs to none of the slices allowed here: {}", names.join(", "));
        let rules = slicing.slices.iter().map(|(name, rule)| (&**name, rule));
        if let Some((name, cause)) = self.nearest_rule(child.node, rules) {
            what.push_str(&format!("; nearest is `{name}`, but {cause}"));
        }
        self.error("slice", child.node, what);
    }

    fn slice_count(
        &mut self,
        node: NodeId,
        name: &str,
        rule: &'a Rule,
        n: u32,
        undecided: u32,
        (at, children): (&[usize], &[Child<'a>]),
    ) {
        if let Some(min) = rule.min.filter(|&m| n < m) {
            if n + undecided >= min {
                let what = format!("whether the slice `{name}` stands often enough cannot be told here");
                return self.unsure("cardinality", node, &what);
            }
            let mut what = format!("the slice `{name}` stands {n} times; at least {min} required");
            let candidates: Vec<_> = at.iter().map(|&i| (children[i].node, children[i].index)).collect();
            match self.nearest_node(&candidates, rule) {
                _ if candidates.is_empty() => what.push_str("; there is none at all"),
                Some((place, cause)) if n == 0 => {
                    what.push_str(&format!("; nearest is {place}, but {cause}"))
                }
                _ => {}
            }
            self.error("cardinality", node, what);
        }
        if let Some(max) = rule.max.flatten().filter(|&m| n > m) {
            let what = format!("the slice `{name}` stands {n} times; at most {max} allowed");
            self.error("cardinality", node, what);
        }
    }

    /// The slice that the node belongs to. `Err`: undecidable.
    fn slice_of(
        &mut self,
        of: Sliced<'_, 'a>,
        slicing: &'a Slicing,
        node: NodeId,
    ) -> Result<Option<usize>, ()> {
        let mut undecided = false;
        for (i, (name, rule)) in slicing.slices.iter().enumerate() {
            match self.is_in(slicing, rule, node).or_else(|| self.is_in_twin(of, name, node)) {
                Some(true) => return Ok(Some(i)),
                Some(false) => {}
                None => undecided = true,
            }
        }
        if undecided { Err(()) } else { Ok(None) }
    }

    /// A slice that a profile only narrows further is known by what another of the element's rules says
    /// of the slice of this name: the profile of its data type, or the unsliced element around.
    fn is_in_twin(&mut self, of: Sliced<'_, 'a>, name: &str, node: NodeId) -> Option<bool> {
        let slicings = of.others.iter().filter_map(|rule| rule.slicing.as_ref());
        let twin = |s: &'a Slicing| Some((s, s.slices.iter().find(|(n, _)| **n == *name).map(|(_, r)| r)?));
        let twins: SmallVec<[(&'a Slicing, &'a Rule); 4]> = slicings.filter_map(twin).collect();
        twins.into_iter().find_map(|(slicing, rule)| self.is_in(slicing, rule, node))
    }

    fn is_in(&mut self, slicing: &'a Slicing, rule: &'a Rule, node: NodeId) -> Option<bool> {
        if slicing.discriminators.is_empty() {
            return if rule.decisive { self.fits(node, rule) } else { None };
        }
        let mut verdict = Said::Nothing;
        for (how, steps) in &slicing.discriminators {
            match self.discriminates(*how, steps, rule, node) {
                Said::No => return Some(false),
                Said::Unknown => verdict = Said::Unknown,
                Said::Yes if verdict == Said::Nothing => verdict = Said::Yes,
                Said::Yes | Said::Nothing => {}
            }
        }
        (verdict == Said::Yes).then_some(true)
    }
}
