#!/bin/sh
# What the manual pages must not lack: every option, configuration key, exit code and part of the
# plugin ABI, each asked from where it is defined. Argument: the build folder ($B/man has the pages).
set -u
build=$1
bad=0

# The words of a page as a reader sees them.
text() {
    sed -e 's/\\f[BIPR]//g' -e 's/\\-/-/g' -e 's/\\&//g' -e 's/\\_/_/g' -e 's/\\\././g' "$build/man/$1"
}
# has PAGE WORD...: each must stand there as a word of its own.
has() {
    page=$1
    shift
    text "$page" >"$build/page.txt"
    for word; do
        grep -qE -- "(^|[^A-Za-z0-9_-])$word([^A-Za-z0-9_-]|\$)" "$build/page.txt" || {
            echo "manual: $page does not tell of $word" >&2
            bad=1
        }
    done
}
ctl=$build/jejaringctl

commands=$("$ctl" help | sed -n '/^  jejaringctl/d; s/^  \([a-z]* \{0,1\}[a-z-]*\)\( .*\)\{0,1\}  .*/\1/p' | sed 's/ *$//')
options=$("$ctl" help | grep -oE -- '--[a-z-]+' | sort -u)
IFS='
'
# shellcheck disable=SC2086 # one a line
has jejaringctl.1 $commands
for command in $commands; do
    unset IFS
    # shellcheck disable=SC2086 # one or two words
    options="$options $("$ctl" help $command 2>/dev/null | grep -oE -- '--[a-z-]+' | tr '\n' ' ')"
    IFS='
'
done
unset IFS
# shellcheck disable=SC2086 # lists of words
{
    has jejaringctl.1 $(printf '%s\n' $options | sort -u)
    has jejaringctl.1 $(sed -n 's/^    JJ_EXIT_[A-Z]* = \([0-9]*\),.*/\1/p' core/ctl/ctl.h)
    has jejaringd.8 $("$build/jejaringd" --help | grep -oE -- '(^|[ |,])--?[a-z]+' | tr -d ' |,' | sort -u)
    has jejaringd.8 $(grep -ohE '#define EXIT_[A-Z]+ +[0-9]+' core/daemon/*.c | awk '{print $3}' | sort -u) 0 1
    for key in $(grep -ohE '\.name = "[a-z_]+"' core/config/tables.c core/config/agency.c | cut -d'"' -f2 | sort -u); do
        # A key stands at the end of its path: hub.retention.age.
        text jejaring.yaml.5 | grep -qE "(^|[.])$key \(" || {
            echo "manual: jejaring.yaml.5 does not tell of the key $key" >&2
            bad=1
        }
    done
    has jejaring-plugin.7 $(grep -oE '\bJJ_OPTION_[A-Z]+' core/include/jejaring/plugin.h | sort -u)
    has jejaring-plugin.7 $(sed -n '/^struct jj_host {/,/^};/p; /^typedef struct jj_plugin {/,/^}/p' \
        core/include/jejaring/plugin.h | sed 's|/[*].*[*]/||; /^ *[/][*]/,/[*][/]/d' | grep -oE '\(\*[a-z_]+\)|[a-z_]+;|[a-z_]+, [a-z_]+;' |
        tr -d '(*);,' | tr ' ' '\n' | sort -u)
}
exit $bad
