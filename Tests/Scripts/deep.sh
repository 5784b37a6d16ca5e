#!/usr/bin/env bash
# The deep tier: sanitizers over the rooms without SwiftNIO, fuzzing of every parser, verifiers of other people, kills.
# Nothing is skipped: a tool that is missing is installed, or the tier fails. Prints how long each step took.
set -uo pipefail
cd "$(dirname "$0")/../.."
export SWIFT_BACKTRACE=enable=no ASAN_OPTIONS=detect_leaks=0
LOGS=.build-deep
mkdir -p "$LOGS"
source Tests/Scripts/lib.sh

# step NAME COMMAND...: its output goes into a log, whose end is shown if it fails.
step() {
    local name=$1 begin=$SECONDS log
    shift
    log=$LOGS/${name// /-}.log
    if "$@" >"$log" 2>&1 </dev/null; then
        passed "$name ($((SECONDS - begin)) s): $(tail -1 "$log")"
    else
        failed "$name ($((SECONDS - begin)) s)" "$(tail -25 "$log")"
    fi
}

core_tests() { VALISE_CORE=1 swift test "$@"; }

foreign_tools() {
    Tests/Scripts/setup.sh golang-go golang-golang-x-mod-dev python3-venv
    [ -x .build-venv/bin/python ] || python3 -m venv .build-venv
    .build-venv/bin/pip install -q --disable-pip-version-check asn1tools==0.169.0 http-message-signatures==3.0.0 \
        openapi-spec-validator==0.9.0 schemathesis==4.32.5
    # It says Python 3.12, and runs on 3.11.
    .build-venv/bin/pip install -q --disable-pip-version-check --ignore-requires-python aics-witness==0.1.0
}

# The demonstration's world, for the verifiers of other people.
PLACE=$(mktemp -d)
trap 'rm -rf "$PLACE"' EXIT
world() {
    swift build && WORLD=$PLACE/world KEYS=$PLACE/keys Tests/Scripts/demo.sh
}

# The log of a relay, read by Go's sumdb packages: sumdb MIRROR VERIFIER-KEY.
sumdb() {
    GO111MODULE=off GOPATH=/usr/share/gocode go run Tests/Foreign/sumdb/main.go "$1" "$2"
}

# The same of the log that the kills left, which has a full tile and a full entry bundle.
sumdb_full() {
    local mirror=$PLACE/kills/mirror
    if [ ! -f "$mirror/tile/0/000" ] || [ ! -f "$mirror/tile/entries/000" ]; then
        echo "the log of the kills has no full tile: more KILLS are needed"
        return 1
    fi
    sumdb "$mirror" "$PLACE/kills/verifier-key"
}

# Go's sumdb packages on what our witness cosigned, and on proof files, which they make as we do.
go_witness() { GO111MODULE=off GOPATH=/usr/share/gocode go run Tests/Foreign/witness/main.go "$@"; }
cosigned() {
    local place=$PLACE/witness vector=Tests/Vectors/tlog-proof/entry-123-of-300.tlog-proof
    go_witness checkpoint "$place/cosigned" "$(cat "$place/log-key")" "$(cat "$place/witness-key")" &&
        go_witness make "$place/made" && cmp "$place/made" "$vector" &&
        go_witness proof "$vector" log.example/a+870806f8+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c \
            witness.example/w1+d9ed62c5+BO1JKMYo0cLG6ukDOJBZlWEpWSc6XGP5NjbBRhSshzfR "entry 123"
}
interop() {
    mkdir -p "$PLACE/witness" && .build-venv/bin/python Tests/Foreign/witness/interop.py "$(swift build --show-bin-path)" \
        "$PLACE/witness"
}

# What make test does with a thousand, ten times as often.
corruptions() {
    swift build --build-tests && VALISE_CORRUPTIONS=10000 swift test --skip-build --filter CorruptedMirrorTests
}

step "foreign tools" foreign_tools
step "a world to verify" world
step "sumdb reads a small log" sumdb "$PLACE/world/audit/mirror" "$PLACE/world/verifier-key"
step "openssl reads the keys" Tests/Foreign/openssl/keys.sh "$PLACE/keys" "$PLACE/world/passphrase"
step "ASN.1 round trip" .build-venv/bin/python Tests/Foreign/asn1/roundtrip.py
step "a foreign witness, both ways" interop
step "metrics, alerts, logs and status" Tests/Scripts/metrics.sh
step "Go reads what was cosigned" cosigned
step "the package in a Debian of its own" Tests/Scripts/package.sh
step "documentation of Ledger" Tests/Scripts/docc.sh
step "${KILLS:-20} kills of a witness" env KILLS="${KILLS:-20}" Tests/Scripts/witness.sh
step "the interface as documented" Tests/Scripts/openapi.sh
step "RFC 9421 both ways" .build-venv/bin/python Tests/Foreign/rfc9421/interop.py
step "${KILLS:-20} kills" env KILLS="${KILLS:-20}" KEEP="$PLACE/kills" Tests/Scripts/kills.sh
step "sumdb reads a log with full tiles" sumdb_full
step "faults of the machine" Tests/Scripts/faults.sh
step "two minutes of soak" env SECONDS_LONG=120 Tests/Scripts/soak.sh
step "keys rotate" Tests/Scripts/rotation-drill.sh
step "10,000 corruptions of a mirror" corruptions
step "address sanitizer" core_tests --sanitize=address --scratch-path .build-asan
step "thread sanitizer" core_tests --sanitize=thread --scratch-path .build-tsan --filter 'KeyringTests|ParallelSealingTests'
step "fuzzing" Tests/Scripts/fuzz.sh
report
