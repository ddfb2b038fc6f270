//! The only wiring: configuration → rules → ledger → gateway → door.
//!
//! Invariant: everything that can be wrong is found before the first socket is bound; a gateway that
//! runs has recovered what a crash left open. Deliberately absent: logic of any kind.

pub mod cases;
pub mod desk;
pub mod evidence;
pub mod route;
mod tellers;
mod unasked;

pub use crate::flow::Gateway;
use crate::{
    config::{Config, Problem},
    consent::Register,
    courier::{Couriers, HttpCourier, MllpCourier, Unasked},
    flow::mailbox::Seats,
    ledger::{Ledger, Options, Slots, SubjectKey, Sync},
    listen::{
        door::{self, Limits, Stopper},
        http, mllp,
        tls::{Gate, TurnedAway},
    },
    model::{Code, Event, EventKind, Failure, Finding, Format, Model},
    pki::TlsFiles,
    port::{Clock, SystemClock, SystemEntropy, Teller},
    registry::Registry,
    rulebook::{self, Rulebook, Source},
};
use serde_json::json;
use std::{
    net::{SocketAddr, TcpListener},
    path::Path,
    sync::Arc,
    time::Duration,
};
use tokio::{
    sync::{mpsc, oneshot, watch},
    task::JoinHandle,
};

/// A configuration that has passed every check, with all that was made from it.
pub struct Loaded {
    /// The configuration.
    pub config: Config,
    /// The rules.
    pub rulebook: Rulebook,
    gate: Gate,
    couriers: Couriers,
    unasked: mpsc::Receiver<Unasked>,
    tellers: Vec<Arc<dyn Teller>>,
}

/// Why the gateway does not start.
#[derive(Debug)]
pub enum StartError {
    /// The address cannot be bound.
    Bind(SocketAddr, std::io::Error),
    /// The ledger or a part of ours cannot start.
    Failure(Failure),
}

impl From<Failure> for StartError {
    fn from(failure: Failure) -> StartError {
        StartError::Failure(failure)
    }
}

/// Reads and checks everything; all problems at once. `sluss check` is this and nothing more.
pub fn load(file: &Path) -> Result<Loaded, Vec<Problem>> {
    let now = SystemClock.now();
    let config = Config::load(file);
    let known = config.as_ref().ok();
    let rules = known.and_then(|c| c.rules.as_deref());
    let source = Source::of(rules, known.and_then(|c| c.extra_rules.as_deref()));
    let packages = config.as_ref().ok().and_then(|c| c.packages.as_deref());
    let rulebook = Rulebook::load_with(&source, packages);
    let rulebook = rulebook.and_then(|rules| match known.and_then(|c| c.contract.as_deref()) {
        Some(folder) => rules.with_contract(folder),
        None => Ok(rules),
    });
    let (config, rulebook) = match (config, rulebook) {
        (Ok(config), Ok(rulebook)) => (config, rulebook),
        (config, rulebook) => {
            let mut problems = config.err().unwrap_or_default();
            problems.extend(rulebook.err().unwrap_or_default());
            return Err(problems);
        }
    };
    let files = |ca: &Path| TlsFiles {
        certificate: config.tls.certificate.clone(),
        key: config.tls.key.clone(),
        ca: ca.to_path_buf(),
    };
    let gate = Gate::load(&files(&config.tls.client_ca), config.tls.hsa_from, now);
    let http = HttpCourier::load(&files(&config.tls.server_ca), now);
    let (sink, unasked) = unasked::queue();
    let mllp = MllpCourier::load(&files(&config.tls.server_ca), now, sink);
    let tellers = tellers::load(&config, now);
    let mut unspoken = unspoken(&config, &rulebook, file);
    unspoken.extend(unmade(&config, &rulebook, file));
    unspoken.extend(nowhere(&config, &rulebook, file));
    match (gate, http, mllp, tellers) {
        (Ok(gate), Ok(http), Ok(mllp), Ok(tellers)) if unspoken.is_empty() => {
            Ok(Loaded { config, rulebook, gate, couriers: Couriers { http, mllp }, unasked, tellers })
        }
        (gate, http, mllp, tellers) => {
            let mut found = gate.err().unwrap_or_default();
            found.extend(http.err().into_iter().chain(mllp.err()).chain(tellers.err()).flatten());
            let mut problems: Vec<Problem> = unspoken;
            for problem in found.into_iter().map(|f| tls_problem(f, file)) {
                if !problems.iter().any(|p| p.file == problem.file && p.message == problem.message) {
                    problems.push(problem);
                }
            }
            Err(problems)
        }
    }
}

