//! The ledger: what happened and what is owed, durable and hash-chained.
//!
//! Invariant: no call that changes anything resolves before the transaction that holds it is
//! committed and synced; every change has its event in the same transaction; one thread writes.
//! Deliberately absent: FHIR, HTTP, retry policy, permission, clocks — callers say what time it is.

mod admit;
mod case_rows;
mod cases;
mod chain;
mod claim;
mod consent;
mod decide;
mod follow;
mod following;
mod mailbox;
mod mark;
mod notices;
mod owed;
mod pool;
mod questions;
mod rows;
mod schema;
mod settle;
mod slots;
mod sqlite;
mod subject;
mod tally;
mod task;
mod terms;
mod trail;
mod writer;

#[cfg(test)]
mod tests;

pub use crate::model::{Key, NewDelivery, Settlement};
pub use case_rows::{CaseRow, ObligationRow, ProblemRow, RhythmRow, ToldRow};
pub use cases::ProblemFilter;
pub use decide::Ruling;
pub use follow::{Heard, News, SubjectHash};
pub use following::{Followed, Following};
pub use rows::{ChainReport, ConsentRow, DeliveryRow, EventRow, Filter, MessageRow, Totals};
pub use slots::{Slot, Slots, Survey};
pub use subject::SubjectKey;
pub use terms::{Admission, Admitted, Known, Options, Owed, Recovered, Room, Stranded, Sync, Telling, Trail};

use crate::model::{Delivery, Event, Failure, HsaId, Named, Referred};
use jiff::Timestamp;
use pool::Pool;
use sqlite::Health;
use std::{
    collections::HashSet,
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread::JoinHandle,
};
use task::{Command, Done, Task};
use tokio::sync::{
    mpsc::{UnboundedReceiver, unbounded_channel},
    oneshot, watch,
};

/// A ledger, open. Clones share it; dropping the last one writes what waits and closes.
#[derive(Clone)]
pub struct Ledger {
    inside: Arc<Inside>,
}

struct Inside {
    pool: Pool,
    short: Box<dyn Fn() -> bool + Send + std::marker::Sync>,
    health: Arc<Health>,
    desk: Option<Desk>,
}

/// The writer as seen from outside.
struct Desk {
    queue: Option<mpsc::Sender<Command>>,
    waiting: Arc<AtomicUsize>,
    most: usize,
    changed: watch::Receiver<u64>,
    grown: watch::Receiver<i64>,
    begun: Mutex<Option<UnboundedReceiver<(Delivery, Slot)>>>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            // A writer that panicked has told so through `Health`.
            let _ = thread.join();
        }
    }
}

impl Ledger {
    /// Opens or makes the store and starts its writer. One process at a time.
    pub fn open(options: Options) -> Result<Ledger, Failure> {
        let health = Arc::new(Health::new());
        let waiting = Arc::new(AtomicUsize::new(0));
        let (changes, changed) = watch::channel(0);
        let (growth, grown) = watch::channel(0);
        let (begins, begun) = unbounded_channel();
        let (queue, commands) = mpsc::channel();
        let pool = Pool::new(&options.directory, options.readers, health.clone());
        let most = options.queue;
        let short = short_of(&options);
        let thread =
            writer::start(options, commands, waiting.clone(), health.clone(), (changes, growth), begins)?;
        let begun = Mutex::new(Some(begun));
        let desk = Desk { queue: Some(queue), waiting, most, changed, grown, begun, thread: Some(thread) };
        Ok(Ledger { inside: Arc::new(Inside { pool, short, health, desk: Some(desk) }) })
    }

    /// Opens an existing store for questions only, beside a running gateway or without one.
    pub fn read(directory: &Path) -> Result<Ledger, Failure> {
        let health = Arc::new(Health::new());
        let pool = Pool::new(directory, 1, health.clone());
        pool.probe()?;
        Ok(Ledger { inside: Arc::new(Inside { pool, short: Box::new(|| false), health, desk: None }) })
    }

    /// Is this key on record?
    pub async fn known(&self, key: &Key, hash: &[u8; 32]) -> Result<Option<Known>, Failure> {
        let (key, hash) = (key.clone(), *hash);
        self.inside.pool.ask(move |conn| admit::known(conn, &key, &hash)).await
    }

    /// The message that another names. `beside`: event codes that are no steps of a case, where a later step matters.
    pub async fn named(&self, named: &Named, beside: Option<&[String]>) -> Result<Option<Referred>, Failure> {
        let (named, beside) = (named.clone(), beside.map(|list| serde_json::json!(list).to_string()));
        self.inside.pool.ask(move |conn| mark::referred(conn, &named, beside.as_deref())).await
    }

