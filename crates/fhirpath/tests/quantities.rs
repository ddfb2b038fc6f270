//! Quantities, units and calendar time, by the examples and rules of FHIRPath N1 and R4 fhirpath.html.
//!
//! Invariant: every line is a rule that the specification states. Deliberately absent: what the
//! official suite covers.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use fhir::Definitions;
use fhir::json::{Form, Limits, read};
use fhirpath::{Scope, Unit, Value, parse};

const OBSERVATION: &str = r#"{"resourceType":"Observation","status":"final","code":{"text":"x"},
"effectiveDateTime":"2020-02-29","component":[
{"code":{"text":"ucum"},"valueQuantity":{"value":2,"unit":"years","system":"http://unitsofmeasure.org","code":"a"}},
{"code":{"text":"own"},"valueQuantity":{"value":3,"unit":"tablets","system":"http://example.org","code":"g"}},
{"code":{"text":"same"},"valueQuantity":{"value":2,"unit":"pills","system":"http://example.org","code":"g"}},
{"code":{"text":"none"},"valueQuantity":{"value":4,"unit":"g"}},
{"code":{"text":"bare"},"valueQuantity":{"value":5}},
{"code":{"text":"more"},"valueQuantity":{"value":6,"comparator":">","system":"http://unitsofmeasure.org","code":"g"}}]}"#;

/// The result as text: nothing, values joined, or the error.
fn told(text: &str) -> String {
    let mut tree = read(OBSERVATION.as_bytes(), Form::Fhir, &Limits::default()).unwrap();
    Definitions::r4().annotate(&mut tree);
    let scope = Scope::new(Some(Definitions::r4()));
    match parse(text).unwrap().evaluate(&scope, tree.at(tree.root())) {
        Ok(found) => {
            let texts: Vec<String> =
                found.iter().map(|v| v.text().unwrap_or_default().into_owned()).collect();
            texts.join(" | ")
        }
        Err(error) => format!("error: {error}"),
    }
}

