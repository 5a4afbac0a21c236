#!/bin/sh
# SPDX-License-Identifier: MIT
# threads.sh HEADER - the header's section THREADS names every handle. TAP.
set -eu
section=$(sed -n '/^ \* THREADS$/,/^ \*\//p' "$1")
handles=$(sed -n 's/^typedef struct \(clipsearch_[a-z_]*\) \1;.*/\1/p' "$1")
n=0 status=0
for handle in $handles; do
    n=$((n + 1))
    if echo "$section" | grep -qw "$handle"; then
        echo "ok $n - $handle"
    else
        echo "not ok $n - the section THREADS says nothing of $handle"
        status=1
    fi
done
echo "1..$n"
[ "$n" -ge 9 ] || status=1
exit $status
