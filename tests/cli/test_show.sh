#!/bin/sh
# SPDX-License-Identifier: MIT
# test_show.sh - looking at results: contact sheets, images on the terminal, the desktop's viewer, links. Prints TAP.
# usage: test_show.sh CLIPSEARCH HAS_PANGO HAS_CHAFA
set -u
. "$CLIPSEARCH_SOURCE_ROOT/tests/cli/tap.sh"
set_up "$1"
has_pango=$2 has_chafa=$3
TMPDIR=$scratch/tmp
export TMPDIR
mkdir "$TMPDIR" pets
ln -s "$source/weights/default" "$XDG_DATA_HOME/clipsearch/models/default"
for name in cat-room white-dog-grass dog-snow; do
    cp "$source/examples/pictures/$name.jpg" pets/
done
run 0 "ingest" ingest pets

skip() { # skip WHAT WHY
    count=$((count + 1))
    echo "ok $count - $1 # SKIP $2"
}

magic() { # magic FILE: its first four bytes
    od -A n -t x1 -N 4 "$1" | tr -d ' '
}

# ---- contact sheets

run 0 "a JPEG sheet" "a dog" --sheet found.JPG
[ "$(magic found.JPG)" = ffd8ffe0 ]
ok "is a JPEG file"
[ -s "$out" ]
ok "and the list is printed too"
run 0 "a PNG sheet" "a dog" --sheet found.png -q
[ "$(magic found.png)" = 89504e47 ]
ok "is a PNG file"
run 0 "a sheet on standard output" "a dog" --sheet -
[ "$(magic "$out")" = 89504e47 ] && [ "$(tail -c 8 "$out" | od -A n -t x1 | tr -d ' ')" = 49454e44ae426082 ]
ok "is a whole PNG file and nothing else"
mkfifo pipe
cat pipe >from-pipe &
run 0 "a sheet into a pipe" "a dog" --sheet pipe -q
wait
cmp -s from-pipe found.png || [ "$(magic from-pipe)" = 89504e47 ]
ok "is a PNG file"
refused() { # refused MESSAGE ARGUMENTS...: before anything is searched: there is no such database
    message=$1
    shift
    run 2 "refused: $*" --db none.db dog "$@"
    err_has "$message"
}
refused 'the name of a contact sheet must end in .png, .jpg or .jpeg, not as "found.gif" does' --sheet found.gif
refused 'not as "found" does' --sheet found
refused "--sheet - writes to standard output" --sheet - --json
refused "--sheet - writes to standard output" --sheet - -0
refused "--sheet - writes to standard output" --sheet - --preview
refused "--preview draws on standard output" --preview --paths
refused "--open needs a contact sheet in a file" --open --sheet -
run 0 "a sheet of a list" query --filter 'name like "%dog%"' --sheet list.png
[ "$(magic list.png)" = 89504e47 ]
ok "is drawn"
run 0 "and of numbers" get 1 --sheet get.jpg
[ "$(magic get.jpg)" = ffd8ffe0 ]
ok "is drawn"
cp "$source/tests/data/metadata/camera.jpg" .
run 0 "an image with metadata" ingest camera.jpg --collection camera
run 0 "attributes on a sheet" get 1 --collection camera --captions taken,camera,gps,keywords --sheet captions.png
err_is "one of them is missing, which is said" <<END
clipsearch: --captions: no image that is shown has the attribute keywords
END
run 0 "none on another" get 1 --collection camera --sheet plain.png
high() { od -A n -t u1 -j 20 -N 4 "$1" | awk '{ print $3 * 256 + $4 }'; } # the height of a PNG file
[ "$(high captions.png)" -eq $(($(high plain.png) + 4 * 18)) ]
ok "four lines"
refused "--captions is for --sheet, --preview and --open; none of them is given" --captions taken
refused "at most 8 attributes fit below an image" --sheet x.png --captions a,b,c,d,e,f,g,h,i
run 1 "a sheet of nothing" "a dog" --min-score 0.99 --sheet nothing.png
[ -s nothing.png ]
ok "says so in the image"

