#!/usr/bin/env python3
"""Makes the case message's logical model, JSON Schema and XSD of the one table conformance/models/case-message.txt.

Usage: python3 conformance/build-case-message.py [--check]
--check writes nothing and fails where a file is not what the table says.

Codes are those of the ValueSets in conformance/profiles. What depends on the event or on another element is a FHIRPath
invariant of the model; JSON Schema says it too where it can, XSD does not. Everything wrong is told with its line.
Deliberately absent: reading any of the three back.
"""
import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
TABLE = HERE / "models/case-message.txt"
OURS = "https://sluss.example/fhir/"
R4 = "http://hl7.org/fhir/StructureDefinition/"
NAMESPACE = "https://sluss.example/case/1"
DAY = (r"[0-9]{4}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|"
       r"02-(0[1-9]|[12][0-9]))")
TIME = r"([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-](0[0-9]|1[0-4]):[0-5][0-9])"
PROTECTED = ["sekretessmarkering", "skyddad-folkbokforing"]
RELEASE = ["release-health", "release-social"]
# Numbers by their kind (domain §7): kinds, pattern.
NUMBERS = [(["personnummer", "samordningsnummer"], "([0-9]{8}-?[0-9]{4}|[0-9]{6}[-+][0-9]{4})"),
           (["regionalt-reservnummer"], "99[0-9]{10}"), (["nationellt-reservnummer"], "[0-9A-Z]{12}")]
WIDTH = 120


class Form:
    def __init__(self, fhir, length, pattern, xsd, remark):
        low, high = length.split("..")
        self.fhir, self.low, self.high = fhir, int(low or 0), int(high)
        fill = lambda p: p.replace("{DAY}", DAY).replace("{TIME}", TIME)
        self.pattern, self.xsd, self.remark = fill(pattern), fill(xsd or pattern), remark


class Element:
    def __init__(self, name, low, high, ty, what, clause):
        self.name, self.low, self.high, self.type, self.what, self.clause = name, int(low), int(high), ty, what, clause


class Group:
    def __init__(self, what, clause):
        self.what, self.clause, self.elements, self.rules = what, clause, [], []


class Table:
    """The table, read; a fault ends it with its line."""

    def __init__(self):
        self.forms, self.groups, self.bodies, self.events, self.raw = {}, {}, {}, [], []
        here = None
        for number, line in enumerate(TABLE.read_text().splitlines(), 1):
            if not line.strip() or line.startswith("#"):
                continue
            cells = [c.strip().replace("\0", "|") for c in line.replace("\\|", "\0").split("|")]
            word, *rest = cells[0].split()
            try:
                if line.startswith("  "):
                    self.inner(here, word, rest, cells)
                elif word == "form":
                    self.forms[rest[0]] = Form(*cells[1:6])
                elif word == "event":
                    self.events.append((rest[0], cells[1], cells[2], cells[3].split(), cells[4]))
                elif word == "rule":
                    # A rule stands below its body; those of the whole message stand below the heading `message rules`.
                    (self.raw if here is None else here.rules).append(("rule", rest[0], *cells[1:4]))
                elif line == "message rules":
                    here = None
                else:
                    here = Group(cells[1], cells[2])
                    if word == "message":
                        self.message = here
                    else:
                        {"group": self.groups, "body": self.bodies}[word][rest[0]] = here
            except (ValueError, TypeError, IndexError, KeyError, AttributeError) as error:
                sys.exit(f"{TABLE.name}:{number}: not as the head of the table says ({error})")

    @staticmethod
    def inner(group, word, rest, cells):
        # An element may be called what a rule is called.
        if ".." in rest[0]:
            low, high = rest[0].split("..")
            group.elements.append(Element(word, low, high, cells[1], cells[2], cells[3]))
        elif word in ("exactly", "only", "needed"):
            element, _, field, _, codes = rest
            group.rules.append((word, element, field, codes.split(",")))
        elif word == "some":
            group.rules.append((word, rest[0], rest[2].split(",")))
        elif word in ("distinct", "stay"):
            group.rules.append((word, rest[0]))
        elif word == "without":
            group.rules.append((word, rest[0], rest[2]))
        else:
            raise ValueError("no such rule: " + word)

    def named(self, words):
        """The events that ask this."""
        return [e[1] for e in self.events if words in e[3]]


