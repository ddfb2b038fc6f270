//! The client: keep-alive mutual-TLS connections that send pre-built messages, one after another.
//!
//! Invariant: a connection has one request under way; every message has its own id and case; the
//! latency runs from the first byte written to the last byte of the answer read. Deliberately
//! absent: an HTTP library, whose cost would be taken from the server on the same cores.

use super::Fail;
use sluss::{
    conformance::{er7::Notice, message::Fhir},
    courier::tls,
    pki::TlsFiles,
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

/// The times of one row.
#[derive(Clone, Copy)]
pub struct Window {
    /// Load before the measurement.
    pub warm_up: Duration,
    /// Load that is measured.
    pub measured: Duration,
    /// Time for deliveries after the load.
    pub drain: Duration,
}

const ID: &str = "BENCH-000000000000";
const CASE: &str = "CASE-000000000000";

/// Which door.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// `POST`, answered 202.
    Http,
    /// A frame, answered AA.
    Mllp,
}

/// A message with holes for its id and case.
#[derive(Clone)]
pub struct Template {
    way: Way,
    bytes: Vec<u8>,
    holes: Vec<(usize, usize)>,
}

impl Template {
    /// The admission notice of the examples, compact, sent now.
    pub fn new() -> Result<Template, Fail> {
        let path = "admission-notice/valid-1-four-fields.json";
        let text = Fhir::fresh(path, ID, jiff::Timestamp::now()).case(CASE).0.to_string();
        Template::of(Way::Http, text)
    }

    /// The same notice in HL7 v2.
    pub fn mllp(from: &str, to: &str) -> Result<Template, Fail> {
        let sign = "admission-notice";
        let notice = Notice { from, to, id: ID, case: CASE, modes: "|", sign };
        Template::of(Way::Mllp, notice.text(jiff::Timestamp::now()))
    }

    fn of(way: Way, text: String) -> Result<Template, Fail> {
        let holes: Vec<_> = [ID, CASE]
            .iter()
            .flat_map(|mark| text.match_indices(mark).map(|(at, _)| (at + mark.len() - 12, at + mark.len())))
            .collect();
        if holes.len() < 2 {
            return Err("the example has no place for an id and a case".into());
        }
        Ok(Template { way, bytes: text.into_bytes(), holes })
    }

    /// Bytes of each message.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// A request that can be stamped again and again.
    fn request(&self, port: u16) -> Template {
        let head = match self.way {
            Way::Http => format!(
                "POST /fhir/$process-message HTTP/1.1\r\nhost: localhost:{port}\r\n\
             content-type: application/fhir+json\r\ncontent-length: {}\r\n\r\n",
                self.bytes.len()
            ),
            Way::Mllp => "\u{b}".into(),
        };
        let tail: &[u8] = if self.way == Way::Mllp { b"\x1c\r" } else { b"" };
        let bytes = [head.as_bytes(), &self.bytes, tail].concat();
        let head = head.len();
        Template {
            way: self.way,
            bytes,
            holes: self.holes.iter().map(|(a, b)| (a + head, b + head)).collect(),
        }
    }

    fn stamp(&mut self, number: u64) {
        let digits = format!("{number:012}");
        for (from, to) in &self.holes {
            self.bytes[*from..*to].copy_from_slice(digits.as_bytes());
        }
    }
}

/// A connection.
pub struct Line {
    stream: TlsStream<TcpStream>,
    buffer: Vec<u8>,
}

impl Line {
    /// Connects with a party's certificate.
    pub async fn open(files: &TlsFiles, port: u16) -> Result<Line, Fail> {
        let config = tls::load(files, jiff::Timestamp::now()).map_err(|f| format!("{f:?}"))?;
        let tcp = TcpStream::connect(("127.0.0.1", port)).await?;
        tcp.set_nodelay(true)?;
        let connector = TlsConnector::from(Arc::new(config));
        let stream = connector.connect("localhost".try_into()?, tcp).await?;
        Ok(Line { stream, buffer: vec![0; 16 * 1024] })
    }

