#!/usr/bin/env bash
# What a relay tells its operator, over the real program: metrics that promtool checks, a table, a dashboard and alert
# rules that name exactly what is emitted, the readiness checks, the log at each level, and `valise-relay status`.
# Needs the debug build and promtool (Debian's package prometheus). Last line: N passed, N failed.
set -uo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=Tests/Scripts/scene.sh
source Tests/Scripts/scene.sh
# shellcheck source=Tests/Scripts/lib.sh
source Tests/Scripts/lib.sh
own_world
command -v promtool >/dev/null || Tests/Scripts/setup.sh prometheus
HEALTH=$(free_port)
WITNESS_PORT=$(free_port)
AGREE=Tests/Scripts/metrics_agree.py
WITNESS_PID=""
clear_more() { [ -z "$WITNESS_PID" ] || kill "$WITNESS_PID" 2>/dev/null; }

# One witness, and publication on cadence, so that every metric there is has a value.
eval "$(declare -f charter_source | sed '1s/charter_source/plain_source/')"
charter_source() {
    plain_source | sed 's/publication: private/publication: on-cadence/'
    printf 'witnesses:\n  quorum: 1\n  list:\n    - key: "%s"\n      url: http://127.0.0.1:%s\n' \
        "$(cat "$KEYS/witness/witness.vkey")" "$WITNESS_PORT"
}

# get TARGET: what the health port says.
get() {
    python3 - "$HEALTH" "$1" <<'PY'
import sys, urllib.error, urllib.request
try:
    with urllib.request.urlopen(f"http://127.0.0.1:{sys.argv[1]}{sys.argv[2]}", timeout=10) as answer:
        sys.stdout.write(answer.read().decode())
except urllib.error.HTTPError as error:
    sys.stdout.write(error.read().decode())
PY
}
scrape() { get /metrics >"$WORLD/scrape"; }
# serve ARG...: starts the relay, with a log of its own, and waits until it is ready or 503.
serve() {
    : >"$WORLD/relay.log"
    start_relay --witness-pause 1s --health-port "$HEALTH" "$@" && until_prints ok get /healthz
}
status() { "$BIN/valise-relay" status --data "$WORLD/relay" "$@"; }

SUBJECT="A subject about olive groves"
# traffic: a message through an intermediary, one that is barred, an unknown path, and reads.
traffic() {
    echo "the body of it, cedar" >"$WORLD/text"
    MESSAGE=$(with_passphrase us-envoy send --to hezbollah --subject "$SUBJECT" "$WORLD/text" --json 2>/dev/null |
        field message)
    with_passphrase lebanon-speaker inbox >/dev/null 2>&1
    with_passphrase lebanon-speaker convey "$MESSAGE" >/dev/null 2>&1
    with_passphrase us-envoy send --to hezbollah --direct "$WORLD/text" >/dev/null 2>&1
    with_passphrase us-envoy track "$MESSAGE" >/dev/null 2>&1
}

# silent NAME WORD...: none of the words may occur in the relay's log, and the log is JSON lines.
silent() {
    local name=$1
    shift
    printf '%s\n' "$@" >"$WORLD/words"
    absent "$name" "$WORLD/words" "$WORLD/relay.log"
    check "$name: every line is a JSON object" python3 -c '
import json, sys
lines = open(sys.argv[1]).read().splitlines()
assert lines and all(isinstance(json.loads(line), dict) for line in lines)' "$WORLD/relay.log"
}

