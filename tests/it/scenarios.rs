//! The demo's scenarios end as they say, each in a process of its own.

use serde_json::Value;
use std::process::{Command, Stdio};

fn sluss() -> Command {
    Command::new(env!("CARGO_BIN_EXE_sluss"))
}

/// Plays a scenario once; all its acts.
fn play(name: &str) {
    let dir = tempfile::tempdir().unwrap();
    let arguments = ["--json", "demo", "--once", "--port", "0", "--scenario", name, "--dir"];
    let played = sluss().args(arguments).arg(dir.path()).output().unwrap();
    let text =
        format!("{}{}", String::from_utf8_lossy(&played.stdout), String::from_utf8_lossy(&played.stderr));
    assert_eq!(played.status.code(), Some(0), "{text}");
    let result: Value = serde_json::from_slice(&played.stdout).unwrap();
    let acts = result["result"]["acts"].as_array().unwrap();
    assert!(acts.len() >= 6 && acts.iter().all(|act| act["as_expected"] == true), "{text}");
}

#[test]
fn late_admission_notice() {
    play("late-admission-notice");
}

#[test]
fn ready_withdrawn_ready() {
    play("ready-withdrawn-ready");
}

#[test]
fn exam_never_answered() {
    play("exam-never-answered");
}

#[test]
fn cofinancing_unanswered() {
    play("cofinancing-unanswered");
}

#[test]
fn misdirected() {
    play("misdirected");
}

#[test]
fn placement_elsewhere() {
    play("placement-elsewhere");
}

#[test]
fn a_demo_that_runs_has_a_clock_that_is_moved_from_outside() {
    let dir = tempfile::tempdir().unwrap();
    let mut demo = sluss()
        .args(["demo", "--port", "0", "--scenario", "exam-never-answered", "--dir"])
        .arg(dir.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let own = dir.path().join("exam-never-answered");
    let forward = || {
        let moved = sluss().args(["--json", "demo", "clock", "+26h", "--dir"]).arg(&own).output().unwrap();
        let reply: Value = serde_json::from_slice(&moved.stdout).unwrap_or_default();
        let words = reply["result"]["words"].as_str().unwrap_or_default().to_string();
        reply["result"]["done"].as_bool().unwrap_or_default().then_some(words)
    };
    let says = |words: &str| words.rsplit(' ').next().unwrap().parse::<jiff::Timestamp>().unwrap();
    let mut first = None;
    for _ in 0..300 {
        first = first.or_else(forward);
        if first.is_some() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    let (first, second) = (says(&first.unwrap()), says(&forward().unwrap()));
    demo.kill().unwrap();
    demo.wait().unwrap();
    let hours = second.duration_since(first).as_hours();
    assert!(hours >= 26, "{hours}");
    let wrong = sluss().args(["demo", "clock", "+26", "--dir"]).arg(&own).output().unwrap();
    assert_eq!(wrong.status.code(), Some(2));
}
