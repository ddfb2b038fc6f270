//! The accept pipeline: socket → [`Gate`] → HTTP/1.1 → the application, on its own workers.
//!
//! Invariant: the application sees only connections that came through the gate, each with its
//! [`Peer`] as connection data (`req.conn_data::<Peer>()`). Deliberately absent: plain HTTP, HTTP/2,
//! the limit on a body's time (the endpoint that reads it keeps that one), and signals (the
//! application decides when to stop).

use super::tls::{Gate, Gone, Line, TurnedAway};
use crate::model::Peer;
use actix_http::{HttpService, KeepAlive, Protocol, Request, Response, body::MessageBody};
use actix_server::{Server, ServerBuilder, ServerHandle};
use actix_service::{IntoServiceFactory, Service, ServiceFactory, ServiceFactoryExt, fn_service, map_config};
use actix_web::dev::AppConfig;
use std::{
    fmt, io,
    net::{SocketAddr, TcpListener},
    sync::Arc,
    time::Duration,
};
use tokio::net::TcpStream;

/// Who hears of callers that are turned away.
pub type Sink = Arc<dyn Fn(TurnedAway) + Send + Sync>;

/// Limits of the door.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Threads that serve; at least 1, at most 512.
    pub workers: usize,
    /// Time for the whole TLS handshake.
    pub handshake: Duration,
    /// Time for the head of the first request of a connection.
    pub head: Duration,
    /// How long a connection may rest between requests.
    pub keep_alive: Duration,
    /// Connections at once, all workers together; further callers wait in the socket's queue.
    pub connections: usize,
    /// How long requests under way may take to finish when the door stops, whole seconds.
    pub stop: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            workers: std::thread::available_parallelism().map_or(2, usize::from),
            handshake: Duration::from_secs(5),
            head: Duration::from_secs(10),
            keep_alive: Duration::from_secs(30),
            connections: 1024,
            stop: Duration::from_secs(30),
        }
    }
}

/// A door that takes callers as soon as it is [run](Door::run).
#[must_use]
pub struct Door {
    server: Server,
    address: SocketAddr,
}

impl Door {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What stops it from elsewhere.
    pub fn stopper(&self) -> Stopper {
        Stopper(self.server.handle())
    }

    /// Serves until stopped. May be spawned as a task of its own.
    pub async fn run(self) -> io::Result<()> {
        self.server.await
    }
}

/// Stops a [`Door`].
#[derive(Clone)]
pub struct Stopper(ServerHandle);

impl Stopper {
    /// Takes no more callers, closes resting connections, lets requests under way finish within
    /// [`Limits::stop`], and returns when that is done.
    pub async fn stop(&self) {
        self.0.stop(true).await;
    }
}

/// Opens the door on a bound socket for an ordinary `actix_web::App` factory.
pub fn serve<F, I, S, B>(
    listener: TcpListener,
    gate: Arc<Gate>,
    limits: &Limits,
    sink: Sink,
    app: F,
) -> io::Result<Door>
where
    F: Fn() -> I + Send + Clone + 'static,
    I: IntoServiceFactory<S, Request>,
    S: ServiceFactory<Request, Config = AppConfig> + 'static,
    S::Error: Into<actix_web::Error> + 'static,
    S::InitError: fmt::Debug,
    S::Response: Into<Response<B>> + 'static,
    S::Service: 'static,
    <S::Service as Service<Request>>::Future: 'static,
    B: MessageBody + 'static,
{
    let address = listener.local_addr()?;
    let workers = limits.workers.clamp(1, 512);
    let builder = ServerBuilder::new()
        .workers(workers)
        .max_concurrent_connections(limits.connections.div_ceil(workers).max(1))
        .shutdown_timeout(limits.stop.as_secs())
        .disable_signals();
    let stopping = builder.graceful_shutdown_signal();
    let limits = limits.clone();
    let pipeline = move || {
        let (gate, sink, handshake) = (gate.clone(), sink.clone(), limits.handshake);
        let stopping = stopping.clone();
        let http = HttpService::build()
            .keep_alive(KeepAlive::Timeout(limits.keep_alive))
            .client_request_timeout(limits.head)
            .client_disconnect_timeout(Duration::from_secs(1))
            .graceful_shutdown_signal(move || {
                let stopping = stopping.clone();
                async move { stopping.notified().await }
            })
            .local_addr(address)
            .secure()
            .on_connect_ext(|line: &Line, data| {
                data.insert::<Peer>(line.peer().clone());
                data.insert::<Gone>(line.silence());
            })
            .finish(map_config(app().into_factory().map_err(|e| e.into().error_response()), |()| {
                AppConfig::default()
            }))
            .map_err(|e| tracing::debug!("connection ended: {e}"));
        fn_service(move |tcp: TcpStream| {
            let (gate, sink) = (gate.clone(), sink.clone());
            async move {
                let line = gate.admit(tcp, handshake, &*sink).await.ok_or(())?;
                let address = line.address();
                Ok((line, Protocol::Http1, address))
            }
        })
        .and_then(http)
    };
    let server = builder.listen("door", listener, pipeline)?.run();
    Ok(Door { server, address })
}
