//! The TLS door: who may connect, and the named reason for everyone who may not.
//!
//! Invariant: a [`Line`] exists only after a full handshake of TLS 1.2 or 1.3 in which a client
//! certificate from a configured authority was verified, and it carries the [`Peer`] of exactly that
//! certificate. Everyone else becomes a [`TurnedAway`] with a code. Deliberately absent: session
//! resumption and early data (a resumed session skips the check of the client certificate),
//! optional client certificates, and any switch that weakens this.

use super::peer::{self, Presented};
use crate::{
    config::HsaFrom,
    model::{Code, Finding, Peer},
    pki::{Loaded, TlsFiles},
};
use jiff::Timestamp;
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, HandshakeKind, PeerIncompatible,
    RootCertStore, ServerConfig, SignatureScheme,
    client::danger::HandshakeSignatureValid,
    crypto::{CryptoProvider, aws_lc_rs},
    pki_types::{CertificateDer, UnixTime},
    server::{
        NoServerSessionStorage, ResolvesServerCert, WebPkiClientVerifier,
        danger::{ClientCertVerified, ClientCertVerifier},
    },
    sign::{CertifiedKey, SingleCertAndKey},
    version::{TLS12, TLS13},
};
use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{Arc, OnceLock},
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf},
    net::TcpStream,
    sync::watch,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

/// How long a refused caller may take to read why, and how much it may still send.
const PARTING: (Duration, usize) = (Duration::from_secs(1), 64 * 1024);

/// A caller that got no further than the handshake.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TurnedAway {
    /// The reason, by the catalogue.
    pub code: Code,
    /// What exactly; nothing that the caller wrote.
    pub detail: String,
    /// Serial number of the certificate presented, if one was.
    pub serial: Option<String>,
    /// Issuer of the certificate presented, if one was and it is not self-issued.
    pub issuer: Option<String>,
    /// Where the caller called from.
    pub address: Option<SocketAddr>,
}

/// What a handshake demands of the caller.
#[derive(Debug)]
pub struct Gate {
    provider: Arc<CryptoProvider>,
    verifier: Arc<dyn ClientCertVerifier>,
    certificate: Arc<dyn ResolvesServerCert>,
    hsa_from: HsaFrom,
    /// Application protocols (ALPN) that are offered.
    protocols: Vec<Vec<u8>>,
}

impl Gate {
    /// Reads the files; all that is wrong with them at once.
    pub fn load(files: &TlsFiles, hsa_from: HsaFrom, now: Timestamp) -> Result<Gate, Vec<Finding>> {
        let Loaded { chain, key, authorities } = files.load(now)?;
        let provider = Arc::new(aws_lc_rs::default_provider());
        let mut findings = Vec::new();
        let mut note = |path: &std::path::Path, what: String| {
            findings.push(Finding::error(Code::ConfigFile, what).at(path.display().to_string()));
        };
        let mut roots = RootCertStore::empty();
        for (i, authority) in authorities.into_iter().enumerate() {
            if let Err(e) = roots.add(authority) {
                note(&files.ca, format!("certificate {} cannot be an authority: {e}", i + 1));
            }
        }
        let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider.clone()).build();
        let verifier = verifier.map_err(|e| note(&files.ca, format!("cannot verify callers: {e}"))).ok();
        let ours = CertifiedKey::from_der(chain, key, &provider).map_err(|e| {
            let what = match e {
                Error::InconsistentKeys(_) => {
                    "is not the key of the certificate; name the pair that belongs together".to_owned()
                }
                e => format!("cannot be used: {e}"),
            };
            note(&files.key, what);
        });
        match (verifier, ours, findings.is_empty()) {
            (Some(verifier), Ok(ours), true) => {
                let certificate = Arc::new(SingleCertAndKey::from(ours));
                let protocols = vec![b"http/1.1".to_vec()];
                Ok(Gate { provider, verifier, certificate, hsa_from, protocols })
            }
            _ => Err(findings),
        }
    }

    /// The same gate for a protocol that has no name in TLS.
    pub fn without_protocols(&self) -> Gate {
        Gate {
            provider: self.provider.clone(),
            verifier: self.verifier.clone(),
            certificate: self.certificate.clone(),
            hsa_from: self.hsa_from,
            protocols: Vec::new(),
        }
    }

    /// A configuration for one connection: its verifier tells what that connection presented.
    fn config(&self, witness: Arc<Witness>) -> Result<ServerConfig, Error> {
        let mut config = ServerConfig::builder_with_provider(self.provider.clone())
            .with_protocol_versions(&[&TLS13, &TLS12])?
            .with_client_cert_verifier(witness)
            .with_cert_resolver(self.certificate.clone());
        config.alpn_protocols = self.protocols.clone();
        config.send_tls13_tickets = 0;
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.max_early_data_size = 0;
        Ok(config)
    }

    /// Takes a connection through the handshake, within `limit`. `sink` hears of everyone turned
    /// away before the connection is closed.
    pub async fn admit(
        &self,
        tcp: TcpStream,
        limit: Duration,
        sink: &(dyn Fn(TurnedAway) + Send + Sync),
    ) -> Option<Line> {
        let address = tcp.peer_addr().ok();
        let seen = Arc::new(OnceLock::new());
        let turn_away = |(code, detail): (Code, String)| {
            let presented: Option<&Presented> = seen.get();
            sink(TurnedAway {
                code,
                detail,
                serial: presented.map(|p| p.serial.clone()),
                issuer: presented.and_then(|p| p.issuer.clone()),
                address,
            });
        };
        // Small answers must not wait for the caller's delayed acknowledgements.
        let _ = tcp.set_nodelay(true);
        let witness = Witness { inner: self.verifier.clone(), from: self.hsa_from, seen: seen.clone() };
        let config = match self.config(Arc::new(witness)) {
            Ok(config) => config,
            Err(e) => {
                turn_away((Code::Internal, format!("no TLS configuration: {e}")));
                return None;
            }
        };
        let handshake = TlsAcceptor::from(Arc::new(config)).accept(tcp).into_fallible();
        match tokio::time::timeout(limit, handshake).await {
            Ok(Ok(stream)) => match line(stream, &seen) {
                Some(line) => Some(line),
                None => {
                    turn_away((
                        Code::CertificateUnusable,
                        "the certificate was not checked in this handshake".to_owned(),
                    ));
                    None
                }
            },
            Ok(Err((error, tcp))) => {
                turn_away(reason(&error));
                part(tcp, PARTING.1).await;
                None
            }
            Err(_) => {
                let detail = format!("the handshake was not complete within {limit:?}");
                turn_away((Code::HandshakeFailed, detail));
                None
            }
        }
    }
}

