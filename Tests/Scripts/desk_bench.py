"""The measuring part of desk-bench.sh: medians of whole commands, and the peak memory of a large attachment's way."""

import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

BIN = os.environ["BIN"]
WORLD = pathlib.Path(os.environ["WORLD"])
LIMIT_MS = 150
LIMIT_MIB = 100


def run(party, *arguments, text=None):
    """Runs valise at a party's desk; returns standard output, milliseconds and peak MiB."""
    environment = {**os.environ, "VALISE_HOME": str(WORLD / "parties" / party)}
    begin = time.perf_counter()
    process = subprocess.Popen(
        [BIN + "/valise", *arguments], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE)
    if text is not None:
        process.stdin.write(text)
    process.stdin.close()
    output, errors = process.stdout.read(), process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    taken = (time.perf_counter() - begin) * 1000
    if status != 0:
        sys.exit(f"valise {' '.join(arguments)} failed: {errors.decode()}{output.decode()}")
    return output, taken, usage.ru_maxrss / 1024


def median(party, *arguments, times=11):
    taken = [run(party, *arguments)[1] for _ in range(times)][1:]
    return statistics.median(taken), max(taken)


def commands():
    listed = json.loads(run("lebanon-speaker", "inbox", "--json")[0])
    message = listed["arrivals"][0]["message"]
    run("lebanon-speaker", "read", message)
    yield "floor (--version)", ["--version"]
    yield "inbox", ["inbox"]
    yield "read, again", ["read", message]
    yield "track", ["track", message]
    yield "list --received", ["list", "--received"]
    yield "list --sent", ["list", "--sent"]
    yield "search, a common word", ["search", "ceasefire"]
    yield "search, Arabic", ["search", "الحدود"]
    yield "search, nothing found", ["search", "zebra"]
    yield "thread", ["thread", message]
    yield "outbox", ["outbox"]
    yield "parties", ["parties"]
    yield "status", ["status"]


def relay_peak():
    for line in pathlib.Path(f"/proc/{os.environ['RELAY_PID']}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0.0


def attachment():
    size = int(os.environ["MEBIBYTES"])
    source = WORLD / "large.bin"
    with open(source, "wb") as file:
        for _ in range(size):
            file.write(os.urandom(1 << 20))
    output, sent, sender = run(
        "us-envoy", "send", "--to", "hezbollah", "--subject", "large", "--attach", str(source), "--json")
    message = json.loads(output)["message"]
    run("lebanon-speaker", "convey", message)
    folder = WORLD / "saved"
    _, read, reader = run("hezbollah", "read", message, "--save", str(folder))
    same = subprocess.run(["cmp", source, folder / "large.bin"], check=False).returncode == 0
    print(f"attachment of {size} MiB  sent in {sent / 1000:.1f} s, read in {read / 1000:.1f} s, "
          f"{'identical' if same else 'DIFFERENT'}")
    peaks = {"sender": sender, "recipient": reader, "relay": relay_peak()}
    for name, peak in peaks.items():
        print(f"  peak memory of {name:10} {peak:6.1f} MiB")
    return same and all(peak < LIMIT_MIB for peak in peaks.values())


def main():
    slow = []
    for name, arguments in commands():
        middle, most = median("lebanon-speaker", *arguments)
        print(f"{name:24} median {middle:4.0f} ms, max {most:4.0f} ms")
        if middle > LIMIT_MS:
            slow.append(name)
    good = attachment()
    if slow:
        print(f"over {LIMIT_MS} ms: {', '.join(slow)}")
    sys.exit(0 if good and not slow else 1)


main()
