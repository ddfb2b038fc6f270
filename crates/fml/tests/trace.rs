//! What a trace tells: both ways between source and result, and why not.
//!
//! Invariant: each test reads like what a person who writes a map would ask. Deliberately absent: that
//! tracing changes nothing, which every test that runs a plan checks (see `trees::run`).
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod trees;

use fhir::json::Form;
use fml::{Bounds, How, Inputs, MapFault, Outcome, Plan, Role, Trace};
use std::cell::Cell;

const MAP: &str = r##"map "http://sluss.test/trace" = "Trace"
conceptmap "#kon" { prefix s = "http://hl7.org/fhir/administrative-gender" prefix t = "urn:kon"
  s:female == t:male }
uses "http://hl7.org/fhir/StructureDefinition/Patient" alias Patient as source
uses "http://hl7.org/fhir/StructureDefinition/Patient" alias Patient as target
let address = 'urn:x';
group Main(source src : Patient, target tgt : Patient) {
  src.identifier as i where (system = 'urn:a') -> tgt.identifier = i "identifier";
  src.name first as n -> tgt.name as t then Name(n, t) "name";
  src.gender as g -> tgt.gender = translate(g, '#kon', 'code') "gender";
  src.photo as p then {
    p.title as title -> tgt.id = title "title";
  } "photo";
  src.multipleBirth : integer as m -> tgt.active = true "birth";
  src.contained : Basic as b -> tgt.contained = b "contained";
  src -> append(%src.birthDate.toString(), '') as when, uuid() as u, tgt.id = u,
    tgt.birthDate = (%when.substring(0, 10)) "computed";
  src.contact as c -> tgt.contact as d, d.gender = 'other' "contact";
  src -> tgt.communication as c, c.preferred = true "language";
  src -> tgt.link as l, l.other as o, o.reference = (%address), l.type = 'refer' "link";
}
group Name(source n, target t) {
  n.family as family -> t.family = family "family";
  n.given as given -> t.given = given "given";
  n where (%n.suffix.exists()) -> t.use = 'old' "old";
}
group Never(source n : HumanName, target t : HumanName) {
  n.text as text -> t.text = text "text";
}"##;

const PATIENT: &str = r#"{"resourceType":"Patient",
"identifier":[{"system":"urn:b","value":"Canary-1"},{"system":"urn:a","value":"Canary-2","use":"official"}],
"name":[{"family":"Canary-3","given":["Canary-4","Canary-5"],"prefix":["Canary-6"]},{"family":"Canary-7"}],
"gender":"female","birthDate":"1974-12-25","multipleBirthBoolean":true,"contained":[{"resourceType":"Organization","name":"Canary-11"}],
"address":[{"line":["Canary-8"],"city":"Canary-9"}],"Canary":"Canary-10"}"#;

fn plan(text: &str) -> Plan {
    let mut library = trees::library(&[]);
    let url = library.add_map("trace.map", text).unwrap_or_else(|e| panic!("{}", e[0]));
    library.compile(&url).unwrap_or_else(|e| panic!("{}", e[0]))
}

fn traced(plan: &Plan, json: &str) -> (Result<String, MapFault>, Trace) {
    let source = trees::read(json, Form::Fhir, None);
    let count = Cell::new(0);
    let ids = || {
        count.set(count.get() + 1);
        format!("id-{}", count.get())
    };
    let inputs = Inputs { ids: &ids, now: "", parameters: &[], bounds: Bounds::default() };
    let (result, trace) = plan.trace(source.at(source.root()), &inputs);
    (result.map(|tree| fhir::json::write(&tree, Form::Fhir)), trace)
}

/// Rule, places and outcome of each step.
fn steps<'a>(plan: &'a Plan, trace: &'a Trace) -> Vec<(&'a str, String, Outcome)> {
    let label = |rule: usize| plan.rules()[rule].label.as_str();
    trace.steps.iter().map(|s| (label(s.rule), s.sources.join(" "), s.outcome)).collect()
}

#[test]
fn each_repetition_says_why_a_rule_did_not_apply() {
    let plan = plan(MAP);
    let (result, trace) = traced(&plan, PATIENT);
    result.unwrap();
    let steps = steps(&plan, &trace);
    let is = |rule: &str, place: &str, outcome| {
        assert!(steps.contains(&(rule, place.to_string(), outcome)), "{rule} {place}: {steps:#?}");
    };
    is("Main/\"identifier\"", "Patient.identifier[0]", Outcome::Where);
    is("Main/\"identifier\"", "Patient.identifier[1]", Outcome::Ran);
    is("Main/\"name\"", "Patient.name[1]", Outcome::ListMode);
    is("Main/\"photo\"", "Patient", Outcome::NoSource);
    is("Main/\"birth\"", "Patient", Outcome::NoSource);
    is("Main/\"contained\"", "Patient.contained[0]", Outcome::Type);
    is("Name/\"given\"", "Patient.name[0].given[1]", Outcome::Ran);
    is("Name/\"old\"", "Patient.name[0]", Outcome::Where);
    let inner = trace.steps.iter().find(|s| plan.rules()[s.rule].label == "Name/\"family\"").unwrap();
    let outer = &trace.steps[inner.outer.unwrap()];
    assert_eq!(plan.rules()[outer.rule].label, "Main/\"name\"");
    assert_eq!(outer.targets, ["Patient.name[0]"]);
}

