//! What whoever follows the record reads of it: what is new on the chain, and all that was told of a person.
//!
//! Invariant: read only. What is new is told by the persons that it touches; how it was cut into looks changes nothing
//! in what is found in the end. A person is a keyed hash; a message from before that was kept is found by its case.
//! Deliberately absent: what the messages amount to.

use super::{
    Ledger,
    case_rows::ToldRow,
    sqlite::{Trouble, instant, micros},
};
use crate::model::Failure;
use aws_lc_rs::digest;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row};
use std::collections::BTreeMap;
use tokio::sync::watch;

/// Whom a story is about.
pub type SubjectHash = [u8; 32];

/// Messages of one person that a story holds at most: the newest. No child has so many.
const MOST_TOLD: i64 = 1000;

/// What is new.
#[derive(Clone, Debug, Default)]
pub struct Heard {
    /// The last event that was read.
    pub to: u64,
    /// Is there more?
    pub more: bool,
    /// The persons touched, and what of their messages is new.
    pub touched: BTreeMap<SubjectHash, Vec<News>>,
    /// Who had a message accepted, and when.
    pub sent: Vec<(String, Timestamp)>,
}

/// What is new of a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct News {
    /// Its number.
    pub message: i64,
    /// First attempt.
    pub tried: Option<Timestamp>,
    /// First delivery.
    pub delivered: Option<Timestamp>,
    /// When it was last free to go: accepted, or let go. Not kept.
    pub freed: Option<Timestamp>,
}

impl Ledger {
    /// What is on the chain after an event, at most so many events of it.
    pub async fn hear(&self, after: u64, limit: usize) -> Result<Heard, Failure> {
        self.inside.pool.ask(move |conn| hear(conn, after, limit)).await
    }

    /// All that was told of a person, oldest first, with what is new of it laid over what was noted before.
    pub async fn story(&self, subject: &SubjectHash, news: &[News]) -> Result<Vec<ToldRow>, Failure> {
        let (subject, news) = (*subject, news.to_vec());
        self.inside.pool.ask(move |conn| story(conn, &subject, &news)).await
    }

    /// The event up to which a follower's work is on record.
    pub async fn cursor(&self, follower: &'static str) -> Result<u64, Failure> {
        self.inside.pool.ask(move |conn| cursor(conn, follower)).await
    }

    /// Has anything of a case, or of its persons, come on record after this event?
    pub async fn has_news(&self, case: &str, after: u64) -> Result<bool, Failure> {
        let case = case.to_owned();
        self.inside.pool.ask(move |conn| has_news(conn, &case, after)).await
    }

    /// The persons for whom time alone has changed something by now.
    pub async fn awaited(&self, now: Timestamp, limit: usize) -> Result<Vec<SubjectHash>, Failure> {
        self.inside.pool.ask(move |conn| awaited(conn, now, limit)).await
    }

    /// When time alone changes something next.
    pub async fn next_awaited(&self) -> Result<Option<Timestamp>, Failure> {
        self.inside.pool.ask(next_awaited).await
    }

    /// Changes with the chain: the number of its last event.
    pub fn grown(&self) -> watch::Receiver<i64> {
        match &self.inside.desk {
            Some(desk) => desk.grown.clone(),
            None => watch::channel(0).1,
        }
    }
}

/// Events with the message that they are about; those about none tell nothing of a case.
const NEWS: &str = "SELECT e.seq, e.at, e.kind, m.sender, m.seq, m.subject, m.case_id, m.protocol FROM event e \
     LEFT JOIN message m ON m.id = e.message WHERE e.seq > ?1 ORDER BY e.seq LIMIT ?2";

fn hear(conn: &Connection, after: u64, limit: usize) -> Result<Heard, Trouble> {
    let mut select = conn.prepare_cached(NEWS)?;
    let mut rows = select.query((number(after), i64::try_from(limit).unwrap_or(i64::MAX)))?;
    let (mut heard, mut read) = (Heard { to: after, ..Heard::default() }, 0);
    while let Some(row) = rows.next()? {
        read += 1;
        heard.to = row.get::<_, i64>(0)?.unsigned_abs();
        note(row, &mut heard)?;
    }
    heard.more = read == limit;
    Ok(heard)
}

fn note(row: &Row<'_>, heard: &mut Heard) -> rusqlite::Result<()> {
    let (at, kind): (Timestamp, String) = (instant(row.get(1)?)?, row.get(2)?);
    let Some(message) = row.get::<_, Option<i64>>(4)? else { return Ok(()) };
    // What the gateway itself says is nobody's rhythm.
    if kind == "accepted" && row.get::<_, String>(7)? != "sluss" {
        heard.sent.push((row.get(3)?, at));
    }
    let subject = match row.get::<_, Option<SubjectHash>>(5)? {
        Some(subject) => subject,
        None => of_case(&row.get::<_, String>(6)?),
    };
    let all = heard.touched.entry(subject).or_default();
    let place = all.iter().position(|n| n.message == message).unwrap_or_else(|| {
        all.push(News { message, ..News::default() });
        all.len() - 1
    });
    if let Some(news) = all.get_mut(place) {
        match kind.as_str() {
            "attempt" => news.tried = news.tried.or(Some(at)),
            "accepted" | "released" => news.freed = Some(at),
            "delivered" => news.delivered = news.delivered.or(Some(at)),
            _ => {}
        }
    }
    Ok(())
}

