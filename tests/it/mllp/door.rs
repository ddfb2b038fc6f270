//! What the door says to every way a sender can behave, on the wire and on record.

use super::world::{Caller, codes, msa};
use crate::{
    tls::world::{Speaks, between, caller, month},
    world::{REGION, STRANGER, Setup, World},
};
use hl7v2::mllp;
use sluss::pki::{Authority, Leaf};
use std::time::{Duration, Instant};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

const LISTEN: &str = "[listen.mllp]\naddress = \"127.0.0.1:0\"\nmax_frame_bytes = 100000\n\
    max_connections_per_partner = 3\nidle_s = 5\nframe_s = 1";

async fn world() -> World {
    World::with(Setup { listen: LISTEN, ..Setup::default() }).await
}

fn leaf(id: &str) -> Leaf {
    Leaf::new("Region", id, month())
}

async fn as_party(world: &World, id: &str) -> Caller {
    let issued = world.authority().issue(&leaf(id)).unwrap();
    let config = caller(&world.authority(), Some(&issued), Speaks::Tls13);
    Caller::open(world.gateway().mllp.unwrap(), config).await
}

async fn region(world: &World) -> Caller {
    as_party(world, REGION).await
}

/// A message that is read and is none of ours.
fn message(id: &str) -> String {
    format!("MSH|^~\\&|EHR|REG|SLUSS|SLUSS|20260101120000+0100||ADT^Z99|{id}|P|2.5.1\rPID|1||1\r")
}

