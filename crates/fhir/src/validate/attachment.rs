//! Attachments: is what they say of their data so? (FHIR R4 datatypes.html, Attachment)
//!
//! Invariant: an instance's data are counted, never decoded. Deliberately absent: hashes, and data that
//! lie elsewhere.

use super::Run;
use crate::tree::NodeId;

/// How many bytes the base64 text stands for. `None`: it is no base64.
pub(super) fn bytes(base64: &str) -> Option<u64> {
    let signs = base64.bytes().filter(|b| !b.is_ascii_whitespace());
    let (all, padding) =
        signs.fold((0u64, 0u64), |(all, padding), b| (all + 1, padding + u64::from(b == b'=')));
    (all % 4 == 0 && padding <= 2).then(|| all / 4 * 3 - padding.min(all))
}

/// What the base64 text stands for. `None`: it is no base64.
pub(super) fn decoded(base64: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(base64.len() / 4 * 3);
    let (mut bits, mut count) = (0u32, 0u32);
    let signs = base64.bytes().filter(|b| !b.is_ascii_whitespace());
    for b in signs.take_while(|&b| b != b'=') {
        let value = match b {
            b'A'..=b'Z' => b - b'A',
            b'a'..=b'z' => b - b'a' + 26,
            b'0'..=b'9' => b - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        (bits, count) = (bits << 6 | u32::from(value), count + 6);
        if count >= 8 {
            count -= 8;
            out.push((bits >> count) as u8);
            bits &= (1 << count) - 1;
        }
    }
    Some(out)
}

/// The stated size is that of the data.
pub(super) fn size(run: &mut Run<'_>, node: NodeId) {
    let at = run.tree.at(node);
    let stated = at.child_text("size").and_then(|s| s.parse::<u64>().ok());
    let (Some(stated), Some(data)) = (stated, at.child_text("data").and_then(bytes)) else { return };
    if stated != data {
        let what = format!("size says {stated} bytes, but the data have {data}; correct one of them");
        run.error("attachment", node, what);
    }
}

#[cfg(test)]
mod tests {
    use super::{bytes, decoded};

    #[test]
    fn base64_is_counted_and_decoded_alike() {
        for (text, want) in
            [("", ""), ("aA==", "h"), ("aGU=", "he"), ("aGVq", "hej"), ("aG Vq\naGVq", "hejhej")]
        {
            assert_eq!(decoded(text).as_deref(), Some(want.as_bytes()), "{text}");
            assert_eq!(bytes(text), Some(want.len() as u64), "{text}");
        }
        assert_eq!(decoded("å"), None);
        assert_eq!(bytes("abc"), None);
    }
}
