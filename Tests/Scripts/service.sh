#!/usr/bin/env bash
# The relay as a service manager runs it, and what can be judged of its unit without one: readiness, watchdog, reload of
# the certificate, stop; the unit by systemd-analyze, and the system calls of a run against its filter.
# Needs the debug build, systemd-analyze, strace. Last line: N passed, N failed.
set -uo pipefail
cd "$(dirname "$0")/../.."
BIN=${BIN:-$(swift build --show-bin-path)}
WORLD=$(mktemp -d)
KEYS=$WORLD/keys
export SWIFT_BACKTRACE=enable=no NO_COLOR=1 BIN WORLD KEYS
# The highest exposure that systemd-analyze security may see, in tenths: 0 is none, 100 the worst.
THRESHOLD=15
# shellcheck source=Tests/Scripts/lib.sh
source Tests/Scripts/lib.sh
# shellcheck source=Tests/Scripts/scene.sh
source Tests/Scripts/scene.sh
trap 'stop_relay; rm -rf "$WORLD"' EXIT
Tests/Scripts/setup.sh systemd strace || exit 1

# verified UNIT: systemd-analyze has run, finds the unit good, and says nothing of it.
verified() {
    local said
    said=$(systemd-analyze verify --root="$root" --man=no --recursive-errors=no "$1" 2>&1) || {
        echo "systemd-analyze ended with $?: $said"
        return 1
    }
    ! grep -F "${1%%@*}" <<<"$said"
}

# The unit as it would lie in a system of its own, with the units that it names.
unit_checks() {
    local root=$WORLD/root unit
    unit=$root/usr/lib/systemd/system/valise-relay@.service
    check "install" env DESTDIR="$root" PREFIX=/usr BIN="$BIN" Packaging/install.sh
    for file in bin/valise bin/valise-relay bin/valise-audit share/man/man1/valise-relay.1 lib/valise-relay/leaf \
        share/bash-completion/completions/valise-relay share/zsh/site-functions/_valise \
        share/fish/vendor_completions.d/valise-audit.fish share/doc/valise-relay/examples/relay.yaml; do
        check "it installs $file" test -s "$root/usr/$file"
    done
    cp "$unit" "$root/usr/lib/systemd/system/valise-relay@trial.service"
    cp /usr/lib/systemd/system/{basic,sysinit,network-online,multi-user,shutdown}.target "$root/usr/lib/systemd/system/"
    mkdir -p "$root/bin"
    cp /bin/kill "$root/bin/kill"
    check "systemd-analyze verify is content" verified valise-relay@trial.service
    sed "s|^ExecStart=.*|ExecStart=$root/nowhere serve|" "$unit" >"${unit/@/@broken}"
    refuses "it is not with a unit whose program is missing" 1 "nowhere" verified valise-relay@broken.service
    sed 's|^TimeoutStopSec=|TimeoutStop=|' "$unit" >"${unit/@/@misspelt}"
    refuses "nor with a key that is misspelt" 1 "TimeoutStop" verified valise-relay@misspelt.service
    check "its exposure is at most $THRESHOLD tenths" \
        systemd-analyze security --offline=true --threshold="$THRESHOLD" --root="$root" valise-relay@trial.service
    systemd-analyze security --offline=true --root="$root" valise-relay@trial.service 2>/dev/null | tail -1
}

# Every system call of a run is one that the unit's filter lets through, or answers with EPERM as the program expects.
filter_checks() {
    strace -f -qq -c -U name -o "$WORLD/calls" timeout -s TERM 6 "$BIN/valise-relay" serve --data "$WORLD/relay" \
        --keys "$KEYS/relay" --port "$PORT" >/dev/null 2>&1
    python3 Tests/Scripts/syscalls.py Packaging/systemd/valise-relay@.service "$WORLD/calls" >"$WORLD/refused" 2>&1
    if [ $? -eq 0 ]; then passed "the filter lets through what a run calls: $(cat "$WORLD/refused")"; else
        failed "the filter and a run" "$(cat "$WORLD/refused")"; fi
}

echo "service: the relay of $BIN"
make_keys
make_charter
init_relay
unit_checks
filter_checks
python3 Tests/Scripts/service_rounds.py "$BIN" "$WORLD" "$PORT" | tee "$WORLD/rounds"
PASSED=$((PASSED + $(grep -c '^  ok ' "$WORLD/rounds")))
FAILED=$((FAILED + $(grep -c '^  FAIL ' "$WORLD/rounds")))
grep -qx 'rounds: all played' "$WORLD/rounds" || failed "the rounds" "they did not come to their end"
report
