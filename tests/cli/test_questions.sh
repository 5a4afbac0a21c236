#!/bin/sh
# SPDX-License-Identifier: MIT
# test_questions.sh - questions of several parts from outside: signs, options, weights, images, regions, lists, URLs, and
# bad input of each kind. Prints TAP.
# usage: test_questions.sh CLIPSEARCH JSON_CHECK HTTP_SERVER HAS_CURL
set -u
. "$CLIPSEARCH_SOURCE_ROOT/tests/cli/tap.sh"
json_check=$(absolute "$2") http_server=$(absolute "$3") has_curl=$4
server=
clean_up() {
    [ -z "$server" ] || kill "$server" 2>/dev/null
    rm -rf "$scratch"
}
set_up "$1"
for variable in http_proxy https_proxy all_proxy no_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY; do unset $variable; done
ln -s "$source/weights/default" "$XDG_DATA_HOME/clipsearch/models/default"
pictures=$source/examples/pictures
mkdir photos
for name in cat-snow dog-snow black-dog-snow house-snow cat-room two-red-cars white-dog-grass; do
    cp "$pictures/$name".* photos/ 2>/dev/null
done
run 0 "ingest" ingest photos -q
total=$("$program" query --paths | wc -l)

paths() { # paths ARGUMENTS...: what a search finds, the nearest first
    "$program" -0 "$@" 2>"$err" </dev/null | tr '\0' '\n' | sed 's|.*/||'
}
same() { # same WHAT: $scratch/a and $scratch/b
    [ -s "$scratch/a" ] && cmp -s "$scratch/a" "$scratch/b"
    ok "$1"
}

# ---- signs

run 0 "a sum" dog + snow - people --json
json_is "its parts" queries queries.0.query queries.0.parts queries.0.parts.0.text queries.0.parts.0.weight \
    queries.0.parts.1.text queries.0.parts.2.text queries.0.parts.2.weight <<END
1
dog + snow - people
3
dog
1
snow
people
-1
END
paths dog + snow - people >"$scratch/a"
paths "dog + snow - people" >"$scratch/b"
same "one argument says the same as five"
paths dog --add snow --not people >"$scratch/b"
same "--add and --not too"
paths --not people dog --add snow >"$scratch/b"
same "--not before the query too"
"$program" --json -k 3 dog + snow | grep -o '"score":[-0-9.e]*' >"$scratch/a"
"$program" --json -k 3 snow + dog | grep -o '"score":[-0-9.e]*' >"$scratch/b"
same "a sum has no order"
[ "$(paths "a dog" + "the snow" -k 1)" = dog-snow.jpg ] || [ "$(paths "a dog" + "the snow" -k 1)" = black-dog-snow.jpg ]
ok "a dog + the snow finds a dog in the snow"
run 0 "two queries" "dog + snow" cat --json
json_is "each with its parts" queries queries.0.parts queries.1.text queries.1.parts <<END
2
2
cat
1
END
run 0 "texts that are not split" "a t-shirt" "C++" "rock-and-roll" "16:9" "dog -snow" --json
json_is "one part each" queries queries.0.text queries.1.text queries.2.text queries.3.text queries.4.text \
    queries.4.parts <<END
