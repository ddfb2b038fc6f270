//! One rule: sources, targets, what follows, its name.
//!
//! R4 wrote `where`, `check` and `default` without brackets; such an expression ends at the first
//! word or sign outside brackets that FHIRPath cannot go on with. Invariant: a text in quotes before
//! `;` is the rule's name unless an operator stands before it; what can be written in two ways is one
//! thing in the AST (`copy(v)` is `v`). Deliberately absent: the meaning of short forms (see `compile`).

use super::{Cursor, Parsed, fragment, place};
use crate::ast::{
    Expression, Invocation, Name, Parameter, Rule, RuleSource, RuleTarget, SourceMode, TargetMode, Transform,
};
use crate::fmt;
use crate::lex::Kind;

impl Cursor {
    pub(super) fn rule(&mut self, documentation: Vec<String>) -> Parsed<Rule> {
        let start = self.peek().start;
        let mut rule = Rule { documentation, ..Rule::default() };
        rule.sources.push(self.rule_source()?);
        while self.take_sign(",") {
            rule.sources.push(self.rule_source()?);
        }
        if self.take_sign("->") {
            rule.targets.push(self.rule_target()?);
            while self.take_sign(",") {
                rule.targets.push(self.rule_target()?);
            }
        }
        if self.take_word("then") {
            self.then(&mut rule)?;
        }
        if matches!(self.peek().kind, Kind::Text | Kind::Word | Kind::Ticked) {
            rule.name = Some(self.identifier_or_text("the rule's name")?);
        }
        rule.place = place(start, self.tokens.get(self.at.wrapping_sub(1)).map_or(start, |t| t.end));
        self.need_sign(";", "after the rule")?;
        self.document_end(&mut rule.documentation);
        Ok(rule)
    }

    fn then(&mut self, rule: &mut Rule) -> Parsed<()> {
        if !self.is_sign("{") {
            rule.dependents.push(self.invocation()?);
            while self.take_sign(",") {
                rule.dependents.push(self.invocation()?);
            }
        }
        self.document(&mut rule.documentation);
        if self.take_sign("{") {
            rule.block = true;
            (rule.rules, rule.closing) = self.rules();
        }
        Ok(())
    }

    fn path(&mut self) -> Parsed<Vec<Name>> {
        let mut path = Vec::new();
        while self.take_sign(".") {
            path.push(self.identifier("an element after `.`")?);
        }
        Ok(path)
    }

    // ---- sources ----

    fn rule_source(&mut self) -> Parsed<RuleSource> {
        let start = self.peek().start;
        let context = self.identifier("a variable as the rule's source")?;
        let mut source = RuleSource { context, path: self.path()?, ..RuleSource::default() };
        if self.take_sign(":") {
            source.ty = Some(self.type_name()?);
        }
        while self.source_clause(&mut source)? {}
        let end = self.tokens.get(self.at.wrapping_sub(1)).map_or(start, |t| t.end);
        source.place = place(start, end);
        Ok(source)
    }

    fn source_clause(&mut self, source: &mut RuleSource) -> Parsed<bool> {
        let token = self.peek();
        if token.kind == Kind::Integer && self.peek_at(1).kind == Kind::Sign("..") {
            source.cardinality = Some(self.cardinality()?);
            return Ok(true);
        }
        if token.kind != Kind::Word {
            return Ok(false);
        }
        let mode = match self.text(token) {
            "first" => SourceMode::First,
            "not_first" => SourceMode::NotFirst,
            "last" => SourceMode::Last,
            "not_last" => SourceMode::NotLast,
            "only_one" => SourceMode::OnlyOne,
            _ => return self.source_word(source),
        };
        self.take();
        source.list_mode = Some(mode);
        Ok(true)
    }

