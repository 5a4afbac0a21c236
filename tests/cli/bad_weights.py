# SPDX-License-Identifier: MIT
"""Damage a safetensors file: python bad_weights.py FILE OUT HOW [TENSOR]

HOW: cut (half of the file), without TENSOR, extra TENSOR (one more, [4, 8, 1, 1]), classes (7 classes instead of one),
TENSOR's numbers as f32, f64 or i32, or a matrix in 8 bits with a scale for each row: bytes TENSOR, and the same with scales
that are wrong: bytes-nan (the last is not a number), bytes-short (one too few), bytes-f16, bytes-alone (none).
"""
import json
import os
import struct
import sys


def read(path):
    with open(path, "rb") as file:
        data = file.read()
    size = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:8 + size])
    return {name: (t["dtype"], t["shape"], data[8 + size:][slice(*t["data_offsets"])])
            for name, t in header.items() if name != "__metadata__"}


def write(path, tensors):
    header, at = {}, 0
    for name, (dtype, shape, data) in tensors.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [at, at + len(data)]}
        at += len(data)
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(data for _, _, data in tensors.values()))


def numbers(tensor):
    kinds = {"F16": "e", "F32": "f"}
    dtype, _, data = tensor
    return struct.unpack(f"<{len(data) // (2 if dtype == 'F16' else 4)}{kinds[dtype]}", data)


def in_bytes(tensors, name, how):
    rows, columns = tensors[name][1]
    values = numbers(tensors[name])
    lines = [values[i * columns:(i + 1) * columns] for i in range(rows)]
    scales = [max(map(abs, line)) / 127 or 1 for line in lines]
    codes = [round(value / scale) for line, scale in zip(lines, scales) for value in line]
    tensors[name] = ("I8", [rows, columns], struct.pack(f"<{len(codes)}b", *codes))
    if how == "bytes-alone":
        return
    if how == "bytes-nan":
        scales[-1] = float("nan")
    scales = scales[:-1] if how == "bytes-short" else scales
    kind, letter = ("F16", "e") if how == "bytes-f16" else ("F32", "f")
    tensors[name + "_scale"] = (kind, [len(scales)], struct.pack(f"<{len(scales)}{letter}", *scales))


def main():
    path, out, how, *name = sys.argv[1:]
    tensors = read(path)
    if how == "without":
        del tensors[name[0]]
    elif how == "extra":
        tensors[name[0]] = ("F16", [4, 8, 1, 1], bytes(64))
    elif how == "classes":
        for key in [key for key in tensors if key.startswith(("_fc.", "classifier."))]:
            dtype, shape, data = tensors[key]
            tensors[key] = (dtype, [7, *shape[1:]], data * 7)
    elif how in ("f32", "f64", "i32"):
        values = numbers(tensors[name[0]])
        kind = {"f32": "f", "f64": "d", "i32": "i"}[how]
        data = struct.pack(f"<{len(values)}{kind}", *(int(v) if how == "i32" else v for v in values))
        tensors[name[0]] = (how.upper(), tensors[name[0]][1], data)
    elif how.startswith("bytes"):
        in_bytes(tensors, name[0], how)
    write(out, tensors)
    if how == "cut":
        os.truncate(out, os.path.getsize(out) // 2)


if __name__ == "__main__":
    main()
