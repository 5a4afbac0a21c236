#!/bin/sh
# SPDX-License-Identifier: MIT
# Real input: photographs of up to 100 CLASSES, 10 of each, a YAML file, a ViT-B/32 of true size with random weights; then one
# photograph of each class must find itself first with score 1.000.
# TAP. Usage: test_photos.sh CLIPSEARCH RANDOM_MODEL CLASSES
set -u
program=$1
random_model=$2
classes=$3
photos=${CLIPSEARCH_SHARED_DATA:-}/photos/imagenet-100x10
bpe=${CLIPSEARCH_SHARED_DATA:-}/bpe

if [ ! -d "$photos/train" ] || [ ! -d "$bpe" ]; then
    echo "ok 1 - photographs # SKIP the shared photographs are absent"
    echo "1..1"
    exit 0
fi
work=$(mktemp -d "${CLIPSEARCH_BUILD_ROOT:-.}/photos.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT INT TERM
count=0
failures=0
check() { # check STATUS TEXT
    count=$((count + 1))
    if [ "$1" = 0 ]; then echo "ok $count - $2"; else
        echo "not ok $count - $2"
        failures=$((failures + 1))
    fi
}
export XDG_DATA_HOME="$work" XDG_CONFIG_HOME="$work"
unset CLIPSEARCH_DB CLIPSEARCH_MODEL CLIPSEARCH_COLLECTION

"$random_model" "$work/clip-vit-b32-random" "$(realpath "$bpe")"
check $? "a random ViT-B/32 is made"
cat >"$work/photos.yaml" <<YAML
database: photos.db
collection: photos
model: ./clip-vit-b32-random
metric: cosine
sources:
YAML
find "$(realpath "$photos")/train" -mindepth 1 -maxdepth 1 -type d | LC_ALL=C sort | head -n "$classes" >"$work/classes"
sed 's/.*/  - {path: "&", include: ["*.JPEG"]}/' "$work/classes" >>"$work/photos.yaml"
said=$("$program" ingest "$work/photos.yaml" 2>"$work/stderr")
check $? "ingest: $said"
case $said in "Inserted ${classes}0 images into photos"*) true ;; *) false ;; esac
check $? "${classes}0 images are inserted"
sed 's/^/# /' "$work/stderr" | tail -n 5

# one photograph of each class, the third in order of name
while IFS= read -r class; do find "$class" -name '*.JPEG' | LC_ALL=C sort | sed -n 3p; done <"$work/classes" >"$work/queries"
set --
while IFS= read -r photo; do set -- "$@" --image "$photo"; done <"$work/queries"
"$program" --db "$work/photos.db" --model "$work/clip-vit-b32-random" -k 1 --json --with-self "$@" >"$work/found.json"
check $? "$classes queries by image"
python3 - "$work/found.json" "$work/queries" "$classes" <<'PY'
import json, sys
found = json.load(open(sys.argv[1]))["queries"]
wanted = open(sys.argv[2]).read().splitlines()
first = sum(q["hits"][0]["path"] == path for q, path in zip(found, wanted))
exact = sum(f'{q["hits"][0]["score"]:.3f}' == "1.000" for q in found)
print(f"# {first} of {len(wanted)} find themselves first, {exact} with score 1.000")
sys.exit(not first == exact == len(wanted) == len(found) == int(sys.argv[3]))
PY
check $? "each of $classes photographs finds itself first with score 1.000"
said=$("$program" ingest "$work/photos.yaml" 2>/dev/null)
case $said in *"${classes}0 unchanged"*) true ;; *) false ;; esac
check $? "a second run encodes nothing: $said"
echo "1..$count"
exit $((failures != 0))
