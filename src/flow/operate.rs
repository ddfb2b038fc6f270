//! What those who run the gateway tell it: a problem is seen to, a held message goes on or ends, the clock is moved.
//!
//! Invariant: who said it and the code of why are on record before it is answered; a running gateway and a stopped one
//! are told the same way. Deliberately absent: who may, which the file system's permissions say; free text, which could
//! name a person.

use super::Gateway;
use crate::{
    ledger::{Ledger, Ruling},
    model::{CloseReason, Failure},
    port::Clock,
};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

/// What is asked.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "verb", rename_all = "kebab-case")]
#[allow(missing_docs, reason = "each field is what its name says; see the verbs of the command line")]
pub enum Request {
    /// A person closes a problem.
    CloseProblem { id: String, by: String, reason: String },
    /// What is held of a message goes on.
    Release { message: String, by: String, reason: String },
    /// What is held of a message ends here.
    Drop { message: String, by: String, reason: String },
    /// A clock that can be moved is moved forward.
    Clock { seconds: i64 },
}

/// What came of it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Reply {
    /// Was it done?
    pub done: bool,
    /// In a sentence.
    pub words: String,
}

impl Reply {
    fn of(done: bool, words: impl Into<String>) -> Reply {
        Reply { done, words: words.into() }
    }
}

impl Gateway {
    /// Does what is asked of a running gateway.
    pub async fn operate(&self, request: &Request) -> Result<Reply, Failure> {
        let reply = operate(&self.ledger, self.clock.as_ref(), request).await?;
        if matches!(request, Request::Clock { .. }) {
            self.stirred.notify_one();
        }
        Ok(reply)
    }
}

/// Does what is asked, with or without a gateway around the ledger.
pub async fn operate(ledger: &Ledger, clock: &dyn Clock, request: &Request) -> Result<Reply, Failure> {
    match request {
        Request::CloseProblem { id, by, reason } => {
            let known = CloseReason::from_word(reason);
            let (Some(reason), true) = (known, is_name(by)) else { return Ok(misspelt()) };
            let closed = ledger.close_problem(id, by, reason.word(), clock.now()).await?;
            Ok(match closed {
                true => Reply::of(true, format!("{id} is closed")),
                false => Reply::of(false, format!("no open problem has the id {id}")),
            })
        }
        Request::Release { message, by, reason } => decide(ledger, clock, (message, true), by, reason).await,
        Request::Drop { message, by, reason } => decide(ledger, clock, (message, false), by, reason).await,
        Request::Clock { seconds } => {
            let moved = *seconds > 0 && clock.advance(SignedDuration::from_secs(*seconds));
            let words = if moved { "the clock says" } else { "this clock is not moved; it says" };
            Ok(Reply::of(moved, format!("{words} {}", clock.now())))
        }
    }
}

async fn decide(
    ledger: &Ledger,
    clock: &dyn Clock,
    (message, release): (&str, bool),
    by: &str,
    reason: &str,
) -> Result<Reply, Failure> {
    if !is_name(by) || !is_code(reason) {
        return Ok(misspelt());
    }
    let Some(row) = ledger.message(message).await? else {
        return Ok(Reply::of(false, format!("no message has the id {message}")));
    };
    // A sender's id is the sender's own: what another sender calls the same must not be moved by a slip.
    if row.id != message && !ledger.is_only(message).await? {
        let words = format!(
            "several messages have the sender's id {message}; name the gateway's id, which `sluss msg list` shows"
        );
        return Ok(Reply::of(false, words));
    }
    let (by, reason) = (by.to_string(), reason.to_string());
    let moved = ledger.decide(Ruling { message: row.id, release, by, reason, now: clock.now() }).await?;
    let verb = if release { "goes on" } else { "ends here" };
    Ok(match moved {
        0 => Reply::of(false, format!("nothing of {message} is held")),
        _ => Reply::of(true, format!("{message} {verb}")),
    })
}

fn misspelt() -> Reply {
    let reasons: Vec<&str> = CloseReason::ALL.iter().map(|reason| reason.word()).collect();
    let words = "who is asked for in letters, digits and . _ @ -, at most 64; the reason is a code in small letters and hyphens";
    Reply::of(false, format!("{words}, for a problem one of {}", reasons.join(", ")))
}

fn is_name(text: &str) -> bool {
    let fits = |b: u8| b.is_ascii_alphanumeric() || b"._@-".contains(&b);
    (1..=64).contains(&text.len()) && text.bytes().all(fits)
}

fn is_code(text: &str) -> bool {
    (1..=40).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')
}
