# SPDX-License-Identifier: MIT
# Writes tests/model/data/safetensors/types.safetensors with the safetensors package, and values.txt with what is in it,
# for tests/model/test_weights.c. See the README.md beside them.
import hashlib
import json
import struct
import sys

import torch
from safetensors.torch import save_file

directory = sys.argv[1]
torch.manual_seed(7)
tensors = {
    "f32": torch.randn(3, 5),
    "f16": torch.randn(2, 3, 4).to(torch.float16),
    "bf16": torch.randn(7).to(torch.bfloat16),
    "f64": torch.randn(2, dtype=torch.float64),
    "i64": torch.arange(9).reshape(1, 9) - 4,
    "u8": torch.arange(200, dtype=torch.uint8),
    "bool": torch.tensor([True, False, True]),
    "fp8": torch.randn(4).to(torch.float8_e4m3fn),
    "scalar": torch.tensor(4.6052),
    "empty": torch.zeros(0, 512),
    "large": torch.randn(64, 64),
    "na\u00efve name/\u9ce5": torch.ones(1),
}
path = directory + "/types.safetensors"
save_file(tensors, path, metadata={"format": "pt", "made by": "clipsearch tests"})

# the fingerprint, from its rule in src/model/weights.h and the file's bytes alone
raw = open(path, "rb").read()
length = struct.unpack("<Q", raw[:8])[0]
header = json.loads(raw[8:8 + length])
header.pop("__metadata__")
sha = hashlib.sha256()
for name in sorted(header, key=lambda n: n.encode()):
    entry = header[name]
    begin, end = entry["data_offsets"]
    data = raw[8 + length + begin:8 + length + end]
    sample = min(64, len(data))
    at = (len(data) - sample) // 2
    sha.update(name.encode() + b"\0" + entry["dtype"].encode() + b"\0")
    sha.update(",".join(map(str, entry["shape"])).encode() + b"\0" + data[at:at + sample])

with open(directory + "/values.txt", "w") as out:
    out.write("fingerprint\t%s\n" % sha.hexdigest())
    for name, entry in header.items():
        # name, stored type, shape with x between, then float values as bits of f32
        shape = "x".join(map(str, entry["shape"])) or "scalar"
        line = [name, entry["dtype"], shape]
        if entry["dtype"] in ("F32", "F16", "BF16"):
            flat = tensors[name].flatten().to(torch.float32)
            line += ["%08x" % struct.unpack("<I", struct.pack("<f", v))[0] for v in flat[:8].tolist()]
        out.write("\t".join(line) + "\n")
