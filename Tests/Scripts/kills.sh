#!/usr/bin/env bash
# Kills the relay under load KILLS times (20 by default) and looks for what it lost or doubled. SEED repeats a run. KEEP
# names a new folder for the mirrored log and its verifier key. Needs the debug build.
set -euo pipefail
cd "$(dirname "$0")/../.."

BIN=$(swift build --show-bin-path)
[ -x "$BIN/valise-bench" ] && [ -x "$BIN/valise-relay" ] || swift build
PORT=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
exec "$BIN/valise-bench" kills --kills "${KILLS:-20}" --port "$PORT" ${SEED:+--seed "$SEED"} \
    ${RELAY:+--program "$RELAY"} ${KEEP:+--keep "$KEEP"}
