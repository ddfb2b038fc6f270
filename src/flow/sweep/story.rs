//! Rows of the record → what a case is told, and back.
//!
//! Invariant: a row that cannot be read tells nothing, and stops nobody. Deliberately absent: any rule of a case.

use crate::{
    case::{self, Case, Obligation, Terms, Told},
    ledger::{CaseRow, ObligationRow, ToldRow},
    model::{Cause, Code, DeliveryState, HsaId, Mark, Owner, ProblemKind},
    registry::Registry,
};

/// What was told, each message once. Of what the gateway itself says a case is told nothing.
pub fn told(rows: &[ToldRow]) -> Vec<Told> {
    let said = rows.iter().filter(|row| row.protocol != OWN);
    let mut told: Vec<Told> = said.filter_map(one).collect();
    told.dedup_by(|a, b| a.message == b.message);
    told
}

/// The protocol of the gateway's own messages.
const OWN: &str = "sluss";

fn one(row: &ToldRow) -> Option<Told> {
    Some(Told {
        message: row.message.clone(),
        id: row.id.clone(),
        event: row.event.clone(),
        case: row.case.clone(),
        sender: HsaId::parse(&row.sender)?,
        receiver: HsaId::parse(row.receiver.as_deref()?)?,
        occurred: row.occurred,
        sent: row.sent,
        received: row.received,
        tried: row.tried,
        delivered: row.delivered,
        answers: row.answers.clone(),
        refers_to: row.refers_to.clone(),
        details: row.details.as_deref().and_then(|d| serde_json::from_str(d).ok()).unwrap_or_default(),
    })
}

/// The terms of the agreement that the newest message passed under.
pub fn terms(rows: &[ToldRow], registry: &Registry) -> Terms {
    let named = rows.iter().rev().filter_map(|row| row.agreement.as_deref());
    named.filter_map(|name| registry.agreement(name)).map(|a| a.terms.clone()).next().unwrap_or_default()
}

/// Deliveries that are stuck or have failed, of messages that still hold.
pub fn stuck(rows: &[ToldRow]) -> Vec<Cause> {
    let settled = |row: &&ToldRow| {
        let mark = row.mark.as_deref().and_then(Mark::from_word);
        !matches!(mark, Some(Mark::Superseded | Mark::Misdirected | Mark::Annulled))
    };
    rows.iter().filter(settled).filter_map(stuck_one).collect()
}

fn stuck_one(row: &ToldRow) -> Option<Cause> {
    let code = || row.code.clone();
    let receiver = row.receiver.as_deref().and_then(HsaId::parse);
    let (kind, owner, otherwise) = match DeliveryState::from_word(row.state.as_deref()?)? {
        DeliveryState::Held => (ProblemKind::DeliveryHeld, Owner::Gateway, Code::HeldForDecision),
        DeliveryState::Rejected => (ProblemKind::DeliveryRejected, Owner::Receiver, Code::ReceiverRefused),
        DeliveryState::Expired => (ProblemKind::DeliveryExpired, Owner::Receiver, Code::DeliveryExpired),
        _ => return None,
    };
    Some(Cause {
        kind,
        what: code().unwrap_or_else(|| otherwise.to_string()),
        case: Some(row.case.clone()),
        message: Some(row.message.clone()),
        delivery: row.delivery.clone(),
        owner,
        party: receiver.filter(|_| owner == Owner::Receiver),
        due: None,
    })
}

/// A case as it is kept.
pub fn case_row(case: &Case) -> CaseRow {
    CaseRow {
        case: case.case.clone(),
        kind: case::word(case.kind),
        run: case.run,
        state: case::word(case.state),
        since: case.since,
    }
}

/// An obligation as it is kept.
pub fn obligation_row(owed: &Obligation) -> ObligationRow {
    ObligationRow {
        duty: case::word(owed.duty),
        event: owed.event.clone(),
        case: owed.case.clone(),
        party: owed.party.to_string(),
        to: owed.to.to_string(),
        due: owed.due,
        state: case::word(owed.state),
        whose: owed.late.map(|late| case::word(late.whose)),
        opened_by: owed.opened_by.clone(),
        closed_by: owed.closed_by.clone(),
    }
}
