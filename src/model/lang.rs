//! The two languages of prose.
//!
//! Invariant: codes, keys and flags are English and the same in both.

/// Language of the prose in an answer or a report. Codes and keys are the same in both.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Lang {
    /// English.
    En,
    /// Swedish.
    Sv,
}

impl Lang {
    /// From an `Accept-Language` header: Swedish if it is named first or alone, else English.
    pub fn from_header(header: Option<&str>) -> Lang {
        let first = header.and_then(|h| h.split([',', ';']).next()).unwrap_or_default();
        if first.trim().to_ascii_lowercase().starts_with("sv") { Lang::Sv } else { Lang::En }
    }

    /// From the locale's name, such as `sv_SE.UTF-8`.
    pub fn from_locale(name: &str) -> Lang {
        if name.starts_with("sv") { Lang::Sv } else { Lang::En }
    }

    /// Picks one of (English, Swedish).
    pub fn pick<'a>(self, pair: (&'a str, &'a str)) -> &'a str {
        match self {
            Lang::En => pair.0,
            Lang::Sv => pair.1,
        }
    }
}
