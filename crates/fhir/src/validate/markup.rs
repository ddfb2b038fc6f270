//! Does a text look as if it had markup in it?
//!
//! Strings and markdown are shown by programs that may take markup for their own (FHIR R4
//! security.html, narrative.html). Invariant: one pass. Deliberately absent: which elements of HTML are
//! harmless; in a plain text none is meant.

/// Is there a `<`, perhaps with `/`, followed by a name, and a `>` behind it?
pub(super) fn seems(text: &str) -> bool {
    let mut rest = text;
    while let Some((_, after)) = rest.split_once('<') {
        let name = after.strip_prefix('/').unwrap_or(after);
        let comment = after.starts_with("!--");
        if comment || name.starts_with(|c: char| c.is_ascii_alphabetic()) {
            // A tag that does not end here ends nowhere behind it either.
            return after.contains('>');
        }
        rest = after;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::seems;

    #[test]
    fn tags_are_seen_and_comparisons_are_not() {
        for marked in ["a <b>c</b>", "<script>x</script>", "x </p>", "<!-- x -->", "1 < 2 <i>"] {
            assert!(seems(marked), "{marked}");
        }
        for plain in ["", "a < b > c", "<5 and >3", "a<b", "x -> y", "<", "</"] {
            assert!(!seems(plain), "{plain}");
        }
    }
}
