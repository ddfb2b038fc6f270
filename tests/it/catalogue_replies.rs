//! Replies, plans, placements, co-financing and messages about messages, end to end: each is carried between two formats
//! and within one, and what arrives is valid.

use crate::{
    flows::admission,
    world::{GRANVIK, REGION, SJOBY, Setup, World, assert_fault},
};
use jiff::Timestamp;
use serde_json::{Value, json};
use sluss::{
    config::Mode,
    conformance::{
        message::{self, Fhir, example},
        receiver::Receiver,
        sender::Sender,
    },
    rulebook::{Rulebook, Source, check::Wanted},
};
use std::sync::LazyLock;

/// Event, examples in the case form and in FHIR, kind of information, directions.
struct Row(&'static str, &'static str, &'static str, Option<&'static str>, &'static [Way]);

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Way {
    /// Region to municipality.
    Down,
    /// Municipality to region.
    Up,
}

pub static RULES: LazyLock<Rulebook> = LazyLock::new(|| Rulebook::load(&Source::Embedded).unwrap());

const BOTH: &[Way] = &[Way::Down, Way::Up];

const ROWS: [Row; 12] = [
    Row(
        "admission-reply",
        "case-valid-1-known-with-efforts",
        "valid-1-rich",
        Some("admission-reply"),
        &[Way::Up],
    ),
    Row("sip-plan", "case-valid-1-established", "valid-1-rich", Some("sip"), BOTH),
    Row("placement-started", "case-valid-1-rich", "valid-1-rich", Some("placement"), &[Way::Up]),
    Row("placement-changed", "case-valid-1-rich", "valid-1-rich", Some("placement"), &[Way::Up]),
    Row("placement-ended", "case-valid-1-rich", "valid-1-rich", Some("placement"), &[Way::Up]),
    Row("cofinancing-question", "case-valid-1-rich", "valid-1-rich", Some("cofinancing"), &[Way::Up]),
    Row("cofinancing-answer", "case-valid-1-accepted", "valid-1-rich", Some("cofinancing"), &[Way::Down]),
    Row("misdirected", "case-valid-1-rich", "valid-1-rich", None, BOTH),
    Row("receiver-changed", "case-valid-1-rich", "valid-1-rich", None, BOTH),
    Row("administrative", "case-valid-1-rich", "valid-1-rich", None, BOTH),
    Row("receipt", "case-valid-1-handled", "valid-1-rejected", None, BOTH),
    Row("annulment", "case-valid-1-rich", "valid-1-rich", None, BOTH),
];

/// Sjöby receives case messages, Granvik and the region FHIR.
pub async fn county() -> World {
    World::with(Setup { speaks: &[("granvik", "fhir-r4-json")], ..Setup::default() }).await
}

/// What one party sends to another, in one of the two forms.
struct Letter<'a> {
    row: &'a Row,
    id: String,
    from: (&'a str, &'a Sender),
    to: (&'a str, &'a Receiver),
    as_case: bool,
}

