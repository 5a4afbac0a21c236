#!/bin/sh
# SPDX-License-Identifier: MIT
# test_vectors.sh - vectors out of one database and into another: export, import of our files and of clip-retrieval's, merge,
# shards, and bad input of each kind. Prints TAP.
# usage: test_vectors.sh CLIPSEARCH JSON_CHECK WITH_SIGNALS
set -u
. "$CLIPSEARCH_SOURCE_ROOT/tests/cli/tap.sh"
json_check=$(absolute "$2")
set_up "$1"
ln -s "$source/weights/default" "$XDG_DATA_HOME/clipsearch/models/default"
data=$source/tests/data/vectors
mkdir photos
for name in cat-snow dog-snow black-dog-snow house-snow cat-room two-red-cars white-dog-grass; do
    cp "$source/examples/pictures/$name".* photos/ 2>/dev/null
done
cat >photos.yaml <<END
collection: photos
sources:
  - path: photos
    attributes: {kind: "say \"hello, world\"", year: 2024}
END
run 0 "ingest" ingest photos.yaml -q
total=$("$program" query --paths | wc -l)

answers() { # answers DB WHAT...: scores and paths, in $scratch/WHAT
    db=$1
    shift
    for query in "a white dog" "a cat in the snow" "two red cars"; do
        "$program" --db "$db" -k 20 "$query" 2>>"$err"
    done >"$scratch/$1"
}
same() { # same WHAT: $scratch/a and $scratch/b
    [ -s "$scratch/a" ] && cmp -s "$scratch/a" "$scratch/b"
    ok "$1"
}
has_no_file() { [ ! -e "$1" ]; ok "there is no file ${2:-$1}"; }
first_db=$XDG_DATA_HOME/clipsearch/clipsearch.db
answers "$first_db" a

# ---- export

usage "nothing to write was given; give --vectors FILE.npy, --meta FILE.jsonl or both" export
usage "x.parquet: vectors are written as .npy; --meta writes the table" export --vectors x.parquet
usage "vectors cannot be written to standard output; name a file" export --vectors -
run 5 "export of no collection" export --collection nosuch --meta x.jsonl
has_no_file x.jsonl
run 1 "a filter that nothing matches" export --meta x.jsonl --filter 'year == 1'
has_no_file x.jsonl
run 0 "export" export --vectors x.npy --meta y.jsonl
out_has "Exported $total images of photos, vectors of 512 numbers"
[ "$(wc -c <x.npy)" -eq $((128 + total * 512 * 4)) ] && head -c 128 x.npy | grep -aq "'shape': ($total, 512)"
ok "x.npy has a row of 512 floats for each image"
head -n 1 y.jsonl >"$out"
json_is "a line of y.jsonl" path attributes.kind attributes.year width height <<END
SCRATCH/work/photos/black-dog-snow.jpg
say "hello, world"
2024
224
224
END
run 0 "float16" export --vectors half.npy --type f16
[ "$(wc -c <half.npy)" -eq $((128 + total * 512 * 2)) ]
ok "half.npy is half as large"
run 0 "CSV" export --meta y.csv -q
head -n 1 y.csv | grep -qxF 'id,path,path_b64,size,mtime_ns,hash,width,height,gone,attributes'
ok "y.csv begins with the names of its columns"
run 0 "to standard output, with a filter" export --meta - --filter 'name like "two-%"'
[ "$(wc -l <"$out")" -eq 1 ]
ok "one line"
err_has "Exported 1 image of photos"
run 3 "into a directory that is not there" export --meta no/y.jsonl
echo old >kept.jsonl
run 2 "a wrong filter" export --meta kept.jsonl --filter 'year <'
grep -qx old kept.jsonl
ok "an older file stays when nothing is written"

# ---- there and back again

