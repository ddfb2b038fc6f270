//! `sluss.toml`: this gateway itself.

use super::{Config, notify, read::Table, watch};
use crate::model::{Channel, HsaId};
use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

/// Which personal numbers are refused: real ones in test, published test numbers in production.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// Published test numbers only.
    Test,
    /// No published test numbers.
    Production,
}

/// Where in the certificate's subject the HSA-id stands (domain §8).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum HsaFrom {
    /// `serialNumber` (2.5.4.5): SITHS function certificates.
    SerialNumber,
    /// `OU` (2.5.4.11): some older set-ups.
    OrganizationalUnit,
}

/// The listener.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Listen {
    /// Address and port. Default `127.0.0.1:8443`.
    pub address: SocketAddr,
    /// Largest body in bytes. Default 2 MiB.
    pub max_body_bytes: usize,
    /// Longest time for a body to arrive, in seconds. Default 30.
    pub body_timeout_s: u64,
    /// Connections at once. Default 1024.
    pub max_connections: usize,
    /// The MLLP door, if there is one. Default: none.
    pub mllp: Option<Mllp>,
}

impl Listen {
    /// The largest message of a door.
    pub fn most(&self, channel: Channel) -> usize {
        match (channel, &self.mllp) {
            (Channel::Mllp, Some(mllp)) => mllp.max_frame_bytes,
            _ => self.max_body_bytes,
        }
    }
}

/// The MLLP door: HL7 v2 over TLS.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mllp {
    /// Address and port.
    pub address: SocketAddr,
    /// Largest frame in bytes. Default 2 MiB.
    pub max_frame_bytes: usize,
    /// Connections at once. Default 256.
    pub max_connections: usize,
    /// Connections at once of one party. Default 8.
    pub max_connections_per_partner: usize,
    /// How long a connection may rest between messages, in seconds. Default 300.
    pub idle_s: u64,
    /// Longest time for a frame to arrive, and for an answer to be taken, in seconds. Default 30.
    pub frame_s: u64,
}

/// Certificates and trust.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tls {
    /// Our certificate chain, PEM; presented to callers and to receivers.
    pub certificate: PathBuf,
    /// Its private key, PEM.
    pub key: PathBuf,
    /// Authorities that may issue callers' certificates, PEM.
    pub client_ca: PathBuf,
    /// Authorities that may issue receivers' server certificates, PEM. Default: `client_ca`.
    pub server_ca: PathBuf,
    /// Where the HSA-id stands. Default `serialNumber`.
    pub hsa_from: HsaFrom,
}

/// Retry and expiry of deliveries.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Delivery {
    /// Wait before the second attempt, in milliseconds; doubles after each. Default 2000.
    pub retry_first_ms: u64,
    /// Longest wait between attempts, in seconds. Default 900.
    pub retry_max_s: u64,
    /// When an undelivered message is given up, in hours after acceptance. Default 72.
    pub expire_hours: i64,
    /// Deliveries under way at once, over all receivers. Default 64.
    pub concurrency: usize,
}

/// Limits of the ledger.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Store {
    /// New messages are refused when the disk has less free space than this, in MiB. Default 64.
    pub min_free_mib: u64,
    /// Commands that may wait for the writer before callers are told to come back. Default 4096.
    pub queue: usize,
}

