#!/bin/sh
# The main job on the sample agencies' files, for `make demo`: a daemon with its plugins, a private
# PostgreSQL, the files dropped into the inboxes, and the absorption report. Leaves nothing running
# and writes to the build folder only.
set -eu

B=${B:-build}
case $B in /*) ;; *) B=$PWD/$B ;; esac
here=$(dirname "$0")

# First call: come back with a PostgreSQL of our own (or the one that PGHOST names).
if [ -z "${JEJARING_DEMO:-}" ]; then
    export JEJARING_DEMO=1 B
    exec /usr/bin/python3 tests/system/pg.py run -- "$0" "$@"
fi

demo=$B/demo
ctl() {
    "$B/jejaringctl" -c "$demo/jejaringd.yaml" "$@"
}
say() {
    printf '\n== %s\n' "$*"
}

rm -rf "$demo"
mkdir -p "$demo"
sed -e "s|\.\./\.\./schemas|$PWD/schemas|" -e "s|\.\./plugins|$B/plugins|" \
    "$here/jejaringd.yaml" > "$demo/jejaringd.yaml"
# The path of a socket has room for 107 bytes only.
short=
if [ ${#demo} -gt 80 ]; then
    short=$(mktemp -d)
    sed -i "s|^run:.*|run: $short|" "$demo/jejaringd.yaml"
fi

say 'Starting the daemon: one hub, and a process for each plugin'
"$B/jejaringd" -c "$demo/jejaringd.yaml" 2> "$demo/log" &
daemon=$!
finish() {
    kill "$daemon" 2>/dev/null || true
    wait "$daemon" 2>/dev/null || true
    [ -z "$short" ] || rm -rf "$short"
}
trap finish EXIT
trap 'exit 130' INT TERM

# Waits for a condition, at most so many tenths of a second; a demo that hangs says why.
await() {
    what=$1 tenths=$2
    shift 2
    until "$@" >/dev/null 2>&1; do
        tenths=$((tenths - 1))
        if [ $tenths -le 0 ] || ! kill -0 "$daemon" 2>/dev/null; then
            echo "waited in vain for: $what; the daemon's log:" >&2
            tail -n 30 "$demo/log" >&2
            exit 1
        fi
        sleep 0.1
    done
}
await 'the hub' 150 ctl status

say "Dropping the agencies' files into the inboxes"
files=0
for file in "$here"/inbox/*/*/*.csv; do
    folder=$demo/inbox/${file#"$here"/inbox/}
    mkdir -p "$(dirname "$folder")"
    cp "$file" "$(dirname "$folder")/.$(basename "$file")"
    mv "$(dirname "$folder")/.$(basename "$file")" "$folder"
    files=$((files + 1))
done
echo "$files CSV files, as offices really write them"

all_taken() {
    [ -z "$(find "$demo/inbox" -mindepth 3 -maxdepth 3 -name '*.csv')" ]
}
all_delivered() {
    ctl balance --json | /usr/bin/python3 -c '
import json, sys
balance = json.load(sys.stdin)
consumers = {c["name"]: c["pending"] for c in balance["consumers"]}
sys.exit(0 if len(consumers) >= 2 and not any(consumers.values()) and balance["adds_up"] else 1)'
}
await 'the files to be read' 600 all_taken
await 'the warehouse to have everything' 600 all_delivered

say 'The balance: nothing lost, nothing counted twice'
ctl balance

say 'Rows that were refused, ready to be corrected and dropped in again'
echo "in $demo:"
find "$demo/inbox" -path '*/rejected/*' -name '*.csv' | while read -r file; do
    echo "${file#"$demo"/}: $(($(tail -n +2 "$file" | grep -c .))) refused"
done

say 'What the industry plugin proposed'
ctl fetch --type placement.proposed --count 100000 --json 2>/dev/null | wc -l |
    sed 's/$/ placements proposed to graduates who consented/'

say 'Absorption (serapan) of the graduates, by region and year'
ctl report absorption --by region,year