async fn on_record(world: &World, kind: &str, code: &str) -> String {
    for _ in 0..100 {
        let found = world.refusals().await;
        if let Some(row) = found.iter().find(|e| e.kind == kind && e.code.as_deref() == Some(code)) {
            return row.detail.clone();
        }
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
    panic!("{code} is not on record: {:#?}", world.refusals().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_way_to_be_turned_away_is_in_the_ledger_by_name() {
    let world = world().await;
    let ca = world.authority();
    let wrong = Authority::new("TEST other CA", month()).unwrap();
    let expired = ca.issue(&Leaf { validity: between(-30, -1), ..leaf(REGION) }).unwrap();
    let foreign = wrong.issue(&leaf(REGION)).unwrap();
    let address = world.gateway().mllp.unwrap();
    // Takes the connection and never says a byte.
    let _mute = TcpStream::connect(address).await.unwrap();
    for (code, identity) in
        [("SLUSS-TLS-001", None), ("SLUSS-TLS-002", Some(&foreign)), ("SLUSS-TLS-003", Some(&expired))]
    {
        for speaks in Speaks::BOTH {
            let config = std::sync::Arc::new(caller(&ca, identity, speaks));
            if let Ok(mut stream) = crate::tls::world::connect(address, &config).await {
                // TLS 1.3: the refusal comes when the caller believes the handshake over.
                let _ = stream.write_all(&mllp::frame(message("m").as_bytes()).unwrap()).await;
                assert!(stream.read(&mut [0; 100]).await.is_err(), "{code}");
            }
        }
        on_record(&world, "turned-away", code).await;
    }
    let mut other = TcpStream::connect(address).await.unwrap();
    other.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    for reason in ["does not speak TLS", "the handshake was not complete"] {
        for attempt in 0.. {
            let found = world.refusals().await;
            let is_it = |e: &sluss::ledger::EventRow| {
                e.code.as_deref() == Some("SLUSS-TLS-005") && e.detail.contains(reason)
            };
            if found.iter().any(is_it) {
                break;
            }
            assert!(attempt < 300, "{reason} is not on record: {found:#?}");
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_without_tls_is_told_no_in_its_own_protocol() {
    let world = world().await;
    let mut plain = TcpStream::connect(world.gateway().mllp.unwrap()).await.unwrap();
    let long = format!("{}NTE|1||{}\r", message("plain-1"), "x".repeat(50_000));
    for text in [message("plain-1"), long] {
        plain.write_all(&mllp::frame(text.as_bytes()).unwrap()).await.unwrap();
        let mut answer = String::new();
        plain.read_to_string(&mut answer).await.unwrap();
        assert_eq!((msa(&answer), codes(&answer)), ("MSA|AR|plain-1", vec!["SLUSS-TLS-006"]), "{answer}");
        plain = TcpStream::connect(world.gateway().mllp.unwrap()).await.unwrap();
    }
    let detail = on_record(&world, "turned-away", "SLUSS-TLS-006").await;
    assert!(detail.contains("127.0.0.1") && !detail.contains("plain-1"), "{detail}");
    // One that begins and stops gets its answer after a short while.
    plain.write_all(b"\x0bMSH|^~\\&|A").await.unwrap();
    let mut answer = String::new();
    plain.read_to_string(&mut answer).await.unwrap();
    assert_eq!(msa(&answer), "MSA|AR");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_no_party_is_told_so_with_a_reject() {
    let world = world().await;
    let mut stranger = as_party(&world, STRANGER).await;
    let answer = stranger.ask(&message("m-1")).await;
    assert_eq!((msa(&answer), codes(&answer)), ("MSA|AR|m-1", vec!["SLUSS-IDN-002"]));
    let nameless = world.authority().issue(&Leaf { subject_serial: None, ..leaf(REGION) }).unwrap();
    let config = caller(&world.authority(), Some(&nameless), Speaks::Tls12);
    let mut nameless = Caller::open(world.gateway().mllp.unwrap(), config).await;
    let answer = nameless.ask(&message("m-2")).await;
    assert_eq!((msa(&answer), codes(&answer)), ("MSA|AR|m-2", vec!["SLUSS-IDN-001"]));
    let detail = on_record(&world, "refused", "SLUSS-IDN-002").await;
    assert!(detail.contains("\"m-1\""), "the id that could be read is on record: {detail}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_frame_is_answered_recorded_and_ends_the_connection() {
    let world = world().await;
    let head = "MSH|^~\\&|A|B|C|D|20260101||ADT^A01|m-1|P|2.5.1\r";
    let large = format!("\u{b}{head}NTE|1||{}\r\u{1c}\r", "x".repeat(200_000));
    for (bytes, answered, code) in [
        ("MSH|^~\\&|A\r".to_owned(), "MSA|AE", "SLUSS-MLP-001"),
        (format!("\u{b}{head}\u{b}{head}\u{1c}\r"), "MSA|AE|m-1", "SLUSS-MLP-002"),
        (format!("\u{b}{head}\u{1c}NTE|1\r\u{1c}\r"), "MSA|AE|m-1", "SLUSS-MLP-002"),
        (large, "MSA|AE|m-1", "SLUSS-IN-001"),
    ] {
        let mut caller = region(&world).await;
        let _ = caller.stream.write_all(bytes.as_bytes()).await;
        let _ = caller.stream.flush().await;
        let answer = caller.answer().await.unwrap();
        assert_eq!((msa(&answer), codes(&answer)), (answered, vec![code]), "{answer}");
        assert!(caller.answer().await.is_none(), "the connection is over");
        let detail = on_record(&world, "refused", code).await;
        assert!(detail.contains("hl7v2-mllp"), "{detail}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frame_that_does_not_end_is_given_up_however_slowly_it_comes() {
    let world = world().await;
    let head = "\u{b}MSH|^~\\&|A|B|C|D|20260101||ADT^A01|slow-1|P|2.5.1\r";
    // One that stops.
    let mut stops = region(&world).await;
    stops.write(head.as_bytes()).await;
    let began = Instant::now();
    let answer = stops.answer().await.unwrap();
    assert_eq!((msa(&answer), codes(&answer)), ("MSA|AE|slow-1", vec!["SLUSS-MLP-003"]));
    assert!(answer.contains("|207^") && began.elapsed() < Duration::from_secs(3), "{answer}");
    // One that sends a byte now and then, and never rests long.
    let slow = region(&world).await;
    let (mut reading, mut writing) = tokio::io::split(slow.stream);
    let drip = tokio::spawn(async move {
        for byte in head.bytes().chain("NTE|1||and so on ".bytes().cycle()) {
            if writing.write_all(&[byte]).await.is_err() || writing.flush().await.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    });
    let began = Instant::now();
    let mut answer = String::new();
    let _ = reading.read_to_string(&mut answer).await;
    assert_eq!(codes(&answer), ["SLUSS-MLP-003"]);
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
    drip.abort();
    // One that closes in the middle.
    let mut closes = region(&world).await;
    closes.write(head.as_bytes()).await;
    closes.stream.shutdown().await.unwrap();
    for _ in 0..100 {
        let all = world.refusals().await;
        if all.iter().filter(|e| e.code.as_deref() == Some("SLUSS-MLP-003")).count() == 3 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
    panic!("the half frame is not on record: {:#?}", world.refusals().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_rests_too_long_is_closed_without_a_word() {
    let world = world().await;
    let mut idle = region(&world).await;
    let began = Instant::now();
    assert!(idle.answer().await.is_none());
    let took = began.elapsed();
    assert!(took > Duration::from_millis(4900) && took < Duration::from_secs(9), "{took:?}");
    assert!(world.refusals().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_party_has_its_connections_and_no_more_and_others_have_theirs() {
    let world = world().await;
    let mut open = Vec::new();
    for _ in 0..3 {
        let mut one = region(&world).await;
        one.ask(&message("m-1")).await;
        open.push(one);
    }
    let mut extra = region(&world).await;
    assert!(extra.answer().await.is_none());
    let detail = on_record(&world, "turned-away", "SLUSS-MLP-004").await;
    assert!(detail.contains(REGION), "{detail}");
    let mut other = as_party(&world, crate::world::GRANVIK).await;
    other.ask(&message("m-2")).await;
    open.pop().unwrap().stream.shutdown().await.unwrap();
    for _ in 0..100 {
        let mut again = region(&world).await;
        again.stream.write_all(&mllp::frame(message("m-3").as_bytes()).unwrap()).await.unwrap();
        if again.answer().await.is_some() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("a connection that was closed is not given back");
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_in_one_piece_and_in_small_pieces_are_answered_in_order() {
    let world = world().await;
    let mut caller = region(&world).await;
    let many: Vec<u8> =
        (0..20).flat_map(|n| mllp::frame(message(&format!("p-{n}")).as_bytes()).unwrap()).collect();
    caller.write(&many).await;
    for n in 0..20 {
        assert!(msa(&caller.answer().await.unwrap()).ends_with(&format!("|p-{n}")));
    }
    for piece in mllp::frame(message("small").as_bytes()).unwrap().chunks(7) {
        caller.write(piece).await;
    }
    assert!(msa(&caller.answer().await.unwrap()).ends_with("|small"));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_message_of_a_batch_is_answered_and_a_batch_that_is_not_whole_is_refused() {
    let world = world().await;
    let mut caller = region(&world).await;
    let (one, two) = (message("b-1"), message("b-2"));
    let batch = |end: &str| format!("FHS|^~\\&|A\rBHS|^~\\&|A\r{one}{two}{end}");
    caller.write(&mllp::frame(batch("BTS|2\rFTS|1\r").as_bytes()).unwrap()).await;
    for id in ["b-1", "b-2"] {
        assert!(msa(&caller.answer().await.unwrap()).ends_with(id));
    }
    for end in ["", "BTS|3\rFTS|1\r", "BTS|2\r"] {
        let answer = caller.ask(&batch(end)).await;
        assert_eq!((msa(&answer), codes(&answer)), ("MSA|AE", vec!["SLUSS-MLP-007"]), "{end}");
    }
    // The connection goes on: the frames were whole.
    assert!(msa(&caller.ask(&one).await).ends_with("b-1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_door_stops_without_leaving_anyone_in_the_middle() {
    let mut world = world().await;
    let mut caller = region(&world).await;
    caller.ask(&message("m-1")).await;
    let address = world.gateway().mllp.unwrap();
    world.stop().await;
    assert!(caller.answer().await.is_none());
    assert!(TcpStream::connect(address).await.is_err());
}
