//! Tokens to a [`Map`]: the declarations at the top of a map, and the cursor all parsing uses.
//!
//! Both R4 and R5 syntax are read, in any mixture. Invariants: never panics; after an error it goes
//! on at the next rule or declaration, so that one run reports all syntax errors. Deliberately
//! absent: any question whether names exist (see `compile`).

mod comments;
mod concepts;
pub(crate) mod fragment;
mod group;
mod rule;

pub use comments::comments;
pub(crate) use rule::plain_call;

use crate::ast::{
    Constant, Expression, Import, Literal, LiteralKind, Map, Metadata, ModelMode, Name, Place, Structure,
};
use crate::diagnostic::{Diagnostic, Source};
use crate::fmt;
use crate::lex::{self, Kind, Token};

/// Parses one map. All syntax errors come at once.
pub fn parse(file: &str, text: &str) -> Result<Map, Vec<Diagnostic>> {
    if u32::try_from(text.len()).is_err() {
        let source = Source::new(file, "");
        return Err(vec![source.error(Place::default(), "too-long", "the map is longer than 4 GiB")]);
    }
    let mut cursor = Cursor::new(file, text);
    let map = cursor.map();
    match cursor.diagnostics.is_empty() {
        true => Ok(map),
        false => Err(cursor.diagnostics),
    }
}

/// An error has been recorded; the caller recovers.
pub(crate) struct Stop;

type Parsed<T> = Result<T, Stop>;

/// Nesting of rule blocks beyond which a map is refused rather than the stack trusted.
pub(crate) const DEEPEST: usize = 64;

pub(crate) struct Cursor {
    source: Source,
    tokens: Vec<Token>,
    comments: Vec<(usize, usize)>,
    at: usize,
    /// The first comment not yet given to an item.
    comment: usize,
    depth: usize,
    diagnostics: Vec<Diagnostic>,
}

impl Cursor {
    fn new(file: &str, text: &str) -> Cursor {
        let lexed = lex::lex(text);
        Cursor {
            source: Source::new(file, text),
            tokens: lexed.tokens,
            comments: lexed.comments,
            at: 0,
            comment: 0,
            depth: 0,
            diagnostics: Vec::new(),
        }
    }

    /// What `read` takes, if it takes all there is and finds no fault.
    fn closed<T>(&mut self, read: impl FnOnce(&mut Cursor) -> Parsed<T>) -> Option<T> {
        read(self).ok().filter(|_| self.peek().kind == Kind::End && self.diagnostics.is_empty())
    }

    // ---- looking ----

    fn peek_at(&self, ahead: usize) -> Token {
        let last = Token { kind: Kind::End, start: self.source.text.len(), end: self.source.text.len() };
        self.tokens.get(self.at + ahead).copied().unwrap_or(last)
    }

    fn peek(&self) -> Token {
        self.peek_at(0)
    }

    fn text(&self, token: Token) -> &str {
        self.source.text.get(token.start..token.end).unwrap_or_default()
    }

    fn is_sign(&self, sign: &str) -> bool {
        self.peek().kind == Kind::Sign(sign_of(sign))
    }

    fn is_word(&self, word: &str) -> bool {
        self.word_at(0, word)
    }

    fn word_at(&self, ahead: usize, word: &str) -> bool {
        let token = self.peek_at(ahead);
        token.kind == Kind::Word && self.text(token) == word
    }

    // ---- taking ----

    fn take(&mut self) -> Token {
        let token = self.peek();
        self.at = (self.at + 1).min(self.tokens.len());
        token
    }

    fn take_sign(&mut self, sign: &str) -> bool {
        let found = self.is_sign(sign);
        if found {
            self.take();
        }
        found
    }

    fn take_word(&mut self, word: &str) -> bool {
        let found = self.is_word(word);
        if found {
            self.take();
        }
        found
    }

    fn need_sign(&mut self, sign: &str, after: &str) -> Parsed<()> {
        if self.take_sign(sign) {
            return Ok(());
        }
        Err(self.wrong(&format!("`{sign}` {after}")))
    }

    fn need_word(&mut self, word: &str, after: &str) -> Parsed<()> {
        if self.take_word(word) {
            return Ok(());
        }
        Err(self.wrong(&format!("`{word}` {after}")))
    }