def codes(name):
    """The codes of a ValueSet, in its order."""
    at = HERE / "profiles"
    out = []
    for include in json.loads((at / f"ValueSet-{name}.json").read_text())["compose"]["include"]:
        concepts = include.get("concept")
        if concepts is None:
            system = at / f"CodeSystem-{include['system'].rsplit('/', 1)[1]}.json"
            concepts = json.loads(system.read_text())["concept"]
        out += [c["code"] for c in concepts]
    return out


def kebab(name):
    return "".join("-" + c.lower() if c.isupper() else c for c in name)


def union(values):
    return "(" + " | ".join(f"'{v}'" for v in values) + ")"


# --- the logical model -----------------------------------------------------------------------------------------------

def is_code(field, values):
    """FHIRPath: is the field one of these?"""
    if values == ["false"]:
        return f"{field} = false"
    return f"{field} in {union(values)}" if len(values) > 1 else f"{field} = '{values[0]}'"


def constraint(key, expression, human):
    return {"key": key, "severity": "error", "human": human, "expression": expression,
            "source": OURS + "StructureDefinition/case-message"}


def group_constraints(path, group):
    """The invariants of a group or body, seen from itself."""
    out = []
    for rule in group.rules:
        key = "case-" + kebab(path.rsplit(".", 1)[1]) + "-" + kebab(rule[1].replace(".", "-"))
        if rule[0] == "rule":
            out.append(constraint(rule[1], rule[2], rule[3]))
        elif rule[0] in ("exactly", "only", "needed"):
            _, element, field, values = rule
            # A field that is missing is told as such, not also here.
            holds = {"exactly": "({0}) = {1}.exists()", "only": "({0}) or {1}.empty()",
                     "needed": "({0}).not() or {1}.exists()"}[rule[0]]
            words = {"exactly": (f"`{element}` is there exactly when `{field}` is {' or '.join(values)}",
                                 f"`{element}` finns precis när `{field}` är {' eller '.join(values)}"),
                     "only": (f"`{element}` is there only when `{field}` is {' or '.join(values)}",
                              f"`{element}` finns bara när `{field}` är {' eller '.join(values)}"),
                     "needed": (f"`{element}` is there when `{field}` is {' or '.join(values)}",
                                f"`{element}` finns när `{field}` är {' eller '.join(values)}")}[rule[0]]
            expression = f"{field}.empty() or ({holds.format(is_code(field, values), element)})"
            out.append(constraint(key, expression, " / ".join(words)))
        elif rule[0] == "some":
            either = " or ".join(f"{rule[1]}.{e}.exists()" for e in rule[2])
            out.append(constraint(key, either, f"`{rule[1]}` has {' or '.join(rule[2])} / "
                                               f"`{rule[1]}` har {' eller '.join(rule[2])}"))
        elif rule[0] == "distinct":
            out.append(constraint(key, f"{rule[1]}.isDistinct()", f"No two of `{rule[1]}` are alike / "
                                                                  f"Inga två `{rule[1]}` är lika"))
        elif rule[0] == "without":
            out.append(constraint(key, f"{rule[2]}.empty() or {rule[1]}.empty()",
                                  f"`{rule[1]}` is not told when there is `{rule[2]}` / "
                                  f"`{rule[1]}` berättas inte när det finns `{rule[2]}`"))
    return out


