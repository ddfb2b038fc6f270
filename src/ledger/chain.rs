//! The chain: every event's hash covers its fields, its place and the hash before it.
//!
//! Invariant: `hash = SHA-256(previous ‖ seq ‖ each field with presence and length)`, from 32 zero
//! bytes on; seq runs from 1 without a gap. An edited, deleted, moved or inserted event is found. A
//! cut tail is found as long as the rows of the cut events' messages are there; otherwise only
//! against a tip that was kept elsewhere. Deliberately absent: signatures.

use super::{
    rows::ChainReport,
    sqlite::{Trouble, micros},
    writer::Pen,
};
use crate::model::Event;
use aws_lc_rs::digest::{Context, SHA256};
use rusqlite::{Connection, OptionalExtension, Row};

/// Events read per slice of a walk: short reads, so that the log can be reset meanwhile.
const SLICE: i64 = 10_000;

/// The last event's place and hash.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Tip {
    pub(super) seq: i64,
    pub(super) hash: [u8; 32],
}

impl Tip {
    pub(super) fn load(conn: &Connection) -> rusqlite::Result<Tip> {
        conn.query_row("SELECT seq, hash FROM event ORDER BY seq DESC LIMIT 1", [], |row| {
            Ok(Tip { seq: row.get(0)?, hash: row.get(1)? })
        })
        .optional()
        .map(Option::unwrap_or_default)
    }
}

/// One event's fields as they are stored and hashed.
struct Fields<'a> {
    at: i64,
    kind: &'a str,
    message: Option<&'a str>,
    delivery: Option<&'a str>,
    party: Option<&'a str>,
    code: Option<&'a str>,
    detail: &'a str,
}

impl Fields<'_> {
    fn after(&self, tip: &Tip) -> Tip {
        let seq = tip.seq + 1;
        let mut sha = Context::new(&SHA256);
        sha.update(&tip.hash);
        sha.update(&seq.to_be_bytes());
        sha.update(&self.at.to_be_bytes());
        let texts = [Some(self.kind), self.message, self.delivery, self.party, self.code, Some(self.detail)];
        for text in texts {
            match text {
                None => sha.update(&[0]),
                Some(text) => {
                    sha.update(&[1]);
                    sha.update(&(text.len() as u64).to_be_bytes());
                    sha.update(text.as_bytes());
                }
            }
        }
        let mut hash = [0; 32];
        hash.copy_from_slice(sha.finish().as_ref());
        Tip { seq, hash }
    }
}

/// What the ledger knows of an event that need not say it itself.
#[derive(Clone, Copy, Default)]
pub(super) struct About<'a> {
    pub(super) message: Option<&'a str>,
    pub(super) delivery: Option<&'a str>,
    pub(super) party: Option<&'a str>,
    /// A message or delivery on record tells where the event is, and goes on telling it: the index of
    /// a message's events need not.
    pub(super) told: bool,
}

impl Pen<'_> {
    /// Appends an event; its place in the chain.
    pub(super) fn append(&mut self, event: &Event, about: About<'_>) -> rusqlite::Result<i64> {
        let fields = Fields {
            at: micros(event.at),
            kind: event.kind.word(),
            message: event.message.as_deref().or(about.message),
            delivery: event.delivery.as_deref().or(about.delivery),
            party: event.party.as_deref().or(about.party),
            code: event.code.as_deref(),
            detail: &event.detail,
        };
        let tip = fields.after(&self.book.tip);
        self.conn
            .prepare_cached(
                "INSERT INTO event (seq, at, kind, message, delivery, party, code, detail, hash, listed) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            )?
            .execute((
                tip.seq,
                fields.at,
                fields.kind,
                fields.message,
                fields.delivery,
                fields.party,
                fields.code,
                fields.detail,
                tip.hash,
                !about.told,
            ))?;
        self.book.tip = tip;
        Ok(tip.seq)
    }
}

/// A walk along the chain, a slice at a time.
pub(super) struct Walk {
    tip: Tip,
    broken: Option<(i64, &'static str)>,
}

impl Walk {
    pub(super) fn new() -> Walk {
        Walk { tip: Tip::default(), broken: None }
    }

    /// Walks the next slice; is there more?
    pub(super) fn slice(mut self, conn: &Connection) -> Result<(Walk, bool), Trouble> {
        let mut select = conn.prepare_cached(
            "SELECT seq, at, kind, message, delivery, party, code, detail, hash FROM event \
             WHERE seq > ?1 ORDER BY seq LIMIT ?2",
        )?;
        let mut rows = select.query((self.tip.seq, SLICE))?;
        let mut walked = 0;
        while let Some(row) = rows.next()? {
            walked += 1;
            if let Err(reason) = self.step(row)? {
                self.broken = Some((self.tip.seq + 1, reason));
                return Ok((self, false));
            }
        }
        drop(rows);
        if walked == SLICE {
            return Ok((self, true));
        }
        self.look_past_the_tip(conn)?;
        Ok((self, false))
    }

    fn step(&mut self, row: &Row<'_>) -> rusqlite::Result<Result<(), &'static str>> {
        let (seq, stored): (i64, Vec<u8>) = (row.get(0)?, row.get(8)?);
        if seq != self.tip.seq + 1 {
            return Ok(Err("an event is missing"));
        }
        let text = |at: usize| row.get_ref(at).and_then(|v| v.as_str_or_null().map_err(Into::into));
        let fields = Fields {
            at: row.get(1)?,
            kind: text(2)?.unwrap_or_default(),
            message: text(3)?,
            delivery: text(4)?,
            party: text(5)?,
            code: text(6)?,
            detail: text(7)?.unwrap_or_default(),
        };
        let tip = fields.after(&self.tip);
        if stored != tip.hash {
            return Ok(Err("the event is not the one that was recorded here"));
        }
        self.tip = tip;
        Ok(Ok(()))
    }

    /// A message or delivery that refers to an event after the last one shows that the tail was cut.
    fn look_past_the_tip(&mut self, conn: &Connection) -> Result<(), Trouble> {
        let latest: i64 = conn.query_row(
            "SELECT max(coalesce((SELECT max(event_seq) FROM message), 0), \
                        coalesce((SELECT max(event_seq) FROM delivery), 0))",
            [],
            |row| row.get(0),
        )?;
        let last = Tip::load(conn)?.seq;
        if latest > last {
            self.broken = Some((last + 1, "the last events are missing"));
        }
        Ok(())
    }

    pub(super) fn report(&self) -> ChainReport {
        use std::fmt::Write as _;
        let mut tip = String::with_capacity(64);
        for byte in self.tip.hash {
            let _ = write!(tip, "{byte:02x}");
        }
        ChainReport {
            ok: self.broken.is_none(),
            events: u64::try_from(self.tip.seq).unwrap_or(0),
            broken: self.broken.map(|(seq, _)| u64::try_from(seq).unwrap_or(0)),
            reason: self.broken.map(|(_, reason)| reason.to_owned()),
            tip,
        }
    }
}
