#!/bin/sh
# SPDX-License-Identifier: MIT
# test_folders.sh - searches in folders, and advice about words that look like a mistake. Prints TAP.
# usage: test_folders.sh CLIPSEARCH JSON_CHECK
set -u
. "$CLIPSEARCH_SOURCE_ROOT/tests/cli/tap.sh"
json_check=$(absolute "$2")
set_up "$1"
ln -s "$source/weights/default" "$XDG_DATA_HOME/clipsearch/models/default"
examples=$source/examples/pictures
newline='new
line'
bytes=$(printf 'not \377 utf-8')

names() { # names WHAT ARGUMENTS...: the names of the images of query --paths are what comes on standard input
    what=$1
    shift
    cat >"$scratch/want"
    "$program" query -0 "$@" 2>"$err" </dev/null | tr '\n\0' '?\n' | sed 's|.*/||' | sort >"$out"
    cmp -s "$scratch/want" "$out"
    ok "$what"
}

# each file its own bytes: a copy of another would be stored all the same, but a name says more
mkdir -p p/a/deep p/ab 'p/q"uo\te%_' "p/$newline" "p/$bytes" elsewhere
i=0
for at in p/a/1 p/a/deep/2 p/ab/3 'p/q"uo\te%_/4' "p/$newline/5" "p/$bytes/6" p/a.jpg/7; do
    mkdir -p "$(dirname "$at")"
    i=$((i + 1))
    { cat "$examples/cat-snow.jpg"; echo $i; } >"$at.jpg"
done
run 0 "ingest" ingest p
names "a folder and those in it" --in p/a <<END
1.jpg
2.jpg
END
names "with a slash at the end, and by another way" --in ./elsewhere/..//p/./a/ <<END
1.jpg
2.jpg
END
names "an absolute path" --in "$(pwd -P)/p/ab" <<END
3.jpg
END
names "two folders" --in p/ab --in p/a/deep <<END
2.jpg
3.jpg
END
names "a name with characters of the filter language" --in 'p/q"uo\te%_' <<END
4.jpg
END
names "with a line feed" --in "p/$newline" <<END
5.jpg
END
names "that is not UTF-8" --in "p/$bytes" <<END
6.jpg
END
names "with a filter" --in p/a --filter 'name == "1.jpg" or name == "3.jpg"' <<END
1.jpg
END
ln -s ../p/a elsewhere/link
names "a link to it" --in elsewhere/link <<END
1.jpg
2.jpg
END
cd p/a/deep
names "the current directory" --here --db "$XDG_DATA_HOME/clipsearch/clipsearch.db" <<END
2.jpg
END
cd "$scratch/work"
mv p p-moved
names "a folder that is gone" --in p/a <<END
1.jpg
2.jpg
END
mv p-moved p
names "the root" --in / --filter 'name != "1.jpg"' <<END
2.jpg
3.jpg
4.jpg
5.jpg
6.jpg
7.jpg
END
run 0 "search --in" "a cat" --in p/ab --json
json_is "searches only there" queries.0.hits queries.0.hits.0.path <<END
1
SCRATCH/work/p/ab/3.jpg
END
run 1 "a folder without images" "a cat" --in elsewhere
err_has "nothing found among the images in these directories"
run 1 "query, too" query --in elsewhere
err_has "no image in the collection photos is in these directories"
run 2 "a wrong filter" query --in p --filter 'name = 3'
err_has "filter, column 6: expected ==, found ="
run 2 "a filter that would end the parentheses" query --in p/ab --filter 'true) or (true'
run 2 "--in without a folder" "a cat" --in ""

# ---- words that look like a mistake

