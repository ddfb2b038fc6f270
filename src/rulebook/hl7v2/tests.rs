//! What is read is where it was, and what is written is read again.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::rulebook::{Source, files};
use fhir::{Kind, NodeId};

fn model() -> Hl7v2 {
    let files = files::chosen(&Source::Embedded, &|path| MODELS.contains(&path)).unwrap();
    let trees: Vec<Tree> = files
        .iter()
        .flat_map(|f| crate::rulebook::resources(crate::rulebook::tree(f, &mut Vec::new()).unwrap()))
        .collect();
    let mut definitions = Definitions::r4().clone();
    definitions.load_types(&trees.iter().collect::<Vec<_>>()).unwrap();
    Hl7v2::of(&files, &Arc::new(definitions)).unwrap()
}

fn at(tree: &Tree, path: &str) -> Option<NodeId> {
    path.split('.').try_fold(tree.root(), |node, step| tree.child(node, step))
}

fn text<'t>(tree: &'t Tree, path: &str) -> Option<&'t str> {
    at(tree, path).and_then(|node| tree.text(node))
}

#[test]
fn fields_components_and_their_parts_have_the_names_of_the_model() {
    let bytes = b"MSH|^~\\&|A|B^1.2.3^ISO|||20260309151240||ADT^A01|7|P|2.3\rPID|||1^^^&1.2&ISO^PI~2||Berg&von^Eva\rOBX||TX|c||x^y~z\rZZZ|a~b|c^d";
    let tree = model().read(bytes, 1 << 20, None).unwrap();
    assert_eq!(text(&tree, "MSH.sendingFacility.universalId"), Some("1.2.3"));
    assert_eq!(text(&tree, "MSH.at"), Some("2026-03-09T15:12:40+01:00"));
    assert_eq!(text(&tree, "MSH.type.trigger"), Some("A01"));
    assert_eq!(text(&tree, "PID.identifiers.authority.universalId"), Some("1.2"));
    assert_eq!(text(&tree, "PID.names.family.surname"), Some("Berg"));
    assert_eq!(text(&tree, "PID.names.family.ownPrefix"), Some("von"));
    assert_eq!(text(&tree, "OBX.values.c2"), Some("y"));
    assert_eq!(text(&tree, "segment.name"), Some("ZZZ"));
    assert_eq!(text(&tree, "segment.f2.c2"), Some("d"));
    let pid = tree.child(tree.root(), "PID").unwrap();
    let all: Vec<_> = tree.children(pid).filter(|n| tree.name(*n) == "identifiers").collect();
    assert_eq!(all.len(), 2);
    assert_eq!(&tree.source()[tree.span(all[1]).start as usize..tree.span(all[1]).end as usize], "2");
}

#[test]
fn null_is_apart_from_what_is_empty_and_maps_take_it_for_nothing() {
    let bytes = b"MSH|^~\\&|||||||ADT^A08|7|P|2.5\rPID|||1^^^||\"\"\rPV2|||||||||\"\"";
    let tree = model().read(bytes, 1 << 20, None).unwrap();
    let null = at(&tree, "PV2.expectedDischarge").unwrap();
    assert_eq!((tree.kind(null), tree.text(null)), (Kind::Null, None));
    assert!(at(&tree, "PID.addresses").is_none());
    let scope = fhirpath::Scope::new(None);
    let asked = fhirpath::parse("PV2.expectedDischarge.exists() or PID.names.exists()").unwrap();
    assert_eq!(asked.truth(&scope, tree.at(tree.root())).ok(), Some(Some(false)));
}

#[test]
fn a_segment_stands_in_the_nearest_before_it_that_owns_it() {
    let bytes = b"MSH|^~\\&|||||||ORU^R01|7|P|2.5\rPID|||1\rNTE|||of PID\rOBX||TX|own||of nobody\rOBR|1\rNTE|||of OBR\rOBX||TX|a||x\rNTE|||of OBX\rOBX||TX|b||y\rOBR|2\rPV1||I\rOBX||TX|c||z";
    let tree = model().read(bytes, 1 << 20, None).unwrap();
    assert_eq!(text(&tree, "PID.NTE.comments"), Some("of PID"));
    assert_eq!(text(&tree, "OBX.code.code"), Some("own"));
    assert_eq!(text(&tree, "OBR.NTE.comments"), Some("of OBR"));
    assert_eq!(text(&tree, "OBR.OBX.NTE.comments"), Some("of OBX"));
    let flat = tree.children(tree.root()).filter(|n| tree.name(*n) == "OBX").count();
    assert_eq!(flat, 2, "PV1 ends what OBR owns");
}

#[test]
fn a_place_is_told_in_the_text_that_the_message_was_decoded_to() {
    let bytes = b"MSH|^~\\&|||||||ADT^A01|7|P|2.3||||||8859/1\rPID|||1||\xc5berg^\xd6rjan^\xc4\r";
    let tree = model().read(bytes, 1 << 20, None).unwrap();
    let name = at(&tree, "PID.names.given").unwrap();
    let span = tree.span(name);
    assert_eq!(&tree.source()[span.start as usize..span.end as usize], "Örjan");
    assert_eq!(tree.text(name), Some("Örjan"));
}

#[test]
fn what_cannot_be_read_is_told_all_at_once_with_its_place_and_without_its_value() {
    let model = model();
    let bytes = b"MSH|^~\\&|||||||ADT^A01|7|P|2.3\rPID|||1||A\\Q\\^B|||\\X4\\\rZZZ|\\.xx\\";
    let found = model.read(bytes, 1 << 20, None).unwrap_err();
    let places: Vec<&str> = found.iter().map(|f| f.place.as_str()).collect();
    assert_eq!(places, ["PID-5.1.1", "PID-8.1.1", "ZZZ-1.1.1"]);
    let found = model.read(b"MSH|^~\\&|||||||ADT^A01|7|P|2.3\rPID|||\xc5\r", 1 << 20, None).unwrap_err();
    assert_eq!((found[0].place.as_str(), found[0].span.clone()), ("PID-3", 37..38));
    assert!(model.read(b"hello", 1 << 20, None).is_err());
    assert_eq!(model.read(&[b'M'; 100], 50, None).unwrap_err()[0].code, "limit");
}

#[test]
fn what_is_written_is_read_again_as_the_same_tree() {
    let model = model();
    let bytes = "MSH|^~\\&|A||||20260309151240+0100||REF^I12|7|P|2.5.1||||||UNICODE UTF-8\rRF1|||x^y|||9^SLUSS\rPRD|RP|^Å\rCTD|PR|^E&f\rPID|||1^^^&1.2&ISO~2||Åberg^Ö|||\"\"\rOBR|1||\rOBX||TX|||a \\T\\ b\\.br\\c~d\rNTE|||n\rZSL|a\rZZZ|q|r^s\r";
    let first = model.read(bytes.as_bytes(), 1 << 20, None).unwrap();
    let written = model.write(&first).unwrap();
    let again = model.read(&written, 1 << 20, None).unwrap();
    let json = |tree: &Tree| fhir::json::write(tree, fhir::json::Form::Plain);
    assert_eq!(json(&first), json(&again));
    let latin = bytes.replace("UNICODE UTF-8", "8859/1");
    let latin: Vec<u8> = latin.chars().map(|c| c as u8).collect();
    let tree = model.read(&latin, 1 << 20, None).unwrap();
    assert!(model.write(&tree).unwrap().windows(5).any(|w| w == b"\xc5berg"));
}
