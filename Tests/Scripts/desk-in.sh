#!/usr/bin/env bash
# The incoming side of a desk over the real programs: inbox and watch, read and archive, fetch and open, track, recall,
# status, key rotation, two runs at once. Every command has a time limit. Last line: N passed, N failed.
set -uo pipefail
cd "$(dirname "$0")/../.."
export TZ=UTC
unset XDG_RUNTIME_DIR
# shellcheck source=Tests/Scripts/scene.sh
source Tests/Scripts/scene.sh
# shellcheck source=Tests/Scripts/lib.sh
source Tests/Scripts/lib.sh
own_world

WATCH_PID=""
stop_watch() {
    [ -n "$WATCH_PID" ] || return 0
    kill "$WATCH_PID" 2>/dev/null
    wait "$WATCH_PID" 2>/dev/null
    WATCH_PID=""
}
clear_more() { stop_watch; }

# party of scene.sh, with a time limit.
party() {
    local name=$1
    shift
    VALISE_HOME="$WORLD/parties/$name" timeout 60 "$BIN/valise" "$@"
}
envoy() { party us-envoy "$@"; }
speaker() { party lebanon-speaker "$@"; }
hezbollah() { party hezbollah "$@"; }
# sends ARG...: a message to the speaker; prints its identifier.
sends() { envoy send --to lebanon-speaker --json "$@" 2>>"$WORLD/send.log" </dev/null | field message; }
# waits_for NAME FILE TEXT: up to ten seconds.
waits_for() {
    for _ in $(seq 100); do
        if grep -qF -- "$3" "$2" 2>/dev/null; then
            passed "$1"
            return
        fi
        sleep 0.1
    done
    failed "$1" "'$3' was expected in $2:" "$(cat "$2" 2>/dev/null)"
}

inbox_checks() {
    echo "The first text, about cedars." >"$WORLD/first"
    head -c 300000 /dev/urandom >"$WORLD/annex.bin"
    FIRST=$(sends --subject "Cedars" --caption "Eyes only" --precedence flash --attach "$WORLD/annex.bin" "$WORLD/first")
    prints "what arrived is marked as new" "(new)" speaker inbox
    speaker inbox >"$WORLD/inbox.txt" 2>&1 </dev/null
    check "and the next time it is not" bash -c "! grep -q '(new)' '$WORLD/inbox.txt'"
    check "it shows what is left of the time" grep -q "left" "$WORLD/inbox.txt"
    check "it ends with what was not withheld" grep -q "nothing withheld up to" "$WORLD/inbox.txt"
    check "new is in the document" test "$(speaker inbox --json 2>/dev/null | field arrivals 0 new)" = False
    refuses "--exec without --watch" 64 "--exec needs --watch" speaker inbox --exec true
}

read_checks() {
    mkdir "$WORLD/saved"
    speaker read "$FIRST" --save "$WORLD/saved" >"$WORLD/read.txt" 2>&1 </dev/null
    for text in "us-envoy (lead)" "Cedars" "Eyes only" "flash" "about cedars" "UTC" "left" "annex.bin" \
        "receipt and opening are in the log"; do
        check "read shows: $text" grep -qF -- "$text" "$WORLD/read.txt"
    done
    check "the attachment is the same" cmp "$WORLD/annex.bin" "$WORLD/saved/annex.bin"
    check "no partial file is left" bash -c "! ls '$WORLD'/parties/lebanon-speaker/downloads/*.part 2>/dev/null"
    prints "read again comes from the archive" "from this desk's archive" speaker read "$FIRST"
    prints "read --save again, from the kept payload" "kept there, opened and verified again" \
        speaker read "$FIRST" --save "$WORLD/saved"
    check "the second copy has a name of its own" cmp "$WORLD/annex.bin" "$WORLD/saved/annex (2).bin"
    check "read --save --overwrite" speaker read "$FIRST" --save "$WORLD/saved" --overwrite
    check "nothing more was written" test "$(find "$WORLD/saved" -type f | wc -l)" = 2
    document "read --json" valise/read/v1 speaker read "$FIRST" --json
    check "no line of the text, subject or name is on the disk" bash -c \
        "! grep -rlaE 'about cedars|Cedars|annex.bin|Eyes only' '$WORLD/parties'"
    refuses "a folder that is a file" 64 "[not-a-folder]" speaker read "$FIRST" --save "$WORLD/first"
}

