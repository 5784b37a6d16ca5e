#!/usr/bin/env bash
# The relay's settings over the real program: where each comes from, what stops the start, and that the documents list
# exactly the keys there are. Needs the debug build. Last line: N passed, N failed.
set -uo pipefail
cd "$(dirname "$0")/../.."
BIN=${BIN:-$(swift build --show-bin-path)}
export SWIFT_BACKTRACE=enable=no NO_COLOR=1
# shellcheck source=Tests/Scripts/lib.sh
source Tests/Scripts/lib.sh
PLACE=$(mktemp -d)
trap 'rm -rf "$PLACE"' EXIT
RELAY=$BIN/valise-relay
FILE=$PLACE/relay.yaml
mkdir "$PLACE/data" "$PLACE/keys" "$PLACE/tls"

# A value other than the default for each kind of setting.
sample() {
    case $1 in
        *folder*) echo "$PLACE/tls" ;;
        *"path of a file"*) echo "$FILE" ;;
        *name\ or*) echo 127.0.0.2 ;;
        *port*) echo 4711 ;;
        "one of"*) echo warning ;;
        "a whole number"*) echo 3 ;;
        *size*) echo "${1##* }" ;;
        *duration*) echo "${1##* }" ;;
    esac
}

# origin_of KEY ARG...: "VALUE ORIGIN" as config show has it.
origin_of() {
    local key=$1
    shift
    "$RELAY" config show --json "$@" 2>/dev/null | python3 -c '
import json, sys
for row in json.load(sys.stdin)["settings"]:
    if row["key"] == sys.argv[1]: print(row["value"], row["origin"])' "$key"
}

same() { if [ "$2" = "$3" ]; then passed "$1"; else failed "$1" "expected: $2" "found: $3"; fi; }

document_checks() {
    "$RELAY" config keys --markdown >"$PLACE/table"
    sed -n '/<!-- settings -->/,/<!-- end of settings -->/p' Docs/Operations/settings.md | grep '^|' >"$PLACE/documented"
    check "Docs/Operations/settings.md has the table of config keys --markdown" diff "$PLACE/table" "$PLACE/documented"
    "$RELAY" config keys --example >"$PLACE/example"
    check "the example is the one in the documents" diff "$PLACE/example" Docs/Examples/relay.yaml
    "$RELAY" config keys --json | python3 -c '
import json, sys
for row in json.load(sys.stdin)["settings"]: print(row["key"], row["flag"], row["variable"], row["value"], sep="\t")' >"$PLACE/keys.tsv"
    check "there are settings" test "$(wc -l <"$PLACE/keys.tsv")" -ge 36
    "$RELAY" serve --help | grep -oE '^ +--[a-z-]+' | tr -d ' ' | grep -vxE -- '--(config|help|version|disregard-witness)' | sort >"$PLACE/flags"
    check "serve takes a flag for each setting and no other" diff <(cut -f2 "$PLACE/keys.tsv" | sort) "$PLACE/flags"
}

origin_checks() {
    local key flag variable kind value
    while IFS=$'\t' read -r key flag variable kind; do
        value=$(sample "$kind")
        printf '# one\n%s: "%s"\n' "$key" "$value" >"$FILE"
        same "$key from the file" "$value $FILE:2" "$(origin_of "$key" --config "$FILE")"
        same "$key from $variable" "$value $variable" "$(env "$variable=$value" "$RELAY" config show --json 2>/dev/null |
            python3 -c '
import json, sys
for row in json.load(sys.stdin)["settings"]:
    if row["key"] == sys.argv[1]: print(row["value"], row["origin"])' "$key")"
        same "$key from $flag before them" "$value $flag" \
            "$(export "$variable=$value"; origin_of "$key" --config "$FILE" "$flag" "$value")"
    done <"$PLACE/keys.tsv"
    printf 'threads: 2\n' >"$FILE"
    same "the file that VALISE_RELAY_CONFIG names" "2 $FILE:1" "$(VALISE_RELAY_CONFIG=$FILE origin_of threads)"
    same "a default" "info default" "$(origin_of log-level)"
}

# stops NAME STATUS TEXT: config check and serve both end so with the file as it is, and the arguments that follow.
stops() {
    local name=$1 status=$2 text=$3
    shift 3
    refuses "config check: $name" "$status" "$text" "$RELAY" config check --config "$FILE" "$@"
    refuses "serve: $name" "$status" "$text" timeout 20 "$RELAY" serve --config "$FILE" "$@"
}

