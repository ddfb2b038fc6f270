//! What a document is written in: its model, and the syntax that it stands in.
//!
//! Invariant: maps lead from model to model and know no syntax; a word that exists reads back as what
//! wrote it. Deliberately absent: reading and writing, which the rulebook does.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// A dialect's own name: a lower-case letter, then at most 15 lower-case letters and digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Word {
    bytes: [u8; Word::LONGEST],
    length: u8,
}

impl Word {
    const LONGEST: usize = 16;

    /// Reads a name; `None` if it is not one, or is a name of ours.
    pub fn parse(text: &str) -> Option<Word> {
        let good = text.starts_with(|c: char| c.is_ascii_lowercase())
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
            && !Word::TAKEN.contains(&text);
        let mut bytes = [0; Word::LONGEST];
        bytes.get_mut(..text.len()).filter(|_| good)?.copy_from_slice(text.as_bytes());
        Some(Word { bytes, length: text.len() as u8 })
    }

    /// Names of models of ours, and of the folder that all share.
    const TAKEN: [&str; 5] = ["fhir", "case", "shared", "rivta", "hl7v2"];

    /// The name.
    pub fn as_str(&self) -> &str {
        let own = self.bytes.get(..self.length.into()).unwrap_or_default();
        // Only ASCII gets in.
        std::str::from_utf8(own).unwrap_or_default()
    }
}

impl fmt::Debug for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What maps lead from and to. Each but the canonical one has a logical model.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Model {
    /// FHIR R4 messages: the canonical form.
    Fhir,
    /// Our open case message.
    Case,
    /// The e-referral contract of RIV-TA, in its SOAP envelope.
    RivTa,
    /// HL7 v2.
    Hl7v2,
    /// A case system's own format, which a folder of rules describes.
    Dialect(Word),
}

impl Model {
    /// The name in map file names: `<from>-<to>.map`.
    pub fn word(&self) -> &str {
        match self {
            Model::Fhir => "fhir",
            Model::Case => "case",
            Model::RivTa => "rivta",
            Model::Hl7v2 => "hl7v2",
            Model::Dialect(word) => word.as_str(),
        }
    }

    /// Reads the name.
    pub fn from_word(text: &str) -> Option<Model> {
        match text {
            "fhir" => Some(Model::Fhir),
            "case" => Some(Model::Case),
            "rivta" => Some(Model::RivTa),
            "hl7v2" => Some(Model::Hl7v2),
            _ => Word::parse(text).map(Model::Dialect),
        }
    }

    /// Does only a map know where its messages' envelope stands?
    pub fn is_foreign(&self) -> bool {
        !matches!(self, Model::Fhir | Model::Case)
    }
}

/// A format that a partner speaks.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Format {
    /// FHIR R4 message Bundle as JSON.
    FhirJson,
    /// The same as XML.
    FhirXml,
    /// Our open case message as JSON.
    CaseJson,
    /// The same as XML.
    CaseXml,
    /// A SOAP envelope of RIV-TA.
    RivTa,
    /// HL7 v2 as ER7.
    Hl7v2,
    /// A dialect as JSON.
    DialectJson(Word),
    /// The same as XML.
    DialectXml(Word),
}

impl Format {
    /// The formats that need no rules of a site's own.
    pub const OWN: [Format; 6] =
        [Format::FhirJson, Format::FhirXml, Format::CaseJson, Format::CaseXml, Format::RivTa, Format::Hl7v2];

    /// The name in configuration and records.
    pub fn word(&self) -> String {
        match self {
            Format::FhirJson => "fhir-r4-json".into(),
            Format::FhirXml => "fhir-r4-xml".into(),
            Format::CaseJson => "case-json".into(),
            Format::CaseXml => "case-xml".into(),
            Format::RivTa => "rivta".into(),
            Format::Hl7v2 => "hl7v2".into(),
            Format::DialectJson(word) => format!("{}-json", word.as_str()),
            Format::DialectXml(word) => format!("{}-xml", word.as_str()),
        }
    }

    /// Reads the name. A dialect's word is believed: whether it has rules is the rulebook's matter.
    pub fn from_word(text: &str) -> Option<Format> {
        let own = Format::OWN.into_iter().find(|format| format.word() == text);
        own.or_else(|| {
            let (word, syntax) = text.rsplit_once('-')?;
            let word = Word::parse(word)?;
            match syntax {
                "json" => Some(Format::DialectJson(word)),
                "xml" => Some(Format::DialectXml(word)),
                _ => None,
            }
        })
    }

    /// What maps know of it.
    pub fn model(&self) -> Model {
        match self {
            Format::FhirJson | Format::FhirXml => Model::Fhir,
            Format::CaseJson | Format::CaseXml => Model::Case,
            Format::RivTa => Model::RivTa,
            Format::Hl7v2 => Model::Hl7v2,
            Format::DialectJson(word) | Format::DialectXml(word) => Model::Dialect(*word),
        }
    }

    /// Media type on the wire.
    pub fn media_type(&self) -> &'static str {
        match self {
            Format::FhirJson => "application/fhir+json",
            Format::FhirXml => "application/fhir+xml",
            Format::Hl7v2 => "x-application/hl7-v2+er7",
            Format::CaseJson | Format::DialectJson(_) => "application/json",
            Format::CaseXml | Format::DialectXml(_) => "application/xml",
            Format::RivTa => "text/xml; charset=utf-8",
        }
    }
}

impl Serialize for Format {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.word())
    }
}

impl<'de> Deserialize<'de> for Format {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Format, D::Error> {
        let text = String::deserialize(deserializer)?;
        Format::from_word(&text).ok_or_else(|| serde::de::Error::custom("no format"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_read_back_and_nothing_else_does() {
        let word = Word::parse("norrsken2");
        let dialect = word.into_iter().flat_map(|w| [Format::DialectJson(w), Format::DialectXml(w)]);
        for format in Format::OWN.into_iter().chain(dialect) {
            assert_eq!(Format::from_word(&format.word()), Some(format));
            assert_eq!(Model::from_word(format.model().word()), Some(format.model()));
        }
        let wrong = ["", "json", "-json", "fhir-json", "case-yaml", "Norr-json", "a b-json", "shared-xml"];
        for text in wrong.into_iter().chain(["a2345678901234567-json"]) {
            assert_eq!(Format::from_word(text), None, "{text}");
        }
    }
}
