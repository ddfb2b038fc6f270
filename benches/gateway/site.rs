//! One row: a fresh folder, a fresh server process, load, and the count of what came of it.
//!
//! Invariant: nothing is shared between rows but the disk; a server never outlives its row.

use super::{
    Args, Fail,
    load::{self, Line, Template},
    receiver::Receiver,
    report::{Row, Who},
};
use sluss::{
    ledger::{Ledger, Totals},
    model::HsaId,
    pki::{self, Existing, Files, Made, Party, TlsFiles},
    rulebook::example_agreement,
};
use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// Sender and receiver: file stem, name, HSA-id, kind, format.
const PARTIES: [(&str, &str, &str, &str, &str); 2] = [
    ("region", "Region Almlund", "SE2321009900-REG1", "region", "fhir-r4-json"),
    ("granvik", "Granviks kommun", "SE2120009903-SOC1", "municipality", "case-json"),
];

/// A server process, ended with its row.
struct Server {
    child: Child,
    port: u16,
    /// The MLLP door's, if there is one.
    mllp: u16,
}

impl Server {
    /// Starts it and waits for the line that names its port.
    fn start(mut command: Command) -> Result<Server, Fail> {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let out = child.stdout.take().ok_or("no standard output")?;
        let mut server = Server { child, port: 0, mllp: 0 };
        for line in BufReader::new(out).lines() {
            let line = line?;
            let port = |scheme: &str| {
                let (_, after) = line.split_once(scheme)?;
                after.chars().take_while(char::is_ascii_digit).collect::<String>().parse().ok()
            };
            if let Some(https) = port("https://127.0.0.1:") {
                (server.port, server.mllp) = (https, port("mllps://127.0.0.1:").unwrap_or(0));
                return Ok(server);
            }
        }
        Err("the server ended before it listened".into())
    }

