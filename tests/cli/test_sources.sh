#!/bin/sh
# SPDX-License-Identifier: MIT
# test_sources.sh - which files of a folder are ingested and what is said of the rest: hidden files, kinds, patterns,
# lists of files, sources that are missing, slips in YAML files. Prints TAP.
# usage: test_sources.sh CLIPSEARCH JSON_CHECK
set -u
. "$CLIPSEARCH_SOURCE_ROOT/tests/cli/tap.sh"
json_check=$(absolute "$2")
set_up "$1"
pictures=$source/examples/pictures

# ---- hidden files, and files that are no images

mkdir -p album/.thumbnails album/.Trash-1000/files album/@eaDir/beach.jpg 'album/$RECYCLE.BIN' album/.git album/trip
cp "$pictures/cat-snow.jpg" album/beach.jpg
cp "$pictures/dog-snow.jpg" album/trip/IMG_1.JPG
cp "$pictures/bird-sky.jpg" album/trip/camera-without-suffix
cp "$pictures/dog-pink.png" album/trip/wrong.psd
for place in .thumbnails/a.jpg .Trash-1000/files/b.jpg @eaDir/beach.jpg/c.jpg '$RECYCLE.BIN/d.jpg' .git/e.jpg ._beach.jpg; do
    cp "$pictures/cow-grass.jpg" "album/$place"
done
echo words >album/notes.txt
echo words >album/trip/LIST.CSV
echo film >album/trip/a.mov
echo layers >album/b.psd
echo layers >album/c.PSD
echo what >album/d.xyz
run 0 "a folder as people have them" ingest album
out_is "says what it left out" <<END
Inserted 4 images into photos in T
Left out: 2 Photoshop (this build cannot read them), 1 video, 2 text files, 1 other file
END
! grep -q "could not be read" "$err"
ok "and complains of nothing"
run 0 "its images" query --paths
out_is "are those that can be seen" <<END
SCRATCH/work/album/beach.jpg
SCRATCH/work/album/trip/IMG_1.JPG
SCRATCH/work/album/trip/camera-without-suffix
SCRATCH/work/album/trip/wrong.psd
END
run 0 "again, -v" ingest -v album
out_is "counts the hidden ones too" <<END
Inserted 0 images into photos (4 unchanged) in T
Left out: 2 Photoshop (this build cannot read them), 1 video, 2 text files, 1 other file, 6 hidden
END
run 0 "-q" ingest -q album
silent "$out" "says nothing of them"
run 0 "--hidden" ingest --hidden album --collection all
out_is "takes them" <<END
Inserted 5 images into all (5 copies of others) in T
Left out: 2 Photoshop (this build cannot read them), 1 video, 2 text files, 1 other file
END
run 0 "a source that is hidden itself" ingest album/.thumbnails album/@eaDir --collection thumbnails
out_is "is taken" <<END
Inserted 1 image into thumbnails (1 copy of another) in T
END
mkdir -p only/.hidden
cp "$pictures/cow-grass.jpg" only/.hidden/a.jpg
run 1 "only hidden files" ingest only
err_has "no images found; hidden files are taken only with --hidden"
printf 'sources:\n  - {path: only, hidden: true}\n' >hidden.yaml
run 0 "hidden: true" ingest hidden.yaml
run 0 "a dry run" ingest --dry-run album --db other.db
out_is "counts the same" <<END
Would insert 4 images into photos in T
Left out: 2 Photoshop (this build cannot read them), 1 video, 2 text files, 1 other file
END

# ---- patterns match in any case

mkdir camera
cp "$pictures/cat-snow.jpg" camera/IMG_1.JPG
cp "$pictures/dog-snow.jpg" camera/two.jpg
cp "$pictures/bird-sky.jpg" "camera/ÉTÉ.Jpg"
run 0 "--include in lower case" ingest camera --include '*.jpg' --db case.db
out_has "Inserted 3 images"
run 0 "--include with an accent" ingest camera --include 'été*' --collection accent --db case.db
out_has "Inserted 1 image"
run 0 "--exclude in the other case" ingest camera --exclude 'IMG_*.jpg' --collection excluded --db case.db
out_has "Inserted 2 images"
run 0 "--case exact" ingest camera --include '*.jpg' --case exact --collection exact --db case.db
out_has "Inserted 1 image "
printf 'sources:\n  - {path: camera, include: "*.JPG", case: exact}\n' >case.yaml
run 0 "case: exact" ingest case.yaml --collection yaml --db case.db
out_has "Inserted 1 image "
usage "--case must be any or exact, not \"exat\"; did you mean exact?" ingest camera --case exat
usage "--hidden is for directories on the command line; in case.yaml write hidden as a key of a source" ingest --hidden case.yaml

