//! Comments: what they say, without what marks them as comments.
//!
//! Invariant: no word of a comment is lost, nor its line breaks. Deliberately absent: which item a
//! comment belongs to (see `parse`).

use crate::lex;

/// The text of a comment, line by line, without what marks it as one.
pub(super) fn lines(comment: &str, out: &mut Vec<String>) {
    let Some(rest) = comment.strip_prefix("/*") else {
        let text = comment.strip_prefix("//").unwrap_or(comment);
        out.push(text.strip_prefix(' ').unwrap_or(text).trim_end().to_string());
        return;
    };
    let inner = rest.strip_suffix("*/").unwrap_or(rest).lines().map(|line| {
        let line = line.trim();
        line.strip_prefix("* ")
            .or_else(|| line.strip_prefix('*').filter(|l| l.is_empty()))
            .unwrap_or(line)
            .to_string()
    });
    let mut lines: Vec<String> = inner.skip_while(String::is_empty).collect();
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    out.extend(lines);
}

/// The comments of a text as they are written, in order.
pub fn comments(text: &str) -> Vec<&str> {
    lex::lex(text).comments.into_iter().filter_map(|(start, end)| text.get(start..end)).collect()
}