    /// Processor time used so far.
    fn cpu(&self) -> Result<Duration, Fail> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
        let ticks: u64 = fields.skip(11).take(2).filter_map(|f| f.parse::<u64>().ok()).sum();
        Ok(Duration::from_millis(ticks * 10))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Certificates of everyone in a folder of their own.
fn site(args: &Args) -> Result<(TempDir, Made), Fail> {
    let dir = tempfile::Builder::new().prefix("gateway-bench-").tempdir_in(&args.dir)?;
    let party = |(stem, name, id, ..): &(&str, &str, &str, &str, &str)| {
        Some(Party { name: (*name).into(), hsa_id: HsaId::parse(id)?, file_stem: (*stem).into() })
    };
    let parties: Vec<Party> = PARTIES.iter().filter_map(party).collect();
    let made = pki::make(&dir.path().join("pki"), &parties, jiff::Timestamp::now(), Existing::Keep)?;
    Ok((dir, made))
}

fn files(made: &Made, index: usize) -> TlsFiles {
    let Files { certificate, key, .. } = &made.parties[index].1;
    TlsFiles { certificate: certificate.clone(), key: key.clone(), ca: made.ca.clone() }
}

/// The configuration of a gateway between the two, as `sluss demo` writes it.
fn configure(dir: &Path, endpoints: [&str; 2], in_flight: usize) -> std::io::Result<()> {
    for sub in ["partners", "agreements"] {
        std::fs::create_dir_all(dir.join(sub))?;
    }
    for ((stem, name, id, kind, format), endpoint) in PARTIES.iter().zip(endpoints) {
        let text = format!(
            "name = \"{name}\"\nhsa_id = \"{id}\"\nkind = \"{kind}\"\nformat = \"{format}\"\nendpoint = \"{endpoint}\"\n\
             idempotent = true\nhandles_protected = true\nin_flight = {in_flight}\n\
             [translate]\nreceiver = \"{}\"\n",
            PARTIES[1].2
        );
        std::fs::write(dir.join(format!("partners/{stem}.toml")), text)?;
    }
    std::fs::write(dir.join("agreements/lan.toml"), example_agreement())?;
    let own = format!(
        "mode = \"test\"\nhsa_id = \"{}\"\nname = \"bench\"\nstate = \"state\"\n\n[listen]\naddress = \"127.0.0.1:0\"\n\
         [listen.mllp]\naddress = \"127.0.0.1:0\"\nmax_connections_per_partner = 1000\n\n\
         [tls]\ncertificate = \"pki/server.pem\"\nkey = \"pki/server.key\"\nclient_ca = \"pki/ca.pem\"\n",
        pki::GATEWAY_HSA_ID
    );
    std::fs::write(dir.join("sluss.toml"), own)
}

/// The state of things at one moment.
struct Mark {
    totals: Totals,
    effects: u64,
    cpu: Duration,
}

/// Measures the gateway with a receiver that takes everything.
pub async fn measure_gateway(
    args: &Args,
    message: &Template,
    connections: usize,
    who: Who,
) -> Result<Row, Fail> {
    let (dir, made) = site(args)?;
    let receiver = Receiver::start(&files(&made, 1))?;
    // The region receives nothing here; its endpoint must only be well formed.
    configure(dir.path(), ["https://localhost:9/inbox", &receiver.endpoint], args.in_flight)?;
    let mut command = Command::new(&args.gateway);
    command.arg("serve").arg("--config").arg(dir.path().join("sluss.toml"));
    command.env("RUST_LOG", "warn");
    let server = Server::start(command)?;
    let ledger = Ledger::read(&dir.path().join("state")).map_err(|f| f.to_string())?;
    let mark = async || {
        let totals = ledger.totals().await.map_err(|f| f.to_string())?;
        Ok(Mark { totals, effects: receiver.effects(), cpu: server.cpu()? })
    };
    let window = args.window();
    let began = Instant::now();
    let sender = files(&made, 0);
    let port = if who == Who::Mllp { server.mllp } else { server.port };
    let (seen, before, after) = load::run(&sender, port, message, connections, window, mark).await?;
    let backlog = seen.total.saturating_sub(receiver.effects());
    let drained = drain(&receiver, seen.total, window.drain).await;
    let whole = began.elapsed().as_secs_f64();
    if drained {
        audit(&ledger, seen.total, receiver.effects()).await?;
    }
    receiver.stop().await;
    let seconds = window.measured.as_secs_f64();
    let (syncs, commands) =
        (after.totals.syncs - before.totals.syncs, after.totals.commands - before.totals.commands);
    let accepted = after.totals.accepted - before.totals.accepted;
    Ok(Row {
        who,
        connections,
        acknowledged: seen.latencies.len() as f64 / seconds,
        p50: seen.percentile(0.5),
        p99: seen.percentile(0.99),
        delivered: Some((after.effects - before.effects) as f64 / seconds),
        drained: drained.then(|| seen.total as f64 / whole),
        backlog: Some(backlog),
        per_sync: accepted as f64 / syncs.max(1) as f64,
        commands_per_sync: Some(commands as f64 / syncs.max(1) as f64),
        syncs: syncs as f64 / seconds,
        cpu: (after.cpu - before.cpu).as_secs_f64() * 1e6 / accepted.max(1) as f64,
    })
}

/// Waits until everything acknowledged has had its effect.
async fn drain(receiver: &Receiver, total: u64, most: Duration) -> bool {
    let deadline = Instant::now() + most;
    while receiver.effects() < total && Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    receiver.effects() >= total
}

/// Client, receiver and record must tell the same story.
async fn audit(ledger: &Ledger, acknowledged: u64, effects: u64) -> Result<(), Fail> {
    // The last outcomes may still be on their way to the record.
    let deadline = Instant::now() + Duration::from_secs(5);
    loop {
        let totals = ledger.totals().await.map_err(|f| f.to_string())?;
        let same = totals.accepted == acknowledged && totals.delivered == acknowledged;
        if same && effects == acknowledged {
            return Ok(());
        }
        if Instant::now() > deadline {
            return Err(format!(
                "{acknowledged} acknowledged, {effects} effects, on record {} accepted and {} delivered",
                totals.accepted, totals.delivered
            )
            .into());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The notice in HL7 v2, from the one party to the other.
pub fn mllp_message() -> Result<Template, Fail> {
    Template::mllp(PARTIES[0].2, PARTIES[1].2)
}

/// Measures the floor, or the one that carries.
pub async fn measure_floor(
    args: &Args,
    message: &Template,
    connections: usize,
    who: Who,
) -> Result<Row, Fail> {
    let (dir, made) = site(args)?;
    let receiver = Receiver::start(&files(&made, 1))?;
    configure(dir.path(), ["https://localhost:9/inbox", &receiver.endpoint], args.in_flight)?;
    let carries = who == Who::Carrier;
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("--floor").arg(dir.path()).args(carries.then_some("--carries"));
    let server = Server::start(command)?;
    let sender = files(&made, 0);
    let mut asker = Line::open(&sender, server.port).await?;
    let mark = async || {
        let syncs: u64 = asker.get("/syncs").await?.parse()?;
        Ok((syncs, server.cpu()?, receiver.effects()))
    };
    let window = args.window();
    let began = Instant::now();
    let (seen, before, after) = load::run(&sender, server.port, message, connections, window, mark).await?;
    let backlog = seen.total.saturating_sub(receiver.effects());
    let drained = carries && drain(&receiver, seen.total, window.drain).await;
    let whole = began.elapsed().as_secs_f64();
    receiver.stop().await;
    let seconds = window.measured.as_secs_f64();
    let (syncs, cpu) = (after.0 - before.0, after.1 - before.1);
    let count = seen.latencies.len() as f64;
    Ok(Row {
        who,
        connections,
        acknowledged: count / seconds,
        p50: seen.percentile(0.5),
        p99: seen.percentile(0.99),
        delivered: carries.then(|| (after.2 - before.2) as f64 / seconds),
        drained: drained.then(|| seen.total as f64 / whole),
        backlog: carries.then_some(backlog),
        per_sync: count / syncs.max(1) as f64,
        commands_per_sync: None,
        syncs: syncs as f64 / seconds,
        cpu: cpu.as_secs_f64() * 1e6 / count.max(1.0),
    })
}
