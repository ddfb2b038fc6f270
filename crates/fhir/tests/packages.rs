//! Reading FHIR packages: the core package of R4, and archives made here, good and hostile.
//!
//! Invariant: whatever the bytes, the answer is a package or findings that name a file inside, in
//! bounded time and memory. Deliberately absent: what the definitions mean (see profiles).
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod suite;

use fhir::package::{Limits, Package, read};
use fhir::{Definitions, Profiles};
use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::io::Write;
use tar::{Builder, EntryType, Header};

const MANIFEST: &str = r#"{"name":"se.example.test","version":"1.2.3","fhirVersions":["4.0.1"],
    "dependencies":{"hl7.fhir.r4.core":"4.0.1","hl7se.fhir.base":"1.0.0"}}"#;
const VALUE_SET: &str = r#"{"resourceType":"ValueSet","url":"http://e/v","status":"active","compose":{"include":[
    {"system":"http://e/s","concept":[{"code":"a"}]}]}}"#;

/// Entries of any kind, gzipped.
fn archive(entries: &[(EntryType, &str, &[u8])]) -> Vec<u8> {
    let mut builder = Builder::new(GzEncoder::new(Vec::new(), Compression::best()));
    for (kind, name, content) in entries {
        let mut header = Header::new_gnu();
        header.set_entry_type(*kind);
        header.set_size(content.len() as u64);
        if *kind != EntryType::Regular {
            header.set_link_name("/etc/passwd").unwrap();
        }
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_cksum();
        builder.append(&header, *content).unwrap();
    }
    builder.into_inner().unwrap().finish().unwrap()
}

fn files(files: &[(&str, &str)]) -> Vec<u8> {
    let regular = files.iter().map(|(name, text)| (EntryType::Regular, *name, text.as_bytes()));
    archive(&regular.collect::<Vec<_>>())
}

fn good(bytes: &[u8]) -> Package {
    read(bytes, &Limits::default()).unwrap_or_else(|f| panic!("{}", f[0]))
}

fn bad(bytes: &[u8], limits: &Limits) -> String {
    let found = read(bytes, limits).map(|p| p.name).unwrap_err();
    found.iter().map(|f| format!("{} {}", f.code, f.place)).collect::<Vec<_>>().join(", ")
}

