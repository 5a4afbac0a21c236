#!/bin/sh
# SPDX-License-Identifier: MIT
# test_model_choice.sh - which model a command uses: model add and use, models given as paths, CLIPSEARCH_MODEL. Prints
# TAP.
# usage: test_model_choice.sh CLIPSEARCH JSON_CHECK
set -u
. "$CLIPSEARCH_SOURCE_ROOT/tests/cli/tap.sh"
json_check=$(absolute "$2")
set_up "$1"
models=$XDG_DATA_HOME/clipsearch/models
chosen=$XDG_CONFIG_HOME/clipsearch/model.yaml
tiny=$source/tests/data/clip-tiny/hf
sha() { sha256sum "$1" | cut -c 1-64; }
size() { wc -c <"$1" | tr -d ' '; }
setting() { # setting VALUE FROM: of the model
    "$program" info --show --json 2>>"$err" | "$json_check" model.value model.from >"$scratch/values"
    printf '%s\n%s\n' "$1" "$2" | cmp -s - "$scratch/values"
    ok "the model is $1, from the $2"
}
mkdir pictures
cp "$source"/examples/pictures/cat-snow.jpg "$source"/examples/pictures/red-bus-blue.jpg pictures/

# ---- a model given as a path

cp -r "$tiny" ./my-clip && chmod -R u+w my-clip
run 0 "ingest with a model given as a path" ingest --model ./my-clip pictures
run 0 "a search needs no --model" "a cat"
cp "$out" "$scratch/hits"
mkdir elsewhere
(cd elsewhere && "$program" "a cat" >"$out" 2>"$err")
ok "nor elsewhere"
run 0 "info" info
out_has "encoder    my-clip, weights"
out_has "read from $scratch/work/my-clip"
run 0 "collections --json" collections --json
json_is "has the path" 0.encoder 0.model_path <<END
my-clip
SCRATCH/work/my-clip
END
mkdir sheets
ln -s ../my-clip sheets/clip
printf 'database: ./steps.db\nmodel: ./clip\nsources: [../pictures]\n' >sheets/in.yaml
run 0 "an ingest file of another directory" ingest sheets/in.yaml
run 0 "collections" collections --json --db sheets/steps.db
json_is "has its path without idle steps" 0.encoder 0.model_path <<END
my-clip
SCRATCH/work/sheets/clip
END
mkdir -p "$XDG_CONFIG_HOME/clipsearch"
printf 'model: .//./clip\n' >"$XDG_CONFIG_HOME/clipsearch/config.yaml"
setting "$XDG_CONFIG_HOME/clipsearch/clip" "configuration file"
rm -r "$XDG_CONFIG_HOME/clipsearch"
run 0 "steps within a path" ingest --model sheets/.././/sheets/./clip// --db sheets/steps.db pictures
"$program" collections --json --db sheets/steps.db 2>"$err" | "$json_check" 0.model_path >"$scratch/values"
[ "$(cat "$scratch/values")" = "$scratch/work/sheets/clip" ]
ok "are not remembered"
rm -r sheets
run 0 "ingest again needs none either" ingest pictures
out_has "2 unchanged"
mv my-clip moved
run 4 "the model was moved" "a cat"
err_has "the collection was made with the model \"my-clip\" at $scratch/work/my-clip, which is not there any more"
run 0 "it can be given" --model ./moved "a cat"
cmp -s "$out" "$scratch/hits"
ok "and is the same model under another name"
run 0 "an ingestion with it" ingest --model moved/ pictures
run 0 "remembers where it is now" "a cat"
mv moved again
run 0 "a collection that is encoded with it already" ingest --remodel --model pictures/../again
out_has "photos is encoded with again already"
run 0 "remembers it too" "a cat"
run 0 "by its path" info
out_has "read from $scratch/work/again"
mv again moved
cp -r "$tiny" "$models/my-clip"
mv moved gone
run 0 "when it is gone, one that has its name is used" "a cat"
rm -r "$models/my-clip"
mv gone my-clip
run 0 "it is where it was" ingest --model my-clip pictures

# a weight file, through a link: what lies beside the link is the model
mkdir blobs linked
cp "$source/tests/data/clip-script/script/ViT-tiny.pt" blobs/0123
ln -s ../blobs/0123 linked/ViT-tiny.pt
cp "$source/tests/data/clip-script/script/bpe_simple_vocab_16e6.txt.gz" linked/
run 0 "a weight file that is a link" ingest --db link.db --model linked/ViT-tiny.pt pictures
run 0 "is found again" --db link.db "a cat"

# ---- CLIPSEARCH_MODEL

