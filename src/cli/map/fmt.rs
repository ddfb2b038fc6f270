//! `sluss map fmt`: maps in the one canonical form.
//!
//! Invariant: a file is only written when what was written says the same, every comment included.
//! Deliberately absent: options.

use super::{Exit, Out, Rules, Stop};
use crate::config::Problem;
use crate::model::Code;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

const EXAMPLES: &str = "Examples:
  sluss map fmt                                       all maps below mappings/
  sluss map fmt --check                               change nothing; 1 if a file would change
  sluss map fmt mappings/exam-statement/fhir-case.map

A file whose comments could not all be kept is refused and left as it is.

Exit codes: 0 done, 1 --check found a file, 2 usage, or a comment would be lost, 3 a file is no map";

/// Arguments.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    #[command(flatten)]
    rules: Rules,
    /// Files; without any, all maps of the rules.
    files: Vec<PathBuf>,
    /// Only tell which files would change.
    #[arg(long)]
    check: bool,
}

/// Runs the verb.
pub fn run(args: Args, out: Out) -> Result<Exit, Stop> {
    let files = if args.files.is_empty() { all(&args.rules.mappings())? } else { args.files.clone() };
    let (mut changed, mut problems) = (Vec::new(), Vec::new());
    for path in &files {
        let text = std::fs::read_to_string(path).map_err(|e| Stop::file(path, &e))?;
        match formatted(path, &text) {
            Ok(new) if new == text => {}
            Ok(new) => changed.push((path, new)),
            Err(Stop::Problems(more)) => problems.extend(more),
            Err(stop) => return Err(stop),
        }
    }
    if !problems.is_empty() {
        return Err(Stop::Problems(problems));
    }
    for (path, new) in changed.iter().filter(|_| !args.check) {
        replace(path, new).map_err(|e| Stop::file(path, &e))?;
    }
    let names: Vec<String> = changed.iter().map(|(path, _)| path.display().to_string()).collect();
    let value: Value = json!({ "files": files.len(), "changed": names, "check": args.check });
    out.result("map fmt", value, || {
        let verb = if args.check { "would change" } else { "wrote" };
        let lines: String = names.iter().map(|name| format!("{verb} {name}\n")).collect();
        format!("{lines}{} files, {} {verb}", files.len(), names.len())
    });
    Ok(if args.check && !names.is_empty() { Exit::Findings } else { Exit::Done })
}

/// The new text takes the old one's place only when it is there whole.
fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    let path = path.canonicalize()?;
    let beside = path.with_extension("map.new");
    std::fs::write(&beside, text)?;
    std::fs::set_permissions(&beside, std::fs::metadata(&path)?.permissions())?;
    std::fs::rename(&beside, &path)
}

/// All maps below a folder.
fn all(folder: &Path) -> Result<Vec<PathBuf>, Stop> {
    let (mut work, mut files) = (vec![folder.to_path_buf()], Vec::new());
    while let Some(at) = work.pop() {
        for entry in std::fs::read_dir(&at).map_err(|e| Stop::file(&at, &e))?.flatten() {
            let path = entry.path();
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                work.push(path);
            } else if path.extension().is_some_and(|e| e == "map") {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}

/// The canonical text, if it says the same.
fn formatted(path: &Path, text: &str) -> Result<String, Stop> {
    let name = path.display().to_string();
    let map = fml::parse(&name, text).map_err(|found| {
        let problem = |d: fml::Diagnostic| Problem {
            span: Some(d.span.clone()),
            line: Some(d.line()),
            remedy: d.remedy.clone().unwrap_or_else(|| "mend the map here".into()),
            ..Problem::of(path, Code::ConfigMap, d.message.clone(), "")
        };
        Stop::Problems(found.into_iter().map(problem).collect())
    })?;
    let new = fml::format(&map);
    if fml::parse(&name, &new).ok().as_ref() != Some(&map) {
        let message = format!("{name}: formatting would change what it says; it is left as it is");
        return Err(Stop::usage(message, "format it by hand, and report the map"));
    }
    match lost(text, &new) {
        None => Ok(new),
        Some(comment) => {
            let line = text.lines().position(|l| l.contains(&comment)).map_or(0, |i| i + 1);
            let message =
                format!("{name}:{line}: formatting would lose this comment; the file is left as it is");
            Err(Stop::usage(message, "put the comment on a line of its own before the rule"))
        }
    }
}

/// A line of a comment that the new text does not have as often.
fn lost(old: &str, new: &str) -> Option<String> {
    let mut left: BTreeMap<&str, usize> = BTreeMap::new();
    for line in lines(new) {
        *left.entry(line).or_default() += 1;
    }
    let gone = lines(old).find(|line| match left.get_mut(line) {
        Some(number) if *number > 0 => {
            *number -= 1;
            false
        }
        _ => true,
    });
    gone.map(str::to_string)
}

/// The lines of all comments, without what marks them as such.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    let marks = |c: char| c.is_whitespace() || matches!(c, '/' | '*');
    let lines = fml::comments(text).into_iter().flat_map(str::lines);
    lines.map(move |line| line.trim_matches(marks)).filter(|line| !line.is_empty())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_that_is_gone_or_rarer_is_lost() {
        let old = "// one\n/* two\n * three */ x // one\n";
        assert_eq!(lost(old, "// one\n// one\n// two\n// three\n"), None);
        assert_eq!(lost(old, "// one\n// two\n// three\n").unwrap(), "one");
        assert_eq!(lost(old, "// one\n// one\n// two three\n").unwrap(), "two");
    }
}
