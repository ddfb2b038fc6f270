//! Reading the PEM files that the configuration names.
//!
//! Invariant: all that is wrong is found at once, each with its file and what to do; a text of ours
//! never holds a byte of a key. Deliberately absent: encrypted keys (the operator's secret store
//! hands out plain files with tight modes) and anything of a TLS library.

use crate::model::{Code, Finding};
use jiff::Timestamp;
use rustls_pki_types::{
    CertificateDer, PrivateKeyDer,
    pem::{self, PemObject},
};
use std::{
    fs,
    path::{Path, PathBuf},
};
use x509_parser::prelude::{FromDer, X509Certificate};

/// The three files of one side of mutual TLS.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TlsFiles {
    /// Our certificate chain, leaf first.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
    /// The authorities that the other side's certificate must come from.
    pub ca: PathBuf,
}

/// What the files hold.
pub struct Loaded {
    /// Our chain, leaf first; not empty.
    pub chain: Vec<CertificateDer<'static>>,
    /// Our key.
    pub key: PrivateKeyDer<'static>,
    /// The authorities trusted; not empty.
    pub authorities: Vec<CertificateDer<'static>>,
}

impl TlsFiles {
    /// Reads all three; `now` decides whether our own certificate is in its validity.
    pub fn load(&self, now: Timestamp) -> Result<Loaded, Vec<Finding>> {
        let chain = certificates(&self.certificate).and_then(|c| in_validity(&self.certificate, c, now));
        match (chain, private_key(&self.key), certificates(&self.ca)) {
            (Ok(chain), Ok(key), Ok(authorities)) => Ok(Loaded { chain, key, authorities }),
            (chain, key, authorities) => {
                Err([chain.err(), key.err(), authorities.err()].into_iter().flatten().collect())
            }
        }
    }
}

/// A finding about a file: where, what, what to do.
pub fn finding(path: &Path, what: &str) -> Finding {
    Finding::error(Code::ConfigFile, what).at(path.display().to_string())
}

fn read(path: &Path) -> Result<Vec<u8>, Finding> {
    fs::read(path).map_err(|e| finding(path, &format!("cannot be read: {e}; check path and permissions")))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Finding> {
    let bytes = read(path)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    match found {
        Ok(list) if list.is_empty() => {
            Err(finding(path, "holds no certificate; it must be PEM with BEGIN CERTIFICATE"))
        }
        Ok(list) => match list.iter().position(|der| X509Certificate::from_der(der).is_err()) {
            Some(i) => {
                Err(finding(path, &format!("certificate {} is not valid DER; export it again", i + 1)))
            }
            None => Ok(list),
        },
        Err(e) => Err(finding(path, &format!("is not well-formed PEM ({}); export it again", kind(&e)))),
    }
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, Finding> {
    let bytes = read(path)?;
    PrivateKeyDer::from_pem_slice(&bytes).map_err(|e| {
        let locked = bytes.windows(21).any(|w| w == b"ENCRYPTED PRIVATE KEY");
        let what = match (locked, e) {
            (true, _) => {
                "the key has a password; write it without one (openssl pkey) and restrict its mode".to_owned()
            }
            (false, pem::Error::NoItemsFound) => {
                "holds no private key; it must be PEM with BEGIN PRIVATE KEY".to_owned()
            }
            (false, e) => format!("is not well-formed PEM ({}); export it again", kind(&e)),
        };
        finding(path, &what)
    })
}

/// The library's own text quotes the line it stumbled over, which may be a line of a key.
fn kind(error: &pem::Error) -> &'static str {
    match error {
        pem::Error::MissingSectionEnd { .. } => "the END line is missing",
        pem::Error::IllegalSectionStart { .. } => "a BEGIN line is malformed",
        pem::Error::Base64Decode(_) => "the text between BEGIN and END is not base64",
        _ => "unreadable",
    }
}

fn in_validity(
    path: &Path,
    chain: Vec<CertificateDer<'static>>,
    now: Timestamp,
) -> Result<Vec<CertificateDer<'static>>, Finding> {
    let Some((_, leaf)) = chain.first().and_then(|der| X509Certificate::from_der(der).ok()) else {
        return Err(finding(path, "holds no certificate"));
    };
    let (from, until) = (leaf.validity().not_before.timestamp(), leaf.validity().not_after.timestamp());
    let when = |second: i64| Timestamp::from_second(second).map_or("?".to_owned(), |t| t.to_string());
    if now.as_second() > until {
        return Err(finding(path, &format!("our certificate expired on {}; renew it", when(until))));
    }
    if now.as_second() < from {
        return Err(finding(
            path,
            &format!("our certificate is valid only from {}; check the clock", when(from)),
        ));
    }
    Ok(chain)
}
