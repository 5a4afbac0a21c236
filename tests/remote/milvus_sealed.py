# SPDX-License-Identifier: MIT
"""Sealed segments on a real Milvus server: what is searched is the index that was chosen.

A server seals a segment when it is full, or on request; until then it searches a temporary index of its own. Here it is asked to, so that
recall is that of the index that was chosen: of texts, which lie apart from images, and of images.
"""
import json
import os
import random
import re
import shutil

import milvus_raw
from milvus_case import PHOTOS, SOURCE, check, run, write_npy

COUNT, DIM, CLUSTERS, QUERIES, K = 4000, 24, 200, 60, 10
TYPES = {"hnsw": "{type: hnsw, m: 16, ef_construction: 200, ef: 128}", "ivf_flat": "{type: ivf_flat, nlist: 64, nprobe: 32}"}


def write_images(folder):
    """Vectors about a common mean, in clusters, as images have them."""
    rng = random.Random(11)

    def direction(length):
        return [rng.gauss(0, length / DIM ** 0.5) for _ in range(DIM)]
    mean, clusters = direction(1), [direction(1) for _ in range(CLUSTERS)]
    rows = [[m + c + n for m, c, n in zip(mean, clusters[i % CLUSTERS], direction(0.5))] for i in range(COUNT)]
    write_npy(folder + "/images.npy", rows)
    with open(folder + "/images.jsonl", "w", encoding="utf-8") as out:
        out.writelines(json.dumps({"path": f"/images/{i}.jpg", "number": i}) + "\n" for i in range(COUNT))


def write_sentences(folder):
    things = "dog cat horse bus car tree house boat bird child".split()
    places = "on a beach|in the snow|at night|by a river|in a street|near a wall".split("|")
    with open(folder + "/sentences.txt", "w", encoding="utf-8") as out:
        out.writelines(f"a photo of a {thing} {place}\n" for thing in things for place in places)


def recall(at, *queries):
    """The share of the ten nearest that are found: a hit counts when it is as near as the last of them."""
    found, exact = (json.loads(run(*queries, "-k", str(K), "--all", "--json", *more, *at)[1])["queries"] for more in ([], ["--exact"]))
    good = total = 0
    for one, right in zip(found, exact):
        last = right["hits"][-1]["score"] - 1e-5
        good += sum(hit["score"] >= last for hit in one["hits"])
        total += len(right["hits"])
    return good / total, len(exact)


def test(milvus, folder):
    raw = milvus_raw.Raw()
    model = folder + "/sealed-model"
    shutil.copytree(os.path.join(SOURCE, "tests/data/clip-tiny/hf"), model)
    write_images(folder)
    write_sentences(folder)
    for kind, index in TYPES.items():
        name = "sealed_" + kind
        with open(folder + f"/{name}.yaml", "w", encoding="utf-8") as out:
            out.write(f"collection: {name}\nmodel: {model}\nindex: {index}\nsources: ['{PHOTOS}/lawn.jpg']\n")
        run("ingest", folder + f"/{name}.yaml", "-q", "--db", milvus)
        code, out, err = run("import", "--vectors", folder + "/images.npy", "--meta", folder + "/images.jsonl", "--model", model, "-q",
                             "--collection", name, "--db", milvus)
        out = run("check", name, "--db", milvus)[1]
        check(code == 0 and "0 of 0 vectors in sealed segments" in out and ", loaded" in out, f"{kind}: nothing is sealed yet", out, err)
        raw.call("Flush", milvus_raw.message(f3=name))
    for kind in TYPES:
        name = "sealed_" + kind
        at = ["--model", model, "--collection", name, "--db", milvus]
        said = raw.seal(name)
        out = run("check", name, "--db", milvus)[1]
        check(f"{kind.upper()}, {COUNT + 1} of {COUNT + 1} vectors in sealed segments indexed (finished), loaded" in out and "sound" in out,
              f"{kind}: check says that all is {said}", out)
        texts, asked = recall(at, "--list", folder + "/sentences.txt")
        check(texts >= 0.95 and asked == QUERIES, f"{kind}: recall@10 of {asked} sentences {texts:.4f}")
        images = re.search(r"recall@10  (\d\.\d+) for images, measured with 500", run("check", name, "--sample", "500", "--db", milvus)[1])
        check(images and float(images[1]) >= 0.97, f"{kind}: recall@10 of 500 images {images and images[1]}")
        first = json.loads(run("a photo of a dog", "-k", "1", "--json", *at)[1])["queries"][0]["hits"][0]
        run("delete", "--filter", f"path == \"{first['path']}\"", "--yes", "-q", *at[2:])
        again = json.loads(run("a photo of a dog", "-k", "1", "--json", *at)[1])["queries"][0]["hits"][0]
        check(again["path"] != first["path"] and again["score"] <= first["score"], f"{kind}: what is removed from a sealed segment is gone", first, again)
        run("drop", name, "--yes", "--db", milvus)