run 0 "import" import --db b.db --model default --vectors x.npy --meta y.jsonl
out_has "Imported $total vectors into photos"
answers b.db b
same "the same scores and paths for three queries"
"$program" query --json | sed 's/"id":[0-9]*,//' >"$scratch/a"
"$program" query --db b.db --json | sed 's/"id":[0-9]*,//' >"$scratch/b"
same "the same attributes and sizes"
run 0 "export again" export --db b.db --vectors x2.npy --meta y2.jsonl -q
cmp -s x.npy x2.npy && cmp -s y.jsonl y2.jsonl
ok "both files are the same, byte for byte"
run 0 "ingest finds nothing to do" ingest --db b.db photos --dry-run
out_has "Would insert 0 images into photos ($total unchanged)"
run 0 "import again" import --db b.db --model default --vectors x.npy --meta y.jsonl
out_has "($total of them replaced others of their path)"
[ "$("$program" query --db b.db --paths | wc -l)" -eq "$total" ]
ok "nothing is there twice"
answers "$first_db" a
run 0 "without a model" import --db none.db --vectors x.npy --meta y.jsonl -q
run 0 "its images are encoded with one" ingest --remodel --db none.db --model default
err_has "until all are done, searches use the vectors that there are"
run 0 "with a table in CSV" import --db c.db --model default --vectors x.npy --meta y.csv -q
answers c.db b
same "CSV: the same answers"
run 0 "export as Parquet" export --meta y.parquet -q
run 0 "with a table in Parquet" import --db parquet.db --model default --vectors x.npy --meta y.parquet -q
answers parquet.db b
same "Parquet: the same answers"
run 0 "exported once more" export --db parquet.db --meta y3.jsonl -q
cmp -s y.jsonl y3.jsonl
ok "Parquet keeps every field"
run 0 "a filter on its attributes" query --db c.db --filter 'year == 2024 and kind == "say \"hello, world\""' --paths
[ "$(wc -l <"$out")" -eq "$total" ]
ok "finds all"
run 0 "float16" import --db h.db --model default --vectors half.npy --meta y.jsonl -q
"$program" --db h.db -k 1 "two red cars" >"$out" 2>"$err"
grep -q 'two-red-cars.jpg$' "$out"
ok "float16: the nearest is the same"
mkdir odd
cp photos/cat-snow.jpg "odd/$(printf 'a\377b').jpg" 2>/dev/null
if [ "$(ls odd | wc -l)" -eq 1 ]; then
    "$program" ingest --db odd.db odd -q 2>"$err" && "$program" export --db odd.db --vectors odd.npy --meta odd.jsonl -q 2>>"$err" &&
        "$program" import --db odd2.db --model default --vectors odd.npy --meta odd.jsonl -q 2>>"$err"
    ok "a path that is not UTF-8 goes there and back"
    "$program" query --db odd.db -0 >"$scratch/a"
    "$program" query --db odd2.db -0 >"$scratch/b"
    same "as the same bytes"
fi

# ---- what clip-retrieval writes

run 0 "a directory of clip-retrieval" import --db r.db "$data/clip-retrieval"
out_has "Imported 20 vectors into photos"
run 0 "its items" query --db r.db --json --filter 'caption == "caption 3 of part 1"'
json_is "path, size and attributes" items.0.path items.0.width items.0.height items.0.attributes.key <<END
/data/1/000000003.jpg
259
256
000010003
END
run 0 "searched by an item" search --db r.db --like 20 -k 3 --paths
[ "$(wc -l <"$out")" -eq 3 ]
ok "three answers"
run 0 "the vectors of its captions" import --db r.db --collection texts --texts "$data/clip-retrieval" -q
run 4 "a model that makes other vectors" import --db r.db --collection other --model default "$data/clip-retrieval"
err_has "img_emb_0.npy: vectors of 8 numbers, but those of the model default have 512; it has not made them"
run 4 "into a collection of other vectors" import --db b.db "$data/clip-retrieval"
run 3 "another directory" import --db r.db photos
err_has "photos: there is no directory img_emb in it, which clip-retrieval writes."
mkdir -p half-there/img_emb
cp "$data/clip-retrieval/img_emb/img_emb_0.npy" half-there/img_emb/
run 3 "vectors without a table" import --db r.db half-there
err_has "there is no half-there/metadata/metadata_0.parquet"

