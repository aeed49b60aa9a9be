#!/bin/sh
# Builds the Debian packages into the folder $1, from a copy of the tree that has this folder as its
# debian/. The same tree gives the same bytes wherever and whenever it is built.
set -eu
umask 022 # the modes of what is packed

out=$1
mkdir -p "$out"
out=$(cd "$out" && pwd)
version=$(dpkg-parsechangelog -l systemd/debian/changelog -S Version)
tree=$out/jejaring-$version
rm -rf "$tree"
mkdir "$tree"
tar -cf - --exclude=./build --exclude=./.git . | tar -xf - -C "$tree"
cp -R systemd/debian "$tree/debian"
cd "$tree"
DEB_BUILD_OPTIONS="noautodbgsym ${DEB_BUILD_OPTIONS:-}" dpkg-buildpackage -us -uc -b >"$out/log" 2>&1 || {
    tail -n 40 "$out/log" >&2
    exit 1
}
cd "$out"
rm -rf "$tree"
ls -1 ./*.deb
