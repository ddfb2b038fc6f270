#!/usr/bin/env python3
"""Compiles conformance/fsh/*.fsh into the JSON of conformance/profiles, which the gateway loads.

Usage: python3 conformance/build-profiles.py [--check]
--check writes nothing and fails where the JSON is not what the FSH says.

The language is FHIR Shorthand as far as it is used here: Alias, Profile, Extension, Invariant, ValueSet, CodeSystem,
RuleSet (with parameters) and Instance of MessageDefinition. Paths and types are those of
crates/fhir/definitions/r4.table. Three things are inferred, so that they cannot be forgotten:
- an element without ^comment has that of its profile (the clause of the domain); one without ^short has what its
  ancestors say of it, or within a slice what the slice says; any other constrained element without ^short is an error;
- an extension has its url, no value beside parts and no parts beside a value;
- a MessageDefinition gets event, focus and graph from the message profile of its name.
Everything wrong is told at once, each with file and line. Deliberately absent: snapshots, logical models, mappings.
"""
import json
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
R4 = "http://hl7.org/fhir/StructureDefinition/"
OURS = "https://sluss.example/fhir/"
COMMON = {"version": "1.0.0", "status": "active", "date": "2026-01-15", "publisher": "Sluss"}
KINDS = ("Alias", "Profile", "Extension", "Invariant", "ValueSet", "CodeSystem", "RuleSet", "Instance")
STRENGTHS = ("required", "extensible", "preferred", "example")
WIDTH = 120
faults = []


class Wrong(Exception):
    """What is wrong, where the rule stands."""


class Type:
    def __init__(self, kind, parent):
        self.kind, self.parent, self.elements = kind, parent, {}


def table():
    """The types of R4: name -> Type with elements name -> (min, max, types)."""
    types, current = {}, None
    path = HERE.parent / "crates/fhir/definitions/r4.table"
    for line in path.read_text(encoding="utf-8").splitlines():
        part = line.split("\t")
        if part[0] == "T":
            current = types[part[1]] = Type(part[2], part[3])
        elif part[0] == "E":
            current.elements[part[1]] = (int(part[2]), part[3], part[4].split())
    return types


TYPES = table()


def elements(name):
    """Elements of a type with those that it inherits, in FHIR's order."""
    kind = TYPES.get(name)
    return {**elements(kind.parent), **kind.elements} if kind else {}


# ---------------------------------------------------------------- reading

class Entity:
    def __init__(self, kind, name, at):
        self.kind, self.name, self.at = kind, name, at
        self.meta, self.body, self.params, self.rules = {}, [], [], []

    @property
    def id(self):
        return self.meta.get("Id", self.name)

    @property
    def url(self):
        given = [r.args[1] for r in self.rules if r.verb == "^" and r.path == "" and r.args[0] == "url"]
        kind = "StructureDefinition" if self.kind in ("Profile", "Extension") else self.kind
        kind = "MessageDefinition" if kind == "Instance" else kind
        return text(given[0]) if given else f"{OURS}{kind}/{self.id}"


class Rule:
    def __init__(self, path, verb, args, at):
        self.path, self.verb, self.args, self.at = path, verb, args, at


def without_comments(source):
    """Comments become blanks; lines keep their numbers."""
    pattern = r'"""(?:.|\n)*?"""|"(?:[^"\\]|\\.)*"|\[\[(?:.|\n)*?\]\]|(?<!\S)//[^\n]*|/\*(?:.|\n)*?\*/'

    def blank(m):
        return re.sub(r"[^\n]", " ", m[0]) if m[0][0] == "/" else m[0]
    return re.sub(pattern, blank, source)


