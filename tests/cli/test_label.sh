#!/bin/sh
# SPDX-License-Identifier: MIT
# test_label.sh - clipsearch label: image files and a collection, output, attributes, and what is refused. Prints TAP.
# usage: test_label.sh CLIPSEARCH JSON_CHECK
set -u
. "$CLIPSEARCH_SOURCE_ROOT/tests/cli/tap.sh"
json_check=$(absolute "$2")
set_up "$1"
ln -s "$source/weights/default" "$XDG_DATA_HOME/clipsearch/models/default"
mkdir pets
cp "$source/examples/pictures/white-dog-grass.jpg" pets/dog.jpg
cp "$source/examples/pictures/cat-snow.jpg" pets/cat.jpg
cp "$source/examples/pictures/red-bus-blue.jpg" pets/bus.jpg

# ---- image files

run 0 "image files" label --labels dog,cat,bus pets/dog.jpg pets/cat.jpg pets/bus.jpg
sed 's/^[01]\.[0-9]*  //' "$out" >"$scratch/text"
printf 'dog  pets/dog.jpg\ncat  pets/cat.jpg\nbus  pets/bus.jpg\n' | cmp -s - "$scratch/text"
ok "a line for each, with its best label"
run 0 "more labels" label --labels "dog, cat ,bus" -k 5 pets/dog.jpg
[ "$(wc -l <"$out")" -eq 3 ] && [ "$(sed -n '1s/^[01]\.[0-9]*  //p' "$out")" = "dog  pets/dog.jpg" ] &&
    [ "$(awk '{ s += $1 } END { printf "%.2f", s }' "$out")" = 1.00 ]
ok "as many as there are; their probabilities add up to 1"
printf 'dog\r\n  cat\na red bus' >things.txt
run 0 "a file of labels" label --labels things.txt pets/bus.jpg
grep -q '^[01]\.[0-9]*  a red bus  pets/bus.jpg$' "$out"
ok "has one on each line"
"$program" label --labels - pets/bus.jpg <things.txt >"$scratch/text" 2>"$err"
cmp -s "$out" "$scratch/text"
ok "standard input too"
run 0 "JSON" label --labels dog,cat --json -k 2 --template plain --template "my {}" pets/dog.jpg
json_is "is one object" collection model templates templates.1 images images.0.path images.0.labels images.0.labels.0.label <<END
null
default
2
my {}
1
pets/dog.jpg
2
dog
END
run 0 "several templates" label --labels dog,cat --template several --json pets/dog.jpg
json_is "are averaged" templates images.0.labels.0.label <<END
7
dog
END
echo no image >pets/bad.jpg
run 3 "a bad file" label --labels dog,cat --json pets/bad.jpg pets/cat.jpg
json_is "does not keep the others from their labels" images.0.path images.1.labels.0.label <<END
pets/bad.jpg
cat
END
err_has "pets/bad.jpg"
grep -q '"error":"pets/bad.jpg' "$out"
ok "and says why it has none"
rm pets/bad.jpg
"$program" label --labels dog,cat --json - <pets/cat.jpg >"$out" 2>"$err"
json_is "an image from standard input" images.0.path images.0.labels.0.label <<END
-
cat
END
"$program" label --labels dog,cat --json pets/cat.jpg >"$scratch/text" 2>>"$err"
sed 's|"pets/cat.jpg"|"-"|' "$scratch/text" | cmp -s - "$out"
ok "has the same probabilities as its file"

# ---- the reference

