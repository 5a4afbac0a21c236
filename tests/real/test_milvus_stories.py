#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Run the sessions of examples/documents/milvus/README.md on a real Milvus server, which the test starts (tests/remote). TAP.

Usage: as test_documents.py.
"""
import json
import os
import struct
import subprocess
import sys
import tempfile

sys.path[:0] = [os.path.dirname(os.path.abspath(__file__)), os.path.join(os.path.abspath(sys.argv[1]), "tests/remote")]
import milvus_server  # noqa: E402
import test_documents as documents  # noqa: E402
from milvus_raw import FLOAT_VECTOR, INT64, VARCHAR, Raw  # noqa: E402

STORIES = "examples/documents/milvus"
SHOWN = "photos/Afghan_hound/n02088094_1045.JPEG"
tap = documents.tap


def make_foreign(work, environment):
    """What a program of the documents makes: an automatic number, a path, a name and a price, a vector; ten images."""
    folder = os.path.join(work, "photos/Afghan_hound")
    names = sorted(os.listdir(folder))
    vectors = os.path.join(work, "vectors.npy")
    subprocess.run(["clipsearch", "embed", "--model", "models/" + documents.MODELS["resnet50"], "--format", "npy", "-o", vectors,
                    *(word for name in names for word in ("--image", "photos/Afghan_hound/" + name))], cwd=work, env=environment, check=True)
    with open(vectors, "rb") as file:
        data = file.read()[-4 * 2048 * len(names):]
    rows = [struct.unpack_from("<2048f", data, 4 * 2048 * i) for i in range(len(names))]
    raw = Raw()
    raw.create("image_search", [("id", INT64, None), ("filepath", VARCHAR, 500), ("pic_name", VARCHAR, 100), ("pic_price", INT64, None),
                                ("image_embedding", FLOAT_VECTOR, 2048)], "L2", "IVF_FLAT", nlist=128)
    paths = ["photos/Afghan_hound/" + name for name in names]
    raw.insert("image_search", {"filepath": (VARCHAR, paths), "pic_name": (VARCHAR, names),
                                "pic_price": (INT64, [50 if path == SHOWN else 150 for path in paths]),
                                "image_embedding": (FLOAT_VECTOR, rows)}, len(names))
    tap.ok(raw.count("image_search") == len(names), "another program's collection is made")


def look(work):
    total = 10 * documents.classes
    prices = [hit["attributes"]["price"] for q in documents.load(work, "cheap.json")["queries"] for hit in q["hits"]]
    tap.ok(prices and max(prices) < 100, f"VGG16: cheap ones only {prices}")
    others = [item["attributes"] for item in documents.load(work, "others.json")["items"]]
    expected = [price for i in range(total) if (price := (i + 1) * 37 % 500) < 400 and i >= 10]
    tap.ok(sorted(a["price"] for a in others) == sorted(expected) and all(a["url"].startswith("https://example.org/") for a in others),
           f"VGG16: {len(others)} by an expression over name, url and price")
    left = [item["attributes"]["price"] for item in documents.load(work, "left.json")["items"]]
    tap.ok(left and all(250 < price <= 300 for price in left), f"VGG16: those above 300 are removed, {len(left)} above 250 are left")
    tap.ok(documents.size_of_png(os.path.join(work, "clip.png"))[0] == 1112, "CLIP: a sheet")


def self_search(work, environment):
    """Every photograph finds itself first, over each type of index."""
    paths = [f"photos/{folder}/{file}" for folder in sorted(os.listdir(os.path.join(work, "photos")))
             for file in sorted(os.listdir(os.path.join(work, "photos", folder)))]
    for collection, model in {"resnet50": documents.MODELS["resnet50"], "resnet34": documents.MODELS["resnet34"],
                              "mobilenet": "mobilenetv2"}.items():
        count_first(work, environment, collection, model, paths)


def count_first(work, environment, collection, model, paths):
    """How many of the images find themselves first."""
    ran = subprocess.run(["clipsearch", "--db", "milvus://localhost:19530", "--collection", collection, "--model", "models/" + model,
                          "-k", "1", "--json", "--with-self", *(word for path in paths for word in ("--image", path))], cwd=work,
                         env=environment, stdout=subprocess.PIPE, check=True)
    queries = json.loads(ran.stdout)["queries"]
    first = sum(os.path.realpath(q["hits"][0]["path"]) == os.path.realpath(os.path.join(work, path))
                for q, path in zip(queries, paths))
    tap.ok(first == len(paths) == len(queries), f"{collection}: {first} of {len(paths)} find themselves first")


def thousand(work, wheel):
    """CLIP's session with all photographs, whose first words are the documents': "Inserted 1000 images". One photograph of each class
    finds itself. The model is a CLIP of TinyCLIP's small shape, which encodes them in seconds."""
    environment, said = documents.make_place(work, STORIES, 100, "tinyclip-8m-16", networks=False), []
    server = milvus_server.Server(wheel, work + "/server")
    try:
        documents.run_sessions(work, environment, said, STORIES, lambda command: "clip.yaml" in command or "a white dog" in command)
        first = said[0][1].splitlines()[0]
        tap.ok(first.startswith("Inserted 1000 images into clip"), f"CLIP, all photographs: {first}")
        hits = said[1][1].splitlines()
        scores = [float(line.split()[0]) for line in hits if line]
        tap.ok(len(scores) == 10 and scores == sorted(scores, reverse=True), "\"a white dog\": ten of them, the nearest first")
        again = subprocess.run(["clipsearch", "ingest", "clip.yaml"], cwd=work, env=environment, stdout=subprocess.PIPE, text=True, check=False)
        tap.ok("Inserted 0 images" in again.stdout and "1000 unchanged" in again.stdout, "and once more: all are there")
        folder = os.path.join(work, "photos")
        paths = [f"photos/{name}/{sorted(os.listdir(os.path.join(folder, name)))[2]}" for name in sorted(os.listdir(folder))]
        count_first(work, environment, "clip", "clip-vit-base-patch32", paths)
    finally:
        server.kill()


def main():
    if not all(os.path.isdir(path) for path in (os.path.join(documents.photos, "train"), documents.bpe, documents.mobilenet)):
        print("1..0 # SKIP the shared photographs are absent")
        return 0
    build = os.environ["CLIPSEARCH_BUILD_ROOT"]
    wheel, why = milvus_server.find_wheel(build, documents.root)
    why = why or milvus_server.own_network()
    if why:
        print(f"1..0 # SKIP {why}")
        return 0
    with tempfile.TemporaryDirectory(dir=build) as work:
        environment, said = documents.make_place(work, STORIES), []
        os.environ["PATH"] = environment["PATH"]
        server = milvus_server.Server(wheel, work + "/server")
        try:
            make_foreign(work, environment)
            documents.run_sessions(work, environment, said, STORIES, lambda command: "+tls" not in command)
            self_search(work, environment)
        finally:
            server.kill()
        look(work)
        secure = milvus_server.with_tls(work)
        with open(work + "/token", "w", encoding="utf-8") as out:
            out.write("root:Milvus\n")
        server = milvus_server.Server(wheel, work + "/tls-server", **secure)
        try:
            documents.run_sessions(work, environment, said, STORIES, lambda command: "+tls" in command)
        finally:
            server.kill()
    with tempfile.TemporaryDirectory(dir=build) as work:
        thousand(work, wheel)
    return tap.done()


sys.exit(main())
