//! Documents of logical models as namespaced XML and as plain JSON: a letter in a SOAP body, and a
//! clinical document in the manner of CDA.
//!
//! Invariant: plain JSON → tree → XML → tree → plain JSON gives the same. Deliberately absent: FHIR's
//! own resources (see xml_suites).
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use fhir::definitions::{XmlFacts, XmlForm};
use fhir::json::{self, Form};
use fhir::xml::{Limits, read, write, write_pretty};
use fhir::{Definitions, Kind, Tree, TypeId};
use proptest::prelude::*;
use serde_json::{Value, json};

const CORE: &str = "http://hl7.org/fhir/StructureDefinition";

/// A model as a table: path, cardinality, types, and what XML needs to know.
fn model(name: &str, kind: &str, facts: &[(&str, &str)], elements: &[(&str, &str, &str, &str)]) -> Tree {
    let extension = |(url, value): &(&str, &str)| json!({ "url": url_of(url), "valueUri": value });
    let element = |(path, cardinality, types, xml): &(&str, &str, &str, &str)| {
        let (min, max) = cardinality.split_once("..").unwrap();
        let types: Vec<Value> = types.split_whitespace().map(|t| json!({ "code": t })).collect();
        let words: Vec<&str> = xml.split_whitespace().collect();
        let (facts, forms): (Vec<&str>, Vec<&str>) = words.iter().partition(|w| w.contains('='));
        let facts: Vec<(&str, &str)> = facts.iter().map(|f| f.split_once('=').unwrap()).collect();
        json!({ "path": path, "min": min.parse::<u32>().unwrap(), "max": max, "type": types,
            "representation": forms, "extension": facts.iter().map(extension).collect::<Vec<_>>() })
    };
    let mut all = vec![json!({ "path": name })];
    all.extend(elements.iter().map(element));
    let mut facts: Vec<(&str, &str)> = facts.to_vec();
    let parent = facts.iter().position(|f| f.0 == "is").map(|i| facts.remove(i).1);
    let definition = json!({ "resourceType": "StructureDefinition", "url": format!("http://e/{name}"),
        "kind": kind, "abstract": false, "type": name, "derivation": "specialization",
        "baseDefinition": parent.map_or(format!("{CORE}/Base"), str::to_string),
        "extension": facts.iter().map(extension).collect::<Vec<_>>(),
        "differential": { "element": all } });
    json::read(definition.to_string().as_bytes(), Form::Fhir, &Limits::default()).unwrap()
}

fn url_of(word: &str) -> String {
    match word {
        "ns" => format!("{CORE}/elementdefinition-namespace"),
        "ns2" => "http://hl7.org/fhir/tools/StructureDefinition/xml-namespace".into(),
        "name" => format!("{CORE}/elementdefinition-xml-name"),
        "name2" => "http://hl7.org/fhir/tools/StructureDefinition/xml-name".into(),
        "default" => format!("{CORE}/elementdefinition-defaulttype"),
        "text" => "https://sluss.example/fhir/StructureDefinition/xml-value-as-text".into(),
        "free" => format!("{CORE}/structuredefinition-xml-no-order"),
        other => panic!("{other}"),
    }
}

fn load(models: &[Tree]) -> Definitions {
    let mut definitions = Definitions::r4().clone();
    let all: Vec<&Tree> = models.iter().collect();
    definitions.load_types(&all).unwrap_or_else(|f| panic!("{f:?}"));
    definitions
}

