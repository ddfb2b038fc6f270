//! Mailboxes against a model: what is owed, who has it, in which order; receipts and their repeats.

use super::*;
use crate::model::{Lending, Lent, Pick, Receipt};
use proptest::prelude::*;
use std::collections::BTreeMap;

fn lending(pick: Pick, now: i64) -> Lending {
    Lending { receiver: receiver(1), pick, now: second(now), until: second(now + 10), limit: 99, bytes: 9999 }
}

fn receipt(delivery: &str, state: DeliveryState, at: i64) -> Receipt {
    let kind = if state == DeliveryState::Delivered { EventKind::Delivered } else { EventKind::Rejected };
    Receipt { delivery: delivery.into(), state, event: event(kind, second(at)) }
}

fn lent_ids(lent: &[Lent]) -> Vec<&str> {
    lent.iter().map(|one| one.delivery.id.as_str()).collect()
}

async fn receive(ledger: &Ledger, to: usize, delivery: &str, at: i64) -> Option<DeliveryState> {
    let receipt = receipt(delivery, DeliveryState::Delivered, at);
    ledger.receive(&receiver(to), vec![receipt]).await.unwrap()[0]
}

#[tokio::test]
async fn a_receipt_that_comes_after_expiry_is_on_record_once_and_changes_nothing() {
    let (_dir, ledger) = open();
    ledger.admit(admission("m1", lane(1, 1))).await.unwrap();
    assert_eq!(receive(&ledger, 1, "d-m1", 1).await, None, "nobody was handed it");
    assert_eq!(lent_ids(&ledger.lend(lending(Pick::Due, 1)).await.unwrap()), ["d-m1"]);
    assert!(ledger.lend(lending(Pick::Since(0), 1000)).await.unwrap().is_empty(), "its time has run out");
    let none = Room::without(&[receiver(1)]);
    assert!(ledger.claim(second(1001), 9, none).await.unwrap().is_empty());
    assert_eq!(state(&ledger, "m1").await, MessageState::Expired);
    for at in [1002, 1003] {
        assert_eq!(receive(&ledger, 1, "d-m1", at).await, Some(DeliveryState::Expired));
    }
    let kinds: Vec<String> = ledger.journey("gw-m1").await.unwrap().into_iter().map(|e| e.kind).collect();
    assert_eq!(kinds, ["decided", "accepted", "attempt", "expired", "delivered"]);
    assert_eq!(state(&ledger, "m1").await, MessageState::Expired);
    assert!(ledger.verify().await.unwrap().ok);
}

#[tokio::test]
async fn a_page_is_bounded_in_bytes_and_one_that_is_larger_goes_alone() {
    let (_dir, ledger) = open();
    for n in 1..=4 {
        let mut one = admission(&format!("m{n}"), lane(1, n));
        one.deliveries[0].body = vec![b' '; if n == 1 { 5000 } else { 400 }];
        ledger.admit(one).await.unwrap();
    }
    let small = |limit| Lending { bytes: 1000, limit, ..lending(Pick::Due, 1) };
    assert_eq!(lent_ids(&ledger.lend(small(9)).await.unwrap()), ["d-m1"]);
    assert_eq!(lent_ids(&ledger.lend(small(9)).await.unwrap()), ["d-m2", "d-m3"]);
    assert_eq!(lent_ids(&ledger.lend(small(9)).await.unwrap()), ["d-m4"]);
}

#[tokio::test]
async fn what_is_carried_leaves_no_trace_of_mailboxes() {
    let (_dir, ledger) = open();
    ledger.admit(admission("m1", lane(1, 1))).await.unwrap();
    assert_eq!(ledger.claim(second(1), 9, Room::plenty()).await.unwrap().len(), 1);
    assert!(ledger.lend(lending(Pick::Since(0), 2)).await.unwrap().is_empty(), "an attempt is under way");
    ledger.settle(settlement("d-m1", DeliveryState::Delivered, second(3))).await.unwrap();
    assert_eq!(receive(&ledger, 1, "d-m1", 4).await, None);
}

/// What a party and the world may do.
#[derive(Clone, Debug)]
enum Step {
    Admit { case: usize },
    Pull { since: Option<usize> },
    Say { nth: usize, reject: bool },
    Pass { seconds: i64 },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => (1..4usize).prop_map(|case| Step::Admit { case }),
        3 => proptest::option::of(0..6usize).prop_map(|since| Step::Pull { since }),
        3 => (0..8usize, any::<bool>()).prop_map(|(nth, reject)| Step::Say { nth, reject }),
        1 => (1..12i64).prop_map(|seconds| Step::Pass { seconds }),
    ];
    proptest::collection::vec(step, 1..60)
}

/// One delivery as the model knows it.
#[derive(Clone, Debug)]
struct Owed {
    id: String,
    lent: Option<(u64, i64)>,
    over: Option<DeliveryState>,
}

/// Each case a queue; only its first that is not over may be handed out.
async fn play(steps: Vec<Step>) {
    let (_dir, ledger) = open();
    let mut lanes: BTreeMap<usize, Vec<Owed>> = BTreeMap::new();
    let (mut now, mut count, mut cursors) = (1, 0, vec![0u64]);
    for step in steps {
        match step {
            Step::Pass { seconds } => now += seconds,
            Step::Admit { case } => {
                count += 1;
                ledger.admit(admission(&format!("m{count}"), lane(1, case))).await.unwrap();
                let owed = Owed { id: format!("d-m{count}"), lent: None, over: None };
                lanes.entry(case).or_default().push(owed);
            }
            Step::Pull { since } => {
                let since = since.map(|n| cursors[n % cursors.len()]);
                let mut expected: Vec<String> = Vec::new();
                for queue in lanes.values() {
                    let head = queue.iter().find(|owed| owed.over.is_none());
                    let free = |owed: &&Owed| match owed.lent {
                        None => true,
                        Some((number, until)) => until <= now || since.is_some_and(|after| number > after),
                    };
                    expected.extend(head.filter(free).map(|owed| owed.id.clone()));
                }
                let mail = ledger.mail(&receiver(1), second(now), since).await.unwrap();
                assert_eq!(mail.due, !expected.is_empty());
                let pick = since.map_or(Pick::Due, Pick::Since);
                let lent = ledger.lend(lending(pick, now)).await.unwrap();
                for one in &lent {
                    let owed = lanes.values_mut().flatten().find(|o| o.id == one.delivery.id).unwrap();
                    assert!(one.number > *cursors.last().unwrap(), "the cursor grows");
                    cursors.push(one.number);
                    owed.lent = Some((one.number, now + 10));
                }
                let mut got: Vec<&str> = lent_ids(&lent);
                got.sort_unstable();
                expected.sort_unstable();
                assert_eq!(got, expected);
            }
            Step::Say { nth, reject } => {
                let all: Vec<&mut Owed> = lanes.values_mut().flatten().collect();
                let length = all.len().max(1);
                let Some(owed) = all.into_iter().nth(nth % length) else { continue };
                let said = if reject { DeliveryState::Rejected } else { DeliveryState::Delivered };
                let known = owed.lent.is_some();
                let expected = known.then(|| *owed.over.get_or_insert(said));
                let told = ledger.receive(&receiver(1), vec![receipt(&owed.id, said, now)]).await.unwrap();
                assert_eq!(told, [expected]);
                let other = ledger.receive(&receiver(2), vec![receipt(&owed.id, said, now)]).await.unwrap();
                assert_eq!(other, [None], "another's is none");
            }
        }
    }
    assert!(ledger.verify().await.unwrap().ok);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn any_history_is_that_of_queues(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(play(steps));
    }
}
