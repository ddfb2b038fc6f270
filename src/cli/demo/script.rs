//! The demo's flows: who sends what, and how each journey shall end.

use super::site::{GRANVIK, REGION, SJOBY};
use crate::{
    cli::msg,
    conformance::{
        message::{self, Fhir},
        receiver::Receiver,
        sender::{Reply, Sender},
    },
    ledger::{EventRow, Ledger},
};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

/// Where FHIR messages are posted, and as what.
const FHIR: (&str, &str) = ("/fhir/$process-message", "application/fhir+json");

/// The partners, ready to act.
pub struct Actors {
    /// HSA-id, name, sender, receiver.
    pub parties: Vec<(&'static str, &'static str, Sender, Arc<Receiver>)>,
    /// Mark of this run, part of every id.
    pub run: String,
    /// The bytes of the last FHIR message, for sending them twice.
    pub last: Mutex<Vec<u8>>,
}

impl Actors {
    fn find(&self, id: &str) -> Option<&(&'static str, &'static str, Sender, Arc<Receiver>)> {
        self.parties.iter().find(|p| p.0 == id)
    }
}

/// How a journey shall end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Expect {
    /// Delivered to the receiver.
    Delivered,
    /// Delivered, and the sender told that elements were removed.
    DeliveredReduced,
    /// Refused with this code; the receiver gets nothing.
    Refused(&'static str),
    /// The first answer again; nothing new reaches the receiver.
    Repeated,
    /// Only a consent is registered.
    Registered,
}

/// What is sent.
#[derive(Clone, Copy)]
pub enum Letter {
    /// A FHIR message.
    Fhir(fn(&str, Timestamp) -> Fhir),
    /// A case message.
    Case(fn(&str, Timestamp) -> Value),
    /// A consent.
    Consent(fn() -> Value),
}

/// One journey of the script.
pub struct Step {
    /// What it shows.
    pub title: &'static str,
    /// Sender's HSA-id.
    pub from: &'static str,
    /// Receiver's HSA-id.
    pub to: &'static str,
    /// What is sent.
    pub letter: Letter,
    /// How it shall end.
    pub expect: Expect,
}

/// A journey as it went.
#[derive(Serialize)]
pub struct Journey {
    /// What it shows.
    pub title: &'static str,
    /// Sender → receiver, by name.
    pub way: String,
    /// HTTP status of the answer; 0 if none came.
    pub status: u16,
    /// Codes in the answer.
    pub codes: Vec<String>,
    /// Paths of removed elements.
    pub removed: usize,
    /// The gateway's id of the message, if it was accepted.
    pub id: Option<String>,
    /// What the ledger tells about it.
    pub events: Vec<EventRow>,
    /// How many deliveries had an effect at the receiver.
    pub effects: usize,
    /// Did it end as the script says?
    pub as_expected: bool,
    #[serde(skip)]
    before: usize,
}

impl Journey {
    /// For people.
    pub fn text(&self) -> String {
        let mark = if self.as_expected { "ok  " } else { "FAIL" };
        let mut text = format!("{mark} {}\n     {}: answered {}", self.title, self.way, self.status);
        if !self.codes.is_empty() {
            let mut codes = self.codes.clone();
            codes.dedup();
            text += &format!(" {}", codes.join(" "));
        }
        if self.removed > 0 {
            text += &format!(", {} elements removed and named to the sender", self.removed);
        }
        text += &format!(", {} delivered\n", self.effects);
        for event in &self.events {
            text += &msg::step(event);
        }
        text
    }
}

/// The script, in order. Every message gets the run's mark in its ids.
pub fn steps() -> Vec<Step> {
    let mut steps = hospital();
    steps.extend(exams());
    steps
}

/// The stay in hospital: M6, M11, M12.
fn hospital() -> Vec<Step> {
    use Expect::*;
    vec![
        Step {
            title: "M6 admission notice: exactly four fields",
            from: REGION,
            to: GRANVIK,
            letter: Letter::Fhir(|run, now| admission("valid-1-four-fields", "1", run, now).to(GRANVIK)),
            expect: Delivered,
        },
        Step {
            title: "M6 with more than four fields: the surplus is removed and named",
            from: REGION,
            to: SJOBY,
            letter: Letter::Fhir(|run, now| admission("valid-2-surplus", "2", run, now).to(SJOBY)),
            expect: DeliveredReduced,
        },
        Step {
            title: "M11 ready for discharge: the exact times are evidence",
            from: REGION,
            to: SJOBY,
            letter: Letter::Fhir(|run, now| discharge("discharge-ready/valid-2-rich.json", "m11", run, now)),
            expect: DeliveredReduced,
        },
        Step {
            title: "M12 withdrawn again: same case, same order",
            from: REGION,
            to: SJOBY,
            letter: Letter::Fhir(|run, now| {
                discharge("discharge-ready-withdrawn/valid-2-rich.json", "m12", run, now)
                    .refers_to(&format!("m11-{run}"))
            }),
            expect: DeliveredReduced,
        },
        Step {
            title: "M12 sent twice: the first answer again, one effect",
            from: REGION,
            to: SJOBY,
            letter: Letter::Fhir(|_, _| Fhir(Value::Null)),
            expect: Repeated,
        },
    ]
}

