#!/bin/sh
# Makes a manual page from its source: make.sh JEJARINGCTL SOURCE.scd >PAGE. A line @part@ stands for
# what `jejaringctl manual part` says.
set -eu
ctl=$1 source=$2
part() {
    "$ctl" manual "$1" >"$temporary.part"
    cat "$temporary.part" >>"$temporary"
}
temporary=$(mktemp)
trap 'rm -f "$temporary" "$temporary.part"' EXIT
while IFS= read -r line; do
    case $line in
    @*@)
        line=${line#@}
        part "${line%@}"
        ;;
    *) printf '%s\n' "$line" >>"$temporary" ;;
    esac
done <"$source"
scdoc <"$temporary"
