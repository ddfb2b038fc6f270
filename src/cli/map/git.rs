//! Rule files as they stand in a revision, read through the `git` program.
//!
//! Invariant: nothing is checked out, written or run but `git` itself; a revision is never taken for an
//! option. Deliberately absent: any knowledge of git's own files.

use super::{Exit, Stop};
use crate::rulebook::File;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// The files of a revision below the folder whose paths are wanted, sorted by path.
pub fn files(folder: &Path, revision: &str, wanted: &dyn Fn(&str) -> bool) -> Result<Vec<File>, Stop> {
    let inside = git(folder, &["rev-parse", "--is-inside-work-tree"], "")?;
    if !inside.status.success() {
        let message =
            format!("{}: no git working tree, so there is no revision `{revision}`", folder.display());
        return Err(unreachable(message, "name a folder with the other rules instead: --against DIR"));
    }
    let tree = format!("{revision}^{{tree}}");
    let found = git(folder, &["rev-parse", "--verify", "--quiet", "--end-of-options", &tree], "")?;
    if !found.status.success() {
        let message = format!("`{revision}` is neither a folder nor a revision that git knows");
        return Err(Stop::usage(message, "name a branch, a tag, a commit, or a folder with mappings/"));
    }
    let tree = String::from_utf8_lossy(&found.stdout).trim().to_string();
    let listed = git(folder, &["ls-tree", "-r", "-z", &tree, "--", "mappings", "conformance/models"], "")?;
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    // `<mode> blob <id>\t<path>`, each closed by a zero byte.
    let entry = |line: &str| {
        let (meta, path) = line.split_once('\t')?;
        let id = meta.strip_prefix("100644 blob ").or_else(|| meta.strip_prefix("100755 blob "))?;
        wanted(path).then(|| (id.to_string(), path.to_string()))
    };
    let entries: Vec<(String, String)> = listed.split('\0').filter_map(entry).collect();
    let ids: String = entries.iter().map(|(id, _)| format!("{id}\n")).collect();
    let contents = git(folder, &["cat-file", "--batch"], &ids)?;
    let broken = || unreachable(format!("git did not give the files of `{revision}`"), "see `git fsck`");
    let texts = texts(&contents.stdout).filter(|texts| texts.len() == entries.len()).ok_or_else(broken)?;
    let mut files: Vec<File> =
        entries.into_iter().zip(texts).map(|((_, path), text)| File { path, text }).collect();
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

/// `<id> blob <size>`, a line, then as many bytes and a line's end; again and again.
fn texts(mut bytes: &[u8]) -> Option<Vec<String>> {
    let mut texts = Vec::new();
    while !bytes.is_empty() {
        let end = bytes.iter().position(|b| *b == b'\n')?;
        let head = std::str::from_utf8(bytes.get(..end)?).ok()?;
        let size: usize = head.split(' ').nth(2)?.parse().ok()?;
        let text = bytes.get(end + 1..)?.get(..size)?;
        texts.push(String::from_utf8_lossy(text).into_owned());
        bytes = bytes.get(end + 1 + size + 1..)?;
    }
    Some(texts)
}

fn git(folder: &Path, args: &[&str], input: &str) -> Result<Output, Stop> {
    let gone = |error: std::io::Error| {
        let message = format!("git cannot be run: {error}");
        unreachable(message, "install git, or name a folder with the other rules: --against DIR")
    };
    let mut command = Command::new("git");
    command.arg("-C").arg(folder).args(args);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(gone)?;
    let stdin = child.stdin.take();
    let input = input.to_string();
    // It writes while it reads, so reading must not wait for writing.
    let writer = std::thread::spawn(move || stdin.map(|mut pipe| pipe.write_all(input.as_bytes())));
    let output = child.wait_with_output().map_err(gone)?;
    let _ = writer.join();
    Ok(output)
}

fn unreachable(message: impl Into<String>, help: &str) -> Stop {
    Stop::Refused { exit: Exit::Unreachable, message: message.into(), help: help.into() }
}
