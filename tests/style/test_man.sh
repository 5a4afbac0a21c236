#!/bin/sh
# SPDX-License-Identifier: MIT
# test_man.sh - mandoc has nothing to remark on the man page, and its synopsis has a line per command. Prints TAP.
# usage: test_man.sh PAGE
set -u
page=$1
echo 1..3
if ! command -v mandoc >/dev/null; then
    for number in 1 2 3; do echo "ok $number - man page # SKIP mandoc is not installed"; done
    exit 0
fi
scratch=$(mktemp -d "${TMPDIR:-/tmp}/clipsearch-test.XXXXXX") || exit 1
trap 'rm -rf "$scratch"' EXIT

ok() { # ok NUMBER WHAT FILE: the status of the command before; FILE is shown when it failed
    if [ $? -eq 0 ]; then
        echo "ok $1 - $2"
    else
        echo "not ok $1 - $2"
        sed 's/^/# /' "$3"
    fi
}

# remarks on the page itself; mandoc also complains about a machine's index of man pages
mandoc -Tlint -Wstyle "$page" 2>&1 | grep -F "$page:" >"$scratch/remarks"
[ ! -s "$scratch/remarks" ]
ok 1 "mandoc -Tlint" "$scratch/remarks"

mandoc -Tascii -Owidth=78 "$page" | sed 's/.\x08//g' >"$scratch/text"
sed -n '/^SYNOPSIS/,/^DESCRIPTION/p' "$scratch/text" >"$scratch/synopsis"
missing=0
for command in '\[search\]' ingest update embed tokenize query get label duplicates delete drop collections export import copy merge check vacuum 'model list' 'model fetch' 'model add' 'model use' 'ingest --remodel' \
    'model info' 'model verify' 'model convert' info config serve completion help version; do
    grep -q "^ *clipsearch $command" "$scratch/synopsis" || missing=$((missing + 1))
done
[ $missing -eq 0 ] && [ "$(grep -c '^ *clipsearch ' "$scratch/synopsis")" -eq 33 ]
ok 2 "a line of the synopsis begins with each command" "$scratch/synopsis"

# quotes at the beginning of a word vanish unless they are escaped
! grep -n 'vector: \[\|ids: \[' "$scratch/text" >"$scratch/unquoted"
ok 3 "keys of JSON keep their quotes" "$scratch/unquoted"
