//! Full disks, broken files, full queues, foreign and newer stores, and reading beside writing.

use super::*;
use crate::ledger::{
    sqlite::{FILE, Trouble},
    task::{Command, Done, Task},
};
use rusqlite::Connection;
use std::{
    io::{Seek, SeekFrom, Write},
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    time::Duration,
};
use tokio::sync::oneshot;

impl Ledger {
    /// Runs something on the writer's connection, within its transaction.
    async fn probe(&self, probe: impl Fn(&Connection) -> Result<(), Trouble> + Send + 'static) {
        self.send(Task::Probe(Box::new(probe))).await.unwrap().unwrap();
    }

    fn send(&self, task: Task) -> oneshot::Receiver<Result<Done, Failure>> {
        let (reply, answer) = oneshot::channel();
        let desk = self.inside.desk.as_ref().unwrap();
        desk.waiting.fetch_add(1, Ordering::AcqRel);
        desk.queue.as_ref().unwrap().send(Command { task, reply }).unwrap();
        answer
    }

    /// Stops the writer until the sender is dropped.
    async fn stall(&self) -> mpsc::Sender<()> {
        let (go, wait) = mpsc::channel::<()>();
        let (reached, there) = mpsc::channel();
        let wait = Mutex::new(wait);
        drop(self.send(Task::Probe(Box::new(move |_| {
            reached.send(()).unwrap();
            let _ = wait.lock().unwrap().recv();
            Ok(())
        }))));
        tokio::task::spawn_blocking(move || there.recv().unwrap()).await.unwrap();
        go
    }
}

/// Lets the database grow by this many pages from now on.
fn room_for(pages: i64) -> impl Fn(&Connection) -> Result<(), Trouble> + Send {
    move |conn| {
        let now: i64 = conn.query_row("PRAGMA page_count", [], |row| row.get(0))?;
        Ok(conn.query_row(&format!("PRAGMA max_page_count={}", now + pages), [], |_| Ok(()))?)
    }
}

fn big(id: &str) -> Admission {
    Admission { original: vec![b'x'; 100_000], ..admission(id, lane(1, 1)) }
}

