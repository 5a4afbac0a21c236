#!/bin/sh
# SPDX-License-Identifier: MIT
# run.sh EMBED_TEXT INDEX_FOLDER SEARCH_BY_IMAGE ASK MODEL IMAGES - runs the example programs. TAP.
set -eu
embed_text=$1 index_folder=$2 search_by_image=$3 ask=$4 model=$5 images=$6
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
check "index_folder" run "$index_folder" "$model" "$work/t.db" "$images" "a white dog"
count=$(find "$images" -name '*.jpg' -o -name '*.png' | wc -l)
check "stores every image" grep -qx "$count new, 0 changed, 0 unchanged, 0 skipped" "$work/out"
sed -n 2p "$work/out" >"$work/first"
check "and finds" first_hit 'white-'
check "index_folder again" run "$index_folder" "$model" "$work/t.db" "$images" "a white dog"
check "has nothing to do" grep -qx "0 new, 0 changed, $count unchanged, 0 skipped" "$work/out"
check "search_by_image" run "$search_by_image" "$model" "$work/t.db" "$images/white-dog-grass.jpg"
head -n 1 "$work/out" >"$work/first"
check "finds the image itself first" grep -q "^1.000 224x224 .*/white-dog-grass.jpg$" "$work/first"
check "a file that is not an image is an error" fails "$search_by_image" "$model" "$work/t.db" "$0"
check "which names it" grep -q "run.sh" "$work/err"
check "a database that is not there is an error" fails "$search_by_image" "$model" "$work/none.db" "$images/white-dog-grass.jpg"
check "ask: a dog in the snow, and no cat" run "$ask" "$model" "$work/t.db" "a dog" "in the snow" "a cat"
head -n 1 "$work/out" >"$work/first"
check "finds a dog in the snow first" first_hit 'dog.*snow'
check "an empty part is an error" fails "$ask" "$model" "$work/t.db" "a dog" " " "a cat"
check "which is named" grep -q "part 2 is an empty text" "$work/err"
echo "1..$n"
exit $status
