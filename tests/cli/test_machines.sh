#!/bin/sh
# SPDX-License-Identifier: MIT
# test_machines.sh - what scripts and other users need of the program: exit statuses of bad images, progress as JSON,
# two ingestions at a time, databases of other users. Prints TAP.
# usage: test_machines.sh CLIPSEARCH JSON_CHECK WITH_SIGNALS
set -u
. "$CLIPSEARCH_SOURCE_ROOT/tests/cli/tap.sh"
json_check=$(absolute "$2") with_signals=$(absolute "$3")
set_up "$1"
ln -s "$source/weights/default" "$XDG_DATA_HOME/clipsearch/models/default"
examples=$source/examples/pictures

line() { sed -n "$1p" "$err" >"$scratch/line"; } # line N: of standard error, or the last with $

line_is() { # line_is WHAT PLACES...: json_check prints of the line what comes on standard input
    what=$1
    shift
    cat >"$scratch/want"
    "$json_check" "$@" <"$scratch/line" 2>>"$out" | cmp -s - "$scratch/want"
    ok "$what"
}

# ---- what this build is

run 0 "version -v" version -v
[ "$(sed -n 1p "$out")" = "clipsearch 0.2.0" ]
ok "the version first"
[ "$(awk 'NR > 1 {print $1}' "$out" | tr '\n' ' ')" = \
    "clipsearch compiler kernels openblas sqlite nghttp2 jpeg png vips expat zlib crypto utf8proc hdf5 yaml curl pango chafa microhttpd " ]
ok "a line for each library"
! grep -q '^  [a-z0-9]* *$' "$out"
ok "each says something"
CLIPSEARCH_CPU=c "$program" version -v >"$out" 2>"$err"
grep -q '^  kernels  *c\b' "$out" && grep -Eq '^  openblas  *(loaded|not loaded: it is not)' "$out"
ok "at the level c OpenBLAS is loaded if it can be"
CLIPSEARCH_CPU=avx2 "$program" version -v >"$out" 2>"$err"
grep -q '^  kernels  *c\b' "$out" || grep -q '^  openblas  *not loaded: only' "$out"
ok "above that it is not"

# ---- bad images and the exit status

