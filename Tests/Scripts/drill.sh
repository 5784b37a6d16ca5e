#!/usr/bin/env bash
# What the drills over a relay's data share. Sourced, behind scene.sh and lib.sh; the world is there.
RELAY=$BIN/valise-relay
DATA=$WORLD/relay

# starts NAME ARG...: the relay must start; in this shell, so that it can be waited for.
starts() {
    local name=$1
    shift
    if start_relay "$@"; then passed "$name"; else failed "$name" "$(tail -3 "$WORLD/relay.log")"; fi
}
send() {
    echo "cedar" >"$WORLD/text"
    with_passphrase us-envoy send --to lebanon-speaker "$WORLD/text" --json "$@" 2>/dev/null | field message
}
serve() { timeout 30 "$RELAY" serve --data "$DATA" --keys "$KEYS/relay"; }
reads() { with_passphrase lebanon-speaker read "$1"; }
audited() {
    "$BIN/valise-audit" mirror --charter "$WORLD/charter.signed" --out "$WORLD/mirror" \
        --home "$WORLD/parties/oversight-committee" --passphrase-file "$WORLD/passphrase" &&
        "$BIN/valise-audit" verify --charter "$WORLD/charter.signed" --mirror "$WORLD/mirror"
}
