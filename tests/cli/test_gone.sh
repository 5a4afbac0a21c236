#!/bin/sh
# SPDX-License-Identifier: MIT
# test_gone.sh - files that go and come back, sources that are remembered, and what is asked before much is removed.
# Prints TAP. usage: test_gone.sh CLIPSEARCH JSON_CHECK
set -u
. "$CLIPSEARCH_SOURCE_ROOT/tests/cli/tap.sh"
json_check=$(absolute "$2")
set_up "$1"
examples=$source/examples/pictures

images() { "$program" query "$@" 2>>"$err" | wc -l; }
has_images() { # has_images COUNT WHAT OPTIONS...
    want=$1 what=$2
    shift 2
    [ "$(images "$@")" -eq "$want" ]
    ok "$what: $want images"
}
fill() { # fill DIRECTORY COUNT: that many different images
    mkdir -p "$1"
    for n in $(seq 1 "$2"); do
        cp "$examples/cat-snow.jpg" "$1/$(printf %03d "$n").jpg"
        echo "$1 $n" >>"$1/$(printf %03d "$n").jpg" # behind the end of the image, where decoders do not look
    done
}

# ---- files that go

mkdir in
cp "$examples/cat-snow.jpg" "$examples/two-red-cars.jpg" "$examples/white-dog-grass.jpg" in/
run 0 "ingest" ingest -q in
rm in/cat-snow.jpg
run 0 "search for an image that has just gone" -k 1 --with-self --image "$examples/cat-snow.jpg"
out_has "in/cat-snow.jpg (gone)"
run 0 "the same as JSON" -k 1 --with-self --image "$examples/cat-snow.jpg" --json
json_is "says so" queries.0.hits.0.gone <<END
true
END
run 0 "get of it" get 1
out_has "in/cat-snow.jpg (gone)"
run 0 "get of it as JSON" get --json 1
json_is "says so too" items.0.gone <<END
true
END
run 0 "and query" query
[ "$(grep -c "" "$out")" -eq 3 ] && [ "$(grep -c "(gone)" "$out")" -eq 1 ]
ok "marks it"
run 0 "ingest without it" ingest in
out_is "counts it" <<END
Inserted 0 images into photos (2 unchanged, 1 gone) in T
END
err_is "says what becomes of it" <<END
clipsearch: 1 image is gone from the disk; searches leave it out (--gone shows it), and --prune removes it
END
run 0 "ingest again" ingest in
out_is "counts it" <<END
Inserted 0 images into photos (2 unchanged, 1 gone) in T
END
silent "$err" "but says no more"
run 0 "search" -k 3 --with-self --image "$examples/cat-snow.jpg" --paths
[ "$(wc -l <"$out")" -eq 2 ] && ! grep -q cat-snow "$out"
ok "leaves it out"
run 0 "search --gone" -k 3 --with-self --image "$examples/cat-snow.jpg" --gone
out_has "in/cat-snow.jpg (gone)"
[ "$(grep -c "" "$out")" -eq 3 ] && [ "$(grep -c "(gone)" "$out")" -eq 1 ]
ok "shows it, marked"
has_images 2 "query leaves it out"
has_images 3 "query --gone" --gone
run 0 "query --gone --json" query --gone --json
json_is "marks it" items.0.gone <<END
true
END
! grep -q '"gone":false' "$out"
ok "and no other"
run 0 "get" get 1
out_has "in/cat-snow.jpg (gone)"
run 0 "info" info
out_has "images     3, of 1 the files are gone"
run 0 "collections --json" collections --json
json_is "count both" 0.count 0.gone <<END
3
1
END

# ---- and come back

