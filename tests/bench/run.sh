#!/bin/sh
# `make bench`: measures the programs of the build folder $B and writes $B/bench.json.
# run.sh [--quick] [--events N] [--rounds N] [--seed N] [--only PARTS]
cd "$(dirname "$0")/../.." || exit 1
B=${B:-build}
case $B in /*) ;; *) B=$PWD/$B ;; esac
export B
exec /usr/bin/python3 tests/bench/bench.py "$@"
