//! Order per lane, against a model that is nothing but queues; holding, expiry, room, recovery.

use super::*;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

#[tokio::test]
async fn a_held_head_stops_its_lane_only() {
    let (_dir, ledger) = open();
    for (id, case) in [("a1", 1), ("a2", 1), ("b1", 2), ("b2", 2)] {
        ledger.admit(admission(id, lane(1, case))).await.unwrap();
    }
    assert_eq!(ids(&ledger.claim(second(1), 8, Room::plenty()).await.unwrap()), ["d-a1", "d-b1"]);
    ledger.settle(settlement("d-a1", DeliveryState::Held, second(2))).await.unwrap();
    ledger.settle(settlement("d-b1", DeliveryState::Delivered, second(2))).await.unwrap();
    assert_eq!(state(&ledger, "a1").await, MessageState::Held);
    assert_eq!(ids(&ledger.claim(second(3), 8, Room::plenty()).await.unwrap()), ["d-b2"]);
    assert!(ledger.claim(second(4), 8, Room::plenty()).await.unwrap().is_empty());

    ledger.settle(settlement("d-a1", DeliveryState::Waiting, second(5))).await.unwrap();
    assert_eq!(state(&ledger, "a1").await, MessageState::Waiting);
    let again = ledger.claim(second(5), 8, Room::plenty()).await.unwrap();
    assert_eq!((ids(&again), again[0].attempt), (vec!["d-a1"], 2));
    ledger.settle(settlement("d-a1", DeliveryState::Rejected, second(6))).await.unwrap();
    assert_eq!(state(&ledger, "a1").await, MessageState::Rejected);
    assert_eq!(ids(&ledger.claim(second(6), 8, Room::plenty()).await.unwrap()), ["d-a2"]);
}

#[tokio::test]
async fn a_message_accepted_as_held_is_not_sent_before_it_is_released() {
    let (_dir, ledger) = open();
    let held = Admission { state: MessageState::Held, ..admission("m1", lane(1, 1)) };
    ledger.admit(held).await.unwrap();
    ledger.admit(admission("m2", lane(1, 1))).await.unwrap();
    assert!(ledger.claim(second(1), 8, Room::plenty()).await.unwrap().is_empty());
    ledger.settle(settlement("d-m1", DeliveryState::Waiting, second(2))).await.unwrap();
    assert_eq!(ids(&ledger.claim(second(2), 8, Room::plenty()).await.unwrap()), ["d-m1"]);
}

#[tokio::test]
async fn a_message_to_two_is_delivered_when_both_have_it() {
    let (_dir, ledger) = open();
    let mut both = admission("m1", lane(1, 1));
    both.deliveries.push(NewDelivery { id: "d-m1/2".into(), lane: lane(2, 1), ..both.deliveries[0].clone() });
    ledger.admit(both).await.unwrap();
    assert_eq!(ledger.claim(second(1), 8, Room::plenty()).await.unwrap().len(), 2);
    ledger.settle(settlement("d-m1", DeliveryState::Delivered, second(2))).await.unwrap();
    assert_eq!(state(&ledger, "m1").await, MessageState::Waiting);
    ledger.settle(settlement("d-m1/2", DeliveryState::Held, second(2))).await.unwrap();
    assert_eq!(state(&ledger, "m1").await, MessageState::Held);
    ledger.settle(settlement("d-m1/2", DeliveryState::Delivered, second(3))).await.unwrap();
    assert_eq!(state(&ledger, "m1").await, MessageState::Delivered);
}

#[tokio::test]
async fn late_deliveries_expire_even_behind_a_held_one() {
    let (_dir, ledger) = open();
    for id in ["m1", "m2", "m3"] {
        let mut one = admission(id, lane(1, 1));
        if id == "m3" {
            one.deliveries[0].expires = second(5000);
        }
        ledger.admit(one).await.unwrap();
    }
    ledger.claim(second(1), 8, Room::plenty()).await.unwrap();
    ledger.settle(settlement("d-m1", DeliveryState::Held, second(2))).await.unwrap();
    assert_eq!(ledger.next_due(Room::plenty()).await.unwrap(), Some(second(1000)));
    assert!(ledger.claim(second(1000), 0, Room::plenty()).await.unwrap().is_empty());
    assert_eq!(state(&ledger, "m2").await, MessageState::Expired);
    assert_eq!(state(&ledger, "m1").await, MessageState::Held, "a person's case stays with the person");
    let last = ledger.journey("gw-m2").await.unwrap().pop().unwrap();
    assert_eq!((last.kind.as_str(), last.code.as_deref()), ("expired", Some("SLUSS-DLV-007")));
    ledger.settle(settlement("d-m1", DeliveryState::Expired, second(1001))).await.unwrap();
    assert_eq!(ids(&ledger.claim(second(1001), 8, Room::plenty()).await.unwrap()), ["d-m3"]);
}

