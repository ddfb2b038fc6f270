//! A partner that sends: one HTTPS client with its own certificate.

use crate::{courier::tls, model::Finding, pki::TlsFiles};
use jiff::Timestamp;
use std::time::Duration;

/// What came back.
#[derive(Clone, Debug)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Media type.
    pub content_type: String,
    /// The correlation id that is given back to a hub.
    pub correlation: Option<String>,
    /// The whole body.
    pub body: Vec<u8>,
}

impl Reply {
    pub(super) async fn of(response: reqwest::Response) -> Result<Reply, reqwest::Error> {
        let status = response.status().as_u16();
        let content_type = response.headers().get("content-type").and_then(|v| v.to_str().ok());
        let content_type = content_type.unwrap_or_default().to_string();
        let correlation = response.headers().get("x-skltp-correlation-id").and_then(|v| v.to_str().ok());
        let correlation = correlation.map(str::to_string);
        Ok(Reply { status, content_type, correlation, body: response.bytes().await?.to_vec() })
    }

    /// The body as JSON, `null` if it is none.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The fault or note codes in an OperationOutcome or in problem details, in order.
    pub fn codes(&self) -> Vec<String> {
        let body = self.json();
        let text = |v: &serde_json::Value| v.as_str().map(str::to_string);
        let issues = body["issue"].as_array().into_iter().flatten();
        let fhir = issues.filter_map(|i| text(&i["details"]["coding"][0]["code"]));
        let rows = body["errors"].as_array().into_iter().chain(body["notes"].as_array()).flatten();
        fhir.chain(rows.filter_map(|e| text(&e["code"]))).collect()
    }
}

/// A sending partner.
#[derive(Clone)]
pub struct Sender {
    pub(super) client: reqwest::Client,
    pub(super) base: String,
}

impl Sender {
    /// A sender to the gateway at `base` (`https://localhost:8443`).
    pub fn new(files: &TlsFiles, base: &str, now: Timestamp) -> Result<Sender, Vec<Finding>> {
        let config = tls::load(files, now)?;
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(config)
            .https_only(true)
            .no_proxy()
            .timeout(Duration::from_secs(30))
            .build()
            .map_err(|e| vec![Finding::error(crate::model::Code::Internal, e.to_string())])?;
        Ok(Sender { client, base: base.trim_end_matches('/').to_string() })
    }

    /// Posts a body. The error is reqwest's own: refused, reset, timed out.
    pub async fn post(&self, path: &str, media_type: &str, body: Vec<u8>) -> Result<Reply, reqwest::Error> {
        let url = format!("{}{path}", self.base);
        let response = self.client.post(url).header("Content-Type", media_type).body(body).send().await?;
        Reply::of(response).await
    }

    /// Calls a SOAP operation by its address, with these headers beside.
    pub async fn soap(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Result<Reply, reqwest::Error> {
        let url = format!("{}{path}", self.base);
        let mut call = self.client.post(url).header("Content-Type", soap::MEDIA_TYPE).body(body);
        for (name, value) in headers {
            call = call.header(*name, *value);
        }
        Reply::of(call.send().await?).await
    }

    /// Asks for a page.
    pub async fn get(&self, path: &str) -> Result<Reply, reqwest::Error> {
        Reply::of(self.client.get(format!("{}{path}", self.base)).send().await?).await
    }

    /// Posts a FHIR message.
    pub async fn fhir(&self, body: &serde_json::Value) -> Result<Reply, reqwest::Error> {
        self.post("/fhir/$process-message", "application/fhir+json", body.to_string().into_bytes()).await
    }

    /// Posts a case message.
    pub async fn case(&self, body: &serde_json::Value) -> Result<Reply, reqwest::Error> {
        self.post("/case/v1/messages", "application/json", body.to_string().into_bytes()).await
    }

    /// Posts a consent.
    pub async fn consent(&self, body: &serde_json::Value) -> Result<Reply, reqwest::Error> {
        self.post("/fhir/Consent", "application/fhir+json", body.to_string().into_bytes()).await
    }
}
