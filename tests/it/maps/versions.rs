//! What changes between versions of maps: coverage that must not fall, differences, form, new maps.
//!
//! Invariant: real maps in a folder of their own; what a verb writes is what it says it wrote.

use super::*;

#[test]
fn coverage_has_not_fallen_and_falls_with_a_rule_that_no_example_fires() {
    let min = "mappings/coverage.json";
    let told = result(Path::new(ROOT), &["map", "cover", "--min", min], 0);
    assert_eq!(told["min"]["fallen"], json!([]));
    assert!(told["maps"].as_array().unwrap().iter().all(|m| m["examples"].as_u64() > Some(2)), "{told}");
    let copy = rules();
    edit(
        copy.path(),
        "mappings/discharge-ready/fhir-case.map",
        "bundle.entry as entry then HeaderEntryToCase(bundle, entry, msg) {",
        "bundle.signature as never -> msg.senderReference = 'x' \"never\";\n  bundle.entry as entry then HeaderEntryToCase(bundle, entry, msg) {",
    );
    let told = result(copy.path(), &["map", "cover", "--min", min], 1);
    let fallen = told["min"]["fallen"].as_array().unwrap();
    assert!(
        fallen.len() == 1
            && fallen[0].as_str().unwrap().starts_with("discharge-ready fhir-case: rules that ran"),
        "{fallen:?}"
    );
    let shown = text(&sluss(copy.path(), &["map", "cover", "discharge-ready", "--min", min]));
    assert!(
        shown.contains("/\"never\" (mappings/discharge-ready/fhir-case.map:") && shown.contains("FALLEN:"),
        "{shown}"
    );
    result(copy.path(), &["map", "cover", "admission-notice", "--min", min], 0);
    // A required element that no example sets, and an element that is read no more.
    edit(
        copy.path(),
        "mappings/shared/header-to-case.map",
        "event.code as code -> msg.event = code \"event-code\";",
        "",
    );
    let told = result(copy.path(), &["map", "cover", "admission-notice", "--min", min], 1);
    let fallen = told["min"]["fallen"].to_string();
    assert!(fallen.contains("never set, 0 before, 1 now") && fallen.contains("elements read"), "{fallen}");
    assert!(told["maps"][0]["required"]["never"].to_string().contains("CaseMessage.event"), "{told}");
    // Taking the new figures says what became lower.
    let told = result(copy.path(), &["map", "cover", "--min", min, "--bless"], 0);
    assert!(told["min"]["lowered"].as_array().unwrap().len() > 2, "{told}");
    result(copy.path(), &["map", "cover", "--min", min], 0);
}

// ---- diff ----

