//! XML bodies against XSDs: the official e-referral messages, and what must be refused.

use sluss::rulebook::{Body, File, Xsd};
use std::path::{Path, PathBuf};

pub fn limits() -> fhir::xml::Limits {
    fhir::xml::Limits { max_bytes: 1 << 20, max_depth: 64, max_nodes: 100_000 }
}

fn file(path: &str, text: &str) -> File {
    File { path: path.into(), text: text.into() }
}

/// A schema of orders, whose address type stands in another file.
fn orders() -> Vec<File> {
    let order = r#"<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns="urn:o" xmlns:a="urn:a" targetNamespace="urn:o"
  elementFormDefault="qualified">
  <xs:import namespace="urn:a" schemaLocation="../parts/address.xsd"/>
  <xs:element name="order"><xs:complexType><xs:sequence>
    <xs:element name="who" type="xs:string"/>
    <xs:element name="to" type="a:address" maxOccurs="2"/>
    <xs:element name="count" type="xs:positiveInteger" minOccurs="0"/>
  </xs:sequence><xs:attribute name="kind" use="required"><xs:simpleType><xs:restriction base="xs:token">
    <xs:enumeration value="new"/></xs:restriction></xs:simpleType></xs:attribute></xs:complexType></xs:element>
</xs:schema>"#;
    let address = r#"<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:a" xmlns="urn:a"
  elementFormDefault="qualified"><xs:complexType name="address"><xs:sequence>
  <xs:element name="code"><xs:simpleType><xs:restriction base="xs:string"><xs:pattern value="[0-9]{5}"/></xs:restriction>
  </xs:simpleType></xs:element></xs:sequence></xs:complexType></xs:schema>"#;
    vec![file("orders/order.xsd", order), file("parts/address.xsd", address)]
}

const GOOD: &str = r#"<order xmlns="urn:o" xmlns:a="urn:a" kind="new"><who>Åsa</who><to><a:code>12345</a:code></to></order>"#;

/// Findings as `code line:column place`.
fn found(xsd: &Xsd, text: &str) -> Vec<String> {
    told(xsd.check(text.as_bytes(), &limits()).err().unwrap_or_default(), text)
}

fn told(findings: Vec<fhir::Finding>, text: &str) -> Vec<String> {
    let one = |f: fhir::Finding| {
        let at = fhir::finding::position(text.as_bytes(), f.span.start);
        assert!(!f.message.is_empty());
        format!("{} {}:{} {}", f.code, at.line, at.column, f.place)
    };
    findings.into_iter().map(one).collect()
}

/// The published messages and schemas, where they are on this machine.
pub fn suite() -> Option<PathBuf> {
    let root = std::env::var_os("SLUSS_CORPORA").map(PathBuf::from);
    let root = root.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpora"));
    let folder = root.join("rivta-activity-request");
    if folder.is_dir() {
        return Some(folder);
    }
    assert!(
        std::env::var("CI").as_deref() != Ok("true"),
        "suite rivta-activity-request: not found, and CI=true"
    );
    println!("suite rivta-activity-request: not on this machine (set SLUSS_CORPORA); passed over");
    None
}

#[test]
fn the_official_messages_have_the_verdicts_that_two_validators_gave() {
    let Some(folder) = suite() else { return };
    let xsd = Xsd::load(&folder.join("schemas")).unwrap_or_else(|p| panic!("{p:?}"));
    judged_right(&xsd, &folder, "the published schemas");
}

