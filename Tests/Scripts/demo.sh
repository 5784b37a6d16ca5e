#!/usr/bin/env bash
# Plays the scene with the real programs over TLS on loopback. Leaves its world in Keys/demo and .demo.
set -euo pipefail
cd "$(dirname "$0")/../.."
BIN=${BIN:-$(swift build --show-bin-path)}
WORLD=${WORLD:-$PWD/.demo}
KEYS=${KEYS:-$PWD/Keys/demo}
export SWIFT_BACKTRACE=enable=no NO_COLOR=1 XDG_STATE_HOME=$WORLD/state
# shellcheck source=Tests/Scripts/scene.sh
source Tests/Scripts/scene.sh

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
cleanup() {
    for name in "${PARTIES[@]}"; do party "$name" lock >/dev/null 2>&1 || true; done
    stop_relay
}
field() { python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"; }
# show NAME ARG...: prints the command as that party would type it, and runs it.
show() {
    local name=$1
    shift
    printf '  [%s] $ valise' "$name"
    printf ' %q' "$@"
    printf '\n'
    party "$name" "$@" 2>&1 | sed 's/^/      /'
}

# An earlier run's world is replaced; its agents are told to forget.
if [ -d "$WORLD/parties" ]; then
    for name in "${PARTIES[@]}"; do party "$name" lock >/dev/null 2>&1 || true; done
fi
rm -rf "$WORLD" "$KEYS"
trap cleanup EXIT

say "1. Five parties make keys, write a charter, and each signs it on its own desk."
make_keys
make_charter
show hezbollah charter show "$WORLD/charter.signed"

say "2. The relay makes the charter entry 0 of its log, and starts."
init_relay
start_relay
echo "  verifier key: $(cat "$WORLD/verifier-key")"
for name in "${PARTIES[@]}"; do with_passphrase "$name" unlock --for 15m >/dev/null; done
publish_keys
show us-envoy parties

say "3. The envoy sends a sealed proposal to hezbollah. The route goes through the speaker, who cannot read it."
echo "Proposal: a sixty-day cessation of hostilities, monitored by the committee." >"$WORLD/proposal.txt"
MESSAGE=$(party us-envoy send --to hezbollah --subject "Proposal" --precedence immediate --expires 48h --json \
    "$WORLD/proposal.txt" | field message)
show lebanon-speaker inbox
echo "  The speaker tries to read it:"
if party lebanon-speaker read "$MESSAGE" >"$WORLD/blind.txt" 2>&1; then
    echo "  the blind intermediary read a sealed message" >&2
    exit 1
fi
sed 's/^/      /' "$WORLD/blind.txt"
show lebanon-speaker convey "$MESSAGE"
show hezbollah inbox
show hezbollah read "$MESSAGE"

say "4. A second text travels open: the speaker reads it, and passes on the same bytes."
OPEN=$(echo "Talking points that the speaker may read too." | party us-envoy send --to hezbollah \
    --via lebanon-speaker --open-to-intermediaries --subject "Talking points" --json - | field message)
show lebanon-speaker read "$OPEN"
show lebanon-speaker convey "$OPEN"
show hezbollah read "$OPEN"

say "5. The reply goes back the same way."
REPLY=$(echo "We answer in principle: yes, with remarks." | party hezbollah send --to us-envoy \
    --via lebanon-speaker --subject "Reply" --json - | field message)
show lebanon-speaker convey "$REPLY"
show us-envoy read "$REPLY"

say "6. The envoy tries to write to hezbollah directly: they are barred from direct contact."
if echo "Directly." | party us-envoy send --to hezbollah --direct --subject "Direct" - >"$WORLD/barred.txt" 2>&1; then
    echo "  a barred message was accepted" >&2
    exit 1
fi
sed 's/^/      /' "$WORLD/barred.txt"
grep -q barred "$WORLD/barred.txt"
grep -q lebanon-speaker "$WORLD/barred.txt"

say "7. The envoy tracks the proposal: every step, its time, and who signed it."
show us-envoy track "$MESSAGE"

say "8. The oversight committee mirrors the log and replays it. It reads no message."
mkdir -p "$WORLD/audit"
"$BIN/valise-audit" mirror --charter "$WORLD/charter.signed" --out "$WORLD/audit/mirror" \
    --home "$WORLD/parties/oversight-committee" | sed 's/^/      /'
"$BIN/valise-audit" verify --mirror "$WORLD/audit/mirror" --charter "$WORLD/charter.signed" | sed 's/^/      /'

say "9. Someone flips one bit in a copy of the mirror: the audit fails, and says where."
rm -rf "$WORLD/audit/tampered"
cp -r "$WORLD/audit/mirror" "$WORLD/audit/tampered"
python3 - "$WORLD/audit/tampered" <<'PY'
import pathlib
import sys
bundle = sorted(p for p in pathlib.Path(sys.argv[1]).glob("tile/entries/**/*") if p.is_file())[0]
data = bytearray(bundle.read_bytes())
data[len(data) // 2] ^= 1
bundle.write_bytes(data)
PY
if "$BIN/valise-audit" verify --mirror "$WORLD/audit/tampered" --charter "$WORLD/charter.signed" \
    >"$WORLD/audit/tampered.txt" 2>&1; then
    echo "  the audit of a tampered mirror passed" >&2
    exit 1
fi
sed 's/^/      /' "$WORLD/audit/tampered.txt"

say "Done. The world is in .demo (relay, parties, audit) and Keys/demo. To look around:"
echo "  VALISE_HOME=.demo/parties/us-envoy $BIN/valise track $MESSAGE --passphrase-file .demo/passphrase"
echo "  (after: $BIN/valise-relay serve --data .demo/relay --keys Keys/demo/relay)"
