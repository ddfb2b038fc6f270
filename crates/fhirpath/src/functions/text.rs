//! Strings.
//!
//! Invariant: positions and lengths count characters, not bytes; a missing input or argument gives
//! an empty result; what a function is about to build is paid for first. Deliberately absent:
//! locales.

use super::Run::{One, Whole};
use super::{Builtin, Call, Gives, Outcome, Run, Single, Takes, Wants, integer, pattern, plain, yes_no};
use crate::error::{Fail, Reason, fail, wrong};
use crate::eval::Machine;
use crate::value::{Coll, Value};
use std::borrow::Cow;

const fn text(name: &'static str, args: (u8, u8), gives: Gives, run: Run) -> Builtin {
    plain(name, args, Takes::Text, gives, run)
}

const fn pattern(name: &'static str, args: (u8, u8), gives: Gives, run: Run) -> Builtin {
    Builtin { pattern: true, ..plain(name, args, Takes::Text, gives, run) }
}

pub(crate) const TABLE: &[Builtin] = &[
    text("indexOf", (1, 1), Gives::Integer, One(index_of)).wanting(&[Wants::Text]),
    text("lastIndexOf", (1, 1), Gives::Integer, One(last_index_of)).wanting(&[Wants::Text]),
    text("substring", (1, 2), Gives::Text, One(substring)).wanting(&[Wants::Whole]),
    text("startsWith", (1, 1), Gives::Truth, One(starts_with)).wanting(&[Wants::Text]),
    text("endsWith", (1, 1), Gives::Truth, One(ends_with)).wanting(&[Wants::Text]),
    text("contains", (1, 1), Gives::Truth, One(contains)).wanting(&[Wants::Text]),
    text("upper", (0, 0), Gives::Text, One(upper)),
    text("lower", (0, 0), Gives::Text, One(lower)),
    text("replace", (2, 2), Gives::Text, One(replace)).wanting(&[Wants::Text]),
    pattern("matches", (1, 2), Gives::Truth, One(matches)).wanting(&[Wants::Text]),
    pattern("matchesFull", (1, 2), Gives::Truth, One(matches)).wanting(&[Wants::Text]),
    pattern("replaceMatches", (2, 3), Gives::Text, One(replace_matches)).wanting(&[Wants::Text]),
    text("length", (0, 0), Gives::Integer, One(length)),
    text("toChars", (0, 0), Gives::Texts, Whole(to_chars)),
    text("trim", (0, 0), Gives::Text, One(trim)),
    text("split", (1, 1), Gives::Texts, Whole(split)).wanting(&[Wants::Text]),
    plain("join", (0, 1), Takes::Any, Gives::Text, One(join)).wanting(&[Wants::Text]),
];

/// The input as one string.
pub(super) enum Text<'c, 't> {
    /// A slice of a tree's text: parts of it can be results as they are.
    Tree(&'t str),
    /// A calculated string.
    Other(&'c str),
}

impl std::ops::Deref for Text<'_, '_> {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Text::Tree(text) | Text::Other(text) => text,
        }
    }
}

/// The input as one string: `None` if it is empty, an error if it is something else.
pub(super) fn input<'c, 't>(m: &Machine<'_, 't>, call: &Call<'c, 't>) -> Result<Option<Text<'c, 't>>, Fail> {
    let text = match call.input {
        [] => return Ok(None),
        [Value::String(Cow::Owned(text))] => Text::Other(text),
        [one] => match m.simple(one).into_owned() {
            Value::String(Cow::Borrowed(text)) => Text::Tree(text),
            _ => return Err(wrong("this function is for Strings")),
        },
        _ => return Err(fail(Reason::Several)),
    };
    m.step(text.len() / 16)?;
    Ok(Some(text))
}

/// Runs `f` on input and first argument, where both are there.
fn with<'t>(
    m: &Machine<'_, 't>,
    call: &Call<'_, 't>,
    f: impl FnOnce(&str, &str) -> Result<Value<'t>, Fail>,
) -> Single<'t> {
    let Some(text) = input(m, call)? else { return Ok(None) };
    match m.text_arg(call, 0)? {
        Some(arg) => Ok(Some(f(&text, &arg)?)),
        None => Ok(None),
    }
}

