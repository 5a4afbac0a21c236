#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Weight files with some matrices of 8 bits and some of floats, put together from a model and its conversion. Prints TAP.

    test_mixed_codes.py CLIPSEARCH MODEL IMAGE
"""
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
        print("1..4")
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


main()
