//! One HTTPS POST per delivery, and what its end means.
//!
//! Invariant: `NotSent` is said only when the receiver's application cannot have the message, or says
//! itself that it did not take it; `Delivered` only on its 2xx; everything between is `Unknown`.
//! A call is never made twice by this code or by what is under it. Deliberately absent: redirects,
//! proxies of the environment, other TLS than [`super::tls`], the content of answers (read up to a
//! bound so that the connection can be used again, then dropped), and any log of a body.

use super::tls::{self, Phase};
use crate::{
    model::{Code, Delivery, Failure, Fault, Finding, Outcome, Partner},
    pki::TlsFiles,
    port::{Courier, Pending},
};
use jiff::Timestamp;
use reqwest::{Client, StatusCode, header::CONTENT_TYPE, redirect, retry};
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// Longest time until a connection stands; less for partners with little time.
const CONNECT: Duration = Duration::from_secs(5);

/// How much of an answer's body is read, and for how long: only to use the connection again.
const ANSWER: (usize, Duration) = (64 * 1024, Duration::from_secs(1));

/// How long a connection rests before we close it: shorter than common servers' five seconds, so
/// that we hardly ever send into a connection that the receiver is closing (an `Unknown` for nothing).
const REST: Duration = Duration::from_secs(4);

/// Carries deliveries over HTTPS with our certificate.
pub struct HttpCourier {
    tls: tls::ClientConfig,
    /// One client per time limit: the limit for connecting belongs to the client, and it must be
    /// shorter than the whole, or a call that never connected would end as `Unknown`.
    clients: Mutex<HashMap<u32, Client>>,
}

impl HttpCourier {
    /// Reads certificate, key and the authorities that receivers' certificates must come from.
    pub fn load(files: &TlsFiles, now: Timestamp) -> Result<HttpCourier, Vec<Finding>> {
        Ok(HttpCourier { tls: tls::load(files, now)?, clients: Mutex::default() })
    }

