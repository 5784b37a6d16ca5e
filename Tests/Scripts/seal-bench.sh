#!/usr/bin/env bash
# Times file to envelope side by side with what other people use, on one random file (MEBIBYTES, 100), page cache warm,
# RUNS (5) interleaved runs: `valise seal` (keys unlocked, sealed to sender and recipient, no network), `gpg --sign
# --encrypt` with and without `-z 0`, `openssl cms` sign and encrypt, `age` and `minisign`. Installs what is missing.
# BIN is the folder of the programs; by default the release build.
set -euo pipefail
cd "$(dirname "$0")/../.."
Tests/Scripts/setup.sh gnupg age minisign openssl
BIN=${BIN:-$(swift build -c release --show-bin-path)}
MEBIBYTES=${MEBIBYTES:-100}
RUNS=${RUNS:-5}
CHANNEL_SIZE=1GiB
export MEBIBYTES RUNS
# shellcheck source=Tests/Scripts/scene.sh
source Tests/Scripts/scene.sh
clear_more() { GNUPGHOME=$WORLD/gnupg gpgconf --kill all >/dev/null 2>&1 || true; }

# Sender and recipient for each of the others; no passphrases, as our keys are unlocked too.
foreign_keys() {
    mkdir -p -m 700 "$WORLD/gnupg"
    local user
    for user in sender recipient; do
        GNUPGHOME=$WORLD/gnupg gpg --batch --quiet --pinentry-mode loopback --passphrase '' \
            --quick-generate-key "$user" future-default default never
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$user" -days 30 \
            -keyout "$WORLD/$user.key" -out "$WORLD/$user.pem" 2>/dev/null
    done
    age-keygen -o "$WORLD/age.key" 2>"$WORLD/age.public"
    minisign -G -W -f -p "$WORLD/minisign.pub" -s "$WORLD/minisign.key" >/dev/null
}

bench_world
for name in us-envoy lebanon-speaker; do with_passphrase "$name" unlock --for 30m >/dev/null; done
# One message with a network, so that the desk keeps the sealing keys.
echo "warm" | party us-envoy send --to lebanon-speaker --subject "Warm" - >/dev/null 2>&1
stop_relay
foreign_keys >/dev/null 2>&1
head -c $((MEBIBYTES * 1048576)) /dev/urandom >"$WORLD/file"
python3 Tests/Scripts/seal_bench.py
