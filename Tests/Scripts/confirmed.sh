#!/usr/bin/env bash
# A relay with two witnesses, a follower with its verdicts, a limited auditor, and what becomes of all of them when a
# witness goes away, comes back, and when the relay is put back to an older copy of its data. Needs the debug build. Last line: N passed, N failed.
set -uo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=Tests/Scripts/scene.sh
source Tests/Scripts/scene.sh
# shellcheck source=Tests/Scripts/lib.sh
source Tests/Scripts/lib.sh
own_world
WITNESS_PORTS=("$(free_port)" "$(free_port)")
HEALTH=$(free_port)
WEB=$(free_port)
PIDS=()
clear_more() { for pid in "${PIDS[@]}"; do kill "$pid" 2>/dev/null; done; }

eval "$(declare -f charter_source | sed '1s/charter_source/plain_source/')"
charter_source() {
    plain_source
    printf 'witnesses:\n  quorum: 2\n  list:\n'
    for number in 0 1; do
        printf '    - key: "%s"\n      url: http://127.0.0.1:%s\n' "$(cat "$KEYS/w$number/witness.vkey")" \
            "${WITNESS_PORTS[number]}"
    done
    printf 'limited-auditors:\n  israel-strategic-affairs: [[us-envoy, lebanon-speaker]]\n'
}

