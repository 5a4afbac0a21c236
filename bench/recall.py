#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Recall@10 of searches as they are by default, beside exact ones, with vectors of the built-in model.

    recall.py CLIPSEARCH PHOTOS {photos,crops,drawn} COUNT[,COUNT...] [--work DIR] [--most SECONDS]

The collection has COUNT images:
  photos  photographs of PHOTOS (flickr8k-1000 and imagenet-100x10), as they are; at most 2,106
  crops   squares of 40 to 90 per cent of the photographs' shorter sides, equally many of each
  drawn   scenes of weights/train/world.py (needs its fonts and Unicode data)
It is made by `clipsearch import` with the model, which writes the index file as an ingestion does. Queries:
  captions  1,000 captions of flickr8k-1000; for drawn scenes those of 1,000 scenes that are not in the collection
  short     things, by one word to four: queries.txt and concepts.txt of weights/train, and the names of the photographs' classes; for
            drawn scenes the names of the 1,029 things
  images    1,000 crops that are not in the collection; or 1,000 such scenes
A hit counts when its score is not below that of the tenth exact hit. Then `clipsearch check` is run on the collection, with 1,000 queries.
Vectors are kept in DIR and made only once; --most ends the making after so many seconds, and the next run goes on. Needs
numpy and Pillow, and the Python package (PYTHONPATH=python, CLIPSEARCH_LIBRARY).
"""
import argparse
import csv
import json
import os
import random
import re
import subprocess
import sys
import time

import numpy as np
from PIL import Image, ImageOps

import clipsearch

TRAIN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "weights", "train")
MODEL = os.path.join(TRAIN, "..", "default")
sys.path.insert(0, TRAIN)
QUERIES, K, AT_ONCE = 1000, 10, 1000
MOST_CROPS = 10  # of a photograph; the last is the query


def photos_of(root):
    return sorted(os.path.join(at, name) for at, _, names in os.walk(root) for name in names
                  if name.lower().endswith((".jpg", ".jpeg")) and "exception" not in at)


def captions_of(root):
    with open(os.path.join(root, "flickr8k-1000", "captions.csv"), encoding="utf-8") as rows:
        lines = [row["caption"] for row in csv.DictReader(rows)]
    return random.Random(7).sample(lines, QUERIES)


def short_texts(root):
    """Things in few words, each once."""
    texts = []
    with open(os.path.join(TRAIN, "queries.txt"), encoding="utf-8") as lines:
        texts += [line.split(" | ")[1].strip() for line in lines if " | " in line and not line.startswith("#")]
    with open(os.path.join(TRAIN, "concepts.txt"), encoding="utf-8") as lines:
        for line in lines:
            if ":" in line and not line.startswith("#"):
                texts += [word.strip() for word in line.split(":")[0].split(",")]
    names = os.listdir(os.path.join(root, "imagenet-100x10", "train"))
    texts += [re.sub("[_-]", " ", name) for name in sorted(names)]
    return list(dict.fromkeys(texts))


def crop_of(image, rng):
    side = int(min(image.size) * rng.uniform(0.4, 0.9))
    x, y = rng.randint(0, image.width - side), rng.randint(0, image.height - side)
    return image.crop((x, y, x + side, y + side))


def pixels(image):
    return np.ascontiguousarray(np.asarray(image.convert("RGB")))


def make_photos(root, at):
    """The images of parts of the set, one part for each `at`: 20 photographs, and all their crops."""
    for path in photos_of(root)[at * 20:at * 20 + 20]:
        with Image.open(path) as stored:
            image = ImageOps.exif_transpose(stored).convert("RGB")
        rng = random.Random(path[len(root):])
        yield [pixels(image)] + [pixels(crop_of(image, rng)) for _ in range(MOST_CROPS)]


def vectors_of_photos(options, encoder):
    """[photographs, 1 + crops, dim]"""
    count = len(photos_of(options.photos))
    def make(at):
        return np.stack([encoder.encode_images(images) for images in make_photos(options.photos, at)])
    return np.concatenate(made_parts(options, "photos", -(-count // 20), make))


def vectors_of_scenes(options, encoder, count):
    """The vectors of `count` scenes, and their captions."""
    import world as drawn
    world = drawn.World()
    def scenes(at):
        rng = random.Random(f"recall {at}")
        return [world.plan(rng) for _ in range(AT_ONCE)]
    def make(at):
        return encoder.encode_images([pixels(world.draw(scene)) for scene in scenes(at)])
    parts = -(-count // AT_ONCE)
    vectors = np.concatenate(made_parts(options, "drawn", parts, make))
    return vectors, [scene.phrase.caption() for scene in scenes(parts - 1)], world.names


def made_parts(options, name, count, make):
    """make(0), make(1), ..., kept as files."""
    parts = []
    for at in range(count):
        path = os.path.join(options.work, f"{name}-{at}.npy")
        if not os.path.exists(path):
            if time.monotonic() > options.until:
                sys.exit(f"{name}: {at} of {count} parts are made; run again")
            np.save(path + ".new.npy", make(at))
            os.replace(path + ".new.npy", path)
        parts.append(np.load(path))
    return parts


def sets(options, encoder):
    """For each count the collection's vectors, and the queries by kind."""
    for count in options.counts:
        if options.set == "drawn":
            vectors, captions, names = vectors_of_scenes(options, encoder, max(options.counts) + QUERIES)
            yield vectors[:count], {"captions": captions, "short": names, "images": vectors[-QUERIES:]}
            continue
        vectors = vectors_of_photos(options, encoder)
        chosen = np.random.default_rng(7).permutation(len(vectors))
        queries = {"captions": captions_of(options.photos), "short": short_texts(options.photos),
                   "images": vectors[chosen[:QUERIES], -1]}
        if options.set == "photos":
            yield vectors[chosen[:count], 0], queries
            continue
        each = -(-count // len(vectors))
        if each > MOST_CROPS - 1:
            sys.exit(f"there are at most {len(vectors) * (MOST_CROPS - 1)} crops")
        yield vectors[chosen, 1:1 + each].transpose(1, 0, 2).reshape(-1, vectors.shape[2])[:count], queries


def put(program, database, vectors):
    """A collection with an index file, made as the program makes it."""
    stem = database[:-3]
    np.save(stem + ".npy", vectors)
    with open(stem + ".jsonl", "w", encoding="utf-8") as out:
        out.writelines(json.dumps({"path": f"{number}.jpg"}) + "\n" for number in range(len(vectors)))
    subprocess.run([program, "import", "-q", "--db", database, "--model", MODEL, "--vectors", stem + ".npy",
                    "--meta", stem + ".jsonl"], check=True)


def recall(collection, queries):
    """By default, beside exact: the mean share of the ten, the number of queries that miss more than two, milliseconds a query."""
    start = time.process_time()
    found = collection.search_many(queries, K)
    spent = (time.process_time() - start) * 1e3 / len(queries)
    exact = collection.search_many(queries, K, exact=True)
    shares = np.array([sum(hit.score >= right[-1].score - 1e-6 for hit in hits) / len(right)
                       for hits, right in zip(found, exact)])
    return shares.mean(), int((shares < 0.75).sum()), spent


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("photos")
    parser.add_argument("set", choices=("photos", "crops", "drawn"))
    parser.add_argument("counts", type=lambda text: [int(number) for number in text.split(",")])
    parser.add_argument("--work", default="recall")
    parser.add_argument("--most", type=float, default=1e9, metavar="SECONDS")
    options = parser.parse_args()
    options.until = time.monotonic() + options.most
    os.makedirs(options.work, exist_ok=True)
    encoder = clipsearch.Encoder(MODEL)
    for vectors, queries in sets(options, encoder):
        database = os.path.join(options.work, f"{options.set}-{len(vectors)}.db")
        if not os.path.exists(database):
            put(options.program, database, vectors)
        collection = clipsearch.Collection(database, model=encoder)
        for kind, asked in queries.items():
            asked = asked if isinstance(asked, np.ndarray) else encoder.encode_texts(asked)
            share, lost, spent = recall(collection, asked)
            print(f"{options.set:6} {len(vectors):7} {kind:8} {len(asked):4} recall@10 {share:.4f}, {lost} miss more than two, "
                  f"{spent:.3f} ms of processor time each", flush=True)
        collection.close()
        check = subprocess.run([options.program, "check", "--db", database, "--sample", "1000"], capture_output=True,
                               text=True, check=False)
        print(check.stdout + check.stderr, end="", flush=True)


if __name__ == "__main__":
    main()
