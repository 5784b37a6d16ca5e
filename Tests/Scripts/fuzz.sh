#!/usr/bin/env bash
# Fuzzes every parser for FUZZ_SECONDS (10) each, two at a time; arguments name targets. What breaks one is kept in
# .build-fuzz/artifacts, and VALISE_FUZZ_TARGET=TARGET valise-fuzz FILE repeats it.
set -euo pipefail
cd "$(dirname "$0")/../.."
export VALISE_CORE=1 VALISE_FUZZ=1 SWIFT_BACKTRACE=enable=no
export ASAN_OPTIONS=detect_leaks=0
SECONDS_EACH=${FUZZ_SECONDS:-10}
BUILD=(-c release --sanitize=address --scratch-path .build-fuzz)

swift build "${BUILD[@]}" --product valise-fuzz | tail -1
FUZZ=$(swift build "${BUILD[@]}" --show-bin-path)/valise-fuzz
mkdir -p .build-fuzz/artifacts .build-fuzz/logs
"$FUZZ" seeds Tests/Vectors .build-fuzz/corpora >/dev/null
TARGETS=("$@")
[ $# -gt 0 ] || mapfile -t TARGETS < <("$FUZZ" targets)

one() {
    local target=$1 log=.build-fuzz/logs/$1.log
    if VALISE_FUZZ_TARGET=$target "$FUZZ" -max_total_time="$SECONDS_EACH" -max_len=131072 -timeout=20 \
        -rss_limit_mb=2048 -print_final_stats=1 -artifact_prefix=".build-fuzz/artifacts/$target-" \
        ".build-fuzz/corpora/$target" >"$log" 2>&1; then
        echo "  $target: $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") runs"
    else
        echo "  $target: FAILED, see $log"
        grep -aE 'Fatal error|ERROR: |SUMMARY|Test unit written' "$log" | head -5
        return 1
    fi
}
export -f one
export FUZZ SECONDS_EACH
printf '%s\n' "${TARGETS[@]}" | xargs -P 2 -I TARGET bash -c 'one TARGET'
echo "fuzz: ${#TARGETS[@]} targets, $SECONDS_EACH s each, nothing found"
