#!/usr/bin/env python3
"""Makes the logical models of HL7 v2 of the one table conformance/models/hl7v2.txt.

Usage: python3 conformance/build-hl7v2-model.py [--check]
--check writes nothing and fails where a file is not what the table says.

An element's `alias` is its number as HL7 writes it (PID-3, CX.1): the reader and the writer go by it. A segment may
repeat, as messages have them. Deliberately absent: which segments a message must have, and lengths: HL7 v2 leaves both
to the site, and what an event needs its profile asks of the canonical form.
"""
import json
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
TABLE = HERE / "models/hl7v2.txt"
OURS = "https://sluss.example/fhir/StructureDefinition/"
SIMPLE = {"ST": "string", "DTM": "dateTime", "DT": "date", "TM": "time"}
# What is not in the table: the positions that a map may still name.
FIELDS, COMPONENTS = 60, 30
ONCE = {"MSH", "EVN", "PID", "PD1", "PV1", "PV2", "MSA", "RF1", "SCH", "TXA", "ZSL"}


class Group:
    def __init__(self, what, owns=()):
        self.what, self.owns, self.elements = what, list(owns), []


def read():
    """Types and segments; a fault ends it with its line."""
    types, segments, here = {}, {}, None
    for number, line in enumerate(TABLE.read_text().splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        fault = lambda what: sys.exit(f"{TABLE.name}:{number}: {what}")
        cells = [c.strip() for c in line.split("|")]
        word, *rest = cells[0].split()
        if word in ("type", "segment"):
            owns = cells[2].split()[1:] if len(cells) > 2 else []
            kept = types if word == "type" else segments
            if rest[0] in kept:
                fault(f"{rest[0]} stands here twice")
            here = kept[rest[0]] = Group(cells[1], owns)
            continue
        for part in line.split(";"):
            found = re.fullmatch(r"\s*(\d+) ([a-z][A-Za-z0-9]*) ([A-Z]+)(\*?)\s*", part)
            if not found or here is None:
                fault(f"not `NUMBER name TYPE`: {part.strip()}")
            at, name, ty, many = int(found[1]), found[2], found[3], bool(found[4])
            if any(e[0] == at or e[1] == name for e in here.elements):
                fault(f"{name} or {at} stands here twice")
            if re.fullmatch(r"[fc]\d+", name):
                fault(f"{name} is how an element without a name is called")
            here.elements.append((at, name, ty, many))
    for kept in (types, segments):
        for name, group in kept.items():
            for _, element, ty, _ in group.elements:
                if ty not in SIMPLE and ty != "ANY" and ty not in types:
                    sys.exit(f"{TABLE.name}: {name}.{element} has the unknown type {ty}")
            for owned in group.owns:
                if owned not in segments:
                    sys.exit(f"{TABLE.name}: {name} owns {owned}, which is no segment of the table")
    types["ANY"] = Group("a value of any type, by the numbers of its components",
                         ())
    types["ANY"].elements = [(n, f"c{n}", "ST", False) for n in range(1, COMPONENTS + 1)]
    return types, segments


def type_name(ty):
    return SIMPLE.get(ty) or f"V2{ty}"


def element(path, short, many, ty=None, reference=None, alias=None):
    out = {"id": path, "path": path, "short": short}
    if alias:
        out["alias"] = [alias]
    out |= {"min": 0, "max": "*" if many else "1"}
    if reference:
        out["contentReference"] = "#" + reference
    elif ty:
        out["type"] = [{"code": ty}]
    return out


def definition(name, ident, what, elements):
    return {
        "resourceType": "StructureDefinition", "id": ident, "url": OURS + ident, "version": "1.0.0", "name": name,
        "title": what[:1].upper() + what[1:], "status": "active", "date": "2026-11-25", "publisher": "Sluss",
        "description": "Made of models/hl7v2.txt, which says how HL7 v2 is read.", "fhirVersion": "4.0.1",
        "kind": "logical", "abstract": False, "type": name,
        "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Element", "derivation": "specialization",
        "differential": {"element": [{"id": name, "path": name, "short": what, "min": 0, "max": "*"}] + elements},
    }


def build():
    types, segments = read()
    bundle = {"resourceType": "Bundle", "id": "hl7v2-types", "type": "collection", "entry": []}
    for ty, group in types.items():
        name = type_name(ty)
        parts = [element(f"{name}.{e}", f"{ty}.{at}", many, type_name(t), alias=f"{ty}.{at}")
                 for at, e, t, many in group.elements]
        bundle["entry"].append({"resource": definition(name, "hl7v2-" + ty, group.what, parts)})
    out = []
    for segment, group in segments.items():
        path = f"Hl7v2.{segment}"
        out.append(element(path, group.what, segment not in ONCE, "BackboneElement"))
        for at, e, ty, many in sorted(group.elements):
            out.append(element(f"{path}.{e}", f"{segment}-{at}", many, type_name(ty), alias=f"{segment}-{at}"))
        for owned in group.owns:
            out.append(element(f"{path}.{owned}", f"{owned} that follow it", True, reference=f"Hl7v2.{owned}"))
    path = "Hl7v2.segment"
    out.append(element(path, "a segment that the table does not have, a site's own among them", True, "BackboneElement"))
    out.append(element(f"{path}.name", "its name", False, "string"))
    for n in range(1, FIELDS + 1):
        out.append(element(f"{path}.f{n}", f"its field {n}", True, type_name("ANY"), alias=f"*-{n}"))
    message = definition("Hl7v2", "hl7v2", "a message of HL7 v2, 2.3 to 2.8", out)
    return {"models/hl7v2.json": message, "models/hl7v2-types.json": bundle}


def written(value):
    """One element a line, so that a change shows as one."""
    text = json.dumps(value, ensure_ascii=False, indent=1)
    flat = re.compile(r"\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}")
    short = lambda m: re.sub(r"\n\s*", " ", m[0]).replace("[ ", "[").replace(" ]", "]").replace("{ ", "{").replace(" }", "}")
    return flat.sub(short, text) + "\n"


def main():
    check = sys.argv[1:] == ["--check"]
    stale = []
    for name, value in build().items():
        path, text = HERE / name, written(value)
        if not path.exists() or path.read_text() != text:
            stale.append(name)
            if not check:
                path.write_text(text)
    for name in stale:
        print(f"{name}: " + ("not what the table says; run conformance/build-hl7v2-model.py" if check else "written"))
    sys.exit(1 if check and stale else 0)


main()
