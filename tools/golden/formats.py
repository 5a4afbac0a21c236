#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Make tests/data/formats: small images of every format beside JPEG and PNG, odd JPEG and PNG files, and the pixels
that the reference decodes them to. Run from the source root; needs Pillow, pillow-heif, numpy and the writers cwebp,
tiffcp and heif-enc. Nothing of the build runs this;
tests/data/formats/README.md says which versions made what is there."""
import hashlib
import io
import os
import struct
import subprocess
import sys
import tempfile
import zlib

import numpy as np
import pillow_heif
from PIL import Image, ImageCms, ImageOps, TiffImagePlugin

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from images import chunk, insert, png, ppm, scene, segments, tiff, app1  # noqa: E402

OUT = "tests/data/formats"
LIST = []  # lines of list.txt
TMP = tempfile.mkdtemp()
W, H = 29, 23


def pillow_rgb(data, exif=False):
    image = Image.open(io.BytesIO(data))
    if exif:
        image = ImageOps.exif_transpose(image)
    return np.array(image.convert("RGB"))


def put(name, data, expected=None, exif=False, most=0, mean=0.0, by="-"):
    """Write an image and what it must decode to: the SHA-256 of its RGB bytes; or all of them, where a byte may differ by
    `most` at most, and by `mean` on the average. `by` is the optional library that reads it."""
    with open(f"{OUT}/{name}", "wb") as f:
        f.write(data)
    rgb = np.ascontiguousarray(pillow_rgb(data, exif) if expected is None else expected)
    want = hashlib.sha256(rgb.tobytes()).hexdigest()
    if most:
        want = f"{name}.ppm"
        with open(f"{OUT}/{want}", "wb") as f:
            f.write(ppm(rgb))
    LIST.append(f"{name} {'exif' if exif else 'raw'} {by} {rgb.shape[1]} {rgb.shape[0]} {most} {mean} {want}")


def saved(image, kind, **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def run(*command):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def through(data, suffix, out_suffix, command):
    """The file that a program makes of `data`; IN and OUT in `command` are the paths."""
    src, dst = f"{TMP}/in{suffix}", f"{TMP}/out{out_suffix}"
    with open(src, "wb") as f:
        f.write(data)
    if os.path.exists(dst):
        os.remove(dst)
    run(*[{"IN": src, "OUT": dst}.get(word, word) for word in command])
    with open(dst, "rb") as f:
        return f.read()


def exif_block(orientation):
    return b"Exif\0\0" + tiff(orientation, "II")


XMP = ('<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
       'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
       'xmlns:tiff="http://ns.adobe.com/tiff/1.0/">%s</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>')


def xmp_element(orientation):
    return (XMP % f"<tiff:Orientation>{orientation}</tiff:Orientation>").encode()


def xmp_attribute(orientation):
    return (XMP % "").replace("tiff/1.0/\">", f"tiff/1.0/\" tiff:Orientation=\"{orientation}\">").encode()


# ------------------------------------------------------------------ JPEG and PNG that were refused once


def odd_jpegs():
    small = scene(20, 13)
    base = saved(Image.fromarray(small), "JPEG", quality=85)
    # without its end marker; what follows shows that the last pixels are all there
    put("no-end.jpg", base[:-2] + b"\0\0\0\x18ftypmp42" + bytes(range(1, 100)), pillow_rgb(base))
    grey = saved(Image.fromarray(small[:, :, 0]), "JPEG", quality=85)
    put("no-end-grey.jpg", grey[:-2] + b"trailer", pillow_rgb(grey))

    def app1_xmp(packet):
        data = b"http://ns.adobe.com/xap/1.0/\0" + packet
        return b"\xff\xe1" + struct.pack(">H", len(data) + 2) + data

    for name, data in [("xmp-element.jpg", insert(base, app1_xmp(xmp_element(6)))),
                       ("xmp-attribute.jpg", insert(base, app1_xmp(xmp_attribute(8)))),
                       ("xmp-behind-exif.jpg", insert(base, app1(tiff(3, "MM")) + app1_xmp(xmp_element(6))))]:
        put(name, data, exif=True)
    return base


def odd_pngs():
    small = scene(20, 13)

    def itxt(packet, compressed):
        head = b"XML:com.adobe.xmp\0" + (b"\1\0" if compressed else b"\0\0") + b"\0\0"
        return chunk(b"iTXt", head + (zlib.compress(packet) if compressed else packet))

    def raw_profile(block):
        text = f"\nexif\n{len(block):8}\n".encode()
        digits = block.hex().encode()
        return text + b"\n".join(digits[i : i + 72] for i in range(0, len(digits), 72)) + b"\n"

    text = raw_profile(exif_block(6))
    before = {
        "xmp.png": itxt(xmp_element(6), False),
        "xmp-compressed.png": itxt(xmp_attribute(5), True),
        "raw-profile.png": chunk(b"tEXt", b"Raw profile type exif\0" + text),
        "raw-profile-compressed.png": chunk(b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(text)),
    }
    for name, data in before.items():
        put(name, png(small, 8, 2, False, data), exif=True)
    put("xmp-behind.png", png(small, 8, 2, False, behind=itxt(xmp_element(7), False)), exif=True)
    plain = png(small, 8, 2)
    wrong = bytearray(plain)
    at = plain.index(b"IEND") - 8  # the checksum of the IDAT chunk
    wrong[at] ^= 0x55
    put("checksum.png", bytes(wrong), small)
    put("no-end.png", plain[: plain.index(b"IEND") - 4], small)
    # the zlib header promises a window of 256 bytes; matches reach farther back
    rows = np.tile(scene(150, 1), (12, 1, 1))
    whole = png(rows, 8, 2)
    begin = whole.index(b"IDAT") + 4
    length = struct.unpack(">I", whole[begin - 8 : begin - 4])[0]
    data = bytearray(whole[begin : begin + length])
    data[0] = 0x08
    data[1] = next(b for b in range(0, 256) if b & 0x20 == 0 and (data[0] * 256 + b) % 31 == 0)
    put("window.png", whole[: begin - 8] + chunk(b"IDAT", bytes(data)) + chunk(b"IEND", b""), rows)


# ------------------------------------------------------------------ GIF


def gif_blocks(data):
    return b"".join(bytes([len(data[i : i + 255])]) + data[i : i + 255] for i in range(0, len(data), 255)) + b"\0"


def lzw(indices, bits, clear_every=None):
    """LZW codes without a dictionary beyond 4,096 entries; `clear_every` pixels the table is cleared."""
    clear, end = 1 << bits, (1 << bits) + 1
    out, held, count = bytearray(), 0, 0
    width, table, following = bits + 1, {}, end + 1

    def emit(code):
        nonlocal held, count
        held |= code << count
        count += width
        while count >= 8:
            out.append(held & 255)
            held >>= 8
            count -= 8

    emit(clear)
    string = ()
    for n, index in enumerate(indices):
        longer = string + (index,)
        if len(longer) == 1 or longer in table:
            string = longer
            continue
        emit(table.get(string, string[0]) if len(string) > 1 else string[0])
        if following < 4096:
            table[longer] = following
            if following == 1 << width and width < 12:
                width += 1
            following += 1
        if clear_every and n % clear_every == 0:
            emit(clear)
            width, table, following = bits + 1, {}, end + 1
        string = (index,)
    emit(table.get(string, string[0]) if len(string) > 1 else string[0])
    if following == 1 << width and width < 12:
        width += 1
    emit(end)
    if count:
        out.append(held & 255)
    return bytes([bits]) + gif_blocks(bytes(out))


def gif(size, frames, palette=None, background=0, loop=False):
    """frames: (left, top, indices [h, w], bits, local palette or None, interlaced, transparent or None)."""
    def table(colours):
        return np.asarray(colours, np.uint8).tobytes()

    def depth(colours):
        return int(np.log2(len(colours))) - 1

    out = b"GIF89a" + struct.pack("<HH", *size)
    out += bytes([(0x80 | depth(palette)) if palette is not None else 0, background, 0])
    out += table(palette) if palette is not None else b""
    if loop:
        out += b"!\xff\x0bNETSCAPE2.0\3\1\0\0\0"
    for left, top, indices, bits, local, interlaced, transparent in frames:
        if transparent is not None:
            out += b"!\xf9\4" + bytes([1 | 2 << 2, 5, 0, transparent]) + b"\0"
        height, width = indices.shape
        flags = (0x80 | depth(local)) if local is not None else 0
        flags |= 0x40 if interlaced else 0
        out += b"," + struct.pack("<HHHHB", left, top, width, height, flags)
        out += table(local) if local is not None else b""
        if interlaced:
            order = [y for a, s in ((0, 8), (4, 8), (2, 4), (1, 2)) for y in range(a, height, s)]
            indices = indices[order]
        out += lzw([int(i) for i in indices.reshape(-1)], bits)
    return out + b";"


def gifs():
    rng = np.random.default_rng(3)
    rgb = scene(W, H)
    colours = rng.integers(0, 256, (16, 3)).astype(np.uint8)
    other = rng.integers(0, 256, (8, 3)).astype(np.uint8)
    index16 = rng.integers(0, 16, (H, W)).astype(np.uint8)
    index8 = rng.integers(0, 8, (H - 9, W - 11)).astype(np.uint8)
    put("pillow.gif", saved(Image.fromarray(rgb), "GIF"))
    put("pillow-grey.gif", saved(Image.fromarray(rgb[:, :, 0]), "GIF"))
    put("pillow-black-white.gif", saved(Image.fromarray(rgb[:, :, 0] > 128), "GIF"))
    alpha = np.dstack([rgb, np.where(rgb[:, :, :1] > 90, 255, 0).astype(np.uint8)])
    put("pillow-transparent.gif", saved(Image.fromarray(alpha, "RGBA"), "GIF"))
    frames = [Image.fromarray(np.roll(rgb, 5 * i, axis=1)) for i in range(3)]
    put("pillow-animated.gif", saved(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=80, loop=0))
    put("interlaced.gif", gif((W, H), [(0, 0, index16, 4, None, True, None)], colours))
    put("interlaced-3-rows.gif", gif((W, 3), [(0, 0, index16[:3], 4, None, True, None)], colours))
    put("local-palette.gif", gif((W, H), [(0, 0, index16, 4, colours[::-1], False, None)], colours))
    put("no-palette.gif", gif((W, H), [(0, 0, index16, 4, None, False, None)]))
    put("frame-inside.gif", gif((W, H), [(6, 5, index8, 3, other, False, None)], colours, background=7))
    put("frame-inside-transparent.gif", gif((W, H), [(6, 5, index8, 3, None, False, 3)], other, background=2))
    put("frame-outside.gif", gif((10, 8), [(6, 5, index8, 3, None, False, None)], other))
    put("transparent-animated.gif", gif((W, H), [(0, 0, index16, 4, None, False, 5), (3, 3, index8, 3, other, True, 1)],
                                        colours, loop=True))
    wide = rng.integers(0, 256, (90, 110)).astype(np.uint8)  # fills the table of 4,096 codes more than once
    put("full-table.gif", gif((110, 90), [(0, 0, wide, 8, None, False, None)],
                              rng.integers(0, 256, (256, 3)).astype(np.uint8)))
    put("flat.gif", gif((60, 40), [(0, 0, np.zeros((40, 60), np.uint8), 2, None, False, None)], colours[3:7]))
    put("1x1.gif", gif((1, 1), [(0, 0, np.array([[1]], np.uint8), 2, None, False, None)], colours[3:7]))
    data = gif((W, H), [(0, 0, index16, 4, None, False, None)], colours)
    put("gif87.gif", data.replace(b"GIF89a", b"GIF87a"))
    comment = data.index(b",", 13 + 48)
    put("comment.gif", data[:comment] + b"!\xfe" + gif_blocks(b"Comment, with ; and ! and , in it" * 20) + data[comment:])


# ------------------------------------------------------------------ BMP


def bmp(rows, width, height, bits, compression=0, header=40, palette=b"", masks=(), top_down=False, offset=None, count=0):
    if header == 12:
        info = struct.pack("<IHHHH", 12, width, height, 1, bits)
    else:
        info = struct.pack("<IiiHHIIiiII", header, width, -height if top_down else height, 1, bits, compression, len(rows),
                           2835, 2835, count, 0)
        mask_bytes = b"".join(struct.pack("<I", m) for m in masks)
        info += mask_bytes if header == 40 else (mask_bytes + bytes(header))[: header - 40]
    at = 14 + len(info) + len(palette)
    return b"BM" + struct.pack("<IHHI", at + len(rows), 0, 0, at if offset is None else offset) + info + palette + rows


def padded(rows):
    return b"".join(r + bytes(-len(r) % 4) for r in rows)


def index_rows(index, bits):
    out = []
    for row in index:
        b = ((row[:, None] >> np.arange(bits - 1, -1, -1)) & 1).astype(np.uint8)
        out.append(np.packbits(b.reshape(-1)).tobytes())
    return out


def rle8(index, width):
    """Runs, literals of odd and even length, and an end of row."""
    out = b""
    for row in index:
        at = 0
        while at < width:
            run_length = 1
            while at + run_length < width and row[at + run_length] == row[at]:
                run_length += 1
            if run_length >= 3:
                out += bytes([run_length, row[at]])
                at += run_length
            else:
                n = min(width - at, 5)
                if n < 3:
                    out += b"".join(bytes([1, v]) for v in row[at : at + n])
                else:
                    out += bytes([0, n]) + row[at : at + n].tobytes() + bytes(n % 2)
                at += n
        out += b"\0\0"
    return out + b"\0\1"


def rle4(index, width):
    out = b""
    for y, row in enumerate(index):
        if y % 2:
            for at in range(0, width - width % 2, 2):
                out += bytes([2, row[at] << 4 | row[at + 1]])
            if width % 2:
                out += bytes([1, row[-1] << 4])
        else:
            n = width
            packed = index_rows(row[None, :], 4)[0]
            out += bytes([0, n]) + packed + bytes(len(packed) % 2)
        out += b"\0\0"
    return out + b"\0\1"


def bmps():
    rng = np.random.default_rng(4)
    rgb = scene(W, H)
    flipped = rgb[::-1]
    for name, image in [("pillow-24.bmp", Image.fromarray(rgb)), ("pillow-8.bmp", Image.fromarray(rgb[:, :, 1])),
                        ("pillow-1.bmp", Image.fromarray(rgb[:, :, 0] > 100)),
                        ("pillow-palette.bmp", Image.fromarray(rgb).quantize(200)),
                        ("pillow-32.bmp", Image.fromarray(np.dstack([rgb, rgb[:, :, 0]]), "RGBA"))]:
        put(name, saved(image, "BMP"))
    rows24 = padded([r[:, ::-1].tobytes() for r in flipped])
    put("top-down.bmp", bmp(padded([r[:, ::-1].tobytes() for r in rgb]), W, H, 24, top_down=True))
    put("os2.bmp", bmp(rows24, W, H, 24, header=12))
    put("v5.bmp", bmp(rows24, W, H, 24, header=124))
    put("no-offset.bmp", bmp(rows24, W, H, 24, offset=0))
    palettes = {bits: rng.integers(0, 256, (1 << bits, 4)).astype(np.uint8) for bits in (1, 4, 8)}
    for bits in 1, 4, 8:
        index = rng.integers(0, 1 << bits, (H, W)).astype(np.uint8)
        put(f"palette-{bits}.bmp", bmp(padded(index_rows(index, bits)), W, H, bits, palette=palettes[bits].tobytes()))
    index = rng.integers(0, 16, (H, W)).astype(np.uint8)
    put("os2-4.bmp", bmp(padded(index_rows(index, 4)), W, H, 4, header=12, palette=palettes[4][:, :3].tobytes()))
    few = rng.integers(0, 5, (H, W)).astype(np.uint8)
    put("palette-5-colours.bmp", bmp(padded(index_rows(few, 8)), W, H, 8, palette=palettes[8][:5].tobytes(), count=5))
    runs = np.repeat(rng.integers(0, 256, (H, 8)).astype(np.uint8), [1, 2, 7, 1, 1, 4, 9, 4], axis=1)
    put("rle8.bmp", bmp(rle8(runs, W), W, H, 8, 1, palette=palettes[8].tobytes()))
    put("rle4.bmp", bmp(rle4(index, W), W, H, 4, 2, palette=palettes[4].tobytes()))
    deltas = b"\x05\x07\0\2\3\1\x04\x09\0\0" + b"\x1d\x22\0\0" * 4 + b"\0\2\1\2" + b"\x02\3" * 14 + b"\0\1"
    total = 29 * 9
    indices = [7] * 5 + [0] * (3 + 29) + [9] * 4
    indices += [0] * (-len(indices) % 29) + [0x22] * (29 * 4) + [0] * (1 + 58) + [3] * 28
    indices = np.array((indices + [0] * total)[:total], np.uint8).reshape(9, 29)
    expected = palettes[8][:, 2::-1][indices[::-1]]
    put("rle8-delta.bmp", bmp(deltas, 29, 9, 8, 1, palette=palettes[8].tobytes()), expected)
    deep = rng.integers(0, 65536, (H, W)).astype("<u2")
    put("555.bmp", bmp(padded([r.tobytes() for r in deep]), W, H, 16))
    put("565.bmp", bmp(padded([r.tobytes() for r in deep]), W, H, 16, 3, masks=(0xF800, 0x7E0, 0x1F)))
    quad = rng.integers(0, 1 << 32, (H, W), dtype=np.uint64).astype("<u4")
    put("32.bmp", bmp(quad.tobytes(), W, H, 32))
    put("32-masks.bmp", bmp(quad.tobytes(), W, H, 32, 3, masks=(0xFF000000, 0xFF0000, 0xFF00)))
    put("32-v4.bmp", bmp(quad.tobytes(), W, H, 32, 3, 108, masks=(0xFF, 0xFF00, 0xFF0000, 0xFF000000)))
    shifted = np.dstack([(quad[::-1] >> s & 1023).astype(np.uint64) * 255 // 1023 for s in (20, 10, 0)])
    put("10-bits.bmp", bmp(quad.tobytes(), W, H, 32, 3, masks=(0x3FF00000, 0xFFC00, 0x3FF)), shifted.astype(np.uint8))


# ------------------------------------------------------------------ PNM


def pnms():
    rng = np.random.default_rng(5)
    rgb = scene(W, H)
    for name, image in [("pillow.ppm6.pnm", Image.fromarray(rgb)), ("pillow.pgm5.pnm", Image.fromarray(rgb[:, :, 0])),
                        ("pillow.pbm4.pnm", Image.fromarray(rgb[:, :, 0] > 99))]:
        put(name, saved(image, "PPM"))
    small = rgb[:7, :9]
    words = " ".join(str(v) for v in small.reshape(-1))
    put("p3.pnm", f"P3\n# by hand\n9 7\n255 # the largest\n{words}".encode())
    put("p2.pnm", ("P2 9 7 255\n" + "\n".join(" ".join(str(v) for v in r) for r in small[:, :, 0])).encode() + b"\n")
    put("p1.pnm", b"P1\n9 7\n" + b"\n".join(bytes(48 + (v > 90) for v in r) for r in small[:, :, 0]) + b"\n")
    put("p1-spaced.pnm", b"P1 9 7 " + b" ".join(bytes([48 + (v > 90)]) for v in small[:, :, 0].reshape(-1)))
    put("p6-most-100.pnm", b"P6 9 7 100\n" + rng.integers(0, 120, (7, 9, 3)).astype(np.uint8).tobytes())
    put("p5-most-15.pnm", b"P5 9 7 15\n" + rng.integers(0, 16, (7, 9)).astype(np.uint8).tobytes())
    put("p6-16.pnm", b"P6 9 7 65535\n" + rng.integers(0, 65536, (7, 9, 3)).astype(">u2").tobytes())
    put("p6-12.pnm", b"P6 9 7 4095\n" + rng.integers(0, 4096, (7, 9, 3)).astype(">u2").tobytes())
    # Pillow clips grey of 16 bits at 255; here it is scaled as its colour is
    grey = rng.integers(0, 65536, (7, 9)).astype(">u2")
    as_colour = pillow_rgb(b"P6 9 7 65535\n" + np.repeat(grey[:, :, None], 3, axis=2).tobytes())
    put("p5-16.pnm", b"P5 9 7 65535\n" + grey.tobytes(), as_colour)


# ------------------------------------------------------------------ through libvips


def webps():
    rgb = scene(W, H)
    alpha = np.dstack([rgb, (rgb[:, :, 1] // 2 * 2)])
    def put_webp(name, data, **options):
        put(name, data, by="vips", **options)

    put_webp("lossless.webp", saved(Image.fromarray(rgb), "WEBP", lossless=True))
    put_webp("lossy.webp", saved(Image.fromarray(rgb), "WEBP", quality=80))
    put_webp("lossless-alpha.webp", saved(Image.fromarray(alpha, "RGBA"), "WEBP", lossless=True, exact=True))
    put_webp("lossy-alpha.webp", saved(Image.fromarray(alpha, "RGBA"), "WEBP", quality=70, exact=True))
    frames = [Image.fromarray(np.roll(alpha, 4 * i, axis=1), "RGBA") for i in range(3)]
    put_webp("animated.webp", saved(frames[0], "WEBP", save_all=True, append_images=frames[1:], duration=90, lossless=True,
                                    exact=True))
    opaque = [Image.fromarray(np.roll(rgb, 4 * i, axis=1)) for i in range(2)]
    put_webp("animated-lossy.webp", saved(opaque[0], "WEBP", save_all=True, append_images=opaque[1:], duration=90))
    put_webp("exif.webp", saved(Image.fromarray(rgb), "WEBP", lossless=True, exif=exif_block(6)), exif=True)
    put_webp("xmp.webp", saved(Image.fromarray(rgb), "WEBP", lossless=True, xmp=xmp_element(8)), exif=True)
    put_webp("1x1.webp", saved(Image.fromarray(scene(1, 1)), "WEBP", lossless=True))
    source = saved(Image.fromarray(rgb), "PNG")
    put_webp("cwebp.webp", through(source, ".png", ".webp", ["cwebp", "-quiet", "-q", "60", "IN", "-o", "OUT"]))
    put_webp("cwebp-near-lossless.webp", through(source, ".png", ".webp",
                                                 ["cwebp", "-quiet", "-near_lossless", "40", "IN", "-o", "OUT"]))


def tiffs():
    rng = np.random.default_rng(6)
    rgb = scene(W, H)
    alpha = np.dstack([rgb, np.maximum(rgb[:, :, 1], 1)])

    def put_tiff(name, data, **options):
        put(name, data, by="vips", **options)

    plain = saved(Image.fromarray(rgb), "TIFF")
    put_tiff("plain.tif", plain)
    for compression in "tiff_lzw", "tiff_adobe_deflate", "packbits":
        put_tiff(f"{compression}.tif", saved(Image.fromarray(rgb), "TIFF", compression=compression))
    put_tiff("jpeg.tif", saved(Image.fromarray(rgb), "TIFF", compression="jpeg", quality=85))
    for mode, image in [("1", Image.fromarray(rgb[:, :, 0] > 120)), ("l", Image.fromarray(rgb[:, :, 0])),
                        ("p", Image.fromarray(rgb).quantize(40)), ("rgba", Image.fromarray(alpha, "RGBA")),
                        ("la", Image.fromarray(alpha[:, :, 2:], "LA")), ("cmyk", Image.fromarray(alpha, "CMYK"))]:
        put_tiff(f"mode-{mode}.tif", saved(image, "TIFF", compression="tiff_lzw"))
    put_tiff("fax4.tif", saved(Image.fromarray(rgb[:, :, 0] > 120), "TIFF", compression="group4"))
    grey16 = rng.integers(0, 65536, (H, W)).astype(np.uint16)
    high = np.repeat((grey16 >> 8).astype(np.uint8)[:, :, None], 3, axis=2)
    put_tiff("grey-16.tif", saved(Image.fromarray(grey16), "TIFF"), expected=high)
    put_tiff("float.tif", saved(Image.fromarray(rng.uniform(-20, 300, (H, W)).astype(np.float32)), "TIFF"))
    put_tiff("int-32.tif", saved(Image.fromarray(rng.integers(-50, 400, (H, W)).astype(np.int32)), "TIFF"))
    first = Image.fromarray(rgb)
    put_tiff("pages.tif", saved(first, "TIFF", save_all=True, append_images=[Image.fromarray(rgb[::-1])]))
    for orientation in 3, 6, 7:
        info = TiffImagePlugin.ImageFileDirectory_v2()
        info[274] = orientation
        put_tiff(f"orientation-{orientation}.tif", saved(first, "TIFF", tiffinfo=info), exif=True)

    def tiffcp(name, data, *options, **more):
        put_tiff(name, through(data, ".tif", ".tif", ["tiffcp", *options, "IN", "OUT"]), **more)

    tiffcp("tiled.tif", plain, "-t", "-w", "16", "-l", "16", "-c", "zip")
    tiffcp("tiled-jpeg.tif", saved(Image.fromarray(scene(50, 40)), "TIFF"), "-t", "-w", "16", "-l", "16", "-c", "jpeg:r:80")
    tiffcp("planes.tif", plain, "-p", "separate", "-c", "lzw")
    tiffcp("planes-tiled.tif", plain, "-p", "separate", "-t", "-w", "16", "-l", "16", "-c", "lzw")
    tiffcp("planes-one-tile.tif", saved(Image.fromarray(scene(32, 16)), "TIFF"), "-B", "-p", "separate", "-t", "-w", "32",
           "-l", "16", "-c", "zip")
    tiffcp("planes-bigtiff.tif", saved(Image.fromarray(alpha, "RGBA"), "TIFF"), "-8", "-p", "separate", "-t", "-w", "16",
           "-l", "16")
    tiffcp("big-endian.tif", plain, "-B", "-r", "5")
    tiffcp("bigtiff.tif", plain, "-8", "-c", "lzw:2")
    tiffcp("cmyk-tiled.tif", saved(Image.fromarray(alpha, "CMYK"), "TIFF"), "-t", "-w", "16", "-l", "16", "-c", "zip")

    def raw_tiff(samples, photometric, extra=None, fmt="<", bits=None, kind=None):
        """Uncompressed, one strip."""
        height, width, channels = samples.shape
        bits = bits or samples.dtype.itemsize * 8
        order = {"<": b"II", ">": b"MM"}[fmt]
        data = samples.astype(samples.dtype.newbyteorder(fmt)).tobytes()
        entries = [(256, 4, [width]), (257, 4, [height]), (258, 3, [bits] * channels), (259, 3, [1]),
                   (262, 3, [photometric]), (273, 4, [8]), (277, 3, [channels]), (278, 4, [height]), (279, 4, [len(data)])]
        if extra is not None:
            entries.append((338, 3, [extra]))
        if kind is not None:  # 2 signed, 3 floating-point
            entries.append((339, 3, [kind] * channels))
        at = 8 + len(data) + len(data) % 2
        out, tail = struct.pack(fmt + "H", len(entries)), b""
        tail_at = at + 2 + 12 * len(entries) + 4
        for tag, kind, values in entries:
            body = b"".join(struct.pack(fmt + {3: "H", 4: "I"}[kind], v) for v in values)
            if len(body) > 4:
                out += struct.pack(fmt + "HHII", tag, kind, len(values), tail_at + len(tail))
                tail += body
            else:
                out += struct.pack(fmt + "HHI", tag, kind, len(values)) + body.ljust(4, b"\0")
        return order + struct.pack(fmt + "HI", 42, at) + data + bytes(len(data) % 2) + out + bytes(4) + tail

    deep = rng.integers(0, 65536, (H, W, 4)).astype(np.uint16)
    put_tiff("rgb-16.tif", raw_tiff(deep[:, :, :3], 2))
    put_tiff("rgb-16-big-endian.tif", raw_tiff(deep[:, :, :3], 2, fmt=">"))
    put_tiff("rgba-16.tif", raw_tiff(deep, 2, extra=2))
    put_tiff("cmyk-16.tif", raw_tiff(deep, 5))
    put_tiff("white-is-zero.tif", raw_tiff(rgb[:, :, :1], 0))
    put_tiff("rgbx.tif", raw_tiff(alpha, 2, extra=0))
    # libtiff or Pillow's tables: a rounding apart
    put_tiff("ycbcr.tif", saved(Image.fromarray(rgb).convert("YCbCr"), "TIFF"), most=1, mean=0.5)
    put_tiff("ycbcr-lzw.tif", saved(Image.fromarray(rgb).convert("YCbCr"), "TIFF", compression="tiff_lzw"))
    # L*a*b*: Pillow asks LittleCMS, which interpolates in a table
    lab = ImageCms.profileToProfile(Image.fromarray(rgb), ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"),
                                    outputMode="LAB")
    put_tiff("lab.tif", saved(lab, "TIFF", compression="tiff_lzw"), most=32, mean=1.6)
    put_tiff("signed-8.tif", raw_tiff(rgb[:, :, :1].view(np.int8), 1, kind=2))
    # in no list: neither Pillow nor this library reads them
    for name, samples, photometric, kind in (("float-64.tif", np.float64(rgb[:, :, :1]), 1, 3),
                                             ("float-rgb.tif", np.float32(rgb) / 255, 2, 3),
                                             ("lab-16.tif", np.uint16(rgb) * 256, 8, None)):
        with open(f"{OUT}/{name}", "wb") as f:
            f.write(raw_tiff(samples, photometric, kind=kind))
    faint = alpha.astype(int)
    premultiplied = np.dstack([(faint[:, :, c] * faint[:, :, 3] // 255) for c in range(3)] + [faint[:, :, 3]]).astype(np.uint8)
    put_tiff("premultiplied.tif", raw_tiff(premultiplied, 2, extra=1), most=1, mean=0.6)


def heifs():
    """HEVC is decoded alike everywhere; how chroma is enlarged and turned into RGB differs between versions."""
    rgb = scene(32, 24)
    smooth = np.array(Image.fromarray(scene(16, 12)).resize((32, 24), Image.Resampling.BICUBIC))
    pillow_heif.register_heif_opener()

    def put_heif(name, data, **options):
        put(name, data, by="vips", **options)

    def heif(pixels, **options):
        out = io.BytesIO()
        pillow_heif.from_pillow(pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)).save(out, **options)
        return out.getvalue()

    put_heif("lossless-444.heic", heif(rgb, quality=-1, chroma=444, matrix_coefficients=0))
    put_heif("444.heic", heif(smooth, quality=80, chroma=444), most=2, mean=0.5)
    put_heif("420.heic", heif(smooth, quality=80), most=6, mean=0.5)
    put_heif("grey.heic", heif(smooth[:, :, 0], quality=80), most=2, mean=0.5)
    put_heif("alpha.heic", heif(Image.fromarray(np.dstack([smooth, smooth[:, :, 0]]), "RGBA"), quality=80, chroma=444),
             most=2, mean=0.5)
    put_heif("odd.heic", heif(smooth[:23, :31], quality=80), most=6, mean=0.5)
    png_bytes = saved(Image.fromarray(smooth), "PNG")
    enc = through(png_bytes, ".png", ".heic", ["heif-enc", "-q", "70", "IN", "-o", "OUT"])
    put_heif("heif-enc.heic", enc, most=6, mean=0.5)
    # turned by irot: pillow-heif writes the orientation of EXIF as irot and imir
    turned = Image.fromarray(smooth)
    for orientation in 3, 6, 5:
        turned.getexif()[274] = orientation
        put_heif(f"orientation-{orientation}.heic", heif(turned, quality=80, chroma=444), exif=True, most=2, mean=0.5)


def avifs():
    rgb = scene(32, 24)
    smooth = np.array(Image.fromarray(scene(16, 12)).resize((32, 24), Image.Resampling.BICUBIC))

    def put_avif(name, data, **options):
        put(name, data, by="vips", **options)

    put_avif("444.avif", saved(Image.fromarray(smooth), "AVIF", quality=80, subsampling="4:4:4"), most=3, mean=0.6)
    gentle = np.array(Image.fromarray(scene(5, 4)).resize((32, 24), Image.Resampling.BICUBIC))
    put_avif("420.avif", saved(Image.fromarray(gentle), "AVIF", quality=80), most=40, mean=6.0)
    put_avif("grey.avif", saved(Image.fromarray(smooth[:, :, 0]), "AVIF", quality=80), most=3, mean=0.6)
    put_avif("noisy.avif", saved(Image.fromarray(rgb), "AVIF", quality=90, subsampling="4:4:4"), most=3, mean=0.6)
    alpha = Image.fromarray(np.dstack([smooth, smooth[:, :, 0]]), "RGBA")
    put_avif("alpha.avif", saved(alpha, "AVIF", quality=80, subsampling="4:4:4"), most=3, mean=0.6)
    exif = Image.Exif()
    exif[274] = 6
    put_avif("orientation-6.avif", saved(Image.fromarray(smooth), "AVIF", quality=80, subsampling="4:4:4", exif=exif),
             exif=True, most=3, mean=0.6)
    frames = [Image.fromarray(np.roll(smooth, 4 * i, axis=1)) for i in range(2)]
    put_avif("animated.avif", saved(frames[0], "AVIF", save_all=True, append_images=frames[1:], subsampling="4:4:4"),
             most=3, mean=0.6)


def main():
    os.makedirs(OUT, exist_ok=True)
    odd_jpegs()
    odd_pngs()
    gifs()
    bmps()
    pnms()
    webps()
    tiffs()
    heifs()
    avifs()
    with open(f"{OUT}/list.txt", "w") as f:
        f.write("\n".join(LIST) + "\n")


if __name__ == "__main__":
    main()
