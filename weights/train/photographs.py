# SPDX-License-Identifier: MIT
"""The captioned and the labelled photographs, which are not part of the project: a directory with

    flickr8k-1000/captions.csv (image, caption), flickr8k-1000/images/
    imagenet-100x10/train/CLASS/*, imagenet-100x10/test/CLASS/*, file names beginning with the class's WordNet number

given by --photos or CLIPSEARCH_PHOTOS. They are fitted and measured on; nothing of them is kept but weights.
"""
import csv
import glob
import os
import sys

import numpy as np
from PIL import Image

import towers


def add_option(parser):
    parser.add_argument("--photos", default=os.environ.get("CLIPSEARCH_PHOTOS"),
                        help="directory with flickr8k-1000 and imagenet-100x10 (default: $CLIPSEARCH_PHOTOS)")


def check(directory):
    if not directory:
        sys.exit("no photographs: give their directory by --photos or CLIPSEARCH_PHOTOS (weights/train/photographs.py says "
                 "what must be in it)")
    for path in ("flickr8k-1000/captions.csv", "flickr8k-1000/images", "imagenet-100x10/train", "imagenet-100x10/test"):
        if not os.path.exists(f"{directory}/{path}"):
            sys.exit(f"{directory}/{path} is not there (weights/train/photographs.py says what must be)")
    return directory


def captioned(directory):
    """Paths in order, and each one's captions in lower case."""
    captions = {}
    with open(f"{directory}/flickr8k-1000/captions.csv", newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            captions.setdefault(row["image"], []).append(row["caption"].lower())
    names = sorted(captions)
    return [f"{directory}/flickr8k-1000/images/{name}" for name in names], [captions[name] for name in names]


def labelled(directory, part):
    """Paths in order, and each one's WordNet number. part: "train" or "test"."""
    paths = sorted(glob.glob(f"{directory}/imagenet-100x10/{part}/*/*.JPEG"))
    return paths, [int(os.path.basename(path).split("_")[0][1:]) for path in paths]


def halves(count):
    """Which photographs each of the two folds measures."""
    order = np.random.RandomState(0).permutation(count)
    return order[count // 2:], order[:count // 2]


def fit(image, size=towers.IMAGE):
    """CLIP's preprocessing: the short side to `size`, bicubic, and the middle."""
    if image.size != (size, size):
        width, height = (max(size, int(size * side / min(image.size))) for side in image.size)
        image = image.resize((width, height), Image.BICUBIC)
        left, top = round((width - size) / 2), round((height - size) / 2)  # half to even, as torchvision
        image = image.crop((left, top, left + size, top + size))
    return image


def read(path):
    return fit(Image.open(path).convert("RGB"))
