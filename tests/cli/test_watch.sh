#!/bin/sh
# SPDX-License-Identifier: MIT
# test_watch.sh - ingest --watch: changes of files are followed, also where they cannot be watched. Prints TAP.
# usage: test_watch.sh CLIPSEARCH WITH_SIGNALS [WATCH_SHIM]
set -u
. "$CLIPSEARCH_SOURCE_ROOT/tests/cli/tap.sh"
with_signals=$(absolute "$2") shim=${3:+$(absolute "$3")}
set_up "$1"
pictures=$source/examples/pictures
watcher=

stop() { # end the watcher, whatever it does
    [ -z "$watcher" ] || kill -KILL "$watcher" 2>/dev/null
    clean_up
}
trap stop EXIT

begin() { # begin ARGUMENTS...: start a watch and wait until it watches
    : >"$out"
    : >"$err"
    "$with_signals" "$program" ingest --watch "$@" >"$out" 2>"$err" &
    watcher=$!
    appears "$err" "watching for changes"
}

appears() { # appears FILE TEXT [TIMES]: within 20 s
    tries=0
    while [ "$(grep -cF -- "$2" "$1")" -lt "${3:-1}" ] && [ $tries -lt 400 ]; do
        sleep 0.05
        tries=$((tries + 1))
    done
    [ $tries -lt 400 ] || sed 's/^/# /' "$1"
    [ $tries -lt 400 ]
    ok "it says: $2${3:+ ($3)}"
}

finish() { # finish SIGNAL: the watch ends with 0
    kill "-$1" "$watcher"
    wait "$watcher"
    [ $? -eq 0 ]
    ok "SIG$1 ends it: exit 0"
    watcher=
}

stored() { # stored WHAT ARGUMENTS...: the paths in the collection are those of standard input
    what=$1
    shift
    sort >"$scratch/want"
    "$program" query --paths "$@" 2>>"$err" | sed "s|^$scratch/work/||" | sort | cmp -s - "$scratch/want"
    ok "$what"
}

mkdir album album/old
for name in cat-snow dog-snow bird-sky cow-grass cat-room camel-desert bread-room; do
    cp "$pictures/$name.jpg" album/
done
cp "$pictures/cookie-pink.jpg" "$pictures/cactus-desert.jpg" album/old/

# ---- what inotify tells

begin album
appears "$out" "Inserted 9 images into photos"
cp "$pictures/crown-purple.jpg" album/
appears "$out" "Inserted 1 image into photos in"
head -c 2000 "$pictures/dog-pink.png" >album/slow.png # and no more for a while
( head -c 2000 "$pictures/dog-pink.png"; sleep 2; tail -c +2001 "$pictures/dog-pink.png" ) >album/slow.png
appears "$out" "Inserted 1 image into photos in" 2
! grep -q "could not be read" "$err"
ok "a file that is being written is taken when it is closed"
mv album/crown-purple.jpg album/old/renamed.jpg
appears "$out" "1 moved)" # also when the two halves of the move were read one after the other: the whole source then
ln album/cat-snow.jpg album/old/link.jpg
appears "$out" "Inserted 0 images into photos (1 copy of another)"
mkdir -p "$scratch/new/a/b"
cp "$pictures/doughnut-green.jpg" "$scratch/new/a/b/"
cp "$pictures/dolphin-sea.jpg" "$scratch/new/"
cp -r "$scratch/new" album/new
appears "$out" "Inserted 2 images into photos in"
mv album/new album/old/newer
appears "$out" "Inserted 0 images into photos (12 unchanged, 2 moved)"
cp "$pictures/cheese-purple.jpg" album/old/newer/a/
appears "$out" "Inserted 1 image into photos in" 3
cp "$pictures/cat-room.jpg" album/old/newer/a/cheese-purple.jpg
appears "$out" "Inserted 0 images into photos (1 copy of another)" 2
echo words >album/notes.txt
mkdir album/.hidden
cp "$pictures/carrot-blue.jpg" album/.hidden/
touch album/cat-snow.jpg
sleep 1.5
cp "$pictures/carrot-blue.jpg" album/last.jpg
appears "$out" "Inserted 1 image into photos in" 4
finish TERM
[ "$(grep -c Inserted "$out")" -eq 10 ]
ok "nothing is said of hidden files, other files, and files that were only touched"
stored "everything is stored" <<END
album/bird-sky.jpg
album/bread-room.jpg
album/camel-desert.jpg
album/cat-room.jpg
album/cat-snow.jpg
album/cow-grass.jpg
album/dog-snow.jpg
album/last.jpg
album/old/cactus-desert.jpg
album/old/cookie-pink.jpg
album/old/link.jpg
album/old/newer/a/b/doughnut-green.jpg
album/old/newer/a/cheese-purple.jpg
album/old/newer/dolphin-sea.jpg
album/old/renamed.jpg
album/slow.png
END
run 0 "an ingestion afterwards" ingest album
out_has "Inserted 0 images into photos (16 unchanged)"
run 0 "the database" check

