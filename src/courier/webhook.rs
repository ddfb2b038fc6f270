//! Notices of problems to a system of the site's own, as JSON over HTTPS.
//!
//! Invariant: our TLS, as towards receivers: the host name is verified, our certificate is presented when asked, nothing
//! is redirected. Taken is what is answered with 2xx. Deliberately absent: retries, which the flow makes.

use super::{http::one_client, tls};
use crate::{
    model::{Finding, Notice},
    pki::TlsFiles,
    port::{Pending, Teller},
};
use jiff::Timestamp;
use reqwest::{Client, header::CONTENT_TYPE};
use serde::Serialize;
use std::time::Duration;

/// How long a call may take.
const WHOLE: Duration = Duration::from_secs(20);

/// Calls one address.
pub struct Webhook {
    client: Client,
    url: String,
}

#[derive(Serialize)]
struct Letter<'a> {
    schema: &'static str,
    notices: &'a [Notice],
}

impl Webhook {
    /// Reads what TLS needs.
    pub fn load(url: &str, files: &TlsFiles, now: Timestamp) -> Result<Webhook, Vec<Finding>> {
        let client = one_client(tls::load(files, now)?, WHOLE);
        let client = client.map_err(|failure| vec![crate::pki::finding(&files.ca, &failure.to_string())])?;
        Ok(Webhook { client, url: url.to_string() })
    }

    async fn call(&self, notices: &[Notice]) -> Result<(), String> {
        let letter = Letter { schema: "sluss.notices/1", notices };
        let body = serde_json::to_vec(&letter).map_err(|error| error.to_string())?;
        let call = self.client.post(&self.url).header(CONTENT_TYPE, "application/json").body(body);
        match call.send().await {
            Ok(answer) if answer.status().is_success() => Ok(()),
            Ok(answer) => Err(format!("it was answered with HTTP status {}", answer.status().as_u16())),
            // The address may hold a secret of the site: it is not said.
            Err(error) => Err(format!("the call failed: {}", error.without_url())),
        }
    }
}

impl Teller for Webhook {
    fn name(&self) -> &'static str {
        "notify-webhook"
    }

    fn tell<'a>(&'a self, notices: &'a [Notice]) -> Pending<'a, Result<(), String>> {
        Box::pin(self.call(notices))
    }
}
