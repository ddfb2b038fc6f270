//! Who is told of problems: made from the configuration, each following the record on its own.
//!
//! Invariant: what is wrong with a teller's files is found at start-up; a teller that fails later stops nobody else.

use crate::{
    config::Config,
    courier::{Mail, Webhook},
    flow::Gateway,
    model::Finding,
    pki::TlsFiles,
    port::Teller,
};
use jiff::Timestamp;
use std::sync::Arc;
use tokio::sync::watch;

/// All of them; all problems at once.
pub(super) fn load(config: &Config, now: Timestamp) -> Result<Vec<Arc<dyn Teller>>, Vec<Finding>> {
    let (mut tellers, mut found): (Vec<Arc<dyn Teller>>, Vec<Finding>) = (Vec::new(), Vec::new());
    if let Some(webhook) = &config.notify.webhook {
        let files = TlsFiles {
            certificate: config.tls.certificate.clone(),
            key: config.tls.key.clone(),
            ca: webhook.ca.clone().unwrap_or_else(|| config.tls.server_ca.clone()),
        };
        match Webhook::load(&webhook.url, &files, now) {
            Ok(webhook) => tellers.push(Arc::new(webhook)),
            Err(wrong) => found.extend(wrong),
        }
    }
    if let Some(mail) = &config.notify.mail {
        match Mail::load(mail) {
            Ok(mail) => tellers.push(Arc::new(mail)),
            Err(wrong) => found.extend(wrong),
        }
    }
    if found.is_empty() { Ok(tellers) } else { Err(found) }
}

/// Lets each follow the record.
pub(super) fn start(tellers: Vec<Arc<dyn Teller>>, gateway: &Arc<Gateway>, stop: &watch::Receiver<bool>) {
    for teller in tellers {
        tokio::spawn(gateway.clone().notify(teller, stop.clone()));
    }
}
