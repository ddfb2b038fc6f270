//! What routing keeps: placements by event time, where messages went, what goes on exactly once.

use super::*;
use crate::model::{Mark, Marking, Named, Placed, Whereabouts};

const CHILD: [u8; 32] = [3; 32];

async fn known(ledger: &Ledger, case: usize) -> Whereabouts {
    ledger.whereabouts(CHILD, &hsa(SENDER), &format!("case-{case}")).await.unwrap()
}

/// A placement told by the sender, at this second.
async fn place(ledger: &Ledger, id: &str, case: usize, opens: bool, at: i64) {
    let trail = Trail { placement: Some((CHILD, opens)), ..Trail::default() };
    let one = Admission { occurred: second(at), trail, ..admission(id, lane(1, case)) };
    assert_eq!(ledger.admit(one).await.unwrap(), Admitted::New);
}

#[tokio::test]
async fn an_open_placement_is_what_was_told_last_by_event_time_and_holds() {
    let (_dir, ledger) = open();
    let open_ones = async || known(&ledger, 0).await.placed;
    assert!(open_ones().await.is_empty());
    place(&ledger, "p1", 1, true, -100).await;
    let one = Placed { board: hsa(SENDER), told: receiver(1) };
    assert_eq!(open_ones().await, std::slice::from_ref(&one));
    // The end comes late, and so does a change before it.
    place(&ledger, "p3", 1, false, -50).await;
    place(&ledger, "p2", 1, true, -70).await;
    assert!(open_ones().await.is_empty());
    // Another placement of the same board is one of its own.
    place(&ledger, "q1", 2, true, -60).await;
    assert_eq!(open_ones().await, [one]);
    mark(&ledger, "x1", "q1", Mark::Annulled, None).await;
    assert!(open_ones().await.is_empty(), "what is annulled was never told");
    assert!(known(&ledger, 0).await.went.is_empty());
}

/// Another message makes this of one, and says who should have had it.
async fn mark(ledger: &Ledger, id: &str, of: &str, mark: Mark, right: Option<HsaId>) {
    let row = ledger.message(of).await.unwrap().unwrap();
    let to = HsaId::parse(&row.receivers[0]).unwrap();
    let named = Named { sender: hsa(SENDER), id: of.into(), receiver: to.clone() };
    let of = ledger.named(&named, Some(&[])).await.unwrap().unwrap();
    let marking = Some(Marking { of, mark });
    let trail = Trail { right, ..Trail::default() };
    let own = Lane { receiver: to, case: row.case };
    let one = Admission { event: "misdirected".into(), marking, trail, ..admission(id, own) };
    assert_eq!(ledger.admit(one).await.unwrap(), Admitted::New);
}

async fn routed(ledger: &Ledger, id: &str, to: usize, found: bool) {
    let state = if found { MessageState::Waiting } else { MessageState::Held };
    let trail = Trail { found: Some(found), ..Trail::default() };
    let one = Admission { state, trail, ..admission(id, lane(to, 1)) };
    assert_eq!(ledger.admit(one).await.unwrap(), Admitted::New);
}