CLIPSEARCH_MODEL=default
export CLIPSEARCH_MODEL
run 0 "another model in the environment" "a cat"
err_has "clipsearch: CLIPSEARCH_MODEL is default, but photos was made with the model my-clip, which is used"
[ "$(wc -l <"$err")" -eq 1 ]
ok "in one line"
run 0 "the same when images are ingested" ingest pictures
err_has "CLIPSEARCH_MODEL is default, but photos was made with the model my-clip"
run 0 "-q says nothing" -q "a cat"
silent "$err" "at all"
"$program" ingest --progress json pictures >"$out" 2>"$err"
grep -q 'CLIPSEARCH_MODEL' "$err"
[ $? -ne 0 ]
ok "nor is it mixed with progress as JSON"
run 4 "an option counts more than the collection" --model default "a cat"
err_has "Use the model that the collection was made with"
CLIPSEARCH_MODEL=$scratch/work/elsewhere/my-clip
cp -r my-clip elsewhere/
run 0 "the same model in the environment" "a cat"
silent "$err" "is no news"
unset CLIPSEARCH_MODEL

# ---- use

setting "the collection's, or default" default
run 0 "use a directory" model use ./my-clip
out_is "says what it does, and nothing of collections that it fits" <<END
New collections use SCRATCH/work/my-clip
END
setting "$scratch/work/my-clip" "model file"
run 0 "info --show" info --show
out_has "model          $scratch/work/my-clip  ($chosen)"
run 0 "a new collection" ingest --db new.db pictures
"$program" collections --db new.db | grep -q "my-clip"
ok "uses it"
run 0 "a collection of another model" ingest --model default --collection drawn pictures
run 0 "use it again" model use ./my-clip
out_has "To encode drawn anew with it, run: clipsearch ingest --remodel --model $scratch/work/my-clip --collection drawn"
CLIPSEARCH_MODEL=default "$program" model use ./my-clip >"$out" 2>"$err"
ok "where the environment says something else"
err_has "CLIPSEARCH_MODEL names the model default, which counts more: new collections use that"
mkdir -p "$XDG_CONFIG_HOME/clipsearch" && echo "model: default" >"$XDG_CONFIG_HOME/clipsearch/config.yaml"
run 0 "or the configuration file" model use ./my-clip
err_has "config.yaml names the model default, which counts more: new collections use that"
setting default "configuration file"
rm "$XDG_CONFIG_HOME/clipsearch/config.yaml"
run 0 "back to the built-in model" model use default
[ ! -e "$chosen" ]
ok "the file is gone"
setting "the collection's, or default" default
run 0 "a network for images" model use "$source/tests/data/cnn-tiny/resnet50"
out_has "It encodes images only, so new collections use it when they are told: --model $source/tests/data/cnn-tiny/resnet50"
[ ! -e "$chosen" ]
ok "is not what new collections use"
run 4 "no such model" model use nosuch
run 0 "a name with signs of YAML" model use default
cp -r my-clip "a: b # 'c' \"d\""
run 0 "use it" model use "./a: b # 'c' \"d\""
setting "$scratch/work/a: b # 'c' \"d\"" "model file"
echo "model: [1" >"$chosen"
run 2 "a broken model file" collections
err_has "$chosen:"
printf 'mode: x\n' >"$chosen"
run 2 "a wrong key in it" collections
err_has "unknown key \"mode\""
run 0 "is mended by model use" model use default
if [ "$(id -u)" -ne 0 ]; then
    chmod a-w "$XDG_CONFIG_HOME/clipsearch"
    run 3 "where nothing can be written" model use ./my-clip
    err_has "model.yaml"
    chmod u+w "$XDG_CONFIG_HOME/clipsearch"
fi

# ---- add

