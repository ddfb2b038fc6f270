//! What a party that fetches its messages asks and says, and what it is shown.
//!
//! Invariant: a page holds bodies and nothing else of a person; what is wrong with a question is told
//! by its place and never by its values. A body goes as it would have been carried: JSON as itself,
//! other text as a text, other bytes as base64. Deliberately absent: who may ask, and waiting.

use crate::model::{Answer, Code, DeliveryState, Event, EventKind, Fault, Finding, Lent, Peer, Receipt};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{json, value::RawValue};
use std::time::Duration;

/// Most deliveries in a page.
const MOST: u64 = 100;
/// Deliveries in a page, if nothing is asked.
const LIMIT: u64 = 16;
/// Longest wait, in seconds.
const LONGEST: u64 = 60;
/// Receipts in one call at most.
const RECEIPTS: usize = 1000;

/// Why a receiver may refuse a delivery for good.
pub const REASONS: [&str; 5] = ["not-ours", "unreadable", "invalid", "unsupported", "other"];

/// What is asked of a mailbox.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ask {
    /// The cursor: what was handed out after it and has no receipt is handed out again.
    pub after: Option<u64>,
    /// Deliveries at most.
    pub limit: usize,
    /// How long to wait for the first.
    pub wait: Duration,
}

/// Reads the query of a URL: `after`, `limit`, `wait`. `last`: the cursor that an event stream goes on
/// from. Error: `SLUSS-MBX-004`, all at once.
pub fn ask(query: &str, last: Option<&str>) -> Result<Ask, Fault> {
    let (mut after, mut limit, mut wait) = (None, LIMIT, 0);
    let mut findings = Vec::new();
    let parts = query.split('&').filter(|part| !part.is_empty());
    for part in parts.map(|part| part.split_once('=').unwrap_or((part, ""))) {
        let (name, bounds) = match part.0 {
            "after" => ("after", 0..=u64::MAX),
            "limit" => ("limit", 1..=MOST),
            "wait" => ("wait", 0..=LONGEST),
            _ => {
                findings.push(wrong("a parameter is none of after, limit, wait"));
                continue;
            }
        };
        match (name, number(part.1).filter(|n| bounds.contains(n))) {
            ("after", Some(n)) => after = Some(n),
            ("limit", Some(n)) => limit = n,
            (_, Some(n)) => wait = n,
            ("after", None) => findings.push(wrong("`after` is not a cursor of this mailbox")),
            (_, None) => {
                let detail =
                    format!("`{name}` is not a whole number from {} to {}", bounds.start(), bounds.end());
                findings.push(wrong(detail));
            }
        }
    }
    if let Some(text) = last {
        match number(text) {
            Some(n) => after = Some(n),
            None => findings.push(wrong("Last-Event-ID is not a cursor of this mailbox")),
        }
    }
    Fault::unless_clean(findings)?;
    Ok(Ask { after, limit: limit as usize, wait: Duration::from_secs(wait) })
}

fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

fn wrong(detail: impl Into<String>) -> Finding {
    Finding::error(Code::MailboxQuestion, detail)
}

/// What a receiver says of what it was handed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    #[serde(default)]
    acknowledge: Vec<String>,
    #[serde(default)]
    reject: Vec<Refused>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Refused {
    delivery: String,
    reason: String,
}

/// Reads receipts: `{"acknowledge": ["id"], "reject": [{"delivery": "id", "reason": "code"}]}`.
/// Error: `SLUSS-MBX-004`.
pub fn receipts(bytes: &[u8], peer: &Peer, now: Timestamp) -> Result<Vec<Receipt>, Fault> {
    let said: Said = serde_json::from_slice(bytes).map_err(|error| {
        let form = "not {\"acknowledge\": [\"…\"], \"reject\": [{\"delivery\": \"…\", \"reason\": \"…\"}]}";
        let place = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Fault::one(wrong(form).on(place(error.line()), place(error.column())))
    })?;
    let mut findings = Vec::new();
    for (index, refused) in said.reject.iter().enumerate() {
        if !REASONS.contains(&refused.reason.as_str()) {
            let detail = format!("the reason is none of {}", REASONS.join(", "));
            findings.push(wrong(detail).at(format!("/reject/{index}/reason")));
        }
    }
    let count = said.acknowledge.len() + said.reject.len();
    if !(1..=RECEIPTS).contains(&count) {
        findings.push(wrong(format!("not 1 to {RECEIPTS} deliveries")));
    }
    Fault::unless_clean(findings)?;
    let taken = said.acknowledge.into_iter().map(|id| receipt(id, None, peer, now));
    let refused = said.reject.into_iter().map(|r| receipt(r.delivery, Some(&r.reason), peer, now));
    Ok(taken.chain(refused).collect())
}