    /// Sends a request and reads its answer; status and the length of its head and body.
    async fn exchange(&mut self, request: &[u8], way: Way) -> Result<(u16, usize, usize), Fail> {
        self.stream.write_all(request).await?;
        self.stream.flush().await?;
        let mut have = 0;
        let mut whole = None;
        loop {
            if let Some((status, head, body)) = whole
                && have >= head + body
            {
                return Ok((status, head, body));
            }
            if have == self.buffer.len() {
                self.buffer.resize(have * 2, 0);
            }
            match self.stream.read(&mut self.buffer[have..]).await? {
                0 => return Err("the server closed the connection".into()),
                n => have += n,
            }
            whole = whole.or_else(|| match way {
                Way::Http => head(&self.buffer[..have]),
                Way::Mllp => acknowledgement(&self.buffer[..have]),
            });
        }
    }

    /// Asks for a short text.
    pub async fn get(&mut self, path: &str) -> Result<String, Fail> {
        let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n");
        let (status, head, body) = self.exchange(request.as_bytes(), Way::Http).await?;
        match status {
            200 => Ok(String::from_utf8_lossy(&self.buffer[head..head + body]).into_owned()),
            _ => Err(format!("{path}: status {status}").into()),
        }
    }
}

/// Status, length of the head and length of the body, once the head is there.
fn head(bytes: &[u8]) -> Option<(u16, usize, usize)> {
    let end = bytes.windows(4).position(|w| w == b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(&bytes[..end]).ok()?.to_ascii_lowercase();
    let status = text.split(' ').nth(1)?.parse().ok()?;
    let length = text.lines().find_map(|l| l.strip_prefix("content-length:"))?;
    Some((status, end, length.trim().parse().ok()?))
}

/// A frame as if it were an HTTP answer: 202 if it is an AA.
fn acknowledgement(bytes: &[u8]) -> Option<(u16, usize, usize)> {
    let whole = bytes.ends_with(b"\x1c\r");
    let taken = bytes.windows(8).any(|w| w == b"\rMSA|AA|");
    whole.then_some((if taken { 202 } else { 400 }, 0, bytes.len()))
}

/// What the client saw.
#[derive(Default)]
pub struct Seen {
    /// Microseconds of each acknowledgement within the measured time, sorted.
    pub latencies: Vec<u32>,
    /// Acknowledgements from the first to the last, warm-up included.
    pub total: u64,
}

impl Seen {
    /// The latency that this share of acknowledgements did not exceed, in milliseconds.
    pub fn percentile(&self, share: f64) -> f64 {
        let last = self.latencies.len().saturating_sub(1);
        let place = (last as f64 * share).round() as usize;
        self.latencies.get(place).map_or(f64::NAN, |us| f64::from(*us) / 1000.0)
    }
}

/// Loads the server on so many connections; `mark` is called when the measured time begins and ends.
pub async fn run<T>(
    files: &TlsFiles,
    port: u16,
    message: &Template,
    connections: usize,
    window: Window,
    mut mark: impl AsyncFnMut() -> Result<T, Fail>,
) -> Result<(Seen, T, T), Fail> {
    let mut lines = Vec::new();
    for _ in 0..connections {
        lines.push(Line::open(files, port).await?);
    }
    let numbers = Arc::new(AtomicU64::new(1));
    let began = Instant::now();
    let (from, to) = (began + window.warm_up, began + window.warm_up + window.measured);
    let mut tasks = tokio::task::JoinSet::new();
    for line in lines {
        tasks.spawn(send(line, message.request(port), numbers.clone(), from, to));
    }
    tokio::time::sleep_until(from.into()).await;
    let before = mark().await?;
    tokio::time::sleep_until(to.into()).await;
    let after = mark().await?;
    let mut seen = Seen::default();
    while let Some(ended) = tasks.join_next().await {
        let one = ended??;
        seen.latencies.extend(one.latencies);
        seen.total += one.total;
    }
    seen.latencies.sort_unstable();
    Ok((seen, before, after))
}

async fn send(
    mut line: Line,
    mut request: Template,
    numbers: Arc<AtomicU64>,
    from: Instant,
    to: Instant,
) -> Result<Seen, Fail> {
    let mut seen = Seen::default();
    loop {
        let start = Instant::now();
        if start >= to {
            return Ok(seen);
        }
        request.stamp(numbers.fetch_add(1, Ordering::Relaxed));
        let (status, head, body) = line.exchange(&request.bytes, request.way).await?;
        let end = Instant::now();
        if status != 202 {
            let text = String::from_utf8_lossy(&line.buffer[head..head + body]).into_owned();
            return Err(format!("status {status}: {text}").into());
        }
        seen.total += 1;
        if end >= from && end < to {
            seen.latencies.push(u32::try_from((end - start).as_micros()).unwrap_or(u32::MAX));
        }
    }
}
