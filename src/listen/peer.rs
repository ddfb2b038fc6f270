//! What a client certificate says about its holder: serial number, issuer and HSA-id.
//!
//! Invariant: read from the DER, never from a printed name. The HSA-id counts only if the subject
//! holds exactly one attribute of the configured type and its value is well formed; two are as good
//! as none, because two readers could choose differently. Nothing that a stranger wrote is kept as
//! text except a cut and cleaned issuer name. Deliberately absent: any judgement of trust.

use crate::{config::HsaFrom, model::HsaId};
use x509_parser::prelude::{FromDer, X509Certificate, X509Name};

/// Longest issuer name kept on record, in characters.
const ISSUER_CHARS: usize = 120;

/// What was presented, trusted or not.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Presented {
    /// The HSA-id in the subject.
    pub hsa_id: Option<HsaId>,
    /// Certificate serial number, hexadecimal in capitals, as `openssl x509 -serial` prints it.
    pub serial: String,
    /// Organisation and common name of the issuer; `None` for a self-issued certificate, whose
    /// issuer may be a person.
    pub issuer: Option<String>,
}

/// Reads a certificate; `None` if it is not one.
pub fn read(der: &[u8], from: HsaFrom) -> Option<Presented> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    Some(Presented {
        hsa_id: hsa_id(certificate.subject(), from),
        serial: hexadecimal(certificate.raw_serial()),
        issuer: issuer(&certificate),
    })
}

/// The one well-formed HSA-id at the configured place.
fn hsa_id(subject: &X509Name<'_>, from: HsaFrom) -> Option<HsaId> {
    let oid = match from {
        HsaFrom::SerialNumber => x509_parser::oid_registry::OID_X509_SERIALNUMBER,
        HsaFrom::OrganizationalUnit => x509_parser::oid_registry::OID_X509_ORGANIZATIONAL_UNIT,
    };
    let mut found = subject.iter_by_oid(&oid);
    match (found.next(), found.next()) {
        (Some(only), None) => HsaId::parse(only.as_str().ok()?),
        _ => None,
    }
}

fn hexadecimal(serial: &[u8]) -> String {
    // DER puts a zero byte before a serial whose first bit is set; no printer shows it.
    let shown = match serial {
        [0, rest @ ..] if !rest.is_empty() => rest,
        all => all,
    };
    shown.iter().take(32).map(|b| format!("{b:02X}")).collect()
}

fn issuer(certificate: &X509Certificate<'_>) -> Option<String> {
    let name = certificate.issuer();
    if name.as_raw() == certificate.subject().as_raw() {
        return None;
    }
    let organization = name.iter_organization().next().and_then(|a| a.as_str().ok());
    let common_name = name.iter_common_name().next().and_then(|a| a.as_str().ok());
    let parts: Vec<&str> = [organization, common_name].into_iter().flatten().collect();
    let clean = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    Some(parts.join(", ").chars().take(ISSUER_CHARS).map(clean).collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop")]

    use super::{HsaFrom, X509Name, hexadecimal, hsa_id};
    use x509_parser::prelude::FromDer;

    /// A tag, a short length and the content.
    fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
        [&[tag, u8::try_from(content.len()).unwrap()], content].concat()
    }

    /// `SET { SEQUENCE { OID 2.5.4.x, string } … }`: one relative distinguished name.
    fn rdn(attributes: &[(u8, u8, &str)]) -> Vec<u8> {
        let of = |(arc, tag, text): &(u8, u8, &str)| {
            tlv(0x30, &[tlv(6, &[0x55, 4, *arc]), tlv(*tag, text.as_bytes())].concat())
        };
        tlv(0x31, &attributes.iter().map(of).collect::<Vec<_>>().concat())
    }

    fn id(from: HsaFrom, rdns: &[Vec<u8>]) -> Option<String> {
        let der = tlv(0x30, &rdns.concat());
        let (_, name) = X509Name::from_der(&der).unwrap();
        hsa_id(&name, from).map(|id| id.to_string())
    }

    const UTF8: u8 = 12;
    const PRINTABLE: u8 = 19;
    const ID: &str = "SE2321009900-REG1";

    #[test]
    fn exactly_one_well_formed_attribute_counts() {
        use HsaFrom::{OrganizationalUnit as Unit, SerialNumber as Serial};
        let serial = |tag, text| rdn(&[(5, tag, text)]);
        let one = Some(ID.to_owned());
        assert_eq!(id(Serial, &[serial(PRINTABLE, ID)]), one);
        assert_eq!(id(Serial, &[rdn(&[(3, UTF8, "name")]), serial(UTF8, ID)]), one);
        assert_eq!(id(Unit, &[rdn(&[(11, UTF8, ID)])]), one);
        let none: [&[Vec<u8>]; 8] = [
            &[],
            &[rdn(&[(3, UTF8, ID)])],
            &[rdn(&[(11, UTF8, ID)])],
            &[serial(PRINTABLE, ID), serial(PRINTABLE, ID)],
            &[serial(PRINTABLE, ID), serial(PRINTABLE, "SE2120009903-SOC1")],
            &[rdn(&[(5, PRINTABLE, ID), (5, PRINTABLE, ID)])],
            &[serial(PRINTABLE, "se2321009900-reg1")],
            &[serial(UTF8, "SE2321009900-REG1 ")],
        ];
        for rdns in none {
            assert_eq!(id(Serial, rdns), None, "{rdns:?}");
        }
        assert_eq!(id(Unit, &[serial(PRINTABLE, ID)]), None, "the other place is not looked at");
    }

    #[test]
    fn serials_are_written_as_openssl_writes_them() {
        assert_eq!(hexadecimal(&[0, 0xAB, 1]), "AB01");
        assert_eq!(hexadecimal(&[0]), "00");
    }
}