fn position<'t>(text: &str, at: Option<usize>) -> Value<'t> {
    let chars = at.and_then(|at| text.get(..at)).map(|before| before.chars().count() as i64);
    Value::Integer(chars.unwrap_or(-1))
}

fn index_of<'t>(m: &Machine<'_, 't>, call: Call<'_, 't>) -> Single<'t> {
    with(m, &call, |text, part| Ok(position(text, text.find(part))))
}

fn last_index_of<'t>(m: &Machine<'_, 't>, call: Call<'_, 't>) -> Single<'t> {
    with(m, &call, |text, part| Ok(position(text, text.rfind(part))))
}

fn substring<'t>(m: &Machine<'_, 't>, call: Call<'_, 't>) -> Single<'t> {
    let Some(text) = input(m, &call)? else { return Ok(None) };
    let Some(start) = m.integer_arg(&call, 0)? else { return Ok(None) };
    let Ok(start) = usize::try_from(start) else { return Ok(None) };
    let length = match call.args.len() {
        2 => m.integer_arg(&call, 1)?.map(|n| n.max(0) as usize),
        _ => None,
    };
    // Where the n-th character starts; also past the last one.
    let byte = |text: &str, n: usize| text.char_indices().map(|(i, _)| i).chain([text.len()]).nth(n);
    let Some(from) = byte(&text, start).filter(|&from| from < text.len()) else { return Ok(None) };
    let to = length.and_then(|n| byte(&text[from..], n)).map_or(text.len(), |n| from + n);
    Ok(Some(Value::String(match text {
        Text::Tree(text) => Cow::Borrowed(&text[from..to]),
        Text::Other(text) => Cow::Owned(text[from..to].to_string()),
    })))
}

fn starts_with<'t>(m: &Machine<'_, 't>, call: Call<'_, 't>) -> Single<'t> {
    with(m, &call, |text, part| Ok(Value::Boolean(text.starts_with(part))))
}

fn ends_with<'t>(m: &Machine<'_, 't>, call: Call<'_, 't>) -> Single<'t> {
    with(m, &call, |text, part| Ok(Value::Boolean(text.ends_with(part))))
}

fn contains<'t>(m: &Machine<'_, 't>, call: Call<'_, 't>) -> Single<'t> {
    with(m, &call, |text, part| Ok(Value::Boolean(text.contains(part))))
}

fn map<'t>(m: &Machine<'_, 't>, call: &Call<'_, 't>, f: impl Fn(&str) -> String) -> Single<'t> {
    match input(m, call)? {
        Some(text) => {
            m.take(text.len())?;
            Ok(Some(Value::owned(f(&text))))
        }
        None => Ok(None),
    }
}

fn upper<'t>(m: &Machine<'_, 't>, call: Call<'_, 't>) -> Single<'t> {
    map(m, &call, str::to_uppercase)
}

fn lower<'t>(m: &Machine<'_, 't>, call: Call<'_, 't>) -> Single<'t> {
    map(m, &call, str::to_lowercase)
}

fn trim<'t>(m: &Machine<'_, 't>, call: Call<'_, 't>) -> Single<'t> {
    map(m, &call, |text| text.trim().to_string())
}

fn replace<'t>(m: &Machine<'_, 't>, call: Call<'_, 't>) -> Single<'t> {
    let Some(text) = input(m, &call)? else { return Ok(None) };
    let (Some(part), Some(by)) = (m.text_arg(&call, 0)?, m.text_arg(&call, 1)?) else {
        return Ok(None);
    };
    let added = text.matches(&*part).count().saturating_mul(by.len() + 1);
    m.step(added)?;
    m.take(text.len().saturating_add(added))?;
    let replaced = text.replace(&*part, &by);
    // The official suite wants nothing added after the last character: 'abc' gives xaxbxcx.
    Ok(Some(Value::owned(replaced)))
}

