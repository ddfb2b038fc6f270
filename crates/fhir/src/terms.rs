//! Codes: which value set contains which code, as far as that is known here.
//!
//! Value sets are kept as composed, not expanded: membership is decided by asking the code systems
//! and value sets that they name. Invariant: an answer is given only when it is certain; what needs
//! a code system that is not here is `None`, never a guess. Deliberately absent: filters by
//! regular expression, and the languages of designations.

mod elsewhere;
mod filter;

use crate::names::NameMap;
use crate::tree::{NodeRef, Tree};

/// Value sets naming each other are followed this far.
const DEEPEST: u32 = 16;

/// What an include or exclude takes from its system.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Pick {
    /// Every code of the system.
    All,
    /// These codes, sorted.
    Listed(Vec<Box<str>>),
    /// A selection that cannot be computed here.
    Unknown,
}

/// One include or exclude of a value set.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Part {
    pub(crate) exclude: bool,
    pub(crate) system: Option<Box<str>>,
    pub(crate) pick: Pick,
    pub(crate) sets: Vec<Box<str>>,
}

/// What a code system says of a code.
#[derive(Clone, Default)]
struct Concept {
    /// The codes right above it.
    above: Vec<Box<str>>,
    properties: Vec<(Box<str>, Box<str>)>,
    /// Its display and its designations in any language, where they are known.
    displays: Vec<Box<str>>,
}

#[derive(Clone, Default)]
struct System {
    codes: NameMap<Concept>,
    complete: bool,
    case_sensitive: bool,
}

/// The code systems and value sets known.
#[derive(Clone, Default)]
pub struct Terms {
    systems: NameMap<System>,
    sets: NameMap<Vec<Part>>,
}

/// A canonical URL without its version.
pub fn unversioned(url: &str) -> &str {
    url.split_once('|').map_or(url, |(url, _)| url)
}

impl Terms {
    /// Is the value set known, whether or not all its codes are?
    pub fn knows(&self, value_set: &str) -> bool {
        self.sets.contains_key(unversioned(value_set))
    }

    /// Is the code system known, whether or not in full?
    pub fn knows_system(&self, system: &str) -> bool {
        self.systems.contains_key(unversioned(system))
    }

    /// Does the value set contain the code? `system` is `None` where the element is a plain code,
    /// whose system the value set implies. `None`: cannot be decided with what is known here.
    pub fn contains(&self, value_set: &str, system: Option<&str>, code: &str) -> Option<bool> {
        self.decide(unversioned(value_set), system, code, 0)
    }

    fn decide(&self, set: &str, system: Option<&str>, code: &str, depth: u32) -> Option<bool> {
        let parts = self.sets.get(set).filter(|_| depth < DEEPEST)?;
        let mut included = Some(false);
        for part in parts.iter().filter(|p| !p.exclude) {
            match self.matches(part, system, code, depth) {
                Some(true) => included = Some(true),
                None if included == Some(false) => included = None,
                _ => {}
            }
        }
        if included == Some(false) {
            return Some(false);
        }
        for part in parts.iter().filter(|p| p.exclude) {
            match self.matches(part, system, code, depth) {
                Some(true) => return Some(false),
                None => included = None,
                Some(false) => {}
            }
        }
        included
    }

    fn matches(&self, part: &Part, system: Option<&str>, code: &str, depth: u32) -> Option<bool> {
        if let (Some(asked), Some(own)) = (system, part.system.as_deref())
            && asked != own
        {
            return Some(false);
        }
        let picked = match (&part.pick, part.system.as_deref()) {
            // Whatever is selected, it is a code of the system.
            (Pick::Unknown, Some(url)) => self.has_code(url, code).filter(|has| !has),
            (Pick::Unknown, None) => None,
            (Pick::Listed(codes), _) => Some(codes.binary_search_by(|c| (**c).cmp(code)).is_ok()),
            (Pick::All, None) => Some(true),
            (Pick::All, Some(url)) => self.has_code(url, code),
        };
        let mut all = picked;
        for set in &part.sets {
            match self.decide(set, system, code, depth + 1) {
                Some(false) => return Some(false),
                None => all = all.and(None),
                Some(true) => {}
            }
        }
        all
    }

    /// Does the code system define the code? `None` when it is not known in full.
    pub fn has_code(&self, system: &str, code: &str) -> Option<bool> {
        let system = unversioned(system);
        let Some(known) = self.systems.get(system) else { return elsewhere::has_code(system, code) };
        let found = known.codes.contains_key(code)
            || (!known.case_sensitive && known.codes.keys().any(|c| c.eq_ignore_ascii_case(code)));
        (found || known.complete).then_some(found)
    }

    /// Is the text a display or a designation that the code system has for the code, but for white space
    /// and the case of letters? `None` where none is known.
    pub fn has_display(&self, system: &str, code: &str, text: &str) -> Option<bool> {
        let concept = self.systems.get(unversioned(system))?.codes.get(code)?;
        let same = |a: &str, b: &str| {
            let words = |t: &str| t.split_whitespace().map(str::to_lowercase).collect::<Vec<_>>();
            words(a) == words(b)
        };
        let known = !concept.displays.is_empty();
        known.then(|| concept.displays.iter().any(|d| **d == *text || same(d, text)))
    }

