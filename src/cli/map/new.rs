//! `sluss map new`: a map to begin with, and an example to see it run.
//!
//! Invariant: nothing that is there is overwritten, and nothing is written that does not compile and
//! run. Deliberately absent: guesses that take effect; each guess is a comment.

use super::skeleton::{self, Side};
use super::{Exit, Out, Rules, Stop, find};
use crate::model::{Model, Told};
use crate::rulebook::{CANONICAL, Maps};
use fhir::{Definitions, TypeId};
use fml::ast::Map;
use serde_json::json;
use std::path::{Path, PathBuf};

const EXAMPLES: &str = "Examples:
  sluss map new bed-freed case-fhir
  sluss map new bed-assigned fhir-case --with MessageHeader --with Encounter
  sluss map new lab-answer fhir-case --source Observation

It writes mappings/EVENT/FROM-TO.map with one rule, behind slashes, for each element that the target
requires, and examples/NN-skeleton.{in.json,out.json,why.txt}. The model of `fhir` is a Bundle, that of
another format the logical model with the address …/StructureDefinition/FORMAT-message.

Exit codes: 0 done, 2 usage, or a file is there already, 3 the models or the other maps are wrong";

/// The resources that every message has.
const MESSAGE: [&str; 2] = ["MessageHeader", "Patient"];

/// Arguments.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    #[command(flatten)]
    rules: Rules,
    /// The event: the name of its folder.
    event: String,
    /// The direction, such as `fhir-case`.
    #[arg(value_name = "FROM-TO")]
    direction: String,
    /// The source's type, by name or address.
    #[arg(long, value_name = "TYPE")]
    source: Option<String>,
    /// The target's type, by name or address.
    #[arg(long, value_name = "TYPE")]
    target: Option<String>,
    /// A resource in the Bundle; may be repeated. Without: the header and the subject
    /// that every message has, or a MessageHeader to write.
    #[arg(long, value_name = "RESOURCE")]
    with: Vec<String>,
}

/// Runs the verb.
pub fn run(args: Args, out: Out) -> Result<Exit, Stop> {
    let (from, to) = formats(&args.direction)?;
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if args.event.is_empty() || !args.event.chars().all(plain) || args.event == "shared" {
        let message = format!("`{}` cannot be an event's name", args.event);
        return Err(Stop::usage(message, "use small letters, digits and hyphens, and not `shared`"));
    }
    let folder = args.rules.mappings().join(&args.event);
    let map_file = folder.join(format!("{}.map", args.direction));
    if map_file.exists() {
        return Err(Stop::usage(
            format!("{} is there already", map_file.display()),
            "change that one, or move it",
        ));
    }
    let mut maps = find::maps(&args.rules)?;
    let others = others(&args.rules);
    let source = side(&maps, from, &args.source, &args.with, MESSAGE.map(String::from).to_vec())?;
    let target = side(&maps, to, &args.target, &args.with, vec!["MessageHeader".to_string()])?;
    let shared = shared(&others);
    let text = skeleton::map(maps.definitions(), &args.event, &args.direction, &source, &target, &shared);
    let input = skeleton::example(maps.definitions(), &source);
    let name = format!("mappings/{}/{}.map", args.event, args.direction);
    let defect = |stop: String| Stop::Refused {
        exit: Exit::Bug,
        message: format!("the skeleton is wrong, so nothing is written: {stop}"),
        help: "report it with the models".into(),
    };
    let url = maps.add(&name, &text).map_err(|found| args.rules.stop(found))?;
    let map = maps.compile(&url).map_err(|found| args.rules.stop(found))?;
    let tree = find::tree(&map, input.as_bytes()).map_err(defect)?;
    let output = map.run_counted(&tree, &Told::default()).map_err(|fault| defect(fault.to_string()))?;
    let stem = free_stem(&folder.join("examples"));
    let why = "Skeleton: the least that the source's model requires. Say here in one line what this example proves.\n";
    let files = [
        (map_file, text),
        (PathBuf::from(format!("{stem}.in.json")), input),
        (PathBuf::from(format!("{stem}.out.json")), map.write(&output)),
        (PathBuf::from(format!("{stem}.why.txt")), why.to_string()),
    ];
    write(&files)?;
    let names: Vec<String> = files.iter().map(|(path, _)| path.display().to_string()).collect();
    out.result("map new", json!({ "written": names }), || {
        let lines: String = names.iter().map(|name| format!("wrote {name}\n")).collect();
        format!("{lines}next: sluss map test {} --watch, and take away slashes in the map", args.event)
    });
    Ok(Exit::Done)
}

