//! Examples of what is invalid are written as what is changed in a valid one (RFC 6902).
//!
//! Invariant: a patch that does not fit its message is an error, never a message half changed.
//! Deliberately absent: `move` and `copy`, which no example needs.

use serde_json::Value;

/// The message with all operations done, in their order.
///
/// # Errors
/// The first operation that does not fit, by its place in the patch.
pub fn patched(message: &Value, operations: &[Value]) -> Result<Value, String> {
    let mut message = message.clone();
    for (number, operation) in operations.iter().enumerate() {
        apply(&mut message, operation).map_err(|why| format!("operation {number}: {why}"))?;
    }
    Ok(message)
}

fn apply(message: &mut Value, operation: &Value) -> Result<(), String> {
    let word = |name: &str| operation[name].as_str().ok_or(format!("no {name}"));
    let (what, path) = (word("op")?, word("path")?);
    let given = || operation.get("value").cloned().ok_or("no value".to_string());
    let (parent, last) = path.rsplit_once('/').ok_or("the whole message cannot be changed")?;
    let last = last.replace("~1", "/").replace("~0", "~");
    let nothing = || format!("nothing stands at {path}");
    let there = message.pointer(path).cloned().ok_or_else(nothing);
    match (what, message.pointer_mut(parent).ok_or_else(nothing)?) {
        ("test", _) if there.as_ref() == Ok(&given()?) => {}
        ("test", _) => return Err(format!("{path} is not what is tested for")),
        ("add", Value::Object(parts)) => drop(parts.insert(last, given()?)),
        ("add", Value::Array(items)) => {
            let end = items.len();
            let at = if last == "-" { end } else { last.parse().map_err(|_| nothing())? };
            if at > end {
                return Err(nothing());
            }
            items.insert(at, given()?);
        }
        ("remove", Value::Object(parts)) => drop(parts.shift_remove(&last).ok_or_else(nothing)?),
        ("remove", Value::Array(items)) => {
            there?;
            items.remove(last.parse().map_err(|_| nothing())?);
        }
        ("replace", _) => *message.pointer_mut(path).ok_or_else(nothing)? = given()?,
        _ => return Err(format!("{what} does not fit {path}")),
    }
    Ok(())
}
