#!/usr/bin/env bash
# Times `valise inbox` with 20 waiting messages against a local relay, keys unlocked, beside the floor of the same
# program (`valise --version`). BIN is the folder of the programs; by default the release build.
set -euo pipefail
cd "$(dirname "$0")/../.."
BIN=${BIN:-$(swift build -c release --show-bin-path)}
# shellcheck source=Tests/Scripts/scene.sh
source Tests/Scripts/scene.sh
bench_world
for name in us-envoy lebanon-speaker; do with_passphrase "$name" unlock --for 15m >/dev/null; done
for number in $(seq 20); do
    echo "message $number" | party us-envoy send --to lebanon-speaker --subject "Number $number" - >/dev/null 2>&1
done
VALISE_HOME=$WORLD/parties/lebanon-speaker python3 - "$BIN/valise" <<'PY'
import statistics
import subprocess
import sys
import time

program = sys.argv[1]


def measure(arguments):
    times = []
    for _ in range(21):
        start = time.perf_counter()
        done = subprocess.run([program, *arguments], capture_output=True, check=True)
        times.append((time.perf_counter() - start) * 1000)
    return done.stdout, times[1:]


_, floor = measure(["--version"])
output, inbox = measure(["inbox"])
lines = len(output.splitlines()) - 1  # without the header
print(f"floor (--version)  median {statistics.median(floor):.0f} ms")
print(f"inbox, {lines} messages  median {statistics.median(inbox):.0f} ms, max {max(inbox):.0f} ms")
sys.exit(0 if lines == 20 else 1)
PY
