//! `sluss cert dev`: makes the development PKI and says what to do with it.
//!
//! Invariant: what is there is kept unless `--force`; no key is ever printed. Deliberately absent:
//! anything for production certificates, which a partner orders from its own authority
//! (certs/README.md).

use crate::{
    model::HsaId,
    pki::{self, Existing, Files, Made, Party},
};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

/// Parties of the demonstration, when none is named.
const DEMO_PARTIES: [(&str, &str); 3] = [
    ("Region Almlund", "SE2321009900-REG1"),
    ("Granviks kommun", "SE2120009903-SOC1"),
    ("Sjöby kommun", "SE2120009911-SOC1"),
];

/// Make certificates for development: an authority, the gateway's and one per party.
#[derive(clap::Args, Clone, Debug)]
pub struct DevArgs {
    /// Folder to write to; it is made if missing, and git ignores what is in it.
    #[arg(long, value_name = "DIR", default_value = "dev-pki")]
    pub out: PathBuf,
    /// A party, as NAME=HSAID; may be given several times. Default: the parties of `sluss demo`.
    #[arg(long, value_name = "NAME=HSAID", value_parser = party)]
    pub party: Vec<Party>,
    /// Make everything anew, also what is there; the old certificates are worthless after that.
    #[arg(long)]
    pub force: bool,
    /// Print the result as JSON (set from the global `--json`).
    #[arg(skip)]
    pub json: bool,
}

/// Reads `NAME=HSAID`.
fn party(text: &str) -> Result<Party, String> {
    let (name, id) =
        text.rsplit_once('=').ok_or("expected NAME=HSAID, e.g. \"Region Almlund=SE2321009900-REG1\"")?;
    let hsa_id = HsaId::parse(id.trim())
        .ok_or("the HSA-id must be SE + 10 digits + '-' + letters and digits, at most 31 characters")?;
    let party = Party::new(name.trim(), hsa_id);
    if party.file_stem.is_empty() {
        return Err("the name must hold a letter or a digit".to_owned());
    }
    Ok(party)
}

/// The parties of the demonstration.
pub fn demo_parties() -> Vec<Party> {
    let known = |(name, id): &(&str, &str)| Some(Party::new(name, HsaId::parse(id)?));
    DEMO_PARTIES.iter().filter_map(known).collect()
}

/// Runs the verb; the exit code is 0 done, 3 the folder cannot be used, 70 our bug.
pub fn dev(args: &DevArgs, now: Timestamp, out: &mut dyn Write, err: &mut dyn Write) -> io::Result<u8> {
    let parties = if args.party.is_empty() { demo_parties() } else { args.party.clone() };
    let existing = if args.force { Existing::Replace } else { Existing::Keep };
    match pki::make(&args.out, &parties, now, existing) {
        Ok(made) if args.json => writeln!(out, "{:#}", as_json(&made)).map(|()| 0),
        Ok(made) => as_text(&made, out).map(|()| 0),
        Err(error) => {
            let code = if matches!(error, pki::Error::Certificate(_)) { 70 } else { 3 };
            if args.json {
                let problem =
                    json!({ "schema": "sluss.cli/1", "command": "cert dev", "error": error.to_string() });
                writeln!(out, "{problem:#}")?;
            }
            writeln!(err, "sluss cert dev: {error}")?;
            Ok(code)
        }
    }
}

fn as_json(made: &Made) -> Value {
    let files = |f: &Files| json!({ "certificate": f.certificate, "key": f.key, "pkcs12": f.pkcs12, "made": f.fresh });
    let parties: Vec<Value> = made
        .parties
        .iter()
        .map(|(p, f)| {
            json!({ "name": p.name, "hsaId": p.hsa_id, "files": files(f), "curl": curl(&made.ca, f) })
        })
        .collect();
    json!({
        "schema": "sluss.cli/1",
        "command": "cert dev",
        "folder": made.dir,
        "authority": made.ca,
        "server": { "hsaId": pki::GATEWAY_HSA_ID, "files": files(&made.server) },
        "parties": parties,
        "pkcs12Password": pki::P12_PASSWORD,
    })
}