#[tokio::test]
async fn a_full_store_refuses_and_then_goes_on() {
    let (_dir, ledger) = open();
    ledger.admit(admission("m1", lane(1, 1))).await.unwrap();
    ledger.probe(room_for(4)).await;
    let failure = ledger.admit(big("m2")).await.unwrap_err();
    assert!(matches!(failure, Failure::Store(_)), "{failure:?}");
    assert!(ledger.message("m2").await.unwrap().is_none());
    assert!(ledger.failure().is_none(), "a full disk is not the end");
    // What was promised still goes out.
    assert_eq!(ids(&ledger.claim(second(1), 8, Room::plenty()).await.unwrap()), ["d-m1"]);
    ledger.settle(settlement("d-m1", DeliveryState::Delivered, second(2))).await.unwrap();

    ledger.probe(room_for(100_000)).await;
    assert_eq!(ledger.admit(big("m2")).await.unwrap(), Admitted::New);
    assert!(ledger.verify().await.unwrap().ok);
    assert_eq!(ledger.totals().await.unwrap().accepted, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_settlement_survives_an_admission_that_fills_the_disk() {
    let (_dir, ledger) = open();
    ledger.admit(admission("m1", lane(1, 1))).await.unwrap();
    ledger.claim(second(1), 1, Room::plenty()).await.unwrap();
    ledger.probe(room_for(4)).await;
    let go = ledger.stall().await;
    let admitted = ledger.send(Task::Admit(Box::new(big("m2")), None));
    let settled = ledger.send(Task::Settle(settlement("d-m1", DeliveryState::Delivered, second(2))));
    drop(go);
    assert!(matches!(admitted.await.unwrap(), Err(Failure::Store(_))));
    assert!(settled.await.unwrap().is_ok());
    assert_eq!(state(&ledger, "m1").await, MessageState::Delivered);
    assert!(ledger.verify().await.unwrap().ok);
}

#[tokio::test]
async fn below_the_reserve_only_what_is_owed_is_done() {
    static FREE: AtomicU64 = AtomicU64::new(u64::MAX);
    let dir = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(Options {
        min_free_bytes: 1000,
        free_bytes: |_| Ok(FREE.load(Ordering::Acquire)),
        ..options(&dir)
    })
    .unwrap();
    let first = admission("m1", lane(1, 1));
    ledger.admit(first.clone()).await.unwrap();
    FREE.store(999, Ordering::Release);
    assert!(matches!(ledger.admit(admission("m2", lane(1, 2))).await, Err(Failure::Store(_))));
    assert_eq!(ledger.admit(first.clone()).await.unwrap(), Admitted::Repeat(first.answer));
    ledger.record(vec![event(EventKind::Refused, second(1))]).await.unwrap();
    FREE.store(499, Ordering::Release);
    assert!(matches!(
        ledger.record(vec![event(EventKind::Refused, second(1))]).await,
        Err(Failure::Store(_))
    ));
    assert_eq!(ledger.claim(second(1), 8, Room::plenty()).await.unwrap().len(), 1);
    ledger.settle(settlement("d-m1", DeliveryState::Delivered, second(2))).await.unwrap();
    FREE.store(1000, Ordering::Release);
    assert_eq!(ledger.admit(admission("m2", lane(1, 2))).await.unwrap(), Admitted::New);
}

#[tokio::test]
async fn one_bad_command_takes_no_other_with_it() {
    let (_dir, ledger) = open();
    ledger.admit(admission("m0", lane(1, 0))).await.unwrap();
    let go = ledger.stall().await;
    let mut bad = admission("m2", lane(1, 2));
    bad.id = "gw-m0".into();
    let answers = [admission("m1", lane(1, 1)), bad, admission("m3", lane(1, 3))]
        .map(|one| ledger.send(Task::Admit(Box::new(one), None)));
    drop(go);
    let mut told = Vec::new();
    for answer in answers {
        told.push(answer.await.unwrap());
    }
    assert!(told[0].is_ok() && told[2].is_ok());
    assert!(matches!(told[1], Err(Failure::Internal(_))));
    assert!(ledger.message("m2").await.unwrap().is_none());
    assert!(ledger.refusals(9).await.unwrap().is_empty());
    let totals = ledger.totals().await.unwrap();
    assert_eq!((totals.accepted, totals.events, totals.deliveries_waiting), (3, 6, 3));
    assert!(ledger.verify().await.unwrap().ok);
}

#[tokio::test]
async fn a_full_queue_refuses_what_is_new_and_takes_what_is_owed() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(Options { queue: 2, ..options(&dir) }).unwrap();
    ledger.admit(admission("m0", lane(1, 0))).await.unwrap();
    ledger.claim(second(1), 1, Room::plenty()).await.unwrap();
    let go = ledger.stall().await;
    let first = ledger.send(Task::Admit(Box::new(admission("m1", lane(1, 1))), None));
    let second_one = ledger.send(Task::Admit(Box::new(admission("m2", lane(1, 2))), None));
    assert!(matches!(ledger.admit(admission("m3", lane(1, 3))).await, Err(Failure::Overloaded)));
    assert!(matches!(
        ledger.record(vec![event(EventKind::Refused, second(1))]).await,
        Err(Failure::Overloaded)
    ));
    let settling = ledger.clone();
    let owed = tokio::spawn(async move {
        settling.settle(settlement("d-m0", DeliveryState::Delivered, second(2))).await
    });
    tokio::task::yield_now().await;
    drop(go);
    owed.await.unwrap().unwrap();
    assert!(first.await.unwrap().is_ok() && second_one.await.unwrap().is_ok());
    assert_eq!(ledger.admit(admission("m3", lane(1, 3))).await.unwrap(), Admitted::New);
}

#[tokio::test]
async fn a_broken_file_ends_the_ledger() {
    let (dir, ledger) = open();
    for n in 0..50 {
        ledger.admit(admission(&format!("m{n}"), lane(1, n))).await.unwrap();
    }
    drop(ledger);
    // Everything but the first two pages becomes nonsense; no connection is open now.
    let path = dir.path().join("state").join(FILE);
    let mut file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
    let length = file.metadata().unwrap().len();
    file.seek(SeekFrom::Start(16_384)).unwrap();
    file.write_all(&vec![0xa5; (length - 16_384) as usize]).unwrap();
    drop(file);
    let Ok(ledger) = Ledger::open(options(&dir)) else { return };
    let failure = ledger.admit(admission("new", lane(1, 1))).await.unwrap_err();
    assert!(matches!(failure, Failure::Store(_)), "{failure:?}");
    let reason = tokio::time::timeout(Duration::from_secs(5), ledger.failed()).await.unwrap();
    assert!(!reason.is_empty());
    assert!(matches!(ledger.totals().await, Err(Failure::Store(_))));
    assert!(matches!(
        ledger.settle(settlement("d-m1", DeliveryState::Held, second(1))).await,
        Err(Failure::Store(_))
    ));
}

#[tokio::test]
async fn a_newer_or_missing_store_is_refused_in_words() {
    let (dir, ledger) = open();
    drop(ledger);
    let state = dir.path().join("state");
    Connection::open(state.join(FILE)).unwrap().execute_batch("PRAGMA user_version=99").unwrap();
    for error in [Ledger::open(options(&dir)).err().unwrap(), Ledger::read(&state).err().unwrap()] {
        assert!(error.to_string().contains("newer Sluss"), "{error}");
    }
    assert!(Ledger::read(&dir.path().join("nothing")).is_err());
}

#[tokio::test]
async fn only_the_owner_can_enter_the_folder() {
    use std::os::unix::fs::PermissionsExt;
    let (dir, _ledger) = open();
    let mode = std::fs::metadata(dir.path().join("state")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}

#[tokio::test]
async fn a_reader_sees_what_is_committed_and_writes_nothing() {
    let (dir, ledger) = open();
    let state = dir.path().join("state");
    ledger.admit(admission("m1", lane(1, 1))).await.unwrap();
    let reader = Ledger::read(&state).unwrap();
    assert_eq!(reader.totals().await.unwrap().accepted, 1);
    ledger.admit(admission("m2", lane(1, 1))).await.unwrap();
    assert_eq!(reader.messages(&Filter::default()).await.unwrap().len(), 2);
    assert!(reader.verify().await.unwrap().ok);
    assert!(reader.admit(admission("m3", lane(1, 1))).await.is_err());
    drop(reader);
    drop(ledger);
    // Nobody writes and the log is gone: still readable.
    let reader = Ledger::read(&state).unwrap();
    assert_eq!(reader.totals().await.unwrap().accepted, 2);
}

/// Real ENOSPC. `cargo test -- --ignored real_disk` as root.
#[tokio::test]
#[ignore = "mounts a tmpfs, which takes root"]
async fn a_real_disk_that_is_full_refuses_and_then_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let run = |name: &str, args: &[&str]| {
        assert!(std::process::Command::new(name).args(args).status().unwrap().success(), "{name}");
    };
    let at = dir.path().to_str().unwrap();
    run("mount", &["-t", "tmpfs", "-o", "size=4m", "tmpfs", at]);
    let ledger = Ledger::open(options(&dir)).unwrap();
    let filler = dir.path().join("filler");
    std::fs::write(&filler, vec![0; 1 << 20]).unwrap();
    let mut stored = Vec::new();
    let mut refused = 0;
    for n in 0..60 {
        match ledger.admit(big(&format!("m{n}"))).await {
            Ok(_) => stored.push(format!("m{n}")),
            Err(failure) => {
                assert!(matches!(failure, Failure::Store(_)), "{failure:?}");
                assert!(ledger.failure().is_none(), "{:?}", ledger.failure());
                refused += 1;
            }
        }
    }
    assert!(refused > 0 && !stored.is_empty());
    std::fs::remove_file(&filler).unwrap();
    assert_eq!(ledger.admit(admission("after", lane(2, 1))).await.unwrap(), Admitted::New);
    drop(ledger);
    let ledger = Ledger::open(options(&dir)).unwrap();
    for id in &stored {
        assert!(ledger.message(id).await.unwrap().is_some(), "{id} was acknowledged");
    }
    assert_eq!(ledger.totals().await.unwrap().accepted as usize, stored.len() + 1);
    assert!(ledger.verify().await.unwrap().ok);
    drop(ledger);
    run("umount", &[at]);
}
