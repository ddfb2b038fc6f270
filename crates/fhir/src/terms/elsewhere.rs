//! Code systems that others keep and FHIR takes codes from: countries, currencies, units, media types,
//! languages (FHIR R4 terminologies-systems.html).
//!
//! `definitions/iso.table` holds the codes of ISO 3166-1 and ISO 4217 (`definitions/make-iso.py` writes
//! it); the others have a grammar. Invariant: "no" only for what no edition of the system can have.
//! Deliberately absent: registers of languages, of subdivisions of countries, of regions and of media types.

use crate::names::NameMap;
use crate::ucum;
use std::sync::OnceLock;

/// Does the system have the code? `None`: not decidable here, or not one of these systems.
pub(super) fn has_code(system: &str, code: &str) -> Option<bool> {
    match system {
        "urn:iso:std:iso:3166" | "urn:iso:std:iso:4217" => iso(system, code),
        "urn:iso:std:iso:3166:-2" => subdivision(code),
        "http://unstats.un.org/unsd/methods/m49/m49.htm" => {
            (code.len() != 3 || !code.bytes().all(|b| b.is_ascii_digit())).then_some(false)
        }
        "http://unitsofmeasure.org" => unit(code),
        "urn:ietf:bcp:13" => media_type(code),
        "urn:ietf:bcp:47" => language(code),
        _ => None,
    }
}

fn iso(system: &str, code: &str) -> Option<bool> {
    static TABLE: OnceLock<NameMap<Vec<&'static str>>> = OnceLock::new();
    let table = TABLE.get_or_init(|| {
        let lines = include_str!("../../definitions/iso.table").lines();
        let line = |line: &'static str| {
            let mut fields = line.split('\t');
            Some((fields.next()?.into(), fields.collect()))
        };
        lines.filter_map(line).collect()
    });
    Some(table.get(system)?.binary_search(&code).is_ok())
}

/// A country's two letters, `-`, and up to three letters or digits.
fn subdivision(code: &str) -> Option<bool> {
    let known = |(country, part): (&str, &str)| {
        country.len() == 2
            && iso("urn:iso:std:iso:3166", country) == Some(true)
            && (1..=3).contains(&part.len())
            && part.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
    };
    (!code.split_once('-').is_some_and(known)).then_some(false)
}

/// UCUM: what is not understood may still be a unit, if it has only what codes have and closes what it
/// opens.
fn unit(code: &str) -> Option<bool> {
    if ucum::measure(code).is_some() {
        return Some(true);
    }
    let mut open = Vec::new();
    for b in code.bytes() {
        // An annotation is plain text up to its end (UCUM §6).
        if open.last() == Some(&b'{') && b != b'}' {
            if !b.is_ascii_graphic() || b == b'{' {
                return Some(false);
            }
            continue;
        }
        let closes = match b {
            b'(' | b'[' | b'{' => {
                open.push(b);
                continue;
            }
            b')' => b'(',
            b']' => b'[',
            b'}' => b'{',
            b if b.is_ascii_graphic() => continue,
            _ => return Some(false),
        };
        if open.pop() != Some(closes) {
            return Some(false);
        }
    }
    (code.is_empty() || !open.is_empty()).then_some(false)
}

/// `type/subtype` and parameters (RFC 6838, RFC 2045). The short words that FHIR has for its own formats
/// (http.html §3.1.0.1.11) are no media types, but stand where those are asked for.
fn media_type(code: &str) -> Option<bool> {
    if matches!(code, "xml" | "json" | "ttl") {
        return None;
    }
    let token = |s: &str| {
        !s.is_empty() && s.bytes().all(|b| b.is_ascii_graphic() && !b"()<>@,;:\\\"/[]?=".contains(&b))
    };
    let mut quoted = false;
    let mut parts = code.split(move |c: char| {
        quoted ^= c == '"';
        c == ';' && !quoted
    });
    let named = parts.next().and_then(|p| p.trim_end().split_once('/'));
    let known = named.is_some_and(|(ty, sub)| token(ty) && token(sub));
    let parameter =
        |p: &str| p.trim().split_once('=').is_some_and(|(name, value)| token(name) && !value.is_empty());
    Some(known && parts.all(parameter))
}

/// The shape of a language tag (RFC 5646 §2.1): parts of letters and digits, the first of letters.
fn language(code: &str) -> Option<bool> {
    let mut parts = code.split('-');
    let first = parts.next().unwrap_or_default();
    let begins = matches!(first.len(), 2..=8) || matches!(first, "x" | "i");
    let whole = |p: &str| (1..=8).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_alphanumeric());
    let good = begins && first.bytes().all(|b| b.is_ascii_alphabetic()) && parts.all(whole);
    // Whether its parts are registered is not known here.
    (!good).then_some(false)
}

#[cfg(test)]
mod tests {
    use super::has_code;

    #[test]
    fn what_is_known_and_what_cannot_be() {
        for (system, code, want) in [
            ("urn:iso:std:iso:3166", "SE", Some(true)),
            ("urn:iso:std:iso:3166", "SWE", Some(true)),
            ("urn:iso:std:iso:3166", "752", Some(true)),
            ("urn:iso:std:iso:3166", "XX", Some(false)),
            ("urn:iso:std:iso:3166:-2", "SE-AB", None),
            ("urn:iso:std:iso:3166:-2", "Sverige", Some(false)),
            ("urn:iso:std:iso:4217", "SEK", Some(true)),
            ("urn:iso:std:iso:4217", "kr", Some(false)),
            ("http://unitsofmeasure.org", "mg/dL", Some(true)),
            ("http://unitsofmeasure.org", "[seldom]", None),
            ("http://unitsofmeasure.org", "mg per dL", Some(false)),
            ("http://unitsofmeasure.org", "[in_i", Some(false)),
            ("http://unitsofmeasure.org", "{a(b}", None),
            ("http://unitsofmeasure.org", "{a", Some(false)),
            ("urn:ietf:bcp:13", "multipart/related; type=\"a;b\"", Some(true)),
            ("urn:ietf:bcp:13", "application/fhir+json; charset=utf-8", Some(true)),
            ("urn:ietf:bcp:13", "pdf", Some(false)),
            ("urn:ietf:bcp:13", "json", None),
            ("urn:ietf:bcp:47", "sv-SE", None),
            ("urn:ietf:bcp:47", "på svenska", Some(false)),
            ("http://example.org", "x", None),
        ] {
            assert_eq!(has_code(system, code), want, "{system} {code}");
        }
    }
}