/// Judges the official messages by these schemas as two independent validators did.
pub fn judged_right(xsd: &Xsd, folder: &Path, by: &str) {
    let text = std::fs::read_to_string(folder.join("validity.json")).unwrap();
    let cases: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
    let (mut verdicts, mut faults, mut wrong) = (0, 0, Vec::new());
    for case in &cases {
        let name = case["file"].as_str().unwrap();
        let bytes = std::fs::read(folder.join(name)).unwrap();
        let answer = xsd.check_soap(&bytes, &limits());
        let element = case["element"].as_str().unwrap().to_string();
        match (case["valid"].as_bool(), &answer) {
            (None, Ok(Body::Fault)) => faults += 1,
            (Some(true), Ok(Body::Message(root))) if *root == element => verdicts += 1,
            (Some(false), Err(findings)) => {
                // They name an element as `{namespace}name'`; ours is among all that we find.
                let named = case["firstError"].as_str().unwrap().split(['}', '\'']).nth(2).unwrap();
                let same = |f: &fhir::Finding| {
                    let element = f.place.split("/@").next().unwrap();
                    let element = element.rsplit('/').next().unwrap().split('[').next().unwrap();
                    let here = String::from_utf8_lossy(bytes.get(f.span.start as usize..).unwrap());
                    let tag = here.split('>').next().unwrap();
                    f.code == "cvc-pattern-valid"
                        && element == named
                        && tag.starts_with('<')
                        && tag.contains(named)
                };
                match findings.iter().any(same) {
                    true => verdicts += 1,
                    false => wrong.push(format!("{name}: {findings:?}")),
                }
            }
            _ => wrong.push(format!("{name}: {answer:?}")),
        }
    }
    println!(
        "suite rivta-activity-request: {verdicts} of 15 (by {by}; {faults} of 3 faults recognised; 0 listed exceptions)"
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!((verdicts, faults), (15, 3));
}

#[test]
fn all_findings_at_once_with_their_places_and_without_values() {
    let xsd = Xsd::compile(&orders()).unwrap();
    assert_eq!(found(&xsd, GOOD), [""; 0]);
    let bad = "<order xmlns='urn:o' xmlns:a='urn:a' kind='secret-1'>\n <to><a:code>secret-2</a:code></to>\n \
               <to><a:code>12345</a:code></to><count>secret-3</count><more/>\n</order>";
    assert_eq!(
        found(&xsd, bad),
        ["cvc-enumeration-valid 1:1 /order/@kind", "cvc-complex-type.2.4 2:2 /order",]
    );
    let findings = xsd.check(bad.as_bytes(), &limits()).unwrap_err();
    assert!(findings[1].message.ends_with("may stand here: who"), "{}", findings[1]);
    assert!(!format!("{findings:?}").contains("secret"));
    let values =
        GOOD.replace("12345", "x").replace("</to>", "</to><count>0</count>").replace("'new'", "'old'");
    assert_eq!(
        found(&xsd, &values),
        ["cvc-pattern-valid 1:67 /order/to/code", "cvc-datatype-valid 1:90 /order/count"]
    );
    // What is missing is found where it is missing; an unknown root, and one of another namespace.
    let short = r#"<order xmlns="urn:o" kind="new"><who/></order>"#;
    assert_eq!(found(&xsd, short), ["cvc-complex-type.2.4 1:1 /order"]);
    let why = xsd.check(short.as_bytes(), &limits()).unwrap_err();
    assert!(why[0].message.ends_with("may stand here: to"), "{}", why[0]);
    for root in ["<what xmlns='urn:o'/>", "<order kind='new'/>"] {
        assert_eq!(found(&xsd, root).first().unwrap().split(' ').next(), Some("cvc-elt.1"), "{root}");
    }
    // A personal number where a name should stand is not told either.
    let named = GOOD.replace("who>", "n191212121212>");
    assert!(!format!("{:?}", xsd.check(named.as_bytes(), &limits())).contains("1912"));
}

#[test]
fn what_is_not_plain_xml_never_reaches_the_schemas() {
    let xsd = Xsd::compile(&orders()).unwrap();
    let doctype = format!("<!DOCTYPE order [<!ENTITY a \"b\">]>{GOOD}");
    let deep = "<a>".repeat(100_000);
    let wide = format!("<order xmlns='urn:o'>{}</order>", "<a/>".repeat(200_000));
    let long = format!("<order xmlns='urn:o'>{}</order>", " ".repeat(2 << 20));
    let entity = GOOD.replace("Åsa", "&asa;");
    let latin: Vec<u8> = [b"<?xml version='1.0' encoding='ISO-8859-1'?>", GOOD.as_bytes()].concat();
    let utf16: Vec<u8> = GOOD.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let cases: [(&[u8], &str); 9] = [
        (doctype.as_bytes(), "xml-doctype"),
        (deep.as_bytes(), "xml-depth"),
        (wide.as_bytes(), "xml-nodes"),
        (long.as_bytes(), "xml-size"),
        (entity.as_bytes(), "xml-entity"),
        (&latin, "xml-encoding"),
        (&utf16, "xml-encoding"),
        (b"<order xmlns='urn:o'><b:c/></order>", "xml-namespace"),
        (b"<order xmlns='urn:o'>", "xml-syntax"),
    ];
    for (bytes, code) in cases {
        let found = xsd.check(bytes, &limits()).unwrap_err();
        assert_eq!(found.iter().map(|f| f.code).collect::<Vec<_>>(), [code]);
        assert_eq!(xsd.check_soap(bytes, &limits()).unwrap_err()[0].code, code);
    }
    // Names of documents are kept by the library: not for ever, and the verdict does not change.
    for n in 0..40 {
        let many: String = (0..2000).map(|i| format!("<n{n}x{i}x{}/>", "y".repeat(16))).collect();
        assert!(xsd.check(format!("<order xmlns='urn:o'>{many}</order>").as_bytes(), &limits()).is_err());
        assert_eq!(found(&xsd, GOOD), [""; 0]);
    }
}

#[test]
fn an_envelope_carries_one_message_or_a_fault() {
    let xsd = Xsd::compile(&orders()).unwrap();
    let envelope = |inner: &str| {
        format!(
            "<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/' xmlns:a='urn:a'>{inner}</s:Envelope>"
        )
    };
    let soap = |inner: &str| {
        let text = envelope(inner);
        xsd.check_soap(text.as_bytes(), &limits()).map_err(|f| told(f, &text))
    };
    let order = GOOD.replace(" xmlns:a=\"urn:a\"", "");
    let message = Ok(Body::Message("order".into()));
    assert_eq!(soap(&format!("<s:Header><x/></s:Header><s:Body>\n{order}\n</s:Body>")), message);
    assert_eq!(soap("<s:Body><s:Fault><faultcode>s:Client</faultcode></s:Fault></s:Body>"), Ok(Body::Fault));
    let codes = |inner: &str| -> Vec<String> {
        soap(inner).unwrap_err().iter().map(|f| f.split(' ').next().unwrap().into()).collect()
    };
    assert_eq!(codes(""), ["soap-body"]);
    assert_eq!(codes("<s:Body> </s:Body>"), ["soap-body"]);
    assert_eq!(codes(&format!("<Body>{order}</Body>")), ["soap-body"]);
    assert_eq!(codes(&format!("<s:Body>{order}{order}</s:Body>")), ["soap-body"]);
    assert_eq!(codes("<s:Body><unknown/></s:Body>"), ["cvc-elt.1"]);
    assert_eq!(codes(&format!("<s:Body>{}</s:Body>", order.replace("12345", "1"))), ["cvc-pattern-valid"]);
    let bare = xsd.check_soap(GOOD.as_bytes(), &limits()).unwrap_err();
    assert_eq!(bare[0].code, "soap-envelope");
}

#[test]
fn imports_are_answered_from_the_given_files_only() {
    let all = orders();
    let problems = Xsd::compile(&all[..1]).err().unwrap();
    assert!(problems[0].message.contains("parts/address.xsd"), "{problems:?}");
    assert_eq!(problems[0].file, Path::new("orders/order.xsd"));
    // Neither the disk nor the network is asked, whatever the address says.
    let own = std::env::temp_dir().join("sluss-xsd-never-read.xsd");
    std::fs::write(&own, &all[1].text).unwrap();
    for location in
        [format!("file://{}", own.display()), own.display().to_string(), "http://localhost/a.xsd".into()]
    {
        let elsewhere = file("orders/order.xsd", &all[0].text.replace("../parts/address.xsd", &location));
        assert!(Xsd::compile(&[elsewhere]).is_err(), "{location}");
    }
    std::fs::remove_file(own).unwrap();
    // A schema that breaks XSD's rules, and one that is no XML, are told with their file.
    for (text, word) in
        [("<xs:schema", "xml-syntax"), (&*all[1].text.replace("xs:string", "xs:strong"), "strong")]
    {
        let problems = Xsd::compile(&[file("a/broken.xsd", text)]).err().unwrap();
        assert!(problems[0].message.contains(word), "{problems:?}");
    }
    // The types of a WSDL, with the prefixes that it declares itself.
    let types = all[0]
        .text
        .replace("xmlns:xs=\"http://www.w3.org/2001/XMLSchema\" ", "")
        .replace("xmlns:a=\"urn:a\" ", "");
    let wsdl = format!(
        "<w:definitions xmlns:w='http://schemas.xmlsoap.org/wsdl/' xmlns:xs='http://www.w3.org/2001/XMLSchema' \
         xmlns:a='urn:a'><w:types>{types}</w:types></w:definitions>"
    );
    let xsd = Xsd::compile(&[file("orders/order.wsdl", &wsdl), all[1].clone()]).unwrap();
    assert_eq!(found(&xsd, GOOD), [""; 0]);
    assert_eq!(found(&xsd, &GOOD.replace("12345", "x")).len(), 1);
}
