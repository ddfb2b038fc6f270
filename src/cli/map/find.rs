//! Finding a map by its file or by its event, and reading what shall go through it.
//!
//! Invariant: only the maps of the event that is asked for are compiled. An event alone means its one
//! map that reads the input. Deliberately absent: guesses; where several maps of an event read it, they
//! are told and none is taken.

use super::{Rules, Stop, golden};
use crate::model::Told;
use crate::rulebook::{self, Map, Maps};
use fhir::Tree;
use std::io::Read;
use std::path::{Path, PathBuf};

/// A compiled map with what people call it.
pub struct Chosen {
    /// `admission-notice fhir-case`, or the file.
    pub name: String,
    /// The map.
    pub map: Map,
}

/// Reads the maps of a rules folder.
pub fn maps(rules: &Rules) -> Result<Maps, Stop> {
    Maps::load(&rules.source(), rules.packages.as_deref()).map_err(|found| rules.stop(found))
}

/// The map that these words name, and the input: `FILE`, `EVENT/FROM-TO`, `EVENT FROM-TO`, or `EVENT` for
/// its map that reads this input.
pub fn map(rules: &Rules, words: &[String], input: &Path) -> Result<(Chosen, Vec<u8>), Stop> {
    if let [word] = words
        && Path::new(word).is_file()
    {
        return Ok((by_file(rules, Path::new(word))?, bytes(input)?));
    }
    let maps = maps(rules)?;
    let names = by_event(&maps, words)?;
    let bytes = bytes(input)?;
    let mut chosen = Vec::new();
    for name in names {
        let map = maps.compile(&name.url).map_err(|found| rules.stop(found))?;
        chosen.push(Chosen { name: format!("{} {}", name.folder(), name.direction()), map });
    }
    // Where none reads it, the first one says why.
    chosen.sort_by_key(|c| tree(&c.map, &bytes).is_err());
    let reading: Vec<&str> =
        chosen.iter().filter(|c| tree(&c.map, &bytes).is_ok()).map(|c| c.name.as_str()).collect();
    if reading.len() > 1 {
        let several = format!("`{}` has several maps that read this input", words.join("/"));
        return Err(Stop::usage(several, format!("say which: {}", reading.join(", "))));
    }
    let first = chosen.into_iter().next();
    first.map(|chosen| (chosen, bytes)).ok_or_else(|| none(&maps, words))
}

/// The maps of an event, or its one in a direction.
fn by_event<'m>(maps: &'m Maps, words: &[String]) -> Result<Vec<&'m rulebook::MapName>, Stop> {
    let joined = words.join("/");
    let (event, direction) = joined.rsplit_once('/').map_or((joined.as_str(), None), |(e, d)| (e, Some(d)));
    // An event alone means its own folder, not those that foreign models have of it.
    let fits = |n: &&rulebook::MapName| {
        let named = n.event == event || n.folder() == event;
        n.folder() == joined || named && direction.is_some_and(|d| n.direction() == d)
    };
    let found: Vec<_> = maps.names().iter().filter(fits).collect();
    if found.is_empty() { Err(none(maps, words)) } else { Ok(found) }
}

fn none(maps: &Maps, words: &[String]) -> Stop {
    let all: Vec<String> = maps.names().iter().map(|n| format!("{} {}", n.folder(), n.direction())).collect();
    let help = format!("name a map file, or an event with its direction: {}", all.join(", "));
    Stop::usage(format!("there is no map `{}`", words.join(" ")), help)
}

/// A map by its file. One outside the rules folder may import what stands there, and takes the place
/// of the one with its own address.
fn by_file(rules: &Rules, path: &Path) -> Result<Chosen, Stop> {
    let text = std::fs::read_to_string(path).map_err(|e| Stop::file(path, &e))?;
    let source = rules.source();
    let mut files = rulebook::chosen(&source, &rulebook::is_wanted).map_err(|found| rules.stop(found))?;
    let file = match inside(rules, path) {
        Some(own) => own,
        None => {
            let own_url = |text: &str| fml::parse("", text).ok().map(|m| m.url.text);
            let url = own_url(&text);
            files.retain(|f| !f.path.ends_with(".map") || url.is_none() || own_url(&f.text) != url);
            path.display().to_string()
        }
    };
    files.retain(|f| f.path != file);
    let mut maps = Maps::of(&files, rules.packages.as_deref()).map_err(|found| rules.stop(found))?;
    let url = maps.add(&file, &text).map_err(|found| rules.stop(found))?;
    let map = maps.compile(&url).map_err(|found| rules.stop(found))?;
    Ok(Chosen { name: file, map })
}

/// The path of a file below the rules folder, relative to it, with `/`.
pub fn inside(rules: &Rules, path: &Path) -> Option<String> {
    let folder = rules.folder.canonicalize().ok()?;
    let path = path.canonicalize().ok()?;
    let relative = path.strip_prefix(folder).ok()?;
    let parts: Vec<_> = relative.components().map(|c| c.as_os_str().to_string_lossy()).collect();
    Some(parts.join("/"))
}

/// Reads a file, or standard input for `-`.
pub fn bytes(path: &Path) -> Result<Vec<u8>, Stop> {
    if path.as_os_str() == "-" {
        let mut bytes = Vec::new();
        std::io::stdin().read_to_end(&mut bytes).map_err(|e| Stop::file(path, &e))?;
        return Ok(bytes);
    }
    std::fs::read(path).map_err(|e| Stop::file(path, &e))
}

/// The document in the form that the map reads. The finding has no value.
pub fn tree(map: &Map, bytes: &[u8]) -> Result<Tree, String> {
    let tree = map.read(bytes).map_err(|found| {
        found.first().map_or_else(|| "it cannot be read".to_string(), ToString::to_string)
    })?;
    match map.reads(&tree) {
        true => Ok(tree),
        false => Err(format!("it is no {}; the map reads another format", map.plan().source_type())),
    }
}

/// A message and a map: what `run` and `trace` are given.
#[derive(clap::Args)]
pub struct Given {
    /// The map (its file, EVENT, EVENT/FROM-TO or EVENT FROM-TO), and then the input file; `-` is standard
    /// input.
    #[arg(value_name = "MAP INPUT", required = true)]
    words: Vec<String>,
    /// What the map is told beside the message, such as `--param sender=SE2321009900-REG1`.
    #[arg(long = "param", value_name = "NAME=TEXT")]
    parameters: Vec<String>,
}

impl Given {
    /// The words that name the map, and the input.
    pub fn split(&self) -> Result<(&[String], PathBuf), Stop> {
        match self.words.split_last() {
            Some((input, map)) if !map.is_empty() => Ok((map, PathBuf::from(input))),
            _ => Err(Stop::usage("a map and an input file are needed", "sluss map run EVENT FILE")),
        }
    }

    /// What the map is told.
    pub fn told(&self) -> Result<Told, Stop> {
        golden::parameters(self.parameters.iter().map(String::as_str))
            .map_err(|line| Stop::usage(format!("`{line}` is no parameter"), "write --param NAME=TEXT"))
    }
}
