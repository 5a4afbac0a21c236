#!/bin/sh
# SPDX-License-Identifier: MIT
# test_model.sh - clipsearch model: list, fetch from a server that misbehaves, info, verify, convert. Prints TAP.
# usage: test_model.sh CLIPSEARCH JSON_CHECK WITH_SIGNALS HTTP_SERVER HAS_CURL
set -u
. "$CLIPSEARCH_SOURCE_ROOT/tests/cli/tap.sh"
json_check=$(absolute "$2") with_signals=$(absolute "$3") http_server=$(absolute "$4") has_curl=$5
server=
clean_up() {
    [ -z "$server" ] || kill "$server" 2>/dev/null
    rm -rf "$scratch"
}
set_up "$1"
for variable in http_proxy https_proxy all_proxy no_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY CURL_CA_BUNDLE SSL_CERT_FILE; do unset $variable; done
mkdir "$scratch/files"
models=$XDG_DATA_HOME/clipsearch/models
tiny=$source/tests/data/clip-tiny

sha() { sha256sum "$1" | cut -c 1-64; }
size() { wc -c <"$1" | tr -d ' '; }

# ---- the command line

run 0 "help" help model
out_has "clipsearch model fetch NAME"
usage "no action was given; the actions are list, fetch, add, use, info, verify and convert" model
usage "there is no action \"lsit\"; the actions are list, fetch, add, use, info, verify and convert. Did you mean list?" model lsit
usage "usage: clipsearch model list" model list now
usage "usage: clipsearch model fetch NAME" model fetch
usage "model fetch has no option --towers" model fetch x --towers image
usage "model list has no option --to" model list --to x
usage "model convert has no option --json" model convert x --json --to y
usage "model info has no option --image" model info x --image y
usage "no directory for the new model was given; give --to DIR" model convert x
usage "--type must be f32, f16 or bf16, not \"f8\"" model convert x --to y --type f8
usage "--mirror must begin with https:// or http://, not \"ftp://x\"" model fetch x --mirror ftp://x

# ---- list

known=$source/weights/models.yaml
run 0 "list" model list
cp "$out" "$scratch/list"
run 0 "of another catalogue" model list --catalogue "$known"
cmp -s "$out" "$scratch/list"
ok "which is the program's own"
grep -q "^default  *installed  *the small built-in model$" "$out"
ok "the built-in model"
for name in clip-vit-b32 clip-vit-b16 clip-vit-l14 clip-vit-l14-336 clip-rn50 clip-rn101 clip-rn50x4 clip-rn50x16 \
    clip-rn50x64 clip-vit-b32-hf clip-vit-b32-open-clip clip-vit-b32-laion2b clip-vit-l14-hf resnet18 resnet34 resnet50 \
    resnet50-v2 resnet101 resnet152 vgg16 vgg16-torchvision mobilenet-v2 clip-vit-b32-datacomp clip-vit-b32-256 \
    clip-vit-b16-datacomp tinyclip-8m-16; do
    grep -q "^$name  *-  " "$out"
    ok "$name is known and not here"
done
for choice in small balanced best; do
    [ "$(grep -c "; MIT ($choice)\$" "$out")" -eq 1 ]
    ok "one is $choice"
done
mkdir -p "$models/clip-vit-b32" "$models/mine"
printf x >"$models/clip-vit-b32/bpe_simple_vocab_16e6.txt.gz"
run 0 "list --json" model list --json --catalogue "$known"
json_is "what the schema promises; a file of the wrong size does not count" models.0.name models.1.name \
    models.1.installed models.2.name models.2.installed models.2.dim models.2.licence models.2.files.1.sha256 \
    models.2.bytes models.2.bytes_exact <<END
default
mine
partly
clip-vit-b32
no
512
MIT
40d365715913c9da98579312b702a82c18be219cc2a73407c4526f58eba950af
355333439
true
END
run 4 "a directory without weights cannot be used" model use mine
err_has "mine: "
! grep -q "complete" "$err"
ok "and is not called complete"
cp -r "$source/tests/data/clip-tiny/hf" "$models/größer"
mkdir "$models/short"
head -c 1000 "$models/größer/model.safetensors" >"$models/short/model.safetensors"
run 0 "models of one's own" model list
out_has "mine                    partly                      your own"
out_has "größer                  installed                   your own"
out_has "short                   unusable                    your own"
run 4 "weights that were cut short cannot be used" model use short
err_has "short/model.safetensors: "
! grep -q "complete" "$err"
ok "nor are they called complete"
rm -r "$models/clip-vit-b32" "$models/mine" "$models/größer" "$models/short"
run 4 "a known model that is not here" embed --model clip-vit-b32 "a dog"
err_has "It is a known model. To fetch it, run: clipsearch model fetch clip-vit-b32"
run 4 "a name that is nearly one" model fetch clip-vit-b23 --catalogue "$known"
err_has "\"clip-vit-b23\" is not a known model; did you mean clip-vit-b32?"
err_has "To see the known models, run: clipsearch model list"
run 4 "the built-in model" model fetch default --catalogue "$known"
err_has "\"default\" comes with the program"

