"""What schemathesis must be told to reach the relay: how a request is signed (by another implementation of RFC 9421),
and identifiers and bodies that are there, in place of most of those that it draws. Counts what was answered, in the
file OPENAPI_ANSWERS. OPENAPI_WORLD is the folder that Tests/Scripts/openapi.sh has made.
"""
import atexit
import base64
import collections
import datetime
import functools
import hashlib
import json
import os
import pathlib
import random
import re
import sys

import requests
import schemathesis
from http_message_signatures import HTTPMessageSigner, HTTPSignatureKeyResolver
from http_message_signatures.algorithms import ED25519

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from desk import Desks  # noqa: E402

PLACE = pathlib.Path(os.environ["OPENAPI_WORLD"])
KNOWN = json.loads((PLACE / "known.json").read_text())
SEED = int(os.environ.get("SEED", "1"))
# How many entries the log gets first; 0 for the operator's port, which knows no delegates.
ENTRIES = int(os.environ.get("OPENAPI_ENTRIES", "0"))
CHOICE = random.Random(SEED)
DESKS = Desks(PLACE, SEED)
COVERED = ("@method", "@authority", "@path", "@query")
WITH_DIGEST = re.compile(r"/v1/drafts/[^/]*/(signatures|rejection)")
ANSWERS = collections.Counter()


class Keys(HTTPSignatureKeyResolver):
    def resolve_private_key(self, key_id):
        return DESKS.keys[key_id]

    def resolve_public_key(self, key_id):
        return DESKS.keys[key_id].public_key()


class AsItIs:
    """Signs the Content-Digest that a request has, right or wrong, and gives it none."""

    @staticmethod
    def prepare(headers, body, *, use_existing_digest):
        pass


class Signer(HTTPMessageSigner):
    content_digest_class = AsItIs


class Signed(requests.auth.AuthBase):
    """Signs as a delegate whom the path is for; now and then as somebody else, or badly."""

    def __init__(self, always=False):
        self.always = always

    def signer(self, path, method):
        if path.startswith("/tile/entries"):
            return "watch/lead"
        if path.startswith("/v1/uploads"):
            return "omega/lead"
        if path == "/v1/scope":
            return CHOICE.choice(["bridge/lead", "bridge/lead", "alpha/lead"])
        if method == "DELETE" and CHOICE.random() < 0.3:
            return "alpha/deputy"
        # Of an inbox that has arrivals nothing is waited for.
        always = self.always or path == "/v1/inbox"
        return "alpha/lead" if always or CHOICE.random() < 0.95 else "omega/lead"

    def __call__(self, request):
        path = request.path_url.partition("?")[0]
        covered = COVERED
        if WITH_DIGEST.fullmatch(path) and request.method == "POST" and "Content-Digest" in request.headers:
            covered += ("content-digest",)
        made = datetime.datetime.now(datetime.timezone.utc)
        fault = None if self.always else CHOICE.choice([None] * 50 + ["old", "label", "bytes"])
        Signer(signature_algorithm=ED25519, key_resolver=Keys()).sign(
            request, key_id=self.signer(path, request.method), label="sig2" if fault == "label" else "sig1",
            tag="valise", covered_component_ids=covered,
            created=made - datetime.timedelta(minutes=6) if fault == "old" else made)
        if fault == "bytes":
            text = request.headers["Signature"]
            request.headers["Signature"] = text[:10] + ("A" if text[10] != "A" else "B") + text[11:]
        return request


class Pools:
    """What is at the relay, by kind; grows with what it takes."""

    def __init__(self):
        self.messages = [KNOWN["message"]]
        self.drafts, self.rejected = [], []
        self.uploads, self.draft_uploads = {}, {}
        self.made = {}
        self.turns, self.rounds = collections.Counter(), set()

    def turn(self, name, makers):
        """What the next of the makers makes: each comes up, in a first round and before anything is spoiled."""
        made = makers[self.turns[name] % len(makers)]()
        self.turns[name] += 1
        if self.turns[name] == len(makers):
            self.rounds.add(name)
        return made

    def draw(self, pool):
        """One of them: the first or a new one; None if there is none, and now and then without any reason."""
        names = [*list(pool)[:1] * 3, *list(pool)[-6:]]
        return CHOICE.choice(names) if names and CHOICE.random() < 0.85 else None

    def keep(self, file):
        self.made[file.id] = file
        return file

    def make(self, kind):
        """A new file, or one that was made before."""
        known = [file for file in self.made.values() if file.kind == kind][-8:]
        if known and kind in self.rounds and CHOICE.random() < 0.25:
            return CHOICE.choice(known)
        if kind == "envelope":
            return self.keep(self.turn(kind, DESKS.envelopes()))
        return self.keep(self.turn(kind, [functools.partial(DESKS.new_draft, n) for n in (1, 4112, 70_000, 200_000)]))


