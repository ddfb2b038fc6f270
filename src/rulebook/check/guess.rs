//! What a file is, by what it looks like.
//!
//! Invariant: a guess is total and looks at no value beyond names and namespaces; what cannot be read here
//! is recognised where it can be, so that the reader is told what it holds in its hands. Deliberately
//! absent: file names and endings, which prove nothing.

use crate::rulebook::check::scan;

/// What a document looks like.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A FHIR resource in JSON.
    FhirJson,
    /// A FHIR resource in XML.
    FhirXml,
    /// Our case message in JSON.
    CaseJson,
    /// Our case message in XML.
    CaseXml,
    /// A SOAP envelope.
    Soap,
    /// HL7 v2, one message or a batch.
    Hl7v2,
    /// XML of another kind.
    OtherXml,
    /// Nothing at all.
    Empty,
    /// Text in another encoding than UTF-8.
    Utf16,
    /// A file of another kind, which is named.
    Other(&'static str),
}

/// The namespace of our case message in XML.
pub const CASE_NAMESPACE: &str = "https://sluss.example/case/1";
const SOAP_NAMESPACES: [&str; 2] =
    ["http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope"];

/// Files of other kinds that end up where messages should be.
const SIGNS: [(&[u8], &str); 6] = [
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive or an office document"),
    (b"\x1F\x8B", "a gzip file or a FHIR package; packages are given with --package"),
    (b"\x89PNG", "a picture"),
    (b"\xFF\xD8\xFF", "a picture"),
    (b"{\\rtf", "an RTF document"),
];

impl Kind {
    /// A stable word for machines.
    pub fn word(self) -> &'static str {
        match self {
            Kind::FhirJson => "fhir-r4-json",
            Kind::FhirXml => "fhir-r4-xml",
            Kind::CaseJson => "case-json",
            Kind::CaseXml => "case-xml",
            Kind::Soap => "soap",
            Kind::Hl7v2 => "hl7-v2",
            Kind::OtherXml => "xml",
            Kind::Empty => "empty",
            Kind::Utf16 => "utf-16",
            Kind::Other(_) => "other",
        }
    }

    /// What it looks like, in words.
    pub fn looks(self) -> &'static str {
        match self {
            Kind::FhirJson => "FHIR R4 in JSON",
            Kind::FhirXml => "FHIR R4 in XML",
            Kind::CaseJson => "a case message in JSON",
            Kind::CaseXml => "a case message in XML",
            Kind::Soap => "a SOAP envelope",
            Kind::Hl7v2 => "HL7 v2",
            Kind::OtherXml => "XML of another namespace",
            Kind::Empty => "an empty file",
            Kind::Utf16 => "text in UTF-16",
            Kind::Other(what) => what,
        }
    }

    /// Is there a reader for it?
    pub fn is_read(self) -> bool {
        let read = [Kind::FhirJson, Kind::FhirXml, Kind::CaseJson, Kind::CaseXml, Kind::Hl7v2, Kind::Soap];
        read.contains(&self)
    }

    /// Is its text XML?
    pub fn is_xml(self) -> bool {
        matches!(self, Kind::FhirXml | Kind::CaseXml | Kind::Soap | Kind::OtherXml)
    }
}

/// Guesses what a document is.
pub fn kind(bytes: &[u8]) -> Kind {
    if let Some((_, what)) = SIGNS.iter().find(|(sign, _)| bytes.starts_with(sign)) {
        return Kind::Other(what);
    }
    if bytes.starts_with(b"\xFF\xFE") || bytes.starts_with(b"\xFE\xFF") {
        return Kind::Utf16;
    }
    let text = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes).trim_ascii_start();
    let Some(first) = text.first() else { return Kind::Empty };
    let segment = |name: &[u8]| text.starts_with(name) && text.get(3).is_some_and(u8::is_ascii_punctuation);
    match first {
        0x0B => Kind::Hl7v2,
        b'M' | b'F' | b'B' if [b"MSH", b"FHS", b"BHS"].iter().any(|name| segment(name.as_slice())) => {
            Kind::Hl7v2
        }
        b'{' | b'[' => json(text),
        b'<' => xml(text),
        _ if bytes.iter().take(4096).any(|b| *b == 0) => Kind::Other("a binary file"),
        _ => Kind::Other("text that is neither JSON nor XML"),
    }
}

