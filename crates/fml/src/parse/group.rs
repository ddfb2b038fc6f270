//! Groups: name, inputs, `extends`, type mode, and the block of rules that rules nest too.
//!
//! Invariant: a broken rule is skipped to its end, the next one is still read. Deliberately absent:
//! what a rule looks like inside (see `rule`).

use super::{Cursor, DEEPEST, Parsed, place};
use crate::ast::{Group, Input, InputMode, Name, Rule, TypeMode};
use crate::lex::Kind;

impl Cursor {
    pub(super) fn group(&mut self, mut documentation: Vec<String>) -> Parsed<Group> {
        self.take();
        let name = self.identifier("the group's name")?;
        self.need_sign("(", "after the group's name")?;
        let mut inputs = vec![self.input()?];
        while self.take_sign(",") {
            inputs.push(self.input()?);
        }
        self.need_sign(")", "after the inputs")?;
        let extends = if self.take_word("extends") { Some(self.identifier("a group's name")?) } else { None };
        let type_mode = self.type_mode()?;
        self.document(&mut documentation);
        self.need_sign("{", "before the rules")?;
        let (rules, closing) = self.rules();
        Ok(Group { name, inputs, extends, type_mode, rules, documentation, closing })
    }

    fn input(&mut self) -> Parsed<Input> {
        let mode = match () {
            () if self.take_word("source") => InputMode::Source,
            () if self.take_word("target") => InputMode::Target,
            () => return Err(self.wrong("`source` or `target`")),
        };
        let name = self.identifier("the input's name")?;
        let ty = if self.take_sign(":") { Some(self.type_name()?) } else { None };
        Ok(Input { mode, name, ty })
    }

    /// `Patient`, `FHIR.Patient`, `"CD"`.
    pub(super) fn type_name(&mut self) -> Parsed<Name> {
        let mut name = self.identifier_or_text("a type")?;
        while self.is_sign(".") && matches!(self.peek_at(1).kind, Kind::Word | Kind::Ticked) {
            self.take();
            let next = self.identifier("a type after `.`")?;
            name.text = format!("{}.{}", name.text, next.text);
            name.place = place(name.place.start as usize, next.place.end as usize);
        }
        Ok(name)
    }

    fn type_mode(&mut self) -> Parsed<Option<TypeMode>> {
        if !self.take_sign("<<") {
            return Ok(None);
        }
        let mode = match () {
            () if self.take_word("types") => TypeMode::Types,
            () if self.is_word("type") => {
                self.take();
                self.need_sign("+", "after `type`")?;
                TypeMode::TypeAndTypes
            }
            () => return Err(self.wrong("`types` or `type+`")),
        };
        self.need_sign(">>", "after the type mode")?;
        Ok(Some(mode))
    }

    /// The rules after `{`, which was taken, to `}`, which is taken too; and the comments before it.
    pub(super) fn rules(&mut self) -> (Vec<Rule>, Vec<String>) {
        let mut rules = Vec::new();
        if self.depth >= DEEPEST {
            self.wrong("no more than 64 blocks inside one another");
            self.at = self.tokens.len();
            return (rules, Vec::new());
        }
        self.depth += 1;
        let closing = loop {
            let documentation = self.documentation();
            if self.take_sign("}") {
                break documentation;
            }
            if self.peek().kind == Kind::End {
                self.wrong("`}` after the rules");
                break documentation;
            }
            let start = self.at;
            match self.rule(documentation) {
                Ok(rule) => rules.push(rule),
                Err(_) => self.skip_rule(start),
            }
        };
        self.depth -= 1;
        (rules, closing)
    }

    /// To after the `;` that ends the broken rule, or before the `}` that ends the block.
    fn skip_rule(&mut self, start: usize) {
        let mut depth = 0usize;
        self.at = self.at.max(start);
        loop {
            match self.peek().kind {
                Kind::End => return,
                Kind::Sign(";") if depth == 0 => {
                    self.take();
                    return;
                }
                Kind::Sign("{") => depth += 1,
                Kind::Sign("}") if depth == 0 => {
                    return;
                }
                Kind::Sign("}") => depth -= 1,
                _ => {}
            }
            self.take();
        }
    }
}
