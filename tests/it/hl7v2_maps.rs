//! HL7 v2 by its meaning: the golden results are valid, each message is an event, a note or refused with its reason, and
//! what is found is told where the sender finds it.

mod facts;

use jiff::Timestamp;
use sluss::{
    model::{Code, Format, Model, Told},
    rulebook::{Maps, Meaning, Rulebook, Source, check::Report, check::Wanted},
};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::LazyLock,
};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const MOST: usize = 8 << 20;

static RULES: LazyLock<Rulebook> = LazyLock::new(|| Rulebook::load(&Source::Embedded).unwrap());

fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let all = std::fs::read_dir(folder).into_iter().flatten().map(|e| e.unwrap().path());
    let mut all: Vec<PathBuf> = all.filter(|p| p.to_string_lossy().ends_with(ending)).collect();
    all.sort();
    all
}

/// A folder of external messages, where it is on this machine.
fn suite(name: &str) -> Option<PathBuf> {
    let root = std::env::var_os("SLUSS_CORPORA").map(PathBuf::from);
    let root = root.unwrap_or_else(|| Path::new(ROOT).join("../shared/corpora"));
    let folder = root.join(name);
    if folder.is_dir() {
        return Some(folder);
    }
    assert!(std::env::var("CI").as_deref() != Ok("true"), "suite {name}: not found, and CI=true");
    println!("suite {name}: not on this machine (set SLUSS_CORPORA); passed over");
    None
}

fn check(bytes: &[u8]) -> Report {
    let now: Timestamp = "2026-04-20T12:00:00Z".parse().unwrap();
    let mode = None;
    RULES.check(bytes, &Wanted { event: None, profile: None, mode, now, max_bytes: MOST, schemas: None })
}

fn told() -> Told {
    let pairs = [("sender", "SE2321009900-REG1"), ("receiver", "SE2120009911-SOC1")];
    Told::of(pairs.map(|(n, t)| (n.to_string(), t.to_string())))
}

fn errors(report: &Report) -> Vec<(String, String)> {
    let errors = report.found.iter().filter(|f| f.is_error()).map(|f| &f.finding);
    errors.map(|f| (f.place.path.clone().unwrap_or_default(), f.detail.clone())).collect()
}

/// A golden input, by event and name.
fn example(event: &str, name: &str) -> String {
    let path = format!("{ROOT}/mappings/hl7v2/{event}/examples/{name}.in.hl7");
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn the_models_are_what_the_table_says() {
    let script = Path::new(ROOT).join("conformance/build-hl7v2-model.py");
    match std::process::Command::new("python3").arg(script).arg("--check").output() {
        Ok(output) => assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout)),
        Err(_) => {
            assert!(std::env::var("CI").as_deref() != Ok("true"), "no python3, and CI=true");
            println!("the table of HL7 v2: python3 is not on this machine; passed over");
        }
    }
}

#[test]
fn every_golden_message_is_its_event_and_what_is_made_of_it_is_valid() {
    let mut judged = 0;
    for folder in files(&Path::new(ROOT).join("mappings/hl7v2"), "") {
        let event = folder.file_name().unwrap().to_str().unwrap().to_string();
        for input in files(&folder.join("examples"), ".in.hl7") {
            let report = check(&std::fs::read(&input).unwrap());
            assert_eq!(report.event.as_deref(), Some(event.as_str()), "{}", input.display());
            assert_eq!(errors(&report), [], "{}", input.display());
            judged += 1;
        }
        for made in files(&folder.join("examples"), ".out.json") {
            let report = check(&std::fs::read(&made).unwrap());
            assert_eq!(errors(&report), [], "{}", made.display());
        }
        for source in files(&folder.join("examples"), ".in.json") {
            assert_eq!(errors(&check(&std::fs::read(&source).unwrap())), [], "{}", source.display());
        }
    }
    assert!(judged > 25, "{judged}");
}

#[test]
fn a_request_that_is_written_is_read_again_with_its_swedish_letters_in_either_set() {
    let text = std::fs::read_to_string(format!(
        "{ROOT}/mappings/hl7v2/health-exam-request/examples/01-rich.out.hl7"
    ))
    .unwrap();
    let tree = RULES.read(text.as_bytes(), Format::Hl7v2, MOST).unwrap();
    let written = RULES.write(&tree, Format::Hl7v2).unwrap();
    assert_eq!(String::from_utf8(written).unwrap().replace('\r', "\n"), text);
}

