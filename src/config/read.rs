//! Reads TOML key by key and remembers what was asked for, so that what was not is a problem.
//!
//! Invariant: reading never stops at the first problem; each carries file, line and remedy.

use super::Problem;
use crate::model::Code;
use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
    path::{Path, PathBuf},
};
use toml::de::{DeTable, DeValue};

/// One TOML table under reading.
pub struct Table<'a> {
    file: &'a Path,
    text: &'a str,
    table: Option<&'a DeTable<'a>>,
    span: Range<usize>,
    asked: BTreeSet<&'static str>,
    problems: &'a mut Vec<Problem>,
}

/// Reads a whole file with `read_one`; `None` if the file had any problem.
pub fn file<T>(
    file: &Path,
    problems: &mut Vec<Problem>,
    read_one: impl FnOnce(&mut Table<'_>) -> Option<T>,
) -> Option<T> {
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) => {
            let message = format!("the file cannot be read: {}", error.kind());
            problems.push(Problem::of(file, Code::ConfigFile, message, "check the path and its permissions"));
            return None;
        }
    };
    text_of(file, &text, problems, read_one)
}

/// Reads a text as if it were the file.
pub fn text_of<T>(
    file: &Path,
    text: &str,
    problems: &mut Vec<Problem>,
    read_one: impl FnOnce(&mut Table<'_>) -> Option<T>,
) -> Option<T> {
    let before = problems.len();
    let (root, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let span = error.span();
        problems.push(Problem {
            file: file.into(),
            line: span.as_ref().map(|s| line_of(text, s.start)),
            span,
            code: Code::ConfigSyntax,
            message: error.message().to_string(),
            remedy: "mend the TOML here".into(),
        });
    }
    let mut table =
        Table { file, text, table: Some(root.get_ref()), span: 0..0, asked: BTreeSet::new(), problems };
    let value = read_one(&mut table);
    table.finish();
    value.filter(|_| problems.len() == before)
}

fn line_of(text: &str, offset: usize) -> usize {
    text.as_bytes().iter().take(offset).filter(|b| **b == b'\n').count() + 1
}

impl<'a> Table<'a> {
    /// Records a problem at a place in this file.
    pub fn problem(&mut self, span: Option<Range<usize>>, code: Code, message: String, remedy: &str) {
        self.problems.push(Problem {
            file: PathBuf::from(self.file),
            line: span.as_ref().map(|s| line_of(self.text, s.start)),
            span,
            code,
            message,
            remedy: remedy.into(),
        });
    }

    fn get(&mut self, key: &'static str) -> Option<(&'a DeValue<'a>, Range<usize>)> {
        self.asked.insert(key);
        let value = self.table?.get(key)?;
        Some((value.get_ref(), value.span()))
    }

    /// Is the key there?
    pub fn has(&mut self, key: &'static str) -> bool {
        self.get(key).is_some()
    }

    fn missing(&mut self, key: &str, kind: &str) {
        let span = self.span.clone();
        let message = format!("`{key}` is missing");
        self.problem(Some(span), Code::ConfigKey, message, &format!("add `{key}` ({kind})"));
    }

    fn wrong(&mut self, key: &str, span: Range<usize>, kind: &str) {
        let message = format!("`{key}` is not {kind}");
        self.problem(Some(span), Code::ConfigKey, message, &format!("write {kind}"));
    }

    /// A text, if present.
    pub fn text(&mut self, key: &'static str) -> Option<String> {
        let (value, span) = self.get(key)?;
        let text = value.as_str().map(str::to_string);
        if text.is_none() {
            self.wrong(key, span, "a text in quotes");
        }
        text
    }

    /// A text that must be present.
    pub fn need_text(&mut self, key: &'static str) -> Option<String> {
        if self.get(key).is_none() {
            self.missing(key, "a text in quotes");
        }
        self.text(key)
    }

    /// A text read by `parse`; `expected` tells what it must be.
    pub fn parsed<T>(
        &mut self,
        key: &'static str,
        expected: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let text = self.text(key)?;
        let span = self.get(key).map(|(_, span)| span);
        let value = parse(&text);
        if value.is_none() {
            let message = format!("`{key}` is not {expected}");
            self.problem(span, Code::ConfigValue, message, &format!("write {expected}"));
        }
        value
    }

    /// The same, but it must be present.
    pub fn need<T>(
        &mut self,
        key: &'static str,
        expected: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        if self.get(key).is_none() {
            self.missing(key, expected);
            return None;
        }
        self.parsed(key, expected, parse)
    }

    /// A whole number within bounds, or the default.
    pub fn number(&mut self, key: &'static str, default: i64, bounds: std::ops::RangeInclusive<i64>) -> i64 {
        let Some((value, span)) = self.get(key) else { return default };
        let number = value.as_integer().and_then(|i| i64::from_str_radix(i.as_str(), i.radix()).ok());
        match number {
            Some(n) if bounds.contains(&n) => n,
            _ => {
                let kind = format!("a whole number from {} to {}", bounds.start(), bounds.end());
                self.wrong(key, span, &kind);
                default
            }
        }
    }

    /// `true` or `false`, or the default.
    pub fn boolean(&mut self, key: &'static str, default: bool) -> bool {
        let Some((value, span)) = self.get(key) else { return default };
        value.as_bool().unwrap_or_else(|| {
            self.wrong(key, span, "true or false");
            default
        })
    }

    /// A list of texts, each read by `parse`; `None` if the key is absent.
    pub fn list<T>(
        &mut self,
        key: &'static str,
        expected: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Option<Vec<T>> {
        let (value, span) = self.get(key)?;
        let Some(array) = value.as_array() else {
            self.wrong(key, span, "a list");
            return Some(Vec::new());
        };
        let mut out = Vec::new();
        for item in array.iter() {
            match item.get_ref().as_str().and_then(&parse) {
                Some(value) => out.push(value),
                None => {
                    let message = format!("a member of `{key}` is not {expected}");
                    self.problem(Some(item.span()), Code::ConfigValue, message, &format!("write {expected}"));
                }
            }
        }
        Some(out)
    }

    /// A table whose keys are names of its own, and whose values are texts.
    pub fn texts(&mut self, key: &'static str) -> BTreeMap<String, String> {
        let Some((value, span)) = self.get(key) else { return BTreeMap::new() };
        let Some(table) = value.as_table() else {
            self.wrong(key, span, "a table of texts");
            return BTreeMap::new();
        };
        let mut out = BTreeMap::new();
        for (name, value) in table.iter() {
            match value.get_ref().as_str() {
                Some(text) => {
                    out.insert(name.get_ref().to_string(), text.to_string());
                }
                None => self.wrong(key, value.span(), "a table of texts"),
            }
        }
        out
    }

    /// A sub-table; an absent one reads as empty, so that defaults and missing keys work alike.
    pub fn table<T>(&mut self, key: &'static str, read_one: impl FnOnce(&mut Table<'_>) -> T) -> T {
        let found = self.get(key);
        let span = found.as_ref().map_or(self.span.clone(), |(_, s)| s.clone());
        let table = found.as_ref().and_then(|(v, _)| v.as_table());
        if let (Some((_, span)), None) = (&found, table) {
            self.wrong(key, span.clone(), "a table");
        }
        let mut sub = Table {
            file: self.file,
            text: self.text,
            table,
            span,
            asked: BTreeSet::new(),
            problems: self.problems,
        };
        let value = read_one(&mut sub);
        sub.finish();
        value
    }

    /// Each table of an array of tables.
    pub fn tables<T>(
        &mut self,
        key: &'static str,
        mut read_one: impl FnMut(&mut Table<'_>) -> Option<T>,
    ) -> Vec<T> {
        let Some((value, span)) = self.get(key) else { return Vec::new() };
        let Some(array) = value.as_array() else {
            self.wrong(key, span, "an array of tables");
            return Vec::new();
        };
        let mut out = Vec::new();
        for item in array.iter() {
            let mut sub = Table {
                file: self.file,
                text: self.text,
                table: item.get_ref().as_table(),
                span: item.span(),
                asked: BTreeSet::new(),
                problems: self.problems,
            };
            out.extend(read_one(&mut sub));
            sub.finish();
        }
        out
    }

    /// Flags every key that nobody asked for.
    fn finish(&mut self) {
        let Some(table) = self.table else { return };
        let unknown: Vec<(String, Range<usize>)> = table
            .keys()
            .filter(|k| !self.asked.contains(k.get_ref().as_ref()))
            .map(|k| (k.get_ref().to_string(), k.span()))
            .collect();
        for (key, span) in unknown {
            let near = self.asked.iter().min_by_key(|known| distance(known, &key)).copied();
            let remedy = match near.filter(|known| distance(known, &key) <= 3) {
                Some(known) => format!("did you mean `{known}`?"),
                None => format!("known keys: {}", self.asked.iter().copied().collect::<Vec<_>>().join(", ")),
            };
            self.problem(Some(span), Code::ConfigKey, format!("unknown key `{key}`"), &remedy);
        }
    }
}

/// Edit distance of two short words.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let keep = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = keep.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
