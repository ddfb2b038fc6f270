//! Regular expressions.
//!
//! Invariant: matching takes time linear in the text, whatever the pattern (the engine has no
//! look-around and no back-references, and refuses patterns that use them); a compiled pattern is
//! bounded in size. A pattern that is a literal is compiled when the expression is parsed.
//! Deliberately absent: a cache of patterns that are calculated.

use super::{Call, Single};
use crate::ast::Node;
use crate::error::{Reason, fail};
use crate::eval::Machine;
use regex::{Regex, RegexBuilder};

/// Largest compiled pattern, in bytes.
const MAX_SIZE: usize = 1 << 20;

/// What the empty pattern compiles to.
pub(crate) const NOTHING: &str = "";

/// Compiles a pattern for the function of this name. `.` matches line ends too, as FHIRPath says.
pub(crate) fn compile(function: &str, pattern: &str) -> Option<Regex> {
    let whole = function == "matchesFull";
    let pattern = if whole { format!(r"\A(?:{pattern})\z") } else { pattern.to_string() };
    RegexBuilder::new(&pattern)
        .dot_matches_new_line(true)
        .size_limit(MAX_SIZE)
        .dfa_size_limit(MAX_SIZE)
        .nest_limit(64)
        .build()
        .ok()
}

/// Runs `f` with the pattern that the call's first argument is.
pub(super) fn with<'t>(
    m: &Machine<'_, 't>,
    call: &Call<'_, 't>,
    f: impl FnOnce(&Regex) -> Single<'t>,
) -> Single<'t> {
    if let Ok(at) = m.program.patterns.binary_search_by_key(&call.id, |(id, _)| *id) {
        return f(&m.program.patterns[at].1);
    }
    let Some(pattern) = m.text_arg(call, 0)? else { return Ok(None) };
    // Compiling is much more work than evaluating.
    m.step(500 + pattern.len() * 20)?;
    let function = match m.program.node(call.id) {
        Node::Call { function, .. } => function.name,
        _ => "",
    };
    match compile(function, &pattern) {
        Some(regex) => f(&regex),
        None => Err(fail(Reason::Pattern)),
    }
}

/// The replacement as the engine wants it: `$1` ends at the digit, whatever follows.
pub(super) fn replacement(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        let digits = after.bytes().take_while(u8::is_ascii_digit).count();
        if digits > 0 {
            out.push_str(&format!("${{{}}}", &after[..digits]));
            rest = &after[digits..];
        } else if after.starts_with('{') {
            out.push('$');
            rest = after;
        } else {
            out.push_str("$$");
            rest = after;
        }
    }
    out.push_str(rest);
    out
}
