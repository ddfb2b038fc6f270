//! The floor: the gateway's own door and a group commit, and nothing else. And the carrying floor, which
//! also sends each body on with the gateway's courier and commits that it arrived.
//!
//! Invariant: same TLS, same workers, same SQLite settings and same way of gathering commits as the
//! ledger; the body is synced before it is echoed. Deliberately absent: everything else that a gateway is
//! for: reading, validating, permitting, translating, order, retries, attempts and events on record.

use super::Fail;
use actix_web::{
    HttpResponse,
    web::{self, Bytes, Data},
};
use rusqlite::Connection;
use sluss::{
    config::{Config, HsaFrom},
    courier::HttpCourier,
    listen::{
        door::{self, Limits},
        tls::Gate,
    },
    model::{Delivery, Format, Lane, Outcome, Partner, PartyKind},
    pki::TlsFiles,
    port::Courier,
};
use std::{
    net::TcpListener,
    path::Path,
    sync::{
        Arc, PoisonError,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, Sender, channel},
    },
    time::{Duration, Instant},
};
use tokio::sync::{Semaphore, oneshot};

/// As the ledger: how long a commit waits for as many as the last one had.
const GATHER: Duration = Duration::from_micros(500);
const MOST: usize = 512;
const CHECKPOINT_PAGES: i64 = 4000;

type Command = (Bytes, oneshot::Sender<()>);

/// What the workers share.
struct Desk {
    queue: std::sync::Mutex<Sender<Command>>,
    syncs: Arc<AtomicU64>,
    carrier: Option<Carrier>,
}

/// Sends bodies on, so many at a time.
struct Carrier {
    courier: HttpCourier,
    to: Partner,
    places: Arc<Semaphore>,
    runtime: tokio::runtime::Handle,
}

impl Carrier {
    fn new(dir: &Path, files: &TlsFiles) -> Result<Carrier, Fail> {
        let config = Config::load(&dir.join("sluss.toml")).map_err(|p| format!("{p:?}"))?;
        let courier = HttpCourier::load(files, jiff::Timestamp::now()).map_err(|f| format!("{f:?}"))?;
        let to = config.partners.iter().find(|p| p.kind == PartyKind::Municipality).cloned();
        let to = to.ok_or("no receiver is configured")?;
        let places = Arc::new(Semaphore::new(to.in_flight as usize));
        Ok(Carrier { courier, to, places, runtime: tokio::runtime::Handle::current() })
    }

    async fn carry(&self, body: &Bytes) -> Result<(), Fail> {
        let _place = self.places.acquire().await?;
        let now = jiff::Timestamp::now();
        let id = uuid::Uuid::now_v7().to_string();
        let delivery = Delivery {
            message: id.clone(),
            sender_message: id.clone(),
            event: String::new(),
            lane: Lane { receiver: self.to.hsa_id.clone(), case: id.clone() },
            attempt: 1,
            accepted: now,
            expires: now,
            format: Format::CaseJson,
            body: body.to_vec(),
            facts: String::new(),
            id,
        };
        match self.courier.deliver(&self.to, &delivery).await {
            Outcome::Delivered => Ok(()),
            other => Err(format!("floor: not delivered: {other:?}").into()),
        }
    }
}

/// Serves the site in a folder until standard input ends. Prints its port first.
pub async fn serve(dir: &Path, carries: bool) -> Result<(), Fail> {
    let (queue, commands) = channel();
    let syncs: Arc<AtomicU64> = Arc::default();
    let conn = open(dir)?;
    let counted = syncs.clone();
    std::thread::Builder::new().name("ledger".into()).spawn(move || write(&conn, &commands, &counted))?;
    let pki = dir.join("pki");
    let files =
        TlsFiles { certificate: pki.join("server.pem"), key: pki.join("server.key"), ca: pki.join("ca.pem") };
    let gate = Gate::load(&files, HsaFrom::SerialNumber, jiff::Timestamp::now());
    let gate = Arc::new(gate.map_err(|f| format!("{f:?}"))?);
    let carrier = if carries { Some(Carrier::new(dir, &files)?) } else { None };
    let desk = Arc::new(Desk { queue: queue.into(), syncs, carrier });
    let app = move || {
        actix_web::App::new()
            .app_data(Data::from(desk.clone()))
            .app_data(web::PayloadConfig::new(2 << 20))
            .route("/fhir/$process-message", web::post().to(echo))
            .route("/syncs", web::get().to(syncs_so_far))
    };
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let door = door::serve(listener, gate, &Limits::default(), Arc::new(|_| {}), app)?;
    println!("https://{}", door.address());
    tokio::spawn(door.run());
    let ended = tokio::task::spawn_blocking(|| std::io::copy(&mut std::io::stdin(), &mut std::io::sink()));
    ended.await??;
    Ok(())
}

