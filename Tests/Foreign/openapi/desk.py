"""A desk that knows nothing of this project but its documents: it makes envelope files, drafts and statements as
Docs/Specification.md says, encodes them with a stock ASN.1 compiler by Docs/Valise.asn1, and signs with the keys of a
world that Tests/Scripts/openapi.sh has made.
"""
import base64
import hashlib
import pathlib
import random
import time

import asn1tools
from cryptography.hazmat.primitives.serialization import load_pem_private_key

ROOT = pathlib.Path(__file__).resolve().parents[3]
CHUNK = 65536 + 16
ASN1 = asn1tools.compile_files([str(ROOT / "Docs/Valise.asn1")], "der")


def labelled(name, data):
    label = b"valise/v1/" + name.encode()
    return bytes([len(label)]) + label + data


def base32(digest):
    letters, value = "abcdefghijklmnopqrstuvwxyz234567", int.from_bytes(digest, "big") << 4
    return "".join(letters[value >> shift & 31] for shift in range(255, -1, -5))


def base32_bytes(text):
    return base64.b32decode(text.upper() + "====")


def tree_root(leaves):
    """RFC 6962 section 2.1."""
    if len(leaves) == 1:
        return hashlib.sha256(b"\0" + leaves[0]).digest()
    half = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\1" + tree_root(leaves[:half]) + tree_root(leaves[half:])).digest()


def payload_digest(payload):
    chunks = [payload[at:at + CHUNK] for at in range(0, len(payload), CHUNK)]
    value = len(payload).to_bytes(8, "big") + tree_root(chunks)
    return hashlib.sha256(labelled("payload", value)).digest()


class File:
    """An envelope or draft file: `head` is what stands before its payload."""

    def __init__(self, kind, identifier, head, payload):
        self.kind, self.id, self.head = kind, identifier, head
        self.bytes = head + payload


