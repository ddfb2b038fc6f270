//! Examinations, admissions and discharges, end to end: each event between two forms and within one, and what arrives
//! is valid, says what was sent, and holds no reason in words for a municipality.

use crate::world::{GRANVIK, INSTITUTIONS, PROVIDER, REGION, SJOBY, Setup, World};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use sluss::{
    config::Mode,
    conformance::{
        message::{self, Fhir, example},
        receiver::Receiver,
        sender::Sender,
    },
    model::{Model, Told},
    rulebook::{Map, Rulebook, Source, check::Wanted},
};
use std::sync::LazyLock;

static RULES: LazyLock<Rulebook> = LazyLock::new(|| Rulebook::load(&Source::Embedded).unwrap());

/// What the sender writes and nobody at a municipality may read (domain §4).
const REASON: &str = "Skäl som stannar hos avsändaren.";

/// What an event passes on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Ground {
    /// A duty or a decision of the board: nothing is asserted.
    Duty,
    /// Four fields.
    FourField,
    /// The release rule of the sender, with its reason.
    Release,
    /// A consent of this kind that the sender holds.
    Consent(&'static str),
}

/// Who sends and who receives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Way {
    /// Region to a municipality that speaks the case form, and to one that speaks FHIR.
    Down,
    /// Municipality to the region, which speaks FHIR, and to a provider that speaks the case form.
    Up,
    /// Provider to both municipalities.
    Provided,
    /// Region to the state's institutions.
    Institutions,
}

/// Event, examples in the case form and in FHIR, ground, way.
struct Row(&'static str, &'static str, &'static str, Ground, Way);

const ROWS: [Row; 18] = [
    Row("health-exam-request", "case-valid-2-rich", "valid-1-rich", Ground::Duty, Way::Up),
    Row("dental-exam-request", "case-valid-1-rich", "valid-1-rich", Ground::Duty, Way::Up),
    Row("medical-exam-order", "case-valid-1-rich", "valid-1-rich", Ground::Duty, Way::Up),
    Row("exam-status", "case-valid-1-booked", "valid-1-booked", Ground::Duty, Way::Down),
    Row("exam-status", "case-valid-3-unnecessary", "valid-2-no-show", Ground::Duty, Way::Provided),
    Row("exam-statement", "case-valid-1-rich", "valid-2-rich", Ground::Release, Way::Down),
    Row(
        "exam-statement",
        "case-valid-1-rich",
        "valid-2-rich",
        Ground::Consent("exam-statement"),
        Way::Provided,
    ),
    Row("admission-notice", "case-valid-1-four-fields", "valid-1-four-fields", Ground::FourField, Way::Down),
    Row(
        "discharge-estimate-changed",
        "case-valid-1-four-fields",
        "valid-2-minimal",
        Ground::FourField,
        Way::Down,
    ),
    Row("care-contact-appointed", "case-valid-1-rich", "valid-1-rich", Ground::Release, Way::Down),
    Row("sip-call", "case-valid-1-physical", "valid-1-rich", Ground::Release, Way::Down),
    Row("discharge-ready", "case-valid-1-rich", "valid-2-rich", Ground::Release, Way::Down),
    Row("discharge-ready-withdrawn", "case-valid-1-rich", "valid-2-rich", Ground::Release, Way::Down),
    Row("discharge-information", "case-valid-3-all-parts", "valid-1-rich", Ground::Release, Way::Down),
    Row("discharged", "case-valid-1-rich", "valid-1-rich", Ground::Release, Way::Down),
    Row("sis-patient-left", "case-valid-1-left", "valid-1-rich", Ground::Duty, Way::Down),
    Row("sis-patient-left", "case-valid-1-left", "valid-1-rich", Ground::Duty, Way::Institutions),
    Row("open-compulsory-care", "case-valid-1-rich", "valid-1-rich", Ground::Duty, Way::Down),
];

/// One message of a row, in one of the two forms, from one party to another.
struct Letter<'a> {
    row: &'a Row,
    id: String,
    from: (&'a str, &'a Sender),
    to: (&'a str, &'a Receiver),
    sent: Value,
}

impl Letter<'_> {
    fn event(&self) -> &'static str {
        self.row.0
    }

    /// Sends it, on a consent that the sender holds where the row needs one.
    async fn send(&self) {
        if let Ground::Consent(kind) = self.row.3 {
            let number = case_form(self.event(), &self.sent)["subject"]["personalNumber"].clone();
            let basis = "consent-guardians-both";
            let consent = message::consent(&self.id, number.as_str().unwrap(), basis, kind, self.to.0);
            assert_eq!(self.from.1.consent(&consent).await.unwrap().status, 201);
        }
        let reply = match is_fhir(&self.sent) {
            true => self.from.1.fhir(&self.sent).await.unwrap(),
            false => self.from.1.case(&self.sent).await.unwrap(),
        };
        assert_eq!(reply.status, 202, "{}: {}", self.id, reply.json());
    }

    /// What came to the receiver.
    fn received(&self) -> Vec<u8> {
        let id = |body: &Value| match is_fhir(body) {
            true => body["entry"][0]["resource"]["id"] == self.id.as_str(),
            false => body["id"] == self.id.as_str(),
        };
        let all = self.to.1.effects();
        let ours = all.into_iter().find(|r| serde_json::from_slice(&r.body).is_ok_and(|body| id(&body)));
        ours.unwrap_or_else(|| panic!("{} did not come", self.id)).body
    }
}

