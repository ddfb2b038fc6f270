//! Whether a node conforms to a profile.
//!
//! Invariant: the answer does not depend on the order of questions. Resources may refer to each other in
//! a ring, or in a chain too long to follow at once: what is not answered yet is assumed to conform, and
//! who leaned on an assumption that failed is asked again, until none has. Deliberately absent: findings
//! about the node, which are told where it stands.

use super::profiles::{RuleId, id_of};
use super::{DEEPEST, LONGEST_CHAIN, Run};
use crate::finding::Severity;
use crate::profile::Profile;
use crate::tree::NodeId;
use smallvec::smallvec;
use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};

/// Whether this node conforms to the profile with this root.
pub(super) type Question = (NodeId, RuleId);

/// An answer that changes more often than this hangs on its own negation: it cannot be decided.
const MOST_CHANGES: u8 = 4;

/// The questions that are open, all asked for the sake of the first.
#[derive(Default)]
pub(super) struct Open<'a> {
    asked: HashMap<Question, Asked<'a>>,
    /// Those being answered, each for the sake of the one before.
    around: Vec<Question>,
    /// Those to be answered, or answered again.
    later: VecDeque<Question>,
}

struct Asked<'a> {
    profile: &'a Profile,
    /// The questions that used the present answer.
    leaning: Vec<Question>,
    changes: u8,
    waits: bool,
}

impl<'a> Run<'a> {
    /// Does the node conform to the profile, as far as the profile goes beyond its type? `None`: it
    /// cannot be decided here.
    pub(super) fn conforms(&mut self, node: NodeId, profile: &'a Profile) -> Option<bool> {
        let question = (node, id_of(&profile.root));
        if let Entry::Vacant(unasked) = self.memo.entry(question) {
            unasked.insert(Some(true));
            let asked = Asked { profile, leaning: Vec::new(), changes: 0, waits: false };
            self.open.asked.insert(question, asked);
            // Deep in the walk there is no room left for another resource: its turn comes further up.
            let room = self.open.around.len() < LONGEST_CHAIN && self.path.len() < DEEPEST / 2;
            match room || self.open.around.is_empty() {
                true => self.answer(question),
                false => self.wait(question),
            }
            if self.open.around.is_empty() {
                while let Some(next) = self.open.later.pop_front() {
                    self.answer(next);
                }
                self.open.asked.clear();
            }
        }
        if let (Some(&outer), Some(asked)) = (self.open.around.last(), self.open.asked.get_mut(&question)) {
            asked.leaning.push(outer);
        }
        self.memo.get(&question).copied().flatten()
    }

    fn answer(&mut self, question: Question) {
        let Some(asked) = self.open.asked.get_mut(&question) else { return };
        asked.waits = false;
        if asked.changes > MOST_CHANGES {
            return;
        }
        let profile = asked.profile;
        self.open.around.push(question);
        let mut verdict = self.judge(question.0, profile);
        self.open.around.pop();
        let before = self.memo.get(&question).copied().flatten();
        let Some(asked) = self.open.asked.get_mut(&question).filter(|_| verdict != before) else { return };
        asked.changes += 1;
        if asked.changes > MOST_CHANGES {
            verdict = None;
        }
        let leaning = std::mem::take(&mut asked.leaning);
        self.memo.insert(question, verdict);
        leaning.into_iter().for_each(|other| self.wait(other));
    }

    fn wait(&mut self, question: Question) {
        let Some(asked) = self.open.asked.get_mut(&question) else { return };
        if !std::mem::replace(&mut asked.waits, true) {
            self.open.later.push_back(question);
        }
    }

    /// Looks at the node by the profile alone, with the answers that there are.
    fn judge(&mut self, node: NodeId, profile: &'a Profile) -> Option<bool> {
        let ty = self.tree.type_of(node);
        if !self.own.definitions.is_a(ty, profile.ty) {
            return Some(false);
        }
        let doubts = std::mem::take(&mut self.doubts);
        let found = self.apart(false, |run| run.node(node, ty, None, smallvec![&profile.root]));
        let doubtful = std::mem::replace(&mut self.doubts, doubts) > 0;
        match found.iter().any(|f| f.severity == Severity::Error) {
            true => Some(false),
            false if doubtful => None,
            false => Some(true),
        }
    }
}
