#!/bin/sh
# SPDX-License-Identifier: MIT
# test_bad_weights.sh - weights of an EfficientNet-Lite that are not what they should be are refused by the tensor's
# name; a collection does not suffer. Prints TAP.
# usage: test_bad_weights.sh CLIPSEARCH BAD_WEIGHTS
set -u
. "$CLIPSEARCH_SOURCE_ROOT/tests/cli/tap.sh"
bad_weights=$(absolute "$2")
set_up "$1"
net=$source/tests/data/cnn-tiny/efficientnet-lite0
image=$source/examples/pictures/cat-snow.jpg
make() { # make HOW [TENSOR]: the model ./bad
    rm -rf bad && mkdir bad && cp "$net/clipsearch.json" bad/
    python3 "$bad_weights" "$net/model.safetensors" bad/model.safetensors "$@"
}
refused() { # refused MESSAGE HOW [TENSOR]
    message=$1
    shift
    make "$@"
    run 4 "$*" embed --model ./bad --image "$image"
    err_has "$message"
    run 4 "$*: remodel" ingest --remodel --model ./bad
}
mkdir pictures && cp "$image" pictures/
run 0 "a collection" ingest --model "$net" pictures
"$program" collections >"$scratch/before" 2>"$err"
"$program" embed --model "$net" --image "$image" 2>"$err" >"$scratch/vector"

refused "model.safetensors: " cut
refused '"_blocks.3._bn1.weight"' without _blocks.3._bn1.weight
refused '"_conv_head.weight"' without _conv_head.weight
refused '"_blocks.0._se_reduce.weight"' extra _blocks.0._se_reduce.weight
refused '"_blocks.99._bn1.weight"' extra _blocks.99._bn1.weight
refused '"_blocks.3._depthwise_conv.weight"' f64 _blocks.3._depthwise_conv.weight
refused '"_bn1.running_var"' i32 _bn1.running_var
make classes
run 0 "another number of classes" embed --model ./bad --image "$image"
cut -d : -f 3 "$out" >"$scratch/a" && cut -d : -f 3 "$scratch/vector" | cmp -s - "$scratch/a"
ok "does not matter: the classifier is not used"
make f32 _conv_head.weight
run 0 "one tensor of another precision" embed --model ./bad --image "$image"
cut -d : -f 3 "$out" | cmp -s - "$scratch/a"
ok "gives the same vector"
net=$source/tests/data/cnn-tiny/clip-lite0
make() { # make HOW [TENSOR]: the model ./bad, with both towers
    rm -rf bad && mkdir bad && cp "$net/config.json" "$net/preprocessor_config.json" bad/
    cp "$source/tests/data/clip-tiny/hf/merges.txt" "$source/tests/data/clip-tiny/hf/vocab.json" bad/
    python3 "$bad_weights" "$net/model.safetensors" bad/model.safetensors "$@"
}
alike() { # alike FILE: what embed printed there and now are vectors of a cosine above .999, but not the same
    python3 -c 'import json, sys
a, b = (json.load(open(path))["vector"] for path in sys.argv[1:])
sys.exit(not (.999 < sum(x * y for x, y in zip(a, b)) < 1.001 and len(a) > 8 and a != b))' "$1" "$out"
}
tokens=text_model.embeddings.token_embedding.weight
classes=visual_head.classes.weight
make f32 $tokens
run 0 "a text" embed --model ./bad "a white dog"
cp "$out" "$scratch/text"
run 0 "an image" embed --model ./bad --image "$image"
cp "$out" "$scratch/image"
make bytes $tokens
run 0 "tokens of 8 bits" embed --model ./bad "a white dog"
alike "$scratch/text"
ok "give nearly the same vector"
make bytes $classes
run 0 "a matrix of the head of 8 bits" embed --model ./bad --image "$image"
alike "$scratch/image"
ok "gives nearly the same vector"
for how in nan short f16 alone; do
    make bytes-$how $tokens
    run 4 "tokens of 8 bits, scales: $how" embed --model ./bad "a white dog"
    err_has "\"${tokens}_scale\""
    make bytes-$how $classes
    run 4 "the head's matrix of 8 bits, scales: $how" embed --model ./bad --image "$image"
    err_has "\"${classes}_scale\""
done
make bytes text_model.encoder.layers.0.mlp.fc1.weight
run 4 "a block's matrix in this form" embed --model ./bad "a white dog"
err_has '"text_model.encoder.layers.0.mlp.fc1.weight"'
"$program" collections 2>"$err" | cmp -s - "$scratch/before"
ok "the collection is as it was"
run 0 "and is found" --with-self -k 1 --image "$image"

echo "1..$count"
