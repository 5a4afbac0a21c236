# SPDX-License-Identifier: MIT
"""A model directory for clipsearch from MobileNetV2's layers as single .npy files.

    mobilenet_from_npy.py WEIGHTS DIR

WEIGHTS holds conv_N_weight.npy and conv_N_bias.npy, N being a layer's place in the ONNX model zoo's mobilenetv2-7 graph
(Apache 2.0), where BatchNorm is folded already. DIR gets model.safetensors with the names torchvision's mobilenet_v2
has, biases in place of BatchNorm. Needs numpy and safetensors.
"""
import os
import re
import sys

import numpy as np
from safetensors.numpy import save_file


def names():
    """torchvision's names of the convolutions, in the order the graph has them."""
    yield "features.0.0"
    for block in range(1, 18):
        if block > 1:
            yield f"features.{block}.conv.0.0"
            yield f"features.{block}.conv.1.0"
            yield f"features.{block}.conv.2"
        else:
            yield "features.1.conv.0.0"
            yield "features.1.conv.1"
    yield "features.18.0"


def main():
    source, out = sys.argv[1:]
    places = sorted(int(re.fullmatch(r"conv_(\d+)_weight\.npy", name)[1]) for name in os.listdir(source)
                    if re.fullmatch(r"conv_(\d+)_weight\.npy", name))
    layers = list(names())
    assert len(places) == len(layers), f"{len(places)} convolutions, expected {len(layers)}"
    tensors = {}
    for place, name in zip(places, layers):
        for part in ("weight", "bias"):
            tensors[f"{name}.{part}"] = np.load(os.path.join(source, f"conv_{place}_{part}.npy"))
    os.makedirs(out, exist_ok=True)
    save_file(tensors, os.path.join(out, "model.safetensors"))
    print(f"{out}: {sum(t.size for t in tensors.values())} numbers in {len(tensors)} tensors")


if __name__ == "__main__":
    main()
