#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Make vectors for bench_hnsw and hnsw_peers.py: clusters in a subspace, noise and a common mean; or images and texts.

Usage: hnsw_vectors.py [--gap] FOLDER COUNT[,COUNT...] [QUERIES [DIM]]

Writes FOLDER/base.f32 [largest COUNT, DIM], queries.f32 [QUERIES, DIM] and for each COUNT truth-COUNT.i32 [QUERIES, 10],
rows in C order: 2,000 clusters in a 40-dimensional subspace, noise half as long as a cluster's centre, and a mean such
that random pairs have cosine 0.50. truth: the 10 nearest among the first COUNT rows, by exact products.

--gap: vectors as CLIP's towers make them. Images lie about one mean, texts about another (the modality gap): random
images have cosine 0.5, a text and an image 0.2 on average, and the ten best images of a text about 0.3. An image is its
subject (one of 20,000, some frequent and most rare, each a part of a broader kind), what else it shows, and noise; the
share of a direction falls with its number, as in real sets, so that the intrinsic dimension is low. A text names a
subject, or a kind, or two subjects, and what else it says no image follows. queries.f32 are texts, and so is
truth-COUNT.i32; image-queries.f32 and image-truth-COUNT.i32 are the same of new images. With --gap-queries N the
folder also gets texts-more.f32 [N, DIM], further texts to calibrate with.
"""
import argparse
import os

import numpy as np

CLUSTERS, SUBSPACE, NOISE, K, PART = 2000, 40, 0.5, 10, 20000
KINDS, SUBJECTS, SUBJECT, OTHER, GAP_NOISE = 400, 20000, 0.75, 0.55, 0.25  # --gap: the parts of an image,
SAID, TEXT_OTHER = 0.33, 0.6  # and of a text


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


def unit(x):
    return x / np.linalg.norm(x, axis=1, keepdims=True)


class Clusters:
    """The first set: queries are of the same kind as the rows."""

    def __init__(self, rng, dim):
        basis = np.linalg.qr(rng.standard_normal((dim, SUBSPACE)))[0].T.astype("f4")
        self.rng, self.dim = rng, dim
        self.centres = (rng.standard_normal((CLUSTERS, SUBSPACE)) / np.sqrt(SUBSPACE)).astype("f4") @ basis
        self.mean = rng.standard_normal(dim).astype("f4")
        self.mean *= np.sqrt(1 + NOISE**2) / np.linalg.norm(self.mean)

    def images(self, n):
        noise = self.rng.standard_normal((n, self.dim), dtype="f4") * np.float32(NOISE / np.sqrt(self.dim))
        return unit(self.centres[self.rng.integers(0, CLUSTERS, n)] + noise + self.mean)


class Gap:
    """Images and texts (--gap)."""

    def __init__(self, rng, dim):
        self.rng, self.dim = rng, dim
        directions = np.linalg.qr(rng.standard_normal((dim, dim)))[0].T.astype("f4")
        self.image_mean, self.text_mean, free = directions[0], directions[1], directions[2:]
        # the share of direction i falls as 1 / (i + 8): half of the variance lies in about 50 of 510
        self.spread = (free * (1 / np.sqrt(np.arange(len(free)) + 8.0))[:, None]).astype("f4")
        self.spread /= np.sqrt((self.spread**2).sum())
        self.kinds = self.some(KINDS)
        kind = rng.integers(0, KINDS, SUBJECTS)
        self.subjects = unit(0.6 * self.kinds[kind] + 0.8 * self.some(SUBJECTS))
        share = 1 / (np.arange(SUBJECTS) + 50.0)
        self.share = np.cumsum(share / share.sum())

    def some(self, n):
        """[n, dim] random directions, of length 1 on average."""
        return self.rng.standard_normal((n, len(self.spread)), dtype="f4") @ self.spread

    def subject(self, n):
        return self.subjects[np.minimum(np.searchsorted(self.share, self.rng.random(n)), SUBJECTS - 1)]

    def images(self, n):
        x = SUBJECT * self.subject(n) + OTHER * self.some(n)
        x += self.rng.standard_normal((n, self.dim), dtype="f4") * np.float32(GAP_NOISE / np.sqrt(self.dim))
        return unit(self.image_mean + unit(x))

    def texts(self, n):
        which = self.rng.integers(0, 3, n)[:, None]
        one = self.subject(n)
        said = np.where(which == 0, one, np.where(which == 1, self.kinds[self.rng.integers(0, KINDS, n)],
                                                  one + self.subject(n)))
        # a third of what a text says is in no image
        said = unit(unit(said) + TEXT_OTHER * unit(self.some(n)))
        own = unit(self.rng.standard_normal((n, self.dim), dtype="f4"))
        # 0.283 of the images' mean direction gives a cosine of 0.2 with every image
        x = SAID * said + np.float32(np.sqrt(1 - SAID**2 - 0.283**2)) * unit(0.8 * self.text_mean + 0.6 * own)
        x -= (x @ self.image_mean)[:, None] * self.image_mean
        return unit(0.283 * self.image_mean + np.float32(np.sqrt(1 - 0.283**2)) * unit(x))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--gap", action="store_true")
    parser.add_argument("--gap-queries", type=int, default=0)
    parser.add_argument("folder")
    parser.add_argument("counts")
    parser.add_argument("queries", type=int, nargs="?", default=1000)
    parser.add_argument("dim", type=int, nargs="?", default=512)
    args = parser.parse_args()
    folder, counts = args.folder, sorted(int(count) for count in args.counts.split(","))
    os.makedirs(folder, exist_ok=True)
    made = (Gap if args.gap else Clusters)(np.random.default_rng(7), args.dim)
    truths = {"": Truth((made.texts if args.gap else made.images)(args.queries))}
    if args.gap:
        truths["image-"] = Truth(made.images(args.queries))
    with open(folder + "/base.f32", "wb") as file:
        for count in counts:
            while truths[""].seen < count:
                part = made.images(min(PART, count - truths[""].seen))
                file.write(part.astype("f4").tobytes())
                for truth in truths.values():
                    truth.add(part)
            for name, truth in truths.items():
                truth.rows.tofile("%s/%struth-%d.i32" % (folder, name, count))
    for name, truth in truths.items():
        truth.queries.astype("f4").tofile("%s/%squeries.f32" % (folder, name))
    if args.gap:
        made.texts(args.gap_queries).astype("f4").tofile(folder + "/texts-more.f32")
        few = made.images(1000)
        print("cosines: image-image %.2f, text-image %.2f, the ten best of a text %.2f (of %d)" % (
            (few[:500] @ few[500:].T).mean(), (truths[""].queries @ few.T).mean(), truths[""].best.mean(), counts[-1]))


if __name__ == "__main__":
    main()
