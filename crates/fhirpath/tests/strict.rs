//! The static check: argument types always, and in strict mode what may go wrong with some resources.
//!
//! Invariant: each case names the byte where the problem stands. Deliberately absent: what the official
//! suite covers (`official`), and R4's own invariants (`invariants`).
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use fhir::{Definitions, TypeId};
use fhirpath::{TypeProblem, parse};

fn shown(problems: Vec<TypeProblem>) -> Vec<String> {
    problems.iter().map(|p| format!("{} {}", p.offset, p.message)).collect()
}

fn check(text: &str) -> Vec<String> {
    let definitions = Definitions::r4();
    let patient = definitions.type_id("Patient").unwrap();
    shown(parse(text).unwrap().check(definitions, patient, &[("any", TypeId::NONE)]))
}

fn strictly(text: &str) -> Vec<String> {
    let definitions = Definitions::r4();
    let patient = definitions.type_id("Patient").unwrap();
    let variables = [("any", TypeId::NONE), ("one", patient)];
    shown(parse(text).unwrap().check_strictly(definitions, patient, &variables, &["own"]))
}

fn is(text: &str, wanted: &[&str]) {
    assert_eq!(strictly(text), wanted, "{text}");
}

#[test]
fn arguments_have_their_types() {
    for (text, wanted) in [
        ("gender.substring('a')", "17 an argument of substring() must be an Integer, this is String"),
        ("gender.substring(1.5)", "17 an argument of substring() must be an Integer, this is Decimal"),
        ("gender.startsWith(1)", "18 an argument of startsWith() must be a String, this is Integer"),
        ("gender.replace('a', birthDate)", "20 an argument of replace() must be a String, this is date"),
        ("gender.matches(active)", "15 an argument of matches() must be a String, this is boolean"),
        ("name.take('1')", "10 an argument of take() must be an Integer, this is String"),
        ("3.7.round('x')", "10 an argument of round() must be an Integer, this is String"),
        ("3.log(birthDate)", "6 an argument of log() must be a number, this is date"),
        ("gender.memberOf(1)", "16 an argument of memberOf() must be a String, this is Integer"),
        (
            "contact.checkModifiers('a', 2)",
            "28 an argument of checkModifiers() must be a String, this is Integer",
        ),
        ("iif(gender, 1, 2)", "4 an argument of iif() must be a Boolean, this is code"),
        ("contact.elementDefinition().mim", "28 no element mim in ElementDefinition"),
    ] {
        assert_eq!(check(text), [wanted], "{text}");
    }
    for text in [
        "gender.substring(name.count(), any.x)",
        "name.where(given)",
        "gender.startsWith(any)",
        "3.power(1.5) + 2.log(3)",
        "name.trace('x', given)",
    ] {
        assert!(check(text).is_empty(), "{text}");
    }
}

#[test]
fn one_item_where_one_is_needed() {
    is("name.given.upper()", &["11 upper() needs one item, and there may be several"]);
    is("name.given = 'x'", &["0 a comparison with one item needs one item, and there may be several"]);
    is("birthDate < name.period.start", &["12 < needs one item, and there may be several"]);
    is(
        "name.exists() and name.use",
        &[
            "18 an operand of a Boolean operator must be a Boolean, this is code",
            "18 an operand of a Boolean operator needs one item, and there may be several",
        ],
    );
    is(
        "name.given in ('a' | 'b')",
        &["0 what is looked for with `in` needs one item, and there may be several"],
    );
    is("name[telecom.rank]", &["5 an index needs one item, and there may be several"]);
    is("contact.name.family.length() > 3", &["20 length() needs one item, and there may be several"]);
    is(
        "gender.startsWith(name.use)",
        &["18 an argument of startsWith() needs one item, and there may be several"],
    );
    is("-multipleBirth.ofType(integer) - telecom.rank", &["33 - needs one item, and there may be several"]);
    is("name.family.not()", &["12 not() needs one item, and there may be several"]);
    is("name.where(given.first()).use", &["17 the criterion of where() must be a Boolean, this is string"]);
    is("(gender | birthDate).toString()", &["21 toString() needs one item, and there may be several"]);
}

#[test]
fn what_makes_one_item_of_several() {
    for text in [
        "name.given.first().upper()",
        "name[0].family.length() > 3",
        "name.select(family.upper() & '!')",
        "name.where(use = 'official').all(family.length() > 1)",
        "name.take(1).family.upper()",
        "name.single().use = 'usual' and active",
        "telecom.exists(system = 'phone' and value.startsWith('0'))",
        "name.given.join(', ').length() < 80",
        "name.given = contact.name.given",
        "name.given.count() = 2 and name.given.aggregate($total & $this, '').length() > 1",
        "%any.x.upper() = 'X' and %one.gender = 'female'",
        "iif(name.exists(), 1, 2) + 1",
    ] {
        assert!(strictly(text).is_empty(), "{text}: {:?}", strictly(text));
    }
}

#[test]
fn functions_are_known() {
    is("name.own().given.first().frist()", &["25 no function frist()"]);
    is("whre(active)", &["0 no function whre()"]);
    assert!(check("name.frist()").is_empty());
}

/// Strict mode finds in R4's own invariants what its authors left to the data.
#[test]
fn the_specifications_own_expressions() {
    let definitions = Definitions::r4();
    let (mut asked, mut open) = (0, std::collections::BTreeSet::new());
    for ty in definitions.types() {
        for invariant in definitions.invariants(ty) {
            asked += 1;
            let expression = parse(&invariant.expression).unwrap();
            let problems = expression.check_strictly(definitions, ty, &[], &[]);
            open.extend(problems.into_iter().map(|p| format!("{} {p}", invariant.key)));
        }
    }
    println!("{asked} invariants checked strictly, {} problems", open.len());
    // The one names an element that its type has not, the other looks for several codes at once.
    let listed = ["cid-0 no element name", "tim-9 what is looked for with `in` needs one item"];
    assert_eq!(open.len(), listed.len(), "{open:#?}");
    assert!(open.iter().zip(listed).all(|(found, listed)| found.starts_with(listed)), "{open:#?}");
}
