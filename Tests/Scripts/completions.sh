#!/usr/bin/env bash
# Completions for bash, zsh and fish from the declarations of the commands: completions.sh BIN FOLDER [PROGRAM...].
set -euo pipefail
bin=$1 folder=$2
shift 2
[ $# -gt 0 ] || set -- valise valise-relay valise-audit
mkdir -p "$folder/bash" "$folder/zsh" "$folder/fish"
for program in "$@"; do
    "$bin/$program" --generate-completion-script bash >"$folder/bash/$program" </dev/null
    "$bin/$program" --generate-completion-script zsh >"$folder/zsh/_$program" </dev/null
    "$bin/$program" --generate-completion-script fish >"$folder/fish/$program.fish" </dev/null
done
echo "completions: bash, zsh and fish in $folder"
