#!/bin/sh
# Installs the Debian packages named as arguments, as far as they are missing. Needs root or sudo
# only if something is. Installing a PostgreSQL server must not make or start a cluster of the
# system's: every run of ours brings up a private one.
set -eu

missing=
for package in "$@"; do
    case $(dpkg-query -W -f '${Status}' "$package" 2>/dev/null || true) in
    *' installed') ;;
    *) missing="$missing $package" ;;
    esac
done
[ -n "$missing" ] || exit 0

as_root=
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || {
        echo "missing packages:$missing" >&2
        echo "install them as root (apt-get install$missing), or install sudo" >&2
        exit 1
    }
    as_root=sudo
fi
apt() {
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o Dpkg::Use-Pty=0 "$@"
}

echo "installing:$missing" >&2
apt update >&2
settings=/etc/postgresql-common/createcluster.conf
case $missing in
*postgresql-*)
    apt install -y --no-install-recommends postgresql-common >&2
    if ! grep -q '^create_main_cluster' $settings; then
        echo 'create_main_cluster = false' | $as_root tee -a $settings >/dev/null
        trap '$as_root sed -i "/^create_main_cluster = false$/d" $settings' EXIT
    fi
    ;;
esac
# shellcheck disable=SC2086 # a list of words
apt install -y --no-install-recommends $missing >&2
