#!/usr/bin/env python3
"""Makes the XSDs and WSDLs of the RIV-TA contract and its logical models of the one table conformance/models/rivta.txt.

Usage: python3 conformance/build-rivta.py [--check]
--check writes nothing and fails where a file is not what the table says.

The files in schemas/rivta have the names and the layout of the published package, so that either can stand in for the other;
schemas/rivta-extension has our own additions, which stand where the contract lets other namespaces in. The model is of the
whole envelope: SOAP header with LogicalAddress, body with one of the requests that are carried.
Deliberately absent: reading any of the files back, and the interactions' answers in the model.
"""
import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
TABLE = HERE / "models/rivta.txt"
DOMAIN = "urn:riv:clinicalprocess:activity:request"
CORE, CODES, REGISTRY = DOMAIN + ":1", DOMAIN + ":codes", "urn:riv:itintegration:registry:1"
OURS = "https://sluss.example/rivta/1"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
SD = "https://sluss.example/fhir/StructureDefinition/"
R4 = "http://hl7.org/fhir/StructureDefinition/"
CARRIED = ["ProcessRequest", "ProcessRequestConfirmation", "ProcessRequestOutcome"]
BASES = ["string", "int", "long", "boolean", "anyURI", "date", "dateTime"]
MADE = "Made by conformance/build-rivta.py of conformance/models/rivta.txt; do not edit."
# What a form of a base or of these names is in FHIR.
FHIR = {"Day": "date", "Moment": "dateTime", "boolean": "boolean", "date": "date", "dateTime": "dateTime"}


class Table:
    """The table, read; a fault ends it with its line."""

    def __init__(self):
        # name: (what, where, content); where: core, codes or ours
        self.types, self.roots, self.interactions = {}, [], {}
        where, elements = "core", None
        for number, line in enumerate(TABLE.read_text().splitlines(), 1):
            if not line.strip() or line.startswith("#"):
                continue
            word, *rest = line.split()
            try:
                if line.startswith("  "):
                    if word == "---":
                        elements = self.interactions[last][1]
                        continue
                    own = word == "+"
                    name, card, ty = rest if own else (word, *rest)
                    low, high = card.split("..")
                    elements.append((name, low, high, ty, own))
                elif word == "extension":
                    where = "ours"
                elif word == "interaction":
                    last, elements = rest[0], []
                    self.interactions[last] = (elements, [])
                elif word == "root":
                    self.roots.append(tuple(rest))
                elif word == "form":
                    facts = dict(f.split("=", 1) for f in line.split(None, 3)[3].split(" ", 1 if "max=" in line else 0))
                    self.types[rest[0]] = ("form", where, (rest[1], facts))
                elif word in ("list", "choice"):
                    self.types[rest[0]] = (word, "codes" if word == "list" else where, (rest[1], rest[3:]))
                elif word in ("bag", "codes"):
                    pairs = [tuple(p.split("=")) for p in rest[1:]]
                    self.types[rest[0]] = ("bag", "codes" if word == "codes" else where, pairs)
                elif word == "type":
                    elements = []
                    self.types[rest[0]] = ("type", where, (elements, "open" in rest[1:]))
                else:
                    raise ValueError("no such word: " + word)
            except (ValueError, TypeError, IndexError, KeyError, AttributeError) as error:
                sys.exit(f"{TABLE.name}:{number}: not as the head of the table says ({error})")
        for name, (what, _, content) in self.types.items():
            named = [e[3] for e in content[0]] if what == "type" else [p[1] for p in content] if what == "bag" else []
            for ty in named:
                if ty not in self.types and ty not in BASES:
                    sys.exit(f"{TABLE.name}: {name} names {ty}, which nothing says")


# --- XSD ---------------------------------------------------------------------------------------------------------------

ANY = '<xs:any namespace="##other" processContents="lax" minOccurs="0" maxOccurs="unbounded"/>'


def facets(base, facts):
    out = [f'<xs:restriction base="xs:{base}">']
    if "max" in facts:
        out.append(f'  <xs:maxLength value="{facts["max"]}"/>')
    if "pattern" in facts:
        out.append(f'  <xs:pattern value="{facts["pattern"]}"/>')
    return out + ["</xs:restriction>"]


