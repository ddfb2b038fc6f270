//! One connection to a receiver: what is sent on it and what comes back.
//!
//! Invariant: the end of a frame leaves only after all before it was handed over, so that an error until then
//! means that no whole message was sent; answers are bounded in size. Deliberately absent: time limits (the
//! attempt has one) and any look into a message.

use super::tls::{self, Phase};
use crate::model::{Code, Fault};
use hl7v2::mllp;
use std::{io, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpStream, lookup_host},
};
use tokio_rustls::client::TlsStream;

/// Longest answer that is read.
const ANSWER: usize = 1 << 20;

/// Why nothing more can be expected of a connection.
#[derive(Debug)]
pub enum Broken {
    /// The receiver's TLS does not want us: said before its application got a byte.
    Tls(String),
    /// It closed, or the network broke.
    Closed,
    /// What came is no frame, or too much.
    Frame,
}

/// A message in its frame, in the two parts in which it leaves.
pub struct Frame {
    begin: Vec<u8>,
    end: Vec<u8>,
}

impl Frame {
    /// Nothing, if the message holds a byte of the framing itself.
    pub fn of(message: &[u8]) -> Option<Frame> {
        let mut begin = mllp::frame(message).ok()?;
        let end = begin.split_off(message.len() + 1);
        Some(Frame { begin, end })
    }
}

/// An open connection.
pub struct Line {
    stream: TlsStream<TcpStream>,
    frames: mllp::Frames,
    /// What was read and is not taken yet.
    read: Vec<u8>,
    /// Has a whole message left on it before?
    served: bool,
}

impl Line {
    /// Connects to `mllps://host:port`.
    pub async fn open(tls: &Arc<tls::ClientConfig>, endpoint: &str) -> Result<Line, Fault> {
        let unreachable = |detail: &str| Fault::of(Code::ReceiverUnreachable, detail);
        let (host, port) = address(endpoint)
            .ok_or_else(|| unreachable("the receiver's address is not mllps://host:port"))?;
        let addresses = lookup_host((host, port)).await;
        let addresses = addresses.map_err(|_| unreachable("the host name does not resolve"))?;
        let mut tcp = None;
        for address in addresses {
            if let Ok(open) = TcpStream::connect(address).await {
                tcp = Some(open);
                break;
            }
        }
        let tcp = tcp.ok_or_else(|| unreachable("the connection was refused or broke"))?;
        // The end of a frame must not wait for the receiver's delayed acknowledgement of the rest.
        let _ = tcp.set_nodelay(true);
        let stream = tls::connect(tls, host, tcp).await.map_err(|error| {
            match tls::failure(&error, Phase::Connecting) {
                Some(detail) => Fault::of(Code::ReceiverTls, detail),
                None => unreachable("the connection was refused or broke"),
            }
        })?;
        Ok(Line { stream, frames: mllp::Frames::new(ANSWER), read: Vec::new(), served: false })
    }

    /// Sends a frame without its end.
    pub async fn begin(&mut self, frame: &Frame) -> Result<(), Broken> {
        self.send(&frame.begin).await.map_err(|error| broken(&error))
    }

    /// Sends the frame's end, and reads the answer.
    pub async fn finish(&mut self, frame: &Frame) -> Result<Vec<u8>, Broken> {
        let served = std::mem::replace(&mut self.served, true);
        // An error may hide the reason: the receiver's alert, which is still to be read.
        let answer = match self.send(&frame.end).await {
            Ok(()) => self.answer().await,
            Err(error) => match self.answer().await {
                Err(Broken::Tls(detail)) => Err(Broken::Tls(detail)),
                _ => Err(broken(&error)),
            },
        };
        match answer {
            // A receiver that has answered here before has accepted our certificate: its application may have this
            // message too.
            Err(Broken::Tls(_)) if served => Err(Broken::Closed),
            answer => answer,
        }
    }

    async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await?;
        self.stream.flush().await
    }

    /// The next message that comes.
    pub async fn answer(&mut self) -> Result<Vec<u8>, Broken> {
        let mut buffer = [0; 4096];
        loop {
            let mut piece = self.read.as_slice();
            let taken = self.frames.take(&mut piece).map_err(|_| Broken::Frame)?;
            self.read = piece.to_vec();
            if let Some(message) = taken {
                return Ok(message);
            }
            match self.stream.read(&mut buffer).await {
                Ok(0) => return Err(Broken::Closed),
                Ok(n) => self.read.extend_from_slice(buffer.get(..n).unwrap_or_default()),
                Err(error) => return Err(broken(&error)),
            }
        }
    }

    /// Waits until anything comes, or the receiver closes; true if something came.
    pub async fn stirs(&mut self) -> bool {
        let mut buffer = [0; 64];
        let left = !self.read.is_empty() || !self.frames.is_between();
        left || matches!(self.stream.read(&mut buffer).await, Ok(n) if n > 0)
    }

    /// Closes in order, if the receiver lets us.
    pub async fn close(mut self) {
        let _ = tokio::time::timeout(Duration::from_secs(1), self.stream.shutdown()).await;
    }
}

fn broken(error: &io::Error) -> Broken {
    tls::failure(error, Phase::Sending).map_or(Broken::Closed, Broken::Tls)
}

/// Host and port of `mllps://host:port`; an IPv6 address stands in brackets.
fn address(endpoint: &str) -> Option<(&str, u16)> {
    let (host, port) = endpoint.strip_prefix("mllps://")?.rsplit_once(':')?;
    let host = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
    Some((host, port.parse().ok()?))
}
