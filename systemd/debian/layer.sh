#!/bin/sh
# Runs the script $2 as root in a copy of this system that is thrown away: a writable layer over it,
# with the packages of the folder $1 in /packages, and in /older what an older version left. Wants a
# mount namespace of its own.
set -eu
packages=$(cd "$1" && pwd)
older=$(cd "$(dirname "$0")/../../tests/data/older" && pwd)
layer=$(mktemp -d)
mount -t tmpfs none "$layer"
mkdir "$layer/upper" "$layer/work" "$layer/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$layer/upper,workdir=$layer/work" "$layer/root"
mount -t proc proc "$layer/root/proc"
mount --bind /dev "$layer/root/dev"
mount -t tmpfs -o mode=1777 none "$layer/root/tmp"
mkdir -p "$layer/root/packages" "$layer/root/older"
mount --bind "$packages" "$layer/root/packages"
mount --bind "$older" "$layer/root/older"
cp "$2" "$layer/root/script"
chroot "$layer/root" /bin/sh -eu /script