#[test]
fn a_message_says_the_same_in_8859_1_with_carriage_returns() {
    let maps = Maps::load(&Source::Embedded, None).unwrap_or_else(|p| panic!("{p:#?}"));
    let url = "https://sluss.example/fhir/StructureMap/admission-notice-hl7v2-fhir";
    let map = maps.compile(url).unwrap_or_else(|p| panic!("{p:#?}"));
    let utf8 = example("admission-notice", "01-rich");
    let latin = utf8.replace("UNICODE UTF-8", "8859/1").replace('\n', "\r");
    let latin: Vec<u8> = latin.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    let made = |bytes: &[u8]| {
        let tree = map.read(bytes).unwrap();
        map.write(&map.run_counted(&tree, &told()).unwrap())
    };
    assert!(made(&latin).contains("Ängsvägen"));
    assert_eq!(made(&latin), made(utf8.as_bytes()));
}

/// What is changed in a golden message, and the place that must be told.
const SPOILED: [(&str, &str, &str, &str, &str, &str); 15] = [
    ("admission-notice", "01-rich", "201406042398^", "201406042399^", "PID-3.1", "check digit"),
    ("admission-notice", "01-rich", "SE^L~", "SE^M~", "PID", "m6-1"),
    ("admission-notice", "01-rich", "202604141100", "i april", "PV2-9", "dateTime"),
    ("admission-notice", "01-rich", "20260407103000", "", "the message", "send time is missing"),
    ("admission-notice", "03-protected", "EVN|A08|||||2026", "EVN|A08|2026", "MSH", "not true"),
    ("discharge-ready", "01-rich", "SE2321009900-BUP1", "BUP1", "ZSL-9", "identifier"),
    ("discharged", "01-rich", "foster-home", "hemma", "ZSL-17", ""),
    ("exam-status", "01-booked", "health-exam^H", "annat^H", "SCH-8.1", ""),
    ("exam-statement", "01-rich", "did-not-attend", "vet-ej", "OBX[3]-5.1", ""),
    ("exam-statement", "01-rich", "anmärkning.||||||F", "anmärkning.||||||P", "OBX", "not true"),
    ("exam-statement", "01-rich", "psykiska hälsa.||||||F", "psykiska hälsa.||||||W", "OBX[4]", "not true"),
    ("exam-statement", "01-rich", "psykiska hälsa.||||||F", "psykiska hälsa.||||||X", "OBX[4]", "not true"),
    ("exam-statement", "01-rich", "153000|||F", "153000|||P", "OBR", "not true"),
    ("exam-statement", "02-minimal", "|||AU", "|||DI", "TXA", "not true"),
    ("discharge-information", "01-rich", "||||||F", "||||||D", "OBX", "not true"),
];

