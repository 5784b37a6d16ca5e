#!/usr/bin/env bash
# Docs/openapi.yaml against a running relay: schemathesis sends what the document allows and what it forbids, signed by
# another implementation of RFC 9421, and holds each answer against it. EXAMPLES (40) requests of an operation are drawn,
# from SEED (1), beside those that cover its schema. KEEP names a folder for the world. Needs the debug build and
# .build-venv. Last line: N passed, N failed.
set -uo pipefail
cd "$(dirname "$0")/../.."
ROOT=$PWD
VENV=$ROOT/.build-venv/bin
EXAMPLES=${EXAMPLES:-40}
SEED=${SEED:-1}
# shellcheck source=Tests/Scripts/scene.sh
source Tests/Scripts/scene.sh
# shellcheck source=Tests/Scripts/lib.sh
source Tests/Scripts/lib.sh
own_world

# alpha releases by two, so it has drafts; bridge carries, and may see what does; watch audits.
DESKS=(alpha-lead alpha-deputy bridge-lead omega-lead watch-lead)
clear_more() {
    for name in "${DESKS[@]}"; do desk "$name" lock >/dev/null 2>&1; done
    if [ -n "${KEEP:-}" ]; then cp -r "$WORLD" "$KEEP"; fi
}

# desk NAME ARG...: the program at that desk.
desk() {
    local name=$1
    shift
    VALISE_HOME="$WORLD/desks/$name" timeout --kill-after=5 60 "$BIN/valise" "$@"
}

charter_yaml() {
    cat <<YAML
title: The interface, documented
relay:
  public: $KEYS/relay/relay.public
  publication: private
parties:
  alpha: {title: Alpha, capabilities: [steward], quorum: 2, founder: lead, cards: [alpha-lead.card, alpha-deputy.card]}
  bridge: {title: Bridge, capabilities: [intermediary, steward], founder: lead, cards: [bridge-lead.card]}
  omega: {title: Omega, founder: lead, cards: [omega-lead.card]}
  watch: {title: Watch, capabilities: [auditor], founder: lead, cards: [watch-lead.card]}
channels:
  - {between: [alpha, bridge], window: 60d, precedence: flash, size: 1MiB}
  - {between: [bridge, omega], window: 60d, precedence: flash, size: 512KiB}
  - {between: [omega, watch], opens: 2100-01-01T00:00:00Z, window: 60d, precedence: flash, size: 1MiB}
bars:
  - [alpha, omega]
stewards:
  threshold: 2
limited-auditors:
  bridge: [[alpha, bridge], [bridge, omega]]
YAML
}

set_up() {
    mkdir -p -m 700 "$WORLD/desks" "$KEYS"
    (umask 077 && echo "a passphrase for tests" >"$WORLD/passphrase")
    local name signatures=()
    for name in "${DESKS[@]}"; do
        desk "$name" keys new --party "${name%-*}" --delegate "${name#*-}" --passphrase-file "$WORLD/passphrase" \
            >"$WORLD/$name.card" 2>/dev/null || return 1
    done
    PORT=$(free_port)
    HEALTH=$(free_port)
    "$BIN/valise-relay" keys new --out "$KEYS/relay" --url "https://localhost:$PORT" >/dev/null 2>&1 || return 1
    charter_yaml >"$WORLD/charter.yaml"
    desk alpha-lead charter compile "$WORLD/charter.yaml" -o "$WORLD/charter.der" >/dev/null || return 1
    for name in alpha-lead bridge-lead omega-lead watch-lead; do
        desk "$name" charter sign "$WORLD/charter.der" -o "$WORLD/$name.charter-signature" \
            --passphrase-file "$WORLD/passphrase" >/dev/null 2>&1 || return 1
        signatures+=("$WORLD/$name.charter-signature")
    done
    desk alpha-lead charter collect "$WORLD/charter.der" "${signatures[@]}" -o "$WORLD/charter.signed" >/dev/null 2>&1
    for name in "${DESKS[@]}"; do
        desk "$name" join "$WORLD/charter.signed" --yes >/dev/null 2>&1 || return 1
        desk "$name" unlock --for 30m --passphrase-file "$WORLD/passphrase" >/dev/null 2>&1 || return 1
    done
    init_relay
    # Strangers and delegates knock here as fast as they can.
    start_relay --health-port "$HEALTH" --address-requests 1000000 --address-failures 1000000 \
        --address-handshakes 1000000 --party-requests 1000000 --party-statements 1000000 \
        --delegate-statements 1000000 || return 1
    for name in alpha-lead alpha-deputy bridge-lead omega-lead; do
        desk "$name" keys publish >/dev/null 2>&1 || return 1
    done
}

