#!/usr/bin/env bash
# A rejection on its way: the relay signs it, the desk keeps it and saves it, an auditor decides it again. Needs the
# debug build. Last line: N passed, N failed.
set -uo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=Tests/Scripts/scene.sh
source Tests/Scripts/scene.sh
# shellcheck source=Tests/Scripts/lib.sh
source Tests/Scripts/lib.sh
own_world
envoy() { with_passphrase us-envoy "$@"; }
mirror() {
    "$BIN/valise-audit" mirror --charter "$WORLD/charter.signed" --out "$WORLD/$1" \
        --home "$WORLD/parties/oversight-committee" --passphrase-file "$WORLD/passphrase"
}
verify() { "$BIN/valise-audit" rejection verify --charter "$WORLD/charter.signed" "$@"; }

make_keys
make_charter
init_relay
start_relay || exit 1
check "an early copy" mirror early
publish_keys
echo "directly" >"$WORLD/text"
prints "nothing is rejected yet" '"rejections":[]' envoy rejections --json
refuses "a barred message, with the way to save the rejection" 3 "valise rejections save" \
    envoy send --to hezbollah --direct "$WORLD/text"
document "rejections are listed" valise/rejections/v1 envoy rejections list --json
STATEMENT=$(envoy rejections --json 2>/dev/null | field rejections 0 statement)
prints "with their code" "barred" envoy rejections
FILE=$WORLD/no.valise
document "one is saved" valise/rejection-saved/v1 envoy rejections save "${STATEMENT:0:12}" -o "$FILE" --json
DIGEST=$(envoy rejections --json 2>/dev/null | field rejections 0 rejection)
check "the one that is named" envoy rejections save "$STATEMENT" --rejection "${DIGEST:0:12}" -o "$WORLD/named.valise"
check "which is the same" cmp "$FILE" "$WORLD/named.valise"
refuses "none of another name" 4 "rejection-unknown" \
    envoy rejections save "$STATEMENT" --rejection zzzz -o "$WORLD/other"
refuses "not over another file" 3 "file-exists" envoy rejections save "$STATEMENT" -o "$FILE"
refuses "a statement that is not there" 4 "rejection-unknown" envoy rejections save zzzz -o "$WORLD/other"
check "a copy of the log" mirror copy
prints "the rejection was rightful" "verdict: rightful" verify "$FILE" --mirror "$WORLD/copy"
document "as JSON" valise/rejection/v1 verify "$FILE" --mirror "$WORLD/copy" --json
refuses "a copy that is too short" 4 "mirror-too-short" verify "$FILE" --mirror "$WORLD/early"
refuses "a rejection is not submitted" 64 "valise-audit rejection verify" envoy submit "$FILE"
python3 - "$FILE" "$WORLD/forged.valise" "$WORLD/cut.valise" <<'PY'
import pathlib
import sys
data = bytearray(pathlib.Path(sys.argv[1]).read_bytes())
pathlib.Path(sys.argv[3]).write_bytes(data[:-1])
data[-1] ^= 1
pathlib.Path(sys.argv[2]).write_bytes(data)
PY
refuses "one with another signature proves nothing" 2 "rejection-not-signed" \
    verify "$WORLD/forged.valise" --mirror "$WORLD/copy"
refuses "one that is cut short" 2 "truncated" verify "$WORLD/cut.valise" --mirror "$WORLD/copy"
report
