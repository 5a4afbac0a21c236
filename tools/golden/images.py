#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Make tests/data/pictures: small images of every kind that is read, with the pixels Pillow decodes them to, and the
sums of Pillow's and torchvision's resampling. Run from the source root; needs Pillow, numpy, torch, torchvision, cjpeg
and libturbojpeg. Nothing of the build runs this; tests/data/pictures/README.md says which versions made what is there."""
import ctypes
import hashlib
import io
import math
import os
import struct
import subprocess
import warnings
import zlib

import numpy as np
import torch
import torchvision.transforms.functional as tvf
from PIL import Image, ImageOps

OUT = "tests/data/pictures"
LIST = []  # lines of list.txt: file, expected image, "exif" or "raw"


def pattern(width, height):
    """Noise both sides can make: pattern() in tests/vision/fixture.h makes the same in C."""
    h = np.arange(width * height * 3, dtype=np.uint32) * np.uint32(0x9E3779B1)
    h ^= h >> np.uint32(15)
    h *= np.uint32(0x85EBCA77)
    h ^= h >> np.uint32(13)
    return (h & np.uint32(255)).astype(np.uint8).reshape(height, width, 3)


def scene(width, height):
    """A gradient with edges, colours and a little noise: something a JPEG can go wrong on in every channel."""
    y, x = np.mgrid[0:height, 0:width]
    rgb = np.stack([x * 255 // max(width - 1, 1), y * 255 // max(height - 1, 1), (x * 7 + y * 13) % 256], axis=2)
    rgb[(x - width // 2) ** 2 + (y - height // 2) ** 2 < (min(width, height) // 3) ** 2] = (250, 30, 20)
    rgb[:, width * 3 // 4 : width * 3 // 4 + 2] = (0, 0, 255)
    return np.clip(rgb + pattern(width, height) // 12, 0, 255).astype(np.uint8)


def ppm(rgb):
    return b"P6 %d %d 255\n" % (rgb.shape[1], rgb.shape[0]) + np.ascontiguousarray(rgb).tobytes()


def put(name, data, expected=None, exif=False):
    """Write an image and what it must decode to: Pillow's pixels unless `expected` is given."""
    with open(f"{OUT}/{name}", "wb") as f:
        f.write(data)
    image = Image.open(io.BytesIO(data))
    raw = np.array(image.convert("RGB")) if expected is None else expected
    cases = [("raw", raw)]
    if exif:
        cases.append(("exif", np.array(ImageOps.exif_transpose(image).convert("RGB"))))
    for mode, rgb in cases:
        ppm_name = f"{name}.{mode}.ppm"
        with open(f"{OUT}/{ppm_name}", "wb") as f:
            f.write(ppm(rgb))
        LIST.append(f"{name} {ppm_name} {mode}")


# ------------------------------------------------------------------ JPEG


def pil_jpeg(rgb, **options):
    out = io.BytesIO()
    Image.fromarray(rgb).save(out, "JPEG", **options)
    return out.getvalue()


def cjpeg(rgb, *options):
    return subprocess.run(["cjpeg", "-quality", "85", *options], input=ppm(rgb), capture_output=True, check=True).stdout


def ycck_jpeg(cmyk, subsampling):
    """TurboJPEG writes CMYK pixels as YCCK."""
    tj = ctypes.CDLL("libturbojpeg.so.0")
    tj.tjInitCompress.restype = ctypes.c_void_p
    out, size = ctypes.POINTER(ctypes.c_ubyte)(), ctypes.c_ulong(0)
    pixels = np.ascontiguousarray(cmyk)
    tjpf_cmyk = 11
    rc = tj.tjCompress2(ctypes.c_void_p(tj.tjInitCompress()), pixels.ctypes.data_as(ctypes.c_void_p), pixels.shape[1], 0,
                        pixels.shape[0], tjpf_cmyk, ctypes.byref(out), ctypes.byref(size), subsampling, 85, 0)
    assert rc == 0
    return bytes(out[: size.value])


def segments(jpeg):
    """(marker, offset, end) of every segment before the scan."""
    at = 2
    while True:
        marker, length = jpeg[at + 1], struct.unpack(">H", jpeg[at + 2 : at + 4])[0]
        yield marker, at, at + 2 + length
        if marker == 0xDA:
            return
        at += 2 + length


