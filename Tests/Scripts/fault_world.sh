#!/usr/bin/env bash
# A relay's world whose data directory lies on a small file system of its own, in a file: for scripts that fill it, break
# it and take it away. Sourced from the top folder. Needs root and the debug build; sets what relay_world.py reads.
if [ "$(id -u)" -ne 0 ]; then
    echo "a file system of its own is mounted for the relay, which root alone may" >&2
    exit 1
fi
Tests/Scripts/setup.sh e2fsprogs || exit 1
# shellcheck source=Tests/Scripts/scene.sh
source Tests/Scripts/scene.sh
own_world
DISK=$WORLD/disk
DATA=$DISK/relay
export DISK DATA PORT PYTHONDONTWRITEBYTECODE=1
clear_more() { umount -l "$DISK" 2>/dev/null; }

make_keys
make_charter
init_relay
# No block is kept for root: a full disk is full for everybody.
truncate -s "${DISK_SIZE:-64M}" "$WORLD/disk.img"
mkfs.ext4 -q -m 0 "$WORLD/disk.img" && mkdir "$DISK" && mount -o loop "$WORLD/disk.img" "$DISK" || exit 1
mv "$WORLD/relay" "$DATA"
mv "$WORLD/relay.head" "$DATA.head" 2>/dev/null
"$BIN/valise-relay" serve --data "$DATA" --keys "$KEYS/relay" --log-level warning >/dev/null 2>"$WORLD/first.log" &
RELAY_PID=$!
for _ in $(seq 200); do
    grep -q . "$DATA/lock" 2>/dev/null && (exec 3<>"/dev/tcp/127.0.0.1/$PORT") 2>/dev/null && break
    sleep 0.05
done
publish_keys || exit 1
stop_relay
for name in us-envoy lebanon-speaker hezbollah israel-strategic-affairs; do
    with_passphrase "$name" unlock --for 2h >/dev/null || exit 1
done
