//! The map verbs as authors meet them: on the real maps, on spoiled ones, with bad arguments.
//!
//! Invariant: what is spoiled is a copy; with `--json` standard output is one document, whatever
//! happens. Deliberately absent: what the engine says of a map or a run (see crates/fml/tests).

mod versions;
mod watch;

use serde_json::{Value, json};
use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};
use tempfile::TempDir;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const FOUR: &str = "mappings/admission-notice/examples/02-four-fields";

fn sluss(folder: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sluss"));
    command.args(args).current_dir(folder).env_remove("RUST_LOG").env_remove("SLUSS_BLESS");
    command.output().unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// The result in the envelope. The same command must also work without `--json`, with the same code.
fn result(folder: &Path, args: &[&str], wanted: i32) -> Value {
    let output = sluss(folder, &[args, &["--json"]].concat());
    assert_eq!(code(&output), wanted, "{args:?}: {}", text(&output));
    let document: Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {}", text(&output)));
    assert_eq!(document["schema"], "sluss.cli/1");
    assert_eq!(document["command"], format!("map {}", args[1]));
    document["result"].clone()
}

/// A copy of the rules, to be spoiled.
fn rules() -> TempDir {
    let copy = tempfile::tempdir().unwrap();
    for part in ["mappings", "conformance/models"] {
        let to = copy.path().join(part);
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        let done = Command::new("cp").arg("-r").arg(Path::new(ROOT).join(part)).arg(to).status().unwrap();
        assert!(done.success());
    }
    copy
}

fn is_input(path: &Path) -> bool {
    let name = path.to_string_lossy();
    name.ends_with(".in.json") || name.ends_with(".in.hl7")
}

/// How many golden pairs a folder of maps has, or all of them together.
fn pairs(folder: &str) -> u64 {
    let below = |folder: &Path| {
        let all = std::fs::read_dir(folder).into_iter().flatten();
        all.map(|e| e.unwrap().path()).collect::<Vec<_>>()
    };
    let maps = Path::new(ROOT).join("mappings");
    // A foreign model's events stand in its own folder.
    let mut folders = vec![maps.join(folder)];
    if folder.is_empty() {
        folders = below(&maps);
        folders.extend(folders.clone().iter().flat_map(|f| below(f)));
    }
    folders.iter().flat_map(|f| below(&f.join("examples"))).filter(|f| is_input(f)).count() as u64
}

/// The event's own maps and those of HL7 v2: what the event's name alone means.
fn of_admission() -> u64 {
    pairs("admission-notice") + pairs("hl7v2/admission-notice")
}

fn edit(folder: &Path, file: &str, from: &str, to: &str) -> PathBuf {
    let path = folder.join(file);
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{file} has no {from}");
    std::fs::write(&path, text.replacen(from, to, 1)).unwrap();
    path
}

/// The texts of a document: what may not be in a trace.
fn texts(value: &Value, out: &mut Vec<String>) {
    match value {
        Value::String(text) => out.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|v| texts(v, out)),
        Value::Object(members) => members.values().for_each(|v| texts(v, out)),
        _ => {}
    }
}

// ---- test ----