#[tokio::test]
async fn a_late_head_makes_way_in_the_same_claim() {
    let (_dir, ledger) = open();
    ledger.admit(admission("m1", lane(1, 1))).await.unwrap();
    let mut next = admission("m2", lane(1, 1));
    next.deliveries[0].expires = second(5000);
    ledger.admit(next).await.unwrap();
    assert_eq!(ids(&ledger.claim(second(2000), 8, Room::plenty()).await.unwrap()), ["d-m2"]);
}

#[tokio::test]
async fn room_and_limit_bound_a_claim() {
    let (_dir, ledger) = open();
    for n in 0..6 {
        ledger.admit(admission(&format!("m{n}"), lane(n % 2, n))).await.unwrap();
    }
    let room = Room { each: 2, left: [(receiver(0), 0)].into() };
    assert_eq!(
        ledger.next_due(Room::without(&[receiver(0), receiver(1)])).await.unwrap(),
        Some(second(1000))
    );
    assert_eq!(ids(&ledger.claim(second(1), 8, room.clone()).await.unwrap()), ["d-m1", "d-m3"]);
    assert_eq!(ids(&ledger.claim(second(1), 1, room).await.unwrap()), ["d-m5"]);
    let rest = ledger.claim(second(1), 2, Room::plenty()).await.unwrap();
    assert_eq!(ids(&rest), ["d-m0", "d-m2"], "the oldest first");
}

#[tokio::test]
async fn an_attempt_cut_short_is_unknown() {
    let (dir, ledger) = open();
    for (id, to) in [("m1", 1), ("m2", 2)] {
        ledger.admit(admission(id, lane(to, 1))).await.unwrap();
        ledger.admit(admission(&format!("{id}-next"), lane(to, 1))).await.unwrap();
    }
    assert_eq!(ledger.claim(second(1), 8, Room::plenty()).await.unwrap().len(), 2);
    drop(ledger);

    let ledger = Ledger::open(options(&dir)).unwrap();
    let recovered = ledger.recover(second(10), |who| *who == receiver(1)).await.unwrap();
    assert_eq!(recovered, Recovered { retried: 1, held: 1 });
    assert_eq!(ledger.recover(second(10), |_| true).await.unwrap(), Recovered::default());
    assert_eq!(state(&ledger, "m2").await, MessageState::Held);
    let last = ledger.journey("gw-m2").await.unwrap().pop().unwrap();
    assert_eq!((last.kind.as_str(), last.code.as_deref()), ("unknown", Some("SLUSS-DLV-008")));
    let again = ledger.claim(second(10), 8, Room::plenty()).await.unwrap();
    assert_eq!((ids(&again), again[0].attempt), (vec!["d-m1"], 2));
    assert!(ledger.verify().await.unwrap().ok);
}

#[tokio::test]
async fn two_attempts_of_one_message_cut_short_are_counted_once() {
    let (dir, ledger) = open();
    let mut both = admission("m1", lane(2, 1));
    both.deliveries.push(NewDelivery { id: "d-m1/2".into(), lane: lane(1, 1), ..both.deliveries[0].clone() });
    ledger.admit(both).await.unwrap();
    assert_eq!(ledger.claim(second(1), 8, Room::plenty()).await.unwrap().len(), 2);
    drop(ledger);
    let ledger = Ledger::open(options(&dir)).unwrap();
    let recovered = ledger.recover(second(10), |who| *who == receiver(1)).await.unwrap();
    assert_eq!(recovered, Recovered { retried: 1, held: 1 });
    assert_eq!(state(&ledger, "m1").await, MessageState::Held);
    let totals = ledger.totals().await.unwrap();
    assert_eq!((totals.held, totals.waiting, totals.deliveries_waiting), (1, 0, 1));
}