class Desks:
    """All delegates of the world, whose keys lie in `place/desks/PARTY-DELEGATE`."""

    def __init__(self, place, seed):
        place = pathlib.Path(place)
        passphrase = (place / "passphrase").read_bytes().strip()
        self.keys = {}
        for folder in sorted((place / "desks").iterdir()):
            key = load_pem_private_key((folder / "keys/signing.pem").read_bytes(), passphrase)
            self.keys[folder.name.replace("-", "/")] = key
        # The relay decides by true time; everything else that is drawn comes from here.
        self.random = random.Random(seed)

    def learn(self, charter, envelope, draft):
        """Takes the rules from the charter, and what was sealed from an envelope of omega's and a draft of alpha's."""
        self.rules = ASN1.decode("SignedCharter", charter, check_constraints=True)["charter"]["rulesVersion"]
        self.sample, self.block = self.split(envelope, b"valise-envelope/v1\n", "SignedStatement")
        self.draft, self.draft_block = self.split(draft, b"valise-draft/v1\n", "Draft")
        # A head that the relay showed once is good for as long as its log is the same one.
        self.seen = self.sample["statement"]["seen"]

    @staticmethod
    def split(data, first, form):
        """The DER and the sealed keys of a file."""
        assert data.startswith(first), "another first line"
        at = len(first)
        length = int.from_bytes(data[at:at + 4], "big")
        der = data[at + 4:at + 4 + length]
        at += 4 + length
        size = int.from_bytes(data[at:at + 4], "big")
        return ASN1.decode(form, der, check_constraints=True), data[at + 4:at + 4 + size]

    def statement(self, party, signers, act, **changes):
        now = int(time.time() * 1000)
        value = {
            "version": 1, "charter": self.sample["statement"]["charter"], "party": party, "signers": signers,
            "madeAt": now, "submitBy": now + 3_600_000, "seen": self.seen, "act": act, **changes,
        }
        der = ASN1.encode("Statement", value, check_constraints=False)
        return der, hashlib.sha256(labelled("statement-id", der)).digest()

    def sign(self, delegate, statement):
        return self.keys[delegate].sign(labelled("statement-signature", statement))

    @staticmethod
    def sequence(*parts):
        """A DER SEQUENCE of parts that are encoded already: what was signed is not encoded again."""
        body = b"".join(parts)
        size = len(body)
        octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
        return b"\x30" + (bytes([size]) if size < 128 else bytes([128 + len(octets)]) + octets) + body

    def signed(self, party, signers, act, **changes):
        """DER of a SignedStatement."""
        der, _ = self.statement(party, signers, act, **changes)
        signatures = [b"\x04\x40" + self.sign(f"{party}/{name}", der) for name in signers]
        return self.sequence(der, self.sequence(*signatures))

    def submission(self, like, size, **changes):
        kind, act = like["statement"]["act"]
        payload = self.random.randbytes(size)
        nonce = self.random.randbytes(32)
        return payload, (kind, {
            **act, "nonce": nonce, "payloadSize": size, "payloadDigest": payload_digest(payload), **changes})

    def envelope(self, size=4112, changes=None, block=None):
        """A new envelope file of omega's."""
        payload, act = self.submission(self.sample, size, **(changes or {}))
        der, identifier = self.statement("omega", ["lead"], act)
        signed = self.sequence(der, self.sequence(b"\x04\x40" + self.sign("omega/lead", der)))
        return self.file("envelope", signed, block or self.block, payload, identifier)

    def to_a_stranger(self):
        """An envelope that is sealed to a key of nobody's beside the others."""
        keys = sorted([bytes(32), *self.sample["statement"]["act"][1]["sealedTo"]])
        block = bytes(1200) + self.block
        digest = hashlib.sha256(labelled("sealed-keys", block)).digest()
        return self.envelope(changes={"sealedTo": keys, "sealedKeysDigest": digest}, block=block)

    def verdict(self, delegate, **changes):
        """DER of a SignedVerdict: that a replay found nothing wrong."""
        party, name = delegate.split("/")
        der = ASN1.encode("Verdict", {
            "version": 1, "charter": self.sample["statement"]["charter"], "party": party, "delegate": name,
            "rulesVersion": self.rules, "head": self.seen, "at": int(time.time() * 1000), **changes})
        return self.sequence(der, b"\x04\x40" + self.keys[delegate].sign(labelled("verdict", der)))

    def verdicts(self):
        """Makers of verdicts: good ones, and such as are refused."""
        return [
            lambda: self.verdict("watch/lead"),
            lambda: self.verdict("watch/lead", finding={"code": "signature-bad", "entry": 3}),
            lambda: self.verdict("watch/lead", at=1),
            lambda: self.verdict("watch/lead", at=int(time.time() * 1000) + 400_000),
            lambda: self.verdict("watch/lead", head={"size": 1_000_000, "root": bytes(32)}),
            lambda: self.verdict("watch/lead", charter=bytes(32)),
            lambda: self.verdict("watch/lead", rulesVersion=7),
            lambda: self.verdict("omega/lead"),
        ]

    def new_draft(self, size=4112, **statement):
        """A new draft file of alpha's, drafted by its lead, for its deputy to release."""
        payload, act = self.submission(self.draft, size)
        der, identifier = self.statement("alpha", ["lead", "deputy"], act, **statement)
        signature = self.sequence(b"\x16\x04lead", b"\x04\x40" + self.sign("alpha/lead", der))
        draft = self.sequence(b"\x02\x01\x01", der, self.sequence(signature))
        made = self.file("draft", draft, self.draft_block, payload, identifier)
        made.statement = der
        return made

    @staticmethod
    def file(kind, der, block, payload, identifier):
        head = f"valise-{kind}/v1\n".encode() + len(der).to_bytes(4, "big") + der
        head += len(block).to_bytes(4, "big") + block + len(payload).to_bytes(8, "big")
        return File(kind, base32(identifier), head, payload)

    def open_signature(self, delegate, statement):
        party, name = delegate.split("/")
        return ASN1.encode("OpenSignature", {
            "party": party, "delegate": name, "signature": self.sign(delegate, statement)})

    def acts(self, message):
        """Makers of statements that are what they say; the rules take some, and refuse the others for many reasons."""
        raw, now, day = base32_bytes(message), int(time.time() * 1000), 86_400_000
        key = {"sealingKey": self.random.randbytes(1216), "sealFrom": now, "sealUntil": now + day,
               "keepUntil": now + 40 * day}
        publication = ("keyPublication", key)
        self.published = getattr(self, "published", key)
        receipt = {"message": raw, "leg": 0, "outcome": ("opened", None)}
        conveyance = ("conveyance", {"message": raw, "leg": 0})
        return [
            lambda: self.signed("bridge", ["lead"], publication),
            lambda: self.signed("bridge", ["lead"], ("keyPublication", self.published)),
            lambda: self.signed("bridge", ["lead"], ("keyPublication", {**key, "keepUntil": now + day})),
            lambda: self.signed("bridge", ["lead"], publication, madeAt=now + 400_000),
            lambda: self.signed("bridge", ["lead"], publication, submitBy=now - 1),
            lambda: self.signed("bridge", ["lead"], publication, charter=bytes(32)),
            lambda: self.signed("bridge", ["lead"], publication, seen={"size": 1, "root": bytes(32)}),
            lambda: self.signed("bridge", ["lead"], publication, version=2),
            lambda: self.signed("alpha", ["lead"], ("receipt", receipt)),
            lambda: self.signed("alpha", ["deputy"], ("receipt", {**receipt, "outcome": ("retrieved", None)})),
            lambda: self.signed("watch", ["lead"], ("receipt", receipt)),
            lambda: self.signed("omega", ["lead"], ("recall", {"message": raw, "legs": [0]})),
            lambda: self.signed("omega", ["lead"], ("recall", {"message": raw, "legs": [3]})),
            lambda: self.signed("omega", ["lead"], ("recall", {"message": bytes(32), "legs": [0]})),
            lambda: self.signed("alpha", ["lead"], ("recall", {"message": raw, "legs": [0]})),
            lambda: self.signed("bridge", ["lead"], ("refusal", {"message": raw, "leg": 0, "reason": "policy"})),
            lambda: self.signed("bridge", ["lead"], conveyance),
            lambda: self.signed("alpha", ["lead"], conveyance),
            lambda: self.signed("alpha", ["lead", "deputy"], conveyance),
            lambda: self.signed("omega", ["lead"], ("tick", {
                "party": "omega", "arrivals": 0, "charterInForce": bytes(32), "keys": bytes(32)})),
            lambda: self.signed("omega", ["lead"], ("amendment", {
                "revision": 1, "reason": "", "changes": [("setRules", {"rulesVersion": 2})]})),
        ]

    def envelopes(self):
        """Makers of envelope files of omega's: good ones, and such as the rules refuse."""
        now = int(time.time() * 1000)

        def to(recipient, *intermediaries, parties):
            rosters = [{"party": party, "revision": 0} for party in sorted(parties)]
            return {"legs": [{"intermediaries": list(intermediaries), "recipient": recipient}],
                    "writtenUnder": {"constitution": 0, "rosters": rosters}}

        twice = to("alpha", "bridge", parties=["alpha", "bridge", "omega"])
        return [
            self.envelope,
            lambda: self.envelope(changes={"expiry": now - 1}),
            self.to_a_stranger,
            lambda: self.envelope(block=bytes(32) + self.block[32:]),
            lambda: self.envelope(changes={"sealedKeysDigest": bytes(32)}),
            lambda: self.envelope(changes={"payloadDigest": bytes(32)}),
            lambda: self.envelope(changes={"writtenUnder": {"constitution": 1, "rosters": []}}),
            lambda: self.envelope(changes=to("alpha", parties=["alpha", "omega"])),
            lambda: self.envelope(changes=to("alpha", "watch", parties=["alpha", "omega", "watch"])),
            lambda: self.envelope(changes=to("watch", parties=["omega", "watch"])),
            lambda: self.envelope(changes=to("watch", "bridge", parties=["bridge", "omega", "watch"])),
            lambda: self.envelope(changes=to("bridge", "alpha", parties=["alpha", "bridge", "omega"])),
            lambda: self.envelope(changes=to("nobody", parties=["nobody", "omega"])),
            lambda: self.envelope(changes=to("omega", "bridge", parties=["bridge", "omega"])),
            lambda: self.envelope(changes={**twice, "legs": twice["legs"] * 2}),
            lambda: self.envelope(changes=to("bridge", parties=["bridge", "omega"])),
            lambda: self.envelope(size=900_000),
            lambda: self.envelope(size=1_100_000),
            *[self.envelope, lambda: self.envelope(200_000)] * 3,
        ]
