//! What narrative may hold (FHIR R4 narrative.html §2.4.0.1): the formatting parts of HTML 4.0.
//!
//! Allowed are the elements of HTML 4.0 chapters 7 to 11 (without 9.4) and 15 that it does not itself
//! advise against, links, images, and style on the spot. Invariant: nothing that runs, loads a page,
//! asks for input or changes what stands outside is let through. Deliberately absent: whether what is
//! written means what the data say, and the inner rules of HTML (what may stand in what).

use super::XHTML_NAMESPACE;
use super::fragment::{Piece, walk};
use super::scope::Named;

/// Elements, each with its own attributes beside those that all may have.
const ELEMENTS: [(&str, &[&str]); 51] = [
    ("a", &["href", "name", "rel", "hreflang", "type"]),
    ("abbr", &[]),
    ("acronym", &[]),
    ("address", &[]),
    ("b", &[]),
    ("bdo", &[]),
    ("big", &[]),
    ("blockquote", &["cite"]),
    ("br", &[]),
    ("caption", &[]),
    ("cite", &[]),
    ("code", &[]),
    ("col", &TABLE),
    ("colgroup", &TABLE),
    ("dd", &[]),
    ("dfn", &[]),
    ("div", &[]),
    ("dl", &[]),
    ("dt", &[]),
    ("em", &[]),
    ("h1", &[]),
    ("h2", &[]),
    ("h3", &[]),
    ("h4", &[]),
    ("h5", &[]),
    ("h6", &[]),
    ("hr", &[]),
    ("i", &[]),
    ("img", &["src", "alt", "width", "height", "longdesc"]),
    ("kbd", &[]),
    ("li", &[]),
    ("ol", &[]),
    ("p", &[]),
    ("pre", &[]),
    ("q", &["cite"]),
    ("samp", &[]),
    ("small", &[]),
    ("span", &[]),
    ("strong", &[]),
    ("sub", &[]),
    ("sup", &[]),
    ("table", &TABLE),
    ("tbody", &TABLE),
    ("td", &TABLE),
    ("tfoot", &TABLE),
    ("th", &TABLE),
    ("thead", &TABLE),
    ("tr", &TABLE),
    ("tt", &[]),
    ("ul", &[]),
    ("var", &[]),
];

/// Attributes of tables and their parts (HTML 4.0 chapter 11).
const TABLE: [&str; 20] = [
    "abbr",
    "align",
    "axis",
    "border",
    "cellpadding",
    "cellspacing",
    "char",
    "charoff",
    "colspan",
    "frame",
    "headers",
    "height",
    "nowrap",
    "rowspan",
    "rules",
    "scope",
    "span",
    "summary",
    "valign",
    "width",
];

/// Attributes that every element may have.
const EVERYWHERE: [&str; 8] = ["class", "dir", "id", "lang", "style", "title", "accesskey", "tabindex"];

/// Is the text a narrative's `div` that keeps to what is allowed and says something? `Err` says what is
/// wrong, without repeating any of it.
pub fn narrative(text: &str) -> Result<(), &'static str> {
    let mut says = false;
    walk(text, XHTML_NAMESPACE, "div", &mut |piece| {
        match piece {
            Piece::Text(text) => says |= !text.trim().is_empty(),
            Piece::Element { namespace, name, attributes } => {
                let known = ELEMENTS.binary_search_by_key(&name, |(known, _)| known).ok();
                let Some((_, own)) = known.filter(|_| namespace == XHTML_NAMESPACE).map(|i| ELEMENTS[i])
                else {
                    return Err("an element that narrative may not have; use plain text formatting");
                };
                says |= name == "img";
                attributes.iter().try_for_each(|attribute| allowed(attribute, own))?;
            }
        }
        Ok(())
    })?;
    if says { Ok(()) } else { Err("the narrative says nothing; give it text or leave it out") }
}

fn allowed(attribute: &Named<'_>, own: &[&str]) -> Result<(), &'static str> {
    let known = match attribute.prefix {
        "" => own.contains(&attribute.local) || EVERYWHERE.contains(&attribute.local),
        prefix => prefix == "xml" && matches!(attribute.local, "lang" | "space"),
    };
    if !known {
        return Err("an attribute that narrative may not have; take it out");
    }
    let link = matches!(attribute.local, "href" | "src" | "cite" | "longdesc");
    let scheme = attribute.value.trim_start().split(':').next().unwrap_or_default();
    match link && ["javascript", "vbscript"].iter().any(|s| scheme.eq_ignore_ascii_case(s)) {
        true => Err("a link that runs something; take it out"),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::{ELEMENTS, narrative};

    fn div(inside: &str) -> Result<(), &'static str> {
        narrative(&format!("<div xmlns=\"http://www.w3.org/1999/xhtml\">{inside}</div>"))
    }

    #[test]
    fn the_table_is_in_order() {
        assert!(ELEMENTS.is_sorted_by_key(|(name, _)| *name));
    }

    #[test]
    fn formatting_is_let_through() {
        for good in [
            "text",
            "<p style=\"color: gray\">a &#160;<b>b</b></p>",
            "<table border=\"1\"><tr><td colspan=\"2\">x</td></tr></table>",
            "<a href=\"Patient/1\">x</a>",
            "<img src=\"#pic\" alt=\"\"/>",
            "<p xml:lang=\"sv\">å</p>",
            "<![CDATA[x]]>",
        ] {
            assert_eq!(div(good), Ok(()), "{good}");
        }
    }

    #[test]
    fn what_runs_asks_or_loads_is_not() {
        for bad in [
            "<script>x</script>",
            "<p onclick=\"x()\">x</p>",
            "<form><p>x</p></form>",
            "<input value=\"x\"/>",
            "<iframe src=\"x\"/>x",
            "<object data=\"x\"/>x",
            "<font color=\"red\">x</font>",
            "<a href=\" JavaScript:x()\">x</a>",
            "<svg xmlns=\"http://www.w3.org/2000/svg\">x</svg>",
            "&nbsp;x",
            "<p>x",
            "",
            " \n ",
            "<p> </p>",
        ] {
            assert!(div(bad).is_err(), "{bad}");
        }
        assert!(narrative("<div>no namespace</div>").is_err());
        assert!(narrative("<p xmlns=\"http://www.w3.org/1999/xhtml\">x</p>").is_err());
    }
}