def occurs(low, high):
    out = "" if low == "1" else f' minOccurs="{low}"'
    return out + ("" if high == "1" else f' maxOccurs="{"unbounded" if high == "*" else high}"')


def reference(table, ty, where):
    """How a type is called from a schema."""
    if ty in BASES:
        return "xs:" + ty
    home = table.types[ty][1]
    return ty if home == where else {"core": "core:", "codes": "codes:"}[home] + ty


def type_lines(table, name, where):
    what, _, content = table.types[name]
    if what == "form":
        return [f'<xs:simpleType name="{name}">', *("  " + l for l in facets(*content)), "</xs:simpleType>"]
    if what in ("list", "choice"):
        base, codes = content
        simple = name + "_values" if what == "list" else name
        out = [f'<xs:simpleType name="{simple}">', f'  <xs:restriction base="xs:{base}">',
               *(f'    <xs:enumeration value="{c}"/>' for c in codes), "  </xs:restriction>", "</xs:simpleType>"]
        if what == "list":
            out += [f'<xs:complexType name="{name}">', f'  <xs:attribute name="code" type="{simple}" use="required"/>',
                    "</xs:complexType>"]
        return out
    out = [f'<xs:complexType name="{name}">']
    if what == "bag":
        for attribute, ty in content:
            use = "" if attribute.endswith("?") else ' use="required"'
            out.append(f'  <xs:attribute name="{attribute.rstrip("?")}" type="{reference(table, ty, where)}"{use}/>')
    else:
        elements, is_open = content
        out += sequence(table, elements, where, is_open)
    return out + ["</xs:complexType>"]


def sequence(table, elements, where, is_open):
    out = ["  <xs:sequence>"]
    for name, low, high, ty, own in elements:
        if own:
            continue
        said = f'ref="core:{name}"' if ty[0] == "=" else f'name="{name}" type="{reference(table, ty, where)}"'
        out.append(f"    <xs:element {said}{occurs(low, high)}/>")
    if is_open:
        out.append("    " + ANY)
    return out + ["  </xs:sequence>"]


def schema(namespace, declared, imports, lines):
    names = "".join(f' xmlns:{p}="{n}"' for p, n in declared)
    return "\n".join([
        '<?xml version="1.0" encoding="UTF-8"?>', f"<!-- {MADE} -->",
        f'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns="{namespace}"{names} targetNamespace="{namespace}"',
        '  elementFormDefault="qualified" version="1.0">',
        *(f'  <xs:import namespace="{n}" schemaLocation="{at}"/>' for n, at in imports),
        *("  " + l for l in lines), "</xs:schema>", ""])


def schemas(table):
    out, at = {}, "schemas/rivta/"
    of = lambda where: [l for n, t in table.types.items() if t[1] == where for l in type_lines(table, n, where)]
    roots = [f'<xs:element name="{n}" type="{t}"/>' for n, t in table.roots]
    core, codes = "clinicalprocess_activity_request_1.0.xsd", "codes.xsd"
    registry = "itintegration_registry_1.0.xsd"
    out[at + "core_components/" + codes] = schema(CODES, [], [], of("codes"))
    out[at + "core_components/" + core] = schema(CORE, [("codes", CODES)], [(CODES, codes)], roots + of("core"))
    out[at + "core_components/" + registry] = schema(
        REGISTRY, [], [], ['<xs:element name="LogicalAddress" type="xs:string"/>'])
    ours = [f'<xs:element name="{e[0]}" type="{e[3]}"/>' for e in additions(table)]
    out["schemas/rivta-extension/sluss_rivta_1.0.xsd"] = schema(OURS, [], [], ours + of("ours"))
    for name, (request, answer) in table.interactions.items():
        folder = f"{at}interactions/{name}Interaction/"
        lines = []
        for element, content in [(name, request), (name + "Response", answer)]:
            lines += [f'<xs:element name="{element}">', "  <xs:complexType>",
                      *("  " + l for l in sequence(table, content, "responder", True)), "  </xs:complexType>", "</xs:element>"]
        space = f"{DOMAIN}:{name}Responder:1"
        out[f"{folder}{name}Responder_1.0.xsd"] = schema(
            space, [("core", CORE)], [(CORE, "../../core_components/" + core)], lines)
        out[f"{folder}{name}Interaction_1.0_RIVTABP21.wsdl"] = wsdl(name, space, registry)
    return out