fn matches<'t>(m: &Machine<'_, 't>, call: Call<'_, 't>) -> Single<'t> {
    let Some(text) = input(m, &call)? else { return Ok(None) };
    m.step(text.len() / 4)?;
    pattern::with(m, &call, |regex| yes_no(regex.is_match(&text)))
}

fn replace_matches<'t>(m: &Machine<'_, 't>, call: Call<'_, 't>) -> Single<'t> {
    let Some(text) = input(m, &call)? else { return Ok(None) };
    let Some(by) = m.text_arg(&call, 1)? else { return Ok(None) };
    let by = pattern::replacement(&by);
    pattern::with(m, &call, |regex| {
        if regex.as_str() == pattern::NOTHING {
            return Ok(Some(Value::owned(text.to_string())));
        }
        // Each match can insert the replacement and, by its groups, the match itself some times.
        let groups = by.matches('$').count();
        let worst = regex.find_iter(&text).map(|found| by.len() + groups * found.len() + 1);
        let added = worst.fold(0, usize::saturating_add);
        m.step(added)?;
        m.take(text.len().saturating_add(added))?;
        Ok(Some(Value::owned(regex.replace_all(&text, &*by).into_owned())))
    })
}

fn length<'t>(m: &Machine<'_, 't>, call: Call<'_, 't>) -> Single<'t> {
    input(m, &call)?.map_or(Ok(None), |text| integer(text.chars().count()))
}

/// The parts of a text between the separators; without a separator its characters.
fn cut<'x, 'b>(text: &'x str, by: &'b str) -> impl Iterator<Item = &'x str> + use<'x, 'b> {
    let single = by.is_empty().then(|| text.char_indices().map(|(at, c)| &text[at..at + c.len_utf8()]));
    let parts = (!by.is_empty()).then(|| text.split(by));
    single.into_iter().flatten().chain(parts.into_iter().flatten())
}

/// The parts as items: slices of the tree's text where it is one.
fn pieces<'t>(m: &Machine<'_, 't>, text: &Text<'_, 't>, by: &str) -> Outcome<'t> {
    m.step(text.len())?;
    let mut out = Coll::new();
    match text {
        Text::Tree(text) => {
            for piece in cut(text, by) {
                m.take(size_of::<Value<'t>>())?;
                out.push(Value::from(piece));
            }
        }
        Text::Other(text) => {
            for piece in cut(text, by) {
                m.take(size_of::<Value<'t>>() + piece.len() + LEAST)?;
                out.push(Value::owned(piece.to_string()));
            }
        }
    }
    Ok(out)
}

/// What the smallest text on the heap takes besides its bytes.
const LEAST: usize = 16;

fn to_chars<'t>(m: &Machine<'_, 't>, call: Call<'_, 't>) -> Outcome<'t> {
    match input(m, &call)? {
        Some(text) => pieces(m, &text, ""),
        None => Ok(Coll::new()),
    }
}

fn split<'t>(m: &Machine<'_, 't>, call: Call<'_, 't>) -> Outcome<'t> {
    let Some(text) = input(m, &call)? else { return Ok(Coll::new()) };
    let Some(by) = m.text_arg(&call, 0)? else { return Ok(Coll::new()) };
    pieces(m, &text, &by)
}

fn join<'t>(m: &Machine<'_, 't>, call: Call<'_, 't>) -> Single<'t> {
    let by = m.text_arg(&call, 0)?.unwrap_or_default();
    let mut out = String::new();
    for (i, item) in call.input.iter().enumerate() {
        let Value::String(text) = &*m.simple(item) else {
            return Err(wrong("only Strings can be joined"));
        };
        m.step(1 + (text.len() + by.len()) / 4)?;
        m.take(text.len() + by.len())?;
        if i > 0 {
            out.push_str(&by);
        }
        out.push_str(text);
    }
    Ok((!call.input.is_empty()).then(|| Value::owned(out)))
}
