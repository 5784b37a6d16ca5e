#!/usr/bin/env python3
"""A witness under load and SIGKILL: witness_rounds.py VALISE-AUDIT PLACE KILLS [SEED].

The log is made here, by openssl's Ed25519 and a Merkle tree of this file's own. After each kill the witness is started
again, and must hold a checkpoint that is not older than the newest that it has answered with, of the one history; one
kill in three starts it twice more. Clocks are not moved here: the tests of the room do that."""
import atexit
import base64
import hashlib
import http.client
import json
import pathlib
import random
import socket
import subprocess
import sys
import threading
import time

AUDIT, PLACE, KILLS = sys.argv[1], pathlib.Path(sys.argv[2]), int(sys.argv[3])
SEED = int(sys.argv[4]) if len(sys.argv) > 4 else random.randrange(1 << 32)
random.seed(SEED)
ORIGIN = "log.example/rounds"


def fail(what):
    sys.exit(f"seed {SEED}: {what}")


def sha256(data):
    return hashlib.sha256(data).digest()


def root(leaves):
    if len(leaves) < 2:
        return leaves[0] if leaves else sha256(b"")
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return sha256(b"\1" + root(leaves[:split]) + root(leaves[split:]))


def consistency(old, leaves, known=True):
    """RFC 6962 section 2.1.2, as it is written there."""
    if old == len(leaves):
        return [] if known else [root(leaves)]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    if old <= split:
        return consistency(old, leaves[:split], known) + [root(leaves[split:])]
    return consistency(old - split, leaves[split:], False) + [root(leaves[:split])]


class Log:
    def __init__(self):
        self.pem = PLACE / "log.pem"
        subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", self.pem], check=True)
        der = subprocess.run(["openssl", "pkey", "-in", self.pem, "-pubout", "-outform", "DER"], check=True,
                             capture_output=True).stdout
        material = b"\1" + der[-32:]
        self.id = sha256(ORIGIN.encode() + b"\n" + material)[:4]
        self.key = f"{ORIGIN}+{self.id.hex()}+{base64.b64encode(material).decode()}"
        self.leaves = [sha256(b"\0" + str(n).encode()) for n in range(400)]
        self.notes = {}

    def text(self, size):
        return f"{ORIGIN}\n{size}\n{base64.b64encode(root(self.leaves[:size])).decode()}\n".encode()

    def note(self, size):
        if size not in self.notes:
            message = PLACE / "message"
            message.write_bytes(self.text(size))
            signature = subprocess.run(["openssl", "pkeyutl", "-sign", "-rawin", "-inkey", self.pem, "-in", message],
                                       check=True, capture_output=True).stdout
            line = base64.b64encode(self.id + signature).decode()
            self.notes[size] = self.text(size) + f"\n— {ORIGIN} {line}\n".encode()
        return self.notes[size]

    def request(self, old, new):
        proof = consistency(old, self.leaves[:new]) if 0 < old < new else []
        lines = b"".join(base64.b64encode(hash) + b"\n" for hash in proof)
        return f"old {old}\n".encode() + lines + b"\n" + self.note(new)


class Witness:
    def __init__(self, log):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.command = [AUDIT, "witness", "serve", "--data", PLACE / "data", "--keys", PLACE / "keys", "--log", log.key,
                        "--port", str(self.port), "--log-level", "warning"]
        self.errors = (PLACE / "witness.log").open("ab")
        self.process = None
        atexit.register(self.kill)

    def start(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.DEVNULL, stderr=self.errors)
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and self.process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.02)
        fail(f"the witness did not start: {(PLACE / 'witness.log').read_text()[-600:]}")

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def send(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, path, body=body)
            answer = connection.getresponse()
            return answer.status, answer.getheader("content-type"), answer.read()
        finally:
            connection.close()

    def shown(self):
        return self.send("GET", f"/{sha256(ORIGIN.encode()).hex()}/checkpoint")


