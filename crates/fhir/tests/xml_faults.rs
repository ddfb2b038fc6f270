//! What the XML reader refuses and how it says it; what the writer cannot write.
//!
//! Invariant: a fault names kind and place and never repeats a value. Deliberately absent: what is
//! read (see xml_suites and xml_foreign).
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use fhir::json::{self, Form};
use fhir::xml::{Limits, read, write};
use fhir::{Definitions, Finding, position};

const HEAD: &str = r#"<Patient xmlns="http://hl7.org/fhir">"#;

fn limits() -> Limits {
    Limits { max_bytes: 2000, max_depth: 8, max_nodes: 24 }
}

fn found(bytes: &[u8]) -> Vec<Finding> {
    read(bytes, Definitions::r4(), None, &limits()).err().unwrap_or_default()
}

/// Code, place, line and column of each fault.
fn faults(text: &str) -> Vec<String> {
    let one = |f: &Finding| {
        let p = position(text.as_bytes(), f.span.start);
        assert!(!f.message.contains("SECRET"), "{f}");
        format!("{} {} {}:{}", f.code, f.place, p.line, p.column)
    };
    found(text.as_bytes()).iter().map(one).collect()
}

/// Faults of the inside of a Patient.
fn inside(text: &str) -> Vec<String> {
    faults(&format!("{HEAD}\n{text}</Patient>"))
}

#[test]
fn all_faults_of_shape_are_told_at_once() {
    let text = concat!(
        "<colour value='SECRET'><x/></colour>\n<gender value='male'/><active value='true'/>\n",
        "<gender value='male' shade='SECRET'/>SECRET\n<name xmlns='http://e'/><contact><url value=''/></contact>\n",
        "<contained/><contained><Patient/><Patient/></contained><contained><Resource/></contained>",
    );
    let want = [
        "xml-element Patient 2:2",
        "xml-order Patient 3:24",
        "xml-repeated Patient 4:2",
        "xml-attribute Patient.gender 4:22",
        "xml-text Patient 4:38",
        "xml-namespace Patient 5:2",
        "xml-element Patient.contact[0] 5:35",
        "xml-order Patient 6:2",
        "xml-resource Patient.contained[0] 6:1",
        "xml-order Patient 6:14",
        "xml-resource Patient.contained[1] 6:35",
        "xml-order Patient 6:57",
        "xml-resource Patient.contained[2] 6:68",
    ];
    let mut got = inside(text);
    got.sort_by_key(|f| f.rsplit_once(' ').unwrap().1.to_string());
    let mut want: Vec<String> = want.iter().map(ToString::to_string).collect();
    want.sort_by_key(|f| f.rsplit_once(' ').unwrap().1.to_string());
    assert_eq!(got, want);
}

