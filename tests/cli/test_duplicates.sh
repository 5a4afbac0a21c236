#!/bin/sh
# SPDX-License-Identifier: MIT
# test_duplicates.sh - clipsearch duplicates, and copies that are one hit of a search. Prints TAP.
# usage: test_duplicates.sh CLIPSEARCH JSON_CHECK WITH_SIGNALS
set -u
. "$CLIPSEARCH_SOURCE_ROOT/tests/cli/tap.sh"
json_check=$(absolute "$2") with_signals=$(absolute "$3")
set_up "$1"
examples=$source/examples/pictures

draw() { # draw FILE WIDTH HEIGHT HOW SEED: a PPM of waves and blobs; HOW: plain, mirror or turn
    awk -v width="$2" -v height="$3" -v how="$4" -v seed="$5" 'BEGIN {
        print "P3"; print width, height, 255
        for (y = 0; y < height; y++)
            for (x = 0; x < width; x++) {
                u = (x + 0.5) / width; v = (y + 0.5) / height
                if (how == "mirror") u = 1 - u
                if (how == "turn") { t = u; u = v; v = 1 - t }
                a = sin((17 + seed) * u + 5 * v) * cos(23 * v - 3 * seed * u)
                b = sin(40 * u * v + seed) * cos(31 * (u - v))
                c = exp(-40 * ((u - 0.3) ^ 2 + (v - 0.2 - 0.02 * seed) ^ 2))
                printf "%d %d %d\n", 128 + 70 * a + 50 * c, 128 + 60 * b + 40 * a, 100 + 90 * c + 60 * b
            }
    }' >"$1"
}