def read(path):
    """The entities of a file, bodies still as lines."""
    out, inside = [], False
    for number, line in enumerate(without_comments(path.read_text(encoding="utf-8")).splitlines(), 1):
        at = f"conformance/fsh/{path.name}:{number}"
        head = None if inside else re.match(r"(\w+):\s*(.*\S)", line)
        if head and head[1] in KINDS:
            name = re.match(r"([^\s(=]+)\s*(?:\(([^)]*)\))?\s*(?:=\s*(\S+))?$", head[2])
            if not name:
                faults.append(f"{at}: {head[1]} without a name that can be read")
                continue
            out.append(Entity(head[1], name[1], at))
            out[-1].params = [p.strip() for p in (name[2] or "").split(",") if p.strip()]
            out[-1].meta["="] = name[3]
        elif out:
            out[-1].body.append((line, at))
        elif line.strip():
            faults.append(f"{at}: stands before the first entity")
        inside ^= line.count('"""') % 2 == 1
    return out


TOKEN = re.compile(r'"""(?:.|\n)*?"""|"(?:[^"\\]|\\.)*"|(?:Reference|Canonical)\([^)]*\)|\^\S+|\S+')


def text(token):
    if token.startswith('"""'):
        return " ".join(token[3:-3].split())
    if not token.startswith('"'):
        raise Wrong(f"a text in quotation marks is wanted, not {token}")
    return re.sub(r"\\(.)", lambda m: {"n": "\n", "t": "\t", "r": "\r"}.get(m[1], m[1]), token[1:-1])


def statements(lines):
    """Lines put together: each 'Key: value' and each rule with what continues it."""
    out = []
    for line, at in lines:
        if re.match(r"\s*\*(\s|$)", line) or re.match(r"[A-Z]\w*:", line):
            out.append([line, at])
        elif line.strip() and out:
            out[-1][0] += "\n" + line
        elif line.strip():
            faults.append(f"{at}: neither a rule nor a heading")
    return out


def join(outer, path):
    path = "" if path == "." else path
    return f"{outer}.{path}" if outer and path else outer or path


def parse(entity, sets, lines, outer="", depth=0):
    """Headings into meta, rules into rules, rule sets put in their places."""
    stack = [(-1, outer)]
    for line, at in statements(lines):
        head = re.match(r"([A-Z]\w*):\s*((?:.|\n)*)", line)
        if head:
            value = head[2].strip()
            entity.meta[head[1]] = text(value) if value.startswith('"') else value
            continue
        indent = len(line) - len(line.lstrip())
        while stack[-1][0] >= indent:
            stack.pop()
        around = stack[-1][1]
        try:
            body = line.strip()[1:].strip()
            insert = re.match(r"(?:(\S+)\s+)?insert\s+(\w+)\s*(?:\(((?:.|\n)*)\))?$", body)
            if insert:
                put(entity, sets, insert, around, at, depth)
                continue
            rule = one(body, around, at)
            stack.append((indent, rule.path))
            if rule.verb:
                entity.rules.append(rule)
        except Wrong as wrong:
            faults.append(f"{at}: {wrong}")


def put(entity, sets, insert, around, at, depth):
    which = sets.get(insert[2])
    if not which or depth > 8:
        raise Wrong(f"no rule set {insert[2]}" if not which else "rule sets insert each other without end")
    given = re.findall(r"\s*(\[\[(?:.|\n)*?\]\]|(?:\\.|[^,\\])+)\s*(?:,|$)", insert[3] or "")
    given = [g[2:-2] if g.startswith("[[") else re.sub(r"\\([,)\\])", r"\1", g).strip() for g in given]
    if len(given) != len(which.params):
        raise Wrong(f"{insert[2]} takes {len(which.params)} parameters, not {len(given)}")
    lines = []
    for line, _ in which.body:
        for name, value in zip(which.params, given):
            line = line.replace("{" + name + "}", value)
        lines.append((line, f"{at} ({which.name})"))
    parse(entity, sets, lines, join(around, insert[1] or ""), depth + 1)


