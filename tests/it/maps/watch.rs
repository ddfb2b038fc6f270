//! Watching: a save runs what it concerns.
//!
//! Invariant: the built program is watched from outside; no test waits longer than its limit.

use super::*;
use std::{
    io::{BufRead, BufReader, Write},
    process::{Child, Stdio},
    sync::mpsc,
    time::Duration,
};

// ---- watch ----

struct Watching {
    child: Child,
    lines: mpsc::Receiver<String>,
}

impl Watching {
    fn start(folder: &Path, args: &[&str]) -> Watching {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sluss"));
        command
            .args(["map", "test", "--watch", "--json"])
            .args(args)
            .current_dir(folder)
            .env_remove("SLUSS_BLESS");
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (send, lines) = mpsc::channel();
        std::thread::spawn(move || stdout.lines().map_while(Result::ok).all(|line| send.send(line).is_ok()));
        Watching { child, lines }
    }

    fn next(&self) -> Value {
        let line = self.lines.recv_timeout(Duration::from_secs(20)).expect("a run within 20 s");
        let document: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(
            (document["schema"].as_str(), document["command"].as_str()),
            (Some("sluss.cli/1"), Some("map test"))
        );
        document["result"].clone()
    }

    fn silent(&self) {
        let line = self.lines.recv_timeout(Duration::from_millis(300));
        assert!(line.is_err(), "{line:?}");
    }

    /// Its exit code when standard input ends.
    fn end(mut self) -> i32 {
        drop(self.child.stdin.take());
        self.child.wait().unwrap().code().unwrap()
    }
}

#[test]
fn a_save_runs_what_it_concerns_and_the_end_of_input_ends() {
    let copy = rules();
    let folder = copy.path();
    let all = of_admission();
    let mut watching = Watching::start(folder, &["admission-notice"]);
    let told = watching.next();
    assert_eq!((told["passed"].as_u64(), told["afterSaveMs"].as_u64()), (Some(all), None));
    // One expectation: one example.
    edit(folder, &format!("{FOUR}.out.json"), "\"admission-notice\"", "\"admission-notise\"");
    let told = watching.next();
    assert_eq!((told["passed"].as_u64(), told["failed"].as_u64()), (Some(0), Some(1)), "{told}");
    let ms = told["afterSaveMs"].as_u64().unwrap();
    assert!(ms < 2000, "{ms} ms after the save, of an unoptimised build on a machine that may be busy");
    edit(folder, &format!("{FOUR}.out.json"), "\"admission-notise\"", "\"admission-notice\"");
    assert_eq!(watching.next()["passed"], 1);
    // What another event has concerns nobody here; a shared group that is used concerns all examples.
    edit(folder, "mappings/exam-statement/fhir-case.map", "group ", "group  ");
    edit(folder, "mappings/shared/narrative.map", "group ", "group  ");
    watching.silent();
    let family = "told.family = family";
    edit(folder, "mappings/shared/subject-to-case.map", family, "told.family = append('x', family)");
    let told = watching.next();
    assert_eq!(told["failed"], 8, "{told}");
    // A map that does not compile is told, and watching goes on.
    edit(
        folder,
        "mappings/admission-notice/fhir-case.map",
        "entry.resource : Encounter",
        "entry.nonesuch : Patient",
    );
    assert!(watching.next()["problems"].to_string().contains("nonesuch"));
    edit(folder, "mappings/shared/subject-to-case.map", "told.family = append('x', family)", family);
    assert!(watching.next()["problems"].to_string().contains("nonesuch"));
    edit(
        folder,
        "mappings/admission-notice/fhir-case.map",
        "entry.nonesuch : Patient",
        "entry.resource : Encounter",
    );
    assert_eq!(watching.next()["passed"], pairs("admission-notice"), "the maps of its folder");
    // A line on standard input runs all again.
    watching.child.stdin.as_mut().unwrap().write_all(b"\n").unwrap();
    assert_eq!(watching.next()["passed"], all);
    assert_eq!(watching.end(), 0);
}

#[test]
fn watching_ends_after_as_many_runs_as_were_asked_for() {
    let copy = rules();
    let mut watching = Watching::start(copy.path(), &["--rounds", "2"]);
    assert_eq!(watching.next()["failed"], 0);
    edit(copy.path(), &format!("{FOUR}.out.json"), "\"admission-notice\"", "\"admission-notise\"");
    assert_eq!(watching.next()["failed"], 1);
    assert_eq!(watching.child.wait().unwrap().code(), Some(1), "the last run's code");
    let output = sluss(Path::new(ROOT), &["map", "test", "no-such", "--watch", "--rounds", "1"]);
    assert_eq!(code(&output), 2);
}
