#!/bin/sh
# SPDX-License-Identifier: MIT
# test_formats.sh - images of every format from outside: one vector for the same pixels in any format, limits, and what
# is said where libvips is not installed. Prints TAP.
# usage: test_formats.sh CLIPSEARCH
set -u
. "$CLIPSEARCH_SOURCE_ROOT/tests/cli/tap.sh"
set_up "$1"
ln -s "$source/weights/default" "$XDG_DATA_HOME/clipsearch/models/default"
formats=$source/tests/data/formats

vector() { "$program" embed --image "$1" 2>"$err" | sed 's/.*"vector"//'; }

# a machine without libvips: the loader finds a file of that name that is no library
mkdir "$scratch/no-vips"
echo "no library" >"$scratch/no-vips/libvips.so.42"
without_vips() { LD_LIBRARY_PATH=$scratch/no-vips "$program" "$@"; }

# ---- the same pixels

vector "$formats/pillow-24.bmp" >"$scratch/want"
[ -s "$scratch/want" ]
ok "a BMP is encoded"
for name in pillow.ppm6.pnm top-down.bmp os2.bmp v5.bmp; do
    vector "$formats/$name" >"$out"
    cmp -s "$scratch/want" "$out"
    ok "$name has the same vector"
done
vector "$formats/plain.tif" >"$out"
if grep -q "cannot read it" "$err"; then
    count=$((count + 1))
    echo "ok $count - TIFF and WebP # SKIP $(sed 's/.*image; //' "$err")"
else
    for name in plain.tif tiff_lzw.tif tiled.tif bigtiff.tif lossless.webp; do
        vector "$formats/$name" >"$out"
        cmp -s "$scratch/want" "$out"
        ok "$name has the same vector"
    done
fi
cp "$formats/pillow-24.bmp" photo.jpg
vector photo.jpg >"$out"
cmp -s "$scratch/want" "$out"
ok "the content decides, not the name"

# ---- what is loaded

LD_DEBUG=libs "$program" embed dog >"$out" 2>"$err"
! grep -q libvips "$err"
ok "a text is encoded without libvips"
LD_DEBUG=libs "$program" embed --image "$formats/pillow.gif" >"$out" 2>"$err"
! grep -q libvips "$err"
ok "so is a GIF"
LD_DEBUG=libs "$program" embed --image "$formats/lossless.webp" >"$out" 2>"$err"
grep -q libvips "$err" || grep -q "this build cannot read it" "$err"
ok "a WebP asks for it"

# ---- without libvips

without_vips embed --image "$formats/420.heic" >"$out" 2>"$err"
[ $? -eq 3 ]
ok "a HEIC without libvips: exit 3"
grep -q "420.heic: a HEIC image; this machine cannot read it: install libvips42" "$err" ||
    grep -q "420.heic: a HEIC image; this build cannot read it" "$err"
ok "says what it is and what to install"
without_vips embed --image "$formats/pillow.gif" >"$out" 2>"$err"
ok "a GIF needs no libvips"

mkdir left
cp "$formats/420.heic" "$formats/lossless.webp" "$formats/pillow.gif" left
without_vips ingest left --db left.db >"$out" 2>"$err"
grep -q "^Inserted 1 image into" "$out"
ok "an ingestion without libvips takes the GIF"
grep -Eq "^Left out: 1 WebP, 1 HEIC \((install libvips42 to read WebP, HEIC|this build cannot read them)\)$" "$out"
ok "and names what it left out"
if ! grep -q "this build" "$out"; then
    "$program" ingest left --db left.db >"$out" 2>"$err"
    grep -q "^Inserted 2 images into photos (1 unchanged)" "$out" || grep -q "install libvips42" "$out"
    ok "they are taken once libvips is there"
fi

# ---- other kinds are named

printf '8BPS\0\1' >layers.psd
run 3 "a Photoshop file" embed --image layers.psd
err_has "a Photoshop image, which this build cannot read"
printf '\0\0\0\30ftypisom\0\0\0\0avc1mp41' >film.jpg
run 3 "a video" embed --image film.jpg
err_has "this is a video, not an image"

# ---- limits

cp "$formats/pillow-24.bmp" scene.png # 29 x 23 = 667 pixels, 2,078 bytes
run 3 "more pixels than --max-pixels" embed --image scene.png --max-pixels 666
err_has "29 x 23 pixels, more than the limit of 666 pixels; raise max_pixels (--max-pixels)"
run 0 "as many as --max-pixels" embed --image scene.png --max-pixels 667
run 3 "more bytes than --max-bytes" embed --image scene.png --max-bytes 2077
err_has "raise max_bytes (--max-bytes)"
run 0 "as many as --max-bytes" embed --image scene.png --max-bytes 2078
run 2 "no pixels at all" embed --image scene.png --max-pixels 0
mkdir scenes
cp "$formats/pillow-24.bmp" scenes/a.png
cp "$formats/p3.pnm" scenes/b.png
"$program" ingest scenes --db limits.db --max-pixels 100 >"$out" 2>"$err" # ingest --max-pixels
err_has "more than the limit of 100 pixels"
printf 'database: yaml.db\nmax_pixels: 100\nsources: [scenes]\n' >limit.yaml
"$program" ingest limit.yaml >"$out" 2>"$err" # max_pixels in an ingest file
err_has "more than the limit of 100 pixels"
run 0 "the command line wins over it" ingest limit.yaml --max-pixels 1000
printf 'database: bytes.db\nmax_bytes: 500\nsources: [scenes]\n' >limit.yaml
"$program" ingest limit.yaml >"$out" 2>"$err" # max_bytes in an ingest file
err_has "raise max_bytes"
printf 'max_pixels: 0\nsources: [scenes]\n' >limit.yaml
run 2 "max_pixels: 0" ingest limit.yaml
run 3 "search --max-pixels" --db yaml.db --image scene.png --max-pixels 600
err_has "raise max_pixels (--max-pixels)"

echo "1..$count"