def one(body, around, at):
    tokens = TOKEN.findall(body)
    if not tokens:
        raise Wrong("an empty rule")
    path = around
    if tokens[0] == "include" or tokens[0] == "exclude":
        return Rule("", tokens[0], tokens[1:], at)
    if not tokens[0].startswith("^"):
        path = join(around, tokens.pop(0))
    if not tokens:
        return Rule(path, "#" if "#" in path else None, [], at)
    word = tokens[0]
    if word.startswith("^"):
        if tokens[1:2] != ["="] or len(tokens) != 3:
            raise Wrong(f"{word} = VALUE is wanted")
        return Rule(path, "^", [word[1:], tokens[2]], at)
    if path.startswith("#"):
        return Rule(path, "#", tokens, at)
    if re.fullmatch(r"\d*\.\.(\d+|\*)?", word):
        return Rule(path, "card", tokens, at)
    if word in ("only", "from", "contains", "obeys", "="):
        return Rule(path, word, tokens[1:], at)
    raise Wrong(f"{word} is no rule that is known here")


# ---------------------------------------------------------------- building

class Node:
    """An element of a differential, its children by name and its slices by slice name."""

    def __init__(self, base=None):
        self.children, self.slices, self.facts, self.carets = {}, {}, {}, []
        self.base, self.at = base, None


def segments(path):
    """entry[header].resource -> [(entry, header), (resource, None)]."""
    out = []
    for part in re.findall(r"(?:[^.\[]|\[[^\]]*\])+", path):
        m = re.fullmatch(r"([^\[]+(?:\[x\])?)((?:\[[^\]]+\])*)", part)
        if not m:
            raise Wrong(f"{part} is no step of a path")
        out.append((m[1], m[2].strip("[]") or None))
    return out