mkdir photos photos/sub
draw photos/large.ppm 192 144 plain 1
draw photos/small.ppm 96 72 plain 1
draw photos/mirror.ppm 192 144 mirror 1
draw photos/turned.ppm 144 192 turn 1
draw photos/other.ppm 192 144 plain 4
cp "$examples/cat-snow.jpg" photos/cat.jpg
cp "$examples/cat-snow.jpg" "photos/sub/the cat.jpg"
cp "$examples/cat-snow.jpg" photos/sub/z.jpg
cp "$examples/dog-snow.jpg" photos/dog.jpg
touch -d '2024-01-03' photos/cat.jpg photos/sub/z.jpg
touch -d '2024-01-02' "photos/sub/the cat.jpg"
touch -d '2024-01-04' photos/*.ppm
run 0 "ingest" ingest -q photos

# ---- groups

run 0 "the same bytes" duplicates --level exact
out_is "the oldest is kept" <<END
* keep  224x224  photos/sub/the cat.jpg
exact   224x224  photos/cat.jpg
exact   224x224  photos/sub/z.jpg
END
silent "$err" "and no more is said"
run 0 "by default" duplicates
out_is "a resized image too, of which the larger one is kept" <<END
* keep  224x224  photos/sub/the cat.jpg
exact   224x224  photos/cat.jpg
exact   224x224  photos/sub/z.jpg

* keep  192x144  photos/large.ppm
same    96x72  photos/small.ppm
END
run 0 "edited" duplicates --level edited
sed -n '5,$p' "$out" | sort >"$scratch/sorted"
mv "$scratch/sorted" "$out"
out_is "a mirrored and a turned image too" <<END
* keep  192x144  photos/large.ppm
edited  144x192  photos/turned.ppm
edited  192x144  photos/mirror.ppm
same    96x72  photos/small.ppm
END
run 0 "--paths" duplicates --paths
out_is "those not to keep, as absolute paths" <<END
SCRATCH/work/photos/cat.jpg
SCRATCH/work/photos/sub/z.jpg
SCRATCH/work/photos/small.ppm
END
"$program" duplicates -0 | tr '\0\n' '\nX' >"$out"
out_is "-0: the same, each with a NUL byte behind" <<END
SCRATCH/work/photos/cat.jpg
SCRATCH/work/photos/sub/z.jpg
SCRATCH/work/photos/small.ppm
END
run 0 "--json" duplicates --json
json_is "JSON" collection level images surplus groups groups.0.images groups.0.images.0.path groups.0.images.0.keep \
    groups.0.images.1.keep groups.0.images.1.level groups.1.images.1.level groups.1.images.0.width \
    groups.1.images.0.height groups.1.images.0.id unreadable <<END
photos
same
9
3
2
3
SCRATCH/work/photos/sub/the cat.jpg
true
false
exact
same
192
144
3
0
END
run 0 "from another directory" duplicates --level exact --in photos/sub
out_is "only there" <<END
* keep  224x224  photos/sub/the cat.jpg
exact   224x224  photos/sub/z.jpg
END
run 0 "a filter" duplicates --filter 'name like "%.ppm" or name == "cat.jpg"'
out_is "only among those" <<END
* keep  192x144  photos/large.ppm
same    96x72  photos/small.ppm
END
run 1 "no duplicates" duplicates --filter 'name == "other.ppm" or name == "dog.jpg"'
silent "$out" "nothing is printed"
err_is "and that is said" <<END
clipsearch: no duplicates among 2 images of the collection photos
END
run 1 "no duplicates, -q" duplicates -q --filter 'name == "other.ppm"'
silent "$err" "nothing is said"
run 1 "no duplicates, --json" duplicates -q --json --filter 'name == "other.ppm"'
json_is "an empty list" groups images <<END
0
1
END

# ---- what is wrong

usage "--json, --paths and --null exclude each other; give one of them" duplicates --json -0
usage "--level must be exact, same, edited or burst, not \"sam\"; did you mean same?" duplicates --level sam
run 2 "an operand" duplicates photos
run 2 "a wrong filter" duplicates --filter 'size >'
run 5 "no such collection" duplicates --collection none
run 5 "no database" duplicates --db none.db

# ---- files that cannot be read

cp -r photos before
head -c 200 before/small.ppm >photos/small.ppm
rm photos/mirror.ppm
run 0 "damaged and missing files" duplicates --level edited
err_has "photos/small.ppm: "
grep -q 'small.ppm\|mirror.ppm' "$out" || grep -q 'photos/turned.ppm' "$out"
ok "the others are compared"
run 0 "-q says so too" duplicates -q --json --level edited
err_has "photos/mirror.ppm: "
json_is "and JSON counts them" unreadable <<END
2
END
cp before/small.ppm before/mirror.ppm photos/

# ---- files that are gone, which no ingestion has noted

mkdir lost
for name in a b c folder loop; do
    cp "$examples/cat-snow.jpg" lost/$name.jpg
done
cp "$examples/dog-snow.jpg" lost/dog.jpg
{ cat "$examples/cat-snow.jpg"; echo behind the end; } >lost/long.jpg # the largest file
touch -d '2024-01-01' lost/a.jpg lost/folder.jpg lost/loop.jpg        # older than b.jpg, which is older than c.jpg
touch -d '2024-01-02' lost/b.jpg
run 0 "ingest" ingest -q --db lost.db lost
rm lost/a.jpg lost/folder.jpg lost/long.jpg lost/loop.jpg
mkdir lost/folder.jpg
ln -s loop.jpg lost/loop.jpg # whether there is a file cannot be found out
run 0 "files that are gone" duplicates --db lost.db --level exact
out_is "one that is there is kept" <<END
* keep  224x224  lost/b.jpg
exact   224x224  lost/c.jpg
exact   224x224  lost/loop.jpg
exact   224x224  lost/a.jpg (gone)
exact   224x224  lost/folder.jpg (gone)
END
rm lost/loop.jpg
for level in same edited burst; do
    run 0 "files that are gone" duplicates --db lost.db --level $level
    out_is "one that is there is kept: $level" <<END
* keep  224x224  lost/b.jpg
exact   224x224  lost/c.jpg
same    224x224  lost/long.jpg (gone)
exact   224x224  lost/a.jpg (gone)
exact   224x224  lost/folder.jpg (gone)
exact   224x224  lost/loop.jpg (gone)
END
done
for level in exact same edited burst; do
    run 0 "--paths" duplicates --db lost.db --level $level --paths
    out_is "those that are gone are not listed: $level" <<END
SCRATCH/work/lost/c.jpg
END
done
size=$(wc -c <lost/c.jpg)
run 0 "--json" duplicates --db lost.db --json
json_is "they are no surplus" surplus surplus_bytes groups.0.images groups.0.images.0.path groups.0.images.0.keep \
    groups.0.images.0.gone groups.0.images.1.gone groups.0.images.2.keep groups.0.images.2.gone <<END
1
$size
6
SCRATCH/work/lost/b.jpg
true
false
false
false
true
END
run 0 "a search" -k 2 --db lost.db --image "$examples/cat-snow.jpg" --filter 'name != "long.jpg"'
sed -i 's/^[0-9.]* *//' "$out"
out_is "a copy that is there stands for the others" <<END
lost/b.jpg (+4 copies)
lost/dog.jpg
END
run 0 "its paths" -k 1 --db lost.db --image "$examples/cat-snow.jpg" --filter 'name != "long.jpg"' --paths
out_is "are of such a copy" <<END
SCRATCH/work/lost/b.jpg
END
run 0 "its links" -k 1 --db lost.db --image "$examples/cat-snow.jpg" --filter 'name != "long.jpg"' --link lost-links
cmp -s lost-links/001-b.jpg "$examples/cat-snow.jpg"
ok "are to such a copy"
mv lost/c.jpg lost/b.jpg "$scratch"
run 0 "all of a group are gone" duplicates --db lost.db -0
silent "$out" "there is nothing to move"
run 0 "all of a group are gone, --json" duplicates --db lost.db --json
json_is "no surplus" surplus surplus_bytes groups.0.images.0.gone groups.0.images.5.gone <<END
0
0
true
true
END
run 0 "a search for what is gone" -k 1 --db lost.db --image "$examples/cat-snow.jpg" --filter 'name != "long.jpg"'
out_has "lost/a.jpg (gone) (+4 copies)"

# ---- several paths to one file

