//! End-to-end tests: sender, gateway and receiver are real servers or processes over real TLS.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod about_messages;
mod bad_input;
mod bases;
mod case_messages;
mod catalogue_care;
mod catalogue_replies;
mod cli;
mod crash;
mod dialects;
mod fan_out;
mod flows;
mod forms;
mod hl7v2_maps;
mod identity;
mod mailbox;
mod maps;
mod mllp;
mod notify;
mod packages;
mod places;
mod process;
mod rivta;
mod round_trips;
mod routing;
mod rules;
mod scenarios;
mod there_and_back;
mod tidy;
mod tls;
mod validate;
mod watch;
mod whitelist;
mod world;
mod xsd;
