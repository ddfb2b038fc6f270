//! HL7 v2 messages of a simulated region, made fresh.
//!
//! Invariant: synthetic children on published test numbers only; ids and cases hold no delimiter, which is for
//! the caller to keep. Deliberately absent: a writer for any message; who needs more escapes it in the builder.

use jiff::{SignedDuration, Timestamp, tz::TimeZone};

/// An admission notice as an ADT^A01, sent now about something a minute ago.
#[derive(Clone, Copy, Debug)]
pub struct Notice<'a> {
    /// HSA-id of the region.
    pub from: &'a str,
    /// HSA-id of the municipality.
    pub to: &'a str,
    /// MSH-10.
    pub id: &'a str,
    /// Case, in ZSL-3.
    pub case: &'a str,
    /// MSH-15 and MSH-16, with the separator between.
    pub modes: &'a str,
    /// ZSL-1: the sign that somebody judged a need; the event's code, or nothing.
    pub sign: &'a str,
}

impl Notice<'_> {
    /// The message.
    pub fn text(&self, now: Timestamp) -> String {
        let Notice { from, to, id, case, modes, sign } = self;
        let before = instant(now.checked_sub(SignedDuration::from_mins(1)).unwrap_or(now));
        let now = instant(now);
        let beds = "|".repeat(16);
        format!(
            "MSH|^~\\&|JOURNAL|ALMLUND^{from}^HSA|SLUSS|GRANVIK^{to}^HSA|{now}||ADT^A01^ADT_A01|{id}|P|2.5.1|||{modes}\
             ||UNICODE UTF-8\r\
             EVN|A01|{before}\r\
             PID|1||201406042398^^^&1.2.752.129.2.1.3.1&ISO^NNSWE||Hedlund^Tuva^^^^^L||20140604|F|||\
             Ängsvägen 7^^Granvik^^99104^SE^L||070-555 01 10^PRN^CP\r\
             PV1|1|I|BUP1{beds}V-5120\r\
             PV2|||||||||203604141100\r\
             ZSL|{sign}|{before}|{case}\r"
        )
    }
}

/// An instant as HL7 v2 writes it, in Swedish time.
fn instant(at: Timestamp) -> String {
    let zone = TimeZone::get("Europe/Stockholm").unwrap_or(TimeZone::UTC);
    at.to_zoned(zone).strftime("%Y%m%d%H%M%S%z").to_string()
}
