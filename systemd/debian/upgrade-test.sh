#!/bin/sh
# Run by layer.sh: the package comes over an older one that has data. What that left in journal and
# database was written by the program of its time (/older, see its README); the older package itself
# is this one with a lower number.
set -eu
say() { echo "package: $*"; }
fail() {
    echo "package: $*" >&2
    exit 1
}
wait_for() {
    tries=0
    until eval "$1" >/dev/null 2>&1; do
        tries=$((tries + 1))
        [ "$tries" -lt 600 ] || { cat /tmp/log >&2; fail "waited in vain for: $1"; }
        sleep 0.1
    done
}
own() { runuser -u jejaring -- "$@"; }
sql() { own psql -h /tmp/db -d jejaring -qAtX -v ON_ERROR_STOP=1 -c "$1"; }
start() {
    runuser -u jejaring -- jejaringd -c /etc/jejaring/jejaringd.yaml 2>/tmp/log &
    daemon=$!
    wait_for 'jejaringctl balance | grep "^warehouse/main: .* 0 pending: adds up"'
}
stop() {
    pkill -P "$daemon"
    wait "$daemon" || { cat /tmp/log >&2; fail "the service does not stop"; }
}
journal() { # journal SQL
    /usr/bin/python3 -c 'import sqlite3, sys
db = sqlite3.connect("/var/lib/jejaring/journal.db")
print(*(db.execute(sys.argv[1]).fetchone() or ()))' "$1"
}

# systemctl writes down what it is asked; whatever keeps services of this machine from starting does not count.
mkdir -p /run/systemd/system /tmp/bin
rm -f /usr/sbin/policy-rc.d
printf '#!/bin/sh\necho "$*" >>/tmp/systemctl\n' >/tmp/bin/systemctl
chmod +x /tmp/bin/systemctl
PATH=/tmp/bin:$PATH

# The older package, its configuration, its journal and its database.
dpkg-deb -R /packages/jejaring_*.deb /tmp/package
sed -i 's/^Version: .*/Version: 0.0.1/' /tmp/package/DEBIAN/control
dpkg-deb -Znone -b /tmp/package /tmp/older.deb >/dev/null
dpkg --force-depends -i /tmp/older.deb >/tmp/dpkg.log 2>&1 || { cat /tmp/dpkg.log >&2; exit 1; }
! grep -qs start /tmp/systemctl || fail "a nameless node is started"
sed -i -e 's/^node:.*/node: uji/' -e 's/^region:.*/region: "33.75"/' /etc/jejaring/jejaringd.yaml
echo '    options: {conninfo: "host=/tmp/db dbname=jejaring"}' >/tmp/options
sed -i '/^  warehouse:/,$ { /^    regions:/r /tmp/options
}' /etc/jejaring/jejaringd.yaml
install -d -o jejaring -m 750 /run/jejaring
install -d -o jejaring -m 700 /var/lib/jejaring
tar -xzf /older/state.tar.gz --no-same-owner -C /var/lib/jejaring
chown -R jejaring:jejaring /var/lib/jejaring
install -d -o postgres /tmp/db /tmp/data
server=$(ls -d /usr/lib/postgresql/*/bin | tail -n 1)
cd /tmp
runuser -u postgres -- "$server/initdb" -D /tmp/data -A trust -N -E UTF8 --no-locale >/dev/null
trap 'runuser -u postgres -- "$server/pg_ctl" -D /tmp/data -m immediate stop >/dev/null' EXIT
runuser -u postgres -- "$server/pg_ctl" -D /tmp/data -w -l /tmp/db/log -o "-k /tmp/db -h '' -F" start >/dev/null
runuser -u postgres -- createuser -h /tmp/db jejaring
runuser -u postgres -- createdb -h /tmp/db -O jejaring jejaring
gunzip -c /older/warehouse.sql.gz | own psql -h /tmp/db -d jejaring -qX -v ON_ERROR_STOP=1 -f - >/dev/null
held='SELECT count(*), count(DISTINCT event_key), md5(string_agg(event_key::text, chr(10) ORDER BY event_key)) FROM jejaring.event'
done='SELECT string_agg(number || name || applied_at, chr(10) ORDER BY number, name) FROM jejaring.migration'
sql "$held" >/tmp/held
[ "$(journal 'PRAGMA user_version')" = 1 ] || fail "the older journal is of another version"

# The upgrade: nobody is asked, what the administrator wrote stays, a running service is started again.
dpkg --force-depends -i /packages/jejaring_*.deb </dev/null >/tmp/dpkg.log 2>&1 ||
    { cat /tmp/dpkg.log >&2; exit 1; }
grep -q '^node: uji' /etc/jejaring/jejaringd.yaml || fail "the upgrade replaces the configuration"
grep -q 'restart jejaringd.service' /tmp/systemctl || fail "a running service is not started again"
start
stop
[ "$(journal 'PRAGMA user_version')" -gt 1 ] || fail "the journal is as old as before"
[ "$(journal 'SELECT count(*), max(cursor) FROM event')" = '250 250' ] || fail "the journal's events"
[ "$(journal "SELECT cursor, delivered FROM consumer WHERE name = 'local/reader'")" = '20 20' ] || fail "a reader's cursor"
sql "$held" | cmp - /tmp/held || fail "the warehouse's events are others"
sql "$done" >/tmp/done
[ "$(wc -l </tmp/done)" -gt 5 ] || fail "no migration was applied"
start
sql "$done" | cmp - /tmp/done || fail "a migration is applied twice"
own jejaringctl warehouse verify >/tmp/verify || { cat /tmp/verify >&2; fail "the projections differ"; }
own jejaringctl report absorption --as-of 2026-11-22 | grep '^[0-9]' | cmp - /older/absorption.txt || fail "another report"
jejaringctl balance | grep -q '^hub: 251 received = 250 accepted + 0 duplicate + 1 rejected: adds up' || fail "the balance"
say "over an older version with data: brought up to date once, nothing lost or doubled, the same report"

# Newer than the program: refused in clear, and left alone.
sql "INSERT INTO jejaring.migration (number, name, checksum) VALUES (999, '999_later.sql', '')"
! own jejaringctl warehouse migrate 2>/tmp/newer || fail "a newer database is migrated"
grep -q 'migrated by a newer Jejaring' /tmp/newer || fail "what is said of a newer database"
stop
journal 'PRAGMA user_version = 999' >/dev/null
code=0
own jejaringd --check -c /etc/jejaring/jejaringd.yaml >/tmp/newer 2>&1 || code=$?
[ "$code" -eq 78 ] && grep -q 'is of version 999' /tmp/newer || { cat /tmp/newer >&2; fail "a newer journal"; }
[ "$(journal 'PRAGMA user_version')" = 999 ] || fail "a newer journal is changed"
say "a newer journal and a newer database are refused"

: >/tmp/systemctl
dpkg -r jejaring >/tmp/dpkg.log 2>&1
grep -q 'stop jejaringd.service' /tmp/systemctl || fail "removal leaves the service running"
say "removal stops the service"
