//! Nouns: plain data of the gateway, with the rules that a value of the type obeys.
//!
//! Invariant: a value that exists is well formed (constructors check). Deliberately absent: I/O,
//! async, clocks, logging, and anything that knows a transport or a store.

pub mod answer;
pub mod arrival;
pub mod catalogue;
pub mod delivery;
pub mod event;
pub mod fault;
pub mod format;
pub mod hsa;
pub mod identifier;
pub mod lang;
pub mod mailbox;
pub mod mark;
pub mod message;
pub mod notice;
pub mod partner;
pub mod path;
pub mod permit;
pub mod problem;
pub mod record;
pub mod routing;

pub use answer::Answer;
pub use arrival::{Arrival, Channel, Peer};
pub use delivery::{Delivery, DeliveryState, Lane, Outcome};
pub use event::{Event, EventKind};
pub use fault::{Actor, Code, Failure, Fault, Finding, Place};
pub use format::{Format, Model, Word};
pub use hsa::HsaId;
pub use lang::Lang;
pub use mailbox::{Lending, Lent, Mail, Pick, Receipt};
pub use mark::{Mark, Marking, Named, Referred};
pub use message::{Envelope, Message, MessageState, Subject, Told};
pub use notice::Notice;
pub use partner::{Acknowledgement, Partner, PartyKind};
pub use permit::{Basis, Decision, Hold};
pub use problem::{Cause, CloseReason, Owner, ProblemKind};
pub use record::{Key, NewDelivery, Settlement};
pub use routing::{Choice, Placed, Residence, Rule, Step, Went, Whereabouts};
