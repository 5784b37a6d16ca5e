#!/usr/bin/env bash
# The rotation drill of Docs/Operations/keys.md: the relay's certificate, passphrases, sealing keys whose time is over, a
# witness that retires, an auditor's key. Needs the debug build and openssl. Last line: N passed, N failed.
set -uo pipefail
cd "$(dirname "$0")/../.."
Tests/Scripts/setup.sh faketime openssl || exit 1
# shellcheck source=Tests/Scripts/scene.sh
source Tests/Scripts/scene.sh
# shellcheck source=Tests/Scripts/lib.sh
source Tests/Scripts/lib.sh
own_world
WITNESS_PORTS=("$(free_port)" "$(free_port)" "$(free_port)")
PIDS=()
clear_more() { for pid in "${PIDS[@]}"; do kill "$pid" 2>/dev/null; done; }
DATA=$WORLD/relay
LOG=$WORLD/relay.log
DESK=$WORLD/parties/us-envoy
AUDITOR=$WORLD/parties/oversight-committee

eval "$(declare -f charter_source | sed '1s/charter_source/plain_source/')"
charter_source() {
    plain_source
    printf 'witnesses:\n  quorum: 1\n  list:\n'
    for number in 0 1; do
        printf '    - key: "%s"\n      url: http://127.0.0.1:%s\n' "$(cat "$KEYS/w$number/witness.vkey")" \
            "${WITNESS_PORTS[number]}"
    done
}
# waits COMMAND...: until it succeeds, for half a minute.
waits() {
    for _ in $(seq 300); do
        "$@" >/dev/null 2>&1 && return 0
        sleep 0.1
    done
    return 1
}
listening() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
start_witness() {
    "$BIN/valise-audit" witness serve --data "$WORLD/w$1" --keys "$KEYS/w$1" --charter "$WORLD/charter.signed" \
        --port "${WITNESS_PORTS[$1]}" >/dev/null 2>>"$WORLD/w$1.log" &
    PIDS[$1]=$!
    waits listening "${WITNESS_PORTS[$1]}"
}
# send NAME TO: the message's identifier.
send() {
    echo "cedar" >"$WORLD/text"
    with_passphrase "$1" send --to "$2" "$WORLD/text" --json 2>/dev/null | field message
}
confirmed() { with_passphrase us-envoy track "$1" --json | grep -q '"confirmed":true'; }
serial() {
    openssl s_client -connect "localhost:$PORT" -CAfile "$KEYS/relay/tls-root.pem" -verify_return_error </dev/null \
        2>/dev/null | openssl x509 -noout -serial
}
renewed() { local now; now=$(serial) && [ -n "$now" ] && [ "$now" != "$before" ]; }
mirror() {
    "$BIN/valise-audit" mirror --charter "$WORLD/charter.signed" --out "$WORLD/mirror" --home "$AUDITOR" \
        --passphrase-file "$WORLD/passphrase"
}
verify() { "$BIN/valise-audit" verify --charter "$WORLD/charter.signed" --mirror "$WORLD/mirror" "$@"; }

make_keys
for number in 0 1; do
    "$BIN/valise-audit" witness keys new --out "$KEYS/w$number" --name "witness$number.example" >/dev/null 2>&1
done
make_charter
for number in 0 1; do start_witness "$number" || exit 1; done
init_relay
start_relay --witness-pause 1s || exit 1
publish_keys

echo "The relay's certificate"
before=$(serial)
pid=$RELAY_PID
mv "$KEYS/relay/tls-root.key" "$WORLD/tls-root.key"
refuses "without the root's key there is no new leaf" 6 "[key-file-missing]" "$BIN/valise-relay" keys renew --keys "$KEYS/relay"
cp -p "$WORLD/tls-root.key" "$KEYS/relay/"
document "a new leaf under the same root" valise/relay-leaf/v1 "$BIN/valise-relay" keys renew --keys "$KEYS/relay" --json
check "the root's key goes away again" shred -u "$KEYS/relay/tls-root.key"
check "the running relay shows the old one" test "$(serial)" = "$before"
kill -HUP "$RELAY_PID"
check "and takes the new one up, which is under the charter's root too" waits renewed
check "its log says until when it serves" grep -q "the TLS certificate is valid until" "$LOG"
check "the same process serves" test "$RELAY_PID" = "$pid" -a -d "/proc/$pid"
first=$(send us-envoy lebanon-speaker)
check "messages come and go" with_passphrase lebanon-speaker read "$first"

echo "A delegate's passphrase"
(umask 077 && head -c 24 /dev/urandom | base64 >"$WORLD/new-passphrase")
document "it is changed" valise/passphrase/v1 "$BIN/valise" passphrase --home "$DESK" \
    --passphrase-file "$WORLD/passphrase" --new-passphrase-file "$WORLD/new-passphrase" --json