fn git(folder: &Path, args: &[&str]) {
    let identity = ["-c", "user.name=T", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"];
    let done = Command::new("git").arg("-C").arg(folder).args(identity).args(args).output().unwrap();
    assert!(done.status.success(), "{}", text(&done));
}

fn text_of(lines: &[String], output: &Output) -> String {
    format!("{}\n{}", lines.join("\n"), text(output))
}

#[test]
fn the_examples_of_the_real_maps_pass() {
    let told = result(Path::new(ROOT), &["map", "test"], 0);
    assert_eq!(told["passed"].as_u64(), Some(pairs("")), "{told}");
    assert!(told["cases"].as_array().unwrap().iter().all(|c| !c["why"].as_str().unwrap().is_empty()));
    let output = sluss(Path::new(ROOT), &["map", "test"]);
    assert!(text(&output).lines().last().unwrap().contains(" passed, 0 failed"), "{}", text(&output));
}

#[test]
fn a_spoiled_pair_tells_every_difference_by_place_shape_and_rule() {
    let copy = rules();
    let golden =
        edit(copy.path(), &format!("{FOUR}.out.json"), "\"admission-notice\"", "\"admission-notise\"");
    edit(copy.path(), &format!("{FOUR}.out.json"), "\"subject\": {", "\"subject\": {\n    \"extra\": [1],");
    let told = result(copy.path(), &["map", "test", "admission-notice"], 1);
    let case = told["cases"].as_array().unwrap().iter().find(|c| !c["failure"].is_null()).unwrap();
    let places: Vec<&str> =
        case["differences"].as_array().unwrap().iter().map(|d| d["place"].as_str().unwrap()).collect();
    assert_eq!(places, ["$.event", "$.subject.extra"]);
    assert_eq!(case["differences"][0]["rule"]["rule"], "EnvelopeToCase/\"event-code\"");
    assert_eq!(case["differences"][1]["wanted"], "a list of 1");
    let output = sluss(copy.path(), &["map", "test", "admission-notice"]);
    let shown = text(&output);
    assert!(shown.contains("why: ") && shown.contains("wanted a text of 16 characters"), "{shown}");
    assert!(!shown.contains("admission-notise"), "values only where they are asked for: {shown}");
    let passed = format!("{} passed, 1 failed", of_admission() - 1);
    assert!(shown.lines().last().unwrap().contains(&passed), "{shown}");
    let shown = text(&sluss(copy.path(), &["map", "test", "admission-notice", "--values"]));
    assert!(shown.contains("\"admission-notise\""), "{shown}");
    // Blessing takes what comes out, and says so.
    let told = result(copy.path(), &["map", "test", "admission-notice", "--bless"], 0);
    assert_eq!(told["cases"].as_array().unwrap().iter().filter(|c| c["blessed"] == json!(true)).count(), 1);
    let real = std::fs::read_to_string(Path::new(ROOT).join(format!("{FOUR}.out.json"))).unwrap();
    assert_eq!(std::fs::read_to_string(golden).unwrap(), real);
}

#[test]
fn what_is_not_compared_stands_in_a_file_with_its_reason() {
    let copy = rules();
    edit(copy.path(), &format!("{FOUR}.out.json"), "\"admission-notice\"", "\"admission-notise\"");
    let ignore = copy.path().join("mappings/admission-notice/examples/ignore.txt");
    std::fs::write(&ignore, "$.event # spelled anew each spring\n").unwrap();
    result(copy.path(), &["map", "test", "admission-notice"], 0);
    std::fs::write(&ignore, "$.event\n").unwrap();
    let told = result(copy.path(), &["map", "test", "admission-notice"], 2);
    assert!(told["error"].as_str().unwrap().contains("ignore.txt:1"), "{told}");
}

#[test]
fn an_example_without_input_or_expectation_or_map_fails() {
    let copy = rules();
    let examples = copy.path().join("mappings/admission-notice/examples");
    // One direction is left, with its own examples.
    std::fs::remove_file(copy.path().join("mappings/admission-notice/case-fhir.map")).unwrap();
    let of_case = |path: &PathBuf| path.to_str().unwrap().contains("-case-");
    let files = std::fs::read_dir(&examples).unwrap().map(|e| e.unwrap().path());
    let gone: Vec<PathBuf> = files.filter(of_case).collect();
    gone.iter().for_each(|path| std::fs::remove_file(path).unwrap());
    std::fs::remove_file(examples.join("02-four-fields.in.json")).unwrap();
    std::fs::remove_file(examples.join("03-protected.out.json")).unwrap();
    std::fs::write(examples.join("04-protected-with-address.in.json"), "{\"event\": 1}").unwrap();
    std::fs::write(examples.join("05-choices.in.json"), "{\"event\": ").unwrap();
    let told = result(copy.path(), &["map", "test", "admission-notice"], 1);
    assert_eq!(
        (told["passed"].as_u64(), told["failed"].as_u64()),
        (Some(4 + pairs("hl7v2/admission-notice")), Some(4))
    );
    let shown = told["cases"].to_string();
    for word in [
        "its input: No such file",
        "it has no expectation",
        "no map of this event reads",
        "its input: error[json",
    ] {
        assert!(shown.contains(word), "{word}: {shown}");
    }
}

#[test]
fn a_spoiled_map_is_a_load_error_with_its_line_and_stops_only_what_needs_it() {
    let copy = rules();
    let map = "mappings/admission-notice/fhir-case.map";
    edit(copy.path(), map, "entry.resource : Encounter", "entry.noSuchElement : Patient");
    let told = result(copy.path(), &["map", "test"], 3);
    assert!(told["problems"][0]["line"].as_u64().unwrap() > 10, "{told}");
    let shown = text(&sluss(copy.path(), &["map", "test", "admission-notice"]));
    assert!(shown.contains("noSuchElement") && shown.contains("^^^"), "{shown}");
    result(copy.path(), &["map", "test", "exam-statement"], 0);
    // One that cannot even be read stops the others neither, unless they import it.
    std::fs::write(copy.path().join(map), "map \"").unwrap();
    result(copy.path(), &["map", "test", "exam-statement"], 0);
    result(copy.path(), &["map", "test", "admission-notice"], 3);
    std::fs::write(copy.path().join("mappings/shared/narrative.map"), "map \"").unwrap();
    let told = result(copy.path(), &["map", "test", "exam-statement"], 3);
    assert!(told["problems"].to_string().contains("narrative.map"), "{told}");
}

#[test]
fn wrong_arguments_are_two_and_say_what_would_be_right() {
    let root = Path::new(ROOT);
    let told = result(root, &["map", "test", "no-such-event"], 2);
    assert!(told["help"].as_str().unwrap().contains("admission-notice"), "{told}");
    let told = result(root, &["map", "run", "no-such", "x.json"], 2);
    assert!(told["help"].as_str().unwrap().contains("exam-statement fhir-case"), "{told}");
    let told = result(root, &["map", "run", "admission-notice", "no-such.json"], 2);
    assert!(told["error"].as_str().unwrap().contains("no-such.json"), "{told}");
    let none = tempfile::tempdir().unwrap();
    result(none.path(), &["map", "test"], 3);
    assert_eq!(code(&sluss(root, &["map", "run"])), 2);
    result(root, &["map", "run", "admission-notice"], 2);
    result(root, &["map", "trace", "admission-notice", "fhir-case", "x", "y"], 2);
    assert_eq!(code(&sluss(root, &["map", "cover", "--bless"])), 2);
    for verb in ["test", "run", "trace", "cover", "diff", "fmt", "new"] {
        let shown = text(&sluss(root, &["map", verb, "--help"]));
        assert!(shown.contains("Examples:") && shown.contains("Exit codes: 0"), "{verb}: {shown}");
    }
}

// ---- run ----

#[test]
fn one_input_goes_through_one_map_however_it_is_named() {
    let root = Path::new(ROOT);
    let input = format!("{FOUR}.in.json");
    let wanted: Value =
        serde_json::from_str(&std::fs::read_to_string(root.join(format!("{FOUR}.out.json"))).unwrap())
            .unwrap();
    for name in [
        &["admission-notice"][..],
        &["admission-notice", "fhir-case"],
        &["admission-notice/fhir-case"],
        &["mappings/admission-notice/fhir-case.map"],
    ] {
        let told = result(root, &[&["map", "run"], name, &[&input]].concat(), 0);
        assert_eq!(told["output"], wanted, "{name:?}");
    }
    // The same message in XML.
    let definitions = fhir::Definitions::r4();
    let bytes = std::fs::read(root.join(&input)).unwrap();
    let mut tree = fhir::json::read(&bytes, fhir::json::Form::Fhir, &fhir::json::Limits::default()).unwrap();
    definitions.annotate(&mut tree);
    let dir = tempfile::tempdir().unwrap();
    let xml = dir.path().join("message.xml");
    std::fs::write(&xml, fhir::xml::write_pretty(&tree, definitions).unwrap()).unwrap();
    let told = result(root, &["map", "run", "admission-notice", xml.to_str().unwrap()], 0);
    assert_eq!(told["output"], wanted);
    // A map that stands elsewhere imports what the rules have, and takes the place of its namesake.
    let map = std::fs::read_to_string(root.join("mappings/admission-notice/fhir-case.map")).unwrap();
    let own = dir.path().join("mine.map");
    std::fs::write(&own, map.replace("then FourFieldHeaderToCase(bundle, entry, msg) ", "then ")).unwrap();
    let out = dir.path().join("out.json");
    let args = ["map", "run", own.to_str().unwrap(), &input, "-o", out.to_str().unwrap()];
    let told = result(root, &args, 0);
    assert_eq!(told["written"], out.to_str().unwrap());
    let written: Value = serde_json::from_slice(&std::fs::read(out).unwrap()).unwrap();
    assert!(written["id"].is_null() && written["subject"] == wanted["subject"], "{written:#}");
}

#[test]
fn a_fault_shows_the_line_of_its_rule_and_no_value() {
    let copy = rules();
    edit(
        copy.path(),
        "mappings/shared/subject-to-case.map",
        "name.given as given -> told.given = given",
        "name.given as given -> told.given = cast(given, 'date')",
    );
    let input = format!("{FOUR}.in.json");
    let told = result(copy.path(), &["map", "run", "admission-notice", &input], 1);
    let fault = &told["fault"];
    assert_eq!((fault["code"].as_str(), fault["line"].as_u64()), (Some("cast-failed"), Some(18)), "{told}");
    assert_eq!(fault["place"], "Bundle.entry[2].resource.name[0].given[0]");
    let shown = text(&sluss(copy.path(), &["map", "run", "admission-notice", &input]));
    assert!(shown.contains("cast(given, 'date')") && shown.contains("^^^"), "{shown}");
    assert!(shown.contains("subject-to-case.map:18"), "{shown}");
    let told = result(copy.path(), &["map", "trace", "admission-notice", &input], 1);
    assert_eq!(told["fault"]["code"], "cast-failed");
    let steps = told["steps"].as_array().unwrap();
    assert_eq!(steps.last().unwrap()["outcome"], "failed");
    // An input in another format, and one that is no document.
    let other = "mappings/health-exam-request/examples/02-minimal.in.json";
    let told = result(copy.path(), &["map", "run", "admission-notice", "fhir-case", other], 1);
    assert!(told["error"].as_str().unwrap().contains("it is no Bundle"), "{told}");
    let broken = copy.path().join("broken.json");
    std::fs::write(&broken, "{\"Canary\": ").unwrap();
    let output = sluss(copy.path(), &["map", "run", "admission-notice", "broken.json"]);
    assert!(code(&output) == 1 && !text(&output).contains("Canary"), "{}", text(&output));
}

// ---- trace ----

#[test]
fn a_trace_goes_both_ways_and_holds_no_value() {
    let root = Path::new(ROOT);
    let input = format!("{FOUR}.in.json");
    let told = result(root, &["map", "trace", "admission-notice", &input], 0);
    let place = |list: &str, place: &str| {
        let all = told[list].as_array().unwrap();
        all.iter().find(|r| r["place"] == place).unwrap_or_else(|| panic!("{place} in {list}")).clone()
    };
    let number = place("result", "CaseMessage.subject.personalNumber");
    assert_eq!(number["sources"], json!(["Bundle.entry[2].resource.identifier[0].value"]));
    let step = &told["steps"][number["step"].as_u64().unwrap() as usize];
    let rule = &told["rules"][step["rule"].as_u64().unwrap() as usize];
    assert_eq!(rule["rule"], "NumberToCase/\"personnummer\"");
    assert_eq!(rule["file"], "mappings/shared/subject-to-case.map");
    let uses = place("source", "Bundle.entry[2].resource.identifier[0].value")["uses"].clone();
    assert!(
        uses.as_array().unwrap().iter().any(|u| u["rule"] == step["rule"] && u["as"] == "value"),
        "{uses}"
    );
    let unread = told["unread"].as_array().unwrap();
    assert!(unread.contains(&json!("Bundle.entry[1].resource.status")), "{unread:?}");
    assert!(told["unset"].as_array().unwrap().is_empty());
    let spoken = text(&sluss(root, &["map", "trace", "admission-notice", &input]));
    for line in ["Rules that did not run", "`where` was not true for", "never tried: only ", "Not read:"] {
        assert!(spoken.contains(line), "{line}");
    }
    // Where values are asked for they are there, so that their absence means something.
    let values = text(&sluss(root, &["map", "trace", "admission-notice", &input, "--values"]));
    let document: Value = serde_json::from_slice(&std::fs::read(root.join(&input)).unwrap()).unwrap();
    let mut secret = Vec::new();
    texts(&document, &mut secret);
    secret.retain(|t| t.len() > 7 && !told["rules"].to_string().contains(t.as_str()));
    assert!(
        secret.len() > 20 && values.contains("191212121212") == secret.contains(&"191212121212".to_string())
    );
    assert!(secret.iter().filter(|t| values.contains(t.as_str())).count() > 15);
    for secret in secret {
        assert!(!spoken.contains(&secret) && !told.to_string().contains(&secret), "{secret}");
    }
}

#[test]
fn the_html_of_a_trace_is_one_file_without_any_value() {
    let dir = tempfile::tempdir().unwrap();
    let mut document: Value =
        serde_json::from_slice(&std::fs::read(Path::new(ROOT).join(format!("{FOUR}.in.json"))).unwrap())
            .unwrap();
    // Canaries as value, as unknown name, and in the name of the file.
    let patient = &mut document["entry"][2]["resource"];
    patient["name"][0]["family"] = json!("<b>Kanariefågel</b>");
    patient["Kanariefågel"] = json!("Kanariefågel-2");
    patient["canary191212121212"] = json!(true);
    let input = dir.path().join("Kanariefågel.json");
    std::fs::write(&input, document.to_string()).unwrap();
    let html = dir.path().join("trace.html");
    let args =
        ["map", "trace", "admission-notice", input.to_str().unwrap(), "--html", html.to_str().unwrap()];
    let told = result(Path::new(ROOT), &args, 0);
    assert_eq!(told["written"], html.to_str().unwrap());
    let page = std::fs::read_to_string(&html).unwrap();
    let mut secret = vec!["Kanarie".to_string(), "canary".to_string()];
    texts(&document, &mut secret);
    let own =
        include_str!("../../src/cli/map/trace.css").to_string() + include_str!("../../src/cli/map/trace.js");
    let rules = told["rules"].to_string();
    let known = |t: &String| t.len() > 7 && !own.contains(t.as_str()) && !rules.contains(t.as_str());
    let secret: Vec<String> = secret.into_iter().filter(known).collect();
    assert!(secret.len() > 20, "{secret:?}");
    for secret in secret.iter().chain(["Kanarie", "canary"].map(String::from).iter()) {
        assert!(!page.contains(secret.as_str()), "{secret} is in the page");
    }
    // Nothing from outside, and a policy that says so.
    assert!(page.contains("Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-"));
    for outside in ["src=", "href=", "http://", "https://", "@import", "url("] {
        assert!(!page.contains(outside), "{outside}");
    }
    for words in ["lang=\"en\">not read", "lang=\"sv\">inte läst", "aria-pressed", "@media print", "<section"]
    {
        assert!(page.contains(words), "{words}");
    }
    let clash = sluss(Path::new(ROOT), &[&args[..], &["--values"]].concat());
    assert_eq!(code(&clash), 2, "values are never in the page");
}

#[test]
fn a_trace_tells_the_truth() {
    use sluss::rulebook::{Maps, Source};
    let find = |tree: &fhir::Tree, place: &str| {
        let mut work = vec![tree.root()];
        while let Some(node) = work.pop() {
            if tree.path(node) == place {
                return node;
            }
            work.extend(tree.children(node));
        }
        panic!("no {place}")
    };
    let maps = Maps::load(&Source::Folder(ROOT.into()), None).unwrap_or_else(|p| panic!("{p:#?}"));
    let (mut removed, mut copied) = (0, 0);
    for name in maps.names() {
        let map = maps.compile(&name.url).unwrap_or_else(|p| panic!("{p:#?}"));
        let examples = Path::new(ROOT).join("mappings").join(name.folder()).join("examples");
        let told = std::fs::read_to_string(examples.join("parameters.txt")).unwrap_or_default();
        let told = told.lines().filter_map(|line| line.split_once('='));
        let told = sluss::model::Told::of(told.map(|(n, t)| (n.trim().to_string(), t.trim().to_string())));
        for path in std::fs::read_dir(examples).unwrap().map(|e| e.unwrap().path()) {
            // Where another map of the folder reads the example, this one may not.
            let Some(tree) = Some(&path)
                .filter(|path| is_input(path))
                .and_then(|p| map.read(&std::fs::read(p).unwrap()).ok())
                .filter(|tree| map.reads(tree))
            else {
                continue;
            };
            let (result, trace) = map.trace_counted(&tree, &told);
            let result = result.unwrap();
            // What was not read makes no difference.
            for unread in trace.unread() {
                let mut less = tree.clone();
                let node = find(&less, &unread.place);
                less.remove(node);
                let again = map.run_counted(&less, &told).unwrap_or_else(|f| panic!("{}: {f}", unread.place));
                assert_eq!(map.write(&again), map.write(&result), "{} of {}", unread.place, path.display());
                removed += 1;
            }
            // What was copied is what stands at its source; the trace has as many elements as the result.
            let elements = |tree: &fhir::Tree| {
                let mut work = vec![tree.root()];
                let mut count = 0;
                while let Some(node) = work.pop() {
                    count += usize::from(tree.name(node) != "resourceType");
                    work.extend(tree.children(node));
                }
                count
            };
            assert_eq!(trace.result.len(), elements(&result));
            assert_eq!(trace.source.len(), elements(&tree));
            for written in trace.result.iter().filter(|w| w.how == fml::How::Copied) {
                let [source] = written.sources.as_slice() else { panic!("{written:?}") };
                let text = |tree: &fhir::Tree, place: &str| tree.text(find(tree, place)).map(str::to_string);
                assert_eq!(text(&result, &written.place), text(&tree, source), "{written:?}");
                copied += 1;
            }
        }
    }
    assert!(removed > 200 && copied > 200, "{removed} {copied}");
}

// ---- cover ----

#[test]
fn the_commands_of_the_page_about_maps_work() {
    let copy = rules();
    let examples = Path::new(ROOT).join("conformance/examples");
    let done =
        Command::new("cp").arg("-r").arg(examples).arg(copy.path().join("conformance")).status().unwrap();
    assert!(done.success());
    git(copy.path(), &["init", "-q", "-b", "main"]);
    git(copy.path(), &["add", "."]);
    git(copy.path(), &["commit", "-q", "-m", "one"]);
    let page = std::fs::read_to_string(Path::new(ROOT).join("mappings/README.md")).unwrap();
    let commands: Vec<&str> = page.lines().filter_map(|l| l.strip_prefix("sluss ")).collect();
    assert!(commands.len() > 10);
    for command in commands {
        let mut words: Vec<&str> = command.split('#').next().unwrap().split_whitespace().collect();
        if words.contains(&"--watch") {
            words.extend(["--rounds", "1"]);
        }
        if words.contains(&"--min") {
            // The map that was begun above has no figures yet.
            std::fs::remove_dir_all(copy.path().join("mappings/bed-assigned")).unwrap();
        }
        let output = sluss(copy.path(), &words);
        assert_eq!(code(&output), 0, "{command}: {}", text(&output));
    }
}
