#!/bin/sh
# SPDX-License-Identifier: MIT
# test_remodel.sh - ingest --remodel: a collection encoded anew with another model, interrupted in every way. Prints TAP.
# usage: test_remodel.sh CLIPSEARCH JSON_CHECK WITH_SIGNALS
set -u
. "$CLIPSEARCH_SOURCE_ROOT/tests/cli/tap.sh"
json_check=$(absolute "$2") with_signals=$(absolute "$3")
child=
clean_up() {
    [ -z "$child" ] || kill "$child" 2>/dev/null
    rm -rf "$scratch"
}
set_up "$1"
tiny=$source/tests/data/clip-tiny/hf
network=$source/tests/data/cnn-tiny/resnet50

# two models of 24 numbers whose vectors differ, and a network
cp -r "$tiny" one && chmod -R u+w one
"$program" model convert "$tiny" --to two --type f16 -q 2>/dev/null
sed -i 's/quick_gelu/gelu/' two/config.json

images() { # images DIRECTORY COUNT: the example images over and over
    mkdir -p "$1"
    left=$2 round=0
    while [ "$left" -gt 0 ]; do
        for image in "$source"/examples/pictures/red-bus-blue.jpg "$source"/examples/pictures/cat-snow.jpg \
            "$source"/examples/pictures/[a-h]*.jpg; do
            [ "$image" != "$source/examples/pictures/cat-snow.jpg" ] || [ ! -e "$1/$round-cat-snow.jpg" ] || continue
            [ "$left" -gt 0 ] || break
            cp "$image" "$1/$round-$(basename "$image")"
            left=$((left - 1))
        done
        round=$((round + 1))
    done
}
rows() { # everything of the images but their vectors
    "$program" query --gone --json "$@" 2>>"$err"
}
model_of() { "$program" collections "$@" 2>>"$err" | cut -f 4; }
is_of() { # is_of MODEL ARGUMENTS...: the collection's model
    want=$1
    shift
    [ "$(model_of "$@")" = "$want" ]
    ok "the model is $want"
}

images pictures 40
run 0 "ingest with one model" ingest --model ./one pictures
run 0 "attributes written later" label --labels dog,cat,bus --write thing
rows >"$scratch/rows"
"$program" "a red bus" >"$scratch/before" 2>"$err"

# ---- another model is refused, with the command that helps

run 4 "ingest with another model" ingest --model ./two pictures
err_has "To encode the collection anew with this model, run: clipsearch ingest --remodel --model ./two"
err_has "To keep both, put the images into another collection with --collection NAME"
run 0 "another database" ingest --db other.db --collection c --model ./one pictures -q
run 4 "the whole command" ingest --db other.db --collection c --model ./two pictures
err_has "clipsearch ingest --remodel --db other.db --collection c --model ./two"

# ---- it is done

run 0 "how many" ingest --remodel --model ./two --dry-run
out_is "would be encoded" <<END
Would encode 40 images of photos anew with two in T
END
is_of one
run 0 "remodel" ingest --remodel --model ./two
out_is "all of them" <<END
Encoded 40 images of photos anew with two in T
END
err_is "what is said before" <<END
clipsearch: encoding the images of photos anew with two; until all are done, searches use one
END
is_of two
rows >"$scratch/after"
cmp -s "$scratch/rows" "$scratch/after"
ok "numbers, paths and attributes are as before"
"$program" ingest --db fresh.db --model ./two pictures >/dev/null 2>&1
"$program" -k 40 --db fresh.db "a red bus" >"$scratch/fresh" 2>"$err"
run 0 "search" -k 40 "a red bus"
cmp -s "$out" "$scratch/fresh"
ok "finds what a new collection of that model finds, with the same scores"
run 0 "ingest again" ingest pictures
out_has "40 unchanged"
run 0 "check" check
out_has "photos: 40 images, sound"
run 0 "remodel once more" ingest --remodel --model ./two
out_is "has nothing to do" <<END
photos is encoded with two already
END
run 0 "and quietly back" ingest --remodel --model ./one -q
silent "$out" "nothing is said"
silent "$err" "at all"
"$program" "a red bus" 2>"$err" | cmp -s - "$scratch/before"
ok "to the same results"
run 0 "vacuum" vacuum
[ "$(sqlite3 "$XDG_DATA_HOME/clipsearch/clipsearch.db" 'SELECT (SELECT count(*) FROM new_vectors) + (SELECT count(*) FROM remodels)' 2>/dev/null || echo 0)" = 0 ]
ok "nothing is left behind"

