#!/bin/sh
# Runs every unit test and every system test of the build folder $B and adds them up; the last line
# is `N passed, N failed`. `tests/run.sh unit` or `system` runs one half.
#
# UNSTEADY=N: up to N system tests that fail may show in a second run, alone, that the machine was at
# fault; they are named as unsteady. Without it, and for any more, the first verdict stands.
set -u

B=${B:-build}
case $B in /*) ;; *) B=$PWD/$B ;; esac
export B JJ_TEST_PLUGINS="$B/tests/plugins"
passed=0 failed=0
which=${1:-all}
UNIT_SECONDS=300 # of one unit test program: one that hangs is a failure, not the end of the run
export ASAN_OPTIONS="${ASAN_OPTIONS:-detect_leaks=1:abort_on_error=0}"
export UBSAN_OPTIONS="${UBSAN_OPTIONS:-print_stacktrace=1:halt_on_error=1}"

unit() {
    for test in "$B"/tests/test_*; do
        [ -x "$test" ] || continue
        log=$B/tests/$(basename "$test").log
        if timeout -k 5 "$UNIT_SECONDS" "$test" >"$log" 2>&1; then
            good=$(grep -c '^\[       OK \]' "$log")
            passed=$((passed + good))
            printf '  %-28s %4d passed\n' "$(basename "$test")" "$good"
        else
            good=$(grep -c '^\[       OK \]' "$log")
            bad=$(sed -n 's/^ *\([0-9]*\) FAILED TEST(S)$/\1/p' "$log")
            bad=${bad:-1} # ended by a signal, or by the clock
            passed=$((passed + good)) failed=$((failed + bad))
            printf '  %-28s FAILED\n' "$(basename "$test")"
            tail -n 60 "$log"
        fi
    done
}

# pytest_run LOG ARGUMENT...: sets good and bad.
pytest_run() {
    log=$1
    shift
    /usr/bin/python3 -m pytest -q -o cache_dir="$B/tests/pytest" --timeout=300 --durations=12 "$@" tests/system 2>&1 | tee "$log"
    line=$(grep -E '^[0-9]+ (passed|failed)|^=+ .*(passed|failed|error).* =+$' "$log" | tail -n 1)
    count() {
        printf '%s' "$line" | grep -oE "[0-9]+ $1" | grep -oE '[0-9]+' || echo 0
    }
    good=$(count passed) bad=$(($(count failed) + $(count error)))
    [ "$good$bad" != 00 ] || bad=1
}

system() {
    pytest_run "$B/tests/system.log"
    if [ "$bad" -gt 0 ] && [ "$bad" -le "${UNSTEADY:-0}" ] && [ "$good" -gt 0 ]; then
        first=$good
        pytest_run "$B/tests/again.log" --last-failed
        sed -n 's/^\(FAILED\|ERROR\) /unsteady, run twice: /p' "$B/tests/system.log"
        good=$((first + good))
    fi
    passed=$((passed + good)) failed=$((failed + bad))
}

case $which in
unit) unit ;;
system) system ;;
*)
    unit
    system
    ;;
esac
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
