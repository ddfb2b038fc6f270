//! Personal identifiers of Sweden: which kind, well formed or not, and whether it is a test number.
//!
//! Invariant: shape and check digit are judged, truth never is: a birth date that differs from the
//! number is not an error (domain §7). Accepts every known system URI for the same kind. Deliberately
//! absent: any age or sex derived from a number, and any text that could print one.

use std::{collections::HashSet, sync::OnceLock};

/// The kinds of personal identifier of domain §7.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PersonalKind {
    /// Personnummer.
    Personnummer,
    /// Samordningsnummer: day + 60.
    Samordningsnummer,
    /// Stockholm's reserve number: `99yyyyNNNNNC`, Luhn over positions 5–11.
    RegionalReserve,
    /// National reserve number: 12 characters, shape only.
    NationalReserve,
}

/// What is wrong with an identifier.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum IdentifierProblem {
    /// The system URI names no personal identifier that we know.
    System,
    /// Not the characters or the date that the kind asks for.
    Shape,
    /// The check digit does not fit.
    CheckDigit,
}

/// The kind that a system URI names, in any of the spellings in use.
pub fn kind_of_system(system: &str) -> Option<PersonalKind> {
    use PersonalKind::*;
    Some(match system {
        "http://electronichealth.se/identifier/personnummer"
        | "https://terminology.hl7.se/sid/se-personnummer"
        | "urn:oid:1.2.752.129.2.1.3.1" => Personnummer,
        "http://electronichealth.se/identifier/samordningsnummer"
        | "https://terminology.hl7.se/sid/se-samordningsnummer"
        | "urn:oid:1.2.752.129.2.1.3.3" => Samordningsnummer,
        "urn:oid:1.2.752.97.3.1.3" | "http://electronichealth.se/identifier/sll-reservnummer" => {
            RegionalReserve
        }
        "urn:oid:1.2.752.74.9.1" | "http://electronichealth.se/identifier/nationelltReservnummer" => {
            NationalReserve
        }
        _ => return None,
    })
}

/// Judges an identifier and gives its canonical twelve characters.
///
/// Ten digits with `-` or `+` are read in the century that the sign tells: `-` under 100 years old,
/// `+` at least 100, counted from `year` (the year of the message's send time).
pub fn check(kind: PersonalKind, value: &str, year: i16) -> Result<String, IdentifierProblem> {
    match kind {
        PersonalKind::NationalReserve => {
            let good = value.len() == 12 && value.bytes().all(|b| b.is_ascii_alphanumeric());
            good.then(|| value.to_string()).ok_or(IdentifierProblem::Shape)
        }
        PersonalKind::RegionalReserve => {
            if value.len() != 12 || !digits(value) || !value.starts_with("99") {
                return Err(IdentifierProblem::Shape);
            }
            luhn(&value[4..]).then(|| value.to_string()).ok_or(IdentifierProblem::CheckDigit)
        }
        PersonalKind::Personnummer => dated(value, 0, year),
        PersonalKind::Samordningsnummer => dated(value, 60, year),
    }
}

/// The canonical characters of an identifier, or the value as it is if it is not well formed: the
/// same person is found again whatever spelling was sent.
pub fn canonical(system: &str, value: &str, year: i16) -> String {
    let checked = kind_of_system(system).and_then(|kind| check(kind, value, year).ok());
    checked.unwrap_or_else(|| value.to_string())
}

fn dated(value: &str, day_offset: i8, year: i16) -> Result<String, IdentifierProblem> {
    let full = widen(value, year).ok_or(IdentifierProblem::Shape)?;
    let part = |range: std::ops::Range<usize>| full[range].parse::<i16>().unwrap_or(-1);
    let day = part(6..8) as i8 - day_offset;
    jiff::civil::Date::new(part(0..4), part(4..6) as i8, day).map_err(|_| IdentifierProblem::Shape)?;
    luhn(&full[2..]).then_some(full).ok_or(IdentifierProblem::CheckDigit)
}

/// Twelve digits out of the spellings in use.
fn widen(value: &str, year: i16) -> Option<String> {
    if !value.is_ascii() {
        return None;
    }
    let (date, sign, rest) = match value.len() {
        12 => (&value[..8], None, &value[8..]),
        13 if matches!(value.as_bytes()[8], b'-' | b'+') => (&value[..8], None, &value[9..]),
        11 => (&value[..6], Some(value.as_bytes()[6]), &value[7..]),
        _ => return None,
    };
    if !digits(date) || !digits(rest) || rest.len() != 4 {
        return None;
    }
    match sign {
        None => Some(format!("{date}{rest}")),
        Some(sign @ (b'-' | b'+')) => {
            let short: i16 = date[..2].parse().ok()?;
            let century = year / 100 * 100;
            let born = if century + short > year { century - 100 + short } else { century + short };
            let born = if sign == b'+' { born - 100 } else { born };
            Some(format!("{born:04}{}{rest}", &date[2..]))
        }
        Some(_) => None,
    }
}

fn digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// Luhn with weight 2 on the first digit of the ten (or eight) given.
fn luhn(text: &str) -> bool {
    let sum: u32 = text
        .bytes()
        .rev()
        .enumerate()
        .map(|(i, b)| {
            let d = u32::from(b - b'0') * if i % 2 == 1 { 2 } else { 1 };
            d / 10 + d % 10
        })
        .sum();
    sum.is_multiple_of(10)
}

/// Is it one of the published test numbers? `value`: twelve characters as [`check`] gives them.
pub fn is_test_number(value: &str) -> bool {
    static TABLE: OnceLock<HashSet<u64>> = OnceLock::new();
    let table = TABLE.get_or_init(|| {
        let lines = include_str!("../../conformance/tables/test-numbers.txt").lines();
        lines
            .flat_map(|line| {
                let mut words = line.split(' ');
                let day = words.next().unwrap_or_default();
                words.filter_map(move |serial| format!("{day}{serial}").parse().ok())
            })
            .collect()
    });
    value.get(..11).and_then(|v| v.parse().ok()).is_some_and(|v: u64| table.contains(&v))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_number_are_one() {
        for spelling in ["191212121212", "19121212-1212", "121212+1212"] {
            assert_eq!(check(PersonalKind::Personnummer, spelling, 2026).as_deref(), Ok("191212121212"));
        }
        assert_eq!(
            check(PersonalKind::Personnummer, "191212121213", 2026),
            Err(IdentifierProblem::CheckDigit)
        );
        assert_eq!(check(PersonalKind::Personnummer, "191213121212", 2026), Err(IdentifierProblem::Shape));
        assert_eq!(check(PersonalKind::Personnummer, "åäö", 2026), Err(IdentifierProblem::Shape));
    }

    #[test]
    fn a_coordination_number_has_its_day_moved() {
        assert!(check(PersonalKind::Samordningsnummer, "196109732393", 2026).is_ok());
        assert_eq!(check(PersonalKind::Personnummer, "196109732393", 2026), Err(IdentifierProblem::Shape));
    }

    #[test]
    fn published_numbers_are_known_and_others_are_not() {
        assert!(
            is_test_number("191212121212")
                && is_test_number("196109732393")
                && is_test_number("202001182381")
        );
        assert!(!is_test_number("190905271474") && !is_test_number("") && !is_test_number("20210325K069"));
    }
}