def additions(table):
    """Our own global elements, each once."""
    seen = {}
    for what, _, content in table.types.values():
        if what == "type":
            seen.update({e[0]: e for e in content[0] if e[4]})
    return list(seen.values())


def wsdl(name, space, registry):
    own = f"{DOMAIN}:{name}:1:rivtabp21"
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<!-- {MADE} -->
<wsdl:definitions name="{name}Interaction" xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/"
  xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:xs="http://www.w3.org/2001/XMLSchema"
  xmlns:itr="{REGISTRY}" xmlns:tjsr="{space}" xmlns:tns="{own}" targetNamespace="{own}">
  <wsdl:types>
    <xs:schema targetNamespace="{own}">
      <xs:import namespace="{space}" schemaLocation="{name}Responder_1.0.xsd"/>
      <xs:import namespace="{REGISTRY}" schemaLocation="../../core_components/{registry}"/>
    </xs:schema>
  </wsdl:types>
  <wsdl:message name="{name}Request">
    <wsdl:part name="LogicalAddress" element="itr:LogicalAddress"/>
    <wsdl:part name="parameters" element="tjsr:{name}"/>
  </wsdl:message>
  <wsdl:message name="{name}Response">
    <wsdl:part name="parameters" element="tjsr:{name}Response"/>
  </wsdl:message>
  <wsdl:portType name="{name}ResponderInterface">
    <wsdl:operation name="{name}">
      <wsdl:input message="tns:{name}Request"/>
      <wsdl:output message="tns:{name}Response"/>
    </wsdl:operation>
  </wsdl:portType>
  <wsdl:binding name="{name}ResponderBinding" type="tns:{name}ResponderInterface">
    <soap:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/>
    <wsdl:operation name="{name}">
      <soap:operation soapAction="{space}:{name}" style="document"/>
      <wsdl:input>
        <soap:header use="literal" message="tns:{name}Request" part="LogicalAddress"/>
        <soap:body use="literal" parts="parameters"/>
      </wsdl:input>
      <wsdl:output>
        <soap:body use="literal"/>
      </wsdl:output>
    </wsdl:operation>
  </wsdl:binding>
  <wsdl:service name="{name}ResponderService">
    <wsdl:port name="{name}ResponderPort" binding="tns:{name}ResponderBinding">
      <soap:address location="https://sluss.example/rivta/{name}"/>
    </wsdl:port>
  </wsdl:service>
</wsdl:definitions>
"""


# --- the logical model -------------------------------------------------------------------------------------------------

def lower(name):
    return name[0].lower() + name[1:]


def fhir_type(table, ty):
    """The FHIR type of a simple type; the model's name of one with parts."""
    ty = ty.lstrip("=")
    if ty in BASES:
        return FHIR.get(ty, "string")
    what, _, content = table.types[ty]
    if what == "form":
        return FHIR.get(ty, FHIR.get(content[0], "string"))
    return "string" if what == "choice" else "RivTa" + ty


def element(path, low, high, ty, space=None, form=None, xml=None):
    out = {"id": path, "path": path}
    extensions = []
    if space:
        extensions.append({"url": R4 + "elementdefinition-namespace", "valueUri": space})
    if xml:
        extensions.append({"url": R4 + "elementdefinition-xml-name", "valueString": xml})
    if extensions:
        out["extension"] = extensions
    if form:
        out["representation"] = [form]
    return out | {"min": int(low), "max": high, "type": [{"code": ty}]}


