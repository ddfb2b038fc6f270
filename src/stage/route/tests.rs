//! The order of domain §6, row by row.

use super::{Question, choose};
use crate::{
    config::{Area, Routing},
    model::{HsaId, Placed, Residence, Rule, Went, Whereabouts},
    rulebook::{Rulebook, Source},
};
use std::sync::LazyLock;

static RULES: LazyLock<Rulebook> = LazyLock::new(|| Rulebook::load(&Source::Embedded).expect("rules"));

fn party(unit: &str) -> HsaId {
    HsaId::parse(&format!("SE2120009903-{unit}")).expect("an HSA-id")
}

fn area(municipality: &str, district: &str, unit: &str, postal: &[(u32, u32)]) -> Area {
    Area {
        municipality: municipality.into(),
        district: (!district.is_empty()).then(|| district.to_string()),
        party: party(unit),
        events: Vec::new(),
        postal: postal.to_vec(),
        from: None,
        until: None,
    }
}

/// Botkyrka whole; two boards of Stockholm; Norrtälje with a joint body for one event; Nacka until the end of 2025.
fn routing() -> Routing {
    let joint = Area { events: vec!["discharge-ready".into()], ..area("0188", "", "JOINT", &[]) };
    let old = Area { until: Some("2025-12-31".parse().expect("a day")), ..area("0182", "", "NACKA", &[]) };
    Routing {
        address: party("ROUTE"),
        desk: Some(party("DESK")),
        areas: vec![
            area("0127", "", "BOTKYRKA", &[(14540, 14799)]),
            area("0180", "Farsta", "FARSTA", &[(12340, 12399)]),
            area("0180", "Bromma", "BROMMA", &[(16700, 16899)]),
            area("0188", "", "NORRTALJE", &[(76100, 76199)]),
            joint,
            old,
        ],
    }
}

fn asked(
    event: &str,
    residence: &Residence,
    known: &Whereabouts,
) -> (Rule, Option<HsaId>, Vec<&'static str>) {
    asked_of(event, None, residence, known)
}

fn asked_of(
    event: &str,
    names: Option<&str>,
    residence: &Residence,
    known: &Whereabouts,
) -> (Rule, Option<HsaId>, Vec<&'static str>) {
    let question = Question {
        routing: &routing(),
        routes: RULES.routes(),
        event,
        day: "2026-03-01".parse().expect("a day"),
        names,
        residence,
        known,
        agreed: &|to| *to != party("FOREIGN"),
    };
    let choice = choose(&question);
    (choice.rule, choice.to, choice.asked.iter().map(|step| step.outcome).collect())
}

fn lives(district: &str, postal: &str) -> Residence {
    let told = |text: &str| (!text.is_empty()).then(|| text.to_string());
    Residence { district: told(district), postal: told(postal), hidden: false }
}

fn placed(unit: &str) -> Placed {
    Placed { board: party(unit), told: party("REG1") }
}

fn went(unit: &str, refused: bool) -> Went {
    Went { id: format!("to-{unit}"), receiver: party(unit), refused }
}

#[test]
fn an_address_names_one_party_or_none() {
    let nothing = Whereabouts::default();
    for (event, district, postal, unit, why) in [
        ("admission-notice", "0127", "", "BOTKYRKA", "chosen"),
        ("admission-notice", "Botkyrka", "145 67", "BOTKYRKA", "chosen"),
        ("admission-notice", "", "14567", "BOTKYRKA", "chosen"),
        ("admission-notice", "0180", "123 45", "FARSTA", "chosen"),
        ("admission-notice", "Bromma", "", "BROMMA", "chosen"),
        ("admission-notice", "", "16800", "BROMMA", "chosen"),
        ("admission-notice", "0180", "11111", "DESK", "district-not-known"),
        ("admission-notice", "Stockholm", "", "DESK", "district-not-known"),
        ("admission-notice", "Kungsholmen", "", "DESK", "district-not-known"),
        ("admission-notice", "Bromma", "12345", "DESK", "postal-code-says-otherwise"),
        ("admission-notice", "0127", "12345", "DESK", "postal-code-says-otherwise"),
        ("admission-notice", "0380", "12345", "DESK", "unknown-municipality"),
        ("admission-notice", "0192", "", "DESK", "no-party-for-municipality"),
        ("admission-notice", "0182", "", "DESK", "no-party-for-municipality"),
        ("admission-notice", "", "99999", "DESK", "unknown-place"),
        ("admission-notice", "Okänd", "", "DESK", "unknown-place"),
        ("admission-notice", "", "", "DESK", "no-registered-address"),
        ("admission-notice", "0188", "", "NORRTALJE", "chosen"),
        ("discharge-ready", "0188", "76150", "JOINT", "chosen"),
    ] {
        let (rule, to, outcomes) = asked(event, &lives(district, postal), &nothing);
        assert_eq!(to, Some(party(unit)), "{district} {postal}");
        assert_eq!(rule, if unit == "DESK" { Rule::Desk } else { Rule::Registered }, "{district} {postal}");
        assert_eq!(outcomes[4], why, "{district} {postal}");
    }
}

