//! Properties of XML that hold for any input: no panic, and nothing lost between tree and text.
//!
//! Invariant: each property runs on generated input without a fixed list of cases. Deliberately
//! absent: anything that needs the external suites.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use fhir::json::{self, Form};
use fhir::xml::{Limits, read, write, write_pretty};
use fhir::{Definitions, Kind, NodeId, Tree, TypeId, position};
use proptest::prelude::*;

fn limits() -> Limits {
    Limits { max_bytes: 1 << 20, max_depth: 64, max_nodes: 100_000 }
}

/// Choices made before the resource is built; none left means the smallest choice.
struct Tape(std::vec::IntoIter<u16>);

impl Tape {
    fn pick(&mut self, of: usize) -> usize {
        self.0.next().map_or(0, usize::from) % of.max(1)
    }
}

const TEXTS: [&str; 12] = [
    "a",
    "",
    " ",
    "å😀",
    "<b>&amp;",
    "\"'",
    "]]>",
    "a\tb\nc\rd\r\n",
    " x ",
    "\u{7f}\u{85}\u{2028}",
    "<!--",
    "&#0;",
];
const NUMBERS: [&str; 6] = ["0", "1.10", "-3", "1e5", "1.0E-22", "100000000000000000000"];
const DIVS: [&str; 4] = [
    "<div xmlns=\"http://www.w3.org/1999/xhtml\"/>",
    "<div xmlns=\"http://www.w3.org/1999/xhtml\"><p id='a'>å &lt; &#160;<br /></p>\r\n<!-- c --><![CDATA[<]]></div >",
    "<h:div xmlns:h='http://www.w3.org/1999/xhtml'><h:p title=\">\"/></h:div>",
    "<div xmlns=\"http://www.w3.org/1999/xhtml\" xmlns:x=\"u\"><x:y x:z=\"1\" xml:lang=\"sv\"/></div>",
];

/// Fills a node of this type with some of the elements that the definitions allow.
fn fill(tree: &mut Tree, node: NodeId, ty: TypeId, tape: &mut Tape, depth: usize) {
    let d = Definitions::r4();
    if d.type_name(ty) == "xhtml" {
        tree.set(node, Kind::String, DIVS[tape.pick(DIVS.len())]);
        return;
    }
    let bare = d.is_primitive(ty) && tape.pick(4) == 3;
    match d.json_kind(ty) {
        Kind::Object => {}
        _ if bare => tree.set_kind(node, Kind::Null),
        Kind::Number => tree.set(node, Kind::Number, NUMBERS[tape.pick(NUMBERS.len())]),
        Kind::Boolean => tree.set(node, Kind::Boolean, ["true", "false"][tape.pick(2)]),
        kind => tree.set(node, kind, TEXTS[tape.pick(TEXTS.len())]),
    }
    if depth == 0 || (d.is_primitive(ty) && !bare && tape.pick(4) != 3) {
        return;
    }
    for element in d.elements(ty).collect::<Vec<_>>() {
        let some = tape.pick(6);
        let count = if element.repeats() { some.saturating_sub(3) } else { usize::from(some > 3) };
        let choice = element.types[tape.pick(element.types.len())];
        let mut name = element.name.to_string();
        if element.choice {
            let suffix = d.type_name(choice);
            name.push_str(&suffix[..1].to_uppercase());
            name.push_str(&suffix[1..]);
        }
        for _ in 0..count {
            let attribute = matches!((d.type_name(ty), &*name), ("Extension", "url"))
                || (!d.is_resource(ty) && name == "id");
            let child = tree.add(node, &name, element.repeats());
            match d.is_resource(choice) {
                true => resource(tree, child, tape, depth - 1),
                false if attribute => tree.set(child, Kind::String, TEXTS[tape.pick(TEXTS.len())]),
                false => fill(tree, child, choice, tape, depth - 1),
            }
        }
    }
}

fn resource(tree: &mut Tree, node: NodeId, tape: &mut Tape, depth: usize) {
    let d = Definitions::r4();
    let all: Vec<TypeId> = d.types().filter(|&t| d.is_resource(t) && !d.is_abstract(t)).collect();
    let ty = all[tape.pick(all.len())];
    tree.add_text(node, "resourceType", false, d.type_name(ty));
    fill(tree, node, ty, tape, depth);
}

