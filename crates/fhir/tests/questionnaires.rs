//! Answers against the questionnaire that they answer, and a questionnaire's own conditions.
//!
//! Invariant: each test names the one thing that is wrong and where it is told. Deliberately absent: the
//! official suite's cases, which the FHIRPath crate runs with invariants.
#![allow(clippy::unwrap_used, missing_docs)]

use fhir::json::{Form, Limits, read};
use fhir::{Definitions, Profiles, Severity, Tree};

fn tree(text: &str) -> Tree {
    let mut tree = read(text.as_bytes(), Form::Fhir, &Limits::default()).unwrap();
    Definitions::r4().annotate(&mut tree);
    tree
}

/// What is found in a response with these items, given a questionnaire with those.
fn found(items: &str, answers: &str) -> Vec<String> {
    found_with("completed", items, answers)
}

fn found_with(status: &str, items: &str, answers: &str) -> Vec<String> {
    let form = format!(
        r#"{{"resourceType": "Questionnaire", "url": "http://x.se/q", "version": "2", "status": "active",
        "contained": [{{"resourceType": "ValueSet", "id": "v", "status": "active", "compose": {{"include":
        [{{"system": "http://x.se/s", "concept": [{{"code": "a"}}]}}]}}}}], "item": [{items}]}}"#
    );
    let response = format!(
        r#"{{"resourceType": "QuestionnaireResponse", "questionnaire": "http://x.se/q|2", "status": "{status}",
        "item": [{answers}]}}"#
    );
    let profiles = Profiles::load(Definitions::r4(), &[tree(&form)]).unwrap();
    let findings = profiles.validate(&tree(&response), "QuestionnaireResponse");
    let ours = findings.iter().filter(|f| f.code == "questionnaire");
    let line = |f: &fhir::Finding| {
        let kind = match (f.not_checkable, f.severity) {
            (true, _) => "unsure",
            (_, Severity::Error) => "error",
            _ => "warning",
        };
        format!("{kind} {}: {}", f.place.replace("QuestionnaireResponse", "Q"), f.message)
    };
    ours.map(line).collect()
}

/// One finding, with this beginning and this in it.
fn one(found: &[String], begins: &str, has: &str) {
    let fits = matches!(found, [only] if only.starts_with(begins) && only.contains(has));
    assert!(fits, "expected `{begins}` with `{has}`, found {found:#?}");
}

const NAME: &str = r#"{"linkId": "n", "type": "string", "required": true, "maxLength": 5}"#;