# A message that bridge has carried and alpha has retrieved, and one that alpha still wants a signature for.
traffic() {
    echo "Cedar and cypress." >"$WORLD/text"
    desk omega-lead send --to alpha --via bridge "$WORLD/text" --json >"$WORLD/sent.json" || return 1
    MESSAGE=$(field message <"$WORLD/sent.json")
    desk bridge-lead convey "$MESSAGE" >/dev/null && desk alpha-lead inbox >/dev/null &&
        desk alpha-lead read "$MESSAGE" >/dev/null &&
        desk alpha-lead send --to omega --via bridge "$WORLD/text" --json >"$WORLD/draft.json" || return 1
    python3 -c 'import json, sys; print(json.dumps(dict(zip(("url", "roots", "message", "draft"), sys.argv[1:]))))' \
        "https://localhost:$PORT" "$KEYS/relay/tls-root.pem" "$MESSAGE" "$(field message <"$WORLD/draft.json")" \
        >"$WORLD/known.json"
}

# Clients pass over members of a view that they do not know; here one that is not documented is a finding.
strict() {
    "$VENV/python" - Docs/openapi.yaml "$WORLD/openapi.yaml" <<'PY'
import sys, yaml
document = yaml.safe_load(open(sys.argv[1]))
left = list(document["components"]["schemas"].values())
while left:
    schema = left.pop()
    if schema.get("type") == "object":
        schema["additionalProperties"] = False
    left += [item for item in schema.values() if isinstance(item, dict)]
yaml.safe_dump(document, open(sys.argv[2], "w"))
PY
}

# fuzz NAME URL ARG...: one run of schemathesis; what it was answered is in $WORLD/NAME.json.
fuzz() {
    local name=$1 url=$2
    shift 2
    # In the world's folder: it writes a cache where it stands.
    cd "$WORLD" && OPENAPI_WORLD=$WORLD OPENAPI_ANSWERS=$WORLD/$name.json SEED=$SEED OPENAPI_ENTRIES=${ENTRIES:-0} \
        PYTHONDONTWRITEBYTECODE=1 SCHEMATHESIS_HOOKS=$ROOT/Tests/Foreign/openapi/hooks.py \
        "$VENV/schemathesis" --config-file "$ROOT/Tests/Foreign/openapi/schemathesis.toml" \
        run "$WORLD/openapi.yaml" --url "$url" --tls-verify "$KEYS/relay/tls-root.pem" --seed "$SEED" \
        --max-examples "$EXAMPLES" --phases examples,coverage,fuzzing --continue-on-failure --no-color \
        --generation-database none "$@"
}

# Whether an answer to HEAD on the operator's port is its head alone: two requests at once, and one body in what comes.
head_alone() {
    python3 - "$HEALTH" <<'PY'
import socket, sys
connection = socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=5)
connection.sendall(b"HEAD /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
answers = b"".join(iter(lambda: connection.recv(4096), b""))
sys.exit(answers.count(b"HTTP/1.1 200 ") != 2 or answers.count(b"ok\n") != 1)
PY
}

# held NAME COMMAND...: the command must succeed; its last line tells what was done, and its failures are shown.
held() {
    local name=$1 output
    shift
    if output=$("$@" 2>&1 </dev/null); then
        passed "$name: $(tail -1 <<<"$output" | tr -d '=' | xargs)"
    else
        failed "$name" "$(sed -n '/^=* \(ERRORS\|FAILURES\) =*$/,$p' <<<"$output" | grep . | head -20)" \
            "$(tail -20 <<<"$output")"
    fi
}

echo "openapi: the relay of $BIN"
check "the document is OpenAPI 3.1" "$VENV/openapi-spec-validator" Docs/openapi.yaml
if ! { set_up && traffic; } >"$WORLD/setup.log" 2>&1; then
    failed "a world with a message and a draft" "$(tail -5 "$WORLD/setup.log" "$WORLD/relay.log")"
    report
    exit 1
fi
check "a strict copy of it" strict
ENTRIES=240 held "the relay" fuzz relay "https://localhost:$PORT" --exclude-tag operator
held "the operator's port" fuzz operator "http://127.0.0.1:$HEALTH" --include-tag operator
check "an answer to HEAD is its head alone" head_alone
held "what was reached" "$VENV/python" Tests/Foreign/openapi/answers.py Docs/openapi.yaml "$WORLD/relay.json" \
    "$WORLD/operator.json"
report
