#!/bin/sh
# SPDX-License-Identifier: MIT
# exports.sh LIBRARY HEADER - the shared library exports what the header declares, and nothing else, and every symbol has a
# version. TAP.
set -eu
declared=$({
    tr '\n' ' ' <"$2" | grep -o 'CLIPSEARCH_API [^;(]*(' | grep -o 'clipsearch_[a-z_0-9]*($' | tr -d '('
    sed -n 's/^CLIPSEARCH_INIT(\(.*\))$/\1_init_sized/p' "$2"
} | sort)
# "clipsearch_version@@CLIPSEARCH_0.2"; the versions themselves are symbols of type A
versioned=$(nm -D --defined-only --with-symbol-versions "$1" | awk '$2 != "A" { print $3 }' | sort)
exported=$(echo "$versioned" | sed 's/@.*//' | sort)
echo 1..3
status=0
check() { # number, what, lines that should not be there
    if [ -z "$3" ]; then
        echo "ok $1 - $2"
    else
        echo "not ok $1 - $2"
        echo "$3" | sed 's/^/# /'
        status=1
    fi
}
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
echo "$declared" >"$work/declared"
echo "$exported" >"$work/exported"
check 1 "everything declared is exported ($(wc -l <"$work/declared") functions)" "$(comm -23 "$work/declared" "$work/exported")"
check 2 "nothing else is exported" "$(comm -13 "$work/declared" "$work/exported")"
check 3 "with the version that it came with" "$(echo "$versioned" | grep -v '^clipsearch_[a-z_0-9]*@@CLIPSEARCH_[0-9]*\.[0-9]*$')"
exit $status
