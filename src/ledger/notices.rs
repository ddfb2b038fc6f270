//! Notices of problems, read off the chain, and how far each teller has come.
//!
//! Invariant: a notice is its event; what a problem is stands beside it and holds no person.

use super::{
    Ledger,
    follow::number,
    sqlite::{Trouble, instant},
    task::Task,
    writer::Pen,
};
use crate::model::{Failure, Notice};
use rusqlite::{Connection, OptionalExtension, Row};

/// Events walked over in one question.
const WALK: i64 = 20_000;

impl Ledger {
    /// The notices after an event, at most so many, and the last event that was looked at.
    pub async fn notices(&self, after: u64, limit: usize) -> Result<(Vec<Notice>, u64), Failure> {
        self.inside.pool.ask(move |conn| notices(conn, after, limit)).await
    }

    /// How far a follower has come; `None`: it has not begun.
    pub async fn cursor_of(&self, follower: &'static str) -> Result<Option<u64>, Failure> {
        self.inside.pool.ask(move |conn| cursor_of(conn, follower)).await
    }

    /// Puts on record how far a follower has come.
    pub async fn move_cursor(&self, follower: &'static str, seq: u64) -> Result<(), Failure> {
        self.ask_writer(Task::Cursor { follower, seq }).await.map(drop)
    }
}

fn notices(conn: &Connection, after: u64, limit: usize) -> Result<(Vec<Notice>, u64), Trouble> {
    let last: i64 =
        conn.prepare_cached("SELECT coalesce(max(seq), 0) FROM event")?.query_row([], |row| row.get(0))?;
    let (mut found, mut from) = (Vec::new(), number(after));
    while from < last && found.len() < limit {
        let to = last.min(from.saturating_add(WALK));
        let left = i64::try_from(limit - found.len()).unwrap_or(i64::MAX);
        let mut select = conn.prepare_cached(
            "SELECT e.seq, e.at, e.kind = 'problem-opened', p.id, p.kind, p.what, p.case_id, p.owner, p.party, p.due, \
             p.closed_by FROM event e JOIN problem p ON p.id = e.detail ->> 'problem' \
             WHERE e.seq > ?1 AND e.seq <= ?2 AND e.kind IN ('problem-opened', 'problem-closed') \
             ORDER BY e.seq LIMIT ?3",
        )?;
        found.extend(select.query_map((from, to, left), notice)?.collect::<rusqlite::Result<Vec<_>>>()?);
        from = to;
    }
    // Where the letter is full, the rest of what was walked over is for the next.
    let seen = if found.len() == limit {
        found.last().map_or(after, |n: &Notice| n.event)
    } else {
        from.unsigned_abs()
    };
    Ok((found, seen.max(after)))
}

fn notice(row: &Row<'_>) -> rusqlite::Result<Notice> {
    let opened: bool = row.get(2)?;
    Ok(Notice {
        event: row.get::<_, i64>(0)?.unsigned_abs(),
        at: instant(row.get(1)?)?,
        opened,
        problem: row.get(3)?,
        kind: row.get(4)?,
        what: row.get(5)?,
        case: row.get(6)?,
        owner: row.get(7)?,
        party: row.get(8)?,
        due: row.get::<_, Option<i64>>(9)?.map(instant).transpose()?,
        closed_by: row.get::<_, Option<String>>(10)?.filter(|_| !opened),
    })
}

fn cursor_of(conn: &Connection, follower: &str) -> Result<Option<u64>, Trouble> {
    let seq: Option<i64> = conn
        .prepare_cached("SELECT seq FROM cursor WHERE follower = ?1")?
        .query_row([follower], |row| row.get(0))
        .optional()?;
    Ok(seq.map(i64::unsigned_abs))
}

impl Pen<'_> {
    pub(super) fn put_cursor(&mut self, follower: &str, seq: u64) -> Result<(), Trouble> {
        self.book.follows += 1;
        self.conn
            .prepare_cached("INSERT OR REPLACE INTO cursor (follower, seq) VALUES (?1, ?2)")?
            .execute((follower, number(seq)))?;
        Ok(())
    }
}
