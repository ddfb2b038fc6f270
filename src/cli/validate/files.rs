//! Which files to judge, and their bytes.
//!
//! Invariant: never more bytes of a file are held than a message may have, and one that tells that it has
//! more; folders are gone through in the order of names, without following links to folders.
//! Deliberately absent: guessing formats by endings, except which files of a folder are meant.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

/// Endings of the files of a folder that may be messages.
const ENDINGS: [&str; 4] = ["json", "xml", "hl7", "soap"];
/// Folders inside folders are gone into so far.
const DEEPEST: usize = 32;

/// The files to judge, in the order given, and what cannot be looked at.
pub fn expand(given: &[PathBuf]) -> (Vec<PathBuf>, Vec<(PathBuf, io::Error)>) {
    let (mut files, mut unread) = (Vec::new(), Vec::new());
    for path in given {
        match path.is_dir() {
            true => walk(path, 0, &mut files, &mut unread),
            false => files.push(path.clone()),
        }
    }
    (files, unread)
}

fn walk(folder: &Path, depth: usize, files: &mut Vec<PathBuf>, unread: &mut Vec<(PathBuf, io::Error)>) {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) if depth < DEEPEST => entries,
        Ok(_) => {
            return unread.push((folder.into(), io::Error::other("folders stand too deep in each other")));
        }
        Err(error) => return unread.push((folder.into(), error)),
    };
    let mut entries: Vec<_> = entries.flatten().collect();
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        let folder = entry.file_type().is_ok_and(|t| t.is_dir());
        let meant =
            path.extension().is_some_and(|e| ENDINGS.iter().any(|known| e.eq_ignore_ascii_case(known)));
        match folder {
            _ if hidden => {}
            true => walk(&path, depth + 1, files, unread),
            false if meant && path.is_file() => files.push(path),
            false => {}
        }
    }
}

/// The bytes of a file, or of standard input for `-`, and no more than one beyond `most`.
pub fn bytes(path: &Path, most: usize) -> io::Result<Vec<u8>> {
    let from: Box<dyn Read> = match is_input(path) {
        true => Box::new(io::stdin()),
        false => Box::new(File::open(path)?),
    };
    let mut bytes = Vec::new();
    from.take(most as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Is standard input meant?
pub fn is_input(path: &Path) -> bool {
    path.as_os_str() == "-"
}