/// A letter in an envelope: two namespaces, text values, attributes, a list in an attribute.
fn letters() -> Definitions {
    load(&[
        model("Text", "logical", &[("ns", "urn:letter")], &[("Text.value", "1..1", "string", "xmlText")]),
        model(
            "words",
            "primitive-type",
            &[("is", "http://hl7.org/fhir/StructureDefinition/string")],
            &[("words.value", "0..1", "string", "xmlText")],
        ),
        model(
            "count",
            "primitive-type",
            &[("is", "http://hl7.org/fhir/StructureDefinition/integer")],
            &[("count.value", "0..1", "integer", "xmlText")],
        ),
        model(
            "Envelope",
            "logical",
            &[("ns", "urn:soap")],
            &[
                ("Envelope.header", "0..1", "BackboneElement", "name=Header"),
                ("Envelope.header.to", "1..1", "words", "ns=urn:address name=To"),
                ("Envelope.body", "1..1", "BackboneElement", "name=Body"),
                ("Envelope.body.letter", "1..1", "Letter", "ns=urn:letter"),
            ],
        ),
        model(
            "Letter",
            "logical",
            &[("ns", "urn:letter")],
            &[
                ("Letter.version", "1..1", "string", "xmlAttr"),
                ("Letter.lang", "0..1", "code", "xmlAttr ns=urn:lang"),
                ("Letter.tags", "0..*", "code", "xmlAttr name=tag"),
                ("Letter.title", "0..1", "words", ""),
                ("Letter.pages", "0..1", "count", ""),
                ("Letter.child", "1..*", "BackboneElement", ""),
                ("Letter.child.number", "1..1", "Text", ""),
                ("Letter.child.weight", "0..1", "decimal", ""),
                ("Letter.child.alive", "0..1", "boolean", ""),
                ("Letter.child.note", "0..*", "Note", ""),
                ("Letter.stamp", "0..1", "Stamp", "ns=noNamespace"),
            ],
        ),
        model(
            "Note",
            "logical",
            &[("ns2", "urn:letter")],
            &[
                ("Note.by", "0..1", "string", "xmlAttr"),
                ("Note.text", "0..1", "string", "xmlText"),
                ("Note.ref", "0..1", "Text", ""),
            ],
        ),
        model(
            "Stamp",
            "logical",
            &[("ns", "noNamespace"), ("free", "true")],
            &[("Stamp.place", "0..1", "words", ""), ("Stamp.day", "0..*", "date", "")],
        ),
    ])
}

fn from_json(definitions: &Definitions, root: &str, json: &str) -> Tree {
    let mut tree = json::read(json.as_bytes(), Form::Plain, &Limits::default()).unwrap();
    definitions.annotate_as(&mut tree, definitions.type_id(root).unwrap());
    tree
}