    /// Puts an accepted message on record with its deliveries, events and answer. The duplicate rule
    /// is applied again inside the transaction.
    pub async fn admit(&self, admission: Admission) -> Result<Admitted, Failure> {
        self.admit_with(admission, None).await
    }

    /// The same; with a slot the attempt at the first delivery is put on record in the same
    /// transaction if nothing is before it in its lane, and the delivery comes out at
    /// [`Ledger::begun`]. Otherwise the slot is given back and the delivery waits for a claim.
    pub async fn admit_with(&self, admission: Admission, slot: Option<Slot>) -> Result<Admitted, Failure> {
        match self.ask_writer(Task::Admit(Box::new(admission), slot)).await? {
            Done::Admitted(admitted, _) => Ok(admitted),
            other => Err(other.astray()),
        }
    }

    /// Where deliveries come out whose attempt began with their admission. It can be taken once; after
    /// it is dropped, no attempt begins so.
    pub fn begun(&self) -> Option<UnboundedReceiver<(Delivery, Slot)>> {
        let desk = self.inside.desk.as_ref()?;
        desk.begun.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Puts events on record that change no state: refusals, callers turned away, the start.
    pub async fn record(&self, events: Vec<Event>) -> Result<(), Failure> {
        self.ask_writer(Task::Record(events)).await.map(drop)
    }

    /// Takes up to `limit` deliveries that are due, at the head of their lane and to a receiver that
    /// has room. Their attempts are on record when this returns. Deliveries whose time ran out are
    /// settled as expired on the way. Returns fewer than `limit` only if no more are due.
    pub async fn claim(&self, now: Timestamp, limit: usize, room: Room) -> Result<Vec<Delivery>, Failure> {
        match self.ask_writer(Task::Claim { now, limit, room }).await? {
            Done::Claimed(deliveries) => Ok(deliveries),
            other => Err(other.astray()),
        }
    }

    /// Puts a delivery's next state on record; when that is over, the next of its lane is head.
    /// Settling a delivery that is over already is a [`Failure::Internal`].
    pub async fn settle(&self, settlement: Settlement) -> Result<(), Failure> {
        self.ask_writer(Task::Settle(settlement)).await.map(drop)
    }

    /// To be called once, before the first claim: attempts without an outcome become `Unknown`; due
    /// again now where a repeat has no second effect, otherwise held.
    pub async fn recover(
        &self,
        now: Timestamp,
        idempotent: impl Fn(&HsaId) -> bool,
    ) -> Result<Recovered, Failure> {
        let receivers = self.inside.pool.ask(claim::interrupted_receivers).await?;
        let repeatable: HashSet<HsaId> = receivers.into_iter().filter(|r| idempotent(r)).collect();
        match self.ask_writer(Task::Recover { now, repeatable }).await? {
            Done::Recovered(recovered) => Ok(recovered),
            other => Err(other.astray()),
        }
    }

    /// When the next claim can have an effect: a head with room is due, or some delivery expires.
    /// May lie in the past.
    pub async fn next_due(&self, room: Room) -> Result<Option<Timestamp>, Failure> {
        self.inside.pool.ask(move |conn| claim::next_due(conn, &room)).await
    }

    /// Changes whenever something was committed that leaves a delivery to attempt, now or later: time to
    /// claim again. A change between two looks at the same receiver is never missed.
    pub fn changed(&self) -> watch::Receiver<u64> {
        match &self.inside.desk {
            Some(desk) => desk.changed.clone(),
            None => watch::channel(0).1,
        }
    }

    /// Resolves with the reason when the store is dead (I/O error, corruption): every further call
    /// fails, and the process must end and start anew.
    pub async fn failed(&self) -> String {
        self.inside.health.failed().await
    }

    /// Why the store is dead, if it is.
    pub fn failure(&self) -> Option<String> {
        self.inside.health.reason()
    }

    /// Is the free space near the reserve below which no message is taken?
    pub fn is_space_short(&self) -> bool {
        (self.inside.short)()
    }

    /// Accepted messages, newest first.
    pub async fn messages(&self, filter: &Filter) -> Result<Vec<MessageRow>, Failure> {
        let filter = filter.clone();
        self.inside.pool.ask(move |conn| questions::messages(conn, &filter)).await
    }

    /// One message by the gateway's id or the sender's; the newest if several senders use the id.
    pub async fn message(&self, id: &str) -> Result<Option<MessageRow>, Failure> {
        let id = id.to_owned();
        self.inside.pool.ask(move |conn| questions::message(conn, &id)).await
    }

    /// Is there one message alone with this id of a sender's?
    pub async fn is_only(&self, id: &str) -> Result<bool, Failure> {
        let id = id.to_owned();
        self.inside.pool.ask(move |conn| questions::is_only(conn, &id)).await
    }

    /// All events of a message (the gateway's id), in order.
    pub async fn journey(&self, message: &str) -> Result<Vec<EventRow>, Failure> {
        let id = message.to_owned();
        self.inside.pool.ask(move |conn| questions::journey(conn, &id)).await
    }

    /// All deliveries of a message (the gateway's id), in order.
    pub async fn deliveries(&self, message: &str) -> Result<Vec<DeliveryRow>, Failure> {
        let id = message.to_owned();
        self.inside.pool.ask(move |conn| questions::deliveries(conn, &id)).await
    }

    /// The newest refusals and callers turned away, newest first.
    pub async fn refusals(&self, limit: usize) -> Result<Vec<EventRow>, Failure> {
        self.inside.pool.ask(move |conn| questions::refusals(conn, limit)).await
    }

    /// A message's bytes as received (the gateway's id).
    pub async fn original(&self, message: &str) -> Result<Option<Vec<u8>>, Failure> {
        let id = message.to_owned();
        self.inside.pool.ask(move |conn| questions::original(conn, &id)).await
    }

    /// Counts.
    pub async fn totals(&self) -> Result<Totals, Failure> {
        self.inside.pool.ask(tally::totals).await
    }

    /// Walks the whole chain, in slices, so that writing goes on meanwhile.
    pub async fn verify(&self) -> Result<ChainReport, Failure> {
        let mut walk = chain::Walk::new();
        loop {
            let (next, more) = self.inside.pool.ask(move |conn| walk.slice(conn)).await?;
            walk = next;
            if !more {
                return Ok(walk.report());
            }
        }
    }

    /// Registers a version of a consent; `false` if that version is on record already for this
    /// subject. The same id about another subject is another consent.
    pub async fn put_consent(
        &self,
        subject_key: &[u8; 32],
        id: &str,
        version: u32,
        body: Vec<u8>,
        event: Event,
    ) -> Result<bool, Failure> {
        let (subject, id) = (*subject_key, id.to_owned());
        match self.ask_writer(Task::Consent { subject, id, version, body, event }).await? {
            Done::Yes(new) => Ok(new),
            other => Err(other.astray()),
        }
    }

    /// Is anything on record by the keyed hash of a person? Then its key must be there too.
    pub async fn goes_by_subject(&self) -> Result<bool, Failure> {
        self.inside.pool.ask(subject::any).await
    }

    /// The newest version of each consent about a subject.
    pub async fn consents(&self, subject_key: &[u8; 32]) -> Result<Vec<ConsentRow>, Failure> {
        let subject = *subject_key;
        self.inside.pool.ask(move |conn| consent::of(conn, &subject)).await
    }

    async fn ask_writer(&self, task: Task) -> Result<Done, Failure> {
        self.inside.health.check()?;
        let Some(desk) = &self.inside.desk else {
            return Err(Failure::Internal("the ledger is open for reading only".into()));
        };
        let Some(queue) = &desk.queue else {
            return Err(Failure::Store("the ledger is closed".into()));
        };
        if desk.waiting.fetch_add(1, Ordering::AcqRel) >= desk.most && !task.is_owed() {
            desk.waiting.fetch_sub(1, Ordering::AcqRel);
            return Err(Failure::Overloaded);
        }
        let (reply, answer) = oneshot::channel();
        if queue.send(Command { task, reply }).is_err() {
            return Err(self.stopped());
        }
        answer.await.unwrap_or_else(|_| Err(self.stopped()))
    }

    fn stopped(&self) -> Failure {
        self.inside.health.check().err().unwrap_or_else(|| Failure::Store("the writer has stopped".into()))
    }
}

/// Twice the reserve is near it. A disk that cannot be asked is not called short: the writer says that it cannot.
fn short_of(options: &Options) -> Box<dyn Fn() -> bool + Send + std::marker::Sync> {
    let (reserve, free, directory) = (options.min_free_bytes, options.free_bytes, options.directory.clone());
    Box::new(move || reserve > 0 && free(&directory).is_ok_and(|left| left < reserve.saturating_mul(2)))
}
