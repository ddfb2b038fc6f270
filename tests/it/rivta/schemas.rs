//! Our own schemas of the contract, beside the published ones: the same verdict on every message.

use crate::xsd::{judged_right, limits, suite};
use sluss::rulebook::Xsd;
use std::{path::Path, process::Command};

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("conformance")
}

fn ours() -> Xsd {
    Xsd::load(&folder().join("schemas/rivta")).unwrap_or_else(|p| panic!("{p:?}"))
}

#[test]
fn schemas_and_model_are_what_the_table_says() {
    let script = folder().join("build-rivta.py");
    let out = Command::new("python3").arg(script).arg("--check").output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
}

#[test]
fn our_schemas_judge_the_official_messages_as_the_published_ones_do() {
    let Some(folder) = suite() else { return };
    judged_right(&ours(), &folder, "our schemas");
}

/// Each line of a message taken away, doubled, and given values that do not fit.
fn broken(text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().collect();
    let mut out = Vec::new();
    for (n, line) in lines.iter().enumerate().filter(|(_, l)| !l.contains("Envelope") && !l.contains("Body"))
    {
        let with = |new: String| {
            let mut all: Vec<&str> = lines.clone();
            all[n] = &new;
            all.join("\n")
        };
        out.push(with(String::new()));
        let twice = format!("{line}{line}");
        out.push(with(twice));
        for value in ["", "9", &"8".repeat(9000), "201410110000"] {
            // The first attribute, or the text between two tags.
            let changed = match (line.find("=\""), line.find("</")) {
                (Some(at), _) => {
                    let end = line[at + 2..].find('"').map_or(line.len(), |e| at + 2 + e);
                    format!("{}{value}{}", &line[..at + 2], &line[end..])
                }
                (None, Some(end)) => match line.find('>').filter(|start| *start < end) {
                    Some(start) => format!("{}{value}{}", &line[..=start], &line[end..]),
                    None => continue,
                },
                (None, None) => continue,
            };
            out.push(with(changed));
        }
    }
    out
}

#[test]
fn our_schemas_and_the_published_ones_find_the_same_in_broken_messages() {
    let Some(folder) = suite() else { return };
    let published = Xsd::load(&folder.join("schemas")).unwrap_or_else(|p| panic!("{p:?}"));
    let ours = ours();
    let mut files: Vec<_> = std::fs::read_dir(folder.join("resolved")).unwrap().flatten().collect();
    files.sort_by_key(std::fs::DirEntry::file_name);
    let (mut cases, mut refused) = (0, 0);
    // The workflow's messages are the others again.
    for file in files.iter().filter(|f| !f.file_name().to_string_lossy().starts_with("RequestWorkflow")) {
        let text = std::fs::read_to_string(file.path()).unwrap().replace(">urn<", ">urn:a1:b<");
        for one in broken(&text) {
            let (a, b) =
                (published.check_soap(one.as_bytes(), &limits()), ours.check_soap(one.as_bytes(), &limits()));
            let told = |r: &Result<_, Vec<fhir::Finding>>| match r {
                Ok(_) => Vec::new(),
                Err(found) => found.iter().map(|f| format!("{} {} {}", f.code, f.place, f.message)).collect(),
            };
            assert_eq!(told(&a), told(&b), "{:?}: {one}", file.file_name());
            assert_eq!(a.is_ok(), b.is_ok());
            cases += 1;
            refused += usize::from(a.is_err());
        }
    }
    println!(
        "schemas of the contract: {cases} broken messages, {refused} refused, ours as the published ones"
    );
    assert!(cases > 2000 && refused > 1000 && refused < cases, "{cases} {refused}");
}

/// The whole program, with our schemas and with a site's own copy of the published ones.
#[test]
fn the_tool_judges_by_our_schemas_or_by_the_published_ones_and_says_the_same() {
    let Some(folder) = suite() else { return };
    let site = tempfile::tempdir().unwrap();
    let config = |more: &str| {
        let path = site.path().join("sluss.toml");
        let tls = "[tls]\ncertificate = \"a\"\nkey = \"b\"\nclient_ca = \"c\"\n";
        std::fs::write(&path, format!("hsa_id = \"SE2321009900-SLUSS\"\nname = \"t\"\n{tls}{more}")).unwrap();
        path
    };
    for folder in ["partners", "agreements"] {
        std::fs::create_dir_all(site.path().join(folder)).unwrap();
    }
    let party = "name = \"r\"\nhsa_id = \"SE2321009900-REG1\"\nkind = \"region\"\nformat = \"rivta\"\n\
                 endpoint = \"https://localhost/{operation}\"\n";
    std::fs::write(site.path().join("partners/r.toml"), party).unwrap();
    std::fs::write(site.path().join("agreements/lan.toml"), sluss::rulebook::example_agreement()).unwrap();
    let run = |args: &[&std::ffi::OsStr]| {
        let mut done = Command::new(env!("CARGO_BIN_EXE_sluss"));
        let out =
            done.arg("validate").arg("--json").args(args).arg(folder.join("resolved")).output().unwrap();
        let value: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
        let files = value["result"]["files"].as_array().unwrap_or_else(|| panic!("{value}")).clone();
        files.iter().map(|f| (f["file"].to_string(), f["valid"].as_bool().unwrap())).collect::<Vec<_>>()
    };
    let plain = run(&[]);
    assert_eq!(plain.len(), 18);
    assert_eq!(plain.iter().filter(|(_, valid)| !valid).count(), 5, "{plain:?}");
    let path = folder.join("schemas");
    let own = config(&format!("[rivta]\nschemas = {:?}\n", path.to_str().unwrap()));
    let published = run(&["--config".as_ref(), own.as_os_str()]);
    assert_eq!(plain, published);
    // A folder without the contract is a problem before anything starts.
    let rules = sluss::rulebook::Rulebook::load(&sluss::rulebook::Source::Embedded)
        .unwrap_or_else(|p| panic!("{p:?}"));
    let version = rules.version().to_string();
    let problems = rules.with_contract(site.path()).err().unwrap();
    assert!(problems[0].message.contains("ProcessRequest, "), "{problems:?}");
    let rules = super::form::again().with_contract(&path).unwrap_or_else(|p| panic!("{p:?}"));
    assert_ne!(rules.version(), version);
}
