//! The world of a crash test: a site on disk, receivers in this process, the gateway as a child.
//!
//! Invariant: receivers live in the test process, so they outlive every kill; the gateway is the real
//! binary with a real configuration and is known only by its process, its port and its record.
//! Deliberately absent: anything that reaches into the gateway's memory.

use super::history::{Effect, Record, Standing};
use jiff::Timestamp;
use sluss::{
    conformance::{
        receiver::{Conduct, Receiver},
        sender::Sender,
    },
    ledger::{ChainReport, Filter, Ledger, Totals},
    model::{HsaId, MessageState},
    pki::{self, Existing, Party, TlsFiles},
    rulebook::example_agreement,
};
use std::{
    fs::{self, File},
    io::{BufRead, BufReader},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc,
    time::{Duration, Instant},
};
use tempfile::TempDir;

pub const REGION: &str = "SE2321009900-REG1";
pub const GRANVIK: &str = "SE2120009903-SOC1";
pub const SJOBY: &str = "SE2120009911-SOC1";

/// File name, HSA-id, kind and format of the parties; the first sends, the others receive.
const PARTIES: [(&str, &str, &str, &str); 3] = [
    ("region", REGION, "region", "fhir-r4-json"),
    ("granvik", GRANVIK, "municipality", "case-json"),
    ("sjoby", SJOBY, "municipality", "case-json"),
];

/// How long a start may take before the test gives up.
const PATIENCE: Duration = Duration::from_secs(60);

/// What differs between the runs.
#[derive(Clone, Debug)]
pub struct Setting {
    /// Do the receivers know repeats by `X-Sluss-Delivery`?
    pub idempotent: bool,
    /// Is the gateway started with its promise broken?
    pub control: bool,
    /// How long receivers keep their answer.
    pub slow: Duration,
    /// Folder of the store; in the world's own folder if absent.
    pub state: Option<PathBuf>,
}

/// Partners, certificates and configuration.
pub struct World {
    dir: TempDir,
    setting: Setting,
    state: PathBuf,
    region: TlsFiles,
    base: String,
    receivers: Vec<(&'static str, Receiver)>,
}

impl World {
    /// Makes it. Must be called inside a tokio runtime.
    pub fn make(setting: Setting) -> World {
        let dir = tempfile::tempdir().unwrap();
        for folder in ["partners", "agreements"] {
            fs::create_dir(dir.path().join(folder)).unwrap();
        }
        let parties: Vec<Party> = PARTIES
            .iter()
            .map(|(stem, id, ..)| {
                let hsa_id = HsaId::parse(id).unwrap();
                Party { name: (*stem).into(), hsa_id, file_stem: (*stem).into() }
            })
            .collect();
        let now = Timestamp::now();
        let made = pki::make(&dir.path().join("pki"), &parties, now, Existing::Keep).unwrap();
        let files: Vec<TlsFiles> = made
            .parties
            .iter()
            .map(|(_, f)| TlsFiles {
                certificate: f.certificate.clone(),
                key: f.key.clone(),
                ca: made.ca.clone(),
            })
            .collect();
        let mut receivers = Vec::new();
        for ((stem, id, kind, format), files) in PARTIES.into_iter().zip(&files) {
            let mut endpoint = "https://localhost:1/inbox".to_owned();
            if id != REGION {
                let receiver = Receiver::start(files, 0, now).unwrap();
                receiver.always(Some(Conduct::Slow(setting.slow)));
                endpoint.clone_from(&receiver.endpoint);
                receivers.push((id, receiver));
            }
            let text = format!(
                "name = \"{stem}\"\nhsa_id = \"{id}\"\nkind = \"{kind}\"\nformat = \"{format}\"\n\
                 endpoint = \"{endpoint}\"\nidempotent = {}\nhandles_protected = true\n",
                setting.idempotent
            );
            fs::write(dir.path().join(format!("partners/{stem}.toml")), text).unwrap();
        }
        fs::write(dir.path().join("agreements/lan.toml"), example_agreement()).unwrap();
        let state = setting.state.clone().unwrap_or_else(|| dir.path().join("state"));
        let port = free_port();
        let config = format!(
            "mode = \"test\"\nhsa_id = \"{}\"\nname = \"crash test\"\nstate = \"{}\"\n\n\
             [listen]\naddress = \"127.0.0.1:{port}\"\n\n\
             [tls]\ncertificate = \"pki/server.pem\"\nkey = \"pki/server.key\"\nclient_ca = \"pki/ca.pem\"\n\n\
             [delivery]\nretry_first_ms = 100\nretry_max_s = 1\n\n[store]\nmin_free_mib = 8\n",
            pki::GATEWAY_HSA_ID,
            state.display()
        );
        fs::write(dir.path().join("sluss.toml"), config).unwrap();
        let region = files.into_iter().next().unwrap();
        World { dir, setting, state, region, base: format!("https://localhost:{port}"), receivers }
    }

