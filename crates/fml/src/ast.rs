//! A map as written: the nouns of the FHIR StructureMap resource, one to one where it has them.
//!
//! Invariants: two maps are equal when they say the same; places in the text do not count.
//! Comments before an item are its documentation, so that formatting loses none. Deliberately
//! absent: resolved names, types and anything computed (see `model`, `compile`).

/// Bytes in the map's text. Places never make two maps different.
#[derive(Clone, Copy, Default, Debug)]
pub struct Place {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl PartialEq for Place {
    fn eq(&self, _: &Place) -> bool {
        true
    }
}

impl Eq for Place {}

/// A word of the map with its place.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Name {
    /// Without delimiters and escapes.
    pub text: String,
    /// Where it stands.
    pub place: Place,
}

/// A whole map.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Map {
    /// `/// path = value` lines, in order.
    pub metadata: Vec<Metadata>,
    /// The canonical address, from `map "…"` or `/// url`.
    pub url: Name,
    /// The computable name, from the same line or `/// name`.
    pub name: Name,
    /// Was there a `map` line (R4), or metadata only (R5)?
    pub declared: bool,
    /// Comments before the `map` line.
    pub documentation: Vec<String>,
    /// Embedded concept maps.
    pub concept_maps: Vec<ConceptMap>,
    /// `uses` lines.
    pub structures: Vec<Structure>,
    /// `imports` lines.
    pub imports: Vec<Import>,
    /// `let` lines.
    pub constants: Vec<Constant>,
    /// The groups, the first being the default entry.
    pub groups: Vec<Group>,
    /// Comments after the last group.
    pub closing: Vec<String>,
}

/// `/// path = value`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Metadata {
    /// Element of StructureMap, dotted; what is no plain word stands in back-ticks.
    pub path: Name,
    /// Nothing means: removed.
    pub value: Option<Literal>,
    /// Comments before it.
    pub documentation: Vec<String>,
}

/// `uses "url" alias Name as mode`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Structure {
    /// Canonical address of the StructureDefinition.
    pub url: Name,
    /// What this map calls it.
    pub alias: Option<Name>,
    /// What it is for.
    pub mode: ModelMode,
    /// Comments.
    pub documentation: Vec<String>,
}

/// What a structure is used as.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ModelMode {
    /// Read.
    Source,
    /// Looked up while mapping.
    Queried,
    /// Written.
    Target,
    /// Written besides the target.
    Produced,
}

/// `imports "url"`, where `*` stands for any text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Import {
    /// Address or pattern.
    pub url: Name,
    /// Comments.
    pub documentation: Vec<String>,
}

/// `let name = expression;`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Constant {
    /// Its name.
    pub name: Name,
    /// Its value.
    pub value: Expression,
    /// Comments.
    pub documentation: Vec<String>,
}

/// An embedded concept map.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConceptMap {
    /// Its address: `#id` or a canonical.
    pub url: Name,
    /// `prefix s = "system"`.
    pub prefixes: Vec<(Name, Name)>,
    /// The pairs of codes.
    pub pairs: Vec<CodePair>,
    /// What happens to a code without a pair, per source prefix.
    pub unmapped: Vec<(Name, Unmapped)>,
    /// Comments.
    pub documentation: Vec<String>,
}

/// `s:code == t:code`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CodePair {
    /// Prefix and code.
    pub source: (Name, Name),
    /// Prefix and code; nothing for `s:code --`.
    pub target: Option<(Name, Name)>,
    /// How they relate.
    pub equivalence: Equivalence,
}

/// The relation of R4's ConceptMap, from target to source.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Equivalence {
    /// `-`
    RelatedTo,
    /// `==`
    Equivalent,
    /// `=`
    Equal,
    /// `<=`
    Wider,
    /// `<-`
    Subsumes,
    /// `>=`
    Narrower,
    /// `>-`
    Specializes,
    /// `~`
    Inexact,
    /// `--`
    Unmatched,
    /// `!=`
    Disjoint,
}

/// What happens to a code that has no pair.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Unmapped {
    /// The code itself.
    Provided,
    /// Always this code.
    Fixed(Name),
    /// Ask that map.
    Other(Name),
}

/// A group of rules.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Group {
    /// Its name.
    pub name: Name,
    /// What it is given.
    pub inputs: Vec<Input>,
    /// The group whose rules run before its own.
    pub extends: Option<Name>,
    /// Is it the default for its types?
    pub type_mode: Option<TypeMode>,
    /// Its rules.
    pub rules: Vec<Rule>,
    /// Comments before it.
    pub documentation: Vec<String>,
    /// Comments after its last rule.
    pub closing: Vec<String>,
}

/// When a group is chosen without being named.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TypeMode {
    /// `<<types>>`: for its pair of types.
    Types,
    /// `<<type+>>`: and whenever its source type is mapped and no target type is given.
    TypeAndTypes,
}