5
a t-shirt
C++
rock-and-roll
16:9
dog -snow
1
END
run 0 "a text in double quotes" '"rock - paper" + 2:dog' --json
json_is "is not split" queries.0.query queries.0.parts.0.text queries.0.parts.1.weight <<END
"rock - paper" + 2:dog
rock - paper
2
END
run 0 "headings" "dog + snow" "cat" -k 1
out_has "# dog + snow"
out_has "# cat"
run 0 "only what to avoid" --not snow -k 1
usage "a part is missing after \"+\"; write a text there" dog +
usage "a part is missing after \"-\"; write a text there" dog - + cat
usage "a part is missing before \"-\" in the query \"dog + - cat\"" "dog + - cat"
usage "a query is empty" dog + ""
usage "a part of the query \"dog + \"\"\" is empty" 'dog + ""'
usage "the weight \"nan\" must be a number from 0.001 to 1000" nan:dog
usage "the weight \"0\" must be a number from 0.001 to 1000" "dog + 0:snow"
usage "the weight \"-1\" must be a number" "dog + -1:snow"
usage "the weight \"1e999\" must be a number" 1e999:dog
run 2 "parts that cancel one another" dog - Dog
err_has 'clipsearch: dog - Dog: its parts cancel one another'
silent "$out" "and nothing on standard output"
run 0 "weights" 2:dog + .5:snow --json
json_is "are in the JSON" queries.0.parts.0.weight queries.0.parts.1.weight <<END
2
0.5
END
scores=$("$program" --json -k 100 1000:dog + 999:cat - 3:car | grep -o '"score":[-0-9.e]*' | cut -d: -f 2)
[ -n "$scores" ] && echo "$scores" | awk '$1 > 1.000001 || $1 < -1.000001 { bad = 1 } END { exit bad }'
ok "scores stay in [-1, 1] whatever the weights"

# ---- images

cp photos/cat-snow.jpg here.jpg
run 0 "an image and a text" ./here.jpg + "a dog" --json
json_is "an image file that exists is an image" queries.0.query queries.0.parts.0.image queries.0.parts.1.text <<END
./here.jpg + a dog
./here.jpg
a dog
END
run 0 "a file's name with an image's suffix" here.jpg --json
json_is "is an image" queries.0.image <<END
here.jpg
END
run 0 "in double quotes" '"here.jpg"' --json
json_is "it is a text" queries.0.text <<END
here.jpg
END
run 0 "no such file" "none.jpg + dog" --json
json_is "is a text" queries.0.parts.0.text <<END
none.jpg
END
echo text >notes.jpg
run 3 "a file that is no image" ./notes.jpg + dog
err_has "notes.jpg"
run 3 "--image in a sum" dog + --image none.jpg
err_has "none.jpg"
! paths --image photos/cat-snow.jpg | grep -q '^cat-snow.jpg'
ok "an image of the query is left out"
[ "$(paths --image photos/cat-snow.jpg | wc -l)" -eq $((total - 1)) ]
ok "only that one"
paths --image here.jpg | head -n 1 | grep -q '^cat-snow.jpg'
ok "a file elsewhere finds its copy"
[ "$(paths --image photos/cat-snow.jpg --with-self -k 1)" = cat-snow.jpg ]
ok "--with-self shows it"
! paths "photos/cat-snow.jpg + photos/dog-snow.jpg" | grep -q '^\(cat\|dog\)-snow.jpg'
ok "every image of a sum is left out"

# ---- items

id=$("$program" query --json --filter 'name == "cat-snow.jpg"' | grep -o '"id":[0-9]*' | cut -d: -f 2)
other=$("$program" query --json --filter 'name == "two-red-cars.jpg"' | grep -o '"id":[0-9]*' | cut -d: -f 2)
run 0 "--like" --like "$id" --json
json_is "is one part" queries.0.query queries.0.parts.0.like <<END
--like $id
$id
END
paths --like "$id" >"$scratch/a"
paths --image photos/cat-snow.jpg >"$scratch/b"
same "the stored vector finds what the image finds, without itself"
! paths --like "$id" --like "$other" | grep -q '^\(cat-snow\|two-red-cars\).jpg'
ok "both of two are left out"
run 0 "two of them" --like "$id" --like "$other" --json
json_is "are one query" queries queries.0.parts <<END
1
2
END
mv "$XDG_DATA_HOME/clipsearch/models" "$XDG_DATA_HOME/clipsearch/away"
mv "$scratch/tree/weights" "$scratch/tree/away"
run 0 "--like needs no model" --like "$id"
mv "$scratch/tree/away" "$scratch/tree/weights"
mv "$XDG_DATA_HOME/clipsearch/away" "$XDG_DATA_HOME/clipsearch/models"
run 1 "no such image" --like 999
err_has 999
usage "--like must be the number of an image, not \"cat\"; query and search --json show them" --like cat

# ---- regions

