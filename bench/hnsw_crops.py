#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Make vectors for bench_hnsw and hnsw_peers.py with a model: crops of photographs, and sentences.

Usage: hnsw_crops.py FOLDER CLIPSEARCH IMAGES TEXTS CROPS [MODEL]

IMAGES: a folder of images; each gives CROPS crops, squares of 40 to 90 per cent of the shorter side, and one more that is
a query. TEXTS: a file of sentences, one a line, shuffled; the first 1,000 are queries, the next 1,000 are for
calibrations. CLIPSEARCH: the program, which makes the vectors. The files are those of hnsw_vectors.py --gap. Needs Pillow.
"""
import os
import random
import subprocess
import sys

import numpy as np
from PIL import Image

from hnsw_vectors import PART, Truth

SIDE, QUERIES = 224, 1000


def embed(program, model, options, to):
    subprocess.run([program, "embed", *options, "--format", "npy", "-o", to, *(["--model", model] if model else [])],
                   check=True)
    vectors = np.load(to).astype("f4")
    return vectors[np.isfinite(vectors).all(axis=1)]


def main():
    folder, program, images, texts, crops = *sys.argv[1:5], int(sys.argv[5])
    model = sys.argv[6] if len(sys.argv) > 6 else None
    rng = random.Random(7)
    os.makedirs(folder + "/crops", exist_ok=True)
    files = sorted(os.path.join(at, name) for at, _, names in os.walk(images) for name in names
                   if name.lower().endswith((".jpg", ".jpeg", ".png")))
    lists = {"base": [], "query": []}
    for number, file in enumerate(files):
        image = Image.open(file).convert("RGB")
        for crop in range(crops + 1):
            side = int(min(image.size) * rng.uniform(0.4, 0.9))
            x, y = rng.randint(0, image.width - side), rng.randint(0, image.height - side)
            to = "%s/crops/%d-%d.jpg" % (folder, number, crop)
            if not os.path.exists(to):
                image.crop((x, y, x + side, y + side)).resize((SIDE, SIDE)).save(to, quality=90)
            lists["query" if crop == crops else "base"].append(to)
    vectors = {}
    for name, paths in lists.items():
        paths = rng.sample(paths, min(len(paths), QUERIES)) if name == "query" else paths
        open("%s/%s.txt" % (folder, name), "w").write("\n".join(paths) + "\n")
        vectors[name] = embed(program, model, ["--images-from", "%s/%s.txt" % (folder, name)], folder + "/v.npy")
    lines = open(texts).read().splitlines()
    rng.shuffle(lines)
    for name, part in ("texts", lines[:QUERIES]), ("more", lines[QUERIES:2 * QUERIES]):
        open("%s/%s.txt" % (folder, name), "w").write("\n".join(part) + "\n")
        vectors[name] = embed(program, model, ["--list", "%s/%s.txt" % (folder, name)], folder + "/v.npy")
    base = vectors["base"]
    base.tofile(folder + "/base.f32")
    vectors["more"].tofile(folder + "/texts-more.f32")
    for prefix, name in ("", "texts"), ("image-", "query"):
        truth = Truth(vectors[name])
        for at in range(0, len(base), PART):
            truth.add(base[at:at + PART])
        vectors[name].tofile("%s/%squeries.f32" % (folder, prefix))
        truth.rows.tofile("%s/%struth-%d.i32" % (folder, prefix, len(base)))
    print("%d vectors of %d: --count %d --dim %d" % (*base.shape, *base.shape))


main()
