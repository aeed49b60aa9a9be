# What the demos have in common: each run.sh begins with it, and sets `demo`, its folder. What it starts
# it adds to `running`; a folder for sockets, whose paths have room for 107 bytes only, is `sockets`.
B=${B:-build}
case $B in /*) ;; *) B=$PWD/$B ;; esac

# First call: come back with a PostgreSQL of our own (or the one that PGHOST names).
if [ -z "${JEJARING_DEMO:-}" ]; then
    export JEJARING_DEMO=1 B
    exec /usr/bin/python3 tests/system/pg.py run -- "$0" "$@"
fi

running=
sockets=
finish() {
    # shellcheck disable=SC2086 # a list of numbers
    [ -z "$running" ] || kill $running 2>/dev/null || true
    wait
    [ -z "$sockets" ] || rm -rf "$sockets"
}
trap finish EXIT
trap 'exit 130' INT TERM

say() {
    printf '\n== %s\n' "$*"
}

# Waits for a condition, at most so many tenths of a second; a demo that hangs says why.
await() {
    what=$1 tenths=$2
    shift 2
    until "$@" >/dev/null 2>&1; do
        tenths=$((tenths - 1))
        # shellcheck disable=SC2086 # a list of numbers
        if [ $tenths -le 0 ] || ! kill -0 $running 2>/dev/null; then
            echo "waited in vain for: $what; the logs:" >&2
            find "$demo" -name log -exec tail -n 20 {} + >&2
            exit 1
        fi
        sleep 0.1
    done
}
