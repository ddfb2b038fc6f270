//! What the courier says of every way a receiver can behave.

use super::world::{Speaks, World, between, month, now, receiver};
use sluss::{
    courier::HttpCourier,
    model::{Code, Delivery, Format, HsaId, Lane, Outcome, Partner, PartyKind},
    pki::{Authority, Issued, Leaf},
    port::Courier,
};
use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

const BODY: &str = r#"{"the":"message"}"#;

/// What a receiver does with a request that it has read.
#[derive(Clone)]
enum Does {
    Answers(String),
    ClosesAtOnce,
    StaysSilent,
    BodyWithoutEnd,
    HeadWithoutEnd,
}

fn status(line: &str) -> Does {
    Does::Answers(format!("HTTP/1.1 {line}\r\nContent-Length: 2\r\n\r\nok"))
}

/// A receiver over real TLS.
struct Receiver {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
    requests: Arc<Mutex<Vec<String>>>,
    /// Serial number of the certificate that was last presented to it.
    callers: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Receiver {
    async fn start(config: rustls::ServerConfig, does: Does) -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let receiver = Receiver {
            address: listener.local_addr().unwrap(),
            connections: Arc::default(),
            requests: Arc::default(),
            callers: Arc::default(),
        };
        let (connections, requests) = (receiver.connections.clone(), receiver.requests.clone());
        let (callers, acceptor) = (receiver.callers.clone(), TlsAcceptor::from(Arc::new(config)));
        tokio::spawn(async move {
            while let Ok((tcp, _)) = listener.accept().await {
                connections.fetch_add(1, Ordering::SeqCst);
                let (acceptor, requests, callers) = (acceptor.clone(), requests.clone(), callers.clone());
                let does = does.clone();
                tokio::spawn(async move {
                    match acceptor.accept(tcp).into_fallible().await {
                        Ok(stream) => {
                            let presented = stream.get_ref().1.peer_certificates().unwrap()[0].to_vec();
                            callers.lock().unwrap().push(presented);
                            serve(stream, does, &requests).await;
                        }
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

    fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

/// Reads requests, each whole, and does with each what is to be done.
async fn serve(mut stream: TlsStream<TcpStream>, does: Does, requests: &Mutex<Vec<String>>) {
    let mut text = String::new();
    let mut buffer = [0; 4096];
    loop {
        while !text.ends_with(BODY) {
            match stream.read(&mut buffer).await {
                Ok(n) if n > 0 => text.push_str(&String::from_utf8_lossy(&buffer[..n])),
                _ => return,
            }
        }
        requests.lock().unwrap().push(std::mem::take(&mut text));
        let (head, endless) = match &does {
            Does::Answers(answer) => (answer.as_str(), ""),
            Does::ClosesAtOnce => return,
            Does::StaysSilent => ("", ""),
            Does::BodyWithoutEnd => {
                ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "4\r\nmore\r\n")
            }
            Does::HeadWithoutEnd => ("HTTP/1.1 200 OK\r\n", "X-More: and more\r\n"),
        };
        if stream.write_all(head.as_bytes()).await.is_err() || stream.flush().await.is_err() {
            return;
        }
        while !endless.is_empty() {
            if stream.write_all(endless.as_bytes()).await.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_micros(100)).await;
        }
    }
}

fn partner(address: SocketAddr, timeout_s: u32) -> Partner {
    Partner {
        hsa_id: HsaId::parse("SE2120009903-SOC1").unwrap(),
        name: "Granviks kommun".to_owned(),
        kind: PartyKind::Municipality,
        format: Format::CaseJson,
        endpoint: format!("https://localhost:{}/inbox", address.port()),
        idempotent: true,
        handles_protected: true,
        timeout_s,
        in_flight: 1,
        receipts: Vec::new(),
        hub: false,
        translate: Default::default(),
        acknowledgement: sluss::model::Acknowledgement::Original,
        reuses_control_ids: false,
    }
}

fn delivery() -> Delivery {
    Delivery {
        id: "delivery-1".to_owned(),
        message: "message-1".to_owned(),
        sender_message: "theirs-1".to_owned(),
        event: "admission-notice".to_owned(),
        lane: Lane { receiver: HsaId::parse("SE2120009903-SOC1").unwrap(), case: "case".to_owned() },
        attempt: 3,
        accepted: now(),
        expires: now(),
        format: Format::CaseJson,
        body: BODY.as_bytes().to_vec(),
        facts: "{}".to_owned(),
    }
}

/// The outcome in a word, with its code and detail.
fn word(outcome: &Outcome) -> (&'static str, Option<Code>, String) {
    match outcome {
        Outcome::Delivered => ("delivered", None, String::new()),
        Outcome::NotSent(f) => ("not sent", Some(f.code()), f.to_string()),
        Outcome::Unknown(f) => ("unknown", Some(f.code()), f.to_string()),
        Outcome::Refused(f) => ("refused", Some(f.code()), f.to_string()),
    }
}

impl World {
    fn courier(&self) -> HttpCourier {
        HttpCourier::load(&self.gateway(), now()).unwrap()
    }

    fn municipality(&self) -> Issued {
        self.ca.issue(&Leaf::new("Granviks kommun", "SE2120009903-SOC1", month())).unwrap()
    }

    /// A receiver as it should be.
    async fn receiver(&self, does: Does) -> Receiver {
        Receiver::start(receiver(&self.ca, &self.municipality(), Speaks::Tls13), does).await
    }
}

async fn outcome(does: Does, timeout_s: u32) -> ((&'static str, Option<Code>, String), usize, Duration) {
    let world = World::new();
    let receiver = world.receiver(does).await;
    let start = Instant::now();
    let outcome = world.courier().deliver(&partner(receiver.address, timeout_s), &delivery()).await;
    (word(&outcome), receiver.requests().len(), start.elapsed())
}

#[tokio::test]
async fn a_delivery_carries_its_ids_and_our_certificate() {
    let world = World::new();
    for speaks in Speaks::BOTH {
        let config = receiver(&world.ca, &world.municipality(), speaks);
        let receiver = Receiver::start(config, status("202 Accepted")).await;
        let outcome = world.courier().deliver(&partner(receiver.address, 5), &delivery()).await;
        assert_eq!(word(&outcome).0, "delivered", "{outcome:?}");
        let request = receiver.requests().pop().unwrap();
        let lines: Vec<&str> = request.split("\r\n").collect();
        assert_eq!(lines[0], "POST /inbox HTTP/1.1");
        for header in [
            "content-type: application/json",
            "x-sluss-delivery: delivery-1",
            "x-sluss-message: message-1",
            "x-sluss-attempt: 3",
        ] {
            assert!(lines.contains(&header), "{header} in {request}");
        }
        assert_eq!(lines.last(), Some(&BODY));
        let presented = receiver.callers.lock().unwrap().pop().unwrap();
        let peer = sluss::listen::peer::read(&presented, sluss::config::HsaFrom::SerialNumber).unwrap();
        assert_eq!(peer.hsa_id.unwrap().as_str(), "SE2321009900-SLUSS");
    }
}

#[tokio::test]
async fn the_status_decides_over_the_wire() {
    for (line, expected, code) in [
        ("200 OK", "delivered", None),
        ("422 Unprocessable", "refused", Some(Code::ReceiverRefused)),
        ("429 Too Many Requests", "not sent", Some(Code::ReceiverBusy)),
        ("503 Service Unavailable", "not sent", Some(Code::ReceiverBusy)),
        ("500 Internal Server Error", "unknown", Some(Code::ReceiverGarbage)),
        ("504 Gateway Timeout", "unknown", Some(Code::ReceiverSlow)),
    ] {
        let ((outcome, found, detail), calls, _) = outcome(status(line), 5).await;
        assert_eq!((outcome, found, calls), (expected, code, 1), "{line}: {detail}");
        if code.is_some() {
            assert!(detail.contains(&line[..3]), "{detail}");
        }
    }
}

#[tokio::test]
async fn answers_that_cannot_be_understood_leave_it_unknown() {
    let garbage = [
        Does::Answers("\0\u{1}not http at all\r\n\r\n".to_owned()),
        Does::Answers("HTTP/1.1 20\r\n\r\n".to_owned()),
        Does::Answers(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n".to_owned(),
        ),
        Does::ClosesAtOnce,
    ];
    for (i, does) in garbage.into_iter().enumerate() {
        let ((outcome, code, detail), calls, _) = outcome(does, 5).await;
        assert_eq!((outcome, code, calls), ("unknown", Some(Code::ReceiverGarbage), 1), "{i}: {detail}");
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let world = World::new();
    let elsewhere = world.receiver(status("200 OK")).await;
    for code in [301, 303, 307, 308] {
        let location = format!("https://localhost:{}/", elsewhere.address.port());
        let answer =
            format!("HTTP/1.1 {code} Elsewhere\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n");
        let ((outcome, found, _), calls, _) = outcome(Does::Answers(answer), 5).await;
        assert_eq!((outcome, found, calls), ("unknown", Some(Code::ReceiverGarbage), 1));
    }
    assert_eq!(elsewhere.connections.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn nothing_a_receiver_does_holds_us_longer_than_its_time() {
    let ((outcome_, code, _), calls, took) = outcome(Does::StaysSilent, 1).await;
    assert_eq!((outcome_, code, calls), ("unknown", Some(Code::ReceiverSlow), 1));
    assert!(took < Duration::from_secs(3), "{took:?}");

    let ((outcome_, code, _), _, took) = outcome(Does::HeadWithoutEnd, 1).await;
    assert_eq!(outcome_, "unknown");
    assert!(matches!(code, Some(Code::ReceiverSlow | Code::ReceiverGarbage)), "{code:?}");
    assert!(took < Duration::from_secs(3), "{took:?}");

    // The status says that it has it; the rest is read up to a bound and dropped.
    let ((outcome_, ..), _, took) = outcome(Does::BodyWithoutEnd, 30).await;
    assert_eq!(outcome_, "delivered");
    assert!(took < Duration::from_secs(3), "{took:?}");
}

#[tokio::test]
async fn what_cannot_be_reached_was_not_sent() {
    let world = World::new();
    let courier = world.courier();
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let refused = partner(closed.local_addr().unwrap(), 4);
    drop(closed);
    let elsewhere = |endpoint: &str| Partner { endpoint: endpoint.to_owned(), ..refused.clone() };
    let plain = elsewhere(&refused.endpoint.replace("https", "http"));
    for partner in [&refused, &plain, &elsewhere("https://no-such-host.invalid/"), &elsewhere("nonsense")] {
        let (outcome, code, detail) = word(&courier.deliver(partner, &delivery()).await);
        assert_eq!((outcome, code), ("not sent", Some(Code::ReceiverUnreachable)), "{detail}");
    }
    // Takes the connection and never shakes hands.
    let mute = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let start = Instant::now();
    let outcome = courier.deliver(&partner(mute.local_addr().unwrap(), 2), &delivery()).await;
    assert_eq!((word(&outcome).0, word(&outcome).1), ("not sent", Some(Code::ReceiverUnreachable)));
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
}

#[tokio::test]
async fn receivers_that_are_not_who_they_should_be_get_nothing() {
    let world = World::new();
    let stranger = Authority::new("Other CA", month()).unwrap();
    let impostor = Authority::new("TEST CA", month()).unwrap();
    let good = Leaf::new("Granviks kommun", "SE2120009903-SOC1", month());
    let other_host = Leaf { alt_names: vec!["other.example".to_owned()], ..good.clone() };
    let no_host = Leaf { alt_names: vec![], common_name: "localhost".to_owned(), ..good.clone() };
    let expired = Leaf { validity: between(-9, -1), ..good.clone() };
    let client_only = Leaf { usage: sluss::pki::Usage::Client, ..good.clone() };
    for (authority, leaf, what) in [
        (&stranger, &good, "not from an authority trusted here"),
        (&impostor, &good, "not from an authority trusted here"),
        (&world.ca, &other_host, "not for the host name"),
        (&world.ca, &no_host, "not for the host name"),
        (&world.ca, &expired, "has expired"),
        (&world.ca, &client_only, "not for servers"),
    ] {
        for speaks in Speaks::BOTH {
            let config = receiver(&world.ca, &authority.issue(leaf).unwrap(), speaks);
            let receiver = Receiver::start(config, status("200 OK")).await;
            let outcome = world.courier().deliver(&partner(receiver.address, 5), &delivery()).await;
            let (outcome, code, detail) = word(&outcome);
            assert_eq!((outcome, code), ("not sent", Some(Code::ReceiverTls)), "{what}: {detail}");
            assert!(detail.contains(what), "{what}: {detail}");
            assert!(receiver.requests().is_empty());
        }
    }
}

#[tokio::test]
async fn a_receiver_that_does_not_accept_our_certificate_got_nothing() {
    let world = World::new();
    let stranger = Authority::new("Other CA", month()).unwrap();
    for speaks in Speaks::BOTH {
        let config = receiver(&stranger, &world.municipality(), speaks);
        let receiver = Receiver::start(config, status("200 OK")).await;
        let outcome = world.courier().deliver(&partner(receiver.address, 5), &delivery()).await;
        let (outcome, code, detail) = word(&outcome);
        assert_eq!((outcome, code), ("not sent", Some(Code::ReceiverTls)), "{detail}");
        assert!(detail.contains("may not accept our certificate"), "{detail}");
    }
}

#[tokio::test]
async fn a_port_without_tls_got_nothing() {
    let world = World::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let plain = tokio::spawn(async move {
        let (mut tcp, _) = listener.accept().await.unwrap();
        let mut read = vec![0; 4096];
        let n = tcp.read(&mut read).await.unwrap();
        tcp.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n").await.unwrap();
        String::from_utf8_lossy(&read[..n]).into_owned()
    });
    let (outcome, code, detail) = word(&world.courier().deliver(&partner(address, 5), &delivery()).await);
    assert_eq!((outcome, code), ("not sent", Some(Code::ReceiverTls)), "{detail}");
    assert!(detail.contains("does not speak TLS"), "{detail}");
    assert!(!plain.await.unwrap().contains("message"));
}

#[tokio::test]
async fn connections_are_used_again_and_left_before_they_go_stale() {
    let world = World::new();
    let receiver = world.receiver(status("200 OK")).await;
    let (courier, partner) = (world.courier(), partner(receiver.address, 5));
    for _ in 0..5 {
        assert_eq!(word(&courier.deliver(&partner, &delivery()).await).0, "delivered");
    }
    assert_eq!(receiver.connections.load(Ordering::SeqCst), 1);
    tokio::time::sleep(Duration::from_millis(4500)).await;
    assert_eq!(word(&courier.deliver(&partner, &delivery()).await).0, "delivered");
    assert_eq!(receiver.connections.load(Ordering::SeqCst), 2);
}