# screen COLUMNS ARG...: status at a terminal of so many columns; fails if a line is wider, or shows a control character.
screen() {
    python3 - "$@" <<'PY'
import os, pty, struct, fcntl, termios, sys, unicodedata
columns = int(sys.argv[1])
pid, master = pty.fork()
if pid == 0:
    os.execv(sys.argv[2], sys.argv[2:])
fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
text = b""
while True:
    try:
        piece = os.read(master, 65536)
    except OSError:
        break
    if not piece:
        break
    text += piece
_, state = os.waitpid(pid, 0)
lines = text.decode().replace("\r", "").splitlines()
print("\n".join(lines))
wide = [line for line in lines if sum(unicodedata.category(c) not in ("Mn", "Cf") for c in line) > columns]
# A word that is longer than the line has nowhere to be broken.
wide = [line for line in wide if any(len(word) < columns // 2 for word in line.split()[1:])]
strange = [line for line in lines if any(unicodedata.category(c) == "Cc" for c in line)]
sys.exit(1 if wide or strange or state or len(lines) < 10 else 0)
PY
}

echo "metrics: the relay of $BIN"
make_keys
"$BIN/valise-audit" witness keys new --out "$KEYS/witness" --name witness.example >/dev/null 2>&1
make_charter
init_relay
"$BIN/valise-audit" witness serve --data "$WORLD/witness" --keys "$KEYS/witness" --charter "$WORLD/charter.signed" \
    --port "$WITNESS_PORT" >/dev/null 2>"$WORLD/witness.log" &
WITNESS_PID=$!
serve || exit 1
publish_keys
traffic

check "the relay is ready once its witness has cosigned" until_prints "ok    witness witness.example: cosigned" get /readyz
prints "readiness for programs" '"ready":true' get "/readyz?format=json"
check "a scrape" scrape
check "sizes of the store are there" until_prints "valise_database_bytes" get /metrics
scrape
check "promtool finds nothing in the metrics" bash -c "promtool check metrics <'$WORLD/scrape'"
check "table, dashboard, rules and relay name the same metrics" python3 "$AGREE" "$WORLD/scrape"
sed 's/valise_queue_statements/valise_queue_of_old/' "$WORLD/scrape" >"$WORLD/other"
refuses "a metric of another name is found out" 1 "valise_queue_of_old, which metrics.md does not explain" \
    python3 "$AGREE" "$WORLD/other"
mkdir "$WORLD/tree"
cp --parents Docs/Operations/{metrics.md,grafana.json,alerts.yml} "$AGREE" "$WORLD/tree"
check "a copy of the documents is found well" python3 "$WORLD/tree/$AGREE" "$WORLD/scrape"
sed -i -E '/^\| `valise_log_size`/s/\|[^|]*\|$/| |/' "$WORLD/tree/Docs/Operations/metrics.md"
refuses "a row that does not say what to do is found out" 1 "the row of valise_log_size in metrics.md lacks" \
    python3 "$WORLD/tree/$AGREE" "$WORLD/scrape"
check "promtool parses the alert rules" promtool check rules Docs/Operations/alerts.yml
check "the alert rules do what they say" promtool test rules Docs/Operations/alerts.test.yml
python3 "$AGREE" --rules "$WORLD/dashboard.yml"
check "promtool parses the dashboard's queries" promtool check rules "$WORLD/dashboard.yml"
printf '%s\n' "${PARTIES[@]}" "$MESSAGE" "${MESSAGE:0:12}" "$SUBJECT" >"$WORLD/words"
absent "a scrape names no party and no message" "$WORLD/words" "$WORLD/scrape"
prints "rejections are counted by code" 'valise_rejections_total{code="barred"} 1' cat "$WORLD/scrape"

silent "at info the log names no party and no message" "${PARTIES[@]}" "$MESSAGE" "${MESSAGE:0:12}" "$SUBJECT" cedar /v1/

document "status as a document" valise/relay-status/v1 status --json
prints "status counts rejections" "barred 1" status
prints "status shows whose inbox waits" "hezbollah" status
prints "status knows the witness" "cosigned by 1 of 1" status
# Rounded down to a tenth, as status does.
ENVELOPES=$(status --json | python3 -c '
import json, sys
size = json.load(sys.stdin)["day"]["envelopeBytes"]
tenths = (size % 1024) * 10 >> 10
print(f"{size >> 10}.{tenths} KiB" if tenths else f"{size >> 10} KiB")')
prints "status shows the growth of envelopes by itself" ", envelopes $ENVELOPES in the last day" status
check "status is content" bash -c "'$BIN/valise-relay' status --data '$WORLD/relay' | grep -q 'all is well'"
check "status --anonymous" status --anonymous
status --anonymous >"$WORLD/anonymous" 2>&1
prints "status --anonymous says the rest" "barred 1" cat "$WORLD/anonymous"
printf '%s\n' "${PARTIES[@]}" >"$WORLD/words"
absent "status --anonymous names no party" "$WORLD/words" "$WORLD/anonymous"
check "status at 80 columns" screen 80 "$BIN/valise-relay" status --data "$WORLD/relay"
check "status at 50 columns" screen 50 "$BIN/valise-relay" status --data "$WORLD/relay"
refuses "status of no log" 4 "[no-log]" "$BIN/valise-relay" status --data "$WORLD/parties"

stop_relay
prints "status of a relay that is stopped" "not running" status
prints "it says what to do" "valise-relay serve --data" status
serve --log-level debug --disk-floor 512TiB || exit 1
with_passphrase us-envoy inbox >/dev/null 2>&1
with_passphrase us-envoy track "$MESSAGE" >/dev/null 2>&1
refuses "status of a relay that cannot do its work" 1 "error: disk: " status
refuses "below the floor a message stays in the outbox, with the reason" 3 "disk is nearly full" \
    with_passphrase us-envoy send --to lebanon-speaker "$WORLD/text"
silent "at debug the log names no message and no secret" "$MESSAGE" "${MESSAGE:0:12}" "$SUBJECT" cedar sig1= Signature
prints "at debug it says who asked" '"party":"us-envoy"' cat "$WORLD/relay.log"
stop_relay
serve --log-level trace || exit 1
with_passphrase us-envoy track "$MESSAGE" >/dev/null 2>&1
prints "at trace it says what about" "\"subject\":\"$MESSAGE\"" cat "$WORLD/relay.log"
silent "at trace the log names nothing that is sealed or secret" "$SUBJECT" cedar sig1= Signature-Input
report