/// An input of a group.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Input {
    /// Read or written.
    pub mode: InputMode,
    /// The variable.
    pub name: Name,
    /// Its type.
    pub ty: Option<Name>,
}

/// Is an input read or written?
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum InputMode {
    /// Read.
    Source,
    /// Written.
    Target,
}

/// A rule.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Rule {
    /// Its name, if it has one.
    pub name: Option<Name>,
    /// What it is applied to.
    pub sources: Vec<RuleSource>,
    /// What it makes.
    pub targets: Vec<RuleTarget>,
    /// Groups that continue with what it found and made.
    pub dependents: Vec<Invocation>,
    /// Is there a block after `then`?
    pub block: bool,
    /// The rules in that block.
    pub rules: Vec<Rule>,
    /// Comments.
    pub documentation: Vec<String>,
    /// Comments after the last rule of the block.
    pub closing: Vec<String>,
    /// Where it stands.
    pub place: Place,
}

impl Rule {
    /// Is it the short form `a.x -> b.y`, with or without conditions?
    pub(crate) fn is_short(&self) -> bool {
        let ([source], [target]) = (self.sources.as_slice(), self.targets.as_slice()) else { return false };
        let bare = target.context.is_some() && !target.path.is_empty() && target.transform.is_none();
        let alone = target.variable.is_none() && self.dependents.is_empty() && !self.block;
        bare && alone && !source.path.is_empty()
    }
}

/// One source of a rule.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct RuleSource {
    /// The variable it starts from.
    pub context: Name,
    /// The elements below it; one, in StructureMap.
    pub path: Vec<Name>,
    /// Only repetitions of this type.
    pub ty: Option<Name>,
    /// Least and greatest number of repetitions; `None` as greatest is `*`.
    pub cardinality: Option<(u32, Option<u32>)>,
    /// Used when there is no repetition.
    pub default: Option<Expression>,
    /// Which of the repetitions.
    pub list_mode: Option<SourceMode>,
    /// The variable that each repetition is bound to.
    pub variable: Option<Name>,
    /// Only repetitions for which this is true.
    pub condition: Option<Expression>,
    /// A fault unless this is true.
    pub check: Option<Expression>,
    /// Written to the trace.
    pub log: Option<Expression>,
    /// Where it stands.
    pub place: Place,
}

/// Which repetitions of a source.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SourceMode {
    /// The first.
    First,
    /// All but the first.
    NotFirst,
    /// The last.
    Last,
    /// All but the last.
    NotLast,
    /// The only one; more is a fault.
    OnlyOne,
}

/// One target of a rule.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct RuleTarget {
    /// The variable it writes below; none where only a variable is made.
    pub context: Option<Name>,
    /// The elements below it; one, in StructureMap.
    pub path: Vec<Name>,
    /// What is written; none makes an empty element.
    pub transform: Option<Transform>,
    /// The variable that the made element is bound to.
    pub variable: Option<Name>,
    /// Where among its repetitions.
    pub list_mode: Option<TargetMode>,
    /// Where it stands.
    pub place: Place,
}

/// Where a made element goes among the repetitions.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum TargetMode {
    /// Before all others.
    First,
    /// After all others.
    Last,
    /// The one that other rules with the same id make too.
    Share(Option<Name>),
    /// The first there is, again and again (R4 wrote `collate`).
    Single,
}

/// How a value comes about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Transform {
    /// `'text'`, `12`, `true`: a constant.
    Literal(Literal),
    /// `v`, `v.element`: the value of a variable or below it.
    Copy(Vec<Name>),
    /// `(expression)`.
    Evaluate(Expression),
    /// `name(…)`.
    Call {
        /// The transform's name.
        name: Name,
        /// What it is given.
        parameters: Vec<Parameter>,
    },
}

/// `group(a, b)`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Invocation {
    /// The group.
    pub name: Name,
    /// Its inputs.
    pub parameters: Vec<Parameter>,
}

/// Something handed to a transform or a group.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Parameter {
    /// A variable.
    Variable(Name),
    /// A constant.
    Literal(Literal),
    /// A FHIRPath expression: `evaluate`'s second parameter, or one in round brackets.
    Expression(Expression),
}

/// A constant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Literal {
    /// Its kind.
    pub kind: LiteralKind,
    /// Its text without delimiters and escapes.
    pub text: String,
    /// Where it stands.
    pub place: Place,
}

/// The kinds of constants.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LiteralKind {
    /// `'…'` or `"…"`.
    Text,
    /// `"""…"""`, in metadata.
    Markdown,
    /// Digits.
    Integer,
    /// Digits with a point.
    Decimal,
    /// `true`, `false`.
    Boolean,
    /// `@…`: date, dateTime or time; the text keeps no `@`.
    Moment,
}

/// A FHIRPath expression, white space and quotes made canonical.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Expression {
    /// What FHIRPath reads.
    pub text: String,
    /// Where it stands.
    pub place: Place,
}