archive_checks() {
    prints "list --received" "Cedars" speaker list --received
    refuses "list --sent is empty" 0 "nothing of the kind" speaker list --sent
    prints "list --sent at the other end" "Cedars" envoy list --sent
    prints "list --office shows what the log has" "${FIRST:0:12}" envoy list --office
    refuses "and nothing of another party" 0 "nothing was sent in the name of lebanon-speaker" speaker list --office
    document "list --office --json" valise/office-list/v1 envoy list --office --json
    prints "search by a part of a word" "Cedars" speaker search CEDA
    refuses "search that finds nothing" 0 "nothing found" speaker search oleander
    document "search --json" valise/search/v1 speaker search cedars --json
    document "list --json" valise/list/v1 speaker list --json
    document "thread --json" valise/thread/v1 speaker thread "${FIRST:0:8}" --json
    refuses "thread of what is not here" 4 "[not-archived]" \
        speaker thread aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
}

# answers WORD NAME ARG...: the program at that party's desk with a terminal of its own, on which WORD is typed.
answers() {
    local word=$1 name=$2
    shift 2
    printf '%s\n' "$word" | VALISE_HOME="$WORLD/parties/$name" timeout 60 python3 -c '
import os, pty, sys
sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))' "$BIN/valise" "$@"
}

# What messages with attachments take, and letting go of it.
room_checks() {
    local name twin=$WORLD/parties/hezbollah
    prints "archive shows what is kept of a received message" "annex.bin" speaker archive
    prints "and of a sent one" "annex.bin" envoy archive list
    document "archive --json" valise/archive/v1 speaker archive --json
    check "its document has the message" test "$(speaker archive --json 2>/dev/null | field payloads 0 message)" = "$FIRST"
    mkdir "$WORLD/again"
    stop_relay
    for name in lebanon-speaker us-envoy; do
        prints "read --save without a relay: $name" "kept there, opened and verified again" \
            party "$name" read "$FIRST" --save "$WORLD/again"
    done
    check "the recipient's is the same" cmp "$WORLD/annex.bin" "$WORLD/again/annex.bin"
    check "the originator's is the same" cmp "$WORLD/annex.bin" "$WORLD/again/annex (2).bin"
    check "no header is kept: neither parties nor format show" bash -c \
        "! grep -laE 'us-envoy|lebanon|valise-envelope' '$WORLD'/parties/*/archive/payloads/*"
    refuses "drop wants to be confirmed" 64 "[confirmation-needed]" speaker archive drop "$FIRST"
    refuses "drop of nothing" 64 "Give a MESSAGE or --unclaimed" speaker archive drop --yes
    refuses "no on the terminal keeps it" 3 "[not-confirmed]" answers no lebanon-speaker archive drop "$FIRST"
    prints "it is there still" "annex.bin" speaker archive
    prints "yes on the terminal lets go of it" "dropped" answers yes lebanon-speaker archive drop "${FIRST:0:8}"
    document "drop --json" valise/archive-drop/v1 envoy archive drop "$FIRST" --yes --json
    refuses "drop again" 4 "[nothing-kept]" envoy archive drop "$FIRST" --yes
    refuses "drop of what is not here" 4 "[" hezbollah archive drop "$FIRST" --yes
    refuses "attachments of a sent message that were let go of" 4 "[attachments-not-kept]" \
        envoy read "$FIRST" --save "$WORLD/again"
    prints "its text stays" "about cedars" envoy read "$FIRST"
    refuses "those of a received one need the relay" 5 "[relay-unavailable]" speaker read "$FIRST" --save "$WORLD/again"
    start_relay
    prints "which has them still" "receipt and opening are in the log" speaker read "$FIRST" --save "$WORLD/again"
    prints "and they are kept again" "annex.bin" speaker archive
    mkdir -p -m 700 "$twin/archive/payloads"
    head -c 1000 /dev/urandom >"$twin/archive/payloads/aaaaaaaaaaaaaaaa"
    prints "a payload without a record is shown" "unclaimed" hezbollah archive
    prints "and let go of when that is asked for" "dropped 1000 B" hezbollah archive drop --unclaimed --yes
    check "it is gone" test ! -e "$twin/archive/payloads/aaaaaaaaaaaaaaaa"
}

