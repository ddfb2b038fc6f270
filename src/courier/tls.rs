//! TLS towards receivers: what we present, whom we trust, and what a failure means.
//!
//! Invariant: TLS 1.2 or 1.3, authorities only from the configured file, host names verified, our
//! certificate presented when asked. Deliberately absent: the system's root certificates, session
//! resumption (every connection checks the receiver's certificate afresh), early data, and any
//! switch that turns verification off.

use crate::{
    model::{Code, Finding},
    pki::{Loaded, TlsFiles},
};
use jiff::Timestamp;
use rustls::{
    AlertDescription, CertificateError, Error, RootCertStore,
    client::{Resumption, WebPkiServerVerifier},
    crypto::aws_lc_rs,
    pki_types::ServerName,
    version::{TLS12, TLS13},
};
use std::{error::Error as StdError, io, sync::Arc};
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};

pub use rustls::ClientConfig;

/// Reads the files; all that is wrong with them at once.
pub fn load(files: &TlsFiles, now: Timestamp) -> Result<ClientConfig, Vec<Finding>> {
    let Loaded { chain, key, authorities } = files.load(now)?;
    let finding = |path: &std::path::Path, what: String| {
        vec![Finding::error(Code::ConfigFile, what).at(path.display().to_string())]
    };
    let mut roots = RootCertStore::empty();
    for (i, authority) in authorities.into_iter().enumerate() {
        roots
            .add(authority)
            .map_err(|e| finding(&files.ca, format!("certificate {} cannot be an authority: {e}", i + 1)))?;
    }
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier = WebPkiServerVerifier::builder_with_provider(roots.into(), provider.clone())
        .build()
        .map_err(|e| finding(&files.ca, format!("cannot verify receivers: {e}")))?;
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13, &TLS12])
        .map_err(|e| finding(&files.certificate, format!("no TLS configuration: {e}")))?
        .with_webpki_verifier(verifier)
        .with_client_auth_cert(chain, key)
        .map_err(|e| {
            let what = match e {
                Error::InconsistentKeys(_) => {
                    "is not the key of the certificate; name the pair that belongs together".to_owned()
                }
                e => format!("cannot be used: {e}"),
            };
            finding(&files.key, what)
        })?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config.resumption = Resumption::disabled();
    Ok(config)
}

/// Takes an open connection through the handshake; the receiver's certificate must be for `host`.
pub async fn connect(
    config: &Arc<ClientConfig>,
    host: &str,
    tcp: TcpStream,
) -> io::Result<TlsStream<TcpStream>> {
    let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
    TlsConnector::from(config.clone()).connect(name, tcp).await
}

/// When a failure comes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Phase {
    /// Before the connection stood.
    Connecting,
    /// After we began to send.
    Sending,
}

/// What TLS says about a failed call; `None` if the failure is not one that TLS vouches for.
///
/// In TLS 1.3 our handshake is complete before the receiver has judged our certificate, so its
/// refusal arrives when the request is already on its way. Alerts about certificates are sent by a
/// receiver's TLS before it hands any byte to its application: these still mean "not sent".
pub fn failure(error: &(dyn StdError + 'static), phase: Phase) -> Option<String> {
    let tls = find(error)?;
    match (phase, tls) {
        (_, Error::AlertReceived(alert)) if phase == Phase::Connecting || about_certificate(*alert) => {
            Some(format!("the receiver broke off with alert {alert:?}; it may not accept our certificate"))
        }
        (Phase::Sending, _) => None,
        (Phase::Connecting, Error::InvalidCertificate(e)) => Some(certificate(e)),
        (Phase::Connecting, Error::InvalidMessage(_)) => Some("the receiver does not speak TLS".to_owned()),
        (Phase::Connecting, Error::PeerIncompatible(_)) => {
            Some("the receiver has no common ground with us for TLS 1.2 or 1.3".to_owned())
        }
        (Phase::Connecting, _) => Some("the TLS handshake failed".to_owned()),
    }
}

fn about_certificate(alert: AlertDescription) -> bool {
    use AlertDescription as A;
    matches!(
        alert,
        A::BadCertificate
            | A::UnsupportedCertificate
            | A::CertificateRevoked
            | A::CertificateExpired
            | A::CertificateUnknown
            | A::UnknownCA
            | A::AccessDenied
            | A::CertificateRequired
    )
}

fn certificate(error: &CertificateError) -> String {
    use CertificateError as E;
    let what = match error {
        // Bad signature: an authority of the same name with another key.
        E::UnknownIssuer | E::BadSignature => "is not from an authority trusted here",
        E::NotValidForName | E::NotValidForNameContext { .. } => "is not for the host name that we call",
        E::Expired | E::ExpiredContext { .. } => "has expired",
        E::NotValidYet | E::NotValidYetContext { .. } => "is not valid yet",
        E::InvalidPurpose | E::InvalidPurposeContext { .. } => "is not for servers (extended key usage)",
        E::Revoked => "is revoked",
        _ => "cannot be used",
    };
    format!("the receiver's certificate {what}")
}

/// The TLS error in a chain. An `io::Error` hides what it wraps from `source`, so it is opened.
fn find<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a Error> {
    if let Some(tls) = error.downcast_ref::<Error>() {
        return Some(tls);
    }
    let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    match wrapped {
        Some(inner) => find(inner),
        None => find(error.source()?),
    }
}
