//! Stores of older versions are brought up with all that is in them.
//!
//! Invariant: what is asked of a store before and after is answered alike, and it goes on from there.

use super::*;
use crate::ledger::{DeliveryRow, EventRow, MessageRow, Totals, sqlite::FILE};
use rusqlite::Connection;
use std::path::Path;

/// From version 9 back to 8.
const TO_8: &str = "DROP TABLE placement; DROP TABLE routed; DROP TABLE onward; PRAGMA user_version=8";

/// From version 8 back to 7.
const TO_7: &str =
    "DROP TABLE cursor; DROP TABLE told; DROP TABLE terms; DROP TABLE watched; DROP TABLE case_state;
    DROP TABLE obligation; DROP TABLE problem; DROP TABLE rhythm; PRAGMA user_version=7";

/// From version 7 back to 6.
const TO_6: &str = "ALTER TABLE message DROP COLUMN subject; ALTER TABLE message DROP COLUMN agreement;
    ALTER TABLE message DROP COLUMN answers; ALTER TABLE message DROP COLUMN details; PRAGMA user_version=6";

/// From version 6 back to 5.
const TO_5: &str = "DROP TABLE owed; ALTER TABLE message DROP COLUMN receipts; PRAGMA user_version=5";

/// From version 5 back to 4.
const TO_4: &str = "DROP TABLE mark; PRAGMA user_version=4";

/// From version 4 back to 3.
const TO_3: &str = "DROP INDEX delivery_lent; ALTER TABLE delivery DROP COLUMN lent; PRAGMA user_version=3";