# listening PORT: waits until something takes connections there.
listening() {
    for _ in $(seq 200); do
        (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null && return 0
        sleep 0.05
    done
    return 1
}
start_witness() {
    "$BIN/valise-audit" witness serve --data "$WORLD/w$1" --keys "$KEYS/w$1" --charter "$WORLD/charter.signed" \
        --port "${WITNESS_PORTS[$1]}" >/dev/null 2>>"$WORLD/w$1.log" &
    PIDS[$1]=$!
    listening "${WITNESS_PORTS[$1]}"
}
serve() { start_relay --witness-pause 1s --health-port "$HEALTH" && listening "$HEALTH"; }
start() {
    timeout 60 "$BIN/valise-relay" serve --data "$WORLD/relay" --keys "$KEYS/relay" --witness-pause 1s "$@"
}
ready() { python3 - "$HEALTH" <<'PY'
import sys, urllib.error, urllib.request
try:
    with urllib.request.urlopen(f"http://127.0.0.1:{sys.argv[1]}/readyz", timeout=10) as answer:
        print(answer.status, answer.read().decode())
except urllib.error.HTTPError as error:
    print(error.code, error.read().decode())
PY
}
metrics() { python3 -c 'import sys, urllib.request
print(urllib.request.urlopen(f"http://127.0.0.1:{sys.argv[1]}/metrics", timeout=10).read().decode())' "$HEALTH"; }
follow() {
    party oversight-committee lock >/dev/null 2>&1
    timeout 60 "$BIN/valise-audit" follow --charter "$WORLD/charter.signed" --once "$@"
}
followed() {
    follow --out "$WORLD/followed" --home "$WORLD/parties/oversight-committee" --passphrase-file "$WORLD/passphrase" \
        --json "$@"
}
scope() {
    timeout 60 "$BIN/valise-audit" scope --charter "$WORLD/charter.signed" --out "$WORLD/scope" \
        --home "$WORLD/parties/${1:-israel-strategic-affairs}" --passphrase-file "$WORLD/passphrase" "${@:2}"
}
# replays: what the inbox's document says of the first verdict, as Python reads it.
replays() { envoy inbox --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["replays"])'; }
envoy() { with_passphrase us-envoy "$@"; }
message() {
    echo "cedar" >"$WORLD/text"
    envoy send --to lebanon-speaker "$WORLD/text" --json 2>/dev/null | field message
}

make_keys
for number in 0 1; do
    "$BIN/valise-audit" witness keys new --out "$KEYS/w$number" --name "witness$number.example" >/dev/null 2>&1
done
make_charter
for number in 0 1; do start_witness "$number" || exit 1; done
init_relay
serve || exit 1
publish_keys

first=$(message)
check "a message is confirmed by both witnesses" until_prints '"confirmed":true' envoy track "$first" --json
prints "track names the witnesses" "witness1.example" envoy track "$first"
prints "status says what is confirmed" "confirmed" envoy status
check "health says how they stand" until_prints "witness witness0.example: cosigned" ready
prints "metrics too" 'valise_witness_up{witness="witness1.example"} 1' metrics
document "a round of the follower" valise/follow-round/v1 followed
prints "it counts the witnesses" '"cosigners":2' followed
prints "without a verdict nobody is named" "which no auditor is known to have checked" envoy inbox
mkdir "$WORLD/empty"
refuses "a copy of nothing gives no verdict" 2 "No verdict was told" \
    "$BIN/valise-audit" verify --charter "$WORLD/charter.signed" --mirror "$WORLD/empty" -o "$WORLD/no.verdict" \
    --home "$WORLD/parties/oversight-committee" --passphrase-file "$WORLD/passphrase"
prints "a limited auditor sees its channel" "$first" scope
prints "that it is whole is the relay's word" "until a full auditor's verdict counts it" scope
prints "the follower posts a verdict" valise/follow-verdict/v1 followed --verdict -o "$WORLD/verdict"
check "and writes it into a file" test -s "$WORLD/verdict"
prints "the inbox names whose replay it rests on" "on the replay of oversight-committee/lead" envoy inbox
prints "its document too" "'reachesTick': True" replays
prints "and status" "on the replay of oversight-committee/lead" envoy status
document "what a limited auditor sees" valise/scope-list/v1 scope israel-strategic-affairs --json
prints "is whole as far as the auditor counts" "on the replay of oversight-committee/lead" scope
refuses "nobody else has a scope" 3 not-a-limited-auditor scope hezbollah
prints "the charter names the channels" "lebanon-speaker - us-envoy" party us-envoy charter show
python3 -m http.server --bind 127.0.0.1 --directory "$WORLD/followed" "$WEB" >/dev/null 2>&1 &
PIDS+=($!)
listening "$WEB"
prints "the same from a plain web server" "entries verified" follow --out "$WORLD/copy" --from "http://127.0.0.1:$WEB"
prints "and from a folder" "entries verified" follow --out "$WORLD/copy2" --from "$WORLD/followed"
refuses "a source that is away is an alarm" 2 "[source-away]" follow --out "$WORLD/copy3" --from http://127.0.0.1:1

stop_relay
cp -r "$WORLD/relay" "$WORLD/older"
serve || exit 1
kill "${PIDS[0]}"
wait "${PIDS[0]}" 2>/dev/null
second=$(message)
check "a witness that is away is told" until_prints "witness witness0.example: The witness did not answer" ready
prints "and the relay is ready all the same" "200 ready" ready
prints "what came since is not confirmed" '"confirmed":false' envoy track "$second" --json
start_witness 0 || exit 1
check "and is, when the witness is back" until_prints '"confirmed":true' envoy track "$second" --json
check "the follower has seen it" followed

stop_relay
mv "$WORLD/relay" "$WORLD/newer"
mv "$WORLD/older" "$WORLD/relay"
refuses "a relay that was put back does not start: it has kept its newest head" 2 "[older-copy]" start
rm "$WORLD/relay.head"
refuses "nor where that was lost: its witnesses have it" 2 "witness witness0.example knows" start
refuses "and one witness is enough" 2 "witness witness1.example knows" start --disregard-witness witness0.example
check "nothing of that was kept as the newest head" test ! -e "$WORLD/relay.head"
for number in 0 1; do
    kill "${PIDS[number]}"
    wait "${PIDS[number]}" 2>/dev/null
done
serve || exit 1
for number in 0 1; do start_witness "$number" || exit 1; done
check "a relay that nobody could warn is told by the witnesses" until_prints "[witness-knows-larger-tree]" ready
prints "it is not ready" "503" ready
check "its log says so" grep -q '"level":"critical"' "$WORLD/relay.log"
refuses "the follower ends with it" 2 '"rolled-back-log"' followed --exec "echo \$VALISE_ALARM >$WORLD/alarm"
check "and has run the command" grep -q rolled-back-log "$WORLD/alarm"
check "both checkpoints are kept" test "$(ls "$WORLD/followed/evidence" | wc -l)" = 2
refuses "a delegate sees it too" 2 "alarm" envoy status
report