# ---- bad input: nothing is stored

usage "nothing to import was given;" import
usage "there are 1 --vectors and 2 --meta; each file of vectors needs its own" import --vectors a --meta b --meta c
usage "a directory and --vectors or --meta exclude each other" import photos --vectors a
usage "--texts is for a directory that clip-retrieval wrote" import --vectors a --texts
run 3 "no such file" import --db n.db --vectors nosuch.npy
run 3 "not an array" import --db n.db --vectors y.jsonl
err_has "y.jsonl: not a .npy file"
run 3 "an array of another kind" import --db n.db --vectors "$data/big-endian.npy"
err_has "numpy.save(FILE, array.astype('<f4'))"
head -c 3000 x.npy >cut.npy
run 3 "an array that is cut off" import --db n.db --vectors cut.npy --meta y.jsonl
err_has "is it complete?"
head -n 3 y.jsonl >short.jsonl
run 3 "too few rows" import --db n.db --vectors x.npy --meta short.jsonl
err_has "x.npy has $total vectors, and short.jsonl has 3 rows; do they belong together?"
cat y.jsonl short.jsonl >long.jsonl
run 3 "too many rows" import --db n.db --vectors x.npy --meta long.jsonl
err_has "long.jsonl has more than $total rows"
{ head -n 4 y.jsonl && echo '{"path":' && tail -n +6 y.jsonl; } >broken.jsonl
run 3 "a broken line" import --db n.db --vectors x.npy --meta broken.jsonl
err_has "broken.jsonl: line 5"
sed 's/"path"/"place"/' y.jsonl >unnamed.jsonl
run 3 "rows that name no image" import --db n.db --vectors x.npy --meta unnamed.jsonl
err_has "unnamed.jsonl: row 1: nothing names the image"
has_no_file n.db "of all these imports"
run 0 "another field as the path" import --db p.db --path-field place --vectors x.npy --meta unnamed.jsonl -q
run 4 "a model that is not there" import --db n.db --model clip-vit-b32 --vectors x.npy --meta y.jsonl
err_has "clipsearch model fetch clip-vit-b32"
{
    printf '\223NUMPY\001\000\166\000'
    printf "%-117s\n" "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 512), }"
    head -c 2048 /dev/zero
    tail -c 2048 x.npy
    head -c 2048 /dev/zero | tr '\0' '\377'
} >bad.npy
run 3 "a vector of zeros and one of NaNs" import --db z.db --vectors bad.npy --meta short.jsonl
err_has "bad.npy: row 1 is left out: its vector is zero, which has no direction"
err_has "bad.npy: row 3 is left out: its vector has a NaN or an infinity"
out_has "Imported 1 vector into photos"
{
    printf '\223NUMPY\001\000\166\000'
    printf "%-117s\n" "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 512), }"
    head -c 2048 /dev/zero
    tail -c 2048 x.npy
    head -c 2048 /dev/zero | tr '\0' '\177'
} >huge.npy
run 3 "a vector of the largest numbers" import --db ip.db --metric ip --vectors huge.npy --meta short.jsonl
err_has "huge.npy: row 3 is left out: its vector is too long to be compared with others"
out_has "Imported 2 vectors into photos"
{
    printf '\223NUMPY\001\000\166\000'
    printf "%-117s\n" "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }"
    printf '\000\340\177\107\000\340\177\307\000\000\200\077\000\360\177\107' # 65504, -65504, 1, 65520
} >halves.npy
run 0 "numbers that a half cannot hold" import --db halves.db --metric l2 --vectors halves.npy -q
usage "--type f16 holds numbers up to 65,504, and the vector of image 2 has a larger one; export it as f32" \
    export --db halves.db --vectors halves2.npy --type f16
