//! The example agreement: an asserted basis serves only the party that can take that decision, and no row stands alone.

use jiff::Timestamp;
use sluss::{
    config::agreement,
    model::{Basis, Decision, Format, Partner, PartyKind},
    stage::permit::{self, Facts},
};

const BORN: &str = "2012-03-04";

fn party(kind: PartyKind) -> Partner {
    super::whitelist::partner("SE2321009900-A001", kind, Format::FhirJson)
}

/// Does the row of the example agreement that allows the event between the two pass on the asserted basis alone?
fn passes(event: &str, (from, to): (PartyKind, PartyKind), asserted: Basis, born: &str) -> bool {
    let agreed = agreement::from_text("lan.toml", sluss::rulebook::example_agreement()).unwrap();
    let mut rule =
        agreed.events.into_iter().find(|r| r.code == event && r.from == from && r.to == to).unwrap();
    if !rule.bases.contains(&asserted) {
        // A site's own agreement may accept it.
        rule.bases.push(asserted);
    }
    let facts = Facts {
        event: event.into(),
        sender: "SE2321009900-A001".into(),
        asserted: Some(asserted.word().into()),
        reasoned: true,
        system: "http://electronichealth.se/identifier/personnummer".into(),
        value: "201203040000".into(),
        birth_date: Some(born.parse().unwrap()),
        protected: false,
    };
    let now: Timestamp = "2026-03-10T12:00:00Z".parse().unwrap();
    let decision = permit::decide(&facts, &rule, &party(from), &party(to), Ok(&[]), now);
    matches!(decision, Decision::Pass { basis, .. } if basis == asserted)
}

#[test]
fn that_the_board_decided_is_the_boards_word() {
    use PartyKind::{Municipality, PrivateProvider, Region};
    for from in [Region, PrivateProvider] {
        for born in [BORN, "2006-03-04"] {
            let told = passes("exam-statement", (from, Municipality), Basis::BoardLvu, born);
            assert!(!told, "from {from:?}, born {born}");
        }
    }
    assert!(!passes("discharge-ready", (Region, Municipality), Basis::BoardLvu, BORN));
    assert!(passes("placement-started", (Municipality, Region), Basis::BoardLvu, BORN));
    assert!(passes("exam-statement", (Region, Municipality), Basis::ReleaseHealth, BORN));
    assert!(!passes("exam-statement", (Region, Municipality), Basis::ReleaseHealth, "2006-03-04"));
}

/// Statements and placements pass on a release rule or a consent (domain §1 M5, M16); that the board decides about care
/// is no consent to tell.
#[test]
fn the_example_agreement_takes_the_boards_decision_for_what_the_board_orders() {
    let agreed = agreement::from_text("lan.toml", sluss::rulebook::example_agreement()).unwrap();
    let rows = agreed.events.iter().filter(|r| r.bases.contains(&Basis::BoardLvu));
    let rows: Vec<(&str, PartyKind)> = rows.map(|r| (r.code.as_str(), r.from)).collect();
    assert!(!rows.is_empty());
    assert!(rows.iter().all(|row| *row == ("medical-exam-order", PartyKind::Municipality)), "{rows:?}");
}

/// Whoever gets an event can be told that it was wrong, say that it is not theirs, and acknowledge it (domain §1 M20, M21).
#[test]
fn where_an_event_goes_messages_about_it_go_both_ways() {
    let agreed = agreement::from_text("lan.toml", sluss::rulebook::example_agreement()).unwrap();
    let goes =
        |code: &str, from, to| agreed.events.iter().any(|r| r.code == code && r.from == from && r.to == to);
    let about = ["annulment", "misdirected", "receiver-changed", "administrative", "receipt"];
    let mut missing = Vec::new();
    for row in &agreed.events {
        for (code, from, to) in about.iter().flat_map(|c| [(c, row.from, row.to), (c, row.to, row.from)]) {
            if !goes(code, from, to) {
                missing.push(format!("{code} from {from:?} to {to:?}, for {}", row.code));
            }
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
    let open = agreed.events.iter().filter(|r| about.contains(&r.code.as_str()) && r.whitelist.is_none());
    assert_eq!(open.count(), 0);
}
