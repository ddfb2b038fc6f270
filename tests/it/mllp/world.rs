//! A receiver that speaks MLLP over TLS and does as it is told.

use hl7v2::{
    ack::{self, AckCode, Head, Reply},
    mllp::{self, Frames},
};
use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

/// What a receiver does with a message that it has read.
#[derive(Clone)]
pub enum Does {
    /// Answers with this code and these conditions.
    Answers(AckCode, &'static [u16]),
    /// Answers as if another message had come.
    AnswersAnother,
    /// Says these bytes.
    Says(&'static [u8]),
    /// Answers this much later.
    Late(Duration),
    /// Answers twice.
    Twice,
    /// Answers and closes.
    OnceOnly,
    ClosesAtOnce,
}

/// A receiver over real TLS.
pub struct Receiver {
    pub address: SocketAddr,
    pub connections: Arc<AtomicUsize>,
    pub messages: Arc<Mutex<Vec<Vec<u8>>>>,
    pub does: Arc<Mutex<Does>>,
}

impl Receiver {
    pub async fn start(config: rustls::ServerConfig, does: Does) -> Receiver {
        Receiver::on(TcpListener::bind("127.0.0.1:0").await.unwrap(), config, does)
    }

    /// On a socket that is bound already.
    pub fn on(listener: TcpListener, config: rustls::ServerConfig, does: Does) -> Receiver {
        let receiver = Receiver {
            address: listener.local_addr().unwrap(),
            connections: Arc::default(),
            messages: Arc::default(),
            does: Arc::new(Mutex::new(does)),
        };
        let (connections, messages) = (receiver.connections.clone(), receiver.messages.clone());
        let (does, acceptor) = (receiver.does.clone(), TlsAcceptor::from(Arc::new(config)));
        tokio::spawn(async move {
            while let Ok((tcp, _)) = listener.accept().await {
                connections.fetch_add(1, Ordering::SeqCst);
                let (acceptor, messages, does) = (acceptor.clone(), messages.clone(), does.clone());
                tokio::spawn(async move {
                    match acceptor.accept(tcp).into_fallible().await {
                        Ok(stream) => serve(stream, &does, &messages).await,
                        // Keeps the socket a while, so that the alert arrives before the reset.
                        Err((_, tcp)) => {
                            tokio::time::sleep(Duration::from_secs(2)).await;
                            drop(tcp);
                        }
                    }
                });
            }
        });
        receiver
    }

    pub fn messages(&self) -> Vec<String> {
        self.messages.lock().unwrap().iter().map(|m| String::from_utf8_lossy(m).into_owned()).collect()
    }

    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub fn now_does(&self, does: Does) {
        *self.does.lock().unwrap() = does;
    }
}

/// An acknowledgement of a message in its frame.
fn answer(message: &[u8], code: AckCode, conditions: &[u16]) -> Vec<u8> {
    let findings: Vec<ack::Finding> = conditions
        .iter()
        .map(|condition| ack::Finding {
            place: None,
            condition: *condition,
            severity: ack::Severity::Error,
            code: "X".into(),
            diagnostic: String::new(),
            text: "a text of the receiver's own".into(),
        })
        .collect();
    let reply = Reply { code, id: "ACK-1", at: "20260101120000+0100", findings: &findings };
    mllp::frame(&ack::write(&Head::read(message, hl7v2::Charset::Ascii), &reply)).unwrap()
}

/// Reads messages, each whole, and does with each what is to be done.
async fn serve(mut stream: TlsStream<TcpStream>, does: &Mutex<Does>, messages: &Mutex<Vec<Vec<u8>>>) {
    let mut frames = Frames::new(16 << 20);
    let mut buffer = [0; 4096];
    loop {
        let n = match stream.read(&mut buffer).await {
            Ok(n) if n > 0 => n,
            _ => return,
        };
        let mut piece = &buffer[..n];
        while let Some(message) = frames.take(&mut piece).unwrap() {
            messages.lock().unwrap().push(message.clone());
            let does = does.lock().unwrap().clone();
            let bytes = match does {
                Does::Answers(code, conditions) => answer(&message, code, conditions),
                Does::AnswersAnother => {
                    answer(b"MSH|^~\\&|A|B|C|D|||ADT^A01|other|P|2.5\r", AckCode::AA, &[])
                }
                Does::Says(bytes) => bytes.to_vec(),
                Does::Late(wait) => {
                    tokio::time::sleep(wait).await;
                    answer(&message, AckCode::AA, &[])
                }
                Does::Twice => answer(&message, AckCode::AA, &[]).repeat(2),
                Does::OnceOnly => answer(&message, AckCode::AA, &[]),
                Does::ClosesAtOnce => return,
            };
            if stream.write_all(&bytes).await.is_err() || stream.flush().await.is_err() {
                return;
            }
            if matches!(does, Does::OnceOnly) {
                let _ = stream.shutdown().await;
                return;
            }
        }
    }
}

/// A sender: frames out, acknowledgements in.
pub struct Caller {
    pub stream: tokio_rustls::client::TlsStream<TcpStream>,
    frames: Frames,
    read: Vec<u8>,
}

impl Caller {
    pub async fn open(address: SocketAddr, config: rustls::ClientConfig) -> Caller {
        let stream = crate::tls::world::connect(address, &Arc::new(config)).await.unwrap();
        Caller { stream, frames: Frames::new(16 << 20), read: Vec::new() }
    }

    pub async fn write(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
        self.stream.flush().await.unwrap();
    }

    /// The next frame as text; `None` when the other side has closed.
    pub async fn answer(&mut self) -> Option<String> {
        let reading = async {
            let mut buffer = [0; 4096];
            loop {
                let mut piece = self.read.as_slice();
                let taken = self.frames.take(&mut piece).unwrap();
                self.read = piece.to_vec();
                if let Some(frame) = taken {
                    return Some(String::from_utf8(frame).unwrap());
                }
                match self.stream.read(&mut buffer).await {
                    Ok(n) if n > 0 => self.read.extend_from_slice(&buffer[..n]),
                    _ => return None,
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(10), reading).await.unwrap()
    }

    pub async fn ask(&mut self, message: &str) -> String {
        self.write(&mllp::frame(message.as_bytes()).unwrap()).await;
        self.answer().await.unwrap()
    }
}

/// MSA of an acknowledgement.
pub fn msa(answer: &str) -> &str {
    answer.split('\r').find(|segment| segment.starts_with("MSA")).unwrap()
}

/// Our codes in the ERR segments of an acknowledgement, in order.
pub fn codes(answer: &str) -> Vec<&str> {
    let errors = answer.split('\r').filter(|segment| segment.starts_with("ERR"));
    errors.map(|segment| segment.split('|').nth(5).unwrap()).collect()
}