/// Stands for the person of a message that was admitted before persons were kept.
fn of_case(case: &str) -> SubjectHash {
    let mut out = [0; 32];
    out.copy_from_slice(digest::digest(&digest::SHA256, format!("case:{case}").as_bytes()).as_ref());
    out
}

const TOLD: &str = "m.seq, m.id, m.sender_id, m.event, m.case_id, m.sender, m.refers_to, m.answers, m.occurred, \
     m.sent, m.received, m.agreement, m.details, d.receiver, d.id, d.state, \
     (SELECT code FROM event WHERE seq = d.event_seq), (SELECT mark FROM mark WHERE message = m.seq), m.protocol";

fn story(conn: &Connection, subject: &SubjectHash, news: &[News]) -> Result<Vec<ToldRow>, Trouble> {
    let mut told: BTreeMap<i64, News> = conn
        .prepare_cached(
            "SELECT message, tried, delivered FROM told WHERE subject = ?1 ORDER BY message DESC LIMIT ?2",
        )?
        .query_map((subject, MOST_TOLD), |row| {
            let time = |at: Option<i64>| at.map(instant).transpose();
            let (message, tried, delivered) = (row.get(0)?, time(row.get(1)?)?, time(row.get(2)?)?);
            Ok(News { message, tried, delivered, freed: None })
        })?
        .map(|one| one.map(|news| (news.message, news)))
        .collect::<rusqlite::Result<_>>()?;
    for one in news {
        let known =
            told.entry(one.message).or_insert_with(|| News { message: one.message, ..News::default() });
        known.tried = known.tried.or(one.tried);
        known.delivered = known.delivered.or(one.delivered);
    }
    let mut select = conn.prepare_cached(&format!(
        "SELECT {TOLD} FROM message m LEFT JOIN delivery d ON d.seq BETWEEN m.delivery_from AND m.delivery_to \
         WHERE m.seq = ?1 ORDER BY d.seq"
    ))?;
    let mut rows = Vec::new();
    for news in told.into_values() {
        let mut found = select.query([news.message])?;
        while let Some(row) = found.next()? {
            rows.push(told_row(row, &news)?);
        }
    }
    Ok(rows)
}

fn told_row(row: &Row<'_>, news: &News) -> rusqlite::Result<ToldRow> {
    Ok(ToldRow {
        seq: row.get(0)?,
        message: row.get(1)?,
        id: row.get(2)?,
        event: row.get(3)?,
        case: row.get(4)?,
        sender: row.get(5)?,
        refers_to: row.get(6)?,
        answers: row.get(7)?,
        occurred: instant(row.get(8)?)?,
        sent: instant(row.get(9)?)?,
        received: instant(row.get(10)?)?,
        agreement: row.get(11)?,
        details: row.get(12)?,
        receiver: row.get(13)?,
        delivery: row.get(14)?,
        state: row.get(15)?,
        code: row.get(16)?,
        mark: row.get(17)?,
        protocol: row.get(18)?,
        tried: news.tried,
        delivered: news.delivered,
    })
}

fn cursor(conn: &Connection, follower: &str) -> Result<u64, Trouble> {
    let seq: Option<i64> = conn
        .prepare_cached("SELECT seq FROM cursor WHERE follower = ?1")?
        .query_row([follower], |row| row.get(0))
        .optional()?;
    Ok(seq.unwrap_or_default().unsigned_abs())
}

fn has_news(conn: &Connection, case: &str, after: u64) -> Result<bool, Trouble> {
    let mut select = conn.prepare_cached(
        "SELECT 1 FROM event e CROSS JOIN message m ON m.id = e.message WHERE e.seq > ?1 AND (m.case_id = ?2 \
         OR m.subject IN (SELECT subject FROM case_state WHERE case_id = ?2)) LIMIT 1",
    )?;
    Ok(select.exists((number(after), case))?)
}

fn awaited(conn: &Connection, now: Timestamp, limit: usize) -> Result<Vec<SubjectHash>, Trouble> {
    Ok(conn
        .prepare_cached("SELECT subject FROM watched WHERE next_at <= ?1 ORDER BY next_at LIMIT ?2")?
        .query_map((micros(now), i64::try_from(limit).unwrap_or(i64::MAX)), |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?)
}

fn next_awaited(conn: &Connection) -> Result<Option<Timestamp>, Trouble> {
    let next: Option<i64> = conn
        .prepare_cached("SELECT min(next_at) FROM watched WHERE next_at IS NOT NULL")?
        .query_row([], |row| row.get(0))?;
    Ok(next.map(instant).transpose()?)
}

/// A number as SQLite has it.
pub(super) fn number(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
