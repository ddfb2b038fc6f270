//! M1, M2 and M3 each open a status and a statement; a question of M17 opens its answer.
//!
//! Invariant: a statement meets both; what is unnecessary, cannot be done or went to another unit asks for
//! no statement.

use super::{
    super::{
        obligation::{Duty, Start},
        runs::Run,
        told::Told,
    },
    End, Opened, Rules,
};

pub(super) fn owed(rules: &Rules<'_, '_>, run: &Run, list: &mut Vec<Opened>) {
    let requests = ["health-exam-request", "dental-exam-request", "medical-exam-order"];
    let Some((opener, told)) = opener(rules, run, &requests) else { return };
    let parties = (&told.receiver, &told.sender);
    let status = (Duty::TellExamStatus, "exam-status");
    let statement = (Duty::GiveStatement, "exam-statement");
    if let Some(owed) = rules.open(status, told, parties, rules.reaction(told)) {
        let told_of = run.valid(rules.story, "exam-status").chain(run.valid(rules.story, "exam-statement"));
        let end = match (told_of.min(), run.ended) {
            (Some(by), _) => End::Met(by),
            (None, Some(by)) => End::Cancelled(by),
            _ => End::Open,
        };
        rules.end(owed, opener, end, list);
    }
    if let Some(owed) = rules.open(statement, told, parties, (told.sent, Start::Sent)) {
        let end = match (run.answered, run.ended) {
            (Some(by), _) => End::Met(by),
            (None, Some(by)) => End::Cancelled(by),
            _ => End::Open,
        };
        rules.end(owed, opener, end, list);
    }
}

pub(super) fn owed_answer(rules: &Rules<'_, '_>, run: &Run, list: &mut Vec<Opened>) {
    let Some((opener, told)) = opener(rules, run, &["cofinancing-question"]) else { return };
    let duty = (Duty::AnswerCofinancing, "cofinancing-answer");
    let parties = (&told.receiver, &told.sender);
    let Some(owed) = rules.open(duty, told, parties, rules.reaction(told)) else { return };
    rules.end(owed, opener, run.answered.map_or(End::Open, End::Met), list);
}

/// The request that counts: the first that holds, or the one that sent it to somebody else. Only where
/// all were annulled, the first of those.
fn opener<'a>(rules: &Rules<'_, 'a>, run: &Run, events: &[&str]) -> Option<(usize, &'a Told)> {
    let is = |m: &usize| rules.told(*m).is_some_and(|t| events.contains(&t.event.as_str()));
    let requests: Vec<usize> = run.members.iter().copied().filter(is).collect();
    let valid = |m: &&usize| rules.story.annulled_by.get(**m).is_some_and(Option::is_none);
    let first = requests.iter().find(valid).or(requests.first()).copied()?;
    let receiver = |m: usize| rules.told(m).map(|t| &t.receiver);
    let newest = requests.iter().rev().find(valid).copied().unwrap_or(first);
    let since = |m: &&usize| valid(m) && receiver(**m) == receiver(newest);
    let chosen = if receiver(newest) == receiver(first) {
        first
    } else {
        requests.iter().find(since).copied().unwrap_or(newest)
    };
    Some((chosen, rules.told(chosen)?))
}
