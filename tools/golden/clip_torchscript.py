# SPDX-License-Identifier: MIT
# Writes a tiny random CLIP of OpenAI's own class as a TorchScript archive, as OpenAI publishes its models, and the same
# tensors as safetensors, for tests/encode/test_torch_model.c. See tests/data/weights/README.md.
#
#     python clip_torchscript.py DIRECTORY MERGES       MERGES: tests/data/clip-tiny/hf/merges.txt
import gzip
import os
import sys
import types

import packaging.version
import torch

# the clip package wants a module that newer setuptools no longer have
sys.modules.setdefault("pkg_resources", types.SimpleNamespace(packaging=packaging))
from clip.model import CLIP, convert_weights
from safetensors.torch import save_file

directory, merges = sys.argv[1:]
lines = open(merges, encoding="utf-8").read().strip().split("\n")[1:]
VOCABULARY = 512 + len(lines) + 2
torch.manual_seed(3)
# the smallest that OpenAI's build_model infers from shapes: heads are 64 wide, the MLP is four times as wide
model = CLIP(embed_dim=16, image_resolution=24, vision_layers=1, vision_width=64, vision_patch_size=8, context_length=16,
             vocab_size=VOCABULARY, transformer_width=64, transformer_heads=1, transformer_layers=1).eval()
with torch.no_grad():
    for name, p in model.named_parameters():  # few different values, so that the file packs well
        if p.dim():
            p.copy_((torch.randint(-2, 3, p.shape) / 32).to(p.dtype) + (1 if "ln_" in name and "weight" in name else 0))
# OpenAI's archives have these beside the parameters
for name in ("input_resolution", "context_length", "vocab_size"):
    value = {"input_resolution": 24, "context_length": 16, "vocab_size": VOCABULARY}[name]
    if hasattr(model, name):
        delattr(model, name)
    model.register_buffer(name, torch.tensor(value))
convert_weights(model)




image = torch.zeros(1, 3, 24, 24)
text = torch.zeros(1, 16, dtype=torch.long)
scripted = torch.jit.trace(model, (image, text), check_trace=False)
for made in (directory + "/script", directory + "/safetensors"):
    os.makedirs(made, exist_ok=True)
    with gzip.GzipFile(made + "/bpe_simple_vocab_16e6.txt.gz", "wb", mtime=0) as out:
        out.write(('"bpe_simple_vocab_16e6.txt#version: 0.2\n' + "\n".join(lines) + "\n").encode())
torch.jit.save(scripted, directory + "/script/ViT-tiny.pt")
save_file({name: value.contiguous() for name, value in model.state_dict().items()},
          directory + "/safetensors/ViT-tiny.safetensors")