/// `refused`: why, if the delivery is not taken.
fn receipt(delivery: String, refused: Option<&str>, peer: &Peer, now: Timestamp) -> Receipt {
    let (state, kind) = match refused {
        None => (DeliveryState::Delivered, EventKind::Delivered),
        Some(_) => (DeliveryState::Rejected, EventKind::Rejected),
    };
    let event = Event {
        at: now,
        kind,
        message: None,
        delivery: None,
        party: None,
        code: refused.map(|_| Code::ReceiverRefused.to_string()),
        detail: json!({ "receipt": true, "reason": refused, "serial": peer.serial }).to_string(),
    };
    Receipt { delivery, state, event }
}

/// One delivery as it is handed out.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Item<'a> {
    delivery: &'a str,
    message: &'a str,
    sender_message: &'a str,
    event: &'a str,
    case: &'a str,
    format: String,
    media_type: &'static str,
    accepted_at: Timestamp,
    expires_at: Timestamp,
    attempt: u32,
    lent_until: Timestamp,
    cursor: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    base64: Option<String>,
}

impl<'a> Item<'a> {
    fn of(lent: &'a Lent) -> Item<'a> {
        let delivery = &lent.delivery;
        let media_type = delivery.format.media_type();
        let text = std::str::from_utf8(&delivery.body).ok();
        let body = text.filter(|_| media_type.ends_with("json")).and_then(|t| serde_json::from_str(t).ok());
        let text = text.filter(|_| body.is_none());
        let base64 = (body.is_none() && text.is_none()).then(|| base64(&delivery.body));
        Item {
            delivery: &delivery.id,
            message: &delivery.message,
            sender_message: &delivery.sender_message,
            event: &delivery.event,
            case: &delivery.lane.case,
            format: delivery.format.word(),
            media_type,
            accepted_at: delivery.accepted,
            expires_at: delivery.expires,
            attempt: delivery.attempt,
            lent_until: lent.until,
            cursor: lent.number.to_string(),
            body,
            text,
            base64,
        }
    }
}

#[derive(Serialize)]
struct Page<'a> {
    items: Vec<Item<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// A page; its cursor is the last item's, or the one that was asked with.
pub fn page(lent: &[Lent], after: Option<u64>) -> Answer {
    let last = lent.iter().map(|one| one.number).max().or(after);
    let page = Page { items: lent.iter().map(Item::of).collect(), next: last.map(|n| n.to_string()) };
    // Texts and numbers only: writing them to memory does not fail.
    let body = serde_json::to_vec(&page).unwrap_or_default();
    Answer { status: 200, content_type: "application/json".into(), body }
}

/// The same deliveries as server-sent events, each with its cursor as its id.
pub fn events(lent: &[Lent]) -> String {
    let mut out = String::new();
    for one in lent {
        let item = serde_json::to_string(&Item::of(one)).unwrap_or_default();
        // A body that passed as it came may have line ends, and a line end would end the data.
        let lines = item.replace("\r\n", "\n").replace(['\r', '\n'], "\ndata: ");
        out.push_str(&format!("id: {}\nevent: delivery\ndata: {lines}\n\n", one.number));
    }
    out
}

/// Where each delivery stands after its receipt; `None`: the party was never handed it.
pub fn received(receipts: &[String], states: &[Option<DeliveryState>]) -> Answer {
    let row = |(id, state): (&String, &Option<DeliveryState>)| json!({ "delivery": id, "state": state.map_or("unknown", DeliveryState::word) });
    let results: Vec<serde_json::Value> = receipts.iter().zip(states).map(row).collect();
    let body = json!({ "results": results }).to_string().into_bytes();
    Answer { status: 200, content_type: "application/json".into(), body }
}

/// RFC 4648, with padding.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let at = |i: usize| u32::from(three.get(i).copied().unwrap_or_default());
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        for digit in 0..4 {
            let sextet = (bits >> (18 - 6 * digit)) & 63;
            let shown = DIGITS.get(sextet as usize).filter(|_| digit <= three.len());
            out.push(shown.map_or('=', |b| char::from(*b)));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop")]

    use super::*;
    use crate::model::{Delivery, Format, HsaId, Lane};

    fn lent(body: &[u8]) -> Lent {
        let receiver = HsaId::parse("SE2120009903-SOC1").unwrap();
        let delivery = Delivery {
            id: "d".into(),
            message: "m".into(),
            sender_message: "s".into(),
            event: "admission-notice".into(),
            lane: Lane { receiver, case: "c".into() },
            attempt: 2,
            accepted: Timestamp::UNIX_EPOCH,
            expires: Timestamp::UNIX_EPOCH,
            format: Format::CaseJson,
            body: body.into(),
            facts: "{}".into(),
        };
        Lent { number: 7, until: Timestamp::UNIX_EPOCH, delivery }
    }

    #[test]
    fn base64_is_that_of_the_standard() {
        for (plain, coded) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
        assert_eq!(base64(&[0xfb, 0xff, 0xfe]), "+//+");
    }

    #[test]
    fn a_body_goes_as_it_is() {
        let told = |body: &[u8]| String::from_utf8(page(&[lent(body)], None).body).unwrap();
        let json = "{ \"a\":\n 1.50 }";
        assert!(told(json.as_bytes()).contains(&format!("\"body\":{json}")), "not a digit is changed");
        assert!(told("<å/>".as_bytes()).contains("\"text\":\"<å/>\""));
        assert!(told(&[0xff]).contains("\"base64\":\"/w==\""));
        let stream = events(&[lent(json.as_bytes())]);
        let data: Vec<&str> = stream.lines().filter_map(|l| l.strip_prefix("data: ")).collect();
        let item: serde_json::Value = serde_json::from_str(&data.join("\n")).unwrap();
        assert_eq!((item["cursor"].as_str(), item["attempt"].as_u64()), (Some("7"), Some(2)));
        assert!(stream.starts_with("id: 7\n") && stream.ends_with("\n\n"));
    }

    #[test]
    fn a_question_has_its_bounds_and_all_that_is_wrong_is_told_at_once() {
        let good = ask("after=9&limit=100&wait=60", None).unwrap();
        assert_eq!(good, Ask { after: Some(9), limit: 100, wait: Duration::from_secs(60) });
        assert_eq!(ask("", Some("4")).unwrap().after, Some(4));
        assert_eq!(ask("after=9", Some("4")).unwrap().after, Some(4), "a stream goes on where it broke");
        for bad in ["after=x", "after=", "after=-1", "limit=0", "limit=101", "wait=61", "wait=+5", "secret=1"]
        {
            let fault = ask(bad, None).unwrap_err();
            assert_eq!(fault.code(), Code::MailboxQuestion, "{bad}");
            assert!(!fault.to_string().contains("secret"), "{fault}");
        }
        assert_eq!(ask("limit=0&wait=99&b", Some("z")).unwrap_err().findings().len(), 4);
    }

    #[test]
    fn receipts_are_read_whole_or_not_at_all() {
        let peer = Peer { hsa_id: None, serial: "01".into() };
        let read = |text: &str| receipts(text.as_bytes(), &peer, Timestamp::UNIX_EPOCH);
        let both = read(r#"{"acknowledge":["a"],"reject":[{"delivery":"b","reason":"not-ours"}]}"#).unwrap();
        let states: Vec<DeliveryState> = both.iter().map(|r| r.state).collect();
        assert_eq!(states, [DeliveryState::Delivered, DeliveryState::Rejected]);
        for bad in [
            "",
            "[]x",
            "{}",
            r#"{"acknowledge":"121212"}"#,
            r#"{"acknowledge":["a"],"acknowledge":["b"]}"#,
            r#"{"reject":[{"delivery":"b","reason":"121212"}]}"#,
            r#"{"reject":["b"]}"#,
            r#"{"121212":[]}"#,
        ] {
            let fault = read(bad).unwrap_err();
            assert_eq!(fault.code(), Code::MailboxQuestion, "{bad}");
            assert!(!fault.to_string().contains("121212"), "{fault}");
        }
    }
}
