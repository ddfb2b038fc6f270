#!/usr/bin/env python3
"""Writes hl7se-base.json: the rules of HL7 Sweden's R4 base profiles as facts, without prose.

Input: the folder with the compiled resources of hl7se.fhir.base (StructureDefinitions with
differentials, ValueSets, CodeSystems). Output on standard output: one Bundle of type collection with
element paths, cardinalities, types, slicing, fixed and pattern values, bindings, constraints and
codes. Titles, descriptions, definitions, comments and examples are left out.

Usage: python3 conformance/tables/make-hl7se-base.py FOLDER > conformance/tables/hl7se-base.json
"""
import json
import pathlib
import sys

TOP = ("resourceType", "id", "url", "version", "name", "status", "fhirVersion", "kind", "abstract",
       "type", "baseDefinition", "derivation", "content", "context")
ELEMENT = ("id", "path", "sliceName", "min", "max", "contentReference", "maxLength")


def element(source):
    out = {k: source[k] for k in ELEMENT if k in source}
    if "slicing" in source:
        slicing = source["slicing"]
        out["slicing"] = {k: slicing[k] for k in ("discriminator", "ordered", "rules") if k in slicing}
    if "type" in source:
        out["type"] = source["type"]
    for key in source:
        if key.startswith(("fixed", "pattern")):
            out[key] = source[key]
    if "binding" in source:
        out["binding"] = {k: source["binding"][k] for k in ("strength", "valueSet") if k in source["binding"]}
    if "constraint" in source:
        keep = ("key", "severity", "human", "expression")
        out["constraint"] = [{k: c[k] for k in keep if k in c and k != "human"} for c in source["constraint"]]
    return out


def codes(concepts):
    out = []
    for concept in concepts:
        row = {"code": concept["code"]}
        if "concept" in concept:
            row["concept"] = codes(concept["concept"])
        out.append(row)
    return out


def include(source):
    out = {k: source[k] for k in ("system", "version", "valueSet", "filter") if k in source}
    if "concept" in source:
        out["concept"] = codes(source["concept"])
    return out


entries = []
for path in sorted(pathlib.Path(sys.argv[1]).glob("*.json")):
    resource = json.loads(path.read_text())
    kind = resource["resourceType"]
    if kind not in ("StructureDefinition", "ValueSet", "CodeSystem"):
        continue
    out = {k: resource[k] for k in TOP if k in resource}
    if kind == "StructureDefinition":
        out["differential"] = {"element": [element(e) for e in resource["differential"]["element"]]}
    elif kind == "ValueSet":
        compose = resource.get("compose", {})
        out["compose"] = {k: [include(i) for i in compose[k]] for k in ("include", "exclude") if k in compose}
    elif "concept" in resource:
        out["concept"] = codes(resource["concept"])
    entries.append({"resource": out})
bundle = {"resourceType": "Bundle", "type": "collection", "entry": entries}
print(json.dumps(bundle, ensure_ascii=False, separators=(",", ":")))