fn is_fhir(message: &Value) -> bool {
    message["resourceType"] == "Bundle"
}

fn through(map: &Map, message: &Value) -> Value {
    let tree = map.read(message.to_string().as_bytes()).unwrap();
    serde_json::from_str(&map.write(&map.run_counted(&tree, &Told::default()).unwrap())).unwrap()
}

/// What a message tells, in the case form, by the same maps whatever form it has.
fn case_form(event: &str, message: &Value) -> Value {
    let to_fhir = RULES.plan(event, Model::Case, Model::Fhir).unwrap();
    let to_case = RULES.plan(event, Model::Fhir, Model::Case).unwrap();
    match is_fhir(message) {
        true => through(to_case, message),
        false => through(to_case, &through(to_fhir, message)),
    }
}

/// The case example of a row, made fresh.
fn of_case(row: &Row, id: &str, from: &str, to: &str) -> Value {
    let case = format!("K-{id}");
    let mut body = message::fresh_case(&format!("{}/{}.json", row.0, row.1), id, &case, Timestamp::now());
    body["sender"] = json!({ "hsaId": from });
    body["receiver"] = json!({ "hsaId": to });
    body["basis"] = match row.3 {
        Ground::Duty => json!({ "code": "duty" }),
        Ground::FourField => json!({ "code": "four-field" }),
        Ground::Release => json!({ "code": "release-health", "reason": REASON }),
        Ground::Consent(_) => json!({ "code": "consent-guardians-both" }),
    };
    body
}

/// The FHIR example of a row, made fresh.
fn of_fhir(row: &Row, id: &str, from: &str, to: &str) -> Value {
    let now = Timestamp::now();
    let path = format!("{}/{}.json", row.0, row.2);
    let mut bundle = Fhir::fresh(&path, id, now).case(&format!("K-{id}")).to(to);
    bundle.header()["sender"]["identifier"]["value"] = json!(from);
    let before = message::instant(now - SignedDuration::from_mins(1));
    match row.0 {
        // The day of the appointment, not a moment.
        "care-contact-appointed" => {
            let day = Fhir(example(&path)).resource("Communication").unwrap()["sent"].clone();
            bundle.resource("Communication").unwrap()["sent"] = day;
        }
        "discharged" => bundle.resource("Encounter").unwrap()["period"]["end"] = json!(before),
        _ => {}
    }
    let bundle = match row.3 {
        Ground::Duty => bundle.basis("duty", None),
        Ground::FourField => bundle.basis("four-field", None),
        Ground::Release => bundle.basis("release-health", Some(REASON)),
        Ground::Consent(_) => bundle.basis("consent-guardians-both", None),
    };
    bundle.0
}

/// All letters of all rows: each form to each receiver.
fn letters<'a>(world: &'a World, senders: &'a [Sender; 3]) -> Vec<Letter<'a>> {
    let [region, sjoby, provider] = senders;
    let both = [(SJOBY, &world.sjoby), (GRANVIK, &world.granvik)];
    let mut letters = Vec::new();
    for row in &ROWS {
        let (from, to) = match row.4 {
            Way::Down => ((REGION, region), both.to_vec()),
            Way::Up => ((SJOBY, sjoby), vec![(REGION, &world.region), (PROVIDER, &world.provider)]),
            Way::Provided => ((PROVIDER, provider), both.to_vec()),
            Way::Institutions => ((REGION, region), vec![(INSTITUTIONS, &world.institutions)]),
        };
        for to in to {
            let id = |form: &str| format!("{}-{:?}-{form}-{}", row.0, row.4, to.0);
            for (id, make) in
                [(id("case"), of_case as fn(&Row, &str, &str, &str) -> Value), (id("fhir"), of_fhir)]
            {
                let sent = make(row, &id, from.0, to.0);
                letters.push(Letter { row, id, from, to, sent });
            }
        }
    }
    letters
}

#[tokio::test(flavor = "multi_thread")]
async fn every_row_is_carried_between_two_forms_and_within_one() {
    let world = World::with(Setup { speaks: &[("granvik", "fhir-r4-json")], ..Setup::default() }).await;
    let senders = [world.as_region(), world.as_sjoby(), world.as_provider()];
    let letters = letters(&world, &senders);
    assert_eq!(letters.len(), 4 * 17 + 2, "seventeen rows to two parties, one to one, in two forms each");
    for letter in &letters {
        letter.send().await;
    }
    for letter in &letters {
        world.until(&letter.id, "delivered").await;
        let body = letter.received();
        let now = Timestamp::now();
        let mode = Some(Mode::Test);
        let wanted = Wanted { event: None, profile: None, mode, now, max_bytes: 1 << 20, schemas: None };
        let report = RULES.check(&body, &wanted);
        let found: Vec<_> = report.found.iter().filter(|f| f.is_error()).collect();
        assert!(report.readable && found.is_empty(), "{}: {found:#?}", letter.id);
        assert_eq!(report.event.as_deref(), Some(letter.event()));
        let got: Value = serde_json::from_slice(&body).unwrap();
        let formal = [GRANVIK, REGION].contains(&letter.to.0);
        assert_eq!(is_fhir(&got), formal, "{}: the receiver's own form", letter.id);
        let event = letter.event();
        assert_eq!(case_form(event, &got), case_form(event, &letter.sent), "{}", letter.id);
        assert!(!got.to_string().contains(REASON), "{}: a reason in words", letter.id);
    }
}