# Where Pango or Cairo is not installed: a library that cannot be loaded stands in its place.
mkdir broken
: >broken/libpangocairo-1.0.so.0
: >broken/libchafa.so.0
LD_LIBRARY_PATH=$PWD/broken "$program" -q "a dog" --sheet plain.png >"$out" 2>"$err"
[ $? -eq 0 ] && [ "$(magic plain.png)" = 89504e47 ] && [ ! -s "$err" ]
ok "a sheet is drawn without Pango"
if [ "$has_pango" = yes ]; then
    ! cmp -s plain.png found.png
    ok "with other letters"
else
    skip "with other letters" "this build has no Pango"
fi
# Without any font Pango would end the process.
printf '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig><dir>%s</dir></fontconfig>\n' "$scratch/none" >fonts.conf
FONTCONFIG_FILE=$PWD/fonts.conf "$program" -q "a dog" --sheet fontless.png >"$out" 2>"$err"
[ $? -eq 0 ] && [ "$(magic fontless.png)" = 89504e47 ]
ok "a sheet is drawn without fonts"

if grep -q AddressSanitizer "$program"; then
    skip "a sheet is drawn under a limit on memory" "AddressSanitizer reserves all of it"
else
    ( ulimit -v 4000000; "$program" -q "a dog" --sheet limited.png ) >"$out" 2>"$err"
    [ $? -eq 0 ] && [ "$(magic limited.png)" = 89504e47 ]
    ok "a sheet is drawn under a limit on memory"
fi

# ---- names of every kind

mkdir names
n=0
for name in 'собака' 'كلب أبيض' '白狗' 'कुत्ता' '🐕❤' 'שלום' "$(printf 'caf\351')" "$(printf 'new\nline')" \
    "$(printf '%0200d' 7)" '<b>&amp;' '%s%n'; do
    n=$((n + 1))
    cp "$source/examples/pictures/white-dog-grass.jpg" "names/$name.jpg"
    printf x >>"names/$name.jpg"
done
run 0 "ingest names of every kind" ingest --db names.db names
run 0 "a sheet of them" --db names.db --image pets/cat-room.jpg -k 100 --sheet names.png
[ "$(magic names.png)" = 89504e47 ]
ok "is drawn"
silent "$err" "without a message"

# ---- images on the terminal

run 2 "--preview without a terminal" dog --preview
err_is "says what to do" <<END
clipsearch: images are drawn on a terminal, and standard output is not one
To draw them into a file, use --sheet FILE
END
on_terminal() { # on_terminal COMMAND: run it on a pseudo-terminal of 80 columns, with a terminal that has all colours
    TERM=xterm-256color COLORTERM=truecolor script -qec "stty cols 80 rows 24; $1" /dev/null >"$out" 2>"$err" </dev/null
    got=$?
    tr -d '\r' <"$out" >"$scratch/text"
    mv "$scratch/text" "$out"
}
if ! command -v script >/dev/null; then
    skip "images on a terminal" "the program script (bsdutils) is not installed"
elif [ "$has_chafa" != yes ]; then
    on_terminal "'$program' 'a dog' --preview"
    [ $got -eq 3 ]
    ok "--preview in a build without libchafa: exit 3"
    out_has "this build of clipsearch cannot draw on a terminal"