# ---- lists of files

printf 'camera/two.jpg\r\n\r\nalbum/.thumbnails/a.jpg\r\n' >list.txt
run 0 "--files-from a file with CR LF and an empty line" ingest --files-from list.txt --db list.db
out_has "Inserted 2 images"
find camera -type f -print0 | "$program" ingest --files-from - -0 --db list.db --collection nul >"$out" 2>"$err"
ok "-0 --files-from -"
out_has "Inserted 3 images"
printf '%s\n' "$scratch/work/camera/two.jpg" no-such.jpg camera/IMG_1.JPG >list.txt
run 3 "a list with a file that is not there" ingest --files-from list.txt --db list.db --collection some
err_has "work/no-such.jpg: No such file or directory"
out_has "Inserted 2 images into some (1 skipped)"
printf "%s\n" camera >camera-list
run 0 "a directory in a list, and operands beside it" ingest only/.hidden --files-from camera-list --db list.db --collection both
out_has "Inserted 4 images"
usage "--null says how the list of --files-from is written" ingest -0 camera
run 3 "a list that is not there" ingest --files-from nowhere.txt --db list.db
err_has "the list of files nowhere.txt: No such file or directory"
: >empty.txt
run 1 "an empty list" ingest --files-from empty.txt --db list.db
mkdir lists
echo two.jpg >lists/list.txt
printf 'sources:\n  - files_from: list.txt\n    path: ../camera\n    attributes: {from: list}\n' >lists/in.yaml
run 0 "files_from in an ingest file" ingest lists/in.yaml --db list.db --collection yaml
out_has "Inserted 1 image "
run 0 "with attributes" query --db list.db --collection yaml --paths --filter 'from == "list"'
out_is "of its own" <<END
SCRATCH/work/camera/two.jpg
END
usage "--files-from is for directories on the command line" ingest case.yaml --files-from list.txt

# ---- sources that are not there