run 0 "a folder among the words" elsewhere -k 1
err_is "one line of advice" <<END
clipsearch: searching for the words "elsewhere", which is also a directory; to search only in it: --in elsewhere
END
[ "$(wc -l <"$out")" -eq 1 ]
ok "and the search is done"
run 0 "an image among the words" p/a/1.jpg -k 1
err_is "one line of advice" <<END
clipsearch: "p/a/1.jpg" is an image file: searching by it, as with --image p/a/1.jpg; to search for the words, put them in double quotes inside the query: '"p/a/1.jpg"'
END
for missing in p/a/none.jpg ./none /none/of/these; do
    run 0 "a file that is not there" "$missing" -k 1
    err_is "one line of advice" <<END
clipsearch: there is no file "$missing"; searching for the words
END
done
run 0 "the same for embed" embed p/a/none.jpg
err_has 'there is no file "p/a/none.jpg"; it is encoded as words'
run 0 "words with a slash" "a red/blue car" -k 1
silent "$err" "need no advice"
run 0 "a word that is no command" config -k 1
err_has "the settings are shown by clipsearch config --show"
run 0 "an image in a query of several parts" p/a/1.jpg + dog -k 1
silent "$err" "needs no advice"
run 0 "words without quotes" a white dog -k 1
err_is "one line of advice" <<END
clipsearch: answering 3 queries, one for each word; for one query put the words in quotes
END
out_has "# white"
run 0 "a command with a typing error" injest elsewhere -k 1
err_is "one line of advice" <<END
clipsearch: searching for "injest"; the command is spelled ingest
END
for words in '"a white dog"' '"a dog" "a cat"' 'dog' '-q a white elsewhere' 'search --image p/a/1.jpg dog'; do
    eval "run 0 'no advice: $words' $words -k 1"
    silent "$err" "says nothing"
done

# ---- attributes that no image has

printf 'path,price,colour\n1.jpg,10,red\n' >shop.csv
printf 'collection: shop\nsources:\n  - {path: p/a, csv: {file: shop.csv}}\n' >shop.yaml
run 0 "images with attributes" ingest shop.yaml
run 1 "an attribute with a typing error" query --collection shop --filter 'prize < 100 and colour == "red"'
err_is "the one that is meant" <<END
clipsearch: no image in the collection shop passes the filter
clipsearch: no image in shop has the attribute "prize"; did you mean price?
END
run 1 "in a search" "a cat" --collection shop --filter 'attributes["size x"] == 1'
err_is "nothing is similar" <<END
clipsearch: nothing found among the images that pass the filter
clipsearch: no image in shop has the attribute "size x"
END
run 1 "an attribute that there is" query --collection shop --filter 'price > 100'
err_is "no advice" <<END
clipsearch: no image in the collection shop passes the filter
END
run 1 "fields are no attributes" query --collection shop --filter 'width > 100000'
[ "$(wc -l <"$err")" -eq 1 ]
ok "no advice"

# ---- the only collection

run 0 "a database with one collection" ingest -q p/a --db one.db --collection holidays
run 0 "it is used when none is named" "a cat" --db one.db -k 1
err_is "says so" <<END
clipsearch: there is no collection photos; using holidays, the only one
END
run 0 "query, too" query --db one.db -q
silent "$err" "-q says nothing"
run 5 "not when another is named" "a cat" --db one.db --collection photos
run 5 "nor to delete" delete --db one.db 1
run 0 "a second collection" ingest -q p/ab --db one.db --collection more
run 5 "then one must be named" "a cat" --db one.db
err_has "there are: holidays, more"

# ---- where the settings come from