fn all(lines: &[(&str, &str)]) {
    let wrong: Vec<String> = lines
        .iter()
        .filter(|(text, wanted)| told(text) != *wanted)
        .map(|(text, wanted)| format!("{text}: {} instead of {wanted}", told(text)))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn equality_and_order() {
    all(&[
        ("1 'cm' = 0.01 'm'", "true"),
        ("1 'cm' = 1 'cm2'", ""),
        ("1 'cm' > 1 's'", ""),
        ("4 'm' > 4 'cm'", "true"),
        ("1 'foo' = 1 'm'", ""),
        ("1 '[degF]' = 1 'Cel'", ""),
        ("1 'mmol/L' = 1 'mol/m3'", "true"),
        ("120 'mm[Hg]' > 15 'kPa'", "true"),
        ("1 'kg.m/s2' = 1 'N'", "true"),
        ("5 = 5 '1'", "true"),
        ("50 '%' = 0.5", "true"),
        ("1 'g' ~ 1.04 'g'", "true"),
        ("4 'g' ~ 4040 'mg'", "true"),
        ("1 'foo' ~ 1 'm'", "false"),
    ]);
}

#[test]
fn calendar_and_definite_durations() {
    all(&[
        ("1 year = 1 'a'", ""),
        ("1 year > 1 'a'", ""),
        ("1 month = 1 'mo'", ""),
        ("1 year ~ 1 'a'", "true"),
        ("1 month ~ 1 'mo'", "true"),
        ("1 second = 1 's'", "true"),
        ("1 second ~ 1 's'", "true"),
        ("10 seconds > 1 's'", "true"),
        ("1 week = 7 'd'", "true"),
        ("1 day = 24 hours and 1 hour = 60 minutes and 1 minute = 60 seconds", "true"),
        ("1 year = 12 months", "true"),
        ("1 year = 365 days", "true"),
        ("1 month = 30 days", "true"),
        ("1 month < 31 days and 13 months > 1 year", "true"),
        ("(2 years).toQuantity('months')", "24 months"),
        ("(1 'a').toQuantity('years')", ""),
        ("(90 minutes).toQuantity('h')", "1.5 'h'"),
    ]);
}

#[test]
fn arithmetic_of_quantities() {
    all(&[
        ("3 'm' + 3 'cm'", "303 'cm'"),
        ("3 'cm' + 3 'm'", "303 'cm'"),
        ("3 'm' - 3 'cm'", "297 'cm'"),
        ("1 year + 1 month", "13 months"),
        ("1 'm' + 1 's'", ""),
        ("12 'cm' * 3 'cm'", "36 'cm2'"),
        ("3 'cm' * 12 'cm2'", "36 'cm3'"),
        ("12 'cm2' / 3 'cm'", "4 'cm'"),
        ("12 'm' / 4 's'", "3 'm/s'"),
        ("12 'm/s' / 4 's'", "3 'm/s2'"),
        ("12 'm/s' * 4 's'", "48 'm'"),
        ("6 'm' / 2 'm'", "3 '1'"),
        ("6 'm' / 2 'cm' = 300 '1'", "true"),
        ("6 / 2 's'", "3 '/s'"),
        ("6 'm' / 0 's'", ""),
        ("2 * 3 'mg{dry}'", "6 'mg{dry}'"),
        ("2 '(m.s)' * 3 'm'", "6 '(m.s).m'"),
        ("-(3 'mg')", "-3 'mg'"),
        ("10 'mg' div 3 'mg'", "error: div and mod are not defined for quantities (at offset 8)"),
    ]);
}

#[test]
fn dates_and_times_move() {
    all(&[
        ("@2014 + 24 months", "2016"),
        ("@2019-03-01 + 24 months", "2021-03-01"),
        ("@2014 + 23 months", "2015"),
        ("@2016 + 365 days", "2017"),
        ("@2014 - 24 months", "2012"),
        ("@2020-02-29 + 1 year", "2021-02-28"),
        ("@2024-01-31 + 1 month", "2024-02-29"),
        ("@2014-01-01 + 1.9 days", "2014-01-02"),
        ("@2014-01-01T10:00:00 + 1.5 hours", "2014-01-01T11:00:00"),
        ("@2014-01-01T10:00:00.000 + 1.5 seconds", "2014-01-01T10:00:01.500"),
        ("@T23:30 + 45 minutes", "00:15"),
        ("@T10:00:00.000 + 0.1 's'", "10:00:00.100"),
        ("@2014-01-01T10 + 90 minutes", "2014-01-01T11"),
        ("@T10:00 + 1 day", "error: a time of day does not move by days (at offset 8)"),
        ("@2014-01-01 + 1 hour", "error: a date moves by years, months, weeks and days (at offset 12)"),
        ("@2014-01-01 + 1 'a'", "error: dates and times move by calendar units only (at offset 12)"),
        ("@2014-01-01 + 1 'g'", "error: dates and times move by calendar units only (at offset 12)"),
        ("@9999-12-31 + 1 day", "error: the result would lie outside the years 1 to 9999 (at offset 12)"),
        ("@0001 - 1 year", "error: the result would lie outside the years 1 to 9999 (at offset 6)"),
        ("@2014-01-01 + {}", ""),
    ]);
}

#[test]
fn partial_moments_compare_as_far_as_they_are_known() {
    all(&[
        ("@2012-01 = @2012", ""),
        ("@2012-01-01T10:30:31.0 = @2012-01-01T10:30:31", "true"),
        ("@2012-01-01T10:30:31.1 = @2012-01-01T10:30:31", "false"),
        ("@2018-03 > @2018-03-01", ""),
        ("@2018-03-01T10 > @2018-03-01T10:30", ""),
        ("@2018-03-01T10:30:00 > @2018-03-01T10:30:00.0", "false"),
        ("@T10 > @T10:30", ""),
        ("@2017-11-05T01:30:00.0-04:00 > @2017-11-05T01:15:00.0-05:00", "false"),
        ("@2017-11-05T01:30:00.0-04:00 = @2017-11-05T00:30:00.0-05:00", "true"),
        ("@2012-01 ~ @2012", "false"),
        ("@2014-01-01T08.highBoundary(17).toString().startsWith('2014-01-01T08:59:59.999')", "true"),
    ]);
}

#[test]
fn a_quantity_of_fhir_is_one_only_with_a_unit_of_ucum() {
    let of = |name: &str| format!("component.where(code.text = '{name}').value");
    // Lengths of time are the calendar's, so that they can be added to dates.
    assert_eq!(told(&format!("effective + {}", of("ucum"))), "2022-02-28");
    assert_eq!(told(&format!("{} = 2 years", of("ucum"))), "true");
    assert_eq!(told(&format!("{} = 2 'a'", of("ucum"))), "");
    // A unit of another system is only ever the same as itself.
    assert_eq!(told(&format!("{} = 3 'g'", of("own"))), "");
    assert_eq!(told(&format!("{} > 1 'kg'", of("own"))), "");
    assert_eq!(told(&format!("{} > {}", of("own"), of("same"))), "true");
    assert_eq!(told(&format!("({} + {}).unit", of("own"), of("same"))), "http://example.org|g");
    assert_eq!(told(&format!("{} * 2 'g'", of("own"))), "");
    assert_eq!(told(&format!("{} / {}", of("own"), of("same"))), "1.5 '1'");
    // Without a system the unit is a word.
    assert_eq!(told(&format!("{} = 4 'g'", of("none"))), "");
    assert_eq!(told(&format!("{} < 6", of("bare"))), "true");
    // One with a comparator is a range, not a number.
    assert!(told(&format!("{} > 5 'g'", of("more"))).starts_with("error"));
    let unit = Unit::of_fhir(Some("http://unitsofmeasure.org"), Some("mg"), None);
    assert_eq!(unit, Unit::coded("mg"));
    assert!(matches!(Value::from("x"), Value::String(_)));
}

#[test]
fn conversions() {
    all(&[
        ("true.toDecimal()", "1.0"),
        ("false.toQuantity()", "0.0 '1'"),
        ("'4 days'.toQuantity()", "4 days"),
        ("'10 \\'mg[Hg]\\''.toQuantity()", "10 'mg[Hg]'"),
        ("'4 wk'.toQuantity()", ""),
        ("'+4.50'.toDecimal()", "4.50"),
        ("'4.'.toDecimal()", ""),
        ("'.5'.toDecimal()", ""),
        ("'1e3'.toDecimal()", ""),
        ("(5 'kg').toQuantity('g')", "5000 'g'"),
        ("(5 'kg').convertsToQuantity('m')", "false"),
        ("1 'wk'.toString() & ' ' & (1 week).toString()", "1 'wk' 1 week"),
    ]);
}
