//! The development PKI as others read it: file modes, OpenSSL, Java.

use super::world::{between, now};
use sluss::{
    config::HsaFrom,
    courier::HttpCourier,
    listen::tls::Gate,
    model::HsaId,
    pki::{self, Existing, P12_PASSWORD, Party, TlsFiles},
};
use std::{fs, os::unix::fs::PermissionsExt, path::Path, process::Command};

fn region() -> Party {
    Party::new("Region Almlund", HsaId::parse("SE2321009900-REG1").unwrap())
}

fn municipality() -> Party {
    Party::new("Sjöby kommun", HsaId::parse("SE2120009911-SOC1").unwrap())
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// Runs a foreign tool; `None` if this machine does not have it.
fn run(tool: &str, arguments: &[&str]) -> Option<String> {
    let output = match Command::new(tool).args(arguments).output() {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return None,
        output => output.unwrap(),
    };
    let text =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{tool} {arguments:?}: {text}");
    Some(text)
}

#[test]
fn keys_are_private_and_both_sides_load_what_was_made() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path().join("pki");
    let made = pki::make(&dir, &[region()], now(), Existing::Keep).unwrap();
    assert_eq!(mode(&dir), 0o700);
    let (_, files) = &made.parties[0];
    for secret in [&dir.join("ca.key"), &made.server.key, &made.server.pkcs12, &files.key, &files.pkcs12] {
        assert_eq!(mode(secret), 0o600, "{}", secret.display());
    }
    assert_eq!(fs::read_to_string(dir.join(".gitignore")).unwrap(), "*\n");
    let files = TlsFiles { certificate: files.certificate.clone(), key: files.key.clone(), ca: made.ca };
    Gate::load(&files, HsaFrom::SerialNumber, now()).unwrap();
    HttpCourier::load(&files, now()).unwrap();
}

#[test]
fn what_is_there_stays_and_new_parties_join() {
    let dir = tempfile::tempdir().unwrap();
    let first = pki::make(dir.path(), &[region()], now(), Existing::Keep).unwrap();
    let read = |made: &pki::Made| fs::read(&made.parties[0].1.key).unwrap();
    let (key, ca) = (read(&first), fs::read(&first.ca).unwrap());
    let second = pki::make(dir.path(), &[region(), municipality()], now(), Existing::Keep).unwrap();
    assert_eq!((read(&second), fs::read(&second.ca).unwrap()), (key.clone(), ca.clone()));
    assert_eq!([second.parties[0].1.fresh, second.parties[1].1.fresh], [false, true]);
    if let Some(text) = run(
        "openssl",
        &[
            "verify",
            "-CAfile",
            second.ca.to_str().unwrap(),
            second.parties[1].1.certificate.to_str().unwrap(),
        ],
    ) {
        assert!(text.contains("OK"), "{text}");
    }
    let third = pki::make(dir.path(), &[region()], now(), Existing::Replace).unwrap();
    assert!(read(&third) != key && fs::read(&third.ca).unwrap() != ca);
    // The municipality's certificate is now a stranger's; keeping on does not hide that from `verify`,
    // and a folder without its authority is refused.
    fs::remove_file(dir.path().join("ca.key")).unwrap();
    assert!(pki::make(dir.path(), &[region()], now(), Existing::Keep).is_err());
    let twice = [region(), region()];
    assert!(pki::make(&dir.path().join("other"), &twice, now(), Existing::Keep).is_err());
}

#[test]
fn openssl_and_java_read_the_pkcs12_file() {
    let dir = tempfile::tempdir().unwrap();
    let made = pki::make(dir.path(), &[municipality()], now(), Existing::Keep).unwrap();
    let (_, files) = &made.parties[0];
    let (p12, pass) = (files.pkcs12.to_str().unwrap(), format!("pass:{P12_PASSWORD}"));
    if let Some(text) = run("openssl", &["pkcs12", "-info", "-in", p12, "-passin", &pass, "-noenc"]) {
        assert!(text.contains("BEGIN PRIVATE KEY"), "{text}");
        assert_eq!(text.matches("BEGIN CERTIFICATE").count(), 2, "leaf and authority");
        assert!(text.contains("PBES2") && text.contains("AES-256-CBC") && text.contains("sha256"), "{text}");
    }
    let certificate = files.certificate.to_str().unwrap();
    if let Some(text) =
        run("openssl", &["x509", "-in", certificate, "-noout", "-text", "-nameopt", "RFC2253,utf8,-esc_msb"])
    {
        for part in [
            "serialNumber=SE2120009911-SOC1",
            "CN=Sjöby kommun",
            "TLS Web Client Authentication",
            "TLS Web Server Authentication",
            "DNS:localhost",
            "IP Address:127.0.0.1",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }
    let list = ["-list", "-v", "-keystore", p12, "-storetype", "PKCS12", "-storepass", P12_PASSWORD];
    if let Some(text) = run("keytool", &list) {
        assert!(text.contains("PrivateKeyEntry") && text.contains("chain length: 2"), "{text}");
    }
}

#[test]
fn validity_is_what_was_asked_for() {
    let validity = between(-3, 5);
    let authority = pki::Authority::new("TEST CA", validity).unwrap();
    let (_, parsed) = x509_parser::prelude::FromDer::from_der(authority.der())
        .map(|(r, c): (_, x509_parser::prelude::X509Certificate)| (r, c))
        .unwrap();
    assert_eq!(parsed.validity().not_before.timestamp(), validity.from.as_second());
    assert_eq!(parsed.validity().not_after.timestamp(), validity.until.as_second());
}