# Readers killed at any moment: nothing stays under a hidden name, and the next read makes everything good.
kill_checks() {
    local message round step pid place=$WORLD/killed home=$WORLD/parties/lebanon-speaker flags=()
    local left seed=${SEED:-$RANDOM}
    echo "  seed $seed"
    RANDOM=$seed
    head -c 3000000 /dev/urandom >"$WORLD/kill.bin"
    for round in 1 2 3; do
        message=$(sends --attach "$WORLD/kill.bin" --attach "$WORLD/annex.bin" "$WORLD/first")
        [ "$round" != 3 ] || flags=(--overwrite)
        for step in $(seq 8); do
            VALISE_HOME=$home "$BIN/valise" read "$message" --save "$place" "${flags[@]}" >/dev/null 2>&1 </dev/null &
            pid=$!
            sleep "0.$(printf '%03d' $((RANDOM % 500)))"
            kill -KILL "$pid" 2>/dev/null
            wait "$pid" 2>/dev/null
        done
        check "read after eight kills, round $round" speaker read "$message" --save "$WORLD/whole-$round"
        check "the attachment is the same, round $round" cmp "$WORLD/kill.bin" "$WORLD/whole-$round/kill.bin"
        check "it is kept, round $round" bash -c \
            "VALISE_HOME=$home '$BIN/valise' archive --json </dev/null 2>/dev/null | grep -q $message"
        prints "it is opened in the log, round $round" "opened" envoy track "$message"
    done
    left=$(find "$place" "$WORLD"/whole-* -name '.valise-part-*'; find "$home/state" "$home/downloads" -name 'spool-*' -o \
        -name '*.part*')
    if [ -z "$left" ]; then passed "nothing is left"; else failed "nothing is left" "$left"; fi
    check "whatever has a name is whole" bash -c "
        for file in '$place'/kill*.bin; do cmp '$WORLD/kill.bin' \"\$file\" || exit 1; done
        for file in '$place'/annex*.bin; do cmp '$WORLD/annex.bin' \"\$file\" || exit 1; done"
}

track_checks() {
    envoy track "${FIRST:0:6}" >"$WORLD/track.txt" 2>&1 </dev/null
    for text in "available to lebanon-speaker for" "retrieved by lebanon-speaker for" "opened" "lebanon-speaker/lead"; do
        check "track shows: $text" grep -qF -- "$text" "$WORLD/track.txt"
    done
    envoy track "$FIRST" --json >"$WORLD/track.json" 2>/dev/null </dev/null
    check "the document has how long it was held" test "$(field legs 0 custody 0 state <"$WORLD/track.json")" = available
    local second
    second=$(envoy send --to hezbollah --json "$WORLD/first" 2>/dev/null | field message)
    check "refuse" speaker refuse "$second" --reason policy
    envoy track "$second" --json >"$WORLD/track.json" 2>/dev/null </dev/null
    check "an act's word has no reason in it" test "$(field steps 1 act <"$WORLD/track.json")" = refused
    check "the reason stands beside it" test "$(field steps 1 reason <"$WORLD/track.json")" = policy
}

recall_checks() {
    local third
    third=$(sends --subject "Third" "$WORLD/first")
    refuses "a recall by another party" 3 "[not-originator]" speaker recall "$third"
    refuses "a leg that is not there" 4 "[no-such-leg]" envoy recall "$third" --leg 3
    document "recall --json" valise/recall/v1 envoy recall "$third" --json
    refuses "recall again" 3 "[not-recallable]" envoy recall "$third"
    refuses "read what was recalled" 3 "[ended]" speaker read "$third"
    refuses "recall of what was opened" 3 "[not-recallable]" envoy recall "$FIRST"
}

reveal_checks() {
    local source words
    source=$(sends --subject "The source" "$WORLD/first")
    check "the speaker reads the source" speaker read "$source"
    echo "In other words." >"$WORLD/words"
    words=$(speaker restate "$source" --to hezbollah --manner summarised --source withheld --json "$WORLD/words" \
        2>>"$WORLD/send.log" </dev/null | field message)
    prints "a restatement shows its manner" "does not name, summarised" hezbollah read "$words"
    check "the source is revealed" speaker reveal "$words"
    local brought
    brought=$(hezbollah inbox --json 2>/dev/null </dev/null | field arrivals 0 message)
    prints "what reveals it is proved" "proved by the log" hezbollah read "$brought"
    prints "and shows with the restatement" "proved by the log" hezbollah read "$words"
    prints "and again from the archive" "proved by the log" hezbollah read "$brought"
    prints "they are one conversation" "$(echo "$brought" | cut -c1-12)" hezbollah thread "$words"
}