#[test]
fn a_rule_that_was_never_tried_says_what_would_have_led_to_it() {
    let plan = plan(MAP);
    let (_, trace) = traced(&plan, PATIENT);
    let rule = |label: &str| plan.rules().iter().position(|r| r.label == label).unwrap();
    let idle = |label: &str| trace.idle.iter().find(|i| i.rule == rule(label)).unwrap();
    assert_eq!(idle("Main/\"title\"").outer, [rule("Main/\"photo\"")]);
    assert!(idle("Never/\"text\"").outer.is_empty() && !plan.rules()[rule("Never/\"text\"")].called);
    assert_eq!(trace.idle.len(), 2);
    let place = &plan.rules()[rule("Main/\"title\"")];
    let line = MAP.lines().position(|l| l.contains("\"title\"")).unwrap() + 1;
    assert_eq!((&*place.file, place.line, place.called), ("trace.map", line, true));
    assert_eq!(&MAP[place.span.clone()], "p.title as title -> tgt.id = title \"title\"");
}

#[test]
fn each_value_of_the_result_names_its_rule_and_its_source() {
    let plan = plan(MAP);
    let (_, trace) = traced(&plan, PATIENT);
    let is = |place: &str, rule: &str, how: How, sources: &[&str]| {
        let written = trace.result.iter().find(|w| w.place == place).unwrap_or_else(|| panic!("{place}"));
        let label = written.step.map(|s| plan.rules()[trace.steps[s].rule].label.as_str());
        assert_eq!(label.unwrap_or_default(), rule, "{place}");
        assert_eq!(
            (written.how, written.sources.iter().map(String::as_str).collect::<Vec<_>>()),
            (how, sources.to_vec()),
            "{place}"
        );
    };
    is("Patient", "", How::Made, &[]);
    is("Patient.id", "Main/\"computed\"", How::NewId, &[]);
    is("Patient.identifier[0]", "Main/\"identifier\"", How::Copied, &["Patient.identifier[1]"]);
    // What came with a copy knows its own counterpart.
    is("Patient.identifier[0].value", "Main/\"identifier\"", How::Copied, &["Patient.identifier[1].value"]);
    is("Patient.name[0]", "Main/\"name\"", How::Made, &[]);
    is("Patient.name[0].given[1]", "Name/\"given\"", How::Copied, &["Patient.name[0].given[1]"]);
    is("Patient.gender", "Main/\"gender\"", How::Translated, &["Patient.gender"]);
    // Through a variable that was computed.
    is("Patient.birthDate", "Main/\"computed\"", How::Computed, &["Patient.birthDate"]);
    is("Patient.communication[0].preferred", "Main/\"language\"", How::Constant, &[]);
    is("Patient.link[0].other.reference", "Main/\"link\"", How::Constant, &[]);
    assert!(trace.result.iter().skip(1).all(|w| w.step.is_some()));
}

#[test]
fn each_place_of_the_source_says_what_used_it_and_what_nobody_read() {
    let plan = plan(MAP);
    let (_, trace) = traced(&plan, PATIENT);
    let uses = |place: &str| {
        let found = trace.source.iter().find(|f| f.place == place).unwrap_or_else(|| panic!("{place}"));
        found.uses.iter().map(|u| (plan.rules()[u.rule].label.as_str(), u.role)).collect::<Vec<_>>()
    };
    let identifier = "Main/\"identifier\"";
    assert_eq!(uses("Patient.identifier[0].system"), [(identifier, Role::Condition)]);
    assert_eq!(uses("Patient.identifier[0]"), []);
    // Copied whole.
    assert_eq!(uses("Patient.identifier[1].use"), [(identifier, Role::Value)]);
    assert_eq!(uses("Patient.identifier[1]"), [(identifier, Role::Source), (identifier, Role::Value)]);
    assert_eq!(uses("Patient.gender"), [("Main/\"gender\"", Role::Source), ("Main/\"gender\"", Role::Value)]);
    assert_eq!(uses("Patient.birthDate"), [("Main/\"computed\"", Role::Value)]);
    let element = |place: &str| trace.source.iter().find(|f| f.place == place).unwrap().element.as_str();
    assert_eq!(element("Patient.name[0].given[1]"), "Patient.name.given");
    assert_eq!(element("Patient.contained[0].name"), "Organization.name");
    let unread: Vec<&str> = trace.unread().iter().map(|f| f.place.as_str()).collect();
    assert_eq!(
        unread,
        [
            "Patient.identifier[0].value",
            "Patient.name[0].prefix[0]",
            "Patient.name[1]",
            "Patient.multipleBirthBoolean",
            "Patient.contained[0]",
            "Patient.address[0]",
            "Patient.?",
        ]
    );
}

