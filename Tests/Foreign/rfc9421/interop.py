#!/usr/bin/env python3
"""Signed requests, both ways, with another implementation of RFC 9421 (`pip install http-message-signatures==3.0.0`).

Tests/Vectors/rfc9421/ours.json, written by WireTests, is verified here, and refused after any change of the request.
The same requests are signed here: theirs.json holds the result (written again with --write), which WireTests verifies.
Exits 1 on the first disagreement.
"""
import base64
import datetime
import json
import pathlib
import sys
import types

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from http_message_signatures import HTTPMessageSigner, HTTPMessageVerifier, InvalidSignature, MappingKeyResolver
from http_message_signatures.algorithms import ED25519

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "Vectors/rfc9421"
COVERED = ("@method", "@authority", "@path", "@query")
KEY = Ed25519PrivateKey.from_private_bytes(bytes([7] * 32))
SIGNER = "us-envoy/lead"
RESOLVER = MappingKeyResolver(public_keys={SIGNER: KEY.public_key()}, private_keys={SIGNER: KEY})


def request(case, **changes):
    fields = {**case, **changes}
    headers = {"Signature-Input": fields["input"], "Signature": fields["signature"]} if "input" in fields else {}
    url = f"https://{fields['authority']}{fields['target']}"
    return types.SimpleNamespace(method=fields["method"], url=url, headers=headers)


def fail(text):
    print(f"rfc9421: {text}", file=sys.stderr)
    sys.exit(1)


def verifies(message):
    verifier = HTTPMessageVerifier(signature_algorithm=ED25519, key_resolver=RESOLVER)
    try:
        found = verifier.verify(message, max_age=None, expect_tag="valise", require_components=COVERED)
    except InvalidSignature:
        return False
    return [result.label for result in found] == ["sig1"]


def changes(case):
    yield {"method": "POST" if case["method"] == "GET" else "GET"}
    yield {"authority": "other.example"}
    yield {"target": case["target"] + ("&" if "?" in case["target"] else "?") + "x=1"}
    yield {"target": "/other" + case["target"]}
    yield {"input": case["input"].replace("created=1", "created=2")}
    raw = bytearray(base64.b64decode(case["signature"].removeprefix("sig1=:").removesuffix(":")))
    raw[0] ^= 1
    yield {"signature": f"sig1=:{base64.b64encode(raw).decode()}:"}


def sign(case):
    message = request({key: case[key] for key in ("method", "authority", "target")})
    HTTPMessageSigner(signature_algorithm=ED25519, key_resolver=RESOLVER).sign(
        message, key_id=SIGNER, label="sig1", tag="valise", covered_component_ids=COVERED,
        created=datetime.datetime.fromtimestamp(case["created"], datetime.timezone.utc))
    return {**case, "input": message.headers["Signature-Input"], "signature": message.headers["Signature"]}


def main():
    ours = json.loads((FOLDER / "ours.json").read_text())
    if not ours:
        fail("ours.json has no requests")
    for case in ours:
        if not verifies(request(case)):
            fail(f"refused: {case}")
        for change in changes(case):
            if verifies(request(case, **change)):
                fail(f"accepted with {change}: {case}")
    text = json.dumps([sign(case) for case in ours], indent=1) + "\n"
    path = FOLDER / "theirs.json"
    if "--write" in sys.argv:
        path.write_text(text)
    if path.read_text() != text:
        fail("theirs.json is not what this library signs")
    print(f"rfc9421: {len(ours)} requests verified, each refused after 6 changes; {len(ours)} signed")


main()
