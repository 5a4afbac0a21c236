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

run 0 "a white dog" -k 100 "a white dog"
all_match 7 "white-dog-(blue|grass|green|road|room|yellow)|two-white-dogs" "every white dog comes before everything else"
run 0 "two red cars" -k 2 "two red cars"
all_match 2 "two-red-cars|two-red-cars-grass" "both images of two red cars come first"
run 0 "a cat in the snow" -k 2 "a cat in the snow"
all_match 2 "cat-snow|black-cat-snow" "both cats in the snow come first"
run 0 "food" -k 5 "food"
all_match 5 "banana-.*|birthday-cake-.*|bread-.*|carrot-.*|cheese-.*|cookie-.*|doughnut-.*|grapes-.*|hamburger-.*|hot-.*|\
ice-cream-.*|mushroom-.*|owl-and-pizza|pie-.*|pizza-.*|red-apple-.*|three-strawberries|two-bananas|two-green-apples|\
watermelon-.*" "food is food"
run 0 "by image" -k 4 --with-self --image "$source/examples/pictures/white-dog-grass.jpg"
all_match 1 "white-dog-grass" "an image finds itself first"
all_match 4 ".*-dog-.*|.*-dogs" "then other dogs"
echo "1..$count"