#[test]
fn what_is_wrong_is_told_by_segment_field_and_component_and_never_with_its_value() {
    let mut wrong = Vec::new();
    for (event, name, from, to, place, word) in SPOILED {
        let good = example(event, name);
        assert!(good.contains(from), "{event} {name}: {from}");
        let found = errors(&check(good.replacen(from, to, 1).as_bytes()));
        if !found.iter().any(|(at, what)| at == place && what.contains(word)) {
            wrong.push(format!("{event} {name} {from}→{to}: wanted {place} {word}, got {found:#?}"));
        }
        if found.iter().any(|(_, what)| to.len() > 3 && what.contains(to)) {
            wrong.push(format!("{event} {name}: a value in {found:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_is_missing_is_its_senders_and_not_our_maps_fault() {
    let text = example("admission-notice", "01-rich").replacen("SE^L~", "SE^M~", 1);
    let report = check(text.as_bytes());
    let codes: Vec<Code> = report.found.iter().filter(|f| f.is_error()).map(|f| f.finding.code).collect();
    assert_eq!(codes, [Code::Profile]);
}

#[test]
fn an_admission_without_a_time_of_its_own_is_told_from_the_admission() {
    let event_time = |text: &str| {
        let mut tree = RULES.read(text.as_bytes(), Format::Hl7v2, MOST).unwrap();
        let made = RULES.canonical(&mut tree, "admission-notice", Format::Hl7v2, &told()).unwrap();
        let text = String::from_utf8(RULES.write(&made, Format::FhirJson).unwrap()).unwrap();
        let (_, after) = text.split_once("StructureDefinition/event-time").unwrap();
        after.split('"').find(|word| word.starts_with("20")).unwrap().to_string()
    };
    let told = example("admission-notice", "01-rich");
    let silent = told.replace("|20260407102500+0200|", "||");
    let day = silent.replace("|20260407102000", "|20260407");
    assert_eq!(event_time(&told), "2026-04-07T10:25:00+02:00");
    assert_eq!(event_time(&silent), "2026-04-07T10:20:00+02:00");
    assert_eq!(event_time(&day), "2026-04-07T10:29:00+02:00");
}

#[test]
fn an_adt_without_the_sign_is_noted_and_a_sign_that_its_trigger_does_not_fit_is_refused() {
    let sign = "ZSL|admission-notice|";
    let good = example("admission-notice", "01-rich");
    let meaning = |text: &str| {
        let tree = RULES.read(text.as_bytes(), Format::Hl7v2, MOST).unwrap();
        RULES.meaning(&tree, Model::Hl7v2)
    };
    assert_eq!(meaning(&good), Some(Meaning::Event("admission-notice".into())));
    let Some(Meaning::Noted(noted)) = meaning(&good.replace(sign, "ZSL||")) else {
        panic!("no note");
    };
    assert_eq!((noted.id.as_deref(), noted.case.as_deref()), (Some("ALM-2026-90101"), Some("V-5120")));
    assert!(noted.words.0.contains("without the sign"), "{noted:?}");
    assert_eq!(meaning(&good.replace("ADT^A01^ADT_A01", "ADT^A03")), None);
    assert_eq!(meaning(&good.replace(sign, "ZSL|no-such-event|")), None);
    assert!(matches!(
        meaning(&example("exam-status", "01-booked").replace("^SLUSS", "")),
        Some(Meaning::Noted(_))
    ));
}

/// What is changed in a golden message that answers by our number, and which event it then is; `None`: refused.
const ANSWERS: [(&str, &str, &str, &str, Option<&str>); 11] = [
    (
        "exam-status",
        "01-booked",
        "|M1-2026-0002^SLUSS",
        "|B-77^ALMLUND~M1-2026-0002^SLUSS",
        Some("exam-status"),
    ),
    ("exam-status", "01-booked", "|M1-2026-0002^SLUSS", "|M2-2026-0002^SLUSS~M1-2026-0002^SLUSS", None),
    ("exam-status", "01-booked", "SIU^S12^SIU_S12", "SIU^S17", None),
    ("exam-status", "05-referral-rejected", "RF1|R", "RF1|E", None),
    ("exam-status", "05-referral-rejected", "RRI^I12^RRI_I12", "RRI^I14", None),
    ("exam-status", "05-referral-rejected", "RRI^I12^RRI_I12", "REF^I12", None),
    ("exam-status", "05-referral-rejected", "ZSL||", "ZSL|exam-statement|", None),
    (
        "exam-statement",
        "02-minimal",
        "|M1-2026-0002^SLUSS",
        "|B-77^ALMLUND~M1-2026-0002^SLUSS",
        Some("exam-statement"),
    ),
    ("exam-statement", "02-minimal", "MDM^T02", "MDM^T04", None),
    ("exam-statement", "01-rich", "ZSL||", "OBR|2|M1-2026-0002^SLUSS\nZSL||", None),
    ("exam-statement", "01-rich", "OBR|1|M1-2026-0002^SLUSS", "OBR|1|", None),
];

#[test]
fn what_bears_our_number_is_its_event_or_refused_and_never_noted() {
    let meaning = |text: &str| {
        let tree = RULES.read(text.as_bytes(), Format::Hl7v2, MOST).unwrap();
        RULES.meaning(&tree, Model::Hl7v2)
    };
    for (event, name, from, to, wanted) in ANSWERS {
        let good = example(event, name);
        assert!(good.contains(from), "{event} {name}: {from}");
        let found = meaning(&good.replacen(from, to, 1));
        assert_eq!(found, wanted.map(|event| Meaning::Event(event.into())), "{event} {name} {from}→{to}");
    }
    let pending = example("exam-status", "05-referral-rejected").replace("RF1|R", "RF1|P");
    assert!(matches!(meaning(&pending), Some(Meaning::Noted(_))));
}

#[test]
fn two_persons_in_one_message_are_never_taken_for_one() {
    let good = example("admission-notice", "01-rich");
    let pid = good.lines().find(|l| l.starts_with("PID")).unwrap();
    let two = good.replace(pid, &format!("{pid}\n{}", pid.replace("201406042398", "201204152399")));
    let found = errors(&check(two.as_bytes()));
    assert!(found.iter().any(|(_, what)| what.contains("only-one")), "{found:#?}");
}

/// How a foreign message ends: as an event, on record with its note, or refused for its first reason.
fn fate(bytes: &[u8]) -> String {
    let mut tree = match RULES.read(bytes, Format::Hl7v2, MOST) {
        Ok(tree) => tree,
        Err(found) => {
            assert!(found.iter().all(|f| !f.detail.is_empty() && f.place.path.is_some()), "{found:#?}");
            let word = found[0].detail.rsplit_once('[').map_or("", |(_, word)| word.trim_end_matches(']'));
            return format!("refused: {word}");
        }
    };
    match RULES.meaning(&tree, Model::Hl7v2) {
        None => "refused: no event".into(),
        Some(Meaning::Noted(noted)) => {
            format!("noted: {}", noted.words.0.split([':', ';', ',']).next().unwrap())
        }
        Some(Meaning::Event(event)) => match RULES.canonical(&mut tree, &event, Format::Hl7v2, &told()) {
            Err(fault) => format!("refused as {event}: {}", fault.place.path.unwrap_or_default()),
            Ok(mut canonical) => {
                let found = RULES.check_profile(&mut canonical, &event);
                let wrong = found.iter().any(|f| f.severity == fhir::Severity::Error && !f.not_checkable);
                format!("{} {event}", if wrong { "refused by the profile of" } else { "carried as" })
            }
        },
    }
}

/// The messages of the three suites whose type may be one of ours.
fn foreign() -> Option<Vec<(String, Vec<u8>)>> {
    let folders = [suite("hl7v2-microsoft")?, suite("hl7v2-linuxforhealth")?, suite("hl7v2-python-libs")?];
    let mut all = Vec::new();
    let mut open: Vec<PathBuf> = folders.into();
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(files(&path, ""));
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        let header = bytes.split(|b| *b == b'\r' || *b == b'\n').next().unwrap_or_default();
        let kind = header.split(|b| *b == b'|').nth(8).unwrap_or_default();
        let ours = [&b"ADT"[..], b"REF", b"RRI", b"SIU", b"ORU", b"MDM"];
        if path.extension().is_some_and(|e| e == "hl7") && ours.iter().any(|word| kind.starts_with(word)) {
            all.push((path.file_name().unwrap().to_string_lossy().into_owned(), bytes));
        }
    }
    Some(all)
}

#[test]
fn each_message_of_the_suites_is_carried_noted_or_refused_with_a_reason() {
    let Some(all) = foreign() else { return };
    let mut ends: BTreeMap<String, usize> = BTreeMap::new();
    let mut signed: BTreeMap<String, usize> = BTreeMap::new();
    for (_, bytes) in &all {
        *ends.entry(fate(bytes)).or_default() += 1;
        // The same with a sign is judged as an event: a foreign message lacks what a municipality needs.
        let mut text = bytes.clone();
        text.extend(b"\rZSL|admission-notice|20260101120000|X-1\r");
        *signed.entry(fate(&text)).or_default() += 1;
    }
    let told = |ends: &BTreeMap<String, usize>| {
        ends.iter().map(|(end, n)| format!("{n} {end}")).collect::<Vec<_>>().join("; ")
    };
    println!("suite hl7v2-events: {0} of {0} have an end ({1})", all.len(), told(&ends));
    println!("hl7v2-events with the sign of M6: {}", told(&signed));
    assert!(all.len() > 150, "{}", all.len());
    // Nothing of them was meant for a municipality.
    assert!(ends.keys().all(|end| !end.starts_with("carried")), "{ends:#?}");
    assert!(signed.keys().all(|end| !end.starts_with("carried")), "{signed:#?}");
}

#[test]
fn a_message_without_its_character_set_is_in_that_of_its_sender() {
    let latin: Vec<u8> = example("admission-notice", "01-rich")
        .replace("||||||UNICODE UTF-8", "")
        .chars()
        .map(|c| u8::try_from(u32::from(c)).unwrap())
        .collect();
    let found = RULES.read(&latin, Format::Hl7v2, MOST).unwrap_err();
    assert!(found[0].place.path.is_some(), "{found:#?}");
    let tree = RULES.read_in(&latin, Format::Hl7v2, MOST, Some("8859/1")).unwrap();
    assert!(tree.source().contains("Ängsvägen"));
}

#[test]
fn a_spoiled_byte_anywhere_gives_a_verdict() {
    let mut judged = 0;
    for folder in files(&Path::new(ROOT).join("mappings/hl7v2"), "") {
        for input in files(&folder.join("examples"), ".in.hl7") {
            let good = std::fs::read(&input).unwrap();
            for at in (0..good.len()).step_by(3) {
                for byte in [b'|', b'^', b'~', b'\\', b'\r', 0x0b, 0xff] {
                    let mut bytes = good.clone();
                    bytes[at] = byte;
                    if let Ok(tree) = RULES.read(&bytes, Format::Hl7v2, MOST) {
                        let _ = RULES.meaning(&tree, Model::Hl7v2);
                    }
                    judged += 1;
                    if judged % 97 == 0 {
                        let report = check(&bytes);
                        assert!(report.readable || !report.is_valid(), "{} {at}", input.display());
                    }
                }
            }
        }
    }
    assert!(judged > 10_000, "{judged}");
}

#[test]
fn a_batch_is_called_one() {
    let report = check(b"FHS|^~\\&|A\rBHS|^~\\&|A\rMSH|^~\\&|||||||ADT^A01|1|P|2.5\r");
    assert!(errors(&report)[0].1.contains("batch"), "{:#?}", report.found);
}
