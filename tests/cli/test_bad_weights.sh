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
"$program" collections 2>"$err" | cmp -s - "$scratch/before"
ok "the collection is as it was"
run 0 "and is found" --with-self -k 1 --image "$image"

echo "1..$count"