/// The line of a finished handshake, if the verifier was asked in it.
fn line(stream: TlsStream<TcpStream>, seen: &OnceLock<Presented>) -> Option<Line> {
    let full = matches!(
        stream.get_ref().1.handshake_kind(),
        Some(HandshakeKind::Full | HandshakeKind::FullWithHelloRetryRequest)
    );
    let presented = seen.get().filter(|_| full)?;
    let peer = Peer { hsa_id: presented.hsa_id.clone(), serial: presented.serial.clone() };
    Some(Line { stream, peer, gone: watch::channel(false).0 })
}

/// Closes so that a refused caller can read why: closing with unread bytes would make the kernel send a
/// reset, which can overtake the answer.
pub(super) async fn part(mut stream: impl AsyncRead + AsyncWrite + Unpin, most: usize) {
    let reading = async {
        stream.shutdown().await?;
        let mut rest = [0; 4096];
        let mut total = 0;
        while total < most {
            match stream.read(&mut rest).await? {
                0 => break,
                n => total += n,
            }
        }
        io::Result::Ok(())
    };
    let _ = tokio::time::timeout(PARTING.0, reading).await;
}

/// Code and detail of a failed handshake.
fn reason(error: &io::Error) -> (Code, String) {
    let failed = |detail: &str| (Code::HandshakeFailed, detail.to_owned());
    match error.get_ref().and_then(|e| e.downcast_ref::<Error>()) {
        Some(Error::NoCertificatesPresented) => {
            let detail = "some clients present none when theirs is not from an authority that we name";
            (Code::NoCertificate, detail.to_owned())
        }
        Some(Error::InvalidCertificate(e)) => certificate_reason(e),
        Some(Error::AlertReceived(alert)) => {
            failed(&format!("the caller broke off with alert {alert:?}; it may not accept our certificate"))
        }
        // What a caller with TLS 1.1 runs into first: the extension came with TLS 1.2.
        Some(Error::PeerIncompatible(PeerIncompatible::SignatureAlgorithmsExtensionRequired)) => {
            failed("the caller offers only TLS older than 1.2, or no signature algorithms")
        }
        Some(Error::PeerIncompatible(e)) => failed(&format!("no common ground for TLS 1.2 or 1.3: {e:?}")),
        Some(Error::InvalidMessage(e)) => failed(&format!("the caller does not speak TLS: {e:?}")),
        Some(Error::NoApplicationProtocol) => failed("the caller does not offer http/1.1 (ALPN)"),
        Some(Error::PeerMisbehaved(e)) => failed(&format!("the caller broke the TLS protocol: {e:?}")),
        Some(Error::InappropriateMessage { .. } | Error::InappropriateHandshakeMessage { .. }) => {
            failed("the caller sent a TLS message out of order")
        }
        Some(Error::DecryptError) => failed("a record could not be decrypted"),
        Some(_) => failed("the TLS library broke off"),
        None if error.kind() == io::ErrorKind::UnexpectedEof => {
            failed("the caller closed the connection before the handshake was complete")
        }
        None => failed(&format!("the connection broke: {:?}", error.kind())),
    }
}

