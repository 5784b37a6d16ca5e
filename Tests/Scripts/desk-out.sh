#!/usr/bin/env bash
# What leaves a desk, over the programs and a running relay: the outbox while the relay is away, several recipients,
# replies, files for a machine without a network, release by two, restatements and reveals, composing in an editor.
set -uo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=Tests/Scripts/scene.sh
source Tests/Scripts/scene.sh
# shellcheck source=Tests/Scripts/lib.sh
source Tests/Scripts/lib.sh
own_world

# alpha releases by two; gamma has a second desk without a network, and a third that never had one; bridge stands
# between gamma and omega.
DESKS=(alpha-lead alpha-deputy alpha-aide gamma-lead gamma-field gamma-remote bridge-lead omega-lead)
clear_more() { for name in "${DESKS[@]}"; do desk "$name" lock >/dev/null 2>&1; done; }

# desk NAME ARG...: the program at that desk, ended after a minute whatever it does.
desk() {
    local name=$1
    shift
    VALISE_HOME="$WORLD/desks/$name" timeout --kill-after=5 60 "$BIN/valise" "$@"
}

# screen COLUMNS NAME ARG...: the same at a real terminal of this width.
screen() {
    local columns=$1 name=$2
    shift 2
    VALISE_HOME="$WORLD/desks/$name" timeout --kill-after=5 60 python3 Tests/Scripts/pty_run.py "$columns" \
        "$BIN/valise" "$@"
}

party_source() {
    printf '  %s:\n    title: Office of %s\n    capabilities: [%s]\n    quorum: %s\n    founder: lead\n    cards: [%s]\n' "$@"
}

set_up() {
    mkdir -p -m 700 "$WORLD/desks" "$KEYS"
    (umask 077 && echo "a passphrase for tests" >"$WORLD/passphrase")
    local name signatures=()
    for name in "${DESKS[@]}"; do
        desk "$name" keys new --party "${name%-*}" --delegate "${name#*-}" --passphrase-file "$WORLD/passphrase" \
            >"$WORLD/$name.card" 2>/dev/null || echo "no keys for $name"
    done
    PORT=$(free_port)
    "$BIN/valise-relay" keys new --out "$KEYS/relay" --url "https://localhost:$PORT" >/dev/null 2>&1
    {
        echo "title: Desks"
        echo "relay:"
        echo "  public: $KEYS/relay/relay.public"
        echo "  publication: private"
        echo "parties:"
        party_source alpha alpha "steward, auditor" 2 "alpha-lead.card, alpha-deputy.card, alpha-aide.card"
        party_source gamma gamma "" 1 "gamma-lead.card, gamma-field.card, gamma-remote.card"
        party_source bridge bridge "intermediary, steward" 1 bridge-lead.card
        party_source omega omega "" 1 omega-lead.card
        echo "channels:"
        for pair in "alpha, bridge" "gamma, bridge" "bridge, omega" "alpha, gamma"; do
            printf '  - between: [%s]\n    window: 60d\n    precedence: flash\n    size: 16MiB\n' "$pair"
        done
        printf 'bars:\n  - [gamma, omega]\nstewards:\n  threshold: 2\n'
    } | sed 's/    capabilities: \[\]//; /^$/d' >"$WORLD/charter.yaml"
    desk gamma-lead charter compile "$WORLD/charter.yaml" -o "$WORLD/charter.der" >/dev/null 2>"$WORLD/compile.log" ||
        cat "$WORLD/compile.log"
    for name in alpha-lead gamma-lead bridge-lead omega-lead; do
        desk "$name" charter sign "$WORLD/charter.der" -o "$WORLD/$name.charter-signature" \
            --passphrase-file "$WORLD/passphrase" >/dev/null 2>&1
        signatures+=("$WORLD/$name.charter-signature")
    done
    desk gamma-lead charter collect "$WORLD/charter.der" "${signatures[@]}" -o "$WORLD/charter.signed" >/dev/null 2>&1
    for name in "${DESKS[@]}"; do
        desk "$name" join "$WORLD/charter.signed" --yes >/dev/null 2>&1 || echo "$name did not join"
        desk "$name" unlock --for 30m --passphrase-file "$WORLD/passphrase" >/dev/null 2>&1 ||
            echo "$name was not unlocked"
    done
    init_relay
    start_relay || exit 1
    for name in "${DESKS[@]}"; do
        [ "$name" = gamma-remote ] || desk "$name" keys publish >/dev/null 2>&1 || echo "$name did not publish"
    done
    echo "The first line of a text: cedar and cypress." >"$WORLD/text"
}

