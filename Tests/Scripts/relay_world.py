"""A relay, its desks and its auditor as processes, for scripts that harm it: what senders were promised is kept, and
the log is held against it. The world is made by scene.sh; BIN, WORLD, KEYS, PORT and DATA come from the environment."""
import base64
import collections
import hashlib
import http.client
import json
import os
import pathlib
import random
import signal
import socket
import subprocess
import threading
import time

BIN, WORLD, KEYS, DATA = (pathlib.Path(os.environ[name]) for name in ("BIN", "WORLD", "KEYS", "DATA"))
PORT = int(os.environ["PORT"])
PASSPHRASE = ["--passphrase-file", str(WORLD / "passphrase")]


# What must not outlive the script.
STARTED = []


class Broken(Exception):
    """What was promised and did not hold."""


def run(*command, timeout=60):
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=timeout,
                          stdin=subprocess.DEVNULL)


def until(holds, what, seconds=30, pause=0.1):
    """Waits for a condition; its value."""
    deadline = time.monotonic() + seconds
    while True:
        value = holds()
        if value:
            return value
        if time.monotonic() > deadline:
            raise Broken(f"not within {seconds} s: {what() if callable(what) else what}")
        time.sleep(pause)


class Relay:
    """The relay as an operator runs it."""

    def __init__(self, *options, port=PORT):
        self.options, self.port, self.process = options, port, None
        self.log = WORLD / "relay.log"
        self.log.touch()

    def start(self, *options, environment=None, wait=True):
        """Through env(1): libfaketime changes its process's environment, after which a Swift program that it was loaded
        into does not find its arguments; in the second program of a process it finds it changed already."""
        self.since = self.log.stat().st_size
        self.process = subprocess.Popen(
            ["env", BIN / "valise-relay", "serve", "--data", DATA, "--keys", KEYS / "relay", "--port", str(self.port),
             "--health-port", "0", *self.options, *options],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=self.log.open("ab"),
            env={**os.environ, **(environment or {})})
        STARTED.append(self.process)
        if wait:
            until(lambda: self.listens() or self.process.poll() is not None, "the relay listens")
            if self.process.poll() is not None:
                raise Broken(f"the relay did not start ({self.process.returncode}): {self.said()[-600:]}")

    def listens(self):
        with socket.socket() as probe:
            probe.settimeout(1)
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def said(self):
        """What its log says since its start."""
        with self.log.open("rb") as log:
            log.seek(self.since)
            return log.read().decode(errors="replace")

    def tell(self, number):
        self.process.send_signal(number)

    def end(self, number=signal.SIGTERM, seconds=40):
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.send_signal(number)
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                self.process = None
                raise Broken(f"the relay did not end within {seconds} s")
        status, self.process = self.process.returncode, None
        return status

    def readiness(self):
        """The document of /readyz; None when nobody answers."""
        try:
            port = int((DATA / "health-port").read_text())
            asked = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            asked.request("GET", "/readyz?format=json")
            return json.loads(asked.getresponse().read())
        except (OSError, ValueError, http.client.HTTPException):
            return None

    def is_ready(self):
        document = self.readiness()
        return document is not None and document["ready"]

    def names(self, check, text=""):
        """The sentence with which /readyz fails in a check; None if it does not, or does not hold the text."""
        for found in (self.readiness() or {"checks": []})["checks"]:
            if found["name"] == check and found["state"] == "fail" and text in found["sentence"]:
                return found["sentence"]
        return None

    def resident(self):
        """Its resident memory in KiB."""
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
        raise Broken("the relay has no resident memory")


class Desk:
    def __init__(self, name):
        self.name, self.home = name, WORLD / "parties" / name

    def __call__(self, *command, timeout=90):
        """The JSON document of a command, its error's document, and its exit code."""
        done = run(BIN / "valise", *command, "--home", self.home, "--json", timeout=timeout)
        return self.document(done.stdout), self.document(done.stderr), done.returncode

    @staticmethod
    def document(text):
        for line in text.splitlines():
            if line.startswith("{"):
                return json.loads(line)
        return None


class Promises:
    """What desks were told: a message and its entry, or that it is kept and will be sent."""

    def __init__(self):
        self.lock = threading.Lock()
        self.accepted, self.kept, self.reasons, self.broken = {}, set(), {}, []

    def take(self, document, error):
        with self.lock:
            if document is None:
                code = (error or {"code": "no-document"})["code"]
                self.reasons[code] = self.reasons.get(code, 0) + 1
                return
            message = document["message"]
            if document["state"] == "accepted":
                self.note(message, document["entry"])
            else:
                self.kept.add(message)
                self.reasons[document["reason"]] = self.reasons.get(document["reason"], 0) + 1

    def note(self, message, entry):
        if self.accepted.setdefault(message, entry) != entry:
            self.broken.append(f"{message} was accepted as entry {self.accepted[message]} and as {entry}")
        self.kept.discard(message)

    def count(self):
        with self.lock:
            return len(self.accepted)


