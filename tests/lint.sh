#!/bin/sh
# The house rules that a program can check. Argument: the rooms of core/ in their order.
set -u
rooms=$1
bad=0
fail() {
    echo "lint: $*" >&2
    bad=1
}

# A file includes public headers, its own room, and rooms that stand before its own.
seen=
for room in $rooms; do
    for file in core/"$room"/*.[ch]; do
        [ -e "$file" ] || continue
        for other in $(sed -n 's|^#include "\([a-z]*\)/.*|\1|p' "$file" | sort -u); do
            case " $seen $room jejaring plugins " in
            *" $other "*) ;;
            *) fail "$file includes $other/, which stands behind $room/" ;;
            esac
            [ "$other" != plugins ] || [ "$room" = ctl ] || fail "$file includes a plugin"
        done
    done
    seen="$seen $room"
done
for file in plugins/*/*.[ch]; do
    own=$(basename "$(dirname "$file")")
    sed -n 's|^#include "\([^"]*\)".*|\1|p' "$file" | while read -r header; do
        case $header in
        jejaring/*) ;;
        */*) echo "$file includes $header" ;;
        *) [ -e "plugins/$own/$header" ] || echo "$file includes $header" ;;
        esac
    done
done | grep . && fail 'a plugin includes more than public headers'

# One library, one room.
one_room() {
    header=$1
    shift
    grep -lE "^#include <$header>" core/*/*.[ch] plugins/*/*.[ch] 2>/dev/null | while read -r file; do
        found=
        for place in "$@"; do
            case $file in "$place"/*) found=1 ;; esac
        done
        [ -n "$found" ] || echo "$file includes <$header>"
    done | grep . && fail "$header belongs to: $*"
}
one_room 'zmq.h' core/wire
one_room 'sqlite3.h' core/journal
one_room 'yaml.h' core/config
one_room 'libpq-fe.h' plugins/warehouse
one_room 'csv.h' core/table
one_room 'zip.h' core/table
one_room 'expat.h' core/table
one_room 'zlib.h' core/wire

# No threads of ours: see `make tsan`.
grep -nE '(pthread_create|thrd_create|zmq_threadstart) *\(' core/*/*.[ch] plugins/*/*.[ch] | grep . &&
    fail 'a thread is started'

git ls-files '*.c' '*.h' | xargs clang-format-14 --dry-run -Werror 2>&1 | head -n 20 | grep . &&
    fail 'format: run `make format`'

cppcheck --quiet --std=c11 --enable=warning,performance,portability --inline-suppr \
    --suppress=missingIncludeSystem --suppress=internalAstError --error-exitcode=1 -j 2 \
    -D_GNU_SOURCE -Icore -Icore/include core plugins || fail 'cppcheck'

make --no-print-directory -j 2 B=build/lint WERROR=1 programs >build/lint.log 2>&1 || {
    grep -E 'error|warning' build/lint.log | head -n 20
    fail 'compiler warnings'
}

git ls-files '*.py' | xargs /usr/bin/python3 -m pyflakes || fail 'pyflakes'

/usr/bin/python3 tests/data/make_demo.py --check || fail 'the sample files are not what their generator makes'
/usr/bin/python3 schemas/make_catalogue.py --check || fail 'schemas/README.md'
/usr/bin/python3 schemas/make_comments.py --check || fail 'schemas/warehouse/define-85-titles.sql'
tests/manual.sh build/lint || fail 'the manual pages'
[ $bad -eq 0 ] && echo 'lint: clean'
exit $bad