#[test]
fn the_rules_are_asked_in_their_order() {
    let home = lives("0127", "");
    let known = |right: Option<&str>, placed: &[Placed], went: &[Went]| Whereabouts {
        placed: placed.to_vec(),
        went: went.to_vec(),
        right: right.map(party),
    };
    for (case, known, rule, unit) in [
        ("placement", known(None, &[placed("FARSTA")], &[went("BROMMA", false)]), Rule::Placement, "FARSTA"),
        (
            "one board twice",
            known(None, &[placed("FARSTA"), placed("FARSTA")], &[]),
            Rule::Placement,
            "FARSTA",
        ),
        ("two boards", known(None, &[placed("FARSTA"), placed("BROMMA")], &[]), Rule::Desk, "DESK"),
        ("board may not be told", known(None, &[placed("FOREIGN")], &[]), Rule::Desk, "DESK"),
        (
            "board has said no",
            known(None, &[placed("FARSTA")], &[went("FARSTA", true)]),
            Rule::Registered,
            "BOTKYRKA",
        ),
        ("case", known(None, &[], &[went("BROMMA", false), went("FARSTA", false)]), Rule::Case, "BROMMA"),
        (
            "case after a no",
            known(None, &[], &[went("BROMMA", true), went("FARSTA", false)]),
            Rule::Case,
            "FARSTA",
        ),
        ("case held so far", known(None, &[], &[went("ROUTE", false)]), Rule::Registered, "BOTKYRKA"),
        ("residence has said no", known(None, &[], &[went("BOTKYRKA", true)]), Rule::Desk, "DESK"),
        ("right one named", known(Some("BROMMA"), &[placed("FARSTA")], &[]), Rule::Answer, "BROMMA"),
        ("right one may not be told", known(Some("FOREIGN"), &[placed("FARSTA")], &[]), Rule::Desk, "DESK"),
        (
            "right one has said no",
            known(Some("BROMMA"), &[], &[went("BROMMA", true)]),
            Rule::Registered,
            "BOTKYRKA",
        ),
    ] {
        let (found, to, outcomes) = asked("admission-notice", &home, &known);
        assert_eq!((found, to), (rule, Some(party(unit))), "{case}: {outcomes:?}");
    }
}

#[test]
fn a_registered_address_that_is_not_real_is_not_asked() {
    let hidden = Residence { hidden: true, ..lives("0127", "14567") };
    let (rule, to, outcomes) = asked("admission-notice", &hidden, &Whereabouts::default());
    assert_eq!((rule, to), (Rule::Desk, Some(party("DESK"))));
    assert_eq!(
        outcomes,
        [
            "not-asked",
            "names-none",
            "none-open",
            "no-earlier-message",
            "registered-address-not-real",
            "chosen"
        ]
    );
    let known = Whereabouts { placed: vec![placed("FARSTA")], ..Whereabouts::default() };
    assert_eq!(asked("admission-notice", &hidden, &known).0, Rule::Placement);
}

#[test]
fn what_is_about_a_message_follows_it() {
    let home = lives("0127", "");
    let known =
        |went: &[Went]| Whereabouts { placed: vec![placed("FARSTA")], went: went.to_vec(), right: None };
    for (went, names, rule, to) in [
        (went("BROMMA", false), "to-BROMMA", Rule::Named, Some("BROMMA")),
        (went("BROMMA", false), "another", Rule::Placement, Some("FARSTA")),
        (went("BROMMA", true), "to-BROMMA", Rule::Placement, Some("FARSTA")),
        (went("ROUTE", false), "to-ROUTE", Rule::Named, None),
    ] {
        let (found, chosen, outcomes) = asked_of("annulment", Some(names), &home, &known(&[went]));
        assert_eq!((found, chosen), (rule, to.map(party)), "{names}: {outcomes:?}");
    }
}

#[test]
fn a_case_whose_place_has_two_parties_goes_by_event() {
    let known = |unit: &str| Whereabouts { went: vec![went(unit, false)], ..Whereabouts::default() };
    for (event, unit, to) in [
        ("discharge-ready", "NORRTALJE", "JOINT"),
        ("discharged", "JOINT", "NORRTALJE"),
        ("discharged", "NORRTALJE", "NORRTALJE"),
        ("discharged", "ELSEWHERE", "ELSEWHERE"),
    ] {
        let (rule, found, outcomes) = asked(event, &lives("", ""), &known(unit));
        assert_eq!((rule, found), (Rule::Case, Some(party(to))), "{event} {unit}: {outcomes:?}");
    }
}

#[test]
fn without_a_desk_nobody_is_chosen_and_nothing_is_refused() {
    for desk in [None, Some(party("FOREIGN"))] {
        let routing = Routing { desk, ..routing() };
        let question = Question {
            routing: &routing,
            routes: RULES.routes(),
            event: "admission-notice",
            day: "2026-03-01".parse().expect("a day"),
            names: None,
            residence: &lives("", ""),
            known: &Whereabouts::default(),
            agreed: &|to| *to != party("FOREIGN"),
        };
        let choice = choose(&question);
        assert_eq!((choice.rule, choice.to), (Rule::Desk, None));
    }
}
