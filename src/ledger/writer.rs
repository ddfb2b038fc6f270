//! The one thread that writes: it takes what waits, applies it in one transaction, syncs, and only
//! then answers all of it.
//!
//! Invariant: an answer of success follows the return of COMMIT with `synchronous=FULL`. A command
//! that fails is undone by itself (savepoint); a full disk fails its transaction and the next is
//! tried; an I/O error ends the ledger for this process, because a sync that failed once may say
//! "ok" the next time although the data is gone. Deliberately absent: what the commands do.

use super::{
    chain::{About, Tip},
    consent::Registration,
    schema,
    slots::Slot,
    sqlite::{Health, Reach, Trouble, broken, open_writer},
    tally::Tally,
    task::{Command, Done, Task},
    terms::{Options, Sync},
};
use crate::model::{Delivery, Event, Failure};
use rusqlite::Connection;
use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc::Receiver,
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};
use tokio::sync::{mpsc::UnboundedSender, watch};

/// Commits between two looks at the length of the log.
const CHECKPOINT_TURNS: u64 = 32;
/// Silence after which a commit waits no longer for company.
const GAP: Duration = Duration::from_micros(400);
/// How long an outcome looks for company before it is stored alone.
const PATIENCE: Duration = Duration::from_millis(2);
/// So many that somebody waited for are one caller's alone; more are company.
const LONELY: usize = 1;
/// How long the writer sleeps for company before it looks who has come.
const SLICE: Duration = Duration::from_micros(100);
/// Commands in one transaction at most.
const MOST_COMMANDS: usize = 512;
/// Bytes of bodies in one transaction, roughly, at most.
const MOST_BYTES: usize = 8 << 20;
/// Pages in the log at which a checkpoint is made: 32 MB.
const CHECKPOINT_PAGES: i64 = 4000;

/// What the writer knows of the store's end, undone with the transaction or savepoint.
#[derive(Clone, Copy)]
pub(super) struct Book {
    pub(super) tip: Tip,
    pub(super) tally: Tally,
    /// Number of the last delivery.
    pub(super) deliveries: i64,
    /// What followers have put on record: a change that may have no event.
    pub(super) follows: u64,
}

impl Book {
    fn load(conn: &Connection) -> rusqlite::Result<Book> {
        let deliveries =
            conn.query_row("SELECT coalesce(max(seq), 0) FROM delivery", [], |row| row.get(0))?;
        Ok(Book { tip: Tip::load(conn)?, tally: Tally::load(conn)?, deliveries, follows: 0 })
    }
}

/// Is there room on the disk?
#[derive(Clone, Copy)]
pub(super) struct Space {
    pub(super) for_messages: bool,
    pub(super) for_records: bool,
}

/// The right to write within the transaction under way.
pub(super) struct Pen<'a> {
    pub(super) conn: &'a Connection,
    pub(super) book: &'a mut Book,
    pub(super) space: Space,
    /// May an admission begin an attempt? Only while somebody takes those that are begun.
    pub(super) begins: bool,
}

/// What came of each command of a group.
type Results = Vec<Result<Done, Failure>>;

/// What a failing command takes with it.
#[derive(Clone, Copy)]
enum Undo {
    /// The transaction.
    All,
    /// Nothing: each command has a savepoint.
    One,
}

struct Writer {
    conn: Connection,
    book: Book,
    commands: Receiver<Command>,
    waiting: Arc<AtomicUsize>,
    health: Arc<Health>,
    changes: watch::Sender<u64>,
    /// The number of the last event, for whoever follows.
    growth: watch::Sender<i64>,
    begun: UnboundedSender<(Delivery, Slot)>,
    gather: Duration,
    /// Zero, but for the test control that answers first: see [`Options::late`].
    late: Duration,
    directory: PathBuf,
    reserve: u64,
    free_bytes: fn(&Path) -> io::Result<u64>,
    /// Held as long as the connection: fields are dropped in this order.
    _lock: File,
}