mkdir good mixed
cp "$examples/cat-snow.jpg" "$examples/white-dog-grass.jpg" "$examples/white-dog-blue.png" good/
cp good/* mixed/
head -c 2000 "$examples/cat-room.jpg" >mixed/cut.jpg
run 0 "no bad image" ingest good --db good.db
run 3 "a bad image among good ones" ingest mixed --db mixed.db
out_is "the good ones are stored" <<END
Inserted 3 images into photos (1 skipped) in T
END
err_has "1 file could not be read:"
[ "$(grep -c cut.jpg "$err")" -eq 1 ]
ok "it is named once"
run 3 "--on-bad report is the same" ingest mixed --db mixed.db --on-bad report
run 0 "--on-bad skip" ingest mixed --db mixed.db --on-bad skip
err_has "1 file could not be read:"
run 3 "--on-bad stop" ingest mixed --db stop.db --on-bad stop
[ "$(grep -c cut.jpg "$err")" -eq 1 ]
ok "the reason is printed once"
printf 'on_bad: skip\ndatabase: mixed.db\nsources: [mixed]\n' >bad.yaml
run 0 "on_bad in a YAML file" ingest bad.yaml
run 3 "the option wins" ingest bad.yaml --on-bad report
usage "--on-bad must be skip, stop or report, not \"reprot\"; did you mean report?" ingest good --on-bad reprot
if [ "$(id -u)" -eq 0 ] && ! command -v setpriv >/dev/null; then
    echo "ok $((count += 1)) - a file without the right to read it # SKIP needs setpriv when root"
else
    cp -r good locked
    chmod 0 locked/cat-snow.jpg
    chmod 755 "$scratch" "$scratch/work"
    user="" database=locked.db
    if [ "$(id -u)" -eq 0 ]; then
        user="setpriv --reuid=65534 --regid=65534 --clear-groups"
        mkdir -m 777 theirs
        database=theirs/locked.db
    fi
    if [ -n "$user" ] && ! $user test -x "$program" -a -r "$source/weights/default/model.safetensors"; then
        echo "ok $((count += 1)) - a file without the right to read it # SKIP another user may not read the program"
    else
        $user "$program" ingest locked --db $database >"$out" 2>"$err"
        [ $? -eq 3 ]
        ok "a file without the right to read it: exit 3"
        err_has "locked/cat-snow.jpg"
        out_has "Inserted 2 images"
    fi
fi

# ---- images from pipes

vector() { "$program" embed "$@" 2>"$err" | sed 's/.*"vector"://'; }

vector --image good/cat-snow.jpg >"$scratch/want"
cat good/cat-snow.jpg | vector --image - >"$out"
cmp -s "$scratch/want" "$out"
ok "embed --image -"
cat good/cat-snow.jpg | vector --image /dev/stdin >"$out"
cmp -s "$scratch/want" "$out"
ok "embed --image /dev/stdin"
mkfifo fifo
cat good/cat-snow.jpg >fifo &
vector --image fifo >"$out"
cmp -s "$scratch/want" "$out"
ok "embed --image FIFO"
wait
vector --image - <good/cat-snow.jpg >"$out"
cmp -s "$scratch/want" "$out"
ok "standard input that is a file"
cat good/cat-snow.jpg | "$program" --db good.db --image - --with-self -k 1 --json >"$out" 2>"$err"
"$json_check" queries.0.image queries.0.hits.0.path <"$out" 2>&1 | sed "s|$(pwd -P)/||" | tr '\n' ' ' >"$scratch/values"
[ "$(cat "$scratch/values")" = "- good/cat-snow.jpg " ]
ok "search --image -"
"$program" --db good.db --image good/cat-snow.jpg --with-self -k 1 --sheet file.png >"$out" 2>"$err"
cat good/cat-snow.jpg | "$program" --db good.db --image - --with-self -k 1 --sheet pipe.png >"$out" 2>"$err"
[ -s file.png ] && [ -s pipe.png ] && [ $(($(wc -c <pipe.png) * 10)) -gt $(($(wc -c <file.png) * 9)) ]
ok "its contact sheet shows the image"
run 3 "an empty standard input" --db good.db --image -
err_has "standard input: no image came: it is empty, or has been read already"
run 3 "a device that ends at once" embed --image /dev/null
err_has "/dev/null: no image came"
run 3 "a device that never ends" embed --image /dev/zero
err_has "/dev/zero: more than the limit of 268435456 bytes"
echo "no image" | "$program" embed --image - >"$out" 2>"$err"
[ $? -eq 3 ]
ok "what is no image: exit 3"
err_has "standard input: this is a text file, not an image"
run 2 "one input for two" embed --images-from - --image -
err_has "only one of --image, --list and --images-from can be standard input"

# ---- progress as JSON

cp good/cat-snow.jpg good/again.jpg
run 3 "progress as JSON" ingest good mixed --db json.db --progress json
! grep -qv '^{' "$err"
ok "standard error has nothing but JSON"
"$json_check" -l <"$err" >/dev/null
ok "a value a line"
line 1
line_is "the first line" phase done skipped rate eta sources sources.0.path sources.1.path <<END
walk
0
0
null
null
2
good
mixed
END
grep '"phase":"encode"' "$err" | head -n 1 >"$scratch/line"
line_is "when the files are known" found sources.0.found sources.1.found sources.1.done <<END
8
4
4
0
END
grep '"phase":"bad"' "$err" >"$scratch/line"
[ "$(wc -l <"$scratch/line")" -eq 1 ] && [ "$("$json_check" path <"$scratch/line")" = "$(pwd -P)/mixed/cut.jpg" ]
ok "the bad image has a line, once"
line '$'
line_is "the last line" phase exit found inserted copied skipped unreadable indexed <<END
done
3
8
3
4
1
0
false
END
run 0 "again, quiet" ingest good --db json.db --progress json -q
line '$'
line_is "counts what has not changed" phase exit unchanged <<END
done
0
4
END
run 3 "an error" ingest nowhere --db json.db --progress json
line '$'
line_is "is in the last line" phase exit <<END
failed
3
END
[ "$(grep -c . "$err")" -eq 2 ] && [ "$(grep -c '"error":"the source nowhere: ' "$err")" -eq 1 ] &&
    grep -q '"phase":"missing","path":"nowhere"' "$err"
ok "and what is missing in the line before"
run 0 "--progress none" ingest good --db json.db --progress none
silent "$err" "prints no progress"

# ---- the same of update

mkdir later
cp good/cat-snow.jpg later/cat.jpg
printf 'collection: listed\nsources:\n  - path: later\n    attributes: {kind: new}\n' >later.yaml
run 0 "a second collection" ingest later.yaml --db json.db -q
run 0 "which has two kinds of sources" ingest good --collection listed --exif ignore --db json.db -q
cp mixed/cut.jpg later/
{ cat "$examples/white-dog-grass.jpg"; echo new; } >good/new.jpg
run 3 "update, progress as JSON" update --db json.db --progress json
silent "$out" "standard output is empty"
! grep -qv '^{"phase":"[a-z]*",.*"collection":"[a-z]*"[,}]' "$err"
ok "standard error has nothing but JSON, and each line names its collection"
[ "$(grep -c '"phase":"done"' "$err")" -eq 2 ]
ok "each collection ends once"
line '$'
line_is "the last line has the counts of all its sources" phase collection exit found inserted copied unchanged <<END
done
photos
3
9
1
0
7
END
grep '"phase":"done",.*"collection":"listed"' "$err" >"$scratch/line"
line_is "the other one" exit found inserted skipped left_out <<END
3
7
1
1
0
END
run 0 "--on-bad skip" update listed --db json.db --on-bad skip
err_has "1 file could not be read:"
run 3 "--on-bad stop" update listed --db json.db --on-bad stop
err_has "later/cut.jpg"
run 3 "the same as JSON" update listed --db json.db --on-bad stop --progress json
line '$'
line_is "ends so" phase exit <<END
failed
3
END
rm later/cut.jpg
run 0 "--progress none" update listed --db json.db --progress none
silent "$err" "prints no progress"

# ---- two at a time

mkdir many
n=0
copies=4 which=
[ -z "${CLIPSEARCH_SLOW_TESTS:-}" ] || copies=1 which=[a-c]
while [ $n -lt $copies ]; do
    for image in "$examples"/$which*.jpg; do
        { cat "$image"; echo $n; } >"many/$n-${image##*/}"
    done
    n=$((n + 1))
