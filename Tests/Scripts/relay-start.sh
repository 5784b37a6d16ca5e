#!/usr/bin/env bash
# A second relay on the data directory, and one on a port in use: each is refused with its code and a next step, and
# the first one goes on. Needs the debug build.
set -euo pipefail
cd "$(dirname "$0")/../.."

BIN=$(swift build --show-bin-path)
WORLD=$(mktemp -d)
KEYS=$WORLD/keys
source Tests/Scripts/scene.sh
trap 'stop_relay; rm -rf "$WORLD"' EXIT

make_keys
make_charter
init_relay
start_relay

# refused NAME CODE HINT ARG...: valise-relay serve ARG... must end with this code and hint.
refused() {
    local name=$1 code=$2 hint=$3 out=$WORLD/refused
    shift 3
    if timeout 60 "$BIN/valise-relay" serve --keys "$KEYS/relay" "$@" >/dev/null 2>"$out"; then
        echo "$name: it started" >&2
        return 1
    fi
    grep -qF "[$code]" "$out" && grep -qF "$hint" "$out" || {
        echo "$name: expected [$code] and \"$hint\", and saw:" >&2
        cat "$out" >&2
        return 1
    }
    echo "$name: refused as $code"
}

refused "a second relay on the data directory" data-directory-in-use "stop the other process first" \
    --data "$WORLD/relay" --port "$(free_port)"
"$BIN/valise-relay" init --charter "$WORLD/charter.signed" --data "$WORLD/other" --keys "$KEYS/relay" >/dev/null 2>&1
refused "a relay on a port in use" port-in-use "choose another --port" --data "$WORLD/other" --port "$PORT"
refused "a relay without a log" no-log "valise-relay init" --data "$(mktemp -d -p "$WORLD")" --port "$(free_port)"
if "$BIN/valise-relay" init --charter "$WORLD/charter.signed" --data "$WORLD/relay" --keys "$KEYS/relay" \
    >/dev/null 2>"$WORLD/refused"; then
    echo "a second log: it was made" >&2
    exit 1
fi
grep -qF "[data-directory-in-use]" "$WORLD/refused"
echo "a second log beside a running relay: refused as data-directory-in-use"

kill -0 "$RELAY_PID"
with_passphrase us-envoy inbox >/dev/null
stop_relay
start_relay
with_passphrase us-envoy inbox >/dev/null
echo "the first relay went on, stopped and started again"