fn formats(direction: &str) -> Result<(Model, Model), Stop> {
    let all = [Model::Fhir, Model::Case];
    let word = |w: &str| all.into_iter().find(|m| m.word() == w);
    let found = direction.split_once('-').and_then(|(from, to)| Some((word(from)?, word(to)?)));
    found.filter(|(from, to)| from != to).ok_or_else(|| {
        let known: Vec<&str> = all.iter().map(Model::word).collect();
        Stop::usage(
            format!("`{direction}` is no direction"),
            format!("write FROM-TO with two of {}", known.join(", ")),
        )
    })
}

/// The model of a format, and the resources inside it.
fn side(
    maps: &Maps,
    model: Model,
    ty: &Option<String>,
    with: &[String],
    usual: Vec<String>,
) -> Result<Side, Stop> {
    let definitions = maps.definitions();
    let word = model.word();
    let wanted = match (ty, model) {
        (Some(ty), _) => ty.clone(),
        (None, Model::Fhir) => "Bundle".to_string(),
        (None, _) => format!("{CANONICAL}/StructureDefinition/{word}-message"),
    };
    let unknown = |name: &str| {
        Stop::usage(
            format!("there is no type `{name}`"),
            "name a resource of FHIR R4, or load a logical model from conformance/models",
        )
    };
    let ty = definitions.type_id(&wanted).ok_or_else(|| unknown(&wanted))?;
    let mut side = Side { ty, url: address(definitions, &wanted, ty), resources: vec![] };
    if definitions.type_name(ty) == "Bundle" {
        let own = if with.is_empty() { &usual } else { with };
        for name in own {
            let inner = definitions
                .type_id(name)
                .filter(|t| definitions.is_resource(*t) && !definitions.is_abstract(*t));
            side.resources.push(inner.ok_or_else(|| unknown(name))?);
        }
    }
    Ok(side)
}

fn address(definitions: &Definitions, wanted: &str, ty: TypeId) -> String {
    match wanted.contains("://") {
        true => wanted.to_string(),
        false => format!("http://hl7.org/fhir/StructureDefinition/{}", definitions.type_name(ty)),
    }
}

// ---- what the other maps say ----

/// The maps there are, with their paths below `mappings/`.
fn others(rules: &Rules) -> Vec<(String, Map)> {
    let source = rules.source();
    let files =
        crate::rulebook::chosen(&source, &|path| path.starts_with("mappings/") && path.ends_with(".map"));
    let parsed = files
        .unwrap_or_default()
        .into_iter()
        .filter_map(|f| Some((f.path.clone(), fml::parse(&f.path, &f.text).ok()?)));
    parsed.collect()
}

fn shared(others: &[(String, Map)]) -> Vec<String> {
    others
        .iter()
        .filter(|(p, _)| p.starts_with("mappings/shared/"))
        .map(|(_, m)| m.url.text.clone())
        .collect()
}

// ---- files ----

/// `examples/NN-skeleton` with the next free number.
fn free_stem(folder: &Path) -> String {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let numbers = entries.filter_map(|e| e.file_name().to_str()?.split('-').next()?.parse::<u32>().ok());
    let next = numbers.max().unwrap_or(0).saturating_add(1);
    folder.join(format!("{next:02}-skeleton")).display().to_string()
}

/// Writes files that are not there yet.
fn write(files: &[(PathBuf, String)]) -> Result<(), Stop> {
    for (path, text) in files {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|e| Stop::file(folder, &e))?;
        }
        let new = std::fs::OpenOptions::new().write(true).create_new(true).open(path);
        let done = new.and_then(|mut file| std::io::Write::write_all(&mut file, text.as_bytes()));
        done.map_err(|e| Stop::file(path, &e))?;
    }
    Ok(())
}
