#!/usr/bin/env python3
"""Reads what this project encoded with a stock ASN.1 compiler and writes it again.

Each value of Tests/Vectors/valise/*.json is decoded by asn1tools (`pip install asn1tools`) as its type of
Docs/Valise.asn1, with constraints checked, and encoded again: the bytes must be the same. `openssl asn1parse` must
read it too. Exits 1 on the first difference; no argument is needed.
"""
import base64
import json
import pathlib
import subprocess
import sys

import asn1tools

ROOT = pathlib.Path(__file__).resolve().parents[3]


def values():
    for path in sorted((ROOT / "Tests/Vectors/valise").glob("*.json")):
        content = json.loads(path.read_text())
        if isinstance(content, list):
            for value in content:
                yield f"{path.name}: {value['type']} {value['name']}", value["type"], base64.b64decode(value["der"])
        else:
            for entry in content["entries"]:
                yield f"{path.name}: {entry['leaf']}", "Entry", base64.b64decode(entry["der"])
            for case in content["cases"]:
                yield f"{path.name}: {case['name']}", "SignedStatement", base64.b64decode(case["statement"])


def fail(text):
    print(f"asn1: {text}", file=sys.stderr)
    sys.exit(1)


def check(module, name, type_name, der):
    try:
        decoded = module.decode(type_name, der, check_constraints=True)
        encoded = module.encode(type_name, decoded, check_constraints=True)
    except Exception as error:  # whatever the compiler's run time finds
        fail(f"{name}: {error}")
    if encoded != der:
        fail(f"{name}: encoded again as {encoded.hex()}, was {der.hex()}")
    parsed = subprocess.run(["openssl", "asn1parse", "-inform", "DER"], input=der, capture_output=True)
    if parsed.returncode != 0:
        fail(f"{name}: openssl asn1parse: {parsed.stderr.decode(errors='replace')}")


def main():
    module = asn1tools.compile_files([str(ROOT / "Docs/Valise.asn1")], "der")
    count = 0
    for name, type_name, der in values():
        if type_name not in module.types:
            fail(f"{name}: Docs/Valise.asn1 has no type {type_name}")
        check(module, name, type_name, der)
        count += 1
    if count == 0:
        fail("no values under Tests/Vectors/valise")
    print(f"asn1: {count} values round-tripped")


main()