# sent NAME ARG...: what `valise ... --json` prints, in a file of that name, and its exit code in STATUS.
sent() {
    local file=$WORLD/$1.json
    shift
    STATUS=0
    desk "$@" --json >"$file" 2>"$file.err" </dev/null || STATUS=$?
}
of() { field "${@:2}" <"$WORLD/$1.json" 2>/dev/null; }
# same NAME EXPECTED ACTUAL
same() { if [ "$2" = "$3" ]; then passed "$1"; else failed "$1" "expected '$2', got '$3'"; fi; }

outbox_checks() {
    document "send --json" valise/send/v1 desk gamma-lead send --to omega --subject Cedar "$WORLD/text" --json
    document "outbox --json" valise/outbox/v1 desk gamma-lead outbox --json
    same "nothing stays in the outbox" 0 "$(find "$WORLD/desks/gamma-lead/outbox" -name '*.item' | wc -l)"

    stop_relay
    sent away gamma-lead send --to omega --subject Cypress "$WORLD/text"
    same "send without a relay ends with 5" 5 "$STATUS"
    same "and says that it is kept" kept "$(of away state)"
    check "its error has a stable code" grep -q '"code":"kept-in-outbox"' "$WORLD/away.json.err"
    local id
    id=$(of away message)
    prints "outbox lists it" "${id:0:12}" desk gamma-lead outbox
    same "outbox says that the relay never had it" waiting \
        "$(desk gamma-lead outbox --json 2>/dev/null | field messages 0 state)"
    refuses "flush without a relay" 5 "[kept-in-outbox]" desk gamma-lead outbox flush
    sent gone gamma-lead send --to omega "$WORLD/text"
    prints "cancel of what was never handed over" "it is gone" desk gamma-lead outbox cancel "$(of gone message)"
    printf 'cedar\ncypress\nomega\nCypress\n' >"$WORLD/secrets"
    absent "no plaintext, subject or name in what the desk keeps" "$WORLD/secrets" \
        "$WORLD/desks/gamma-lead/outbox" "$WORLD/desks/gamma-lead/archive" "$WORLD/desks/gamma-lead/cache" \
        "$WORLD/desks/gamma-lead/state"

    start_relay
    prints "flush hands it over" "accepted ${id:0:12}" desk gamma-lead outbox flush
    prints "flush again has nothing to do" "the outbox is empty" desk gamma-lead outbox flush
    prints "the log has it" "${id:0:12}" desk gamma-lead track "$id"
    refuses "cancel of what is not there" 4 "[not-in-outbox]" desk gamma-lead outbox cancel "$id"
    refuses "a route that is barred" 3 "[" desk gamma-lead send --to omega --direct "$WORLD/text"
    same "what is refused for good is not kept" 0 "$(desk gamma-lead outbox --json 2>/dev/null | python3 -c '
import json, sys; print(len(json.load(sys.stdin)["messages"]))')"
}

