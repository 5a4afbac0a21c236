#!/bin/sh
# SPDX-License-Identifier: MIT
# test_cli.sh - the program from outside: output, exit statuses, errors, settings, signals. Prints TAP.
# usage: test_cli.sh CLIPSEARCH JSON_CHECK WITH_SIGNALS
set -u
. "$CLIPSEARCH_SOURCE_ROOT/tests/cli/tap.sh"
json_check=$(absolute "$2") with_signals=$(absolute "$3")
set_up "$1"
TMPDIR=$scratch/tmp
export TMPDIR
mkdir "$TMPDIR"
ln -s "$source/weights/default" "$XDG_DATA_HOME/clipsearch/models/default"
ln -s "$source/tests/data/clip-tiny/hf" "$XDG_DATA_HOME/clipsearch/models/tiny"
examples=$source/examples/pictures

# ---- before anything is ingested

run 2 "no arguments"
silent "$out" "nothing on standard output"
err_has 'clipsearch "a white dog"'
run 0 "version" version
out_is "version" <<END
clipsearch 0.2.0
END
run 0 "--version" --version
run 0 "help" help
[ "$(wc -l <"$out")" -le 24 ] && ! grep -q '^.\{80\}' "$out"
ok "fits 24 lines of 80 columns"
cp "$out" "$scratch/help"
run 0 "-h" -h
cmp -s "$out" "$scratch/help"
ok "is the same"
for command in search ingest update embed tokenize query get label duplicates delete drop export import copy merge serve completion collections model check vacuum info help version; do
    grep -qw -- "^  .*$command" "$out"
    ok "names $command"
done
for command in search ingest update embed tokenize query get label duplicates delete drop export import copy merge completion collections model check vacuum info; do
    run 0 "help $command" help $command
    out_has "usage: clipsearch"
    ! grep -q '^.\{81\}' "$out"
    ok "fits 80 columns"
    cp "$out" "$scratch/page"
    "$program" $command --help 2>"$err" | cmp -s - "$scratch/page"
    ok "$command --help is the same"
done
run 0 "help of config" help config
out_has "usage: clipsearch config --show"
run 0 "the same with --help" config --help
out_has "usage: clipsearch config --show"
usage "config takes only options. To search for the word, run: clipsearch search config" config --show x
run 2 "help of no command" help ingset
err_is "names the nearest" <<END
clipsearch: there is no command "ingset"; did you mean ingest?
For help, run: clipsearch help
END
run 5 "a first search" "a white dog"
err_is "names the command to run" <<END
clipsearch: nothing has been ingested yet: there is no database SCRATCH/data/clipsearch/clipsearch.db
To ingest images, run: clipsearch ingest DIRECTORY
END
( unset HOME XDG_DATA_HOME; "$program" dog ) >"$out" 2>"$err"
[ $? -eq 2 ]
ok "no place for a database: exit 2"
err_is "says how to name one" <<END
clipsearch: neither XDG_DATA_HOME nor HOME is set, so there is no place for the default database
Name a database file with --db FILE
END
run 5 "a first search in another database" dog --db "my.db" --collection pets
err_has "To ingest images, run: clipsearch ingest --db my.db --collection pets DIRECTORY"
[ ! -e my.db ]
ok "a search makes no database"
run 0 "info with nothing there" info
out_has "does not exist: nothing has been ingested yet"
run 0 "info --json with nothing there" info --json
"$json_check" database.exists collections model.name <"$out" >"$scratch/values" 2>"$err"
printf 'false\n0\ndefault\n' | cmp -s - "$scratch/values"
ok "info --json"

# ---- the command line

usage "unknown option --shet; did you mean --sheet?" dog --shet x.png
usage "-k must be a whole number from 1 to 1000000, not \"no\"" dog -k no
usage "no query was given; give a text in quotes, or --image FILE" search
usage "no query was given" -k 3
usage "a query is empty" dog ""
usage "a query is empty" dog "  "
usage "--json, --paths and --null exclude each other; give one of them" dog --json -0
usage "--min-score is for the metrics" dog --min-score 0 --max-distance 1
usage "nothing to ingest was given; give directories, images or one YAML file" ingest
usage "-k is an option of search, query and label, not of ingest" ingest -k 3 x
usage "--include and --exclude are for directories on the command line; in x.yaml" ingest x.yaml --include '*.jpg'
usage "x.yaml: a YAML file must be the only operand" ingest x.yaml dir
usage "--metric must be cosine, ip or l2, not \"cosin\"; did you mean cosine?" ingest x --metric cosin
usage "--codes must be f32, f16, bf16 or i8, not \"i9\"; did you mean i8?" ingest x --codes i9
usage "-m must be a whole number from 4 to 64" ingest x -m 3
usage "--exact is an option of search, not of query" query --exact
usage "nothing to embed was given; give texts in quotes, --image FILE, --list or --images-from" embed
usage "--format must be jsonl or npy" embed dog --format csv
usage "no text was given; give texts in quotes, or --list FILE" tokenize
usage "query takes only options. To search for the word, run: clipsearch search query" query dog
usage "--json, --paths and --null exclude each other; give one of them" query --json --paths
usage "--filter needs a value (FILTER), not an empty one" query --filter ""
usage "no image numbers were given; query and search --json show them" get
usage "\"dog\" is not an image's number. To search for words, run: clipsearch search get ..." get 1 dog
usage "\"0\" is not an image's number" get 0
usage "nothing to delete was given; give --in, --filter or the numbers of images" delete
usage "--filter needs a value (FILTER), not an empty one" delete --filter ""
usage "--filter and numbers of images exclude each other; give one of them" delete --filter "id == 1" 1
usage "drop needs the name of one collection" drop
usage "drop needs the name of one collection" drop a b
usage "--collection is an option of search" drop photos --collection photos
usage "collections takes only options. To search for the word, run: clipsearch search collections" collections photos
usage "filter, column 1: the filter is empty" delete --filter " "
usage "info takes only options. To search for the word, run: clipsearch search info" info dog
CLIPSEARCH_K=many
export CLIPSEARCH_K
usage "the environment variable CLIPSEARCH_K must be a whole number from 1 to 1000000, not \"many\"" dog
unset CLIPSEARCH_K