#[test]
fn what_is_required_is_answered_once_a_response_is_complete() {
    assert!(found(NAME, r#"{"linkId": "n", "answer": [{"valueString": "x"}]}"#).is_empty());
    one(&found(NAME, r#"{"linkId": "n", "text": "x"}"#), "error Q.item[0]: ", "has no answer");
    assert!(found_with("in-progress", NAME, r#"{"linkId": "n", "text": "x"}"#).is_empty());
    let group =
        format!(r#"{{"linkId": "g", "type": "group", "item": [{NAME}, {{"linkId": "o", "type": "text"}}]}}"#);
    let other = r#"{"linkId": "g", "item": [{"linkId": "o", "answer": [{"valueString": "x"}]}]}"#;
    one(&found(&group, other), "error Q.item[0]: ", "required item");
}

#[test]
fn items_are_known_and_stand_where_they_are_asked() {
    let group = format!(r#"{{"linkId": "g", "type": "group", "item": [{NAME}]}}"#);
    let answer = r#"{"linkId": "n", "answer": [{"valueString": "x"}]}"#;
    one(&found(&group, r#"{"linkId": "z"}"#), "error Q.item[0]: ", "no item with this linkId");
    one(&found(&group, answer), "error Q.item[0]: ", "under another item");
    let twice = format!(r#"{{"linkId": "g", "item": [{answer}, {answer}]}}"#);
    one(&found(&group, &twice), "error Q.item[0].item[1]: ", "more than once");
    let good = format!(r#"{{"linkId": "g", "item": [{answer}]}}"#);
    one(&found(&group, &format!("{good}, {good}")), "error Q.item[1]: ", "does not repeat");
    let plain = format!(r#"{{"linkId": "m", "type": "text"}}, {NAME}"#);
    let turned = format!(r#"{answer}, {{"linkId": "m", "answer": [{{"valueString": "x"}}]}}"#);
    one(&found(&plain, &turned), "warning Q.item[1]: ", "stands behind");
    let shown = r#"{"linkId": "d", "type": "display"}"#;
    let said = r#"{"linkId": "d", "answer": [{"valueString": "x"}]}"#;
    one(&found(shown, said), "error Q.item[0].answer[0]: ", "only displayed");
}

#[test]
fn answers_have_the_type_and_the_number_that_the_question_asks_for() {
    let date = r#"{"linkId": "d", "type": "date"}"#;
    let said = |answers: &str| format!(r#"{{"linkId": "d", "answer": [{answers}]}}"#);
    one(
        &found(date, &said(r#"{"valueString": "2020"}"#)),
        "error Q.item[0].answer[0].valueString: ",
        "answered by Date",
    );
    let two = said(r#"{"valueDate": "2020"}, {"valueDate": "2021"}"#);
    one(&found(date, &two), "error Q.item[0]: ", "2 answers");
    let name = r#"{"linkId": "n", "answer": [{"valueString": "sjutton"}]}"#;
    let long = found(NAME, name);
    one(&long, "error Q.item[0].answer[0].valueString: ", "7 characters");
    assert!(!long[0].contains("sjutton"), "no value in a finding");
}

#[test]
fn answers_keep_to_options_and_limits() {
    let coded = |system: &str, code: &str| {
        format!(
            r#"{{"linkId": "c", "answer": [{{"valueCoding": {{"system": "{system}", "code": "{code}"}}}}]}}"#
        )
    };
    let options = r#"{"linkId": "c", "type": "choice", "answerOption": [{"valueCoding": {"system": "http://x.se/s", "code": "a"}}]}"#;
    let set = r##"{"linkId": "c", "type": "choice", "answerValueSet": "#v"}"##;
    for form in [options, set] {
        assert!(found(form, &coded("http://x.se/s", "a")).is_empty(), "{form}");
        assert_eq!(found(form, &coded("http://x.se/s", "b")).len(), 1, "{form}");
        assert_eq!(found(form, &coded("http://x.se/t", "a")).len(), 1, "{form}");
    }
    let far = r#"{"linkId": "c", "type": "choice", "answerValueSet": "http://x.se/unknown"}"#;
    one(&found(far, &coded("http://x.se/s", "a")), "unsure Q.item[0].answer[0].valueCoding: ", "value set");
    let open = r##"{"linkId": "c", "type": "open-choice", "answerValueSet": "#v"}"##;
    assert!(found(open, r#"{"linkId": "c", "answer": [{"valueString": "x"}]}"#).is_empty());

    let least = r#"{"linkId": "w", "type": "quantity", "extension": [{"url": "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-minQuantity", "valueQuantity": {"value": 2, "system": "http://unitsofmeasure.org", "code": "kg"}}]}"#;
    let weight = |value: &str, code: &str| {
        format!(
            r#"{{"linkId": "w", "answer": [{{"valueQuantity": {{"value": {value}, "system": "http://unitsofmeasure.org", "code": "{code}"}}}}]}}"#
        )
    };
    assert!(found(least, &weight("2000", "g")).is_empty());
    one(&found(least, &weight("1999.9", "g")), "error ", "beyond");
    one(&found(least, &weight("5", "m")), "error ", "cannot be compared");

    let until = r#"{"linkId": "d", "type": "date", "extension": [{"url": "http://hl7.org/fhir/StructureDefinition/maxValue", "valueDate": "2022-06"}]}"#;
    let day = |day: &str| format!(r#"{{"linkId": "d", "answer": [{{"valueDate": "{day}"}}]}}"#);
    assert!(found(until, &day("2022-05-31")).is_empty());
    one(&found(until, &day("2022-07-01")), "error ", "more than the greatest");
    one(&found(until, &day("2022-06-30")), "unsure ", "greatest");
}

#[test]
fn what_is_not_asked_is_not_answered() {
    let form = r#"{"linkId": "a", "type": "boolean"}, {"linkId": "b", "type": "integer", "required": true,
        "enableWhen": [{"question": "a", "operator": "=", "answerBoolean": true}]}"#;
    let yes = r#"{"linkId": "a", "answer": [{"valueBoolean": true}]}"#;
    let no = r#"{"linkId": "a", "answer": [{"valueBoolean": false}]}"#;
    let b = r#"{"linkId": "b", "answer": [{"valueInteger": 3}]}"#;
    assert!(found(form, no).is_empty());
    assert!(found(form, &format!("{yes}, {b}")).is_empty());
    one(&found(form, yes), "error Q: ", "required item");
    one(&found(form, &format!("{no}, {b}")), "error Q.item[1]: ", "does not hold");
    one(&found(form, b), "error Q.item[0]: ", "does not hold");
    let expression = form.replace("\"required\"", "\"extension\": [{\"url\": \"http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-enableWhenExpression\", \"valueExpression\": {\"language\": \"text/fhirpath\", \"expression\": \"true\"}}], \"required\"");
    one(&found(&expression, no), "unsure Q: ", "enableWhen");
}

#[test]
fn conditions_look_at_the_nearest_answer() {
    let form = r#"{"linkId": "g", "type": "group", "repeats": true, "item": [{"linkId": "a", "type": "integer"},
        {"linkId": "b", "type": "text", "enableWhen": [{"question": "a", "operator": ">", "answerInteger": 5}]}]}"#;
    let group = |a: &str| {
        format!(
            r#"{{"linkId": "g", "item": [{{"linkId": "a", "answer": [{{"valueInteger": {a}}}]}},
            {{"linkId": "b", "answer": [{{"valueString": "x"}}]}}]}}"#
        )
    };
    assert!(found(form, &format!("{}, {}", group("6"), group("9"))).is_empty());
    let second = found(form, &format!("{}, {}", group("6"), group("5")));
    one(&second, "error Q.item[1].item[1]: ", "does not hold");
}

#[test]
fn a_questionnaire_that_is_not_here_is_told() {
    let profiles = Profiles::load(Definitions::r4(), &[]).unwrap();
    for named in ["", r#""questionnaire": "http://x.se/q","#] {
        let text = format!(r#"{{"resourceType": "QuestionnaireResponse", {named} "status": "completed"}}"#);
        let findings = profiles.validate(&tree(&text), "QuestionnaireResponse");
        assert!(matches!(findings.as_slice(), [only] if only.not_checkable), "{findings:#?}");
    }
}

#[test]
fn conditions_name_questions_that_can_be_answered() {
    let condition = |question: &str| {
        format!(
            r#"{{"resourceType": "Questionnaire", "status": "draft", "item": [{{"linkId": "g", "type": "group",
            "enableWhen": [{{"question": "{question}", "operator": "exists", "answerBoolean": true}}],
            "item": [{{"linkId": "i", "type": "text"}}]}}, {{"linkId": "z", "type": "text"}}]}}"#
        )
    };
    let profiles = Profiles::load(Definitions::r4(), &[]).unwrap();
    for (question, want) in [
        ("i", Some(Severity::Error)),
        ("g", Some(Severity::Error)),
        ("nowhere", Some(Severity::Error)),
        ("z", Some(Severity::Warning)),
    ] {
        let findings = profiles.validate(&tree(&condition(question)), "Questionnaire");
        assert_eq!(findings.first().map(|f| f.severity), want, "{question}: {findings:#?}");
        assert_eq!(findings[0].place, "Questionnaire.item[0].enableWhen[0]");
    }
}

#[test]
fn attachments_have_the_size_that_they_state() {
    let text = |size: u32| {
        format!(
            r#"{{"resourceType": "Media", "status": "completed", "content": {{"data": "aGVqIGhlag==", "size": {size}}}}}"#
        )
    };
    let profiles = Profiles::load(Definitions::r4(), &[]).unwrap();
    assert!(profiles.validate(&tree(&text(7)), "Media").is_empty());
    let findings = profiles.validate(&tree(&text(8)), "Media");
    assert!(matches!(findings.as_slice(), [only] if only.place == "Media.content"), "{findings:#?}");
}

/// So many pieces, each made of its number, with commas between.
fn many(n: usize, piece: impl Fn(usize) -> String) -> String {
    (0..n).map(piece).collect::<Vec<_>>().join(",")
}

#[test]
fn many_answers_to_many_options_are_all_decided() {
    let coding = |i: usize| format!(r#"{{"valueCoding": {{"system": "http://x.se/s", "code": "c{i}"}}}}"#);
    let question = format!(
        r#"{{"linkId": "c", "type": "choice", "repeats": true, "answerOption": [{}]}}, {{"linkId": "t",
        "type": "string", "enableBehavior": "any", "enableWhen": [{}]}}"#,
        many(20_000, coding),
        many(20_000, |i| format!(
            r#"{{"question": "c", "operator": "=", "answerCoding": {{"system": "http://x.se/other", "code": "c{i}"}}}}"#
        ))
    );
    let answers = many(20_000, |i| coding(if i == 9 { 20_000 } else { 19_999 - i }));
    let given = format!(
        r#"{{"linkId": "c", "answer": [{answers}]}}, {{"linkId": "t", "answer": [{{"valueString": "x"}}]}}"#
    );
    let found = found(&question, &given);
    assert_eq!(found.len(), 2, "{found:#?}");
    assert!(found[0].starts_with("error Q.item[0].answer[9].valueCoding: "), "{found:#?}");
    assert!(found[1].starts_with("error Q.item[1]: "), "{found:#?}");
}

#[test]
fn what_would_take_too_long_is_told_as_not_checked() {
    let question = format!(
        r#"{{"linkId": "c", "type": "choice", "repeats": true, "answerOption": [{}]}}"#,
        many(20_000, |i| format!(r#"{{"valueInteger": {i}}}"#))
    );
    let answers = many(200, |i| format!(r#"{{"valueInteger": {}}}"#, 20_000 + i));
    let found = found(&question, &format!(r#"{{"linkId": "c", "answer": [{answers}]}}"#));
    let of = |kind: &str| found.iter().filter(|f| f.starts_with(kind)).count();
    assert!(of("error") > 20 && of("unsure") > 20, "{found:#?}");
    assert_eq!(found.len(), 200);
    // None is passed over for want of effort that is written as an option is.
    let same = many(20_000, |i| format!(r#"{{"valueInteger": {i}}}"#));
    let given = format!(r#"{{"linkId": "c", "answer": [{same}]}}"#);
    assert!(found_with("completed", &question, &given).is_empty());

    let question = format!(
        r#"{{"linkId": "s", "type": "string", "repeats": true, "item": [{}]}}"#,
        many(3000, |i| format!(r#"{{"linkId": "s{i}", "type": "string", "required": true}}"#))
    );
    let given = format!(
        r#"{{"linkId": "s", "answer": [{}]}}"#,
        many(3000, |_| r#"{"valueString": "x"}"#.to_string())
    );
    let found = found_with("completed", &question, &given);
    assert!(found.iter().any(|f| f.starts_with("unsure") && f.contains("too many")), "{}", found.len());
}