def definition(name, ident, space, elements, xml=None):
    extension = [{"url": R4 + "elementdefinition-namespace", "valueUri": space},
                 {"url": SD + "xml-value-as-text", "valueBoolean": True}]
    if xml:
        extension.insert(1, {"url": R4 + "elementdefinition-xml-name", "valueString": xml})
    return {
        "resourceType": "StructureDefinition", "id": ident, "extension": extension, "url": SD + ident, "version": "1.0.0",
        "name": name, "status": "active", "date": "2026-01-15", "publisher": "Sluss", "fhirVersion": "4.0.1",
        "kind": "logical", "abstract": False, "type": name, "baseDefinition": R4 + "Element",
        "derivation": "specialization",
        "differential": {"element": [{"id": name, "path": name, "min": 0, "max": "*"}] + elements}}


def type_definition(table, ty):
    what, where, content = table.types[ty]
    name, space = "RivTa" + ty, {"core": CORE, "codes": CODES, "ours": OURS}[where]
    if what == "list":
        elements = [element(name + ".code", "1", "1", "string", form="xmlAttr")]
    elif what == "bag":
        elements = [element(f"{name}.{a.rstrip('?')}", "0" if a[-1] == "?" else "1", "1", fhir_type(table, t), form="xmlAttr")
                    for a, t in content]
    else:
        elements = [element(f"{name}.{e[0]}", e[1], e[2], fhir_type(table, e[3]), OURS if e[4] else None)
                    for e in content[0]]
    return definition(name, "rivta-" + ty, space, elements)


def model(table):
    address = "RivTa.header.logicalAddress"
    whole = [element("RivTa.header", "0", "1", "Element", xml="Header"),
             element(address, "0", "1", "Element", REGISTRY, xml="LogicalAddress"),
             element(address + ".mustUnderstand", "0", "1", "string", SOAP, "xmlAttr"),
             element(address + ".actor", "0", "1", "string", SOAP, "xmlAttr"),
             element(address + ".value", "1", "1", "string", form="xmlText"),
             element("RivTa.body", "1", "1", "Element", xml="Body"),
             *(element(f"RivTa.body.{lower(n)}", "0", "1", "RivTa" + n, f"{DOMAIN}:{n}Responder:1", xml=n) for n in CARRIED)]
    root = definition("RivTa", "rivta", SOAP, whole, "Envelope")
    root["title"] = "RIV-TA e-referral message"
    root["description"] = ("A SOAP 1.1 envelope with one request of clinicalprocess:activity:request 1.0, as logical model, made of "
                           "models/rivta.txt. Days and moments are FHIR's, with offset.")
    out = []
    wanted, seen = [], set()
    for name in CARRIED:
        elements = table.interactions[name][0]
        out.append(definition("RivTa" + name, "rivta-" + lower(name), f"{DOMAIN}:{name}Responder:1",
                              [element(f"RivTa{name}.{e[0]}", e[1], e[2], fhir_type(table, e[3]),
                                       CORE if e[3][0] == "=" else None) for e in elements]))
        wanted += [e[3].lstrip("=") for e in elements]
    while wanted:
        ty = wanted.pop(0)
        if ty in seen or ty in BASES or table.types[ty][0] in ("form", "choice"):
            continue
        seen.add(ty)
        out.append(type_definition(table, ty))
        if table.types[ty][0] == "type":
            wanted += [e[3] for e in table.types[ty][2][0]]
    entries = [{"fullUrl": d["url"], "resource": d} for d in out]
    types = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    text = lambda it: json.dumps(it, ensure_ascii=False, indent=1) + "\n"
    return {"models/rivta.json": text(root), "models/RivTaTypes.json": text(types)}


def main():
    check = sys.argv[1:] == ["--check"]
    if sys.argv[1:] and not check:
        sys.exit(__doc__)
    table = Table()
    wrong = []
    for name, text in {**schemas(table), **model(table)}.items():
        path = HERE / name
        if check:
            if not path.exists() or path.read_text() != text:
                wrong.append(name)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    if wrong:
        sys.exit("not what models/rivta.txt says: " + ", ".join(wrong) + "; run python3 conformance/build-rivta.py")


if __name__ == "__main__":
    main()
