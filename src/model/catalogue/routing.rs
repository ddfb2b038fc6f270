//! The catalogue's rows about receivers: unknown, not agreed, beside, chosen (domain §6).
//!
//! Invariant: nothing is refused because its receiver had to be chosen. Deliberately absent: the rules, which
//! `stage::route` keeps.

use super::{Actor, Code, Entry, row};

/// No such party.
#[rustfmt::skip]
pub(super) const UNKNOWN: Entry =
    row(Code::UnknownReceiver, "SLUSS-RTE-001", 422, "not-found", Actor::Sender, false,
        ("The receiver is not a party that this gateway knows",
         "Mottagaren är inte en part som slussen känner"),
        ("Check the receiver's HSA-id against the list of parties",
         "Kontrollera mottagarens HSA-id mot partslistan"));

/// No agreement.
#[rustfmt::skip]
pub(super) const NOT_AGREED: Entry =
    row(Code::NotAgreed, "SLUSS-RTE-002", 422, "business-rule", Actor::Agreement, false,
        ("No agreement covers this event between this sender and this receiver",
         "Inget avtal omfattar händelsen mellan avsändaren och mottagaren"),
        ("Check event, sender and receiver, or have the agreement extended",
         "Kontrollera händelse, avsändare och mottagare, eller utöka avtalet"));

/// Another message goes out beside it.
#[rustfmt::skip]
pub(super) const BESIDE: Entry =
    row(Code::SentBeside, "SLUSS-RTE-010", 202, "informational", Actor::Agreement, false,
        ("Another message was made of this one and goes out beside it, as the agreement says",
         "Ett meddelande till har gjorts av detta och går ut bredvid det, enligt avtalet"),
        ("Keep its id: answers may name it. Do not send it yourself",
         "Spara dess id: svar kan avse det. Skicka det inte själv"));

/// The gateway chose.
#[rustfmt::skip]
pub(super) const CHOSEN: Entry =
    row(Code::ReceiverChosen, "SLUSS-RTE-011", 202, "informational", Actor::Sender, false,
        ("The message was sent to a routing address, and the gateway chose its receiver",
         "Meddelandet skickades till en fördelningsadress, och slussen valde mottagare"),
        ("Nothing to do: messages that name it go the same way. `sluss route explain` tells why",
         "Inget att göra: meddelanden som avser det går samma väg. `sluss route explain` visar varför"));

/// The record says otherwise than the sender.
#[rustfmt::skip]
pub(super) const ELSEWHERE: Entry =
    row(Code::PlacedElsewhere, "SLUSS-RTE-012", 202, "informational", Actor::Sender, false,
        ("The sender was told of an open placement by another board than the receiver; the message goes where it says",
         "Avsändaren har underrättats om en pågående placering av en annan nämnd än mottagaren; meddelandet går dit det säger"),
        ("Check whether the receiver is the one that was meant, or use the routing address",
         "Kontrollera att mottagaren är den avsedda, eller använd fördelningsadressen"));
