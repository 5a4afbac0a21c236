#!/bin/sh
# SPDX-License-Identifier: MIT
# metadata_files.sh PYTHON - write tests/data/metadata anew, with exiftool (Debian package libimage-exiftool-perl) and a
# Python that has Pillow and pillow-heif. Run from the source root.
set -eu
python=$1
out=tests/data/metadata
rm -f $out/*.jpg $out/*.png $out/*.webp $out/*.tif $out/*.heic $out/*.avif
"$python" - $out <<'PY'
import sys
import pillow_heif
from PIL import Image, PngImagePlugin
out = sys.argv[1]
image = Image.new("RGB", (8, 8), (40, 90, 160))
for name in "camera texts iptc latin xmp windows south digitized changed partial extended rated nothing odd".split():
    image.save(f"{out}/{name}.jpg", quality=60)
for name in ("camera.png", "texts.png"):
    image.save(f"{out}/{name}")
image.save(f"{out}/camera.webp", lossless=True)
image.save(f"{out}/camera.tif", compression="tiff_lzw")
pillow_heif.register_heif_opener()
for name in ("camera.heic", "texts.heic", "camera.avif"):
    image.resize((64, 64)).save(f"{out}/{name}", quality=20)

# Pillow's own way to write EXIF: into JPEG, PNG, WebP, HEIC and AVIF
exif = Image.Exif()
exif[0x010f] = "FUJIFILM"
exif[0x0110] = "X-T30"
exif.get_ifd(0x8769).update({0x9003: "2019:12:31 23:59:59", 0x829d: 4.0, 0x8827: 12800})
exif.get_ifd(0x8825).update({1: "S", 2: (33.0, 51.0, 24.84), 3: "E", 4: (151.0, 12.0, 54.0)})
for name in ("pillow.jpg", "pillow.png", "pillow.webp", "pillow.heic", "pillow.avif"):
    image.save(f"{out}/{name}", exif=exif)
# EXIF's tags in the first directory, where many programs that use Pillow put them
wrong = Image.Exif()
wrong[0x9003] = "2021:02:28 08:00:00"
wrong[0x010e] = "a caption"
image.save(f"{out}/wrong-directory.jpg", exif=wrong)
# EXIF as ImageMagick writes it into a PNG
block = exif.tobytes()
lines = block.hex()
info = PngImagePlugin.PngInfo()
info.add_text("Raw profile type exif", "\nexif\n%8d\n" % len(block) +
              "\n".join(lines[i:i + 72] for i in range(0, len(lines), 72)) + "\n", zip=True)
image.save(f"{out}/raw-profile.png", pnginfo=info)
PY
write() { # FILE, options
    file=$1
    shift
    exiftool -q -q -overwrite_original "$@" $out/$file
}
camera() {
    write "$@" -EXIF:Make=Canon -EXIF:Model="Canon EOS R5" -ExifIFD:LensModel="RF24-105mm F4 L IS USM" \
        -ExifIFD:DateTimeOriginal="2024:07:01 18:30:05" -ExifIFD:OffsetTimeOriginal=+02:00 \
        -ExifIFD:SubSecTimeOriginal=250 -ExifIFD:CreateDate="2024:07:02 00:00:00" -IFD0:ModifyDate="2025:01:01 00:00:00" \
        -ExifIFD:ExposureTime=1/250 -ExifIFD:FNumber=2.8 -ExifIFD:ISO=400 -ExifIFD:FocalLength=50 \
        -ExifIFD:FocalLengthIn35mmFormat=80 -GPS:GPSLatitude=47.3769 -GPS:GPSLatitudeRef=N -GPS:GPSLongitude=8.5417 \
        -GPS:GPSLongitudeRef=E -GPS:GPSAltitude=408.5 -GPS:GPSAltitudeRef=0 -IFD0:Rating=4
}
texts() {
    write "$@" -XMP-dc:Title="Zürich" -XMP-dc:Title-de="Zürich am See" -XMP-dc:Description="A boat & \"sails\" <here>" \
        -XMP-dc:Subject=boat -XMP-dc:Subject=lake -XMP-dc:Subject=湖 -XMP-xmp:Rating=5 -XMP-photoshop:City=Zürich \
        -XMP-photoshop:Country=Switzerland -IPTC:CodedCharacterSet=UTF8 -IPTC:ObjectName="older title" \
        -IPTC:Keywords=older -IPTC:Caption-Abstract="older caption" -EXIF:ImageDescription="oldest caption"
}
camera camera.jpg
camera camera.png
camera camera.webp
camera camera.heic
camera camera.avif
camera camera.tif -ExifByteOrder=MM
camera rated.jpg
write rated.jpg -XMP-xmp:Rating=2
texts texts.jpg
texts texts.png
texts texts.heic
write iptc.jpg -IPTC:CodedCharacterSet=UTF8 -IPTC:ObjectName="Café" -IPTC:Keywords=night -IPTC:Keywords=café \
    -IPTC:Caption-Abstract="Two lines
of text" -IPTC:City=Genève -IPTC:Country-PrimaryLocationName=Suisse -IPTC:DateCreated="2003:04:05" \
    -IPTC:TimeCreated="06:07:08-05:00"
write latin.jpg -charset iptc=Latin -IPTC:ObjectName="Café" -IPTC:Keywords=été -IPTC:DateCreated="1999:12:31"
write xmp.jpg -XMP-tiff:Make=SONY -XMP-tiff:Model=ILCE-7M3 -XMP-aux:Lens="FE 50mm F1.8" \
    -XMP-exif:DateTimeOriginal="2020:02:29 12:00:00.5-08:00" -XMP-exif:ExposureTime=1/60 -XMP-exif:FNumber=1.8 \
    -XMP-exif:ISO=100 -XMP-exif:FocalLength=50 -XMP-exif:GPSLatitude=-33.8569 -XMP-exif:GPSLongitude=151.215 \
    -XMP-exif:GPSAltitude=3.5 -XMP-exif:GPSAltitudeRef#=1 -XMP-xmp:Rating=-1
write windows.jpg -EXIF:XPTitle="Ein Titel" -EXIF:XPKeywords="Hund;Katze;犬" -EXIF:XPComment="Ein Satz"
write south.jpg -ExifByteOrder=MM -EXIF:Make="NIKON CORPORATION" -EXIF:Model="NIKON D90" -GPS:GPSLatitude=54.8 \
    -GPS:GPSLatitudeRef=S -GPS:GPSLongitude=68.3 -GPS:GPSLongitudeRef=W -GPS:GPSAltitude=12 -GPS:GPSAltitudeRef#=1
write digitized.jpg -ExifIFD:CreateDate="2001:09:09 01:46:40" -IFD0:ModifyDate="2010:10:10 10:10:10"
write changed.jpg -IFD0:ModifyDate="2010:10:10 10:10:10"
write partial.jpg -XMP-photoshop:DateCreated="1987:05"
# more than a segment holds: exiftool puts the caption into a second packet of two pieces
far=$(mktemp)
i=0
while [ $i -lt 20000 ]; do
    printf 'far '
    i=$((i + 1))
done >"$far"
write extended.jpg -XMP-dc:Subject=near -XMP-dc:Subject=far "-XMP-dc:Description<=$far"
rm "$far"
# values that cameras without a clock, without GPS and with manual lenses write
write odd.jpg -n -ExifIFD:DateTimeOriginal="0000:00:00 00:00:00" -ExifIFD:FNumber=0 -ExifIFD:FocalLength=0 \
    -ExifIFD:ISO=65535 -ExifIFD:RecommendedExposureIndex=102400 -EXIF:Make="  " -EXIF:Model="" -XMP-xmp:Rating=0