# with images to ingest, progress as JSON, the model of new collections
mkdir more && cp "$source/examples/pictures/sailboat-sea.jpg" "$source/examples/pictures/two-red-cars.jpg" more/
run 0 "how many both are" ingest --remodel --model "$network" --metric l2 --precision int8 more --dry-run
out_has "Would encode 40 images of photos anew with resnet50"
out_has "Would insert 2 images into photos"
silent "$err" "nothing is wrong"
is_of one
run 0 "remodel and ingest" ingest --remodel --model ./two more
out_has "Encoded 40 images of photos anew with two"
out_has "Inserted 2 images into photos"
run 0 "use a model" model use ./one
out_has "To encode photos anew with it, run: clipsearch ingest --remodel --model $scratch/work/one"
"$program" ingest --remodel --progress json 2>"$err" >"$out"
ok "it is what --remodel uses"
tail -n 1 "$err" | "$json_check" phase exit replaced >"$scratch/values"
printf 'done\n0\n42\n' | cmp -s - "$scratch/values"
ok "progress as JSON"
is_of one
run 0 "and no more" model use default

# ---- what cannot be

run 4 "a model that is not there" ingest --remodel --model nosuch
is_of one
run 5 "a collection that is not there" ingest --remodel --collection none --model ./two
run 5 "a database that is not there" ingest --remodel --db none.db --model ./two
[ ! -e none.db ]
ok "is not made"
cp -r two broken && head -c 3000 two/model.safetensors >broken/model.safetensors
run 4 "a model that is cut short" ingest --remodel --model ./broken
run 2 "an option's value" ingest --remodel=no --model ./two
is_of one

# ---- images that are gone or damaged

rm pictures/0-red-bus-blue.jpg
damaged=more/sailboat-sea.jpg
cp "$damaged" kept.jpg && head -c 700 kept.jpg >"$damaged"
run 3 "remodel" ingest --remodel --model ./two
out_is "but for these" <<END
Encoded 40 images of photos anew with two (1 gone, 1 skipped) in T
END
err_has "the file of 1 image is gone:"
err_has "  $scratch/work/pictures/0-red-bus-blue.jpg"
err_has "$damaged"
err_has "these images keep their attributes, and are left out of results until the next ingestion finds their files"
is_of two
rows --filter 'name == "0-red-bus-blue.jpg"' | "$json_check" items.0.gone items.0.attributes.thing >"$scratch/values"
[ "$(head -n 1 "$scratch/values")" = true ] && [ "$(sed -n 2p "$scratch/values")" != null ]
ok "the one that is gone keeps its attributes"
run 0 "a search" -k 100 "a red bus"
[ "$(wc -l <"$out")" -eq 40 ] && ! grep -q '0-red-bus-blue' "$out"
ok "leaves both out"
run 0 "with --gone" -k 100 --gone "a red bus"
[ "$(wc -l <"$out")" -eq 40 ]
ok "too: they have no vector, so no score"
run 0 "and with a filter" -k 100 --gone --filter 'size > 0' "a red bus"
[ "$(wc -l <"$out")" -eq 40 ]
ok "too"
run 0 "query --gone" query --gone
[ "$(wc -l <"$out")" -eq 42 ]
ok "lists them"
cp "$source/examples/pictures/red-bus-blue.jpg" pictures/0-red-bus-blue.jpg
cp kept.jpg "$damaged"
run 0 "their files are back" ingest pictures more
out_has "2 back"
run 0 "a search" -k 100 "a red bus"
[ "$(wc -l <"$out")" -eq 42 ] && grep -q '0-red-bus-blue' "$out"
ok "finds them again"
"$program" -k 1 "a red bus" 2>"$err" >"$scratch/best"
"$program" -k 1 --db fresh.db "a red bus" 2>"$err" | cmp -s - "$scratch/best"
ok "with vectors of the new model"
run 0 "--on-bad skip" ingest --remodel --model ./one -q --on-bad skip
mv pictures away
run 3 "many that are gone" ingest --remodel --model ./two
err_has "40 of 42 images are not there: a disk may not be mounted. The collection photos keeps its model; what was encoded is kept too"
err_has "or, to do without them, with --remodel=force"
is_of one
mv away pictures
run 0 "when they are back" ingest --remodel --model ./two
out_has "(2 by an earlier run)"
mv pictures away
run 0 "by force" ingest --remodel=force --model ./one
out_has "(40 gone)"
is_of one
run 0 "a search" -k 100 "a red bus"
[ "$(wc -l <"$out")" -eq 2 ]
ok "finds the rest"
run 0 "with --gone" --gone -k 100 "a red bus"
[ "$(wc -l <"$out")" -eq 2 ]
ok "too"
run 0 "and an exact search" --exact --gone -k 100 "a red bus"
[ "$(wc -l <"$out")" -eq 2 ]
ok "finds the rest"
mv away pictures
run 0 "and all of them" ingest pictures
out_has "40 back"
"$program" -k 40 --in pictures "a red bus" 2>"$err" >"$scratch/found"
[ "$(wc -l <"$scratch/found")" -eq 40 ]
ok "when they are back"
if [ "$(id -u)" -ne 0 ]; then
    chmod 0 pictures/0-red-bus-blue.jpg
    run 3 "a file that may not be read" ingest --remodel --model ./two
    err_has "1 images could not be read. The collection photos keeps its model"
    is_of one
    chmod 644 pictures/0-red-bus-blue.jpg
