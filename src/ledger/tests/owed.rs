//! Receipts owed to senders: on record with what ends a delivery, and given once.

use super::*;

fn wanting(id: &str, to: usize, states: &[DeliveryState]) -> Admission {
    Admission { receipts: states.to_vec(), ..admission(id, lane(to, to)) }
}

fn giving(id: &str, number: i64) -> Admission {
    Admission { event: "receipt".into(), gives: Some(number), ..admission(id, lane(9, 9)) }
}

#[tokio::test]
async fn what_ends_as_its_sender_wanted_to_know_is_owed_until_it_is_given() {
    use DeliveryState::{Delivered, Expired, Rejected};
    let (dir, ledger) = open();
    for (id, to, states) in [
        ("m1", 1, &[Delivered, Rejected][..]),
        ("m2", 2, &[Rejected]),
        ("m3", 3, &[Rejected]),
        ("m4", 4, &[]),
        ("m5", 5, &[Expired]),
    ] {
        ledger.admit(wanting(id, to, states)).await.unwrap();
    }
    let others = Room::without(&[receiver(5)]);
    ledger.claim(second(1), 9, others.clone()).await.unwrap();
    for (id, state) in [("d-m1", Delivered), ("d-m2", Delivered), ("d-m3", Rejected), ("d-m4", Delivered)] {
        ledger.settle(settlement(id, state, second(2))).await.unwrap();
    }
    ledger.claim(second(2000), 9, others).await.unwrap();
    drop(ledger);
    let ledger = Ledger::open(options(&dir)).unwrap();
    let owed = ledger.owed(9).await.unwrap();
    let told: Vec<_> = owed.iter().map(|o| (o.delivery.as_str(), o.state, o.at)).collect();
    let wanted =
        [("d-m1", Delivered, second(2)), ("d-m3", Rejected, second(2)), ("d-m5", Expired, second(2000))];
    assert_eq!(told, wanted);
    assert_eq!(owed[0].original, b"{\"original\":\"m1\"}");
    assert_eq!((owed[0].message.as_str(), owed[0].sender.as_str()), ("gw-m1", SENDER));

    assert_eq!(ledger.admit(giving("r1", owed[0].number)).await.unwrap(), Admitted::New);
    let again = ledger.admit(giving("r2", owed[0].number)).await;
    assert!(matches!(again, Err(Failure::Internal(_))), "given once: {again:?}");
    assert!(ledger.message("r2").await.unwrap().is_none());
    ledger.waive(owed[1].number, event(EventKind::Waived, second(2001))).await.unwrap();
    assert_eq!(ledger.owed(9).await.unwrap().len(), 1);
    assert!(ledger.verify().await.unwrap().ok);
}
