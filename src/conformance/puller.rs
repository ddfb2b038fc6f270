//! A partner that hosts no endpoint and fetches its messages.
//!
//! Invariant: it knows the mailbox as its documentation tells it and nothing else.

use super::sender::{Reply, Sender};
use serde_json::{Value, json};
use std::time::Duration;

/// Where the mailbox is.
const MAILBOX: &str = "/case/v1/mailbox";

/// A fetching partner.
#[derive(Clone)]
pub struct Puller(Sender);

/// One server-sent event.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Told {
    /// Its id: the cursor; empty in a comment.
    pub id: String,
    /// Its data, or the comment.
    pub data: String,
}

/// An open stream of them.
pub struct Stream {
    response: reqwest::Response,
    read: String,
}

impl Puller {
    /// The same partner, fetching.
    pub fn of(sender: Sender) -> Puller {
        Puller(sender)
    }

    /// One page; `query` as in a URL, e.g. `after=0&wait=20`.
    pub async fn pull(&self, query: &str) -> Result<Reply, reqwest::Error> {
        self.get(&format!("{MAILBOX}?{query}")).await
    }

    /// One delivery's body.
    pub async fn one(&self, delivery: &str) -> Result<Reply, reqwest::Error> {
        self.get(&format!("{MAILBOX}/{delivery}")).await
    }

    async fn get(&self, path: &str) -> Result<Reply, reqwest::Error> {
        Reply::of(self.0.client.get(format!("{}{path}", self.0.base)).send().await?).await
    }

    /// Acknowledges deliveries.
    pub async fn acknowledge(&self, deliveries: &[&str]) -> Result<Reply, reqwest::Error> {
        self.receipts(&json!({ "acknowledge": deliveries })).await
    }

    /// Refuses one delivery for good.
    pub async fn reject(&self, delivery: &str, reason: &str) -> Result<Reply, reqwest::Error> {
        self.receipts(&json!({ "reject": [{ "delivery": delivery, "reason": reason }] })).await
    }

    /// Sends receipts as they are.
    pub async fn receipts(&self, said: &Value) -> Result<Reply, reqwest::Error> {
        self.0.post(&format!("{MAILBOX}/ack"), "application/json", said.to_string().into_bytes()).await
    }

    /// Opens a stream of events; `last`: the id of the last one that it has.
    pub async fn stream(&self, query: &str, last: Option<&str>) -> Result<Stream, reqwest::Error> {
        let call = self.0.client.get(format!("{}{MAILBOX}?{query}", self.0.base));
        let mut call = call.header("Accept", "text/event-stream").timeout(Duration::from_secs(900));
        if let Some(last) = last {
            call = call.header("Last-Event-ID", last);
        }
        Ok(Stream { response: call.send().await?.error_for_status()?, read: String::new() })
    }
}

impl Stream {
    /// The next event or comment; none at the stream's end.
    pub async fn next(&mut self) -> Result<Option<Told>, reqwest::Error> {
        loop {
            if let Some((block, rest)) = self.read.split_once("\n\n") {
                let told = told(block);
                self.read = rest.to_string();
                return Ok(Some(told));
            }
            match self.response.chunk().await? {
                Some(chunk) => self.read.push_str(&String::from_utf8_lossy(&chunk)),
                None => return Ok(None),
            }
        }
    }

    /// The next delivery; none at the stream's end.
    pub async fn delivery(&mut self) -> Result<Option<(String, Value)>, reqwest::Error> {
        while let Some(told) = self.next().await? {
            if !told.id.is_empty() {
                return Ok(Some((told.id, serde_json::from_str(&told.data).unwrap_or_default())));
            }
        }
        Ok(None)
    }
}

fn told(block: &str) -> Told {
    let lines = |name: &str| -> Vec<&str> {
        block.lines().filter_map(|line| line.strip_prefix(name)).map(|l| l.trim_start()).collect()
    };
    let id = lines("id:").concat();
    let data = if id.is_empty() { lines(":").join("\n") } else { lines("data:").join("\n") };
    Told { id, data }
}
