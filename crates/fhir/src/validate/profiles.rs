//! Which profiles apply at a node.
//!
//! Invariant: a profile is added once. Deliberately absent: profiles that are not loaded, of which it is
//! told that they are not here; whether a node conforms to one (`conforms`).

use super::{Layers, Run};
use crate::finding::{Finding, Severity};
use crate::profile::Rule;
use crate::tree::{NodeId, TypeId};

impl<'a> Run<'a> {
    /// Adds the rules of profiles that the node itself names: an extension's URL, `meta.profile`.
    pub(super) fn add_profiles(&mut self, node: NodeId, ty: TypeId, layers: &mut Layers<'a>) {
        let (tree, own) = (self.tree, self.own);
        if ty == own.types.extension {
            self.extension(node, layers);
        } else if own.definitions.is_resource(ty) && !self.layers_only {
            let Some(meta) = tree.child(node, "meta") else { return };
            for claim in tree.at(meta).all("profile") {
                let Some(url) = claim.text() else { continue };
                match own.find(url) {
                    Some(profile) if own.definitions.is_a(ty, profile.ty) => add(layers, &profile.root),
                    Some(_) => {
                        self.error("profile", claim.id, "meta.profile names a profile of another type".into())
                    }
                    None if own.definitions.type_id(url) == Some(ty) => {}
                    None => self.unsure(
                        "profile",
                        claim.id,
                        "meta.profile names a profile that is not loaded here",
                    ),
                }
            }
        }
    }

    /// Adds the profile that a type names; of several, one must fit.
    pub(super) fn type_profiles(
        &mut self,
        node: NodeId,
        ty: TypeId,
        urls: &'a [Box<str>],
        layers: &mut Layers<'a>,
    ) {
        let own = self.own;
        let of_type = |p: &crate::profile::Profile| own.definitions.is_a(ty, p.ty);
        match urls {
            [] => {}
            [url] => match own.find(url) {
                Some(profile) if of_type(profile) => add(layers, &profile.root),
                Some(_) => {}
                None => self.unsure("profile", node, "the element's profile is not loaded here"),
            },
            several => {
                let known: Vec<_> = several.iter().filter_map(|u| own.find(u)).collect();
                let verdicts: Vec<_> = known.iter().map(|p| self.conforms(node, p)).collect();
                if verdicts.contains(&Some(true)) {
                    return;
                }
                match known.len() == several.len() && !verdicts.contains(&None) {
                    true => self.error(
                        "profile",
                        node,
                        format!("fits none of the {} profiles allowed here", several.len()),
                    ),
                    false => self.unsure(
                        "profile",
                        node,
                        "whether it fits one of the profiles allowed here could not be decided here",
                    ),
                }
            }
        }
    }

    /// A resource without error conforms to all that was asked of it: a reference to it need not ask
    /// again. What is wrong in what it refers to itself is told there.
    pub(super) fn remember(&mut self, node: NodeId, layers: &Layers<'a>, before: (usize, usize)) {
        let wrong = self.findings[before.0..].iter().any(|f| f.severity == Severity::Error);
        if !wrong && self.doubts == before.1 {
            self.memo.extend(layers.iter().map(|rule| ((node, id_of(rule)), Some(true))));
        }
    }

    /// Runs a check on the layers alone and gives its findings, with their places or without.
    pub(super) fn apart(&mut self, placed: bool, check: impl FnOnce(&mut Self)) -> Vec<Finding> {
        let kept = (std::mem::take(&mut self.findings), std::mem::take(&mut self.depths));
        let was = (self.layers_only, self.placed);
        (self.layers_only, self.placed) = (true, placed);
        check(self);
        (self.layers_only, self.placed) = was;
        self.depths = kept.1;
        std::mem::replace(&mut self.findings, kept.0)
    }
}

/// A rule, by where it stands: profiles do not move while a document is validated.
pub(super) type RuleId = usize;

pub(super) fn id_of(rule: &Rule) -> RuleId {
    std::ptr::from_ref(rule).addr()
}

/// Adds a layer once.
pub(super) fn add<'a>(layers: &mut Layers<'a>, rule: &'a Rule) {
    if !layers.iter().any(|r| std::ptr::eq(*r, rule)) {
        layers.push(rule);
    }
}
