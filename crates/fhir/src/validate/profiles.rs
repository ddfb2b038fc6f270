//! Which profiles apply at a node, and whether a node conforms to one.
//!
//! Invariant: whether a node conforms to a profile is asked once. Deliberately absent: profiles that
//! are not loaded; of them it is told that they are not here.

use super::{LONGEST_CHAIN, Layers, Run};
use crate::finding::{Finding, Severity};
use crate::profile::{Profile, Rule};
use crate::tree::{NodeId, TypeId};
use smallvec::smallvec;

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
                        "some profiles allowed here are not loaded or lie too far",
                    ),
                }
            }
        }
    }

    /// A resource without error conforms to all that was asked of it: a reference to it need not ask
    /// again. What is wrong in what it refers to itself is told there.
    pub(super) fn remember(&mut self, node: NodeId, layers: &Layers<'a>, before: usize) {
        if !self.findings[before..].iter().any(|f| f.severity == Severity::Error) {
            self.memo.extend(layers.iter().map(|rule| ((node, id_of(rule)), true)));
        }
    }

    /// Runs a check without keeping its findings, on the layers alone: are there no errors?
    fn quietly(&mut self, check: impl FnOnce(&mut Self)) -> bool {
        !self.apart(false, check).iter().any(|f| f.severity == Severity::Error)
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

    /// Does the node conform to the profile, as far as the profile goes beyond its type? `None`:
    /// at the end of a chain of references too long to follow.
    pub(super) fn conforms(&mut self, node: NodeId, profile: &'a Profile) -> Option<bool> {
        let key = (node, id_of(&profile.root));
        if let Some(&known) = self.memo.get(&key) {
            return Some(known);
        }
        if self.asking >= LONGEST_CHAIN {
            return None;
        }
        // Resources that refer to each other: while one is being asked about, it conforms.
        self.memo.insert(key, true);
        self.asking += 1;
        let ty = self.tree.type_of(node);
        let good = self.own.definitions.is_a(ty, profile.ty)
            && self.quietly(|run| run.node(node, ty, None, smallvec![&profile.root]));
        self.asking -= 1;
        self.memo.insert(key, good);
        Some(good)
    }
}

/// A rule, by where it stands: profiles do not move while a document is validated.
pub(super) type RuleId = usize;

fn id_of(rule: &Rule) -> RuleId {
    std::ptr::from_ref(rule).addr()
}

/// Adds a layer once.
pub(super) fn add<'a>(layers: &mut Layers<'a>, rule: &'a Rule) {
    if !layers.iter().any(|r| std::ptr::eq(*r, rule)) {
        layers.push(rule);
    }
}
