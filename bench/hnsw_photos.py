#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Make vectors for bench_hnsw and hnsw_peers.py from the vectors of photographs, each repeated with small changes.

Usage: hnsw_photos.py FOLDER VECTORS.npy COUNT [QUERIES]

VECTORS.npy: the output of `clipsearch embed --images-from DIR --format npy -o VECTORS.npy`. Every row and query is an
image's vector plus normal noise a fifth as long, normalised. The files are those that hnsw_vectors.py writes.
"""
import sys

import numpy as np

from hnsw_vectors import PART, Truth

NOISE = 0.2


def main():
    folder, count = sys.argv[1], int(sys.argv[3])
    queries = int(sys.argv[4]) if len(sys.argv) > 4 else 1000
    rng = np.random.default_rng(7)
    images = np.load(sys.argv[2]).astype("f4")
    images /= np.linalg.norm(images, axis=1, keepdims=True)
    dim = images.shape[1]

    def some(n):
        x = images[rng.integers(0, len(images), n)]
        x = x + rng.standard_normal((n, dim), dtype="f4") * np.float32(NOISE / np.sqrt(dim))
        return x / np.linalg.norm(x, axis=1, keepdims=True)

    truth = Truth(some(queries))
    with open(folder + "/base.f32", "wb") as file:
        while truth.seen < count:
            part = some(min(PART, count - truth.seen))
            file.write(part.tobytes())
            truth.add(part)
    truth.queries.tofile(folder + "/queries.f32")
    truth.rows.tofile("%s/truth-%d.i32" % (folder, count))
    print("%d vectors of %d: --dim %d" % (count, dim, dim))


main()
