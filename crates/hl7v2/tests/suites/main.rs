//! The three suites of HL7 v2 messages in the corpora.
//!
//! A message passes when it is parsed, every value has a text, it is written again byte for byte out of its
//! smallest values, and acknowledged: an answer is made, read again, and matches. What a suite says must be refused passes when it is refused, and
//! answered all the same. Invariant: what does not pass is listed in `exceptions.txt` by name with its reason; a
//! listed case that passes fails the run, and so does an unlisted one that does not.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

#[path = "../rebuild/mod.rs"]
mod rebuild;

use hl7v2::ack::{AckCode, Finding, Head, Level, Reply, Verdict, read, write};
use hl7v2::{Batches, Charset, Code, Fault, Limits, Message};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The suite's folder; nothing, with one line about it, where the corpora are absent.
fn suite(name: &str) -> Option<PathBuf> {
    let default = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpora");
    let root = std::env::var_os("SLUSS_CORPORA").map_or(default, PathBuf::from);
    let folder = root.join(name);
    if folder.is_dir() {
        return Some(folder);
    }
    assert!(std::env::var("CI").as_deref() != Ok("true"), "{name}: no folder {}", folder.display());
    println!("suite {name}: passed over, no folder {}", folder.display());
    None
}

type Outcome = Result<(), String>;

fn told(faults: &[Fault]) -> String {
    faults.iter().map(Fault::to_string).collect::<Vec<_>>().join(" | ")
}

/// An answer to `input` that tells of `faults`, read again and matched.
fn acknowledged(input: &[u8], faults: &[Fault]) -> Outcome {
    let head = Head::read(input, Charset::Utf8);
    let verdict = if faults.is_empty() { Verdict::Accepted } else { Verdict::Rejected };
    let level = if head.wants(Level::Accept, verdict) { Level::Accept } else { Level::Application };
    let findings: Vec<Finding> = faults.iter().map(Finding::from).collect();
    let reply = Reply {
        code: AckCode::of(level, verdict),
        id: "S-1",
        at: "20260301093000+0100",
        findings: &findings,
    };
    let bytes = write(&head, &reply);
    let answer = Message::parse(&bytes).map_err(|f| format!("the answer: {f}"))?;
    let wrong = answer.check(10);
    if !wrong.is_empty() {
        return Err(format!("the answer: {}", told(&wrong)));
    }
    if (answer.header().field(5).raw(), answer.header().field(6).raw()) != (head.field(3), head.field(4)) {
        // The sender's own delimiters may have been refused, then its fields are texts in the usual ones.
        if faults.is_empty() {
            return Err("the answer goes to somebody else".into());
        }
    }
    if head.control_id().is_empty() {
        // There is nothing to match, and the answer says so.
        let unmatched = read(&answer).is_err_and(|fault| fault.code == Code::Missing);
        return if unmatched { Ok(()) } else { Err("the answer matches nothing".into()) };
    }
    let ack = read(&answer).map_err(|f| format!("the answer: {f}"))?;
    if ack.findings.len() != findings.len() || ack.code != reply.code {
        return Err("the answer tells something else".into());
    }
    ack.answers(head.control_id()).map_err(|f| format!("the answer: {f}"))
}

/// Parses, writes again, acknowledges.
fn message(input: &[u8]) -> Outcome {
    match Message::read(input, &Limits::default(), Charset::Utf8) {
        Ok(message) => {
            let unread: Vec<Fault> =
                message.check(usize::MAX).into_iter().filter(|fault| fault.code != Code::Missing).collect();
            if !unread.is_empty() {
                return Err(told(&unread));
            }
            if rebuild::rebuilt(&message) != input {
                return Err("is not written back byte for byte".into());
            }
            acknowledged(input, &[])
        }
        Err(faults) => {
            acknowledged(input, &faults)?;
            Err(told(&faults))
        }
    }
}