run 0 "a region in pixels" --image here.jpg --crop 10,20,100,50 --json
json_is "is in the JSON" queries.0.parts.0.crop queries.0.parts.0.crop.2 queries.0.parts.0.crop_unit <<END
4
100
pixel
END
run 0 "in per cent" --image here.jpg --crop 10%,10%,50%,50%
run 0 "of one pixel" --image here.jpg --crop 223,223,1,1
run 0 "of a sliver" --image here.jpg --crop 0,0,1,224
run 0 "almost nothing" --image here.jpg --crop 50%,50%,0.001%,0.001%
"$program" --image here.jpg --with-self -k 3 >"$scratch/a"
"$program" --image here.jpg --crop 0%,0%,100%,100% --with-self -k 3 >"$scratch/b"
same "all of the image is the image"
run 2 "outside of the image" --image here.jpg --crop 200,0,25,10
err_has "here.jpg: the region 200,0,25,10 is not inside the image, which has 224 x 224 pixels"
run 2 "outside in per cent" --image here.jpg --crop 60%,0%,50%,50%
err_has "is not inside the image; x + width and y + height are at most 100%"
usage "--crop must be X,Y,WIDTH,HEIGHT, all in pixels or all in per cent" --image here.jpg --crop 1,2,3
usage "--crop must be X,Y,WIDTH,HEIGHT, all in pixels or all in per cent" --image here.jpg --crop 1%,2,3,4
usage "--crop 1,2,0,4 has no area" --image here.jpg --crop 1,2,0,4
usage "--crop is for the image of a query, but there is none" dog --crop 1,2,3,4

# ---- lists

printf 'dog + snow - people\n\n  \n2:cat\na t-shirt' >list
run 0 "a list" --list list --json
json_is "a query a line, lines of blanks left out" queries queries.0.query queries.1.parts.0.weight queries.2.text <<END
3
dog + snow - people
2
a t-shirt
END
"$program" --list - -k 1 <list >"$scratch/a" 2>"$err"
"$program" --list list -k 1 >"$scratch/b"
same "from standard input"
"$program" cat --list list -k 1 --paths >"$scratch/a" 2>"$err"
[ "$(wc -l <"$scratch/a")" -eq 4 ]
ok "after the queries of the command line"
printf 'dog\ncat + \n' >list
usage "list: line 2: a part is missing after \"+\"" --list list
awk 'BEGIN { for (i = 0; i < 1001; i++) printf i ? " + dog" : "dog" }' >list
usage "list: line 1: a query has more than 1000 parts; ask for fewer at once" --list list
usage "a query has more than 1000 parts" "$(cat list)"
usage "--image is empty" --image ""
run 3 "an image that is a directory" --image photos
err_has "photos: Is a directory"
printf 'dog\ndog - dog\n' >list
run 2 "a line whose parts cancel" --list list
err_has "dog - dog: its parts cancel one another"
: >list
run 1 "an empty list" --list list
err_has "list has no queries"
run 1 "nor standard input" --list - </dev/null
err_has "standard input has no queries"
run 3 "no such list" --list none
err_has "none"
run 3 "a list that is a directory" --list photos
err_has "photos: Is a directory"
printf '\357\273\277dog\r\ncat\r\n' >list
run 0 "a list with a byte order mark" --list list --json -k 1
json_is "the mark is no part of the first query" queries.0.text queries.1.text <<END
dog
cat
END
mkfifo pipe
printf 'dog\ncat\n' >pipe &
"$program" --list pipe -k 1 >"$scratch/a" 2>"$err"
printf 'dog\ncat\n' | "$program" --list /dev/stdin -k 1 >"$scratch/b" 2>>"$err"
same "a list from a pipe by its name"
[ ! -s "$err" ]
ok "and nothing is said"
printf 'caf\351\n' >list
run 0 "a text in another encoding" --list list -k 1
err_has "is not UTF-8"
run 0 "an image that is not there" ./none.jpg -k 1
err_has 'there is no file "./none.jpg"; searching for the words'
run 0 "a sentence that ends like one" "a note named none.jpg" -k 1
[ ! -s "$err" ]
ok "is a sentence"
awk 'BEGIN { for (i = 0; i < 10000; i++) print (i % 3 ? "a dog" : "a cat") " " i % 50 }' >list
run 0 "10,000 queries" --list list --paths -k 1
[ "$(wc -l <"$out")" -eq 10000 ]
ok "10,000 answers"
sed -n 5p "$out" >"$scratch/a"
"$program" "$(sed -n 5p list)" --paths -k 1 >"$scratch/b"
same "those of the queries alone"