    /// Records that something else was expected here.
    fn wrong(&mut self, expected: &str) -> Stop {
        let token = self.peek();
        let found = match token.kind {
            Kind::End => "the end of the map".to_string(),
            Kind::Unclosed => "a text that is never closed".to_string(),
            _ => format!("`{}`", self.text(token)),
        };
        let message = format!("expected {expected}, found {found}");
        let place = place(token.start, token.end);
        let error = self.source.error(place, "syntax", message);
        self.diagnostics.push(error);
        Stop
    }

    fn name_of(&self, token: Token) -> Name {
        let text = match token.kind {
            Kind::Text | Kind::Ticked | Kind::Markdown => lex::unquote(self.text(token)),
            _ => self.text(token).to_string(),
        };
        Name { text, place: place(token.start, token.end) }
    }

    /// An identifier, in back-ticks or not.
    fn identifier(&mut self, what: &str) -> Parsed<Name> {
        match self.peek().kind {
            Kind::Word | Kind::Ticked => {
                let token = self.take();
                Ok(self.name_of(token))
            }
            _ => Err(self.wrong(what)),
        }
    }

    /// An identifier or a quoted text.
    fn identifier_or_text(&mut self, what: &str) -> Parsed<Name> {
        match self.peek().kind {
            Kind::Word | Kind::Ticked | Kind::Text => {
                let token = self.take();
                Ok(self.name_of(token))
            }
            _ => Err(self.wrong(what)),
        }
    }

    fn url(&mut self, what: &str) -> Parsed<Name> {
        match self.peek().kind {
            Kind::Text | Kind::Ticked => {
                let token = self.take();
                Ok(self.name_of(token))
            }
            _ => Err(self.wrong(what)),
        }
    }

    fn literal(&mut self) -> Option<Literal> {
        let token = self.peek();
        let (kind, text) = match token.kind {
            Kind::Text => (LiteralKind::Text, lex::unquote(self.text(token))),
            Kind::Markdown => (LiteralKind::Markdown, lex::unquote(self.text(token))),
            Kind::Integer => (LiteralKind::Integer, self.text(token).to_string()),
            Kind::Decimal => (LiteralKind::Decimal, self.text(token).to_string()),
            Kind::Moment => (LiteralKind::Moment, self.text(token).trim_start_matches('@').to_string()),
            Kind::Word if matches!(self.text(token), "true" | "false") => {
                (LiteralKind::Boolean, self.text(token).to_string())
            }
            Kind::Sign("-") => return self.negative(),
            _ => return None,
        };
        self.take();
        Some(Literal { kind, text, place: place(token.start, token.end) })
    }

    fn negative(&mut self) -> Option<Literal> {
        let kind = match self.peek_at(1).kind {
            Kind::Integer => LiteralKind::Integer,
            Kind::Decimal => LiteralKind::Decimal,
            _ => return None,
        };
        let (minus, digits) = (self.take(), self.take());
        let text = format!("-{}", self.text(digits));
        Some(Literal { kind, text, place: place(minus.start, digits.end) })
    }

    // ---- expressions ----

    /// The FHIRPath text between two token positions: white space and comments become one space,
    /// `"…"` becomes `'…'`.
    fn expression(&self, from: usize, to: usize) -> Expression {
        let mut text = String::new();
        let mut last = None;
        let tokens = self.tokens.get(from..to).unwrap_or_default();
        for token in tokens {
            // None around a point, unless a number could come of it.
            let digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
            let dot = match token.kind {
                Kind::Sign(".") => !digit(text.chars().next_back()),
                _ => text.ends_with('.') && !digit(self.text(*token).chars().next()),
            };
            if last.is_some_and(|end| end != token.start) && !dot {
                text.push(' ');
            }
            match token.kind {
                Kind::Text => text.push_str(&lex::quote(&lex::unquote(self.text(*token)), '\'')),
                _ => text.push_str(self.text(*token)),
            }
            last = Some(token.end);
        }
        let start = tokens.first().map_or(self.peek().start, |t| t.start);
        Expression { text, place: place(start, last.unwrap_or(start)) }
    }

