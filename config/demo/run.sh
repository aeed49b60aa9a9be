#!/bin/sh
# The main job on the sample agencies' files, for `make demo`: a daemon with its plugins, a private
# PostgreSQL, the files dropped into the inboxes, what the plugins make of them, and the absorption
# report. Leaves nothing running and writes to the build folder only.
set -eu

here=$(dirname "$0")
# shellcheck source=config/demo/shared.sh
. "$here/shared.sh"

demo=$B/demo
ctl() {
    "$B/jejaringctl" -c "$demo/jejaringd.yaml" "$@"
}

rm -rf "$demo"
mkdir -p "$demo"
run=$demo/run
if [ ${#demo} -gt 80 ]; then
    sockets=$(mktemp -d)
    run=$sockets
fi
sed -e "s|\.\./\.\./schemas|$PWD/schemas|" -e "s|\.\./plugins|$B/plugins|" \
    -e "s|^run:.*|run: $run|" -e "s|ipc://run/|ipc://$run/|" \
    "$here/jejaringd.yaml" > "$demo/jejaringd.yaml"
cp -R "$here/agencies.d" "$demo/agencies.d"

say 'Starting the daemon: one hub, and a process for each plugin'
"$B/jejaringd" -c "$demo/jejaringd.yaml" 2> "$demo/log" &
running=$!
await 'the hub' 150 ctl status

# Drops the files of some inboxes, as an office would, and waits until all is done about them.
drop() {
    for file in $(cd "$here/inbox" && find "$@" -name '*.csv' | sort); do
        folder=$demo/inbox/$(dirname "$file")
        mkdir -p "$folder"
        cp "$here/inbox/$file" "$folder/.$(basename "$file")"
        mv "$folder/.$(basename "$file")" "$folder/$(basename "$file")"
        files=$((files + 1))
    done
    await 'the files to be read' 600 all_taken
    await 'everybody to have everything' 600 all_delivered
}
all_taken() {
    [ -z "$(find "$demo/inbox" -mindepth 3 -maxdepth 3 -name '*.csv')" ]
}
all_delivered() {
    ctl balance --json | /usr/bin/python3 -c '
import json, sys
balance = json.load(sys.stdin)
consumers = {c["name"]: c["pending"] for c in balance["consumers"]}
sys.exit(0 if len(consumers) >= 6 and not any(consumers.values()) and balance["adds_up"] else 1)'
}
# What the plugins made of it: the events of some types, told in a few lines.
tell() {
    what=$1
    shift
    ctl fetch --json --count 100000 "$@" 2>/dev/null | /usr/bin/python3 "$here/told.py" "$what"
}

say "The training centres and companies drop their files into the inboxes"
files=0
drop blk/alumni.graduated blk/alumni.certified blk/outcome.reported industry/placement.started \
    industry/placement.ended
echo "$files CSV files, as offices really write them"

say 'Vacancies, matched with graduates who let industry know'
drop industry/vacancy.opened
tell proposals --type vacancy.opened,vacancy.closed,placement.proposed

say 'The batches are closed: the three best certified of each are selected for incubation'
drop blk/batch.closed cooperative
tell incubation --type batch.closed,incubation.selected

say 'Offices place orders: offered in rotation to alumni who have a business of that skill'
tell orders --type business.registered,order.placed,order.offered

say 'Bakers and others who need capital are referred to the scheme that fits'
tell loans --type business.registered,loan.referred

say 'Graduates with a disability are referred to the ULD, and nobody else learns of it'
for agency in uld bank; do
    for type in referral.made loan.referred; do
        count=$(ctl --endpoint "ipc://$run/$agency.sock" fetch --type $type --json 2>/dev/null | wc -l)
        echo "$agency fetches $type: $count events"
    done
done

say 'The balance: nothing lost, nothing counted twice'
ctl balance

say 'Rows that were refused, ready to be corrected and dropped in again'
echo "in $demo:"
find "$demo/inbox" -path '*/rejected/*' -name '*.csv' | while read -r file; do
    echo "${file#"$demo"/}: $(($(tail -n +2 "$file" | grep -c .))) refused"
done

say 'From graduation to lasting work'
ctl report funnel

say 'Absorption (serapan) of the graduates, by region and year'
ctl report absorption --by region,year

say 'Three published figures, 76,0 %, 42,1 % and one of 40 to 50 %: why they differ'
ctl report absorption --by region,year --explain > "$demo/explained"
# What it says of all, and cohort by cohort that of the city.
awk '/^Tiga angka/ { told = 1 }
     /^  [0-9][0-9]\.[0-9][0-9] / { other = !/33\.75/ }
     /^[^ ]/ { other = 0 }
     told && !other' "$demo/explained"