class Builder:
    def __init__(self, entities):
        self.aliases = {e.name: e.meta["="] for e in entities if e.kind == "Alias"}
        self.named, self.entities = {}, entities
        for e in entities:
            kind = "Profile" if e.kind == "Extension" else e.kind
            for key in {e.name, e.id}:
                if (kind, key) in self.named:
                    faults.append(f"{e.at}: {key} is already the name of another {kind}")
                self.named[kind, key] = e
        self.trees = {}
        self.foreign = {}
        bundle = json.loads((HERE / "tables/hl7se-base.json").read_text(encoding="utf-8"))
        for entry in bundle["entry"]:
            self.foreign[entry["resource"]["url"]] = entry["resource"]

    def built(self, entity):
        """The definition of a profile or extension, made once; a profile that is its own parent is an error."""
        if entity not in self.trees:
            self.trees[entity] = None
            self.trees[entity] = structure(self, entity)
        if self.trees[entity] is None:
            raise Wrong(f"{entity.name} is its own parent")
        return self.trees[entity]

    def shorts(self, entity):
        """What a profile and those that it is derived from say of each element."""
        if not entity:
            return {}
        own = self.built(entity)["differential"]["element"]
        return {**self.shorts(self.profile(entity.meta.get("Parent", ""))), **{e["id"]: e["short"] for e in own}}

    def profile(self, name):
        return self.named.get(("Profile", self.aliases.get(name, name)))

    def canonical(self, name, kind):
        name = self.aliases.get(name, name)
        if (kind, name) in self.named:
            return self.named[kind, name].url
        if "://" in name or name.startswith("urn:"):
            return name
        if kind == "Profile" and name in TYPES:
            return R4 + name
        raise Wrong(f"no {kind} {name}")

    def type_of(self, name, seen=()):
        """The FHIR type that a profile (ours, HL7 Sweden's or FHIR's own) constrains."""
        ours = self.profile(name)
        if ours in seen:
            raise Wrong(f"{name} is its own parent")
        if ours:
            parent = ours.meta.get("Parent", "")
            return "Extension" if ours.kind == "Extension" else self.type_of(parent, (*seen, ours))
        url = self.canonical(name, "Profile")
        if url in self.foreign:
            return self.foreign[url]["type"]
        short = url.removeprefix(R4)
        if short not in TYPES:
            raise Wrong(f"{name} is neither a type nor a profile")
        return short

    def narrowed(self, entity, path):
        """The types that a rule 'only' leaves, here or in the parents."""
        while entity:
            for wanted in (path, re.sub(r"\[(?!x\])[^\]]*\]", "", path)):
                for rule in entity.rules:
                    if rule.verb == "only" and rule.path == wanted:
                        return self.only(rule.args)
            entity = self.profile(entity.meta.get("Parent", ""))
        return None

    def only(self, args):
        """[(type code, profiles, target profiles)]."""
        words, out = [a for a in args if a != "or"], []
        for word in words:
            m = re.fullmatch(r"(Reference|Canonical)\(([^)]*)\)", word)
            if m:
                targets = [self.canonical(t.strip(), "Profile") for t in re.split(r"\s+or\s+", m[2].strip())]
                out.append((m[1].replace("Canonical", "canonical"), [], targets))
            elif word in TYPES:
                out.append((word, [], []))
            else:
                out.append((self.type_of(word), [self.canonical(word, "Profile")], []))
        return out

    def find(self, entity, root, kind, path):
        """The node of a path, made where it is not yet, with its base (min, max, types)."""
        node, types, done = root, [kind], ""
        for name, slice_name in segments(path):
            here = next((elements(t)[name] for t in types if name in elements(t)), None)
            if here is None:
                raise Wrong(f"{done or kind} has no element {name}")
            done = join(done, name)
            node = node.children.setdefault(name, Node(here))
            if slice_name:
                done += f"[{slice_name}]"
                node = node.slices.setdefault(slice_name, Node(here))
            left = self.narrowed(entity, done)
            types = [code for code, _, _ in left] if left else here[2]
            node.types = types
        return node

    def tree(self, entity):
        kind = "Extension" if entity.kind == "Extension" else self.type_of(entity.meta.get("Parent", ""))
        root = Node()
        root.types, root.at = [kind], entity.at
        for rule in entity.rules:
            if rule.verb == "^" and rule.path == "" and not self.of_element(rule.args[0]):
                continue
            try:
                node = self.find(entity, root, kind, rule.path)
                node.at = node.at or rule.at
                self.apply(entity, node, rule)
            except Wrong as wrong:
                faults.append(f"{rule.at}: {wrong}")
        if entity.kind == "Extension":
            self.complete(entity, root)
        return kind, root

    @staticmethod
    def of_element(caret):
        return caret in ("short", "comment")

    def apply(self, entity, node, rule):
        facts, args = node.facts, rule.args
        if rule.verb == "card":
            self.cardinality(node, args[0])
        elif rule.verb == "only":
            facts["type"] = [typed(*t) for t in self.only(args)]
        elif rule.verb == "from":
            strength = args[1].strip("()") if len(args) > 1 else "required"
            if strength not in STRENGTHS:
                raise Wrong(f"{strength} is no strength of a binding")
            facts["binding"] = {"strength": strength, "valueSet": self.canonical(args[0], "ValueSet")}
        elif rule.verb == "=":
            if len(node.types) != 1:
                raise Wrong("the element has several types; say which with 'only' first")
            if args[1:] not in ([], ["(exactly)"]):
                raise Wrong("after the value only (exactly) may stand")
            what = "fixed" if args[1:] else "pattern"
            facts[what + node.types[0][0].upper() + node.types[0][1:]] = self.value(args[0], node.types[0])
        elif rule.verb == "obeys":
            keys = [a for a in args if a != "and"]
            facts.setdefault("constraint", []).extend(self.invariant(k, entity.url) for k in keys)
        elif rule.verb == "contains":
            self.contains(entity, node, args, rule)
        elif rule.verb == "^":
            self.set(facts, "ElementDefinition", rule.args[0], rule.args[1])
        else:
            raise Wrong("a rule for code lists stands in a profile")

    @staticmethod
    def cardinality(node, card):
        low, high = card.split("..")
        base_low, base_high = node.base[0], node.base[1]
        if low:
            if int(low) < base_low:
                raise Wrong(f"the minimum {low} is under FHIR's {base_low}")
            node.facts["min"] = int(low)
        if high:
            if base_high != "*" and (high == "*" or int(high) > int(base_high)):
                raise Wrong(f"the maximum {high} is over FHIR's {base_high}")
            node.facts["max"] = high

    def contains(self, entity, node, args, rule):
        extension = node.types == ["Extension"]
        if extension:
            given = node.facts.setdefault("slicing", {})
            given.setdefault("discriminator", [{"type": "value", "path": "url"}])
            given.setdefault("rules", "open")
            node.facts.setdefault("short", "What FHIR has no element for" if entity.kind == "Profile" else "Its parts")
        for item in " ".join(args).split(" and "):
            words = item.split()
            named = len(words) == 4 and words[1] == "named"
            if not named and len(words) != 2:
                raise Wrong(f"contains NAME CARD or TYPE named NAME CARD, not {item}")
            slice_node = node.slices.setdefault(words[-2], Node(node.base))
            slice_node.types, slice_node.at = node.types, rule.at
            low, high = words[-1].split("..")
            slice_node.facts.update({"min": int(low), "max": high})
            if named:
                slice_node.facts["type"] = [typed(*t) for t in self.only([words[0]])]
            elif extension:
                self.closed(slice_node, "extension", words[-2])

    @staticmethod
    def closed(node, empty, url):
        """What an extension without more to say has: no parts or no value, and its url."""
        inner = elements("Extension")
        for name, facts in ((empty, {"max": "0"}), ("url", {"fixedUri": url})):
            child = node.children.setdefault(name, Node(inner[name]))
            child.at = child.at or node.at
            shorts = {"extension": "No parts", "value[x]": "No value beside the parts",
                      "url": "Its address" if ":" in url else "Its name"}
            child.facts.setdefault("short", shorts[name])
            child.facts.update(facts)

    def complete(self, entity, root):
        parts = root.children.get("extension")
        self.closed(root, "value[x]" if parts and parts.slices else "extension", entity.url)

    def invariant(self, key, source):
        found = self.named.get(("Invariant", key))
        if not found:
            raise Wrong(f"no invariant {key}")
        meta = found.meta
        if not all(k in meta for k in ("Description", "Expression")) or " / " not in meta["Description"]:
            raise Wrong(f"invariant {key} needs Expression and a Description in English / Swedish")
        severity = meta.get("Severity", "#error").lstrip("#")
        return {"key": key, "severity": severity, "human": meta["Description"], "expression": meta["Expression"],
                "source": source}

    def value(self, token, kind):
        if token.startswith("Canonical("):
            name = token[10:-1].strip()
            return self.canonical(name, "Instance" if ("Instance", name) in self.named else "Profile")
        if "#" in token and not token.startswith('"'):
            system, code = token.split("#", 1)
            coding = {"system": self.canonical(system, "CodeSystem"), "code": code} if system else {"code": code}
            return {"Coding": coding, "CodeableConcept": {"coding": [coding]}}.get(kind, code)
        if token in ("true", "false"):
            return token == "true"
        if re.fullmatch(r"-?\d+", token):
            return int(token)
        return text(token)

    def set(self, target, kind, path, token):
        """target.a.b[0] = value, lists where R4 has them; [+] is a new one, [=] the last."""
        for place, part in enumerate(path.split(".")):
            m = re.fullmatch(r"(\w+)(?:\[(\d+|\+|=)\])?", part)
            name = m[1] if m else part
            known = elements(kind)
            choice = next((k for k in known if k.endswith("[x]") and name.startswith(k[:-3])), None)
            if name not in known and not choice:
                raise Wrong(f"{kind} has no element {part}")
            low_high = known.get(name) or known[choice]
            types = low_high[2] if name in known else [t for t in low_high[2] if name.lower().endswith(t.lower())][:1]
            last = place == path.count(".")
            if low_high[1] == "*":
                items = target.setdefault(name, [])
                index = {"+": len(items), "=": len(items) - 1, None: 0}.get(m[2], None)
                index = int(m[2]) if index is None else index
                while len(items) <= index:
                    items.append({})
                if last:
                    items[index] = self.value(token, types[0])
                target = items[index]
            elif last:
                target[name] = self.value(token, types[0])
            else:
                target = target.setdefault(name, {})
            kind = types[0]