    /// After an opening bracket was taken: the expression up to its closing bracket, which is
    /// taken too.
    fn bracketed(&mut self) -> Parsed<Expression> {
        let from = self.at;
        let mut depth = 0usize;
        loop {
            match self.peek().kind {
                Kind::Sign("(" | "[") => depth += 1,
                Kind::Sign(")") if depth == 0 => break,
                Kind::Sign(")" | "]") => depth = depth.saturating_sub(1),
                Kind::End | Kind::Unclosed | Kind::Meta => {
                    return Err(self.wrong("`)` after the expression"));
                }
                _ => {}
            }
            self.take();
        }
        let expression = self.expression(from, self.at);
        self.take();
        match expression.text.is_empty() {
            true => Err(self.wrong("an expression before `)`")),
            false => Ok(expression),
        }
    }

    // ---- comments ----

    /// The comments before the next token that no item has yet.
    fn documentation(&mut self) -> Vec<String> {
        let mut out = Vec::new();
        self.document(&mut out);
        out
    }

    fn document(&mut self, out: &mut Vec<String>) {
        let before = self.peek().start;
        while let Some(&(start, end)) = self.comments.get(self.comment).filter(|c| c.0 < before) {
            self.comment += 1;
            comments::lines(&self.source.text[start..end], out);
        }
    }

    /// After an item: the comments inside it, and the one behind it on its last line.
    fn document_end(&mut self, out: &mut Vec<String>) {
        let end = self.tokens.get(self.at.wrapping_sub(1)).map_or(0, |t| t.end);
        while let Some(&(start, stop)) = self.comments.get(self.comment) {
            let behind = start < self.peek().start && !self.source.text[end.min(start)..start].contains('\n');
            if start > end && !behind {
                return;
            }
            self.comment += 1;
            comments::lines(&self.source.text[start..stop], out);
        }
    }

    // ---- the map ----

    fn map(&mut self) -> Map {
        let mut map = Map::default();
        loop {
            let documentation = self.documentation();
            if self.peek().kind == Kind::End {
                map.closing = documentation;
                break;
            }
            let start = self.at;
            if self.declaration(&mut map, documentation).is_err() {
                self.skip_declaration(start);
            }
        }
        self.identify(&mut map);
        map
    }

    fn declaration(&mut self, map: &mut Map, documentation: Vec<String>) -> Parsed<()> {
        let token = self.peek();
        let word = if token.kind == Kind::Word { self.text(token) } else { "" };
        match word {
            "" if token.kind == Kind::Meta => map.metadata.push(self.metadata(documentation)?),
            "map" => self.map_line(map, documentation)?,
            "conceptmap" | "conceptMap" => map.concept_maps.push(self.concept_map(documentation)?),
            "uses" => map.structures.push(self.structure(documentation)?),
            "imports" => map.imports.push(self.import(documentation)?),
            "let" => map.constants.push(self.constant(documentation)?),
            "group" => map.groups.push(self.group(documentation)?),
            _ => return Err(self.wrong("`map`, `conceptmap`, `uses`, `imports`, `let`, `group` or `///`")),
        }
        Ok(())
    }

    fn skip_declaration(&mut self, start: usize) {
        if self.at == start {
            self.take();
        }
        let starts = ["conceptmap", "conceptMap", "uses", "imports", "group", "let"];
        while self.peek().kind != Kind::End && self.peek().kind != Kind::Meta {
            if starts.iter().any(|w| self.is_word(w)) && self.begins_line() {
                return;
            }
            self.take();
        }
    }

    fn begins_line(&self) -> bool {
        let start = self.peek().start;
        let line = self.source.text[..start].rfind('\n').map_or(0, |i| i + 1);
        line == start
    }

    fn map_line(&mut self, map: &mut Map, documentation: Vec<String>) -> Parsed<()> {
        self.take();
        map.documentation.extend(documentation);
        map.declared = true;
        map.url = self.url("the map's address in quotes")?;
        self.need_sign("=", "after the map's address")?;
        map.name = self.identifier_or_text("the map's name")?;
        self.take_sign(";");
        self.document_end(&mut map.documentation);
        Ok(())
    }

