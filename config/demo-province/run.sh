#!/bin/sh
# A province and three regencies on one machine, for `make demo-province`: the regencies report,
# one loses its line, comes back and catches up; at the end stands the province's report. Leaves
# nothing running and writes to the build folder only.
set -eu

here=$(dirname "$0")
# shellcheck source=config/demo/shared.sh
. "$here/../demo/shared.sh"

demo=$B/demo-province
people=${PEOPLE:-300} # in each regency
seed=0
regencies='pekalongan:33.75 kab-pekalongan:33.26 batang:33.25'
rm -rf "$demo"
mkdir -p "$demo"
sockets=$(mktemp -d)

ctl() {
    node=$1
    shift
    "$B/jejaringctl" -c "$demo/$node/jejaringd.yaml" "$@"
}
fill_in() { # FILE NODE REGION
    mkdir -p "$demo/$2"
    sed -e "s|@RUN@|$sockets|" -e "s|@SCHEMAS@|$PWD/schemas|" -e "s|@PLUGINS@|$B/plugins|" \
        -e "s|@NODE@|$2|" -e "s|@REGION@|$3|" -e "s|@PORT@|$port|" "$here/$1" \
        > "$demo/$2/jejaringd.yaml"
}
start() {
    "$B/jejaringd" -c "$demo/$1/jejaringd.yaml" 2> "$demo/$1/log" &
    running="$running $!"
    await "$1" 150 ctl "$1" status
}

say 'The province: a hub at which its regencies report, and the warehouse'
port=$(/usr/bin/python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
"$B/jejaringctl" keys new "$demo/person.key" > /dev/null 2>&1
fill_in province.yaml jateng 33
ctl jateng keys curve "$demo/jateng/server.key" > /dev/null 2>&1
for regency in $regencies; do
    ctl jateng agency add "${regency%:*}" --name "Simpul ${regency%:*}" --node "${regency%:*}" \
        --region "${regency#*:}" --sees 33 --audience public --publish '*' --host 127.0.0.1 \
        --bundle "$demo/bundle-${regency%:*}" > /dev/null 2>&1
done
start jateng
echo 'node jateng is ready; nobody has reported yet:'
ctl jateng node list

say 'Three regencies, without PostgreSQL: each a hub, a plugin for its training centre and an uplink'
for regency in $regencies; do
    node=${regency%:*}
    fill_in regency.yaml "$node" "${regency#*:}"
    /usr/bin/python3 "$here/line.py" "$port" "$demo/$node/line" &
    running="$running $!"
    eval "line_$(echo "$node" | tr - _)=$!"
    await 'the line' 50 test -s "$demo/$node/line"
    cp -R "$demo/bundle-$node" "$demo/$node/connection"
    sed -i "s|tcp://127.0.0.1:$port|tcp://127.0.0.1:$(cat "$demo/$node/line")|" \
        "$demo/$node/connection/connection.json"
    start "$node"
    seed=$((seed + 1))
    ctl "$node" sim --people "$people" --seed $seed --regions "${regency#*:}" 2>&1 | sed "s/^/$node: /"
done

waiting() {
    ctl "$1" balance --json | /usr/bin/python3 -c '
import json, sys
print(sum(c["pending"] for c in json.load(sys.stdin)["consumers"] if c["name"] == "uplink/main"))'
}
done_with() {
    [ "$(waiting "$1")" -eq 0 ]
}
for regency in $regencies; do
    await "${regency%:*} to report" 600 done_with "${regency%:*}"
done
say 'What the province knows of them'
ctl jateng node list

say 'Batang loses its line, and goes on taking events in; the others report'
kill -USR1 "$line_batang"
for regency in $regencies; do
    seed=$((seed + 1))
    ctl "${regency%:*}" sim --people "$people" --seed $seed --regions "${regency#*:}" > /dev/null 2>&1
done
silent() {
    ctl batang status | grep -q 'does not answer'
}
await 'the two others' 600 done_with pekalongan
await 'the two others' 600 done_with kab-pekalongan
await 'batang to notice' 300 silent
echo "waiting in Batang's journal: $(waiting batang) events; its status says:"
ctl batang status | grep 'does not answer'
ctl jateng node list

say 'The line is there again: Batang catches up'
kill -USR2 "$line_batang"
tries=0
while left=$(waiting batang) && [ "$left" -gt 0 ] && [ $tries -lt 300 ]; do
    echo "batang: $left events to go"
    tries=$((tries + 1))
    sleep 0.2
done
await 'batang to catch up' 100 done_with batang
echo 'batang: 0 events to go'
ctl jateng node list

delivered() {
    ctl jateng balance --json | /usr/bin/python3 -c '
import json, sys
balance = json.load(sys.stdin)
here = [c for c in balance["consumers"] if c["name"] == "warehouse/main"]
sys.exit(0 if here and not here[0]["pending"] and balance["adds_up"] else 1)'
}
await 'the warehouse to have everything' 600 delivered
say 'The balance of the province: nothing lost, nothing counted twice'
ctl jateng balance

if "$B/jejaringctl" help report completeness > /dev/null 2>&1; then
    say 'Who has reported (siapa belum lapor)'
    ctl jateng report completeness
fi
say 'Absorption (serapan) in the province, by region and year'
ctl jateng report absorption --by region,year
say 'The whole province, and of how many of its regencies the figures are'
ctl jateng report absorption --by province,year
