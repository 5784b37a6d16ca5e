#!/usr/bin/env bash
# The restore drill of Docs/Operations/backup.md: backups of a running relay, a disk that is lost, an older copy that is
# refused, and views that are made again. Needs the debug build. Last line: N passed, N failed.
set -uo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=Tests/Scripts/scene.sh
source Tests/Scripts/scene.sh
# shellcheck source=Tests/Scripts/lib.sh
source Tests/Scripts/lib.sh
own_world
# shellcheck source=Tests/Scripts/drill.sh
source Tests/Scripts/drill.sh
sql() { python3 -c 'import sqlite3, sys; d = sqlite3.connect(sys.argv[1]); d.execute(sys.argv[2]); d.commit()' "$DATA/log.sqlite" "$1"; }

make_keys
make_charter
init_relay
start_relay || exit 1
publish_keys
head -c 200000 /dev/urandom >"$WORLD/annex.bin"
first=$(send --attach "$WORLD/annex.bin")

echo "Backups while the relay runs"
document "the first one" valise/relay-backup/v1 "$RELAY" backup --data "$DATA" --out "$WORLD/monday" --json
second=$(send --attach "$WORLD/annex.bin")
check "the second one shares files with it" "$RELAY" backup --data "$DATA" --out "$WORLD/tuesday" --base "$WORLD/monday"
shared=$(basename "$(ls "$WORLD"/monday/envelopes/* | head -1)")
check "on the disk" test "$WORLD/monday/envelopes/$shared" -ef "$WORLD/tuesday/envelopes/$shared"
check "sha256sum agrees" sh -c "cd '$WORLD/tuesday' && sha256sum --check --quiet manifest"
prints "a backup can be checked" "verdict: the store is what its entries say" "$RELAY" check --data "$WORLD/tuesday"
prints "so can the running relay" "of a running relay" "$RELAY" check --data "$DATA"
refuses "nothing is overwritten" 3 "[file-exists]" "$RELAY" backup --data "$DATA" --out "$WORLD/tuesday"
refuses "views are not repaired under a running relay" 1 "[data-directory-in-use]" "$RELAY" check --data "$DATA" --repair

echo "The disk is lost"
# The newest head is kept a moment after its commit.
size=$(sed -n 's/^# size //p' "$WORLD/tuesday/manifest")
for _ in $(seq 100); do
    [ "$(sed -n 2p "$DATA.head")" -ge "$size" ] && break
    sleep 0.05
done
kill -KILL "$RELAY_PID"
wait "$RELAY_PID" 2>/dev/null
RELAY_PID=""
mv "$DATA" "$WORLD/lost"
refuses "a damaged backup is not restored" 2 "[store-damaged]" sh -c "cp -r '$WORLD/tuesday' '$WORLD/bad' &&
    printf x | dd of='$WORLD/bad/envelopes/$shared' bs=1 seek=100000 conv=notrunc status=none &&
    '$RELAY' restore --from '$WORLD/bad' --data '$DATA'"
check "and leaves no store behind" test ! -e "$DATA/log.sqlite"
check "the older backup is restored" "$RELAY" restore --from "$WORLD/monday" --data "$DATA"
refuses "and not served: the relay has signed more" 2 "[older-copy]" serve
refuses "the way forward is named" 2 "Docs/Operations/backup.md#an-older-copy" serve
prints "the old disk can be checked, too" "verdict: the store is what its entries say" "$RELAY" check --data "$WORLD/lost"
refuses "nothing is restored over it" 3 "[folder-not-empty]" "$RELAY" restore --from "$WORLD/tuesday" --data "$DATA"
mv "$DATA" "$WORLD/older"
document "the newest backup is restored" valise/relay-restore/v1 \
    "$RELAY" restore --from "$WORLD/tuesday" --data "$DATA" --json
starts "and served"
check "the first message can be read" reads "$first"
check "and the second" reads "$second"
check "the auditor is content" audited
third=$(send)
check "new messages come and go" reads "$third"

echo "Damage"
check "the relay drains" "$RELAY" drain --data "$DATA"
wait "$RELAY_PID"
check "and ends well" test "$?" -eq 0
RELAY_PID=""
prints "draining where no relay runs is done at once" "No relay works" sh -c "'$RELAY' drain --data '$DATA' 2>&1"
sql "UPDATE counters SET arrivals = arrivals + 1"
sql "DELETE FROM inbox WHERE number = 1"
refuses "views that do not fit are named" 2 "[row-different]" "$RELAY" check --data "$DATA"
refuses "by table and row" 2 "inbox, party 'lebanon-speaker' number 1" "$RELAY" check --data "$DATA"
prints "and made again" "the store is what its entries say again" "$RELAY" check --data "$DATA" --repair
document "which a second check confirms" valise/relay-check/v1 "$RELAY" check --data "$DATA" --json
file=$(ls "$DATA/envelopes" | head -1)
mv "$DATA/envelopes/$file" "$WORLD/gone"
refuses "a payload that is gone is named with who has it" 2 "ask us-envoy" "$RELAY" check --data "$DATA"
mv "$WORLD/gone" "$DATA/envelopes/$file"
cp "$DATA/log.sqlite" "$WORLD/whole.sqlite"
sql "UPDATE entries SET bytes = zeroblob(length(bytes)) WHERE idx = 3"
refuses "an altered entry is named" 2 "entries, idx 3" "$RELAY" check --data "$DATA"
refuses "and not repaired" 2 "restore the newest backup" "$RELAY" check --data "$DATA" --repair
cp "$WORLD/whole.sqlite" "$DATA/log.sqlite"
starts "the relay goes on"
check "the auditor is content again" audited
report
