#!/bin/sh
# Run by layer.sh: the packages come and go.
set -eu
say() { echo "package: $*"; }
fail() { echo "package: $*" >&2; exit 1; }

dpkg --force-depends -i /packages/*.deb >/tmp/dpkg.log 2>&1 || { cat /tmp/dpkg.log >&2; exit 1; }
grep -q '^jejaring:' /etc/passwd || fail "no user jejaring"
id -nG jejaring | grep -qw jejaring-blk || fail "the user is not in the offices' groups"
[ "$(stat -c '%a %U %G' /var/spool/jejaring/blk)" = '2770 jejaring jejaring-blk' ] || fail "drop folder"

# The two steps: name the node and its region; start it.
code=0
jejaringd --check -c /etc/jejaring/jejaringd.yaml >/tmp/check.log 2>&1 || code=$?
[ "$code" -eq 78 ] && grep -q '"node" is missing' /tmp/check.log || fail "a nameless node starts"
sed -i -e 's/^node:.*/node: uji/' -e 's/^region:.*/region: "33.75"/' /etc/jejaring/jejaringd.yaml
install -d -o jejaring -m 700 /var/lib/jejaring
install -d -o jejaring -m 750 /run/jejaring
runuser -u jejaring -- jejaringd -c /etc/jejaring/jejaringd.yaml 2>/tmp/log &
daemon=$!
tries=0
until jejaringctl status >/tmp/status 2>&1; do
    tries=$((tries + 1))
    [ "$tries" -lt 100 ] || { cat /tmp/log /tmp/status >&2; fail "the service does not start"; }
    sleep 0.1
done
pkill -P "$daemon" # not by its user: the process numbers are those of the whole machine
wait "$daemon" || { cat /tmp/log >&2; fail "the service does not stop"; }
say "installs, starts after two steps, stops"

dpkg -r jejaring libjejaring-dev libjejaring0 >/tmp/dpkg.log 2>&1
[ -f /var/lib/jejaring/journal.db ] && [ -f /etc/jejaring/jejaringd.yaml ] || fail "removal took data"
dpkg -P jejaring >/tmp/dpkg.log 2>&1
for path in /var/lib/jejaring /etc/jejaring /var/spool/jejaring /usr/share/jejaring; do
    [ ! -e "$path" ] || fail "purging leaves $path"
done
say "removal leaves the data, purging takes it"
