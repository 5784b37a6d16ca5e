#!/usr/bin/env bash
# Times every command that a person waits for, against a local relay, keys unlocked, with 10,000 messages in the desk's
# archive; then sends and receives a large attachment and prints the peak memory of both ends and of the relay.
# BIN is the folder of the programs; by default the release build. MESSAGES and MEBIBYTES make it smaller.
set -euo pipefail
cd "$(dirname "$0")/../.."
BIN=${BIN:-$(swift build -c release --show-bin-path)}
MESSAGES=${MESSAGES:-10000}
MEBIBYTES=${MEBIBYTES:-100}
CHANNEL_SIZE=256MiB
export MESSAGES MEBIBYTES
# shellcheck source=Tests/Scripts/scene.sh
source Tests/Scripts/scene.sh
bench_world
"$BIN/valise-bench" archive --home "$WORLD/parties/lebanon-speaker" --passphrase-file "$WORLD/passphrase" \
    --count "$MESSAGES"
for name in us-envoy lebanon-speaker hezbollah; do with_passphrase "$name" unlock --for 30m >/dev/null; done
for number in $(seq 20); do
    echo "message $number" | party us-envoy send --to lebanon-speaker --subject "Number $number" - >/dev/null 2>&1
done
RELAY_PID=$RELAY_PID python3 Tests/Scripts/desk_bench.py
