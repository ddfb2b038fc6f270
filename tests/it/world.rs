//! A small county for tests: a gateway, a region and two municipalities, each with its own
//! certificate, as real servers on loopback.

use jiff::Timestamp;
use serde_json::Value;
use sluss::{
    app::{self, Running},
    conformance::{
        receiver::Receiver,
        sender::{Reply, Sender},
    },
    ledger::EventRow,
    model::HsaId,
    pki::{self, Authority, Existing, Issued, Made, Party, TlsFiles},
    port::{Clock, MovableClock, SystemClock},
};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tempfile::TempDir;

pub const REGION: &str = "SE2321009900-REG1";
pub const GRANVIK: &str = "SE2120009903-SOC1";
pub const SJOBY: &str = "SE2120009911-SOC1";
/// A procured care provider.
pub const PROVIDER: &str = "SE5560125790-VRD1";
/// The state's institutions.
pub const INSTITUTIONS: &str = "SE2021009903-SIS1";
/// Has a certificate from the right authority but is no party.
pub const STRANGER: &str = "SE2120009929-SOC1";

const PARTIES: [(&str, &str, &str, &str); 5] = [
    ("region", REGION, "region", "fhir-r4-json"),
    ("granvik", GRANVIK, "municipality", "case-json"),
    ("sjoby", SJOBY, "municipality", "case-json"),
    ("provider", PROVIDER, "private-provider", "case-json"),
    ("institutions", INSTITUTIONS, "sis", "case-json"),
];

/// What differs from the plain county.
#[derive(Clone, Default)]
pub struct Setup {
    /// More keys for `sluss.toml`, before its tables.
    pub top: &'static str,
    /// `[delivery]` keys.
    pub delivery: Option<&'static str>,
    /// `[store]` keys.
    pub store: Option<&'static str>,
    /// `[listen]` keys.
    pub listen: &'static str,
    /// Partners that fetch their messages.
    pub pulls: &'static [&'static str],
    /// More keys for every partner; default: idempotent and able to handle protected persons.
    pub partner: Option<&'static str>,
    /// Formats by party, where they are others than usual.
    pub speaks: &'static [(&'static str, &'static str)],
    /// A last word on the site's folder, before the gateway reads it.
    pub edit: Option<fn(&Path)>,
}

pub struct World {
    dir: TempDir,
    made: Made,
    pub region: Receiver,
    pub granvik: Receiver,
    pub sjoby: Receiver,
    pub provider: Receiver,
    pub institutions: Receiver,
    pub running: Option<Running>,
    clock: Option<Arc<MovableClock>>,
}

impl World {
    pub async fn new() -> World {
        World::with(Setup::default()).await
    }

    pub async fn with(setup: Setup) -> World {
        World::at(setup, None).await
    }

    /// On a clock that the test moves.
    pub async fn at(setup: Setup, clock: Option<Arc<MovableClock>>) -> World {
        let dir = tempfile::tempdir().unwrap();
        let now = Timestamp::now();
        let mut parties: Vec<Party> = PARTIES
            .iter()
            .map(|(stem, id, ..)| Party {
                name: (*stem).into(),
                hsa_id: HsaId::parse(id).unwrap(),
                file_stem: (*stem).into(),
            })
            .collect();
        parties.push(Party {
            name: "stranger".into(),
            hsa_id: HsaId::parse(STRANGER).unwrap(),
            file_stem: "stranger".into(),
        });
        let made = pki::make(&dir.path().join("pki"), &parties, now, Existing::Keep).unwrap();
        let receivers: Vec<Receiver> =
            (0..PARTIES.len()).map(|i| Receiver::start(&files(&made, i), 0, now).unwrap()).collect();
        let endpoints: Vec<String> = receivers.iter().map(|r| r.endpoint.clone()).collect();
        write_site(dir.path(), &endpoints, &setup);
        let mut receivers = receivers.into_iter();
        let mut world = World {
            region: receivers.next().unwrap(),
            granvik: receivers.next().unwrap(),
            sjoby: receivers.next().unwrap(),
            provider: receivers.next().unwrap(),
            institutions: receivers.next().unwrap(),
            dir,
            made,
            running: None,
            clock,
        };
        world.start().await;
        world
    }

    /// Starts the gateway on the same state.
    pub async fn start(&mut self) {
        let loaded = app::load(&self.dir.path().join("sluss.toml")).unwrap_or_else(|p| panic!("{p:#?}"));
        let clock: Arc<dyn Clock> = match &self.clock {
            Some(clock) => clock.clone(),
            None => Arc::new(SystemClock),
        };
        let running = app::start_with(loaded, clock).await.unwrap_or_else(|e| panic!("{e:?}"));
        self.running = Some(running);
    }

    /// The same with another clock.
    pub async fn start_with(&mut self, clock: std::sync::Arc<dyn sluss::port::Clock>) {
        let loaded = app::load(&self.dir.path().join("sluss.toml")).unwrap_or_else(|p| panic!("{p:#?}"));
        self.running = Some(app::start_with(loaded, clock).await.unwrap_or_else(|e| panic!("{e:?}")));
    }

    /// Stops the gateway and keeps its state.
    pub async fn stop(&mut self) {
        if let Some(running) = self.running.take() {
            running.stop().await;
        }
    }

    pub fn gateway(&self) -> &Running {
        self.running.as_ref().unwrap()
    }

    pub fn state(&self) -> PathBuf {
        self.dir.path().join("state")
    }

    pub fn base(&self) -> String {
        format!("https://localhost:{}", self.gateway().address.port())
    }

    fn sender(&self, index: usize) -> Sender {
        Sender::new(&files(&self.made, index), &self.base(), Timestamp::now()).unwrap()
    }

