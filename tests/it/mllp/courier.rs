//! What the courier says of every way a receiver can behave.

use super::world::{Does, Receiver};
use crate::tls::world::{Speaks, World, between, month, now, receiver};
use hl7v2::ack::AckCode;
use sluss::{
    courier::{MllpCourier, Unasked},
    model::{Acknowledgement, Code, Delivery, Format, HsaId, Lane, Outcome, Partner, PartyKind},
    pki::{Authority, Issued, Leaf},
    port::Courier,
};
use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};
use tokio::net::TcpListener;

const MESSAGE: &str = "MSH|^~\\&|SLUSS|SLUSS|KOM|KOM|20260101120000+0100||REF^I12|M-1|P|2.5.1|||ER|SU|SWE|UNICODE UTF-8\rPID|1||1\r";

fn partner(address: SocketAddr, timeout_s: u32) -> Partner {
    Partner {
        hsa_id: HsaId::parse("SE2321009900-REG1").unwrap(),
        name: "Region Almlund".to_owned(),
        kind: PartyKind::Region,
        format: Format::FhirJson,
        endpoint: format!("mllps://localhost:{}", address.port()),
        idempotent: true,
        handles_protected: true,
        timeout_s,
        in_flight: 2,
        receipts: Vec::new(),
        acknowledgement: Acknowledgement::Original,
        reuses_control_ids: false,
        hub: false,
        translate: Default::default(),
    }
}

fn delivery_of(body: Vec<u8>) -> Delivery {
    Delivery {
        id: "delivery-1".to_owned(),
        message: "message-1".to_owned(),
        sender_message: "theirs-1".to_owned(),
        event: "health-exam-request".to_owned(),
        lane: Lane { receiver: HsaId::parse("SE2321009900-REG1").unwrap(), case: "case".to_owned() },
        attempt: 1,
        accepted: now(),
        expires: now(),
        format: Format::FhirJson,
        body,
        facts: "{}".to_owned(),
    }
}