/// JSON → tree → XML → tree → JSON, compact and indented; gives the XML.
fn round(definitions: &Definitions, root: &str, json: &str) -> String {
    let tree = from_json(definitions, root, json);
    let text = write(&tree, definitions).unwrap_or_else(|f| panic!("{f:?}"));
    let pretty = write_pretty(&tree, definitions).unwrap();
    for (xml, ty) in [(&text, None), (&text, definitions.type_id(root)), (&pretty, None)] {
        let again = read(xml.as_bytes(), definitions, ty, &Limits::default())
            .unwrap_or_else(|f| panic!("{}\n{xml}", f[0]));
        assert_eq!(json::write(&again, Form::Plain), json, "{xml}");
        assert_eq!(write(&again, definitions).as_ref(), Ok(&text));
    }
    text.strip_prefix(r#"<?xml version="1.0" encoding="UTF-8"?>"#).unwrap().to_string()
}

#[test]
fn a_model_whose_values_are_text() {
    let d = load(&[model(
        "Order",
        "logical",
        &[
            ("ns", "urn:o"),
            ("name", "order"),
            ("text", "true"),
            ("is", "http://hl7.org/fhir/StructureDefinition/Element"),
        ],
        &[
            ("Order.id", "1..1", "string", ""),
            ("Order.part", "0..*", "BackboneElement", ""),
            ("Order.part.words", "0..*", "string", ""),
            ("Order.part.count", "0..1", "integer", ""),
            ("Order.part.done", "0..1", "boolean", ""),
            ("Order.part.day", "0..1", "date", ""),
        ],
    )]);
    let json = concat!(
        r#"{"id":" a&b\n","part":[{"words":["<x>","","  "],"count":-3,"done":false,"day":"2026-01-01"},"#,
        r#"{"words":["y"]}]}"#
    );
    let xml = concat!(
        r#"<order xmlns="urn:o"><id>&#32;a&amp;b&#10;</id><part><words>&lt;x&gt;</words><words></words>"#,
        "<words>&#32;&#32;</words><count>-3</count><done>false</done><day>2026-01-01</day></part>",
        "<part><words>y</words></part></order>"
    );
    assert_eq!(round(&d, "Order", json), xml);
    // The value is the text and nothing else: FHIR's own form is refused.
    let found =
        read(br#"<order xmlns="urn:o"><id value="a"/></order>"#, &d, None, &Limits::default()).unwrap_err();
    assert_eq!(found[0].code, "xml-attribute");
}

#[test]
fn a_letter_in_an_envelope() {
    let d = letters();
    let json = concat!(
        r#"{"header":{"to":" SE2120009903 \n"},"body":{"letter":{"version":"1\t\"<&>\r\n","lang":"sv","tags":["a","b"],"#,
        r#""title":"Å & <b> ]]>","pages":12,"child":[{"number":{"value":"a"},"weight":3.10,"alive":true,"#,
        r#""note":[{"by":"x","text":" two\n lines ","ref":{"value":"r"}},{"text":"plain"},{"text":" \n"}]},"#,
        r#"{"number":{"value":"b"}}],"stamp":{"place":"","day":["2026-01-01","2026-01-02"]}}}}"#,
    );
    let want = concat!(
        r#"<Envelope xmlns:ns1="urn:lang" xmlns="urn:soap"><Header><To xmlns="urn:address">&#32;SE2120009903&#32;&#10;"#,
        r#"</To></Header><Body><letter xmlns="urn:letter" version="1&#9;&quot;&lt;&amp;>&#13;&#10;" ns1:lang="sv" tag="a b">"#,
        r#"<title>Å &amp; &lt;b&gt; ]]&gt;</title><pages>12</pages><child><number>a</number><weight value="3.10"/>"#,
        r#"<alive value="true"/><note by="x">&#32;two"#,
        "\n lines&#32;",
        r#"<ref>r</ref></note><note>plain</note><note>&#32;&#10;</note></child><child><number>b</number></child>"#,
        r#"<stamp xmlns=""><place></place><day value="2026-01-01"/><day value="2026-01-02"/></stamp></letter></Body></Envelope>"#,
    );
    assert_eq!(round(&d, "Envelope", json), want);
}

#[test]
fn what_others_write_means_the_same() {
    let d = letters();
    let xml = r#"<?xml version="1.0"?>
        <soap:Envelope xmlns:soap="urn:soap" xmlns:l="urn:letter" xmlns:x="urn:lang">
          <!-- a comment -->
          <soap:Body>
            <l:letter l:x="" x:lang='sv' version="1" tag=" a
                b ">
              <l:title><![CDATA[<b>]]>&#x20;</l:title>
              <l:pages> 12 </l:pages>
              <l:child>
                <l:number>a<?p i?>b<!-- c -->c</l:number>
                <l:note>
                  free text
                  <l:ref>r</l:ref>
                </l:note>
              </l:child>
              <stamp><day value="2026"/><place/><day value="2027"/></stamp>
            </l:letter>
          </soap:Body>
        </soap:Envelope>"#;
    let found = read(xml.as_bytes(), &d, None, &Limits::default()).unwrap_err();
    assert_eq!((found.len(), found[0].code, &*found[0].place), (1, "xml-attribute", "Envelope.body.letter"));
    let tree = read(xml.replace("l:x=\"\"", "").as_bytes(), &d, None, &Limits::default()).unwrap();
    let want = concat!(
        r#"{"body":{"letter":{"version":"1","lang":"sv","tags":["a","b"],"title":"<b> ","pages":12,"#,
        r#""child":[{"number":{"value":"abc"},"note":[{"text":"free text","ref":{"value":"r"}}]}],"#,
        r#""stamp":{"day":["2026","2027"],"place":""}}}}"#,
    );
    assert_eq!(json::write(&tree, Form::Plain), want);
    let pages = "body letter pages".split(' ').fold(tree.root(), |n, name| tree.child(n, name).unwrap());
    assert_eq!((tree.kind(pages), tree.text(pages)), (Kind::Number, Some("12")));
    let span = tree.span(pages);
    assert_eq!(&tree.source()[span.start as usize..span.end as usize], "<l:pages> 12 </l:pages>");
}

#[test]
fn foreign_faults() {
    let d = letters();
    let fault = |inner: &str| -> String {
        let xml = format!("<letter xmlns='urn:letter' xmlns:s='urn:s' version='1'>{inner}</letter>");
        let xml = xml.replace("<letter", "<Letter").replace("/letter", "/Letter");
        let found = read(xml.as_bytes(), &d, None, &Limits::default()).unwrap_err();
        assert!(found.iter().all(|f| !f.message.contains("SECRET")));
        found.iter().map(|f| format!("{} {}", f.code, f.place)).collect::<Vec<_>>().join(", ")
    };
    assert_eq!(fault("SECRET"), "xml-text Letter");
    assert_eq!(fault("<child>SECRET<number>a</number></child>"), "xml-text Letter.child[0]");
    assert_eq!(fault("<child><number><b/></number></child>"), "xml-element Letter.child[0].number");
    let mixed = "<child><number>a</number><note>SECRET<ref>a</ref>SECRET</note></child>";
    assert_eq!(fault(mixed), "xml-text Letter.child[0].note[0]");
    assert_eq!(fault("<s:title/>"), "xml-namespace Letter");
    assert_eq!(fault("<version>1</version>"), "xml-element Letter");
    assert_eq!(fault("<child><note><text>a</text></note></child>"), "xml-element Letter.child[0].note[0]");
    assert_eq!(fault("<child/><title/>"), "xml-order Letter");
    assert_eq!(fault("<title/><title/>"), "xml-repeated Letter");
    assert_eq!(fault("<stamp/>"), "xml-namespace Letter");
    let root =
        |xml: &str, ty: Option<TypeId>| read(xml.as_bytes(), &d, ty, &Limits::default()).unwrap_err()[0].code;
    assert_eq!(root("<Letter xmlns='urn:other'/>", None), "xml-root");
    assert_eq!(root("<Letter xmlns='urn:other'/>", d.type_id("Letter")), "xml-namespace");
    assert_eq!(root("<Envelope xmlns='urn:soap'/>", d.type_id("Letter")), "xml-root");
    let not = |json: &str| {
        let found = write(&from_json(&d, "Letter", json), &d).unwrap_err();
        found.iter().map(|f| format!("{} {}", f.code, f.place)).collect::<Vec<_>>().join(", ")
    };
    assert_eq!(not(r#"{"tags":["a b",""]}"#), "xml-attribute $.tags[0], xml-attribute $.tags[1]");
    assert_eq!(not(r#"{"version":["a","b"]}"#), "xml-attribute $.version[0], xml-attribute $.version[1]");
    assert_eq!(
        not(r#"{"title":null,"pages":{"a":1}}"#),
        "xml-kind $.title, xml-element $.pages.a, xml-kind $.pages"
    );
    assert_eq!(not(r#"{"child":[{"number":{"value":{"a":1}}}]}"#), "xml-kind $.child[0].number.value");
}

/// A clinical document: types told by `xsi:type`, an element of a second namespace under another
/// name, narrative of its own.
fn clinical() -> Definitions {
    let v3 = ("ns", "urn:hl7-org:v3");
    load(&[
        model("ANY", "logical", &[v3], &[("ANY.nullFlavor", "0..1", "code", "xmlAttr")]),
        model("ST", "logical", &[v3, ("is", "http://e/ANY")], &[("ST.data", "0..1", "string", "xmlText")]),
        model(
            "CD",
            "logical",
            &[v3, ("is", "http://e/ANY")],
            &[
                ("CD.code", "0..1", "code", "xmlAttr"),
                ("CD.originalText", "0..1", "http://e/ST", ""),
                ("CD.translation", "0..*", "http://e/CD", "typeAttr"),
            ],
        ),
        model("TS", "logical", &[v3, ("is", "http://e/ANY")], &[("TS.value", "0..1", "string", "xmlAttr")]),
        model(
            "IVL-TS",
            "logical",
            &[v3, ("is", "http://e/TS")],
            &[
                ("IVL-TS.low", "0..1", "http://e/TS", "typeAttr default=http://e/TS"),
                ("IVL-TS.high", "0..1", "http://e/TS", ""),
            ],
        ),
        model(
            "ClinicalDocument",
            "logical",
            &[v3],
            &[
                ("ClinicalDocument.id", "0..1", "http://e/ST", ""),
                ("ClinicalDocument.sdtcRace", "0..*", "http://e/CD", "ns2=urn:hl7-org:sdtc name2=race"),
                ("ClinicalDocument.value", "0..*", "http://e/ANY", "typeAttr"),
                ("ClinicalDocument.text", "0..1", "xhtml", "cdaText"),
            ],
        ),
    ])
}

#[test]
fn a_clinical_document() {
    let d = clinical();
    let json = concat!(
        r#"{"id":{"nullFlavor":"UNK"},"sdtcRace":[{"code":"1"},{"code":"2","originalText":{"data":"two"}}],"#,
        r#""value":[{"xsi:type":"CD","code":"a","translation":[{"xsi:type":"CD","code":"b"}]},"#,
        r#"{"xsi:type":"IVL_TS","value":"2026","low":{"xsi:type":"TS","value":"2025"},"high":{"value":"2027"}},"#,
        r#"{"xsi:type":"ST","data":"s"}],"#,
        r#""text":"<text xmlns=\"urn:hl7-org:v3\"><list><item>a</item></list></text>"}"#,
    );
    let want = concat!(
        r#"<ClinicalDocument xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns="urn:hl7-org:v3"><id nullFlavor="UNK"/>"#,
        r#"<race xmlns="urn:hl7-org:sdtc" code="1"/><race xmlns="urn:hl7-org:sdtc" code="2"><originalText xmlns="urn:hl7-org:v3">two"#,
        r#"</originalText></race><value xsi:type="CD" code="a"><translation xsi:type="CD" code="b"/></value>"#,
        r#"<value xsi:type="IVL_TS" value="2026"><low value="2025"/><high value="2027"/></value><value xsi:type="ST">s</value>"#,
        r#"<text xmlns="urn:hl7-org:v3"><list><item>a</item></list></text></ClinicalDocument>"#,
    );
    assert_eq!(round(&d, "ClinicalDocument", json), want);
}

#[test]
fn types_that_the_document_tells() {
    let d = clinical();
    let read = |inner: &str| {
        let xml = format!(
            "<h:ClinicalDocument xmlns:h='urn:hl7-org:v3' xmlns:t='http://www.w3.org/2001/XMLSchema-instance' \
             xmlns='urn:hl7-org:v3'>{inner}</h:ClinicalDocument>"
        );
        let tree = read(xml.as_bytes(), &d, None, &Limits::default());
        tree.map_err(|f| format!("{} {}", f[0].code, f[0].place)).map(|tree| {
            let mut again = tree.clone();
            d.annotate_as(&mut again, d.type_id("ClinicalDocument").unwrap());
            let value = tree.child(tree.root(), "value");
            let name =
                |tree: &Tree| value.map(|v| d.type_name(tree.type_of(v)).to_string()).unwrap_or_default();
            assert_eq!(name(&tree), name(&again));
            (name(&tree), json::write(&tree, Form::Plain))
        })
    };
    assert_eq!(read("<value t:type='IVL_TS'/>").unwrap().0, "IVL-TS");
    assert_eq!(
        read("<value t:type='h:CD' code='a'/>").unwrap().1,
        r#"{"value":[{"xsi:type":"CD","code":"a"}]}"#
    );
    for wrong in ["", "t:type='x:CD'", "t:type='XX'", "t:type='ClinicalDocument'", "t:type=''", "type='CD'"] {
        let got = read(&format!("<value {wrong}/>")).unwrap_or_else(|f| (f, String::new())).0;
        let want = if wrong.is_empty() { "ANY" } else { "xml-type ClinicalDocument" };
        let want = if wrong == "type='CD'" { "xml-attribute ClinicalDocument.value[0]" } else { want };
        assert_eq!(got, want, "{wrong}");
    }
    let outside = "<h:text><paragraph t:x='1'>å</paragraph></h:text>";
    let kept = concat!(
        "<h:text xmlns=\\\"urn:hl7-org:v3\\\" xmlns:t=\\\"http://www.w3.org/2001/XMLSchema-instance\\\" ",
        "xmlns:h=\\\"urn:hl7-org:v3\\\"><paragraph t:x='1'>å</paragraph></h:text>",
    );
    let got = read(outside).unwrap().1;
    let order = |s: &str| {
        let mut words: Vec<String> = s.split([' ', '>']).map(str::to_string).collect();
        words.sort();
        words
    };
    assert_eq!(order(&got), order(&format!("{{\"text\":\"{kept}\"}}")), "{got}");
}

/// A builder that knows its types says them without a mark.
#[test]
fn types_that_the_builder_tells() {
    let d = clinical();
    let id = |name: &str| d.type_id(name).unwrap();
    let mut tree = Tree::new("ClinicalDocument");
    let root = tree.root();
    tree.set_type(root, id("ClinicalDocument"));
    let value = tree.add(root, "value", true);
    tree.set_type(value, id("CD"));
    let translation = tree.add(value, "translation", true);
    tree.add_text(translation, "code", false, "1");
    let xml = write(&tree, &d).unwrap();
    assert!(xml.contains(r#"<value xsi:type="CD"><translation xsi:type="CD" code="1"/></value>"#), "{xml}");
    tree.set_type(value, TypeId::NONE);
    assert_eq!(write(&tree, &d).unwrap_err()[0].code, "xml-element");
}

#[test]
fn facts_that_xml_cannot_hold_are_load_errors() {
    for (xml, word) in
        [("name=1a", "XML name"), ("ns=a\u{1}", "namespace"), ("default=Nothing", "default type")]
    {
        let bad = model("Bad", "logical", &[], &[("Bad.a", "0..1", "string", xml)]);
        let found = Definitions::r4().clone().load_logical(&bad).unwrap_err();
        assert!(found[0].code == "definition" && found[0].message.contains(word), "{}", found[0]);
    }
    let element = |name: &str, child: &str| {
        let d = letters();
        d.element(d.type_id(name).unwrap(), child).unwrap().xml.clone().unwrap_or_default()
    };
    let want = XmlFacts { form: XmlForm::Attribute, name: Some("tag".into()), ..XmlFacts::default() };
    assert_eq!(*element("Letter", "tags"), want);
    assert_eq!(element("Letter", "stamp").namespace.as_deref(), Some(""));
}

#[test]
fn a_model_without_facts_is_written_as_fhir_writes_its_own() {
    let d = load(&[model(
        "Case",
        "logical",
        &[],
        &[
            ("Case.event", "1..1", "code", ""),
            ("Case.child", "0..*", "BackboneElement", ""),
            ("Case.child.born", "0..1", "date", ""),
            ("Case.child.name", "0..1", "HumanName", ""),
            ("Case.patient", "0..1", "Patient", ""),
        ],
    )]);
    let json = concat!(
        r#"{"event":"a","child":[{"born":"2010-01-01","name":{"given":["B","C"]}}],"#,
        r#""patient":{"resourceType":"Patient","id":"p","active":true}}"#,
    );
    let want = concat!(
        r#"<Case xmlns="http://hl7.org/fhir"><event value="a"/><child><born value="2010-01-01"/><name><given value="B"/>"#,
        r#"<given value="C"/></name></child><patient><Patient><id value="p"/><active value="true"/></Patient></patient></Case>"#,
    );
    let tree = from_json(&d, "Case", json);
    assert_eq!(write(&tree, &d).unwrap().split_once("?>").unwrap().1, want);
    let again = read(want.as_bytes(), &d, d.type_id("Case"), &Limits::default()).unwrap();
    assert_eq!(json::write(&again, Form::Plain), json);
}

/// Choices made before a document is built; none left means the smallest choice.
struct Tape(std::vec::IntoIter<u16>);

impl Tape {
    fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.0.next().map_or(0, usize::from) % of.len()]
    }
}

/// Fills a node with some of the elements of its model.
fn fill(d: &Definitions, tree: &mut Tree, node: fhir::NodeId, ty: TypeId, tape: &mut Tape, depth: usize) {
    for element in d.elements(ty).collect::<Vec<_>>() {
        let facts = element.xml.clone().unwrap_or_default();
        let count = if element.repeats() { *tape.pick(&[0, 0, 1, 2]) } else { *tape.pick(&[0, 1, 1]) };
        for _ in 0..if depth == 0 { 0 } else { count } {
            let child = tree.add(node, &element.name, element.repeats());
            let texts = ["a", " ", "å\t<&>\"]]>\r\n", " x\ny ", "\n"];
            let text = match (facts.form, d.json_kind(element.types[0])) {
                (XmlForm::Attribute, _) if element.repeats() => tape.pick(&["a", "b.1", "å"]),
                (XmlForm::Markup, _) => "<text xmlns=\"urn:hl7-org:v3\"><a b='1'/>&#10; x</text>",
                (_, Kind::Number) => tape.pick(&["1", "-2.50", "1e3"]),
                (_, Kind::Boolean) => "true",
                (XmlForm::Text, _) => tape.pick(&texts),
                (_, Kind::String) => tape.pick(&["", "b", texts[2], texts[3]]),
                _ => {
                    let mut own = element.types[0];
                    if facts.typed {
                        let all: Vec<TypeId> = d.types().filter(|&t| d.is_a(t, own)).collect();
                        own = *tape.pick(&all);
                        tree.add_text(child, "xsi:type", false, &d.type_name(own).replace('-', "_"));
                    }
                    fill(d, tree, child, own, tape, depth - 1);
                    continue;
                }
            };
            tree.set(child, d.json_kind(element.types[0]), text);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn any_document_comes_back_as_it_was(choices in proptest::collection::vec(any::<u16>(), 0..200), clinic in any::<bool>()) {
        let (d, root) = if clinic { (clinical(), "ClinicalDocument") } else { (letters(), "Envelope") };
        let mut tree = Tree::new(root);
        let (top, ty) = (tree.root(), d.type_id(root).unwrap());
        fill(&d, &mut tree, top, ty, &mut Tape(choices.into_iter()), 6);
        d.annotate_as(&mut tree, ty);
        round(&d, root, &json::write(&tree, Form::Plain));
    }
}
