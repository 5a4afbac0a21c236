#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Time bench_images and Pillow + torchvision on the same files, in turn, one thread each.

    images.py BUILD/bench/bench_images PHOTO

PHOTO is timed unchanged, and enlarged to 12 megapixels with some noise, as a baseline and as a progressive JPEG.
"""
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np
import torch
import torchvision.transforms.functional as tvf
from PIL import Image

MEAN, STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)


def pillow(path, budget=3.0):
    decode, prepare, begin = [], [], time.perf_counter()
    while len(decode) < 101 and (len(decode) < 5 or time.perf_counter() - begin < budget):
        start = time.perf_counter()
        image = Image.open(path).convert("RGB")
        middle = time.perf_counter()
        image = tvf.center_crop(tvf.resize(image, 224, tvf.InterpolationMode.BICUBIC), 224)
        tvf.normalize(tvf.to_tensor(image), MEAN, STD)
        decode.append(middle - start)
        prepare.append(time.perf_counter() - middle)
    return statistics.median(decode) * 1e3, statistics.median(prepare) * 1e3


def main():
    torch.set_num_threads(1)
    program, photo = sys.argv[1:3]
    with tempfile.TemporaryDirectory() as directory:
        rng = np.random.default_rng(1)
        large = np.array(Image.open(photo).convert("RGB").resize((4000, 3000), Image.Resampling.BICUBIC)).astype(np.int16)
        large = Image.fromarray(np.clip(large + rng.integers(-6, 7, large.shape, dtype=np.int16), 0, 255).astype(np.uint8))
        files = [photo]
        for name, options in ("12mp.jpg", {}), ("12mp-progressive.jpg", {"progressive": True}):
            files.append(os.path.join(directory, name))
            large.save(files[-1], quality=75, **options)
        for path in files:
            ours = json.loads(subprocess.run([program, path], capture_output=True, check=True, text=True).stdout)
            decode, prepare = pillow(path)
            print(f"{ours['file']:24} {ours['width']}x{ours['height']} {os.path.getsize(path) / 1e6:.2f} MB: decode "
                  f"{ours['decode_ms']:.2f} ms (Pillow {decode:.2f}), preprocess {ours['preprocess_ms']:.2f} "
                  f"({prepare:.2f}), both {ours['decode_ms'] + ours['preprocess_ms']:.2f} ({decode + prepare:.2f})")


if __name__ == "__main__":
    main()
