#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Weight files with some matrices of 8 bits and some of floats, put together from a model and its conversion; and models
with more inputs than a product in 8 bits takes. Prints TAP.

    test_mixed_codes.py CLIPSEARCH MODEL IMAGE
"""
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "cli"))
import bad_weights  # noqa: E402

PATCHES = "patch_embedding.weight"


def read(directory):
    return bad_weights.read(os.path.join(directory, "model.safetensors"))


def mix(floats, coded, to, takes_codes):
    """The tensors of `floats`, those whose name is taken as they are in `coded`."""
    shutil.copytree(floats, to)
    plain, converted, mixed = read(floats), read(coded), {}
    for name in sorted(plain, key=takes_codes):  # floats first: they are aligned
        if takes_codes(name):
            for ending in ("_scale", "_sum", ""):
                mixed[name + ending] = converted[name + ending]
        else:
            mixed[name] = plain[name]
    bad_weights.write(os.path.join(to, "model.safetensors"), mixed)


def widen(model, to, patch, mlp):
    """The model with one patch of `patch` pixels, or with `mlp` inputs of each second MLP matrix, of its image tower."""
    shutil.copytree(model, to)
    with open(os.path.join(to, "config.json"), encoding="utf-8") as file:
        config = json.load(file)
    vision, tensors = config["vision_config"], read(to)
    width = vision["hidden_size"]
    shapes = {}
    if patch:
        vision["image_size"] = vision["patch_size"] = patch
        shapes = {PATCHES: [width, 3, patch, patch], "position_embedding.weight": [2, width]}
        with open(os.path.join(to, "preprocessor_config.json"), encoding="utf-8") as file:
            pixels = json.load(file)
        pixels["size"], pixels["crop_size"] = {"shortest_edge": patch}, {"height": patch, "width": patch}
        with open(os.path.join(to, "preprocessor_config.json"), "w", encoding="utf-8") as file:
            json.dump(pixels, file)
    if mlp:
        vision["intermediate_size"] = mlp
        shapes = {"fc1.weight": [mlp, width], "fc1.bias": [mlp], "fc2.weight": [width, mlp]}
    for name, (dtype, _, data) in tensors.items():
        for ending, shape in shapes.items():
            if name.startswith("vision_model.") and name.endswith(ending):
                size = math.prod(shape) * (2 if dtype in ("F16", "BF16") else 4)
                tensors[name] = (dtype, shape, (data * (size // len(data) + 1))[:size])
    bad_weights.write(os.path.join(to, "model.safetensors"), tensors)
    with open(os.path.join(to, "config.json"), "w", encoding="utf-8") as file:
        json.dump(config, file)


def main():
    program, model, image = sys.argv[1:]
    with tempfile.TemporaryDirectory() as scratch:
        coded = os.path.join(scratch, "coded")
        subprocess.run([program, "model", "convert", model, "--to", coded, "--precision", "int8", "--quiet"], check=True)
        is_coded = {name for name, tensor in read(coded).items() if tensor[0] == "I8"}

        def embed(directory, *options):
            return subprocess.run([program, "embed", "--model", directory, "--image", image, "--quiet", *options],
                                  capture_output=True, text=True)

        cases = (("patches", "of the patches only", lambda name: name.endswith(PATCHES), "the matrix of patches is of 8 bits"),
                 ("some", "of a part of each block", lambda name: name.endswith("out_proj.weight"), "some matrices of a block"))
        number = 0
        print("1..6")
        for name, what, takes, message in cases:
            mixed = os.path.join(scratch, name)
            mix(model, coded, mixed, takes)
            result = embed(mixed)
            number += 1
            good = result.returncode not in (0, -6, -11) and message in result.stderr and not result.stdout
            print(f"{'ok' if good else 'not ok'} {number} - codes {what} are refused: {result.stderr.strip()}")
        # a conversion from before patches had codes
        blocks = os.path.join(scratch, "blocks")
        mix(model, coded, blocks, lambda name: name in is_coded and not name.endswith(PATCHES))
        older, now = embed(blocks), embed(coded)
        good = older.returncode == 0 and older.stdout == now.stdout
        print(f"{'ok' if good else 'not ok'} 3 - codes of the blocks only: the patches are quantized when it is opened")
        good = any(name.endswith(PATCHES) for name in is_coded)
        print(f"{'ok' if good else 'not ok'} 4 - a conversion has codes of the patches")

        def convert(directory, to):
            return subprocess.run([program, "model", "convert", directory, "--to", to, "--precision", "int8", "--quiet"],
                                  capture_output=True, text=True)

        wide, to = os.path.join(scratch, "wide"), os.path.join(scratch, "wide-coded")
        widen(model, wide, 80, 0)
        good = convert(wide, to).returncode == 0 and embed(to).returncode == 0
        good = good and not any(name.endswith(PATCHES) and tensor[0] == "I8" for name, tensor in read(to).items())
        print(f"{'ok' if good else 'not ok'} 5 - patches with too many inputs for 8 bits stay floats")
        wide, to = os.path.join(scratch, "mlp"), os.path.join(scratch, "mlp-coded")
        widen(model, wide, 0, 16640)
        result = convert(wide, to)
        good = result.returncode not in (0, -6, -11) and "16640 inputs" in result.stderr and not os.path.exists(to)
        print(f"{'ok' if good else 'not ok'} 6 - a block with too many is refused: {result.stderr.strip()}")


main()