stick_checks() {
    local stick=$WORLD/stick message twin=$WORLD/parties/twin
    mkdir "$stick"
    message=$(sends --subject "By stick" --attach "$WORLD/annex.bin" "$WORLD/first")
    document "fetch --json" valise/fetch/v1 speaker fetch "$message" -o "$stick/in.valise" --json
    refuses "fetch over a file" 3 "[file-exists]" speaker fetch "$message" -o "$stick/in.valise"
    # The machine without a network: the same keys, its own folder, and no relay.
    mkdir -p -m 700 "$twin"
    cp -rL "$WORLD/parties/lebanon-speaker/keys" "$twin/keys"
    cp -r "$WORLD/parties/lebanon-speaker/"{charter.signed,state} "$twin/"
    rm -f "$twin"/state/{inbox,arrived,agent.sock}*
    stop_relay
    with_passphrase twin open "$stick/in.valise" --receipt "$stick/out.valise" --save "$stick/saved" \
        >"$WORLD/open.txt" 2>&1 </dev/null
    check "open shows the subject" grep -qF "By stick" "$WORLD/open.txt"
    check "open says what a file does not show" grep -qF "does not show that it was accepted" "$WORLD/open.txt"
    check "the attachment is the same" cmp "$WORLD/annex.bin" "$stick/saved/annex.bin"
    check "the receipt is a statement file" grep -qa "valise-statement/v1" "$stick/out.valise"
    prints "it is in the archive there" "By stick" with_passphrase twin list
    flip "$stick/in.valise" "$stick/bad.valise"
    refuses "a file that was changed" 2 "[unreadable-digest]" with_passphrase twin open "$stick/bad.valise"
    head -c 100000 "$stick/in.valise" >"$stick/cut.valise"
    refuses "a file that was cut" 2 "[truncated]" with_passphrase twin open "$stick/cut.valise"
    refuses "a file of another kind" 64 "valise submit" with_passphrase twin open "$stick/out.valise"
    refuses "an envelope for somebody else" 3 "[not-here]" hezbollah open "$stick/in.valise"
    prints "read works from the archive without a relay" "the log could not be asked" speaker read "$FIRST"
    refuses "inbox without a relay" 5 "[relay-unavailable]" speaker inbox
    prints "status without a relay" "not reached" speaker status
    start_relay
    check "the receipt is submitted" speaker submit "$stick/out.valise"
    prints "and shows in the custody chain" "opened" envoy track "$message"
}
flip() {
    python3 -c '
import pathlib, sys
data = bytearray(pathlib.Path(sys.argv[1]).read_bytes())
data[-1000] ^= 1
pathlib.Path(sys.argv[2]).write_bytes(data)' "$1" "$2"
}

watch_checks() {
    cat >"$WORLD/hook" <<HOOK
#!/bin/sh
echo "\$VALISE_MESSAGE \$VALISE_FROM \$VALISE_PRECEDENCE \$VALISE_ROLE" >>"$WORLD/hooked"
HOOK
    chmod +x "$WORLD/hook"
    VALISE_HOME="$WORLD/parties/lebanon-speaker" timeout 120 "$BIN/valise" inbox --watch --json --exec "$WORLD/hook" \
        >"$WORLD/watch.out" 2>"$WORLD/watch.err" </dev/null &
    WATCH_PID=$!
    waits_for "the watch begins" "$WORLD/watch.err" "watching"
    local one two
    one=$(sends --precedence immediate "$WORLD/first")
    waits_for "an arrival is shown" "$WORLD/watch.out" "$one"
    waits_for "the command is run for it" "$WORLD/hooked" "$one us-envoy immediate recipient"
    stop_relay
    waits_for "a relay that goes away is said" "$WORLD/watch.err" "the relay is away"
    start_relay
    two=$(sends "$WORLD/first")
    waits_for "a restart is survived" "$WORLD/watch.out" "$two"
    waits_for "and said" "$WORLD/watch.err" "answers again"
    stop_watch
    check "each line is a document" python3 -c '
import json, sys
for line in open(sys.argv[1]):
    assert json.loads(line)["schema"] == "valise/inbox-arrival/v1"' "$WORLD/watch.out"
}

# Commands of a watch. HOOK is run in its own process group; what it starts must end with it.

