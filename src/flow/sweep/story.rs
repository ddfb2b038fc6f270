//! Rows of the record → what a case is told, and back.
//!
//! Invariant: a row that cannot be read tells nothing, and stops nobody. Deliberately absent: any rule of a case.

use crate::{
    case::{self, Case, Obligation, Terms, Told},
    ledger::{CaseRow, News, ObligationRow, ProblemRow, ToldRow},
    model::{Cause, Channel, Code, DeliveryState, HsaId, Mark, Owner, ProblemKind},
    registry::Registry,
};
use jiff::Timestamp;

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
        id: plain(row).to_string(),
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
        annulled: row.mark.as_deref().and_then(Mark::from_word) == Some(Mark::Annulled),
        details: row.details.as_deref().and_then(|d| serde_json::from_str(d).ok()).unwrap_or_default(),
    })
}

/// A party that fetches its messages is tried with what is there for it to fetch: nobody carries it any further. So it
/// goes on record, for whoever asks later without knowing the parties.
pub fn ready(rows: &mut [ToldRow], news: &mut [News], registry: &Registry) {
    let held = Some(DeliveryState::Held.word());
    for row in rows.iter_mut().filter(|row| row.state.as_deref() != held) {
        let to = row.receiver.as_deref().and_then(HsaId::parse);
        let pulls = to.and_then(|to| registry.partner(&to).map(|to| to.pulls())).unwrap_or(false);
        // What an earlier look has noted is earlier than what this one hears.
        let new = |news: &&mut News| news.message == row.seq && news.tried == row.tried;
        if let (true, Some(news)) = (pulls, news.iter_mut().find(new)) {
            news.tried = news.freed.into_iter().chain(news.tried).min();
            row.tried = news.tried;
        }
    }
}

/// The id by which others name a message: of a sender that uses ids again it is kept with its send time.
fn plain(row: &ToldRow) -> &str {
    let may = row.protocol == Channel::Mllp.protocol() || row.protocol.starts_with("onward-");
    let again = row.id.rsplit_once('@').filter(|_| may);
    again.filter(|(_, sent)| sent.parse::<Timestamp>().is_ok()).map_or(row.id.as_str(), |(id, _)| id)
}

/// The terms of the agreement that the newest message passed under.
pub fn terms(rows: &[ToldRow], registry: &Registry) -> Terms {
    let named = rows.iter().rev().filter_map(|row| row.agreement.as_deref());
    named.filter_map(|name| registry.agreement(name)).map(|a| a.terms.clone()).next().unwrap_or_default()
}

/// Deliveries that are stuck or have failed, of messages that still hold. `active`: what was so at the last look.
pub fn stuck(rows: &[ToldRow], active: &[ProblemRow]) -> Vec<Cause> {
    let holds = |row: &&ToldRow| {
        let mark = row.mark.as_deref().and_then(Mark::from_word);
        !matches!(mark, Some(Mark::Superseded | Mark::Misdirected | Mark::Annulled))
    };
    rows.iter().filter(holds).filter_map(|row| stuck_one(row, active)).collect()
}

fn stuck_one(row: &ToldRow, active: &[ProblemRow]) -> Option<Cause> {
    let code = row.code.clone();
    let held = (ProblemKind::DeliveryHeld, Owner::Gateway);
    let ((kind, owner), what) = match DeliveryState::from_word(row.state.as_deref()?)? {
        DeliveryState::Held => (held, code.unwrap_or_else(|| Code::HeldForDecision.to_string())),
        // A decision is awaited, and asked for again and again (domain §4.5).
        DeliveryState::Waiting if code.as_deref() == Some(&Code::HeldForDecision.to_string()) => {
            (held, code?)
        }
        // What was held is so until the attempt has an outcome: a problem is told of once, not at each attempt.
        DeliveryState::Attempting => {
            let same = |p: &&ProblemRow| p.kind == held.0.word() && p.delivery == row.delivery;
            (held, active.iter().find(same)?.what.clone())
        }
        DeliveryState::Rejected => {
            let what = code.unwrap_or_else(|| Code::ReceiverRefused.to_string());
            ((ProblemKind::DeliveryRejected, Owner::Receiver), what)
        }
        DeliveryState::Expired => {
            let what = code.unwrap_or_else(|| Code::DeliveryExpired.to_string());
            ((ProblemKind::DeliveryExpired, Owner::Receiver), what)
        }
        _ => return None,
    };
    let receiver = row.receiver.as_deref().and_then(HsaId::parse);
    Some(Cause {
        kind,
        what,
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop")]

    use super::*;

    fn row(state: &str, code: Option<&str>) -> ToldRow {
        let text = |text: &str| text.to_string();
        ToldRow {
            seq: 1,
            message: text("gw-1"),
            id: text("m6"),
            event: text("admission-notice"),
            case: text("C-1"),
            sender: text("SE2321009900-REG1"),
            protocol: text("fhir-http"),
            refers_to: None,
            answers: None,
            occurred: Timestamp::UNIX_EPOCH,
            sent: Timestamp::UNIX_EPOCH,
            received: Timestamp::UNIX_EPOCH,
            agreement: None,
            details: Some(text("{\"at\":\"2026-03-02\"}")),
            receiver: Some(text("SE2120009903-SOC1")),
            delivery: Some(text("d-1")),
            state: Some(text(state)),
            code: code.map(text),
            mark: None,
            tried: None,
            delivered: None,
        }
    }

    fn problem(cause: &Cause) -> ProblemRow {
        ProblemRow {
            id: "P-1".into(),
            cause: cause.key(),
            kind: cause.kind.word().into(),
            what: cause.what.clone(),
            case: cause.case.clone(),
            message: cause.message.clone(),
            delivery: cause.delivery.clone(),
            owner: cause.owner.word().into(),
            party: None,
            opened: Timestamp::UNIX_EPOCH,
            due: None,
            closed: None,
            closed_by: None,
            reason: None,
        }
    }

    #[test]
    fn a_silent_source_of_decisions_is_one_problem_over_all_its_attempts() {
        let code = Code::HeldForDecision.to_string();
        let first = stuck(&[row("waiting", Some(&code))], &[]);
        assert_eq!(
            (first.len(), first[0].kind, first[0].owner),
            (1, ProblemKind::DeliveryHeld, Owner::Gateway)
        );
        let active = [problem(&first[0])];
        let keys: Vec<String> = stuck(&[row("attempting", None)], &active).iter().map(Cause::key).collect();
        assert_eq!(keys, [active[0].cause.clone()], "an attempt ends nothing yet");
        assert_eq!(stuck(&[row("attempting", None)], &[]), [], "and is no problem by itself");
        for over in ["delivered", "waiting", "stopped"] {
            assert_eq!(stuck(&[row(over, None)], &active), [], "{over}");
        }
    }

    #[test]
    fn what_holds_no_more_is_no_problem_and_our_own_words_are_told_to_no_case() {
        let rejected = row("rejected", None);
        let causes = stuck(std::slice::from_ref(&rejected), &[]);
        assert_eq!(causes[0].party.as_ref().map(HsaId::as_str), Some("SE2120009903-SOC1"));
        assert_eq!(stuck(&[ToldRow { mark: Some("annulled".into()), ..rejected.clone() }], &[]), []);
        assert_eq!(told(&[rejected.clone(), rejected.clone()])[0].detail("at"), Some("2026-03-02"));
        assert_eq!(
            told(&[rejected.clone(), rejected.clone()]).len(),
            1,
            "a message with two deliveries is told once"
        );
        assert_eq!(told(&[ToldRow { protocol: OWN.into(), ..rejected }]), []);
    }
}
