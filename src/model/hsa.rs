//! HSA-id: the logical address of a party in Swedish health and social care.
//!
//! Invariant: `SE` + ten-digit organisation number + `-` + letters and digits, at most 31
//! characters, kept as received (domain §7, OID 1.2.752.129.2.1.4.1). Deliberately absent: a check
//! digit on the organisation number, because the rule asks for the shape only.

use std::fmt;

/// OID of HSA-id as identifier system.
pub const HSA_OID: &str = "urn:oid:1.2.752.129.2.1.4.1";

/// A well-formed HSA-id. Equality is exact: the gateway never folds case.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HsaId(Box<str>);

impl HsaId {
    /// Reads an HSA-id; `None` if the shape is wrong.
    pub fn parse(text: &str) -> Option<HsaId> {
        let rest = text.strip_prefix("SE")?;
        let (number, unit) = rest.split_once('-')?;
        let good = text.len() <= 31
            && number.len() == 10
            && number.bytes().all(|b| b.is_ascii_digit())
            && !unit.is_empty()
            && unit.bytes().all(|b| b.is_ascii_alphanumeric());
        good.then(|| HsaId(text.into()))
    }

    /// The id as received.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for HsaId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for HsaId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl serde::Serialize for HsaId {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&self.0)
    }
}

impl<'de> serde::Deserialize<'de> for HsaId {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<HsaId, D::Error> {
        let text = String::deserialize(d)?;
        HsaId::parse(&text).ok_or_else(|| {
            serde::de::Error::custom(
                "not an HSA-id: expected SE + 10 digits + '-' + letters and digits, at most 31 characters",
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::HsaId;

    #[test]
    fn the_shape_decides() {
        for good in ["SE2321009900-REG1", "SE2120009903-a1B2", "SE1234567890-12345678901234567"] {
            assert!(HsaId::parse(good).is_some(), "{good}");
        }
        let long = format!("SE1234567890-{}", "A".repeat(19));
        for bad in [
            "",
            "SE2321009900",
            "se2321009900-REG1",
            "SE232100990-REG1",
            "SE2321009900-",
            "SE2321009900-RÅ",
            &long,
        ] {
            assert!(HsaId::parse(bad).is_none(), "{bad}");
        }
    }
}
