//! Senders under load: many cases at once, each case's messages in order.
//!
//! Invariant: the next message of a case is sent only when the one before is acknowledged, or given
//! up for good after a broken connection; a retry has the same id and the same bytes; an
//! acknowledgement is written down before anything else is done. Deliberately absent: any knowledge
//! of when the gateway is killed.

use super::{
    history::History,
    world::{Dice, GRANVIK, SJOBY, World},
};
use jiff::Timestamp;
use sluss::conformance::{
    message::Fhir,
    sender::{Reply, Sender},
};
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::task::JoinSet;

/// Messages of a case.
const STEPS: usize = 5;

/// The senders at work.
pub struct Load {
    history: Arc<Mutex<History>>,
    stop: Arc<AtomicBool>,
    tasks: JoinSet<()>,
}

impl Load {
    /// Starts so many senders.
    pub fn start(world: &World, senders: u64, seed: u64) -> Load {
        let history = Arc::<Mutex<History>>::default();
        let stop = Arc::<AtomicBool>::default();
        let mut tasks = JoinSet::new();
        for number in 0..senders {
            let one = One {
                sender: world.sender(),
                history: history.clone(),
                stop: stop.clone(),
                dice: Dice(seed.wrapping_mul(31).wrapping_add(number)),
                name: format!("{seed:x}-{number}"),
            };
            tasks.spawn(one.work());
        }
        Load { history, stop, tasks }
    }

    /// What the senders saw so far.
    pub fn history(&self) -> History {
        self.history.lock().unwrap().clone()
    }

    /// How many messages are acknowledged so far.
    pub fn acked(&self) -> usize {
        self.history.lock().unwrap().acked.len()
    }

    /// Lets every sender finish the message it is at. What is not acknowledged in time stays so.
    pub async fn finish(mut self, patience: Duration) -> History {
        self.stop.store(true, Ordering::Relaxed);
        let all = async { while self.tasks.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(patience, all).await;
        self.tasks.shutdown().await;
        self.history()
    }
}

struct One {
    sender: Sender,
    history: Arc<Mutex<History>>,
    stop: Arc<AtomicBool>,
    dice: Dice,
    name: String,
}

impl One {
    async fn work(mut self) {
        for case in 0.. {
            let to = if self.dice.once_in(2) { GRANVIK } else { SJOBY };
            let case = format!("SAM-{}-{case}", self.name);
            for step in 0..STEPS {
                if self.stop.load(Ordering::Relaxed) {
                    return;
                }
                self.send(&case, step, to).await;
            }
        }
    }

    /// One message until it is acknowledged; once in a while it is given up after a broken call.
    async fn send(&mut self, case: &str, step: usize, to: &str) {
        let id = format!("{case}-{step}");
        let body = letter(case, step, to).to_string().into_bytes();
        self.history.lock().unwrap().sent.insert(id.clone(), (to.to_owned(), case.to_owned()));
        let patient = !self.dice.once_in(8);
        let mut first = None;
        loop {
            match self.post(&body).await {
                Some(Reply { status: 202, body: answer, .. }) => {
                    let mut history = self.history.lock().unwrap();
                    match &first {
                        None => history.acked.push(id.clone()),
                        Some(first) if *first != answer => history.changed_answers.push(id.clone()),
                        Some(_) => {}
                    }
                    drop(history);
                    // Now and then the acknowledgement is lost on the way to the sender's own record.
                    if first.is_some() || !self.dice.once_in(10) {
                        return;
                    }
                    first = Some(answer);
                }
                // Overloaded or no store: nothing was promised.
                Some(reply) if reply.status == 503 => {}
                Some(reply) => {
                    let text = format!("{id}: {} {}", reply.status, reply.codes().join(" "));
                    self.history.lock().unwrap().refusals.push(text);
                    return;
                }
                None if patient || first.is_some() => {}
                None => return,
            }
            tokio::time::sleep(self.dice.millis(10, 40)).await;
        }
    }

    async fn post(&self, body: &[u8]) -> Option<Reply> {
        let path = "/fhir/$process-message";
        self.sender.post(path, "application/fhir+json", body.to_vec()).await.ok()
    }
}

/// The messages of a case: admitted, then ready for discharge and withdrawn in turn.
fn letter(case: &str, step: usize, to: &str) -> serde_json::Value {
    let id = format!("{case}-{step}");
    let path = match step {
        0 => "admission-notice/valid-1-four-fields.json",
        step if step % 2 == 1 => "discharge-ready/valid-2-rich.json",
        _ => "discharge-ready-withdrawn/valid-2-rich.json",
    };
    let message = Fhir::fresh(path, &id, Timestamp::now()).case(case).to(to);
    match step {
        0 => message.0,
        step => {
            let message = message.refers_to(&format!("{case}-{}", step - 1));
            message.basis("release-health", Some("The discharge must be planned.")).0
        }
    }
}
