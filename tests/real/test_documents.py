#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Run the sessions of examples/documents/README.md with some of the shared photographs, and check what they made.

Only MobileNetV2 has its real weights here. The others have random weights of the true sizes, in safetensors files with the
names that the YAML files have: a weight file is recognised by its content. TAP.

Usage: test_documents.py SOURCE_ROOT CLIPSEARCH RANDOM_MODEL RANDOM_CNN CLASSES
CLASSES 0, for builds with sanitizers: each of the models encodes one photograph, and that is all.
"""
import json
import math
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile

root, program, random_model, random_cnn = map(os.path.abspath, sys.argv[1:5])
classes = int(sys.argv[5])
sys.path[:0] = [os.path.join(root, "tools"), os.path.join(root, "tests")]
sys.path.insert(0, os.path.join(root, "tests/server"))
from check_readme import sessions  # noqa: E402
from running import Server, form  # noqa: E402
from tap import Tap  # noqa: E402

shared = os.environ.get("CLIPSEARCH_SHARED_DATA", "")
photos, bpe = os.path.join(shared, "photos/imagenet-100x10"), os.path.join(shared, "bpe")
mobilenet = os.path.join(shared, "weights/mobilenetv2/weights")
MODELS = {"resnet50": "resnet50-0676ba61.pth", "resnet34": "resnet34_a1_0-46f8f793.pth",
          "vgg16-keras": "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5"}
tap = Tap()


def line_matches(expected, found):
    return re.fullmatch(".*".join(map(re.escape, expected.split("..."))), found) is not None


def matches(expected, found):
    """A line "..." stands for any number of lines, inside a line for any words."""
    if not expected:
        return not found
    if expected[0] == "...":
        return any(matches(expected[1:], found[i:]) for i in range(len(found) + 1))
    return bool(found) and line_matches(expected[0], found[0]) and matches(expected[1:], found[1:])


def make_place(work, stories="examples/documents", count=classes, clip="vit-b-32", networks=True):
    """The folder of the README in `stories`: its YAML files, photographs of `count` classes and the models; of CLIP one of this shape,
    and alone without `networks`."""
    for name in os.listdir(os.path.join(root, stories)):
        if name.endswith(".yaml"):
            shutil.copy(os.path.join(root, stories, name), work)
    names = sorted(os.listdir(os.path.join(photos, "train")))[:count]
    assert not count or "Afghan_hound" in names
    for name in names:
        shutil.copytree(os.path.join(photos, "train", name), os.path.join(work, "photos", name))
    shutil.copytree(os.path.join(photos, "test/Afghan_hound"), os.path.join(work, "queries/Afghan_hound"))
    models = os.path.join(work, "models")
    os.mkdir(models)
    for network, file in MODELS.items() if networks else ():
        subprocess.run([random_cnn, network, os.path.join(models, file)], check=True)
    subprocess.run([random_model, os.path.join(models, "clip-vit-base-patch32"), os.path.realpath(bpe), clip], check=True)
    if networks:
        subprocess.run([sys.executable, os.path.join(root, "tools/golden/mobilenet_from_npy.py"), mobilenet,
                        os.path.join(models, "mobilenetv2")], check=True, stdout=subprocess.DEVNULL)
    os.mkdir(os.path.join(work, "bin"))
    os.symlink(program, os.path.join(work, "bin/clipsearch"))
    return {"PATH": os.path.join(work, "bin") + ":" + os.environ["PATH"], "XDG_DATA_HOME": work, "XDG_CONFIG_HOME": work,
            **{key: value for key, value in os.environ.items() if key.endswith("SAN_OPTIONS")}}


def run_sessions(work, environment, said, stories="examples/documents", which=lambda command: True):
    with open(os.path.join(root, stories, "README.md"), encoding="utf-8") as file:
        text = file.read()
    for command, expected in filter(lambda session: which(session[0]), sessions(text)):
        ran = subprocess.run(command, shell=True, cwd=work, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                             text=True)
        found = ran.stdout.splitlines()
        good = ran.returncode == 0 and matches(expected, found)
        tap.ok(good, "$ " + command)
        if not good:
            print(*("# " + line for line in [f"exit code {ran.returncode}", *found, *ran.stderr.splitlines()[-5:]]), sep="\n")
        said.append((command, ran.stdout))


def size_of_png(path):
    with open(path, "rb") as file:
        return struct.unpack(">II", file.read(24)[16:])


def load(work, name):
    with open(os.path.join(work, name), encoding="utf-8") as file:
        return json.load(file)


def look(work, said):
    total = f"Inserted {10 * classes} images into "
    for name in ("resnet50", "resnet34", "vgg16", "clip", "mobilenet"):
        tap.ok(any(out.startswith(total + name) for _, out in said), f"{total}{name}")
    tap.ok(size_of_png(os.path.join(work, "resnet50.png")) == (1112, 24 + 3 * (200 + 16 + 246) + 2 * 48 + 24), "ResNet-50: a sheet of three rows")
    tap.ok(size_of_png(os.path.join(work, "resnet34.png")) == (1112, 24 + 200 + 16 + 508 + 24), "ResNet-34: a sheet of two rows of five")
    found = load(work, "resnet50.json")
    tap.ok(found["metric"] == "l2" and len(found["queries"]) == 2, "ResNet-50: JSON of two queries, by distance")
    tap.ok(all(len(q["hits"]) == 3 and 0 <= q["search_ms"] <= q["ms"] and q["hits"][0]["score"] <= q["hits"][1]["score"]
               for q in found["queries"]), "each with three hits, nearest first, and the search's time")
    prices = [hit["attributes"]["price"] for q in load(work, "cheap.json")["queries"] for hit in q["hits"]]
    tap.ok(len(prices) == 3 and max(prices) < 100, f"VGG16: cheap ones only {prices}")
    others = [item["attributes"] for item in load(work, "others.json")["items"]]
    tap.ok(others and all(a["price"] < 100 and a["name"] != "Afghan_hound" and a["url"].startswith("https://example.org/")
                          for a in others), f"VGG16: {len(others)} by expression alone, with name, url and price")
    tap.ok("vgg16" not in subprocess.run([program, "collections", "--db", os.path.join(work, "documents.db")],
                                         stdout=subprocess.PIPE, text=True, check=True).stdout, "VGG16: dropped")
    hounds = int(said[-1][1])
    tap.ok(hounds >= 6, f"MobileNetV2: {hounds} of 10 for an Afghan hound are Afghan hounds")


def picture_shop(work, environment):
    """The shop: a photograph is uploaded to serve, and the ten most alike have names and prices."""
    version = subprocess.run([program, "version", "-v"], stdout=subprocess.PIPE, text=True, check=True).stdout
    if "microhttpd" not in version or re.search(r"microhttpd +not ", version):
        tap.ok(True, "the shop # SKIP libmicrohttpd is not there")
        return
    photograph = os.path.join(work, "photos/Afghan_hound/n02088094_1045.JPEG")
    subprocess.run([program, "ingest", "-q", "vgg16.yaml"], cwd=work, env=environment, check=True)
    server = Server(program, os.path.join(work, "documents.db"), "--collection", "vgg16", environment=environment)
    with open(photograph, "rb") as file:
        body, kind = form([("image", "hound.jpg", file.read()), ("k", 10)])
    hits = server.ask("POST", "/v1/search", body, {"Content-Type": kind}, timeout=300).json().get("hits", [])
    server.stop()
    tap.ok(len(hits) == 10 and os.path.realpath(hits[0]["path"]) == os.path.realpath(photograph) and hits[0]["score"] < 1e-6,
           "the shop: the photograph itself is the first of ten")
    tap.ok(all(hit["attributes"]["name"] and isinstance(hit["attributes"]["price"], int) for hit in hits),
           "the shop: each with its name and price " + str([hit["attributes"].get("price") for hit in hits]))


def self_search(work, environment):
    """Every photograph, by each encoder that is left (the VGG16 session drops its collection): it finds itself first."""
    paths = [os.path.join(folder, file) for folder, _, files in sorted(os.walk(os.path.join(work, "photos")))
             for file in sorted(files)]
    models = {"resnet50": MODELS["resnet50"], "resnet34": MODELS["resnet34"], "mobilenet": "mobilenetv2",
              "clip": "clip-vit-base-patch32"}
    for collection, model in models.items():
        ran = subprocess.run([program, "--db", "documents.db", "--collection", collection, "--model", "models/" + model, "-k", "1",
                              "--json", "--with-self", *(word for path in paths for word in ("--image", path))], cwd=work, env=environment,
                             stdout=subprocess.PIPE, check=True)
        queries = json.loads(ran.stdout)["queries"]
        first = sum(os.path.realpath(q["hits"][0]["path"]) == os.path.realpath(path) for q, path in zip(queries, paths))
        tap.ok(first == len(paths) == len(queries) == 10 * classes, f"{collection}: {first} of {len(paths)} find themselves first")


def encode_one(work, environment):
    """Every network at its true size, once: numbers of a vector, all finite."""
    photograph = os.path.join(photos, "test/Afghan_hound", min(os.listdir(os.path.join(photos, "test/Afghan_hound"))))
    for model, dim in ((MODELS["resnet50"], 2048), (MODELS["resnet34"], 512), (MODELS["vgg16-keras"], 512), ("clip-vit-base-patch32", 512),
                       ("mobilenetv2", 1280)):
        ran = subprocess.run([program, "embed", "--model", "models/" + model, "--image", photograph], cwd=work, env=environment,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        vector = json.loads(ran.stdout)["vector"] if ran.returncode == 0 else []
        tap.ok(len(vector) == dim and all(map(math.isfinite, vector)) and any(vector), f"{model} encodes a photograph: {len(vector)} numbers",
               ran.stderr.splitlines()[-20:])


def main():
    if not all(os.path.isdir(path) for path in (os.path.join(photos, "train"), bpe, mobilenet)):
        print("ok 1 - the documents' stories # SKIP the shared photographs are absent\n1..1")
        return 0
    with tempfile.TemporaryDirectory(dir=os.environ.get("CLIPSEARCH_BUILD_ROOT")) as work:
        environment, said = make_place(work), []
        if not classes:
            encode_one(work, environment)
            return tap.done()
        run_sessions(work, environment, said)
        if not tap.failed:
            look(work, said)
            self_search(work, environment)
            picture_shop(work, environment)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