#[tokio::test]
async fn what_was_not_for_its_receiver_goes_on_once_and_survives_a_crash() {
    let (dir, ledger) = open();
    routed(&ledger, "m1", 1, true).await;
    ledger.admit(admission("m2", lane(1, 1))).await.unwrap();
    for (id, of) in [("x1", "m1"), ("x2", "m2"), ("x3", "m1")] {
        mark(&ledger, id, of, Mark::Misdirected, Some(receiver(2))).await;
    }
    drop(ledger);
    let ledger = Ledger::open(options(&dir)).unwrap();
    let stranded = ledger.stranded(9).await.unwrap();
    assert_eq!(stranded.len(), 1, "only what was sent to a routing address, and once");
    let one = &stranded[0];
    assert_eq!(
        (one.message.as_str(), one.sender_id.as_str(), one.times, one.held),
        ("gw-m1", "m1", 0, false)
    );
    assert_eq!((&one.right, one.original.as_slice()), (&Some(receiver(2)), &b"{\"original\":\"m1\"}"[..]));
    let went = known(&ledger, 1).await.went;
    assert_eq!(
        went.iter().map(|w| (w.receiver.clone(), w.refused)).collect::<Vec<_>>(),
        [(receiver(1), true)]
    );
    let trail = Trail { found: Some(true), goes_on: Some(one.number), ..Trail::default() };
    let mut next = Admission { id: "gw-m1b".into(), trail, ..admission("m1", lane(2, 1)) };
    next.key.protocol = "onward-1";
    assert_eq!(ledger.admit(next.clone()).await.unwrap(), Admitted::New);
    assert!(ledger.stranded(9).await.unwrap().is_empty());
    next.key.protocol = "onward-2";
    assert!(ledger.admit(next).await.is_err(), "it goes on no second time");
    let went = known(&ledger, 1).await.went;
    assert_eq!(went.iter().map(|w| w.refused).collect::<Vec<_>>(), [false, true], "the newest first");
    assert_eq!(
        state(&ledger, "gw-m1").await,
        MessageState::Misdirected,
        "and the first is not tried any more"
    );
    assert!(ledger.verify().await.unwrap().ok);
}

#[tokio::test]
async fn what_is_held_for_a_receiver_stays_so_until_something_goes_on_in_its_place() {
    let (_dir, ledger) = open();
    routed(&ledger, "m1", 9, false).await;
    let ruling = |message: &str| Ruling {
        message: format!("gw-{message}"),
        release: true,
        by: "anna".into(),
        reason: "checked".into(),
        now: second(1),
    };
    assert_eq!(ledger.decide(ruling("m1")).await.unwrap(), 1);
    assert_eq!(ledger.decide(ruling("m1")).await.unwrap(), 1, "twice is once");
    assert_eq!(state(&ledger, "m1").await, MessageState::Held);
    let stranded = ledger.stranded(9).await.unwrap();
    assert_eq!(stranded.iter().map(|s| s.held).collect::<Vec<_>>(), [true]);
    ledger.leave(stranded[0].number, event(EventKind::Held, second(2))).await.unwrap();
    assert_eq!(state(&ledger, "m1").await, MessageState::Held);
    ledger.decide(ruling("m1")).await.unwrap();
    let number = ledger.stranded(9).await.unwrap()[0].number;
    let trail = Trail { found: Some(true), goes_on: Some(number), ..Trail::default() };
    let mut next = Admission { id: "gw-m1b".into(), trail, ..admission("m1", lane(2, 1)) };
    next.key.protocol = "onward-1";
    assert_eq!(ledger.admit(next).await.unwrap(), Admitted::New);
    assert_eq!(state(&ledger, "gw-m1").await, MessageState::Superseded);
    let totals = ledger.totals().await.unwrap();
    assert_eq!((totals.accepted, totals.held, totals.superseded, totals.waiting), (2, 0, 1, 1));
    // One that is held for another reason is let go as ever, and one that is annulled does not go on.
    let trail = Trail { found: Some(true), ..Trail::default() };
    let other = Admission { state: MessageState::Held, trail, ..admission("m2", lane(3, 1)) };
    ledger.admit(other).await.unwrap();
    ledger.decide(ruling("m2")).await.unwrap();
    assert_eq!(state(&ledger, "m2").await, MessageState::Waiting);
    routed(&ledger, "m3", 9, false).await;
    ledger.decide(ruling("m3")).await.unwrap();
    mark(&ledger, "x3", "m3", Mark::Annulled, None).await;
    assert!(ledger.stranded(9).await.unwrap().is_empty());
    assert_eq!(state(&ledger, "m3").await, MessageState::Annulled);
    assert!(ledger.verify().await.unwrap().ok);
}
