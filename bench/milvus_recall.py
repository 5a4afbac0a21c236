#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Recall@10 of searches on a Milvus server, before its segments are sealed and after that with their index, with the vectors of recall.py.

    milvus_recall.py CLIPSEARCH PHOTOS COUNT [--db ADDRESS] [--index TYPE[,TYPE...]] [--work DIR]

For each type of index a collection is made on the server at ADDRESS (milvus://127.0.0.1:19530), filled with COUNT crops of the photographs and
dropped in the end. Queries are those of recall.py: captions, short texts, crops that are not in the collection. The exact answer is numpy's, in
double precision; a hit counts when its score is not below that of the tenth. After the first measurement the server is told to seal what it
has (Flush), and waited for until it searches sealed segments with an index only. Needs what recall.py needs, and curl.
"""
import argparse
import os
import subprocess
import sys
import tempfile
import time

import numpy as np

import clipsearch
import recall

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests", "remote"))
import milvus_raw  # noqa: E402

NAME = "recall"
WIDTHS = {"hnsw": (0, 64, 128, 256), "ivf_flat": (0, 16, 64, 256), "ivf_sq8": (0, 64, 256)}  # 0: the collection's own


def make_collection(program, address, kind, photo, vectors, work):
    """A collection with this index, made as an ingest file makes it, and filled by import."""
    subprocess.run([program, "drop", NAME, "--yes", "--db", address], capture_output=True, check=False)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "ingest.yaml")
        with open(path, "w", encoding="utf-8") as out:
            out.write(f"collection: {NAME}\nindex: {{type: {kind}}}\nsources: ['{photo}']\n")
        subprocess.run([program, "ingest", path, "-q", "--model", recall.MODEL, "--db", address], check=True)
    stem = os.path.join(work, "crops")
    np.save(stem + ".npy", vectors)
    with open(stem + ".jsonl", "w", encoding="utf-8") as out:
        out.writelines('{"path":"%d.jpg"}\n' % number for number in range(len(vectors)))
    subprocess.run([program, "import", "-q", "--db", address, "--collection", NAME, "--model", recall.MODEL, "--vectors", stem + ".npy",
                    "--meta", stem + ".jsonl"], check=True)
    subprocess.run([program, "delete", "--filter", "width > 0", "--yes", "-q", "--db", address, "--collection", NAME], check=True)


def measure(collection, vectors, kind, queries, state):
    for name, asked in queries.items():
        scores = asked.astype("f8") @ vectors.astype("f8").T
        last = np.partition(scores, -recall.K, axis=1)[:, -recall.K]
        for ef in WIDTHS[kind]:
            began = time.perf_counter()
            found = collection.search_many(asked, recall.K, ef=ef)
            spent = (time.perf_counter() - began) * 1e3 / len(asked)
            shares = np.array([sum(row[int(hit.path[:-4])] >= low - 1e-6 for hit in hits) / recall.K
                               for row, low, hits in zip(scores, last, found)])
            print(f"{kind:8} {state:7} {name:8} {'own' if ef == 0 else ef:>4} recall@10 {shares.mean():.4f}, {int((shares < 0.75).sum()):3} "
                  f"miss more than two, {spent:.2f} ms each", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("photos")
    parser.add_argument("count", type=int)
    parser.add_argument("--db", default="milvus://127.0.0.1:19530")
    parser.add_argument("--index", default="hnsw,ivf_flat")
    parser.add_argument("--work", default="recall")
    options = parser.parse_args()
    options.set, options.counts, options.until = "crops", [options.count], time.monotonic() + 1e9
    os.makedirs(options.work, exist_ok=True)
    encoder = clipsearch.Encoder(recall.MODEL)
    raw = milvus_raw.Raw(int(options.db.rsplit(":", 1)[1]))
    (vectors, queries), = recall.sets(options, encoder)
    queries = {name: asked if isinstance(asked, np.ndarray) else encoder.encode_texts(asked) for name, asked in queries.items()}
    for kind in options.index.split(","):
        make_collection(options.program, options.db, kind, recall.photos_of(options.photos)[0], vectors, options.work)
        collection = clipsearch.Collection(options.db, NAME, model=encoder)
        measure(collection, vectors, kind, queries, "growing")
        print(f"{kind:8} {raw.seal(NAME)}", flush=True)
        measure(collection, vectors, kind, queries, "sealed")
        collection.close()
        print(subprocess.run([options.program, "check", NAME, "--db", options.db, "--sample", "1000"], capture_output=True, text=True,
                             check=False).stdout, end="", flush=True)
        subprocess.run([options.program, "drop", NAME, "--yes", "--db", options.db], capture_output=True, check=False)


if __name__ == "__main__":
    main()
