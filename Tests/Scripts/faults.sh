#!/usr/bin/env bash
# Faults of the machine under a real relay with real senders: a full disk, one that fails and can only be read, no more
# file descriptors, a clock that steps, a process that stands still, flipped bits. After each: nothing acknowledged is
# lost, nothing is doubled, the auditor is content, and the cause was named. SEED repeats what is drawn; ONLY names
# rounds. Needs root, for a file system in a file, and the debug build. Last line: N passed, N failed.
set -uo pipefail
cd "$(dirname "$0")/../.."
Tests/Scripts/setup.sh faketime || exit 1
# shellcheck source=Tests/Scripts/fault_world.sh
source Tests/Scripts/fault_world.sh
python3 Tests/Scripts/fault_rounds.py ${SEED:+--seed "$SEED"} ${ONLY:+--only "$ONLY"}
