#!/bin/sh
# SPDX-License-Identifier: MIT
# test_first_search.sh - what a first search finds: the example images, ingested with their YAML file and the built-in
# model. Prints TAP. usage: test_first_search.sh CLIPSEARCH
set -u
. "$CLIPSEARCH_SOURCE_ROOT/tests/cli/tap.sh"
set_up "$1"

names() { # the names found, best first, a line each
    sed 's|.*/||; s|\.[a-z]*$||' "$out"
}

all_match() { # all_match COUNT PATTERN WHAT: the best COUNT
    [ "$(names | head -n "$1" | grep -cE "^($2)\$")" -eq "$1" ]
    ok "$3"
}

run 0 "ingesting the example images" ingest "$source/examples/ingest.yaml"
out_has "Inserted 100 images"

run 0 "a dog" -k 5 "a dog"
all_match 5 ".*-dog-.*|.*-dogs|dog-.*" "dogs are dogs"
run 0 "a white dog" -k 4 "a white dog"
all_match 4 "white-dog-.*" "white dogs come before other dogs and other white things"
run 0 "a black dog" -k 2 "a black dog"
all_match 2 "black-dog-(snow|yellow)" "both black dogs come first"
run 0 "two white dogs" -k 1 "two white dogs"
all_match 1 "two-white-dogs" "a number, a colour and a thing"
run 0 "two red cars" -k 2 "two red cars"
all_match 2 "two-red-cars|two-red-cars-grass" "both images of two red cars come first"
run 0 "a sailboat" -k 2 "a sailboat"
all_match 2 "sailboat-sea|orange-sailboat-sea" "both sailboats come first"
run 0 "food" -k 5 "food"
all_match 5 "banana-.*|birthday-cake-.*|bread-.*|carrot-.*|cheese-.*|cookie-.*|doughnut-.*|grapes-.*|hamburger-.*|hot-.*|\
ice-cream-.*|mushroom-.*|owl-and-pizza|pie-.*|pizza-.*|red-apple-.*|three-strawberries|two-bananas|two-green-apples|\
watermelon-.*" "food is food"
run 0 "by image" -k 2 --with-self --image "$source/examples/pictures/white-dog-green.jpg"
all_match 1 "white-dog-green" "an image finds itself first"
all_match 2 ".*-dog-.*|.*-dogs" "then another dog"

run 0 "ingesting photographs" ingest --collection mine "$source/examples/photographs"
out_has "Inserted 24 images"
found() { # found QUERY NAME: the best photograph
    run 0 "$1" --collection mine -k 1 "$1"
    all_match 1 "$2" "$2 is found"
}
found "a cat" "cat"
found "a cup of coffee" "coffee"
found "a rocket" "rocket"
found "sheep" "sheep"
found "mountains" "alps"
found "an airplane" "biplane"
found "stairs" "stairs"
found "a man with a camera" "cameraman"
found "an abandoned house" "abandoned-house"
found "flowers" "tulips|dandelions|blossom"
run 0 "flowers" --collection mine -k 3 "flowers"
all_match 3 "tulips|dandelions|blossom" "flowers come before everything else"
echo "1..$count"