cat >many.yaml <<'END'
sources:
  - camera
  - pics
  - path: $HOME/Pictures
  - path: https://example.org/photos
  - {include: "*.jpg", path: album/*.jpg}
  - album
END
run 3 "some of the sources are not there" ingest many.yaml --db many.db
err_has "clipsearch: many.yaml:3:5: the source pics: No such file or directory"
err_has 'many.yaml:4:11: the source $HOME/Pictures: No such file or directory; variables are not replaced here; write the path out, or ~/ for the home directory'
err_has "many.yaml:5:11: the source https://example.org/photos: No such file or directory; this is a URL;"
err_has "many.yaml:6:30: the source album/*.jpg: No such file or directory; this is a pattern; give the directory as path, and the pattern as include"
out_has "Inserted 4 images into photos (3 copies of others)"
run 3 "one of two operands is not there" ingest camera pics --db many.db
err_is "is named" <<END
clipsearch: the source pics: No such file or directory
END
run 3 "none is there" ingest '~/pics' "$scratch/none/*.jpg" --db none.db
err_is "each is named once" <<END
clipsearch: the source ~/pics: No such file or directory; ~ was not replaced; quotes keep the shell from doing it
clipsearch: the source SCRATCH/none/*.jpg: No such file or directory; no file matches this pattern; give the directory, and the pattern with --include
END
[ ! -e none.db ]
ok "and no database is made"

# ---- slips in YAML

slip() { # slip MESSAGE TEXT: an ingest file with TEXT is refused with the message
    printf "$2" >slip.yaml
    run 2 "a slip in YAML" ingest slip.yaml
    err_has "slip.yaml:$1"
}
slip '3:14: a text that begins with * must be in quotes: "*.jpg"' 'sources:\n  - path: camera\n    include: *.jpg\n'
slip '2:1: a tab stands where only spaces may' 'sources:\n\t- path: camera\n'
slip '3:5: unknown key "inclde" in a source; did you mean include?' 'sources:\n  - path: camera\n    inclde: x\n'
slip '1:11: $HOME/x.db: variables are not replaced here' 'database: $HOME/x.db\nsources: [camera]\n'
slip '2:13: collection must be 1 to 64 letters,' 'sources: [camera]\ncollection: a b\n'
slip '2:15: an index of the type ivf_flat is made by Milvus servers only' 'sources: [camera]\nindex: {type: ivf_flat}\n'
slip '3:15: ' 'sources: [camera]\n# \303\251\ncollection: "\303\251\377"\n'
err_has "the file must be UTF-8"
slip '1:1: the file is empty; it needs at least the key sources' ''
slip '1:1: the file is empty; it needs at least the key sources' '# nothing yet\n'
{ echo 'sources: [camera]' && head -c 1048576 /dev/zero | tr '\0' '#'; } >slip.yaml
run 2 "a YAML file of more than a MiB" ingest slip.yaml
err_has "slip.yaml:1:1: 1048594 bytes, more than the limit of 1048576 for a YAML file; shorten it, or divide it into several"
printf 'sources: [camera]\ncollection: a-b\n' >slip.yaml
run 2 "a name that only a server refuses" ingest slip.yaml --db milvus://127.0.0.1:1
err_has "slip.yaml:2:13: the collection's name \"a-b\": Milvus allows letters"
printf 'sources: [camera]\nmodel: nosuch\n' >slip.yaml
run 4 "a model that is not there" ingest slip.yaml --db slip.db
err_has "clipsearch: slip.yaml:2:8: "
printf 'sources: [camera]\nmodel: ./nosuch\n' >slip.yaml
run 4 "the directory of one that is not there" ingest slip.yaml --db slip.db
err_has "clipsearch: slip.yaml:2:8: "
[ ! -e slip.db ]
ok "none of these makes a database"
mkdir 2024
cp "$pictures/cow-grass.jpg" 2024/1.jpg
printf 'collection: 7\nsources:\n  - path: 2024\n    include: 1.jpg\n' >number.yaml
run 0 "names that look like numbers" ingest number.yaml --db number.db
out_has "Inserted 1 image into 7"

# ---- the ingest file of the manual, and keys that only an index of Milvus has

mkdir -p manual/pictures manual/more/pictures
cp "$pictures/cat-snow.jpg" "$pictures/dog-pink.png" manual/pictures/
cp "$pictures/dog-snow.jpg" manual/more/pictures/
echo dog-pink.png >manual/list.txt
printf 'name,caption\ncat-snow.jpg,a cat\n' >manual/captions.csv
awk '/^A file with every key/ { on = 1 } inside && /^```/ { exit } inside { print } on && /^```yaml/ { inside = 1 }' \
    "$source/docs/ingest.md" >manual/in.yaml
grep -q '  nlist: 1024 ' manual/in.yaml
ok "docs/ingest.md has an ingest file with every key"
run 0 "it" ingest manual/in.yaml
out_has "Inserted 3 images into photos"
run 0 "and again" ingest manual/in.yaml
out_has "Inserted 0 images into photos (3 unchanged)"
printf 'index: {nlist: 5}\nsources: [camera]\n' >clusters.yaml
run 0 "nlist without a type" ingest clusters.yaml --db clusters.db
out_has "Inserted 3 images into photos"

# ---- a file that ends the run

mkdir dangling
ln -s /nonexistent dangling/a.jpg
run 3 "--on-bad stop at a link to nothing" ingest dangling --on-bad stop --db stop.db
err_has "work/dangling/a.jpg: No such file or directory"
[ ! -e stop.db ]
ok "and makes no database"
run 3 "as JSON" ingest dangling --on-bad stop --db stop.db --progress json
err_has '"phase":"failed","exit":3'

# ---- slips in the configuration

mkdir -p "$XDG_CONFIG_HOME/clipsearch"
config() { printf "$1" >"$XDG_CONFIG_HOME/clipsearch/config.yaml"; } # config TEXT: is the configuration
bad_config() { # bad_config MESSAGE ARGUMENTS...: the configuration is refused with the message
    message=$1
    shift
    run 2 "a wrong configuration: $*" "$@"
    err_has "clipsearch: $XDG_CONFIG_HOME/clipsearch/config.yaml:$message"
    ! grep -q -e --db "$err"
    ok "and no other advice"
}
config 'k: 3\ntoken_file: nowhere\n'
run 0 "a file of a token that is not there is of no use: ingest" ingest camera --db case.db
run 0 "search" cat --db case.db
run 0 "info" info --db case.db
run 0 "config" config --show
bad_config "2:13: token_file: $XDG_CONFIG_HOME/clipsearch/nowhere: No such file" cat --db milvus://127.0.0.1:1
bad_config "2:13: token_file: $XDG_CONFIG_HOME/clipsearch/nowhere: No such file" copy --from milvus://127.0.0.1:1 --to x.db
config 'k: 3\ndatabase: milvus://127.0.0.1:1\ntoken_file: nowhere\n'
bad_config "3:13: token_file: $XDG_CONFIG_HOME/clipsearch/nowhere: No such file" cat
run 2 "config shows the settings nevertheless" config --show
out_is "and what is wrong" <<END
database       milvus://127.0.0.1:1  (SCRATCH/config/clipsearch/config.yaml)
collection     photos  (default)
model          the collection's, or default  (default)
k              3  (SCRATCH/config/clipsearch/config.yaml)
threads        one per processor  (default)
precision      auto  (default)
decode         exact  (default)
cpu            all that there is  (default)
min_relevance  all hits are shown  (default)
token_file     SCRATCH/config/clipsearch/nowhere  (SCRATCH/config/clipsearch/config.yaml)
ca             the system's authorities  (default)
consistency    bounded  (default)
problem        SCRATCH/config/clipsearch/config.yaml:3:13: token_file: SCRATCH/config/clipsearch/nowhere: No such file or directory
END
run 2 "and as JSON" config --show --json
json_is "with the problem" database.value k.value problem <<END
milvus://127.0.0.1:1
3
SCRATCH/config/clipsearch/config.yaml:3:13: token_file: SCRATCH/config/clipsearch/nowhere: No such file or directory
END
run 0 "what opens no database needs no token: embed" embed "a cat"
run 0 "tokenize" tokenize "a cat"
run 0 "label of files" label --labels cat,dog camera/IMG_1.JPG
run 0 "model list" model list
run 0 "model info" model info default
run 0 "model use" model use default
run 0 "model convert" model convert default --to converted
run 4 "model verify" model verify clip-vit-b32
err_has "there is no model \"clip-vit-b32\""
run 0 "another database needs no token" config --show --db case.db
! grep -q problem "$out"
ok "so nothing is wrong"
CLIPSEARCH_MILVUS_TOKEN=root:x run 0 "nor one whose token is in the environment" config --show
! grep -q problem "$out"
ok "so again nothing is"
config 'k: 3\ntoken_file: nowhere\n'
printf 'one\ntwo\n' >"$XDG_CONFIG_HOME/clipsearch/nowhere"
bad_config "2:13: token_file: $XDG_CONFIG_HOME/clipsearch/nowhere: a token's file is one line" cat --db milvus://127.0.0.1:1
config 'consistency: stong\n'
bad_config '1:14: consistency must be bounded, strong or eventually, not "stong"; did you mean strong?' cat --db case.db
bad_config '1:14: consistency must be bounded, strong or eventually, not "stong"' cat --db milvus://127.0.0.1:1
config 'collection: "a b"\n'
bad_config "1:13: collection must be 1 to 64 letters, digits, '_', '-' or '.', not \"a b\"" cat --db case.db
config 'k: 2\nmodel: nosuch\n'
run 4 "the configuration's model is not there" ingest camera --db slip.db
err_has "clipsearch: $XDG_CONFIG_HOME/clipsearch/config.yaml:2:8: "
rm "$XDG_CONFIG_HOME/clipsearch/config.yaml"
usage "--collection must be 1 to 64 letters, digits, '_', '-' or '.', not \"a b\"" cat --collection "a b" --db case.db
CLIPSEARCH_COLLECTION="a b"
export CLIPSEARCH_COLLECTION
usage "the environment variable CLIPSEARCH_COLLECTION must be 1 to 64 letters" cat --db case.db
unset CLIPSEARCH_COLLECTION

echo "1..$count"