/// Opens the store and starts the thread. It ends when the queue's other end is dropped.
pub(super) fn start(
    options: Options,
    commands: Receiver<Command>,
    waiting: Arc<AtomicUsize>,
    health: Arc<Health>,
    (changes, growth): (watch::Sender<u64>, watch::Sender<i64>),
    begun: UnboundedSender<(Delivery, Slot)>,
) -> Result<JoinHandle<()>, Failure> {
    let lock = schema::lock(&options.directory)?;
    let mut conn = open_writer(&options.directory, options.sync)?;
    schema::lay(&mut conn)?;
    let tell = |error: rusqlite::Error| Failure::Store(error.to_string());
    let book = Book::load(&conn).map_err(tell)?;
    let writer = Writer {
        conn,
        book,
        commands,
        waiting,
        health,
        changes,
        growth,
        begun,
        gather: options.gather,
        late: if options.sync == Sync::Off { options.late } else { Duration::ZERO },
        directory: options.directory,
        reserve: options.min_free_bytes,
        free_bytes: options.free_bytes,
        _lock: lock,
    };
    let spawned = std::thread::Builder::new().name("ledger".into()).spawn(move || writer.run());
    spawned.map_err(|error| Failure::Store(format!("cannot start the writer: {error}")))
}

/// Tells of a writer that ends by a panic: nothing can be stored any more.
struct Watch(Arc<Health>);

impl Drop for Watch {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.die("the writer panicked".into());
        }
    }
}

impl Writer {
    fn run(mut self) {
        let _watch = Watch(self.health.clone());
        // As many as somebody waits for.
        let (mut last, mut turns) = (1, 0u64);
        while let Ok(first) = self.commands.recv() {
            let group = self.gather(first, last);
            last = group.iter().filter(|c| !c.task.is_outcome()).count();
            self.waiting.fetch_sub(group.len(), Ordering::AcqRel);
            self.turn(group);
            turns += 1;
            // Asking how long the log is costs as much as a small commit.
            if turns % CHECKPOINT_TURNS == 0 {
                self.checkpoint();
            }
        }
    }

    /// What waits; where there was company last time, also what keeps coming: until as many as then are
    /// waited for, or none came for [`GAP`], at most for `gather`. So a lone caller never waits, and
    /// under load a sync carries more the more callers there are. Outcomes, which nobody waits for,
    /// look for company themselves, for [`PATIENCE`].
    fn gather(&self, first: Command, last: usize) -> Vec<Command> {
        let began = Instant::now();
        let (mut wanted, mut newest, mut bytes) = (0, began, 0);
        let mut group = Vec::new();
        let mut next = Some(first);
        loop {
            while let Some(command) = next.take() {
                if !command.task.is_outcome() {
                    (wanted, newest) = (wanted + 1, Instant::now());
                }
                bytes += command.task.bytes();
                group.push(command);
                if group.len() < MOST_COMMANDS && bytes < MOST_BYTES {
                    next = self.commands.try_recv().ok();
                }
            }
            let until = match wanted {
                _ if group.len() >= MOST_COMMANDS || bytes >= MOST_BYTES => break,
                0 => began + PATIENCE.min(self.gather),
                _ if last <= LONELY || wanted >= last => break,
                _ => (newest + GAP).min(began + self.gather),
            };
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            if last > LONELY {
                // Nobody who sends need wake a thread that sleeps, not one after the other.
                std::thread::sleep(left.min(SLICE));
                next = self.commands.try_recv().ok();
            } else {
                next = self.commands.recv_timeout(left).ok();
            }
        }
        group
    }

    /// One transaction for all of them, and their answers.
    fn turn(&mut self, mut group: Vec<Command>) {
        // Nobody waits for a command whose reply is closed, but it may be owed; so it is done.
        let mut written = self.write(&group);
        if let Err(trouble) = &written
            && trouble.is_full()
            && group.iter().any(|c| c.task.is_owed())
            && !group.iter().all(|c| c.task.is_owed())
        {
            // New messages must not take the last pages from those that were promised.
            let failure = trouble.failure();
            let (owed, new): (Vec<_>, Vec<_>) = group.into_iter().partition(|c| c.task.is_owed());
            new.into_iter().for_each(|c| drop(c.reply.send(Err(failure.clone()))));
            group = owed;
            written = self.write(&group);
        }
        match written {
            Ok(results) => {
                let stirred =
                    group.iter().zip(&results).any(|(c, r)| matches!(r, Ok(done) if c.task.stirs(done)));
                self.tell(group, results);
                self.commit_late();
                let tip = self.book.tip.seq;
                self.growth.send_if_modified(|last| std::mem::replace(last, tip) != tip);
                if stirred {
                    self.changes.send_modify(|n| *n += 1);
                }
            }
            Err(trouble) => {
                if trouble.reach() == Reach::Ledger {
                    self.health.die(trouble.failure().to_string());
                }
                let failure = trouble.failure();
                group.into_iter().for_each(|c| drop(c.reply.send(Err(failure.clone()))));
            }
        }
    }

