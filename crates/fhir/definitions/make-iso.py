#!/usr/bin/env python3
"""Writes iso.table: the codes of countries and currencies as a compact table of facts.

Input: the folder `databases` of an unpacked pycountry distribution (the lists of ISO 3166-1 and ISO 4217
that Debian's iso-codes keeps). Codes alone are taken. One line for each code system: its URL, then its
codes; countries by two letters, three letters and three digits, as `urn:iso:std:iso:3166` has them all.

Usage: python3 crates/fhir/definitions/make-iso.py DATABASES > crates/fhir/definitions/iso.table
"""
import json
import pathlib
import sys

folder = pathlib.Path(sys.argv[1])


def rows(name):
    return json.loads((folder / name).read_text())[name.removeprefix("iso").removesuffix(".json")]


countries = rows("iso3166-1.json")
three = [row[key] for key in ("alpha_2", "alpha_3", "numeric") for row in countries]
currencies = [row["alpha_3"] for row in rows("iso4217.json")]
for system, codes in (("urn:iso:std:iso:3166", three), ("urn:iso:std:iso:4217", currencies)):
    print(system, *sorted(codes), sep="\t")