class Senders:
    """Desks that send for as long as they are let."""

    def __init__(self, promises, pairs, seed, sizes=(200, 3_000, 40_000, 400_000)):
        self.promises, self.pairs, self.sizes, self.seed = promises, pairs, sizes, seed
        self.stopping = threading.Event()

    def __enter__(self):
        self.threads = [threading.Thread(target=self.work, args=(number, *pair), daemon=True)
                        for number, pair in enumerate(self.pairs)]
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        for thread in self.threads:
            thread.join(100)
            if thread.is_alive():
                raise Broken("a sender does not come to an end")

    def work(self, number, sender, recipient):
        draw, desk = random.Random(self.seed * 31 + number), Desk(sender)
        text = WORLD / f"text-{number}-{sender}"
        while not self.stopping.is_set():
            size = draw.choice(self.sizes)
            text.write_bytes(base64.b64encode(draw.randbytes(size * 3 // 4)))
            try:
                document, error, _ = desk("send", "--to", recipient, "--subject", f"letter {size}", text)
            except subprocess.TimeoutExpired:
                self.promises.broken.append(f"a send of {sender} did not come to an end")
                return
            self.promises.take(document, error)
            if document is None or document["state"] != "accepted":
                self.stopping.wait(0.3)


def flush(promises, desks, seconds=40):
    """Every desk hands over what it kept, until nothing is left."""
    left = []

    def empty():
        left.clear()
        for desk in desks:
            document, error, _ = desk("outbox", "flush")
            if document is None:
                left.append((error or {"code": "no-document"})["code"])
                continue
            for message in document["messages"]:
                if message["state"] == "accepted":
                    promises.note(message["message"], message["entry"])
                else:
                    left.append(message["reason"])
        return not left
    until(empty, lambda: f"the outboxes are empty: {collections.Counter(left)}", seconds)


def length(data, at):
    """Of a DER element: where its content begins, and where it ends."""
    first = data[at + 1]
    if first < 0x80:
        return at + 2, at + 2 + first
    count = first & 0x7f
    begin = at + 2 + count
    return begin, begin + int.from_bytes(data[at + 2:begin], "big")


def children(data, begin, end):
    while begin < end:
        content, after = length(data, begin)
        yield begin, content, after
        begin = after


def statement(entry):
    """The identifier of an entry's statement, its party, and its nonce if it is a submission; None for the charter."""
    begin, end = length(entry, 0)
    *_, (body, inside, _) = children(entry, begin, end)
    if entry[body] & 0x1f != 2:
        return None
    begin, end = length(entry, inside)
    at, content, after = next(children(entry, begin, end))
    label = b"valise/v1/statement-id"
    digest = hashlib.sha256(bytes([len(label)]) + label + entry[at:after]).digest()
    fields = list(children(entry, content, after))
    party, (act, act_content, _) = fields[2], fields[7]
    nonce = None
    if entry[act] & 0x1f == 0:
        _, first, last = next(children(entry, act_content, after))
        nonce = entry[first:last]
    return base64.b32encode(digest).decode().rstrip("=").lower(), entry[party[1]:party[2]], nonce


class Auditor:
    """Mirrors and verifies the log, and reads the copy by itself."""

    def __init__(self):
        self.home, self.mirror = WORLD / "parties/oversight-committee", WORLD / "mirror"
        self.charter = WORLD / "charter.signed"

    def look(self):
        """What is wrong with the log; its entries."""
        done = run(BIN / "valise-audit", "mirror", "--charter", self.charter, "--out", self.mirror, "--home", self.home,
                   *PASSPHRASE, "--json")
        if done.returncode != 0:
            return [f"mirror: {done.stderr.strip()}"], []
        done = run(BIN / "valise-audit", "verify", "--charter", self.charter, "--mirror", self.mirror, "--json",
                   timeout=120)
        document = Desk.document(done.stdout)
        if document is None:
            return [f"verify: {done.stderr.strip()}"], []
        return [finding["message"] for finding in document["findings"]], self.entries(document["size"])

    def entries(self, size):
        found = []
        for number in range((size + 255) // 256):
            name = f"tile/entries/{number:03}"
            if size - number * 256 < 256:
                name += f".p/{size - number * 256}"
            data, at = (self.mirror / name).read_bytes(), 0
            while at < len(data):
                end = at + 2 + int.from_bytes(data[at:at + 2], "big")
                found.append(data[at + 2:end])
                at = end
        return found


def hold(promises, auditor):
    """What was promised against the log as an auditor has it.

    Returns (entries, what is wrong): lost and doubled statements, and the auditor's findings."""
    wrong, entries = auditor.look()
    wrong = wrong + promises.broken
    found = [statement(entry) for entry in entries]
    seen, nonces = {}, set()
    for index, item in enumerate(found):
        if item is None:
            continue
        name, party, nonce = item
        if name in seen:
            wrong.append(f"doubled: {name} is entry {seen[name]} and {index}")
        seen[name] = index
        if nonce is not None and (party, nonce) in nonces:
            wrong.append(f"doubled: the message of entry {index} is there already")
        nonces.add((party, nonce))
    for message, entry in promises.accepted.items():
        if seen.get(message) != entry:
            wrong.append(f"lost: {message} was accepted as entry {entry}, and is at {seen.get(message)}")
    for message in promises.kept - set(promises.accepted) - set(seen):
        wrong.append(f"lost: {message} was kept, and did not come into the log")
    return len(entries), wrong