    fn source_word(&mut self, source: &mut RuleSource) -> Parsed<bool> {
        let token = self.peek();
        match self.text(token).to_string().as_str() {
            "as" => {
                self.take();
                source.variable = Some(self.identifier("a variable after `as`")?);
            }
            "default" => {
                self.take();
                source.default = Some(self.default()?);
            }
            "where" => {
                self.take();
                source.condition = Some(self.open_expression()?);
            }
            "check" => {
                self.take();
                source.check = Some(self.open_expression()?);
            }
            "log" => {
                self.take();
                source.log = Some(self.open_expression()?);
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn cardinality(&mut self) -> Parsed<(u32, Option<u32>)> {
        let token = self.take();
        let min = self.text(token).parse().unwrap_or(u32::MAX);
        self.take();
        if self.take_sign("*") {
            return Ok((min, None));
        }
        if self.peek().kind != Kind::Integer {
            return Err(self.wrong("a number or `*` after `..`"));
        }
        let token = self.take();
        Ok((min, Some(self.text(token).parse().unwrap_or(u32::MAX))))
    }

    fn default(&mut self) -> Parsed<Expression> {
        if self.take_sign("(") {
            return self.bracketed();
        }
        let from = self.at;
        match self.literal() {
            Some(_) => Ok(self.expression(from, self.at)),
            None => Err(self.wrong("`(` or a constant after `default`")),
        }
    }

    /// An expression that may stand without brackets.
    fn open_expression(&mut self) -> Parsed<Expression> {
        let from = self.at;
        let mut depth = 0usize;
        loop {
            let token = self.peek();
            match token.kind {
                Kind::Sign("(" | "[" | "{") => depth += 1,
                Kind::Sign(")" | "]" | "}") if depth > 0 => depth -= 1,
                Kind::Sign("->" | "," | ";" | ")" | "]" | "}") if depth == 0 => break,
                Kind::Word if depth == 0 && self.ends_expression(from) => break,
                Kind::Text if depth == 0 && self.is_rule_name(from) => break,
                Kind::End | Kind::Unclosed | Kind::Meta => {
                    return Err(self.wrong("the end of the expression"));
                }
                _ => {}
            }
            self.take();
        }
        let whole = self.wrapped(from);
        let expression =
            if whole { self.expression(from + 1, self.at - 1) } else { self.expression(from, self.at) };
        match expression.text.is_empty() {
            true => Err(self.wrong("an expression")),
            false => Ok(expression),
        }
    }

    fn ends_expression(&self, from: usize) -> bool {
        let word = self.text(self.peek());
        matches!(word, "then" | "check" | "log" | "where") && self.at > from && self.after_operand()
    }

    /// Is the token before the cursor something an operator could follow?
    fn after_operand(&self) -> bool {
        let Some(&before) = self.tokens.get(self.at.wrapping_sub(1)) else { return false };
        match before.kind {
            Kind::Sign(")" | "]" | "}")
            | Kind::Text
            | Kind::Ticked
            | Kind::Integer
            | Kind::Decimal
            | Kind::Moment => true,
            Kind::Word => {
                let operators = ["and", "or", "xor", "implies", "is", "as", "in", "contains", "div", "mod"];
                !operators.contains(&self.text(before))
            }
            _ => false,
        }
    }

    fn is_rule_name(&self, from: usize) -> bool {
        self.at > from && self.peek_at(1).kind == Kind::Sign(";") && self.after_operand()
    }

    /// Do the tokens from `from` to the cursor stand in one pair of round brackets?
    fn wrapped(&self, from: usize) -> bool {
        let tokens = self.tokens.get(from..self.at).unwrap_or_default();
        let mut depth = 0i32;
        for (i, token) in tokens.iter().enumerate() {
            match token.kind {
                Kind::Sign("(" | "[" | "{") => depth += 1,
                Kind::Sign(")" | "]" | "}") => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return token.kind == Kind::Sign(")") && i + 1 == tokens.len();
            }
        }
        false
    }

    // ---- targets ----

    fn rule_target(&mut self) -> Parsed<RuleTarget> {
        let start = self.peek().start;
        let mut target = RuleTarget::default();
        if self.take_sign("(") {
            target.transform = Some(Transform::Evaluate(self.bracketed()?));
        } else if self.peek_at(1).kind == Kind::Sign("(") {
            target.transform = Some(self.call()?);
        } else {
            target.context = Some(self.identifier("a variable as the rule's target")?);
            target.path = self.path()?;
            if self.take_sign("=") {
                target.transform = Some(self.transform()?);
            }
        }
        if self.take_word("as") {
            target.variable = Some(self.identifier("a variable after `as`")?);
        }
        target.list_mode = self.target_mode();
        let end = self.tokens.get(self.at.wrapping_sub(1)).map_or(start, |t| t.end);
        target.place = place(start, end);
        Ok(target)
    }

    fn target_mode(&mut self) -> Option<TargetMode> {
        let token = self.peek();
        if token.kind != Kind::Word || self.peek_at(1).kind == Kind::Sign(";") && !self.is_mode_word() {
            return None;
        }
        let mode = match self.text(token) {
            "first" => TargetMode::First,
            "last" => TargetMode::Last,
            "single" | "collate" => TargetMode::Single,
            "share" => {
                self.take();
                let id = self.peek();
                let named = id.kind == Kind::Ticked || id.kind == Kind::Word && !self.is_word("then");
                return Some(TargetMode::Share(named.then(|| {
                    let token = self.take();
                    self.name_of(token)
                })));
            }
            _ => return None,
        };
        self.take();
        Some(mode)
    }

    fn is_mode_word(&self) -> bool {
        ["first", "last", "single", "collate", "share"].iter().any(|w| self.is_word(w))
    }

    fn transform(&mut self) -> Parsed<Transform> {
        if self.take_sign("(") {
            return Ok(Transform::Evaluate(self.bracketed()?));
        }
        if let Some(literal) = self.literal() {
            return Ok(Transform::Literal(literal));
        }
        if self.peek_at(1).kind == Kind::Sign("(") {
            return self.call();
        }
        let mut path = vec![self.identifier("a value after `=`")?];
        path.extend(self.path()?);
        Ok(Transform::Copy(path))
    }

    fn call(&mut self) -> Parsed<Transform> {
        let name = self.identifier("a transform")?;
        self.need_sign("(", "after the transform's name")?;
        let mut parameters = Vec::new();
        if name.text == "copy" && self.is_path_in_brackets() {
            let mut path = vec![self.identifier("a variable")?];
            path.extend(self.path()?);
            self.need_sign(")", "after the parameter")?;
            return Ok(Transform::Copy(path));
        }
        if name.text == "evaluate" {
            parameters.push(self.parameter()?);
            if self.take_sign(",") {
                parameters.push(Parameter::Expression(self.evaluated()?));
                return Ok(Transform::Call { name, parameters });
            }
        } else if !self.is_sign(")") {
            parameters.push(self.parameter()?);
            while self.take_sign(",") {
                parameters.push(self.parameter()?);
            }
        }
        self.need_sign(")", "after the parameters")?;
        Ok(plain_call(name, parameters))
    }

    /// Are the next tokens names with points between them, and a closing bracket?
    fn is_path_in_brackets(&self) -> bool {
        let is_name = |ahead: usize| match self.peek_at(ahead).kind {
            Kind::Word => !self.word_at(ahead, "true") && !self.word_at(ahead, "false"),
            kind => kind == Kind::Ticked,
        };
        let mut ahead = 0;
        while is_name(ahead) {
            match self.peek_at(ahead + 1).kind {
                Kind::Sign(".") => ahead += 2,
                Kind::Sign(")") => return true,
                _ => return false,
            }
        }
        false
    }

    /// The expression that `evaluate` is given last; a text stands for the expression inside it.
    fn evaluated(&mut self) -> Parsed<Expression> {
        let mut expression = self.bracketed()?;
        expression.text = fragment::bare(&expression.text);
        match expression.text.is_empty() {
            true => Err(self.wrong("an expression before `)`")),
            false => Ok(expression),
        }
    }

    fn invocation(&mut self) -> Parsed<Invocation> {
        let name = self.identifier("a group's name after `then`")?;
        self.need_sign("(", "after the group's name")?;
        let mut parameters = Vec::new();
        if !self.is_sign(")") {
            parameters.push(self.parameter()?);
            while self.take_sign(",") {
                parameters.push(self.parameter()?);
            }
        }
        self.need_sign(")", "after the parameters")?;
        Ok(Invocation { name, parameters })
    }

    /// A constant, a variable, or an expression: in brackets, or one that begins with a variable.
    pub(super) fn parameter(&mut self) -> Parsed<Parameter> {
        if self.take_sign("(") {
            return Ok(Parameter::Expression(self.bracketed()?));
        }
        let plain = matches!(self.peek_at(1).kind, Kind::Sign("," | ")"));
        let negative = self.is_sign("-") && matches!(self.peek_at(2).kind, Kind::Sign("," | ")"));
        if plain || negative {
            if let Some(literal) = self.literal() {
                return Ok(Parameter::Literal(literal));
            }
            return Ok(Parameter::Variable(self.identifier("a variable or a constant")?));
        }
        self.parameter_expression()
    }

    fn parameter_expression(&mut self) -> Parsed<Parameter> {
        let from = self.at;
        let mut depth = 0usize;
        loop {
            match self.peek().kind {
                Kind::Sign("(" | "[" | "{") => depth += 1,
                Kind::Sign("," | ")") if depth == 0 => break,
                Kind::Sign(")" | "]" | "}") if depth > 0 => depth -= 1,
                Kind::Sign("]" | "}" | ";") | Kind::End | Kind::Unclosed | Kind::Meta => {
                    return Err(self.wrong("`,` or `)` after the parameter"));
                }
                _ => {}
            }
            self.take();
        }
        match self.at > from {
            true => Ok(Parameter::Expression(self.expression(from, self.at))),
            false => Err(self.wrong("a parameter")),
        }
    }
}

/// `copy` and `evaluate` of one thing are that thing itself.
pub(crate) fn plain_call(name: Name, mut parameters: Vec<Parameter>) -> Transform {
    let only = if parameters.len() == 1 { parameters.pop() } else { None };
    match (name.text.as_str(), only) {
        ("copy", Some(Parameter::Literal(literal))) => Transform::Literal(literal),
        ("copy" | "evaluate", Some(Parameter::Expression(expression))) => Transform::Evaluate(expression),
        ("evaluate", Some(other)) => {
            let (text, place) = match &other {
                Parameter::Variable(name) => (fmt::name(name), name.place),
                Parameter::Literal(literal) => (fragment::bare(&fmt::literal(literal)), literal.place),
                Parameter::Expression(expression) => (expression.text.clone(), expression.place),
            };
            Transform::Evaluate(Expression { text, place })
        }
        (_, only) => {
            parameters.extend(only);
            Transform::Call { name, parameters }
        }
    }
}
