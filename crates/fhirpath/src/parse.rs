//! Tokens to a [`Program`]: precedence climbing over the official grammar's levels.
//!
//! Invariant: recursion is bounded by [`MAX_NESTING`]; hostile text gives an error, never a full
//! stack. Deliberately absent: knowledge of models; any name may be an element.

use crate::ast::{Id, Node, Op, Program, SIGN_LEVEL, TYPE_LEVEL, TypeName};
use crate::decimal::Decimal;
use crate::error::SyntaxError;
use crate::functions;
use crate::functions::pattern;
use crate::lex::{Token, lex};
use crate::moment;
use crate::quantity::{Quantity, Unit};
use crate::value::Value;
use fhir::Key;

/// How deep parentheses, arguments and right operands may nest.
const MAX_NESTING: usize = 96;
/// How long an expression may be, in bytes.
const MAX_TEXT: usize = 1 << 18;

/// Parses a whole text.
pub(crate) fn program(text: &str) -> Result<Program, SyntaxError> {
    if text.len() > MAX_TEXT {
        return Err(SyntaxError::new(0, "the expression is too long"));
    }
    let mut parser = Parser {
        tokens: lex(text)?,
        at: 0,
        nesting: 0,
        program: Program {
            text: text.to_string(),
            nodes: Vec::new(),
            offsets: Vec::new(),
            root: 0,
            patterns: Vec::new(),
        },
    };
    let root = parser.expression(0)?;
    if *parser.peek() != Token::End {
        return Err(parser.unexpected("an operator or the end"));
    }
    parser.program.root = root;
    Ok(parser.program)
}

struct Parser {
    tokens: Vec<(usize, Token)>,
    at: usize,
    nesting: usize,
    program: Program,
}

type Parsed<T> = Result<T, SyntaxError>;

impl Parser {
    fn peek(&self) -> &Token {
        self.tokens.get(self.at).map_or(&Token::End, |(_, t)| t)
    }

    fn peek_after(&self) -> &Token {
        self.tokens.get(self.at + 1).map_or(&Token::End, |(_, t)| t)
    }

    fn offset(&self) -> usize {
        self.tokens.get(self.at).or(self.tokens.last()).map_or(0, |(o, _)| *o)
    }

    fn next(&mut self) -> Token {
        let token = self.peek().clone();
        self.at += 1;
        token
    }

    fn unexpected(&self, wanted: &str) -> SyntaxError {
        let found = match self.peek() {
            Token::End => "the expression ends here",
            _ => "this is unexpected",
        };
        SyntaxError::new(self.offset(), format!("{found}; {wanted} is needed"))
    }

    fn is_sign(&self, sign: &str) -> bool {
        matches!(self.peek(), Token::Sign(s) if *s == sign)
    }

    fn eat(&mut self, sign: &str) -> bool {
        let hit = self.is_sign(sign);
        self.at += usize::from(hit);
        hit
    }

    fn need(&mut self, sign: &str) -> Parsed<()> {
        if self.eat(sign) { Ok(()) } else { Err(self.unexpected(&format!("`{sign}`"))) }
    }

    fn add(&mut self, offset: usize, node: Node) -> Id {
        self.program.nodes.push(node);
        self.program.offsets.push(offset as u32);
        (self.program.nodes.len() - 1) as Id
    }

    /// An expression whose binary operators all bind at least as strongly as `level`.
    fn expression(&mut self, level: u8) -> Parsed<Id> {
        self.nesting += 1;
        if self.nesting > MAX_NESTING {
            return Err(SyntaxError::new(self.offset(), "the expression is nested too deeply"));
        }
        let mut left = self.operand()?;
        loop {
            let offset = self.offset();
            if let Token::Name { text, quoted: false } = self.peek()
                && (text == "is" || text == "as")
            {
                if TYPE_LEVEL < level {
                    break;
                }
                let cast = text == "as";
                self.at += 1;
                let ty = self.type_name()?;
                left = self.add(offset, Node::Test { of: left, ty, cast });
                continue;
            }
            let op = match self.peek() {
                Token::Sign(sign) => Op::of_sign(sign),
                Token::Name { text, quoted: false } => Op::of_word(text),
                _ => None,
            };
            let Some(op) = op.filter(|op| op.level() >= level) else { break };
            self.at += 1;
            let right = self.expression(op.level() + 1)?;
            left = self.add(offset, Node::Binary { op, left, right });
        }
        self.nesting -= 1;
        Ok(left)
    }

    fn operand(&mut self) -> Parsed<Id> {
        let offset = self.offset();
        if self.is_sign("-") || self.is_sign("+") {
            let negative = self.is_sign("-");
            self.at += 1;
            let of = self.expression(SIGN_LEVEL)?;
            return Ok(self.add(offset, Node::Sign { negative, of }));
        }
        let mut at = self.term()?;
        loop {
            let offset = self.offset();
            if self.eat(".") {
                at = self.invocation(Some(at))?;
            } else if self.eat("[") {
                let index = self.expression(0)?;
                self.need("]")?;
                at = self.add(offset, Node::At { from: at, index });
            } else {
                return Ok(at);
            }
        }
    }

    fn term(&mut self) -> Parsed<Id> {
        let offset = self.offset();
        match self.peek() {
            Token::Sign("(") => {
                self.at += 1;
                let inner = self.expression(0)?;
                self.need(")")?;
                Ok(inner)
            }
            Token::Sign("{") => {
                self.at += 1;
                self.need("}")?;
                Ok(self.add(offset, Node::Empty))
            }
            Token::Text(_) | Token::Number(_) | Token::Moment(_) => {
                let value = self.literal()?;
                Ok(self.add(offset, Node::Literal(value)))
            }
            Token::Variable(name) => {
                let name = name.as_str().into();
                self.at += 1;
                Ok(self.add(offset, Node::Variable(name)))
            }
            Token::Name { text, quoted: false } if text == "true" || text == "false" => {
                let value = Value::Boolean(text == "true");
                self.at += 1;
                Ok(self.add(offset, Node::Literal(value)))
            }
            Token::Name { text, quoted: false }
                if Op::of_word(text).is_some() && text != "in" && text != "contains" =>
            {
                Err(self.unexpected("an operand"))
            }
            _ => self.invocation(None),
        }
    }