    fn client(&self, timeout_s: u32) -> Result<Client, Failure> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(&timeout_s) {
            return Ok(client.clone());
        }
        let whole = Duration::from_secs(timeout_s.into());
        let client = one_client(self.tls.clone(), whole)?;
        clients.insert(timeout_s, client.clone());
        Ok(client)
    }

    async fn attempt(&self, partner: &Partner, delivery: &Delivery) -> Outcome {
        match self.send(partner, delivery, &partner.endpoint, &[]).await {
            Ok(answer) => {
                let outcome = by_status(answer.status());
                finish(answer).await;
                outcome
            }
            Err(outcome) => outcome,
        }
    }

    /// Posts a delivery; the answer, or what it means that there is none.
    pub(super) async fn send(
        &self,
        partner: &Partner,
        delivery: &Delivery,
        address: &str,
        headers: &[(&'static str, String)],
    ) -> Result<reqwest::Response, Outcome> {
        let client = match self.client(partner.timeout_s.max(1)) {
            Ok(client) => client,
            Err(failure) => return Err(Outcome::NotSent(Fault::of(Code::Internal, failure.to_string()))),
        };
        let mut call = client
            .post(address)
            .header(CONTENT_TYPE, delivery.format.media_type())
            .header("X-Sluss-Delivery", &delivery.id)
            .header("X-Sluss-Message", &delivery.message)
            .header("X-Sluss-Attempt", delivery.attempt);
        for (name, value) in headers {
            call = call.header(*name, value);
        }
        call.body(delivery.body.clone()).send().await.map_err(|error| by_error(&error))
    }
}

/// A client that calls once, to a host whose name is verified, within this time.
pub(super) fn one_client(tls: tls::ClientConfig, whole: Duration) -> Result<Client, Failure> {
    Client::builder()
        .tls_backend_preconfigured(tls)
        .https_only(true)
        .http1_only()
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .no_proxy()
        .referer(false)
        .connect_timeout(CONNECT.min(whole / 2))
        .timeout(whole)
        .pool_idle_timeout(REST)
        .user_agent(concat!("sluss/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|e| Failure::Internal(format!("no HTTP client: {e}")))
}

impl Courier for HttpCourier {
    fn deliver<'a>(&'a self, partner: &'a Partner, delivery: &'a Delivery) -> Pending<'a, Outcome> {
        Box::pin(self.attempt(partner, delivery))
    }
}

/// Reads the rest of a short answer, so that its connection can serve the next call. The status has
/// already decided; nothing here can change the outcome.
async fn finish(mut answer: reqwest::Response) {
    let reading = async {
        let mut read = 0;
        while let Ok(Some(chunk)) = answer.chunk().await {
            read += chunk.len();
            if read > ANSWER.0 {
                break;
            }
        }
    };
    let _ = tokio::time::timeout(ANSWER.1, reading).await;
}

/// What a status alone says.
pub(super) fn by_status(status: StatusCode) -> Outcome {
    let fault = |code: Code| Fault::of(code, format!("HTTP status {}", status.as_u16()));
    match status.as_u16() {
        200..=299 => Outcome::Delivered,
        // Too slow in sending, too early, too many, not now: all say that it was not taken.
        408 | 425 | 429 | 503 => Outcome::NotSent(fault(Code::ReceiverBusy)),
        400..=499 => Outcome::Refused(fault(Code::ReceiverRefused)),
        // A gateway's own timeout: what stands behind it may have acted.
        504 => Outcome::Unknown(fault(Code::ReceiverSlow)),
        _ => Outcome::Unknown(fault(Code::ReceiverGarbage)),
    }
}

fn by_error(error: &reqwest::Error) -> Outcome {
    let fault = |code: Code, detail: &str| Fault::of(code, detail);
    if error.is_builder() {
        let detail = "the receiver's address is not an https URL, or an id cannot stand in a header";
        return Outcome::NotSent(fault(Code::ReceiverUnreachable, detail));
    }
    let phase = if error.is_connect() { Phase::Connecting } else { Phase::Sending };
    if let Some(detail) = tls::failure(error, phase) {
        return Outcome::NotSent(fault(Code::ReceiverTls, &detail));
    }
    match (phase, error.is_timeout()) {
        (Phase::Connecting, true) => {
            Outcome::NotSent(fault(Code::ReceiverUnreachable, "no connection within the time allowed"))
        }
        (Phase::Connecting, false) if error.is_dns() => {
            Outcome::NotSent(fault(Code::ReceiverUnreachable, "the host name does not resolve"))
        }
        (Phase::Connecting, false) => {
            Outcome::NotSent(fault(Code::ReceiverUnreachable, "the connection was refused or broke"))
        }
        (Phase::Sending, true) => {
            Outcome::Unknown(fault(Code::ReceiverSlow, "sent, but no answer within the time allowed"))
        }
        (Phase::Sending, false) => {
            let detail = "sent, but the connection closed or the answer is not HTTP";
            Outcome::Unknown(fault(Code::ReceiverGarbage, detail))
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop")]

    use super::{Outcome, StatusCode, by_status};

    #[test]
    fn the_status_decides() {
        let word = |status: u16| match by_status(StatusCode::from_u16(status).unwrap()) {
            Outcome::Delivered => "delivered".to_owned(),
            Outcome::NotSent(f) => format!("not sent {}", f.code()),
            Outcome::Unknown(f) => format!("unknown {}", f.code()),
            Outcome::Refused(f) => format!("refused {}", f.code()),
        };
        for (status, expected) in [
            (200, "delivered"),
            (204, "delivered"),
            (408, "not sent SLUSS-DLV-006"),
            (425, "not sent SLUSS-DLV-006"),
            (429, "not sent SLUSS-DLV-006"),
            (503, "not sent SLUSS-DLV-006"),
            (400, "refused SLUSS-DLV-002"),
            (404, "refused SLUSS-DLV-002"),
            (422, "refused SLUSS-DLV-002"),
            (101, "unknown SLUSS-DLV-003"),
            (301, "unknown SLUSS-DLV-003"),
            (500, "unknown SLUSS-DLV-003"),
            (502, "unknown SLUSS-DLV-003"),
            (504, "unknown SLUSS-DLV-004"),
            (599, "unknown SLUSS-DLV-003"),
        ] {
            assert_eq!(word(status), expected, "{status}");
        }
    }
}
