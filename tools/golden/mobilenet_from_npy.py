# SPDX-License-Identifier: MIT
"""A model directory for clipsearch from MobileNetV2's layers as single .npy files.

    mobilenet_from_npy.py WEIGHTS DIR

WEIGHTS holds conv_N_weight.npy and conv_N_bias.npy, N being a layer's place in the ONNX model zoo's mobilenetv2-7 graph
(Apache 2.0), where BatchNorm is folded already. DIR gets model.safetensors with the names torchvision's mobilenet_v2
has, biases in place of BatchNorm. Needs nothing but Python: tests run it.
"""
import ast
import json
import os
import re
import struct
import sys


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


def read_npy(path):
    """Shape and bytes of a little-endian float32 array (numpy's format, version 1)."""
    with open(path, "rb") as file:
        data = file.read()
    assert data[:8] == b"\x93NUMPY\x01\x00", path
    size = struct.unpack("<H", data[8:10])[0]
    header = ast.literal_eval(data[10:10 + size].decode())
    assert header["descr"] == "<f4" and not header["fortran_order"], (path, header)
    return header["shape"], data[10 + size:]


def save_file(tensors, path):
    header, offset = {}, 0
    for name, (shape, data) in tensors.items():
        header[name] = {"dtype": "F32", "shape": list(shape), "data_offsets": [offset, offset + len(data)]}
        offset += len(data)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(data for _, data in tensors.values()))


def main():
    source, out = sys.argv[1:]
    places = sorted(int(re.fullmatch(r"conv_(\d+)_weight\.npy", name)[1]) for name in os.listdir(source)
                    if re.fullmatch(r"conv_(\d+)_weight\.npy", name))
    layers = list(names())
    assert len(places) == len(layers), f"{len(places)} convolutions, expected {len(layers)}"
    tensors = {}
    for place, name in zip(places, layers):
        for part in ("weight", "bias"):
            tensors[f"{name}.{part}"] = read_npy(os.path.join(source, f"conv_{place}_{part}.npy"))
    os.makedirs(out, exist_ok=True)
    save_file(tensors, os.path.join(out, "model.safetensors"))
    print(f"{out}: {len(tensors)} tensors")


if __name__ == "__main__":
    main()
