//! Connections that rest between deliveries.
//!
//! Invariant: a connection that rests is watched: if the receiver closes it, it is gone before the next delivery
//! could go into it; if anything comes on it, that is told and it is closed. A connection serves one delivery at
//! a time. Deliberately absent: opening, and keeping alive by traffic.

use super::{Sink, Unasked, line::Line};
use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::sync::oneshot;

/// How long a connection rests before we close it: shorter than the idle limits of firewalls and receivers
/// that are met, so that we hardly ever send into a connection that is gone.
const REST: Duration = Duration::from_secs(30);

/// How to ask a resting connection back from its watcher.
type Ask = oneshot::Sender<oneshot::Sender<Line>>;

/// The connections, by endpoint.
#[derive(Default)]
pub struct Resting {
    lines: Mutex<HashMap<String, Vec<Ask>>>,
}

impl Resting {
    fn lines(&self) -> MutexGuard<'_, HashMap<String, Vec<Ask>>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection to this endpoint, the one that was used last.
    pub async fn take(&self, endpoint: &str) -> Option<Line> {
        loop {
            let ask = self.lines().get_mut(endpoint)?.pop()?;
            let (back, line) = oneshot::channel();
            if ask.send(back).is_ok()
                && let Ok(line) = line.await
            {
                return Some(line);
            }
        }
    }

    /// Lets a connection rest, unless as many as `most` do. `unasked`: what to tell if something comes.
    pub fn keep(&self, endpoint: &str, line: Line, most: usize, unasked: Unasked, sink: Sink) {
        let (ask, asked) = oneshot::channel();
        let mut lines = self.lines();
        let resting = lines.entry(endpoint.to_owned()).or_default();
        resting.retain(|ask| !ask.is_closed());
        if resting.len() < most {
            resting.push(ask);
            tokio::spawn(watch(line, asked, unasked, sink));
        }
    }
}

/// Watches a resting connection until it is asked for, stirs, or has rested long enough.
async fn watch(
    mut line: Line,
    asked: oneshot::Receiver<oneshot::Sender<Line>>,
    unasked: Unasked,
    sink: Sink,
) {
    tokio::select! {
        // A connection that stirs is not handed over, even if it was asked for in the same moment.
        biased;
        stirred = line.stirs() => {
            if stirred {
                sink(unasked);
            }
        }
        back = asked => {
            if let Ok(back) = back {
                let _ = back.send(line);
                return;
            }
        }
        () = tokio::time::sleep(REST) => {}
    }
    line.close().await;
}
