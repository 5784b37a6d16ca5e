#!/usr/bin/env bash
# The Debian package of the relay: BIN=.build/release OUT=FOLDER Packaging/deb.sh writes OUT/valise-relay_VERSION_ARCH.deb.
# VERSION is by default the program's own with the Debian revision 1; COMPRESS is what dpkg-deb -Z takes (xz).
# The Swift runtime is carried in /usr/lib/valise-relay unless the program holds it (swift build --static-swift-stdlib).
# Needs dpkg-dev, binutils and chrpath.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
BIN=$(cd "${BIN:?the folder of the programs}" && pwd)
OUT=${OUT:-.build/deb}
VERSION=${VERSION:-$("$BIN/valise-relay" --version)-1}
COMPRESS=${COMPRESS:-xz}
"$here/../Tests/Scripts/setup.sh" dpkg-dev binutils chrpath
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
root=$stage/root private=/usr/lib/valise-relay
architecture=$(dpkg --print-architecture)

DESTDIR=$root PREFIX=/usr UNITDIR=/lib/systemd/system BIN=$BIN "$here/install.sh" valise-relay
# The program lies beside its libraries, which it finds through the link too ($ORIGIN).
mv "$root/usr/bin/valise-relay" "$root$private/valise-relay"
ln -s ../lib/valise-relay/valise-relay "$root/usr/bin/valise-relay"
strip --strip-unneeded "$root$private/valise-relay"

# Every library that no Debian package of this machine owns is carried.
carried=()
while read -r library; do
    dpkg-query --search "$(realpath "$library")" "$library" >/dev/null 2>&1 && continue
    [[ "$library" = /lib/* || "$library" = /lib64/* || "$library" = /usr/lib/x86_64-linux-gnu/* ]] && continue
    install -m 0644 "$library" "$root$private/"
    carried+=("$root$private/$(basename "$library")")
done < <(ldd "$BIN/valise-relay" | awk '$2 == "=>" && $3 ~ /^\// { print $3 }')
if [ ${#carried[@]} -gt 0 ]; then
    strip --strip-unneeded "${carried[@]}"
    chrpath --replace '$ORIGIN' "$root$private/valise-relay" >/dev/null
fi

install -D -m 0644 "$here/debian/default" "$root/etc/default/valise-relay"
documents=$root/usr/share/doc/valise-relay
install -D -m 0644 "$here/debian/copyright" "$documents/copyright"
printf 'valise-relay (%s) unstable; urgency=medium\n\n  * See https://valise.invalid/CHANGELOG.md.\n\n -- %s  %s\n' \
    "$VERSION" "$(sed -n 's/^Maintainer: //p' "$here/debian/control.in")" "$(date -R -u -d @"${SOURCE_DATE_EPOCH:-$(date +%s)}")" |
    gzip -9n >"$documents/changelog.Debian.gz"
gzip -9n -c "$here/../CHANGELOG.md" >"$documents/changelog.gz"
gzip -9n "$root/usr/share/man/man1/valise-relay.1"
install -D -m 0644 "$here/debian/lintian-overrides" "$root/usr/share/lintian/overrides/valise-relay"

mkdir -p "$stage/debian" "$root/DEBIAN"
echo "Source: valise" >"$stage/debian/control"
depends=$(cd "$stage" && dpkg-shlibdeps -O --ignore-missing-info -l"$root$private" "$root$private/valise-relay" \
    "${carried[@]}" 2>/dev/null | sed -n 's/^shlibs:Depends=//p')
[ -n "$depends" ] || { echo "deb: no dependencies were found" >&2; exit 1; }
sed -e "s|@version@|$VERSION|" -e "s|@architecture@|$architecture|" -e "s|@depends@|$depends|" \
    -e "s|@size@|$(du -sk --exclude=DEBIAN "$root" | cut -f1)|" "$here/debian/control.in" >"$root/DEBIAN/control"
install -m 0755 "$here/debian/postinst" "$here/debian/prerm" "$here/debian/postrm" "$root/DEBIAN/"
echo /etc/default/valise-relay >"$root/DEBIAN/conffiles"
(cd "$root" && find . -type f ! -path './DEBIAN/*' -printf '%P\0' | sort -z | xargs -0 md5sum) >"$root/DEBIAN/md5sums"
find "$root" -type d -exec chmod 0755 {} +
mkdir -p "$OUT"
package=$OUT/valise-relay_${VERSION}_$architecture.deb
dpkg-deb --root-owner-group -Z"$COMPRESS" --build "$root" "$package" >/dev/null
echo "$package"
