//! What the verb says, in both languages.
//!
//! Invariant: only prose; words that machines read are English and stand where they are used.

use crate::{
    config::Mode,
    model::Lang,
    rulebook::check::{Checked, Heading},
};

/// What a valid message does not prove: a word for machines, English, Swedish.
pub const UNPROVED: [(&str, (&str, &str)); 7] = [
    (
        "parties",
        (
            "that sender and receiver are parties here and an agreement in force covers the event between them",
            "att avsändare och mottagare är parter och att ett gällande avtal omfattar händelsen mellan dem",
        ),
    ),
    (
        "certificate",
        ("that the caller's certificate is the sender's", "att anroparens certifikat är avsändarens"),
    ),
    (
        "basis",
        (
            "that a legal basis or a valid consent lets it pass, and whole",
            "att en rättslig grund eller ett giltigt samtycke medger att det lämnas ut, och i sin helhet",
        ),
    ),
    (
        "times",
        (
            "that its times are near enough to the gateway's clock",
            "att dess tider ligger nära slussens klocka",
        ),
    ),
    (
        "duplicates",
        (
            "that its id is not taken by another message",
            "att dess id inte är upptaget av ett annat meddelande",
        ),
    ),
    (
        "protection",
        (
            "that the receiver can handle a protected person, where the child is one",
            "att mottagaren kan hantera skyddade personuppgifter, om barnet har det",
        ),
    ),
    (
        "truth",
        (
            "that the person exists and that what is said is true",
            "att personen finns och att uppgifterna är sanna",
        ),
    ),
];

/// A heading.
pub fn heading(heading: Heading) -> (&'static str, &'static str) {
    match heading {
        Heading::Format => ("format", "format"),
        Heading::Profile => ("profile", "profil"),
        Heading::Agreement => ("agreement rules", "avtalsregler"),
    }
}

/// What was checked of the agreement's rules: a word for machines, English, Swedish.
pub fn checked(checked: Checked) -> (&'static str, (&'static str, &'static str)) {
    match checked {
        Checked::Number => (
            "number",
            (
                "the subject's number: system, shape and check digit",
                "barnets nummer: system, form och kontrollsiffra",
            ),
        ),
        Checked::TestNumber(Mode::Test) => {
            ("test-number", ("that it is a published test number", "att det är ett publicerat testnummer"))
        }
        Checked::TestNumber(Mode::Production) => (
            "no-test-number",
            ("that it is no published test number", "att det inte är ett publicerat testnummer"),
        ),
    }
}

/// A number of things in words.
pub fn count(
    lang: Lang,
    n: usize,
    one: (&'static str, &'static str),
    many: (&'static str, &'static str),
) -> String {
    format!("{n} {}", lang.pick(if n == 1 { one } else { many }))
}

/// So many errors and warnings; nothing for none.
pub fn errors(lang: Lang, errors: usize, warnings: usize) -> String {
    let mut parts = Vec::new();
    if errors > 0 {
        parts.push(count(lang, errors, ("error", "fel"), ("errors", "fel")));
    }
    if warnings > 0 {
        parts.push(count(lang, warnings, ("warning", "varning"), ("warnings", "varningar")));
    }
    parts.join(", ")
}

/// So many files.
pub fn files(lang: Lang, n: usize) -> String {
    count(lang, n, ("file", "fil"), ("files", "filer"))
}

pub const VALID: (&str, &str) = ("valid", "giltigt");
pub const INVALID: (&str, &str) = ("not valid", "inte giltigt");
pub const UNREAD: (&str, &str) = ("not read", "inte läst");
pub const READABLE: (&str, &str) = ("readable", "läsbart");
pub const UNREADABLE: (&str, &str) = ("cannot be read", "går inte att läsa");
pub const NOTHING_FOUND: (&str, &str) = ("nothing found", "inget att anmärka");
pub const NOT_CHECKED: (&str, &str) = ("not checked", "inte prövat");
pub const CHECKED: (&str, &str) = ("checked", "prövat");
pub const UNSURE: (&str, &str) = ("not checkable here", "kan inte prövas här");
pub const FIRST_AT: (&str, &str) = ("first at", "först på");
pub const DOES_NOT_PROVE: (&str, &str) = ("Valid does not prove:", "Giltigt visar inte:");
pub const RULES: (&str, &str) = ("rules", "regler");
pub const PACKAGE: (&str, &str) = ("package", "paket");
pub const AT: (&str, &str) = ("at", "på");
pub const MORE: (&str, &str) = ("more; --json tells all", "till; --json visar alla");
