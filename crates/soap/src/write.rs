//! The writer: an envelope round a body, and faults.
//!
//! Invariant: what is written is well-formed whatever the texts hold: markup is escaped, and characters
//! that XML cannot hold become a replacement character. Deliberately absent: any check of the body, which
//! is markup of the caller's own making.

use crate::{FaultCode, REGISTRY, SOAP};

/// One finding in a fault's detail.
#[derive(Clone, Debug, Default)]
pub struct Detail {
    /// Code.
    pub code: String,
    /// What is wrong.
    pub text: String,
    /// Where, as a path.
    pub path: Option<String>,
    /// Where, as line and column.
    pub position: Option<(u32, u32)>,
}

/// An envelope with this markup in its body, and with a logical address if there is one.
pub fn wrap(address: Option<&str>, body: &str) -> String {
    let mut out = format!(r#"<?xml version="1.0" encoding="UTF-8"?><soap:Envelope xmlns:soap="{SOAP}">"#);
    if let Some(address) = address {
        out.push_str(&format!(r#"<soap:Header><LogicalAddress xmlns="{REGISTRY}">"#));
        escape(&mut out, address);
        out.push_str("</LogicalAddress></soap:Header>");
    }
    out.push_str("<soap:Body>");
    out.push_str(body);
    out.push_str("</soap:Body></soap:Envelope>");
    out
}

/// An envelope with a fault. `namespace` is that of the detail's elements.
pub fn fault(code: FaultCode, text: &str, namespace: &str, details: &[Detail]) -> String {
    let mut body = format!("<soap:Fault><faultcode>soap:{}</faultcode><faultstring>", code.word());
    escape(&mut body, text);
    body.push_str("</faultstring>");
    if !details.is_empty() {
        body.push_str("<detail><findings xmlns=\"");
        escape(&mut body, namespace);
        body.push_str("\">");
        for one in details {
            body.push_str("<finding code=\"");
            escape(&mut body, &one.code);
            body.push('"');
            if let Some(path) = &one.path {
                body.push_str(" path=\"");
                escape(&mut body, path);
                body.push('"');
            }
            if let Some((line, column)) = one.position {
                body.push_str(&format!(" line=\"{line}\" column=\"{column}\""));
            }
            body.push('>');
            escape(&mut body, &one.text);
            body.push_str("</finding>");
        }
        body.push_str("</findings></detail>");
    }
    body.push_str("</soap:Fault>");
    wrap(None, &body)
}

/// Text as it may stand between tags and in attributes.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    escape(&mut out, text);
    out
}

fn escape(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\t' | '\n' => out.push(c),
            '\r' => out.push_str("&#13;"),
            c if c < ' ' || matches!(c, '\u{FFFE}' | '\u{FFFF}') => out.push('\u{FFFD}'),
            c => out.push(c),
        }
    }
}