run 0 "every example image" label --labels "$source/tests/data/labels/labels.txt" "$source"/examples/pictures/*.jpg
sed "s|$source/examples/pictures/||" "$out" | awk -F '  ' '
    NR == FNR { label[$3] = $2; probability[$3] = $1; expected++; next }
    { differ = $1 - probability[$3]; same += label[$3] == $2 && differ < 0.001 && differ > -0.001; found++ }
    END { print same, found, expected; exit !(expected == 96 && same == expected && found == expected) }' \
    "$source/tests/data/labels/expected.txt" - >"$scratch/same"
ok "the label and the probability of transformers: $(cat "$scratch/same")"

# ---- a collection

run 5 "nothing ingested" label --labels dog,cat
err_has "To ingest images, run: clipsearch ingest DIRECTORY"
run 0 "ingest" ingest pets
run 0 "a collection" label --labels dog,cat,bus
sed 's/^[01]\.[0-9]*  //' "$out" | sort >"$scratch/text"
printf 'bus  pets/bus.jpg\ncat  pets/cat.jpg\ndog  pets/dog.jpg\n' | cmp -s - "$scratch/text"
ok "every image gets its label"
mv pets away
run 0 "with the files gone" label --labels dog,cat,bus --filter 'name == "dog.jpg"'
grep -q "  dog  " "$out" && [ "$(wc -l <"$out")" -eq 1 ]
ok "the stored vectors are used"
mv away pets
run 0 "--write" label --labels dog,cat,bus --write animal
out_has "Wrote animal and animal_probability of 3 images of photos"
out_has "       1  cat"
run 0 "a filter uses it" query --filter 'animal == "cat" and animal_probability > 0.3'
grep -q "pets/cat.jpg" "$out" && [ "$(wc -l <"$out")" -eq 1 ]
ok "and finds the cat"
run 0 "--write with a filter and JSON" label --labels red,green --write colour --filter 'animal == "bus"' --json
json_is "prints the image" collection images.0.labels.0.label <<END
photos
red
END
run 0 "both attributes" query --filter 'animal == "bus" and colour == "red"' --paths
[ "$(wc -l <"$out")" -eq 1 ]
ok "are there"
run 1 "a filter that nothing passes" label --labels dog,cat --filter 'size < 0'
err_has "no image in the collection photos passes the filter"

# ---- what is refused

usage "no labels were given" label
usage "--filter and --in choose images of the collection" label --labels a,b --filter true x.jpg
usage "--write stores labels in the collection" label --labels a,b --write x x.jpg
usage "--write name: every image has a field of this name" label --labels a,b --write name
usage '--write "a b": the name of an attribute' label --labels a,b --write "a b"
usage '--write "and": the name of an attribute' label --labels a,b --write and
usage "--template must be photo, plain, several, or a text with {}" label --labels a,b --template "a photo"
usage 'the template "{} and {}" must have {} once' label --labels a,b --template "{} and {}" pets/cat.jpg
usage "standard input cannot be both the labels and an image" label --labels - -
usage "https://example.org/a.jpg: only image files can be labelled" label --labels a,b https://example.org/a.jpg
usage 'the label "dog" is given twice' label --labels dog,cat,dog
usage 'the label "' label --labels "cat,$(printf 'dog %.0s' $(seq 60))"
err_has "more than the 32 tokens that the model reads"
run 2 "an empty label" label --labels dog,,cat
err_has 'label 2 of "dog,,cat" is empty'
printf 'dog\n\ncat\n' >gap.txt
run 2 "an empty line" label --labels gap.txt
err_has 'gap.txt: line 2 is empty; it must be a label'
: >empty.txt
usage "there is no label" label --labels empty.txt
echo dog >one.txt
usage "there is only one label" label --labels one.txt
mkfifo labels.pipe
printf 'dog\ncat\n' >labels.pipe &
run 0 "labels from a pipe by its name" label --labels labels.pipe pets/cat.jpg
out_has "  cat  pets/cat.jpg"
run 1 "no image in a period" label --labels dog,cat --since 2090
err_has "passes the filter"
run 3 "no such file" label --labels dogs
err_has "dogs: there is no such file, and a list of labels has commas, as in dog,cat"
run 2 "a model that encodes images only" label --labels a,b --model "$source/tests/data/cnn-tiny/resnet34" pets/cat.jpg
err_has "text"
seq 10000 | sed 's/^/thing /' >many.txt
echo "cat in the snow" >>many.txt
run 0 "10,001 labels" label --labels many.txt --template "a {}" pets/cat.jpg
out_has "  cat in the snow  pets/cat.jpg"
seq 100001 >more.txt
usage "there are 100001 labels; the limit is 100000" label --labels more.txt
echo "1..$count"
