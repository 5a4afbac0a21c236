#!/bin/sh
# SPDX-License-Identifier: MIT
# test_precision.sh - a collection remembers what its vectors were computed in; new ones follow it. Prints TAP.
# usage: test_precision.sh CLIPSEARCH JSON_CHECK
set -u
. "$CLIPSEARCH_SOURCE_ROOT/tests/cli/tap.sh"
json_check=$(absolute "$2")
set_up "$1"
unset CLIPSEARCH_PRECISION
model=$source/tests/data/clip-tiny/hf
pictures=$source/examples/pictures

precisions() { # precisions WANT ARGUMENTS...: as info, check and the JSON of both have them
    want=$1
    shift
    "$program" info "$@" >"$out" 2>"$err" && grep -q "; computed in $want\$" "$out"
    ok "info: computed in $want"
    list=\"$(echo "$want" | sed 's/ and /","/')\"
    for command in info check; do
        "$program" "$command" --json "$@" >"$out" 2>"$err" && "$json_check" <"$out" >/dev/null &&
            grep -q "\"precisions\":\[$list\]" "$out"
        ok "$command --json: $list"
    done
}

mkdir one two
cp "$pictures"/[a-c]*.jpg one
cp "$pictures"/[d-f]*.jpg two

# ---- a new collection, and images that come later

run 0 "ingest in int8" ingest --model "$model" --precision int8 one
precisions int8
run 0 "check" check
grep -q "^  precision  int8\$" "$out"
ok "check says it"
run 0 "ingest without a word of it" ingest --model "$model" two
err_is "nothing is said" </dev/null
precisions int8
run 0 "the same images, all at once" ingest --db whole.db --model "$model" --precision int8 one two
"$program" --exact --json -k 50 "a red bus" >"$scratch/followed" 2>"$err"
"$program" --db whole.db --exact --json -k 50 "a red bus" >"$scratch/whole" 2>>"$err"
scores() { grep -o '"score":[^,}]*' "$1" | sort; }
scores "$scratch/followed" >"$scratch/a" && scores "$scratch/whole" >"$scratch/b" && [ -s "$scratch/a" ] &&
    cmp -s "$scratch/a" "$scratch/b"
ok "and have vectors in int8"
run 0 "a collection in f32" ingest --db f32.db --model "$model" one two
precisions f32 --db f32.db
"$program" --db f32.db --exact --json -k 50 "a red bus" >"$scratch/f32" 2>>"$err"
scores "$scratch/f32" >"$scratch/c" && ! cmp -s "$scratch/a" "$scratch/c"
ok "which differ from those in f32"

# ---- another precision that is asked for

cp "$pictures"/g*.jpg two
run 0 "ingest in f32" ingest --model "$model" --precision f32 two
err_has "the vectors of photos were computed in int8; those of new images are computed in f32, which differ a little"
precisions "f32 and int8"
run 0 "check" check
grep -q "some vectors were computed in f32, some in int8" "$out"
ok "check says that there are both"
run 0 "ingest again" ingest --model "$model" --precision int8 two
precisions "f32 and int8"
run 0 "what would be done" ingest --remodel --model "$model" --precision f32 --dry-run
grep -q "^Would encode" "$out"
ok "all are to be encoded"
precisions "f32 and int8"
run 0 "encode all in f32" ingest --remodel --model "$model" --precision f32
err_has "encoding the images of photos anew with hf in f32; until all are done, searches use the vectors that there are"
precisions f32
run 0 "once more" ingest --remodel --model "$model" --precision f32
grep -q "encoded with hf already" "$out"
ok "there is nothing to do"
run 0 "the images of the other collection too" ingest --db f32.db --model "$model" one two
"$program" --exact --json -k 50 "a red bus" >"$scratch/remodelled" 2>"$err"
"$program" --db f32.db --exact --json -k 50 "a red bus" >"$scratch/f32" 2>>"$err"
scores "$scratch/remodelled" >"$scratch/a" && scores "$scratch/f32" >"$scratch/b" && cmp -s "$scratch/a" "$scratch/b"
ok "the vectors are those of a collection in f32"

# ---- a network of convolutions: images in int8, texts in f32

run 0 "the built-in model" ingest --db built-in.db --precision int8 one
precisions int8 --db built-in.db
run 0 "images that come later" ingest --db built-in.db two
precisions int8 --db built-in.db
run 0 "the same in f32" ingest --db built-in-f32.db one two
for name in built-in built-in-f32; do
    "$program" --db $name.db --exact --json -k 50 "a red bus" >"$scratch/$name" 2>>"$err"
    "$program" --db $name.db --exact --json --precision int8 -k 50 "a red bus" | scores /dev/stdin >"$scratch/$name.int8"
    scores "$scratch/$name" >"$scratch/$name.auto"
    [ -s "$scratch/$name.int8" ] && cmp -s "$scratch/$name.auto" "$scratch/$name.int8"
    ok "$name: a text has one vector in both precisions"
done
! cmp -s "$scratch/built-in.auto" "$scratch/built-in-f32.auto"
ok "an image has another one in int8"
run 0 "an image in int8" embed --precision int8 --image "$pictures/cat-snow.jpg"
"$program" embed --precision int8 --image "$pictures/cat-snow.jpg" 2>"$err" >"$scratch/best"
for level in avx2 avxvnni avx512; do # on other processors these are the best level again
    "$program" embed --precision int8 --threads 1 --cpu $level --image "$pictures/cat-snow.jpg" 2>"$err" |
        cmp -s - "$scratch/best"
    ok "the same vector with $level"
done

# ---- copies

run 0 "merge" merge --db both.db f32.db whole.db
precisions "f32 and int8" --db both.db
run 0 "queries in another precision" --db whole.db --precision f32 "a red bus"
run 0 "and the other way round" --db f32.db --precision int8 "a red bus"

echo "1..$count"
