//! The MLLP door: HL7 v2 over TLS with client certificates, frames in, acknowledgements out.
//!
//! Invariant: the gate is the HTTP door's; messages of a connection are answered one after another, in their
//! order, each after it is on record; whoever is turned away, and each frame that is none, is on record by name.
//! Connections at once, of all and of one party, frames and times are bounded. Deliberately absent: any look
//! into a message but for its MSH, which the answer needs, and MLLP's release 2 (commit bytes).

mod budget;
mod call;
mod plain;

use super::{
    door::Sink,
    tls::{self, Gate, TurnedAway},
};
use crate::{config::Mllp, flow::Gateway, model::Code};
use budget::Budget;
use call::Call;
use std::{io, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
    task::JoinHandle,
    time::{Instant, timeout},
};

/// Time for the first byte and the whole TLS handshake.
const HANDSHAKE: Duration = Duration::from_secs(5);

/// How long messages under way may take to be answered when the door stops.
const STOP: Duration = Duration::from_secs(30);

/// How much of what a refused caller still sends is read, so that it can read the answer.
const REST: usize = 16 << 20;

/// A door that takes callers.
pub struct Door {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

/// What the tasks of a door share.
struct Shared {
    gateway: Arc<Gateway>,
    gate: Gate,
    limits: Mllp,
    sink: Sink,
    budget: Arc<Budget>,
    stopping: watch::Receiver<bool>,
}

/// Opens the door on a bound socket. Must be called inside a tokio runtime.
pub fn serve(
    listener: std::net::TcpListener,
    gate: &Gate,
    limits: &Mllp,
    sink: Sink,
    gateway: Arc<Gateway>,
) -> io::Result<Door> {
    listener.set_nonblocking(true)?;
    let listener = TcpListener::from_std(listener)?;
    let address = listener.local_addr()?;
    let (stop, stopping) = watch::channel(false);
    let shared = Arc::new(Shared {
        gateway,
        gate: gate.without_protocols(),
        limits: limits.clone(),
        sink,
        budget: Arc::new(Budget::new(limits.max_connections_per_partner)),
        stopping,
    });
    let task = tokio::spawn(shared.run(listener));
    Ok(Door { address, stop, task })
}

impl Door {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes no more callers, closes resting connections, and lets messages under way be answered.
    pub async fn stop(self) {
        let _ = self.stop.send(true);
        let _ = self.task.await;
    }
}

impl Shared {
    async fn run(self: Arc<Shared>, listener: TcpListener) {
        let most = self.limits.max_connections;
        let room = Arc::new(Semaphore::new(most));
        let mut stopping = self.stopping.clone();
        loop {
            // Further callers wait in the socket's queue.
            let next = async {
                let seat = room.clone().acquire_owned().await;
                (seat, listener.accept().await)
            };
            let (seat, caller) = tokio::select! {
                next = next => next,
                _ = stopping.wait_for(|stop| *stop) => break,
            };
            match caller {
                Ok((tcp, address)) => {
                    let shared = self.clone();
                    tokio::spawn(async move {
                        shared.call(tcp, address).await;
                        drop(seat);
                    });
                }
                Err(error) => {
                    tracing::warn!("a caller cannot be taken: {:?}", error.kind());
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
        }
        drop(listener);
        let all = room.acquire_many(u32::try_from(most).unwrap_or(u32::MAX));
        if timeout(STOP, all).await.is_err() {
            tracing::warn!("MLLP connections are closed with messages under way");
        }
    }

    /// One caller, from the socket to the end.
    async fn call(&self, tcp: TcpStream, address: SocketAddr) {
        let began = Instant::now();
        // The first byte tells what is spoken; a caller that says none runs into the handshake's limit.
        if let Ok(true) = timeout(HANDSHAKE, plain::is(&tcp)).await {
            self.turn_away(Code::PlainText, "an MLLP frame began without TLS", None, address);
            return plain::refuse(tcp, &self.gateway).await;
        }
        let left = HANDSHAKE.saturating_sub(began.elapsed());
        let Some(line) = self.gate.admit(tcp, left, &*self.sink).await else { return };
        let peer = line.peer().clone();
        let party = peer.hsa_id.as_ref().map_or(peer.serial.as_str(), |id| id.as_str());
        match self.budget.seat(party) {
            Some(seat) => {
                Call::new(line, self.gateway.clone(), &self.limits).run(self.stopping.clone()).await;
                drop(seat);
            }
            None => {
                let detail = format!("{party} has {} connections", self.limits.max_connections_per_partner);
                self.turn_away(Code::TooManyConnections, &detail, Some(peer.serial), address);
                tls::part(line, REST).await;
            }
        }
    }

    fn turn_away(&self, code: Code, detail: &str, serial: Option<String>, address: SocketAddr) {
        let detail = detail.to_owned();
        (self.sink)(TurnedAway { code, detail, serial, issuer: None, address: Some(address) });
    }
}
