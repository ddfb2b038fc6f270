//! A minimal document tree over quick-xml, for test data only.
//!
//! Invariant: well-formed input. Deliberately absent: namespaces, everything hostile.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

#[derive(Default, Debug)]
pub struct Element {
    pub name: String,
    pub attributes: Vec<(String, String)>,
    pub children: Vec<Element>,
    pub text: String,
    /// The source between start and end tag, for xhtml.
    pub inner: String,
}

impl Element {
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    pub fn children(&self, name: &str) -> impl Iterator<Item = &Element> {
        self.children.iter().filter(move |c| c.name == name)
    }
}

fn start(e: &BytesStart<'_>) -> Element {
    Element {
        name: e.name().as_ref().to_string(),
        attributes: e
            .attributes()
            .map(|a| a.unwrap())
            .map(|a| (a.key.as_ref().to_string(), unescape(&a.value)))
            .collect(),
        ..Element::default()
    }
}

fn unescape(text: &str) -> String {
    quick_xml::escape::unescape(text).unwrap().into_owned()
}

pub fn parse(text: &str) -> Element {
    let mut reader = Reader::from_str(text.trim_start_matches('\u{feff}'));
    let mut open: Vec<(Element, usize)> = vec![(Element::default(), 0)];
    loop {
        let before = reader.buffer_position() as usize;
        let event = reader.read_event().unwrap();
        let after = reader.buffer_position() as usize;
        match event {
            Event::Start(e) => open.push((start(&e), after)),
            Event::Empty(e) => open.last_mut().unwrap().0.children.push(start(&e)),
            Event::End(_) => {
                let (mut done, from) = open.pop().unwrap();
                done.inner = text[from..before].to_string();
                open.last_mut().unwrap().0.children.push(done);
            }
            Event::Text(t) => open.last_mut().unwrap().0.text.push_str(&t.into_inner()),
            Event::CData(t) => open.last_mut().unwrap().0.text.push_str(&t.into_inner()),
            Event::GeneralRef(r) => {
                let entity = format!("&{};", &*r);
                open.last_mut().unwrap().0.text.push_str(&unescape(&entity));
            }
            Event::Eof => return open.pop().unwrap().0.children.pop().unwrap(),
            _ => {}
        }
    }
}