#[tokio::test]
async fn an_attempt_may_begin_with_its_admission() {
    let (_dir, ledger) = open();
    let mut begun = ledger.begun().unwrap();
    let slots = Slots::new(8);
    let slot = |n| slots.reserve(&receiver(n), 2);
    let early = Admission { received: second(-1), ..admission("m1", lane(1, 1)) };
    ledger.admit_with(early, slot(1)).await.unwrap();
    ledger.admit_with(admission("m2", lane(1, 1)), slot(1)).await.unwrap();
    ledger.admit_with(admission("m1", lane(1, 1)), slot(1)).await.unwrap();
    let (first, held) = begun.try_recv().unwrap();
    assert_eq!(
        (first.id.as_str(), first.attempt, first.body.as_slice()),
        ("d-m1", 1, &b"{\"for\":\"m1\"}"[..])
    );
    assert!(begun.try_recv().is_err(), "the second waits behind it, the repeat is none");
    assert!(ledger.claim(second(1), 8, Room::plenty()).await.unwrap().is_empty());
    let journey = ledger.journey("gw-m1").await.unwrap();
    let kinds: Vec<&str> = journey.iter().map(|e| e.kind.as_str()).collect();
    assert_eq!(kinds, ["decided", "accepted", "attempt"], "on record before it is carried");
    assert!(journey.is_sorted_by_key(|e| e.at), "an attempt is not older than the decision to make it");
    assert!(slot(1).is_some_and(|_| slot(1).is_none()), "slots that began nothing were given back");
    drop(held);
    ledger.settle(settlement("d-m1", DeliveryState::Delivered, second(2))).await.unwrap();
    assert_eq!(ids(&ledger.claim(second(2), 8, Room::plenty()).await.unwrap()), ["d-m2"]);
    drop(begun);
    ledger.admit_with(admission("m3", lane(2, 1)), slot(2)).await.unwrap();
    assert_eq!(ids(&ledger.claim(second(2), 8, Room::plenty()).await.unwrap()), ["d-m3"], "nobody takes it");
}

/// What may happen to a ledger.
#[derive(Clone, Debug)]
enum Step {
    Admit { to: usize, case: usize, life: i64, held: bool, begin: bool },
    Claim { limit: usize, shut: Option<usize> },
    Settle { pick: usize, how: u8, after: i64 },
    Release { pick: usize },
    Wait { seconds: i64 },
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..3usize, 0..3usize, 5..60i64, prop::bool::weighted(0.1), any::<bool>())
            .prop_map(|(to, case, life, held, begin)| Step::Admit { to, case, life, held, begin }),
        4 => (1..6usize, prop::option::weighted(0.3, 0..3usize)).prop_map(|(limit, shut)| Step::Claim { limit, shut }),
        5 => (any::<usize>(), 0..5u8, 0..20i64).prop_map(|(pick, how, after)| Step::Settle { pick, how, after }),
        1 => any::<usize>().prop_map(|pick| Step::Release { pick }),
        2 => (1..15i64).prop_map(|seconds| Step::Wait { seconds }),
        1 => Just(Step::Reopen),
    ]
}

/// One delivery of the model.
#[derive(Clone, Debug)]
struct Item {
    id: String,
    state: DeliveryState,
    next: i64,
    expires: i64,
    attempts: u32,
}

/// The lanes as plain queues.
#[derive(Default)]
struct Model {
    now: i64,
    made: usize,
    lanes: BTreeMap<(usize, usize), VecDeque<Item>>,
    over: usize,
}

impl Model {
    fn expire(&mut self) {
        let now = self.now;
        for lane in self.lanes.values_mut() {
            let before = lane.len();
            lane.retain(|item| item.state != DeliveryState::Waiting || item.expires > now);
            self.over += before - lane.len();
        }
    }

    /// What may be claimed: due heads of lanes to receivers that are not shut.
    fn due(&self, shut: Option<usize>) -> BTreeSet<String> {
        self.lanes
            .iter()
            .filter(|((to, _), _)| Some(*to) != shut)
            .filter_map(|(_, lane)| lane.front())
            .filter(|head| head.state == DeliveryState::Waiting && head.next <= self.now)
            .map(|head| head.id.clone())
            .collect()
    }

    fn item(&mut self, id: &str) -> &mut Item {
        self.lanes.values_mut().flatten().find(|item| item.id == id).unwrap()
    }