    fn metadata(&mut self, documentation: Vec<String>) -> Parsed<Metadata> {
        let mut documentation = documentation;
        self.take();
        let first = self.identifier("an element of StructureMap after `///`")?;
        let mut path = Name { text: fmt::name(&first), place: first.place };
        while self.take_sign(".") {
            let next = self.identifier("an element after `.`")?;
            path.text = format!("{}.{}", path.text, fmt::name(&next));
        }
        let line_end = self.peek().start;
        self.need_sign("=", "after the element")?;
        let same_line = !self.source.text[line_end.min(self.peek().start)..self.peek().start].contains('\n');
        let value = if same_line { self.literal() } else { None };
        if value.is_none() && same_line && self.peek().kind != Kind::End {
            return Err(self.wrong("a constant after `=`"));
        }
        self.document_end(&mut documentation);
        Ok(Metadata { path, value, documentation })
    }

    fn structure(&mut self, mut documentation: Vec<String>) -> Parsed<Structure> {
        self.take();
        let url = self.url("the structure's address in quotes")?;
        let alias = if self.take_word("alias") { Some(self.identifier_or_text("an alias")?) } else { None };
        self.need_word("as", "after the structure")?;
        let mode = self.identifier("`source`, `queried`, `target` or `produced`")?;
        let mode = match mode.text.as_str() {
            "source" => ModelMode::Source,
            "queried" => ModelMode::Queried,
            "target" => ModelMode::Target,
            "produced" => ModelMode::Produced,
            _ => {
                self.at -= 1;
                return Err(self.wrong("`source`, `queried`, `target` or `produced`"));
            }
        };
        self.take_sign(";");
        self.document_end(&mut documentation);
        Ok(Structure { url, alias, mode, documentation })
    }

    fn import(&mut self, mut documentation: Vec<String>) -> Parsed<Import> {
        self.take();
        let url = self.url("an address in quotes")?;
        self.take_sign(";");
        self.document_end(&mut documentation);
        Ok(Import { url, documentation })
    }

    fn constant(&mut self, mut documentation: Vec<String>) -> Parsed<Constant> {
        self.take();
        let name = self.identifier("the constant's name")?;
        self.need_sign("=", "after the constant's name")?;
        let from = self.at;
        while !self.is_sign(";") {
            if matches!(self.peek().kind, Kind::End | Kind::Unclosed | Kind::Meta) {
                return Err(self.wrong("`;` after the constant"));
            }
            self.take();
        }
        let value = self.expression(from, self.at);
        if value.text.is_empty() {
            return Err(self.wrong("an expression before `;`"));
        }
        self.take();
        self.document_end(&mut documentation);
        Ok(Constant { name, value, documentation })
    }

    /// Address and name from the metadata where no `map` line gave them.
    fn name_by_metadata(map: &mut Map) {
        let find = |path: &str| {
            let found = map.metadata.iter().find(|m| m.path.text == path)?;
            let value = found.value.as_ref()?;
            Some(Name { text: value.text.clone(), place: value.place })
        };
        let (url, name) = (find("url"), find("name").or_else(|| find("id")));
        if let (false, Some(url)) = (map.declared, url) {
            map.url = url;
            map.name = name.unwrap_or_default();
        }
    }

    fn identify(&mut self, map: &mut Map) {
        Cursor::name_by_metadata(map);
        let whole = place(0, 0);
        if map.url.text.is_empty() {
            let error = self.source.error(whole, "map-without-url", "the map has no address");
            self.diagnostics
                .push(error.with_remedy("begin with `map \"http://…\" = \"Name\"` or `/// url = '…'`"));
        }
        if map.groups.is_empty() && self.diagnostics.is_empty() {
            let error = self.source.error(whole, "map-without-group", "the map has no group");
            self.diagnostics.push(error.with_remedy("add `group Name(source src, target tgt) { … }`"));
        }
    }
}

pub(crate) fn place(start: usize, end: usize) -> Place {
    Place { start: start as u32, end: end as u32 }
}

/// The static text equal to `sign`; the lexer's table has every sign the parser asks for.
fn sign_of(sign: &str) -> &'static str {
    lex::sign(sign)
}