{
    echo "models:"
    echo "  tiny:"
    echo "    title: a small random CLIP"
    echo "    encoder: clip"
    echo "    dim: 24"
    echo "    files:"
    for file in preprocessor_config.json merges.txt vocab.json; do
        echo "      - {name: $file, url: \"http://127.0.0.1:1/$file\", bytes: $(size "$tiny/$file"), sha256: $(sha "$tiny/$file")}"
    done
    echo "      - {name: config.json, content: '$(tr -d '\n' <"$tiny/config.json")'}"
    echo "      - {name: tiny-1.safetensors, url: \"http://127.0.0.1:1/tiny-1.safetensors\", bytes: $(size "$tiny/model.safetensors"), sha256: $(sha "$tiny/model.safetensors")}"
} >known.yaml
mkdir downloads
cp "$tiny/model.safetensors" "downloads/tiny-1 (1).safetensors"
run 3 "weights alone" model add --catalogue known.yaml "downloads/tiny-1 (1).safetensors"
err_has "3 files of tiny are still missing; what was given is in $models/tiny"
err_has "  http://127.0.0.1:1/merges.txt"
err_has "    as merges.txt, $(size "$tiny/merges.txt") bytes, SHA-256 $(sha "$tiny/merges.txt")"
cmp -s "$models/tiny/tiny-1.safetensors" "$tiny/model.safetensors" && [ -e "$models/tiny/config.json" ]
ok "are recognised by their content and get the published name"
[ ! -e "$chosen" ]
ok "and are not what new collections use"
for file in preprocessor_config.json merges.txt vocab.json; do cp "$tiny/$file" downloads/; done
: >downloads/notes.txt
run 0 "the directory" model add --catalogue known.yaml downloads
grep -q "^Added tiny: $models/tiny$" "$out"
ok "prints where the model is"
out_has "New collections use tiny"
[ ! -e "$models/tiny/notes.txt" ] && [ -s "$models/tiny/vocab.compiled" ] && [ "$(find "$models/tiny" -type f | wc -l)" -eq 6 ]
ok "its own files, the compiled vocabulary and no others"
setting tiny "model file"
run 0 "it is a model by its name" embed --model tiny "a dog"
"$program" embed --model "$tiny" "a dog" 2>"$err" | cmp -s - "$out"
ok "and the right one"
run 0 "add it once more" model add --catalogue known.yaml downloads -q
silent "$out" "-q says nothing"
run 0 "add it from where it is" model add --catalogue known.yaml "$models/tiny"
run 0 "under another name" model add --catalogue known.yaml downloads --name other
[ -e "$models/other/tiny-1.safetensors" ]
ok "is there"
run 0 "once more under that name" model add --catalogue known.yaml downloads --name other
cp -r ./my-clip "$models/taken"
run 2 "under the name of another model" model add --catalogue known.yaml downloads --name taken
err_has "there is a model taken already: $models/taken"
[ ! -e "$models/taken/tiny-1.safetensors" ]
ok "which stays as it is"
rm -r "$models/taken"
head -c 2000 "$tiny/model.safetensors" >downloads/tiny-1.safetensors
rm "downloads/tiny-1 (1).safetensors"
run 4 "weights that were cut short" model add --catalogue known.yaml downloads/tiny-1.safetensors
err_has "downloads/tiny-1.safetensors has the name of the weights of tiny, but is not the published file (2000 bytes: it is cut short)"
cp "$tiny/model.safetensors" downloads/tiny-1.safetensors
printf x | dd of=downloads/merges.txt bs=1 seek=50 conv=notrunc 2>/dev/null
rm -r "$models/tiny"
run 4 "a vocabulary with a wrong byte" model add --catalogue known.yaml downloads
err_has "downloads/merges.txt: its SHA-256 is"
[ ! -e "$models/tiny/merges.txt" ]
ok "is not copied"
rm -rf "$models/tiny"

# models of one's own
run 0 "a model that no catalogue has" model add ./my-clip
out_has "Added my-clip: $models/my-clip"
diff -r -x vocab.compiled my-clip "$models/my-clip" >"$scratch/diff"
ok "is copied"
run 2 "again" model add ./my-clip
err_has "there is a model my-clip already: $models/my-clip"
err_has "choose another name with --name"
mkdir "$models/killed" && cp my-clip/config.json "$models/killed/" && echo half >"$models/killed/model.safetensors.0123abcd"
run 0 "what is left of an addition that was killed does not count" model add ./my-clip --name killed
[ ! -e "$models/killed/model.safetensors.0123abcd" ] && cmp -s my-clip/model.safetensors "$models/killed/model.safetensors"
ok "and is removed"
run 2 "a whole model does" model add ./my-clip --name killed
rm -r "$models/killed"
: >my-clip/pytorch_model.bin && : >my-clip/flax_model.msgpack
run 0 "by another name" model add ./my-clip --name mine
[ -e "$models/mine/model.safetensors" ] && [ ! -e "$models/mine/pytorch_model.bin" ] && [ ! -e "$models/mine/flax_model.msgpack" ]
ok "without weights in other forms"
run 0 "a weight file alone" model add "$source/tests/data/cnn-tiny/resnet34/$(ls "$source/tests/data/cnn-tiny/resnet34" | grep -m 1 'safetensors\|pth')" --name net
out_has "It encodes images only"
run 0 "is found by its name" embed --model net --image pictures/cat-snow.jpg
run 2 "the built-in model's name" model add ./my-clip --name default
err_has "default is the built-in model's name"
run 2 "a name that is a path" model add ./my-clip --name a/b
mkdir junk && echo no >junk/model.safetensors
run 4 "what is no model" model add junk
[ ! -e "$models/junk" ]
ok "leaves no directory"
run 3 "what is not there" model add nosuch.pt
err_has "nosuch.pt"
( trap '' XFSZ; ulimit -f 100; "$program" model add ./my-clip --name big >"$out" 2>"$err" )
[ $? -eq 3 ]
ok "a disk that is full"
err_has "File too large"
[ ! -e "$models/big/model.safetensors" ]
ok "leaves no half file"
usage "model list has no option --name" model list --name x
usage "usage: clipsearch model add FILE|DIR [--name NAME]" model add

echo "1..$count"
