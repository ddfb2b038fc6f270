//! What the ledger is told: admissions, settlements, and how it is opened.
//!
//! Invariant: plain data; bodies and facts are bytes that the ledger never reads. Deliberately
//! absent: anything about FHIR, HTTP or SQL.

use crate::model::{Answer, DeliveryState, Event, Format, HsaId, Key, Marking, MessageState, NewDelivery};
use jiff::Timestamp;
use std::{
    collections::HashMap,
    fmt, io,
    path::{Path, PathBuf},
    time::Duration,
};

/// Is every commit synced before anything is answered?
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sync {
    /// Yes: the only setting that keeps the gateway's promise.
    Full,
    /// No, and answers leave [`Options::late`] before the commit: a control for tests, which must then
    /// see losses. Never reachable by configuration.
    Off,
}

/// How to open a ledger.
#[derive(Clone, Debug)]
pub struct Options {
    /// Folder of the store; made with mode 0700 if it is not there.
    pub directory: PathBuf,
    /// Synced commits, or the test control.
    pub sync: Sync,
    /// Read for [`Sync::Off`] only: how long after its answers a commit is made. A killed process keeps
    /// what it wrote in the system's memory, so missing syncs alone show only when power fails; this
    /// makes the same broken promise show at a kill. Zero: answers follow the commit.
    pub late: Duration,
    /// Commands that may wait; an admission, record or consent beyond it is [`Failure::Overloaded`].
    /// Claims and settlements are always taken: the dispatcher bounds them, and refusing them would
    /// turn known outcomes into unknown ones.
    ///
    /// [`Failure::Overloaded`]: crate::model::Failure::Overloaded
    pub queue: usize,
    /// Below this many free bytes admissions are refused; below half of it records and consents
    /// too. Claims and settlements go on as long as the disk takes them.
    pub min_free_bytes: u64,
    /// Asks the file system how many bytes are free. The default knows nothing and says "plenty".
    pub free_bytes: fn(&Path) -> io::Result<u64>,
    /// How long a commit may wait while commands keep coming; zero: never.
    pub gather: Duration,
    /// Connections for questions.
    pub readers: usize,
}

impl Options {
    /// Safe settings for a store in this folder.
    pub fn new(directory: impl Into<PathBuf>) -> Options {
        Options {
            directory: directory.into(),
            sync: Sync::Full,
            late: Duration::from_millis(20),
            queue: 1024,
            min_free_bytes: 64 << 20,
            free_bytes: |_| Ok(u64::MAX),
            gather: Duration::from_millis(6),
            readers: 4,
        }
    }
}

/// What is already on record under a [`Key`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Known {
    /// The same message: its first answer.
    Repeat(Answer),
    /// Another content under the same id.
    Conflict,
}

/// What came of an admission.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Admitted {
    /// It is on record and synced; the answer may leave.
    New,
    /// It was on record before: its first answer.
    Repeat(Answer),
    /// Another content is on record under the same id; nothing was stored.
    Conflict,
    /// What it annuls is not the newest step of its case; nothing was stored.
    Overtaken,
}

/// An accepted message with all that becomes durable with it, in one transaction.
#[derive(Clone)]
pub struct Admission {
    /// The gateway's id of the message.
    pub id: String,
    /// Duplicate key.
    pub key: Key,
    /// Hash of the content, the other half of the duplicate rule.
    pub hash: [u8; 32],
    /// Event code.
    pub event: String,
    /// Case.
    pub case: String,
    /// Message that this one changes or withdraws.
    pub refers_to: Option<String>,
    /// When the sender sent it.
    pub sent: Timestamp,
    /// When what it tells happened.
    pub occurred: Timestamp,
    /// When its last byte was read.
    pub received: Timestamp,
    /// Format of `original`.
    pub format: Format,
    /// The message as received.
    pub original: Vec<u8>,
    /// What the sender is answered, now and on every repeat.
    pub answer: Answer,
    /// Where it stands. `Held` puts its deliveries on record as held; otherwise they wait.
    pub state: MessageState,
    /// Deliveries, in order.
    pub deliveries: Vec<NewDelivery>,
    /// What it makes of an earlier message.
    pub marking: Option<Marking>,
    /// Ends of a delivery of which its sender is owed a receipt.
    pub receipts: Vec<DeliveryState>,
    /// Number of the receipt that it gives, if it is one of ours: then that is owed no more.
    pub gives: Option<i64>,
    /// What its case is told of it.
    pub telling: Telling,
    /// What routing keeps of it.
    pub trail: Trail,
    /// Events, in order. One without a message id gets this message's.
    pub events: Vec<Event>,
    /// Messages of their own that were made of this one and go on record with it.
    pub beside: Vec<Admission>,
}

