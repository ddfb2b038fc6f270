//! Writes FHIR resources in JSON as XML: `cargo run -p sluss-fhir --example to-xml -- FOLDER FILE…`.
//!
//! Invariant: what cannot be written is told and left out. Deliberately absent: anything but R4; the
//! fuzzer's seeds are made with this.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use fhir::Definitions;
use fhir::json::{Form, Limits, read};
use std::path::{Path, PathBuf};

fn main() {
    let mut paths = std::env::args_os().skip(1).map(PathBuf::from);
    let folder = paths.next().unwrap_or_else(|| panic!("usage: to-xml FOLDER FILE…"));
    for path in paths {
        let text = std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let written = read(&text, Form::Fhir, &Limits::default())
            .and_then(|tree| fhir::xml::write_pretty(&tree, Definitions::r4()));
        let part = |p: Option<&std::ffi::OsStr>| p.unwrap_or_default().to_string_lossy().into_owned();
        let name =
            format!("{}-{}.xml", part(path.parent().and_then(Path::file_name)), part(path.file_stem()));
        match written {
            Ok(xml) => std::fs::write(folder.join(name), xml).unwrap(),
            Err(found) => eprintln!("{}: {}", path.display(), found[0]),
        }
    }
}
