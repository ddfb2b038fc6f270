//! What the engine asks of the definitions, in its own words: members, choices, what fits where.
//!
//! Invariant: this is the only file of the compiler that knows how definitions name choice elements.
//! Deliberately absent: the checking itself (see `compile`).

use crate::code::{Choice, ElementCode, Shape};
use crate::lexical::Form;
use fhir::{Definitions, Key, TypeId};

/// A member of a type.
pub(crate) struct Member {
    pub name: String,
    pub types: Vec<TypeId>,
    pub list: bool,
    pub rank: u32,
    /// May it bear several names?
    pub choice: bool,
}

/// How a value of one type suits an element.
pub(crate) enum Fit {
    /// It becomes this choice of the element.
    As(usize),
    /// Only the value can tell.
    Open,
    /// It never does.
    Never,
}

pub(crate) fn type_named(definitions: &Definitions, name: &str) -> Option<TypeId> {
    let last = name.rsplit(['/', '#']).next().unwrap_or(name);
    let bare = last.strip_prefix("FHIR.").unwrap_or(last);
    definitions.type_id(name).or_else(|| definitions.type_id(last)).or_else(|| definitions.type_id(bare))
}

/// The member `name` of `parent`; `valueQuantity` is the choice `value` narrowed to one type.
pub(crate) fn member(definitions: &Definitions, parent: TypeId, name: &str) -> Option<Member> {
    let element = definitions.element(parent, name)?;
    let narrowed = definitions.choice_type(parent, name).filter(|_| *element.name != *name);
    Some(Member {
        name: element.name.to_string(),
        types: narrowed.map_or_else(|| element.types.clone(), |ty| vec![ty]),
        list: element.repeats(),
        rank: definitions.order(parent, &element.name),
        choice: element.choice,
    })
}

/// The names of all members, for suggestions.
pub(crate) fn member_names(definitions: &Definitions, parent: TypeId) -> Vec<String> {
    definitions.elements(parent).map(|e| e.name.to_string()).collect()
}

/// The name that a choice element bears when it holds `ty`.
pub(crate) fn choice_name(definitions: &Definitions, name: &str, ty: TypeId) -> String {
    let ty = definitions.type_name(ty);
    let mut letters = ty.chars();
    let first = letters.next().map(|c| c.to_ascii_uppercase());
    format!("{name}{}{}", first.map(String::from).unwrap_or_default(), letters.as_str())
}

/// The member as something to write.
pub(crate) fn element_code(definitions: &Definitions, member: &Member) -> ElementCode {
    let choices = member.types.iter().map(|&ty| {
        let name = match member.choice {
            true => choice_name(definitions, &member.name, ty),
            false => member.name.clone(),
        };
        Choice { key: Key::new(&name), ty, shape: shape(definitions, ty) }
    });
    ElementCode {
        name: member.name.clone(),
        list: member.list,
        rank: member.rank,
        choice: member.choice,
        choices: choices.collect(),
    }
}

pub(crate) fn shape(definitions: &Definitions, ty: TypeId) -> Shape {
    match () {
        () if definitions.is_primitive(ty) => Shape::Primitive(Form::of(definitions.type_name(ty))),
        () if definitions.is_resource(ty) && definitions.is_abstract(ty) => Shape::AnyResource,
        () if definitions.is_resource(ty) => Shape::Resource(definitions.type_name(ty).to_string()),
        () => Shape::Complex,
    }
}

/// Which choice of the element a value of type `ty` becomes.
pub(crate) fn fit(definitions: &Definitions, ty: TypeId, element: &ElementCode) -> Fit {
    if ty == TypeId::NONE {
        return Fit::Open;
    }
    let choices = &element.choices;
    let exact = choices.iter().position(|c| c.ty == ty);
    let related = || choices.iter().position(|c| definitions.is_a(ty, c.ty));
    if let Some(found) = exact.or_else(related) {
        return Fit::As(found);
    }
    if !definitions.is_primitive(ty) {
        return Fit::Never;
    }
    let from = Form::of(definitions.type_name(ty));
    let suits = |c: &&Choice| matches!(c.shape, Shape::Primitive(to) if converts(from, to));
    let wanted = if from.kind() == fhir::Kind::String { "string" } else { "decimal" };
    let usual = definitions.type_id(wanted);
    let mut fitting = choices.iter().filter(suits);
    let first = fitting.next().map(|c| c.ty);
    let only = fitting.next().is_none();
    let pick = choices.iter().position(|c| Some(c.ty) == usual && suits(&c));
    match (pick, first) {
        (Some(found), _) => Fit::As(found),
        (None, Some(first)) if only => choices.iter().position(|c| c.ty == first).map_or(Fit::Never, Fit::As),
        _ => Fit::Never,
    }
}

/// May a value written in one form stand where the other is wanted? Texts are tested again when
/// they are written.
fn converts(from: Form, to: Form) -> bool {
    match (from, to) {
        (Form::DateTime | Form::Instant, Form::Date) => false,
        (Form::Date | Form::DateTime | Form::Instant, Form::Time) | (Form::Time, Form::Date) => false,
        (_, to) if to.kind() == fhir::Kind::String => true,
        (from, to) => from.kind() == to.kind(),
    }
}

/// The nearest of the names, if one is near enough to be a slip.
pub(crate) fn nearest<'a>(name: &str, names: &'a [String]) -> Option<&'a str> {
    let near = names.iter().map(|n| (distance(name, n), n)).min()?;
    (near.0 <= 1 + name.len() / 4).then_some(near.1.as_str())
}

fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut before = i;
        row[0] = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let cost = before + usize::from(!ca.eq_ignore_ascii_case(cb));
            before = row[j + 1];
            row[j + 1] = cost.min(row[j] + 1).min(before + 1);
        }
    }
    row[b.len()]
}
