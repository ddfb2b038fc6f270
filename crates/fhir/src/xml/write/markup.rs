//! Markup that goes into the document as it is: narrative.
//!
//! Invariant: what is let through is one well-formed element of the right name that needs no
//! declaration from outside, so that nothing can break out of its place. Deliberately absent: XHTML's
//! own rules (validation's), and any change to the text except white space around it.

use super::Writer;
use crate::tree::NodeId;
use crate::xml::scope::Scope;
use crate::xml::text::reference;
use crate::xml::token::{Token, Tokens};

impl Writer<'_, '_> {
    pub(super) fn markup(&mut self, node: NodeId, namespace: &str, name: &str) {
        let text = self.tree.text(node).unwrap_or_default().trim_matches([' ', '\t', '\n', '\r']);
        if self.tree.children(node).next().is_some() {
            return self.fault(
                "xml-markup",
                node,
                "markup has no id or extensions of its own in XML; take them out",
            );
        }
        match check(text, namespace, name) {
            Ok(()) => self.out.push_str(text),
            Err(message) => self.fault("xml-markup", node, message),
        }
    }
}

/// Is the text one element of this name that stands on its own?
fn check(text: &str, namespace: &str, name: &str) -> Result<(), &'static str> {
    let mut tokens = Tokens::new(text).map_err(|f| f.message)?;
    let mut scope = Scope::default();
    let mut marks = Vec::new();
    let mut end = 0;
    loop {
        let (token, at) = tokens.next().map_err(|f| f.message)?;
        match token {
            Token::Start(tag) => {
                let mark = scope.mark();
                scope.enter(&tag, MOST_ATTRIBUTES).map_err(|f| f.message)?;
                let uri = match scope.find(tag.prefix) {
                    Some((None, _)) if tag.prefix.is_empty() => return Err(UNDECLARED),
                    found => found.ok_or(UNDECLARED)?.1,
                };
                if marks.is_empty() && (at.start != 0 || uri != namespace || tag.local != name) {
                    return Err(
                        "the markup is not the one element that the model names; declare its namespace in it",
                    );
                }
                match tag.empty {
                    true => scope.reset(mark),
                    false => marks.push(mark),
                }
                end = at.end;
            }
            Token::End => {
                scope.reset(marks.pop().unwrap_or_default());
                end = at.end;
            }
            Token::Reference(name) => {
                reference(name, 0).map_err(|f| f.message)?;
            }
            Token::Text(_) | Token::Data(_) => {}
            Token::Eof if end == text.len() => return Ok(()),
            Token::Eof => return Err("something follows the markup's element; take it out"),
        }
    }
}

/// More than a reader allows, because it may have added the declarations that it found outside.
const MOST_ATTRIBUTES: usize = 256;
const UNDECLARED: &str = "a prefix or default namespace that the markup itself does not declare";
