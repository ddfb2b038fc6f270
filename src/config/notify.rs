//! `[notify]`: who is told of problems, and how.
//!
//! Invariant: no key sends a notice without TLS or to a host whose name is not verified; a password stands in a file of
//! its own.

use super::read::Table;
use crate::model::Code;
use std::path::{Path, PathBuf};

/// Who is told of problems.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Notify {
    /// Seconds between two letters to one teller; what comes meanwhile is one letter. Default 60.
    pub pause_s: u64,
    /// A system of the site's own.
    pub webhook: Option<Webhook>,
    /// Mail.
    pub mail: Option<Mail>,
}

/// An HTTPS address that takes notices as JSON.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Webhook {
    /// Its address, `https://…`.
    pub url: String,
    /// Authorities that may issue its certificate. Default: those of receivers.
    pub ca: Option<PathBuf>,
}

/// A mail server, and who gets the letters.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mail {
    /// Its host name, as its certificate has it.
    pub server: String,
    /// Its port. Default 465, with STARTTLS 587.
    pub port: u16,
    /// TLS by STARTTLS instead of from the first byte.
    pub starttls: bool,
    /// Authorities that may issue its certificate.
    pub ca: PathBuf,
    /// The sender's address.
    pub from: String,
    /// The receivers' addresses.
    pub to: Vec<String>,
    /// User name and the file with the password.
    pub login: Option<(String, PathBuf)>,
}

/// Reads the table. Paths are relative to the configuration's folder.
pub fn read(table: &mut Table<'_>, folder: &Path) -> Notify {
    Notify {
        pause_s: table.number("pause_s", 60, 0..=86_400).unsigned_abs(),
        webhook: if table.has("webhook") { table.table("webhook", |t| webhook(t, folder)) } else { None },
        mail: if table.has("mail") { table.table("mail", |t| mail(t, folder)) } else { None },
    }
}

fn webhook(table: &mut Table<'_>, folder: &Path) -> Option<Webhook> {
    let https = |text: &str| text.starts_with("https://").then(|| text.to_string());
    let url = table.need("url", "an address that begins with https://", https);
    let ca = table.parsed("ca", "a path to a PEM file", |text| Some(folder.join(text)));
    Some(Webhook { url: url?, ca })
}

fn mail(table: &mut Table<'_>, folder: &Path) -> Option<Mail> {
    let path = |text: &str| Some(folder.join(text));
    let address = |text: &str| is_address(text).then(|| text.to_string());
    let server = table.need_text("server");
    let starttls = table.parsed("tls", "\"implicit\" or \"starttls\"", |t| match t {
        "implicit" => Some(false),
        "starttls" => Some(true),
        _ => None,
    });
    let starttls = starttls.unwrap_or(false);
    let port = table.number("port", if starttls { 587 } else { 465 }, 1..=65_535);
    let ca = table.need("ca", "a path to a PEM file", path);
    let from = table.need("from", "a mail address", address);
    let to = table.list("to", "a mail address", address).unwrap_or_default();
    if to.is_empty() {
        table.problem(None, Code::ConfigKey, "`to` is missing".into(), "add `to` (a list of mail addresses)");
    }
    let login = match (table.text("user"), table.parsed("password_file", "a path", path)) {
        (Some(user), Some(file)) => Some((user, file)),
        (None, None) => None,
        _ => {
            let what = "`user` and `password_file` belong together";
            table.problem(None, Code::ConfigKey, what.into(), "write both, or none");
            None
        }
    };
    let port = u16::try_from(port).unwrap_or(465);
    Some(Mail { server: server?, port, starttls, ca: ca?, from: from?, to, login })
}

/// As far as a mistake in writing shows; the mail library judges the rest at start.
fn is_address(text: &str) -> bool {
    let plain = text.bytes().all(|b| b.is_ascii_graphic());
    plain
        && matches!(text.split_once('@'), Some((name, host)) if !name.is_empty() && !host.is_empty() && !host.contains('@'))
}
