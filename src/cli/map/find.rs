//! Finding a map by its file or by its event, and reading what shall go through it.
//!
//! Invariant: only the map that is asked for is compiled. Deliberately absent: guesses; a name that
//! fits several maps is refused with the maps it fits.

use super::{Rules, Stop, golden};
use crate::model::Told;
use crate::rulebook::{self, Map, Maps, Source};
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
    Maps::load(&Source::Folder(rules.folder.clone()), rules.packages.as_deref())
        .map_err(|found| rules.stop(found))
}

/// The map that these words name: `FILE`, `EVENT/FROM-TO`, `EVENT FROM-TO`, or `EVENT` if it has one.
pub fn map(rules: &Rules, words: &[String]) -> Result<Chosen, Stop> {
    if let [word] = words
        && Path::new(word).is_file()
    {
        return by_file(rules, Path::new(word));
    }
    let maps = maps(rules)?;
    let name = by_event(&maps, words)?;
    let map = maps.compile(&name.url).map_err(|found| rules.stop(found))?;
    Ok(Chosen { name: format!("{} {}", name.folder(), name.direction()), map })
}

fn by_event<'m>(maps: &'m Maps, words: &[String]) -> Result<&'m rulebook::MapName, Stop> {
    let joined = words.join("/");
    let (event, direction) = joined.rsplit_once('/').map_or((joined.as_str(), None), |(e, d)| (e, Some(d)));
    let is = |n: &rulebook::MapName, event: &str| n.event == event || n.folder() == event;
    let fits = |n: &&rulebook::MapName| {
        is(n, &joined) || is(n, event) && direction.is_none_or(|d| n.direction() == d)
    };
    let found: Vec<_> = maps.names().iter().filter(fits).collect();
    let list = |names: &[&rulebook::MapName]| {
        let names: Vec<String> = names.iter().map(|n| format!("{} {}", n.folder(), n.direction())).collect();
        names.join(", ")
    };
    match found.as_slice() {
        [only] => Ok(only),
        [] => {
            let all: Vec<_> = maps.names().iter().collect();
            let help = format!("name a map file, or an event with its direction: {}", list(&all));
            Err(Stop::usage(format!("there is no map `{}`", words.join(" ")), help))
        }
        several => {
            Err(Stop::usage(format!("`{joined}` has several maps"), format!("say which: {}", list(several))))
        }
    }
}

/// A map by its file. One outside the rules folder may import what stands there, and takes the place
/// of the one with its own address.
fn by_file(rules: &Rules, path: &Path) -> Result<Chosen, Stop> {
    let text = std::fs::read_to_string(path).map_err(|e| Stop::file(path, &e))?;
    let source = Source::Folder(rules.folder.clone());
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