# A crash between the steps of sending: what is on the disk then is put there by hand, and flush repairs it.
crash_checks() {
    local outbox=$WORLD/desks/gamma-lead/outbox
    check "send" desk gamma-lead send --to omega "$WORLD/text"
    stop_relay
    sent crash gamma-lead send --to omega --subject Crash "$WORLD/text"
    cp -r "$outbox" "$WORLD/outbox-before"
    start_relay
    prints "a message is handed over" "accepted" desk gamma-lead outbox flush
    cp "$WORLD"/outbox-before/*.item "$WORLD"/outbox-before/*.payload "$outbox/"
    prints "handed over again after a crash: found accepted" "accepted" desk gamma-lead outbox flush
    echo garbage >"$outbox/aaaaaaaaaaaa.item"
    prints "a damaged item is named" "aaaaaaaaaaaa.item cannot be read" desk gamma-lead outbox
    check "and cancelled by its name" desk gamma-lead outbox cancel aaaaaaaaaaaa
    head -c 100 /dev/urandom >"$outbox/bbbbbbbbbbbb.payload"
    touch -d '1 hour ago' "$outbox/bbbbbbbbbbbb.payload"
    stop_relay
    sent later gamma-lead send --to omega "$WORLD/text"
    start_relay
    check "flush" desk gamma-lead outbox flush
    check "a payload without an item is gone" test ! -e "$outbox/bbbbbbbbbbbb.payload"

    # Killed at any moment: afterwards whatever got into the outbox or further is in the log, once.
    head -c 2500000 /dev/urandom >"$WORLD/kill.bin"
    for step in $(seq 1 15); do
        VALISE_HOME=$WORLD/desks/gamma-lead "$BIN/valise" send --to omega --subject "Kill $step" \
            --attach "$WORLD/kill.bin" "$WORLD/text" >/dev/null 2>&1 </dev/null &
        local pid=$!
        sleep "0.$(printf '%03d' $((step * 60)))"
        kill -KILL "$pid" 2>/dev/null
        wait "$pid" 2>/dev/null
    done
    check "flush after fifteen kills" desk gamma-lead outbox flush
    prints "and the outbox is empty" "the outbox is empty" desk gamma-lead outbox
    check "what the archive has as sent is in the log, once each" sent_is_logged
    find "$outbox" -name '*.payload' -exec touch -d '1 hour ago' {} +
    check "a flush sweeps" desk gamma-lead outbox flush
    local left
    left=$(find "$WORLD/desks/gamma-lead/state" "$outbox" -name 'spool-*' -o -name '*.payload' -o -name '*.item')
    if [ -z "$left" ]; then passed "no spool and no payload is left"; else failed "no spool and no payload is left" "$left"; fi
    desk gamma-lead archive --json >"$WORLD/kept.json" 2>/dev/null </dev/null
    same "every payload that is kept has its message" 0 "$(of kept unclaimed)"
    local id
    for id in $(python3 -c '
import json, sys
for kept in json.load(open(sys.argv[1]))["payloads"]: print(kept["message"])' "$WORLD/kept.json"); do
        prints "what was sent is saved again" "kept there" desk gamma-lead read "$id" --save "$WORLD/kept-$id"
        check "and is whole" cmp "$WORLD/kill.bin" "$WORLD/kept-$id/kill.bin"
    done

    # Killed while a message is sealed into a file: half of it shows nowhere.
    local seed=${SEED:-$RANDOM}
    echo "  seed $seed"
    RANDOM=$seed
    head -c 15000000 /dev/urandom >"$WORLD/seal.bin"
    mkdir "$WORLD/sealed"
    check "keys are kept" desk gamma-lead keys export -o "$WORLD/kept-keys.valise"
    for step in $(seq 1 20); do
        VALISE_HOME=$WORLD/desks/gamma-lead "$BIN/valise" seal --to omega --attach "$WORLD/seal.bin" "$WORLD/text" \
            -o "$WORLD/sealed/$step.valise" >/dev/null 2>&1 </dev/null &
        pid=$!
        sleep "0.$(printf '%03d' $((RANDOM % 600)))"
        kill -KILL "$pid" 2>/dev/null
        wait "$pid" 2>/dev/null
    done
    left=$(find "$WORLD/desks/gamma-lead/state" "$WORLD/sealed" -name 'spool-*' -o -name '.valise-part-*')
    if [ -z "$left" ]; then passed "nothing is left of twenty kills"; else failed "nothing is left of twenty kills" "$left"; fi
    local file
    for file in "$WORLD"/sealed/*.valise; do
        [ ! -e "$file" ] || check "what has its name is whole: ${file##*/}" desk gamma-lead submit "$file"
    done
}

