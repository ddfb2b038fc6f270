//! The world around the doors: authorities, a running door that tells who called, and TLS callers.
//!
//! Invariant: everything listens on a port of its own on 127.0.0.1 and ends with the test.

use jiff::Timestamp;
use rustls::{
    ClientConfig, RootCertStore, ServerConfig,
    crypto::aws_lc_rs,
    pki_types::ServerName,
    server::WebPkiClientVerifier,
    version::{TLS12, TLS13},
};
use sluss::{
    config::HsaFrom,
    listen::{
        door::{self, Limits, Stopper},
        tls::{Gate, TurnedAway},
    },
    model::Peer,
    pki::{Authority, Issued, Leaf, TlsFiles, Validity},
};
use std::{
    fs, io,
    net::SocketAddr,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinHandle,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

pub const REGION: &str = "SE2321009900-REG1";

pub fn now() -> Timestamp {
    Timestamp::now()
}

pub fn month() -> Validity {
    Validity::days(now(), 30)
}

/// A validity from so many days ago (negative: ahead) to so many days ahead.
pub fn between(from_days: i64, until_days: i64) -> Validity {
    let day = |n: i64| now() + jiff::SignedDuration::from_hours(24 * n);
    Validity { from: day(from_days), until: day(until_days) }
}

/// A test's authority with a folder for its files.
pub struct World {
    pub dir: TempDir,
    pub ca: Authority,
}

impl World {
    pub fn new() -> World {
        let ca = Authority::new("TEST CA", month()).unwrap();
        World { dir: tempfile::tempdir().unwrap(), ca }
    }

    /// The region's certificate.
    pub fn region(&self) -> Issued {
        self.ca.issue(&Leaf::new("Region", REGION, month())).unwrap()
    }

    /// Files of a certificate that trusts `authority`.
    pub fn files(&self, stem: &str, issued: &Issued, authority: &Authority) -> TlsFiles {
        let put = |name: String, text: &str| {
            let path = self.dir.path().join(name);
            fs::write(&path, text).unwrap();
            path
        };
        TlsFiles {
            certificate: put(format!("{stem}.pem"), issued.certificate_pem()),
            key: put(format!("{stem}.key"), &issued.key_pem()),
            ca: put(format!("{stem}-ca.pem"), authority.pem()),
        }
    }

    /// Our own certificate.
    pub fn gateway(&self) -> TlsFiles {
        let issued = self.ca.issue(&Leaf::new("Sluss", "SE2321009900-SLUSS", month())).unwrap();
        self.files("gateway", &issued, &self.ca)
    }

    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    pub fn door(&self) -> Door {
        self.door_with(HsaFrom::SerialNumber, &Limits { workers: 1, ..Limits::default() })
    }

    pub fn door_with(&self, from: HsaFrom, limits: &Limits) -> Door {
        let gate = Gate::load(&self.gateway(), from, now()).unwrap();
        let away = Arc::new(Mutex::new(Vec::new()));
        let record = away.clone();
        let sink = Arc::new(move |t: TurnedAway| record.lock().unwrap().push(t));
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let app = || {
            actix_web::App::new()
                .route("/who", actix_web::web::get().to(who))
                .route("/slow", actix_web::web::get().to(slow))
        };
        let door = door::serve(listener, Arc::new(gate), limits, sink, app).unwrap();
        let (address, stopper) = (door.address(), door.stopper());
        Door { address, stopper, away, task: tokio::spawn(door.run()) }
    }
}

async fn who(request: actix_web::HttpRequest) -> String {
    let peer = request.conn_data::<Peer>().expect("every connection has a peer");
    let id = peer.hsa_id.as_ref().map_or("none", |id| id.as_str());
    format!("{id} {}", peer.serial)
}

async fn slow() -> &'static str {
    tokio::time::sleep(Duration::from_millis(600)).await;
    "done"
}