done
total=$(ls many | wc -l)
for i in 1 2 3; do
    "$program" ingest many --db two.db --progress json >"$scratch/out$i" 2>"$scratch/err$i" &
done
wait
inserted=0
for i in 1 2 3; do
    n=$(sed -n '$p' "$scratch/err$i" | "$json_check" inserted 2>/dev/null)
    inserted=$((inserted + ${n:-1000000}))
done
[ $inserted -eq "$total" ]
ok "three processes at once encode each of $total images once: $inserted"
[ "$("$program" info --json --db two.db | "$json_check" collections.0.count)" -eq "$total" ]
ok "all are stored"
[ -z "$(ls two.db.photos.ingest 2>/dev/null)" ]
ok "no lock file is left"
if command -v flock >/dev/null; then
    echo $$ >two.db.photos.ingest
    flock two.db.photos.ingest sleep 3 &
    sleep 0.5
    run 0 "another process has the lock" ingest many --db two.db
    err_has "another process (number $$) is ingesting into photos; waiting until it has finished"
    out_has "Inserted 0 images into photos ($total unchanged)"
    echo $$ >two.db.photos.ingest
    flock two.db.photos.ingest sleep 3 &
    sleep 0.5
    run 0 "a dry run does not wait" ingest many --db two.db --dry-run -q
    silent "$err" "and says nothing"
    "$with_signals" "$program" ingest many --db two.db >"$out" 2>"$err" &
    child=$!
    wait_for "$err"
    kill -INT $child
    wait $child
    [ $? -eq 130 ]
    ok "Ctrl-C ends the waiting"
    wait
    : >two.db.photos.ingest
    flock two.db.photos.ingest sleep 5 &
    sleep 0.5
    run 0 "a lock that no ingestion has is not waited for" ingest many --db two.db
    kill -0 $! && kill $!
    ok "no longer than for its holder to say so"
    wait