    /// Answers a group. One after the other with nothing between, so that a thread is woken once for all
    /// that it gets; what was done is dropped afterwards.
    fn tell(&self, group: Vec<Command>, results: Results) {
        let mut tasks = Vec::with_capacity(group.len());
        let mut begun = Vec::new();
        let mut replies = Vec::with_capacity(group.len());
        for (Command { mut task, reply }, mut result) in group.into_iter().zip(results) {
            if let (Task::Admit(_, slot), Ok(Done::Admitted(_, delivery))) = (&mut task, &mut result)
                && let (Some(slot), Some(delivery)) = (slot.take(), delivery.take())
            {
                begun.push((*delivery, slot));
            }
            tasks.push(task);
            replies.push((reply, result));
        }
        for one in begun {
            // Not with the answer, whose taker may be gone: somebody must carry it. If the dispatcher has
            // ended, it is an interrupted attempt at the next start.
            let _ = self.begun.send(one);
        }
        for (reply, result) in replies {
            // A caller that went away asks again and gets its answer from the record.
            let _ = reply.send(result);
        }
    }

    /// Applies the commands and commits. On error nothing of it is on disk, as far as anyone may rely.
    fn write(&mut self, group: &[Command]) -> Result<Results, Trouble> {
        if let Err(failure) = self.health.check() {
            return Err(Trouble::Refused(failure));
        }
        let before = self.book;
        // Savepoints cost a copy of every page; hardly any command fails half-way.
        match self.transact(group, &before, Undo::All) {
            Ok(Some(results)) => return Ok(results),
            Ok(None) => self.undo(before),
            Err(trouble) => {
                self.undo(before);
                return Err(trouble);
            }
        }
        let written = self.transact(group, &before, Undo::One);
        if written.is_err() {
            self.undo(before);
        }
        Ok(written?.unwrap_or_default())
    }

    fn undo(&mut self, before: Book) {
        self.book = before;
        if !self.conn.is_autocommit()
            && let Err(error) = self.conn.execute_batch("ROLLBACK")
        {
            self.health.die(format!("cannot roll back: {error}"));
        }
    }

    /// `None` if a command failed that cannot be undone alone: roll back and try with [`Undo::One`].
    fn transact(&mut self, group: &[Command], before: &Book, undo: Undo) -> Result<Option<Results>, Trouble> {
        let space = self.space(group);
        let begins = !self.begun.is_closed();
        self.conn.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        let mut results = Vec::with_capacity(group.len());
        for command in group {
            let mut pen = Pen { conn: &self.conn, book: &mut self.book, space, begins };
            match undo {
                Undo::One => results.push(pen.apply(&command.task)?),
                Undo::All => match pen.attempt_alone(&command.task)? {
                    Some(result) => results.push(result),
                    None => return Ok(None),
                },
            }
        }
        if self.book.tip.seq == before.tip.seq && self.book.follows == before.follows {
            // No event, no change: nothing to sync.
            self.conn.prepare_cached("ROLLBACK")?.execute([])?;
            return Ok(Some(results));
        }
        self.book.tally.commit(group.len());
        self.book.tally.save(&self.conn)?;
        if self.late.is_zero() {
            self.conn.prepare_cached("COMMIT")?.execute([])?;
        }
        Ok(Some(results))
    }

    /// The test control's broken promise: what was answered is committed only now.
    fn commit_late(&self) {
        if self.conn.is_autocommit() {
            return;
        }
        std::thread::sleep(self.late);
        if let Err(error) = self.conn.execute_batch("COMMIT") {
            self.health.die(format!("cannot commit: {error}"));
        }
    }

    fn space(&self, group: &[Command]) -> Space {
        let mut space = Space { for_messages: true, for_records: true };
        if self.reserve > 0 && group.iter().any(|c| !c.task.is_owed()) {
            match (self.free_bytes)(&self.directory) {
                Ok(free) => {
                    space.for_messages = free >= self.reserve;
                    space.for_records = free >= self.reserve / 2;
                }
                Err(error) => tracing::warn!(%error, "cannot tell how much space is free"),
            }
        }
        space
    }

    /// Moves the log into the database when it is long. Done here rather than by SQLite's own hook,
    /// which drops errors: a failed sync of the database is as fatal as one of the log.
    fn checkpoint(&mut self) {
        if self.health.check().is_err() {
            return;
        }
        if let Err(trouble) = self.try_checkpoint() {
            match trouble.reach() {
                Reach::Ledger => self.health.die(trouble.failure().to_string()),
                // Full or busy: the log holds everything, the next turn tries again.
                _ => tracing::warn!(reason = %trouble.failure(), "checkpoint put off"),
            }
        }
    }