def typed(code, profiles, targets):
    out = {"code": code}
    if profiles:
        out["profile"] = profiles
    if targets:
        out["targetProfile"] = targets
    return out


ORDER = ("id", "path", "slicing", "sliceName", "short", "comment", "min", "max", "type", "fixed", "pattern",
         "maxLength", "constraint", "binding")


def flat(kind, root, inherited_shorts, comment):
    """The differential: parents before children, FHIR's order, slices after what they slice."""
    out = []

    def emit(node, ident, path, slice_name, short):
        facts = dict(node.facts)
        own = facts.get("short") or inherited_shorts.get(ident) or short
        if facts or slice_name or path == kind:
            if not own:
                faults.append(f"{node.at}: {ident} has no ^short")
            facts.update({"id": ident, "path": path, "short": own, "comment": facts.get("comment") or comment})
            if slice_name:
                facts["sliceName"] = slice_name
            if "slicing" in facts:
                facts["slicing"].setdefault("ordered", False)
            place = {k: next((i for i, o in enumerate(ORDER) if k == o or k.startswith(o)), 99) for k in facts}
            out.append({k: facts[k] for k in sorted(facts, key=place.get)})
        order = [name for t in node.types for name in elements(t)] if hasattr(node, "types") else []
        for name in sorted(node.children, key=lambda n: order.index(n) if n in order else 999):
            child = node.children[name]
            inherited = own if ":" in ident else None
            emit(child, f"{ident}.{name}", f"{path}.{name}", None, inherited)
            for slice_key, slice_node in child.slices.items():
                emit(slice_node, f"{ident}.{name}:{slice_key}", f"{path}.{name}", slice_key, inherited)
    root.facts.setdefault("comment", comment)
    emit(root, kind, kind, None, None)
    return out