#[test]
fn two_versions_differ_by_the_rule_that_was_changed() {
    let copy = rules();
    let folder = copy.path();
    git(folder, &["init", "-q"]);
    git(folder, &["add", "."]);
    git(folder, &["commit", "-q", "-m", "one"]);
    let told = result(folder, &["map", "diff", "--against", "HEAD"], 0);
    assert_eq!((told["same"].as_u64(), told["differ"].as_u64()), (Some(pairs("")), Some(0)), "{told}");
    edit(
        folder,
        "mappings/shared/subject-to-case.map",
        "told.family = family",
        "told.family = append('Canary', family)",
    );
    edit(
        folder,
        "mappings/shared/header-to-case.map",
        "bundle.timestamp as time -> msg.sentAt = time \"sent-at\";",
        "",
    );
    let told = result(folder, &["map", "diff", "--against", "HEAD", "admission-notice"], 0);
    let same = pairs("admission-notice") - 8;
    assert_eq!((told["same"].as_u64(), told["differ"].as_u64()), (Some(same), Some(8)), "{told}");
    let groups = told["groups"].as_array().unwrap();
    assert_eq!(groups.len(), 2, "{told:#}");
    let of = |rule: &str| {
        groups.iter().find(|g| g["rule"]["rule"] == rule).unwrap_or_else(|| panic!("{rule}: {told:#}"))
    };
    let changed = of("IdentityToCase/\"family\"");
    assert_eq!((changed["messages"].as_u64(), changed["examples"].as_array().unwrap().len()), (Some(8), 3));
    assert_eq!(changed["examples"][0]["places"][0]["place"], "$.subject.name.family");
    // What is gone names the rule that used to write it.
    let gone = of("EnvelopeToCase/\"sent-at\"");
    assert_eq!(gone["examples"][0]["places"][0]["after"], "nothing");
    let shown = text(&sluss(folder, &["map", "diff", "--against", "HEAD", "admission-notice"]));
    assert!(!shown.contains("Canary") && shown.contains(" as it was: 8 messages"), "{shown}");
    assert_eq!(shown.lines().last().unwrap(), format!("against HEAD: {same} same, 8 differ, 0 skipped"));
    result(folder, &["map", "diff", "--against", "HEAD", "--exit-code"], 1);
    // The other version may be a folder, and messages may come from a corpus.
    let corpus = Path::new(ROOT).join("conformance/examples");
    let args = ["map", "diff", "--against", ROOT, "--corpus", corpus.to_str().unwrap()];
    let told = result(folder, &args, 0);
    assert!(told["differ"].as_u64().unwrap() > 15 && told["same"].as_u64().unwrap() > 3, "{told}");
    // A new fault is told by its rule as well.
    edit(
        folder,
        "mappings/shared/subject-to-case.map",
        "told.given = given",
        "told.given = cast(given, 'date')",
    );
    let told = result(folder, &["map", "diff", "--against", ROOT, "exam-statement"], 0);
    let fault = &told["groups"][0];
    assert_eq!(fault["rule"]["rule"], "IdentityToCase/\"given\"");
    assert!(
        fault["examples"][0]["places"][0]["after"].as_str().unwrap().starts_with("a fault [cast-failed] at ")
    );
    // A map that is gone, and one that does not compile on the other side.
    std::fs::remove_file(folder.join("mappings/discharge-ready/fhir-case.map")).unwrap();
    let told = result(folder, &["map", "diff", "--against", "HEAD", "discharge-ready"], 0);
    assert_eq!(told["groups"][0]["group"], "the map is gone: discharge-ready fhir-case");
    std::fs::write(folder.join("mappings/shared/address.map"), "map \"").unwrap();
    git(folder, &["commit", "-q", "-a", "-m", "two"]);
    let good = ["map", "diff", "--rules", ROOT, "--against", folder.to_str().unwrap()];
    let told = result(folder, &good, 3);
    assert!(told["problems"].to_string().contains("address.map"), "{told}");
}