/// Partners whose format the rules do not know, or whose maps ask for what their file does not tell.
fn unspoken(config: &Config, rulebook: &Rulebook, file: &Path) -> Vec<Problem> {
    let folder = file.parent().unwrap_or(Path::new(".")).join("partners");
    let problem = |message: String, remedy: &str| Problem::of(&folder, Code::ConfigKey, message, remedy);
    let mut problems = Vec::new();
    for partner in &config.partners {
        let (model, own) = (partner.format.model(), &partner.hsa_id);
        if !rulebook.knows_model(model) {
            let message = format!("{own} speaks {}, and the rules have no such model", partner.format.word());
            problems.push(problem(
                message,
                "add the model's folder to `mappings/`, or mend the partner's `format`",
            ));
            continue;
        }
        let charset = partner.translate.get("charset").filter(|_| partner.format == Format::Hl7v2);
        if charset.is_some_and(|name| rulebook::hl7v2::charset(name).is_none()) {
            let message = format!("{own} has a `charset` that is not read here");
            problems.push(problem(message, "write it as MSH-18 does, such as 8859/1 or UNICODE UTF-8"));
        }
        let rows = || config.agreements.iter().flat_map(|a| &a.events);
        let mut asked: Vec<&str> = Vec::new();
        for ((event, from, to), map) in rulebook.maps() {
            let sends = *from == model && rows().any(|row| row.code == *event && row.from == partner.kind);
            let gets = *to == model && rows().any(|row| row.code == *event && row.to == partner.kind);
            let known: &[&str] = if sends { &["sender", "receivedAt"] } else { &["receiver"] };
            let missing = map.plan().parameters().iter().map(String::as_str);
            let missing = missing.filter(|n| !known.contains(n) && !partner.translate.contains_key(*n));
            asked.extend(missing.filter(|_| model.is_foreign() && (sends || gets)));
        }
        asked.sort_unstable();
        asked.dedup();
        if !asked.is_empty() {
            let message = format!("the maps of {own}'s format ask for {}", asked.join(", "));
            problems.push(problem(message, "write each of them in the partner's [translate] table"));
        }
    }
    problems
}

/// Messages that agreements send beside others, and no map makes.
fn unmade(config: &Config, rulebook: &Rulebook, file: &Path) -> Vec<Problem> {
    let folder = file.parent().unwrap_or(Path::new(".")).join("agreements");
    let rows = config.agreements.iter().flat_map(|a| &a.fan_out);
    let unmade = rows.filter_map(|row| {
        let name = rulebook::beside(&row.also, &row.event);
        rulebook.map(&name, Model::Fhir, Model::Fhir).is_err().then(|| {
            let message = format!("[[fan_out]] asks for {}, and no map makes it of {}", row.also, row.event);
            let remedy = format!("add mappings/{name}/fhir-fhir.map, or take the row away");
            Problem::of(&folder, Code::ConfigMap, message, &remedy)
        })
    });
    unmade.collect()
}

/// Areas of a [routing] table in municipalities, or of boards, that the rules do not know.
fn nowhere(config: &Config, rulebook: &Rulebook, file: &Path) -> Vec<Problem> {
    let folder = file.parent().unwrap_or(Path::new(".")).join("agreements");
    let routes = rulebook.routes();
    let areas = config.agreements.iter().filter_map(|a| a.routing.as_ref()).flat_map(|r| &r.areas);
    let unknown = areas.filter_map(|area| {
        let (code, board) = (&area.municipality, area.district.as_deref());
        let what = match board {
            _ if !routes.knows(code) => format!("the municipality {code}"),
            Some(board) if !routes.knows_board(code, board) => format!("the board {board} of {code}"),
            _ => return None,
        };
        let message = format!("[routing] names {what}, and the rules have no such place");
        let remedy = "mend the area, or add the place to conformance/tables/municipalities.txt of the rules";
        Some(Problem::of(&folder, Code::ConfigReference, message, remedy))
    });
    unknown.collect()
}

