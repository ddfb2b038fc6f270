//! A certificate authority in memory, and the leaf certificates it issues.
//!
//! Invariant: every validity is given by the caller, never taken from a clock. Keys are ECDSA P-256.
//! Leafs can be made wrong on purpose (purpose, validity, subject): the tests of the TLS doors need
//! exactly that. Deliberately absent: intermediate authorities and revocation lists.

use super::Error;
use jiff::{SignedDuration, Timestamp};
use p12_keystore::{Certificate, KeyStore, KeyStoreEntry, PrivateKey, PrivateKeyChain};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, DnValue, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, date_time_ymd,
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use std::time::Duration;
use x509_parser::prelude::{FromDer, X509Certificate};

/// Attribute type of the subject's `serialNumber`: where SITHS function certificates hold the HSA-id.
const SERIAL_NUMBER: [u64; 4] = [2, 5, 4, 5];

/// From when until when a certificate is valid.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Validity {
    /// First second.
    pub from: Timestamp,
    /// Last second.
    pub until: Timestamp,
}

impl Validity {
    /// From an hour before `now`, so that clocks need not agree exactly, for `days` days.
    pub fn days(now: Timestamp, days: i64) -> Validity {
        Validity {
            from: now - SignedDuration::from_hours(1),
            until: now + SignedDuration::from_hours(24 * days),
        }
    }
}

/// What a leaf may be used for (extended key usage).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Usage {
    /// Only to call others.
    Client,
    /// Only to be called.
    Server,
    /// Both.
    Both,
}

/// What a leaf certificate shall say.
#[derive(Clone, Debug)]
pub struct Leaf {
    /// Subject `CN`.
    pub common_name: String,
    /// Subject `O`.
    pub organization: String,
    /// Subject `serialNumber`: the place of the HSA-id.
    pub subject_serial: Option<String>,
    /// Subject `OU`: the HSA-id's place in some older set-ups.
    pub organizational_unit: Option<String>,
    /// Host names and IP addresses.
    pub alt_names: Vec<String>,
    /// Extended key usage.
    pub usage: Usage,
    /// Validity.
    pub validity: Validity,
}

impl Leaf {
    /// A leaf for both directions on this machine, with the HSA-id in `serialNumber`.
    pub fn new(name: &str, hsa_id: &str, validity: Validity) -> Leaf {
        Leaf {
            common_name: name.to_owned(),
            organization: name.to_owned(),
            subject_serial: Some(hsa_id.to_owned()),
            organizational_unit: None,
            alt_names: ["localhost", "127.0.0.1", "::1"].map(str::to_owned).into(),
            usage: Usage::Both,
            validity,
        }
    }
}

/// An authority that can issue.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
    pem: String,
}

impl Authority {
    /// A new authority with a new key.
    pub fn new(name: &str, validity: Validity) -> Result<Authority, Error> {
        let key = KeyPair::generate()?;
        let params = authority_params(name, validity);
        let certificate = params.self_signed(&key)?;
        Ok(Authority {
            certificate: certificate.der().clone(),
            pem: certificate.pem(),
            issuer: Issuer::new(params, key),
        })
    }

    /// The authority whose certificate and key were written by [`super::make`]; `None` if they do not
    /// belong together or the certificate's name is another.
    pub fn from_pem(name: &str, certificate: &str, key: &str) -> Result<Option<Authority>, Error> {
        use rustls_pki_types::pem::PemObject;
        let key = KeyPair::from_pem(key)?;
        let der = CertificateDer::from_pem_slice(certificate.as_bytes())
            .map_err(|e| Error::Certificate(e.to_string()))?;
        let Ok((_, parsed)) = X509Certificate::from_der(&der) else { return Ok(None) };
        let same_name = parsed.subject().iter_common_name().any(|cn| cn.as_str() == Ok(name));
        let same_key = parsed.public_key().subject_public_key.data == key.public_key_raw();
        let validity = Validity { from: Timestamp::UNIX_EPOCH, until: Timestamp::UNIX_EPOCH };
        let issuer = Issuer::new(authority_params(name, validity), key);
        let authority = Authority { issuer, certificate: der.clone(), pem: certificate.to_owned() };
        Ok((same_name && same_key).then_some(authority))
    }

