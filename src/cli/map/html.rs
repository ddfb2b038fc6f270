//! A trace as one HTML file: three lists (source, rules, result) that a click joins.
//!
//! Invariants: no value of a message and no name of an input file is in it; it asks for nothing outside
//! itself, and its policy says so; without its script it says the same in words, and so it prints.
//! Deliberately absent: a template engine for one page.

use super::trace::{Told, reason};
use aws_lc_rs::digest;
use fml::{How, Outcome, Role, Shape};
use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;

const STYLE: &str = include_str!("trace.css");
const SCRIPT: &str = include_str!("trace.js");

/// English and Swedish.
type Words = (&'static str, &'static str);

/// The whole page.
pub fn page(told: &Told<'_>) -> String {
    let mut page = String::new();
    head(&mut page, told);
    let places: HashMap<&str, usize> =
        told.trace.source.iter().enumerate().map(|(i, f)| (f.place.as_str(), i)).collect();
    page += "<main>\n";
    section(&mut page, ("Source", "Källa"), |out| source(out, told));
    section(&mut page, ("Rules", "Regler"), |out| rules(out, told));
    section(&mut page, ("Result", "Resultat"), |out| result(out, told, &places));
    page += "</main>\n<footer>";
    page += &both((
        "Made by sluss map trace. The file holds places, no values.",
        "Gjord av sluss map trace. Filen innehåller platser, inga värden.",
    ));
    let _ = write!(page, "</footer>\n<script>{SCRIPT}</script>\n</body>\n</html>\n");
    page
}

fn head(out: &mut String, told: &Told<'_>) {
    let (style, script) = (hash(STYLE), hash(SCRIPT));
    let title = escape(told.map);
    let _ = write!(
        out,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-{style}'; \
         script-src 'sha256-{script}'; base-uri 'none'; form-action 'none'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title} · trace</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<header>\n<h1>{title}</h1>\n<p>{}</p>\n",
        escape(&told.summary()),
    );
    if let Some(fault) = &told.fault {
        let part = |name: &str| escape(fault[name].as_str().unwrap_or_default());
        let words = both(("The run ended with a fault", "Körningen slutade med ett fel"));
        let (message, code, rule, place) = (part("message"), part("code"), part("rule"), part("place"));
        let _ = writeln!(out, "<p class=\"bad\">{words}: {message} [{code}], {rule}, {place}</p>");
    }
    let find = both(("Find", "Sök"));
    let unread = both(("only what was not read", "bara det som inte lästes"));
    let _ = write!(
        out,
        "<div class=\"tools\" hidden>\n<label>{find} <input type=\"search\" id=\"find\" data-en=\"place or rule\" data-sv=\"plats eller regel\"></label>\n\
         <label><input type=\"checkbox\" id=\"unread\"> {unread}</label>\n\
         <button type=\"button\" data-speak=\"en\">English</button><button type=\"button\" data-speak=\"sv\">Svenska</button>\n</div>\n\
         <p class=\"told\" id=\"told\" role=\"status\"></p>\n</header>\n"
    );
}

fn section(out: &mut String, title: Words, rows: impl FnOnce(&mut String)) {
    let _ = writeln!(out, "<section aria-label=\"{}\">\n<h2>{}</h2>\n<ol>", title.0, both(title));
    rows(out);
    *out += "</ol>\n</section>\n";
}

// ---- the three lists ----

fn source(out: &mut String, told: &Told<'_>) {
    let unread: Vec<&str> = told.trace.unread().iter().map(|f| f.place.as_str()).collect();
    // Below what was not read nothing was read either.
    let mut none = vec![false; told.trace.source.len()];
    let mut tops = unread.iter().peekable();
    for (index, found) in told.trace.source.iter().enumerate() {
        none[index] = found.parent.and_then(|p| none.get(p)).copied().unwrap_or(false);
        if tops.next_if(|top| **top == found.place).is_some() {
            none[index] = true;
        }
        let mut rules: Vec<usize> = found.uses.iter().map(|u| u.rule).collect();
        rules.dedup();
        let note = match (none[index], found.uses.is_empty()) {
            (true, _) => format!("<small class=\"mark\">{}</small>", both(NOT_READ)),
            (false, true) => String::new(),
            (false, false) => {
                let uses = found.uses.iter().map(|u| {
                    let rule = told.rules.get(u.rule).map_or("", |r| r.label.as_str());
                    format!("{} {}", both(role(u.role)), escape(rule))
                });
                format!("<small>{}</small>", uses.collect::<Vec<_>>().join(", "))
            }
        };
        let kind = if none[index] { NOT_READ } else { shape(found.shape) };
        let data = format!(
            " data-rules=\"{}\"{}",
            ids('u', &rules),
            if none[index] { " data-unread=\"1\"" } else { "" }
        );
        let row = Row { id: format!("s{index}"), name: &found.place, kind, data, note };
        row.write(out);
    }
}

fn rules(out: &mut String, told: &Told<'_>) {
    let mut ran: HashMap<usize, usize> = HashMap::new();
    let mut not: HashMap<usize, BTreeMap<&str, Vec<&str>>> = HashMap::new();
    for step in &told.trace.steps {
        if step.outcome == Outcome::Ran {
            *ran.entry(step.rule).or_default() += 1;
        } else {
            let places = not.entry(step.rule).or_default().entry(reason(step.outcome)).or_default();
            places.extend(step.sources.iter().map(String::as_str));
        }
    }
    for index in told.in_order() {
        let Some(rule) = told.rules.get(index) else { continue };
        let times = ran.get(&index).copied().unwrap_or(0);
        let mut note = format!("<small>{}:{} · {} {times}</small>", escape(&rule.file), rule.line, both(RAN));
        for (reason, places) in not.get(&index).into_iter().flatten() {
            let _ = write!(note, "<small>{}: {}</small>", both(why(reason)), escape(&places.join(", ")));
        }
        if let Some(idle) = told.trace.idle.iter().find(|i| i.rule == index) {
            let _ = write!(note, "<small>{}: {}</small>", both(NEVER), escape(&told.because(idle)));
        }
        let kind = if times > 0 { RAN } else { DID_NOT_RUN };
        Row { id: format!("u{index}"), name: &rule.label, kind, data: String::new(), note }.write(out);
    }
}

