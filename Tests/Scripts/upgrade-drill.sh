#!/usr/bin/env bash
# The upgrade drill of Docs/Operations/upgrade.md: a relay whose tables are an earlier version's is backed up, drained,
# checked and started by this version; a newer version's is refused, and the backup brings the relay back. Needs the
# debug build. Last line: N passed, N failed.
set -uo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=Tests/Scripts/scene.sh
source Tests/Scripts/scene.sh
# shellcheck source=Tests/Scripts/lib.sh
source Tests/Scripts/lib.sh
own_world
HEALTH=$(free_port)
# shellcheck source=Tests/Scripts/drill.sh
source Tests/Scripts/drill.sh
ready() { python3 - "$HEALTH" <<'PY'
import sys, time, urllib.error, urllib.request
for _ in range(100):
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{sys.argv[1]}/readyz", timeout=5)
    except urllib.error.HTTPError as error:
        text = error.read().decode()
        if "draining" in text:
            print(error.code, text)
            sys.exit()
    time.sleep(0.05)
sys.exit("draining was not announced")
PY
}

make_keys
make_charter
init_relay
start_relay || exit 1
publish_keys
head -c 200000 /dev/urandom >"$WORLD/annex.bin"
first=$(send --attach "$WORLD/annex.bin")
check "an auditor follows before the upgrade" audited
stop_relay
check "the data are an earlier version's" Tests/Scripts/older-tables.py "$DATA"
prints "this version checks them as they are" "version 4" "$RELAY" check --data "$DATA"

echo "The upgrade"
check "a backup is taken" "$RELAY" backup --data "$DATA" --out "$WORLD/before"
prints "and is whole" "verdict: the store is what its entries say" "$RELAY" check --data "$WORLD/before"
starts "this version starts, and takes the tables over" --health-port "$HEALTH"
check "what was sent before can be read" reads "$first"
second=$(send --attach "$WORLD/annex.bin")
check "what is sent now, too" reads "$second"
check "the auditor goes on where it was" audited
"$RELAY" drain --data "$DATA" >/dev/null 2>&1 &
DRAIN_PID=$!
prints "the relay drains, and readiness says so" "503" ready
wait "$DRAIN_PID"
check "the command has waited for the end" test "$?" -eq 0
wait "$RELAY_PID"
check "and the relay has ended well" test "$?" -eq 0
RELAY_PID=""
newest=$("$RELAY" check --data "$DATA" --json 2>/dev/null | field tables)
check "the tables are this version's" test "$newest" != 4

echo "A version too far"
python3 -c 'import sqlite3, sys
d = sqlite3.connect(sys.argv[1]); d.execute("INSERT INTO grdb_migrations VALUES (?)", ("9999",)); d.commit()' "$DATA/log.sqlite"
refuses "a newer version's tables are not served" 1 "[store-newer-version]" serve
refuses "nor checked" 1 "[store-newer-version]" "$RELAY" check --data "$DATA"
python3 -c 'import sqlite3, sys
d = sqlite3.connect(sys.argv[1]); d.execute("DELETE FROM grdb_migrations WHERE identifier = ?", ("9999",)); d.commit()' "$DATA/log.sqlite"

echo "Killed while it starts"
# killed PAUSE: a start that is killed so many seconds after it began, whatever it is at; fails if it had ended by itself.
killed() {
    local pid status=0
    rm -rf "$WORLD/try" "$WORLD/try.head"
    cp -r "$WORLD/before" "$WORLD/try"
    rm "$WORLD/try/manifest"
    "$RELAY" serve --data "$WORLD/try" --head-file "$WORLD/try.head" --keys "$KEYS/relay" --port 0 \
        >"$WORLD/try.log" 2>&1 &
    pid=$!
    sleep "$1"
    kill -KILL "$pid" 2>/dev/null
    wait "$pid" 2>/dev/null || status=$?
    [ "$status" -eq 137 ] || { cat "$WORLD/try.log"; return 1; }
}
# The last one is late enough for a start that is over: the tables were taken over under one of the kills.
found=""
for pause in 0.00 0.02 0.05 0.1 0.2 5; do
    check "a start is killed after $pause s" killed "$pause"
    check "and what it has left is whole" "$RELAY" check --data "$WORLD/try"
    found="$found $("$RELAY" check --data "$WORLD/try" --json 2>/dev/null | field tables)"
done
prints "kills came before the tables were taken over" " 4 " echo "$found "
prints "and after" " $newest " echo "$found "

echo "The way back"
mv "$DATA" "$WORLD/new"
check "the backup is restored" "$RELAY" restore --from "$WORLD/before" --data "$DATA"
refuses "and not served: messages came since" 2 "[older-copy]" serve
rm -rf "$DATA"
mv "$WORLD/new" "$DATA"
starts "the newer data are"
check "the auditor is content" audited
report
