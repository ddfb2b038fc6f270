//! How a message in a file would find its receiver, with the configuration, the rules and the record of a site.
//!
//! Invariant: the same stages as the gateway's, in the same order; nothing goes on record. Without a record, or its key, the
//! answer says so. Deliberately absent: any choice of its own, and permission, which is about a receiver that is known.

use crate::{
    config::{Config, Problem},
    ledger::{Ledger, SubjectKey},
    model::{Arrival, Channel, Choice, Code, Failure, Fault, Format, HsaId, Model, Peer, Whereabouts},
    port::{Clock, SystemClock},
    registry::Registry,
    rulebook::{
        Rulebook, Source,
        check::guess::{self, Kind},
        envelope,
    },
    stage::{
        decode::{self, Decoded},
        permit::Facts,
        validate::{self, Rules},
    },
};
use jiff::SignedDuration;
use std::path::{Path, PathBuf};

/// The message, and what it does not say.
pub struct Asked {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Who sends it.
    pub from: Option<HsaId>,
    /// The state directory, if it is another than the configuration's.
    pub state: Option<PathBuf>,
}

/// How it would go.
pub struct Explained {
    /// The sender's id of it.
    pub id: String,
    /// Event code.
    pub event: String,
    /// Its receiver.
    pub to: HsaId,
    /// How that was chosen, if it was.
    pub choice: Option<Choice>,
    /// Was a record asked?
    pub record: bool,
}

/// Why there is no answer.
pub enum Unexplained {
    /// The configuration or the rules are wrong.
    Problems(Vec<Problem>),
    /// The gateway would refuse the message.
    Fault(Fault),
    /// The record cannot be read.
    Failure(Failure),
}

impl From<Fault> for Unexplained {
    fn from(fault: Fault) -> Unexplained {
        Unexplained::Fault(fault)
    }
}

/// Takes the message through the stages that find its receiver.
pub async fn explain(config: &Path, asked: Asked) -> Result<Explained, Unexplained> {
    let config = Config::load(config).map_err(Unexplained::Problems)?;
    let source = Source::of(config.rules.as_deref(), config.extra_rules.as_deref());
    let rulebook = Rulebook::load_with(&source, config.packages.as_deref()).map_err(Unexplained::Problems)?;
    let registry = Registry::new(&config);
    let (now, limit) = (SystemClock.now(), config.listen.max_body_bytes);
    let format = format(&asked.bytes)?;
    let from = match asked.from {
        Some(from) => from,
        None => sender(&asked.bytes, format, &rulebook, limit)?,
    };
    let unknown = || Fault::of(Code::UnknownPartner, "the sender is no configured party");
    let from = registry.partner(&from).ok_or_else(unknown)?.clone();
    let peer = Peer { hsa_id: Some(from.hsa_id.clone()), serial: String::new() };
    let arrival = Arrival { bytes: asked.bytes, channel: Channel::Fhir, format, peer, at: now };
    let message = match decode::message(&arrival, &from, &rulebook, limit)? {
        Decoded::Message(message) => *message,
        Decoded::Noted(_) => {
            let what =
                "the sender's rules say that it is none of the catalogue's messages, and goes no further";
            return Err(Fault::of(Code::NotSentOn, what).into());
        }
    };
    let state = asked.state.unwrap_or_else(|| config.state.clone());
    let envelope = &message.envelope;
    let known = match (SubjectKey::there(&state), Ledger::read(&state)) {
        (Some(key), Ok(ledger)) => {
            let subject = key.of(&Facts::of(envelope).value);
            let known = ledger.whereabouts(subject, &envelope.sender, &envelope.case).await;
            Some(known.map_err(Unexplained::Failure)?)
        }
        _ => None,
    };
    let (record, known): (bool, Whereabouts) = (known.is_some(), known.unwrap_or_default());
    // A file may be older than a message may be.
    let (mode, skew) = (config.mode, SignedDuration::MAX);
    let rules = Rules { registry: &registry, rulebook: &rulebook, mode, skew, now, known: &known };
    let valid = validate::message(message, from, &arrival.bytes, &rules)?;
    let envelope = valid.envelope();
    Ok(Explained {
        id: envelope.id.clone(),
        event: envelope.event.clone(),
        to: envelope.receiver.clone(),
        choice: valid.choice().cloned(),
        record,
    })
}

/// The format that it looks like.
fn format(bytes: &[u8]) -> Result<Format, Fault> {
    match guess::kind(bytes) {
        Kind::FhirJson => Ok(Format::FhirJson),
        Kind::FhirXml => Ok(Format::FhirXml),
        Kind::CaseJson => Ok(Format::CaseJson),
        Kind::CaseXml => Ok(Format::CaseXml),
        Kind::Hl7v2 => Ok(Format::Hl7v2),
        other => Err(Fault::of(Code::NotJson, format!("it looks like {}", other.looks()))),
    }
}

/// Who the message says that it is from.
fn sender(bytes: &[u8], format: Format, rulebook: &Rulebook, limit: usize) -> Result<HsaId, Fault> {
    if format.model() != Model::Fhir && format.model() != Model::Case {
        let what = "this format does not say so everywhere: name the sender with --from";
        return Err(Fault::of(Code::UnknownPartner, what));
    }
    let tree = rulebook.read(bytes, format, limit).map_err(Fault::from_errors)?;
    Ok(envelope::read(&tree, format.model())?.sender)
}
