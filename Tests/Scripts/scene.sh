#!/usr/bin/env bash
# The scene's world, for the demonstration and for the scripts that test the programs: keys, charter, relay.
# Sourced. Needs: WORLD (folder), KEYS (folder of keys), BIN (folder of the programs). Starts the relay on a free port.

PARTIES=(us-envoy lebanon-speaker israel-strategic-affairs hezbollah oversight-committee)
RELAY_PID=""

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

# party NAME ARG...: runs valise as that party.
party() {
    local name=$1
    shift
    VALISE_HOME="$WORLD/parties/$name" "$BIN/valise" "$@"
}

# with_passphrase NAME ARG...: the same where keys must be opened.
with_passphrase() {
    local name=$1
    shift
    party "$name" "$@" --passphrase-file "$WORLD/passphrase"
}

make_keys() {
    mkdir -p "$WORLD/parties" "$KEYS"
    chmod 700 "$WORLD" "$WORLD/parties" "$KEYS"
    (umask 077 && head -c 24 /dev/urandom | base64 >"$WORLD/passphrase")
    for name in "${PARTIES[@]}"; do
        mkdir -p -m 700 "$WORLD/parties/$name" "$KEYS/$name"
        ln -s "$(realpath "$KEYS/$name")" "$WORLD/parties/$name/keys"
        with_passphrase "$name" keys new --party "$name" --delegate lead >/dev/null 2>&1
    done
}

# The charter's source; the channels stay open for sixty days.
charter_source() {
    cat <<YAML
# The charter of the demonstration: who takes part, who may talk to whom, and by which relay.
title: Truce talks, demonstration
relay:
  public: $KEYS/relay/relay.public
  publication: private
parties:
  us-envoy:
    title: Office of the US envoy
    capabilities: [steward]
    founder: lead
    cards: [$KEYS/us-envoy/delegate.card]
  lebanon-speaker:
    title: Office of the Speaker of the Lebanese Parliament
    capabilities: [intermediary, steward]
    founder: lead
    cards: [$KEYS/lebanon-speaker/delegate.card]
  israel-strategic-affairs:
    title: Israeli Ministry of Strategic Affairs
    capabilities: [steward]
    founder: lead
    cards: [$KEYS/israel-strategic-affairs/delegate.card]
  hezbollah:
    title: Hezbollah
    founder: lead
    cards: [$KEYS/hezbollah/delegate.card]
  oversight-committee:
    title: Oversight committee
    capabilities: [auditor]
    founder: lead
    cards: [$KEYS/oversight-committee/delegate.card]
channels:
  - between: [us-envoy, lebanon-speaker]
    window: 60d
    precedence: flash
    size: ${CHANNEL_SIZE:-16MiB}
  - between: [lebanon-speaker, hezbollah]
    window: 60d
    precedence: flash
    size: ${CHANNEL_SIZE:-16MiB}
  - between: [us-envoy, israel-strategic-affairs]
    window: 60d
    precedence: immediate
    size: ${CHANNEL_SIZE:-16MiB}
bars:
  - [us-envoy, hezbollah]
  - [israel-strategic-affairs, hezbollah]
stewards:
  threshold: 2
YAML
}

make_charter() {
    PORT=$(free_port)
    "$BIN/valise-relay" keys new --out "$KEYS/relay" --url "https://localhost:$PORT" >/dev/null 2>&1
    charter_source >"$WORLD/charter.yaml"
    party us-envoy charter compile "$WORLD/charter.yaml" -o "$WORLD/charter.der" >/dev/null 2>&1
    local signatures=()
    for name in "${PARTIES[@]}"; do
        with_passphrase "$name" charter sign "$WORLD/charter.der" -o "$WORLD/$name.charter-signature" >/dev/null 2>&1
        signatures+=("$WORLD/$name.charter-signature")
    done
    party us-envoy charter collect "$WORLD/charter.der" "${signatures[@]}" -o "$WORLD/charter.signed" >/dev/null 2>&1
    for name in "${PARTIES[@]}"; do
        party "$name" join "$WORLD/charter.signed" --yes >/dev/null 2>&1
    done
}

init_relay() {
    "$BIN/valise-relay" init --charter "$WORLD/charter.signed" --data "$WORLD/relay" --keys "$KEYS/relay" --json \
        2>"$WORLD/init.log" >"$WORLD/init.json"
    python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["verifierKey"])' "$WORLD/init.json" \
        >"$WORLD/verifier-key"
}

start_relay() {
    "$BIN/valise-relay" serve --data "$WORLD/relay" --keys "$KEYS/relay" "$@" >/dev/null 2>>"$WORLD/relay.log" &
    RELAY_PID=$!
    for _ in $(seq 200); do
        python3 - "$PORT" <<'PY' && return 0
import socket
import sys
probe = socket.socket()
probe.settimeout(1)
sys.exit(probe.connect_ex(("127.0.0.1", int(sys.argv[1]))))
PY
        kill -0 "$RELAY_PID" 2>/dev/null || break
        sleep 0.05
    done
    echo "the relay did not start; its log says:" >&2
    tail -5 "$WORLD/relay.log" >&2
    return 1
}

stop_relay() {
    [ -n "$RELAY_PID" ] || return 0
    kill -TERM "$RELAY_PID" 2>/dev/null || true
    wait "$RELAY_PID" 2>/dev/null || true
    RELAY_PID=""
}

# The first inbox look of each party publishes its sealing keys.
publish_keys() {
    for name in us-envoy lebanon-speaker israel-strategic-affairs hezbollah; do
        with_passphrase "$name" keys publish >/dev/null
    done
}

# own_world: a world in a folder of its own, gone when the script ends. A script with more to clear away defines
# `clear_more`.
own_world() {
    WORLD=$(mktemp -d)
    KEYS=$WORLD/keys
    BIN=${BIN:-$(swift build --show-bin-path)}
    # What an auditor keeps of its own: not in the home of whoever runs this.
    export SWIFT_BACKTRACE=enable=no NO_COLOR=1 XDG_STATE_HOME=$WORLD/state BIN WORLD KEYS
    trap end_world EXIT
}

end_world() {
    for name in "${PARTIES[@]}"; do party "$name" lock >/dev/null 2>&1 || true; done
    stop_relay
    if declare -F clear_more >/dev/null; then clear_more; fi
    rm -rf "$WORLD"
}

# bench_world: the same for a benchmark, with the relay running.
bench_world() {
    own_world
    make_keys
    make_charter
    init_relay
    start_relay
    publish_keys
}