/// A file of messages: envelopes and messages together are the file, and each message passes.
fn batch(input: &[u8]) -> Outcome {
    let file = Batches::read(input, &Limits::default()).map_err(|faults| told(&faults))?;
    let mut spans: Vec<_> = file.header.iter().chain(&file.trailer).cloned().collect();
    for batch in &file.batches {
        spans.extend(batch.header.iter().chain(&batch.messages).chain(&batch.trailer).cloned());
    }
    for header in file.header.iter().chain(file.batches.iter().filter_map(|b| b.header.as_ref())) {
        let envelope = file.envelope(header, Charset::Ascii).map_err(|faults| told(&faults))?;
        if rebuild::rebuilt(&envelope) != input[header.clone()] {
            return Err("an envelope is not written back byte for byte".into());
        }
    }
    spans.sort_by_key(|span| span.start);
    let mut at = 0;
    for span in spans {
        if !input[at..span.start].iter().all(|b| matches!(b, b'\r' | b'\n')) {
            return Err("something lies between envelopes and messages".into());
        }
        at = span.end;
    }
    file.messages().try_for_each(message)
}

/// The files of a folder with that ending, by name.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let hl7 = paths.filter(|p| p.extension().is_some_and(|e| e == "hl7"));
    let mut files: Vec<_> = hl7
        .map(|p| (p.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read(p).unwrap()))
        .collect();
    files.sort();
    files
}

/// Prints the suite's line and fails where cases and list do not agree.
fn judge(suite: &str, cases: Vec<(String, Outcome)>, also: &str) {
    let listed: BTreeMap<&str, &str> = include_str!("exceptions.txt")
        .lines()
        .filter(|l| !l.starts_with('#'))
        .filter_map(|l| l.strip_prefix(suite)?.strip_prefix('/'))
        .map(|l| l.split_once(": ").unwrap_or_else(|| panic!("no reason: {l}")))
        .collect();
    let passed = cases.iter().filter(|(_, outcome)| outcome.is_ok()).count();
    println!("suite {suite}: {passed} of {} ({also}{} exceptions listed)", cases.len(), listed.len());
    let mut wrong = Vec::new();
    for (name, outcome) in &cases {
        match (outcome, listed.get(name.as_str())) {
            (Err(why), Some(_)) if why.starts_with("the answer") => wrong.push(format!("{name}: {why}")),
            (Err(why), None) => wrong.push(format!("{name} does not pass: {why}")),
            (Ok(()), Some(_)) => wrong.push(format!("{name} passes, yet exceptions.txt lists it")),
            (Err(_), Some(reason)) => println!("  except {name}: {reason}"),
            (Ok(()), None) => {}
        }
    }
    for name in listed.keys().filter(|n| !cases.iter().any(|(case, _)| case == **n)) {
        wrong.push(format!("exceptions.txt lists {name}, which is no case"));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn microsoft() {
    let Some(folder) = suite("hl7v2-microsoft") else { return };
    let cases = files(&folder.join("messages")).into_iter().map(|(name, input)| (name, message(&input)));
    let cases: Vec<_> = cases.collect();
    assert_eq!(cases.len(), 82);
    judge("hl7v2-microsoft", cases, "");
}

#[test]
fn linuxforhealth() {
    let Some(folder) = suite("hl7v2-linuxforhealth") else { return };
    let mut files_found = files(&folder.join("messages"));
    files_found.extend(files(&folder.join("files")));
    let cases: Vec<_> = files_found.into_iter().map(|(name, input)| (name, message(&input))).collect();
    judge("hl7v2-linuxforhealth", cases, "200 messages and 4 files; ");
}

#[test]
fn python_libraries() {
    let Some(folder) = suite("hl7v2-python-libs") else { return };
    let manifest = std::fs::read_to_string(folder.join("manifest.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
    let mut refused = 0;
    let mut cases = Vec::new();
    for entry in manifest.as_array().unwrap() {
        let text = |key: &str| entry[key].as_str().unwrap().to_owned();
        let input = std::fs::read(folder.join(text("file"))).unwrap();
        let outcome = match text("kind").as_str() {
            "message" => message(&input),
            _ => batch(&input),
        };
        let outcome = match text("expect").as_str() {
            "accept" => outcome,
            _ => {
                refused += 1;
                outcome
                    .err()
                    .map(|why| {
                        // Refused for what the suite says, not for something else.
                        let place = match (entry["note"].as_str(), text("kind").as_str()) {
                            (Some("InvalidEncodingChars"), _) => "MSH-2 (",
                            (_, "message") => "the message (",
                            _ => "segment ",
                        };
                        assert!(why.starts_with(place), "{}: {why}", text("file"));
                    })
                    .ok_or("is taken, and should be refused".to_owned())
            }
        };
        cases.push((text("file"), outcome));
    }
    assert_eq!(cases.len(), 33);
    judge("hl7v2-python-libs", cases, &format!("{refused} of them refused, as they should be; "));
}