mkdir once
cp "$examples/cat-snow.jpg" once/a.jpg
ln once/a.jpg once/b.jpg
ln -s once twice
run 0 "a file with a second name, in a folder with a second name" ingest -q --db once.db once twice
run 1 "it is no duplicate of itself" duplicates --db once.db --paths
cp once/a.jpg once/c.jpg
run 0 "a copy of it" ingest -q --db once.db once twice
run 0 "is one" duplicates --db once.db --paths
[ "$(wc -l <"$out")" -eq 1 ]
ok "one of both is surplus"

# ---- a file that is another one since it was ingested

mkdir new
for name in a b c; do cp "$examples/cat-snow.jpg" "new/$name.jpg"; done
run 0 "three equal files" ingest -q --db new.db new
cp "$examples/red-dog-white.jpg" new/a.jpg
run 0 "one is another image now" duplicates --db new.db --level exact --paths
out_is "which is no duplicate" <<END
SCRATCH/work/new/c.jpg
END
cp "$examples/red-dog-white.jpg" new/b.jpg
run 1 "two are" duplicates --db new.db --level exact --paths
[ ! -s "$out" ]
ok "none is listed"

# ---- Ctrl-C

# large images, so that reading them takes a while
run 0 "ingest the examples" ingest -q --db sheet.db "$examples"
run 0 "a large image" query --db sheet.db --sheet sheet.jpg
mkdir many
for n in $(seq 100 199); do
    { cat sheet.jpg; echo "$n"; } >"many/$n.jpg"
done
run 0 "ingest many" ingest -q --db many.db many
echo damaged >many/100.jpg # the first that is read: its message says that reading has begun
"$with_signals" "$program" duplicates --threads 1 --db many.db >"$out" 2>"$err" &
child=$!
waited=0
while [ ! -s "$err" ] && [ $waited -lt 1000 ]; do
    sleep 0.01
    waited=$((waited + 1))
done
kill -INT $child
wait $child
[ $? -eq 130 ]
ok "Ctrl-C: exit 130"
err_has "clipsearch: interrupted; no duplicates are shown"
silent "$out" "and none are"
if command -v script >/dev/null; then
    TERM=xterm script -qec "stty cols 80; '$program' duplicates --db many.db --paths" /dev/null </dev/null 2>&1 | tr '\r' '\n' >"$out"
    grep -q 'reading: [0-9]* of 100 images' "$out"
    ok "a bar on a terminal"
fi

# ---- copies in the results of a search

run 0 "search" -k 2 --with-self --image photos/cat.jpg
sed -i 's/^[0-9.]* *//' "$out"
out_is "copies are one hit" <<END
photos/cat.jpg (+2 copies)
photos/dog.jpg
END
run 0 "search --all" -k 2 --with-self --image photos/cat.jpg --all
sed -i 's/^[0-9.]* *//' "$out"
out_is "shows each" <<END
photos/cat.jpg
photos/sub/the cat.jpg
END
run 0 "search in a directory" -k 1 --with-self --image photos/cat.jpg --in photos/sub
sed -i 's/^[0-9.]* *//' "$out"
out_is "copies elsewhere do not count" <<END
photos/sub/the cat.jpg (+1 copy)
END
run 0 "--paths" -k 2 --with-self --image photos/cat.jpg --paths
out_is "one path" <<END
SCRATCH/work/photos/cat.jpg
SCRATCH/work/photos/dog.jpg
END
run 0 "--json" -k 2 --with-self --image photos/cat.jpg --json
json_is "JSON has their number" queries.0.hits queries.0.hits.0.copies queries.0.hits.1.copies <<END
2
2
0
END
run 0 "the same image is left out with its copies" -k 1 --image photos/cat.jpg --paths
out_is "and the next is found" <<END
SCRATCH/work/photos/dog.jpg
END
run 0 "two queries" -k 1 "a cat in the snow" --with-self --image photos/dog.jpg
out_has "photos/cat.jpg (+2 copies)"
out_has "photos/dog.jpg"
run 0 "query" query --filter 'name like "%.jpg"' --paths
[ "$(wc -l <"$out")" -eq 4 ]
ok "lists every copy"
run 0 "a contact sheet with copies" -k 1 --with-self --image photos/cat.jpg --sheet with.png
run 0 "and without" -k 1 --with-self --image photos/cat.jpg --sheet without.png --all
! cmp -s with.png without.png
ok "they differ"
run 0 "--link" -k 2 --with-self --image photos/cat.jpg --link links
[ "$(ls links | wc -l)" -eq 2 ]
ok "a link for each hit"
rm photos/cat.jpg
run 0 "the file that stands for the others is removed" ingest -q photos
run 0 "search" -k 1 --with-self --image "$examples/cat-snow.jpg"
out_has "photos/sub/the cat.jpg (+1 copy)"
run 0 "search --gone" -k 1 --with-self --image "$examples/cat-snow.jpg" --gone
out_has "photos/sub/the cat.jpg (+2 copies)"
run 1 "duplicates among no images" duplicates --filter 'width < 0'
err_has "no image in the collection photos passes the filter"
run 1 "duplicates in another directory" duplicates --in nowhere
err_has "no image in the collection photos is in these directories"

[ "$count" -gt 0 ]
echo "1..$count"
