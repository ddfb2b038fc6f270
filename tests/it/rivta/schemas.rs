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
        for value in ["", "9", "x y", &"7".repeat(36), &"8".repeat(9000), "20141011", "201410110000"] {
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
    assert!(cases > 3000 && refused > 1000 && refused < cases, "{cases} {refused}");
}