/// From version 3 back to 2, as version 2 was laid out.
const TO_2: &str = "
    ALTER TABLE message ADD COLUMN state TEXT NOT NULL DEFAULT '';
    UPDATE message SET state = (SELECT CASE max(CASE state WHEN 'delivered' THEN 0 WHEN 'expired' THEN 1
        WHEN 'rejected' THEN 2 WHEN 'held' THEN 4 ELSE 3 END)
      WHEN 0 THEN 'delivered' WHEN 1 THEN 'expired' WHEN 2 THEN 'rejected' WHEN 4 THEN 'held' ELSE 'waiting' END
      FROM delivery WHERE message = message.seq);
    ALTER TABLE message DROP COLUMN event_from;
    ALTER TABLE message DROP COLUMN delivery_from;
    ALTER TABLE message DROP COLUMN delivery_to;
    CREATE INDEX message_trouble ON message (state, seq) WHERE state IN ('held', 'rejected', 'expired');
    DROP INDEX event_message;
    ALTER TABLE event DROP COLUMN listed;
    CREATE INDEX event_message ON event (message, seq) WHERE message IS NOT NULL;
    UPDATE delivery SET facts = facts + 1000;
    INSERT INTO body (id, content) SELECT d.facts, f.facts FROM delivery d JOIN body f ON f.id = d.facts - 1000;
    DELETE FROM body WHERE id < 1000 AND id NOT IN (SELECT body FROM delivery UNION SELECT original FROM message
      UNION SELECT body FROM consent);
    ALTER TABLE body DROP COLUMN facts;
    ALTER TABLE delivery RENAME TO new_delivery;
    CREATE TABLE delivery (seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, message INTEGER NOT NULL,
      receiver TEXT NOT NULL, case_id TEXT NOT NULL, state TEXT NOT NULL, open INTEGER NOT NULL, head INTEGER NOT NULL,
      attempt INTEGER NOT NULL, next_at INTEGER NOT NULL, expires INTEGER NOT NULL, format TEXT NOT NULL,
      body INTEGER NOT NULL, facts INTEGER NOT NULL, event_seq INTEGER NOT NULL) STRICT;
    INSERT INTO delivery SELECT * FROM new_delivery;
    DROP TABLE new_delivery;
    CREATE INDEX delivery_message ON delivery (message);
    CREATE INDEX delivery_lane ON delivery (receiver, case_id, seq) WHERE open = 1;
    CREATE INDEX delivery_due ON delivery (receiver, next_at, seq) WHERE head = 1 AND state = 'waiting';
    CREATE INDEX delivery_expiry ON delivery (expires, seq) WHERE state = 'waiting';
    CREATE TABLE old_tally (name TEXT PRIMARY KEY, count INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    INSERT INTO old_tally SELECT j.key, j.value FROM tally t, json_each(t.counts) j;
    DROP TABLE tally;
    ALTER TABLE old_tally RENAME TO tally;
    PRAGMA user_version=2;";

/// From version 2 back to 1.
const TO_1: &str =
    "DROP INDEX message_trouble; CREATE INDEX message_state ON message (state, seq); PRAGMA user_version=1";

/// Some of everything: delivered, one of two delivered, held, waiting after an attempt, passed byte for byte.
async fn fill(ledger: &Ledger) {
    for (n, id) in ["m1", "m2", "m3", "m4"].iter().enumerate() {
        ledger.admit(admission(id, lane(1, n))).await.unwrap();
    }
    let mut both = admission("m5", lane(2, 1));
    both.original = both.deliveries[0].body.clone();
    both.deliveries.push(NewDelivery { id: "d-m5/2".into(), lane: lane(3, 1), ..both.deliveries[0].clone() });
    ledger.admit(both).await.unwrap();
    ledger.admit(Admission { state: MessageState::Held, ..admission("m6", lane(2, 1)) }).await.unwrap();
    assert_eq!(ledger.claim(second(1), 9, Room::plenty()).await.unwrap().len(), 6);
    for (id, state) in [
        ("d-m1", DeliveryState::Delivered),
        ("d-m2", DeliveryState::Rejected),
        ("d-m3", DeliveryState::Waiting),
        ("d-m5", DeliveryState::Delivered),
    ] {
        ledger.settle(settlement(id, state, second(2))).await.unwrap();
    }
    ledger.put_consent(&[1; 32], "c1", 1, vec![5], event(EventKind::Consent, second(3))).await.unwrap();
}

/// All that a store answers, but for commits.
type Told = (Vec<MessageRow>, Vec<Vec<EventRow>>, Vec<Vec<DeliveryRow>>, Totals, String, Vec<Vec<u8>>);

async fn told(ledger: &Ledger) -> Told {
    let messages = ledger.messages(&Filter::default()).await.unwrap();
    let (mut journeys, mut deliveries) = (Vec::new(), Vec::new());
    for message in &messages {
        journeys.push(ledger.journey(&message.id).await.unwrap());
        deliveries.push(ledger.deliveries(&message.id).await.unwrap());
        let listed = Filter { state: Some(message.state), ..Filter::default() };
        assert!(ledger.messages(&listed).await.unwrap().contains(message), "{}", message.id);
    }
    let chain = ledger.verify().await.unwrap();
    assert!(chain.ok, "{chain:?}");
    let consents = ledger.consents(&[1; 32]).await.unwrap().into_iter().map(|c| c.body).collect();
    (messages, journeys, deliveries, ledger.totals().await.unwrap(), chain.tip, consents)
}

fn change(state: &Path, sql: &str) {
    Connection::open(state.join(FILE)).unwrap().execute_batch(sql).unwrap();
}

#[tokio::test]
async fn an_older_store_is_brought_up_with_all_that_is_in_it() {
    let back = [TO_8, TO_7, TO_6, TO_5, TO_4, TO_3, TO_2, TO_1];
    for steps in (1..=back.len()).map(|n| &back[..n]) {
        let (dir, ledger) = open();
        fill(&ledger).await;
        let before = told(&ledger).await;
        let states: Vec<MessageState> = before.0.iter().map(|m| m.state).collect();
        use MessageState::{Delivered, Held, Rejected, Waiting};
        assert_eq!(states, [Held, Waiting, Waiting, Waiting, Rejected, Delivered]);
        drop(ledger);
        let state = dir.path().join("state");
        steps.iter().for_each(|sql| change(&state, sql));
        let error = Ledger::read(&state).err().unwrap();
        assert!(error.to_string().contains("start the gateway once"), "{error}");
        drop(Ledger::open(options(&dir)).unwrap());
        assert!(Ledger::read(&state).is_ok());

        let ledger = Ledger::open(options(&dir)).unwrap();
        let after = told(&ledger).await;
        assert!(before == after, "{before:#?}\n{after:#?}");
        followed(&ledger).await;
        go_on(&ledger).await;
    }
}

/// What was admitted before persons were kept is followed by its cases: no message is left out.
async fn followed(ledger: &Ledger) {
    let heard = ledger.hear(0, 1000).await.unwrap();
    let mut told = Vec::new();
    for (subject, news) in &heard.touched {
        told.extend(ledger.story(subject, news).await.unwrap().into_iter().map(|row| row.message));
    }
    told.sort();
    told.dedup();
    assert_eq!(told, ["gw-m1", "gw-m2", "gw-m3", "gw-m4", "gw-m5", "gw-m6"]);
    assert_eq!(heard.sent.len(), 6, "each was sent by somebody");
}

/// What was under way is recovered, what waits is sent as it was stored, new messages are taken.
async fn go_on(ledger: &Ledger) {
    let first = admission("m1", lane(1, 0));
    assert_eq!(ledger.admit(first.clone()).await.unwrap(), Admitted::Repeat(first.answer));
    let recovered = ledger.recover(second(5), |who| *who == receiver(3)).await.unwrap();
    assert_eq!(recovered, Recovered { retried: 1, held: 1 });
    assert_eq!(state(ledger, "m4").await, MessageState::Held);
    let claimed = ledger.claim(second(5), 9, Room::plenty()).await.unwrap();
    assert_eq!(ids(&claimed), ["d-m3", "d-m5/2"]);
    for (one, id) in claimed.iter().zip(["m3", "m5"]) {
        assert_eq!(one.body, format!("{{\"for\":\"{id}\"}}").into_bytes());
        assert_eq!((one.facts.as_str(), one.attempt), (format!("{{\"fact\":\"{id}\"}}").as_str(), 2));
        ledger.settle(settlement(&one.id, DeliveryState::Delivered, second(6))).await.unwrap();
    }
    assert_eq!(state(ledger, "m5").await, MessageState::Delivered);
    ledger.admit(admission("m7", lane(4, 1))).await.unwrap();
    let kinds: Vec<String> = ledger.journey("gw-m5").await.unwrap().into_iter().map(|e| e.kind).collect();
    assert_eq!(
        kinds,
        ["decided", "accepted", "attempt", "attempt", "delivered", "unknown", "attempt", "delivered"]
    );
    let totals = ledger.totals().await.unwrap();
    assert_eq!((totals.accepted, totals.delivered, totals.held, totals.rejected), (7, 3, 2, 1));
    assert!(ledger.verify().await.unwrap().ok);
}