/// A resource says its type; everything else in JSON is judged as a case message.
fn json(text: &[u8]) -> Kind {
    let mut depth = 0usize;
    for token in scan::json(text) {
        match token.class {
            scan::Class::Open => depth += 1,
            scan::Class::Close => depth = depth.saturating_sub(1),
            scan::Class::Key if depth == 1 && text.get(token.range.clone()) == Some(&b"resourceType"[..]) => {
                return Kind::FhirJson;
            }
            _ => {}
        }
    }
    Kind::CaseJson
}

/// The root tag's namespace tells.
fn xml(text: &[u8]) -> Kind {
    let mut root = None;
    let mut declared = Vec::new();
    let mut attribute: &[u8] = b"";
    for token in scan::xml(text) {
        let part = text.get(token.range.clone()).unwrap_or_default();
        match token.class {
            scan::Class::Key if root.is_none() => root = Some(part),
            scan::Class::Key => attribute = part,
            scan::Class::Value if root.is_some() => declared.push((attribute, part)),
            scan::Class::Close if root.is_some() => break,
            _ => {}
        }
    }
    let Some(root) = root else { return Kind::OtherXml };
    let prefix = root.iter().position(|b| *b == b':').and_then(|at| root.get(..at));
    let own = match prefix {
        None => b"xmlns".to_vec(),
        Some(prefix) => [b"xmlns:", prefix].concat(),
    };
    let namespace = declared.iter().find(|(name, _)| *name == own.as_slice()).map(|(_, value)| *value);
    let is = |uri: &str| namespace == Some(uri.as_bytes());
    if is(fhir::xml::FHIR_NAMESPACE) {
        Kind::FhirXml
    } else if is(CASE_NAMESPACE) {
        Kind::CaseXml
    } else if SOAP_NAMESPACES.into_iter().any(is) {
        Kind::Soap
    } else {
        Kind::OtherXml
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_known_by_its_first_signs() {
        let cases: [(&[u8], Kind); 22] = [
            (b"", Kind::Empty),
            (b"\xEF\xBB\xBF \n", Kind::Empty),
            (b" {\"a\":{\"resourceType\":1},\"resourceType\":\"Patient\"}", Kind::FhirJson),
            (b"\xEF\xBB\xBF{\"resourceType\":\"Patient\"", Kind::FhirJson),
            (b"{\"a\":{\"resourceType\":\"Patient\"}}", Kind::CaseJson),
            (b"{\"id\":\"resourceType\"}", Kind::CaseJson),
            (b"{\"id\": ", Kind::CaseJson),
            (b"<Patient xmlns=\"http://hl7.org/fhir\"/>", Kind::FhirXml),
            (
                b"<?xml version='1.0'?><!-- <a> --><f:Bundle x='1' xmlns:f='http://hl7.org/fhir'>",
                Kind::FhirXml,
            ),
            (b"<Patient xmlns:f=\"http://hl7.org/fhir\"/>", Kind::OtherXml),
            (b"<caseMessage xmlns=\"https://sluss.example/case/1\">", Kind::CaseXml),
            (b"<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\">", Kind::Soap),
            (b"<a><b xmlns=\"http://hl7.org/fhir\"/></a>", Kind::OtherXml),
            (b"<", Kind::OtherXml),
            (b"MSH|^~\\&|", Kind::Hl7v2),
            (b"\x0BMSH|^~\\&|", Kind::Hl7v2),
            (b"FHS|^~\\&|", Kind::Hl7v2),
            (b"MSHA", Kind::Other("text that is neither JSON nor XML")),
            (b"\xFF\xFE{\0", Kind::Utf16),
            (b"%PDF-1.7", Kind::Other("a PDF document")),
            (b"a\0b", Kind::Other("a binary file")),
            (b"Hello", Kind::Other("text that is neither JSON nor XML")),
        ];
        for (text, wanted) in cases {
            assert_eq!(kind(text), wanted, "{}", String::from_utf8_lossy(text));
        }
    }
}
