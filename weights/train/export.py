# SPDX-License-Identifier: MIT
"""Between the towers of towers.py and a model directory: Hugging Face's CLIP layout, whose image tower is an
EfficientNet-Lite under its published names; weights in f16, two great matrices in 8 bits with a scale for each row."""
import json
import os
import struct

import numpy as np
import torch

import bpe
import towers

PLAIN = {
    "visual_head.feature_mean": "image.feature_mean", "visual_head.classes.weight": "image.classes.weight",
    "visual_head.places.weight": "image.places.weight", "visual_head.positions": "image.positions",
    "visual_head.hidden.weight": "image.hidden.weight", "visual_head.hidden.bias": "image.hidden.bias",
    "visual_head.drawn.weight": "image.drawn.weight", "visual_head.drawn.bias": "image.drawn.bias",
    "text_model.embeddings.token_embedding.weight": "text.token_embedding.weight",
    "text_model.embeddings.position_embedding.weight": "text.positions",
    "text_model.final_layer_norm.weight": "text.final_layer_norm.weight",
    "text_model.final_layer_norm.bias": "text.final_layer_norm.bias",
    "text_projection.weight": "text.projection.weight",
}
BYTES = "text_model.embeddings.token_embedding.weight", "visual_head.classes.weight"
SCALE_ENDING = "_scale"
KINDS = {"F16": np.float16, "F32": np.float32, "I8": np.int8}
NETWORK = "image.network."
SCALE = 30  # between cosines and logits: with it the probabilities of labels are right as often as they say


def block_names():
    for layer in range(towers.TEXT_LAYERS):
        yield f"text_model.encoder.layers.{layer}.", f"text.blocks.{layer}."


def to_layout(state):
    tensors = {theirs: state[ours] for theirs, ours in PLAIN.items()}
    tensors |= {name[len(NETWORK):]: value for name, value in state.items() if name.startswith(NETWORK)}
    tensors["logit_scale"] = torch.tensor(SCALE).log()
    for theirs, ours in block_names():
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
    tensors = {name: value.float() for name, value in tensors.items()}
    state = {ours: tensors[theirs] for theirs, ours in PLAIN.items()}
    state |= {NETWORK + name: value for name, value in tensors.items() if name.startswith("_")}
    for theirs, ours in block_names():
        for part in ("weight", "bias"):
            for norm in ("layer_norm1.", "layer_norm2."):
                state[ours + norm + part] = tensors[theirs + norm + part]
            state[f"{ours}out_proj.{part}"] = tensors[f"{theirs}self_attn.out_proj.{part}"]
            state[f"{ours}qkv.{part}"] = torch.cat([tensors[f"{theirs}self_attn.{name}_proj.{part}"] for name in "qkv"])
            state[f"{ours}fc1.{part}"] = tensors[f"{theirs}mlp.fc1.{part}"] * 1.702
        state[f"{ours}fc2.weight"] = tensors[f"{theirs}mlp.fc2.weight"] / 1.702
        state[f"{ours}fc2.bias"] = tensors[f"{theirs}mlp.fc2.bias"]
    return state


def read_state(directory):
    """{name of towers.py: tensor}, f32, of a model directory that export.py wrote."""
    with open(f"{directory}/model.safetensors", "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        data = file.read()
    tensors = {}
    for name, entry in header.items():
        if name != "__metadata__":
            begin, end = entry["data_offsets"]
            values = np.frombuffer(data[begin:end], KINDS[entry["dtype"]]).reshape(entry["shape"])
            tensors[name] = torch.from_numpy(values.copy())
    for name in BYTES:
        if name + SCALE_ENDING in tensors:
            tensors[name] = tensors[name].float() * tensors.pop(name + SCALE_ENDING)[:, None]
    return from_layout(tensors)


def read(directory):
    """The towers and the tokenizer of a model directory that export.py wrote."""
    tokenizer = bpe.Tokenizer.read(directory, towers.CONTEXT)
    made = towers.Towers(len(tokenizer.ids))
    made.load_state_dict(read_state(directory))
    return made.eval(), tokenizer


def read_image_tower(directory):
    """The same of the image tower alone, whatever the text tower's sizes are."""
    image, own = towers.ImageTower(), "image."
    image.load_state_dict({name[len(own):]: value for name, value in read_state(directory).items() if name.startswith(own)})
    return image.eval()


def in_bytes(matrix):
    """Signed bytes, and the number that each row's count by."""
    scales = matrix.abs().amax(1).clamp(min=1e-12) / 127
    return (matrix / scales[:, None]).round().to(torch.int8), scales


def stored(tensors):
    """{name: array}: as the file has them."""
    arrays = {}
    for name, values in tensors.items():
        values = values.detach().cpu().float()
        if name in BYTES:
            codes, scales = in_bytes(values)
            arrays |= {name: codes.numpy(), name + SCALE_ENDING: scales.numpy()}
        else:
            arrays[name] = values.half().numpy()
    return arrays


def write_safetensors(path, tensors):
    header, offset, parts, arrays = {"__metadata__": {"format": "pt"}}, 0, [], stored(tensors)
    types = {np.dtype(kind): name for name, kind in KINDS.items()}
    for name, values in sorted(arrays.items(), key=lambda item: (-item[1].itemsize, item[0])):  # aligned by their size
        header[name] = {"dtype": types[values.dtype], "shape": list(values.shape),
                        "data_offsets": [offset, offset + values.nbytes]}
        offset += values.nbytes
        parts.append(values.tobytes())
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as out:
        out.write(struct.pack("<Q", len(text)) + text + b"".join(parts))


def config(pieces):
    return {
        "architectures": ["CLIPModel"], "model_type": "clip", "projection_dim": towers.DIMENSIONS,
        "vision_config": {"model_type": "efficientnet_lite", "image_size": towers.IMAGE},
        "text_config": {"model_type": "clip_text_model", "hidden_size": towers.WIDTH,
                        "intermediate_size": towers.MLP, "num_hidden_layers": towers.TEXT_LAYERS,
                        "num_attention_heads": towers.HEADS, "hidden_act": "quick_gelu", "layer_norm_eps": 1e-5,
                        "projection_dim": towers.DIMENSIONS, "max_position_embeddings": towers.CONTEXT,
                        "vocab_size": pieces, "bos_token_id": pieces - 2, "eos_token_id": pieces - 1},
    }


PREPROCESSING = {
    "do_resize": True, "size": {"shortest_edge": towers.IMAGE}, "resample": 3, "do_center_crop": True,
    "crop_size": {"height": towers.IMAGE, "width": towers.IMAGE}, "do_rescale": True, "do_normalize": True,
    "image_mean": [towers.MEAN] * 3, "image_std": [towers.DEVIATION] * 3, "do_convert_rgb": True,
}


def write(directory, state, merges):
    os.makedirs(directory, exist_ok=True)
    write_safetensors(f"{directory}/model.safetensors", to_layout(state))
    bpe.write(directory, merges)
    for name, content in (("config", config(len(bpe.vocabulary(merges)))), ("preprocessor_config", PREPROCESSING)):
        with open(f"{directory}/{name}.json", "w", encoding="utf-8") as out:
            json.dump(content, out, indent=1)
            out.write("\n")
