#!/usr/bin/env python3
"""Our witness and our client against another project's client and witness (PyPI aics-witness): interop.py BIN PLACE.

BIN holds valise-audit, PLACE is an empty folder; what our witness cosigned stays in PLACE/cosigned, with PLACE/log-key
and PLACE/witness-key, for other verifiers. The log is made by the other project, too. Needs aics-witness beside this
interpreter."""
import hashlib
import http.client
import json
import pathlib
import shutil
import socket
import subprocess
import sys
import time

from aics_tlog import Checkpoint, MerkleTree, format_vkey, parse_note
from aics_tlog import parse_vkey, sign_checkpoint, verify_checkpoint, vkey_from_ed25519
from aics_witness.feeder import FeederError, WitnessAhead, WitnessClient, merge_cosignatures
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

BIN, PLACE = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
AUDIT = str(BIN / "valise-audit")
AICS = str(pathlib.Path(sys.executable).parent / "aics-witness")
ORIGIN = "log.example/foreign"
checks = 0


def check(holds, what):
    global checks
    if not holds:
        sys.exit(f"interop: {what}")
    checks += 1


class Log:
    """A log of the other project: 300 entries, any size of it, and a fork."""

    def __init__(self):
        self.private = Ed25519PrivateKey.generate()
        self.key = vkey_from_ed25519(ORIGIN, self.private.public_key())
        self.entries = [f"entry {n}".encode() for n in range(300)]
        self.tree = MerkleTree(self.entries)
        self.fork = MerkleTree(self.entries[:100] + [b"another"] * 200)

    def note(self, size, tree=None):
        point = Checkpoint(origin=ORIGIN, size=size, root=(tree or self.tree).root(size))
        return sign_checkpoint(point, self.private, ORIGIN).to_bytes()

    def mirror(self, folder, size, tree=None):
        """A copy in tlog-tiles layout."""
        entries = self.entries if tree is None else self.entries[:100] + [b"another"] * 200
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        leaves = folder.parent / "leaves"
        leaves.write_bytes(b"".join(entry + b"\n" for entry in entries[:size]))
        subprocess.run([str(pathlib.Path(sys.executable).parent / "aics-tlog"), "build-tiles", "--leaves", leaves,
                        "--out", folder], check=True, capture_output=True)
        (folder / "checkpoint").write_bytes(self.note(size, tree))
        return folder


def free_port():
    probe = socket.socket()
    probe.bind(("127.0.0.1", 0))
    return probe.getsockname()[1]


def start(command, port):
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if process.poll() is not None:
            sys.exit(f"interop: {command[0]} ended: {process.stderr.read().decode()[-400:]}")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return process
        time.sleep(0.05)
    sys.exit(f"interop: {command[0]} does not listen")


def stop(process):
    process.terminate()
    process.communicate(timeout=30)


def our_client(log):
    """valise-audit witness ask, against aics-witness."""
    place, port = PLACE / "theirs", free_port()
    place.mkdir()
    config = str(place / "witness.json")
    subprocess.run([AICS, "init", "-c", config, "--name", "witness.example/theirs", "--listen", f"127.0.0.1:{port}",
                    "--db", "witness.db", "--key-file", "witness.key"], check=True, capture_output=True)
    subprocess.run([AICS, "add-log", "-c", config, "--origin", ORIGIN, "--vkey", format_vkey(log.key)], check=True,
                   capture_output=True)
    status = subprocess.run([AICS, "status", "-c", config], check=True, capture_output=True, text=True).stdout
    vkey = next(word for word in status.split() if word.startswith("witness.example/theirs+"))
    process = start([AICS, "serve", "-c", config], port)

    def ask(size, tree=None, key=None):
        mirror = log.mirror(PLACE / "mirror", size, tree)
        return subprocess.run(
            [AUDIT, "witness", "ask", "--mirror", mirror, "--log", key or format_vkey(log.key), "--witness", vkey,
             "--url", f"http://127.0.0.1:{port}/", "--out", PLACE / "asked", "--json"], capture_output=True, text=True)

    try:
        last = 0
        for size in (3, 40, 40, 256, 300):
            time.sleep(1.1 - time.time() % 1)  # the other witness cosigns one tree a second
            result = ask(size)
            check(result.returncode == 0, f"asked at {size}: {result.stderr}")
            answer = json.loads(result.stdout)
            told = answer["witnesses"][0]
            check(answer["size"] == size and told["state"] == "cosigned", f"asked at {size}: {answer}")
            verified = verify_checkpoint(
                parse_note((PLACE / "asked").read_bytes()), log.key, witness_keys=[parse_vkey(vkey)], quorum=1,
                expected_origin=ORIGIN)
            check(verified.ok, f"the checkpoint of {size} entries: {verified}")
            check(told["cosignedAt"] >= last, "a cosignature's time went back")
            last = told["cosignedAt"]
        for size, tree, code in ((300, log.fork, "witness-knows-other-root"), (290, None, "witness-knows-larger-tree")):
            result = ask(size, tree)
            check(result.returncode == 2 and code in result.stderr, f"expected {code}: {result.stderr}")
        other = Ed25519PrivateKey.generate()
        stranger = Log()
        stranger.private, stranger.key = other, vkey_from_ed25519(ORIGIN, other.public_key())
        mirror = stranger.mirror(PLACE / "mirror", 300)
        result = subprocess.run(
            [AUDIT, "witness", "ask", "--mirror", mirror, "--log", format_vkey(stranger.key), "--witness", vkey,
             "--url", f"http://127.0.0.1:{port}"], capture_output=True, text=True)
        check(result.returncode == 5 and "403" in result.stdout, f"a foreign key: {result.stdout}{result.stderr}")
    finally:
        stop(process)
    result = ask(300)
    check(result.returncode == 5 and '"away"' in result.stdout, f"a witness that is away: {result.stdout}")


