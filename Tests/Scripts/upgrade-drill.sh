#!/usr/bin/env bash
# The upgrade drill of Docs/Operations/upgrade.md, in the page's order: a running relay is backed up and drained, its data
# are taken back to an earlier version's tables, this version is started on them, and what the page says to look at is
# looked at; a newer version's tables are refused, and the backup brings the earlier ones back. Needs the debug build.
# Last line: N passed, N failed.
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
# ready TEXT: waits until the status and the text of /readyz have TEXT, and prints them.
ready() { python3 - "$HEALTH" "$1" <<'PY'
import sys, time, urllib.error, urllib.request
said = ""
for _ in range(200):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{sys.argv[1]}/readyz", timeout=5) as answer:
            said = f"{answer.status} {answer.read().decode()}"
    except urllib.error.HTTPError as error:
        said = f"{error.code} {error.read().decode()}"
    except OSError as error:
        said = str(error)
    if sys.argv[2] in said:
        print(said)
        sys.exit()
    time.sleep(0.05)
sys.exit(f"it never said {sys.argv[2]}, but: {said}")
PY
}

make_keys
make_charter
init_relay
start_relay --health-port "$HEALTH" || exit 1
publish_keys
head -c 200000 /dev/urandom >"$WORLD/annex.bin"
first=$(send --attach "$WORLD/annex.bin")
check "an auditor follows before the upgrade" audited

echo "1. Back up"
check "a backup is taken while the relay runs" "$RELAY" backup --data "$DATA" --out "$WORLD/running"
prints "and is whole" "verdict: the store is what its entries say" "$RELAY" check --data "$WORLD/running"

echo "2. Drain"
"$RELAY" drain --data "$DATA" >/dev/null 2>&1 &
DRAIN_PID=$!
prints "the relay drains, and readiness says so" "503" ready draining
wait "$DRAIN_PID"
check "the command has waited for the end" test "$?" -eq 0
wait "$RELAY_PID"
check "and the relay has ended well" test "$?" -eq 0
RELAY_PID=""

# There is no earlier version's program here, so these are what it would have left, and what step 1 would have copied.
echo "An earlier version's tables"
check "the data are an earlier version's" Tests/Scripts/older-tables.py "$DATA"
prints "this version checks them as they are" "version 4" "$RELAY" check --data "$DATA"
check "a backup of them is taken" "$RELAY" backup --data "$DATA" --out "$WORLD/before"
prints "and is whole" "verdict: the store is what its entries say" "$RELAY" check --data "$WORLD/before"

echo "3. Start"
starts "this version starts, and takes the tables over" --health-port "$HEALTH"

echo "4. Look"
prints "it is ready" "200 ready," ready "200 ready,"
check "status shows nothing wrong" until_prints "all is well" "$RELAY" status --data "$DATA"
check "the auditor goes on where it was" audited
check "what was sent before can be read" reads "$first"
second=$(send --attach "$WORLD/annex.bin")
check "what is sent now, too" reads "$second"
stop_relay
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
prints "with its own tables" "version 4" "$RELAY" check --data "$DATA"
refuses "and not served: messages came since" 2 "[older-copy]" serve
rm -rf "$DATA"
mv "$WORLD/new" "$DATA"
starts "the newer data are"
check "the auditor is content" audited
report
