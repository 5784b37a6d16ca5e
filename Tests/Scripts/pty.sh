#!/usr/bin/env bash
# Scripted sessions at a real terminal, over the debug build. Last line: N passed, N failed.
set -euo pipefail
cd "$(dirname "$0")/../.."
BIN=${BIN:-$(swift build --show-bin-path)}
exec timeout --kill-after=10 600 python3 Tests/Scripts/pty_sessions.py "$BIN"