fi

# ---- a model for images only

run 0 "a network" ingest --remodel --model "$network"
err_has "resnet50 encodes images only: then photos can be searched by images, but not by texts"
"$program" info --json 2>"$err" | "$json_check" collections.0.dim collections.0.metric >"$scratch/values"
printf '24\nl2\n' | cmp -s - "$scratch/values"
ok "the collection has its metric"
run 0 "images are searched for" --with-self -k 1 --image pictures/0-red-bus-blue.jpg
out_has "red-bus-blue.jpg"
run 2 "texts are not" "a red bus"
err_has "makes vectors of images only and cannot read texts"
run 0 "and back" ingest --remodel --model ./one
"$program" "a red bus" >"$out" 2>"$err"
ok "texts too"

# ---- a YAML file

cat >photos.yaml <<END
database: yaml.db
model: ./one
sources: [pictures]
END
run 0 "ingest a file" ingest photos.yaml
sed -i 's|./one|./two|' photos.yaml
run 4 "another model in it" ingest photos.yaml
err_has "To encode the collection anew with this model, run: clipsearch ingest --remodel"
echo "remodel: true" >>photos.yaml
run 0 "with remodel: true" ingest photos.yaml
out_has "Encoded 40 images of photos anew with two"
out_has "40 unchanged"
is_of two --db yaml.db
sed -i 's|./two|./one|' photos.yaml
run 0 "update" update --db yaml.db
is_of one --db yaml.db
run 0 "once more" update --db yaml.db
grep -q Encoded "$out"
[ $? -ne 0 ]
ok "does nothing"
sed '/^model/d' photos.yaml >no-model.yaml
run 2 "remodel without model" ingest no-model.yaml
err_has "no-model.yaml:3:10: remodel needs the key model"
rm yaml.db
run 0 "a collection that is new" ingest photos.yaml
out_has "Inserted 40 images"

# ---- interrupted