fn result(out: &mut String, told: &Told<'_>, places: &HashMap<&str, usize>) {
    for (index, written) in told.trace.result.iter().enumerate() {
        let rule = written.step.and_then(|s| told.trace.steps.get(s)).map(|s| s.rule);
        let from: Vec<usize> =
            written.sources.iter().filter_map(|p| places.get(p.as_str())).copied().collect();
        let label = rule.and_then(|r| told.rules.get(r)).map_or("", |r| r.label.as_str());
        let sources =
            if from.is_empty() { String::new() } else { format!(" ← {}", written.sources.join(", ")) };
        let by = if label.is_empty() { String::new() } else { format!(" ← {label}{sources}") };
        let note = format!("<small>{}{}</small>", both(how(written.how)), escape(&by));
        let rules: Vec<usize> = rule.into_iter().collect();
        let data = format!(" data-rule=\"{}\" data-from=\"{}\"", ids('u', &rules), ids('s', &from));
        let kind = how(written.how);
        Row { id: format!("r{index}"), name: &written.place, kind, data, note }.write(out);
    }
    for unset in told.trace.unset() {
        let place = escape(&format!("{}.{}", unset.place, unset.element));
        let words = both(("required and not set", "krävs och sattes inte"));
        let _ = writeln!(out, "<li class=\"wide\">{place} <small class=\"mark\">{words}</small></li>");
    }
}

struct Row<'a> {
    id: String,
    name: &'a str,
    kind: Words,
    data: String,
    note: String,
}

impl Row<'_> {
    fn write(&self, out: &mut String) {
        // Places below the root are shown by their last name, indented; the whole stands beside it.
        let is_rule = self.id.starts_with('u');
        let depth = if is_rule { 0 } else { self.name.matches('.').count().min(8) };
        let last = if is_rule { self.name } else { self.name.rsplit('.').next().unwrap_or_default() };
        let (id, name, data, note) = (&self.id, escape(self.name), &self.data, &self.note);
        let _ = writeln!(
            out,
            "<li id=\"{id}\" data-name=\"{name}\" data-en=\"{}\" data-sv=\"{}\"{data}><button type=\"button\" class=\"row d{depth}\" \
             title=\"{name}\" aria-pressed=\"false\">{}{note}</button></li>",
            self.kind.0,
            self.kind.1,
            escape(last),
        );
    }
}

fn ids(kind: char, numbers: &[usize]) -> String {
    numbers.iter().map(|n| format!("{kind}{n}")).collect::<Vec<_>>().join(" ")
}

// ---- words ----

const NOT_READ: Words = ("not read", "inte läst");
const RAN: Words = ("ran", "kördes");
const DID_NOT_RUN: Words = ("did not run", "kördes inte");
const NEVER: Words = ("never tried", "prövades aldrig");

fn shape(shape: Shape) -> Words {
    match shape {
        Shape::Group => ("group", "grupp"),
        Shape::Text => ("text", "text"),
        Shape::Number => ("number", "tal"),
        Shape::Boolean => ("true or false", "sant eller falskt"),
        Shape::Empty => ("empty", "tom"),
    }
}

fn how(how: How) -> Words {
    match how {
        How::Made => ("made", "skapad"),
        How::Copied => ("copied", "kopierad"),
        How::Computed => ("computed", "beräknad"),
        How::Translated => ("translated", "översatt"),
        How::Constant => ("constant", "konstant"),
        How::NewId => ("new id", "nytt id"),
        How::Result => ("from the result", "från resultatet"),
    }
}

fn role(role: Role) -> Words {
    match role {
        Role::Source => ("source of", "källa för"),
        Role::Condition => ("condition in", "villkor i"),
        Role::Value => ("value in", "värde i"),
    }
}

fn why(text: &'static str) -> Words {
    let all = [
        (Outcome::NoSource, "sådant element saknas i"),
        (Outcome::Type, "av annan typ"),
        (Outcome::Where, "villkoret var inte sant för"),
        (Outcome::ListMode, "listläget utelämnade"),
        (Outcome::Failed, "felade vid"),
    ];
    let swedish = all.iter().find(|(outcome, _)| reason(*outcome) == text).map_or("", |(_, sv)| sv);
    (text.trim_end_matches(':'), swedish)
}

fn both(words: Words) -> String {
    format!("<span lang=\"en\">{}</span><span lang=\"sv\">{}</span>", words.0, words.1)
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '"' => out += "&quot;",
            '\'' => out += "&#39;",
            c => out.push(c),
        }
    }
    out
}

/// SHA-256 in base64, as a content security policy names an inline part.
fn hash(text: &str) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let hash = digest::digest(&digest::SHA256, text.as_bytes());
    let mut out = String::new();
    for three in hash.as_ref().chunks(3) {
        let bits = three.iter().fold(0u32, |bits, b| bits << 8 | u32::from(*b)) << (8 * (3 - three.len()));
        for place in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * place)) as usize & 63] as char;
            out.push(if place <= three.len() { digit } else { '=' });
        }
    }
    out
}