# ---- YAML files

yaml() { # yaml MESSAGE: the file on standard input is refused with it
    cat >bad.yaml
    run 2 "refused YAML" ingest bad.yaml
    err_has "clipsearch: bad.yaml:$1"
}
yaml '1:1: unknown key "sorces" in an ingest file; did you mean sources?' <<END
sorces: [a]
END
yaml '3:5: unknown key "inclde" in a source; did you mean include?' <<END
sources:
  - path: a
    inclde: "*.jpg"
END
yaml '2:8: batch must be a whole number from 1 to 65536, not "lots"' <<END
sources: [a]
batch: lots
END
yaml '2:1: the key "sources" is repeated; it is first in line 1' <<END
sources: [a]
sources: [a]
END
yaml '1:10: anchors (&name) and aliases (*name) are not supported' <<END
sources: &all [a]
END
yaml "2:1: a [ is not closed" <<END
sources: [a
END
run 3 "a YAML file that is not there" ingest none.yaml
err_is "is named" <<END
clipsearch: none.yaml: No such file or directory
END

# ---- ingestion

mkdir pets odd
cp "$examples/cat-snow.jpg" "$examples/white-dog-grass.jpg" "$examples/white-dog-blue.png" pets/
head -c 3000 "$examples/cat-room.jpg" >pets/cut.jpg
echo "no image" >pets/text.png
run 3 "a dry run" ingest --dry-run pets
out_is "counts what a run would do" <<END
Would insert 3 images into photos (2 skipped) in T
END
err_has "2 files could not be read:"
[ ! -e "$XDG_DATA_HOME/clipsearch/clipsearch.db" ]
ok "a dry run makes no database"
printf 'sources:\n  - {path: pets, attributes_csv: odd.csv}\n' >odd.yaml
printf 'a,b\n1\n' >odd.csv
run 3 "a first ingestion of a directory that is not there" ingest nowhere
run 3 "or with a broken table" ingest odd.yaml
run 4 "or with a model that is not there" ingest pets --model nowhere
run 2 "or into a collection with an invalid name" ingest pets --collection "a b"
mkdir empty
run 1 "or of an empty directory" ingest empty
err_has "no images found"
[ ! -e "$XDG_DATA_HOME/clipsearch/clipsearch.db" ]
ok "makes no database"
[ -z "$(ls "$scratch/tmp")" ]
ok "and leaves no temporary one"
run 3 "ingest a directory with bad files" ingest pets
out_is "prints what it did" <<END
Inserted 3 images into photos (2 skipped) in T
END
err_has "clipsearch: using the small built-in model"
err_has "clipsearch model fetch clip-vit-b32"
err_has "2 files could not be read:"
err_has "pets/cut.jpg"
err_has "pets/text.png"
run 3 "ingest it again" ingest pets
! grep -q built-in "$err"
ok "the built-in model is mentioned once, when it makes a collection"
out_is "nothing is new" <<END
Inserted 0 images into photos (2 skipped, 3 unchanged) in T
END
run 3 "a new collection, -q" ingest -q pets --collection quiet
! grep -q built-in "$err"
ok "does not mention the model"
run 0 "drop it again" drop -q quiet --yes
run 0 "ingest -q, bad files skipped" ingest -q pets --on-bad skip
silent "$out" "says nothing"
mv pets/cat-snow.jpg pets/cat.jpg
cp pets/white-dog-grass.jpg pets/again.jpg
run 3 "a moved image and a copy" ingest pets
out_is "are not encoded again" <<END
Inserted 0 images into photos (2 skipped, 2 unchanged, 1 moved, 1 copy of another) in T
END
rm pets/again.jpg pets/text.png pets/cut.jpg
run 0 "prune" ingest --prune pets
out_is "removes what is gone" <<END
Inserted 0 images into photos (3 unchanged, 1 removed) in T
END
run 3 "a directory that is not there" ingest nowhere
err_has "nowhere"
run 1 "an empty directory" ingest empty
err_has "no images found"
run 3 "a new collection of nothing" ingest nowhere --collection new
run 5 "is not made" --collection new x
err_has 'no collection "new"'
mkdir bad
echo x >bad/a.jpg
run 3 "nothing but bad files" ingest bad --collection bad
run 3 "stop at a bad file" ingest bad --on-bad stop --collection bad
err_has "bad/a.jpg"
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23; do echo $i >bad/$i.jpg; done
run 3 "many bad files" ingest bad --collection bad
err_has "24 files could not be read:"
err_has "  and 4 more; -v shows all"
run 3 "many bad files, -v" ingest -v bad --collection bad
[ "$(grep -c '^  .*jpg' "$err")" -eq 24 ]
ok "-v shows all"
run 5 "a new collection of nothing but bad files" --collection bad x
err_has 'no collection "bad"'
run 3 "nothing but bad files, into a new database" ingest bad --db fresh.db
[ ! -e fresh.db ]
ok "leave no empty database"
run 0 "a dry run into a new database" ingest --dry-run pets --db fresh.db
[ ! -e fresh.db ]
ok "makes none"
run 5 "a database whose directory is not there" ingest pets --db none/my.db
err_has "none/my.db"

mkdir yaml
cat >yaml/ingest.yaml <<END
database: my.db
collection: pets
metric: l2
batch: 2
sources:
  - path: ../pets
    include: "*.jpg"
    attributes: {kind: pet, year: 2024}
    csv: {file: pets.csv, key: file, match: name}
END
printf 'file,legs,note\ncat.jpg,4,"a ""cat"", small"\nno.jpg,,\n' >yaml/pets.csv
run 0 "ingest by YAML" ingest yaml/ingest.yaml
err_is "a row without an image is reported" <<END
clipsearch: using the small built-in model, which knows a thousand kinds of thing
CLIP's model finds more: clipsearch model fetch clip-vit-b32
clipsearch: 1 of the CSV rows names no image that was found; check the keys key and match in the file
END
out_is "as the file describes" <<END
Inserted 2 images into pets in T
END
[ -e yaml/my.db ]
ok "paths are relative to the file"
run 0 "flags beat the file" ingest yaml/ingest.yaml --collection more --db other.db
[ -e other.db ]
ok "--db beats the file"
run 4 "another metric for a collection that is there" ingest yaml/ingest.yaml --metric ip
err_has "To keep both, put the images into another collection with --collection NAME"
run 0 "without a metric the collection's is used" ingest pets --db yaml/my.db --collection pets
run 0 "search by image" --db yaml/my.db --collection pets --image pets/cat.jpg -k 1 --json --with-self
json_is "attributes of the source and of the CSV" metric collection queries.0.image \
    queries.0.hits.0.attributes.kind queries.0.hits.0.attributes.year queries.0.hits.0.attributes.legs \
    queries.0.hits.0.attributes.note <<END
l2
pets
pets/cat.jpg
pet
2024
4
a "cat", small
END

# ---- search

run 0 "by image" --image pets/cat.jpg -k 1 --with-self
out_is "the same image, relative path" <<END
1.000  pets/cat.jpg
END
cd pets || exit 1
run 0 "from another directory" --image cat.jpg -k 1 --with-self
out_is "relative to it" <<END
1.000  cat.jpg
END
cd ../yaml || exit 1
run 0 "from a directory beside" --image ../pets/cat.jpg -k 1 --with-self
out_is "an absolute path" <<END
1.000  SCRATCH/work/pets/cat.jpg
END
cd .. || exit 1
run 0 "by text" "a white dog"
[ "$(wc -l <"$out")" -eq 3 ] && sort -rn "$out" | cmp -s - "$out"
ok "every image, best first"
run 0 "several queries, then options" "a white dog" --image pets/cat.jpg "a cat" -k1 -q
grep -v '^[0-9]' "$out" >"$scratch/headings"
cmp -s - "$scratch/headings" <<END
# a white dog

# --image pets/cat.jpg

# a cat
END
ok "a heading each"
run 1 "nothing near enough" "a white dog" --min-score 0.99
err_is "says so" <<END
clipsearch: nothing found that is near enough
END
run 0 "near enough" --image pets/cat.jpg --min-score 0.99 --paths --with-self
out_is "--paths prints the absolute path" <<END
SCRATCH/work/pets/cat.jpg
END
run 2 "a distance where there are scores" dog --max-distance 1
err_has "give --min-score"
run 2 "a score where there are distances" dog --min-score 1 --db yaml/my.db --collection pets
err_has "give --max-distance"
run 0 "a distance" --image pets/cat.jpg --max-distance 0.001 --with-self --db yaml/my.db --collection pets
out_is "0 for itself" <<END
0.000  pets/cat.jpg
END
run 0 "--json" "a \"white\" dog" --image pets/cat.jpg --json -k 2 --with-self
json_is "what the schema promises" collection model metric queries queries.0.text queries.0.hits queries.1.image \
    queries.1.hits.0.rank queries.1.hits.0.id queries.1.hits.0.path queries.1.hits.0.width queries.1.hits.0.height \
    queries.1.hits.0.attributes <<END
photos
default
cosine
2
a "white" dog
2
pets/cat.jpg
1
$("$json_check" queries.1.hits.0.id <"$out")
SCRATCH/work/pets/cat.jpg
224
224
0
END
"$json_check" queries.0.ms queries.1.hits.0.score <"$out" >"$scratch/values"
ok "time and score"
run 3 "a query image that does not exist" --image none.jpg
err_has "none.jpg"
run 3 "a query image that is no image" --image bad/a.jpg
err_has "bad/a.jpg"
run 5 "no such collection" dog --collection cats
err_has "photos"
err_has "clipsearch ingest --collection cats DIRECTORY"
echo "this is not a database, although its name says so; it is long enough to be read as one" >fake.db
run 5 "no database" dog --db fake.db
run 5 "ingest into no database" ingest pets --db fake.db
run 4 "no such model" dog --model nosuch
err_has "there is no model \"nosuch\". Searched: /"
err_has "/models/nosuch, /"
err_has "Give a model with --model: a name, a directory or a weight file."
run 4 "another model" dog --model tiny
err_has "Use the model that the collection was made with (--model)."
err_has "To encode the collection anew with this model, run: clipsearch ingest --remodel"
run 4 "ingest with another model" ingest pets --model tiny
err_has "--collection NAME"
run 4 "a directory that is no model" dog --model ./pets
run 0 "the collection's model by its own name" ingest pets --model tiny --collection tiny
silent "$err" "another model is not remarked on"
run 0 "a search takes the collection's model" "a dog" --collection tiny --json
[ "$("$json_check" model <"$out")" = tiny ]
ok "and says so"
run 0 "ingest takes it too" ingest pets --collection tiny

# ---- words that are commands

run 0 "search info" search info -q
run 0 "-- info" -q -- info
run 0 "an option before the command" --json info
"$json_check" version <"$out" >/dev/null
ok "runs the command"
run 0 "nearly a command" ingst
err_has 'searching for "ingst"; the command is spelled ingest'
run 0 "nearly a command, after search" search ingst
silent "$err" "no remark"

# ---- odd names

newline=$(printf 'two\nlines.jpg')
bytes=$(printf 'not \377 utf-8.jpg')
cp pets/cat.jpg "odd/$newline"
cp pets/white-dog-grass.jpg "odd/$bytes"
cp pets/white-dog-blue.png "odd/- a b.png"
run 0 "odd names" ingest odd --collection odd
"$program" -0 --collection odd "a dog" 2>"$err" | tr '\0' '|' | tr '|' '\0' | xargs -0 ls -d >"$out" 2>>"$err"
ok "-0 gives names that can be opened"
"$program" -0 --collection odd "a dog" 2>"$err" | tr -cd '\0' | wc -c | grep -q '^ *3$'
ok "a NUL byte after each"
run 0 "a file of such a name" --collection odd "odd/$newline" -k 1
err_has '"odd/two?lines.jpg" is an image file: searching by it, as with --image odd/two?lines.jpg'
run 3 "an image of such a name that is not there" --collection odd --image "$newline"
err_has "clipsearch: two?lines.jpg: No such file or directory"
run 3 "nor one with a control character of two bytes, and a byte that is none of UTF-8" \
    --collection odd --image "$(printf 'c\302\2331m\377.jpg')"
err_has "clipsearch: c??1m?.jpg: No such file or directory"
run 2 "such a name as a number" get "$newline"
err_has '"two?lines.jpg" is not an image'
run 0 "odd names as JSON" --collection odd "a dog" --json
"$json_check" queries <"$out" >"$scratch/values" 2>>"$err" || grep -qi surrogate "$err"
ok "odd names in JSON keep their bytes as surrogate escapes"
grep -qF 'two\nlines.jpg' "$out" && grep -qF 'not \udcff utf-8.jpg' "$out"
ok "escaped"
run 0 "odd names for a person" --collection odd "a dog"
[ "$(wc -l <"$out")" -eq 3 ]
ok "a line each"

# ---- an encoder for images only

model=$source/tests/data/cnn-tiny/resnet50
run 0 "ingest with it" ingest --db image.db --model "$model" pets
out_has "into photos"
run 0 "what it is" info --db image.db --model "$model"
out_has "  metric     l2"
out_has "  network    resnet50"
out_has "encodes images only"
run 0 "two queries by image" --db image.db --model "$model" -k 1 --json --with-self --image pets/cat.jpg --image pets/cat.jpg
json_is "one row a query, a distance of 0 to itself" metric queries queries.1.hits queries.1.image \
    queries.1.hits.0.score <<END
l2
2
1
pets/cat.jpg
0
END
"$json_check" queries.0.search_ms queries.1.search_ms <"$out" >"$scratch/values"
ok "and how long searching took"
run 2 "a text" --db image.db --model "$model" "a dog"
err_has "makes vectors of images only"
err_has "For texts, encode the collection anew with a CLIP model; run: clipsearch ingest --remodel --db image.db --model NAME"
run 2 "a text beside an image" --db image.db --model "$model" "a dog" --image pets/cat.jpg
err_has "For texts, encode the collection anew with a CLIP model; run: clipsearch ingest --remodel --db image.db --model NAME"
run 2 "labels" label --labels cat,dog --db image.db --model "$model"
err_has "For texts, encode the collection anew with a CLIP model; run: clipsearch ingest --remodel --db image.db --model NAME"
run 2 "without a collection" embed --model "$model" "a dog"
err_has "cannot read texts; a CLIP model reads both"
! grep -q remodel "$err"
ok "there is nothing to encode anew"
run 0 "a weight file by itself" embed --model "$model/model.safetensors" --image pets/cat.jpg
run 4 "another encoder for its collection" --db image.db --model "$source/tests/data/cnn-tiny/resnet34" --image pets/cat.jpg
err_has "24 numbers"

# ---- sheets

number() { # number OFFSET: the 32-bit number at the offset of sheet.png
    od -A n -t u1 -j "$1" -N 4 sheet.png | awk '{ print (($1 * 256 + $2) * 256 + $3) * 256 + $4 }'
}
run 0 "a sheet" "a white dog" --image pets/cat.jpg --sheet sheet.png
[ "$(od -A n -c -j 1 -N 3 sheet.png | tr -d ' ')" = PNG ] && [ "$(number 16)" -eq 1112 ] &&
    [ "$(number 20)" -gt $((24 + 16 + 246 + 48 + 200 + 16 + 246 + 24)) ]
ok "a PNG of 1112 columns with two blocks"
run 3 "a sheet that cannot be written" dog --sheet none/sheet.png
mv pets/cat.jpg pets/gone
run 0 "a sheet with an image that is missing" "a cat" --sheet sheet.png
mv pets/gone pets/cat.jpg

# ---- numbers

run 0 "tokenize" tokenize "a white dog"
printf '5212 320 601 592 5213\t<|startoftext|> a</w> white</w> dog</w> <|endoftext|>\n' | cmp -s - "$out"
ok "ids and pieces"
run 0 "tokenize --json" tokenize --json "a white dog" dog
json_is "JSON lines" -l text ids ids.1 pieces.1 <<END
dog
3
592
dog</w>
END
long=$(printf 'dog %.0s' 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32)
run 0 "tokenize too long" tokenize "$long"
[ "$(cut -f1 "$out" | wc -w)" -eq 32 ]
ok "truncated"
run 3 "tokenize too long, refused" tokenize --overflow refuse "a dog" "$long"
err_is "the text is named" <<END
clipsearch: the text "dog dog dog dog dog dog dog dog dog dog ..." has 34 tokens, more than the 32 that the model reads
Shorten the text, or have it truncated with --overflow truncate
END
run 3 "in a list too" embed --overflow refuse "$(echo "$long" | sed 's/dog/d\xc3\xb6g/g')"
err_has 'the text "dög dög dög dög dög dög dög dög ..."'
run 0 "a query that is too long" "$long"
err_is "says so once" <<END
clipsearch: the query "dog dog dog dog dog dog dog dog dog dog ..." is longer than the 32 tokens that the model reads; only its beginning counts
END
run 0 "embed" embed "a dog" --image pets/cat.jpg "a cat"
[ "$(wc -l <"$out")" -eq 3 ] && "$json_check" -l text vector <"$out" >"$scratch/values" &&
    printf 'a cat\n512\n' | cmp -s - "$scratch/values"
ok "JSON lines in the order of the words"
cp "$out" "$scratch/three"
printf 'a dog\na cat\n' | "$program" embed --list - >"$out" 2>"$err" &&
    sed -n '1p;3p' "$scratch/three" | cmp -s - "$out"
ok "texts from standard input give the same numbers"
printf 'pets/cat.jpg\r\npets/white-dog-grass.jpg' >list
run 0 "images from a list" embed --images-from list --batch 1
sed -n 1p "$out" | cut -d, -f2- >"$scratch/one"
sed -n 2p "$scratch/three" | cut -d, -f2- | cmp -s - "$scratch/one"
ok "give the same numbers"
printf '\npets/cat.jpg\n\r\n' >list
run 0 "images from a list with empty lines" embed --images-from list
[ "$(wc -l <"$out")" -eq 1 ]
ok "which are skipped"
run 0 "npy" embed "a dog" "a cat" "a horse" --format npy -o x.npy
silent "$out" "nothing on standard output"
[ "$(head -c 10 x.npy | od -A n -t x1 | tr -d ' \n')" = 934e554d505901007600 ] &&
    [ "$(wc -c <x.npy)" -eq $((128 + 3 * 512 * 4)) ]
ok "header and size"
head -c 128 x.npy | grep -qaF "'shape': (3, 512)"
ok "shape"
run 0 "npy to standard output" embed "a dog" "a cat" "a horse" --format npy
cmp -s "$out" x.npy
ok "the same bytes"
cp x.npy before.npy
run 3 "no image among them that can be read" embed --image none.jpg --format npy -o x.npy
cmp -s x.npy before.npy && [ "$(ls x.npy*)" = x.npy ]
ok "leaves the old file, and no other"
head -c 3000 pets/cat.jpg >cut.png
run 3 "bad images among good ones" embed "a dog" --image cut.png --image pets/cat.jpg --image none.jpg "a cat"
[ "$(wc -l <"$out")" -eq 5 ] && grep -q '^{"image":"cut.png","error":"' "$out" &&
    grep -q '^{"image":"none.jpg","error":"' "$out" && grep -v '"error"' "$out" | cmp -s - "$scratch/three"
ok "the good ones keep their vectors, every input has its line"
[ "$(wc -l <"$err")" -eq 2 ] && grep -q cut.png "$err" && grep -q none.jpg "$err"
ok "the bad ones are named once"
run 3 "the same one at a time" embed "a dog" --image cut.png --image pets/cat.jpg --image none.jpg "a cat" --batch 1
[ "$(wc -l <"$out")" -eq 5 ] && [ "$(grep -c '"error"' "$out")" -eq 2 ]
ok "has the same lines"
run 3 "a bad image in a NumPy file" embed --image cut.png "a dog" "a cat" "a horse" --format npy -o bad.npy
head -c 128 bad.npy | grep -qaF "'shape': (4, 512)" && [ "$(wc -c <bad.npy)" -eq $((128 + 4 * 512 * 4)) ] &&
    tail -c +2177 bad.npy >rest && tail -c +129 before.npy | cmp -s - rest &&
    [ "$(tail -c +129 bad.npy | head -c 2048 | od -A n -v -t x4 -w4 | sort -u | tr -d ' \n')" = 7fc00000 ]
ok "is a row of NaN, and the others are in their places"

# ---- the product without SIMD: OpenBLAS is loaded only where it is used, and only where it can run

"$program" embed "a dog" 2>"$err" >"$scratch/one"
near() { # near WHAT: the vectors in $out and in one agree to 1e-5
    tr ',[]' '\n\n\n' <"$out" | grep '^-*0\.' >a && tr ',[]' '\n\n\n' <"$scratch/one" | grep '^-*0\.' >b &&
        paste a b | awk '{ d = $1 - $2; if (d > 1e-5 || d < -1e-5) bad = 1 } END { exit bad || NR < 400 }'
    ok "$1"
}
mkdir no-blas && : >no-blas/libopenblas.so.0 && : >no-blas/libopenblas.so
CLIPSEARCH_CPU=c "$program" embed "a dog" >"$out" 2>"$err"
near "plain C with OpenBLAS gives the same vector"
CLIPSEARCH_CPU=c LD_LIBRARY_PATH=no-blas "$program" embed "a dog" >"$out" 2>"$err"
near "and without it"
if ! grep -q AddressSanitizer "$program" && (ulimit -v 1000000) 2>/dev/null; then
    (ulimit -v 1000000 && CLIPSEARCH_CPU=c timeout 60 "$program" embed "a dog") >"$out" 2>"$err"
    near "and with little address space"
    (ulimit -v 200000 && timeout 60 "$program" version) >"$out" 2>"$err"
    ok "the program starts in 200 MB of address space"
fi
rotated=$source/tests/data/pictures/exif-behind.png
"$program" embed --image "$rotated" | sed 's/.*"vector"//' >"$out"
"$program" embed --image "$rotated" --exif ignore | sed 's/.*"vector"//' >"$err"
[ -s "$err" ] && ! cmp -s "$out" "$err"
ok "an EXIF orientation is applied unless it is ignored"
run 0 "an image with an orientation, ingested without it" ingest "$rotated" --exif ignore --collection turned
"$program" --collection turned --exif ignore --with-self --image "$rotated" >"$out" && grep -q '^1.000' "$out" &&
    "$program" --collection turned --with-self --image "$rotated" >"$out" && ! grep -q '^1.000' "$out"
ok "is found by itself when searched the same way"
run 3 "a list that is not there" embed --list none.txt
run 3 "an output that cannot be" embed dog -o none/x.npy

# ---- standard output

if [ -e /dev/full ]; then
    "$program" --image pets/cat.jpg >/dev/full 2>"$err"
    [ $? -eq 3 ]
    ok "a full disk: exit 3"
    err_has "cannot write standard output: No space left on device"
    for command in completion\ bash query\ --json "export --meta -" "embed a b c d e f g"; do
        # shellcheck disable=SC2086 # words of a command
        "$program" $command >/dev/full 2>"$err"
        [ $? -eq 3 ]
        ok "a full disk: $command: exit 3"
        err_has "cannot write standard output: No space left on device"
        ! grep -q Exported "$err"
        ok "and nothing is said to be exported"
    done
fi
"$program" --image pets/cat.jpg >&- 2>"$err"
[ $? -eq 3 ]
ok "standard output closed: exit 3"
{ "$program" embed a b c d e f g h i j k l m n o p q r s t 2>"$err"; echo $? >"$scratch/status"; } | head -c 1 >"$out"
[ "$(cat "$scratch/status")" -eq 0 ] && [ ! -s "$err" ]
ok "a reader that closes the pipe is no error"

# ---- settings: flags, environment, configuration, defaults

hits() { # hits N WHAT ARGUMENTS...: how many lines the search prints
    want=$1 what=$2
    shift 2
    "$program" "$@" >"$out" 2>"$err"
    [ "$(wc -l <"$out")" -eq "$want" ]
    ok "$what"
}
mkdir -p "$XDG_CONFIG_HOME/clipsearch"
printf 'k: 2\ncollection: tiny\n' >"$XDG_CONFIG_HOME/clipsearch/config.yaml"
hits 2 "k of the configuration" "a dog"
CLIPSEARCH_K=1
export CLIPSEARCH_K
hits 1 "the environment beats it" "a dog"
hits 3 "a flag beats both" "a dog" -k 3
unset CLIPSEARCH_K
"$program" "a dog" --json >"$out" 2>"$err"
[ "$("$json_check" collection <"$out")" = tiny ]
ok "collection of the configuration"
CLIPSEARCH_COLLECTION=photos "$program" "a dog" --json >"$out" 2>"$err"
[ "$("$json_check" collection <"$out")" = photos ]
ok "collection of the environment"
printf 'database: ../../work/yaml/my.db\ncollection: pets\n' >"$XDG_CONFIG_HOME/clipsearch/config.yaml"
hits 3 "database of the configuration, relative to it" "a dog"
CLIPSEARCH_DB=other.db hits 2 "database of the environment" "a dog" --collection more
CLIPSEARCH_MODEL=nosuch hits 3 "a model of the environment that is not the collection's is ignored" "a dog"
printf 'colection: pets\n' >"$XDG_CONFIG_HOME/clipsearch/config.yaml"
run 2 "a mistyped configuration" "a dog"
err_is "is named" <<END
clipsearch: SCRATCH/config/clipsearch/config.yaml:1:1: unknown key "colection" in the configuration; did you mean collection?
END
: >"$XDG_CONFIG_HOME/clipsearch/config.yaml"
run 0 "an empty configuration" "a dog"
rm "$XDG_CONFIG_HOME/clipsearch/config.yaml"
CLIPSEARCH_CPU=fast run 2 "a wrong instruction set" "a dog"
run 0 "plain C" "a dog" --cpu c

# ---- filters

run 5 "query before anything is ingested" query --db none.db
err_has "clipsearch ingest --db none.db DIRECTORY"
run 5 "collections of no database" collections --db none.db
mkdir shop
cp "$examples/cat-snow.jpg" shop/cat.jpg
cp "$examples/white-dog-grass.jpg" "shop/dog 100%.jpg"
cp "$examples/white-dog-blue.png" shop/dog.png
cp "$examples/banana-blue.jpg" shop/banana.jpg
touch -d 2024-05-31T18:00:00Z shop/cat.jpg
cat >shop.yaml <<END
database: shop.db
collection: shop
sources:
  - path: shop
    attributes: {shop: "l'Étoile", size: {unit: cm}}
    attributes_csv: shop.csv
END
printf 'path,price,label\ncat.jpg,99.5,cat\n"dog 100%%.jpg",10,dog\ndog.png,120,dog\n' >shop.csv
run 0 "ingest with attributes" ingest shop.yaml
shop="--db shop.db --collection shop"
rows() { # rows WHAT FILTER: the names that come on standard input, and no others
    what=$1
    "$program" query $shop --filter "$2" 2>"$err" | sed 's|^[0-9]*  shop/||' | sort >"$out"
    out_is "$what: $2"
}
run 0 "query without a filter" query $shop
out_is "lists all by number" <<END
1  shop/banana.jpg
2  shop/cat.jpg
3  shop/dog 100%.jpg
4  shop/dog.png
END
run 0 "query -k --offset" query $shop -k 2 --offset 1
out_is "some of them" <<END
2  shop/cat.jpg
3  shop/dog 100%.jpg
END
run 1 "query after the end" query $shop --offset 4
err_has "--offset 4 leaves out all images: it is behind the last one"
rows "the example" 'price < 100 and label == "dog"' <<END
dog 100%.jpg
END
rows "a missing attribute" 'not (price < 100)' <<END
banana.jpg
dog.png
END
rows "patterns" 'name like "%100\%%" or label in ["cat"]' <<END
cat.jpg
dog 100%.jpg
END
rows "dates" 'mtime == "2024-05-31T20:00:00+02:00"' <<END
cat.jpg
END
rows "letters beyond ASCII, nested keys" 'shop == "l'"'"'Étoile" and attributes.size.unit == "cm" and not exists label' <<END
banana.jpg
END
rows "quotes are no way out" "label == '\\' OR 1=1 --' or attributes[\"') OR 1 --\"] is not null" </dev/null
run 1 "a filter that lets nothing pass" query $shop --filter 'price > 1000'
err_is "says so" <<END
clipsearch: no image in the collection shop passes the filter
END
silent "$out" "and prints nothing"
run 2 "a wrong filter" query $shop --filter 'price < 100 and lab el == "dog"'
err_is "is shown where it is wrong" <<END
clipsearch: filter, column 21: expected a comparison such as ==, and, or or the end, found el
  price < 100 and lab el == "dog"
                      ^
For the syntax of filters, see clipsearch(1) or run: clipsearch help query
END
run 2 "a wrong filter of a search, before any model is opened" dog --filter 'width = 3' --model nosuch
err_has "filter, column 7: expected ==, found ="
run 0 "query --json" query $shop --filter 'id == 3' --json
json_is "the row" collection items items.0.id items.0.path items.0.width items.0.height items.0.attributes.price \
    items.0.attributes.size.unit <<END
shop
1
3
SCRATCH/work/shop/dog 100%.jpg
224
224
10
cm
END
"$json_check" items.0.size items.0.mtime <"$out" >"$scratch/values"
ok "its size and time"
run 1 "query --json of nothing" query $shop --filter 'false' --json -q
json_is "an empty list" items <<END
0
END
"$program" query $shop --filter 'label == "dog"' -0 2>"$err" | tr '\0' '|' | sed "s|$scratch/work/||g" >"$out"
printf 'shop/dog 100%%.jpg|shop/dog.png|' | cmp -s - "$out"
ok "query -0"
run 0 "a search with a filter" "a dog" $shop --filter 'label == "cat" or price > 100'
[ "$(sed 's/^[0-9.]*  //' "$out" | sort | tr '\n' ' ')" = "shop/cat.jpg shop/dog.png " ]
ok "only those, however far"
run 0 "the nearest of them" --image shop/cat.jpg $shop --filter 'label == "cat"' -k 1 --with-self
out_is "with its score" <<END
1.000  shop/cat.jpg
END
run 1 "a search with a filter that lets nothing pass" "a dog" $shop --filter 'price > 1000'
err_is "says so" <<END
clipsearch: nothing found among the images that pass the filter
END
run 0 "get" get 4 2 $shop --paths
out_is "in the order asked" <<END
SCRATCH/work/shop/dog.png
SCRATCH/work/shop/cat.jpg
END
run 1 "get with a number that is not there" get 1 99 $shop
out_is "shows the rest, with attributes" <<END
1  shop/banana.jpg
    shop: l'Étoile
    size: {"unit":"cm"}
END
err_is "and names it" <<END
clipsearch: the collection shop has no image 99
END
run 0 "get --json" get --json 2 $shop
[ "$("$json_check" items.0.attributes.label <"$out")" = cat ]
ok "attributes"
run 1 "delete what is not there" delete 99 $shop
out_is "says so" <<END
Removed 0 images from shop
END
err_is "and names it" <<END
clipsearch: the collection shop has no image 99
END
run 0 "delete by number" delete 1 99 $shop
out_is "says how many" <<END
Removed 1 image from shop
END
err_has "clipsearch: the collection shop has no image 99"
run 0 "delete by filter" delete --filter 'label == "dog"' $shop
out_is "says how many" <<END
Removed 2 images from shop
END
[ -e shop/dog.png ] && [ -e shop/banana.jpg ]
ok "the files are left alone"
rows "what is left" true <<END
cat.jpg
END
run 2 "delete by a wrong filter" delete --filter 'label = "cat"' $shop
run 2 "delete by a filter of blanks" delete --filter '  ' $shop
rows "nothing is gone" true <<END
cat.jpg
END
run 0 "ingest brings them back" ingest shop.yaml
out_is "says so" <<END
Inserted 3 images into shop (1 unchanged) in T
END
run 0 "another collection" ingest -q pets --db shop.db --collection pets2
run 0 "collections" collections --db shop.db
printf 'pets2\t3 images\tcosine\tdefault\nshop\t4 images\tcosine\tdefault\n' | cmp -s - "$out"
ok "a line each, by name"
run 0 "collections --json" collections --db shop.db --json
json_is "an object each" 1.name 1.count 1.metric 1.dim 1.encoder <<END
shop
4
cosine
512
default
END
run 5 "drop what is not there" drop nosuch --db shop.db
err_has "no collection \"nosuch\""
err_has "To see the collections, run: clipsearch collections"
run 0 "drop" drop shop --db shop.db --yes
out_is "says what is gone" <<END
Dropped shop (4 images)
END
run 0 "drop -q" drop -q pets2 --db shop.db -y
silent "$out" "says nothing"
run 1 "collections of an empty database" collections --db shop.db
err_has "has no collections"
run 0 "search get" search get -q

# ---- the index file: 2,100 files of 20 images

mkdir crowd
n=0
while [ $n -lt 105 ]; do
    mkdir crowd/$n
    for image in cat-snow white-dog-grass two-red-cars three-strawberries red-car-and-yellow-bus two-blue-cars \
        white-rabbit-grass ewe-grass sailboat-sea tiger-snow white-duck-sea white-horse-blue white-house-purple white-cat-green \
        white-dog-blue white-owl-brown white-dog-green white-dog-room three-yellow-fish two-gray-cats; do
        for found in "$examples/$image".*; do ln "$found" crowd/$n/ 2>/dev/null || cp "$found" crowd/$n/; done
    done
    n=$((n + 1))
done
crowd="--db crowd.db"
printf 'sources: [crowd]\nindex:\n  ef_construction: 8\n' >slip.yaml
run 2 "ef_construction below m in an ingest file" ingest slip.yaml --db slip.db
err_has "slip.yaml:3:20: ef_construction is 8; M, here 16, to 4096 are allowed"
run 2 "on the command line" ingest slip.yaml --db slip.db --ef-construction 9
err_has "clipsearch: ef_construction is 9; M, here 16, to 4096 are allowed"
run 0 "with another m" ingest -q slip.yaml --db slip.db -m 4
run 0 "ingest a crowd, with parameters" ingest crowd $crowd --codes bf16 -m 8 --ef-construction 50 --ef 40
out_has "Inserted 20 images into photos (2080 copies of others)"
[ -s crowd.db.photos.hnsw ]
ok "an index file is written"
run 0 "search it" -v -k 1 "two red cars" $crowd
err_has "1 of 2100 images, with the index"
cp "$out" "$scratch/by-index"
run 0 "search it exactly" -v -k 1 "two red cars" $crowd --exact
err_has "1 of 2100 images, exact"
cmp -s "$out" "$scratch/by-index"
ok "the same answer"
run 2 "a sheet that would be too high" -k 2000 "two red cars" $crowd --all --sheet sheet.png
err_is "says how to make it smaller" <<END
clipsearch: the contact sheet would be higher than the limit of 65000 pixels
Ask for fewer images (-k) or fewer queries
END
run 0 "info" info $crowd
out_has "  index      bf16 codes, m 8, ef_construction 50, ef 40"
run 4 "other parameters later" ingest crowd $crowd --codes i8
err_has "was made with codes bf16, m 8, ef_construction 50 and ef 40, which are fixed"
run 0 "check" check $crowd
out_has "photos: 2,100 images, sound"
out_has "recall@10  1.0000 for images, measured with 100 of its own vectors"
out_has "           1.0000 for sentences, measured with 100"
run 0 "check --json" check $crowd --json photos
json_is "an object a collection" 0.name 0.sound 0.index.state 0.index.vectors 0.index.broken 0.recall_at_10 \
  0.sentences.sample 0.sentences.recall_at_10 <<END
photos
true
usable
2100
0
1
100
1
END
run 5 "check what is not there" check $crowd nosuch
err_has 'no collection "nosuch"'
printf 'XXXXXXXXXXXXXXXX' | dd of=crowd.db.photos.hnsw bs=1 seek=150 conv=notrunc 2>/dev/null
run 0 "search beside a damaged index" -k 1 "two red cars" $crowd
cmp -s "$out" "$scratch/by-index"
ok "the same answer"
err_has "clipsearch: $scratch/work/crowd.db.photos.hnsw: its header is damaged; searching all of photos exactly"
err_has "To write the index again, run: clipsearch check --repair --db crowd.db photos"
run 0 "search -q" -q -k 1 "two red cars" $crowd
silent "$err" "says nothing"
run 5 "check of a damaged index" check $crowd
out_has "photos: 2,100 images, NOT sound"
err_has "To write the index again, run: clipsearch check --repair --db crowd.db"
run 0 "check --repair" check $crowd --repair
out_has "photos: 2,100 images, sound"
run 0 "delete many" delete $crowd --filter 'path like "%/crowd/1/%"'
run 0 "vacuum" vacuum $crowd
out_has "Vacuumed crowd.db:"
run 0 "check again" check $crowd
out_has "2,080 vectors, 0 changes since"
odd=$(printf 'odd\033[1m.db')
cp crowd.db "$odd"
run 0 "vacuum a database whose name has a control character" vacuum --db "$odd"
out_has "Vacuumed odd?[1m.db: "
run 0 "merge it" merge --db merged.db "$odd"
out_has " of photos from odd?[1m.db"
run 0 "drop the crowd" drop photos $crowd --yes
[ ! -e crowd.db.photos.hnsw ]
ok "its index file is gone"
rm -rf crowd

# ---- Ctrl-C

mkdir many
n=0
while [ $n -lt 20 ]; do
    for image in "$examples"/*.jpg; do # bytes after the end make another file of the same image
        { cat "$image"; echo $n; } >"many/$n-${image##*/}"
    done
    n=$((n + 1))
