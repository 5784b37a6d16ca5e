#!/usr/bin/env bash
# What the scripts over the programs share: named checks that are counted, and a report. Sourced.

PASSED=0
FAILED=0

passed() {
    PASSED=$((PASSED + 1))
    echo "  ok    $1"
}

# failed NAME DETAIL...: the details are shown, and the run goes on.
failed() {
    FAILED=$((FAILED + 1))
    echo "  FAIL  $1"
    shift
    printf '%s\n' "$@" | head -20 | sed 's/^/          /'
}

# check NAME COMMAND...: the command must succeed.
check() {
    local name=$1 output
    shift
    if output=$("$@" 2>&1 </dev/null); then passed "$name"; else failed "$name" "$* ended with $?" "$output"; fi
}

# refuses NAME STATUS TEXT COMMAND...: the command must end with that exit code, and what it prints must hold TEXT.
refuses() {
    local name=$1 status=$2 text=$3 output actual=0
    shift 3
    output=$("$@" 2>&1 </dev/null) || actual=$?
    if [ "$actual" -ne "$status" ]; then
        failed "$name" "exit code $actual, expected $status: $*" "$output"
    elif ! grep -qF -- "$text" <<<"$output"; then
        failed "$name" "'$text' was expected in the output of $*:" "$output"
    else
        passed "$name"
    fi
}

# prints NAME TEXT COMMAND...: the command must succeed and print TEXT.
prints() {
    local name=$1 text=$2
    shift 2
    refuses "$name" 0 "$text" "$@"
}

# document NAME SCHEMA COMMAND...: the command must succeed and print one JSON document of that schema, nothing else.
document() {
    local name=$1 schema=$2 output
    shift 2
    if ! output=$("$@" 2>/dev/null </dev/null); then
        failed "$name" "failed: $*" "$output"
        return
    fi
    if [ "$(field schema <<<"$output" 2>&1)" = "$schema" ]; then
        passed "$name"
    else
        failed "$name" "a document of schema $schema was expected:" "$output"
    fi
}

# field NAME: the value of a member of the JSON document on standard input; several names go into the depth.
field() {
    python3 -c '
import json, sys
value = json.load(sys.stdin)
for name in sys.argv[1:]:
    value = value[int(name) if isinstance(value, list) else name]
print(value)' "$@"
}

# absent NAME FILE PATH...: no line of FILE may occur under the paths. There must be lines, none of them empty, and
# something under each path.
absent() {
    local name=$1 secrets=$2 found path
    shift 2
    if [ ! -s "$secrets" ] || grep -q '^$' "$secrets"; then
        failed "$name" "nothing to look for, or an empty line, in $secrets"
        return
    fi
    for path in "$@"; do
        if [ -z "$(find "$path" -type f -size +0 -print -quit 2>/dev/null)" ]; then
            failed "$name" "there is nothing to look at: $path"
            return
        fi
    done
    if found=$(grep -rlaF -f "$secrets" "$@"); then failed "$name" "found in:" "$found"; else passed "$name"; fi
}

# until_prints TEXT COMMAND...: repeats the command until it prints TEXT, for half a minute.
until_prints() {
    local text=$1 output
    shift
    for _ in $(seq 120); do
        output=$("$@" 2>&1 </dev/null)
        grep -qF -- "$text" <<<"$output" && return 0
        sleep 0.25
    done
    echo "$output"
    return 1
}

# report: the last line; fails if a check failed or there was none.
report() {
    echo "$PASSED passed, $FAILED failed"
    [ "$FAILED" -eq 0 ] && [ "$PASSED" -gt 0 ]
}