/// The examinations: M1, M5 and the consent between.
fn exams() -> Vec<Step> {
    use Expect::*;
    vec![
        Step {
            title: "M1 health examination asked for: case message in, FHIR out",
            from: SJOBY,
            to: REGION,
            letter: Letter::Case(|run, now| {
                message::fresh_case(
                    "health-exam-request/case-valid-2-rich.json",
                    &format!("m1-{run}"),
                    &format!("SAM-{run}-9"),
                    now,
                )
            }),
            expect: Delivered,
        },
        Step {
            title: "M5 statement without a basis: stopped, the receiver learns nothing",
            from: REGION,
            to: SJOBY,
            letter: Letter::Fhir(|run, now| {
                statement("exam-statement/valid-2-rich.json", "m5a", run, now)
                    .basis("consent-guardians-both", None)
            }),
            expect: Refused("SLUSS-PRM-001"),
        },
        Step {
            title: "Consent of a young person registered",
            from: REGION,
            to: SJOBY,
            letter: Letter::Consent(|| {
                let number = young_adult();
                message::consent("demo-consent", &number, "consent-young-person", "exam-statement", SJOBY)
            }),
            expect: Registered,
        },
        Step {
            title: "M5 statement with that consent: passes, without the address, which is not the statement's",
            from: REGION,
            to: SJOBY,
            letter: Letter::Fhir(|run, now| {
                statement("exam-statement/valid-3-young-adult.json", "m5b", run, now)
            }),
            expect: DeliveredReduced,
        },
    ]
}

fn admission(example: &str, n: &str, run: &str, now: Timestamp) -> Fhir {
    let path = format!("admission-notice/{example}.json");
    Fhir::fresh(&path, &format!("m6-{n}-{run}"), now).case(&format!("SAM-{run}-{n}"))
}

fn discharge(path: &str, kind: &str, run: &str, now: Timestamp) -> Fhir {
    let reason = "Vårdplan behövs innan hemgång.";
    let message = Fhir::fresh(path, &format!("{kind}-{run}"), now).case(&format!("SAM-{run}-2"));
    message.refers_to(&format!("m6-2-{run}")).basis("release-health", Some(reason)).to(SJOBY)
}

fn statement(path: &str, kind: &str, run: &str, now: Timestamp) -> Fhir {
    Fhir::fresh(path, &format!("{kind}-{run}"), now).case(&format!("SAM-{run}-9")).to(SJOBY)
}

fn young_adult() -> String {
    let mut message = Fhir(message::example("exam-statement/valid-3-young-adult.json"));
    let number = message.resource("Patient").map(|p| p["identifier"][0]["value"].clone()).unwrap_or_default();
    number.as_str().unwrap_or_default().to_string()
}

/// Sends a step's letter.
pub async fn send(step: &Step, actors: &Actors, now: Timestamp) -> Journey {
    let mut journey = Journey {
        title: step.title,
        way: String::new(),
        status: 0,
        codes: Vec::new(),
        removed: 0,
        id: None,
        events: Vec::new(),
        effects: 0,
        as_expected: false,
        before: 0,
    };
    let (Some(from), Some(to)) = (actors.find(step.from), actors.find(step.to)) else { return journey };
    journey.way = format!("{} → {}", from.1, to.1);
    journey.before = to.3.effects().len();
    let reply = match step.letter {
        Letter::Fhir(_) if step.expect == Expect::Repeated => {
            let body = actors.last.lock().map(|last| last.clone()).unwrap_or_default();
            from.2.post(FHIR.0, FHIR.1, body).await.ok()
        }
        Letter::Fhir(make) => {
            let body = make(&actors.run, now).0.to_string().into_bytes();
            if let Ok(mut last) = actors.last.lock() {
                last.clone_from(&body);
            }
            from.2.post(FHIR.0, FHIR.1, body).await.ok()
        }
        Letter::Case(make) => from.2.case(&make(&actors.run, now)).await.ok(),
        Letter::Consent(make) => from.2.consent(&make()).await.ok(),
    };
    if let Some(reply) = reply {
        read(&reply, &mut journey);
    }
    journey
}

fn read(reply: &Reply, journey: &mut Journey) {
    let body = reply.json();
    journey.status = reply.status;
    journey.codes = reply.codes();
    journey.removed = journey.codes.iter().filter(|c| *c == "SLUSS-PRM-002").count();
    let text =
        body["id"].as_str().or_else(|| body["issue"][0]["diagnostics"].as_str()?.strip_prefix("message "));
    journey.id = text.map(str::to_string);
}

/// Waits until the journey has ended, at most ten seconds, and judges it.
pub async fn follow(step: &Step, actors: &Actors, ledger: &Ledger, journey: &mut Journey) {
    let Some((_, _, _, receiver)) = actors.find(step.to) else { return };
    let wanted = match step.expect {
        Expect::Delivered | Expect::DeliveredReduced => 1,
        _ => 0,
    };
    for _ in 0..200 {
        journey.effects = receiver.effects().len() - journey.before;
        if let Some(id) = &journey.id {
            journey.events = ledger.journey(id).await.unwrap_or_default();
        }
        let delivered = journey.events.iter().any(|e| e.kind == "delivered");
        if wanted == 0 || (journey.effects >= wanted && delivered) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    if wanted == 0 {
        // Give something that must not come the time to come.
        tokio::time::sleep(Duration::from_millis(200)).await;
        journey.effects = receiver.effects().len() - journey.before;
    }
    let code = |c: &str| journey.codes.iter().any(|x| x == c);
    journey.as_expected = journey.effects == wanted
        && match step.expect {
            Expect::Delivered => journey.status == 202 && !code("SLUSS-PRM-002"),
            Expect::DeliveredReduced => journey.status == 202 && code("SLUSS-PRM-002"),
            Expect::Refused(wanted) => journey.status >= 400 && code(wanted),
            Expect::Repeated => journey.status == 202 && journey.id.is_some(),
            Expect::Registered => journey.status == 201,
        };
}
