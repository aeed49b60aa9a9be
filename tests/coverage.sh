#!/bin/sh
# Branches of each room and plugin that the last run of the tests in $B took, and of all.
set -eu
rooms=$1
B=$(cd "$B" && pwd)
gcovr --root . --object-directory "$B/obj" --filter 'core/' --filter 'plugins/' --json \
    --exclude-throw-branches --gcov-ignore-parse-errors --output "$B/coverage.json" "$B/obj" 2>"$B/coverage.log"
/usr/bin/python3 - "$B/coverage.json" "$rooms" <<'PY'
import json
import sys

with open(sys.argv[1], encoding="utf-8") as file:
    files = json.load(file)["files"]
order = [f"core/{room}" for room in sys.argv[2].split()]
sums = {}
for one in files:
    place = "/".join(one["file"].split("/")[:2])
    for line in one["lines"]:
        if line.get("gcovr/noncode"):
            continue
        for key in (place, "all"):
            lines, hit, branches, taken = sums.get(key, (0, 0, 0, 0))
            told = line["branches"]
            sums[key] = (lines + 1, hit + (line["count"] > 0), branches + len(told),
                         taken + sum(branch["count"] > 0 for branch in told))
rank = {place: at for at, place in enumerate(order)}
print(f"{'':24}{'lines':>8}{'branches':>10}")
for place in sorted(sums, key=lambda at: (at == "all", rank.get(at, len(rank)), at)):
    lines, hit, branches, taken = sums[place]
    print(f"{place:24}{hit / lines:8.1%}{taken / max(branches, 1):10.1%}")
PY