# ---------------------------------------------------------------- resources

def named(entity, resource_type):
    name = entity.name
    meta = entity.meta
    head = {"resourceType": resource_type, "id": entity.id, "url": entity.url, "version": COMMON["version"],
            "name": name, "title": meta.get("Title", ""), "status": COMMON["status"]}
    if resource_type in ("CodeSystem", "ValueSet"):
        head["experimental"] = False
    head.update({"date": COMMON["date"], "publisher": COMMON["publisher"],
                 "description": meta.get("Description", "")})
    for key in ("Title", "Description"):
        if not meta.get(key):
            faults.append(f"{entity.at}: {entity.name} has no {key}")
    if entity.kind not in ("CodeSystem", "ValueSet") and " / " not in meta.get("Title", ""):
        faults.append(f"{entity.at}: the title of {entity.name} is wanted in English / Swedish")
    return head


def structure(builder, entity):
    kind, root = builder.tree(entity)
    out = named(entity, "StructureDefinition")
    out.update({"fhirVersion": "4.0.1", "kind": "resource" if TYPES[kind].kind == "r" else "complex-type",
                "abstract": False})
    if entity.kind == "Extension":
        places = entity.meta.get("Context", "")
        if not places:
            faults.append(f"{entity.at}: an extension needs Context: where it may stand")
        out["context"] = [{"type": "element", "expression": p.strip()} for p in places.split(",")]
    parent = "Extension" if entity.kind == "Extension" else entity.meta["Parent"]
    out.update({"type": kind, "baseDefinition": builder.canonical(parent, "Profile"), "derivation": "constraint"})
    for rule in entity.rules:
        if rule.verb == "^" and rule.path == "" and not builder.of_element(rule.args[0]):
            builder.set(out, "StructureDefinition", *rule.args)
    comment = root.facts.get("comment")
    if not comment:
        faults.append(f"{entity.at}: {entity.name} has no * . ^comment that names its clause of the domain")
    root.facts.setdefault("short", out["title"].split(" / ")[0])
    above = builder.profile(entity.meta.get("Parent", ""))
    out["differential"] = {"element": flat(kind, root, builder.shorts(above), comment)}
    return out


