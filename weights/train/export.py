#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Between the towers of towers.py and a model directory in the Hugging Face CLIP layout, weights in f16.

Usage: export.py CHECKPOINT DIRECTORY
"""
import json
import os
import struct
import sys

import numpy as np
import torch

import bpe
import towers

TOWERS = (("vision_model", "image_blocks", towers.IMAGE_LAYERS), ("text_model", "text_blocks", towers.TEXT_LAYERS))
PLAIN = {
    "vision_model.embeddings.class_embedding": "class_embedding",
    "vision_model.embeddings.position_embedding.weight": "image_positions",
    "vision_model.pre_layrnorm.weight": "pre_layrnorm.weight", "vision_model.pre_layrnorm.bias": "pre_layrnorm.bias",
    "vision_model.post_layernorm.weight": "post_layernorm.weight",
    "vision_model.post_layernorm.bias": "post_layernorm.bias",
    "visual_projection.weight": "visual_projection.weight",
    "text_model.embeddings.token_embedding.weight": "token_embedding.weight",
    "text_model.embeddings.position_embedding.weight": "text_positions",
    "text_model.final_layer_norm.weight": "final_layer_norm.weight",
    "text_model.final_layer_norm.bias": "final_layer_norm.bias",
    "text_projection.weight": "text_projection.weight",
    "logit_scale": "logit_scale",
}


def to_layout(state):
    tensors = {theirs: state[ours] for theirs, ours in PLAIN.items()}
    patches = state["patch_embedding.weight"].view(towers.WIDTH, 3, towers.PATCH, towers.PATCH)
    tensors["vision_model.embeddings.patch_embedding.weight"] = patches
    for tower, blocks, layers in TOWERS:
        for layer in range(layers):
            theirs, ours = f"{tower}.encoder.layers.{layer}.", f"{blocks}.{layer}."
            for part in ("weight", "bias"):
                for norm in ("layer_norm1.", "layer_norm2."):
                    tensors[theirs + norm + part] = state[ours + norm + part]
                tensors[f"{theirs}self_attn.out_proj.{part}"] = state[f"{ours}out_proj.{part}"]
                for name, rows in zip("qkv", state[f"{ours}qkv.{part}"].chunk(3)):
                    tensors[f"{theirs}self_attn.{name}_proj.{part}"] = rows
                tensors[f"{theirs}mlp.fc1.{part}"] = state[f"{ours}fc1.{part}"] / 1.702
            tensors[f"{theirs}mlp.fc2.weight"] = state[f"{ours}fc2.weight"] * 1.702
            tensors[f"{theirs}mlp.fc2.bias"] = state[f"{ours}fc2.bias"]
    return tensors


def from_layout(tensors):
    state = {ours: tensors[theirs].float() for theirs, ours in PLAIN.items()}
    patches = tensors["vision_model.embeddings.patch_embedding.weight"]
    state["patch_embedding.weight"] = patches.float().reshape(towers.WIDTH, -1)
    for tower, blocks, layers in TOWERS:
        for layer in range(layers):
            theirs, ours = f"{tower}.encoder.layers.{layer}.", f"{blocks}.{layer}."
            for part in ("weight", "bias"):
                for norm in ("layer_norm1.", "layer_norm2."):
                    state[ours + norm + part] = tensors[theirs + norm + part].float()
                state[f"{ours}out_proj.{part}"] = tensors[f"{theirs}self_attn.out_proj.{part}"].float()
                state[f"{ours}qkv.{part}"] = torch.cat([tensors[f"{theirs}self_attn.{name}_proj.{part}"].float()
                                                        for name in "qkv"])
                state[f"{ours}fc1.{part}"] = tensors[f"{theirs}mlp.fc1.{part}"].float() * 1.702
            state[f"{ours}fc2.weight"] = tensors[f"{theirs}mlp.fc2.weight"].float() / 1.702
            state[f"{ours}fc2.bias"] = tensors[f"{theirs}mlp.fc2.bias"].float()
    return state


def read(directory):
    """The towers' state and the tokenizer of a model directory that export.py wrote."""
    with open(f"{directory}/model.safetensors", "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        data = file.read()
    tensors = {}
    for name, entry in header.items():
        if name != "__metadata__":
            begin, end = entry["data_offsets"]
            values = np.frombuffer(data[begin:end], np.float16).reshape(entry["shape"])
            tensors[name] = torch.from_numpy(values.copy())
    return from_layout(tensors), bpe.Tokenizer.read(directory, towers.CONTEXT)


def write_safetensors(path, tensors):
    header, offset, parts = {"__metadata__": {"format": "pt"}}, 0, []
    for name in sorted(tensors):
        values = tensors[name].detach().cpu().half().numpy()
        header[name] = {"dtype": "F16", "shape": list(values.shape), "data_offsets": [offset, offset + values.nbytes]}
        offset += values.nbytes
        parts.append(values.tobytes())
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as out:
        out.write(struct.pack("<Q", len(text)) + text + b"".join(parts))


def config(pieces):
    def tower(kind, layers):
        return {"model_type": f"clip_{kind}_model", "hidden_size": towers.WIDTH, "intermediate_size": 4 * towers.WIDTH,
                "num_hidden_layers": layers, "num_attention_heads": towers.HEADS, "hidden_act": "quick_gelu",
                "layer_norm_eps": 1e-5, "projection_dim": towers.DIMENSIONS}
    return {
        "architectures": ["CLIPModel"], "model_type": "clip", "projection_dim": towers.DIMENSIONS,
        "logit_scale_init_value": 2.6592,
        "vision_config": {**tower("vision", towers.IMAGE_LAYERS), "image_size": towers.IMAGE,
                          "patch_size": towers.PATCH, "num_channels": 3},
        "text_config": {**tower("text", towers.TEXT_LAYERS), "max_position_embeddings": towers.CONTEXT,
                        "vocab_size": pieces, "bos_token_id": pieces - 2, "eos_token_id": pieces - 1},
    }


PREPROCESSING = {
    "do_resize": True, "size": {"shortest_edge": towers.IMAGE}, "resample": 3, "do_center_crop": True,
    "crop_size": {"height": towers.IMAGE, "width": towers.IMAGE}, "do_rescale": True, "do_normalize": True,
    "image_mean": [.5, .5, .5], "image_std": [.5, .5, .5], "do_convert_rgb": True,
}


def write(directory, state, merges):
    os.makedirs(directory, exist_ok=True)
    write_safetensors(f"{directory}/model.safetensors", to_layout(state))
    bpe.write(directory, merges)
    for name, content in (("config", config(len(bpe.vocabulary(merges)))), ("preprocessor_config", PREPROCESSING)):
        with open(f"{directory}/{name}.json", "w", encoding="utf-8") as out:
            json.dump(content, out, indent=1)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    saved = torch.load(sys.argv[1], map_location="cpu", weights_only=True)
    write(sys.argv[2], saved["average"], [tuple(pair) for pair in saved["merges"]])
