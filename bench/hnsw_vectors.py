#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Make vectors for bench_hnsw and hnsw_peers.py: clusters in a subspace, noise and a common mean.

Usage: hnsw_vectors.py FOLDER COUNT[,COUNT...] [QUERIES [DIM]]

Writes FOLDER/base.f32 [largest COUNT, DIM], queries.f32 [QUERIES, DIM] and for each COUNT truth-COUNT.i32 [QUERIES, 10],
rows in C order: 2,000 clusters in a 40-dimensional subspace, noise half as long as a cluster's centre, and a mean such
that random pairs have cosine 0.50. truth: the 10 nearest among the first COUNT rows, by exact products.
"""
import os
import sys

import numpy as np

CLUSTERS, SUBSPACE, NOISE, K, PART = 2000, 40, 0.5, 10, 20000


class Truth:
    """The K rows nearest to each query, among all that were added."""

    def __init__(self, queries):
        self.queries, self.seen = queries, 0
        self.best = np.full((len(queries), K), -2, "f4")
        self.rows = np.zeros((len(queries), K), "i4")

    def add(self, part):
        scores = self.queries @ part.T
        top = np.argpartition(-scores, min(K, len(part)) - 1, axis=1)[:, :K]
        scores = np.concatenate([self.best, np.take_along_axis(scores, top, 1)], axis=1)
        rows = np.concatenate([self.rows, (self.seen + top).astype("i4")], axis=1)
        top = np.argsort(-scores, axis=1, kind="stable")[:, :K]
        self.best, self.rows = np.take_along_axis(scores, top, 1), np.take_along_axis(rows, top, 1)
        self.seen += len(part)


def main():
    folder, counts = sys.argv[1], sorted(int(count) for count in sys.argv[2].split(","))
    queries = int(sys.argv[3]) if len(sys.argv) > 3 else 1000
    dim = int(sys.argv[4]) if len(sys.argv) > 4 else 512
    os.makedirs(folder, exist_ok=True)
    rng = np.random.default_rng(7)
    basis = np.linalg.qr(rng.standard_normal((dim, SUBSPACE)))[0].T.astype("f4")
    centres = (rng.standard_normal((CLUSTERS, SUBSPACE)) / np.sqrt(SUBSPACE)).astype("f4") @ basis
    mean = rng.standard_normal(dim).astype("f4")
    mean *= np.sqrt(1 + NOISE**2) / np.linalg.norm(mean)

    def some(n):
        noise = rng.standard_normal((n, dim), dtype="f4") * np.float32(NOISE / np.sqrt(dim))
        x = centres[rng.integers(0, CLUSTERS, n)] + noise + mean
        return x / np.linalg.norm(x, axis=1, keepdims=True)

    truth = Truth(some(queries))
    with open(folder + "/base.f32", "wb") as file:
        for count in counts:
            while truth.seen < count:
                part = some(min(PART, count - truth.seen))
                file.write(part.tobytes())
                truth.add(part)
            truth.rows.tofile("%s/truth-%d.i32" % (folder, count))
    truth.queries.tofile(folder + "/queries.f32")


if __name__ == "__main__":
    main()
