#!/bin/sh
# Runs every fuzz target of $B/fuzz for $SECONDS_EACH seconds (60) and adds them up. A crash leaves
# its input in $B/fuzz and fails. With $RUNS_EACH it is so many inputs, and the same ones each time.
set -u
B=${B:-build}
effort="-max_total_time=${SECONDS_EACH:-60} -timeout=10"
[ -z "${RUNS_EACH:-}" ] || effort="-runs=$RUNS_EACH -seed=1 -timeout=120"
passed=0 failed=0
for target in "$B"/fuzz/fuzz_*; do
    [ -x "$target" ] && [ -f "$target" ] || continue
    name=$(basename "$target")
    corpus=$B/fuzz/corpus-${name#fuzz_}
    [ -z "${RUNS_EACH:-}" ] || rm -rf "$corpus"
    mkdir -p "$corpus"
    case $name in
    fuzz_schema) /usr/bin/python3 tests/fuzz/corpus_schema.py "$corpus" >/dev/null ;;
    fuzz_envelope) for f in tests/data/events/*.json; do [ ! -e "$f" ] || cp "$f" "$corpus"; done ;;
    fuzz_config) cp config/jejaringd.yaml tests/data/config/good/*.yaml "$corpus" ;;
    fuzz_csv) cp config/demo/inbox/*/*/*.csv "$corpus" 2>/dev/null ;;
    fuzz_xlsx) find tests/data/tables -name '*.xlsx' -exec cp {} "$corpus" \; ;;
    esac
    # shellcheck disable=SC2086 # options
    if "$target" $effort -rss_limit_mb=2048 -print_final_stats=1 \
        -artifact_prefix="$B/fuzz/" "$corpus" >"$B/fuzz/$name.log" 2>&1; then
        passed=$((passed + 1))
        echo "  $name: $(sed -n 's/^stat::number_of_executed_units: *//p' "$B/fuzz/$name.log") runs, nothing found"
    else
        failed=$((failed + 1))
        echo "  $name: FAILED"
        tail -n 30 "$B/fuzz/$name.log"
    fi
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