refuses "the old one opens nothing" 6 "[wrong-passphrase]" with_passphrase us-envoy inbox
check "the new one does" "$BIN/valise" inbox --home "$DESK" --passphrase-file "$WORLD/new-passphrase"
"$BIN/valise" passphrase --home "$DESK" --passphrase-file "$WORLD/new-passphrase" \
    --new-passphrase-file "$WORLD/passphrase" >/dev/null 2>&1

echo "A witness retires"
check "a message is confirmed" waits confirmed "$first"
kill "${PIDS[0]}"
wait "${PIDS[0]}" 2>/dev/null
check "its key is destroyed" shred -u "$KEYS/w0/witness.key"
second=$(send us-envoy lebanon-speaker)
check "the other one is quorum enough" waits confirmed "$second"
check "a new witness has a key of its own" \
    "$BIN/valise-audit" witness keys new --out "$KEYS/w2" --name witness2.example
start_witness 2 || exit 1
check "a copy of the log" mirror
# ask ARG...: the new witness, which the charter does not name.
ask() {
    "$BIN/valise-audit" witness ask --mirror "$WORLD/mirror" --charter "$WORLD/charter.signed" \
        --witness "$(cat "$KEYS/w2/witness.vkey")" --url "http://127.0.0.1:${WITNESS_PORTS[2]}" "$@"
}
prints "cosigned by it for whoever asks" "witness2.example" ask --out "$WORLD/cosigned"
track() { with_passphrase us-envoy track "$second" --json; }
prints "a desk counts those of the charter alone" witness1.example track
if track | grep -q witness2.example; then failed "and not the new one"; else passed "and not the new one"; fi

echo "An auditor's key"
prints "the log is right" "verdict: the log is consistent" verify
resumed() { verify --json | field resumedFrom; }
check "the next one goes on from there" test "$(resumed)" != None
check "the key is destroyed" shred -u "$XDG_STATE_HOME/valise-audit/audit.key"
check "what it vouched for counts no more, and all is checked again" test "$(resumed)" = None
check "with a new key, which is made by itself" test -s "$XDG_STATE_HOME/valise-audit/audit.key"

echo "Sealing keys whose time is over"
until=$("$BIN/valise" keys list --home "$DESK" --json | python3 -c '
import json, sys, time
ends = [key["keepUntil"] for key in json.load(sys.stdin)["keys"] if key.get("keepUntil")]
print(int(min(ends) / 1000 - time.time()) + 86400)')
first_key=$("$BIN/valise" keys list --home "$DESK" --json | python3 -c '
import json, sys
keys = [key for key in json.load(sys.stdin)["keys"] if key.get("keepUntil")]
print(min(keys, key=lambda key: key["keepUntil"])["key"])')
file=$(ls "$KEYS/us-envoy"/sealing-"${first_key:0:12}"*)
check "the first key is there" test -f "$file"
stop_relay
for pid in "${PIDS[@]}"; do kill "$pid" 2>/dev/null; done
# later COMMAND...: with a clock that is past keepUntil. The second program of a process finds what libfaketime has set.
LIBRARY=$(ls /usr/lib/*/faketime/libfaketimeMT.so.1)
later() { LD_PRELOAD=$LIBRARY FAKETIME="+${until}s" env "$@"; }
LD_PRELOAD=$LIBRARY FAKETIME="+${until}s" env "$BIN/valise-relay" serve --data "$DATA" --keys "$KEYS/relay" >/dev/null \
    2>>"$LOG" &
RELAY_PID=$!
check "the relay, weeks later" waits listening "$PORT"
check "the desk looks into its inbox" later "$BIN/valise" inbox --home "$DESK" --passphrase-file "$WORLD/passphrase"
check "the old private key is gone" test ! -e "$file"
ahead=$(later "$BIN/valise" keys list --home "$DESK" --json | UNTIL=$until python3 -c '
import json, os, sys, time
now = (time.time() + int(os.environ["UNTIL"])) * 1000
print(sum(1 for key in json.load(sys.stdin)["keys"] if (key.get("sealUntil") or 0) > now))')
check "four windows are published ahead again" test "$ahead" -ge 4
later "$BIN/valise" inbox --home "$WORLD/parties/lebanon-speaker" --passphrase-file "$WORLD/passphrase" >/dev/null 2>&1
third=$(later "$BIN/valise" send --to us-envoy "$WORLD/text" --home "$WORLD/parties/lebanon-speaker" \
    --passphrase-file "$WORLD/passphrase" --json 2>/dev/null | field message)
prints "a message to the new keys is read" cedar later "$BIN/valise" read "$third" --home "$DESK" \
    --passphrase-file "$WORLD/passphrase"
prints "and what was read before is in the archive" cedar later "$BIN/valise" read "$first" \
    --home "$WORLD/parties/lebanon-speaker" --passphrase-file "$WORLD/passphrase"
check "the auditor is content" later "$BIN/valise-audit" mirror --charter "$WORLD/charter.signed" --out "$WORLD/mirror" \
    --home "$AUDITOR" --passphrase-file "$WORLD/passphrase"
check "with every entry" verify
report
