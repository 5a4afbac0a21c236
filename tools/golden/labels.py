#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Zero-shot labels of images by the built-in model in PyTorch (weights/train): a line "PROBABILITY  LABEL  NAME" for each,
on stdout.

Usage: labels.py MODEL_DIRECTORY LABELS_FILE IMAGE...
"""
import os
import sys

import numpy as np
import torch

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "weights", "train"))
import export  # noqa: E402
import learn  # noqa: E402
import photographs  # noqa: E402

TEMPLATE = "a photo of a {}."


@torch.no_grad()
def main():
    directory, names, paths = sys.argv[1], sys.argv[2], sys.argv[3:]
    with open(names, encoding="utf-8") as file:
        labels = file.read().splitlines()
    towers, tokenizer = export.read(directory)
    texts = towers.text(*learn.encoded([tokenizer(TEMPLATE.format(label)) for label in labels]))
    for path in paths:
        image = towers.image(torch.from_numpy(np.array(photographs.read(path)))[None])
        out = (export.SCALE * image @ texts.T).softmax(-1)[0]
        best = int(out.argmax())
        print(f"{out[best]:.4f}  {labels[best]}  {os.path.basename(path)}")


main()