fn tls_problem(finding: Finding, file: &Path) -> Problem {
    let file = finding.place.path.map_or_else(|| file.to_path_buf(), Into::into);
    Problem::of(file, finding.code, finding.detail, finding.code.entry().remedy.0)
}

/// A gateway that runs.
pub struct Running {
    /// The gateway.
    pub gateway: Arc<Gateway>,
    /// Where it listens.
    pub address: SocketAddr,
    /// Where it listens for MLLP, if it does.
    pub mllp: Option<SocketAddr>,
    mllp_door: Option<mllp::Door>,
    stopper: Stopper,
    stop: watch::Sender<bool>,
    door: JoinHandle<std::io::Result<()>>,
    dispatch: oneshot::Receiver<()>,
    followers: Vec<JoinHandle<()>>,
}

impl Running {
    /// Takes no more callers, lets requests and attempts under way end, and closes the ledger.
    pub async fn stop(self) {
        // Whoever waits for messages is answered at once: a stop waits for nobody.
        self.gateway.seats.close();
        if let Some(door) = self.mllp_door {
            tokio::join!(self.stopper.stop(), door.stop());
        } else {
            self.stopper.stop().await;
        }
        let _ = self.stop.send(true);
        let _ = self.dispatch.await;
        for follower in self.followers {
            let _ = follower.await;
        }
        let _ = self.door.await;
    }
}

/// Starts a loaded gateway: recover, bind, serve, dispatch. Must be called inside a tokio runtime.
pub async fn start(loaded: Loaded) -> Result<Running, StartError> {
    start_with(loaded, Arc::new(SystemClock)).await
}

/// The same with another clock.
pub async fn start_with(loaded: Loaded, clock: Arc<dyn Clock>) -> Result<Running, StartError> {
    let Loaded { config, rulebook, gate, couriers, unasked, tellers } = loaded;
    let address = config.listen.address;
    let bind = |address| TcpListener::bind(address).map_err(|e| StartError::Bind(address, e));
    let listener = bind(address)?;
    let mllp_listener = config.listen.mllp.as_ref().map(|mllp| bind(mllp.address)).transpose()?;
    let ledger = Ledger::open(ledger_options(&config))?;
    let subjects = SubjectKey::open(&ledger, &config.state).await?;
    let register = Register::new(ledger.clone(), subjects.clone(), config.mode);
    let registry = Registry::new(&config);
    let idempotent = |id: &_| registry.partner(id).is_some_and(|p| p.idempotent);
    let recovered = ledger.recover(clock.now(), idempotent).await?;
    let event = started(&clock, &rulebook, recovered.retried, recovered.held);
    if let Err(failure) = ledger.record(vec![event]).await {
        // A full disk must not keep what is already accepted from being delivered.
        tracing::warn!(code = %failure.code(), "the start is not on record: {failure}");
    }
    let limits = Limits { connections: config.listen.max_connections, ..Limits::default() };
    let gateway = Arc::new(Gateway {
        registry: arc_swap::ArcSwap::from_pointee(registry),
        rulebook: arc_swap::ArcSwap::from_pointee(rulebook),
        ledger,
        subjects,
        clock,
        entropy: Arc::new(SystemEntropy),
        courier: Arc::new(couriers),
        consents: Arc::new(register),
        slots: Slots::new(config.delivery.concurrency),
        stirred: tokio::sync::Notify::new(),
        // The other half is for those who send.
        seats: Seats::new(config.listen.max_connections.div_ceil(2)),
        config,
    });
    let sink = turned_away(gateway.clone());
    tokio::spawn(unasked::record(Arc::downgrade(&gateway), unasked));
    let mllp_door = match (mllp_listener, &gateway.config.listen.mllp) {
        (Some(listener), Some(limits)) => {
            let door = mllp::serve(listener, &gate, limits, sink.clone(), gateway.clone());
            Some(door.map_err(|e| StartError::Bind(limits.address, e))?)
        }
        _ => None,
    };
    let shared = gateway.clone();
    let app = move || actix_web::App::new().configure(http::routes(shared.clone()));
    let door = door::serve(listener, Arc::new(gate), &limits, sink, app)
        .map_err(|e| StartError::Bind(address, e))?;
    let (address, stopper) = (door.address(), door.stopper());
    let door = tokio::spawn(door.run());
    let (stop, stopped) = watch::channel(false);
    let followers = tellers::start(tellers, &gateway, &stopped);
    let dispatch = dispatch(gateway.clone(), stopped)?;
    let mllp = mllp_door.as_ref().map(mllp::Door::address);
    Ok(Running { gateway, address, mllp, mllp_door, stopper, stop, door, dispatch, followers })
}

