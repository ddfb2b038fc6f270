#!/usr/bin/env python3
"""Writes test-numbers.txt: the published Swedish test identifiers as a compact table of facts.

Input: the folder that holds testpersonnummer.json and testsamordningsnummer.json (Skatteverket's
published test numbers, open data, never given to a person) and hl7sweden-example-identifiers.json.
Output on standard output: one line per date, `YYYYMMDD` followed by the three-digit serials that are
test numbers on that date. The check digit follows from the rest and is not stored.

Usage: python3 conformance/tables/make-test-numbers.py FOLDER > conformance/tables/test-numbers.txt
"""
import json
import pathlib
import sys
from collections import defaultdict

folder = pathlib.Path(sys.argv[1])
numbers = set(json.loads((folder / "testpersonnummer.json").read_text()))
numbers |= set(json.loads((folder / "testsamordningsnummer.json").read_text()))
for row in json.loads((folder / "hl7sweden-example-identifiers.json").read_text()):
    if row["value"].isdigit():
        numbers.add(row["value"])
# Named as published test numbers in the requirement (docs/domain.md, section 7).
numbers |= {"191212121212", "195009072553", "196101182803", "196109732393"}
days = defaultdict(list)
for number in sorted(numbers):
    days[number[:8]].append(number[8:11])
for day, serials in sorted(days.items()):
    print(day, *serials)