/// Code and detail of a certificate that was presented and refused.
fn certificate_reason(error: &CertificateError) -> (Code, String) {
    use CertificateError as E;
    let when = |t: &UnixTime| {
        let second = i64::try_from(t.as_secs()).unwrap_or(i64::MAX);
        Timestamp::from_second(second).map_or("?".to_owned(), |t| t.to_string())
    };
    let (code, detail) = match error {
        E::UnknownIssuer => (Code::UnknownIssuer, "not signed by an authority trusted here".to_owned()),
        E::ExpiredContext { not_after, .. } => {
            (Code::CertificateExpired, format!("it was valid until {}", when(not_after)))
        }
        E::NotValidYetContext { not_before, .. } => {
            (Code::CertificateExpired, format!("it is valid only from {}", when(not_before)))
        }
        E::Expired => (Code::CertificateExpired, "it has expired".to_owned()),
        E::NotValidYet => (Code::CertificateExpired, "it is not valid yet".to_owned()),
        E::InvalidPurpose | E::InvalidPurposeContext { .. } => {
            let detail = "its extended key usage does not hold clientAuth";
            (Code::CertificateUnusable, detail.to_owned())
        }
        E::Revoked => (Code::CertificateUnusable, "it is revoked".to_owned()),
        E::BadSignature => (Code::CertificateUnusable, "the caller does not hold its private key".to_owned()),
        E::BadEncoding => (Code::CertificateUnusable, "it is not well-formed DER".to_owned()),
        E::UnhandledCriticalExtension => (
            Code::CertificateUnusable,
            "it holds a critical extension that is not understood here".to_owned(),
        ),
        E::UnsupportedSignatureAlgorithmContext { .. }
        | E::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
            (Code::CertificateUnusable, "its key or signature algorithm is not accepted here".to_owned())
        }
        _ => (Code::CertificateUnusable, "it breaks a rule of the chain or its own fields".to_owned()),
    };
    (code, detail)
}

/// A verifier for one connection: remembers what was presented, then asks the real one.
#[derive(Debug)]
struct Witness {
    inner: Arc<dyn ClientCertVerifier>,
    from: HsaFrom,
    seen: Arc<OnceLock<Presented>>,
}

impl ClientCertVerifier for Witness {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.inner.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let presented = peer::read(end_entity, self.from)
            .ok_or(Error::InvalidCertificate(CertificateError::BadEncoding))?;
        // One handshake has one client certificate; were this asked twice, the first would stay.
        let _ = self.seen.set(presented);
        // A signature in the chain that does not verify: signed by a stranger who bears the name of
        // an authority of ours, as after the development PKI was made anew. Not a broken certificate.
        self.inner.verify_client_cert(end_entity, intermediates, now).map_err(|e| match e {
            Error::InvalidCertificate(CertificateError::BadSignature) => {
                Error::InvalidCertificate(CertificateError::UnknownIssuer)
            }
            e => e,
        })
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

/// An open connection whose caller has proved who it is.
pub struct Line {
    stream: TlsStream<TcpStream>,
    peer: Peer,
    gone: watch::Sender<bool>,
}

/// Tells when the other end of a [`Line`] sends no more. The engine above lets a call go on then, which
/// is right for whoever hands in a message; whoever waits for one asks here.
#[derive(Clone)]
pub struct Gone(watch::Receiver<bool>);

impl Gone {
    /// Resolves when it sends no more.
    pub async fn gone(&mut self) {
        // A line that is dropped is as silent.
        let _ = self.0.wait_for(|gone| *gone).await;
    }
}

impl Line {
    /// Who is at the other end.
    pub fn peer(&self) -> &Peer {
        &self.peer
    }

    /// Tells when the other end sends no more.
    pub fn silence(&self) -> Gone {
        Gone(self.gone.subscribe())
    }

    /// Where the other end is.
    pub fn address(&self) -> Option<SocketAddr> {
        self.stream.get_ref().0.peer_addr().ok()
    }
}

impl AsyncRead for Line {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let line = self.get_mut();
        let (before, room) = (buf.filled().len(), buf.remaining());
        let polled = Pin::new(&mut line.stream).poll_read(cx, buf);
        if matches!(polled, Poll::Ready(Ok(()))) && room > 0 && buf.filled().len() == before {
            line.gone.send_replace(true);
        }
        polled
    }
}

impl AsyncWrite for Line {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}