# Every message that gamma's desk lists as sent is known to the relay, and none is twice.
sent_is_logged() {
    local id ids
    ids=$(desk gamma-lead list --sent --json | python3 -c '
import json, sys
for message in json.load(sys.stdin)["messages"]:
    if not message.get("withdrawn"):
        print(message["message"])')
    [ "$(sort <<<"$ids" | uniq -d | wc -l)" -eq 0 ] || return 1
    for id in $ids; do desk gamma-lead track "$id" >/dev/null || { echo "$id is not in the log"; return 1; }; done
}

several_checks() {
    sent each gamma-lead send --to omega --to alpha --to bridge --subject Each "$WORLD/text"
    same "several recipients: a message each" 3 "$(python3 -c '
import json, sys; print(len({m["message"] for m in json.load(open(sys.argv[1]))["messages"]}))' "$WORLD/each.json")"
    sent both gamma-lead send --to alpha --to bridge --together --caption "Eyes only" --precedence immediate \
        --subject Both "$WORLD/text"
    same "--together: one message with two routes" 2 "$(of both routes | grep -o gamma | wc -l)"
    desk bridge-lead read "$(of both message)" >"$WORLD/both.txt" 2>&1
    check "the recipient sees the caption" grep -q "Eyes only" "$WORLD/both.txt"
    refuses "a recipient twice" 64 "named twice" desk gamma-lead send --to alpha --to alpha "$WORLD/text"
    refuses "an unknown recipient" 4 "[unknown-party]" desk gamma-lead send --to nobody "$WORLD/text"
    refuses "an unknown precedence" 64 "precedence" desk gamma-lead send --to alpha --precedence urgent "$WORLD/text"
}

reply_checks() {
    sent ask gamma-lead send --to omega --subject "A question" "$WORLD/text"
    check "it is carried" desk bridge-lead convey "$(of ask message)"
    check "it is read" desk omega-lead read "$(of ask message)"
    sent answer omega-lead reply "$(of ask message | cut -c1-8)" "$WORLD/text"
    same "the answer goes back the same way" "['omega', 'bridge', 'gamma']" "$(of answer route)"
    check "it is carried" desk bridge-lead convey "$(of answer message)"
    sent read gamma-lead read "$(of answer message)"
    same "its subject" "Re: A question" "$(of read subject)"
    check "it refers to the question" grep -q "$(of ask message)" "$WORLD/read.json"
    refuses "a reply to what was not read here" 4 "[" desk alpha-lead reply "$(of ask message)" "$WORLD/text"
}

airgap_checks() {
    refuses "seal without kept keys" 4 "[keys-not-kept]" desk gamma-field seal --to omega "$WORLD/text" \
        -o "$WORLD/none.valise"
    check "keys export" desk gamma-lead keys export -o "$WORLD/keys.valise"
    document "keys import --json" valise/keys-exchange/v1 desk gamma-field keys import "$WORLD/keys.valise" --json
    head -c 2000 "$WORLD/keys.valise" >"$WORLD/keys.cut"
    refuses "import of a cut file" 2 "[truncated]" desk gamma-field keys import "$WORLD/keys.cut"
    refuses "import by another party" 2 "[keys-file-wrong]" desk omega-lead keys import "$WORLD/keys.valise"
    refuses "publications want a checkpoint to name" 4 "[keys-not-kept]" \
        desk gamma-remote keys publish --into "$WORLD/offered"
    check "a desk that never had a network takes keys in" desk gamma-remote keys import "$WORLD/keys.valise"
    stop_relay
    document "keys publish --into --json" valise/keys-publish/v1 \
        desk gamma-remote keys publish --into "$WORLD/offered" --json
    start_relay
    local file
    for file in "$WORLD"/offered/key-*.valise; do
        prints "a publication is submitted elsewhere" "accepted" desk gamma-lead submit "$file"
    done
    sent remote omega-lead send --to gamma --subject "To all of gamma" "$WORLD/text"
    check "and others seal to it" desk bridge-lead convey "$(of remote message)"
    check "a colleague fetches" desk gamma-lead fetch "$(of remote message)" -o "$WORLD/remote.valise"
    stop_relay
    prints "the desk without a network opens it" "To all of gamma" desk gamma-remote open "$WORLD/remote.valise"
    sent seal gamma-field seal --to omega --subject Sealed --attach Makefile "$WORLD/text" -o "$WORLD/letter.valise"
    same "seal without a relay" 0 "$STATUS"
    check "it tells the age of the keys" test "$(of seal keysAge)" -ge 0
    refuses "seal does not overwrite" 3 "[file-exists]" desk gamma-field seal --to omega "$WORLD/text" \
        -o "$WORLD/letter.valise"
    prints "and saves again what it sealed" "kept there" desk gamma-field read "$(of seal message)" --save "$WORLD/field"
    check "which is the same" cmp Makefile "$WORLD/field/Makefile"
    start_relay
    document "submit elsewhere" valise/submit/v1 desk gamma-lead submit "$WORLD/letter.valise" --json
    prints "submit again is harmless" "accepted" desk gamma-lead submit "$WORLD/letter.valise"
    check "the recipient's side reads it" desk bridge-lead convey "$(of seal message)"
    prints "with its subject" "Sealed" desk omega-lead read "$(of seal message)"
    refuses "submit of something else" 64 "[not-a-valise-file]" desk gamma-lead submit Makefile
    refuses "submit of keys" 64 "[not-a-valise-file]" desk gamma-lead submit "$WORLD/keys.valise"
}

release_checks() {
    refuses "release by two wants a name where there is a choice" 3 "[releasers-needed]" \
        desk alpha-lead send --to gamma "$WORLD/text"
    refuses "a releaser of another party" 3 "[not-a-delegate]" \
        desk alpha-lead send --to gamma --release-by field "$WORLD/text"
    head -c 3000000 /dev/urandom >"$WORLD/annex.bin"
    sent draft alpha-lead send --to gamma --release-by deputy --subject "By two" --attach "$WORLD/annex.bin" "$WORLD/text"
    same "the drafter's message is a draft" drafted "$(of draft state)"
    same "the outbox is empty" 0 "$(find "$WORLD/desks/alpha-lead/outbox" -name '*.item' | wc -l)"
    local id
    id=$(of draft message)
    prints "drafts lists it for the releaser" "for your signature" desk alpha-deputy drafts
    document "drafts --json" valise/drafts-list/v1 desk alpha-deputy drafts --json
    for columns in 50 120; do
        prints "drafts at a terminal of $columns columns" "for your signature" screen "$columns" alpha-deputy drafts
        prints "drafts show there" "cedar and cypress" screen "$columns" alpha-deputy drafts show "$id"
    done
    prints "drafts show opens it" "By two" desk alpha-deputy drafts show "${id:0:8}"
    prints "and shows the text" "cedar and cypress" desk alpha-deputy drafts show "$id"
    refuses "a delegate who was not asked" 3 "[not-a-signer]" desk alpha-aide cosign "$id"
    refuses "another party does not see it" 4 "[draft-unknown]" desk gamma-lead drafts show "$id"
    document "cosign --json" valise/draft-act/v1 desk alpha-deputy cosign "${id:0:8}" --json
    prints "it is in the log under both names" "lead" desk alpha-lead track "$id"
    sent two gamma-lead read "$id" --save "$WORLD/saved"
    check "the recipient sees drafter and releaser" grep -q '"deputy"' "$WORLD/two.json"
    check "the attachment came through" cmp "$WORLD/annex.bin" "$WORLD/saved/annex.bin"
    prints "the shelf is empty" "no drafts" desk alpha-lead drafts
    prints "the drafter has it in the archive" "${id:0:12}" desk alpha-lead list --sent
    for name in alpha-lead alpha-deputy; do
        prints "$name saves the attachment again" "kept there" desk "$name" read "$id" --save "$WORLD/again-$name"
        check "it is the same" cmp "$WORLD/annex.bin" "$WORLD/again-$name/annex.bin"
        check "and no header is kept" bash -c \
            "! grep -laE 'valise-draft|valise-envelope|alpha|gamma' '$WORLD/desks/$name'/archive/payloads/*"
    done
    same "nothing stays with the drafter's outbox" 0 "$(find "$WORLD/desks/alpha-lead/outbox" -name '*.payload' | wc -l)"

    sent bad alpha-lead send --to gamma --release-by deputy --subject "Not so" "$WORLD/text"
    check "a superior rejects" desk alpha-deputy reject "$(of bad message)" --reason "Too sharp: soften the second line."
    prints "the drafter sees the reason" "Too sharp" desk alpha-lead drafts
    refuses "a rejected draft takes no signature" 3 "[" desk alpha-deputy cosign "$(of bad message)"
    check "and is withdrawn" desk alpha-lead drafts withdraw "$(of bad message)"

    stop_relay
    sent offline alpha-lead send --to gamma --release-by aide "$WORLD/text"
    same "a draft is kept while the relay is away" kept "$(of offline state)"
    start_relay
    prints "flush puts it on the shelf" "drafted" desk alpha-lead outbox flush
    prints "another releaser signs, at a terminal" "entry" screen 50 alpha-aide cosign "$(of offline message)"
    sent file alpha-lead seal --to gamma --release-by aide "$WORLD/text" -o "$WORLD/draft.valise"
    prints "a draft file is submitted" "waits for" desk alpha-lead submit "$WORLD/draft.valise"
    check "and released" desk alpha-aide cosign "$(of file message)"

    sent file alpha-lead seal --to gamma --release-by deputy --subject "On paper" --attach "$WORLD/annex.bin" \
        "$WORLD/text" -o "$WORLD/paper.valise"
    stop_relay
    prints "a draft's file is shown without a relay" "On paper" desk alpha-deputy drafts show "$WORLD/paper.valise"
    refuses "a delegate who was not asked signs no file either" 3 "[not-a-signer]" \
        desk alpha-aide cosign "$WORLD/paper.valise" -o "$WORLD/signed.valise"
    refuses "a file that is no draft is not signed" 64 "[not-a-draft]" \
        desk alpha-deputy cosign "$WORLD/letter.valise" -o "$WORLD/signed.valise"
    document "cosign a file --json" valise/draft-act/v1 \
        desk alpha-deputy cosign "$WORLD/paper.valise" -o "$WORLD/signed.valise" --json
    refuses "nothing is overwritten" 3 "[file-exists]" \
        desk alpha-deputy cosign "$WORLD/paper.valise" -o "$WORLD/signed.valise"
    start_relay
    prints "the signed file is submitted" "accepted" desk alpha-lead submit "$WORLD/signed.valise"
    sent paper gamma-lead read "$(of file message)" --save "$WORLD/paper"
    check "with both signers" grep -q '"deputy"' "$WORLD/paper.json"
    check "and the attachment" cmp "$WORLD/annex.bin" "$WORLD/paper/annex.bin"
}

restate_checks() {
    sent source gamma-lead send --to bridge --subject "Said in confidence" "$WORLD/text"
    refuses "restate of what was not read" 4 "[" desk bridge-lead restate "$(of source message)" --to omega \
        --manner summarised --source withheld "$WORLD/text"
    check "the intermediary reads" desk bridge-lead read "$(of source message)"
    sent restated bridge-lead restate "$(of source message)" --to omega --manner summarised --source withheld \
        --subject "From a friend" "$WORLD/text"
    same "restate" accepted "$(of restated state)"
    sent told omega-lead read "$(of restated message)"
    check "the recipient sees that the source is withheld" grep -q withheld "$WORLD/told.json"
    check "and the manner" grep -q summarised "$WORLD/told.json"
    check "and not the source" bash -c "! grep -q $(of source message) $WORLD/told.json"
    sent named bridge-lead restate "$(of source message)" --to omega --manner translated --source named "$WORLD/text"
    check "a named source is shown" bash -c \
        "VALISE_HOME=$WORLD/desks/omega-lead timeout 60 $BIN/valise read $(of named message) | grep -q $(of source message | cut -c1-12)"
    refuses "reveal of what withholds nothing" 3 "[nothing-withheld]" desk bridge-lead reveal "$(of named message)"
    sent revealed bridge-lead reveal "$(of restated message)"
    same "reveal" accepted "$(of revealed state)"
    prints "the recipient can check it" "gamma" desk omega-lead read "$(of revealed message)"
    refuses "restate of an own message" 3 "[own-message]" desk gamma-lead restate "$(of source message)" --to bridge \
        --manner oral --source named "$WORLD/text"
}

# terminal NAME ARG...: the program at that desk with a terminal of its own, which is a pty; what it shows goes to
# standard output. The editor is a script that adds a line.
terminal() {
    local name=$1
    shift
    printf '#!/bin/sh\necho "$1" >>%s/composed\necho "composed in an editor" >>"$1"\n' "$WORLD" >"$WORLD/editor"
    chmod +x "$WORLD/editor"
    EDITOR=$WORLD/editor VALISE_HOME=$WORLD/desks/$name timeout --kill-after=5 60 python3 -c '
import os, pty, sys
sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))' "$BIN/valise" "$@" </dev/null
}