mkdir -p "$XDG_CONFIG_HOME/clipsearch"
printf 'k: 7\nmodel: default\n' >"$XDG_CONFIG_HOME/clipsearch/config.yaml"
CLIPSEARCH_THREADS=2
export CLIPSEARCH_THREADS
run 0 "config --show" config --show --collection pets
out_is "each with its place" <<END
database       SCRATCH/data/clipsearch/clipsearch.db  (default)
collection     pets  (--collection)
model          default  (SCRATCH/config/clipsearch/config.yaml)
k              7  (SCRATCH/config/clipsearch/config.yaml)
threads        2  (CLIPSEARCH_THREADS in the environment)
precision      auto  (default)
decode         exact  (default)
cpu            all that there is  (default)
min_relevance  all hits are shown  (default)
token_file     none  (default)
ca             the system's authorities  (default)
consistency    bounded  (default)
END
run 0 "as JSON" config --show --json
json_is "the same" database.from collection.value collection.from k.value k.from threads.from cpu.from <<END
default
photos
default
7
configuration file
environment
default
END
unset CLIPSEARCH_THREADS
printf 'min_relevance: 0.25\ntoken_file: token\nca: /tmp/ca.pem\nconsistency: strong\n' \
    >"$XDG_CONFIG_HOME/clipsearch/config.yaml"
run 0 "what servers are reached with" config --show --json
json_is "is shown too" min_relevance.value min_relevance.from token_file.value token_file.from ca.value ca.from \
    consistency.value consistency.from <<END
0.25
configuration file
SCRATCH/config/clipsearch/token
configuration file
/tmp/ca.pem
configuration file
strong
configuration file
END
export CLIPSEARCH_MILVUS_TOKEN=root:secret CLIPSEARCH_MILVUS_CA=other.pem
run 0 "the environment and an option" config --show --consistency eventually
out_has "token_file     not read: a token is given  (CLIPSEARCH_MILVUS_TOKEN in the environment)"
out_has "ca             other.pem  (CLIPSEARCH_MILVUS_CA in the environment)"
out_has "consistency    eventually  (--consistency)"
! grep -q secret "$out"
ok "no token is shown"
unset CLIPSEARCH_MILVUS_TOKEN CLIPSEARCH_MILVUS_CA
rm "$XDG_CONFIG_HOME/clipsearch/config.yaml"
run 0 "without the option it is a word to search for" config -q -k 1

# ---- delete by directory and period

run 0 "a collection to delete from" ingest -q p --collection spare
usage "--in and numbers of images exclude each other" delete --collection spare --in p/a 1
usage "--until and numbers of images exclude each other" delete --collection spare --until 2024 1
usage "nothing to delete was given; give --in, --filter or the numbers of images" delete --collection spare
run 1 "a directory without images" delete --collection spare --in elsewhere
run 1 "a period in which none was taken" delete --collection spare --until 1990
run 0 "a directory" delete --collection spare --in elsewhere/link
out_is "and those in it" <<END
Removed 2 images from spare
END
silent "$err" "nothing is said of what was ingested above it"
run 0 "a directory and a filter" delete --collection spare --in p/ab --in p/a.jpg --filter 'name == "3.jpg"'
names "what is left" --collection spare <<END
4.jpg
5.jpg
6.jpg
7.jpg
END
run 2 "all that is left, unasked" delete --collection spare --in p
err_has "this is all images of spare: 4; nobody can be asked here, so this needs --yes"
cd p/a.jpg
run 0 "the current directory" delete --collection spare --here
cd "$scratch/work"
run 0 "all that is left" delete --collection spare --in p --yes
out_is "is removed" <<END
Removed 3 images from spare
END
err_is "that update ingests them again is said" <<END
clipsearch: SCRATCH/work/p is remembered, and the next update ingests it again; to forget it, run: clipsearch update spare --forget SCRATCH/work/p
END

# ---- paths that are not UTF-8

names "a name of bytes" --in "p/$bytes" <<END
6.jpg
END
run 0 "as JSON" query --in "p/$bytes" --json
[ "$(sed 's/.*"path_b64":"\([^"]*\)".*/\1/;t;d' "$out" | base64 -d)" = "$scratch/work/p/$bytes/6.jpg" ]
ok "path_b64 has its bytes"
run 0 "a path that is UTF-8" query --in p/ab --json
! grep -q path_b64 "$out"
ok "has none"

echo "1..$count"
