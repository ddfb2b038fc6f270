//! The command line as people and scripts meet it: exit codes, one JSON document, all problems.

use serde_json::Value;
use std::{
    path::Path,
    process::{Command, Output},
};

fn sluss(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_sluss")).args(args).env_remove("RUST_LOG").output().unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn document(output: &Output) -> Value {
    let value: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&output.stdout)));
    assert_eq!(value["schema"], "sluss.cli/1");
    value
}

/// A site with certificates, ready to be spoiled.
fn site(dir: &Path) {
    for sub in ["partners", "agreements"] {
        std::fs::create_dir_all(dir.join(sub)).unwrap();
    }
    let pki = dir.join("pki");
    assert_eq!(code(&sluss(&["cert", "dev", "--out", pki.to_str().unwrap()])), 0);
    std::fs::write(dir.join("agreements/lan.toml"), sluss::rulebook::example_agreement()).unwrap();
    std::fs::write(
        dir.join("partners/granvik.toml"),
        "name = \"Granvik\"\nhsa_id = \"SE2120009903-SOC1\"\nkind = \"municipality\"\nformat = \"case-json\"\nendpoint = \"https://localhost:1/in\"\n",
    )
    .unwrap();
    std::fs::write(
        dir.join("sluss.toml"),
        "hsa_id = \"SE2321009900-SLUSS\"\nname = \"t\"\n[listen]\naddress = \"127.0.0.1:0\"\n[tls]\ncertificate = \"pki/server.pem\"\nkey = \"pki/server.key\"\nclient_ca = \"pki/ca.pem\"\n",
    )
    .unwrap();
}

fn check(dir: &Path, json: bool) -> Output {
    let config = dir.join("sluss.toml");
    let mut args = vec!["check", "--config", config.to_str().unwrap()];
    if json {
        args.push("--json");
    }
    sluss(&args)
}

#[test]
fn a_good_configuration_is_ok_and_a_bad_one_tells_every_problem_with_its_line() {
    let dir = tempfile::tempdir().unwrap();
    site(dir.path());
    let output = check(dir.path(), true);
    assert_eq!(code(&output), 0, "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(document(&output)["result"]["ok"], true);

    let file = dir.path().join("sluss.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let text = text.replace("[listen]", "mode = \"tset\"\nstat = \"x\"\n[listen]\nmax_body_bytes = -1");
    std::fs::write(&file, text).unwrap();
    std::fs::write(
        dir.path().join("partners/granvik.toml"),
        "name = \"Granvik\"\nhsa_id = \"granvik\"\nkind = \"comune\"\nformat = \"case-json\"\nendpoint = \"http://localhost/in\"\n",
    )
    .unwrap();
    std::fs::write(dir.path().join("partners/broken.toml"), "name = \"Broken\nkind = = 1\n").unwrap();
    let output = check(dir.path(), true);
    assert_eq!(code(&output), 3);
    let problems = document(&output)["result"]["problems"].clone();
    let problems = problems.as_array().unwrap();
    let told = |file: &str, line: u64, word: &str| {
        problems.iter().any(|p| {
            p["file"].as_str().unwrap().ends_with(file)
                && p["line"] == line
                && p["message"].as_str().unwrap().contains(word)
                && !p["remedy"].as_str().unwrap().is_empty()
        })
    };
    assert!(told("sluss.toml", 3, "mode"), "{problems:#?}");
    assert!(told("sluss.toml", 4, "stat"), "{problems:#?}");
    assert!(told("sluss.toml", 6, "max_body_bytes"), "{problems:#?}");
    assert!(told("granvik.toml", 2, "hsa_id"), "{problems:#?}");
    assert!(told("granvik.toml", 3, "kind"), "{problems:#?}");
    assert!(told("granvik.toml", 5, "endpoint"), "{problems:#?}");
    assert!(problems.iter().any(|p| p["code"] == "SLUSS-CFG-001"), "{problems:#?}");
    let human = check(dir.path(), false);
    let text = String::from_utf8_lossy(&human.stderr).into_owned();
    assert!(text.contains("did you mean `state`?") && text.contains("sluss.toml:4"), "{text}");
    assert!(human.stdout.is_empty());
}

#[test]
fn a_folder_of_packages_is_checked_like_everything_else() {
    let dir = tempfile::tempdir().unwrap();
    site(dir.path());
    let file = dir.path().join("sluss.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("packages = \"packages\"\n{text}")).unwrap();
    let problem = |output: &Output| document(output)["result"]["problems"][0].clone();
    let output = check(dir.path(), true);
    assert_eq!((code(&output), problem(&output)["code"].as_str()), (3, Some("SLUSS-CFG-004")));
    std::fs::create_dir(dir.path().join("packages")).unwrap();
    let output = check(dir.path(), true);
    assert_eq!(code(&output), 0, "{}", String::from_utf8_lossy(&output.stderr));
    std::fs::write(dir.path().join("packages/a.tgz"), "not gzip").unwrap();
    let output = check(dir.path(), true);
    let problem = problem(&output);
    assert_eq!((code(&output), problem["code"].as_str()), (3, Some("SLUSS-CFG-006")));
    assert!(problem["file"].as_str().unwrap().ends_with("packages/a.tgz"), "{problem}");
    assert!(problem["remedy"].as_str().unwrap().contains("fetch the package again"), "{problem}");
}

#[test]
fn missing_certificates_are_a_configuration_problem_that_names_the_file() {
    let dir = tempfile::tempdir().unwrap();
    site(dir.path());
    std::fs::remove_file(dir.path().join("pki/server.key")).unwrap();
    let output = check(dir.path(), true);
    assert_eq!(code(&output), 3);
    let problems = document(&output)["result"]["problems"].clone();
    assert!(problems[0]["file"].as_str().unwrap().ends_with("server.key"), "{problems:#}");
    assert_eq!(problems[0]["code"], "SLUSS-CFG-004");
}

#[test]
fn a_taken_address_is_unreachable() {
    let dir = tempfile::tempdir().unwrap();
    site(dir.path());
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let file = dir.path().join("sluss.toml");
    let text = std::fs::read_to_string(&file).unwrap().replace("127.0.0.1:0", &address);
    std::fs::write(&file, text).unwrap();
    let output = sluss(&["serve", "--config", file.to_str().unwrap()]);
    assert_eq!(code(&output), 4);
    assert!(String::from_utf8_lossy(&output.stderr).contains(&address));
}

#[test]
fn explain_tells_both_languages_and_who_must_act() {
    let output = sluss(&["explain", "sluss-prm-001", "--json"]);
    assert_eq!(code(&output), 0);
    let result = document(&output)["result"].clone();
    assert_eq!((result["code"].as_str(), result["actor"].as_str()), (Some("SLUSS-PRM-001"), Some("sender")));
    assert!(result["title"]["sv"].as_str().unwrap().contains("Grund saknas"));
    let text = String::from_utf8(sluss(&["explain", "SLUSS-PRM-001"]).stdout).unwrap();
    assert!(text.contains("Who must act: sender") && text.contains("Åtgärd hos: avsändaren"));
    assert_eq!(code(&sluss(&["explain", "SLUSS-NO-999"])), 2);
}

#[test]
fn usage_is_two_and_nothing_found_is_one() {
    assert_eq!(code(&sluss(&["no-such-verb"])), 2);
    assert_eq!(code(&sluss(&["--help"])), 0);
    assert_eq!(code(&sluss(&["--version"])), 0);
    let dir = tempfile::tempdir().unwrap();
    let none = dir.path().join("none");
    assert_eq!(code(&sluss(&["msg", "list", "--state-dir", none.to_str().unwrap()])), 4);
}