    /// Ids in this state, in a stable order.
    fn all(&self, state: DeliveryState) -> Vec<String> {
        self.lanes.values().flatten().filter(|i| i.state == state).map(|i| i.id.clone()).collect()
    }

    fn finish(&mut self, id: &str) {
        self.lanes.values_mut().for_each(|lane| lane.retain(|item| item.id != id));
        self.over += 1;
    }
}

async fn play(steps: Vec<Step>) {
    let dir = tempfile::tempdir().unwrap();
    // Order is judged here, not durability.
    let quick = || Options { sync: Sync::Off, late: std::time::Duration::ZERO, ..options(&dir) };
    let mut ledger = Some(Ledger::open(quick()).unwrap());
    let mut begun = ledger.as_ref().unwrap().begun().unwrap();
    let mut model = Model::default();
    for step in steps {
        let open = ledger.as_ref().unwrap();
        match step {
            Step::Wait { seconds } => model.now += seconds,
            Step::Admit { to, case, life, held, begin } => {
                let state = admit(open, &mut model, (to, case), life, held, begin).await;
                let out = begun.try_recv().ok().map(|(delivery, _slot)| (delivery.id, delivery.attempt));
                let id = format!("d-m{:04}", model.made - 1);
                assert_eq!(out, (state == DeliveryState::Attempting).then_some((id, 1)));
            }
            Step::Claim { limit, shut } => claim(open, &mut model, limit, shut).await,
            Step::Settle { pick, how, after } => settle(open, &mut model, pick, how, after).await,
            Step::Release { pick } => release(open, &mut model, pick).await,
            Step::Reopen => {
                drop(ledger.take());
                ledger = Some(Ledger::open(quick()).unwrap());
                begun = ledger.as_ref().unwrap().begun().unwrap();
                recover(ledger.as_ref().unwrap(), &mut model).await;
            }
        }
    }
    check(ledger.as_ref().unwrap(), &model).await;
}

async fn admit(
    ledger: &Ledger,
    model: &mut Model,
    (to, case): (usize, usize),
    life: i64,
    held: bool,
    begin: bool,
) -> DeliveryState {
    let id = format!("m{:04}", model.made);
    model.made += 1;
    let mut new = admission(&id, lane(to, case));
    new.deliveries[0].due = second(model.now);
    new.deliveries[0].expires = second(model.now + life);
    if held {
        new.state = MessageState::Held;
    }
    let slot = if begin { Slots::new(1).reserve(&receiver(to), 1) } else { None };
    ledger.admit_with(new, slot).await.unwrap();
    let queue = model.lanes.entry((to, case)).or_default();
    let state = match (held, begin && queue.is_empty()) {
        (true, _) => DeliveryState::Held,
        (false, true) => DeliveryState::Attempting,
        (false, false) => DeliveryState::Waiting,
    };
    let attempts = u32::from(state == DeliveryState::Attempting);
    let (next, expires) = (model.now, model.now + life);
    queue.push_back(Item { id: format!("d-{id}"), state, next, expires, attempts });
    state
}

async fn claim(ledger: &Ledger, model: &mut Model, limit: usize, shut: Option<usize>) {
    let room = Room::without(&shut.map(receiver).into_iter().collect::<Vec<_>>());
    let next = ledger.next_due(room.clone()).await.unwrap();
    let waiting = !model.all(DeliveryState::Waiting).is_empty();
    assert!(!waiting || shut.is_some() || next.is_some(), "what waits has a time");
    model.expire();
    let due = model.due(shut);
    if !due.is_empty() {
        assert!(next.unwrap() <= second(model.now), "what is due is told");
    }
    let claimed = ledger.claim(second(model.now), limit, room).await.unwrap();
    assert_eq!(claimed.len(), due.len().min(limit), "no lane waits for another");
    for one in claimed {
        assert!(due.contains(&one.id), "{} is not a due head", one.id);
        let item = model.item(&one.id);
        item.state = DeliveryState::Attempting;
        item.attempts += 1;
        assert_eq!(one.attempt, item.attempts);
    }
}

