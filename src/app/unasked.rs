//! Answers of receivers that came late or were of another message: from the courier to the record.
//!
//! Invariant: a short queue; what does not fit is counted in the log, not in memory. The queue does not keep the
//! gateway alive, whose courier holds its other end. Deliberately absent: any change of an outcome.

use crate::{
    courier::{Sink, Unasked},
    flow::Gateway,
    model::{Event, EventKind},
};
use serde_json::json;
use std::sync::{Arc, Weak};
use tokio::sync::mpsc::{self, Receiver};

/// Where they go until the ledger is open.
pub fn queue() -> (Sink, Receiver<Unasked>) {
    let (queue, waiting) = mpsc::channel(256);
    let sink = move |unasked: Unasked| {
        if let Err(error) = queue.try_send(unasked) {
            let unasked = error.into_inner();
            tracing::warn!(code = %unasked.code, delivery = unasked.delivery, "an answer is not on record");
        }
    };
    (Arc::new(sink), waiting)
}

/// Puts them on record, with the message whose delivery they may concern.
pub async fn record(gateway: Weak<Gateway>, mut waiting: Receiver<Unasked>) {
    while let Some(unasked) = waiting.recv().await {
        let Some(gateway) = gateway.upgrade() else { break };
        let event = Event {
            at: gateway.clock.now(),
            kind: EventKind::Unasked,
            message: Some(unasked.message),
            delivery: Some(unasked.delivery),
            party: Some(unasked.receiver.to_string()),
            code: Some(unasked.code.to_string()),
            detail: json!({ "acknowledgement": unasked.acknowledgement }).to_string(),
        };
        if let Err(failure) = gateway.ledger.record(vec![event]).await {
            tracing::error!(code = %failure.code(), "an answer that came unasked is not on record");
        }
    }
}