def code_system(builder, entity):
    out = named(entity, "CodeSystem")
    out["caseSensitive"] = True
    if ("ValueSet", entity.id) in builder.named:
        out["valueSet"] = builder.named["ValueSet", entity.id].url
    concepts = {}
    for rule in entity.rules:
        try:
            concept = concepts.setdefault(rule.path, {"code": rule.path[1:]})
            if rule.verb == "^":
                builder.set(concept, "CodeSystem.concept", *rule.args)
            elif rule.verb == "#":
                concept.update(zip(("display", "definition"), map(text, rule.args)))
            else:
                raise Wrong("only codes stand in a code list")
        except Wrong as wrong:
            faults.append(f"{rule.at}: {wrong}")
    for path, concept in concepts.items():
        languages = [d.get("language") for d in concept.get("designation", [])]
        if "display" not in concept or languages != ["sv"]:
            faults.append(f"{entity.at}: {entity.name} {path} needs an English display and a Swedish designation")
    out.update({"content": "complete", "count": len(concepts), "concept": list(concepts.values())})
    return out


def value_set(builder, entity):
    out = named(entity, "ValueSet")
    include = {}
    for rule in entity.rules:
        try:
            words = [w for w in rule.args if w not in ("codes", "from", "system")]
            if rule.verb == "include" and len(words) == 1 and "#" not in words[0]:
                include[builder.canonical(words[0], "CodeSystem")] = None
            elif "#" in (rule.path or words[0]):
                system, code = (rule.path or words[0]).split("#", 1)
                system = builder.canonical(system, "CodeSystem")
                include.setdefault(system, []).append({"code": code})
            else:
                raise Wrong("a value set takes 'include codes from system X' and 'X#code'")
        except Wrong as wrong:
            faults.append(f"{rule.at}: {wrong}")
    if not include:
        faults.append(f"{entity.at}: {entity.name} has no codes")
    parts = [{"system": s, **({"concept": c} if c else {})} for s, c in include.items()]
    out.update({"immutable": False, "compose": {"include": parts}})
    return out


def message_definition(builder, entity, profiles):
    out = named(entity, "MessageDefinition")
    profile = profiles.get(f"{entity.id}-message")
    if entity.meta.get("InstanceOf") != "MessageDefinition" or not profile:
        faults.append(f"{entity.at}: an Instance is of MessageDefinition and named as its message profile begins")
        return out
    carried = []
    for element in all_elements(profile, profiles):
        m = re.fullmatch(r"Bundle\.entry:(\w+)", element["id"])
        resource = m and last(profile, profiles, element["id"] + ".resource")
        if m and resource and m[1] not in [c["sliceName"] for c in carried]:
            kind, low_high = resource["type"][0], last(profile, profiles, element["id"])
            carried.append({"sliceName": m[1], "min": low_high["min"], "max": low_high["max"],
                            "code": kind["code"], **({"profile": kind["profile"][0]} if "profile" in kind else {})})
    by_url = {p["url"]: p for p in profiles.values()}
    header = next((by_url[c["profile"]] for c in carried if "profile" in c and c["code"] == "MessageHeader"), None)
    event = header and last(header, profiles, "MessageHeader.event[x]")
    focus = header and last(header, profiles, "MessageHeader.focus")
    if not event or "patternCoding" not in event or not focus or "type" not in focus:
        faults.append(f"{entity.at}: the header of {entity.id} does not say its event and focus")
        return out
    target = focus["type"][0]["targetProfile"][0].removeprefix(R4)
    out["eventCoding"] = event["patternCoding"]
    for rule in entity.rules:
        try:
            builder.set(out, "MessageDefinition", rule.path, rule.args[0])
        except Wrong as wrong:
            faults.append(f"{rule.at}: {wrong}")
    out["focus"] = [{k: c[k] for k in ("code", "profile", "min", "max") if k in c} for c in carried if c["code"] == target]
    if "category" not in out or not out["focus"]:
        faults.append(f"{entity.at}: a message definition needs a category, and its focus in the message")
    links = [{"path": "Bundle.entry.resource", **{k: c[k] for k in ("sliceName", "min", "max")},
              "target": [{"type": c["code"], **({"profile": c["profile"]} if "profile" in c else {})}]}
             for c in carried]
    graph = {"resourceType": "GraphDefinition", "id": "message", "name": entity.name, "status": COMMON["status"],
             "start": "Bundle", "profile": profile["url"], "link": links}
    return {"resourceType": out.pop("resourceType"), "id": out.pop("id"), "contained": [graph], **out,
            "graph": ["#message"]}


