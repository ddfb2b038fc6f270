//! The development PKI as a folder: one authority, one certificate for the gateway, one per party.
//!
//! Invariant: what is there stays unless [`Existing::Replace`] is asked for; private keys have mode
//! 0600 from their first byte, the folder 0700, and it tells git to ignore everything in it.
//! Deliberately absent: passwords worth keeping secret; [`P12_PASSWORD`] is printed everywhere.

use super::{Authority, Error, Issued, Leaf, Usage, Validity};
use crate::model::HsaId;
use jiff::Timestamp;
use std::{
    fs, io,
    io::Write,
    path::{Path, PathBuf},
};

/// Password of the PKCS#12 files. They are for development; the PEM keys beside them have none.
pub const P12_PASSWORD: &str = "sluss-dev";

/// HSA-id in the gateway's own development certificate: what receivers see when it calls them.
pub const GATEWAY_HSA_ID: &str = "SE2321009900-SLUSS";

/// Test issuers say TEST, as SITHS does (domain §8), so that nobody trusts one by mistake.
const AUTHORITY_NAME: &str = "TEST Sluss development CA";

const AUTHORITY_DAYS: i64 = 5 * 365;
const LEAF_DAYS: i64 = 365;

/// A party that gets a certificate.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Party {
    /// Name for people: subject `CN` and `O`.
    pub name: String,
    /// Subject `serialNumber`.
    pub hsa_id: HsaId,
    /// First part of its file names.
    pub file_stem: String,
}

impl Party {
    /// A party whose file names follow from its name: lower case, letters and digits, else `-`.
    pub fn new(name: &str, hsa_id: HsaId) -> Party {
        let mut file_stem = String::new();
        for c in name.chars().flat_map(char::to_lowercase) {
            match c {
                'å' | 'ä' => file_stem.push('a'),
                'ö' => file_stem.push('o'),
                c if c.is_ascii_alphanumeric() => file_stem.push(c),
                _ if file_stem.ends_with('-') || file_stem.is_empty() => {}
                _ => file_stem.push('-'),
            }
        }
        let file_stem = file_stem.trim_end_matches('-').to_owned();
        Party { name: name.to_owned(), hsa_id, file_stem }
    }
}

/// What to do with certificates that are already there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Existing {
    /// Keep them and make what is missing, with the authority that is there.
    Keep,
    /// Make everything new. What the old ones opened, they open no longer.
    Replace,
}

/// The files of one certificate.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Files {
    /// Certificate, PEM.
    pub certificate: PathBuf,
    /// Private key, PEM, without password.
    pub key: PathBuf,
    /// Both with the authority, PKCS#12, password [`P12_PASSWORD`].
    pub pkcs12: PathBuf,
    /// Made now, or kept as it was.
    pub fresh: bool,
}

/// What [`make`] leaves behind.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Made {
    /// The folder.
    pub dir: PathBuf,
    /// The authority's certificate: what everyone trusts.
    pub ca: PathBuf,
    /// The gateway's own certificate, for both directions.
    pub server: Files,
    /// The parties' certificates, in the order asked for; usable as client and as server.
    pub parties: Vec<(Party, Files)>,
}

/// Makes the authority, the gateway's certificate and one certificate per party in `dir`.
pub fn make(dir: &Path, parties: &[Party], now: Timestamp, existing: Existing) -> Result<Made, Error> {
    check_stems(dir, parties)?;
    open_folder(dir)?;
    let (authority, existing) = authority(dir, now, existing)?;
    let validity = Validity::days(now, LEAF_DAYS);
    let server = leaf(dir, "server", &authority, existing, Leaf::new("Sluss", GATEWAY_HSA_ID, validity))?;
    let mut made = Vec::new();
    for party in parties {
        let wanted = Leaf { usage: Usage::Both, ..Leaf::new(&party.name, party.hsa_id.as_str(), validity) };
        made.push((party.clone(), leaf(dir, &party.file_stem, &authority, existing, wanted)?));
    }
    Ok(Made { dir: dir.to_owned(), ca: dir.join("ca.pem"), server, parties: made })
}

