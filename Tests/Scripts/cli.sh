#!/usr/bin/env bash
# The programs as a shell sees them: exit codes, stable error codes, JSON documents, signals, files. Each section is a
# table of checks over one world of five parties and a relay in a temporary folder.
set -uo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=Tests/Scripts/scene.sh
source Tests/Scripts/scene.sh
# shellcheck source=Tests/Scripts/lib.sh
source Tests/Scripts/lib.sh
own_world

RELAY=$BIN/valise-relay
AUDIT=$BIN/valise-audit
SAMPLER_PID=""
clear_more() { [ -z "$SAMPLER_PID" ] || kill "$SAMPLER_PID" 2>/dev/null; }

# Parties without a running agent are asked for their passphrase file; the envoy is unlocked below.
envoy() { party us-envoy "$@"; }
speaker() { with_passphrase lebanon-speaker "$@"; }
hezbollah() { with_passphrase hezbollah "$@"; }
send() { envoy send --to hezbollah "$@"; }
# A copy of a file with one bit of its middle turned over.
flipped() {
    python3 -c '
import pathlib, sys
data = bytearray(pathlib.Path(sys.argv[1]).read_bytes())
data[len(data) // 2] ^= 1
pathlib.Path(sys.argv[2]).write_bytes(data)' "$1" "$2"
}
serve() { timeout 20 "$RELAY" serve --data "$1" --keys "$KEYS/relay" "${@:2}"; }

usage_checks() {
    for program in valise valise-relay valise-audit; do
        prints "$program --help" "USAGE: $program" "$BIN/$program" --help
        prints "$program --version" "0." "$BIN/$program" --version
        refuses "$program with an unknown option" 64 "[usage]" "$BIN/$program" --nonsense
        refuses "$program with an unknown command" 64 "[usage]" "$BIN/$program" nonsense
    done
    refuses "send without a recipient" 64 "Missing expected argument '--to" envoy send -
    refuses "send with nothing to send" 64 "Give a FILE" envoy send --to hezbollah
    refuses "send with --via and --direct" 64 "either --via or --direct" send --via lebanon-speaker --direct -
    refuses "send with an unknown precedence" 64 "is invalid for '--precedence" send --precedence urgent -
    refuses "send with a malformed expiry" 64 "[duration-malformed]" send --expires 2parsecs -
    refuses "a passphrase on the command line" 64 "[usage]" envoy inbox --passphrase secret
    refuses "a usage error as a document" 64 '"schema":"valise/error/v1"' "$BIN/valise" nonsense --json
    refuses "serve without a data directory" 64 "--data" "$RELAY" serve
    refuses "verify without a mirror" 64 "--mirror" "$AUDIT" verify --charter "$WORLD/charter.signed"
}

key_checks() {
    refuses "keys new over keys" 3 "[keys-exist]" with_passphrase us-envoy keys new --party us-envoy --delegate lead
    refuses "relay keys new over keys" 3 "[key-file-exists]" "$RELAY" keys new --out "$KEYS/relay" --url https://localhost
    refuses "a party that is no name" 64 "[name-malformed]" with_passphrase x keys new --party 'Us Envoy' --delegate lead
    refuses "a desk without keys" 4 "[no-keys]" party nobody keys show
    refuses "its document names the desk in what to do" 4 '"hints":["valise keys new --home '"$WORLD/parties/nobody"' --party' \
        "$BIN/valise" keys show --home "$WORLD/parties/nobody" --json
    check "the keys that were refused were not made" test ! -e "$WORLD/parties/x/keys/signing.pem"
    document "keys show --json" valise/keys/v1 envoy keys show --json
    check "keys show writes the card" envoy keys show --out "$WORLD/envoy.card"
    check "as it is" cmp "$WORLD/envoy.card" "$KEYS/us-envoy/delegate.card"
    refuses "and over no file" 3 "[file-exists]" envoy keys show -o "$WORLD/envoy.card"
    document "relay keys new --json" valise/relay-keys/v1 "$RELAY" keys new --out "$WORLD/more" --url https://a.example --json
    for file in "$KEYS"/us-envoy/*.pem "$KEYS"/relay/*.key; do
        check "mode 0600: ${file#"$KEYS/"}" test "$(stat -c %a "$file")" = 600
    done
    echo "not the passphrase" >"$WORLD/wrong"
    cp "$WORLD/passphrase" "$WORLD/readable"
    chmod 600 "$WORLD/wrong"
    chmod 644 "$WORLD/readable"
    : >"$WORLD/empty"
    chmod 600 "$WORLD/empty"
    refuses "a wrong passphrase" 6 "[wrong-passphrase]" envoy inbox --passphrase-file "$WORLD/wrong"
    refuses "a passphrase file that others can read" 6 "[key-file-open-to-others]" \
        envoy inbox --passphrase-file "$WORLD/readable"
    refuses "an empty passphrase file" 6 "[passphrase-missing]" envoy inbox --passphrase-file "$WORLD/empty"
    refuses "no passphrase file" 6 "[key-file-missing]" envoy inbox --passphrase-file "$WORLD/none"
    chmod 644 "$KEYS/us-envoy/signing.pem"
    refuses "a key file that others can read" 6 "[key-file-open-to-others]" with_passphrase us-envoy inbox
    chmod 600 "$KEYS/us-envoy/signing.pem"
}

charter_checks() {
    local fingerprint
    flipped "$WORLD/charter.signed" "$WORLD/charter.tampered"
    refuses "join of a tampered charter" 2 "[" envoy join "$WORLD/charter.tampered" --yes
    head -c 100 "$WORLD/charter.signed" >"$WORLD/charter.cut"
    refuses "join of a cut charter" 2 "[charter-damaged]" envoy join "$WORLD/charter.cut" --yes
    refuses "join of an unsigned charter" 2 "[charter-unsigned]" envoy join "$WORLD/charter.der" --yes
    refuses "join with another fingerprint" 2 "[fingerprint-differs]" \
        envoy join "$WORLD/charter.signed" --fingerprint aaaa
    refuses "join without a terminal and without --yes" 64 "[confirmation-needed]" envoy join "$WORLD/charter.signed"
    refuses "a desk that has not joined" 4 "[not-joined]" with_passphrase unjoined inbox
    fingerprint=$(envoy charter show "$WORLD/charter.signed" --json | field fingerprint)
    check "join again with the right fingerprint" envoy join "$WORLD/charter.signed" --fingerprint "$fingerprint"
    document "join --json" valise/join/v1 envoy join "$WORLD/charter.signed" --yes --json
    document "charter show --json" valise/charter/v1 envoy charter show "$WORLD/charter.signed" --json
    document "charter verify --json" valise/charter-verify/v1 envoy charter verify "$WORLD/charter.signed" --json
    refuses "charter verify of a tampered charter" 2 "[" envoy charter verify "$WORLD/charter.tampered"
    document "parties --json" valise/parties/v1 envoy parties --json
    refuses "relay init over a log" 3 "[log-exists]" "$RELAY" init --charter "$WORLD/charter.signed" --data "$WORLD/relay" \
        --keys "$KEYS/relay"
    refuses "relay init with a tampered charter" 2 "[" "$RELAY" init --charter "$WORLD/charter.tampered" \
        --data "$WORLD/tampered" --keys "$KEYS/relay"
}

message_checks() {
    check "unlock" with_passphrase us-envoy unlock --for 10m
    document "an unlocked desk needs no passphrase" valise/inbox-list/v1 envoy inbox --json
    document "unlock again --json" valise/unlock/v1 with_passphrase us-envoy unlock --json
    document "keys publish --json" valise/keys-publish/v1 envoy keys publish --json

    echo "A text that nobody else may read: cedar." >"$WORLD/text"
    head -c 700000 /dev/urandom >"$WORLD/annex.bin"
    : >"$WORLD/empty.bin"
    envoy send --to hezbollah --subject "Subject: cypress" --attach "$WORLD/annex.bin" --attach "$WORLD/empty.bin" \
        --json "$WORLD/text" >"$WORLD/sent.json" 2>"$WORLD/sent.err" </dev/null
    check "send with attachments --json" test "$(field schema <"$WORLD/sent.json")" = valise/send/v1
    MESSAGE=$(field message <"$WORLD/sent.json")
    check "the route goes through the speaker" test "$(field route 1 <"$WORLD/sent.json")" = lebanon-speaker
    document "inbox --json" valise/inbox-list/v1 speaker inbox --json
    refuses "a blind intermediary reads nothing" 3 "[blind-carriage]" speaker read "$MESSAGE"
    refuses "the recipient cannot read it yet" 3 "[" hezbollah read "$MESSAGE"
    document "convey --json" valise/act/v1 speaker convey "${MESSAGE:0:6}" --json
    refuses "convey again" 3 "[" speaker convey "$MESSAGE"

    mkdir "$WORLD/saved"
    hezbollah read "$MESSAGE" --save "$WORLD/saved" --json >"$WORLD/read.json" 2>/dev/null </dev/null
    check "read --save --json" test "$(field schema <"$WORLD/read.json")" = valise/read/v1
    check "the subject arrives" test "$(field subject <"$WORLD/read.json")" = "Subject: cypress"
    check "the text arrives" test "$(field text <"$WORLD/read.json")" = "$(cat "$WORLD/text")"
    check "an attachment is the same" cmp "$WORLD/annex.bin" "$WORLD/saved/annex.bin"
    check "an empty attachment is the same" cmp "$WORLD/empty.bin" "$WORLD/saved/empty.bin"
    check "read again, nothing is overwritten" hezbollah read "$MESSAGE" --save "$WORLD/saved"
    check "the first copy is still there" cmp "$WORLD/annex.bin" "$WORLD/saved/annex.bin"
    check "the second copy has a name of its own" cmp "$WORLD/annex.bin" "$WORLD/saved/annex (2).bin"
    document "track --json" valise/track/v1 envoy track "$MESSAGE" --json
    prints "track by the first letters" "opened" envoy track "${MESSAGE:0:6}"

    refuses "an unknown beginning" 4 "[message-unknown]" envoy track zzzz7777
    refuses "what is no beginning" 64 "[message-malformed]" envoy track 'x!'
    refuses "an unknown message" 4 "[" envoy track aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
    refuses "a party that nobody knows" 4 "[unknown-party]" envoy send --to atlantis "$WORLD/text"
    refuses "no route" 3 "[no-route]" envoy send --to oversight-committee "$WORLD/text"
    refuses "barred from direct contact" 3 "[barred]" send --direct "$WORLD/text"
    refuses "the permitted route is named" 3 "--via lebanon-speaker" send --direct "$WORLD/text"
    prints "what was refused is listed with its code" '"withdrawn":true,"refusal":"barred"' envoy list --sent --json
    prints "and not counted as sent" '"archivedSent":1,"archivedReceived":0,"archivedUnsent":2' envoy status --json
    prints "the custody chain says when it was signed" '"madeAt":' envoy track "$MESSAGE" --json
    refuses "a file that is not there" 4 "[file-missing]" send "$WORLD/none"
    refuses "an attachment that is a folder" 1 "[file-unreadable]" send --attach "$WORLD"
    # This file is another one at every reading.
    refuses "a file that changes while it is read" 1 "[changed-while-reading]" \
        send --attach /proc/sys/kernel/random/uuid
    refuses "an error as a document" 3 '"code":"no-route"' envoy send --to oversight-committee --json "$WORLD/text"
    local second
    second=$(send --json "$WORLD/text" 2>/dev/null | field message)
    document "refuse --json" valise/act/v1 speaker refuse "$second" --reason policy --json
    prints "a refusal shows" "refused" envoy track "$second"

    document "lock --json" valise/lock/v1 envoy lock --json
    refuses "a locked desk" 6 "[" envoy inbox
    check "lock again" envoy lock
}

audit_checks() {
    local mirror=$WORLD/mirror
    document "mirror --json" valise/mirror/v1 "$AUDIT" mirror --charter "$WORLD/charter.signed" --out "$mirror" \
        --home "$WORLD/parties/oversight-committee" --passphrase-file "$WORLD/passphrase" --json
    document "verify --json" valise/audit/v1 "$AUDIT" verify --mirror "$mirror" --charter "$WORLD/charter.signed" --json
    prints "verify goes on where it ended" "by an earlier run" "$AUDIT" verify --mirror "$mirror" \
        --charter "$WORLD/charter.signed"
    prints "or from the beginning" '"resumedFrom":null' "$AUDIT" verify --mirror "$mirror" \
        --charter "$WORLD/charter.signed" --from-the-beginning --json
    refuses "a mirror for one who is no auditor" 3 "[" "$AUDIT" mirror --charter "$WORLD/charter.signed" \
        --out "$WORLD/not-a-mirror" --home "$WORLD/parties/us-envoy" --passphrase-file "$WORLD/passphrase"
    refuses "verify of an empty folder" 1 "[" "$AUDIT" verify --mirror "$WORLD/none" --charter "$WORLD/charter.signed"
    cp -r "$mirror" "$WORLD/forged"
    flipped "$mirror/checkpoint" "$WORLD/forged/checkpoint"
    refuses "verify of a flipped checkpoint" 2 "[" "$AUDIT" verify --mirror "$WORLD/forged" \
        --charter "$WORLD/charter.signed"
}

# starts NAME: not through check, whose subshell would keep the process and its number to itself.
starts() { if start_relay; then passed "$1"; else failed "$1" "$(tail -3 "$WORLD/relay.log")"; fi; }

relay_checks() {
    local before after status=0 start
    refuses "a second relay on the data directory" 1 "[data-directory-in-use]" serve "$WORLD/relay" --port "$(free_port)"
    "$RELAY" init --charter "$WORLD/charter.signed" --data "$WORLD/relay-2" --keys "$KEYS/relay" >/dev/null 2>&1
    refuses "a port in use" 5 "[port-in-use]" serve "$WORLD/relay-2" --port "$PORT"
    refuses "no data directory" 1 "[" serve "$WORLD/no-relay"
    chmod 644 "$KEYS/relay/log.key"
    refuses "a log key that others can read" 6 "[key-file-open-to-others]" serve "$WORLD/relay-2"
    chmod 600 "$KEYS/relay/log.key"
    check "the relay still serves" speaker inbox

    before=$(speaker track "$MESSAGE" --json)
    start=$SECONDS
    kill -TERM "$RELAY_PID"
    wait "$RELAY_PID" || status=$?
    RELAY_PID=""
    check "SIGTERM ends with 0" test "$status" -eq 0
    check "SIGTERM ends within 10 s" test $((SECONDS - start)) -le 10
    check "the log says so" grep -q stopped "$WORLD/relay.log"
    refuses "no relay" 5 "[relay-unavailable]" speaker inbox
    starts "the relay starts again"
    after=$(speaker track "$MESSAGE" --json)
    check "the same custody chain after a restart" test "$before" = "$after"

    kill -KILL "$RELAY_PID"
    wait "$RELAY_PID" 2>/dev/null
    starts "the relay starts after SIGKILL"
    check "the same custody chain after SIGKILL" test "$before" = "$(speaker track "$MESSAGE" --json)"
    check "a message after that" with_passphrase us-envoy send --to hezbollah "$WORLD/text"
    check "the mirror goes on" "$AUDIT" mirror --charter "$WORLD/charter.signed" --out "$WORLD/mirror" \
        --home "$WORLD/parties/oversight-committee" --passphrase-file "$WORLD/passphrase"
    prints "and is consistent" "verdict: the log is consistent" "$AUDIT" verify --mirror "$WORLD/mirror" \
        --charter "$WORLD/charter.signed"
    check "the relay's log is JSON lines" python3 -c '
import json, sys
lines = [json.loads(line) for line in open(sys.argv[1])]
sys.exit(not lines)' "$WORLD/relay.log"
}

# Command lines and environments of all processes, again and again.
sample_processes() {
    while :; do cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr '\0' '\n' | grep -aF -f "$1"; done
}

secret_checks() {
    printf 'cypress\ncedar\n' >"$WORLD/content"
    absent "no passphrase in any process" "$WORLD/passphrase" "$WORLD/seen"
    absent "no passphrase in the relay's log and data" "$WORLD/passphrase" "$WORLD/relay.log" "$WORLD/relay"
    absent "no passphrase in what the desks keep" "$WORLD/passphrase" "$WORLD/parties" "$KEYS"
    absent "no subject and no text at the relay" "$WORLD/content" "$WORLD/relay.log" "$WORLD/relay" "$WORLD/mirror"
    absent "no subject and no text at the desks" "$WORLD/content" "$WORLD/parties"
    check "the samples would show a word" grep -q "sampled-word" "$WORLD/seen"
}

echo "cli: the programs of $BIN"
make_keys
make_charter
init_relay
cp "$WORLD/passphrase" "$WORLD/needles"
echo "sampled-word" >>"$WORLD/needles"
sample_processes "$WORLD/needles" >"$WORLD/seen" &
SAMPLER_PID=$!
SAMPLED=sampled-word sleep 1
mkdir -p "$WORLD/parties/unjoined"
cp -r "$KEYS/us-envoy" "$WORLD/parties/unjoined/keys"
usage_checks
key_checks
charter_checks
start_relay || exit 1
for name in lebanon-speaker israel-strategic-affairs hezbollah; do
    with_passphrase "$name" keys publish >/dev/null 2>&1
done
message_checks
audit_checks
relay_checks
secret_checks
report