    /// The region's sender to a gateway elsewhere.
    pub fn sender_to(&self, base: &str) -> Sender {
        Sender::new(&files(&self.made, 0), base, Timestamp::now()).unwrap()
    }

    /// Granvik's sender to a gateway elsewhere.
    pub fn granvik_to(&self, base: &str) -> Sender {
        Sender::new(&files(&self.made, 1), base, Timestamp::now()).unwrap()
    }

    pub fn as_region(&self) -> Sender {
        self.sender(0)
    }

    pub fn as_granvik(&self) -> Sender {
        self.sender(1)
    }

    pub fn as_sjoby(&self) -> Sender {
        self.sender(2)
    }

    pub fn as_provider(&self) -> Sender {
        self.sender(3)
    }

    pub fn as_stranger(&self) -> Sender {
        self.sender(PARTIES.len())
    }

    /// The authority that the gateway trusts.
    pub fn authority(&self) -> Authority {
        let read = |name: &str| std::fs::read_to_string(self.made.dir.join(name)).unwrap();
        Authority::from_pem("TEST Sluss development CA", &read("ca.pem"), &read("ca.key")).unwrap().unwrap()
    }

    /// A sender with a certificate of the test's own making.
    pub fn sender_with(&self, issued: &Issued) -> Sender {
        let put = |name: &str, text: &str| {
            let path = self.dir.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let files = TlsFiles {
            certificate: put("own.pem", issued.certificate_pem()),
            key: put("own.key", &issued.key_pem()),
            ca: self.made.ca.clone(),
        };
        Sender::new(&files, &self.base(), Timestamp::now()).unwrap()
    }

    /// Granvik's receiver anew, on the port that the gateway knows.
    pub fn receiver_again(&self, port: u16) -> Receiver {
        Receiver::start(&files(&self.made, 1), port, Timestamp::now()).unwrap()
    }

    /// The newest refusals and callers turned away.
    pub async fn refusals(&self) -> Vec<EventRow> {
        self.gateway().gateway.ledger.refusals(20).await.unwrap()
    }

    /// Waits until the message with this sender's id is in a state, at most ten seconds.
    pub async fn until(&self, id: &str, state: &str) {
        let ledger = &self.gateway().gateway.ledger;
        for _ in 0..400 {
            let row = ledger.message(id).await.unwrap();
            if row.as_ref().is_some_and(|r| r.state.word() == state) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        let row = ledger.message(id).await.unwrap();
        let journey = match &row {
            Some(row) => ledger.journey(&row.id).await.unwrap(),
            None => Vec::new(),
        };
        panic!("{id} is not {state} after ten seconds: {row:#?} {journey:#?}");
    }

    /// The kinds of event in a message's journey.
    pub async fn journey(&self, id: &str) -> Vec<EventRow> {
        let ledger = &self.gateway().gateway.ledger;
        let row = ledger.message(id).await.unwrap().unwrap();
        ledger.journey(&row.id).await.unwrap()
    }
}

fn files(made: &Made, index: usize) -> TlsFiles {
    let (_, files) = &made.parties[index];
    TlsFiles { certificate: files.certificate.clone(), key: files.key.clone(), ca: made.ca.clone() }
}

fn write_site(dir: &Path, endpoints: &[String], setup: &Setup) {
    for sub in ["partners", "agreements"] {
        std::fs::create_dir_all(dir.join(sub)).unwrap();
    }
    let more = setup.partner.unwrap_or("idempotent = true\nhandles_protected = true\ntimeout_s = 1\n");
    for ((stem, id, kind, format), endpoint) in PARTIES.iter().zip(endpoints) {
        let format = setup.speaks.iter().find(|(own, _)| own == stem).map_or(*format, |(_, format)| *format);
        let endpoint = if setup.pulls.contains(stem) { "mailbox" } else { endpoint };
        let text = format!(
            "name = \"{stem}\"\nhsa_id = \"{id}\"\nkind = \"{kind}\"\nformat = \"{format}\"\nendpoint = \"{endpoint}\"\n{more}"
        );
        std::fs::write(dir.join(format!("partners/{stem}.toml")), text).unwrap();
    }
    std::fs::write(dir.join("agreements/lan.toml"), sluss::rulebook::example_agreement()).unwrap();
    let text = format!(
        "mode = \"test\"\nhsa_id = \"SE2321009900-SLUSS\"\nname = \"test\"\nstate = \"state\"\n{}\n\
         [listen]\naddress = \"127.0.0.1:0\"\n{}\n\
         [tls]\ncertificate = \"pki/server.pem\"\nkey = \"pki/server.key\"\nclient_ca = \"pki/ca.pem\"\n\
         [delivery]\n{}\n[store]\n{}\n",
        setup.top,
        setup.listen,
        setup.delivery.unwrap_or("retry_first_ms = 50\nretry_max_s = 1"),
        setup.store.unwrap_or("min_free_mib = 16"),
    );
    std::fs::write(dir.join("sluss.toml"), text).unwrap();
    if let Some(edit) = setup.edit {
        edit(dir);
    }
}

/// The answer is a fault of this status, in the right media type, naming this code first.
pub fn assert_fault(reply: &Reply, status: u16, code: &str) {
    let codes = reply.codes();
    let body: Value = reply.json();
    assert_eq!(reply.status, status, "{codes:?} {body}");
    assert_eq!(codes.first().map(String::as_str), Some(code), "{body}");
    let is_fhir = body["resourceType"] == "OperationOutcome";
    let media = if is_fhir { "application/fhir+json" } else { "application/problem+json" };
    assert_eq!(reply.content_type, media);
}