def root_constraints(table):
    """The invariants of the whole message."""
    protected = f"subject.where(protection in {union(PROTECTED)}).exists()"
    of = lambda body: [e[1] for e in table.events if e[2] == body]
    # Not also that there is no other: that both schemas say.
    whose = " or ".join(f"({b}.exists() and {is_code('event', of(b))})" for b in table.bodies)
    asked = lambda word: is_code("event", table.named(word))
    stays = [f"{b}.{r[1]}.empty()" for b, g in table.bodies.items() for r in g.rules if r[0] == "stay"]
    out = [
        constraint("case-body", whose, "The message has the body of its event / "
                   "Meddelandet har sin händelses innehåll"),
        constraint("case-answers", f"({asked('answers')}) implies answers.exists()",
                   "`answers` names the message that is answered / `answers` anger meddelandet som besvaras"),
        constraint("case-refers-to", f"({asked('refersTo')}) implies refersTo.exists()",
                   "`refersTo` names the message that this one is about / `refersTo` anger meddelandet som det gäller"),
        constraint("case-bare", f"({asked('bare')}) implies "
                   "(subject.name.empty() and subject.birthDate.empty() and subject.address.empty())",
                   "The subject is the number alone: no new person data / "
                   "Personen anges bara med nummer: inga nya personuppgifter"),
        constraint("case-name", f"({asked('bare')}) or subject.name.exists()", "The subject has a name / Personen har ett namn"),
        constraint("case-four-fields", f"({asked('four')}) implies "
                   "(sender.name.empty() and basis.reason.empty() and subject.birthDate.empty())",
                   "Four fields only: no birth date, no name of the sender, no reason / "
                   "Bara fyra uppgifter: inget födelsedatum, inget namn på avsändaren, inget skäl"),
        constraint("case-address", f"({asked('four')}) implies ({protected} = subject.address.empty())",
                   "The registered address is there, unless the person is protected / "
                   "Folkbokföringsadressen finns med, om personen inte är skyddad"),
        constraint("case-release-reason", f"({asked('release')}) implies (basis.where(code in {union(RELEASE)}).empty() or "
                   "basis.reason.exists())", "A release rule is asserted with a reason / "
                   "En sekretessbrytande regel åberopas med ett skäl"),
        constraint("case-stay", f"{protected} implies ({' and '.join(stays)})",
                   "Where a protected person stays is not told / Var en skyddad person vistas berättas inte"),
        constraint("case-number", " and ".join(
            f"subject.where(numberKind in {union(kinds)}).personalNumber.all($this.matches('^{pattern}$'))"
            for kinds, pattern in NUMBERS), "The number has the shape of its kind / Numret har den form som dess slag har"),
    ]
    fixed, parts = [], []
    for _, event, body, asks, _ in table.events:
        for ask in asks:
            if "=" in ask:
                element, code = ask.split("=")
                fixed.append(f"((event = '{event}' and {body}.exists()) implies ({body}.{element}.count() = 1 and "
                             f"{body}.{element} = '{code}'))")
            elif ask.startswith("need:"):
                parts += [f"((event = '{event}' and {body}.exists()) implies {body}.{e}.exists())" for e in ask[5:].split(",")]
            elif ask.startswith("never:"):
                parts += [f"(event = '{event}' implies {body}.{e}.empty())" for e in ask[6:].split(",")]
    out.append(constraint("case-kind", " and ".join(fixed), "The kind and parts of the examination are the event's / "
                          "Det som ska undersökas är vad händelsen säger"))
    out.append(constraint("case-placement-days", " and ".join(parts), "The day of the change, the end and its reason are "
                          "there in the event that tells them / Ändringsdag, slut och skäl finns i den händelse som berättar dem"))
    out += [constraint(key, expression, human) for _, key, expression, human, _ in table.raw]
    return out


def definition(path, low, high, what, clause, **more):
    words = what if what.endswith((".", "?")) else what + "."
    return {"id": path, "path": path, "short": what, "definition": words, "comment": clause, "min": low, "max": high, **more}


