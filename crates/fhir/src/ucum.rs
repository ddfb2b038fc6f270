//! The part of UCUM that health records meet: what a unit code measures and how many of it make
//! the same as another.
//!
//! A code becomes a factor (kept as an exact fraction) and a product of dimensions. Invariant: two
//! codes with equal dimensions are convertible by their factors alone. Deliberately absent: units
//! with an offset (degrees Celsius and Fahrenheit are dimensions of their own here) and the mole's
//! identity with a pure number; both would make wrong equalities possible. A code that is not
//! understood is only ever equal to itself.

use crate::decimal::Decimal;
use smallvec::SmallVec;

/// Dimension and exponent, sorted by name, no zero exponents.
pub type Dimensions = SmallVec<[(&'static str, i32); 4]>;

/// What a unit code stands for: `numerator / denominator` times a product of dimensions.
#[derive(Clone, PartialEq, Debug)]
pub struct Measure {
    /// Above the line of the factor.
    pub numerator: Decimal,
    /// Below it.
    pub denominator: Decimal,
    /// What is measured.
    pub dimensions: Dimensions,
}

const PREFIXES: [(&str, i32); 20] = [
    ("Y", 24),
    ("Z", 21),
    ("E", 18),
    ("P", 15),
    ("T", 12),
    ("G", 9),
    ("M", 6),
    ("k", 3),
    ("h", 2),
    ("da", 1),
    ("d", -1),
    ("c", -2),
    ("m", -3),
    ("u", -6),
    ("n", -9),
    ("p", -12),
    ("f", -15),
    ("a", -18),
    ("z", -21),
    ("y", -24),
];

/// Dimensions that are not built from others; `true`: takes prefixes.
const BASES: [(&str, bool); 16] = [
    ("m", true),
    ("s", true),
    ("g", true),
    ("C", true),
    ("K", true),
    ("cd", true),
    ("mol", true),
    ("rad", true),
    ("sr", true),
    ("Cel", true),
    ("[degF]", false),
    ("[iU]", true),
    ("[arb'U]", false),
    ("[pH]", false),
    ("B", true),
    ("bit", true),
];

/// Arbitrary units: each measures only itself.
const ARBITRARY: [&str; 21] = [
    "[CFU]",
    "[PFU]",
    "[FFU]",
    "[EU]",
    "[ELU]",
    "[USP'U]",
    "[beth'U]",
    "[GPL'U]",
    "[MPL'U]",
    "[APL'U]",
    "[PNU]",
    "[AU]",
    "[BAU]",
    "[Lf]",
    "[D'ag'U]",
    "[CCID_50]",
    "[TCID_50]",
    "[EID_50]",
    "[todd'U]",
    "[hnsf'U]",
    "[tb'U]",
];

/// Derived units: code, takes prefixes, factor, in terms of.
const DERIVED: [(&str, bool, &str, &str); 76] = [
    ("min", false, "60", "s"),
    ("h", false, "3600", "s"),
    ("d", false, "86400", "s"),
    ("wk", false, "604800", "s"),
    ("a", false, "31557600", "s"),
    ("mo", false, "2629800", "s"),
    ("a_j", false, "31557600", "s"),
    ("mo_j", false, "2629800", "s"),
    ("l", true, "1", "dm3"),
    ("L", true, "1", "dm3"),
    ("t", true, "1000000", "g"),
    ("A", true, "1", "C/s"),
    ("N", true, "1000", "g.m/s2"),
    ("Pa", true, "1000", "g/(m.s2)"),
    ("J", true, "1000", "g.m2/s2"),
    ("W", true, "1000", "g.m2/s3"),
    ("V", true, "1", "J/C"),
    ("Ohm", true, "1", "V/A"),
    ("F", true, "1", "C/V"),
    ("S", true, "1", "A/V"),
    ("Wb", true, "1", "V.s"),
    ("T", true, "1", "Wb/m2"),
    ("H", true, "1", "Wb/A"),
    ("Hz", true, "1", "s-1"),
    ("Bq", true, "1", "s-1"),
    ("Gy", true, "1", "m2/s2"),
    ("Sv", true, "1", "m2/s2"),
    ("lm", true, "1", "cd.sr"),
    ("lx", true, "1", "lm/m2"),
    ("bar", true, "100000", "Pa"),
    ("atm", false, "101325", "Pa"),
    ("m[Hg]", true, "133322", "Pa"),
    ("m[H2O]", true, "9806.65", "Pa"),
    ("cal", true, "4.184", "J"),
    ("[Cal]", false, "4184", "J"),
    ("eV", true, "0.0000000000000000001602176634", "J"),
    ("dyn", true, "0.00001", "N"),
    ("P", true, "0.1", "Pa.s"),
    ("St", true, "0.0001", "m2/s"),
    ("kat", true, "1", "mol/s"),
    ("U", true, "0.000001", "mol/min"),
    ("eq", true, "1", "mol"),
    ("osm", true, "1", "mol"),
    ("[IU]", true, "1", "[iU]"),
    ("%", false, "0.01", "1"),
    ("[ppth]", false, "0.001", "1"),
    ("[ppm]", false, "0.000001", "1"),
    ("10*", false, "10", "1"),
    ("10^", false, "10", "1"),
    ("deg", false, "0.0174532925199432957692", "rad"),
    ("By", true, "8", "bit"),
    ("[in_i]", false, "0.0254", "m"),
    ("[ft_i]", false, "0.3048", "m"),
    ("[yd_i]", false, "0.9144", "m"),
    ("[mi_i]", false, "1609.344", "m"),
    ("[lb_av]", false, "453.59237", "g"),
    ("[oz_av]", false, "28.349523125", "g"),
    ("[stone_av]", false, "6350.29318", "g"),
    ("[gr]", false, "0.06479891", "g"),
    ("[gal_us]", false, "3785.411784", "cm3"),
    ("[qt_us]", false, "946.352946", "cm3"),
    ("[pt_us]", false, "473.176473", "cm3"),
    ("[cup_us]", false, "236.5882365", "cm3"),
    ("[foz_us]", false, "29.5735295625", "cm3"),
    ("[tbs_us]", false, "14.78676478125", "cm3"),
    ("[tsp_us]", false, "4.92892159375", "cm3"),
    ("erg", true, "0.0000001", "J"),
    ("gf", true, "9.80665", "g.m/s2"),
    ("Ci", true, "37000000000", "Bq"),
    ("R", true, "0.000258", "C/kg"),
    ("g%", true, "1", "g/dL"),
    ("[diop]", false, "1", "/m"),
    ("[drp]", false, "0.05", "mL"),
    ("[nmi_i]", false, "1852", "m"),
    ("[HPF]", false, "1", "1"),
    ("[LPF]", false, "100", "1"),
];

/// How deep parentheses in a code may nest (definitions of derived units count too).
const MAX_NESTING: u8 = 12;

/// Longest code, in bytes.
const MOST_BYTES: usize = 128;

/// Understands a code, or does not.
pub fn measure(code: &str) -> Option<Measure> {
    if code.len() > MOST_BYTES {
        return None;
    }
    term(code, MAX_NESTING)
}

/// The code of the product (or quotient) of two units, equal components brought together: `cm` and
/// `cm2` make `cm3`. Nothing where that would be longer than a code may be.
pub fn product(a: &str, b: &str, divide: bool) -> Option<String> {
    let joined = flat(a).zip(flat(b)).map(|(mut all, other)| {
        for (symbol, exponent) in other {
            let exponent = if divide { -exponent } else { exponent };
            match all.iter_mut().find(|(have, _)| *have == symbol) {
                Some((_, have)) => *have += exponent,
                None => all.push((symbol, exponent)),
            }
        }
        written(&all)
    });
    // Codes with parentheses or numbers in them stay as they are.
    let grouped = || {
        let single = |code: &str| component_end(code) == Some(code.len());
        let group = |code: &str| if single(code) { code.to_string() } else { format!("({code})") };
        match (divide, a == "1") {
            (true, true) => format!("/{}", group(b)),
            (true, false) => format!("{a}/{}", group(b)),
            (false, true) => b.to_string(),
            (false, false) => format!("{}.{}", group(a), group(b)),
        }
    };
    Some(joined.unwrap_or_else(grouped)).filter(|code| code.len() <= MOST_BYTES)
}

/// The components of a code with their exponents; nothing for what has parentheses or numbers in it.
fn flat(code: &str) -> Option<Vec<(&str, i32)>> {
    let mut all: Vec<(&str, i32)> = Vec::new();
    let (mut rest, mut sign) = code.strip_prefix('/').map_or((code, 1), |rest| (rest, -1));
    loop {
        let end = component_end(rest)?;
        let one = &rest[..end];
        let number = !one.is_empty() && one.bytes().all(|b| b.is_ascii_digit());
        match one {
            "1" => {}
            _ if one.is_empty() || number || one.starts_with('(') => return None,
            _ => {
                let (symbol, exponent) = raised(one)?;
                match all.iter_mut().find(|(have, _)| *have == symbol) {
                    Some((_, have)) => *have += sign * exponent,
                    None => all.push((symbol, sign * exponent)),
                }
            }
        }
        sign = match rest.as_bytes().get(end) {
            None => return Some(all),
            Some(b'.') => 1,
            Some(_) => -1,
        };
        rest = &rest[end + 1..];
    }
}

fn written(components: &[(&str, i32)]) -> String {
    let mut out = String::new();
    let power = |n: i32| if n == 1 { String::new() } else { n.to_string() };
    for (symbol, n) in components.iter().filter(|(_, n)| *n > 0) {
        let point = if out.is_empty() { "" } else { "." };
        out.push_str(&format!("{point}{symbol}{}", power(*n)));
    }
    for (symbol, n) in components.iter().filter(|(_, n)| *n < 0) {
        out.push_str(&format!("/{symbol}{}", power(-n)));
    }
    if out.is_empty() { "1".to_string() } else { out }
}

impl Measure {
    /// The number one.
    pub fn one() -> Measure {
        Measure { numerator: 1.into(), denominator: 1.into(), dimensions: Dimensions::new() }
    }

    fn of(factor: Decimal) -> Measure {
        Measure { numerator: factor, ..Measure::one() }
    }

    fn of_base(name: &'static str) -> Measure {
        Measure { dimensions: Dimensions::from_slice(&[(name, 1)]), ..Measure::one() }
    }

    /// The product with a power of another; nothing where a number grows too large to be kept exactly.
    pub fn times(mut self, other: &Measure, exponent: i32) -> Option<Measure> {
        let (up, down) = match exponent {
            0.. => (other.numerator, other.denominator),
            _ => (other.denominator, other.numerator),
        };
        for _ in 0..exponent.unsigned_abs() {
            self.numerator = self.numerator.times(up)?.normal();
            self.denominator = self.denominator.times(down)?.normal();
        }
        for &(name, n) in &other.dimensions {
            let n = n.checked_mul(exponent)?;
            match self.dimensions.iter_mut().find(|(have, _)| *have == name) {
                Some((_, have)) => *have = have.checked_add(n)?,
                None => self.dimensions.push((name, n)),
            }
        }
        self.dimensions.retain(|(_, n)| *n != 0);
        self.dimensions.sort_unstable();
        Some(self)
    }
}

/// A product of components, joined by `.` and `/`.
fn term(text: &str, nesting: u8) -> Option<Measure> {
    let nesting = nesting.checked_sub(1)?;
    let mut product = Measure::one();
    let (mut rest, mut sign) = match text.strip_prefix('/') {
        Some(rest) => (rest, -1),
        None => (text, 1),
    };
    loop {
        let end = component_end(rest)?;
        let (one, exponent) = component(&rest[..end], nesting)?;
        product = product.times(&one, sign * exponent)?;
        rest = &rest[end..];
        sign = match rest.as_bytes().first() {
            None => return Some(product),
            Some(b'.') => 1,
            Some(b'/') => -1,
            Some(_) => return None,
        };
        rest = &rest[1..];
    }
}

/// Where the first component ends: at a `.` or `/` outside all brackets.
fn component_end(text: &str) -> Option<usize> {
    let mut open = SmallVec::<[u8; 8]>::new();
    for (i, b) in text.bytes().enumerate() {
        match b {
            b'(' | b'[' | b'{' => open.push(b),
            b')' | b']' | b'}' => {
                let fits = matches!((open.pop()?, b), (b'(', b')') | (b'[', b']') | (b'{', b'}'));
                fits.then_some(())?;
            }
            b'.' | b'/' if open.is_empty() => return Some(i),
            _ => {}
        }
    }
    open.is_empty().then_some(text.len())
}

/// One component and its exponent.
fn component(text: &str, nesting: u8) -> Option<(Measure, i32)> {
    // An annotation says what is counted; it does not change the unit.
    let text = match text.find('{').filter(|_| !text.starts_with('(')) {
        Some(0) => return (text.ends_with('}')).then(|| (Measure::one(), 1)),
        Some(at) if text.ends_with('}') => &text[..at],
        Some(_) => return None,
        None => text,
    };
    if text.is_empty() {
        return None;
    }
    if text.bytes().all(|b| b.is_ascii_digit()) {
        return Some((Measure::of(Decimal::parse(text)?), 1));
    }
    let (symbol, exponent) = raised(text)?;
    if let Some(inner) = symbol.strip_prefix('(').and_then(|s| s.strip_suffix(')')) {
        return Some((term(inner, nesting)?, exponent));
    }
    Some((atom(symbol, nesting)?, exponent))
}

/// A symbol and the exponent behind it.
fn raised(text: &str) -> Option<(&str, i32)> {
    let symbol = text.trim_end_matches(|c: char| c.is_ascii_digit());
    let symbol = match symbol.strip_suffix(['+', '-']) {
        Some(shorter) if symbol.len() < text.len() => shorter,
        _ => symbol,
    };
    match &text[symbol.len()..] {
        "" => Some((symbol, 1)),
        digits => digits.parse::<i32>().ok().filter(|e| e.abs() <= 24).map(|e| (symbol, e)),
    }
}

fn atom(symbol: &str, nesting: u8) -> Option<Measure> {
    if let Some((found, _)) = known(symbol, nesting) {
        return Some(found);
    }
    PREFIXES.iter().find_map(|(prefix, exponent)| {
        let (found, _) = known(symbol.strip_prefix(prefix)?, nesting).filter(|(_, metric)| *metric)?;
        found.times(&Measure::of(10.into()), *exponent)
    })
}

/// A unit without prefix; the flag tells whether it takes one.
fn known(symbol: &str, nesting: u8) -> Option<(Measure, bool)> {
    if let Some((name, metric)) = BASES.iter().find(|(name, _)| *name == symbol) {
        return Some((Measure::of_base(name), *metric));
    }
    if let Some(name) = ARBITRARY.iter().find(|name| **name == symbol) {
        return Some((Measure::of_base(name), false));
    }
    let (_, metric, factor, of) = DERIVED.iter().find(|(name, ..)| *name == symbol)?;
    let unit = term(of, nesting)?;
    Some((Measure::of(Decimal::parse(factor)?).times(&unit, 1)?, *metric))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;

    fn same(a: &str, b: &str) -> bool {
        let (a, b) = (measure(a).unwrap(), measure(b).unwrap());
        a.dimensions == b.dimensions && a.numerator.times(b.denominator) == b.numerator.times(a.denominator)
    }

    #[test]
    fn converts() {
        assert!(same("kg.m/s2", "N") && same("mm[Hg]", "m[Hg].10*-3") && same("mL", "cm3"));
        assert!(same("mmol/L", "mol/m3") && same("mg/dL", "g/hL") && same("{score}", "1"));
        assert!(same("/min", "min-1") && same("[in_i]", "cm.254/100") && !same("g", "s"));
        assert!(!same("a", "d") && same("ug", "10*-6.g"));
        assert!(same("[CFU]/mL", "10*3.[CFU]/L") && !same("[CFU]", "[PFU]") && same("mg%", "mg/dL"));
        assert!(same("({cells}/uL)", "/uL") && same("[diop]", "/m") && same("20.[drp]", "mL"));
    }

    #[test]
    fn every_derived_unit_is_understood() {
        for (code, ..) in DERIVED {
            assert!(measure(code).is_some(), "{code}");
        }
        for code in ["", "foo", "(((", "m)", "m..s", "kmin", &"(".repeat(200)] {
            assert!(measure(code).is_none(), "{code}");
        }
    }
}