# ---- URLs

usage "file:// is not fetched; give an http:// or https:// URL, or the path of a file" file:///etc/passwd
usage "ftp:// is not fetched" dog + ftp://example.org/a.jpg
usage "file:// is not fetched" --image file:///etc/passwd
if [ "$has_curl" != yes ]; then
    run 3 "a URL in a build without libcurl" http://127.0.0.1:1/a.jpg
    err_has "this build has no libcurl"
    echo "1..$count"
    exit
fi
# where libcurl is not installed: libraries that cannot be loaded stand in its place
mkdir "$scratch/broken"
: >"$scratch/broken/libcurl.so.4"
: >"$scratch/broken/libcurl-gnutls.so.4"
LD_LIBRARY_PATH=$scratch/broken run 3 "a URL without libcurl" http://127.0.0.1:1/a.jpg
err_has "cannot fetch: the library libcurl is not installed"
LD_LIBRARY_PATH=$scratch/broken run 0 "a text without libcurl" -q "a cat"
mkdir "$scratch/files"
cp photos/cat-snow.jpg "$scratch/files/cat.jpg"
echo "no image" >"$scratch/files/page.jpg"
head -c 70000000 /dev/zero >"$scratch/files/large.jpg"
python3 "$http_server" "$scratch/files" "$scratch/port" "$scratch/log" 2>"$scratch/server-errors" &
server=$!
wait_for "$scratch/port"
url=http://127.0.0.1:$(cat "$scratch/port")
run 0 "an image on the web" "$url/plain/cat.jpg" --allow-local-urls --json -k 1
json_is "is an image" queries.0.url queries.0.parts.0.url <<END
$url/plain/cat.jpg
$url/plain/cat.jpg
END
"$program" "$url/plain/cat.jpg" + "a dog" --allow-local-urls >"$scratch/a" 2>"$err"
"$program" ./here.jpg + "a dog" >"$scratch/b"
same "what its file finds, without itself"
run 0 "--image with a region" --image "$url/plain/cat.jpg" --crop 10%,10%,50%,50% --allow-local-urls
run 0 "through a redirect" "$url/redirect/2/plain/cat.jpg" --allow-local-urls
run 2 "this computer is refused" "$url/plain/cat.jpg"
err_is "in words" <<END
clipsearch: $url/plain/cat.jpg: this leads to this computer or to a private network
To fetch it all the same, add --allow-local-urls
END
for host in localhost "[::1]" 0.0.0.0 127.1 2130706433 "[::ffff:127.0.0.1]" 0x7f000001; do
    run 2 "by the name $host too" "http://$host:$(cat "$scratch/port")/plain/cat.jpg"
done
grep -c . "$scratch/log" >"$scratch/a"
http_proxy=$url run 2 "a proxy does not help" "$url/plain/cat.jpg"
grep -c . "$scratch/log" >"$scratch/b"
same "and nothing was asked of the server"
run 3 "a redirect to a file" "$url/away/cat.jpg" --allow-local-urls
run 3 "redirects for ever" "$url/loop/cat.jpg" --allow-local-urls
run 3 "no such file" "$url/plain/none.jpg" --allow-local-urls
err_has "the server answered 404 (no such file)"
run 3 "a page in place of an image" "$url/html/cat.jpg" --allow-local-urls
err_has "$url/html/cat.jpg"
run 3 "a file that is no image" "$url/plain/page.jpg" --allow-local-urls
run 3 "half of an image" "$url/short/cat.jpg" --allow-local-urls
run 3 "an image that is too large" "$url/plain/large.jpg" --allow-local-urls
err_has "the image is larger than the limit of 64 MiB"
run 3 "nobody there" http://127.0.0.1:1/a.jpg --allow-local-urls
echo "1..$count"