images many 600
run 0 "many images" ingest --db many.db --model ./one many -q
"$program" --db many.db -k 600 "a red bus" >"$scratch/before" 2>"$err"
rows --db many.db >"$scratch/rows"
"$program" ingest --db many-two.db --model ./two many -q >"$out" 2>"$err"
"$program" --db many-two.db -k 600 "a red bus" >"$scratch/fresh" 2>"$err"
as_before() {
    "$program" --db many.db -k 600 "a red bus" 2>>"$err" | cmp -s - "$scratch/before"
    ok "$1: the old vectors answer"
}
begun() { "$program" info --db many.db --json 2>/dev/null | "$json_check" collections.0.remodel.done 2>/dev/null || true; }
stop_in_the_middle() { # stop_in_the_middle SIGNAL [BEFORE]: a remodel that has stored ten vectors more than BEFORE
    "$with_signals" "$program" ingest --db many.db --remodel --model ./two --batch 2 --threads 1 >"$out" 2>"$err" &
    child=$!
    tries=0
    begun_at_first=${2:-0}
    while done=$(begun) && [ "${done:-0}" -lt $((begun_at_first + 10)) ] && [ $tries -lt 400 ]; do tries=$((tries + 1)); done
    kill "-$1" $child
    wait $child 2>/dev/null
    status_of_child=$?
    child=
}
stop_in_the_middle INT
[ $status_of_child -eq 130 ]
ok "Ctrl-C"
err_has "the vectors of the old model are used until another run has encoded the rest"
as_before "Ctrl-C"
first=$(begun)
[ "$first" -ge 10 ] && [ "$first" -lt 600 ]
ok "some are done"
run 0 "info says so" info --db many.db
out_has "remodel    $first of 600 images are encoded anew with two"
stop_in_the_middle KILL "$first"
as_before "a killed process"
second=$(begun)
[ "$second" -gt "$first" ] && [ "$second" -lt 600 ]
ok "it went on from where it was"
run 0 "an ordinary ingestion meanwhile" ingest --db many.db many
out_has "600 unchanged"
other() { { cat "$1" && printf '%s' "$3"; } >"$2"; } # another file with the same image
other pictures/0-red-bus-blue.jpg many/new.jpg x
other pictures/0-cat-snow.jpg many/0-red-bus-blue.jpg y
run 0 "one with a new and a changed image" ingest --db many.db many
out_has "Inserted 1 image into photos (1 replaced, 599 unchanged)"
"$program" --db many.db -k 600 "a red bus" >"$scratch/before" 2>"$err"

# full disks: with a little more room each time, until there is enough
size=$(wc -c <many.db | tr -d ' ')
limit=$((size / 512 - 100))
failed=0
while :; do
    ( trap '' XFSZ; ulimit -f $limit; "$program" ingest --db many.db --remodel --model ./two --batch 16 >"$out" 2>"$err" )
    code=$?
    [ $code -ne 0 ] || break
    failed=$((failed + 1))
    [ $code -eq 5 ] && [ "$(model_of --db many.db)" = one ] || break
    [ $failed -lt 200 ] || break
    limit=$((limit + 32))
done
[ $code -eq 0 ] && [ $failed -gt 0 ]
ok "a full disk, $failed times: exit 5, the model is the old one; then it is done"
is_of two --db many.db
"$program" ingest --db many-two.db many -q >"$out" 2>"$err"
"$program" --db many-two.db -k 601 "a red bus" >"$scratch/fresh" 2>"$err"
run 0 "a search" --db many.db -k 601 "a red bus"
sort "$out" >"$scratch/a" && sort "$scratch/fresh" | cmp -s - "$scratch/a"
ok "all vectors are of the new model, also of what came meanwhile"
run 0 "check" check --db many.db
out_has "photos: 601 images, sound"

# ---- two at once