    /// A sender with the region's certificate and connections of its own.
    pub fn sender(&self) -> Sender {
        Sender::new(&self.region, &self.base, Timestamp::now()).unwrap()
    }

    /// Do the receivers know repeats?
    pub fn knows_repeats(&self) -> bool {
        self.setting.idempotent
    }

    /// Treats the next deliveries so, at a receiver picked by `pick`.
    pub fn disturb(&self, pick: u64, conduct: impl IntoIterator<Item = Conduct>) {
        let at = usize::try_from(pick).unwrap_or(0) % self.receivers.len();
        self.receivers[at].1.script(conduct);
    }

    /// Starts the gateway's process; what it says goes to a file.
    pub fn start(&self) -> Gateway {
        let log = File::options().create(true).append(true).open(self.log()).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_sluss"));
        command.arg("serve").arg("--config").arg(self.dir.path().join("sluss.toml"));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log);
        command.env("RUST_LOG", "warn").env_remove("SLUSS_TEST_CONTROL_NO_SYNC");
        if self.setting.control {
            command.env("SLUSS_TEST_CONTROL_NO_SYNC", "1");
        }
        let spawned = Instant::now();
        let mut child = command.spawn().unwrap();
        let out = child.stdout.take().unwrap();
        let (told, ready) = mpsc::channel();
        std::thread::spawn(move || {
            if BufReader::new(out).lines().map_while(Result::ok).any(|l| l.starts_with("listening on")) {
                let _ = told.send(spawned.elapsed());
            }
        });
        Gateway { child, ready }
    }

    /// Starts the gateway and waits until it listens; tells how long that took.
    pub fn started(&self) -> (Gateway, Duration) {
        let mut gateway = self.start();
        match gateway.ready() {
            Some(time) => (gateway, time),
            None => panic!("the gateway did not start:\n{}", self.last_words()),
        }
    }

    fn log(&self) -> PathBuf {
        self.dir.path().join("gateway.log")
    }

    /// The end of what the gateway said.
    pub fn last_words(&self) -> String {
        let log = fs::read_to_string(self.log()).unwrap_or_default();
        let from = log.lines().count().saturating_sub(20);
        log.lines().skip(from).collect::<Vec<_>>().join("\n")
    }

    /// Effects at the receivers. One that knows repeats has one effect per delivery id; one that does
    /// not has one with everything that comes.
    pub fn effects(&self) -> Vec<Effect> {
        let mut effects = Vec::new();
        for (id, receiver) in &self.receivers {
            let came = receiver.received();
            for one in came.iter().filter(|one| one.effect || !self.setting.idempotent) {
                let body: serde_json::Value = serde_json::from_slice(&one.body).unwrap();
                let text = |key: &str| body[key].as_str().unwrap_or_default().to_owned();
                effects.push(Effect { message: text("id"), receiver: (*id).into(), case: text("case") });
            }
        }
        effects
    }