def all_elements(profile, profiles):
    by_url = {p["url"]: p for p in profiles.values()}
    parent = by_url.get(profile["baseDefinition"])
    return (all_elements(parent, profiles) if parent else []) + profile["differential"]["element"]


def last(profile, profiles, ident):
    """An element by id with what parents and child say of it."""
    found = [e for e in all_elements(profile, profiles) if e["id"] == ident]
    return {k: v for e in found for k, v in e.items()} if found else None


# ---------------------------------------------------------------- writing

def pretty(value, indent=0, room=0):
    """JSON that keeps on one line what fits there."""
    flat_text = json.dumps(value, ensure_ascii=False)
    if indent + room + len(flat_text) <= WIDTH or not isinstance(value, (dict, list)) or not value:
        return flat_text
    inner = " " * (indent + 2)
    if isinstance(value, dict):
        parts = [f"{json.dumps(k)}: {pretty(v, indent + 2, len(k) + 5)}" for k, v in value.items()]
    else:
        parts = [pretty(v, indent + 2, 1) for v in value]
    opening, closing = ("{", "}") if isinstance(value, dict) else ("[", "]")
    return opening + "\n" + ",\n".join(inner + p for p in parts) + "\n" + " " * indent + closing


def compile_all():
    entities = [e for path in sorted((HERE / "fsh").glob("*.fsh")) for e in read(path)]
    sets = {e.name: e for e in entities if e.kind == "RuleSet"}
    for entity in entities:
        if entity.kind not in ("RuleSet", "Alias"):
            parse(entity, sets, entity.body)
    builder = Builder([e for e in entities if e.kind != "RuleSet"])
    profiles, out = {}, {}
    for entity in entities:
        try:
            if entity.kind in ("Profile", "Extension"):
                profiles[entity.id] = builder.built(entity)
            elif entity.kind in ("CodeSystem", "ValueSet"):
                make = code_system if entity.kind == "CodeSystem" else value_set
                out[f"{entity.kind}-{entity.id}"] = make(builder, entity)
        except Wrong as wrong:
            faults.append(f"{entity.at}: {wrong}")
    if not faults:
        events = [e for e in entities if e.kind == "Instance"]
        out.update({f"MessageDefinition-{e.id}": message_definition(builder, e, profiles) for e in events})
        for profile in profiles:
            event = profile.removesuffix("-message")
            if event not in [e.id for e in events] and profile != event and not profiles[profile]["abstract"]:
                faults.append(f"{builder.named['Profile', profile].at}: {event} has no MessageDefinition")
        used = {r.args[i] for e in entities for r in e.rules if r.verb == "obeys" for i in range(0, len(r.args))}
        unused = [e for e in entities if e.kind == "Invariant" and e.name not in used]
        faults.extend(f"{e.at}: no element obeys {e.name}" for e in unused)
    out.update({f"StructureDefinition-{k}": v for k, v in profiles.items()})
    return {f"{name}.json": pretty(resource) + "\n" for name, resource in out.items()}


def main():
    files = compile_all()
    folder = HERE / "profiles"
    standing = {p.name: p.read_text(encoding="utf-8") for p in folder.glob("*.json")}
    if faults:
        sys.exit("\n".join(dict.fromkeys(faults)))
    changed = sorted(n for n in files.keys() | standing.keys() if files.get(n) != standing.get(n))
    if "--check" in sys.argv[1:]:
        if changed:
            sys.exit("conformance/profiles is not what conformance/fsh says; run conformance/build-profiles.py: "
                     + ", ".join(changed))
        return
    for name in changed:
        if name in files:
            (folder / name).write_text(files[name], encoding="utf-8")
        else:
            (folder / name).unlink()
    print(f"{len(files)} definitions, {len(changed)} of them changed")


main()
