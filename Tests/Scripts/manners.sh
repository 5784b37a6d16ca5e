#!/usr/bin/env bash
# Manual pages and completions as their own readers judge them; every command's help; every command's --json.
# Needs the debug build, man, mandoc, zsh and fish. Last line: N passed, N failed.
set -uo pipefail
cd "$(dirname "$0")/../.."
BIN=${BIN:-$(swift build --show-bin-path)}
export SWIFT_BACKTRACE=enable=no NO_COLOR=1
# shellcheck source=Tests/Scripts/lib.sh
source Tests/Scripts/lib.sh
PLACE=$(mktemp -d)
trap 'rm -rf "$PLACE"' EXIT
PROGRAMS=(valise valise-relay valise-audit)

Tests/Scripts/setup.sh man-db mandoc zsh fish || exit 1

# silent NAME COMMAND...: the command must succeed and say nothing at all.
silent() {
    local name=$1 output
    shift
    if output=$("$@" 2>&1 </dev/null) && [ -z "$output" ]; then passed "$name"; else failed "$name" "$output"; fi
}

# The leaves of the tree of commands, one command line each.
commands() {
    "$BIN/$1" --experimental-dump-help </dev/null | python3 -c '
import json, sys
def walk(command, path):
    path = path + [command["commandName"]]
    below = [c for c in command.get("subcommands") or [] if c["commandName"] not in ("help", "agent")]
    if not below: print(" ".join(path))
    for c in below: walk(c, path)
walk(json.load(sys.stdin)["command"], [])'
}

# The long options that a command takes.
options() {
    "$BIN/$1" "${@:2}" --help </dev/null 2>/dev/null | grep -oE -- '--[a-z-]+' | sort -u
}

man_checks() {
    check "the pages are made" python3 Tests/Scripts/man.py "$BIN" "$PLACE/man"
    for program in "${PROGRAMS[@]}"; do
        local page=$PLACE/man/$program.1
        silent "mandoc is content with $program.1" mandoc -T lint -W warning "$page"
        silent "man is content with $program.1" bash -c 'LC_ALL=C.UTF-8 MANWIDTH=80 man --warnings -l "$1" 2>&1 >/dev/null' _ "$page"
        MANWIDTH=80 LC_ALL=C.UTF-8 man -l "$page" 2>/dev/null | col -b >"$PLACE/text"
        while read -r line; do
            check "$program.1 has: $line" grep -qF -- "$line" "$PLACE/text"
        done < <(commands "$program")
    done
}

completion_checks() {
    check "the completions are made" Tests/Scripts/completions.sh "$BIN" "$PLACE/complete"
    for program in "${PROGRAMS[@]}"; do
        silent "bash reads $program" bash -n "$PLACE/complete/bash/$program"
        silent "zsh reads $program" zsh -n "$PLACE/complete/zsh/_$program"
        silent "fish reads $program" fish --no-execute "$PLACE/complete/fish/$program.fish"
    done
    check "bash completes valise ke to keys" bash -c '
        source "$1"
        COMP_WORDS=(valise ke) COMP_CWORD=1 COMP_LINE="valise ke" COMP_POINT=9 COMP_TYPE=9 COMP_KEY=9
        "$(complete -p valise | sed -E "s/.*-F ([^ ]+) .*/\1/")" valise ke valise
        printf "%s\n" "${COMPREPLY[@]}" | grep -q "^keys *$"' _ "$PLACE/complete/bash/valise"
    check "fish completes valise ke to keys" fish --no-config -c '
        source '"$PLACE/complete/fish/valise.fish"'; complete -C "valise ke" | grep -q "^keys"'
}

help_checks() {
    local line
    for program in "${PROGRAMS[@]}"; do
        while read -r line; do
            # shellcheck disable=SC2086
            prints "$line --help" "USAGE: $line" "$BIN/$program" ${line#"$program"} --help
            # shellcheck disable=SC2086
            options $line >"$PLACE/options"
            # What serves in the foreground logs JSON lines: there is no document to print.
            [[ "$line" = *" serve" ]] || check "$line takes --json" grep -qx -- --json "$PLACE/options"
            if [ "$program" = valise ]; then
                check "$line takes --home" grep -qx -- --home "$PLACE/options"
                check "$line takes --profile" grep -qx -- --profile "$PLACE/options"
                # shellcheck disable=SC2086
                check "$line is in Docs/CLI.md" grep -q -- "\`$(echo ${line})" Docs/CLI.md
            fi
        done < <(commands "$program")
    done
}

# What an option takes is named by what it is, such as a file, and not by the option again.
VALUES="checkpoint command delegate duration file fingerprint folder host key level manner name names number origin
    party parties place port precedence reason size source text url version"

# The options whose values have another name.
odd_values() {
    "$BIN/$1" --experimental-dump-help </dev/null | python3 -c '
import json, sys
known = set(sys.argv[1].split())
def walk(command, path):
    for argument in command.get("arguments") or []:
        if argument["kind"] == "option" and argument["valueName"] not in known and command.get("shouldDisplay", True):
            print(" ".join(path), argument["names"][0]["name"], argument["valueName"])
    for below in command.get("subcommands") or []:
        if below["commandName"] not in ("help", "agent"): walk(below, path + [below["commandName"]])
walk(json.load(sys.stdin)["command"], [])' "$VALUES"
}

# Every command of valise can be suggested with the desk that the running one was given.
suggestion_checks() {
    local line word
    for program in "${PROGRAMS[@]}"; do silent "values of $program are named by what they are" odd_values "$program"; done
    while read -r line; do
        for word in ${line#valise }; do
            check "$line can be suggested: $word" grep -q "\"$word\"" Sources/Terminal/NamedDesk.swift
        done
    done < <(commands valise)
}

# Every schema that a program names is documented, and every documented one is named by a program.
schema_checks() {
    local rooms=(valise valise-relay valise-audit Terminal Relay)
    grep -rhoE '"valise/[a-z-]+/v[0-9]+"' "${rooms[@]/#/Sources/}" | tr -d '"' | sort -u >"$PLACE/named"
    grep -oE 'valise/[a-z-]+/v[0-9]+' Docs/CLI.md | sort -u >"$PLACE/documented"
    check "there are schemas" test "$(wc -l <"$PLACE/named")" -gt 10
    silent "every schema is documented" comm -23 "$PLACE/named" "$PLACE/documented"
    silent "every documented schema exists" comm -13 "$PLACE/named" "$PLACE/documented"
}

echo "manners: the programs of $BIN"
man_checks
completion_checks
help_checks
suggestion_checks
schema_checks
report