#[test]
fn required_elements_that_were_not_set_are_told_where_their_parent_is() {
    let plan = plan(MAP);
    let (_, trace) = traced(&plan, PATIENT);
    let told: Vec<_> = trace.unset().map(|u| (u.place.as_str(), u.element.as_str())).collect();
    assert_eq!(told, [("Patient.communication[0]", "language")]);
    assert_eq!(trace.unset().next().unwrap().ty, "Patient.communication");
    assert!(trace.required.iter().any(|r| r.element == "other" && r.set), "{:?}", trace.required);
}

#[test]
fn no_value_and_no_unknown_name_is_in_a_trace() {
    let plan = plan(MAP);
    let (result, trace) = traced(&plan, PATIENT);
    assert!(result.unwrap().contains("Canary-2"), "the values are there to leak");
    assert!(!format!("{trace:?}").contains("Canary"), "{trace:#?}");
}

#[test]
fn a_fault_names_its_rule_and_the_rules_that_led_to_it_ran() {
    let text = r#"map "http://sluss.test/fault" = "Fault"
uses "http://hl7.org/fhir/StructureDefinition/Patient" alias Patient as source
uses "http://hl7.org/fhir/StructureDefinition/Patient" alias Patient as target
group Main(source src : Patient, target tgt : Patient) {
  src.gender as g -> tgt.gender = g "before";
  src.name as n then {
    n.family as f -> tgt.birthDate = cast(f, 'date') "cast";
  } "outer";
  src.photo as p -> tgt.photo = p "after";
}"#;
    let plan = plan(text);
    let (result, trace) = traced(&plan, PATIENT);
    assert_eq!(result.unwrap_err().code, "cast-failed");
    assert!(trace.result.is_empty() && trace.required.is_empty());
    let steps = steps(&plan, &trace);
    assert_eq!(
        steps,
        [
            ("Main/\"before\"", "Patient.gender".to_string(), Outcome::Ran),
            ("Main/\"outer\"", "Patient.name[0]".to_string(), Outcome::Ran),
            ("Main/\"cast\"", "Patient.name[0].family".to_string(), Outcome::Failed),
        ]
    );
    let idle: Vec<&str> = trace.idle.iter().map(|i| plan.rules()[i.rule].label.as_str()).collect();
    assert_eq!(idle, ["Main/\"after\""]);
    // A fault before the rule has begun is told as well.
    let text = text.replace("src.name as n then", "src.name only_one as n then");
    let (result, trace) = traced(&self::plan(&text), PATIENT);
    assert_eq!(result.unwrap_err().code, "not-only-one");
    assert_eq!(trace.steps.last().unwrap().outcome, Outcome::Failed);
}

#[test]
fn a_group_chosen_by_type_is_led_to_by_the_rule_that_would_have_chosen_it() {
    let text = r#"map "http://sluss.test/chosen" = "Chosen"
uses "http://hl7.org/fhir/StructureDefinition/Observation" alias Observation as source
uses "http://hl7.org/fhir/StructureDefinition/Observation" alias Observation as target
group Main(source src : Observation, target tgt : Observation) {
  src.value -> tgt.value "value";
}
group Quantities(source s : Quantity, target t : Quantity) <<types>> {
  s.unit as unit -> t.unit = unit "unit";
}
group Periods(source s : Period, target t : Period) <<types>> {
  s.start as start -> t.start = start "start";
}"#;
    let plan = plan(text);
    let json = r#"{"resourceType":"Observation","valueQuantity":{"unit":"kg"}}"#;
    let (result, trace) = traced(&plan, json);
    assert_eq!(result.unwrap(), json);
    let rule = |label: &str| plan.rules().iter().position(|r| r.label == label).unwrap();
    let idle: Vec<_> = trace.idle.iter().map(|i| (i.rule, i.outer.clone())).collect();
    assert_eq!(idle, [(rule("Periods/\"start\""), vec![rule("Main/\"value\"")])]);
    let unit = trace.result.iter().find(|w| w.place == "Observation.valueQuantity.unit").unwrap();
    assert_eq!(unit.sources, ["Observation.valueQuantity.unit"]);
}
