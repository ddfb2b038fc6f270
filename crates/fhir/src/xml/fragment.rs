//! One element of markup that stands on its own, looked through piece by piece.
//!
//! Invariant: what is found right is one well-formed element of the right name that needs no
//! declaration from outside, so that nothing can break out of its place. Deliberately absent: what its
//! inner elements may be (the caller looks).

use super::scope::{Named, Scope};
use super::text::reference;
use super::token::{Token, Tokens};

/// More than a reader allows, because it may have added the declarations that it found outside.
const MOST_ATTRIBUTES: usize = 256;
const UNDECLARED: &str = "a prefix or default namespace that the markup itself does not declare";

/// What is met on the way.
pub(super) enum Piece<'p> {
    /// An element begins: its namespace, name and attributes without declarations.
    Element { namespace: &'p str, name: &'p str, attributes: &'p [Named<'p>] },
    /// Text in it.
    Text(&'p str),
}

/// Looks through the text, which is one element of this name and namespace. `Err` says what is wrong.
pub(super) fn walk(
    text: &str,
    namespace: &str,
    name: &str,
    look: &mut dyn FnMut(Piece<'_>) -> Result<(), &'static str>,
) -> Result<(), &'static str> {
    let mut tokens = Tokens::new(text).map_err(|f| f.message)?;
    let mut scope = Scope::default();
    let mut marks = Vec::new();
    let mut end = 0;
    loop {
        let (token, at) = tokens.next().map_err(|f| f.message)?;
        match token {
            Token::Start(tag) => {
                let mark = scope.mark();
                let attributes = scope.enter(&tag, MOST_ATTRIBUTES).map_err(|f| f.message)?;
                let uri = match scope.find(tag.prefix) {
                    Some((None, _)) if tag.prefix.is_empty() => return Err(UNDECLARED),
                    found => found.ok_or(UNDECLARED)?.1,
                };
                if marks.is_empty() && (at.start != 0 || uri != namespace || tag.local != name) {
                    return Err(
                        "the markup is not the one element that the model names; declare its namespace in it",
                    );
                }
                look(Piece::Element { namespace: uri, name: tag.local, attributes: &attributes })?;
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
                let character = reference(name, 0).map_err(|f| f.message)?;
                look(Piece::Text(character.encode_utf8(&mut [0; 4])))?;
            }
            Token::Text(text) | Token::Data(text) => look(Piece::Text(text))?,
            Token::Eof if end == text.len() => return Ok(()),
            Token::Eof => return Err("something follows the markup's element; take it out"),
        }
    }
}