# ---- the catalogue's own mistakes, by place

catalogue() { # catalogue MESSAGE: the catalogue on standard input is refused with it
    cat >bad.yaml
    run 2 "refused catalogue" model list --catalogue bad.yaml
    err_has "clipsearch: bad.yaml:$1"
}
catalogue '1:1: unknown key "modles" in the file of known models; did you mean models?' <<END
modles: {}
END
catalogue '2:6: a has no dim' <<END
models:
  a: {title: A, encoder: clip, files: [{name: x, url: "http://h/x"}]}
END
catalogue '2:52: "../x" is not a valid file name in a model directory' <<END
models:
  a: {title: A, encoder: c, dim: 1, files: [{name: ../x, url: "http://h/x"}]}
END
catalogue '2:63: url must begin with https:// or http://' <<END
models:
  a: {title: A, encoder: clip, dim: 1, files: [{name: x, url: "file:///etc/passwd"}]}
END
catalogue '2:48: a file must have either a url or content' <<END
models:
  a: {title: A, encoder: clip, dim: 1, files: [{name: x}]}
END
catalogue '2:85: sha256 must be 64 lower-case hex digits' <<END
models:
  a: {title: A, encoder: clip, dim: 1, files: [{name: x, url: "http://h/x", sha256: abc}]}
END
run 3 "a catalogue that is not there" model list --catalogue none.yaml
err_has "none.yaml"

# ---- info

run 0 "info of a directory" model info "$tiny/hf" --threads 1
for line in "clip-vit, image and text tower, vectors of 24 numbers of length 1, metric cosine" "up to 16 tokens of 600" "resize 40 bicubic, crop 40" \
    "SHA-256    $(sha "$tiny/hf/model.safetensors")" "text_projection.weight  F32 [24, 40]" \
    "vision_model.embeddings.patch_embedding.weight  F32 [48, 3, 8, 8]" "tensors      94: 94 F32"; do
    out_has "$line"
done
run 0 "info --json" model info --json "$tiny/hf" --threads 1 --batch 1
bytes=$(size "$tiny/hf/model.safetensors")
parameters=$("$program" info --json --model "$tiny/hf" --db none.db 2>/dev/null | "$json_check" model.parameters)
json_is "what the schema promises" encoder.dim encoder.towers encoder.memory.mapped weights.bytes \
    weights.parameters weights.tensors weights.tensors.0.name weights.tensors.0.shape weights.tensors.1.shape.0 \
    weights.sha256 <<END
24
2
$bytes
$bytes
$parameters
94
logit_scale
0
16
$(sha "$tiny/hf/model.safetensors")
END
"$json_check" encoder.memory.session <"$out" >"$scratch/one"
"$program" model info --json "$tiny/hf" --threads 1 --batch 64 2>"$err" | "$json_check" encoder.memory.session >"$scratch/many"
[ "$(cat "$scratch/many")" -gt "$(cat "$scratch/one")" ]
ok "larger batches take more memory"
run 0 "info of a weight file of no encoder" model info "$tiny/expected.safetensors"
out_has "not a known kind of encoder"
out_has "vision.pixels  F32 ["
run 0 "the same as JSON" model info --json "$tiny/expected.safetensors"
[ "$("$json_check" encoder <"$out")" = null ]
ok "encoder is null"
run 0 "info of an image network" model info "$source/tests/data/cnn-tiny/resnet50"
out_has "resnet50, image tower, vectors of 24 numbers, metric l2"
run 0 "info of a TorchScript archive as OpenAI publishes them" model info "$source/tests/data/clip-script/script/ViT-tiny.pt"
out_has "clip-vit, image and text tower"
out_has "TorchScript archive"
run 4 "info of what is no weight file" model info "$source/README.md"
err_has "README.md"
run 4 "info of nothing" model info nosuch
err_has 'there is no model "nosuch"'

# ---- convert

cat=$source/examples/pictures/cat-snow.jpg
mkdir as-f32 && echo half >as-f32/model.safetensors.0123abcd # left by a conversion that was killed
for type in f32 f16 bf16; do
    run 0 "convert to $type" model convert "$tiny/hf" --to "as-$type" --type $type
    "$program" embed --model "as-$type" "a white dog" --image "$cat" >"$scratch/$type" 2>"$err"
    "$program" embed --model "$tiny/hf" "a white dog" --image "$cat" 2>"$err" |
        cmp -s - "$scratch/$type"
    ok "the same vectors: clip-tiny's numbers are exact in $type"