# The identifier that the last terminal showed.
shown_message() { tr -d '\r' <"$WORLD/terminal" | grep -oE '[a-z2-7]{52}' | head -1; }

editor_checks() {
    refuses "no text, no terminal" 64 "Give a FILE" desk gamma-lead send --to alpha
    terminal gamma-lead send --to alpha --subject Composed >"$WORLD/terminal" 2>&1
    check "an editor composes" grep -q accepted "$WORLD/terminal"
    sent composed alpha-lead read "$(shown_message)"
    check "what it wrote was sent" grep -q "composed in an editor" "$WORLD/composed.json"
    check "its file was in memory, and is gone" bash -c "
        path=\$(tail -1 $WORLD/composed); [ \"\$(stat -f -c %T \$(dirname \$(dirname \$path)))\" = tmpfs ] && [ ! -e \$path ]"
    stop_relay
    rm -f "$WORLD/desks/gamma-lead/cache/keys"
    refuses "composed, and neither relay nor keys" 5 "Your text is kept" terminal gamma-lead send --to alpha
    start_relay
    terminal gamma-lead send --to alpha >"$WORLD/terminal" 2>&1
    check "the editor shows it again" grep -q accepted "$WORLD/terminal"
    sent again alpha-lead read "$(shown_message)"
    same "both lines are there" 2 "$(of again text | grep -c "composed in an editor")"
}

set_up
for section in "${@:-outbox crash several reply airgap release restate editor}"; do
    for name in $section; do
        echo "$name"
        "${name}_checks"
    done
done
echo "audit"
check "the log is mirrored" timeout 60 "$BIN/valise-audit" mirror --charter "$WORLD/charter.signed" \
    --out "$WORLD/mirror" --home "$WORLD/desks/alpha-lead"
prints "and replays" "verdict: the log is consistent" timeout 60 "$BIN/valise-audit" verify --mirror "$WORLD/mirror" \
    --charter "$WORLD/charter.signed"
report
