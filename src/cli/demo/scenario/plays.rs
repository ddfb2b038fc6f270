//! The scenarios.
//!
//! Invariant: one invented child, whose numbers and names are of the published test data.

use super::{
    super::site::{GRANVIK, REGION, SJOBY},
    Act::{Hours, Message, Open, Stands, Tell},
    Pen, Scenario,
};
use crate::conformance::message::{Fhir, fresh_case};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use serde_json::{Value, json};

/// All of them.
pub fn all() -> Vec<Scenario> {
    vec![
        late_admission_notice(),
        ready_withdrawn_ready(),
        exam_never_answered(),
        cofinancing_unanswered(),
        misdirected(),
        placement_elsewhere(),
    ]
}

fn late_admission_notice() -> Scenario {
    Scenario {
        name: "late-admission-notice",
        title: (
            "An admission notice is sent after its 24 hours; the reply to it never comes",
            "Ett inskrivningsmeddelande skickas efter sina 24 timmar, och svaret på det uteblir",
        ),
        acts: vec![
            Tell {
                title: "M6, 30 hours after the assessment",
                ends: (REGION, SJOBY),
                letter: |pen| notice(pen, "m6", SJOBY).occurred(hours_ago(pen.now, 30)).0,
            },
            Open("the lateness is the sender's", &[("message-late", "admission-notice", REGION)]),
            Hours(40),
            Open(
                "the reply is near its time",
                &[("message-late", "admission-notice", REGION), ("limit-near", "reply-to-admission", SJOBY)],
            ),
            Hours(10),
            Open(
                "and past it: one problem for the other",
                &[
                    ("message-late", "admission-notice", REGION),
                    ("obligation-late", "reply-to-admission", SJOBY),
                ],
            ),
            Tell { title: "M8, late", ends: (SJOBY, REGION), letter: |pen| reply(pen, "m8", "m6") },
            Open("what was owed has come", &[("message-late", "admission-notice", REGION)]),
        ],
    }
}

fn ready_withdrawn_ready() -> Scenario {
    Scenario {
        name: "ready-withdrawn-ready",
        title: (
            "Ready, withdrawn, ready again: the first clock stops, a new one starts, both are kept",
            "Utskrivningsklar, återtagen, utskrivningsklar igen: första klockan stannar, en ny startar, båda finns kvar",
        ),
        acts: vec![
            Tell { title: "M6", ends: (REGION, SJOBY), letter: |pen| notice(pen, "m6", SJOBY).0 },
            Tell { title: "M8", ends: (SJOBY, REGION), letter: |pen| reply(pen, "m8", "m6") },
            Tell { title: "M11: a clock starts", ends: (REGION, SJOBY), letter: |pen| ready(pen, "m11a") },
            Stands("it runs", &["admission:ready", "clock:running", "liability:not-yet"]),
            Hours(20),
            Tell { title: "M12: it stops", ends: (REGION, SJOBY), letter: withdrawn },
            Stands("it is kept", &["admission:withdrawn", "clock:withdrawn", "liability:none"]),
            Hours(5),
            Tell { title: "M11 again: a new one", ends: (REGION, SJOBY), letter: |pen| ready(pen, "m11b") },
            Stands(
                "both stand there",
                &[
                    "admission:ready",
                    "clock:withdrawn",
                    "clock:running",
                    "liability:none",
                    "liability:not-yet",
                ],
            ),
            Hours(24 * 6),
            Open(
                "no call to a SIP has come, and the child is still there",
                &[("obligation-late", "call-to-sip", REGION), ("obligation-late", "receive-in-time", SJOBY)],
            ),
            Stands(
                "so nobody is liable: a call is a condition",
                &["admission:ready", "clock:withdrawn", "clock:running", "liability:none", "liability:none"],
            ),
        ],
    }
}

fn exam_never_answered() -> Scenario {
    Scenario {
        name: "exam-never-answered",
        title: (
            "A health examination is asked for and nobody answers",
            "En hälsoundersökning begärs och ingen svarar",
        ),
        acts: vec![
            Tell { title: "M1", ends: (SJOBY, REGION), letter: |pen| exam(pen, "m1") },
            Hours(24 * 10),
            Open("nothing is late yet", &[]),
            Hours(24 * 6),
            Open("nobody says where it stands", &[("obligation-late", "tell-exam-status", REGION)]),
            Hours(24 * 14),
            Open(
                "and there is no statement",
                &[
                    ("obligation-late", "tell-exam-status", REGION),
                    ("obligation-late", "give-statement", REGION),
                ],
            ),
        ],
    }
}

fn cofinancing_unanswered() -> Scenario {
    Scenario {
        name: "cofinancing-unanswered",
        title: (
            "A question of co-financing stays with one doctor: it is seen that no answer comes",
            "En samfinansieringsfråga fastnar hos en läkare: det syns att svaret uteblir",
        ),
        acts: vec![
            Tell { title: "M17 question", ends: (SJOBY, REGION), letter: question },
            Hours(24 * 12),
            Open("nothing is late yet", &[]),
            Hours(24 * 4),
            Open("the time is past", &[("obligation-late", "answer-cofinancing", REGION)]),
            Tell { title: "M17 answer, late", ends: (REGION, SJOBY), letter: answer },
            Open("it has come", &[]),
        ],
    }
}

