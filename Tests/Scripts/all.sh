#!/usr/bin/env bash
# The scripts over the real programs: the demonstration twice on one world, the command lines, the relay's refusals.
# Needs the debug build. Last line: N passed, N failed.
set -uo pipefail
cd "$(dirname "$0")/../.."
export SWIFT_BACKTRACE=enable=no
source Tests/Scripts/lib.sh
PLACE=$(mktemp -d)
trap 'rm -rf "$PLACE"' EXIT
export BIN
BIN=$(swift build --show-bin-path)

# script NAME FILE...: the whole script must succeed; the end of what it printed is shown otherwise.
script() {
    local name=$1 log=$PLACE/log
    shift
    if "$@" >"$log" 2>&1 </dev/null; then passed "$name"; else failed "$name" "$(grep -A6 FAIL "$log" || tail -20 "$log")"; fi
}

# holds NAME TEXT: what the last script printed has this line.
holds() { if grep -qF -- "$2" "$PLACE/log"; then passed "$1"; else failed "$1" "'$2' was not printed"; fi; }

demo() { WORLD=$PLACE/world KEYS=$PLACE/keys Tests/Scripts/demo.sh; }
script "the demonstration" demo
holds "it shows the blind carriage" "[blind-carriage]"
holds "it shows the barred attempt" "[barred]"
holds "it names the permitted route" "--via lebanon-speaker"
holds "the audit is content" "verdict: the log is consistent and every entry follows the rules"
holds "the audit of a damaged copy is not" "verdict: this is not a log to rely on"
script "the demonstration on the same world again" demo
script "the command lines" Tests/Scripts/cli.sh
script "the desk, outgoing" Tests/Scripts/desk-out.sh
script "the desk, incoming" Tests/Scripts/desk-in.sh
script "the relay's refusals at start" Tests/Scripts/relay-start.sh
script "the relay's settings" Tests/Scripts/settings.sh
script "the relay as a service" Tests/Scripts/service.sh
script "the witness" Tests/Scripts/witness.sh
script "confirmed by witnesses, and a relay that was put back" Tests/Scripts/confirmed.sh
script "the restore drill" Tests/Scripts/restore-drill.sh
script "the upgrade drill" Tests/Scripts/upgrade-drill.sh
script "a rejection on its way" Tests/Scripts/rejection.sh
script "manual pages, completions, help and documents" Tests/Scripts/manners.sh
script "the sessions at a terminal" Tests/Scripts/pty.sh
report
