//! FHIR packages: the gzipped tar archives in which implementation guides are published.
//!
//! Read from bytes, for what the gateway can use: profiles, logical models, value sets, code systems
//! and concept maps. Invariants: no name in an archive is ever used as a path; unpacked size, number
//! of entries, size of a file and the ratio of unpacked to packed are bounded, so that a bomb ends
//! as a finding; a package that is read is whole (its checksum holds). Deliberately absent: the
//! network, dependencies (the caller has the other packages), examples and XML inside packages, and
//! links and other odd entries, which are passed over.

use crate::finding::Finding;
use crate::json::{self, Form};
use crate::tree::{Span, Tree};
use std::cell::Cell;
use std::collections::HashSet;
use std::io::{self, Read};

/// The resources that are kept.
const KINDS: [&str; 4] = ["StructureDefinition", "ValueSet", "CodeSystem", "ConceptMap"];

/// At most this many faults are collected.
const MOST_FAULTS: usize = 100;
/// A package may always be this large, however well it is packed.
const SMALL: u64 = 1 << 20;

/// What a reader of packages refuses to go beyond.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Largest archive, packed.
    pub max_packed: usize,
    /// Largest archive, unpacked.
    pub max_unpacked: u64,
    /// How many times larger unpacked than packed.
    pub max_ratio: u64,
    /// Most entries.
    pub max_entries: usize,
    /// Largest file inside that is read.
    pub max_file: usize,
}

impl Default for Limits {
    /// 64 MiB packed, 512 MiB unpacked and at most 100 times the packed size, 20 000 entries, 32 MiB a
    /// file. (The core package of R4: 4.5 MB, 41 MB, 9 times, 4742 entries, 3.4 MB.)
    fn default() -> Self {
        Limits {
            max_packed: 64 << 20,
            max_unpacked: 512 << 20,
            max_ratio: 100,
            max_entries: 20_000,
            max_file: 32 << 20,
        }
    }
}

/// A file of a package that holds a resource.
#[derive(Debug)]
pub struct Resource {
    /// Its name inside the package, for telling where a fault is.
    pub file: String,
    /// What it says.
    pub tree: Tree,
}

/// A package.
#[derive(Debug)]
pub struct Package {
    /// Its name, such as `hl7.fhir.r4.core`.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The FHIR versions that it is for.
    pub fhir_versions: Vec<String>,
    /// Names and versions of the packages that it builds on.
    pub dependencies: Vec<(String, String)>,
    /// Its definitions by file name.
    pub resources: Vec<Resource>,
}

/// Reads a package.
///
/// # Errors
/// All faults found, their places being names of files inside the package: codes `package-size`,
/// `package-broken`, `package-manifest`, `package-twice`, `package-file`.
pub fn read(bytes: &[u8], limits: &Limits) -> Result<Package, Vec<Finding>> {
    if bytes.len() > limits.max_packed {
        return Err(vec![fault("package-size", "", "the archive is larger than allowed")]);
    }
    if !bytes.starts_with(&[0x1F, 0x8B]) {
        return Err(vec![fault("package-broken", "", "not a gzipped archive; a package is a .tgz file")]);
    }
    let ratio = (bytes.len() as u64).saturating_mul(limits.max_ratio).max(SMALL);
    let over = Cell::new(false);
    let bounded = Bounded {
        inner: flate2::read::GzDecoder::new(bytes),
        left: limits.max_unpacked.min(ratio),
        over: &over,
    };
    let mut unpacked =
        Unpacked { limits, faults: Vec::new(), names: HashSet::new(), manifest: None, resources: Vec::new() };
    if unpacked.all(tar::Archive::new(bounded)).is_err() {
        let (code, message) = match over.get() {
            true => ("package-size", "unpacked, the archive is larger than allowed; it may be a bomb"),
            false => ("package-broken", "the archive is cut short or damaged; fetch it again"),
        };
        unpacked.fault(fault(code, "", message));
    }
    unpacked.finish()
}

/// What has been read of an archive.
struct Unpacked<'l> {
    limits: &'l Limits,
    faults: Vec<Finding>,
    names: HashSet<String>,
    manifest: Option<Tree>,
    resources: Vec<Resource>,
}