def model(table):
    elements = [definition("CaseMessage", 0, "*", table.message.what, table.message.clause,
                           constraint=root_constraints(table))]

    def add(path, group):
        for e in group.elements:
            own = f"{path}.{e.name}"
            more = {}
            if e.type in table.groups:
                more["type"] = [{"code": "BackboneElement"}]
                rules = group_constraints(own, table.groups[e.type])
                if rules:
                    more["constraint"] = rules
            elif e.type.startswith("code "):
                more["type"] = [{"code": "code"}]
                more["binding"] = {"strength": "required", "valueSet": OURS + "ValueSet/" + e.type[5:]}
            elif e.type in ("yes-no", "yes", "percent"):
                more["type"] = [{"code": "integer" if e.type == "percent" else "boolean"}]
            else:
                form = table.forms[e.type]
                more["type"] = [{"code": form.fhir}]
                if form.fhir == "string":
                    more["maxLength"] = form.high
            elements.append(definition(own, e.low, str(e.high), e.what, e.clause, **more))
            if e.type in table.groups:
                add(own, table.groups[e.type])

    add("CaseMessage", table.message)
    for name, body in table.bodies.items():
        path = f"CaseMessage.{name}"
        rules = group_constraints(path, body)
        more = {"constraint": rules} if rules else {}
        elements.append(definition(path, 0, "1", body.what, body.clause, type=[{"code": "BackboneElement"}], **more))
        add(path, body)
    return {
        "resourceType": "StructureDefinition", "id": "case-message",
        "extension": [
            {"url": R4 + "elementdefinition-namespace", "valueUri": NAMESPACE},
            {"url": R4 + "elementdefinition-xml-name", "valueString": "caseMessage"},
            {"url": OURS + "StructureDefinition/xml-value-as-text", "valueBoolean": True}],
        "url": OURS + "StructureDefinition/case-message", "version": "1.1.0", "name": "CaseMessage", "title": "Case message",
        "status": "active", "date": "2026-01-15", "publisher": "Sluss",
        "description": "The municipal side's open case message as a logical model, made of models/case-message.txt, as are its "
                       "JSON Schema and its XSD. What depends on the event or on another element stands here as invariants.",
        "fhirVersion": "4.0.1", "kind": "logical", "abstract": False, "type": "CaseMessage",
        "baseDefinition": R4 + "Element", "derivation": "specialization", "differential": {"element": elements}}


# --- the JSON Schema -------------------------------------------------------------------------------------------------

def if_code(field, values, then=None, other=None):
    values = [False] if values == ["false"] else values
    out = {"if": {"required": [field], "properties": {field: {"enum": values}}}}
    if then:
        out["then"] = then
    if other:
        # Where the field is missing that is told, and nothing that follows from it.
        out["else"] = {"if": {"required": [field]}, "then": other}
    return out


def json_type(table, e):
    if e.type.startswith("code "):
        one = {"enum": codes(e.type[5:])}
    elif e.type == "yes-no":
        one = {"type": "boolean"}
    elif e.type == "yes":
        one = {"const": True}
    elif e.type == "percent":
        one = {"type": "integer", "minimum": 0, "maximum": 100}
    else:
        one = {"$ref": f"#/$defs/{e.type}"}
    return one if e.high == 1 else {"type": "array", "minItems": max(e.low, 1), "maxItems": e.high, "items": one}


def json_group(table, group):
    properties, every = {}, []
    for e in group.elements:
        properties[e.name] = {"$comment": f"{e.clause}: {e.what}", **json_type(table, e)}
    for rule in group.rules:
        if rule[0] == "distinct":
            name, _, inner = rule[1].partition(".")
            if not inner:
                properties[name]["uniqueItems"] = True
                continue
            element = next(e for e in group.elements if e.name == name)
            field = next(e for e in table.groups[element.type].elements if e.name == inner)
            properties[name]["allOf"] = [
                {"contains": {"required": [inner], "properties": {inner: {"const": c}}}, "minContains": 0, "maxContains": 1}
                for c in codes(field.type[5:])]
        elif rule[0] == "some":
            properties[rule[1]]["anyOf"] = [{"required": [e]} for e in rule[2]]
        elif rule[0] == "without":
            every.append({"if": {"required": [rule[2]]}, "then": {"properties": {rule[1]: False}}})
        elif rule[0] in ("exactly", "only", "needed"):
            _, element, field, values = rule
            then = {"required": [element]} if rule[0] != "only" else None
            other = {"properties": {element: False}} if rule[0] != "needed" else None
            every.append(if_code(field, values, then, other))
    out = {"$comment": f"{group.clause}: {group.what}", "type": "object", "additionalProperties": False,
           "required": [e.name for e in group.elements if e.low], "properties": properties}
    if every:
        out["allOf"] = every
    return out


