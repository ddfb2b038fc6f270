//! Who comes through the inbound door, and the named reason for everyone who does not.

use super::world::{REGION, Speaks, World, alert, ask, between, caller, connect, get, month, now, serial};
use rustls::{AlertDescription, HandshakeKind};
use sluss::{
    config::HsaFrom,
    listen::{door::Limits, tls::Gate},
    model::Code,
    pki::{Authority, Leaf, TlsFiles, Usage},
};
use std::{
    collections::BTreeSet,
    fs,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

#[tokio::test]
async fn a_caller_with_a_certificate_is_known_by_it() {
    let world = World::new();
    let (door, region) = (world.door(), world.region());
    for speaks in Speaks::BOTH {
        let answer = ask(door.address, caller(&world.ca, Some(&region), speaks)).await.unwrap();
        assert_eq!(answer, format!("{REGION} {}", serial(&region)));
    }
    assert!(door.away.lock().unwrap().is_empty());
}

#[tokio::test]
async fn no_certificate_no_entry() {
    let world = World::new();
    let door = world.door();
    for speaks in Speaks::BOTH {
        let error = ask(door.address, caller(&world.ca, None, speaks)).await.unwrap_err();
        assert!(alert(&error).is_some(), "the caller is told: {error}");
    }
    for away in door.turned_away(2).await {
        assert_eq!((away.code, away.serial, away.issuer), (Code::NoCertificate, None, None));
        assert!(away.address.unwrap().ip().is_loopback());
    }
}

#[tokio::test]
async fn a_refused_caller_with_much_to_say_still_reads_why() {
    let world = World::new();
    let door = world.door();
    for _ in 0..10 {
        let mut stream =
            connect(door.address, &Arc::new(caller(&world.ca, None, Speaks::Tls13))).await.unwrap();
        // In TLS 1.3 the caller may send before it hears of the refusal; bytes left unread would make
        // the closing a reset, and a reset may overtake the alert.
        stream.write_all(&[b'x'; 32 * 1024]).await.unwrap();
        let error = stream.read_to_end(&mut Vec::new()).await.unwrap_err();
        assert_eq!(alert(&error), Some(AlertDescription::CertificateRequired), "{error}");
    }
    door.turned_away(10).await;
}

#[tokio::test]
async fn every_bad_certificate_has_its_reason() {
    use AlertDescription as A;
    let world = World::new();
    let door = world.door();
    let stranger = Authority::new("Other CA", month()).unwrap();
    let impostor = Authority::new("TEST CA", month()).unwrap();
    let good = Leaf::new("Region", REGION, month());
    let expired = Leaf { validity: between(-9, -1), ..good.clone() };
    let early = Leaf { validity: between(1, 9), ..good.clone() };
    let server_only = Leaf { usage: Usage::Server, ..good.clone() };
    let cases = [
        (&stranger, &good, Code::UnknownIssuer, A::UnknownCA),
        (&impostor, &good, Code::UnknownIssuer, A::UnknownCA),
        (&world.ca, &expired, Code::CertificateExpired, A::CertificateExpired),
        (&world.ca, &early, Code::CertificateExpired, A::CertificateExpired),
        (&world.ca, &server_only, Code::CertificateUnusable, A::UnsupportedCertificate),
    ];
    for (i, (authority, leaf, code, told)) in cases.into_iter().enumerate() {
        let issued = authority.issue(leaf).unwrap();
        for (j, speaks) in Speaks::BOTH.into_iter().enumerate() {
            let error = ask(door.address, caller(&world.ca, Some(&issued), speaks)).await.unwrap_err();
            assert_eq!(alert(&error), Some(told), "case {i}: {error}");
            let away = door.turned_away(2 * i + j + 1).await.pop().unwrap();
            assert_eq!((away.code, away.serial), (code, Some(serial(&issued))), "case {i}: {}", away.detail);
            assert!(away.issuer.unwrap().contains("CA"), "case {i}");
            assert!(!away.detail.contains("SE2321"), "{}", away.detail);
        }
    }
}

#[tokio::test]
async fn a_self_signed_certificate_leaves_no_name_on_record() {
    let world = World::new();
    let door = world.door();
    let own = Authority::new("Anna Andersson", month()).unwrap();
    let files = world.path().join("self.key");
    fs::write(&files, own.key_pem()).unwrap();
    let key = rustls::pki_types::pem::PemObject::from_pem_file(&files).unwrap();
    let config =
        rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates({
                let mut roots = rustls::RootCertStore::empty();
                roots.add(world.ca.der().clone()).unwrap();
                roots
            })
            .with_client_auth_cert(vec![own.der().clone()], key)
            .unwrap();
    ask(door.address, config).await.unwrap_err();
    let away = door.turned_away(1).await.pop().unwrap();
    assert!(matches!(away.code, Code::UnknownIssuer | Code::CertificateUnusable), "{away:?}");
    assert_eq!(away.issuer, None);
    assert!(!format!("{away:?}").contains("Anna"));
}

#[tokio::test]
async fn the_hsa_id_is_read_where_it_is_expected_and_nowhere_else() {
    let world = World::new();
    let plain = Leaf { subject_serial: None, ..Leaf::new(REGION, REGION, month()) };
    let unit = Leaf { organizational_unit: Some(REGION.to_owned()), ..plain.clone() };
    let small = Leaf { subject_serial: Some(REGION.to_lowercase()), ..plain.clone() };
    let other = Leaf { subject_serial: Some("SE2120009903-SOC1".to_owned()), ..plain.clone() };
    let limits = Limits { workers: 1, ..Limits::default() };
    for (from, leaf, expected) in [
        (HsaFrom::SerialNumber, &plain, "none"),
        (HsaFrom::SerialNumber, &unit, "none"),
        (HsaFrom::SerialNumber, &small, "none"),
        (HsaFrom::SerialNumber, &other, "SE2120009903-SOC1"),
        (HsaFrom::OrganizationalUnit, &unit, REGION),
        (HsaFrom::OrganizationalUnit, &other, "none"),
    ] {
        let door = world.door_with(from, &limits);
        let issued = world.ca.issue(leaf).unwrap();
        let answer = ask(door.address, caller(&world.ca, Some(&issued), Speaks::Tls13)).await.unwrap();
        assert_eq!(answer, format!("{expected} {}", serial(&issued)), "{from:?} {leaf:?}");
    }
}

/// Sends bytes to the port and reads what comes back until the door closes.
async fn raw(address: std::net::SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut tcp = TcpStream::connect(address).await.unwrap();
    tcp.write_all(bytes).await.unwrap();
    let mut answer = Vec::new();
    let _ = tokio::time::timeout(Duration::from_secs(10), tcp.read_to_end(&mut answer)).await.unwrap();
    answer
}

#[tokio::test]
async fn plain_http_is_never_answered() {
    let world = World::new();
    let door = world.door();
    let answer = raw(door.address, b"GET /who HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    assert!(!answer.windows(4).any(|w| w == b"HTTP"), "{answer:?}");
    let away = door.turned_away(1).await.pop().unwrap();
    assert_eq!(away.code, Code::HandshakeFailed);
    assert!(away.detail.contains("does not speak TLS"), "{}", away.detail);
}

#[tokio::test]
async fn tls_1_1_is_refused() {
    let world = World::new();
    let door = world.door();
    // A ClientHello that offers TLS 1.1 at most, with ECDHE-RSA-AES128-SHA and no extensions.
    let mut hello = vec![3, 2];
    hello.extend([7; 32]);
    hello.extend([0, 0, 2, 0xC0, 0x13, 1, 0]);
    let length = u8::try_from(hello.len()).unwrap();
    let record = [&[22, 3, 1, 0, length + 4, 1, 0, 0, length], hello.as_slice()].concat();
    let answer = raw(door.address, &record).await;
    assert_eq!(answer.first(), Some(&21), "an alert: {answer:?}");
    assert_eq!(answer.get(5), Some(&2), "a fatal one: {answer:?}");
    let away = door.turned_away(1).await.pop().unwrap();
    assert_eq!(away.code, Code::HandshakeFailed);
    assert!(away.detail.contains("older than 1.2"), "{}", away.detail);
}

#[tokio::test]
async fn a_caller_who_leaves_or_distrusts_us_is_on_record() {
    let world = World::new();
    let (door, region) = (world.door(), world.region());
    drop(TcpStream::connect(door.address).await.unwrap());
    assert!(door.turned_away(1).await[0].detail.contains("closed the connection"));
    let stranger = Authority::new("Other CA", month()).unwrap();
    ask(door.address, caller(&stranger, Some(&region), Speaks::Tls13)).await.unwrap_err();
    let away = door.turned_away(2).await.pop().unwrap();
    assert_eq!(away.code, Code::HandshakeFailed);
    assert!(away.detail.contains("UnknownCA"), "{}", away.detail);
}

#[tokio::test]
async fn no_session_is_ever_resumed() {
    let world = World::new();
    let (door, region) = (world.door(), world.region());
    for speaks in Speaks::BOTH {
        // This caller keeps what it is given and would resume if it could.
        let config = Arc::new(caller(&world.ca, Some(&region), speaks));
        for _ in 0..3 {
            let mut stream = connect(door.address, &config).await.unwrap();
            get(&mut stream, "/who").await.unwrap();
            let connection = stream.get_ref().1;
            assert_eq!(connection.handshake_kind(), Some(HandshakeKind::Full));
            assert_eq!(connection.tls13_tickets_received(), 0);
        }
    }
}

#[tokio::test]
async fn a_slow_handshake_is_cut() {
    let world = World::new();
    let limits = Limits { workers: 1, handshake: Duration::from_millis(300), ..Limits::default() };
    let door = world.door_with(HsaFrom::SerialNumber, &limits);
    let start = Instant::now();
    let answer = raw(door.address, &[22, 3, 1]).await;
    assert!(answer.is_empty() && start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
    let away = door.turned_away(1).await.pop().unwrap();
    assert_eq!(away.code, Code::HandshakeFailed);
    assert!(away.detail.contains("300ms"), "{}", away.detail);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_are_not_mixed_up() {
    let world = World::new();
    let limits = Limits { workers: 2, ..Limits::default() };
    let door = world.door_with(HsaFrom::SerialNumber, &limits);
    let stranger = Authority::new("Other CA", month()).unwrap();
    let mut expected = BTreeSet::new();
    let mut calls = Vec::new();
    for i in 0..40 {
        let id = format!("SE2321009900-N{i}");
        let authority = if i % 2 == 0 { &world.ca } else { &stranger };
        let issued = authority.issue(&Leaf::new("Many", &id, month())).unwrap();
        let config = caller(&world.ca, Some(&issued), Speaks::BOTH[i / 2 % 2]);
        let known = format!("{id} {}", serial(&issued));
        if i % 2 == 1 {
            expected.insert(serial(&issued));
        }
        let address = door.address;
        calls.push(tokio::spawn(async move { (i % 2 == 0, known, ask(address, config).await) }));
    }
    for call in calls {
        match call.await.unwrap() {
            (true, known, answer) => assert_eq!(answer.unwrap(), known),
            (false, _, answer) => assert!(answer.is_err()),
        }
    }
    let away = door.turned_away(20).await;
    assert!(away.iter().all(|a| a.code == Code::UnknownIssuer));
    assert_eq!(away.into_iter().filter_map(|a| a.serial).collect::<BTreeSet<_>>(), expected);
}

#[tokio::test]
async fn stopping_lets_requests_finish_and_takes_no_more() {
    let world = World::new();
    let (mut door, region) = (world.door(), world.region());
    let config = Arc::new(caller(&world.ca, Some(&region), Speaks::Tls13));
    let mut busy = connect(door.address, &config).await.unwrap();
    let mut resting = connect(door.address, &config).await.unwrap();
    let call = tokio::spawn(async move { get(&mut busy, "/slow").await });
    tokio::time::sleep(Duration::from_millis(200)).await;
    let start = Instant::now();
    door.stopper.stop().await;
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    assert!(call.await.unwrap().unwrap().ends_with("done"));
    (&mut door.task).await.unwrap().unwrap();
    let mut rest = Vec::new();
    let _ = resting.read_to_end(&mut rest).await;
    assert!(TcpStream::connect(door.address).await.is_err());
}

#[tokio::test]
async fn all_that_is_wrong_with_the_files_is_told_at_once() {
    let world = World::new();
    let good = world.gateway();
    let load = |files: &TlsFiles| {
        let findings = Gate::load(files, HsaFrom::SerialNumber, now()).unwrap_err();
        assert!(findings.iter().all(|f| f.code == Code::ConfigFile && f.place.path.is_some()));
        findings.into_iter().map(|f| f.detail).collect::<Vec<_>>()
    };
    let put = |name: &str, text: &str| {
        let path = world.path().join(name);
        fs::write(&path, text).unwrap();
        path
    };
    let garbage = "-----BEGIN PRIVATE KEY-----\nsecret!\n-----END PRIVATE KEY-----\n";
    let bad = TlsFiles {
        certificate: world.path().join("absent.pem"),
        key: put("garbage.key", garbage),
        ca: put("empty.pem", ""),
    };
    let details = load(&bad);
    assert_eq!(details.len(), 3, "{details:?}");
    assert!(details[0].contains("cannot be read") && details[2].contains("no certificate"), "{details:?}");
    assert!(details[1].contains("base64") && !details[1].contains("secret"), "{details:?}");

    let locked = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
    let details = load(&TlsFiles { key: put("locked.key", locked), ..good.clone() });
    assert!(details[0].contains("has a password"), "{details:?}");

    let other = world.files("other", &world.region(), &world.ca);
    let details = load(&TlsFiles { key: other.key, ..good.clone() });
    assert!(details[0].contains("not the key of the certificate"), "{details:?}");

    let old = Leaf { validity: between(-9, -1), ..Leaf::new("Sluss", REGION, month()) };
    let old = world.files("old", &world.ca.issue(&old).unwrap(), &world.ca);
    assert!(load(&old)[0].contains("expired on"));
}
