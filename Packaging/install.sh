#!/usr/bin/env bash
# Installs programs that were built, with their manual pages, completions and the relay's service:
#   BIN=.build/release PREFIX=/usr/local DESTDIR= Packaging/install.sh [PROGRAM...]
# UNITDIR is where systemd looks for units (PREFIX/lib/systemd/system).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
BIN=${BIN:?the folder of the programs} PREFIX=${PREFIX:-/usr/local} DESTDIR=${DESTDIR:-}
UNITDIR=${UNITDIR:-$PREFIX/lib/systemd/system}
programs=("$@")
[ $# -gt 0 ] || programs=(valise valise-relay valise-audit)
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT

python3 "$here/../Tests/Scripts/man.py" "$BIN" "$place/man" "${programs[@]}" >/dev/null
"$here/../Tests/Scripts/completions.sh" "$BIN" "$place/completions" "${programs[@]}" >/dev/null

# put MODE FILE TARGET: below DESTDIR, with the folders that are missing.
put() { install -D -m "$1" "$2" "$DESTDIR$3"; }

for program in "${programs[@]}"; do
    put 0755 "$BIN/$program" "$PREFIX/bin/$program"
    put 0644 "$place/man/$program.1" "$PREFIX/share/man/man1/$program.1"
    put 0644 "$place/completions/bash/$program" "$PREFIX/share/bash-completion/completions/$program"
    put 0644 "$place/completions/zsh/_$program" "$PREFIX/share/zsh/site-functions/_$program"
    put 0644 "$place/completions/fish/$program.fish" "$PREFIX/share/fish/vendor_completions.d/$program.fish"
done
case " ${programs[*]} " in *" valise-relay "*) ;; *) exit 0 ;; esac
libexec=$PREFIX/lib/valise-relay
sed -e "s|@bin@|$PREFIX/bin|g" -e "s|@libexec@|$libexec|g" "$here/systemd/valise-relay@.service" >"$place/unit"
put 0644 "$place/unit" "$UNITDIR/valise-relay@.service"
put 0755 "$here/systemd/leaf" "$libexec/leaf"
"$BIN/valise-relay" config keys --example >"$place/example"
put 0644 "$place/example" "$PREFIX/share/doc/valise-relay/examples/relay.yaml"