/// Reads the file's keys. Paths are relative to the file.
pub fn read(table: &mut Table<'_>, file: &Path) -> Option<Config> {
    let folder = file.parent().unwrap_or(Path::new("."));
    let path = |text: &str| Some(folder.join(text));
    let mode = table.parsed("mode", "\"test\" or \"production\"", |t| match t {
        "test" => Some(Mode::Test),
        "production" => Some(Mode::Production),
        _ => None,
    });
    let hsa_id = table.need("hsa_id", "an HSA-id", HsaId::parse);
    let name = table.need_text("name");
    let state = table.parsed("state", "a path", path).unwrap_or_else(|| folder.join("state"));
    let rules = table.parsed("rules", "a path", path);
    let extra_rules = table.parsed("extra_rules", "a path", path);
    let contract = table.table("rivta", |t| t.parsed("schemas", "a path", path));
    let packages = table.parsed("packages", "a path", path);
    let clock_skew_minutes = table.number("clock_skew_minutes", 60, 1..=10_080);
    let listen = table.table("listen", listen);
    let tls = table.table("tls", |t| tls(t, folder));
    let delivery = table.table("delivery", |t| Delivery {
        retry_first_ms: t.number("retry_first_ms", 2_000, 10..=3_600_000) as u64,
        retry_max_s: t.number("retry_max_s", 900, 1..=86_400) as u64,
        expire_hours: t.number("expire_hours", 72, 1..=2_160),
        concurrency: t.number("concurrency", 64, 1..=1_024) as usize,
    });
    let store = table.table("store", |t| Store {
        min_free_mib: t.number("min_free_mib", 64, 0..=1_048_576) as u64,
        queue: t.number("queue", 4_096, 1..=1_000_000) as usize,
    });
    let watch = table.table("watch", watch::read);
    let notify = table.table("notify", |t| notify::read(t, folder));
    Some(Config {
        mode: mode.unwrap_or(Mode::Test),
        hsa_id: hsa_id?,
        name: name?,
        state,
        rules,
        extra_rules,
        contract,
        packages,
        listen,
        tls: tls?,
        delivery,
        store,
        watch,
        notify,
        clock_skew_minutes,
        partners: Vec::new(),
        agreements: Vec::new(),
    })
}

fn listen(table: &mut Table<'_>) -> Listen {
    let address = table.parsed("address", "an address and port, e.g. \"127.0.0.1:8443\"", |t| t.parse().ok());
    Listen {
        address: address.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 8443))),
        max_body_bytes: table.number("max_body_bytes", 2 << 20, 1_024..=(64 << 20)) as usize,
        body_timeout_s: table.number("body_timeout_s", 30, 1..=600) as u64,
        max_connections: table.number("max_connections", 1_024, 1..=100_000) as usize,
        mllp: if table.has("mllp") { table.table("mllp", mllp) } else { None },
    }
}

fn mllp(table: &mut Table<'_>) -> Option<Mllp> {
    let address = table.need("address", "an address and port, e.g. \"0.0.0.0:2575\"", |t| t.parse().ok());
    let max_frame_bytes = table.number("max_frame_bytes", 2 << 20, 1_024..=(64 << 20)) as usize;
    let max_connections = table.number("max_connections", 256, 1..=100_000) as usize;
    let max_connections_per_partner = table.number("max_connections_per_partner", 8, 1..=10_000) as usize;
    let idle_s = table.number("idle_s", 300, 1..=86_400) as u64;
    let frame_s = table.number("frame_s", 30, 1..=600) as u64;
    Some(Mllp {
        address: address?,
        max_frame_bytes,
        max_connections,
        max_connections_per_partner,
        idle_s,
        frame_s,
    })
}

fn tls(table: &mut Table<'_>, folder: &Path) -> Option<Tls> {
    let path = |text: &str| Some(folder.join(text));
    let certificate = table.need("certificate", "a path to a PEM file", path);
    let key = table.need("key", "a path to a PEM file", path);
    let client_ca = table.need("client_ca", "a path to a PEM file", path);
    let server_ca = table.parsed("server_ca", "a path to a PEM file", path);
    let hsa_from = table.parsed("hsa_from", "\"serialNumber\" or \"OU\"", |t| match t {
        "serialNumber" => Some(HsaFrom::SerialNumber),
        "OU" => Some(HsaFrom::OrganizationalUnit),
        _ => None,
    });
    let client_ca = client_ca?;
    Some(Tls {
        certificate: certificate?,
        key: key?,
        server_ca: server_ca.unwrap_or_else(|| client_ca.clone()),
        client_ca,
        hsa_from: hsa_from.unwrap_or(HsaFrom::SerialNumber),
    })
}