has_no_file halves2.npy
run 0 "the largest is one" export --db halves.db --vectors halves2.npy --type f16 --filter 'id == 1'
run 3 "a cosine knows no length, but zeros" import --db cosine.db --vectors huge.npy -q --meta short.jsonl
run 0 "without a table" import --db t.db --vectors x.npy -q
run 0 "rows are named after the file" query --db t.db --paths -k 1
grep -q 'x.npy#0$' "$out"
ok "x.npy#0"

# ---- attributes of many values

{
    printf '\223NUMPY\001\000\166\000'
    printf "%-117s\n" "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 512), }"
    tail -c 2048 x.npy
} >one.npy
awk 'BEGIN { printf "{\"path\":\"/many\",\"l\":["; for (i = 0; i < 150000; i++) printf "%d,", i % 10; print "7]}" }' >many.jsonl
run 0 "a list of 150,001 numbers" import --db many.db --vectors one.npy --meta many.jsonl
run 0 "as JSON" query --db many.db --json
json_is "it is whole" items.0.attributes.l.149999 items.0.attributes.l.150000 <<END
9
7
END
run 0 "as text" get --db many.db 1
grep -q "    l: 0, 1, 2" "$out"
ok "it is printed"
run 0 "exported" export --db many.db --meta many2.jsonl -q
run 0 "and imported again" import --db many2.db --vectors one.npy --meta many2.jsonl -q

# ---- the index cannot be written

{
    printf '\223NUMPY\001\000\166\000'
    printf "%-117s\n" "{'descr': '<f4', 'fortran_order': False, 'shape': (2100, 2), }"
    awk 'BEGIN { for (i = 0; i < 4200; i++) printf "%04d", i * 7919 % 10000 }'
} >indexed.npy
mkdir -p way.db.photos.hnsw/it way2.db.photos.hnsw/it
run 5 "a directory is in its way" import --db way.db --vectors indexed.npy
err_has "everything is stored, but the index is not written, and searches are exact: "
err_has "way.db.photos.hnsw: a database, or no file"
err_has "clipsearch check --repair --db way.db"
run 0 "all vectors" query --db way.db --paths
[ "$(wc -l <"$out")" -eq 2100 ]
ok "are there"
run 5 "in the way of merge" merge --db way2.db way.db
out_has "Copied 2,100 images of photos from way.db"
err_has "everything is stored, but the index is not written, and searches are exact: "

# ---- merge

usage "nothing to merge was given; name database files, and the target with --db" merge
run 5 "a source that is not there" merge --db m.db nosuch.db
has_no_file m.db
usage "b.db is the database that the others are merged into" merge --db b.db b.db
run 0 "merge" merge --db m.db b.db c.db
out_has "Copied $total images of photos from b.db"
out_has "Copied $total images of photos from c.db ($total of them replaced others of their path)"
answers "$first_db" a
answers m.db b
same "the same answers"
run 4 "collections of different models" merge --db m.db r.db
err_has "photos"
run 0 "only one collection" merge --db m.db --collection texts r.db
run 0 "its images" query --db m.db --collection texts --paths
[ "$(wc -l <"$out")" -eq 20 ]
ok "are all there"
run 1 "a collection that no source has" merge --db m.db --collection nosuch r.db
run 1 "and into a new database" merge --db unmade.db --collection nosuch r.db
[ ! -e unmade.db ]
ok "which is not made"
err_has "r.db has no collection nosuch to merge"

usage "name a database with --from, and the one to copy it to with --to" copy --from b.db
usage "name what is copied with --from and --to, not as \"x\"" copy --from b.db --to n.db x
usage "b.db is the database that is copied to, too" copy --from b.db --to b.db
run 0 "copy" copy --from b.db --to n.db
run 0 "the same again" copy --from b.db --to n.db
"$program" query --db n.db --paths >"$scratch/n" && "$program" query --db b.db --paths | cmp -s - "$scratch/n"
ok "a copy has the same images, none twice"

# what merge copies besides: what is gone, sources, the model's path

