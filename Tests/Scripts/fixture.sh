#!/usr/bin/env bash
# Makes the upgrade fixture of this version: fixture.sh Tests/Fixtures/VERSION. Done once a release, never again for an
# old one: what an old version wrote is the point. Needs the debug build.
set -euo pipefail
cd "$(dirname "$0")/../.."
TARGET=$1
[ ! -e "$TARGET/relay" ] || { echo "$TARGET is there already" >&2; exit 1; }
BIN=${BIN:-$(swift build --show-bin-path)}
WORLD=$(mktemp -d)
KEYS=$WORLD/keys
export SWIFT_BACKTRACE=enable=no NO_COLOR=1
# shellcheck source=Tests/Scripts/scene.sh
source Tests/Scripts/scene.sh
# shellcheck source=Tests/Scripts/lib.sh
source Tests/Scripts/lib.sh
trap 'stop_relay; rm -rf "$WORLD"' EXIT

make_keys
make_charter
init_relay
start_relay
publish_keys
send() { with_passphrase us-envoy send --to hezbollah --json "$@" | field message; }
speaker() { with_passphrase lebanon-speaker "$@" >/dev/null; }
hezbollah() { with_passphrase hezbollah "$@" >/dev/null; }

# One message is read, one is refused, one waits. One attachment is so large that its envelope is a file of its own.
head -c 140000 /dev/urandom >"$WORLD/annex.bin"
echo "A sixty-day cessation of hostilities." >"$WORLD/text"
read_message=$(send --subject "Proposal" "$WORLD/text")
large=$(send --subject "Annex" --attach "$WORLD/annex.bin" --open-to-intermediaries)
refused=$(send "$WORLD/text")
speaker convey "$read_message"
speaker read "$large"
speaker convey "$large"
speaker refuse "$refused" --reason policy
hezbollah read "$read_message"
with_passphrase hezbollah send --to us-envoy --subject "Reply" "$WORLD/text" >/dev/null
"$BIN/valise-audit" mirror --charter "$WORLD/charter.signed" --out "$WORLD/mirror" \
    --home "$WORLD/parties/oversight-committee" --passphrase-file "$WORLD/passphrase" >/dev/null
stop_relay

python3 - "$WORLD/relay/log.sqlite" <<'PY'
import sqlite3
import sys
database = sqlite3.connect(sys.argv[1])
busy = database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
damage = database.execute("PRAGMA integrity_check").fetchone()[0]
database.close()
sys.exit(busy or damage != "ok")
PY
mkdir -p "$TARGET/relay/envelopes"
cp "$WORLD/relay/log.sqlite" "$TARGET/relay/"
cp "$WORLD"/relay/envelopes/* "$TARGET/relay/envelopes/"
cp -r "$WORLD/mirror" "$TARGET/"
cp "$WORLD/charter.signed" "$WORLD/verifier-key" "$TARGET/"
printf '{"read": "%s", "large": "%s", "refused": "%s"}\n' "$read_message" "$large" "$refused" >"$TARGET/messages.json"
find "$TARGET" -type f -exec ls -l {} +