done
[ ! -e as-f32/model.safetensors.0123abcd ]
ok "what a killed conversion left is removed"
out_has "Converted: as-bf16, 94 tensors"
run 0 "convert to pairs of bf16" model convert "$tiny/hf" --to as-pairs --precision bf16
run 0 "a text in them, on a processor without bf16" embed --cpu avx2 --model ./as-pairs "a"
err_has "this processor has no instructions for bf16: as-pairs is computed in f32"
run 0 "which --quiet does not say" embed --cpu avx2 --model ./as-pairs -q "a"
[ ! -s "$err" ]
ok "nothing is said"
run 0 "and nothing of one that was to be f32" embed --cpu avx2 --model ./as-pairs --precision f32 "a"
[ ! -s "$err" ]
ok "nothing is said"
run 0 "bf16 of other weights" embed --cpu avx2 --model "$tiny/hf" --precision bf16 "a"
err_has "this processor has no instructions for bf16: hf is computed in f32"
run 2 "bf16 of the built-in model" embed --precision bf16 "a"
err_has "bf16 is for CLIP with a vision transformer, and this is"
run 4 "a file of int8 with convolutions" model convert default --to as-int8 --precision int8
err_has "whose convolutions are quantized whenever it is opened with the precision int8"

run 0 "the image tower alone" model convert "$tiny/hf" --to image-only --towers image -q
silent "$out" "-q says nothing"
[ ! -e image-only/merges.txt ] && [ "$(size image-only/model.safetensors)" -lt "$(size as-f32/model.safetensors)" ]
ok "is smaller and has no vocabulary"
run 0 "info shows it" model info image-only
out_has "clip-vit, image tower"
run 0 "and encodes images" embed --model ./image-only --image "$cat"
# as transformers 5 saves a model: tokenizer.json alone
mkdir json-only && cp "$tiny/hf/config.json" "$tiny/hf/preprocessor_config.json" "$tiny/hf/model.safetensors" json-only/
{
    printf '{"model":{"type":"BPE","end_of_word_suffix":"</w>","merges":['
    sed '1d; s/["\\]/\\&/g; s/.*/"&"/' "$tiny/hf/merges.txt" | paste -s -d ,
    printf '],"vocab":'
    cat "$tiny/hf/vocab.json"
    printf '}}'
} >json-only/tokenizer.json
"$program" embed --model "$tiny/hf" "a white dog" "the children's ball" >"$scratch/one" 2>"$err"
run 0 "texts with tokenizer.json alone" embed --model ./json-only "a white dog" "the children's ball"
cmp -s "$out" "$scratch/one"
ok "the same vectors as with vocab.json and merges.txt"
run 0 "such a model is converted" model convert ./json-only --to from-json
cmp -s from-json/merges.txt "$tiny/hf/merges.txt" && [ -s from-json/vocab.json ]
ok "with the same merges"
run 0 "and is read" embed --model ./from-json "a white dog" "the children's ball"
cmp -s "$out" "$scratch/one"
ok "with the same vectors"

# weights that are no numbers: every byte behind the header is 0xff
cp -r "$tiny/hf" not-finite && chmod u+w not-finite/model.safetensors
size=$(size not-finite/model.safetensors)
header=$(head -c 8 not-finite/model.safetensors | od -A n -t u8 | tr -d ' ')
{
    head -c $((8 + header)) "$tiny/hf/model.safetensors"
    head -c $((size - 8 - header)) /dev/zero | tr '\000' '\377'
} >not-finite/model.safetensors
run 4 "a vector that is not finite" embed --model ./not-finite --image "$cat"
silent "$out" "is not printed"
grep -qF "$cat: the model ./not-finite makes a vector of it that is not finite" "$err"
ok "and the image and the model are named"
run 4 "nor that of a text" embed --model ./not-finite "a dog"
silent "$out" "is not printed either"
run 4 "but no texts" embed --model ./image-only "a dog"
run 0 "convert an archive as OpenAI publishes them" model convert "$source/tests/data/clip-script/script" --to from-script
"$program" embed --model from-script "a dog" 2>"$err" >"$scratch/one"
"$program" embed --model "$source/tests/data/clip-script/script" "a dog" 2>"$err" | cmp -s - "$scratch/one"
ok "the same vectors"
run 0 "convert an image network" model convert "$source/tests/data/cnn-tiny/mobilenet-v2" --to net
"$program" embed --model net --image "$cat" 2>"$err" >"$scratch/one"
"$program" embed --model "$source/tests/data/cnn-tiny/mobilenet-v2" --image "$cat" 2>"$err" |
    cmp -s - "$scratch/one"
