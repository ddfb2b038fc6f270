//! A message that was sent to a routing address gets its receiver here (domain §6).
//!
//! Invariant: from here on the message reads as if it had been sent to the receiver that was chosen, in the envelope and in
//! the canonical form; one that was sent to a concrete receiver goes there and nowhere else. Deliberately absent: the rules.

use super::{Rules, Valid, stockholm};
use crate::{
    model::{Code, Finding, HsaId, Partner, PartyKind, Whereabouts},
    rulebook::envelope,
    stage::route::{self, Question},
};

/// Chooses the receiver of a message to a routing address.
pub(super) fn chosen(mut valid: Valid, rules: &Rules<'_>) -> Valid {
    let routing = valid.agreed.agreement().routing.clone();
    let Some(routing) = routing.filter(|r| r.address == valid.envelope.receiver) else { return valid };
    let day = rules.now.to_zoned(stockholm()).date();
    let party = |to: &HsaId| {
        let party = rules.registry.partner(to)?;
        Some((party.clone(), rules.registry.rule(&valid.envelope.event, &valid.from, party, day)?))
    };
    let envelope = &valid.envelope;
    let choice = route::choose(&Question {
        routing: &routing,
        routes: rules.rulebook.routes(),
        event: &envelope.event,
        day,
        names: envelope.refers_to.as_deref().or(envelope.answers.as_deref()),
        residence: &rules.rulebook.routes().residence(&valid.canonical),
        known: rules.known,
        agreed: &|to| party(to).is_some(),
    });
    let told = match &choice.to {
        Some(to) => format!("to {to} by the rule `{}`", choice.rule.word()),
        None => "no rule finds a receiver: it waits for a person".to_string(),
    };
    let found = choice.to.as_ref().and_then(party);
    if let Some((to, agreed)) = found {
        valid.envelope.receiver = to.hsa_id.clone();
        envelope::readdress(&mut valid.canonical, &to.hsa_id);
        (valid.to, valid.agreed) = (to, agreed);
    }
    valid.notes.push(Finding::note(Code::ReceiverChosen, told));
    valid.choice = Some(choice);
    valid
}

/// What a sender is told that was told of a placement by another board than the municipal party that it writes to. Which
/// one is not said: that stands in the message that it was sent.
pub(super) fn elsewhere(from: &Partner, to: &Partner, known: &Whereabouts) -> Option<Finding> {
    let told = |placed: &&crate::model::Placed| placed.told == from.hsa_id;
    let mut boards = known.placed.iter().filter(told).map(|placed| &placed.board).peekable();
    let concerns = to.kind == PartyKind::Municipality && boards.peek().is_some();
    let elsewhere = concerns && boards.all(|board| *board != to.hsa_id);
    elsewhere.then(|| Finding::note(Code::PlacedElsewhere, "the placing board is another party"))
}
