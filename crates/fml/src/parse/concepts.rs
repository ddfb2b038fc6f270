//! Embedded concept maps: `conceptmap "#id" { prefix …  unmapped …  s:a == t:b }`.
//!
//! Invariant: prefixes are kept as written; whether they are declared is asked at compile time.
//! Deliberately absent: `dependsOn` and `product`, which the text form cannot say.

use super::{Cursor, Parsed};
use crate::ast::{CodePair, ConceptMap, Equivalence, Name, Unmapped};
use crate::lex::Kind;

impl Cursor {
    pub(super) fn concept_map(&mut self, mut documentation: Vec<String>) -> Parsed<ConceptMap> {
        self.take();
        let url = self.url("the concept map's address in quotes")?;
        self.need_sign("{", "after the concept map's address")?;
        let mut map =
            ConceptMap { url, prefixes: vec![], pairs: vec![], unmapped: vec![], documentation: vec![] };
        while !self.take_sign("}") {
            self.document(&mut documentation);
            if self.is_word("prefix") && matches!(self.peek_at(1).kind, Kind::Word | Kind::Ticked) {
                self.take();
                let prefix = self.identifier("a prefix")?;
                self.need_sign("=", "after the prefix")?;
                map.prefixes.push((prefix, self.url("a code system's address in quotes")?));
            } else if self.is_word("unmapped") && self.word_at(1, "for") {
                map.unmapped.push(self.unmapped()?);
            } else {
                map.pairs.push(self.pair()?);
            }
            self.take_sign(";");
        }
        self.document_end(&mut documentation);
        map.documentation = documentation;
        Ok(map)
    }

    fn unmapped(&mut self) -> Parsed<(Name, Unmapped)> {
        self.take();
        self.take();
        let prefix = self.identifier("a prefix")?;
        self.need_sign("=", "after the prefix")?;
        let quoted = self.peek().kind == Kind::Text;
        let word = self.identifier_or_text("`provided`, `fixed`, `other` or a code in quotes")?;
        let mode = match word.text.as_str() {
            _ if quoted => Unmapped::Fixed(word),
            "provided" => Unmapped::Provided,
            "fixed" => Unmapped::Fixed(self.identifier_or_text("a code")?),
            "other" => Unmapped::Other(self.url("a concept map's address in quotes")?),
            _ => {
                self.at -= 1;
                return Err(self.wrong("`provided`, `fixed`, `other` or a code in quotes"));
            }
        };
        Ok((prefix, mode))
    }

    fn pair(&mut self) -> Parsed<CodePair> {
        let source = self.code()?;
        let equivalence = match self.peek().kind {
            Kind::Sign("-") => Equivalence::RelatedTo,
            Kind::Sign("==") => Equivalence::Equivalent,
            Kind::Sign("=") => Equivalence::Equal,
            Kind::Sign("<=") => Equivalence::Wider,
            Kind::Sign("<-") => Equivalence::Subsumes,
            Kind::Sign(">=") => Equivalence::Narrower,
            Kind::Sign(">-") => Equivalence::Specializes,
            Kind::Sign("~") => Equivalence::Inexact,
            Kind::Sign("--") => Equivalence::Unmatched,
            Kind::Sign("!=") => Equivalence::Disjoint,
            _ => return Err(self.wrong("`-`, `==` or another relation between the codes")),
        };
        self.take();
        let target = match equivalence {
            Equivalence::Unmatched => None,
            _ => Some(self.code()?),
        };
        Ok(CodePair { source, target, equivalence })
    }

    fn code(&mut self) -> Parsed<(Name, Name)> {
        let prefix = self.identifier("a prefix")?;
        self.need_sign(":", "between prefix and code")?;
        let code = match self.peek().kind {
            Kind::Integer | Kind::Decimal => {
                let token = self.take();
                self.name_of(token)
            }
            _ => self.identifier_or_text("a code")?,
        };
        Ok((prefix, code))
    }
}