refusal_checks() {
    local places="data: $PLACE/data\nkeys: $PLACE/keys\n"
    printf "${places}prot: 8443\n" >"$FILE"
    stops "an unknown key" 64 "$FILE:3: there is no setting 'prot' (value '8443'). [setting-unknown]"
    printf "${places}port: 80a80\n" >"$FILE"
    stops "a bad value in the file" 64 "$FILE:3: port is '80a80': a port, 0 to 65535 was expected. [setting-malformed]"
    printf "${places}" >"$FILE"
    stops "a bad value in a flag" 64 "--idle-limit: idle-limit is '10s': a duration, 61s to 1h was expected." --idle-limit 10s
    stops "two listeners on one port" 64 "port 8443 (--port) and health-port 8443 (--health-port) do not go together" \
        --port 8443 --health-port 8443
    export VALISE_RELAY_THREADS=many
    stops "a bad value in a variable" 64 "VALISE_RELAY_THREADS: threads is 'many'"
    unset VALISE_RELAY_THREADS
    export VALISE_RELAY_THREAD=2
    stops "an unknown variable" 64 "there is no setting 'VALISE_RELAY_THREAD' (value '2')."
    unset VALISE_RELAY_THREAD
    printf "${places}port: [1, 2]\n" >"$FILE"
    stops "a value that is no text" 64 "$FILE:3: the value of port was expected to be one text. [settings-file-malformed]"
    printf "keys: $PLACE/keys\n" >"$FILE"
    stops "a missing setting" 64 "give --data, VALISE_RELAY_DATA, or data in the settings file"
    rm "$FILE"
    stops "a missing file" 4 "There is no settings file $FILE"
    printf "${places}tls: /nowhere\nport: 1\nhealth-port: 1\nx: 1\n" >"$FILE"
    same "config check finds everything at once" "setting-unknown settings-conflict file-missing" "$(
        "$RELAY" config check --config "$FILE" --json 2>/dev/null | python3 -c '
import json, sys
print(*[problem["code"] for problem in json.load(sys.stdin)["problems"]])')"
    printf "${places}" >"$FILE"
    prints "config check is content with a good file" "The settings can be used." "$RELAY" config check --config "$FILE"
    document "config show" valise/relay-config/v1 "$RELAY" config show --config "$FILE" --json
    document "config check" valise/relay-config-check/v1 "$RELAY" config check --config "$FILE" --json
    document "config keys" valise/relay-config-keys/v1 "$RELAY" config keys --json
}

# conflict NAME FIRST SECOND WHY: config check and serve refuse what $FILE and $FLAGS hold.
conflict() {
    stops "$1" 64 "$2 and $3 do not go together: $4. [settings-conflict]" "${FLAGS[@]}"
}

# content NAME ARG...: config check has nothing against them.
content() {
    local name=$1
    shift
    prints "$name" "The settings can be used." "$RELAY" config check --config "$FILE" "$@"
}

conflict_checks() {
    local places="data: $PLACE/data\nkeys: $PLACE/keys\n" part whole why head
    while IFS=: read -r part whole why; do
        printf "${places}$whole: 5\n" >"$FILE"
        content "$whole alone below the default of $part"
        content "$part as high as $whole" "--$part" 5
        FLAGS=("--$part" 6)
        conflict "$part above $whole" "$part 6 (--$part)" "$whole 5 ($FILE:3)" "$why"
        printf "${places}" >"$FILE"
        content "$part alone, above the default of $whole" "--$part" 1000000
    done <<'END'
address-connections:connections:one address cannot have more connections than there are for all
party-connections:connections:one party cannot have more connections than there are for all
party-polls:party-connections:an inbox that waits holds a connection of its own
delegate-statements:party-statements:one delegate cannot say more than its party may
END
    ln -s "$PLACE/data" "$PLACE/link"
    for head in data/head data/deep/head link/head; do
        printf "${places}head-file: $PLACE/$head\n" >"$FILE"
        FLAGS=()
        conflict "the head file in the data: $head" "head-file $PLACE/$head ($FILE:3)" "data $PLACE/data ($FILE:1)" \
            "an older copy of the data would bring its own head, and not be known as older"
    done
    printf "${places}" >"$FILE"
    for head in data.head head; do
        content "the head file beside the data: $head" --head-file "$PLACE/$head"
    done
}

echo "settings: the relay of $BIN"
document_checks
origin_checks
refusal_checks
conflict_checks
report
