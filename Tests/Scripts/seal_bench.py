#!/usr/bin/env python3
"""The runs of seal-bench.sh: each tool in turn, RUNS times, the output removed before each; prints medians.

Exits 1 if a tool failed, if its output is shorter than the file, or if `valise seal` is not ahead of gpg and openssl.
"""
import os
import resource
import statistics
import subprocess
import sys
import time

WORLD = os.environ["WORLD"]
BIN = os.environ["BIN"]
RUNS = int(os.environ["RUNS"])
FILE = f"{WORLD}/file"
OUT = f"{WORLD}/out"
GPG = (
    f"gpg --batch --quiet --yes --no-tty --trust-model always -u sender -r recipient --sign --encrypt"
    f" -o {OUT}"
)
with open(f"{WORLD}/age.public", encoding="ascii") as public:
    AGE = public.read().split()[-1]

TOOLS = {
    "valise seal": f"{BIN}/valise seal --to lebanon-speaker --direct --subject Bench --attach {FILE} -o {OUT}",
    "gpg": f"{GPG} {FILE}",
    "gpg -z 0": f"{GPG} -z 0 {FILE}",
    "openssl cms": (
        f"openssl cms -sign -binary -nodetach -stream -outform DER -md sha256 -signer {WORLD}/sender.pem"
        f" -inkey {WORLD}/sender.key -in {FILE} | openssl cms -encrypt -binary -stream -aes256 -outform DER"
        f" -out {OUT} {WORLD}/recipient.pem"
    ),
    "age + minisign": f"age -r {AGE} -o {OUT} {FILE} && minisign -S -H -s {WORLD}/minisign.key -m {OUT}",
}


def run(command):
    environment = dict(os.environ, VALISE_HOME=f"{WORLD}/parties/us-envoy", GNUPGHOME=f"{WORLD}/gnupg")
    for path in (OUT, f"{OUT}.minisig"):
        if os.path.exists(path):
            os.unlink(path)
    start = time.perf_counter()
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command], env=environment, stdin=subprocess.DEVNULL, capture_output=True
    )
    taken = (time.perf_counter() - start) * 1000
    if done.returncode != 0 or os.path.getsize(OUT) < os.path.getsize(FILE):
        sys.exit(f"failed ({done.returncode}): {command}\n{done.stderr.decode(errors='replace')}")
    return taken


def main():
    with open(FILE, "rb") as file:
        while file.read(1 << 20):
            pass
    for command in TOOLS.values():
        run(command)
    times = {name: [] for name in TOOLS}
    for _ in range(RUNS):
        for name, command in TOOLS.items():
            times[name].append(run(command))
    size = os.path.getsize(FILE) / 1048576
    medians = {name: statistics.median(values) for name, values in times.items()}
    for name, values in times.items():
        print(f"{name:15} median {medians[name]:6.0f} ms   {min(values):6.0f} to {max(values):6.0f} ms"
              f"   {size / medians[name] * 1000:6.0f} MiB/s")
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"peak memory of any of these processes: {peak:.0f} MiB")
    behind = [name for name in ("gpg", "gpg -z 0", "openssl cms") if medians[name] <= medians["valise seal"]]
    sys.exit(f"valise seal is behind {', '.join(behind)}" if behind else 0)


main()
