//! Who runs the gateway, and the parties, are told of problems by mail or by a call to their own system.
//!
//! Invariant: beside everything: nothing waits for a teller, and none for another. Each notice is told until it was taken
//! once; how far a teller has come is on record after that, so a crash in between tells the last letter twice, with the
//! same numbers. What comes together is one letter. Deliberately absent: how it is told; what is a problem.

use super::Gateway;
use crate::{model::Failure, port::Teller};
use std::{sync::Arc, time::Duration};
use tokio::sync::watch;

/// Notices in one letter.
const LETTER: usize = 100;
/// The first wait after a letter that was not taken, and the longest.
const WAITS: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(900));
/// Events without a notice that may go unrecorded.
const UNRECORDED: u64 = 20_000;

/// How far a teller has come.
struct Told {
    seen: u64,
    recorded: u64,
}

impl Gateway {
    /// Tells one teller of every problem from now on, until told to stop or nobody is left to tell.
    pub async fn notify(self: Arc<Self>, teller: Arc<dyn Teller>, mut stop: watch::Receiver<bool>) {
        let mut grown = self.ledger.grown();
        let pause = Duration::from_secs(self.config.notify.pause_s);
        let (mut told, mut wait) = (None, WAITS.0);
        while !*stop.borrow() && stop.has_changed().is_ok() && self.ledger.failure().is_none() {
            grown.mark_unchanged();
            let ended = tokio::select! {
                ended = self.tell_new(teller.as_ref(), &mut told) => ended,
                // A stop waits for no teller: what was not put on record is told again.
                _ = stop.wait_for(|stop| *stop) => return,
            };
            let rest = match ended {
                Ok(()) => {
                    wait = WAITS.0;
                    None
                }
                Err(why) => {
                    tracing::warn!(teller = teller.name(), "a notice was not taken: {why}");
                    wait = (wait * 2).min(WAITS.1);
                    Some(wait / 2)
                }
            };
            tokio::select! {
                _ = grown.changed(), if rest.is_none() => {}
                () = tokio::time::sleep(rest.unwrap_or(WAITS.1)) => {}
                _ = stop.changed() => {}
            }
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                _ = stop.wait_for(|stop| *stop) => {}
            }
        }
    }

    /// Tells what is new, a letter at a time.
    async fn tell_new(&self, teller: &dyn Teller, told: &mut Option<Told>) -> Result<(), String> {
        let mut at = match told.take() {
            Some(at) => at,
            None => self.begin(teller.name()).await.map_err(|failure| failure.to_string())?,
        };
        let ended = loop {
            match self.tell_letter(teller, &mut at).await {
                Ok(true) => {}
                Ok(false) => break Ok(()),
                Err(why) => break Err(why),
            }
        };
        *told = Some(at);
        ended
    }

    /// Where a teller goes on. A new one begins now: what was before is not news.
    async fn begin(&self, name: &'static str) -> Result<Told, Failure> {
        if let Some(seen) = self.ledger.cursor_of(name).await? {
            return Ok(Told { seen, recorded: seen });
        }
        let tip = self.ledger.totals().await?.events;
        self.ledger.move_cursor(name, tip).await?;
        Ok(Told { seen: tip, recorded: tip })
    }

    /// One letter. Is there more?
    async fn tell_letter(&self, teller: &dyn Teller, at: &mut Told) -> Result<bool, String> {
        let failed = |failure: Failure| failure.to_string();
        let (notices, to) = self.ledger.notices(at.seen, LETTER).await.map_err(failed)?;
        let more = notices.len() == LETTER;
        if !notices.is_empty() {
            teller.tell(&notices).await?;
        }
        at.seen = to;
        if !notices.is_empty() || to - at.recorded >= UNRECORDED {
            self.ledger.move_cursor(teller.name(), to).await.map_err(failed)?;
            at.recorded = to;
        }
        Ok(more)
    }
}