impl Unpacked<'_> {
    /// All entries, and what follows them, because the checksum stands at the very end.
    fn all<R: Read>(&mut self, mut archive: tar::Archive<R>) -> io::Result<()> {
        for (count, entry) in archive.entries()?.enumerate() {
            let entry = entry?;
            if count >= self.limits.max_entries {
                self.fault(fault("package-size", "", "more entries than allowed"));
                return Ok(());
            }
            if entry.header().entry_type().is_file()
                && let Some(name) = json_name(&entry.path_bytes())
            {
                self.entry(name, entry)?;
            }
        }
        io::copy(&mut archive.into_inner(), &mut io::sink()).map(|_| ())
    }

    fn entry(&mut self, name: String, entry: impl Read) -> io::Result<()> {
        let most = self.limits.max_file;
        let mut text = Vec::new();
        entry.take(most as u64 + 1).read_to_end(&mut text)?;
        if text.len() > most {
            self.fault(fault("package-size", &told(&name), "the file is larger than allowed"));
            return Ok(());
        }
        if !self.names.insert(name.clone()) {
            self.fault(fault("package-twice", &told(&name), "the file stands twice in the package"));
            return Ok(());
        }
        let form = if name == MANIFEST { Form::Plain } else { Form::Fhir };
        let limits = json::Limits { max_bytes: most, max_nodes: 4_000_000, ..json::Limits::default() };
        match json::read(&text, form, &limits) {
            Ok(tree) if name == MANIFEST => self.manifest = Some(tree),
            Ok(tree) => {
                if tree.child_text(tree.root(), "resourceType").is_some_and(|kind| KINDS.contains(&kind)) {
                    self.resources.push(Resource { file: told(&name), tree });
                }
            }
            // Other files may be JSON of a shape that no tree has; what is ours may not.
            Err(found) if name == MANIFEST || is_ours(&name) || found.iter().any(json::is_syntax) => {
                for own in found {
                    self.fault(Finding {
                        code: "package-file",
                        place: format!("{} {}", told(&name), own.place),
                        ..own
                    });
                }
            }
            Err(_) => {}
        }
        Ok(())
    }

    fn fault(&mut self, fault: Finding) {
        if self.faults.len() < MOST_FAULTS {
            self.faults.push(fault);
        }
    }

    fn finish(mut self) -> Result<Package, Vec<Finding>> {
        let Some(manifest) = self.manifest.take().filter(|_| self.faults.is_empty()) else {
            if self.faults.is_empty() {
                self.fault(fault(
                    "package-manifest",
                    "",
                    "no package/package.json inside; this is no FHIR package",
                ));
            }
            return Err(self.faults);
        };
        let root = manifest.at(manifest.root());
        let text = |name| root.child_text(name).filter(|t| is_plain(t)).map(str::to_string);
        let (Some(name), Some(version)) = (text("name"), text("version")) else {
            return Err(vec![fault("package-manifest", MANIFEST, "the package has no name or no version")]);
        };
        self.resources.sort_by(|a, b| a.file.cmp(&b.file));
        let listed = |name| root.all(name).filter_map(|v| v.text()).map(str::to_string).collect::<Vec<_>>();
        let fhir_versions = Some(listed("fhirVersions")).filter(|v| !v.is_empty());
        let dependencies = root.child("dependencies").into_iter().flat_map(|d| d.children());
        Ok(Package {
            name,
            version,
            fhir_versions: fhir_versions.unwrap_or_else(|| listed("fhir-version-list")),
            dependencies: dependencies
                .filter(|d| is_plain(d.name()))
                .map(|d| (d.name().to_string(), d.text().unwrap_or_default().to_string()))
                .collect(),
            resources: self.resources,
        })
    }
}

const MANIFEST: &str = "package.json";

/// The name of a JSON file directly inside the folder `package`; nothing else is of use.
fn json_name(path: &[u8]) -> Option<String> {
    let path = String::from_utf8_lossy(path);
    let name = path.strip_prefix("./").unwrap_or(&path).strip_prefix("package/")?;
    let good = name.ends_with(".json") && !name.starts_with('.') && !name.contains(['/', '\\']);
    good.then(|| name.to_string())
}

fn is_fit(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '+' | '#' | '@' | '$' | '/')
}

/// May a name out of an archive be shown as it is?
fn is_plain(text: &str) -> bool {
    (1..=214).contains(&text.len()) && text.chars().all(is_fit)
}

/// A name out of an archive as findings show it.
fn told(name: &str) -> String {
    name.chars().take(120).map(|c| if is_fit(c) { c } else { '?' }).collect()
}

fn is_ours(name: &str) -> bool {
    KINDS.iter().any(|kind| name.strip_prefix(kind).is_some_and(|rest| rest.starts_with('-')))
}

fn fault(code: &'static str, file: &str, message: &str) -> Finding {
    Finding::error(code, file.to_string(), Span { start: 0, end: 0 }, message)
}

/// A reader that fails beyond a number of bytes.
struct Bounded<'c, R> {
    inner: R,
    left: u64,
    over: &'c Cell<bool>,
}

impl<R: Read> Read for Bounded<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let got = self.inner.read(buffer)?;
        self.left = match self.left.checked_sub(got as u64) {
            Some(left) => left,
            None => {
                self.over.set(true);
                return Err(io::Error::other("too large"));
            }
        };
        Ok(got)
    }
}
