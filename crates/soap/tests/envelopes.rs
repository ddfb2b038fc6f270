//! Envelopes: what is opened, what is refused and where, and that what is written is read.
#![allow(clippy::unwrap_used, missing_docs)]

use fhir::xml::Limits;
use proptest::prelude::*;
use soap::{Detail, FaultCode, open, value, wrap};

fn limits() -> Limits {
    Limits { max_bytes: 1 << 20, max_depth: 32, max_nodes: 10_000 }
}

const NS: &str =
    "xmlns:s='http://schemas.xmlsoap.org/soap/envelope/' xmlns:r='urn:riv:itintegration:registry:1'";

fn envelope(inner: &str) -> String {
    format!("<s:Envelope {NS}>{inner}</s:Envelope>")
}

fn codes(text: &str) -> Vec<&'static str> {
    open(text.as_bytes(), &limits()).unwrap_err().iter().map(|f| f.code).collect()
}

#[test]
fn an_envelope_is_opened_with_the_bytes_of_its_parts() {
    let text = envelope(
        "<s:Header><r:LogicalAddress s:mustUnderstand='1'> SE1 </r:LogicalAddress><x:id xmlns:x='urn:x'>a\nb</x:id>\
         </s:Header>\n<s:Body><b xmlns='urn:b'><c>1</c></b></s:Body>",
    );
    let opened = open(text.as_bytes(), &limits()).unwrap();
    let (address, at) = opened.address.clone().unwrap();
    assert_eq!(address, "SE1");
    assert!(text[at].starts_with("<r:LogicalAddress") && opened.body.namespace == "urn:b");
    assert_eq!(&text[opened.body.at.clone()], "<b xmlns='urn:b'><c>1</c></b>");
    assert_eq!(&text[opened.others[0].at.clone()], "<x:id xmlns:x='urn:x'>a\nb</x:id>");
    let plain = String::from_utf8(opened.without_others(text.as_bytes())).unwrap();
    assert_eq!(plain.len(), text.len());
    assert!(!plain.contains("x:id") && plain.lines().count() == text.lines().count());
    assert_eq!(open(plain.as_bytes(), &limits()).unwrap().body, opened.body);
    let bare = open(envelope("<s:Body><b/></s:Body>").as_bytes(), &limits()).unwrap();
    assert_eq!((bare.address, bare.others.len()), (None, 0));
}

#[test]
fn what_is_no_envelope_is_refused_with_its_place() {
    let body = "<s:Body><b/></s:Body>";
    let address = "<r:LogicalAddress>a</r:LogicalAddress>";
    let cases = [
        ("<b/>".to_string(), vec!["soap-envelope"]),
        (envelope(body).replace("xmlsoap.org/soap/envelope/", "example.org/"), vec!["soap-envelope"]),
        (
            envelope(body).replace("schemas.xmlsoap.org/soap/envelope/", "www.w3.org/2003/05/soap-envelope"),
            vec!["soap-version"],
        ),
        (envelope(""), vec!["soap-body"]),
        (envelope("<s:Body> </s:Body>"), vec!["soap-body"]),
        (envelope("<s:Body>words</s:Body>"), vec!["soap-envelope"]),
        (envelope("<s:Body><b/><b/></s:Body>"), vec!["soap-body"]),
        (envelope(&format!("{body}{body}")), vec!["soap-body"]),
        (envelope(&format!("<s:Header/><s:Header/>{body}")), vec!["soap-header"]),
        (envelope(&format!("{body}<s:Header/>")), vec!["soap-header"]),
        (envelope(&format!("<x/>{body}<x/>")), vec!["soap-envelope", "soap-envelope"]),
        (envelope(&format!("<s:Header>{address}{address}</s:Header>{body}")), vec!["soap-address"]),
        (envelope(&format!("<s:Header><r:LogicalAddress/></s:Header>{body}")), vec!["soap-address"]),
        (
            envelope(&format!("<s:Header><r:LogicalAddress>a<b/></r:LogicalAddress></s:Header>{body}")),
            vec!["soap-address"],
        ),
        (
            envelope(&format!("<s:Header><x xmlns='urn:x' s:mustUnderstand='1'/></s:Header>{body}")),
            vec!["soap-understand"],
        ),
        (
            format!("<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]>{}", envelope(body)),
            vec!["xml-doctype"],
        ),
        (envelope("<s:Body>&b;</s:Body>"), vec!["xml-entity"]),
        (envelope(&format!("<s:Body>{}", "<b>".repeat(100))), vec!["xml-depth"]),
        (envelope("<s:Body>"), vec!["xml-syntax"]),
    ];
    for (text, expected) in cases {
        assert_eq!(codes(&text), expected, "{text}");
    }
    let told = |text: &str| FaultCode::of(&open(text.as_bytes(), &limits()).unwrap_err());
    assert_eq!(told("<b/>"), FaultCode::Client);
    let other = "<s:Header><x xmlns='urn:x' s:mustUnderstand='1' s:actor='urn:you'/></s:Header>";
    assert!(open(envelope(&format!("{other}{body}")).as_bytes(), &limits()).is_ok());
    let mark = other.replace(" s:actor='urn:you'", "");
    assert_eq!(told(&envelope(&format!("{mark}{body}"))), FaultCode::MustUnderstand);
}