/// A running door.
pub struct Door {
    pub address: SocketAddr,
    pub stopper: Stopper,
    pub away: Arc<Mutex<Vec<TurnedAway>>>,
    pub task: JoinHandle<io::Result<()>>,
}

impl Drop for Door {
    fn drop(&mut self) {
        let stopper = self.stopper.clone();
        // The runtime of the test may be ending; then the workers end with the process.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move { stopper.stop().await });
        }
    }
}

impl Door {
    /// Waits until `count` callers are on record as turned away.
    pub async fn turned_away(&self, count: usize) -> Vec<TurnedAway> {
        for _ in 0..500 {
            let found = self.away.lock().unwrap().clone();
            if found.len() >= count {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("only {:?} on record", self.away.lock().unwrap());
    }
}

/// Protocol versions a caller or receiver speaks.
#[derive(Clone, Copy)]
pub enum Speaks {
    Tls12,
    Tls13,
}

impl Speaks {
    pub const BOTH: [Speaks; 2] = [Speaks::Tls12, Speaks::Tls13];

    fn versions(self) -> [&'static rustls::SupportedProtocolVersion; 1] {
        match self {
            Speaks::Tls12 => [&TLS12],
            Speaks::Tls13 => [&TLS13],
        }
    }
}

fn roots(trusted: &Authority) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.der().clone()).unwrap();
    roots
}

/// A caller's configuration.
pub fn caller(trusted: &Authority, identity: Option<&Issued>, speaks: Speaks) -> ClientConfig {
    let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(&speaks.versions())
        .unwrap()
        .with_root_certificates(roots(trusted));
    match identity {
        Some(issued) => builder.with_client_auth_cert(issued.chain(), issued.key_der()).unwrap(),
        None => builder.with_no_client_auth(),
    }
}

/// A receiver's configuration: demands a client certificate from `trusted`.
pub fn receiver(trusted: &Authority, identity: &Issued, speaks: Speaks) -> ServerConfig {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier =
        WebPkiClientVerifier::builder_with_provider(roots(trusted).into(), provider.clone()).build().unwrap();
    ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&speaks.versions())
        .unwrap()
        .with_client_cert_verifier(verifier)
        .with_single_cert(identity.chain(), identity.key_der())
        .unwrap()
}

/// Connects; in TLS 1.3 the door may still refuse after this.
pub async fn connect(address: SocketAddr, config: &Arc<ClientConfig>) -> io::Result<TlsStream<TcpStream>> {
    let tcp = TcpStream::connect(address).await?;
    let name = ServerName::try_from("localhost").unwrap();
    TlsConnector::from(config.clone()).connect(name, tcp).await
}

/// One GET on an open connection, read to its end.
pub async fn get(stream: &mut TlsStream<TcpStream>, path: &str) -> io::Result<String> {
    let head = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).await?;
    let mut answer = String::new();
    match stream.read_to_string(&mut answer).await {
        // actix closes TCP without close_notify at times; the answer is complete by its length.
        Err(e) if e.kind() == io::ErrorKind::UnexpectedEof && !answer.is_empty() => Ok(answer),
        Err(e) => Err(e),
        Ok(_) => Ok(answer),
    }
}

/// Connects and asks who we are.
pub async fn ask(address: SocketAddr, config: ClientConfig) -> io::Result<String> {
    let mut stream = connect(address, &Arc::new(config)).await?;
    let answer = get(&mut stream, "/who").await?;
    Ok(answer.rsplit("\r\n").next().unwrap_or_default().to_owned())
}

/// The alert that ended a call, if that is what ended it.
pub fn alert(error: &io::Error) -> Option<rustls::AlertDescription> {
    match error.get_ref()?.downcast_ref::<rustls::Error>()? {
        rustls::Error::AlertReceived(alert) => Some(*alert),
        _ => None,
    }
}

/// The serial number of a certificate as the record writes it.
pub fn serial(issued: &Issued) -> String {
    sluss::listen::peer::read(&issued.chain()[0], HsaFrom::SerialNumber).unwrap().serial
}
