//! `sluss explain CODE`: the catalogue's row, in both languages.

use super::{Exit, Out};
use crate::model::catalogue::{self, CATALOGUE, Entry};
use serde_json::{Value, json};

/// Arguments.
#[derive(clap::Args)]
pub struct Args {
    /// A code, e.g. SLUSS-PRM-001; without one, all codes are listed.
    code: Option<String>,
}

/// Runs the verb.
pub fn run(args: Args, out: Out) -> Exit {
    let Some(code) = args.code else {
        let rows: Vec<Value> = CATALOGUE.iter().map(value).collect();
        let list = || CATALOGUE.iter().map(|e| format!("{}  {}\n", e.id, e.title.0)).collect();
        out.result("explain", Value::Array(rows), list);
        return Exit::Done;
    };
    let Some(entry) = catalogue::find(&code) else {
        eprintln!("error: there is no code {code}; `sluss explain` lists all");
        return Exit::Usage;
    };
    out.result("explain", value(entry), || text(entry));
    Exit::Done
}

fn value(entry: &Entry) -> Value {
    let columns = entry.hl7v2();
    json!({
        "code": entry.id, "status": entry.status, "issue": entry.issue, "actor": entry.actor,
        "retryable": entry.retry,
        "hl7v2": { "acknowledgement": acknowledgement(entry), "condition": columns.condition },
        "title": { "en": entry.title.0, "sv": entry.title.1 },
        "remedy": { "en": entry.remedy.0, "sv": entry.remedy.1 },
    })
}

/// MSA-1 in original mode.
fn acknowledgement(entry: &Entry) -> &'static str {
    if entry.hl7v2().rejects { "AR" } else { "AE" }
}

fn text(entry: &Entry) -> String {
    let columns = entry.hl7v2();
    let (actor, aktör) = entry.actor.words();
    let (retry, igen) = if entry.retry { ("helps", "hjälper") } else { ("does not help", "hjälper inte") };
    format!(
        "{id}  (HTTP {status}, OperationOutcome {issue}, HL7 v2 {msa} with ERR-3 {condition})\n\n  \
         {en}.\n  What to do: {en_do}.\n  Who must act: {actor}. Sending the same again {retry}.\n\n  \
         {sv}.\n  Gör så här: {sv_do}.\n  Åtgärd hos: {aktör}. Att skicka samma igen {igen}.\n",
        id = entry.id,
        status = entry.status,
        issue = entry.issue,
        msa = acknowledgement(entry),
        condition = columns.condition,
        en = entry.title.0,
        en_do = entry.remedy.0,
        sv = entry.title.1,
        sv_do = entry.remedy.1,
    )
}
