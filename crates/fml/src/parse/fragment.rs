//! Pieces of a map that stand alone: in a text parameter, in an element of a StructureMap.
//!
//! Invariant: what is given back here can be formatted into a map and is read there as the same
//! piece. Deliberately absent: places; the caller knows where the piece came from.

use super::Cursor;
use crate::ast::{Map, Name, Parameter};
use crate::lex::{self, Kind};

/// An expression in the one canonical spelling. Nothing where it is empty, where its brackets or
/// quotes do not match, or where it has a sign that FHIRPath lacks.
pub(crate) fn expression(text: &str) -> Option<String> {
    let cursor = Cursor::new("", text);
    let mut open = Vec::new();
    for token in &cursor.tokens {
        match token.kind {
            Kind::Sign(sign @ ("(" | "[" | "{")) => open.push(sign),
            Kind::Sign(sign @ (")" | "]" | "}")) => {
                let wanted = match sign {
                    ")" => "(",
                    "]" => "[",
                    _ => "{",
                };
                if open.pop() != Some(wanted) {
                    return None;
                }
            }
            Kind::Unclosed | Kind::Unknown | Kind::Meta | Kind::Markdown | Kind::Sign(";") => return None,
            _ => {}
        }
    }
    let found = cursor.expression(0, cursor.tokens.len().saturating_sub(1)).text;
    (open.is_empty() && !found.is_empty()).then_some(found)
}

/// The expression that stands in a text, or in round brackets, and nothing else. Empty where the
/// text has none.
pub(crate) fn bare(text: &str) -> String {
    let inner = match lex::is_text(text) {
        true => expression(&lex::unquote(text)).unwrap_or_default(),
        false => text.to_string(),
    };
    let mut bare = inner.as_str();
    while let Some(within) = within_brackets(bare) {
        bare = within;
    }
    bare.to_string()
}

/// What stands between the round brackets that enclose the whole text.
fn within_brackets(text: &str) -> Option<&str> {
    let tokens = lex::lex(text).tokens;
    let mut depth = 0usize;
    for (i, token) in tokens.iter().enumerate() {
        match token.kind {
            Kind::Sign("(" | "[" | "{") => depth += 1,
            Kind::Sign(")" | "]" | "}") => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            let last = i + 2 == tokens.len() && token.kind == Kind::Sign(")");
            return text
                .get(1..token.start)
                .filter(|_| last && i > 0)
                .map(str::trim)
                .filter(|t| !t.is_empty());
        }
    }
    None
}

/// A parameter as the text form writes it.
pub(crate) fn parameter(text: &str) -> Option<Parameter> {
    // A parameter ends where another begins or the bracket closes.
    let mut cursor = Cursor::new("", &format!("{text}\n)"));
    let found = cursor.closed(|c| {
        let found = c.parameter()?;
        c.need_sign(")", "after the parameter")?;
        Ok(found)
    })?;
    match &found {
        Parameter::Expression(inner) if expression(&inner.text).as_ref() != Some(&inner.text) => None,
        _ => Some(found),
    }
}

/// Names with points between them; a name that is no plain word stands in back-ticks, or is taken
/// as it is.
pub(crate) fn path(text: &str) -> Option<Vec<Name>> {
    let mut out = Vec::new();
    let mut rest = text;
    loop {
        let end = match rest.starts_with('`') {
            true => lex::lex(rest).tokens.first().filter(|t| t.kind == Kind::Ticked)?.end,
            false => rest.find('.').unwrap_or(rest.len()),
        };
        let (name, after) = rest.split_at(end);
        let text = if name.starts_with('`') { lex::unquote(name) } else { name.to_string() };
        if text.is_empty() {
            return None;
        }
        out.push(Name { text, ..Name::default() });
        match after.strip_prefix('.') {
            Some(next) => rest = next,
            None if after.is_empty() => return Some(out),
            None => return None,
        }
    }
}

/// The lines before the first `uses`: metadata and the `map` line.
pub(crate) fn head(text: &str) -> Option<Map> {
    let mut cursor = Cursor::new("", text);
    let mut map = Map::default();
    loop {
        let documentation = cursor.documentation();
        match cursor.peek().kind {
            Kind::Meta => map.metadata.push(cursor.metadata(documentation).ok()?),
            Kind::Word if cursor.is_word("map") && !map.declared => {
                cursor.map_line(&mut map, documentation).ok()?;
            }
            Kind::End if documentation.is_empty() => break,
            _ => return None,
        }
    }
    Cursor::name_by_metadata(&mut map);
    Some(map)
}

#[cfg(test)]
mod tests {
    use super::{bare, expression, path};

    #[test]
    fn an_expression_has_one_spelling() {
        assert_eq!(expression("a  . b\n= \"c\" // x").as_deref(), Some("a.b = 'c'"));
        assert_eq!(expression("1 . toString()  .x").as_deref(), Some("1 .toString().x"));
        for broken in ["", "  ", "(a", "a)", "[a)", "'a", "a ; b", "\u{e5}", "/// a"] {
            assert_eq!(expression(broken), None, "{broken}");
        }
    }

    #[test]
    fn brackets_and_quotes_around_the_whole_are_taken_off() {
        assert_eq!(bare("((a))"), "a");
        assert_eq!(bare("(a) + (b)"), "(a) + (b)");
        assert_eq!(bare("'a.b'"), "a.b");
        assert_eq!(bare("('a')"), "'a'");
        assert_eq!(bare("'a ('"), "");
        assert_eq!(bare("()"), "()");
    }

    #[test]
    fn a_path_is_split_at_points_outside_back_ticks() {
        let names = |text: &str| path(text).map(|p| p.into_iter().map(|n| n.text).collect::<Vec<_>>());
        assert_eq!(names("a.b-c"), Some(vec!["a".to_string(), "b-c".to_string()]));
        assert_eq!(names("`a.b`.c"), Some(vec!["a.b".to_string(), "c".to_string()]));
        assert!(["", "a..b", ".a", "a.", "`a", "`a`b"].iter().all(|t| names(t).is_none()));
    }
}
