//! Limits of values: least and greatest, and that there must be one at all.
//!
//! A least or greatest value is compared as FHIRPath compares, units and precision included, so it
//! becomes a rule that the engine is asked. Invariant: a limit that cannot be put into the language is
//! one that cannot be evaluated, never one that is gone. Deliberately absent: the comparison.

use crate::definitions::Invariant;
use crate::tree::NodeRef;

const UCUM: &str = "http://unitsofmeasure.org";
/// Extensions of an ElementDefinition that carry what R5 has as elements.
const MUST_HAVE: &str =
    "http://hl7.org/fhir/5.0/StructureDefinition/extension-ElementDefinition.mustHaveValue";
const ALTERNATIVES: &str =
    "http://hl7.org/fhir/5.0/StructureDefinition/extension-ElementDefinition.valueAlternatives";

/// The rule of a `minValue[x]` or `maxValue[x]` of an ElementDefinition.
pub(super) fn of(node: NodeRef<'_>) -> Option<Invariant> {
    let (key, sign, kind) = match (node.name().strip_prefix("minValue"), node.name().strip_prefix("maxValue"))
    {
        (Some(kind), _) => ("minValue", ">=", kind),
        (_, Some(kind)) => ("maxValue", "<=", kind),
        _ => return None,
    };
    let text = node.text().unwrap_or_default();
    let literal = match kind {
        "Date" | "DateTime" | "Instant" => format!("@{text}"),
        "Time" => format!("@T{text}"),
        "Quantity" => quantity(node).unwrap_or_else(|| "%unit-that-is-not-known".into()),
        _ => text.to_string(),
    };
    let has = if kind == "Quantity" { "value.exists()" } else { "hasValue()" };
    Some(Invariant::new(key, true, &format!("{has} implies $this {sign} {literal}")))
}

fn quantity(node: NodeRef<'_>) -> Option<String> {
    let value = node.child_text("value")?;
    let unit = match (node.child_text("system"), node.child_text("code")) {
        (Some(UCUM), Some(code)) if !code.contains('\'') => code,
        (None, None) => "1",
        _ => return None,
    };
    Some(format!("{value} '{unit}'"))
}

/// Takes over what an extension says of having a value.
pub(super) fn valued(node: NodeRef<'_>, to: &mut Option<Vec<Box<str>>>) {
    match node.child_text("url").filter(|_| node.name() == "extension") {
        Some(MUST_HAVE) if node.child_text("valueBoolean") == Some("true") => {
            to.get_or_insert_default();
        }
        Some(ALTERNATIVES) => {
            to.get_or_insert_default().extend(node.child_text("valueCanonical").map(Into::into))
        }
        _ => {}
    }
}