ok "the same vectors"
run 2 "its text tower" model convert net --to x --towers text
err_has "there is no text tower"
run 2 "convert onto itself" model convert ./as-f32 --to as-f32
err_has "this is the model itself"
before=$(sha net/model.safetensors)
run 2 "convert a weight file into its own directory" model convert net/model.safetensors --to net --type bf16
err_has "this is the model itself"
[ "$(sha net/model.safetensors)" = "$before" ]
ok "which is left as it was"
run 2 "convert beside another model's configuration" model convert net --to as-f16
err_has "as-f16: the config.json there is another model's"
run 0 "which is left as it was" embed --model ./as-f16 "a dog"
run 0 "convert again to where the same was converted" model convert ./net/model.safetensors --to net2 -q
run 0 "with shorter numbers" model convert ./net --to net2 --type f16 -q
run 3 "convert to where nothing can be made" model convert ./as-f32 --to no/where
run 4 "convert what is not there" model convert ./nosuch --to x

# ---- verify

mkdir little
cp "$tiny"/hf/* little/
image=$source/examples/pictures/white-dog-blue.png
entry() { # entry NAME URL-PREFIX: a catalogue entry for clip-tiny, files at the prefix
    echo "  $1:"
    echo "    title: a small random CLIP"
    echo "    encoder: clip"
    echo "    dim: 24"
    echo "    files:"
    for file in config.json preprocessor_config.json merges.txt vocab.json model.safetensors; do
        echo "      - {name: $file, url: \"$2/$file\", bytes: $(size "$tiny/hf/$file"), sha256: $(sha "$tiny/hf/$file")}"
    done
}
{ echo "models:"; entry tiny http://127.0.0.1:1; cat "$source/tests/cli/data/acceptance.yaml"; } >tiny.yaml
run 0 "verify" model verify tiny ./little --catalogue tiny.yaml --image "$image" --threads 1
out_has "ok       model.safetensors: SHA-256 as published"
out_has "ok       logits: logits 21.7658 -6.3806 25.3459, published 21.7658 -6.3806 25.3459"
out_has "ok       probabilities: probabilities 0.0271 0.0000 0.9729"
tail -n 1 "$out" | grep -q '^On this machine this build gives the published numbers of tiny.$'
ok "says so in a sentence"
for precision in int8 bf16; do
    run 0 "verify in $precision" model verify tiny ./little --catalogue tiny.yaml --image "$image" --precision $precision
    out_has "ok       probabilities: probabilities 0.0"
done
run 0 "verify in int8" model verify tiny ./little --catalogue tiny.yaml --image "$image" --precision int8
grep -q 'ok       logits: .* in this precision$' "$out" && ! grep -q 'logits: logits 21.7658' "$out"
ok "says what int8 is allowed, and its logits are others"
sed -e 's/"21.7658"/"10.7768"/' tiny.yaml >off.yaml
run 4 "a published value that int8 cannot explain" model verify tiny ./little --catalogue off.yaml --image "$image" --precision int8
out_has "WRONG    logits"
run 0 "verify --json" model verify tiny ./little --catalogue tiny.yaml --image "$image" --json
json_is "what the schema promises" model checks checks.4.verdict checks.5.what checks.5.verdict <<END
tiny
7
ok
logits
ok
END
run 0 "no image" model verify tiny ./little --catalogue tiny.yaml
out_has "skipped  logits: white-dog-blue.png was not found; give it with --image FILE"
out_has "The published numbers of tiny were not compared: give their images with --image."
cp "$source/examples/pictures/dog-pink.png" little/white-dog-blue.png
run 0 "another image under that name" model verify tiny ./little --catalogue tiny.yaml
out_has "is another image: its SHA-256 is"
rm little/white-dog-blue.png
sed -e 's/"21.7658"/"21.7768"/' tiny.yaml >off.yaml
run 4 "a published value that is a hundredth off" model verify tiny ./little --catalogue off.yaml --image "$image"
out_has "WRONG    logits: logits 21.7658 -6.3806 25.3459, published 21.7768 -6.3806 25.3459, largest difference 0.011"
out_has "On this machine this build does not give the published numbers of tiny: do not rely on it."
run 4 "the same as JSON" model verify tiny ./little --catalogue off.yaml --image "$image" --json
json_is "has the sentence" summary <<END
On this machine this build does not give the published numbers of tiny: do not rely on it.
END
run 4 "in words" model verify tiny ./little --catalogue off.yaml --image "$image"
out_has "ok       probabilities"
sed -e 's/"0.9729"/"0.9629"/' tiny.yaml >off.yaml
run 4 "a probability that is a hundredth off" model verify tiny ./little --catalogue off.yaml --image "$image"
out_has "WRONG    probabilities"
out_has "ok       logits"
# the same file with another activation is another model, although the digest of the weights is the same
sed -e 's/quick_gelu/gelu/' "$tiny/hf/config.json" >little/config.json
sed -e "/config.json/s/bytes: [0-9]*, sha256: [0-9a-f]*/about: 1/" tiny.yaml >loose.yaml
run 4 "the wrong activation" model verify tiny ./little --catalogue loose.yaml --image "$image"
out_has "skipped  config.json: present, but no digest was published"
out_has "WRONG    logits"
run 4 "a file that is not the published one" model verify tiny ./little --catalogue tiny.yaml --image "$image"
out_has "WRONG    config.json"
out_has "skipped  logits: the files are not the published ones"
out_has "The files of tiny are not the published ones, so its numbers were not compared."
cp "$tiny/hf/config.json" little/
printf 'x' | dd of=little/model.safetensors bs=1 seek=20000 conv=notrunc 2>/dev/null
run 4 "one byte is wrong" model verify tiny ./little --catalogue tiny.yaml
out_has "WRONG    model.safetensors: ./little/model.safetensors: its SHA-256 is"
rm little/model.safetensors
run 4 "a file is missing" model verify tiny ./little --catalogue tiny.yaml
out_has "WRONG    model.safetensors: missing"
printf 'models:\n  a: {title: A, encoder: c, dim: 1, files: [{name: f, url: "http://h/f", md5: %s}]}\n' \
    900150983cd24fb0d6963f7d28e17f72 >md5.yaml
