#!/usr/bin/env bash
# The Debian package in a Debian of its own (debootstrap): installed, run, upgraded, removed and purged; the unit's
# command lines run there as the unit's user would; the Dockerfile's last stage as a script. As root, with a mirror.
# Packs the programs of BIN (the debug build). Last line: N passed, N failed.
set -uo pipefail
cd "$(dirname "$0")/../.."
BIN=${BIN:-$(swift build --show-bin-path)}
MIRROR=${MIRROR:-http://deb.debian.org/debian}
WORLD=$(mktemp -d)
KEYS=$WORLD/keys ROOT=$WORLD/debian
export SWIFT_BACKTRACE=enable=no NO_COLOR=1 BIN WORLD KEYS
# shellcheck source=Tests/Scripts/lib.sh
source Tests/Scripts/lib.sh
# shellcheck source=Tests/Scripts/scene.sh
source Tests/Scripts/scene.sh
clear_away() {
    stop_relay
    umount "$ROOT/proc" 2>/dev/null
    rm -rf --one-file-system "$WORLD"
}
trap clear_away EXIT
[ "$(id -u)" -eq 0 ] || { echo "package: root is needed, for debootstrap" >&2; exit 1; }
Tests/Scripts/setup.sh debootstrap lintian || exit 1

# step NAME COMMAND...: as check, but in this shell, since it starts or stops a relay.
step() {
    local what=$1
    shift
    if "$@" >"$WORLD/step.log" 2>&1 </dev/null; then passed "$what"; else
        failed "$what" "$* ended with $?" "$(tail -12 "$WORLD/step.log")" "$(tail -2 "$WORLD/relay.log" 2>/dev/null)"
    fi
}

inside() { env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive chroot "$ROOT" "$@"; }

# No more than the relay needs of libraries, so that a dependency that is missing is seen. /proc as the unit has it.
debian() {
    debootstrap --variant=minbase --include=libsqlite3-0,libssl3,libstdc++6,zlib1g bookworm "$ROOT" "$MIRROR" \
        >"$WORLD/debootstrap.log" 2>&1 || return 1
    mount -t proc -o nosuid,nodev,noexec,subset=pid,hidepid=invisible proc "$ROOT/proc"
    # As if systemd ran, for the package's scripts; it is only noted what they would have it do.
    mkdir -p "$ROOT/run/systemd/system"
    printf '#!/bin/sh\necho "$*" >>/var/log/systemctl\n' >"$ROOT/usr/bin/systemctl"
    chmod 0755 "$ROOT/usr/bin/systemctl"
    cp /etc/resolv.conf "$ROOT/etc/resolv.conf"
}

pack() { VERSION=0.1.0-1 OUT=$WORLD/deb COMPRESS=none Packaging/deb.sh; }
# The same contents under the next version: to strip and to collect them again would show nothing more.
pack_next() {
    dpkg-deb -R "$WORLD"/deb/valise-relay_0.1.0-1_*.deb "$WORLD/next" &&
        sed -i 's/^Version: 0.1.0-1$/Version: 0.1.0-2/' "$WORLD/next/DEBIAN/control" &&
        dpkg-deb --root-owner-group -Znone --build "$WORLD/next" "$WORLD/deb/valise-relay_0.1.0-2_next.deb" &&
        rm -r "$WORLD/next"
}
package() { cp "$WORLD"/deb/valise-relay_"$1"_*.deb "$ROOT/tmp/package.deb" && inside dpkg -i /tmp/package.deb; }
# told CALL...: what the package's scripts had systemctl do since this was asked last.
told() { printf '%s\n' "$@" | diff - "$ROOT/var/log/systemctl" && rm "$ROOT/var/log/systemctl"; }
version_is() { [ "$(inside dpkg-query -W -f '${Version} ${Status}' valise-relay)" = "$1 install ok installed" ]; }

# The unit's line for instance `trial`, as systemd would run it with its credentials.
unit_line() {
    sed -n "s/^$1=+\?//p" "$ROOT/lib/systemd/system/valise-relay@.service" | head -1 |
        sed -e 's|%i|trial|g' -e 's|%S|/var/lib|g' -e 's|%d|/run/credentials/trial|g'
}

# A user of the range that systemd takes dynamic users from, without any capability.
USER_ID=61199
start_inside() {
    # shellcheck disable=SC2046
    inside $(unit_line ExecStartPre)
    env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin CREDENTIALS_DIRECTORY=/run/credentials/trial chroot "$ROOT" setpriv \
        --reuid $USER_ID --regid $USER_ID --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all \
        $(unit_line ExecStart) >/dev/null 2>>"$WORLD/relay.log" &
    RELAY_PID=$!
    answers
}

# answers: the relay serves its charter over TLS under its root; prints the digest of its certificate.
answers() {
    python3 - "$PORT" "$KEYS/relay/tls-root.pem" <<'PY'
import hashlib, socket, ssl, sys, time
context = ssl.create_default_context(cafile=sys.argv[2])
for attempt in range(200):
    try:
        with context.wrap_socket(socket.create_connection(("127.0.0.1", int(sys.argv[1])), 5), server_hostname="localhost") as c:
            c.sendall(b"GET /v1/charter HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            if not c.recv(64).startswith(b"HTTP/1.1 200"):
                sys.exit("no charter")
            print(hashlib.sha256(c.getpeercert(True)).hexdigest())
            sys.exit(0)
    except OSError:
        time.sleep(0.05)
sys.exit("no answer")
PY
}

prepare() {
    local keys=$ROOT/etc/valise-relay/trial credentials=$ROOT/run/credentials/trial
    make_keys && make_charter
    mkdir -p -m 0755 "$ROOT/run/credentials" && mkdir -m 0750 "$credentials" "$ROOT/var/lib/valise-relay"
    cp -r "$KEYS/relay" "$keys" && chmod 0700 "$keys"
    chmod 0755 "$ROOT/var/lib/valise-relay"
    install -m 0440 "$keys/log.key" "$keys/act.key" "$credentials/"
    chown -R "0:$USER_ID" "$credentials"
    cp "$WORLD/charter.signed" "$ROOT/tmp/"
    inside valise-relay init --charter /tmp/charter.signed --data /var/lib/valise-relay/trial --keys /etc/valise-relay/trial
    mkdir -p "$ROOT/var/lib/valise-relay-head/trial"
    chown -R "$USER_ID:$USER_ID" "$ROOT"/var/lib/valise-relay{,-head}/trial
    printf 'port: %s\nlog-level: notice\n' "$PORT" >"$ROOT/etc/valise-relay/trial.yaml"
}

renewed_inside() {
    local before
    before=$(answers)
    inside valise-relay keys renew --keys /etc/valise-relay/trial --url "https://localhost:$PORT" >/dev/null 2>&1
    # shellcheck disable=SC2046
    inside $(unit_line ExecReload)
    kill -HUP "$RELAY_PID"
    for _ in $(seq 100); do
        [ "$(answers)" = "$before" ] || return 0
        sleep 0.05
    done
    return 1
}

# The last stage of the Dockerfile, in the same Debian without the package.
container() {
    cp "$WORLD"/deb/valise-relay_0.1.0-2_*.deb "$ROOT/tmp/"
    python3 Tests/Scripts/dockerfile.py Packaging/Dockerfile build >"$ROOT/tmp/build.sh" && inside sh /tmp/build.sh
}
start_container() {
    local user=10001
    cp -r "$KEYS/relay" "$ROOT/etc/valise-relay/keys"
    mv "$ROOT/var/lib/valise-relay/trial" "$ROOT/var/lib/valise-relay/data"
    chown -R $user:$user "$ROOT/etc/valise-relay" "$ROOT/var/lib/valise-relay"
    python3 Tests/Scripts/dockerfile.py Packaging/Dockerfile run >"$ROOT/tmp/run.sh"
    env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin chroot "$ROOT" sh /tmp/run.sh --port "$PORT" >/dev/null \
        2>>"$WORLD/relay.log" &
    RELAY_PID=$!
    answers
}

echo "package: the relay of $BIN"
step "a Debian is made" debian
[ "$FAILED" -eq 0 ] || { tail -5 "$WORLD/debootstrap.log"; report; exit 1; }
step "the package is made" pack
step "and the next version" pack_next
step "lintian finds no error" lintian --allow-root --fail-on error \
    --suppress-tags uses-no-compression-for-control-tarball,uses-no-compression-for-data-tarball "$WORLD"/deb/valise-relay_0.1.0-1_*.deb
step "it is installed, its dependencies are there" package 0.1.0-1
step "its version is the first" version_is 0.1.0-1
step "an installation starts nothing" told "--system daemon-reload"
step "its files are what it says" inside dpkg --verify valise-relay
prints "the program runs" "0.1.0" inside valise-relay --version
step "a relay is set up there" prepare
step "it serves by the unit's command line, as the unit's user" start_inside
step "a renewed certificate is handed over and taken up" renewed_inside
echo "VALISE_RELAY_LOG_LEVEL=debug" >>"$ROOT/etc/default/valise-relay"
step "it is upgraded" package 0.1.0-2
step "its version is the second" version_is 0.1.0-2
step "an upgrade restarts the relays that run" told "--system daemon-reload" "--system daemon-reload" \
    "try-restart valise-relay@*.service"
step "a changed conffile is kept" grep -q LEVEL=debug "$ROOT/etc/default/valise-relay"
stop_relay
step "the new program goes on with the log" start_inside
stop_relay
step "it is removed" inside dpkg -r valise-relay
step "a removal stops the relays first" told "stop valise-relay@*.service" "--system daemon-reload"
nothing_left() { [ -z "$(find "$ROOT/usr" "$ROOT/lib/systemd" -name '*valise*' | tee /dev/stderr)" ]; }
step "nothing of it is left in /usr and /lib" nothing_left
step "its conffile, keys and log stay" test -f "$ROOT/etc/default/valise-relay" -a -f "$ROOT/etc/valise-relay/trial/log.key" \
    -a -d "$ROOT/var/lib/valise-relay/trial"
prints "a purge says what it keeps" "/var/lib/valise-relay is kept" inside dpkg -P valise-relay
step "and takes the conffile" test ! -e "$ROOT/etc/default/valise-relay" -a -f "$ROOT/etc/valise-relay/trial/log.key"
step "the Dockerfile's last stage can be built" container
step "and its command serves, as its user" start_container
stop_relay
report
