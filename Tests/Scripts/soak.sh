#!/usr/bin/env bash
# A relay under mixed load for SECONDS_LONG (120): sends of several sizes, conveyances, reads, a watch and a follower,
# with kills, restarts, full disks and cut connections in the first half, and without restarts in the second, over which
# its memory is measured. Nothing acknowledged may be lost or doubled. SEED repeats what is drawn. Needs root, for a file
# system in a file, and the debug build. Last line: what was seen.
set -uo pipefail
cd "$(dirname "$0")/../.."
# What is sent in ten minutes fits; the file has holes until then.
export DISK_SIZE=4G
# shellcheck source=Tests/Scripts/fault_world.sh
source Tests/Scripts/fault_world.sh
python3 Tests/Scripts/soak_rounds.py --seconds "${SECONDS_LONG:-120}" ${SEED:+--seed "$SEED"}