    /// The authority's certificate.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// The authority's certificate.
    pub fn der(&self) -> &CertificateDer<'static> {
        &self.certificate
    }

    /// The authority's private key; write it with care.
    pub fn key_pem(&self) -> String {
        self.issuer.key().serialize_pem()
    }

    /// Issues a certificate with a new key.
    pub fn issue(&self, leaf: &Leaf) -> Result<Issued, Error> {
        let key = KeyPair::generate()?;
        let certificate = leaf_params(leaf)?.signed_by(&key, &self.issuer)?;
        Ok(Issued {
            certificate: certificate.der().clone(),
            certificate_pem: certificate.pem(),
            key,
            authority: self.certificate.clone(),
        })
    }
}

/// A leaf certificate with its key.
pub struct Issued {
    certificate: CertificateDer<'static>,
    certificate_pem: String,
    key: KeyPair,
    authority: CertificateDer<'static>,
}

impl Issued {
    /// The certificate.
    pub fn certificate_pem(&self) -> &str {
        &self.certificate_pem
    }

    /// The private key; write it with care.
    pub fn key_pem(&self) -> String {
        self.key.serialize_pem()
    }

    /// The certificate as a chain, for a TLS configuration.
    pub fn chain(&self) -> Vec<CertificateDer<'static>> {
        vec![self.certificate.clone()]
    }

    /// The private key, for a TLS configuration.
    pub fn key_der(&self) -> PrivateKeyDer<'static> {
        PrivatePkcs8KeyDer::from(self.key.serialize_der()).into()
    }

    /// Key, certificate and authority as PKCS#12 (PBES2, AES-256, HMAC-SHA-256: what OpenSSL 3 and
    /// Java since 8u301 read without switches).
    pub fn pkcs12(&self, alias: &str, password: &str) -> Result<Vec<u8>, Error> {
        let broken = |e: p12_keystore::error::Error| Error::Certificate(e.to_string());
        let key = PrivateKey::from_der(self.key.serialized_der()).map_err(broken)?;
        let leaf = Certificate::from_der(&self.certificate).map_err(broken)?;
        let authority = Certificate::from_der(&self.authority).map_err(broken)?;
        let chain = PrivateKeyChain::new(alias, key, [leaf, authority]);
        let mut store = KeyStore::new();
        store.add_entry(alias, KeyStoreEntry::PrivateKeyChain(chain));
        store.writer(password).write().map_err(broken)
    }
}

fn authority_params(name: &str, validity: Validity) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CountryName, "SE");
    params.distinguished_name.push(DnType::OrganizationName, "Sluss");
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    set_validity(&mut params, validity);
    params
}

fn leaf_params(leaf: &Leaf) -> Result<CertificateParams, Error> {
    let mut params = CertificateParams::new(leaf.alt_names.clone())?;
    let name = &mut params.distinguished_name;
    *name = DistinguishedName::new();
    name.push(DnType::CountryName, "SE");
    name.push(DnType::OrganizationName, leaf.organization.as_str());
    if let Some(unit) = &leaf.organizational_unit {
        name.push(DnType::OrganizationalUnitName, unit.as_str());
    }
    name.push(DnType::CommonName, leaf.common_name.as_str());
    if let Some(serial) = &leaf.subject_serial {
        let text = DnValue::PrintableString(serial.as_str().try_into()?);
        name.push(DnType::from_oid(&SERIAL_NUMBER), text);
    }
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = match leaf.usage {
        Usage::Client => vec![ExtendedKeyUsagePurpose::ClientAuth],
        Usage::Server => vec![ExtendedKeyUsagePurpose::ServerAuth],
        Usage::Both => vec![ExtendedKeyUsagePurpose::ClientAuth, ExtendedKeyUsagePurpose::ServerAuth],
    };
    params.use_authority_key_identifier_extension = true;
    set_validity(&mut params, leaf.validity);
    Ok(params)
}

fn set_validity(params: &mut CertificateParams, validity: Validity) {
    // A certificate's times have whole seconds; nothing before 1970 is ever asked for.
    let seconds = |t: Timestamp| Duration::from_secs(u64::try_from(t.as_second()).unwrap_or(0));
    let epoch = date_time_ymd(1970, 1, 1);
    params.not_before = epoch + seconds(validity.from);
    params.not_after = epoch + seconds(validity.until);
}
