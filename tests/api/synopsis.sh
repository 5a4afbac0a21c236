#!/bin/sh
# SPDX-License-Identifier: MIT
# synopsis.sh HEADER CC... - the SYNOPSIS of clipsearch.h compiles as it is shown, without a warning. TAP.
set -eu
header=$1
shift
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
sed -n '/^ \* SYNOPSIS$/,/^ \* (/s/^ \*     //p' "$header" >"$work/lines"
{
    printf '#include <clipsearch.h>\n#include <stdio.h>\n\nvoid synopsis(void);\nvoid synopsis(void)\n{\n'
    cat "$work/lines"
    printf '}\n'
} >"$work/synopsis.c"
echo 1..2
status=0
if grep -q clipsearch_ingest "$work/lines" && grep -q clipsearch_search_text "$work/lines"; then
    echo "ok 1 - the header shows $(wc -l <"$work/lines") lines"
else
    echo "not ok 1 - the header shows an ingestion and a search"
    status=1
fi
if "$@" -std=c11 -Wall -Wextra -Wpedantic -Werror -I"$(dirname "$header")" -c "$work/synopsis.c" -o "$work/synopsis.o" \
    2>"$work/log"; then
    echo "ok 2 - they compile"
else
    echo "not ok 2 - they compile"
    sed 's/^/# /' "$work/log"
    status=1
fi
exit $status