def branch(table, event, body, asks, clause):
    """What an event asks of the message."""
    required, properties, inside, more = [body], {b: False for b in table.bodies if b != body}, {}, []
    needed = []
    protected = {"required": ["protection"], "properties": {"protection": {"enum": PROTECTED}}}
    subject = {"required": ["name"]}
    for ask in asks:
        if ask in ("answers", "refersTo"):
            required.append(ask)
        elif ask == "bare":
            subject = {"properties": {"name": False, "birthDate": False, "address": False}}
        elif ask == "four":
            properties["sender"] = {"properties": {"name": False}}
            properties["basis"] = {"properties": {"reason": False}}
            subject.update({"properties": {"birthDate": False}, "if": protected,
                            "then": {"properties": {"address": False}}, "else": {"required": ["address"]}})
        elif ask == "release":
            properties["basis"] = {"if": {"required": ["code"], "properties": {"code": {"enum": RELEASE}}},
                                   "then": {"required": ["reason"]}}
        elif ask.startswith("need:"):
            needed += ask[5:].split(",")
        elif ask.startswith("never:"):
            inside.update({e: False for e in ask[6:].split(",")})
        else:
            name, code = ask.split("=")
            element = next(e for e in table.bodies[body].elements if e.name == name)
            inside[name] = {"const": code if element.high == 1 else [code]}
    for rule in table.bodies[body].rules:
        if rule[0] == "stay":
            never = False
            for step in reversed(rule[1].split(".")):
                never = {"properties": {step: never}}
            more.append({"if": {"required": ["subject"], "properties": {"subject": protected}},
                         "then": {"properties": {body: never}}})
    properties["subject"] = subject
    if needed or inside:
        own = properties[body] = {}
        if needed:
            own["required"] = needed
        if inside:
            own["properties"] = inside
    then = {"required": required, "properties": properties}
    if more:
        then["allOf"] = more
    return {"$comment": clause, "if": {"required": ["event"], "properties": {"event": {"const": event}}}, "then": then}


def json_schema(table):
    defs = {}
    for name, form in table.forms.items():
        own = {"$comment": form.remark, "type": "string"}
        if form.low:
            own["minLength"] = form.low
        own["maxLength"] = form.high
        own["pattern"] = f"^({form.pattern})$" if "|" in form.pattern else f"^{form.pattern}$"
        defs[name] = own
    for name, group in table.groups.items():
        defs[name] = json_group(table, group)
    defs["subject"]["allOf"] = [
        {"$comment": "domain §7", **if_code("numberKind", kinds, {"properties": {"personalNumber": {"pattern": f"^{p}$"}}})}
        for kinds, p in NUMBERS]
    for name, body in table.bodies.items():
        defs[name] = json_group(table, body)
    properties = {e.name: {"$comment": f"{e.clause}: {e.what}", **json_type(table, e)} for e in table.message.elements}
    properties.update({name: {"$ref": f"#/$defs/{name}", "$comment": body.clause} for name, body in table.bodies.items()})
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://sluss.example/schemas/case-message.schema.json",
        "$comment": "domain §8: the municipal side's open case message. Made of conformance/models/case-message.txt; what "
                    "depends on more than JSON Schema can say stands in conformance/models/CaseMessage.json.",
        "title": "Sluss case message",
        "description": "One message between a region and a municipality about a child in care, as a municipal case system "
                       "reads and writes it.",
        "type": "object", "additionalProperties": False,
        "required": [e.name for e in table.message.elements if e.low], "properties": properties,
        "allOf": [branch(table, *event[1:]) for event in table.events], "$defs": defs}


# --- the XSD ---------------------------------------------------------------------------------------------------------

def escape(text):
    return text.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")