async fn settle(ledger: &Ledger, model: &mut Model, pick: usize, how: u8, after: i64) {
    let under_way = model.all(DeliveryState::Attempting);
    let Some(id) = under_way.get(pick % under_way.len().max(1)) else { return };
    let now = second(model.now);
    let to = match how {
        0 | 1 => DeliveryState::Delivered,
        2 => DeliveryState::Rejected,
        3 => DeliveryState::Waiting,
        _ => DeliveryState::Held,
    };
    let next_at = Some(now + SignedDuration::from_secs(after));
    ledger.settle(Settlement { next_at, ..settlement(id, to, now) }).await.unwrap();
    if to.is_over() {
        model.finish(id);
    } else {
        let next = model.now + after;
        let item = model.item(id);
        (item.state, item.next) = (to, if to == DeliveryState::Waiting { next } else { item.next });
    }
}

async fn release(ledger: &Ledger, model: &mut Model, pick: usize) {
    let held = model.all(DeliveryState::Held);
    let Some(id) = held.get(pick % held.len().max(1)) else { return };
    let now = model.now;
    ledger.settle(settlement(id, DeliveryState::Waiting, second(now))).await.unwrap();
    let item = model.item(id);
    (item.state, item.next) = (DeliveryState::Waiting, now);
}

/// Receiver 0 is idempotent, the others are not.
async fn recover(ledger: &Ledger, model: &mut Model) {
    let now = model.now;
    let recovered = ledger.recover(second(now), |who| *who == receiver(0)).await.unwrap();
    let mut expected = Recovered::default();
    for ((to, _), lane) in &mut model.lanes {
        for item in lane.iter_mut().filter(|item| item.state == DeliveryState::Attempting) {
            if *to == 0 {
                expected.retried += 1;
                (item.state, item.next) = (DeliveryState::Waiting, now);
            } else {
                expected.held += 1;
                item.state = DeliveryState::Held;
            }
        }
    }
    assert_eq!(recovered, expected);
}

async fn check(ledger: &Ledger, model: &Model) {
    for lane in model.lanes.values() {
        for (place, item) in lane.iter().enumerate() {
            let row = ledger.deliveries(&item.id.replace("d-", "gw-")).await.unwrap().remove(0);
            assert_eq!((row.state.as_str(), row.head), (item.state.word(), place == 0), "{}", item.id);
        }
    }
    let totals = ledger.totals().await.unwrap();
    let sum = totals.waiting + totals.delivered + totals.held + totals.rejected + totals.expired;
    assert_eq!((totals.accepted, sum), (model.made as u64, model.made as u64));
    assert_eq!((totals.delivered + totals.rejected + totals.expired) as usize, model.over);
    assert_eq!(totals.held as usize, model.all(DeliveryState::Held).len());
    assert_eq!(totals.attempting as usize, model.all(DeliveryState::Attempting).len());
    let report = ledger.verify().await.unwrap();
    assert!(report.ok, "{report:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn lanes_are_queues(steps in prop::collection::vec(step(), 1..120)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(play(steps));
    }
}

#[tokio::test]
async fn what_was_held_longer_than_its_time_has_it_anew_when_it_is_let_go() {
    let (_dir, ledger) = open();
    ledger.admit(Admission { state: MessageState::Held, ..admission("m1", lane(1, 1)) }).await.unwrap();
    assert!(ledger.claim(second(4999), 8, Room::plenty()).await.unwrap().is_empty());
    let ruling = Ruling {
        message: "gw-m1".into(),
        release: true,
        by: "anna".into(),
        reason: "looked-at".into(),
        now: second(5000),
    };
    assert_eq!(ledger.decide(ruling).await.unwrap(), 1);
    let claimed = ledger.claim(second(5999), 8, Room::plenty()).await.unwrap();
    assert_eq!(ids(&claimed), ["d-m1"]);
    assert_eq!(claimed[0].expires, second(6000));
}

#[tokio::test]
async fn it_is_told_where_two_senders_use_one_id() {
    let (_dir, ledger) = open();
    ledger.admit(admission("m1", lane(1, 1))).await.unwrap();
    assert!(ledger.is_only("m1").await.unwrap());
    let mut other = admission("m2", lane(2, 2));
    other.key = Key { sender: receiver(3), message_id: "m1".into(), ..other.key };
    ledger.admit(other).await.unwrap();
    assert!(!ledger.is_only("m1").await.unwrap());
    assert!(!ledger.is_only("m2").await.unwrap(), "nobody uses it");
}