cp "$examples/cat-snow.jpg" in/
run 0 "the file is back" ingest in
out_is "its item too, nothing is encoded" <<END
Inserted 0 images into photos (3 unchanged, 1 back) in T
END
run 0 "search finds it again" -k 1 --with-self --image "$examples/cat-snow.jpg" --paths
grep -q cat-snow "$out"
ok "and it is the nearest"
rm in/cat-snow.jpg
run 0 "gone again" ingest -q in
mkdir in/sub
cp "$examples/cat-snow.jpg" in/sub/other.jpg
run 0 "back under another name" ingest in
out_is "it moved" <<END
Inserted 0 images into photos (2 unchanged, 1 moved) in T
END
run 0 "another collection" ingest -q in/sub --collection sub
rm in/sub/*
echo x >in/sub/notes.txt
run 1 "all its files go" ingest -q in/sub --collection sub
run 1 "search where all is gone" --with-self --image "$examples/cat-snow.jpg" --collection sub
err_has "all images of the collection sub are gone: their files are not there (--gone shows them)"
run 1 "nothing to label" label --collection sub --labels dog,cat
err_has "all images of the collection sub are gone: their files are not there"
rm -r in/sub

# ---- prune is careful

fill drive 30
run 0 "a drive" ingest -q drive --collection drive
mv drive away
mkdir drive
run 1 "it is not mounted" ingest drive --collection drive
err_has "/work/drive is empty: 30 images kept (a disk that is not mounted?)"
has_images 30 "all are still there" --collection drive
run 3 "prune it" ingest --prune drive --collection drive
err_is "is refused" <<END
clipsearch: SCRATCH/work/drive is empty: 30 images kept (a disk that is not mounted?)
clipsearch: not all was pruned
If the files are really to be forgotten, run the same command with --prune=force
END
out_is "nothing is removed" <<END
Inserted 0 images into drive (30 gone) in T
END
has_images 30 "all are still there" --collection drive
rmdir drive
mv away drive
run 0 "mounted again" ingest --prune drive --collection drive
out_is "nothing has changed" <<END
Inserted 0 images into drive (30 unchanged) in T
END
rm drive/00[1-7].jpg
run 3 "prune 7 of 30" ingest --prune drive --collection drive
err_has "/work/drive: 7 of 30 images would be removed: all are kept"
has_images 23 "they are known to be gone" --collection drive
has_images 30 "and kept" --collection drive --gone
cp "$examples/cat-snow.jpg" drive/001.jpg
echo "drive 1" >>drive/001.jpg
run 0 "6 of 30" ingest --prune drive --collection drive
out_is "are a fifth, and removed" <<END
Inserted 0 images into drive (24 unchanged, 6 removed, 1 back) in T
END
rm drive/01?.jpg
run 0 "prune=force" ingest --prune=force drive --collection drive
out_is "removes as many as are gone" <<END
Inserted 0 images into drive (14 unchanged, 10 removed) in T
END
fill few 4
run 0 "few images" ingest -q few --collection few
rm few/00[1-3].jpg
run 0 "3 of 4" ingest --prune few --collection few
out_has "1 unchanged, 3 removed"
usage '--prune must be gone or force, not "all"' ingest --prune=all few

# ---- excluded later, a directory in a file's place

mkdir -p notes/thumbs notes/keep
cp "$examples/cat-snow.jpg" notes/keep/
cp "$examples/two-red-cars.jpg" notes/thumbs/
run 0 "with thumbs" ingest -q notes --collection notes
run 0 "exclude them" ingest --exclude thumbs notes --collection notes
out_is "they stay" <<END
Inserted 0 images into notes (1 unchanged) in T
END
run 0 "exclude and prune" ingest --exclude thumbs --prune notes --collection notes
out_is "they go" <<END
Inserted 0 images into notes (1 unchanged, 1 removed) in T
END
mv notes/keep/cat-snow.jpg cat.jpg
mkdir notes/keep/cat-snow.jpg
mv cat.jpg notes/keep/cat-snow.jpg/inside.jpg
cp "$examples/white-dog-grass.jpg" notes/keep/cat-snow.jpg/dog.jpg
run 0 "a file became a directory" ingest notes --collection notes --exclude thumbs
out_is "its item moved into it" <<END
Inserted 1 image into notes (1 moved) in T
END
rm -r notes/keep/cat-snow.jpg/inside.jpg
mkdir notes/keep/cat-snow.jpg/inside.jpg
cp "$examples/two-red-cars.jpg" notes/keep/cat-snow.jpg/inside.jpg/
run 0 "another one" ingest --prune notes --collection notes --exclude thumbs
out_is "and its item is removed" <<END
Inserted 1 image into notes (1 unchanged, 1 removed) in T
END

# ---- content that changes behind the size and the time

mkdir swap
cp "$examples/cat-snow.jpg" swap/a.jpg
cp "$examples/cat-snow.jpg" swap/b.jpg
printf 1 >>swap/a.jpg
printf 2 >>swap/b.jpg
touch -d '2024-01-01 12:00' swap/a.jpg swap/b.jpg
run 0 "two of one size and time" ingest -q swap --collection swap
mv swap/a.jpg t
mv swap/b.jpg swap/a.jpg
mv t swap/b.jpg
run 0 "change places" ingest swap --collection swap
out_is "which is noticed" <<END
Inserted 0 images into swap (2 copies of others) in T
END
chmod 600 swap/a.jpg
run 0 "other permissions" ingest swap --collection swap
out_is "are no other content" <<END
Inserted 0 images into swap (2 unchanged) in T
END
for option in --rescan --reread; do
    run 0 "$option" ingest $option swap --collection swap
    out_is "finds the same" <<END
Inserted 0 images into swap (2 unchanged) in T
END
done

# ---- many of one content move

mkdir -p same/a
for n in $(seq -w 1 100); do cp "$examples/cat-snow.jpg" "same/a/$n.jpg"; done
{ echo path,sku; for n in $(seq -w 1 100); do echo "a/$n.jpg,S$n"; done; } >sku.csv
printf 'collection: same\nsources:\n  - path: same\n    csv: {file: sku.csv}\n' >same.yaml
run 0 "a hundred of one content" ingest -q same.yaml
mv same/a same/b
rm same/b/003.jpg
run 0 "their folder is renamed" ingest same --collection same
out_is "each finds its item" <<END
Inserted 0 images into same (99 moved, 1 gone) in T
END
for n in 001 050 065 100; do
    [ "$("$program" query --paths --collection same --filter "sku == 'S$n'")" = "$scratch/work/same/b/$n.jpg" ]
    ok "the one with its name: $n"
done

# ---- what is remembered

run 0 "info" info
out_has "  sources    $scratch/work/drive"
out_has "$scratch/work/notes, without thumbs"
out_has "$scratch/work/same, attributes from $scratch/work/sku.csv (listed in $scratch/work/same.yaml)"
run 0 "info --json" info --json
"$json_check" collections.1.name collections.1.sources.0.path <"$out" >"$scratch/values" 2>"$err"
grep -q "$scratch/work/few" "$scratch/values"
ok "has the sources"
cp "$examples/white-dog-grass.jpg" drive/new.jpg
cp "$examples/white-dog-grass.jpg" notes/thumbs/new.jpg
run 3 "update" update
err_has "clipsearch: the source $scratch/work/in/sub: No such file or directory"
for line in "Inserted 1 image into drive (14 unchanged)" "Inserted 0 images into notes (2 unchanged)" \
    "Inserted 0 images into few (1 unchanged)" "Inserted 0 images into swap (2 unchanged)"; do
    out_has "$line"
done
[ "$(grep -c "^Inserted" "$out")" -eq 6 ] && [ "$("$program" collections | wc -l)" -eq 7 ]
ok "a line for each collection but that one"
run 0 "update of two" update swap few --rescan
[ "$(wc -l <"$out")" -eq 2 ]
ok "two lines"
run 5 "update of none" update nosuch
rm drive/new.jpg
run 0 "update --prune" update drive --prune
out_has "14 unchanged, 1 removed"
run 0 "update --dry-run" update drive --dry-run
out_has "Would insert 0 images into drive (14 unchanged)"
printf 'collection: same\nsources:\n  - path: same\n    exclude: "0*"\n' >same.yaml
run 0 "the YAML file says something else" ingest same.yaml
run 0 "update reads it" update same
rm same.yaml
run 0 "and without it goes by what it said" update same
"$program" info | grep -q "same, without 0\* (listed in $scratch/work/same.yaml)"
ok "which info shows"
run 0 "forget a directory" update drive --forget drive
out_is "says so" <<END
Forgot 1 source of drive
END
run 0 "nothing is remembered" update drive
err_has "the collection drive remembers no directories; ingest them once more"
run 1 "forget it again" update drive --forget drive
err_has "does not remember $scratch/work/drive"
has_images 14 "its images stay" --collection drive
usage "--forget needs the name of one collection" update --forget drive

# ---- a directory that was moved

mkdir from
cp "$examples/cat-snow.jpg" from/
run 0 "ingest a directory" ingest from --collection trip
mv from to
run 0 "ingest it where it was moved to" ingest to --collection trip
out_has "(1 moved)"
forget="clipsearch update trip --forget $scratch/work/from"
for how in "" --prune=force; do
    run 3 "update $how" update trip $how
    err_is "says how to forget the old one" <<END
clipsearch: the source SCRATCH/work/from: No such file or directory; to forget it, run: clipsearch update trip --forget SCRATCH/work/from
END
done
run 0 "that command" ${forget#clipsearch }
run 0 "update" update trip
silent "$err" "misses nothing any more"
printf 'collection: listed\nsources: [to, from]\n' >listed.yaml
run 3 "a YAML file that lists a directory that is gone" ingest listed.yaml
run 3 "update" update listed
err_is "names its line" <<END
clipsearch: SCRATCH/work/listed.yaml:2:15: the source SCRATCH/work/from: No such file or directory
END

# ---- asked first

run 2 "drop unasked" drop few
err_is "needs --yes" <<END
clipsearch: the collection few has 1 image; nobody can be asked here, so this needs --yes
For help, run: clipsearch help drop
END
run 0 "drop --yes" drop few --yes
run 2 "delete everything unasked" delete --collection swap --filter true
err_has "this is all images of swap: 2; nobody can be asked here, so this needs --yes"
has_images 2 "nothing is removed" --collection swap
deep=$(printf '%064d' 0 | tr 0 '(')true$(printf '%064d' 0 | tr 0 ')')
run 2 "delete everything unasked by a filter with as many parentheses as are taken" delete --collection swap --filter "$deep"
err_has "this may be all images of swap: 2; nobody can be asked here, so this needs --yes"
run 2 "and with too many" delete --collection swap --filter "($deep)"
err_has "parentheses more than 64 deep"
run 2 "and with too many because of --in" delete --collection swap --filter "$deep" --in .
err_has "parentheses more than 64 deep"
has_images 2 "nothing is removed" --collection swap
run 0 "delete some" delete --collection swap --filter 'name == "a.jpg"'
run 2 "delete the rest" delete --collection swap --filter 'name like "%"'
run 0 "delete the rest --yes" delete --collection swap --filter 'name like "%"' --yes
out_is "says how many" <<END
Removed 1 image from swap
END
run 1 "delete everything of nothing" delete --collection swap --filter true
if command -v script >/dev/null 2>&1; then
    answer() { # answer WORD COMMAND: on a terminal
        word=$1
        shift
        { sleep 1; echo "$word"; } | script -qec "$program $*" /dev/null >"$out" 2>"$err"
    }
    answer no drop notes
    has_images 2 "the answer was no" --collection notes
    grep -q "Drop it? \[y/N\]" "$out"
    ok "drop asks on a terminal"
    answer y drop notes
    run 5 "the answer was yes" query --collection notes
else
    count=$((count + 1))
    echo "ok $count - a terminal # SKIP needs the program script"
fi
echo "1..$count"