/// What a case is told of a message. Read by whoever follows the record, not by the ledger.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Telling {
    /// Keyed hash of the person that it is about.
    pub subject: [u8; 32],
    /// Name of the agreement that it passed under.
    pub agreement: String,
    /// The sender's id of the message that it answers.
    pub answers: Option<String>,
    /// Codes, times and parties of its content, a JSON object of texts.
    pub details: String,
}

/// What routing keeps of a message (domain §6).
#[derive(Clone, Default)]
pub struct Trail {
    /// It was sent to a routing address: was a receiver found?
    pub found: Option<bool>,
    /// What it says of a placement by its sender: the keyed hash of the person, and whether it opens or ends.
    pub placement: Option<([u8; 32], bool)>,
    /// Who should have had the message that it names, if it says so.
    pub right: Option<HsaId>,
    /// Number of the message in whose place it goes on: that is to go on no more.
    pub goes_on: Option<i64>,
}

/// A message to a routing address that is to go on: it was not for its receiver, or a person lets go what waited for one.
#[derive(Clone)]
pub struct Stranded {
    /// Its number.
    pub number: i64,
    /// The gateway's id of it.
    pub message: String,
    /// Who sent it.
    pub sender: HsaId,
    /// The sender's id of it.
    pub sender_id: String,
    /// When it was received.
    pub received: Timestamp,
    /// Format of `original`.
    pub format: Format,
    /// The message as received.
    pub original: Vec<u8>,
    /// Who should have had it, as its receiver says.
    pub right: Option<HsaId>,
    /// Is it held, because nobody was found to receive it?
    pub held: bool,
    /// How often it has gone on before.
    pub times: u64,
}

impl fmt::Debug for Admission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Admission({}, {} deliveries)", self.id, self.deliveries.len())
    }
}

/// How many more deliveries each receiver may be claimed for.
#[derive(Clone, Debug)]
pub struct Room {
    /// For receivers that are not in `left`.
    pub each: usize,
    /// For these.
    pub left: HashMap<HsaId, usize>,
}

impl Room {
    /// No bound for anyone.
    pub fn plenty() -> Room {
        Room { each: usize::MAX, left: HashMap::new() }
    }

    /// Nothing for these, no bound for others.
    pub fn without(busy: &[HsaId]) -> Room {
        Room { each: usize::MAX, left: busy.iter().map(|r| (r.clone(), 0)).collect() }
    }

    /// For this receiver.
    pub fn of(&self, receiver: &HsaId) -> usize {
        self.left.get(receiver).copied().unwrap_or(self.each)
    }
}

/// What was found interrupted at start.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Recovered {
    /// Attempts at idempotent receivers: due again now.
    pub retried: usize,
    /// Attempts at others: held for a person.
    pub held: usize,
}

/// A receipt that is owed to the sender of a message.
#[derive(Clone)]
pub struct Owed {
    /// Its number.
    pub number: i64,
    /// The gateway's id of the delivery that ended.
    pub delivery: String,
    /// How it ended.
    pub state: DeliveryState,
    /// When.
    pub at: Timestamp,
    /// The gateway's id of the message.
    pub message: String,
    /// Who sent it.
    pub sender: HsaId,
    /// When it was received.
    pub received: Timestamp,
    /// Format of `original`.
    pub format: Format,
    /// The message as received.
    pub original: Vec<u8>,
}

impl fmt::Debug for Owed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Owed({}, {})", self.delivery, self.state.word())
    }
}