fn misdirected() -> Scenario {
    Scenario {
        name: "misdirected",
        title: (
            "A notice reaches the wrong board, which says so and has purged it",
            "En underrättelse når fel nämnd, som säger det och har gallrat den",
        ),
        acts: vec![
            Tell {
                title: "M6 to Granvik",
                ends: (REGION, GRANVIK),
                letter: |pen| notice(pen, "m6", GRANVIK).0,
            },
            Tell { title: "Granvik: not ours, purged", ends: (GRANVIK, REGION), letter: wrong },
            Message("the notice is marked", "m6", "misdirected"),
            Hours(24 * 5),
            Open("Granvik owes no reply", &[]),
            Tell { title: "M6 to Sjöby", ends: (REGION, SJOBY), letter: |pen| notice(pen, "m6b", SJOBY).0 },
            Tell { title: "M8 of Sjöby", ends: (SJOBY, REGION), letter: |pen| reply(pen, "m8", "m6b") },
            Message("it is answered", "m6b", "delivered"),
        ],
    }
}

fn placement_elsewhere() -> Scenario {
    Scenario {
        name: "placement-elsewhere",
        title: (
            "A child is placed in another municipality; the board that placed it owes both requests",
            "Ett barn placeras i en annan kommun; nämnden som placerade är skyldig båda underrättelserna",
        ),
        acts: vec![
            Tell { title: "M16: Sjöby places in Lillvik", ends: (SJOBY, REGION), letter: placed },
            Tell { title: "M1 follows", ends: (SJOBY, REGION), letter: |pen| exam(pen, "m1") },
            Hours(24 * 9),
            Open("M2, its own message, does not", &[("obligation-late", "request-dental-exam", SJOBY)]),
            Tell { title: "M2, late", ends: (SJOBY, REGION), letter: dental },
            Open("it was told late", &[]),
        ],
    }
}

const CHILD: &str = "201505202380";
/// The release rules hold for those who are known to be under 18.
const BORN: &str = "2015-05-20";

fn hours_ago(now: Timestamp, hours: i64) -> Timestamp {
    now.checked_sub(SignedDuration::from_hours(hours)).unwrap_or(now)
}

fn today(now: Timestamp) -> Value {
    let zone = TimeZone::get("Europe/Stockholm").unwrap_or(TimeZone::UTC);
    json!(now.to_zoned(zone).date().to_string())
}

fn fhir(pen: &Pen, path: &str, mark: &str, to: &str) -> Fhir {
    Fhir::fresh(path, &pen.id(mark), pen.now).case(&pen.case).to(to).about(CHILD)
}

fn case(pen: &Pen, path: &str, mark: &str, from: &str) -> Value {
    let mut message = fresh_case(path, &pen.id(mark), &pen.case, pen.now);
    message["sender"] = json!({ "hsaId": from });
    message["receiver"] = json!({ "hsaId": REGION });
    message["subject"]["personalNumber"] = json!(CHILD);
    message
}

fn notice(pen: &Pen, mark: &str, to: &str) -> Fhir {
    fhir(pen, "admission-notice/valid-1-four-fields.json", mark, to)
}

fn reply(pen: &Pen, mark: &str, of: &str) -> Value {
    let mut reply = case(pen, "admission-reply/case-valid-2-minimal.json", mark, SJOBY);
    reply["answers"] = json!(pen.id(of));
    reply
}

fn ready(pen: &Pen, mark: &str) -> Value {
    let ready = fhir(pen, "discharge-ready/valid-2-rich.json", mark, SJOBY).refers_to(&pen.id("m6"));
    ready.basis("release-health", Some("Planering av hemgång.")).0
}

fn withdrawn(pen: &Pen) -> Value {
    let message = fhir(pen, "discharge-ready-withdrawn/valid-2-rich.json", "m12", SJOBY);
    message.refers_to(&pen.id("m11a")).basis("release-health", Some("Planering av hemgång.")).0
}

fn exam(pen: &Pen, mark: &str) -> Value {
    let mut request = case(pen, "health-exam-request/case-valid-1-minimal.json", mark, SJOBY);
    request["examRequest"]["board"] = json!({ "hsaId": SJOBY, "name": "Socialnämnden i Sjöby" });
    request["examRequest"]["placement"]["start"] = today(pen.now);
    request
}

fn dental(pen: &Pen) -> Value {
    let mut request = case(pen, "dental-exam-request/case-valid-2-minimal.json", "m2", SJOBY);
    request["examRequest"]["board"] = json!({ "hsaId": SJOBY, "name": "Socialnämnden i Sjöby" });
    request["examRequest"]["placement"]["start"] = today(hours_ago(pen.now, 24 * 9));
    request
}

fn question(pen: &Pen) -> Value {
    let mut question = case(pen, "cofinancing-question/case-valid-2-minimal.json", "m17q", SJOBY);
    question["subject"]["birthDate"] = json!(BORN);
    question["basis"] =
        json!({ "code": "release-social", "reason": "Behövs för vården; bedömt av handläggaren." });
    question
}

fn answer(pen: &Pen) -> Value {
    let mut answer = fhir(pen, "cofinancing-answer/valid-2-minimal.json", "m17a", SJOBY);
    answer.header()["response"]["identifier"] = json!(pen.id("m17q"));
    if let Some(patient) = answer.resource("Patient") {
        patient["birthDate"] = json!(BORN);
    }
    answer.0
}

fn wrong(pen: &Pen) -> Value {
    let mut wrong = case(pen, "misdirected/case-valid-2-minimal.json", "m20", GRANVIK);
    wrong["refersTo"] = json!(pen.id("m6"));
    wrong
}

fn placed(pen: &Pen) -> Value {
    let mut placed = case(pen, "placement-started/case-valid-1-rich.json", "m16", SJOBY);
    placed["placement"]["start"] = today(pen.now);
    placed
}