#[test]
fn an_attribute_is_no_element_and_an_element_no_attribute() {
    assert_eq!(inside("<extension><url value='u'/></extension>"), ["xml-element Patient.extension[0] 2:13"]);
    assert_eq!(inside("<name family='SECRET'/>"), ["xml-attribute Patient.name[0] 2:7"]);
    assert_eq!(inside("<gender><value value='SECRET'/></gender>"), ["xml-element Patient.gender 2:10"]);
    assert_eq!(
        faults(r#"<Patient xmlns="http://hl7.org/fhir" id="SECRET"/>"#),
        ["xml-attribute Patient 1:38"]
    );
    assert_eq!(inside("<contained id='x'><Basic/></contained>"), ["xml-attribute Patient.contained[0] 2:12"]);
    assert_eq!(inside("<deceased value='true'/>"), ["xml-type Patient 2:2"]);
}

#[test]
fn roots_and_namespaces() {
    assert_eq!(faults("<Patient/>"), ["xml-namespace $ 1:2"]);
    assert_eq!(faults("<Patient xmlns='http://hl7.org/fhir/'/>"), ["xml-namespace $ 1:2"]);
    assert_eq!(faults("<Pacient xmlns='http://hl7.org/fhir'/>"), ["xml-root $ 1:2"]);
    assert_eq!(faults("<Resource xmlns='http://hl7.org/fhir'/>"), ["xml-root $ 1:2"]);
    assert_eq!(faults("<HumanName xmlns='http://hl7.org/fhir'/>"), ["xml-root $ 1:2"]);
    assert_eq!(faults("<f:Patient/>"), ["xml-namespace $ 1:1"]);
    assert_eq!(inside("<f:gender value='male'/>"), ["xml-namespace Patient 2:1"]);
    assert_eq!(inside("<gender f:value='male'/>"), ["xml-namespace Patient 2:9"]);
    assert_eq!(inside("<gender xmlns:f='u' f:value='male'/>"), ["xml-attribute Patient.gender 2:21"]);
    for declaration in
        ["xmlns:xml='u'", "xmlns:xmlns='u'", "xmlns:a=''", "xmlns:a='http://www.w3.org/2000/xmlns/'"]
    {
        assert_eq!(
            inside(&format!("<gender {declaration}/>")),
            ["xml-namespace Patient 2:9"],
            "{declaration}"
        );
    }
    let twins = "<gender xmlns:a='u' xmlns:b='u' a:x='1' b:x='2'/>";
    assert_eq!(inside(twins), ["xml-attribute Patient 2:41"]);
    let prefixed = "<f:Patient xmlns:f='http://hl7.org/fhir'><f:gender value='male'/></f:Patient>";
    assert_eq!(faults(prefixed), Vec::<String>::new());
    let schema = r#"<Patient xmlns="http://hl7.org/fhir" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="http://hl7.org/fhir http://e/never-asked"/>"#;
    assert_eq!(faults(schema), Vec::<String>::new());
    let inner = "<gender xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' xsi:nil='true'/>";
    assert_eq!(inside(inner), ["xml-attribute Patient.gender 2:63"]);
}

#[test]
fn narrative_stands_in_its_own_namespace() {
    let text = |div: &str| inside(&format!("<text><status value='generated'/>{div}</text>"));
    let ok = Vec::<String>::new();
    assert_eq!(text("<div>SECRET</div>"), ["xml-namespace Patient.text 2:35"]);
    assert_eq!(
        text("<div xmlns='http://www.w3.org/1999/xhtml'>a &amp; &#233;<br/><!-- c --><?p i?></div>"),
        ok
    );
    assert_eq!(
        text("<div xmlns='http://www.w3.org/1999/xhtml'>&nbsp;</div>"),
        ["xml-entity Patient.text.div 2:76"]
    );
    assert_eq!(
        text("<div xmlns='http://www.w3.org/1999/xhtml'><a:b/></div>"),
        ["xml-namespace Patient.text.div 2:76"]
    );
    let kept = |div: &str, want: &str| {
        let xml = format!("<f:Basic xmlns:f='http://hl7.org/fhir'><f:text>{div}</f:text></f:Basic>");
        let tree = read(xml.as_bytes(), Definitions::r4(), None, &limits()).unwrap();
        let text = tree.child(tree.root(), "text").and_then(|t| tree.child_text(t, "div")).unwrap();
        assert_eq!(text, want);
        assert!(write(&tree, Definitions::r4()).unwrap().contains(want));
    };
    kept(
        "<h:div xmlns:h='http://www.w3.org/1999/xhtml'/>",
        "<h:div xmlns:h='http://www.w3.org/1999/xhtml'/>",
    );
    kept(
        "<h:div xmlns:h='http://www.w3.org/1999/xhtml'><p><f:a/></p></h:div>",
        "<h:div xmlns=\"\" xmlns:f=\"http://hl7.org/fhir\" xmlns:h='http://www.w3.org/1999/xhtml'><p><f:a/></p></h:div>",
    );
    assert_eq!(
        text("<div xmlns='http://www.w3.org/1999/xhtml'><p></div>"),
        ["xml-syntax Patient.text.div 2:79"]
    );
}

#[test]
fn documents_that_are_not_well_formed() {
    let syntax = |text: &str, place: &str| {
        let got = faults(text);
        assert_eq!(got, [format!("xml-syntax {place}")], "{text}");
    };
    syntax("", "$ 1:1");
    syntax(" \n", "$ 2:1");
    syntax("{\"a\":1}", "$ 1:1");
    syntax("\n\nSECRET<a/>", "$ 3:1");
    for (text, place) in [
        ("<gender", "Patient 2:1"),
        ("<gender value='SECRET", "Patient 2:1"),
        ("<gender value=SECRET/>", "Patient 2:15"),
        ("<gender value/>", "Patient 2:9"),
        ("<gender value='SECRET'value2='b'/>", "Patient 2:23"),
        ("<gender value='SECRET<'/>", "Patient 2:22"),
        ("<gender value='SECRET&'/>", "Patient 2:22"),
        ("<gender value='&#0;'/>", "Patient 2:16"),
        ("<gender value='&#xFFFE;'/>", "Patient 2:16"),
        ("<gender>", "Patient.gender 2:9"),
        ("</gender>", "Patient 2:1"),
        ("<1/>", "Patient 2:1"),
        ("< gender/>", "Patient 2:1"),
        ("<a:b:c/>", "Patient 2:1"),
        ("<gender 1='a'/>", "Patient 2:9"),
        ("a ]]> b", "Patient 2:3"),
        ("a & b", "Patient 2:3"),
        ("a &b", "Patient 2:3"),
        ("<!-- a -- b -->", "Patient 2:1"),
        ("<!-- SECRET", "Patient 2:1"),
        ("<![CDATA[ SECRET", "Patient 2:1"),
        ("<?xml version='1.0'?>", "Patient 2:1"),
        ("<?XML a?>", "Patient 2:1"),
        ("<? a?>", "Patient 2:1"),
        ("<?a SECRET", "Patient 2:1"),
    ] {
        let got = faults(&format!("{HEAD}\n{text}"));
        assert_eq!(got.last().unwrap(), &format!("xml-syntax {place}"), "{text}");
    }
    syntax(&format!("{HEAD}</Patient>SECRET"), "$ 1:48");
    syntax(&format!("{HEAD}</Patient><a/>"), "$ 1:48");
    syntax(&format!("{HEAD}</Patient>&amp;"), "$ 1:48");
    syntax(&format!("{HEAD}</Patient><![CDATA[]]>"), "$ 1:48");
    syntax(&format!("{HEAD}</patient>"), "Patient 1:38");
    syntax(&format!("{HEAD}\u{1}</Patient>"), "$ 1:38");
    syntax(&format!("{HEAD}\u{FFFE}</Patient>"), "$ 1:38");
    assert_eq!(inside("<gender value='a' value='b'/>"), ["xml-attribute Patient 2:19"]);
}

#[test]
fn doctypes_and_entities() {
    for text in [
        "<!DOCTYPE Patient>",
        "<!DOCTYPE Patient SYSTEM 'file:///etc/passwd'>",
        "<!DOCTYPE Patient [<!ENTITY a 'SECRET'>]>",
        "<!doctype html>",
        "<!DOCTYPE Patient [<!ENTITY a 'SECRET'",
        "<!DOCTYPE>",
        "<!ENTITY a 'b'>",
        "<!ELEMENT a ANY>",
    ] {
        assert_eq!(faults(&format!("{text}{HEAD}</Patient>")), ["xml-doctype $ 1:1"], "{text}");
        assert_eq!(inside(text), ["xml-doctype Patient 2:1"], "{text}");
    }
    assert_eq!(inside("<gender value='&a;'/>"), ["xml-entity Patient 2:16"]);
    assert_eq!(inside("&SECRET;"), ["xml-entity Patient 2:1"]);
}

#[test]
fn encodings_and_declarations() {
    let ok = Vec::<String>::new();
    let with = |declaration: &str| faults(&format!("{declaration}{HEAD}</Patient>"));
    assert_eq!(with("\u{FEFF}"), ok);
    assert_eq!(with("\u{FEFF}<?xml version='1.0' encoding='UTF-8' standalone='yes' ?>\n"), ok);
    assert_eq!(with("<?xml version=\"1.0\" encoding=\"utf-8\"?><!-- c --><?p i?>"), ok);
    assert_eq!(with("\u{FEFF}\u{FEFF}"), ["xml-encoding $ 1:1"]);
    assert_eq!(with("<?xml version='1.0' encoding='ISO-8859-1'?>"), ["xml-encoding $ 1:21"]);
    for wrong in [
        "<?xml version='1.1'?>",
        "<?xml encoding='utf-8'?>",
        "<?xml?>",
        "<?xml version='1.0' standalone='maybe'?>",
        "<?xml version='1.0' standalone='no' encoding='utf-8'?>",
        "<?xml version='1.0' SECRET='no'?>",
        " <?xml version='1.0'?>",
    ] {
        let got = with(wrong);
        assert!(got.len() == 1 && got[0].starts_with("xml-syntax $"), "{wrong}: {got:?}");
    }
    let latin = [HEAD.as_bytes(), b"<gender value='\xE5'/></Patient>"].concat();
    assert_eq!((found(&latin)[0].code, found(&latin)[0].span.start), ("xml-encoding", 52));
    let wide: Vec<u8> = "\u{FEFF}<Patient/>".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(found(&wide)[0].code, "xml-encoding");
}

#[test]
fn limits_hold() {
    let deep = format!("{}{}", "<a>".repeat(100_000), "</a>".repeat(100_000));
    let wide = Limits { max_bytes: 10 << 20, ..limits() };
    let of = |text: &str| read(text.as_bytes(), Definitions::r4(), None, &wide).unwrap_err();
    assert_eq!(of(&deep).last().unwrap().code, "xml-depth");
    let div = |inner: &str| {
        format!(
            "{HEAD}<text><status value='empty'/><div xmlns='http://www.w3.org/1999/xhtml'>{inner}</div></text></Patient>"
        )
    };
    assert_eq!(of(&div(&deep)).last().unwrap().code, "xml-depth");
    assert_eq!(of(&format!("{HEAD}{}</Patient>", "<name/>".repeat(100))).last().unwrap().code, "xml-nodes");
    assert_eq!(of(&format!("{HEAD}{}</Patient>", "<colour/>".repeat(10_000))).len(), 100);
    assert_eq!(found("x".repeat(3000).as_bytes())[0].code, "xml-size");
    let many: String = (0..200).map(|i| format!(" a{i}='1'")).collect();
    assert_eq!(of(&format!("{HEAD}<gender{many}/></Patient>"))[0].code, "xml-syntax");
    let declared: String = (0..120).map(|i| format!(" xmlns:a{i}='u'")).collect();
    assert_eq!(
        of(&format!("{HEAD}<name{declared}><period{declared}/></name></Patient>"))[0].code,
        "xml-namespace"
    );
}

/// What a JSON resource says as XML.
fn written(json: &str) -> Result<String, Vec<String>> {
    let tree = json::read(json.as_bytes(), Form::Fhir, &Limits::default()).unwrap();
    let told = |f: &Finding| {
        assert!(!f.message.contains("SECRET"));
        format!("{} {}", f.code, f.place)
    };
    write(&tree, Definitions::r4()).map_err(|found| found.iter().map(told).collect())
}

#[test]
fn what_xml_cannot_hold_is_told() {
    let text = r#"{"resourceType":"Patient","id":{"a":1},"colour":"SECRET","gender":"SECRET\u0001","name":[],
        "contact":["SECRET"],"active":null,"deceased":true,"contained":[{"resourceType":"Resource"},{"id":"x"}],
        "extension":[{"url":"SECRET\u0002"},{"url":"u","_url":{"id":"SECRET"}}],"birthDate":"2020\uFFFF"}"#;
    let want = [
        "xml-element Patient.colour",
        "xml-type Patient.deceased",
        "xml-resource Patient.contained[0]",
        "xml-resource Patient.contained[1]",
        "xml-element Patient.id.a",
        "xml-character Patient.extension[0].url",
        "xml-attribute Patient.extension[1].url",
        "xml-kind Patient.name[0]",
        "xml-character Patient.gender",
        "xml-character Patient.birthDate",
        "xml-kind Patient.contact[0]",
    ];
    assert_eq!(written(text).unwrap_err(), want);
    assert_eq!(written(r#"{"resourceType":"Nothing"}"#).unwrap_err(), ["xml-root Nothing"]);
    assert_eq!(written(r#"{"a":1}"#).unwrap_err(), ["xml-root $"]);
}

#[test]
fn markup_cannot_break_out_of_its_place() {
    let div = |div: &str| {
        let div = serde_json::to_string(div).unwrap();
        written(&format!(r#"{{"resourceType":"Basic","text":{{"status":"generated","div":{div}}}}}"#))
    };
    let good = "<div xmlns=\"http://www.w3.org/1999/xhtml\">a<br/>\r\n<h:p xmlns:h='http://www.w3.org/1999/xhtml'/>&lt;</div>";
    assert!(div(good).unwrap().contains(good));
    assert!(div(&format!("\n {good} ")).unwrap().contains(&format!("/>{good}</text>")));
    for bad in [
        "",
        "SECRET",
        "<div>SECRET</div>",
        "<div xmlns='http://hl7.org/fhir'/>",
        "<p xmlns='http://www.w3.org/1999/xhtml'/>",
        "<div xmlns='http://www.w3.org/1999/xhtml'></div></text><active value='true'/>",
        "<div xmlns='http://www.w3.org/1999/xhtml'/><div xmlns='http://www.w3.org/1999/xhtml'/>",
        "<div xmlns='http://www.w3.org/1999/xhtml'><p></div>",
        "<div xmlns='http://www.w3.org/1999/xhtml'>&nbsp;</div>",
        "<div xmlns='http://www.w3.org/1999/xhtml'><a:b/></div>",
        "<div xmlns='http://www.w3.org/1999/xhtml' a:b='1'/>",
        "<h:div xmlns:h='http://www.w3.org/1999/xhtml'><p/></h:div>",
        "<div xmlns='http://www.w3.org/1999/xhtml'/><!-- SECRET -->",
        "<!-- SECRET --><div xmlns='http://www.w3.org/1999/xhtml'/>",
        "<?xml version='1.0'?><div xmlns='http://www.w3.org/1999/xhtml'/>",
        "\u{FEFF}<div xmlns='http://www.w3.org/1999/xhtml'/>",
        "<!DOCTYPE div><div xmlns='http://www.w3.org/1999/xhtml'/>",
        "<div xmlns='http://www.w3.org/1999/xhtml'>\u{1}</div>",
    ] {
        assert_eq!(div(bad), Err(vec!["xml-markup Basic.text.div".to_string()]), "{bad}");
    }
}

#[test]
fn validation_tells_lines_of_the_xml() {
    let text = format!(
        "{HEAD}\n  <gender value=\"SECRET\"/>\n  <birthDate value=\"SECRET\"/>\n  <multipleBirthInteger value=\"x\"/>\n</Patient>"
    );
    let tree = read(text.as_bytes(), Definitions::r4(), None, &Limits::default()).unwrap();
    let found = fhir::Profiles::load(Definitions::r4(), &[]).unwrap().validate(&tree, "Patient");
    let told: Vec<String> = found
        .iter()
        .filter(|f| f.severity == fhir::Severity::Error)
        .map(|f| {
            assert!(!f.message.contains("SECRET"));
            format!("{} {}", f.place, position(text.as_bytes(), f.span.start).line)
        })
        .collect();
    assert_eq!(told, ["Patient.gender 2", "Patient.birthDate 3", "Patient.multipleBirthInteger 4"]);
}