mkdir away stay
cp photos/cat-snow.* photos/dog-snow.* away/
cp photos/two-red-cars.* stay/
run 0 "one database" ingest --db away.db --collection c away -q
run 0 "and another" ingest --db stay.db --collection c stay -q
rm away/dog-snow.*
run 0 "a file goes" ingest --db away.db --collection c away -q
run 0 "merge" merge --db both.db away.db stay.db
out_has "Copied 2 images of c from away.db (1 gone, 1 source)"
out_has "Copied 1 image of c from stay.db (1 source)"
run 0 "images" query --db both.db --collection c --paths
[ "$(wc -l <"$out")" -eq 2 ] && ! grep -q dog-snow "$out"
ok "the one that is gone is not found"
run 0 "update knows both directories" update --db both.db --dry-run
out_has "Would insert 0 images into c (2 unchanged, 1 gone)"
cp photos/dog-snow.* away/
run 0 "it is back" update --db both.db -q
run 0 "merge again" merge --db both.db away.db
out_has "Copied 1 image of c from away.db (1 of them replaced others of their path, 1 gone and left out, because the target has the file)"
cp -r "$source/tests/data/clip-tiny/hf" tiny-model
run 0 "a model that is given as a path" ingest --db tiny.db --collection t --model ./tiny-model stay -q
run 0 "merge" merge --db both.db tiny.db -q
run 0 "its path is known" search --db both.db --collection t -k 1 "two red cars"
silent "$err" "without a word"

# ---- shards

mkdir many
for file in "$source"/examples/pictures/*-snow.jpg "$source"/examples/pictures/*-sea.jpg "$source"/examples/pictures/*-road.jpg; do
    cp "$file" many/
done
run 0 "all of them" ingest --db all.db many -q
for part in 1 2 3; do
    run 0 "shard $part" ingest --db part$part.db --shard $part/3 many -q
done
run 0 "merge of the shards" merge --db whole.db part1.db part2.db part3.db -q
"$program" query --db whole.db --paths | sort >"$scratch/a"
"$program" query --db all.db --paths | sort >"$scratch/b"
same "each image is in one of them"
for part in 1 2 3; do "$program" query --db part$part.db --paths; done 2>/dev/null | sort >"$scratch/b"
same "and in no other"
mkdir elsewhere
cp -r many elsewhere/many
for part in 1 2 3; do
    "$program" ingest --db else$part.db --shard $part/3 elsewhere/many -q 2>"$err"
    "$program" query --db part$part.db --paths 2>/dev/null | sed 's|.*/||' | sort >"$scratch/x$part"
    "$program" query --db else$part.db --paths 2>/dev/null | sed 's|.*/||' | sort >"$scratch/y$part"
done
cat "$scratch/x1" "$scratch/x2" "$scratch/x3" | cmp -s - "$scratch/x1" # they differ, or the next test means nothing
[ $? -ne 0 ] && cmp -s "$scratch/x1" "$scratch/y1" && cmp -s "$scratch/x2" "$scratch/y2" && cmp -s "$scratch/x3" "$scratch/y3"
ok "the shards of the same directory in another place have the same files"
for wrong in 0/3 4/3 1 1/0 a/b 1/ 1/99999 -1/3; do
    usage "--shard must be N/M" ingest --shard=$wrong photos
done
usage "--shard and --prune exclude each other" ingest --shard 1/3 --prune photos
usage "--shard and --watch exclude each other" ingest --shard 1/3 --watch photos
usage "--shard and --remodel exclude each other: --remodel encodes all images of the collection." ingest --shard 1/3 --remodel photos
printf 'model: ./tiny-model\nremodel: true\nsources: [many]\n' >remodel.yaml
usage "--shard and --remodel exclude each other" ingest --shard 1/3 remodel.yaml
for part in 1 2 3; do run 0 "each part anew" ingest --db part$part.db --remodel --model ./tiny-model -q; done
run 0 "and merged" merge --db anew.db part1.db part2.db part3.db -q
"$program" query --db anew.db --paths | sort >"$scratch/a"
"$program" query --db all.db --paths | sort >"$scratch/b"
same "all images are there"
echo "1..$count"