def nearly(data):
    """Now and then near misses of good bytes."""
    if CHOICE.random() < 0.75 or not data:
        return data
    at = CHOICE.randrange(min(len(data), 6000))
    changed = data[:at] + bytes([data[at] ^ 1 << CHOICE.randrange(8)]) + data[at + 1:]
    return CHOICE.choice([data[:at], data + b"\0", changed, changed, data[:at] + data[at + 1:]])


def ask(method, path, **more):
    return SESSION.request(method, KNOWN["url"] + path, verify=KNOWN["roots"], timeout=20, **more)


def seed(entries):
    """A log with a full tile, drafts on the shelf and uploads on their way."""
    signed = {"auth": Signed(always=True)}
    charter = base64.b64decode(ask("GET", "/v1/charter").json()["charter"])
    envelope = ask("GET", f"/v1/messages/{KNOWN['message']}/envelope", **signed)
    DESKS.learn(charter, envelope.content, ask("GET", f"/v1/drafts/{KNOWN['draft']}", **signed).content)
    for _ in range(entries):
        ask("POST", "/v1/envelopes", data=DESKS.envelope(1).bytes).raise_for_status()
    # Of alpha's, 12 of the 16 uploads that a party may have.
    for size in (1, 70_000, 200_000, 200_000) * 3:
        draft, large = POOLS.keep(DESKS.new_draft(size)), POOLS.keep(DESKS.new_draft(200_000))
        envelope = POOLS.keep(DESKS.envelope(max(size, 4112)))
        for path, file in (("uploads", envelope), ("drafts", draft), ("drafts/uploads", large)):
            data = draft.bytes if file is draft else file.head
            ask("POST", f"/v1/{path}", data=data, **signed).raise_for_status()
        POOLS.drafts.append(draft.id)
        POOLS.uploads[envelope.id] = len(envelope.head)
        POOLS.draft_uploads[large.id] = len(large.head)


SESSION = requests.Session()
POOLS = Pools()
NOW = {}
if ENTRIES:
    seed(ENTRIES)
    schemathesis.auth.set_from_requests(Signed())


def part(case, pool, parameter):
    """A part of an upload: from where it stands, or from elsewhere, to the end, or not so far."""
    identifier = POOLS.draw(pool)
    if identifier is None:
        return
    file, offset = POOLS.made[identifier], pool[identifier]
    case.path_parameters[parameter] = identifier
    size = len(file.bytes)
    start, end = POOLS.turn(parameter, [lambda: (offset, offset + 100), lambda: (max(0, offset - 1), size)] + [
        lambda: (offset, offset + 65_536), lambda: (offset, size), lambda: (offset, offset + 65_536),
        lambda: (CHOICE.randrange(size), size), lambda: (offset, offset)])
    case.headers["Upload-Offset"] = str(start)
    case.body = nearly(file.bytes[start:end]) if parameter in POOLS.rounds else file.bytes[start:end]


def draft(case):
    """A draft on the shelf: often a new one, now and then one that was rejected."""
    if CHOICE.random() < 0.3:
        made = POOLS.keep(DESKS.new_draft(1))
        if ask("POST", "/v1/drafts", data=made.bytes, auth=Signed(always=True)).ok:
            POOLS.drafts.append(made.id)
    pool = POOLS.rejected if CHOICE.random() < 0.2 else POOLS.drafts
    case.path_parameters["draft"] = POOLS.draw(pool) or case.path_parameters["draft"]


def sign_draft(case):
    made = POOLS.made.get(case.path_parameters["draft"])
    statement = made.statement if made else b""
    case.body = nearly(DESKS.open_signature("alpha/deputy", statement)) if CHOICE.random() < 0.9 else bytes(300)


def body(name, kind, field):
    def fill(case):
        made = POOLS.make(kind)
        NOW[name] = made
        data = getattr(made, field)
        case.body = nearly(data) if kind in POOLS.rounds else data
    return fill


def statement(case):
    makers = DESKS.acts(CHOICE.choice(POOLS.messages[-4:]))
    case.body = POOLS.turn("acts", [*makers, lambda: bytes(48_001)])
    if "acts" in POOLS.rounds:
        case.body = nearly(case.body)


def verdict(case):
    case.body = POOLS.turn("verdicts", [*DESKS.verdicts(), lambda: bytes(8_193)])
    if "verdicts" in POOLS.rounds:
        case.body = nearly(case.body)