def xsd(table):
    out = ['<?xml version="1.0" encoding="UTF-8"?>',
           "<!-- The municipal side's open case message (domain §8), made of conformance/models/case-message.txt. What depends",
           "     on the event or on another element XSD does not say: see the invariants of conformance/models/CaseMessage.json. -->",
           f'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns="{NAMESPACE}" targetNamespace="{NAMESPACE}"',
           '    elementFormDefault="qualified" version="1.1.0">']
    lists = []

    def words(indent, text):
        out.append(f"{indent}<xs:annotation><xs:documentation>{escape(text)}</xs:documentation></xs:annotation>")

    def element(indent, e, low=None):
        ty = {"yes-no": "yesOrNo"}.get(e.type, e.type)
        if ty.startswith("code "):
            ty = "code-" + ty[5:]
            if e.type[5:] not in lists:
                lists.append(e.type[5:])
        count = ("" if e.low == 1 else f' minOccurs="{e.low}"') + ("" if e.high == 1 else f' maxOccurs="{e.high}"')
        out.append(f'{indent}<xs:element name="{e.name}" type="{ty}"{count}>')
        words(indent + "  ", f"{e.what} ({e.clause})")
        out.append(f"{indent}</xs:element>")

    def group(name, own):
        out.append(f'  <xs:complexType name="{name}">')
        words("    ", f"{own.what} ({own.clause})")
        out.append("    <xs:sequence>")
        for e in own.elements:
            element("      ", e)
        out.append("    </xs:sequence>")
        out.append("  </xs:complexType>")

    def simple(name, base, remark, facets):
        out.append(f'  <xs:simpleType name="{name}">')
        if remark:
            words("    ", remark)
        out.append(f'    <xs:restriction base="xs:{base}">')
        out.extend(f'      <xs:{facet} value="{value}"/>' for facet, value in facets)
        out.append("    </xs:restriction>")
        out.append("  </xs:simpleType>")

    out.append('  <xs:element name="caseMessage">')
    words("    ", f"{table.message.what} ({table.message.clause})")
    out.append("    <xs:complexType>")
    out.append("      <xs:sequence>")
    for e in table.message.elements:
        element("        ", e)
    out.append("        <xs:choice>")
    for name, body in table.bodies.items():
        out.append(f'          <xs:element name="{name}" type="{name}"/>')
    out.extend(["        </xs:choice>", "      </xs:sequence>", "    </xs:complexType>", "  </xs:element>"])
    for name, own in [*table.groups.items(), *table.bodies.items()]:
        group(name, own)
    for name, form in table.forms.items():
        # References to characters are written in the table as they stand here.
        facets = [("minLength", form.low)] if form.low else []
        pattern = form.xsd.replace('"', "&quot;").replace("<", "&lt;")
        simple(name, "string", form.remark, [*facets, ("maxLength", form.high), ("pattern", pattern)])
    simple("yesOrNo", "string", "", [("enumeration", "true"), ("enumeration", "false")])
    simple("yes", "string", "", [("enumeration", "true")])
    simple("percent", "integer", "", [("minInclusive", 0), ("maxInclusive", 100), ("pattern", "[0-9]{1,3}")])
    for name in sorted(lists):
        simple("code-" + name, "string", f"ValueSet {OURS}ValueSet/{name}", [("enumeration", c) for c in codes(name)])
    out.append("</xs:schema>")
    return "\n".join(out) + "\n"


# --- writing ---------------------------------------------------------------------------------------------------------

def told(value, indent=0, room=0):
    """JSON, on one line where it fits."""
    line = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, (dict, list)) or not value or indent + room + len(line) + 1 <= WIDTH and (
            isinstance(value, list) or indent >= 4 and "\n" not in line):
        return line
    pad = " " * (indent + 2)
    if isinstance(value, dict):
        rows = [f"{pad}{json.dumps(k)}: {told(v, indent + 2, len(k) + 4)}" for k, v in value.items()]
        return "{\n" + ",\n".join(rows) + "\n" + " " * indent + "}"
    rows = [pad + told(v, indent + 2) for v in value]
    return "[\n" + ",\n".join(rows) + "\n" + " " * indent + "]"


def main():
    table = Table()
    made = {"models/CaseMessage.json": told(model(table)) + "\n",
            "schemas/case-message.schema.json": told(json_schema(table)) + "\n",
            "schemas/case-message.xsd": xsd(table)}
    wrong = [n for n, text in made.items() if not (HERE / n).exists() or (HERE / n).read_text() != text]
    if "--check" in sys.argv[1:]:
        for name in wrong:
            print(f"conformance/{name} is not what models/case-message.txt says; run conformance/build-case-message.py")
        sys.exit(1 if wrong else 0)
    for name in wrong:
        (HERE / name).write_text(made[name])
        print(f"wrote conformance/{name}")


if __name__ == "__main__":
    main()