    fn try_checkpoint(&self) -> Result<(), Trouble> {
        let (log, moved): (i64, i64) = self
            .conn
            .prepare_cached("PRAGMA wal_checkpoint(NOOP)")?
            .query_row([], |row| Ok((row.get(1)?, row.get(2)?)))?;
        if log - moved >= CHECKPOINT_PAGES {
            self.conn.prepare_cached("PRAGMA wal_checkpoint(PASSIVE)")?.query_row([], |_| Ok(()))?;
        }
        Ok(())
    }
}

impl Pen<'_> {
    /// One command without a savepoint; `None` if it failed after it had written. Every command's
    /// first change is an event, or is counted, so where neither moved nothing was written.
    fn attempt_alone(&mut self, task: &Task) -> Result<Option<Result<Done, Failure>>, Trouble> {
        let before = (self.book.tip.seq, self.book.follows);
        match self.perform(task) {
            Ok(done) => Ok(Some(Ok(done))),
            Err(trouble) if trouble.reach() != Reach::Command => Err(trouble),
            Err(trouble) if (self.book.tip.seq, self.book.follows) == before => {
                Ok(Some(Err(trouble.failure())))
            }
            Err(_) => Ok(None),
        }
    }

    /// One command, undone by itself if it fails. `Err` is trouble for the whole transaction.
    fn apply(&mut self, task: &Task) -> Result<Result<Done, Failure>, Trouble> {
        let before = *self.book;
        self.conn.prepare_cached("SAVEPOINT command")?.execute([])?;
        let trouble = match self.perform(task) {
            Ok(done) => {
                self.conn.prepare_cached("RELEASE command")?.execute([])?;
                return Ok(Ok(done));
            }
            Err(trouble) => trouble,
        };
        if trouble.reach() != Reach::Command {
            return Err(trouble);
        }
        self.conn.prepare_cached("ROLLBACK TO command")?.execute([])?;
        self.conn.prepare_cached("RELEASE command")?.execute([])?;
        *self.book = before;
        Ok(Err(trouble.failure()))
    }

    fn perform(&mut self, task: &Task) -> Result<Done, Trouble> {
        match task {
            Task::Admit(admission, slot) => {
                let begin = self.begins && slot.is_some();
                self.admit(admission, begin).map(|(admitted, begun)| Done::Admitted(admitted, begun))
            }
            Task::Record(events) => self.record(events).map(|()| Done::Nothing),
            Task::Claim { now, limit, room } => self.claim(*now, *limit, room).map(Done::Claimed),
            Task::Settle(settlement) => self.settle(settlement).map(|next| Done::Settled { next }),
            Task::Lend(lending) => self.lend(lending).map(Done::Lent),
            Task::Receipts { receiver, receipts } => self.receive(receiver, receipts).map(Done::Received),
            Task::Waive { owed, event } => self.waive(*owed, event).map(|()| Done::Nothing),
            Task::Decide(ruling) => self.decide(ruling).map(Done::Decided),
            Task::Follow(following) => self.follow_record(following).map(|()| Done::Nothing),
            Task::Cursor { follower, seq } => self.put_cursor(follower, *seq).map(|()| Done::Nothing),
            Task::CloseProblem { id, by, reason, now } => {
                self.close_problem(id, by, reason, *now).map(Done::Yes)
            }
            Task::Leave { stranded, event } => self.leave(*stranded, event).map(|()| Done::Nothing),
            Task::Recover { now, repeatable } => self.recover(*now, repeatable).map(Done::Recovered),
            Task::Consent { subject, id, version, body, event } => {
                self.register(&Registration { subject, id, version: *version, body, event }).map(Done::Yes)
            }
            #[cfg(test)]
            Task::Probe(probe) => probe(self.conn).map(|()| Done::Nothing),
        }
    }

    fn record(&mut self, events: &[Event]) -> Result<(), Trouble> {
        if !self.space.for_records {
            return Err(Trouble::Refused(Failure::Store(
                "free space on the disk is below the reserve".into(),
            )));
        }
        if events.is_empty() {
            return Err(broken("nothing to record"));
        }
        events.iter().try_for_each(|event| self.append(event, About::default()).map(drop))?;
        Ok(())
    }
}