fn built(choices: Vec<u16>) -> Tree {
    let mut tape = Tape(choices.into_iter());
    let mut tree = Tree::new("x");
    let root = tree.root();
    resource(&mut tree, root, &mut tape, 4);
    let name = tree.child_text(root, "resourceType").unwrap().to_string();
    tree.rename(root, &name);
    tree
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn any_resource_comes_back_as_it_was(choices in proptest::collection::vec(any::<u16>(), 0..600)) {
        let mut tree = built(choices);
        let d = Definitions::r4();
        let want = json::write(&tree, Form::Fhir);
        let text = write(&tree, d).unwrap_or_else(|f| panic!("{}", f[0]));
        let again = read(text.as_bytes(), d, None, &limits()).unwrap_or_else(|f| panic!("{}\n{text}", f[0]));
        prop_assert_eq!(&json::write(&again, Form::Fhir), &want);
        let pretty = write_pretty(&tree, d).unwrap();
        let third = read(pretty.as_bytes(), d, None, &limits()).unwrap_or_else(|f| panic!("{}\n{pretty}", f[0]));
        prop_assert_eq!(json::write(&third, Form::Fhir), want);
        d.annotate(&mut tree);
        prop_assert_eq!(write(&tree, d).unwrap(), text);
        let types = |tree: &Tree| -> Vec<(TypeId, Option<*const fhir::definitions::Element>)> {
            let mut work = vec![tree.root()];
            let mut out = Vec::new();
            while let Some(id) = work.pop() {
                out.push((tree.type_of(id), d.element_of(tree, id).map(std::ptr::from_ref)));
                work.extend(tree.children(id));
            }
            out
        };
        prop_assert_eq!(types(&tree), types(&again));
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        if let Err(faults) = read(&bytes, Definitions::r4(), None, &limits()) {
            prop_assert!(!faults.is_empty());
            position(&bytes, faults[0].span.start);
        }
    }

    #[test]
    fn no_markup_makes_the_reader_panic(text in "(<|>|/|</|/>|<!--|-->|<\\?|\\?>|<!\\[CDATA\\[|\\]\\]>|&#|&|;|xmlns|:|=|\"|'|Patient|name|text|div| |x|\n){0,40}") {
        for text in [text.clone(), format!("<Patient xmlns=\"http://hl7.org/fhir\">{text}"), format!("<Patient xmlns=\"http://hl7.org/fhir\"><text><div xmlns=\"http://www.w3.org/1999/xhtml\">{text}</div></text></Patient>")] {
            told_or_kept(&text)?;
        }
    }
}

/// What is refused is told with places; what is read is written and read again.
fn told_or_kept(text: &str) -> Result<(), TestCaseError> {
    let d = Definitions::r4();
    match read(text.as_bytes(), d, None, &limits()) {
        Err(faults) => {
            prop_assert!(!faults.is_empty());
            for fault in faults {
                prop_assert!(fault.span.start <= fault.span.end && fault.span.end as usize <= text.len());
                let told = fault.to_string();
                prop_assert!(!told.contains("191212"));
            }
        }
        Ok(tree) => {
            let once = write(&tree, d).unwrap_or_else(|f| panic!("{}\n{text}", f[0]));
            let again =
                read(once.as_bytes(), d, None, &limits()).unwrap_or_else(|f| panic!("{}\n{once}", f[0]));
            prop_assert_eq!(json::write(&tree, Form::Fhir), json::write(&again, Form::Fhir));
            prop_assert_eq!(write(&again, d).unwrap(), once);
        }
    }
    Ok(())
}

const MESSAGE: &str = concat!(
    r##"<?xml version="1.0" encoding="UTF-8"?><Bundle xmlns="http://hl7.org/fhir" xmlns:h="http://www.w3.org/1999/xhtml"><type value="message"/>"##,
    r##"<entry><fullUrl value="urn:uuid:1"/><resource><MessageHeader><eventUri value="http://e"/><source><endpoint value="http://s"/></source>"##,
    r##"<focus><reference value="191212121212"/></focus></MessageHeader></resource></entry><entry><resource><Patient><text><status value="generated"/>"##,
    r##"<h:div>191212121212 &amp; <h:br/><p xmlns="u" h:x="1"/></h:div></text><contained><Organization><id value="o"/></Organization></contained>"##,
    r##"<extension url="http://x" id="a"><valueDecimal value="1.50"/></extension><!-- c --><name><given value="A&#10;B"/>"##,
    r##"<given><extension url="u"><valueCode value="y"/></extension></given></name><birthDate value="2010-01-01"/>"##,
    r##"<multipleBirthInteger value="2"/></Patient></resource></entry></Bundle>"##
);

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(3000) })]

    /// Cuts, doubles and overwrites pieces of a message, and looks at what is left of it.
    #[test]
    fn damaged_messages_are_told_about(edits in proptest::collection::vec((any::<usize>(), 0usize..40, any::<usize>(), 0usize..60, "[<>/\"'=&;:# a-z]{0,4}"), 1..4)) {
        let mut text = MESSAGE.to_string();
        for (at, length, from, copied, with) in edits {
            let at = at % text.len();
            let end = (at + length).min(text.len());
            let from = from % MESSAGE.len();
            let piece = &MESSAGE[from..(from + copied).min(MESSAGE.len())];
            text.replace_range(at..end, &format!("{with}{piece}"));
        }
        told_or_kept(&text)?;
    }
}