"$program" ingest --db many.db --remodel --model ./one --batch 2 --threads 1 >"$scratch/other" 2>"$scratch/other-err" &
child=$!
tries=0
while [ -z "$(begun)" ] && [ $tries -lt 400 ]; do tries=$((tries + 1)); done
run 0 "a second one" ingest --db many.db --remodel --model ./one
err_has "is ingesting into photos; waiting until it has finished"
out_has "photos is encoded with one already"
wait $child
ok "the first ends well"
child=
grep -q "Encoded 601 images of photos anew with one" "$scratch/other"
ok "and did it all"
"$program" ingest --db many.db --remodel --model ./two --batch 2 --threads 1 >"$scratch/other" 2>"$scratch/other-err" &
child=$!
tries=0
while [ -z "$(begun)" ] && [ $tries -lt 400 ]; do tries=$((tries + 1)); done
other pictures/0-cat-snow.jpg many/newer.jpg z
run 0 "an ingestion meanwhile" ingest --db many.db many
err_has "is ingesting into photos; waiting until it has finished"
out_has "Inserted 1 image into photos"
wait $child
child=
is_of two --db many.db
"$program" ingest --db many.db --remodel --model ./one --batch 2 --threads 1 >"$scratch/other" 2>"$scratch/other-err" &
child=$!
tries=0
while [ -z "$(begun)" ] && [ $tries -lt 400 ]; do tries=$((tries + 1)); done
run 4 "one that was told the old model" ingest --db many.db --model ./two many
err_has "To encode the collection anew with this model, run: clipsearch ingest --remodel --db many.db --model ./two"
wait $child
child=

# ---- a third model, and giving up

stop_in_the_middle INT
run 0 "a third model" ingest --db many.db --remodel --model "$tiny"
grep -q "by an earlier run" "$out"
[ $? -ne 0 ]
ok "begins anew"
run 0 "one again" ingest --db many.db --remodel --model ./one -q
stop_in_the_middle INT
[ -n "$(begun)" ]
ok "something is begun"
run 0 "with the collection's own model" ingest --db many.db --remodel --model ./one
[ -z "$(begun)" ]
ok "it is given up"

# ---- a watch meanwhile

mkdir watched && cp pictures/0-cat-snow.jpg watched/a.jpg
"$program" ingest --db watch.db --model ./one watched -q >"$out" 2>"$err"
"$with_signals" "$program" ingest --db watch.db --watch watched >"$scratch/watch" 2>"$scratch/watch-err" &
child=$!
tries=0
while ! grep -q "watching for changes" "$scratch/watch-err" && [ $tries -lt 100 ]; do sleep 0.1; tries=$((tries + 1)); done
run 0 "remodel what is watched" ingest --db watch.db --remodel --model ./two
cp pictures/0-red-bus-blue.jpg watched/b.jpg
tries=0
while ! grep -q "Inserted 1 image" "$scratch/watch" && [ $tries -lt 100 ]; do sleep 0.1; tries=$((tries + 1)); done
grep -q "Inserted 1 image" "$scratch/watch"
ok "the watch takes the next image"
kill -INT $child
wait $child 2>/dev/null
child=
is_of two --db watch.db
run 0 "a search" --db watch.db -k 2 "a red bus"
[ "$(wc -l <"$out")" -eq 2 ]
ok "both are there"

# ---- the index file

images large 2100
run 0 "a collection with an index" ingest --db large.db --model ./one large -q
[ -s large.db.photos.hnsw ]
ok "its file"
cp large.db.photos.hnsw old.hnsw
run 0 "remodel" ingest --db large.db --remodel --model ./two -q
"$program" collections --db large.db --json 2>"$err" | "$json_check" 0.index.written >"$scratch/values"
[ "$(cat "$scratch/values")" = true ] && ! cmp -s old.hnsw large.db.photos.hnsw
ok "a new one is written"
run 0 "check" check --db large.db
out_has "photos: 2,100 images, sound"
"$program" --db large.db -k 10 "a red bus" >"$scratch/graph" 2>"$err"
silent "$err" "it is used"
"$program" --db large.db -k 10 --exact "a red bus" 2>"$err" | cut -c 1-5 >"$scratch/exact"
cut -c 1-5 "$scratch/graph" | cmp -s - "$scratch/exact"
ok "and finds what an exact search finds"
cp old.hnsw large.db.photos.hnsw
run 0 "the old file in its place" --db large.db -k 10 "a red bus"
err_has "searching all of photos exactly"
cut -c 1-5 "$out" | cmp -s - "$scratch/exact"
ok "is not used"

echo "1..$count"
