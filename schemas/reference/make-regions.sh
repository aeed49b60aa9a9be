#!/bin/sh
# Makes regions.csv, the provinces, regencies and cities of Indonesia with Kemendagri's codes, from
# the npm package named below. Run it when the ministry changes the list, look at the difference,
# commit. Needs npm, tar and awk. The data is under the ODbL: see README.md.
set -eu

package=idn-area-data@4.0.1

here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# Packed, not installed: nothing of the package is run.
(cd "$work" && npm pack --silent "$package" >/dev/null && tar -xzf idn-area-data-*.tgz)

{
    echo 'code;name;level;province_code'
    {
        awk -F, 'NR > 1 { print $1 ";" $2 ";province;" $1 }' "$work/package/data/provinces.csv"
        awk -F, 'NR > 1 {
            level = ($3 ~ /^Kota /) ? "city" : ($3 ~ /^Kabupaten /) ? "regency" : ""
            if (NF != 3 || level == "") {
                print "regencies.csv:" NR ": neither Kabupaten nor Kota" > "/dev/stderr"
                exit 1
            }
            print $1 ";" $3 ";" level ";" $2
        }' "$work/package/data/regencies.csv"
    } | tr -d '\r' | LC_ALL=C sort -t ';' -k 1,1
} >"$work/regions.csv"

provinces=$(grep -c ';province;' "$work/regions.csv")
others=$(grep -cE ';(regency|city);' "$work/regions.csv")
if [ "$provinces" -ne 38 ] || [ "$others" -ne 514 ]; then
    echo "make-regions.sh: $provinces provinces and $others regencies and cities;" \
        "38 and 514 were expected. If the law has changed, change the numbers here." >&2
    exit 1
fi
mv "$work/regions.csv" "$here/regions.csv"
chmod 644 "$here/regions.csv"