# start_watch ARG...: without `timeout` in between, so that a signal goes to the watch itself.
start_watch() {
    : >"$WORLD/exec.err"
    VALISE_HOME="$WORLD/parties/lebanon-speaker" "$BIN/valise" inbox --watch "$@" \
        >>"$WORLD/exec.out" 2>"$WORLD/exec.err" </dev/null &
    WATCH_PID=$!
}
# ends_watch SIGNAL CODE NAME: the watch must end with that exit code.
ends_watch() {
    local status=0
    kill "-$1" "$WATCH_PID"
    wait "$WATCH_PID" 2>/dev/null || status=$?
    WATCH_PID=""
    check "$3" test "$status" -eq "$2"
}
# gone FILE: no process with the number in it runs any more.
gone() {
    local pid
    pid=$(cat "$1")
    [ ! -e "/proc/$pid" ] || grep -qE '^State:\s+Z' "/proc/$pid/status"
}
# hook NAME <SCRIPT
hook() {
    cat >"$WORLD/$1"
    chmod +x "$WORLD/$1"
}
# The messages for which a command was begun, one run after another counted once.
begun() { sed -n 's/^begin //p' "$WORLD/runs" | uniq; }
count() { grep -cx "begin $1" "$WORLD/runs"; }
# recorded NAME MESSAGE: the end of its command is on the disk.
recorded() {
    local number
    number=$(speaker inbox --all --json 2>/dev/null </dev/null | python3 -c '
import json, sys
print(next(a["number"] for a in json.load(sys.stdin)["arrivals"] if a["message"] == sys.argv[1]))' "$2")
    waits_for "$1" "$WORLD/parties/lebanon-speaker/state/exec" "ended $number"
}

exec_kill_checks() {
    local one two three four five
    hook held <<HOOK
#!/bin/sh
echo "begin \$VALISE_MESSAGE" >>"$WORLD/runs"
echo \$\$ >"$WORLD/hook.pid"
while [ ! -e "$WORLD/go" ]; do sleep 0.05; done
echo "end \$VALISE_MESSAGE" >>"$WORLD/runs"
HOOK
    start_watch --exec "exec $WORLD/held"
    waits_for "a watch with a command begins" "$WORLD/exec.err" "watching"
    refuses "another one has to wait" 1 "[exec-busy]" speaker inbox --watch --exec true
    one=$(sends "$WORLD/first") two=$(sends "$WORLD/first") three=$(sends "$WORLD/first")
    waits_for "the first command begins" "$WORLD/runs" "begin $one"
    waits_for "meanwhile the third arrival is shown" "$WORLD/exec.out" "${three:0:12}"
    ends_watch KILL 137 "the watch is killed"
    kill -KILL "$(cat "$WORLD/hook.pid")"
    touch "$WORLD/go"
    start_watch --exec "exec $WORLD/held"
    waits_for "the next watch runs what was left" "$WORLD/runs" "end $three"
    check "in the order of arrival" test "$(begun | tr '\n' ' ')" = "$one $two $three "
    check "what was cut off twice, the rest once" test "$(count "$one") $(count "$two") $(count "$three")" = "2 1 1"
    four=$(sends "$WORLD/first")
    waits_for "and goes on with what arrives" "$WORLD/runs" "end $four"
    recorded "its end is recorded" "$four"
    ends_watch KILL 137 "the watch is killed again"
    five=$(sends "$WORLD/first")
    speaker inbox >/dev/null 2>&1 </dev/null
    start_watch --exec "exec $WORLD/held"
    waits_for "what was shown by hand meanwhile has its command" "$WORLD/runs" "end $five"
    check "what was recorded is not run again" test "$(count "$four") $(count "$five")" = "1 1"
    check "the memory has numbers only" bash -c \
        "! grep -qvE '^(taken|due|ended) [0-9]+\$' '$WORLD/parties/lebanon-speaker/state/exec'"
    stop_watch
}

# Killed at moments that nobody chose: nothing is lost, nothing is out of order.
exec_moments_checks() {
    local messages=() round
    : >"$WORLD/runs"
    hook quick <<HOOK
#!/bin/sh
echo "begin \$VALISE_MESSAGE" >>"$WORLD/runs"
sleep 0.05
echo "end \$VALISE_MESSAGE" >>"$WORLD/runs"
HOOK
    for _ in 1 2 3 4 5 6 7 8; do messages+=("$(sends "$WORLD/first")"); done
    for round in 3 4 5 6 7 8; do
        VALISE_HOME="$WORLD/parties/lebanon-speaker" timeout -s KILL "0.$round" "$BIN/valise" \
            inbox --watch --exec "exec $WORLD/quick" >/dev/null 2>&1 </dev/null
    done
    start_watch --exec "exec $WORLD/quick"
    waits_for "after six kills everything was run" "$WORLD/runs" "end ${messages[7]}"
    stop_watch
    check "in the order of arrival, whatever was run again" test "$(begun | tr '\n' ' ')" = "${messages[*]} "
}

exec_group_checks() {
    local one two three
    hook parent <<HOOK
#!/bin/sh
echo "begin \$VALISE_MESSAGE" >>"$WORLD/runs"
sleep 1000 &
echo \$! >"$WORLD/child.pid"
wait
HOOK
    : >"$WORLD/runs"
    one=$(sends "$WORLD/first")
    start_watch --exec-timeout 1s --exec "$WORLD/parent"
    waits_for "a command over its limit is ended" "$WORLD/exec.err" "--exec took longer than 1 s and was ended"
    check "and so is what it had started" gone "$WORLD/child.pid"
    two=$(sends "$WORLD/first")
    waits_for "the next one is run" "$WORLD/runs" "begin $two"
    recorded "and recorded, too" "$two"
    ends_watch TERM 143 "SIGTERM ends a watch"
    : >"$WORLD/runs" >"$WORLD/child.pid"
    three=$(sends "$WORLD/first")
    start_watch --exec "$WORLD/parent"
    waits_for "a command without end begins" "$WORLD/runs" "begin $three"
    waits_for "with a child" "$WORLD/child.pid" ""
    ends_watch TERM 143 "SIGTERM ends a watch whose command is at work"
    check "the command's child is ended too" gone "$WORLD/child.pid"
    check "it says what is left" grep -qF "the command for 1 arrival is still to be run" "$WORLD/exec.err"
    check "what ran over its limit is not run again" test "$(count "$one")$(count "$two")" = 00
    start_watch --exec "echo \"begin again \$VALISE_MESSAGE\" >>$WORLD/runs; exit 3"
    waits_for "the next watch runs it again" "$WORLD/runs" "begin again $three"
    waits_for "an exit code is told" "$WORLD/exec.err" "--exec ended with exit code 3 for ${three:0:12}"
    recorded "and counts as an end" "$three"
    stop_watch
    refuses "SIGINT ends a watch" 130 "watching" env VALISE_HOME="$WORLD/parties/lebanon-speaker" \
        timeout --preserve-status -s INT 3 "$BIN/valise" inbox --watch --exec "$WORLD/parent"
    check "nothing was left for it" test "$(count "$three")" = 1
}

status_checks() {
    prints "status: the relay answers" "answers in" speaker status
    prints "status: the clock" "agrees with the relay" speaker status
    prints "status: keys with their ages" "serves, " speaker status
    prints "status: unread" "unread" speaker status
    document "status --json" valise/status/v1 speaker status --json
    check "windows are published ahead" test "$(speaker status --json 2>/dev/null </dev/null |
        python3 -c 'import json, sys; print(sum(k["sealFrom"] is not None for k in json.load(sys.stdin)["keys"]))')" -ge 3
}

together_checks() {
    local pids=() failures=0
    for _ in 1 2 3 4 5 6; do
        speaker inbox --all >/dev/null 2>>"$WORLD/together.err" </dev/null &
        pids+=($!)
    done
    sends "$WORLD/first" >/dev/null
    for pid in "${pids[@]}"; do wait "$pid" || failures=$((failures + 1)); done
    check "six runs at once" test "$failures" -eq 0
    check "no fork was seen" bash -c "! ls '$WORLD'/parties/lebanon-speaker/state/fork-* 2>/dev/null"
    check "the checkpoint is whole" speaker status
}

make_keys
make_charter
init_relay
start_relay
publish_keys
for name in us-envoy lebanon-speaker hezbollah; do with_passphrase "$name" unlock --for 1h >/dev/null; done
inbox_checks
read_checks
archive_checks
room_checks
kill_checks
track_checks
recall_checks
reveal_checks
stick_checks
watch_checks
exec_kill_checks
exec_moments_checks
exec_group_checks
status_checks
together_checks
report