begin album --prune
appears "$out" "(16 unchanged)"
rm album/old/link.jpg
appears "$out" "Inserted 0 images into photos (15 unchanged, 1 removed)"
cp "$pictures/carrot-blue.jpg" album/.old.tmp
mv album/.old.tmp album/cow-grass.jpg
appears "$out" "(1 copy of another)"
mv album/old/cactus-desert.jpg album/old/cookie-pink.jpg
appears "$out" "(1 copy of another)" 2
appears "$out" "(14 unchanged, 1 removed)" # the first, though nothing says that the second was there before
finish INT

# ---- XMP beside images

if "$program" version -v | grep -q '^  expat *expat_'; then
    mkdir beside
    cp "$pictures/cat-snow.jpg" beside/a.jpg
    cp "$pictures/dog-snow.jpg" beside/b.jpg
    begin beside --collection beside
    appears "$out" "Inserted 2 images into beside"
    printf '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description %s xmp:Rating="4"/></rdf:RDF>' \
        'xmlns:xmp="http://ns.adobe.com/xap/1.0/"' >beside/a.jpg.xmp
    appears "$out" "1 with new attributes"
    mv beside/a.jpg.xmp beside/b.xmp
    appears "$out" "2 with new attributes"
    rm beside/b.xmp
    appears "$out" "1 with new attributes" 2
    finish TERM
else
    count=$((count + 1))
    echo "ok $count - XMP beside images # SKIP this build has no expat"
fi

# ---- rules of the source

cat >rules.yaml <<'END'
sources:
  - {path: album, exclude: [old, "dog*"], include: "*.jpg", recurse: true, attributes: {kind: pet}}
  - {path: single/one.jpg}
  - {path: flat, recurse: false}
END
mkdir single flat flat/below
cp "$pictures/cat-snow.jpg" single/one.jpg
cp "$pictures/cat-room.jpg" flat/a.jpg
begin rules.yaml --db rules.db
cp "$pictures/dog-snow.jpg" album/old/x.jpg
cp "$pictures/dog-snow.jpg" album/dog2.jpg
cp "$pictures/dog-pink.png" album/dog.png
cp "$pictures/dog-snow.jpg" single/two.jpg
cp "$pictures/dog-snow.jpg" flat/below/b.jpg
sleep 1.5
! grep -q "(1 copy\|Inserted 1" "$out"
ok "what the source leaves out is not taken"
cp "$pictures/white-dog-grass.jpg" single/one.jpg
appears "$out" "(1 replaced)"
cp "$pictures/bird-sky.jpg" album/PET.JPG
appears "$out" "(1 copy of another)"
finish TERM
run 0 "its attributes" query --db rules.db --paths --filter 'kind == "pet" and name == "PET.JPG"'
out_is "are given" <<END
SCRATCH/work/album/PET.JPG
END

# ---- a source that comes and goes

begin here/later --scan-every 1 --db later.db
err_has "the source here/later: No such file or directory"
err_has "here/later cannot be watched now; it is looked for every 1 s"
mkdir here
mkdir here/later
cp "$pictures/cat-snow.jpg" here/later/
appears "$out" "Inserted 1 image into photos in"
cp "$pictures/dog-snow.jpg" here/later/
appears "$out" "Inserted 1 image into photos in" 2
mv here/later here/gone
appears "$err" "here/later cannot be watched now; it is looked for every 1 s" 2
sleep 0.8
mkdir here/later
cp "$pictures/bird-sky.jpg" here/later/
appears "$out" "Inserted 1 image into photos (2 gone)"
cp "$pictures/cow-grass.jpg" here/later/
appears "$out" "Inserted 1 image into photos in" 3
finish TERM

# ---- what is remembered

