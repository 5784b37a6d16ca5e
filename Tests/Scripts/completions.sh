#!/usr/bin/env bash
# Completions for bash, zsh and fish from the declarations of the commands: completions.sh BIN FOLDER.
set -euo pipefail
bin=$1 folder=$2
mkdir -p "$folder/bash" "$folder/zsh" "$folder/fish"
for program in valise valise-relay valise-audit; do
    "$bin/$program" --generate-completion-script bash >"$folder/bash/$program" </dev/null
    "$bin/$program" --generate-completion-script zsh >"$folder/zsh/_$program" </dev/null
    "$bin/$program" --generate-completion-script fish >"$folder/fish/$program.fish" </dev/null
done
echo "completions: bash, zsh and fish in $folder"
