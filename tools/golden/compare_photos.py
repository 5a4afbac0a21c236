#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compare CLIP's preprocessing of photos, before normalisation, with Pillow and torchvision, byte for byte.

    compare_photos.py BUILD/tests/vision/dump_preprocessed FILE-OR-DIRECTORY...
"""
import os
import struct
import subprocess
import sys

import numpy as np
import torchvision.transforms.functional as tvf
from PIL import Image

CROP = 224


def photos(paths):
    for path in paths:
        if os.path.isdir(path):
            for root, directories, names in os.walk(path):
                directories.sort()
                yield from (os.path.join(root, n) for n in sorted(names))
        else:
            yield path


def reference(path):
    image = Image.open(path).convert("RGB")
    image = tvf.center_crop(tvf.resize(image, CROP, tvf.InterpolationMode.BICUBIC), CROP)
    return np.array(image)


def main():
    Image.MAX_IMAGE_PIXELS = None
    ours = subprocess.Popen([sys.argv[1]], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    equal = compared = refused = 0
    for path in photos(sys.argv[2:]):
        try:
            expected = reference(path)
        except Exception as e:
            expected = None
            print(f"{path}: Pillow: {e}")
        ours.stdin.write(path.encode() + b"\n")
        ours.stdin.flush()
        (status,) = struct.unpack("i", ours.stdout.read(4))
        if status != 0:
            refused += 1
            print(f"{path}: refused here with status {status}")
            continue
        got = np.frombuffer(ours.stdout.read(CROP * CROP * 3), dtype=np.uint8).reshape(CROP, CROP, 3)
        if expected is None:
            continue
        compared += 1
        if np.array_equal(got, expected):
            equal += 1
        else:
            difference = np.abs(got.astype(int) - expected)
            print(f"{path}: {np.count_nonzero(difference)} bytes differ, by {difference.max()} at most")
    print(f"{equal} of {compared} equal, {refused} refused here")
    ours.stdin.close()
    ours.wait()


if __name__ == "__main__":
    main()
