//! A signature with the gateway's own key, under a document that leaves the house.
//!
//! Invariant: the key that shows who we are on every connection; whoever has our certificate can check it, and needs
//! nothing else of us. Deliberately absent: what is signed.

use super::{Loaded, TlsFiles, finding};
use crate::model::Finding;
use aws_lc_rs::digest;
use jiff::Timestamp;
use rustls::{SignatureScheme, crypto::aws_lc_rs::sign::any_supported_type};

/// A signature with what is needed to check it.
#[derive(Clone, Debug)]
pub struct Signature {
    /// The scheme's name in TLS 1.3, such as `ECDSA_NISTP256_SHA256`.
    pub scheme: String,
    /// The signature.
    pub bytes: Vec<u8>,
    /// SHA-256 of the certificate (DER) that checks it.
    pub certificate: [u8; 32],
}

/// What a key may sign with, the best first.
const SCHEMES: [SignatureScheme; 6] = [
    SignatureScheme::ECDSA_NISTP256_SHA256,
    SignatureScheme::ECDSA_NISTP384_SHA384,
    SignatureScheme::ECDSA_NISTP521_SHA512,
    SignatureScheme::ED25519,
    SignatureScheme::RSA_PSS_SHA256,
    SignatureScheme::RSA_PKCS1_SHA256,
];

/// Signs these bytes with the key of these files.
pub fn sign(files: &TlsFiles, bytes: &[u8], now: Timestamp) -> Result<Signature, Vec<Finding>> {
    let Loaded { chain, key, .. } = files.load(now)?;
    let wrong = |what: String| vec![finding(&files.key, &what)];
    let key = any_supported_type(&key).map_err(|error| wrong(format!("the key cannot sign: {error}")))?;
    let signer =
        key.choose_scheme(&SCHEMES).ok_or_else(|| wrong("the key signs by no known scheme".into()))?;
    let signature = signer.sign(bytes).map_err(|error| wrong(format!("the key cannot sign: {error}")))?;
    let mut certificate = [0; 32];
    if let Some(own) = chain.first() {
        certificate.copy_from_slice(digest::digest(&digest::SHA256, own).as_ref());
    }
    Ok(Signature { scheme: format!("{:?}", signer.scheme()), bytes: signature, certificate })
}
