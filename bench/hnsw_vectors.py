#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Make vectors for bench_hnsw and hnsw_peers.py: clusters in a subspace, noise and a common mean.

Usage: hnsw_vectors.py FOLDER COUNT [QUERIES [DIM]]

Writes FOLDER/base.f32 [COUNT, DIM], queries.f32 [QUERIES, DIM] and truth.i32 [QUERIES, 10], rows in C order: 2,000
clusters in a 40-dimensional subspace, noise half as long as a cluster's centre, and a mean such that random pairs have
cosine 0.50. truth: the rows of the 10 nearest, by exact products.
"""
import sys

import numpy as np

CLUSTERS, SUBSPACE, NOISE = 2000, 40, 0.5


def main():
    folder, count = sys.argv[1], int(sys.argv[2])
    queries = int(sys.argv[3]) if len(sys.argv) > 3 else 1000
    dim = int(sys.argv[4]) if len(sys.argv) > 4 else 512
    rng = np.random.default_rng(7)
    basis = np.linalg.qr(rng.standard_normal((dim, SUBSPACE)))[0].T.astype("f4")
    centres = (rng.standard_normal((CLUSTERS, SUBSPACE)) / np.sqrt(SUBSPACE)).astype("f4") @ basis
    mean = rng.standard_normal(dim).astype("f4")
    mean *= np.sqrt(1 + NOISE**2) / np.linalg.norm(mean)

    def some(n):
        noise = rng.standard_normal((n, dim), dtype="f4") * np.float32(NOISE / np.sqrt(dim))
        x = centres[rng.integers(0, CLUSTERS, n)] + noise + mean
        return x / np.linalg.norm(x, axis=1, keepdims=True)

    wanted = some(queries)
    best = np.full((queries, 10), -2, "f4")
    rows = np.zeros((queries, 10), "i4")
    with open(folder + "/base.f32", "wb") as file:
        for first in range(0, count, 20000):
            part = some(min(20000, count - first))
            file.write(part.tobytes())
            scores = np.concatenate([best, wanted @ part.T], axis=1)
            numbers = np.concatenate([rows, np.broadcast_to(first + np.arange(len(part), dtype="i4"),
                                                            (queries, len(part)))], axis=1)
            top = np.argsort(-scores, axis=1, kind="stable")[:, :10]
            best = np.take_along_axis(scores, top, 1)
            rows = np.take_along_axis(numbers, top, 1)
    wanted.tofile(folder + "/queries.f32")
    rows.astype("i4").tofile(folder + "/truth.i32")


main()