    /// Deliveries that came again and were known.
    pub fn absorbed(&self) -> usize {
        let count = |r: &Receiver| r.received().len() - r.effects().len();
        self.receivers.iter().map(|(_, r)| count(r)).sum()
    }

    /// Waits until nothing is under way and nothing can be; false if that does not come.
    pub async fn drained(&self, patience: Duration) -> bool {
        let ledger = self.ledger();
        let until = Instant::now() + patience;
        let mut last = 0;
        while Instant::now() < until {
            let totals = ledger.totals().await.unwrap();
            if totals.attempting == 0 && totals.deliveries_waiting == 0 {
                return true;
            }
            // Deliveries behind one that is held wait for a person: then nothing happens any more.
            if totals.attempting == 0 && totals.held > 0 && totals.events == last {
                return true;
            }
            last = totals.events;
            tokio::time::sleep(Duration::from_millis(1500).min(patience / 10)).await;
        }
        false
    }

    fn ledger(&self) -> Ledger {
        Ledger::read(&self.state).unwrap()
    }

    /// All that is on record; fails if lists, counts and chain do not agree.
    pub async fn record(&self) -> (Record, Totals, ChainReport) {
        let ledger = self.ledger();
        let mut record = Record::new();
        let mut counted = [0u64; 5];
        let mut filter = Filter { limit: 1000, ..Filter::default() };
        loop {
            let page = ledger.messages(&filter).await.unwrap();
            let Some(last) = page.last() else { break };
            filter.before = Some(last.seq);
            for row in page {
                let (place, standing) = match row.state {
                    MessageState::Waiting => (0, Standing::Open),
                    MessageState::Delivered => (1, Standing::Delivered),
                    MessageState::Held => (2, Standing::Open),
                    MessageState::Rejected => (3, Standing::Ended),
                    MessageState::Expired => (4, Standing::Ended),
                    later => panic!("nothing here is {}", later.word()),
                };
                counted[place] += 1;
                record.entry(row.sender_id).or_default().push(standing);
            }
        }
        let totals = ledger.totals().await.unwrap();
        let told = [totals.waiting, totals.delivered, totals.held, totals.rejected, totals.expired];
        assert_eq!(counted, told, "the counts are those of the rows");
        assert_eq!(totals.accepted, counted.iter().sum::<u64>(), "every accepted message has a state");
        (record, totals, ledger.verify().await.unwrap())
    }
}

/// The gateway's process.
pub struct Gateway {
    child: Child,
    ready: mpsc::Receiver<Duration>,
}

impl Gateway {
    /// Waits until it listens, and tells how long after its start that was. `None`: it ended instead.
    pub fn ready(&mut self) -> Option<Duration> {
        self.ready.recv_timeout(PATIENCE).ok()
    }

    /// Kills it without warning and waits until it is gone.
    pub fn kill(mut self) {
        self.end();
    }

    /// Waits until it ends by itself.
    pub async fn ended(&mut self, patience: Duration) -> Option<ExitStatus> {
        let until = Instant::now() + patience;
        while Instant::now() < until {
            if let Some(status) = self.child.try_wait().unwrap() {
                return Some(status);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        None
    }

    fn end(&mut self) {
        // SIGKILL; an error means that it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.end();
    }
}

/// A port that no outgoing connection takes while the gateway is down: below the ephemeral range.
fn free_port() -> u16 {
    let first = 20_000 + u16::try_from(std::process::id() % 10_000).unwrap();
    (first..32_000).find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()).unwrap()
}

/// Numbers that look random and follow from a seed (SplitMix64).
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// True once in `n` times.
    pub fn once_in(&mut self, n: u64) -> bool {
        self.roll().is_multiple_of(n)
    }

    /// A time between these.
    pub fn millis(&mut self, from: u64, to: u64) -> Duration {
        Duration::from_millis(from + self.roll() % (to - from).max(1))
    }
}

/// A number from the environment, for longer runs and for repeating one.
pub fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

pub fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
