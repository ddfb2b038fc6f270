//! HL7 v2 in its text form ER7, versions 2.3 to 2.8.
//!
//! [`Message::parse`] finds segments and fields and copies nothing; every [`Value`] knows its bytes and their
//! span. [`Builder`] writes a message in which no text can become a delimiter. [`Charset`] decodes by MSH-18,
//! strictly. [`ack`] writes and reads acknowledgements, [`mllp`] finds messages on a stream.
//!
//! Invariants: total on any bytes, in time and memory linear in them, within [`Limits`]; a [`Fault`] says where,
//! what and what to do, and never a value; a byte or escape that cannot be read is refused, never replaced.
//! Deliberately absent: the structures of message types and the data types of fields (who maps a message knows
//! them), sockets, clocks, and any knowledge of the gateway.

pub mod ack;
mod batch;
mod builder;
mod charset;
mod check;
mod delimiters;
mod escape;
mod fault;
mod message;
pub mod mllp;
mod path;
mod scan;
mod value;

pub use batch::{Batch, Batches};
pub use builder::{Builder, Draft};
pub use charset::Charset;
pub use delimiters::Delimiters;
pub use fault::{Code, Fault, Place};
pub use message::{Limits, Message, Segment};
pub use path::Path;
pub use value::Value;
