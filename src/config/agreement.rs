//! `agreements/*.toml`: what the parties have agreed to tell each other, and on which bases.
//!
//! Invariant: an event that no rule names does not pass. Values that law does not fix are data here,
//! with the legal reference beside them (domain, head).

pub mod routing;
mod terms;

use super::{Problem, partner::kind, read};
use crate::{
    case::Terms,
    model::{Basis, Code, HsaId, PartyKind, path::ElementPath},
};
use jiff::civil::Date;
pub use routing::{Area, Routing};
use std::path::Path;

/// One agreement.
#[derive(Clone, PartialEq, Debug)]
pub struct Agreement {
    /// Its name, e.g. `lan-2026`; on record with every decision.
    pub name: String,
    /// First day in force.
    pub valid_from: Date,
    /// Last day in force, if it ends.
    pub valid_to: Option<Date>,
    /// Its parties; empty means every configured partner.
    pub parties: Vec<HsaId>,
    /// What may be told.
    pub events: Vec<EventRule>,
    /// What goes out beside it.
    pub fan_out: Vec<FanOut>,
    /// How a message without a concrete receiver finds it, if it may.
    pub routing: Option<Routing>,
    /// What never reaches anyone when the subject is protected (domain §5).
    pub protected_removes: Vec<ElementPath>,
    /// By when what is owed, and from when who pays.
    pub terms: Terms,
}

/// One row: an event in one direction.
#[derive(Clone, PartialEq, Debug)]
pub struct EventRule {
    /// Event code of the catalogue.
    pub code: String,
    /// Kind of party that sends it.
    pub from: PartyKind,
    /// Kind of party that receives it.
    pub to: PartyKind,
    /// Bases that serve. Empty: it never passes.
    pub bases: Vec<Basis>,
    /// Kind of information that a consent must cover.
    pub consent_kind: Option<String>,
    /// Legal reference, for people.
    pub reference: String,
    /// What of the canonical form may reach the receiver; `None`: all that the profile allows.
    pub whitelist: Option<Vec<ElementPath>>,
}

/// A message that goes out beside another one (domain §1: M1 that asks for all parts is M1 and M2).
#[derive(Clone, PartialEq, Debug)]
pub struct FanOut {
    /// Event code of the message that comes in.
    pub event: String,
    /// FHIRPath on its canonical form: true where another message goes out.
    pub when: ElementPath,
    /// Event code of the other message, which a map makes of it.
    pub also: String,
    /// Who receives the other message.
    pub to: HsaId,
}

/// Elements removed for a protected subject unless the agreement says otherwise.
const PROTECTED_REMOVES: [&str; 5] = [
    "Patient.address",
    "Patient.telecom",
    "Patient.contact",
    // M3 says where the child is to be examined.
    "Location.address",
    "EpisodeOfCare.extension('https://sluss.example/fhir/StructureDefinition/stay-address')",
];

/// Reads an agreement's text (the embedded example and tests).
pub fn from_text(name: &str, text: &str) -> Result<Agreement, Vec<Problem>> {
    let mut problems = Vec::new();
    read::text_of(Path::new(name), text, &mut problems, read).ok_or(problems)
}

/// Reads one agreement.
pub fn read(table: &mut read::Table<'_>) -> Option<Agreement> {
    let name = table.need_text("name");
    let valid_from = table.need("valid_from", "a date in quotes, e.g. \"2022-04-01\"", |t| t.parse().ok());
    let valid_to = table.parsed("valid_to", "a date in quotes", |t| t.parse().ok());
    let parties = table.list("parties", "an HSA-id", HsaId::parse).unwrap_or_default();
    let protected = table.list("protected_removes", "a FHIRPath expression", ElementPath::parse);
    let events = table.tables("event", event);
    let terms = table.table("terms", |table| terms::read(table, valid_from));
    let fan_out = table.tables("fan_out", fan_out);
    let routing = if table.has("routing") { table.table("routing", routing::read) } else { None };
    if events.is_empty() {
        table.problem(
            None,
            Code::ConfigKey,
            "the agreement names no event".into(),
            "add [[event]] tables: nothing passes that is not agreed",
        );
    }
    Some(Agreement {
        name: name?,
        valid_from: valid_from?,
        valid_to,
        parties,
        events,
        fan_out,
        routing,
        protected_removes: protected
            .unwrap_or_else(|| PROTECTED_REMOVES.iter().filter_map(|p| ElementPath::parse(p)).collect()),
        terms,
    })
}

fn event(table: &mut read::Table<'_>) -> Option<EventRule> {
    let party = "\"region\", \"municipality\", \"private-provider\" or \"sis\"";
    let code = table.need_text("code");
    let from = table.need("from", party, kind);
    let to = table.need("to", party, kind);
    let bases = table.list("bases", "a basis code", Basis::from_word);
    let consent_kind = table.text("consent_kind");
    let reference = table.text("reference").unwrap_or_default();
    let whitelist = table.list("whitelist", "a FHIRPath expression", ElementPath::parse);
    Some(EventRule {
        code: code?,
        from: from?,
        to: to?,
        bases: bases.unwrap_or_default(),
        consent_kind,
        reference,
        whitelist,
    })
}

fn fan_out(table: &mut read::Table<'_>) -> Option<FanOut> {
    let event = table.need_text("event");
    let when = table.need("when", "a FHIRPath expression", ElementPath::parse);
    let also = table.need_text("also");
    let to = table.need("to", "an HSA-id", HsaId::parse);
    Some(FanOut { event: event?, when: when?, also: also?, to: to? })
}