/// Starts the dispatcher on a thread of its own, with its connections: no other thread is woken for what
/// comes back on them. Resolves when it has ended.
fn dispatch(gateway: Arc<Gateway>, stop: watch::Receiver<bool>) -> Result<oneshot::Receiver<()>, StartError> {
    let tell = |error: std::io::Error| Failure::Internal(format!("no thread to deliver on: {error}"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(tell)?;
    let (end, ended) = oneshot::channel();
    let run = move || {
        runtime.block_on(gateway.dispatch(stop));
        drop(runtime);
        let _ = end.send(());
    };
    std::thread::Builder::new().name("dispatch".into()).spawn(run).map_err(tell)?;
    Ok(ended)
}

fn ledger_options(config: &Config) -> Options {
    // A control for the crash tests, which must see losses without syncs. No configuration reaches it.
    let sync = match std::env::var("SLUSS_TEST_CONTROL_NO_SYNC").as_deref() {
        Ok("1") => {
            tracing::warn!("SLUSS_TEST_CONTROL_NO_SYNC is set: accepted messages can be lost");
            Sync::Off
        }
        _ => Sync::Full,
    };
    Options {
        sync,
        queue: config.store.queue,
        min_free_bytes: config.store.min_free_mib << 20,
        free_bytes: |path| {
            let disk = rustix::fs::statvfs(path)?;
            Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
        },
        ..Options::new(&config.state)
    }
}

fn started(clock: &Arc<dyn Clock>, rulebook: &Rulebook, retried: usize, held: usize) -> Event {
    Event {
        at: clock.now(),
        kind: EventKind::Started,
        message: None,
        delivery: None,
        party: None,
        code: None,
        detail: json!({
            "version": env!("CARGO_PKG_VERSION"), "rules": rulebook.version(),
            "interrupted": { "retried": retried, "held": held },
        })
        .to_string(),
    }
}

/// Callers turned away go on record through a short queue; a flood of them is counted in the log,
/// not in memory.
fn turned_away(gateway: Arc<Gateway>) -> door::Sink {
    let (queue, mut waiting) = mpsc::channel::<TurnedAway>(256);
    tokio::spawn(async move {
        while let Some(caller) = waiting.recv().await {
            let event = Event {
                at: gateway.clock.now(),
                kind: EventKind::TurnedAway,
                message: None,
                delivery: None,
                party: None,
                code: Some(caller.code.to_string()),
                detail: json!({
                    "reason": caller.detail, "serial": caller.serial, "issuer": caller.issuer,
                    "address": caller.address.map(|a| a.ip().to_string()),
                })
                .to_string(),
            };
            if let Err(failure) = gateway.ledger.record(vec![event]).await {
                tracing::error!(code = %failure.code(), "a turned-away caller is not on record");
            }
            // At most some hundred a second: the record must not be a way to fill the disk.
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    });
    Arc::new(move |caller| {
        if queue.try_send(caller).is_err() {
            tracing::warn!(code = %Code::HandshakeFailed, "too many callers are turned away to record each");
        }
    })
}
