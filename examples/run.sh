#!/bin/sh
# SPDX-License-Identifier: MIT
# run.sh EMBED_TEXT INDEX_FOLDER SEARCH_BY_IMAGE MODEL PICTURES - runs the example programs. TAP.
set -eu
embed_text=$1 index_folder=$2 search_by_image=$3 model=$4 pictures=$5
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
n=0 status=0
check() { # what, command...
    what=$1
    shift
    n=$((n + 1))
    if "$@"; then
        echo "ok $n - $what"
    else
        echo "not ok $n - $what"
        sed 's/^/# /' "$work/out" "$work/err"
        status=1
    fi
}
run() { # program and arguments; output and messages are kept
    "$@" >"$work/out" 2>"$work/err"
}
fails() {
    ! run "$@"
}
first_hit() { # pattern
    grep -q "^[01]\.[0-9]* .*$1" "$work/first"
}

check "embed_text: a sentence and itself" run "$embed_text" "$model" "a white dog" "A white  dog"
check "have cosine 1" grep -qx "1.000" "$work/out"
check "index_folder" run "$index_folder" "$model" "$work/t.db" "$pictures" "a white dog"
count=$(find "$pictures" -name '*.jpg' -o -name '*.png' | wc -l)
check "takes every picture" grep -qx "$count new, 0 changed, 0 as they were, 0 skipped" "$work/out"
sed -n 2p "$work/out" >"$work/first"
check "and answers" first_hit 'white-'
check "index_folder again" run "$index_folder" "$model" "$work/t.db" "$pictures" "a white dog"
check "has nothing to do" grep -qx "0 new, 0 changed, $count as they were, 0 skipped" "$work/out"
check "search_by_image" run "$search_by_image" "$model" "$work/t.db" "$pictures/white-dog-grass.jpg"
head -n 1 "$work/out" >"$work/first"
check "finds the picture itself first" grep -q "^1.000 224x224 .*/white-dog-grass.jpg$" "$work/first"
check "a picture that is none is an error" fails "$search_by_image" "$model" "$work/t.db" "$0"
check "which names it" grep -q "run.sh" "$work/err"
check "a database that is not there is an error" fails "$search_by_image" "$model" "$work/none.db" "$pictures/white-dog-grass.jpg"
echo "1..$n"
exit $status