def without(jpeg, marker):
    return b"".join([jpeg[:2]] + [jpeg[a:b] for m, a, b in segments(jpeg) if m != marker]
                    + [jpeg[max(b for _, _, b in segments(jpeg)) :]])


def insert(jpeg, data):
    return jpeg[:2] + data + jpeg[2:]


def tiff(orientation, order, before=0, kind=3):
    """A TIFF block whose first directory states the orientation, after `before` other entries."""
    e = {"II": "<", "MM": ">"}[order]
    entries = [struct.pack(e + "HHII", 0x100 + i, 4, 1, 1234) for i in range(before)]
    value = {1: struct.pack(e + "Bxxx", orientation), 3: struct.pack(e + "Hxx", orientation),
             4: struct.pack(e + "I", orientation)}[kind]
    entries.append(struct.pack(e + "HHI", 274, kind, 1) + value)
    return (order.encode() + struct.pack(e + "HI", 42, 8) + struct.pack(e + "H", len(entries)) + b"".join(entries)
            + struct.pack(e + "I", 0))


def app1(tiff_block):
    data = b"Exif\0\0" + tiff_block
    return b"\xff\xe1" + struct.pack(">H", len(data) + 2) + data


def jpegs():
    rgb = scene(45, 31)
    for name, sub in ("444", 0), ("422", 1), ("420", 2):
        put(f"baseline-{name}.jpg", pil_jpeg(rgb, quality=85, subsampling=sub))
        put(f"progressive-{name}.jpg", pil_jpeg(rgb, quality=85, subsampling=sub, progressive=True))
    for name, sample in ("440", "1x2"), ("411", "4x1"), ("410", "4x2"), ("441", "1x4"), ("odd", "3x1,1x1,1x1"):
        put(f"baseline-{name}.jpg", cjpeg(rgb, "-sample", sample))
    put("swapped-sampling.jpg", cjpeg(rgb, "-sample", "1x1,2x2,2x1"))
    put("progressive-440.jpg", cjpeg(rgb, "-progressive", "-sample", "1x2"))
    put("grey.jpg", pil_jpeg(rgb[:, :, 0], quality=85))
    put("grey-progressive.jpg", pil_jpeg(rgb[:, :, 0], quality=85, progressive=True))
    put("arithmetic.jpg", cjpeg(rgb, "-arithmetic"))
    put("restart.jpg", cjpeg(rgb, "-restart", "1B"))
    put("rgb.jpg", cjpeg(rgb, "-rgb"))
    put("quality-5.jpg", pil_jpeg(rgb, quality=5))
    put("16-bit-tables.jpg", cjpeg(rgb, "-quality", "1"))
    for w, h in (1, 1), (1, 40), (40, 1), (8, 8), (16, 16), (17, 17), (2, 3):
        put(f"{w}x{h}.jpg", pil_jpeg(scene(w, h), quality=85))
    cmyk = np.dstack([255 - rgb, (rgb[:, :, 1] // 3)])
    out = io.BytesIO()
    Image.frombytes("CMYK", (45, 31), np.ascontiguousarray(cmyk).tobytes()).save(out, "JPEG", quality=85)
    put("cmyk-adobe.jpg", out.getvalue())
    put("cmyk-plain.jpg", without(out.getvalue(), 0xEE))
    put("ycck-444.jpg", ycck_jpeg(255 - cmyk, 0))
    put("ycck-420.jpg", ycck_jpeg(255 - cmyk, 2))
    base = pil_jpeg(rgb, quality=85)
    put("junk-behind.jpg", base + b"\0" * 50 + b"trailer")
    behind_tables = base.index(b"\xff\xc0")
    put("junk-between.jpg", base[:behind_tables] + b"\x12\x34" + base[behind_tables:])
    put("fill-bytes.jpg", base[:2] + b"\xff\xff\xff" + base[2:])
    # damaged in the middle, whole in length: Pillow shows what the library recovers
    spoilt = bytearray(cjpeg(rgb, "-restart", "1B"))
    spoilt[-150:-147] = b"\x55\xaa\x55"
    put("spoilt.jpg", bytes(spoilt))
    small = pil_jpeg(scene(20, 13), quality=90)
    for orientation in range(0, 10):
        order = "II" if orientation % 2 else "MM"
        block = tiff(orientation, order, before=orientation, kind=4 if orientation == 7 else 3)
        put(f"orientation-{orientation}.jpg", insert(small, app1(block)), exif=True)
    put("exif-behind-icc.jpg", insert(small, b"\xff\xe2\0\x08abcdef" + app1(tiff(6, "II"))), exif=True)


# ------------------------------------------------------------------ PNG


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def filtered(rows, bpp, start):
    """Rows behind each of the five filters in turn."""
    out, before = b"", bytes(len(rows[0]) if rows else 0)
    for i, row in enumerate(rows):
        kind = (i + start) % 5
        line = bytearray()
        for j, v in enumerate(row):
            a = row[j - bpp] if j >= bpp else 0
            b = before[j]
            c = before[j - bpp] if j >= bpp else 0
            p = a + b - c
            paeth = min((abs(p - a), 0, a), (abs(p - b), 1, b), (abs(p - c), 2, c))[2]
            line.append((v - [0, a, b, (a + b) // 2, paeth][kind]) & 255)
        out += bytes([kind]) + bytes(line)
        before = row
    return out


def packed(samples, depth):
    """Rows of samples [height, width, channels] as bytes of `depth` bits a sample."""
    rows = []
    for row in samples.reshape(samples.shape[0], -1):
        if depth == 16:
            rows.append(row.astype(">u2").tobytes())
        else:
            bits = ((row[:, None] >> np.arange(depth - 1, -1, -1)) & 1).astype(np.uint8)
            rows.append(np.packbits(bits).tobytes())
    return rows


ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


def png(samples, depth, colour, interlace=False, before=b"", behind=b"", idat=1 << 30):
    height, width, channels = samples.shape
    bpp = max(1, channels * depth // 8)
    if interlace:
        parts = [samples[y0::dy, x0::dx] for x0, y0, dx, dy in ADAM7]
        raw = b"".join(filtered(packed(p, depth), bpp, i) for i, p in enumerate(parts) if p.size)
    else:
        raw = filtered(packed(samples, depth), bpp, 0)
    data = zlib.compress(raw, 9)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, int(interlace)))
            + before + b"".join(chunk(b"IDAT", data[i : i + idat]) for i in range(0, len(data), idat)) + behind
            + chunk(b"IEND", b""))


def pngs():
    rgb = scene(29, 23)
    rng = np.random.default_rng(7)
    deep = rng.integers(0, 65536, (23, 29, 4)).astype(np.uint16)
    eight = np.dstack([rgb, rgb[:, :, 1]])
    for interlace in False, True:
        tag = "-interlaced" if interlace else ""
        for depth in 1, 2, 4, 8:
            grey = (rgb[:, :, :1].astype(int) * ((1 << depth) - 1) // 255)
            put(f"grey-{depth}{tag}.png", png(grey, depth, 0, interlace))
            colours = bytes(rng.integers(0, 256, 3 << depth).astype(np.uint8))
            index = rng.integers(0, 1 << depth, (23, 29, 1))
            put(f"palette-{depth}{tag}.png", png(index, depth, 3, interlace, chunk(b"PLTE", colours)))
        # Pillow's own 16-bit grey is clipped at 255; what is wanted is the high byte, as it does in colour
        put(f"grey-16{tag}.png", png(deep[:, :, :1], 16, 0, interlace),
            np.repeat((deep[:, :, :1] >> 8).astype(np.uint8), 3, axis=2))
        put(f"grey-alpha-8{tag}.png", png(eight[:, :, 2:], 8, 4, interlace))
        put(f"grey-alpha-16{tag}.png", png(deep[:, :, :2], 16, 4, interlace))
        put(f"rgb-8{tag}.png", png(rgb, 8, 2, interlace))
        put(f"rgb-16{tag}.png", png(deep[:, :, :3], 16, 2, interlace))
        put(f"rgba-8{tag}.png", png(eight, 8, 6, interlace))
        put(f"rgba-16{tag}.png", png(deep, 16, 6, interlace))
    index = rng.integers(0, 16, (23, 29, 1))
    palette = chunk(b"PLTE", bytes(rng.integers(0, 256, 48).astype(np.uint8)))
    put("palette-trns.png", png(index, 4, 3, False, palette + chunk(b"tRNS", bytes([0, 128, 255, 7]))))
    put("palette-short.png", png(index, 4, 3, False, chunk(b"PLTE", bytes(range(30)))))
    put("grey-trns.png", png(rgb[:, :, :1], 8, 0, False, chunk(b"tRNS", b"\0\x40")))
    put("grey-2-trns.png", png(rgb[:, :, :1] >> 6, 2, 0, False, chunk(b"tRNS", b"\0\1")))
    put("rgb-trns.png", png(rgb, 8, 2, False, chunk(b"tRNS", b"\0\x40\0\x40\0\x40")))
    put("gamma.png", png(rgb, 8, 2, False, chunk(b"gAMA", struct.pack(">I", 100000))))
    put("gamma-16.png", png(deep[:, :, :3], 16, 2, False, chunk(b"gAMA", struct.pack(">I", 22222))))
    put("srgb-text.png", png(rgb, 8, 2, False, chunk(b"sRGB", b"\0") + chunk(b"tEXt", b"Comment\0" + b"x" * 300)))
    put("many-idat.png", png(rgb, 8, 2, False, idat=7))
    for w, h in (1, 1), (1, 40), (40, 1), (3, 2):
        put(f"{w}x{h}.png", png(scene(w, h), 8, 2))
        put(f"{w}x{h}-interlaced.png", png(scene(w, h), 8, 2, True))
    small = scene(20, 13)
    put("exif-before.png", png(small, 8, 2, False, chunk(b"eXIf", tiff(6, "II"))), exif=True)
    put("exif-behind.png", png(small, 8, 2, False, behind=chunk(b"eXIf", tiff(7, "MM"))), exif=True)
    frames = chunk(b"acTL", struct.pack(">II", 2, 0)) + chunk(b"fcTL", struct.pack(">IIIIIHHBB", 0, 29, 23, 0, 0, 1, 10, 0, 0))
    second = zlib.compress(filtered(packed(rgb[::-1], 8), 3, 0), 9)
    behind = (chunk(b"fcTL", struct.pack(">IIIIIHHBB", 1, 29, 23, 0, 0, 1, 10, 0, 0))
              + chunk(b"fdAT", struct.pack(">I", 2) + second))
    put("animated.png", png(rgb, 8, 2, False, frames, behind))
    # named as what they are not
    put("png-named.jpg", png(small, 8, 2))
    put("jpeg-named.png", pil_jpeg(small, quality=85))


# ------------------------------------------------------------------ resampling

FILTERS = {"nearest": Image.Resampling.NEAREST, "bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}
SIZES = [(1, 1, 1, 1), (1, 1, 7, 5), (2, 2, 1, 1), (2, 3, 3, 2), (3, 3, 224, 224), (5, 7, 7, 5), (7, 5, 7, 9), (7, 5, 9, 5),
         (7, 5, 7, 5), (7, 5, 7, 2), (7, 5, 3, 5), (10, 10, 11, 11), (10, 10, 9, 9), (13, 17, 17, 13), (16, 16, 8, 8),
         (16, 16, 32, 32), (31, 1, 7, 1), (1, 31, 1, 7), (31, 1, 7, 3), (1, 31, 3, 7), (31, 33, 1, 1), (33, 31, 1, 64),
         (64, 64, 63, 65), (64, 64, 65, 63), (99, 101, 10, 10), (100, 100, 2, 2), (100, 100, 3, 200), (100, 100, 200, 3),
         (123, 77, 224, 140), (224, 224, 224, 224), (224, 224, 225, 223), (225, 300, 224, 298), (250, 188, 297, 224),
         (256, 256, 224, 224), (333, 500, 224, 336), (375, 500, 224, 298), (500, 333, 336, 224), (500, 375, 298, 224),
         (500, 375, 150, 112), (500, 375, 10, 8), (500, 10, 10, 500), (512, 512, 224, 224), (640, 480, 299, 224),
         (640, 480, 1280, 960), (640, 480, 13, 9), (800, 600, 16, 12), (1000, 20, 20, 1000), (1000, 1000, 20, 20),
         (1024, 768, 298, 224), (1, 3000, 224, 300), (1, 3000, 10, 7), (3000, 1, 300, 224), (3000, 1, 7, 10),
         (5000, 7, 100, 100), (5000, 7, 5001, 7), (7, 5000, 3, 100), (3000, 2, 1, 1), (2000, 1500, 298, 224),
         (2000, 1500, 40, 30), (30000, 3, 6, 3), (3, 30000, 3, 6), (70001, 2, 3, 1), (4, 4, 3000, 5), (4, 4, 5, 3000), (244, 500, 224, 459), (317, 718, 224, 507),
         (700, 3000, 601, 1200), (9000, 2000, 8900, 90), (100, 100, 90, 81), (100, 100, 90, 80), (100, 100, 90, 79), (800, 6000, 790, 5900),
         (800, 6000, 600, 5700)]
CROPS = [(500, 375, 298, 224, 37, 0, 224, 224), (375, 500, 224, 298, 0, 37, 224, 224), (60, 40, 300, 200, 299, 199, 1, 1),
         (60, 40, 300, 200, 0, 0, 1, 1), (60, 40, 20, 13, 3, 5, 11, 6), (60, 40, 60, 13, 3, 5, 11, 6),
         (60, 40, 20, 40, 3, 5, 11, 6), (60, 40, 60, 40, 3, 5, 11, 6), (3, 3000, 224, 100000, 0, 50000, 224, 224),
         (3000, 3, 100000, 224, 50000, 0, 224, 224), (1000, 1000, 20, 20, 7, 7, 5, 5),
         (244, 500, 224, 459, 0, 117, 224, 224), (244, 900, 224, 700, 7, 117, 50, 3), (9000, 2000, 8900, 90, 4000, 7, 4500, 50)]
# width, height, resize, crop, filter
PREPROCESS = [(500, 375, 224, 224), (375, 500, 224, 224), (500, 333, 224, 224), (224, 224, 224, 224), (224, 225, 224, 224),
              (225, 224, 224, 224), (227, 224, 224, 224), (229, 224, 224, 224), (100, 100, 224, 224), (1, 1, 224, 224),
              (2, 1, 224, 224), (1, 500, 224, 224), (700, 1, 224, 224), (3, 2000, 224, 224), (1999, 3, 224, 224),
              (640, 427, 256, 224), (427, 640, 256, 224), (333, 251, 232, 224), (100, 80, 200, 224), (80, 100, 223, 224),
              (80, 300, 100, 224), (300, 80, 101, 224), (81, 80, 100, 333), (1200, 900, 336, 336), (50, 60, 32, 31),
              (1023, 77, 64, 64), (244, 500, 224, 224), (317, 718, 224, 224), (300, 3000, 224, 224)]
MEAN, STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
MODES = {"nearest": tvf.InterpolationMode.NEAREST, "bilinear": tvf.InterpolationMode.BILINEAR,
         "bicubic": tvf.InterpolationMode.BICUBIC}


def sum_of(array):
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()


def resampling():
    lines = []
    for name, filter_ in FILTERS.items():
        for w, h, w2, h2 in SIZES:
            out = np.array(Image.fromarray(pattern(w, h)).resize((w2, h2), filter_))
            lines.append(f"{name} {w} {h} {w2} {h2} 0 0 {w2} {h2} {sum_of(out)}")
        for w, h, w2, h2, left, top, cw, ch in CROPS:
            out = Image.fromarray(pattern(w, h)).resize((w2, h2), filter_).crop((left, top, left + cw, top + ch))
            lines.append(f"{name} {w} {h} {w2} {h2} {left} {top} {cw} {ch} {sum_of(np.array(out))}")
    with open(f"{OUT}/resize.txt", "w") as f:
        f.write("\n".join(lines) + "\n")
    lines = []
    for name, mode in MODES.items():
        for w, h, resize, crop in PREPROCESS:
            image = tvf.center_crop(tvf.resize(Image.fromarray(pattern(w, h)), resize, mode), crop)
            tensor = tvf.normalize(tvf.to_tensor(image), MEAN, STD)
            assert tensor.dtype == torch.float32
            lines.append(f"{name} {w} {h} {resize} {crop} {sum_of(np.array(image))} {sum_of(tensor.numpy())}")
    with open(f"{OUT}/preprocess.txt", "w") as f:
        f.write("\n".join(lines) + "\n")


def main():
    Image.MAX_IMAGE_PIXELS = None
    warnings.simplefilter("ignore")
    os.makedirs(OUT, exist_ok=True)
    jpegs()
    pngs()
    with open(f"{OUT}/list.txt", "w") as f:
        f.write("\n".join(LIST) + "\n")
    resampling()


if __name__ == "__main__":
    main()