#[test]
fn a_package_tells_its_name_and_gives_its_definitions() {
    let package = good(&files(&[
        ("package/package.json", MANIFEST),
        ("package/ValueSet-v.json", VALUE_SET),
        ("./package/CodeSystem-å c.json", r#"{"resourceType":"CodeSystem","url":"http://e/s"}"#),
        ("package/SearchParameter-s.json", r#"{"resourceType":"SearchParameter"}"#),
        ("package/other.json", r#"{"a":[[1]]}"#),
        ("package/.index.json", "not read"),
        ("package/example/Patient-p.json", "not read"),
        ("package/readme.txt", "not read"),
        ("other/ValueSet-x.json", VALUE_SET),
        ("/package/ValueSet-x.json", VALUE_SET),
        ("package/../ValueSet-x.json", VALUE_SET),
        ("../package/ValueSet-x.json", VALUE_SET),
    ]));
    assert_eq!((&*package.name, &*package.version), ("se.example.test", "1.2.3"));
    assert_eq!(package.fhir_versions, ["4.0.1"]);
    let wanted: Vec<(&str, &str)> = package.dependencies.iter().map(|(n, v)| (&**n, &**v)).collect();
    assert_eq!(wanted, [("hl7.fhir.r4.core", "4.0.1"), ("hl7se.fhir.base", "1.0.0")]);
    let names: Vec<&str> = package.resources.iter().map(|r| &*r.file).collect();
    assert_eq!(names, ["CodeSystem-??c.json", "ValueSet-v.json"]);
    let trees: Vec<_> = package.resources.into_iter().map(|r| r.tree).collect();
    let profiles = Profiles::load(Definitions::r4(), &trees).unwrap();
    assert_eq!(profiles.definitions().terms().contains("http://e/v", None, "a"), Some(true));
}

#[test]
fn odd_entries_are_passed_over() {
    let package = good(&archive(&[
        (EntryType::Directory, "package/", b""),
        (EntryType::Symlink, "package/ValueSet-l.json", b""),
        (EntryType::Link, "package/ValueSet-h.json", b""),
        (EntryType::Char, "package/ValueSet-c.json", b""),
        (EntryType::Fifo, "package/ValueSet-f.json", b""),
        (EntryType::Regular, "package/package.json", MANIFEST.as_bytes()),
    ]));
    assert!(package.resources.is_empty());
}

#[test]
fn what_is_no_package() {
    let limits = Limits::default();
    assert_eq!(bad(b"", &limits), "package-broken ");
    assert_eq!(bad(b"PK\x03\x04 a zip", &limits), "package-broken ");
    assert_eq!(bad(&files(&[("package/ValueSet-v.json", VALUE_SET)]), &limits), "package-manifest ");
    assert_eq!(bad(&files(&[]), &limits), "package-manifest ");
    let nameless = r#"{"version":"1"}"#;
    assert_eq!(bad(&files(&[("package/package.json", nameless)]), &limits), "package-manifest package.json");
    let path = r#"{"name":"../\u0001","version":"1"}"#;
    assert_eq!(bad(&files(&[("package/package.json", path)]), &limits), "package-manifest package.json");
    assert_eq!(bad(&files(&[("package/package.json", "[1]")]), &limits), "package-file package.json $");
    let broken = [
        ("package/package.json", MANIFEST),
        ("package/a.json", "{"),
        ("package/ValueSet-v.json", r#"{"a":[[1]]}"#),
    ];
    assert_eq!(bad(&files(&broken), &limits), "package-file a.json $, package-file ValueSet-v.json $");
    let twice = [("package/package.json", MANIFEST), ("package/package.json", MANIFEST)];
    assert_eq!(bad(&files(&twice), &limits), "package-twice package.json");
    let mut plain = GzEncoder::new(Vec::new(), Compression::fast());
    plain.write_all(&[b'x'; 5000]).unwrap();
    assert_eq!(bad(&plain.finish().unwrap(), &limits), "package-broken ");
}

#[test]
fn bombs_end_as_findings() {
    let limits =
        Limits { max_file: 1000, max_entries: 20, max_unpacked: 4 << 20, max_ratio: 50, ..Limits::default() };
    let manifest = ("package/package.json", MANIFEST);
    let large = "x".repeat(2000);
    assert_eq!(bad(&files(&[manifest, ("package/a.json", &large)]), &limits), "package-size a.json");
    let many = vec![("package/ValueSet-v.json", VALUE_SET); 30];
    assert!(bad(&files(&many), &limits).ends_with(", package-size "));
    assert_eq!(bad(&[0x1F; 100], &Limits { max_packed: 50, ..limits }), "package-size ");
    // Three megabytes of zeros in a file that nobody reads: the ratio, and with room for it the size.
    let zeros = "\0".repeat(3 << 20);
    let bomb = files(&[manifest, ("package/a.txt", &zeros)]);
    assert!(bomb.len() < 8000);
    assert_eq!(bad(&bomb, &limits), "package-size ");
    assert_eq!(good(&bomb_without_ratio(&bomb)).name, "se.example.test");
    let two = files(&[manifest, ("package/a.txt", &zeros), ("package/b.txt", &zeros)]);
    assert_eq!(bad(&two, &Limits { max_ratio: 1 << 20, ..limits }), "package-size ");
    // A name of three megabytes, as GNU tar writes long names.
    let long = archive(&[(EntryType::GNULongName, "././@LongLink", zeros.as_bytes())]);
    assert_eq!(bad(&long, &limits), "package-size ");
    // An entry that says that it is larger than the archive.
    let mut lying = Header::new_gnu();
    lying.set_path("package/a.json").unwrap();
    lying.set_size(1 << 40);
    lying.set_cksum();
    let mut gz = GzEncoder::new(Vec::new(), Compression::fast());
    gz.write_all(lying.as_bytes()).unwrap();
    gz.write_all(&[b' '; 512]).unwrap();
    assert_eq!(bad(&gz.finish().unwrap(), &limits), "package-file a.json $, package-broken ");
}

/// The same archive, with noise that packs badly behind it inside the gzip stream.
fn bomb_without_ratio(bomb: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(bomb), &mut plain).unwrap();
    let mut seed = 1u64;
    for _ in 0..100_000 {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        plain.push((seed >> 56) as u8);
    }
    let mut gz = GzEncoder::new(Vec::new(), Compression::best());
    gz.write_all(&plain).unwrap();
    gz.finish().unwrap()
}

#[test]
fn a_cut_or_damaged_package_is_never_taken_for_whole() {
    let whole = files(&[("package/package.json", MANIFEST), ("package/ValueSet-v.json", VALUE_SET)]);
    for end in 0..whole.len() {
        assert!(bad(&whole[..end], &Limits::default()).starts_with("package-"), "{end}");
    }
    // The first ten bytes are gzip's own head, most of which says nothing about the content.
    for at in 10..whole.len() {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x40;
        // A bit that only fills the last byte of the packed stream changes nothing.
        if let Ok(package) = read(&damaged, &Limits::default()) {
            assert_eq!(
                package.resources.iter().map(|r| r.tree.source()).collect::<Vec<_>>(),
                [VALUE_SET],
                "{at}"
            );
        }
    }
}

#[test]
fn the_core_package_of_r4() {
    let Some(folder) = suite::folder("fhir-r4-core-package") else { return };
    let package = good(&suite::files(&folder, ".tgz")[0].1);
    assert_eq!((&*package.name, &*package.version), ("hl7.fhir.r4.core", "4.0.1"));
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for resource in &package.resources {
        *counts.entry(resource.tree.name(resource.tree.root())).or_default() += 1;
    }
    let want = [("CodeSystem", 1062), ("ConceptMap", 80), ("StructureDefinition", 655), ("ValueSet", 1316)];
    let results: Vec<(String, Result<(), String>)> = want
        .iter()
        .map(|(kind, want)| {
            let got = counts.get(kind).copied().unwrap_or_default();
            (kind.to_string(), if got == *want { Ok(()) } else { Err(format!("{got} instead of {want}")) })
        })
        .collect();
    suite::report("fhir-r4-core-package (kinds counted)", "fhir-r4-core-package", &results);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..2000), packed in any::<bool>()) {
        let mut gz = GzEncoder::new(Vec::new(), Compression::fast());
        gz.write_all(&bytes).unwrap();
        let bytes = if packed { gz.finish().unwrap() } else { [&[0x1F, 0x8B, 8, 0][..], &bytes].concat() };
        prop_assert!(read(&bytes, &Limits::default()).is_err());
    }

    #[test]
    fn a_damaged_archive_is_read_or_told(edits in proptest::collection::vec((any::<usize>(), any::<u8>()), 1..20)) {
        let packed = files(&[("package/package.json", MANIFEST), ("package/ValueSet-v.json", VALUE_SET)]);
        let mut plain = Vec::new();
        std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&*packed), &mut plain).unwrap();
        for (at, with) in edits {
            let at = at % plain.len();
            plain[at] = with;
        }
        let mut gz = GzEncoder::new(Vec::new(), Compression::fast());
        gz.write_all(&plain).unwrap();
        if let Err(found) = read(&gz.finish().unwrap(), &Limits::default()) {
            prop_assert!(!found.is_empty());
        }
    }
}
