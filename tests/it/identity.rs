//! Callers that the gateway turns away at the door: each leaves its reason in the ledger.

use crate::{
    tls::world::{Speaks, ask, between, caller, month},
    world::World,
};
use sluss::pki::{Authority, Issued, Leaf, Usage};
use std::time::Duration;
use tokio::io::AsyncWriteExt;

async fn on_record(world: &World, code: &str) {
    for _ in 0..100 {
        if world.refusals().await.iter().any(|e| e.kind == "turned-away" && e.code.as_deref() == Some(code)) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{code} is not on record: {:#?}", world.refusals().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_way_to_be_turned_away_is_in_the_ledger_by_name() {
    let world = World::new().await;
    let ca = world.authority();
    let wrong = Authority::new("TEST other CA", month()).unwrap();
    let leaf = || Leaf::new("Region", crate::world::REGION, month());
    let expired = ca.issue(&Leaf { validity: between(-30, -1), ..leaf() }).unwrap();
    let server_only = ca.issue(&Leaf { usage: Usage::Server, ..leaf() }).unwrap();
    let foreign = wrong.issue(&leaf()).unwrap();
    let cases: [(&str, Option<&Issued>); 4] = [
        ("SLUSS-TLS-001", None),
        ("SLUSS-TLS-002", Some(&foreign)),
        ("SLUSS-TLS-003", Some(&expired)),
        ("SLUSS-TLS-004", Some(&server_only)),
    ];
    let address = world.gateway().address;
    for (code, identity) in cases {
        let called = ask(address, caller(&ca, identity, Speaks::Tls13)).await;
        assert!(called.is_err(), "{code}: {called:?}");
        on_record(&world, code).await;
    }
    let mut plain = tokio::net::TcpStream::connect(address).await.unwrap();
    plain.write_all(b"POST /fhir/$process-message HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    on_record(&world, "SLUSS-TLS-005").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_without_an_hsa_id_gets_an_answer_that_says_so() {
    let world = World::new().await;
    let leaf = Leaf { subject_serial: None, ..Leaf::new("Region", crate::world::REGION, month()) };
    let nameless = world.authority().issue(&leaf).unwrap();
    let sender = world.sender_with(&nameless);
    let reply = sender.fhir(&crate::flows::admission("n", "C-1", crate::world::GRANVIK)).await.unwrap();
    crate::world::assert_fault(&reply, 403, "SLUSS-IDN-001");
    assert!(world.refusals().await.iter().any(|e| e.code.as_deref() == Some("SLUSS-IDN-001")));
}
