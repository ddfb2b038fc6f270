//! RIV-TA SOAP: the contract's schemas, the door, the courier, and what the contract can carry.

mod door;
mod flows;
mod form;
mod schemas;
mod world;