else
    echo "ok $((count += 1)) - waiting for another process # SKIP needs flock (util-linux)"
fi

# ---- other users

as() { # as USER GROUP GROUPS COMMAND...
    user=$1 group=$2 groups=$3
    shift 3
    HOME=/nonexistent setpriv --reuid="$user" --regid="$group" --groups="$groups" "$@"
}

if [ "$(id -u)" -ne 0 ] || ! command -v setpriv >/dev/null || ! as 65534 65534 65534 test -x "$program" ||
    ! as 65534 65534 65534 test -r "$source/weights/default/model.safetensors"; then
    echo "ok $((count += 1)) - databases of other users # SKIP needs root, setpriv, and files that others may read"
    echo "1..$count"
    exit 0
fi
chmod 755 "$scratch" "$scratch/work"
umask 022
mkdir theirs2
"$program" ingest -q good --db theirs2/photos.db 2>"$err"
chmod 644 theirs2/photos.db
as 65534 65534 65534 "$program" --db theirs2/photos.db -k 1 -q "a cat" >"$out" 2>"$err"
ok "a search in a directory that may not be written"
out_has "good/"
[ "$(ls theirs2)" = photos.db ]
ok "leaves no file"
for command in info "check --sample 1" "query -k 1" collections; do
    as 65534 65534 65534 "$program" $command --db theirs2/photos.db >"$out" 2>"$err"
    ok "$command, too"
done
as 65534 65534 65534 "$program" ingest good --db theirs2/photos.db >"$out" 2>"$err"
[ $? -eq 5 ]
ok "but no ingestion: exit 5"
err_has "the file cannot be written"
# while the owner ingests
"$program" ingest -q many --db theirs2/photos.db --threads 1 2>"$scratch/owner" &
owner=$!
searches=0 failed=0
while kill -0 $owner 2>/dev/null; do
    as 65534 65534 65534 "$program" --db theirs2/photos.db -k 1 -q "a cat" >"$out" 2>"$err" || {
        failed=$((failed + 1))
        sed 's|^|# a search failed: |' "$err"
    }
    searches=$((searches + 1))
done
wait $owner
ok "the owner ingests meanwhile"
[ $failed -eq 0 ] && [ $searches -gt 0 ]
ok "and each of $searches searches finds something"

mkdir -m 777 both
as 1 1 1 "$program" ingest -q good --db both/photos.db 2>"$err"
as 65534 65534 65534 "$program" --db both/photos.db -k 1 -q "a cat" >"$out" 2>"$err"
ok "a search in a directory of all"
as 1 1 1 "$program" ingest many --db both/photos.db >"$out" 2>"$err"
ok "does not keep the owner out"
# a group that may write both the directory and the database
mkdir group
chgrp 100 group
chmod 775 group
as 1 1 1,100 "$program" ingest -q good --db group/photos.db 2>"$err"
chgrp 100 group/photos.db
chmod 664 group/photos.db
as 65534 65534 65534,100 "$with_signals" "$program" ingest many --db group/photos.db --threads 1 >"$scratch/out1" 2>"$scratch/err1" &
other=$!
while [ ! -e group/photos.db-shm ] && kill -0 $other 2>/dev/null; do
    sleep 0.02
done
sleep 0.3
as 1 1 1,100 "$program" ingest -q good --db group/photos.db --collection own 2>"$err"
ok "two of a group write at the same time"
wait $other
cat "$scratch/err1" >>"$err"
[ "$(wc -l <"$scratch/out1")" -eq 1 ]
ok "both of them"
"$program" ingest -q good --db group/photos.db --collection roots 2>"$err"
as 1 1 1,100 "$program" ingest -q good --db group/photos.db --collection after 2>"$err"
ok "root's ingestion does not keep them out"

echo "1..$count"
