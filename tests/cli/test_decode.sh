#!/bin/sh
# SPDX-License-Identifier: MIT
# test_decode.sh - decode: fast, of which images it changes the vectors and how little, and that it is remembered.
# Prints TAP. usage: test_decode.sh CLIPSEARCH JSON_CHECK
set -u
. "$CLIPSEARCH_SOURCE_ROOT/tests/cli/tap.sh"
json_check=$(absolute "$2")
set_up "$1"
unset CLIPSEARCH_DECODE
model=$source/tests/data/clip-tiny/hf # reads 40 x 40 pixels: JPEGs of 160 and more are decoded at a half or less
pictures=$source/examples/pictures

mkdir one
cp "$pictures"/[a-d]*.jpg "$pictures"/*.png one
all() { "$program" search --exact --json -k 50 "$@" 2>>"$err"; }
# of each image in the collection the cosine with the query, by path
scores() { sed -n 's/.*"score":\([^,]*\),.*"path":"\([^"]*\)".*/\2 \1/p' | sort; }

run 0 "ingest" ingest --model "$model" one
run 0 "ingest, fast" ingest --db fast.db --model "$model" --decode fast one
all "a red bus" | scores >"$scratch/exact"
all --db fast.db "a red bus" | scores >"$scratch/fast"
awk 'NR == FNR { exact[$1] = $2; next }
    { n++; d = $2 - exact[$1]; d = d < 0 ? -d : d
      if ($1 ~ /png/ && d) bad = 1
      if ($1 ~ /jpg/ && d) changed++
      if (d > 0.03) far = 1 }
    END { exit !(n > 20 && !bad && !far && changed > n / 2) }' "$scratch/exact" "$scratch/fast"
ok "JPEGs are decoded at a half of their sides, other files are not, and no score is another by .03"
sizes() { sed -n 's/.*"path":"\([^"]*\)","width":\([0-9]*\),"height":\([0-9]*\).*/\1 \2 \3/p' | sort; }
all "a red bus" | sizes >"$scratch/a"
all --db fast.db "a red bus" | sizes >"$scratch/b"
[ -s "$scratch/a" ] && cmp -s "$scratch/a" "$scratch/b"
ok "the sizes that are stored are those of the files"

# ---- it is remembered, and can be set in every place

touch -d 2001-01-01 one/a*.jpg
cp "$pictures"/e*.jpg one
run 0 "update" update --db fast.db
run 0 "all of them, fast" ingest --db again.db --model "$model" --decode fast one
all --db fast.db "a red bus" | scores >"$scratch/a"
all --db again.db "a red bus" | scores >"$scratch/b"
[ -s "$scratch/a" ] && cmp -s "$scratch/a" "$scratch/b"
ok "update reads as the source was first read"
cat >fast.yaml <<END
database: yaml.db
model: $model
decode: fast
sources: [one]
END
run 0 "an ingest file" ingest fast.yaml
all --db yaml.db "a red bus" | scores >"$scratch/b"
cmp -s "$scratch/a" "$scratch/b"
ok "decode: fast in an ingest file"
run 0 "a flag over it" ingest --db flag.db --decode exact fast.yaml
all --db flag.db "a red bus" | scores >"$scratch/b"
! cmp -s "$scratch/a" "$scratch/b"
ok "--decode exact counts before it"
CLIPSEARCH_DECODE=fast
export CLIPSEARCH_DECODE
run 0 "the variable" ingest --db variable.db --model "$model" one
all --db variable.db "a red bus" | scores >"$scratch/b"
cmp -s "$scratch/a" "$scratch/b"
ok "CLIPSEARCH_DECODE=fast"
CLIPSEARCH_DECODE=quick
run 2 "a wrong value" ingest --model "$model" one
err_has "CLIPSEARCH_DECODE must be exact or fast, not \"quick\""
unset CLIPSEARCH_DECODE
mkdir -p "$XDG_CONFIG_HOME/clipsearch"
echo "decode: fast" >"$XDG_CONFIG_HOME/clipsearch/config.yaml"
run 0 "the configuration" ingest --db config.db --model "$model" one
all --db config.db "a red bus" | scores >"$scratch/b"
cmp -s "$scratch/a" "$scratch/b"
ok "decode: fast in config.yaml"
run 2 "a wrong flag" ingest --decode slow one
err_has "exact"
echo "1..$count"
