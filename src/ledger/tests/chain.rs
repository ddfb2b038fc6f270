//! Every way of touching the chain is found; writing beside a walk is not mistaken for one.

use super::*;
use crate::ledger::sqlite::FILE;
use rusqlite::Connection;

/// Twelve events over three messages, then closed, then changed by this SQL, then walked.
async fn after(sql: &str) -> crate::ledger::ChainReport {
    let (dir, ledger) = open();
    for n in 0..3 {
        ledger.admit(admission(&format!("m{n}"), lane(1, n))).await.unwrap();
    }
    for one in ledger.claim(second(1), 8, Room::plenty()).await.unwrap() {
        ledger.settle(settlement(&one.id, DeliveryState::Delivered, second(2))).await.unwrap();
    }
    drop(ledger);
    let conn = Connection::open(dir.path().join("state").join(FILE)).unwrap();
    conn.execute_batch(sql).unwrap();
    drop(conn);
    Ledger::read(&dir.path().join("state")).unwrap().verify().await.unwrap()
}

#[tokio::test]
async fn an_untouched_chain_is_whole() {
    let report = after("").await;
    assert!(report.ok, "{report:?}");
    assert_eq!((report.events, report.tip.len()), (12, 64));
}

#[tokio::test]
async fn every_field_is_covered() {
    for change in [
        "at = at + 1",
        "kind = 'refused'",
        "message = 'gw-m9'",
        "message = NULL",
        "delivery = coalesce(delivery, '') || 'x'",
        "party = 'SE2120009909-KOM1'",
        "code = ''",
        "detail = '{\"attempt\":9}'",
        "hash = zeroblob(32)",
        "hash = x''",
    ] {
        let report = after(&format!("UPDATE event SET {change} WHERE seq = 5")).await;
        assert_eq!((report.ok, report.broken), (false, Some(5)), "{change}");
    }
}

#[tokio::test]
async fn a_missing_or_moved_event_is_found() {
    let report = after("DELETE FROM event WHERE seq = 4").await;
    assert_eq!((report.broken, report.events), (Some(4), 3));
    let report = after("DELETE FROM event WHERE seq = 1").await;
    assert_eq!(report.broken, Some(1));
    let swap = "UPDATE event SET seq = -5 WHERE seq = 5; UPDATE event SET seq = 5 WHERE seq = 6; \
                UPDATE event SET seq = 6 WHERE seq = -5;";
    assert_eq!(after(swap).await.broken, Some(5));
    let close = "DELETE FROM event WHERE seq = 4; UPDATE event SET seq = seq - 1 WHERE seq > 4;";
    assert_eq!(after(close).await.broken, Some(4));
    let insert = "INSERT INTO event SELECT 13, at, kind, message, delivery, party, code, detail, hash, listed \
                  FROM event WHERE seq = 12";
    assert_eq!(after(insert).await.broken, Some(13));
}

#[tokio::test]
async fn a_cut_tail_is_found_by_the_rows_that_outrun_it() {
    let report = after("DELETE FROM event WHERE seq > 10").await;
    assert_eq!((report.ok, report.broken), (false, Some(11)), "{report:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_walk_beside_writing_raises_no_false_alarm() {
    let (_dir, ledger) = open();
    let writing = ledger.clone();
    let writer = tokio::spawn(async move {
        for n in 0..200 {
            writing.admit(admission(&format!("m{n}"), lane(n % 3, n))).await.unwrap();
        }
    });
    while !writer.is_finished() {
        let report = ledger.verify().await.unwrap();
        assert!(report.ok, "{report:?}");
    }
    writer.await.unwrap();
    assert_eq!(ledger.verify().await.unwrap().events, 400);
}