async fn echo(desk: Data<Desk>, body: Bytes) -> HttpResponse {
    if !desk.commit(body.clone()).await {
        return HttpResponse::InternalServerError().finish();
    }
    if let Some(carrier) = &desk.carrier {
        let (desk, body) = (desk.clone(), body.clone());
        carrier.runtime.spawn(async move {
            let Some(carrier) = &desk.carrier else { return };
            match carrier.carry(&body).await {
                Ok(()) => drop(desk.commit(Bytes::from_static(b"delivered")).await),
                Err(error) => eprintln!("{error}"),
            }
        });
    }
    HttpResponse::Accepted().content_type("application/fhir+json").body(body)
}

impl Desk {
    /// Is it on disk?
    async fn commit(&self, body: Bytes) -> bool {
        let (reply, synced) = oneshot::channel();
        let sent = self.queue.lock().unwrap_or_else(PoisonError::into_inner).send((body, reply));
        sent.is_ok() && synced.await.is_ok()
    }
}

async fn syncs_so_far(desk: Data<Desk>) -> HttpResponse {
    HttpResponse::Ok().body(desk.syncs.load(Ordering::Relaxed).to_string())
}

/// The ledger's settings, see `src/ledger/sqlite.rs`.
fn open(dir: &Path) -> rusqlite::Result<Connection> {
    let conn = Connection::open(dir.join("floor.db"))?;
    conn.set_prepared_statement_cache_capacity(64);
    conn.execute_batch("PRAGMA page_size=4096; PRAGMA foreign_keys=OFF;")?;
    conn.query_row("PRAGMA journal_mode=WAL", [], |_| Ok(()))?;
    conn.execute_batch("PRAGMA synchronous=FULL")?;
    conn.query_row("PRAGMA wal_autocheckpoint=0", [], |_| Ok(()))?;
    conn.execute_batch("PRAGMA temp_store=MEMORY; PRAGMA cache_size=-65536;")?;
    conn.execute_batch("CREATE TABLE body (id INTEGER PRIMARY KEY, content BLOB NOT NULL) STRICT")?;
    Ok(conn)
}

fn write(conn: &Connection, commands: &Receiver<Command>, syncs: &AtomicU64) {
    let mut last = 1;
    while let Ok(first) = commands.recv() {
        let group = gather(commands, first, last);
        last = group.len();
        match commit(conn, &group) {
            Ok(()) => {
                syncs.fetch_add(1, Ordering::Relaxed);
                group.into_iter().for_each(|(_, reply)| {
                    let _ = reply.send(());
                });
            }
            // Unanswered commands become 500 and end the run.
            Err(error) => eprintln!("floor: {error}"),
        }
    }
}

fn gather(commands: &Receiver<Command>, first: Command, last: usize) -> Vec<Command> {
    let mut group = vec![first];
    let deadline = Instant::now() + GATHER;
    while group.len() < MOST {
        let next = match commands.try_recv() {
            Ok(next) => Ok(next),
            Err(_) if group.len() >= last => break,
            Err(_) => commands.recv_timeout(deadline.saturating_duration_since(Instant::now())),
        };
        match next {
            Ok(next) => group.push(next),
            Err(_) => break,
        }
    }
    group
}

fn commit(conn: &Connection, group: &[Command]) -> rusqlite::Result<()> {
    conn.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
    for (body, _) in group {
        conn.prepare_cached("INSERT INTO body (content) VALUES (?1)")?.execute([&body[..]])?;
    }
    conn.prepare_cached("COMMIT")?.execute([])?;
    let (log, moved): (i64, i64) = conn
        .prepare_cached("PRAGMA wal_checkpoint(NOOP)")?
        .query_row([], |row| Ok((row.get(1)?, row.get(2)?)))?;
    if log - moved >= CHECKPOINT_PAGES {
        conn.prepare_cached("PRAGMA wal_checkpoint(PASSIVE)")?.query_row([], |_| Ok(()))?;
    }
    Ok(())
}
