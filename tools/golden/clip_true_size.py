# SPDX-License-Identifier: MIT
"""What the reference computes with a CLIP of true size that tests/real/random_model.c writes.

    clip_true_size.py RANDOM_MODEL OUT [SHAPE]      the default shape is vit-b-32

RANDOM_MODEL is the program that meson builds from tests/real/random_model.c: its weights are drawn by integer arithmetic
from a fixed seed, so they are the same bits on every machine and need not be kept. OUT/SHAPE.safetensors
(OUT/expected.safetensors for the default) receives the
unit vectors of two images and three texts, computed in float64 by transformers; open_clip must agree (clip_towers.check).
The pixels come from the formula of make_pixels, which tests/nn/test_true_size.c repeats; they too are not kept.
"""
import os
import subprocess
import sys
import tempfile

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from transformers import CLIPModel

from clip_towers import ARCHITECTURES, check, config_of, make_ids, ragged, transformers_stages

IMAGES, LENGTHS = 2, [5, 77, 12]


def byte_of(number, factor):
    return ((number.astype(np.uint64) * factor) % 2**32) >> 24


def make_pixels(count, size):
    """Squares of 28 pixels, and some noise: sums of fractions of 512 below 4, exact in float32."""
    n, c, y, x = np.meshgrid(np.arange(count), np.arange(3), np.arange(size), np.arange(size), indexing="ij")
    squares = byte_of(n * 1013 + c * 331 + y // 28 * 57 + x // 28 * 91 + 1, 2654435761)
    noise = byte_of(n * 7 + c * 3 + y * 13 + x * 29 + 7, 2246822519)
    return torch.from_numpy(((squares.astype(np.float64) - 128) / 64 + (noise.astype(np.float64) - 128) / 512)).float()


def main():
    program, out, *shape = sys.argv[1:]
    arch = shape[0] if shape else "vit-b-32"
    activation = "gelu" if shape else "quick_gelu"
    with tempfile.TemporaryDirectory() as folder:
        model_folder = os.path.join(folder, "model")
        subprocess.run([program, model_folder, folder, *shape], check=True)
        weights = load_file(os.path.join(model_folder, "model.safetensors"))
    model = CLIPModel._from_config(config_of(arch, activation), attn_implementation="sdpa").eval()
    missing, unexpected = model.load_state_dict({k: v.float() for k, v in weights.items()}, strict=False)
    assert not unexpected and all(name.endswith("position_ids") for name in missing), (missing, unexpected)
    vision, text, _ = ARCHITECTURES[arch]
    pixels, ids = make_pixels(IMAGES, vision[4]), make_ids(LENGTHS, text[4], text[5], seed=3)
    stages = transformers_stages(model.double(), pixels, ids, LENGTHS)
    check(model, arch, activation, stages, pixels, ids, 0.97)  # patches of 16 pixels make the two images more alike
    os.makedirs(out, exist_ok=True)
    save_file({**ragged(ids, LENGTHS), "vision.vector": stages["vision.vector"].float(),
               "text.vector": stages["text.vector"].float()}, os.path.join(out, (shape[0] if shape else "expected") + ".safetensors"))


if __name__ == "__main__":
    main()