fn delivery() -> Delivery {
    delivery_of(MESSAGE.as_bytes().to_vec())
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

/// A courier, and what it tells of what came unasked.
struct Ours {
    courier: MllpCourier,
    told: Arc<Mutex<Vec<Unasked>>>,
}

impl Ours {
    fn of(world: &World) -> Ours {
        let told: Arc<Mutex<Vec<Unasked>>> = Arc::default();
        let heard = told.clone();
        let sink = Arc::new(move |unasked| heard.lock().unwrap().push(unasked));
        Ours { courier: MllpCourier::load(&world.gateway(), now(), sink).unwrap(), told }
    }

    async fn deliver(&self, partner: &Partner) -> (&'static str, Option<Code>, String) {
        word(&self.courier.deliver(partner, &delivery()).await)
    }

    /// What came unasked, when something has.
    async fn unasked(&self) -> Vec<Unasked> {
        for _ in 0..400 {
            let told = self.told.lock().unwrap().clone();
            if !told.is_empty() {
                return told;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("nothing was told");
    }
}

fn region(world: &World) -> Issued {
    world.ca.issue(&Leaf::new("Region Almlund", "SE2321009900-REG1", month())).unwrap()
}

/// A receiver as it should be.
async fn good(world: &World, does: Does) -> Receiver {
    Receiver::start(receiver(&world.ca, &region(world), Speaks::Tls13), does).await
}

#[tokio::test]
async fn the_acknowledgement_decides_and_the_message_arrives_as_it_was_stored() {
    let world = World::new();
    for (code, conditions, expected, fault) in [
        (AckCode::AA, &[][..], "delivered", None),
        (AckCode::CA, &[], "delivered", None),
        (AckCode::AE, &[101], "refused", Some(Code::ReceiverRefused)),
        (AckCode::AE, &[], "refused", Some(Code::ReceiverRefused)),
        (AckCode::AR, &[200], "refused", Some(Code::ReceiverRefused)),
        (AckCode::CR, &[], "refused", Some(Code::ReceiverRefused)),
        (AckCode::AE, &[207], "not sent", Some(Code::ReceiverBusy)),
        (AckCode::CE, &[206, 207], "not sent", Some(Code::ReceiverBusy)),
        (AckCode::AE, &[207, 103], "refused", Some(Code::ReceiverRefused)),
    ] {
        let (ours, receiver) = (Ours::of(&world), good(&world, Does::Answers(code, conditions)).await);
        let (outcome, found, detail) = ours.deliver(&partner(receiver.address, 5)).await;
        assert_eq!((outcome, found), (expected, fault), "{code:?} {conditions:?}: {detail}");
        assert!(!detail.contains("own text"), "{detail}");
        assert_eq!(receiver.messages(), [MESSAGE.replace("|ER|SU|", "|||")]);
    }
}

#[tokio::test]
async fn enhanced_mode_asks_for_the_door_s_answer_alone() {
    let world = World::new();
    for speaks in Speaks::BOTH {
        let config = receiver(&world.ca, &region(&world), speaks);
        let (ours, receiver) =
            (Ours::of(&world), Receiver::start(config, Does::Answers(AckCode::CA, &[])).await);
        let asked = Partner { acknowledgement: Acknowledgement::Enhanced, ..partner(receiver.address, 5) };
        assert_eq!(ours.deliver(&asked).await.0, "delivered");
        assert_eq!(receiver.messages(), [MESSAGE.replace("|ER|SU|", "|AL|NE|")]);
    }
}

#[tokio::test]
async fn answers_that_are_not_to_our_message_leave_it_unknown_and_close_the_connection() {
    let world = World::new();
    for (does, code) in [
        (Does::AnswersAnother, Code::ForeignAnswer),
        (Does::Says(b"\x0bMSH|^~\\&|A|B|C|D|||ACK|1|P|2.5\rMSA|AA|\r\x1c\r"), Code::ForeignAnswer),
        (Does::Says(b"\x0bMSH|^~\\&|A|B|C|D|||ADT^A01|1|P|2.5\r\x1c\r"), Code::ReceiverGarbage),
        (Does::Says(b"MSH|^~\\&|A|B|C|D|||ACK|1|P|2.5\rMSA|AA|M-1\r"), Code::ReceiverGarbage),
        (Does::Says(b"HTTP/1.1 200 OK\r\n\r\n"), Code::ReceiverGarbage),
        (Does::ClosesAtOnce, Code::ReceiverGarbage),
    ] {
        let (ours, receiver) = (Ours::of(&world), good(&world, does).await);
        let partner = partner(receiver.address, 5);
        for attempt in 1..=2 {
            let (outcome, found, detail) = ours.deliver(&partner).await;
            assert_eq!((outcome, found), ("unknown", Some(code)), "{detail}");
            assert_eq!(receiver.connections(), attempt, "no such connection is used again");
        }
    }
}

#[tokio::test]
async fn a_late_answer_is_told_and_its_connection_closed() {
    let world = World::new();
    let (ours, receiver) = (Ours::of(&world), good(&world, Does::Late(Duration::from_millis(1600))).await);
    let partner = partner(receiver.address, 1);
    let start = Instant::now();
    let (outcome, code, _) = ours.deliver(&partner).await;
    assert_eq!((outcome, code), ("unknown", Some(Code::ReceiverSlow)));
    assert!(start.elapsed() < Duration::from_millis(1500), "{:?}", start.elapsed());
    let told = ours.unasked().await;
    assert_eq!((told.len(), told[0].code), (1, Code::LateAnswer));
    assert_eq!(told[0].acknowledgement, Some("AA"));
    assert_eq!((told[0].message.as_str(), told[0].delivery.as_str()), ("message-1", "delivery-1"));
    receiver.now_does(Does::Answers(AckCode::AA, &[]));
    assert_eq!(ours.deliver(&partner).await.0, "delivered");
    assert_eq!(receiver.connections(), 2);
}

#[tokio::test]
async fn what_comes_unasked_on_a_resting_connection_is_told_and_the_connection_closed() {
    let world = World::new();
    let (ours, receiver) = (Ours::of(&world), good(&world, Does::Twice).await);
    let partner = partner(receiver.address, 5);
    assert_eq!(ours.deliver(&partner).await.0, "delivered");
    let told = ours.unasked().await;
    assert_eq!((told.len(), told[0].code), (1, Code::ForeignAnswer));
    receiver.now_does(Does::Answers(AckCode::AA, &[]));
    assert_eq!(ours.deliver(&partner).await.0, "delivered");
    assert_eq!(receiver.connections(), 2);
}

#[tokio::test]
async fn connections_are_used_again_and_replaced_when_the_receiver_closes_them() {
    let world = World::new();
    let (ours, receiver) = (Ours::of(&world), good(&world, Does::Answers(AckCode::AA, &[])).await);
    let partner = partner(receiver.address, 5);
    for _ in 0..5 {
        assert_eq!(ours.deliver(&partner).await.0, "delivered");
    }
    assert_eq!(receiver.connections(), 1);
    receiver.now_does(Does::OnceOnly);
    for _ in 0..3 {
        assert_eq!(ours.deliver(&partner).await.0, "delivered");
        // The close must have arrived, or it is the race that no sender can win.
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(receiver.connections(), 3);
    assert!(ours.told.lock().unwrap().is_empty());
}

#[tokio::test]
async fn deliveries_under_way_together_have_a_connection_each() {
    let world = World::new();
    let (ours, receiver) = (Ours::of(&world), good(&world, Does::Late(Duration::from_millis(200))).await);
    let partner = partner(receiver.address, 5);
    let (a, b) = tokio::join!(ours.deliver(&partner), ours.deliver(&partner));
    assert_eq!((a.0, b.0), ("delivered", "delivered"));
    assert_eq!(receiver.connections(), 2);
}

#[tokio::test]
async fn what_cannot_be_reached_or_sent_was_not_sent() {
    let world = World::new();
    let ours = Ours::of(&world);
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let refused = partner(closed.local_addr().unwrap(), 4);
    drop(closed);
    let elsewhere = |endpoint: &str| Partner { endpoint: endpoint.to_owned(), ..refused.clone() };
    for partner in [&refused, &elsewhere("mllps://no-such-host.invalid:2575"), &elsewhere("mllps://nonsense")]
    {
        let (outcome, code, detail) = ours.deliver(partner).await;
        assert_eq!((outcome, code), ("not sent", Some(Code::ReceiverUnreachable)), "{detail}");
    }
    // Takes the connection and never shakes hands.
    let mute = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (outcome, code, _) = ours.deliver(&partner(mute.local_addr().unwrap(), 2)).await;
    assert_eq!((outcome, code), ("not sent", Some(Code::ReceiverUnreachable)));
    // A body that is no message, or has none of what ties an answer to it.
    for body in ["{}", "MSH|^~\\&|A|B|C|D|||ADT^A01||P|2.5\r"] {
        let outcome = ours.courier.deliver(&refused, &delivery_of(body.into())).await;
        assert_eq!((word(&outcome).0, word(&outcome).1), ("not sent", Some(Code::Internal)));
    }
}

#[tokio::test]
async fn a_message_that_was_not_whole_when_the_connection_broke_was_not_sent() {
    let world = World::new();
    let ours = Ours::of(&world);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let config = Arc::new(receiver(&world.ca, &region(&world), Speaks::Tls13));
    tokio::spawn(async move {
        // Shakes hands, reads a little and is gone with the rest unread: a reset.
        let (tcp, _) = listener.accept().await.unwrap();
        let mut stream = tokio_rustls::TlsAcceptor::from(config).accept(tcp).await.unwrap();
        let mut some = [0; 100];
        tokio::io::AsyncReadExt::read_exact(&mut stream, &mut some).await.unwrap();
    });
    let long = format!("{MESSAGE}NTE|1||{}\r", "x".repeat(7 << 20));
    let outcome = ours.courier.deliver(&partner(address, 5), &delivery_of(long.into_bytes())).await;
    let (outcome, code, detail) = word(&outcome);
    assert_eq!((outcome, code), ("not sent", Some(Code::ReceiverUnreachable)), "{detail}");
}

#[tokio::test]
async fn receivers_that_are_not_who_they_should_be_get_nothing() {
    let world = World::new();
    let stranger = Authority::new("Other CA", month()).unwrap();
    let good = Leaf::new("Region Almlund", "SE2321009900-REG1", month());
    let other_host = Leaf { alt_names: vec!["other.example".to_owned()], ..good.clone() };
    let expired = Leaf { validity: between(-9, -1), ..good.clone() };
    for (authority, leaf, what) in [
        (&stranger, &good, "not from an authority trusted here"),
        (&world.ca, &other_host, "not for the host name"),
        (&world.ca, &expired, "has expired"),
    ] {
        for speaks in Speaks::BOTH {
            let config = receiver(&world.ca, &authority.issue(leaf).unwrap(), speaks);
            let receiver = Receiver::start(config, Does::Answers(AckCode::AA, &[])).await;
            let (outcome, code, detail) = Ours::of(&world).deliver(&partner(receiver.address, 5)).await;
            assert_eq!((outcome, code), ("not sent", Some(Code::ReceiverTls)), "{what}: {detail}");
            assert!(detail.contains(what), "{what}: {detail}");
            assert!(receiver.messages().is_empty());
        }
    }
    // One that does not accept our certificate: in TLS 1.3 it says so after we have sent.
    for speaks in Speaks::BOTH {
        let config = receiver(&stranger, &region(&world), speaks);
        let receiver = Receiver::start(config, Does::Answers(AckCode::AA, &[])).await;
        let (outcome, code, detail) = Ours::of(&world).deliver(&partner(receiver.address, 5)).await;
        assert_eq!((outcome, code), ("not sent", Some(Code::ReceiverTls)), "{detail}");
        assert!(detail.contains("may not accept our certificate"), "{detail}");
    }
}