fn as_text(made: &Made, out: &mut dyn Write) -> io::Result<()> {
    let word = |f: &Files| if f.fresh { "made" } else { "kept" };
    let name = |p: &Path| p.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
    writeln!(out, "Development certificates in {}", made.dir.display())?;
    writeln!(out, "  {:<24} what everyone trusts", name(&made.ca))?;
    let server = &made.server;
    let id = pki::GATEWAY_HSA_ID;
    writeln!(out, "  {:<24} {} for the gateway, {id}", name(&server.certificate), word(server))?;
    for (party, files) in &made.parties {
        let (file, word) = (name(&files.certificate), word(files));
        writeln!(out, "  {file:<24} {word} for {}, {}", party.name, party.hsa_id)?;
    }
    writeln!(out)?;
    writeln!(out, "Beside each .pem stand its .key (no password) and a .p12 with both for tools that want")?;
    writeln!(
        out,
        "PKCS#12 (password: {}). For development only; git ignores the folder.",
        pki::P12_PASSWORD
    )?;
    writeln!(out)?;
    writeln!(out, "Call the gateway as a party:")?;
    for (party, files) in &made.parties {
        writeln!(out, "  # {}\n  {}", party.name, curl(&made.ca, files))?;
    }
    writeln!(out, "To send a message add, for FHIR or for a case message:")?;
    writeln!(
        out,
        "  -H 'Content-Type: application/fhir+json' --data-binary @FILE 'https://localhost:8443/fhir/$process-message'"
    )?;
    writeln!(
        out,
        "  -H 'Content-Type: application/json' --data-binary @FILE https://localhost:8443/case/v1/messages"
    )
}

fn curl(ca: &Path, files: &Files) -> String {
    let [ca, certificate, key] = [ca, &files.certificate, &files.key].map(shell);
    format!("curl --cacert {ca} --cert {certificate} --key {key} https://localhost:8443/health")
}

/// A path as a shell takes it.
fn shell(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_alphanumeric() || "/._-".contains(c);
    if text.chars().all(plain) { text } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop")]

    use super::{DevArgs, dev, party, shell};
    use std::path::Path;

    #[test]
    fn a_party_is_a_name_and_an_hsa_id() {
        let p = party("Söderby kommun=SE2120009911-SOC1").unwrap();
        assert_eq!((p.file_stem.as_str(), p.hsa_id.as_str()), ("soderby-kommun", "SE2120009911-SOC1"));
        for bad in ["", "x", "x=SE1", "=SE2120009911-SOC1", "..=SE2120009911-SOC1"] {
            assert!(party(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn paths_are_quoted_for_the_shell() {
        assert_eq!(shell(Path::new("a/b-1.pem")), "a/b-1.pem");
        assert_eq!(shell(Path::new("it's here")), r"'it'\''s here'");
    }

    #[test]
    fn the_verb_makes_keeps_and_replaces() {
        let dir = tempfile::tempdir().unwrap();
        let run = |force: bool, json: bool| {
            let args = DevArgs { out: dir.path().join("pki"), party: vec![], force, json };
            let (mut out, mut err) = (Vec::new(), Vec::new());
            let code = dev(&args, jiff::Timestamp::now(), &mut out, &mut err).unwrap();
            (code, String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
        };
        let authority = || std::fs::read(dir.path().join("pki/ca.pem")).unwrap();
        let (code, text, _) = run(false, false);
        assert_eq!(code, 0);
        assert!(
            text.contains("curl --cacert") && text.contains("sluss-dev") && !text.contains("PRIVATE"),
            "{text}"
        );
        let first = authority();
        let (code, text, _) = run(false, true);
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!((code, value["schema"].as_str()), (0, Some("sluss.cli/1")));
        assert_eq!(value["parties"][0]["files"]["made"], false);
        assert_eq!(authority(), first, "kept");
        assert_eq!(run(true, false).0, 0);
        assert_ne!(authority(), first, "made anew");
        std::fs::remove_file(dir.path().join("pki/ca.pem")).unwrap();
        let (code, _, error) = run(false, false);
        assert_eq!(code, 3);
        assert!(error.contains("ca.pem"), "{error}");
    }
}
