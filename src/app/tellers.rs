//! What follows the record beside the messages: the watch, who is told of problems, and the desk.
//!
//! Invariant: what is wrong with a teller's files is found at start-up; a teller that fails later stops nobody else.

use crate::{
    config::Config,
    courier::{Mail, Webhook},
    flow::Gateway,
    listen::desk,
    model::Finding,
    pki::TlsFiles,
    port::Teller,
};
use jiff::Timestamp;
use std::sync::Arc;
use tokio::{sync::watch, task::JoinHandle};

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

/// Starts what goes on beside the messages: the watch, the tellers, and the desk of those who run the gateway.
pub(super) fn start(
    tellers: Vec<Arc<dyn Teller>>,
    gateway: &Arc<Gateway>,
    stop: &watch::Receiver<bool>,
) -> Vec<JoinHandle<()>> {
    let mut followers = vec![tokio::spawn(gateway.clone().sweep(stop.clone()))];
    for teller in tellers {
        followers.push(tokio::spawn(gateway.clone().notify(teller, stop.clone())));
    }
    match desk::open(&gateway.config.state) {
        Ok(open) => followers.push(tokio::spawn(desk::serve(open, gateway.clone(), stop.clone()))),
        // Messages pass without it.
        Err(error) => tracing::warn!(%error, "there is no desk: stop the gateway to close problems"),
    }
    followers
}