    /// Takes in a CodeSystem resource.
    pub fn add_code_system(&mut self, tree: &Tree) {
        let root = tree.at(tree.root());
        let Some(url) = root.child_text("url") else { return };
        let mut system = System {
            complete: root.child_text("content") == Some("complete"),
            case_sensitive: root.child_text("caseSensitive") != Some("false"),
            codes: NameMap::default(),
        };
        let mut work: Vec<(NodeRef<'_>, Option<&str>)> = root.all("concept").map(|c| (c, None)).collect();
        while let Some((node, above)) = work.pop() {
            let Some(code) = node.child_text("code") else { continue };
            let concept = system.codes.entry(code.into()).or_default();
            concept.above.extend(above.map(Into::into));
            concept.displays.extend(node.child_text("display").map(Into::into));
            let designations = node.all("designation").filter_map(|d| d.child_text("value"));
            concept.displays.extend(designations.map(Box::from));
            for property in node.all("property") {
                let Some(name) = property.child_text("code") else { continue };
                let value = property.children().find(|c| c.name().starts_with("value"));
                let value = value.and_then(|v| v.text().or_else(|| v.child_text("code")));
                match (name, value) {
                    // Parents given as properties instead of by nesting.
                    ("subsumedBy" | "parent", Some(value)) => concept.above.push(value.into()),
                    (_, Some(value)) => concept.properties.push((name.into(), value.into())),
                    (_, None) => {}
                }
            }
            work.extend(node.all("concept").map(|c| (c, Some(code))));
        }
        self.systems.insert(url.into(), system);
    }

    /// Takes in a ValueSet resource. Code systems that its filters need must be here already.
    pub fn add_value_set(&mut self, tree: &Tree) {
        let root = tree.at(tree.root());
        if let Some(url) = root.child_text("url") {
            self.add_value_set_as(root, url);
        }
    }

    /// As [`Terms::add_value_set`], under another address than its own.
    pub(crate) fn add_value_set_as(&mut self, root: NodeRef<'_>, url: &str) {
        let mut parts = Vec::new();
        if let Some(compose) = root.child("compose") {
            for (name, exclude) in [("include", false), ("exclude", true)] {
                parts.extend(compose.all(name).map(|n| self.part(n, exclude)));
            }
        } else {
            expanded(root, &mut parts);
        }
        self.sets.insert(url.into(), parts);
    }

    fn part(&self, node: NodeRef<'_>, exclude: bool) -> Part {
        let system = node.child_text("system").map(|s| unversioned(s).into());
        let mut listed: Vec<Box<str>> =
            node.all("concept").filter_map(|c| c.child_text("code")).map(Into::into).collect();
        let filters: Vec<NodeRef<'_>> = node.all("filter").collect();
        let pick = match (listed.is_empty(), filters.is_empty()) {
            (false, _) => {
                listed.sort();
                Pick::Listed(listed)
            }
            (true, true) => Pick::All,
            (true, false) => {
                let system = system.as_deref().and_then(|s| self.systems.get(s)).filter(|s| s.complete);
                system.and_then(|s| s.filtered(&filters)).map_or(Pick::Unknown, Pick::Listed)
            }
        };
        let sets = node.all("valueSet").filter_map(|v| v.text()).map(|v| unversioned(v).into()).collect();
        Part { exclude, system, pick, sets }
    }

    // ---- the compact table ----

    pub(crate) fn put_system(&mut self, url: &str, codes: Vec<Box<str>>) {
        let codes = codes.into_iter().map(|c| (c, Concept::default())).collect();
        self.systems.insert(url.into(), System { codes, complete: true, case_sensitive: true });
    }

    pub(crate) fn put_set(&mut self, url: &str, parts: Vec<Part>) {
        self.sets.insert(url.into(), parts);
    }

    pub(crate) fn set_mut(&mut self, url: &str) -> Option<&mut Vec<Part>> {
        self.sets.get_mut(url)
    }

    pub(crate) fn set(&self, url: &str) -> Option<&[Part]> {
        self.sets.get(unversioned(url)).map(Vec::as_slice)
    }

    /// All codes of a system that is known in full, sorted.
    pub(crate) fn codes(&self, system: &str) -> Option<Vec<&str>> {
        let known = self.systems.get(system).filter(|s| s.complete)?;
        let mut codes: Vec<&str> = known.codes.keys().map(|c| &**c).collect();
        codes.sort();
        Some(codes)
    }
}

/// What an expansion lists, where a value set does not say what it is composed of.
fn expanded(root: NodeRef<'_>, parts: &mut Vec<Part>) {
    let mut by_system: std::collections::BTreeMap<&str, Vec<Box<str>>> = std::collections::BTreeMap::new();
    let expansion = root.child("expansion");
    let mut work: Vec<NodeRef<'_>> = expansion.into_iter().flat_map(|e| e.all("contains")).collect();
    let mut count = 0;
    while let Some(node) = work.pop() {
        work.extend(node.all("contains"));
        let code = node.child_text("code").filter(|_| node.child_text("abstract") != Some("true"));
        if let (Some(system), Some(code)) = (node.child_text("system"), code) {
            by_system.entry(system).or_default().push(code.into());
        }
        count += 1;
    }
    let total = expansion.and_then(|e| e.child_text("total")?.parse::<usize>().ok());
    // A page of an expansion, or none at all, does not tell what else there is.
    if count == 0 || total.is_some_and(|t| t > count) {
        parts.push(Part { exclude: false, system: None, pick: Pick::Unknown, sets: Vec::new() });
    }
    for (system, mut codes) in by_system {
        codes.sort();
        let (system, pick) = (Some(system.into()), Pick::Listed(codes));
        parts.push(Part { exclude: false, system, pick, sets: Vec::new() });
    }
}