def note(case):
    case.body = CHOICE.choice([b"No.", b"Not like this.", b"", bytes(65_537)])


def path_of(parameter, pool):
    def fill(case):
        case.path_parameters[parameter] = POOLS.draw(pool()) or case.path_parameters[parameter]
    return fill


def tile(case):
    case.path_parameters.update({"index": "000", "level": 0} if "level" in case.path_parameters else {"index": "000"})
    if "width" in case.path_parameters:
        case.path_parameters["width"] = CHOICE.randrange(1, 256)


def consistency(case):
    case.query = {"from": CHOICE.randrange(1, 30), "to": CHOICE.randrange(25, 300)}


def party(case):
    case.path_parameters["party"] = CHOICE.choice(["alpha", "omega", "watch", case.path_parameters["party"]])


FILLS = {
    "submitEnvelope": [body("submitEnvelope", "envelope", "bytes")],
    "beginUpload": [body("beginUpload", "envelope", "head")],
    "putDraft": [body("putDraft", "draft", "bytes")],
    "beginDraftUpload": [body("beginDraftUpload", "draft", "head")],
    "submitStatement": [statement],
    "postVerdict": [verdict],
    "message": [path_of("message", lambda: POOLS.messages)],
    "envelope": [path_of("message", lambda: POOLS.messages)],
    "upload": [path_of("message", lambda: POOLS.uploads)],
    "draftUpload": [path_of("draft", lambda: POOLS.draft_uploads)],
    "continueUpload": [lambda case: part(case, POOLS.uploads, "message")],
    "continueDraftUpload": [lambda case: part(case, POOLS.draft_uploads, "draft")],
    "draft": [draft],
    "withdrawDraft": [draft],
    "draftRejection": [path_of("draft", lambda: POOLS.rejected)],
    "signDraft": [draft, sign_draft],
    "rejectDraft": [draft, note],
    "keys": [party],
    "consistency": [consistency],
    **dict.fromkeys(["tile", "partialTile", "entries", "partialEntries"], [tile]),
}


def name_of(case):
    return case.operation.definition.raw["operationId"]


@schemathesis.hook
def before_call(context, case, kwargs):
    """Puts what is there into most of the requests that are good by the document."""
    name = name_of(case)
    good = case.meta is not None and case.meta.generation.mode.is_positive
    if good and case.method.upper() == case.operation.method.upper():
        for fill in FILLS.get(name, []) if CHOICE.random() < 0.9 else []:
            fill(case)
        if "Content-Digest" in case.headers and CHOICE.random() < 0.9:
            data = case.body if isinstance(case.body, bytes) else case.body.data
            case.headers["Content-Digest"] = f"sha-256=:{base64.b64encode(hashlib.sha256(data).digest()).decode()}:"
    if name == "inbox" and str(case.query.get("wait", "0")) not in ("0", "1"):
        # With an arrival that is there already nothing is waited for.
        case.query["after"] = 0


@schemathesis.hook
def after_call(context, case, response):
    name, fields = name_of(case), {key.lower(): value[0] for key, value in response.headers.items()}
    problem = fields.get("content-type") == "application/problem+json" and response.content
    ANSWERS[f"{name} {response.status_code} {response.json()['code'] if problem else ''}".strip()] += 1
    if "upload-offset" in fields and "location" in fields:
        identifier = fields["location"].rsplit("/", 1)[1]
        if identifier in POOLS.made:
            pool = POOLS.draft_uploads if "/drafts/" in fields["location"] else POOLS.uploads
            pool[identifier] = int(fields["upload-offset"])
    if response.status_code == 200 and name == "putDraft":
        POOLS.drafts.append(response.json()["drafts"][0]["id"])
    if response.status_code == 200 and name == "submitEnvelope" and name in NOW:
        POOLS.messages.append(NOW[name].id)
    if response.status_code == 200 and name in ("withdrawDraft", "rejectDraft"):
        gone = response.json()["drafts"][0]["id"]
        POOLS.drafts = [known for known in POOLS.drafts if known != gone]
        POOLS.rejected += [gone] if name == "rejectDraft" else []


@schemathesis.hook
def filter_failure(context, failure, case, response):
    """200 of an upload that was begun before has no body, and so no media type: OpenAPI cannot say `or none`."""
    told = response.headers.get("upload-complete", [""])[0]
    names = ("MissingContentType", "MalformedJson")
    return not (type(failure).__name__ in names and told == "?0" and not response.content)


@atexit.register
def tell():
    pathlib.Path(os.environ["OPENAPI_ANSWERS"]).write_text(json.dumps(dict(sorted(ANSWERS.items())), indent=1) + "\n")