else
    on_terminal "'$program' 'a dog' --preview -k 2"
    [ $got -eq 0 ]
    ok "--preview: exit 0"
    [ "$(grep -c '▀\|▄\|█\|[34]8;2;' "$out")" -ge 15 ]
    ok "rows of blocks in colours"
    grep -q "white-dog-grass.jpg" "$out" && grep -q "dog-snow.jpg" "$out" && grep -q "1  0\.[0-9]*" "$out"
    ok "names, ranks and scores below them"
    ! grep -q '^0\.[0-9]*  ' "$out"
    ok "in place of the list"
    # the widest line: its characters without sequences
    widest=$(sed "s/$(printf '\033')\[[0-9;?]*[A-Za-z]//g" "$out" | LC_ALL=C.UTF-8 wc -L)
    [ "$widest" -le 80 ]
    ok "in the width of the window: $widest"
    on_terminal "LD_LIBRARY_PATH=$PWD/broken '$program' 'a dog' --preview"
    [ $got -eq 3 ] && grep -q "needs the library libchafa, which is not installed" "$out"
    ok "--preview without libchafa: exit 3, and says what to install"
    on_terminal "'$program' query --preview"
    [ $got -eq 0 ] && grep -q "cat-room.jpg" "$out"
    ok "query --preview"
    on_terminal "'$program' get 1 --collection camera --preview --captions camera,exposure_time"
    [ $got -eq 0 ] && grep -q "Canon EOS R5" "$out" && grep -q "1/250 s" "$out"
    ok "attributes below an image"
fi
if command -v script >/dev/null; then
    on_terminal "'$program' 'a dog' --sheet -"
    [ $got -eq 2 ] && grep -q "a contact sheet is not written to a terminal" "$out"
    ok "--sheet - to a terminal is refused"
fi

# ---- the desktop's viewer

mkdir bin
cat >bin/xdg-open <<'END'
#!/bin/sh
[ $# -eq 1 ] && printf '%s\n' "$1" >"$RECORD" && head -c 4 "$1" >"$RECORD.bytes"
exit "${WITH:-0}"
END
chmod +x bin/xdg-open
old_path=$PATH
RECORD=$scratch/record PATH=$PWD/bin:$PATH
export RECORD
run 0 "--open" "a dog" --open
case $(cat "$RECORD") in "$TMPDIR"/clipsearch-*/found.png) true ;; *) false ;; esac && [ "$(magic "$RECORD.bytes")" = 89504e47 ]
ok "opens a sheet in a directory of its own"
[ "$(stat -c %a "$(dirname "$(cat "$RECORD")")")" = 700 ]
ok "that nobody else can read"
run 0 "--open with a sheet of some name" "a dog" --open --sheet "a b;touch bad;.jpg"
[ "$(cat "$RECORD")" = "a b;touch bad;.jpg" ] && [ ! -e bad ]
ok "opens that, and no shell reads its name"
rm -f "$RECORD"
run 1 "--open and nothing found" "a dog" --min-score 0.99 --open
[ ! -e "$RECORD" ]
ok "opens nothing"
WITH=3
export WITH
run 3 "--open and no program for images" "a dog" --open --sheet found.png
err_has "found.png: xdg-open could not show it (it ended with status 3)"
unset WITH
PATH=$scratch/none
run 3 "--open without xdg-open" "a dog" --open --sheet found.png
PATH=$old_path
err_has "found.png: cannot be shown, because xdg-open is not installed"

# ---- links

run 0 "--link" "a dog" -k 2 --link found
[ "$(ls found | wc -l)" -eq 2 ] && [ "$(readlink found/001-*)" = "$("$program" -k 1 --paths "a dog")" ] && cmp -s found/001-* "$(readlink found/001-*)"
ok "links named by rank"
echo mine >found/mine
run 0 "--link again" "a cat" -k 1 --link found
[ "$(ls found)" = "001-cat-room.jpg
mine" ]
ok "replaces its own links only"
mkdir full
echo mine >full/mine
run 2 "a directory with other files" --db none.db dog --link full
err_has "full: this directory has other files; links are put into a new or an empty one"
[ "$(ls full)" = mine ]
ok "is left as it is"
run 2 "a file" --db none.db dog --link full/mine
mv pets/dog-snow.jpg away.jpg
run 0 "a hit that is missing" query --link listed
err_has "1 of the files is missing and has no link in listed"
[ "$(ls listed | wc -l)" -eq 2 ]
ok "gets no link"
echo "1..$count"
