#!/usr/bin/env bash
# The witness as a program: its keys and refusals, the protocol by a client that knows nothing of ours, KILLS (10)
# SIGKILLs under load. Needs the debug build and openssl. Last line: N passed, N failed.
set -uo pipefail
cd "$(dirname "$0")/../.."
BIN=${BIN:-$(swift build --show-bin-path)}
export SWIFT_BACKTRACE=enable=no NO_COLOR=1
# shellcheck source=Tests/Scripts/lib.sh
source Tests/Scripts/lib.sh
PLACE=$(mktemp -d)
trap 'rm -rf "$PLACE"' EXIT
AUDIT=$BIN/valise-audit
LOG=example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k

document "keys new --json" valise/witness-keys/v1 "$AUDIT" witness keys new --out "$PLACE/keys" \
    --name witness.example/w1 --json
check "the key is private" test "$(stat -c %a "$PLACE/keys/witness.key")" = 600
check "the verifier key is of type 4" bash -c 'cut -d+ -f3- "$1" | base64 -d | head -c1 | od -An -tx1 | grep -q 04' \
    _ "$PLACE/keys/witness.vkey"
refuses "a key is not overwritten" 3 "[key-file-exists]" "$AUDIT" witness keys new --out "$PLACE/keys" --name other
refuses "a name with a space" 64 "[name-malformed]" "$AUDIT" witness keys new --out "$PLACE/none" --name "a b"
serve() { timeout 20 "$AUDIT" witness serve --data "$PLACE/data" --keys "$PLACE/keys" "$@"; }
refuses "a witness without logs" 64 "--charter or --log" serve
refuses "a log key that is none" 64 "[note-malformed-key]" serve --log nonsense
refuses "a cosigner's key as a log's" 64 "[note-wrong-key-type]" serve --log "$(cat "$PLACE/keys/witness.vkey")"
refuses "another generation" 64 "1.0 or 1.1" serve --log "$LOG" --status-codes 2.0
refuses "a certificate without its key" 64 "belong together" serve --log "$LOG" --tls-certificate x
refuses "no keys" 6 "witness keys new" timeout 20 "$AUDIT" witness serve --data "$PLACE/data" --keys "$PLACE/none" \
    --log "$LOG"
refuses "a key that others can read" 6 "[key-file-open-to-others]" bash -c '
    chmod 644 "$2/keys/witness.key"; timeout 20 "$1" witness serve --data "$2/data" --keys "$2/keys" --log "$3"; s=$?
    chmod 600 "$2/keys/witness.key"; exit $s' _ "$AUDIT" "$PLACE" "$LOG"
mkdir -p "$PLACE/broken/logs" "$PLACE/broken/evidence"
echo nonsense >"$PLACE/broken/logs/$(printf x | sha256sum | cut -d' ' -f1)"
refuses "damaged records" 2 "[witness-state-damaged]" timeout 20 "$AUDIT" witness serve --data "$PLACE/broken" \
    --keys "$PLACE/keys" --log "$LOG"
if output=$(python3 Tests/Scripts/witness_rounds.py "$AUDIT" "$PLACE" "${KILLS:-10}" 2>&1); then
    passed "$(tail -1 <<<"$output")"
else
    failed "the protocol and the kills" "$output"
fi
report