impl Letter<'_> {
    /// On a consent that the sender holds, where the event needs one.
    async fn send(&self) {
        let now = Timestamp::now();
        let Row(event, case, fhir, kind, _) = self.row;
        let case_id = format!("K-{}", self.id);
        let about = format!("{}-about", self.id);
        let reply = if self.as_case {
            let mut body = message::fresh_case(&format!("{event}/{case}.json"), &self.id, &case_id, now);
            body["sender"] = json!({ "hsaId": self.from.0, "name": "Avsändaren" });
            body["receiver"] = json!({ "hsaId": self.to.0, "name": "Mottagaren" });
            let number = body["subject"]["personalNumber"].as_str().unwrap().to_string();
            for reference in ["refersTo", "answers"] {
                if !body[reference].is_null() {
                    body[reference] = json!(about);
                }
            }
            if let Some(kind) = kind {
                body["basis"] = json!({ "code": "consent-guardians-both" });
                self.consent(&number, kind).await;
            }
            self.from.1.case(&body).await.unwrap()
        } else {
            let mut bundle =
                Fhir::fresh(&format!("{event}/{fhir}.json"), &self.id, now).case(&case_id).to(self.to.0);
            if bundle.0.to_string().contains("StructureDefinition/refers-to") {
                bundle = bundle.refers_to(&about);
            }
            let header = bundle.header();
            if header["response"].is_object() {
                header["response"]["identifier"] = json!(about);
            }
            header["sender"]["identifier"]["value"] = json!(self.from.0);
            header["source"]["endpoint"] = json!(format!("urn:hsa:{}", self.from.0));
            let number =
                bundle.resource("Patient").unwrap()["identifier"][0]["value"].as_str().unwrap().to_string();
            if let Some(kind) = kind {
                bundle = bundle.basis("consent-guardians-both", None);
                self.consent(&number, kind).await;
            }
            self.from.1.fhir(&bundle.0).await.unwrap()
        };
        assert_eq!(reply.status, 202, "{}: {}", self.id, reply.json());
    }

    /// What a message about a message is about, in the same case: the sender's own, or the receiver's.
    async fn send_what_it_is_about(&self, world: &World, region: &Sender) {
        let now = Timestamp::now();
        let (id, case_id) = (format!("{}-about", self.id), format!("K-{}", self.id));
        let (from, to) = match self.row.0 {
            "annulment" => (self.from.0, self.to.0),
            "receipt" => (self.to.0, self.from.0),
            _ => return,
        };
        let reply = if from == REGION {
            region.fhir(&admission(&id, &case_id, to)).await.unwrap()
        } else {
            let mut body =
                message::fresh_case("admission-reply/case-valid-2-minimal.json", &id, &case_id, now);
            body["sender"] = json!({ "hsaId": from });
            let sender = if from == SJOBY { world.as_sjoby() } else { world.as_granvik() };
            sender.case(&body).await.unwrap()
        };
        assert_eq!(reply.status, 202, "{id}: {}", reply.json());
        world.until(&id, "delivered").await;
    }

    async fn consent(&self, number: &str, kind: &str) {
        let consent = message::consent(&self.id, number, "consent-guardians-both", kind, self.to.0);
        let reply = self.from.1.consent(&consent).await.unwrap();
        assert_eq!(reply.status, 201, "{}", reply.json());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_row_is_carried_between_two_formats_and_within_one() {
    let world = county().await;
    let (region, granvik, sjoby) = (world.as_region(), world.as_granvik(), world.as_sjoby());
    let mut letters = Vec::new();
    for row in &ROWS {
        for way in row.4 {
            for as_case in [true, false] {
                let ends = match way {
                    Way::Down => [
                        ((REGION, &region), (SJOBY, &world.sjoby)),
                        ((REGION, &region), (GRANVIK, &world.granvik)),
                    ],
                    Way::Up => [
                        ((SJOBY, &sjoby), (REGION, &world.region)),
                        ((GRANVIK, &granvik), (REGION, &world.region)),
                    ],
                };
                for (n, (from, to)) in ends.into_iter().enumerate() {
                    let id = format!("{}-{way:?}-{n}-{}", row.0, if as_case { "case" } else { "fhir" });
                    letters.push(Letter { row, id, from, to, as_case });
                }
            }
        }
    }
    assert_eq!(letters.len(), 4 * (6 + 2 * 6), "six rows one way, six both ways");
    for letter in &letters {
        letter.send_what_it_is_about(&world, &region).await;
        letter.send().await;
    }
    for letter in &letters {
        world.until(&letter.id, "delivered").await;
        let got = letter.to.1.effects();
        let is_ours = |body: &Value| {
            body["id"] == letter.id.as_str() || body["entry"][0]["resource"]["id"] == letter.id.as_str()
        };
        let body = got.iter().find(|r| serde_json::from_slice(&r.body).is_ok_and(|b: Value| is_ours(&b)));
        let body = &body.unwrap_or_else(|| panic!("{} did not come", letter.id)).body;
        let report = RULES.check(body, &wanted());
        let found: Vec<_> = report.found.iter().filter(|f| f.is_error()).collect();
        assert!(report.readable && found.is_empty(), "{}: {found:#?}", letter.id);
        assert_eq!(report.event.as_deref(), Some(letter.row.0));
    }
}

pub fn wanted() -> Wanted<'static> {
    Wanted {
        event: None,
        profile: None,
        mode: Some(Mode::Test),
        now: Timestamp::now(),
        max_bytes: 1 << 20,
        schemas: None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn efforts_need_a_consent_that_is_registered_and_a_bare_reply_needs_none() {
    let world = county().await;
    let sjoby = world.as_sjoby();
    let now = Timestamp::now();
    let body = message::fresh_case("admission-reply/case-valid-1-known-with-efforts.json", "m8a", "C-1", now);
    let reply = sjoby.case(&body).await.unwrap();
    assert_fault(&reply, 403, "SLUSS-PRM-001");
    let body = message::fresh_case("admission-reply/case-valid-2-minimal.json", "m8b", "C-1", now);
    assert_eq!(sjoby.case(&body).await.unwrap().status, 202);
    world.until("m8b", "delivered").await;
    assert_eq!(world.region.effects().len(), 1, "of the stopped reply the region learns nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_protected_childs_address_does_not_pass_within_the_case_form_either() {
    let world = county().await;
    let region = world.as_region();
    let mut body =
        message::fresh_case("sip-plan/case-valid-1-established.json", "m15", "C-1", Timestamp::now());
    assert_eq!(example("sip-plan/case-valid-1-established.json")["receiver"]["hsaId"], SJOBY);
    body["subject"]["protection"] = json!("sekretessmarkering");
    body["subject"]["address"] =
        json!({ "lines": ["Hemliga vägen 1"], "postalCode": "992 12", "city": "Sjöby" });
    let number = body["subject"]["personalNumber"].as_str().unwrap();
    let consent = message::consent("c", number, "consent-guardians-both", "sip", SJOBY);
    assert_eq!(region.consent(&consent).await.unwrap().status, 201);
    let reply = region.case(&body).await.unwrap();
    assert_eq!(reply.status, 202, "{}", reply.json());
    world.until("m15", "delivered").await;
    let got: Value = serde_json::from_slice(&world.sjoby.effects()[0].body).unwrap();
    assert_eq!(got["subject"]["protection"], "sekretessmarkering");
    assert_eq!(got["sipPlan"], body["sipPlan"]);
    assert!(got["subject"]["address"].is_null() && !got.to_string().contains("Hemliga"), "{got:#}");
}