mkdir md5 && printf abc >md5/f
run 0 "an MD5" model verify a ./md5 --catalogue md5.yaml
out_has "ok       f: MD5 as published"
printf abd >md5/f
run 4 "another file" model verify a ./md5 --catalogue md5.yaml
out_has "its MD5 is 4911e516e5aa21d327512e0c8b197616, expected 900150983cd24fb0d6963f7d28e17f72"
printf 'models:\n  a: {title: A, encoder: c, dim: 1, files: [{name: f, url: "http://h/f", sha256_begins: ba7816bf}]}\n' >begin.yaml
printf abc >md5/f
run 0 "a SHA-256 of which only the beginning is known" model verify a ./md5 --catalogue begin.yaml
out_has "ok       f: SHA-256 begins as published"
sed -i 's/ba7816bf/ba7816be/' begin.yaml
run 4 "that begins otherwise" model verify a ./md5 --catalogue begin.yaml
printf 'models:\n  a: {title: A, encoder: c, dim: 1, files: [{name: f, url: "http://h/f"}]}\n' >none.yaml
run 1 "nothing that could be checked" model verify a ./md5 --catalogue none.yaml
out_has "There are no published numbers of a to compare with."

# ---- fetch

if [ "$has_curl" != yes ]; then
    { echo "models:"; entry tiny http://127.0.0.1:1; } >tiny.yaml
    run 4 "fetch without libcurl" model fetch tiny --catalogue tiny.yaml
    err_has "this build has no libcurl"
    err_has "to fetch tiny by hand, download"
    err_has "  http://127.0.0.1:1/merges.txt"
    err_has "and run: clipsearch model add --catalogue tiny.yaml DIRECTORY"
    [ ! -e "$models/tiny" ]
    ok "leaves no directory"
    echo "ok $((count += 1)) - fetch # SKIP this build has no libcurl"
    echo "1..$count"
    exit 0
fi

# where libraries are not installed: some that cannot be loaded stand in their place
mkdir "$scratch/broken"
for library in libcurl.so.4 libcurl-gnutls.so.4 libhdf5_serial.so.103 libhdf5_serial.so.200 libhdf5_serial.so.310 \
    libhdf5.so.103 libhdf5.so.200 libhdf5.so.310; do
    : >"$scratch/broken/$library"
done
{ echo "models:"; entry tiny http://127.0.0.1:1; } >tiny.yaml
LD_LIBRARY_PATH=$scratch/broken run 4 "fetch without libcurl" model fetch tiny --catalogue tiny.yaml
err_has "the library libcurl is not installed"
LD_LIBRARY_PATH=$scratch/broken run 4 "Keras weights without libhdf5" model info "$source/tests/data/weights/keras2.h5"
grep -q "the library libhdf5 .* is not installed\|this build was made without libhdf5" "$err"
ok "says so"

cp "$tiny"/hf/* "$scratch/files/"
head -c 300000 "$source/weights/default/model.safetensors" >"$scratch/files/big"
: >"$scratch/files/empty"
log=$scratch/log
: >"$log"
tls=
if command -v openssl >/dev/null; then
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1 \
        -keyout "$scratch/key.pem" -out "$scratch/certificate.pem" >/dev/null 2>&1 &&
        cat "$scratch/key.pem" "$scratch/certificate.pem" >"$scratch/tls.pem" && tls=$scratch/tls.pem
fi
# shellcheck disable=SC2086
python3 "$http_server" "$scratch/files" "$scratch/port" "$log" $tls 2>"$scratch/server-errors" &
server=$!
wait_for "$scratch/port"
base=http://127.0.0.1:$(cat "$scratch/port")

big() { # big KIND [KEYS]: a catalogue of one model whose one file is served as KIND; digest and size unless KEYS are given
    printf 'models:\n  one: {title: One, encoder: c, dim: 1, files: [{name: big, url: "%s/%s/big"%s}]}\n' "$base" "$1" \
        "${2-, bytes: 300000, sha256: $(sha "$scratch/files/big")}" >one.yaml
    rm -rf one
    : >"$log"
}
fetch() { # fetch STATUS WHAT ARGUMENTS...
    status_wanted=$1 fetch_what=$2
    shift 2
    run "$status_wanted" "$fetch_what" model fetch one --to one --catalogue one.yaml "$@"
}
whole() { # whole WHAT: the file is there, no part is
    cmp -s one/big "$scratch/files/big" && [ ! -e one/big.part ] && [ ! -e one/big.part-from ]
    ok "$1"
}
absent() { # absent WHAT: the file is not there
    [ ! -e one/big ]
    ok "$1"
}
requests() { # requests N
    [ "$(wc -l <"$log")" -eq "$1" ]
    ok "$1 requests"
}

{ echo "models:"; entry tiny "$base/plain"; } >tiny.yaml
run 0 "fetch a model" model fetch tiny --catalogue tiny.yaml
grep -q "^Fetched tiny: $models/tiny$" "$out"
ok "prints where it is"
out_has "New collections use tiny"
"$program" info --show --json 2>"$err" | "$json_check" model.value >"$scratch/values"
echo tiny | cmp -s - "$scratch/values"
ok "as the settings say"
diff -r -x vocab.compiled "$tiny/hf" "$models/tiny" >"$scratch/diff"
ok "all files, and nothing else"
"$program" model convert "$tiny/hf" --to compiled -q 2>"$err" && cmp -s compiled/vocab.compiled "$models/tiny/vocab.compiled"
ok "but the compiled vocabulary, as model convert writes it"
run 0 "it is a model by its name" embed --model tiny "a dog"
"$program" embed --model "$tiny/hf" "a dog" 2>"$err" | cmp -s - "$out"
ok "and the one it should be"
run 0 "list shows it" model list --catalogue tiny.yaml
grep -q "^tiny  *installed" "$out"
ok "as installed"
: >"$log"
run 0 "fetch it again" model fetch tiny --catalogue tiny.yaml
out_has "Already present: tiny"
requests 0
run 0 "verify by name" model verify tiny --catalogue tiny.yaml
printf 'x' | dd of="$models/tiny/merges.txt" bs=1 seek=100 conv=notrunc 2>/dev/null
run 0 "a file that was damaged" model fetch tiny --catalogue tiny.yaml
err_has "merges.txt: its SHA-256 is"
cmp -s "$models/tiny/merges.txt" "$tiny/hf/merges.txt"
ok "is fetched again"
requests 1
rm "$models/tiny/vocab.json"
run 0 "list again" model list --catalogue tiny.yaml
grep -q "^tiny  *partly" "$out"
ok "a model with a missing file is listed as partly installed"
run 0 "what is missing is fetched" model fetch tiny --catalogue tiny.yaml -q
silent "$out" "-q says nothing"
silent "$err" "at all"
run 0 "another directory" model fetch tiny --catalogue tiny.yaml --to deep/er
cmp -s deep/er/model.safetensors "$tiny/hf/model.safetensors"
ok "is made and filled"

big plain
fetch 0 "bytes that are no model"
whole "come whole"
err_has "the files are complete, but this build cannot use them"
big norange
fetch 0 "a server without ranges"
whole "gives the file"
big cut
fetch 0 "a server that cuts each reply short"
whole "gives the file in parts"
[ "$(wc -l <"$log")" -gt 5 ] && grep -q "bytes=100000-" "$log"
ok "by ranges"
grep -q 'bytes=100000- "' "$log"
ok "under the condition that it is the same file"
big stuck
fetch 3 "a server that ends in the middle"
absent "leaves no file"
[ "$(size one/big.part)" -eq 100000 ]
ok "but its part"
err_has "What was fetched is kept"
err_has "To continue, run the same command again"
sed -i "s|/stuck/|/plain/|" one.yaml
: >"$log"
fetch 0 "from another place" -v
whole "it is completed"
grep -q "bytes=100000- -" "$log"
ok "from where it stood, since the digest decides"
err_has "resuming after the first 100000 bytes"
big stuck/2 ""
fetch 3 "the same of a file whose digest is not known"
sed -i "s|/stuck/|/plain/|" one.yaml
: >"$log"
fetch 0 "from another place"
whole "it is fetched"
grep -q "/plain/2/big - -" "$log"
ok "from the beginning, since nothing shows that the parts belong together"
err_has "big: not checked, since its publisher gives no digest"
big stuck/3 ""
fetch 3 "and from the same place"
: >"$log"
fetch 3 "again"
grep -q 'bytes=100000- "' "$log"
ok "with the server's word that it is the same file"
big stall
fetch 3 "a server that falls silent" --timeout 1
absent "leaves no file"
err_has "no data for 1 second; trying again"
big corrupt
fetch 4 "a wrong byte"
absent "leaves no file"
[ ! -e one/big.part ]
ok "nor a part, which could never become right"
err_has "it was removed"
big short
fetch 4 "a file of another length"
absent "leaves no file"
err_has "the server's file has 150000 bytes, the published one has 300000"
big short ", md5: $(md5sum "$scratch/files/big" | cut -c 1-32)"
fetch 4 "of a length that is not known"
absent "leaves no file"
err_has "its MD5 is"
for kind in changes careless silent; do
    big $kind
    fetch 0 "a file that changes between two ranges ($kind)"
    whole "is the new one"
done
err_has "the parts do not fit together; fetching the file from the beginning"
big changes/2 ""
fetch 0 "the same without a digest"
whole "is the new one, and not half of each"
big careless/2 ""
fetch 0 "and where If-Range is not looked at"
whole "it is the new one too"
big liar
fetch 3 "a server that sends another range"
absent "leaves no file"
err_has "the server sent others"
big redirect/3/plain
fetch 0 "three redirects"
whole "lead to the file"
requests 4
big redirect/10/plain
fetch 0 "ten redirects"
big redirect/11/plain
fetch 3 "eleven"
absent "are too many"
big loop
fetch 3 "redirects for ever"
absent "leave no file"
big away
fetch 3 "a redirect to a file of this machine"
absent "is not followed"
[ ! -s one/big.part ]
ok "nothing of it is kept"
big error/404
fetch 3 "404"
absent "leaves no file"
err_has "answered 404 (no such file)"
requests 1
[ ! -e one/big.part ]
ok "the page that came with it is no part of the file, and no empty part is left"
big error/403
fetch 3 "403"
err_has "answered 403 (access is denied)"
big error/500
fetch 3 "500"
requests 3
big busy
fetch 0 "a server that is busy at first"
whole "gives it in the end"
big html ", sha256: $(sha "$scratch/files/big")"
fetch 4 "a login page"
err_has "it begins like a web page"
big html
fetch 4 "the same where the length is known"
absent "leaves no file"
printf 'models:\n  one: {title: One, encoder: c, dim: 1, files: [{name: empty, url: "%s/plain/empty"}]}\n' "$base" >one.yaml
fetch 0 "an empty file"
[ -e one/empty ] && [ ! -s one/empty ]
ok "is empty"

# a file that the program writes itself
printf 'models:\n  one: {title: One, encoder: c, dim: 1, files: [{name: a.json, content: "{\\"a\\": 1}"}]}\n' >one.yaml
fetch 0 "a file whose content is in the catalogue"
printf '{"a": 1}\n' | cmp -s - one/a.json
ok "is written"
run 0 "verify it" model verify one ./one --catalogue one.yaml
out_has "ok       a.json: as this program writes it"
printf '{"a": 2}\n' >one/a.json
fetch 0 "fetch again"
printf '{"a": 2}\n' | cmp -s - one/a.json
ok "keeps what the user made of it"

# mirror and proxy
big plain
sed -i 's|http://127.0.0.1:[0-9]*/|https://nosuch.invalid/|' one.yaml
fetch 0 "a mirror" --mirror "$base/"
whole "gives the file under the path of its own URL"
grep -q "^/plain/big" "$log"
ok "and no other"
big plain
sed -i 's|http://127.0.0.1:[0-9]*/|http://nosuch.invalid/|' one.yaml
http_proxy=$base "$program" model fetch one --to one --catalogue one.yaml >"$out" 2>"$err"
grep -q "http://nosuch.invalid/plain/big" "$log"
ok "a proxy of the environment is asked"

# TLS
if [ -n "$tls" ]; then
    secure=https://127.0.0.1:$(cat "$scratch/port.tls")
    big plain
    sed -i "s|$base/|$secure/|" one.yaml
    fetch 3 "a certificate that nobody trusts"
    absent "leaves no file"
    requests 0
    SSL_CERT_FILE=$scratch/certificate.pem
    export SSL_CERT_FILE
    fetch 0 "one that is trusted"
    whole "gives the file"
    big downgrade
    sed -i "s|$base/|$secure/|" one.yaml
    fetch 3 "a redirect from https to http"
    absent "is not followed"
    requests 1
    unset SSL_CERT_FILE
else
    echo "ok $((count += 1)) - TLS # SKIP openssl is not installed"
fi

# disk
big plain ", bytes: 1000000000000, sha256: $(sha "$scratch/files/big")"
fetch 3 "more than fits"
err_has "are needed, but only"
requests 0
big plain
( trap '' XFSZ; ulimit -f 100; "$program" model fetch one --to one --catalogue one.yaml >"$out" 2>"$err" ) # blocks of 512
[ $? -eq 3 ]
ok "a file that cannot grow"
err_has "big.part: cannot write: File too large"
absent "leaves no file"
fetch 0 "and with room again"
whole "it is completed"
mkdir file-in-the-way && : >file-in-the-way/x
run 3 "a directory that cannot be made" model fetch one --to file-in-the-way/x/y --catalogue one.yaml

# two at once, and signals
big slow
"$program" model fetch one --to one --catalogue one.yaml >"$scratch/other" 2>&1 &
other=$!
wait_for one/big.part
fetch 3 "while another fetches it"
err_has "another clipsearch is fetching this file"
wait $other
ok "the other one ends well"
whole "with the file"
big plain
mkdir -p one && : >one/big.part # as another has it before the first bytes come
python3 -c 'import fcntl, sys, time
part = open(sys.argv[1], "r+b")
fcntl.lockf(part, fcntl.LOCK_EX)
open(sys.argv[2], "w").close()
time.sleep(60)' one/big.part locked 2>"$scratch/other" &
other=$!
wait_for locked
fetch 3 "while another waits for the first bytes"
err_has "another clipsearch is fetching this file"
[ -e one/big.part ]
ok "the other one's part stays"
kill $other
wait $other 2>/dev/null
rm locked
for signal in INT TERM; do
    big slow
    "$with_signals" "$program" model fetch one --to one --catalogue one.yaml >"$out" 2>"$err" &
    child=$!
    wait_for one/big.part
    kill -$signal $child
    wait $child
    [ $? -eq "$([ $signal = INT ] && echo 130 || echo 143)" ]
    ok "SIG$signal: exit status"
    err_has "what was fetched is kept"
    err_has "To continue, run the same command again"
    absent "leaves no file"
    left=$(size one/big.part)
    [ "$left" -gt 0 ] && [ "$left" -lt 300000 ]
    ok "but a part"
    : >"$log"
    fetch 0 "the same command"
    whole "continues"
    grep -q "bytes=$left-" "$log"
    ok "from there"
done
big slow
"$program" model fetch one --to one --catalogue one.yaml >"$out" 2>"$err" &
child=$!
sleep 0.5
kill -9 $child
wait $child 2>/dev/null
absent "killed: no file"
fetch 0 "and after that"
whole "continues"

# from a server that is gone
kill "$server"
wait "$server" 2>/dev/null
server=
{ echo "models:"; entry tiny http://127.0.0.1:1; } >tiny.yaml
rm -rf "$models"
run 3 "fetch without a network" model fetch tiny --catalogue tiny.yaml
[ ! -e "$models" ]
ok "leaves no directory"
err_has "to fetch tiny by hand, download"
err_has "  http://127.0.0.1:1/model.safetensors"
err_has "    as model.safetensors, $(size "$tiny/hf/model.safetensors") bytes, SHA-256 $(sha "$tiny/hf/model.safetensors")"
err_has "into one directory and run: clipsearch model add --catalogue tiny.yaml DIRECTORY"
err_has "It checks the files and puts them into $models/tiny"
err_has "To fetch the same files from another server, use: --mirror URL"
run 0 "what it says" model add --catalogue tiny.yaml "$tiny/hf"
out_has "Added tiny: $models/tiny"
big plain
fetch 3 "no server"
absent "no file"
err_has "trying again"
[ ! -s "$scratch/server-errors" ]
ok "the server reported no error"

echo "1..$count"