fn check_stems(dir: &Path, parties: &[Party]) -> Result<(), Error> {
    for (i, party) in parties.iter().enumerate() {
        let stem = party.file_stem.as_str();
        let taken =
            ["", "ca", "server"].contains(&stem) || parties.iter().take(i).any(|p| p.file_stem == stem);
        let plain = stem.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        if taken || !plain {
            let why =
                "this file name is empty, taken or not plain letters and digits; give the party another name";
            return Err(Error::Mixed { path: dir.join(stem), why: why.to_owned() });
        }
    }
    Ok(())
}

fn open_folder(dir: &Path) -> Result<(), Error> {
    let failed = |source| Error::File { path: dir.to_owned(), source };
    if !dir.is_dir() {
        fs::create_dir_all(dir).map_err(failed)?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            fs::set_permissions(dir, fs::Permissions::from_mode(0o700)).map_err(failed)?;
        }
    }
    let ignore = dir.join(".gitignore");
    if ignore.exists() { Ok(()) } else { write(&ignore, b"*\n", 0o644) }
}

/// The authority that is there, or a new one. A new one makes every older certificate worthless, so
/// there must be none.
fn authority(dir: &Path, now: Timestamp, existing: Existing) -> Result<(Authority, Existing), Error> {
    let (certificate, key) = (dir.join("ca.pem"), dir.join("ca.key"));
    if existing == Existing::Keep && (certificate.exists() || key.exists()) {
        let read = |path: &Path| {
            fs::read_to_string(path).map_err(|source| Error::File { path: path.to_owned(), source })
        };
        return match Authority::from_pem(AUTHORITY_NAME, &read(&certificate)?, &read(&key)?)? {
            Some(authority) => Ok((authority, Existing::Keep)),
            None => Err(Error::Mixed {
                path: certificate,
                why: "not the certificate of ca.key, or not made here; take another folder, or --force"
                    .to_owned(),
            }),
        };
    }
    let server = dir.join("server.pem");
    if existing == Existing::Keep && server.exists() {
        let why = "stands here without its authority; take another folder, or --force to make all anew";
        return Err(Error::Mixed { path: server, why: why.to_owned() });
    }
    let authority = Authority::new(AUTHORITY_NAME, Validity::days(now, AUTHORITY_DAYS))?;
    write(&certificate, authority.pem().as_bytes(), 0o644)?;
    write(&key, authority.key_pem().as_bytes(), 0o600)?;
    Ok((authority, existing))
}

fn leaf(dir: &Path, stem: &str, ca: &Authority, existing: Existing, leaf: Leaf) -> Result<Files, Error> {
    let path = |extension: &str| dir.join(format!("{stem}.{extension}"));
    let mut files = Files { certificate: path("pem"), key: path("key"), pkcs12: path("p12"), fresh: false };
    let there = [&files.certificate, &files.key, &files.pkcs12].map(|p| p.exists());
    match (existing, there) {
        (Existing::Keep, [true, true, true]) => return Ok(files),
        (Existing::Replace, _) | (Existing::Keep, [false, false, false]) => {}
        (Existing::Keep, _) => {
            let why =
                "only a part of certificate, key and p12 is here; remove the part, or --force".to_owned();
            return Err(Error::Mixed { path: files.certificate, why });
        }
    }
    write_leaf(&files, stem, &ca.issue(&leaf)?)?;
    files.fresh = true;
    Ok(files)
}

fn write_leaf(files: &Files, alias: &str, issued: &Issued) -> Result<(), Error> {
    write(&files.key, issued.key_pem().as_bytes(), 0o600)?;
    write(&files.pkcs12, &issued.pkcs12(alias, P12_PASSWORD)?, 0o600)?;
    write(&files.certificate, issued.certificate_pem().as_bytes(), 0o644)
}

/// Writes beside and renames: a reader sees the old file or the new one, and the mode holds from the
/// first byte even where an older file was readable by others.
fn write(path: &Path, bytes: &[u8], mode: u32) -> Result<(), Error> {
    let failed = |source: io::Error| Error::File { path: path.to_owned(), source };
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let beside = PathBuf::from(beside);
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(mode);
    }
    #[cfg(not(unix))]
    let _ = mode;
    if beside.exists() {
        fs::remove_file(&beside).map_err(failed)?;
    }
    let mut file = options.open(&beside).map_err(failed)?;
    file.write_all(bytes).map_err(failed)?;
    drop(file);
    fs::rename(&beside, path).map_err(failed)
}
