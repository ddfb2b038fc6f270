//! Attachments: is what they say of their data so? (FHIR R4 datatypes.html, Attachment)
//!
//! Invariant: data are counted, never decoded. Deliberately absent: hashes, and data that lie elsewhere.

use super::Run;
use crate::tree::NodeId;

/// How many bytes the base64 text stands for. `None`: it is no base64.
pub(super) fn bytes(base64: &str) -> Option<u64> {
    let signs = base64.bytes().filter(|b| !b.is_ascii_whitespace());
    let (all, padding) =
        signs.fold((0u64, 0u64), |(all, padding), b| (all + 1, padding + u64::from(b == b'=')));
    (all % 4 == 0 && padding <= 2).then(|| all / 4 * 3 - padding.min(all))
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