def cosigned(note, text, vkey):
    """The time of the witness's line, once openssl has verified it."""
    name, id, material = vkey.split("+", 2)
    line = next(line for line in note.decode().split("\n") if line.startswith(f"— {name} "))
    payload = base64.b64decode(line.split(" ")[2])
    if payload[:4].hex() != id or len(payload) != 76:
        fail("a cosignature of another form")
    time_of = int.from_bytes(payload[4:12], "big")
    key = bytes.fromhex("302a300506032b6570032100") + base64.b64decode(material)[1:]
    (PLACE / "witness.der").write_bytes(key)
    (PLACE / "signature").write_bytes(payload[12:])
    (PLACE / "signed").write_bytes(f"cosignature/v1\ntime {time_of}\n".encode() + text)
    verified = subprocess.run(["openssl", "pkeyutl", "-verify", "-rawin", "-pubin", "-keyform", "DER", "-inkey",
                               PLACE / "witness.der", "-sigfile", PLACE / "signature", "-in", PLACE / "signed"],
                              capture_output=True)
    if verified.returncode != 0:
        fail("openssl does not accept a cosignature")
    return time_of


def load(log, witness, state):
    """Asks for ever larger trees until the witness is gone; keeps what was answered."""
    try:
        while True:
            size = min(len(log.leaves), state["known"] + random.randint(0, 3))
            status, kind, body = witness.send("POST", "/add-checkpoint", log.request(state["known"], size))
            if status == 409 and kind == "text/x.tlog.size":
                state["known"] = int(body)
            elif status == 200:
                state["known"] = state["answered"] = size
                state["lines"].append((size, body))
            else:
                state["odd"] = (status, body)
                return
    except (OSError, http.client.HTTPException):
        return


log = Log()
for size in range(0, 160):
    log.note(size)
vkey = (PLACE / "keys" / "witness.vkey").read_text().strip()
witness = Witness(log)
witness.start()
state = {"known": 0, "answered": 0, "lines": [], "odd": None}
times = 0
second = subprocess.run(witness.command, capture_output=True, text=True, timeout=30)
if second.returncode != 1 or "data-directory-in-use" not in second.stderr:
    fail(f"a second witness on the data directory: {second.stderr}")
for kill in range(KILLS):
    thread = threading.Thread(target=load, args=(log, witness, state))
    thread.start()
    time.sleep(random.uniform(0.1, 1.6))
    witness.kill()
    thread.join()
    if state["odd"]:
        fail(f"an answer of another kind: {state['odd']}")
    for _ in range(3 if kill % 3 == 0 else 1):
        witness.start()
        status, _, note = witness.shown()
        if state["answered"] == 0 and status == 404:
            pass
        elif status != 200:
            fail(f"nothing is shown after kill {kill}: {status}")
        else:
            text = note[:note.rindex(b"\n\n") + 1]
            size = int(text.split(b"\n")[1])
            if size < state["answered"] or text != log.text(size):
                fail(f"after kill {kill} it holds {size}, and answered {state['answered']} before")
            now = cosigned(note, text, vkey)
            if now < times:
                fail("a cosignature's time went back")
            times = now
        if kill % 3 == 0:
            witness.kill()
    if kill % 3 == 0:
        witness.start()
for size, body in state["lines"]:
    cosigned(body, log.text(size), vkey)
witness.process.terminate()
if witness.process.wait(timeout=30) != 0:
    fail("it did not stop as asked")
if len(state["lines"]) < KILLS // 2:
    fail(f"only {len(state['lines'])} cosignatures in {KILLS} rounds")
left = [path.name for path in (PLACE / "data" / "logs").iterdir()]
if left != [sha256(ORIGIN.encode()).hex()]:
    fail(f"left behind: {left}")
print(f"{KILLS} kills, {len(state['lines'])} cosignatures, none lost, one history (seed {SEED})")
