#!/usr/bin/env bash
# The documentation of the library Ledger, by the toolchain's own docc from the debug build's modules; what it warns of is
# an error. docc.sh [FOLDER] keeps the archive. That the examples compile is a test of the room.
set -euo pipefail
cd "$(dirname "$0")/../.."
MODULES=$(swift build --show-bin-path)/Modules
PLACE=$(mktemp -d)
trap 'rm -rf "$PLACE"' EXIT
TOOLS=$(dirname "$(readlink -f "$(command -v swift)")")
mkdir "$PLACE/symbols"
swift symbolgraph-extract -module-name Ledger -I "$MODULES" -target "$(uname -m)-unknown-linux-gnu" \
    -minimum-access-level public -output-dir "$PLACE/symbols"
"$TOOLS/docc" convert Sources/Ledger/Ledger.docc --additional-symbol-graph-dir "$PLACE/symbols" \
    --fallback-bundle-identifier valise.Ledger --warnings-as-errors --disable-parameters-and-returns-validation \
    --output-path "${1:-$PLACE/Ledger.doccarchive}"
echo "docc: $(find "${1:-$PLACE/Ledger.doccarchive}/data/documentation" -name '*.json' | wc -l) pages"