done
total=$(ls many | wc -l)
after=0
for signal in INT TERM; do
    before=$after stored=$after waited=0
    "$with_signals" "$program" ingest many --db many.db --batch 8 --threads 1 >"$out" 2>"$err" &
    child=$!
    while [ "$stored" -le "$before" ] && [ $waited -lt 600 ]; do # until a batch of this run is committed
        sleep 0.1
        waited=$((waited + 1))
        stored=$("$program" info --json --db many.db 2>/dev/null | "$json_check" collections.0.count 2>/dev/null)
        stored=${stored:-0}
    done
    kill -$signal $child
    wait $child
    got=$?
    [ $got -eq "$([ $signal = INT ] && echo 130 || echo 143)" ]
    ok "SIG$signal: exit status"
    err_has "what was stored is kept"
    err_has "To continue, run the same command again"
    reported=$(sed -n 's/^Interrupted. Inserted \([0-9]*\) .*/\1/p' "$err")
    after=$("$program" info --json --db many.db | "$json_check" collections.0.count)
    [ "$after" -eq $((before + ${reported:-0})) ] && [ "$after" -lt "$total" ] && [ "$after" -gt "$before" ]
    ok "what was reported as stored is there: $before + $reported = $after of $total"
done
rm -f many/[2-9]-* many/1?-* # these are enough
[ -z "${CLIPSEARCH_SLOW_TESTS:-}" ] || rm -f many/1-*
run 0 "continue" ingest many --db many.db
out_has "unchanged"

echo "1..$count"