mkdir one two
cp "$pictures/cat-snow.jpg" one/
cp "$pictures/dog-snow.jpg" two/
printf 'sources:\n  - {path: two, attributes: {kind: dog}}\n' >two.yaml
run 0 "a collection" ingest one --db all.db
run 0 "and another, with an ingest file" ingest two.yaml --db all.db --collection more
: >"$out"
: >"$err"
"$with_signals" "$program" update --watch --db all.db >"$out" 2>"$err" &
watcher=$!
appears "$err" "watching for changes"
cp "$pictures/cow-grass.jpg" one/
appears "$out" "Inserted 1 image into photos in"
cp "$pictures/bread-room.jpg" two/
appears "$out" "Inserted 1 image into more in"
mv two/bread-room.jpg two/bread.jpg
appears "$out" "1 moved)"
mv two/bread.jpg one/
appears "$out" "Inserted 1 image into photos in" 2
appears "$out" "Inserted 0 images into more (1 unchanged, 1 gone)"
mv one/bread-room.jpg two/bread.jpg 2>/dev/null || mv one/bread.jpg two/bread.jpg
appears "$out" "1 back)"
finish TERM
run 0 "attributes of the source" query --db all.db --collection more --paths --filter 'kind == "dog"'
out_is "are given" <<END
SCRATCH/work/two/dog-snow.jpg
SCRATCH/work/two/bread.jpg
END
run 0 "what is remembered" update --db all.db
out_has "Inserted 0 images into more (2 unchanged)"
: >"$out"
: >"$err"
"$with_signals" "$program" update --watch --db all.db >"$out" 2>"$err" &
watcher=$!
appears "$err" "watching for changes"
"$program" drop --yes -q --db all.db more
cp "$pictures/camel-desert.jpg" two/
appears "$err" "the collection more was dropped; its directories are not followed any more"
cp "$pictures/crown-purple.jpg" one/
appears "$out" "Inserted 1 image into photos in"
finish TERM
run 0 "what was dropped" collections --db all.db
! grep -q more "$out"
ok "is not made again"
: >"$out"
: >"$err"
"$with_signals" "$program" update --watch --db all.db >"$out" 2>"$err" &
watcher=$!
appears "$err" "watching for changes"
rm all.db*
cp "$pictures/bread-room.jpg" one/after.jpg
appears "$err" "clipsearch: the database all.db was removed; nothing is followed any more"
wait "$watcher"
[ $? -eq 5 ] && [ ! -e all.db ]
ok "and that ends it with status 5, and makes no database"
watcher=

mkdir empty
begin empty --db empty.db
cp "$pictures/cat-snow.jpg" empty/
appears "$out" "Inserted 1 image into photos in"
finish TERM
run 0 "a directory that was empty at first" update --db empty.db
out_has "Inserted 0 images into photos (1 unchanged)"
begin empty --db empty.db
"$program" drop --yes -q --db empty.db photos
cp "$pictures/dog-snow.jpg" empty/
appears "$out" "Inserted 1 image into photos (1 unchanged)"
finish TERM
stored "a collection that was dropped gets all images of the directory again" --db empty.db <<END
empty/cat-snow.jpg
empty/dog-snow.jpg
END
run 0 "which it remembers" update --db empty.db
out_has "Inserted 0 images into photos (2 unchanged)"
usage "--watch and --dry-run exclude each other" update --watch --dry-run --db all.db
usage "--scan-every is for --watch, which is not given" update --scan-every 5 --db all.db

# ---- what is refused

usage "--watch and --dry-run exclude each other" ingest --watch --dry-run album
usage "--scan-every is for --watch, which is not given" ingest --scan-every 5 album
echo album >list.txt
usage "a list of files cannot be watched; give --watch directories" ingest --watch --files-from list.txt

# ---- where files cannot be watched

if [ -z "$shim" ]; then
    for what in "no more instances" "no more watches" "a network file system" "lost events"; do
        count=$((count + 1))
        echo "ok $count - $what # SKIP a sanitizer does not like preloaded libraries"
    done
    echo "1..$count"
    exit
fi
preload() { # preload FAULT NAME: begin with the fault
    CLIPSEARCH_WATCH_FAULT=$1 LD_PRELOAD=$shim
    export CLIPSEARCH_WATCH_FAULT LD_PRELOAD
    begin album --scan-every 1 --db "$2.db"
    unset CLIPSEARCH_WATCH_FAULT LD_PRELOAD
}
scanned() { # scanned FAULT NAME IMAGE NOTE: with the fault the note is printed, and a new image is taken all the same
    preload "$1" "$2"
    err_has "clipsearch: album cannot be watched: $4; it is scanned every 1 s instead"
    mkdir "album/$2"
    cp "$pictures/$3.jpg" "album/$2/"
    appears "$out" "Inserted 1 image into photos ("
    finish TERM
    rm -r "album/$2"
}
scanned instances none banana-blue "the system allows no more instances of inotify"
scanned watches:1 few blue-dog-sea "the system allows no more watches (fs.inotify.max_user_watches)"
scanned watches:2 some black-dog-snow "the system allows no more watches (fs.inotify.max_user_watches)"
scanned nfs:old nfs black-dog-yellow "it is on a file system of the kind NFS"
preload overflow:1 lost
mkdir album/unseen
cp "$pictures/airplane-sky.jpg" album/unseen/a.jpg
appears "$out" "Inserted 1 image into photos ("
cp "$pictures/bicycle-road.jpg" album/unseen/b.jpg
appears "$out" "Inserted 1 image into photos in"
finish TERM

echo "1..$count"