#[test]
fn without_git_or_such_a_revision_diff_says_what_to_do() {
    let copy = rules();
    let told = result(copy.path(), &["map", "diff", "--against", "HEAD"], 4);
    assert!(told["help"].as_str().unwrap().contains("--against DIR"), "{told}");
    git(copy.path(), &["init", "-q"]);
    for revision in ["no-such", "--output=x"] {
        let against = format!("--against={revision}");
        let told = result(copy.path(), &["map", "diff", &against], 2);
        assert!(told["error"].as_str().unwrap().contains(revision), "{told}");
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_sluss"));
    let output = command
        .args(["map", "diff", "--against", "HEAD"])
        .current_dir(ROOT)
        .env("PATH", "")
        .output()
        .unwrap();
    assert!(code(&output) == 4 && text(&output).contains("git cannot be run"), "{}", text(&output));
}

// ---- fmt ----

#[test]
fn maps_are_in_the_canonical_form_and_formatting_loses_nothing() {
    let told = result(Path::new(ROOT), &["map", "fmt", "--check"], 0);
    assert!(told["files"].as_u64().unwrap() >= 12, "{told}");
    let copy = rules();
    let path = "mappings/shared/address.map";
    let file = copy.path().join(path);
    let before = std::fs::read_to_string(&file).unwrap();
    let spoiled = before.replace("  ", " ").replace(" -> ", "->") + "// the end";
    std::fs::write(&file, &spoiled).unwrap();
    let told = result(copy.path(), &["map", "fmt", "--check"], 1);
    assert_eq!(told["changed"].as_array().unwrap().len(), 1, "{told}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), spoiled, "--check changes nothing");
    result(copy.path(), &["map", "fmt", path], 0);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), format!("{before}\n// the end\n"));
    // One file that is no map leaves all as they are.
    std::fs::write(&file, &spoiled).unwrap();
    std::fs::write(copy.path().join("mappings/shared/organisation.map"), "map \"").unwrap();
    let told = result(copy.path(), &["map", "fmt"], 3);
    assert!(told["problems"].to_string().contains("organisation.map"), "{told}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), spoiled);
}

// ---- new ----

#[test]
fn a_new_map_compiles_passes_and_overwrites_nothing() {
    let copy = rules();
    let folder = copy.path();
    for (event, direction) in [("bed-freed", "case-fhir"), ("bed-assigned", "fhir-case")] {
        let told = result(folder, &["map", "new", event, direction], 0);
        assert_eq!(told["written"].as_array().unwrap().len(), 4, "{told}");
        let told = result(folder, &["map", "test", event], 0);
        assert_eq!(told["passed"], 1, "{told}");
        result(folder, &["map", "fmt", "--check", &format!("mappings/{event}/{direction}.map")], 0);
        let again = result(folder, &["map", "new", event, direction], 2);
        assert!(again["error"].as_str().unwrap().contains("is there already"), "{again}");
        // Each rule behind slashes is one that compiles.
        let file = folder.join(format!("mappings/{event}/{direction}.map"));
        let text = std::fs::read_to_string(&file).unwrap();
        let live: Vec<String> = text
            .lines()
            .map(|line| {
                if line.contains("// ") && line.contains(" -> ") {
                    line.replacen("// ", "", 1)
                } else {
                    line.to_string()
                }
            })
            .collect();
        let rules = live.iter().filter(|l| l.contains(" -> ")).count();
        assert!(rules > 3 && live.join("\n") != text.trim_end(), "{text}");
        std::fs::write(&file, live.join("\n")).unwrap();
        let output = sluss(folder, &["map", "test", event]);
        assert_eq!(code(&output), 1, "it runs, and makes something else: {}", text_of(&live, &output));
    }
    let map = std::fs::read_to_string(folder.join("mappings/bed-assigned/fhir-case.map")).unwrap();
    for line in [
        "caseMessage.id (string) is required.",
        "caseMessage.subject.numberKind (code) is required.",
        "messageHeader.event.code as value -> caseMessage.event = value",
    ] {
        assert!(map.contains(line), "{line}: {map}");
    }
    // A second map of an event has its example beside the first one's.
    let told = result(folder, &["map", "new", "bed-assigned", "case-fhir", "--with", "Encounter"], 0);
    assert!(told["written"].to_string().contains("02-skeleton.in.json"), "{told}");
    for (args, word) in [
        (&["exam-statement", "fhir-case"][..], "already"),
        (&["x", "fhir-hl7"], "no direction"),
        (&["x", "fhir-fhir"], "no direction"),
        (&["X/../y", "fhir-case"], "cannot be an event"),
        (&["shared", "fhir-case"], "cannot be an event"),
        (&["x", "fhir-case", "--with", "NoSuch"], "NoSuch"),
        (&["x", "fhir-case", "--target", "NoSuch"], "NoSuch"),
    ] {
        let told = result(folder, &[&["map", "new"], args].concat(), 2);
        assert!(told["error"].as_str().unwrap().contains(word), "{args:?}: {told}");
    }
}
