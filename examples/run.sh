#!/bin/sh
# SPDX-License-Identifier: MIT
# run.sh EMBED_TEXT INDEX_FOLDER SEARCH_BY_IMAGE ASK OWN_VECTORS IMAGE_BUFFERS THREADS LIST_ITEMS MODEL IMAGES - runs the example programs. TAP.
set -eu
embed_text=$1 index_folder=$2 search_by_image=$3 ask=$4 own_vectors=$5 image_buffers=$6 threads=$7 list_items=$8
shift 8
model=$1 images=$2
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
check "index_folder" run "$index_folder" "$model" "$work/t.db" "$images" "a black dog"
count=$(find "$images" -name '*.jpg' -o -name '*.png' | wc -l)
check "stores every image" grep -qx "$count new, 0 changed, 0 unchanged, 0 skipped" "$work/out"
sed -n 2p "$work/out" >"$work/first"
check "and finds" first_hit 'black-dog'
check "index_folder again" run "$index_folder" "$model" "$work/t.db" "$images" "a black dog"
check "has nothing to do" grep -qx "0 new, 0 changed, $count unchanged, 0 skipped" "$work/out"
check "search_by_image" run "$search_by_image" "$model" "$work/t.db" "$images/white-dog-grass.jpg"
head -n 1 "$work/out" >"$work/first"
check "finds the image itself first" grep -q "^1.000 224x224 .*/white-dog-grass.jpg$" "$work/first"
check "a file that is not an image is an error" fails "$search_by_image" "$model" "$work/t.db" "$0"
check "which names it" grep -q "run.sh" "$work/err"
check "a database that is not there is an error" fails "$search_by_image" "$model" "$work/none.db" "$images/white-dog-grass.jpg"
check "ask: a black dog in the snow, and no cat" run "$ask" "$model" "$work/t.db" "a black dog" "in the snow" "a cat"
head -n 1 "$work/out" >"$work/first"
check "finds the dog in the snow first" first_hit 'black-dog-snow'
check "an empty part is an error" fails "$ask" "$model" "$work/t.db" "a dog" " " "a cat"
check "which is named" grep -q "part 2 is an empty text" "$work/err"
check "own_vectors, in memory" run "$own_vectors"
cp "$work/out" "$work/memory"
check "and in a file" run "$own_vectors" "$work/own.db"
check "find the same" cmp -s "$work/memory" "$work/out"
cat >"$work/want" <<END
apple is stored as 0.994 0.110 0.000
1.000 1 apple
0.982 2 pear
END
check "what is near and matches the filter" cmp -s "$work/want" "$work/out"
check "image_buffers" run "$image_buffers" "$model" "$work/t.db" "$images/white-dog-grass.jpg"
check "finds the image by its bytes" grep -q "^image: .*/white-dog-grass.jpg$" "$work/out"
check "by pixels" grep -q "^blue: ." "$work/out"
check "by a region" grep -q "^middle: ." "$work/out"
check "threads" run "$threads" "$model" "$work/t.db"
check "find each what it looks for" grep -q "^two red cars: .*red-cars" "$work/out"
check "but for the one that was cancelled" grep -qx "a cat: the search was cancelled" "$work/out"
mkdir -p "$work/data/clipsearch/models" # a build directory may lie anywhere, so the model is put among the user's
ln -s "$model" "$work/data/clipsearch/models/default"
export XDG_DATA_HOME="$work/data"
check "list_items" run "$list_items" "$work/t.db"
check "lists all of them" grep -qx "$count items" "$work/out"
check "with their sizes" grep -q "^1 224x224 /" "$work/out"
echo "1..$n"
exit $status
