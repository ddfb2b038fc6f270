//! The parsed expression: one flat vector of nodes that refer to each other by index.
//!
//! Invariant: a node refers only to nodes before it, and every *right-hand* reference (argument,
//! right operand, index, operand of a sign) nests at most as deep as the parser allows; chains to
//! the left (`a.b.c`, `a or b or c`) may be long and are walked in a loop. So neither evaluation
//! nor dropping can overflow the stack. Deliberately absent: source text of the parts.

use crate::functions::Builtin;
use crate::value::Value;
use fhir::{Definitions, Key, TypeId};
use std::sync::atomic::{AtomicU32, Ordering};

/// Index of a node.
pub(crate) type Id = u32;

/// A type as written: `Quantity`, `System.String`, ``FHIR.`Patient` ``.
#[derive(Debug)]
pub(crate) struct TypeName {
    pub namespace: Option<Box<str>>,
    pub name: Box<str>,
    /// Where definitions had it last.
    last: AtomicU32,
}

impl TypeName {
    pub(crate) fn new(namespace: Option<String>, name: String) -> TypeName {
        let last = AtomicU32::new(TypeId::NONE.0);
        TypeName { namespace: namespace.map(Into::into), name: name.into(), last }
    }

    /// The type in these definitions. The place where it was last is tried first, and believed only
    /// if the name stands there.
    pub(crate) fn find(&self, definitions: &Definitions) -> Option<TypeId> {
        let last = TypeId(self.last.load(Ordering::Relaxed));
        if last != TypeId::NONE && definitions.type_name(last) == &*self.name {
            return Some(last);
        }
        let found = definitions.type_id(&self.name)?;
        self.last.store(found.0, Ordering::Relaxed);
        Some(found)
    }
}

/// Binary operators, loosest first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Op {
    Implies,
    Or,
    Xor,
    And,
    In,
    Contains,
    Equal,
    NotEqual,
    Equivalent,
    NotEquivalent,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Union,
    Plus,
    Minus,
    Concatenate,
    Times,
    Divide,
    Div,
    Mod,
}

/// One node.
#[derive(Debug)]
pub(crate) enum Node {
    Literal(Value<'static>),
    /// `{}`
    Empty,
    /// `$this`
    This,
    /// `$index`
    Index,
    /// `$total`
    Total,
    /// `%name`
    Variable(Box<str>),
    /// Element names in a row. `head`: nothing stands before them, so the first may also be that of
    /// a variable (where the scope says so) or (`typed`, by its capital) of the focus' type. `places`
    /// are the names' offsets.
    Path {
        from: Option<Id>,
        names: Vec<Key>,
        places: Vec<u32>,
        head: bool,
        typed: bool,
    },
    /// A function of the language.
    Call {
        from: Option<Id>,
        function: &'static Builtin,
        args: Vec<Id>,
    },
    /// Any other function: the scope may know it.
    Host {
        from: Option<Id>,
        name: Box<str>,
        args: Vec<Id>,
    },
    /// The argument of `is()`, `as()` and `ofType()`.
    Type(TypeName),
    /// The operators `is` and (`cast`) `as`.
    Test {
        of: Id,
        ty: TypeName,
        cast: bool,
    },
    /// `from[index]`
    At {
        from: Id,
        index: Id,
    },
    /// `-of`, `+of`
    Sign {
        negative: bool,
        of: Id,
    },
    Binary {
        op: Op,
        left: Id,
        right: Id,
    },
}

/// A whole expression.
#[derive(Debug)]
pub(crate) struct Program {
    pub text: String,
    pub nodes: Vec<Node>,
    /// Where each node stands in the text.
    pub offsets: Vec<u32>,
    pub root: Id,
    /// Regular expressions written as literals, by the call they belong to.
    pub patterns: Vec<(Id, regex::Regex)>,
}

impl Program {
    pub(crate) fn node(&self, id: Id) -> &Node {
        &self.nodes[id as usize]
    }

    pub(crate) fn offset(&self, id: Id) -> u32 {
        self.offsets.get(id as usize).copied().unwrap_or(0)
    }
}

impl Op {
    /// Does it give a Boolean?
    pub(crate) fn is_truth(self) -> bool {
        self.level() <= Op::Less.level()
    }

    /// How strongly it binds; larger is stronger. The order is that of the official grammar.
    pub(crate) fn level(self) -> u8 {
        use Op::*;
        match self {
            Implies => 1,
            Or | Xor => 2,
            And => 3,
            In | Contains => 4,
            Equal | NotEqual | Equivalent | NotEquivalent => 5,
            Less | LessOrEqual | Greater | GreaterOrEqual => 6,
            Union => 7,
            Plus | Minus | Concatenate => TYPE_LEVEL + 1,
            Times | Divide | Div | Mod => TYPE_LEVEL + 2,
        }
    }

    pub(crate) fn of_sign(sign: &str) -> Option<Op> {
        Some(match sign {
            "=" => Op::Equal,
            "!=" => Op::NotEqual,
            "~" => Op::Equivalent,
            "!~" => Op::NotEquivalent,
            "<" => Op::Less,
            "<=" => Op::LessOrEqual,
            ">" => Op::Greater,
            ">=" => Op::GreaterOrEqual,
            "|" => Op::Union,
            "+" => Op::Plus,
            "-" => Op::Minus,
            "&" => Op::Concatenate,
            "*" => Op::Times,
            "/" => Op::Divide,
            _ => return None,
        })
    }

    pub(crate) fn of_word(word: &str) -> Option<Op> {
        Some(match word {
            "implies" => Op::Implies,
            "or" => Op::Or,
            "xor" => Op::Xor,
            "and" => Op::And,
            "in" => Op::In,
            "contains" => Op::Contains,
            "div" => Op::Div,
            "mod" => Op::Mod,
            _ => return None,
        })
    }
}

/// Where `is` and `as` bind.
pub(crate) const TYPE_LEVEL: u8 = 8;
/// Where a sign binds: tighter than all binary operators, looser than `.` and `[]`.
pub(crate) const SIGN_LEVEL: u8 = 11;
