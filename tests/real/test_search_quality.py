#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Search quality on photographs: MobileNetV2 with its real weights, the 100 shared test photographs against the 1,000
training photographs of 100 classes, cosine. A reference measured P@1 0.79, P@10 0.56 and mAP 0.60 (tools/golden/mobilenet_vectors.py
--search measures torchvision's). And the tower alone, on the inputs that come with the weights. TAP.

Usage: test_search_quality.py SOURCE_ROOT CLIPSEARCH TEST_MOBILENET
"""
import json
import os
import subprocess
import sys
import tempfile

root, program, test_mobilenet = map(os.path.abspath, sys.argv[1:4])
sys.path.insert(0, os.path.join(root, "tests"))
from tap import Tap  # noqa: E402

shared = os.environ.get("CLIPSEARCH_SHARED_DATA", "")
photos, data = os.path.join(shared, "photos/imagenet-100x10"), os.path.join(shared, "weights/mobilenetv2")
MEASURED = {"P@1": 0.79, "P@10": 0.56, "mAP": 0.60}
HOUNDS = 4  # of the ten photographs nearest to the Afghan hound
tap = Tap()


def label(path):
    return os.path.basename(os.path.dirname(path))


def figures(queries):
    first = ten = mean = 0
    for query in queries:
        right = [label(hit["path"]) == label(query["image"]) for hit in query["hits"]]
        ranks = [rank for rank, is_right in enumerate(right, 1) if is_right]
        first += right[0]
        ten += sum(right[:10]) / 10
        mean += sum(n / rank for n, rank in enumerate(ranks, 1)) / 10
    return {"P@1": first / len(queries), "P@10": ten / len(queries), "mAP": mean / len(queries)}


def search(work):
    model = os.path.join(work, "mobilenetv2")
    environment = dict(os.environ, XDG_DATA_HOME=work, XDG_CONFIG_HOME=work)
    subprocess.run([sys.executable, os.path.join(root, "tools/golden/mobilenet_from_npy.py"), os.path.join(data, "weights"), model],
                   check=True, stdout=subprocess.DEVNULL)
    tower = subprocess.run([test_mobilenet, model, os.path.join(data, "test_data_set"),
                            os.path.join(root, "tests/real/data/mobilenet-vectors.safetensors")], stdout=subprocess.PIPE, text=True)
    print(*("# " + line for line in tower.stdout.splitlines()), sep="\n")
    tap.ok(tower.returncode == 0, "the tower makes the features of float64")
    common = ["--db", os.path.join(work, "photos.db"), "--model", model, "--exif", "ignore"]
    said = subprocess.run([program, "ingest", *common, "--include", "*.JPEG", os.path.join(photos, "train")], env=environment,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True).stdout.strip()
    tap.ok(said.startswith("Inserted 1000 images into photos"), said)
    tests = sorted(os.path.join(folder, name) for folder, _, names in os.walk(os.path.join(photos, "test")) for name in names)
    found = subprocess.run([program, *common, "-k", "1000", "--json", "--with-self", *(word for path in tests for word in ("--image", path))],
                           env=environment, stdout=subprocess.PIPE, check=True)
    queries = json.loads(found.stdout)["queries"]
    tap.ok(len(queries) == 100 and all(len(query["hits"]) == 1000 for query in queries), "100 queries, 1,000 hits each")
    for name, value in figures(queries).items():
        tap.ok(abs(value - MEASURED[name]) <= 0.01 + 1e-9, f"{name} {value:.3f}, {MEASURED[name]:.2f} was measured")
    hounds = next(query for query in queries if label(query["image"]) == "Afghan_hound")
    nearest = [label(hit["path"]) for hit in hounds["hits"][:10]]
    most = max(nearest.count(name) for name in nearest if name != "Afghan_hound")
    right = nearest.count("Afghan_hound")
    tap.ok(right == HOUNDS > most and nearest[0] == "Afghan_hound",
           f"the Afghan hound's ten nearest among 1,000: {right} Afghan hounds, the first too, {most} of any other class")


def main():
    if not all(os.path.isdir(path) for path in (os.path.join(photos, "train"), os.path.join(data, "weights"))):
        print("ok 1 - search quality # SKIP the shared photographs are absent\n1..1")
        return 0
    with tempfile.TemporaryDirectory(dir=os.environ.get("CLIPSEARCH_BUILD_ROOT")) as work:
        search(work)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