def raw(port, body):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("POST", "/add-checkpoint", body=body)
    answer = connection.getresponse()
    result = (answer.status, answer.getheader("content-type"), answer.read())
    connection.close()
    return result


def our_witness(log, generation):
    """aics-witness's client, against valise-audit witness serve."""
    place, port = PLACE / f"ours-{generation}", free_port()
    place.mkdir()
    made = subprocess.run([AUDIT, "witness", "keys", "new", "--out", place / "keys", "--name", "witness.example/ours",
                           "--json"], check=True, capture_output=True, text=True)
    vkey = json.loads(made.stdout)["verifierKey"]
    command = [AUDIT, "witness", "serve", "--data", place / "data", "--keys", place / "keys", "--log",
               format_vkey(log.key), "--port", str(port), "--status-codes", generation]
    process = start(command, port)
    client = WitnessClient(f"http://127.0.0.1:{port}", vkey, state_path=place / "client.json")
    try:
        for size in (1, 2, 7, 256, 299):
            note = merge_cosignatures(log.note(size), client.submit(log.note(size), log.tree.consistency_proof))
            verified = verify_checkpoint(parse_note(note), log.key, witness_keys=[parse_vkey(vkey)], quorum=1,
                                         expected_origin=ORIGIN)
            check(verified.ok, f"what our witness cosigned at {size}: {verified}")
        client.close()
        process.kill()
        process.communicate()
        process = start(command, port)
        # A client that remembers nothing learns the size.
        fresh = WitnessClient(f"http://127.0.0.1:{port}", vkey)
        fresh.submit(log.note(300), log.tree.consistency_proof)
        check(fresh.known_sizes[ORIGIN] == 300, "the size was not learnt")
        for size, tree, error in ((300, log.fork, FeederError), (298, log.tree, WitnessAhead)):
            try:
                fresh.submit(log.note(size, tree), tree.consistency_proof)
                sys.exit(f"interop: {size} entries of another history were cosigned")
            except error as refusal:
                check(size == 298 or "409" in str(refusal) or "422" in str(refusal), f"{refusal}")
        fork = raw(port, b"old 300\n\n" + log.note(300, log.fork))
        check(fork[:2] == ((409 if generation == "1.0" else 422), "text/plain; charset=utf-8"), f"a fork: {fork}")
        check(raw(port, b"old 0\n\n" + log.note(300)) == (409, "text/x.tlog.size", b"300\n"), "a conflict")
        check(raw(port, b"old 300\n\n" + log.note(300))[0] == 200, "the same again")
        check(raw(port, b"hello\n")[0] == 400, "nonsense")
        stranger = sign_checkpoint(Checkpoint("log.example/else", 0, MerkleTree().root()), log.private,
                                   "log.example/else").to_bytes()
        check(raw(port, b"old 0\n\n" + stranger)[0] == 404, "an unknown log")
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        connection.request("GET", f"/{hashlib.sha256(ORIGIN.encode()).hexdigest()}/checkpoint")
        answer = connection.getresponse()
        shown = answer.read()
        check(answer.status == 200 and parse_note(shown).text == parse_note(log.note(300)).text, "what is shown")
        (PLACE / "cosigned").write_bytes(shown)
        (PLACE / "log-key").write_text(format_vkey(log.key))
        (PLACE / "witness-key").write_text(vkey)
        evidence = list((place / "data" / "evidence").iterdir())
        check(len(evidence) == 1 and parse_note(evidence[0].read_bytes()).text == parse_note(
            log.note(300, log.fork)).text, "the fork was not kept")
    finally:
        stop(process)


log = Log()
our_client(log)
for generation in ("1.0", "1.1"):
    our_witness(log, generation)
print(f"interop: {checks} checks with aics-witness hold, both ways")