#[test]
fn an_answer_is_read_by_its_path() {
    let text = envelope(
        "<s:Header><b><c>0</c></b></s:Header><s:Body><b><x><c>1</c></x><c>2</c><c>3</c><d><e/></d></b></s:Body>",
    );
    let at = |path: &[&str]| value(text.as_bytes(), &limits(), path);
    assert_eq!(at(&["c"]).as_deref(), Some("2"));
    assert_eq!(at(&["x", "c"]).as_deref(), Some("1"));
    assert_eq!(at(&["d", "e"]).as_deref(), Some(""));
    assert_eq!((at(&["e"]), at(&["c", "c"])), (None, None));
    assert_eq!(value(b"<html/>", &limits(), &["c"]), None);
    let fault = soap::fault(FaultCode::Server, "a <b> \u{1}& c", "urn:x", &[]);
    let at = |path: &[&str]| value(fault.as_bytes(), &limits(), path).unwrap();
    assert_eq!(at(&["faultstring"]), "a <b> \u{FFFD}& c");
    assert_eq!(FaultCode::from_word(&at(&["faultcode"])), Some(FaultCode::Server));
    assert_eq!(FaultCode::from_word("x:Client.Schema"), Some(FaultCode::Client));
    assert_eq!(FaultCode::from_word("x:Clients"), None);
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = open(&bytes, &limits());
        let _ = value(&bytes, &limits(), &["a"]);
    }

    #[test]
    fn no_markup_makes_the_reader_panic(parts in prop::collection::vec(prop::sample::select(vec![
        "<s:Header>", "</s:Header>", "<s:Body>", "</s:Body>", "<r:LogicalAddress>", "</r:LogicalAddress>", "<b>",
        "</b>", "<b/>", "text", " ", "<![CDATA[x]]>", "<!-- c -->",
    ]), 0..12)) {
        let text = envelope(&parts.concat());
        if let Ok(opened) = open(text.as_bytes(), &limits()) {
            prop_assert!(text.get(opened.body.at).is_some_and(|b| b.starts_with('<') && b.ends_with('>')));
        }
    }

    #[test]
    fn what_is_written_is_read(address in "[!-~åäö]{1,40}", text in any::<String>(), path in any::<String>()) {
        let whole = wrap(Some(&address), "<b xmlns='urn:b'/>");
        let opened = open(whole.as_bytes(), &limits()).unwrap();
        prop_assert_eq!(opened.address.unwrap().0, address);
        let detail = Detail { code: text.clone(), text: text.clone(), path: Some(path), position: Some((1, 2)) };
        let whole = soap::fault(FaultCode::Client, &text, "urn:x", &[detail]);
        let opened = open(whole.as_bytes(), &limits()).unwrap();
        prop_assert!(opened.body.is_fault());
    }
}
