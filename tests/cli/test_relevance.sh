#!/bin/sh
# SPDX-License-Identifier: MIT
# test_relevance.sh - --relevant and --min-relevance from outside: output, exit codes, the cache, bad input. Prints TAP.
# usage: test_relevance.sh CLIPSEARCH JSON_CHECK
set -u
. "$CLIPSEARCH_SOURCE_ROOT/tests/cli/tap.sh"
json_check=$(absolute "$2")
set_up "$1"
kept=$XDG_CACHE_HOME/clipsearch/relevance
there="two red cars"
absent="a swimming pool"
run 0 "ingest" ingest "$source/examples/pictures" -q

# ---- hits

run 0 "without relevance" "$there" --json
! grep -q '"relevance":' "$out"
ok "JSON does not have it"
[ ! -e "$kept" ]
ok "and nothing is looked at for it"
run 0 "what is there" "$there" --relevant --json
json_is "is found" queries queries.0.query queries.0.hits.0.rank <<END
1
$there
1
END
grep -o '"relevance":[0-9.e-]*' "$out" | sed 's/.*://' >"$scratch/values"
[ -s "$scratch/values" ] && awk '$1 < 0.5 || $1 > 1 { exit 1 }' "$scratch/values"
ok "each hit with a relevance of 0.5 to 1"
silent "$err" "no message"
run 0 "paths" "$there" --relevant --paths
cp "$out" "$scratch/relevant"
run 0 "all hits" "$there" --paths
grep -Fx -f "$scratch/relevant" "$out" | cmp -s - "$scratch/relevant"
ok "the relevant ones are among them, in the same order"
run 0 "the text has no more columns" "$there" --relevant -k 1
grep -qE '^[0-9]\.[0-9]{3}  [^ ]*red-car' "$out"
ok "score and path"
run 0 "with the relevance" "$there" --min-relevance 0
grep -qE '^[0-9]\.[0-9]{3}  [01]\.[0-9]{2}  [^ ]*red-car' "$out" && [ "$(wc -l <"$out")" -eq 10 ]
ok "score, relevance, path, of all ten"
run 0 "--relevant is 0.5" "$there" --min-relevance 0.5 --paths
cmp -s "$out" "$scratch/relevant"
ok "the same hits"

# ---- nothing

run 1 "what is not there" "$absent" --relevant
silent "$out" "nothing on standard output"
err_is "nothing fits it" <<END
clipsearch: nothing in photos fits "$absent" well
END
run 1 "quietly" "$absent" --relevant -q
silent "$err" "no message"
run 1 "as JSON" "$absent" --relevant --json
json_is "no hits" queries queries.0.hits <<END
1
0
END
run 0 "one of two queries" "$there" "$absent" --relevant
err_is "the other one is named" <<END
clipsearch: nothing in photos fits "$absent" well
END
for number in 1 2 3 4 5 6 7 8 9 10 11; do echo "$absent"; done >list.txt
run 1 "a list" --list list.txt --relevant
err_is "is counted" <<END
clipsearch: nothing in photos fits 11 of the 11 queries well
END
run 1 "with a filter" "$absent" --relevant --filter 'width > 0'
err_has "nothing in photos fits \"$absent\" well among the images that pass the filter"
run 1 "a sentence" "$absent that stands between two old and empty houses" --min-relevance 0.999
err_has "relevance says little of whole sentences: ask in a few words, or show all with --min-relevance 0"
run 1 "in a directory" "$absent" --relevant --in "$source/examples"
err_has "well among the images in these directories"
run 1 "nothing is as relevant as that" "$there" --min-relevance 1 --filter 'name like "%bus%"'
run 0 "a sheet" "$there" --relevant --sheet found.png -q
[ -s found.png ]
ok "is drawn"

# ---- the cache

[ "$(ls "$kept" | wc -l)" -eq 1 ]
ok "one calibration is kept"
ls -i "$kept" >"$scratch/before"
run 0 "again" "$there" --relevant
ls -i "$kept" | cmp -s - "$scratch/before"
ok "it is not made again"
echo damaged >"$kept/$(ls "$kept")"
run 0 "a damaged one" "$there" --relevant --paths
cmp -s "$out" "$scratch/relevant"
ok "is made again: the same hits"
silent "$err" "without a word"
touch file
XDG_CACHE_HOME=$PWD/file run 0 "no place for it" "$there" --relevant --paths
cmp -s "$out" "$scratch/relevant"
ok "the same hits"
silent "$err" "without a word"
(unset HOME XDG_CACHE_HOME; "$program" --db "$XDG_DATA_HOME/clipsearch/clipsearch.db" "$there" --relevant --paths) >"$out" 2>"$err"
cmp -s "$out" "$scratch/relevant"
ok "without HOME too"

# ---- what has no relevance

usage "--relevant is for queries of text, but " --relevant --image "$source/examples/pictures/cat-snow.jpg"
usage "--min-relevance is for queries of text, but " --min-relevance 0.2 --like 3
usage "--relevant is for queries of text, but " --relevant dog + "$source/examples/pictures/cat-snow.jpg"
usage "--relevant is --min-relevance 0.5; give one of them" dog --relevant --min-relevance 0.2
usage "--min-relevance must be from 0 to 1" dog --min-relevance 1.5
usage "--min-relevance must be from 0 to 1" dog --min-relevance=-1
usage "--min-relevance must be a number, not \"much\"" dog --min-relevance much
run 0 "a sum of texts has" "a dog" + "snow" --min-relevance 0
run 0 "a few images" ingest -q --collection few "$source/examples/pictures/cat-snow.jpg" "$source/examples/pictures/dog-snow.jpg"
run 2 "are too few" dog --relevant --collection few
err_is "as is said" <<END
clipsearch: the collection few has too few images for relevance (2); it takes 10
END
run 0 "none" delete --collection few --filter true -y
run 1 "no image at all" dog --relevant --collection few
err_has "the collection few has no images yet"
run 1 "nor as JSON" "a dog" snow --collection few --json
json_is "an answer of each query, without hits" collection queries queries.0.query queries.0.hits queries.1.hits <<END
few
2
a dog
0
0
END
err_has "the collection few has no images yet"

# ---- the configuration file

mkdir -p "$XDG_CONFIG_HOME/clipsearch"
config=$XDG_CONFIG_HOME/clipsearch/config.yaml
echo "min_relevance: 0.5" >"$config"
run 0 "min_relevance in the configuration" "$there" --paths
cmp -s "$out" "$scratch/relevant"
ok "the hits of --relevant"
run 1 "what is not there" "$absent"
err_has "nothing in photos fits \"$absent\" well"
run 0 "--min-relevance counts more" "$absent" --min-relevance 0
run 0 "an image has none, and is searched for" --image "$source/examples/pictures/cat-snow.jpg"
run 0 "so is a sum with one" dog + "$source/examples/pictures/cat-snow.jpg"
run 0 "a few images" ingest -q --collection few "$source/examples/pictures/cat-snow.jpg"
run 0 "are searched without it" dog --collection few
silent "$err" "without a word"
for value in 2 -1 nan much .inf; do
    echo "min_relevance: $value" >"$config"
    run 2 "min_relevance: $value" dog
    err_has "config.yaml:1:16: min_relevance must be a number from 0 to 1, not \"$value\""
done
rm "$config"
echo "1..$count"
