#!/bin/sh
# That the packages are good: built twice, in two places and under different settings, they are the
# same bytes; lintian finds no error; and as root, on a copy of this system that is thrown away,
# they install, leave a service that only waits for its configuration, and go again; and come over
# an older version that has data.
set -eu
build=$(dirname "$0")/build.sh
out=${B:-build}/deb
again=$(mktemp -d)
trap 'rm -rf "$again"' EXIT

"$build" "$out" >/dev/null
(umask 077 && TZ=Asia/Jakarta LC_ALL=C.UTF-8 "$build" "$again" >/dev/null)
for package in "$out"/*.deb; do
    cmp "$package" "$again/$(basename "$package")"
done
echo "the same bytes twice: $(cd "$out" && echo *.deb)"

lintian --fail-on error --allow-root "$out"/*.changes

[ "$(id -u)" -eq 0 ] || exit 0
# Where no mount is allowed, e.g. in a container, this part cannot be done.
unshare --mount true 2>/dev/null || exit 0
here=$(dirname "$0")
for test in "$here/install-test.sh" "$here/upgrade-test.sh"; do
    unshare --mount sh -eu "$here/layer.sh" "$out" "$test"
done