    /// A name, a function call or `$this` and its like, standing after `from`.
    fn invocation(&mut self, from: Option<Id>) -> Parsed<Id> {
        let offset = self.offset();
        match self.next() {
            Token::Name { text, quoted } => {
                if !quoted && self.eat("(") {
                    return self.call(from, offset, text);
                }
                let key = Key::new(&text);
                if let Some(Node::Path { names, places, .. }) =
                    from.and_then(|f| self.program.nodes.get_mut(f as usize))
                {
                    names.push(key);
                    places.push(offset as u32);
                    return Ok(from.unwrap_or_default());
                }
                if let Some(Node::This) = from.map(|f| self.program.node(f)) {
                    return Ok(self.add(
                        offset,
                        Node::Path {
                            from: None,
                            names: vec![key],
                            places: vec![offset as u32],
                            head: false,
                            typed: false,
                        },
                    ));
                }
                let head = from.is_none();
                let typed = head && text.starts_with(|c: char| c.is_ascii_uppercase());
                let places = vec![offset as u32];
                Ok(self.add(offset, Node::Path { from, names: vec![key], places, head, typed }))
            }
            Token::Special(name) => {
                let node = match name.as_str() {
                    "this" => Node::This,
                    "index" => Node::Index,
                    "total" => Node::Total,
                    _ => return Err(SyntaxError::new(offset, "there are only $this, $index and $total")),
                };
                if from.is_some() {
                    return Err(SyntaxError::new(offset, "nothing may stand before $this and its like"));
                }
                Ok(self.add(offset, node))
            }
            _ => {
                self.at -= 1;
                Err(self.unexpected(if from.is_some() { "a name" } else { "an operand" }))
            }
        }
    }

    fn call(&mut self, from: Option<Id>, offset: usize, name: String) -> Parsed<Id> {
        let Some(function) = functions::find(&name) else {
            let args = self.arguments()?;
            return Ok(self.add(offset, Node::Host { from, name: name.into(), args }));
        };
        let args = if matches!(function.name, "is" | "as" | "ofType") {
            let here = self.offset();
            let ty = self.type_name()?;
            self.need(")")?;
            vec![self.add(here, Node::Type(ty))]
        } else {
            self.arguments()?
        };
        let (min, max) = (usize::from(function.min), usize::from(function.max));
        if args.len() < min || args.len() > max {
            let wanted = if min == max { min.to_string() } else { format!("{min} to {max}") };
            let message = format!("{name}() takes {wanted} arguments, there are {}", args.len());
            return Err(SyntaxError::new(offset, message));
        }
        let literal = args.first().and_then(|&a| match self.program.node(a) {
            Node::Literal(Value::String(text)) if function.pattern => pattern::compile(function.name, text),
            _ => None,
        });
        let id = self.add(offset, Node::Call { from, function, args });
        if let Some(regex) = literal {
            self.program.patterns.push((id, regex));
        }
        Ok(id)
    }

    /// Arguments up to and with the closing parenthesis.
    fn arguments(&mut self) -> Parsed<Vec<Id>> {
        let mut args = Vec::new();
        if self.eat(")") {
            return Ok(args);
        }
        loop {
            args.push(self.expression(0)?);
            if self.eat(")") {
                return Ok(args);
            }
            self.need(",")?;
        }
    }

    fn type_name(&mut self) -> Parsed<TypeName> {
        let first = self.plain_name()?;
        // `x is Boolean.not()` would be a call on the result; only a plain name qualifies.
        let more = self.is_sign(".") && matches!(self.peek_after(), Token::Name { .. });
        let calls = matches!(self.tokens.get(self.at + 2), Some((_, Token::Sign("("))));
        if !more || calls {
            return Ok(TypeName::new(None, first));
        }
        self.at += 1;
        let name = self.plain_name()?;
        Ok(TypeName::new(Some(first), name))
    }

    fn plain_name(&mut self) -> Parsed<String> {
        match self.next() {
            Token::Name { text, .. } => Ok(text),
            _ => {
                self.at -= 1;
                Err(self.unexpected("a type's name"))
            }
        }
    }

    fn literal(&mut self) -> Parsed<Value<'static>> {
        let offset = self.offset();
        match self.next() {
            Token::Text(text) => Ok(Value::String(text.into())),
            Token::Moment(text) => moment::literal(&text)
                .ok_or_else(|| SyntaxError::new(offset, "there is no such date or time")),
            Token::Number(text) => {
                let unit = match self.peek() {
                    Token::Text(unit) => Some(Unit::coded(unit)),
                    Token::Name { text, quoted: false } => Unit::calendar(text),
                    _ => None,
                };
                let too_large = || SyntaxError::new(offset, "this number is too large");
                let number = Decimal::parse(&text).ok_or_else(too_large)?;
                if let Some(unit) = unit {
                    self.at += 1;
                    return Ok(Value::Quantity(Box::new(Quantity { value: number, unit })));
                }
                if text.contains('.') {
                    return Ok(Value::Decimal(number));
                }
                text.parse().map(Value::Integer).map_err(|_| too_large())
            }
            _ => Err(SyntaxError::new(offset, "a literal is needed")),
        }
    }
}
